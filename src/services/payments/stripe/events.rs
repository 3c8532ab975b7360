//! What a notice of Stripe's is about. It is a hint: of what it says only which of our records it concerns is used, and Stripe asked.

use serde::Deserialize;

use crate::services::payments::notices::About;

use super::objects::Metadata;

/// An Event, <https://docs.stripe.com/api/events/object>, as far as it is read.
#[derive(Debug, Deserialize)]
pub struct Event {
    pub id: String,
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(default)]
    pub livemode: bool,
    data: Data,
}

#[derive(Debug, Deserialize)]
struct Data {
    object: Object,
}

/// Whatever it is of.
#[derive(Debug, Deserialize)]
struct Object {
    id: Option<String>,
    #[serde(default)]
    metadata: Option<Metadata>,
    /// Of a charge, a refund, a dispute.
    payment_intent: Option<String>,
}

impl Event {
    /// `None`: nothing that concerns us.
    pub fn about(&self) -> Option<About> {
        let object = &self.data.object;
        let noted = |name: &str| object.metadata.as_ref().and_then(|metadata| metadata.get(name)).cloned();
        let kind = self.kind.as_str();
        if kind.starts_with("payment_intent.") {
            return noted("portico_payment").map(About::Payment);
        }
        if kind.starts_with("setup_intent.") || kind.starts_with("checkout.session.") {
            return noted("portico_setup").map(About::Setup);
        }
        if kind.starts_with("payment_method.") {
            return object.id.clone().map(About::Method);
        }
        if kind.starts_with("charge.dispute.") {
            return object.id.clone().map(About::Dispute);
        }
        if kind.starts_with("refund.") || kind.starts_with("charge.refund") {
            return object.payment_intent.clone().map(About::Refunds);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_names_the_record_it_is_about() {
        let about = |kind: &str, object: &str| {
            serde_json::from_str::<Event>(&format!(r#"{{"id":"evt_1","type":"{kind}","data":{{"object":{object}}}}}"#)).unwrap().about()
        };
        let ours = r#"{"id":"pi_1","metadata":{"portico_payment":"pay_1","portico_setup":"set_1"}}"#;
        assert_eq!(about("payment_intent.succeeded", ours), Some(About::Payment("pay_1".into())));
        assert_eq!(about("payment_intent.succeeded", r#"{"id":"pi_1","metadata":{}}"#), None, "somebody else’s payment of the same account");
        assert_eq!(about("setup_intent.succeeded", ours), Some(About::Setup("set_1".into())));
        assert_eq!(about("checkout.session.expired", ours), Some(About::Setup("set_1".into())));
        assert_eq!(about("payment_method.automatically_updated", r#"{"id":"pm_1"}"#), Some(About::Method("pm_1".into())));
        let of_charge = r#"{"id":"ch_1","payment_intent":"pi_1"}"#;
        assert_eq!(about("charge.refunded", of_charge), Some(About::Refunds("pi_1".into())));
        assert_eq!(about("charge.refund.updated", of_charge), Some(About::Refunds("pi_1".into())));
        assert_eq!(about("charge.dispute.created", r#"{"id":"dp_1","payment_intent":"pi_1"}"#), Some(About::Dispute("dp_1".into())));
        assert_eq!(about("charge.succeeded", of_charge), None);
        assert_eq!(about("invoice.paid", r#"{"lines":[]}"#), None);
    }
}

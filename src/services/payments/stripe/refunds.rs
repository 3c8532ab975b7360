//! Giving back: one refund of Stripe's for each of ours, looked for before it is made. Its first answer, which the idempotency key would
//! repeat, is not its last: a refund that was under way may have failed since.

use super::objects::{List, Refund as StripeRefund};
use super::wire::{Failure, Form};
use super::*;

impl Stripe {
    pub(super) async fn give_back(&self, request: RefundRequest) -> Result<Refund, GatewayError> {
        let currency = request.currency.as_str();
        let amount = amounts::to_stripe(request.amount_minor, currency)?;
        if let Some(made) = self.made(&request).await? {
            return Ok(refund_of(made));
        }
        let form = Form::new().with("payment_intent", &request.charge_reference).with("amount", amount).with("metadata[portico_refund]", &request.key);
        match self.wire.post::<StripeRefund>("/v1/refunds", &form, &request.key).await {
            Ok(made) => Ok(refund_of(made)),
            Err(Failure::Refused(_, error)) if is_final(error.code.as_deref(), error.message.as_deref()) => {
                Ok(Refund { reference: request.charge_reference, outcome: RefundOutcome::Refused })
            }
            Err(failure) => Err(failure.into()),
        }
    }

    /// The refund with our refund's id beside it. A charge has few.
    async fn made(&self, request: &RefundRequest) -> Result<Option<StripeRefund>, GatewayError> {
        let query = Form::new().with("payment_intent", &request.charge_reference).with("limit", 100);
        let page: List<StripeRefund> = self.wire.get("/v1/refunds", &query).await?;
        let is_ours = |refund: &StripeRefund| refund.metadata.as_ref().and_then(|metadata| metadata.get("portico_refund")) == Some(&request.key);
        Ok(page.data.into_iter().find(is_ours))
    }
}

pub(super) fn refund_of(made: StripeRefund) -> Refund {
    let outcome = match made.status.as_deref() {
        Some("succeeded") => RefundOutcome::Succeeded,
        Some("failed" | "canceled") => RefundOutcome::Refused,
        // `pending`, `requires_action`, or nothing said yet.
        _ => RefundOutcome::Pending,
    };
    Refund { reference: made.id, outcome }
}

/// Whether money can never go back this way. All else (an account without funds, a key without the right) may be put right, and is tried
/// again. Asking for more than is left has no code of its own: <https://docs.stripe.com/error-codes>.
fn is_final(code: Option<&str>, message: Option<&str>) -> bool {
    match code {
        Some("charge_already_refunded" | "charge_disputed" | "charge_not_refundable" | "payment_intent_unexpected_state") => true,
        Some(_) => false,
        None => message.is_some_and(|message| message.contains("greater than")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_never_go_back_is_refused_for_good() {
        assert!(is_final(Some("charge_already_refunded"), None));
        assert!(is_final(None, Some("Refund amount (€2.25) is greater than unrefunded amount on charge (€2.24)")));
        assert!(!is_final(Some("balance_insufficient"), Some("greater than")));
        assert!(!is_final(None, Some("The API key provided does not have the required permissions.")));
    }
}

//! Everything an account took and gave back since a moment, and what was disputed, page by page: what its books are compared with. What the vendor's account does
//! beside us is skipped.

use serde::de::DeserializeOwned;

use super::disputes::dispute_of;
use super::objects::{Dispute as StripeDispute, List, PaymentIntent, Refund as StripeRefund};
use super::refunds::refund_of;
use super::wire::{Failure, Form};
use super::*;

/// What the pages of a list go on by.
trait Named {
    fn id(&self) -> &str;
}

impl Named for PaymentIntent {
    fn id(&self) -> &str {
        &self.id
    }
}

impl Named for StripeRefund {
    fn id(&self) -> &str {
        &self.id
    }
}

impl Named for StripeDispute {
    fn id(&self) -> &str {
        &self.id
    }
}

impl Stripe {
    pub(super) async fn charges_since(&self, since_ms: i64) -> Result<Vec<ListedCharge>, GatewayError> {
        let mut listed = Vec::new();
        for intent in self.all::<PaymentIntent>("/v1/payment_intents", since_ms).await? {
            let Some(key) = intent.metadata.get("portico_payment").cloned() else { continue };
            listed.push(ListedCharge { key, charge: listed_charge(&intent)? });
        }
        Ok(listed)
    }

    pub(super) async fn refunds_since(&self, since_ms: i64) -> Result<Vec<ListedRefund>, GatewayError> {
        let mut listed = Vec::new();
        for made in self.all::<StripeRefund>("/v1/refunds", since_ms).await? {
            let (Some(charge_reference), Some(amount), Some(currency)) = (made.payment_intent.clone(), made.amount, &made.currency) else { continue };
            let currency = currency.to_uppercase();
            let amount_minor = amounts::from_stripe(amount, &currency)?;
            let key = made.metadata.as_ref().and_then(|metadata| metadata.get("portico_refund")).cloned();
            listed.push(ListedRefund { key, charge_reference, amount_minor, currency, refund: refund_of(made) });
        }
        Ok(listed)
    }

    pub(super) async fn disputes_since(&self, since_ms: i64) -> Result<Vec<ListedDispute>, GatewayError> {
        let mut listed = Vec::new();
        for made in self.all::<StripeDispute>("/v1/disputes", since_ms).await? {
            let reference = made.id.clone();
            listed.extend(dispute_of(made)?.map(|dispute| ListedDispute { reference, dispute }));
        }
        Ok(listed)
    }

    async fn all<T: DeserializeOwned + Named>(&self, path: &str, since_ms: i64) -> Result<Vec<T>, Failure> {
        let mut found: Vec<T> = Vec::new();
        loop {
            let mut query = Form::new().with("created[gte]", since_ms.div_euclid(1000)).with("limit", 100);
            if let Some(last) = found.last() {
                query = query.with("starting_after", last.id());
            }
            let page: List<T> = self.wire.get(path, &query).await?;
            let goes_on = page.has_more && !page.data.is_empty();
            found.extend(page.data);
            if !goes_on {
                return Ok(found);
            }
        }
    }
}

/// What an intent has come to by now. Nothing is done about one that waits.
fn listed_charge(intent: &PaymentIntent) -> Result<Charge, GatewayError> {
    let outcome = match intent.status.as_str() {
        "succeeded" => Outcome::Succeeded,
        "canceled" => Outcome::Declined(DeclineReason::Cancelled),
        "requires_payment_method" => Outcome::Declined(intent.last_payment_error.as_ref().map_or(DeclineReason::Generic, |error| error.reason())),
        _ => Outcome::Pending,
    };
    charges::charge_of(intent, outcome)
}

//! Disputes: what a customer's bank takes back, or asks about. They are argued in Stripe's dashboard.

use super::objects::Dispute as StripeDispute;
use super::wire::Form;
use super::*;

impl Stripe {
    pub(super) async fn find_dispute(&self, reference: &str) -> Result<Option<Dispute>, GatewayError> {
        match self.wire.get::<StripeDispute>(&format!("/v1/disputes/{reference}"), &Form::new()).await {
            Ok(dispute) => dispute_of(dispute),
            Err(failure) if failure.is_missing() => Ok(None),
            Err(failure) => Err(failure.into()),
        }
    }
}

/// `None`: of a charge that no PaymentIntent made, so none of ours.
pub(super) fn dispute_of(dispute: StripeDispute) -> Result<Option<Dispute>, GatewayError> {
    let Some(charge_reference) = dispute.payment_intent else { return Ok(None) };
    let currency = dispute.currency.to_uppercase();
    let amount_minor = amounts::from_stripe(dispute.amount, &currency)?;
    let state = state_of(&dispute.status);
    Ok(Some(Dispute { charge_reference, amount_minor, currency, reason: dispute.reason, standing: dispute.status, state }))
}

/// <https://docs.stripe.com/api/disputes/object#dispute_object-status>; of a word that is new, nothing is decided.
fn state_of(status: &str) -> DisputeState {
    match status {
        "warning_needs_response" | "warning_under_review" | "prevented" => DisputeState::Inquiry,
        "won" | "warning_closed" => DisputeState::Won,
        "lost" => DisputeState::Lost,
        _ => DisputeState::Open,
    }
}

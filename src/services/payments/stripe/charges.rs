//! Charging a kept method: one PaymentIntent a payment of ours, confirmed as it is made, and found again by what we wrote beside it.

use super::objects::{List, PaymentIntent, PaymentMethod, type_of};
use super::wire::{Failure, Form};
use super::*;

/// How a PaymentIntent's id begins. What was declined before there was one has another reference.
const INTENT: &str = "pi_";
/// What the clocks of two machines may differ by.
const SKEW_S: i64 = 300;

impl Stripe {
    pub(super) async fn take(&self, request: ChargeRequest) -> Result<Charge, GatewayError> {
        let amount = amounts::to_stripe(request.amount_minor, &request.currency)?;
        let customer = self.known_customer(&request.customer_id).await?;
        let customer = customer.ok_or_else(|| GatewayError::Refused(format!("{} is no customer at Stripe", request.customer_id)))?;
        let form = Form::new()
            .with("amount", amount)
            .with("currency", request.currency.to_lowercase())
            .with("customer", &customer)
            .with("payment_method", &request.method_token)
            .with("payment_method_types[]", type_of(request.kind))
            .with("confirm", true)
            .with("description", &request.description)
            .with("metadata[portico_payment]", &request.key);
        let form = match &request.presence {
            // An account's bank asks its holder nothing: the mandate says it all.
            _ if request.kind == MethodKind::SepaDebit => form.with("off_session", true),
            Presence::OffSession => form.with("off_session", true),
            // With an address to come back to, the bank's question is an address too, and needs no script.
            Presence::OnSession { return_url } => form.with("return_url", return_url),
        };
        let error = match self.wire.post::<PaymentIntent>("/v1/payment_intents", &form, &request.key).await {
            Ok(intent) => return self.settled(intent).await,
            Err(Failure::Refused(_, error)) => error,
            Err(failure) => return Err(failure.into()),
        };
        let refused = || GatewayError::Refused(error.message.clone().unwrap_or_else(|| error.kind.clone()));
        match error.kind.as_str() {
            "card_error" => {
                let declined = match error.payment_intent.as_deref() {
                    Some(intent) => Some(intent.clone()),
                    None => self.listed(&customer, &request.key, request.since_ms).await?,
                };
                let intent = declined.ok_or_else(refused)?;
                Ok(Charge { outcome: Outcome::Declined(error.reason()), ..charge_of(&intent, Outcome::Pending)? })
            }
            // This key has been used, for a charge that looks otherwise: with the customer there, or for another amount. It is that
            // charge that counts.
            "idempotency_error" => match self.listed(&customer, &request.key, request.since_ms).await? {
                Some(intent) if intent.amount == amount => self.settled(intent).await,
                Some(_) => Err(GatewayError::Refused("this key was used for another amount".into())),
                None => Err(GatewayError::NoAnswer("this key was used for a charge that is not there yet".into())),
            },
            _ if self.is_gone(&request.method_token, &customer).await? => Ok(Charge {
                // There is no PaymentIntent of it: the method is all of Stripe's that can be named.
                reference: request.method_token,
                amount_minor: request.amount_minor,
                currency: request.currency,
                outcome: Outcome::Declined(DeclineReason::MethodGone),
            }),
            _ => Err(refused()),
        }
    }

    /// Whether a method is not this customer's any more.
    async fn is_gone(&self, token: &str, customer: &str) -> Result<bool, GatewayError> {
        match self.wire.get::<PaymentMethod>(&format!("/v1/payment_methods/{token}"), &Form::new()).await {
            Ok(method) => Ok(method.customer.as_deref() != Some(customer)),
            Err(failure) if failure.is_missing() => Ok(true),
            Err(failure) => Err(failure.into()),
        }
    }

    pub(super) async fn find(&self, sought: Sought<'_>) -> Result<Option<Charge>, GatewayError> {
        match self.intent(sought).await? {
            Some(intent) => self.settled(intent).await.map(Some),
            None => Ok(None),
        }
    }

    async fn intent(&self, sought: Sought<'_>) -> Result<Option<PaymentIntent>, GatewayError> {
        if let Some(reference) = sought.reference.filter(|reference| reference.starts_with(INTENT)) {
            return Ok(Some(self.wire.get(&format!("/v1/payment_intents/{reference}"), &Form::new()).await?));
        }
        match self.known_customer(sought.customer_id).await? {
            Some(customer) => self.listed(&customer, sought.key, sought.since_ms).await,
            None => Ok(None),
        }
    }

    /// The PaymentIntent with our payment's id beside it, among the customer's own since then.
    async fn listed(&self, customer: &str, key: &str, since_ms: i64) -> Result<Option<PaymentIntent>, GatewayError> {
        let mut after: Option<String> = None;
        loop {
            let mut query = Form::new().with("customer", customer).with("created[gte]", since_ms.div_euclid(1000) - SKEW_S).with("limit", 100);
            if let Some(last) = &after {
                query = query.with("starting_after", last);
            }
            let page: List<PaymentIntent> = self.wire.get("/v1/payment_intents", &query).await?;
            after = page.data.last().map(|intent| intent.id.clone()).filter(|_| page.has_more);
            if let Some(found) = page.data.into_iter().find(|intent| intent.metadata.get("portico_payment").is_some_and(|id| id == key)) {
                return Ok(Some(found));
            }
            if after.is_none() {
                return Ok(None);
            }
        }
    }

    pub(super) async fn cancel(&self, sought: Sought<'_>) -> Result<Option<Charge>, GatewayError> {
        let Some(intent) = self.intent(sought).await? else { return Ok(None) };
        let path = format!("/v1/payment_intents/{}/cancel", intent.id);
        let intent = match self.wire.post::<PaymentIntent>(&path, &Form::new(), &format!("{}-cancel", sought.key)).await {
            Ok(cancelled) => cancelled,
            // Decided meanwhile: as what, it says itself.
            Err(Failure::Refused(..)) => self.wire.get(&format!("/v1/payment_intents/{}", intent.id), &Form::new()).await?,
            Err(failure) => return Err(failure.into()),
        };
        self.settled(intent).await.map(Some)
    }

    /// What a PaymentIntent has come to. A bank's question that nobody can be sent to answer is a no: it is withdrawn, so that it cannot
    /// become a yes later.
    async fn settled(&self, intent: PaymentIntent) -> Result<Charge, GatewayError> {
        let asked_at = intent.next_action.as_ref().and_then(|action| action.redirect_to_url.as_ref()).and_then(|to| to.url.clone());
        let outcome = match (intent.status.as_str(), asked_at) {
            ("succeeded", _) => Outcome::Succeeded,
            ("canceled", _) => Outcome::Declined(DeclineReason::Cancelled),
            ("requires_payment_method", _) => Outcome::Declined(intent.last_payment_error.as_ref().map_or(DeclineReason::Generic, |error| error.reason())),
            ("requires_action", Some(url)) => Outcome::NeedsAction { url },
            ("requires_action", None) => {
                let path = format!("/v1/payment_intents/{}/cancel", intent.id);
                let _cancelled: PaymentIntent = self.wire.post(&path, &Form::new(), &format!("{}-withdrawn", intent.id)).await?;
                Outcome::Declined(DeclineReason::AuthenticationRequired)
            }
            _ => Outcome::Pending,
        };
        charge_of(&intent, outcome)
    }
}

/// The charge an intent is. What came in is what counts, where it did.
pub(super) fn charge_of(intent: &PaymentIntent, outcome: Outcome) -> Result<Charge, GatewayError> {
    let currency = intent.currency.to_uppercase();
    let amount = intent.amount_received.filter(|_| outcome == Outcome::Succeeded).unwrap_or(intent.amount);
    Ok(Charge { reference: intent.id.clone(), amount_minor: amounts::from_stripe(amount, &currency)?, currency, outcome })
}

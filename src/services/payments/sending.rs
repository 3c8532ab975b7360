//! A payment on its way to its gateway, in three parts, so that many can go together: its row is claimed in a transaction, the gateway is
//! asked outside of any, and what it said is booked in another.

use std::sync::Arc;

use crate::sentence;
use crate::services::{Desk, Refusal};

use super::charges::{self, Customer, NewPayment, give_up, page_path, record};
use super::collect;
use super::gateway::{Charge, ChargeRequest, DeclineReason, Gateway, GatewayError, Presence};
use super::methods::{self, Method};
use super::read::{PATIENCE_MS, Payment, Pays, Status, returning, written};

/// A payment that is ours to send, and what is asked of its gateway.
pub struct Sending {
    payment: Payment,
    gateway: Arc<dyn Gateway>,
    /// The gateway that keeps the method.
    kept_by: String,
    request: ChargeRequest,
}

/// A payment that was sent, and what came of it.
pub struct Sent {
    payment: Payment,
    description: String,
    answer: Result<Charge, GatewayError>,
}

/// Phases one and two together: a payment that goes as soon as this transaction holds. `None`: its day has not come.
pub(super) async fn open(desk: &mut Desk, new: &NewPayment, method: Method, before: &[Payment], description: &str) -> Result<Option<Sending>, Refusal> {
    let payment = charges::open_claimed(desk, new, &method, before).await?;
    if payment.status != Status::Processing {
        return Ok(None);
    }
    made(desk, payment, method, new.who, description).await.map(Some)
}

/// Phase two, before the gateway is called with the payment's id as its key: its row says from now on that it may have been. `None`: it is
/// decided already, or given up, or its day has not come.
pub(super) async fn claim(desk: &mut Desk, payment_id: &str, who: Customer, description: &str) -> Result<Option<Sending>, Refusal> {
    let now = desk.now;
    let key = (desk.vendor.id.clone(), payment_id.to_owned(), now.wall_ms(), now.wall_ms() + PATIENCE_MS, now.billing_ms());
    let claimed = written(
        desk,
        returning!(
            "UPDATE payments SET status = 'processing', attempts = attempts + 1, wait_until = NULL, updated_at = $3, ask_at = CASE WHEN ask_at < $4 THEN $4 ELSE ask_at END
             WHERE vendor_id = $1 AND id = $2 AND (status = 'processing' OR (status = 'created' AND (wait_until IS NULL OR wait_until <= $5)))"
        ),
        key,
    );
    let Some(payment) = claimed.await? else { return Ok(None) };
    let method = methods::find_ever(desk, &payment.customer_id, &payment.method_id).await?;
    made(desk, payment, method, who, description).await.map(Some)
}

/// What is sent of a claimed payment.
async fn made(desk: &mut Desk, payment: Payment, method: Method, who: Customer, description: &str) -> Result<Sending, Refusal> {
    let app = desk.app.clone();
    let gateway = app.gateways.of(&mut desk.tx, &desk.vendor).await?;
    if gateway.name() != payment.gateway {
        return Err(Refusal::Rule(sentence!("refusal-other-gateway", gateway = payment.gateway)));
    }
    let presence = match who {
        Customer::Present => Presence::OnSession { return_url: format!("{}{}", app.config.public_url, page_path(&payment.id)) },
        Customer::Absent => Presence::OffSession,
    };
    let request = ChargeRequest {
        key: payment.id.clone(),
        customer_id: payment.customer_id.clone(),
        kind: method.means.kind(),
        method_token: method.token,
        amount_minor: payment.amount_minor,
        currency: payment.currency.clone(),
        presence,
        description: description.to_owned(),
        since_ms: payment.created_at,
        now: desk.now,
    };
    Ok(Sending { payment, gateway, kept_by: method.gateway, request })
}

impl Sending {
    /// Asks the gateway. No transaction is open meanwhile.
    pub async fn send(self) -> Sent {
        let description = self.request.description.clone();
        // A method that another gateway keeps means nothing to this one.
        let answer = if self.kept_by == self.gateway.name() {
            self.gateway.charge(self.request).await
        } else {
            Err(GatewayError::Refused(format!("{} keeps this method", self.kept_by)))
        };
        Sent { payment: self.payment, description, answer }
    }
}

impl Sent {
    pub(super) fn payment(&self) -> &Payment {
        &self.payment
    }

    /// The invoice it was to pay.
    pub fn invoice_id(&self) -> Option<&str> {
        match &self.payment.pays {
            Pays::Invoice(id) => Some(id),
            Pays::Quote(_) | Pays::Purchase(_) => None,
        }
    }

    pub(super) fn description(&self) -> &str {
        &self.description
    }
}

/// Phase three: what the gateway said goes into the books. Where it said nothing the payment stays processing.
pub(super) async fn book(desk: &mut Desk, sent: &Sent) -> Result<Payment, Refusal> {
    let payment_id = &sent.payment.id;
    match &sent.answer {
        Ok(charge) => record(desk, payment_id, charge).await,
        Err(error @ GatewayError::NoAnswer(_)) => {
            tracing::warn!(%error, payment = payment_id, "no answer to a charge: it will be asked for");
            Ok(sent.payment.clone())
        }
        Err(error) => {
            tracing::error!(%error, payment = payment_id, "a charge was refused as it stands");
            let payment = give_up(desk, payment_id).await?;
            collect::carry_on(desk, &payment, DeclineReason::ProcessingError).await?;
            Ok(payment)
        }
    }
}

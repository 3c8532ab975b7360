//! The payment's state machine. A row is written and committed before the gateway is called; every answer, whenever it comes and
//! however often, goes through [`record`].
//!
//! ```text
//! created ─ send ─▶ processing ─┬▶ succeeded
//!                      ▲        ├▶ declined
//!                      │        └▶ needs_action ─ the customer answers ─▶ succeeded | declined
//!                      └ no answer: ask again, same key                    cancelled: nothing was charged and nothing will be
//! ```
//!
//! Succeeded wins from every state: where money moved, nothing else is true. What a payment settles belongs to `invoices`, `quotes`
//! and `purchases`, what follows a decline to [`collect`] and the latter two.

use serde_json::json;

use crate::platform::db::Many;
use crate::sentence;
use crate::services::{Desk, Refusal, customers, invoices, purchases, quotes};

use super::collect;
use super::debits;
use super::errand::{Errand, unanswered};
use super::gateway::{Charge, DeclineReason, Outcome};
use super::methods::{self, Method};
use super::read::{self, Payment, Pays, Status, load, returning, written};

/// What to charge.
#[derive(Clone, Debug)]
pub struct NewPayment {
    pub customer_id: String,
    pub pays: Pays,
    /// `None`: the default method, or the first backup that can pay the currency.
    pub method_id: Option<String>,
    /// Who orders it: a debit is announced first where the customer is not there to be shown.
    pub who: Customer,
    /// As in [`Payment`].
    pub round: Option<i64>,
    pub amount_minor: i64,
    pub currency: String,
}

/// Phase one: the payment's row, in the caller's transaction. Refused while another payment for the same thing is under way, so that
/// however many come together, one goes on.
pub async fn open(desk: &mut Desk, new: &NewPayment) -> Result<Payment, Refusal> {
    customers::hold(desk, &new.customer_id).await?;
    let on_file = methods::list(desk, &new.customer_id).await?;
    let method = match &new.method_id {
        Some(id) => on_file.into_iter().find(|method| method.id == *id).ok_or(Refusal::NotFound)?,
        None => match first_of(&on_file, new) {
            Some(first) => first.clone(),
            None if matches!(new.pays, Pays::Quote(_)) && methods::charged_first(&on_file, &new.currency).is_some() => {
                return Err(Refusal::Rule(sentence!("refusal-method-takes-days")));
            }
            None if on_file.is_empty() => return Err(Refusal::Rule(sentence!("refusal-no-method"))),
            None => return Err(Refusal::Rule(sentence!("refusal-no-method-for-currency", currency = &new.currency))),
        },
    };
    if !method.can_pay(&new.currency) {
        return Err(Refusal::Rule(sentence!("refusal-method-currency", currency = &new.currency)));
    }
    if !method.means.kind().pays_at_once() && matches!(new.pays, Pays::Quote(_)) {
        return Err(Refusal::Rule(sentence!("refusal-method-takes-days")));
    }
    let before = read::of(desk, &new.pays).await?;
    open_with(desk, new, &method, &before).await
}

/// The same with the method, under the customer's lock, after the payments `before` of the same.
pub(super) async fn open_with(desk: &mut Desk, new: &NewPayment, method: &Method, before: &[Payment]) -> Result<Payment, Refusal> {
    make(desk, new, method, before, Status::Created).await
}

/// The same of one that is sent as soon as this transaction holds: claimed with its making, unless it waits for its day.
pub(super) async fn open_claimed(desk: &mut Desk, new: &NewPayment, method: &Method, before: &[Payment]) -> Result<Payment, Refusal> {
    make(desk, new, method, before, Status::Processing).await
}

async fn make(desk: &mut Desk, new: &NewPayment, method: &Method, before: &[Payment], status: Status) -> Result<Payment, Refusal> {
    // An invoice is asked what is due of it; the others are paid once.
    let is_paid_once = !matches!(new.pays, Pays::Invoice(_));
    if before.iter().any(|other| other.status.is_under_way() || (is_paid_once && other.status == Status::Succeeded)) {
        return Err(already());
    }
    let wait_until = debits::sent_at(desk, method, new.who).await?;
    let status = if wait_until.is_some() { Status::Created } else { status };
    let app = desk.app.clone();
    let gateway = app.gateways.of(&mut desk.tx, &desk.vendor).await?;
    let payment = Payment {
        id: desk.new_id("pay"),
        customer_id: new.customer_id.clone(),
        pays: new.pays.clone(),
        method_id: method.id.clone(),
        round: new.round,
        amount_minor: new.amount_minor,
        currency: new.currency.clone(),
        gateway: gateway.name().to_owned(),
        reference: None,
        instead: None,
        attempts: i64::from(status == Status::Processing),
        status,
        wait_until,
        paid_at: None,
        created_at: desk.now.wall_ms(),
        updated_at: desk.now.wall_ms(),
    };
    // The customer is locked: nobody else counts meanwhile.
    let position = i64::try_from(before.len()).map_err(Refusal::damaged)?.saturating_add(1);
    read::insert(desk, &payment, position).await?;
    debits::announce(desk, &payment, method).await?;
    Ok(payment)
}

/// What is charged where nothing was chosen. A change waits for its payment: what takes days can't pay it.
fn first_of<'a>(on_file: &'a [Method], new: &NewPayment) -> Option<&'a Method> {
    match &new.pays {
        Pays::Quote(_) => methods::charged_at_once(on_file, &new.currency),
        Pays::Invoice(_) | Pays::Purchase(_) => methods::charged_first(on_file, &new.currency),
    }
}

fn already() -> Refusal {
    Refusal::Conflict(sentence!("refusal-payment-under-way"))
}

/// Whether the customer is there to answer their bank.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Customer {
    Present,
    Absent,
}

/// The portal's page of a payment, where the customer's bank sends them back to.
pub fn page_path(payment_id: &str) -> String {
    format!("/payments/{payment_id}")
}

/// Phase three on a desk of its own.
async fn settle(errand: &Errand, payment_id: &str, charge: &Charge) -> Result<Payment, Refusal> {
    let mut desk = errand.writes().await?;
    let payment = record(&mut desk, payment_id, charge).await?;
    desk.commit().await?;
    Ok(payment)
}

/// A payment, read under its customer's lock: it is as it is until this desk changes it.
async fn held(desk: &mut Desk, payment_id: &str) -> Result<Payment, Refusal> {
    let payment = load(desk, payment_id).await?;
    if desk.holds(&payment.customer_id) {
        return Ok(payment);
    }
    customers::lock(desk, &payment.customer_id).await?;
    load(desk, payment_id).await
}

static SUCCEEDED: Many = Many {
    before: "UPDATE payments SET status = 'succeeded', decline_reason = NULL, action_url = NULL, instead_minor = NULL, instead_currency = NULL, reference = v.column3,
                paid_at = v.column4, updated_at = v.column5 FROM (VALUES",
    columns: 5,
    after: ") AS v WHERE payments.vendor_id = v.column1 AND payments.id = v.column2 AND payments.status <> 'succeeded'",
    of_each: true,
};

/// Phase three: what the gateway says goes into the books. Told again, or in another order, it comes to the same.
pub async fn record(desk: &mut Desk, payment_id: &str, charge: &Charge) -> Result<Payment, Refusal> {
    let before = held(desk, payment_id).await?;
    let is_as_asked = charge.amount_minor == before.amount_minor && charge.currency == before.currency;
    // Of what was declined nothing was charged, however much it was of.
    if !is_as_asked && !matches!(charge.outcome, Outcome::Declined(_)) {
        return note_instead(desk, &before, charge).await;
    }
    let key = (desk.vendor.id.clone(), payment_id.to_owned());
    let (wall_ms, billing_ms) = (desk.now.wall_ms(), desk.now.billing_ms());
    let reference = charge.reference.clone();
    let moved = match &charge.outcome {
        Outcome::Succeeded if before.status == Status::Succeeded => None,
        Outcome::Succeeded => {
            desk.tx.put(&SUCCEEDED, (key.0, key.1, reference.clone(), billing_ms, wall_ms)).await?;
            Some(Payment {
                status: Status::Succeeded,
                instead: None,
                reference: Some(reference),
                paid_at: Some(billing_ms),
                updated_at: wall_ms,
                ..before.clone()
            })
        }
        Outcome::Declined(reason) => {
            let moves = returning!(
                "UPDATE payments SET status = 'declined', decline_reason = $3, action_url = NULL, instead_minor = NULL, instead_currency = NULL, reference = $4, updated_at = $5
                 WHERE vendor_id = $1 AND id = $2 AND status IN ('created', 'processing', 'needs_action')"
            );
            written(desk, moves, (key.0, key.1, reason.name(), reference, wall_ms)).await?
        }
        Outcome::NeedsAction { url } => {
            let moves = returning!(
                "UPDATE payments SET status = 'needs_action', action_url = $3, reference = $4, updated_at = $5 WHERE vendor_id = $1 AND id = $2 AND status IN ('created', 'processing')"
            );
            written(desk, moves, (key.0, key.1, url.clone(), reference, wall_ms)).await?
        }
        Outcome::Pending => {
            let decided_by = debits::decided_by(desk, &before).await?;
            desk.tx
                .run(
                    "UPDATE payments SET reference = $3, wait_until = COALESCE(wait_until, $4), updated_at = $5
                     WHERE vendor_id = $1 AND id = $2 AND status IN ('created', 'processing', 'needs_action')",
                    (key.0, key.1, reference, decided_by, wall_ms),
                )
                .await?;
            None
        }
    };
    let Some(payment) = moved else { return load(desk, payment_id).await };
    let data = json!({ "amount_minor": payment.amount_minor, "currency": payment.currency, "method_id": payment.method_id });
    match (&payment.status, &payment.pays) {
        (Status::Succeeded, pays) => {
            desk.record("payment.succeeded", Some(&payment.customer_id), payment_id, data).await?;
            if payment.round.is_none() {
                methods::note_accepted(desk, &payment.method_id).await?;
            }
            match pays {
                Pays::Invoice(invoice_id) => invoices::record_payment(desk, invoice_id, payment_id, payment.amount_minor).await?,
                // In this very transaction the change is made that it pays for: both or neither. On the heap: few payments pay one.
                Pays::Quote(quote_id) => Box::pin(quotes::note_paid(desk, quote_id, &payment)).await?,
                Pays::Purchase(purchase_id) => Box::pin(purchases::note_paid(desk, purchase_id, &payment)).await?,
            }
        }
        (Status::Declined(reason), pays) => {
            let mut data = data;
            data["reason"] = json!(reason.name());
            desk.record("payment.declined", Some(&payment.customer_id), payment_id, data).await?;
            match pays {
                Pays::Invoice(_) => Box::pin(collect::carry_on(desk, &payment, *reason)).await?,
                Pays::Quote(quote_id) => quotes::note_unpaid(desk, quote_id, &payment).await?,
                Pays::Purchase(purchase_id) => purchases::note_unpaid(desk, purchase_id, *reason).await?,
            }
        }
        _ => desk.record("payment.needs_action", Some(&payment.customer_id), payment_id, data).await?,
    }
    Ok(payment)
}

/// The gateway says it charged, or is about to charge, something else than it was asked for. Nothing of it is booked and nothing else is charged
/// for the same while that stands: reconciliation names it, and gives the payment up once the money went back there.
async fn note_instead(desk: &mut Desk, before: &Payment, charge: &Charge) -> Result<Payment, Refusal> {
    let noted = written(
        desk,
        returning!(
            "UPDATE payments SET instead_minor = $3, instead_currency = $4, reference = $5, updated_at = $6
             WHERE vendor_id = $1 AND id = $2 AND status IN ('created', 'processing', 'needs_action')
                AND (instead_minor IS NULL OR instead_minor <> $3 OR instead_currency <> $4)"
        ),
        (desk.vendor.id.clone(), before.id.clone(), charge.amount_minor, charge.currency.clone(), charge.reference.clone(), desk.now.wall_ms()),
    );
    let Some(payment) = noted.await? else { return load(desk, &before.id).await };
    let Charge { amount_minor, currency, .. } = charge;
    tracing::error!(
        payment = payment.id,
        asked_minor = payment.amount_minor,
        asked = payment.currency,
        amount_minor,
        currency,
        "the gateway charged what nobody asked for"
    );
    let data = json!({ "amount_minor": payment.amount_minor, "currency": payment.currency, "instead_minor": amount_minor, "instead_currency": currency });
    desk.record("payment.charged_otherwise", Some(&payment.customer_id), &payment.id, data).await?;
    Ok(payment)
}

/// Nothing was charged and nothing will be.
pub(super) async fn give_up(desk: &mut Desk, payment_id: &str) -> Result<Payment, Refusal> {
    let before = load(desk, payment_id).await?;
    customers::hold(desk, &before.customer_id).await?;
    let moved = desk
        .tx
        .run(
            "UPDATE payments SET status = 'cancelled', action_url = NULL, updated_at = $3 WHERE vendor_id = $1 AND id = $2 AND status IN ('created', 'processing', 'needs_action')",
            (desk.vendor.id.clone(), payment_id.to_owned(), desk.now.wall_ms()),
        )
        .await?;
    let payment = load(desk, payment_id).await?;
    if moved > 0 {
        desk.record("payment.cancelled", Some(&payment.customer_id), payment_id, json!({ "amount_minor": payment.amount_minor, "currency": payment.currency }))
            .await?;
    }
    match &payment.pays {
        Pays::Quote(quote_id) if moved > 0 => quotes::note_unpaid(desk, quote_id, &payment).await?,
        Pays::Purchase(purchase_id) if moved > 0 => purchases::note_unpaid(desk, purchase_id, DeclineReason::ProcessingError).await?,
        _ => {}
    }
    Ok(payment)
}

/// Asks the gateway what became of a payment that is under way, and records it. Safe to ask at any time and as often as one likes.
pub async fn ask(errand: &Errand, payment: &Payment) -> Result<Payment, Refusal> {
    if !payment.status.is_under_way() {
        return Ok(payment.clone());
    }
    learn(errand, payment).await
}

/// The same whatever is known already: money may have moved since it was given up for lost.
pub(super) async fn learn(errand: &Errand, payment: &Payment) -> Result<Payment, Refusal> {
    let gateway = errand.gateway_of(&payment.gateway).await?;
    match gateway.find_charge(payment.sought()).await {
        Ok(Some(charge)) => settle(errand, &payment.id, &charge).await,
        Ok(None) => Ok(payment.clone()),
        Err(error) => Err(unanswered(&error, sentence!("refusal-payment-unanswered"))),
    }
}

/// The customer does not want to answer their bank: the charge is given up at the gateway, and what that came to is recorded.
pub async fn cancel(errand: &Errand, payment: &Payment) -> Result<Payment, Refusal> {
    let gateway = errand.gateway_of(&payment.gateway).await?;
    match gateway.cancel_charge(payment.sought()).await {
        Ok(Some(charge)) => settle(errand, &payment.id, &charge).await,
        Ok(None) => Ok(payment.clone()),
        Err(error) => Err(unanswered(&error, sentence!("refusal-stop-unanswered"))),
    }
}

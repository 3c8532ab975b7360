//! Confirming a quote: reserve, pay, apply. The gateway is called between two transactions; meanwhile nothing else may touch the
//! subscription. The second of them, which learns that the money came, is the one that does the action: both or neither.

use billing::invoice::DocumentKind;
use billing::subscription::Cycle;
use chrono::{SubsecRound, TimeDelta};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::FromRow;

use super::seal::{self, Pins};
use super::{Preview, fingerprint, price_on, shown, versions};
use crate::sentence;
use crate::services::balance::{self, Source};
use crate::services::invoices::{self, Issued};
use crate::services::payments::{self, Errand, NewPayment, Payment, Pays};
use crate::services::subscriptions::{self, Look, Planned, Reading, Subscription, catch_up, hold, hold_usage, is_behind, release, write_planned};
use crate::services::{Desk, Refusal, catalog, customers, ledger as books};

/// How long a subscription is kept for a payment under way: as long as its price.
const HELD_FOR: TimeDelta = super::HELD_FOR;

/// What confirming came to.
#[derive(Clone, Debug)]
pub enum Confirmed {
    Done(Done),
    /// The bank asks the customer something, at this address; the change is done when they have answered.
    NeedsAction {
        payment_id: String,
        url: String,
    },
    /// The payment is under way at the bank; the change is done when it has arrived.
    UnderWay {
        payment_id: String,
    },
    /// Nothing was charged and nothing changed. One of the gateway seam's reasons.
    Declined {
        payment_id: String,
        reason: String,
    },
    /// Nothing was charged and nothing changed: the price is another now.
    Changed {
        differences: Vec<Difference>,
        preview: Box<Preview>,
    },
}

/// What was done. Kept, and told again to whoever confirms again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Done {
    pub documents: Vec<DoneDocument>,
    /// What a payment paid.
    pub paid_minor: i64,
    pub currency: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DoneDocument {
    pub id: String,
    pub number: String,
    pub kind: DocumentKind,
    pub total_minor: i64,
}

/// Why a held price no longer holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Difference {
    /// It was held for a quarter of an hour.
    Expired,
    /// The period it was priced in has ended.
    PeriodEnded,
    /// Somebody changed the subscription.
    Subscription,
    /// Billing details or the balance changed.
    Customer,
    /// The vendor changed the plan.
    Plan,
    /// A price, a tax or a discount changed.
    Price,
}

#[derive(FromRow)]
struct QuoteRow {
    pins: String,
    status: String,
    result: Option<String>,
}

/// Does what a quote promises, at the price it promises. Twice is once.
pub async fn confirm(errand: &Errand, customer_id: &str, quote: &str) -> Result<Confirmed, Refusal> {
    let mut desk = errand.writes().await?;
    let pins = seal::open(&desk, quote)?;
    if pins.customer_id != customer_id {
        return Err(Refusal::NotFound);
    }
    let mut customer = customers::lock(&mut desk, customer_id).await?;
    if let Some(row) = find(&mut desk, &pins.id).await? {
        match row.status.as_str() {
            "done" => return done(&row),
            "paying" => return under_way(errand, desk, &pins).await,
            // Declined before: the same price may be paid by another card while it holds.
            _ => {}
        }
    }
    let now = desk.now;
    if is_behind(&mut desk, customer_id, pins.at).await? {
        catch_up(&mut desk, customer_id, pins.at).await?;
        customer = customers::load(&mut desk, customer_id).await?;
    }
    let subscription = subscriptions::load_of(&mut desk, customer_id, &pins.subscription_id).await?;
    let mut differences = Vec::new();
    if now.wall_ms() > pins.expires_at {
        differences.push(Difference::Expired);
    }
    if boundary(&subscription).is_some_and(|end| end <= now.billing) {
        differences.push(Difference::PeriodEnded);
    }
    if subscription.version != pins.versions.subscription {
        differences.push(Difference::Subscription);
    }
    if differences.is_empty() {
        hold_usage(&mut desk, &customer, std::slice::from_ref(&subscription)).await?;
        let planned = as_pinned(&mut desk, &customer, &subscription, &pins).await?;
        if fingerprint(&planned)? == pins.fingerprint {
            // On the heap: paying is most of this future, and few confirmations come this far at once.
            return Box::pin(go_on(errand, desk, &pins, subscription, planned)).await;
        }
        let seen = versions(&mut desk, &planned, &subscription).await?;
        if seen.customer != pins.versions.customer {
            differences.push(Difference::Customer);
        }
        if seen.plan != pins.versions.plan {
            differences.push(Difference::Plan);
        }
        if differences.is_empty() {
            differences.push(Difference::Price);
        }
    }
    // Shown anew as of now, on a transaction that is dropped.
    desk.now = now;
    let at = now.billing.trunc_subsecs(0);
    catch_up(&mut desk, customer_id, at).await?;
    let subscription = subscriptions::load_of(&mut desk, customer_id, &pins.subscription_id).await?;
    let priced = price_on(&mut desk, subscription, &pins.action, at).await?;
    let preview = shown(&mut desk, priced).await?;
    Ok(Confirmed::Changed { differences, preview: Box::new(preview) })
}

/// The end of the period (or trial) a price may not outlive.
fn boundary(s: &Subscription) -> Option<billing::calendar::Instant> {
    match s.state {
        billing::state::State::Trialing => s.trial_end_at,
        billing::state::State::Scheduled => Some(s.starts_at),
        billing::state::State::Active | billing::state::State::PastDue => s.cycle.as_ref().map(Cycle::next_end),
        billing::state::State::Paused | billing::state::State::Cancelled => None,
    }
}

/// The action, as it was when it was shown.
pub(super) async fn as_pinned(desk: &mut Desk, customer: &customers::Customer, subscription: &Subscription, pins: &Pins) -> Result<Planned, Refusal> {
    let reading = Reading::Pinned(pins.counted.clone());
    let now = desk.now;
    desk.at_billing(pins.at.timestamp_millis());
    let planned = subscriptions::plan(desk, customer, subscription, &pins.action, pins.at, &reading, &Look::Pinned(pins.late.clone())).await;
    if planned.is_err() {
        desk.now = now;
    }
    planned
}

/// The price holds: it is done at once where nothing is to be paid, else reserved and paid.
async fn go_on(errand: &Errand, mut desk: Desk, pins: &Pins, subscription: Subscription, planned: Planned) -> Result<Confirmed, Refusal> {
    let currency = subscription.currency.code().to_owned();
    let due_minor = planned.due_minor();
    if due_minor == 0 || !pins.action.is_paid_first() {
        let issued = write_planned(&mut desk, planned).await?;
        let done = Done { documents: documents(&issued), paid_minor: 0, currency };
        keep(&mut desk, pins, "done", Some(&done)).await?;
        desk.commit().await?;
        return Ok(Confirmed::Done(done));
    }
    // Taken from now on: whoever would be one too many hears it before they pay.
    catalog::reserve(&mut desk, &pins.id, &planned.step.redeems).await?;
    drop(planned);
    keep(&mut desk, pins, "paying", None).await?;
    let until_ms = (desk.now.wall + HELD_FOR).timestamp_millis();
    hold(&mut desk, &subscription, &pins.id, until_ms).await?;
    let new = NewPayment {
        customer_id: pins.customer_id.clone(),
        pays: Pays::Quote(pins.id.clone()),
        method_id: None,
        who: payments::Customer::Present,
        round: None,
        amount_minor: due_minor,
        currency,
    };
    let payment = payments::open(&mut desk, &new).await?;
    desk.commit().await?;
    let payment = Box::pin(payments::send(errand, &payment.id, payments::Customer::Present, subscription.plan_name())).await?;
    came_to(errand, pins, payment).await
}

/// What a payment that was sent came to for the quote it pays.
async fn came_to(errand: &Errand, pins: &Pins, payment: Payment) -> Result<Confirmed, Refusal> {
    match payment.status {
        payments::Status::NeedsAction { url } => Ok(Confirmed::NeedsAction { payment_id: payment.id, url }),
        payments::Status::Declined(reason) => Ok(Confirmed::Declined { payment_id: payment.id, reason: reason.name().to_owned() }),
        payments::Status::Created | payments::Status::Processing => Ok(Confirmed::UnderWay { payment_id: payment.id }),
        payments::Status::Cancelled => Err(Refusal::Rule(sentence!("refusal-quote-not-paid"))),
        payments::Status::Succeeded => {
            let mut desk = errand.reads().await?;
            let row = find(&mut desk, &pins.id).await?.ok_or_else(|| Refusal::damaged("a paid quote has a row"))?;
            done(&row)
        }
    }
}

async fn under_way(errand: &Errand, mut desk: Desk, pins: &Pins) -> Result<Confirmed, Refusal> {
    let payment =
        payments::of(&mut desk, &Pays::Quote(pins.id.clone())).await?.into_iter().next().ok_or_else(|| Refusal::damaged("a quote being paid has a payment"))?;
    drop(desk);
    came_to(errand, pins, payment).await
}

fn done(row: &QuoteRow) -> Result<Confirmed, Refusal> {
    let result = row.result.as_deref().ok_or_else(|| Refusal::damaged("a done quote has a result"))?;
    Ok(Confirmed::Done(serde_json::from_str(result).map_err(Refusal::damaged)?))
}

fn documents(issued: &[Issued]) -> Vec<DoneDocument> {
    let document = |issued: &Issued| DoneDocument {
        id: issued.id.clone(),
        number: issued.number.clone(),
        kind: issued.document.kind,
        total_minor: issued.document.total_minor,
    };
    issued.iter().map(document).collect()
}

/// The money of a quote came: in the transaction that says so, what it paid for is done. Where that is no longer possible (it was held
/// as long as promised, and something else happened since; or another payment did it, after this one was thought to have failed), the money
/// goes into the balance and the customer is told.
pub async fn note_paid(desk: &mut Desk, quote_id: &str, payment: &Payment) -> Result<(), Refusal> {
    let row = find(desk, quote_id).await?.ok_or(Refusal::NotFound)?;
    let pins: Pins = serde_json::from_str(&row.pins).map_err(Refusal::damaged)?;
    if row.status == "done" {
        return into_balance(desk, &pins, payment).await;
    }
    let customer = customers::lock(desk, &pins.customer_id).await?;
    release(desk, &pins.subscription_id, quote_id).await?;
    catalog::give_back(desk, quote_id).await?;
    let subscription = subscriptions::load_of(desk, &pins.customer_id, &pins.subscription_id).await?;
    let now = desk.now;
    if subscription.version == pins.versions.subscription && !subscription.is_held(now.wall_ms()) {
        hold_usage(desk, &customer, std::slice::from_ref(&subscription)).await?;
        let planned = as_pinned(desk, &customer, &subscription, &pins).await;
        if let Ok(planned) = planned
            && planned.due_minor() == payment.amount_minor
        {
            let issued = write_planned(desk, planned).await?;
            for invoice in issued.iter().filter(|issued| issued.due_minor > 0) {
                invoices::record_payment(desk, &invoice.id, &payment.id, payment.amount_minor).await?;
            }
            desk.now = now;
            let done = Done { documents: documents(&issued), paid_minor: payment.amount_minor, currency: payment.currency.clone() };
            return keep(desk, &pins, "done", Some(&done)).await;
        }
    }
    desk.now = now;
    into_balance(desk, &pins, payment).await?;
    keep(desk, &pins, "declined", None).await
}

/// Money that came for a quote and can no longer pay it.
async fn into_balance(desk: &mut Desk, pins: &Pins, payment: &Payment) -> Result<(), Refusal> {
    balance::put(desk, &pins.customer_id, &payment.currency, payment.amount_minor, Source::Overpayment, Some(&payment.id), "").await?;
    books::post(desk, &pins.customer_id, &payment.currency, &payment.id, &billing::ledger::balance_topped_up(payment.amount_minor)?).await?;
    desk.record(
        "quote.paid_too_late",
        Some(&pins.customer_id),
        &pins.subscription_id,
        json!({ "amount_minor": payment.amount_minor, "currency": payment.currency }),
    )
    .await
}

/// The money of a quote will not come: nothing was changed, and the subscription is free again.
pub async fn note_unpaid(desk: &mut Desk, quote_id: &str, payment: &Payment) -> Result<(), Refusal> {
    let Some(row) = find(desk, quote_id).await? else { return Ok(()) };
    let pins: Pins = serde_json::from_str(&row.pins).map_err(Refusal::damaged)?;
    if row.status == "done" || payment.customer_id != pins.customer_id {
        return Ok(());
    }
    release(desk, &pins.subscription_id, quote_id).await?;
    catalog::give_back(desk, quote_id).await?;
    keep(desk, &pins, "declined", None).await
}

async fn find(desk: &mut Desk, quote_id: &str) -> Result<Option<QuoteRow>, Refusal> {
    Ok(desk.tx.opt("SELECT pins, status, result FROM quotes WHERE vendor_id = $1 AND id = $2", (desk.vendor.id.clone(), quote_id.to_owned())).await?)
}

async fn keep(desk: &mut Desk, pins: &Pins, status: &'static str, result: Option<&Done>) -> Result<(), Refusal> {
    let (text, wall_ms) = (serde_json::to_string(pins).map_err(Refusal::damaged)?, desk.now.wall_ms());
    let result = result.map(serde_json::to_string).transpose().map_err(Refusal::damaged)?;
    let finished = (status != "paying").then_some(wall_ms);
    desk.tx
        .run(
            "INSERT INTO quotes (vendor_id, id, customer_id, subscription_id, pins, status, result, created_at, finished_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
             ON CONFLICT (vendor_id, id) DO UPDATE SET status = excluded.status, result = excluded.result, finished_at = excluded.finished_at",
            (desk.vendor.id.clone(), pins.id.clone(), pins.customer_id.clone(), pins.subscription_id.clone(), text, status, result, wall_ms, finished),
        )
        .await?;
    Ok(())
}

//! Quotes: a price held for a customer. A preview works an action out, forgets it, and seals what it saw; confirming takes only that
//! seal, works the same action out again as of the same second, and charges exactly it or says what has changed since.
//!
//! What deliberately does not live here: what the action is (`subscriptions`) and how the money is taken (`payments`).

mod confirm;
mod seal;

pub use confirm::{Confirmed, Difference, Done, DoneDocument, confirm, note_paid, note_unpaid};
pub use seal::Pins;

use billing::calendar::Instant;
use chrono::{SubsecRound, TimeDelta};
use sha2::{Digest, Sha256};

use crate::platform::clock::from_ms;
use crate::sentence;
use crate::services::customers;
use crate::services::invoices::Priced;
use crate::services::payments::Errand;
use crate::services::subscriptions::{self, Action, Counted, Look, Planned, Reading, Redeemed, Subscription, Upcoming, catch_up, is_behind, upcoming_after};
use crate::services::{Desk, Refusal, catalog};
use seal::Versions;

/// How long a price is held, by the clock on the wall.
pub const HELD_FOR: TimeDelta = TimeDelta::minutes(15);

/// What an action would come to.
#[derive(Clone, Debug)]
pub struct Preview {
    /// To be given back to [`confirm`]: signed, good once, until `expires_at`.
    pub quote: String,
    /// Wall time.
    pub expires_at: Instant,
    /// The second it is priced at, which is also the second it will be done at.
    pub at: Instant,
    /// When it takes effect: now, or the period's end.
    pub effective_at: Instant,
    /// The document it makes now; none: nothing is invoiced now.
    pub priced: Option<Priced>,
    /// Lines that wait for the next invoice instead.
    pub waiting: Vec<billing::invoice::Line>,
    /// What is paid now.
    pub due_minor: i64,
    /// The invoice after this, as far as it is known.
    pub next_invoice: Option<Upcoming>,
    /// Coupons that come with it, those of today aside.
    pub redeems: Vec<Redeemed>,
    pub before: Subscription,
    pub after: Subscription,
}

/// Prices an action. Nothing is written.
pub async fn preview(errand: &Errand, customer_id: &str, subscription_id: &str, action: &Action) -> Result<Preview, Refusal> {
    let mut desk = errand.reads().await?;
    let subscription = subscriptions::load_of(&mut desk, customer_id, subscription_id).await?;
    preview_of(errand, desk, subscription, action).await
}

/// The same of a subscription that a desk has read, whoever's it is.
pub async fn preview_of(errand: &Errand, desk: Desk, subscription: Subscription, action: &Action) -> Result<Preview, Refusal> {
    let (mut desk, priced) = price(errand, desk, subscription, action).await?;
    shown(&mut desk, priced).await
}

/// An action that was priced, and the price sealed.
struct Sealed {
    before: Subscription,
    planned: Planned,
    pins: Pins,
    quote: String,
}

/// Prices an action, on a desk on which everything due has been done: the one given, or another that is dropped.
async fn price(errand: &Errand, mut desk: Desk, subscription: Subscription, action: &Action) -> Result<(Desk, Sealed), Refusal> {
    let at = desk.now.billing.trunc_subsecs(0);
    if !is_behind(&mut desk, &subscription.customer_id, at).await? {
        let sealed = price_on(&mut desk, subscription, action, at).await?;
        return Ok((desk, sealed));
    }
    // What is due before must be seen as done; on a transaction that is dropped.
    drop(desk);
    let mut desk = errand.writes().await?;
    customers::lock(&mut desk, &subscription.customer_id).await?;
    let at = desk.now.billing.trunc_subsecs(0);
    catch_up(&mut desk, &subscription.customer_id, at).await?;
    let subscription = subscriptions::load(&mut desk, &subscription.id).await?;
    let sealed = price_on(&mut desk, subscription, action, at).await?;
    Ok((desk, sealed))
}

/// Prices an action on a desk on which everything due has been done.
async fn price_on(desk: &mut Desk, subscription: Subscription, action: &Action, at: Instant) -> Result<Sealed, Refusal> {
    let customer = customers::load(desk, &subscription.customer_id).await?;
    let counted = Counted::of(desk, &subscription, at).await?;
    let reading = Reading::Pinned(counted.clone());
    let planned = subscriptions::plan(desk, &customer, &subscription, action, at, &reading, &Look::ToShow).await?;
    let expires_at = (desk.now.wall + HELD_FOR).trunc_subsecs(0);
    let bill = planned.bill();
    let pins = Pins {
        id: desk.new_id("quo"),
        vendor_id: desk.vendor.id.clone(),
        customer_id: customer.id.clone(),
        subscription_id: subscription.id.clone(),
        action: action.clone(),
        at,
        expires_at: expires_at.timestamp_millis(),
        versions: versions(desk, &planned, &subscription).await?,
        counted,
        late: planned.bills.late_counted(),
        total_minor: bill.map_or(0, |bill| bill.priced.document.total_minor),
        due_minor: planned.due_minor(),
        fingerprint: fingerprint(&planned)?,
    };
    let quote = seal::seal(desk, &pins)?;
    Ok(Sealed { before: subscription, planned, pins, quote })
}

/// The same preview again, for a form that comes back: the price and its time go on as they were held.
pub async fn reopen(errand: &Errand, customer_id: &str, quote: &str) -> Result<Preview, Refusal> {
    let mut desk = errand.reads().await?;
    let pins = seal::open(&desk, quote)?;
    if pins.customer_id != customer_id {
        return Err(Refusal::NotFound);
    }
    let customer = customers::load(&mut desk, customer_id).await?;
    let subscription = subscriptions::load_of(&mut desk, customer_id, &pins.subscription_id).await?;
    let planned = confirm::as_pinned(&mut desk, &customer, &subscription, &pins).await?;
    if desk.now.wall_ms() > pins.expires_at || fingerprint(&planned)? != pins.fingerprint {
        return Err(Refusal::Rule(sentence!("refusal-quote-gone")));
    }
    shown(&mut desk, Sealed { before: subscription, planned, pins, quote: quote.to_owned() }).await
}

/// A priced action as pages show it.
async fn shown(desk: &mut Desk, sealed: Sealed) -> Result<Preview, Refusal> {
    let Sealed { before, planned, pins, quote } = sealed;
    let had = subscriptions::discounts_on(desk, &before).await?;
    let will_have = planned.step.subscription.scheduled.as_ref().and_then(|scheduled| scheduled.discounts.as_ref()).unwrap_or(&planned.step.discounts);
    let redeems = will_have.iter().filter(|redeemed| !had.iter().any(|had| had.id == redeemed.id)).cloned().collect();
    let next_invoice = upcoming_after(desk, &planned, pins.at).await?;
    let bill = planned.bill();
    Ok(Preview {
        quote,
        expires_at: from_ms(pins.expires_at),
        at: pins.at,
        effective_at: planned.step.subscription.scheduled.as_ref().map_or(pins.at, |scheduled| scheduled.at),
        priced: bill.map(|bill| bill.priced.clone()),
        waiting: planned.step.waiting.iter().map(|(draft, _)| draft.line.clone()).collect(),
        due_minor: if pins.action.is_paid_first() { planned.due_minor() } else { 0 },
        next_invoice,
        redeems,
        before,
        after: planned.step.subscription,
    })
}

/// The versions of what a price was made of.
async fn versions(desk: &mut Desk, planned: &Planned, before: &Subscription) -> Result<Versions, Refusal> {
    let plan =
        catalog::plan(desk, &planned.step.subscription.scheduled.as_ref().map_or(&planned.step.subscription.plan_id, |scheduled| &scheduled.plan_id).clone())
            .await?;
    Ok(Versions { subscription: before.version, customer: planned.customer.version, plan: plan.version })
}

/// A hash of everything the customer was shown: lines, discounts, tax, totals, what the balance pays, and what waits.
fn fingerprint(planned: &Planned) -> Result<String, Refusal> {
    let mut hash = Sha256::new();
    let mut add = |value: serde_json::Result<String>| value.map(|text| hash.update(text.as_bytes())).map_err(Refusal::damaged);
    if let Some(bill) = planned.bill() {
        add(serde_json::to_string(&bill.priced.document))?;
        add(serde_json::to_string(&(bill.priced.balance_minor, bill.priced.due_minor)))?;
    }
    for (draft, _) in &planned.step.waiting {
        add(serde_json::to_string(&draft.line))?;
    }
    // Their ids are new each time.
    for redeemed in &planned.step.discounts {
        add(serde_json::to_string(&(&redeemed.coupon, &redeemed.promotion_code_id)))?;
    }
    add(serde_json::to_string(&planned.step.subscription.terms))?;
    add(serde_json::to_string(&planned.step.subscription.scheduled.as_ref().map(|scheduled| (&scheduled.terms, scheduled.at))))?;
    Ok(hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect())
}

//! Usage invoiced before its period's end, because it has come to what the vendor states for the plan: noted with the usage that reaches it
//! ([`note_usage_due`]), invoiced by the worker in its turn among everything else that is due.
//!
//! Owed now = what usage costs so far − what was invoiced of it: the engine says it ([`so_far`]), and remembers it on the open part, so that
//! the period's end bills the rest.

use billing::calendar::Instant;
use billing::invoice::Reason;
use billing::money::sum;
use billing::state::State;
use billing::subscription::{BilledLine, Product, so_far};
use chrono::TimeDelta;
use sqlx::FromRow;

use super::discounts;
use super::record::{Subscription, load};
use super::step::{Step, basis, drafts, used};
use crate::platform::clock::from_ms;
use crate::platform::db::Many;
use crate::sentence;
use crate::services::{Desk, Refusal};

#[derive(FromRow)]
struct ThresholdRow {
    id: String,
    amount_minor: i64,
}

/// Usage of a customer was recorded or taken back: where what is not invoiced of it has reached a plan's threshold, the worker is to invoice
/// it; where it has not, or no longer, it is not. Who calls it holds the customer's usage lock. Where no plan has a threshold it is one statement.
pub async fn note_usage_due(desk: &mut Desk, customer_id: &str) -> Result<(), Refusal> {
    let rows: Vec<ThresholdRow> = desk
        .tx
        .all(
            "SELECT s.id, t.amount_minor FROM subscriptions s
             JOIN invoice_thresholds t ON t.vendor_id = s.vendor_id AND t.plan_id = s.plan_id AND t.currency = s.currency
             WHERE s.vendor_id = $1 AND s.customer_id = $2 AND s.status IN ('active', 'past_due') ORDER BY s.id",
            (desk.vendor.id.clone(), customer_id.to_owned()),
        )
        .await?;
    for ThresholdRow { id, amount_minor } in rows {
        if not_invoiced(desk, &id).await? >= amount_minor {
            // Where it waits for the worker already, what came in since is invoiced with it.
            desk.tx
                .run(
                    "INSERT INTO usage_due (vendor_id, subscription_id, customer_id, due_at) VALUES ($1, $2, $3, $4)
                     ON CONFLICT (vendor_id, subscription_id) DO UPDATE SET due_at = excluded.due_at",
                    (desk.vendor.id.clone(), id, customer_id.to_owned(), desk.now.billing_ms()),
                )
                .await?;
        } else {
            let own = (desk.vendor.id.clone(), id);
            desk.tx.run("DELETE FROM usage_due WHERE vendor_id = $1 AND subscription_id = $2", own).await?;
        }
    }
    Ok(())
}

/// Usage that says no time happens as it is recorded, and reaches a threshold then, not with whatever comes next.
fn just_after(at: Instant) -> Instant {
    at + TimeDelta::milliseconds(1)
}

/// What usage of a subscription's running period would be invoiced now, before discounts and tax. At the period's end it is invoiced anyway.
async fn not_invoiced(desk: &mut Desk, subscription_id: &str) -> Result<i64, Refusal> {
    let (subscription, now) = (load(desk, subscription_id).await?, desk.now.billing);
    let Some(cycle) = subscription.cycle.clone().filter(|cycle| cycle.period().contains(now)) else { return Ok(0) };
    let used = used(desk, &subscription.customer_id, &cycle.open, just_after(now)).await?;
    let basis = basis(desk, &subscription, &[], []).await?;
    let lines = so_far(&basis, &cycle, now, &used)?;
    Ok(sum(lines.iter().map(|line| line.amount_minor)).map_err(billing::Error::from)?)
}

/// Adds to a step what usage of its running period is to be invoiced by an instant.
pub(super) async fn bill_so_far(desk: &mut Desk, step: &mut Step, at: Instant) -> Result<(), Refusal> {
    let s = &step.subscription;
    let Some(mut cycle) = s.cycle.clone().filter(|cycle| cycle.period().contains(at)) else { return Ok(()) };
    let used = used(desk, &s.customer_id, &cycle.open, just_after(at)).await?;
    let basis = basis(desk, s, &[], []).await?;
    let lines = drafts(desk, so_far(&basis, &cycle, at, &used)?, &[], &cycle.open);
    if lines.is_empty() {
        return Ok(());
    }
    for draft in &lines {
        let is_of = |part: &&mut billing::subscription::OpenPart| {
            Product::of(&draft.line).as_ref() == Some(&part.product) && draft.line.price.as_deref() == Some(&part.price.key)
        };
        let part = cycle.open.iter_mut().find(is_of).ok_or_else(|| Refusal::damaged("a usage line of no meter that runs"))?;
        part.invoiced.push(BilledLine { line: draft.id.clone(), stands_minor: draft.line.amount_minor });
    }
    step.subscription.cycle = Some(cycle);
    step.lines.extend(lines);
    step.is_so_far = step.reason.is_none();
    step.reason.get_or_insert(Reason::Threshold);
    Ok(())
}

/// The same because the vendor says so, whatever it has come to.
pub(super) async fn plan_on_demand(desk: &mut Desk, subscription: &Subscription, at: Instant) -> Result<Step, Refusal> {
    let discounts = discounts::load(desk, &subscription.id).await?;
    let mut step = Step::new(subscription.clone(), discounts);
    if matches!(subscription.state, State::Active | State::PastDue) {
        bill_so_far(desk, &mut step, at).await?;
    }
    if step.lines.is_empty() {
        return Err(Refusal::Rule(sentence!("refusal-no-usage-to-invoice")));
    }
    step.reason = Some(Reason::Manual);
    Ok(step)
}

/// The question of [`due_of`], for what is read ahead: of a customer, subscriptions and since when.
pub(super) const USAGE_DUE: &str = "usage due";

/// The subscriptions of a customer whose usage is to be invoiced, and since when.
pub(super) async fn due_of(desk: &mut Desk, customer_id: &str) -> Result<Vec<(String, Instant)>, Refusal> {
    if let Some(due) = desk.recall(USAGE_DUE, customer_id) {
        return Ok(due);
    }
    let rows: Vec<(String, i64)> = desk
        .tx
        .all("SELECT subscription_id, due_at FROM usage_due WHERE vendor_id = $1 AND customer_id = $2", (desk.vendor.id.clone(), customer_id.to_owned()))
        .await?;
    Ok(rows.into_iter().map(|(subscription_id, at)| (subscription_id, from_ms(at))).collect())
}

static DUE_OF_CUSTOMERS: Many = Many {
    before: "SELECT d.customer_id, d.subscription_id, d.due_at FROM (VALUES",
    columns: 2,
    after: ") AS v CROSS JOIN usage_due d WHERE d.vendor_id = v.column1 AND d.customer_id = v.column2",
    of_each: false,
};

/// The same of several customers: customer, subscription, since when.
pub(super) async fn due_of_customers(desk: &mut Desk, customer_ids: &[String]) -> Result<Vec<(String, String, Instant)>, Refusal> {
    let rows = desk.each(customer_ids);
    let rows: Vec<(String, String, i64)> = desk.tx.all_of(&DUE_OF_CUSTOMERS, rows).await?;
    Ok(rows.into_iter().map(|(customer, subscription, at)| (customer, subscription, from_ms(at))).collect())
}

/// A subscription's usage has been invoiced up to an instant.
pub(super) async fn note_invoiced(desk: &mut Desk, subscription_id: &str, at: Instant) -> Result<(), Refusal> {
    desk.tx
        .run(
            "DELETE FROM usage_due WHERE vendor_id = $1 AND subscription_id = $2 AND due_at <= $3",
            (desk.vendor.id.clone(), subscription_id.to_owned(), at.timestamp_millis()),
        )
        .await?;
    Ok(())
}

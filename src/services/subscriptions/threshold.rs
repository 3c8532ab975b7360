//! Usage invoiced before its period's end, because it has come to what the vendor states for the plan: noted with the usage that reaches it
//! ([`note_usage_due`]), invoiced by the worker in its turn among everything else that is due.
//!
//! What a credit note takes of such an invoice is forgiven: it was invoiced, so the period's end does not ask for it again, and it counts
//! towards no threshold. (Else the next call would bring back what the vendor has just credited.)
//!
//! Owed now = what usage costs so far − what was invoiced of it: the engine says it ([`so_far`]), and remembers it on the open part, so that
//! the period's end bills the rest.

use billing::calendar::Instant;
use billing::invoice::{Line, Reason};
use billing::money::sum;
use billing::state::State;
use billing::subscription::{BilledLine, Product, so_far};
use chrono::TimeDelta;
use sqlx::FromRow;

use super::discounts;
use super::glance::GLANCE;
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

/// Usage of a customer was recorded or taken back, or some of it invoiced: where what is not invoiced of it has reached a plan's threshold, it
/// is due from now. What is due already stays so from when it was, however much comes in until the worker's turn, and is looked at then
/// ([`bill_due`]). Who calls it holds the customer's usage lock. Where no plan has a threshold, or all is due, it is one statement.
pub async fn note_usage_due(desk: &mut Desk, customer_id: &str) -> Result<(), Refusal> {
    desk.ask_again(GLANCE, customer_id);
    let rows: Vec<ThresholdRow> = desk
        .tx
        .all(
            "SELECT s.id, t.amount_minor FROM subscriptions s
             JOIN invoice_thresholds t ON t.vendor_id = s.vendor_id AND t.plan_id = s.plan_id AND t.currency = s.currency
             WHERE s.vendor_id = $1 AND s.customer_id = $2 AND s.status IN ('active', 'past_due')
                AND NOT EXISTS (SELECT 1 FROM usage_due d WHERE d.vendor_id = s.vendor_id AND d.subscription_id = s.id) ORDER BY s.id",
            (desk.vendor.id.clone(), customer_id.to_owned()),
        )
        .await?;
    for ThresholdRow { id, amount_minor } in rows {
        let subscription = load(desk, &id).await?;
        if sum_of(&not_invoiced(desk, &subscription, desk.now.billing).await?)? >= amount_minor {
            desk.tx
                .run(
                    "INSERT INTO usage_due (vendor_id, subscription_id, customer_id, due_at) VALUES ($1, $2, $3, $4)
                     ON CONFLICT (vendor_id, subscription_id) DO NOTHING",
                    (desk.vendor.id.clone(), id, customer_id.to_owned(), desk.now.billing_ms()),
                )
                .await?;
        }
    }
    Ok(())
}

/// Usage that says no time happens as it is recorded, and reaches a threshold then, not with whatever comes next.
fn just_after(at: Instant) -> Instant {
    at + TimeDelta::milliseconds(1)
}

/// What usage of a subscription's running period would be invoiced at an instant of it. At the period's end it is invoiced anyway.
async fn not_invoiced(desk: &mut Desk, s: &Subscription, at: Instant) -> Result<Vec<Line>, Refusal> {
    let Some(cycle) = s.cycle.as_ref().filter(|cycle| cycle.period().contains(at)) else { return Ok(Vec::new()) };
    let used = used(desk, &s.customer_id, cycle.metered(), just_after(at)).await?;
    let basis = basis(desk, s, &[], []).await?;
    Ok(so_far(&basis, cycle, at, &used)?)
}

/// Before discounts and tax.
fn sum_of(lines: &[Line]) -> Result<i64, Refusal> {
    Ok(sum(lines.iter().map(|line| line.amount_minor)).map_err(billing::Error::from)?)
}

/// Adds to a step what usage of its running period is due: all of it, where it still comes to the plan's threshold. Some may have been taken
/// back since.
pub(super) async fn bill_due(desk: &mut Desk, step: &mut Step, at: Instant) -> Result<(), Refusal> {
    let threshold: Option<(i64,)> = desk
        .tx
        .opt(
            "SELECT t.amount_minor FROM subscriptions s JOIN invoice_thresholds t ON t.vendor_id = s.vendor_id AND t.plan_id = s.plan_id AND t.currency = s.currency
             WHERE s.vendor_id = $1 AND s.id = $2",
            (desk.vendor.id.clone(), step.subscription.id.clone()),
        )
        .await?;
    let lines = not_invoiced(desk, &step.subscription, at).await?;
    match threshold {
        Some((amount_minor,)) if sum_of(&lines)? >= amount_minor => invoice_early(desk, step, lines),
        _ => Ok(()),
    }
}

/// Adds to a step what its usage is invoiced before its period's end, and remembers it on the open parts.
fn invoice_early(desk: &Desk, step: &mut Step, lines: Vec<Line>) -> Result<(), Refusal> {
    let Some(mut cycle) = step.subscription.cycle.clone().filter(|_| !lines.is_empty()) else { return Ok(()) };
    let lines = drafts(desk, lines, &[], Some(&cycle));
    for draft in &lines {
        let is_of = |part: &&mut billing::subscription::OpenPart| {
            Product::of(&draft.line).as_ref() == Some(&part.product) && draft.line.price.as_deref() == Some(&part.price.key)
        };
        let open = cycle.beside.iter_mut().flat_map(|cycle| &mut cycle.open);
        let part = cycle.open.iter_mut().chain(open).find(is_of).ok_or_else(|| Refusal::damaged("a usage line of no meter that runs"))?;
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
    let discounts = discounts::on(desk, subscription).await?;
    let mut step = Step::new(subscription.clone(), discounts);
    if matches!(subscription.state, State::Active | State::PastDue) {
        let lines = not_invoiced(desk, subscription, at).await?;
        invoice_early(desk, &mut step, lines)?;
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

/// What was due of a subscription's usage has been looked at. What came in after the moment it was due may have reached the threshold again:
/// `desk` stands at the present.
pub(super) async fn note_looked_at(desk: &mut Desk, customer_id: &str, subscription_ids: &[String]) -> Result<(), Refusal> {
    for id in subscription_ids {
        desk.tx.run("DELETE FROM usage_due WHERE vendor_id = $1 AND subscription_id = $2", (desk.vendor.id.clone(), id.clone())).await?;
    }
    if subscription_ids.is_empty() { Ok(()) } else { note_usage_due(desk, customer_id).await }
}

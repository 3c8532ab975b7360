//! Acting on a subscription: worked out, then written. And the same for what is due by itself.

use std::collections::HashSet;

use billing::calendar::{Instant, Period};
use billing::subscription::Cycle;
use chrono::SecondsFormat;
use serde::{Deserialize, Serialize};

use super::bill::{self, Bills};
use super::cancel::{self, CancelRequest};
use super::change::{self, ChangeRequest};
use super::discounts;
use super::due;
use super::foresee::{Foreseen, foresee};
use super::glance::{Charges, Glance};
use super::late::{self, Look};
use super::pause::{self, PauseRequest};
use super::reactivate;
use super::record::{self, Subscription};
use super::step::{Reading, Step};
use super::threshold;
use crate::platform::clock::from_ms;
use crate::sentence;
use crate::services::customers::{self, Customer};
use crate::services::invoices::Issued;
use crate::services::{Desk, Refusal, balance};

/// What can be done to a subscription.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Action {
    Change(ChangeRequest),
    /// Forgets a change planned for the period's end.
    UndoChange,
    Cancel(CancelRequest),
    Pause(PauseRequest),
    Resume,
    Reactivate,
    /// Invoices what usage of the running period has come to so far; the period's end bills the rest.
    InvoiceUsage,
}

impl Action {
    /// Whether it happens only once it is paid. Nobody is kept from leaving by a declined card.
    pub fn is_paid_first(&self) -> bool {
        match self {
            Action::Change(_) | Action::Resume | Action::Reactivate => true,
            Action::UndoChange | Action::Cancel(_) | Action::Pause(_) | Action::InvoiceUsage => false,
        }
    }
}

/// An action worked out and not yet written.
#[derive(Clone, Debug)]
pub struct Planned {
    pub customer: Customer,
    pub step: Step,
    pub bills: Bills,
}

impl Planned {
    /// The one document it makes, if any: a subscription has one currency.
    pub fn bill(&self) -> Option<&bill::Bill> {
        self.bills.bills.iter().find(|bill| bill.draft.currency == self.step.subscription.currency)
    }

    /// What must be paid for it.
    pub fn due_minor(&self) -> i64 {
        self.bill().map_or(0, |bill| bill.priced.due_minor)
    }
}

/// Works an action out as of an instant. Everything due before must have been done.
pub async fn plan(
    desk: &mut Desk,
    customer: &Customer,
    subscription: &Subscription,
    action: &Action,
    at: Instant,
    reading: &Reading,
    look: &Look,
) -> Result<Planned, Refusal> {
    if subscription.is_held(desk.now.wall_ms()) {
        return Err(Refusal::Conflict(sentence!("refusal-subscription-being-paid")));
    }
    let mut step = match action {
        Action::Change(request) => change::plan(desk, subscription, request, at, reading).await?,
        Action::UndoChange => {
            let discounts = discounts::on(desk, subscription).await?;
            change::plan_undo(subscription, discounts)?
        }
        Action::Cancel(request) => cancel::plan(desk, subscription, request, at, reading).await?,
        Action::Pause(request) => pause::plan(desk, subscription, request, at, reading).await?,
        Action::Resume => pause::plan_resume(desk, subscription, at).await?,
        Action::Reactivate => reactivate::plan(desk, subscription, at).await?,
        Action::InvoiceUsage => threshold::plan_on_demand(desk, subscription, at).await?,
    };
    step.subscription.held_by = None;
    step.subscription.held_until_at = None;
    let bills = bill::bills(desk, customer, at, std::slice::from_ref(&step), look).await?;
    Ok(Planned { customer: customer.clone(), step, bills })
}

/// Writes what was worked out.
pub(crate) async fn write_planned(desk: &mut Desk, planned: Planned) -> Result<Vec<Issued>, Refusal> {
    bill::write(desk, &planned.customer, vec![planned.step], planned.bills).await
}

/// Does an action at once, its invoice (if it makes one) left open. For what is not paid first, and for the vendor's own hand.
pub async fn act(desk: &mut Desk, customer_id: &str, subscription_id: &str, action: &Action) -> Result<Vec<Issued>, Refusal> {
    let customer = customers::lock(desk, customer_id).await?;
    let now = desk.now.billing;
    let mut issued = catch_up(desk, customer_id, now).await?;
    let subscription = record::load_of(desk, customer_id, subscription_id).await?;
    late::hold_usage(desk, &customer, std::slice::from_ref(&subscription)).await?;
    match plan(desk, &customer, &subscription, action, now, &Reading::Fresh, &Look::ToWrite).await {
        Ok(planned) => issued.extend(write_planned(desk, planned).await?),
        // It fell due by itself a moment ago.
        Err(Refusal::Rule(_)) if *action == Action::InvoiceUsage && !issued.is_empty() => {}
        Err(refusal) => return Err(refusal),
    }
    Ok(issued)
}

/// Customers of the vendor for whom something is due by an instant, each with the first moment, in due order.
pub async fn due_customers(desk: &mut Desk, until: Instant, at_most: usize) -> Result<Vec<(Instant, String)>, Refusal> {
    let mut rows = at_most;
    loop {
        let due = first_of_due(desk, until, rows).await?;
        let is_all = due.len() < rows;
        let mut seen = HashSet::new();
        let mut customers: Vec<(Instant, String)> =
            due.into_iter().filter(|(_, customer)| seen.insert(customer.clone())).map(|(at, customer)| (from_ms(at), customer)).collect();
        if customers.len() >= at_most || is_all {
            customers.truncate(at_most);
            return Ok(customers);
        }
        // Some customers have several things due.
        rows = rows.saturating_mul(4);
    }
}

/// The first so many things due by an instant. Each kind is read from its index, in its order: a night in which everything is due is not
/// sorted anew for every transaction of it.
async fn first_of_due(desk: &mut Desk, until: Instant, rows: usize) -> Result<Vec<(i64, String)>, Refusal> {
    let rows = i64::try_from(rows).map_err(Refusal::damaged)?;
    Ok(desk
        .tx
        .all(
            "SELECT due_at, customer_id FROM (
                SELECT * FROM (SELECT due_at, customer_id FROM subscriptions
                    WHERE vendor_id = $1 AND due_at IS NOT NULL AND due_at <= $2 AND (held_until_at IS NULL OR held_until_at <= $3)
                    ORDER BY due_at, customer_id LIMIT $4 + 0) AS s
                UNION ALL
                SELECT * FROM (SELECT due_at, customer_id FROM pending_lines WHERE vendor_id = $1 AND due_at IS NOT NULL AND due_at <= $2
                    ORDER BY due_at, customer_id LIMIT $4 + 0) AS p
                UNION ALL
                SELECT * FROM (SELECT d.due_at, d.customer_id FROM usage_due d JOIN subscriptions s ON s.vendor_id = d.vendor_id AND s.id = d.subscription_id
                    WHERE d.vendor_id = $1 AND d.due_at <= $2 AND (s.held_until_at IS NULL OR s.held_until_at <= $3)
                    ORDER BY d.due_at, d.customer_id LIMIT $4 + 0) AS u
                UNION ALL
                SELECT * FROM (SELECT expires_at AS due_at, customer_id FROM balance_credits WHERE vendor_id = $1 AND used_up_at IS NULL AND expires_at IS NOT NULL
                    AND expires_at <= $2 ORDER BY expires_at, customer_id LIMIT $4 + 0) AS b
             ) AS due ORDER BY due_at, customer_id LIMIT $4 + 0",
            (desk.vendor.id.clone(), until.timestamp_millis(), desk.now.wall_ms(), rows),
        )
        .await?)
}

/// How many customers something is due for by an instant.
pub async fn count_due(desk: &mut Desk, until: Instant) -> Result<i64, Refusal> {
    let (count,): (i64,) = desk
        .tx
        .one(
            "SELECT COUNT(*) FROM (
                SELECT customer_id FROM subscriptions WHERE vendor_id = $1 AND due_at IS NOT NULL AND due_at <= $2 AND (held_until_at IS NULL OR held_until_at <= $3)
                UNION
                SELECT customer_id FROM pending_lines WHERE vendor_id = $1 AND due_at IS NOT NULL AND due_at <= $2
                UNION
                SELECT d.customer_id FROM usage_due d JOIN subscriptions s ON s.vendor_id = d.vendor_id AND s.id = d.subscription_id
                WHERE d.vendor_id = $1 AND d.due_at <= $2 AND (s.held_until_at IS NULL OR s.held_until_at <= $3)
                UNION
                SELECT customer_id FROM balance_credits WHERE vendor_id = $1 AND used_up_at IS NULL AND expires_at IS NOT NULL AND expires_at <= $2
             ) AS due",
            (desk.vendor.id.clone(), until.timestamp_millis(), desk.now.wall_ms()),
        )
        .await?;
    Ok(count)
}

/// When something is first due for a customer.
pub async fn first_due(desk: &mut Desk, customer_id: &str) -> Result<Option<Instant>, Refusal> {
    Ok(Glance::of(desk, customer_id).await?.first_due())
}

/// What one moment of a customer came to.
#[derive(Clone, Debug)]
pub struct Moment {
    pub customer_id: String,
    pub at: Instant,
    pub issued: Vec<Issued>,
}

/// Does the first thing due of each of these customers by an instant: everything of that one moment, in one document. They come in the
/// order they are due in; where one of them has something due again before the next in line, the rest is left for another time, so that
/// everything happens in its order. Two workers cannot do it twice: a customer is locked first, and what is due is read after; who is
/// locked by another worker is left to it.
pub async fn run_due(desk: &mut Desk, customer_ids: &[String], until: Instant) -> Result<Vec<Moment>, Refusal> {
    let customers = customers::lock_free(desk, customer_ids).await?;
    let mut foreseen = foresee(desk, customers).await?;
    foreseen.retain(|foreseen| foreseen.first_due.is_some_and(|due| due <= until));
    foreseen.sort_by(|one, other| (one.first_due, &one.customer.id).cmp(&(other.first_due, &other.customer.id)));
    let mut horizon = until;
    let mut moments = Vec::with_capacity(foreseen.len());
    for Foreseen { customer, first_due, answers } in foreseen {
        let Some(at) = first_due.filter(|at| *at <= horizon) else { break };
        desk.foresee(answers);
        let Happened { issued, next, .. } = happen_at(desk, &customer, at).await?;
        horizon = next.map_or(horizon, |next| horizon.min(next));
        moments.push(Moment { customer_id: customer.id, at, issued });
    }
    Ok(moments)
}

/// The first thing due of one customer, where its moment is not later than an instant.
async fn run_first(desk: &mut Desk, customer: &Customer, until: Instant, charges: Charges) -> Result<Option<Vec<Issued>>, Refusal> {
    let Some(at) = Glance::of(desk, &customer.id).await?.first_due_by(until, charges) else { return Ok(None) };
    Ok(Some(happen_at(desk, customer, at).await?.issued))
}

/// What is due of a subscription, to be named where the rules refuse it: who reads that did not ask for it.
struct Due {
    subscription: String,
    period: Option<Period>,
}

impl Due {
    fn of(subscription: &Subscription) -> Due {
        let cycle = subscription.closings.first().map(|closing| &closing.cycle).or(subscription.cycle.as_ref());
        let name = subscription.external_id.clone().unwrap_or_else(|| subscription.plan_name().to_owned());
        Due { subscription: name, period: cycle.map(Cycle::period) }
    }

    fn refused(self, refusal: Refusal) -> Refusal {
        let Refusal::Rule(why) = refusal else { return refusal };
        let said = |at: Instant| at.to_rfc3339_opts(SecondsFormat::Secs, true);
        Refusal::Rule(match self.period {
            Some(Period { start, end }) => {
                sentence!("refusal-subscription-due", subscription = self.subscription, from = said(start), to = said(end), why = why)
            }
            None => sentence!("refusal-subscription-start-due", subscription = self.subscription, why = why),
        })
    }
}

/// What happened at an instant.
struct Happened {
    issued: Vec<Issued>,
    /// When, as far as the records tell, something is due next.
    next: Option<Instant>,
    /// Subscriptions whose usage was due.
    usage_of: Vec<String>,
}

/// Everything due of a customer at an instant, as of then.
async fn happen_at(desk: &mut Desk, customer: &Customer, at: Instant) -> Result<Happened, Refusal> {
    let now = desk.now;
    desk.at_billing(at.timestamp_millis());
    let happened = happen_then(desk, customer, at).await;
    desk.now = now;
    let happened = happened?;
    threshold::note_looked_at(desk, &customer.id, &happened.usage_of).await?;
    Ok(happened)
}

async fn happen_then(desk: &mut Desk, customer: &Customer, at: Instant) -> Result<Happened, Refusal> {
    let wall = desk.now.wall_ms();
    let mut steps = Vec::new();
    // Before anything is paid from the balance: what expires at this instant pays nothing of it any more.
    let glance = Glance::of(desk, &customer.id).await?;
    let next_expiry = if glance.credits > 0 { balance::expire(desk, &customer.id, at).await? } else { None };
    let mut subscriptions = record::of_customer(desk, &customer.id).await?;
    // In the order they were made: the document's lines come in it.
    subscriptions.reverse();
    let usage_due = if glance.has_usage_due() { threshold::due_of(desk, &customer.id).await? } else { Vec::new() };
    late::hold_usage(desk, customer, &subscriptions).await?;
    let mut next: Option<Instant> = None;
    let mut usage_of = Vec::new();
    let mut note = |due: Option<Instant>| next = next.into_iter().chain(due).min();
    note(next_expiry);
    for subscription in subscriptions {
        let is_due = |due: Option<Instant>| due.is_some_and(|due| due <= at) && !subscription.is_held(wall);
        let usage_due_at = usage_due.iter().find(|(id, _)| *id == subscription.id).map(|(_, at)| *at);
        let (is_own_due, is_usage_due) = (is_due(subscription.due_at), is_due(usage_due_at));
        if !is_own_due && !is_usage_due {
            note(subscription.due_at.into_iter().chain(usage_due_at).min());
            continue;
        }
        if is_usage_due {
            usage_of.push(subscription.id.clone());
        }
        let named = Due::of(&subscription);
        let step = async {
            let mut step = due::happen(desk, subscription, at).await?;
            if is_usage_due {
                threshold::bill_due(desk, &mut step, at).await?;
            }
            Ok(step)
        };
        let step: Step = step.await.map_err(|refusal| named.refused(refusal))?;
        if is_own_due || step.reason.is_some() {
            steps.push(step);
        }
    }
    steps.iter().for_each(|step| note(step.subscription.due_at));
    let bills = bill::bills(desk, customer, at, &steps, &Look::ToWrite).await?;
    note(bills.next_charge);
    let issued = bill::write(desk, customer, steps, bills).await?;
    Ok(Happened { issued, next, usage_of })
}

/// Does all that is due for a customer before an action of theirs: what falls due exactly then has happened before it, but for one-off
/// charges, which share its document.
pub(crate) async fn catch_up(desk: &mut Desk, customer_id: &str, until: Instant) -> Result<Vec<Issued>, Refusal> {
    let mut issued = Vec::new();
    while is_behind(desk, customer_id, until).await? {
        let customer = customers::load(desk, customer_id).await?;
        issued.extend(run_first(desk, &customer, until, Charges::OnlyBefore).await?.unwrap_or_default());
    }
    Ok(issued)
}

/// Whether something is due for a customer that has not been done yet.
pub(crate) async fn is_behind(desk: &mut Desk, customer_id: &str, until: Instant) -> Result<bool, Refusal> {
    Ok(Glance::of(desk, customer_id).await?.first_due_by(until, Charges::OnlyBefore).is_some())
}

/// Keeps everything else away from a subscription while a confirmed quote is being paid.
pub(crate) async fn hold(desk: &mut Desk, subscription: &Subscription, quote_id: &str, until_ms: i64) -> Result<(), Refusal> {
    desk.forget_foreseen();
    let touched = desk
        .tx
        .run(
            "UPDATE subscriptions SET held_by = $3, held_until_at = $4 WHERE vendor_id = $1 AND id = $2 AND (held_until_at IS NULL OR held_until_at <= $5 OR held_by = $3)",
            (desk.vendor.id.clone(), subscription.id.clone(), quote_id.to_owned(), until_ms, desk.now.wall_ms()),
        )
        .await?;
    if touched == 0 {
        return Err(Refusal::Conflict(sentence!("refusal-subscription-being-paid")));
    }
    Ok(())
}

/// Lets go of a subscription that a quote held.
pub(crate) async fn release(desk: &mut Desk, subscription_id: &str, quote_id: &str) -> Result<(), Refusal> {
    desk.forget_foreseen();
    desk.tx
        .run(
            "UPDATE subscriptions SET held_by = NULL, held_until_at = NULL WHERE vendor_id = $1 AND id = $2 AND held_by = $3",
            (desk.vendor.id.clone(), subscription_id.to_owned(), quote_id.to_owned()),
        )
        .await?;
    Ok(())
}

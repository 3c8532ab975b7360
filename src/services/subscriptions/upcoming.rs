//! What the next invoice holds so far: usage up to now, the next period's advance fees, and what waits. The same document that will be
//! issued, only earlier.

use billing::calendar::Instant;
use billing::invoice::Reason;
use billing::state::State;
use billing::subscription::{Basis, Cycle, Terms, Used, begin, close_ended};
use billing::tax::TaxRate;

use super::act::Planned;
use super::bill::Around;
use super::change::{cycle_after, take_up_planned};
use super::discounts::{self, Redeemed};
use super::due::grace;
use super::glance::Glance;
use super::late::Look;
use super::record::{AnchorWish, Closing, Subscription};
use super::step::{Step, basis, charged_before, drafts, used};
use crate::services::customers::Customer;
use crate::services::invoices::{DraftLine, Priced};
use crate::services::{Desk, Refusal};

/// The next invoice, as far as it is known.
#[derive(Clone, Debug, PartialEq)]
pub struct Upcoming {
    /// When it is issued.
    pub at: Instant,
    /// None: it would have no lines, so there will be none.
    pub priced: Option<Priced>,
    /// The rates its tax was chosen from: what they are called.
    pub tax_rates: Vec<TaxRate>,
}

/// The next invoice of a subscription with the usage given, or with what was used so far. `None`: nothing more comes.
pub async fn upcoming(
    desk: &mut Desk,
    customer: &Customer,
    subscription: &Subscription,
    at: Instant,
    usage: Option<&[Used]>,
) -> Result<Option<Upcoming>, Refusal> {
    let read;
    let usage = match usage {
        Some(usage) => usage,
        None => {
            read = used_so_far(desk, subscription, at).await?;
            &read
        }
    };
    Ok(upcoming_by(desk, customer, subscription, &[usage]).await?.pop())
}

/// The next invoice by each of several usages (of the parts that it will close), such as so far and expected: loaded once. Empty where
/// nothing more comes.
pub async fn upcoming_by(desk: &mut Desk, customer: &Customer, subscription: &Subscription, usages: &[&[Used]]) -> Result<Vec<Upcoming>, Refusal> {
    let glance = Glance::of(desk, &customer.id).await?;
    let discounts = glance.discounts(desk, &subscription.id).await?;
    of(desk, customer, subscription, discounts, glance, None, usages).await
}

/// The next invoice after an action that is not written, with what was used so far. What the action's own document holds is not on it.
pub async fn upcoming_after(desk: &mut Desk, planned: &Planned, at: Instant) -> Result<Option<Upcoming>, Refusal> {
    let Planned { customer, step, bills } = planned;
    let mut discounts = step.discounts.clone();
    for bill in &bills.bills {
        discounts::note_applied(&step.subscription.id, &mut discounts, &bill.priced.document.discounts);
    }
    let usage = used_so_far(desk, &step.subscription, at).await?;
    let glance = Glance::of(desk, &customer.id).await?;
    Ok(of(desk, customer, &step.subscription, discounts, glance, Some(planned), &[&usage]).await?.pop())
}

/// The period that the next invoice closes: one that ended and waits, else the running one.
fn closes(desk: &Desk, s: &Subscription) -> Option<Closing> {
    s.closings.first().cloned().or_else(|| s.cycle.as_ref().map(|cycle| running(desk, cycle)))
}

/// The running period as it will be closed: at its end, or after the grace where it has usage to wait for.
fn running(desk: &Desk, cycle: &Cycle) -> Closing {
    Closing::whole(cycle.clone(), cycle.whole.end + grace(desk, cycle))
}

async fn used_so_far(desk: &mut Desk, s: &Subscription, at: Instant) -> Result<Vec<Used>, Refusal> {
    match closes(desk, s) {
        Some(closing) => used(desk, &s.customer_id, &closing.cycle.open, at.min(closing.until)).await,
        None => Ok(Vec::new()),
    }
}

async fn of(
    desk: &mut Desk,
    customer: &Customer,
    subscription: &Subscription,
    discounts: Vec<Redeemed>,
    glance: Glance,
    planned: Option<&Planned>,
    usages: &[&[Used]],
) -> Result<Vec<Upcoming>, Refusal> {
    let Some(next) = Next::of(desk, subscription, discounts).await? else { return Ok(Vec::new()) };
    let (currency, zone) = (subscription.currency, subscription.zone);
    let mut step = Step::new(next.subscription, next.discounts);
    step.reason = Some(Reason::Cycle);
    step.closed = next.closed;
    let mut around = Around::load(desk, customer, currency, zone, next.at, &[&step], glance, &Look::ToShow).await?;
    if let Some(planned) = planned {
        around.go_past(desk, &planned.bills).await?;
    }
    let invoiced = match &next.closes {
        Some(Closing { cycle, .. }) => charged_before(desk, subscription, &cycle.open).await?,
        None => Vec::new(),
    };
    let waiting: Vec<DraftLine> = planned.iter().flat_map(|planned| &planned.step.waiting).map(|(draft, _)| draft.clone()).collect();
    let mut upcoming = Vec::with_capacity(usages.len());
    for usage in usages {
        step.lines = next.advance.clone();
        if let Some(Closing { cycle, until, unused, .. }) = &next.closes {
            let closed = close_ended(&next.basis, cycle, *until, *unused, &invoiced, usage)?;
            step.lines.extend(drafts(desk, closed.lines, &[], &cycle.open));
        }
        step.lines.extend(waiting.iter().cloned());
        let bill = around.compose(desk, customer, currency, next.at, &[&step])?;
        upcoming.push(Upcoming { at: next.at, priced: bill.map(|bill| bill.priced), tax_rates: around.tax_rates().to_vec() });
    }
    Ok(upcoming)
}

/// What the next invoice will do, but for usage.
struct Next {
    at: Instant,
    subscription: Subscription,
    discounts: Vec<Redeemed>,
    /// The next period's fees.
    advance: Vec<DraftLine>,
    /// The period whose usage it holds.
    closes: Option<Closing>,
    /// A closing that others wait for.
    closed: Vec<Instant>,
    basis: Basis,
}

impl Next {
    async fn of(desk: &mut Desk, subscription: &Subscription, discounts: Vec<Redeemed>) -> Result<Option<Next>, Refusal> {
        let planned = subscription.scheduled.iter().map(|scheduled| &scheduled.terms);
        let terms: Vec<&Terms> = std::iter::once(&subscription.terms).chain(planned).collect();
        let basis = basis(desk, subscription, &terms, []).await?;
        let mut next =
            Next { at: subscription.starts_at, subscription: subscription.clone(), discounts, advance: Vec::new(), closes: None, closed: Vec::new(), basis };
        // An ended period that waits for its usage is invoiced first, and its fees wait with it.
        if let Some(closing) = subscription.closings.first() {
            next.at = closing.at;
            next.closed.push(closing.at);
            next.closes = Some(closing.clone());
            return Ok(Some(next));
        }
        let s = &mut next.subscription;
        match s.state {
            State::Cancelled => return Ok(None),
            State::Paused => {
                let Some(cycle) = s.cycle.clone().filter(|cycle| !cycle.open.is_empty()) else { return Ok(None) };
                let closing = running(desk, &cycle);
                next.at = closing.at;
                next.closes = Some(closing);
            }
            State::Scheduled | State::Trialing => {
                let start = s.trial_end_at.unwrap_or(s.starts_at);
                if s.cancel_at.is_some_and(|cancel| cancel <= start) {
                    return Ok(None);
                }
                let anchor = AnchorWish::anchor(s.anchor, s.terms.plan.interval, start, s.zone)?;
                let cycle = Cycle::starting(anchor, s.terms.plan.interval, start)?;
                next.at = start;
                next.advance = drafts(desk, begin(&next.basis, &s.terms, &cycle)?.lines, &[&s.terms], &[]);
            }
            State::Active | State::PastDue => {
                let Some(cycle) = s.cycle.clone() else { return Ok(None) };
                let is_last = |at: &Option<Instant>| at.is_some_and(|at| at <= cycle.whole.end);
                if !is_last(&s.cancel_at) && !is_last(&s.pause_at) {
                    let anchor_day = take_up_planned(desk, s, &mut next.discounts).await?.and_then(|taken| taken.anchor_day);
                    let following = cycle_after(&cycle, s, anchor_day)?;
                    next.advance = drafts(desk, begin(&next.basis, &s.terms, &following)?.lines, &[&s.terms], &[]);
                } else if cycle.open.is_empty() {
                    return Ok(None);
                }
                let closing = running(desk, &cycle);
                next.at = closing.at;
                next.closes = Some(closing);
            }
        }
        Ok(Some(next))
    }
}

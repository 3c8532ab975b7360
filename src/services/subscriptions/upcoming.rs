//! What the next invoice holds so far: usage up to now, the next period's advance fees, and what waits. The same document that will be
//! issued, only earlier.

use billing::calendar::Instant;
use billing::invoice::Reason;
use billing::state::State;
use billing::subscription::{Basis, Cycle, Terms, Unused, Used, begin_all, cancel, close_ended, pause, renew, renew_beside, renew_paused};
use billing::tax::TaxRate;

use super::act::Planned;
use super::bill::Around;
use super::change::{cycle_after, take_up_planned};
use super::discounts::{self, Redeemed};
use super::due::{grace, read_beside};
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

/// A running period as it will be closed: at its end, or after the grace where it has usage to wait for.
fn running(desk: &Desk, cycle: &Cycle) -> Closing {
    Closing::whole(cycle.alone(), cycle.whole.end + grace(desk, cycle))
}

/// What was used in the periods that the next invoice may close: those that ended and wait, else the running ones.
async fn used_so_far(desk: &mut Desk, s: &Subscription, at: Instant) -> Result<Vec<Used>, Refusal> {
    let ended = s.next_closings();
    if ended.is_empty() {
        return used(desk, &s.customer_id, s.cycle.iter().flat_map(Cycle::metered), at).await;
    }
    let mut counted = Vec::new();
    for closing in ended {
        counted.extend(used(desk, &s.customer_id, &closing.cycle.open, at.min(closing.until)).await?);
    }
    Ok(counted)
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
    let invoiced = charged_before(desk, subscription, next.closes.iter().flat_map(|closing| &closing.cycle.open)).await?;
    let waiting: Vec<DraftLine> = planned.iter().flat_map(|planned| &planned.step.waiting).map(|(draft, _)| draft.clone()).collect();
    let mut upcoming = Vec::with_capacity(usages.len());
    for usage in usages {
        step.lines = next.advance.clone();
        for Closing { cycle, until, unused, .. } in &next.closes {
            let closed = close_ended(&next.basis, cycle, *until, *unused, &invoiced, usage)?;
            step.lines.extend(drafts(desk, closed.lines, &[], Some(cycle)));
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
    /// The periods whose usage it holds.
    closes: Vec<Closing>,
    /// A closing that others wait for.
    closed: Vec<Instant>,
    basis: Basis,
}

impl Next {
    async fn of(desk: &mut Desk, subscription: &Subscription, discounts: Vec<Redeemed>) -> Result<Option<Next>, Refusal> {
        let planned = subscription.scheduled.iter().map(|scheduled| &scheduled.terms);
        let terms: Vec<&Terms> = std::iter::once(&subscription.terms).chain(planned).collect();
        let basis = basis(desk, subscription, &terms, []).await?;
        let mut next = Next {
            at: subscription.starts_at,
            subscription: subscription.clone(),
            discounts,
            advance: Vec::new(),
            closes: Vec::new(),
            closed: Vec::new(),
            basis,
        };
        // An ended period that waits for its usage is invoiced first, and its fees wait with it.
        next.closes = subscription.next_closings().into_iter().cloned().collect();
        if let Some(closing) = next.closes.first() {
            next.at = closing.at;
            next.closed.push(closing.at);
            return Ok(Some(next));
        }
        let s = &mut next.subscription;
        match s.state {
            State::Cancelled => return Ok(None),
            State::Paused => {
                let Some(cycle) = s.cycle.clone() else { return Ok(None) };
                let ends = next.kept_ends(desk, &cycle).await?;
                if ends.is_empty() {
                    return Ok(None);
                }
                next.take_first(ends);
            }
            State::Scheduled | State::Trialing => {
                let start = s.trial_end_at.unwrap_or(s.starts_at);
                if s.cancel_at.is_some_and(|cancel| cancel <= start) {
                    return Ok(None);
                }
                let anchor = AnchorWish::anchor(s.anchor, s.terms.plan.interval, start, s.zone)?;
                let cycle = Cycle::starting(anchor, s.terms.plan.interval, start)?;
                next.at = start;
                next.advance = drafts(desk, begin_all(&next.basis, &s.terms, &cycle)?.lines, &[&s.terms], None);
            }
            State::Active | State::PastDue => {
                let Some(cycle) = s.cycle.clone() else { return Ok(None) };
                let ends = next.ends(desk, &cycle).await?;
                if ends.is_empty() {
                    return Ok(None);
                }
                next.take_first(ends);
            }
        }
        Ok(Some(next))
    }

    /// The periods that end next, and what begins with each. Empty where they are the last, and nothing is left to invoice.
    async fn ends(&mut self, desk: &mut Desk, cycle: &Cycle) -> Result<Vec<Ended>, Refusal> {
        let s = &mut self.subscription;
        let end_at = cycle.next_end();
        let (ended, goes_on): (Vec<Cycle>, Vec<Cycle>) = cycle.beside.iter().cloned().partition(|cycle| cycle.whole.end == end_at);
        let is_last = |at: &Option<Instant>| at.is_some_and(|at| at <= end_at);
        let (cancels, pauses) = (is_last(&s.cancel_at), is_last(&s.pause_at));
        let unused = if cancels { Unused::Credited } else { s.pause_unused.unwrap_or(Unused::Credited) };
        if pauses && !cancels && cycle.whole.end == end_at && self.basis.proration.gives_back(unused) == Unused::Kept {
            return self.kept_ends(desk, cycle).await;
        }
        let mut ends = Vec::new();
        if cycle.whole.end > end_at {
            for ended in &ended {
                let begun = renew_beside(&self.basis, &s.terms, cycle, ended)?;
                ends.push(Ended { closing: running(desk, ended), fees: drafts(desk, begun.lines, &[&s.terms], None) });
            }
            return Ok(ends);
        }
        let mut of_plan = Ended { closing: running(desk, &cycle.alone()), fees: Vec::new() };
        let runs_on = Cycle { open: Vec::new(), beside: goes_on, ..cycle.alone() };
        let (charged, used) = read_beside(desk, s, &runs_on.beside, end_at).await?;
        if cancels || pauses {
            if !runs_on.beside.is_empty() {
                let outcome = if cancels {
                    cancel(&self.basis, &s.terms, &runs_on, end_at, unused, &charged, &used)?
                } else {
                    pause(&self.basis, &s.terms, &runs_on, end_at, unused, &charged, &used)?
                };
                of_plan.fees = drafts(desk, outcome.lines, &[&s.terms], Some(&runs_on));
            }
            ends.push(of_plan);
            ends.extend(ended.iter().map(|ended| Ended { closing: running(desk, ended), fees: Vec::new() }));
            ends.retain(|end| !end.fees.is_empty() || !end.closing.cycle.open.is_empty());
            return Ok(ends);
        }
        let old = s.terms.clone();
        let anchor_day = take_up_planned(desk, s, &mut self.discounts).await?.and_then(|taken| taken.anchor_day);
        let following = cycle_after(cycle, s, anchor_day)?;
        let renewed = renew(&self.basis, &old, &s.terms, &runs_on, &following, &charged, &used)?;
        of_plan.fees = drafts(desk, renewed.of_plan.lines, &[&s.terms], None);
        ends.push(of_plan);
        ends.extend(ended.iter().map(|ended| Ended { closing: running(desk, ended), fees: Vec::new() }));
        for outcome in renewed.beside {
            let fees = drafts(desk, outcome.lines, &[&s.terms, &old], Some(&runs_on));
            let is_of = |end: &Ended| end.closing.cycle.interval.repeats_like(outcome.cycle.interval);
            // What changes in the middle of its period goes with the plan's.
            let with = ends.iter().position(is_of).unwrap_or(0);
            if let Some(end) = ends.get_mut(with) {
                end.fees.extend(fees);
            }
        }
        Ok(ends)
    }

    /// The periods that a pause kept paid end, each with its usage. At the end of the plan's what was planned for it takes effect: of what goes
    /// on beside it, something may go back.
    async fn kept_ends(&mut self, desk: &mut Desk, cycle: &Cycle) -> Result<Vec<Ended>, Refusal> {
        let s = &mut self.subscription;
        let end_at = cycle.whole.end;
        let mut ends: Vec<Ended> =
            cycle.all().filter(|cycle| !cycle.open.is_empty()).map(|cycle| Ended { closing: running(desk, cycle), fees: Vec::new() }).collect();
        let beside: Vec<Cycle> = cycle.beside.iter().filter(|cycle| cycle.whole.end > end_at).cloned().collect();
        let cancels = s.cancel_at.is_some_and(|at| at <= end_at);
        if beside.is_empty() || !(cancels || s.scheduled.is_some()) {
            return Ok(ends);
        }
        let runs_on = Cycle { open: Vec::new(), beside, ..cycle.alone() };
        let (charged, used) = read_beside(desk, s, &runs_on.beside, end_at).await?;
        let old = s.terms.clone();
        let outcome = if cancels {
            cancel(&self.basis, &old, &runs_on, end_at, Unused::Credited, &charged, &used)?
        } else {
            let anchor_day = take_up_planned(desk, s, &mut self.discounts).await?.and_then(|taken| taken.anchor_day);
            let following = cycle_after(cycle, s, anchor_day)?;
            renew_paused(&self.basis, &old, &s.terms, &runs_on, &following, &charged, &used)?
        };
        let fees = drafts(desk, outcome.lines, &[&s.terms, &old], Some(&runs_on));
        match ends.iter_mut().find(|end| end.closing.cycle.interval.repeats_like(cycle.interval)) {
            Some(of_plan) => of_plan.fees = fees,
            None if fees.is_empty() => {}
            None => ends.push(Ended { closing: running(desk, &cycle.alone()), fees }),
        }
        Ok(ends)
    }

    /// The first of several ends is the next invoice, with those of the same instant.
    fn take_first(&mut self, ends: Vec<Ended>) {
        self.at = ends.iter().map(|end| end.closing.at).min().unwrap_or(self.at);
        for Ended { closing, fees } in ends {
            if closing.at == self.at {
                self.advance.extend(fees);
                self.closes.push(closing);
            }
        }
    }
}

/// A period that will end, and the fees of what begins with that.
struct Ended {
    closing: Closing,
    fees: Vec<DraftLine>,
}

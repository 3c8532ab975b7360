//! What happens to a subscription by itself, because its time has come: it starts, its trial ends, a period ends and the next begins,
//! what was planned for the period's end takes effect, and what waited for the last usage is invoiced.

use std::collections::BTreeSet;

use billing::calendar::{Instant, add_calendar_days};
use billing::invoice::{LineRef, Reason};
use billing::state::{Event as Happening, State};
use billing::subscription::{Charged, Cycle, Renewed, Unused, Used, begin_all, close_ended, pause, renew, renew_beside, renew_paused};
use chrono::TimeDelta;
use serde_json::json;

use super::cancel::end_cycle;
use super::change::{TakenUp, cycle_after, take_up_planned};
use super::discounts;
use super::record::{AnchorWish, Closing, Subscription};
use super::renewals;
use super::step::{self, Ended, Event, Reading, Step, basis, billed, charged_then, drafts, used};
use crate::services::invoices::{DraftLine, Waits};
use crate::services::{Desk, Refusal, catalog};

/// How long before a trial's end its customer is told.
const TRIAL_NOTICE: TimeDelta = TimeDelta::days(3);

/// When something is next to be done for a subscription.
pub async fn next_due(desk: &mut Desk, s: &Subscription) -> Result<Option<Instant>, Refusal> {
    let own = match s.state {
        State::Scheduled => Some(s.starts_at),
        State::Trialing => match (s.trial_end_at, s.trial_end_announced_at) {
            (Some(end), None) => Some(notice_at(s, end)),
            (end, _) => end,
        },
        State::Active | State::PastDue => s.cycle.as_ref().map(Cycle::next_end).into_iter().chain(renewal_told_at(desk, s).await?).min(),
        // What a pause kept paid is closed at its period's end, and what was planned for that end holds from then.
        State::Paused => {
            let kept = s.cycle.as_ref().and_then(next_kept_end);
            kept.into_iter().chain(s.cancel_at).chain(s.scheduled.as_ref().map(|planned| planned.at)).min()
        }
        State::Cancelled => None,
    };
    Ok(own.into_iter().chain(s.closings.iter().map(|closing| closing.at)).min())
}

/// When the first of the periods ends that a pause kept paid.
fn next_kept_end(cycle: &Cycle) -> Option<Instant> {
    cycle.all().filter(|cycle| !cycle.open.is_empty()).map(|cycle| cycle.whole.end).min()
}

/// A trial shorter than the notice is announced at its start.
fn notice_at(s: &Subscription, end: Instant) -> Instant {
    (end - TRIAL_NOTICE).max(s.starts_at)
}

/// When the renewal of the running period is announced; none: it is not to be, it was, or there will be none.
async fn renewal_told_at(desk: &mut Desk, s: &Subscription) -> Result<Option<Instant>, Refusal> {
    let Some(whole) = s.cycle.as_ref().map(|cycle| cycle.whole) else { return Ok(None) };
    let goes_on = [s.cancel_at, s.pause_at].into_iter().flatten().all(|at| at > whole.end);
    if goes_on && s.announced_renewal_at != Some(whole.end) { renewals::told_at(desk, whole).await } else { Ok(None) }
}

/// Does what is due of a subscription at an instant, in order.
pub(super) async fn happen(desk: &mut Desk, subscription: Subscription, at: Instant) -> Result<Step, Refusal> {
    let discounts = discounts::on(desk, &subscription).await?;
    go_on(desk, Step::new(subscription, discounts), at).await
}

/// Goes on from a step to all that is due after it at the same instant.
pub(super) async fn go_on(desk: &mut Desk, step: Step, at: Instant) -> Result<Step, Refusal> {
    let mut h = step;
    while next_due(desk, &h.subscription).await?.is_some_and(|due| due <= at) {
        let s = &h.subscription;
        let is_renewal_due = renewal_told_at(desk, s).await?.is_some_and(|told| told <= at);
        let closing = s.closings.iter().position(|closing| closing.at <= at);
        match s.state {
            State::Scheduled if s.starts_at <= at => start(desk, &mut h, at).await?,
            State::Trialing if s.trial_end_announced_at.is_none() && s.trial_end_at.is_some_and(|end| notice_at(s, end) <= at) => {
                announce_trial_end(&mut h, at)
            }
            State::Trialing if s.trial_end_at.is_some_and(|end| end <= at) => end_trial(desk, &mut h, at).await?,
            State::Active | State::PastDue if is_renewal_due => announce_renewal(&mut h),
            State::Active | State::PastDue if s.cycle.as_ref().is_some_and(|cycle| cycle.next_end() <= at) => turn(desk, &mut h).await?,
            State::Paused if s.cycle.as_ref().and_then(next_kept_end).is_some_and(|end| end <= at) => turn_paused(desk, &mut h).await?,
            State::Paused if s.cancel_at.is_some_and(|cancel| cancel <= at) => {
                match s.cycle.clone() {
                    Some(cycle) => end_with_period(desk, &mut h, cycle, at, TimeDelta::zero()).await?,
                    None => end(&mut h, at)?,
                }
                h.reason.get_or_insert(Reason::Final);
            }
            State::Paused if s.scheduled.as_ref().is_some_and(|planned| planned.at <= at) => keep_planned(desk, &mut h).await?,
            _ => match closing {
                Some(position) => close_period(desk, &mut h, position, None).await?,
                None => break,
            },
        }
    }
    h.subscription.due_at = next_due(desk, &h.subscription).await?;
    Ok(h)
}

/// The start: into the trial, or straight into the first period.
pub(super) async fn start(desk: &mut Desk, h: &mut Step, at: Instant) -> Result<(), Refusal> {
    let s = &mut h.subscription;
    h.events.push(Event { kind: "subscription.started", data: json!({ "plan": s.terms.plan.key, "name": s.terms.plan.name, "trial_end_at": s.trial_end_at }) });
    if s.trial_end_at.is_some() {
        s.state = after(s.state, Happening::StartTrial)?;
        return Ok(());
    }
    s.state = after(s.state, Happening::Start)?;
    begin_first(desk, h, at).await
}

fn announce_trial_end(h: &mut Step, at: Instant) {
    let s = &mut h.subscription;
    s.trial_end_announced_at = Some(at);
    h.events.push(Event {
        kind: "subscription.trial_ending",
        data: json!({ "plan": s.terms.plan.key, "name": s.terms.plan.name, "trial_end_at": s.trial_end_at }),
    });
}

fn announce_renewal(h: &mut Step) {
    let s = &mut h.subscription;
    s.announced_renewal_at = s.cycle.as_ref().map(|cycle| cycle.whole.end);
    h.events.push(Event {
        kind: "subscription.renewal_coming",
        data: json!({ "plan": s.terms.plan.key, "name": s.terms.plan.name, "renews_at": s.announced_renewal_at }),
    });
}

async fn end_trial(desk: &mut Desk, h: &mut Step, at: Instant) -> Result<(), Refusal> {
    if h.subscription.cancel_at.is_some_and(|cancel| cancel <= at) {
        end(h, at)?;
        return Ok(());
    }
    h.subscription.state = after(h.subscription.state, Happening::EndTrial)?;
    begin_first(desk, h, at).await
}

/// The first period, charged in advance.
pub(super) async fn begin_first(desk: &mut Desk, h: &mut Step, at: Instant) -> Result<(), Refusal> {
    let s = &mut h.subscription;
    let anchor = AnchorWish::anchor(s.anchor, s.terms.plan.interval, at, s.zone)?;
    let cycle = Cycle::starting(anchor, s.terms.plan.interval, at)?;
    let basis = basis(desk, s, &[&s.terms], []).await?;
    let begun = begin_all(&basis, &s.terms, &cycle)?;
    h.lines.extend(drafts(desk, begun.lines, &[&s.terms], None));
    s.cycle = Some(begun.cycle);
    h.reason.get_or_insert(Reason::Start);
    Ok(())
}

/// How long one cycle's period waits for its last usage before it is invoiced: not at all where it has no meters.
pub(super) fn grace(desk: &Desk, ended: &Cycle) -> TimeDelta {
    if ended.open.is_empty() { TimeDelta::zero() } else { TimeDelta::seconds(desk.vendor.usage_grace_seconds) }
}

/// The end of a period: what was planned for it takes effect and the next one begins. Its usage is closed now, or after the grace.
///
/// It is the plan's period, or that of add-ons at an interval of their own, or both at once.
async fn turn(desk: &mut Desk, h: &mut Step) -> Result<(), Refusal> {
    let s = &h.subscription;
    let Some(cycle) = s.cycle.clone() else { return Ok(()) };
    let end_at = cycle.next_end();
    let (ended, goes_on): (Vec<Cycle>, Vec<Cycle>) = cycle.beside.iter().cloned().partition(|cycle| cycle.whole.end == end_at);
    if cycle.whole.end > end_at {
        turn_beside(desk, h, Cycle { beside: goes_on, ..cycle }, &ended).await?;
        close_all(desk, h, ended);
        return Ok(());
    }
    let of_plan = cycle.alone();
    let cycle = Cycle { beside: goes_on, ..cycle };
    if s.cancel_at.is_some_and(|cancel| cancel <= end_at) {
        end_with_period(desk, h, cycle, end_at, grace(desk, &of_plan)).await?;
    } else if s.pause_at.is_some_and(|pause| pause <= end_at) {
        pause_with_period(desk, h, cycle, end_at, grace(desk, &of_plan)).await?;
    } else {
        renew_all(desk, h, &cycle, &ended).await?;
    }
    if grace(desk, &of_plan) == TimeDelta::zero() {
        let reason = if h.subscription.state == State::Cancelled { Reason::Final } else { Reason::Cycle };
        h.reason.get_or_insert(reason);
    }
    close_all(desk, h, std::iter::once(of_plan).chain(ended));
    Ok(())
}

/// The end of periods that a pause kept paid: their usage is closed, and none begins.
async fn turn_paused(desk: &mut Desk, h: &mut Step) -> Result<(), Refusal> {
    let s = &mut h.subscription;
    let Some(mut cycle) = s.cycle.take() else { return Ok(()) };
    let end_at = next_kept_end(&cycle).unwrap_or(cycle.whole.end);
    let ended: Vec<Cycle> = cycle.all().filter(|cycle| cycle.whole.end == end_at).map(Cycle::alone).collect();
    cycle.beside.iter_mut().filter(|cycle| cycle.whole.end == end_at).for_each(|cycle| cycle.open.clear());
    if cycle.whole.end == end_at {
        cycle.open.clear();
    }
    let waits = ended.iter().map(|ended| grace(desk, ended)).max().unwrap_or_default();
    if s.cancel_at.is_some_and(|cancel| cancel <= end_at) {
        end_with_period(desk, h, cycle, end_at, waits).await?;
    } else {
        s.cycle = Some(cycle);
    }
    if waits == TimeDelta::zero() {
        let reason = if h.subscription.state == State::Cancelled { Reason::Final } else { Reason::Cycle };
        h.reason.get_or_insert(reason);
    }
    close_all(desk, h, ended);
    Ok(())
}

/// The usage of periods that ended is to be billed.
fn close_all(desk: &Desk, h: &mut Step, ended: impl IntoIterator<Item = Cycle>) {
    for ended in ended.into_iter().filter(|ended| !ended.open.is_empty()) {
        let closes_at = ended.whole.end + grace(desk, &ended);
        h.subscription.closings.push(Closing::whole(ended, closes_at));
    }
}

/// Fees that begin where a period ended are invoiced now, or with the usage that it waits for.
fn charge_with(desk: &Desk, h: &mut Step, ended: &Cycle, lines: Vec<DraftLine>) {
    let grace = grace(desk, ended);
    if grace > TimeDelta::zero() {
        h.waiting.extend(lines.into_iter().map(|line| (line, Waits::ForClosingAt(ended.whole.end + grace))));
    } else {
        h.reason.get_or_insert(Reason::Cycle);
        h.lines.extend(lines);
    }
}

/// Periods of add-ons at an interval of their own begin again; the plan's goes on.
async fn turn_beside(desk: &mut Desk, h: &mut Step, mut cycle: Cycle, ended: &[Cycle]) -> Result<(), Refusal> {
    let terms = h.subscription.terms.clone();
    let basis = basis(desk, &h.subscription, &[&terms], []).await?;
    for ended in ended {
        let begun = renew_beside(&basis, &terms, &cycle, ended)?;
        if terms.charges_at(ended.interval) {
            let lines = drafts(desk, begun.lines, &[&terms], None);
            charge_with(desk, h, ended, lines);
        }
        cycle = begun.cycle;
    }
    h.subscription.cycle = Some(cycle);
    Ok(())
}

/// The plan's next period begins; what is billed at another interval goes on with it, begins again, or changes as the plan does.
async fn renew_all(desk: &mut Desk, h: &mut Step, cycle: &Cycle, ended: &[Cycle]) -> Result<(), Refusal> {
    let end_at = cycle.whole.end;
    let before = h.subscription.scheduled.as_ref().map(|_| h.subscription.terms.clone());
    let anchor_day = take_up(desk, h).await?;
    let s = &h.subscription;
    let next = cycle_after(cycle, s, anchor_day)?;
    let basis = basis(desk, s, &[&s.terms], []).await?;
    let (charged, used) = read_beside(desk, s, &cycle.beside, end_at).await?;
    let old = before.as_ref().unwrap_or(&s.terms);
    let Renewed { of_plan, beside, cycle: renewed } = renew(&basis, old, &s.terms, cycle, &next, &charged, &used)?;
    let fees = drafts(desk, of_plan.lines, &[&s.terms], None);
    let mut charges = Vec::new();
    for outcome in beside {
        let interval = outcome.cycle.interval;
        let lines = drafts(desk, outcome.lines, &[&s.terms, old], Some(cycle));
        if let Some(running) = cycle.beside.iter().find(|running| running.interval.repeats_like(interval)) {
            let ends = Ended { to: end_at, unused: Unused::Credited, stands: &outcome.stands };
            h.billed.extend(billed(running, Some(&renewed), &ends, &lines, &used)?);
        }
        let with = ended.iter().find(|ended| ended.interval.repeats_like(interval)).unwrap_or(cycle);
        charges.push((with, lines));
    }
    h.subscription.cycle = Some(renewed);
    charge_with(desk, h, cycle, fees);
    for (with, lines) in charges {
        charge_with(desk, h, with, lines);
    }
    Ok(())
}

/// The subscription ends with the plan's period: what is billed at another interval ends with it, and its unused rest is given back, at
/// once or with the usage that the plan's period waits for.
async fn end_with_period(desk: &mut Desk, h: &mut Step, cycle: Cycle, end_at: Instant, waits: TimeDelta) -> Result<(), Refusal> {
    let cycle = Cycle { open: Vec::new(), before: None, ..cycle };
    let runs_on = cycle.beside.iter().any(|cycle| cycle.period().contains(end_at));
    h.subscription.cycle = Some(cycle.clone());
    if runs_on {
        let (reason, before) = (h.reason, h.lines.len());
        let closings = end_cycle(desk, h, &cycle, end_at, Unused::Credited, &Reading::Fresh).await?;
        h.subscription.closings.extend(closings);
        if waits > TimeDelta::zero() {
            let lines = h.lines.split_off(before);
            h.waiting.extend(lines.into_iter().map(|line| (line, Waits::ForClosingAt(end_at + waits))));
            h.reason = reason;
        }
    }
    end(h, end_at)
}

/// The subscription pauses with the plan's period: what is billed at another interval pauses in the middle of its own.
async fn pause_with_period(desk: &mut Desk, h: &mut Step, cycle: Cycle, end_at: Instant, waits: TimeDelta) -> Result<(), Refusal> {
    let mut cycle = Cycle { open: Vec::new(), before: None, ..cycle };
    if !cycle.beside.is_empty() {
        let s = &h.subscription;
        let unused = s.pause_unused.unwrap_or(Unused::Credited);
        let basis = basis(desk, s, &[&s.terms], []).await?;
        let (charged, used) = read_beside(desk, s, &cycle.beside, end_at).await?;
        let outcome = pause(&basis, &s.terms, &cycle, end_at, unused, &charged, &used)?;
        let lines = drafts(desk, outcome.lines, &[&s.terms], Some(&cycle));
        h.billed.extend(billed(&cycle, Some(&outcome.cycle), &Ended { to: end_at, unused, stands: &outcome.stands }, &lines, &used)?);
        if waits > TimeDelta::zero() {
            h.waiting.extend(lines.into_iter().map(|line| (line, Waits::ForClosingAt(end_at + waits))));
        } else if !lines.is_empty() {
            h.reason.get_or_insert(Reason::Cycle);
            h.lines.extend(lines);
        }
        cycle = outcome.cycle;
    }
    let s = &mut h.subscription;
    s.cycle = Some(cycle);
    s.state = after(s.state, Happening::Pause)?;
    s.paused_at = Some(end_at);
    s.pause_at = None;
    h.events.push(Event { kind: "subscription.paused", data: json!({ "at": end_at }) });
    Ok(())
}

/// What was planned for a period's end holds from now on; the billing day it asks for.
async fn take_up(desk: &mut Desk, h: &mut Step) -> Result<Option<u32>, Refusal> {
    let s = &mut h.subscription;
    let Some(TakenUp { from, redeems, anchor_day }) = take_up_planned(desk, s, &mut h.discounts).await? else { return Ok(None) };
    // At once, so that what is due next at this instant sees it.
    for redemption in &redeems {
        catalog::redeem(desk, redemption).await?;
    }
    h.events.push(Event {
        kind: "subscription.changed",
        data: json!({ "from": from, "to": s.terms.plan.key, "name": s.terms.plan.name, "quantity": s.terms.quantity.to_string() }),
    });
    Ok(anchor_day)
}

/// The same over a period's end that finds the subscription paused: no period begins, and whenever it goes on, it goes on with that. What is
/// kept paid beside the plan and is not wanted any more is given back, with the usage that the plan's period waits for.
async fn keep_planned(desk: &mut Desk, h: &mut Step) -> Result<(), Refusal> {
    let before = h.subscription.terms.clone();
    let anchor_day = take_up(desk, h).await?;
    let s = &h.subscription;
    let Some(ended) = s.cycle.clone() else { return Ok(()) };
    let next = cycle_after(&ended, s, anchor_day)?;
    let (mut charged, used) = read_beside(desk, s, &ended.beside, next.from).await?;
    // A pause that begins at this very instant may have given it back.
    let gone: BTreeSet<&LineRef> = h.lines.iter().chain(h.waiting.iter().map(|(line, _)| line)).filter_map(|draft| draft.line.credits.as_ref()).collect();
    charged.retain(|charge| !gone.contains(&charge.reference));
    let basis = basis(desk, s, &[&s.terms], []).await?;
    let outcome = renew_paused(&basis, &before, &s.terms, &ended, &next, &charged, &used)?;
    let lines = drafts(desk, outcome.lines, &[&s.terms, &before], Some(&ended));
    let ends = Ended { to: next.from, unused: Unused::Credited, stands: &outcome.stands };
    h.billed.extend(billed(&Cycle { open: Vec::new(), ..ended }, Some(&outcome.cycle), &ends, &lines, &used)?);
    h.subscription.cycle = Some(outcome.cycle);
    if let Some(closing) = h.subscription.closings.iter().find(|closing| closing.until == next.from && closing.at > next.from) {
        h.waiting.extend(lines.into_iter().map(|line| (line, Waits::ForClosingAt(closing.at))));
    } else if !lines.is_empty() {
        h.reason.get_or_insert(Reason::Cycle);
        h.lines.extend(lines);
    }
    Ok(())
}

/// What cycles beside the plan's may have to give back at an instant, and what was used in them until then.
pub(super) async fn read_beside(desk: &mut Desk, s: &Subscription, beside: &[Cycle], at: Instant) -> Result<(Vec<Charged>, Vec<Used>), Refusal> {
    if beside.is_empty() {
        return Ok((Vec::new(), Vec::new()));
    }
    Ok((charged_then(desk, s, at).await?, used(desk, &s.customer_id, beside.iter().flat_map(Cycle::metered), at).await?))
}

/// What waited for its last usage: the period's usage, beside the advance fees that waited with it. It is an invoice even where there
/// was none, of what came late for the periods before. Of a subscription that ended and goes on again it is not the final one.
async fn close_period(desk: &mut Desk, h: &mut Step, position: usize, counted: Option<Vec<Used>>) -> Result<(), Refusal> {
    let Closing { cycle, until, unused, at } = h.subscription.closings.remove(position);
    let s = &h.subscription;
    let used = match counted {
        Some(used) => used,
        None => used(desk, &s.customer_id, &cycle.open, until).await?,
    };
    let basis = basis(desk, &Subscription { cycle: Some(cycle.clone()), ..s.clone() }, &[], []).await?;
    let charged = step::charged_before(desk, &h.subscription, &cycle.open).await?;
    let closed = close_ended(&basis, &cycle, until, unused, &charged, &used)?;
    let lines = drafts(desk, closed.lines, &[], Some(&cycle));
    h.billed.extend(billed(&cycle, None, &Ended { to: until, unused, stands: &closed.stands }, &lines, &used)?);
    h.lines.extend(lines);
    h.closed.push(at);
    let reason = if s.state == State::Cancelled { Reason::Final } else { Reason::Cycle };
    h.reason.get_or_insert(reason);
    Ok(())
}

/// An action that makes a document while an ended period still waits for usage closes that first, on the same document: what it
/// credits of the period's fees must stand on one. Usage that comes after this is late.
pub(super) async fn close_early(desk: &mut Desk, step: &mut Step, reading: &Reading) -> Result<(), Refusal> {
    for position in 0..step.subscription.closings.len() {
        close_period(desk, step, 0, reading.closing(position)).await?;
    }
    Ok(())
}

/// A subscription's end takes effect.
fn end(h: &mut Step, at: Instant) -> Result<(), Refusal> {
    let s = &mut h.subscription;
    s.state = after(s.state, Happening::Cancel)?;
    s.ended_at = Some(at);
    s.scheduled = None;
    s.pause_at = None;
    h.events.push(Event { kind: "subscription.ended", data: json!({ "plan": s.terms.plan.key, "name": s.terms.plan.name, "reason": s.cancel_reason }) });
    Ok(())
}

/// The state after an event, or the engine's sentence why not.
pub(super) fn after(state: State, event: Happening) -> Result<State, Refusal> {
    Ok(state.after(event).map_err(billing::Error::from)?)
}

/// A trial's end: so many calendar days of the zone after its start.
pub(super) fn trial_end(start: Instant, days: u32, zone: billing::calendar::Zone) -> Result<Instant, Refusal> {
    Ok(add_calendar_days(start, days, zone).map_err(billing::Error::from)?)
}

//! What happens to a subscription by itself, because its time has come: it starts, its trial ends, a period ends and the next begins,
//! what was planned for the period's end takes effect, and what waited for the last usage is invoiced.

use billing::calendar::{Instant, add_calendar_days};
use billing::invoice::Reason;
use billing::state::{Event as Happening, State};
use billing::subscription::{Cycle, Used, begin, close_ended};
use chrono::TimeDelta;
use serde_json::json;

use super::change::{TakenUp, cycle_after, take_up_planned};
use super::discounts;
use super::record::{AnchorWish, Closing, Subscription};
use super::renewals;
use super::step::{self, Ended, Event, Reading, Step, basis, billed, drafts, used};
use crate::services::invoices::Waits;
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
        State::Active | State::PastDue => s.cycle.as_ref().map(|cycle| cycle.whole.end).into_iter().chain(renewal_told_at(desk, s).await?).min(),
        // What a pause kept paid is closed at its period's end, and what was planned for that end holds from then.
        State::Paused => {
            let kept = s.cycle.as_ref().filter(|cycle| !cycle.open.is_empty()).map(|cycle| cycle.whole.end);
            kept.into_iter().chain(s.cancel_at).chain(s.scheduled.as_ref().map(|planned| planned.at)).min()
        }
        State::Cancelled => None,
    };
    Ok(own.into_iter().chain(s.closings.iter().map(|closing| closing.at)).min())
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
            State::Active | State::PastDue | State::Paused
                if s.cycle.as_ref().is_some_and(|cycle| cycle.whole.end <= at && (s.state != State::Paused || !cycle.open.is_empty())) =>
            {
                turn(desk, &mut h).await?;
            }
            State::Paused if s.cancel_at.is_some_and(|cancel| cancel <= at) => end(&mut h, at)?,
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
    let begun = begin(&basis, &s.terms, &cycle)?;
    h.lines.extend(drafts(desk, begun.lines, &[&s.terms], &[]));
    s.cycle = Some(begun.cycle);
    h.reason.get_or_insert(Reason::Start);
    Ok(())
}

/// How long a period waits for its last usage before it is invoiced: not at all where it has no meters.
pub(super) fn grace(desk: &Desk, ended: &Cycle) -> TimeDelta {
    if ended.open.is_empty() { TimeDelta::zero() } else { TimeDelta::seconds(desk.vendor.usage_grace_seconds) }
}

/// The end of a period: what was planned for it takes effect and the next one begins. Its usage is closed now, or after the grace.
async fn turn(desk: &mut Desk, h: &mut Step) -> Result<(), Refusal> {
    let s = &mut h.subscription;
    let Some(ended) = s.cycle.clone() else { return Ok(()) };
    let end_at = ended.whole.end;
    let grace = grace(desk, &ended);
    let closes_at = end_at + grace;
    let rest = Cycle { open: Vec::new(), before: None, ..ended.clone() };

    let mut advance = Vec::new();
    if s.cancel_at.is_some_and(|cancel| cancel <= end_at) {
        s.cycle = Some(rest);
        end(h, end_at)?;
    } else if s.state == State::Paused {
        s.cycle = Some(rest);
    } else if s.pause_at.is_some_and(|pause| pause <= end_at) {
        s.cycle = Some(rest);
        s.state = after(s.state, Happening::Pause)?;
        s.paused_at = Some(end_at);
        s.pause_at = None;
        h.events.push(Event { kind: "subscription.paused", data: json!({ "at": end_at }) });
    } else {
        let anchor_day = take_up(desk, h).await?;
        let s = &mut h.subscription;
        let next = cycle_after(&ended, s, anchor_day)?;
        let basis = basis(desk, s, &[&s.terms], []).await?;
        let begun = begin(&basis, &s.terms, &next)?;
        advance = drafts(desk, begun.lines, &[&s.terms], &[]);
        s.cycle = Some(begun.cycle);
    }

    if !ended.open.is_empty() {
        h.subscription.closings.push(Closing::whole(ended, closes_at));
    }
    if grace > TimeDelta::zero() {
        h.waiting.extend(advance.into_iter().map(|line| (line, Waits::ForClosingAt(closes_at))));
    } else {
        let reason = if h.subscription.state == State::Cancelled { Reason::Final } else { Reason::Cycle };
        h.reason.get_or_insert(reason);
        h.lines.extend(advance);
    }
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

/// The same over a period's end that finds the subscription paused: no period begins, and whenever it goes on, it goes on with that.
async fn keep_planned(desk: &mut Desk, h: &mut Step) -> Result<(), Refusal> {
    let anchor_day = take_up(desk, h).await?;
    let s = &mut h.subscription;
    if let Some(ended) = s.cycle.take() {
        let next = cycle_after(&ended, s, anchor_day)?;
        s.cycle = Some(Cycle { anchor: next.anchor, interval: next.interval, ..ended });
    }
    Ok(())
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
    let lines = drafts(desk, closed.lines, &[], &cycle.open);
    h.billed.extend(billed(&cycle, &[], &Ended { to: until, unused, stands: &closed.stands }, &lines, &used)?);
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

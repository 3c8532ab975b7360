//! The end of a subscription: now, or with its period.

use billing::calendar::Instant;
use billing::invoice::Reason;
use billing::state::{Event as Happening, State};
use billing::subscription::{Cycle, Unused, cancel};
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::change::When;
use super::discounts;
use super::due::{after, close_early, grace, next_due};
use super::record::{Closing, Subscription};
use super::step::{Ended, Event, Reading, Step, basis, billed, charged_then, drafts, proration};
use crate::sentence;
use crate::services::{Desk, FieldError, Refusal};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CancelRequest {
    pub when: When,
    /// Of an end in mid-period.
    pub unused: Unused,
    /// One of the vendor's reasons, and the customer's own words.
    pub reason: Option<String>,
    pub comment: Option<String>,
}

/// Letters of a reason, and of the customer's own words.
const MOST_REASON: usize = 60;
const MOST_COMMENT: usize = 2_000;

impl CancelRequest {
    /// What is written in it that cannot be kept.
    pub fn check(&self) -> Vec<FieldError> {
        let is_long = |text: &Option<String>, most| text.as_ref().is_some_and(|text| text.chars().count() > most);
        let mut errors = Vec::new();
        if is_long(&self.reason, MOST_REASON) {
            errors.push(FieldError { field: "reason", sentence: sentence!("refusal-shorten", most = MOST_REASON) });
        }
        if is_long(&self.comment, MOST_COMMENT) {
            errors.push(FieldError { field: "comment", sentence: sentence!("cancel-long-comment", most = MOST_COMMENT) });
        }
        errors
    }
}

/// Ends a cycle, and those beside it, in mid-period: what is unused is given back or kept, and its usage invoiced when the last of it has had
/// time to arrive, as at a period's end. Adds to the step what is invoiced now; the closings that wait are the caller's to keep.
pub(super) async fn end_cycle(
    desk: &mut Desk,
    step: &mut Step,
    cycle: &Cycle,
    at: Instant,
    wished: Unused,
    reading: &Reading,
) -> Result<Vec<Closing>, Refusal> {
    let s = &step.subscription;
    let basis = basis(desk, s, &[&s.terms], cycle.metered().map(|part| &part.price)).await?;
    let charged = charged_then(desk, s, at).await?;
    let unused = proration(desk)?.gives_back(wished);
    let waits = cycle.all().map(|cycle| grace(desk, cycle)).max().unwrap_or_default();
    let now = if waits > TimeDelta::zero() { cycle.unmetered() } else { cycle.clone() };
    let used = if now.metered().next().is_none() { Vec::new() } else { reading.running(desk, s, at).await? };
    let outcome = cancel(&basis, &s.terms, &now, at, unused, &charged, &used)?;
    let lines = drafts(desk, outcome.lines, &[&s.terms], Some(&now));
    step.billed.extend(billed(&now, None, &Ended { to: at, unused, stands: &outcome.stands }, &lines, &used)?);
    step.subscription.cycle = Some(outcome.cycle.unmetered());
    // With nothing to give back, the final invoice is the one that waits.
    if waits == TimeDelta::zero() || !lines.is_empty() {
        step.reason = Some(Reason::Final);
    }
    step.lines.extend(lines);
    let waiting = cycle.all().filter(|cycle| waits > TimeDelta::zero() && !cycle.open.is_empty());
    Ok(waiting.map(|cycle| Closing { cycle: cycle.alone(), until: at, unused, at: at + waits }).collect())
}

/// Works a cancellation out.
pub(super) async fn plan(desk: &mut Desk, subscription: &Subscription, request: &CancelRequest, at: Instant, reading: &Reading) -> Result<Step, Refusal> {
    let errors = request.check();
    if !errors.is_empty() {
        return Err(Refusal::Fields(errors));
    }
    // Refused here already where there is nothing to end.
    let ended = after(subscription.state, Happening::Cancel)?;
    let discounts = discounts::on(desk, subscription).await?;
    let mut step = Step::new(subscription.clone(), discounts);
    let s = &mut step.subscription;
    s.cancel_asked_at = Some(at);
    s.cancel_reason = request.reason.clone();
    s.cancel_comment = request.comment.clone();
    let end_at = match (subscription.state, &subscription.cycle) {
        (State::Trialing, _) => subscription.trial_end_at,
        (State::Scheduled, _) => None,
        // Nothing runs any more that could end later.
        (State::Paused, Some(cycle)) if cycle.metered().next().is_none() && cycle.whole.end <= at => None,
        (_, Some(cycle)) => Some(cycle.whole.end),
        (_, None) => None,
    };
    let data = json!({ "plan": subscription.terms.plan.key, "name": subscription.terms.plan.name, "reason": request.reason, "comment": request.comment, "end_at": end_at });
    if let (When::PeriodEnd, Some(end_at)) = (request.when, end_at) {
        s.cancel_at = Some(end_at);
        s.due_at = next_due(desk, s).await?;
        step.events.push(Event { kind: "subscription.cancellation_planned", data });
        return Ok(step);
    }

    s.state = ended;
    s.cancel_at = Some(at);
    s.ended_at = Some(at);
    s.scheduled = None;
    s.pause_at = None;
    if let Some(cycle) = subscription.cycle.clone().filter(|cycle| cycle.all().any(|cycle| cycle.period().contains(at))) {
        let closings = end_cycle(desk, &mut step, &cycle, at, request.unused, reading).await?;
        let lines = std::mem::take(&mut step.lines);
        close_early(desk, &mut step, reading).await?;
        step.subscription.closings.extend(closings);
        step.lines.extend(lines);
    }
    step.subscription.due_at = next_due(desk, &step.subscription).await?;
    step.events.push(Event { kind: "subscription.ended", data });
    Ok(step)
}

//! A pause: now, or from the period's end; what was paid for the time of it is given back or kept. And its end.

use billing::calendar::Instant;
use billing::invoice::Reason;
use billing::state::Event as Happening;
use billing::subscription::{Cycle, Unused, pause, resume};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::change::When;
use super::discounts;
use super::due::{after, close_early, next_due};
use super::record::Subscription;
use super::step::{Ended, Event, Reading, Step, basis, billed, charged_then, drafts};
use crate::services::{Desk, Refusal};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PauseRequest {
    pub when: When,
    pub unused: Unused,
}

/// Works a pause out.
pub(super) async fn plan(desk: &mut Desk, subscription: &Subscription, request: &PauseRequest, at: Instant, reading: &Reading) -> Result<Step, Refusal> {
    let paused = after(subscription.state, Happening::Pause)?;
    let Some(cycle) = subscription.cycle.clone() else { return Err(Refusal::damaged("an active subscription has a cycle")) };
    let discounts = discounts::on(desk, subscription).await?;
    let mut step = Step::new(subscription.clone(), discounts);
    step.subscription.pause_unused = Some(request.unused);
    let data = json!({ "plan": subscription.terms.plan.key, "name": subscription.terms.plan.name, "at": at });
    if request.when == When::PeriodEnd {
        step.subscription.pause_at = Some(cycle.whole.end);
        step.subscription.due_at = next_due(desk, &step.subscription).await?;
        step.events.push(Event { kind: "subscription.pause_planned", data: json!({ "at": cycle.whole.end }) });
        return Ok(step);
    }
    let basis = basis(desk, subscription, &[&subscription.terms], []).await?;
    let used = reading.running(desk, subscription, at).await?;
    let charged = charged_then(desk, subscription, at).await?;
    let outcome = pause(&basis, &subscription.terms, &cycle, at, request.unused, &charged, &used)?;
    let lines = drafts(desk, outcome.lines, &[&subscription.terms], Some(&cycle));
    let ended = Ended { to: at, unused: request.unused, stands: &outcome.stands };
    step.billed = billed(&cycle, Some(&outcome.cycle), &ended, &lines, &used)?;
    let s = &mut step.subscription;
    s.state = paused;
    s.paused_at = Some(at);
    s.pause_at = None;
    s.cycle = Some(outcome.cycle);
    if request.unused == Unused::Credited {
        close_early(desk, &mut step, reading).await?;
    }
    step.subscription.due_at = next_due(desk, &step.subscription).await?;
    step.reason = Some(Reason::Change);
    step.lines.extend(lines);
    step.events.push(Event { kind: "subscription.paused", data });
    Ok(step)
}

/// Works the end of a pause out: charged from now to the end of the period.
pub(super) async fn plan_resume(desk: &mut Desk, subscription: &Subscription, at: Instant) -> Result<Step, Refusal> {
    let discounts = discounts::on(desk, subscription).await?;
    let mut step = Step::new(subscription.clone(), discounts);
    let data = json!({ "plan": subscription.terms.plan.key, "name": subscription.terms.plan.name, "at": at });
    if subscription.pause_at.is_some() {
        // It has not begun: there is nothing to charge again.
        step.subscription.pause_at = None;
        step.subscription.due_at = next_due(desk, &step.subscription).await?;
        step.events.push(Event { kind: "subscription.pause_undone", data });
        return Ok(step);
    }
    let resumed = after(subscription.state, Happening::Resume)?;
    let Some(cycle) = subscription.cycle.clone() else { return Err(Refusal::damaged("a paused subscription has a cycle")) };
    let basis = basis(desk, subscription, &[&subscription.terms], []).await?;
    let charged = charged_then(desk, subscription, at).await?;
    let outcome = resume(&basis, &subscription.terms, &cycle, at, &charged)?;
    let lines = drafts(desk, outcome.lines, &[&subscription.terms], None);
    let s = &mut step.subscription;
    s.state = resumed;
    s.paused_at = None;
    s.pause_unused = None;
    s.cycle = Some(Cycle { before: None, ..outcome.cycle });
    step.reason = Some(Reason::Change);
    // What is charged again of a credit that waits for an ended period's usage is on one document with it.
    if lines.iter().any(|draft| draft.line.credits.is_some()) {
        close_early(desk, &mut step, &Reading::Fresh).await?;
    }
    step.lines.extend(lines);
    step.subscription.due_at = next_due(desk, &step.subscription).await?;
    step.events.push(Event { kind: "subscription.resumed", data });
    Ok(step)
}

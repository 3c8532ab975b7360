//! Taking a cancellation back: before the end takes effect it is undone; after it a new period begins.

use billing::calendar::{Anchor, Instant};
use billing::invoice::Reason;
use billing::state::{Event as Happening, State};
use billing::subscription::{Cycle, begin_all};
use serde_json::json;

use super::discounts;
use super::due::{after, next_due};
use super::record::Subscription;
use super::step::{Event, Step, basis, drafts};
use crate::services::{Desk, Refusal};

/// Works it out.
pub(super) async fn plan(desk: &mut Desk, subscription: &Subscription, at: Instant) -> Result<Step, Refusal> {
    let discounts = discounts::on(desk, subscription).await?;
    let mut step = Step::new(subscription.clone(), discounts);
    let s = &mut step.subscription;
    s.cancel_at = None;
    s.cancel_asked_at = None;
    s.cancel_reason = None;
    s.cancel_comment = None;
    let data = json!({ "plan": subscription.terms.plan.key, "name": subscription.terms.plan.name });
    if subscription.state != State::Cancelled && subscription.cancel_at.is_some() {
        s.due_at = next_due(desk, s).await?;
        step.events.push(Event { kind: "subscription.cancellation_undone", data });
        return Ok(step);
    }
    s.state = after(subscription.state, Happening::Reactivate)?;
    s.ended_at = None;
    s.trial_end_at = None;
    let cycle = Cycle::starting(Anchor::at(at, s.zone), s.terms.plan.interval, at)?;
    let basis = basis(desk, s, &[&s.terms], []).await?;
    let begun = begin_all(&basis, &s.terms, &cycle)?;
    s.cycle = Some(begun.cycle);
    s.due_at = next_due(desk, s).await?;
    step.lines = drafts(desk, begun.lines, &[&s.terms.clone()], None);
    step.reason = Some(Reason::Start);
    step.events.push(Event { kind: "subscription.reactivated", data });
    Ok(step)
}

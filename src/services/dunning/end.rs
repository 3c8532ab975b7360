//! The end of the grace: what it does to the subscriptions on an invoice that is still unpaid, and giving back what it took when the
//! invoice is settled after all.

use billing::dunning::{AtEnd, Owed};
use billing::state::State;
use billing::subscription::Unused;
use serde_json::json;

use super::case::{self, Case, CaseState, decide};
use super::step::Done;
use crate::sentence;
use crate::services::invoices::{self, By, Invoice, Issued};
use crate::services::subscriptions::{self, Action, CancelRequest, ChangeRequest, PauseRequest, Settle, Subscription, When};
use crate::services::{Desk, Refusal, catalog};

/// Why a subscription was cancelled, among the vendor's reasons.
const UNPAID: &str = "unpaid";

/// Does what the policy wants done with the subscriptions and with what is still due. It can be paid ever after, and then the case is recovered.
pub(super) async fn end(desk: &mut Desk, case: &mut Case, invoice: &Invoice, at_end: &AtEnd, owed: Owed) -> Result<Done, Refusal> {
    // Past due it is in any case: whoever owes is.
    invoices::note_unpaid(desk, &invoice.id).await?;
    let mut issued = Vec::new();
    let mut done_to = Vec::new();
    for s in subscriptions::on_invoice(desk, &invoice.id).await? {
        let Some(action) = action(desk, &s, at_end).await? else { continue };
        issued.extend(subscriptions::act(desk, &case.customer_id, &s.id, &action).await?);
        done_to.push(s.id);
    }
    if *at_end == AtEnd::PastDue {
        done_to = subscriptions::suspend(desk, &invoice.id).await?;
    }
    let done = close(desk, case, at_end.name()).await?;
    let written_off_minor = match owed {
        Owed::StaysDue => 0,
        // What was credited is not due any more.
        Owed::WrittenOff => {
            let left = invoices::load(desk, &invoice.id).await?;
            invoices::give_up(desk, &left, By::Dunning).await?
        }
    };
    let data = json!({
        "number": invoice.number, "at_end": at_end.name(), "due_minor": invoice.due_minor, "currency": invoice.currency, "subscriptions": done_to,
        "written_off_minor": written_off_minor,
    });
    desk.record("dunning.ended", Some(&case.customer_id), &invoice.id, data).await?;
    Ok(Done { issued, ..done })
}

/// What is done to a subscription; `None`: nothing, as it stands. What was charged for the time it cannot be used any more is taken back:
/// nobody owes for that.
async fn action(desk: &mut Desk, s: &Subscription, at_end: &AtEnd) -> Result<Option<Action>, Refusal> {
    let runs = matches!(s.state, State::Active | State::PastDue);
    Ok(match at_end {
        AtEnd::PastDue => None,
        AtEnd::Pause => runs.then_some(Action::Pause(PauseRequest { when: When::Now, unused: Unused::Credited })),
        AtEnd::Cancel => (runs || s.state == State::Paused)
            .then(|| Action::Cancel(CancelRequest { when: When::Now, unused: Unused::Credited, reason: Some(UNPAID.to_owned()), comment: None })),
        AtEnd::Downgrade(key) => {
            let plan = catalog::plan_by_key(desk, key).await?.ok_or_else(|| Refusal::Rule(sentence!("dunning-no-such-plan", plan = key)))?;
            (runs && plan.id != s.plan_id)
                .then(|| Action::Change(ChangeRequest { plan_id: Some(plan.id), when: When::Now, settle: Settle::Now, ..ChangeRequest::default() }))
        }
    })
}

/// The grace is over, and this was done.
pub(super) async fn close(desk: &mut Desk, case: &mut Case, ended_by: &str) -> Result<Done, Refusal> {
    // What was credited may have settled it.
    let now = case::load(desk, &case.id).await?;
    if now.state != CaseState::Open {
        *case = now;
        return Ok(Done::default());
    }
    (case.state, case.next) = (CaseState::Ended, None);
    (case.ended_at, case.ended_by, case.try_at) = (Some(desk.now.billing), Some(ended_by.to_owned()), None);
    case::save(desk, case).await?;
    decide(desk, case, "ended", ended_by, json!({})).await?;
    Ok(Done::default())
}

/// Settled after the end paused it: what the pause stopped goes on, charged from now to the period's end.
pub(super) async fn restore(desk: &mut Desk, case: &mut Case) -> Result<Done, Refusal> {
    let mut issued: Vec<Issued> = Vec::new();
    for s in subscriptions::on_invoice(desk, &case.invoice_id).await? {
        if s.state == State::Paused && !is_unpaid_otherwise(desk, case, &s).await? {
            issued.extend(subscriptions::act(desk, &case.customer_id, &s.id, &Action::Resume).await?);
        }
    }
    let done = close_restored(desk, case).await?;
    Ok(Done { issued, ..done })
}

/// Whether another of the customer's cases came to its end and is still unpaid: then the subscription waits for that one.
async fn is_unpaid_otherwise(desk: &mut Desk, case: &Case, s: &Subscription) -> Result<bool, Refusal> {
    for other in case::unpaid_of(desk, &case.customer_id).await? {
        let is_on_it = subscriptions::on_invoice(desk, &other.invoice_id).await?.iter().any(|on| on.id == s.id);
        if other.state == CaseState::Ended && is_on_it {
            return Ok(true);
        }
    }
    Ok(false)
}

pub(super) async fn close_restored(desk: &mut Desk, case: &mut Case) -> Result<Done, Refusal> {
    (case.state, case.next) = (CaseState::Recovered, None);
    case::save(desk, case).await?;
    decide(desk, case, "restored", "recovered", json!({})).await?;
    Ok(Done::default())
}

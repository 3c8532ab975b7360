//! What is due of dunning cases, done one step at a time, each as of the moment it is due.

use std::collections::BTreeSet;

use billing::dunning::{AtEnd, Next, Owed};
use serde_json::json;

use super::case::{self, Case, CaseState, NextStep, decide};
use super::end;
use super::note::{planned, replan};
use super::policy::policy;
use crate::platform::clock::{Instant, from_ms};
use crate::services::invoices::{self, Issued};
use crate::services::payments::{self, Sending};
use crate::services::subscriptions::word;
use crate::services::{Desk, Refusal, customers};
use crate::words::Sentence;

/// A case of which something is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    pub at: Instant,
    pub case_id: String,
    pub customer_id: String,
}

/// What a step came to.
#[derive(Default)]
pub struct Done {
    /// A payment that is to be sent once the transaction holds.
    pub sending: Option<Sending>,
    /// Documents it made.
    pub issued: Vec<Issued>,
}

/// Cases of which something is due by an instant, in due order. One whose payment is under way waits for what comes of it.
pub async fn due(desk: &mut Desk, until: Instant, at_most: i64) -> Result<Vec<Due>, Refusal> {
    let rows: Vec<(i64, String, String)> = desk
        .tx
        .all(
            "SELECT c.due_at, c.id, c.customer_id FROM dunning_cases c WHERE c.vendor_id = $1 AND c.due_at IS NOT NULL AND c.due_at <= $2
                AND NOT EXISTS (SELECT 1 FROM payments p WHERE p.vendor_id = c.vendor_id AND p.invoice_id = c.invoice_id AND p.status IN ('created', 'processing', 'needs_action'))
             ORDER BY c.due_at, c.id LIMIT $3 + 0",
            (desk.vendor.id.clone(), until.timestamp_millis(), at_most),
        )
        .await?;
    Ok(rows.into_iter().map(|(at, case_id, customer_id)| Due { at: from_ms(at), case_id, customer_id }).collect())
}

/// When something is first due of any case but some.
pub async fn first_due(desk: &mut Desk, but: &BTreeSet<String>) -> Result<Option<Instant>, Refusal> {
    let at_most = i64::try_from(but.len()).map_err(Refusal::damaged)?.saturating_add(1);
    Ok(due(desk, from_ms(i64::MAX), at_most).await?.into_iter().find(|due| !but.contains(&due.case_id)).map(|due| due.at))
}

/// Does what is due of a case at the desk's moment: nothing where another worker was faster, or where by now it is planned for later.
pub async fn step(desk: &mut Desk, case_id: &str) -> Result<Done, Refusal> {
    let Some(mut case) = locked(desk, case_id).await? else { return Ok(Done::default()) };
    let now = desk.now.billing;
    if case.state == CaseState::Restoring {
        return end::restore(desk, &mut case).await;
    }
    let policy = policy(desk).await?;
    let invoice = invoices::load(desk, &case.invoice_id).await?;
    if !policy.is_on {
        // Switched off meanwhile.
        return end::close(desk, &mut case, "nothing").await;
    }
    let plan = planned(desk, &case, &policy).await?;
    match plan.next() {
        next if next.at() > now => {
            replan(desk, &mut case, &policy).await?;
            case::save(desk, &case).await?;
            Ok(Done::default())
        }
        Next::Try(tried) => {
            case.turns = tried.methods;
            case.tries += 1;
            // Under way it waits; should its payments come to nothing unheard, it is looked at again.
            case.next = Some((now, NextStep::Try));
            (case.try_at, case.because) = (Some(now), word(tried.because)?);
            case::save(desk, &case).await?;
            let because = case.because.clone();
            decide(desk, &case, "tried", &because, json!({ "methods": case.turns, "try": case.tries, "amount_minor": invoice.due_minor })).await?;
            Ok(Done { sending: payments::begin_round(desk, &invoice).await?, issued: Vec::new() })
        }
        Next::Warn(_) => {
            case.warned_at = Some(now);
            decide(desk, &case, "warned", policy.at_end.name(), json!({ "ends_at": plan.end_at })).await?;
            let data = json!({ "number": invoice.number, "due_minor": invoice.due_minor, "ends_at": plan.end_at, "at_end": policy.at_end.name() });
            desk.record("dunning.last_warning", Some(&case.customer_id), &invoice.id, data).await?;
            replan(desk, &mut case, &policy).await?;
            case::save(desk, &case).await?;
            Ok(Done::default())
        }
        Next::End(_) => end::end(desk, &mut case, &invoice, &policy.at_end, policy.owed_at_end).await,
    }
}

/// The rules refused what the policy wants done at the end: the subscription gives no access, as with those of whom nothing else is
/// wanted, and why stands among the decisions. A try that was refused is no end: it stays due.
pub async fn give_up_end(desk: &mut Desk, case_id: &str, why: &Sentence) -> Result<Done, Refusal> {
    let Some(mut case) = locked(desk, case_id).await? else { return Ok(Done::default()) };
    let policy = policy(desk).await?;
    let is_end = case.state == CaseState::Restoring || matches!(planned(desk, &case, &policy).await?.next(), Next::End(_));
    if !is_end {
        return Err(Refusal::Rule(why.clone()));
    }
    decide(desk, &case, "not_done", policy.at_end.name(), json!({ "why": why.to_string() })).await?;
    if case.state == CaseState::Restoring {
        return end::close_restored(desk, &mut case).await;
    }
    let invoice = invoices::load(desk, &case.invoice_id).await?;
    end::end(desk, &mut case, &invoice, &AtEnd::PastDue, Owed::StaysDue).await
}

/// The case under its customer's lock, if something of it is due by now.
async fn locked(desk: &mut Desk, case_id: &str) -> Result<Option<Case>, Refusal> {
    let customer_id = case::load(desk, case_id).await?.customer_id;
    customers::hold(desk, &customer_id).await?;
    let case = case::load(desk, case_id).await?;
    let now = desk.now.billing;
    Ok(Some(case).filter(|case| case.next.is_some_and(|(at, _)| at <= now)))
}

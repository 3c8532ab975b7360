//! What happened to an invoice, noted in the transaction in which it does. Only failures and what was open before cost a statement: an
//! invoice that is paid at once knows nothing of dunning.

use std::collections::BTreeMap;

use billing::calendar::local_date;
use billing::dunning::{Because, Class, Failed, Next, Plan, Policy, Said, Turn, plan};
use serde_json::json;

use super::case::{self, Answer, Case, CaseState, NextStep, decide};
use super::policy::policy;
use crate::platform::clock::{Instant, from_ms};
use crate::services::invoices::{self, Owed};
use crate::services::payments::{self, DeclineReason, Method, MethodRole, Payment, Status};
use crate::services::subscriptions::word;
use crate::services::{Desk, Refusal, bank, customers};

/// Why a case is opened without a decline: there was nothing to charge.
pub const NO_METHOD: &str = "no_method";
/// What ended a case that the vendor gave up before its grace was over.
pub(super) const GIVEN_UP: &str = "written_off";

/// A payment of an invoice was declined, whoever asked for it. A method that was refused for good is not charged by itself any more.
pub(crate) async fn note_declined(desk: &mut Desk, payment: &Payment, invoice_id: &str, reason: DeclineReason) -> Result<(), Refusal> {
    let policy = policy(desk).await?;
    if !policy.is_on {
        return Ok(());
    }
    if reason.class() == Class::Hard {
        payments::note_refused(desk, &payment.method_id, reason).await?;
    }
    let Some(mut case) = case::of_invoice(desk, invoice_id).await? else { return Ok(()) };
    let at = desk.now.billing;
    hear(&mut case, &payment.method_id, reason, at);
    if case.state == CaseState::Open && payment.round.is_none() {
        // The customer tried: when it is tried next may be another day by that.
        replan(desk, &mut case, &policy).await?;
    }
    case::save(desk, &case).await
}

/// What was said of a method.
fn hear(case: &mut Case, method_id: &str, reason: DeclineReason, at: Instant) {
    let before = case.said.get(method_id).filter(|said| said.class() == reason.class()).map_or(0, |said| said.times);
    case.said.insert(method_id.to_owned(), Answer { reason, at: at.timestamp_millis(), times: before.saturating_add(1) });
}

/// Every method had its turn in a round of payments that nobody asked for, and none paid: `payments` are the invoice's.
pub(crate) async fn note_round_over(desk: &mut Desk, owed: &Owed, payments: &[Payment]) -> Result<(), Refusal> {
    let policy = policy(desk).await?;
    if !policy.is_on {
        return Ok(());
    }
    let mut case = match case::of_invoice(desk, &owed.invoice_id).await? {
        Some(case) => case,
        None => {
            let mut case = open(desk, owed, &policy, "declined").await?;
            let at = desk.now.billing;
            for payment in payments.iter().rev() {
                match &payment.status {
                    Status::Declined(reason) => hear(&mut case, &payment.method_id, *reason, at),
                    // The gateway would not even ask the bank.
                    Status::Cancelled => hear(&mut case, &payment.method_id, DeclineReason::ProcessingError, at),
                    _ => {}
                }
            }
            case
        }
    };
    if case.state == CaseState::Open {
        replan(desk, &mut case, &policy).await?;
    }
    case::save(desk, &case).await
}

/// Payment of an invoice is due, and nothing is under way to pay it.
pub(crate) async fn note_overdue(desk: &mut Desk, owed: &Owed) -> Result<(), Refusal> {
    let policy = policy(desk).await?;
    if !policy.is_on || case::of_invoice(desk, &owed.invoice_id).await?.is_some() {
        return Ok(());
    }
    let mut case = open(desk, owed, &policy, NO_METHOD).await?;
    let data = json!({ "number": owed.number, "reason": NO_METHOD, "due_minor": owed.due_minor });
    desk.record("invoice.payment_failed", Some(&owed.customer_id), &owed.invoice_id, data).await?;
    replan(desk, &mut case, &policy).await?;
    case::save(desk, &case).await
}

async fn open(desk: &mut Desk, owed: &Owed, policy: &Policy, because: &'static str) -> Result<Case, Refusal> {
    let now = desk.now.billing;
    let case = Case {
        id: desk.new_id("dun"),
        customer_id: owed.customer_id.clone(),
        invoice_id: owed.invoice_id.clone(),
        currency: owed.currency.clone(),
        amount_minor: owed.due_minor,
        state: CaseState::Open,
        next: Some((now, NextStep::Try)),
        opened_at: now,
        opened_on: local_date(now, desk.vendor.zone()?).to_string(),
        try_at: None,
        because: String::new(),
        tries: 0,
        said: BTreeMap::new(),
        turns: Vec::new(),
        warned_at: None,
        end_at: now,
        ended_at: None,
        ended_by: None,
        recovered_at: None,
        recovered_by: None,
        recovered_minor: 0,
    };
    case::insert(desk, &case).await?;
    let data = json!({ "amount_minor": case.amount_minor, "currency": case.currency, "grace_days": policy.grace_days, "at_end": policy.at_end.name() });
    decide(desk, &case, "opened", because, data).await?;
    Ok(case)
}

/// What the policy wants done about a case from now on.
pub(super) async fn planned(desk: &mut Desk, case: &Case, policy: &Policy) -> Result<Plan, Refusal> {
    let customer = customers::load(desk, &case.customer_id).await?;
    let due_at = invoices::load(desk, &case.invoice_id).await?.due_at;
    // While a certificate is waited for nothing is due of it, and the grace counts from then.
    let awaited_until = bank::certificate_until(desk, &case.invoice_id).await?;
    let (due_at, now) = awaited_until.map_or((due_at, desk.now.billing), |until| (due_at.max(until), desk.now.billing.max(until)));
    let on_file = payments::list(desk, &case.customer_id).await?;
    let disputed = payments::disputed_methods(desk, &case.customer_id).await?;
    let may_be_charged = |method: &Method| method.role != MethodRole::Kept && method.can_pay(&case.currency) && !disputed.contains(&method.id);
    let charged = on_file.into_iter().filter(may_be_charged);
    let turns = charged.map(|method| {
        let refused = method.refused.map(|reason| Answer { reason, at: case.opened_at.timestamp_millis(), times: 1 });
        let said = refused.or_else(|| case.said.get(&method.id).copied());
        Turn { said: said.map(|said| Said { class: said.class(), at: from_ms(said.at), times: said.times }), method: method.id }
    });
    let failed = Failed {
        first_at: case.opened_at,
        due_at,
        tries: u32::try_from(case.tries).map_err(Refusal::damaged)?,
        turns: turns.collect(),
        warned_at: case.warned_at,
    };
    plan(policy, &failed, now, customer.zone()?).map_err(|error| billing::Error::from(error).into())
}

/// Works out anew what is next of an open case, and logs it where it is something else.
pub(super) async fn replan(desk: &mut Desk, case: &mut Case, policy: &Policy) -> Result<(), Refusal> {
    let plan = planned(desk, case, policy).await?;
    let next = plan.next();
    let step = match next {
        Next::Try(_) => NextStep::Try,
        Next::Warn(_) => NextStep::Warn,
        Next::End(_) => NextStep::End,
    };
    case.next = Some((next.at(), step));
    case.end_at = plan.end_at;
    let (try_at, because, methods) = match &plan.tries {
        Ok(tried) => (Some(tried.at), word(tried.because)?, tried.methods.clone()),
        Err(why) => (None, word(why)?, Vec::new()),
    };
    if (case.try_at, &case.because) != (try_at, &because) {
        (case.try_at, case.because) = (try_at, because);
        let because = case.because.clone();
        match try_at {
            Some(at) => decide(desk, case, "try_planned", &because, json!({ "at": at, "methods": methods })).await?,
            None => decide(desk, case, "no_try", &because, json!({ "ends_at": plan.end_at })).await?,
        }
    }
    Ok(())
}

/// Nothing is due of an invoice any more. What brought it is told from its payments.
pub(crate) async fn note_settled(desk: &mut Desk, case_id: &str) -> Result<(), Refusal> {
    let mut case = case::load(desk, case_id).await?;
    let (recovered_minor, transferred_minor): (i64, i64) = desk
        .tx
        .one(
            "SELECT CAST(COALESCE(SUM(amount_minor), 0) AS BIGINT), CAST(COALESCE(SUM(CASE WHEN kind = 'transfer' THEN amount_minor END), 0) AS BIGINT)
             FROM allocations WHERE vendor_id = $1 AND invoice_id = $2 AND kind IN ('payment', 'transfer') AND allocated_at >= $3",
            (desk.vendor.id.clone(), case.invoice_id.clone(), case.opened_at.timestamp_millis()),
        )
        .await?;
    let last = payments::of_invoice(desk, &case.invoice_id).await?.into_iter().find(|payment| payment.status == Status::Succeeded);
    let by = match last {
        _ if recovered_minor == 0 => "other",
        // Nobody sends a transfer but the customer.
        _ if transferred_minor == recovered_minor => "customer",
        Some(payment) if payment.round.is_none() => "customer",
        Some(_) if case.because == "new_method" => "new_method",
        Some(_) => "retry",
        None => "other",
    };
    let now = desk.now.billing;
    let was_paused = matches!(case.state, CaseState::Ended | CaseState::WrittenOff) && case.ended_by.as_deref() == Some("pause");
    (case.state, case.next) = if was_paused { (CaseState::Restoring, Some((now, NextStep::Restore))) } else { (CaseState::Recovered, None) };
    (case.recovered_at, case.recovered_by, case.recovered_minor) = (Some(now), Some(by.to_owned()), recovered_minor);
    case.try_at = None;
    case::save(desk, &case).await?;
    decide(desk, &case, "recovered", by, json!({ "recovered_minor": recovered_minor, "currency": case.currency })).await?;
    let data = json!({ "case": case.id, "by": by, "recovered_minor": recovered_minor, "currency": case.currency, "ended_by": case.ended_by });
    desk.record("dunning.recovered", Some(&case.customer_id), &case.invoice_id, data).await?;
    if was_paused {
        desk.app.fell_due.notify_one();
    }
    Ok(())
}

/// What was due of an invoice is written off, by dunning or the vendor: nothing is done about it any more.
pub(crate) async fn note_written_off(desk: &mut Desk, invoice_id: &str, by: &str, amount_minor: i64) -> Result<(), Refusal> {
    let Some(mut case) = case::of_invoice(desk, invoice_id).await? else { return Ok(()) };
    if case.state == CaseState::Open {
        (case.ended_at, case.ended_by) = (Some(desk.now.billing), Some(GIVEN_UP.to_owned()));
    }
    (case.state, case.next, case.try_at) = (CaseState::WrittenOff, None, None);
    case::save(desk, &case).await?;
    decide(desk, &case, "written_off", by, json!({ "amount_minor": amount_minor, "currency": case.currency })).await
}

/// What was written off is due again: a case whose grace was over stands as it had ended, one that had been given up before goes on.
pub(crate) async fn note_due_again(desk: &mut Desk, case_id: &str) -> Result<(), Refusal> {
    let mut case = case::load(desk, case_id).await?;
    if case.state != CaseState::WrittenOff {
        return Ok(());
    }
    decide(desk, &case, "due_again", case.ended_by.as_deref().unwrap_or_default(), json!({})).await?;
    if case.ended_by.as_deref() == Some(GIVEN_UP) {
        (case.state, case.ended_at, case.ended_by) = (CaseState::Open, None, None);
        let policy = policy(desk).await?;
        replan(desk, &mut case, &policy).await?;
    } else {
        case.state = CaseState::Ended;
    }
    case::save(desk, &case).await
}

/// The rest of an invoice waits for a certificate of tax withheld: what is planned for it waits, too.
pub(crate) async fn note_certificate_awaited(desk: &mut Desk, invoice_id: &str) -> Result<(), Refusal> {
    let Some(mut case) = case::of_invoice(desk, invoice_id).await?.filter(|case| case.state == CaseState::Open) else { return Ok(()) };
    let policy = policy(desk).await?;
    replan(desk, &mut case, &policy).await?;
    case::save(desk, &case).await
}

/// What a customer's payments are charged to was changed: what is open may have something to try. `changed` is a method that stands as it did
/// not before, if one does. Its customer is locked.
pub async fn note_methods(desk: &mut Desk, customer_id: &str, changed: Option<&str>) -> Result<(), Refusal> {
    let cases = case::unpaid_of(desk, customer_id).await?;
    if cases.is_empty() {
        return Ok(());
    }
    let policy = policy(desk).await?;
    for mut case in cases {
        if let Some(method_id) = changed {
            case.said.remove(method_id);
        }
        if case.state == CaseState::Open {
            replan(desk, &mut case, &policy).await?;
        }
        case::save(desk, &case).await?;
    }
    desk.app.fell_due.notify_one();
    Ok(())
}

/// The invoice of a case is about to be charged to a method that is new, and to no other.
pub(crate) async fn note_new_method(desk: &mut Desk, case: &mut Case, method: &Method, due_minor: i64) -> Result<(), Refusal> {
    case.turns = vec![method.id.clone()];
    (case.try_at, case.because) = (None, word(Because::NewMethod)?);
    case::save(desk, case).await?;
    let because = case.because.clone();
    decide(desk, case, "tried", &because, json!({ "methods": case.turns, "amount_minor": due_minor })).await
}

/// The methods of the round that is under way for an invoice, in the order of their turns; `None`: of its first round, in which all have
/// their turn.
pub(crate) async fn turns_of(desk: &mut Desk, invoice_id: &str) -> Result<Option<Vec<String>>, Refusal> {
    Ok(case::of_invoice(desk, invoice_id).await?.map(|case| case.turns).filter(|turns| !turns.is_empty()))
}

//! What is not asked for any more: at the end of dunning or by the vendor's hand, in the books, as it is told, and paid after all.

use billing::dunning::{AtEnd, Owed, Policy};
use billing::ledger::Account;
use billing::state::State;
use portico::services::dunning::{self, CaseState};
use portico::services::invoices::{self, CreditRequest, Status};
use portico::services::payments::scripted::Script;
use portico::services::payments::{self, DeclineReason};
use portico::services::{balance, check, ledger};
use serde_json::json;

use super::APRIL;
use super::told::letter;
use crate::nordlicht::Nordlicht;

impl Nordlicht {
    /// April's invoice is declined, and at the end what is left of it is written off.
    async fn giving_up(at_end: AtEnd) -> Nordlicht {
        let told = Nordlicht::new().await;
        let mut desk = told.desk().await;
        let policy = Policy { at_end, owed_at_end: Owed::WrittenOff, ..Policy::default() };
        dunning::set_policy(&mut desk, &policy).await.unwrap();
        desk.commit().await.unwrap();
        told.bank.script(&told.id, Script::Declines(DeclineReason::Generic));
        told.go_to("2026-04-01T02:00:00+02:00").await;
        told
    }

    async fn status(&self, number: &str) -> Status {
        invoices::by_number(&mut self.desk().await, &self.id, number).await.unwrap().status
    }

    /// What customers owe by the ledger, and what is lost; everything agrees.
    async fn owed_and_lost(&self) -> (i64, i64) {
        self.agrees().await;
        let sums = ledger::sums(&mut self.desk().await).await.unwrap();
        (sums["EUR"][&Account::Receivable], sums["EUR"][&Account::WriteOffs])
    }
}

#[tokio::test]
async fn what_is_left_at_the_end_is_lost_and_a_payment_after_it_still_lands() {
    let at = Nordlicht::giving_up(AtEnd::Pause).await;
    at.go_to("2026-04-23T12:00:00+02:00").await;
    // The pause credited the days that could not be used: 9 of April's 30, less the hours before the end.
    let invoice = invoices::by_number(&mut at.desk().await, &at.id, APRIL).await.unwrap();
    let (lost, credited) = (invoice.written_off_minor, invoice.credited_minor);
    assert_eq!((invoice.status, invoice.due_minor, lost + credited), (Status::Uncollectible, 0, 4700));
    assert!(credited > 0 && lost > 0, "{invoice:?}");
    assert_eq!((at.owed_and_lost().await, at.state().await), ((0, lost), State::Paused));
    let case = at.case(APRIL).await;
    assert_eq!((case.state, case.ended_by.as_deref(), case.next), (CaseState::WrittenOff, Some("pause"), None));
    let decided = at.decided(APRIL).await;
    assert_eq!(decided[decided.len() - 2..], ["04-22 09:00 ended pause", "04-22 09:00 written_off dunning"]);
    // It is lost in the figures, and each opens to its case.
    let program = at.world.program("*").await;
    let april = program.get("/dunning-report").await.ok()["data"][0].clone();
    assert_eq!([&april["written_off"], &april["written_off_minor"], &april["ended"], &april["recovered"]], [&json!(1), &json!(lost), &json!(0), &json!(0)]);
    assert_eq!(program.get("/dunning-cases?state=written_off").await.ok()["data"].as_array().unwrap().len(), 1);

    // The customer reads what is true, once: nothing waits for them, and they may pay.
    let told = letter(&at, "was not paid").await;
    assert!(told.contains("Kestrel doesn’t ask for the") && told.contains("team is paused since 22 April"), "{told}");
    at.sign_in().await;
    let page = at.browser().get(&format!("/invoices/{APRIL}")).await;
    page.says("was not paid, and Kestrel doesn’t ask for it any more.");
    page.says("You can still pay it, if you want to.");
    page.says("Written off on 22 April");
    let overview = at.browser().get("/").await;
    assert!(!overview.text.contains("was declined") && !overview.text.contains("unpaid"), "{}", overview.text);

    // Nothing is charged by itself, and a new card pays nothing of it.
    at.bank.script(&at.id, Script::Succeeds);
    crate::nordlicht::add_card(&at.world, &at.id).await;
    at.go_to("2026-05-20T12:00:00+02:00").await;
    assert_eq!((at.taken(), at.status(APRIL).await), (vec![4700], Status::Uncollectible));
    at.sign_in().await;
    let paid = at.browser().post(&format!("/invoices/{APRIL}/pay"), &[]).await;
    assert_eq!((paid.status, at.taken()), (303, vec![4700, lost]));
    assert_eq!((at.status(APRIL).await, at.case(APRIL).await.recovered_minor), (Status::Paid, lost));
    assert_eq!(at.owed_and_lost().await, (0, 0));
    // What the pause stopped goes on.
    at.go_to("2026-05-20T12:01:00+02:00").await;
    assert_eq!((at.case(APRIL).await.state, at.state().await), (CaseState::Recovered, State::Active));
    at.agrees().await;
}

#[tokio::test]
async fn a_subscription_that_waits_for_its_money_forgives_none_of_it() {
    let at = Nordlicht::new().await;
    let program = at.world.program("*").await;
    let refused = program.patch("/dunning-policy", json!({ "owed_at_end": "written_off" })).await;
    assert_eq!(refused.problem().2, "/owed_at_end");
    let kept = program.patch("/dunning-policy", json!({ "owed_at_end": "written_off", "at_end": "cancel" })).await.ok();
    assert_eq!((&kept["owed_at_end"], &kept["at_end"]), (&json!("written_off"), &json!("cancel")));
    assert_eq!(program.patch("/dunning-policy", json!({ "owed_at_end": "forgiven" })).await.problem().2, "/owed_at_end");
}

#[tokio::test]
async fn a_vendor_gives_up_by_hand_and_asks_for_it_after_all() {
    let at = Nordlicht::declined(DeclineReason::Generic).await;
    let program = at.world.program("*").await;
    let path = format!("/invoices/{}/write-off", at.invoice_id(APRIL).await);
    assert_eq!(program.post(&path, json!({ "reason": " " })).await.problem(), (422, "fields", "/reason"));
    assert_eq!(program.post(&format!("{path}/take-back"), json!({ "reason": "x" })).await.problem().1, "conflict");
    assert_eq!(at.state().await, State::PastDue);
    let given_up = program.post(&path, json!({ "reason": "Bankrupt" })).await.ok();
    assert_eq!([&given_up["status"], &given_up["due_minor"], &given_up["written_off_minor"]], [&json!("uncollectible"), &json!(0), &json!(4700)]);
    assert_eq!(program.post(&path, json!({ "reason": "Again" })).await.problem().1, "rule");
    // Nobody is past due for what is not asked for, and nothing is tried any more.
    assert_eq!((at.state().await, at.case(APRIL).await.state, at.owed_and_lost().await), (State::Active, CaseState::WrittenOff, (0, 4700)));
    at.go_to("2026-04-20T12:00:00+02:00").await;
    assert_eq!(at.payments(APRIL).await.len(), 1);
    // The reason is the vendor's own.
    at.sign_in().await;
    let activity = at.browser().get("/account/activity").await;
    activity.says("€47.00 of invoice 2026-0002 was written off");
    assert!(!activity.text.contains("Bankrupt"));

    let due = program.post(&format!("{path}/take-back"), json!({ "reason": "They go on" })).await.ok();
    assert_eq!([&due["status"], &due["due_minor"], &due["written_off_minor"]], [&json!("open"), &json!(4700), &json!(0)]);
    let case = at.case(APRIL).await;
    assert!(case.state == CaseState::Open && case.next.is_some(), "{case:?}");
    assert_eq!(at.owed_and_lost().await, (4700, 0));
    at.bank.script(&at.id, Script::Succeeds);
    payments::pay(&at.errand(), &at.id, &at.invoice_id(APRIL).await, None, None).await.unwrap();
    assert_eq!((at.status(APRIL).await, at.owed_and_lost().await), (Status::Paid, (0, 0)));
}

/// Whoever has not paid gets nothing to their credit.
#[tokio::test]
async fn a_credit_note_of_what_is_written_off_takes_the_loss_back_and_gives_nothing() {
    let at = Nordlicht::declined(DeclineReason::Generic).await;
    let id = at.invoice_id(APRIL).await;
    let mut desk = at.desk().await;
    invoices::write_off(&mut desk, &id, "Bankrupt").await.unwrap();
    invoices::credit(&mut desk, &id, &CreditRequest::Amount(1_700)).await.unwrap();
    desk.commit().await.unwrap();
    assert_eq!((at.status(APRIL).await, at.owed_and_lost().await), (Status::Uncollectible, (0, 3_000)));
    let mut desk = at.desk().await;
    invoices::credit(&mut desk, &id, &CreditRequest::Whole).await.unwrap();
    assert_eq!(balance::total(&mut desk, &at.id, "EUR").await.unwrap(), 0);
    desk.commit().await.unwrap();
    assert_eq!((at.status(APRIL).await, at.owed_and_lost().await), (Status::Paid, (0, 0)));
    assert_eq!(at.case(APRIL).await.recovered_by.as_deref(), Some("other"));
}

#[tokio::test]
async fn whatever_is_broken_by_hand_in_write_offs_is_named() {
    let at = Nordlicht::declined(DeclineReason::Generic).await;
    let id = at.invoice_id(APRIL).await;
    let mut desk = at.desk().await;
    invoices::write_off(&mut desk, &id, "Bankrupt").await.unwrap();
    desk.commit().await.unwrap();
    at.agrees().await;
    for (by, table, says) in [
        ("UPDATE write_offs SET amount_minor = amount_minor + 1", "write_offs", "what its invoice was settled by it should be 4701"),
        ("UPDATE write_offs SET written_off_by = 'nobody'", "write_offs", "written_off_by should be dunning or vendor"),
        ("UPDATE allocations SET amount_minor = -1 WHERE kind = 'write_off'", "invoices", "ended_as"),
        ("UPDATE allocations SET write_off_id = 'wof_gone' WHERE kind = 'write_off'", "allocations", "write_off_id should be one of this vendor's write_offs"),
        ("UPDATE invoices SET ended_as = NULL", "invoices", "ended_as, with 0 due and 4700 written off, should be uncollectible and is nothing"),
        ("UPDATE invoices SET settled_at = issued_at", "invoices", "settled_at, with 0 due, should be nothing and is set"),
        ("DELETE FROM ledger_entries WHERE subject_id LIKE 'wof_%'", "ledger_entries", "receivable posted for it"),
        ("UPDATE dunning_cases SET state = 'ended'", "dunning_cases", "state, beside its invoice's, should be written_off and is ended"),
    ] {
        let mut tx = at.world.app.db.write().await.unwrap();
        tx.run(by, ()).await.unwrap();
        let broken = check::check_on(tx, &at.world.app).await.unwrap().broken.unwrap_or_else(|| panic!("{by}: nothing was found"));
        assert!(broken.table == table && broken.to_string().contains(says), "{by}: {broken}");
    }
}

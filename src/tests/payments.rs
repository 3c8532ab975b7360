//! Paying an invoice, dated: by itself and from the portal, with every answer a bank can give, every answer that can get lost, and a crash at
//! every step. Whatever happens, money moves once at most, and the customer reads what became of it.

use billing::state::State;
use chrono::Duration;
use portico::services::customers::Role;
use portico::services::invoices::{self, CreditRequest};
use portico::services::payments::gateway::{Charge, Outcome};
use portico::services::payments::scripted::Script;
use portico::services::payments::{self, Begun, Brand, DeclineReason, NewPayment, Pays, Status, declined_because};
use portico::services::{balance, ledger};
use portico::words::Words;

use crate::nordlicht::{Nordlicht, add_card};
use crate::world::Answer;

const PAY: &str = "/invoices/2026-0002/pay";

/// The page a form leads to.
async fn followed(at: &Nordlicht, answer: Answer) -> Answer {
    assert_eq!(answer.status, 303, "{}", answer.text);
    at.browser().get(answer.location()).await
}

#[tokio::test]
async fn an_overdue_invoice_is_repaired_in_one_step_and_the_plan_is_active_again() {
    let at = Nordlicht::past_due().await;
    let overview = at.browser().get("/").await;
    overview.says("Visa ending 4242 was declined for €47.00, invoice 2026-0002.");
    assert!(overview.text.contains(&format!("href=\"{PAY}\"")), "the repair is one click away");
    let page = at.browser().get(PAY).await;
    page.says("Pay €47.00 now.");
    let method = page.field("method").unwrap();
    let done = followed(&at, at.browser().post(PAY, &[("method", &method)]).await).await;
    done.says("You paid €47.00 from Visa ending 4242.");
    assert_eq!((at.taken(), at.due("2026-0002").await, at.state().await), (vec![4700, 4700], 0, State::Active));
    // What is paid can't be paid again: the button, pressed on a page that lay open, shows what became of it.
    let again = followed(&at, at.browser().post(PAY, &[("method", &method)]).await).await;
    again.says("You paid €47.00");
    assert_eq!(at.browser().get(PAY).await.location(), "/invoices/2026-0002");
    assert_eq!(at.taken().len(), 2);
}

#[tokio::test]
async fn every_decline_is_told_in_a_sentence_and_nothing_is_charged() {
    let at = Nordlicht::past_due().await;
    for reason in DeclineReason::ALL {
        at.bank.script(&at.id, Script::Declines(*reason));
        let declined = at.browser().post(PAY, &[]).await;
        assert_eq!(declined.status, 422, "{reason:?}");
        declined.says("€47.00 was not paid.");
        let sentence = declined_because(Words::of("en"), *reason);
        assert!(sentence.contains("Nothing was charged"), "{sentence}");
        declined.says(&sentence);
        assert!(declined.text.contains(&format!("action=\"{PAY}\"")), "{reason:?}: there is a way on");
    }
    assert_eq!((at.taken(), at.due("2026-0002").await), (vec![4700], 4700));
}

#[tokio::test]
async fn two_tabs_paying_one_invoice_are_one_charge() {
    let at = Nordlicht::past_due().await;
    let pay = || async { at.browser().clone().post(PAY, &[]).await };
    let (first, second, third) = tokio::join!(pay(), pay(), pay());
    for answer in [&first, &second, &third] {
        assert_eq!(answer.status, 303, "{}", answer.text);
        assert_eq!(answer.location(), first.location(), "all three see the one payment");
    }
    assert_eq!((at.taken(), at.due("2026-0002").await), (vec![4700, 4700], 0));
}

#[tokio::test]
async fn a_lost_answer_is_found_to_be_a_success() {
    let at = Nordlicht::past_due().await;
    at.bank.script(&at.id, Script::LosesAnswer);
    let answer = at.browser().post(PAY, &[]).await;
    let payment = at.payments("2026-0002").await.remove(0);
    assert_eq!((payment.status, at.due("2026-0002").await), (Status::Processing, 4700));
    // Another try meanwhile leads to the payment that is under way.
    assert_eq!(at.browser().post(PAY, &[]).await.location(), answer.location());
    let page = followed(&at, answer).await;
    page.says("You paid €47.00 from Visa ending 4242.");
    assert_eq!((at.taken(), at.due("2026-0002").await, at.state().await), (vec![4700, 4700], 0, State::Active));
}

#[tokio::test]
async fn a_lost_answer_is_found_to_be_a_decline() {
    let at = Nordlicht::past_due().await;
    at.bank.script(&at.id, Script::LosesDecline(DeclineReason::LostCard));
    let page = followed(&at, at.browser().post(PAY, &[]).await).await;
    page.says("€47.00 was not paid.");
    page.says("The bank no longer accepts this card.");
    assert_eq!((at.taken().len(), at.due("2026-0002").await), (1, 4700));
}

#[tokio::test]
async fn a_request_that_never_arrived_is_sent_again_under_its_key() {
    let at = Nordlicht::past_due().await;
    at.bank.script(&at.id, Script::LosesRequest);
    let page = followed(&at, at.browser().post(PAY, &[]).await).await;
    page.says("€47.00 is on its way.");
    page.says("It is charged once at most");
    at.bank.script(&at.id, Script::Succeeds);
    at.recover().await;
    assert_eq!(at.taken().len(), 1, "for a minute an answer may still be on its way");
    at.world.wait(Duration::seconds(61));
    at.recover().await;
    at.recover().await;
    let payment = at.payments("2026-0002").await.remove(0);
    assert_eq!((payment.status, payment.attempts, at.taken()), (Status::Succeeded, 2, vec![4700, 4700]));
}

#[tokio::test]
async fn a_success_found_after_the_invoice_was_settled_otherwise_is_the_customers_balance() {
    let at = Nordlicht::past_due().await;
    at.bank.script(&at.id, Script::LosesAnswer);
    at.browser().post(PAY, &[]).await;
    let invoice_id = at.invoice_id("2026-0002").await;
    let mut desk = at.desk().await;
    invoices::credit(&mut desk, &invoice_id, &CreditRequest::Amount(4700)).await.unwrap();
    desk.commit().await.unwrap();
    assert_eq!(at.state().await, State::Active);
    at.world.wait(Duration::seconds(61));
    at.recover().await;
    let mut desk = at.desk().await;
    assert_eq!(balance::total(&mut desk, &at.id, "EUR").await.unwrap(), 4700);
    assert_eq!(ledger::sums(&mut desk).await.unwrap()["EUR"].values().sum::<i64>(), 0);
    drop(desk);
    assert_eq!(at.taken(), [4700, 4700]);
}

#[tokio::test]
async fn a_decline_found_after_the_invoice_was_settled_otherwise_changes_nothing() {
    let at = Nordlicht::new().await;
    at.bank.script(&at.id, Script::LosesDecline(DeclineReason::Generic));
    at.go_to("2026-04-01T02:00:00+02:00").await;
    let invoice_id = at.invoice_id("2026-0002").await;
    let mut desk = at.desk().await;
    invoices::credit(&mut desk, &invoice_id, &CreditRequest::Amount(4700)).await.unwrap();
    desk.commit().await.unwrap();
    at.world.wait(Duration::seconds(61));
    at.recover().await;
    let payment = at.payments("2026-0002").await.remove(0);
    assert_eq!((payment.status, at.state().await), (Status::Declined(DeclineReason::Generic), State::Active));
    assert_eq!((at.events("invoice.payment_failed").await, at.taken().len()), (0, 1));
}

#[tokio::test]
async fn a_bank_that_asks_is_answered_and_the_invoice_is_paid() {
    let at = Nordlicht::past_due().await;
    at.bank.script(&at.id, Script::NeedsAction);
    let asked = at.browser().post(PAY, &[]).await;
    let path = asked.location().to_owned();
    let page = followed(&at, asked).await;
    page.says("Your bank wants you to confirm €47.00.");
    page.says("Nothing has been charged yet.");
    at.browser().get("/").await.says("Your bank wants you to confirm €47.00 from Visa ending 4242.");
    let key = at.payments("2026-0002").await.remove(0).id;
    at.bank.confirm(&key, Outcome::Succeeded);
    at.browser().get(&path).await.says("You paid €47.00 from Visa ending 4242.");
    assert_eq!((at.taken(), at.state().await), (vec![4700, 4700], State::Active));
}

#[tokio::test]
async fn a_bank_that_was_told_no_charges_nothing_and_another_card_may_pay() {
    let at = Nordlicht::past_due().await;
    let backup = at.backup().await;
    at.bank.script(&at.id, Script::NeedsAction);
    let path = at.browser().post(PAY, &[]).await.location().to_owned();
    let key = at.payments("2026-0002").await.remove(0).id;
    at.bank.confirm(&key, Outcome::Declined(DeclineReason::AuthenticationFailed));
    let page = at.browser().get(&path).await;
    page.says("The payment was not confirmed at the bank.");
    assert_eq!(page.field("method"), Some(backup.id.clone()), "the card that was just declined comes last");
    at.bank.script(&at.id, Script::Succeeds);
    let done = followed(&at, at.browser().post(PAY, &[("method", &backup.id)]).await).await;
    done.says("You paid €47.00 from Mastercard ending 4444.");
    assert_eq!(at.taken(), [4700, 4700]);
}

#[tokio::test]
async fn a_bank_that_is_never_answered_is_given_up_after_a_day_and_bars_nothing() {
    let at = Nordlicht::past_due().await;
    at.bank.script(&at.id, Script::NeedsAction);
    let path = at.browser().post(PAY, &[]).await.location().to_owned();
    at.world.wait(Duration::hours(23));
    at.recover().await;
    assert!(matches!(at.payments("2026-0002").await[0].status, Status::NeedsAction { .. }));
    at.world.wait(Duration::hours(2));
    at.recover().await;
    at.sign_in().await;
    at.browser().get(&path).await.says("The payment was stopped before the bank decided. Nothing was charged.");
    at.bank.script(&at.id, Script::Succeeds);
    followed(&at, at.browser().post(PAY, &[]).await).await;
    assert_eq!((at.taken(), at.due("2026-0002").await), (vec![4700, 4700], 0));
}

#[tokio::test]
async fn who_would_rather_pay_another_way_than_answer_the_bank_is_led_there() {
    let at = Nordlicht::past_due().await;
    at.bank.script(&at.id, Script::NeedsAction);
    let path = at.browser().post(PAY, &[]).await.location().to_owned();
    let stopped = at.browser().post(&format!("{path}/cancel"), &[]).await;
    assert_eq!((stopped.status, stopped.location()), (303, PAY));
    // Where the bank had said yes before, that is what counts.
    let path = at.browser().post(PAY, &[]).await.location().to_owned();
    let key = at.payments("2026-0002").await.remove(0).id;
    at.bank.confirm(&key, Outcome::Succeeded);
    let stopped = followed(&at, at.browser().post(&format!("{path}/cancel"), &[]).await).await;
    stopped.says("You paid €47.00");
    assert_eq!(at.taken(), [4700, 4700]);
}

#[tokio::test]
async fn where_the_default_declines_the_backup_pays_and_nobody_was_ever_past_due() {
    let at = Nordlicht::new().await;
    let backup = at.backup().await;
    at.bank.script(&at.methods().await[0].token, Script::Declines(DeclineReason::ExpiredCard));
    at.go_to("2026-04-01T02:00:00+02:00").await;
    let payments = at.payments("2026-0002").await;
    assert_eq!(payments.iter().map(|payment| payment.status.clone()).collect::<Vec<_>>(), [Status::Succeeded, Status::Declined(DeclineReason::ExpiredCard)]);
    assert_eq!((payments[0].method_id.as_str(), at.taken(), at.state().await), (backup.id.as_str(), vec![4700, 4700], State::Active));
    for never in ["subscription.past_due", "invoice.payment_failed"] {
        assert_eq!(at.events(never).await, 0, "{never}");
    }
}

#[tokio::test]
async fn past_due_begins_when_the_last_method_has_declined() {
    let at = Nordlicht::new().await;
    at.backup().await;
    at.bank.script(&at.id, Script::Declines(DeclineReason::InsufficientFunds));
    at.go_to("2026-04-01T02:00:00+02:00").await;
    assert_eq!((at.payments("2026-0002").await.len(), at.state().await), (2, State::PastDue));
    assert_eq!((at.events("payment.declined").await, at.events("invoice.payment_failed").await, at.events("subscription.past_due").await), (2, 1, 1));
    // Billing again tries nobody again: when to do that is not for the worker to guess.
    at.go_to("2026-04-02T02:00:00+02:00").await;
    at.recover().await;
    assert_eq!(at.payments("2026-0002").await.len(), 2);
    assert_eq!(at.taken().len(), 1);
}

#[tokio::test]
async fn a_crash_between_two_methods_forgets_neither() {
    let at = Nordlicht::new().await;
    let backup = at.backup().await;
    // The default's request is lost; its decline is written down when it is found, and there the worker dies.
    at.bank.script(&at.methods().await[0].token, Script::LosesDecline(DeclineReason::Generic));
    at.go_to("2026-04-01T02:00:00+02:00").await;
    let first = at.payments("2026-0002").await.remove(0);
    assert_eq!(first.status, Status::Processing);
    let declined = payments::ask(&at.errand(), &first).await.unwrap();
    assert_eq!((declined.status, at.state().await), (Status::Declined(DeclineReason::Generic), State::Active));
    assert_eq!(at.taken().len(), 1, "the backup was not charged yet");
    at.world.wait(Duration::seconds(61));
    at.recover().await;
    at.recover().await;
    let payments = at.payments("2026-0002").await;
    assert_eq!((payments.len(), payments[0].method_id.as_str()), (2, backup.id.as_str()));
    assert_eq!((at.taken(), at.due("2026-0002").await, at.state().await), (vec![4700, 4700], 0, State::Active));
}

#[tokio::test]
async fn a_decline_found_late_hands_on_to_the_backup_at_once() {
    let at = Nordlicht::new().await;
    at.backup().await;
    at.bank.script(&at.methods().await[0].token, Script::LosesDecline(DeclineReason::Generic));
    at.go_to("2026-04-01T02:00:00+02:00").await;
    at.world.wait(Duration::seconds(61));
    at.recover().await;
    assert_eq!((at.taken(), at.due("2026-0002").await), (vec![4700, 4700], 0));
}

/// A payment of April's invoice whose row stands, and nothing else: the program died before it called the gateway.
async fn died_before_the_call(at: &Nordlicht) -> String {
    let invoice_id = at.invoice_id("2026-0002").await;
    let mut desk = at.desk().await;
    let new = NewPayment {
        customer_id: at.id.clone(),
        pays: Pays::Invoice(invoice_id),
        method_id: None,
        who: payments::Customer::Present,
        round: None,
        amount_minor: 4700,
        currency: "EUR".into(),
    };
    let payment = payments::open(&mut desk, &new).await.unwrap();
    desk.commit().await.unwrap();
    payment.id
}

#[tokio::test]
async fn a_crash_before_the_gateway_is_called_is_made_good() {
    let at = Nordlicht::past_due().await;
    let payment_id = died_before_the_call(&at).await;
    // Meanwhile nobody can pay a second time.
    assert_eq!(at.browser().post(PAY, &[]).await.location(), format!("/payments/{payment_id}"));
    at.world.wait(Duration::seconds(61));
    at.recover().await;
    at.recover().await;
    assert_eq!((at.taken(), at.due("2026-0002").await, at.state().await), (vec![4700, 4700], 0, State::Active));
}

#[tokio::test]
async fn a_crash_after_the_record_leaves_nothing_to_do() {
    let at = Nordlicht::past_due().await;
    let payment_id = died_before_the_call(&at).await;
    let charge = Charge { reference: "test_ch_1".into(), amount_minor: 4700, currency: "EUR".into(), outcome: Outcome::Succeeded };
    // The gateway's answer, told three times by whoever tells it.
    for _ in 0..3 {
        let mut desk = at.desk().await;
        payments::record(&mut desk, &payment_id, &charge).await.unwrap();
        desk.commit().await.unwrap();
    }
    at.world.wait(Duration::seconds(61));
    at.recover().await;
    let invoice_id = at.invoice_id("2026-0002").await;
    assert!(matches!(payments::begin_collecting(&mut at.desk().await, &invoice_id).await.unwrap(), Begun::NothingDue));
    assert_eq!((at.taken().len(), at.due("2026-0002").await), (1, 0));
    let mut desk = at.desk().await;
    let paid = invoices::by_number(&mut desk, &at.id, "2026-0002").await.unwrap();
    assert_eq!((paid.paid_minor, balance::total(&mut desk, &at.id, "EUR").await.unwrap()), (4700, 0));
}

#[tokio::test]
async fn an_invoice_that_nobody_collected_is_collected_though_the_customer_tried_and_failed() {
    let at = Nordlicht::past_due().await;
    let mut desk = at.desk().await;
    invoices::charge(&mut desk, &at.id, 1000, "Onboarding").await.unwrap();
    desk.commit().await.unwrap();
    at.world.wait(Duration::seconds(1));
    // Issued, and the worker dies before it collects.
    let mut desk = at.desk().await;
    let now = desk.now.billing;
    portico::services::subscriptions::run_due(&mut desk, std::slice::from_ref(&at.id), now).await.unwrap();
    desk.commit().await.unwrap();
    at.bank.script(&at.id, Script::Declines(DeclineReason::Generic));
    assert_eq!(at.browser().post("/invoices/2026-0003/pay", &[]).await.status, 422);
    at.bank.script(&at.id, Script::Succeeds);
    at.go_to("2026-04-01T03:00:00+02:00").await;
    assert_eq!((at.taken(), at.due("2026-0003").await), (vec![4700, 1000], 0));
}

#[tokio::test]
async fn who_only_views_can_pay_nothing() {
    let at = Nordlicht::past_due().await;
    let viewer = at.world.member("vera@nordlicht.example", &at.id, Role::Viewer).await;
    assert_eq!(viewer.browser.get("/invoices/2026-0002").await.status, 200);
    for answer in [viewer.browser.get(PAY).await, viewer.browser.post(PAY, &[]).await] {
        assert_eq!(answer.status, 403);
        answer.says("Your role doesn’t allow this.");
    }
    at.bank.script(&at.id, Script::NeedsAction);
    at.sign_in().await;
    let path = at.browser().post(PAY, &[]).await.location().to_owned();
    assert_eq!(viewer.browser.get(&path).await.status, 200);
    assert_eq!(viewer.browser.post(&format!("{path}/cancel"), &[]).await.status, 403);
    assert!(matches!(at.payments("2026-0002").await[0].status, Status::NeedsAction { .. }));
    assert_eq!(at.taken().len(), 1);
}

#[tokio::test]
async fn a_card_that_is_not_the_customers_can_pay_nothing() {
    let at = Nordlicht::past_due().await;
    let other = at.world.customer("Südwind").await;
    at.bank.hand_out(Brand::Amex, "0005", 12, 2099);
    let theirs = add_card(&at.world, &other).await;
    assert_eq!(at.browser().post(PAY, &[("method", &theirs.id)]).await.status, 404);
    assert_eq!((at.taken().len(), at.payments("2026-0002").await.len()), (1, 1));
}

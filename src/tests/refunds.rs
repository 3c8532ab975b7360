//! Money that goes back, and methods the gateway is to forget: work left in the outbox, done at least once and never twice.

use billing::ledger::Account;
use chrono::Duration;
use portico::services::invoices::{self, CreditRequest};
use portico::services::payments::scripted::{RefundScript, Script};
use portico::services::payments::{self, DeclineReason};
use portico::services::{Refusal, balance, ledger};

use crate::nordlicht::{Nordlicht, add_card};

impl Nordlicht {
    /// A credit note whose money goes back; its number.
    async fn refund(&self, number: &str, amount_minor: Option<i64>) -> Result<String, Refusal> {
        let invoice_id = self.invoice_id(number).await;
        let mut desk = self.desk().await;
        let note = invoices::credit(&mut desk, &invoice_id, &CreditRequest::Refund(amount_minor)).await?;
        desk.commit().await?;
        Ok(note.number)
    }

    /// What went back, in order.
    fn given_back(&self) -> Vec<i64> {
        self.bank.given_back().into_iter().map(|(_, amount_minor)| amount_minor).collect()
    }

    /// The balance, and what the ledger's cash comes to; the ledger balances.
    async fn books(&self) -> (i64, i64) {
        let mut desk = self.desk().await;
        let sums = ledger::sums(&mut desk).await.unwrap();
        assert_eq!(sums["EUR"].values().sum::<i64>(), 0);
        let balance = balance::total(&mut desk, &self.id, "EUR").await.unwrap();
        assert_eq!(sums["EUR"][&Account::CustomerBalance], -balance);
        (balance, sums["EUR"][&Account::Cash])
    }

    async fn undelivered(&self) -> i64 {
        let mut desk = self.desk().await;
        let (left,): (i64,) =
            desk.tx.one("SELECT COUNT(*) FROM outbox WHERE vendor_id = $1 AND done_at IS NULL", (self.world.vendor.id.clone(),)).await.unwrap();
        left
    }
}

#[tokio::test]
async fn a_refund_goes_back_to_the_payment_that_paid() {
    let at = Nordlicht::new().await;
    let note = at.refund("2026-0001", Some(1200)).await.unwrap();
    let path = format!("/invoices/{note}");
    assert_eq!(at.given_back(), [0; 0]);
    assert!(at.browser().get(&path).await.text.contains("<b>€12.00</b> is on its way back to where it was paid from."));
    at.deliver().await;
    assert!(at.browser().get(&path).await.text.contains("<b>€12.00</b> went back on"));
    assert_eq!((at.given_back(), at.undelivered().await, at.books().await), (vec![1200], 0, (0, 3500)));
    at.refund("2026-0001", None).await.unwrap();
    at.deliver().await;
    at.deliver().await;
    assert_eq!((at.given_back(), at.books().await), (vec![1200, 3500], (0, 0)));
    assert_eq!(at.events("refund.succeeded").await, 2);
    assert!(at.refund("2026-0001", Some(1)).await.is_err());
    let log = at.browser().get("/account/activity").await;
    assert!(log.text.contains("€12.00 of invoice 2026-0001 went back to you"), "{}", log.text);
}

#[tokio::test]
async fn an_invoice_paid_in_parts_gives_back_the_last_part_first_and_no_part_more_than_it_paid() {
    let at = Nordlicht::past_due().await;
    // 17.00 of April's 47.00 were paid by a payment whose answer came when the rest had been credited away, 10.00 by another.
    let invoice_id = at.invoice_id("2026-0002").await;
    for amount_minor in [1700, 1000] {
        let mut desk = at.desk().await;
        let new = payments::NewPayment {
            customer_id: at.id.clone(),
            pays: payments::Pays::Invoice(invoice_id.clone()),
            method_id: None,
            who: payments::Customer::Present,
            round: None,
            amount_minor,
            currency: "EUR".into(),
        };
        let payment = payments::open(&mut desk, &new).await.unwrap();
        desk.commit().await.unwrap();
        payments::send(&at.errand(), &payment.id, payments::Customer::Absent, "2026-0002").await.unwrap();
        at.world.wait(Duration::minutes(1));
    }
    assert_eq!(at.due("2026-0002").await, 2000);
    at.refund("2026-0002", Some(1500)).await.unwrap();
    at.refund("2026-0002", Some(1200)).await.unwrap();
    at.deliver().await;
    assert_eq!(at.given_back(), [1000, 500, 1200], "10.00 and 5.00 of the first refund, then the rest of the older payment");
    assert!(at.refund("2026-0002", Some(1)).await.is_err());
    assert_eq!(at.books().await, (0, 4700));
}

#[tokio::test]
async fn a_refund_whose_answer_was_lost_is_asked_for_and_goes_back_once() {
    for lost in [RefundScript::LosesAnswer, RefundScript::LosesRequest, RefundScript::Pends] {
        let at = Nordlicht::new().await;
        at.bank.script_refunds(lost);
        at.refund("2026-0001", Some(1200)).await.unwrap();
        at.deliver().await;
        assert_eq!((at.undelivered().await, at.events("refund.succeeded").await), (1, 0), "{lost:?}");
        at.bank.script_refunds(RefundScript::Succeeds);
        at.world.wait(Duration::minutes(1));
        at.deliver().await;
        assert_eq!((at.given_back(), at.undelivered().await, at.events("refund.succeeded").await), (vec![1200], 0, 1), "{lost:?}");
        assert_eq!(at.books().await, (0, 3500));
    }
}

#[tokio::test]
async fn a_refund_that_takes_the_bank_two_weeks_is_found_out() {
    let at = Nordlicht::new().await;
    at.bank.script_refunds(RefundScript::Pends);
    at.refund("2026-0001", Some(1200)).await.unwrap();
    for _ in 0..28 {
        at.deliver().await;
        at.world.wait(Duration::hours(12));
    }
    at.bank.script_refunds(RefundScript::Succeeds);
    at.world.wait(Duration::days(1));
    at.deliver().await;
    assert_eq!((at.given_back(), at.undelivered().await, at.events("refund.succeeded").await), (vec![1200], 0, 1));
}

#[tokio::test]
async fn two_workers_at_one_refund_give_back_once() {
    let at = Nordlicht::new().await;
    at.refund("2026-0001", None).await.unwrap();
    let note = {
        let mut desk = at.desk().await;
        invoices::by_number(&mut desk, &at.id, "CN-2026-0001").await.unwrap().id
    };
    let errand = at.errand();
    let (first, second) = tokio::join!(payments::give_back(&errand, &note), payments::give_back(&errand, &note));
    first.and(second).unwrap();
    // The worker that died after the gateway's answer: its claim runs out, and another comes.
    at.deliver().await;
    assert_eq!((at.given_back(), at.events("refund.succeeded").await, at.undelivered().await), (vec![4700], 1, 0));
}

#[tokio::test]
async fn a_refund_the_card_takes_no_more_is_in_the_balance_and_pays_the_next_invoice() {
    let at = Nordlicht::new().await;
    at.bank.script_refunds(RefundScript::Refuses);
    let note = at.refund("2026-0001", Some(1200)).await.unwrap();
    at.deliver().await;
    at.deliver().await;
    assert_eq!((at.given_back(), at.undelivered().await, at.events("refund.refused").await), (vec![], 0, 1));
    assert_eq!(at.books().await, (1200, 4700));
    let page = at.browser().get(&format!("/invoices/{note}")).await;
    assert!(page.text.contains("</b> was credited to you") && !page.text.contains("to where it was paid from"), "{}", page.text);
    at.go_to("2026-04-01T02:00:00+02:00").await;
    assert_eq!((at.taken(), at.books().await), (vec![4700, 3500], (0, 8200)));
    // April's may still go back, also to that card's successor.
    at.bank.script_refunds(RefundScript::Succeeds);
    at.refund("2026-0002", None).await.unwrap();
    at.deliver().await;
    assert_eq!(at.given_back(), [3500]);
}

#[tokio::test]
async fn a_transfer_that_was_booked_has_no_way_back_but_the_balance() {
    let at = Nordlicht::past_due().await;
    let invoice_id = at.invoice_id("2026-0002").await;
    let mut desk = at.desk().await;
    invoices::record_payment(&mut desk, &invoice_id, "transfer-1", 4700).await.unwrap();
    desk.commit().await.unwrap();
    at.refund("2026-0002", Some(2000)).await.unwrap();
    at.deliver().await;
    assert_eq!((at.given_back(), at.undelivered().await, at.books().await), (vec![], 0, (2000, 9400)));
}

#[tokio::test]
async fn the_gateway_forgets_a_method_that_was_taken_off_file() {
    let at = Nordlicht::new().await;
    let backup = at.backup().await;
    let mut desk = at.desk().await;
    payments::remove(&mut desk, &at.id, &backup.id).await.unwrap();
    desk.commit().await.unwrap();
    assert!(at.bank.detached().is_empty());
    at.deliver().await;
    assert_eq!((at.bank.detached(), at.undelivered().await), (vec![backup.token], 0));
    // The rest goes on being charged.
    at.go_to("2026-04-01T02:00:00+02:00").await;
    assert_eq!(at.taken(), [4700, 4700]);
}

#[tokio::test]
async fn a_card_that_took_the_place_of_another_pays_and_the_other_is_forgotten() {
    let at = Nordlicht::past_due().await;
    let old = at.methods().await.remove(0);
    at.bank.script(&old.token, Script::Declines(DeclineReason::StolenCard));
    let setup = payments::start_setup(&at.errand(), &at.id, payments::Wanted { replaces: Some(&old.id), ..payments::Wanted::CARD }).await.unwrap();
    payments::finish_setup(&at.errand(), &at.id, &setup.setup_id).await.unwrap();
    let extra = add_card(&at.world, &at.id).await;
    assert_eq!(at.methods().await.iter().map(|method| method.is_default()).collect::<Vec<_>>(), [true, false]);
    assert_ne!(at.methods().await[0].id, extra.id);
    at.deliver().await;
    assert_eq!(at.bank.detached(), [old.token]);
    assert_eq!(at.browser().post("/invoices/2026-0002/pay", &[]).await.status, 303);
    assert_eq!(at.taken(), [4700, 4700]);
}

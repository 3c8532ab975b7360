//! Our payments beside the gateway's, each way they can differ brought about on purpose: what is certain is put right, the rest is named.

use billing::ledger::Account;
use chrono::Duration;
use portico::services::invoices::{self, CreditRequest};
use portico::services::ledger;
use portico::services::payments::gateway::{Charge, Outcome, Refund, RefundOutcome};
use portico::services::payments::scripted::{RefundScript, Script};
use portico::services::payments::{self, DeclineReason, DifferenceKind, Reconciliation};
use portico::worker::reconcile::reconcile_due;
use serde_json::json;

use crate::nordlicht::Nordlicht;

impl Nordlicht {
    async fn reconcile(&self) -> Reconciliation {
        payments::reconcile(&self.errand(), None).await.unwrap()
    }

    /// Kinds of the differences, and whether each was put right.
    async fn differences(&self) -> Vec<(DifferenceKind, bool)> {
        self.reconcile().await.differences.iter().map(|difference| (difference.kind, difference.is_mended)).collect()
    }

    /// The payment of March.
    fn march(&self) -> String {
        self.bank.taken()[0].0.clone()
    }

    /// What the gateway has of March, changed.
    fn rewrite_march(&self, change: impl FnOnce(Charge) -> Option<Charge>) {
        let key = self.march();
        let charge = Charge { reference: format!("test_ch_{key}"), amount_minor: 4700, currency: "EUR".into(), outcome: Outcome::Succeeded };
        self.bank.rewrite(&key, change(charge));
    }

    async fn cash(&self) -> i64 {
        ledger::sums(&mut self.desk().await).await.unwrap()["EUR"][&Account::Cash]
    }

    /// €12.00 of March go back; the id of the refund.
    async fn give_back(&self) -> String {
        let invoice_id = self.invoice_id("2026-0001").await;
        let mut desk = self.desk().await;
        invoices::credit(&mut desk, &invoice_id, &CreditRequest::Refund(Some(1200))).await.unwrap();
        desk.commit().await.unwrap();
        self.deliver().await;
        let mut desk = self.desk().await;
        let (id,): (String,) = desk.tx.one("SELECT id FROM refunds WHERE vendor_id = $1", (self.world.vendor.id.clone(),)).await.unwrap();
        id
    }
}

#[tokio::test]
async fn books_that_agree_have_nothing_to_tell() {
    let at = Nordlicht::new().await;
    at.give_back().await;
    let came = at.reconcile().await;
    assert_eq!((came.gateway.as_str(), came.charges, came.refunds, came.differences), ("scripted", 1, 1, Vec::new()));
    assert_eq!(at.events("reconciliation.differed").await, 0);
    // Once a day by itself.
    assert_eq!(reconcile_due(&at.world.app).await, 0);
    at.world.wait(Duration::hours(24));
    assert_eq!((reconcile_due(&at.world.app).await, reconcile_due(&at.world.app).await), (1, 0));
}

#[tokio::test]
async fn what_the_gateway_took_and_we_did_not_hear_of_is_put_right() {
    for lost in [Script::LosesAnswer, Script::Pends] {
        let at = Nordlicht::new().await;
        at.bank.script(&at.id, lost.clone());
        at.go_to("2026-04-01T02:00:00+02:00").await;
        let key = at.payments("2026-0002").await[0].id.clone();
        at.bank.confirm(&key, Outcome::Succeeded);
        assert_eq!(at.due("2026-0002").await, 4700, "{lost:?}");
        assert_eq!(at.differences().await, [(DifferenceKind::PaidThere, true)], "{lost:?}");
        assert_eq!((at.due("2026-0002").await, at.cash().await), (0, 9400));
        assert_eq!(at.differences().await, []);
    }
    // Also what was declined for all we know.
    let at = Nordlicht::past_due().await;
    let declined = at.payments("2026-0002").await[0].clone();
    let charge = Charge { reference: declined.reference.unwrap(), amount_minor: 4700, currency: "EUR".into(), outcome: Outcome::Succeeded };
    at.bank.rewrite(&declined.id, Some(charge));
    assert_eq!(at.differences().await, [(DifferenceKind::PaidThere, true)]);
    assert_eq!((at.due("2026-0002").await, at.cash().await), (0, 9400));
}

#[tokio::test]
async fn what_the_gateway_declined_and_we_wait_for_is_put_right() {
    let at = Nordlicht::new().await;
    at.bank.script(&at.id, Script::LosesDecline(DeclineReason::InsufficientFunds));
    at.go_to("2026-04-01T02:00:00+02:00").await;
    assert_eq!(at.differences().await, [(DifferenceKind::DeclinedThere, true)]);
    assert!(matches!(at.payments("2026-0002").await[0].status, payments::Status::Declined(DeclineReason::InsufficientFunds)));
    assert_eq!((at.differences().await, at.cash().await), (vec![], 4700));
}

#[tokio::test]
async fn what_only_a_person_can_decide_is_named_with_its_next_step() {
    let at = Nordlicht::new().await;
    let key = at.march();
    let expect = async |kind: DifferenceKind, says: &str| {
        let came = at.reconcile().await;
        let [only] = came.differences.as_slice() else { panic!("{:?}", came.differences) };
        assert_eq!((only.kind, only.is_mended), (kind, false));
        assert!(only.sentence().to_string().contains(says), "{}", only.sentence());
        assert!(only.next_step().to_string().len() > 10);
        assert_eq!(at.cash().await, 4700, "nothing was moved");
    };
    at.rewrite_march(|_| None);
    expect(DifferenceKind::PaidHere, "We count €47.00 as paid by pay_").await;
    at.rewrite_march(|charge| Some(Charge { outcome: Outcome::Declined(DeclineReason::Generic), ..charge }));
    expect(DifferenceKind::PaidHere, "the gateway took nothing").await;
    at.rewrite_march(|charge| Some(Charge { amount_minor: 4800, ..charge }));
    expect(DifferenceKind::AmountDiffers, "took €48.00").await;
    at.rewrite_march(|charge| Some(Charge { currency: "USD".into(), ..charge }));
    expect(DifferenceKind::CurrencyDiffers, "in another currency").await;
    at.rewrite_march(Some);
    at.bank.rewrite("pay_never", Some(Charge { reference: "test_ch_never".into(), amount_minor: 100, currency: "EUR".into(), outcome: Outcome::Succeeded }));
    expect(DifferenceKind::ChargeUnknown, "took €1.00 by test_ch_never").await;
    at.bank.rewrite("pay_never", None);
    // At the gateway's own desk.
    let refund = |outcome| Refund { reference: "test_re_x".into(), outcome };
    at.bank.rewrite_refund("desk", Some((format!("test_ch_{key}"), 500, refund(RefundOutcome::Succeeded))));
    expect(DifferenceKind::RefundUnknown, "€5.00 of pay_").await;
    at.bank.rewrite_refund("desk", Some(("test_ch_of_others".into(), 500, refund(RefundOutcome::Succeeded))));
    assert_eq!(at.differences().await, [], "of a charge that is none of ours");
    at.bank.rewrite_refund("desk", None);
    // In the ledger.
    let mut desk = at.desk().await;
    desk.tx.run("UPDATE ledger_entries SET amount_minor = 4600 WHERE vendor_id = $1 AND account = 'cash'", (desk.vendor.id.clone(),)).await.unwrap();
    desk.commit().await.unwrap();
    let came = at.reconcile().await;
    assert_eq!(came.differences[0].kind, DifferenceKind::LedgerDiffers);
    assert!(came.differences[0].sentence().to_string().contains("The ledger has €46.00"), "{}", came.differences[0].sentence());
}

#[tokio::test]
async fn refunds_are_compared_both_ways() {
    let at = Nordlicht::new().await;
    at.bank.script_refunds(RefundScript::LosesAnswer);
    let id = at.give_back().await;
    assert_eq!(at.differences().await, [(DifferenceKind::RefundDecidedThere, true)]);
    assert_eq!((at.differences().await, at.events("refund.succeeded").await), (vec![], 1));
    at.world.wait(Duration::minutes(5));
    at.deliver().await;
    assert_eq!((at.bank.given_back().len(), at.events("refund.succeeded").await), (1, 1), "the outbox finds it done");

    let of = format!("test_ch_{}", at.march());
    let rewrite = |amount_minor, outcome| at.bank.rewrite_refund(&id, Some((of.clone(), amount_minor, Refund { reference: format!("test_re_{id}"), outcome })));
    at.bank.rewrite_refund(&id, None);
    assert_eq!(at.differences().await, [(DifferenceKind::RefundedHere, false)]);
    rewrite(1200, RefundOutcome::Refused);
    assert_eq!(at.differences().await, [(DifferenceKind::RefundedHere, false)]);
    rewrite(1300, RefundOutcome::Succeeded);
    assert_eq!(at.differences().await, [(DifferenceKind::RefundAmountDiffers, false)]);
    rewrite(1200, RefundOutcome::Succeeded);
    assert_eq!(at.differences().await, []);

    let at = Nordlicht::new().await;
    at.bank.script_refunds(RefundScript::Refuses);
    let id = at.give_back().await;
    assert_eq!(at.differences().await, []);
    let refund = Refund { reference: format!("test_re_{id}"), outcome: RefundOutcome::Succeeded };
    at.bank.rewrite_refund(&id, Some((format!("test_ch_{}", at.march()), 1200, refund)));
    assert_eq!(at.differences().await, [(DifferenceKind::RefundedThere, false)]);
}

#[tokio::test]
async fn the_vendors_program_compares_and_reads_what_it_came_to() {
    let at = Nordlicht::new().await;
    let program = at.world.program("*").await;
    at.rewrite_march(|charge| Some(Charge { amount_minor: 4800, ..charge }));
    let came = program.post("/reconciliations", json!({})).await.ok();
    let told = &came["differences"][0];
    assert_eq!(
        (&told["kind"], &told["ours_minor"], &told["theirs_minor"], &told["is_mended"]),
        (&json!("amount_differs"), &json!(4700), &json!(4800), &json!(false))
    );
    assert_eq!(told["next_step"], "Give the charge back at the gateway and compare again. What it was for can then be charged anew.");
    assert_eq!(program.get("/reconciliations").await.ok()["data"], json!([came]));
    let since = program.post("/reconciliations", json!({ "since": "2026-03-01T12:00:00Z" })).await.ok();
    assert_eq!(since["since"], "2026-03-01T12:00:00Z");
    assert_eq!(program.get("/events?kind=reconciliation.differed").await.ok()["data"].as_array().unwrap().len(), 2);
}

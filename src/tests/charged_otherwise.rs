//! A gateway that takes another amount than it was asked for: the customer reads what happened, nothing more is charged, the comparison with
//! the gateway names it, and once the money went back there everything goes on. And payments that nobody can help for a while: they are asked
//! about more and more seldom, so that they leave the others room.

use billing::ledger::Account;
use chrono::Duration;
use portico::services::check::check;
use portico::services::payments::gateway::{Charge, Outcome, Refund, RefundOutcome};
use portico::services::payments::scripted::Script;
use portico::services::payments::{self, DeclineReason, DifferenceKind, Status};
use portico::services::{balance, invoices, ledger};
use portico::worker::bill;

use crate::nordlicht::{Nordlicht, add_card};
use crate::purchases::sells;

impl Nordlicht {
    /// Pays €25.00 into the balance as the page has it; where that led.
    async fn top_up(&self) -> String {
        let page = self.browser().get("/balance/top-up?amount=25").await;
        let field = |name| page.field(name).unwrap();
        let form = [("purchase", field("purchase")), ("due_minor", field("due_minor")), ("method", field("method"))];
        let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let answer = self.browser().post("/balance/top-up", &form).await;
        assert_eq!(answer.status, 303, "{}", answer.text);
        answer.location().to_owned()
    }

    /// The only difference there is: what it is, whether it was put right, and what is to be done.
    async fn only_difference(&self) -> (DifferenceKind, bool, String) {
        let came = payments::reconcile(&self.errand(), None).await.unwrap();
        let [only] = came.differences.as_slice() else { panic!("{:?}", came.differences) };
        (only.kind, only.is_mended, only.next_step().to_string())
    }

    /// Somebody gives a payment's charge back at the gateway's own desk.
    fn give_back_there(&self, payment_id: &str, amount_minor: i64) {
        let refund = Refund { reference: "test_re_desk".into(), outcome: RefundOutcome::Succeeded };
        self.bank.rewrite_refund(&format!("desk-{payment_id}"), Some((format!("test_ch_{payment_id}"), amount_minor, refund)));
    }
}

#[tokio::test]
async fn what_was_taken_for_a_purchase_and_not_asked_for_is_told_named_and_put_right() {
    let at = Nordlicht::new().await;
    sells(&at.world).await;
    at.bank.script(&at.id, Script::TakesOther(5_001));
    let page = at.top_up().await;
    for _ in 0..2 {
        let told = at.browser().get(&page).await;
        assert_eq!(told.status, 200);
        assert!(told.text.contains("charged <b>€50.01</b>, and not €25.00.") && told.text.contains("write to"), "{}", told.text);
        at.world.wait(Duration::minutes(2));
        at.recover().await;
    }
    let list = at.browser().get("/payments").await;
    assert!(list.text.contains("Wrong amount"), "{}", list.text);
    assert!(at.browser().get("/account/activity").await.text.contains("charged €50.01 for a payment of €25.00"));
    assert_eq!((at.taken(), at.events("payment.charged_otherwise").await, at.events("purchase.done").await), (vec![4700, 5_001], 1, 0));
    let (kind, is_mended, next) = at.only_difference().await;
    assert_eq!((kind, is_mended), (DifferenceKind::AmountDiffers, false));
    assert!(next.contains("Give the charge back at the gateway"), "{next}");
    // Part of it is not enough.
    let payment = page.rsplit_once('/').unwrap().1;
    at.give_back_there(payment, 5_000);
    assert!(!at.only_difference().await.1);
    at.bank.script(&at.id, Script::Succeeds);
    at.give_back_there(payment, 5_001);
    assert_eq!(at.only_difference().await.0, DifferenceKind::AmountDiffers);
    assert_eq!(payments::reconcile(&at.errand(), None).await.unwrap().differences, []);
    assert!(at.browser().get(&page).await.text.contains("was not charged"));
    at.top_up().await;
    assert_eq!(balance::total(&mut at.desk().await, &at.id, "EUR").await.unwrap(), 2_500);
    assert_eq!(check(&at.world.app).await.unwrap().broken, None);
}

#[tokio::test]
async fn an_invoice_waits_until_the_wrong_charge_went_back_and_is_then_collected_anew() {
    let at = Nordlicht::new().await;
    at.bank.script(&at.id, Script::TakesOther(1));
    at.go_to("2026-04-01T02:00:00+02:00").await;
    at.sign_in().await;
    let wrong = at.payments("2026-0002").await.remove(0);
    assert_eq!(at.browser().get(&payments::page_path(&wrong.id)).await.status, 200);
    // Whoever presses pay meanwhile sees what came of it, and pays nothing.
    let pressed = at.browser().post("/invoices/2026-0002/pay", &[]).await;
    assert_eq!((pressed.status, pressed.location()), (303, payments::page_path(&wrong.id).as_str()));
    at.go_to("2026-04-20T02:00:00+02:00").await;
    assert_eq!((at.taken(), at.payments("2026-0002").await.len()), (vec![4700, 1], 1));
    assert_eq!(ledger::sums(&mut at.desk().await).await.unwrap()["EUR"][&Account::Cash], 4700, "it is nowhere in the books");
    at.bank.script(&at.id, Script::Succeeds);
    at.give_back_there(&wrong.id, 1);
    assert!(at.only_difference().await.1, "it is put right");
    assert_eq!(at.payments("2026-0002").await[0].status, Status::Cancelled);
    at.go_to("2026-04-28T02:00:00+02:00").await;
    assert_eq!((at.taken(), at.due("2026-0002").await), (vec![4700, 1, 4700], 0));
    assert_eq!(check(&at.world.app).await.unwrap().broken, None);
}

#[tokio::test]
async fn a_decline_is_a_decline_of_whatever_amount() {
    let at = Nordlicht::new().await;
    at.bank.script(&at.id, Script::LosesDecline(DeclineReason::InsufficientFunds));
    at.go_to("2026-04-01T02:00:00+02:00").await;
    let payment = at.payments("2026-0002").await.remove(0);
    let outcome = Outcome::Declined(DeclineReason::InsufficientFunds);
    at.bank
        .rewrite(&payment.id, Some(Charge { reference: format!("test_ch_{}", payment.id), amount_minor: 1, currency: "USD".into(), outcome: outcome.clone() }));
    at.world.wait(Duration::minutes(2));
    at.recover().await;
    assert_eq!(at.payments("2026-0002").await[0].status, Status::Declined(DeclineReason::InsufficientFunds));
}

#[tokio::test]
async fn whoever_cannot_be_helped_is_asked_about_ever_more_seldom_and_keeps_nobody_else_waiting() {
    let at = Nordlicht::new().await;
    // One whose bank takes its time.
    at.bank.script(&at.id, Script::Pends);
    at.go_to("2026-04-01T02:00:00+02:00").await;
    let mut asked = 0;
    for _ in 0..24 * 60 {
        at.world.wait(Duration::minutes(1));
        asked += payments::recover(&at.errand()).await.unwrap();
    }
    assert!((12..60).contains(&asked), "in a day it was asked about {asked} times");
    // More than are asked about at once, of a gateway that is gone, all of them older than one that can be helped.
    let mut desk = at.desk().await;
    let lying = desk
        .tx
        .run(
            "WITH RECURSIVE n (i) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < 501)
             INSERT INTO payments (vendor_id, id, customer_id, purchase_id, position, method_id, amount_minor, currency, status, gateway, attempts, created_at, updated_at, ask_at)
             SELECT p.vendor_id, p.id || '-' || CAST(n.i AS TEXT), p.customer_id, 'pur_' || CAST(n.i AS TEXT), 1, p.method_id, 100, 'EUR', 'processing', 'gone', 1, p.created_at,
                p.updated_at, p.created_at FROM payments p CROSS JOIN n WHERE p.vendor_id = $1 AND p.status = 'processing'",
            (desk.vendor.id.clone(),),
        )
        .await
        .unwrap();
    desk.commit().await.unwrap();
    assert_eq!(lying, 501);
    let other = at.world.customer("Suedwind").await;
    add_card(&at.world, &other).await;
    at.bank.script(&other, Script::LosesAnswer);
    let mut desk = at.desk().await;
    invoices::charge(&mut desk, &other, 100, "Onboarding").await.unwrap();
    desk.commit().await.unwrap();
    bill::bill(&at.world.app, &at.world.vendor, at.world.now()).await.unwrap();
    at.world.wait(Duration::minutes(2));
    at.recover().await;
    at.recover().await;
    let paid = invoices::list(&mut at.desk().await, &other, 1).await.unwrap().remove(0);
    assert_eq!(paid.due_minor, 0, "its turn came");
    // And the others are named.
    let came = payments::reconcile(&at.errand(), None).await.unwrap();
    assert_eq!(came.left().filter(|left| left.kind == DifferenceKind::OtherGateway).count(), 501);
}

//! Payments that a customer's bank takes back: frozen while that is decided, and put where the end of it belongs.

use billing::ledger::Account;
use billing::state::State;
use portico::services::check::check;
use portico::services::invoices::{self, CreditRequest};
use portico::services::ledger;
use portico::services::payments::gateway::{Dispute, DisputeState};
use portico::services::payments::notices::{self, About, Noticed};
use portico::services::payments::{self, Brand, DisputePolicy, OnLost, WhileDisputed};
use serde_json::json;

use crate::nordlicht::{Nordlicht, add_card};

impl Nordlicht {
    /// The bank says so of the payment of March, and the gateway tells of it.
    async fn dispute(&self, state: DisputeState, standing: &str) {
        let key = &self.bank.taken()[0].0;
        let dispute = Dispute {
            charge_reference: format!("test_ch_{key}"),
            amount_minor: 4700,
            currency: "EUR".into(),
            reason: "fraudulent".into(),
            standing: standing.into(),
            state,
        };
        self.bank.dispute_as("dp_1", dispute);
        let noticed = Noticed { gateway: "scripted".into(), about: About::Dispute("dp_1".into()) };
        // Told twice, it comes to the same.
        for _ in 0..2 {
            notices::follow(&self.errand(), &noticed).await.unwrap();
        }
    }

    async fn policy(&self, subscription: WhileDisputed, lost: OnLost) {
        let mut desk = self.desk().await;
        payments::set_dispute_policy(&mut desk, DisputePolicy { subscription, lost }).await.unwrap();
        desk.commit().await.unwrap();
    }

    /// Cash, what is set aside, what is owed, what was written off; everything agrees.
    async fn accounts(&self) -> [i64; 4] {
        assert_eq!(check(&self.world.app).await.unwrap().broken, None);
        let sums = ledger::sums(&mut self.desk().await).await.unwrap();
        [Account::Cash, Account::Disputed, Account::Receivable, Account::WriteOffs].map(|account| sums["EUR"][&account])
    }
}

#[tokio::test]
async fn what_is_disputed_is_set_aside_and_neither_given_back_nor_charged_again() {
    let at = Nordlicht::new().await;
    at.dispute(DisputeState::Open, "needs_response").await;
    assert_eq!((at.accounts().await, at.due("2026-0001").await, at.state().await), ([0, 4700, 0, 0], 0, State::Active));
    assert_eq!((at.events("dispute.opened").await, at.events("payment.disputed").await), (1, 1));
    let invoice = at.invoice_id("2026-0001").await;
    let mut desk = at.desk().await;
    let refused = invoices::credit(&mut desk, &invoice, &CreditRequest::Refund(Some(100))).await.unwrap_err();
    assert!(refused.to_string().contains("disputed"), "{refused}");
    drop(desk);
    // April is due, and the Visa is left alone; another card that the customer adds pays it at once.
    at.go_to("2026-04-01T02:00:00+02:00").await;
    assert_eq!((at.taken(), at.due("2026-0002").await, at.state().await), (vec![4700], 4700, State::PastDue));
    at.bank.hand_out(Brand::Mastercard, "4444", 12, 2099);
    add_card(&at.world, &at.id).await;
    assert_eq!((at.taken(), at.due("2026-0002").await, at.state().await), (vec![4700, 4700], 0, State::Active));
}

#[tokio::test]
async fn won_it_is_as_if_nothing_had_been() {
    let at = Nordlicht::new().await;
    at.policy(WhileDisputed::Pause, OnLost::Reopen).await;
    at.dispute(DisputeState::Open, "needs_response").await;
    assert_eq!((at.state().await, at.accounts().await), (State::Paused, [0, 4700, 0, 0]));
    at.dispute(DisputeState::Won, "won").await;
    assert_eq!((at.state().await, at.events("dispute.won").await), (State::Active, 1));
    assert_eq!(at.accounts().await[1], 0);
    at.dispute(DisputeState::Lost, "lost").await;
    assert_eq!((at.accounts().await[1], at.events("dispute.lost").await), (0, 0), "what was decided stays decided");
    let invoice = at.invoice_id("2026-0001").await;
    let mut desk = at.desk().await;
    invoices::credit(&mut desk, &invoice, &CreditRequest::Refund(Some(100))).await.unwrap();
}

#[tokio::test]
async fn lost_its_invoice_is_due_again_or_written_off() {
    let at = Nordlicht::new().await;
    at.dispute(DisputeState::Open, "needs_response").await;
    at.dispute(DisputeState::Lost, "lost").await;
    assert_eq!((at.accounts().await, at.due("2026-0001").await), ([0, 0, 4700, 0], 4700));
    assert_eq!(at.events("dispute.lost").await, 1);
    let page = at.browser().get("/invoices/2026-0001").await.text;
    assert!(page.contains("Taken back by your bank on"), "{page}");
    // It is not taken from the same card by itself, but the customer may pay.
    at.go_to("2026-03-05T02:00:00+01:00").await;
    assert_eq!(at.taken(), [4700]);
    let invoice = at.invoice_id("2026-0001").await;
    payments::pay(&at.errand(), &at.id, &invoice, None, None).await.unwrap();
    assert_eq!((at.accounts().await, at.due("2026-0001").await), ([4700, 0, 0, 0], 0));

    let at = Nordlicht::new().await;
    at.policy(WhileDisputed::Keep, OnLost::WriteOff).await;
    // Heard of only when it was over.
    at.dispute(DisputeState::Lost, "lost").await;
    assert_eq!((at.accounts().await, at.due("2026-0001").await), ([0, 0, 0, 4700], 0));
}

#[tokio::test]
async fn an_inquiry_moves_nothing() {
    let at = Nordlicht::new().await;
    at.dispute(DisputeState::Inquiry, "warning_needs_response").await;
    at.dispute(DisputeState::Won, "warning_closed").await;
    assert_eq!((at.accounts().await, at.events("payment.disputed").await, at.events("dispute.opened").await), ([4700, 0, 0, 0], 2, 0));
}

#[tokio::test]
async fn the_vendors_program_reads_them_and_says_what_is_done() {
    let at = Nordlicht::new().await;
    let program = at.world.program("*").await;
    assert_eq!(program.get("/dispute-policy").await.ok(), json!({ "subscription": "keep", "lost": "reopen" }));
    assert_eq!(program.patch("/dispute-policy", json!({ "lost": "write_off" })).await.ok(), json!({ "subscription": "keep", "lost": "write_off" }));
    assert_eq!(program.patch("/dispute-policy", json!({ "lost": "forget" })).await.status(), 422);
    at.dispute(DisputeState::Open, "needs_response").await;
    let listed = program.get("/disputes").await.ok();
    assert_eq!(
        (&listed["data"][0]["status"], &listed["data"][0]["amount_minor"], &listed["data"][0]["reference"]),
        (&json!("open"), &json!(4700), &json!("dp_1"))
    );
}

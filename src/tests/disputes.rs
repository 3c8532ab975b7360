//! Payments that a customer's bank takes back: frozen while that is decided, and put where the end of it belongs. Told by a bank that does what
//! the story says, and once by the sandbox's own card, from the payment to the end of it.

use billing::ledger::Account;
use billing::state::State;
use portico::platform::post::Post;
use portico::services::check::check;
use portico::services::customers::Role;
use portico::services::invoices::{self, CreditRequest};
use portico::services::ledger;
use portico::services::payments::gateway::{Dispute, DisputeState};
use portico::services::payments::notices::{self, About, Noticed};
use portico::services::payments::scripted::Script;
use portico::services::payments::{self, Brand, DifferenceKind, DisputePolicy, Errand, OnLost, WhileDisputed};
use portico::services::{Actor, dunning};
use portico::worker::{bill, deliver};
use serde_json::{Value, json};

use crate::nordlicht::{Nordlicht, add_card};
use crate::sandbox;
use crate::world::World;

/// What a gateway says of a charge in euros that its customer says they did not make.
pub fn disputed(charge_reference: &str, amount_minor: i64, standing: &str, state: DisputeState) -> Dispute {
    let (charge_reference, currency, reason) = (charge_reference.to_owned(), "EUR".to_owned(), "fraudulent".to_owned());
    Dispute { charge_reference, amount_minor, currency, reason, standing: standing.to_owned(), state }
}

impl Nordlicht {
    /// The bank says so of the payment of March, and the gateway tells of it.
    async fn dispute(&self, state: DisputeState, standing: &str) {
        let key = &self.bank.taken()[0].0;
        self.bank.dispute_as("dp_1", disputed(&format!("test_ch_{key}"), 4700, standing, state));
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

#[tokio::test]
async fn a_method_whose_payment_is_disputed_has_no_turn_and_no_try_is_counted_for_it() {
    let at = Nordlicht::new().await;
    at.dispute(DisputeState::Open, "needs_response").await;
    at.go_to("2026-04-20T02:00:00+02:00").await;
    let case = dunning::unpaid_of(&mut at.desk().await, &at.id).await.unwrap().remove(0);
    assert_eq!((case.tries, case.because.as_str(), at.taken()), (0, "no_method", vec![4700]));
}

#[tokio::test]
async fn a_dispute_that_is_told_before_its_payment_is_known_waits_for_it() {
    let at = Nordlicht::new().await;
    at.bank.script(&at.id, Script::LosesAnswer);
    at.go_to("2026-04-01T02:00:00+02:00").await;
    let (key, amount_minor) = at.bank.taken()[1].clone();
    let dispute = disputed(&format!("test_ch_{key}"), amount_minor, "needs_response", DisputeState::Open);
    at.bank.dispute_as("dp_1", dispute.clone());
    let noticed = Noticed { gateway: "scripted".into(), about: About::Dispute("dp_1".into()) };
    assert!(notices::follow(&at.errand(), &noticed).await.is_err(), "it is asked about again");
    at.world.wait(chrono::Duration::minutes(2));
    at.recover().await;
    notices::follow(&at.errand(), &noticed).await.unwrap();
    assert_eq!((at.accounts().await, at.events("dispute.opened").await), ([4700, 4700, 0, 0], 1));
    // One that nobody told of is heard of when the books are compared, and so is its end.
    at.bank.dispute_as("dp_2", Dispute { charge_reference: format!("test_ch_{}", at.bank.taken()[0].0), ..dispute.clone() });
    at.bank.dispute_as("dp_1", Dispute { standing: "lost".into(), state: DisputeState::Lost, ..dispute });
    let mut heard = payments::reconcile(&at.errand(), None).await.unwrap().differences;
    heard.retain(|difference| difference.kind == DifferenceKind::DisputeUnheard && difference.is_mended);
    assert_eq!((heard.len(), at.accounts().await), (2, [0, 4700, 4700, 0]));
}

/// A sandbox customer who pays by the card that is disputed at once; the vendor's program beside them.
struct Disputing {
    world: World,
    browser: crate::world::Persona,
    program: crate::api::Program,
}

impl Disputing {
    async fn new() -> Disputing {
        let world = World::new().await;
        let customer = world.customer("Nordlicht").await;
        let errand = Errand::new(&world.app, &world.vendor, Actor::System);
        sandbox::add_card(&errand, &customer, "4000000000000259").await;
        let mut desk = world.desk().await;
        invoices::charge(&mut desk, &customer, 5_000, "Onboarding").await.unwrap();
        desk.commit().await.unwrap();
        bill::bill(&world.app, &world.vendor, world.now()).await.unwrap();
        let mira = world.member("mira@nordlicht.example", &customer, Role::Owner).await;
        let program = world.program("*").await;
        Disputing { browser: mira.browser, program, world }
    }

    async fn deliver(&self) {
        while deliver::deliver_due(&self.world.app, &Post::Nowhere).await.unwrap() > 0 {}
    }

    /// The only dispute there is, as the vendor's program reads it.
    async fn disputed(&self) -> Value {
        let listed = self.program.get("/disputes").await.ok();
        assert_eq!(listed["data"].as_array().unwrap().len(), 1, "{listed}");
        listed["data"][0].clone()
    }

    async fn invoice(&self) -> String {
        self.browser.get("/invoices/2026-0001").await.text
    }
}

#[tokio::test]
async fn in_the_sandbox_a_card_is_disputed_at_once_and_whoever_plays_the_bank_decides() {
    for (decision, status, says, due) in
        [("won", "won", "The bank decided for the vendor", "it stays paid"), ("lost", "lost", "The bank decided for the customer", "it is yours again")]
    {
        let at = Disputing::new().await;
        assert!(!at.invoice().await.contains("Your bank has taken"));
        at.deliver().await;
        let open = at.disputed().await;
        assert_eq!((&open["status"], &open["amount_minor"], &open["gateway"]), (&json!("open"), &json!(5_000), &json!("sandbox")));
        assert!(at.invoice().await.contains("Your bank has taken a payment of this invoice back while it decides"));
        // The page that the vendor is led to.
        let page = open["answered_at"].as_str().unwrap().strip_prefix("http://127.0.0.1:3001").unwrap().to_owned();
        let bank = at.world.at_sandbox();
        assert!(bank.get(&page).await.text.contains("The customer says that they did not pay €50.00 (2026-0001)."));
        assert_eq!(bank.post(&page, &[]).await.status, 422);
        assert_eq!(bank.get(&format!("{page}0")).await.status, 404);
        let answer = bank.post(&page, &[("decision", decision)]).await;
        assert_eq!(answer.status, 303);
        // Decided is decided.
        bank.post(&page, &[("decision", if decision == "won" { "lost" } else { "won" })]).await;
        assert!(bank.get(&page).await.text.contains(says));
        at.deliver().await;
        assert_eq!(at.disputed().await["status"], status);
        let invoice = at.invoice().await;
        assert!(!invoice.contains("while it decides") && invoice.contains("Taken back by your bank on") == (decision == "lost"), "{invoice}");
        assert!(at.browser.get("/account/activity").await.text.contains(due));
        assert_eq!(check(&at.world.app).await.unwrap().broken, None);
    }
}

//! When a transfer counts, and how it is told: as of the day the bank booked it, whenever its statement is taken in; with a letter, and where tax
//! was withheld of it, with a wait for the certificate.

use billing::dunning::Policy;
use billing::transfer::creditor_reference;
use chrono::Duration;
use portico::services::check::check;
use portico::services::customers::Role;
use portico::services::dunning::{self, CaseState};
use portico::services::invoices::{self, Certificate};
use portico::services::payments::DeclineReason;
use portico::services::payments::scripted::Script;
use portico::services::{balance, ledger};
use portico::worker::bill;
use serde_json::{Value, json};

use super::Kestrel;
use crate::api::Program;
use crate::nordlicht::add_card;
use crate::people::Person;
use crate::sign_in::letters;
use crate::world::{World, instant};

/// A statement of one entry.
async fn came(program: &Program, booked_on: &str, amount: &str, number: &str, returns: &str) -> Value {
    let reference = if returns.is_empty() { creditor_reference(number).unwrap() } else { String::new() };
    let content = format!("booked_on,amount,currency,text,bank_reference,returns\n{booked_on},{amount},EUR,{reference},{booked_on} {amount},{returns}");
    program.post("/bank-statements", json!({ "content": content })).await.ok()["entries"][0].clone()
}

/// The days and amounts on which cash moved, as the books are written out.
async fn cash(world: &World) -> Vec<(String, i64)> {
    assert_eq!(check(&world.app).await.unwrap().broken, None);
    let mut moved = Vec::new();
    let mut desk = world.desk().await;
    let take = |entry: ledger::Exported| {
        if entry.account == billing::ledger::Account::Cash {
            moved.push((entry.date, entry.amount_minor));
        }
        Ok(())
    };
    ledger::export(&mut desk, instant("2026-01-01T00:00:00Z")..instant("2027-01-01T00:00:00Z"), take).await.unwrap();
    moved
}

/// The letters of a title, in order of sending, what waits for some minutes included.
async fn about(world: &World, title: &str) -> Vec<String> {
    world.wait(Duration::minutes(10));
    letters(world).await.into_iter().filter(|letter| letter.contains(&format!("<title>[Test] {title}"))).collect()
}

#[tokio::test]
async fn an_invoice_is_paid_on_the_day_its_bank_booked_it() {
    let at = Kestrel::new().await;
    let program = at.world.program("*").await;
    at.world.wait(Duration::days(9));
    let entry = came(&program, "2026-03-12", "107.00", "2026-0001", "").await;
    assert_eq!((&entry["booked_on"], &entry["posted_on"]), (&json!("2026-03-12"), &json!("2026-03-12")));
    assert_eq!(cash(&at.world).await, [("2026-03-12".to_owned(), 10_700)]);
    at.world.sign_in_on(&at.mira.browser, &at.mira).await;
    let page = at.mira.browser.get("/invoices/2026-0001").await.text;
    assert!(page.contains("You paid <b>€107.00</b> on 12 March, by bank transfer.") && page.contains("arrived on 12 March"), "{page}");
    // It went back on the 16th: that day counts, too.
    came(&program, "2026-03-16", "-107.00", "2026-0001", "2026-03-12 107.00").await;
    assert_eq!(cash(&at.world).await, [("2026-03-12".to_owned(), 10_700), ("2026-03-16".to_owned(), -10_700)]);
    // What a bank books ahead of its day came when it was told, and is on none that is still to come.
    came(&program, "2026-03-30", "107.00", "2026-0001", "").await;
    assert_eq!(cash(&at.world).await[2], ("2026-03-19".to_owned(), 10_700));
}

#[tokio::test]
async fn where_the_books_are_closed_it_is_posted_on_the_first_day_they_are_open() {
    let at = Kestrel::new().await;
    let program = at.world.program("*").await;
    at.world.wait(Duration::days(30));
    let mut desk = at.world.desk().await;
    ledger::lock_until(&mut desk, instant("2026-03-31T22:00:00Z")).await.unwrap();
    desk.commit().await.unwrap();
    let entry = came(&program, "2026-03-20", "110.00", "2026-0001", "").await;
    assert_eq!((&entry["booked_on"], &entry["posted_on"]), (&json!("2026-03-20"), &json!("2026-04-01")));
    assert_eq!(cash(&at.world).await, [("2026-04-01".to_owned(), 10_700), ("2026-04-01".to_owned(), 300)]);
    // It was paid when it was paid.
    let invoice = invoices::by_number(&mut at.world.desk().await, &at.id, "2026-0001").await.unwrap();
    assert_eq!(invoice.settled_at.unwrap().date_naive().to_string(), "2026-03-20");
    assert_eq!(balance::total(&mut at.world.desk().await, &at.id, "EUR").await.unwrap(), 300);
}

#[tokio::test]
async fn what_came_in_is_told_with_what_is_left_or_over_and_what_was_undone_is_not() {
    let at = Kestrel::new().await;
    let program = at.world.program("*").await;
    at.invoice(5_000).await;
    came(&program, "2026-03-10", "100.00", "2026-0001", "").await;
    assert_eq!(letters(&at.world).await.iter().filter(|letter| letter.contains("Receipt")).count(), 0, "it waits some minutes");
    let partly = about(&at.world, "Receipt: €100.00 paid to Kestrel").await;
    assert_eq!(partly.len(), 1);
    for said in ["Kestrel received your bank transfer of €100.00 on 10 March 2026, for invoice 2026-0001.", "€7.00 of invoice 2026-0001 is still to be paid."]
    {
        assert!(partly[0].contains(said), "{said} is not in {}", partly[0]);
    }
    // One for both, and too much.
    let both = format!("{} {}", creditor_reference("2026-0001").unwrap(), creditor_reference("2026-0002").unwrap());
    let content = format!("booked_on,amount,currency,text,bank_reference\n2026-03-10,60.00,EUR,{both},B1");
    program.post("/bank-statements", json!({ "content": content })).await.ok();
    let whole = about(&at.world, "Receipt: €60.00 paid to Kestrel").await.remove(0);
    for said in ["for invoices 2026-0001, 2026-0002.", "The invoices are paid; nothing is left to do.", "€3.00 more than was due came in."] {
        assert!(whole.contains(said), "{said} is not in {whole}");
    }
    // Nothing is due of it any more.
    came(&program, "2026-03-10", "8.00", "2026-0001", "").await;
    let over = about(&at.world, "Receipt: €8.00 paid to Kestrel").await.remove(0);
    assert!(over.contains("It was paid already, so nothing was due.") && over.contains("€8.00 more than was due came in."), "{over}");
    // One statement brings it and takes it back: nobody is thanked.
    let content = format!(
        "booked_on,amount,currency,text,bank_reference,returns\n2026-03-10,9.00,EUR,{},C1,\n2026-03-10,-9.00,EUR,returned,C2,C1",
        creditor_reference("2026-0001").unwrap()
    );
    program.post("/bank-statements", json!({ "content": content })).await.ok();
    assert_eq!(about(&at.world, "Receipt: €9.00 paid to Kestrel").await, Vec::<String>::new());
    // The history has it.
    at.world.sign_in_on(&at.mira.browser, &at.mira).await;
    assert!(at.mira.browser.get("/account/messages").await.text.contains("Receipt: €60.00 paid to Kestrel"));
}

/// Siam Robotics, which withholds 3 % of an invoice of €100.00 (2026-0002), transferred the other €97.00 on 12 March (its 13th in Bangkok, where
/// the day ends sooner), which was counted the next day, and has a card on file since.
struct Siam {
    at: Kestrel,
    id: String,
    nok: Person,
    number: &'static str,
}

impl Siam {
    async fn new() -> Siam {
        Siam::waited_for(30).await
    }

    /// Its certificate is waited for so many days.
    async fn waited_for(certificate_days: u32) -> Siam {
        let at = Kestrel::new().await;
        let program = at.world.program("*").await;
        let id = at.world.siam("EUR").await;
        let mut desk = at.world.desk().await;
        dunning::set_policy(&mut desk, &Policy { certificate_days, ..Policy::default() }).await.unwrap();
        invoices::charge(&mut desk, &id, 10_000, "Workshop").await.unwrap();
        desk.commit().await.unwrap();
        at.world.wait(Duration::seconds(1));
        bill::bill(&at.world.app, &at.world.vendor, at.world.now()).await.unwrap();
        let nok = at.world.member("nok@siam.example", &id, Role::Owner).await;
        at.world.app.clock.set(instant("2026-03-13T12:00:00+01:00"));
        came(&program, "2026-03-12", "97.00", "2026-0002", "").await;
        add_card(&at.world, &id).await;
        Siam { at, id, nok, number: "2026-0002" }
    }

    async fn due(&self) -> i64 {
        invoices::by_number(&mut self.at.world.desk().await, &self.id, self.number).await.unwrap().due_minor
    }

    async fn go_to(&self, time: &str) {
        self.at.world.app.clock.set(instant(time));
        bill::bill_all(&self.at.world.app).await.unwrap();
    }
}

#[tokio::test]
async fn the_rest_of_a_transfer_less_tax_waits_for_its_certificate_and_is_then_asked_for() {
    let siam = Siam::new().await;
    siam.go_to("2026-04-09T08:49:00+07:00").await;
    assert_eq!((siam.due().await, about(&siam.at.world, "The certificate").await.len()), (300, 0));
    siam.at.world.sign_in_on(&siam.nok.browser, &siam.nok).await;
    let page = siam.nok.browser.get("/invoices/2026-0002").await.text;
    assert!(page.contains("<b>€3.00</b> waits for the certificate of the tax you withheld, until 12 April 2026."), "{page}");
    // Payment was due on 24 March, and nothing is said to be late.
    siam.nok.browser.get("/invoices").await.says("€3.00 is to be paid by 12 April, on invoice 2026-0002.");
    // Three days before the 30 are over, once.
    siam.go_to("2026-04-09T09:11:00+07:00").await;
    siam.go_to("2026-04-11T12:00:00+07:00").await;
    let reminded = about(&siam.at.world, "The certificate for invoice 2026-0002 from Kestrel is awaited until 12 April 2026").await;
    assert_eq!(reminded.len(), 1);
    assert!(
        reminded[0].contains("Without it, €3.00 is charged to Visa ending 4242 then.") && reminded[0].contains("/invoices/2026-0002/withholding"),
        "{}",
        reminded[0]
    );
    siam.go_to("2026-04-12T08:59:00+07:00").await;
    assert_eq!(siam.due().await, 300);
    siam.go_to("2026-04-12T09:00:00+07:00").await;
    assert_eq!(siam.due().await, 0, "it was charged");
    assert_eq!(check(&siam.at.world.app).await.unwrap().broken, None);
}

#[tokio::test]
async fn nobody_is_reminded_of_a_certificate_that_is_waited_for_no_longer() {
    let siam = Siam::new().await;
    siam.at.bank.script(&siam.id, Script::Declines(DeclineReason::Generic));
    // The worker was away on the days before.
    siam.go_to("2026-04-12T10:00:00+07:00").await;
    assert_eq!((siam.due().await, about(&siam.at.world, "The certificate").await.len()), (300, 0));
}

#[tokio::test]
async fn a_certificate_that_comes_in_time_is_neither_asked_for_nor_charged() {
    let siam = Siam::new().await;
    let mut desk = siam.at.world.desk().await;
    let invoice = invoices::by_number(&mut desk, &siam.id, siam.number).await.unwrap();
    let certificate = Certificate { number: "WHT-1".into(), on: "2026-03-13".parse().unwrap() };
    invoices::withhold(&mut desk, &invoice.id, certificate, None).await.unwrap();
    desk.commit().await.unwrap();
    siam.go_to("2026-05-01T12:00:00+02:00").await;
    assert_eq!(about(&siam.at.world, "The certificate").await.len(), 0);
    assert_eq!(ledger::sums(&mut siam.at.world.desk().await).await.unwrap()["EUR"][&billing::ledger::Account::Cash], 9_700);
}

/// Whoever waits for no certificates asks for the rest at once.
#[tokio::test]
async fn a_vendor_that_waits_for_none_charges_the_rest() {
    let siam = Siam::waited_for(0).await;
    siam.go_to("2026-03-13T12:00:05+01:00").await;
    assert_eq!((siam.due().await, about(&siam.at.world, "The certificate").await.len()), (0, 0));
    let refused = siam.at.world.program("*").await.patch("/dunning-policy", json!({ "certificate_days": 181 })).await;
    assert_eq!(refused.problem().2, "/certificate_days");
}

/// What was planned for an invoice that could not be charged waits with it, and its grace counts from when the wait is over.
#[tokio::test]
async fn an_unpaid_invoice_that_is_paid_less_tax_is_not_tried_meanwhile() {
    let at = Kestrel::new().await;
    let program = at.world.program("*").await;
    let id = at.world.siam("EUR").await;
    add_card(&at.world, &id).await;
    at.bank.script(&id, Script::Declines(DeclineReason::Generic));
    let mut desk = at.world.desk().await;
    invoices::charge(&mut desk, &id, 10_000, "Workshop").await.unwrap();
    desk.commit().await.unwrap();
    let go_to = async |time: &str| {
        at.world.app.clock.set(instant(time));
        bill::bill(&at.world.app, &at.world.vendor, at.world.now()).await.unwrap();
    };
    go_to("2026-03-10T20:00:00+07:00").await;
    let invoice = invoices::by_number(&mut at.world.desk().await, &id, "2026-0002").await.unwrap().id;
    let case = async || dunning::all_of_invoice(&mut at.world.desk().await, &invoice).await.unwrap().remove(0);
    assert_eq!(case().await.try_at, Some(instant("2026-03-11T09:00:00+07:00")));
    came(&program, "2026-03-10", "97.00", "2026-0002", "").await;
    let waiting = case().await;
    assert_eq!((waiting.try_at, waiting.end_at), (Some(instant("2026-04-09T09:00:00+07:00")), instant("2026-04-30T09:00:00+07:00")));
    go_to("2026-04-09T08:59:00+07:00").await;
    assert_eq!(case().await.tries, 0);
    // Paid by the customer's own hand, it was recovered by that.
    came(&program, "2026-04-08", "3.00", "2026-0002", "").await;
    let over = case().await;
    assert_eq!((over.state, over.recovered_by.as_deref(), over.recovered_minor), (CaseState::Recovered, Some("customer"), 10_000));
    assert_eq!(check(&at.world.app).await.unwrap().broken, None);
}

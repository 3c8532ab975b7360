//! Tax a customer withholds: entered in the portal or by the vendor's program, it settles its part of the invoice by a certificate, until the vendor
//! takes that back.

use billing::ledger::Account;
use billing::tax::TaxRate;
use chrono::Duration;
use portico::services::check::check;
use portico::services::customers::Role;
use portico::services::invoices;
use portico::services::{catalog, ledger};
use portico::worker::bill;
use rust_decimal::Decimal;
use serde_json::json;

use crate::api::{Program, text};
use crate::people::Person;
use crate::sign_in::letters;
use crate::world::{Persona, World, instant};

/// Siam Robotics of Bangkok with an invoice (2026-0001) of ฿1,000.00 and 7 % tax, of which it withholds 3 %; its owner Nok.
struct Siam {
    world: World,
    id: String,
    nok: Person,
    program: Program,
}

impl Siam {
    async fn new() -> Siam {
        let world = World::at("2026-03-10T09:00:00+07:00").await;
        let id = world.siam("THB").await;
        let mut desk = world.desk().await;
        let vat = TaxRate {
            key: "th7".into(),
            name: "VAT".into(),
            country: "TH".into(),
            region: None,
            percent: Decimal::from(7),
            from: None,
            to: None,
            products: None,
        };
        catalog::create_tax_rate(&mut desk, &vat).await.unwrap();
        invoices::charge(&mut desk, &id, 100_000, "Workshop").await.unwrap();
        desk.commit().await.unwrap();
        world.wait(Duration::seconds(1));
        bill::bill(&world.app, &world.vendor, world.now()).await.unwrap();
        let nok = world.member("nok@siam.example", &id, Role::Owner).await;
        let program = world.program("*").await;
        Siam { world, id, nok, program }
    }

    /// The account of what was withheld, and what customers owe; the books are in order.
    async fn books(&self) -> (i64, i64) {
        let report = check(&self.world.app).await.unwrap();
        assert_eq!(report.broken, None);
        let sums = ledger::sums(&mut self.world.desk().await).await.unwrap();
        (sums["THB"][&Account::TaxWithheld], sums["THB"][&Account::Receivable])
    }

    /// What the ledger written out says was withheld: certificates and amounts.
    async fn exported(&self) -> Vec<(String, i64)> {
        let mut told = Vec::new();
        let all = instant("2026-01-01T00:00:00Z")..instant("2027-01-01T00:00:00Z");
        let keep = |entry: ledger::Exported| {
            if entry.account == Account::TaxWithheld {
                assert_eq!(entry.subject, "withholding");
                told.push((entry.reference, entry.amount_minor));
            }
            Ok(())
        };
        ledger::export(&mut self.world.desk().await, all, keep).await.unwrap();
        told
    }

    async fn invoice_id(&self) -> String {
        invoices::by_number(&mut self.world.desk().await, &self.id, "2026-0001").await.unwrap().id
    }
}

const FORM: &str = "/invoices/2026-0001/withholding";

async fn enter(browser: &Persona, number: &str, on: &str) -> crate::world::Answer {
    browser.post(FORM, &[("certificate_number", number), ("certificate_on", on)]).await
}

#[tokio::test]
async fn a_company_enters_its_certificate_and_owes_the_rest() {
    let at = Siam::new().await;
    let browser = at.world.sign_in(&at.nok).await;
    let invoice = browser.get("/invoices/2026-0001").await.text;
    assert!(invoice.contains("withhold 3 % tax?") && invoice.contains(FORM), "{invoice}");
    // 3 % of 1,000.00 are 30.00; of the 1,070.00 with tax 1,040.00 are left. Today is where the customer is.
    let page = browser.get(FORM).await;
    assert!(page.text.contains("You withhold <b>THB\u{202f}30.00</b> of invoice 2026-0001."), "{}", page.text);
    assert!(page.text.contains("3 % of THB\u{202f}1,000.00") && page.text.contains("<b>THB\u{202f}1,040.00</b> is left"), "{}", page.text);
    assert_eq!(page.field("certificate_on").as_deref(), Some("2026-03-10"));

    for (number, on, said) in [
        ("", "2026-03-10", "Give the number that stands on the certificate."),
        ("12/345", "2026-03-11", "must lie between 10 March 2025 and 10 March 2026"),
        ("12/345", "2024-03-10", "must lie between"),
        ("12/345", "soon", "Give the date of the certificate."),
        (&"9".repeat(51), "2026-03-10", "at most 50 letters"),
    ] {
        let again = enter(&browser, number, on).await;
        assert_eq!(again.status, 422);
        assert!(again.text.contains(said), "{said}: {}", again.text);
        // What was typed stays.
        assert_eq!(again.field("certificate_number").as_deref(), Some(number));
    }
    assert_eq!(at.books().await, (0, 107_000));

    let done = enter(&browser, "  12/345  ก ", "2026-03-10").await;
    assert_eq!((done.status, done.location()), (303, "/invoices/2026-0001"), "{}", done.text);
    let invoice = browser.get("/invoices/2026-0001").await.text;
    assert!(invoice.contains("Tax you withheld, certificate 12/345 ก") && invoice.contains("Pay THB\u{202f}1,040.00"), "{invoice}");
    assert!(!invoice.contains(FORM));
    assert_eq!(at.books().await, (3000, 104_000));
    // Once is enough, in another tab too.
    assert_eq!(browser.get(FORM).await.location(), "/invoices/2026-0001");
    assert_eq!(enter(&browser, "12/346", "2026-03-10").await.location(), "/invoices/2026-0001");
    assert_eq!(at.books().await, (3000, 104_000));
    assert!(browser.get("/account/activity").await.text.contains("THB\u{202f}30.00 of invoice 2026-0001 was withheld as tax"));
}

#[tokio::test]
async fn who_withholds_nothing_is_not_asked() {
    let at = Siam::new().await;
    let viewer = at.world.member("somchai@siam.example", &at.id, Role::Viewer).await;
    let viewer = at.world.sign_in(&viewer).await;
    assert!(!viewer.get("/invoices/2026-0001").await.text.contains(FORM));
    assert_eq!(enter(&viewer, "12/345", "2026-03-10").await.status, 403);
    assert_eq!(at.program.delete("/withholding-rates/TH").await.ok(), json!({ "data": [] }));
    assert_eq!(at.program.delete("/withholding-rates/TH").await.status(), 404);
    let browser = at.world.sign_in(&at.nok).await;
    assert!(!browser.get("/invoices/2026-0001").await.text.contains(FORM));
    assert_eq!(browser.get(FORM).await.location(), "/invoices/2026-0001");
    assert_eq!(at.books().await, (0, 107_000));
}

#[tokio::test]
async fn the_vendors_program_records_what_came_on_paper() {
    let at = Siam::new().await;
    let path = format!("/invoices/{}/withholding", at.invoice_id().await);
    let certificate = |percent: Option<&str>| json!({ "certificate_number": "12/345", "certificate_on": "2026-03-09", "percent": percent });
    assert_eq!(at.program.post(&path, certificate(Some("100"))).await.status(), 422);
    let lacking = at.program.post(&path, json!({ "certificate_number": " ", "certificate_on": "2026-03-09" })).await;
    assert_eq!(lacking.problem(), (422, "fields", "/certificate_number"));
    let made = at.program.post(&path, certificate(Some("1.5"))).await.ok();
    assert_eq!(
        (&made["percent"], &made["base_minor"], &made["amount_minor"], &made["certificate_on"]),
        (&json!("1.5"), &json!(100_000), &json!(1500), &json!("2026-03-09"))
    );
    assert_eq!(at.program.post(&path, certificate(None)).await.problem().1, "conflict");
    let invoice = at.program.get(&format!("/invoices/{}", text(&made, "invoice_id"))).await.ok();
    assert_eq!((&invoice["withheld_minor"], &invoice["due_minor"], &invoice["status"]), (&json!(1500), &json!(105_500), &json!("open")));
    // The rest by a credit note of all that is left; nothing more can be withheld of it then, nor of the note.
    let note = at.program.post(&format!("/invoices/{}/credit-notes", text(&made, "invoice_id")), json!({})).await.ok();
    assert_eq!((&note["total_minor"], &note["corrects"]), (&json!(-107_000), &json!(["2026-0001"])));
    assert_eq!(at.program.post(&format!("/invoices/{}/withholding", text(&note, "id")), certificate(None)).await.problem().1, "rule");
    // What was withheld beside the credit is the customer's.
    let balance = at.program.get(&format!("/customers/{}/balance", at.id)).await.ok();
    assert_eq!((&balance["balances"], at.books().await), (&json!([{ "currency": "THB", "left_minor": 1500 }]), (1500, 0)));
}

#[tokio::test]
async fn no_more_is_withheld_than_is_due_and_without_a_rate_the_percent_is_asked_for() {
    let at = Siam::new().await;
    let invoice = at.invoice_id().await;
    let path = format!("/invoices/{invoice}/withholding");
    let certificate = json!({ "certificate_number": "12/345", "certificate_on": "2026-03-09" });
    at.program.delete("/withholding-rates/TH").await.ok();
    assert_eq!(at.program.post(&path, certificate.clone()).await.problem(), (422, "fields", "/percent"));
    let rate = |country: &str, percent: &str| json!({ "country": country, "percent": percent });
    assert_eq!(at.program.post("/withholding-rates", rate("XX", "3")).await.problem(), (422, "fields", "/country"));
    assert_eq!(at.program.post("/withholding-rates", rate("TH", "0")).await.status(), 422);
    at.program.post("/withholding-rates", rate("TH", "5")).await.ok();
    assert_eq!(at.program.post("/withholding-rates", rate("TH", "3.00")).await.ok(), json!({ "data": [rate("TH", "3")] }));
    // Half of it is credited: the customer withholds of the other half.
    at.program.post(&format!("/invoices/{invoice}/credit-notes"), json!({ "amount_minor": 53_500 })).await.ok();
    let browser = at.world.sign_in(&at.nok).await;
    let page = browser.get(FORM).await;
    assert!(page.text.contains("You withhold <b>THB\u{202f}15.00</b> of invoice 2026-0001."), "{}", page.text);
    assert_eq!(at.program.post(&path, certificate.clone()).await.ok()["base_minor"], json!(50_000));
    assert_eq!(at.books().await, (1500, 52_000));

    // Another one is all but paid by the balance.
    at.program.post(&format!("/customers/{}/balance", at.id), json!({ "amount_minor": 105_000, "description": "for the delay" })).await.ok();
    at.program.post("/charges", json!({ "customer_id": at.id, "amount_minor": 100_000, "description": "Workshop" })).await.ok();
    at.world.wait(Duration::seconds(1));
    bill::bill(&at.world.app, &at.world.vendor, at.world.now()).await.unwrap();
    let second = text(&at.program.get(&format!("/invoices?customer_id={}", at.id)).await.ok()["data"][0], "id");
    let refused = at.program.post(&format!("/invoices/{second}/withholding"), certificate).await;
    assert!(refused.answer.text.contains("THB\u{202f}30.00 would be withheld, but only THB\u{202f}20.00 is still due"), "{}", refused.answer.text);
    assert_eq!(at.books().await, (1500, 54_000));
}

const REASON: &str = "It names <another> company.";

#[tokio::test]
async fn a_certificate_that_is_not_accepted_leaves_its_part_due_again() {
    let at = Siam::new().await;
    let browser = at.world.sign_in(&at.nok).await;
    let invoice = at.invoice_id().await;
    let back = format!("/invoices/{invoice}/withholding/take-back");
    let reason = json!({ "reason": REASON });
    let none = at.program.post(&back, reason.clone()).await;
    assert_eq!(none.status(), 409);
    assert!(none.answer.text.contains("No certificate was entered"), "{}", none.answer.text);
    // With the certificate and a credit of the rest, the invoice is settled.
    enter(&browser, "12/345", "2026-03-10").await;
    at.program.post(&format!("/invoices/{invoice}/credit-notes"), json!({ "amount_minor": 104_000 })).await.ok();
    let settled = at.program.get(&format!("/invoices/{invoice}")).await.ok();
    assert_eq!((&settled["status"], &settled["due_minor"], at.books().await), (&json!("paid"), &json!(0), (3000, 0)));

    assert_eq!(at.program.post(&back, json!({ "reason": " " })).await.problem(), (422, "fields", "/reason"));
    assert_eq!(at.program.post(&back, json!({ "reason": "x".repeat(201) })).await.status(), 422);
    at.world.wait(Duration::days(2));
    let taken = at.program.post(&back, reason.clone()).await.ok();
    assert_eq!((&taken["certificate_number"], &taken["amount_minor"], &taken["taken_back_reason"]), (&json!("12/345"), &json!(3000), &json!(REASON)));
    assert_eq!(taken["taken_back_at"], json!("2026-03-12T02:00:31Z"));
    let due = at.program.get(&format!("/invoices/{invoice}")).await.ok();
    assert_eq!((&due["status"], &due["due_minor"], &due["withheld_minor"], &due["settled_at"]), (&json!("open"), &json!(3000), &json!(0), &json!(null)));
    assert_eq!(at.books().await, (0, 3000));
    // Once, and the same sentence on the page and in the log.
    let twice = at.program.post(&back, reason.clone()).await;
    assert_eq!(twice.status(), 409);
    assert!(twice.answer.text.contains("was taken back already"), "{}", twice.answer.text);
    assert_eq!(at.books().await, (0, 3000));
    let told: Vec<String> = letters(&at.world).await.into_iter().filter(|letter| letter.contains("did not accept certificate 12/345")).collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("so THB\u{202f}30.00 of invoice 2026-0001 is due again") && told[0].contains("/invoices/2026-0001"), "{}", told[0]);
    let browser = at.world.sign_in(&at.nok).await;
    let page = browser.get("/invoices/2026-0001").await.text;
    assert!(page.contains("<b>Certificate 12/345 was not accepted</b>, so THB\u{202f}30.00 is due again."), "{page}");
    assert!(page.contains("It names &lt;another&gt; company.") && page.contains("Certificate 12/345 not accepted on 12 March"), "{page}");
    assert!(page.contains("Enter another certificate of 3 % tax you withhold"), "{page}");
    assert!(browser.get("/account/activity").await.text.contains("Certificate 12/345 was not accepted: THB\u{202f}30.00 of invoice 2026-0001 is due again"));

    // A better one, of what is left of the invoice: 3 % of 28.04 are 0.84.
    assert!(browser.get(FORM).await.text.contains("was not accepted"), "the form says why it asks again");
    enter(&browser, "12/346", "2026-03-12").await;
    let page = browser.get("/invoices/2026-0001").await.text;
    assert!(page.contains("Tax you withheld, certificate 12/346") && !page.contains("was not accepted"), "{page}");
    assert_eq!(at.books().await, (84, 2916));
    let exported = at.exported().await;
    assert_eq!(exported, [("12/345".to_owned(), 3000), ("12/345".to_owned(), -3000), ("12/346".to_owned(), 84)]);
    // That one may be wrong, too.
    at.program.post(&back, reason).await.ok();
    assert_eq!(at.books().await, (0, 3000));
}

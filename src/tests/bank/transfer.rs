//! Accounts set by the vendor's program, and what an open invoice says of them: on its page and on paper.

use billing::transfer::creditor_reference;
use portico::services::customers::{Details, Role};
use portico::services::{customers, invoices};
use serde_json::json;

use super::{IBAN, Kestrel};
use crate::nordlicht::add_card;
use crate::world::World;

#[tokio::test]
async fn an_open_invoice_says_where_to_send_its_money() {
    let at = Kestrel::new().await;
    let page = at.mira.browser.get("/invoices/2026-0001").await;
    let reference = creditor_reference("2026-0001").unwrap();
    for said in ["Pay by bank transfer", "AT61 1904 3002 3457 3201", "BKAUATWW", "Kestrel Software GmbH", "€107.00", &billing::transfer::printed(&reference)]
    {
        assert!(page.text.contains(said), "{said}: {}", page.text);
    }
    assert!(page.text.contains("aria-label=\"Payment code for your bank’s app: €107.00 to Kestrel Software GmbH\""), "{}", page.text);
    assert_eq!(page.text.matches("class=\"qr\"").count(), 1);

    let mut desk = at.world.desk().await;
    let invoice = invoices::by_number(&mut desk, &at.id, "2026-0001").await.unwrap();
    let payment = invoices::sheet(&invoice.snapshot().unwrap(), "x").payment.unwrap();
    let facts: Vec<_> = payment.facts.iter().map(|fact| fact.value.as_str()).collect();
    assert_eq!(facts, ["Kestrel Software GmbH", "AT61 1904 3002 3457 3201", "BKAUATWW", &billing::transfer::printed(&reference), "€107.00"]);
    assert_eq!(payment.code.unwrap().text, format!("BCD\n002\n1\nSCT\nBKAUATWW\nKestrel Software GmbH\n{IBAN}\nEUR107.00\n\n{reference}"));
    drop(desk);
    let pdf = at.mira.browser.get("/invoices/2026-0001.pdf").await;
    assert!(pdf.bytes.starts_with(b"%PDF"));
}

#[tokio::test]
async fn paper_keeps_the_account_of_its_day_and_the_page_names_todays() {
    let at = Kestrel::new().await;
    let program = at.world.program("*").await;
    let other = json!({ "currency": "EUR", "holder": "Kestrel Software GmbH", "iban": "de89 3704 0044 0532 0130 00" });
    let set = program.post("/bank-accounts", other).await.ok();
    assert_eq!(
        set["data"],
        json!([{ "currency": "EUR", "holder": "Kestrel Software GmbH", "iban": "DE89370400440532013000", "bic": null, "promptpay": null, "countries": [] }])
    );
    assert!(at.mira.browser.get("/invoices/2026-0001").await.text.contains("DE89 3704 0044 0532 0130 00"));
    let invoice = invoices::by_number(&mut at.world.desk().await, &at.id, "2026-0001").await.unwrap();
    assert!(invoices::sheet(&invoice.snapshot().unwrap(), "x").payment.unwrap().facts.iter().any(|fact| fact.value == "AT61 1904 3002 3457 3201"));
    // Removed, nothing is said of it; and it can be removed once.
    assert_eq!(program.delete("/bank-accounts/EUR").await.ok(), json!({ "data": [] }));
    assert_eq!(program.delete("/bank-accounts/EUR").await.status(), 404);
    assert!(!at.mira.browser.get("/invoices/2026-0001").await.text.contains("bank transfer"));
    assert_eq!(program.get("/events").await.ok()["data"].as_array().unwrap().iter().filter(|event| text_of(event, "bank_account.removed")).count(), 1);
}

fn text_of(event: &serde_json::Value, kind: &str) -> bool {
    event["kind"] == kind || event["type"] == kind
}

#[tokio::test]
async fn a_wrong_account_is_refused_where_it_is_wrong() {
    let world = World::new().await;
    let program = world.program("*").await;
    let good = json!({ "currency": "EUR", "holder": "Kestrel", "iban": IBAN });
    for (field, value, pointer) in [
        ("iban", json!("AT611904300234573202"), "/iban"),
        ("iban", json!("AT61190430023457320"), "/iban"),
        ("iban", json!(null), "/iban"),
        ("bic", json!("BKAU"), "/bic"),
        ("holder", json!("  "), "/holder"),
        ("holder", json!("x".repeat(71)), "/holder"),
        ("currency", json!("EURO"), "/currency"),
        ("countries", json!(["AT", "XX"]), "/countries"),
        ("promptpay", json!("0812345678"), "/iban"),
    ] {
        let mut body = good.clone();
        body[field] = value;
        assert_eq!(program.post("/bank-accounts", body.clone()).await.problem(), (422, "fields", pointer), "{body}");
    }
    let baht = json!({ "currency": "EUR", "holder": "Kestrel", "promptpay": "081-234-5678" });
    assert_eq!(program.post("/bank-accounts", baht).await.problem(), (422, "fields", "/promptpay"));
    assert_eq!(program.get("/bank-accounts").await.ok(), json!({ "data": [] }));
}

#[tokio::test]
async fn only_who_is_offered_it_sees_it() {
    let at = Kestrel::new().await;
    let program = at.world.program("*").await;
    let of = |countries: &[&str]| json!({ "currency": "EUR", "holder": "Kestrel", "iban": IBAN, "countries": countries });
    program.post("/bank-accounts", of(&["AT", "FR", "AT"])).await.ok();
    assert!(!at.mira.browser.get("/invoices/2026-0001").await.text.contains("bank transfer"), "Nordlicht is in Germany");
    program.post("/bank-accounts", of(&["DE"])).await.ok();
    assert!(at.mira.browser.get("/invoices/2026-0001").await.text.contains("bank transfer"));
    // Who is charged by itself is not asked for it on paper.
    add_card(&at.world, &at.id).await;
    at.invoice(500).await;
    let invoice = invoices::by_number(&mut at.world.desk().await, &at.id, "2026-0002").await.unwrap();
    assert!(invoices::sheet(&invoice.snapshot().unwrap(), "x").payment.is_none());
    // An account in another currency is of no use.
    program.delete("/bank-accounts/EUR").await.ok();
    program.post("/bank-accounts", json!({ "currency": "USD", "holder": "Kestrel", "iban": IBAN })).await.ok();
    assert!(!at.mira.browser.get("/invoices/2026-0001").await.text.contains("bank transfer"));
}

#[tokio::test]
async fn baht_are_sent_by_promptpay() {
    let world = World::at("2026-03-10T09:00:00+07:00").await;
    let program = world.program("*").await;
    program.post("/bank-accounts", json!({ "currency": "THB", "holder": "Kestrel Co., Ltd.", "promptpay": "099-4-00016551-0" })).await.ok();
    let mut desk = world.desk().await;
    let details = Details {
        name: "Siam Robotics".into(),
        legal_name: "Siam Robotics Co., Ltd.".into(),
        country: "TH".into(),
        locale: "en".into(),
        time_zone: "Asia/Bangkok".into(),
        ..Details::default()
    };
    let baht = billing::money::Currency::from_code("THB").unwrap();
    let id = customers::create(&mut desk, &customers::NewCustomer { external_id: None, details, tax_exempt: false, currency: baht }).await.unwrap();
    invoices::charge(&mut desk, &id, 107_000, "Workshop").await.unwrap();
    desk.commit().await.unwrap();
    world.wait(chrono::Duration::seconds(1));
    portico::worker::bill::bill(&world.app, &world.vendor, world.now()).await.unwrap();
    let nok = world.member("nok@siam.example", &id, Role::Owner).await;
    let page = nok.browser.get("/invoices/2026-0001").await.text;
    assert!(page.contains("PromptPay") && page.contains("0994000165510") && page.contains("class=\"qr\""), "{page}");
    let invoice = invoices::by_number(&mut world.desk().await, &id, "2026-0001").await.unwrap();
    let code = invoices::sheet(&invoice.snapshot().unwrap(), "x").payment.unwrap().code.unwrap().text;
    assert!(code.contains("02130994000165510") && code.contains("54071070.00"), "{code}");
}

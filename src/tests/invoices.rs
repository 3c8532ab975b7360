//! Invoices as customers see them: the list, each document with its reasons, its PDF; and nobody else's.

use billing::calendar::{Interval, Unit};
use billing::money::Currency;
use billing::price::{MeterRef, Model, Price, Tier};
use billing::usage::Aggregate;
use portico::services::catalog::{self, NewMeter, NewPlan, NewPrice};
use portico::services::customers::{self, Details, NewCustomer, Role};
use portico::services::invoices::{self, CreditRequest};
use portico::services::payments::DeclineReason;
use portico::services::payments::{self, Errand, scripted::Script};
use portico::services::subscriptions::{self, StartRequest};
use portico::services::usage::{self, NewEvent};
use portico::services::{Actor, balance};
use portico::worker::bill;
use rust_decimal::Decimal;

use crate::billing::vat;
use crate::people::Person;
use crate::world::{World, instant};

const MONTH: Interval = Interval { unit: Unit::Month, count: 1 };

fn eur() -> Currency {
    Currency::from_code("EUR").unwrap()
}

fn price(key: &str, name: &str, model: Model, meter: Option<MeterRef>) -> NewPrice {
    let price =
        Price { key: key.into(), name: name.into(), model, included: Decimal::ZERO, minimum: None, maximum: None, currency: eur(), convert: false, meter };
    NewPrice { interval: MONTH, price }
}

/// Team: €29 a month and build minutes, 1,000 free, then 0.8 ct. Germany taxes at 19 %.
async fn team(world: &World) -> String {
    let mut desk = world.desk().await;
    catalog::create_meter(
        &mut desk,
        &NewMeter { key: "minutes".into(), name: "Build minutes".into(), unit: "minutes".into(), aggregate: Aggregate::Sum, position: 1 },
    )
    .await
    .unwrap();
    let tiers = vec![
        Tier { up_to: Some(Decimal::from(1000)), unit_amount: Decimal::ZERO, flat_amount: Decimal::ZERO },
        Tier { up_to: None, unit_amount: Decimal::new(8, 1), flat_amount: Decimal::ZERO },
    ];
    let meter = MeterRef { key: "minutes".into(), aggregate: Aggregate::Sum };
    let plan = NewPlan {
        key: "team".into(),
        name: "Team".into(),
        description: String::new(),
        position: 1,
        trial_days: 0,
        max_quantity: Some(50),
        prices: vec![
            price("base", "Team plan", Model::Flat { amount_minor: 2900 }, None),
            price("minutes", "Build minutes", Model::Graduated { tiers }, Some(meter)),
        ],
    };
    let team = catalog::create_plan(&mut desk, &plan).await.unwrap();
    catalog::publish_plan(&mut desk, &team).await.unwrap();
    catalog::create_tax_rate(&mut desk, &vat("DE", 19)).await.unwrap();
    desk.commit().await.unwrap();
    team
}

async fn start(world: &World, customer: &str, plan_id: &str, trial_days: Option<u32>) {
    let mut desk = world.desk().await;
    let request = StartRequest {
        customer_id: customer.to_owned(),
        external_id: None,
        plan_id: plan_id.to_owned(),
        interval: MONTH,
        quantity: Decimal::ONE,
        add_ons: Vec::new(),
        coupons: Vec::new(),
        promotion_code: None,
        trial_days,
        anchor: None,
        starts_at: None,
    };
    subscriptions::start(&mut desk, &request).await.unwrap();
    desk.commit().await.unwrap();
}

fn errand(world: &World) -> Errand {
    Errand::new(&world.app, &world.vendor, Actor::System)
}

async fn add_card(world: &World, customer: &str) {
    let setup = payments::start_setup(&errand(world), customer, payments::Wanted::CARD).await.unwrap();
    payments::finish_setup(&errand(world), customer, &setup.setup_id).await.unwrap();
}

async fn bill_now(world: &World) {
    let report = bill::bill(&world.app, &world.vendor, world.now()).await.unwrap();
    assert!(report.failed.is_empty(), "{:?}", report.failed);
}

/// A one-off of that amount before tax, invoiced at once; its number.
async fn one_off(world: &World, customer: &str, amount_minor: i64, name: &str) -> String {
    let mut desk = world.desk().await;
    invoices::charge(&mut desk, customer, amount_minor, name).await.unwrap();
    let now = desk.now.billing;
    let issued = subscriptions::run_due(&mut desk, &[customer.to_owned()], now).await.unwrap().remove(0).issued;
    desk.commit().await.unwrap();
    issued[0].number.clone()
}

/// Mira of Nordlicht, on Team since New Year in Berlin, her card on file, in February with an invoice of January's usage.
async fn mira_in_february() -> (World, Person, String) {
    let (world, _) = World::scripted("2026-01-01T00:00:00+01:00").await;
    let team = team(&world).await;
    let nordlicht = world.customer("Nordlicht").await;
    add_card(&world, &nordlicht).await;
    start(&world, &nordlicht, &team, None).await;
    bill_now(&world).await;
    world.app.clock.set(instant("2026-01-10T12:00:00+01:00"));
    let mut desk = world.desk().await;
    let event = NewEvent {
        id: "one".into(),
        meter: "minutes".into(),
        quantity: Some(Decimal::from(1500)),
        value: None,
        time: Some(instant("2026-01-10T11:00:00+01:00")),
    };
    usage::record(&mut desk, &nordlicht, &[event]).await.unwrap();
    desk.commit().await.unwrap();
    world.app.clock.set(instant("2026-02-01T02:00:00+01:00"));
    bill_now(&world).await;
    let mira = world.member("mira@nordlicht.example", &nordlicht, Role::Owner).await;
    (world, mira, nordlicht)
}

#[tokio::test]
async fn a_paid_invoice_says_so_first_and_gives_every_line_its_reason() {
    let (_world, mira, _) = mira_in_february().await;
    let page = mira.browser.get("/invoices/2026-0002").await;
    assert_eq!(page.status, 200, "{}", page.text);
    // 29.00 + 500 × 0.8 ct = 33.00; 19 % tax 6.27.
    assert!(page.text.contains("You paid <b>€39.27</b> on 1 February, from Visa ending 4242."), "{}", page.text);
    assert!(page.text.contains("For Team plan, 1 to 28 February, and usage, 1 to 31 January."));
    for part in [
        "Kestrel Software GmbH",
        "Nordlicht GmbH",
        "2026-0002, 1 February 2026",
        "VAT, 19 % of €33.00",
        "6.27",
        "Paid on 1 February, Visa ending 4242",
        "Still due",
        "€0.00",
    ] {
        assert!(page.text.contains(part), "{part}");
    }
    // The tiers of the usage, and the way to its days.
    for part in ["Up to 1,000", "Above 1,000", "1,500", "4.00", "/usage?meter=minutes&amp;by=day&amp;from=2026-01-01&amp;to=2026-01-31", "See the 31 days"] {
        assert!(page.text.contains(part), "{part}");
    }
    let usage = mira.browser.get("/usage?meter=minutes&by=day&from=2026-01-01&to=2026-01-31").await;
    assert_eq!(usage.status, 200);
    assert!(!page.text.contains("/pay\""), "nothing is left to pay");
}

#[tokio::test]
async fn what_is_overdue_comes_first_and_can_be_paid() {
    let (world, gateway) = World::scripted_within("2026-03-10T12:00:00Z", 14).await;
    let nordlicht = world.customer("Nordlicht").await;
    let mira = world.member("mira@nordlicht.example", &nordlicht, Role::Owner).await;
    add_card(&world, &nordlicht).await;
    gateway.script(&nordlicht, Script::Declines(DeclineReason::InsufficientFunds));
    let number = one_off(&world, &nordlicht, 5000, "Migration help").await;
    bill_now(&world).await;

    let page = mira.browser.get("/invoices").await;
    assert!(page.text.contains("<b>€50.00</b> is to be paid by 24 March, on invoice 2026-0001."), "{}", page.text);
    world.app.clock.set(instant("2026-03-25T12:00:00+01:00"));
    let mira = world.sign_in(&mira).await;
    let page = mira.get("/invoices").await;
    assert!(page.text.contains("<b>€50.00</b> is overdue: invoice 2026-0001 was due on 24 March 2026."), "{}", page.text);
    assert!(page.text.contains(&format!("href=\"/invoices/{number}/pay\"")));
    let page = mira.get(&format!("/invoices/{number}")).await;
    assert!(page.text.contains("<b>€50.00</b> is overdue since 24 March 2026."), "{}", page.text);
    assert!(page.text.contains("Visa ending 4242 was declined for €50.00"));

    gateway.script(&nordlicht, Script::Succeeds);
    let paid = mira.post(&format!("/invoices/{number}/pay"), &[]).await;
    assert_eq!(paid.status, 303, "{}", paid.text);
    assert!(mira.get(&format!("/invoices/{number}")).await.text.contains("You paid <b>€50.00</b> on 25 March, from Visa ending 4242."));
    assert!(mira.get("/invoices").await.text.contains("<b>Nothing</b> is due."));
}

#[tokio::test]
async fn the_list_is_narrowed_by_state_year_and_words() {
    let world = World::at("2025-12-20T12:00:00Z").await;
    let nordlicht = world.customer("Nordlicht").await;
    let old = one_off(&world, &nordlicht, 1000, "Migration help").await;
    world.app.clock.set(instant("2026-02-20T12:00:00Z"));
    let new = one_off(&world, &nordlicht, 2000, "100% uptime_review").await;
    let mut desk = world.desk().await;
    let id = invoices::by_number(&mut desk, &nordlicht, &old).await.unwrap().id;
    let note = invoices::credit(&mut desk, &id, &CreditRequest::Amount(1000)).await.unwrap().number;
    desk.commit().await.unwrap();
    let mira = world.member("mira@nordlicht.example", &nordlicht, Role::Owner).await.browser;
    let shown = async |query: &str| {
        let page = mira.get(&format!("/invoices{query}")).await;
        assert_eq!(page.status, 200, "{query}");
        [&old, &new, &note].map(|number| page.text.contains(&format!("href=\"/invoices/{number}\"")))
    };
    assert_eq!(shown("").await, [true, true, true]);
    assert_eq!(shown("?year=2025").await, [true, false, false]);
    assert_eq!(shown("?year=2026").await, [false, true, true]);
    assert_eq!(shown("?status=open").await, [false, true, false]);
    assert_eq!(shown("?status=overdue").await, [false, false, false]);
    assert_eq!(shown("?status=paid").await, [true, false, false]);
    assert_eq!(shown("?status=credit-notes").await, [false, false, true]);
    assert_eq!(shown("?status=ended").await, [false, false, false]);
    assert_eq!(shown("?q=UPTIME").await, [false, true, false]);
    // What LIKE would read as a pattern is text.
    assert_eq!(shown("?q=0%25+uptime_r").await, [false, true, false]);
    assert_eq!(shown("?q=%25help").await, [false, false, false]);
    assert_eq!(shown("?q=%5C").await, [false, false, false]);
    // Nonsense narrows nothing.
    assert_eq!(shown("?year=x&status=nonsense").await, [true, true, true]);
    assert_eq!(shown("?year=99999999999999999999").await, [true, true, true]);
    let page = mira.get("/invoices?q=nowhere").await;
    assert!(page.text.contains("No invoice fits."));
    assert!(page.text.contains("value=\"nowhere\""), "what was typed is kept");
}

#[tokio::test]
async fn a_long_list_goes_on_where_it_stopped() {
    let world = World::at("2026-01-10T12:00:00Z").await;
    let nordlicht = world.customer("Nordlicht").await;
    let mira = world.member("mira@nordlicht.example", &nordlicht, Role::Owner).await.browser;
    let mut numbers = Vec::new();
    for _ in 0..53 {
        numbers.push(one_off(&world, &nordlicht, 100, "Hour").await);
    }
    let first = mira.get("/invoices?q=hour").await;
    let shown = |text: &str| numbers.iter().filter(|number| text.contains(&format!("href=\"/invoices/{number}\""))).cloned().collect::<Vec<_>>();
    let (newest, older) = (numbers[3..].to_vec(), numbers[..3].to_vec());
    assert_eq!(shown(&first.text), newest);
    assert!(first.text.contains(&format!("/invoices?q=hour&amp;before={}", numbers[3])), "{}", first.text);
    let second = mira.get(&format!("/invoices?q=hour&before={}", numbers[3])).await;
    assert_eq!(shown(&second.text), older);
    assert!(!second.text.contains("before="));
}

#[tokio::test]
async fn before_the_first_invoice_the_page_says_when_it_comes_and_what_it_will_be() {
    let (world, _) = World::scripted("2026-03-10T12:00:00+01:00").await;
    let team = team(&world).await;
    let (fern, idle) = (world.customer("Fern").await, world.customer("Idle").await);
    start(&world, &fern, &team, Some(14)).await;
    let jonas = world.member("jonas@fern.example", &fern, Role::Owner).await.browser;
    let page = jonas.get("/invoices").await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("No invoices yet. The first comes on <b>24 March</b>, when your trial ends."), "{}", page.text);
    assert!(page.text.contains("<b>€34.51</b>, €5.51 tax included"), "{}", page.text);
    assert!(page.text.contains("Add a payment method before 24 March"));
    let nobody = world.member("ida@idle.example", &idle, Role::Viewer).await.browser;
    let page = nobody.get("/invoices").await;
    assert!(page.text.contains("<b>No invoices yet</b>"), "{}", page.text);
    assert!(!page.text.contains("/payment-methods/add"), "a viewer adds no card");
}

#[tokio::test]
async fn a_credit_note_says_where_the_money_went_and_both_documents_name_each_other() {
    let (world, mira, nordlicht) = mira_in_february().await;
    let mut desk = world.desk().await;
    let paid = invoices::by_number(&mut desk, &nordlicht, "2026-0002").await.unwrap();
    let note = invoices::credit(&mut desk, &paid.id, &CreditRequest::Amount(1000)).await.unwrap().number;
    assert_eq!(balance::total(&mut desk, &nordlicht, "EUR").await.unwrap(), 1000);
    desk.commit().await.unwrap();
    let page = mira.browser.get(&format!("/invoices/{note}")).await;
    assert!(page.text.contains("<b>€10.00</b> was credited to you on 1 February; the next invoices use what is left of it first."), "{}", page.text);
    assert!(page.text.contains("−€10.00"), "the total with a true minus sign");
    assert!(page.text.contains("href=\"/invoices/2026-0002\""));
    let page = mira.browser.get("/invoices/2026-0002").await;
    assert!(page.text.contains(&format!("href=\"/invoices/{note}\"")));
}

#[tokio::test]
async fn reverse_charge_is_named_with_its_sentence() {
    let world = World::at("2026-03-10T12:00:00Z").await;
    team(&world).await;
    let mut desk = world.desk().await;
    let details = Details {
        name: "Alpen".into(),
        legal_name: "Alpen GmbH".into(),
        country: "AT".into(),
        address_line1: Some("Praterstraße 58".into()),
        city: Some("Vienna".into()),
        tax_id: Some("ATU00000015".into()),
        locale: "en".into(),
        time_zone: "Europe/Vienna".into(),
        purchase_order: Some("PO 7731".into()),
        ..Details::default()
    };
    let alpen = customers::create(&mut desk, &NewCustomer { external_id: None, details, tax_exempt: false, currency: eur() }).await.unwrap();
    desk.commit().await.unwrap();
    let number = one_off(&world, &alpen, 5000, "Migration help").await;
    let ada = world.member("ada@alpen.example", &alpen, Role::Viewer).await.browser;
    let page = ada.get(&format!("/invoices/{number}")).await;
    for part in ["Reverse charge.", "Articles 44 and 196", "VAT, reverse charge", "PO 7731", "VAT ATU00000015", "Austria"] {
        assert!(page.text.contains(part), "{part}: {}", page.text);
    }
    assert!(page.text.contains("Your role lets you see invoices."));
    assert!(!page.text.contains(&format!("/invoices/{number}/pay")), "a viewer does not pay");
}

#[tokio::test]
async fn the_pdf_is_rendered_once_and_stays_the_same_bytes() {
    let (world, mira, nordlicht) = mira_in_february().await;
    let first = mira.browser.get("/invoices/2026-0002.pdf").await;
    assert_eq!(first.status, 200);
    assert_eq!(first.header("content-type"), "application/pdf");
    assert_eq!(first.header("content-disposition"), "attachment; filename=\"Kestrel-2026-0002.pdf\"");
    assert_eq!(first.header("cache-control"), "no-store");
    assert!(first.header("content-security-policy").starts_with("sandbox;"), "{}", first.header("content-security-policy"));
    assert!(first.bytes.starts_with(b"%PDF-"));
    // Neither a new name nor a new colour reaches a document that stands.
    let mut desk = world.desk().await;
    desk.tx.run("UPDATE vendors SET name = 'Osprey', brand_colour = '#ff0000'", ()).await.unwrap();
    let customer = customers::load(&mut desk, &nordlicht).await.unwrap();
    let details = Details {
        name: "Südlicht".into(),
        legal_name: "Südlicht AG".into(),
        country: "DE".into(),
        locale: customer.locale,
        time_zone: customer.time_zone,
        ..Details::default()
    };
    customers::update_details(&mut desk, &nordlicht, &details).await.unwrap();
    let invoice = invoices::by_number(&mut desk, &nordlicht, "2026-0002").await.unwrap();
    let kept = invoices::kept_pdf(&mut desk, &invoice.id).await.unwrap().unwrap();
    assert_eq!(kept, first.bytes);
    let fresh = portico::services::invoices::sheet(&invoice.snapshot().unwrap(), &format!("{}/{}", world.vendor.id, invoice.id));
    assert_eq!(invoices::pdf::render(&fresh).unwrap(), first.bytes, "what is kept is what the frozen document makes");
    assert_eq!(fresh.charts.len(), 1);
    assert_eq!((fresh.charts[0].days.len(), fresh.charts[0].end_label.as_str()), (31, "1,500"));
    assert!(fresh.charts[0].caption.contains("The 1,000 included were used up on 10 January."), "{}", fresh.charts[0].caption);
    assert_eq!(fresh.watermark.as_deref(), Some("Test mode"));
    desk.commit().await.unwrap();
    let again = mira.browser.get("/invoices/2026-0002.pdf").await;
    assert_eq!(again.bytes, first.bytes);
}

#[tokio::test]
async fn a_document_of_another_customer_or_vendor_is_not_there() {
    let (world, _mira, _) = mira_in_february().await;
    let other = world.customer("Other").await;
    let ida = world.member("ida@other.example", &other, Role::Owner).await.browser;
    for path in [
        "/invoices/2026-0002",
        "/invoices/2026-0002.pdf",
        "/invoices/2026-0002.xml",
        "/invoices/2026-0002.ubl.xml",
        "/invoices/2026-0002/pay",
        "/invoices/9999-0001",
        "/invoices/.pdf",
        "/invoices/%2e%2e",
    ] {
        let page = ida.get(path).await;
        assert_eq!(page.status, 404, "{path}");
        assert!(!page.text.contains("39.27"), "{path}");
    }
    // A cursor of somebody else's leads nowhere, and says nothing.
    one_off(&world, &other, 100, "Hour").await;
    let page = ida.get("/invoices?before=2026-0002").await;
    assert!(page.text.contains("No invoice fits."));
    let nobody = world.visitor().get("/invoices/2026-0002.pdf").await;
    assert_eq!((nobody.status, nobody.location()), (303, "/sign-in?next=%2Finvoices%2F2026-0002.pdf"));
}

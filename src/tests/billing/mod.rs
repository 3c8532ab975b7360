//! The life of a subscription through the services: dated, with amounts a reader can check by eye. Confirmed changes are in [`changes`], what
//! comes next in [`outlook`].

mod changes;
mod corrections;
mod late_usage;
mod outlook;

use billing::calendar::{Interval, Unit};
use billing::money::Currency;
use billing::price::{MeterRef, Model, Price, Tier};
use billing::state::State;
use billing::subscription::Unused;
use billing::tax::TaxRate;
use billing::usage::Aggregate;
use portico::services::Actor;
use portico::services::catalog::{self, NewMeter, NewPlan, NewPrice};
use portico::services::customers::{self, Details, NewCustomer};
use portico::services::invoices::{self, CreditRequest, Status};
use portico::services::payments::{self, DeclineReason, Errand, scripted::Script};
use portico::services::quotes::{self, Confirmed};
use portico::services::subscriptions::{self, Action, CancelRequest, ChangeRequest, StartRequest, When};
use portico::services::usage;
use portico::worker::bill;
use rust_decimal::Decimal;

use crate::world::{World, instant};

const MONTH: Interval = Interval { unit: Unit::Month, count: 1 };

pub fn eur() -> Currency {
    Currency::from_code("EUR").unwrap()
}

pub fn price(key: &str, model: Model, meter: Option<(&str, Aggregate)>) -> Price {
    let meter = meter.map(|(key, aggregate)| MeterRef { key: key.into(), aggregate });
    Price { key: key.into(), name: key.into(), model, included: Decimal::ZERO, minimum: None, maximum: None, currency: eur(), convert: false, meter }
}

/// Team: €29 a month, €9 a seat, build minutes at 0.8 ct beyond 1,000.
pub async fn catalogue(world: &World) -> (String, String) {
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
    let prices = [
        price("base", Model::Flat { amount_minor: 2900 }, None),
        price("seats", Model::PerUnit { unit_amount: Decimal::from(900) }, None),
        price("minutes", Model::Graduated { tiers }, Some(("minutes", Aggregate::Sum))),
    ];
    let plan = |key: &str, prices: Vec<Price>| NewPlan {
        key: key.into(),
        name: key.into(),
        description: String::new(),
        position: 1,
        trial_days: 0,
        max_quantity: Some(50),
        prices: prices.into_iter().map(|price| NewPrice { interval: MONTH, price }).collect(),
    };
    let team = catalog::create_plan(&mut desk, &plan("team", prices.to_vec())).await.unwrap();
    let business =
        catalog::create_plan(&mut desk, &plan("business", vec![price("base", Model::Flat { amount_minor: 9900 }, None), prices[2].clone()])).await.unwrap();
    catalog::publish_plan(&mut desk, &team).await.unwrap();
    catalog::publish_plan(&mut desk, &business).await.unwrap();
    catalog::create_tax_rate(&mut desk, &vat("AT", 20)).await.unwrap();
    desk.commit().await.unwrap();
    (team, business)
}

/// What a country takes of everything.
pub fn vat(country: &str, percent: i64) -> TaxRate {
    let key = format!("{}{percent}", country.to_lowercase());
    TaxRate { key, name: "VAT".into(), country: country.into(), region: None, percent: Decimal::from(percent), from: None, to: None, products: None }
}

/// Ada, in Austria.
pub async fn customer(world: &World) -> String {
    let mut desk = world.desk().await;
    let details = Details {
        name: "Ada".into(),
        legal_name: "Ada GmbH".into(),
        country: "AT".into(),
        locale: "en".into(),
        time_zone: "Europe/Vienna".into(),
        ..Details::default()
    };
    let id = customers::create(&mut desk, &NewCustomer { external_id: None, details, tax_exempt: false, currency: eur() }).await.unwrap();
    desk.commit().await.unwrap();
    id
}

pub fn to_team(customer_id: &str, plan_id: &str) -> StartRequest {
    StartRequest {
        customer_id: customer_id.to_owned(),
        external_id: None,
        plan_id: plan_id.to_owned(),
        interval: MONTH,
        quantity: Decimal::from(2),
        add_ons: Vec::new(),
        coupons: Vec::new(),
        promotion_code: None,
        trial_days: None,
        anchor: None,
        starts_at: None,
    }
}

#[tokio::test]
async fn a_period_is_charged_in_advance_and_its_usage_with_the_next() {
    let world = World::at("2026-01-01T00:00:00+01:00").await;
    let (team, _) = catalogue(&world).await;
    let ada = customer(&world).await;
    let mut desk = world.desk().await;
    let started = subscriptions::start(&mut desk, &to_team(&ada, &team)).await.unwrap();
    desk.commit().await.unwrap();
    // 29.00 + 2 × 9.00 = 47.00; 20 % tax 9.40.
    assert_eq!(started.issued[0].document.total_minor, 5640);
    assert_eq!(started.issued[0].number, "2026-0001");

    let mut desk = world.desk().await;
    let event = usage::NewEvent {
        id: "e1".into(),
        meter: "minutes".into(),
        quantity: Some(Decimal::from(1500)),
        value: None,
        time: Some(instant("2026-01-01T00:00:00+01:00")),
    };
    usage::record(&mut desk, &ada, &[event]).await.unwrap();
    desk.commit().await.unwrap();

    // The period ends at midnight; its invoice waits an hour for the last usage.
    world.app.clock.set(instant("2026-02-01T00:59:59+01:00"));
    assert_eq!(bill::bill(&world.app, &world.vendor, world.now()).await.unwrap().issued, 0);
    world.app.clock.set(instant("2026-02-01T01:00:00+01:00"));
    let report = bill::bill(&world.app, &world.vendor, world.now()).await.unwrap();
    assert_eq!((report.issued, report.failed.len()), (1, 0), "{:?}", report.failed);
    let mut desk = world.desk().await;
    let list = invoices::list(&mut desk, &ada, 10).await.unwrap();
    // 47.00 + 500 × 0.8 ct = 4.00: 51.00; tax 10.20.
    assert_eq!(list[0].total_minor, 6120);
    assert_eq!(list[0].status(), Status::Open);
    let invoice = invoices::by_number(&mut desk, &ada, "2026-0002").await.unwrap();
    let snapshot = invoice.snapshot().unwrap();
    assert_eq!(snapshot.lines.iter().map(|line| line.line.amount_minor).collect::<Vec<_>>(), [2900, 1800, 400]);
    assert_eq!(snapshot.charts[0].days.len(), 31);
    drop(desk);
    // Run again, nothing more happens.
    let again = bill::bill(&world.app, &world.vendor, world.now()).await.unwrap();
    assert_eq!(again.issued, 0);
}

/// Ada with a card on file, on Team since New Year in Vienna.
async fn ada_on_team(world: &World) -> (String, String, String) {
    let (team, business) = catalogue(world).await;
    let ada = customer(world).await;
    let errand = errand(world);
    let setup = payments::start_setup(&errand, &ada, payments::Wanted::CARD).await.unwrap();
    payments::finish_setup(&errand, &ada, &setup.setup_id).await.unwrap();
    let mut desk = world.desk().await;
    let started = subscriptions::start(&mut desk, &to_team(&ada, &team)).await.unwrap();
    desk.commit().await.unwrap();
    bill::bill(&world.app, &world.vendor, world.now()).await.unwrap();
    (ada, started.subscription_id, business)
}

fn errand(world: &World) -> Errand {
    Errand::new(&world.app, &world.vendor, Actor::System)
}

async fn use_minutes(world: &World, customer_id: &str, id: &str, time: &str, minutes: i64) {
    let mut desk = world.desk().await;
    let event = usage::NewEvent { id: id.into(), meter: "minutes".into(), quantity: Some(Decimal::from(minutes)), value: None, time: Some(instant(time)) };
    let outcome = usage::record(&mut desk, customer_id, &[event]).await.unwrap();
    assert_eq!(outcome, [usage::Outcome::Counted]);
    desk.commit().await.unwrap();
}

async fn go_to(world: &World, time: &str) {
    world.app.clock.set(instant(time));
    let report = bill::bill(&world.app, &world.vendor, world.now()).await.unwrap();
    assert!(report.failed.is_empty(), "{:?}", report.failed);
}

#[tokio::test]
async fn a_trial_is_announced_and_ends_in_the_first_charge_unless_cancelled() {
    let (world, gateway) = World::scripted("2026-01-01T00:00:00+01:00").await;
    let (team, _) = catalogue(&world).await;
    let ada = customer(&world).await;
    let setup = payments::start_setup(&errand(&world), &ada, payments::Wanted::CARD).await.unwrap();
    payments::finish_setup(&errand(&world), &ada, &setup.setup_id).await.unwrap();
    let mut desk = world.desk().await;
    let request = StartRequest { trial_days: Some(14), coupons: Vec::new(), ..to_team(&ada, &team) };
    let kept = subscriptions::start(&mut desk, &request).await.unwrap().subscription_id;
    let left = subscriptions::start(&mut desk, &request).await.unwrap().subscription_id;
    let leave = Action::Cancel(CancelRequest { when: When::PeriodEnd, unused: Unused::Kept, reason: Some("too_expensive".into()), comment: None });
    subscriptions::act(&mut desk, &ada, &left, &leave).await.unwrap();
    desk.commit().await.unwrap();
    go_to(&world, "2026-01-14T23:59:59+01:00").await;
    assert_eq!(gateway.taken(), []);
    let mut desk = world.desk().await;
    let (told,): (i64,) =
        desk.tx.one("SELECT COUNT(*) FROM events WHERE vendor_id = $1 AND kind = 'subscription.trial_ending'", ("ven_kestrel",)).await.unwrap();
    assert_eq!(told, 2);
    drop(desk);
    go_to(&world, "2026-01-15T00:00:00+01:00").await;
    assert_eq!(gateway.taken().iter().map(|(_, amount)| *amount).collect::<Vec<_>>(), [5640]);
    let mut desk = world.desk().await;
    assert_eq!(subscriptions::load(&mut desk, &kept).await.unwrap().state, State::Active);
    assert_eq!(subscriptions::load(&mut desk, &left).await.unwrap().state, State::Cancelled);
}

#[tokio::test]
async fn a_failed_renewal_is_past_due_until_it_is_paid() {
    let (world, gateway) = World::scripted("2026-01-01T00:00:00+01:00").await;
    let (ada, subscription, _) = ada_on_team(&world).await;
    gateway.script(&ada, Script::Declines(DeclineReason::ExpiredCard));
    go_to(&world, "2026-02-01T01:00:00+01:00").await;
    let mut desk = world.desk().await;
    assert_eq!(subscriptions::load(&mut desk, &subscription).await.unwrap().state, State::PastDue);
    let open = invoices::open_of(&mut desk, &ada).await.unwrap();
    assert_eq!((open.len(), open[0].due_minor), (1, 5640));
    // A credit note lowers what is due before anything goes into the balance.
    let note = invoices::credit(&mut desk, &open[0].id, &CreditRequest::Amount(1640)).await.unwrap();
    assert_eq!((note.number.as_str(), note.document.total_minor), ("CN-2026-0001", -1640));
    desk.commit().await.unwrap();
    gateway.script(&ada, Script::Succeeds);
    payments::pay(&errand(&world), &ada, &open[0].id, None, None).await.unwrap();
    let mut desk = world.desk().await;
    let paid = invoices::load(&mut desk, &open[0].id).await.unwrap();
    assert_eq!((paid.status, paid.paid_minor, paid.credited_minor, paid.due_minor), (Status::Paid, 4000, 1640, 0));
    assert_eq!(subscriptions::load(&mut desk, &subscription).await.unwrap().state, State::Active);
}

#[tokio::test]
async fn charges_of_one_instant_share_a_document_and_use_the_balance_first() {
    let (world, gateway) = World::scripted("2026-01-01T00:00:00+01:00").await;
    let (ada, subscription, _) = ada_on_team(&world).await;
    world.app.clock.set(instant("2026-01-16T12:00:00+01:00"));
    let mut desk = world.desk().await;
    portico::services::balance::grant(&mut desk, &ada, "EUR", 1000, "Sorry", None).await.unwrap();
    invoices::charge(&mut desk, &ada, 1500, "Onboarding").await.unwrap();
    invoices::charge(&mut desk, &ada, 500, "Stickers").await.unwrap();
    desk.commit().await.unwrap();
    let seats = Action::Change(ChangeRequest { quantity: Some(Decimal::from(4)), ..ChangeRequest::default() });
    let preview = quotes::preview(&errand(&world), &ada, &subscription, &seats).await.unwrap();
    let Confirmed::Done(done) = quotes::confirm(&errand(&world), &ada, &preview.quote).await.unwrap() else { panic!("not done") };
    // −9.00 + 18.00 for the seats, 15.00 and 5.00: 29.00, and 20 % is 34.80; 10.00 from the balance.
    assert_eq!((done.documents.len(), done.documents[0].total_minor, done.paid_minor), (1, 3480, 2480));
    go_to(&world, "2026-01-17T00:00:00+01:00").await;
    assert_eq!(gateway.taken().len(), 2);
    // A refund gives back what a payment paid, never more.
    let mut desk = world.desk().await;
    assert!(invoices::credit(&mut desk, &done.documents[0].id, &CreditRequest::Refund(Some(2481))).await.is_err());
    drop(desk);
    let mut desk = world.desk().await;
    invoices::credit(&mut desk, &done.documents[0].id, &CreditRequest::Refund(Some(2480))).await.unwrap();
    invoices::credit(&mut desk, &done.documents[0].id, &CreditRequest::Amount(1000)).await.unwrap();
    assert!(invoices::credit(&mut desk, &done.documents[0].id, &CreditRequest::Amount(1)).await.is_err());
    assert_eq!(portico::services::balance::total(&mut desk, &ada, "EUR").await.unwrap(), 1000);
    let sums = portico::services::ledger::sums(&mut desk).await.unwrap();
    assert_eq!((sums["EUR"].values().sum::<i64>(), sums["EUR"][&billing::ledger::Account::Cash]), (0, 5640));
}

#[tokio::test]
async fn the_documents_of_a_series_are_chained_and_gapless() {
    let (world, _) = World::scripted("2026-01-01T00:00:00+01:00").await;
    let (ada, ..) = ada_on_team(&world).await;
    go_to(&world, "2026-06-01T02:00:00+02:00").await;
    let mut desk = world.desk().await;
    let mut last = String::new();
    for n in 1..=6 {
        let invoice = invoices::by_number(&mut desk, &ada, &format!("2026-{n:04}")).await.unwrap();
        assert_eq!(invoice.hash, invoices::chain(&last, invoice.document()));
        last = invoice.hash;
    }
    assert!(invoices::by_number(&mut desk, "cus_other", "2026-0001").await.is_err());
}

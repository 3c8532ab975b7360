//! A vendor with some of everything in its books: what checks are broken on, and what backups must carry over.

use billing::discount::{Coupon, Duration, Off};
use portico::services::catalog::{self, NewMeter};
use portico::services::customers;
use portico::services::invoices::{self, Certificate, CreditRequest};
use portico::services::payments::DeclineReason;
use portico::services::payments::scripted::Script;
use portico::services::purchases::{self, Order, What};
use portico::services::subscriptions::{self, StartRequest};
use portico::services::usage::{self, Aggregate, NewEvent};
use portico::services::{Desk, balance};
use rust_decimal::Decimal;

use crate::billing::{customer, to_team};
use crate::nordlicht::{Nordlicht, add_card};
use crate::purchases::sells;
use crate::world::instant;

/// Nordlicht from March to May: usage, a correction into the balance that May's invoice uses, a refund that went back and one on its way, a
/// credit for goodwill, another that expired unused, a PDF; a top-up, a credit pack, and a service they pay for. Beside it Ada in Austria with a coupon and taxes, and an invoice nobody paid, of which tax was withheld.
pub async fn house() -> Nordlicht {
    let at = Nordlicht::new().await;
    let mut desk = at.desk().await;
    catalog::create_meter(
        &mut desk,
        &NewMeter { key: "people".into(), name: "People".into(), unit: "people".into(), aggregate: Aggregate::Unique, position: 2 },
    )
    .await
    .unwrap();
    catalog::create_coupon(&mut desk, &Coupon { key: "TENTH".into(), off: Off::Percent(Decimal::from(10)), duration: Duration::Forever }, Some(5))
        .await
        .unwrap();
    desk.commit().await.unwrap();
    let team = subscriptions::load(&mut at.desk().await, &at.subscription).await.unwrap().plan_id;
    let ada = ada(&at, &team).await;

    at.go_to("2026-03-20T10:00:00+01:00").await;
    let mut desk = at.desk().await;
    for (day, quantity) in [(3, 700), (3, 400), (17, 650)] {
        use_minutes(&mut desk, &at.id, day, quantity).await;
    }
    for (n, who) in ["ann", "bob", "ann"].into_iter().enumerate() {
        let event = NewEvent {
            id: format!("people-{n}"),
            meter: "people".into(),
            value: Some(who.into()),
            time: Some(instant("2026-03-17T09:00:00Z")),
            ..NewEvent::default()
        };
        usage::record(&mut desk, &ada, &[event]).await.unwrap();
    }
    desk.commit().await.unwrap();
    at.go_to("2026-04-02T02:00:00+02:00").await;

    let first = at.invoice_id("2026-0001").await;
    let mut desk = at.desk().await;
    invoices::credit(&mut desk, &first, &CreditRequest::Amount(1000)).await.unwrap();
    invoices::credit(&mut desk, &first, &CreditRequest::Refund(Some(700))).await.unwrap();
    balance::grant(&mut desk, &at.id, "EUR", 300, "for the trouble", None).await.unwrap();
    balance::grant(&mut desk, &at.id, "EUR", 250, "for April", Some(instant("2026-04-20T00:00:00Z"))).await.unwrap();
    invoices::keep_pdf(&mut desk, &first, b"%PDF-1.7 once rendered").await.unwrap();
    desk.commit().await.unwrap();
    at.deliver().await;

    at.bank.script(&ada, Script::Declines(DeclineReason::InsufficientFunds));
    let mut desk = at.desk().await;
    invoices::charge(&mut desk, &ada, 500, "a workshop").await.unwrap();
    desk.commit().await.unwrap();
    at.go_to("2026-05-02T02:00:00+02:00").await;
    let mut desk = at.desk().await;
    invoices::credit(&mut desk, &first, &CreditRequest::Refund(Some(200))).await.unwrap();
    let open = invoices::open_of(&mut desk, &ada).await.unwrap().remove(0).id;
    let certificate = Certificate { number: "7/2026".into(), on: desk.now.billing.date_naive() };
    invoices::withhold(&mut desk, &open, certificate, Some(Decimal::from(5))).await.unwrap();
    desk.commit().await.unwrap();
    sells(&at.world).await;
    for what in [What::TopUp { amount_minor: 2_500 }, What::Product { key: "sixty".into() }, What::Product { key: "workshop".into() }] {
        let mut desk = at.desk().await;
        let customer = customers::load(&mut desk, &at.id).await.unwrap();
        let agreed_minor = purchases::offer(&mut desk, &customer, &what).await.unwrap().due_minor;
        let id = desk.new_id("pur");
        drop(desk);
        purchases::buy(&at.errand(), &at.id, &Order { id, what, method_id: None, agreed_minor }).await.unwrap();
    }
    at
}

async fn ada(at: &Nordlicht, team: &str) -> String {
    let id = customer(&at.world).await;
    add_card(&at.world, &id).await;
    let mut desk = at.desk().await;
    subscriptions::start(&mut desk, &StartRequest { coupons: vec!["TENTH".into()], ..to_team(&id, team) }).await.unwrap();
    desk.commit().await.unwrap();
    id
}

async fn use_minutes(desk: &mut Desk, customer: &str, day: u32, quantity: i64) {
    let event = NewEvent {
        id: format!("minutes-{day}-{quantity}"),
        meter: "minutes".into(),
        quantity: Some(Decimal::from(quantity)),
        value: None,
        time: Some(instant(&format!("2026-03-{day:02}T08:00:00Z"))),
    };
    usage::record(desk, customer, &[event]).await.unwrap();
}

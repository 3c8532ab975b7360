//! Five hundred documents: seeded lives of nine vendors' customers, billed by the product itself. Of each vendor, one customer at home, one
//! exempt, one in another country of the EU with a tax id, one where the rate is zero, one where there is none.

use std::sync::Arc;

use billing::calendar::{Interval, Unit};
use billing::correction::LineCredit;
use billing::discount::{Coupon, Duration as Lasts, Off};
use billing::money::Currency;
use billing::price::{MeterRef, Model, Price, Tier};
use billing::tax::TaxRate;
use billing::usage::Aggregate;
use chrono::Duration;
use portico::services::catalog::{self, NewMeter, NewPlan, NewPrice};
use portico::services::customers::{self, Details, NewCustomer};
use portico::services::invoices::{self, CreditRequest, Snapshot};
use portico::services::payments::Errand;
use portico::services::quotes;
use portico::services::subscriptions::{self, Action, ChangeRequest, StartRequest};
use portico::services::vendors::{self, Vendor};
use portico::services::{Actor, balance, usage};
use portico::worker::bill;
use rust_decimal::Decimal;
use tokio::sync::OnceCell;

use crate::dice::Dice;
use crate::nordlicht::add_card;
use crate::world::World;

const MONTH: Interval = Interval { unit: Unit::Month, count: 1 };
const MONTHS: u32 = 6;

/// Key, country, tax id, currency, whether prices include tax.
const HOUSES: [(&str, &str, Option<&str>, &str, bool); 9] = [
    ("wien", "AT", Some("ATU13585627"), "EUR", false),
    ("lyon", "FR", Some("FR40 303 265 045"), "EUR", true),
    ("pecs", "HU", Some("HU12892312"), "HUF", false),
    ("gyor", "HU", Some("HU12892312"), "HUF", true),
    ("kobe", "JP", Some("T7000012050002"), "JPY", false),
    ("manama", "BH", Some("200000000000002"), "BHD", false),
    ("toronto", "CA", Some("100000008RT0001"), "CAD", true),
    ("bangkok", "TH", Some("0994000165510 00012"), "EUR", false),
    // Without a tax id, it charges no tax.
    ("austin", "US", None, "USD", false),
];

/// Rate, country, percent; named “small”, of that plan only.
const RATES: [(&str, &str, &str); 13] = [
    ("at", "AT", "20"),
    ("fr", "FR", "20"),
    ("fr small", "FR", "5.5"),
    ("hu", "HU", "27"),
    ("jp", "JP", "10"),
    ("jp small", "JP", "8"),
    ("bh", "BH", "10"),
    ("gst", "CA", "5"),
    ("pst", "CA", "6.875"),
    ("th", "TH", "7"),
    ("de", "DE", "19"),
    ("ie", "IE", "0"),
    ("nl", "NL", "21"),
];

/// Every document of these lives, as frozen, under a name for its file.
pub async fn documents() -> &'static [(String, Snapshot)] {
    static DOCUMENTS: OnceCell<Vec<(String, Snapshot)>> = OnceCell::const_new();
    DOCUMENTS.get_or_init(live).await
}

struct Account {
    vendor: Arc<Vendor>,
    customer: String,
    subscription: String,
    /// Small and large.
    plans: [String; 2],
}

async fn live() -> Vec<(String, Snapshot)> {
    let (mut world, _bank) = World::scripted("2026-01-15T08:00:00Z").await;
    let mut dice = Dice(16_931);
    let mut accounts = Vec::new();
    for house in HOUSES {
        world.vendor = vendor(&world, house).await;
        let plans = catalogue(&world).await;
        for (name, details, tax_exempt) in customers_of(house) {
            let subscription = subscribe(&world, &mut dice, &plans, &name, details, tax_exempt).await;
            accounts.push(Account { vendor: world.vendor.clone(), customer: subscription.0, subscription: subscription.1, plans: plans.clone() });
        }
    }
    for month in 0..MONTHS {
        for account in &accounts {
            world.vendor = account.vendor.clone();
            something_happens(&world, &mut dice, account, month).await;
        }
        world.wait(Duration::days(31));
        for vendor in world.app.vendors() {
            let report = bill::bill(&world.app, &vendor, world.now()).await.unwrap();
            assert!(report.failed.is_empty(), "{:?}", report.failed);
        }
    }
    let mut documents = Vec::new();
    for account in &accounts {
        world.vendor = account.vendor.clone();
        let mut desk = world.desk().await;
        for row in invoices::list(&mut desk, &account.customer, 1000).await.unwrap() {
            let snapshot = invoices::load(&mut desk, &row.id).await.unwrap().snapshot().unwrap();
            documents.push((format!("{}-{}", account.vendor.host.as_deref().unwrap(), row.number), snapshot));
        }
    }
    documents
}

async fn vendor(world: &World, (key, country, tax_id, currency, prices_include_tax): (&str, &str, Option<&str>, &str, bool)) -> Arc<Vendor> {
    let vendor = Vendor {
        id: format!("ven_{key}"),
        host: Some(key.to_owned()),
        legal_name: format!("{key} & Söhne <Ltd>"),
        country: country.to_owned(),
        tax_id: tax_id.map(str::to_owned),
        currency: currency.to_owned(),
        prices_include_tax,
        is_test: key != "wien",
        ..(*world.vendor).clone()
    };
    vendors::create(&world.app.db, &vendor).await.unwrap();
    world.app.reload_vendors().await.unwrap();
    world.app.vendors().into_iter().find(|of| of.id == vendor.id).unwrap()
}

async fn catalogue(world: &World) -> [String; 2] {
    let currency = Currency::from_code(&world.vendor.currency).unwrap();
    let mut desk = world.desk().await;
    let meter = NewMeter { key: "calls".into(), name: "API calls".into(), unit: "calls".into(), aggregate: Aggregate::Sum, position: 1 };
    catalog::create_meter(&mut desk, &meter).await.unwrap();
    let price = |key: &str, model: Model| Price {
        key: key.into(),
        name: key.into(),
        model,
        included: Decimal::ZERO,
        minimum: None,
        maximum: None,
        currency,
        convert: false,
        meter: None,
    };
    let metered = |price: Price| Price { meter: Some(MeterRef { key: "calls".into(), aggregate: Aggregate::Sum }), ..price };
    let tiers = vec![
        Tier { up_to: Some(Decimal::from(100)), unit_amount: Decimal::new(17, 1), flat_amount: Decimal::ZERO },
        Tier { up_to: None, unit_amount: Decimal::new(3, 1), flat_amount: Decimal::from(250) },
    ];
    let mut plans = Vec::new();
    for (times, key) in [(1_i64, "small"), (3, "large")] {
        let prices = [
            price("base", Model::Flat { amount_minor: 1999 * times }),
            Price { included: Decimal::ONE, ..price("seats", Model::PerUnit { unit_amount: Decimal::new(9995 * times, 1) }) },
            metered(Price { minimum: Some(500), ..price("calls", Model::Graduated { tiers: tiers.clone() }) }),
            metered(price("packs", Model::Package { size: Decimal::from(50), amount: Decimal::from(75) })),
            metered(Price { maximum: Some(333), ..price("reads", Model::PerUnit { unit_amount: Decimal::new(5, 1) }) }),
        ];
        let prices = prices.into_iter().map(|price| NewPrice { interval: MONTH, price }).collect();
        let plan = NewPlan { key: key.into(), name: key.into(), description: String::new(), position: times, trial_days: 0, max_quantity: None, prices };
        let id = catalog::create_plan(&mut desk, &plan).await.unwrap();
        catalog::publish_plan(&mut desk, &id).await.unwrap();
        plans.push(id);
    }
    for (key, country, percent) in RATES {
        let products = key.ends_with("small").then(|| vec!["small".to_owned()]);
        let percent = percent.parse().unwrap();
        let rate = TaxRate { key: key.into(), name: "VAT".into(), country: country.into(), region: None, percent, from: None, to: None, products };
        catalog::create_tax_rate(&mut desk, &rate).await.unwrap();
    }
    for (key, off, duration) in
        [("THIRD", Off::Percent(Decimal::new(3333, 2)), Lasts::Repeating { months: 4 }), ("LESS", Off::Amount { amount_minor: 501, currency }, Lasts::Forever)]
    {
        catalog::create_coupon(&mut desk, &Coupon { key: key.into(), off, duration }, None).await.unwrap();
    }
    desk.commit().await.unwrap();
    plans.try_into().unwrap()
}

fn customers_of((_, home, tax_id, _, _): (&str, &str, Option<&str>, &str, bool)) -> Vec<(String, Details, bool)> {
    let of = |name: &str, country: &str, tax_id: Option<&str>| Details {
        name: name.into(),
        legal_name: format!("{name} Holding"),
        address_line1: Some("Hauptplatz 1".into()),
        postal_code: Some("8010".into()),
        city: Some("Graz".into()),
        region: (name == "Home").then(|| "West".into()),
        country: country.into(),
        tax_id: tax_id.map(str::to_owned),
        purchase_order: (name == "Abroad").then(|| "PO-7 & 8".into()),
        locale: "en".into(),
        time_zone: "Europe/Vienna".into(),
        ..Details::default()
    };
    let all = [
        ("Home", of("Home", home, None), false),
        ("Exempt", of("Exempt", home, None), true),
        ("Abroad", of("Abroad", "DE", Some("DE136695976")), false),
        ("Zero", of("Zero", "IE", None), false),
        ("Nowhere", of("Nowhere", "CH", Some("CHE-107.787.577 IVA")), false),
    ];
    all.into_iter()
        .filter(|(name, _, _)| tax_id.is_some() || !["Abroad", "Zero"].contains(name))
        .map(|(name, details, is_exempt)| (name.to_owned(), details, is_exempt))
        .collect()
}

/// A customer with a card and a subscription.
async fn subscribe(world: &World, dice: &mut Dice, plans: &[String; 2], name: &str, details: Details, tax_exempt: bool) -> (String, String) {
    let currency = Currency::from_code(&world.vendor.currency).unwrap();
    let mut desk = world.desk().await;
    let customer = customers::create(&mut desk, &NewCustomer { external_id: Some(name.to_owned()), details, tax_exempt, currency }).await.unwrap();
    desk.commit().await.unwrap();
    add_card(world, &customer).await;
    let request = StartRequest {
        customer_id: customer.clone(),
        external_id: None,
        plan_id: plans[usize::try_from(dice.roll(2)).unwrap()].clone(),
        interval: MONTH,
        quantity: Decimal::from(dice.amount(5)),
        add_ons: Vec::new(),
        coupons: [vec![], vec!["THIRD".to_owned()], vec!["THIRD".to_owned(), "LESS".to_owned()]][usize::try_from(dice.roll(3)).unwrap()].clone(),
        promotion_code: None,
        trial_days: None,
        anchor: None,
        starts_at: None,
    };
    let mut desk = world.desk().await;
    let started = subscriptions::start(&mut desk, &request).await.unwrap();
    desk.commit().await.unwrap();
    (customer, started.subscription_id)
}

/// Usage every month; now and then a change, a credit, a correction, something for once.
async fn something_happens(world: &World, dice: &mut Dice, account: &Account, month: u32) {
    let mut desk = world.desk().await;
    let event = usage::NewEvent {
        id: format!("{}-{month}", account.customer),
        meter: "calls".into(),
        quantity: Some(Decimal::new(dice.amount(4000), 1)),
        value: None,
        time: None,
    };
    usage::record(&mut desk, &account.customer, &[event]).await.unwrap();
    match dice.roll(6) {
        0 => {
            balance::grant(&mut desk, &account.customer, &account.vendor.currency, dice.amount(2000), "Goodwill", None).await.unwrap();
        }
        1 => {
            invoices::charge(&mut desk, &account.customer, dice.amount(30_000), "Workshop").await.unwrap();
        }
        2 | 3 => {
            let all = invoices::list(&mut desk, &account.customer, 100).await.unwrap();
            if let Some(invoice) = all.iter().find(|document| document.kind == "invoice" && document.total_minor > 0) {
                let lines = invoices::of_invoice(&mut desk, &invoice.id).await.unwrap();
                let line = lines.iter().find(|line| line.line.amount_minor > 200).map(|line| line.id.clone()).unwrap();
                let request = match dice.roll(3) {
                    0 => CreditRequest::Amount(dice.amount(u64::try_from(invoice.total_minor).unwrap())),
                    1 => CreditRequest::Lines(vec![LineCredit { line, amount_minor: None }]),
                    _ => CreditRequest::Amount(invoice.total_minor),
                };
                // What was corrected before may leave too little.
                let _ = invoices::credit(&mut desk, &invoice.id, &request).await;
            }
        }
        _ => {
            desk.commit().await.unwrap();
            world.wait(Duration::hours(7));
            let request = ChangeRequest {
                plan_id: Some(account.plans[usize::try_from(dice.roll(2)).unwrap()].clone()),
                quantity: Some(Decimal::from(dice.amount(6))),
                ..ChangeRequest::default()
            };
            let errand = Errand::new(&world.app, &world.vendor, Actor::System);
            if let Ok(preview) = quotes::preview(&errand, &account.customer, &account.subscription, &Action::Change(request)).await {
                quotes::confirm(&errand, &account.customer, &preview.quote).await.unwrap();
            }
            return;
        }
    }
    desk.commit().await.unwrap();
}

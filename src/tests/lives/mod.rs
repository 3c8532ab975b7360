//! Seeded random lives: customers subscribe, change their minds, use, pause, leave and come back, withhold tax, send usage and take it back, cards fail, answers get lost,
//! workers run twice ([`steps`]). Whatever happens, the books must agree with each other and with the bank.

mod steps;

use std::collections::BTreeMap;

use billing::calendar::{Interval, Unit};
use billing::ledger::Account;
use billing::money::Currency;
use billing::price::{MeterRef, Model, Price, Tier};
use billing::state::State;
use billing::tax::TaxRate;
use billing::usage::Aggregate;
use chrono::Duration;
use portico::platform::post::Post;
use portico::services::catalog::{self, NewMeter, NewPlan, NewPrice};
use portico::services::customers::{self, Details, NewCustomer};
use portico::services::invoices::{self, Status};
use portico::services::overview::overview;
use portico::services::payments::scripted::{RefundScript, Script, Scripted};
use portico::services::payments::{self, Errand};
use portico::services::{Actor, Desk, Refusal, balance, check, ledger, subscriptions};
use portico::worker::{bill, deliver};
use rust_decimal::Decimal;

use crate::dice::Dice;
use crate::nordlicht::add_card;
use crate::world::World;

struct Life {
    world: World,
    bank: std::sync::Arc<Scripted>,
    dice: Dice,
    plans: Vec<String>,
    customers: Vec<String>,
    subscriptions: Vec<(String, String)>,
    refunded_minor: i64,
    event: u64,
    log: Vec<String>,
}

fn eur() -> Currency {
    Currency::from_code("EUR").unwrap()
}

async fn life(seed: u64) -> Life {
    let (world, bank) = World::scripted("2026-01-30T09:17:43Z").await;
    let mut desk = world.desk().await;
    let meter = |key: &str, aggregate| NewMeter { key: key.into(), name: key.into(), unit: "units".into(), aggregate, position: 1 };
    catalog::create_meter(&mut desk, &meter("minutes", Aggregate::Sum)).await.unwrap();
    catalog::create_meter(&mut desk, &meter("storage", Aggregate::Max)).await.unwrap();
    let of = |key: &str| Some(MeterRef { key: key.into(), aggregate: if key == "minutes" { Aggregate::Sum } else { Aggregate::Max } });
    let price = |key: &str, model, meter| Price {
        key: key.into(),
        name: key.into(),
        model,
        included: Decimal::ZERO,
        minimum: None,
        maximum: None,
        currency: eur(),
        convert: false,
        meter,
    };
    let tiers = |unit: i64| {
        vec![
            Tier { up_to: Some(Decimal::from(100)), unit_amount: Decimal::ZERO, flat_amount: Decimal::ZERO },
            Tier { up_to: None, unit_amount: Decimal::new(unit, 1), flat_amount: Decimal::from(50) },
        ]
    };
    let mut plans = Vec::new();
    for (n, key) in (1_i64..).zip(["small", "middle", "large", "empty"]) {
        let mut prices = Vec::new();
        for (unit, count) in [(Unit::Month, 1), (Unit::Year, 1), (Unit::Week, 2)] {
            let interval = Interval { unit, count };
            let mut all = vec![
                price("base", Model::Flat { amount_minor: 1999 * n }, None),
                Price { minimum: Some(700), ..price("seats", Model::PerUnit { unit_amount: Decimal::new(3333 * n, 1) }, None) },
                price("minutes", Model::Graduated { tiers: tiers(7 * n) }, of("minutes")),
                Price { maximum: Some(900), ..price("storage", Model::PerUnit { unit_amount: Decimal::from(n) }, of("storage")) },
            ];
            if key == "empty" {
                all.truncate(0);
                all.push(price("minutes", Model::Graduated { tiers: tiers(7) }, of("minutes")));
            }
            prices.extend(all.into_iter().map(|price| NewPrice { interval, price }));
        }
        let plan = NewPlan { key: key.into(), name: key.into(), description: String::new(), position: n, trial_days: 0, max_quantity: None, prices };
        let id = catalog::create_plan(&mut desk, &plan).await.unwrap();
        // Usage of some plans is invoiced as soon as it has come to this.
        catalog::set_invoice_threshold(&mut desk, &id, eur(), (n > 1).then_some(400 * n)).await.unwrap();
        catalog::publish_plan(&mut desk, &id).await.unwrap();
        plans.push(id);
    }
    for (key, percent) in [("at", Decimal::from(20)), ("at_extra", Decimal::new(175, 2))] {
        let rate = TaxRate { key: key.into(), name: key.into(), country: "AT".into(), region: None, percent, from: None, to: None, products: None };
        catalog::create_tax_rate(&mut desk, &rate).await.unwrap();
    }
    for (key, off, duration) in [
        ("TENTH", billing::discount::Off::Percent(Decimal::from(10)), billing::discount::Duration::Forever),
        ("THIRD", billing::discount::Off::Percent(Decimal::new(3333, 2)), billing::discount::Duration::Repeating { months: 2 }),
        ("FIVER", billing::discount::Off::Amount { amount_minor: 500, currency: eur() }, billing::discount::Duration::Once),
    ] {
        catalog::create_coupon(&mut desk, &billing::discount::Coupon { key: key.into(), off, duration }, None).await.unwrap();
    }
    let mut all = Vec::new();
    for (name, country) in [("Ada", "AT"), ("Bob", "CH")] {
        let details = Details {
            name: name.into(),
            legal_name: name.into(),
            country: country.into(),
            locale: "en".into(),
            time_zone: "Europe/Vienna".into(),
            ..Details::default()
        };
        all.push(customers::create(&mut desk, &NewCustomer { external_id: None, details, tax_exempt: false, currency: eur() }).await.unwrap());
    }
    desk.commit().await.unwrap();
    let errand = Errand::new(&world.app, &world.vendor, Actor::System);
    for customer in &all {
        let setup = payments::start_setup(&errand, customer, payments::Wanted::CARD).await.unwrap();
        payments::finish_setup(&errand, customer, &setup.setup_id).await.unwrap();
        let backup = add_card(&world, customer).await;
        let mut desk = world.desk().await;
        payments::make_backup(&mut desk, customer, &backup.id).await.unwrap();
        desk.commit().await.unwrap();
    }
    Life { world, bank, dice: Dice(seed), plans, customers: all, subscriptions: Vec::new(), refunded_minor: 0, event: 0, log: Vec::new() }
}

impl Life {
    fn errand(&self) -> Errand {
        Errand::new(&self.world.app, &self.world.vendor, Actor::System)
    }

    async fn bill(&self) {
        let report = bill::bill(&self.world.app, &self.world.vendor, self.world.now()).await.unwrap();
        assert!(report.failed.is_empty(), "{:?}", report.failed);
    }

    async fn deliver(&self) {
        while deliver::deliver_due(&self.world.app, &Post::Nowhere).await.unwrap() > 0 {}
    }

    /// What is remembered of an account from before the step is what is read of it after.
    async fn check_memory(&self, step: u64) {
        let zone = chrono_tz::Europe::Vienna;
        for customer in &self.customers {
            let look = || overview(&self.world.app, &self.world.vendor, customer, zone);
            let (_, remembered) = look().await.unwrap();
            self.world.app.overviews.forget();
            let (_, read) = look().await.unwrap();
            assert_eq!(remembered, read, "step {step}\n{}", self.log.join("\n"));
        }
        // Both are known again when the next thing happens.
        for customer in &self.customers {
            overview(&self.world.app, &self.world.vendor, customer, zone).await.unwrap();
        }
    }

    /// The books agree with each other and with the bank.
    async fn check(&self, step: u64) {
        let mut desk = self.world.desk().await;
        let accounts = ledger::sums(&mut desk).await.unwrap().remove("EUR").unwrap_or_default();
        let of = |account: Account| accounts.get(&account).copied().unwrap_or_default();
        assert_eq!(accounts.values().sum::<i64>(), 0, "step {step}: the ledger balances");
        let (mut due, mut credits) = (0, 0);
        for customer in &self.customers {
            credits += balance::total(&mut desk, customer, "EUR").await.unwrap();
            let mut charged: BTreeMap<String, (i64, i64)> = BTreeMap::new();
            for summary in invoices::list(&mut desk, customer, 10_000).await.unwrap() {
                let document = invoices::load(&mut desk, &summary.id).await.unwrap();
                due += if summary.kind == "invoice" { document.due_minor } else { 0 };
                assert_eq!(
                    document.status == Status::Open,
                    document.due_minor > 0 && summary.kind == "invoice",
                    "step {step}: {} {:?}",
                    document.number,
                    document.status
                );
                let lines = invoices::of_invoice(&mut desk, &summary.id).await.unwrap();
                assert_eq!(lines.iter().map(|draft| draft.line.amount_minor).sum::<i64>(), document.snapshot().unwrap().subtotal_minor);
                for draft in lines {
                    let net = draft.line.net_minor().unwrap();
                    charged.entry(draft.id.clone()).or_default().0 += net;
                    if let Some(of) = draft.line.credits {
                        charged.entry(of).or_default().1 += net;
                    }
                }
            }
            for (line, (net, taken_back)) in charged {
                let left = net + taken_back;
                assert!(left == 0 || left.signum() == net.signum(), "step {step}: {taken_back} was taken back of {net} ({line})\n{}", self.log.join("\n"));
            }
        }
        for (_, subscription) in &self.subscriptions {
            let subscription = subscriptions::load(&mut desk, subscription).await.unwrap();
            let open = invoices::open_of(&mut desk, &subscription.customer_id).await.unwrap();
            assert!(subscription.state != State::PastDue || !open.is_empty(), "step {step}: {} is past due and owes nothing", subscription.id);
        }
        let paid: i64 = desk
            .tx
            .one::<(i64,)>(
                "SELECT CAST(COALESCE(SUM(amount_minor), 0) AS BIGINT) FROM payments WHERE vendor_id = $1 AND status = 'succeeded'",
                (self.world.vendor.id.clone(),),
            )
            .await
            .unwrap()
            .0;
        assert_eq!(of(Account::Receivable), due, "step {step}: what is owed is what is due of open invoices");
        assert_eq!(of(Account::CustomerBalance), -credits, "step {step}: balances");
        let kept = kept_minor(&mut desk).await;
        assert_eq!(of(Account::Cash), paid - self.refunded_minor + kept, "step {step}: cash");
    }
}

/// Of refunds, what the cards took no more: it is in the balances.
async fn kept_minor(desk: &mut Desk) -> i64 {
    let vendor = desk.vendor.id.clone();
    desk.tx
        .one::<(i64,)>("SELECT CAST(COALESCE(SUM(amount_minor), 0) AS BIGINT) FROM refunds WHERE vendor_id = $1 AND status = 'refused'", (vendor,))
        .await
        .unwrap()
        .0
}

#[tokio::test]
async fn whatever_happens_the_books_agree_with_each_other_and_with_the_bank() {
    // More of them on request: LIVES=100..140.
    let seeds =
        std::env::var("LIVES").ok().and_then(|range| range.split_once("..").map(|(from, to)| from.parse().unwrap()..to.parse().unwrap())).unwrap_or(1..5);
    for seed in seeds {
        let mut life = life(seed).await;
        for step in 0..60 {
            let outcome = life.step().await;
            life.log.push(format!("{step} at {}: {outcome:?}", life.world.now()));
            match outcome {
                Ok(()) | Err(Refusal::Rule(_) | Refusal::Conflict(_) | Refusal::NotFound | Refusal::Fields(_)) => {}
                Err(defect) => panic!("seed {seed}, step {step}: {defect:?}"),
            }
            if life.dice.is(2) {
                let hours = life.dice.amount(if life.dice.0 % 4 == 0 { 900 } else { 48 });
                life.world.wait(Duration::hours(hours));
                payments::recover(&life.errand()).await.unwrap();
                life.bill().await;
                life.deliver().await;
            }
            if step % 10 == 0 {
                let report = check::check(&life.world.app).await.unwrap();
                assert_eq!(report.broken, None, "seed {seed}, step {step}\n{}", life.log.join("\n"));
            }
            life.check_memory(step).await;
            life.check(step).await;
        }
        // Nothing is left to do, and every answer that was lost is found.
        for customer in life.customers.clone() {
            let cards = payments::list(&mut life.world.desk().await, &customer).await.unwrap();
            for of in [customer].into_iter().chain(cards.into_iter().map(|card| card.token)) {
                life.bank.script(&of, Script::Succeeds);
            }
        }
        life.bank.script_refunds(RefundScript::Succeeds);
        life.world.wait(Duration::hours(30));
        payments::recover(&life.errand()).await.unwrap();
        life.bill().await;
        life.deliver().await;
        let again = bill::bill(&life.world.app, &life.world.vendor, life.world.now()).await.unwrap();
        assert_eq!(again.issued, 0, "seed {seed}");
        let given_back: i64 = life.bank.given_back().iter().map(|(_, amount)| *amount).sum();
        let taken: i64 = life.bank.taken().iter().map(|(_, amount)| *amount).sum();
        let mut desk = life.world.desk().await;
        assert_eq!(given_back, life.refunded_minor - kept_minor(&mut desk).await, "seed {seed}: what went back");
        let sums = ledger::sums(&mut desk).await.unwrap();
        assert_eq!(sums["EUR"][&Account::Cash], taken - given_back, "seed {seed}: the bank's count");
        drop(desk);
        let report = check::check(&life.world.app).await.unwrap();
        assert_eq!(report.broken, None, "seed {seed}");
    }
}

//! Killed in the middle of collecting: a run of two thousand invoices, killed again and again at counted payments and started anew, charges
//! each of them once, at the sandbox and at Stripe's stand-in. That one takes its time: it is asked for so many where there are more kills.

use billing::ledger::Account;
use chrono::Utc;
use portico::app::App;
use portico::platform::assets::Assets;
use portico::platform::clock::Clock;
use portico::platform::config::{self, Config};
use portico::platform::db::Db;
use portico::platform::ids::Ids;
use portico::services::payments::{self, CardEntry, Errand, Finished};
use portico::services::{Actor, Desk, invoices, ledger};
use portico::worker::bill;
use std::collections::BTreeSet;

use super::{PATIENCE, count, finish, kills, run_and_kill};
use crate::sandbox::add_card;
use crate::stripe::{StandIn, connect_on};
use crate::world::{Copied, World};

const CUSTOMERS: usize = 200;
const OWED_MINOR: i64 = 1900;
const PAID: &str = "SELECT COUNT(*) FROM payments WHERE status = 'succeeded'";

#[tokio::test]
async fn at_the_sandbox_each_invoice_is_charged_once_however_often_its_collection_is_killed() {
    let all = 10 * CUSTOMERS;
    let store = invoiced(all).await;
    let app = opened(&store, Utc::now()).await;
    let errand = Errand::new(&app, &app.vendors()[0], Actor::System);
    for customer in customers(&app).await {
        add_card(&errand, &customer, "4242424242424242").await;
    }
    app.db.close().await;
    let app = collect_and_kill(&store, all).await;
    let sql = "SELECT idempotency_key, amount_minor FROM sandbox_charges WHERE status = 'succeeded'";
    check(&app, all, app.db.all(sql, ()).await.unwrap()).await;
    app.db.close().await;
}

#[tokio::test]
async fn at_stripes_stand_in_each_invoice_is_charged_once_however_often_its_collection_is_killed() {
    let all = if kills() > 20 { 10 * CUSTOMERS } else { 2 * CUSTOMERS };
    let store = invoiced(all).await;
    let app = opened(&store, Utc::now()).await;
    let vendor = app.vendors().remove(0);
    let mut desk = Desk::write(&app, &vendor, Actor::System).await.unwrap();
    let key = format!("rk_test_{}", store.folder.file_name().unwrap().to_str().unwrap().replace(|c: char| !c.is_ascii_alphanumeric(), ""));
    let stand_in: &StandIn = connect_on(&mut desk, &key, CardEntry::Page).await;
    desk.commit().await.unwrap();
    let errand = Errand::new(&app, &vendor, Actor::System);
    for customer in customers(&app).await {
        let setup = payments::start_setup(&errand, &customer, payments::Wanted::CARD).await.unwrap();
        stand_in.type_in(&setup.reference, "4242424242424242").await;
        assert!(matches!(payments::finish_setup(&errand, &customer, &setup.setup_id).await.unwrap(), Finished::Added(_)));
    }
    app.db.close().await;
    let app = collect_and_kill(&store, all).await;
    let payments: Vec<(String,)> = app.db.all("SELECT id FROM payments", ()).await.unwrap();
    let ours: BTreeSet<String> = payments.into_iter().map(|(id,)| id).collect();
    check(&app, all, stand_in.charged().await.into_iter().filter(|(payment, _)| ours.contains(payment)).collect()).await;
    app.db.close().await;
}

/// Invoices of customers who have no card yet.
async fn invoiced(all: usize) -> Copied {
    let world = World::at("2026-01-15T09:00:00Z").await;
    let mut customers = Vec::new();
    for n in 0..CUSTOMERS {
        customers.push(world.customer(&format!("Customer {n}")).await);
    }
    for _ in 0..all / CUSTOMERS {
        let mut desk = world.desk().await;
        for customer in &customers {
            invoices::charge(&mut desk, customer, OWED_MINOR, "Onboarding").await.unwrap();
        }
        desk.commit().await.unwrap();
        assert_eq!(bill::bill(&world.app, &world.vendor, world.now()).await.unwrap().issued, CUSTOMERS);
    }
    world.freeze().await.copy().await
}

/// The program on a store, with the key that the workers find there.
async fn opened(store: &Copied, at: chrono::DateTime<Utc>) -> App {
    let (keys, _) = config::keys(None, &store.folder, "http://localhost:3000").unwrap();
    let config = Config { database_url: Some(store.url.clone()), keys, ..Config::loopback(store.folder.clone()) };
    App::new(config, Db::open(&store.url).await.unwrap(), Clock::at(at), Ids::system(), Assets::load()).await.unwrap()
}

async fn customers(app: &App) -> Vec<String> {
    let rows: Vec<(String,)> = app.db.all("SELECT id FROM customers ORDER BY id", ()).await.unwrap();
    rows.into_iter().map(|(id,)| id).collect()
}

/// Collects, killed at counted payments; then to the end.
async fn collect_and_kill(store: &Copied, all: usize) -> App {
    let kills = kills();
    let workers = if store.url.starts_with("postgres") { 2 } else { 1 };
    let db = Db::open(&store.url).await.unwrap();
    for kill in 1..=kills {
        let at = i64::try_from(all * kill / (kills + 1)).unwrap();
        run_and_kill(store, &db, workers, PAID, at).await;
        let paid = usize::try_from(count(&db, PAID).await).unwrap();
        assert!(paid < all, "kill {kill} was in the middle: {paid} of {all} were paid");
    }
    db.close().await;
    finish(store);
    // What was under way at the bank is asked for a minute later.
    let app = opened(store, Utc::now() + PATIENCE).await;
    while payments::recover(&Errand::new(&app, &app.vendors()[0], Actor::System)).await.unwrap() > 0 {}
    bill::bill_all(&app).await.unwrap();
    app
}

/// What must hold in the end; `charged` is the bank's list: payment and amount.
async fn check(app: &App, all: usize, charged: Vec<(String, i64)>) {
    let sql =
        "SELECT i.id, (SELECT COUNT(*) FROM payments p WHERE p.vendor_id = i.vendor_id AND p.invoice_id = i.id AND p.status = 'succeeded') FROM invoices i";
    let paid: Vec<(String, i64)> = app.db.all(sql, ()).await.unwrap();
    assert_eq!(paid.len(), all);
    let astray: Vec<_> = paid.iter().filter(|(_, times)| *times != 1).collect();
    assert!(astray.is_empty(), "each invoice is paid once: {astray:?}");
    let under_way = count(&app.db, "SELECT COUNT(*) FROM payments WHERE status IN ('created', 'processing', 'needs_action')").await;
    assert_eq!(under_way, 0, "nothing is left under way");
    let distinct: BTreeSet<&String> = charged.iter().map(|(payment, _)| payment).collect();
    assert_eq!((charged.len(), distinct.len()), (all, all), "the bank’s count");
    let mut desk = Desk::read(app, &app.vendors()[0], Actor::System).await.unwrap();
    let sums = ledger::sums(&mut desk).await.unwrap();
    assert_eq!(sums["EUR"][&Account::Cash], charged.iter().map(|(_, amount_minor)| amount_minor).sum::<i64>(), "our books are the bank’s");
    assert_eq!(sums["EUR"].values().sum::<i64>(), 0, "the ledger balances");
}

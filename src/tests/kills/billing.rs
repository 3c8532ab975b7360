//! Killed in the middle of a billing run: in the end every period was invoiced once, every number given once, and every card charged once.
//!
//! A run is killed when it has written so many events; that it was in the middle is proven by there being more of them in the end.

use std::time::{Duration, Instant};

use chrono::Utc;
use portico::app::App;
use portico::platform::assets::Assets;
use portico::platform::clock::Clock;
use portico::platform::config::Config;
use portico::platform::db::Db;
use portico::platform::ids::Ids;
use portico::services::payments::{self, Errand};
use portico::services::subscriptions;
use portico::services::test_clock::{self, Move};
use portico::services::{Actor, ledger};
use portico::worker::bill;

use crate::billing::{catalogue, to_team};
use crate::sandbox::add_card;
use crate::world::{Frozen, World};

use super::{PATIENCE, count, finish, kills, run_and_kill, worker};

/// Subscriptions, and months that all of them are behind.
const SUBSCRIPTIONS: usize = 24;
const MONTHS: u32 = 3;
const EVENTS: &str = "SELECT COUNT(*) FROM events";

/// A vendor who was asleep for three months; every second customer has a card.
async fn asleep() -> Frozen {
    let world = World::at("2026-01-15T09:00:00Z").await;
    let (team, _) = catalogue(&world).await;
    for n in 0..SUBSCRIPTIONS {
        let customer = world.customer(&format!("Customer {n}")).await;
        if n % 2 == 0 {
            add_card(&Errand::new(&world.app, &world.vendor, Actor::System), &customer, "4242424242424242").await;
        }
        let mut desk = world.desk().await;
        subscriptions::start(&mut desk, &to_team(&customer, &team)).await.unwrap();
        desk.commit().await.unwrap();
    }
    bill::bill_all(&world.app).await.unwrap();
    let mut desk = world.desk().await;
    test_clock::advance(&mut desk, Move::Months(MONTHS)).await.unwrap();
    // The last month's usage has had its time.
    desk.commit().await.unwrap();
    world.app.reload_vendors().await.unwrap();
    let mut desk = world.desk().await;
    test_clock::advance(&mut desk, Move::Days(1)).await.unwrap();
    desk.commit().await.unwrap();
    world.freeze().await
}

/// What must hold in the end, whatever happened on the way.
async fn check(app: &App, kill: usize) {
    let vendor = app.vendors().remove(0);
    let mut desk = portico::services::Desk::read(app, &vendor, Actor::System).await.unwrap();
    let own = (vendor.id.clone(),);
    let periods: Vec<(String, i64)> = desk
        .tx
        .all(
            "SELECT l.subscription_id, COUNT(*) FROM invoice_lines l WHERE l.vendor_id = $1 AND l.price = 'base' AND l.kind = 'recurring' GROUP BY l.subscription_id, l.from_at",
            own.clone(),
        )
        .await
        .unwrap();
    assert_eq!(periods.len(), SUBSCRIPTIONS * (MONTHS as usize + 1), "kill {kill}: every period is invoiced");
    assert!(periods.iter().all(|(_, times)| *times == 1), "kill {kill}: and once: {periods:?}");
    let (count, last): (i64, i64) =
        desk.tx.one("SELECT COUNT(*), CAST(MAX(position) AS BIGINT) FROM invoices WHERE vendor_id = $1 AND kind = 'invoice'", own.clone()).await.unwrap();
    assert_eq!(count, last, "kill {kill}: no number is missing");
    let charged: Vec<(String, i64)> = desk
        .tx
        .all("SELECT i.id, (SELECT COUNT(*) FROM payments p WHERE p.vendor_id = i.vendor_id AND p.invoice_id = i.id AND p.status = 'succeeded') FROM invoices i WHERE i.vendor_id = $1", own.clone())
        .await
        .unwrap();
    assert_eq!(charged.iter().filter(|(_, times)| *times == 1).count(), charged.len() / 2, "kill {kill}: half of them have a card, which paid");
    assert!(charged.iter().all(|(_, times)| *times <= 1), "kill {kill}: no card pays twice");
    let (taken,): (i64,) = desk.tx.one("SELECT COUNT(*) FROM sandbox_charges WHERE vendor_id = $1 AND status = 'succeeded'", own.clone()).await.unwrap();
    assert_eq!(usize::try_from(taken).unwrap(), charged.len() / 2, "kill {kill}: the bank’s count");
    let (under_way,): (i64,) = desk.tx.one("SELECT COUNT(*) FROM payments WHERE vendor_id = $1 AND status IN ('created', 'processing')", own).await.unwrap();
    assert_eq!(under_way, 0, "kill {kill}: nothing is left under way");
    let sums = ledger::sums(&mut desk).await.unwrap();
    assert_eq!(sums["EUR"].values().sum::<i64>(), 0, "kill {kill}: the ledger balances");
}

#[tokio::test]
async fn a_run_that_is_killed_is_finished_by_the_next_with_nothing_lost_and_nothing_twice() {
    let kills = kills();
    let frozen = asleep().await;
    let workers = if frozen.is_postgres() { 2 } else { 1 };
    // Once without a kill, to know how many events there are to be killed at.
    let whole = frozen.copy().await;
    let db = Db::open(&whole.url).await.unwrap();
    let before = count(&db, EVENTS).await;
    assert!(worker(&whole).wait().unwrap().success());
    let after = count(&db, EVENTS).await;
    assert!(after > before + i64::try_from(kills).unwrap(), "there is enough to be killed at: {before} to {after}");
    db.close().await;
    let mut in_the_middle = 0;
    let mut least = SUBSCRIPTIONS;
    for kill in 0..kills {
        let store = frozen.copy().await;
        let db = Db::open(&store.url).await.unwrap();
        // Not at the very end: what the bank answers last is booked together.
        let at = before + (after - before) * 9 / 10 * i64::try_from(kill).unwrap() / i64::try_from(kills).unwrap();
        run_and_kill(&store, &db, workers, EVENTS, at + 1).await;
        let stood = count(&db, EVENTS).await;
        let restarted = Instant::now();
        let left = finish(&store);
        assert!(left <= SUBSCRIPTIONS && (kill > 0 || left > 0), "kill {kill}: it says what is left: {left}");
        least = least.min(left);
        // What was under way at the bank is asked for a minute later.
        let config = Config { database_url: Some(store.url.clone()), ..Config::loopback(store.folder.clone()) };
        let app = App::new(config, db, Clock::at(Utc::now() + PATIENCE), Ids::system(), Assets::load()).await.unwrap();
        for vendor in app.vendors() {
            payments::recover(&Errand::new(&app, &vendor, Actor::System)).await.unwrap();
        }
        bill::bill_all(&app).await.unwrap();
        assert!(restarted.elapsed() < Duration::from_secs(60), "kill {kill}: finished {:?} after the restart", restarted.elapsed());
        in_the_middle += usize::from(stood < count(&app.db, EVENTS).await);
        check(&app, kill).await;
        app.db.close().await;
    }
    assert!(least < SUBSCRIPTIONS, "a run goes on where the one before it stopped");
    // The last may have come when all was done.
    assert!(in_the_middle + 1 >= kills, "{in_the_middle} of {kills} kills were in the middle of a run");
}

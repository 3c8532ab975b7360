//! `kill -9` in the middle of billing runs: whatever was under way when the program died, the next run goes on there, and in the end every
//! period was invoiced once, every number given once, and every card charged once.
//!
//! A run is killed when it has written so many events; that it was in the middle is proven by there being more of them in the end.
//! `KILLS=100` has more of them; on Postgres two workers share the work, and die together.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use chrono::Utc;
use portico::app::App;
use portico::platform::assets::Assets;
use portico::platform::clock::Clock;
use portico::platform::config::Config;
use portico::platform::db::Db;
use portico::platform::ids::Ids;
use portico::sandbox::entry::{self, CardForm};
use portico::services::payments::Gateways;
use portico::services::payments::{self, CardEntry, Errand, Finished};
use portico::services::subscriptions;
use portico::services::test_clock::{self, Move};
use portico::services::{Actor, ledger};
use portico::worker::bill;

use crate::billing::{catalogue, to_team};
use crate::world::{Copied, Frozen, World};

/// Subscriptions, and months that all of them are behind.
const SUBSCRIPTIONS: usize = 24;
const MONTHS: u32 = 3;
/// A payment that was under way is asked for after this.
const PATIENCE: chrono::Duration = chrono::Duration::seconds(61);

/// A card typed in on the test payment page.
async fn add_card(world: &World, customer_id: &str) {
    let errand = Errand::new(&world.app, &world.vendor, Actor::System);
    let setup = payments::start_setup(&errand, customer_id, None, CardEntry::Page).await.unwrap();
    let Gateways::Own { sandbox: place, .. } = &world.app.gateways else { panic!("the sandbox is the gateway") };
    let form = CardForm { number: "4242424242424242".to_owned(), expiry: "12/40".to_owned(), cvc: "123".to_owned(), name: String::new() };
    let typed = entry::read(&form, &world.app.now(&world.vendor)).unwrap();
    place.gateway(&world.vendor).unwrap().enter_card(&setup.reference, typed).await.unwrap();
    assert!(matches!(payments::finish_setup(&errand, customer_id, &setup.setup_id).await.unwrap(), Finished::Added(_)));
}

/// A vendor who was asleep for three months; every second customer has a card.
async fn asleep() -> Frozen {
    let world = World::at("2026-01-15T09:00:00Z").await;
    let (team, _) = catalogue(&world).await;
    for n in 0..SUBSCRIPTIONS {
        let customer = world.customer(&format!("Customer {n}")).await;
        if n % 2 == 0 {
            add_card(&world, &customer).await;
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

fn portico_bill(store: &Copied) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_portico"));
    command.arg("--data").arg(&store.folder).arg("bill").env("DATABASE_URL", &store.url).env("PORTICO_LOG", "error");
    command
}

fn worker(store: &Copied) -> Child {
    portico_bill(store).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// Runs to the end, and tells for how many customers it found something due.
fn finish(store: &Copied) -> usize {
    let run = portico_bill(store).output().unwrap();
    let said = String::from_utf8(run.stderr).unwrap();
    assert!(run.status.success(), "{said}");
    said.split_whitespace().next().unwrap().parse().unwrap()
}

async fn events(db: &Db) -> i64 {
    let counted: Vec<(i64,)> = db.all("SELECT COUNT(*) FROM events", ()).await.unwrap();
    counted[0].0
}

/// Runs workers until so many events stand, and kills them; whether they were in the middle is for the end to tell.
async fn run_and_kill(store: &Copied, db: &Db, workers: usize, at: i64) {
    let mut running: Vec<Child> = (0..workers).map(|_| worker(store)).collect();
    let began = Instant::now();
    while events(db).await < at && running.iter_mut().any(|child| child.try_wait().unwrap().is_none()) {
        assert!(began.elapsed() < Duration::from_secs(120), "the run did not come so far");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    for child in &mut running {
        let _ = child.kill();
        child.wait().unwrap();
    }
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
    let kills: usize = std::env::var("KILLS").ok().map_or(20, |kills| kills.parse().unwrap());
    let frozen = asleep().await;
    let workers = if frozen.is_postgres() { 2 } else { 1 };
    // Once without a kill, to know how many events there are to be killed at.
    let whole = frozen.copy().await;
    let db = Db::open(&whole.url).await.unwrap();
    let before = events(&db).await;
    assert!(worker(&whole).wait().unwrap().success());
    let after = events(&db).await;
    assert!(after > before + i64::try_from(kills).unwrap(), "there is enough to be killed at: {before} to {after}");
    db.close().await;
    let mut in_the_middle = 0;
    let mut least = SUBSCRIPTIONS;
    for kill in 0..kills {
        let store = frozen.copy().await;
        let db = Db::open(&store.url).await.unwrap();
        let at = before + (after - before) * i64::try_from(kill).unwrap() / i64::try_from(kills).unwrap();
        run_and_kill(&store, &db, workers, at + 1).await;
        let stood = events(&db).await;
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
        in_the_middle += usize::from(stood < events(&app.db).await);
        check(&app, kill).await;
        app.db.close().await;
    }
    assert!(least < SUBSCRIPTIONS, "a run goes on where the one before it stopped");
    // The last may have come when all was done.
    assert!(in_the_middle + 1 >= kills, "{in_the_middle} of {kills} kills were in the middle of a run");
}

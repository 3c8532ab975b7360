//! What is kept of a vendor's settings between transactions: nobody goes on by what another process has changed, and what was not
//! committed nobody sees.

use billing::dunning::Policy;
use billing::tax::TaxRate;
use portico::app::App;
use portico::platform::assets::Assets;
use portico::platform::clock::Clock;
use portico::platform::db::Db;
use portico::platform::ids::Ids;
use portico::services::{Actor, Desk, catalog, dunning};
use rust_decimal::Decimal;

use crate::world::{BEGINNING, World, instant};

fn rate(key: &str, percent: i64) -> TaxRate {
    let (key, name, country) = (key.to_owned(), "VAT".to_owned(), "DE".to_owned());
    TaxRate { key, name, country, region: None, percent: Decimal::from(percent), from: None, to: None, products: None }
}

/// Another process on the same database.
async fn another(world: &World) -> App {
    let (db, clock) = (Db::open(&world.app.config.database_url()).await.unwrap(), Clock::at(instant(BEGINNING)));
    App::new(world.app.config.clone(), db, clock, Ids::system(), Assets::load()).await.unwrap()
}

/// The percentages charged in Germany and the days of grace, as a process sees them from a desk of its own.
async fn seen(app: &App, world: &World) -> (Vec<Decimal>, u32) {
    let mut desk = Desk::read(app, &world.vendor, Actor::System).await.unwrap();
    let rates = catalog::tax_rates_of(&mut desk, "DE").await.unwrap().into_iter().map(|rate| rate.percent).collect();
    (rates, dunning::policy(&mut desk).await.unwrap().grace_days)
}

#[tokio::test]
async fn every_process_sees_what_any_has_changed_once_it_is_committed() {
    let world = World::new().await;
    let other = another(&world).await;
    let first = Policy::default().grace_days;
    for app in [&world.app, &other] {
        assert_eq!(seen(app, &world).await, (vec![], first));
    }

    let mut desk = world.desk().await;
    catalog::create_tax_rate(&mut desk, &rate("de19", 19)).await.unwrap();
    // Who changes it sees it at once.
    assert_eq!(catalog::tax_rates_of(&mut desk, "DE").await.unwrap(), [rate("de19", 19)]);
    desk.commit().await.unwrap();
    for app in [&other, &world.app] {
        assert_eq!(seen(app, &world).await, (vec![Decimal::from(19)], first));
    }

    let mut desk = Desk::write(&other, &world.vendor, Actor::System).await.unwrap();
    dunning::set_policy(&mut desk, &Policy { grace_days: first + 1, ..Policy::default() }).await.unwrap();
    desk.commit().await.unwrap();
    for app in [&world.app, &other] {
        assert_eq!(seen(app, &world).await, (vec![Decimal::from(19)], first + 1));
    }
    other.db.close().await;
}

#[tokio::test]
async fn what_was_read_beside_a_change_that_was_taken_back_is_not_kept() {
    let world = World::new().await;
    let mut desk = world.desk().await;
    catalog::create_tax_rate(&mut desk, &rate("de19", 19)).await.unwrap();
    assert_eq!(catalog::tax_rates_of(&mut desk, "DE").await.unwrap().len(), 1);
    drop(desk);
    assert_eq!(seen(&world.app, &world).await.0, []);

    // Read between a change and the word of it.
    let mut desk = world.desk().await;
    catalog::create_tax_rate(&mut desk, &rate("de5", 5)).await.unwrap();
    desk.commit().await.unwrap();
    assert_eq!(seen(&world.app, &world).await.0, [Decimal::from(5)]);
    let other = another(&world).await;
    let mut desk = Desk::write(&other, &world.vendor, Actor::System).await.unwrap();
    desk.tx.run("DELETE FROM tax_rates WHERE vendor_id = $1", (world.vendor.id.clone(),)).await.unwrap();
    assert_eq!(catalog::tax_rates_of(&mut desk, "DE").await.unwrap(), []);
    drop(desk);
    assert_eq!(seen(&other, &world).await.0, [Decimal::from(5)]);
    other.db.close().await;

    // The next change raises the revision to the very one that never was.
    let mut desk = world.desk().await;
    catalog::create_tax_rate(&mut desk, &rate("de7", 7)).await.unwrap();
    desk.commit().await.unwrap();
    assert_eq!(seen(&world.app, &world).await.0, [Decimal::from(5), Decimal::from(7)]);
}

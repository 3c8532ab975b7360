//! What the next invoice comes to, asked at any moment.

use portico::services::overview::overview;
use portico::services::{invoices, subscriptions, usage};
use portico::worker::bill;
use rust_decimal::Decimal;

use super::{catalogue, customer, to_team, use_minutes};
use crate::world::{World, instant};

/// What the next invoice comes to so far, in minor units, as the overview reads it.
async fn so_far(world: &World, customer_id: &str) -> (i64, Decimal) {
    let (_, account) = overview(&world.app, &world.vendor, customer_id, chrono_tz::Europe::Vienna).await.unwrap();
    let outlook = &account.outlook;
    (outlook.so_far.as_ref().unwrap().priced.as_ref().unwrap().document.total_minor, outlook.meters[0].used)
}

#[tokio::test]
async fn the_outlook_is_of_this_moment_whatever_it_was_a_moment_ago() {
    let world = World::at("2026-01-01T00:00:00+01:00").await;
    let (team, _) = catalogue(&world).await;
    let ada = customer(&world).await;
    let mut desk = world.desk().await;
    subscriptions::start(&mut desk, &to_team(&ada, &team)).await.unwrap();
    desk.commit().await.unwrap();
    world.app.clock.set(instant("2026-01-20T10:02:00+01:00"));
    use_minutes(&world, &ada, "e1", "2026-01-05T08:00:00+01:00", 1_000).await;
    // 47.00 and 20 % tax; the minutes are free so far.
    for _ in 0..2 {
        assert_eq!(so_far(&world, &ada).await, (5640, Decimal::from(1_000)));
    }
    // Half of it has happened, half of it is ahead of us by the sender's clock.
    use_minutes(&world, &ada, "e2", "2026-01-20T10:02:00+01:00", 500).await;
    use_minutes(&world, &ada, "e3", "2026-01-20T10:04:00+01:00", 500).await;
    assert_eq!(so_far(&world, &ada).await, (5640, Decimal::from(1_000)));
    world.app.clock.set(instant("2026-01-20T10:03:00+01:00"));
    assert_eq!(so_far(&world, &ada).await, (5640 + 480, Decimal::from(1_500)));
    world.app.clock.set(instant("2026-01-20T10:05:00+01:00"));
    assert_eq!(so_far(&world, &ada).await, (5640 + 960, Decimal::from(2_000)));
    // Late usage and what is taken back show at once.
    use_minutes(&world, &ada, "e4", "2026-01-02T08:00:00+01:00", 250).await;
    assert_eq!(so_far(&world, &ada).await, (5640 + 1200, Decimal::from(2_250)));
    let mut desk = world.desk().await;
    usage::reverse(&mut desk, &ada, "e2").await.unwrap();
    // Not before it is committed, and not if it is undone.
    assert_eq!(so_far(&world, &ada).await, (5640 + 1200, Decimal::from(2_250)));
    drop(desk);
    assert_eq!(so_far(&world, &ada).await, (5640 + 1200, Decimal::from(2_250)));
    let mut desk = world.desk().await;
    usage::reverse(&mut desk, &ada, "e3").await.unwrap();
    desk.commit().await.unwrap();
    assert_eq!(so_far(&world, &ada).await, (5640 + 720, Decimal::from(1_750)));
}

#[tokio::test]
async fn while_an_ended_period_waits_the_next_invoice_holds_its_usage_and_not_the_new_periods() {
    let world = World::at("2026-01-01T00:00:00+01:00").await;
    let (team, _) = catalogue(&world).await;
    let ada = customer(&world).await;
    let mut desk = world.desk().await;
    subscriptions::start(&mut desk, &to_team(&ada, &team)).await.unwrap();
    desk.commit().await.unwrap();
    use_minutes(&world, &ada, "e1", "2026-01-01T00:00:00+01:00", 1_500).await;
    world.app.clock.set(instant("2026-02-01T00:30:00+01:00"));
    assert_eq!(bill::bill(&world.app, &world.vendor, world.now()).await.unwrap().issued, 0);
    use_minutes(&world, &ada, "e2", "2026-02-01T00:20:00+01:00", 9_000).await;
    // 47.00 for February, 500 × 0.8 ct for January, 20 % tax.
    assert_eq!(so_far(&world, &ada).await, (6120, Decimal::from(9_000)));
    world.app.clock.set(instant("2026-02-01T01:00:00+01:00"));
    assert_eq!(bill::bill(&world.app, &world.vendor, world.now()).await.unwrap().issued, 1);
    let mut desk = world.desk().await;
    assert_eq!(invoices::list(&mut desk, &ada, 1).await.unwrap()[0].total_minor, 6120);
}

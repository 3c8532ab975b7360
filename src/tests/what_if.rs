//! What other plans would have cost: on one's own plan exactly what was billed, on another exactly what would have been.

use billing::calendar::{Interval, Unit};
use billing::discount::{Coupon, Duration, Off};
use billing::price::Model;
use portico::services::catalog::{self, NewPrice};
use portico::services::customers;
use portico::services::subscriptions::{self, StartRequest};
use portico::services::what_if::{Life, what_if};
use portico::services::{invoices, usage};
use portico::worker::bill;
use rust_decimal::Decimal;

use crate::billing::{catalogue, customer, price, to_team};
use crate::nordlicht::Nordlicht;
use crate::world::{World, instant};

const YEAR: Interval = Interval { unit: Unit::Year, count: 1 };

async fn used(world: &World, customer_id: &str, minutes: i64, time: &str) {
    let mut desk = world.desk().await;
    let event = usage::NewEvent {
        id: format!("{customer_id} {time}"),
        meter: "minutes".into(),
        quantity: Some(Decimal::from(minutes)),
        value: None,
        time: Some(instant(time)),
    };
    usage::record(&mut desk, customer_id, &[event]).await.unwrap();
    desk.commit().await.unwrap();
}

/// Ada in Austria (20 % tax), on Team with two seats since 10 January 13:05:30, a fifth off for two months; four months of usage.
async fn ada(world: &World) -> String {
    let (team, _) = catalogue(world).await;
    let id = customer(world).await;
    let mut desk = world.desk().await;
    let launch = Coupon { key: "LAUNCH".into(), off: Off::Percent(Decimal::from(20)), duration: Duration::Repeating { months: 2 } };
    catalog::create_coupon(&mut desk, &launch, None).await.unwrap();
    subscriptions::start(&mut desk, &StartRequest { coupons: vec!["LAUNCH".into()], ..to_team(&id, &team) }).await.unwrap();
    desk.commit().await.unwrap();
    for (minutes, time) in [
        (1_400, "2026-01-20T08:00:00+01:00"),
        // The last second of the first period, and the first of the second.
        (100, "2026-02-10T13:05:29+01:00"),
        (250, "2026-02-10T13:05:30+01:00"),
        (2_000, "2026-03-01T00:00:00+01:00"),
        (1_000, "2026-03-31T23:59:59+02:00"),
        (4_000, "2026-04-30T12:00:00+02:00"),
    ] {
        world.app.clock.set(instant(time));
        let report = bill::bill(&world.app, &world.vendor, world.now()).await.unwrap();
        assert!(report.failed.is_empty(), "{:?}", report.failed);
        used(world, &id, minutes, time).await;
    }
    world.app.clock.set(instant("2026-05-11T00:00:00+02:00"));
    bill::bill(&world.app, &world.vendor, world.now()).await.unwrap();
    id
}

async fn lives(world: &World, customer_id: &str, months: u32) -> Vec<Life> {
    let mut desk = world.desk().await;
    let customer = customers::load(&mut desk, customer_id).await.unwrap();
    what_if(&mut desk, &customer, months).await.unwrap().unwrap().lives
}

fn of<'a>(lives: &'a [Life], plan: &str, interval: Unit) -> &'a Life {
    lives.iter().find(|life| life.offer.plan.key == plan && life.offer.terms.interval.unit == interval).unwrap()
}

#[tokio::test]
async fn on_ones_own_plan_it_is_what_was_billed_to_the_cent() {
    let world = World::at("2026-01-10T13:05:30+01:00").await;
    let ada = ada(&world).await;
    let mut billed: Vec<i64> = invoices::list(&mut world.desk().await, &ada, 10).await.unwrap().iter().map(|invoice| invoice.total_minor).collect();
    billed.reverse();
    // 47.00 a month; 4.00, 10.00, nothing and 24.00 of minutes; a fifth off what began before 10 March; 20 % tax.
    assert_eq!(billed, [4512, 4896, 6600, 5640, 8520]);
    let four = lives(&world, &ada, 4).await;
    let team = of(&four, "team", Unit::Month);
    // The last invoice has May in it, which is not over.
    assert!(team.is_now);
    assert_eq!(team.cost.total_minor, billed.iter().sum::<i64>() - 5640);
    assert_eq!(team.uses[0].periods.iter().map(|(_, used)| *used).collect::<Vec<_>>(), [1_500, 2_250, 1_000, 4_000].map(Decimal::from));
    assert_eq!((team.cost.discount_minor, team.cost.tax_minor), (940 + 1020 + 200, 752 + 816 + 1100 + 940 + 480));
    // 99.00 a month on the same minutes.
    assert_eq!(of(&four, "business", Unit::Month).cost.total_minor, 9504 + 9888 + 12840 + 11880 + 2880);
    // The discount had begun before these three months, and ended in them.
    assert_eq!(of(&lives(&world, &ada, 3).await, "team", Unit::Month).cost.total_minor, 4512 + 6600 + 5640 + 2880);
    assert_eq!(of(&lives(&world, &ada, 1).await, "team", Unit::Month).cost.total_minor, 5640 + 2880);
}

#[tokio::test]
async fn a_longer_interval_is_charged_its_share_of_the_months() {
    let world = World::at("2026-01-10T13:05:30+01:00").await;
    let ada = ada(&world).await;
    let mut desk = world.desk().await;
    let team = catalog::plan_by_key(&mut desk, "team").await.unwrap().unwrap().id;
    let price = price("base", Model::Flat { amount_minor: 29_000 }, None);
    catalog::add_price(&mut desk, &team, &NewPrice { interval: YEAR, price }).await.unwrap();
    desk.commit().await.unwrap();
    // Of a year of 8,760 hours the three months are 2,135: 70.68, a fifth off is 56.54, and 11.31 tax.
    assert_eq!(of(&lives(&world, &ada, 3).await, "team", Unit::Year).cost.total_minor, 6785);
    // Twelve months are a whole year: no share at all. Redeemed in it, the discount came too late for a fee due before.
    assert_eq!(of(&lives(&world, &ada, 12).await, "team", Unit::Year).cost.total_minor, 34_800);
}

#[tokio::test]
async fn a_plan_without_room_for_the_seats_is_not_the_cheapest() {
    let world = World::at("2026-01-10T13:05:30+01:00").await;
    let ada = ada(&world).await;
    let mut desk = world.desk().await;
    let solo = catalog::NewPlan {
        key: "solo".into(),
        name: "Solo".into(),
        description: String::new(),
        position: 0,
        trial_days: 0,
        max_quantity: Some(1),
        prices: Vec::new(),
    };
    let solo = catalog::create_plan(&mut desk, &solo).await.unwrap();
    let price = price("base", Model::Flat { amount_minor: 100 }, None);
    catalog::add_price(&mut desk, &solo, &NewPrice { interval: Interval { unit: Unit::Month, count: 1 }, price }).await.unwrap();
    catalog::publish_plan(&mut desk, &solo).await.unwrap();
    let customer = customers::load(&mut desk, &ada).await.unwrap();
    let answer = what_if(&mut desk, &customer, 3).await.unwrap().unwrap();
    assert!(of(&answer.lives, "solo", Unit::Month).is_too_small);
    assert_eq!(answer.cheapest().unwrap().offer.plan.key, "team");
}

#[tokio::test]
async fn the_page_says_which_would_have_been_cheapest_and_by_how_much() {
    let at = Nordlicht::new().await;
    at.go_to("2026-03-20T12:00:00+01:00").await;
    used(&at.world, &at.id, 2_000, "2026-03-20T12:00:00+01:00").await;
    at.go_to("2026-04-02T12:00:00+02:00").await;
    at.sign_in().await;
    let page = at.browser().get("/plan/what-if?months=1").await;
    assert_eq!(page.status, 200);
    // 47.00 and 8.00 of minutes against 99.00 and 8.00.
    assert!(page.text.contains("Over the last month your plan was the cheapest: <b>team by the month</b>, €55.00."), "{}", page.text);
    assert!(page.text.contains("€52.00 more than your plan now") && page.text.contains("No tax is charged to you."), "{}", page.text);
    assert!(page.text.contains("from 1 March 2026 to 31 March 2026, with 2 seats"), "{}", page.text);
    assert!(page.text.contains("minutes: €8.00") && page.text.contains("2,000"), "{}", page.text);
    // What is no number of months is the usual one.
    for odd in ["months=0", "months=x", "months=12000", ""] {
        let page = at.browser().get(&format!("/plan/what-if?{odd}")).await;
        assert!(page.status == 200 && page.text.contains("Over the last 3 months"), "{odd}");
    }
    assert!(at.browser().get("/plan").await.text.contains("href=\"/plan/what-if\""));
}

//! Usage: events in once each whatever is sent how often and in what order, and read back as a naive sum would have it.

use std::collections::BTreeMap;
use std::sync::Arc;

use billing::calendar::{Period, Zone};
use billing::usage::Event;
use chrono_tz::Europe::Vienna;
use portico::platform::clock::Instant;
use portico::services::Refusal;
use portico::services::usage::{self, By, MAX_BATCH, Meter, NewEvent, Outcome};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use rust_decimal::Decimal;

use crate::world::{World, instant};

const CUSTOMER: &str = "cus_ada";

/// Kestrel's meters and one customer in Vienna.
async fn kestrel() -> World {
    let world = World::at("2026-11-21T09:30:00Z").await;
    let mut desk = world.desk().await;
    for (position, (key, aggregate)) in
        (0_i64..).zip([("build_minutes", "sum"), ("storage", "max"), ("seats_used", "last"), ("calls", "count"), ("repositories", "unique")])
    {
        desk.tx
            .run(
                "INSERT INTO meters (vendor_id, id, key, name, unit, aggregate, position) VALUES ($1, $2, $3, $3, $4, $5, $6)",
                (world.vendor.id.clone(), format!("mtr_{key}"), key, "minutes", aggregate, position),
            )
            .await
            .unwrap();
    }
    desk.commit().await.unwrap();
    add_customer(&world, CUSTOMER).await;
    world
}

async fn add_customer(world: &World, id: &str) {
    let mut desk = world.desk().await;
    desk.tx
        .run(
            "INSERT INTO customers (vendor_id, id, name, legal_name, country, tax_exempt, invoice_emails, currency, time_zone, locale, version, created_at)
             VALUES ($1, $2, $2, $2, $3, $4, $5, $6, $7, $8, $9, $9)",
            (world.vendor.id.clone(), id.to_owned(), "AT", false, "[]", "EUR", "Europe/Vienna", "en", 1_i64),
        )
        .await
        .unwrap();
    desk.commit().await.unwrap();
}

async fn meter(world: &World, key: &str) -> Meter {
    usage::meters(&mut world.desk().await).await.unwrap().into_iter().find(|meter| meter.key == key).unwrap()
}

fn minutes(id: &str, quantity: &str, time: &str) -> NewEvent {
    NewEvent { id: id.to_owned(), meter: "build_minutes".to_owned(), quantity: Some(d(quantity)), time: Some(instant(time)), ..NewEvent::default() }
}

fn d(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn period(start: &str, end: &str) -> Period {
    Period { start: instant(start), end: instant(end) }
}

async fn send(world: &World, events: &[NewEvent]) -> Vec<Outcome> {
    let mut desk = world.desk().await;
    let outcomes = usage::record(&mut desk, CUSTOMER, events).await.unwrap();
    desk.commit().await.unwrap();
    outcomes
}

async fn used(world: &World, key: &str, period: Period) -> Decimal {
    let meter = meter(world, key).await;
    usage::of_period(&mut world.desk().await, CUSTOMER, &meter, period).await.unwrap()
}

fn november() -> Period {
    period("2026-10-31T23:00:00Z", "2026-11-30T23:00:00Z")
}

#[tokio::test]
async fn an_event_counts_once_however_often_it_is_sent() {
    let world = kestrel().await;
    let first = minutes("e1", "10", "2026-11-03T10:00:00Z");
    assert_eq!(send(&world, &[first.clone(), first.clone()]).await, [Outcome::Counted, Outcome::Known]);
    assert_eq!(send(&world, &[first.clone(), minutes("e2", "5", "2026-11-03T10:01:00Z")]).await, [Outcome::Known, Outcome::Counted]);
    // 10 and 10.0 are the same quantity.
    assert_eq!(send(&world, &[minutes("e1", "10.0", "2026-11-03T10:00:00Z")]).await, [Outcome::Known]);
    let outcomes = send(&world, &[minutes("e1", "11", "2026-11-03T10:00:00Z"), minutes("e1", "10", "2026-11-03T10:00:01Z")]).await;
    for outcome in outcomes {
        assert!(
            matches!(&outcome, Outcome::Refused(why) if why.to_string().contains("“e1”") && why.to_string().contains("The first one stands")),
            "{outcome:?}"
        );
    }
    assert_eq!(used(&world, "build_minutes", november()).await, d("15"));
}

#[tokio::test]
async fn an_event_without_a_time_is_the_same_event_when_it_is_sent_again_later() {
    let world = kestrel().await;
    let event = NewEvent { time: None, ..minutes("e1", "10", "2026-11-03T10:00:00Z") };
    assert_eq!(send(&world, std::slice::from_ref(&event)).await, [Outcome::Counted]);
    world.wait(chrono::Duration::hours(2));
    assert_eq!(send(&world, &[event]).await, [Outcome::Known]);
    assert_eq!(used(&world, "build_minutes", period("2026-11-21T09:30:00Z", "2026-11-21T09:30:01Z")).await, d("10"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_senders_of_one_event_at_once_count_it_once() {
    let world = Arc::new(kestrel().await);
    let senders: Vec<_> = (0..50)
        .map(|n| {
            let world = world.clone();
            tokio::spawn(async move {
                // Each brings one of its own as well, before or after the common one.
                let own = minutes(&format!("own{n}"), "1", "2026-11-03T10:05:00Z");
                let common = minutes("e1", "1000", "2026-11-03T10:00:00Z");
                let batch = if n % 2 == 0 { [own, common] } else { [common, own] };
                send(&world, &batch).await
            })
        })
        .collect();
    let mut counted = 0;
    for sender in senders {
        counted += sender.await.unwrap().into_iter().filter(|outcome| *outcome == Outcome::Counted).count();
    }
    assert_eq!(counted, 51);
    // All of them met in one slot, one day and one month: none of the three lost an addition.
    for whole in [november(), period("2026-11-01T23:00:00Z", "2026-11-08T23:00:00Z"), period("2026-11-03T10:00:00Z", "2026-11-03T10:15:00Z")] {
        assert_eq!(used(&world, "build_minutes", whole).await, d("1050"), "{whole:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn batches_and_reversals_at_once_leave_the_tallies_of_what_stands() {
    let world = Arc::new(kestrel().await);
    let mine = |n: i64| (0..20).map(move |i| minutes(&format!("{n}-{i}"), "1", &format!("2026-11-03T10:{:02}:00Z", i % 15)));
    let gone: Vec<_> = mine(0).collect();
    send(&world, &gone).await;
    let mut tasks: Vec<tokio::task::JoinHandle<()>> = Vec::new();
    for n in 1..8 {
        let world = world.clone();
        let batch: Vec<_> = mine(n).collect();
        tasks.push(tokio::spawn(async move {
            send(&world, &batch).await;
        }));
    }
    for event in gone {
        let world = world.clone();
        tasks.push(tokio::spawn(async move {
            let mut desk = world.desk().await;
            usage::reverse(&mut desk, CUSTOMER, &event.id).await.unwrap();
            desk.commit().await.unwrap();
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    for whole in [november(), period("2026-11-01T23:00:00Z", "2026-11-08T23:00:00Z"), period("2026-11-03T10:00:00Z", "2026-11-03T10:15:00Z")] {
        assert_eq!(used(&world, "build_minutes", whole).await, d("140"), "{whole:?}");
    }
}

#[tokio::test]
async fn what_was_there_before_months_were_kept_is_read_by_days_and_rolled_up_with_the_next_batch() {
    let world = kestrel().await;
    send(&world, &[minutes("e1", "1", "2026-08-10T12:00:00Z"), minutes("e2", "2", "2026-10-10T12:00:00Z"), minutes("e3", "4", "2026-11-10T12:00:00Z")]).await;
    let whole = period("2026-07-31T22:00:00Z", "2026-11-30T23:00:00Z");
    let mut desk = world.desk().await;
    desk.tx.run("DELETE FROM usage_months WHERE vendor_id = $1", (world.vendor.id.clone(),)).await.unwrap();
    desk.tx.run("UPDATE usage_accounts SET has_months = $2 WHERE vendor_id = $1", (world.vendor.id.clone(), false)).await.unwrap();
    desk.commit().await.unwrap();
    assert_eq!(used(&world, "build_minutes", whole).await, d("7"));
    send(&world, &[minutes("e4", "8", "2026-10-11T12:00:00Z")]).await;
    assert_eq!(used(&world, "build_minutes", whole).await, d("15"));
    let mut desk = world.desk().await;
    let months: Vec<(String,)> = desk.tx.all("SELECT sum FROM usage_months WHERE vendor_id = $1 ORDER BY slot_at", (world.vendor.id.clone(),)).await.unwrap();
    assert_eq!(months, [("1".to_owned(),), ("10".to_owned(),), ("4".to_owned(),)]);
}

#[tokio::test]
async fn what_cannot_count_is_refused_with_a_sentence_and_keeps_nothing_else_out() {
    let world = kestrel().await;
    let good = minutes("good", "1", "2026-11-03T10:00:00Z");
    for (event, sentence) in [
        (NewEvent { id: String::new(), ..good.clone() }, "needs an id"),
        (NewEvent { id: "x".repeat(201), ..good.clone() }, "needs an id"),
        (NewEvent { id: "a\0b".to_owned(), ..good.clone() }, "control characters"),
        (NewEvent { meter: "nothing".to_owned(), ..good.clone() }, "There is no meter “nothing”."),
        (NewEvent { quantity: None, ..good.clone() }, "reads a quantity"),
        (minutes("bad", "1", "2026-11-21T09:35:01Z"), "lies in the future"),
        (minutes("bad", "1", "1969-12-31T23:59:59Z"), "before 1970"),
        (minutes("bad", "1000000000000001", "2026-11-03T10:00:00Z"), "can’t be larger"),
        (minutes("bad", "0.0000000001", "2026-11-03T10:00:00Z"), "decimal places"),
        (NewEvent { meter: "storage".to_owned(), ..minutes("bad", "-1", "2026-11-03T10:00:00Z") }, "can’t take a negative quantity"),
        (NewEvent { meter: "repositories".to_owned(), ..good.clone() }, "send one in `value`"),
        (NewEvent { meter: "repositories".to_owned(), value: Some("x\ny".to_owned()), ..good.clone() }, "control characters"),
    ] {
        let outcomes = send(&world, &[event.clone(), good.clone()]).await;
        assert!(matches!(&outcomes[0], Outcome::Refused(why) if why.to_string().contains(sentence)), "{event:?}: {outcomes:?}");
        assert!(matches!(outcomes[1], Outcome::Counted | Outcome::Known), "{outcomes:?}");
    }
    assert_eq!(send(&world, &[minutes("soon", "1", "2026-11-21T09:35:00Z")]).await, [Outcome::Counted]);
    assert_eq!(used(&world, "build_minutes", november()).await, d("2"));

    let mut desk = world.desk().await;
    let too_many = vec![good.clone(); MAX_BATCH + 1];
    assert!(matches!(usage::record(&mut desk, CUSTOMER, &too_many).await, Err(Refusal::Rule(why)) if why.to_string().contains("10000")));
    assert!(matches!(usage::record(&mut desk, "cus_nobody", &[good]).await, Err(Refusal::NotFound)));
}

#[tokio::test]
async fn another_vendors_customer_and_ids_are_none_of_ours() {
    let world = kestrel().await;
    let osprey = world.add_vendor("Osprey", Some("billing.osprey.example")).await;
    let mut desk = portico::services::Desk::write(&world.app, &osprey, portico::services::Actor::System).await.unwrap();
    assert!(matches!(usage::record(&mut desk, CUSTOMER, &[]).await, Err(Refusal::NotFound)));
}

#[tokio::test]
async fn a_boundary_inside_a_quarter_of_an_hour_cuts_it_to_the_millisecond() {
    let world = kestrel().await;
    let times = ["10:00:00.000", "10:07:29.999", "10:07:30.000", "10:14:59.999", "10:15:00.000", "10:29:00.000"];
    let events: Vec<_> = times.iter().enumerate().map(|(n, time)| minutes(&format!("e{n}"), &format!("{}", 1 << n), &format!("2026-11-03T{time}Z"))).collect();
    send(&world, &events).await;
    for (from, to, expected) in [
        ("10:00:00", "10:30:00", "63"),
        ("10:00:00", "10:07:30", "3"),
        ("10:07:30", "10:15:00", "12"),
        ("10:07:30", "10:15:01", "28"),
        ("10:07:29", "10:07:31", "6"),
        ("10:15:01", "10:30:00", "32"),
        ("10:30:00", "10:30:00", "0"),
    ] {
        assert_eq!(used(&world, "build_minutes", period(&format!("2026-11-03T{from}Z"), &format!("2026-11-03T{to}Z"))).await, d(expected), "{from} to {to}");
    }
    // A long stretch reads days in its middle and still cuts its ends.
    let long = period("2026-10-20T00:00:00Z", "2026-11-03T10:07:30Z");
    assert_eq!(used(&world, "build_minutes", long).await, d("3"));
}

#[tokio::test]
async fn a_period_never_falls_below_nothing_and_a_reversal_undoes_its_event_alone() {
    let world = kestrel().await;
    send(&world, &[minutes("e1", "10", "2026-11-03T10:00:00Z"), minutes("e2", "-25", "2026-11-03T10:01:00Z"), minutes("e3", "4", "2026-11-04T10:01:00Z")])
        .await;
    assert_eq!(used(&world, "build_minutes", november()).await, d("0"));
    for _ in 0..2 {
        let mut desk = world.desk().await;
        usage::reverse(&mut desk, CUSTOMER, "e2").await.unwrap();
        desk.commit().await.unwrap();
        assert_eq!(used(&world, "build_minutes", november()).await, d("14"));
    }
    // What was taken back is not sent again by accident.
    assert_eq!(send(&world, &[minutes("e2", "-25", "2026-11-03T10:01:00Z")]).await, [Outcome::Known]);
    assert_eq!(used(&world, "build_minutes", november()).await, d("14"));
    assert!(matches!(usage::reverse(&mut world.desk().await, CUSTOMER, "e9").await, Err(Refusal::NotFound)));
}

#[tokio::test]
async fn days_have_23_and_25_hours_where_clocks_change_and_every_hour_its_own_usage() {
    let world = kestrel().await;
    let meter = meter(&world, "build_minutes").await;
    // Sunday 29 March 2026 has 23 hours in Vienna, Sunday 25 October 25. One minute at each hour of UTC around both.
    let mut events = Vec::new();
    for day in ["2026-03-28", "2026-03-29", "2026-03-30", "2026-10-24", "2026-10-25", "2026-10-26"] {
        events.extend((0..24).map(|hour| minutes(&format!("{day}-{hour}"), "1", &format!("{day}T{hour:02}:30:00Z"))));
    }
    send(&world, &events).await;
    for (start, end, hours) in [
        ("2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z", 23),
        ("2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z", 25),
        ("2026-10-23T22:00:00Z", "2026-10-24T22:00:00Z", 22),
    ] {
        let day = period(start, end);
        let mut desk = world.desk().await;
        let by_day = usage::series(&mut desk, CUSTOMER, &meter, day, By::Day, Vienna).await.unwrap();
        assert_eq!((by_day.len(), by_day[0].used), (1, Some(Decimal::from(hours))));
        let by_hour = usage::series(&mut desk, CUSTOMER, &meter, day, By::Hour, Vienna).await.unwrap();
        assert_eq!(by_hour.len() as i64, (day.end - day.start).num_hours());
        assert_eq!(by_hour.iter().filter(|point| point.used == Some(Decimal::ONE)).count(), hours);
        assert_eq!(by_hour.last().unwrap().total, Decimal::from(hours));
    }
}

#[tokio::test]
async fn months_and_days_are_cut_where_the_range_begins_and_ends() {
    let world = kestrel().await;
    let meter = meter(&world, "build_minutes").await;
    send(
        &world,
        &[
            minutes("e1", "1", "2026-09-10T12:00:00Z"),
            minutes("e2", "2", "2026-10-10T12:00:00Z"),
            minutes("e3", "4", "2026-11-20T12:00:00Z"),
            minutes("e4", "8", "2026-11-20T13:00:00Z"),
        ],
    )
    .await;
    let range = period("2026-09-15T00:00:00Z", "2026-11-20T12:30:00Z");
    let points = usage::series(&mut world.desk().await, CUSTOMER, &meter, range, By::Month, Vienna).await.unwrap();
    assert_eq!(points.iter().map(|point| point.used).collect::<Vec<_>>(), [None, Some(d("2")), Some(d("4"))]);
    assert_eq!(points.iter().map(|point| point.start).collect::<Vec<_>>(), [range.start, instant("2026-09-30T22:00:00Z"), instant("2026-10-31T23:00:00Z")]);
    assert_eq!(points.last().map(|point| (point.end, point.total)), Some((range.end, d("6"))));
}

/// An event of the naive model: which meter, seconds (or tens of them) after 20 August, quantity in thousandths, value.
type Sent = (usize, i64, i64, u8);

#[test]
fn whatever_is_sent_in_whatever_order_reads_as_the_engine_counts_it() {
    const KEYS: [&str; 5] = ["build_minutes", "storage", "seats_used", "calls", "repositories"];
    let runtime = tokio::runtime::Runtime::new().unwrap();
    // Desks give their connections back to it when dropped.
    let _inside = runtime.enter();
    let world = runtime.block_on(kestrel());
    let mut meters: BTreeMap<&str, Meter> = BTreeMap::new();
    for key in KEYS {
        meters.insert(key, runtime.block_on(meter(&world, key)));
    }
    let event = (0..KEYS.len(), 0..9 * 86_400_i64, -3_000..9_000_i64, 0..6_u8);
    // Nine days, in which slots and days meet, or ninety, in which days and months do.
    let case = (
        proptest::collection::vec(event, 1..60),
        proptest::collection::vec(0..9 * 86_400_i64, 2..6),
        proptest::collection::vec(any::<prop::sample::Index>(), 0..4),
        1..20_usize,
        prop_oneof![Just(1), Just(10)],
    );
    let mut runner = TestRunner::new(Config { cases: 24, failure_persistence: None, ..Config::default() });
    let number = std::cell::Cell::new(0);
    runner
        .run(&case, |(sent, mut cuts, reversed, batch, stretch): (Vec<Sent>, Vec<i64>, Vec<prop::sample::Index>, usize, i64)| {
            number.set(number.get() + 1);
            let customer = format!("cus_{}", number.get());
            runtime.block_on(add_customer(&world, &customer));
            let origin = instant("2026-08-20T00:00:00Z");
            cuts.iter_mut().for_each(|cut| *cut *= stretch);
            let events: Vec<NewEvent> = sent
                .iter()
                .enumerate()
                .map(|(n, (key, seconds, thousandths, value))| {
                    let quantity = Decimal::new(if *key == 0 { *thousandths } else { thousandths.abs() }, 3);
                    NewEvent {
                        id: format!("{customer}-{n}"),
                        meter: KEYS[*key].to_owned(),
                        quantity: Some(quantity),
                        value: Some(format!("v{value}")),
                        time: Some(origin + chrono::Duration::seconds(*seconds * stretch)),
                    }
                })
                .collect();
            let gone: Vec<usize> = reversed.iter().map(|index| index.index(events.len())).collect();
            runtime.block_on(async {
                for part in events.chunks(batch) {
                    let mut desk = world.desk().await;
                    let outcomes = usage::record(&mut desk, &customer, part).await.unwrap();
                    assert!(outcomes.iter().all(|outcome| *outcome == Outcome::Counted));
                    desk.commit().await.unwrap();
                }
                for index in &gone {
                    let mut desk = world.desk().await;
                    usage::reverse(&mut desk, &customer, &events[*index].id).await.unwrap();
                    desk.commit().await.unwrap();
                }
            });
            cuts.sort_unstable();
            let mut desk = runtime.block_on(world.desk());
            for key in KEYS {
                let stands = |n: &usize| !gone.contains(n) && events[*n].meter == key;
                let naive = |from: Instant, to: Instant| {
                    let inside: Vec<Event> = (0..events.len())
                        .filter(stands)
                        .filter(|n| (from..to).contains(&events[*n].time.unwrap()))
                        .map(|n| Event { time: events[n].time.unwrap(), quantity: events[n].quantity, value: events[n].value.clone(), arrived_order: n as i64 })
                        .collect();
                    meters[key].aggregate.of(&inside).unwrap()
                };
                for pair in cuts.windows(2) {
                    let period = Period { start: origin + chrono::Duration::seconds(pair[0]), end: origin + chrono::Duration::seconds(pair[1]) };
                    let read = runtime.block_on(usage::of_period(&mut desk, &customer, &meters[key], period)).unwrap();
                    prop_assert_eq!(read, naive(period.start, period.end), "{} {:?}", key, period);
                    let zone: Zone = Vienna;
                    for by in [By::Hour, By::Day, By::Month].into_iter().skip(usize::from(stretch > 1)) {
                        let points = runtime.block_on(usage::series(&mut desk, &customer, &meters[key], period, by, zone)).unwrap();
                        for point in &points {
                            prop_assert_eq!(point.used.unwrap_or_default().max(Decimal::ZERO), naive(point.start, point.end), "{} {:?} {:?}", key, by, point);
                            prop_assert_eq!(point.total, naive(period.start, point.end), "{} {:?} {:?}", key, by, point);
                        }
                    }
                }
            }
            Ok(())
        })
        .unwrap();
}

//! Many invoices collected at once: a gateway that takes its time keeps nobody waiting for another's answer, and what falls due next of a
//! customer waits for what came of the moment before.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use portico::platform::clock::Instant;
use portico::services::payments::scripted::{Script, Scripted};
use portico::services::payments::{DeclineReason, Errand};
use portico::services::{Actor, dunning, invoices, subscriptions};
use portico::worker::bill;

use crate::billing::{catalogue, to_team};
use crate::nordlicht::add_card;
use crate::sandbox;
use crate::world::World;

#[tokio::test]
async fn nobody_waits_for_the_answer_to_another_ones_charge() {
    const CUSTOMERS: usize = 40;
    let bank = Arc::new(Scripted::new());
    let world = World::with_gateway(bank.clone()).await;
    let (team, _) = catalogue(&world).await;
    // Each has two renewals behind.
    let began = world.now() - chrono::Duration::days(65);
    for n in 0..CUSTOMERS {
        let customer = world.customer(&format!("Customer {n}")).await;
        add_card(&world, &customer).await;
        let mut desk = world.desk().await;
        desk.at_billing(began.timestamp_millis());
        subscriptions::start(&mut desk, &to_team(&customer, &team)).await.unwrap();
        desk.commit().await.unwrap();
    }
    bank.answer_after(Duration::from_secs(3));
    let report = bill::bill(&world.app, &world.vendor, world.now()).await.unwrap();
    assert_eq!((report.issued, report.tried, report.failed.len()), (2 * CUSTOMERS, 3 * CUSTOMERS, 0));
    assert_eq!(bank.most_waiting(), CUSTOMERS, "each customer is charged at once with the others, for one moment at a time");
    assert_eq!(bank.taken().len(), 3 * CUSTOMERS, "and once for each invoice");
    let sql = "SELECT COUNT(*) FROM invoices WHERE vendor_id = $1 AND settled_at IS NULL";
    let (unpaid,): (i64,) = world.desk().await.tx.one(sql, (world.vendor.id.clone(),)).await.unwrap();
    assert_eq!(unpaid, 0);
}

#[tokio::test]
async fn what_could_not_be_charged_is_tried_again_for_all_at_once() {
    const CUSTOMERS: usize = 40;
    let (world, bank) = World::scripted("2026-03-02T09:00:00Z").await;
    let mut customers = Vec::new();
    for n in 0..CUSTOMERS {
        let customer = world.customer(&format!("Customer {n}")).await;
        add_card(&world, &customer).await;
        bank.script(&customer, Script::Declines(DeclineReason::Generic));
        let mut desk = world.desk().await;
        invoices::charge(&mut desk, &customer, 1000, "Onboarding").await.unwrap();
        desk.commit().await.unwrap();
        customers.push(customer);
    }
    let report = bill::bill(&world.app, &world.vendor, world.now()).await.unwrap();
    assert_eq!((report.tried, bank.taken().len()), (CUSTOMERS, 0));
    let next = dunning::first_due(&mut world.desk().await, &BTreeSet::new()).await.unwrap().unwrap();
    assert!(next > world.now(), "it is tried again later");
    for (n, customer) in customers.iter().enumerate() {
        // The bank of every second goes on saying no.
        if n % 2 == 0 {
            bank.script(customer, Script::Succeeds);
        }
    }
    world.app.clock.set(next);
    bank.answer_after(Duration::from_secs(3));
    let report = bill::bill(&world.app, &world.vendor, next).await.unwrap();
    assert_eq!((report.tried, report.failed.len(), bank.most_waiting()), (CUSTOMERS, 0, CUSTOMERS));
    assert_eq!(bank.taken().len(), CUSTOMERS / 2);
    let mut desk = world.desk().await;
    for (n, customer) in customers.iter().enumerate() {
        let left = dunning::unpaid_of(&mut desk, customer).await.unwrap();
        let tries: Vec<i64> = left.iter().map(|case| case.tries).collect();
        assert_eq!(tries, if n % 2 == 0 { vec![] } else { vec![1] }, "{n}: paid, or tried once and planned anew");
    }
}

#[tokio::test]
async fn what_no_gateway_can_charge_is_billed_all_the_same_and_charged_when_there_is_one() {
    let mut world = World::at("2026-03-02T09:00:00Z").await;
    let (team, _) = catalogue(&world).await;
    let (with_card, without) = (world.customer("Nordlicht").await, world.customer("Alster").await);
    sandbox::add_card(&Errand::new(&world.app, &world.vendor, Actor::System), &with_card, "4242424242424242").await;
    for customer in [&with_card, &without] {
        let mut desk = world.desk().await;
        subscriptions::start(&mut desk, &to_team(customer, &team)).await.unwrap();
        desk.commit().await.unwrap();
    }
    let bill_live = async |world: &mut World, is_live: bool, at: Instant| {
        let mut desk = world.desk().await;
        desk.tx.run("UPDATE vendors SET is_test = $2 WHERE id = $1", (world.vendor.id.clone(), !is_live)).await.unwrap();
        desk.commit().await.unwrap();
        world.app.reload_vendors().await.unwrap();
        world.vendor = world.app.vendors().remove(0);
        world.app.clock.set(at);
        bill::bill(&world.app, &world.vendor, at).await.unwrap()
    };
    let (begun, next) = (world.now(), world.now() + chrono::Duration::days(32));
    bill_live(&mut world, false, begun).await;
    // An account at no gateway.
    let report = bill_live(&mut world, true, next).await;
    let failed: Vec<&String> = report.failed.iter().map(|(customer, _)| customer).collect();
    assert_eq!((report.issued, report.tried, failed), (2, 0, vec![&with_card]), "both are billed, and one could not be charged");
    let report = bill_live(&mut world, false, next).await;
    assert_eq!((report.issued, report.tried, report.failed.len()), (0, 1, 0));
    let last = invoices::open_of(&mut world.desk().await, &with_card).await.unwrap();
    assert_eq!(last, []);
}

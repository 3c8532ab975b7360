//! Many invoices collected at once: a gateway that takes its time keeps nobody waiting for another's answer, and what falls due next of a
//! customer waits for what came of the moment before.

use std::sync::Arc;
use std::time::Duration;

use portico::services::payments::scripted::Scripted;
use portico::services::subscriptions;
use portico::worker::bill;

use crate::billing::{catalogue, to_team};
use crate::nordlicht::add_card;
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

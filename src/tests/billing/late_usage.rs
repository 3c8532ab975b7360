//! Usage that comes after its period was invoiced, and just as the customer is invoiced again.

use std::time::Duration;

use billing::invoice::LineKind;
use portico::services::subscriptions::{self, Action};
use portico::services::{Actor, Desk, invoices, usage};
use rust_decimal::Decimal;

use super::{ada_on_team, go_to, use_minutes};
use crate::world::{World, instant};

#[tokio::test]
async fn what_comes_in_as_usage_is_invoiced_is_on_the_invoice_with_what_came_before() {
    let world = World::at("2026-01-01T00:00:00+01:00").await;
    let (ada, subscription, _) = ada_on_team(&world).await;
    go_to(&world, "2026-02-01T00:30:00+01:00").await;
    use_minutes(&world, &ada, "january", "2026-01-10T10:00:00+01:00", 1000).await;
    go_to(&world, "2026-03-01T00:30:00+01:00").await;
    use_minutes(&world, &ada, "february", "2026-02-10T10:00:00+01:00", 1000).await;
    go_to(&world, "2026-03-01T01:00:00+01:00").await;
    use_minutes(&world, &ada, "late for February", "2026-02-11T10:00:00+01:00", 100).await;
    world.app.clock.set(instant("2026-03-20T12:00:00+01:00"));
    use_minutes(&world, &ada, "march", "2026-03-20T10:00:00+01:00", 1100).await;

    // Usage of a period before that is taken in, and not yet kept, when the vendor invoices what was used so far.
    let mut desk = world.desk().await;
    let event = usage::NewEvent {
        id: "late for January".into(),
        meter: "minutes".into(),
        quantity: Some(Decimal::from(200)),
        value: None,
        time: Some(instant("2026-01-11T10:00:00+01:00")),
    };
    usage::record(&mut desk, &ada, &[event]).await.unwrap();
    let (app, vendor, customer) = (world.app.clone(), world.vendor.clone(), ada.clone());
    let invoicing = tokio::spawn(async move {
        let mut desk = Desk::write(&app, &vendor, Actor::System).await.unwrap();
        let issued = subscriptions::act(&mut desk, &customer, &subscription, &Action::InvoiceUsage).await.unwrap();
        desk.commit().await.unwrap();
        issued.len()
    });
    tokio::time::sleep(Duration::from_millis(500)).await;
    desk.commit().await.unwrap();
    assert_eq!(invoicing.await.unwrap(), 1);

    let mut desk = world.desk().await;
    let last = &invoices::list(&mut desk, &ada, 1).await.unwrap()[0];
    let lines = invoices::by_number(&mut desk, &ada, &last.number).await.unwrap().snapshot().unwrap().lines;
    let mut late: Vec<i64> = lines.iter().filter(|of| of.line.kind == LineKind::LateUsage).map(|of| of.line.amount_minor).collect();
    late.sort_unstable();
    // 100 and 200 minutes at 0.8 ct.
    assert_eq!(late, [80, 160]);
}

//! The test clock: what falls due on the way happens, each thing as of its own moment, in order; never back; sandboxes only.

use chrono::{Duration, TimeZone, Utc};
use portico::platform::clock::from_ms;
use portico::services::customers::Role;
use portico::services::subscriptions;
use portico::services::test_clock::{self, Move, Runs};
use portico::services::{Refusal, events, invoices};
use portico::worker::bill;

use crate::billing::{catalogue, to_team};
use crate::nordlicht::add_card;
use crate::world::World;

/// A sandbox whose Nordlicht has the Team plan since the world began.
async fn subscribed(world: &World) -> String {
    let customer = world.customer("Nordlicht").await;
    add_card(world, &customer).await;
    let (team, _) = catalogue(world).await;
    let mut desk = world.desk().await;
    subscriptions::start(&mut desk, &to_team(&customer, &team)).await.unwrap();
    desk.commit().await.unwrap();
    bill::bill_all(&world.app).await.unwrap();
    customer
}

async fn advance(world: &World, how: Move) -> Result<chrono::DateTime<Utc>, Refusal> {
    let mut desk = world.desk().await;
    let at = test_clock::advance(&mut desk, how).await?;
    desk.commit().await?;
    world.app.reload_vendors().await?;
    Ok(at)
}

#[tokio::test]
async fn a_year_goes_by_and_each_month_is_billed_at_its_own_moment() {
    let (world, _bank) = World::scripted("2026-01-15T09:00:00Z").await;
    let customer = subscribed(&world).await;
    let begun = world.now();
    let at = advance(&world, Move::Months(12)).await.unwrap();
    bill::bill_all(&world.app).await.unwrap();
    let mut desk = world.desk().await;
    assert_eq!(desk.now.billing, begun, "this desk's vendor was read before");
    let mut issued: Vec<_> = invoices::list(&mut desk, &customer, 100).await.unwrap().into_iter().map(|invoice| from_ms(invoice.issued_at)).collect();
    issued.reverse();
    // The twelfth month has ended, and waits for its last usage.
    assert_eq!(issued.len(), 12);
    assert!(issued.is_sorted() && issued.iter().all(|at| *at >= begun), "{issued:?}");
    let gaps: Vec<i64> = issued.windows(2).map(|pair| (pair[1] - pair[0]).num_days()).collect();
    assert!(gaps.iter().all(|days| (28..=31).contains(days)), "{gaps:?}");
    assert!(issued.last().is_some_and(|last| *last <= at));
    // Both times: when it happened there, and when here.
    let filter = events::Filter { kind: Some("invoice.issued".to_owned()), ..events::Filter::default() };
    let latest = events::page(&mut desk, &filter, 1).await.unwrap().remove(0);
    assert_eq!((latest.happened_at, latest.recorded_at), (issued.last().unwrap().timestamp_millis(), begun.timestamp_millis()));
}

#[tokio::test]
async fn it_never_goes_back_and_not_absurdly_far() {
    let (world, _bank) = World::scripted("2026-01-15T09:00:00Z").await;
    subscribed(&world).await;
    let begun = world.now();
    advance(&world, Move::Days(40)).await.unwrap();
    for (how, sentence) in [
        (Move::To(begun), "This is earlier than the sandbox’s time. What happened since can’t be undone: choose a later moment."),
        (Move::Months(121), "The clock moves by at most ten years at once. Choose an earlier moment."),
        (Move::Days(u32::MAX), "The clock moves by at most ten years at once. Choose an earlier moment."),
    ] {
        let Err(Refusal::Fields(errors)) = advance(&world, how).await else { panic!("{how:?} is refused") };
        assert_eq!(errors[0].sentence.to_string(), sentence);
    }
    let mut desk = world.desk().await;
    let refused = test_clock::release(&mut desk).await.unwrap_err();
    assert!(refused.to_string().contains("ahead of the world’s"), "{refused}");
    drop(desk);
    world.wait(Duration::days(41));
    let mut desk = world.desk().await;
    test_clock::release(&mut desk).await.unwrap();
    assert_eq!(test_clock::runs(&mut desk.tx, &world.vendor.id).await.unwrap(), Runs::Along);
}

#[tokio::test]
async fn an_empty_sandbox_may_begin_in_the_past() {
    let world = World::new().await;
    let past = Utc.with_ymd_and_hms(2025, 2, 1, 9, 0, 0).unwrap();
    assert_eq!(advance(&world, Move::To(past)).await.unwrap(), past);
    assert!(advance(&world, Move::ToNext).await.unwrap_err().to_string().contains("Nothing is due"));
}

#[tokio::test]
async fn whoever_waited_for_a_lock_acts_at_the_clocks_new_time() {
    let (world, _bank) = World::scripted("2026-01-15T09:00:00Z").await;
    let customer = subscribed(&world).await;
    let vendor = world.vendor.clone();
    let at = advance(&world, Move::Days(3)).await.unwrap();
    // Its vendor was read before the clock was moved, as another instance's would be.
    let mut desk = portico::services::Desk::write(&world.app, &vendor, portico::services::Actor::System).await.unwrap();
    assert!(desk.now.billing < at);
    portico::services::customers::lock(&mut desk, &customer).await.unwrap();
    assert_eq!(desk.now.billing, at);
}

#[tokio::test]
async fn a_sandbox_is_moved_from_its_portal() {
    let (world, _bank) = World::scripted("2026-01-15T09:00:00Z").await;
    let customer = subscribed(&world).await;
    let mira = world.member("mira@nordlicht.example", &customer, Role::Owner).await.browser;
    let page = mira.get("/").await;
    assert!(page.text.contains("href=\"/test-clock\""), "{}", page.text);
    let page = mira.get("/test-clock").await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("goes <b>with the world’s</b>") && page.text.contains("Next for Nordlicht"), "{}", page.text);
    // Nobody bills in this test but itself: the page gives up waiting and says what is still to do.
    let moved = mira.post("/test-clock", &[("to", "next")]).await;
    assert_eq!((moved.status, moved.location()), (303, "/test-clock"), "{}", moved.text);
    let page = mira.get("/test-clock").await;
    assert!(page.text.contains("stands at") && page.text.contains("One customer has something due"), "{}", page.text);
    bill::bill_all(&world.app).await.unwrap();
    let page = mira.get("/test-clock").await;
    assert!(page.text.contains("Everything that fell due has been done."), "{}", page.text);
    // The month has ended; its invoice waits for the last usage.
    mira.post("/test-clock", &[("to", "next")]).await;
    bill::bill_all(&world.app).await.unwrap();
    let mut desk = world.desk().await;
    assert_eq!(invoices::list(&mut desk, &customer, 10).await.unwrap().len(), 2);
    drop(desk);
    for (at, sentence) in [("nonsense", "Enter a day and a time, such as 2027-01-31 09:00."), ("2020-01-01T00:00", "This is earlier than the sandbox’s time.")]
    {
        let refused = mira.post("/test-clock", &[("to", "at"), ("at", at)]).await;
        assert_eq!(refused.status, 422, "{at}");
        assert!(refused.text.contains(sentence) && refused.field("at").as_deref() == Some(at), "{}", refused.text);
    }
}

#[tokio::test]
async fn a_viewer_looks_and_a_real_vendor_has_no_such_page() {
    let (world, _bank) = World::scripted("2026-01-15T09:00:00Z").await;
    let customer = subscribed(&world).await;
    let vera = world.member("vera@nordlicht.example", &customer, Role::Viewer).await.browser;
    let page = vera.get("/test-clock").await;
    assert_eq!(page.status, 200);
    assert!(!page.text.contains("name=\"to\""), "{}", page.text);
    assert_eq!(vera.post("/test-clock", &[("to", "day")]).await.status, 403);
    let mut desk = world.desk().await;
    desk.tx.run("UPDATE vendors SET is_test = FALSE WHERE id = $1", (world.vendor.id.clone(),)).await.unwrap();
    desk.commit().await.unwrap();
    world.app.reload_vendors().await.unwrap();
    assert_eq!(vera.get("/test-clock").await.status, 404);
    assert_eq!(vera.post("/test-clock", &[("to", "day")]).await.status, 404);
}

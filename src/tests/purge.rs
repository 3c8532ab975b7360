//! What anybody can leave behind without an account, and what has run out, does not grow without end.

use axum::body::Body;
use axum::http::Method;
use chrono::Duration;
use portico::services::customers::Role;
use portico::worker::purge::purge;

use crate::sign_in::letters;
use crate::world::World;

async fn count(world: &World, sql: &'static str) -> i64 {
    let mut tx = world.app.db.read().await.unwrap();
    tx.one::<(i64,)>(sql, (world.vendor.id.clone(),)).await.unwrap().0
}

const STEPS: &str = "SELECT COUNT(*) FROM sign_ins WHERE vendor_id = $1";
const SESSIONS: &str = "SELECT COUNT(*) FROM sessions WHERE vendor_id = $1";
const LINKS: &str = "SELECT COUNT(*) FROM links WHERE vendor_id = $1";
const COUNTS: &str = "SELECT COUNT(*) FROM throttles WHERE vendor_id = $1";
const OUTBOX: &str = "SELECT COUNT(*) FROM outbox WHERE vendor_id = $1";

#[tokio::test]
async fn one_network_that_asks_for_many_mails_is_made_to_wait_and_leaves_nothing() {
    let world = World::new().await;
    let stranger = world.visitor();
    let ask = async |ip: &str, email: String| {
        let request = stranger.request(Method::POST, "/forgot-password").header("content-type", "application/x-www-form-urlencoded");
        stranger.send_from(ip, request.body(Body::from(format!("email={email}"))).unwrap()).await
    };
    for at in 0..51 {
        assert_eq!(ask("203.0.113.9", format!("user{at}@nordlicht.example")).await.status, 303, "{at}");
    }
    let (left, counted) = (count(&world, OUTBOX).await, count(&world, COUNTS).await);
    let page = ask("203.0.113.9", "user51@nordlicht.example".to_owned()).await;
    assert_eq!(page.status, 429);
    assert!(page.header("retry-after").parse::<i64>().unwrap() > 0 && page.text.contains("id=\"email-error\""), "{}", page.text);
    assert_eq!((count(&world, OUTBOX).await, count(&world, COUNTS).await), (left, counted));
    assert_eq!(ask("203.0.113.10", "user51@nordlicht.example".to_owned()).await.status, 303, "another network");
    // As many as a subscriber has addresses are one network.
    for at in 0..51 {
        assert_eq!(ask(&format!("2001:db8:1:2::{at:x}"), format!("six{at}@nordlicht.example")).await.status, 303, "{at}");
    }
    assert_eq!(ask("2001:db8:1:2:ffff::1", "six51@nordlicht.example".to_owned()).await.status, 429);
}

#[tokio::test]
async fn what_has_run_out_is_removed_and_what_is_alive_stays() {
    let world = World::new().await;
    let customer = world.customer("Nordlicht").await;
    let mira = world.member("mira@nordlicht.example", &customer, Role::Owner).await;
    let waiting = world.visitor();
    waiting.post("/sign-in", &[("email", &mira.email), ("password", &mira.password)]).await;
    world.visitor().post("/forgot-password", &[("email", &mira.email)]).await;
    world.visitor().post("/sign-in", &[("email", "nobody@nordlicht.example"), ("password", "a wrong guess")]).await;
    letters(&world).await;
    world.invite("noah@nordlicht.example", &customer, Role::Viewer).await;
    purge(&world.app).await.unwrap();
    // The used invitation is gone; the reset link and the other invitation work.
    let now = [count(&world, STEPS).await, count(&world, SESSIONS).await, count(&world, LINKS).await];
    assert_eq!(now, [1, 1, 2]);
    assert!(count(&world, COUNTS).await >= 2 && count(&world, OUTBOX).await > 2);

    world.wait(Duration::minutes(31));
    purge(&world.app).await.unwrap();
    assert_eq!([count(&world, STEPS).await, count(&world, SESSIONS).await, count(&world, LINKS).await], [0, 0, 2]);
    world.wait(Duration::days(8));
    purge(&world.app).await.unwrap();
    // What was never delivered waits on.
    assert_eq!([count(&world, LINKS).await, count(&world, OUTBOX).await], [0, 1]);
    world.wait(Duration::days(31));
    purge(&world.app).await.unwrap();
    assert_eq!(count(&world, COUNTS).await, 0);
    assert_eq!(purge(&world.app).await.unwrap(), 0);
}

#[tokio::test]
async fn what_is_shut_off_or_delayed_is_not_opened_by_time() {
    let world = World::new().await;
    let customer = world.customer("Nordlicht").await;
    let mira = world.member("mira@nordlicht.example", &customer, Role::Owner).await;
    let guess = async || world.visitor().post("/sign-in", &[("email", &mira.email), ("password", "a wrong guess")]).await.status;
    for _ in 0..5 {
        guess().await;
    }
    world.wait(Duration::days(31));
    purge(&world.app).await.unwrap();
    assert_eq!((guess().await, guess().await), (422, 429), "it counts on");
    for _ in 0..100 {
        world.wait(Duration::hours(2));
        guess().await;
    }
    world.wait(Duration::days(800));
    purge(&world.app).await.unwrap();
    assert_eq!(guess().await, 429);
}

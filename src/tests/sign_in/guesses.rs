//! Guessing: nothing tells known addresses from unknown ones, and failures delay strangers, not the customers.

use axum::body::Body;
use axum::http::Method;
use chrono::Duration;

use super::{letters, link_in, mira};
use crate::world::{Answer, Persona, World};

#[tokio::test]
async fn known_and_unknown_addresses_get_the_same_answers() {
    let world = World::new().await;
    let mira = mira(&world).await;
    let without_address = |answer: &Answer, email: &str| mask(&answer.text).replace(email, "…");
    for attempt in 1..=7 {
        let known = world.visitor().post("/sign-in", &[("email", &mira.email), ("password", "not her password")]).await;
        let unknown = world.visitor().post("/sign-in", &[("email", "nobody@nordlicht.example"), ("password", "not her password")]).await;
        assert_eq!(known.status, unknown.status, "attempt {attempt}");
        assert_eq!(known.status, if attempt <= 5 { 422 } else { 429 }, "attempt {attempt}");
        assert_eq!(without_address(&known, &mira.email), without_address(&unknown, "nobody@nordlicht.example"), "attempt {attempt}");
        assert!(!known.text.contains("not her password"));
    }
    let known = world.visitor().post("/forgot-password", &[("email", &mira.email)]).await;
    let unknown = world.visitor().post("/forgot-password", &[("email", "nobody@nordlicht.example")]).await;
    assert_eq!((known.status, known.location()), (unknown.status, unknown.location()));
    assert_eq!(mask(&known.text), mask(&unknown.text));
    let resets = letters(&world).await.into_iter().filter(|letter| letter.contains("/reset-password?token=")).count();
    assert_eq!(resets, 1);
}

/// Nonces differ from page to page and tell nothing.
fn mask(page: &str) -> String {
    match page.split_once("nonce=\"") {
        Some((before, rest)) => format!("{before}{}", mask(rest.split_once('"').unwrap().1)),
        None => page.to_owned(),
    }
}

#[tokio::test]
async fn known_and_unknown_addresses_take_the_same_time() {
    let world = World::new().await;
    let mira = mira(&world).await;
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for sample in 0..100 {
        // A day apart: no delay is in the way.
        world.wait(Duration::days(1));
        for is_known in [sample % 2 == 0, sample % 2 != 0] {
            let email = if is_known { mira.email.clone() } else { format!("nobody{sample}@nordlicht.example") };
            let started = std::time::Instant::now();
            let answer = world.visitor().post("/sign-in", &[("email", &email), ("password", "not her password")]).await;
            assert!([422, 429].contains(&answer.status));
            if is_known { known.push(started.elapsed()) } else { unknown.push(started.elapsed()) }
        }
    }
    known.sort();
    unknown.sort();
    let (known, unknown) = (known[known.len() / 2], unknown[unknown.len() / 2]);
    assert!(known.abs_diff(unknown) < std::time::Duration::from_millis(5), "{known:?} against {unknown:?}");
}

#[tokio::test]
async fn a_stranger_delays_strangers_and_not_the_customers_own_browser() {
    let world = World::new().await;
    let mira = mira(&world).await;
    mira.browser.post("/sign-out", &[]).await;
    let stranger = world.visitor();
    for _ in 0..5 {
        assert_eq!(stranger.post("/sign-in", &[("email", &mira.email), ("password", "a wrong guess")]).await.status, 422);
    }
    let delayed = stranger.post("/sign-in", &[("email", &mira.email), ("password", &mira.password)]).await;
    assert_eq!(delayed.status, 429, "even the right one must wait");
    assert_eq!(delayed.header("retry-after"), "31");
    assert_eq!(mira.browser.post("/sign-in", &[("email", &mira.email), ("password", &mira.password)]).await.status, 303, "her own browser is known");
    world.wait(Duration::seconds(31));
    assert_eq!(stranger.post("/sign-in", &[("email", &mira.email), ("password", "a wrong guess")]).await.status, 422);
    world.wait(Duration::seconds(31));
    assert_eq!(stranger.post("/sign-in", &[("email", &mira.email), ("password", "a wrong guess")]).await.status, 429, "the delay has doubled");
}

#[tokio::test]
async fn one_address_that_tries_many_accounts_is_delayed_and_a_known_device_there_is_not() {
    let world = World::new().await;
    let mira = mira(&world).await;
    let from_outside = async |browser: &Persona, email: &str, password: &str| {
        let request = browser.request(Method::POST, "/sign-in").header("content-type", "application/x-www-form-urlencoded");
        browser.send_from("203.0.113.9", request.body(Body::from(format!("email={email}&password={}", password.replace(' ', "+")))).unwrap()).await.status
    };
    let stranger = world.visitor();
    for at in 0..51 {
        assert_eq!(from_outside(&stranger, &format!("user{at}@nordlicht.example"), "a wrong guess").await, 422, "{at}");
    }
    assert_eq!(from_outside(&stranger, "user99@nordlicht.example", "a wrong guess").await, 429);
    assert_eq!(from_outside(&mira.browser, &mira.email, &mira.password).await, 303, "her browser is known");
    world.wait(Duration::hours(2));
    assert_eq!(from_outside(&stranger, "user99@nordlicht.example", "a wrong guess").await, 422, "forgotten after an hour");
}

#[tokio::test]
async fn guesses_sent_at_once_are_counted_one_by_one() {
    let world = World::new().await;
    let mira = mira(&world).await;
    let tasks: Vec<_> = (0..40)
        .map(|at| {
            let (browser, email) = (world.visitor(), mira.email.clone());
            tokio::spawn(async move { browser.post("/sign-in", &[("email", &email), ("password", &format!("wrong guess {at}"))]).await.status })
        })
        .collect();
    let mut looked_at = 0;
    for task in tasks {
        looked_at += usize::from(task.await.unwrap() == 422);
    }
    assert!(looked_at <= 5, "{looked_at} guesses were looked at");
}

#[tokio::test]
async fn after_a_hundred_failures_a_password_is_shut_off_until_it_is_set_anew() {
    let world = World::new().await;
    let mira = mira(&world).await;
    let stranger = world.visitor();
    for _ in 0..100 {
        world.wait(Duration::hours(2));
        assert_eq!(stranger.post("/sign-in", &[("email", &mira.email), ("password", "a wrong guess")]).await.status, 422);
    }
    world.wait(Duration::days(30));
    assert_eq!(stranger.post("/sign-in", &[("email", &mira.email), ("password", &mira.password)]).await.status, 429);
    let hers = mira.browser.post("/sign-in", &[("email", &mira.email), ("password", &mira.password)]).await;
    assert_eq!(hers.status, 303, "not on her own browser");
    world.visitor().post("/forgot-password", &[("email", &mira.email)]).await;
    let letter = letters(&world).await.into_iter().find(|letter| letter.contains("/reset-password")).unwrap();
    let token = link_in(&letter, "/reset-password").split_once("token=").unwrap().1.to_owned();
    let page = world.visitor().post("/reset-password", &[("token", &token), ("password", "ten gates at dusk")]).await;
    assert_eq!(page.status, 303);
    let page = world.visitor().post("/sign-in", &[("email", &mira.email), ("password", "ten gates at dusk")]).await;
    assert_eq!(page.status, 303);
}

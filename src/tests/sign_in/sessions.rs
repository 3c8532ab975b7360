//! Sessions: how long they last, their tokens and cookies, and who may end them.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::Method;
use chrono::Duration;
use portico::services::customers::Role;

use super::{DEVICE, SESSION, STEP, cookies_set, letters, mira};
use crate::people::codes_on;
use crate::world::World;

#[tokio::test]
async fn a_session_ends_after_half_an_hour_unused_and_after_twelve_hours_whatever_happens() {
    let world = World::new().await;
    let mira = mira(&world).await;
    for _ in 0..24 {
        world.wait(Duration::minutes(29));
        assert_eq!(mira.browser.get("/account/security").await.status, 200);
    }
    world.wait(Duration::minutes(25));
    assert_eq!(mira.browser.get("/account/security").await.status, 303, "twelve hours");
    let browser = world.sign_in(&mira).await;
    world.wait(Duration::minutes(31));
    assert_eq!(browser.get("/account/security").await.status, 303, "half an hour");
}

#[tokio::test]
async fn a_page_saves_only_that_the_session_was_used_and_that_once_a_minute() {
    let world = World::new().await;
    let mira = mira(&world).await;
    let last_seen = async || {
        let mut tx = world.app.db.read().await.unwrap();
        let row: (i64,) = tx
            .one("SELECT last_seen_at FROM sessions WHERE vendor_id = $1 AND identity_id = $2", (world.vendor.id.clone(), mira.identity_id.clone()))
            .await
            .unwrap();
        row.0
    };
    world.wait(Duration::seconds(61));
    mira.browser.get("/account/security").await;
    let first = last_seen().await;
    assert_eq!(first, world.now().timestamp_millis());
    world.wait(Duration::seconds(59));
    mira.browser.get("/account/security").await;
    assert_eq!(last_seen().await, first);
    world.wait(Duration::seconds(2));
    mira.browser.get("/account/security").await;
    assert_eq!(last_seen().await, world.now().timestamp_millis());
}

#[tokio::test]
async fn sessions_are_listed_and_ended_by_their_owner_alone() {
    let world = World::new().await;
    let mira = mira(&world).await;
    let other = world.sign_in(&mira).await;
    let page = other.get("/account/security").await;
    assert!(page.text.contains("This device") && page.text.contains("Signed in on 2 devices"), "{}", page.text);
    let session = page.field("session").unwrap();
    let customer = world.customer("Südwind").await;
    let eve = world.member("eve@suedwind.example", &customer, Role::Owner).await;
    assert_eq!(eve.browser.post("/account/security/sessions/end", &[("session", &session)]).await.status, 404);
    assert_eq!(mira.browser.get("/account/security").await.status, 200);
    assert_eq!(other.post("/account/security/sessions/end", &[("session", &session)]).await.status, 303);
    assert_eq!(mira.browser.get("/account/security").await.status, 303, "ended at once");
    assert_eq!(other.get("/account/security").await.status, 200);
    let third = world.sign_in(&mira).await;
    assert_eq!(other.post("/account/security/sessions/end-others", &[]).await.status, 303);
    assert_eq!(third.get("/account/security").await.status, 303);
}

#[tokio::test]
async fn a_session_ends_others_with_a_fresh_code_alone_and_asks_for_it_in_place() {
    let world = World::new().await;
    let mira = mira(&world).await;
    let other = world.sign_in(&mira).await;
    world.wait(Duration::minutes(6));
    let session = mira.browser.get("/account/security").await.field("session").unwrap();
    let stolen = world.visitor();
    stolen.set_cookie(SESSION, &mira.browser.cookie(SESSION).unwrap());
    for (path, form) in [("/account/security/sessions/end", vec![("session", session.as_str())]), ("/account/security/sessions/end-others", vec![])] {
        let page = stolen.post(path, &form).await;
        assert_eq!(page.status, 422, "{path}");
        assert!(page.field("code").is_some() && page.text.contains(&format!("action=\"{path}\"")), "{}", page.text);
        assert_eq!(page.field("session").as_deref(), form.first().map(|(_, id)| *id), "what was chosen is kept");
        assert_eq!(other.get("/account/security").await.status, 200, "{path}");
    }
    let code = world.code(&mira).await;
    assert_eq!(mira.browser.post("/account/security/sessions/end", &[("session", &session), ("code", &code)]).await.status, 303);
    assert_eq!(other.get("/account/security").await.status, 303);
}

#[tokio::test]
async fn the_session_gets_a_new_token_at_each_change_of_privilege_and_the_old_one_is_dead() {
    let world = World::new().await;
    let mira = mira(&world).await;
    let mut seen = BTreeSet::new();
    seen.insert(mira.browser.cookie(SESSION).unwrap());
    world.wait(Duration::minutes(6));

    // Step-up.
    let stolen = world.visitor();
    stolen.set_cookie(SESSION, &mira.browser.cookie(SESSION).unwrap());
    assert_eq!(stolen.get("/account/security").await.status, 200);
    let page = mira.browser.post("/account/security/recovery-codes", &[]).await;
    assert_eq!(page.status, 422, "the factor is stale, and no code came");
    assert!(page.text.contains("You last entered one 6 minutes ago"), "{}", page.text);
    let page = mira.browser.post("/account/security/recovery-codes", &[("code", &world.code(&mira).await)]).await;
    assert_eq!(page.status, 200);
    assert_eq!(codes_on(&page.text).len(), 10);
    assert!(seen.insert(mira.browser.cookie(SESSION).unwrap()), "a new token");
    assert_eq!(stolen.get("/account/security").await.status, 303, "the old one is dead");

    // Fresh now: the next asks no code.
    assert!(!mira.browser.get("/account/security/password").await.text.contains("name=\"code\""));
    let change = [("current_password", mira.password.as_str()), ("new_password", "ten gates at dusk")];
    assert_eq!(mira.browser.post("/account/security/password", &change).await.status, 303);
    assert!(seen.insert(mira.browser.cookie(SESSION).unwrap()));

    assert_eq!(mira.browser.post("/account/security/authenticator", &[]).await.status, 303);
    assert_eq!(mira.browser.get("/account/security/authenticator/confirm").await.status, 200);
    world.wait(Duration::seconds(60));
    let page = mira.browser.post("/account/security/authenticator/confirm", &[("new_code", "000000")]).await;
    assert_eq!(page.status, 422);
    let code = world.offered_code(&mira.identity_id).await;
    assert_eq!(mira.browser.post("/account/security/authenticator/confirm", &[("new_code", &code)]).await.status, 303);
    assert!(seen.insert(mira.browser.cookie(SESSION).unwrap()));
    assert_eq!(mira.browser.get("/account/security").await.status, 200);
    let letters = letters(&world).await.concat();
    for notice in ["New recovery codes for", "Your password for", "Your authenticator for"] {
        assert!(letters.contains(notice), "{notice}");
    }
}

#[tokio::test]
async fn what_was_typed_survives_an_ended_session_but_no_secret_does() {
    let world = World::new().await;
    let visitor = world.visitor();
    let typed = [("new_password", "ten gates at dusk"), ("code", "123456"), ("note", "<b>\"kept\"</b>")];
    let page = visitor.post("/account/security/password", &typed).await;
    assert_eq!(page.status, 401);
    assert_eq!(page.field("note").as_deref(), Some("<b>\"kept\"</b>"));
    assert!(page.text.contains("action=\"/account/security/password\"") && page.text.contains("nothing was charged"), "{}", page.text);
    assert!(!page.text.contains("ten gates at dusk") && !page.text.contains("123456"));
    let script = visitor.request(Method::POST, "/account/security/password").header("sec-fetch-site", "same-origin").header("sec-fetch-dest", "empty");
    let answer = visitor.send(script.body(Body::empty()).unwrap()).await;
    assert_eq!((answer.status, answer.text.contains("<html")), (401, false));
}

#[tokio::test]
async fn a_person_of_two_customers_switches_between_them_and_to_no_other() {
    let world = World::new().await;
    let (nordlicht, suedwind, fremd) = (world.customer("Nordlicht").await, world.customer("Südwind").await, world.customer("Fremd").await);
    let mira = world.member("mira@nordlicht.example", &nordlicht, Role::Owner).await;
    let (_, token) = world.invite(&mira.email, &suedwind, Role::Viewer).await;
    assert_eq!(token, None, "she has a password already");
    assert!(letters(&world).await.concat().contains("One more account at Kestrel billing"));
    let page = mira.browser.get("/switch").await;
    assert!(page.text.contains("Südwind") && !page.text.contains("Fremd"), "{}", page.text);
    let before = mira.browser.cookie(SESSION);
    assert_eq!(mira.browser.post("/switch", &[("customer", &fremd)]).await.status, 404);
    assert_eq!(mira.browser.post("/switch", &[("customer", &suedwind)]).await.status, 303);
    assert_ne!(mira.browser.cookie(SESSION), before);
    assert!(mira.browser.get("/account/security").await.text.contains("<span class=\"nm\">Südwind"));
    let again = world.sign_in(&mira).await;
    assert!(again.get("/account/security").await.text.contains("<span class=\"nm\">Südwind"), "where she was last");
}

#[tokio::test]
async fn every_cookie_is_bound_to_its_host_and_out_of_scripts_reach() {
    let world = World::new().await;
    let mira = mira(&world).await;
    let browser = world.visitor();
    let mut answers = vec![browser.post("/sign-in", &[("email", &mira.email), ("password", &mira.password)]).await];
    answers.push(browser.post("/sign-in/code", &[("code", &world.code(&mira).await)]).await);
    answers.push(browser.post("/sign-out", &[]).await);
    let cookies: Vec<_> = answers.iter().flat_map(cookies_set).collect();
    let names: BTreeSet<_> = cookies.iter().map(|cookie| cookie.split('=').next().unwrap()).collect();
    assert_eq!(names, BTreeSet::from([SESSION, STEP, DEVICE]));
    for cookie in &cookies {
        for attribute in ["Secure", "HttpOnly", "SameSite=Lax", "Path=/"] {
            assert!(cookie.split("; ").any(|part| part == attribute), "{cookie} lacks {attribute}");
        }
        assert!(!cookie.contains("Domain="), "{cookie}");
    }
    // Tokens are 256 bits and appear in no page.
    let token = mira.browser.cookie(SESSION).unwrap();
    assert_eq!(token.len(), 43);
    assert!(!mira.browser.get("/account/security").await.text.contains(&token));
}

//! A password or a second factor set anew: what was begun with the old one ends, and what failures had closed opens again.

use chrono::Duration;
use portico::services::customers::Role;

use crate::people::Person;
use crate::sign_in::{letters, link_in};
use crate::world::{Persona, World};

const OTHER_PASSWORD: &str = "ten gates at dusk";

async fn mira(world: &World) -> Person {
    let customer = world.customer("Nordlicht").await;
    world.member("mira@nordlicht.example", &customer, Role::Owner).await
}

/// The token of the latest reset link mailed to somebody.
async fn reset_token(world: &World, email: &str) -> String {
    world.visitor().post("/forgot-password", &[("email", email)]).await;
    let letter = letters(world).await.into_iter().rfind(|letter| letter.contains("/reset-password?token=")).unwrap();
    link_in(&letter, "/reset-password").split_once("token=").unwrap().1.to_owned()
}

/// The key a page of enrolment shows.
fn key_on(page: &str) -> Option<String> {
    Some(page.split("class=\"key\">").nth(1)?.split('<').next()?.to_owned())
}

/// Somebody who knows the password has passed the first step and waits.
async fn first_step(world: &World, person: &Person) -> Persona {
    let browser = world.visitor();
    let page = browser.post("/sign-in", &[("email", &person.email), ("password", &person.password)]).await;
    assert_eq!((page.status, page.location()), (303, "/sign-in/code"));
    browser
}

#[tokio::test]
async fn a_sign_in_begun_with_the_old_password_ends_when_it_is_reset() {
    let world = World::new().await;
    let mira = mira(&world).await;
    let thief = first_step(&world, &mira).await;
    let token = reset_token(&world, &mira.email).await;
    assert_eq!(world.visitor().post("/reset-password", &[("token", &token), ("password", OTHER_PASSWORD)]).await.status, 303);
    let page = thief.post("/sign-in/code", &[("code", &world.code(&mira).await)]).await;
    assert_eq!(page.status, 422, "{}", page.text);
    assert_eq!(thief.get("/account/security").await.status, 303, "signed in by a password that is gone");
}

#[tokio::test]
async fn a_sign_in_begun_before_ends_with_a_changed_password_and_a_changed_authenticator() {
    let world = World::new().await;
    let mira = mira(&world).await;
    let thief = first_step(&world, &mira).await;
    let change = [("current_password", mira.password.as_str()), ("new_password", OTHER_PASSWORD)];
    assert_eq!(mira.browser.post("/account/security/password", &change).await.status, 303);
    assert_eq!(thief.get("/sign-in/code").await.location(), "/sign-in");

    let mira = Person { password: OTHER_PASSWORD.to_owned(), ..mira };
    let thief = first_step(&world, &mira).await;
    assert_eq!(mira.browser.post("/account/security/authenticator", &[]).await.status, 303);
    world.wait(Duration::seconds(60));
    let code = world.offered_code(&mira.identity_id).await;
    assert_eq!(mira.browser.post("/account/security/authenticator/confirm", &[("new_code", &code)]).await.status, 303);
    assert_eq!(thief.get("/sign-in/code").await.location(), "/sign-in");
}

#[tokio::test]
async fn enrolment_ends_for_everybody_else_once_one_has_enrolled_and_overwrites_nothing() {
    let world = World::new().await;
    let customer = world.customer("Nordlicht").await;
    let (identity_id, token) = world.invite("mira@nordlicht.example", &customer, Role::Owner).await;
    let thief = world.visitor();
    thief.post("/invitation", &[("token", &token.unwrap()), ("password", "nine gates at dawn")]).await;
    let seen_by_thief = key_on(&thief.get("/invitation").await.text).unwrap();

    // The person resets the password: they have none of their own to sign in with.
    let token = reset_token(&world, "mira@nordlicht.example").await;
    let browser = world.visitor();
    let page = browser.post("/reset-password", &[("token", &token), ("password", OTHER_PASSWORD)]).await;
    assert_eq!((page.status, page.location()), (303, "/invitation"));
    let shown = key_on(&browser.get("/invitation").await.text).unwrap();
    assert_ne!(shown, seen_by_thief, "a seed somebody else has seen");
    assert_eq!(thief.get("/invitation").await.location(), "/sign-in", "the other enrolment has ended");

    assert_eq!(browser.post("/invitation", &[("code", &world.offered_code(&identity_id).await)]).await.status, 200);
    assert_eq!(browser.get("/account/security").await.status, 200);
    let secret = async || {
        let mut tx = world.app.db.read().await.unwrap();
        tx.one::<(Option<String>,)>("SELECT totp_secret FROM identities WHERE vendor_id = $1 AND id = $2", (world.vendor.id.clone(), identity_id.clone()))
            .await
            .unwrap()
            .0
    };
    let bound = secret().await;
    world.wait(Duration::seconds(60));
    assert_eq!(thief.post("/invitation", &[("code", "000000")]).await.location(), "/sign-in");
    assert_eq!(secret().await, bound);
}

#[tokio::test]
async fn of_two_who_know_the_password_of_somebody_not_enrolled_the_later_alone_is_at_the_step() {
    let world = World::new().await;
    let customer = world.customer("Nordlicht").await;
    let (_, token) = world.invite("mira@nordlicht.example", &customer, Role::Owner).await;
    let first = world.visitor();
    first.post("/invitation", &[("token", &token.unwrap()), ("password", "nine gates at dawn")]).await;
    let seen = key_on(&first.get("/invitation").await.text).unwrap();
    let second = world.visitor();
    let page = second.post("/sign-in", &[("email", "mira@nordlicht.example"), ("password", "nine gates at dawn")]).await;
    assert_eq!((page.status, page.location()), (303, "/invitation"));
    assert_ne!(key_on(&second.get("/invitation").await.text).unwrap(), seen);
    assert_eq!(first.get("/invitation").await.location(), "/sign-in", "nobody looks over another's shoulder");
}

#[tokio::test]
async fn an_enrolment_that_no_longer_fits_is_over_whatever_left_it() {
    let world = World::new().await;
    let customer = world.customer("Nordlicht").await;
    let (identity_id, token) = world.invite("mira@nordlicht.example", &customer, Role::Owner).await;
    let browser = world.visitor();
    browser.post("/invitation", &[("token", &token.unwrap()), ("password", "nine gates at dawn")]).await;
    let mut desk = world.desk().await;
    desk.tx.run("UPDATE identities SET totp_secret = totp_pending WHERE vendor_id = $1 AND id = $2", (world.vendor.id.clone(), identity_id)).await.unwrap();
    desk.commit().await.unwrap();
    assert_eq!(browser.get("/invitation").await.location(), "/sign-in");
}

/// Fails as often as it takes to be shut off.
async fn shut_off(world: &World, attempt: impl AsyncFn() -> u16) {
    for _ in 0..100 {
        world.wait(Duration::hours(2));
        attempt().await;
    }
    world.wait(Duration::hours(2));
    assert_eq!(attempt().await, 429);
}

#[tokio::test]
async fn a_password_set_anew_works_again_on_the_known_device_that_was_shut_off() {
    let world = World::new().await;
    let mira = mira(&world).await;
    mira.browser.post("/sign-out", &[]).await;
    shut_off(&world, async || mira.browser.post("/sign-in", &[("email", &mira.email), ("password", "a wrong guess")]).await.status).await;
    let token = reset_token(&world, &mira.email).await;
    assert_eq!(world.visitor().post("/reset-password", &[("token", &token), ("password", OTHER_PASSWORD)]).await.status, 303);
    assert_eq!(mira.browser.post("/sign-in", &[("email", &mira.email), ("password", OTHER_PASSWORD)]).await.status, 303);
}

#[tokio::test]
async fn a_changed_password_is_delayed_by_nothing_that_was_tried_on_the_old_one() {
    let world = World::new().await;
    let mira = mira(&world).await;
    let stranger = world.visitor();
    for _ in 0..5 {
        stranger.post("/sign-in", &[("email", &mira.email), ("password", "a wrong guess")]).await;
    }
    let change = [("current_password", mira.password.as_str()), ("new_password", OTHER_PASSWORD)];
    assert_eq!(mira.browser.post("/account/security/password", &change).await.status, 303);
    assert_eq!(world.visitor().post("/sign-in", &[("email", &mira.email), ("password", OTHER_PASSWORD)]).await.status, 303);
}

#[tokio::test]
async fn an_authenticator_set_anew_works_again_where_the_old_one_was_shut_off() {
    let world = World::new().await;
    let mira = mira(&world).await;
    shut_off(&world, async || {
        let on_her_device = mira.browser.clone();
        on_her_device.post("/sign-in", &[("email", &mira.email), ("password", &mira.password)]).await;
        on_her_device.post("/sign-in/code", &[("code", "000000")]).await.status
    })
    .await;
    // By a recovery code, then another authenticator.
    assert_eq!(mira.browser.post("/sign-in/code", &[("code", &mira.recovery_codes[0])]).await.status, 303);
    assert_eq!(mira.browser.post("/account/security/authenticator", &[]).await.status, 303);
    let code = world.offered_code(&mira.identity_id).await;
    assert_eq!(mira.browser.post("/account/security/authenticator/confirm", &[("new_code", &code)]).await.status, 303);
    world.wait(Duration::minutes(1));
    world.sign_in_on(&mira.browser, &mira).await;
}

#[tokio::test]
async fn new_recovery_codes_work_where_the_old_ones_were_shut_off() {
    let world = World::new().await;
    let mira = mira(&world).await;
    let wrong = "00000 00000 00000 00000 00000";
    shut_off(&world, async || {
        let stranger = first_step(&world, &mira).await;
        stranger.post("/sign-in/code", &[("code", wrong)]).await.status
    })
    .await;
    let browser = world.sign_in(&mira).await;
    let page = browser.post("/account/security/recovery-codes", &[]).await;
    let codes = crate::people::codes_on(&page.text);
    let elsewhere = first_step(&world, &mira).await;
    assert_eq!(elsewhere.post("/sign-in/code", &[("code", &codes[0])]).await.status, 303);
}

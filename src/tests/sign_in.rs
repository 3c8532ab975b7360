//! Signing in, staying in, and what keeps others out.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::Method;
use chrono::Duration;
use portico::identity::people;
use portico::platform::post::Post;
use portico::services::customers::Role;
use portico::worker::deliver::deliver_due;

use crate::people::{Person, codes_on};
use crate::world::{Answer, Persona, World};

const SESSION: &str = "__Host-portico";
const STEP: &str = "__Host-portico-step";
const DEVICE: &str = "__Host-portico-device";

async fn mira(world: &World) -> Person {
    let customer = world.customer("Nordlicht").await;
    world.member("mira@nordlicht.example", &customer, Role::Owner).await
}

/// Every letter that was sent since the world began, in order of sending.
pub async fn letters(world: &World) -> Vec<String> {
    let post = Post::of(&world.app.config).unwrap();
    while deliver_due(&world.app, &post).await.unwrap() > 0 {}
    let folder = world.app.config.data.join("mail");
    let mut paths: Vec<_> = std::fs::read_dir(folder).map(|entries| entries.map(|e| e.unwrap().path()).collect()).unwrap_or_default();
    paths.sort();
    paths.into_iter().map(|path| std::fs::read_to_string(path).unwrap()).collect()
}

/// The path and query of the link to a page in a letter.
pub fn link_in<'a>(letter: &'a str, path: &str) -> &'a str {
    let start = letter.find(&format!("http://localhost:3000{path}?token=")).unwrap_or_else(|| panic!("no link to {path} in {letter}"));
    letter[start + "http://localhost:3000".len()..].split_whitespace().next().unwrap()
}

#[tokio::test]
async fn an_invited_person_sets_a_password_enrols_and_signs_in_again() {
    let world = World::new().await;
    let customer = world.customer("Nordlicht").await;
    let (identity_id, _) = world.invite("Mira@Nordlicht.example ", &customer, Role::Owner).await;
    let letter = letters(&world).await.pop().unwrap();
    assert!(letter.contains("[Test] Your access to Kestrel billing") && letter.contains("Nordlicht"), "{letter}");
    let link = link_in(&letter, "/invitation").to_owned();

    let browser = world.visitor();
    // Mail scanners open links, too.
    for _ in 0..3 {
        assert_eq!(browser.get(&link).await.status, 200);
    }
    let token = link.split_once("token=").unwrap().1;
    let page = browser.post("/invitation", &[("token", token), ("password", "password")]).await;
    assert_eq!(page.status, 422);
    assert!(page.text.contains("tried first everywhere") && !page.text.contains("value=\"password\""), "{}", page.text);
    let page = browser.post("/invitation", &[("token", token), ("password", "nine gates at dawn")]).await;
    assert_eq!((page.status, page.location()), (303, "/invitation"));
    assert_eq!(world.visitor().get(&link).await.status, 410, "the link has done its work");

    let page = browser.get("/invitation").await;
    assert!(page.text.contains("class=\"qr\"") && page.text.contains("class=\"key\""), "{}", page.text);
    assert_eq!(browser.get("/account/security").await.status, 303, "a password alone opens nothing");
    let page = browser.post("/invitation", &[("code", "000000")]).await;
    assert_eq!(page.status, 422);
    let page = browser.post("/invitation", &[("code", &world.offered_code(&identity_id).await)]).await;
    assert_eq!(page.status, 200);
    let codes = codes_on(&page.text);
    assert_eq!(codes.len(), 10);
    assert!(codes.iter().all(|code| code.len() == 29 && code.split(' ').count() == 5), "{codes:?}");
    assert_eq!(browser.get("/account/security").await.status, 200);

    let page = browser.post("/sign-out", &[]).await;
    assert_eq!((page.status, page.location()), (303, "/sign-in"));
    assert!(page.header("clear-site-data").contains("cache"));
    assert_eq!(browser.get("/account/security").await.location(), "/sign-in?next=%2Faccount%2Fsecurity");

    world.wait(Duration::seconds(60));
    let page = browser.get("/sign-in?next=%2Faccount%2Fsecurity").await;
    let next = page.field("next").unwrap();
    let page = browser.post("/sign-in", &[("email", " MIRA@nordlicht.example"), ("password", "nine gates at dawn"), ("next", &next)]).await;
    assert_eq!((page.status, page.location()), (303, "/sign-in/code"));
    let code = people::demo_code(&world.app, &world.vendor, "mira@nordlicht.example").await.unwrap().unwrap();
    let spaced = format!("{} {}", &code[..3], &code[3..]);
    let page = browser.post("/sign-in/code", &[("code", &spaced)]).await;
    assert_eq!((page.status, page.location()), (303, "/account/security"));
    assert_eq!(browser.get("/account/security").await.status, 200);
}

#[tokio::test]
async fn of_fifty_posts_of_one_code_one_signs_in() {
    let world = World::new().await;
    let mira = mira(&world).await;
    // Fifty browsers that all know the password: fifty steps under way at once.
    let mut browsers = Vec::new();
    for _ in 0..50 {
        let browser = world.visitor();
        let page = browser.post("/sign-in", &[("email", &mira.email), ("password", &mira.password)]).await;
        assert_eq!(page.status, 303);
        browsers.push(browser);
    }
    let code = world.code(&mira).await;
    let tasks: Vec<_> = browsers
        .into_iter()
        .map(|browser| {
            let code = code.clone();
            tokio::spawn(async move { browser.post("/sign-in/code", &[("code", &code)]).await.status })
        })
        .collect();
    let mut statuses = Vec::new();
    for task in tasks {
        statuses.push(task.await.unwrap());
    }
    assert_eq!(statuses.iter().filter(|status| **status == 303).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| [303, 422, 429].contains(status)), "{statuses:?}");
    // Fifty posts of one browser's one step, too.
    let browser = world.visitor();
    browser.post("/sign-in", &[("email", &mira.email), ("password", &mira.password)]).await;
    world.wait(Duration::hours(1));
    let browser = world.visitor();
    browser.post("/sign-in", &[("email", &mira.email), ("password", &mira.password)]).await;
    let code = world.code(&mira).await;
    let tasks: Vec<_> = (0..50)
        .map(|_| {
            let (browser, code) = (browser.clone(), code.clone());
            tokio::spawn(async move { browser.post("/sign-in/code", &[("code", &code)]).await })
        })
        .collect();
    let mut sessions = 0;
    for task in tasks {
        let answer = task.await.unwrap();
        sessions += usize::from(cookies_set(&answer).iter().any(|cookie| cookie.starts_with("__Host-portico=") && !cookie.starts_with("__Host-portico=;")));
    }
    assert_eq!(sessions, 1);
}

#[tokio::test]
async fn a_code_works_once_and_a_recovery_code_instead_of_it_once() {
    let world = World::new().await;
    let mira = mira(&world).await;
    let code = world.code(&mira).await;
    let first = world.visitor();
    first.post("/sign-in", &[("email", &mira.email), ("password", &mira.password)]).await;
    assert_eq!(first.post("/sign-in/code", &[("code", &code)]).await.status, 303);
    let second = world.visitor();
    second.post("/sign-in", &[("email", &mira.email), ("password", &mira.password)]).await;
    let page = second.post("/sign-in/code", &[("code", &code)]).await;
    assert_eq!(page.status, 422);
    assert!(page.text.contains("used before") && page.text.contains("aria-invalid"), "{}", page.text);
    let page = second.post("/sign-in/code", &[("code", &mira.recovery_codes[0].replace(' ', "-"))]).await;
    assert_eq!(page.status, 303, "{}", page.text);
    let third = world.visitor();
    third.post("/sign-in", &[("email", &mira.email), ("password", &mira.password)]).await;
    assert_eq!(third.post("/sign-in/code", &[("code", &mira.recovery_codes[0])]).await.status, 422);
    assert!(second.get("/account/security").await.text.contains("9 left"));
    assert!(letters(&world).await.iter().any(|letter| letter.contains("A recovery code for Kestrel billing was used")));
    for nonsense in ["", "abc", "12345", "1234567", "१२३४५६"] {
        assert_eq!(third.post("/sign-in/code", &[("code", nonsense)]).await.status, 422, "{nonsense}");
    }
}

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

#[tokio::test]
async fn a_reset_link_sets_a_password_once_and_never_passes_the_second_factor() {
    let world = World::new().await;
    let mira = mira(&world).await;
    world.visitor().post("/forgot-password", &[("email", &mira.email)]).await;
    let letter = letters(&world).await.into_iter().find(|letter| letter.contains("/reset-password")).unwrap();
    let link = link_in(&letter, "/reset-password").to_owned();
    let token = link.split_once("token=").unwrap().1.to_owned();
    let browser = world.visitor();
    for _ in 0..2 {
        assert_eq!(browser.get(&link).await.status, 200);
    }
    assert_eq!(browser.post("/reset-password", &[("token", &token), ("password", "short")]).await.status, 422);
    let page = browser.post("/reset-password", &[("token", &token), ("password", "ten gates at dusk")]).await;
    assert_eq!((page.status, page.location()), (303, "/sign-in/code"));
    assert_eq!(browser.get("/account/security").await.status, 303, "not signed in by it");
    assert_eq!(mira.browser.get("/account/security").await.status, 303, "her sessions have ended");
    assert_eq!(browser.post("/reset-password", &[("token", &token), ("password", "once more at noon")]).await.status, 410);
    let page = browser.post("/sign-in/code", &[("code", &world.code(&mira).await)]).await;
    assert_eq!(page.status, 303);
    assert_eq!(browser.get("/account/security").await.status, 200);
    assert!(letters(&world).await.iter().any(|letter| letter.contains("Your password for Kestrel billing was changed")));
    let page = world.visitor().post("/sign-in", &[("email", &mira.email), ("password", &mira.password)]).await;
    assert_eq!(page.status, 422, "the old password is gone");

    world.visitor().post("/forgot-password", &[("email", &mira.email)]).await;
    let letter = letters(&world).await.into_iter().rfind(|letter| letter.contains("/reset-password")).unwrap();
    let late = link_in(&letter, "/reset-password").to_owned();
    world.wait(Duration::minutes(61));
    assert_eq!(world.visitor().get(&late).await.status, 410);
}

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
async fn a_wrong_code_changes_nothing_and_a_code_of_another_time_is_wrong() {
    let world = World::new().await;
    let mira = mira(&world).await;
    world.wait(Duration::minutes(6));
    let session = mira.browser.cookie(SESSION);
    let early = world.code(&mira).await;
    world.wait(Duration::minutes(2));
    for code in ["000000", &early, "12 34", "x"] {
        let page = mira.browser.post("/account/security/recovery-codes", &[("code", code)]).await;
        assert_eq!(page.status, 422, "{code}");
        assert!(page.text.contains("id=\"code-error\"") && page.text.contains("<title>Error: "), "{}", page.text);
    }
    assert_eq!(mira.browser.cookie(SESSION), session);
    assert!(mira.browser.get("/account/security").await.text.contains("10 left"));
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
async fn the_database_holds_no_seed_token_or_code_in_clear() {
    let world = World::new().await;
    let customer = world.customer("Nordlicht").await;
    let (identity_id, token) = world.invite("mira@nordlicht.example", &customer, Role::Owner).await;
    let token = token.unwrap();
    let browser = world.visitor();
    browser.post("/invitation", &[("token", &token), ("password", "nine gates at dawn")]).await;
    let page = browser.get("/invitation").await;
    let key = page.text.split("class=\"key\">").nth(1).unwrap().split('<').next().unwrap().replace(' ', "");
    assert_eq!(key.len(), 32);
    let step = browser.cookie(STEP).unwrap();
    let page = browser.post("/invitation", &[("code", &world.offered_code(&identity_id).await)]).await;
    let mut secrets = vec![token, key, step, "nine gates at dawn".to_owned(), browser.cookie(SESSION).unwrap(), browser.cookie(DEVICE).unwrap()];
    secrets.extend(codes_on(&page.text).iter().map(|code| code.replace(' ', "")));
    world.visitor().post("/forgot-password", &[("email", "mira@nordlicht.example")]).await;
    let mut tx = world.app.db.read().await.unwrap();
    let mut all = String::new();
    macro_rules! dump {
        ($($sql:literal),*) => { $(
            let rows: Vec<(String,)> = tx.all($sql, ()).await.unwrap();
            assert!(!rows.is_empty(), "{}", $sql);
            all.extend(rows.into_iter().map(|(text,)| text + "\n"));
        )* };
    }
    dump!(
        "SELECT COALESCE(password_hash, '') || ' ' || COALESCE(totp_secret, '') || ' ' || COALESCE(totp_pending, '') FROM identities",
        "SELECT id || token_hash || user_agent FROM sessions",
        "SELECT id || token_hash FROM devices",
        "SELECT id || token_hash FROM links",
        "SELECT code_hash FROM recovery_codes",
        "SELECT data FROM events",
        "SELECT payload FROM outbox"
    );
    assert!(all.contains("$argon2id$"));
    for secret in secrets {
        assert!(!all.contains(&secret), "{secret} stands in the database");
    }
}

fn cookies_set(answer: &Answer) -> Vec<String> {
    answer.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap().to_owned()).collect()
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

#[tokio::test]
async fn a_new_device_is_told_of_and_a_known_one_is_not() {
    let world = World::new().await;
    let mira = mira(&world).await;
    let told = async || letters(&world).await.iter().filter(|letter| letter.contains("New sign-in to Kestrel billing")).count();
    assert_eq!(told().await, 0, "enrolling is no news");
    mira.browser.post("/sign-out", &[]).await;
    world.sign_in_on(&mira.browser, &mira).await;
    assert_eq!(told().await, 0);
    world.sign_in(&mira).await;
    assert_eq!(told().await, 1);
}

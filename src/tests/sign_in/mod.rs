//! Signing in: invitation, password, code, and the links that help. What keeps others out is in [`guesses`], what staying in means in
//! [`sessions`].

mod guesses;
mod sessions;

use chrono::Duration;
use portico::identity::people;
use portico::platform::post::Post;
use portico::services::customers::Role;
use portico::worker::deliver::deliver_due;

use crate::people::{Person, codes_on};
use crate::world::{Answer, World};

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

fn cookies_set(answer: &Answer) -> Vec<String> {
    answer.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap().to_owned()).collect()
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

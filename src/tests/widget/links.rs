//! Portal sessions: a link of the vendor's program opens the portal once, to look.

use chrono::Duration;
use portico::identity::cookies::SESSION;
use portico::worker::purge::purge;
use serde_json::json;

use super::Site;
use crate::addresses::{events, every};
use crate::api::text;
use crate::nordlicht::Nordlicht;
use crate::world::{Persona, World};

async fn stand() -> (Nordlicht, Site) {
    let at = Nordlicht::past_due().await;
    let site = Site::new(&at.world, &at.id, &at.mira).await;
    (at, site)
}

/// The path of a fresh link, and its token.
async fn link(site: &Site) -> (String, String) {
    let made = site.program.post("/portal-sessions", json!({ "customer_id": site.customer, "member_id": site.member })).await.ok();
    let url = text(&made, "url");
    let path = url.strip_prefix("http://localhost:3000").unwrap().to_owned();
    let token = path.split_once("token=").unwrap().1.to_owned();
    (path, token)
}

async fn opened(world: &World, site: &Site) -> Persona {
    let (path, token) = link(site).await;
    let browser = world.visitor();
    assert_eq!(browser.get(&path).await.field("token").as_ref(), Some(&token));
    let answer = browser.post("/portal-session", &[("token", &token)]).await;
    assert_eq!((answer.status, answer.location()), (303, "/"), "{}", answer.text);
    browser
}

#[tokio::test]
async fn looking_spends_nothing_and_the_button_works_once() {
    let (at, site) = stand().await;
    let (path, token) = link(&site).await;
    let scanner = at.world.visitor();
    for _ in 0..3 {
        let page = scanner.get(&path).await;
        assert!(page.status == 200 && page.text.contains("mira@nordlicht.example") && scanner.cookie(SESSION).is_none(), "{}", page.text);
    }
    let browser = at.world.visitor();
    assert_eq!(browser.post("/portal-session", &[("token", &token)]).await.status, 303);
    assert!(browser.get("/").await.text.contains("Nordlicht"));
    let late = at.world.visitor();
    assert_eq!(late.post("/portal-session", &[("token", &token)]).await.status, 410);
    assert_eq!(late.get(&path).await.status, 410);
    assert_eq!(late.get("/").await.status, 303, "nobody was let in");
}

#[tokio::test]
async fn after_an_hour_or_for_who_has_left_it_opens_nothing() {
    let (at, site) = stand().await;
    let (_, late) = link(&site).await;
    at.world.wait(Duration::minutes(61));
    assert_eq!(at.world.visitor().post("/portal-session", &[("token", &late)]).await.status, 410);
    let browser = opened(&at.world, &site).await;
    let (_, token) = link(&site).await;
    let mut desk = at.desk().await;
    desk.tx.run("DELETE FROM members WHERE vendor_id = $1 AND identity_id = $2", (at.world.vendor.id.clone(), at.mira.identity_id.clone())).await.unwrap();
    desk.commit().await.unwrap();
    assert_eq!(at.world.visitor().post("/portal-session", &[("token", &token)]).await.status, 410);
    assert_eq!(browser.get("/").await.status, 303);
    purge(&at.world.app).await.unwrap();
    let mut tx = at.world.app.db.read().await.unwrap();
    assert_eq!(tx.one::<(i64,)>("SELECT COUNT(*) FROM portal_sessions", ()).await.unwrap().0, 1, "the one that still could");
}

#[tokio::test]
async fn what_it_opens_looks_and_asks_for_a_code_before_it_does_anything() {
    let (at, site) = stand().await;
    let browser = opened(&at.world, &site).await;
    for path in ["/", "/usage", "/invoices", "/invoices/2026-0002", "/plan", "/payment-methods", "/account"] {
        assert_eq!(browser.get(path).await.status, 200, "{path}");
    }
    let before = at.taken();
    let page = browser.get("/plan/change?seats=3").await;
    assert!(page.text.contains("You came by a link"), "{}", page.text);
    let refused = browser.post("/invoices/2026-0002/pay", &[]).await;
    assert!(refused.status == 422 && refused.text.contains("name=\"code\""), "{}", refused.text);
    for path in ["/account", "/account/display", "/switch", "/account/security/sessions/end-others"] {
        let answer = browser.post(path, &[]).await;
        assert!(answer.status == 403 && answer.text.contains("Sign in to do this"), "{path}: {}", answer.status);
    }
    assert_eq!(at.taken(), before);
    // A code approves what it was given for, and leaves nothing behind.
    let token = browser.cookie(SESSION);
    let paid = browser.post("/invoices/2026-0002/pay", &[("due_minor", "4700"), ("code", &at.world.code(&at.mira).await)]).await;
    assert_eq!(paid.status, 303, "{}", paid.text);
    assert_eq!(at.taken().len(), before.len() + 1);
    assert_eq!(browser.cookie(SESSION), token);
    assert!(browser.get("/plan/change?seats=3").await.text.contains("You came by a link"), "the next thing asks for another");
    assert_eq!(browser.post("/switch", &[("customer", &at.id)]).await.status, 403);
    // Signing in is what makes a session like any other, which such a session does not stand in the way of.
    let browser = opened(&at.world, &site).await;
    assert_eq!(browser.get("/sign-in").await.status, 200);
    at.world.sign_in_on(&browser, &at.mira).await;
    assert_eq!(browser.get("/sign-in").await.status, 303);
}

/// Who has the vendor's key could make links, and might phish one code: neither may end in a sign-in that is theirs.
#[tokio::test]
async fn credentials_open_to_no_link_whatever_code_it_brings() {
    let (at, site) = stand().await;
    let browser = opened(&at.world, &site).await;
    let code = at.world.code(&at.mira).await;
    assert_eq!(browser.post("/invoices/2026-0002/pay", &[("due_minor", "4700"), ("code", &code)]).await.status, 303);
    let before = events(&at.world).await;
    for address in every(&at.world).await.iter().filter(|address| address.path.starts_with("/account/security")) {
        if address.gets {
            let answer = browser.get(address.path).await;
            assert!(answer.status == 403 && answer.text.contains("Sign in to do this"), "GET {}: {}", address.path, answer.status);
        }
        if address.posts {
            let answer = browser.post(address.path, &[("code", &at.world.code(&at.mira).await)]).await;
            assert_eq!(answer.status, 403, "POST {}", address.path);
        }
    }
    assert_eq!(events(&at.world).await, before);
}

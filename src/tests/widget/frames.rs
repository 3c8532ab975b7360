//! What opens in a frame and for whom: sessions kept apart by how they travel, scopes at every address, and who may hold a page.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::Method;
use chrono::Duration;
use portico::identity::cookies;
use portico::portal;
use portico::portal::framed::InFrame;
use portico::services::embed_sessions::Scope;
use serde_json::Value;

use super::{ALL, ORIGIN, Site, exchange, unlist_origin};
use crate::addresses::{events, every, filled};
use crate::api::text;
use crate::nordlicht::Nordlicht;
use crate::world::Persona;

async fn stand() -> (Nordlicht, Site) {
    let at = Nordlicht::new().await;
    at.sign_in().await;
    let site = Site::new(&at.world, &at.id, &at.mira).await;
    (at, site)
}

/// What may hold the page.
fn holders(answer: &crate::world::Answer) -> String {
    let policy = answer.header("content-security-policy");
    policy.split("frame-ancestors ").nth(1).unwrap().split(';').next().unwrap().to_owned()
}

#[tokio::test]
async fn the_portals_own_session_never_answers_in_a_frame_nor_a_frames_by_itself() {
    let (at, site) = stand().await;
    // One browser with both: the portal in a tab, and a frame.
    let tab = at.browser().clone();
    let frame = tab.in_frame();
    assert_eq!(tab.get("/").await.status, 200);
    assert_eq!(frame.get("/").await.status, 401, "the tab's session is none in a frame");
    assert_eq!(exchange(&frame, &site.token(&["usage:read"]).await, ORIGIN, &[]).await.status, 200);
    assert_eq!(frame.get("/usage").await.status, 200);
    let lax = tab.cookie(cookies::SESSION).unwrap();
    frame.post("/sign-out", &[]).await;
    assert_eq!(frame.get("/usage").await.status, 401);
    assert_eq!((tab.get("/usage").await.status, tab.cookie(cookies::SESSION).unwrap()), (200, lax), "the tab stays signed in");
    // A frame's cookie brought as the portal's own, and the other way round.
    let frame = site.frame(&at.world, &ALL).await;
    let token = frame.cookie(cookies::EMBED).unwrap();
    let thief = at.world.visitor();
    thief.set_cookie(cookies::SESSION, &token);
    thief.set_cookie(cookies::EMBED, &token);
    assert_eq!(thief.get("/").await.status, 303);
    let request = thief.request(Method::GET, "/").header("authorization", format!("Bearer {token}"));
    assert_eq!(thief.send(request.body(Body::empty()).unwrap()).await.status, 401);
    thief.set_cookie(cookies::EMBED, &tab.cookie(cookies::SESSION).unwrap());
    assert_eq!(thief.in_frame().get("/").await.status, 401);
}

#[tokio::test]
async fn only_the_page_it_was_opened_in_may_hold_it() {
    let (at, site) = stand().await;
    super::list_origin(&at.world, "https://other.kestrel.example").await;
    let frame = site.frame(&at.world, &ALL).await;
    assert_eq!(holders(&frame.get("/").await), ORIGIN);
    assert_eq!(holders(&frame.get("/plan/change").await), ORIGIN);
    let listed = format!("{ORIGIN} https://other.kestrel.example");
    assert_eq!(holders(&at.world.visitor().in_frame().get("/embed").await), listed, "nobody's data, nobody's session");
    assert_eq!(holders(&frame.get("/invoices/2026-9999").await), ORIGIN);
    assert_eq!(holders(&at.browser().get("/").await), "'none'");
    assert_eq!(holders(&at.world.visitor().get("/sign-in").await), "'none'");
    let document = at.world.visitor().in_frame().get("/embed").await;
    assert!(!document.text.contains("Nordlicht") && document.headers.get("set-cookie").is_none());
    assert_eq!(holders(&at.world.visitor().request_document("/embed").await), "'none'", "by itself it shows nothing and is held by nobody");
}

#[tokio::test]
async fn an_origin_taken_off_the_list_is_shut_out_at_once() {
    let (at, site) = stand().await;
    let frame = site.frame(&at.world, &ALL).await;
    assert_eq!(frame.get("/").await.status, 200);
    unlist_origin(&at.world, ORIGIN).await;
    let answer = frame.get("/").await;
    assert_eq!((answer.status, holders(&answer).as_str()), (401, "'none'"));
    assert!(!answer.text.contains("Nordlicht"));
    super::list_origin(&at.world, ORIGIN).await;
    assert_eq!(frame.get("/").await.status, 200);
}

#[tokio::test]
async fn a_frame_ends_by_itself_after_fifteen_minutes_without_use_and_sixty_at_most() {
    let (at, site) = stand().await;
    let idle = site.frame(&at.world, &ALL).await;
    let used = site.frame(&at.world, &ALL).await;
    for _ in 0..4 {
        at.world.wait(Duration::minutes(14));
        assert_eq!(used.get("/usage").await.status, 200);
    }
    assert_eq!(idle.get("/usage").await.status, 401);
    at.world.wait(Duration::minutes(5));
    assert_eq!(used.get("/usage").await.status, 401, "61 minutes");
}

#[tokio::test]
async fn who_does_not_belong_to_the_customer_any_more_sees_nothing() {
    let (at, site) = stand().await;
    let frame = site.frame(&at.world, &ALL).await;
    let mut desk = at.desk().await;
    desk.tx.run("DELETE FROM members WHERE vendor_id = $1 AND identity_id = $2", (at.world.vendor.id.clone(), at.mira.identity_id.clone())).await.unwrap();
    desk.commit().await.unwrap();
    let answer = frame.get("/").await;
    assert!(answer.status == 401 && !answer.text.contains("Nordlicht"), "{}", answer.text);
}

/// Every address of the portal, with every set of scopes: it opens where the table says so, and says why it does not where not.
#[tokio::test]
async fn an_address_opens_for_its_scopes_and_no_others() {
    let (at, site) = stand().await;
    let mut frames: Vec<(BTreeSet<&str>, Persona)> = Vec::new();
    for taken in 1..16_u32 {
        let scopes: Vec<&str> = ALL.into_iter().enumerate().filter(|(place, _)| taken & (1 << place) != 0).map(|(_, scope)| scope).collect();
        frames.push((scopes.iter().copied().collect(), site.frame(&at.world, &scopes).await));
        at.world.wait(Duration::seconds(1));
    }
    let before = events(&at.world).await;
    let addresses = every(&at.world).await;
    let mut opened = 0;
    for (route, address) in portal::routes().into_iter().zip(addresses) {
        let wanted = match route.in_frame {
            InFrame::Never => None,
            InFrame::Reads(scopes) | InFrame::Acts(scopes) => Some(scopes.iter().map(|scope: &Scope| scope.name()).collect::<BTreeSet<_>>()),
        };
        let path = filled(route.path, "x");
        for (scopes, frame) in &frames {
            let is_let = wanted.as_ref().is_some_and(|wanted| wanted.is_subset(scopes));
            if address.gets {
                let answer = frame.get(&path).await;
                let is_shut = answer.status == 403 && answer.text.contains("target=\"_blank\"");
                assert_eq!(!is_shut, is_let, "GET {path} with {scopes:?}: {}", answer.status);
                opened += u32::from(is_let);
            }
            if address.posts && !is_let {
                let answer = frame.post(&path, &[]).await;
                assert_eq!(answer.status, 403, "POST {path} with {scopes:?}");
            }
        }
    }
    assert!(opened > 40, "the table was not found");
    // Every room that a frame names opens, and every room that opens is named.
    for (scopes, frame) in &frames {
        let rooms = ["/", "/usage", "/invoices", "/plan", "/payment-methods"];
        let mut open = Vec::new();
        for room in rooms {
            let page = frame.get(room).await;
            if page.status == 200 {
                open.push((room, page.text));
            }
        }
        for (here, page) in &open {
            let nav = page.split("<nav").nth(1).unwrap().split("</nav>").next().unwrap();
            let named: Vec<&str> = rooms.into_iter().filter(|room| nav.contains(&format!("href=\"{room}\""))).collect();
            assert_eq!(named, open.iter().map(|(room, _)| *room).collect::<Vec<_>>(), "{here} with {scopes:?}");
        }
    }
    assert_eq!(events(&at.world).await, before);
}

#[tokio::test]
async fn the_customer_is_fixed_and_credentials_are_out_of_reach() {
    let (at, site) = stand().await;
    let frame = site.frame(&at.world, &ALL).await;
    for path in ["/switch", "/account", "/account/security", "/account/security/password", "/account/security/authenticator", "/sign-in", "/invitation"] {
        let answer = frame.get(path).await;
        assert_eq!(answer.status, 403, "{path}");
        assert!(answer.text.contains(&format!("href=\"{path}\" target=\"_blank\" rel=\"noopener\"")), "{path}: {}", answer.text);
    }
    let page = frame.get("/").await;
    assert!(!page.text.contains("class=\"rail\"") && !page.text.contains("/account"), "the host's page is the shell");
}

#[tokio::test]
async fn without_any_cookie_a_frame_reads_and_says_why_it_does_nothing_else() {
    let (at, site) = stand().await;
    let frame = at.world.visitor().in_frame();
    let answer = exchange(&frame, &site.token(&ALL).await, ORIGIN, &[("memory", "1")]).await;
    let opened: Value = serde_json::from_str(&answer.text).unwrap();
    assert!(answer.headers.get("set-cookie").is_none());
    assert_eq!(opened["seconds"], 600);
    let bearer = text(&opened, "bearer");
    let ask = async |method: Method, path: &str| {
        let request = at.world.visitor().request(method, path).header("authorization", format!("Bearer {bearer}")).header("portico-frame", "1");
        at.world.visitor().send(request.header("sec-fetch-site", "same-origin").body(Body::empty()).unwrap()).await
    };
    for path in ["/", "/usage", "/usage.csv", "/invoices", "/invoices/2026-0001", "/invoices/2026-0001.pdf", "/plan", "/payment-methods"] {
        assert_eq!(ask(Method::GET, path).await.status, 200, "{path}");
    }
    for (method, path) in [
        (Method::GET, "/plan/change"),
        (Method::POST, "/plan/change"),
        (Method::GET, "/plan/cancel"),
        (Method::POST, "/payment-methods"),
        (Method::GET, "/payment-methods/add"),
        (Method::GET, "/invoices/2026-0001/pay"),
    ] {
        let answer = ask(method.clone(), path).await;
        assert!(answer.status == 403 && answer.text.contains("keeps no cookies") && answer.text.contains("target=\"_blank\""), "{method} {path}");
    }
    at.world.wait(Duration::minutes(11));
    assert_eq!(ask(Method::GET, "/usage").await.status, 401);
}

#[tokio::test]
async fn a_page_without_script_hands_over_by_a_form() {
    let (at, site) = stand().await;
    let hand_over = async |origin: Option<&str>, token: &str, more: &str| {
        let frame = at.world.visitor().in_frame();
        let mut request = frame.request(Method::POST, "/embed/handoff").header("content-type", "application/x-www-form-urlencoded");
        request = request.header("sec-fetch-site", "cross-site");
        if let Some(origin) = origin {
            request = request.header("origin", origin);
        }
        let answer = frame.send(request.body(Body::from(format!("token={token}{more}"))).unwrap()).await;
        (frame, answer)
    };
    let token = site.token(&ALL).await;
    for origin in [None, Some("null"), Some("https://evil.example")] {
        let (frame, answer) = hand_over(origin, &token, "").await;
        assert_eq!((answer.status, holders(&answer).as_str(), frame.get("/").await.status), (401, ORIGIN, 401), "{origin:?}");
    }
    let (frame, answer) = hand_over(Some(ORIGIN), &token, "&page=usage").await;
    assert_eq!((answer.status, answer.location()), (303, "/usage"));
    let page = frame.get("/usage").await;
    assert!(page.status == 200 && !page.text.contains("class=\"rooms\""), "one page, without a way to others");
    assert_eq!(hand_over(Some(ORIGIN), &token, "").await.1.status, 401, "once");
}

#[tokio::test]
async fn a_frame_has_the_look_that_was_asked_for_as_far_as_it_can_be_read_and_no_style_of_the_hosts() {
    let (at, site) = stand().await;
    let make = async |theme: Value| {
        let new =
            serde_json::json!({ "customer_id": site.customer, "member_id": site.member, "origin": ORIGIN, "scopes": ALL, "theme": theme, "locale": "en" });
        site.program.post("/embed-sessions", new).await
    };
    for (theme, place) in [
        (serde_json::json!({ "accent": "red" }), "/theme/accent"),
        (serde_json::json!({ "ink": "#000000;}*{display:none" }), "/theme/ink"),
        (serde_json::json!({ "css": "*{display:none}" }), "/theme/css"),
        (serde_json::json!({ "radius": 25 }), "/theme/radius"),
        (serde_json::json!({ "text_size": 200 }), "/theme/text_size"),
        (serde_json::json!({ "face": "Comic Sans" }), "/theme/face"),
    ] {
        assert_eq!(make(theme.clone()).await.problem(), (422, "fields", place), "{theme}");
    }
    let token = text(&make(serde_json::json!({ "ground": "#101418", "ink": "#101418", "radius": 12 })).await.ok(), "token");
    let frame = at.world.visitor().in_frame();
    assert_eq!(exchange(&frame, &token, ORIGIN, &[]).await.status, 200);
    for path in ["/", "/invoices/2026-9999", "/account"] {
        let page = frame.get(path).await;
        let style = page.text.split("<style nonce=").nth(1).unwrap().split("</style>").next().unwrap().to_owned();
        assert!(style.contains("--radius:12px") && style.contains("--ground:#101418") && !style.contains("--ink:#101418"), "{path}: {style}");
        assert_eq!(holders(&page), ORIGIN, "{path}");
    }
}

#[tokio::test]
async fn the_customer_reads_in_their_log_where_billing_was_opened_and_nothing_of_the_vendors() {
    let (at, site) = stand().await;
    site.frame(&at.world, &ALL).await;
    let page = at.browser().get("/account/activity").await;
    assert!(page.text.contains(&format!("Billing was opened inside {ORIGIN}")), "{}", page.text);
    assert!(!page.text.contains("Something was noted"), "{}", page.text);
}

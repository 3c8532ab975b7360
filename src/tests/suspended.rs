//! A customer whose access the vendor's program has suspended: every door is shut for its members, and says so; nothing of it is shown
//! anywhere, and billing goes on.

use portico::identity::cookies::SESSION;
use portico::portal::routes::Entry;
use portico::services::customers::{self, Role};
use serde_json::{Value, json};

use crate::addresses::{events, every, filled};
use crate::api::text;
use crate::nordlicht::Nordlicht;
use crate::widget::{ALL, ORIGIN, Site, code, exchange};
use crate::world::Answer;

const SENTENCE: &str = "Access to billing is suspended. Write to billing@kestrel.example.";

async fn stand() -> (Nordlicht, Site) {
    let at = Nordlicht::new().await;
    at.sign_in().await;
    let site = Site::new(&at.world, &at.id, &at.mira).await;
    (at, site)
}

async fn suspend(site: &Site) -> Value {
    site.program.post(&format!("/customers/{}/suspend", site.customer), json!({})).await.ok()
}

async fn resume(site: &Site) -> Value {
    site.program.post(&format!("/customers/{}/resume", site.customer), json!({})).await.ok()
}

fn is_shut(answer: &Answer) -> bool {
    answer.status == 403 && answer.text.contains(SENTENCE) && !answer.text.contains("Nordlicht")
}

#[tokio::test]
async fn every_address_is_shut_until_access_is_resumed() {
    let (at, site) = stand().await;
    let frame = site.frame(&at.world, &ALL).await;
    suspend(&site).await;
    let before = events(&at.world).await;
    let mut tried = 0;
    for address in every(&at.world).await.iter().filter(|address| address.entry == Entry::Member) {
        let path = filled(address.path, "2026-0001");
        if address.gets {
            let answer = at.browser().get(&path).await;
            assert!(is_shut(&answer), "GET {path}: {} {}", answer.status, answer.text);
        }
        if address.posts {
            let answer = at.browser().post(&path, &[]).await;
            assert!(is_shut(&answer), "POST {path}: {} {}", answer.status, answer.text);
        }
        tried += 1;
    }
    assert!(tried > 30, "the table was not found");
    assert!(is_shut(&at.browser().get("/invoices/2026-0001.pdf").await));
    assert_eq!(events(&at.world).await, before);
    let shut = frame.get("/").await;
    assert!(is_shut(&shut) && shut.text.contains("data-trouble=\"customer_suspended\""), "{}", shut.text);
    assert!(shut.header("content-security-policy").contains(&format!("frame-ancestors {ORIGIN};")));
    // Signing in again leads to the same page; signing out is always possible.
    let browser = at.world.sign_in(&at.mira).await;
    assert!(is_shut(&browser.get("/").await));
    assert_eq!(browser.post("/sign-out", &[]).await.status, 303);
    resume(&site).await;
    assert_eq!((at.browser().get("/").await.status, frame.get("/").await.status), (200, 200));
}

#[tokio::test]
async fn who_belongs_to_another_customer_may_turn_to_it_and_not_back() {
    let (at, site) = stand().await;
    let other = at.world.customer("Suedwind").await;
    let mut desk = at.desk().await;
    customers::add_member(&mut desk, &other, &at.mira.identity_id, Role::Owner).await.unwrap();
    desk.commit().await.unwrap();
    suspend(&site).await;
    let shut = at.browser().get("/").await;
    assert!(is_shut(&shut) && shut.text.contains("Suedwind"), "{}", shut.text);
    assert!(is_shut(&at.browser().get("/switch").await));
    assert_eq!(at.browser().post("/switch", &[("customer", &shut.field("customer").unwrap())]).await.status, 303);
    let there = at.browser().get("/").await;
    assert!(there.status == 200 && there.text.contains("Suedwind") && !there.text.contains("Nordlicht"), "{}", there.text);
    assert_eq!(at.browser().post("/switch", &[("customer", &at.id)]).await.status, 404);
}

#[tokio::test]
async fn no_session_is_made_for_it_and_none_that_was_made_opens() {
    let (at, site) = stand().await;
    let token = site.token(&ALL).await;
    let link = json!({ "customer_id": site.customer, "member_id": site.member });
    let url = text(&site.program.post("/portal-sessions", link.clone()).await.ok(), "url");
    let path = url.strip_prefix("http://localhost:3000").unwrap();
    suspend(&site).await;
    let embed = json!({ "customer_id": site.customer, "member_id": site.member, "origin": ORIGIN, "scopes": ALL });
    for (noun, new) in [("/embed-sessions", embed), ("/portal-sessions", link)] {
        let refused = site.program.post(noun, new).await;
        assert_eq!(refused.problem(), (422, "fields", "/customer_id"), "{noun}");
    }
    let refused = exchange(&at.world.visitor().in_frame(), &token, ORIGIN, &[]).await;
    assert_eq!((refused.status, code(&refused).as_str()), (403, "customer_suspended"));
    assert!(refused.text.contains(SENTENCE));
    let visitor = at.world.visitor();
    let link_token = path.split_once("token=").unwrap().1;
    for answer in [visitor.get(path).await, visitor.post("/portal-session", &[("token", link_token)]).await] {
        assert!(is_shut(&answer), "{} {}", answer.status, answer.text);
    }
    assert!(visitor.cookie(SESSION).is_none());
    // Neither was spent by being tried.
    resume(&site).await;
    assert_eq!(exchange(&at.world.visitor().in_frame(), &token, ORIGIN, &[]).await.status, 200);
    assert_eq!(visitor.post("/portal-session", &[("token", link_token)]).await.status, 303);
}

#[tokio::test]
async fn the_vendor_reads_since_when_and_billing_goes_on() {
    let (at, site) = stand().await;
    assert_eq!(site.program.get(&format!("/customers/{}", site.customer)).await.ok()["suspended_at"], Value::Null);
    let first = text(&suspend(&site).await, "suspended_at");
    at.world.wait(chrono::Duration::minutes(1));
    assert_eq!(text(&suspend(&site).await, "suspended_at"), first, "twice is the same as once");
    assert_eq!(at.events("customer.suspended").await, 1);
    at.go_to("2026-04-01T02:00:00+02:00").await;
    assert_eq!(at.taken(), [4700, 4700]);
    assert_eq!(resume(&site).await["suspended_at"], Value::Null);
    resume(&site).await;
    assert_eq!(at.events("customer.resumed").await, 1);
}

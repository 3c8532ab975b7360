//! A token opens one frame, once, within a minute, for the page it was made for.

use chrono::Duration;
use futures_util::future::join_all;
use portico::identity::cookies;
use portico::platform::keys::fingerprint;
use portico::services::customers::Role;
use serde_json::{Value, json};

use super::{ALL, ORIGIN, Site, code, exchange, list_origin, unlist_origin};
use crate::api::text;
use crate::people::Person;
use crate::world::World;

async fn stand() -> (World, Person, Site) {
    let world = World::new().await;
    let customer = world.customer("Nordlicht").await;
    let mira = world.member("mira@nordlicht.example", &customer, Role::Owner).await;
    let site = Site::new(&world, &customer, &mira).await;
    (world, mira, site)
}

#[tokio::test]
async fn a_token_works_once() {
    let (world, _, site) = stand().await;
    let made = site.make(&ALL).await;
    let token = text(&made, "token");
    assert_eq!(token.len(), 43, "256 bits");
    assert_eq!(text(&made, "expires_at"), "2026-03-10T12:01:30Z", "a minute from when it was made, 30 s after the beginning");
    let frame = world.visitor().in_frame();
    let opened = exchange(&frame, &token, ORIGIN, &[]).await;
    assert_eq!(opened.status, 200, "{}", opened.text);
    let told: Value = serde_json::from_str(&opened.text).unwrap();
    assert_eq!((told["path"].as_str(), told["seconds"].as_i64(), told["bearer"].is_null()), (Some("/"), Some(900), true));
    assert_eq!(frame.get("/").await.status, 200);
    let other = world.visitor().in_frame();
    let again = exchange(&other, &token, ORIGIN, &[]).await;
    assert_eq!((again.status, code(&again).as_str()), (401, "token_spent"));
    assert!(other.cookie(cookies::EMBED).is_none());
    assert_eq!(other.get("/").await.status, 401);
}

#[tokio::test]
async fn after_a_minute_it_opens_nothing() {
    let (world, _, site) = stand().await;
    let (in_time, late) = (site.token(&ALL).await, site.token(&ALL).await);
    world.wait(Duration::seconds(59));
    assert_eq!(exchange(&world.visitor().in_frame(), &in_time, ORIGIN, &[]).await.status, 200);
    world.wait(Duration::seconds(2));
    let answer = exchange(&world.visitor().in_frame(), &late, ORIGIN, &[]).await;
    assert_eq!((answer.status, code(&answer).as_str()), (401, "token_late"));
}

#[tokio::test]
async fn another_page_or_another_vendor_gets_nothing_for_it() {
    let (mut world, _, site) = stand().await;
    list_origin(&world, "https://other.kestrel.example").await;
    let token = site.token(&ALL).await;
    for origin in ["https://other.kestrel.example", "https://evil.example", "null", ""] {
        let answer = exchange(&world.visitor().in_frame(), &token, origin, &[]).await;
        assert_eq!((answer.status, code(&answer).as_str()), (401, "origin_not_allowed"), "{origin}");
    }
    let kestrel = world.vendor.clone();
    world.vendor = world.add_vendor("Merlin", Some("billing.merlin.example")).await;
    list_origin(&world, ORIGIN).await;
    let answer = exchange(&world.visitor().in_frame(), &token, ORIGIN, &[]).await;
    assert_eq!((answer.status, code(&answer).as_str()), (401, "token_unknown"));
    world.vendor = kestrel;
    unlist_origin(&world, ORIGIN).await;
    let answer = exchange(&world.visitor().in_frame(), &token, ORIGIN, &[]).await;
    assert_eq!(code(&answer), "origin_not_allowed");
    list_origin(&world, ORIGIN).await;
    assert_eq!(exchange(&world.visitor().in_frame(), &token, ORIGIN, &[]).await.status, 200, "nothing of that spent it");
}

#[tokio::test]
async fn of_fifty_who_bring_it_at_once_one_comes_in() {
    let (world, _, site) = stand().await;
    let token = site.token(&ALL).await;
    let answers = join_all((0..50).map(|_| {
        let (frame, token) = (world.visitor().in_frame(), token.clone());
        async move { exchange(&frame, &token, ORIGIN, &[]).await.status }
    }))
    .await;
    assert_eq!(answers.iter().filter(|status| **status == 200).count(), 1, "{answers:?}");
    assert!(answers.iter().all(|status| [200, 401].contains(status)), "{answers:?}");
}

#[tokio::test]
async fn a_token_is_made_for_a_listed_page_and_a_member_of_the_customer() {
    let (world, _, site) = stand().await;
    let other = world.customer("Suedwind").await;
    let new =
        |customer: &str, member: &str, origin: &str, scopes: Value| json!({ "customer_id": customer, "member_id": member, "origin": origin, "scopes": scopes });
    for (body, wrong) in [
        (new(&site.customer, &site.member, "https://evil.example", json!(["usage:read"])), "/origin"),
        (new(&other, &site.member, ORIGIN, json!(["usage:read"])), "/member_id"),
        (new(&site.customer, "mem_x", ORIGIN, json!(["usage:read"])), "/member_id"),
        (new(&site.customer, &site.member, ORIGIN, json!([])), "/scopes"),
        (new(&site.customer, &site.member, ORIGIN, json!(["usage:write"])), "/scopes/0"),
    ] {
        assert_eq!(site.program.post("/embed-sessions", body.clone()).await.problem(), (422, "fields", wrong), "{body}");
    }
}

#[tokio::test]
async fn the_vendor_ends_it_and_so_does_who_holds_its_key() {
    let (world, _, site) = stand().await;
    let status = async |id: &str| text(&site.program.get(&format!("/embed-sessions/{id}")).await.ok(), "status");
    // Before it was opened.
    let made = site.make(&ALL).await;
    let id = text(&made, "id");
    assert_eq!(status(&id).await, "waiting");
    assert_eq!(text(&site.program.delete(&format!("/embed-sessions/{id}")).await.ok(), "status"), "ended");
    let answer = exchange(&world.visitor().in_frame(), &text(&made, "token"), ORIGIN, &[]).await;
    assert_eq!(answer.status, 401);
    // While it is open.
    let made = site.make(&ALL).await;
    let (id, frame) = (text(&made, "id"), world.visitor().in_frame());
    exchange(&frame, &text(&made, "token"), ORIGIN, &[("end_hash", &fingerprint("the first"))]).await;
    assert_eq!((status(&id).await.as_str(), frame.get("/").await.status), ("open", 200));
    site.program.delete(&format!("/embed-sessions/{id}")).await.ok();
    assert_eq!((status(&id).await.as_str(), frame.get("/").await.status), ("ended", 401));
    assert_eq!(text(&site.program.delete(&format!("/embed-sessions/{id}")).await.ok(), "status"), "ended", "twice is as good as once");
    // A key ends its own frame and no other.
    let (one, other) = (site.frame(&world, &ALL).await, world.visitor().in_frame());
    exchange(&other, &site.token(&ALL).await, ORIGIN, &[("end_hash", &fingerprint("the second"))]).await;
    // What is no fingerprint ends nothing, even where it was brought as one.
    let third = world.visitor().in_frame();
    exchange(&third, &site.token(&ALL).await, ORIGIN, &[("end_hash", "")]).await;
    for key in ["the first", "nonsense", &fingerprint("the second"), ""] {
        assert_eq!(world.visitor().post("/embed/end", &[("end_key", key)]).await.status, 204);
    }
    assert_eq!((one.get("/").await.status, other.get("/").await.status, third.get("/").await.status), (200, 200, 200));
    world.visitor().post("/embed/end", &[("end_key", "the second")]).await;
    assert_eq!((one.get("/").await.status, other.get("/").await.status), (200, 401));
}

#[tokio::test]
async fn neither_token_nor_keys_are_kept_in_the_open() {
    let (world, _, site) = stand().await;
    let token = site.token(&ALL).await;
    let frame = world.visitor().in_frame();
    exchange(&frame, &token, ORIGIN, &[]).await;
    let secrets = [token, frame.cookie(cookies::EMBED).unwrap()];
    let mut tx = world.app.db.read().await.unwrap();
    let sessions: Vec<(String, Option<String>)> = tx.all("SELECT token_hash, end_hash FROM embed_sessions", ()).await.unwrap();
    let events: Vec<(String, String)> = tx.all("SELECT subject_id, data FROM events", ()).await.unwrap();
    let answers: Vec<(Option<String>,)> = tx.all("SELECT answer FROM idempotent_requests", ()).await.unwrap();
    let kept = format!("{sessions:?} {events:?} {answers:?}");
    for secret in secrets {
        assert!(!kept.contains(&secret));
    }
}

/// Any site's visitors can be made to send these: on SQLite, where one writes at a time, garbage must neither wait for it nor be waited for.
#[tokio::test]
async fn garbage_is_refused_while_somebody_else_writes() {
    let (world, _, _) = stand().await;
    let writer = world.desk().await;
    for (path, field, status) in
        [("/embed/exchange", "token", 401), ("/embed/handoff", "token", 401), ("/embed/end", "end_key", 204), ("/portal-session", "token", 410)]
    {
        let visitor = world.visitor();
        let visitor = if path.starts_with("/embed") { visitor.in_frame() } else { visitor };
        let sent = tokio::time::timeout(std::time::Duration::from_secs(2), visitor.post(path, &[(field, "garbage")])).await;
        assert_eq!(sent.unwrap_or_else(|_| panic!("{path} waits for the writer")).status, status, "{path}");
    }
    drop(writer);
}

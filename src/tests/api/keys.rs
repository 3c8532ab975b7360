//! Who comes in: keys, their scopes, their ends, and the headers every answer has.

use axum::body::Body;
use axum::http::{Method, header};
use chrono::Duration;
use portico::api::{VERSION, router::routes};
use portico::services::api_keys;
use serde_json::json;

use super::customer;
use crate::world::World;

#[tokio::test]
async fn nobody_comes_in_without_a_key() {
    let world = World::new().await;
    let program = world.program("*").await;
    for route in routes() {
        let path = route.path.split_once('{').map_or(route.path.to_owned(), |(before, rest)| format!("{before}x{}", rest.split_once('}').unwrap().1));
        for given in [
            None,
            Some("Bearer"),
            Some("Bearer pk_test_"),
            Some("Bearer pk_test_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
            Some("Basic cGs6"),
            Some(program.key.as_str()),
        ] {
            let mut request = program.request(route.method.clone(), &path);
            request.headers_mut().unwrap().remove(header::AUTHORIZATION);
            if let Some(given) = given {
                request = request.header(header::AUTHORIZATION, given);
            }
            let reply = program.send(route.method.clone(), &path, request.body(Body::empty()).unwrap()).await;
            assert_eq!(reply.problem(), (401, "unauthenticated", ""), "{} {path} {given:?}", route.method);
            assert!(reply.answer.header("www-authenticate").starts_with("Bearer"));
        }
    }
    // An address that is none tells strangers nothing either; a key in the address is no key.
    assert_eq!(program.with_key("pk_test_x").get("/nothing").await.status(), 401);
    let request = axum::http::Request::builder().uri(format!("/api/v1/customers?key={}", program.key)).header(header::HOST, "localhost:3000");
    assert_eq!(program.send(Method::GET, "/customers", request.body(Body::empty()).unwrap()).await.status(), 401);
}

#[tokio::test]
async fn a_key_does_what_its_scopes_say_and_nothing_else() {
    let world = World::new().await;
    let all = world.program("*").await;
    for route in routes() {
        let path = route.path.split_once('{').map_or(route.path.to_owned(), |(before, rest)| format!("{before}x{}", rest.split_once('}').unwrap().1));
        let others: Vec<&str> = api_keys::Scope::ALL.into_iter().filter(|scope| *scope != route.scope).map(|scope| scope.name()).collect();
        for (scopes, is_let) in [(others.join(","), false), (route.scope.name().to_owned(), true)] {
            let program = world.program(&scopes).await;
            let request = program.request(route.method.clone(), &path).body(Body::empty()).unwrap();
            let reply = program.send(route.method.clone(), &path, request).await;
            assert_eq!(reply.status() != 403, is_let, "{} {path} with {scopes}: {}", route.method, reply.answer.text);
        }
    }
    assert_eq!(all.get("/customers").await.status(), 200);
}

#[tokio::test]
async fn a_key_is_shown_once_and_only_its_hash_is_kept() {
    let world = World::new().await;
    let program = world.program("*").await;
    assert!(program.key.starts_with("pk_test_") && program.key.len() == "pk_test_".len() + 43, "256 bits, and a sandbox's");
    let mut tx = world.app.db.read().await.unwrap();
    let kept: Vec<(String, String, String)> = tx.all("SELECT secret_hash, hint, name FROM api_keys", ()).await.unwrap();
    let events: Vec<(String,)> = tx.all("SELECT data FROM events", ()).await.unwrap();
    assert!(!format!("{kept:?} {events:?}").contains(&program.key["pk_test_".len()..]));
    assert_eq!(kept[0].0.len(), 64);
}

#[tokio::test]
async fn a_key_is_replaced_with_an_overlap_and_revoked_at_once() {
    let world = World::new().await;
    let old = world.program("customers:read").await;
    let mut desk = world.desk().await;
    let end = world.now() + Duration::hours(24);
    let made = api_keys::rotate(&mut desk, &old.key_id, end).await.unwrap();
    assert!(api_keys::rotate(&mut desk, &old.key_id, end).await.is_err(), "it is being replaced already");
    desk.commit().await.unwrap();
    let new = old.with_key(&made.secret);
    for program in [&old, &new] {
        assert_eq!(program.get("/customers").await.status(), 200);
    }
    world.wait(Duration::hours(24));
    assert_eq!(old.get("/customers").await.status(), 401);
    assert_eq!(new.get("/customers").await.status(), 200);
    assert_eq!(new.post("/customers", json!({})).await.problem().1, "scope-missing", "the new one may do what the old one might");
    let mut desk = world.desk().await;
    api_keys::revoke(&mut desk, &made.id).await.unwrap();
    desk.commit().await.unwrap();
    assert_eq!(new.get("/customers").await.status(), 401);
}

#[tokio::test]
async fn last_use_is_kept_once_a_minute() {
    let world = World::new().await;
    let program = world.program("*").await;
    let used = async || {
        let mut desk = world.desk().await;
        api_keys::list(&mut desk).await.unwrap()[0].last_used_at
    };
    assert_eq!(used().await, None);
    program.get("/customers").await.ok();
    let first = world.now();
    assert_eq!(used().await, Some(first));
    world.wait(Duration::seconds(59));
    program.get("/customers").await.ok();
    assert_eq!(used().await, Some(first));
    world.wait(Duration::seconds(1));
    program.get("/customers").await.ok();
    assert_eq!(used().await, Some(world.now()));
}

#[tokio::test]
async fn every_answer_says_its_version_and_what_is_left() {
    let world = World::new().await;
    let program = world.program("*").await;
    let reply = program.get("/customers").await;
    assert_eq!(reply.answer.header("portico-version"), VERSION);
    assert_eq!(reply.answer.header("ratelimit-policy"), "\"key\";q=300;w=60");
    assert_eq!(reply.answer.header("ratelimit"), "\"key\";r=299;t=60");
    for (version, status) in [(VERSION, 200), ("2020-01-01", 400), ("", 400)] {
        let request = program.request(Method::GET, "/customers").header("portico-version", version).body(Body::empty()).unwrap();
        assert_eq!(program.send(Method::GET, "/customers", request).await.status(), status, "{version}");
    }
}

#[tokio::test]
async fn who_calls_too_often_waits() {
    let world = World::new().await;
    let (program, other) = (world.program("customers:read").await, world.program("customers:read").await);
    // An address that is none counts like any other, and costs the test less.
    for _ in 0..World::API_CALLS_A_MINUTE {
        program.get("/x").await;
    }
    world.wait(Duration::seconds(20));
    let reply = program.get("/customers").await;
    assert_eq!(reply.problem(), (429, "rate-limited", ""));
    assert_eq!((reply.answer.header("retry-after"), reply.answer.header("ratelimit")), ("40", "\"key\";r=0;t=40"));
    assert_eq!(other.get("/customers").await.status(), 200);
    world.wait(Duration::seconds(40));
    assert_eq!(program.get("/customers").await.status(), 200);
}

#[tokio::test]
async fn neither_cookies_nor_origins_matter_here_and_the_portal_is_as_guarded_as_before() {
    let world = World::new().await;
    let program = world.program("*").await;
    let request = program.request(Method::POST, "/customers").header("idempotency-key", "k").header(header::CONTENT_TYPE, "application/json");
    let request = request.header("sec-fetch-site", "cross-site").header(header::ORIGIN, "https://vendor.example");
    let reply = program.send(Method::POST, "/customers", request.body(Body::from(r#"{"name":"Ada","country":"AT"}"#)).unwrap()).await;
    assert_eq!(reply.status(), 201, "the key is proof enough");
    let visitor = world.visitor();
    let request = visitor.request(Method::POST, "/sign-out").header("sec-fetch-site", "cross-site");
    assert_eq!(visitor.send(request.body(Body::empty()).unwrap()).await.status, 403);
    customer(&program, "Bert").await;
}

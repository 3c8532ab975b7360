//! Asked twice, done once, answered alike.

use axum::body::Body;
use axum::http::{Method, header};
use chrono::Duration;
use portico::api::router::routes;
use portico::services::idempotency::{self, Claimed};
use serde_json::{Value, json};

use super::{Program, customer};
use crate::world::World;

async fn customers(program: &Program) -> usize {
    program.get("/customers?limit=100").await.ok()["data"].as_array().unwrap().len()
}

fn ada() -> Value {
    json!({ "name": "Ada", "country": "AT" })
}

#[tokio::test]
async fn every_post_needs_a_key() {
    let world = World::new().await;
    let program = world.program("*").await;
    let long = "k".repeat(256);
    for route in routes().into_iter().filter(|route| route.method == Method::POST) {
        let path = route.path.split_once('{').map_or(route.path.to_owned(), |(before, rest)| format!("{before}x{}", rest.split_once('}').unwrap().1));
        for key in [None, Some(""), Some("two words"), Some(long.as_str())] {
            let mut request = program.request(Method::POST, &path).header(header::CONTENT_TYPE, "application/json");
            if let Some(key) = key {
                request = request.header("idempotency-key", key);
            }
            let reply = program.send(Method::POST, &path, request.body(Body::from("{}")).unwrap()).await;
            assert_eq!(reply.problem(), (400, "idempotency-key-missing", ""), "{path} {key:?}");
        }
    }
}

#[tokio::test]
async fn the_same_request_is_done_once_and_answered_alike_for_a_day() {
    let world = World::new().await;
    let program = world.program("*").await;
    let first = program.post_as("one", "/customers", ada()).await;
    assert_eq!((first.status(), first.answer.header("idempotency-replayed")), (201, ""));
    world.wait(Duration::hours(23));
    let again = program.post_as("one", "/customers", ada()).await;
    assert_eq!((again.status(), again.answer.header("idempotency-replayed")), (201, "true"));
    assert_eq!(again.answer.bytes, first.answer.bytes);
    assert_eq!(customers(&program).await, 1);
    // By another key of the same vendor, too: a key may be replaced between the two.
    let other = world.program("customers:write").await;
    assert_eq!(other.post_as("one", "/customers", ada()).await.answer.bytes, first.answer.bytes);
    world.wait(Duration::hours(1));
    assert_eq!(program.post_as("one", "/customers", ada()).await.answer.header("idempotency-replayed"), "");
    assert_eq!(customers(&program).await, 2);
}

#[tokio::test]
async fn a_key_stands_for_one_request() {
    let world = World::new().await;
    let program = world.program("*").await;
    program.post_as("one", "/customers", ada()).await.ok();
    let other_body = program.post_as("one", "/customers", json!({ "name": "Bert", "country": "AT" })).await;
    assert_eq!(other_body.problem(), (422, "idempotency-key-reused", ""));
    let other_address = program.post_as("one", "/plans", ada()).await;
    assert_eq!(other_address.problem(), (422, "idempotency-key-reused", ""));
    // Another vendor's keys are its own.
    let merlin = world.add_vendor("Merlin", Some("billing.merlin.example")).await;
    assert_eq!(world.program_of(&merlin, "*").await.post_as("one", "/customers", ada()).await.answer.header("idempotency-replayed"), "");
    assert_eq!(customers(&program).await, 1);
}

#[tokio::test]
async fn a_refusal_is_answered_alike_too_and_does_nothing() {
    let world = World::new().await;
    let program = world.program("*").await;
    let body = json!({ "name": "Ada", "country": "Atlantis" });
    let first = program.post_as("one", "/customers", body.clone()).await;
    assert_eq!(first.problem(), (422, "fields", "/country"));
    let again = program.post_as("one", "/customers", body).await;
    assert_eq!((again.answer.header("idempotency-replayed"), again.answer.header("content-type")), ("true", "application/problem+json"));
    assert_eq!(again.answer.bytes, first.answer.bytes);
    // A clash is looked at anew each time.
    customer(&program, "Ada").await;
    let clash = json!({ "name": "Ada", "country": "AT", "external_id": "ada" });
    for _ in 0..2 {
        let reply = program.post_as("two", "/customers", clash.clone()).await;
        assert_eq!((reply.problem().1, reply.answer.header("idempotency-replayed")), ("conflict", ""));
    }
    assert_eq!(customers(&program).await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_fifty_at_once_one_is_done() {
    let world = World::new().await;
    let program = world.program("*").await;
    let calls = (0..50).map(|_| {
        let program = program.clone();
        tokio::spawn(async move { program.post_as("one", "/customers", ada()).await })
    });
    let mut bodies = Vec::new();
    let (mut done, mut waited) = (0, 0);
    for call in calls.collect::<Vec<_>>() {
        let reply = call.await.unwrap();
        match reply.status() {
            201 => {
                done += usize::from(reply.answer.header("idempotency-replayed").is_empty());
                bodies.push(reply.answer.bytes);
            }
            409 => {
                assert_eq!((reply.problem().1, reply.answer.header("retry-after")), ("idempotency-key-in-flight", "1"));
                waited += 1;
            }
            other => panic!("{other}: {}", reply.answer.text),
        }
    }
    assert_eq!((done, bodies.len() + waited), (1, 50));
    assert!(bodies.iter().all(|body| *body == bodies[0]));
    assert_eq!(customers(&program).await, 1);
    assert_eq!(program.post_as("one", "/customers", ada()).await.answer.bytes, bodies[0]);
}

#[tokio::test]
async fn who_dies_in_between_leaves_it_to_be_tried_again() {
    let world = World::new().await;
    let program = world.program("*").await;
    // What a request leaves that was claimed and never answered: its claim.
    let hash = {
        program.post_as("probe", "/customers", ada()).await.ok();
        let mut tx = world.app.db.read().await.unwrap();
        tx.one::<(String,)>("SELECT request_hash FROM idempotent_requests WHERE key = $1", ("probe",)).await.unwrap().0
    };
    assert!(matches!(idempotency::claim(&world.app, &world.vendor, "one", &hash).await.unwrap(), Claimed::Mine(_)));
    assert_eq!(program.post_as("one", "/customers", ada()).await.problem().1, "idempotency-key-in-flight");
    world.wait(Duration::seconds(60));
    assert_eq!(program.post_as("one", "/customers", json!({ "name": "Bert", "country": "AT" })).await.problem().1, "idempotency-key-reused");
    let reply = program.post_as("one", "/customers", ada()).await;
    assert_eq!((reply.status(), reply.answer.header("idempotency-replayed")), (201, ""));
    assert_eq!(customers(&program).await, 2);
}

#[tokio::test]
async fn who_comes_back_from_the_dead_does_nothing() {
    let world = World::new().await;
    let Claimed::Mine(late) = idempotency::claim(&world.app, &world.vendor, "one", "hash").await.unwrap() else { panic!("it was free") };
    world.wait(Duration::seconds(60));
    assert!(matches!(idempotency::claim(&world.app, &world.vendor, "one", "hash").await.unwrap(), Claimed::Mine(_)));
    let mut desk = world.desk().await;
    let answer = idempotency::Answer { status: 201, content_type: "application/json".into(), body: "{}".into() };
    assert!(idempotency::keep(&mut desk, &late, &answer).await.is_err());
}

#[tokio::test]
async fn answers_lie_sealed_and_are_forgotten() {
    let world = World::new().await;
    let program = world.program("*").await;
    program.post_as("one", "/customers", json!({ "name": "Nordlicht", "country": "DE" })).await.ok();
    let kept = async || {
        let mut tx = world.app.db.read().await.unwrap();
        tx.all::<(String, Option<String>, String)>("SELECT key, answer, request_hash FROM idempotent_requests", ()).await.unwrap()
    };
    let rows = kept().await;
    assert_eq!(rows.len(), 1);
    assert!(rows[0].1.is_some() && !format!("{rows:?}").contains("Nordlicht"));
    world.wait(Duration::hours(25));
    program.get("/customers").await.ok();
    assert_eq!(kept().await.len(), 0);
}

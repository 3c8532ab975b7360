//! What goes wrong is told in one form, with a stable type, and where it lies.

use axum::body::Body;
use axum::http::{Method, header};
use serde_json::json;

use super::{customer, team};
use crate::world::World;

#[tokio::test]
async fn fields_are_pointed_at() {
    let world = World::new().await;
    let program = world.program("*").await;
    let plan = |price: serde_json::Value| json!({ "key": "p", "name": "P", "prices": [price] });
    for (path, body, status, place) in [
        ("/customers", json!({}), 422, "/name"),
        ("/customers", json!({ "name": "Ada", "country": "AT", "colour": "red" }), 422, "/colour"),
        ("/customers", json!({ "name": 1, "country": "AT" }), 422, "/name"),
        ("/customers", json!({ "name": " ", "country": "AT" }), 422, "/name"),
        ("/customers", json!({ "name": "a\u{0}", "country": "AT" }), 422, "/name"),
        ("/customers", json!({ "name": "Ada", "country": "AT", "currency": "XXZ" }), 422, "/currency"),
        ("/customers", json!({ "name": "Ada", "country": "AT", "external_id": "ext:1" }), 422, "/external_id"),
        ("/customers", json!({ "name": "Ada", "country": "AT", "time_zone": "Mars/Olympus" }), 422, "/time_zone"),
        ("/customers", json!({ "name": "Ada", "country": "AT", "invoice_emails": ["no address"] }), 422, "/invoice_emails"),
        ("/plans", plan(json!({ "key": "a", "name": "A", "model": "flat" })), 422, "/prices/0/amount_minor"),
        ("/plans", plan(json!({ "key": "a", "name": "A", "model": "flat", "amount_minor": 1.5 })), 422, "/prices/0/amount_minor"),
        ("/plans", plan(json!({ "key": "a", "name": "A", "model": "flat", "amount_minor": 1, "tiers": [] })), 422, "/prices/0/tiers"),
        ("/plans", plan(json!({ "key": "a", "name": "A", "model": "per_unit", "unit_amount_minor": 0.8 })), 422, "/prices/0/unit_amount_minor"),
        ("/plans", plan(json!({ "key": "a", "name": "A", "model": "flat", "amount_minor": 1, "meter": "m" })), 422, "/prices/0/meter"),
        (
            "/plans",
            plan(json!({ "key": "a", "name": "A", "model": "flat", "amount_minor": 1, "interval": { "unit": "month", "count": 0 } })),
            422,
            "/prices/0/interval/count",
        ),
        ("/plans", plan(json!({ "key": "a", "name": "", "model": "flat", "amount_minor": 1 })), 422, "/prices/0/name"),
        ("/meters", json!({ "key": "m", "name": " ", "aggregate": "sum" }), 422, "/name"),
        ("/usage", json!({ "events": [] }), 422, "/events"),
        ("/subscriptions", json!({ "customer_id": "cus_x", "plan_id": "pln_x" }), 404, "/customer_id"),
    ] {
        let reply = program.post(path, body.clone()).await;
        let (found, _, pointer) = reply.problem();
        assert_eq!((found, pointer), (status, place), "{body}: {}", reply.answer.text);
        assert_eq!(reply.json["request_id"].as_str().unwrap(), reply.answer.header("x-request-id"));
    }
}

#[tokio::test]
async fn rules_clashes_and_lost_addresses_have_their_types() {
    let world = World::new().await;
    let program = world.program("*").await;
    customer(&program, "Ada").await;
    team(&program).await;
    let twice = program.post("/customers", json!({ "name": "Ada", "country": "AT", "external_id": "ada" })).await;
    assert_eq!(twice.problem(), (409, "conflict", ""));
    assert_eq!(program.post("/plans", json!({ "key": "team", "name": "Team" })).await.problem(), (409, "conflict", ""));
    assert_eq!(program.post("/meters", json!({ "key": "minutes", "name": "M", "aggregate": "sum" })).await.problem(), (409, "conflict", ""));
    let again = json!({ "key": "base", "name": "Base", "model": "flat", "amount_minor": 1 });
    assert_eq!(program.post("/plans/ext:team/prices", again).await.problem(), (409, "conflict", ""));
    let yearly = json!({ "customer_id": "ext:ada", "plan_id": "ext:team", "interval": { "unit": "year", "count": 1 } });
    assert_eq!(program.post("/subscriptions", yearly).await.problem(), (422, "rule", ""));
    assert_eq!(program.get("/nothing").await.problem(), (404, "not-found", ""));
    assert_eq!(program.get("/customers/cus_nobody").await.problem(), (404, "not-found", ""));
    let request = program.request(Method::DELETE, "/customers").body(Body::empty()).unwrap();
    let reply = program.send(Method::DELETE, "/customers", request).await;
    assert_eq!(reply.problem(), (405, "method-not-allowed", ""));
    assert!(reply.answer.header("allow").contains("GET") && reply.answer.header("allow").contains("POST"), "{}", reply.answer.header("allow"));
}

#[tokio::test]
async fn bodies_that_are_none_are_refused() {
    let world = World::new().await;
    let program = world.program("*").await;
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let huge = format!(r#"{{"name":"{}","country":"AT"}}"#, "a".repeat(1024 * 1024));
    for (number, (body, status, kind)) in [
        (b"".to_vec(), 400, "malformed"),
        (b"{".to_vec(), 400, "malformed"),
        (b"null".to_vec(), 422, "fields"),
        (b"[]".to_vec(), 422, "fields"),
        (b"{\"name\":NaN}".to_vec(), 400, "malformed"),
        (b"{\"name\":\"\xff\"}".to_vec(), 400, "malformed"),
        (b"{\"name\":\"\\ud800\"}".to_vec(), 400, "malformed"),
        (b"{\"name\":\"a\",\"name\":\"b\"}".to_vec(), 422, "fields"),
        (b"{\"name\":\"a\",\"country\":\"AT\"}{}".to_vec(), 400, "malformed"),
        (format!("{{\"name\":{deep}}}").into_bytes(), 422, "fields"),
        (huge.into_bytes(), 413, "too-large"),
    ]
    .into_iter()
    .enumerate()
    {
        let reply = program.post_raw(&format!("k{number}"), "/customers", body).await;
        let (found, name, _) = reply.problem();
        assert_eq!((found, name), (status, kind), "{number}: {}", reply.answer.text);
    }
    let request =
        program.request(Method::POST, "/customers").header("idempotency-key", "form").header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    let reply = program.send(Method::POST, "/customers", request.body(Body::from("name=Ada")).unwrap()).await;
    assert_eq!(reply.problem(), (415, "unsupported-media-type", ""));
    let request = program.request(Method::GET, &format!("/customers?after={}", "a".repeat(9_000))).body(Body::empty()).unwrap();
    assert_eq!(program.send(Method::GET, "/nowhere", request).await.problem(), (414, "address-too-long", ""));
    for path in ["/customers/a%00", "/customers/ext:%FF"] {
        let reply = program.get(path).await;
        assert_eq!(reply.problem(), (400, "malformed", ""), "{path}");
    }
}

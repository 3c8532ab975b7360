//! What nobody should send, sent to every operation and every field of every body: never a failure of ours, always a problem the document
//! names ([`super::contract::hold`] sees to both).

use axum::http::Method;
use portico::api;
use portico::api::router::routes;
use serde_json::{Value, json};

use super::{Program, customer, team, text};
use crate::world::World;

/// Values that no field or hardly any takes.
fn odd() -> Vec<Value> {
    vec![
        Value::Null,
        json!(true),
        json!(0),
        json!(-1),
        json!(i64::MAX),
        json!(i64::MIN),
        json!(u64::MAX),
        json!(1e300),
        json!(0.1),
        json!(""),
        json!("x"),
        json!("ext:"),
        json!("ext:x"),
        json!("cus_' OR '1'='1"),
        json!("\u{0}"),
        json!("\u{202e}\u{feff}\u{1f4a5}"),
        json!("a".repeat(5_000)),
        json!("999999999999999"),
        json!("-999999999999999.999999999999"),
        json!("0.000000000001"),
        json!("2199-12-31T23:59:59.999999999Z"),
        json!("1970-01-01T00:00:00Z"),
        json!("2026-02-30T00:00:00Z"),
        json!([]),
        json!({}),
        json!([null]),
        json!([{}]),
        json!(["x", "x"]),
    ]
}

/// A body that is right, as the document's schema would have it, with every field there is.
fn whole(document: &Value, schema: &Value) -> Value {
    if let Some(address) = schema["$ref"].as_str() {
        return match address.rsplit('/').next().unwrap() {
            "Decimal" => json!("1"),
            "Time" => json!("2026-03-11T00:00:00Z"),
            _ => whole(document, document.pointer(address.strip_prefix('#').unwrap()).unwrap()),
        };
    }
    if let Some(of) = schema["oneOf"].as_array() {
        return whole(document, of.iter().find(|one| one["type"] != "null").unwrap());
    }
    if let Some(value) = schema["enum"].as_array().and_then(|known| known.first()) {
        return value.clone();
    }
    let kind = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().find(|kind| *kind != "null").unwrap(),
        kind => kind,
    };
    match kind.as_str().unwrap() {
        "object" => schema["properties"].as_object().unwrap().iter().map(|(name, field)| (name.clone(), whole(document, field))).collect(),
        "array" => json!([whole(document, &schema["items"])]),
        "integer" => json!(1),
        "boolean" => json!(false),
        _ => json!("x"),
    }
}

/// The body with each of its values, at whatever depth, replaced by another one.
fn with_each(body: &Value, other: &Value) -> Vec<Value> {
    let mut found = vec![other.clone()];
    match body {
        Value::Object(fields) => {
            for (name, field) in fields {
                found.extend(with_each(field, other).into_iter().map(|changed| {
                    let mut copy = fields.clone();
                    copy.insert(name.clone(), changed);
                    Value::Object(copy)
                }));
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                found.extend(with_each(item, other).into_iter().map(|changed| {
                    let mut copy = items.clone();
                    copy[index] = changed;
                    Value::Array(copy)
                }));
            }
        }
        _ => {}
    }
    found
}

struct Stand {
    program: Program,
    ids: Vec<(&'static str, String)>,
}

impl Stand {
    async fn new(world: &World) -> Stand {
        let program = world.program("*").await;
        customer(&program, "X").await;
        let plan = team(&program).await;
        let subscription = program.post("/subscriptions", json!({ "customer_id": "ext:x", "plan_id": "ext:team" })).await.ok();
        let invoice = program.get("/invoices").await.ok()["data"][0].clone();
        let embed_session = super::embed_session(world, &program, "ext:x").await;
        let ids = vec![
            ("customer", "ext:x".to_owned()),
            ("plan", text(&plan, "id")),
            ("subscription", text(&subscription, "id")),
            ("invoice", text(&invoice, "id")),
            ("embed_session", text(&embed_session, "id")),
        ];
        Stand { program, ids }
    }

    fn path(&self, path: &str) -> String {
        self.ids.iter().fold(path.to_owned(), |path, (name, id)| path.replace(&format!("{{{name}}}"), id))
    }
}

#[tokio::test]
async fn every_field_of_every_body_takes_whatever_comes() {
    let world = World::new().await;
    let stand = Stand::new(&world).await;
    let document: Value = serde_json::from_str(api::written()).unwrap();
    let mut sent = 0;
    for route in routes().into_iter().filter(|route| route.method != Method::GET) {
        let operation = &document["paths"][route.path][route.method.as_str().to_lowercase()];
        let Some(schema) = operation["requestBody"]["content"]["application/json"].get("schema") else { continue };
        let body = whole(&document, schema);
        for other in odd() {
            for changed in with_each(&body, &other) {
                // One minute has only so many calls.
                if sent % 200 == 0 {
                    world.wait(chrono::Duration::minutes(1));
                }
                let path = stand.path(route.path);
                let reply = if route.method == Method::PATCH { stand.program.patch(&path, changed).await } else { stand.program.post(&path, changed).await };
                assert!(reply.status() < 500);
                sent += 1;
            }
        }
    }
    assert!(sent > 1_500, "{sent} bodies");
}

#[tokio::test]
async fn every_query_and_every_id_takes_whatever_comes() {
    let world = World::new().await;
    let stand = Stand::new(&world).await;
    let document: Value = serde_json::from_str(api::written()).unwrap();
    let texts = [
        "",
        "x",
        "0",
        "-1",
        "1e9",
        "%00",
        "%FF",
        "%ED%A0%80",
        "ext:",
        "ext:%00",
        "..%2F..",
        "%27%20OR%201=1",
        "%F0%9F%92%A5",
        "2026-01-01T00:00:00Z",
        "9999-12-31T00:00:00Z",
        "cus_00000000000000000000000000000000",
    ];
    for route in routes().into_iter().filter(|route| route.method == Method::GET) {
        let parameters = document["paths"][route.path]["get"]["parameters"].as_array().unwrap();
        for name in parameters.iter().filter(|parameter| parameter["in"] == "query").filter_map(|parameter| parameter["name"].as_str()).chain(["unknown"]) {
            world.wait(chrono::Duration::minutes(1));
            for value in texts {
                stand.program.get(&format!("{}?{name}={value}", stand.path(route.path))).await;
            }
        }
    }
    let usage = |from: &str, to: &str, by: &str| format!("/usage?customer_id=ext:x&meter=minutes&from={from}&to={to}&by={by}");
    for (from, to, by, status) in [
        ("2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z", "hour", 200),
        ("2026-03-01T00:00:00Z", "2026-04-02T00:00:00Z", "hour", 400),
        ("1970-01-01T00:00:00Z", "2199-12-31T23:59:59Z", "month", 400),
        ("2199-12-01T00:00:00Z", "2199-12-31T23:59:59Z", "day", 200),
        ("1970-01-01T00:00:00Z", "1970-01-02T00:00:00Z", "day", 200),
        ("2026-03-02T00:00:00Z", "2026-03-01T00:00:00Z", "day", 400),
    ] {
        assert_eq!(stand.program.get(&usage(from, to, by)).await.status(), status, "{from} {to} {by}");
    }
    for route in routes() {
        let Some((before, rest)) = route.path.split_once('{') else { continue };
        world.wait(chrono::Duration::minutes(1));
        for value in texts.into_iter().filter(|value| !value.is_empty()) {
            let path = format!("{before}{value}{}", rest.split_once('}').unwrap().1);
            let reply = match route.method {
                Method::GET => stand.program.get(&path).await,
                Method::PATCH => stand.program.patch(&path, json!({})).await,
                Method::DELETE => stand.program.delete(&path).await,
                _ => stand.program.post(&path, json!({})).await,
            };
            assert!((400..500).contains(&reply.status()), "{path}: {}", reply.answer.text);
        }
    }
}

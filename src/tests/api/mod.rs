//! The API, as vendors' programs use it: through the router with a key. A concern a file; [`Program`] is who calls. Every answer that comes
//! back is held against the OpenAPI document on the way ([`contract`]).

mod bad_input;
mod contract;
mod hand;
mod idempotency;
mod isolation;
mod keys;
mod nouns;
mod pages;
mod problems;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::body::Body;
use axum::http::{Method, Request, header};
use portico::services::api_keys::{self, Scopes};
use portico::services::vendors::Vendor;
use portico::services::{Actor, Desk, embed_origins};
use serde_json::{Value, json};

use crate::world::{Answer, Persona, World};

/// A vendor's program: a key, and a new Idempotency-Key for each POST unless it says otherwise.
#[derive(Clone)]
pub struct Program {
    wire: Persona,
    pub key: String,
    pub key_id: String,
    posts: Arc<AtomicU64>,
}

impl World {
    /// A program of the world's vendor that may do what the scopes say.
    pub async fn program(&self, scopes: &str) -> Program {
        self.program_of(&self.vendor.clone(), scopes).await
    }

    pub async fn program_of(&self, vendor: &Arc<Vendor>, scopes: &str) -> Program {
        let mut desk = Desk::write(&self.app, vendor, Actor::System).await.unwrap();
        let made = api_keys::create(&mut desk, "a test", &Scopes::parse(scopes).unwrap()).await.unwrap();
        desk.commit().await.unwrap();
        Program { wire: self.visitor(), key: made.secret, key_id: made.id, posts: Arc::default() }
    }
}

impl Program {
    /// The same wire with another key, or none that is one.
    pub fn with_key(&self, key: &str) -> Program {
        Program { key: key.to_owned(), ..self.clone() }
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.send(Method::GET, path, self.request(Method::GET, path).body(Body::empty()).unwrap()).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Reply {
        let number = self.posts.fetch_add(1, Ordering::Relaxed);
        self.post_as(&format!("{}-{number}", self.key_id), path, body).await
    }

    pub async fn post_as(&self, idempotency_key: &str, path: &str, body: Value) -> Reply {
        self.post_raw(idempotency_key, path, body.to_string().into_bytes()).await
    }

    pub async fn post_raw(&self, idempotency_key: &str, path: &str, body: Vec<u8>) -> Reply {
        let request = self.request(Method::POST, path).header("idempotency-key", idempotency_key).header(header::CONTENT_TYPE, "application/json");
        self.send(Method::POST, path, request.body(Body::from(body)).unwrap()).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Reply {
        let request = self.request(Method::PATCH, path).header(header::CONTENT_TYPE, "application/json");
        self.send(Method::PATCH, path, request.body(Body::from(body.to_string())).unwrap()).await
    }

    pub async fn delete(&self, path: &str) -> Reply {
        self.send(Method::DELETE, path, self.request(Method::DELETE, path).body(Body::empty()).unwrap()).await
    }

    /// A request below `/api/v1` with the key, to be given a body.
    pub fn request(&self, method: Method, path: &str) -> axum::http::request::Builder {
        let request = Request::builder().method(method).uri(format!("/api/v1{path}")).header(header::HOST, "localhost:3000");
        request.header(header::AUTHORIZATION, format!("Bearer {}", self.key))
    }

    pub async fn send(&self, method: Method, path: &str, request: Request<Body>) -> Reply {
        let answer = self.wire.send(request).await;
        contract::hold(&method, path, &answer);
        let json = serde_json::from_slice(&answer.bytes).unwrap_or(Value::Null);
        Reply { answer, json }
    }
}

/// What came back.
pub struct Reply {
    pub answer: Answer,
    /// Null where the body is no JSON.
    pub json: Value,
}

impl Reply {
    pub fn status(&self) -> u16 {
        self.answer.status
    }

    /// The body of an answer that must have gone well.
    #[track_caller]
    pub fn ok(self) -> Value {
        assert!((200..300).contains(&self.answer.status), "{}: {}", self.answer.status, self.answer.text);
        self.json
    }

    /// The problem's name, and where it points first.
    pub fn problem(&self) -> (u16, &str, &str) {
        let kind = self.json["type"].as_str().and_then(|kind| kind.strip_prefix("/api#problem-")).unwrap_or_default();
        let first = &self.json["errors"][0];
        let place = first["pointer"].as_str().or_else(|| first["parameter"].as_str()).unwrap_or_default();
        (self.answer.status, kind, place)
    }
}

/// The text under a name.
#[track_caller]
pub fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_else(|| panic!("no {name} in {value}")).to_owned()
}

/// A customer with a name, by the API.
pub async fn customer(program: &Program, name: &str) -> Value {
    program.post("/customers", json!({ "name": name, "country": "DE", "external_id": name.to_lowercase() })).await.ok()
}

/// A token for a frame of the customer's first member, who is invited for it; its origin is put on the list.
pub async fn embed_session(world: &World, program: &Program, customer: &str) -> Value {
    let bearer = api_keys::bearer(&world.app, &program.key).await.unwrap().unwrap();
    let mut desk = Desk::write(&world.app, &bearer.vendor, Actor::System).await.unwrap();
    embed_origins::add(&mut desk, "https://app.kestrel.example").await.unwrap();
    desk.commit().await.unwrap();
    let invited = json!({ "email": "owner@customer.example", "name": "Owner", "role": "owner" });
    let member = program.post(&format!("/customers/{customer}/members"), invited).await.ok();
    let new = json!({ "customer_id": customer, "member_id": member["id"], "origin": "https://app.kestrel.example", "scopes": ["usage:read"] });
    program.post("/embed-sessions", new).await.ok()
}

/// A top-up that the customer decided on and has not paid.
pub async fn purchase(world: &World, program: &Program, customer: &str) -> Value {
    let bearer = api_keys::bearer(&world.app, &program.key).await.unwrap().unwrap();
    let mut desk = Desk::write(&world.app, &bearer.vendor, Actor::System).await.unwrap();
    let id = desk.new_id("pur");
    let sql = "INSERT INTO purchases (vendor_id, id, customer_id, kind, name, currency, amount_minor, credit_minor, is_automatic, status, created_at)
         VALUES ($1, $2, $3, 'top_up', '', 'EUR', 2500, 2500, FALSE, 'open', 0)";
    desk.tx.run(sql, (bearer.vendor.id.clone(), id.clone(), customer.to_owned())).await.unwrap();
    desk.commit().await.unwrap();
    program.get(&format!("/purchases/{id}")).await.ok()
}

/// Team: €29 a month, €9 a seat, minutes at 0.8 ct beyond 1,000; published, by the API.
pub async fn team(program: &Program) -> Value {
    program.post("/meters", json!({ "key": "minutes", "name": "Build minutes", "unit": "minutes", "aggregate": "sum" })).await.ok();
    let plan = json!({
        "key": "team", "name": "Team", "max_quantity": 50,
        "prices": [
            { "key": "base", "name": "Base", "model": "flat", "amount_minor": 2900 },
            { "key": "seats", "name": "Seats", "model": "per_unit", "unit_amount_minor": "900" },
            { "key": "minutes", "name": "Minutes", "model": "graduated", "meter": "minutes",
              "tiers": [{ "up_to": "1000", "unit_amount_minor": "0" }, { "unit_amount_minor": "0.8" }] },
        ],
    });
    let plan = program.post("/plans", plan).await.ok();
    program.post(&format!("/plans/{}/publish", text(&plan, "id")), json!({})).await.ok()
}

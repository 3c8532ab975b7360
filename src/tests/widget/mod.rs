//! The portal in a frame of a vendor's page, as far as no browser is needed: tokens, transports, scopes, money. What only a browser can
//! show is in `end2end/tests/widget*.spec.ts`.

mod frames;
mod links;
mod money;
mod tokens;

use portico::services::embed_origins;
use serde_json::{Value, json};

use crate::api::{Program, text};
use crate::people::Person;
use crate::world::{Answer, Persona, World};

pub const ORIGIN: &str = "https://app.kestrel.example";
pub const ALL: [&str; 4] = ["usage:read", "invoices:read", "plan:write", "payment_method:write"];

/// A vendor's page with a frame in it, and the program that makes its tokens.
pub struct Site {
    pub program: Program,
    pub customer: String,
    pub member: String,
}

impl Site {
    /// Of the world's vendor of the moment, for a member of a customer.
    pub async fn new(world: &World, customer: &str, person: &Person) -> Site {
        list_origin(world, ORIGIN).await;
        let program = world.program("*").await;
        let members = program.get(&format!("/customers/{customer}/members")).await.ok();
        let member = members["data"].as_array().unwrap().iter().find(|member| member["email"] == person.email.as_str()).unwrap().clone();
        Site { program, customer: customer.to_owned(), member: text(&member, "id") }
    }

    /// What the program would be answered for these scopes.
    pub async fn make(&self, scopes: &[&str]) -> Value {
        let new = json!({ "customer_id": self.customer, "member_id": self.member, "origin": ORIGIN, "scopes": scopes });
        self.program.post("/embed-sessions", new).await.ok()
    }

    pub async fn token(&self, scopes: &[&str]) -> String {
        text(&self.make(scopes).await, "token")
    }

    /// A frame that was opened with these scopes, the whole portal in it.
    pub async fn frame(&self, world: &World, scopes: &[&str]) -> Persona {
        let frame = world.visitor().in_frame();
        let answer = exchange(&frame, &self.token(scopes).await, ORIGIN, &[]).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        frame
    }
}

pub async fn list_origin(world: &World, origin: &str) {
    let mut desk = world.desk().await;
    embed_origins::add(&mut desk, origin).await.unwrap();
    desk.commit().await.unwrap();
}

pub async fn unlist_origin(world: &World, origin: &str) {
    let mut desk = world.desk().await;
    embed_origins::remove(&mut desk, origin).await.unwrap();
    desk.commit().await.unwrap();
}

/// As `frame.js` brings a token.
pub async fn exchange(frame: &Persona, token: &str, origin: &str, more: &[(&str, &str)]) -> Answer {
    let mut form = vec![("token", token), ("origin", origin)];
    form.extend(more);
    frame.post("/embed/exchange", &form).await
}

/// The name of what went wrong.
pub fn code(answer: &Answer) -> String {
    text(&serde_json::from_str(&answer.text).unwrap(), "code")
}

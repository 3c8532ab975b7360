//! Every address of the portal, for the stories that hold at each: taken from the very table the router is made of, so that none can be
//! forgotten. What an id names and what a field may hold is said here once; an address or a field nobody has spoken of fails the story.

use axum::body::Body;
use axum::http::Method;
use portico::portal;
use portico::portal::routes::Entry;

use crate::world::{Answer, Persona, World};

/// One address, and what it answers to.
pub struct Address {
    pub path: &'static str,
    pub entry: Entry,
    pub query: &'static [&'static str],
    pub form: &'static [&'static str],
    pub gets: bool,
    pub posts: bool,
}

/// What an id is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Invoice,
    Payment,
    /// A payment that succeeded.
    Receipt,
    Method,
    Setup,
    Session,
    Customer,
    Quote,
    Event,
    Message,
}

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// What is done is done to this: somebody else's is not there.
    Id(Kind),
    /// Only shapes what is told: somebody else's says as little as one that never was.
    Hint(Kind),
    /// Never shown again.
    Secret,
    /// Of the page's own making: a form that is shown again makes it anew.
    Made,
    /// Typed or chosen.
    Words,
}

/// The whole table.
pub async fn every(world: &World) -> Vec<Address> {
    let visitor = world.visitor();
    let mut found = Vec::new();
    for route in portal::routes() {
        // An address says what it answers to when it is asked in a way it does not.
        let request = visitor.request(Method::PUT, &filled(route.path, "x")).header("sec-fetch-site", "same-origin");
        let refused = visitor.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(refused.status, 405, "{}", route.path);
        let allowed = refused.header("allow");
        found.push(Address {
            path: route.path,
            entry: route.entry,
            query: route.query,
            form: route.form,
            gets: allowed.contains("GET"),
            posts: allowed.contains("POST"),
        });
    }
    assert!(found.len() > 30 && found.iter().filter(|address| address.posts).count() > 20, "the table was not found");
    found
}

/// The address with its id.
pub fn filled(path: &str, id: &str) -> String {
    match path.split_once('{') {
        Some((before, rest)) => format!("{before}{id}{}", rest.split_once('}').unwrap().1),
        None => path.to_owned(),
    }
}

/// What the id in an address is of.
pub fn in_path(path: &str) -> Option<Kind> {
    assert!(path.matches('{').count() <= 1, "{path} has two ids: say here how to fill it");
    path.contains('{').then(|| match path {
        _ if path.starts_with("/invoices/{number}") => Kind::Invoice,
        _ if path.starts_with("/payments/{id}/receipt") => Kind::Receipt,
        _ if path.starts_with("/payments/{id}") => Kind::Payment,
        _ if path.starts_with("/payment-methods/{id}/") => Kind::Method,
        _ if path.starts_with("/account/messages/{id}") => Kind::Message,
        other => panic!("say here what the id in {other} is of"),
    })
}

/// What a field of a form or a query holds.
pub fn holds(path: &str, field: &str) -> Holds {
    match (path, field) {
        (_, "replaces") | ("/invoices/{number}/pay", "method") => Holds::Id(Kind::Method),
        (_, "session") => Holds::Id(Kind::Session),
        ("/switch", "customer") => Holds::Id(Kind::Customer),
        (_, "setup") => Holds::Id(Kind::Setup),
        (_, "quote") => Holds::Id(Kind::Quote),
        ("/payment-methods", "method") => Holds::Hint(Kind::Method),
        ("/plan", "invoice") | ("/invoices", "before") => Holds::Hint(Kind::Invoice),
        ("/payments", "before") => Holds::Hint(Kind::Payment),
        ("/account/activity", "before") => Holds::Hint(Kind::Event),
        ("/account/messages", "before") => Holds::Hint(Kind::Message),
        (_, "password" | "current_password" | "new_password" | "code" | "new_code" | "token") => Holds::Secret,
        ("/invoices/{number}/pay" | "/balance/top-up" | "/buy/confirm", "due_minor") | (_, "purchase") => Holds::Made,
        // Whose card it is, is asked once something is bought: tests/purchases.rs.
        ("/balance/top-up" | "/balance/automatic" | "/buy/confirm", "method") => Holds::Words,
        ("/balance/top-up" | "/balance/automatic", "amount" | "below" | "most_a_month") => Holds::Words,
        // Of the vendor's catalogue, the same for every customer.
        (_, "plan" | "product" | "interval" | "meter" | "promotion_code" | "months" | "add_on" | "quantity" | "day") => Holds::Words,
        (_, "seats" | "step" | "when" | "reason" | "comment" | "what" | "did" | "fields" | "next" | "sent" | "email" | "kind") => Holds::Words,
        ("/usage" | "/usage.csv", "by" | "on" | "from" | "to" | "against") | ("/invoices", "status" | "year" | "q") => Holds::Words,
        (
            "/account",
            "name" | "legal_name" | "address_line1" | "address_line2" | "postal_code" | "city" | "region" | "country" | "tax_id" | "purchase_order"
            | "invoice_emails",
        ) => Holds::Words,
        // Amounts, of which each customer has their own.
        ("/usage/alerts", "alert" | "cap") => Holds::Words,
        ("/invoices/{number}/withholding", "certificate_number" | "certificate_on") => Holds::Words,
        ("/balance" | "/balance/statement.csv" | "/balance/statement.pdf", "period" | "currency") => Holds::Words,
        ("/test-clock", "to" | "at") => Holds::Words,
        ("/account/display", "your_name" | "locale" | "time_zone") => Holds::Words,
        _ => panic!("say here what {field} of {path} holds: somebody's id, a secret, or words"),
    }
}

/// A query or form body.
pub fn encoded(fields: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

impl Persona {
    /// Sends a body as it is, as a form of our own page.
    pub async fn post_raw(&self, path: &str, content_type: &str, body: impl Into<Body>) -> Answer {
        let request = self.request(Method::POST, path).header("content-type", content_type).header("sec-fetch-site", "same-origin");
        self.send(request.body(body.into()).unwrap()).await
    }
}

/// How many things have happened, to anybody.
pub async fn events(world: &World) -> i64 {
    let mut tx = world.app.db.read().await.unwrap();
    tx.one::<(i64,)>("SELECT COUNT(*) FROM events", ()).await.unwrap().0
}

/// An answer's page without what differs from one request to the next: its nonce and its number.
pub fn plain(answer: &Answer, given: &str) -> String {
    let policy = answer.header("content-security-policy");
    let nonce = policy.split("'nonce-").nth(1).and_then(|rest| rest.split('\'').next()).unwrap_or("no nonce");
    answer.text.replace(nonce, "").replace(answer.header("x-request-id"), "").replace(given, "")
}

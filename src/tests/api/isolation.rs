//! Whose things are whose, at every operation: another vendor's id is answered exactly as one that never was.

use axum::body::Body;
use axum::http::{Method, header};
use portico::api::router::routes;
use serde_json::{Value, json};

use super::{Program, Reply, customer, team, text};
use crate::world::World;

/// A vendor's things with one of everything that has an id.
struct Things {
    program: Program,
    customer: Value,
    plan: Value,
    add_on: Value,
    coupon: Value,
    promotion_code: Value,
    subscription: Value,
    invoice: Value,
    embed_session: Value,
    tax_rate: Value,
    bank_entry: Value,
    product: Value,
    purchase: Value,
}

impl Things {
    async fn of(world: &World, program: Program, name: &str) -> Things {
        let customer = customer(&program, name).await;
        let plan = team(&program).await;
        let subscription =
            program.post("/subscriptions", json!({ "customer_id": customer["id"], "plan_id": plan["id"], "external_id": format!("s-{name}") })).await.ok();
        let price = json!({ "key": "support", "name": "Support", "model": "flat", "amount_minor": 1 });
        let add_on = program.post("/add-ons", json!({ "key": "support", "name": "Support", "prices": [price] })).await.ok();
        let coupon = program.post("/coupons", json!({ "key": format!("c-{name}"), "percent": "5", "duration": "once" })).await.ok();
        let promotion_code = program.post("/promotion-codes", json!({ "code": "SPRING", "coupon_id": coupon["id"] })).await.ok();
        let invoice = program.get("/invoices").await.ok()["data"][0].clone();
        let embed_session = super::embed_session(world, &program, &text(&customer, "id")).await;
        let tax_rate = program.post("/tax-rates", json!({ "key": "jp10", "name": "JCT", "country": "JP", "percent": "10" })).await.ok();
        program.post("/bank-accounts", json!({ "currency": "EUR", "holder": name, "iban": "AT611904300234573201" })).await.ok();
        let statement = json!({ "content": "booked_on,amount,currency,text\n2026-03-10,1.00,EUR,whatever" });
        let bank_entry = program.post("/bank-statements", statement).await.ok()["entries"][0].clone();
        let price = json!({ "currency": "EUR", "amount_minor": 100 });
        let product = program.post("/products", json!({ "key": format!("p-{name}"), "name": "Workshop", "kind": "service", "prices": [price] })).await.ok();
        let purchase = super::purchase(world, &program, &text(&customer, "id")).await;
        Things { program, customer, plan, add_on, coupon, promotion_code, subscription, invoice, embed_session, tax_rate, bank_entry, product, purchase }
    }

    /// What may stand for the braces, ours and the vendor's own.
    fn references(&self, braces: &str) -> Vec<String> {
        match braces {
            "customer" => vec![text(&self.customer, "id"), format!("ext:{}", text(&self.customer, "external_id"))],
            "plan" => vec![text(&self.plan, "id")],
            "add_on" => vec![text(&self.add_on, "id")],
            "coupon" => vec![text(&self.coupon, "id"), format!("ext:{}", text(&self.coupon, "key"))],
            "promotion_code" => vec![text(&self.promotion_code, "id")],
            "subscription" => vec![text(&self.subscription, "id"), format!("ext:{}", text(&self.subscription, "external_id"))],
            "invoice" => vec![text(&self.invoice, "id")],
            "embed_session" => vec![text(&self.embed_session, "id")],
            "bank_entry" => vec![text(&self.bank_entry, "id")],
            "product" => vec![text(&self.product, "id"), format!("ext:{}", text(&self.product, "key"))],
            "purchase" => vec![text(&self.purchase, "id")],
            "tax_rate" => vec![text(&self.tax_rate, "id")],
            other => panic!("say here what stands for {other}"),
        }
    }
}

/// One that looks like it and never was.
fn never_was(reference: &str) -> String {
    match reference.strip_prefix("ext:") {
        Some(_) => "ext:never-was".to_owned(),
        None => format!("{}_{}", reference.split_once('_').unwrap().0, "0".repeat(32)),
    }
}

/// A body that would do, for an operation.
fn body(name: &str) -> Value {
    match name {
        "inviteMember" => json!({ "email": "eve@eve.example", "name": "Eve", "role": "owner" }),
        "addPrice" => json!({ "key": "extra", "name": "Extra", "model": "flat", "amount_minor": 1 }),
        "setInvoiceThreshold" => json!({ "amount_minor": 5000 }),
        "updateCustomer" => json!({ "name": "Eve" }),
        "endTaxRate" => json!({ "on": "2026-03-01" }),
        "recordWithholding" => json!({ "certificate_number": "1", "certificate_on": "2026-03-01" }),
        "takeBackWithholding" | "writeOffInvoice" | "takeBackWriteOff" => json!({ "reason": "It is Eve's." }),
        "matchBankEntry" => json!({ "invoices": ["2026-0001"] }),
        "takeBackBankEntry" => json!({ "reason": "It is Eve's." }),
        "setAutomaticTopUp" => json!({ "below_minor": 1, "amount_minor": 1, "most_a_month_minor": 1 }),
        "grantCredit" => json!({ "amount_minor": 1, "description": "for Eve" }),
        _ => json!({}),
    }
}

async fn call(program: &Program, method: &Method, path: &str, body: &Value) -> Reply {
    match *method {
        Method::GET => program.get(path).await,
        Method::PATCH => program.patch(path, body.clone()).await,
        Method::DELETE => program.delete(path).await,
        _ => program.post(path, body.clone()).await,
    }
}

fn plain(reply: &Reply) -> (u16, String) {
    (reply.status(), reply.answer.text.replace(reply.answer.header("x-request-id"), ""))
}

#[tokio::test]
async fn another_vendors_ids_are_as_good_as_none() {
    let world = World::new().await;
    let merlin = world.add_vendor("Merlin", Some("billing.merlin.example")).await;
    let mine = Things::of(&world, world.program("*").await, "Nordlicht").await;
    let theirs = Things::of(&world, world.program_of(&merlin, "*").await, "Stern").await;
    let events = theirs.program.get("/events").await.ok();
    let mut tried = 0;
    for route in routes() {
        // A country is nobody's, nor is a currency.
        let Some((before, rest)) = route.path.split_once('{') else { continue };
        if rest.starts_with("country}") || rest.starts_with("currency}") {
            continue;
        }
        let (braces, after) = rest.split_once('}').unwrap();
        for reference in theirs.references(braces) {
            let path = |reference: &str| format!("{before}{reference}{after}");
            let found = call(&mine.program, &route.method, &path(&reference), &body(route.name)).await;
            let none = call(&mine.program, &route.method, &path(&never_was(&reference)), &body(route.name)).await;
            assert_eq!((found.problem().0, plain(&found)), (404, plain(&none)), "{} {}", route.method, path(&reference));
            // And it is one for whose it is.
            let own = theirs.program.get(&format!("{}/{reference}", before.trim_end_matches('/'))).await;
            assert_eq!(own.status(), 200, "{reference}");
            tried += 1;
        }
    }
    assert!(tried >= 12, "the table was not found");
    assert_eq!(theirs.program.get("/events").await.ok(), events, "nothing happened to them");
}

#[tokio::test]
async fn nor_are_they_any_good_in_bodies_and_queries() {
    let world = World::new().await;
    let merlin = world.add_vendor("Merlin", Some("billing.merlin.example")).await;
    let mine = Things::of(&world, world.program("*").await, "Nordlicht").await;
    let theirs = Things::of(&world, world.program_of(&merlin, "*").await, "Stern").await;
    for customer in theirs.references("customer") {
        let new = json!({ "customer_id": customer, "member_id": "mem_x", "origin": "https://app.kestrel.example", "scopes": ["usage:read"] });
        assert_eq!(mine.program.post("/embed-sessions", new).await.problem(), (404, "not-found", "/customer_id"));
        for other in [customer.clone(), never_was(&customer)] {
            let start = mine.program.post("/subscriptions", json!({ "customer_id": other, "plan_id": mine.plan["id"] })).await;
            assert_eq!(start.problem(), (404, "not-found", "/customer_id"));
            for path in ["/invoices", "/events", "/subscriptions"] {
                assert_eq!(mine.program.get(&format!("{path}?customer_id={other}")).await.problem(), (404, "not-found", "customer_id"), "{path}");
            }
            let range = "from=2026-03-01T00:00:00Z&to=2026-03-02T00:00:00Z";
            assert_eq!(mine.program.get(&format!("/usage?customer_id={other}&meter=minutes&{range}")).await.problem().0, 404);
            let sent = mine.program.post("/usage", json!({ "events": [{ "id": "e1", "customer_id": other, "meter": "minutes", "quantity": "1" }] })).await.ok();
            assert_eq!(sent["results"][0]["outcome"], json!("refused"));
        }
    }
    for other in [text(&theirs.plan, "id"), never_was(&text(&theirs.plan, "id"))] {
        let start = mine.program.post("/subscriptions", json!({ "customer_id": mine.customer["id"], "plan_id": other })).await;
        assert_eq!(start.problem(), (404, "not-found", "/plan_id"));
        let preview = mine.program.post(&format!("/subscriptions/{}/preview", text(&mine.subscription, "id")), json!({ "plan_id": other })).await;
        assert_eq!(preview.problem(), (404, "not-found", "/plan_id"));
    }
    for other in [text(&theirs.coupon, "id"), format!("ext:{}", text(&theirs.coupon, "key")), never_was(&text(&theirs.coupon, "id"))] {
        let code = mine.program.post("/promotion-codes", json!({ "code": "AUTUMN", "coupon_id": other })).await;
        assert_eq!(code.problem(), (404, "not-found", "/coupon_id"));
    }
    // A cursor is an id: another vendor's leads nowhere but through one's own list.
    let page = mine.program.get(&format!("/customers?after={}", text(&theirs.customer, "id"))).await.ok();
    assert!(page["data"].as_array().unwrap().iter().all(|row| row["id"] == mine.customer["id"]));
    // Lists hold one's own only.
    for (path, their_id) in [
        ("/customers", &theirs.customer),
        ("/plans", &theirs.plan),
        ("/invoices", &theirs.invoice),
        ("/coupons", &theirs.coupon),
        ("/add-ons", &theirs.add_on),
        ("/promotion-codes", &theirs.promotion_code),
    ] {
        assert!(!mine.program.get(path).await.ok().to_string().contains(&text(their_id, "id")), "{path}");
    }
}

#[tokio::test]
async fn a_key_is_its_vendors_at_whatever_host_it_calls() {
    let world = World::new().await;
    let merlin = world.add_vendor("Merlin", Some("billing.merlin.example")).await;
    let (mine, theirs) = (world.program("*").await, world.program_of(&merlin, "*").await);
    customer(&mine, "Nordlicht").await;
    let request = axum::http::Request::builder().uri("/api/v1/customers").header(header::HOST, "billing.merlin.example");
    let request = request.header(header::AUTHORIZATION, format!("Bearer {}", mine.key)).body(Body::empty()).unwrap();
    let list = mine.send(Method::GET, "/customers", request).await.ok();
    assert_eq!(list["data"].as_array().unwrap().len(), 1);
    assert_eq!(theirs.get("/customers").await.ok()["data"], json!([]));
}

//! What a vendor's own hand does by the API: rates set, customers charged and credited, subscriptions changed without the customer.

use portico::worker::bill;
use serde_json::{Value, json};

use super::{Program, customer, team, text};
use crate::world::{World, instant};

/// Ada on Team at €47.00 since 1 April, Berlin time.
struct Ada {
    world: World,
    program: Program,
    subscription: String,
}

impl Ada {
    async fn new() -> Ada {
        let world = World::at("2026-04-01T00:00:00+02:00").await;
        let program = world.program("*").await;
        team(&program).await;
        customer(&program, "Ada").await;
        let subscription = program.post("/subscriptions", json!({ "customer_id": "ext:ada", "plan_id": "ext:team", "quantity": "2" })).await.ok();
        Ada { subscription: text(&subscription, "id"), world, program }
    }

    async fn go_to(&self, time: &str) {
        self.world.app.clock.set(instant(time));
        let report = bill::bill(&self.world.app, &self.world.vendor, self.world.now()).await.unwrap();
        assert!(report.failed.is_empty(), "{:?}", report.failed);
    }

    async fn act(&self, what: &str, body: Value) -> Value {
        self.program.post(&format!("/subscriptions/{}/{what}", self.subscription), body).await.ok()
    }

    /// Totals of the documents, the oldest first.
    async fn totals(&self) -> Vec<i64> {
        let list = self.program.get("/invoices?customer_id=ext:ada&limit=100").await.ok();
        list["data"].as_array().unwrap().iter().rev().map(|document| document["total_minor"].as_i64().unwrap()).collect()
    }

    /// The oldest document.
    async fn first(&self) -> Value {
        let list = self.program.get("/invoices?customer_id=ext:ada&limit=100").await.ok();
        let id = text(list["data"].as_array().unwrap().last().unwrap(), "id");
        self.program.get(&format!("/invoices/{id}")).await.ok()
    }
}

#[tokio::test]
async fn a_subscription_is_changed_to_the_cent_of_its_preview() {
    let ada = Ada::new().await;
    ada.go_to("2026-04-16T00:00:00+02:00").await;
    // Half of April for two seats more: 9.00.
    let preview = ada.act("preview", json!({ "quantity": "4" })).await;
    let after = ada.act("change", json!({ "quantity": "4" })).await;
    assert_eq!((&after["quantity"], &preview["due_minor"], ada.totals().await), (&json!("4"), &json!(900), vec![4700, 900]));
    let planned = ada.act("change", json!({ "quantity": "1", "when": "period_end" })).await;
    assert_eq!((&planned["quantity"], &planned["scheduled"]["quantity"]), (&json!("4"), &json!("1")));
    assert_eq!(ada.act("undo-change", json!({})).await["scheduled"], Value::Null);
    ada.go_to("2026-05-01T02:00:00+02:00").await;
    assert_eq!(ada.totals().await, [4700, 900, 6500]);
    let refused = ada.program.post(&format!("/subscriptions/{}/change", ada.subscription), json!({ "quantity": "-1" })).await;
    assert_eq!(refused.status(), 422, "{}", refused.answer.text);
    assert_eq!(ada.program.post(&format!("/subscriptions/{}/undo-change", ada.subscription), json!({})).await.status(), 422);
}

#[tokio::test]
async fn one_pauses_resumes_ends_and_begins_again() {
    let ada = Ada::new().await;
    ada.go_to("2026-04-16T00:00:00+02:00").await;
    // What is left of April, half of 47.00, is given back.
    let paused = ada.act("pause", json!({ "unused": "credited" })).await;
    assert_eq!((&paused["status"], ada.totals().await), (&json!("paused"), vec![4700, -2350]));
    assert_eq!(ada.program.post(&format!("/subscriptions/{}/pause", ada.subscription), json!({})).await.problem().1, "rule");
    ada.go_to("2026-05-10T00:00:00+02:00").await;
    assert_eq!(ada.act("resume", json!({})).await["status"], json!("active"));
    let long = json!({ "comment": "x".repeat(2001), "reason": "y".repeat(61) });
    assert_eq!(ada.program.post(&format!("/subscriptions/{}/cancel", ada.subscription), long).await.problem(), (422, "fields", "/reason"));
    let ending = ada.act("cancel", json!({ "when": "period_end", "reason": "too_expensive" })).await;
    assert!(ending["cancel_at"].is_string(), "{ending}");
    assert_eq!(ada.act("reactivate", json!({})).await["cancel_at"], Value::Null);
    let ended = ada.act("cancel", json!({})).await;
    assert_eq!((&ended["status"], ended["ended_at"].is_string()), (&json!("cancelled"), true));
    let entitled = ada.program.get("/customers/ext:ada/entitlements").await.ok();
    assert_eq!((&entitled["is_entitled"], &entitled["subscriptions"]), (&json!(false), &json!([])));
    assert_eq!(ada.act("reactivate", json!({})).await["status"], json!("active"));
}

#[tokio::test]
async fn usage_is_invoiced_on_demand_and_the_rest_at_the_periods_end() {
    let ada = Ada::new().await;
    let send = async |id: &str, quantity: &str, at: &str| {
        let event = json!({ "id": id, "customer_id": "ext:ada", "meter": "minutes", "quantity": quantity, "at": at });
        ada.program.post("/usage", json!({ "events": [event] })).await.ok();
    };
    let path = format!("/subscriptions/{}/invoice", ada.subscription);
    ada.go_to("2026-04-10T00:00:00+02:00").await;
    assert_eq!(ada.program.post(&path, json!({})).await.problem().1, "rule");
    // 1,000 minutes are included; each further one costs 0.8 ct: 500 are 4.00, 1,250 are 10.00.
    send("e1", "1500", "2026-04-09T10:00:00Z").await;
    let invoice = ada.program.post(&path, json!({})).await.ok();
    assert_eq!((&invoice["total_minor"], &invoice["lines"][0]["kind"], &invoice["status"]), (&json!(400), &json!("usage"), &json!("open")));
    assert_eq!(ada.program.post(&path, json!({})).await.problem().1, "rule");
    send("e2", "750", "2026-04-09T11:00:00Z").await;
    ada.go_to("2026-05-01T02:00:00+02:00").await;
    assert_eq!(ada.totals().await, [4700, 400, 4700 + 600]);
}

#[tokio::test]
async fn an_amount_off_comes_off_once_a_period_however_often_usage_is_invoiced() {
    let ada = Ada::new().await;
    ada.program.post("/coupons", json!({ "key": "TEN", "amount_minor": 1000, "currency": "EUR", "duration": "forever" })).await.ok();
    ada.act("change", json!({ "coupons": ["TEN"] })).await;
    for (id, at) in [("e1", "2026-04-09T10:00:00+02:00"), ("e2", "2026-04-19T10:00:00+02:00")] {
        ada.go_to(at).await;
        let event = json!({ "id": id, "customer_id": "ext:ada", "meter": "minutes", "quantity": "1750", "at": at });
        ada.program.post("/usage", json!({ "events": [event] })).await.ok();
        ada.program.post(&format!("/subscriptions/{}/invoice", ada.subscription), json!({})).await.ok();
    }
    ada.go_to("2026-05-01T02:00:00+02:00").await;
    // 1,000 minutes included: 750 at 0.8 ct, then 1,750; and May's fee less ten.
    assert_eq!(ada.totals().await, [4700, 600, 1400, 3700]);
}

#[tokio::test]
async fn a_charge_a_credit_and_the_balance_between_them() {
    let ada = Ada::new().await;
    let charge = json!({ "customer_id": "ext:ada", "amount_minor": 12_000, "description": "Workshop" });
    let made = ada.program.post("/charges", charge).await.ok();
    assert_eq!((&made["amount_minor"], &made["currency"]), (&json!(12_000), &json!("EUR")));
    ada.go_to("2026-04-02T00:00:00+02:00").await;
    assert_eq!(ada.totals().await, [4700, 12_000]);
    for (wrong, place) in [
        (json!({ "customer_id": "ext:ada", "amount_minor": 0, "description": "x" }), ""),
        (json!({ "customer_id": "ext:bo", "amount_minor": 1, "description": "x" }), "/customer_id"),
    ] {
        let refused = ada.program.post("/charges", wrong).await;
        assert!((400..500).contains(&refused.status()) && refused.problem().2 == place, "{}", refused.answer.text);
    }
    let long = "x".repeat(201);
    for (path, mut body) in [("/charges", json!({ "customer_id": "ext:ada" })), ("/customers/ext:ada/balance", json!({}))] {
        body["amount_minor"] = json!(1);
        body["description"] = json!(long);
        assert_eq!(ada.program.post(path, body).await.problem(), (422, "fields", "/description"));
    }
    let balance = ada.program.post("/customers/ext:ada/balance", json!({ "amount_minor": 500, "description": "Sorry for Tuesday" })).await.ok();
    assert_eq!(balance["balances"], json!([{ "currency": "EUR", "left_minor": 500 }]));
    assert_eq!((&balance["credits"][0]["source"], &balance["credits"][0]["left_minor"]), (&json!("granted"), &json!(500)));
    ada.go_to("2026-05-01T02:00:00+02:00").await;
    let used = ada.program.get("/customers/ext:ada/balance").await.ok();
    assert_eq!((&used["balances"][0]["left_minor"], &used["credits"][0]["amount_minor"]), (&json!(0), &json!(500)));
    assert_eq!(
        ada.program.post("/customers/ext:ada/balance", json!({ "amount_minor": 5, "currency": "XXX", "description": "x" })).await.problem().2,
        "/currency"
    );
    assert_eq!(ada.program.post("/customers/ext:ada/balance", json!({ "amount_minor": 5, "description": " " })).await.problem().2, "/description");
}

#[tokio::test]
async fn an_invoice_is_credited_by_line_by_amount_and_whole() {
    let ada = Ada::new().await;
    let invoice = ada.first().await;
    let path = format!("/invoices/{}/credit-notes", text(&invoice, "id"));
    let seats = invoice["lines"].as_array().unwrap().iter().find(|line| line["price"] == "seats").unwrap();
    let note = ada.program.post(&path, json!({ "lines": [{ "line_id": seats["id"], "amount_minor": 900 }] })).await.ok();
    assert_eq!((&note["kind"], &note["total_minor"], &note["corrects"]), (&json!("credit_note"), &json!(-900), &json!([invoice["number"]])));
    assert_eq!(ada.program.post(&path, json!({ "amount_minor": 1000 })).await.ok()["total_minor"], json!(-1000));
    let too_much = ada.program.post(&path, json!({ "amount_minor": 2801 })).await;
    assert!(too_much.answer.text.contains("€28.00"), "{}", too_much.answer.text);
    assert_eq!(ada.program.post(&path, json!({ "amount_minor": 1, "lines": [{ "line_id": seats["id"] }] })).await.problem().2, "/lines");
    assert_eq!(ada.program.post(&path, json!({ "refund": true, "lines": [{ "line_id": seats["id"] }] })).await.problem().2, "/refund");
    // Nothing was paid, so nothing goes back; the rest of it is simply not owed any more.
    assert_eq!(ada.program.post(&path, json!({ "amount_minor": 100, "refund": true })).await.problem().1, "rule");
    assert_eq!(ada.program.post(&path, json!({})).await.ok()["total_minor"], json!(-2800));
    assert_eq!(ada.program.post(&path, json!({})).await.problem().1, "rule");
    assert_eq!((&ada.first().await["due_minor"], &ada.first().await["status"]), (&json!(0), &json!("paid")));
}

#[tokio::test]
async fn tax_is_charged_from_its_day_at_its_percent_until_it_ends() {
    let ada = Ada::new().await;
    let rate = |percent: &str, from: Option<&str>| json!({ "key": "de", "name": "VAT", "country": "DE", "percent": percent, "from": from });
    let made = ada.program.post("/tax-rates", rate("19", None)).await.ok();
    ada.program.post("/tax-rates", rate("20", Some("2026-06-01"))).await.ok();
    // 47.00 at 19 % in May, at 20 % in June.
    ada.go_to("2026-05-01T02:00:00+02:00").await;
    ada.go_to("2026-06-01T02:00:00+02:00").await;
    assert_eq!(ada.totals().await, [4700, 5593, 5640]);

    let later = |changes: Value| {
        let mut body = rate("21", Some("2026-07-01"));
        body.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        body
    };
    assert_eq!(ada.program.post("/tax-rates", rate("21", Some("2026-06-01"))).await.problem().1, "conflict");
    for (changes, place) in [
        (json!({ "country": "AT" }), "/key"),
        (json!({ "products": ["team"] }), "/key"),
        (json!({ "key": "" }), "/key"),
        (json!({ "key": "other", "name": " " }), "/name"),
        (json!({ "key": "other", "country": "ZZ" }), "/country"),
        (json!({ "from": "2026-7-1" }), "/from"),
    ] {
        let refused = ada.program.post("/tax-rates", later(changes)).await;
        assert_eq!((refused.status(), refused.problem().2), (422, place), "{}", refused.answer.text);
    }
    for changes in [json!({ "percent": "-1" }), json!({ "to": "2026-06-30" })] {
        assert_eq!(ada.program.post("/tax-rates", later(changes)).await.problem().1, "rule");
    }
    let list = ada.program.get("/tax-rates").await.ok();
    assert_eq!((list["data"].as_array().unwrap().len(), &list["data"][0]), (2, &made));
    for id in [text(&made, "id"), text(&list["data"][1], "id")] {
        let ended = ada.program.post(&format!("/tax-rates/{id}/end"), json!({ "on": "2026-06-30" })).await.ok();
        assert_eq!(ada.program.get(&format!("/tax-rates/{id}")).await.ok(), ended);
    }
    ada.go_to("2026-07-01T02:00:00+02:00").await;
    assert_eq!(ada.totals().await, [4700, 5593, 5640, 4700]);
}

#[tokio::test]
async fn exchange_rates_are_set_by_their_day() {
    let world = World::new().await;
    let program = world.program("plans:read,plans:write").await;
    let rate = |on: &str, rate: &str| json!({ "from": "USD", "to": "EUR", "on": on, "rate": rate });
    for (on, value) in [("2026-03-01", "0.9"), ("2026-03-02", "0.91"), ("2026-03-01", "0.92")] {
        assert_eq!(program.post("/exchange-rates", rate(on, value)).await.ok(), rate(on, value));
    }
    let list = program.get("/exchange-rates?to=EUR").await.ok();
    assert_eq!(list["data"], json!([rate("2026-03-02", "0.91"), rate("2026-03-01", "0.92")]));
    assert_eq!(program.get("/exchange-rates?to=JPY").await.ok()["data"], json!([]));
    assert_eq!(program.get("/exchange-rates?to=dollars").await.status(), 400);
    for (body, place) in [
        (rate("2026-03-01", "0"), "/rate"),
        (rate("2026-03-01", "-1"), "/rate"),
        (rate("yesterday", "1"), "/on"),
        (json!({ "from": "EUR", "to": "EUR", "on": "2026-03-01", "rate": "1" }), "/to"),
        (json!({ "from": "EURO", "to": "USD", "on": "2026-03-01", "rate": "1" }), "/from"),
    ] {
        let refused = program.post("/exchange-rates", body).await;
        assert_eq!((refused.status(), refused.problem().2), (422, place), "{}", refused.answer.text);
    }
}

#[tokio::test]
async fn a_subscription_begins_with_a_promotion_code() {
    let world = World::at("2026-04-01T00:00:00+02:00").await;
    let program = world.program("*").await;
    team(&program).await;
    customer(&program, "Ada").await;
    program.post("/coupons", json!({ "key": "SPRING", "percent": "20", "duration": "once" })).await.ok();
    program.post("/promotion-codes", json!({ "code": "SPRING-20", "coupon_id": "ext:SPRING", "max_redemptions": 1 })).await.ok();
    let start = |code: &str| json!({ "customer_id": "ext:ada", "plan_id": "ext:team", "quantity": "2", "promotion_code": code });
    assert_eq!(program.post("/subscriptions", start("WINTER")).await.problem(), (422, "fields", "/promotion_code"));
    program.post("/subscriptions", start("spring 20")).await.ok();
    let list = program.get("/invoices?customer_id=ext:ada").await.ok();
    assert_eq!(list["data"][0]["total_minor"], json!(3760));
    // It was the only one.
    assert_eq!(program.post("/subscriptions", start("spring 20")).await.status(), 422);
}

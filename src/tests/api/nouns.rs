//! Each noun's story, with amounts a reader can check by eye.

use chrono::Duration;
use portico::worker::bill;
use serde_json::{Value, json};

use super::{Program, customer, team, text};
use crate::world::{World, instant};

/// Billing does what has fallen due.
async fn bill_now(world: &World) {
    let report = bill::bill(&world.app, &world.vendor, world.now()).await.unwrap();
    assert!(report.failed.is_empty(), "{:?}", report.failed);
}

async fn newest_invoice(program: &Program, customer: &str) -> Value {
    let list = program.get(&format!("/invoices?customer_id={customer}&limit=1")).await.ok();
    program.get(&format!("/invoices/{}", text(&list["data"][0], "id"))).await.ok()
}

#[tokio::test]
async fn a_customer_is_made_found_by_either_id_and_changed() {
    let world = World::new().await;
    let program = world.program("customers:read,customers:write").await;
    let made = program
        .post("/customers", json!({ "name": "Ada", "country": "AT", "external_id": "a/1 ü", "city": "Wien", "invoice_emails": ["books@ada.example"] }))
        .await
        .ok();
    // What was not said is the vendor's.
    assert_eq!(
        (&made["legal_name"], &made["currency"], &made["time_zone"], &made["created_at"]),
        (&json!("Ada"), &json!("EUR"), &json!("Europe/Berlin"), &json!("2026-03-10T12:00:00Z"))
    );
    let id = text(&made, "id");
    for path in [format!("/customers/{id}"), "/customers/ext:a%2F1%20%C3%BC".to_owned()] {
        assert_eq!(program.get(&path).await.ok(), made);
    }
    let changed = program.patch(&format!("/customers/{id}"), json!({ "name": "Ada & Co", "city": null })).await.ok();
    assert_eq!((&changed["name"], &changed["city"], &changed["legal_name"]), (&json!("Ada & Co"), &Value::Null, &json!("Ada")));
    assert_eq!(program.patch("/customers/ext:nobody", json!({})).await.status(), 404);
}

#[tokio::test]
async fn members_are_invited_by_letter() {
    let world = World::new().await;
    let program = world.program("*").await;
    customer(&program, "Ada").await;
    let member = program.post("/customers/ext:ada/members", json!({ "email": "Mira@Ada.example", "name": "Mira", "role": "owner" })).await.ok();
    assert_eq!((&member["email"], &member["role"]), (&json!("mira@ada.example"), &json!("owner")));
    let again = program.post("/customers/ext:ada/members", json!({ "email": "mira@ada.example", "name": "Mira", "role": "viewer" })).await.ok();
    assert_eq!((&again["id"], &again["role"]), (&member["id"], &json!("viewer")));
    let list = program.get("/customers/ext:ada/members").await.ok();
    assert_eq!(list["data"], json!([again]));
    let refused = program.post("/customers/ext:ada/members", json!({ "email": "nobody", "name": "N", "role": "owner" })).await;
    assert_eq!(refused.problem(), (422, "fields", "/email"));
    // The letter waits, and what it carries is no one's to read here.
    let events = program.get("/events?kind=identity.invited").await.ok();
    assert_eq!(events["data"].as_array().unwrap().len(), 2);
    assert!(!events.to_string().contains("token"));
}

#[tokio::test]
async fn a_plan_is_made_published_and_retired() {
    let world = World::new().await;
    let program = world.program("plans:read,plans:write").await;
    let plan = team(&program).await;
    assert_eq!((&plan["is_published"], &plan["prices"][2]["tiers"][1]["unit_amount_minor"]), (&json!(true), &json!("0.8")));
    assert_eq!(program.get("/plans/ext:team").await.ok(), plan);
    let yearly = json!({ "key": "base", "name": "Base", "model": "flat", "amount_minor": 29000, "interval": { "unit": "year", "count": 1 } });
    let plan = program.post("/plans/ext:team/prices", yearly).await.ok();
    assert_eq!((plan["prices"].as_array().unwrap().len(), &plan["prices"][3]["interval"]), (4, &json!({ "unit": "year", "count": 1 })));
    assert_eq!(program.post("/plans/ext:team/retire", json!({})).await.ok()["is_published"], json!(false));
    let meters = program.get("/meters").await.ok();
    assert_eq!((&meters["data"][0]["key"], &meters["data"][0]["aggregate"]), (&json!("minutes"), &json!("sum")));
}

#[tokio::test]
async fn a_period_is_charged_in_advance_and_its_usage_with_the_next() {
    let world = World::at("2026-03-01T00:00:00+01:00").await;
    let program = world.program("*").await;
    let plan = team(&program).await;
    let ada = customer(&program, "Ada").await;
    let subscription =
        program.post("/subscriptions", json!({ "customer_id": "ext:ada", "plan_id": plan["id"], "quantity": "2", "external_id": "s-1" })).await.ok();
    assert_eq!((&subscription["status"], &subscription["quantity"], &subscription["plan_key"]), (&json!("active"), &json!("2"), &json!("team")));
    assert_eq!(subscription["period"], json!({ "start": "2026-02-28T23:00:00Z", "end": "2026-03-31T22:00:00Z" }));
    assert_eq!(program.get("/subscriptions/ext:s-1").await.ok(), subscription);
    let list = program.get("/subscriptions?customer_id=ext:ada").await.ok();
    assert_eq!(list["data"], json!([subscription]));
    // 29.00 + 2 × 9.00; nobody has set a tax.
    let invoice = newest_invoice(&program, "ext:ada").await;
    assert_eq!(
        (&invoice["total_minor"], &invoice["currency"], &invoice["due_minor"], &invoice["status"]),
        (&json!(4700), &json!("EUR"), &json!(4700), &json!("open"))
    );
    assert_eq!((&invoice["customer_id"], &invoice["number"]), (&ada["id"], &json!("2026-0001")));

    let event = |id: &str, quantity: &str, at: &str| json!({ "id": id, "customer_id": "ext:ada", "meter": "minutes", "quantity": quantity, "at": at });
    let batch = json!({ "events": [
        event("e1", "1200", "2026-03-02T10:00:00Z"),
        event("e2", "300.5", "2026-03-03T10:00:00Z"),
        event("e1", "1200", "2026-03-02T10:00:00Z"),
        event("e2", "7", "2026-03-03T10:00:00Z"),
        { "id": "e3", "customer_id": "ext:bert", "meter": "minutes", "quantity": "1" },
        { "id": "e4", "customer_id": ada["id"], "meter": "hours", "quantity": "1" },
    ] });
    world.wait(Duration::days(4));
    let results = program.post("/usage", batch).await.ok();
    let outcomes: Vec<&str> = results["results"].as_array().unwrap().iter().map(|result| result["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["counted", "counted", "known", "refused", "refused", "refused"]);
    assert_eq!(results["results"][4]["detail"], json!("There is no such customer of yours."));
    let query = "/usage?customer_id=ext:ada&meter=minutes&from=2026-03-01T23:00:00Z&to=2026-03-03T23:00:00Z";
    let usage = program.get(query).await.ok();
    assert_eq!((&usage["total"], &usage["unit"], &usage["time_zone"]), (&json!("1500.5"), &json!("minutes"), &json!("Europe/Berlin")));
    assert_eq!((&usage["points"][0]["used"], &usage["points"][1]["total"]), (&json!("1200"), &json!("1500.5")));

    // The period ends; its invoice waits an hour for the last usage. 47.00 + 500.5 × 0.8 ct = 4.004, rounded 4.00.
    world.app.clock.set(instant("2026-04-01T01:00:00+02:00"));
    bill_now(&world).await;
    let invoice = newest_invoice(&program, "ext:ada").await;
    assert_eq!((&invoice["total_minor"], &invoice["subtotal_minor"], &invoice["tax_total_minor"]), (&json!(5100), &json!(5100), &json!(0)));
    let usage_line = invoice["lines"].as_array().unwrap().iter().find(|line| line["kind"] == "usage").unwrap();
    assert_eq!((&usage_line["amount_minor"], &usage_line["quantity"], &usage_line["price"]), (&json!(400), &json!("1500.5"), &json!("minutes")));
    let open = program.get("/invoices?status=open").await.ok();
    assert_eq!(open["data"].as_array().unwrap().len(), 2);
    assert_eq!(program.get("/invoices?status=paid").await.ok()["data"], json!([]));

    let pdf = program.get(&format!("/invoices/{}/pdf", text(&invoice, "id"))).await;
    assert_eq!((pdf.status(), pdf.answer.header("content-type")), (200, "application/pdf"));
    assert!(pdf.answer.bytes.starts_with(b"%PDF-") && pdf.answer.header("content-disposition").contains("Kestrel-2026-0002.pdf"));
    assert_eq!(program.get(&format!("/invoices/{}/pdf", text(&invoice, "id"))).await.answer.bytes, pdf.answer.bytes);
    for (syntax, root, name) in [("cii", "<rsm:CrossIndustryInvoice ", "Kestrel-2026-0002.xml"), ("ubl", "<Invoice ", "Kestrel-2026-0002.ubl.xml")] {
        let xml = program.get(&format!("/invoices/{}/{syntax}", text(&invoice, "id"))).await;
        assert_eq!((xml.status(), xml.answer.header("content-type")), (200, "application/xml"));
        assert!(xml.answer.text.contains(root) && xml.answer.text.contains("2026-0002") && xml.answer.header("content-disposition").contains(name));
    }
}

#[tokio::test]
async fn a_change_is_priced_to_the_minor_unit_and_changes_nothing() {
    let world = World::at("2026-04-01T00:00:00+02:00").await;
    let program = world.program("*").await;
    team(&program).await;
    customer(&program, "Ada").await;
    let subscription = program.post("/subscriptions", json!({ "customer_id": "ext:ada", "plan_id": "ext:team", "quantity": "2" })).await.ok();
    let id = text(&subscription, "id");
    // Half of April is left: two more seats are 2 × 9.00 × ½ = 9.00.
    world.app.clock.set(instant("2026-04-16T00:00:00+02:00"));
    let preview = program.post(&format!("/subscriptions/{id}/preview"), json!({ "quantity": "4" })).await.ok();
    assert_eq!((&preview["due_minor"], &preview["invoice"]["total_minor"], &preview["currency"]), (&json!(900), &json!(900), &json!("EUR")));
    assert_eq!((&preview["after"]["quantity"], &preview["expires_at"]), (&json!("4"), &json!("2026-04-15T22:15:00Z")));
    // The next month: 29.00 + 4 × 9.00 = 65.00.
    assert_eq!((&preview["next_invoice"]["invoice"]["total_minor"], &preview["next_invoice"]["at"]), (&json!(6500), &json!("2026-04-30T23:00:00Z")));
    assert_eq!(program.get(&format!("/subscriptions/{id}")).await.ok(), subscription);
    let later = program.post(&format!("/subscriptions/{id}/preview"), json!({ "quantity": "1", "when": "period_end" })).await.ok();
    assert_eq!((&later["due_minor"], &later["invoice"], &later["effective_at"]), (&json!(0), &Value::Null, &json!("2026-04-30T22:00:00Z")));
    let refused = program.post(&format!("/subscriptions/{id}/preview"), json!({ "quantity": "51" })).await;
    assert_eq!(refused.problem(), (422, "fields", "/quantity"));
}

#[tokio::test]
async fn what_happened_can_be_read_and_says_who_did_it() {
    let world = World::new().await;
    let program = world.program("*").await;
    let ada = customer(&program, "Ada").await;
    customer(&program, "Bert").await;
    let events = program.get("/events?customer_id=ext:ada").await.ok();
    let event = &events["data"][0];
    assert_eq!((&event["kind"], &event["customer_id"], &event["data"]["name"]), (&json!("customer.created"), &ada["id"], &json!("Ada")));
    assert_eq!(event["actor"], json!(format!("key:{}", program.key_id)));
    let kinds = program.get("/events?kind=customer.created").await.ok();
    assert_eq!(kinds["data"].as_array().unwrap().len(), 2);
    assert!(!program.get("/events").await.ok().to_string().contains(&program.key));
}

#[tokio::test]
async fn a_coupon_and_its_codes_are_made_listed_and_retired() {
    let world = World::new().await;
    let program = world.program("*").await;
    let plan = team(&program).await;
    customer(&program, "Ada").await;
    let coupon = program.post("/coupons", json!({ "key": "launch", "percent": "20", "duration": "repeating", "months": 3, "max_redemptions": 10 })).await.ok();
    assert_eq!(
        (&coupon["percent"], &coupon["months"], &coupon["amount_minor"], &coupon["redemptions"], &coupon["retired_at"]),
        (&json!("20"), &json!(3), &Value::Null, &json!(0), &Value::Null)
    );
    assert_eq!(program.get("/coupons/ext:launch").await.ok(), coupon);
    let ten = program.post("/coupons", json!({ "key": "ten", "amount_minor": 1000, "duration": "once" })).await.ok();
    assert_eq!(ten["currency"], json!("EUR"));
    for (body, at) in [
        (json!({ "key": "x", "duration": "once" }), "/percent"),
        (json!({ "key": "x", "percent": "5", "amount_minor": 5, "duration": "once" }), "/percent"),
        (json!({ "key": "x", "percent": "5", "duration": "repeating" }), "/months"),
        (json!({ "key": "x", "percent": "5", "duration": "forever", "months": 2 }), "/months"),
        (json!({ "key": "x", "percent": "5", "duration": "once", "max_redemptions": 0 }), "/max_redemptions"),
        (json!({ "key": "x y", "percent": "5", "duration": "once" }), "/key"),
    ] {
        assert_eq!(program.post("/coupons", body.clone()).await.problem(), (422, "fields", at), "{body}");
    }
    assert_eq!(program.post("/coupons", json!({ "key": "launch", "percent": "5", "duration": "once" })).await.status(), 409);

    let new = json!({ "code": "Spring-20", "coupon_id": "ext:launch", "first_time_only": true, "plan_ids": ["ext:team"], "customer_id": "ext:ada", "expires_at": "2026-06-01T00:00:00Z" });
    let code = program.post("/promotion-codes", new).await.ok();
    assert_eq!(
        (&code["code"], &code["coupon_id"], &code["plan_ids"], &code["expires_at"], &code["first_time_only"]),
        (&json!("Spring-20"), &coupon["id"], &json!([plan["id"]]), &json!("2026-06-01T00:00:00Z"), &json!(true))
    );
    // The same, however it is written.
    assert_eq!(program.post("/promotion-codes", json!({ "code": "SPRING 20", "coupon_id": "ext:launch" })).await.status(), 409);
    assert_eq!(program.post("/promotion-codes", json!({ "code": "a!", "coupon_id": "ext:launch" })).await.problem(), (422, "fields", "/code"));
    assert_eq!(program.post("/promotion-codes", json!({ "code": "abc", "coupon_id": "ext:nothing" })).await.status(), 404);
    assert_eq!(program.get("/promotion-codes").await.ok()["data"], json!([code]));

    // A subscription still to be charged for takes it, and the coupon counts with the code.
    let subscription =
        program.post("/subscriptions", json!({ "customer_id": "ext:ada", "plan_id": "ext:team", "external_id": "s-1", "trial_days": 14 })).await.ok();
    let preview = program.post(&format!("/subscriptions/{}/preview", text(&subscription, "id")), json!({ "promotion_code": "spring20" })).await.ok();
    assert_eq!(preview["next_invoice"]["invoice"]["discount_minor"], json!(760));
    let refused = program.post("/subscriptions/ext:s-1/preview", json!({ "promotion_code": "autumn" })).await;
    assert_eq!(refused.problem(), (422, "fields", "/promotion_code"));

    let path = format!("/promotion-codes/{}", text(&code, "id"));
    assert_eq!(program.post(&format!("{path}/retire"), json!({})).await.ok()["retired_at"], json!("2026-03-10T12:00:00Z"));
    assert_eq!(program.post("/subscriptions/ext:s-1/preview", json!({ "promotion_code": "spring20" })).await.problem(), (422, "fields", "/promotion_code"));
    assert_eq!(program.post("/coupons/ext:launch/retire", json!({})).await.ok()["retired_at"], json!("2026-03-10T12:00:00Z"));
    assert_eq!(program.post("/subscriptions/ext:s-1/preview", json!({ "coupons": ["launch"] })).await.status(), 422);
}

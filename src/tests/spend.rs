//! Spend alerts and caps: told once a period whatever comes in how, held in the very transaction, let go again. Minutes cost 0.8 ct each
//! beyond the first 1,000 of a period.

use portico::services::customers::Role;
use portico::services::settings::{self, Settings};
use portico::services::usage::{self, NewEvent};
use portico::services::{Actor, Desk, activity, events, spend, subscriptions};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::nordlicht::Nordlicht;
use crate::sign_in::letters;
use crate::world::{Answer, instant};

const PAGE: &str = "/usage/alerts";

impl Nordlicht {
    /// It is 10 March, and Mira has signed in.
    async fn in_march() -> Nordlicht {
        let at = Nordlicht::new().await;
        at.go_to("2026-03-10T12:00:00+01:00").await;
        at.sign_in().await;
        at
    }

    async fn lets_customers_cap(&self) {
        let mut desk = self.desk().await;
        settings::save(&mut desk, Settings { customers_may_cap_spend: true, ..Settings::default() }).await.unwrap();
        desk.commit().await.unwrap();
    }

    async fn uses(&self, id: &str, minutes: i64) {
        let mut desk = self.desk().await;
        usage::record(&mut desk, &self.id, &[used(id, minutes, None)]).await.unwrap();
        desk.commit().await.unwrap();
    }

    /// Fills in one of the page's forms.
    async fn sets(&self, what: &str, field: &str, amount: &str) -> Answer {
        self.browser().post(PAGE, &[("what", what), (field, amount)]).await
    }

    async fn asks_to_be_told_at(&self, amount: &str) {
        let page = self.sets("add", "alert", amount).await;
        assert_eq!((page.status, page.location()), (303, "/usage/alerts?did=added"), "{}", page.text);
    }

    async fn caps_at(&self, amount: &str) {
        let page = self.sets("cap", "cap", amount).await;
        assert_eq!((page.status, page.location()), (303, "/usage/alerts?did=capped"), "{}", page.text);
    }

    /// What happened of a kind: the values of one name, in order.
    async fn said(&self, kind: &'static str, name: &str) -> Vec<Value> {
        let found = events::of_kind(&mut self.desk().await, kind).await.unwrap();
        found.into_iter().map(|event| serde_json::from_str::<Value>(&event.data).unwrap()[name].clone()).collect()
    }

    /// Whether minutes may be used, and what stops them, as the vendor's program is told.
    async fn minutes(&self) -> Value {
        let program = self.world.program("subscriptions:read").await;
        let told = program.get(&format!("/customers/{}/entitlements", self.id)).await.ok();
        assert_eq!((&told["subscriptions"][0]["is_entitled"], &told["subscriptions"][0]["meters"][0]["meter"]), (&json!(true), &json!("minutes")));
        told["subscriptions"][0]["meters"][0]["stopped_by"].clone()
    }

    async fn letters_about(&self, subject: &str) -> usize {
        letters(&self.world).await.iter().filter(|letter| letter.contains(subject)).count()
    }
}

fn used(id: &str, minutes: i64, time: Option<&str>) -> NewEvent {
    NewEvent { id: id.to_owned(), meter: "minutes".to_owned(), quantity: Some(Decimal::from(minutes)), time: time.map(instant), ..NewEvent::default() }
}

#[tokio::test]
async fn an_alert_is_told_once_a_period_to_who_looks_after_billing() {
    let at = Nordlicht::in_march().await;
    at.world.member("bill@nordlicht.example", &at.id, Role::Billing).await;
    at.world.member("vera@nordlicht.example", &at.id, Role::Viewer).await;
    at.sign_in().await;
    let page = at.browser().get(PAGE).await;
    assert!(page.text.contains("Usage has cost <b>€0.00</b> since 1 March."), "{}", page.text);
    at.asks_to_be_told_at("10").await;
    at.asks_to_be_told_at("€20.00").await;

    at.uses("e1", 2_249).await;
    assert_eq!(at.events("spend_alert.reached").await, 0, "€9.99");
    at.uses("e2", 1).await;
    assert_eq!(at.said("spend_alert.reached", "amount_minor").await, [1_000]);
    assert_eq!(at.said("spend_alert.reached", "cost_minor").await, [1_000]);
    at.uses("e3", 10).await;
    assert_eq!(at.events("spend_alert.reached").await, 1);
    let letters = letters(&at.world).await;
    let told: Vec<_> = letters.iter().filter(|letter| letter.contains("Nordlicht’s usage at Kestrel has reached €10.00")).collect();
    assert_eq!(told.len(), 2, "Mira and Bill");
    assert!(told.iter().all(|letter| letter.contains("has come to €10.00, before discounts and tax") && letter.contains("/usage/alerts")), "{told:?}");
    assert!(!told.iter().any(|letter| letter.contains("vera@")));
    let page = at.browser().get(PAGE).await;
    assert!(page.text.contains("Usage has cost <b>€10.08</b> since 1 March. You are told next at <b>€20.00</b>."), "{}", page.text);
    assert!(page.text.contains("Reached<") && page.text.contains("10 March 2026, 12:01"), "{}", page.text);
    let log = activity::of_customer(&mut at.desk().await, &at.id, "", 1).await.unwrap();
    assert_eq!(log[0].kind, "spend_alert.reached");
    assert!(at.browser().get("/account/activity").await.text.contains("Usage of a period reached €10.00: it had cost €10.00"));

    // Another period; one batch jumps over both.
    at.go_to("2026-04-01T02:00:00+02:00").await;
    at.uses("e4", 5_000).await;
    assert_eq!(at.said("spend_alert.reached", "amount_minor").await, [1_000, 1_000, 2_000]);
    assert_eq!(at.letters_about("has reached €20.00").await, 2, "one letter of both amounts each");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn batches_at_once_tell_of_each_amount_once() {
    let at = Nordlicht::in_march().await;
    for amount in ["10", "20", "25"] {
        at.asks_to_be_told_at(amount).await;
    }
    at.lets_customers_cap().await;
    at.caps_at("15").await;
    let mut batches = Vec::new();
    for n in 0..16 {
        let (app, vendor, customer) = (at.world.app.clone(), at.world.vendor.clone(), at.id.clone());
        batches.push(tokio::spawn(async move {
            let mut desk = Desk::write(&app, &vendor, Actor::System).await.unwrap();
            let batch: Vec<_> = (0..5).map(|e| used(&format!("{n}-{e}"), 50, None)).collect();
            usage::record(&mut desk, &customer, &batch).await.unwrap();
            desk.commit().await.unwrap();
        }));
    }
    for batch in batches {
        batch.await.unwrap();
    }
    // 4,000 minutes: €24.00.
    let mut told = at.said("spend_alert.reached", "amount_minor").await;
    told.sort_by_key(Value::as_i64);
    assert_eq!(told, [1_000, 2_000]);
    assert_eq!(at.events("spend_cap.reached").await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_who_add_alerts_at_once_lose_none_and_pass_no_limit() {
    let at = Nordlicht::in_march().await;
    let bill = at.world.member("bill@nordlicht.example", &at.id, Role::Billing).await;
    let bill = at.world.sign_in(&bill).await;
    at.sign_in().await;
    // Six each; ten is the most.
    let mut tasks = Vec::new();
    for (browser, first) in [(at.browser().clone(), 10), (bill, 100)] {
        for amount in first..first + 6 {
            let browser = browser.clone();
            tasks.push(tokio::spawn(async move { (amount, browser.post(PAGE, &[("what", "add"), ("alert", &amount.to_string())]).await.status) }));
        }
    }
    let (mut added, mut refused) = (Vec::new(), 0);
    for task in tasks {
        match task.await.unwrap() {
            (amount, 303) => added.push(amount * 100),
            (_, status) => {
                assert_eq!(status, 422);
                refused += 1;
            }
        }
    }
    let program = at.world.program("subscriptions:read").await;
    let told = program.get(&format!("/subscriptions/{}/spend", at.subscription)).await.ok();
    let there: Vec<_> = told["alerts"].as_array().unwrap().iter().map(|alert| alert["amount_minor"].as_i64().unwrap()).collect();
    assert_eq!((there, refused), (added, 2));
}

#[tokio::test]
async fn a_cap_holds_in_the_transaction_that_reaches_it_and_what_is_used_is_billed() {
    let at = Nordlicht::in_march().await;
    at.lets_customers_cap().await;
    at.caps_at("12").await;
    assert_eq!(at.minutes().await, Value::Null);

    // Within the transaction it holds already; without it nothing was.
    let mut desk = at.desk().await;
    usage::record(&mut desk, &at.id, &[used("gone", 2_500, None)]).await.unwrap();
    assert!(subscriptions::entitlements(&mut desk, &at.id).await.unwrap()[0].is_held);
    drop(desk);
    assert_eq!(at.minutes().await, Value::Null);
    at.uses("e1", 2_500).await;
    assert_eq!(at.minutes().await, json!("spend_cap"));
    assert_eq!(at.said("spend_cap.reached", "amount_minor").await, [1_200]);
    assert_eq!(at.letters_about("Nordlicht has reached its cap at Kestrel").await, 1);
    for page in ["/", "/usage"] {
        let shown = at.browser().get(page).await;
        assert!(shown.text.contains("Stopped at your cap of €12.00.") && shown.text.contains("href=\"/usage/alerts\""), "{page}: {}", shown.text);
    }
    let page = at.browser().get(PAGE).await;
    assert!(page.text.contains("You have reached your cap of <b>€12.00</b>: what is charged by use is stopped <b>until 1 April</b>."), "{}", page.text);

    // What comes in nevertheless counts: 3,000 minutes, 16.00.
    at.uses("e2", 500).await;
    assert_eq!((at.minutes().await, at.events("spend_cap.reached").await), (json!("spend_cap"), 1));
    // The period's end is enough, billed or not.
    at.world.app.clock.set(instant("2026-04-01T00:00:00+02:00"));
    assert_eq!(at.minutes().await, Value::Null);
    at.go_to("2026-04-01T02:00:00+02:00").await;
    assert_eq!(at.said("spend_cap.released", "reason").await, ["period"]);
    assert_eq!(at.taken(), [4_700, 4_700 + 1_600]);
    at.sign_in().await;
    let overview = at.browser().get("/").await;
    assert!(!overview.text.contains("Stopped at your cap"), "{}", overview.text);
}

#[tokio::test]
async fn a_cap_lets_go_when_it_is_raised_or_removed_or_usage_is_taken_back() {
    let at = Nordlicht::in_march().await;
    at.lets_customers_cap().await;
    at.uses("e1", 2_500).await;
    // It has been reached already.
    at.caps_at("12.00").await;
    assert_eq!(at.minutes().await, json!("spend_cap"));
    at.caps_at("12.01").await;
    assert_eq!(at.minutes().await, Value::Null);
    at.uses("e2", 500).await;
    assert_eq!(at.minutes().await, json!("spend_cap"));
    let mut desk = at.desk().await;
    usage::reverse(&mut desk, &at.id, "e2").await.unwrap();
    desk.commit().await.unwrap();
    assert_eq!(at.minutes().await, Value::Null);
    at.caps_at("5").await;
    assert_eq!(at.minutes().await, json!("spend_cap"));
    let page = at.sets("uncap", "cap", "").await;
    assert_eq!((page.status, page.location()), (303, "/usage/alerts?did=uncapped"));
    assert_eq!(at.minutes().await, Value::Null);
    assert_eq!(at.said("spend_cap.released", "reason").await, ["raised", "usage", "removed"]);
    assert_eq!(at.events("spend_cap.reached").await, 3);
}

#[tokio::test]
async fn usage_of_the_last_day_that_comes_within_the_grace_is_told_of_its_own_period() {
    let at = Nordlicht::in_march().await;
    at.asks_to_be_told_at("10").await;
    at.lets_customers_cap().await;
    at.caps_at("10").await;
    at.go_to("2026-04-01T00:30:00+02:00").await;
    let mut desk = at.desk().await;
    usage::record(&mut desk, &at.id, &[used("late", 3_000, Some("2026-03-31T23:00:00+02:00"))]).await.unwrap();
    desk.commit().await.unwrap();
    assert_eq!(at.said("spend_alert.reached", "cost_minor").await, [1_600]);
    assert_eq!((at.minutes().await, at.events("spend_cap.reached").await), (Value::Null, 0), "March is over: nobody is held for it");
    // April has its own; what comes for March after that is past.
    at.uses("e1", 3_000).await;
    assert_eq!((at.events("spend_alert.reached").await, at.events("spend_cap.reached").await), (2, 1));
    let mut desk = at.desk().await;
    usage::record(&mut desk, &at.id, &[used("later", 3_000, Some("2026-03-31T23:01:00+02:00"))]).await.unwrap();
    desk.commit().await.unwrap();
    assert_eq!(at.events("spend_alert.reached").await, 2);
}

#[tokio::test]
async fn an_amount_that_is_passed_already_is_told_from_the_next_period_on() {
    let at = Nordlicht::in_march().await;
    at.uses("e1", 3_000).await;
    at.asks_to_be_told_at("10").await;
    at.uses("e2", 100).await;
    assert_eq!(at.events("spend_alert.reached").await, 0);
    assert!(at.browser().get(PAGE).await.text.contains("Reached<"));
    at.go_to("2026-04-01T02:00:00+02:00").await;
    at.uses("e3", 3_000).await;
    assert_eq!(at.events("spend_alert.reached").await, 1);
}

#[tokio::test]
async fn what_cannot_be_an_amount_is_said_at_its_field_and_kept() {
    let at = Nordlicht::in_march().await;
    at.lets_customers_cap().await;
    for (typed, says) in [
        ("", "Write an amount in figures, such as €120.00."),
        ("1,50", "Write an amount in figures"),
        ("$50", "Your usage is charged in EUR."),
        ("0.001", "Write whole steps of €0.01."),
        ("0", "Write an amount above nothing."),
        ("99999999999999", "Write an amount of €10,000,000,000,000.00 at most."),
    ] {
        for (what, field) in [("add", "alert"), ("cap", "cap")] {
            let page = at.sets(what, field, typed).await;
            assert_eq!((page.status, page.text.contains(says)), (422, true), "{what} {typed}: {}", page.text);
            assert!(page.text.contains(&format!("id=\"{field}-error\"")) && (typed.is_empty() || page.text.contains(&format!("value=\"{typed}\""))), "{typed}");
        }
    }
    for amount in 1..=10 {
        at.asks_to_be_told_at(&amount.to_string()).await;
    }
    assert!(!at.browser().get(PAGE).await.text.contains("name=\"what\" value=\"add\""), "there is room for ten");
    assert_eq!(at.sets("add", "alert", "11").await.status, 422);
    let page = at.sets("remove", "alert", "€3.00").await;
    assert_eq!(page.location(), "/usage/alerts?did=removed");
    let s = subscriptions::load(&mut at.desk().await, &at.subscription).await.unwrap();
    assert_eq!(spend::load(&mut at.desk().await, &s).await.unwrap().limits.alerts.len(), 9);
    assert_eq!(at.sets("steal", "alert", "1").await.status, 404);
}

#[tokio::test]
async fn who_may_not_change_looks_and_a_cap_is_only_where_the_vendor_allows_it() {
    let at = Nordlicht::in_march().await;
    at.asks_to_be_told_at("10").await;
    let page = at.browser().get(PAGE).await;
    assert!(!page.text.contains("id=\"h-cap\""), "{}", page.text);
    assert_eq!(at.sets("cap", "cap", "50").await.status, 404);
    let vera = at.world.member("vera@nordlicht.example", &at.id, Role::Viewer).await;
    let page = vera.browser.get(PAGE).await;
    assert!(page.status == 200 && page.text.contains("€10.00") && !page.text.contains("<form method=\"post\" action=\"/usage/alerts\""), "{}", page.text);
    assert_eq!(vera.browser.post(PAGE, &[("what", "remove"), ("alert", "10")]).await.status, 403);
    // Another customer's are their own.
    let other = at.world.customer("Suedwind").await;
    let olaf = at.world.member("olaf@suedwind.example", &other, Role::Owner).await;
    assert!(!olaf.browser.get(PAGE).await.text.contains("€10.00"));
    assert_eq!(olaf.browser.post(PAGE, &[("what", "remove"), ("alert", "10")]).await.status, 404);
    // One that was set while it was allowed can still be taken away.
    at.lets_customers_cap().await;
    at.sign_in().await;
    at.caps_at("50").await;
    let mut desk = at.desk().await;
    settings::save(&mut desk, Settings::default()).await.unwrap();
    desk.commit().await.unwrap();
    assert!(at.browser().get(PAGE).await.text.contains("Your cap is €50.00."));
    assert_eq!(at.sets("uncap", "cap", "").await.status, 303);
}

#[tokio::test]
async fn a_vendors_program_reads_and_sets_the_same_limits() {
    let at = Nordlicht::in_march().await;
    let program = at.world.program("subscriptions:read,subscriptions:write").await;
    let path = format!("/subscriptions/{}/spend", at.subscription);
    let told = program.get(&path).await.ok();
    assert_eq!((&told["cost_minor"], &told["alerts"], &told["cap"], &told["currency"]), (&json!(0), &json!([]), &Value::Null, &json!("EUR")));
    let told = program.patch(&path, json!({ "currency": "EUR", "alerts_minor": [2000, 1000, 2000], "cap_minor": 1500 })).await.ok();
    let amounts: Vec<_> = told["alerts"].as_array().unwrap().iter().map(|alert| alert["amount_minor"].clone()).collect();
    assert_eq!((amounts, &told["cap"]["amount_minor"]), (vec![json!(1000), json!(2000)], &json!(1500)));
    at.uses("e1", 3_000).await;
    let told = program.get(&path).await.ok();
    assert_eq!((&told["cost_minor"], &told["alerts"][0]["is_reached"], &told["alerts"][1]["is_reached"]), (&json!(1600), &json!(true), &json!(false)));
    assert_eq!((&told["cap"]["is_held"], &told["cap"]["held_at"]), (&json!(true), &json!("2026-03-10T11:00:00Z")));
    let told = program.patch(&path, json!({ "cap_minor": null })).await.ok();
    assert_eq!((&told["cap"], told["alerts"].as_array().unwrap().len()), (&Value::Null, 2));
    for (body, pointer) in [
        (json!({ "currency": "USD", "alerts_minor": [1] }), "/currency"),
        (json!({ "alerts_minor": [0] }), "/alerts_minor"),
        (json!({ "alerts_minor": (1..=11).collect::<Vec<_>>() }), "/alerts_minor"),
        (json!({ "cap_minor": -1 }), "/cap_minor"),
        (json!({ "cap_minor": 1_000_000_000_000_001_i64 }), "/cap_minor"),
    ] {
        assert_eq!(program.patch(&path, body.clone()).await.problem(), (422, "fields", pointer), "{body}");
    }
    assert_eq!(program.get(&path).await.ok()["alerts"].as_array().unwrap().len(), 2, "nothing was half done");
}

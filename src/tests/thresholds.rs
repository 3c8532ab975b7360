//! Usage invoiced before its period ends, once it costs what the vendor states for the plan; the period's end bills the rest. Two customers use
//! the same: one on a plan with a threshold, one on the same plan without.

use billing::subscription::Unused;
use portico::services::customers::Role;
use portico::services::subscriptions::{self, Action, CancelRequest, When};
use portico::services::{check, invoices, usage};
use portico::worker::bill;
use serde_json::{Value, json};

use crate::api::{Program, customer, text};
use crate::world::{World, instant};

const THRESHOLD: i64 = 10_000;

struct Two {
    world: World,
    program: Program,
    /// Whose plan has the threshold.
    often: String,
    /// Whose plan has none.
    once: String,
    /// Of `often`.
    subscription: String,
}

/// What of a document counts here: why, when, and its lines' kinds and amounts.
type Told = (String, String, Vec<(String, i64)>);

impl Two {
    /// On 1 June, at a price that counts calls.
    async fn new(price: Value) -> Two {
        let world = World::at("2026-06-01T00:00:00+02:00").await;
        let program = world.program("*").await;
        program.post("/meters", json!({ "key": "calls", "name": "Calls", "unit": "calls", "aggregate": "sum" })).await.ok();
        let mut price = price;
        price.as_object_mut().unwrap().extend(json!({ "key": "calls", "name": "Calls", "meter": "calls" }).as_object().unwrap().clone());
        let fee = json!({ "key": "base", "name": "Base", "model": "flat", "amount_minor": 2_900 });
        let (mut ids, mut subscriptions) = (Vec::new(), Vec::new());
        for (key, thresholds) in [("often", json!([{ "currency": "EUR", "amount_minor": THRESHOLD }])), ("once", json!([]))] {
            let plan = json!({ "key": key, "name": key, "prices": [fee, price], "invoice_thresholds": thresholds });
            let plan = program.post("/plans", plan).await.ok();
            assert_eq!(plan["invoice_thresholds"], thresholds);
            program.post(&format!("/plans/{}/publish", text(&plan, "id")), json!({})).await.ok();
            let id = text(&customer(&program, key).await, "id");
            let start = program.post("/subscriptions", json!({ "customer_id": id, "plan_id": plan["id"] })).await.ok();
            subscriptions.push(text(&start, "id"));
            ids.push(id);
        }
        let [often, once] = ids.try_into().unwrap();
        Two { world, program, often, once, subscription: subscriptions.remove(0) }
    }

    /// Time passes, both use so many calls, and what is due is billed.
    async fn uses(&self, time: &str, calls: &str) {
        self.go_to(time).await;
        let event = |customer: &str| json!({ "id": format!("{customer}-{time}"), "customer_id": customer, "meter": "calls", "quantity": calls });
        let sent = self.program.post("/usage", json!({ "events": [event(&self.often), event(&self.once)] })).await.ok();
        assert_eq!(sent["results"][0]["outcome"], "counted", "{sent}");
        self.go_to(time).await;
    }

    async fn go_to(&self, time: &str) {
        self.world.app.clock.set(instant(time));
        let report = bill::bill(&self.world.app, &self.world.vendor, self.world.now()).await.unwrap();
        assert!(report.failed.is_empty(), "{:?}", report.failed);
    }

    /// The documents of a customer since the first, which the period began with.
    async fn documents(&self, customer: &str) -> Vec<Told> {
        let mut desk = self.world.desk().await;
        let mut told = Vec::new();
        for summary in invoices::list(&mut desk, customer, 100).await.unwrap().into_iter().rev().skip(1) {
            let document = invoices::by_number(&mut desk, customer, &summary.number).await.unwrap();
            let lines = document.snapshot().unwrap().lines;
            let lines = lines.iter().map(|of| (subscriptions::word(of.line.kind).unwrap(), of.line.amount_minor)).collect();
            told.push((document.reason, document.issued_at.format("%m-%d").to_string(), lines));
        }
        told
    }

    /// Both came to the same, and the books hold.
    async fn come_to_the_same(&self) {
        let sum = |documents: Vec<Told>| documents.into_iter().flat_map(|(_, _, lines)| lines).map(|(_, amount)| amount).sum::<i64>();
        assert_eq!(sum(self.documents(&self.often).await), sum(self.documents(&self.once).await));
        assert_eq!(check::check(&self.world.app).await.unwrap().broken, None);
    }
}

impl Two {
    /// What both used then turns out not to have been used.
    async fn take_back(&self, time: &str) {
        let mut desk = self.world.desk().await;
        for customer in [&self.often, &self.once] {
            usage::reverse(&mut desk, customer, &format!("{customer}-{time}")).await.unwrap();
        }
        desk.commit().await.unwrap();
    }
}

fn told(reason: &str, day: &str, lines: &[(&str, i64)]) -> Told {
    (reason.to_owned(), day.to_owned(), lines.iter().map(|(kind, amount)| ((*kind).to_owned(), *amount)).collect())
}

#[tokio::test]
async fn tiers_and_included_amounts_come_out_over_the_whole_period() {
    // 100 are included, the next 1,000 cost 20 ct, further ones 5 ct and 1.00 to begin.
    let tiers = json!([{ "up_to": "1000", "unit_amount_minor": "20" }, { "unit_amount_minor": "5", "flat_amount_minor": "100" }]);
    let at = Two::new(json!({ "model": "graduated", "included": "100", "tiers": tiers })).await;
    at.uses("2026-06-03T10:00:00+02:00", "599.9").await;
    assert_eq!(at.documents(&at.often).await, [], "€99.98 is no €100.00");
    at.uses("2026-06-05T10:00:00+02:00", "0.1").await;
    at.uses("2026-06-06T10:00:00+02:00", "499").await;
    at.uses("2026-06-07T10:00:00+02:00", "300").await;
    at.go_to("2026-07-01T01:00:00+02:00").await;
    assert_eq!(
        at.documents(&at.often).await,
        [
            told("threshold", "06-05", &[("usage", 10_000)]),
            // 10,000 for the rest of the first tier, 100 and 299 × 5 beyond.
            told("threshold", "06-07", &[("usage", 10_000 + 100 + 1_495)]),
            told("cycle", "06-30", &[("recurring", 2_900)]),
        ]
    );
    at.come_to_the_same().await;
    // Run again, nothing is added; the next period begins at nothing.
    at.go_to("2026-07-02T01:00:00+02:00").await;
    at.uses("2026-07-03T10:00:00+02:00", "600").await;
    assert_eq!(at.documents(&at.often).await.last(), Some(&told("threshold", "07-03", &[("usage", 10_000)])));
}

#[tokio::test]
async fn packages_and_a_minimum_come_out_and_the_page_says_what_was_invoiced_before() {
    let at = Two::new(json!({ "model": "package", "package_size": "100", "package_amount_minor": "6000", "minimum_minor": 30_000 })).await;
    at.uses("2026-06-03T10:00:00+02:00", "150").await;
    at.uses("2026-06-04T10:00:00+02:00", "60").await;
    at.go_to("2026-07-01T01:00:00+02:00").await;
    assert_eq!(
        at.documents(&at.often).await,
        [told("threshold", "06-03", &[("usage", 12_000)]), told("cycle", "06-30", &[("recurring", 2_900), ("usage", 6_000), ("minimum", 12_000)]),]
    );
    at.come_to_the_same().await;
    let mut desk = at.world.desk().await;
    let last = invoices::list(&mut desk, &at.often, 1).await.unwrap().remove(0);
    drop(desk);
    let owner = at.world.member("owner@often.example", &at.often, Role::Owner).await;
    let page = owner.browser.get(&format!("/invoices/{}", last.number)).await;
    assert!(page.text.contains("€180.00 in this period so far, of which €120.00 is on an invoice already."), "{}", page.text);
}

#[tokio::test]
async fn what_falls_in_a_cheaper_tier_is_taken_back_at_the_end_and_late_usage_goes_on_from_there() {
    // All at 20 ct up to 1,000, all at 5 ct above.
    let tiers = json!([{ "up_to": "1000", "unit_amount_minor": "20" }, { "unit_amount_minor": "5" }]);
    let at = Two::new(json!({ "model": "volume", "tiers": tiers })).await;
    at.uses("2026-06-03T10:00:00+02:00", "900").await;
    at.uses("2026-06-10T10:00:00+02:00", "300").await;
    at.go_to("2026-07-01T01:00:00+02:00").await;
    assert_eq!(
        at.documents(&at.often).await,
        [told("threshold", "06-03", &[("usage", 18_000)]), told("cycle", "06-30", &[("recurring", 2_900), ("usage", -12_000)])]
    );
    at.come_to_the_same().await;
    // 100 of June arrive in July: 5.00 more, whatever it was billed with.
    let late = |customer: &str| json!({ "id": format!("late-{customer}"), "customer_id": customer, "meter": "calls", "quantity": "100", "at": "2026-06-30T12:00:00Z" });
    at.program.post("/usage", json!({ "events": [late(&at.often), late(&at.once)] })).await.ok();
    at.go_to("2026-08-01T01:00:00+02:00").await;
    let lines = |documents: Vec<Told>| documents.last().unwrap().2.clone();
    let expected = vec![("recurring".to_owned(), 2_900), ("late_usage".to_owned(), 500)];
    assert_eq!((lines(at.documents(&at.often).await), lines(at.documents(&at.once).await)), (expected.clone(), expected));
    at.come_to_the_same().await;
}

#[tokio::test]
async fn an_end_before_the_periods_bills_the_rest() {
    let at = Two::new(json!({ "model": "per_unit", "unit_amount_minor": "20" })).await;
    at.uses("2026-06-03T10:00:00+02:00", "600").await;
    at.uses("2026-06-04T10:00:00+02:00", "100").await;
    at.go_to("2026-06-04T11:00:00+02:00").await;
    let mut desk = at.world.desk().await;
    let end = Action::Cancel(CancelRequest { when: When::Now, unused: Unused::Kept, reason: None, comment: None });
    subscriptions::act(&mut desk, &at.often, &at.subscription, &end).await.unwrap();
    desk.commit().await.unwrap();
    // When the last usage has had its hour.
    at.go_to("2026-06-04T12:00:00+02:00").await;
    assert_eq!(at.documents(&at.often).await, [told("threshold", "06-03", &[("usage", 12_000)]), told("final", "06-04", &[("usage", 2_000)])]);
    check::check(&at.world.app).await.unwrap();
}

#[tokio::test]
async fn a_threshold_is_of_one_currency_and_can_be_taken_away() {
    let at = Two::new(json!({ "model": "per_unit", "unit_amount_minor": "20" })).await;
    let plans = at.program.get("/plans").await.ok();
    let path = format!("/plans/{}/invoice-threshold", text(&plans["data"][0], "id"));
    let set = at.program.post(&path, json!({ "currency": "USD", "amount_minor": 100 })).await.ok();
    assert_eq!(set["invoice_thresholds"], json!([{ "currency": "EUR", "amount_minor": THRESHOLD }, { "currency": "USD", "amount_minor": 100 }]));
    let set = at.program.post(&path, json!({ "amount_minor": null })).await.ok();
    assert_eq!(set["invoice_thresholds"], json!([{ "currency": "USD", "amount_minor": 100 }]));
    at.uses("2026-06-03T10:00:00+02:00", "6000").await;
    assert_eq!(at.documents(&at.often).await, []);
    for (body, pointer) in [(json!({ "amount_minor": 0 }), "/amount_minor"), (json!({ "currency": "EURO", "amount_minor": 1 }), "/currency")] {
        assert_eq!(at.program.post(&path, body.clone()).await.problem(), (422, "fields", pointer), "{body}");
    }
    let plan = json!({ "key": "x", "name": "X", "prices": [], "invoice_thresholds": [{ "currency": "EUR", "amount_minor": -1 }] });
    assert_eq!(at.program.post("/plans", plan).await.problem(), (422, "fields", "/invoice_thresholds/0/amount_minor"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_workers_invoice_once_while_usage_comes_in() {
    let at = Two::new(json!({ "model": "per_unit", "unit_amount_minor": "20" })).await;
    at.world.app.clock.set(instant("2026-06-03T10:00:00+02:00"));
    let mut tasks = Vec::new();
    for n in 0..8 {
        let (app, vendor, program, often) = (at.world.app.clone(), at.world.vendor.clone(), at.program.clone(), at.often.clone());
        tasks.push(tokio::spawn(async move {
            for event in 0..4 {
                let event = json!({ "id": format!("{n}-{event}"), "customer_id": often, "meter": "calls", "quantity": "40" });
                program.post("/usage", json!({ "events": [event] })).await.ok();
                let report = bill::bill(&app, &vendor, app.now(&vendor).billing).await.unwrap();
                assert!(report.failed.is_empty(), "{:?}", report.failed);
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    // 1,280 calls: 256.00. Each invoice was of at least the threshold.
    let documents = at.documents(&at.often).await;
    let amounts: Vec<i64> = documents.iter().flat_map(|(_, _, lines)| lines).map(|(_, amount)| *amount).collect();
    assert!(!amounts.is_empty() && amounts.iter().all(|amount| *amount >= THRESHOLD), "{amounts:?}");
    at.go_to("2026-07-01T01:00:00+02:00").await;
    let all: i64 = at.documents(&at.often).await.iter().flat_map(|(_, _, lines)| lines).map(|(_, amount)| *amount).sum();
    assert_eq!(all, 25_600 + 2_900);
}

#[tokio::test]
async fn usage_taken_back_after_the_end_is_credited_of_what_was_invoiced_before_it_too() {
    let at = Two::new(json!({ "model": "per_unit", "unit_amount_minor": "20" })).await;
    at.uses("2026-06-05T10:00:00+02:00", "300").await;
    at.uses("2026-06-06T10:00:00+02:00", "200").await;
    at.uses("2026-06-20T10:00:00+02:00", "20").await;
    at.go_to("2026-07-01T01:00:00+02:00").await;
    at.take_back("2026-06-05T10:00:00+02:00").await;
    at.go_to("2026-08-01T01:00:00+02:00").await;
    assert_eq!(
        at.documents(&at.often).await,
        [
            told("threshold", "06-06", &[("usage", 10_000)]),
            told("cycle", "06-30", &[("recurring", 2_900), ("usage", 400)]),
            // 300 calls less are 60.00: all of the last line, and the rest of the one before it.
            told("cycle", "07-31", &[("recurring", 2_900), ("late_usage", -400), ("late_usage", -5_600)]),
        ]
    );
    at.come_to_the_same().await;
}

#[tokio::test]
async fn usage_taken_back_before_the_worker_comes_is_no_reason_for_an_invoice() {
    let at = Two::new(json!({ "model": "per_unit", "unit_amount_minor": "20" })).await;
    let time = "2026-06-05T10:00:00+02:00";
    at.go_to(time).await;
    for customer in [&at.often, &at.once] {
        let event = json!({ "id": format!("{customer}-{time}"), "customer_id": customer, "meter": "calls", "quantity": "600" });
        at.program.post("/usage", json!({ "events": [event] })).await.ok();
    }
    at.take_back(time).await;
    at.go_to(time).await;
    assert_eq!(at.documents(&at.often).await, []);
}

#[tokio::test]
async fn who_asks_for_an_invoice_that_has_just_fallen_due_gets_it() {
    let at = Two::new(json!({ "model": "per_unit", "unit_amount_minor": "20" })).await;
    at.go_to("2026-06-05T10:00:00+02:00").await;
    let event = json!({ "id": "e1", "customer_id": at.often, "meter": "calls", "quantity": "600" });
    at.program.post("/usage", json!({ "events": [event] })).await.ok();
    at.world.wait(chrono::Duration::seconds(1));
    let invoice = at.program.post(&format!("/subscriptions/{}/invoice", at.subscription), json!({})).await.ok();
    assert_eq!(invoice["total_minor"], json!(12_000));
    assert_eq!(at.documents(&at.often).await, [told("threshold", "06-05", &[("usage", 12_000)])]);
}

impl Two {
    /// Credits all of the last invoice of `often`.
    async fn credit_the_last(&self) {
        let mut desk = self.world.desk().await;
        let last = invoices::list(&mut desk, &self.often, 1).await.unwrap().remove(0).id;
        drop(desk);
        self.program.post(&format!("/invoices/{last}/credit-notes"), json!({})).await.ok();
    }

    /// The documents of `often` that its usage made by itself: without credit notes.
    async fn invoices(&self) -> Vec<Told> {
        let mut documents = self.documents(&self.often).await;
        documents.retain(|(reason, ..)| reason != "manual");
        documents
    }

    /// `often` uses so many calls at a moment, and the worker does not come.
    async fn used(&self, time: &str, calls: &str) {
        self.world.app.clock.set(instant(time));
        let event = json!({ "id": format!("{time} {calls}"), "customer_id": self.often, "meter": "calls", "quantity": calls });
        assert_eq!(self.program.post("/usage", json!({ "events": [event] })).await.ok()["results"][0]["outcome"], "counted");
    }

    /// The worker does what is due by a moment that may have passed.
    async fn works_until(&self, time: &str) {
        let report = bill::bill(&self.world.app, &self.world.vendor, instant(time)).await.unwrap();
        assert!(report.failed.is_empty(), "{:?}", report.failed);
    }
}

#[tokio::test]
async fn what_a_credit_note_forgives_is_not_asked_for_again() {
    let at = Two::new(json!({ "model": "per_unit", "unit_amount_minor": "20" })).await;
    at.uses("2026-06-03T10:00:00+02:00", "600").await;
    at.credit_the_last().await;
    // 20.00 since: not the threshold, and all that the end bills.
    at.uses("2026-06-05T10:00:00+02:00", "100").await;
    at.go_to("2026-07-01T01:00:00+02:00").await;
    assert_eq!(at.invoices().await, [told("threshold", "06-03", &[("usage", 12_000)]), told("cycle", "06-30", &[("recurring", 2_900), ("usage", 2_000)])]);
    assert_eq!(check::check(&at.world.app).await.unwrap().broken, None);
}

#[tokio::test]
async fn usage_taken_back_of_what_was_credited_leaves_late_usage_to_pay() {
    let at = Two::new(json!({ "model": "per_unit", "unit_amount_minor": "20" })).await;
    at.uses("2026-06-03T10:00:00+02:00", "600").await;
    at.credit_the_last().await;
    at.take_back("2026-06-03T10:00:00+02:00").await;
    at.uses("2026-06-04T10:00:00+02:00", "100").await;
    at.go_to("2026-07-01T01:00:00+02:00").await;
    // Of the 120.00 that were credited 20.00 stand at the end; 50 calls that come late are 10.00 more.
    let late = json!({ "id": "late", "customer_id": at.often, "meter": "calls", "quantity": "50", "at": "2026-06-30T12:00:00Z" });
    at.program.post("/usage", json!({ "events": [late] })).await.ok();
    at.go_to("2026-08-01T01:00:00+02:00").await;
    assert_eq!(
        at.invoices().await,
        [
            told("threshold", "06-03", &[("usage", 12_000)]),
            told("cycle", "06-30", &[("recurring", 2_900)]),
            told("cycle", "07-31", &[("recurring", 2_900), ("late_usage", 1_000)]),
        ]
    );
    assert_eq!(check::check(&at.world.app).await.unwrap().broken, None);
}

#[tokio::test]
async fn steady_usage_does_not_put_off_what_is_due() {
    let at = Two::new(json!({ "model": "per_unit", "unit_amount_minor": "20" })).await;
    at.used("2026-06-05T10:00:00+02:00", "600").await;
    at.used("2026-06-05T10:01:00+02:00", "50").await;
    at.used("2026-06-06T10:00:00+02:00", "500").await;
    // A run that began with the first of them finds it, and sees that the rest is due by now.
    at.works_until("2026-06-05T10:00:01+02:00").await;
    let first = told("threshold", "06-05", &[("usage", 12_000)]);
    assert_eq!(at.invoices().await, std::slice::from_ref(&first));
    at.works_until("2026-06-06T10:00:00+02:00").await;
    let both = [first, told("threshold", "06-06", &[("usage", 11_000)])];
    assert_eq!(at.invoices().await, both);
    // What is left is not due.
    at.used("2026-06-06T11:00:00+02:00", "400").await;
    at.works_until("2026-06-07T10:00:00+02:00").await;
    assert_eq!(at.invoices().await, both);
}

#[tokio::test]
async fn what_no_longer_comes_to_the_threshold_when_the_worker_looks_waits_on() {
    let at = Two::new(json!({ "model": "per_unit", "unit_amount_minor": "20" })).await;
    at.used("2026-06-05T10:00:00+02:00", "600").await;
    at.used("2026-06-05T10:00:00+02:00", "-200").await;
    at.works_until("2026-06-05T10:00:00+02:00").await;
    assert_eq!(at.invoices().await, []);
    at.used("2026-06-05T10:05:00+02:00", "150").await;
    at.works_until("2026-06-05T10:05:00+02:00").await;
    assert_eq!(at.invoices().await, [told("threshold", "06-05", &[("usage", 11_000)])]);
}

#[tokio::test]
async fn a_subscription_whose_change_is_being_paid_keeps_nobody_waiting_and_is_invoiced_after() {
    let at = Two::new(json!({ "model": "per_unit", "unit_amount_minor": "20" })).await;
    at.used("2026-06-05T10:00:00+02:00", "600").await;
    let mut desk = at.world.desk().await;
    let until = instant("2026-06-05T10:15:00+02:00").timestamp_millis();
    desk.tx.run("UPDATE subscriptions SET held_by = 'qte_1', held_until_at = $2 WHERE id = $1", (at.subscription.clone(), until)).await.unwrap();
    desk.commit().await.unwrap();
    let run = tokio::time::timeout(std::time::Duration::from_secs(20), at.works_until("2026-06-05T10:00:00+02:00"));
    run.await.expect("a run that ends");
    assert_eq!(at.invoices().await, []);
    at.go_to("2026-06-05T10:15:01+02:00").await;
    assert_eq!(at.invoices().await, [told("threshold", "06-05", &[("usage", 12_000)])]);
}

#[tokio::test]
async fn a_pause_invoices_first_what_is_due_and_a_paused_subscription_reaches_nothing() {
    let at = Two::new(json!({ "model": "per_unit", "unit_amount_minor": "20" })).await;
    at.used("2026-06-05T10:00:00+02:00", "600").await;
    at.program.post(&format!("/subscriptions/{}/pause", at.subscription), json!({ "when": "now" })).await.ok();
    assert_eq!(at.invoices().await[0], told("threshold", "06-05", &[("usage", 12_000)]));
    let before = at.invoices().await.len();
    at.used("2026-06-06T10:00:00+02:00", "600").await;
    at.works_until("2026-06-06T10:00:00+02:00").await;
    assert_eq!(at.invoices().await.len(), before);
}

#[tokio::test]
async fn a_cap_stops_what_comes_and_not_the_invoice_of_what_was_used() {
    let at = Two::new(json!({ "model": "per_unit", "unit_amount_minor": "20" })).await;
    let spend = format!("/subscriptions/{}/spend", at.subscription);
    at.program.patch(&spend, json!({ "cap_minor": 5_000 })).await.ok();
    at.used("2026-06-05T10:00:00+02:00", "600").await;
    assert_eq!(at.program.get(&spend).await.ok()["cap"]["is_held"], json!(true));
    at.works_until("2026-06-05T10:00:00+02:00").await;
    assert_eq!(at.invoices().await, [told("threshold", "06-05", &[("usage", 12_000)])]);
    // What was invoiced was spent: the cap holds on.
    assert_eq!(at.program.get(&spend).await.ok()["cap"]["is_held"], json!(true));
}

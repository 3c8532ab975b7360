//! Periods, anchors, trials and boundaries.

use billing::calendar::Instant;
use chrono::Datelike;
use serde_json::{Value, json};

use super::{Story, Told};

/// From and to of the first line of every invoice.
fn periods(told: &Told) -> Vec<(String, String)> {
    let of = |line: &Value, key: &str| line[key].as_str().unwrap().to_owned();
    told.0["invoices"].as_array().unwrap().iter().map(|invoice| (of(&invoice["lines"][0], "from"), of(&invoice["lines"][0], "to"))).collect()
}

#[track_caller]
fn boundaries(told: &Told, expected: &[&str]) {
    let periods = periods(told);
    let came: Vec<&str> = periods.iter().map(|(from, _)| from.as_str()).chain(periods.last().map(|(_, to)| to.as_str())).collect();
    assert_eq!(came, expected);
}

#[tokio::test]
async fn a_31st_falls_on_each_months_last_day_for_ten_years_and_returns() {
    let told = Story::new().plan("p", 1000).subscribe("2020-01-31T10:30:00Z", "p", json!({})).until("2030-01-31T10:30:00Z").tell().await.smoothly();
    let periods = periods(&told);
    assert_eq!(periods.len(), 121);
    for (index, (from, to)) in periods.iter().enumerate() {
        let from: Instant = from.parse().unwrap();
        let next_month = from.date_naive().with_day(1).unwrap() + chrono::Months::new(1);
        let last_day = next_month.pred_opt().unwrap().day();
        assert_eq!((from.day(), from.format("%H:%M:%S").to_string().as_str()), (last_day, "10:30:00"), "{from}");
        // Without a gap and without an overlap.
        assert_eq!(periods.get(index + 1).map_or(to, |(next, _)| next), to);
    }
}

#[tokio::test]
async fn a_wall_time_that_the_clocks_jump_over_falls_on_the_first_instant_after() {
    let story = Story::new().ada(json!({"time_zone": "Europe/Paris"})).plan("p", 1000);
    // 02:30 in Paris; on 31 March 2024 the clocks go from 02:00 to 03:00.
    let told = story.subscribe("2024-01-31T01:30:00Z", "p", json!({})).until("2024-05-01T00:00:00Z").tell().await.smoothly();
    boundaries(&told, &["2024-01-31T01:30:00Z", "2024-02-29T01:30:00Z", "2024-03-31T01:00:00Z", "2024-04-30T00:30:00Z", "2024-05-31T00:30:00Z"]);
}

#[tokio::test]
async fn a_wall_time_that_comes_twice_is_the_earlier() {
    let story = Story::new().ada(json!({"time_zone": "Europe/Paris"})).plan("p", 1000);
    // 02:30 in Paris; on 27 October 2024 it is 02:30 twice.
    let told = story.subscribe("2024-09-27T00:30:00Z", "p", json!({})).until("2024-11-28T00:00:00Z").tell().await.smoothly();
    boundaries(&told, &["2024-09-27T00:30:00Z", "2024-10-27T00:30:00Z", "2024-11-27T01:30:00Z", "2024-12-27T01:30:00Z"]);
}

#[tokio::test]
async fn the_billing_zone_is_the_customers_else_the_vendors() {
    let story = |ada| {
        Story::new().vendor(json!({"time_zone": "America/New_York"})).ada(ada).plan("p", 3100).subscribe("2024-01-01T12:00:00Z", "p", json!({"anchor_day": 15}))
    };
    let told = story(json!({})).until("2024-01-16T00:00:00Z").tell().await.smoothly();
    boundaries(&told, &["2024-01-01T12:00:00Z", "2024-01-15T05:00:00Z", "2024-02-15T05:00:00Z"]);
    let told = story(json!({"time_zone": "Asia/Tokyo"})).until("2024-01-16T00:00:00Z").tell().await.smoothly();
    boundaries(&told, &["2024-01-01T12:00:00Z", "2024-01-14T15:00:00Z", "2024-02-14T15:00:00Z"]);
}

#[tokio::test]
async fn days_weeks_quarters_and_leap_years_repeat_from_their_anchor() {
    for (interval, count, start, until, expected) in [
        ("day", 10, "2024-02-20T08:00:00Z", "2024-03-02T00:00:00Z", ["2024-02-20T08:00:00Z", "2024-03-01T08:00:00Z", "2024-03-11T08:00:00Z"]),
        ("week", 2, "2024-12-23T00:00:00Z", "2025-01-07T00:00:00Z", ["2024-12-23T00:00:00Z", "2025-01-06T00:00:00Z", "2025-01-20T00:00:00Z"]),
        ("month", 3, "2024-11-30T00:00:00Z", "2025-03-01T00:00:00Z", ["2024-11-30T00:00:00Z", "2025-02-28T00:00:00Z", "2025-05-30T00:00:00Z"]),
        ("year", 1, "2024-02-29T00:00:00Z", "2025-03-01T00:00:00Z", ["2024-02-29T00:00:00Z", "2025-02-28T00:00:00Z", "2026-02-28T00:00:00Z"]),
        ("year", 4, "2024-02-29T00:00:00Z", "2028-03-01T00:00:00Z", ["2024-02-29T00:00:00Z", "2028-02-29T00:00:00Z", "2032-02-29T00:00:00Z"]),
    ] {
        let plan = json!({"id": "p", "interval": interval, "interval_count": count, "prices": [{"id": "base", "model": "flat", "amount": 1000}]});
        let told = Story::new().with("plans", plan).subscribe(start, "p", json!({})).until(until).tell().await.smoothly();
        boundaries(&told, &expected);
    }
}

#[tokio::test]
async fn a_stub_costs_its_share_of_the_period_that_the_anchor_ends() {
    // From 16 June to 1 July is 15 of June's 30 days.
    let story = |by: &str| {
        Story::new()
            .vendor(json!({"proration": {"by": by}}))
            .plan("p", 3000)
            .subscribe("2024-06-16T00:00:00Z", "p", json!({"anchor_day": 1}))
            .until("2024-07-02T00:00:00Z")
    };
    for by in ["second", "day"] {
        let told = story(by).tell().await.smoothly().totals("invoices", &[1500, 3000]);
        boundaries(&told, &["2024-06-16T00:00:00Z", "2024-07-01T00:00:00Z", "2024-08-01T00:00:00Z"]);
        told.lines("/invoices/0", &[("proration_charge", "base", 1500)]).lines("/invoices/1", &[("recurring", "base", 3000)]);
    }
    // By `none` it costs nothing: an invoice of no lines is not made.
    story("none").tell().await.smoothly().totals("invoices", &[3000]).lines("/invoices/0", &[("recurring", "base", 3000)]);
}

#[tokio::test]
async fn an_anchor_may_be_any_instant() {
    // From 1 June to 10 June 12:00 is 9.5 of the 31 days since 10 May 12:00.
    let story = Story::new().plan("p", 3100).subscribe("2024-06-01T00:00:00Z", "p", json!({"anchor": "2024-06-10T12:00:00Z"}));
    let told = story.until("2024-06-11T00:00:00Z").tell().await.smoothly().totals("invoices", &[950, 3100]);
    boundaries(&told, &["2024-06-01T00:00:00Z", "2024-06-10T12:00:00Z", "2024-07-10T12:00:00Z"]);
    // One in the past counts on to now.
    let story = Story::new().plan("p", 3000).subscribe("2024-06-16T00:00:00Z", "p", json!({"anchor": "2023-01-01T00:00:00Z"}));
    story.tell().await.smoothly().lines("/invoices/0", &[("proration_charge", "base", 1500)]);
}

#[tokio::test]
async fn a_trial_lasts_calendar_days_and_ends_in_the_first_charge() {
    // 14 days of Paris over the change of clocks: from 10:00 CET to 10:00 CEST.
    let story = Story::new()
        .ada(json!({"time_zone": "Europe/Paris"}))
        .with("plans", json!({"id": "p", "interval": "month", "trial_days": 14, "prices": [{"id": "base", "model": "flat", "amount": 1000}]}));
    let told = story.subscribe("2024-03-20T09:00:00Z", "p", json!({})).until("2024-04-04T00:00:00Z").tell().await.smoothly();
    boundaries(&told, &["2024-04-03T08:00:00Z", "2024-05-03T08:00:00Z"]);
    told.holds(json!({
        "invoices": [{"reason": "start", "issued_at": "2024-04-03T08:00:00Z"}],
        "messages": [{"at": "2024-03-31T08:00:00Z", "customer": "ada", "kind": "trial_ending"}],
        "subscriptions": [{"id": "s1", "status": "active", "entitled": true}]
    }));
}

#[tokio::test]
async fn a_trial_is_the_subscriptions_own_and_entitles_before_it_is_paid() {
    let story = Story::new().plan("p", 1000).subscribe("2024-06-01T00:00:00Z", "p", json!({"trial_days": 7}));
    story.until("2024-06-07T23:59:59Z").tell().await.smoothly().totals("invoices", &[]).holds(json!({
        "subscriptions": [{"status": "trialing", "entitled": true, "period": {"from": "2024-06-01T00:00:00Z", "to": "2024-06-08T00:00:00Z"}}]
    }));
}

#[tokio::test]
async fn an_anchor_day_after_a_trial_makes_a_stub_from_the_trials_end() {
    // The trial ends on 16 June; the rest of June is half of it.
    let story = Story::new().plan("p", 3000).subscribe("2024-06-02T00:00:00Z", "p", json!({"trial_days": 14, "anchor_day": 1}));
    let told = story.until("2024-07-01T00:00:00Z").tell().await.smoothly().totals("invoices", &[1500, 3000]);
    boundaries(&told, &["2024-06-16T00:00:00Z", "2024-07-01T00:00:00Z", "2024-08-01T00:00:00Z"]);
}

#[tokio::test]
async fn what_falls_due_at_a_steps_instant_happens_before_it_and_the_boundary_belongs_to_the_new_period() {
    // The change at midnight finds July charged: all of July goes back, and all of July comes at the new price.
    let told = Story::flat(3000).plan("q", 6200).change("2024-07-01T00:00:00Z", json!({"plan": "q"})).tell().await.smoothly();
    told.totals("invoices", &[3000, 3000, 3200]).lines("/invoices/2", &[("proration_credit", "base", -3000), ("proration_charge", "base", 6200)]);
}

#[tokio::test]
async fn a_change_of_interval_begins_a_new_period_and_one_at_the_same_interval_does_not() {
    let yearly = json!([{"id": "base", "model": "flat", "amount": 30000}]);
    let told = Story::flat(3000)
        .priced("y", "year", yearly)
        .change("2024-06-16T00:00:00Z", json!({"plan": "y"}))
        .until("2025-06-16T00:00:00Z")
        .tell()
        .await
        .smoothly();
    told.totals("invoices", &[3000, 28500, 30000]).lines("/invoices/1", &[("proration_credit", "base", -1500), ("recurring", "base", 30000)]).holds(json!({
        "invoices": [{"reason": "start"}, {"reason": "change", "lines": [{}, {"from": "2024-06-16T00:00:00Z", "to": "2025-06-16T00:00:00Z"}]}, {"reason": "cycle"}],
        "subscriptions": [{"period": {"from": "2025-06-16T00:00:00Z", "to": "2026-06-16T00:00:00Z"}}]
    }));
    let told = Story::flat(3000).plan("q", 6000).change("2024-06-16T00:00:00Z", json!({"plan": "q"})).until("2024-07-01T00:00:00Z").tell().await.smoothly();
    told.holds(json!({"subscriptions": [{"period": {"from": "2024-07-01T00:00:00Z", "to": "2024-08-01T00:00:00Z"}}]}));
}

#[tokio::test]
async fn a_subscription_may_start_later() {
    let story = Story::new().plan("p", 1000).subscribe("2024-05-01T00:00:00Z", "p", json!({"start": "2024-06-01T00:00:00Z"}));
    let told = story.until("2024-06-01T00:00:00Z").tell().await.smoothly().totals("invoices", &[1000]);
    boundaries(&told, &["2024-06-01T00:00:00Z", "2024-07-01T00:00:00Z"]);
    let story = Story::new().plan("p", 1000).subscribe("2024-05-01T00:00:00Z", "p", json!({"start": "2024-06-01T00:00:00Z"}));
    story
        .until("2024-05-31T00:00:00Z")
        .tell()
        .await
        .smoothly()
        .totals("invoices", &[])
        .holds(json!({"subscriptions": [{"status": "scheduled", "entitled": false}]}));
}

#[tokio::test]
async fn a_period_without_a_day_to_count_is_renewed_whole_and_shared_by_its_seconds() {
    // Apia had no 30 December 2011: from midnight to 05:00 of the 31st there is a period of a day's plan.
    let story = || {
        Story::new()
            .vendor(json!({"time_zone": "Pacific/Apia", "proration": {"by": "day"}}))
            .priced("p", "day", json!([{"id": "base", "model": "flat", "amount": 100}]))
            .priced("q", "day", json!([{"id": "base", "model": "flat", "amount": 500}]))
            .subscribe("2011-12-28T15:00:00Z", "p", json!({}))
    };
    story().until("2012-01-02T15:00:00Z").tell().await.smoothly().totals("invoices", &[100; 7]);
    // One of the five hours in: 80 back and 400.
    let told = story().change("2011-12-30T11:00:00Z", json!({"plan": "q"})).until("2011-12-30T15:00:00Z").tell().await.smoothly();
    told.totals("invoices", &[100, 100, 100, 320, 500])
        .holds(json!({"invoices": [{}, {}, {}, {"lines": [{"kind": "proration_charge", "amount": 400, "explain": {"share": {"n": 14400, "d": 18000, "by": "second"}}}]}]}));
}

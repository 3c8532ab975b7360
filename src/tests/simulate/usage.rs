//! Which usage counts, when, and what comes late.

use serde_json::{Value, json};

use super::Story;

const JUNE: &str = "2024-06-01T00:00:00Z";
const JULY: &str = "2024-07-01T00:00:00Z";

/// A unit of “m” costs 1; nothing else costs anything.
fn metered(aggregate: &str) -> Story {
    Story::new().meter("m", aggregate).priced("p", "month", json!([{"id": "u", "model": "per_unit", "meter": "m", "unit_amount": "1"}]))
}

fn event(story: Story, at: &str, fields: Value) -> Story {
    let mut all = json!({"customer": "ada", "meter": "m"});
    all.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    story.step(at, "usage", all)
}

#[tokio::test]
async fn each_aggregate_reads_what_it_reads() {
    for (aggregate, expected) in [("sum", 9), ("max", 5), ("last", 1), ("count", 3)] {
        let story = metered(aggregate).subscribe(JUNE, "p", json!({})).used("2024-06-02T00:00:00Z", "m", "3").used("2024-06-03T00:00:00Z", "m", "5").used(
            "2024-06-04T00:00:00Z",
            "m",
            "1",
        );
        story.until(JULY).tell().await.smoothly().totals("invoices", &[expected]);
    }
    let mut story = metered("unique").subscribe(JUNE, "p", json!({}));
    for value in ["a", "b", "a", "A"] {
        story = event(story, "2024-06-02T00:00:00Z", json!({"value": value}));
    }
    story.until(JULY).tell().await.smoothly().totals("invoices", &[3]);
}

#[tokio::test]
async fn the_last_is_by_event_time_and_the_later_arrival_wins_a_tie() {
    let mut story = metered("last").subscribe(JUNE, "p", json!({}));
    for (quantity, time) in [("7", "2024-06-05T00:00:00Z"), ("9", "2024-06-05T00:00:00Z"), ("3", "2024-06-04T00:00:00Z")] {
        story = event(story, "2024-06-06T00:00:00Z", json!({"quantity": quantity, "time": time}));
    }
    story.until(JULY).tell().await.smoothly().totals("invoices", &[9]);
}

#[tokio::test]
async fn usage_counts_in_the_period_of_its_event_time() {
    let story = metered("sum").subscribe(JUNE, "p", json!({})).used("2024-06-30T23:59:59Z", "m", "5").used(JULY, "m", "7");
    story.until("2024-08-01T00:00:00Z").tell().await.smoothly().totals("invoices", &[5, 7]);
}

#[tokio::test]
async fn the_same_id_counts_once_and_with_other_content_is_refused() {
    let mut story = metered("sum").subscribe(JUNE, "p", json!({}));
    for (quantity, time) in [("5", "2024-06-02T00:00:00Z"), ("5", "2024-06-02T00:00:00Z"), ("6", "2024-06-02T00:00:00Z"), ("5", "2024-06-03T00:00:00Z")] {
        story = event(story, "2024-06-04T00:00:00Z", json!({"id": "e1", "quantity": quantity, "time": time}));
    }
    let told = story.until(JULY).tell().await.totals("invoices", &[5]);
    told.refused(3, "other content").refused(4, "other content");
}

#[tokio::test]
async fn negative_quantities_go_only_where_the_meter_sums_and_a_period_never_below_nothing() {
    let story = metered("sum").subscribe(JUNE, "p", json!({})).used("2024-06-02T00:00:00Z", "m", "10").used("2024-06-03T00:00:00Z", "m", "-4").used(
        "2024-07-02T00:00:00Z",
        "m",
        "-9",
    );
    story.until("2024-08-01T00:00:00Z").tell().await.smoothly().totals("invoices", &[6]);
    for aggregate in ["max", "last", "count"] {
        let story = metered(aggregate).subscribe(JUNE, "p", json!({})).used("2024-06-02T00:00:00Z", "m", "-4");
        story.until(JULY).tell().await.refused(1, "negative").totals("invoices", &[]);
    }
}

#[tokio::test]
async fn late_usage_is_billed_on_the_next_invoice_as_the_rerated_period_less_what_was_billed() {
    // 10 included; 8 in time, 5 after the invoice: 3 beyond, in June's own rating.
    let prices =
        json!([{"id": "u", "model": "per_unit", "meter": "m", "unit_amount": "100", "included": "10"}, {"id": "base", "model": "flat", "amount": 1000}]);
    let story = Story::new().meter("m", "sum").priced("p", "month", prices).subscribe(JUNE, "p", json!({})).used("2024-06-02T00:00:00Z", "m", "8");
    let story = event(story, "2024-07-05T00:00:00Z", json!({"quantity": "5", "time": "2024-06-20T00:00:00Z"}));
    let told = story.until("2024-09-01T00:00:00Z").tell().await.smoothly().totals("invoices", &[1000, 1000, 1300, 1000]);
    told.holds(json!({"invoices": [{}, {}, {"lines": [{
        "kind": "late_usage", "amount": 300, "quantity": "13", "from": JUNE, "to": JULY, "explain": {"late": {"rerated_minor": 300, "billed_minor": 0}}
    }]}]}));
}

/// A thousand used in June, and in July a correction of all of it.
fn corrected(story: Story) -> Story {
    let story = story.used("2024-06-02T00:00:00Z", "m", "1000");
    event(story, "2024-07-05T00:00:00Z", json!({"quantity": "-1000", "time": "2024-06-20T00:00:00Z"})).until("2024-08-01T00:00:00Z")
}

#[tokio::test]
async fn late_usage_downwards_gives_back_what_was_charged_and_no_more() {
    let half = |story: Story| story.coupon("HALF", json!({"percent": "50", "duration": "forever"})).subscribe(JUNE, "p", json!({"coupons": ["HALF"]}));
    let told = corrected(half(metered("sum"))).tell().await.smoothly().totals("invoices", &[500]).totals("credit_notes", &[-500]).balance(500);
    told.lines("/credit_notes/0", &[("late_usage", "u", -500)]).holds(json!({"credit_notes": [{
        "invoices": ["2024-0001"], "lines": [{"quantity": "0", "from": JUNE, "to": JULY, "explain": {"late": {"rerated_minor": 0, "billed_minor": 1000}}}]
    }]}));
    // At the tax of the invoice it takes back, not at today's.
    let rate = |percent: &str, from: &str| json!({"id": "fr", "country": "FR", "percent": percent, "from": from});
    let story = metered("sum").with("tax_rates", rate("20", "2024-01-01")).with("tax_rates", rate("25", "2024-07-15")).subscribe(JUNE, "p", json!({}));
    let told = corrected(story).tell().await.smoothly().totals("invoices", &[1200]).totals("credit_notes", &[-1200]);
    told.holds(json!({"credit_notes": [{"tax": [{"base": -1000, "amount": -200}]}], "ledger": {"accounts": {"revenue": 0, "tax": 0}}}));
    // Against what is still due of its invoice first.
    let story = metered("sum").step(JUNE, "payment_outcome", json!({"customer": "ada", "outcome": "insufficient_funds"})).subscribe(JUNE, "p", json!({}));
    let told = corrected(story).tell().await.smoothly().totals("credit_notes", &[-1000]).balance(0);
    told.holds(json!({"invoices": [{"amount_due": 0, "credited": 1000, "status": "paid"}], "credit_notes": [{"invoices": ["2024-0001"]}]}));
    // What a credit note gave back already is not given back again.
    let story =
        half(metered("sum")).used("2024-06-02T00:00:00Z", "m", "1000").step("2024-07-02T00:00:00Z", "credit_note", json!({"invoice": 0, "amount": 400}));
    let story = event(story, "2024-07-05T00:00:00Z", json!({"quantity": "-1000", "time": "2024-06-20T00:00:00Z"})).until("2024-08-01T00:00:00Z");
    story.tell().await.smoothly().totals("credit_notes", &[-400, -100]).balance(500);
}

#[tokio::test]
async fn late_usage_up_and_down_again_comes_to_nothing() {
    let story = metered("sum").subscribe(JUNE, "p", json!({})).used("2024-06-02T00:00:00Z", "m", "10");
    let story = event(story, "2024-07-05T00:00:00Z", json!({"quantity": "5", "time": "2024-06-20T00:00:00Z"}));
    let story = event(story.until("2024-08-01T00:00:00Z"), "2024-08-05T00:00:00Z", json!({"quantity": "-7", "time": "2024-06-20T00:00:00Z"}));
    let told = story.until("2024-09-01T00:00:00Z").tell().await.smoothly().totals("invoices", &[10, 5]).totals("credit_notes", &[-7]);
    // All of the late 5, and 2 of the 10.
    told.lines("/credit_notes/0", &[("late_usage", "u", -5), ("late_usage", "u", -2)])
        .holds(json!({"credit_notes": [{"invoices": ["2024-0001", "2024-0002"]}]}));
}

#[tokio::test]
async fn late_usage_downwards_of_discounted_usage_is_given_back_once() {
    let story = metered("sum").coupon("HALF", json!({"percent": "50", "duration": "forever"})).subscribe(JUNE, "p", json!({"coupons": ["HALF"]}));
    let story = event(story.used("2024-06-02T00:00:00Z", "m", "100"), "2024-07-05T00:00:00Z", json!({"quantity": "-40", "time": "2024-06-20T00:00:00Z"}));
    // 40 cost 20; later documents find nothing more, until another 30 of them.
    let story = event(story.until("2024-09-01T00:00:00Z"), "2024-09-05T00:00:00Z", json!({"quantity": "-30", "time": "2024-06-20T00:00:00Z"}));
    story.until("2024-11-01T00:00:00Z").tell().await.smoothly().totals("invoices", &[50]).totals("credit_notes", &[-20, -15]).balance(35);
}

#[tokio::test]
async fn discounts_reach_usage_and_not_what_comes_late() {
    let story = metered("sum").coupon("HALF", json!({"percent": "50", "duration": "forever"})).subscribe(JUNE, "p", json!({"coupons": ["HALF"]}));
    let story = event(story.used("2024-06-02T00:00:00Z", "m", "100"), "2024-07-05T00:00:00Z", json!({"quantity": "100", "time": "2024-06-20T00:00:00Z"}));
    story.until("2024-08-01T00:00:00Z").tell().await.smoothly().totals("invoices", &[50, 100]);
}

#[tokio::test]
async fn late_usage_is_on_the_next_invoice_whatever_that_is_of() {
    let story = metered("sum").subscribe(JUNE, "p", json!({})).step("2024-06-16T00:00:00Z", "cancel", json!({"subscription": "s1"}));
    let story = event(story, "2024-06-17T00:00:00Z", json!({"quantity": "5", "time": "2024-06-10T00:00:00Z"}));
    let story = story.step("2024-06-18T00:00:00Z", "charge", json!({"customer": "ada", "amount": 500, "description": "Set-up"}));
    let told = story.until("2024-08-01T00:00:00Z").tell().await.smoothly().totals("invoices", &[505]);
    told.lines("/invoices/0", &[("one_off", "", 500), ("late_usage", "u", 5)]);
}

#[tokio::test]
async fn a_subscription_cancelled_in_mid_period_waits_for_its_last_usage_too() {
    let prices = json!([{"id": "base", "model": "flat", "amount": 3000}, {"id": "u", "model": "per_unit", "meter": "m", "unit_amount": "1", "included": "10"}]);
    let story = |prorate: bool| {
        let story = Story::new().vendor(json!({"usage_grace": "1d"})).meter("m", "sum").priced("p", "month", prices.clone()).subscribe(JUNE, "p", json!({}));
        let story = story.used("2024-06-10T00:00:00Z", "m", "9").step("2024-06-16T00:00:00Z", "cancel", json!({"subscription": "s1", "prorate": prorate}));
        let story = event(story, "2024-06-16T12:00:00Z", json!({"quantity": "7", "time": "2024-06-15T23:59:59Z"}));
        event(story, "2024-06-16T13:00:00Z", json!({"quantity": "100"})).until("2024-08-01T00:00:00Z")
    };
    // Half of the fee back at once; a day later 16 used, 5 of them included in half a month.
    let told = story(true).tell().await.smoothly().totals("invoices", &[3000, 11]).totals("credit_notes", &[-1500]);
    told.holds(json!({"invoices": [{}, {"reason": "final", "issued_at": "2024-06-17T00:00:00Z", "lines": [{"kind": "usage", "to": "2024-06-16T00:00:00Z"}]}]}));
    // Paid to the month's end, all 10 are.
    story(false).tell().await.smoothly().totals("invoices", &[3000, 6]).totals("credit_notes", &[]);
}

#[tokio::test]
async fn a_subscription_cancelled_after_its_pause_began_waits_for_the_last_usage_of_its_period() {
    let story = metered("sum").vendor(json!({"usage_grace": "1d"})).subscribe(JUNE, "p", json!({})).used("2024-06-10T00:00:00Z", "m", "5");
    let story = story.step("2024-06-16T00:00:00Z", "pause", json!({"subscription": "s1", "when": "period_end"}));
    let story = story.step("2024-07-01T06:00:00Z", "cancel", json!({"subscription": "s1"}));
    let story = event(story, "2024-07-01T12:00:00Z", json!({"quantity": "7", "time": "2024-06-20T00:00:00Z"}));
    let told = story.until("2024-08-01T00:00:00Z").tell().await.smoothly().totals("invoices", &[12]);
    told.holds(json!({"invoices": [{"reason": "final", "issued_at": "2024-07-02T00:00:00Z"}]}));
}

#[tokio::test]
async fn a_trial_that_begins_is_no_invoice_that_late_usage_could_be_on() {
    let story = metered("sum").subscribe(JUNE, "p", json!({})).used("2024-06-10T00:00:00Z", "m", "5");
    let trial = json!({"customer": "ada", "subscription": "s2", "plan": "p", "trial_days": 30, "start": "2024-07-20T00:00:00Z"});
    let story = event(story.step("2024-06-20T00:00:00Z", "subscribe", trial), "2024-07-05T00:00:00Z", json!({"quantity": "7", "time": "2024-06-20T00:00:00Z"}));
    let told = story.until("2024-08-01T00:00:00Z").tell().await.smoothly().totals("invoices", &[5, 7]);
    told.holds(json!({"invoices": [{}, {"issued_at": "2024-08-01T00:00:00Z"}]}));
}

#[tokio::test]
async fn usage_within_the_grace_is_billed_with_its_period() {
    let story = metered("sum").vendor(json!({"usage_grace": "1h"})).subscribe(JUNE, "p", json!({}));
    let story = event(story, "2024-07-01T00:59:59Z", json!({"quantity": "5", "time": "2024-06-20T00:00:00Z"}));
    let story = event(story, "2024-07-01T01:00:00Z", json!({"quantity": "7", "time": "2024-06-20T00:00:00Z"}));
    let told = story.until("2024-08-01T01:00:00Z").tell().await.smoothly().totals("invoices", &[5, 7]);
    told.holds(json!({"invoices": [{"issued_at": "2024-07-01T01:00:00Z", "lines": [{"kind": "usage"}]}, {"issued_at": "2024-08-01T01:00:00Z", "lines": [{"kind": "late_usage"}]}]}));
}

#[tokio::test]
async fn a_period_waits_for_its_grace_with_the_fees_that_come_with_it_while_the_subscription_goes_on() {
    let prices = json!([{"id": "base", "model": "flat", "amount": 3000}, {"id": "u", "model": "per_unit", "meter": "m", "unit_amount": "1"}]);
    let story = Story::new().vendor(json!({"usage_grace": "1d"})).meter("m", "sum").priced("p", "month", prices).subscribe(JUNE, "p", json!({})).used(
        "2024-06-02T00:00:00Z",
        "m",
        "5",
    );
    let told = story.until("2024-07-01T12:00:00Z").until("2024-07-02T00:00:00Z").tell().await.smoothly().totals("invoices", &[3000, 3005]);
    told.holds(json!({"invoices": [{}, {"issued_at": "2024-07-02T00:00:00Z"}], "subscriptions": [{"period": {"from": JULY, "to": "2024-08-01T00:00:00Z"}}]}));
}

#[tokio::test]
async fn usage_before_the_subscription_and_after_its_end_is_kept_and_not_billed() {
    let story = metered("sum").used("2024-05-31T23:59:59Z", "m", "100").subscribe(JUNE, "p", json!({})).used(JUNE, "m", "1");
    let story = story.step("2024-06-16T00:00:00Z", "cancel", json!({"subscription": "s1"})).used("2024-06-16T00:00:00Z", "m", "1000");
    story.until("2024-08-01T00:00:00Z").tell().await.smoothly().totals("invoices", &[1]).holds(json!({"invoices": [{"reason": "final"}]}));
}

#[tokio::test]
async fn a_cancelled_subscriptions_usage_to_the_end_is_on_its_final_invoice() {
    let story = metered("sum").subscribe(JUNE, "p", json!({})).used("2024-06-10T00:00:00Z", "m", "5");
    let story = story.step("2024-06-16T00:00:00Z", "cancel", json!({"subscription": "s1", "when": "period_end"})).used("2024-06-30T00:00:00Z", "m", "7");
    let told = story.until("2024-08-01T00:00:00Z").tell().await.smoothly().totals("invoices", &[12]);
    told.holds(json!({"invoices": [{"reason": "final", "issued_at": JULY}], "subscriptions": [{"status": "cancelled", "entitled": false, "ended_at": JULY}]}));
}

#[tokio::test]
async fn usage_of_many_events_in_one_instant_and_far_apart_adds_up() {
    let mut story = metered("sum").subscribe(JUNE, "p", json!({}));
    for day in 1..=30 {
        story = story.used(&format!("2024-06-{day:02}T12:07:33Z"), "m", "0.1").used(&format!("2024-06-{day:02}T12:07:33Z"), "m", "0.9");
    }
    story.until(JULY).tell().await.smoothly().totals("invoices", &[30]);
}

#[tokio::test]
async fn two_plans_of_one_customer_read_the_same_meter_each_by_itself() {
    let story = metered("sum").subscribe(JUNE, "p", json!({})).step(JUNE, "subscribe", json!({"customer": "ada", "subscription": "s2", "plan": "p"}));
    story.used("2024-06-02T00:00:00Z", "m", "5").until(JULY).tell().await.smoothly().totals("invoices", &[10]);
}

#[tokio::test]
async fn a_period_that_ends_in_a_pause_is_an_invoice_for_what_came_late_of_the_one_before() {
    // What is used from 10 June on is not billed, and what came before has nothing; July's invoice is May's late usage.
    let story = metered("sum").subscribe("2024-05-01T00:00:00Z", "p", json!({}));
    let story = story.step("2024-06-10T00:00:00Z", "pause", json!({"subscription": "s1", "prorate": false}));
    let story = event(story, "2024-06-11T00:00:00Z", json!({"quantity": "48", "time": "2024-05-20T00:00:00Z"}));
    let told = story.until("2024-08-01T00:00:00Z").tell().await.smoothly().totals("invoices", &[48]);
    told.holds(json!({"invoices": [{"issued_at": JULY, "reason": "cycle", "lines": [{"kind": "late_usage", "from": "2024-05-01T00:00:00Z", "to": JUNE}]}]}));
}

#[tokio::test]
async fn begun_again_within_the_grace_its_last_usage_is_on_no_final_invoice() {
    let story = metered("sum").vendor(json!({"usage_grace": "1d"})).subscribe(JUNE, "p", json!({})).used("2024-06-02T00:00:00Z", "m", "5");
    let story = story.step("2024-06-16T00:00:00Z", "cancel", json!({"subscription": "s1", "when": "period_end"}));
    let story = story.step("2024-07-01T12:00:00Z", "reactivate", json!({"subscription": "s1"}));
    let told = story.until("2024-07-03T00:00:00Z").tell().await.smoothly().totals("invoices", &[5]);
    told.holds(json!({"invoices": [{"reason": "cycle", "issued_at": "2024-07-02T00:00:00Z"}], "subscriptions": [{"status": "active"}]}));
}

#[tokio::test]
async fn an_end_with_nothing_to_give_back_is_invoiced_once_its_last_usage_has_had_time_to_arrive() {
    let story = metered("sum").vendor(json!({"usage_grace": "1d"})).subscribe("2024-05-01T00:00:00Z", "p", json!({}));
    let story = event(story, "2024-06-10T00:00:00Z", json!({"quantity": "48", "time": "2024-05-20T00:00:00Z"})).used("2024-06-11T00:00:00Z", "m", "5");
    let story = story.step("2024-06-16T00:00:00Z", "cancel", json!({"subscription": "s1"}));
    // What came late of May and June's usage are one invoice, the final one.
    let told = story.until("2024-07-03T00:00:00Z").tell().await.smoothly().totals("invoices", &[53]);
    told.holds(json!({"invoices": [{"reason": "final", "issued_at": "2024-06-17T00:00:00Z"}]}));
}

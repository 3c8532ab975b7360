//! Changes that are settled with the next invoice, and what a preview says of that invoice.

use serde_json::{Value, json};

use super::Story;

const HALF: &str = "2024-06-16T00:00:00Z";
const JULY: &str = "2024-07-01T00:00:00Z";

/// Ada has one seat since 1 June, and coupons on it from the start.
fn seat(unit_amount: &str, coupons: &[&str]) -> Story {
    let prices = json!([{"id": "seats", "model": "per_unit", "unit_amount": unit_amount}]);
    Story::new().priced("p", "month", prices).subscribe("2024-06-01T00:00:00Z", "p", json!({"quantity": 1, "coupons": coupons}))
}

/// Previews a change and makes it.
fn seen_and_done(story: Story, at: &str, fields: Value) -> Story {
    let mut all = json!({"subscription": "s1"});
    all.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    story.step(at, "preview", all.clone()).step(at, "change", all)
}

fn seats_later(story: Story, at: &str, quantity: i64) -> Story {
    seen_and_done(story, at, json!({"quantity": quantity, "settle": "next_invoice"}))
}

fn next(total: i64) -> Value {
    json!({"previews": [{"next_invoice": {"total": total}}]})
}

#[tokio::test]
async fn an_amount_comes_off_the_document_once() {
    let story = seat("5000", &["TEN"]).coupon("TEN", json!({"amount": 1000, "currency": "EUR", "duration": "forever"}));
    // Half of the 4000 that June cost back, and half of the second seat: 10000 - 2000 + 5000, less one coupon of 1000.
    let told = seats_later(story, HALF, 2).until(JULY).tell().await.smoothly().totals("invoices", &[4000, 12_000]).holds(next(12_000));
    told.holds(json!({"invoices": [{}, {"discount": 1000}]}));
    // With 50 % before it: 15000 at half price less 1000, and half of June's 1500 back.
    let story = seat("5000", &["TEN", "HALF"]).coupon("TEN", json!({"amount": 1000, "currency": "EUR", "duration": "forever"}));
    let story = story.coupon("HALF", json!({"percent": "50", "duration": "forever"}));
    seats_later(story, HALF, 2).until(JULY).tell().await.smoothly().totals("invoices", &[1500, 5750]).holds(next(5750));
}

#[tokio::test]
async fn once_reaches_the_whole_first_invoice_with_something_to_discount() {
    let story = seat("1000", &[]).coupon("HALF", json!({"percent": "50", "duration": "once"}));
    let change = json!({"quantity": 3, "coupons": ["HALF"], "settle": "next_invoice"});
    // Half of 1000 back; half off 3000 for July and 1500 for June; August is July without it.
    let told = seen_and_done(story, HALF, change).until("2024-08-01T00:00:00Z").tell().await.smoothly();
    told.totals("invoices", &[1000, 1750, 3000]).holds(next(1750)).holds(json!({"invoices": [{}, {"discount": 2250}, {"discount": 0}]}));
}

#[tokio::test]
async fn once_reaches_what_waited_although_that_alone_would_be_a_credit_note() {
    let story = Story::flat(9000).plan("q", 300).coupon("HALF", json!({"percent": "50", "duration": "once"}));
    let story = story.subscribe("2024-06-05T00:00:00Z", "p", json!({"subscription": "s2"}));
    // 30 of 31 days: -8710 and 290 wait for the renewal of s2. 9000 - 8710 + 290, less half of 290.
    let story = story.change("2024-07-02T00:00:00Z", json!({"plan": "q", "coupons": ["HALF"], "settle": "next_invoice"}));
    let told = story.until("2024-07-05T00:00:00Z").tell().await.smoothly();
    told.totals("invoices", &[9000, 9000, 9000, 435]);
}

#[tokio::test]
async fn a_coupon_is_rounded_once_a_document() {
    let story = seat("34", &["FIFTH"]).coupon("FIFTH", json!({"percent": "20", "duration": "forever"}));
    // A fifth of 68 + 34 is 20.4; line by line it would be 14 and 7. June cost 27, of which 14 go back.
    seats_later(story, HALF, 2).until(JULY).tell().await.smoothly().totals("invoices", &[27, 68]).holds(next(68));
}

#[tokio::test]
async fn a_change_now_discounts_what_waited_with_its_own_lines() {
    let story = seat("3000", &["TEN"]).coupon("TEN", json!({"amount": 1000, "currency": "EUR", "duration": "forever"}));
    let story = seats_later(story, "2024-06-11T00:00:00Z", 3);
    // 20 days: 1333 of June's 2000 back, 6000 for three seats. 21 June, ten days: 1000 for one; the coupon comes off 7000, and half of
    // what is left of the 6000 (857 less) goes back.
    let told = seen_and_done(story, "2024-06-21T00:00:00Z", json!({"quantity": 1})).until(JULY).tell().await.smoothly();
    told.totals("invoices", &[2000, 6000 - 857 - 1333 - 2572 + 1000 - 143, 2000])
        .lines(
            "/invoices/1",
            &[
                ("proration_credit", "seats", -2572),
                ("proration_charge", "seats", 1000),
                ("proration_credit", "seats", -1333),
                ("proration_charge", "seats", 6000),
            ],
        )
        .holds(json!({"previews": [{}, {"due_now": 2095, "next_invoice": {"total": 2000}}]}));
}

#[tokio::test]
async fn what_waited_for_the_last_usage_shares_the_discount_of_the_change_that_takes_it_along() {
    let prices = |fee: i64| json!([{"id": "base", "model": "flat", "amount": fee}, {"id": "calls", "model": "per_unit", "meter": "m", "unit_amount": "1"}]);
    let story = Story::new().vendor(json!({"usage_grace": "1d"})).meter("m", "sum").priced("p", "month", prices(3000)).priced("q", "month", prices(9300));
    let story = story.coupon("TEN", json!({"amount": 1000, "currency": "EUR", "duration": "forever"}));
    let story = story.subscribe("2024-06-01T00:00:00Z", "p", json!({"coupons": ["TEN"]})).used("2024-06-02T00:00:00Z", "m", "50");
    // 3000 for July, 50 calls, and 30.5 of 31 days at 9300: 12200 less 1000, of which 246 are July's; 30.5 of 31 days of its 2754 back.
    let told = story.change("2024-07-01T12:00:00Z", json!({"plan": "q"})).until("2024-07-03T00:00:00Z").tell().await.smoothly();
    told.totals("invoices", &[2000, 12_200 - 1000 - 2710]).holds(json!({"invoices": [{}, {"discount": 1000}]}));
}

#[tokio::test]
async fn a_change_and_its_reversal_leave_the_coupon_to_the_rest_of_the_document() {
    let story = seat("5000", &["TEN"]).coupon("TEN", json!({"amount": 1000, "currency": "EUR", "duration": "forever"}));
    let story = seats_later(seats_later(story, HALF, 2), HALF, 1);
    story.until(JULY).tell().await.smoothly().totals("invoices", &[4000, 4000]).holds(json!({"previews": [{}, {"next_invoice": {"total": 4000}}]}));
}

#[tokio::test]
async fn a_change_of_interval_is_taken_back_at_what_it_cost_on_its_document() {
    let yearly = json!([{"id": "seats", "model": "per_unit", "unit_amount": "36500"}]);
    let story = seat("3000", &["HALF"]).priced("y", "year", yearly).coupon("HALF", json!({"percent": "50", "duration": "forever"}));
    let story = story.change(HALF, json!({"plan": "y", "settle": "next_invoice"}));
    // 750 of June's 1500 back, the year at 18250; ten of its 365 days later all but those back: 17750.
    let told = story.step("2024-06-26T00:00:00Z", "cancel", json!({"subscription": "s1"})).tell().await.smoothly();
    told.totals("invoices", &[1500]).totals("credit_notes", &[-750 + 18_250 - 17_750]);
}

#[tokio::test]
async fn the_next_invoice_of_a_preview_does_not_hold_what_is_collected_now() {
    // -2100 + 4200 wait; back again: -4000 + 2000 beside them.
    let story = Story::flat(3000).plan("q", 6000).change("2024-06-10T00:00:00Z", json!({"plan": "q", "settle": "next_invoice"}));
    let told = seen_and_done(story, "2024-06-11T00:00:00Z", json!({"plan": "p"})).until(JULY).tell().await.smoothly();
    told.totals("invoices", &[3000, 100, 3000]).holds(json!({"previews": [{"due_now": 100, "next_invoice": {"total": 3000}}]}));
    // A one-off charge of the same instant.
    let charge = json!({"customer": "ada", "amount": 500, "description": "Set-up"});
    let told = seen_and_done(Story::flat(3000).plan("q", 6000).step(HALF, "charge", charge), HALF, json!({"plan": "q"})).until(JULY).tell().await.smoothly();
    told.totals("invoices", &[3000, 2000, 6000]).holds(json!({"previews": [{"due_now": 2000, "next_invoice": {"total": 6000}}]}));
}

#[tokio::test]
async fn the_next_invoice_of_a_preview_does_not_hold_late_usage_billed_now() {
    let prices = |fee: i64| json!([{"id": "base", "model": "flat", "amount": fee}, {"id": "calls", "model": "per_unit", "meter": "m", "unit_amount": "1"}]);
    let story = Story::new().meter("m", "sum").priced("p", "month", prices(3000)).priced("q", "month", prices(6000));
    let late = json!({"customer": "ada", "meter": "m", "quantity": "30", "time": "2024-06-20T00:00:00Z"});
    let story = story.subscribe("2024-06-01T00:00:00Z", "p", json!({})).step("2024-07-17T00:00:00Z", "usage", late);
    // 15 of 31 days: -1452 + 2903, and 30 late.
    let told = seen_and_done(story, "2024-07-17T00:00:00Z", json!({"plan": "q"})).until("2024-08-01T00:00:00Z").tell().await.smoothly();
    told.totals("invoices", &[3000, 3000, 1481, 6000]).holds(json!({"previews": [{"due_now": 1481, "next_invoice": {"total": 6000}}]}));
}

#[tokio::test]
async fn what_waits_goes_with_the_final_invoice_and_that_waits_for_its_last_usage() {
    let prices = json!([{"id": "base", "model": "flat", "amount": 3000}, {"id": "u", "model": "per_unit", "meter": "m", "unit_amount": "1"}]);
    let story = Story::new().vendor(json!({"usage_grace": "1d"})).meter("m", "sum").priced("p", "month", prices).plan("q", 0);
    let story = story.subscribe("2024-06-01T00:00:00Z", "p", json!({})).used("2024-06-02T00:00:00Z", "m", "7");
    let story = story.step(HALF, "cancel", json!({"subscription": "s1", "when": "period_end"}));
    let prices = json!([{"id": "extra", "model": "flat", "amount": 600}]);
    let story = story.with("add_ons", json!({"id": "extra", "interval": "month", "prices": prices}));
    let story = story.change(HALF, json!({"add_ons": ["extra"], "settle": "next_invoice"}));
    // Half of 600, with June's usage of 7, when that has had its day to arrive.
    let told = story.until("2024-07-03T00:00:00Z").tell().await.smoothly().totals("invoices", &[3000, 307]);
    told.holds(json!({"invoices": [{}, {"reason": "final", "issued_at": "2024-07-02T00:00:00Z"}]}));
}

#[tokio::test]
async fn the_coupons_of_what_waits_are_those_of_when_its_invoice_is_made() {
    let story = seat("5000", &[]).coupon("HALF", json!({"percent": "50", "duration": "forever"}));
    let story = story.change(HALF, json!({"quantity": 2, "settle": "next_invoice"}));
    let story = story.change("2024-06-20T00:00:00Z", json!({"coupons": ["HALF"], "settle": "next_invoice"}));
    // 10000 for July and 5000 for half of June at half price, less half of the 5000 that June cost.
    let told = story.until(JULY).tell().await.smoothly().totals("invoices", &[5000, 5000]);
    told.holds(json!({"invoices": [{}, {"discount": 7500}]}));
}

#[tokio::test]
async fn a_coupon_for_months_counts_from_the_period_whose_usage_it_reaches_first() {
    let prices = json!([{"id": "base", "model": "flat", "amount": 3000}, {"id": "u", "model": "per_unit", "meter": "m", "unit_amount": "1"}]);
    let story = Story::new().meter("m", "sum").priced("p", "month", prices).coupon("MONTH", json!({"percent": "50", "duration": "repeating", "months": 1}));
    let story = story.subscribe("2024-06-01T00:00:00Z", "p", json!({})).used("2024-06-02T00:00:00Z", "m", "100");
    let story = story.change(HALF, json!({"coupons": ["MONTH"]}));
    // It reaches June's 100 of usage, so its month is June; July's fee is beyond it, on the same invoice.
    story.until(JULY).tell().await.smoothly().totals("invoices", &[3000, 3050]);
}

//! Add-ons that are billed at another interval than their plan.

use serde_json::{Value, json};

use super::Story;

const JUNE: &str = "2024-06-01T00:00:00Z";
/// 15 of June's 30 days, and of the 365 from June to June, are over.
const HALF: &str = "2024-06-16T00:00:00Z";
const JULY: &str = "2024-07-01T00:00:00Z";

fn flat(id: &str, interval: &str, amount: i64) -> Value {
    json!({"id": id, "interval": interval, "prices": [{"id": id, "model": "flat", "amount": amount}]})
}

fn metered(id: &str, interval: &str) -> Value {
    json!({"id": id, "interval": interval, "prices": [{"id": id, "model": "per_unit", "meter": "m", "unit_amount": "1"}]})
}

/// A plan of 365.00 a year and support of 30.00 a month.
fn yearly() -> Story {
    let base = json!([{"id": "base", "model": "flat", "amount": 36500}]);
    Story::new().priced("p", "year", base).with("add_ons", flat("support", "month", 3000)).subscribe(JUNE, "p", json!({"add_ons": ["support"]}))
}

/// A plan of 30.00 a month, and a listing of 365.00 a year to be had beside it.
fn monthly() -> Story {
    Story::flat(3000).with("add_ons", flat("listing", "year", 36500))
}

#[tokio::test]
async fn a_monthly_add_on_of_a_yearly_plan_is_charged_every_month() {
    let story = yearly().until("2025-06-01T00:00:00Z");
    let told = story.tell().await.smoothly();
    let months = [3000; 11];
    let told = told.totals("invoices", &[&[39500], &months[..], &[39500]].concat());
    told.lines("/invoices/0", &[("recurring", "base", 36500), ("recurring", "support", 3000)]).holds(json!({
        "invoices": [
            {"reason": "start", "issued_at": JUNE},
            {"reason": "cycle", "issued_at": JULY, "lines": [{"kind": "recurring", "add_on": "support", "from": JULY, "to": "2024-08-01T00:00:00Z"}]},
            {"reason": "cycle", "issued_at": "2025-06-01T00:00:00Z"}
        ],
        "subscriptions": [{"period": {"from": "2025-06-01T00:00:00Z", "to": "2026-06-01T00:00:00Z"}}]
    }));
}

#[tokio::test]
async fn a_month_that_the_calendar_cuts_short_does_not_move_the_add_ons_day() {
    let base = json!([{"id": "base", "model": "flat", "amount": 36500}]);
    let story = Story::new().priced("p", "year", base).with("add_ons", flat("support", "month", 3000));
    let told = story.subscribe("2024-01-31T09:00:00Z", "p", json!({"add_ons": ["support"]})).until("2024-05-01T00:00:00Z").tell().await.smoothly();
    told.totals("invoices", &[39500, 3000, 3000, 3000]).holds(json!({"invoices": [
        {}, {"issued_at": "2024-02-29T09:00:00Z"}, {"issued_at": "2024-03-31T09:00:00Z"}, {"issued_at": "2024-04-30T09:00:00Z"}
    ]}));
}

#[tokio::test]
async fn its_usage_is_billed_with_its_own_period_and_waits_for_it_alone() {
    let base = json!([{"id": "base", "model": "flat", "amount": 36500}]);
    let story = Story::new().vendor(json!({"usage_grace": "1d"})).meter("m", "sum").priced("p", "year", base).with("add_ons", metered("calls", "month"));
    let story = story.subscribe(JUNE, "p", json!({"add_ons": ["calls"]})).used("2024-06-10T00:00:00Z", "m", "7").used(JULY, "m", "9");
    let told = story.until("2024-08-15T00:00:00Z").tell().await.smoothly().totals("invoices", &[36500, 7, 9]);
    told.holds(json!({"invoices": [{}, {"issued_at": "2024-07-02T00:00:00Z", "reason": "cycle", "lines": [{"kind": "usage", "from": JUNE, "to": JULY}]}]}));
    // A yearly meter beside a plan of months, which do not wait for it.
    let story = Story::new().vendor(json!({"usage_grace": "1d"})).meter("m", "sum").plan("p", 3000).with("add_ons", metered("calls", "year"));
    let story = story.subscribe("2024-01-01T00:00:00Z", "p", json!({"add_ons": ["calls"]})).used("2024-06-10T00:00:00Z", "m", "7");
    let told = story.until("2025-01-15T00:00:00Z").tell().await.smoothly().totals("invoices", &[&[3000; 13][..], &[7]].concat());
    told.holds(json!({"invoices": [{"issued_at": "2025-01-01T00:00:00Z"}, {"issued_at": "2025-01-02T00:00:00Z", "lines": [{"kind": "usage"}]}]}));
}

#[tokio::test]
async fn it_comes_and_goes_by_the_share_of_its_own_period() {
    let story = monthly().change(HALF, json!({"add_ons": ["listing"]}));
    // 350 of 365 days; then 320 of them back.
    let told = story.change("2024-07-16T00:00:00Z", json!({"add_ons": []})).tell().await.smoothly().totals("invoices", &[3000, 35000, 3000]);
    told.totals("credit_notes", &[-32000])
        .holds(json!({"invoices": [{}, {"lines": [{"kind": "proration_charge", "from": HALF, "to": "2025-06-01T00:00:00Z"}]}]}));
    // At one instant, it cancels out; so does its going and coming back.
    let story = monthly().change(HALF, json!({"add_ons": ["listing"]})).change(HALF, json!({"add_ons": []}));
    story.tell().await.smoothly().totals("invoices", &[3000, 35000]).totals("credit_notes", &[-35000]).balance(35000);
    let told = yearly().change(HALF, json!({"add_ons": []})).change(HALF, json!({"add_ons": ["support"]})).until(JULY).tell().await.smoothly();
    told.totals("invoices", &[39500, 1500, 3000]).totals("credit_notes", &[-1500]).balance(0);
}

#[tokio::test]
async fn a_change_of_the_plan_leaves_it_alone_and_one_of_its_quantity_leaves_the_plan_alone() {
    let better = json!([{"id": "base", "model": "flat", "amount": 73000}]);
    let told = yearly().priced("better", "year", better).change(HALF, json!({"plan": "better"})).until(JULY).tell().await.smoothly();
    told.totals("invoices", &[39500, 35000, 3000]).lines("/invoices/1", &[("proration_credit", "base", -35000), ("proration_charge", "base", 70000)]);
    let seats = json!({"id": "seats", "interval": "month", "prices": [{"id": "seats", "model": "per_unit", "unit_amount": "1000"}]});
    let add_ons = |quantity: u32| json!({"add_ons": ["support", {"id": "seats", "quantity": quantity}]});
    let told = yearly().with("add_ons", seats).change(HALF, add_ons(2)).change(HALF, add_ons(5)).until(JULY).tell().await.smoothly();
    told.totals("invoices", &[39500, 1000, 1500, 8000]).lines("/invoices/2", &[("proration_credit", "seats", -1000), ("proration_charge", "seats", 2500)]);
}

#[tokio::test]
async fn another_interval_of_the_plan_begins_everything_anew() {
    let year = json!([{"id": "base", "model": "flat", "amount": 36500}]);
    let story = || Story::flat(3000).priced("year", "year", year.clone()).with("add_ons", flat("support", "month", 3000));
    let told = story().change(JUNE, json!({"add_ons": ["support"]})).change(HALF, json!({"plan": "year"})).until("2024-07-16T00:00:00Z").tell().await;
    let told = told.smoothly().totals("invoices", &[3000, 3000, 36500, 3000]);
    let told = told.lines(
        "/invoices/2",
        &[("proration_credit", "base", -1500), ("proration_credit", "support", -1500), ("recurring", "base", 36500), ("recurring", "support", 3000)],
    );
    told.holds(json!({"invoices": [{}, {}, {}, {"issued_at": "2024-07-16T00:00:00Z"}]}));
    // And back at the same instant: nothing has happened.
    let back = story().change(JUNE, json!({"add_ons": ["support"]})).change(HALF, json!({"plan": "year"})).change(HALF, json!({"plan": "p"}));
    let told = back.until(JULY).tell().await.smoothly().totals("invoices", &[3000, 3000, 36500, 6000]).totals("credit_notes", &[-36500]);
    told.balance(30500).holds(json!({"subscriptions": [{"period": {"from": JULY}}]}));
}

#[tokio::test]
async fn what_was_paid_beyond_the_plans_end_goes_back_with_it() {
    let story = || monthly().change(JUNE, json!({"add_ons": ["listing"]}));
    let end = json!({"subscription": "s1", "when": "period_end"});
    let told = story().step(HALF, "cancel", end.clone()).until("2024-08-01T00:00:00Z").tell().await.smoothly().totals("invoices", &[3000, 36500]);
    // 335 of 365 days.
    let told = told.totals("credit_notes", &[-33500]).balance(33500);
    told.holds(json!({"credit_notes": [{"issued_at": JULY, "reason": "final"}], "subscriptions": [{"status": "cancelled", "ended_at": JULY}]}));
    let told = story().step(HALF, "cancel", json!({"subscription": "s1"})).tell().await.smoothly();
    told.totals("credit_notes", &[-36500]).lines("/credit_notes/0", &[("proration_credit", "base", -1500), ("proration_credit", "listing", -35000)]);
    // The usage of a year that ends after a month belongs to the final invoice, by its share.
    let story = Story::new().vendor(json!({"usage_grace": "1d"})).meter("m", "sum").plan("p", 3000).with("add_ons", metered("calls", "year"));
    let story = story.subscribe(JUNE, "p", json!({"add_ons": ["calls"]})).used("2024-06-10T00:00:00Z", "m", "7").step(HALF, "cancel", end);
    let told = story.until("2024-08-01T00:00:00Z").tell().await.smoothly().totals("invoices", &[3000, 7]);
    told.holds(json!({"invoices": [{}, {"reason": "final", "issued_at": "2024-07-02T00:00:00Z", "lines": [{"kind": "usage", "to": JULY}]}]}));
}

#[tokio::test]
async fn it_pauses_and_resumes_inside_its_own_period() {
    let pause = |story: Story, fields: Value| {
        let mut all = json!({"subscription": "s1"});
        all.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        story.step(HALF, "pause", all)
    };
    let resume = json!({"subscription": "s1"});
    // 350 days and half a month back; 345 days and a third of a month again.
    let told = pause(yearly(), json!({})).step("2024-06-21T00:00:00Z", "resume", resume.clone()).until(JULY).tell().await.smoothly();
    told.totals("invoices", &[39500, 35500, 3000]).totals("credit_notes", &[-36500]);
    // Kept, the year goes on; the month is over when it resumes.
    let told = pause(yearly(), json!({"prorate": false})).step("2024-08-11T00:00:00Z", "resume", resume.clone()).until("2024-09-01T00:00:00Z").tell().await;
    let told = told.smoothly().totals("invoices", &[39500, 2032, 3000]).totals("credit_notes", &[]);
    told.lines("/invoices/1", &[("proration_charge", "support", 2032)]);
    // With the period of a monthly plan, the year's listing pauses in its middle.
    let story = pause(monthly().change(JUNE, json!({"add_ons": ["listing"]})), json!({"when": "period_end"})).until("2024-07-15T00:00:00Z");
    story.tell().await.smoothly().totals("invoices", &[3000, 36500]).totals("credit_notes", &[-33500]);
}

#[tokio::test]
async fn what_is_planned_for_the_plans_next_period_changes_it_then() {
    let later = json!({"when": "period_end", "add_ons": []});
    let told = monthly().change(JUNE, json!({"add_ons": ["listing"]})).change(HALF, later).until(JULY).tell().await.smoothly();
    // 335 of 365 days go back with the next month's fee.
    let told = told.totals("invoices", &[3000, 36500]).totals("credit_notes", &[-30500]);
    told.lines("/credit_notes/0", &[("recurring", "base", 3000), ("proration_credit", "listing", -33500)]);
    let none = monthly().vendor(json!({"proration": {"by": "none", "rounding": "half_up"}})).change(JUNE, json!({"add_ons": ["listing"]}));
    // By none it begins with the plan's next month and is gone when its year is over.
    let story = none.change("2024-08-16T00:00:00Z", json!({"add_ons": []})).until("2025-07-02T00:00:00Z").tell().await.smoothly();
    story.totals("invoices", &[3000; 14]).totals("credit_notes", &[]);
}

#[tokio::test]
async fn a_preview_and_the_next_invoice_know_it() {
    let story = yearly().step(HALF, "preview", json!({"subscription": "s1", "add_ons": []}));
    let told = story.step(HALF, "preview", json!({"subscription": "s1", "add_ons": [{"id": "support", "quantity": 2}]})).tell().await.smoothly();
    told.holds(json!({"previews": [
        {"due_now": 0, "lines": [{"kind": "proration_credit", "price": "support", "amount": -1500}], "next_invoice": {"at": "2025-06-01T00:00:00Z"}},
        {"due_now": 0, "next_invoice": {"at": JULY, "total": 3000}}
    ]}));
}

#[tokio::test]
async fn what_it_counts_beside_the_plan_hides_no_late_usage_of_the_plan() {
    let price = json!([{"id": "u", "model": "per_unit", "meter": "m", "unit_amount": "2"}]);
    let story = Story::new().meter("m", "sum").priced("p", "month", price).with("add_ons", metered("calls", "year"));
    let story = story.subscribe("2024-05-01T00:00:00Z", "p", json!({"add_ons": ["calls"]})).used("2024-06-10T00:00:00Z", "m", "5");
    let late = json!({"customer": "ada", "meter": "m", "quantity": "3", "time": "2024-06-20T00:00:00Z"});
    let told = story.step("2024-07-10T00:00:00Z", "usage", late).until("2024-08-01T00:00:00Z").tell().await.smoothly();
    told.totals("invoices", &[10, 6]).lines("/invoices/1", &[("late_usage", "u", 6)]);
}

#[tokio::test]
async fn an_add_on_begins_anew_after_a_pause_in_which_the_plans_interval_changed() {
    let quarter = json!([{"id": "base", "model": "flat", "amount": 0}]);
    let story = Story::new().priced("q", "month", quarter.clone()).priced("m", "year", quarter).with("add_ons", flat("listing", "week", 700));
    let story = story.subscribe(JUNE, "q", json!({"add_ons": ["listing"]})).change(JUNE, json!({"plan": "m", "when": "period_end"}));
    let story = story.step(JUNE, "pause", json!({"subscription": "s1", "when": "period_end"}));
    // June ends on the second day of a week, of which five go back. The year begins on 1 July, and so do its weeks.
    for (resumed, rest) in [("2024-07-02T00:00:00Z", 600), (JULY, 700)] {
        let told = Story(story.0.clone()).step(resumed, "resume", json!({"subscription": "s1"})).until("2024-07-07T00:00:00Z").tell().await.smoothly();
        told.totals("credit_notes", &[-500]).totals("invoices", &[700, 700, 700, 700, 700, rest]);
    }
}

#[tokio::test]
async fn what_is_planned_takes_effect_in_a_pause_that_keeps_it_paid() {
    let story = monthly().change(JUNE, json!({"add_ons": ["listing"]})).change(HALF, json!({"when": "period_end", "add_ons": []}));
    let story = || Story(story.0.clone()).step(HALF, "pause", json!({"subscription": "s1", "prorate": false}));
    let told = story().step(HALF, "preview", json!({"subscription": "s1"})).until("2024-07-15T00:00:00Z").tell().await;
    // 335 of 365 days, though the plan's month was kept.
    told.totals("invoices", &[3000, 36500]).totals("credit_notes", &[-33500]).balance(33500).holds(json!({"credit_notes": [{"issued_at": JULY}]}));
    let told = story().step("2024-07-16T00:00:00Z", "resume", json!({"subscription": "s1"})).tell().await.smoothly();
    told.totals("invoices", &[3000, 36500, 1548]).totals("credit_notes", &[-33500]);
    // A pause that gives it back at that very end gives it back once.
    let both = monthly().change(JUNE, json!({"add_ons": ["listing"]})).change(HALF, json!({"when": "period_end", "add_ons": []}));
    let both = both.step(HALF, "pause", json!({"subscription": "s1", "when": "period_end"})).until("2024-07-15T00:00:00Z").tell().await.smoothly();
    both.totals("credit_notes", &[-33500]);
    // What is not touched stays kept.
    let kept = monthly().change(JUNE, json!({"add_ons": ["listing"]})).change(HALF, json!({"when": "period_end", "quantity": 2}));
    let kept = kept.step(HALF, "pause", json!({"subscription": "s1", "prorate": false})).until("2024-07-15T00:00:00Z").tell().await.smoothly();
    kept.totals("credit_notes", &[]);
}

#[tokio::test]
async fn a_resume_at_the_instant_of_a_planned_pause_is_one_document_with_what_waits() {
    let prices = json!([{"id": "base", "model": "flat", "amount": 3000}, {"id": "u", "model": "per_unit", "meter": "m", "unit_amount": "1"}]);
    let story =
        Story::new().vendor(json!({"usage_grace": "1d"})).meter("m", "sum").priced("p", "month", prices).with("add_ons", flat("listing", "year", 36500));
    let story = story.subscribe(JUNE, "p", json!({"add_ons": ["listing"]})).used("2024-06-10T00:00:00Z", "m", "7");
    let story = story.step(HALF, "pause", json!({"subscription": "s1", "when": "period_end"})).step(JULY, "resume", json!({"subscription": "s1"}));
    let told = story.until("2024-07-15T00:00:00Z").tell().await.smoothly().totals("invoices", &[39500, 3007]).totals("credit_notes", &[]);
    told.lines(
        "/invoices/1",
        &[("proration_credit", "listing", -33500), ("usage", "u", 7), ("recurring", "base", 3000), ("proration_charge", "listing", 33500)],
    );
}

fn by_none(story: Story) -> Story {
    story.vendor(json!({"proration": {"by": "none", "rounding": "half_up"}}))
}

#[tokio::test]
async fn by_none_a_plan_that_comes_to_its_interval_does_not_charge_it_twice() {
    let base = |amount: i64| json!([{"id": "base", "model": "flat", "amount": amount}]);
    let story = by_none(Story::new()).meter("m", "sum").priced("w", "week", base(700)).priced("p", "month", base(1000));
    let story = story.with("add_ons", flat("support", "month", 3000)).with("add_ons", metered("calls", "month"));
    let story = story.subscribe(JUNE, "w", json!({"add_ons": ["support", "calls"]})).change("2024-06-10T00:00:00Z", json!({"plan": "p"}));
    let story = story.used("2024-06-20T00:00:00Z", "m", "5").used("2024-07-10T00:00:00Z", "m", "7");
    // Support is paid to the first of July, and from then with the plan's month.
    let told = story.until("2024-07-16T00:00:00Z").tell().await.smoothly().totals("invoices", &[3700, 700, 1000, 5, 4007]);
    told.lines("/invoices/3", &[("usage", "calls", 5)])
        .lines("/invoices/4", &[("recurring", "base", 1000), ("recurring", "support", 3000), ("usage", "calls", 7)]);
}

#[tokio::test]
async fn by_none_a_pause_does_not_forget_what_it_counted() {
    let story = by_none(Story::new()).meter("m", "sum").plan("p", 3000).with("add_ons", metered("calls", "year"));
    let story = story.subscribe(JUNE, "p", json!({"add_ons": ["calls"]})).used("2024-06-10T00:00:00Z", "m", "7").change(HALF, json!({"add_ons": []}));
    let story = story.step("2024-07-10T00:00:00Z", "pause", json!({"subscription": "s1"}));
    let told = story.until("2025-06-02T00:00:00Z").tell().await.smoothly().totals("invoices", &[3000, 3000, 7]);
    told.holds(json!({"invoices": [{}, {}, {"issued_at": "2025-06-01T00:00:00Z"}]}));
    // A cancellation in that pause closes it, by the price of the whole year.
    let story = by_none(Story::new()).meter("m", "sum").plan("p", 3000).with("add_ons", metered("calls", "year"));
    let story = story.subscribe(JUNE, "p", json!({"add_ons": ["calls"]})).used("2024-06-10T00:00:00Z", "m", "7");
    let story =
        story.step("2024-06-20T00:00:00Z", "pause", json!({"subscription": "s1"})).step("2024-08-10T00:00:00Z", "cancel", json!({"subscription": "s1"}));
    story.tell().await.smoothly().totals("invoices", &[3000, 7]);
}

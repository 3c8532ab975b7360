//! Pause and resume, cancel and reactivate, payments that fail and recover.

use serde_json::{Value, json};

use super::Story;

const HALF: &str = "2024-06-16T00:00:00Z";
const JULY: &str = "2024-07-01T00:00:00Z";

fn on_s1(story: Story, at: &str, verb: &str, fields: Value) -> Story {
    let mut all = json!({"subscription": "s1"});
    all.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    story.step(at, verb, all)
}

#[tokio::test]
async fn a_cancellation_now_gives_the_unused_back_unless_it_is_kept() {
    let told = on_s1(Story::flat(3000), HALF, "cancel", json!({})).until(JULY).tell().await.smoothly();
    let told = told.totals("invoices", &[3000]).totals("credit_notes", &[-1500]).balance(1500);
    told.holds(json!({"credit_notes": [{"reason": "final"}], "subscriptions": [{"status": "cancelled", "entitled": false, "ended_at": HALF}]}));
    let told = on_s1(Story::flat(3000), HALF, "cancel", json!({"prorate": false})).until(JULY).tell().await.smoothly();
    told.totals("invoices", &[3000]).totals("credit_notes", &[]).holds(json!({"subscriptions": [{"status": "cancelled"}]}));
}

#[tokio::test]
async fn a_cancellation_at_the_periods_end_may_be_undone_until_then() {
    let told = on_s1(Story::flat(3000), HALF, "cancel", json!({"when": "period_end"})).until("2024-06-30T00:00:00Z").tell().await.smoothly();
    told.holds(json!({"subscriptions": [{"status": "active", "entitled": true, "cancel_at": JULY}]}));
    let told = on_s1(Story::flat(3000), HALF, "cancel", json!({"when": "period_end"})).until(JULY).tell().await.smoothly().totals("invoices", &[3000]);
    told.holds(json!({"subscriptions": [{"status": "cancelled", "entitled": false}]}));
    let story = on_s1(Story::flat(3000), HALF, "cancel", json!({"when": "period_end"}));
    let told = on_s1(story, "2024-06-20T00:00:00Z", "reactivate", json!({})).until(JULY).tell().await.smoothly();
    told.totals("invoices", &[3000, 3000]).holds(json!({"subscriptions": [{"status": "active", "cancel_at": null}]}));
}

#[tokio::test]
async fn reactivated_after_its_end_a_subscription_begins_a_new_period() {
    let story = on_s1(Story::flat(3000), HALF, "cancel", json!({"prorate": false}));
    let told = on_s1(story, "2024-07-10T00:00:00Z", "reactivate", json!({})).until("2024-08-10T00:00:00Z").tell().await.smoothly();
    told.totals("invoices", &[3000, 3000, 3000])
        .holds(json!({"subscriptions": [{"status": "active", "period": {"from": "2024-08-10T00:00:00Z", "to": "2024-09-10T00:00:00Z"}}]}));
    on_s1(Story::flat(3000), HALF, "reactivate", json!({})).tell().await.refused(1, "has not ended");
}

#[tokio::test]
async fn a_trial_cancelled_is_never_charged() {
    for when in ["now", "period_end"] {
        let story = Story::new().plan("p", 1000).subscribe("2024-06-01T00:00:00Z", "p", json!({"trial_days": 14}));
        let told = on_s1(story, "2024-06-05T00:00:00Z", "cancel", json!({"when": when})).until(JULY).tell().await.smoothly().totals("invoices", &[]);
        told.holds(json!({"subscriptions": [{"status": "cancelled", "entitled": false}]}));
    }
}

#[tokio::test]
async fn a_pause_gives_the_unused_back_and_resuming_charges_to_the_periods_end() {
    let story = on_s1(Story::flat(3000), "2024-06-11T00:00:00Z", "pause", json!({}));
    // 20 of 30 days back; 10 days charged again on the 21st.
    let told = on_s1(story, "2024-06-21T00:00:00Z", "resume", json!({})).until(JULY).tell().await.smoothly();
    told.totals("credit_notes", &[-2000])
        .totals("invoices", &[3000, 1000, 3000])
        .balance(0)
        .holds(json!({"invoices": [{}, {"balance_applied": 1000}, {"balance_applied": 1000}]}));
    let told = on_s1(Story::flat(3000), "2024-06-11T00:00:00Z", "pause", json!({})).until("2024-08-15T00:00:00Z").tell().await.smoothly();
    told.totals("invoices", &[3000]).holds(json!({"subscriptions": [{"status": "paused", "entitled": false}]}));
}

#[tokio::test]
async fn a_pause_without_proration_keeps_what_was_paid() {
    let story = on_s1(Story::flat(3000), "2024-06-11T00:00:00Z", "pause", json!({"prorate": false}));
    let told = on_s1(story, "2024-06-21T00:00:00Z", "resume", json!({})).until(JULY).tell().await.smoothly();
    told.totals("invoices", &[3000, 3000]).totals("credit_notes", &[]);
}

#[tokio::test]
async fn usage_while_paused_is_not_billed_though_the_period_was_kept_paid() {
    let prices = json!([{"id": "base", "model": "flat", "amount": 1000}, {"id": "u", "model": "per_unit", "meter": "m", "unit_amount": "1"}]);
    for by in ["second", "none"] {
        let story = Story::new().vendor(json!({"proration": {"by": by}})).meter("m", "sum").priced("p", "month", prices.clone());
        let story = story.subscribe("2024-06-01T00:00:00Z", "p", json!({})).used("2024-06-02T00:00:00Z", "m", "7");
        let story = on_s1(story, "2024-06-11T00:00:00Z", "pause", json!({"prorate": false})).used("2024-06-15T00:00:00Z", "m", "100");
        let story = on_s1(story, "2024-06-21T00:00:00Z", "resume", json!({})).used("2024-06-25T00:00:00Z", "m", "3");
        story.until(JULY).tell().await.smoothly().totals("invoices", &[1000, 1010]);
    }
}

#[tokio::test]
async fn resumed_in_a_later_period_only_its_rest_is_charged() {
    let story = on_s1(Story::flat(3100), "2024-06-16T00:00:00Z", "pause", json!({"prorate": false}));
    // 11 of July's 31 days are left on the 21st.
    on_s1(story, "2024-07-21T00:00:00Z", "resume", json!({})).until("2024-08-01T00:00:00Z").tell().await.smoothly().totals("invoices", &[3100, 1100, 3100]);
}

#[tokio::test]
async fn a_pause_may_wait_for_the_periods_end() {
    let told = on_s1(Story::flat(3000), HALF, "pause", json!({"when": "period_end"})).until("2024-08-01T00:00:00Z").tell().await.smoothly();
    told.totals("invoices", &[3000]).totals("credit_notes", &[]).holds(json!({"subscriptions": [{"status": "paused"}]}));
}

#[tokio::test]
async fn what_was_planned_for_an_end_holds_from_then_though_the_subscription_is_paused_over_it() {
    let begun = |plan: &str| Story::new().plan("a", 3100).plan("b", 6200).subscribe("2024-07-01T00:00:00Z", plan, json!({}));
    let planned = |story: Story, plan: &str| on_s1(story, "2024-07-10T00:00:00Z", "change", json!({"plan": plan, "when": "period_end"}));
    for pause in [json!({}), json!({"prorate": false}), json!({"when": "period_end"})] {
        let story = on_s1(planned(begun("a"), "b"), "2024-07-16T00:00:00Z", "pause", pause.clone());
        let told = on_s1(Story(story.0.clone()), "2024-08-01T00:00:00Z", "resume", json!({})).until("2024-08-02T00:00:00Z").tell().await.smoothly();
        told.totals("invoices", &[3100, 6200]).holds(json!({"subscriptions": [{"plan": "b", "status": "active"}]}));
        // Later, and over more than one end.
        let told = on_s1(story, "2024-09-16T00:00:00Z", "resume", json!({})).until("2024-09-17T00:00:00Z").tell().await.smoothly();
        told.totals("invoices", &[3100, 3100]);
    }
    // What was given up before is not charged again.
    let story = on_s1(planned(begun("b"), "a"), "2024-07-16T00:00:00Z", "pause", json!({"when": "period_end"}));
    let told = on_s1(story, "2024-08-11T00:00:00Z", "resume", json!({})).until("2024-08-12T00:00:00Z").tell().await.smoothly();
    told.totals("invoices", &[6200, 2100]);
}

#[tokio::test]
async fn the_end_of_a_paused_subscription_is_its_final_document_and_takes_what_came_late() {
    let price = json!([{"id": "u", "model": "per_unit", "meter": "m", "unit_amount": "1"}]);
    let story =
        Story::flat(3000).meter("m", "sum").priced("metered", "month", price).subscribe("2024-06-02T00:00:00Z", "metered", json!({"subscription": "s2"}));
    let story = on_s1(story, "2024-07-10T00:00:00Z", "pause", json!({}));
    let story = on_s1(story, "2024-07-11T00:00:00Z", "cancel", json!({"when": "period_end"}));
    let late = json!({"customer": "ada", "meter": "m", "quantity": "5", "time": "2024-06-20T00:00:00Z"});
    let told = story.step("2024-07-20T00:00:00Z", "usage", late).until("2024-08-03T00:00:00Z").tell().await.smoothly().totals("invoices", &[3000, 3000, 5]);
    told.holds(json!({"invoices": [{}, {}, {"issued_at": "2024-08-01T00:00:00Z", "reason": "final", "lines": [{"kind": "late_usage"}]}]}));
}

#[tokio::test]
async fn another_interval_planned_for_an_end_begins_there_though_the_subscription_is_paused() {
    let yearly = json!([{"id": "base", "model": "flat", "amount": 36500}]);
    let story = Story::new().plan("a", 3100).priced("y", "year", yearly).subscribe("2024-07-01T00:00:00Z", "a", json!({}));
    let story = on_s1(story, "2024-07-10T00:00:00Z", "change", json!({"plan": "y", "when": "period_end"}));
    let story = on_s1(on_s1(story, "2024-07-16T00:00:00Z", "pause", json!({"prorate": false})), "2024-08-11T00:00:00Z", "resume", json!({}));
    let told = story.until("2024-08-12T00:00:00Z").tell().await.smoothly();
    // Of the year from 1 August, ten days are past.
    told.totals("invoices", &[3100, 35500]).holds(json!({"subscriptions": [{"plan": "y", "period": {"to": "2025-08-01T00:00:00Z"}}]}));
}

#[tokio::test]
async fn what_is_planned_stays_planned_whatever_else_is_changed_until_then() {
    let plans = || {
        Story::new()
            .plan("a", 3000)
            .priced("b", "month", json!([{"id": "seat", "model": "per_unit", "unit_amount": "1000"}]))
            .coupon("half", json!({"percent": "50", "duration": "forever"}))
    };
    let planned = |story: Story| on_s1(story, "2024-06-05T00:00:00Z", "change", json!({"plan": "b", "when": "period_end"}));
    let begun = || planned(plans().subscribe("2024-06-01T00:00:00Z", "a", json!({})));
    // Seats of the plan to come are those of the day before.
    let story = on_s1(begun(), HALF, "change", json!({"quantity": 8}));
    story.until(JULY).tell().await.smoothly().totals("invoices", &[3000, 8000]).holds(json!({"subscriptions": [{"plan": "b", "quantity": 8}]}));
    // A coupon, and nothing at all, leave it as it is.
    for more in [json!({"coupons": ["half"]}), json!({})] {
        on_s1(begun(), HALF, "change", more).until(JULY).tell().await.smoothly().holds(json!({"subscriptions": [{"plan": "b"}]}));
    }
    // Two words on the next period are one plan for it.
    let story = on_s1(begun(), HALF, "change", json!({"quantity": 3, "when": "period_end"}));
    story.until(JULY).tell().await.smoothly().totals("invoices", &[3000, 3000]).holds(json!({"subscriptions": [{"plan": "b", "quantity": 3}]}));
    // The latest word on the plan is the word on all that was planned.
    let story = on_s1(begun(), HALF, "change", json!({"plan": "a", "when": "period_end"}));
    story.until(JULY).tell().await.smoothly().holds(json!({"subscriptions": [{"plan": "a"}]}));
    let story = on_s1(planned(plans().plan("c", 6000).subscribe("2024-06-01T00:00:00Z", "a", json!({}))), HALF, "change", json!({"plan": "c"}));
    story.until(JULY).tell().await.smoothly().totals("invoices", &[3000, 1500, 6000]).holds(json!({"subscriptions": [{"plan": "c"}]}));
}

#[tokio::test]
async fn what_a_state_does_not_allow_is_refused_and_the_story_goes_on() {
    let story = on_s1(on_s1(Story::flat(3000), HALF, "pause", json!({})), HALF, "pause", json!({}));
    let story = on_s1(on_s1(story, HALF, "change", json!({"quantity": 2})), HALF, "resume", json!({}));
    let told = on_s1(story, HALF, "resume", json!({})).tell().await.refused(2, "paused already").refused(3, "resume it first");
    told.refused(5, "not paused").holds(json!({"subscriptions": [{"status": "active"}]}));
    let story = on_s1(on_s1(Story::flat(3000), HALF, "cancel", json!({})), HALF, "cancel", json!({}));
    story.tell().await.refused(2, "has ended");
}

#[tokio::test]
async fn a_subscription_that_was_refused_refuses_what_follows() {
    let story = Story::flat(3000).ada(json!({"currency": "USD"}));
    on_s1(story, HALF, "cancel", json!({})).tell().await.refused(0, "USD").refused(1, "refused when it was to begin").holds(json!({"subscriptions": []}));
}

#[tokio::test]
async fn with_payment_terms_a_declined_invoice_is_past_due_once_it_is_due() {
    let outcome = |outcome: &str| json!({"customer": "ada", "outcome": outcome});
    let story = || {
        Story::new()
            .vendor(json!({"payment_terms_days": 10}))
            .plan("p", 3000)
            .step("2024-06-01T00:00:00Z", "payment_outcome", outcome("insufficient_funds"))
            .subscribe("2024-06-01T00:00:00Z", "p", json!({}))
    };
    for (until, status) in [("2024-06-10T23:59:59Z", "active"), ("2024-06-11T00:00:00Z", "past_due"), ("2024-07-05T00:00:00Z", "past_due")] {
        let told = story().until(until).tell().await.smoothly();
        told.holds(json!({"invoices": [{"due_at": "2024-06-11T00:00:00Z", "status": "open"}], "subscriptions": [{"status": status}]}));
    }
    // The first paid, July's is declined, too, and not yet due.
    let story = story().step("2024-07-05T00:00:00Z", "payment_outcome", outcome("succeeds")).step("2024-07-05T00:00:00Z", "pay", json!({"invoice": 0}));
    let told = story.until("2024-07-10T00:00:00Z").tell().await.smoothly();
    told.holds(json!({"invoices": [{"status": "paid"}, {"status": "open"}], "subscriptions": [{"status": "active"}]}));
}

#[tokio::test]
async fn a_declined_renewal_is_past_due_until_it_is_paid() {
    let story = Story::flat(3000).step(HALF, "payment_outcome", json!({"customer": "ada", "outcome": "insufficient_funds"})).until(JULY);
    let told = story.tell().await.smoothly().totals("invoices", &[3000, 3000]);
    told.holds(json!({
        "invoices": [{"status": "paid"}, {"status": "open", "amount_due": 3000, "amount_paid": 0}],
        "payments": [{"status": "succeeded"}, {"at": JULY, "invoice": "2024-0002", "amount": 3000, "status": "declined", "reason": "insufficient_funds"}],
        "messages": [{"kind": "payment_failed", "customer": "ada"}],
        "subscriptions": [{"status": "past_due", "entitled": true}],
        "ledger": {"accounts": {"receivable": 3000, "cash": 3000}}
    }));
    let story = Story::flat(3000).step(HALF, "payment_outcome", json!({"customer": "ada", "outcome": "insufficient_funds"})).step(
        "2024-07-02T00:00:00Z",
        "pay",
        json!({"invoice": 1}),
    );
    let story = story.step("2024-07-03T00:00:00Z", "payment_outcome", json!({"customer": "ada", "outcome": "succeeds"})).step(
        "2024-07-03T00:00:00Z",
        "pay",
        json!({"invoice": 1}),
    );
    let told = story.step("2024-07-04T00:00:00Z", "pay", json!({"invoice": 1})).tell().await.refused(2, "declined").refused(5, "Nothing is due");
    told.holds(
        json!({"invoices": [{}, {"status": "paid", "amount_paid": 3000}], "subscriptions": [{"status": "active"}], "ledger": {"accounts": {"receivable": 0}}}),
    );
}

#[tokio::test]
async fn a_declined_card_changes_nothing() {
    let story = Story::flat(3000)
        .plan("q", 6000)
        .step(HALF, "payment_outcome", json!({"customer": "ada", "outcome": "expired_card"}))
        .change(HALF, json!({"plan": "q"}));
    let told = story.tell().await.refused(2, "declined (expired_card)").totals("invoices", &[3000]);
    told.holds(json!({"subscriptions": [{"plan": "p", "status": "active"}], "payments": [{}, {"status": "declined", "invoice": null}]}));
}

#[tokio::test]
async fn what_costs_nothing_asks_no_card() {
    // A downgrade is a credit, and a change within the balance is paid by it.
    let story = Story::flat(6000)
        .plan("q", 3000)
        .step(HALF, "payment_outcome", json!({"customer": "ada", "outcome": "expired_card"}))
        .change(HALF, json!({"plan": "q"}));
    let told = story.change("2024-06-17T00:00:00Z", json!({"quantity": 2})).tell().await.smoothly();
    told.totals("credit_notes", &[-1500]).balance(1500);
}

#[tokio::test]
async fn every_figure_of_the_ledger_has_its_place() {
    let story = Story::flat(3000).tax("fr20", "20").coupon("C", json!({"percent": "10", "duration": "forever"})).merge("/steps/0", json!({"coupons": ["C"]}));
    // 3000 − 300 = 2700 + 540.
    story.tell().await.smoothly().totals("invoices", &[3240]).holds(json!({"ledger": {
        "balanced": true, "accounts": {"receivable": 0, "cash": 3240, "revenue": -3000, "tax": -540, "customer_balance": 0, "discounts": 300, "write_offs": 0, "rounding": 0}
    }}));
}

#[tokio::test]
async fn what_falls_due_and_cannot_be_billed_is_told_once_with_its_subscription_and_period() {
    let prices = json!([{"id": "u", "model": "per_unit", "meter": "m", "unit_amount": "999999999999"}]);
    let story = Story::new().meter("m", "sum").priced("p", "month", prices).subscribe("2024-06-01T00:00:00Z", "p", json!({}));
    let story = story.used("2024-06-02T00:00:00Z", "m", "1000000000000000").until(JULY).used("2024-07-02T00:00:00Z", "m", "1").until("2024-08-01T00:00:00Z");
    let told = story.tell().await;
    let reason = "“s1” could not be billed for the period from 2024-06-01T00:00:00Z to 2024-07-01T00:00:00Z: The amounts are too large to calculate with.";
    assert_eq!(told.0["refused"], json!([{"step": 2, "reason": reason}]));
}

#[tokio::test]
async fn begun_again_with_an_old_invoice_overdue_it_is_past_due_until_that_is_paid() {
    let ends = |verb: &str, back: &str| {
        let story = Story::flat(3000).step(HALF, "payment_outcome", json!({"customer": "ada", "outcome": "insufficient_funds"}));
        let story = story.step(JULY, verb, json!({"subscription": "s1", "prorate": false}));
        let story = story.step("2024-07-02T00:00:00Z", "payment_outcome", json!({"customer": "ada", "outcome": "succeeds"}));
        story.step("2024-07-10T00:00:00Z", back, json!({"subscription": "s1"}))
    };
    for (verb, back) in [("pause", "resume"), ("cancel", "reactivate")] {
        let told = ends(verb, back).tell().await.smoothly();
        told.holds(json!({"invoices": [{}, {"issued_at": JULY, "status": "open"}], "subscriptions": [{"status": "past_due", "entitled": true}]}));
        let paid = ends(verb, back).step("2024-07-11T00:00:00Z", "pay", json!({"invoice": 1})).tell().await.smoothly();
        paid.holds(json!({"subscriptions": [{"status": "active"}]}));
    }
}

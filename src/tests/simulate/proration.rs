//! Changes in the middle of a period: credit for the unused, charge for the rest.

use serde_json::json;

use super::Story;

const HALF: &str = "2024-06-16T00:00:00Z";

#[tokio::test]
async fn a_change_credits_the_unused_share_and_charges_the_rest_at_the_new_price() {
    // Half of June is left: 1500 back, 3000 of 6000.
    let told = Story::flat(3000).plan("q", 6000).change(HALF, json!({"plan": "q"})).tell().await.smoothly();
    told.totals("invoices", &[3000, 1500]).lines("/invoices/1", &[("proration_credit", "base", -1500), ("proration_charge", "base", 3000)]).holds(json!({
        "invoices": [{}, {"reason": "change", "lines": [{"from": HALF, "to": "2024-07-01T00:00:00Z", "explain": {"share": {"n": 1_296_000, "d": 2_592_000, "by": "second"}}}]}],
        "subscriptions": [{"plan": "q"}]
    }));
}

#[tokio::test]
async fn by_day_the_day_of_the_change_belongs_to_the_new_terms() {
    // At 18:00 on the 16th in Paris, 15 of 30 days are still the new plan's.
    let story = Story::flat(3000).vendor(json!({"proration": {"by": "day"}})).ada(json!({"time_zone": "Europe/Paris"})).plan("q", 6000);
    let told = story.change("2024-06-16T16:00:00Z", json!({"plan": "q"})).tell().await.smoothly();
    told.lines("/invoices/1", &[("proration_credit", "base", -1500), ("proration_charge", "base", 3000)]).holds(json!({
        "invoices": [{}, {"lines": [{"from": "2024-06-16T16:00:00Z", "explain": {"share": {"n": 15, "d": 30, "by": "day", "zone": "Europe/Paris"}}}]}]
    }));
}

#[tokio::test]
async fn by_none_the_new_terms_wait_for_the_next_period() {
    let story = Story::flat(3000).vendor(json!({"proration": {"by": "none"}})).plan("q", 6000).change(HALF, json!({"plan": "q"}));
    story.until("2024-07-01T00:00:00Z").tell().await.smoothly().totals("invoices", &[3000, 6000]).totals("credit_notes", &[]);
    let story = Story::flat(3000).vendor(json!({"proration": {"by": "none"}})).plan("q", 6000).change(HALF, json!({"plan": "q"}));
    story.tell().await.smoothly().holds(json!({"subscriptions": [{"plan": "p"}]}));
}

#[tokio::test]
async fn what_is_previewed_is_what_is_charged() {
    let story = Story::flat(3333).tax("fr20", "20").coupon("C", json!({"percent": "15", "duration": "forever"})).plan("q", 7777);
    let fields = json!({"subscription": "s1", "plan": "q", "coupons": ["C"]});
    let told = story
        .step("2024-06-11T07:13:17Z", "preview", fields.clone())
        .step("2024-06-11T07:13:17Z", "change", fields)
        .until("2024-07-01T00:00:00Z")
        .tell()
        .await
        .smoothly();
    let (preview, invoices) = (&told.0["previews"][0], &told.0["invoices"]);
    assert_eq!(preview["lines"], invoices[1]["lines"]);
    assert_eq!((&preview["due_now"], &preview["total"]), (&invoices[1]["total"], &invoices[1]["total"]));
    assert_eq!(preview["next_invoice"], json!({"at": invoices[2]["issued_at"], "total": invoices[2]["total"]}));
}

#[tokio::test]
async fn a_downgrade_is_a_credit_note_into_the_balance_which_the_next_invoice_uses_first() {
    let story = Story::flat(6000).tax("fr20", "20").plan("q", 3000).change(HALF, json!({"plan": "q"})).until("2024-07-01T00:00:00Z");
    let told = story.tell().await.smoothly().totals("invoices", &[7200, 3600]).totals("credit_notes", &[-1800]).balance(0);
    // (−3000 + 1500) × 1.2 = −1800; of July's 3600 it pays half.
    told.lines("/credit_notes/0", &[("proration_credit", "base", -3000), ("proration_charge", "base", 1500)]).holds(json!({
        "invoices": [{"number": "2024-0001"}, {"total": 3600, "balance_applied": 1800, "amount_paid": 1800, "amount_due": 0, "status": "paid"}],
        "credit_notes": [{"invoices": ["2024-0001"], "tax": [{"rate": "fr20", "base": -1500, "amount": -300}]}]
    }));
}

#[tokio::test]
async fn five_changes_in_a_day_never_credit_more_than_was_charged() {
    let mut story = Story::flat(3000).vendor(json!({"proration": {"by": "day"}})).plan("q", 6000).plan("r", 9000).plan("t", 12000);
    for (hour, plan) in [("01", "q"), ("02", "r"), ("03", "q"), ("04", "t"), ("05", "p")] {
        story = story.change(&format!("2024-06-16T{hour}:00:00Z"), json!({"plan": plan}));
    }
    // By day all five are of the same half: up 1500, up 1500, down 1500, up 3000, down 4500: nothing in all.
    let told = story.tell().await.smoothly();
    let sum: i64 =
        ["invoices", "credit_notes"].iter().flat_map(|list| told.0[list].as_array().unwrap()).map(|document| document["total"].as_i64().unwrap()).sum();
    assert_eq!(sum, 3000);
    told.balance(4500).holds(json!({"ledger": {"accounts": {"revenue": -3000}}}));
}

#[tokio::test]
async fn a_change_and_its_reversal_at_one_instant_cancel_out_exactly() {
    // 17 seconds make shares that no cent divides; a discount and a tax on top.
    let at = "2024-06-11T07:13:17Z";
    let story = Story::flat(3333).tax("fr20", "20").coupon("C", json!({"percent": "15", "duration": "once"})).plan("q", 7777);
    let story = story.merge("/steps/0", json!({"coupons": ["C"]})).change(at, json!({"plan": "q"})).change(at, json!({"plan": "p"}));
    let told = story.tell().await.smoothly();
    let up = told.0["invoices"][1]["total"].as_i64().unwrap();
    assert!(up > 0);
    told.totals("credit_notes", &[-up]).balance(up);
}

#[tokio::test]
async fn a_credit_is_net_of_the_discount_and_at_the_tax_of_the_charge() {
    // Charged 3000 − 50 % at 20 %; the rate is 25 % when half of it goes back.
    let rate = |percent: &str, from: &str| json!({"id": "fr", "country": "FR", "percent": percent, "from": from});
    let story = Story::new()
        .with("tax_rates", rate("20", "2024-01-01"))
        .with("tax_rates", rate("25", "2024-06-10"))
        .coupon("HALF", json!({"percent": "50", "duration": "once"}));
    let story =
        story.plan("p", 3000).plan("free", 0).subscribe("2024-06-01T00:00:00Z", "p", json!({"coupons": ["HALF"]})).change(HALF, json!({"plan": "free"}));
    let told = story.tell().await.smoothly().totals("invoices", &[1800]).totals("credit_notes", &[-900]);
    told.holds(json!({"credit_notes": [{"lines": [{"kind": "proration_credit", "amount": -750, "discount": 0}], "tax": [{"base": -750, "amount": -150}]}]}));
}

#[tokio::test]
async fn a_change_of_quantity_touches_what_counts_it() {
    let prices = json!([{"id": "base", "model": "flat", "amount": 3000}, {"id": "seats", "model": "per_unit", "unit_amount": "1000"}]);
    let story = Story::new().priced("p", "month", prices).subscribe("2024-06-01T00:00:00Z", "p", json!({"quantity": 3}));
    let told = story.change(HALF, json!({"quantity": 5})).tell().await.smoothly().totals("invoices", &[6000, 1000]);
    told.lines("/invoices/1", &[("proration_credit", "seats", -1500), ("proration_charge", "seats", 2500)]).holds(json!({"subscriptions": [{"quantity": 5}]}));
}

#[tokio::test]
async fn add_ons_come_and_go_by_their_share() {
    let add_on = json!({"id": "support", "interval": "month", "prices": [{"id": "support", "model": "flat", "amount": 5000}]});
    let story = Story::flat(3000)
        .with("add_ons", add_on)
        .change("2024-06-16T00:00:00Z", json!({"add_ons": ["support"]}))
        .change("2024-06-25T00:00:00Z", json!({"add_ons": []}));
    // 15 of 30 days; then 6 of the 15 days charged go back.
    let told = story.until("2024-07-01T00:00:00Z").tell().await.smoothly().totals("invoices", &[3000, 2500, 3000]).totals("credit_notes", &[-1000]);
    told.lines("/invoices/1", &[("proration_charge", "support", 2500)]).lines("/credit_notes/0", &[("proration_credit", "support", -1000)]);
}

#[tokio::test]
async fn none_of_an_add_on_is_no_add_on() {
    let book = json!({"id": "book", "interval": "month", "prices": [{"id": "book", "model": "flat", "amount": 1000}]});
    let story = || Story::flat(3000).with("add_ons", book.clone());
    let none = json!({"add_ons": [{"id": "book", "quantity": 0}]});
    story().change(HALF, none.clone()).tell().await.smoothly().totals("invoices", &[3000]).totals("credit_notes", &[]);
    let told = story().change("2024-06-01T00:00:00Z", json!({"add_ons": ["book"]})).change(HALF, none).tell().await.smoothly();
    told.totals("invoices", &[3000, 1000]).totals("credit_notes", &[-500]);
}

#[tokio::test]
async fn a_change_may_be_settled_with_the_next_invoice() {
    let story = Story::flat(3000).plan("q", 6000).change(HALF, json!({"plan": "q", "settle": "next_invoice"}));
    let told = story.until("2024-07-01T00:00:00Z").tell().await.smoothly().totals("invoices", &[3000, 7500]);
    let told = told.holds(
        json!({"invoices": [{}, {"reason": "cycle", "lines": [{"kind": "proration_credit", "amount": -1500}, {"kind": "proration_charge", "amount": 3000}]}]}),
    );
    told.holds(json!({"invoices": [{}, {"lines": [{"kind": "recurring", "amount": 6000}]}]}));
}

#[tokio::test]
async fn a_change_may_wait_for_the_periods_end() {
    let story = Story::flat(6000).plan("q", 3000).change(HALF, json!({"plan": "q", "when": "period_end"}));
    story
        .until("2024-07-01T00:00:00Z")
        .tell()
        .await
        .smoothly()
        .totals("invoices", &[6000, 3000])
        .totals("credit_notes", &[])
        .holds(json!({"subscriptions": [{"plan": "q"}]}));
}

#[tokio::test]
async fn a_change_of_a_metered_price_cuts_the_usage_and_scales_a_flows_bounds() {
    let calls = |unit: &str| json!([{"id": "calls", "model": "per_unit", "meter": "calls", "unit_amount": unit, "included": "1000"}]);
    let story =
        Story::new().meter("calls", "sum").priced("p", "month", calls("1")).priced("q", "month", calls("2")).subscribe("2024-06-01T00:00:00Z", "p", json!({}));
    let story = story.used("2024-06-02T00:00:00Z", "calls", "800").change(HALF, json!({"plan": "q"})).used(HALF, "calls", "700");
    // Half of 1000 is included in each half: 300 × 1 with the change, 200 × 2 at the end.
    let told = story.until("2024-07-01T00:00:00Z").tell().await.smoothly().totals("invoices", &[300, 400]);
    told.lines("/invoices/0", &[("usage", "calls", 300)])
        .lines("/invoices/1", &[("usage", "calls", 400)])
        .holds(json!({"invoices": [{"reason": "change"}, {"reason": "cycle"}]}));
}

#[tokio::test]
async fn a_flows_tiers_flat_amounts_minimum_and_maximum_are_scaled_by_the_parts_share() {
    let tiers = json!([{"id": "calls", "model": "graduated", "meter": "calls", "tiers": [{"up_to": "100", "unit_amount": "10", "flat_amount": 200}, {"unit_amount": "1", "flat_amount": 400}]}]);
    let story =
        Story::new().meter("calls", "sum").priced("p", "month", tiers).priced("q", "month", json!([])).subscribe("2024-06-01T00:00:00Z", "p", json!({}));
    // Of half the period: 50 at 10 + 100, 10 at 1 + 200.
    story
        .used("2024-06-02T00:00:00Z", "calls", "60")
        .change(HALF, json!({"plan": "q"}))
        .tell()
        .await
        .smoothly()
        .lines("/invoices/0", &[("usage", "calls", 810)]);

    let bounded = json!([{"id": "calls", "model": "per_unit", "meter": "calls", "unit_amount": "10", "minimum": 1000, "maximum": 4000}]);
    let story = || {
        Story::new().meter("calls", "sum").priced("p", "month", bounded.clone()).priced("q", "month", json!([])).subscribe(
            "2024-06-01T00:00:00Z",
            "p",
            json!({}),
        )
    };
    let told = story().used("2024-06-02T00:00:00Z", "calls", "30").change(HALF, json!({"plan": "q"})).tell().await.smoothly();
    told.lines("/invoices/0", &[("usage", "calls", 300), ("minimum", "calls", 200)]);
    let told = story().used("2024-06-02T00:00:00Z", "calls", "900").change(HALF, json!({"plan": "q"})).tell().await.smoothly();
    told.lines("/invoices/0", &[("usage", "calls", 2000)]);
}

#[tokio::test]
async fn a_level_is_rated_in_full_and_costs_its_share() {
    let seats = |unit: &str| json!([{"id": "seats", "model": "per_unit", "meter": "seats", "unit_amount": unit, "included": "1"}]);
    for aggregate in ["max", "last"] {
        let story = Story::new().meter("seats", aggregate).priced("p", "month", seats("1000")).priced("q", "month", seats("2000")).subscribe(
            "2024-06-01T00:00:00Z",
            "p",
            json!({}),
        );
        let story = story.used("2024-06-02T00:00:00Z", "seats", "5").change(HALF, json!({"plan": "q"})).used("2024-06-20T00:00:00Z", "seats", "7");
        // (5 − 1) × 1000 × ½, then (7 − 1) × 2000 × ½.
        story.until("2024-07-01T00:00:00Z").tell().await.smoothly().totals("invoices", &[2000, 6000]);
    }
}

#[tokio::test]
async fn a_metered_price_that_does_not_change_is_not_cut() {
    let prices = |amount: i64| json!([{"id": "base", "model": "flat", "amount": amount}, {"id": "calls", "model": "per_unit", "meter": "calls", "unit_amount": "1", "included": "1000"}]);
    let story = Story::new().meter("calls", "sum").priced("p", "month", prices(3000)).priced("q", "month", prices(6000)).subscribe(
        "2024-06-01T00:00:00Z",
        "p",
        json!({}),
    );
    let story = story.used("2024-06-02T00:00:00Z", "calls", "800").change(HALF, json!({"plan": "q"})).used(HALF, "calls", "700");
    // 1500 used in one piece, 1000 of it included.
    let told = story.until("2024-07-01T00:00:00Z").tell().await.smoothly().totals("invoices", &[3000, 1500, 6500]);
    told.holds(json!({"invoices": [{}, {}, {"lines": [{"kind": "usage", "quantity": "1500", "amount": 500, "from": "2024-06-01T00:00:00Z"}]}]}));
}

#[tokio::test]
async fn proration_lines_round_as_the_vendor_says_and_every_other_line_half_up() {
    // Half of 5 is 2.5: three half up, two half even.
    for (rounding, credit, charge) in [("half_up", -3, 4), ("half_even", -2, 4)] {
        let story = Story::flat(5).vendor(json!({"proration": {"by": "second", "rounding": rounding}})).plan("q", 7).change(HALF, json!({"plan": "q"}));
        story.tell().await.smoothly().lines("/invoices/1", &[("proration_credit", "base", credit), ("proration_charge", "base", charge)]);
    }
    let half = json!([{"id": "calls", "model": "per_unit", "meter": "calls", "unit_amount": "0.5"}]);
    let story = Story::new().vendor(json!({"proration": {"by": "second", "rounding": "half_even"}})).meter("calls", "sum").priced("p", "month", half);
    let story = story.subscribe("2024-06-01T00:00:00Z", "p", json!({})).used("2024-06-02T00:00:00Z", "calls", "5");
    story.until("2024-07-01T00:00:00Z").tell().await.smoothly().totals("invoices", &[3]);
}

#[tokio::test]
async fn a_yearly_plan_is_prorated_over_its_year() {
    // 304 of 365 days from 1 October 2024 to 1 August 2025.
    let yearly = |amount: i64| json!([{"id": "base", "model": "flat", "amount": amount}]);
    let story = Story::new().priced("p", "year", yearly(36500)).priced("q", "year", yearly(73000)).subscribe("2024-08-01T00:00:00Z", "p", json!({}));
    story
        .change("2024-10-01T00:00:00Z", json!({"plan": "q"}))
        .tell()
        .await
        .smoothly()
        .lines("/invoices/1", &[("proration_credit", "base", -30400), ("proration_charge", "base", 60800)]);
}

#[tokio::test]
async fn what_was_restored_is_taken_back_of_the_invoice_that_charged_it() {
    let at = "2024-06-16T00:00:00Z";
    let outcome = |outcome: &str| json!({"customer": "ada", "outcome": outcome});
    let story = Story::new().priced("p", "month", json!([{"id": "seats", "model": "per_unit", "unit_amount": "1000"}]));
    let story =
        story.step("2024-06-01T00:00:00Z", "payment_outcome", outcome("insufficient_funds")).subscribe("2024-06-01T00:00:00Z", "p", json!({"quantity": 3}));
    let story = story.step(at, "payment_outcome", outcome("succeeds")).change(at, json!({"quantity": 5})).change(at, json!({"quantity": 3}));
    let told = story.step("2024-06-21T00:00:00Z", "cancel", json!({"subscription": "s1"})).tell().await.smoothly();
    // Two thirds of the half month's 1500, off the 3000 that are still due; what the change and its reversal paid is in the balance.
    told.totals("invoices", &[3000, 1000]).totals("credit_notes", &[-1000, -1000]).balance(1000).holds(json!({
        "invoices": [{"amount_due": 2000, "credited": 1000}, {"amount_due": 0}],
        "credit_notes": [{"invoices": ["2024-0002"]}, {"invoices": ["2024-0001"]}]
    }));
}

#[tokio::test]
async fn another_interval_closes_the_usage_so_far_and_counts_on_at_the_new_price() {
    let prices =
        |fee: i64, unit: &str| json!([{"id": "base", "model": "flat", "amount": fee}, {"id": "u", "model": "per_unit", "meter": "m", "unit_amount": unit}]);
    let story = Story::new().meter("m", "sum").priced("p", "month", prices(3000, "1")).priced("y", "year", prices(36500, "2"));
    let story = story.subscribe("2024-06-01T00:00:00Z", "p", json!({})).used("2024-06-02T00:00:00Z", "m", "10");
    let story = story.change("2024-06-16T00:00:00Z", json!({"plan": "y"})).used("2024-06-16T00:00:00Z", "m", "7");
    let told = story.until("2025-06-16T00:00:00Z").tell().await.smoothly().totals("invoices", &[3000, 36500 + 10 - 1500, 36500 + 14]);
    told.lines("/invoices/1", &[("proration_credit", "base", -1500), ("usage", "u", 10), ("recurring", "base", 36500)]);
}

#[tokio::test]
async fn a_credit_larger_than_the_next_invoice_makes_it_a_credit_note_and_pays_those_after() {
    let story = Story::flat(9000).plan("q", 300).change("2024-06-11T00:00:00Z", json!({"plan": "q", "settle": "next_invoice"}));
    // 20 of 30 days: 6000 back, 200 and July's 300 to pay; August is paid from the rest.
    let told = story.until("2024-08-01T00:00:00Z").tell().await.smoothly().totals("credit_notes", &[-5500]).totals("invoices", &[9000, 300]).balance(5200);
    told.holds(json!({"credit_notes": [{"issued_at": "2024-07-01T00:00:00Z", "invoices": ["2024-0001"]}], "invoices": [{}, {"balance_applied": 300, "amount_paid": 0}]}));
}

#[tokio::test]
async fn a_day_of_23_hours_is_a_day_and_a_period_with_it_an_hour_shorter() {
    let paris = |by: &str| Story::new().vendor(json!({"proration": {"by": by}})).ada(json!({"time_zone": "Europe/Paris"})).plan("p", 74300).plan("free", 0);
    // March has 743 hours in Paris. On its last day, of 23 hours, 23 of them are left, or 1 day of 31.
    for (by, back) in [("second", -2300), ("day", -2397)] {
        let story = paris(by).subscribe("2024-02-29T23:00:00Z", "p", json!({})).change("2024-03-30T23:00:00Z", json!({"plan": "free"}));
        story.tell().await.smoothly().totals("credit_notes", &[back]);
    }
}

#[tokio::test]
async fn a_tie_of_a_share_goes_where_the_vendor_rounds() {
    // Half of 1001 and of 2003 yen: 500.5 and 1001.5.
    for (rounding, credit, charge) in [("half_up", -501, 1002), ("half_even", -500, 1002)] {
        let story = Story::flat(1001).vendor(json!({"currency": "JPY", "proration": {"by": "day", "rounding": rounding}})).plan("q", 2003);
        let told = story.change("2024-06-16T13:00:00Z", json!({"plan": "q"})).tell().await.smoothly();
        told.lines("/invoices/1", &[("proration_credit", "base", credit), ("proration_charge", "base", charge)]);
    }
}

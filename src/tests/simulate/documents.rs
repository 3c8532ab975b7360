//! What shares a document, what it comes to, discounts and taxes.

use serde_json::{Value, json};

use super::Story;

const JUNE: &str = "2024-06-01T00:00:00Z";
const JULY: &str = "2024-07-01T00:00:00Z";

#[tokio::test]
async fn usage_in_arrears_and_the_next_advance_fees_are_one_document() {
    let prices = json!([{"id": "base", "model": "flat", "amount": 1000}, {"id": "calls", "model": "per_unit", "meter": "m", "unit_amount": "1"}]);
    let story = Story::new()
        .meter("m", "sum")
        .priced("p", "month", prices)
        .subscribe(JUNE, "p", json!({}))
        .used("2024-06-30T23:59:59Z", "m", "7")
        .used(JULY, "m", "100");
    let told = story.until("2024-07-02T00:00:00Z").tell().await.smoothly().totals("invoices", &[1000, 1007]);
    told.holds(json!({"invoices": [{"reason": "start"}, {"reason": "cycle", "lines": [{"kind": "recurring"}]}]}))
        .holds(json!({"invoices": [{}, {"lines": [{"kind": "usage", "quantity": "7"}]}]}));
}

#[tokio::test]
async fn subscriptions_that_renew_at_one_instant_share_a_document() {
    let told = Story::flat(1000)
        .step("2024-06-16T00:00:00Z", "subscribe", json!({"customer": "ada", "subscription": "s2", "plan": "p", "anchor_day": 1}))
        .until(JULY)
        .tell()
        .await
        .smoothly();
    told.totals("invoices", &[1000, 500, 2000]).holds(json!({"invoices": [{"subscription": "s1"}, {"subscription": "s2"}, {"subscription": null, "lines": [{"subscription": "s1"}, {"subscription": "s2"}]}]}));
}

#[tokio::test]
async fn one_offs_and_a_change_of_one_instant_share_a_document() {
    let charge = |amount: i64| json!({"customer": "ada", "amount": amount, "description": "Set-up"});
    let at = "2024-06-16T00:00:00Z";
    let told = Story::flat(3000).step(at, "charge", charge(500)).step(at, "charge", charge(700)).until(JULY).tell().await.smoothly();
    told.totals("invoices", &[3000, 1200, 3000]).holds(json!({"invoices": [{}, {"issued_at": at, "reason": "manual", "status": "paid", "lines": [{"kind": "one_off", "name": "Set-up", "amount": 500}, {"amount": 700}]}]}));
    let told = Story::flat(3000).plan("q", 6000).step(at, "charge", charge(500)).change(at, json!({"plan": "q"})).until(JULY).tell().await.smoothly();
    told.totals("invoices", &[3000, 2000, 6000]);
}

#[tokio::test]
async fn a_document_of_net_nothing_is_an_invoice_of_nothing_paid_at_once() {
    let told = Story::flat(0).tell().await.smoothly().totals("invoices", &[0]);
    told.holds(json!({"invoices": [{"status": "paid", "lines": [{"amount": 0}]}], "payments": []}));
    // And one of no lines is not made.
    Story::new().priced("p", "month", json!([])).subscribe(JUNE, "p", json!({})).until(JULY).tell().await.smoothly().totals("invoices", &[]);
}

#[tokio::test]
async fn tax_is_rounded_once_a_document_and_rate() {
    // 2 × 6833 × 20 % = 2733.2; line by line it would be 2734.
    let prices = json!([{"id": "a", "model": "flat", "amount": 6833}, {"id": "b", "model": "flat", "amount": 6833}]);
    let told = Story::new().tax("fr20", "20").priced("p", "month", prices).subscribe(JUNE, "p", json!({})).tell().await.smoothly();
    told.totals("invoices", &[16399])
        .holds(json!({"invoices": [{"tax": [{"rate": "fr20", "base": 13666, "amount": 2733}], "tax_total": 2733, "lines": [{"tax_rate": "fr20"}]}]}));
}

#[tokio::test]
async fn every_rate_that_fits_applies_to_the_same_base() {
    let story = Story::flat(10000)
        .with("tax_rates", json!({"id": "gst", "country": "CA", "percent": "5"}))
        .with("tax_rates", json!({"id": "qst", "country": "CA", "region": "QC", "percent": "9.975"}));
    let told = story.ada(json!({"country": "CA", "region": "QC"})).tell().await.smoothly().totals("invoices", &[11498]);
    told.holds(json!({"invoices": [{"tax": [{"rate": "gst", "base": 10000, "amount": 500}, {"rate": "qst", "base": 10000, "amount": 998}], "lines": [{"tax_rate": ["gst", "qst"]}]}]}));
    let story = Story::flat(10000)
        .with("tax_rates", json!({"id": "gst", "country": "CA", "percent": "5"}))
        .with("tax_rates", json!({"id": "qst", "country": "CA", "region": "QC", "percent": "9.975"}));
    story.ada(json!({"country": "CA", "region": "ON"})).tell().await.smoothly().totals("invoices", &[10500]);
    // No fitting rate, no tax.
    Story::flat(10000).with("tax_rates", json!({"id": "de19", "country": "DE", "percent": "19"})).tell().await.smoothly().totals("invoices", &[10000]);
}

#[tokio::test]
async fn a_rate_that_names_the_product_displaces_the_general_ones() {
    let add_on = json!({"id": "book", "interval": "month", "prices": [{"id": "book", "model": "flat", "amount": 1000}]});
    let story = Story::new()
        .tax("fr20", "20")
        .with("tax_rates", json!({"id": "fr5", "country": "FR", "percent": "5.5", "products": ["book"]}))
        .with("add_ons", add_on)
        .plan("p", 1000);
    let told = story.subscribe(JUNE, "p", json!({"add_ons": ["book"]})).tell().await.smoothly().totals("invoices", &[2255]);
    told.holds(json!({"invoices": [{"tax": [{"rate": "fr20", "base": 1000, "amount": 200}, {"rate": "fr5", "base": 1000, "amount": 55}]}]}));
}

#[tokio::test]
async fn a_rate_holds_from_its_day_in_the_billing_zone() {
    let rate = |percent: &str, from: &str| json!({"id": "fr", "country": "FR", "percent": percent, "from": from});
    let story = |at: &str| {
        Story::new()
            .ada(json!({"time_zone": "Europe/Paris"}))
            .with("tax_rates", rate("20", "2024-01-01"))
            .with("tax_rates", rate("10", "2024-06-01"))
            .plan("p", 1000)
            .subscribe(at, "p", json!({}))
    };
    story("2024-05-31T21:59:59Z").tell().await.smoothly().totals("invoices", &[1200]);
    story("2024-05-31T22:00:00Z").tell().await.smoothly().totals("invoices", &[1100]);
    story("2023-12-31T22:59:59Z").tell().await.smoothly().totals("invoices", &[1000]);
}

#[tokio::test]
async fn inclusive_prices_have_their_tax_inside() {
    // 1200 of which 200 are tax; two rates share what is inside: 1200 × 10 ÷ 130 and 1200 × 20 ÷ 130.
    let told = Story::flat(1200).vendor(json!({"prices_include_tax": true})).tax("fr20", "20").tell().await.smoothly().totals("invoices", &[1200]);
    told.holds(json!({"invoices": [{"subtotal": 1200, "tax": [{"base": 1000, "amount": 200}]}], "ledger": {"accounts": {"revenue": -1000, "tax": -200, "cash": 1200}}}));
    let told = Story::flat(1300).vendor(json!({"prices_include_tax": true})).tax("a", "10").tax("b", "20").tell().await.smoothly().totals("invoices", &[1300]);
    told.holds(json!({"invoices": [{"tax": [{"rate": "a", "base": 1000, "amount": 100}, {"rate": "b", "base": 1000, "amount": 200}]}]}));
}

#[tokio::test]
async fn reverse_charge_is_said_on_the_invoice() {
    let story = |ada: Value| {
        Story::flat(10000)
            .vendor(json!({"tax_id": "FR40303265045"}))
            .with("tax_rates", json!({"id": "de19", "country": "DE", "percent": "19"}))
            .tax("fr20", "20")
            .ada(ada)
    };
    let told = story(json!({"country": "DE", "tax_id": "DE123456788"})).tell().await.smoothly().totals("invoices", &[10000]);
    told.holds(json!({"invoices": [{"tax": [], "notes": ["reverse_charge"]}]}));
    // Not with an id of no form, not at home, not outside the union.
    story(json!({"country": "DE", "tax_id": "DE12"})).tell().await.smoothly().totals("invoices", &[11900]);
    story(json!({"country": "FR", "tax_id": "FR83404833048"})).tell().await.smoothly().totals("invoices", &[12000]);
    story(json!({"country": "DE", "tax_exempt": true})).tell().await.smoothly().totals("invoices", &[10000]);
}

fn coupons() -> Story {
    Story::new()
        .tax("fr20", "20")
        .coupon("P20", json!({"percent": "20", "duration": "forever"}))
        .coupon("P10", json!({"percent": "10", "duration": "repeating", "months": 2}))
        .coupon("A5", json!({"amount": 500, "duration": "once"}))
        .coupon("BIG", json!({"amount": 99999, "duration": "once"}))
        .plan("p", 10000)
}

#[tokio::test]
async fn percents_come_first_each_on_what_is_left_and_then_amounts() {
    // 10000 − 20 % = 8000, − 10 % = 7200, − 500 = 6700; tax after.
    let story = coupons().subscribe(JUNE, "p", json!({"coupons": ["A5", "P20", "P10"]}));
    let told = story.until("2024-09-01T00:00:00Z").tell().await.smoothly();
    // July without the one used once; August and September without the one of two months.
    told.totals("invoices", &[8040, 8640, 9600, 9600])
        .holds(json!({"invoices": [{"subtotal": 10000, "discount": 3300, "tax": [{"base": 6700, "amount": 1340}], "lines": [{"discount": 3300}]}]}));
}

#[tokio::test]
async fn a_discount_never_goes_below_nothing() {
    let told = coupons().subscribe(JUNE, "p", json!({"coupons": ["BIG"]})).until(JULY).tell().await.smoothly();
    told.totals("invoices", &[0, 12000]).holds(json!({"invoices": [{"discount": 10000, "status": "paid"}]}));
}

#[tokio::test]
async fn a_discount_is_spread_by_largest_remainder_after_one_rounding() {
    // 10 % of 3 × 333 is 99.9: 100, of which the first line bears one more.
    let prices = json!([{"id": "a", "model": "flat", "amount": 333}, {"id": "b", "model": "flat", "amount": 333}, {"id": "c", "model": "flat", "amount": 333}]);
    let story = Story::new().coupon("P", json!({"percent": "10", "duration": "once"})).priced("p", "month", prices);
    let told = story.subscribe(JUNE, "p", json!({"coupons": ["P"]})).tell().await.smoothly();
    told.holds(
        json!({"invoices": [{"discount": 100, "lines": [{"price": "a", "discount": 34}, {"price": "b", "discount": 33}, {"price": "c", "discount": 33}]}]}),
    );
}

#[tokio::test]
async fn once_waits_for_the_first_invoice_with_something_to_discount() {
    let story = Story::new().coupon("ONCE", json!({"percent": "50", "duration": "once"})).plan("free", 0).plan("p", 1000);
    let story = story.subscribe(JUNE, "free", json!({"coupons": ["ONCE"]})).change(JULY, json!({"plan": "p"})).until("2024-08-01T00:00:00Z");
    story.tell().await.smoothly().totals("invoices", &[0, 0, 500, 1000]);
}

#[tokio::test]
async fn repeating_reaches_periods_that_start_before_its_months_are_over() {
    let story = Story::new().coupon("R", json!({"percent": "50", "duration": "repeating", "months": 3})).plan("p", 1000);
    // Three of them: the fourth period starts exactly when the months are over.
    story
        .subscribe("2024-01-31T00:00:00Z", "p", json!({"coupons": ["R"]}))
        .until("2024-05-31T00:00:00Z")
        .tell()
        .await
        .smoothly()
        .totals("invoices", &[500, 500, 500, 1000, 1000]);
}

#[tokio::test]
async fn the_months_of_a_coupon_begin_with_the_first_period_it_takes_something_off() {
    let prices = json!([{"id": "base", "model": "flat", "amount": 1000}, {"id": "u", "model": "per_unit", "meter": "m", "unit_amount": "1"}]);
    let coupon = |percent: &str, months: u32| json!({"percent": percent, "duration": "repeating", "months": months});
    let story = Story::new().meter("m", "sum").priced("p", "month", prices).coupon("FREE", coupon("100", 2)).coupon("HALF", coupon("50", 1));
    let story = story.subscribe(JUNE, "p", json!({"coupons": ["FREE", "HALF"]}));
    let story = story.used("2024-07-10T00:00:00Z", "m", "100").used("2024-08-10T00:00:00Z", "m", "60").until("2024-09-01T00:00:00Z");
    // August's fee is the first that FREE leaves something of, beside July's usage, which it takes all of; August's usage is HALF's, too.
    story.tell().await.smoothly().totals("invoices", &[0, 0, 500, 1030]);
}

#[tokio::test]
async fn a_document_is_for_what_has_lines_on_it() {
    let prices = json!([{"id": "u", "model": "per_unit", "meter": "m", "unit_amount": "1"}]);
    let story = Story::new().meter("m", "sum").priced("p", "month", prices).priced("free", "month", json!([])).subscribe(JUNE, "p", json!({}));
    let story = story.step(JUNE, "subscribe", json!({"customer": "ada", "subscription": "s2", "plan": "free"})).used("2024-06-10T00:00:00Z", "m", "5");
    let story = story.step("2024-06-16T00:00:00Z", "cancel", json!({"subscription": "s1", "when": "period_end"})).until(JULY);
    // The other renews at the same instant, and costs nothing.
    story.tell().await.smoothly().totals("invoices", &[5]).holds(json!({"invoices": [{"reason": "final", "subscription": "s1"}]}));
}

#[tokio::test]
async fn a_discount_reaches_usage_and_minimum_but_not_credits_and_one_offs() {
    let prices = json!([{"id": "calls", "model": "per_unit", "meter": "m", "unit_amount": "1", "minimum": 1000}]);
    let story = Story::new().meter("m", "sum").coupon("H", json!({"percent": "50", "duration": "forever"})).priced("p", "month", prices).subscribe(
        JUNE,
        "p",
        json!({"coupons": ["H"]}),
    );
    let told = story
        .used("2024-06-02T00:00:00Z", "m", "400")
        .step("2024-06-03T00:00:00Z", "charge", json!({"customer": "ada", "amount": 300, "description": "Help"}))
        .until(JULY)
        .tell()
        .await
        .smoothly();
    told.totals("invoices", &[300, 500])
        .lines("/invoices/1", &[("usage", "calls", 400), ("minimum", "calls", 600)])
        .holds(json!({"invoices": [{"discount": 0}, {"discount": 500, "lines": [{"discount": 200}, {"discount": 300}]}]}));
}

#[tokio::test]
async fn coupons_are_used_as_often_as_they_may_be() {
    let story = Story::new()
        .with("customers", json!({"id": "bob", "country": "FR"}))
        .coupon("C", json!({"percent": "50", "duration": "once", "max_redemptions": 1}))
        .plan("p", 1000);
    let story = story.subscribe(JUNE, "p", json!({"coupons": ["C"]})).step(
        JUNE,
        "subscribe",
        json!({"customer": "bob", "subscription": "s2", "plan": "p", "coupons": ["C"]}),
    );
    story.tell().await.refused(1, "as often as it may be").totals("invoices", &[500]);
}

#[tokio::test]
async fn a_change_replaces_the_coupons_for_what_comes() {
    let story = coupons().subscribe(JUNE, "p", json!({"coupons": ["P20"]})).change("2024-06-16T00:00:00Z", json!({"coupons": []})).until(JULY);
    story.tell().await.smoothly().totals("invoices", &[9600, 12000]);
}

#[tokio::test]
async fn numbers_are_gapless_in_each_years_series() {
    let story = Story::flat(1000).step("2024-12-16T00:00:00Z", "cancel", json!({"subscription": "s1"}));
    let told = story.step("2025-01-01T00:00:00Z", "reactivate", json!({"subscription": "s1"})).tell().await.smoothly();
    let numbers: Vec<&str> = told.0["invoices"].as_array().unwrap().iter().map(|invoice| invoice["number"].as_str().unwrap()).collect();
    assert_eq!(numbers, ["2024-0001", "2024-0002", "2024-0003", "2024-0004", "2024-0005", "2024-0006", "2024-0007", "2025-0001"]);
    assert_eq!(told.0["credit_notes"][0]["number"], json!("CN-2024-0001"));
}

#[tokio::test]
async fn payment_falls_due_so_many_days_after_issue_in_the_billing_zone() {
    let story = Story::new().vendor(json!({"payment_terms_days": 14})).ada(json!({"time_zone": "Europe/Paris"})).plan("p", 1000).subscribe(
        "2024-03-20T09:00:00Z",
        "p",
        json!({}),
    );
    story.tell().await.smoothly().holds(json!({"invoices": [{"issued_at": "2024-03-20T09:00:00Z", "due_at": "2024-04-03T08:00:00Z"}]}));
}

#[tokio::test]
async fn a_percent_is_rounded_once_a_coupon_and_document() {
    let both = json!({"coupons": ["HALF"]});
    let story = Story::new().plan("p", 333).coupon("HALF", json!({"percent": "50", "duration": "forever"})).subscribe(JUNE, "p", both);
    let story = story.step(JUNE, "subscribe", json!({"customer": "ada", "subscription": "s2", "plan": "p", "coupons": ["HALF"]}));
    // Apart 166.5 off each, half up; together 333 of 666.
    let told = story.until(JULY).tell().await.smoothly().totals("invoices", &[166, 166, 333]);
    told.holds(json!({"invoices": [{}, {}, {"discount": 333, "lines": [{"discount": 167}, {"discount": 166}]}]}));
}

#[tokio::test]
async fn coupons_apply_in_the_order_last_given() {
    let once = |amount: i64| json!({"amount": amount, "currency": "EUR", "duration": "once"});
    let story = Story::new().plan("p", 1000).coupon("A", once(400)).coupon("B", once(100)).coupon("C", once(1000));
    let story = story.subscribe(JUNE, "p", json!({"coupons": ["A", "B"], "trial_days": 7})).change("2024-06-02T00:00:00Z", json!({"coupons": ["C", "A"]}));
    // C takes all of the first month; A is left for the second.
    story.until("2024-08-01T00:00:00Z").tell().await.smoothly().totals("invoices", &[0, 600]);
}

#[tokio::test]
async fn an_amount_in_another_currency_is_refused_before_anything_depends_on_it() {
    let story = Story::new().plan("p", 1000).coupon("D", json!({"amount": 500, "currency": "USD", "duration": "forever"}));
    let story = story.subscribe(JUNE, "p", json!({"trial_days": 7})).change("2024-06-02T00:00:00Z", json!({"coupons": ["D"]}));
    let story = story.step("2024-06-03T00:00:00Z", "subscribe", json!({"customer": "ada", "subscription": "s2", "plan": "p", "coupons": ["D"]}));
    let told = story.until("2024-06-08T00:00:00Z").tell().await.refused(1, "worth USD").refused(2, "worth USD");
    told.totals("invoices", &[1000]).holds(json!({"subscriptions": [{"status": "active"}]}));
}

#[tokio::test]
async fn a_planned_coupon_counts_when_the_change_takes_effect() {
    let code = json!({"amount": 100, "currency": "EUR", "duration": "forever", "max_redemptions": 1});
    let planned = json!({"plan": "q", "coupons": ["ONE"], "when": "period_end"});
    let story = Story::flat(1000).plan("q", 2000).coupon("ONE", code).step(JUNE, "subscribe", json!({"customer": "ada", "subscription": "s2", "plan": "p"}));
    // Planned twice, it is one; planned for two, the first to take effect has it.
    let story = story.change("2024-06-10T00:00:00Z", planned.clone()).change("2024-06-11T00:00:00Z", planned);
    let story = story.step("2024-06-12T00:00:00Z", "change", json!({"subscription": "s2", "plan": "q", "coupons": ["ONE"], "when": "period_end"}));
    let story = story.until(JULY).step("2024-07-02T00:00:00Z", "subscribe", json!({"customer": "ada", "subscription": "s3", "plan": "p", "coupons": ["ONE"]}));
    let told = story.until("2024-08-01T00:00:00Z").tell().await.refused(6, "as often as it may be");
    told.totals("invoices", &[1000, 1000, 3900, 3900]).lines("/invoices/2", &[("recurring", "base", 2000), ("recurring", "base", 2000)]);
}

#[tokio::test]
async fn with_tax_inside_every_note_takes_the_tax_of_what_it_takes_back() {
    let book = json!({"id": "book", "interval": "month", "prices": [{"id": "book", "model": "flat", "amount": 1000}]});
    let story = Story::new().vendor(json!({"prices_include_tax": true})).tax("fr20", "20").plan("p", 2000).with("add_ons", book);
    let story = story.with("tax_rates", json!({"id": "fr5", "country": "FR", "percent": "5.5", "products": ["book"]}));
    let story =
        story.coupon("T", json!({"amount": 500, "currency": "EUR", "duration": "once"})).subscribe(JUNE, "p", json!({"add_ons": ["book"], "coupons": ["T"]}));
    let story = story.step("2024-06-10T00:00:00Z", "credit_note", json!({"invoice": 0, "amount": 1000})).step(
        "2024-06-16T00:00:00Z",
        "cancel",
        json!({"subscription": "s1"}),
    );
    let told = story.tell().await.smoothly().totals("invoices", &[2500]).totals("credit_notes", &[-1000, -1251]).balance(2251);
    // 500 as 333 and 167 off; 1667 ÷ 6 and 833 × 5.5 ÷ 105.5. Two fifths back; then half of what each cost.
    told.holds(json!({"invoices": [{"lines": [{"discount": 333}, {"discount": 167}], "tax": [{"rate": "fr20", "base": 1389, "amount": 278}, {"rate": "fr5", "base": 790, "amount": 43}]}]}))
        .lines("/credit_notes/0", &[("adjustment", "base", -667), ("adjustment", "book", -333)])
        .lines("/credit_notes/1", &[("proration_credit", "base", -834), ("proration_credit", "book", -417)]);
}

//! What quantities cost: the models, what is included, minimum and maximum, currencies.

use serde_json::{Value, json};

use super::Story;

/// What a month's usage of a metered price comes to: the lines of its invoice.
async fn check(price: Value, used: &str, expected: &[(&str, i64)]) {
    let mut price = price;
    price.as_object_mut().unwrap().extend(json!({"id": "u", "meter": "m"}).as_object().unwrap().clone());
    let mut story = Story::new().meter("m", "sum").priced("p", "month", json!([price])).subscribe("2024-06-01T00:00:00Z", "p", json!({}));
    if used != "0" {
        story = story.used("2024-06-10T00:00:00Z", "m", used);
    }
    let told = story.until("2024-07-01T00:00:00Z").tell().await.smoothly();
    if expected.is_empty() {
        told.totals("invoices", &[]);
    } else {
        let lines: Vec<(&str, &str, i64)> = expected.iter().map(|(kind, amount)| (*kind, "u", *amount)).collect();
        told.lines("/invoices/0", &lines);
    }
}

#[tokio::test]
async fn per_unit_rates_the_quantity_and_rounds_once() {
    let price = json!({"model": "per_unit", "unit_amount": "0.3"});
    check(price.clone(), "5", &[("usage", 2)]).await;
    check(price.clone(), "1.5", &[("usage", 0)]).await;
    check(price, "0", &[]).await;
}

#[tokio::test]
async fn flat_by_meter_is_due_once_in_a_period_with_usage() {
    let price = json!({"model": "flat", "amount": 700});
    check(price.clone(), "3", &[("usage", 700)]).await;
    check(price, "0", &[]).await;
}

#[tokio::test]
async fn graduated_rates_the_units_inside_each_tier_and_up_to_is_inclusive() {
    let price = json!({"model": "graduated", "tiers": [{"up_to": "10", "unit_amount": "100", "flat_amount": 5}, {"up_to": "20", "unit_amount": "50", "flat_amount": 7}, {"unit_amount": "10"}]});
    check(price.clone(), "10", &[("usage", 1005)]).await;
    check(price.clone(), "11", &[("usage", 1005 + 57)]).await;
    check(price.clone(), "25", &[("usage", 1005 + 507 + 50)]).await;
    check(price, "0", &[]).await;
}

#[tokio::test]
async fn volume_rates_all_units_at_the_tier_the_total_falls_in() {
    let price = json!({"model": "volume", "tiers": [{"up_to": "10", "unit_amount": "100", "flat_amount": 5}, {"unit_amount": "50", "flat_amount": 7}]});
    check(price.clone(), "10", &[("usage", 1005)]).await;
    check(price.clone(), "11", &[("usage", 557)]).await;
    check(price, "0", &[]).await;
}

#[tokio::test]
async fn a_package_is_due_once_started() {
    let price = json!({"model": "package", "package_size": "100", "package_amount": "250"});
    check(price.clone(), "1", &[("usage", 250)]).await;
    check(price.clone(), "100", &[("usage", 250)]).await;
    check(price.clone(), "100.5", &[("usage", 500)]).await;
    check(price, "0", &[]).await;
}

#[tokio::test]
async fn included_units_come_off_before_tiers_and_packages() {
    check(json!({"model": "graduated", "included": "5", "tiers": [{"up_to": "10", "unit_amount": "100"}, {"unit_amount": "1"}]}), "16", &[("usage", 1001)])
        .await;
    check(json!({"model": "package", "included": "1", "package_size": 2, "package_amount": 10}), "5", &[("usage", 20)]).await;
    check(json!({"model": "per_unit", "included": "10", "unit_amount": "3"}), "7", &[("usage", 0)]).await;
}

#[tokio::test]
async fn the_missing_part_of_a_minimum_is_a_line_and_a_maximum_caps_it() {
    let price = json!({"model": "per_unit", "unit_amount": "10", "minimum": 500, "maximum": 800});
    check(price.clone(), "20", &[("usage", 200), ("minimum", 300)]).await;
    check(price.clone(), "60", &[("usage", 600)]).await;
    check(price.clone(), "200", &[("usage", 800)]).await;
    // Without units there is no charge, except the minimum.
    check(price, "0", &[("minimum", 500)]).await;
}

#[tokio::test]
async fn without_a_meter_a_price_is_charged_in_advance_on_the_quantity() {
    let prices = json!([
        {"id": "flat", "model": "flat", "amount": 100},
        {"id": "unit", "model": "per_unit", "unit_amount": "10", "included": "2"},
        {"id": "grad", "model": "graduated", "tiers": [{"up_to": "3", "unit_amount": "10"}, {"unit_amount": "1"}]},
        {"id": "vol", "model": "volume", "tiers": [{"up_to": "3", "unit_amount": "10"}, {"unit_amount": "1"}]},
        {"id": "pack", "model": "package", "package_size": "4", "package_amount": "7"},
        {"id": "min", "model": "per_unit", "unit_amount": "1", "minimum": 50}
    ]);
    let told = Story::new().priced("p", "month", prices).subscribe("2024-06-01T00:00:00Z", "p", json!({"quantity": 5})).tell().await.smoothly();
    told.lines(
        "/invoices/0",
        &[
            ("recurring", "flat", 100),
            ("recurring", "unit", 30),
            ("recurring", "grad", 32),
            ("recurring", "vol", 5),
            ("recurring", "pack", 14),
            ("recurring", "min", 5),
            ("minimum", "min", 45),
        ],
    );
}

#[tokio::test]
async fn one_line_a_price_whose_tiers_stand_in_its_explanation() {
    let tiers = json!([{"id": "u", "model": "graduated", "tiers": [{"up_to": "2", "unit_amount": "10", "flat_amount": 1}, {"unit_amount": "5"}]}]);
    Story::new().priced("p", "month", tiers).subscribe("2024-06-01T00:00:00Z", "p", json!({"quantity": 3})).tell().await.smoothly().holds(json!({"invoices": [{"lines": [{
        "amount": 26,
        "explain": {"model": "graduated", "units": "3", "tiers": [{"units": "2", "unit_amount": "10", "flat_amount": "1", "amount": "21"}, {"units": "1", "unit_amount": "5", "amount": "5"}]}
    }]}]}));
}

#[tokio::test]
async fn a_price_that_the_customers_currency_does_not_have_is_refused() {
    Story::flat(3000).ada(json!({"currency": "USD"})).tell().await.refused(0, "USD").totals("invoices", &[]);
    // One of several currencies is chosen.
    let prices = json!([{"id": "base", "model": "flat", "amount": 1000}, {"id": "base", "model": "flat", "amount": 1100, "currency": "USD"}]);
    let story = Story::new().ada(json!({"currency": "USD"})).priced("p", "month", prices).subscribe("2024-06-01T00:00:00Z", "p", json!({}));
    story.tell().await.smoothly().totals("invoices", &[1100]).holds(json!({"invoices": [{"currency": "USD"}], "balances": {"ada": {"USD": 0}}}));
}

#[tokio::test]
async fn a_price_converts_at_the_latest_rate_on_or_before_the_day_and_rounds_once() {
    let rate = |on: &str, rate: &str| json!({"from": "EUR", "to": "USD", "on": on, "rate": rate});
    let prices = json!([{"id": "seats", "model": "per_unit", "unit_amount": "3.33", "convert": true}]);
    let story = || {
        Story::new()
            .ada(json!({"currency": "USD"}))
            .priced("p", "month", prices.clone())
            .with("exchange_rates", rate("2024-06-01", "1.1"))
            .with("exchange_rates", rate("2024-06-15", "1.2"))
    };
    // 10 × 3.33 × 1.1 = 36.63; × 1.2 = 39.96.
    let told = story().subscribe("2024-06-14T23:59:59Z", "p", json!({"quantity": 10})).until("2024-07-14T23:59:59Z").tell().await.smoothly();
    told.totals("invoices", &[37, 40])
        .holds(json!({"invoices": [{"lines": [{"explain": {"exchange": {"from": "EUR", "to": "USD", "on": "2024-06-01", "rate": "1.1"}}}]}]}));
    // Before the first rate there is none.
    story().subscribe("2024-05-31T23:59:59Z", "p", json!({})).tell().await.refused(0, "exchange rate").totals("invoices", &[]);
}

#[tokio::test]
async fn conversion_reckons_with_each_currencys_minor_units() {
    for (to, rate, expected) in [("JPY", "160", 1600), ("BHD", "0.4", 4000)] {
        let prices = json!([{"id": "base", "model": "flat", "amount": 1000, "convert": true}]);
        let story = Story::new()
            .ada(json!({"currency": to}))
            .priced("p", "month", prices)
            .with("exchange_rates", json!({"from": "EUR", "to": to, "on": "2024-01-01", "rate": rate}));
        // 10.00 EUR are 1600 JPY, which has no minor unit, and 4.000 BHD, which has a thousand.
        story.subscribe("2024-06-01T00:00:00Z", "p", json!({})).tell().await.smoothly().totals("invoices", &[expected]);
    }
}

#[tokio::test]
async fn forints_are_paid_whole_and_yen_have_no_fraction() {
    let story = Story::new()
        .vendor(json!({"country": "HU", "currency": "HUF"}))
        .ada(json!({"country": "HU"}))
        .with("tax_rates", json!({"id": "hu27", "country": "HU", "percent": "27"}));
    // 123.45 + 27 % (33.33) = 156.78 forint, paid as 157.
    let told = story.plan("p", 12345).subscribe("2024-06-01T00:00:00Z", "p", json!({})).tell().await.smoothly().totals("invoices", &[15700]);
    told.holds(json!({"invoices": [{"subtotal": 12345, "tax_total": 3333, "rounding": 22, "amount_paid": 15700}], "ledger": {"accounts": {"rounding": -22}}}));
    let story = Story::new().vendor(json!({"currency": "JPY"})).tax("fr10", "10").plan("p", 980).subscribe("2024-06-01T00:00:00Z", "p", json!({}));
    story.tell().await.smoothly().totals("invoices", &[1078]);
}

#[tokio::test]
async fn a_price_that_cannot_be_converted_on_the_day_it_is_charged_is_refused_by_its_name() {
    let story = |on: &str| {
        let price = json!([{"id": "base", "model": "flat", "amount": 1000, "currency": "USD", "convert": true}]);
        Story::new()
            .ada(json!({"time_zone": "Asia/Tokyo"}))
            .with("exchange_rates", json!({"from": "USD", "to": "EUR", "on": on, "rate": "2"}))
            .priced("p", "month", price)
    };
    // In Tokyo it is the 2nd of June already.
    let at = "2024-06-01T16:00:00Z";
    story("2024-06-02").subscribe(at, "p", json!({})).tell().await.smoothly().totals("invoices", &[2000]);
    story("2024-06-03").subscribe(at, "p", json!({})).tell().await.refused(0, "“base”").totals("invoices", &[]);
    // A trial is charged at its end.
    let told = story("2024-06-03").subscribe(at, "p", json!({"trial_days": 1})).until("2024-06-04T00:00:00Z").tell().await.smoothly();
    told.totals("invoices", &[2000]);
    // An add-on of a change as well.
    let add_on = json!({"id": "book", "interval": "month", "prices": [{"id": "book", "model": "flat", "amount": 1000, "currency": "CHF", "convert": true}]});
    let told = Story::flat(1000).with("add_ons", add_on).change("2024-06-10T00:00:00Z", json!({"add_ons": ["book"], "when": "period_end"}));
    told.until("2024-07-01T00:00:00Z").tell().await.refused(1, "“book”").totals("invoices", &[1000, 1000]);
}

//! What a scenario may say, and how it is told that it may not.

use serde_json::{Value, json};

use super::*;

/// A small scenario that uses every kind of thing once.
fn sound() -> Value {
    json!({
        "vendor": {
            "country": "FR", "tax_id": "FR40303265045", "currency": "EUR", "time_zone": "Europe/Paris",
            "proration": {"by": "second", "rounding": "half_up"}, "prices_include_tax": false, "usage_grace": "1h", "payment_terms_days": 0
        },
        "tax_rates": [{"id": "fr20", "country": "FR", "region": null, "percent": "20", "from": "2014-01-01", "products": null}],
        "exchange_rates": [{"from": "EUR", "to": "HUF", "on": "2024-01-01", "rate": "382.5"}],
        "meters": [{"id": "api_calls", "aggregate": "sum"}, {"id": "people", "aggregate": "unique"}],
        "plans": [
            {"id": "team", "name": "Team", "interval": "month", "interval_count": 1, "trial_days": 14, "prices": [
                {"id": "base", "model": "flat", "amount": 2900},
                {"id": "seats", "model": "per_unit", "unit_amount": "1000", "included": "1"},
                {"id": "calls", "model": "graduated", "meter": "api_calls",
                 "tiers": [{"up_to": "10000", "unit_amount": "0"}, {"up_to": null, "unit_amount": "0.2", "flat_amount": 500}]}
            ]},
            {"id": "weekly", "interval": "week", "prices": [{"id": "packs", "model": "package", "package_size": 10, "package_amount": "99.5", "minimum": 100, "maximum": 900}]}
        ],
        "add_ons": [{"id": "support", "interval": "month", "prices": [{"id": "support", "model": "flat", "amount": 4900}]}],
        "coupons": [{"id": "LAUNCH", "percent": "20", "duration": "repeating", "months": 3}, {"id": "TEN", "amount": 1000, "currency": "EUR", "duration": "once", "max_redemptions": 100}],
        "customers": [{"id": "ada", "country": "FR", "region": null, "tax_id": null, "tax_exempt": false, "currency": "EUR", "time_zone": "Europe/Paris"}, {"id": "bob", "country": "DE"}],
        "steps": [
            {"at": "2024-01-10T09:00:00Z", "do": "subscribe", "customer": "ada", "subscription": "s1", "plan": "team", "quantity": 3, "coupons": ["LAUNCH"], "anchor_day": 31},
            {"at": "2024-02-01T00:00:00Z", "do": "usage", "customer": "ada", "meter": "api_calls", "quantity": "12000", "id": "e1"},
            {"at": "2024-02-12T12:00:00Z", "do": "preview", "subscription": "s1", "quantity": "4"},
            {"at": "2024-02-12T12:00:00Z", "do": "change", "subscription": "s1", "add_ons": ["support"], "when": "period_end", "settle": "next_invoice"},
            {"at": "2024-02-13T00:00:00+01:00", "do": "credit_note", "invoice": 0, "lines": [0, "seats", {"line": 1, "amount": 5}]},
            {"at": "2024-06-01T00:00:00Z", "do": "advance"}
        ]
    })
}

fn read(value: &Value) -> Result<Scenario, Wrong> {
    Scenario::read(value.to_string().as_bytes())
}

#[test]
fn the_example_of_the_format_is_read_into_the_engines_values() {
    let scenario = read(&sound()).unwrap();
    assert_eq!(scenario.vendor.usage_grace_seconds, 3_600);
    assert_eq!(scenario.plans[0].prices[1].included, Decimal::ONE);
    assert_eq!(scenario.customers[1].currency.code(), "EUR");
    assert_eq!(scenario.customers[1].time_zone.name(), "Europe/Paris");
    assert_eq!(scenario.plans[1].name, "weekly");
    assert_eq!(scenario.steps.len(), 6);
    let Act::Subscribe { quantity, anchor, trial_days, .. } = &scenario.steps[0].act else { panic!("{:?}", scenario.steps[0]) };
    assert_eq!((*quantity, *anchor, *trial_days), (Decimal::from(3), Some(Anchored::Day(31)), None));
    let Act::CreditLines { lines, .. } = &scenario.steps[4].act else { panic!("{:?}", scenario.steps[4]) };
    assert_eq!(*lines, [(LineName::Nth(0), None), (LineName::Price("seats".into()), None), (LineName::Nth(1), Some(5))]);
}

#[test]
fn what_is_not_said_has_the_value_the_format_says() {
    let scenario = read(&json!({"vendor": {"country": "FR", "currency": "EUR"}})).unwrap();
    let vendor = scenario.vendor;
    assert_eq!((vendor.time_zone, vendor.proration_by, vendor.proration_rounding), (Zone::UTC, By::Second, Rounding::HalfUp));
    assert_eq!((vendor.prices_include_tax, vendor.usage_grace_seconds, vendor.payment_terms_days), (false, 0, 0));
}

/// Sets a place of the sound scenario (null removes it) and expects the refusal to name that place and hold those words.
#[track_caller]
fn refused(place: &str, value: Value, says: &str) {
    refused_at(place, value, place, says);
}

#[track_caller]
fn refused_at(place: &str, value: Value, named: &str, says: &str) {
    let mut scenario = sound();
    let (parent, key) = place.rsplit_once('/').unwrap();
    match scenario.pointer_mut(parent).unwrap() {
        Value::Object(members) if value.is_null() => drop(members.remove(key)),
        Value::Object(members) => drop(members.insert(key.to_owned(), value)),
        Value::Array(items) if key == "-" => items.push(value),
        Value::Array(items) => items[key.parse::<usize>().unwrap()] = value,
        other => panic!("{parent} is {other}"),
    }
    let wrong = read(&scenario).unwrap_err();
    assert_eq!(wrong.pointer, named, "{wrong}");
    assert!(wrong.reason.contains(says), "{wrong}");
    assert_eq!(wrong.to_string().lines().count(), 1);
}

#[test]
fn a_field_nobody_knows_is_refused_wherever_it_stands() {
    for place in [
        "",
        "/vendor",
        "/vendor/proration",
        "/tax_rates/0",
        "/exchange_rates/0",
        "/meters/0",
        "/plans/0",
        "/plans/0/prices/0",
        "/plans/0/prices/2/tiers/0",
        "/add_ons/0",
        "/coupons/0",
        "/customers/0",
        "/steps/0",
        "/steps/5",
    ] {
        refused(&format!("{place}/colour"), json!("red"), "is not a field here");
    }
    // What another step knows, this one does not.
    refused("/steps/5/plan", json!("team"), "is not a field here");
}

#[test]
fn a_missing_field_is_named() {
    for place in [
        "/vendor",
        "/vendor/currency",
        "/vendor/country",
        "/tax_rates/0/percent",
        "/exchange_rates/0/rate",
        "/meters/0/aggregate",
        "/plans/0/interval",
        "/plans/0/prices",
        "/plans/0/prices/0/amount",
        "/plans/0/prices/1/unit_amount",
        "/plans/0/prices/2/tiers",
        "/plans/1/prices/0/package_size",
        "/coupons/0/months",
        "/coupons/0/duration",
        "/customers/0/id",
        "/steps/0/at",
        "/steps/0/do",
        "/steps/0/plan",
        "/steps/0/customer",
        "/steps/1/quantity",
    ] {
        refused(place, Value::Null, "is missing");
    }
}

#[test]
fn a_value_of_another_type_is_refused() {
    refused("/vendor", json!([]), "must be an object, not a list");
    refused("/vendor/currency", json!(978), "must be text, not a number");
    refused("/vendor/prices_include_tax", json!("yes"), "true or false");
    refused("/plans", json!({}), "must be a list, not an object");
    refused("/plans/0/prices/0/amount", json!("2900"), "an amount in whole minor units, not text");
    refused("/plans/0/prices/0/amount", json!(29.5), "not whole");
    refused("/plans/0/prices/1/unit_amount", json!(0.2), "a decimal as text");
    refused("/plans/0/id", json!("Pro plan"), "must be a key: at most 100 bytes without spaces");
    refused("/plans/0/prices/0/id", json!("per seat"), "without spaces");
    refused("/tax_rates/0/id", json!("x".repeat(61)), "must not be longer than 60 bytes");
    refused("/plans/0/interval_count", json!("1"), "must be a whole number");
    refused("/steps/0", json!("subscribe"), "must be an object");
    refused("/steps/0/quantity", json!(true), "a decimal as text");
    refused("/steps/4/invoice", json!([0]), "must be text");
}

#[test]
fn decimals_are_plain_digits() {
    for text in ["", " ", "1e3", "+1", ".5", "5.", "1_000", "0x10", "NaN", "1,5", "١"] {
        let says = if text.trim().is_empty() { "is not a decimal" } else { text };
        refused("/plans/0/prices/1/unit_amount", json!(text), says);
    }
    refused("/plans/0/prices/1/unit_amount", json!("0.00000000000000000000000000001"), "too large or too fine");
    refused("/plans/0/prices/1/unit_amount", json!("-1"), "must not be negative");
}

#[test]
fn amounts_stay_in_bounds() {
    refused("/plans/0/prices/0/amount", json!(-1), "must not be negative");
    refused("/plans/0/prices/0/amount", json!(1_000_000_000_000_000_i64), "is too large");
    refused("/plans/0/prices/0/amount", json!(18_446_744_073_709_551_615_u64), "too large");
    refused_at("/plans/0/prices/1/unit_amount", json!("1000000000000000"), "/plans/0/prices/1", "too large");
    refused("/plans/0/prices/1/included", json!("-1"), "must not be negative");
    refused("/coupons/1/amount", json!(0), "must be above zero");
    refused("/steps/0/quantity", json!(-2), "must not be negative");
}

#[test]
fn what_contradicts_itself_is_refused() {
    refused("/plans/0/prices/0/unit_amount", json!("5"), "does not go with the model `flat`");
    refused_at("/plans/1/prices/0/maximum", json!(99), "/plans/1/prices/0/maximum", "minimum");
    refused("/coupons/0/amount", json!(5), "contradicts `percent`");
    refused("/coupons/0/currency", json!("EUR"), "goes with an `amount` only");
    refused_at("/coupons/0/percent", Value::Null, "/coupons/0", "must take off");
    refused("/coupons/1/months", json!(3), "goes with the duration `repeating` only");
    refused("/coupons/0/percent", json!("100.01"), "at most 100");
    refused("/coupons/0/months", json!(0), "between 1");
    refused("/exchange_rates/0/to", json!("EUR"), "another currency");
    refused("/exchange_rates/0/rate", json!("0"), "above zero");
    refused("/exchange_rates/0/rate", json!("0.0026143790849673202614379085"), "too fine");
    refused("/steps/0/anchor", json!("2024-01-01T00:00:00Z"), "contradicts `anchor_day`");
    refused_at("/steps/4/amount", json!(100), "/steps/4/lines", "contradicts `amount`");
}

#[test]
fn names_stand_once() {
    for list in ["meters", "plans", "add_ons", "coupons", "customers"] {
        let twin = sound()[list][0].clone();
        let index = sound()[list].as_array().unwrap().len();
        refused_at(&format!("/{list}/-"), twin, &format!("/{list}/{index}"), "is there already");
    }
    refused_at("/plans/0/prices/-", json!({"id": "base", "model": "flat", "amount": 1}), "/plans/0/prices/3", "is there already in EUR");
    refused_at("/exchange_rates/-", sound()["exchange_rates"][0].clone(), "/exchange_rates/1", "already");
    refused_at(
        "/steps/-",
        json!({"at": "2024-06-01T00:00:00Z", "do": "subscribe", "customer": "ada", "subscription": "s1", "plan": "team"}),
        "/steps/6/subscription",
        "is begun at /steps/0 already",
    );
    refused_at("/steps/0/coupons", json!(["LAUNCH", "LAUNCH"]), "/steps/0/coupons/1", "is there already");
}

#[test]
fn tax_rates_of_one_name_may_not_overlap() {
    refused_at("/tax_rates/-", json!({"id": "fr20", "country": "FR", "percent": "21", "from": "2014-01-01"}), "/tax_rates/1", "overlaps");
    refused_at("/tax_rates/-", json!({"id": "fr20", "country": "DE", "percent": "19"}), "/tax_rates/1", "another place");
    refused("/tax_rates/0/percent", json!("101"), "must not be above 100");
    let mut scenario = sound();
    scenario["tax_rates"].as_array_mut().unwrap().push(json!({"id": "fr20", "country": "FR", "percent": "21", "from": "2025-01-01"}));
    assert_eq!(read(&scenario).unwrap().tax_rates.len(), 2);
}

#[test]
fn a_name_that_names_nothing_is_refused() {
    refused("/plans/0/prices/2/meter", json!("sms"), "there is no meter “sms”");
    refused_at("/tax_rates/0/products", json!(["team", "gold"]), "/tax_rates/0/products/1", "“gold”");
    refused("/steps/0/customer", json!("eve"), "there is no customer “eve”");
    refused("/steps/0/plan", json!("gold"), "there is no plan “gold”");
    refused_at("/steps/0/coupons", json!(["NOPE"]), "/steps/0/coupons/0", "there is no coupon");
    refused_at("/steps/3/add_ons", json!([{"id": "gold"}]), "/steps/3/add_ons/0/id", "there is no add-on");
    refused("/steps/1/meter", json!("sms"), "there is no meter");
    refused("/steps/2/subscription", json!("s9"), "no step before this one begins");
    refused("/steps/5/do", json!("dance"), "is not something a step can do");
    refused("/vendor/currency", json!("EURO"), "ISO 4217");
    refused("/vendor/currency", json!("XAU"), "ISO 4217");
    refused("/vendor/time_zone", json!("Europe/Atlantis"), "is not a time zone");
    refused("/vendor/country", json!("fr"), "is not a country code");
    refused("/vendor/country", json!("ZZ"), "is not a country code");
    refused("/customers/0/country", json!("EU"), "is not a country code");
    refused("/tax_rates/0/country", json!("ZZ"), "is not a country code");
    refused("/plans/0/interval", json!("fortnight"), "is not one of day, week, month, year");
    refused("/meters/0/aggregate", json!("avg"), "is not one of");
    refused("/vendor/proration/by", json!("hour"), "is not one of");
}

#[test]
fn dates_and_instants_must_exist() {
    for text in ["2024-02-30T00:00:00Z", "2024-01-10", "2024-01-10T09:00:00", "2024-01-10T25:00:00Z", "yesterday"] {
        refused("/steps/0/at", json!(text), "is not an instant");
    }
    refused("/steps/0/at", json!("2024-01-10T09:00:00.5Z"), "whole seconds");
    refused("/steps/0/at", json!("0001-01-01T00:00:00Z"), "must lie in the years");
    refused("/steps/5/at", json!("9999-01-01T00:00:00Z"), "must lie in the years");
    refused("/tax_rates/0/from", json!("2023-02-29"), "is not a date");
    refused("/tax_rates/0/from", json!("2023-2-9"), "is not a date");
    refused("/exchange_rates/0/on", json!("0024-01-01"), "must lie in the years");
}

#[test]
fn time_does_not_run_backwards() {
    refused("/steps/5/at", json!("2024-01-01T00:00:00Z"), "lies before the step before it, at 2024-02-12T23:00:00Z");
    refused("/steps/0/start", json!("2024-01-01T00:00:00Z"), "lies before the step");
}

#[test]
fn tiers_must_rise_to_an_open_end() {
    let tiers = "/plans/0/prices/2/tiers";
    refused(tiers, json!([]), "at least one tier");
    refused(tiers, json!([{"up_to": "10", "unit_amount": "1"}]), "must be open");
    refused(tiers, json!([{"up_to": null, "unit_amount": "1"}, {"up_to": null, "unit_amount": "1"}]), "must be open");
    refused(tiers, json!([{"up_to": "10", "unit_amount": "1"}, {"up_to": "10", "unit_amount": "1"}, {"unit_amount": "1"}]), "must rise");
    refused_at(tiers, json!([{"up_to": null}]), "/plans/0/prices/2/tiers/0", "must have");
}

#[test]
fn an_anchor_day_lies_in_a_month() {
    refused("/steps/0/anchor_day", json!(0), "between 1 and 31");
    refused("/steps/0/anchor_day", json!(32), "between 1 and 31");
    refused_at("/steps/0/plan", json!("weekly"), "/steps/0/anchor_day", "months or years");
}

#[test]
fn a_grace_is_a_time() {
    for (text, seconds) in [("0", 0), ("90s", 90), ("1h", 3_600), ("1d12h", 129_600), ("2d", 172_800)] {
        let mut scenario = sound();
        scenario["vendor"]["usage_grace"] = json!(text);
        assert_eq!(read(&scenario).unwrap().vendor.usage_grace_seconds, seconds);
    }
    for text in ["1", "h", "1h30", "-1h", "1.5h", "400d", "99999999999999999999d", "1 h", "1ü"] {
        refused("/vendor/usage_grace", json!(text), "is not a time");
    }
}

#[test]
fn a_payment_succeeds_or_is_declined_for_a_reason() {
    let step = |outcome: &str| json!({"at": "2024-06-01T00:00:00Z", "do": "payment_outcome", "customer": "ada", "outcome": outcome});
    for slip in ["success", "succeeded", "Declined!"] {
        refused_at("/steps/-", step(slip), "/steps/6/outcome", "neither");
    }
    let mut scenario = sound();
    scenario["steps"].as_array_mut().unwrap().push(step("insufficient_funds"));
    let Act::PaymentOutcome { outcome, .. } = &read(&scenario).unwrap().steps[6].act.clone() else { panic!() };
    assert_eq!(*outcome, PaymentOutcome::Declines("insufficient_funds".into()));
}

#[test]
fn a_charge_names_whose_it_is_by_customer_or_subscription() {
    let step = |fields: Value| {
        let mut step = json!({"at": "2024-06-01T00:00:00Z", "do": "charge", "amount": 500, "description": "Set-up"});
        step.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        step
    };
    let mut scenario = sound();
    scenario["steps"].as_array_mut().unwrap().push(step(json!({"subscription": "s1"})));
    let Act::Charge { customer, .. } = &read(&scenario).unwrap().steps[6].act.clone() else { panic!() };
    assert_eq!(customer, "ada");
    refused_at("/steps/-", step(json!({"subscription": "s1", "customer": "bob"})), "/steps/6/customer", "contradicts `subscription`");
    refused_at("/steps/-", step(json!({})), "/steps/6/customer", "is missing");
}

#[test]
fn what_is_no_json_or_says_something_twice_is_refused_in_one_line() {
    for text in ["", "{", "[1,]", "{\"vendor\": nul}", "\u{feff}{}", "{} {}", "nan"] {
        let wrong = Scenario::read(text.as_bytes()).unwrap_err();
        assert!(wrong.to_string().starts_with("/: is not JSON"), "{wrong}");
        assert_eq!(wrong.to_string().lines().count(), 1);
    }
    assert!(Scenario::read(&[b'"', 0xff, b'"']).is_err());
    assert!(Scenario::read("[".repeat(100_000).as_bytes()).is_err());
    let twice = Scenario::read(br#"{"vendor": {"country": "FR", "currency": "EUR", "currency": "USD"}}"#).unwrap_err();
    assert_eq!(twice.to_string(), "/vendor/currency: is given twice");
    let wild = Scenario::read(br#"{"a\nb/c~d": 1}"#).unwrap_err();
    assert!(wild.to_string().starts_with("/a\\nb~1c~0d: is not a field here"), "{wild}");
    assert_eq!(Scenario::read(b"[]").unwrap_err().to_string(), "/: must be an object, not a list");
}

#[test]
fn text_is_short_plain_and_not_empty() {
    refused("/customers/0/id", json!(""), "must not be empty");
    refused("/customers/0/id", json!("a\u{0}b"), "control characters");
    refused("/customers/0/id", json!("x".repeat(201)), "longer than 200");
}

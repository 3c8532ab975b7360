//! The vendor, price list and customers of a random life, and what the life is about.

use serde_json::{Value, json};

use crate::dice::Dice;

/// What a life is about: a few things at a time, so that simple lives are among the wild ones.
pub struct Taste {
    pub tax: bool,
    pub coupons: bool,
    pub meters: bool,
    pub add_ons: bool,
    pub intervals: bool,
    pub failures: bool,
    pub corrections: bool,
    pub currencies: bool,
    pub anchors: bool,
    pub trials: bool,
    pub late: bool,
    pub next_invoice: bool,
    pub bounds: bool,
    pub pauses: bool,
}

impl Taste {
    pub fn new(dice: &mut Dice) -> Taste {
        let likely = 15 + dice.below(70);
        let mut some = || dice.percent(likely);
        Taste {
            tax: some(),
            coupons: some(),
            meters: some(),
            add_ons: some(),
            intervals: some(),
            failures: some(),
            corrections: some(),
            currencies: some(),
            anchors: some(),
            trials: some(),
            late: some(),
            next_invoice: some(),
            bounds: some(),
            pauses: some(),
        }
    }
}

const ZONES: [&str; 10] = [
    "UTC",
    "Europe/Paris",
    "Europe/Berlin",
    "America/New_York",
    "Asia/Tokyo",
    "Asia/Kolkata",
    "Africa/Cairo",
    "Asia/Beirut",
    "Pacific/Auckland",
    "Australia/Lord_Howe",
];

pub fn setting(dice: &mut Dice, taste: &Taste) -> Value {
    let currency = dice.of(&["EUR", "EUR", "EUR", "USD", "HUF", "JPY"]);
    let meters: Vec<Value> = if taste.meters {
        let kinds = ["sum", "max", "last", "count", "unique"];
        (0..dice.between(1, 3)).map(|i| json!({"id": format!("m{i}"), "aggregate": dice.of(&kinds)})).collect()
    } else {
        Vec::new()
    };
    let mut plans: Vec<Value> = Vec::new();
    let mut add_ons: Vec<Value> = Vec::new();
    for i in 0..dice.between(2, 5) {
        let (interval, count) = if i < 2 || !taste.intervals {
            ("month", 1)
        } else {
            dice.of(&[("month", 1), ("month", 3), ("year", 1), ("week", 1), ("week", 2), ("day", 10), ("month", 2)])
        };
        let earlier: Vec<Value> = plans.iter().flat_map(|plan| plan["prices"].as_array().cloned().unwrap_or_default()).collect();
        let mut plan = json!({"id": format!("p{i}"), "interval": interval, "interval_count": count, "prices": prices(dice, taste, &meters, &earlier)});
        if taste.trials && dice.percent(25) {
            plan["trial_days"] = json!(dice.between(1, 30));
        }
        plans.push(plan);
    }
    if taste.add_ons {
        for i in 0..dice.between(1, 3) {
            let of = dice.of(&plans);
            let mut list = prices(dice, taste, &meters, &[]);
            list.truncate(1);
            let mut add_on = json!({"id": format!("a{i}"), "interval": of["interval"], "interval_count": of["interval_count"], "prices": list});
            // One of its own, thrown apart: the rest of a life stays as it is.
            let mut apart = Dice(!dice.0);
            if apart.percent(if taste.intervals { 50 } else { 25 }) {
                let (interval, count) = apart.of(&[("week", 1), ("month", 1), ("year", 1), ("year", 1), ("month", 3), ("week", 2), ("day", 10)]);
                (add_on["interval"], add_on["interval_count"]) = (json!(interval), json!(count));
            }
            add_ons.push(add_on);
        }
    }
    if taste.currencies {
        for price in plans.iter_mut().chain(&mut add_ons).flat_map(|offer| offer["prices"].as_array_mut().into_iter().flatten()) {
            if dice.percent(85) {
                price["convert"] = json!(true);
            }
        }
    }
    let customers = (0..dice.between(1, 5)).map(|i| customer(dice, taste, currency, i)).collect::<Vec<_>>();
    json!({
        "vendor": {
            "country": dice.of(&["FR", "FR", "DE", "HU"]),
            "tax_id": dice.of(&[json!("FR40303265045"), json!("DE136695976"), Value::Null]),
            "currency": currency,
            "time_zone": dice.of(&ZONES),
            "proration": {"by": dice.of(&["second", "second", "second", "day", "day", "none"]), "rounding": dice.of(&["half_up", "half_up", "half_even"])},
            "prices_include_tax": taste.tax && dice.percent(30),
            "usage_grace": if taste.late { dice.of(&["0", "1h", "1d", "2d"]) } else { "0" },
            "payment_terms_days": dice.of(&[0, 0, 0, 14]),
        },
        "tax_rates": if taste.tax { tax_rates(dice, &plans, &add_ons) } else { Vec::new() },
        "exchange_rates": if taste.currencies { exchange_rates(dice) } else { Vec::new() },
        "meters": meters,
        "coupons": if taste.coupons { coupons(dice, currency) } else { Vec::new() },
        "plans": plans,
        "add_ons": add_ons,
        "customers": customers,
    })
}

fn customer(dice: &mut Dice, taste: &Taste, currency: &str, i: i64) -> Value {
    let country = dice.of(&["FR", "FR", "DE", "CA", "US", "JP"]);
    let own = if taste.currencies { dice.of(&[currency, currency, "EUR", "USD", "HUF", "JPY", "BHD"]) } else { currency };
    let mut customer = json!({"id": format!("c{i}"), "country": country, "currency": own});
    if dice.percent(70) {
        customer["time_zone"] = json!(dice.of(&ZONES));
    }
    if country == "CA" {
        customer["region"] = dice.of(&[json!("QC"), json!("ON"), Value::Null]);
    }
    if dice.percent(30) {
        customer["tax_id"] = json!(dice.of(&["FR83404833048", "DE136695976", "DE12", "FR00404833048"]));
    }
    if dice.percent(8) {
        customer["tax_exempt"] = json!(true);
    }
    customer
}

fn prices(dice: &mut Dice, taste: &Taste, meters: &[Value], earlier: &[Value]) -> Vec<Value> {
    let mut prices: Vec<Value> = Vec::new();
    for key in ["base", "seats", "calls"] {
        let known: Vec<Value> = earlier.iter().filter(|price| price["id"] == json!(key)).cloned().collect();
        if !known.is_empty() && dice.percent(30) {
            prices.push(dice.of(&known));
        } else if key == "base" && dice.percent(75) {
            prices.push(json!({"id": key, "model": "flat", "amount": dice.between(0, 20_000)}));
        } else if key == "seats" && dice.percent(50) {
            prices.push(counted(dice, taste, key));
        } else if key == "calls" && !meters.is_empty() && dice.percent(70) {
            let mut price = if dice.percent(10) { json!({"id": key, "model": "flat", "amount": dice.between(0, 5_000)}) } else { counted(dice, taste, key) };
            price["meter"] = dice.of(meters)["id"].clone();
            prices.push(price);
        }
    }
    prices
}

fn counted(dice: &mut Dice, taste: &Taste, key: &str) -> Value {
    let mut price = match dice.below(5) {
        0 | 1 => json!({"id": key, "model": "per_unit", "unit_amount": dice.decimal(2_000, 1)}),
        2 => json!({"id": key, "model": "package", "package_size": dice.between(1, 12).to_string(), "package_amount": dice.decimal(900, 1)}),
        of => {
            let bound = dice.between(1, 8);
            let mut tiers = vec![
                json!({"up_to": bound.to_string(), "unit_amount": dice.decimal(900, 2)}),
                json!({"up_to": (bound + dice.between(1, 20)).to_string(), "unit_amount": dice.decimal(400, 2)}),
                json!({"up_to": null, "unit_amount": dice.decimal(100, 3)}),
            ];
            if dice.percent(50) {
                tiers.remove(1);
            }
            for tier in &mut tiers {
                if dice.percent(35) {
                    tier["flat_amount"] = json!(dice.between(0, 700));
                }
            }
            json!({"id": key, "model": if of == 3 { "graduated" } else { "volume" }, "tiers": tiers})
        }
    };
    if taste.bounds && dice.percent(35) {
        price["included"] = json!(dice.between(1, 6).to_string());
    }
    if taste.bounds && dice.percent(25) {
        price["minimum"] = json!(dice.between(1, 3_000));
    }
    if taste.bounds && dice.percent(25) {
        price["maximum"] = json!(dice.between(3_000, 9_000));
    }
    price
}

fn tax_rates(dice: &mut Dice, plans: &[Value], add_ons: &[Value]) -> Vec<Value> {
    let mut rates = vec![
        json!({"id": "fr", "country": "FR", "percent": "20", "from": "2014-01-01"}),
        json!({"id": "de", "country": "DE", "percent": "19"}),
        json!({"id": "gst", "country": "CA", "percent": "5"}),
        json!({"id": "qst", "country": "CA", "region": "QC", "percent": "9.975"}),
        json!({"id": "jp", "country": "JP", "percent": "10"}),
    ];
    if dice.percent(40) {
        rates.push(json!({"id": "fr", "country": "FR", "percent": "21.5", "from": "2023-09-01"}));
    }
    if dice.percent(40) {
        let product = dice.of(&plans.iter().chain(add_ons).cloned().collect::<Vec<_>>())["id"].clone();
        rates.push(json!({"id": "book", "country": "FR", "percent": "5.5", "products": [product]}));
    }
    rates
}

fn exchange_rates(dice: &mut Dice) -> Vec<Value> {
    let mut rates = Vec::new();
    for from in ["EUR", "USD", "HUF", "JPY"] {
        for (to, rate) in [("EUR", 1), ("USD", 1), ("HUF", 380), ("JPY", 160), ("BHD", 1)] {
            let is_there = dice.percent(80);
            for (day, percent) in [("2022-01-01", 100), ("2023-07-15", 60), ("2024-02-29", 60)] {
                if from != to && is_there && dice.percent(percent) {
                    let spread = dice.between(50, 150);
                    rates.push(json!({"from": from, "to": to, "on": day, "rate": crate::fraction::ratio((rate * spread).into(), 100).decimal()}));
                }
            }
        }
    }
    rates
}

fn coupons(dice: &mut Dice, currency: &str) -> Vec<Value> {
    let mut coupons = Vec::new();
    for i in 0..dice.between(1, 4) {
        let mut coupon = json!({"id": format!("k{i}"), "duration": dice.of(&["once", "repeating", "forever"])});
        if dice.percent(60) {
            coupon["percent"] = json!(dice.of(&["10", "15", "33.3", "50", "100", "7.25"]));
        } else {
            coupon["amount"] = json!(dice.between(1, 3_000));
            coupon["currency"] = json!(if dice.percent(90) { currency } else { "USD" });
        }
        if coupon["duration"] == json!("repeating") {
            coupon["months"] = json!(dice.between(1, 6));
        }
        if dice.percent(30) {
            coupon["max_redemptions"] = json!(dice.between(1, 4));
        }
        coupons.push(coupon);
    }
    coupons
}

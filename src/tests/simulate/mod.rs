//! Stories run by `portico simulate`: figures that others published, and a dated story with amounts to check by eye for every rule
//! of the product. Where the tests run on Postgres, each story runs on SQLite too, and must come to the same to the last character.

mod command;
mod corrections;
mod documents;
mod lifecycle;
mod model;
mod own_interval;
mod prices;
mod proration;
mod same;
mod settled_later;
mod time;
mod usage;
mod vectors;

use portico::simulate::simulate;
use serde_json::{Value, json};

/// A scenario in the making: a French vendor in euros and UTC that prorates by the second, and its customer Ada.
struct Story(Value);

impl Story {
    fn new() -> Story {
        Story(json!({
            "vendor": {"country": "FR", "tax_id": null, "currency": "EUR", "time_zone": "UTC", "proration": {"by": "second", "rounding": "half_up"}},
            "tax_rates": [], "exchange_rates": [], "meters": [], "plans": [], "add_ons": [], "coupons": [],
            "customers": [{"id": "ada", "country": "FR"}],
            "steps": []
        }))
    }

    /// Ada has a monthly plan “p” at a flat price since 1 June 2024: 30 days, so 3000 is 100 a day.
    fn flat(amount: i64) -> Story {
        Story::new().plan("p", amount).step("2024-06-01T00:00:00Z", "subscribe", json!({"customer": "ada", "subscription": "s1", "plan": "p"}))
    }

    /// Replaces fields of the vendor.
    fn vendor(self, fields: Value) -> Story {
        self.merge("/vendor", fields)
    }

    /// Replaces fields of the customer.
    fn ada(self, fields: Value) -> Story {
        self.merge("/customers/0", fields)
    }

    fn merge(mut self, place: &str, fields: Value) -> Story {
        let target = self.0.pointer_mut(place).unwrap().as_object_mut().unwrap();
        target.extend(fields.as_object().unwrap().clone());
        self
    }

    fn with(mut self, list: &str, item: Value) -> Story {
        self.0[list].as_array_mut().unwrap().push(item);
        self
    }

    fn meter(self, id: &str, aggregate: &str) -> Story {
        self.with("meters", json!({"id": id, "aggregate": aggregate}))
    }

    /// A monthly plan of one flat price “base”.
    fn plan(self, id: &str, amount: i64) -> Story {
        self.priced(id, "month", json!([{"id": "base", "model": "flat", "amount": amount}]))
    }

    fn priced(self, id: &str, interval: &str, prices: Value) -> Story {
        self.with("plans", json!({"id": id, "interval": interval, "prices": prices}))
    }

    fn tax(self, id: &str, percent: &str) -> Story {
        self.with("tax_rates", json!({"id": id, "country": "FR", "percent": percent}))
    }

    fn coupon(self, id: &str, rule: Value) -> Story {
        let mut coupon = json!({"id": id});
        coupon.as_object_mut().unwrap().extend(rule.as_object().unwrap().clone());
        self.with("coupons", coupon)
    }

    fn step(self, at: &str, verb: &str, fields: Value) -> Story {
        let mut step = json!({"at": at, "do": verb});
        step.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        self.with("steps", step)
    }

    /// Ada begins “s1” on a plan.
    fn subscribe(self, at: &str, plan: &str, fields: Value) -> Story {
        let mut all = json!({"customer": "ada", "subscription": "s1", "plan": plan});
        all.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        self.step(at, "subscribe", all)
    }

    fn change(self, at: &str, fields: Value) -> Story {
        let mut all = json!({"subscription": "s1"});
        all.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        self.step(at, "change", all)
    }

    fn used(self, at: &str, meter: &str, quantity: &str) -> Story {
        self.step(at, "usage", json!({"customer": "ada", "meter": meter, "quantity": quantity}))
    }

    fn until(self, at: &str) -> Story {
        self.step(at, "advance", json!({}))
    }

    async fn tell(self) -> Told {
        Told(tell(&self.0).await.unwrap_or_else(|error| panic!("{error}")))
    }
}

/// Runs a scenario on the tests' database; on Postgres, on SQLite too.
async fn tell(scenario: &Value) -> Result<Value, portico::simulate::Failed> {
    let text = scenario.to_string();
    let on = async |url: Option<&str>| {
        let told = simulate(text.as_bytes(), url, std::future::pending()).await?;
        Ok::<Value, portico::simulate::Failed>(serde_json::to_value(told).unwrap())
    };
    let told = on(None).await?;
    if let Ok(url) = std::env::var("TEST_DATABASE_URL") {
        let on_postgres = on(Some(&url)).await?;
        assert_eq!(on_postgres, told, "Postgres (left) and SQLite (right) tell another story");
    }
    Ok(told)
}

/// What came of a story. The ledger must balance whatever happened.
struct Told(Value);

impl Told {
    /// The result holds this: objects at least these fields, lists these items in this order among others.
    #[track_caller]
    fn holds(self, expected: Value) -> Told {
        if let Err(why) = matches(&expected, &self.0, "") {
            panic!("{why}\nin {:#}", self.0);
        }
        self
    }

    /// Nothing was refused.
    #[track_caller]
    fn smoothly(self) -> Told {
        assert_eq!(self.0["refused"], json!([]));
        self.balanced()
    }

    #[track_caller]
    fn balanced(self) -> Told {
        assert_eq!(self.0["ledger"]["balanced"], json!(true), "{:#}", self.0["ledger"]);
        self
    }

    /// What each document of a list comes to.
    #[track_caller]
    fn totals(self, list: &str, expected: &[i64]) -> Told {
        let totals: Vec<i64> = self.0[list].as_array().unwrap().iter().map(|document| document["total"].as_i64().unwrap()).collect();
        assert_eq!(totals, expected, "{list} in {:#}", self.0);
        self
    }

    /// Kind, price and amount of every line of a document.
    #[track_caller]
    fn lines(self, place: &str, expected: &[(&str, &str, i64)]) -> Told {
        let document = self.0.pointer(place).unwrap_or_else(|| panic!("no {place} in {:#}", self.0));
        let lines: Vec<(&str, &str, i64)> = document["lines"]
            .as_array()
            .unwrap()
            .iter()
            .map(|line| (line["kind"].as_str().unwrap(), line["price"].as_str().unwrap_or_default(), line["amount"].as_i64().unwrap()))
            .collect();
        assert_eq!(lines, expected, "{place} in {:#}", self.0);
        self
    }

    /// Ada's balance in euros.
    #[track_caller]
    fn balance(self, expected: i64) -> Told {
        assert_eq!(self.0["balances"]["ada"]["EUR"], json!(expected), "{:#}", self.0);
        self
    }

    /// One step was refused, for a reason with these words.
    #[track_caller]
    fn refused(self, step: usize, words: &str) -> Told {
        let refused = self.0["refused"].as_array().unwrap();
        let reason = |refused: &Value| refused["step"] == json!(step) && refused["reason"].as_str().unwrap().contains(words);
        assert!(refused.iter().any(reason), "no refusal of step {step} with “{words}” in {:#}", self.0["refused"]);
        self.balanced()
    }
}

/// Whether what came holds what is expected; else where and why not.
fn matches(expected: &Value, came: &Value, place: &str) -> Result<(), String> {
    match (expected, came) {
        (Value::Object(expected), Value::Object(came)) => expected.iter().try_for_each(|(key, value)| {
            let place = format!("{place}/{key}");
            matches(value, came.get(key).ok_or_else(|| format!("{place} is not there"))?, &place)
        }),
        (Value::Array(expected), Value::Array(came)) => {
            let mut rest = came.iter();
            expected.iter().enumerate().try_for_each(|(index, item)| {
                let place = format!("{place}/{index}");
                let mut last = format!("{place} is not there");
                // The first that fits is the best that fits: what comes after it stays available.
                rest.by_ref().map(|candidate| matches(item, candidate, &place)).any(|fits| fits.map_err(|why| last = why).is_ok()).then_some(()).ok_or(last)
            })
        }
        (expected, came) if expected == came => Ok(()),
        (expected, came) => Err(format!("{place} is {came}, not {expected}")),
    }
}

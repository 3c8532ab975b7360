//! Whole random scenarios. The same seed is the same life, on every machine.

use serde_json::{Map, Value, json};

use crate::calendar::{Instant, instant, midnight, on, rfc3339, wall};
use crate::story::{Step, Story};
use crate::world::{State, World};

/// `SplitMix64`.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound.max(1)
    }

    fn between(&mut self, least: i64, most: i64) -> i64 {
        least + i64::try_from(self.below(u64::try_from(most - least + 1).unwrap_or(1))).unwrap_or(0)
    }

    /// In so many of a hundred cases.
    fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    fn of<T: Clone>(&mut self, items: &[T]) -> T {
        items[usize::try_from(self.below(items.len() as u64)).unwrap_or(0)].clone()
    }

    /// A decimal of a few places, as text.
    fn decimal(&mut self, most: i64, places: u32) -> String {
        let scale = 10_i64.pow(places);
        let n = self.between(0, most * scale);
        crate::fraction::ratio(n.into(), scale.into()).decimal()
    }
}

/// What a life is about: a few things at a time, so that simple lives are among the wild ones.
struct Taste {
    tax: bool,
    coupons: bool,
    meters: bool,
    add_ons: bool,
    intervals: bool,
    failures: bool,
    corrections: bool,
    currencies: bool,
    anchors: bool,
    trials: bool,
    late: bool,
    next_invoice: bool,
    bounds: bool,
    pauses: bool,
}

impl Taste {
    fn new(dice: &mut Dice) -> Taste {
        let likely = 15 + dice.below(70);
        let mut some = || dice.percent(likely);
        // Coupons and charges that wait (for the next invoice, for late usage) are not of one life yet: the product discounts what waits
        // by itself, and not with the document it lands on.
        let coupons = some();
        Taste {
            tax: some(),
            coupons,
            meters: some(),
            add_ons: some(),
            intervals: some(),
            failures: some(),
            corrections: some(),
            currencies: some(),
            anchors: some(),
            trials: some(),
            late: some(),
            next_invoice: some() && !coupons,
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

/// A random scenario of so many steps.
pub fn scenario(seed: u64, steps: usize) -> Value {
    let mut dice = Dice(seed.wrapping_mul(0x2545_f491_4f6c_dd1d));
    let taste = Taste::new(&mut dice);
    let mut scenario = setting(&mut dice, &taste);
    let story: Story = serde_json::from_value(scenario.clone()).expect("a sound setting");
    let mut life = Life { dice, taste, world: World::new(&story), last: None, subscriptions: 0, events: Vec::new() };
    life.world.now = midnight(chrono_tz::UTC, chrono::NaiveDate::from_ymd_opt(2023, 1, 1).expect("a day")) + life.dice.between(0, 400) * 86_400;
    let steps: Vec<Value> = (0..steps).map(|_| life.live()).collect();
    scenario["steps"] = Value::Array(steps);
    scenario
}

fn setting(dice: &mut Dice, taste: &Taste) -> Value {
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
            add_ons.push(json!({"id": format!("a{i}"), "interval": of["interval"], "interval_count": of["interval_count"], "prices": list}));
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
            "usage_grace": if taste.late && !taste.coupons { dice.of(&["0", "1h", "1d", "2d"]) } else { "0" },
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

struct Life<'a> {
    dice: Dice,
    taste: Taste,
    world: World<'a>,
    last: Option<Instant>,
    subscriptions: usize,
    events: Vec<Value>,
}

impl Life<'_> {
    /// A step, at a time that is worth it.
    fn live(&mut self) -> Value {
        let at = self.time();
        let mut step = self.act();
        step["at"] = json!(rfc3339(at));
        let read: Step = serde_json::from_value(step.clone()).expect("a sound step");
        if let Some(last) = self.last
            && read.at < last
        {
            unreachable!("time does not run backwards");
        }
        self.world.tell_step(0, &read, self.last);
        self.last = Some(at);
        step
    }

    /// Now again, a little later, days later, exactly where something falls due, around a change of clocks, at a month's end.
    fn time(&mut self) -> Instant {
        let now = self.last.unwrap_or(self.world.now);
        let at = match self.dice.below(100) {
            0..15 => now,
            15..30 => now + self.dice.between(1, 7_200),
            30..55 => now + self.dice.between(0, 4 * 86_400),
            55..65 => midnight(chrono_tz::UTC, on(wall(chrono_tz::UTC, now).date(), self.dice.below(6) + 1)),
            65..85 => self.world.next(self.dice.below(5)).filter(|at| *at - now < 40 * 86_400).unwrap_or(now + 86_400),
            85..90 => {
                let zone = self.world.zone(0);
                let date = on(wall(zone, now).date(), self.dice.below(12) + 1);
                instant(zone, date.and_hms_opt(2, 30, 0).expect("a time of day"))
            }
            90..94 => self.world.next(0).map_or(now, |at| (at - self.dice.between(0, 1)).max(now)).min(now + 40 * 86_400),
            _ => now + self.dice.between(0, 20 * 86_400),
        };
        if self.last != Some(at) {
            self.world.run_to(at.max(now));
        }
        at.max(now)
    }

    fn act(&mut self) -> Value {
        let count = self.world.subscriptions.len();
        let alive = self.world.subscriptions.iter().filter(|subscription| subscription.state != State::Cancelled).count();
        let wanted = 1 + 2 * self.world.story.customers.len();
        let roll = self.dice.below(100);
        if count == 0 || (alive < wanted && roll < 12 && count < 25) {
            return self.subscribe();
        }
        match self.dice.below(100) {
            0..28 if self.taste.meters => self.usage(),
            0..36 => self.change("change"),
            36..46 => self.change("preview"),
            46..52 => {
                let (subscription, when) = (self.subscription(), self.when());
                let mut step = json!({"do": "cancel", "subscription": subscription, "when": when});
                if self.dice.percent(25) {
                    step["prorate"] = json!(false);
                }
                step
            }
            52..60 => {
                let dead = self.pick(|state| state == State::Cancelled);
                json!({"do": "reactivate", "subscription": dead})
            }
            60..66 if self.taste.pauses => {
                let (subscription, when) = (self.pick(|state| state == State::Active), self.when());
                let mut step = json!({"do": "pause", "subscription": subscription, "when": when});
                if self.dice.percent(30) {
                    step["prorate"] = json!(false);
                }
                step
            }
            60..74 if self.taste.pauses => {
                let paused = self.pick(|state| state == State::Paused);
                json!({"do": "resume", "subscription": paused})
            }
            74..80 => json!({"do": "charge", "customer": self.customer(), "amount": self.dice.between(1, 9_000), "description": "Set-up"}),
            80..82 => json!({"do": "credit", "customer": self.customer(), "amount": self.dice.between(1, 9_000)}),
            82..88 if self.taste.failures => {
                let outcome = self.dice.of(&["succeeds", "succeeds", "insufficient_funds", "expired_card"]);
                json!({"do": "payment_outcome", "customer": self.customer(), "outcome": outcome})
            }
            82..91 if self.taste.failures => json!({"do": "pay", "invoice": self.invoice(|document| document.due > 0)}),
            91..97 if self.taste.corrections => self.correction(),
            _ => json!({"do": "advance"}),
        }
    }

    fn customer(&mut self) -> String {
        self.dice.of(&self.world.story.customers.iter().map(|customer| customer.id.clone()).collect::<Vec<_>>())
    }

    /// A subscription, mostly one that goes on.
    fn subscription(&mut self) -> String {
        self.pick(|state| state != State::Cancelled)
    }

    fn pick(&mut self, state: impl Fn(State) -> bool) -> String {
        let all = &self.world.subscriptions;
        let liked: Vec<String> = all.iter().filter(|subscription| state(subscription.state)).map(|subscription| subscription.id.clone()).collect();
        if liked.is_empty() || self.dice.percent(6) {
            self.dice.of(&all.iter().map(|subscription| subscription.id.clone()).collect::<Vec<_>>())
        } else {
            self.dice.of(&liked)
        }
    }

    fn when(&mut self) -> &'static str {
        if self.dice.percent(65) { "now" } else { "period_end" }
    }

    /// The place of an invoice, mostly one that is liked and not long ago.
    fn invoice(&mut self, likes: impl Fn(&crate::world::Document) -> bool) -> usize {
        let invoices: Vec<usize> =
            self.world.documents.iter().filter(|document| document.is_invoice).enumerate().filter(|(_, document)| likes(document)).map(|(n, _)| n).collect();
        if invoices.is_empty() || self.dice.percent(5) {
            usize::try_from(self.dice.below(40)).unwrap_or(0)
        } else {
            self.dice.of(&invoices[invoices.len().saturating_sub(12)..])
        }
    }

    fn subscribe(&mut self) -> Value {
        self.subscriptions += 1;
        let story = self.world.story;
        let plan = &story.plans[usize::try_from(self.dice.below(story.plans.len() as u64)).unwrap_or(0)];
        let mut step = json!({"do": "subscribe", "customer": self.customer(), "subscription": format!("s{}", self.subscriptions), "plan": plan.id});
        self.terms(&mut step);
        if self.taste.trials && self.dice.percent(20) {
            step["trial_days"] = json!(self.dice.between(0, 20));
        }
        let months = matches!(plan.interval, crate::story::Unit::Month | crate::story::Unit::Year);
        if self.taste.anchors && months && self.dice.percent(35) {
            step["anchor_day"] = json!(self.dice.of(&[1, 15, 29, 30, 31, 28]));
        } else if self.taste.anchors && self.dice.percent(15) {
            step["anchor"] = json!(rfc3339(self.world.now + self.dice.between(-300, 300) * 86_400 + self.dice.between(0, 86_400)));
        }
        if self.taste.anchors && self.dice.percent(12) {
            step["start"] = json!(rfc3339(self.world.now + self.dice.between(0, 30 * 86_400)));
        }
        step
    }

    fn terms(&mut self, step: &mut Value) {
        let story = self.world.story;
        if self.dice.percent(60) {
            step["quantity"] = json!(self.dice.between(1, 9));
        }
        if self.dice.percent(3) {
            step["quantity"] = json!(0);
        }
        if self.taste.add_ons && self.dice.percent(40) {
            let mut add_ons: Vec<Value> = Vec::new();
            for add_on in &story.add_ons {
                if self.dice.percent(50) {
                    let add_on = if self.dice.percent(50) { json!(add_on.id) } else { json!({"id": add_on.id, "quantity": self.dice.between(1, 4)}) };
                    add_ons.push(add_on);
                }
            }
            step["add_ons"] = json!(add_ons);
        }
        if self.taste.coupons && self.dice.percent(30) {
            let mut coupons: Vec<String> = story.coupons.iter().map(|coupon| coupon.id.clone()).filter(|_| self.dice.percent(50)).collect();
            if self.dice.percent(50) {
                coupons.reverse();
            }
            step["coupons"] = json!(coupons);
        }
    }

    fn change(&mut self, act: &str) -> Value {
        let story = self.world.story;
        let id = self.pick(|state| matches!(state, State::Active | State::Trialing | State::Scheduled));
        let mut step = json!({"do": act, "subscription": id});
        self.terms(&mut step);
        let of = self.world.subscriptions.iter().find(|subscription| subscription.id == id).map(|subscription| &story.plans[subscription.terms.plan]);
        if self.dice.percent(60) {
            let plans: Vec<&str> = story
                .plans
                .iter()
                .filter(|plan| of.is_none_or(|of| (of.interval, of.interval_count) == (plan.interval, plan.interval_count)) || self.dice.percent(25))
                .map(|plan| plan.id.as_str())
                .collect();
            if !plans.is_empty() {
                step["plan"] = json!(self.dice.of(&plans));
            }
        }
        if self.dice.percent(25) {
            step["when"] = json!("period_end");
        }
        if self.taste.next_invoice && self.dice.percent(20) {
            step["settle"] = json!("next_invoice");
        }
        step
    }

    fn usage(&mut self) -> Value {
        // The same again, or nearly.
        if !self.events.is_empty() && self.dice.percent(6) {
            let mut again = self.dice.of(&self.events);
            if self.dice.percent(30) {
                again["quantity"] = json!("77");
            }
            return again;
        }
        let story = self.world.story;
        let meter = &story.meters[usize::try_from(self.dice.below(story.meters.len() as u64)).unwrap_or(0)];
        let mut fields = Map::new();
        fields.insert("do".to_owned(), json!("usage"));
        fields.insert("customer".to_owned(), json!(self.customer()));
        fields.insert("meter".to_owned(), json!(meter.id));
        let quantity = match self.dice.below(10) {
            0 => format!("-{}", self.dice.between(1, 20)),
            1 => self.dice.decimal(40, 2),
            _ => self.dice.between(0, 60).to_string(),
        };
        fields.insert("quantity".to_owned(), json!(quantity));
        if matches!(meter.aggregate, crate::story::Aggregate::Unique) {
            fields.insert("value".to_owned(), json!(self.dice.of(&["a", "b", "c", "d", "e", "f", "g"])));
            fields.remove("quantity");
        }
        fields.insert("id".to_owned(), json!(format!("e{}", self.events.len())));
        let ago = match self.dice.below(10) {
            0 if self.taste.late => self.dice.between(0, 60 * 86_400),
            1 if self.taste.late => self.dice.between(0, 3 * 86_400),
            _ => 0,
        };
        fields.insert("time".to_owned(), json!(rfc3339(self.world.now - ago)));
        let step = Value::Object(fields);
        self.events.push(step.clone());
        step
    }

    fn correction(&mut self) -> Value {
        let place = self.invoice(|document| document.total > 0);
        // Notes of forint come to more than their invoice yet.
        if self.world.documents.iter().filter(|document| document.is_invoice).nth(place).is_none_or(|document| document.currency == "HUF") {
            return json!({"do": "advance"});
        }
        let left = self.world.documents.iter().filter(|document| document.is_invoice).nth(place).map_or(1_000, |document| self.world.left(document));
        let left = i64::try_from(left).unwrap_or(1_000);
        let amount = if self.dice.percent(25) { left.max(1) } else { self.dice.between(1, left.max(1) + left / 10) };
        match self.dice.below(10) {
            0..4 => json!({"do": "credit_note", "invoice": place, "amount": amount}),
            4..7 => json!({"do": "refund", "invoice": place, "amount": amount}),
            7 => json!({"do": "credit_note", "invoice": place, "lines": [self.dice.below(3), "base"]}),
            8 => json!({"do": "credit_note", "invoice": place, "lines": [{"line": self.dice.below(3), "amount": self.dice.between(1, 900)}]}),
            _ => json!({"do": "credit_note", "invoice": place, "lines": [self.dice.below(3)]}),
        }
    }
}

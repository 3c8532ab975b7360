//! Whole random scenarios. The same seed is the same life, on every machine.

use serde_json::{Map, Value, json};

use crate::calendar::{Instant, instant, midnight, on, rfc3339, wall};
use crate::dice::Dice;
use crate::setting::{Taste, setting};
use crate::story::{Step, Story};
use crate::world::{State, World};

/// A random scenario, and what comes of it by the rules.
pub struct Lived {
    pub scenario: Value,
    pub outcome: Value,
}

/// A random life of so many steps. Each is chosen by how the world stands when it is taken, so the world has come to the outcome when the
/// last one was.
///
/// # Panics
/// Where the model does not know what comes of a step.
pub fn live(seed: u64, steps: usize) -> Lived {
    let mut dice = Dice(seed.wrapping_mul(0x2545_f491_4f6c_dd1d));
    let taste = Taste::new(&mut dice);
    let mut scenario = setting(&mut dice, &taste);
    let story: Story = serde_json::from_value(scenario.clone()).expect("a sound setting");
    let mut life = Life { dice, taste, world: World::new(&story), last: None, subscriptions: 0, events: Vec::new() };
    life.world.now = midnight(chrono_tz::UTC, chrono::NaiveDate::from_ymd_opt(2023, 1, 1).expect("a day")) + life.dice.between(0, 400) * 86_400;
    let steps: Vec<Value> = (0..steps).map(|index| life.step(index)).collect();
    let outcome = life.world.at_rest().output();
    scenario["steps"] = Value::Array(steps);
    Lived { scenario, outcome }
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
    fn step(&mut self, index: usize) -> Value {
        let at = self.time();
        let mut step = self.act();
        step["at"] = json!(rfc3339(at));
        let read: Step = serde_json::from_value(step.clone()).expect("a sound step");
        if let Some(last) = self.last
            && read.at < last
        {
            unreachable!("time does not run backwards");
        }
        self.world.tell_step(index, &read, self.last);
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
            80..82 => {
                let mut step = json!({"do": "credit", "customer": self.customer(), "amount": self.dice.between(1, 9_000)});
                if self.dice.percent(50) {
                    let end = self.world.next(0).filter(|_| self.dice.percent(30)).unwrap_or(self.world.now + self.dice.between(-10, 70) * 43_200);
                    step["expires_at"] = json!(rfc3339(end));
                }
                step
            }
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
                    let add_on = if self.dice.percent(50) { json!(add_on.id) } else { json!({"id": add_on.id, "quantity": self.dice.between(0, 4)}) };
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
        let index = (0..self.world.documents.len()).filter(|index| self.world.documents[*index].is_invoice).nth(place);
        let left = index.map_or(1_000, |index| self.world.left(index));
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

//! The steps of a story: what is done, when, to whom.

use std::collections::BTreeMap;

use billing::calendar::{Instant, Unit};
use billing::subscription::Unused;
use billing::usage::Aggregate;
use rust_decimal::Decimal;

use super::super::node::{Node, Object};
use super::{LONGEST_TRIAL_DAYS, Read, Scenario};

#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    pub at: Instant,
    pub act: Act,
}

/// What a step does. Customers, subscriptions, plans and the rest go by the ids the scenario gives them.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    Subscribe {
        customer: String,
        subscription: String,
        plan: String,
        quantity: Decimal,
        add_ons: Vec<(String, Decimal)>,
        coupons: Vec<String>,
        /// The plan's own, unless said.
        trial_days: Option<u32>,
        anchor: Option<Anchored>,
        start: Option<Instant>,
    },
    Preview(Change),
    Change(Change),
    Cancel {
        subscription: String,
        when: When,
        unused: Unused,
    },
    Pause {
        subscription: String,
        when: When,
        unused: Unused,
    },
    Resume {
        subscription: String,
    },
    Reactivate {
        subscription: String,
    },
    Usage {
        customer: String,
        meter: String,
        quantity: Option<Decimal>,
        value: Option<String>,
        time: Option<Instant>,
        id: Option<String>,
    },
    Charge {
        customer: String,
        amount_minor: i64,
        description: String,
    },
    Credit {
        customer: String,
        amount_minor: i64,
        description: Option<String>,
        /// From then on it is gone.
        expires_at: Option<Instant>,
    },
    PaymentOutcome {
        customer: String,
        outcome: PaymentOutcome,
    },
    Pay {
        invoice: InvoiceName,
    },
    Refund {
        invoice: InvoiceName,
        amount_minor: i64,
    },
    CreditNote {
        invoice: InvoiceName,
        amount_minor: i64,
    },
    CreditLines {
        invoice: InvoiceName,
        lines: Vec<(LineName, Option<i64>)>,
    },
    Advance,
}

/// New terms. What is not said stays.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    pub subscription: String,
    pub plan: Option<String>,
    pub quantity: Option<Decimal>,
    pub add_ons: Option<Vec<(String, Decimal)>>,
    pub coupons: Option<Vec<String>>,
    pub when: When,
    pub settle: Settle,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchored {
    Day(u32),
    At(Instant),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    Now,
    PeriodEnd,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settle {
    Now,
    NextInvoice,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PaymentOutcome {
    Succeeds,
    /// With the bank's reason.
    Declines(String),
}

/// The n-th invoice of the story, or the one with that number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InvoiceName {
    Nth(usize),
    Number(String),
}

/// The n-th line of an invoice, or the line of that price.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LineName {
    Nth(usize),
    Price(String),
}

/// What is read before a step, for what it may name.
struct Before<'a> {
    scenario: &'a Scenario,
    /// Subscriptions begun so far: the step that did, and whose they are.
    subscriptions: BTreeMap<String, (usize, String)>,
}

pub(super) fn steps(nodes: &[Node<'_>], scenario: &Scenario) -> Read<Vec<Step>> {
    let mut before = Before { scenario, subscriptions: BTreeMap::new() };
    let mut steps: Vec<Step> = Vec::new();
    for (index, node) in nodes.iter().enumerate() {
        let (at, act) = before.step(node, index)?;
        if let Some(last) = steps.last().filter(|last| last.at > at) {
            return Err(node.member("at")?.wrong(format!("lies before the step before it, at {}", last.at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true))));
        }
        steps.push(Step { at, act });
    }
    Ok(steps)
}

const CHANGE_FIELDS: [&str; 9] = ["at", "do", "subscription", "plan", "quantity", "add_ons", "coupons", "when", "settle"];

fn fields_of(word: &str) -> Option<&'static [&'static str]> {
    Some(match word {
        "subscribe" => &["at", "do", "customer", "subscription", "plan", "quantity", "add_ons", "coupons", "trial_days", "anchor_day", "anchor", "start"],
        "preview" | "change" => &CHANGE_FIELDS,
        "cancel" | "pause" => &["at", "do", "subscription", "when", "prorate"],
        "resume" | "reactivate" => &["at", "do", "subscription"],
        "usage" => &["at", "do", "customer", "meter", "quantity", "value", "time", "id"],
        "charge" => &["at", "do", "customer", "subscription", "amount", "description"],
        "credit" => &["at", "do", "customer", "subscription", "amount", "description", "expires_at"],
        "payment_outcome" => &["at", "do", "customer", "outcome"],
        "pay" => &["at", "do", "invoice"],
        "refund" => &["at", "do", "invoice", "amount"],
        "credit_note" => &["at", "do", "invoice", "amount", "lines"],
        "advance" => &["at", "do"],
        _ => return None,
    })
}

impl Before<'_> {
    fn step(&mut self, node: &Node<'_>, index: usize) -> Read<(Instant, Act)> {
        let verb = node.member("do")?;
        let word = verb.text()?;
        let it = node.object(fields_of(word).ok_or_else(|| verb.wrong(format!("“{word}” is not something a step can do")))?)?;
        let at = it.need("at")?.instant()?;
        let act = match word {
            "subscribe" => self.subscribe(&it, at, index)?,
            "preview" => Act::Preview(self.change(&it)?),
            "change" => Act::Change(self.change(&it)?),
            "cancel" => Act::Cancel { subscription: self.subscription(&it)?, when: when(&it)?, unused: unused(&it)? },
            "pause" => Act::Pause { subscription: self.subscription(&it)?, when: when(&it)?, unused: unused(&it)? },
            "resume" => Act::Resume { subscription: self.subscription(&it)? },
            "reactivate" => Act::Reactivate { subscription: self.subscription(&it)? },
            "usage" => self.usage(&it)?,
            "charge" => Act::Charge {
                customer: self.account(&it)?,
                amount_minor: it.need("amount")?.amount_above_zero()?,
                description: it.need("description")?.text()?.to_owned(),
            },
            "credit" => Act::Credit {
                customer: self.account(&it)?,
                amount_minor: it.need("amount")?.amount_above_zero()?,
                description: it.get("description").map(|node| node.text().map(str::to_owned)).transpose()?,
                expires_at: it.get("expires_at").map(|node| node.instant()).transpose()?,
            },
            "payment_outcome" => Act::PaymentOutcome { customer: self.customer(&it)?, outcome: outcome(&it.need("outcome")?)? },
            "pay" => Act::Pay { invoice: invoice(&it)? },
            "refund" => Act::Refund { invoice: invoice(&it)?, amount_minor: it.need("amount")?.amount_above_zero()? },
            "credit_note" => credit_note(&it)?,
            _ => Act::Advance,
        };
        Ok((at, act))
    }

    fn subscribe(&mut self, it: &Object<'_>, at: Instant, index: usize) -> Read<Act> {
        let name = it.need("subscription")?;
        let subscription = name.text()?.to_owned();
        let customer = self.customer(it)?;
        if let Some((earlier, _)) = self.subscriptions.insert(subscription.clone(), (index, customer.clone())) {
            return Err(name.wrong(format!("“{subscription}” is begun at /steps/{earlier} already")));
        }
        let plan = self.plan(&it.need("plan")?)?;
        let anchor = match (it.get("anchor_day"), it.get("anchor")) {
            (Some(_), Some(anchor)) => return Err(anchor.wrong("contradicts `anchor_day`: an anchor is given once")),
            (Some(day), None) => {
                let interval = self.scenario.plan(&plan).map(|plan| plan.interval.unit);
                if !matches!(interval, Some(Unit::Month | Unit::Year)) {
                    return Err(day.wrong("needs a plan with an interval of months or years"));
                }
                Some(Anchored::Day(day.between(1, 31)?))
            }
            (None, Some(anchor)) => Some(Anchored::At(anchor.instant()?)),
            (None, None) => None,
        };
        let start = it.get("start").map(|node| node.instant().map(|start| (start, node))).transpose()?;
        if let Some((_, node)) = start.as_ref().filter(|(start, _)| *start < at) {
            return Err(node.wrong("lies before the step"));
        }
        Ok(Act::Subscribe {
            customer,
            subscription,
            plan,
            quantity: quantity(it)?.unwrap_or(Decimal::ONE),
            add_ons: self.add_ons(it)?.unwrap_or_default(),
            coupons: self.coupons(it)?.unwrap_or_default(),
            trial_days: it.get("trial_days").map(|node| node.between(0, LONGEST_TRIAL_DAYS)).transpose()?,
            anchor,
            start: start.map(|(start, _)| start).filter(|start| *start > at),
        })
    }

    fn change(&self, it: &Object<'_>) -> Read<Change> {
        let when = when(it)?;
        let settle = it.get("settle").map_or(Ok(Settle::Now), |node| node.word(&[("now", Settle::Now), ("next_invoice", Settle::NextInvoice)]))?;
        Ok(Change {
            subscription: self.subscription(it)?,
            plan: it.get("plan").map(|node| self.plan(&node)).transpose()?,
            quantity: quantity(it)?,
            add_ons: self.add_ons(it)?,
            coupons: self.coupons(it)?,
            when,
            settle,
        })
    }

    fn usage(&self, it: &Object<'_>) -> Read<Act> {
        let node = it.need("meter")?;
        let meter = node.text()?.to_owned();
        let aggregate = self.scenario.meter(&meter).map(|meter| meter.aggregate).ok_or_else(|| node.wrong(format!("there is no meter “{meter}”")))?;
        // What the meter reads must be there; whether it is allowed is the rules' to say.
        match aggregate {
            Aggregate::Sum | Aggregate::Max | Aggregate::Last => it.need("quantity").map(|_| ())?,
            Aggregate::Unique => it.need("value").map(|_| ())?,
            Aggregate::Count => {}
        }
        Ok(Act::Usage {
            customer: self.customer(it)?,
            meter,
            quantity: it.get("quantity").map(|node| node.decimal()).transpose()?,
            value: it.get("value").map(|node| node.text().map(str::to_owned)).transpose()?,
            time: it.get("time").map(|node| node.instant()).transpose()?,
            id: it.get("id").map(|node| node.text().map(str::to_owned)).transpose()?,
        })
    }

    fn customer(&self, it: &Object<'_>) -> Read<String> {
        let node = it.need("customer")?;
        let id = node.text()?;
        let is_there = self.scenario.customers.iter().any(|customer| customer.id == id);
        if is_there { Ok(id.to_owned()) } else { Err(node.wrong(format!("there is no customer “{id}”"))) }
    }

    /// A customer, or the one that has a subscription.
    fn account(&self, it: &Object<'_>) -> Read<String> {
        let Some(node) = it.get("subscription") else { return self.customer(it) };
        let subscription = self.subscription(it)?;
        let (_, owner) = self.subscriptions.get(&subscription).ok_or_else(|| node.wrong("has no customer"))?;
        match it.get("customer") {
            Some(customer) if self.customer(it)? != *owner => Err(customer.wrong(format!("contradicts `subscription`: “{subscription}” is of “{owner}”"))),
            _ => Ok(owner.clone()),
        }
    }

    fn subscription(&self, it: &Object<'_>) -> Read<String> {
        let node = it.need("subscription")?;
        let id = node.text()?;
        if self.subscriptions.contains_key(id) {
            Ok(id.to_owned())
        } else {
            Err(node.wrong(format!("no step before this one begins a subscription “{id}”")))
        }
    }

    fn plan(&self, node: &Node<'_>) -> Read<String> {
        let id = node.text()?;
        self.scenario.plan(id).map(|plan| plan.id.clone()).ok_or_else(|| node.wrong(format!("there is no plan “{id}”")))
    }

    /// Each an id, or `{"id": …, "quantity": …}`.
    fn add_ons(&self, it: &Object<'_>) -> Read<Option<Vec<(String, Decimal)>>> {
        let Some(list) = it.get("add_ons") else { return Ok(None) };
        let mut add_ons: Vec<(String, Decimal)> = Vec::new();
        for node in list.list()? {
            let (name, quantity) = if node.is_text() {
                (node, Decimal::ONE)
            } else {
                let it = node.object(&["id", "quantity"])?;
                (it.need("id")?, quantity(&it)?.unwrap_or(Decimal::ONE))
            };
            let id = name.text()?.to_owned();
            if !self.scenario.add_ons.iter().any(|add_on| add_on.key == id) {
                return Err(name.wrong(format!("there is no add-on “{id}”")));
            }
            if add_ons.iter().any(|(other, _)| *other == id) {
                return Err(name.wrong(format!("“{id}” is there already")));
            }
            add_ons.push((id, quantity));
        }
        Ok(Some(add_ons))
    }

    fn coupons(&self, it: &Object<'_>) -> Read<Option<Vec<String>>> {
        let Some(list) = it.get("coupons") else { return Ok(None) };
        let mut coupons: Vec<String> = Vec::new();
        for node in list.list()? {
            let id = node.text()?.to_owned();
            if !self.scenario.coupons.iter().any(|offer| offer.coupon.key == id) {
                return Err(node.wrong(format!("there is no coupon “{id}”")));
            }
            if coupons.contains(&id) {
                return Err(node.wrong(format!("“{id}” is there already")));
            }
            coupons.push(id);
        }
        Ok(Some(coupons))
    }
}

fn quantity(it: &Object<'_>) -> Read<Option<Decimal>> {
    it.get("quantity").map(|node| node.decimal_not_negative()).transpose()
}

fn when(it: &Object<'_>) -> Read<When> {
    it.get("when").map_or(Ok(When::Now), |node| node.word(&[("now", When::Now), ("period_end", When::PeriodEnd)]))
}

fn unused(it: &Object<'_>) -> Read<Unused> {
    let prorate = it.get("prorate").map_or(Ok(true), |node| node.flag())?;
    Ok(if prorate { Unused::Credited } else { Unused::Kept })
}

fn outcome(node: &Node<'_>) -> Read<PaymentOutcome> {
    let word = node.text()?;
    let is_word = word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    match word {
        "succeeds" => Ok(PaymentOutcome::Succeeds),
        // A slip for the one word that is no reason to decline.
        _ if !is_word || word.starts_with("succ") => {
            Err(node.wrong(format!("“{word}” is neither \"succeeds\" nor a decline reason such as \"insufficient_funds\"")))
        }
        reason => Ok(PaymentOutcome::Declines(reason.to_owned())),
    }
}

fn invoice(it: &Object<'_>) -> Read<InvoiceName> {
    let node = it.need("invoice")?;
    if node.is_whole_number() { nth(&node).map(InvoiceName::Nth) } else { Ok(InvoiceName::Number(node.text()?.to_owned())) }
}

fn nth(node: &Node<'_>) -> Read<usize> {
    usize::try_from(node.whole()?).map_err(|_| node.wrong("must not be negative"))
}

/// Of an amount, or of lines: each the n-th of the invoice, a price's id, or `{"line" | "price": …, "amount": …}`.
fn credit_note(it: &Object<'_>) -> Read<Act> {
    let invoice = invoice(it)?;
    match (it.get("amount"), it.get("lines")) {
        (Some(_), Some(lines)) => Err(lines.wrong("contradicts `amount`: a credit note is of one or the other")),
        (None, None) => Err(it.node.wrong("must be of an `amount` or of `lines`")),
        (Some(amount), None) => Ok(Act::CreditNote { invoice, amount_minor: amount.amount_above_zero()? }),
        (None, Some(lines)) => {
            let lines = lines.list()?.iter().map(credit_line).collect::<Read<Vec<_>>>()?;
            if lines.is_empty() {
                return Err(it.need("lines")?.wrong("must name at least one line"));
            }
            Ok(Act::CreditLines { invoice, lines })
        }
    }
}

fn credit_line(node: &Node<'_>) -> Read<(LineName, Option<i64>)> {
    if node.is_whole_number() {
        return Ok((LineName::Nth(nth(node)?), None));
    }
    if node.is_text() {
        return Ok((LineName::Price(node.text()?.to_owned()), None));
    }
    let it = node.object(&["line", "price", "amount"])?;
    let name = match (it.get("line"), it.get("price")) {
        (Some(line), None) => LineName::Nth(nth(&line)?),
        (None, Some(price)) => LineName::Price(price.text()?.to_owned()),
        (Some(_), Some(price)) => return Err(price.wrong("contradicts `line`: a line is named once")),
        (None, None) => return Err(node.wrong("must name a `line` or a `price`")),
    };
    Ok((name, it.get("amount").map(|node| node.amount_above_zero()).transpose()?))
}

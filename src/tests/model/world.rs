//! What there is at an instant of a story: subscriptions, what they were charged, documents, balances, accounts.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use chrono_tz::Tz;

use crate::calendar::{Anchor, Instant, Interval, Span, day};
use crate::fraction::Fraction;
use crate::story::{Customer, Offer, Story};
use crate::tax::Tax;

#[derive(Clone)]
pub struct World<'a> {
    pub story: &'a Story,
    pub now: Instant,
    pub subscriptions: Vec<Subscription>,
    /// Every line there ever was, on a document or waiting for one.
    pub lines: Vec<Line>,
    pub parts: Vec<Part>,
    pub waiting: Vec<Waiting>,
    pub documents: Vec<Document>,
    pub events: Vec<Event>,
    /// Of each customer: why its bank declines, if it does.
    pub declines: Vec<Option<String>>,
    /// What is left of each customer's credit.
    pub balances: Vec<i128>,
    /// The part of it that expires: whose, when, how much.
    pub expiring: Vec<(usize, Instant, i128)>,
    /// Currency and account; debit positive.
    pub accounts: BTreeMap<(String, &'static str), i128>,
    pub redemptions: Vec<u64>,
    pub payments: Vec<Payment>,
    pub messages: Vec<(Instant, usize, &'static str)>,
    pub previews: Vec<serde_json::Value>,
    pub refused: Vec<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Scheduled,
    Trialing,
    Active,
    Paused,
    Cancelled,
}

#[derive(Clone)]
pub struct Subscription {
    pub id: String,
    pub customer: usize,
    pub zone: Tz,
    pub state: State,
    pub terms: Terms,
    /// Every coupon it ever had.
    pub redeemed: Vec<Redeemed>,
    pub starts_at: Instant,
    pub trial_days: i64,
    pub trial_end: Option<Instant>,
    pub wish: Wish,
    pub anchor: Option<Anchor>,
    /// The plan's period, which is the subscription's.
    pub round: Option<Round>,
    /// The periods of add-ons whose interval is not the plan's.
    pub rounds: Vec<Round>,
    /// Those of them that changes ended, and when.
    pub over: Vec<(Instant, Round)>,
    pub cancel_at: Option<Instant>,
    pub ended_at: Option<Instant>,
    /// Terms that begin with the next period.
    pub planned: Option<Planned>,
    /// A pause that begins with the next period, and whether it prorates.
    pub pause_planned: Option<bool>,
    /// Since when it is paused.
    pub paused_at: Option<Instant>,
    /// The periods that its last change of interval left.
    pub left: Option<Left>,
}

impl Subscription {
    pub fn period(&self) -> Option<Span> {
        self.round.map(|round| round.period)
    }
}

/// The period that the things of an interval are in.
#[derive(Clone, Copy, PartialEq)]
pub struct Round {
    pub interval: Interval,
    pub period: Span,
    /// The period whole, of which a stub is the end.
    pub whole: Span,
}

#[derive(Clone)]
pub struct Left {
    pub at: Instant,
    pub anchor: Option<Anchor>,
    pub round: Round,
    pub rounds: Vec<Round>,
}

#[derive(Clone, Copy)]
pub enum Wish {
    None,
    Day(u32),
    At(Instant),
}

#[derive(Clone, PartialEq)]
pub struct Terms {
    pub plan: usize,
    pub quantity: Fraction,
    pub add_ons: Vec<(usize, Fraction)>,
    pub coupons: Vec<usize>,
}

/// As a step says them.
#[derive(Clone)]
pub struct Planned {
    pub plan: Option<usize>,
    pub quantity: Option<Fraction>,
    pub add_ons: Option<Vec<(usize, Fraction)>>,
    pub coupons: Option<Vec<usize>>,
}

impl Planned {
    /// This, and then that.
    pub fn then(&self, later: &Planned) -> Planned {
        Planned {
            plan: later.plan.or(self.plan),
            quantity: later.quantity.or(self.quantity),
            add_ons: later.add_ons.clone().or_else(|| self.add_ons.clone()),
            coupons: later.coupons.clone().or_else(|| self.coupons.clone()),
        }
    }

    /// What of it was not said again since; none: nothing.
    pub fn without(self, later: &Planned) -> Option<Planned> {
        let left = Planned {
            plan: self.plan,
            quantity: self.quantity.filter(|_| later.quantity.is_none()),
            add_ons: self.add_ons.filter(|_| later.add_ons.is_none()),
            coupons: self.coupons.filter(|_| later.coupons.is_none()),
        };
        (left.plan.is_some() || left.quantity.is_some() || left.add_ons.is_some() || left.coupons.is_some()).then_some(left)
    }
}

/// A coupon a subscription has.
#[derive(Clone, Debug, PartialEq)]
pub struct Redeemed {
    pub coupon: usize,
    /// Start of the first period it took something off.
    pub first: Option<Instant>,
}

/// A price of a plan or an add-on that a subscription has, at a quantity.
#[derive(Clone, Debug, PartialEq)]
pub struct Thing {
    pub subscription: usize,
    pub plan: Option<usize>,
    pub add_on: Option<usize>,
    pub price: String,
    pub quantity: Fraction,
}

pub type LineId = usize;

#[derive(Clone)]
pub struct Line {
    pub kind: &'static str,
    pub subscription: Option<usize>,
    pub thing: Option<Thing>,
    pub quantity: Fraction,
    pub amount: i128,
    pub discount: i128,
    pub taxes: Vec<Tax>,
    /// Of each of its taxes, what is its part of the document's.
    pub tax_parts: Vec<i128>,
    /// Of each of its taxes, what was given back of its part.
    pub taxes_given_back: Vec<i128>,
    pub span: Span,
    /// Start of the period it was charged in.
    pub period_start: Instant,
    /// Where it stands.
    pub document: Option<usize>,
    /// What it takes back, or restores.
    pub of: Option<LineId>,
    /// The credit that it undoes.
    pub undoes: Option<LineId>,
    /// What was given back of its amount after discount.
    pub given_back: i128,
    /// A charge for time to come ends where it is given back, even of nothing.
    pub until: Instant,
    /// Of what it takes back, where that waits with it for the same document: what it costs is known with that.
    pub takes_back: Option<Back>,
}

/// How much a line takes back of another of its own document.
#[derive(Clone, Copy, PartialEq)]
pub enum Back {
    /// A share of what it costs.
    Share(Fraction),
    /// What a credit gave.
    All(LineId),
}

/// A span over which a metered price is rated alone.
#[derive(Clone)]
pub struct Part {
    pub thing: Thing,
    pub span: Span,
    pub open: bool,
    pub scale: Fraction,
    /// When it is rated; the end of its time and the vendor's grace.
    pub due: Instant,
    pub period_start: Instant,
    /// Pauses in it of which nothing is billed.
    pub gaps: Vec<Span>,
    pub reason: &'static str,
    pub is_billed: bool,
    /// Whether its end is a change's.
    pub is_cut: bool,
    /// Whether it ends with its subscription, and so waits for its last usage whatever else is charged.
    pub is_last: bool,
    /// The exchange of the day it was billed first.
    pub factor: Option<Fraction>,
    /// Of a stub that costs nothing.
    pub is_free: bool,
    pub lines: Vec<LineId>,
    /// What late usage took back of its lines, before their discount.
    pub taken: Vec<(LineId, i128)>,
}

/// A line that waits for a document.
#[derive(Clone)]
pub struct Waiting {
    pub line: LineId,
    pub customer: usize,
    /// When its document is made at the latest; never, if it waits for the next there is.
    pub due: Option<Instant>,
    pub reason: &'static str,
}

#[derive(Clone)]
pub struct Document {
    pub is_invoice: bool,
    pub number: String,
    pub customer: usize,
    pub reason: &'static str,
    pub issued_at: Instant,
    pub due_at: Instant,
    pub currency: String,
    pub lines: Vec<LineId>,
    pub subtotal: i128,
    pub discount: i128,
    pub tax: Vec<TaxTotal>,
    pub rounding: i128,
    pub total: i128,
    pub balance_applied: i128,
    /// What notes took off what was due of it.
    pub credited: i128,
    /// The roundings of the notes against it.
    pub rounding_given_back: i128,
    pub paid: i128,
    pub refunded: i128,
    pub due: i128,
    pub failed: bool,
    /// Of a note: the invoices it corrects.
    pub corrects: Vec<usize>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct TaxTotal {
    pub tax: Tax,
    pub base: i128,
    pub amount: i128,
}

#[derive(Clone, PartialEq)]
pub struct Event {
    pub customer: usize,
    pub meter: String,
    pub quantity: Option<Fraction>,
    pub value: Option<String>,
    pub time: Instant,
    pub id: Option<String>,
}

#[derive(Clone)]
pub struct Payment {
    pub at: Instant,
    pub customer: usize,
    pub invoice: Option<usize>,
    pub amount: i128,
    pub declined: Option<String>,
}

/// A step the rules refuse.
pub struct Refused;

impl<'a> World<'a> {
    pub fn new(story: &'a Story) -> World<'a> {
        World {
            story,
            now: story.steps.first().map_or(0, |step| step.at),
            subscriptions: Vec::new(),
            lines: Vec::new(),
            parts: Vec::new(),
            waiting: Vec::new(),
            documents: Vec::new(),
            events: Vec::new(),
            declines: vec![None; story.customers.len()],
            balances: vec![0; story.customers.len()],
            expiring: Vec::new(),
            accounts: BTreeMap::new(),
            redemptions: vec![0; story.coupons.len()],
            payments: Vec::new(),
            messages: Vec::new(),
            previews: Vec::new(),
            refused: Vec::new(),
        }
    }

    pub fn customer(&self, customer: usize) -> &'a Customer {
        &self.story.customers[customer]
    }

    pub fn currency(&self, customer: usize) -> String {
        self.customer(customer).currency.clone().unwrap_or_else(|| self.story.vendor.currency.clone())
    }

    /// “A subscription's billing zone is the customer's when it subscribes, else the vendor's, and stays frozen on it.”
    pub fn zone(&self, customer: usize) -> Tz {
        self.customer(customer).time_zone.or(self.story.vendor.time_zone).unwrap_or(Tz::UTC)
    }

    pub fn today(&self, customer: usize) -> NaiveDate {
        day(self.zone(customer), self.now)
    }

    pub fn plan(&self, plan: usize) -> &'a Offer {
        &self.story.plans[plan]
    }

    pub fn interval(&self, plan: usize) -> Interval {
        self.plan(plan).every()
    }

    pub fn interval_of(&self, thing: &Thing) -> Interval {
        self.offer(thing).every()
    }

    pub fn offer(&self, thing: &Thing) -> &'a Offer {
        match (thing.plan, thing.add_on) {
            (Some(plan), _) => &self.story.plans[plan],
            (None, Some(add_on)) => &self.story.add_ons[add_on],
            (None, None) => unreachable!("a thing is of a plan or an add-on"),
        }
    }

    pub fn product(&self, line: &Line) -> Option<&'a str> {
        line.thing.as_ref().map(|thing| self.offer(thing).id.as_str())
    }

    /// Adds to an account of the ledger.
    pub fn post(&mut self, currency: &str, account: &'static str, amount: i128) {
        *self.accounts.entry((currency.to_owned(), account)).or_default() += amount;
    }
}

impl Line {
    pub fn net(&self) -> i128 {
        self.amount - self.discount
    }
}

//! What is chosen on `/plan/change`: as it is typed, and as it is understood.

use billing::calendar::{Interval, Unit};
use rust_decimal::Decimal;

use crate::sentence;
use crate::services::FieldError;
use crate::services::catalog::Offer;
use crate::services::subscriptions::{ChangeRequest, Settle, Subscription, When};

use super::Seen;

/// What is typed and pressed in the form `choose`, as it comes; empty: as it is now.
#[derive(Clone, Default, serde::Deserialize)]
#[serde(default)]
pub struct Choice {
    pub plan: String,
    /// "month", "year".
    pub interval: String,
    pub seats: String,
    /// One of the buttons beside the seats: "-1" or "1".
    pub step: String,
    /// "now", "period_end".
    pub when: String,
    pub promotion_code: String,
}

/// A choice understood.
pub(super) struct Chosen {
    pub plan: String,
    pub interval: Interval,
    pub seats: i64,
    pub when: When,
    /// What was typed to get a discount.
    pub promotion_code: Option<String>,
    /// Plan, interval and seats are what they are now.
    pub is_same_plan: bool,
    pub request: ChangeRequest,
}

const MOST_SEATS: i64 = 1_000_000;

/// Understands a choice; what can't be understood is said at its field and taken as it is now. The promotion code was looked up already.
pub(super) fn understand(seen: &Seen, s: &Subscription, choice: &Choice, promotion_code: Option<String>) -> (Chosen, Vec<FieldError>) {
    let mut errors = Vec::new();
    let known = |key: &str| seen.offers.iter().any(|offer| offer.plan.key == key);
    let plan = match choice.plan.as_str() {
        "" => s.terms.plan.key.clone(),
        key if known(key) => key.to_owned(),
        _ => {
            errors.push(FieldError { field: "plan", sentence: sentence!("change-no-such-plan") });
            s.terms.plan.key.clone()
        }
    };
    let sold_at: Vec<Interval> = seen.offers.iter().filter(|offer| offer.plan.key == plan).map(|offer| offer.terms.interval).collect();
    let wished = match choice.interval.as_str() {
        "" => Some(s.interval()),
        typed => sold_at.iter().copied().find(|interval| interval_name(*interval) == typed),
    };
    let stays = |interval: Interval| interval.repeats_like(s.interval()) || !sold_at.iter().any(|sold| sold.repeats_like(s.interval()));
    if !seen.settings.customers_may_choose_interval && wished.is_some_and(|wished| !stays(wished)) {
        errors
            .push(FieldError { field: "interval", sentence: sentence!("change-interval-fixed", interval = super::columns::a_interval(seen.w, s.interval())) });
    }
    let interval = match wished {
        Some(interval) => sold_at.iter().copied().find(|sold| sold.repeats_like(interval)).or(sold_at.first().copied()).unwrap_or(interval),
        None => {
            errors.push(FieldError { field: "interval", sentence: sentence!("change-no-such-interval") });
            s.interval()
        }
    };
    let now = i64::try_from(s.terms.quantity.trunc()).unwrap_or(1);
    let typed = choice.seats.replace([' ', '\u{a0}', '\u{202f}', ','], "");
    let seats = match typed.as_str() {
        "" => now,
        digits => match digits.parse::<i64>() {
            Ok(n) if (1..=MOST_SEATS).contains(&n) => n,
            _ => {
                errors.push(FieldError { field: "seats", sentence: sentence!("change-bad-seats", most = seen.w.number(MOST_SEATS.into())) });
                now
            }
        },
    };
    let step = match choice.step.as_str() {
        "1" => 1,
        "-1" => -1,
        _ => 0,
    };
    let seats = (seats + step).clamp(1, MOST_SEATS);
    let when = super::when::of(&choice.when);
    let is_same_plan = plan == s.terms.plan.key && interval.repeats_like(s.interval()) && Decimal::from(seats) == s.terms.quantity;
    let plan_id = seen.offers.iter().find(|offer| offer.plan.key == plan).map(|offer| offer.plan.id.clone());
    let request = ChangeRequest {
        plan_id,
        interval: Some(interval),
        quantity: Some(Decimal::from(seats)),
        when,
        settle: Settle::Now,
        promotion_code: promotion_code.clone(),
        ..ChangeRequest::default()
    };
    (Chosen { plan, interval, seats, when, promotion_code, is_same_plan, request }, errors)
}

/// As the form names it: "month", "3-month".
pub(super) fn interval_name(interval: Interval) -> String {
    let unit = match interval.unit {
        Unit::Day => "day",
        Unit::Week => "week",
        Unit::Month => "month",
        Unit::Year => "year",
    };
    if interval.count == 1 { unit.to_owned() } else { format!("{}-{unit}", interval.count) }
}

impl Chosen {
    /// Nothing differs from what is now.
    pub fn is_as_now(&self) -> bool {
        self.is_same_plan && self.promotion_code.is_none()
    }

    /// The choice as fields of the confirming form.
    pub fn hidden(&self) -> Vec<(&'static str, String)> {
        vec![
            ("plan", self.plan.clone()),
            ("interval", interval_name(self.interval)),
            ("seats", self.seats.to_string()),
            ("when", super::when::name(self.when).to_owned()),
            ("promotion_code", self.promotion_code.clone().unwrap_or_default()),
        ]
    }

    pub fn offer<'a>(&self, seen: &'a Seen) -> Option<&'a Offer> {
        seen.offers.iter().find(|offer| offer.plan.key == self.plan && offer.terms.interval.repeats_like(self.interval))
    }
}

//! A discount in words: what it takes off, and how long it still does.

use billing::calendar::Instant;
use billing::discount::{Coupon, Discount, Duration, Off};

use crate::t;
use crate::words::Words;
use crate::words::format::Dates;

/// `20 % off`, `€10.00 off`.
pub fn off(w: Words, coupon: &Coupon) -> String {
    match &coupon.off {
        Off::Percent(percent) => t!(w, "discount-percent", percent = w.number(*percent)),
        Off::Amount { amount_minor, currency } => t!(w, "discount-amount", amount = w.money(*amount_minor, currency.code())),
    }
}

/// `20 % off, until 28 February 2027`. None: it has nothing left to take off.
pub fn told(dates: &Dates, discount: &Discount, period_start: Option<Instant>) -> billing::Result<Option<String>> {
    let lasts = lasts(dates, discount, period_start)?;
    Ok(lasts.map(|lasts| t!(dates.words, "discount-told", off = off(dates.words, &discount.coupon), lasts = lasts)))
}

/// `until 28 February 2027`: how long it goes on, seen from a period that begins then. None: it has nothing left to take off.
pub fn lasts(dates: &Dates, discount: &Discount, period_start: Option<Instant>) -> billing::Result<Option<String>> {
    let w = dates.words;
    Ok(match (discount.coupon.duration, discount.first_period_start) {
        (Duration::Once, Some(_)) => None,
        (Duration::Once, None) => Some(t!(w, "discount-once")),
        (Duration::Forever, _) => Some(t!(w, "discount-forever")),
        (Duration::Repeating { months }, None) => Some(t!(w, "discount-months", count = months)),
        (Duration::Repeating { .. }, Some(first)) => {
            let end = discount.reach_ends_at(first)?.filter(|end| period_start.is_none_or(|start| start < *end));
            end.map(|end| t!(w, "discount-until", day = dates.day_year(end - chrono::TimeDelta::milliseconds(1))))
        }
    })
}

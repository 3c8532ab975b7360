//! What units cost.

use chrono::NaiveDate;

use crate::fraction::{Fraction, ONE, ZERO, ratio, whole};
use crate::story::{Model, Offer, Price, Story};

/// An amount in the price's own currency, exact, and what a minimum lacks.
pub struct Rated {
    pub amount: Fraction,
    pub missing: Fraction,
}

/// What units cost, with “included amounts, tier bounds, flat amounts, minimum and maximum … scaled”.
pub fn rate(price: &Price, units: Fraction, scale: Fraction) -> Rated {
    // “`included` units come off first, before tiers and packages.”
    let left = (units - price.included.unwrap_or(ZERO) * scale).max(ZERO);
    let mut amount = ZERO;
    // “No units, no charge (no flat amounts either), except a minimum.”
    if left > ZERO {
        amount = match price.model {
            Model::Flat => price.amount.unwrap_or(ZERO) * scale,
            Model::PerUnit => left * price.unit_amount.unwrap_or(ZERO),
            Model::Graduated => graduated(price, left, scale),
            Model::Volume => volume(price, left, scale),
            // “`package`: started packages × amount.”
            Model::Package => whole(left.over(price.package_size.unwrap_or(ONE)).ceiling()) * price.package_amount.unwrap_or(ZERO),
        };
    }
    // “`minimum` and `maximum` bound the price's amount for a full period: the missing part of a minimum is a line of its own, a maximum
    // caps the line.”
    if let Some(maximum) = price.maximum {
        amount = amount.min(maximum * scale);
    }
    let missing = (price.minimum.unwrap_or(ZERO) * scale - amount).max(ZERO);
    Rated { amount, missing }
}

/// “`graduated`: each tier rates the units inside it”, “`up_to` is inclusive. A tier's `flat_amount` is charged when at least one unit
/// falls in it”
fn graduated(price: &Price, units: Fraction, scale: Fraction) -> Fraction {
    let (mut below, mut sum) = (ZERO, ZERO);
    for tier in &price.tiers {
        let up_to = tier.up_to.map(|up_to| up_to * scale);
        if units > below {
            let inside = up_to.map_or(units, |up_to| units.min(up_to)) - below;
            sum = sum + inside * tier.unit_amount.unwrap_or(ZERO) + tier.flat_amount.unwrap_or(ZERO) * scale;
        }
        below = up_to.unwrap_or(units);
    }
    sum
}

/// “`volume`: all units at the rate of the tier the total falls in”, “(volume: in the tier reached)”
fn volume(price: &Price, units: Fraction, scale: Fraction) -> Fraction {
    let reached = price.tiers.iter().find(|tier| tier.up_to.is_none_or(|up_to| units <= up_to * scale));
    reached.map_or(ZERO, |tier| units * tier.unit_amount.unwrap_or(ZERO) + tier.flat_amount.unwrap_or(ZERO) * scale)
}

impl Story {
    pub fn currency_of(&self, price: &Price) -> String {
        price.currency.clone().unwrap_or_else(|| self.vendor.currency.clone())
    }

    /// The prices of an offer a customer with a currency pays on a day, each with what an amount of it is multiplied by; nothing where
    /// one of them is not to be had.
    ///
    /// “A price without it is refused, unless it says `convert` and a dated rate exists (the latest on or before the day)”
    pub fn prices<'a>(&'a self, offer: &'a Offer, currency: &str, on: NaiveDate) -> Option<Vec<(&'a Price, Fraction)>> {
        let mut keys: Vec<&str> = Vec::new();
        for price in &offer.prices {
            if !keys.contains(&price.id.as_str()) {
                keys.push(&price.id);
            }
        }
        keys.into_iter().map(|key| self.price(offer, key, currency, on)).collect()
    }

    pub fn price<'a>(&'a self, offer: &'a Offer, key: &str, currency: &str, on: NaiveDate) -> Option<(&'a Price, Fraction)> {
        let of_key = || offer.prices.iter().filter(|price| price.id == key);
        if let Some(own) = of_key().find(|price| self.currency_of(price) == currency) {
            return Some((own, ONE));
        }
        of_key().filter(|price| price.convert).find_map(|price| Some((price, self.exchange(&self.currency_of(price), currency, on)?)))
    }

    /// What a minor unit of one currency is of another's.
    fn exchange(&self, from: &str, to: &str, on: NaiveDate) -> Option<Fraction> {
        let dated = self.exchange_rates.iter().filter(|rate| rate.from == from && rate.to == to && rate.on <= on);
        let rate = dated.max_by_key(|rate| rate.on)?.rate;
        Some(rate * ratio(10_i128.pow(digits(to)), 10_i128.pow(digits(from))))
    }
}

/// Digits after the decimal point of a currency (ISO 4217).
pub fn digits(currency: &str) -> u32 {
    match currency {
        "JPY" | "KRW" | "CLP" | "VND" => 0,
        "BHD" | "KWD" | "TND" | "JOD" | "OMR" => 3,
        _ => 2,
    }
}

/// “`rounding` is only for currencies whose smallest payable unit is larger than the minor unit (HUF: whole forint).”
pub fn payable(currency: &str) -> i128 {
    if currency == "HUF" { 100 } else { 1 }
}

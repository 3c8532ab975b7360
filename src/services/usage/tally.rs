//! A tally: everything any aggregate needs to know of a stretch of events, in a form that can be merged with the next stretch.

use std::collections::BTreeSet;

use rust_decimal::Decimal;
use sqlx::FromRow;

use super::meter::Aggregate;
use crate::sentence;
use crate::services::Refusal;

/// Decimal places a quantity may have. Fixed, so that sums are exact: see [`add`].
pub const PLACES: u32 = 9;

/// The stretch a tally is kept for. Every offset in use is a multiple of it, so every zone's days and hours begin on a slot.
pub const SLOT_MS: i64 = 15 * 60 * 1000;

pub fn slot_of(at_ms: i64) -> i64 {
    at_ms.div_euclid(SLOT_MS) * SLOT_MS
}

/// One event, as tallies see it.
#[derive(Clone, Debug)]
pub struct Counted {
    pub happened_at: i64,
    pub arrival: i64,
    pub quantity: Decimal,
    pub value: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub sum: Decimal,
    pub count: i64,
    pub max: Option<Decimal>,
    pub last: Option<Last>,
    /// Only of `unique` meters.
    pub values: BTreeSet<String>,
}

/// Ordered by event time, then arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Last {
    pub at: i64,
    pub arrival: i64,
    pub value: Decimal,
}

impl Tally {
    pub fn of(event: &Counted) -> Tally {
        let quantity = event.quantity;
        Tally {
            sum: quantity,
            count: 1,
            max: Some(quantity),
            last: Some(Last { at: event.happened_at, arrival: event.arrival, value: quantity }),
            values: event.value.iter().cloned().collect(),
        }
    }

    /// Takes another stretch in; the order of stretches does not matter.
    pub fn merge(&mut self, other: &Tally) -> Result<(), Refusal> {
        self.sum = add(self.sum, other.sum)?;
        self.count = self.count.checked_add(other.count).ok_or_else(too_large)?;
        self.max = self.max.max(other.max);
        self.last = match (self.last, other.last) {
            (Some(one), Some(other)) => Some(if (other.at, other.arrival) > (one.at, one.arrival) { other } else { one }),
            (one, other) => one.or(other),
        };
        self.values.extend(other.values.iter().cloned());
        Ok(())
    }

    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// What the meter reads. A sum may be negative here; a period's never is.
    pub fn quantity(&self, aggregate: Aggregate) -> Decimal {
        match aggregate {
            Aggregate::Sum => self.sum,
            Aggregate::Max => self.max.unwrap_or_default(),
            Aggregate::Last => self.last.map(|last| last.value).unwrap_or_default(),
            Aggregate::Count => self.count.into(),
            Aggregate::Unique => self.values.len().into(),
        }
    }
}

/// `usage_buckets` and `usage_days` share these columns.
#[derive(FromRow)]
pub struct TallyRow {
    pub meter_id: String,
    pub slot_at: i64,
    sum: String,
    count: i64,
    max: Option<String>,
    last_value: Option<String>,
    last_at: Option<i64>,
    last_arrival: Option<i64>,
}

impl TallyRow {
    pub fn tally(&self) -> Result<Tally, Refusal> {
        let last = match (&self.last_value, self.last_at, self.last_arrival) {
            (Some(value), Some(at), Some(arrival)) => Some(Last { at, arrival, value: decimal(value)? }),
            _ => None,
        };
        Ok(Tally { sum: decimal(&self.sum)?, count: self.count, max: self.max.as_deref().map(decimal).transpose()?, last, values: BTreeSet::new() })
    }
}

pub fn decimal(text: &str) -> Result<Decimal, Refusal> {
    text.parse().map_err(Refusal::damaged)
}

/// As the columns keep it: `12.50` and `12.5` are one.
pub fn text(value: Decimal) -> String {
    value.normalize().to_string()
}

/// Exact, or refused. `Decimal`'s own addition rounds away digits that do not fit.
pub fn add(one: Decimal, other: Decimal) -> Result<Decimal, Refusal> {
    let scaled = |value: Decimal| -> Option<i128> {
        let value = value.normalize();
        value.mantissa().checked_mul(10_i128.checked_pow(PLACES.checked_sub(value.scale())?)?)
    };
    let sum = scaled(one).zip(scaled(other)).and_then(|(one, other)| one.checked_add(other));
    sum.and_then(|sum| Decimal::try_from_i128_with_scale(sum, PLACES).ok()).map(|sum| sum.normalize()).ok_or_else(too_large)
}

fn too_large() -> Refusal {
    Refusal::Rule(sentence!("refusal-usage-too-large"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adding_is_exact_or_refused_but_never_rounded() {
        let d = |text: &str| text.parse::<Decimal>().unwrap();
        assert_eq!(add(d("0.1"), d("0.2")).unwrap(), d("0.3"));
        assert_eq!(add(d("1000000000000000"), d("0.000000001")).unwrap(), d("1000000000000000.000000001"));
        assert_eq!(add(d("5"), d("-5")).unwrap(), Decimal::ZERO);
        assert!(add(d("79228162514264337594"), d("0.000000001")).is_err());
        assert!(add(d("0.0000000001"), d("1")).is_err());
    }

    #[test]
    fn slots_begin_on_the_quarter_before_1970_too() {
        assert_eq!(slot_of(SLOT_MS + 1), SLOT_MS);
        assert_eq!(slot_of(-1), -SLOT_MS);
        assert_eq!(slot_of(0), 0);
    }
}

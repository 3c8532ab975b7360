//! From usage events to the one number a metered price rates: the five aggregates, as a pure function of a period's events.
//!
//! What deliberately does not live here: which events belong to the period (by event time, half open), which were refused as
//! duplicates, and how they are stored or pre-summed. Those belong to the usage room; this is the meaning its queries must match.

use std::collections::BTreeSet;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::calendar::Instant;

/// Why events could not be counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum UsageError {
    #[error("The usage of this period is too large to count.")]
    Overflow,
    #[error("Usage cannot be negative on a meter that does not sum.")]
    Negative,
    #[error("A usage event of this meter must have a quantity.")]
    NoQuantity,
    #[error("A usage event of this meter must have a value.")]
    NoValue,
}

/// How a meter makes one number of many events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Aggregate {
    /// Sum of quantities; corrections may be negative, a period never is.
    Sum,
    /// The largest quantity.
    Max,
    /// The quantity of the latest event by event time; the later arrival wins a tie.
    Last,
    /// The number of events; neither quantity nor value is read.
    Count,
    /// The number of different values.
    Unique,
}

impl Aggregate {
    /// Flows add up over time, so a part of a period gets a part of the allowance. Levels (a peak, a latest reading) do not: a
    /// part of a period shows the level in full, and costs its share of the time.
    pub fn is_flow(self) -> bool {
        matches!(self, Self::Sum | Self::Count | Self::Unique)
    }

    /// Whether a single event is one this meter can take.
    pub fn check(self, quantity: Option<Decimal>, value: Option<&str>) -> Result<(), UsageError> {
        match self {
            Self::Sum | Self::Max | Self::Last => match quantity {
                None => Err(UsageError::NoQuantity),
                Some(quantity) if quantity < Decimal::ZERO && self != Self::Sum => Err(UsageError::Negative),
                Some(_) => Ok(()),
            },
            Self::Unique => value.map(|_| ()).ok_or(UsageError::NoValue),
            Self::Count => Ok(()),
        }
    }

    /// One number for a period's accepted events, in any order. No events are no units.
    pub fn of(self, events: &[Event]) -> Result<Decimal, UsageError> {
        for event in events {
            self.check(event.quantity, event.value.as_deref())?;
        }
        let quantities = events.iter().filter_map(|event| event.quantity);
        let units = match self {
            Self::Sum => quantities.into_iter().try_fold(Decimal::ZERO, Decimal::checked_add).ok_or(UsageError::Overflow)?,
            Self::Max => quantities.max().unwrap_or_default(),
            Self::Last => events.iter().max_by_key(|event| (event.time, event.arrived_order)).and_then(|event| event.quantity).unwrap_or_default(),
            Self::Count => Decimal::from(events.len()),
            Self::Unique => Decimal::from(events.iter().filter_map(|event| event.value.as_deref()).collect::<BTreeSet<_>>().len()),
        };
        Ok(units.max(Decimal::ZERO))
    }
}

/// An accepted event of one meter and customer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// When it happened, which decides its period.
    pub time: Instant,
    pub quantity: Option<Decimal>,
    pub value: Option<String>,
    /// The order of arrival among the meter's events; decides ties of `last`.
    pub arrived_order: i64,
}

//! Values as the API writes them: decimals as strings, times in UTC, intervals as units of the calendar.

use std::fmt;

use billing::calendar::{self, Instant};
use chrono::{DateTime, Datelike, NaiveDate, SecondsFormat, Utc};
use rust_decimal::Decimal;
use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::platform::clock::from_ms;
use crate::sentence;
use crate::services::Refusal;

/// Digits before and after the point.
const DIGITS: usize = 15;
const PLACES: usize = 12;

/// An exact decimal: `"0.8"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exact(pub Decimal);

impl From<Decimal> for Exact {
    fn from(decimal: Decimal) -> Exact {
        Exact(decimal)
    }
}

impl Serialize for Exact {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0.normalize())
    }
}

impl<'de> Deserialize<'de> for Exact {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Exact, D::Error> {
        struct Reads;
        impl Visitor<'_> for Reads {
            type Value = Exact;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a decimal as a string, such as \"0.8\"")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Exact, E> {
                let digits = text.strip_prefix('-').unwrap_or(text);
                let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
                let is_number = |text: &str, most: usize| (1..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
                let read = (is_number(whole, DIGITS) && is_number(part, PLACES)).then(|| text.parse().ok()).flatten();
                read.map(Exact).ok_or_else(|| E::custom(format!("a decimal has at most {DIGITS} digits before the point and {PLACES} after, such as \"0.8\"")))
            }
        }
        deserializer.deserialize_str(Reads)
    }
}

impl PartialSchema for Exact {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some("^-?[0-9]{1,28}(\\.[0-9]{1,28})?$"))
            .description(Some("An exact decimal. As input at most 15 digits before the point and 12 after."))
            .examples(["0.8"])
            .into()
    }
}

impl ToSchema for Exact {
    fn name() -> std::borrow::Cow<'static, str> {
        "Decimal".into()
    }
}

/// A moment: RFC 3339, in UTC when we write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Time(pub Instant);

impl Time {
    pub fn of_ms(ms: i64) -> Time {
        Time(from_ms(ms))
    }
}

impl From<Instant> for Time {
    fn from(instant: Instant) -> Time {
        Time(instant)
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.to_rfc3339_opts(SecondsFormat::AutoSi, true))
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Time, D::Error> {
        let text = String::deserialize(deserializer)?;
        let time = DateTime::parse_from_rfc3339(&text).map(|time| time.with_timezone(&Utc));
        time.ok()
            .filter(|time| (1970..2200).contains(&time.year()))
            .map(Time)
            .ok_or_else(|| de::Error::custom("a time is RFC 3339, from 1970 to 2199, such as 2026-11-21T09:30:00Z"))
    }
}

impl PartialSchema for Time {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .description(Some("A moment (RFC 3339), in UTC where we write it; from 1970 to 2199 where you do."))
            .examples(["2026-11-21T09:30:00Z"])
            .into()
    }
}

impl ToSchema for Time {}

/// A day of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Day(pub NaiveDate);

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Day, D::Error> {
        let text = String::deserialize(deserializer)?;
        let day = NaiveDate::parse_from_str(&text, "%Y-%m-%d").ok().filter(|day| text.len() == 10 && (1970..2200).contains(&day.year()));
        day.map(Day).ok_or_else(|| de::Error::custom("a day is written YYYY-MM-DD, from 1970 to 2199, such as 2026-11-21"))
    }
}

impl PartialSchema for Day {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Date)))
            .description(Some("A day, YYYY-MM-DD; from 1970 to 2199 where you write it."))
            .examples(["2026-11-21"])
            .into()
    }
}

impl ToSchema for Day {}

/// What an interval counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    Day,
    Week,
    Month,
    Year,
}

/// How often a period repeats: a quarter is three months.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Interval {
    pub unit: Unit,
    #[schema(minimum = 1, maximum = 1200)]
    pub count: u32,
}

impl Interval {
    pub const MONTH: Interval = Interval { unit: Unit::Month, count: 1 };

    pub fn engine(self) -> Result<calendar::Interval, Refusal> {
        let unit = match self.unit {
            Unit::Day => calendar::Unit::Day,
            Unit::Week => calendar::Unit::Week,
            Unit::Month => calendar::Unit::Month,
            Unit::Year => calendar::Unit::Year,
        };
        if self.count > 1_200 {
            return Err(Refusal::Rule(sentence!("refusal-interval")));
        }
        calendar::Interval::new(unit, self.count).map_err(|error| billing::Error::from(error).into())
    }
}

impl From<calendar::Interval> for Interval {
    fn from(interval: calendar::Interval) -> Interval {
        let unit = match interval.unit {
            calendar::Unit::Day => Unit::Day,
            calendar::Unit::Week => Unit::Week,
            calendar::Unit::Month => Unit::Month,
            calendar::Unit::Year => Unit::Year,
        };
        Interval { unit, count: interval.count }
    }
}

/// A field of a change: absent stays, null empties, anything else is set.
pub fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_strings_and_plain() {
        for (text, back) in [("\"0.80\"", "\"0.8\""), ("\"-3\"", "\"-3\""), ("\"999999999999999.000000000001\"", "\"999999999999999.000000000001\"")] {
            let exact: Exact = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&exact).unwrap(), back);
        }
        for text in ["0.8", "\"\"", "\"1e3\"", "\"+1\"", "\".5\"", "\"1.\"", "\"1_000\"", "\"NaN\"", "\"1000000000000000\"", "\" 1\""] {
            assert!(serde_json::from_str::<Exact>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn times_are_told_in_utc() {
        let time: Time = serde_json::from_str("\"2026-11-21T10:30:00+01:00\"").unwrap();
        assert_eq!(serde_json::to_string(&time).unwrap(), "\"2026-11-21T09:30:00Z\"");
        for text in ["\"2026-11-21\"", "\"1969-12-31T23:59:59Z\"", "\"2200-01-01T00:00:00Z\"", "1763717400", "\"\""] {
            assert!(serde_json::from_str::<Time>(text).is_err(), "{text}");
        }
    }
}

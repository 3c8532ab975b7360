//! When periods begin and end: intervals, anchors, half-open periods, and calendar days in a billing zone.
//!
//! Every boundary is computed from the anchor's local wall time, never from the boundary before it, so a 31st that falls on
//! 28 February is back on the 31st in March. Where the clock jumps forward over a boundary it falls on the first later instant;
//! where the clock repeats an hour it falls on the earlier of the two.
//!
//! What deliberately does not live here: what a period costs ([`crate::subscription`]) and what time it is (a clock is
//! somebody else's; every instant here is an argument).

use chrono::{DateTime, Datelike, Days, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeZone, Utc};
use serde::{Deserialize, Serialize};

use crate::money::{MoneyError, Ratio};

/// A point in time. Whole seconds in scenarios; finer ones are carried exactly but counted in whole seconds.
pub type Instant = DateTime<Utc>;

/// A time zone by its IANA name.
pub type Zone = chrono_tz::Tz;

/// Why a date could not be worked out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum CalendarError {
    #[error("A billing interval must be at least one day, week, month or year.")]
    EmptyInterval,
    #[error("A billing day must lie between 1 and 31, not {0}.")]
    NoSuchDay(u32),
    #[error("A billing day of the month needs an interval of months or years.")]
    DayNeedsMonths,
    #[error("The date lies outside the calendar.")]
    OutOfRange,
    #[error("The period has no length to take a share of.")]
    EmptyPeriod,
    #[error("The instant {at} does not lie in the period from {start} to {end}.")]
    Outside { at: Instant, start: Instant, end: Instant },
}

type Result<T> = std::result::Result<T, CalendarError>;

/// What an interval counts: units of the calendar, not of time. A day may have 23 hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    Day,
    Week,
    Month,
    Year,
}

/// How often a period repeats: every `count` units. A quarter is three months.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Interval {
    pub unit: Unit,
    /// At least one; a zero is refused when the interval is used.
    pub count: u32,
}

/// What an interval steps by, once weeks are days and years are months.
enum Step {
    Days(i64),
    Months(i64),
}

impl Interval {
    pub fn new(unit: Unit, count: u32) -> Result<Self> {
        let interval = Self { unit, count };
        interval.step().map(|_| interval)
    }

    /// Whether two intervals are the same stretch: twelve months are a year, seven days a week.
    pub fn repeats_like(self, other: Self) -> bool {
        match (self.step(), other.step()) {
            (Ok(Step::Days(one)), Ok(Step::Days(two))) | (Ok(Step::Months(one)), Ok(Step::Months(two))) => one == two,
            _ => false,
        }
    }

    fn step(self) -> Result<Step> {
        let count = i64::from(self.count);
        match (self.count, self.unit) {
            (0, _) => Err(CalendarError::EmptyInterval),
            (_, Unit::Day) => Ok(Step::Days(count)),
            (_, Unit::Week) => Ok(Step::Days(count * 7)),
            (_, Unit::Month) => Ok(Step::Months(count)),
            (_, Unit::Year) => Ok(Step::Months(count * 12)),
        }
    }
}

/// A half-open stretch of time: its start belongs to it, its end to the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Period {
    #[serde(rename = "from")]
    pub start: Instant,
    #[serde(rename = "to")]
    pub end: Instant,
}

impl Period {
    pub fn contains(&self, at: Instant) -> bool {
        self.start <= at && at < self.end
    }

    /// The same period, or an error that says how the instant misses it.
    pub fn require(&self, at: Instant) -> Result<()> {
        if self.contains(at) { Ok(()) } else { Err(CalendarError::Outside { at, start: self.start, end: self.end }) }
    }
}

/// Where a subscription's periods hang: a local wall time in a frozen zone and the day of the month they wish for.
///
/// Invariant: `origin` is boundary 0, and stays it even where its wall time is shown twice; `local` is its wall time (or the one
/// the clocks jumped over); `day` is the wished day of the month, which `local` misses only when its month is too short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Anchor {
    pub origin: Instant,
    pub local: NaiveDateTime,
    #[serde(with = "zone_name")]
    pub zone: Zone,
    pub day: u32,
}

impl Anchor {
    /// Anchored at an instant: its wall time in the zone repeats.
    pub fn at(instant: Instant, zone: Zone) -> Self {
        let local = wall_time(instant, zone);
        Self { origin: instant, local, zone, day: local.day() }
    }

    /// Anchored at 00:00 of a day of the month (1–31), the next such midnight at or after `start`. A month that lacks the day
    /// lends its last. Only months and years have such days.
    pub fn on_day(day: u32, start: Instant, zone: Zone, interval: Interval) -> Result<Self> {
        if !(1..=31).contains(&day) {
            return Err(CalendarError::NoSuchDay(day));
        }
        let Step::Months(_) = interval.step()? else { return Err(CalendarError::DayNeedsMonths) };
        let today = local_date(start, zone);
        for months_on in 0..=2 {
            let local = in_month(month_index(today) + months_on, day)?.and_time(NaiveTime::MIN);
            let origin = resolve(local, zone)?;
            if origin >= start {
                return Ok(Self { origin, local, zone, day });
            }
        }
        Err(CalendarError::OutOfRange)
    }

    /// The start of the `n`-th period counted from the anchor; negative ones lie before it.
    pub fn boundary(&self, interval: Interval, n: i64) -> Result<Instant> {
        let step = interval.step()?;
        if n == 0 {
            return Ok(self.origin);
        }
        let date = match step {
            Step::Days(days) => {
                let days = days.checked_mul(n).ok_or(CalendarError::OutOfRange)?;
                add_days(self.local.date(), days)?
            }
            Step::Months(months) => {
                let months = months.checked_mul(n).ok_or(CalendarError::OutOfRange)?;
                let index = month_index(self.local.date()).checked_add(months).ok_or(CalendarError::OutOfRange)?;
                in_month(index, self.day)?
            }
        };
        resolve(date.and_time(self.local.time()), self.zone)
    }

    /// The period that holds an instant, wherever it lies relative to the anchor.
    ///
    /// Where a zone skipped a whole day of its calendar, two boundaries may fall together; the empty period between them holds
    /// nothing and is passed over.
    pub fn period_containing(&self, interval: Interval, at: Instant) -> Result<Period> {
        let here = wall_time(at, self.zone);
        let mut n = match interval.step()? {
            Step::Days(days) => here.date().signed_duration_since(self.local.date()).num_days().div_euclid(days),
            Step::Months(months) => (month_index(here.date()) - month_index(self.local.date())).div_euclid(months),
        };
        // The guess is off by a step or two at most: time of day, short months and clock changes.
        while self.boundary(interval, n)? > at {
            n -= 1;
        }
        while self.boundary(interval, n + 1)? <= at {
            n += 1;
        }
        Ok(Period { start: self.boundary(interval, n)?, end: self.boundary(interval, n + 1)? })
    }
}

/// So many calendar days of the zone later, at the same wall time: the end of a trial.
pub fn add_calendar_days(at: Instant, days: u32, zone: Zone) -> Result<Instant> {
    // Also in an hour that the clocks repeat, where the wall time names the earlier instant.
    if days == 0 {
        return Ok(at);
    }
    let local = wall_time(at, zone);
    resolve(add_days(local.date(), i64::from(days))?.and_time(local.time()), zone)
}

/// So many calendar months of the zone later, at the same wall time, on the last day where the month is too short.
pub fn add_calendar_months(at: Instant, months: u32, zone: Zone) -> Result<Instant> {
    Anchor::at(at, zone).boundary(Interval { unit: Unit::Month, count: 1 }, i64::from(months))
}

/// How many midnights of the zone lie between two instants; the day an instant falls on counts to what follows it.
pub fn days_between(from: Instant, to: Instant, zone: Zone) -> i64 {
    local_date(to, zone).signed_duration_since(local_date(from, zone)).num_days()
}

/// The calendar date of an instant in a zone.
pub fn local_date(at: Instant, zone: Zone) -> NaiveDate {
    wall_time(at, zone).date()
}

/// 00:00 of a date in a zone; where the clocks jump over it, the first instant after.
pub fn midnight(date: NaiveDate, zone: Zone) -> Result<Instant> {
    resolve(date.and_time(NaiveTime::MIN), zone)
}

/// A full hour (0–23) of a date in a zone; where the clocks jump over it, the first instant after.
pub fn at_hour(date: NaiveDate, hour: u32, zone: Zone) -> Result<Instant> {
    resolve(date.and_time(NaiveTime::from_hms_opt(hour, 0, 0).ok_or(CalendarError::OutOfRange)?), zone)
}

/// The vendor's choice of how shares of a period are measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    Second,
    /// Calendar days of the billing zone; the day of a change belongs to the new terms.
    Day,
    /// No credit, no charge; new terms from the next period.
    None,
}

impl By {
    /// How shares of a period are measured in fact. A zone that skipped a day of its calendar may leave a period no day to count; then
    /// its seconds are.
    pub fn of(self, whole: Period, zone: Zone) -> Self {
        if self == Self::Day && days_between(whole.start, whole.end, zone) == 0 { Self::Second } else { self }
    }
}

/// A share of a period as it was measured: `n` of `d` seconds or days. Kept unreduced, because people read it.
///
/// Invariant: `0 ≤ n ≤ d`, `d > 0`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    pub n: i64,
    pub d: i64,
    pub by: By,
}

impl Share {
    /// All of a period. Not measured, so it names no unit of its own.
    pub const WHOLE: Self = Self { n: 1, d: 1, by: By::None };

    pub fn exact(self) -> std::result::Result<Ratio, MoneyError> {
        Ratio::new(i128::from(self.n), i128::from(self.d))
    }

    pub fn is_whole(self) -> bool {
        self.n == self.d
    }

    pub fn is_nothing(self) -> bool {
        self.n == 0
    }

    /// What `part` is of `whole`. By `none` nothing is ever measured and every part counts as all of it. Where a whole has no day to
    /// count, seconds are: the share says so.
    pub fn of(part: Period, whole: Period, by: By, zone: Zone) -> Result<Self> {
        let by = by.of(whole, zone);
        let length = |period: Period| match by {
            By::Second => period.end.signed_duration_since(period.start).num_seconds(),
            By::Day => days_between(period.start, period.end, zone),
            By::None => 1,
        };
        let (n, d) = (length(part), length(whole));
        if d <= 0 || n < 0 || n > d {
            return Err(CalendarError::EmptyPeriod);
        }
        Ok(Self { n, d, by })
    }
}

/// What a clock on the wall shows. At the very ends of the calendar, where no zone's time can be told, it shows UTC.
fn wall_time(at: Instant, zone: Zone) -> NaiveDateTime {
    let utc = at.naive_utc();
    utc.checked_add_offset(zone.offset_from_utc_datetime(&utc).fix()).unwrap_or(utc)
}

/// Wall time to instant: the earlier of two, or the first instant after a gap.
fn resolve(local: NaiveDateTime, zone: Zone) -> Result<Instant> {
    match zone.from_local_datetime(&local) {
        LocalResult::Single(only) => Ok(only.with_timezone(&Utc)),
        LocalResult::Ambiguous(earlier, _) => Ok(earlier.with_timezone(&Utc)),
        LocalResult::None => chrono_tz::GapInfo::new(&local, &zone).and_then(|gap| gap.end).map(|end| end.with_timezone(&Utc)).ok_or(CalendarError::OutOfRange),
    }
}

/// Months since year 0, so that months can be added without thinking of years.
fn month_index(date: NaiveDate) -> i64 {
    i64::from(date.year()) * 12 + i64::from(date.month0())
}

/// The wished day in the month with this index, or the month's last.
fn in_month(index: i64, day: u32) -> Result<NaiveDate> {
    let year = i32::try_from(index.div_euclid(12)).map_err(|_| CalendarError::OutOfRange)?;
    let month = u32::try_from(index.rem_euclid(12) + 1).map_err(|_| CalendarError::OutOfRange)?;
    (1..=day).rev().take(4).find_map(|day| NaiveDate::from_ymd_opt(year, month, day)).ok_or(CalendarError::OutOfRange)
}

fn add_days(date: NaiveDate, days: i64) -> Result<NaiveDate> {
    let size = Days::new(days.unsigned_abs());
    if days < 0 { date.checked_sub_days(size) } else { date.checked_add_days(size) }.ok_or(CalendarError::OutOfRange)
}

/// Zones travel by name.
pub mod zone_name {
    use serde::{Deserialize, Deserializer, Serializer, de};

    use super::Zone;

    pub fn serialize<S: Serializer>(zone: &Zone, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(zone.name())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Zone, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

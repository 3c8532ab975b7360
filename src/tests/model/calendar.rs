//! Periods and shares of them.

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone};
use chrono_tz::Tz;

use crate::fraction::{Fraction, ONE, ratio};
use crate::story::{By, Unit};

/// Seconds since 1970, UTC.
pub type Instant = i64;

/// From, and to without it: “Periods are half open”.
pub type Span = (Instant, Instant);

/// The wall clock of a zone.
pub fn wall(zone: Tz, at: Instant) -> NaiveDateTime {
    DateTime::from_timestamp(at, 0).expect("an instant of a story").with_timezone(&zone).naive_local()
}

pub fn day(zone: Tz, at: Instant) -> NaiveDate {
    wall(zone, at).date()
}

/// “(in a gap the first later instant, in an overlap the earlier)”
pub fn instant(zone: Tz, wall: NaiveDateTime) -> Instant {
    let mut later = wall;
    loop {
        if let Some(found) = zone.from_local_datetime(&later).earliest() {
            return found.timestamp();
        }
        later += TimeDelta::seconds(1);
    }
}

/// So many calendar days later by the wall clock.
pub fn days_later(zone: Tz, at: Instant, days: i64) -> Instant {
    // No day later is now, also the second time that a wall shows it.
    if days == 0 { at } else { instant(zone, wall(zone, at) + TimeDelta::days(days)) }
}

/// So many months later by the wall clock.
pub fn months_later(zone: Tz, at: Instant, months: i64) -> Instant {
    Anchor::at(zone, at).boundary(zone, Interval { unit: Unit::Month, count: 1 }, months)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interval {
    pub unit: Unit,
    pub count: i64,
}

/// The wall time that periods repeat. The day is the one wished for: the 31st, though the month may be shorter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Anchor {
    year: i64,
    month: i64,
    day: u32,
    time: NaiveTime,
    /// The instant it was taken from, if from one.
    origin: Option<Instant>,
}

impl Anchor {
    pub fn at(zone: Tz, at: Instant) -> Anchor {
        let wall = wall(zone, at);
        Anchor { year: i64::from(wall.year()), month: i64::from(wall.month0()), day: wall.day(), time: wall.time(), origin: Some(at) }
    }

    /// “`anchor_day` (1–31, month- and year-based intervals) anchors at 00:00 of that day”: the first at or after a start.
    pub fn day(zone: Tz, start: Instant, day: u32) -> Anchor {
        let mut anchor = Anchor { day, time: NaiveTime::MIN, origin: None, ..Anchor::at(zone, start) };
        let monthly = Interval { unit: Unit::Month, count: 1 };
        if anchor.boundary(zone, monthly, 0) < start {
            anchor.month += 1;
        }
        anchor
    }

    /// “Periods … repeat the local wall time of the anchor …; an anchor day a month lacks falls on that month's last day and returns the
    /// month after. Every month-based period is computed from the anchor, not from the period before.”
    pub fn boundary(&self, zone: Tz, interval: Interval, nth: i64) -> Instant {
        // Its own first period begins at the very instant, be that the later of two with its wall time.
        if let Some(origin) = self.origin.filter(|_| nth == 0) {
            return origin;
        }
        let steps = interval.count * nth;
        let months = match interval.unit {
            Unit::Day | Unit::Week => 0,
            Unit::Month => steps,
            Unit::Year => 12 * steps,
        };
        let days = match interval.unit {
            Unit::Day => steps,
            Unit::Week => 7 * steps,
            Unit::Month | Unit::Year => 0,
        };
        let month = self.year * 12 + self.month + months;
        let (year, month) = (i32::try_from(month.div_euclid(12)).expect("a year"), u32::try_from(month.rem_euclid(12)).expect("a month") + 1);
        let last = (28..=31).rev().find_map(|day| NaiveDate::from_ymd_opt(year, month, day)).expect("a month’s last day");
        let date = NaiveDate::from_ymd_opt(year, month, self.day).unwrap_or(last);
        instant(zone, (date + TimeDelta::days(days)).and_time(self.time))
    }

    /// The period an instant lies in.
    pub fn period(&self, zone: Tz, interval: Interval, at: Instant) -> Span {
        let length = match interval.unit {
            Unit::Day => 86_400,
            Unit::Week => 604_800,
            Unit::Month => 2_629_746,
            Unit::Year => 31_556_952,
        };
        let mut nth = (at - self.boundary(zone, interval, 0)).div_euclid(length * interval.count);
        while self.boundary(zone, interval, nth) > at {
            nth -= 1;
        }
        while self.boundary(zone, interval, nth + 1) <= at {
            nth += 1;
        }
        (self.boundary(zone, interval, nth), self.boundary(zone, interval, nth + 1))
    }
}

/// “Share of a period = (end − change) ÷ (end − start), in seconds, or in days of the billing zone (the day of the change belongs to the
/// new terms), exact, as a fraction.” Of what part of a whole, whichever end it lies at.
pub fn share(by: By, zone: Tz, part: Span, whole: Span) -> Fraction {
    let seconds = |span: Span| i128::from(span.1 - span.0);
    let days = |span: Span| i128::from(day(zone, span.1).signed_duration_since(day(zone, span.0)).num_days());
    match by {
        By::Second => ratio(seconds(part), seconds(whole)),
        By::Day => ratio(days(part), days(whole)),
        // `none` (no credit, no charge; new terms from the next period): no bound is scaled.
        By::None => ONE,
    }
}

/// The first of a day.
pub fn midnight(zone: Tz, date: NaiveDate) -> Instant {
    instant(zone, date.and_time(NaiveTime::MIN))
}

/// A day so many days on.
pub fn on(date: NaiveDate, days: u64) -> NaiveDate {
    date + Days::new(days)
}

pub fn rfc3339(at: Instant) -> String {
    DateTime::from_timestamp(at, 0).expect("an instant of a story").format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

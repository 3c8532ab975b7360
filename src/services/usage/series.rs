//! Usage over time: hours, days and months of a zone, each with what it used and what had been used by its end.

use std::ops::Range;

use billing::calendar::{Period, Zone, local_date, midnight};
use chrono::{Datelike, Days, Months, TimeDelta};
use rust_decimal::Decimal;

use super::meter::Meter;
use super::read::tallies;
use super::tally::Tally;
use crate::platform::clock::{Instant, from_ms};
use crate::sentence;
use crate::services::{Desk, Refusal};

/// How finely time is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    Hour,
    Day,
    Month,
}

/// One hour, day or month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Point {
    pub start: Instant,
    pub end: Instant,
    /// What the meter reads over this stretch alone; `None` where nothing was sent.
    pub used: Option<Decimal>,
    /// What it reads from the range's start to this stretch's end; never below 0.
    pub total: Decimal,
}

/// The range cut up. The first and last stretch are cut off where the range begins and ends.
pub async fn series(desk: &mut Desk, customer_id: &str, meter: &Meter, range: Period, by: By, zone: Zone) -> Result<Vec<Point>, Refusal> {
    let edges = steps(range.start, range.end, by, zone)?;
    let tallies = tallies(desk, customer_id, meter, &edges).await?;
    let mut sofar = Tally::default();
    let mut points = Vec::with_capacity(tallies.len());
    for (stretch, edge) in tallies.iter().zip(edges.windows(2)) {
        sofar.merge(stretch)?;
        points.push(Point {
            start: edge[0],
            end: edge[1],
            used: Some(stretch.quantity(meter.aggregate)).filter(|_| !stretch.is_empty()),
            total: sofar.quantity(meter.aggregate).max(Decimal::ZERO),
        });
    }
    Ok(points)
}

/// Where the stretches of a range begin, and where the last ends. Hours are counted from midnight, so a day of 23, 25 or 24½ hours has
/// as many as it has.
pub fn steps(start: Instant, end: Instant, by: By, zone: Zone) -> Result<Vec<Instant>, Refusal> {
    let mut edges = vec![start];
    if end <= start {
        return Ok(edges);
    }
    let mut date = local_date(start, zone);
    if by == By::Month {
        date = date.with_day(1).unwrap_or(date);
    }
    let mut here = midnight(date, zone).map_err(Refusal::damaged)?;
    while here < end {
        date = match by {
            By::Hour | By::Day => date.checked_add_days(Days::new(1)),
            By::Month => date.checked_add_months(Months::new(1)),
        }
        .ok_or_else(|| Refusal::Rule(sentence!("refusal-outside-calendar")))?;
        let next = midnight(date, zone).map_err(Refusal::damaged)?;
        if by == By::Hour {
            while here + TimeDelta::hours(1) < next {
                here += TimeDelta::hours(1);
                if here > start && here < end {
                    edges.push(here);
                }
            }
        }
        // Two midnights fall together where a zone left out a whole day.
        if next > start && next < end && edges.last() != Some(&next) {
            edges.push(next);
        }
        here = next;
    }
    edges.push(end);
    Ok(edges)
}

/// The day an instant (unix ms) falls on, from its beginning to that of the next.
pub(crate) fn day_at(at: i64, zone: Zone) -> Result<Range<i64>, Refusal> {
    let start = start_of_day(from_ms(at), zone)?;
    // No day has more than 25 hours and a half; from its start, 30 hours later is within the next.
    Ok(start.timestamp_millis()..start_of_day(start + TimeDelta::hours(30), zone)?.timestamp_millis())
}

/// The month an instant (unix ms) falls in, from its beginning to that of the next.
pub(crate) fn month_at(at: i64, zone: Zone) -> Result<Range<i64>, Refusal> {
    let start_of = |at: Instant| {
        let date = local_date(at, zone);
        midnight(date.with_day(1).unwrap_or(date), zone).map_err(Refusal::damaged)
    };
    let start = start_of(from_ms(at))?;
    // From a month's start, 32 days later is within the next.
    Ok(start.timestamp_millis()..start_of(start + TimeDelta::days(32))?.timestamp_millis())
}

/// [`day_at`] or [`month_at`], remembering what was asked for last: events come in runs.
pub(super) fn remembering(unit_at: fn(i64, Zone) -> Result<Range<i64>, Refusal>, zone: Zone) -> impl FnMut(i64) -> Result<Range<i64>, Refusal> {
    let mut known = 0..0;
    move |at| {
        if !known.contains(&at) {
            known = unit_at(at, zone)?;
        }
        Ok(known.clone())
    }
}

/// 00:00 of the day an instant falls on; where clocks jump over it, the first instant after.
pub fn start_of_day(at: Instant, zone: Zone) -> Result<Instant, Refusal> {
    midnight(local_date(at, zone), zone).map_err(Refusal::damaged)
}

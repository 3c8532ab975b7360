//! What a period is expected to come to: the weekdays of the last eight weeks, carried on to its end.
//!
//! Deterministic and explainable: an expected day is the mean of the same weekdays before; what is left of today is the mean of what the
//! same hours of those days held. A level is expected to stay. Where there is no whole day of history, nothing is expected.

use std::collections::BTreeMap;

use billing::calendar::{Period, Zone, local_date};
use chrono::{Datelike, NaiveDate, TimeDelta};
use rust_decimal::{Decimal, RoundingStrategy};

use super::meter::{Aggregate, Meter};
use super::read::{Account, Kept, first_use, kept_within, tallies_by};
use super::series::{By, day_at, start_of_day, steps};
use super::tally::{SLOT_MS, Tally, add, slot_of};
use crate::platform::clock::{Instant, from_ms};
use crate::services::{Desk, Refusal};

const WEEKS: i64 = 8;

/// How it was reached: pages say it in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// From the weekdays of so many weeks.
    Weekdays { weeks: i64 },
    /// From the mean of so many days, less than a week.
    Days { days: i64 },
    /// A level stays as it is.
    Level,
}

/// What is expected of a stretch that has not been.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    pub start: Instant,
    pub end: Instant,
    pub used: Decimal,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forecast {
    pub method: Method,
    /// From now to the period's end; empty for a level.
    pub rest: Vec<Expected>,
    /// What the meter will read at the period's end.
    pub total: Decimal,
}

/// What has been: whole days, and of each of them the stretches that today still has before it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Past {
    /// Oldest first.
    pub days: Vec<(NaiveDate, Decimal)>,
    /// The same clock times on earlier days of today's weekday (or on any, in the first week): one list a day.
    pub rest_of_days: Vec<Vec<Decimal>>,
}

/// Expects the rest of `period` from `past`. `today` are the edges from now to midnight (or the period's end), `days` the edges of the
/// days after.
pub fn expect(past: &Past, sofar: Decimal, today: &[Instant], days: &[Instant], zone: Zone) -> Result<Option<Forecast>, Refusal> {
    let count = i64::try_from(past.days.len()).map_err(Refusal::damaged)?;
    if count == 0 {
        return Ok(None);
    }
    let method = if count < 7 { Method::Days { days: count } } else { Method::Weekdays { weeks: (count / 7).min(WEEKS) } };
    // Whole minutes stay whole: nobody expects half a build.
    let places = past.days.iter().map(|(_, used)| used.normalize().scale()).max().unwrap_or_default().min(2);
    let rounded = |value: Decimal| value.round_dp_with_strategy(places, RoundingStrategy::MidpointAwayFromZero).max(Decimal::ZERO);
    let overall = mean(past.days.iter().map(|(_, used)| *used))?.unwrap_or_default();
    let mut rest = Vec::new();

    // Rounded together, so that hours and the day agree.
    let (mut exact, mut given) = (Decimal::ZERO, Decimal::ZERO);
    for (n, pair) in today.windows(2).enumerate() {
        exact = exact.saturating_add(mean(past.rest_of_days.iter().filter_map(|day| day.get(n).copied()))?.unwrap_or_default().max(Decimal::ZERO));
        let used = rounded(exact) - given;
        given += used;
        rest.push(Expected { start: pair[0], end: pair[1], used });
    }
    for pair in days.windows(2) {
        let weekday = local_date(pair[0], zone).weekday();
        let same = past.days.iter().filter(|(date, _)| date.weekday() == weekday).map(|(_, used)| *used);
        let day = if count < 7 { None } else { mean(same)? };
        // The last day may be cut off by the period's end.
        let whole = start_of_day(pair[0] + TimeDelta::hours(30), zone)? - start_of_day(pair[0], zone)?;
        let share = Decimal::from((pair[1] - pair[0]).num_seconds()) / Decimal::from(whole.num_seconds().max(1));
        rest.push(Expected { start: pair[0], end: pair[1], used: rounded(day.unwrap_or(overall) * share.min(Decimal::ONE)) });
    }
    let total = rest.iter().try_fold(sofar, |sum, part| add(sum, part.used))?;
    Ok(Some(Forecast { method, rest, total }))
}

fn mean(values: impl Iterator<Item = Decimal>) -> Result<Option<Decimal>, Refusal> {
    let (mut sum, mut count) = (Decimal::ZERO, 0_i64);
    for value in values {
        sum = add(sum, value)?;
        count += 1;
    }
    Ok((count > 0).then(|| sum / Decimal::from(count)))
}

/// Expects the rest of a period under way. `today_by` the hour gives today's rest hour by hour instead of as one stretch.
#[expect(clippy::too_many_arguments, reason = "each is part of the question")]
pub(super) async fn forecast(
    desk: &mut Desk,
    customer_id: &str,
    meter: &Meter,
    account: Option<&Account>,
    period: Period,
    sofar: Decimal,
    today_by: By,
    zone: Zone,
) -> Result<Option<Forecast>, Refusal> {
    let now = desk.now.billing;
    if !period.contains(now) {
        return Ok(None);
    }
    match meter.aggregate {
        Aggregate::Max | Aggregate::Last => return Ok(Some(Forecast { method: Method::Level, rest: Vec::new(), total: sofar })),
        // The same ones may come again: days do not add up.
        Aggregate::Unique => return Ok(None),
        Aggregate::Sum | Aggregate::Count => {}
    }
    let tomorrow = day_at(now.timestamp_millis(), zone)?.end;
    let tomorrow = from_ms(tomorrow).min(period.end);
    let today = match today_by {
        By::Hour => steps(now, tomorrow, By::Hour, zone)?,
        By::Day | By::Month => vec![now, tomorrow],
    };
    let Some(past) = past(desk, customer_id, meter, account, &today, zone).await? else { return Ok(None) };
    let days = if tomorrow < period.end { steps(tomorrow, period.end, By::Day, zone)? } else { Vec::new() };
    expect(&past, sofar, &today, &days, zone)
}

/// What has been, in three statements; `None` where nothing was ever used. `today` are the edges from now on.
async fn past(desk: &mut Desk, customer_id: &str, meter: &Meter, account: Option<&Account>, today: &[Instant], zone: Zone) -> Result<Option<Past>, Refusal> {
    let Some(first) = first_use(desk, customer_id, &meter.id).await? else { return Ok(None) };
    let now = desk.now.billing;
    let midnight = start_of_day(now, zone)?;
    let from = start_of_day(midnight - TimeDelta::days(7 * WEEKS) + TimeDelta::hours(12), zone)?;
    // The day of the first use is not a whole one.
    let from = from.max(from_ms(day_at(first.timestamp_millis(), zone)?.end));
    let mut past = Past::default();
    if from >= midnight {
        return Ok(Some(past));
    }
    let edges = steps(from, midnight, By::Day, zone)?;
    let used = tallies_by(desk, customer_id, meter, &edges, account).await?;
    past.days = edges.iter().zip(&used).map(|(at, tally)| (local_date(*at, zone), tally.quantity(meter.aggregate))).collect();

    let weekday = local_date(now, zone).weekday();
    let has_weeks = past.days.len() >= 7;
    let alike = past.days.iter().filter(|(date, _)| !has_weeks || date.weekday() == weekday);
    let rests: Vec<Vec<i64>> = alike
        .map(|(date, _)| {
            let start = billing::calendar::midnight(*date, zone).map_err(Refusal::damaged)?;
            // The same time after midnight; whole slots, so that no event need be read.
            Ok(today.iter().map(|at| slot_of((start + (*at - midnight)).timestamp_millis() + SLOT_MS / 2)).collect())
        })
        .collect::<Result<_, Refusal>>()?;
    let ranges = rests.iter().filter_map(|edges| Some(*edges.first()?..*edges.last()?)).collect();
    let mut slots = BTreeMap::new();
    for row in kept_within(desk, customer_id, &meter.id, Kept::Slots, ranges).await? {
        slots.insert(row.slot_at, row.tally()?);
    }
    for edges in rests {
        let mut rest = Vec::with_capacity(edges.len());
        for edge in edges.windows(2) {
            let mut tally = Tally::default();
            for (_, slot) in slots.range(edge[0]..edge[1]) {
                tally.merge(slot)?;
            }
            rest.push(tally.quantity(meter.aggregate));
        }
        past.rest_of_days.push(rest);
    }
    Ok(Some(past))
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono_tz::Europe::Vienna;

    fn at(text: &str) -> Instant {
        text.parse().unwrap()
    }

    fn d(value: i64) -> Decimal {
        Decimal::from(value)
    }

    /// Two weeks before Saturday 21 November 2026: Mondays used 100 and 110, other days 10.
    fn past() -> Past {
        let days = (7..21).map(|day| NaiveDate::from_ymd_opt(2026, 11, day).unwrap());
        Past {
            days: days
                .map(|date| {
                    (
                        date,
                        if date.day() == 9 {
                            d(100)
                        } else if date.day() == 16 {
                            d(111)
                        } else {
                            d(10)
                        },
                    )
                })
                .collect(),
            rest_of_days: vec![vec![d(3), d(4)], vec![d(4), d(4)]],
        }
    }

    #[test]
    fn a_day_is_expected_to_be_like_its_weekday_and_halves_go_up() {
        let today = [at("2026-11-21T09:00:00Z"), at("2026-11-21T10:00:00Z"), at("2026-11-21T23:00:00Z")];
        let days = steps(at("2026-11-21T23:00:00Z"), at("2026-11-24T23:00:00Z"), By::Day, Vienna).unwrap();
        let forecast = expect(&past(), d(50), &today, &days, Vienna).unwrap().unwrap();
        // 3.5 and 4 to come today are 4 and 7.5 → 8 so far; Sunday 10; Monday 105.5 → 106; Tuesday 10.
        assert_eq!(forecast.rest.iter().map(|part| part.used).collect::<Vec<_>>(), [d(4), d(4), d(10), d(106), d(10)]);
        assert_eq!(forecast.total, d(50 + 4 + 4 + 10 + 106 + 10));
        assert_eq!(forecast.method, Method::Weekdays { weeks: 2 });
    }

    #[test]
    fn in_the_first_week_every_day_is_like_the_mean_of_those_before() {
        let past = Past { days: past().days.into_iter().skip(10).collect(), rest_of_days: vec![] };
        let days = steps(at("2026-11-21T23:00:00Z"), at("2026-11-22T23:00:00Z"), By::Day, Vienna).unwrap();
        let forecast = expect(&past, d(0), &[], &days, Vienna).unwrap().unwrap();
        assert_eq!((forecast.method, forecast.total), (Method::Days { days: 4 }, d(10)));
    }

    #[test]
    fn without_a_whole_day_of_history_nothing_is_expected() {
        assert_eq!(expect(&Past::default(), d(5), &[], &[], Vienna).unwrap(), None);
    }

    #[test]
    fn the_last_day_is_cut_where_the_period_ends() {
        let days = steps(at("2026-11-22T23:00:00Z"), at("2026-11-23T11:00:00Z"), By::Day, Vienna).unwrap();
        let forecast = expect(&past(), d(0), &[], &days, Vienna).unwrap().unwrap();
        // Half of a Monday of 105.5.
        assert_eq!(forecast.total, d(53));
    }
}

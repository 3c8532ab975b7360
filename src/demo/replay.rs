//! Real usage to replay: commits an hour on one account over five months of 2015, moved by whole weeks so that weekdays and nights stay
//! where they were. Where the data comes from stands beside it.

use billing::calendar::Instant;
use chrono::{Datelike, NaiveDateTime, TimeDelta};
use rust_decimal::Decimal;

use crate::services::Refusal;
use crate::services::usage::NewEvent;

const DATA: &str = include_str!("github_commits_hourly_2015.csv");
/// The series again before itself, so many weeks earlier: its length in whole weeks.
const LAP: TimeDelta = TimeDelta::weeks(21);

/// The commits of every hour that had any, oldest first, ending this week.
pub struct Replay {
    hours: Vec<(Instant, i64)>,
}

impl Replay {
    /// Moved so that the last hour lies in the week (Monday to Sunday) of `now`: some of the last days may lie ahead.
    pub fn ending_in_week_of(now: Instant) -> Result<Replay, Refusal> {
        let mut hours = Vec::new();
        for row in csv::Reader::from_reader(DATA.as_bytes()).into_deserialize::<(String, i64)>() {
            let (time, count) = row.map_err(Refusal::damaged)?;
            hours.push((NaiveDateTime::parse_from_str(&time, "%Y/%m/%d %H:%M:%S").map_err(Refusal::damaged)?.and_utc(), count));
        }
        let (last, _) = *hours.last().ok_or_else(|| Refusal::damaged("the demo's data is empty"))?;
        let monday = |at: Instant| at.date_naive() - TimeDelta::days(i64::from(at.weekday().num_days_from_monday()));
        let ahead = monday(now) - monday(last);
        Ok(Replay { hours: hours.into_iter().map(|(at, count)| (at + ahead, count)).collect() })
    }

    pub fn first(&self) -> Option<Instant> {
        self.hours.first().map(|(at, _)| *at)
    }

    /// Builds of one customer in a stretch of time, its end exclusive: every commit makes one of `minutes`. `weeks` moves the series, so
    /// that not all customers have the same week; before it begins, it is heard again.
    pub fn builds(&self, of: &str, minutes: Decimal, weeks: i64, from: Instant, to: Instant) -> Vec<NewEvent> {
        let mut events = Vec::new();
        for lap in 0..=3_i32 {
            let shift = TimeDelta::weeks(weeks) - LAP * lap;
            for (at, count) in &self.hours {
                let time = *at + shift;
                if from <= time && time < to {
                    let quantity = minutes * Decimal::from(*count);
                    events.push(NewEvent {
                        id: format!("{of}-builds-{}-{lap}", time.format("%Y%m%dT%H")),
                        meter: super::catalogue::BUILD_MINUTES.to_owned(),
                        quantity: Some(quantity),
                        value: None,
                        time: Some(time),
                    });
                }
            }
        }
        events
    }
}

/// A reading of the storage in use at two o'clock every night: it grows by `tenths_a_day` from `tenths` (of a GB) on `since`, and shrinks a little when old
/// builds are cleared away on Sundays.
pub fn storage(of: &str, tenths: i64, tenths_a_day: i64, since: Instant, from: Instant, to: Instant) -> Vec<NewEvent> {
    let first = since.date_naive();
    let mut events = Vec::new();
    for day in from.date_naive().iter_days() {
        let time = day.and_hms_opt(2, 0, 0).unwrap_or_default().and_utc();
        if time >= to {
            break;
        }
        if time < from {
            continue;
        }
        let age = (day - first).num_days();
        let in_week = i64::from(day.weekday().num_days_from_sunday());
        let quantity = Decimal::new(tenths + age * tenths_a_day + in_week * 3, 1);
        events.push(NewEvent {
            id: format!("{of}-storage-{day}"),
            meter: super::catalogue::STORAGE.to_owned(),
            quantity: Some(quantity),
            value: None,
            time: Some(time),
        });
    }
    events
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_data_ends_in_the_present_week_on_the_weekday_it_ended_on() {
        for now in ["2026-11-16T00:00:00Z", "2026-11-21T12:00:00Z", "2026-11-22T23:59:59Z", "2028-02-29T07:00:00Z"] {
            let now: Instant = now.parse().unwrap();
            let replay = Replay::ending_in_week_of(now).unwrap();
            let (last, _) = replay.hours.last().unwrap();
            assert_eq!(last.iso_week(), now.iso_week());
            assert_eq!(last.weekday(), chrono::Weekday::Sat);
        }
    }

    #[test]
    fn every_commit_is_replayed_once_however_the_time_is_cut() {
        let now: Instant = "2026-11-22T23:00:00Z".parse().unwrap();
        let replay = Replay::ending_in_week_of(now).unwrap();
        let sum = |events: &[NewEvent]| events.iter().filter_map(|event| event.quantity).sum::<Decimal>();
        let (first, cut) = (replay.first().unwrap(), now - TimeDelta::weeks(10));
        let builds = |weeks, from, to| replay.builds("x", Decimal::ONE, weeks, from, to);
        // 2,479 commits, and those of the lap before that reach into the first two days.
        let lap_before: i64 = replay.hours.iter().filter(|(at, _)| *at - LAP >= first).map(|(_, count)| count).sum();
        assert_eq!(sum(&builds(0, first, now)), Decimal::from(2_479 + lap_before));
        let long_ago = now - TimeDelta::weeks(30);
        assert_eq!(sum(&builds(4, long_ago, cut)) + sum(&builds(4, cut, now)), sum(&builds(4, long_ago, now)));
        let ids: std::collections::BTreeSet<_> = builds(4, long_ago, now).into_iter().map(|event| event.id).collect();
        assert_eq!(ids.len(), builds(4, long_ago, now).len());
    }
}

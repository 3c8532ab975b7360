//! What periods, days and rows are called.

use chrono::{Datelike, Timelike};

use super::Teller;
use crate::platform::clock::Instant;
use crate::services::usage::{By, Row};
use crate::t;

impl Teller<'_> {
    /// `November`, `October 2025`, `12 November to 11 December`: a stretch by name.
    pub fn named(&self, start: Instant, end: Instant) -> String {
        let w = self.words;
        let (first, next) = (self.dates.date(start), self.dates.date(end));
        let is_month = first.day() == 1
            && next.day() == 1
            && first.checked_add_months(chrono::Months::new(1)) == Some(next)
            && self.is_midnight(start)
            && self.is_midnight(end);
        if is_month && first.year() == self.dates.date(self.report.now).year() {
            return self.dates.month(first);
        }
        if is_month {
            return t!(w, "usage-month-year", month = self.dates.month(first), year = first.year().to_string());
        }
        let last = self.dates.date(end - chrono::TimeDelta::milliseconds(1));
        if last == first {
            return self.dates.day_of(first);
        }
        let from = if first.year() == last.year() { self.dates.day_of(first) } else { self.dates.day_year_of(first) };
        let to = if last.year() == self.dates.date(self.report.now).year() { self.dates.day_of(last) } else { self.dates.day_year_of(last) };
        t!(w, "usage-span", from = from, to = to)
    }

    /// The same with its preposition: `in November`, `from 12 November to 11 December`, `on 3 November`.
    pub fn when(&self, start: Instant, end: Instant) -> String {
        let (w, name) = (self.words, self.named(start, end));
        let (first, last) = (self.dates.date(start), self.dates.date(end - chrono::TimeDelta::milliseconds(1)));
        let next = self.dates.date(end);
        if first == last {
            t!(w, "usage-when-day", name = name)
        } else if first.day() == 1 && first.checked_add_months(chrono::Months::new(1)) == Some(next) && self.is_midnight(start) && self.is_midnight(end) {
            t!(w, "usage-when-in", name = name)
        } else {
            t!(w, "usage-when-from", name = name)
        }
    }

    pub(super) fn is_midnight(&self, at: Instant) -> bool {
        self.dates.local(at).time() == chrono::NaiveTime::MIN
    }

    pub(super) fn weekday(&self, at: Instant) -> String {
        t!(self.words, "weekday-short", n = i64::from(self.dates.date(at).weekday().number_from_monday()))
    }

    pub(super) fn month_short(&self, at: Instant) -> String {
        t!(self.words, "month-short", n = i64::from(self.dates.date(at).month()))
    }

    /// `3 Nov`
    pub(super) fn day_short(&self, at: Instant) -> String {
        t!(self.words, "date-day-month", day = self.dates.date(at).day().to_string(), month = self.month_short(at))
    }

    /// `Tue 3 Nov`
    pub(super) fn weekday_day(&self, at: Instant) -> String {
        t!(self.words, "usage-row-day", weekday = self.weekday(at), day = self.day_short(at))
    }

    /// The head of a row: `Sun 1`, `Sun 1 Nov`, `Sat 21, 10:00`, `November 2026`.
    pub fn row_name(&self, row: &Row) -> String {
        let w = self.words;
        let date = self.dates.date(row.start);
        let spans_months =
            self.dates.date(self.report.range.start).month() != self.dates.date(self.report.range.end - chrono::TimeDelta::milliseconds(1)).month();
        let day = if spans_months { self.day_short(row.start) } else { date.day().to_string() };
        match self.report.by {
            By::Hour => t!(w, "usage-row-hour", weekday = self.weekday(row.start), day = day, time = self.dates.time(self.hour_of(row))),
            By::Day => t!(w, "usage-row-day", weekday = self.weekday(row.start), day = day),
            By::Month => t!(w, "usage-month-year", month = self.dates.month(date), year = date.year().to_string()),
        }
    }

    /// The hour a row belongs to begins earlier where now cuts it.
    pub(super) fn hour_of(&self, row: &Row) -> Instant {
        let cut = self.dates.local(row.start);
        row.start - chrono::TimeDelta::seconds(i64::from(cut.minute() * 60 + cut.second())) - chrono::TimeDelta::nanoseconds(i64::from(cut.nanosecond()))
    }

    /// "until 10:30", "from 10:30", where now cuts a row.
    pub fn row_remark(&self, row: &Row) -> Option<String> {
        let (w, now) = (self.words, self.report.now);
        let time = || if self.report.by == By::Month { self.day_short(now) } else { self.dates.time(now) };
        match row.is_expected {
            false if row.end == now && now < self.report.range.end => Some(t!(w, "usage-until", time = time())),
            true if row.start == now => Some(t!(w, "usage-from", time = time())),
            _ => None,
        }
    }

    pub(super) fn long_day(&self, at: Instant) -> String {
        t!(self.words, "usage-long-day", weekday = self.dates.weekday(self.dates.date(at)), day = self.dates.day(at))
    }

    pub(super) fn long_name(&self, row: &Row) -> String {
        match self.report.by {
            By::Hour => t!(self.words, "usage-long-hour", day = self.long_day(row.start), time = self.dates.time(self.hour_of(row))),
            By::Day => self.long_day(row.start),
            By::Month => self.row_name(row),
        }
    }
}

//! The period of a statement: a calendar year or month where the reader is.

use billing::calendar::{CalendarError, Instant, midnight};
use chrono::{Datelike, Months, NaiveDate};

use crate::services::Refusal;
use crate::t;
use crate::words::format::Dates;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    Year(i32),
    /// By its first day.
    Month(NaiveDate),
}

impl Span {
    /// `2026`, `2026-11`; none for anything else.
    pub fn read(text: &str) -> Option<Span> {
        let (year, month) = text.split_once('-').map_or((text, None), |(year, month)| (year, Some(month)));
        let number = |digits: &str, length: usize| {
            (digits.len() == length && digits.bytes().all(|byte| byte.is_ascii_digit())).then(|| digits.parse::<u32>().ok()).flatten()
        };
        let year = i32::try_from(number(year, 4)?).ok().filter(|year| (1970..=9998).contains(year))?;
        match month {
            None => Some(Span::Year(year)),
            Some(month) => NaiveDate::from_ymd_opt(year, number(month, 2)?, 1).map(Span::Month),
        }
    }

    pub fn year_of(date: NaiveDate) -> Span {
        Span::Year(date.year())
    }

    /// As addresses and file names have it; [`Span::read`] reads it.
    pub fn name(self) -> String {
        match self {
            Span::Year(year) => format!("{year:04}"),
            Span::Month(first) => first.format("%Y-%m").to_string(),
        }
    }

    /// `2026`, `November 2026`
    pub fn told(self, dates: &Dates) -> String {
        match self {
            Span::Year(year) => year.to_string(),
            Span::Month(first) => t!(dates.words, "statement-month", month = dates.month(first), year = first.year().to_string()),
        }
    }

    /// From its first moment to before the next one's.
    pub fn bounds(self, dates: &Dates) -> Result<(Instant, Instant), Refusal> {
        let (first, next) = match self {
            Span::Year(year) => (NaiveDate::from_ymd_opt(year, 1, 1), NaiveDate::from_ymd_opt(year.saturating_add(1), 1, 1)),
            Span::Month(first) => (Some(first), first.checked_add_months(Months::new(1))),
        };
        let begins = |day: Option<NaiveDate>| day.ok_or(CalendarError::OutOfRange).and_then(|day| midnight(day, dates.zone)).map_err(billing::Error::from);
        Ok((begins(first)?, begins(next)?))
    }

    /// The years and months from one day to another, the latest first: each year before its months.
    pub fn between(from: NaiveDate, to: NaiveDate) -> Vec<Span> {
        let mut spans = Vec::new();
        let mut month = to.with_day(1).unwrap_or(to);
        let mut year = None;
        while month >= from.with_day(1).unwrap_or(from) {
            if year != Some(month.year()) {
                year = Some(month.year());
                spans.push(Span::Year(month.year()));
            }
            spans.push(Span::Month(month));
            match month.checked_sub_months(Months::new(1)) {
                Some(before) => month = before,
                None => break,
            }
        }
        spans
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn a_period_is_a_year_or_a_month_and_nothing_else() {
        assert_eq!(Span::read("2026"), Some(Span::Year(2026)));
        assert_eq!(Span::read("2026-11"), Some(Span::Month(day("2026-11-01"))));
        for text in ["", "26", "+026", "2026-", "2026-13", "2026-1", "2026-011", "9999", "0000-01", "2026-11-01", "２０２６"] {
            assert_eq!(Span::read(text), None, "{text}");
        }
    }

    #[test]
    fn a_month_begins_where_the_clocks_jump_over_its_midnight() {
        let dates = Dates::new(crate::words::Words::of("en"), chrono_tz::America::Asuncion);
        let (from, until) = Span::Month(day("2017-10-01")).bounds(&dates).unwrap();
        assert_eq!((from.to_rfc3339(), until.to_rfc3339()), ("2017-10-01T04:00:00+00:00".to_owned(), "2017-11-01T03:00:00+00:00".to_owned()));
    }

    #[test]
    fn periods_are_offered_from_the_latest_back() {
        let names: Vec<String> = Span::between(day("2025-11-30"), day("2026-01-02")).into_iter().map(Span::name).collect();
        assert_eq!(names, ["2026", "2026-01", "2025", "2025-12", "2025-11"]);
    }
}

//! SEPA direct debits: the days on which banks of the euro settle, and who may have an account debited.
//!
//! Source: EPC016-06 (the core scheme's rulebook): a payer is told 14 calendar days ahead unless both agreed otherwise; the days are TARGET's.

use chrono::{Datelike, Days, NaiveDate, Weekday};
use serde::{Deserialize, Serialize};

use crate::transfer::remainder_of_97;

/// How many calendar days ahead a payer is told of a debit, where nothing else was agreed.
pub const NOTICE_DAYS: u32 = 14;
/// Within how many bank days it is known whether a debit was paid.
pub const DECIDED_WITHIN: u32 = 5;

/// Whether banks of the euro settle on a day: TARGET is closed on weekends and on six holidays.
pub fn is_bank_day(date: NaiveDate) -> bool {
    let is_holiday = match (date.month(), date.day()) {
        (1, 1) | (5, 1) | (12, 25 | 26) => true,
        _ => easter(date.year()).is_some_and(|easter| {
            let after = date.signed_duration_since(easter).num_days();
            // Good Friday and Easter Monday.
            after == -2 || after == 1
        }),
    };
    !is_holiday && !matches!(date.weekday(), Weekday::Sat | Weekday::Sun)
}

/// The n-th bank day after a date; the date itself does not count.
pub fn bank_days_after(date: NaiveDate, n: u32) -> NaiveDate {
    let mut day = date;
    for _ in 0..n {
        day = next_day(day);
        while !is_bank_day(day) {
            day = next_day(day);
        }
    }
    day
}

fn next_day(date: NaiveDate) -> NaiveDate {
    date.checked_add_days(Days::new(1)).unwrap_or(NaiveDate::MAX)
}

/// Easter Sunday of the Gregorian calendar (Meeus/Jones/Butcher).
fn easter(year: i32) -> Option<NaiveDate> {
    let (a, b, c) = (year.rem_euclid(19), year.div_euclid(100), year.rem_euclid(100));
    let (d, e) = (b / 4, b % 4);
    let f = (b + 8) / 25;
    let g = (b - f + 1) / 3;
    let h = (19 * a + b - d - g + 15).rem_euclid(30);
    let (i, k) = (c / 4, c % 4);
    let l = (32 + 2 * e + 2 * i - h - k).rem_euclid(7);
    let m = (a + 11 * h + 22 * l) / 451;
    let days = h + l - 7 * m + 114;
    NaiveDate::from_ymd_opt(year, u32::try_from(days / 31).ok()?, u32::try_from(days % 31 + 1).ok()?)
}

/// Who may have accounts debited, as its bank registered them: `DE98ZZZ09999999999`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CreditorId(String);

impl CreditorId {
    /// As people write it, with or without spaces. `None`: a digit or a letter of it is wrong or missing.
    pub fn parse(text: &str) -> Option<CreditorId> {
        let id: String = text.chars().filter(|letter| !letter.is_whitespace()).map(|letter| letter.to_ascii_uppercase()).collect();
        let is_written_right = (8..=35).contains(&id.len())
            && id.bytes().enumerate().all(|(at, b)| match at {
                0 | 1 => b.is_ascii_uppercase(),
                2 | 3 => b.is_ascii_digit(),
                _ => b.is_ascii_digit() || b.is_ascii_uppercase(),
            });
        if !is_written_right {
            return None;
        }
        // The creditor's own three letters in the middle are not part of what is checked.
        let turned = id[7..].bytes().chain(id[..4].bytes());
        (remainder_of_97(turned) == Some(1)).then_some(CreditorId(id))
    }

    pub fn text(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn banks_rest_on_weekends_and_targets_holidays() {
        for (closed, why) in [
            ("2026-01-01", "New Year"),
            ("2026-04-03", "Good Friday"),
            ("2026-04-06", "Easter Monday"),
            ("2026-05-01", "1 May"),
            ("2026-12-25", "Christmas"),
            ("2024-12-26", "the day after"),
            ("2026-03-14", "Saturday"),
            ("2038-04-26", "the latest Easter Monday there is"),
            ("2008-03-24", "nearly the earliest"),
        ] {
            assert!(!is_bank_day(day(closed)), "{closed}: {why}");
        }
        for open in ["2026-04-02", "2026-04-07", "2025-10-03", "2026-05-14", "2026-12-24"] {
            assert!(is_bank_day(day(open)), "{open}");
        }
    }

    #[test]
    fn days_are_counted_over_what_is_closed() {
        // Over Easter 2026: 2 April, then 7, 8, 9, 10.
        assert_eq!(bank_days_after(day("2026-04-01"), 5), day("2026-04-10"));
        assert_eq!(bank_days_after(day("2026-03-14"), 1), day("2026-03-16"));
        assert_eq!(bank_days_after(day("2026-03-10"), 0), day("2026-03-10"));
    }

    #[test]
    fn a_creditors_identifier_proves_itself() {
        for good in ["DE98ZZZ09999999999", "de98 zzz0 9999 9999 99", "DE98ABC09999999999"] {
            assert!(CreditorId::parse(good).is_some(), "{good}");
        }
        for wrong in ["DE99ZZZ09999999999", "DE98ZZZ0999999999", "98DEZZZ09999999999", "DE98ZZZ09999999999!", "", "DE98ZZZ"] {
            assert!(CreditorId::parse(wrong).is_none(), "{wrong}");
        }
    }
}

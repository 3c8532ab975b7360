//! Money, numbers, dates and times as people read them. The engine's figures come in, text goes out; nothing is computed on the way.
//!
//! Three exponents that must not be mixed up: the ledger's (ISO 4217) scales the amounts that come in; how many decimals are shown is
//! CLDR's (a forint has two in the ledger and none on the page); the gateway's is the gateway's own affair.

use chrono::{DateTime, Datelike, NaiveDate, Timelike, Utc};
use chrono_tz::Tz;
use rust_decimal::Decimal;

use crate::t;
use crate::words::Words;

/// The true minus sign: a hyphen is too short beside figures.
pub const MINUS: char = '−';
/// Keeps a number and its unit on one line.
const NARROW: char = '\u{202f}';

/// `€162.24`, `−€9.24`, `¥1,200`, `CHF 12.00`: an amount of minor units with its currency.
pub fn money(amount_minor: i64, currency: &str) -> String {
    let digits = figure(amount_minor, currency);
    let (sign, digits) = digits.strip_prefix(MINUS).map_or(("", digits.as_str()), |rest| ("−", rest));
    format!("{sign}{}{digits}", sign_before(currency))
}

/// The same without the currency, for columns whose head names it.
pub fn figure(amount_minor: i64, currency: &str) -> String {
    decimal_figure(Decimal::from(amount_minor), currency)
}

/// A price of one unit, exact: `0.8 ct`, `€9.00`, `¥0.05`. Decimal minor units come in.
pub fn unit_price(amount_minor: Decimal, currency: &str) -> String {
    let cent = match currency {
        "EUR" => "ct",
        "USD" | "CAD" | "AUD" => "¢",
        "GBP" => "p",
        _ => "",
    };
    if !cent.is_empty() && amount_minor.abs() < Decimal::from(100) && !amount_minor.is_zero() {
        let plain = number(amount_minor);
        return if cent == "ct" { format!("{plain}{NARROW}{cent}") } else { format!("{plain}{cent}") };
    }
    let digits = decimal_figure(amount_minor, currency);
    let (sign, digits) = digits.strip_prefix(MINUS).map_or(("", digits.as_str()), |rest| ("−", rest));
    format!("{sign}{}{digits}", sign_before(currency))
}

/// The currency's sign where everybody knows it, else its code.
fn sign_before(currency: &str) -> String {
    match currency {
        "EUR" => "€".to_owned(),
        "USD" => "$".to_owned(),
        "GBP" => "£".to_owned(),
        "JPY" => "¥".to_owned(),
        code => format!("{code}{NARROW}"),
    }
}

/// Sign for a column head: `€`, or the code.
pub fn currency_head(currency: &str) -> String {
    sign_before(currency).trim_end_matches(NARROW).to_owned()
}

/// ISO 4217 exponent; two for a code the table lacks, as for most.
pub fn exponent(currency: &str) -> u32 {
    iso_currency::Currency::from_code(currency).and_then(|c| c.exponent()).map_or(2, u32::from)
}

/// How many decimals people expect, where that is fewer than the ledger keeps (CLDR 48).
fn display_digits(currency: &str) -> u32 {
    match currency {
        "HUF" | "IDR" | "IQD" | "LBP" | "MMK" | "PKR" | "RSD" | "SYP" | "YER" | "ALL" | "AFN" | "IRR" | "LAK" | "MGA" | "SOS" => 0,
        code => exponent(code),
    }
}

/// Decimals as people expect them; more where hiding them would hide money.
fn decimal_figure(amount_minor: Decimal, currency: &str) -> String {
    let exponent = exponent(currency);
    let Some(major) = amount_minor.checked_mul(Decimal::new(1, exponent)) else { return amount_minor.to_string() };
    let needed = major.normalize().scale();
    let expected = display_digits(currency);
    grouped(major, Some(if needed > expected { needed.max(exponent) } else { expected }))
}

/// A quantity, exact, with thousands apart: `9,140`, `2,327.5`.
pub fn number(value: Decimal) -> String {
    grouped(value, None)
}

fn grouped(value: Decimal, decimals: Option<u32>) -> String {
    let value = value.normalize();
    let text = match decimals {
        Some(decimals) => format!("{:.*}", usize::try_from(decimals).unwrap_or(0), value.abs()),
        None => value.abs().to_string(),
    };
    let (whole, fraction) = text.split_once('.').map_or((text.as_str(), None), |(w, f)| (w, Some(f)));
    let mut out = String::with_capacity(text.len() + 4);
    if value.is_sign_negative() && !value.is_zero() {
        out.push(MINUS);
    }
    for (i, digit) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    if let Some(fraction) = fraction {
        out.push('.');
        out.push_str(fraction);
    }
    out
}

/// Dates and times in one zone and language. Days are days of that zone, so pages name it where a day begins or ends.
#[derive(Clone, Copy)]
pub struct Dates {
    pub zone: Tz,
    pub words: Words,
}

impl Dates {
    pub fn new(words: Words, zone: Tz) -> Dates {
        Dates { zone, words }
    }

    pub fn local(&self, at: DateTime<Utc>) -> DateTime<Tz> {
        at.with_timezone(&self.zone)
    }

    pub fn date(&self, at: DateTime<Utc>) -> NaiveDate {
        self.local(at).date_naive()
    }

    /// `1 December`
    pub fn day(&self, at: DateTime<Utc>) -> String {
        self.day_of(self.date(at))
    }

    pub fn day_of(&self, date: NaiveDate) -> String {
        t!(self.words, "date-day-month", day = date.day().to_string(), month = self.month(date))
    }

    /// `1 December 2026`
    pub fn day_year(&self, at: DateTime<Utc>) -> String {
        self.day_year_of(self.date(at))
    }

    pub fn day_year_of(&self, date: NaiveDate) -> String {
        t!(self.words, "date-day-month-year", day = date.day().to_string(), month = self.month(date), year = date.year().to_string())
    }

    /// The last day that a half-open period reaches: of `… to 1 December, 00:00` that is `30 November`.
    pub fn last_day(&self, end: DateTime<Utc>) -> String {
        self.day(end - chrono::Duration::milliseconds(1))
    }

    /// `December`
    pub fn month(&self, date: NaiveDate) -> String {
        t!(self.words, "month-name", n = i64::from(date.month()))
    }

    /// `Saturday`
    pub fn weekday(&self, date: NaiveDate) -> String {
        t!(self.words, "weekday-name", n = i64::from(date.weekday().number_from_monday()))
    }

    /// `10:30`
    pub fn time(&self, at: DateTime<Utc>) -> String {
        let local = self.local(at);
        format!("{:02}:{:02}", local.hour(), local.minute())
    }

    /// `Saturday 21 November 2026, 10:30, Vienna time`
    pub fn stamp(&self, at: DateTime<Utc>) -> String {
        let date = self.date(at);
        t!(self.words, "date-stamp", weekday = self.weekday(date), day = self.day_year_of(date), time = self.time(at), zone = self.zone_name())
    }

    /// `21 November 2026, 10:30`
    pub fn moment(&self, at: DateTime<Utc>) -> String {
        t!(self.words, "date-moment", day = self.day_year(at), time = self.time(at))
    }

    /// `Vienna time`
    pub fn zone_name(&self) -> String {
        zone_name(self.words, self.zone)
    }
}

/// `Vienna time`, `UTC`.
pub fn zone_name(words: Words, zone: Tz) -> String {
    match zone.name() {
        "UTC" | "Etc/UTC" => "UTC".to_owned(),
        name => t!(words, "zone-time", city = name.rsplit('/').next().unwrap_or(name).replace('_', " ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::str::FromStr;

    #[test]
    fn amounts_read_as_people_write_them() {
        for (amount, currency, expected) in [
            (16224, "EUR", "€162.24"),
            (-924, "EUR", "−€9.24"),
            (0, "EUR", "€0.00"),
            (123456789, "USD", "$1,234,567.89"),
            (1200, "JPY", "¥1,200"),
            (10001, "BHD", "BHD\u{202f}10.001"),
            (123400, "HUF", "HUF\u{202f}1,234"),
            (123450, "HUF", "HUF\u{202f}1,234.50"),
            (i64::MIN, "EUR", "−€92,233,720,368,547,758.08"),
        ] {
            assert_eq!(money(amount, currency), expected);
        }
    }

    #[test]
    fn unit_prices_lose_no_digit() {
        for (amount, currency, expected) in [
            ("0.8", "EUR", "0.8\u{202f}ct"),
            ("900", "EUR", "€9.00"),
            ("0.05", "JPY", "¥0.05"),
            ("1250.5", "EUR", "€12.505"),
            ("0", "EUR", "€0.00"),
            ("50", "USD", "50¢"),
        ] {
            assert_eq!(unit_price(Decimal::from_str(amount).unwrap(), currency), expected);
        }
    }

    #[test]
    fn days_are_days_of_the_zone() {
        let dates = Dates::new(Words::of("en"), chrono_tz::Europe::Vienna);
        let at = "2026-11-30T23:00:00Z".parse().unwrap();
        assert_eq!(dates.day(at), "1 December");
        assert_eq!(dates.last_day(at), "30 November");
        assert_eq!(dates.stamp("2026-11-21T09:30:00Z".parse().unwrap()), "Saturday 21 November 2026, 10:30, Vienna time");
    }
}

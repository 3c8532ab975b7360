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

/// How a language writes figures, read from its catalogue once: a page asks hundreds of times.
pub(super) struct Marks {
    /// Between thousands.
    group: String,
    decimal: String,
    /// What stands around the sign of a currency and the figure, and which of the two leads: `€1`, `1 €`.
    around: [String; 3],
    is_sign_first: bool,
    /// Cents by the side of a figure.
    euro_cent: String,
    dollar_cent: String,
    penny: String,
}

impl Marks {
    pub(super) fn of(words: Words) -> Marks {
        const SIGN: char = '\u{1}';
        const FIGURE: char = '\u{2}';
        let pattern = t!(words, "number-money", sign = SIGN.to_string(), figure = FIGURE.to_string());
        let is_sign_first = pattern.find(SIGN) < pattern.find(FIGURE);
        let mut around = pattern.split([SIGN, FIGURE]).map(str::to_owned);
        Marks {
            group: t!(words, "number-group"),
            decimal: t!(words, "number-decimal"),
            around: [(); 3].map(|()| around.next().unwrap_or_default()),
            is_sign_first,
            euro_cent: t!(words, "number-euro-cent"),
            dollar_cent: t!(words, "number-dollar-cent"),
            penny: t!(words, "number-penny"),
        }
    }
}

impl Words {
    /// `€162.24`, `−€9.24`, `¥1,200`, `CHF 12.00`: an amount of minor units with its currency.
    pub fn money(&self, amount_minor: i64, currency: &str) -> String {
        self.with_currency(&self.figure(amount_minor, currency), currency)
    }

    /// The same without the currency, for columns whose head names it.
    pub fn figure(&self, amount_minor: i64, currency: &str) -> String {
        self.decimal_figure(Decimal::from(amount_minor), currency)
    }

    /// A price of one unit, exact: `0.8 ct`, `€9.00`, `¥0.05`. Decimal minor units come in.
    pub fn unit_price(&self, amount_minor: Decimal, currency: &str) -> String {
        let marks = self.marks();
        let cent = match currency {
            "EUR" => Some(&marks.euro_cent),
            "USD" | "CAD" | "AUD" => Some(&marks.dollar_cent),
            "GBP" => Some(&marks.penny),
            _ => None,
        };
        match cent {
            Some(cent) if amount_minor.abs() < Decimal::from(100) && !amount_minor.is_zero() => format!("{}{cent}", self.number(amount_minor)),
            _ => self.with_currency(&self.decimal_figure(amount_minor, currency), currency),
        }
    }

    /// A quantity, exact, with thousands apart: `9,140`, `2,327.5`.
    pub fn number(&self, value: Decimal) -> String {
        self.grouped(value, None)
    }

    /// What stands before the fraction: columns are aligned on it.
    pub fn decimal_mark(&self) -> Option<char> {
        self.marks().decimal.chars().next()
    }

    /// What stands between thousands.
    pub(super) fn group_mark(&self) -> Option<char> {
        self.marks().group.chars().next()
    }

    /// A figure with its currency, the minus before both.
    pub(super) fn with_currency(&self, figure: &str, currency: &str) -> String {
        let Marks { around: [before, between, after], is_sign_first, .. } = self.marks();
        let (minus, figure) = figure.strip_prefix(MINUS).map_or(("", figure), |rest| ("−", rest));
        if *is_sign_first {
            // A code leads with room behind it.
            format!("{minus}{before}{}{between}{figure}{after}", sign_before(currency))
        } else {
            format!("{minus}{before}{figure}{between}{}{after}", currency_head(currency))
        }
    }

    /// Decimals as people expect them; more where hiding them would hide money.
    fn decimal_figure(&self, amount_minor: Decimal, currency: &str) -> String {
        let exponent = exponent(currency);
        let Some(major) = amount_minor.checked_mul(Decimal::new(1, exponent)) else { return amount_minor.to_string() };
        let needed = major.normalize().scale();
        let expected = display_digits(currency);
        self.grouped(major, Some(if needed > expected { needed.max(exponent) } else { expected }))
    }

    fn grouped(&self, value: Decimal, decimals: Option<u32>) -> String {
        let marks = self.marks();
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
                out.push_str(&marks.group);
            }
            out.push(digit);
        }
        if let Some(fraction) = fraction {
            out.push_str(&marks.decimal);
            out.push_str(fraction);
        }
        out
    }
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
    use std::str::FromStr;

    use super::*;
    use crate::words::Catalogue;

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
            assert_eq!(Words::of("en").money(amount, currency), expected);
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
            assert_eq!(Words::of("en").unit_price(Decimal::from_str(amount).unwrap(), currency), expected);
        }
    }

    #[test]
    fn another_language_writes_figures_its_own_way() {
        let german = "number-group = .\nnumber-decimal = ,\nnumber-money = { $figure } { $sign }\nnumber-euro-cent = { \" \" }ct\nnumber-dollar-cent = ¢\nnumber-penny = p\n";
        let words = Words(Box::leak(Box::new(Catalogue::new("de", german))));
        assert_eq!(words.money(-123_456_789, "EUR"), "−1.234.567,89 €");
        assert_eq!(words.money(120_000, "CHF"), "1.200,00 CHF");
        assert_eq!(words.unit_price(Decimal::from_str("0.8").unwrap(), "EUR"), "0,8 ct");
        assert_eq!(words.number(Decimal::from_str("2327.5").unwrap()), "2.327,5");
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

//! Statements as banks write them, read into entries: CAMT.053 and CSV. A mistake is named with its place, all of them at once; a statement
//! with a mistake is none.
//!
//! What deliberately does not live here: what becomes of an entry.

mod camt;
mod table;
mod xml;

use std::fmt;

use billing::money::Currency;
use chrono::NaiveDate;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use crate::sentence;
use crate::words::Sentence;

/// The most a statement may hold.
const MOST_BYTES: usize = 10 * 1024 * 1024;
const MOST_ENTRIES: usize = 50_000;
/// Letters of one text of an entry: a bank has room for far fewer.
const MOST_LETTERS: usize = 2_000;
/// Named at once; who has more has another kind of file.
const MOST_MISTAKES: usize = 50;

/// How a statement is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// ISO 20022 camt.053, versions 001.02 to 001.13.
    Camt053,
    /// Comma-separated, with a header: see `table.rs`.
    Csv,
}

impl Format {
    /// By its first letter, after which no other tells more.
    pub fn of(text: &str) -> Format {
        if text.trim_start_matches('\u{feff}').trim_start().starts_with('<') { Format::Camt053 } else { Format::Csv }
    }
}

/// What is wrong with a statement, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// `line 3, amount` or `statement 1, entry 4`.
    pub place: String,
    pub what: Sentence,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.what)
    }
}

/// An entry as the bank booked it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Booked {
    /// Where in the statement it stands.
    pub place: String,
    /// The number of the account it was booked on; `None`: the statement does not say.
    pub account: Option<String>,
    pub currency: String,
    /// Above zero: it came in. Below: what had come in went back.
    pub amount_minor: i64,
    pub booked_on: NaiveDate,
    /// The bank's own.
    pub bank_reference: Option<String>,
    /// The payer's, handed through from end to end.
    pub end_to_end: Option<String>,
    /// The bank's reference of the entry that this one takes back.
    pub returns: Option<String>,
    pub payer_name: Option<String>,
    pub payer_account: Option<String>,
    /// References and free text, a line each.
    pub text: String,
}

/// The entries of a statement that concern customers: money that came in, and such money gone back.
pub(super) fn read(format: Format, text: &str) -> Result<Vec<Booked>, Vec<Mistake>> {
    let whole = |what| vec![Mistake { place: "statement".to_owned(), what }];
    if text.len() > MOST_BYTES {
        return Err(whole(sentence!("bank-statement-too-large")));
    }
    let text = text.trim_start_matches('\u{feff}');
    let mut mistakes = Mistakes::default();
    let entries = match format {
        Format::Camt053 => camt::read(text, &mut mistakes),
        Format::Csv => table::read(text, &mut mistakes),
    };
    if entries.len() > MOST_ENTRIES {
        return Err(whole(sentence!("bank-statement-too-large")));
    }
    for entry in &entries {
        let texts = [entry.payer_name.as_ref(), entry.payer_account.as_ref(), entry.bank_reference.as_ref(), entry.end_to_end.as_ref(), Some(&entry.text)];
        for text in texts.into_iter().flatten() {
            if text.chars().count() > MOST_LETTERS || text.contains('\0') {
                mistakes.add(&entry.place, sentence!("bank-statement-text", most = MOST_LETTERS));
            }
        }
    }
    if mistakes.0.is_empty() { Ok(entries) } else { Err(mistakes.0) }
}

/// Mistakes found so far.
#[derive(Default)]
struct Mistakes(Vec<Mistake>);

impl Mistakes {
    fn add(&mut self, place: &str, what: Sentence) {
        if self.0.len() < MOST_MISTAKES {
            self.0.push(Mistake { place: place.to_owned(), what });
        }
    }

    /// What was read, or nothing and why.
    fn take<T>(&mut self, place: &str, read: Result<T, Sentence>) -> Option<T> {
        read.map_err(|what| self.add(place, what)).ok()
    }
}

/// An amount with a decimal point, in minor units.
fn minor(text: &str, currency: &str) -> Result<i64, Sentence> {
    let known = Currency::from_code(currency).map_err(|_| sentence!("bank-currency", currency = currency))?;
    let wrong = || sentence!("bank-statement-amount", amount = text, decimals = known.exponent());
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if !digits.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        return Err(wrong());
    }
    let amount: Decimal = text.strip_prefix('+').unwrap_or(text).parse().map_err(|_| wrong())?;
    let minor = amount.checked_mul(Decimal::from(10_i64.pow(known.exponent()))).filter(Decimal::is_integer).and_then(|minor| minor.to_i64());
    minor.ok_or_else(wrong)
}

fn day(text: &str) -> Result<NaiveDate, Sentence> {
    NaiveDate::parse_from_str(text, "%Y-%m-%d").map_err(|_| sentence!("bank-statement-day", day = text))
}

#[cfg(test)]
mod tests;

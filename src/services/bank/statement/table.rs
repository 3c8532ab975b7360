//! CSV, for banks that write nothing better. The first line names the columns, in any order:
//!
//! | column | holds |
//! |---|---|
//! | `booked_on` | YYYY-MM-DD |
//! | `amount` | with a decimal point; below zero: money that went back |
//! | `currency` | ISO 4217 |
//! | `text` | what the payer wrote: reference and free text |
//! | `account` | may be left away: the IBAN or PromptPay id it came in on; else the vendor's account of the currency |
//! | `payer_name`, `payer_account` | may be left away |
//! | `bank_reference` | may be left away: the bank's own reference of the entry, by which it is known again |
//! | `returns` | may be left away: of money that went back, the `bank_reference` it had come in by |

use csv::{ReaderBuilder, StringRecord};

use super::{Booked, Mistakes, day, minor};
use crate::sentence;

const NEEDED: [&str; 4] = ["booked_on", "amount", "currency", "text"];
const KNOWN: [&str; 9] = ["booked_on", "amount", "currency", "text", "account", "payer_name", "payer_account", "bank_reference", "returns"];

pub(super) fn read(text: &str, mistakes: &mut Mistakes) -> Vec<Booked> {
    let mut reader = ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(text.as_bytes());
    let heads: Vec<String> = match reader.headers() {
        Ok(heads) => heads.iter().map(str::to_owned).collect(),
        Err(error) => {
            mistakes.add("line 1", sentence!("bank-statement-no-csv", why = error.to_string()));
            return Vec::new();
        }
    };
    for head in heads.iter().filter(|head| !KNOWN.contains(&head.as_str())) {
        mistakes.add("line 1", sentence!("bank-statement-column-unknown", column = head, known = KNOWN.join(", ")));
    }
    for head in KNOWN {
        match heads.iter().filter(|one| *one == head).count() {
            0 if NEEDED.contains(&head) => mistakes.add("line 1", sentence!("bank-statement-column-missing", column = head)),
            0 | 1 => {}
            _ => mistakes.add("line 1", sentence!("bank-statement-column-twice", column = head)),
        }
    }
    if !mistakes.0.is_empty() {
        return Vec::new();
    }
    let mut entries = Vec::new();
    for row in reader.records() {
        match row {
            Ok(row) => entries.extend(entry(&heads, &row, mistakes)),
            Err(error) => {
                let line = error.position().map_or(1, csv::Position::line);
                mistakes.add(&format!("line {line}"), sentence!("bank-statement-no-csv", why = error.to_string()));
            }
        }
    }
    entries
}

fn entry(heads: &[String], row: &StringRecord, mistakes: &mut Mistakes) -> Option<Booked> {
    let line = row.position().map_or(1, csv::Position::line);
    let at = |column: &str| format!("line {line}, {column}");
    if row.len() != heads.len() {
        mistakes.add(&format!("line {line}"), sentence!("bank-statement-columns", expected = heads.len(), found = row.len()));
        return None;
    }
    let cell = |column: &str| heads.iter().position(|head| head == column).and_then(|at| row.get(at)).unwrap_or_default();
    let given = |column: &str| Some(cell(column).to_owned()).filter(|text| !text.is_empty());
    let booked_on = mistakes.take(&at("booked_on"), day(cell("booked_on")));
    let amount_minor = mistakes.take(&at("amount"), minor(cell("amount"), cell("currency")));
    let (booked_on, amount_minor) = (booked_on?, amount_minor?);
    if amount_minor == 0 {
        mistakes.add(&at("amount"), sentence!("bank-statement-zero"));
        return None;
    }
    if amount_minor > 0 && given("returns").is_some() {
        mistakes.add(&at("returns"), sentence!("bank-statement-returns"));
        return None;
    }
    Some(Booked {
        place: format!("line {line}"),
        account: given("account"),
        currency: cell("currency").to_owned(),
        amount_minor,
        booked_on,
        bank_reference: given("bank_reference"),
        end_to_end: None,
        returns: given("returns"),
        payer_name: given("payer_name"),
        payer_account: given("payer_account"),
        text: cell("text").to_owned(),
    })
}

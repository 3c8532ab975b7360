//! Reading what was typed on the test payment page. A number that is not published is refused; no number leaves this file.

use crate::platform::clock::Now;

use crate::services::payments::sandbox::{Typed, cards, has_expired};

/// The form as it came.
#[derive(Clone, Default, serde::Deserialize)]
#[serde(default)]
pub struct CardForm {
    pub number: String,
    /// `MM / YY`
    pub expiry: String,
    pub cvc: String,
    pub name: String,
}

// What was typed must not reach a log by way of a debug print.
impl std::fmt::Debug for CardForm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CardForm { … }")
    }
}

/// One field and the sentence beside it.
pub type EntryError = (&'static str, &'static str);

const NO_NUMBER: &str = "Type one of the published test card numbers.";
const NOT_DIGITS: &str = "A card number has only digits. Type one of the published test card numbers.";
const NOT_A_CARD: &str = "This is not a card number: a digit is missing or wrong. Type one of the published test card numbers.";
const NOT_PUBLISHED: &str = "This is not one of the published test card numbers. Real cards are refused here; the number was not kept and nothing was charged.";
const NO_EXPIRY: &str = "Type month and year, such as 12 / 30.";
const EXPIRED: &str = "This date has passed. Type one that lies ahead.";
const FAR_EXPIRY: &str = "Cards don’t last that long. Type a date within the next 20 years.";
const NO_CVC: &str = "Type any 3 digits (4 for American Express).";

/// The card that was typed in, or every field that cannot be used.
pub fn read(form: &CardForm, now: &Now) -> Result<Typed, Vec<EntryError>> {
    let card = match cards::digits(&form.number) {
        None if form.number.trim().is_empty() => Err(("number", NO_NUMBER)),
        None => Err(("number", NOT_DIGITS)),
        Some(digits) => match cards::by_digits(&digits) {
            Some(card) => Ok(card),
            None if cards::could_be_a_card(&digits) => Err(("number", NOT_PUBLISHED)),
            None => Err(("number", NOT_A_CARD)),
        },
    };
    let expiry = match expiry(&form.expiry) {
        None => Err(("expiry", NO_EXPIRY)),
        Some((month, year)) if has_expired(month, year, now) => Err(("expiry", EXPIRED)),
        Some((_, year)) if year > i64::from(chrono::Datelike::year(&now.billing)) + 20 => Err(("expiry", FAR_EXPIRY)),
        Some(expiry) => Ok(expiry),
    };
    let wanted = card.map_or(3..=4, |card| card.code_length()..=card.code_length());
    let cvc = cards::digits(&form.cvc).filter(|digits| wanted.contains(&digits.len())).map(|_| ()).ok_or(("cvc", NO_CVC));
    match (card, expiry, cvc) {
        (Ok(card), Ok((exp_month, exp_year)), Ok(())) => Ok(Typed { card, exp_month, exp_year }),
        (card, expiry, cvc) => Err([card.err(), expiry.err(), cvc.err()].into_iter().flatten().collect()),
    }
}

/// Month and four-digit year of `12/30`, `12 / 2030`, `1230`, `1-30`.
fn expiry(typed: &str) -> Option<(i64, i64)> {
    let typed = typed.trim();
    let (month, year) = match typed.split_once(['/', '-', '.', ' ']) {
        Some((month, year)) => (month.trim(), year.trim_start_matches(['/', '-', '.', ' ']).trim()),
        None if typed.is_char_boundary(2) && matches!(typed.len(), 4 | 6) => typed.split_at(2),
        None => return None,
    };
    let digits_only = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if !digits_only(month) || !digits_only(year) || month.len() > 2 {
        return None;
    }
    let month: i64 = month.parse().ok().filter(|m| (1..=12).contains(m))?;
    let year = match year.len() {
        2 => 2000 + year.parse::<i64>().ok()?,
        4 => year.parse().ok()?,
        _ => return None,
    };
    Some((month, year))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Now {
        let at = "2026-11-21T09:30:00Z".parse().unwrap();
        Now { wall: at, billing: at }
    }

    fn form(number: &str, expiry: &str, cvc: &str) -> CardForm {
        CardForm { number: number.into(), expiry: expiry.into(), cvc: cvc.into(), name: String::new() }
    }

    #[test]
    fn a_published_card_is_taken_however_it_is_spaced() {
        for (number, expiry, cvc) in [("4242 4242 4242 4242", "12 / 28", "123"), ("4242-4242-4242-4242", "12/2028", "123"), ("378282246310005", "1128", "1234")]
        {
            let typed = read(&form(number, expiry, cvc), &now()).unwrap();
            assert_eq!(typed.exp_year, 2028);
        }
    }

    #[test]
    fn every_other_number_is_refused_in_words_that_fit() {
        for (number, sentence) in [
            ("", NO_NUMBER),
            ("4242 4242 4242 424x", NOT_DIGITS),
            ("4242 4242 4242 4241", NOT_A_CARD),
            ("4111 1111 1111 1111", NOT_PUBLISHED),
            ("6011 0009 9013 9424", NOT_PUBLISHED),
        ] {
            assert_eq!(read(&form(number, "12/28", "123"), &now()).unwrap_err(), vec![("number", sentence)], "{number}");
        }
    }

    #[test]
    fn a_card_is_good_to_the_end_of_its_month_and_every_wrong_field_is_named() {
        assert!(read(&form("4242424242424242", "11/26", "123"), &now()).is_ok());
        for (expiry, sentence) in
            [("10/26", EXPIRED), ("13/28", NO_EXPIRY), ("0/28", NO_EXPIRY), ("12/2990", FAR_EXPIRY), ("é1é1", NO_EXPIRY), ("", NO_EXPIRY), ("12/", NO_EXPIRY)]
        {
            assert_eq!(read(&form("4242424242424242", expiry, "123"), &now()).unwrap_err(), vec![("expiry", sentence)], "{expiry}");
        }
        assert_eq!(read(&form("", "", ""), &now()).unwrap_err().len(), 3);
        assert_eq!(read(&form("378282246310005", "11/28", "123"), &now()).unwrap_err(), vec![("cvc", NO_CVC)]);
    }

    #[test]
    fn what_was_typed_does_not_show_in_a_debug_print() {
        assert!(!format!("{:?}", form("4242424242424242", "12/28", "123")).contains("4242"));
    }
}

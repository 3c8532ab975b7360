//! Reading what was typed on the test payment page. A number that is not published is refused; no number leaves this file.

use billing::transfer::AccountError;
use chrono::Datelike;

use crate::platform::clock::Now;
use crate::services::payments::Wallet;
use crate::services::payments::sandbox::debits::{self, TestAccount};
use crate::services::payments::sandbox::{Typed, cards, has_expired};

/// A form as it came, of whichever kind its page was.
#[derive(Clone, Default, serde::Deserialize)]
#[serde(default)]
pub struct Entered {
    #[serde(flatten)]
    pub card: CardForm,
    #[serde(flatten)]
    pub account: AccountForm,
}

#[derive(Clone, Default, serde::Deserialize)]
#[serde(default)]
pub struct AccountForm {
    pub iban: String,
    pub holder: String,
    /// `yes`: the mandate is agreed to.
    pub agrees: String,
}

#[derive(Clone, Default, serde::Deserialize)]
#[serde(default)]
pub struct CardForm {
    /// The wallet whose button was pressed; empty: a card was typed in.
    pub wallet: String,
    pub number: String,
    /// `MM / YY`
    pub expiry: String,
    pub cvc: String,
    pub name: String,
}

// What was typed must not reach a log by way of a debug print.
impl std::fmt::Debug for AccountForm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AccountForm { … }")
    }
}

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
const NO_IBAN: &str = "Type one of the published test accounts.";
const NOT_AN_IBAN: &str = "This is not an IBAN: a digit or a letter is missing or wrong. Type one of the published test accounts.";
const NO_TEST_IBAN: &str = "This is not one of the published test accounts. Real accounts are refused here; the number was not kept and nothing was charged.";
const NO_HOLDER: &str = "Type whose account it is, any name.";
const NOT_AGREED: &str = "Agree to the mandate: without it no account can be debited.";
const NO_WALLET: &str = "This wallet is not offered here. Type a card instead.";
const NO_CVC: &str = "Type any 3 digits (4 for American Express).";

/// The account that was typed in, or every field that cannot be used.
pub fn read_account(form: &AccountForm) -> Result<&'static TestAccount, Vec<EntryError>> {
    let account = match debits::by_iban(&form.iban) {
        _ if form.iban.trim().is_empty() => Err(("iban", NO_IBAN)),
        Ok(Some(account)) => Ok(account),
        Ok(None) => Err(("iban", NO_TEST_IBAN)),
        Err(
            AccountError::Form | AccountError::Length { .. } | AccountError::CheckDigits | AccountError::Bic | AccountError::PromptPay | AccountError::TaxId,
        ) => Err(("iban", NOT_AN_IBAN)),
    };
    let holder = if form.holder.trim().is_empty() { Some(("holder", NO_HOLDER)) } else { None };
    let agrees = if form.agrees == "yes" { None } else { Some(("agrees", NOT_AGREED)) };
    match (account, holder, agrees) {
        (Ok(account), None, None) => Ok(account),
        (account, holder, agrees) => Err([account.err(), holder, agrees].into_iter().flatten().collect()),
    }
}

/// The card in a wallet: the first of the list, good for some years.
fn from_wallet(name: &str, offered: &[Wallet], now: &Now) -> Result<Typed, Vec<EntryError>> {
    let wallet = Wallet::from_name(name).filter(|wallet| offered.contains(wallet)).ok_or_else(|| vec![("number", NO_WALLET)])?;
    let exp_year = i64::from(now.billing.year()) + 4;
    Ok(Typed { card: &cards::CARDS[0], exp_month: 12, exp_year, wallet: Some(wallet) })
}

/// The card that was typed in, or came by one of the wallets offered; or every field that cannot be used.
pub fn read(form: &CardForm, wallets: &[Wallet], now: &Now) -> Result<Typed, Vec<EntryError>> {
    if !form.wallet.is_empty() {
        return from_wallet(&form.wallet, wallets, now);
    }
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
        Some((_, year)) if year > i64::from(now.billing.year()) + 20 => Err(("expiry", FAR_EXPIRY)),
        Some(expiry) => Ok(expiry),
    };
    let wanted = card.map_or(3..=4, |card| card.code_length()..=card.code_length());
    let cvc = cards::digits(&form.cvc).filter(|digits| wanted.contains(&digits.len())).map(|_| ()).ok_or(("cvc", NO_CVC));
    match (card, expiry, cvc) {
        (Ok(card), Ok((exp_month, exp_year)), Ok(())) => Ok(Typed { card, exp_month, exp_year, wallet: None }),
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
        CardForm { number: number.into(), expiry: expiry.into(), cvc: cvc.into(), ..CardForm::default() }
    }

    #[test]
    fn a_published_card_is_taken_however_it_is_spaced() {
        for (number, expiry, cvc) in [("4242 4242 4242 4242", "12 / 28", "123"), ("4242-4242-4242-4242", "12/2028", "123"), ("378282246310005", "1128", "1234")]
        {
            let typed = read(&form(number, expiry, cvc), &[], &now()).unwrap();
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
            assert_eq!(read(&form(number, "12/28", "123"), &[], &now()).unwrap_err(), vec![("number", sentence)], "{number}");
        }
    }

    #[test]
    fn a_card_is_good_to_the_end_of_its_month_and_every_wrong_field_is_named() {
        assert!(read(&form("4242424242424242", "11/26", "123"), &[], &now()).is_ok());
        for (expiry, sentence) in
            [("10/26", EXPIRED), ("13/28", NO_EXPIRY), ("0/28", NO_EXPIRY), ("12/2990", FAR_EXPIRY), ("é1é1", NO_EXPIRY), ("", NO_EXPIRY), ("12/", NO_EXPIRY)]
        {
            assert_eq!(read(&form("4242424242424242", expiry, "123"), &[], &now()).unwrap_err(), vec![("expiry", sentence)], "{expiry}");
        }
        assert_eq!(read(&form("", "", ""), &[], &now()).unwrap_err().len(), 3);
        assert_eq!(read(&form("378282246310005", "11/28", "123"), &[], &now()).unwrap_err(), vec![("cvc", NO_CVC)]);
    }

    #[test]
    fn a_wallet_brings_a_card_where_it_is_offered() {
        let form = CardForm { wallet: "apple_pay".into(), ..CardForm::default() };
        assert_eq!(read(&form, &[Wallet::ApplePay], &now()).unwrap().wallet, Some(Wallet::ApplePay));
        assert_eq!(read(&form, &[Wallet::Link], &now()).unwrap_err(), vec![("number", NO_WALLET)]);
    }

    #[test]
    fn an_account_is_published_named_and_agreed_to() {
        let form = |iban: &str, holder: &str, agrees: &str| AccountForm { iban: iban.into(), holder: holder.into(), agrees: agrees.into() };
        assert_eq!(read_account(&form("de89370400440532013000", "Mira", "yes")).unwrap().name, "account_de");
        for (iban, sentence) in [("", NO_IBAN), ("DE00", NOT_AN_IBAN), ("DE88370400440532013000", NOT_AN_IBAN), ("DE91100000000123456789", NO_TEST_IBAN)] {
            assert_eq!(read_account(&form(iban, "Mira", "yes")).unwrap_err(), vec![("iban", sentence)], "{iban}");
        }
        assert_eq!(read_account(&form("", "", "")).unwrap_err().len(), 3);
    }

    #[test]
    fn what_was_typed_does_not_show_in_a_debug_print() {
        assert!(!format!("{:?}", form("4242424242424242", "12/28", "123")).contains("4242"));
    }
}

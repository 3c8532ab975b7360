//! Accounts: an IBAN (ISO 13616) with its bank's code (ISO 9362), or a PromptPay id. What is parsed is well-formed and its check digits
//! fit; whether the account exists, only its bank knows.
//!
//! Sources: the SWIFT IBAN registry for the lengths of countries; the Bank of Thailand's Thai QR payment standard for PromptPay ids.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::tax::ids;

/// Why a text is no account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum AccountError {
    #[error("an IBAN begins with a country and two digits, such as DE89 3704 0044 0532 0130 00")]
    Form,
    #[error("an IBAN of this country has {expected} letters and digits, and this one has {found}")]
    Length { expected: usize, found: usize },
    #[error("a letter or digit of this IBAN is wrong: its check digits do not fit the others")]
    CheckDigits,
    #[error("a BIC has 8 or 11 letters and digits, such as COBADEFFXXX")]
    Bic,
    #[error("a PromptPay id is a Thai mobile number, a tax id of 13 digits or an e-wallet id of 15")]
    PromptPay,
    #[error("a digit of this tax id is wrong: its check digit does not fit the others")]
    TaxId,
}

/// How many letters and digits an IBAN has, by country.
const LENGTHS: &str = "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 ES24 FI18 FK18 FO18 FR27 \
     GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 \
     MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 \
     VG24 XK20 YE30";

/// Countries and territories that SEPA transfers reach, by their IBAN's first letters.
const SEPA: &str = "AD AL AT BE BG CH CY CZ DE DK EE ES FI FR GB GI GR HR HU IE IS IT LI LT LU LV MC MD ME MK MT NL NO PL PT RO RS SE SI SK SM VA";

/// An International Bank Account Number whose check digits fit; kept without spaces, in capitals.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Iban(String);

impl Iban {
    /// As people write it: spaces and case do not count.
    pub fn parse(text: &str) -> Result<Iban, AccountError> {
        let iban: String = text.chars().filter(|letter| !letter.is_whitespace()).map(|letter| letter.to_ascii_uppercase()).collect();
        let fits = |(at, b): (usize, u8)| match at {
            0 | 1 => b.is_ascii_uppercase(),
            2 | 3 => b.is_ascii_digit(),
            _ => b.is_ascii_digit() || b.is_ascii_uppercase(),
        };
        let is_written_right = iban.len() >= 5 && iban.bytes().enumerate().all(fits);
        if !is_written_right {
            return Err(AccountError::Form);
        }
        let entry = LENGTHS.split_whitespace().find(|entry| entry.starts_with(&iban[..2])).ok_or(AccountError::Form)?;
        let expected: usize = entry[2..].parse().map_err(|_| AccountError::Form)?;
        if iban.len() != expected {
            return Err(AccountError::Length { expected, found: iban.len() });
        }
        let turned = iban[4..].bytes().chain(iban[..4].bytes());
        if remainder_of_97(turned) == Some(1) { Ok(Iban(iban)) } else { Err(AccountError::CheckDigits) }
    }

    /// Without spaces, as programs want it.
    pub fn text(&self) -> &str {
        &self.0
    }

    fn is_in_sepa(&self) -> bool {
        SEPA.split_whitespace().any(|country| self.0.starts_with(country))
    }
}

impl fmt::Display for Iban {
    /// In groups of four, as it is printed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&super::printed(&self.0))
    }
}

/// What letters (A is 10) and digits leave when they are read as one number and divided by 97 (ISO 7064 MOD 97-10); `None`: something else
/// is among them.
pub(crate) fn remainder_of_97(text: impl Iterator<Item = u8>) -> Option<u32> {
    let mut rest: u32 = 0;
    for byte in text {
        rest = match byte {
            b'0'..=b'9' => rest * 10 + u32::from(byte - b'0'),
            b'A'..=b'Z' => rest * 100 + u32::from(byte - b'A') + 10,
            _ => return None,
        } % 97;
    }
    Some(rest)
}

/// A bank's code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Bic(String);

impl Bic {
    pub fn parse(text: &str) -> Result<Bic, AccountError> {
        let bic = text.trim().to_ascii_uppercase();
        let fits = |(at, b): (usize, u8)| if at < 6 { b.is_ascii_uppercase() } else { b.is_ascii_alphanumeric() };
        let is_bic = [8, 11].contains(&bic.len()) && bic.bytes().enumerate().all(fits);
        if is_bic { Ok(Bic(bic)) } else { Err(AccountError::Bic) }
    }

    pub fn text(&self) -> &str {
        &self.0
    }
}

/// What Thai banks find an account by. The digits as the payment code has them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PromptPay {
    /// `0066` and the number without its leading zero: 13 digits.
    Phone(String),
    /// 13 digits.
    TaxId(String),
    /// 15 digits.
    Wallet(String),
}

impl PromptPay {
    /// As people write it: spaces and hyphens do not count, and a phone number may have its country code.
    pub fn parse(text: &str) -> Result<PromptPay, AccountError> {
        let plain: String = text.chars().filter(|letter| !letter.is_whitespace() && *letter != '-').collect();
        let (digits, is_abroad) = plain.strip_prefix('+').map_or((plain.as_str(), false), |digits| (digits, true));
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(AccountError::PromptPay);
        }
        match digits.len() {
            10 if digits.starts_with('0') && !is_abroad => Ok(PromptPay::Phone(format!("0066{}", &digits[1..]))),
            11 if digits.starts_with("66") => Ok(PromptPay::Phone(format!("00{digits}"))),
            13 if digits.starts_with("0066") => Ok(PromptPay::Phone(digits.to_owned())),
            13 if !is_abroad && ids::check("TH", digits).is_ok() => Ok(PromptPay::TaxId(digits.to_owned())),
            13 => Err(AccountError::TaxId),
            15 if !is_abroad => Ok(PromptPay::Wallet(digits.to_owned())),
            _ => Err(AccountError::PromptPay),
        }
    }

    pub fn digits(&self) -> &str {
        match self {
            PromptPay::Phone(digits) | PromptPay::TaxId(digits) | PromptPay::Wallet(digits) => digits,
        }
    }
}

impl fmt::Display for PromptPay {
    /// As people in Thailand write it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PromptPay::Phone(digits) => {
                let rest = digits.strip_prefix("0066").unwrap_or(digits);
                let (first, last) = rest.split_at(rest.len().min(2));
                let (middle, last) = last.split_at(last.len().min(3));
                write!(f, "0{first}-{middle}-{last}")
            }
            PromptPay::TaxId(digits) | PromptPay::Wallet(digits) => f.write_str(digits),
        }
    }
}

/// What an account is known by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Number {
    Iban { iban: Iban, bic: Option<Bic> },
    PromptPay(PromptPay),
}

/// An account that money can be sent to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Whose it is, as the bank knows them.
    pub holder: String,
    pub number: Number,
}

impl Account {
    /// The account if a SEPA transfer reaches it.
    pub(super) fn sepa(&self) -> Option<(&Iban, Option<&Bic>)> {
        match &self.number {
            Number::Iban { iban, bic } if iban.is_in_sepa() => Some((iban, bic.as_ref())),
            _ => None,
        }
    }
}

//! What stands in a payment code: the text a bank's app scans to fill in a transfer.
//!
//! - euros into SEPA: EPC069-12, version 002 in UTF-8
//! - baht by PromptPay: EMV merchant-presented QR with the Bank of Thailand's application id
//!
//! For anything else banks agree on nothing, and there is no code.

use std::fmt::Write as _;

use super::account::{Account, Number, PromptPay};

/// The most an EPC code may ask for: €999,999,999.99.
const MOST_EPC_MINOR: i64 = 99_999_999_999;
/// Letters of the holder's name in one.
const MOST_EPC_NAME: usize = 70;

/// The code that asks for an amount above zero; `None`: there is none for this account, currency or amount. PromptPay has no room for a
/// reference that every bank hands on: it goes by the amount alone.
pub fn payment_code(account: &Account, currency: &str, amount_minor: i64, reference: &str) -> Option<String> {
    if amount_minor <= 0 {
        return None;
    }
    match (currency, &account.number) {
        ("EUR", Number::Iban { .. }) => epc(account, amount_minor, reference),
        ("THB", Number::PromptPay(id)) => Some(promptpay(id, amount_minor)),
        _ => None,
    }
}

fn epc(account: &Account, amount_minor: i64, reference: &str) -> Option<String> {
    let (iban, bic) = account.sepa()?;
    if amount_minor > MOST_EPC_MINOR {
        return None;
    }
    let holder: String = account.holder.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(MOST_EPC_NAME).collect();
    let bic = bic.map_or("", |bic| bic.text());
    // Service, version, UTF-8, credit transfer; then bank, holder, account, amount; no purpose; the reference.
    Some(format!("BCD\n002\n1\nSCT\n{bic}\n{holder}\n{}\nEUR{}\n\n{reference}", iban.text(), in_hundredths(amount_minor)))
}

fn promptpay(id: &PromptPay, amount_minor: i64) -> String {
    let kind = match id {
        PromptPay::Phone(_) => "01",
        PromptPay::TaxId(_) => "02",
        PromptPay::Wallet(_) => "03",
    };
    let payee = [field("00", "A000000677010111"), field(kind, id.digits())].concat();
    let mut code = [
        field("00", "01"),
        // Good for one payment.
        field("01", "12"),
        field("29", &payee),
        field("58", "TH"),
        field("53", "764"),
        field("54", &in_hundredths(amount_minor)),
        "6304".to_owned(),
    ]
    .concat();
    let sum = crc16(code.bytes());
    let _ = write!(code, "{sum:04X}");
    code
}

/// A field of an EMV code: its id, its length, what it holds.
fn field(id: &str, value: &str) -> String {
    format!("{id}{:02}{value}", value.len())
}

fn in_hundredths(amount_minor: i64) -> String {
    format!("{}.{:02}", amount_minor / 100, amount_minor % 100)
}

/// CRC-16/CCITT-FALSE, as EMV codes end with.
fn crc16(bytes: impl Iterator<Item = u8>) -> u16 {
    bytes.fold(0xFFFF, |sum, byte| (0..8).fold(sum ^ (u16::from(byte) << 8), |sum, _| if sum & 0x8000 == 0 { sum << 1 } else { (sum << 1) ^ 0x1021 }))
}

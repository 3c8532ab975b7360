//! Double entry: what each money event posts to which account.
//!
//! Debit is positive; the entries of every posting sum to zero. Revenue is credited gross of discount and discounts are debited,
//! so that both can be read off. What deliberately does not live here: storing entries and summing accounts.

use serde::{Deserialize, Serialize};

use crate::{Result, correction::CorrectionError, invoice::Document, money, tax::PricesTax};

/// The accounts of a vendor's book, in one currency each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Account {
    /// What customers owe.
    Receivable,
    Cash,
    Revenue,
    Tax,
    /// What the vendor owes customers: balances, as a negative (credit) sum.
    CustomerBalance,
    Discounts,
    WriteOffs,
    Rounding,
    /// Tax that customers withheld: paid to their tax office in the vendor's name, and the vendor's to reclaim there.
    TaxWithheld,
    /// Paid, and taken back by customers' banks until a dispute is decided.
    Disputed,
}

impl Account {
    pub const ALL: [Self; 10] = [
        Self::Receivable,
        Self::Cash,
        Self::Revenue,
        Self::Tax,
        Self::CustomerBalance,
        Self::Discounts,
        Self::WriteOffs,
        Self::Rounding,
        Self::TaxWithheld,
        Self::Disputed,
    ];
}

/// One side of a posting, in minor units of the posting's currency; debit positive. Zero amounts are not posted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Entry {
    pub account: Account,
    pub amount_minor: i64,
}

/// An invoice was issued: the customer owes its total.
pub fn invoice_issued(document: &Document) -> Result<Vec<Entry>> {
    let mut entries = vec![Entry { account: Account::Receivable, amount_minor: document.total_minor }];
    entries.extend(earned(document)?);
    Ok(posted(entries))
}

/// A credit note was issued (its total is negative): `to_receivable_minor` (positive) of it lowers what is owed, the rest goes to
/// the balance. A refund lowers what is owed by all of it, before [`refund_paid`] pays that back.
pub fn credit_note_issued(document: &Document, to_receivable_minor: i64) -> Result<Vec<Entry>> {
    let size = money::neg(document.total_minor)?;
    if !(0..=size).contains(&to_receivable_minor) {
        return Err(CorrectionError::MoreThanLeft { asked_minor: to_receivable_minor, left_minor: size }.into());
    }
    let to_balance = money::sub(size, to_receivable_minor)?;
    let mut entries = vec![
        Entry { account: Account::Receivable, amount_minor: money::neg(to_receivable_minor)? },
        Entry { account: Account::CustomerBalance, amount_minor: money::neg(to_balance)? },
    ];
    entries.extend(earned(document)?);
    Ok(posted(entries))
}

pub fn payment_received(amount_minor: i64) -> Result<Vec<Entry>> {
    transfer(Account::Cash, Account::Receivable, amount_minor)
}

/// A payment turned out to have gone back: the customer owes it again.
pub fn payment_taken_back(amount_minor: i64) -> Result<Vec<Entry>> {
    transfer(Account::Receivable, Account::Cash, amount_minor)
}

pub fn balance_applied(amount_minor: i64) -> Result<Vec<Entry>> {
    transfer(Account::CustomerBalance, Account::Receivable, amount_minor)
}

/// A credit given without a document, for goodwill: a discount granted ahead of the invoice it will pay.
pub fn balance_granted(amount_minor: i64) -> Result<Vec<Entry>> {
    transfer(Account::Discounts, Account::CustomerBalance, amount_minor)
}

/// A customer paid into the balance.
pub fn balance_topped_up(amount_minor: i64) -> Result<Vec<Entry>> {
    transfer(Account::Cash, Account::CustomerBalance, amount_minor)
}

/// What had been paid into the balance goes back, or turned out to have gone back.
pub fn balance_top_up_taken_back(amount_minor: i64) -> Result<Vec<Entry>> {
    transfer(Account::CustomerBalance, Account::Cash, amount_minor)
}

/// Credit that was given on top of what a customer paid in is taken back with that: the discount it would have been is none.
pub fn granted_taken_back(amount_minor: i64) -> Result<Vec<Entry>> {
    transfer(Account::CustomerBalance, Account::Discounts, amount_minor)
}

/// Credit that was given away expired unused: the discount it would have been is none.
pub fn granted_expired(amount_minor: i64) -> Result<Vec<Entry>> {
    transfer(Account::CustomerBalance, Account::Discounts, amount_minor)
}

/// Credit that was paid for expired unused: what the customer paid is earned, untaxed as it came in.
pub fn paid_expired(amount_minor: i64) -> Result<Vec<Entry>> {
    transfer(Account::CustomerBalance, Account::Revenue, amount_minor)
}

pub fn refund_paid(amount_minor: i64) -> Result<Vec<Entry>> {
    transfer(Account::Receivable, Account::Cash, amount_minor)
}

/// A refund that could not go back: the money is here still, and is the customer's.
pub fn refund_kept(amount_minor: i64) -> Result<Vec<Entry>> {
    transfer(Account::Cash, Account::CustomerBalance, amount_minor)
}

/// A customer kept back tax of what it paid.
pub fn tax_withheld(amount_minor: i64) -> Result<Vec<Entry>> {
    transfer(Account::TaxWithheld, Account::Receivable, amount_minor)
}

/// It turned out not to have: the customer owes it.
pub fn tax_withheld_taken_back(amount_minor: i64) -> Result<Vec<Entry>> {
    transfer(Account::Receivable, Account::TaxWithheld, amount_minor)
}

/// What a customer owes is not asked for any more: it is lost with its tax, which is not reclaimed by that.
pub fn written_off(amount_minor: i64) -> Result<Vec<Entry>> {
    transfer(Account::WriteOffs, Account::Receivable, amount_minor)
}

/// It is owed again, for it came after all, was credited, or is asked for.
pub fn write_off_taken_back(amount_minor: i64) -> Result<Vec<Entry>> {
    transfer(Account::Receivable, Account::WriteOffs, amount_minor)
}

/// A customer's bank took a payment back, to decide whose it is.
pub fn payment_disputed(amount_minor: i64) -> Result<Vec<Entry>> {
    transfer(Account::Disputed, Account::Cash, amount_minor)
}

/// What was left in the balance of what a disputed payment paid in is held back.
pub fn disputed_credit_held(amount_minor: i64) -> Result<Vec<Entry>> {
    transfer(Account::CustomerBalance, Account::Disputed, amount_minor)
}

/// It is the customer's to use again: the payment stands.
pub fn disputed_credit_let_go(amount_minor: i64) -> Result<Vec<Entry>> {
    transfer(Account::Disputed, Account::CustomerBalance, amount_minor)
}

/// It is the vendor's.
pub fn dispute_won(amount_minor: i64) -> Result<Vec<Entry>> {
    transfer(Account::Cash, Account::Disputed, amount_minor)
}

/// It is the customer's, who owes it again.
pub fn dispute_lost(amount_minor: i64) -> Result<Vec<Entry>> {
    transfer(Account::Receivable, Account::Disputed, amount_minor)
}

/// It is the customer's, and the vendor asks for it no more.
pub fn dispute_written_off(amount_minor: i64) -> Result<Vec<Entry>> {
    transfer(Account::WriteOffs, Account::Disputed, amount_minor)
}

fn transfer(debit: Account, credit: Account, amount_minor: i64) -> Result<Vec<Entry>> {
    Ok(posted(vec![Entry { account: debit, amount_minor }, Entry { account: credit, amount_minor: money::neg(amount_minor)? }]))
}

/// The side of a document that is not the customer's: revenue gross of discount and net of tax, discount, tax, rounding. On a
/// credit note all amounts are negative and the same postings turn round.
fn earned(document: &Document) -> Result<[Entry; 4]> {
    let tax_inside = match document.prices {
        PricesTax::Exclusive => 0,
        PricesTax::Inclusive => document.tax_total_minor,
    };
    let revenue = money::sub(document.subtotal_minor, tax_inside)?;
    Ok([
        Entry { account: Account::Discounts, amount_minor: document.discount_minor },
        Entry { account: Account::Revenue, amount_minor: money::neg(revenue)? },
        Entry { account: Account::Tax, amount_minor: money::neg(document.tax_total_minor)? },
        Entry { account: Account::Rounding, amount_minor: money::neg(document.rounding_minor)? },
    ])
}

fn posted(entries: Vec<Entry>) -> Vec<Entry> {
    entries.into_iter().filter(|entry| entry.amount_minor != 0).collect()
}

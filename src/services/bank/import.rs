//! A statement taken in: read whole before anything is written, then each entry once, with what it pays, in a transaction of its own. The same
//! statement again, or one that overlaps, adds nothing; one whose import died is gone on with by importing it again.

use std::collections::BTreeMap;

use billing::transfer::{Iban, Number, PromptPay};
use sha2::{Digest, Sha256};
use sqlx::FromRow;

use super::accounts::{BankAccount, accounts};
use super::entries::{Entry, EntryStatus, Reason, load_entry};
use super::matching::{count, give_up};
use super::statement::{self, Booked, Format, Mistake};
use super::transfers::set_status;
use crate::platform::keys::hex;
use crate::sentence;
use crate::services::payments::Errand;
use crate::services::{Desk, Refusal};

/// What an import came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Import {
    /// Entries that were known already.
    pub known: usize,
    /// Entries that are new, as they stand now.
    pub new: Vec<Entry>,
}

/// Why nothing was written.
#[derive(Debug)]
pub enum ImportError {
    /// The statement is none, or not of this vendor.
    Mistakes(Vec<Mistake>),
    Refused(Refusal),
}

impl From<Refusal> for ImportError {
    fn from(refusal: Refusal) -> ImportError {
        ImportError::Refused(refusal)
    }
}

/// Takes in a statement; without a format, by what it looks like.
pub async fn import(errand: &Errand, format: Option<Format>, text: &str) -> Result<Import, ImportError> {
    let booked = statement::read(format.unwrap_or_else(|| Format::of(text)), text).map_err(ImportError::Mistakes)?;
    let accounts = accounts(&mut errand.reads().await.map_err(Refusal::from)?).await?;
    let mut mistakes = Vec::new();
    let mut placed = Vec::new();
    for one in booked {
        match account_of(&one, &accounts) {
            Some(account) => placed.push((account, one)),
            None => {
                let account = one.account.clone().unwrap_or_default();
                let what = match account.is_empty() {
                    true => sentence!("bank-statement-no-account-of-currency", currency = &one.currency),
                    false => sentence!("bank-statement-other-account", account = account, currency = &one.currency),
                };
                mistakes.push(Mistake { place: one.place.clone(), what });
            }
        }
    }
    if !mistakes.is_empty() {
        return Err(ImportError::Mistakes(mistakes));
    }
    let mut came = Import::default();
    for (fingerprint, account, one) in fingerprinted(placed) {
        let mut desk = errand.writes().await.map_err(Refusal::from)?;
        match take_in(&mut desk, &fingerprint, &account, &one).await? {
            Some(entry) => came.new.push(entry),
            None => came.known += 1,
        }
        desk.commit().await.map_err(Refusal::from)?;
    }
    Ok(came)
}

/// The number of the vendor's account that an entry was booked on; `None`: it is none of the vendor's.
fn account_of(booked: &Booked, accounts: &[BankAccount]) -> Option<String> {
    let number = |of: &BankAccount| match &of.account.number {
        Number::Iban { iban, .. } => iban.text().to_owned(),
        Number::PromptPay(id) => id.digits().to_owned(),
    };
    let of_currency = accounts.iter().find(|account| account.currency == booked.currency).map(number)?;
    let told = match &booked.account {
        None => return Some(of_currency),
        Some(told) => Iban::parse(told).map(|iban| iban.text().to_owned()).or_else(|_| PromptPay::parse(told).map(|id| id.digits().to_owned())).ok()?,
    };
    (told == of_currency).then_some(told)
}

/// What makes each entry the one it is: the bank's own reference, where it has one that no other of the statement has; else all it says, and
/// the how-manieth alike it is.
fn fingerprinted(placed: Vec<(String, Booked)>) -> Vec<(String, String, Booked)> {
    let mut references: BTreeMap<(String, String), usize> = BTreeMap::new();
    for (account, one) in &placed {
        if let Some(reference) = &one.bank_reference {
            *references.entry((account.clone(), reference.clone())).or_default() += 1;
        }
    }
    let mut alike: BTreeMap<String, usize> = BTreeMap::new();
    let print = |(account, one): (String, Booked)| {
        let own = one.bank_reference.as_ref().filter(|reference| references.get(&(account.clone(), (*reference).clone())) == Some(&1));
        let fingerprint = match own {
            Some(reference) => format!("{account} {} {reference}", one.booked_on),
            None => {
                let mut hash = Sha256::new();
                let (day, amount) = (one.booked_on.to_string(), one.amount_minor.to_string());
                let optional = [&one.bank_reference, &one.end_to_end, &one.returns, &one.payer_name, &one.payer_account];
                let optional = optional.map(|text| text.clone().unwrap_or_default());
                let told = [account.as_str(), &day, &amount, &one.currency, &one.text];
                for text in told.into_iter().chain(optional.iter().map(String::as_str)) {
                    hash.update(text.as_bytes());
                    hash.update([0]);
                }
                let said = hex(&hash.finalize());
                let before = alike.entry(said.clone()).or_default();
                *before += 1;
                format!("{account} {day} {said} {before}")
            }
        };
        (fingerprint, account, one)
    };
    placed.into_iter().map(print).collect()
}

/// Writes an entry and counts it; `None`: it is known.
async fn take_in(desk: &mut Desk, fingerprint: &str, account: &str, booked: &Booked) -> Result<Option<Entry>, Refusal> {
    let id = desk.new_id("ben");
    let written = desk
        .tx
        .run(
            "INSERT INTO bank_entries (vendor_id, id, fingerprint, account, currency, amount_minor, booked_on, bank_reference, end_to_end, payer_name, payer_account, text,
                status, reason, imported_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 'unmatched', $13, $14) ON CONFLICT (vendor_id, fingerprint) DO NOTHING",
            (
                desk.vendor.id.clone(), id.clone(), fingerprint.to_owned(), account.to_owned(), booked.currency.clone(), booked.amount_minor, booked.booked_on.to_string(),
                booked.bank_reference.clone(), booked.end_to_end.clone(), booked.payer_name.clone(), booked.payer_account.clone(), booked.text.clone(),
                Reason::NoReference.name(), desk.now.wall_ms(),
            ),
        )
        .await?;
    if written == 0 {
        return Ok(None);
    }
    let entry = load_entry(desk, &id).await?;
    let counted = if entry.amount_minor > 0 { count(desk, &entry).await? } else { find_returned(desk, &entry, booked).await? };
    if let Err(reason) = counted {
        set_status(desk, &id, EntryStatus::Unmatched(reason)).await?;
    }
    load_entry(desk, &id).await.map(Some)
}

#[derive(FromRow)]
struct ReturnedRow {
    id: String,
    is_used: bool,
}

/// Money that went back: what it had paid is due again, where the bank says which money it was.
async fn find_returned(desk: &mut Desk, entry: &Entry, booked: &Booked) -> Result<Result<(), Reason>, Refusal> {
    let came_minor = billing::money::neg(entry.amount_minor).map_err(billing::Error::from)?;
    let found: Vec<ReturnedRow> = desk
        .tx
        .all(
            "SELECT e.id, EXISTS (SELECT 1 FROM transfers t JOIN balance_credits b ON b.vendor_id = t.vendor_id AND b.source_id = t.id
                    JOIN allocations a ON a.vendor_id = b.vendor_id AND a.balance_credit_id = b.id
                    WHERE t.vendor_id = e.vendor_id AND t.entry_id = e.id AND t.taken_back_at IS NULL) AS is_used
             FROM bank_entries e WHERE e.vendor_id = $1 AND e.account = $2 AND e.currency = $3 AND e.amount_minor = $4 AND e.status <> 'returned'
                AND (e.bank_reference = $5 OR e.end_to_end = $6) ORDER BY e.id LIMIT 2",
            (
                desk.vendor.id.clone(),
                entry.account.clone(),
                entry.currency.clone(),
                came_minor,
                booked.returns.clone().unwrap_or_default(),
                booked.end_to_end.clone().unwrap_or_default(),
            ),
        )
        .await?;
    match found.as_slice() {
        [one] if one.is_used => Ok(Err(Reason::OverpaymentUsed)),
        [one] => {
            let original = load_entry(desk, &one.id).await?;
            give_up(desk, &original, entry).await.map(Ok)
        }
        _ => Ok(Err(Reason::UnknownReturn)),
    }
}

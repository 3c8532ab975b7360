//! Entries: what statements told of the vendor's accounts, read back, and for one that nothing was done of, why and which invoice it may be for.

use billing::calendar::Instant;
use chrono::NaiveDate;
use sqlx::FromRow;

use crate::platform::clock::from_ms;
use crate::sentence;
use crate::services::{Desk, Refusal};
use crate::words::Sentence;

/// Invoices that are proposed for one entry.
const MOST_PROPOSALS: usize = 5;

/// Why nothing was done of an entry by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    NoReference,
    /// One with right check digits that no invoice has.
    UnknownReference,
    /// An invoice's number without check digits, and an amount that is not its.
    OtherAmount,
    SeveralCustomers,
    OtherCurrency,
    /// Money that went back, of which it is not known what it had paid.
    UnknownReturn,
    /// What went back had overpaid, and invoices have used that since.
    OverpaymentUsed,
    /// Somebody took back what had been done of it.
    TakenBack,
}

impl Reason {
    const ALL: [Reason; 8] = [
        Reason::NoReference,
        Reason::UnknownReference,
        Reason::OtherAmount,
        Reason::SeveralCustomers,
        Reason::OtherCurrency,
        Reason::UnknownReturn,
        Reason::OverpaymentUsed,
        Reason::TakenBack,
    ];

    /// As columns and the interface have it.
    pub fn name(self) -> &'static str {
        match self {
            Reason::NoReference => "no_reference",
            Reason::UnknownReference => "unknown_reference",
            Reason::OtherAmount => "other_amount",
            Reason::SeveralCustomers => "several_customers",
            Reason::OtherCurrency => "other_currency",
            Reason::UnknownReturn => "unknown_return",
            Reason::OverpaymentUsed => "overpayment_used",
            Reason::TakenBack => "taken_back",
        }
    }

    fn from_name(name: &str) -> Option<Reason> {
        Reason::ALL.into_iter().find(|reason| reason.name() == name)
    }

    pub fn sentence(self) -> Sentence {
        match self {
            Reason::NoReference => sentence!("entry-no-reference"),
            Reason::UnknownReference => sentence!("entry-unknown-reference"),
            Reason::OtherAmount => sentence!("entry-other-amount"),
            Reason::SeveralCustomers => sentence!("entry-several-customers"),
            Reason::OtherCurrency => sentence!("entry-other-currency"),
            Reason::UnknownReturn => sentence!("entry-unknown-return"),
            Reason::OverpaymentUsed => sentence!("entry-overpayment-used"),
            Reason::TakenBack => sentence!("entry-taken-back"),
        }
    }
}

/// What an entry's state comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryStatus {
    Unmatched(Reason),
    Matched,
    /// It came in and the bank took it back.
    Returned,
}

impl EntryStatus {
    pub fn name(self) -> &'static str {
        match self {
            EntryStatus::Unmatched(_) => "unmatched",
            EntryStatus::Matched => "matched",
            EntryStatus::Returned => "returned",
        }
    }
}

/// One entry. Columns as in `migrations/0099_bank.sql`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub id: String,
    pub account: String,
    pub currency: String,
    /// Below zero: money that went back.
    pub amount_minor: i64,
    pub booked_on: NaiveDate,
    /// Of one that is matched: the moment it is posted at, which is later than its day where the books were closed.
    pub posted_at: Option<Instant>,
    pub bank_reference: Option<String>,
    pub payer_name: Option<String>,
    pub payer_account: Option<String>,
    pub text: String,
    pub status: EntryStatus,
}

/// What an entry (`e`) is read from.
macro_rules! entry_columns {
    () => {
        "e.id, e.account, e.currency, e.amount_minor, e.booked_on, e.bank_reference, e.payer_name, e.payer_account, e.text, e.status, e.reason,
            (SELECT t.posted_at FROM transfers t WHERE t.vendor_id = e.vendor_id AND t.entry_id = e.id AND t.taken_back_at IS NULL) AS posted_at"
    };
}

#[derive(FromRow)]
struct EntryRow {
    id: String,
    account: String,
    currency: String,
    amount_minor: i64,
    booked_on: String,
    posted_at: Option<i64>,
    bank_reference: Option<String>,
    payer_name: Option<String>,
    payer_account: Option<String>,
    text: String,
    status: String,
    reason: Option<String>,
}

impl TryFrom<EntryRow> for Entry {
    type Error = Refusal;
    fn try_from(row: EntryRow) -> Result<Entry, Refusal> {
        let status = match (row.status.as_str(), row.reason.as_deref().and_then(Reason::from_name)) {
            ("matched", None) => EntryStatus::Matched,
            ("returned", None) => EntryStatus::Returned,
            ("unmatched", Some(reason)) => EntryStatus::Unmatched(reason),
            _ => return Err(Refusal::damaged(format!("bank entry {}", row.id))),
        };
        Ok(Entry {
            booked_on: row.booked_on.parse().map_err(Refusal::damaged)?,
            posted_at: row.posted_at.map(from_ms),
            status,
            id: row.id,
            account: row.account,
            currency: row.currency,
            amount_minor: row.amount_minor,
            bank_reference: row.bank_reference,
            payer_name: row.payer_name,
            payer_account: row.payer_account,
            text: row.text,
        })
    }
}

/// The entry, or [`Refusal::NotFound`].
pub async fn load_entry(desk: &mut Desk, entry_id: &str) -> Result<Entry, Refusal> {
    let row: Option<EntryRow> = desk
        .tx
        .opt(concat!("SELECT ", entry_columns!(), " FROM bank_entries e WHERE e.vendor_id = $1 AND e.id = $2"), (desk.vendor.id.clone(), entry_id.to_owned()))
        .await?;
    row.ok_or(Refusal::NotFound)?.try_into()
}

/// Which entries are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    All,
    Unmatched,
    Matched,
    Returned,
}

/// Entries, the last told first, from before the one of that id; empty: from the last.
pub async fn entries(desk: &mut Desk, which: Which, before: &str, at_most: i64) -> Result<Vec<Entry>, Refusal> {
    let status = match which {
        Which::All => "",
        Which::Unmatched => "unmatched",
        Which::Matched => "matched",
        Which::Returned => "returned",
    };
    let rows: Vec<EntryRow> = desk
        .tx
        .all(
            concat!(
                "SELECT ",
                entry_columns!(),
                " FROM bank_entries e WHERE e.vendor_id = $1 AND ($2 = '' OR e.status = $2) AND ($3 = '' OR e.id < $3) ORDER BY e.id DESC LIMIT $4 + 0"
            ),
            (desk.vendor.id.clone(), status, before.to_owned(), at_most),
        )
        .await?;
    rows.into_iter().map(Entry::try_from).collect()
}

/// An invoice that an entry may be for: its amount is due, and its customer is known by the payer's name or account. Nobody but a person
/// decides by that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    pub invoice_id: String,
    pub invoice_number: String,
    pub customer_id: String,
    pub customer_name: String,
}

#[derive(FromRow)]
struct ProposalRow {
    invoice_id: String,
    invoice_number: String,
    customer_id: String,
    customer_name: String,
    legal_name: String,
    has_paid_from: bool,
}

/// What an unmatched entry may be for, the first due first.
pub async fn proposals(desk: &mut Desk, entry: &Entry) -> Result<Vec<Proposal>, Refusal> {
    if !matches!(entry.status, EntryStatus::Unmatched(_)) || entry.amount_minor <= 0 {
        return Ok(Vec::new());
    }
    let rows: Vec<ProposalRow> = desk
        .tx
        .all(
            "SELECT i.id AS invoice_id, i.number AS invoice_number, c.id AS customer_id, c.name AS customer_name, c.legal_name,
                EXISTS (SELECT 1 FROM transfers t JOIN bank_entries e ON e.vendor_id = t.vendor_id AND e.id = t.entry_id
                    WHERE t.vendor_id = c.vendor_id AND t.customer_id = c.id AND e.payer_account = $4) AS has_paid_from
             FROM invoices i JOIN customers c ON c.vendor_id = i.vendor_id AND c.id = i.customer_id
             WHERE i.vendor_id = $1 AND i.settled_at IS NULL AND i.ended_as IS NULL AND i.currency = $2
                AND i.total_minor - CAST(COALESCE((SELECT SUM(a.amount_minor) FROM allocations a WHERE a.vendor_id = i.vendor_id AND a.invoice_id = i.id), 0) AS BIGINT) = $3
             ORDER BY i.due_at, i.id",
            (desk.vendor.id.clone(), entry.currency.clone(), entry.amount_minor, entry.payer_account.clone().unwrap_or_default()),
        )
        .await?;
    let payer = entry.payer_name.as_deref().map(plain).filter(|name| !name.is_empty());
    let is_named = |row: &ProposalRow| payer.as_ref().is_some_and(|payer| [&row.customer_name, &row.legal_name].into_iter().any(|name| *payer == plain(name)));
    let is_known = |row: &ProposalRow| row.has_paid_from || is_named(row);
    let proposed = rows.into_iter().filter(is_known).take(MOST_PROPOSALS);
    Ok(proposed
        .map(|row| Proposal { invoice_id: row.invoice_id, invoice_number: row.invoice_number, customer_id: row.customer_id, customer_name: row.customer_name })
        .collect())
}

/// A name as banks may have changed it: without accents, case, blanks and points.
fn plain(name: &str) -> String {
    use unicode_normalization::UnicodeNormalization as _;
    name.nfd().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

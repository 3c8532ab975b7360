//! A customer's balance: credits the vendor owes, used by later invoices: what expires soonest first, then the oldest. What is left of a
//! credit is its amount less the allocations that used it, less what expired, and less what went back.
//!
//! - `expire`: what is not used in time, and telling of it ahead
//! - `returned`: what leaves because the money it was paid with goes back
//! - `statement`: every movement, and what was left after it; `paper` prints it
//!
//! What deliberately does not live here: the order of use (`billing::settlement`), and paying into it (`purchases`).

mod expire;
pub mod paper;
mod returned;
mod statement;

use billing::calendar::Instant;
use billing::ledger;
use billing::settlement::BalanceCredit;
use serde_json::json;
use sqlx::FromRow;

use crate::platform::clock::from_ms;
use crate::sentence;
use crate::services::invoices::MOST_DESCRIPTION;
use crate::services::{Desk, Refusal, ledger as books};

pub(crate) use expire::expire;
pub use expire::{EXPIRY_TOLD_AHEAD, Expiring, expiring, note_expiring};
pub(crate) use returned::{With, left_of_purchase, take_out, taken_out_with};
pub use statement::{Entry, Statement, What, statement};

/// Where a credit came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    CreditNote,
    Granted,
    TopUp,
    /// Given on top of what was paid.
    Bonus,
    /// A payment for what turned out not to be owed any more.
    Overpayment,
}

impl Source {
    fn name(self) -> &'static str {
        match self {
            Source::CreditNote => "credit_note",
            Source::Granted => "granted",
            Source::TopUp => "top_up",
            Source::Bonus => "bonus",
            Source::Overpayment => "overpayment",
        }
    }
}

#[derive(FromRow)]
struct CreditRow {
    id: String,
    left_minor: i64,
    expires_at: Option<i64>,
}

/// A credit and what is left of it, for people.
#[derive(Clone, Debug, PartialEq, FromRow)]
pub struct Credit {
    pub id: String,
    pub currency: String,
    pub amount_minor: i64,
    pub left_minor: i64,
    pub source: String,
    pub description: String,
    pub created_at: i64,
    /// Billing time from which nothing is left of it.
    pub expires_at: Option<i64>,
    /// What had not been used by then.
    pub expired_minor: i64,
}

impl Credit {
    pub fn created(&self) -> Instant {
        from_ms(self.created_at)
    }
}

/// What of a credit (`b`) is left.
macro_rules! left_of_credit {
    () => {
        "b.amount_minor - b.expired_minor
            - CAST(COALESCE((SELECT SUM(a.amount_minor) FROM allocations a WHERE a.vendor_id = b.vendor_id AND a.balance_credit_id = b.id), 0) AS BIGINT)
            - CAST(COALESCE((SELECT SUM(r.amount_minor) FROM balance_returns r WHERE r.vendor_id = b.vendor_id AND r.balance_credit_id = b.id), 0) AS BIGINT) AS left_minor"
    };
}
use left_of_credit;

/// What is left in a currency, the oldest credit first.
pub async fn left(desk: &mut Desk, customer_id: &str, currency: &str) -> Result<Vec<BalanceCredit>, Refusal> {
    let rows: Vec<CreditRow> = desk
        .tx
        .all(
            concat!(
                "SELECT b.id, b.expires_at, ",
                left_of_credit!(),
                " FROM balance_credits b WHERE b.vendor_id = $1 AND b.customer_id = $2 AND b.currency = $3 AND b.used_up_at IS NULL ORDER BY b.created_at, b.id"
            ),
            (desk.vendor.id.clone(), customer_id.to_owned(), currency.to_owned()),
        )
        .await?;
    Ok(rows.into_iter().map(|row| BalanceCredit { reference: row.id, left_minor: row.left_minor, expires_at: row.expires_at.map(from_ms) }).collect())
}

/// The customer's balance in a currency.
pub async fn total(desk: &mut Desk, customer_id: &str, currency: &str) -> Result<i64, Refusal> {
    let credits = left(desk, customer_id, currency).await?;
    Ok(billing::money::sum(credits.iter().map(|credit| credit.left_minor)).map_err(billing::Error::from)?)
}

/// Every credit a customer ever had, the newest first.
pub async fn history(desk: &mut Desk, customer_id: &str) -> Result<Vec<Credit>, Refusal> {
    Ok(desk
        .tx
        .all(
            concat!(
                "SELECT b.id, b.currency, b.amount_minor, b.source, b.description, b.created_at, b.expires_at, b.expired_minor, ",
                left_of_credit!(),
                " FROM balance_credits b WHERE b.vendor_id = $1 AND b.customer_id = $2 ORDER BY b.created_at DESC, b.id DESC"
            ),
            (desk.vendor.id.clone(), customer_id.to_owned()),
        )
        .await?)
}

/// Puts a credit that lasts into the balance; its id. Its ledger entries are the caller's: they depend on where it came from.
pub(crate) async fn put(
    desk: &mut Desk,
    customer_id: &str,
    currency: &str,
    amount_minor: i64,
    source: Source,
    source_id: Option<&str>,
    description: &str,
) -> Result<String, Refusal> {
    let new = NewCredit { customer_id, currency, amount_minor, source, source_id, description, expires_at: None };
    put_until(desk, &new).await
}

/// A credit to be.
pub(crate) struct NewCredit<'a> {
    pub customer_id: &'a str,
    pub currency: &'a str,
    pub amount_minor: i64,
    pub source: Source,
    pub source_id: Option<&'a str>,
    pub description: &'a str,
    pub expires_at: Option<Instant>,
}

/// The same of one that may expire. Only what was granted or paid in may: what a customer is owed stays theirs.
pub(crate) async fn put_until(desk: &mut Desk, new: &NewCredit<'_>) -> Result<String, Refusal> {
    let id = desk.new_id("bal");
    let row = (
        desk.vendor.id.clone(),
        id.clone(),
        new.customer_id.to_owned(),
        new.currency.to_owned(),
        new.amount_minor,
        new.source.name(),
        new.source_id.map(str::to_owned),
        new.description.to_owned(),
        desk.now.billing_ms(),
        new.expires_at.map(|at| at.timestamp_millis()),
    );
    desk.tx
        .run(
            "INSERT INTO balance_credits (vendor_id, id, customer_id, currency, amount_minor, source, source_id, description, created_at, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            row,
        )
        .await?;
    touch(desk, new.customer_id).await?;
    Ok(id)
}

/// Notes whether a credit has nothing left.
pub(crate) async fn mark_used(desk: &mut Desk, credit_id: &str) -> Result<(), Refusal> {
    desk.tx
        .run(
            "UPDATE balance_credits SET used_up_at = CASE
                WHEN amount_minor <= (SELECT COALESCE(SUM(a.amount_minor), 0) FROM allocations a WHERE a.vendor_id = $1 AND a.balance_credit_id = $2)
                    + (SELECT COALESCE(SUM(r.amount_minor), 0) FROM balance_returns r WHERE r.vendor_id = $1 AND r.balance_credit_id = $2) THEN $3 END
             WHERE vendor_id = $1 AND id = $2 AND expired_minor = 0",
            (desk.vendor.id.clone(), credit_id.to_owned(), desk.now.billing_ms()),
        )
        .await?;
    Ok(())
}

/// Open quotes count on the balance they saw.
pub(crate) async fn touch(desk: &mut Desk, customer_id: &str) -> Result<(), Refusal> {
    desk.forget_foreseen();
    desk.tx.run("UPDATE customers SET version = version + 1 WHERE vendor_id = $1 AND id = $2", (desk.vendor.id.clone(), customer_id.to_owned())).await?;
    Ok(())
}

/// Gives a customer credit for goodwill, which from `expires_at` on is gone.
pub async fn grant(
    desk: &mut Desk,
    customer_id: &str,
    currency: &str,
    amount_minor: i64,
    description: &str,
    expires_at: Option<Instant>,
) -> Result<String, Refusal> {
    if amount_minor <= 0 {
        return Err(Refusal::Rule(sentence!("refusal-credit-not-positive")));
    }
    if description.chars().count() > MOST_DESCRIPTION {
        return Err(Refusal::field("description", sentence!("refusal-shorten", most = MOST_DESCRIPTION)));
    }
    crate::services::customers::hold(desk, customer_id).await?;
    if expires_at.is_some_and(|at| at <= desk.now.billing) {
        return Err(Refusal::field("expires_at", sentence!("refusal-credit-expires-before")));
    }
    let new = NewCredit { customer_id, currency, amount_minor, source: Source::Granted, source_id: None, description, expires_at };
    let id = put_until(desk, &new).await?;
    books::post(desk, customer_id, currency, &id, &ledger::balance_granted(amount_minor)?).await?;
    let data = json!({ "amount_minor": amount_minor, "currency": currency, "description": description, "expires_at": expires_at });
    desk.record("balance.granted", Some(customer_id), &id, data).await?;
    Ok(id)
}

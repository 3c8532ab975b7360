//! A customer's balance: credits the vendor owes, used by later invoices, the oldest first. What is left of a credit is its amount
//! less the allocations that used it.

use billing::calendar::Instant;
use billing::ledger;
use billing::settlement::BalanceCredit;
use serde_json::json;
use sqlx::FromRow;

use crate::platform::clock::from_ms;
use crate::platform::db::Many;
use crate::sentence;
use crate::services::invoices::MOST_DESCRIPTION;
use crate::services::{Desk, Refusal, ledger as books};

/// Where a credit came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    CreditNote,
    Granted,
    TopUp,
    /// A payment for what turned out not to be owed any more.
    Overpayment,
}

impl Source {
    fn name(self) -> &'static str {
        match self {
            Source::CreditNote => "credit_note",
            Source::Granted => "granted",
            Source::TopUp => "top_up",
            Source::Overpayment => "overpayment",
        }
    }
}

#[derive(FromRow)]
struct CreditRow {
    id: String,
    left_minor: i64,
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
}

impl Credit {
    pub fn created(&self) -> Instant {
        from_ms(self.created_at)
    }
}

/// What is left in a currency, the oldest credit first.
pub async fn left(desk: &mut Desk, customer_id: &str, currency: &str) -> Result<Vec<BalanceCredit>, Refusal> {
    let rows: Vec<CreditRow> = desk
        .tx
        .all(
            "SELECT b.id, b.amount_minor - CAST(COALESCE((SELECT SUM(a.amount_minor) FROM allocations a WHERE a.vendor_id = b.vendor_id AND a.balance_credit_id = b.id), 0) AS BIGINT) AS left_minor
             FROM balance_credits b WHERE b.vendor_id = $1 AND b.customer_id = $2 AND b.currency = $3 AND b.used_up_at IS NULL ORDER BY b.created_at, b.id",
            (desk.vendor.id.clone(), customer_id.to_owned(), currency.to_owned()),
        )
        .await?;
    Ok(rows.into_iter().map(|row| BalanceCredit { reference: row.id, left_minor: row.left_minor }).collect())
}

static WITH_CREDIT: Many = Many {
    before: "SELECT b.customer_id, COUNT(*) FROM (VALUES",
    columns: 2,
    after: ") AS v CROSS JOIN balance_credits b WHERE b.vendor_id = v.column1 AND b.customer_id = v.column2 AND b.used_up_at IS NULL GROUP BY b.customer_id",
    of_each: false,
};

/// Those of some customers that have credits left, and how many.
pub(crate) async fn with_credit(desk: &mut Desk, customer_ids: &[String]) -> Result<Vec<(String, i64)>, Refusal> {
    let rows = desk.each(customer_ids);
    Ok(desk.tx.all_of(&WITH_CREDIT, rows).await?)
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
            "SELECT b.id, b.currency, b.amount_minor, b.source, b.description, b.created_at,
                b.amount_minor - CAST(COALESCE((SELECT SUM(a.amount_minor) FROM allocations a WHERE a.vendor_id = b.vendor_id AND a.balance_credit_id = b.id), 0) AS BIGINT) AS left_minor
             FROM balance_credits b WHERE b.vendor_id = $1 AND b.customer_id = $2 ORDER BY b.created_at DESC, b.id DESC",
            (desk.vendor.id.clone(), customer_id.to_owned()),
        )
        .await?)
}

/// Puts a credit into the balance; its id. Its ledger entries are the caller's: they depend on where it came from.
pub(crate) async fn put(
    desk: &mut Desk,
    customer_id: &str,
    currency: &str,
    amount_minor: i64,
    source: Source,
    source_id: Option<&str>,
    description: &str,
) -> Result<String, Refusal> {
    let id = desk.new_id("bal");
    desk.tx
        .run(
            "INSERT INTO balance_credits (vendor_id, id, customer_id, currency, amount_minor, source, source_id, description, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            (
                desk.vendor.id.clone(), id.clone(), customer_id.to_owned(), currency.to_owned(), amount_minor, source.name(), source_id.map(str::to_owned), description.to_owned(),
                desk.now.billing_ms(),
            ),
        )
        .await?;
    touch(desk, customer_id).await?;
    Ok(id)
}

/// Notes that a credit has nothing left, where that is so.
pub(crate) async fn mark_used(desk: &mut Desk, credit_id: &str) -> Result<(), Refusal> {
    desk.tx
        .run(
            "UPDATE balance_credits SET used_up_at = $3 WHERE vendor_id = $1 AND id = $2
                AND amount_minor <= (SELECT COALESCE(SUM(a.amount_minor), 0) FROM allocations a WHERE a.vendor_id = $1 AND a.balance_credit_id = $2)",
            (desk.vendor.id.clone(), credit_id.to_owned(), desk.now.billing_ms()),
        )
        .await?;
    Ok(())
}

/// Open quotes count on the balance they saw.
pub(crate) async fn touch(desk: &mut Desk, customer_id: &str) -> Result<(), Refusal> {
    desk.tx.run("UPDATE customers SET version = version + 1 WHERE vendor_id = $1 AND id = $2", (desk.vendor.id.clone(), customer_id.to_owned())).await?;
    Ok(())
}

/// Gives a customer credit for goodwill.
pub async fn grant(desk: &mut Desk, customer_id: &str, currency: &str, amount_minor: i64, description: &str) -> Result<String, Refusal> {
    if amount_minor <= 0 {
        return Err(Refusal::Rule(sentence!("refusal-credit-not-positive")));
    }
    if description.chars().count() > MOST_DESCRIPTION {
        return Err(Refusal::field("description", sentence!("refusal-shorten", most = MOST_DESCRIPTION)));
    }
    crate::services::customers::lock(desk, customer_id).await?;
    let id = put(desk, customer_id, currency, amount_minor, Source::Granted, None, description).await?;
    books::post(desk, customer_id, currency, &id, &ledger::balance_granted(amount_minor)?).await?;
    desk.record("balance.granted", Some(customer_id), &id, json!({ "amount_minor": amount_minor, "currency": currency, "description": description })).await?;
    Ok(id)
}

//! Transfers: entries that were counted as a customer's payment. One pays the invoices it names, each as far as it is due; what is over goes
//! into the balance. It is taken back where the bank took the money back, or where somebody had counted it wrongly.
//!
//! It counts as of the day the bank booked it, whenever its statement is taken in: that is the day its invoices are paid on and the day it is
//! posted, or the first the books are open. What follows from it for subscriptions follows when it is counted: nothing is done in the past.

use billing::calendar::{Instant, local_date, midnight};
use billing::dunning::certificate_until;
use billing::{ledger, money};
use chrono::{NaiveDate, TimeDelta};
use serde_json::json;
use sqlx::FromRow;

use super::entries::{Entry, EntryStatus, Reason};
use crate::platform::clock::from_ms;
use crate::sentence;
use crate::services::balance::{self, Source};
use crate::services::invoices::{self, Allocation, MOST_DESCRIPTION};
use crate::services::{Desk, Refusal, customers, dunning, ledger as books};

/// How an entry's money is shared out.
#[derive(Debug)]
pub(super) struct Split {
    pub customer_id: String,
    /// Id and number of each invoice, and what it gets.
    pub parts: Vec<(String, String, i64)>,
    /// Beyond all of them.
    pub over_minor: i64,
    /// Tax the customer kept back of them, by the rate of its country: due until its certificate comes.
    pub withheld_minor: i64,
}

#[derive(FromRow)]
struct TransferRow {
    id: String,
    customer_id: String,
    currency: String,
    amount_minor: i64,
    over_minor: i64,
    received_at: i64,
}

/// Counts an entry as its customer's payment, in the caller's transaction; the customer is locked.
pub(super) async fn receive(desk: &mut Desk, entry: &Entry, split: &Split) -> Result<(), Refusal> {
    let Split { customer_id, parts, over_minor, withheld_minor } = split;
    let id = desk.new_id("trf");
    let at = came_at(desk, entry.booked_on)?;
    let posted_at = books::open_from(desk, at).await?;
    let certificate_until = if *withheld_minor > 0 { awaited_until(desk, customer_id, at).await? } else { None };
    desk.tx
        .run(
            "INSERT INTO transfers (vendor_id, id, entry_id, customer_id, currency, amount_minor, over_minor, withheld_minor, certificate_until, received_at, posted_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
            (
                desk.vendor.id.clone(),
                id.clone(),
                entry.id.clone(),
                customer_id.clone(),
                entry.currency.clone(),
                entry.amount_minor,
                *over_minor,
                *withheld_minor,
                certificate_until.map(|until| until.timestamp_millis()),
                at.timestamp_millis(),
                posted_at.timestamp_millis(),
            ),
        )
        .await?;
    for (invoice_id, _, part_minor) in parts.iter().filter(|(.., part_minor)| *part_minor > 0) {
        invoices::make_due(desk, invoice_id, *part_minor).await?;
        invoices::allocate_as_of(desk, at, invoice_id, *part_minor, Allocation::Transfer(&id)).await?;
        books::post_as_of(desk, at, customer_id, &entry.currency, &id, &ledger::payment_received(*part_minor)?).await?;
    }
    let numbers: Vec<&str> = parts.iter().map(|(_, number, _)| number.as_str()).collect();
    if *over_minor > 0 {
        let description = numbers.first().copied().unwrap_or_default();
        balance::put(desk, customer_id, &entry.currency, *over_minor, Source::Overpayment, Some(&id), description).await?;
        books::post_as_of(desk, at, customer_id, &entry.currency, &id, &ledger::balance_topped_up(*over_minor)?).await?;
    }
    set_status(desk, &entry.id, EntryStatus::Matched).await?;
    let data = json!({
        "entry_id": entry.id, "amount_minor": entry.amount_minor, "currency": entry.currency, "invoices": numbers, "over_minor": over_minor,
        "withheld_minor": withheld_minor, "booked_on": entry.booked_on, "posted_on": local_date(posted_at, desk.vendor.zone()?),
    });
    desk.record("transfer.received", Some(customer_id), &id, data).await?;
    for (invoice_id, ..) in parts {
        invoices::note_if_settled_as_of(desk, at, invoice_id).await?;
        if certificate_until.is_some() {
            dunning::note_certificate_awaited(desk, invoice_id).await?;
        }
    }
    Ok(())
}

/// When money that a bank booked on a day came. Banks name no hour: it is the day's last moment, for what it pays may have been issued on that
/// day; but nothing comes later than now.
fn came_at(desk: &Desk, booked_on: NaiveDate) -> Result<Instant, Refusal> {
    let next = booked_on.succ_opt().ok_or_else(|| Refusal::damaged(format!("an entry of {booked_on}")))?;
    let end = midnight(next, desk.vendor.zone()?).map_err(billing::Error::from)?;
    Ok((end - TimeDelta::milliseconds(1)).min(desk.now.billing))
}

/// Until when the certificate of tax withheld is waited for, by the vendor's policy.
async fn awaited_until(desk: &mut Desk, customer_id: &str, came_at: Instant) -> Result<Option<Instant>, Refusal> {
    let zone = customers::load(desk, customer_id).await?.zone()?;
    let policy = dunning::policy(desk).await?;
    certificate_until(&policy, came_at, desk.now.billing, zone).map_err(|error| billing::Error::from(error).into())
}

/// A transfer, read back: what is told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    pub currency: String,
    pub amount_minor: i64,
    /// Beyond what its invoices were due: in the balance.
    pub over_minor: i64,
    /// Until when the certificate of tax withheld is waited for.
    pub certificate_until: Option<Instant>,
    pub received_at: Instant,
    pub is_taken_back: bool,
    /// Ids of the invoices it pays.
    pub invoices: Vec<String>,
}

/// The transfer, or [`Refusal::NotFound`].
pub async fn transfer(desk: &mut Desk, transfer_id: &str) -> Result<Transfer, Refusal> {
    let own = (desk.vendor.id.clone(), transfer_id.to_owned());
    let row: Option<ReadRow> = desk
        .tx
        .opt(
            "SELECT currency, amount_minor, over_minor, certificate_until, received_at, taken_back_at FROM transfers WHERE vendor_id = $1 AND id = $2",
            own.clone(),
        )
        .await?;
    let row = row.ok_or(Refusal::NotFound)?;
    let paid: Vec<(String,)> = desk
        .tx
        .all(
            "SELECT a.invoice_id FROM allocations a WHERE a.vendor_id = $1 AND a.transfer_id = $2 GROUP BY a.invoice_id HAVING SUM(a.amount_minor) > 0 ORDER BY a.invoice_id",
            own,
        )
        .await?;
    Ok(Transfer {
        currency: row.currency,
        amount_minor: row.amount_minor,
        over_minor: row.over_minor,
        certificate_until: row.certificate_until.map(from_ms),
        received_at: from_ms(row.received_at),
        is_taken_back: row.taken_back_at.is_some(),
        invoices: paid.into_iter().map(|(id,)| id).collect(),
    })
}

#[derive(FromRow)]
struct ReadRow {
    currency: String,
    amount_minor: i64,
    over_minor: i64,
    certificate_until: Option<i64>,
    received_at: i64,
    taken_back_at: Option<i64>,
}

/// What an entry came to after all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum After {
    /// The bank took the money back, on that day.
    Returned(NaiveDate),
    /// It came in, and waits to be counted rightly.
    Waits,
}

/// Takes back what was done of an entry: its invoices are due again. Refused where it had overpaid and that has been used since.
pub async fn take_back(desk: &mut Desk, entry_id: &str, because: &str) -> Result<(), Refusal> {
    let because = because.trim();
    if because.is_empty() {
        return Err(Refusal::field("reason", sentence!("transfer-back-unsaid")));
    }
    if because.chars().count() > MOST_DESCRIPTION {
        return Err(Refusal::field("reason", sentence!("refusal-shorten", most = MOST_DESCRIPTION)));
    }
    super::load_entry(desk, entry_id).await?;
    undo(desk, entry_id, because, After::Waits).await
}

/// Takes back what was done of an entry: on the day the money went back, where the bank says so.
pub(super) async fn undo(desk: &mut Desk, entry_id: &str, because: &str, after: After) -> Result<(), Refusal> {
    let standing = "SELECT id, customer_id, currency, amount_minor, over_minor, received_at FROM transfers WHERE vendor_id = $1 AND entry_id = $2 AND taken_back_at IS NULL";
    let own = (desk.vendor.id.clone(), entry_id.to_owned());
    let found: Option<TransferRow> = desk.tx.opt(standing, own.clone()).await?;
    let none = || Refusal::Conflict(sentence!("transfer-back-none"));
    customers::hold(desk, &found.ok_or_else(none)?.customer_id).await?;
    // Once more under the lock: of two that take it back, one does.
    let transfer: TransferRow = desk.tx.opt(standing, own).await?.ok_or_else(none)?;
    let at = match after {
        // Never before it had come.
        After::Returned(booked_on) => came_at(desk, booked_on)?.max(from_ms(transfer.received_at)),
        After::Waits => desk.now.billing,
    };
    if transfer.over_minor > 0 {
        take_from_balance(desk, at, &transfer).await?;
    }
    let parts: Vec<(String, i64)> = desk
        .tx
        .all(
            "SELECT invoice_id, CAST(SUM(amount_minor) AS BIGINT) FROM allocations WHERE vendor_id = $1 AND transfer_id = $2 GROUP BY invoice_id ORDER BY invoice_id",
            (desk.vendor.id.clone(), transfer.id.clone()),
        )
        .await?;
    for (invoice_id, part_minor) in &parts {
        let back_minor = money::neg(*part_minor).map_err(billing::Error::from)?;
        invoices::allocate_as_of(desk, at, invoice_id, back_minor, Allocation::Transfer(&transfer.id)).await?;
        books::post_as_of(desk, at, &transfer.customer_id, &transfer.currency, &transfer.id, &ledger::payment_taken_back(*part_minor)?).await?;
    }
    desk.tx
        .run(
            "UPDATE transfers SET taken_back_at = $3, taken_back_because = $4 WHERE vendor_id = $1 AND id = $2",
            (desk.vendor.id.clone(), transfer.id.clone(), desk.now.billing_ms(), because.to_owned()),
        )
        .await?;
    let status = match after {
        After::Returned(_) => EntryStatus::Returned,
        After::Waits => EntryStatus::Unmatched(Reason::TakenBack),
    };
    set_status(desk, entry_id, status).await?;
    let data = json!({ "entry_id": entry_id, "amount_minor": transfer.amount_minor, "currency": transfer.currency, "because": because });
    desk.record("transfer.taken_back", Some(&transfer.customer_id), &transfer.id, data).await?;
    for (invoice_id, _) in &parts {
        invoices::note_due_again(desk, invoice_id).await?;
    }
    Ok(())
}

/// What a transfer had put into the balance comes out of it, if all of it is there still.
async fn take_from_balance(desk: &mut Desk, at: Instant, transfer: &TransferRow) -> Result<(), Refusal> {
    let removed = desk
        .tx
        .run(
            "DELETE FROM balance_credits WHERE vendor_id = $1 AND source = 'overpayment' AND source_id = $2
                AND NOT EXISTS (SELECT 1 FROM allocations a WHERE a.vendor_id = $1 AND a.balance_credit_id = balance_credits.id)",
            (desk.vendor.id.clone(), transfer.id.clone()),
        )
        .await?;
    if removed == 0 {
        return Err(Refusal::Conflict(sentence!("entry-overpayment-used")));
    }
    balance::touch(desk, &transfer.customer_id).await?;
    books::post_as_of(desk, at, &transfer.customer_id, &transfer.currency, &transfer.id, &ledger::balance_top_up_taken_back(transfer.over_minor)?).await
}

pub(super) async fn set_status(desk: &mut Desk, entry_id: &str, status: EntryStatus) -> Result<(), Refusal> {
    let reason = match status {
        EntryStatus::Unmatched(reason) => Some(reason.name()),
        EntryStatus::Matched | EntryStatus::Returned => None,
    };
    desk.tx
        .run(
            "UPDATE bank_entries SET status = $3, reason = $4 WHERE vendor_id = $1 AND id = $2",
            (desk.vendor.id.clone(), entry_id.to_owned(), status.name(), reason),
        )
        .await?;
    Ok(())
}

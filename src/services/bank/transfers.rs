//! Transfers: entries that were counted as a customer's payment. One pays the invoices it names, each as far as it is due; what is over goes
//! into the balance. It is taken back where the bank took the money back, or where somebody had counted it wrongly.

use billing::{ledger, money};
use serde_json::json;
use sqlx::FromRow;

use super::entries::{Entry, EntryStatus, Reason};
use crate::sentence;
use crate::services::balance::{self, Source};
use crate::services::invoices::{self, Allocation, MOST_DESCRIPTION};
use crate::services::{Desk, Refusal, customers, ledger as books};

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
}

/// Counts an entry as its customer's payment, in the caller's transaction; the customer is locked.
pub(super) async fn receive(desk: &mut Desk, entry: &Entry, split: &Split) -> Result<(), Refusal> {
    let Split { customer_id, parts, over_minor, withheld_minor } = split;
    let id = desk.new_id("trf");
    desk.tx
        .run(
            "INSERT INTO transfers (vendor_id, id, entry_id, customer_id, currency, amount_minor, over_minor, withheld_minor, received_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            (
                desk.vendor.id.clone(),
                id.clone(),
                entry.id.clone(),
                customer_id.clone(),
                entry.currency.clone(),
                entry.amount_minor,
                *over_minor,
                *withheld_minor,
                desk.now.billing_ms(),
            ),
        )
        .await?;
    for (invoice_id, _, part_minor) in parts.iter().filter(|(.., part_minor)| *part_minor > 0) {
        invoices::allocate(desk, invoice_id, *part_minor, Allocation::Transfer(&id)).await?;
        books::post(desk, customer_id, &entry.currency, &id, &ledger::payment_received(*part_minor)?).await?;
    }
    let numbers: Vec<&str> = parts.iter().map(|(_, number, _)| number.as_str()).collect();
    if *over_minor > 0 {
        let description = numbers.first().copied().unwrap_or_default();
        balance::put(desk, customer_id, &entry.currency, *over_minor, Source::Overpayment, Some(&id), description).await?;
        books::post(desk, customer_id, &entry.currency, &id, &ledger::balance_topped_up(*over_minor)?).await?;
    }
    set_status(desk, &entry.id, EntryStatus::Matched).await?;
    let data = json!({
        "entry_id": entry.id, "amount_minor": entry.amount_minor, "currency": entry.currency, "invoices": numbers, "over_minor": over_minor,
        "withheld_minor": withheld_minor,
    });
    desk.record("transfer.received", Some(customer_id), &id, data).await?;
    for (invoice_id, ..) in parts {
        invoices::note_if_settled(desk, invoice_id).await?;
    }
    Ok(())
}

/// What an entry came to after all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum After {
    /// The bank took the money back.
    Returned,
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

pub(super) async fn undo(desk: &mut Desk, entry_id: &str, because: &str, after: After) -> Result<(), Refusal> {
    let standing = "SELECT id, customer_id, currency, amount_minor, over_minor FROM transfers WHERE vendor_id = $1 AND entry_id = $2 AND taken_back_at IS NULL";
    let own = (desk.vendor.id.clone(), entry_id.to_owned());
    let found: Option<TransferRow> = desk.tx.opt(standing, own.clone()).await?;
    let none = || Refusal::Conflict(sentence!("transfer-back-none"));
    customers::lock(desk, &found.ok_or_else(none)?.customer_id).await?;
    // Once more under the lock: of two that take it back, one does.
    let transfer: TransferRow = desk.tx.opt(standing, own).await?.ok_or_else(none)?;
    if transfer.over_minor > 0 {
        take_from_balance(desk, &transfer).await?;
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
        invoices::allocate(desk, invoice_id, back_minor, Allocation::Transfer(&transfer.id)).await?;
        books::post(desk, &transfer.customer_id, &transfer.currency, &transfer.id, &ledger::payment_taken_back(*part_minor)?).await?;
    }
    desk.tx
        .run(
            "UPDATE transfers SET taken_back_at = $3, taken_back_because = $4 WHERE vendor_id = $1 AND id = $2",
            (desk.vendor.id.clone(), transfer.id.clone(), desk.now.billing_ms(), because.to_owned()),
        )
        .await?;
    let status = match after {
        After::Returned => EntryStatus::Returned,
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
async fn take_from_balance(desk: &mut Desk, transfer: &TransferRow) -> Result<(), Refusal> {
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
    books::post(desk, &transfer.customer_id, &transfer.currency, &transfer.id, &ledger::balance_top_up_taken_back(transfer.over_minor)?).await
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

//! What paying or not paying an invoice does to the subscriptions on it.

use billing::state::State;

use super::record::word;
use crate::services::{Desk, Refusal};

/// An invoice was settled: a subscription with no other overdue invoice is past due no longer.
pub async fn note_settled(desk: &mut Desk, invoice_id: &str) -> Result<(), Refusal> {
    move_all(desk, invoice_id, State::PastDue, State::Active, "subscription.recovered").await
}

/// Payment of an invoice is due and has not come: its subscriptions are past due.
pub async fn note_overdue(desk: &mut Desk, invoice_id: &str) -> Result<(), Refusal> {
    move_all(desk, invoice_id, State::Active, State::PastDue, "subscription.past_due").await
}

/// The grace of an invoice is over: its subscriptions that are past due give no access until everything overdue is paid. Which.
pub async fn suspend(desk: &mut Desk, invoice_id: &str) -> Result<Vec<String>, Refusal> {
    let suspended: Vec<(String, String)> = desk
        .tx
        .all(
            "UPDATE subscriptions SET suspended_at = $3, version = version + 1 WHERE vendor_id = $1 AND status = $4 AND suspended_at IS NULL
                AND id IN (SELECT l.subscription_id FROM invoice_lines l WHERE l.vendor_id = $1 AND l.invoice_id = $2) RETURNING id, customer_id",
            (desk.vendor.id.clone(), invoice_id.to_owned(), desk.now.billing_ms(), word(State::PastDue)?),
        )
        .await?;
    for (id, customer_id) in &suspended {
        desk.record("subscription.suspended", Some(customer_id), id, serde_json::json!({ "invoice": invoice_id })).await?;
    }
    Ok(suspended.into_iter().map(|(id, _)| id).collect())
}

async fn move_all(desk: &mut Desk, invoice_id: &str, from: State, to: State, event: &'static str) -> Result<(), Refusal> {
    let rows: Vec<(String, String)> = desk
        .tx
        .all(
            "SELECT s.id, s.customer_id FROM subscriptions s WHERE s.vendor_id = $1 AND s.status = $3
                AND s.id IN (SELECT l.subscription_id FROM invoice_lines l WHERE l.vendor_id = $1 AND l.invoice_id = $2) ORDER BY s.id",
            (desk.vendor.id.clone(), invoice_id.to_owned(), word(from)?),
        )
        .await?;
    for (id, customer_id) in rows {
        if to == State::Active && has_overdue(desk, &customer_id, &id).await? {
            continue;
        }
        desk.tx
            .run(
                "UPDATE subscriptions SET status = $3, suspended_at = NULL, version = version + 1 WHERE vendor_id = $1 AND id = $2 AND status = $4",
                (desk.vendor.id.clone(), id.clone(), word(to)?, word(from)?),
            )
            .await?;
        desk.record(event, Some(&customer_id), &id, serde_json::json!({ "invoice": invoice_id })).await?;
    }
    Ok(())
}

/// Whether an open invoice with a line of the subscription is left whose payment is due.
async fn has_overdue(desk: &mut Desk, customer_id: &str, subscription_id: &str) -> Result<bool, Refusal> {
    let row: Option<(String,)> = desk
        .tx
        .opt(
            "SELECT i.id FROM invoices i WHERE i.vendor_id = $1 AND i.customer_id = $2 AND i.settled_at IS NULL AND i.ended_as IS NULL AND i.due_at <= $4
                AND EXISTS (SELECT 1 FROM invoice_lines l WHERE l.vendor_id = i.vendor_id AND l.invoice_id = i.id AND l.subscription_id = $3) LIMIT 1",
            (desk.vendor.id.clone(), customer_id.to_owned(), subscription_id.to_owned(), desk.now.billing_ms()),
        )
        .await?;
    Ok(row.is_some())
}

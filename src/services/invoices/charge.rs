//! One-off charges: a line that waits until the end of its instant, so that whatever else falls due for the customer then shares its
//! document; the worker issues what is left.

use std::collections::BTreeSet;

use billing::calendar::Instant;
use billing::invoice::Line;
use serde_json::json;

use super::lines::{DraftLine, PendingLine, Waits, keep_pending};
use crate::sentence;
use crate::services::{Desk, Refusal, customers};

/// Letters of what a line or a credit says of itself.
pub const MOST_DESCRIPTION: usize = 200;

/// Charges a customer once; the line's id. It is invoiced at this moment by the next thing that makes a document, or by the worker.
pub async fn charge(desk: &mut Desk, customer_id: &str, amount_minor: i64, description: &str) -> Result<String, Refusal> {
    if amount_minor <= 0 {
        return Err(Refusal::Rule(sentence!("refusal-charge-not-positive")));
    }
    if description.trim().is_empty() {
        return Err(Refusal::field("description", sentence!("refusal-charge-unnamed")));
    }
    if description.chars().count() > MOST_DESCRIPTION {
        return Err(Refusal::field("description", sentence!("refusal-shorten", most = MOST_DESCRIPTION)));
    }
    let customer = customers::lock(desk, customer_id).await?;
    let now = desk.now.billing;
    let line = Line { from: Some(now), to: Some(now), ..Line::one_off(description, amount_minor) };
    let draft = DraftLine::new(desk, line, None);
    let id = draft.id.clone();
    keep_pending(desk, &customer.id, &customer.currency, &[PendingLine { draft, waits: Waits::Until(now) }]).await?;
    desk.record("charge.created", Some(customer_id), &id, json!({ "amount_minor": amount_minor, "currency": customer.currency, "description": description }))
        .await?;
    Ok(id)
}

/// The question of [`currencies_due`], for what is read ahead: the currencies of charges that wait, and when each is due.
pub(crate) const CHARGES: &str = "charges that wait";

/// Currencies in which a customer has lines to be invoiced by an instant.
pub async fn currencies_due(desk: &mut Desk, customer_id: &str, at: Instant) -> Result<Vec<String>, Refusal> {
    if let Some(charges) = desk.recall::<Vec<(String, Instant)>>(CHARGES, customer_id) {
        let due: BTreeSet<String> = charges.into_iter().filter(|(_, due)| *due <= at).map(|(currency, _)| currency).collect();
        return Ok(due.into_iter().collect());
    }
    let rows: Vec<(String,)> = desk
        .tx
        .all(
            "SELECT DISTINCT currency FROM pending_lines WHERE vendor_id = $1 AND customer_id = $2 AND due_at IS NOT NULL AND due_at <= $3 ORDER BY currency",
            (desk.vendor.id.clone(), customer_id.to_owned(), at.timestamp_millis()),
        )
        .await?;
    Ok(rows.into_iter().map(|(currency,)| currency).collect())
}

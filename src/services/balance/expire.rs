//! Credit that expires: gone at its instant, in due order with everything else of its customer, and told of two weeks ahead.

use billing::calendar::Instant;
use billing::ledger;
use chrono::TimeDelta;
use serde_json::json;
use sqlx::FromRow;

use super::{left_of_credit, touch};
use crate::platform::clock::from_ms;
use crate::services::{Desk, Refusal, ledger as books};

/// How long before it expires a customer is told of what is left of a credit.
pub const EXPIRY_TOLD_AHEAD: TimeDelta = TimeDelta::days(14);

#[derive(FromRow)]
struct Expired {
    id: String,
    currency: String,
    source: String,
    description: String,
    left_minor: i64,
}

/// What is left of a customer's credits that expire by an instant is gone; when the next of them expires. The customer is locked.
pub(crate) async fn expire(desk: &mut Desk, customer_id: &str, at: Instant) -> Result<Option<Instant>, Refusal> {
    let expired: Vec<Expired> = desk
        .tx
        .all(
            concat!(
                "SELECT b.id, b.currency, b.source, b.description, ",
                left_of_credit!(),
                " FROM balance_credits b WHERE b.vendor_id = $1 AND b.customer_id = $2 AND b.used_up_at IS NULL AND b.expires_at <= $3 ORDER BY b.expires_at, b.id"
            ),
            (desk.vendor.id.clone(), customer_id.to_owned(), at.timestamp_millis()),
        )
        .await?;
    if !expired.is_empty() {
        touch(desk, customer_id).await?;
    }
    for Expired { id, currency, source, description, left_minor } in expired {
        desk.tx
            .run(
                "UPDATE balance_credits SET expired_minor = $3, used_up_at = $4 WHERE vendor_id = $1 AND id = $2",
                (desk.vendor.id.clone(), id.clone(), left_minor, desk.now.billing_ms()),
            )
            .await?;
        let entries = match source.as_str() {
            "top_up" => ledger::paid_expired(left_minor)?,
            _ => ledger::granted_expired(left_minor)?,
        };
        books::post(desk, customer_id, &currency, &id, &entries).await?;
        let data = json!({ "amount_minor": left_minor, "currency": currency, "description": description });
        desk.record("balance.expired", Some(customer_id), &id, data).await?;
    }
    let (next,): (Option<i64>,) = desk
        .tx
        .one(
            "SELECT MIN(expires_at) FROM balance_credits WHERE vendor_id = $1 AND customer_id = $2 AND used_up_at IS NULL",
            (desk.vendor.id.clone(), customer_id.to_owned()),
        )
        .await?;
    Ok(next.map(from_ms))
}

/// A credit that expires soon.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct Expiring {
    id: String,
    customer_id: String,
    currency: String,
    left_minor: i64,
    expires_at: i64,
}

/// The credits whose customers are to be told now that they expire, and were not told yet.
pub async fn expiring(desk: &mut Desk) -> Result<Vec<Expiring>, Refusal> {
    let until = desk.now.billing + EXPIRY_TOLD_AHEAD;
    Ok(desk
        .tx
        .all(
            concat!(
                "SELECT b.id, b.customer_id, b.currency, b.expires_at, ",
                left_of_credit!(),
                " FROM balance_credits b WHERE b.vendor_id = $1 AND b.used_up_at IS NULL AND b.expires_at > $2 AND b.expires_at <= $3 AND b.expiry_told_at IS NULL
                 ORDER BY b.expires_at, b.id LIMIT 500"
            ),
            (desk.vendor.id.clone(), desk.now.billing_ms(), until.timestamp_millis()),
        )
        .await?)
}

/// Has their customers told of them: each once, however many come with the same.
pub async fn note_expiring(desk: &mut Desk, expiring: &[Expiring]) -> Result<(), Refusal> {
    for Expiring { id, customer_id, currency, left_minor, expires_at } in expiring {
        let told = desk
            .tx
            .run(
                "UPDATE balance_credits SET expiry_told_at = $3 WHERE vendor_id = $1 AND id = $2 AND expiry_told_at IS NULL AND used_up_at IS NULL",
                (desk.vendor.id.clone(), id.clone(), desk.now.billing_ms()),
            )
            .await?;
        if told == 1 {
            let data = json!({ "amount_minor": left_minor, "currency": currency, "expires_at": expires_at });
            desk.record("balance.expiring", Some(customer_id), id, data).await?;
        }
    }
    Ok(())
}

//! Asked twice, done once: what a program sent under an Idempotency-Key, and what it was answered.
//!
//! A request is claimed in a transaction of its own, so that others see it under way. Its answer is written in the transaction of what it
//! did ([`keep`]): both are there, or neither. Who dies in between leaves a claim that runs out, and the same request may try again.
//! Answers are kept sealed for a day.

use serde::{Deserialize, Serialize};
use sqlx::FromRow;

use crate::app::App;
use crate::platform::keys::Purpose;
use crate::sentence;
use crate::services::vendors::Vendor;
use crate::services::{Desk, Refusal};

/// How long an answer is kept.
const KEPT_MS: i64 = 24 * 3_600_000;
/// How long a request may take before the same one may try in its place.
const CLAIM_MS: i64 = 60_000;

/// What was answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    pub status: u16,
    pub content_type: String,
    pub body: String,
}

/// The right to do what a request asks.
#[derive(Clone, Debug)]
pub struct Claim {
    key: String,
    id: String,
}

#[derive(Debug)]
pub enum Claimed {
    Mine(Claim),
    /// It was done before.
    Answered(Answer),
    /// Somebody is at it.
    UnderWay,
    /// The key stands for another request.
    OtherRequest,
}

#[derive(FromRow)]
struct Row {
    request_hash: String,
    claim: String,
    answer: Option<String>,
}

/// Claims a request for whoever comes first.
pub async fn claim(app: &App, vendor: &Vendor, key: &str, request_hash: &str) -> Result<Claimed, Refusal> {
    let now_ms = app.clock.wall().timestamp_millis();
    let claim = Claim { key: key.to_owned(), id: app.ids.next("clm", now_ms) };
    let mut tx = app.db.write().await?;
    let touched = tx
        .run(
            "INSERT INTO idempotent_requests (vendor_id, key, request_hash, claim, claimed_until, created_at) VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (vendor_id, key) DO UPDATE SET request_hash = excluded.request_hash, claim = excluded.claim, claimed_until = excluded.claimed_until,
                answer = NULL, created_at = excluded.created_at
                WHERE idempotent_requests.created_at <= $7
                    OR (idempotent_requests.answer IS NULL AND idempotent_requests.claimed_until <= $6 AND idempotent_requests.request_hash = excluded.request_hash)",
            (vendor.id.clone(), key.to_owned(), request_hash.to_owned(), claim.id.clone(), now_ms + CLAIM_MS, now_ms, now_ms - KEPT_MS),
        )
        .await?;
    if touched == 1 {
        tx.commit().await?;
        return Ok(Claimed::Mine(claim));
    }
    let row: Option<Row> =
        tx.opt("SELECT request_hash, claim, answer FROM idempotent_requests WHERE vendor_id = $1 AND key = $2", (vendor.id.clone(), key.to_owned())).await?;
    drop(tx);
    // Let go by its holder between the two statements: as good as under way.
    let Some(row) = row else { return Ok(Claimed::UnderWay) };
    match row.answer {
        _ if row.request_hash != request_hash => Ok(Claimed::OtherRequest),
        None => Ok(Claimed::UnderWay),
        Some(sealed) => {
            let plain = app.config.keys.open(Purpose::Answer, &[&vendor.id, key, &row.claim], &sealed).map_err(Refusal::damaged)?;
            Ok(Claimed::Answered(serde_json::from_slice(&plain).map_err(Refusal::damaged)?))
        }
    }
}

/// Keeps the answer, in the transaction of what was done. Refused where somebody else has taken the claim over: then nothing may be done.
pub async fn keep(desk: &mut Desk, claim: &Claim, answer: &Answer) -> Result<(), Refusal> {
    let plain = serde_json::to_vec(answer).map_err(Refusal::damaged)?;
    let sealed = desk.app.config.keys.seal(&desk.app.ids, Purpose::Answer, &[&desk.vendor.id, &claim.key, &claim.id], &plain);
    let touched = desk
        .tx
        .run(
            "UPDATE idempotent_requests SET answer = $4 WHERE vendor_id = $1 AND key = $2 AND claim = $3 AND answer IS NULL",
            (desk.vendor.id.clone(), claim.key.clone(), claim.id.clone(), sealed),
        )
        .await?;
    if touched == 1 { Ok(()) } else { Err(Refusal::Conflict(sentence!("refusal-overtaken"))) }
}

/// Lets a request go that came to nothing, so that it can be sent again at once.
pub async fn release(app: &App, vendor: &Vendor, claim: &Claim) -> Result<(), Refusal> {
    let mut tx = app.db.write().await?;
    tx.run(
        "DELETE FROM idempotent_requests WHERE vendor_id = $1 AND key = $2 AND claim = $3 AND answer IS NULL",
        (vendor.id.clone(), claim.key.clone(), claim.id.clone()),
    )
    .await?;
    Ok(tx.commit().await?)
}

/// Forgets what is older than a day.
pub async fn forget_old(app: &App, vendor: &Vendor) -> Result<u64, Refusal> {
    let before = app.clock.wall().timestamp_millis() - KEPT_MS;
    let mut tx = app.db.write().await?;
    let forgotten = tx.run("DELETE FROM idempotent_requests WHERE vendor_id = $1 AND created_at <= $2", (vendor.id.clone(), before)).await?;
    tx.commit().await?;
    Ok(forgotten)
}

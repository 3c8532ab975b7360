//! Removing what has run out. Much of it is left by people nobody knows, who need no account to leave it.

use crate::identity::session::IDLE_MS;
use crate::identity::throttle::{FREE_FAILURES, SHUT_OFF_AT};
use crate::platform::db::{DbResult, Tx};

const DAY_MS: i64 = 86_400_000;
/// A few failures that delayed nothing are forgotten after a month: four guesses a month lead nowhere.
const FEW_FAILURES_KEPT_MS: i64 = 30 * DAY_MS;
/// More of them after a year. What is shut off stays so until it is set anew.
const FAILURES_KEPT_MS: i64 = 365 * DAY_MS;

/// Removes one vendor's ended sign-ins and sessions, its links that no longer work, and counts of failures long past; how many rows.
pub async fn remove_expired(tx: &mut Tx, vendor_id: &str, now_ms: i64) -> DbResult<u64> {
    let vendor = || vendor_id.to_owned();
    let mut removed = tx.run("DELETE FROM sign_ins WHERE vendor_id = $1 AND expires_at <= $2", (vendor(), now_ms)).await?;
    removed += tx.run("DELETE FROM sessions WHERE vendor_id = $1 AND (expires_at <= $2 OR last_seen_at <= $3)", (vendor(), now_ms, now_ms - IDLE_MS)).await?;
    removed += tx.run("DELETE FROM links WHERE vendor_id = $1 AND (expires_at <= $2 OR used_at IS NOT NULL)", (vendor(), now_ms)).await?;
    removed += tx
        .run(
            "DELETE FROM throttles WHERE vendor_id = $1 AND ((failures <= $2 AND last_at <= $3) OR (failures < $4 AND last_at <= $5))",
            (vendor(), FREE_FAILURES, now_ms - FEW_FAILURES_KEPT_MS, SHUT_OFF_AT, now_ms - FAILURES_KEPT_MS),
        )
        .await?;
    Ok(removed)
}

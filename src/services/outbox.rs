//! The outbox: work left by actions, to be done outside their transactions. A worker claims a row by a guarded UPDATE, does it, and marks
//! it done; whoever dies in between leaves a claim that runs out, so each is done at least once.

use sqlx::FromRow;

use crate::app::App;
use crate::platform::db::{DbResult, Many, Tx};

static INSERT: Many =
    Many { before: "INSERT INTO outbox (vendor_id, id, kind, payload, due_at, attempts, created_at) VALUES", columns: 7, after: "", of_each: false };

/// How long a worker may take before others may try.
const CLAIM_MS: i64 = 5 * 60 * 1000;
/// Seconds to wait after each failed attempt; afterwards see [`Patience`].
const WAITS_S: [i64; 9] = [5, 30, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600, 20 * 3600];
const NEVER: i64 = i64::MAX;
/// How long it can be seen that a row was done.
const DONE_KEPT_MS: i64 = 7 * 86_400_000;

/// What becomes of work that failed however often it was tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// The row stays, with its last error, until somebody looks.
    TwoDays,
    /// It is tried on, ever after the longest wait: money is on its way, and who stops asking never learns what became of it.
    Endless,
}

/// Work to do.
#[derive(Clone, Debug, FromRow)]
pub struct Left {
    pub vendor_id: String,
    pub id: String,
    pub kind: String,
    pub payload: String,
    pub attempts: i64,
}

/// Leaves work for a worker, if this transaction holds. `payload` is JSON; the wall times are from when it is to be done, and now.
pub async fn leave(tx: &mut Tx, vendor_id: &str, id: String, kind: &'static str, payload: String, (due_ms, now_ms): (i64, i64)) -> DbResult<()> {
    tx.append(&INSERT, (vendor_id.to_owned(), id, kind, payload, due_ms, 0_i64, now_ms)).await
}

/// Claims what is due at wall time `now_ms`, oldest first, at most `limit`. Of all workers that ask, one gets a row. The one statement
/// here that looks across vendors: the worker works for all.
pub async fn claim(app: &App, now_ms: i64, limit: i64) -> DbResult<Vec<Left>> {
    let mut tx = app.db.read().await?;
    let due: Vec<Left> = tx
        .all(
            "SELECT vendor_id, id, kind, payload, attempts FROM outbox
             WHERE done_at IS NULL AND due_at <= $1 AND (claimed_until IS NULL OR claimed_until <= $1) ORDER BY due_at, id LIMIT $2",
            (now_ms, limit),
        )
        .await?;
    drop(tx);
    if due.is_empty() {
        return Ok(due);
    }
    let mut tx = app.db.write().await?;
    let mut claimed = Vec::with_capacity(due.len());
    for left in due {
        let touched = tx
            .run(
                "UPDATE outbox SET claimed_until = $3, attempts = attempts + 1
                 WHERE vendor_id = $1 AND id = $2 AND done_at IS NULL AND (claimed_until IS NULL OR claimed_until <= $4)",
                (left.vendor_id.clone(), left.id.clone(), now_ms + CLAIM_MS, now_ms),
            )
            .await?;
        if touched == 1 {
            claimed.push(left);
        }
    }
    tx.commit().await?;
    Ok(claimed)
}

/// Marks a row done, in the transaction of what was done or after it. What it carried is not kept.
pub async fn done(tx: &mut Tx, left: &Left, now_ms: i64) -> DbResult<()> {
    tx.run(
        "UPDATE outbox SET done_at = $3, claimed_until = NULL, last_error = NULL, payload = '' WHERE vendor_id = $1 AND id = $2",
        (left.vendor_id.clone(), left.id.clone(), now_ms),
    )
    .await?;
    Ok(())
}

/// Removes a vendor's rows that were done a week ago or earlier; how many.
pub async fn remove_done(tx: &mut Tx, vendor_id: &str, now_ms: i64) -> DbResult<u64> {
    tx.run("DELETE FROM outbox WHERE vendor_id = $1 AND done_at IS NOT NULL AND done_at <= $2", (vendor_id.to_owned(), now_ms - DONE_KEPT_MS)).await
}

/// Gives a row back after a failure, to be tried later and ever later.
pub async fn failed(tx: &mut Tx, left: &Left, patience: Patience, error: &str, now_ms: i64) -> DbResult<()> {
    let wait = usize::try_from(left.attempts).ok().and_then(|attempts| WAITS_S.get(attempts));
    let wait = wait.or_else(|| WAITS_S.last().filter(|_| patience == Patience::Endless));
    let due_at = wait.map_or(NEVER, |seconds| now_ms + seconds * 1000);
    tx.run(
        "UPDATE outbox SET due_at = $3, claimed_until = NULL, last_error = $4 WHERE vendor_id = $1 AND id = $2",
        (left.vendor_id.clone(), left.id.clone(), due_at, error.chars().take(500).collect::<String>()),
    )
    .await?;
    Ok(())
}

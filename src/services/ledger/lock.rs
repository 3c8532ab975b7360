//! Locked periods: a month that was reported is not added to. What belongs to it and is found later goes where accountants put it: a
//! document is dated by the day it is issued, so the first open one, while its lines go on naming the period they charge.

use billing::calendar::{Instant, local_date};
use serde_json::json;

use crate::platform::clock::from_ms;
use crate::sentence;
use crate::services::desk::Standing;
use crate::services::{Desk, Refusal};

const LOCK: &str = "ledger lock";

/// The moment before which the vendor's books are closed; `None`: they are open.
pub async fn locked_until(desk: &mut Desk) -> Result<Option<Instant>, Refusal> {
    Ok(Books::of(desk).await?.locked_until)
}

/// How the vendor's books stand.
#[derive(Clone, Copy, Debug)]
pub(super) struct Books {
    locked_until: Option<Instant>,
    /// The vendor's present moment, which they are never locked beyond; a sandbox's is where its clock stands.
    present: Instant,
}

impl Books {
    /// As they stand until this transaction ends: on a desk that writes, whoever would lock them waits for it.
    pub(super) async fn of(desk: &mut Desk) -> Result<Books, Refusal> {
        if let Some(books) = desk.recall(LOCK, "") {
            return Ok(books);
        }
        if !desk.is_reading && desk.tx.join_writers("ledger_entries").await? {
            desk.look_at_standing_again();
        }
        let Standing { ledger_locked_until_at, clock_at, .. } = desk.standing().await?;
        let books = Books { locked_until: ledger_locked_until_at.map(from_ms), present: clock_at.map_or(desk.now.wall, from_ms) };
        desk.keep_throughout(LOCK, "", &books);
        Ok(books)
    }

    /// Nothing is posted in books that are locked beyond the present.
    pub(super) fn must_be_open(self, desk: &Desk) -> Result<(), Refusal> {
        match self.locked_until.filter(|until| *until > self.present) {
            Some(until) => Err(Refusal::Rule(sentence!("refusal-ledger-locked", until = day(desk, until)?))),
            None => Ok(()),
        }
    }
}

/// The moment itself, or the first open one where the books are closed at it: what a document due at it is dated.
pub async fn open_from(desk: &mut Desk, at: Instant) -> Result<Instant, Refusal> {
    Ok(locked_until(desk).await?.map_or(at, |until| until.max(at)))
}

/// Closes the vendor's books before a moment, which may be moved on but not back: for that there is [`unlock`].
pub async fn lock_until(desk: &mut Desk, until: Instant) -> Result<(), Refusal> {
    desk.look_at_clock().await?;
    if until > desk.now.billing {
        return Err(Refusal::Rule(sentence!("refusal-ledger-lock-ahead", until = day(desk, until)?)));
    }
    // Whoever has posted ends first, and whoever posts after this sees the lock.
    desk.tx.keep_writers_out("ledger_entries").await?;
    desk.forget();
    if let Some(before) = locked_until(desk).await?.filter(|before| *before > until) {
        return Err(Refusal::Rule(sentence!("refusal-ledger-locked-further", until = day(desk, before)?)));
    }
    desk.forget();
    desk.tx.run("UPDATE vendors SET ledger_locked_until_at = $2 WHERE id = $1", (desk.vendor.id.clone(), until.timestamp_millis())).await?;
    let vendor = desk.vendor.id.clone();
    desk.record("ledger.locked", None, &vendor, json!({ "until_at": until })).await
}

/// Opens the vendor's books again, for a reason that is written down.
pub async fn unlock(desk: &mut Desk, reason: &str) -> Result<(), Refusal> {
    if reason.trim().is_empty() {
        return Err(Refusal::field("reason", sentence!("refusal-ledger-unlock-reason")));
    }
    let Some(until) = locked_until(desk).await? else { return Err(Refusal::Rule(sentence!("refusal-ledger-not-locked"))) };
    desk.forget();
    desk.tx.run("UPDATE vendors SET ledger_locked_until_at = $2 WHERE id = $1", (desk.vendor.id.clone(), None::<i64>)).await?;
    let vendor = desk.vendor.id.clone();
    desk.record("ledger.unlocked", None, &vendor, json!({ "until_at": until, "reason": reason.trim() })).await
}

/// The day a moment falls on for the vendor, as machines and sentences of errors write it.
pub(super) fn day(desk: &Desk, at: Instant) -> Result<String, Refusal> {
    let zone = desk.vendor.zone()?;
    Ok(local_date(at, zone).to_string())
}

//! Delays after failures. A bucket counts failures in a row of one factor on one account from one place: a device the account knows, or
//! anywhere else. So a stranger's guesses delay strangers, and the customer's own browser goes on working.
//!
//! Who tries many accounts from one address is delayed too, after fifty failures within an hour: an office shares an address, so the
//! limit is generous, and a known device passes it.
//!
//! From the fifth failure each further attempt waits: 30 seconds, doubling to an hour. At a hundred the factor is shut off for that
//! place until it is set anew (a password by its reset link, the authenticator by a recovery code). Attempts are counted before they
//! are looked at, so that attempts at one time cannot pass together.

use sqlx::FromRow;

use crate::platform::db::{DbResult, Tx};
use crate::platform::keys::fingerprint;

const FREE_FAILURES: i64 = 4;
/// The same for an address that tries many accounts.
const FREE_FAILURES_OF_ADDRESS: i64 = 50;
/// Failures of an address are forgotten after an hour without one; those of an account only by success.
const ADDRESS_FORGETS_MS: i64 = 3_600_000;
const FIRST_DELAY_MS: i64 = 30_000;
const LONGEST_DELAY_MS: i64 = 3_600_000;
pub const SHUT_OFF_AT: i64 = 100;

/// What is guessed at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guess {
    Password,
    Code,
    RecoveryCode,
    /// Mails asked for: not a guess, but delayed the same way.
    Mail,
    /// Passwords of whatever accounts, from one network address.
    Spray,
}

impl Guess {
    fn label(self) -> &'static str {
        match self {
            Guess::Password => "password",
            Guess::Code => "code",
            Guess::RecoveryCode => "recovery",
            Guess::Mail => "mail",
            Guess::Spray => "spray",
        }
    }
}

/// Where the attempt comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A browser that has signed in to this account before.
    Device(String),
    Anywhere,
}

/// One count.
#[derive(Clone, Debug)]
pub struct Bucket {
    key: String,
    free_failures: i64,
    shut_off_at: i64,
    forgets_ms: i64,
}

impl Bucket {
    /// `account` is the e-mail address for passwords, so that addresses without an account are counted alike, else the identity's id.
    pub fn new(guess: Guess, account: &str, place: &Place) -> Bucket {
        let place = match place {
            Place::Device(id) => id.as_str(),
            Place::Anywhere => "anywhere",
        };
        let key = fingerprint(&format!("{}\n{account}\n{place}", guess.label()));
        match guess {
            Guess::Spray => Bucket { key, free_failures: FREE_FAILURES_OF_ADDRESS, shut_off_at: i64::MAX, forgets_ms: ADDRESS_FORGETS_MS },
            // Mails asked for may wait an hour, but are never refused for good.
            Guess::Mail => Bucket { key, free_failures: FREE_FAILURES, shut_off_at: i64::MAX, forgets_ms: ADDRESS_FORGETS_MS * 2 },
            Guess::Password | Guess::Code | Guess::RecoveryCode => Bucket { key, free_failures: FREE_FAILURES, shut_off_at: SHUT_OFF_AT, forgets_ms: i64::MAX / 2 },
        }
    }
}

/// Whether an attempt may be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leave {
    Granted,
    /// Not before this wall time (ms).
    Wait { until: i64 },
    ShutOff,
}

#[derive(FromRow)]
struct Count {
    failures: i64,
    blocked_until: i64,
}

/// Counts an attempt as failed until [`forgive`] or [`uncount`] says otherwise, and says whether it may be looked at. An attempt that
/// must wait is not counted.
pub async fn attempt(tx: &mut Tx, vendor_id: &str, bucket: &Bucket, now_ms: i64) -> DbResult<Leave> {
    let counted: Option<Count> = tx
        .opt(
            "INSERT INTO throttles (vendor_id, bucket, failures, blocked_until, last_at) VALUES ($1, $2, 1, 0, $3)
             ON CONFLICT (vendor_id, bucket) DO UPDATE SET
                failures = CASE WHEN throttles.last_at < $5 THEN 1 ELSE throttles.failures + 1 END, last_at = excluded.last_at
                WHERE throttles.blocked_until <= $3 AND throttles.failures < $4
             RETURNING failures, blocked_until",
            (vendor_id.to_owned(), bucket.key.clone(), now_ms, bucket.shut_off_at, now_ms.saturating_sub(bucket.forgets_ms)),
        )
        .await?;
    let Some(count) = counted else {
        let Count { failures, blocked_until } = tx
            .one("SELECT failures, blocked_until FROM throttles WHERE vendor_id = $1 AND bucket = $2", (vendor_id.to_owned(), bucket.key.clone()))
            .await?;
        return Ok(if failures >= bucket.shut_off_at { Leave::ShutOff } else { Leave::Wait { until: blocked_until } });
    };
    let delay = delay_ms(count.failures - bucket.free_failures);
    if delay > 0 {
        tx.run("UPDATE throttles SET blocked_until = $3 WHERE vendor_id = $1 AND bucket = $2", (vendor_id.to_owned(), bucket.key.clone(), now_ms + delay)).await?;
    }
    Ok(Leave::Granted)
}

/// The attempt succeeded: the row of failures is broken.
pub async fn forgive(tx: &mut Tx, vendor_id: &str, bucket: &Bucket) -> DbResult<()> {
    tx.run("DELETE FROM throttles WHERE vendor_id = $1 AND bucket = $2", (vendor_id.to_owned(), bucket.key.clone())).await?;
    Ok(())
}

/// The factor was bound anew: failures on the old one count no more, from wherever they came.
pub async fn forgive_everywhere(tx: &mut Tx, vendor_id: &str, guess: Guess, account: &str, identity_id: &str) -> DbResult<()> {
    let devices: Vec<(String,)> = tx.all("SELECT id FROM devices WHERE vendor_id = $1 AND identity_id = $2", (vendor_id.to_owned(), identity_id.to_owned())).await?;
    for place in devices.into_iter().map(|(id,)| Place::Device(id)).chain([Place::Anywhere]) {
        forgive(tx, vendor_id, &Bucket::new(guess, account, &place)).await?;
    }
    Ok(())
}

/// The attempt was no guess (a right code sent twice): as if it had not been made.
pub async fn uncount(tx: &mut Tx, vendor_id: &str, bucket: &Bucket) -> DbResult<()> {
    tx.run(
        "UPDATE throttles SET failures = failures - 1, blocked_until = 0 WHERE vendor_id = $1 AND bucket = $2 AND failures > 0",
        (vendor_id.to_owned(), bucket.key.clone()),
    )
    .await?;
    Ok(())
}

/// How long the attempt after so many failures beyond the free ones waits.
fn delay_ms(failures_beyond: i64) -> i64 {
    if failures_beyond <= 0 {
        return 0;
    }
    let doublings = u32::try_from(failures_beyond - 1).unwrap_or(u32::MAX).min(7);
    (FIRST_DELAY_MS << doublings).min(LONGEST_DELAY_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_begin_with_the_fifth_failure_and_end_at_an_hour() {
        for (failures, delay) in [(1, 0), (4, 0), (5, 30_000), (6, 60_000), (7, 120_000), (11, 1_920_000), (12, 3_600_000), (99, 3_600_000)] {
            assert_eq!(delay_ms(failures - FREE_FAILURES), delay, "{failures} failures");
        }
    }
}

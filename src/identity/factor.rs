//! Checking a second factor, wherever it is asked for: a code of the authenticator app, or a recovery code, in one field.
//!
//! Counting the attempt, checking the code and using it up are one transaction, so a code works once however many send it at once.

use crate::app::App;
use crate::identity::recovery;
use crate::identity::throttle::{self, Bucket, Guess, Leave, Place};
use crate::identity::totp::{self, Seed};
use crate::platform::db::{DbError, Tx};
use crate::services::Refusal;
use crate::services::vendors::Vendor;

/// Which factor was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Factor {
    Totp,
    /// With how many codes are left.
    Recovery {
        left: i64,
    },
}

/// Why a code was not taken.
#[derive(Debug)]
pub enum Wrong {
    Empty,
    /// Neither six digits nor the twenty-five of a recovery code.
    Malformed,
    /// Not six digits, where only the app's code counts.
    NotOfTheApp,
    NotThisCode,
    /// The right code, but used before.
    Used,
    /// Too many failures; the next attempt counts from this wall time (ms).
    Wait {
        until: i64,
    },
    /// A hundred failures: this factor no longer works from here.
    ShutOff,
    /// The same where only the app's code counts: signing in is what is left.
    ShutOffHere,
    /// The person has no second factor yet.
    NotEnrolled,
    /// It could not be checked: nothing to do with the code.
    Failed(Refusal),
}

impl From<DbError> for Wrong {
    fn from(error: DbError) -> Wrong {
        Wrong::Failed(error.into())
    }
}

impl From<Refusal> for Wrong {
    fn from(refusal: Refusal) -> Wrong {
        Wrong::Failed(refusal)
    }
}

/// What people type, without the spaces and hyphens they type it with.
pub fn digits(typed: &str) -> String {
    typed.chars().filter(|c| !c.is_whitespace() && !matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '.')).collect()
}

/// Which factors count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accepts {
    TotpOnly,
    /// Or a recovery code. One that was phished does not run out, so it counts at our own address alone.
    Either,
}

/// Checks and uses up what was typed. The caller commits in every case: failures are counted in the same transaction.
pub async fn check(tx: &mut Tx, app: &App, vendor: &Vendor, identity_id: &str, place: &Place, accepts: Accepts, typed: &str) -> Result<Factor, Wrong> {
    let code = digits(typed);
    if code.is_empty() {
        return Err(Wrong::Empty);
    }
    if accepts == Accepts::TotpOnly && !(code.len() == 6 && code.bytes().all(|b| b.is_ascii_digit())) {
        return Err(Wrong::NotOfTheApp);
    }
    if !code.bytes().all(|b| b.is_ascii_digit()) || !(code.len() == 6 || code.len() == 25) {
        return Err(Wrong::Malformed);
    }
    let now = app.clock.wall();
    let guess = if recovery::looks_like(&code) { Guess::RecoveryCode } else { Guess::Code };
    let bucket = Bucket::new(guess, identity_id, place);
    match throttle::attempt(tx, &vendor.id, &bucket, now.timestamp_millis()).await? {
        Leave::Granted => {}
        Leave::Wait { until } => return Err(Wrong::Wait { until }),
        Leave::ShutOff if accepts == Accepts::TotpOnly => return Err(Wrong::ShutOffHere),
        Leave::ShutOff => return Err(Wrong::ShutOff),
    }
    if guess == Guess::RecoveryCode {
        let left = recovery::spend(tx, app, vendor, identity_id, &code, now.timestamp_millis()).await?.ok_or(Wrong::NotThisCode)?;
        throttle::forgive(tx, &vendor.id, &bucket).await?;
        return Ok(Factor::Recovery { left });
    }
    let sealed: Option<(Option<String>,)> =
        tx.opt("SELECT totp_secret FROM identities WHERE vendor_id = $1 AND id = $2", (vendor.id.clone(), identity_id.to_owned())).await?;
    let sealed = sealed.and_then(|(sealed,)| sealed).ok_or(Wrong::NotEnrolled)?;
    let seed = Seed::open(app, vendor, identity_id, &sealed)?;
    let step = seed.step_of(&code, now).ok_or(Wrong::NotThisCode)?;
    if !totp::spend(tx, &vendor.id, identity_id, step).await? {
        throttle::uncount(tx, &vendor.id, &bucket).await?;
        return Err(Wrong::Used);
    }
    throttle::forgive(tx, &vendor.id, &bucket).await?;
    if !app.config.keys.is_current(&sealed) {
        let again = seed.seal(app, vendor, identity_id);
        tx.run("UPDATE identities SET totp_secret = $3 WHERE vendor_id = $1 AND id = $2", (vendor.id.clone(), identity_id.to_owned(), again)).await?;
    }
    Ok(Factor::Totp)
}

#[cfg(test)]
mod tests {
    use super::digits;

    #[test]
    fn spaces_and_hyphens_in_codes_do_not_matter() {
        for typed in ["482119", "482 119", " 482-119 ", "482\u{a0}119", "4 8 2 1 1 9", "482–119"] {
            assert_eq!(digits(typed), "482119", "{typed:?}");
        }
    }
}

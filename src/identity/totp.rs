//! Codes of an authenticator app (RFC 6238: SHA-1, six digits, 30 seconds, the only form every app knows). A code is good one step early
//! or late, and once: using it is one conditional UPDATE.

use totp_rs::{Builder, Totp};

use crate::app::App;
use crate::platform::clock::Instant;
use crate::platform::db::{DbResult, Tx};
use crate::platform::keys::Purpose;
use crate::services::Refusal;
use crate::services::vendors::Vendor;

/// Steps a clock may be off or a person slow.
const SKEW: u16 = 1;
pub const STEP_SECONDS: i64 = 30;

/// What an authenticator app and Portico share: 160 bits.
#[derive(Clone)]
pub struct Seed(Vec<u8>);

impl Seed {
    pub fn new(app: &App) -> Seed {
        Seed(app.ids.secret::<20>().to_vec())
    }

    /// For the database: sealed, bound to its vendor and identity.
    pub fn seal(&self, app: &App, vendor: &Vendor, identity_id: &str) -> String {
        app.config.keys.seal(&app.ids, Purpose::TotpSeed, &[&vendor.id, identity_id], &self.0)
    }

    pub fn open(app: &App, vendor: &Vendor, identity_id: &str, sealed: &str) -> Result<Seed, Refusal> {
        app.config.keys.open(Purpose::TotpSeed, &[&vendor.id, identity_id], sealed).map(Seed).map_err(Refusal::damaged)
    }

    /// The step whose code this is, where it is one of the three that count at this moment.
    pub fn step_of(&self, code: &str, at: Instant) -> Option<i64> {
        let seconds = u64::try_from(at.timestamp()).ok()?;
        self.totp("", "").check(code, seconds).and_then(|step| i64::try_from(step).ok())
    }

    /// The code of a step: what an app would show.
    pub fn code_of(&self, step: i64) -> String {
        let seconds = u64::try_from(step.saturating_mul(STEP_SECONDS)).unwrap_or_default();
        self.totp("", "").generate(seconds).to_string()
    }

    /// The text key, for those who type it into their app, in fours.
    pub fn text(&self) -> String {
        let base32 = self.totp("", "").secret().to_base32();
        base32.as_bytes().chunks(4).map(|four| std::str::from_utf8(four).unwrap_or_default()).collect::<Vec<_>>().join(" ")
    }

    /// `otpauth://…`: what the QR code says.
    pub fn uri(&self, issuer: &str, email: &str) -> Result<String, Refusal> {
        // The label's separator cannot stand in a name.
        self.totp(&issuer.replace(':', " "), &email.replace(':', " ")).to_url().map_err(Refusal::damaged)
    }

    fn totp(&self, issuer: &str, account: &str) -> Totp {
        let issuer = (!issuer.is_empty()).then(|| issuer.to_owned());
        Builder::new().with_secret(self.0.clone()).with_skew(SKEW).with_issuer(issuer).with_account_name(account.to_owned()).build_noncompliant()
    }
}

/// Uses up a step. False: it, or a later one, was used before. Of any number of requests that race for one code, one is told true.
pub async fn spend(tx: &mut Tx, vendor_id: &str, identity_id: &str, step: i64) -> DbResult<bool> {
    let touched = tx
        .run(
            "UPDATE identities SET totp_last_step = $3 WHERE vendor_id = $1 AND id = $2 AND totp_last_step < $3",
            (vendor_id.to_owned(), identity_id.to_owned(), step),
        )
        .await?;
    Ok(touched == 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{TimeZone, Utc};

    #[test]
    fn a_code_counts_one_step_early_and_late_and_no_further() {
        // RFC 6238, appendix B: SHA-1, 59 s: 94287082, of which six digits are 287082.
        let seed = Seed(b"12345678901234567890".to_vec());
        assert_eq!(seed.code_of(1), "287082");
        for (seconds, step) in [(0, Some(1)), (29, Some(1)), (59, Some(1)), (89, Some(1)), (90, None)] {
            assert_eq!(seed.step_of("287082", Utc.timestamp_opt(seconds, 0).unwrap()), step, "at {seconds} s");
        }
        for nonsense in ["", "28708", "2870822", "abcdef", "２８７０８２", "-28708"] {
            assert_eq!(seed.step_of(nonsense, Utc.timestamp_opt(59, 0).unwrap()), None, "{nonsense}");
        }
    }

    #[test]
    fn what_an_app_scans_names_vendor_and_person() {
        let seed = Seed(b"12345678901234567890".to_vec());
        assert_eq!(seed.text(), "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ");
        let uri = seed.uri("Kestrel: Build", "mira@nordlicht.example").unwrap();
        assert!(uri.starts_with("otpauth://totp/"), "{uri}");
        assert!(uri.contains("secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ") && uri.contains("issuer=Kestrel"), "{uri}");
    }
}

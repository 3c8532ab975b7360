//! Recovery codes: ten of 25 digits (83 bits), for the day the authenticator is lost. Digits only, so that one field with a number
//! keyboard takes them and the app's codes alike. Kept as keyed hashes; each works once; new ones end the old.

use crate::app::App;
use crate::identity::throttle::{self, Guess};
use crate::platform::db::{DbResult, Tx};
use crate::platform::keys::Purpose;
use crate::services::vendors::Vendor;

pub const HOW_MANY: usize = 10;
const DIGITS: u32 = 25;

/// True where what was typed has the form of a recovery code rather than an app's.
pub fn looks_like(digits: &str) -> bool {
    digits.len() > 6
}

/// Makes ten new codes and ends the old ones, with what failures on those had delayed or shut off. The codes are returned this once, in fives.
pub async fn replace(tx: &mut Tx, app: &App, vendor: &Vendor, identity_id: &str, now_ms: i64) -> DbResult<Vec<String>> {
    tx.run("DELETE FROM recovery_codes WHERE vendor_id = $1 AND identity_id = $2", (vendor.id.clone(), identity_id.to_owned())).await?;
    throttle::forgive_everywhere(tx, &vendor.id, Guess::RecoveryCode, identity_id, identity_id).await?;
    let mut shown = Vec::with_capacity(HOW_MANY);
    for _ in 0..HOW_MANY {
        let digits = new_code(app);
        tx.run(
            "INSERT INTO recovery_codes (vendor_id, identity_id, code_hash, created_at) VALUES ($1, $2, $3, $4)",
            (vendor.id.clone(), identity_id.to_owned(), app.config.keys.sign(Purpose::RecoveryCode, &message(vendor, identity_id, &digits)), now_ms),
        )
        .await?;
        shown.push(digits.as_bytes().chunks(5).map(|five| std::str::from_utf8(five).unwrap_or_default()).collect::<Vec<_>>().join(" "));
    }
    Ok(shown)
}

/// Uses a code up: one conditional UPDATE, so that it works once whoever races. How many are left; `None`: not a code, or used.
pub async fn spend(tx: &mut Tx, app: &App, vendor: &Vendor, identity_id: &str, digits: &str, now_ms: i64) -> DbResult<Option<i64>> {
    for hash in app.config.keys.sign_by_all(Purpose::RecoveryCode, &message(vendor, identity_id, digits)) {
        let touched = tx
            .run(
                "UPDATE recovery_codes SET used_at = $4 WHERE vendor_id = $1 AND identity_id = $2 AND code_hash = $3 AND used_at IS NULL",
                (vendor.id.clone(), identity_id.to_owned(), hash, now_ms),
            )
            .await?;
        if touched == 1 {
            return Ok(Some(left(tx, &vendor.id, identity_id).await?));
        }
    }
    Ok(None)
}

/// How many codes still work.
pub async fn left(tx: &mut Tx, vendor_id: &str, identity_id: &str) -> DbResult<i64> {
    let (count,): (i64,) = tx
        .one(
            "SELECT COUNT(*) FROM recovery_codes WHERE vendor_id = $1 AND identity_id = $2 AND used_at IS NULL",
            (vendor_id.to_owned(), identity_id.to_owned()),
        )
        .await?;
    Ok(count)
}

fn new_code(app: &App) -> String {
    // 128 random bits taken modulo 10^25 are even to one part in 10^13.
    let number = u128::from_le_bytes(app.ids.secret::<16>()) % 10_u128.pow(DIGITS);
    format!("{number:025}")
}

fn message(vendor: &Vendor, identity_id: &str, digits: &str) -> Vec<u8> {
    format!("{}\n{identity_id}\n{digits}", vendor.id).into_bytes()
}

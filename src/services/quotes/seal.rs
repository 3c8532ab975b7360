//! The signed text of a quote: what was priced, readable by anybody, changed by nobody but us.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use billing::calendar::Instant;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::platform::keys::Purpose;
use crate::sentence;
use crate::services::subscriptions::{Action, Counted};
use crate::services::{Desk, Refusal};

/// What a quote pins.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pins {
    pub id: String,
    pub vendor_id: String,
    pub customer_id: String,
    pub subscription_id: String,
    pub action: Action,
    /// The second it was priced at and will be done at.
    pub at: Instant,
    /// Unix milliseconds of wall time.
    pub expires_at: i64,
    pub versions: Versions,
    /// Usage as it was counted.
    pub counted: Counted,
    /// Billed parts that late usage was found for, and what was counted of them.
    pub late: Vec<(String, Decimal)>,
    pub total_minor: i64,
    pub due_minor: i64,
    /// Of everything that was shown.
    pub fingerprint: String,
}

/// What the price was made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Versions {
    pub subscription: i64,
    pub customer: i64,
    pub plan: i64,
}

pub(super) fn seal(desk: &Desk, pins: &Pins) -> Result<String, Refusal> {
    let text = URL_SAFE_NO_PAD.encode(serde_json::to_vec(pins).map_err(Refusal::damaged)?);
    let signature = desk.app.config.keys.sign(Purpose::Quote, text.as_bytes());
    Ok(format!("{text}.{signature}"))
}

/// The pins of a quote that is ours and of this vendor.
pub(super) fn open(desk: &Desk, quote: &str) -> Result<Pins, Refusal> {
    let unreadable = || Refusal::Rule(sentence!("refusal-quote-unreadable"));
    let (text, signature) = quote.split_once('.').ok_or_else(unreadable)?;
    if !desk.app.config.keys.is_signed(Purpose::Quote, text.as_bytes(), signature) {
        return Err(unreadable());
    }
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| unreadable())?;
    let pins: Pins = serde_json::from_slice(&bytes).map_err(|_| unreadable())?;
    if pins.vendor_id == desk.vendor.id { Ok(pins) } else { Err(Refusal::NotFound) }
}

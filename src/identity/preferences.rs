//! What a person chooses for themselves, whatever customer they look at: their name, language and time zone.

use serde_json::json;

use crate::sentence;
use crate::services::{Desk, FieldError, Refusal};

/// Languages to choose from: those that `words` has a catalogue of.
pub const LANGUAGES: [&str; 1] = ["en"];
/// Of a name.
const MOST_LETTERS: usize = 100;

/// A person's own choices; an empty one falls back to the customer's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preferences {
    pub name: String,
    /// Of the languages there are words in.
    pub locale: Option<String>,
    /// IANA name.
    pub time_zone: Option<String>,
}

/// The person's choices as they stand.
pub async fn load(desk: &mut Desk, identity_id: &str) -> Result<Preferences, Refusal> {
    let row: Option<(String, Option<String>, Option<String>)> = desk
        .tx
        .opt("SELECT name, locale, time_zone FROM identities WHERE vendor_id = $1 AND id = $2", (desk.vendor.id.clone(), identity_id.to_owned()))
        .await?;
    row.map(|(name, locale, time_zone)| Preferences { name, locale, time_zone }).ok_or(Refusal::NotFound)
}

/// Replaces the person's choices.
pub async fn choose(desk: &mut Desk, identity_id: &str, chosen: &Preferences) -> Result<(), Refusal> {
    let mut errors = Vec::new();
    let mut wrong = |field, sentence| errors.push(FieldError { field, sentence });
    if chosen.name.trim().is_empty() {
        wrong("your_name", sentence!("refusal-your-name-empty"));
    }
    if chosen.name.chars().count() > MOST_LETTERS {
        wrong("your_name", sentence!("refusal-your-name-long", most = MOST_LETTERS));
    }
    if chosen.time_zone.as_ref().is_some_and(|zone| zone.parse::<chrono_tz::Tz>().is_err()) {
        wrong("time_zone", sentence!("refusal-time-zone-of-list"));
    }
    if chosen.locale.as_ref().is_some_and(|locale| !LANGUAGES.contains(&locale.as_str())) {
        wrong("locale", sentence!("refusal-language-of-list"));
    }
    if !errors.is_empty() {
        return Err(Refusal::Fields(errors));
    }
    let touched = desk
        .tx
        .run(
            "UPDATE identities SET name = $3, locale = $4, time_zone = $5 WHERE vendor_id = $1 AND id = $2",
            (desk.vendor.id.clone(), identity_id.to_owned(), chosen.name.trim().to_owned(), chosen.locale.clone(), chosen.time_zone.clone()),
        )
        .await?;
    if touched == 0 {
        return Err(Refusal::NotFound);
    }
    desk.record("identity.preferences_chosen", None, identity_id, json!({ "locale": chosen.locale, "time_zone": chosen.time_zone })).await
}

//! What a vendor lets its customers do by themselves. Its own programs and staff may do all of it always.
//!
//! What deliberately does not live here: how the vendor bills (its record, `vendors`). The portal's door asks before it offers something.

use serde_json::json;

use crate::services::{Desk, Refusal};

/// Kept by `migrations/0091_customer_choices.sql`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    pub customers_may_pause: bool,
    pub customers_may_choose_interval: bool,
    pub customers_may_choose_billing_day: bool,
    pub customers_may_cap_spend: bool,
}

impl Default for Settings {
    /// As a vendor begins: the intervals its plans are sold at are its customers' to choose.
    fn default() -> Settings {
        Settings { customers_may_pause: false, customers_may_choose_interval: true, customers_may_choose_billing_day: false, customers_may_cap_spend: false }
    }
}

pub async fn load(desk: &mut Desk) -> Result<Settings, Refusal> {
    let mut settings = Settings::default();
    let rows: Vec<(String, bool)> = desk.tx.all("SELECT choice, is_allowed FROM customer_choices WHERE vendor_id = $1", (desk.vendor.id.clone(),)).await?;
    for (choice, is_allowed) in rows {
        match choice.as_str() {
            "pause" => settings.customers_may_pause = is_allowed,
            "interval" => settings.customers_may_choose_interval = is_allowed,
            "billing_day" => settings.customers_may_choose_billing_day = is_allowed,
            "spend_cap" => settings.customers_may_cap_spend = is_allowed,
            other => return Err(Refusal::damaged(format!("no choice {other}"))),
        }
    }
    Ok(settings)
}

/// Makes them what they shall be from now on.
pub async fn save(desk: &mut Desk, new: Settings) -> Result<(), Refusal> {
    let choices = [
        ("pause", new.customers_may_pause),
        ("interval", new.customers_may_choose_interval),
        ("billing_day", new.customers_may_choose_billing_day),
        ("spend_cap", new.customers_may_cap_spend),
    ];
    for (choice, is_allowed) in choices {
        desk.tx
            .run(
                "INSERT INTO customer_choices (vendor_id, choice, is_allowed) VALUES ($1, $2, $3)
                 ON CONFLICT (vendor_id, choice) DO UPDATE SET is_allowed = excluded.is_allowed",
                (desk.vendor.id.clone(), choice, is_allowed),
            )
            .await?;
    }
    let vendor_id = desk.vendor.id.clone();
    let data = json!({
        "customers_may_pause": new.customers_may_pause,
        "customers_may_choose_interval": new.customers_may_choose_interval,
        "customers_may_choose_billing_day": new.customers_may_choose_billing_day,
        "customers_may_cap_spend": new.customers_may_cap_spend,
    });
    desk.record("settings.changed", None, &vendor_id, data).await
}

//! From what amount on a plan's usage is invoiced before its period ends. It is no term that a subscription agrees to, for it changes no price:
//! what the vendor states holds for all who have the plan, from their next usage on.

use billing::money::Currency;
use serde_json::json;
use sqlx::FromRow;

use super::record;
use crate::sentence;
use crate::services::{Desk, Refusal};

/// Of a plan, for subscriptions in a currency; columns as in `migrations/0094_invoice_thresholds.sql`.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct InvoiceThreshold {
    pub plan_id: String,
    pub currency: String,
    pub amount_minor: i64,
}

/// Sets a plan's threshold in a currency, or takes it away.
pub async fn set_invoice_threshold(desk: &mut Desk, plan_id: &str, currency: Currency, amount_minor: Option<i64>) -> Result<(), Refusal> {
    super::plan(desk, plan_id).await?;
    if amount_minor.is_some_and(|amount_minor| amount_minor <= 0) {
        return Err(Refusal::field("amount_minor", sentence!("refusal-amount-nothing")));
    }
    let (vendor, plan) = (desk.vendor.id.clone(), plan_id.to_owned());
    match amount_minor {
        Some(amount_minor) => {
            desk.tx
                .run(
                    "INSERT INTO invoice_thresholds (vendor_id, plan_id, currency, amount_minor) VALUES ($1, $2, $3, $4)
                     ON CONFLICT (vendor_id, plan_id, currency) DO UPDATE SET amount_minor = excluded.amount_minor",
                    (vendor, plan, currency.code(), amount_minor),
                )
                .await?;
        }
        None => {
            desk.tx.run("DELETE FROM invoice_thresholds WHERE vendor_id = $1 AND plan_id = $2 AND currency = $3", (vendor, plan, currency.code())).await?;
        }
    }
    record(desk, "plan.threshold_set", plan_id, json!({ "currency": currency.code(), "amount_minor": amount_minor })).await
}

/// The thresholds of a plan, or of all of them.
pub async fn invoice_thresholds(desk: &mut Desk, plan_id: Option<&str>) -> Result<Vec<InvoiceThreshold>, Refusal> {
    Ok(desk
        .tx
        .all(
            "SELECT plan_id, currency, amount_minor FROM invoice_thresholds WHERE vendor_id = $1 AND ($2 = '' OR plan_id = $2) ORDER BY plan_id, currency",
            (desk.vendor.id.clone(), plan_id.unwrap_or_default().to_owned()),
        )
        .await?)
}

//! A vendor's dunning policy: read, checked, kept.

use billing::dunning::{AtEnd, Policy, PolicyError};
use serde_json::json;

use crate::sentence;
use crate::services::{Desk, FieldError, Refusal, catalog};

/// The question of [`policy`].
const POLICY: &str = "dunning policy";

/// What holds for the vendor: its own, or the engine's default.
pub async fn policy(desk: &mut Desk) -> Result<Policy, Refusal> {
    if let Some(policy) = desk.recall_setting(POLICY, "").await? {
        return Ok(policy);
    }
    let row: Option<(String,)> = desk.tx.opt("SELECT policy FROM dunning_policies WHERE vendor_id = $1", (desk.vendor.id.clone(),)).await?;
    let policy = row.map_or_else(|| Ok(Policy::default()), |(policy,)| serde_json::from_str(&policy).map_err(Refusal::damaged))?;
    desk.keep_setting(POLICY, "", &policy);
    Ok(policy)
}

/// Keeps another one. For a case that is open it holds from its next step on.
pub async fn set_policy(desk: &mut Desk, new: &Policy) -> Result<(), Refusal> {
    let mut errors: Vec<FieldError> = new.check().into_iter().map(wrong).collect();
    if let AtEnd::Downgrade(plan) = &new.at_end
        && !plan.is_empty()
        && catalog::plan_by_key(desk, plan).await?.is_none()
    {
        errors.push(FieldError { field: "at_end", sentence: sentence!("dunning-no-such-plan", plan = plan) });
    }
    if !errors.is_empty() {
        return Err(Refusal::Fields(errors));
    }
    let text = serde_json::to_string(new).map_err(Refusal::damaged)?;
    desk.tx
        .run(
            "INSERT INTO dunning_policies (vendor_id, name, policy, changed_at) VALUES ($1, 'default', $2, $3)
             ON CONFLICT (vendor_id, name) DO UPDATE SET policy = excluded.policy, changed_at = excluded.changed_at",
            (desk.vendor.id.clone(), text, desk.now.wall_ms()),
        )
        .await?;
    desk.settings_changed().await?;
    let vendor_id = desk.vendor.id.clone();
    desk.record("dunning.policy_changed", None, &vendor_id, json!(new)).await
}

fn wrong(error: PolicyError) -> FieldError {
    let sentence = match error {
        PolicyError::SoftDays => sentence!("dunning-soft-days"),
        PolicyError::Paydays => sentence!("dunning-paydays"),
        PolicyError::OutageHours => sentence!("dunning-outage-hours"),
        PolicyError::Hour => sentence!("dunning-hour"),
        PolicyError::MostTries => sentence!("dunning-most-tries"),
        PolicyError::GraceDays => sentence!("dunning-grace-days"),
        PolicyError::WarningDays => sentence!("dunning-warning-days"),
        PolicyError::CertificateDays => sentence!("dunning-certificate-days"),
        PolicyError::AtEnd => sentence!("dunning-at-end"),
        PolicyError::OwedAtEnd => sentence!("dunning-owed-at-end"),
    };
    FieldError { field: error.field(), sentence }
}

//! Limits set, changed and removed.

use std::collections::BTreeSet;

use billing::state::State;
use serde_json::json;

use super::limits::{ALERT, CAP, Limits, limits, period_of};
use super::watch::{self, Released};
use crate::sentence;
use crate::services::customers;
use crate::services::subscriptions::{self, Subscription};
use crate::services::{Desk, Refusal, usage};

/// Alerts a subscription may have.
pub const MOST_ALERTS: usize = 10;
/// The largest amount of a limit: more than any currency's minor units need.
const MOST_MINOR: i64 = 1_000_000_000_000_000;

/// The fields that a refusal names.
const ALERTS: &str = "alerts_minor";
const CAP_FIELD: &str = "cap_minor";

/// The subscription, with everything locked that a limit of it depends on.
async fn locked(desk: &mut Desk, subscription_id: &str) -> Result<Subscription, Refusal> {
    let customer_id = subscriptions::load(desk, subscription_id).await?.customer_id;
    let customer = customers::lock(desk, &customer_id).await?;
    usage::close(desk, &customer.id, customer.zone()?).await?;
    subscriptions::load(desk, subscription_id).await
}

fn check(s: &Subscription, field: &'static str, amount_minor: i64) -> Result<(), Refusal> {
    if s.state == State::Cancelled {
        return Err(Refusal::Rule(sentence!("refusal-spend-ended")));
    }
    if amount_minor <= 0 {
        return Err(Refusal::field(field, sentence!("refusal-amount-nothing")));
    }
    if amount_minor > MOST_MINOR {
        return Err(Refusal::field(field, sentence!("refusal-spend-too-large", most = (MOST_MINOR, s.currency.code()))));
    }
    Ok(())
}

/// Replaces a subscription's alerts. One that stays remembers that it was reached; a new one that is reached already tells nobody of this
/// period: whoever sets it sees it.
pub async fn set_alerts(desk: &mut Desk, subscription_id: &str, amounts_minor: &[i64]) -> Result<(), Refusal> {
    let s = locked(desk, subscription_id).await?;
    replace_alerts(desk, &s, amounts_minor.iter().copied().collect()).await
}

/// Sets one more alert; one that is there already stays.
pub async fn add_alert(desk: &mut Desk, subscription_id: &str, amount_minor: i64) -> Result<(), Refusal> {
    let s = locked(desk, subscription_id).await?;
    let alerts = limits(desk, &s.id).await?.alerts;
    replace_alerts(desk, &s, alerts.iter().map(|alert| alert.amount_minor).chain([amount_minor]).collect()).await
}

/// Removes an alert, if it is there.
pub async fn remove_alert(desk: &mut Desk, subscription_id: &str, amount_minor: i64) -> Result<(), Refusal> {
    let s = locked(desk, subscription_id).await?;
    let alerts = limits(desk, &s.id).await?.alerts;
    replace_alerts(desk, &s, alerts.iter().map(|alert| alert.amount_minor).filter(|amount| *amount != amount_minor).collect()).await
}

async fn replace_alerts(desk: &mut Desk, s: &Subscription, wanted: BTreeSet<i64>) -> Result<(), Refusal> {
    for amount_minor in &wanted {
        check(s, ALERTS, *amount_minor)?;
    }
    if wanted.len() > MOST_ALERTS {
        return Err(Refusal::field(ALERTS, sentence!("refusal-spend-alerts", most = MOST_ALERTS)));
    }
    let Limits { alerts, .. } = limits(desk, &s.id).await?;
    let there: BTreeSet<i64> = alerts.iter().map(|alert| alert.amount_minor).collect();
    let period = period_of(s);
    let cost_minor = match period {
        Some(period) => usage::cost_of_period(desk, s, period).await?,
        None => None,
    };
    for amount_minor in there.difference(&wanted) {
        remove(desk, s, ALERT, *amount_minor).await?;
        note(desk, s, "spend_alert.removed", *amount_minor).await?;
    }
    for amount_minor in wanted.difference(&there) {
        insert(desk, s, ALERT, *amount_minor).await?;
        note(desk, s, "spend_alert.set", *amount_minor).await?;
        if let Some(period) = period.filter(|_| cost_minor.is_some_and(|cost| cost >= *amount_minor)) {
            watch::mark(desk, s, ALERT, *amount_minor, period).await?;
        }
    }
    Ok(())
}

/// Sets, changes or removes a subscription's cap. One that has been reached already holds at once; one that is raised above what was used, or
/// removed, lets go.
pub async fn set_cap(desk: &mut Desk, subscription_id: &str, amount_minor: Option<i64>) -> Result<(), Refusal> {
    let s = locked(desk, subscription_id).await?;
    if let Some(amount_minor) = amount_minor {
        check(&s, CAP_FIELD, amount_minor)?;
    }
    let Limits { cap: before, .. } = limits(desk, &s.id).await?;
    if before.as_ref().map(|cap| cap.amount_minor) == amount_minor {
        return Ok(());
    }
    match (&before, amount_minor) {
        (Some(cap), Some(amount_minor)) => {
            desk.tx
                .run(
                    "UPDATE spend_limits SET amount_minor = $4 WHERE vendor_id = $1 AND subscription_id = $2 AND kind = 'cap' AND amount_minor = $3",
                    (desk.vendor.id.clone(), s.id.clone(), cap.amount_minor, amount_minor),
                )
                .await?;
            note(desk, &s, "spend_cap.set", amount_minor).await?;
        }
        (None, Some(amount_minor)) => {
            insert(desk, &s, CAP, amount_minor).await?;
            note(desk, &s, "spend_cap.set", amount_minor).await?;
        }
        (Some(cap), None) => {
            note(desk, &s, "spend_cap.removed", cap.amount_minor).await?;
            if cap.holds(&s, desk.now.billing) {
                watch::released(desk, &s, cap.amount_minor, Released::Removed).await?;
            }
            remove(desk, &s, CAP, cap.amount_minor).await?;
        }
        (None, None) => {}
    }
    watch::watch_one(desk, &s, Released::Raised).await
}

async fn insert(desk: &mut Desk, s: &Subscription, kind: &'static str, amount_minor: i64) -> Result<(), Refusal> {
    desk.tx
        .run(
            "INSERT INTO spend_limits (vendor_id, subscription_id, customer_id, kind, amount_minor, created_at) VALUES ($1, $2, $3, $4, $5, $6)",
            (desk.vendor.id.clone(), s.id.clone(), s.customer_id.clone(), kind, amount_minor, desk.now.billing_ms()),
        )
        .await?;
    Ok(())
}

async fn remove(desk: &mut Desk, s: &Subscription, kind: &'static str, amount_minor: i64) -> Result<(), Refusal> {
    desk.tx
        .run(
            "DELETE FROM spend_limits WHERE vendor_id = $1 AND subscription_id = $2 AND kind = $3 AND amount_minor = $4",
            (desk.vendor.id.clone(), s.id.clone(), kind, amount_minor),
        )
        .await?;
    Ok(())
}

async fn note(desk: &mut Desk, s: &Subscription, kind: &'static str, amount_minor: i64) -> Result<(), Refusal> {
    desk.record(kind, Some(&s.customer_id), &s.id, json!({ "amount_minor": amount_minor, "currency": s.currency.code() })).await
}

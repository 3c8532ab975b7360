//! The limits held against what usage costs now, and what is said when one is reached.

use billing::calendar::Period;
use serde_json::json;

use super::limits::{ALERT, Alert, CAP, Limits, limits, period_of, watched};
use crate::services::messages::{self, KeptFor, Letter, To};
use crate::services::subscriptions::{self, Closing, Subscription};
use crate::services::{Desk, Refusal, customers, usage};

/// Why a customer is held no longer; the event says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Released {
    Raised,
    Removed,
    /// Another period has begun.
    Period,
    /// Usage was taken back, or costs less on another plan.
    Usage,
    /// The subscription has ended.
    Ended,
}

impl Released {
    fn name(self) -> &'static str {
        match self {
            Released::Raised => "raised",
            Released::Removed => "removed",
            Released::Period => "period",
            Released::Usage => "usage",
            Released::Ended => "ended",
        }
    }
}

/// Holds the limits of a customer's subscriptions against what their usage costs now. Who calls it holds the customer's usage lock. Where
/// nobody has set a limit it is one statement.
pub(crate) async fn watch(desk: &mut Desk, customer_id: &str) -> Result<(), Refusal> {
    for subscription_id in watched(desk, customer_id).await? {
        let subscription = subscriptions::load(desk, &subscription_id).await?;
        watch_one(desk, &subscription, Released::Usage).await?;
    }
    Ok(())
}

/// The same for one subscription. `below`: why its cap lets go where less was used.
pub(super) async fn watch_one(desk: &mut Desk, s: &Subscription, below: Released) -> Result<(), Refusal> {
    let Limits { alerts, cap } = limits(desk, &s.id).await?;
    // A period that has ended waits for its last usage, which may still reach what its customer wants to be told of.
    let ended: Vec<Period> = s.closings.iter().map(|Closing { cycle, .. }| cycle.period()).collect();
    for period in ended {
        tell_reached(desk, s, &alerts, period, None).await?;
    }
    let running = period_of(s);
    let cost_minor = match running {
        Some(period) if cap.is_some() || alerts.iter().any(|alert| is_open(alert, period)) => usage::cost_of_period(desk, s, period).await?,
        _ => None,
    };
    if let (Some(period), Some(cost_minor)) = (running, cost_minor) {
        tell_reached(desk, s, &alerts, period, Some(cost_minor)).await?;
    }
    let Some(cap) = cap else { return Ok(()) };
    let is_held = running.is_some_and(|period| cap.held_in == Some(period.start));
    let is_reached = cost_minor.is_some_and(|cost_minor| cost_minor >= cap.amount_minor);
    if cap.held_in.is_some() && !(is_held && is_reached) {
        let why = match running {
            None => Released::Ended,
            Some(_) if !is_held => Released::Period,
            Some(_) => below,
        };
        released(desk, s, cap.amount_minor, why).await?;
    }
    if let (Some(period), Some(cost_minor), false) = (running, cost_minor.filter(|_| is_reached), is_held) {
        mark(desk, s, CAP, cap.amount_minor, period).await?;
        note(desk, s, "spend_cap.reached", cap.amount_minor, cost_minor, period).await?;
        let letter = Letter::SpendCapReached { spent: spent(desk, s, cost_minor, period).await?, cap_minor: cap.amount_minor };
        tell(desk, s, letter).await?;
    }
    Ok(())
}

/// Whether an alert is still to be told in a period. Periods are told in their order: one before the last that was told is past.
fn is_open(alert: &Alert, period: Period) -> bool {
    alert.reached_in.is_none_or(|last| last < period.start)
}

/// Tells of the alerts that a period's usage has reached: an event each, and one letter of all of them. `cost_minor` where it is known.
async fn tell_reached(desk: &mut Desk, s: &Subscription, alerts: &[Alert], period: Period, cost_minor: Option<i64>) -> Result<(), Refusal> {
    let open: Vec<&Alert> = alerts.iter().filter(|alert| is_open(alert, period)).collect();
    if open.is_empty() {
        return Ok(());
    }
    let cost_minor = match cost_minor {
        Some(cost_minor) => Some(cost_minor),
        None => usage::cost_of_period(desk, s, period).await?,
    };
    let Some(cost_minor) = cost_minor else { return Ok(()) };
    let mut amounts_minor = Vec::new();
    for alert in open.into_iter().filter(|alert| alert.amount_minor <= cost_minor) {
        if mark(desk, s, ALERT, alert.amount_minor, period).await? {
            note(desk, s, "spend_alert.reached", alert.amount_minor, cost_minor, period).await?;
            amounts_minor.push(alert.amount_minor);
        }
    }
    if amounts_minor.is_empty() {
        return Ok(());
    }
    let letter = Letter::SpendAlertReached { spent: spent(desk, s, cost_minor, period).await?, amounts_minor };
    tell(desk, s, letter).await
}

/// Notes that a limit was reached in a period; whether nobody had.
pub(super) async fn mark(desk: &mut Desk, s: &Subscription, kind: &'static str, amount_minor: i64, period: Period) -> Result<bool, Refusal> {
    let touched = desk
        .tx
        .run(
            "UPDATE spend_limits SET reached_in_at = $5, reached_at = $6
             WHERE vendor_id = $1 AND subscription_id = $2 AND kind = $3 AND amount_minor = $4 AND (reached_in_at IS NULL OR reached_in_at <> $5)",
            (desk.vendor.id.clone(), s.id.clone(), kind, amount_minor, period.start.timestamp_millis(), desk.now.billing_ms()),
        )
        .await?;
    Ok(touched > 0)
}

/// Lets a customer go who was held at a cap.
pub(super) async fn released(desk: &mut Desk, s: &Subscription, cap_minor: i64, why: Released) -> Result<(), Refusal> {
    desk.tx
        .run(
            "UPDATE spend_limits SET reached_in_at = NULL, reached_at = NULL WHERE vendor_id = $1 AND subscription_id = $2 AND kind = 'cap'",
            (desk.vendor.id.clone(), s.id.clone()),
        )
        .await?;
    let data = json!({ "amount_minor": cap_minor, "currency": s.currency.code(), "reason": why.name() });
    desk.record("spend_cap.released", Some(&s.customer_id), &s.id, data).await
}

async fn note(desk: &mut Desk, s: &Subscription, kind: &'static str, amount_minor: i64, cost_minor: i64, period: Period) -> Result<(), Refusal> {
    let data = json!({
        "amount_minor": amount_minor,
        "cost_minor": cost_minor,
        "currency": s.currency.code(),
        "period": { "from": period.start, "to": period.end },
    });
    desk.record(kind, Some(&s.customer_id), &s.id, data).await
}

async fn spent(desk: &mut Desk, s: &Subscription, cost_minor: i64, period: Period) -> Result<messages::Spent, Refusal> {
    let customer = customers::load(desk, &s.customer_id).await?;
    Ok(messages::Spent { customer: customer.name, cost_minor, currency: s.currency.code().to_owned(), period, zone: s.zone })
}

/// A letter to everybody who may manage the customer's billing.
async fn tell(desk: &mut Desk, s: &Subscription, letter: Letter) -> Result<(), Refusal> {
    for person in customers::people_of(desk, &s.customer_id).await? {
        if person.role().may_change_billing() {
            let to = To { email: &person.email, name: &person.name, kept: KeptFor::Customer(&s.customer_id) };
            messages::leave(desk, to, &letter).await?;
        }
    }
    Ok(())
}

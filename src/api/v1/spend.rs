//! Spend: what a subscription's usage costs in the period under way, and its customer's alerts and cap.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::subscriptions::SubscriptionPeriod;
use crate::api::give::Json;
use crate::api::problem::Problem;
use crate::api::route::Route;
use crate::api::take::{Body, Id};
use crate::api::values::{Time, given};
use crate::services::api_keys::Scope;
use crate::services::subscriptions::Subscription;
use crate::services::{Desk, Refusal, spend, subscriptions};

pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/subscriptions/{subscription}/spend", Scope::SubscriptionsRead, get)
            .named("getSpend", "Get what usage costs so far, and its limits")
            .about("Of the period under way: what everything metered has cost, the amounts at which the customer is told, and the cap at which they are held."),
        Route::patch("/subscriptions/{subscription}/spend", Scope::SubscriptionsWrite, update)
            .named("updateSpend", "Set alerts and cap")
            .about("What is absent stays as it is; null removes the cap. Each alert is told once a period: a letter, and the event spend_alert.reached. At the cap the customer’s entitlements say no for every meter, and spend_cap.reached and spend_cap.released are the events; what is recorded nevertheless is invoiced."),
    ]
}

/// An amount at which the customer is told.
#[derive(Serialize, ToSchema)]
pub struct SpendAlert {
    pub amount_minor: i64,
    /// Whether it was reached in the period under way.
    pub is_reached: bool,
    /// When it was reached last; null: never yet.
    pub reached_at: Option<Time>,
}

/// An amount at which the customer is held.
#[derive(Serialize, ToSchema)]
pub struct SpendCap {
    pub amount_minor: i64,
    /// What is metered is not to be used now.
    pub is_held: bool,
    /// Since when; null: it is not.
    pub held_at: Option<Time>,
}

/// What usage costs so far, and its limits. Amounts are before discounts and tax.
#[derive(Serialize, ToSchema)]
pub struct Spend {
    pub subscription_id: String,
    /// ISO 4217; the subscription’s.
    pub currency: String,
    /// The period under way; null: nothing is charged for now.
    pub period: Option<SubscriptionPeriod>,
    /// What everything metered has cost in it; null: nothing is metered.
    pub cost_minor: Option<i64>,
    /// The smallest first.
    pub alerts: Vec<SpendAlert>,
    pub cap: Option<SpendCap>,
}

/// What is to be different.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SpendChanges {
    /// What the amounts are in: said, it has to be the subscription’s.
    #[schema(example = "EUR")]
    pub currency: Option<String>,
    /// The amounts at which the customer is told; replaces the list.
    #[schema(max_items = 10)]
    pub alerts_minor: Option<Vec<i64>>,
    /// The amount at which the customer is held.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<i64>)]
    pub cap_minor: Option<Option<i64>>,
}

async fn shown(desk: &mut Desk, s: Subscription) -> Result<Spend, Refusal> {
    let spend::Spend { limits, period, cost_minor, is_held } = spend::load(desk, &s).await?;
    let alert = |alert: spend::Alert| SpendAlert {
        is_reached: period.is_some_and(|period| alert.is_reached_in(period)),
        amount_minor: alert.amount_minor,
        reached_at: alert.reached_at.map(Time),
    };
    Ok(Spend {
        currency: s.currency.code().to_owned(),
        subscription_id: s.id,
        period: period.map(|period| SubscriptionPeriod { start: period.start.into(), end: period.end.into() }),
        cost_minor,
        alerts: limits.alerts.into_iter().map(alert).collect(),
        cap: limits.cap.map(|cap| SpendCap { amount_minor: cap.amount_minor, is_held, held_at: cap.held_at.filter(|_| is_held).map(Time) }),
    })
}

async fn get(desk: &mut Desk, Id(subscription): Id) -> Result<Json<Spend>, Problem> {
    let subscription = subscriptions::find(desk, &subscription).await?;
    Ok(Json(shown(desk, subscription).await?))
}

async fn update(desk: &mut Desk, (Id(subscription), Body(changes)): (Id, Body<SpendChanges>)) -> Result<Json<Spend>, Problem> {
    let s = subscriptions::find(desk, &subscription).await?;
    if let Some(given) = changes.currency.filter(|given| given != s.currency.code()) {
        return Err(Problem::at("/currency", format!("This subscription is billed in {}, not in {given}.", s.currency.code())));
    }
    if let Some(alerts_minor) = &changes.alerts_minor {
        spend::set_alerts(desk, &s.id, alerts_minor).await?;
    }
    if let Some(cap_minor) = changes.cap_minor {
        spend::set_cap(desk, &s.id, cap_minor).await?;
    }
    let s = subscriptions::load(desk, &s.id).await?;
    Ok(Json(shown(desk, s).await?))
}

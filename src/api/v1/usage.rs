//! Usage: events in, by the batch; quantities out, by hour, day or month.

use std::collections::BTreeMap;

use billing::calendar::Period;
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::in_query;
use crate::api::give::Json;
use crate::api::problem::Problem;
use crate::api::route::Route;
use crate::api::take::{Body, Query};
use crate::api::values::{Exact, Time};
use crate::services::api_keys::Scope;
use crate::services::usage::{self, NewEvent};
use crate::services::{Desk, Refusal, customers};

/// Most events of one call.
const MOST_EVENTS: usize = 1_000;

pub fn routes() -> Vec<Route> {
    vec![
        Route::post("/usage", Scope::UsageWrite, send).named("sendUsage", "Send usage").about(
            "Up to 1,000 events, late and out of order if need be. Each counts once by its own id, however often it is sent; what is refused does not keep the rest out.",
        ),
        Route::get("/usage", Scope::UsageRead, query)
            .named("queryUsage", "Read usage")
            .about("What a meter reads, cut by hours (at most 31 days), days (400) or months (3,700 days) of the customer’s zone."),
    ]
}

/// Something a customer used.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UsageEvent {
    /// Your own id of it, of 1 to 200 bytes.
    pub id: String,
    /// Our id of the customer, or `ext:` and your own.
    pub customer_id: String,
    /// The meter’s key.
    pub meter: String,
    /// Read by meters that sum or take the largest or the latest.
    pub quantity: Option<Exact>,
    /// Read by meters that count different values.
    pub value: Option<String>,
    /// When it happened; now, unless given.
    pub at: Option<Time>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UsageBatch {
    #[schema(min_items = 1, max_items = 1000)]
    pub events: Vec<UsageEvent>,
}

/// What became of an event.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum UsageOutcome {
    Counted,
    /// The same event was here before, and counts once.
    Known,
    /// Not counted; `detail` says why.
    Refused,
}

#[derive(Serialize, ToSchema)]
pub struct UsageResult {
    /// The event’s.
    pub id: String,
    pub outcome: UsageOutcome,
    pub detail: Option<String>,
}

/// One result for each event, in their order.
#[derive(Serialize, ToSchema)]
pub struct UsageResults {
    pub results: Vec<UsageResult>,
}

async fn send(desk: &mut Desk, Body(batch): Body<UsageBatch>) -> Result<Json<UsageResults>, Problem> {
    if !(1..=MOST_EVENTS).contains(&batch.events.len()) {
        return Err(Problem::at("/events", format!("A batch has 1 to {MOST_EVENTS} events; this one has {}.", batch.events.len())));
    }
    let mut results: Vec<UsageResult> = Vec::with_capacity(batch.events.len());
    let mut ids: BTreeMap<String, Option<String>> = BTreeMap::new();
    // By our id of the customer: two batches take their locks in one order.
    let mut by_customer: BTreeMap<String, Vec<(usize, NewEvent)>> = BTreeMap::new();
    for (index, event) in batch.events.into_iter().enumerate() {
        if !ids.contains_key(&event.customer_id) {
            let found = match customers::find(desk, &event.customer_id).await {
                Ok(customer) => Some(customer.id),
                Err(Refusal::NotFound) => None,
                Err(other) => return Err(other.into()),
            };
            ids.insert(event.customer_id.clone(), found);
        }
        let missing = Some("There is no such customer of yours.".to_owned());
        results.push(UsageResult { id: event.id.clone(), outcome: UsageOutcome::Refused, detail: missing });
        if let Some(Some(customer_id)) = ids.get(&event.customer_id) {
            let event = NewEvent {
                id: event.id,
                meter: event.meter,
                quantity: event.quantity.map(|Exact(q)| q),
                value: event.value,
                time: event.at.map(|Time(at)| at),
            };
            by_customer.entry(customer_id.clone()).or_default().push((index, event));
        }
    }
    for (customer_id, events) in by_customer {
        let (places, events): (Vec<usize>, Vec<NewEvent>) = events.into_iter().unzip();
        for (index, outcome) in places.into_iter().zip(usage::record(desk, &customer_id, &events).await?) {
            (results[index].outcome, results[index].detail) = match outcome {
                usage::Outcome::Counted => (UsageOutcome::Counted, None),
                usage::Outcome::Known => (UsageOutcome::Known, None),
                usage::Outcome::Refused(why) => (UsageOutcome::Refused, Some(why.to_string())),
            };
        }
    }
    Ok(Json(UsageResults { results }))
}

#[derive(Clone, Copy, PartialEq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum UsageBy {
    Hour,
    Day,
    Month,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UsageQuery {
    /// Our id of the customer, or `ext:` and your own.
    customer_id: String,
    /// The meter’s key.
    meter: String,
    from: Time,
    /// Not included.
    to: Time,
    /// By days, unless given.
    by: Option<UsageBy>,
}

/// One hour, day or month; cut off where the range begins and ends.
#[derive(Serialize, ToSchema)]
pub struct UsagePoint {
    pub from: Time,
    pub to: Time,
    /// What the meter reads over it; null where nothing was sent.
    pub used: Option<Exact>,
    /// From the range’s beginning to here.
    pub total: Exact,
}

/// What a meter reads over a range.
#[derive(Serialize, ToSchema)]
pub struct UsageReport {
    pub customer_id: String,
    pub meter: String,
    pub unit: String,
    pub by: UsageBy,
    /// IANA; its days and hours are meant.
    pub time_zone: String,
    pub from: Time,
    pub to: Time,
    pub total: Exact,
    pub points: Vec<UsagePoint>,
}

async fn query(desk: &mut Desk, Query(asked): Query<UsageQuery>) -> Result<Json<UsageReport>, Problem> {
    let customer = customers::find(desk, &asked.customer_id).await.map_err(in_query("customer_id"))?;
    let meter = usage::meters(desk).await?.into_iter().find(|meter| meter.key == asked.meter).ok_or(Refusal::NotFound).map_err(in_query("meter"))?;
    let (Time(start), Time(end), by) = (asked.from, asked.to, asked.by.unwrap_or(UsageBy::Day));
    if end <= start {
        return Err(Problem::parameter("to", "The range ends before it begins."));
    }
    let (engine_by, most_days) = match by {
        UsageBy::Hour => (usage::By::Hour, 31),
        UsageBy::Day => (usage::By::Day, 400),
        UsageBy::Month => (usage::By::Month, 3_700),
    };
    if end - start > TimeDelta::days(most_days) {
        return Err(Problem::parameter("to", format!("By this step a range has at most {most_days} days.")));
    }
    let points = usage::series(desk, &customer.id, &meter, Period { start, end }, engine_by, customer.zone()?).await?;
    let points: Vec<UsagePoint> = points
        .into_iter()
        .map(|point| UsagePoint { from: point.start.into(), to: point.end.into(), used: point.used.map(Exact), total: point.total.into() })
        .collect();
    let total = points.last().map_or_else(|| Exact(Default::default()), |point| point.total);
    Ok(Json(UsageReport {
        customer_id: customer.id,
        meter: meter.key,
        unit: meter.unit,
        by,
        time_zone: customer.time_zone,
        from: start.into(),
        to: end.into(),
        total,
        points,
    }))
}

//! Events: what happened, as it was written in the transaction of each action.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::in_query;
use crate::api::give::Page;
use crate::api::problem::Problem;
use crate::api::route::Route;
use crate::api::take::{Limit, Query, after};
use crate::api::values::Time;
use crate::services::api_keys::Scope;
use crate::services::{Desk, Refusal, customers, events};

pub fn routes() -> Vec<Route> {
    vec![Route::get("/events", Scope::EventsRead, list).named("listEvents", "List events").about("The latest recorded first.")]
}

/// Something that happened.
#[derive(Serialize, ToSchema)]
pub struct Event {
    pub id: String,
    /// Such as `subscription.changed`.
    pub kind: String,
    pub customer_id: Option<String>,
    /// What it happened to.
    pub subject_id: String,
    /// Who did it: `identity:…`, `staff:…`, `key:…`, or `system`.
    pub actor: String,
    /// More about it, by kind.
    #[schema(value_type = Object)]
    pub data: Value,
    /// By the vendor’s billing clock.
    pub happened_at: Time,
    /// By the clock on the wall.
    pub recorded_at: Time,
}

fn shown(event: events::Event) -> Result<Event, Refusal> {
    Ok(Event {
        data: serde_json::from_str(&event.data).map_err(Refusal::damaged)?,
        id: event.id,
        kind: event.kind,
        customer_id: event.customer_id,
        subject_id: event.subject_id,
        actor: event.actor,
        happened_at: Time::of_ms(event.happened_at),
        recorded_at: Time::of_ms(event.recorded_at),
    })
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ListEvents {
    /// Only a customer’s: our id, or `ext:` and your own.
    customer_id: Option<String>,
    /// Only of this kind.
    kind: Option<String>,
    /// How many a page holds: 1 to 100, 20 unless given.
    #[schema(minimum = 1, maximum = 100)]
    limit: Option<u32>,
    /// The `next` of the page before.
    #[schema(pattern = "^[a-z]+_[0-9a-fA-F]{32}$")]
    after: Option<String>,
}

async fn list(desk: &mut Desk, Query(query): Query<ListEvents>) -> Result<Page<Event>, Problem> {
    let limit = Limit::of(query.limit)?;
    let customer_id = match query.customer_id {
        None => None,
        Some(customer) => Some(customers::find(desk, &customer).await.map_err(in_query("customer_id"))?.id),
    };
    let filter = events::Filter { customer_id, kind: query.kind, before: Some(after(query.after)?) };
    Page::of(events::page(desk, &filter, limit.and_one()).await?, limit, |event| &event.id, shown)
}

//! Meters: what is counted, and how events of a period become one quantity.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::give::{Created, Page};
use crate::api::problem::Problem;
use crate::api::route::Route;
use crate::api::take::{Body, Limit, Query, after};
use crate::services::api_keys::Scope;
use crate::services::{Desk, Refusal, catalog, usage};

pub fn routes() -> Vec<Route> {
    vec![
        Route::post("/meters", Scope::PlansWrite, create).named("createMeter", "Create a meter"),
        Route::get("/meters", Scope::PlansRead, list).named("listMeters", "List meters").about("In the order they are shown."),
    ]
}

/// How a meter makes one number of a period’s events: the sum of quantities, the largest, the latest, the number of events, or the number
/// of different values.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Aggregate {
    Sum,
    Max,
    Last,
    Count,
    Unique,
}

impl From<Aggregate> for usage::Aggregate {
    fn from(aggregate: Aggregate) -> usage::Aggregate {
        match aggregate {
            Aggregate::Sum => usage::Aggregate::Sum,
            Aggregate::Max => usage::Aggregate::Max,
            Aggregate::Last => usage::Aggregate::Last,
            Aggregate::Count => usage::Aggregate::Count,
            Aggregate::Unique => usage::Aggregate::Unique,
        }
    }
}

impl From<usage::Aggregate> for Aggregate {
    fn from(aggregate: usage::Aggregate) -> Aggregate {
        match aggregate {
            usage::Aggregate::Sum => Aggregate::Sum,
            usage::Aggregate::Max => Aggregate::Max,
            usage::Aggregate::Last => Aggregate::Last,
            usage::Aggregate::Count => Aggregate::Count,
            usage::Aggregate::Unique => Aggregate::Unique,
        }
    }
}

/// Something that is counted.
#[derive(Serialize, ToSchema)]
pub struct Meter {
    pub id: String,
    /// What events name it by.
    pub key: String,
    pub name: String,
    /// Shown after a number.
    pub unit: String,
    pub aggregate: Aggregate,
}

fn shown(meter: usage::Meter) -> Result<Meter, Refusal> {
    Ok(Meter { aggregate: meter.aggregate.into(), id: meter.id, key: meter.key, name: meter.name, unit: meter.unit })
}

/// A meter to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewMeter {
    #[schema(min_length = 1, max_length = 100, example = "build_minutes")]
    pub key: String,
    #[schema(min_length = 1, max_length = 200, example = "Build minutes")]
    pub name: String,
    #[serde(default)]
    #[schema(max_length = 100, example = "minutes")]
    pub unit: String,
    pub aggregate: Aggregate,
}

async fn create(desk: &mut Desk, Body(new): Body<NewMeter>) -> Result<Created<Meter>, Problem> {
    Problem::unless_named(&new.name, "/name")?;
    let position = i64::try_from(usage::meters(desk).await?.len()).map_err(Refusal::damaged)?;
    let new = catalog::NewMeter { key: new.key, name: new.name, unit: new.unit, aggregate: new.aggregate.into(), position };
    let id = catalog::create_meter(desk, &new).await?;
    let meter = usage::meters(desk).await?.into_iter().find(|meter| meter.id == id).ok_or(Refusal::NotFound)?;
    Ok(Created(shown(meter)?))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ListMeters {
    /// How many a page holds: 1 to 100, 20 unless given.
    #[schema(minimum = 1, maximum = 100)]
    limit: Option<u32>,
    /// The `next` of the page before.
    #[schema(pattern = "^[a-z]+_[0-9a-fA-F]{32}$")]
    after: Option<String>,
}

async fn list(desk: &mut Desk, Query(query): Query<ListMeters>) -> Result<Page<Meter>, Problem> {
    let meters = usage::meters(desk).await?;
    Page::cut(meters, Limit::of(query.limit)?, &after(query.after)?, |meter| &meter.id, shown)
}

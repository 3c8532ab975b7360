//! Meters: what is counted, and how events of a period become one quantity.

pub use billing::usage::Aggregate;
use sqlx::FromRow;

use crate::services::{Desk, Refusal};

/// A meter of the vendor; columns as in `migrations/0004_catalog.sql`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meter {
    pub id: String,
    pub key: String,
    pub name: String,
    pub unit: String,
    pub aggregate: Aggregate,
}

#[derive(FromRow)]
struct MeterRow {
    id: String,
    key: String,
    name: String,
    unit: String,
    aggregate: String,
}

/// The vendor's meters, in the order they are shown.
pub async fn meters(desk: &mut Desk) -> Result<Vec<Meter>, Refusal> {
    if let Some(meters) = desk.recall_setting("meters", "").await? {
        return Ok(meters);
    }
    let rows: Vec<MeterRow> =
        desk.tx.all("SELECT id, key, name, unit, aggregate FROM meters WHERE vendor_id = $1 ORDER BY position, id", (desk.vendor.id.clone(),)).await?;
    let meter = |row: MeterRow| Ok(Meter { aggregate: aggregate(&row.aggregate)?, id: row.id, key: row.key, name: row.name, unit: row.unit });
    let meters = rows.into_iter().map(meter).collect::<Result<Vec<_>, Refusal>>()?;
    desk.keep_setting("meters", "", &meters);
    Ok(meters)
}

/// As the column names it.
fn aggregate(name: &str) -> Result<Aggregate, Refusal> {
    Ok(match name {
        "sum" => Aggregate::Sum,
        "max" => Aggregate::Max,
        "last" => Aggregate::Last,
        "count" => Aggregate::Count,
        "unique" => Aggregate::Unique,
        other => return Err(Refusal::damaged(format!("“{other}” is no way to aggregate usage"))),
    })
}

//! What happened, read back: the rows every action leaves in its transaction ([`Desk::record`]).
//!
//! What deliberately does not live here: writing them, and what a kind means to a reader.

use sqlx::FromRow;

use crate::services::{Desk, Refusal};

/// Something that happened. Columns as in `migrations/0005_events.sql`.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct Event {
    pub id: String,
    pub kind: String,
    pub customer_id: Option<String>,
    pub subject_id: String,
    /// 'identity:idn_…' | 'staff:…' | 'key:…' | 'system'
    pub actor: String,
    /// JSON.
    pub data: String,
    /// Billing time.
    pub happened_at: i64,
    /// Wall time.
    pub recorded_at: i64,
}

/// What is looked for among the vendor's events; the default is everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    pub customer_id: Option<String>,
    pub kind: Option<String>,
    /// Only what was recorded before the event of this id: the cursor of the next page.
    pub before: Option<String>,
}

/// Events that fit, the latest recorded first.
pub async fn page(desk: &mut Desk, filter: &Filter, at_most: i64) -> Result<Vec<Event>, Refusal> {
    let or_empty = |text: &Option<String>| text.clone().unwrap_or_default();
    Ok(desk
        .tx
        .all(
            "SELECT id, kind, customer_id, subject_id, actor, data, happened_at, recorded_at FROM events
             WHERE vendor_id = $1 AND ($2 = '' OR customer_id = $2) AND ($3 = '' OR kind = $3) AND ($4 = '' OR id < $4) ORDER BY id DESC LIMIT $5 + 0",
            (desk.vendor.id.clone(), or_empty(&filter.customer_id), or_empty(&filter.kind), or_empty(&filter.before), at_most),
        )
        .await?)
}

/// One of the vendor's.
pub async fn find(desk: &mut Desk, event_id: &str) -> Result<Event, Refusal> {
    desk.tx
        .opt(
            "SELECT id, kind, customer_id, subject_id, actor, data, happened_at, recorded_at FROM events WHERE vendor_id = $1 AND id = $2",
            (desk.vendor.id.clone(), event_id.to_owned()),
        )
        .await?
        .ok_or(Refusal::NotFound)
}

/// Everything of one kind that happened to the vendor's customers, in order.
pub async fn of_kind(desk: &mut Desk, kind: &'static str) -> Result<Vec<Event>, Refusal> {
    Ok(desk
        .tx
        .all(
            "SELECT id, kind, customer_id, subject_id, actor, data, happened_at, recorded_at FROM events WHERE vendor_id = $1 AND kind = $2 ORDER BY happened_at, id",
            (desk.vendor.id.clone(), kind),
        )
        .await?)
}

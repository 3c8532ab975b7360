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
    /// JSON.
    pub data: String,
    /// Billing time.
    pub happened_at: i64,
}

/// Everything of one kind that happened to the vendor's customers, in order.
pub async fn of_kind(desk: &mut Desk, kind: &'static str) -> Result<Vec<Event>, Refusal> {
    Ok(desk
        .tx
        .all(
            "SELECT id, kind, customer_id, subject_id, data, happened_at FROM events WHERE vendor_id = $1 AND kind = $2 ORDER BY happened_at, id",
            (desk.vendor.id.clone(), kind),
        )
        .await?)
}

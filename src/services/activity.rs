//! The activity log: the domain events of one customer, read back. They are written by every action ([`Desk::record`]) and say nothing that
//! the customer may not read; how an event is worded belongs to the page.

use billing::calendar::Instant;
use serde_json::Value;
use sqlx::FromRow;

use crate::platform::clock::from_ms;
use crate::services::{Desk, Refusal};

/// One thing that happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Also the cursor of what happened before it.
    pub id: String,
    pub kind: String,
    pub data: Value,
    pub by: By,
    pub happened_at: Instant,
}

/// Who did it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum By {
    /// A person, by name.
    Person(String),
    /// The vendor's staff: which of them is the vendor's own affair.
    Staff,
    /// What happens by itself.
    Itself,
}

#[derive(FromRow)]
struct Row {
    id: String,
    kind: String,
    data: String,
    actor: String,
    name: Option<String>,
    happened_at: i64,
}

/// What happened to a customer, the latest first, from before their entry of that id; empty: from the latest.
pub async fn of_customer(desk: &mut Desk, customer_id: &str, before: &str, at_most: i64) -> Result<Vec<Entry>, Refusal> {
    // 'identity:' has nine letters; what follows is the id.
    let rows: Vec<Row> = desk
        .tx
        .all(
            "SELECT e.id, e.kind, e.data, e.actor, p.name, e.happened_at FROM events e
             LEFT JOIN identities p ON p.vendor_id = e.vendor_id AND p.id = SUBSTR(e.actor, 10)
             WHERE e.vendor_id = $1 AND e.customer_id = $2 AND ($3 = '' OR (e.id < $3 AND EXISTS (SELECT 1 FROM events c WHERE c.vendor_id = $1 AND c.customer_id = $2 AND c.id = $3)))
             ORDER BY e.id DESC LIMIT $4 + 0",
            (desk.vendor.id.clone(), customer_id.to_owned(), before.to_owned(), at_most),
        )
        .await?;
    rows.into_iter()
        .map(|row| {
            let by = match (row.name, row.actor.as_str()) {
                (Some(name), _) => By::Person(name),
                (None, "system") => By::Itself,
                (None, _) => By::Staff,
            };
            Ok(Entry {
                data: serde_json::from_str(&row.data).map_err(Refusal::damaged)?,
                id: row.id,
                kind: row.kind,
                by,
                happened_at: from_ms(row.happened_at),
            })
        })
        .collect()
}

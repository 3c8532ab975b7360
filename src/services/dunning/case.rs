//! A dunning case as it is kept, and what was decided in it.

use std::collections::BTreeMap;

use billing::dunning::Class;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::FromRow;

use crate::platform::clock::{Instant, from_ms};
use crate::services::payments::DeclineReason;
use crate::services::{Desk, Refusal};

/// An invoice that could not be charged. Columns as in `migrations/0097_dunning.sql`.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    pub id: String,
    pub customer_id: String,
    pub invoice_id: String,
    pub currency: String,
    pub amount_minor: i64,
    pub state: CaseState,
    /// What is done next by itself, and when.
    pub next: Option<(Instant, NextStep)>,
    pub opened_at: Instant,
    /// The day of the vendor's zone it was opened on.
    pub opened_on: String,
    pub try_at: Option<Instant>,
    /// Why it is tried then, or why not at all.
    pub because: String,
    pub tries: i64,
    /// By the method's id.
    pub said: BTreeMap<String, Answer>,
    pub turns: Vec<String>,
    pub warned_at: Option<Instant>,
    pub end_at: Instant,
    pub ended_at: Option<Instant>,
    pub ended_by: Option<String>,
    pub recovered_at: Option<Instant>,
    pub recovered_by: Option<String>,
    pub recovered_minor: i64,
}

/// What was said last of a method as it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    #[serde(with = "reason_name")]
    pub reason: DeclineReason,
    /// Unix milliseconds of billing time.
    pub at: i64,
    /// How often in a row it was a reason of this class.
    pub times: u32,
}

impl Answer {
    pub fn class(&self) -> Class {
        self.reason.class()
    }
}

mod reason_name {
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::services::payments::DeclineReason;

    pub fn serialize<S: Serializer>(reason: &DeclineReason, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(reason.name())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<DeclineReason, D::Error> {
        Ok(DeclineReason::or_other(&String::deserialize(deserializer)?))
    }
}

macro_rules! words {
    ($(#[$meta:meta])* $type:ident { $($(#[$doc:meta])* $variant:ident = $name:literal),* $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $type { $($(#[$doc])* $variant),* }

        impl $type {
            /// As columns and the interface have it.
            pub fn name(self) -> &'static str {
                match self { $($type::$variant => $name),* }
            }

            pub fn from_name(name: &str) -> Option<$type> {
                match name { $($name => Some($type::$variant),)* _ => None }
            }
        }
    };
}

words! {
    CaseState {
        /// It is tried, warned and ended in time.
        Open = "open",
        /// The grace is over, and it is still unpaid.
        Ended = "ended",
        /// It is not asked for any more.
        WrittenOff = "written_off",
        /// It was settled after the end, and what that took is being given back.
        Restoring = "restoring",
        Recovered = "recovered",
    }
}

words! {
    NextStep {
        Try = "try",
        Warn = "warn",
        End = "end",
        Restore = "restore",
    }
}

#[derive(FromRow)]
pub(super) struct CaseRow {
    id: String,
    customer_id: String,
    invoice_id: String,
    currency: String,
    amount_minor: i64,
    state: String,
    due_at: Option<i64>,
    next_step: Option<String>,
    opened_at: i64,
    opened_on: String,
    try_at: Option<i64>,
    because: String,
    tries: i64,
    said: String,
    turns: String,
    warned_at: Option<i64>,
    end_at: i64,
    ended_at: Option<i64>,
    ended_by: Option<String>,
    recovered_at: Option<i64>,
    recovered_by: Option<String>,
    recovered_minor: i64,
}

impl TryFrom<CaseRow> for Case {
    type Error = Refusal;
    fn try_from(row: CaseRow) -> Result<Case, Refusal> {
        let damaged = || Refusal::damaged(format!("dunning case {}", row.id));
        let next = match (row.due_at, row.next_step.as_deref()) {
            (Some(at), Some(step)) => Some((from_ms(at), NextStep::from_name(step).ok_or_else(damaged)?)),
            (None, None) => None,
            _ => return Err(damaged()),
        };
        Ok(Case {
            state: CaseState::from_name(&row.state).ok_or_else(damaged)?,
            next,
            opened_at: from_ms(row.opened_at),
            try_at: row.try_at.map(from_ms),
            said: serde_json::from_str(&row.said).map_err(Refusal::damaged)?,
            turns: serde_json::from_str(&row.turns).map_err(Refusal::damaged)?,
            warned_at: row.warned_at.map(from_ms),
            end_at: from_ms(row.end_at),
            ended_at: row.ended_at.map(from_ms),
            recovered_at: row.recovered_at.map(from_ms),
            id: row.id,
            customer_id: row.customer_id,
            invoice_id: row.invoice_id,
            currency: row.currency,
            amount_minor: row.amount_minor,
            opened_on: row.opened_on,
            because: row.because,
            tries: row.tries,
            ended_by: row.ended_by,
            recovered_by: row.recovered_by,
            recovered_minor: row.recovered_minor,
        })
    }
}

/// A case by its id, or [`Refusal::NotFound`].
pub async fn load(desk: &mut Desk, case_id: &str) -> Result<Case, Refusal> {
    let row: Option<CaseRow> =
        desk.tx.opt("SELECT * FROM dunning_cases WHERE vendor_id = $1 AND id = $2", (desk.vendor.id.clone(), case_id.to_owned())).await?;
    row.ok_or(Refusal::NotFound)?.try_into()
}

/// Read ahead of an invoice: its unpaid case.
pub(crate) const CASE: &str = "unpaid case";

/// The case of an invoice that is still unpaid, written off or not; `None`: it never failed, or is settled.
pub async fn of_invoice(desk: &mut Desk, invoice_id: &str) -> Result<Option<Case>, Refusal> {
    if let Some(known) = desk.recall(CASE, invoice_id) {
        return Ok(known);
    }
    let row: Option<CaseRow> = desk
        .tx
        .opt(
            "SELECT * FROM dunning_cases WHERE vendor_id = $1 AND invoice_id = $2 AND state IN ('open', 'ended', 'written_off')",
            (desk.vendor.id.clone(), invoice_id.to_owned()),
        )
        .await?;
    row.map(Case::try_from).transpose()
}

/// Whether an invoice could not be charged once, whatever became of it.
pub async fn was_unpaid(desk: &mut Desk, invoice_id: &str) -> Result<bool, Refusal> {
    let row: Option<(String,)> =
        desk.tx.opt("SELECT id FROM dunning_cases WHERE vendor_id = $1 AND invoice_id = $2 LIMIT 1", (desk.vendor.id.clone(), invoice_id.to_owned())).await?;
    Ok(row.is_some())
}

/// A customer's cases that are still unpaid and asked for, the first opened first.
pub async fn unpaid_of(desk: &mut Desk, customer_id: &str) -> Result<Vec<Case>, Refusal> {
    let rows: Vec<CaseRow> = desk
        .tx
        .all(
            "SELECT * FROM dunning_cases WHERE vendor_id = $1 AND customer_id = $2 AND state IN ('open', 'ended') ORDER BY opened_at, id",
            (desk.vendor.id.clone(), customer_id.to_owned()),
        )
        .await?;
    rows.into_iter().map(Case::try_from).collect()
}

pub(super) async fn insert(desk: &mut Desk, case: &Case) -> Result<(), Refusal> {
    desk.tx
        .run(
            "INSERT INTO dunning_cases (vendor_id, id, customer_id, invoice_id, currency, amount_minor, state, due_at, next_step, opened_at, opened_on, because, tries, said, turns,
                end_at, recovered_minor)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 0, '{}', '[]', $13, 0)",
            (
                desk.vendor.id.clone(),
                case.id.clone(),
                case.customer_id.clone(),
                case.invoice_id.clone(),
                case.currency.clone(),
                case.amount_minor,
                case.state.name(),
                case.next.map(|(at, _)| at.timestamp_millis()),
                case.next.map(|(_, step)| step.name()),
                case.opened_at.timestamp_millis(),
                case.opened_on.clone(),
                case.because.clone(),
                case.end_at.timestamp_millis(),
            ),
        )
        .await?;
    Ok(())
}

/// Writes back what was made of it. Its customer is locked.
pub(super) async fn save(desk: &mut Desk, case: &Case) -> Result<(), Refusal> {
    let ms = |at: Option<Instant>| at.map(|at| at.timestamp_millis());
    desk.tx
        .run(
            "UPDATE dunning_cases SET state = $3, due_at = $4, next_step = $5, try_at = $6, because = $7, tries = $8, said = $9, turns = $10, warned_at = $11, end_at = $12,
                ended_at = $13, ended_by = $14, recovered_at = $15, recovered_by = $16, recovered_minor = $17
             WHERE vendor_id = $1 AND id = $2",
            (
                desk.vendor.id.clone(),
                case.id.clone(),
                case.state.name(),
                ms(case.next.map(|(at, _)| at)),
                case.next.map(|(_, step)| step.name()),
                ms(case.try_at),
                case.because.clone(),
                case.tries,
                serde_json::to_string(&case.said).map_err(Refusal::damaged)?,
                serde_json::to_string(&case.turns).map_err(Refusal::damaged)?,
                ms(case.warned_at),
                case.end_at.timestamp_millis(),
                ms(case.ended_at),
                case.ended_by.clone(),
                ms(case.recovered_at),
                case.recovered_by.clone(),
                case.recovered_minor,
            ),
        )
        .await?;
    Ok(())
}

/// Something that was decided. Columns as in `migrations/0097_dunning.sql`.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct Decision {
    pub id: String,
    pub kind: String,
    pub because: String,
    /// JSON.
    pub data: String,
    /// Billing time.
    pub decided_at: i64,
}

/// What was decided in a case, in order.
pub async fn decisions(desk: &mut Desk, case_id: &str) -> Result<Vec<Decision>, Refusal> {
    Ok(desk
        .tx
        .all(
            "SELECT id, kind, because, data, decided_at FROM dunning_decisions WHERE vendor_id = $1 AND case_id = $2 ORDER BY id",
            (desk.vendor.id.clone(), case_id.to_owned()),
        )
        .await?)
}

/// Logs a decision with its reason.
pub(super) async fn decide(desk: &mut Desk, case: &Case, kind: &'static str, because: &str, data: Value) -> Result<(), Refusal> {
    let id = desk.new_id("dec");
    desk.tx
        .run(
            "INSERT INTO dunning_decisions (vendor_id, id, case_id, kind, because, data, decided_at, recorded_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            (desk.vendor.id.clone(), id, case.id.clone(), kind, because.to_owned(), data.to_string(), desk.now.billing_ms(), desk.now.wall_ms()),
        )
        .await?;
    Ok(())
}

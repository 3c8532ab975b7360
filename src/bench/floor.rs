//! The floor of a billing run: the rows that one wrote, written once more under other ids by statements of many rows, and nothing else. No
//! program that bills as much can be faster on this connection.
//!
//! The one place outside the rooms where SQL stands: it is what is measured.

use std::time::{Duration, Instant};

use sqlx::FromRow;

use super::Error;
use crate::app::App;
use crate::platform::db::Many;
use crate::services::messages;

/// Documents a transaction, as the worker has them.
const BATCH: usize = 200;

#[derive(FromRow, Clone)]
struct Invoice {
    id: String,
    customer_id: String,
    kind: String,
    number: String,
    series: String,
    position: i64,
    reason: String,
    subscription_id: Option<String>,
    currency: String,
    total_minor: i64,
    issued_at: i64,
    due_at: i64,
    document: String,
    hash: String,
    search: String,
}

#[derive(FromRow, Clone)]
struct Line {
    id: String,
    invoice_id: String,
    position: i64,
    kind: String,
    subscription_id: Option<String>,
    plan: Option<String>,
    price: Option<String>,
    name: String,
    quantity: String,
    amount_minor: i64,
    discount_minor: i64,
    tax: String,
    from_at: Option<i64>,
    to_at: Option<i64>,
    period_start_at: Option<i64>,
    period_end_at: Option<i64>,
    credits_line_id: Option<String>,
    explain: String,
    price_rule: Option<String>,
}

/// Account, customer, currency, amount, subject, billing time.
type Entry = (String, String, String, i64, String, i64);
/// Kind, customer, subject, actor, data, both times.
type Event = (String, Option<String>, String, String, String, i64, i64);
/// Id, terms, cycle, due, closings.
type Subscription = (String, String, Option<String>, Option<i64>, String);

/// What a run wrote, in memory.
pub struct Floor {
    vendor_id: String,
    invoices: Vec<Invoice>,
    lines: Vec<Line>,
    entries: Vec<Entry>,
    events: Vec<Event>,
    subscriptions: Vec<Subscription>,
}

impl Floor {
    /// Reads what the last run wrote for a vendor: its documents of a period's end.
    pub async fn read(app: &App, vendor_id: &str) -> Result<Floor, Error> {
        let mut tx = app.db.read().await?;
        let of = || (vendor_id.to_owned(),);
        Ok(Floor {
            vendor_id: vendor_id.to_owned(),
            invoices: tx.all("SELECT * FROM invoices WHERE vendor_id = $1 AND reason = 'cycle' ORDER BY position", of()).await?,
            lines: tx
                .all(
                    "SELECT l.* FROM invoices i JOIN invoice_lines l ON l.vendor_id = i.vendor_id AND l.invoice_id = i.id WHERE i.vendor_id = $1 AND i.reason = 'cycle' ORDER BY i.position, l.position",
                    of(),
                )
                .await?,
            entries: tx
                .all(
                    "SELECT e.account, e.customer_id, e.currency, e.amount_minor, e.subject_id, e.posted_at FROM ledger_entries e JOIN invoices i ON i.vendor_id = e.vendor_id AND i.id = e.subject_id
                     WHERE i.vendor_id = $1 AND i.reason = 'cycle' ORDER BY e.id",
                    of(),
                )
                .await?,
            events: tx
                .all(
                    "SELECT e.kind, e.customer_id, e.subject_id, e.actor, e.data, e.happened_at, e.recorded_at FROM events e JOIN invoices i ON i.vendor_id = e.vendor_id AND i.id = e.subject_id
                     WHERE i.vendor_id = $1 AND i.reason = 'cycle' ORDER BY e.id",
                    of(),
                )
                .await?,
            subscriptions: tx.all("SELECT id, terms, cycle, due_at, closings FROM subscriptions WHERE vendor_id = $1 ORDER BY id", of()).await?,
        })
    }

    /// Writes it once more; how long that took.
    pub async fn write(self, app: &App) -> Result<Duration, Error> {
        let batches = self.invoices.len().div_ceil(BATCH).max(1);
        // As many of each kind a transaction as the run had.
        let size = |count: usize| count.div_ceil(batches).max(1);
        let (lines, entries, events, subscriptions) =
            (size(self.lines.len()), size(self.entries.len()), size(self.events.len()), size(self.subscriptions.len()));
        let began = Instant::now();
        for batch in 0..batches {
            let part = |at: usize, size: usize, length: usize| (at * size).min(length)..((at + 1) * size).min(length);
            let mut tx = app.db.write().await?;
            let vendor = || self.vendor_id.clone();
            let rows: Vec<_> = self.subscriptions[part(batch, subscriptions, self.subscriptions.len())].iter().map(|(id, ..)| (vendor(), id.clone())).collect();
            tx.run_of(&RAISE, rows).await?;
            let rows: Vec<_> = self.subscriptions[part(batch, subscriptions, self.subscriptions.len())]
                .iter()
                .cloned()
                .map(|(id, terms, cycle, due_at, closings)| (vendor(), id, terms, cycle, due_at, closings))
                .collect();
            tx.run_of(&SUBSCRIPTIONS, rows).await?;
            let rows: Vec<_> = self.invoices[part(batch, BATCH, self.invoices.len())]
                .iter()
                .cloned()
                .map(|i| {
                    (
                        vendor(),
                        other(&i.id),
                        i.customer_id,
                        i.kind,
                        other(&i.number),
                        i.series,
                        i.position + FAR,
                        i.reason,
                        i.subscription_id,
                        i.currency,
                        i.total_minor,
                        i.issued_at,
                        i.due_at,
                        None::<i64>,
                        i.document,
                        i.hash,
                        i.search,
                    )
                })
                .collect();
            tx.run_of(&INVOICES, rows).await?;
            let rows: Vec<_> = self.lines[part(batch, lines, self.lines.len())]
                .iter()
                .cloned()
                .map(|l| {
                    (
                        vendor(),
                        other(&l.id),
                        other(&l.invoice_id),
                        l.position,
                        l.kind,
                        l.subscription_id,
                        l.plan,
                        None::<String>,
                        l.price,
                        l.name,
                        l.quantity,
                        l.amount_minor,
                        l.discount_minor,
                        l.tax,
                        l.from_at,
                        l.to_at,
                        l.period_start_at,
                        l.period_end_at,
                        l.credits_line_id,
                        l.explain,
                        l.price_rule,
                    )
                })
                .collect();
            tx.run_of(&LINES, rows).await?;
            let new_id = |prefix: &str| app.ids.next(prefix, 0);
            let rows: Vec<_> = self.entries[part(batch, entries, self.entries.len())]
                .iter()
                .cloned()
                .map(|(account, customer, currency, amount, subject, at)| {
                    (vendor(), new_id("led"), new_id("pst"), account, customer, currency, amount, other(&subject), at)
                })
                .collect();
            tx.run_of(&ENTRIES, rows).await?;
            let rows: Vec<_> = self.events[part(batch, events, self.events.len())]
                .iter()
                .cloned()
                .map(|(kind, customer, subject, actor, data, happened, recorded)| {
                    (vendor(), new_id("evt"), kind, 1_i64, customer, other(&subject), actor, data, happened, recorded)
                })
                .collect();
            // Who is written to of an event hears of it by a row of the outbox.
            let told: Vec<_> = rows
                .iter()
                .filter(|(_, _, kind, ..)| messages::TOLD.contains(&kind.as_str()))
                .map(|(_, event, .., recorded)| (vendor(), new_id("out"), messages::EVENT, format!(r#"{{"event_id":"{event}"}}"#), *recorded, 0_i64, *recorded))
                .collect();
            tx.run_of(&EVENTS, rows).await?;
            tx.run_of(&OUTBOX, told).await?;
            tx.commit().await?;
        }
        Ok(began.elapsed())
    }
}

/// Beyond every number that was given.
const FAR: i64 = 100_000_000;

fn other(id: &str) -> String {
    format!("floor-{id}")
}

static RAISE: Many = Many {
    before: "UPDATE customers SET revision = revision + 1 FROM (VALUES",
    columns: 2,
    after: ") AS v JOIN subscriptions s ON s.vendor_id = v.column1 AND s.id = v.column2 WHERE customers.vendor_id = s.vendor_id AND customers.id = s.customer_id",
    of_each: false,
};
static SUBSCRIPTIONS: Many = Many {
    before: "UPDATE subscriptions SET terms = v.column3, cycle = v.column4, due_at = v.column5, closings = v.column6, version = subscriptions.version + 1 FROM (VALUES",
    columns: 6,
    after: ") AS v WHERE subscriptions.vendor_id = v.column1 AND subscriptions.id = v.column2",
    of_each: false,
};
static INVOICES: Many = Many {
    before: "INSERT INTO invoices (vendor_id, id, customer_id, kind, number, series, position, reason, subscription_id, currency, total_minor, issued_at, due_at, settled_at, document, hash, search) VALUES",
    columns: 17,
    after: "",
    of_each: false,
};
static LINES: Many = Many {
    before: "INSERT INTO invoice_lines (vendor_id, id, invoice_id, position, kind, subscription_id, plan, add_on, price, name, quantity, amount_minor, discount_minor, tax, from_at, to_at,
                period_start_at, period_end_at, credits_line_id, explain, price_rule) VALUES",
    columns: 21,
    after: "",
    of_each: false,
};
static ENTRIES: Many = Many {
    before: "INSERT INTO ledger_entries (vendor_id, id, posting_id, account, customer_id, currency, amount_minor, subject_id, posted_at) VALUES",
    columns: 9,
    after: "",
    of_each: false,
};
static EVENTS: Many = Many {
    before: "INSERT INTO events (vendor_id, id, kind, version, customer_id, subject_id, actor, data, happened_at, recorded_at) VALUES",
    columns: 10,
    after: "",
    of_each: false,
};
static OUTBOX: Many =
    Many { before: "INSERT INTO outbox (vendor_id, id, kind, payload, due_at, attempts, created_at) VALUES", columns: 7, after: "", of_each: false };

//! Tallies read back: over whole months, days and slots where it can, from the events themselves where a boundary cuts a slot. How many
//! statements that takes does not depend on how long the stretch is.

use std::ops::Range;

use billing::calendar::{Period, Zone};
use sqlx::FromRow;

use super::keep::lock;
use super::meter::{Aggregate, Meter};
use super::series::{day_at, month_at};
use super::tally::{Counted, SLOT_MS, Tally, TallyRow, slot_of};
use crate::platform::clock::{Instant, from_ms};
use crate::platform::db::Many;
use crate::services::{Desk, Refusal};
use rust_decimal::Decimal;

/// Shorter stretches are read as slots: asking for days would not pay.
const WORTH_DAYS_MS: i64 = 3 * 24 * 3_600_000;

/// How far a customer's usage has come, and what is kept of it beside slots.
#[derive(Clone, Debug)]
pub(super) struct Account {
    /// The number of the last event or reversal: while it stays, every tally does.
    pub arrival: i64,
    /// Whose days and months are kept.
    pub zone: Zone,
    pub has_months: bool,
}

/// The customer's account; `None` where nothing was ever sent.
pub(super) async fn account(desk: &mut Desk, customer_id: &str) -> Result<Option<Account>, Refusal> {
    if let Some(account) = desk.recall("usage account", customer_id) {
        return Ok(account);
    }
    let row: Option<(i64, String, bool)> = desk
        .tx
        .opt("SELECT arrival, zone, has_months FROM usage_accounts WHERE vendor_id = $1 AND customer_id = $2", (desk.vendor.id.clone(), customer_id.to_owned()))
        .await?;
    let account = match row {
        Some((arrival, zone, has_months)) => Some(Account { arrival, zone: zone.parse().map_err(Refusal::damaged)?, has_months }),
        None => None,
    };
    desk.keep("usage account", customer_id, &account);
    Ok(account)
}

/// What a meter reads over a period (or a part of one), exact, never below 0.
pub async fn of_period(desk: &mut Desk, customer_id: &str, meter: &Meter, period: Period) -> Result<Decimal, Refusal> {
    of_stretches(desk, customer_id, meter, &[period]).await
}

/// What a meter reads over several stretches, which ascend, as if nothing lay between them.
pub async fn of_stretches(desk: &mut Desk, customer_id: &str, meter: &Meter, stretches: &[Period]) -> Result<Decimal, Refusal> {
    let question = format!("{customer_id} {} {stretches:?}", meter.id);
    if let Some(quantity) = desk.recall("usage of", &question) {
        return Ok(quantity);
    }
    let mut edges: Vec<Instant> = stretches.iter().flat_map(|stretch| [stretch.start, stretch.end]).collect();
    edges.dedup();
    let mut all = Tally::default();
    for (start, tally) in edges.iter().zip(tallies(desk, customer_id, meter, &edges).await?) {
        if stretches.iter().any(|stretch| stretch.contains(*start)) {
            all.merge(&tally)?;
        }
    }
    let quantity = all.quantity(meter.aggregate).max(Decimal::ZERO);
    desk.keep("usage of", &question, &quantity);
    Ok(quantity)
}

/// What a meter reads over each of some neighbouring periods, between these edges, which ascend. Long ones: whole months and days of each
/// are read as such, quarters of an hour where it begins and ends. Four statements at most.
pub async fn of_periods(desk: &mut Desk, customer_id: &str, meter: &Meter, edges: &[Instant]) -> Result<Vec<Decimal>, Refusal> {
    let account = account(desk, customer_id).await?.filter(|_| meter.aggregate != Aggregate::Unique);
    let edges: Vec<i64> = edges.iter().map(Instant::timestamp_millis).collect();
    let mut out = vec![Tally::default(); edges.len().saturating_sub(1)];
    let (mut months, mut days, mut rest) = (Vec::new(), Vec::new(), Vec::new());
    for period in edges.windows(2) {
        let (start, end) = (period[0], period[1]);
        let whole_days = match &account {
            Some(account) => whole(period, |at| day_at(at, account.zone))?,
            None => None,
        };
        let Some(of_days) = whole_days else {
            rest.push(start..end);
            continue;
        };
        rest.extend([start..of_days.start, of_days.end..end]);
        let whole_months = match &account {
            Some(account) if account.has_months => whole(period, |at| month_at(at, account.zone))?,
            _ => None,
        };
        match whole_months {
            Some(of_months) => {
                days.extend([of_days.start..of_months.start, of_months.end..of_days.end]);
                months.push(of_months);
            }
            None => days.push(of_days),
        }
    }
    for (table, ranges) in [(&MONTHS_IN, months), (&DAYS_IN, days)] {
        for row in within(desk, table, customer_id, &meter.id, ranges).await? {
            if let Some(period) = place(&edges, row.slot_at) {
                out[period].merge(&row.tally()?)?;
            }
        }
    }
    slots(desk, customer_id, meter, &edges, rest, &mut out).await?;
    Ok(out.iter().map(|tally| tally.quantity(meter.aggregate).max(Decimal::ZERO)).collect())
}

/// Holds the customer's usage still until the transaction ends. Billing calls this first, then reads: what arrives after that is late.
pub async fn close(desk: &mut Desk, customer_id: &str, zone: Zone) -> Result<(), Refusal> {
    lock(desk, customer_id, zone.name(), 0).await.map(|_| ())
}

/// One tally for each stretch between neighbouring edges, which ascend.
pub(super) async fn tallies(desk: &mut Desk, customer_id: &str, meter: &Meter, edges: &[Instant]) -> Result<Vec<Tally>, Refusal> {
    let is_long = edges.first().zip(edges.last()).is_some_and(|(start, end)| (*end - *start).num_milliseconds() >= WORTH_DAYS_MS);
    // The kinds that a unique meter saw are kept by the slot alone.
    let account = if is_long && meter.aggregate != Aggregate::Unique { account(desk, customer_id).await? } else { None };
    tallies_by(desk, customer_id, meter, edges, account.as_ref()).await
}

/// The same for a caller who has the account already. Without one, slots are read.
pub(super) async fn tallies_by(desk: &mut Desk, customer_id: &str, meter: &Meter, edges: &[Instant], account: Option<&Account>) -> Result<Vec<Tally>, Refusal> {
    let edges: Vec<i64> = edges.iter().map(Instant::timestamp_millis).collect();
    let mut out = vec![Tally::default(); edges.len().saturating_sub(1)];
    let (Some(&start), Some(&end)) = (edges.first(), edges.last()) else { return Ok(out) };
    if out.is_empty() || end <= start {
        return Ok(out);
    }
    // Months and days first, as far as they lie whole in a stretch; what they cover shrinks what is left to the finer ones.
    let nothing = start..start;
    let (mut days, mut months) = (nothing.clone(), nothing);
    if let Some(account) = account.filter(|_| meter.aggregate != Aggregate::Unique) {
        days = whole(&edges, |at| day_at(at, account.zone))?.unwrap_or(days);
        if account.has_months {
            months = whole(&edges, |at| month_at(at, account.zone))?.unwrap_or(start..start);
        }
        if months.is_empty() {
            months = days.start..days.start;
        }
        for (table, ranges) in [(&MONTHS_IN, vec![months.clone()]), (&DAYS_IN, vec![days.start..months.start, months.end..days.end])] {
            for row in within(desk, table, customer_id, &meter.id, ranges).await? {
                if let Some(stretch) = place(&edges, row.slot_at) {
                    out[stretch].merge(&row.tally()?)?;
                }
            }
        }
    }
    slots(desk, customer_id, meter, &edges, vec![start..days.start, days.end..end], &mut out).await?;
    Ok(out)
}

/// Which stretch an instant lies in.
fn place(edges: &[i64], at: i64) -> Option<usize> {
    edges.partition_point(|edge| *edge <= at).checked_sub(1).filter(|at| *at + 1 < edges.len())
}

/// From the first to the last whole day (or month) of the range, where every inner edge is the beginning of one.
fn whole(edges: &[i64], unit_at: impl Fn(i64) -> Result<Range<i64>, Refusal>) -> Result<Option<Range<i64>>, Refusal> {
    let [start, inner @ .., end] = edges else { return Ok(None) };
    for edge in inner {
        if unit_at(*edge)?.start != *edge {
            return Ok(None);
        }
    }
    let first = unit_at(*start)?;
    let first = if first.start == *start { *start } else { first.end };
    let last = unit_at(*end)?.start;
    Ok((first < last).then_some(first..last))
}

/// Adds the slots of some ranges to the stretches they lie in; those an edge cuts, event by event.
async fn slots(desk: &mut Desk, customer_id: &str, meter: &Meter, edges: &[i64], ranges: Vec<Range<i64>>, out: &mut [Tally]) -> Result<(), Refusal> {
    let ranges: Vec<Range<i64>> = ranges.into_iter().filter(|range| !range.is_empty()).collect();
    let is_cut = |edge: &i64| edge % SLOT_MS != 0 && ranges.iter().any(|range| (range.start..=range.end).contains(edge));
    let mut cut: Vec<i64> = edges.iter().copied().filter(is_cut).map(slot_of).collect();
    cut.dedup();
    let rounded: Vec<Range<i64>> = ranges.iter().map(|range| slot_of(range.start)..range.end).collect();
    for row in within(desk, &SLOTS_IN, customer_id, &meter.id, rounded.clone()).await? {
        if let Some(stretch) = place(edges, row.slot_at).filter(|_| cut.binary_search(&row.slot_at).is_err()) {
            out[stretch].merge(&row.tally()?)?;
        }
    }
    if meter.aggregate == Aggregate::Unique {
        let rows: Vec<(i64, String)> = desk.tx.all_of(&VALUES_IN, asked(desk, customer_id, &meter.id, rounded)).await?;
        for (at, value) in rows {
            if let Some(stretch) = place(edges, at).filter(|_| cut.binary_search(&at).is_err()) {
                out[stretch].values.insert(value);
            }
        }
    }
    let cut = cut.into_iter().flat_map(|slot| ranges.iter().map(move |range| slot.max(range.start)..(slot + SLOT_MS).min(range.end))).collect();
    for event in events(desk, customer_id, &meter.id, cut).await? {
        if let Some(stretch) = place(edges, event.happened_at) {
            out[stretch].merge(&Tally::of(&event))?;
        }
    }
    Ok(())
}

/// Columns of a tally over some ranges of time, each a row of `VALUES`; the cross join makes SQLite go from these to the table.
macro_rules! in_ranges {
    ($columns:literal, $table:literal, $at:literal, $and:literal) => {
        Many {
            before: concat!("SELECT ", $columns, " FROM (VALUES"),
            columns: 5,
            after: concat!(
                ") AS r CROSS JOIN ",
                $table,
                " t WHERE t.vendor_id = r.column1 AND t.customer_id = r.column2 AND t.meter_id = r.column3 AND t.",
                $at,
                " >= r.column4 AND t.",
                $at,
                " < r.column5",
                $and
            ),
            of_each: false,
        }
    };
}

static SLOTS_IN: Many = in_ranges!("t.meter_id, t.slot_at, t.sum, t.count, t.max, t.last_value, t.last_at, t.last_arrival", "usage_buckets", "slot_at", "");
static DAYS_IN: Many = in_ranges!("t.meter_id, t.slot_at, t.sum, t.count, t.max, t.last_value, t.last_at, t.last_arrival", "usage_days", "slot_at", "");
static MONTHS_IN: Many = in_ranges!("t.meter_id, t.slot_at, t.sum, t.count, t.max, t.last_value, t.last_at, t.last_arrival", "usage_months", "slot_at", "");
static VALUES_IN: Many = in_ranges!("t.slot_at, t.value", "usage_values", "slot_at", "");
static EVENTS_IN: Many = in_ranges!("t.happened_at, t.arrival, t.quantity, t.value", "usage_events", "happened_at", " AND NOT t.is_reversed");

type Asked = (String, String, String, i64, i64);

fn asked(desk: &Desk, customer_id: &str, meter_id: &str, ranges: Vec<Range<i64>>) -> Vec<Asked> {
    let row = |range: Range<i64>| (desk.vendor.id.clone(), customer_id.to_owned(), meter_id.to_owned(), range.start, range.end);
    ranges.into_iter().filter(|range| !range.is_empty()).map(row).collect()
}

async fn within(desk: &mut Desk, table: &Many, customer_id: &str, meter_id: &str, ranges: Vec<Range<i64>>) -> Result<Vec<TallyRow>, Refusal> {
    let asked = asked(desk, customer_id, meter_id, ranges);
    Ok(desk.tx.all_of(table, asked).await?)
}

/// The tallies of the slots that begin in some ranges.
pub(super) async fn slots_within(desk: &mut Desk, customer_id: &str, meter_id: &str, ranges: Vec<Range<i64>>) -> Result<Vec<TallyRow>, Refusal> {
    within(desk, &SLOTS_IN, customer_id, meter_id, ranges).await
}

/// The tallies of the days that begin in a range.
pub(super) async fn days_within(desk: &mut Desk, customer_id: &str, meter_id: &str, range: Range<i64>) -> Result<Vec<TallyRow>, Refusal> {
    within(desk, &DAYS_IN, customer_id, meter_id, vec![range]).await
}

/// The events that happened in some ranges and were not taken back.
pub(super) async fn events(desk: &mut Desk, customer_id: &str, meter_id: &str, ranges: Vec<Range<i64>>) -> Result<Vec<Counted>, Refusal> {
    let asked = asked(desk, customer_id, meter_id, ranges);
    Ok(desk.tx.all_of(&EVENTS_IN, asked).await?)
}

/// When the next event counts that lies ahead, by the sender's clock.
pub(super) async fn next_use(desk: &mut Desk, customer_id: &str, meter_id: &str, from: Instant) -> Result<Option<Instant>, Refusal> {
    let next: Option<(i64,)> = desk
        .tx
        .opt(
            "SELECT happened_at FROM usage_events WHERE vendor_id = $1 AND customer_id = $2 AND meter_id = $3 AND happened_at >= $4 AND NOT is_reversed
             ORDER BY happened_at LIMIT 1",
            (desk.vendor.id.clone(), customer_id.to_owned(), meter_id.to_owned(), from.timestamp_millis()),
        )
        .await?;
    Ok(next.map(|(at,)| from_ms(at)))
}

#[derive(FromRow)]
struct First {
    slot_at: i64,
}

/// The slot of the customer's first usage of a meter, if any.
pub async fn first_use(desk: &mut Desk, customer_id: &str, meter_id: &str) -> Result<Option<Instant>, Refusal> {
    let first: Option<First> = desk
        .tx
        .opt(
            "SELECT slot_at FROM usage_buckets WHERE vendor_id = $1 AND customer_id = $2 AND meter_id = $3 ORDER BY slot_at LIMIT 1",
            (desk.vendor.id.clone(), customer_id.to_owned(), meter_id.to_owned()),
        )
        .await?;
    Ok(first.map(|first| from_ms(first.slot_at)))
}

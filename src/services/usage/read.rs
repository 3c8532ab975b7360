//! Tallies read back: over whole slots and days where it can, from the events themselves where a boundary cuts a slot.

use billing::calendar::{Period, Zone};
use rust_decimal::Decimal;
use sqlx::FromRow;

use super::meter::{Aggregate, Meter};
use super::record::lock;
use super::series::start_of_day;
use super::tally::{Counted, SLOT_MS, Tally, TallyRow, slot_of};
use crate::platform::clock::{Instant, from_ms};
use crate::services::{Desk, Refusal};

/// Shorter stretches are read as slots: the plan for days would not pay.
const WORTH_DAYS_MS: i64 = 3 * 24 * 3_600_000;

/// What a meter reads over a period (or a part of one), exact, never below 0.
pub async fn of_period(desk: &mut Desk, customer_id: &str, meter: &Meter, period: Period) -> Result<Decimal, Refusal> {
    let tallies = tallies(desk, customer_id, meter, &[period.start, period.end]).await?;
    let quantity = tallies.first().map(|tally| tally.quantity(meter.aggregate)).unwrap_or_default();
    Ok(quantity.max(Decimal::ZERO))
}

/// Usage that came (or was reversed) after a period was closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Late {
    pub meter_id: String,
    /// The quarter of an hour it belongs to.
    pub slot: Period,
    pub arrival: i64,
}

/// Holds the customer's usage still until the transaction ends, and says how far it has come. Billing calls this first, then
/// [`of_period`], and keeps the number with the invoice: whatever arrives later has a higher one, whatever the clocks say.
pub async fn close(desk: &mut Desk, customer_id: &str, zone: Zone) -> Result<i64, Refusal> {
    Ok(lock(desk, customer_id, zone.name(), 0).await?.0)
}

/// The slots before `before` that were touched since [`close`] gave `since`, oldest first. Where one overlaps an invoiced period, that
/// period is rated again, less what was billed for it.
pub async fn late(desk: &mut Desk, customer_id: &str, since: i64, before: Instant) -> Result<Vec<Late>, Refusal> {
    let rows: Vec<(String, i64, i64)> = desk
        .tx
        .all(
            "SELECT meter_id, slot_at, arrival FROM usage_buckets WHERE vendor_id = $1 AND customer_id = $2 AND arrival > $3 AND slot_at < $4 ORDER BY slot_at, meter_id",
            (desk.vendor.id.clone(), customer_id.to_owned(), since, before.timestamp_millis()),
        )
        .await?;
    Ok(rows
        .into_iter()
        .map(|(meter_id, at, arrival)| Late { meter_id, slot: Period { start: from_ms(at), end: from_ms(at + SLOT_MS) }, arrival })
        .collect())
}

/// One tally for each stretch between neighbouring edges, which ascend.
pub(super) async fn tallies(desk: &mut Desk, customer_id: &str, meter: &Meter, edges: &[Instant]) -> Result<Vec<Tally>, Refusal> {
    let edges: Vec<i64> = edges.iter().map(Instant::timestamp_millis).collect();
    let mut out = vec![Tally::default(); edges.len().saturating_sub(1)];
    let (Some(&start), Some(&end)) = (edges.first(), edges.last()) else { return Ok(out) };
    if out.is_empty() || end <= start {
        return Ok(out);
    }
    // Which stretch an instant lies in.
    let place = |at: i64| edges.partition_point(|edge| *edge <= at).checked_sub(1).filter(|at| *at + 1 < edges.len());

    // Days first, if they are kept, lie whole in a stretch, and there are enough of them.
    let mut done = start..start;
    let kept: Option<(String,)> = if end - start < WORTH_DAYS_MS || meter.aggregate == Aggregate::Unique {
        None
    } else {
        desk.tx.opt("SELECT zone FROM usage_accounts WHERE vendor_id = $1 AND customer_id = $2", (desk.vendor.id.clone(), customer_id.to_owned())).await?
    };
    if let Some((zone,)) = kept {
        let zone: Zone = zone.parse().map_err(Refusal::damaged)?;
        let starts_day = |at: i64| -> Result<bool, Refusal> { Ok(start_of_day(from_ms(at), zone)?.timestamp_millis() == at) };
        let mut inner = true;
        for edge in edges.get(1..edges.len() - 1).unwrap_or_default() {
            inner = inner && starts_day(*edge)?;
        }
        if inner {
            let first = match starts_day(start)? {
                true => start,
                false => next_day(start, zone)?,
            };
            let last = start_of_day(from_ms(end), zone)?.timestamp_millis();
            if first < last {
                for row in days(desk, customer_id, &meter.id, first, last).await? {
                    if let Some(stretch) = place(row.slot_at) {
                        out[stretch].merge(&row.tally()?)?;
                    }
                }
                done = first..last;
            }
        }
    }

    for (from, to) in [(start, done.start), (done.end, end)] {
        if from < to {
            slots(desk, customer_id, meter, &edges, (from, to), &mut out).await?;
        }
    }
    Ok(out)
}

/// Adds the slots from `from` to `to` to the stretches they lie in; those an edge cuts, event by event.
async fn slots(desk: &mut Desk, customer_id: &str, meter: &Meter, edges: &[i64], (from, to): (i64, i64), out: &mut [Tally]) -> Result<(), Refusal> {
    let place = |at: i64| edges.partition_point(|edge| *edge <= at).checked_sub(1).filter(|at| *at + 1 < edges.len());
    let mut cut: Vec<i64> = edges.iter().copied().filter(|edge| edge % SLOT_MS != 0 && (from..=to).contains(edge)).map(slot_of).collect();
    cut.dedup();
    for row in buckets(desk, customer_id, &meter.id, slot_of(from), to).await? {
        if let Some(stretch) = place(row.slot_at).filter(|_| cut.binary_search(&row.slot_at).is_err()) {
            out[stretch].merge(&row.tally()?)?;
        }
    }
    if meter.aggregate == Aggregate::Unique {
        let rows: Vec<(i64, String)> = desk
            .tx
            .all(
                "SELECT slot_at, value FROM usage_values WHERE vendor_id = $1 AND customer_id = $2 AND meter_id = $3 AND slot_at >= $4 AND slot_at < $5",
                (desk.vendor.id.clone(), customer_id.to_owned(), meter.id.clone(), slot_of(from), to),
            )
            .await?;
        for (at, value) in rows {
            if let Some(stretch) = place(at).filter(|_| cut.binary_search(&at).is_err()) {
                out[stretch].values.insert(value);
            }
        }
    }
    for slot in cut {
        for event in events(desk, customer_id, &meter.id, slot.max(from), (slot + SLOT_MS).min(to)).await? {
            if let Some(stretch) = place(event.happened_at) {
                out[stretch].merge(&Tally::of(&event))?;
            }
        }
    }
    Ok(())
}

pub(super) async fn buckets(desk: &mut Desk, customer_id: &str, meter_id: &str, from: i64, to: i64) -> Result<Vec<TallyRow>, Refusal> {
    Ok(desk
        .tx
        .all(
            "SELECT meter_id, slot_at, sum, count, max, last_value, last_at, last_arrival FROM usage_buckets
             WHERE vendor_id = $1 AND customer_id = $2 AND meter_id = $3 AND slot_at >= $4 AND slot_at < $5",
            (desk.vendor.id.clone(), customer_id.to_owned(), meter_id.to_owned(), from, to),
        )
        .await?)
}

async fn days(desk: &mut Desk, customer_id: &str, meter_id: &str, from: i64, to: i64) -> Result<Vec<TallyRow>, Refusal> {
    Ok(desk
        .tx
        .all(
            "SELECT meter_id, slot_at, sum, count, max, last_value, last_at, last_arrival FROM usage_days
             WHERE vendor_id = $1 AND customer_id = $2 AND meter_id = $3 AND slot_at >= $4 AND slot_at < $5",
            (desk.vendor.id.clone(), customer_id.to_owned(), meter_id.to_owned(), from, to),
        )
        .await?)
}

pub(super) async fn events(desk: &mut Desk, customer_id: &str, meter_id: &str, from: i64, to: i64) -> Result<Vec<Counted>, Refusal> {
    Ok(desk
        .tx
        .all(
            "SELECT happened_at, arrival, quantity, value FROM usage_events
             WHERE vendor_id = $1 AND customer_id = $2 AND meter_id = $3 AND happened_at >= $4 AND happened_at < $5 AND is_reversed = $6",
            (desk.vendor.id.clone(), customer_id.to_owned(), meter_id.to_owned(), from, to, false),
        )
        .await?)
}

fn next_day(at: i64, zone: Zone) -> Result<i64, Refusal> {
    // No day has more than 25 hours and a half; from its start, 30 hours later is within the next.
    let today = start_of_day(from_ms(at), zone)?.timestamp_millis();
    Ok(start_of_day(from_ms(today + 30 * 3_600_000), zone)?.timestamp_millis())
}

/// When the day of an instant begins, remembering the last day asked for: events come in runs.
pub(super) fn day_of(zone: Zone) -> impl FnMut(i64) -> Result<i64, Refusal> {
    let mut known: Option<std::ops::Range<i64>> = None;
    move |at| {
        if let Some(day) = known.as_ref().filter(|day| day.contains(&at)) {
            return Ok(day.start);
        }
        let start = start_of_day(from_ms(at), zone)?.timestamp_millis();
        known = Some(start..next_day(at, zone)?);
        Ok(start)
    }
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

//! Usage: the tallies of slots, days and months are what the events themselves come to.
//!
//! One stream holds all four in one order, the coarse before the fine, so that each tally is told first and then proved by what follows. The
//! kinds a `unique` meter saw come between a slot and its events.

use std::collections::BTreeMap;

use billing::calendar::Zone;
use sqlx::FromRow;

use super::{Counts, Held, Stop, broken, count, same, shown};
use crate::services::usage::{Counted, Last, Tally, day_at, month_at, slot_of};
use crate::services::{Desk, Refusal};

/// A row of the stream. Which columns are filled depends on `rank`: 0 a month, 1 a day, 2 a slot, 3 a value of a slot, 4 an event.
#[derive(FromRow)]
struct Row {
    customer_id: String,
    meter_id: String,
    at: i64,
    rank: i64,
    /// Sum, or an event's quantity.
    sum: String,
    count: i64,
    max: Option<String>,
    last_value: Option<String>,
    last_at: Option<i64>,
    last_arrival: Option<i64>,
    value: Option<String>,
    zone: String,
    has_months: bool,
}

/// A tally that was told, and what has been found of it so far.
struct Told {
    at: i64,
    told: Tally,
    found: Tally,
}

/// Where the stream is.
#[derive(Default)]
struct Place {
    customer_id: String,
    meter_id: String,
    month: Option<Told>,
    day: Option<Told>,
    slot: Option<Told>,
    /// Of the slot: how often each value was told, less how often it was found.
    values: BTreeMap<String, i64>,
}

pub(super) async fn hold(desk: &mut Desk, counts: &mut Counts) -> Held {
    let mut place = Place::default();
    let take = |row: Row| {
        place.go_to(&row)?;
        let noun = match row.rank {
            0 => "usage months",
            1 => "usage days",
            2 => "usage slots",
            3 => "usage values",
            _ => "usage events",
        };
        count(counts, noun);
        Ok::<(), Stop>(())
    };
    desk.tx
        .each(
            "SELECT x.customer_id, x.meter_id, x.at, x.rank, x.sum, x.count, x.max, x.last_value, x.last_at, x.last_arrival, x.value, a.zone, a.has_months
             FROM (
                SELECT vendor_id, customer_id, meter_id, slot_at AS at, CAST(0 AS BIGINT) AS rank, sum, count, max, last_value, last_at, last_arrival, CAST(NULL AS TEXT) AS value,
                    CAST(0 AS BIGINT) AS arrival FROM usage_months WHERE vendor_id = $1
                UNION ALL SELECT vendor_id, customer_id, meter_id, slot_at, 1, sum, count, max, last_value, last_at, last_arrival, NULL, 0 FROM usage_days WHERE vendor_id = $1
                UNION ALL SELECT vendor_id, customer_id, meter_id, slot_at, 2, sum, count, max, last_value, last_at, last_arrival, NULL, 0 FROM usage_buckets WHERE vendor_id = $1
                UNION ALL SELECT vendor_id, customer_id, meter_id, slot_at, 3, '0', count, NULL, NULL, NULL, NULL, value, 0 FROM usage_values WHERE vendor_id = $1
                UNION ALL SELECT vendor_id, customer_id, meter_id, happened_at, 4, quantity, 1, NULL, NULL, NULL, arrival, value, arrival FROM usage_events
                    WHERE vendor_id = $1 AND NOT is_reversed
             ) x JOIN usage_accounts a ON a.vendor_id = x.vendor_id AND a.customer_id = x.customer_id
             ORDER BY x.customer_id, x.meter_id, x.at, x.rank, x.arrival",
            (desk.vendor.id.clone(),),
            take,
        )
        .await?;
    place.end_month()?;
    ids(desk).await
}

impl Place {
    fn go_to(&mut self, row: &Row) -> Held {
        if self.customer_id != row.customer_id || self.meter_id != row.meter_id {
            self.end_month()?;
            *self = Place { customer_id: row.customer_id.clone(), meter_id: row.meter_id.clone(), ..Place::default() };
        }
        let zone: Zone = row.zone.parse().map_err(|_| broken("usage_accounts", &row.customer_id, "zone", "a time zone", &row.zone))?;
        match row.rank {
            0 => {
                self.end_month()?;
                self.month = Some(self.told("usage_months", row)?);
            }
            1 => {
                self.end_day()?;
                let month = month_at(row.at, zone)?.start;
                if row.has_months && self.month.as_ref().map(|month| month.at) != Some(month) {
                    return Err(self.missing("usage_months", month));
                }
                self.day = Some(self.told("usage_days", row)?);
                self.add("usage_days", row, |place| &mut place.month)?;
            }
            2 => {
                self.end_slot()?;
                let day = day_at(row.at, zone)?.start;
                if self.day.as_ref().map(|day| day.at) != Some(day) {
                    return Err(self.missing("usage_days", day));
                }
                self.slot = Some(self.told("usage_buckets", row)?);
                self.add("usage_buckets", row, |place| &mut place.day)?;
            }
            3 => {
                self.is_in_slot(row.at)?;
                *self.values.entry(row.value.clone().unwrap_or_default()).or_default() += row.count;
            }
            _ => {
                self.is_in_slot(slot_of(row.at))?;
                let quantity = row.sum.parse().map_err(|_| self.unreadable("usage_events", row.at))?;
                let event = Counted { happened_at: row.at, arrival: row.last_arrival.unwrap_or_default(), quantity, value: row.value.clone() };
                if let Some(value) = &row.value {
                    *self.values.entry(value.clone()).or_default() -= 1;
                }
                if let Some(slot) = &mut self.slot {
                    slot.found.merge(&Tally { values: Default::default(), ..Tally::of(&event) })?;
                }
            }
        }
        Ok(())
    }

    /// What a row tells of itself.
    fn told(&self, table: &'static str, row: &Row) -> Result<Told, Stop> {
        Ok(Told { at: row.at, told: self.tally(table, row)?, found: Tally::default() })
    }

    fn tally(&self, table: &'static str, row: &Row) -> Result<Tally, Stop> {
        let decimal = |text: &String| text.parse::<rust_decimal::Decimal>().map_err(|_| self.unreadable(table, row.at));
        let last = match (&row.last_value, row.last_at, row.last_arrival) {
            (Some(value), Some(at), Some(arrival)) => Some(Last { at, arrival, value: decimal(value)? }),
            _ => None,
        };
        Ok(Tally { sum: decimal(&row.sum)?, count: row.count, max: row.max.as_ref().map(decimal).transpose()?, last, values: Default::default() })
    }

    /// Adds a finer tally to the coarser one it is in.
    fn add(&mut self, table: &'static str, row: &Row, coarser: fn(&mut Place) -> &mut Option<Told>) -> Result<(), Stop> {
        let tally = self.tally(table, row)?;
        match coarser(self) {
            Some(told) => Ok(told.found.merge(&tally)?),
            None => Ok(()),
        }
    }

    fn is_in_slot(&self, slot: i64) -> Held {
        if self.slot.as_ref().map(|told| told.at) == Some(slot) { Ok(()) } else { Err(self.missing("usage_buckets", slot)) }
    }

    fn end_month(&mut self) -> Held {
        self.end_day()?;
        self.month.take().map_or(Ok(()), |told| self.is_proved("usage_months", &told))
    }

    fn end_day(&mut self) -> Held {
        self.end_slot()?;
        self.day.take().map_or(Ok(()), |told| self.is_proved("usage_days", &told))
    }

    fn end_slot(&mut self) -> Held {
        let Some(told) = self.slot.take() else { return Ok(()) };
        if let Some((value, _)) = std::mem::take(&mut self.values).into_iter().find(|(_, left)| *left != 0) {
            return Err(broken("usage_values", &self.key(told.at), &format!("how often “{value}” came"), "as often as its events", "another number"));
        }
        self.is_proved("usage_buckets", &told)
    }

    fn is_proved(&self, table: &'static str, Told { at, told, found }: &Told) -> Held {
        let key = self.key(*at);
        same(table, &key, "count", found.count, told.count)?;
        same(table, &key, "sum", found.sum, told.sum)?;
        same(table, &key, "max", shown(found.max), shown(told.max))?;
        let last = |tally: &Tally| shown(tally.last.map(|last| format!("{} at {} (arrival {})", last.value.normalize(), last.at, last.arrival)));
        same(table, &key, "last_value", last(found), last(told))
    }

    fn key(&self, at: i64) -> String {
        format!("{} {} {at}", self.customer_id, self.meter_id)
    }

    fn missing(&self, table: &'static str, at: i64) -> Stop {
        broken(table, &self.key(at), "the tally", "there, for usage in it", "missing")
    }

    fn unreadable(&self, table: &'static str, at: i64) -> Stop {
        broken(table, &self.key(at), "what it holds", "decimals", "something else")
    }
}

/// Every event kept is known by an id, and no two by one place.
async fn ids(desk: &mut Desk) -> Result<(), Stop> {
    let (events, known): (i64, i64) = desk
        .tx
        .one(
            "SELECT (SELECT COUNT(*) FROM usage_events WHERE vendor_id = $1),
                (SELECT COUNT(*) FROM usage_events e JOIN usage_event_ids i ON i.vendor_id = e.vendor_id AND i.customer_id = e.customer_id AND i.meter_id = e.meter_id
                    AND i.happened_at = e.happened_at AND i.arrival = e.arrival WHERE e.vendor_id = $1)",
            (desk.vendor.id.clone(),),
        )
        .await
        .map_err(Refusal::from)?;
    same("usage_event_ids", "(all)", "the number of events they stand for", events, known)
}

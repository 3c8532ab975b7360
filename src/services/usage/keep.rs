//! Tallies kept: of every slot, day and month, added up as events come in and anew where one is taken back. Who writes here holds the
//! customer's [`lock`], so that what is read to be added to is what stands when it is written, on Postgres too.

use std::collections::BTreeMap;

use billing::calendar::Zone;

use super::meter::Meter;
use super::read::{Account, Kept, kept_within};
use super::series::{day_at, month_at, remembering};
use super::tally::{Counted, SLOT_MS, Tally, TallyRow, slot_of, text};
use crate::platform::db::Many;
use crate::services::{Desk, Refusal};

/// Tallies by meter and beginning.
type Tallies = BTreeMap<(String, i64), Tally>;

/// Takes the customer's usage lock until the transaction ends, and `count` arrival numbers; the account as it stands now, its arrival the
/// last of them. `zone` is whose days are kept where it is new.
pub(super) async fn lock(desk: &mut Desk, customer_id: &str, zone: &str, count: i64) -> Result<Account, Refusal> {
    let (arrival, zone, has_months): (i64, String, bool) = desk
        .tx
        .one(
            "INSERT INTO usage_accounts (vendor_id, customer_id, arrival, zone, has_months) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (vendor_id, customer_id) DO UPDATE SET arrival = usage_accounts.arrival + excluded.arrival RETURNING arrival, zone, has_months",
            (desk.vendor.id.clone(), customer_id.to_owned(), count, zone.to_owned(), true),
        )
        .await?;
    Ok(Account { arrival, zone: zone.parse().map_err(Refusal::damaged)?, has_months })
}

/// Adds new events to their slots, days and months.
pub(super) async fn add(desk: &mut Desk, customer_id: &str, account: &Account, new: &[(&Meter, Counted)]) -> Result<(), Refusal> {
    if !account.has_months {
        roll_up_months(desk, customer_id, account.zone).await?;
    }
    let (vendor, customer) = (desk.vendor.id.clone(), customer_id.to_owned());
    let (mut slots, mut days, mut months) = (Tallies::new(), Tallies::new(), Tallies::new());
    let mut values = BTreeMap::new();
    let (mut day, mut month) = (remembering(day_at, account.zone), remembering(month_at, account.zone));
    for (meter, event) in new {
        let one = Tally { values: Default::default(), ..Tally::of(event) };
        let slot = (meter.id.clone(), slot_of(event.happened_at));
        days.entry((meter.id.clone(), day(event.happened_at)?.start)).or_default().merge(&one)?;
        months.entry((meter.id.clone(), month(event.happened_at)?.start)).or_default().merge(&one)?;
        slots.entry(slot.clone()).or_default().merge(&one)?;
        if let Some(value) = &event.value {
            *values.entry((slot, value.clone())).or_insert(0_i64) += 1;
        }
    }
    for (tallies, select) in [(&mut slots, &SELECT_BUCKETS), (&mut days, &SELECT_DAYS), (&mut months, &SELECT_MONTHS)] {
        let keys = tallies.keys().map(|(meter, at)| (vendor.clone(), customer.clone(), meter.clone(), *at)).collect();
        let standing: Vec<TallyRow> = desk.tx.all_of(select, keys).await?;
        for row in standing {
            let tally = row.tally()?;
            tallies.entry((row.meter_id, row.slot_at)).or_default().merge(&tally)?;
        }
    }
    write(desk, &UPSERT_BUCKETS, customer_id, &slots).await?;
    write(desk, &UPSERT_DAYS, customer_id, &days).await?;
    write(desk, &UPSERT_MONTHS, customer_id, &months).await?;
    let rows = values.into_iter().map(|(((meter, at), value), count)| (vendor.clone(), customer.clone(), meter, at, value, count)).collect();
    desk.tx.run_of(&ADD_VALUES, rows).await?;
    Ok(())
}

/// Tallies anew the slot, day and month that an event was taken out of: a maximum cannot be taken back.
pub(super) async fn tally_anew(desk: &mut Desk, customer_id: &str, account: &Account, meter_id: &str, happened_at: i64) -> Result<(), Refusal> {
    if !account.has_months {
        roll_up_months(desk, customer_id, account.zone).await?;
    }
    let (slot, day, month) = (slot_of(happened_at), day_at(happened_at, account.zone)?, month_at(happened_at, account.zone)?);
    let tally = together(&kept_within(desk, customer_id, meter_id, Kept::Events, std::iter::once(slot..slot + SLOT_MS).collect()).await?)?;
    write(desk, &UPSERT_BUCKETS, customer_id, &Tallies::from([((meter_id.to_owned(), slot), tally)])).await?;
    let start = day.start;
    let tally = together(&kept_within(desk, customer_id, meter_id, Kept::Slots, vec![day]).await?)?;
    write(desk, &UPSERT_DAYS, customer_id, &Tallies::from([((meter_id.to_owned(), start), tally)])).await?;
    let start = month.start;
    let tally = together(&kept_within(desk, customer_id, meter_id, Kept::Days, vec![month]).await?)?;
    write(desk, &UPSERT_MONTHS, customer_id, &Tallies::from([((meter_id.to_owned(), start), tally)])).await
}

fn together(rows: &[TallyRow]) -> Result<Tally, Refusal> {
    let mut all = Tally::default();
    for row in rows {
        all.merge(&row.tally()?)?;
    }
    Ok(all)
}

/// Adds the customer's days up to months, in place of those there.
async fn roll_up_months(desk: &mut Desk, customer_id: &str, zone: Zone) -> Result<(), Refusal> {
    let (vendor, customer) = (desk.vendor.id.clone(), customer_id.to_owned());
    desk.tx.run("DELETE FROM usage_months WHERE vendor_id = $1 AND customer_id = $2", (vendor.clone(), customer.clone())).await?;
    let rows: Vec<TallyRow> = desk
        .tx
        .all(
            "SELECT meter_id, slot_at, sum, count, max, last_value, last_at, last_arrival FROM usage_days WHERE vendor_id = $1 AND customer_id = $2 ORDER BY meter_id, slot_at",
            (vendor.clone(), customer.clone()),
        )
        .await?;
    let (mut months, mut month) = (Tallies::new(), remembering(month_at, zone));
    for row in rows {
        let (at, tally) = (month(row.slot_at)?.start, row.tally()?);
        months.entry((row.meter_id, at)).or_default().merge(&tally)?;
    }
    write(desk, &UPSERT_MONTHS, customer_id, &months).await?;
    desk.tx.run("UPDATE usage_accounts SET has_months = $3 WHERE vendor_id = $1 AND customer_id = $2", (vendor, customer, true)).await?;
    Ok(())
}

/// Writes tallies of slots, days or months.
async fn write(desk: &mut Desk, upsert: &Many, customer_id: &str, tallies: &Tallies) -> Result<(), Refusal> {
    let vendor = desk.vendor.id.clone();
    let rows = tallies
        .iter()
        .map(|((meter, at), t)| {
            let last = t.last;
            (
                vendor.clone(),
                customer_id.to_owned(),
                meter.clone(),
                *at,
                text(t.sum),
                t.count,
                t.max.map(text),
                last.map(|l| text(l.value)),
                last.map(|l| l.at),
                last.map(|l| l.arrival),
            )
        })
        .collect();
    desk.tx.run_of(upsert, rows).await?;
    Ok(())
}

/// The tallies of slots, days or months named one by one.
macro_rules! select {
    ($table:literal) => {
        Many {
            before: concat!(
                "SELECT meter_id, slot_at, sum, count, max, last_value, last_at, last_arrival FROM ",
                $table,
                " WHERE (vendor_id, customer_id, meter_id, slot_at) IN (VALUES"
            ),
            columns: 4,
            after: ")",
            of_each: false,
        }
    };
}

static SELECT_BUCKETS: Many = select!("usage_buckets");
static SELECT_DAYS: Many = select!("usage_days");
static SELECT_MONTHS: Many = select!("usage_months");

macro_rules! upsert {
    ($table:literal) => {
        Many {
            before: concat!("INSERT INTO ", $table, " (vendor_id, customer_id, meter_id, slot_at, sum, count, max, last_value, last_at, last_arrival) VALUES"),
            columns: 10,
            after: "ON CONFLICT (vendor_id, customer_id, meter_id, slot_at) DO UPDATE SET sum = excluded.sum, count = excluded.count, max = excluded.max,
                    last_value = excluded.last_value, last_at = excluded.last_at, last_arrival = excluded.last_arrival",
            of_each: false,
        }
    };
}

static UPSERT_BUCKETS: Many = upsert!("usage_buckets");
static UPSERT_DAYS: Many = upsert!("usage_days");
static UPSERT_MONTHS: Many = upsert!("usage_months");

static ADD_VALUES: Many = Many {
    before: "INSERT INTO usage_values (vendor_id, customer_id, meter_id, slot_at, value, count) VALUES",
    columns: 6,
    after: "ON CONFLICT (vendor_id, customer_id, meter_id, slot_at, value) DO UPDATE SET count = usage_values.count + excluded.count",
    of_each: false,
};

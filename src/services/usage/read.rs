//! Tallies read back: over whole months, days and slots where it can, from the events themselves where a boundary cuts a slot. It takes one
//! statement, however long the stretch is and however many are asked for together.

use std::ops::Range;

use billing::calendar::{Period, Zone};
use sqlx::FromRow;

use super::keep::lock;
use super::meter::{Aggregate, Meter};
use super::series::{day_at, month_at};
use super::tally::{SLOT_MS, Tally, TallyRow, slot_of};
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
    Ok(of_each(desk, customer_id, &[(meter, stretches.to_vec())]).await?.into_iter().next().unwrap_or_default())
}

/// The same of several meters, each over stretches of its own.
pub async fn of_each(desk: &mut Desk, customer_id: &str, asked: &[(&Meter, Vec<Period>)]) -> Result<Vec<Decimal>, Refusal> {
    let question = |meter: &Meter, stretches: &[Period]| format!("{customer_id} {} {stretches:?}", meter.id);
    let mut known: Vec<Option<Decimal>> = asked.iter().map(|(meter, stretches)| desk.recall("usage of", &question(meter, stretches))).collect();
    let (mut open, mut edges_of) = (Vec::new(), Vec::new());
    for (n, (meter, stretches)) in asked.iter().enumerate().filter(|(n, _)| known[*n].is_none()) {
        let mut edges: Vec<Instant> = stretches.iter().flat_map(|stretch| [stretch.start, stretch.end]).collect();
        edges.dedup();
        let account = account_for(desk, customer_id, meter, &edges).await?;
        open.push(Asked::over(meter, &edges, account.as_ref())?);
        edges_of.push((n, edges));
    }
    for ((n, edges), tallies) in edges_of.into_iter().zip(read(desk, customer_id, &open).await?) {
        let (meter, stretches) = &asked[n];
        let mut all = Tally::default();
        for (start, tally) in edges.iter().zip(tallies) {
            if stretches.iter().any(|stretch| stretch.contains(*start)) {
                all.merge(&tally)?;
            }
        }
        let quantity = all.quantity(meter.aggregate).max(Decimal::ZERO);
        desk.keep("usage of", &question(meter, stretches), &quantity);
        known[n] = Some(quantity);
    }
    Ok(known.into_iter().flatten().collect())
}

/// What a meter reads over each of some neighbouring periods, between these edges, which ascend. Long ones: whole months and days of each
/// are read as such, quarters of an hour where it begins and ends.
pub async fn of_periods(desk: &mut Desk, customer_id: &str, meter: &Meter, edges: &[Instant]) -> Result<Vec<Decimal>, Refusal> {
    let account = account(desk, customer_id).await?;
    let tallies = read_one(desk, customer_id, Asked::each(meter, edges, account.as_ref())?).await?;
    Ok(tallies.iter().map(|tally| tally.quantity(meter.aggregate).max(Decimal::ZERO)).collect())
}

/// Holds the customer's usage still until the transaction ends. Billing calls this first, then reads: what arrives after that is late. Whether
/// others may have had to be waited for.
pub async fn close(desk: &mut Desk, customer_id: &str, zone: Zone) -> Result<bool, Refusal> {
    if desk.tx.is_only_writer() {
        return Ok(false);
    }
    lock(desk, customer_id, zone.name(), 0).await?;
    Ok(true)
}

/// One tally for each stretch between neighbouring edges, which ascend.
pub(super) async fn tallies(desk: &mut Desk, customer_id: &str, meter: &Meter, edges: &[Instant]) -> Result<Vec<Tally>, Refusal> {
    let account = account_for(desk, customer_id, meter, edges).await?;
    tallies_by(desk, customer_id, meter, edges, account.as_ref()).await
}

/// The same for a caller who has the account already. Without one, slots are read.
pub(super) async fn tallies_by(desk: &mut Desk, customer_id: &str, meter: &Meter, edges: &[Instant], account: Option<&Account>) -> Result<Vec<Tally>, Refusal> {
    read_one(desk, customer_id, Asked::over(meter, edges, account)?).await
}

/// The account, where the stretches are long enough for days to pay.
async fn account_for(desk: &mut Desk, customer_id: &str, meter: &Meter, edges: &[Instant]) -> Result<Option<Account>, Refusal> {
    let is_long = edges.first().zip(edges.last()).is_some_and(|(start, end)| (*end - *start).num_milliseconds() >= WORTH_DAYS_MS);
    // The kinds that a unique meter saw are kept by the slot alone.
    if is_long && meter.aggregate != Aggregate::Unique { account(desk, customer_id).await } else { Ok(None) }
}

/// What usage is kept as, by how long a row of it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kept {
    Months = 0,
    Days = 1,
    Slots = 2,
    /// What a unique meter saw in a slot.
    Values = 3,
    Events = 4,
}

/// What is read of a meter, for a tally of each stretch between neighbouring edges.
struct Asked<'a> {
    meter: &'a Meter,
    edges: Vec<i64>,
    ranges: Vec<(Kept, Range<i64>)>,
    /// Slots that an edge cuts: they are read event by event.
    cut: Vec<i64>,
}

impl<'a> Asked<'a> {
    /// Whole months and days in the middle of all stretches, where every inner edge is the beginning of one; slots before and after.
    fn over(meter: &'a Meter, edges: &[Instant], account: Option<&Account>) -> Result<Asked<'a>, Refusal> {
        let edges: Vec<i64> = edges.iter().map(Instant::timestamp_millis).collect();
        let mut asked = Asked { meter, edges: edges.clone(), ranges: Vec::new(), cut: Vec::new() };
        if let [start, .., end] = edges[..]
            && end > start
        {
            let rest = asked.add_whole(&edges, account)?;
            asked.add_slots(&rest);
        }
        Ok(asked)
    }

    /// The same in the middle of each stretch.
    fn each(meter: &'a Meter, edges: &[Instant], account: Option<&Account>) -> Result<Asked<'a>, Refusal> {
        let edges: Vec<i64> = edges.iter().map(Instant::timestamp_millis).collect();
        let mut asked = Asked { meter, edges: edges.clone(), ranges: Vec::new(), cut: Vec::new() };
        let mut rest = Vec::new();
        for stretch in edges.windows(2) {
            rest.extend(asked.add_whole(stretch, account)?);
        }
        asked.add_slots(&rest);
        Ok(asked)
    }

    /// Adds the whole months and days between the first and the last edge; what is left of that.
    fn add_whole(&mut self, edges: &[i64], account: Option<&Account>) -> Result<Vec<Range<i64>>, Refusal> {
        let (Some(&start), Some(&end)) = (edges.first(), edges.last()) else { return Ok(Vec::new()) };
        let of_days = match account.filter(|_| self.meter.aggregate != Aggregate::Unique) {
            Some(account) => whole(edges, |at| day_at(at, account.zone))?.map(|days| (account, days)),
            None => None,
        };
        let Some((account, days)) = of_days else { return Ok(vec![Range { start, end }]) };
        let months = if account.has_months { whole(edges, |at| month_at(at, account.zone))? } else { None };
        match months {
            Some(months) => {
                self.ranges.extend([(Kept::Days, days.start..months.start), (Kept::Days, months.end..days.end)]);
                self.ranges.push((Kept::Months, months));
            }
            None => self.ranges.push((Kept::Days, days.clone())),
        }
        Ok(vec![start..days.start, days.end..end])
    }

    /// Adds the slots of some ranges, and the events of those that an edge cuts.
    fn add_slots(&mut self, ranges: &[Range<i64>]) {
        let ranges = || ranges.iter().filter(|range| !range.is_empty());
        let is_cut = |edge: &i64| edge % SLOT_MS != 0 && ranges().any(|range| (range.start..=range.end).contains(edge));
        self.cut = self.edges.iter().copied().filter(is_cut).map(slot_of).collect();
        self.cut.dedup();
        for range in ranges() {
            let rounded = slot_of(range.start)..range.end;
            if self.meter.aggregate == Aggregate::Unique {
                self.ranges.push((Kept::Values, rounded.clone()));
            }
            self.ranges.push((Kept::Slots, rounded));
            self.ranges.extend(self.cut.iter().map(|slot| (Kept::Events, (*slot).max(range.start)..(slot + SLOT_MS).min(range.end))));
        }
    }

    /// Which stretch a row counts in; none: events tell of it, or it is not of any.
    fn place(&self, row: &Row) -> Option<usize> {
        let is_slot = row.kept == Kept::Slots as i64 || row.kept == Kept::Values as i64;
        if is_slot && self.cut.binary_search(&row.tally.slot_at).is_ok() { None } else { place(&self.edges, row.tally.slot_at) }
    }
}

async fn read_one(desk: &mut Desk, customer_id: &str, asked: Asked<'_>) -> Result<Vec<Tally>, Refusal> {
    Ok(read(desk, customer_id, &[asked]).await?.into_iter().next().unwrap_or_default())
}

/// The tallies of everything asked, in one statement.
async fn read(desk: &mut Desk, customer_id: &str, asked: &[Asked<'_>]) -> Result<Vec<Vec<Tally>>, Refusal> {
    let mut out: Vec<Vec<Tally>> = asked.iter().map(|asked| vec![Tally::default(); asked.edges.len().saturating_sub(1)]).collect();
    let of = |asked: &Asked<'_>| asked.ranges.iter().map(|(kept, range)| (asked.meter.id.clone(), *kept, range.clone())).collect::<Vec<_>>();
    for (n, row) in rows(desk, customer_id, asked.iter().map(of)).await? {
        if let Some(stretch) = asked[n].place(&row) {
            let mut tally = row.tally.tally()?;
            tally.values.extend(row.value);
            out[n][stretch].merge(&tally)?;
        }
    }
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

/// One table's rows in some ranges; the cross join makes SQLite go from these to the table.
macro_rules! rows_of {
    ($kept:literal, $columns:literal, $table:literal, $at:literal, $and:literal) => {
        concat!(
            "SELECT r.n, r.kept, t.meter_id, ",
            $columns,
            " FROM r CROSS JOIN ",
            $table,
            " t WHERE r.kept = ",
            $kept,
            " AND t.vendor_id = r.vendor_id AND t.customer_id = r.customer_id AND t.meter_id = r.meter_id AND t.",
            $at,
            " >= r.from_at AND t.",
            $at,
            " < r.to_at",
            $and
        )
    };
}

static ROWS: Many = Many {
    before: "WITH r (vendor_id, customer_id, meter_id, n, kept, from_at, to_at) AS (VALUES",
    columns: 7,
    after: concat!(
        ") ",
        rows_of!("0", "t.slot_at, t.sum, t.count, t.max, t.last_value, t.last_at, t.last_arrival, CAST(NULL AS TEXT) AS value", "usage_months", "slot_at", ""),
        " UNION ALL ",
        rows_of!("1", "t.slot_at, t.sum, t.count, t.max, t.last_value, t.last_at, t.last_arrival, NULL", "usage_days", "slot_at", ""),
        " UNION ALL ",
        rows_of!("2", "t.slot_at, t.sum, t.count, t.max, t.last_value, t.last_at, t.last_arrival, NULL", "usage_buckets", "slot_at", ""),
        " UNION ALL ",
        rows_of!("3", "t.slot_at, '0', 0, NULL, NULL, NULL, NULL, t.value", "usage_values", "slot_at", ""),
        " UNION ALL ",
        rows_of!(
            "4",
            "t.happened_at, t.quantity, 1, t.quantity, t.quantity, t.happened_at, t.arrival, t.value",
            "usage_events",
            "happened_at",
            " AND NOT t.is_reversed"
        )
    ),
    of_each: false,
};

/// What is kept of a stretch. Of an event, `slot_at` is its own moment.
#[derive(FromRow)]
struct Row {
    /// Which question it answers.
    n: i64,
    kept: i64,
    #[sqlx(flatten)]
    tally: TallyRow,
    value: Option<String>,
}

/// The rows that answer each of some questions, with the question's place.
async fn rows(desk: &mut Desk, customer_id: &str, asked: impl Iterator<Item = Vec<(String, Kept, Range<i64>)>>) -> Result<Vec<(usize, Row)>, Refusal> {
    let vendor_id = desk.vendor.id.clone();
    let mut ranges = Vec::new();
    for (n, of) in (0_i64..).zip(asked) {
        let of = of.into_iter().filter(|(_, _, range)| !range.is_empty());
        ranges.extend(of.map(|(meter_id, kept, range)| (vendor_id.clone(), customer_id.to_owned(), meter_id, n, kept as i64, range.start, range.end)));
    }
    let rows: Vec<Row> = desk.tx.all_of(&ROWS, ranges).await?;
    rows.into_iter().map(|row| Ok((usize::try_from(row.n).map_err(Refusal::damaged)?, row))).collect()
}

/// What is kept of a meter in some ranges, as it is kept.
pub(super) async fn kept_within(desk: &mut Desk, customer_id: &str, meter_id: &str, kept: Kept, ranges: Vec<Range<i64>>) -> Result<Vec<TallyRow>, Refusal> {
    let asked = ranges.into_iter().map(|range| (meter_id.to_owned(), kept, range)).collect();
    Ok(rows(desk, customer_id, std::iter::once(asked)).await?.into_iter().map(|(_, row)| row.tally).collect())
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

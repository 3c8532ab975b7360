//! A report of one meter: what was used, hour by hour or day by day or month by month, what it has cost so far, what is expected to come,
//! and the period before. The page, the CSV and the overview show it; nothing is added up there.

use std::collections::BTreeSet;

use billing::bands::Band;
use billing::calendar::{Period, Zone, local_date, midnight};
use chrono::{Datelike, Days, Months, NaiveDate, TimeDelta};
use rust_decimal::Decimal;

use super::cost::{Costs, Walk, costs};
use super::forecast::{Forecast, forecast};
use super::meter::{Meter, meters};
use super::read::{Account, account, first_use, tallies_by};
use super::series::{By, start_of_day, steps};
use super::tally::Tally;
use crate::platform::clock::Instant;
use crate::sentence;
use crate::services::subscriptions::{self, Subscription};
use crate::services::{Desk, Refusal};

const MOST_YEARS: u32 = 10;

/// Where the report goes: how many rows there is room for. Longer ranges are shown more coarsely.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Room {
    #[default]
    Page,
    File,
}

impl Room {
    /// Most days by the hour, and by the day.
    fn most_days(self) -> (i64, i64) {
        match self {
            Room::Page => (31, 400),
            Room::File => (1_200, 4_000),
        }
    }
}

/// How much of a period a table by the hour starts with.
const HOURLY_DAYS: u64 = 7;

/// What is asked for. The default is the period under way, by day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ask {
    /// The meter's key.
    pub meter: Option<String>,
    pub by: Option<By>,
    /// The billing period that holds this day.
    pub on: Option<NaiveDate>,
    /// Instead of a period: these days, the last one included.
    pub days: Option<(NaiveDate, NaiveDate)>,
    pub room: Room,
}

/// One hour, day or month, or the part of it before or after now.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    pub start: Instant,
    pub end: Instant,
    pub used: Option<Decimal>,
    /// By the end of this row, counted from the period's (or range's) start.
    pub total: Decimal,
    /// What the total costs; `None` where nothing is charged by this meter, or the range is no period's.
    pub cost_minor: Option<i64>,
    pub is_expected: bool,
}

/// The same stretch of the period before.
#[derive(Clone, Debug, PartialEq)]
pub struct Before {
    pub period: Period,
    /// Its running total at the time that corresponds to each edge of the report.
    pub totals: Vec<Decimal>,
    /// Its total at the same day and hour as now.
    pub by_now: Decimal,
    pub same_hour: Instant,
    pub total: Decimal,
}

/// A level the running total passes.
#[derive(Clone, Debug, PartialEq)]
pub struct Priced {
    pub bands: Vec<Band>,
    pub currency: &'static str,
    /// Of the price itself, where it is converted.
    pub price_currency: &'static str,
    pub price: billing::price::Price,
}

/// Whether anything can be charged at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    Plan,
    Trial,
    NoPlan,
}

#[derive(Clone, Debug)]
pub struct Report {
    pub meters: Vec<Meter>,
    pub meter: Meter,
    pub zone: Zone,
    pub now: Instant,
    pub by: By,
    /// More was asked for than one table holds, so it is shown by [`Report::by`] instead of by this.
    pub asked_by: Option<By>,
    /// The billing period the range lies in, if it lies in one.
    pub period: Option<Period>,
    pub range: Period,
    /// Whether the range is the default one of its period.
    pub is_chosen: bool,
    pub standing: Standing,
    /// What was used in the period before the range begins.
    pub base: Decimal,
    pub rows: Vec<Row>,
    pub total: Decimal,
    pub cost_minor: Option<i64>,
    pub priced: Option<Priced>,
    pub forecast: Option<Forecast>,
    pub forecast_cost_minor: Option<i64>,
    pub before: Option<Before>,
    /// The periods on either side, if there is anything to see.
    pub earlier: Option<Period>,
    pub later: Option<Period>,
    pub first_use: Option<Instant>,
}

/// Makes the report; `None` where the vendor has no meters at all.
pub async fn report(desk: &mut Desk, customer_id: &str, ask: &Ask) -> Result<Option<Report>, Refusal> {
    let all = meters(desk).await?;
    let meter = match &ask.meter {
        Some(key) => Some(all.iter().find(|meter| meter.key == *key).ok_or_else(|| Refusal::field("meter", sentence!("refusal-no-such-meter")))?),
        None => all.first(),
    };
    let Some(meter) = meter.cloned() else { return Ok(None) };
    let customer = crate::services::customers::load(desk, customer_id).await?;
    let subscription = subscriptions::current(desk, customer_id).await?;
    let zone = match &subscription {
        Some(subscription) => subscription.zone,
        None => customer.zone()?,
    };
    let now = desk.now.billing;
    let at = match (ask.on, ask.days) {
        (Some(date), _) => date_in(date, zone, "on")?,
        (None, Some((from, _))) => date_in(from, zone, "from")?,
        (None, None) => now,
    };
    let whole = period_at(subscription.as_ref(), at, zone)?;
    let (range, by, asked_by) = range(ask, whole, now, zone)?;
    let period = Some(whole).filter(|whole| whole.start <= range.start && range.end <= whole.end);

    let costs = match (period, &subscription) {
        (Some(period), Some(subscription)) => costs(desk, subscription, &meter, period).await?,
        _ => None,
    };
    let first_use = first_use(desk, customer_id, &meter.id).await?;
    let origin = period.map_or(range.start, |period| period.start);
    let counted_to = range.end.min(now).max(range.start);

    // One reading for all: what came before the range, the rows up to now, and where a change of plan cuts them.
    let shown = steps(range.start, range.end, by, zone)?;
    let row_edges: BTreeSet<Instant> = shown.iter().copied().filter(|edge| *edge < counted_to).chain([range.start, counted_to]).collect();
    let mut edges = row_edges.clone();
    edges.insert(origin);
    edges.extend(costs.iter().flat_map(Costs::edges).filter(|edge| (origin..counted_to).contains(edge)));
    let edges: Vec<Instant> = edges.into_iter().collect();
    let account = account(desk, customer_id).await?;
    let stretches = tallies_by(desk, customer_id, &meter, &edges, account.as_ref()).await?;

    let mut walk = costs.as_ref().map(|costs| costs.walk(&meter));
    let (mut sofar, mut row, mut rows, mut base) = (Tally::default(), Tally::default(), Vec::new(), Decimal::ZERO);
    let mut row_start = range.start;
    for (stretch, edge) in stretches.iter().zip(edges.windows(2)) {
        sofar.merge(stretch)?;
        if let Some(walk) = &mut walk {
            walk.take(edge[0], stretch)?;
        }
        let total = sofar.quantity(meter.aggregate).max(Decimal::ZERO);
        if edge[1] <= range.start {
            base = total;
            continue;
        }
        row.merge(stretch)?;
        if row_edges.contains(&edge[1]) {
            let used = Some(row.quantity(meter.aggregate)).filter(|_| !row.is_empty());
            let cost_minor = walk.as_ref().map(|walk| walk.cost_minor(edge[1])).transpose()?;
            rows.push(Row { start: row_start, end: edge[1], used, total, cost_minor, is_expected: false });
            (row, row_start) = (Tally::default(), edge[1]);
        }
    }
    let total = sofar.quantity(meter.aggregate).max(Decimal::ZERO);
    let cost_minor = match (&walk, rows.last()) {
        (_, Some(last)) => last.cost_minor,
        (Some(walk), None) => Some(walk.cost_minor(counted_to)?),
        (None, None) => None,
    };

    // What is to come, only of the period under way.
    let under_way = period.filter(|period| period.contains(now) && first_use.is_some());
    let forecast = match under_way {
        Some(period) => {
            // A range may end before now: the period's own total counts.
            let sofar = if counted_to == now { total } else { super::of_period(desk, customer_id, &meter, Period { start: period.start, end: now }).await? };
            forecast(desk, customer_id, &meter, account.as_ref(), period, sofar, by, zone).await?
        }
        None => None,
    };
    let mut forecast_cost_minor = None;
    if let Some(forecast) = forecast.as_ref().filter(|_| counted_to == now) {
        forecast_cost_minor = expected_rows(forecast, &shown, &mut walk, &mut rows, total, cost_minor)?;
    }

    let before = match period {
        Some(period) => before(desk, customer_id, &meter, account.as_ref(), subscription.as_ref(), period, &shown, now, zone, first_use).await?,
        None => None,
    };
    let started = subscription.as_ref().map_or(first_use, |s| Some(first_use.map_or(s.starts_at, |first| first.min(s.starts_at))));
    let earlier = match period {
        Some(period) => Some(period_at(subscription.as_ref(), period.start - TimeDelta::milliseconds(1), zone)?)
            .filter(|earlier| started.is_some_and(|started| started < earlier.end)),
        None => None,
    };
    let later = match period {
        Some(period) if period.end <= now => Some(period_at(subscription.as_ref(), period.end, zone)?),
        _ => None,
    };
    let priced = match &costs {
        Some(costs) => costs.bands_at(counted_to)?.map(|(price, bands)| Priced {
            bands: if costs.is_single() { bands } else { Vec::new() },
            currency: costs.currency(),
            price_currency: price.currency.code(),
            price: price.clone(),
        }),
        None => None,
    };
    Ok(Some(Report {
        meters: all,
        meter,
        zone,
        now,
        by,
        asked_by,
        period,
        range,
        is_chosen: ask.on.is_some() || ask.days.is_some(),
        standing: match &subscription {
            Some(subscription) if subscription.ended_at.is_some() => Standing::NoPlan,
            Some(subscription) if subscription.cycle.is_none() && subscription.trial_end_at.is_some() => Standing::Trial,
            Some(_) => Standing::Plan,
            None => Standing::NoPlan,
        },
        base,
        rows,
        total,
        cost_minor,
        priced,
        forecast,
        forecast_cost_minor,
        before,
        earlier,
        later,
        first_use,
    }))
}

/// Rows of what is expected, gathered into the stretches that are shown; what the whole of it will cost.
fn expected_rows(
    forecast: &Forecast,
    shown: &[Instant],
    walk: &mut Option<Walk<'_>>,
    rows: &mut Vec<Row>,
    mut total: Decimal,
    sofar_minor: Option<i64>,
) -> Result<Option<i64>, Refusal> {
    let mut cost_minor = sofar_minor;
    for part in &forecast.rest {
        total = super::tally::add(total, part.used)?;
        if let Some(walk) = walk.as_mut() {
            walk.expect(part.used)?;
            cost_minor = Some(walk.cost_minor(part.end)?);
        }
        if shown.last().is_none_or(|end| part.end > *end) {
            continue;
        }
        match rows.last_mut().filter(|last| last.is_expected && !shown.contains(&last.end)) {
            // The row goes on.
            Some(last) => {
                last.used = Some(super::tally::add(last.used.unwrap_or_default(), part.used)?);
                (last.end, last.total, last.cost_minor) = (part.end, total, cost_minor);
            }
            None => rows.push(Row { start: part.start, end: part.end, used: Some(part.used), total, cost_minor, is_expected: true }),
        }
    }
    Ok(cost_minor)
}

/// The billing period at an instant; before the first, the trial; where there is none, the calendar month.
fn period_at(subscription: Option<&Subscription>, at: Instant, zone: Zone) -> Result<Period, Refusal> {
    match subscription.and_then(|subscription| subscription.cycle.as_ref()) {
        Some(cycle) if cycle.period().contains(at) => Ok(cycle.period()),
        Some(cycle) => Ok(cycle.anchor.period_containing(cycle.interval, at).map_err(billing::Error::from)?),
        None => {
            let trial = subscription.and_then(|subscription| Some(Period { start: subscription.starts_at, end: subscription.trial_end_at? }));
            if let Some(trial) = trial.filter(|trial| trial.contains(at)) {
                return Ok(trial);
            }
            let date = local_date(at, zone);
            let first = date.with_day(1).unwrap_or(date);
            let next = first.checked_add_months(Months::new(1)).unwrap_or(first);
            let edge = |date| midnight(date, zone).map_err(billing::Error::from);
            Ok(Period { start: edge(first)?, end: edge(next)? })
        }
    }
}

/// What is to be shown, how finely, and what was asked for where that is too fine.
fn range(ask: &Ask, whole: Period, now: Instant, zone: Zone) -> Result<(Period, By, Option<By>), Refusal> {
    if let Some((from, to)) = ask.days {
        if to < from {
            return Err(Refusal::field("to", sentence!("refusal-range-backwards")));
        }
        if from.checked_add_months(Months::new(12 * MOST_YEARS)).is_none_or(|end| end <= to) {
            return Err(Refusal::field("from", sentence!("refusal-range-too-long")));
        }
        let end = to.checked_add_days(Days::new(1)).unwrap_or(to);
        let range = Period { start: date_in(from, zone, "from")?, end: date_in(end, zone, "to")? };
        let days = end.signed_duration_since(from).num_days();
        let by = ask.by.unwrap_or(if days <= 2 {
            By::Hour
        } else if days <= 100 {
            By::Day
        } else {
            By::Month
        });
        let (by, asked_by) = coarse_enough(by, days, ask.room);
        return Ok((range, by, asked_by));
    }
    let days = whole.end.signed_duration_since(whole.start).num_days();
    let by = ask.by.unwrap_or(if days <= 100 { By::Day } else { By::Month });
    if by == By::Hour && days > HOURLY_DAYS.try_into().unwrap_or(i64::MAX) {
        // The last days of it, up to today's midnight.
        let last = if whole.contains(now) { local_date(now, zone) } else { local_date(whole.end - TimeDelta::milliseconds(1), zone) };
        let end = date_in(last + Days::new(1), zone, "on")?.min(whole.end);
        let start = date_in(last - Days::new(HOURLY_DAYS - 1), zone, "on")?.max(whole.start);
        return Ok((Period { start, end }, by, None));
    }
    let (by, asked_by) = coarse_enough(by, days, ask.room);
    Ok((whole, by, asked_by))
}

fn coarse_enough(by: By, days: i64, room: Room) -> (By, Option<By>) {
    let (most_by_hour, most_by_day) = room.most_days();
    let fits = match by {
        By::Hour if days > most_by_day => By::Month,
        By::Hour if days > most_by_hour => By::Day,
        By::Day if days > most_by_day => By::Month,
        by => by,
    };
    (fits, Some(by).filter(|by| *by != fits))
}

fn date_in(date: NaiveDate, zone: Zone, field: &'static str) -> Result<Instant, Refusal> {
    if !(1970..=2200).contains(&date.year()) {
        return Err(Refusal::field(field, sentence!("refusal-no-usage-then")));
    }
    midnight(date, zone).map_err(|error| Refusal::from(billing::Error::from(error)))
}

/// The period before, read at the same days and hours.
#[expect(clippy::too_many_arguments, reason = "one question, asked once")]
async fn before(
    desk: &mut Desk,
    customer_id: &str,
    meter: &Meter,
    account: Option<&Account>,
    subscription: Option<&Subscription>,
    period: Period,
    shown: &[Instant],
    now: Instant,
    zone: Zone,
    first_use: Option<Instant>,
) -> Result<Option<Before>, Refusal> {
    let earlier = period_at(subscription, period.start - TimeDelta::milliseconds(1), zone)?;
    if first_use.is_none_or(|first| first >= earlier.end) || earlier.end != period.start {
        return Ok(None);
    }
    let (here, there) = (local_date(period.start, zone), local_date(earlier.start, zone));
    let moved = |at: Instant| -> Result<Instant, Refusal> {
        let days = local_date(at, zone).signed_duration_since(here).num_days();
        let day = there.checked_add_days(Days::new(days.max(0).unsigned_abs())).unwrap_or(there);
        let day = midnight(day, zone).map_err(billing::Error::from)?;
        Ok((day + (at - start_of_day(at, zone)?)).clamp(earlier.start, earlier.end))
    };
    let same_hour = if period.contains(now) { moved(now)? } else { earlier.end };
    let at: Vec<Instant> = shown.iter().map(|edge| if *edge >= period.end { Ok(earlier.end) } else { moved(*edge) }).collect::<Result<_, _>>()?;
    let edges: BTreeSet<Instant> = at.iter().copied().chain([earlier.start, same_hour, earlier.end]).collect();
    let edges: Vec<Instant> = edges.into_iter().collect();
    let stretches = tallies_by(desk, customer_id, meter, &edges, account).await?;
    let (mut sofar, mut by_edge) = (Tally::default(), vec![(earlier.start, Decimal::ZERO)]);
    for (stretch, edge) in stretches.iter().zip(edges.windows(2)) {
        sofar.merge(stretch)?;
        by_edge.push((edge[1], sofar.quantity(meter.aggregate).max(Decimal::ZERO)));
    }
    let total_at = |at: Instant| by_edge.iter().rev().find(|(edge, _)| *edge <= at).map(|(_, total)| *total).unwrap_or_default();
    Ok(Some(Before {
        period: earlier,
        totals: at.iter().map(|at| total_at(*at)).collect(),
        by_now: total_at(same_hour),
        same_hour,
        total: total_at(earlier.end),
    }))
}

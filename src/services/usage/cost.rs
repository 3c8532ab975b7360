//! What usage has cost so far: every figure rated by the engine, from the terms it is, or was, billed with.

use std::collections::{BTreeMap, BTreeSet};

use billing::bands::{Band, bands};
use billing::calendar::{Instant, Period, Share};
use billing::money::sum;
use billing::price::Price;
use billing::subscription::{Basis, BilledPart, Cycle, usage_of_part};
use rust_decimal::Decimal;

use super::meter::{Aggregate, Meter, meters};
use super::read::{account, tallies_by};
use super::tally::{Tally, add};
use crate::services::subscriptions::{self, Closing, Subscription};
use crate::services::{Desk, Refusal};

/// The stretches of one period in which a meter had a price, in order. A change of plan in mid-period makes two of one.
pub struct Costs {
    basis: Basis,
    parts: Vec<BilledPart>,
}

/// The running usage of each part while a period is walked through.
#[derive(Clone)]
pub struct Walk<'a> {
    costs: &'a Costs,
    aggregate: Aggregate,
    tallies: Vec<Tally>,
    /// What is expected, on top of what was counted.
    expected: Decimal,
}

/// The prices that rate, or rated, a meter in a period.
pub(super) async fn costs(desk: &mut Desk, subscription: &Subscription, meter: &Meter, period: Period) -> Result<Option<Costs>, Refusal> {
    let parts = parts_in(desk, subscription, Some(&meter.key), period).await?;
    if parts.is_empty() { Ok(None) } else { of_parts(desk, subscription, parts).await.map(Some) }
}

/// What everything metered has cost a subscription in one of its periods, in minor units, before discounts and tax: all that was recorded of
/// the period, also what a sender's clock put a little ahead of ours. `None` where nothing is metered in it.
pub async fn cost_of_period(desk: &mut Desk, subscription: &Subscription, period: Period) -> Result<Option<i64>, Refusal> {
    let mut by_meter: BTreeMap<String, Vec<BilledPart>> = BTreeMap::new();
    for billed in parts_in(desk, subscription, None, period).await? {
        if let Some(of) = &billed.part.price.meter {
            by_meter.entry(of.key.clone()).or_default().push(billed);
        }
    }
    if by_meter.is_empty() {
        return Ok(None);
    }
    let (meters, now) = (meters(desk).await?, desk.now.billing);
    let account = account(desk, &subscription.customer_id).await?;
    let mut amounts = Vec::with_capacity(by_meter.len());
    for (key, parts) in by_meter {
        let meter = meters.iter().find(|meter| meter.key == key).ok_or_else(|| Refusal::damaged(format!("no meter {key}")))?;
        let costs = of_parts(desk, subscription, parts).await?;
        let edges: BTreeSet<Instant> = costs.edges().filter(|edge| period.contains(*edge)).chain([period.start, period.end]).collect();
        let edges: Vec<Instant> = edges.into_iter().collect();
        let mut walk = costs.walk(meter);
        for (tally, start) in tallies_by(desk, &subscription.customer_id, meter, &edges, account.as_ref()).await?.iter().zip(&edges) {
            walk.take(*start, tally)?;
        }
        amounts.push(walk.cost_minor(now)?);
    }
    Ok(Some(sum(amounts).map_err(billing::Error::from)?))
}

/// The parts of a period that a meter's usage (or any meter's) was billed in, and those that are still to be.
async fn parts_in(desk: &mut Desk, subscription: &Subscription, meter: Option<&str>, period: Period) -> Result<Vec<BilledPart>, Refusal> {
    let mut parts = subscriptions::billed_parts(desk, &subscription.id, meter, period).await?;
    let running = subscription.cycle.iter().flat_map(Cycle::all).map(|cycle| Closing::whole(cycle.alone(), cycle.whole.end));
    for Closing { cycle, until, unused, .. } in running.chain(subscription.closings.iter().cloned()) {
        let open = cycle.open.iter().filter(|part| part.price.meter.as_ref().is_some_and(|of| meter.is_none_or(|meter| of.key == meter)));
        for part in open.filter(|part| period.contains(part.from)) {
            parts.push(BilledPart { part: part.clone(), to: until, cycle: cycle.clone(), unused, lines: Vec::new() });
        }
    }
    Ok(parts)
}

async fn of_parts(desk: &mut Desk, subscription: &Subscription, parts: Vec<BilledPart>) -> Result<Costs, Refusal> {
    let basis = subscriptions::basis(desk, subscription, &[&subscription.terms], parts.iter().map(|billed| &billed.part.price)).await?;
    Ok(Costs::new(basis, parts))
}

impl Costs {
    fn new(basis: Basis, mut parts: Vec<BilledPart>) -> Costs {
        parts.sort_by_key(|billed| (billed.part.from, billed.to));
        Costs { basis, parts }
    }

    /// Where parts begin and end: a walk must not step over these.
    pub fn edges(&self) -> impl Iterator<Item = Instant> {
        self.parts.iter().flat_map(|billed| billed.part.stretches(billed.to)).flat_map(|stretch| [stretch.start, stretch.end])
    }

    /// The last part that has begun: its price is the one to talk about.
    pub fn part_at(&self, at: Instant) -> Option<&BilledPart> {
        self.parts.iter().rev().find(|billed| billed.part.from <= at).or(self.parts.first())
    }

    /// The price and its bands at an instant.
    pub fn bands_at(&self, at: Instant) -> Result<Option<(&Price, Vec<Band>)>, Refusal> {
        let Some(billed) = self.part_at(at) else { return Ok(None) };
        let stretch = Period { start: billed.part.from, end: billed.to };
        let share = Share::of(stretch, billed.cycle.whole, self.basis.proration.by, self.basis.zone).map_err(billing::Error::from)?;
        let bands = bands(&billed.part.price, share).map_err(billing::Error::from)?;
        Ok(Some((&billed.part.price, bands)))
    }

    /// Whether one part is the whole story, so that the period's running total is what is rated.
    pub fn is_single(&self) -> bool {
        self.parts.len() == 1
    }

    pub fn walk(&self, meter: &Meter) -> Walk<'_> {
        Walk { costs: self, aggregate: meter.aggregate, tallies: vec![Tally::default(); self.parts.len()], expected: Decimal::ZERO }
    }

    /// What it is billed in.
    pub fn currency(&self) -> &'static str {
        self.basis.currency.code()
    }
}

impl Walk<'_> {
    /// Takes in a stretch that no part's edge cuts.
    pub fn take(&mut self, start: Instant, stretch: &Tally) -> Result<(), Refusal> {
        for (billed, tally) in self.costs.parts.iter().zip(&mut self.tallies) {
            if billed.part.stretches(billed.to).iter().any(|counted| counted.contains(start)) {
                tally.merge(stretch)?;
            }
        }
        Ok(())
    }

    /// Takes in what is expected to come.
    pub fn expect(&mut self, used: Decimal) -> Result<(), Refusal> {
        self.expected = add(self.expected, used)?;
        Ok(())
    }

    /// What all of it costs by now, in minor units, before discounts and tax. A part that has not begun costs nothing yet.
    pub fn cost_minor(&self, now: Instant) -> Result<i64, Refusal> {
        let mut amounts = Vec::with_capacity(self.tallies.len());
        let last = self.costs.parts.iter().rposition(|billed| billed.part.from <= now);
        for (n, (billed, tally)) in self.costs.parts.iter().zip(&self.tallies).enumerate() {
            if last.is_none_or(|last| n > last) {
                continue;
            }
            let mut units = tally.quantity(self.aggregate).max(Decimal::ZERO);
            if Some(n) == last {
                units = add(units, self.expected)?;
            }
            let lines = usage_of_part(&self.costs.basis, billed, units)?;
            amounts.push(sum(lines.iter().map(|line| line.amount_minor)).map_err(billing::Error::from)?);
        }
        Ok(sum(amounts).map_err(billing::Error::from)?)
    }
}

//! What usage has cost so far: every figure rated by the engine, from the terms it is, or was, billed with.

use billing::bands::{Band, bands};
use billing::calendar::{Instant, Period, Share};
use billing::money::sum;
use billing::price::Price;
use billing::subscription::{Basis, BilledPart, usage_of_part};
use rust_decimal::Decimal;

use super::meter::{Aggregate, Meter};
use super::tally::{Tally, add};
use crate::services::Refusal;

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

impl Costs {
    pub fn new(basis: Basis, mut parts: Vec<BilledPart>) -> Costs {
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

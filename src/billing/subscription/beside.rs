//! Add-ons that are billed at another interval than the plan: which charge is of which cycle, and what a change makes of those beside the
//! plan's. Each cycle meets an event by itself, inside its own period.

use std::borrow::Cow;

use super::{Basis, Charged, Cycle, Outcome, Product, Terms, Used, period::begin, swap::InCycle, terms::Item};
use crate::{
    Result,
    calendar::{By, Instant, Interval},
};

/// An event in mid-period, of all of a subscription.
pub(super) struct Moment<'a> {
    pub(super) old: &'a Terms,
    pub(super) new: &'a Terms,
    /// As it stands.
    pub(super) cycle: &'a Cycle,
    pub(super) at: Instant,
    pub(super) charged: &'a [Charged],
    pub(super) used: &'a [Used],
}

impl<'a> Moment<'a> {
    /// The charges that one of the subscription's cycles has made; of those that are over, all: what comes back may have been another's.
    pub(super) fn charged_in(&self, cycle: &Cycle) -> Cow<'a, [Charged]> {
        let is_one = |terms: &Terms| terms.add_ons.iter().all(|add_on| add_on.interval.repeats_like(self.cycle.interval));
        if self.cycle.beside.is_empty() && is_one(self.old) && is_one(self.new) {
            return Cow::Borrowed(self.charged);
        }
        let is_of_it = |charge: &&Charged| !charge.is_in_force(self.at) || self.interval_of(charge).repeats_like(cycle.interval);
        Cow::Owned(self.charged.iter().filter(is_of_it).cloned().collect())
    }

    fn interval_of(&self, charge: &Charged) -> Interval {
        let add_on = Product::of(&charge.line).filter(|product| matches!(product, Product::AddOn(_)));
        let Some(product) = add_on else { return self.cycle.interval };
        let known = self.old.interval_of(&product).or_else(|| self.new.interval_of(&product));
        // An add-on that is gone already: the period that its charge reaches the end of was its own.
        let ended_with = || self.cycle.all().find(|cycle| charge.line.to == Some(cycle.whole.end)).map(|cycle| cycle.interval);
        known.or_else(ended_with).unwrap_or(self.cycle.interval)
    }

    /// Moves one cycle, as it stands or as it shall stand again, to new things.
    pub(super) fn swap(&self, basis: &Basis, to: Cycle, current: &Cycle, items: &[Item<'_>], keeps: &[Item<'_>]) -> Result<Outcome> {
        let charged = self.charged_in(current);
        basis.swap(to, &InCycle { current, at: self.at, charged: &charged, used: self.used }, items, keeps)
    }

    /// A change inside the period of one cycle: what is the same before and after is left alone.
    pub(super) fn change_in(&self, basis: &Basis, cycle: &Cycle) -> Result<Outcome> {
        self.swap(basis, cycle.clone(), cycle, &self.new.items_at(cycle.interval), &self.unchanged_in(cycle))
    }

    /// The same where nothing may be charged: what changes only ends.
    pub(super) fn keep_in(&self, basis: &Basis, cycle: &Cycle) -> Result<Outcome> {
        let keeps = self.unchanged_in(cycle);
        self.swap(basis, cycle.clone(), cycle, &keeps, &keeps)
    }

    fn unchanged_in(&self, cycle: &Cycle) -> Vec<Item<'a>> {
        let old = self.old.items_at(cycle.interval);
        self.new.items_at(cycle.interval).into_iter().filter(|item| old.iter().any(|old| item.is_unchanged_from(old))).collect()
    }

    /// Ends a cycle: what is unused of its charges goes back, what was used is rated.
    pub(super) fn end(&self, basis: &Basis, cycle: &Cycle) -> Result<Outcome> {
        self.swap(basis, cycle.clone(), cycle, &[], &[])
    }

    pub(super) fn end_all(&self, basis: &Basis) -> Result<Vec<Outcome>> {
        self.cycle.all().map(|cycle| self.end(basis, cycle)).collect()
    }

    /// The cycles beside the plan's as the new terms have them: changed, ended, begun, or taken up again where this very moment ended them.
    pub(super) fn change_beside(&self, basis: &Basis, intervals: impl Iterator<Item = Interval>) -> Result<Vec<Outcome>> {
        let was = self.cycle.as_before(self.at);
        let mut outcomes = Vec::new();
        for cycle in &self.cycle.beside {
            outcomes.push(self.change_in(basis, cycle)?);
        }
        let has_none = |interval: &Interval| !self.cycle.beside.iter().any(|cycle| cycle.interval.repeats_like(*interval));
        for interval in intervals.filter(has_none) {
            outcomes.push(match was.and_then(|was| was.of_interval(interval)) {
                Some(ended) => self.take_up(basis, ended)?,
                None => self.begin_beside(basis, interval)?,
            });
        }
        Ok(outcomes)
    }

    /// Takes up a cycle that this very moment ended: what went back of it is charged again as it went.
    pub(super) fn take_up(&self, basis: &Basis, ended: &Cycle) -> Result<Outcome> {
        let none_of_it = Cycle { open: Vec::new(), before: Some(ended.remembered(self.at)), ..ended.alone() };
        let mut charged = self.charged_in(ended).into_owned();
        charged.retain(|charge| !charge.is_in_force(self.at));
        let met = InCycle { current: &none_of_it, at: self.at, charged: &charged, used: self.used };
        basis.swap(ended.alone(), &met, &self.new.items_at(ended.interval), &[])
    }

    /// The first period of a cycle beside the plan's: by the same anchor, from here. What went back earlier in the same moment comes back.
    fn begin_beside(&self, basis: &Basis, interval: Interval) -> Result<Outcome> {
        let cycle = Cycle::starting(self.cycle.anchor.clone(), interval, self.at)?;
        if !cycle.is_stub() {
            return begin(basis, self.new, &cycle);
        }
        self.swap(basis, cycle.clone(), &cycle, &self.new.items_at(interval), &[])
    }
}

impl Basis {
    /// Whether a cycle beside the plan's goes on whatever the terms are: what is sold without proration is the customer's to its end.
    pub(super) fn is_sold_to_its_end(&self, beside: &Cycle, at: Instant) -> bool {
        self.proration.by == By::None && at < beside.whole.end
    }

    /// What the plan's cycle has by the terms. Where the plan has come to the interval of add-ons whose own period goes on, these are not of
    /// it before that ends (see [`renew_beside`]).
    pub(super) fn items_beside<'t>(&self, beside: &[Cycle], terms: &'t Terms, at: Instant) -> Vec<Item<'t>> {
        let interval = terms.plan.interval;
        let is_alike = |cycle: &Cycle| cycle.interval.repeats_like(interval) && self.is_sold_to_its_end(cycle, at);
        let goes_on = beside.iter().any(is_alike);
        terms.items_at(interval).into_iter().filter(|item| !(goes_on && item.is_of_add_on())).collect()
    }
}

impl Cycle {
    /// Those beside it in the terms' order, and so their lines on every document.
    pub(super) fn sort_beside(&mut self, terms: &Terms) {
        let intervals = terms.intervals();
        self.beside.sort_by_key(|cycle| intervals.iter().position(|interval| interval.repeats_like(cycle.interval)).unwrap_or(intervals.len()));
    }
}

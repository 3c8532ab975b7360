//! Coupons: which lines of a document they reach, and what they leave for those that take back others of it.

use crate::calendar::{Instant, months_later};
use crate::document::prorated;
use crate::fraction::{ONE, spread, whole};
use crate::story::Duration;
use crate::world::{Back, LineId, Redeemed, World};

impl World<'_> {
    /// “A discount is spread over the lines it applies to in proportion, by largest remainder, before tax, after one rounding a coupon and
    /// document; it reaches the subscription's recurring, usage, minimum and proration-charge lines, not credits and one-offs. Several
    /// discounts: percents first, in the order given, each on what is left; then amounts; never below zero.”
    pub fn discount(&mut self, lines: &[LineId], with_once: bool) {
        let mut rounds: Vec<(usize, Vec<usize>)> = Vec::new();
        for percents in [true, false] {
            for id in lines {
                let line = &self.lines[*id];
                let Some(subscription) = line.subscription else { continue };
                for coupon in self.coupons_of(*id) {
                    let rule = &self.story.coupons[coupon];
                    if rule.percent.is_some() != percents || (rule.duration == Duration::Once && !with_once) {
                        continue;
                    }
                    // A percent shared by several subscriptions is rounded once; an amount is each one's own.
                    let of = |(other, of): &&mut (usize, Vec<usize>)| *other == coupon && (percents || of.contains(&subscription));
                    match rounds.iter_mut().find(of) {
                        Some((_, of)) => of.push(subscription),
                        None => rounds.push((coupon, vec![subscription])),
                    }
                }
            }
        }
        let before: Vec<Vec<Redeemed>> = self.subscriptions.iter().map(|subscription| subscription.redeemed.clone()).collect();
        for (coupon, of) in rounds {
            // What an earlier coupon took all of is not discounted by this one.
            let reaches = |id: &LineId| self.reaches(coupon, &of, *id, &before) && self.stands(*id, lines) && self.lines[*id].net() > 0;
            let mut reached: Vec<LineId> = lines.iter().copied().filter(reaches).collect();
            // The first discounted period may be of this very document, and the next of it beyond the coupon's months.
            let is_begun = |subscription: &usize| before[*subscription].iter().any(|before| before.coupon == coupon && before.first.is_some());
            for subscription in of.iter().filter(|subscription| !is_begun(subscription)) {
                let starts = reached.iter().filter(|id| self.lines[**id].subscription == Some(*subscription));
                let first = starts.map(|id| self.lines[*id].period_start).min();
                let is_beyond = |id: &LineId| {
                    let line = &self.lines[*id];
                    line.subscription == Some(*subscription) && first.is_some_and(|first| self.is_beyond(coupon, *subscription, first, line.period_start))
                };
                reached.retain(|id| !is_beyond(id));
            }
            let left: Vec<i128> = reached.iter().map(|id| self.lines[*id].net()).collect();
            let sum: i128 = left.iter().sum();
            if sum <= 0 {
                continue;
            }
            let rule = &self.story.coupons[coupon];
            let off = match (rule.percent, rule.amount) {
                (Some(percent), _) => (whole(sum) * percent.over(whole(100))).half_up(),
                (None, amount) => amount.unwrap_or(0).min(sum),
            };
            for (id, part) in reached.iter().zip(spread(off, &left)) {
                self.lines[*id].discount += part;
                let (Some(subscription), period_start) = (self.lines[*id].subscription, self.lines[*id].period_start) else { continue };
                for redeemed in self.subscriptions[subscription].redeemed.iter_mut().filter(|redeemed| redeemed.coupon == coupon) {
                    // The earliest of the document that it first took something off.
                    let known = before[subscription].iter().find(|before| before.coupon == coupon).and_then(|before| before.first);
                    redeemed.first = known.or(Some(redeemed.first.map_or(period_start, |first| first.min(period_start))));
                }
            }
        }
    }

    /// The coupons that reach a line: those its subscription has when its document is made, not those of when it began to wait for it.
    pub fn coupons_of(&self, id: LineId) -> Vec<usize> {
        let line = &self.lines[id];
        let reaches = line.of.is_none() && matches!(line.kind, "recurring" | "usage" | "minimum" | "proration_charge");
        line.subscription.filter(|_| reaches).map_or(Vec::new(), |subscription| self.subscriptions[subscription].terms.coupons.clone())
    }

    /// “A change and its reversal at the same instant cancel out exactly”: what the document itself takes back whole is nothing to discount.
    fn stands(&self, id: LineId, lines: &[LineId]) -> bool {
        let is_whole = |credit: &LineId| self.lines[*credit].of == Some(id) && self.lines[*credit].takes_back == Some(Back::Share(ONE));
        let is_undone = |credit: LineId| lines.iter().any(|other| self.lines[*other].takes_back == Some(Back::All(credit)) && self.stands(*other, lines));
        !lines.iter().filter(|credit| is_whole(credit)).any(|credit| !is_undone(*credit))
    }

    /// “Credit = share × what was charged …, net of its discount”: of what still waited for its document, that is known only now.
    pub fn settle_backs(&mut self, lines: &[LineId]) {
        let mut backs: Vec<LineId> = lines.iter().copied().filter(|id| self.lines[*id].takes_back.is_some()).collect();
        backs.sort_unstable();
        for id in backs {
            let Some(of) = self.lines[id].of.filter(|of| lines.contains(of) || self.lines[*of].document.is_some()) else { continue };
            let amount = match self.lines[id].takes_back {
                Some(Back::Share(share)) => -prorated(self.story.vendor.proration.rounding, whole(self.lines[of].net()) * share),
                Some(Back::All(credit)) => -self.lines[credit].amount,
                None => continue,
            };
            if matches!(self.lines[id].takes_back, Some(Back::Share(_))) {
                self.lines[of].given_back += self.lines[id].amount - amount;
            }
            self.lines[id].amount = amount;
        }
    }

    /// “`repeating` reaches every period that starts before the first discounted period's start plus its months; `once` is the first
    /// invoice with something to discount.”
    fn reaches(&self, coupon: usize, of: &[usize], id: LineId, redeemed: &[Vec<Redeemed>]) -> bool {
        let line = &self.lines[id];
        let Some(subscription) = line.subscription.filter(|subscription| of.contains(subscription) && self.coupons_of(id).contains(&coupon)) else {
            return false;
        };
        let rule = &self.story.coupons[coupon];
        let first = redeemed[subscription].iter().find(|redeemed| redeemed.coupon == coupon).and_then(|redeemed| redeemed.first);
        match (rule.duration, first) {
            (_, None) | (Duration::Forever, _) => true,
            (Duration::Once, Some(_)) => false,
            (Duration::Repeating, Some(first)) => !self.is_beyond(coupon, subscription, first, line.period_start),
        }
    }

    fn is_beyond(&self, coupon: usize, subscription: usize, first: Instant, period_start: Instant) -> bool {
        let rule = &self.story.coupons[coupon];
        rule.duration == Duration::Repeating && period_start >= months_later(self.subscriptions[subscription].zone, first, rule.months)
    }
}

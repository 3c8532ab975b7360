//! What was charged is given back for time to come, and comes back where that is undone.

use crate::calendar::{Instant, day, share};
use crate::document::prorated;
use crate::fraction::{ONE, ZERO, whole};
use crate::story::By;
use crate::world::{Back, Line, LineId, Thing, World};

impl World<'_> {
    /// “usage is cut at that instant; each part is rated alone … The old part is invoiced with the change.”
    pub fn cut(&mut self, index: usize, which: impl Fn(&Thing) -> bool, due: Instant, reason: &'static str) -> Vec<LineId> {
        let mut lines = Vec::new();
        for part in self.open_parts_of(index) {
            if which(&self.parts[part].thing) {
                self.close_part(part, self.now, due, reason, true);
                self.parts[part].is_cut = true;
                if due <= self.now {
                    lines.extend(self.bill_part(part));
                }
            }
        }
        lines
    }

    /// “Credit = share × what was charged for that period and thing, net of its discount, at its own tax”, “One rounding a line. Credits
    /// for a period never exceed what was charged for it.”
    pub fn credit(&mut self, index: usize, things: &[Thing]) -> Vec<LineId> {
        let (by, rounding, zone, now) = (self.story.vendor.proration.by, self.story.vendor.proration.rounding, self.subscriptions[index].zone, self.now);
        let mut lines = Vec::new();
        if by == By::None {
            return lines;
        }
        for thing in things {
            for id in 0..self.lines.len() {
                let line = self.lines[id].clone();
                if line.thing.as_ref() != Some(thing) || now < line.span.0 || now >= line.until {
                    continue;
                }
                // Of nothing there is nothing to give back.
                if line.amount == 0 && line.of.is_none() {
                    continue;
                }
                let net = self.net_of(id);
                let unused = whole(net) * share(by, zone, (now, line.span.1), line.span);
                let root = self.root(id);
                let left = (net - line.given_back).min(if root == id { net } else { self.lines[root].net() - self.lines[root].given_back });
                let credit = prorated(rounding, unused).min(left);
                self.lines[id].until = now;
                self.lines[id].given_back += credit;
                if root != id {
                    self.lines[root].given_back += credit;
                }
                if share(by, zone, (now, line.span.1), line.span) == ZERO {
                    continue;
                }
                let back = self.reversal("proration_credit", id, -credit);
                if line.document.is_none() {
                    self.lines[back].takes_back = Some(Back::Share(share(by, zone, (now, line.span.1), line.span)));
                }
                lines.push(back);
            }
        }
        lines
    }

    /// What a line costs after its discount; of one that still waits, as if its document were made now, until it is ([`World::settle_backs`]).
    fn net_of(&self, id: LineId) -> i128 {
        if self.lines[id].document.is_some() {
            return self.lines[id].net();
        }
        let customer = self.lines[id].subscription.map(|subscription| self.subscriptions[subscription].customer).unwrap_or(0);
        let mut would = self.clone();
        let waiting: Vec<LineId> = self.waiting.iter().filter(|waiting| waiting.customer == customer).map(|waiting| waiting.line).collect();
        would.discount(&waiting, true);
        would.lines[id].net()
    }

    /// “A change and its reversal at the same instant cancel out exactly”: usage that was cut at this very instant is whole again, and
    /// what the part cost is taken back.
    pub fn rejoin(&mut self, thing: &Thing) -> Option<Vec<LineId>> {
        let cut = (0..self.parts.len()).rev().find(|part| {
            let part = &self.parts[*part];
            !part.open
                && part.is_cut
                && part.span.0 < self.now
                && part.span.1 == self.now
                && part.thing.subscription == thing.subscription
                && self.is_same(&part.thing, thing)
        })?;
        self.parts[cut].taken.clear();
        let mut lines = Vec::new();
        for id in std::mem::take(&mut self.parts[cut].lines) {
            let (net, line) = (self.net_of(id), self.lines[id].clone());
            self.lines[id].given_back += net;
            let back = self.reversal("proration_credit", id, -net);
            self.lines[back].span = line.span;
            if line.document.is_none() {
                self.lines[back].takes_back = Some(Back::Share(ONE));
            }
            lines.push(back);
        }
        let part = &mut self.parts[cut];
        part.open = true;
        part.is_billed = false;
        part.is_cut = false;
        part.span.1 = Instant::MAX;
        Some(lines)
    }

    /// “A change and its reversal at the same instant cancel out exactly”: what was credited at this very instant comes back as it went.
    pub fn restore(&mut self, thing: &Thing) -> Vec<LineId> {
        let (now, zone, by_day) = (self.now, self.subscriptions[thing.subscription].zone, self.story.vendor.proration.by == By::Day);
        // In days, all of a day is one instant.
        let is_now = |at: Instant| at == now || (by_day && at > Instant::MIN && at < now && day(zone, at) == day(zone, now));
        let mut lines = Vec::new();
        for id in 0..self.lines.len() {
            let line = &self.lines[id];
            if line.thing.as_ref() != Some(thing) || !is_now(line.until) || line.span.1 == line.until {
                continue;
            }
            // Its period is another's where that moved meanwhile: what is charged of that is charged anew.
            if self.round_of(thing).is_some_and(|round| round.period.1 != line.span.1) {
                continue;
            }
            let is_credit = |credit: &Line| credit.of == Some(id) && is_now(credit.span.0) && credit.kind == "proration_credit";
            let Some(credit) = (0..self.lines.len()).rev().find(|credit| is_credit(&self.lines[*credit])) else { continue };
            let back = -self.lines[credit].amount;
            let kind = if self.lines[id].kind == "minimum" { "minimum" } else { "proration_charge" };
            let restored = self.reversal(kind, id, back);
            self.lines[restored].until = self.lines[restored].span.1;
            self.lines[restored].undoes = Some(credit);
            if self.lines[credit].document.is_none() {
                self.lines[restored].takes_back = Some(Back::All(credit));
            }
            // Restored once.
            self.lines[id].until = Instant::MIN;
            lines.push(restored);
        }
        lines
    }

    fn reversal(&mut self, kind: &'static str, of: LineId, amount: i128) -> LineId {
        let line = self.lines[of].clone();
        let span = (self.now, line.span.1);
        self.lines.push(Line {
            kind,
            amount,
            discount: 0,
            span,
            document: None,
            of: Some(of),
            given_back: 0,
            until: Instant::MIN,
            takes_back: None,
            undoes: None,
            ..line
        });
        self.lines.len() - 1
    }
}

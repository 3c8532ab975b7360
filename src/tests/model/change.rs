//! Subscriptions begin, change, pause, resume, end and come back.

use crate::calendar::{Anchor, Instant, day, days_later, share};
use crate::document::prorated;
use crate::fraction::{Fraction, ONE, ZERO, whole};
use crate::story::{By, Settle, Step, Unit, When};
use crate::world::{Left, Line, LineId, Planned, Redeemed, Refused, State, Subscription, Terms, Thing, Waiting, Wish, World};

/// What a confirmed action made: a document, or none.
pub type Made = Result<Option<usize>, Refused>;

impl World<'_> {
    pub fn subscribe(&mut self, step: &Step, customer: usize) -> Made {
        let plan = self.plan_index(step.plan.as_deref()).ok_or(Refused)?;
        let terms = Terms { plan, quantity: step.quantity.unwrap_or(ONE), add_ons: self.add_ons(step).unwrap_or_default(), coupons: Vec::new() };
        let coupons = self.coupons(step).unwrap_or_default();
        let index = self.subscriptions.len();
        let zone = self.zone(customer);
        let starts_at = step.start.filter(|start| *start > self.now).unwrap_or(self.now);
        let wish = match (step.anchor_day, step.anchor) {
            (Some(day), _) => Wish::Day(day),
            (None, Some(at)) => Wish::At(at),
            (None, None) => Wish::None,
        };
        self.subscriptions.push(Subscription {
            id: step.subscription.clone().unwrap_or_default(),
            customer,
            zone,
            state: State::Scheduled,
            terms: terms.clone(),
            redeemed: Vec::new(),
            starts_at,
            trial_days: step.trial_days.unwrap_or(self.plan(plan).trial_days),
            trial_end: None,
            wish,
            anchor: None,
            period: None,
            whole: (0, 0),
            cancel_at: None,
            ended_at: None,
            planned: None,
            pause_planned: false,
            paused_at: None,
            left: None,
            is_past_due: false,
        });
        let trial_days = self.subscriptions[index].trial_days;
        if trial_days > 0 {
            // “A trial lasts so many calendar days of the zone”
            self.subscriptions[index].trial_end = Some(days_later(zone, starts_at, trial_days));
        }
        self.check(index, &terms)?;
        self.redeem(index, &coupons)?;
        if starts_at <= self.now {
            self.begin(index);
        }
        let made_by = (self.subscriptions[index].state == State::Active).then_some("start");
        Ok(self.collect(customer, Some(index), Vec::new(), made_by, &[]))
    }

    fn plan_index(&self, id: Option<&str>) -> Option<usize> {
        self.story.plans.iter().position(|plan| Some(plan.id.as_str()) == id)
    }

    fn add_ons(&self, step: &Step) -> Option<Vec<(usize, Fraction)>> {
        let place = |id: &str| self.story.add_ons.iter().position(|add_on| add_on.id == id);
        step.add_ons.as_ref().map(|add_ons| add_ons.iter().filter_map(|add_on| Some((place(add_on.parts().0)?, add_on.parts().1))).collect())
    }

    fn coupons(&self, step: &Step) -> Option<Vec<usize>> {
        let place = |id: &String| self.story.coupons.iter().position(|coupon| coupon.id == *id);
        step.coupons.as_ref().map(|coupons| coupons.iter().filter_map(place).collect())
    }

    /// Whether a customer may have terms: “The customer's [currency]. A price without it is refused, unless it says `convert` and a dated
    /// rate exists”. An add-on goes with a plan of its interval.
    fn check(&self, index: usize, terms: &Terms) -> Result<(), Refused> {
        let subscription = &self.subscriptions[index];
        let (currency, plan) = (self.currency(subscription.customer), self.plan(terms.plan));
        // What is charged later needs its rate then.
        let is_later = matches!(subscription.state, State::Scheduled) && (subscription.starts_at > self.now || subscription.trial_days > 0);
        let is_later = is_later || subscription.state == State::Trialing;
        let on = if is_later { chrono::NaiveDate::MAX } else { self.today(subscription.customer) };
        self.story.prices(plan, &currency, on).ok_or(Refused)?;
        for (add_on, _) in &terms.add_ons {
            let add_on = &self.story.add_ons[*add_on];
            self.story.prices(add_on, &currency, on).ok_or(Refused)?;
            if (add_on.interval, add_on.interval_count) != (plan.interval, plan.interval_count) {
                return Err(Refused);
            }
        }
        Ok(())
    }

    /// Gives a subscription its coupons: those it has go on, others are redeemed, if they may be.
    fn redeem(&mut self, index: usize, coupons: &[usize]) -> Result<(), Refused> {
        for coupon in coupons {
            if !self.subscriptions[index].terms.coupons.contains(coupon) {
                self.may_redeem(index, *coupon)?;
                self.redemptions[*coupon] += 1;
                self.subscriptions[index].redeemed.retain(|redeemed| redeemed.coupon != *coupon);
                self.subscriptions[index].redeemed.push(Redeemed { coupon: *coupon, first: None });
            }
        }
        self.subscriptions[index].terms.coupons = coupons.to_vec();
        Ok(())
    }

    fn may_redeem(&self, index: usize, coupon: usize) -> Result<(), Refused> {
        let rule = &self.story.coupons[coupon];
        let currency = self.currency(self.subscriptions[index].customer);
        let is_of_currency = rule.amount.is_none() || rule.currency.as_ref().unwrap_or(&self.story.vendor.currency) == &currency;
        let is_left = rule.max_redemptions.is_none_or(|max| self.redemptions[coupon] < max);
        if is_of_currency && is_left { Ok(()) } else { Err(Refused) }
    }

    pub fn change(&mut self, step: &Step, index: usize) -> Made {
        let subscription = &self.subscriptions[index];
        match subscription.state {
            State::Paused | State::Cancelled => return Err(Refused),
            State::Scheduled | State::Trialing | State::Active => {}
        }
        let wanted = Planned { plan: self.plan_index(step.plan.as_deref()), quantity: step.quantity, add_ons: self.add_ons(step), coupons: self.coupons(step) };
        let terms = self.terms_of(index, &wanted);
        self.check(index, &terms)?;
        for coupon in wanted.coupons.iter().flatten() {
            if !self.subscriptions[index].terms.coupons.contains(coupon) {
                self.may_redeem(index, *coupon)?;
            }
        }
        if self.subscriptions[index].state != State::Active {
            let is_monthly = matches!(self.plan(terms.plan).interval, Unit::Month | Unit::Year);
            if matches!(self.subscriptions[index].wish, Wish::Day(_)) && !is_monthly {
                return Err(Refused);
            }
            self.take(index, &wanted)?;
            return Ok(None);
        }
        // “`none` (no credit, no charge; new terms from the next period)”
        if step.when == When::PeriodEnd || self.story.vendor.proration.by == By::None {
            self.subscriptions[index].planned = Some(wanted);
            return Ok(None);
        }
        self.subscriptions[index].planned = None;
        let old = self.subscriptions[index].terms.clone();
        self.take(index, &wanted)?;
        let new = self.subscriptions[index].terms.clone();
        let customer = self.subscriptions[index].customer;
        let lines = if self.interval(old.plan) == self.interval(new.plan) || self.is_reversed(index) {
            self.same_interval(index, &old, &new)
        } else {
            self.other_interval(index, &old)
        };
        if step.settle == Settle::NextInvoice {
            // What is due anyway does not wait with it.
            let made = self.collect(customer, None, Vec::new(), None, &[]);
            for line in lines {
                self.waiting.push(Waiting { line, customer, due: None, reason: "change" });
            }
            return Ok(made);
        }
        Ok(self.collect(customer, Some(index), lines, Some("change"), &[]))
    }

    /// The terms a subscription would have.
    fn terms_of(&self, index: usize, wanted: &Planned) -> Terms {
        let mut terms = self.subscriptions[index].terms.clone();
        terms.plan = wanted.plan.unwrap_or(terms.plan);
        terms.quantity = wanted.quantity.unwrap_or(terms.quantity);
        terms.add_ons = wanted.add_ons.clone().unwrap_or(terms.add_ons);
        terms
    }

    fn take(&mut self, index: usize, wanted: &Planned) -> Result<(), Refused> {
        self.subscriptions[index].terms = self.terms_of(index, wanted);
        match &wanted.coupons {
            Some(coupons) => self.redeem(index, coupons),
            None => Ok(()),
        }
    }

    /// Planned terms take effect with the period that begins. A coupon that others used up meanwhile is left out.
    pub fn take_planned(&mut self, index: usize) {
        let Some(mut wanted) = self.subscriptions[index].planned.take() else { return };
        let held = self.subscriptions[index].terms.coupons.clone();
        if let Some(coupons) = &mut wanted.coupons {
            coupons.retain(|coupon| held.contains(coupon) || self.may_redeem(index, *coupon).is_ok());
        }
        let before = self.interval(self.subscriptions[index].terms.plan);
        if self.take(index, &wanted).is_err() {
            return;
        }
        let subscription = &self.subscriptions[index];
        if self.interval(subscription.terms.plan) != before {
            let (zone, at) = (subscription.zone, subscription.period.map_or(self.now, |period| period.1));
            self.subscriptions[index].anchor = Some(Anchor::at(zone, at));
        }
    }

    /// “A change of plan, quantity or add-on at the same interval keeps the anchor”
    fn same_interval(&mut self, index: usize, old: &Terms, new: &Terms) -> Vec<LineId> {
        let (before, after) = (self.things(index, old), self.things(index, new));
        let (gone, come): (Vec<Thing>, Vec<Thing>) = (
            before.iter().filter(|thing| !after.iter().any(|other| self.is_same(thing, other))).cloned().collect(),
            after.iter().filter(|thing| !before.iter().any(|other| self.is_same(thing, other))).cloned().collect(),
        );
        let mut lines = self.credit(index, &gone);
        lines.extend(self.cut(index, |thing| gone.contains(thing), "change"));
        // A metered price that goes on is of the new plan from here.
        for part in self.open_parts_of(index) {
            let same = after.iter().find(|thing| self.is_same(thing, &self.parts[part].thing)).cloned();
            if let Some(same) = same {
                self.parts[part].thing = same;
            }
        }
        for thing in &come {
            if let Some(rejoined) = self.rejoin(thing) {
                lines.extend(rejoined);
                continue;
            }
            match self.restore(thing) {
                restored if restored.is_empty() => lines.extend(self.charge(index, std::slice::from_ref(thing), true)),
                restored => lines.extend(restored),
            }
            self.open_parts(index, std::slice::from_ref(thing));
        }
        lines
    }

    /// Whether a price goes on: of a plan or add-on in advance, as it is; a metered one, if “its price does not change”.
    fn is_same(&self, one: &Thing, other: &Thing) -> bool {
        let (price, of_other) = (self.price_of(one), self.price_of(other));
        if price.meter.is_some() { one.add_on == other.add_on && price == of_other } else { one == other }
    }

    /// A change of interval undone at its very instant: the period that it left goes on.
    fn is_reversed(&mut self, index: usize) -> bool {
        let (now, subscription) = (self.now, &self.subscriptions[index]);
        let Some(left) = subscription.left.clone().filter(|left| left.at == now && left.interval == self.interval(subscription.terms.plan)) else {
            return false;
        };
        let subscription = &mut self.subscriptions[index];
        subscription.left = None;
        subscription.anchor = left.anchor;
        subscription.period = Some(left.period);
        subscription.whole = left.whole;
        true
    }

    /// “a change of interval starts a new period at the change.”
    fn other_interval(&mut self, index: usize, old: &Terms) -> Vec<LineId> {
        let subscription = &self.subscriptions[index];
        if subscription.left.as_ref().is_none_or(|left| left.at != self.now)
            && let Some(period) = subscription.period
        {
            let left = Left { at: self.now, interval: self.interval(old.plan), anchor: subscription.anchor, period, whole: subscription.whole };
            self.subscriptions[index].left = Some(left);
        }
        let things = self.things(index, old);
        let mut lines = self.credit(index, &things);
        lines.extend(self.cut(index, |_| true, "change"));
        lines.extend(self.new_period(index));
        lines
    }

    /// A period that begins now, and its charges.
    fn new_period(&mut self, index: usize) -> Vec<LineId> {
        let (zone, interval) = (self.subscriptions[index].zone, self.interval(self.subscriptions[index].terms.plan));
        let anchor = Anchor::at(zone, self.now);
        let period = anchor.period(zone, interval, self.now);
        let subscription = &mut self.subscriptions[index];
        subscription.anchor = Some(anchor);
        subscription.period = Some(period);
        subscription.whole = period;
        // An end with the period is with this one.
        subscription.cancel_at = subscription.cancel_at.map(|_| period.1);
        let things = self.things(index, &self.subscriptions[index].terms);
        let lines = self.charge(index, &things, false);
        self.open_parts(index, &things);
        lines
    }

    /// “usage is cut at that instant; each part is rated alone … The old part is invoiced with the change.”
    fn cut(&mut self, index: usize, which: impl Fn(&Thing) -> bool, reason: &'static str) -> Vec<LineId> {
        let mut lines = Vec::new();
        for part in self.open_parts_of(index) {
            if which(&self.parts[part].thing) {
                self.close_part(part, self.now, self.now, reason, true);
                self.parts[part].is_cut = true;
                lines.extend(self.bill_part(part));
            }
        }
        lines
    }

    /// “Credit = share × what was charged for that period and thing, net of its discount, at its own tax”, “One rounding a line. Credits
    /// for a period never exceed what was charged for it.”
    fn credit(&mut self, index: usize, things: &[Thing]) -> Vec<LineId> {
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
                lines.push(self.reversal("proration_credit", id, -credit));
            }
        }
        lines
    }

    /// What a line costs after its discount; of one that still waits, as if its document were made now.
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
    fn rejoin(&mut self, thing: &Thing) -> Option<Vec<LineId>> {
        let cut = (0..self.parts.len()).rev().find(|part| {
            let part = &self.parts[*part];
            !part.open && part.is_cut && part.span.1 == self.now && self.is_same(&part.thing, thing)
        })?;
        let mut lines = Vec::new();
        for id in std::mem::take(&mut self.parts[cut].lines) {
            let (net, line) = (self.net_of(id), self.lines[id].clone());
            self.lines[id].given_back += net;
            let back = self.reversal("proration_credit", id, -net);
            self.lines[back].span = line.span;
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
    fn restore(&mut self, thing: &Thing) -> Vec<LineId> {
        let (now, zone, by_day) = (self.now, self.subscriptions[thing.subscription].zone, self.story.vendor.proration.by == By::Day);
        // In days, all of a day is one instant.
        let is_now = |at: Instant| at == now || (by_day && at > Instant::MIN && at < now && day(zone, at) == day(zone, now));
        let mut lines = Vec::new();
        for id in 0..self.lines.len() {
            let line = &self.lines[id];
            if line.thing.as_ref() != Some(thing) || !is_now(line.until) || line.span.1 == line.until {
                continue;
            }
            let credits = self.lines.iter().rev().find(|credit| credit.of == Some(id) && is_now(credit.span.0) && credit.kind == "proration_credit");
            let Some(back) = credits.map(|credit| -credit.amount) else { continue };
            let kind = if self.lines[id].kind == "minimum" { "minimum" } else { "proration_charge" };
            let restored = self.reversal(kind, id, back);
            self.lines[restored].until = self.lines[restored].span.1;
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
            coupons: Vec::new(),
            ..line
        });
        self.lines.len() - 1
    }

    pub fn cancel(&mut self, step: &Step, index: usize) -> Made {
        let (now, subscription) = (self.now, &self.subscriptions[index]);
        let (state, customer, period) = (subscription.state, subscription.customer, subscription.period);
        match state {
            State::Cancelled => return Err(Refused),
            State::Scheduled => {
                self.end(index, now);
                return Ok(None);
            }
            State::Trialing | State::Active | State::Paused => {}
        }
        if step.when == When::PeriodEnd {
            let end = if state == State::Trialing { subscription.trial_end } else { period.map(|period| period.1) };
            if end.is_some_and(|end| end > now) {
                self.subscriptions[index].cancel_at = end;
                return Ok(None);
            }
            // Of a paused subscription no period goes on: it ends now.
        }
        if state == State::Trialing || period.is_none() {
            self.end(index, now);
            return Ok(None);
        }
        let things = self.things(index, &self.subscriptions[index].terms);
        let mut lines = Vec::new();
        if step.prorate {
            lines = self.credit(index, &things);
        }
        // “A cancelled subscription's usage to the end is on its final invoice.”
        for part in self.open_parts_of(index) {
            let due = now + self.story.vendor.usage_grace;
            self.close_part(part, now, due, "final", step.prorate);
            self.parts[part].is_last = due > now;
        }
        self.stop_gaps(index, now);
        self.end(index, now);
        // What waited for the next invoice waits no longer than the subscription lasts.
        let waits = self.waiting.iter().any(|waiting| waiting.due.is_none() && self.lines[waiting.line].subscription == Some(index));
        let made_by = if lines.is_empty() && !waits { None } else { Some("final") };
        let made = self.collect(customer, Some(index), lines, made_by, &[]);
        if let Some(document) = made
            && (step.prorate || self.documents[document].lines.iter().any(|id| self.lines[*id].subscription == Some(index)))
        {
            self.documents[document].reason = "final";
        }
        Ok(made)
    }

    pub fn pause(&mut self, step: &Step, index: usize) -> Made {
        let (now, subscription) = (self.now, &self.subscriptions[index]);
        if subscription.state != State::Active {
            return Err(Refused);
        }
        if step.when == When::PeriodEnd {
            self.subscriptions[index].pause_planned = true;
            return Ok(None);
        }
        let customer = subscription.customer;
        let things = self.things(index, &subscription.terms);
        let mut lines = Vec::new();
        if step.prorate && self.story.vendor.proration.by != By::None {
            lines = self.credit(index, &things);
            lines.extend(self.cut(index, |_| true, "change"));
        } else {
            // What was paid is kept, and so is the period; what is used meanwhile is not billed.
            for part in self.open_parts_of(index) {
                self.parts[part].gaps.push((now, Instant::MAX));
            }
        }
        self.pause_from(index, now);
        let of = step.prorate.then_some(index);
        Ok(self.collect(customer, of, lines, Some("change"), &[]))
    }

    fn stop_gaps(&mut self, index: usize, at: Instant) {
        for part in self.parts.iter_mut().filter(|part| part.thing.subscription == index) {
            for gap in part.gaps.iter_mut().filter(|gap| gap.1 == Instant::MAX) {
                gap.1 = at;
            }
        }
    }

    /// “`resume` (charged from now to the period's end)”
    pub fn resume(&mut self, index: usize) -> Made {
        let subscription = &self.subscriptions[index];
        if subscription.pause_planned && subscription.state == State::Active {
            self.subscriptions[index].pause_planned = false;
            return Ok(None);
        }
        if subscription.state != State::Paused {
            return Err(Refused);
        }
        let (customer, now) = (subscription.customer, self.now);
        let (zone, interval) = (subscription.zone, self.interval(subscription.terms.plan));
        let Some(anchor) = subscription.anchor else { return Err(Refused) };
        let whole_period = anchor.period(zone, interval, now);
        let is_later = subscription.period.is_none_or(|period| period.1 <= now);
        let subscription = &mut self.subscriptions[index];
        subscription.state = State::Active;
        subscription.paused_at = None;
        // (Begun again, it is not past due for what it owed before.)
        subscription.is_past_due = false;
        if is_later {
            // What is left of the period is one.
            subscription.period = Some((now, whole_period.1));
            subscription.whole = whole_period;
        }
        self.stop_gaps(index, now);
        // What was kept paid goes on; the rest is charged anew.
        let things = self.things(index, &self.subscriptions[index].terms);
        let is_paid =
            |world: &World<'_>, thing: &Thing| world.lines.iter().any(|line| line.thing.as_ref() == Some(thing) && line.span.0 <= now && now < line.until);
        let is_open = |world: &World<'_>, thing: &Thing| world.open_parts_of(index).iter().any(|part| world.parts[*part].thing == *thing);
        let mut lines = Vec::new();
        for thing in &things {
            if is_open(self, thing) || is_paid(self, thing) {
                continue;
            }
            if let Some(rejoined) = self.rejoin(thing) {
                lines.extend(rejoined);
                continue;
            }
            match self.restore(thing) {
                restored if restored.is_empty() => lines.extend(self.charge(index, std::slice::from_ref(thing), false)),
                restored => lines.extend(restored),
            }
            self.open_parts(index, std::slice::from_ref(thing));
        }
        Ok(self.collect(customer, None, lines, Some("change"), &[]))
    }

    /// “`reactivate` (before the end takes effect: undoes it; after: a new period)”
    pub fn reactivate(&mut self, index: usize) -> Made {
        let subscription = &self.subscriptions[index];
        let customer = subscription.customer;
        if subscription.state != State::Cancelled {
            if subscription.cancel_at.is_none() {
                return Err(Refused);
            }
            self.subscriptions[index].cancel_at = None;
            return Ok(None);
        }
        let terms = subscription.terms.clone();
        self.check(index, &terms)?;
        let subscription = &mut self.subscriptions[index];
        subscription.state = State::Active;
        subscription.cancel_at = None;
        subscription.ended_at = None;
        subscription.trial_end = None;
        subscription.is_past_due = false;
        let lines = self.new_period(index);
        Ok(self.collect(customer, None, lines, Some("start"), &[]))
    }
}

//! Subscriptions begin and change.

use crate::calendar::{Anchor, Instant, days_later};
use crate::fraction::{Fraction, ONE, ZERO};
use crate::story::{By, Settle, Step, Unit, When};
use crate::world::{Left, LineId, Planned, Redeemed, Refused, State, Subscription, Terms, Thing, Waiting, Wish, World};

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
            round: None,
            rounds: Vec::new(),
            over: Vec::new(),
            cancel_at: None,
            ended_at: None,
            planned: None,
            pause_planned: None,
            paused_at: None,
            left: None,
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
        let wanted = |(id, quantity): (&str, Fraction)| Some((place(id)?, Some(quantity).filter(|quantity| *quantity != ZERO)?));
        step.add_ons.as_ref().map(|add_ons| add_ons.iter().filter_map(|add_on| wanted(add_on.parts())).collect())
    }

    fn coupons(&self, step: &Step) -> Option<Vec<usize>> {
        let place = |id: &String| self.story.coupons.iter().position(|coupon| coupon.id == *id);
        step.coupons.as_ref().map(|coupons| coupons.iter().filter_map(place).collect())
    }

    /// Whether a customer may have terms: “The customer's [currency]. A price without it is refused, unless it says `convert` and a dated
    /// rate exists”.
    pub fn check(&self, index: usize, terms: &Terms) -> Result<(), Refused> {
        let subscription = &self.subscriptions[index];
        let (currency, plan) = (self.currency(subscription.customer), self.plan(terms.plan));
        // What is charged later needs its rate then.
        let is_later = matches!(subscription.state, State::Scheduled) && (subscription.starts_at > self.now || subscription.trial_days > 0);
        let is_later = is_later || subscription.state == State::Trialing;
        let on = if is_later { chrono::NaiveDate::MAX } else { self.today(subscription.customer) };
        self.story.prices(plan, &currency, on).ok_or(Refused)?;
        for (add_on, _) in &terms.add_ons {
            self.story.prices(&self.story.add_ons[*add_on], &currency, on).ok_or(Refused)?;
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
            // The latest word on each thing holds; on the plan, it is the word on all.
            let before = self.subscriptions[index].planned.take().filter(|_| wanted.plan.is_none());
            self.subscriptions[index].planned = Some(before.map_or(wanted.clone(), |before| before.then(&wanted)));
            return Ok(None);
        }
        let is_other_plan = wanted.plan.is_some_and(|plan| plan != self.subscriptions[index].terms.plan);
        let planned = self.subscriptions[index].planned.take().filter(|_| !is_other_plan);
        if let Some(planned) = &planned {
            self.check(index, &self.terms_of(index, &Planned { plan: planned.plan, ..planned.then(&wanted) }))?;
        }
        self.subscriptions[index].planned = planned.and_then(|planned| planned.without(&wanted));
        let old = self.subscriptions[index].terms.clone();
        self.take(index, &wanted)?;
        let new = self.subscriptions[index].terms.clone();
        let customer = self.subscriptions[index].customer;
        let lines = if self.interval(old.plan) == self.interval(new.plan) {
            let (before, after) = (self.things(index, &old), self.things(index, &new));
            self.same_interval(index, &before, &after, self.now, "change")
        } else if let Some(left) = self.reversed(index) {
            self.undo_interval(index, &old, &new, left)
        } else {
            self.other_interval(index, &old)
        };
        if step.settle == Settle::NextInvoice {
            // What is due anyway does not wait with it.
            let made = self.collect(customer, None, Vec::new(), None, &[]);
            // The next invoice is the one that an ended period still waits for, if one does.
            let ended = self.parts.iter().filter(|part| !part.open && !part.is_billed && part.thing.subscription == index);
            let due = ended.map(|part| part.due).max();
            for line in lines {
                self.waiting.push(Waiting { line, customer, due, reason: "cycle" });
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
    ///
    /// What is in the middle of a period of its own is changed with it, on the document of the plan's period.
    pub fn take_planned(&mut self, index: usize, due: Instant) {
        let Some(mut wanted) = self.subscriptions[index].planned.take() else { return };
        let held = self.subscriptions[index].terms.coupons.clone();
        if let Some(coupons) = &mut wanted.coupons {
            coupons.retain(|coupon| held.contains(coupon) || self.may_redeem(index, *coupon).is_ok());
        }
        let (old, before) = (self.interval(self.subscriptions[index].terms.plan), self.going_on(index));
        if self.take(index, &wanted).is_err() {
            return;
        }
        let subscription = &self.subscriptions[index];
        let is_other = self.interval(subscription.terms.plan) != old;
        if is_other {
            self.subscriptions[index].anchor = Some(Anchor::at(subscription.zone, self.now));
        }
        // “`none` (no credit, no charge; new terms from the next period)”: each from its own.
        if self.story.vendor.proration.by == By::None {
            return;
        }
        let after = if is_other { Vec::new() } else { self.going_on(index) };
        let lines = self.same_interval(index, &before, &after, due, "cycle");
        self.wait(index, lines, due, "cycle");
    }

    /// “A change of plan, quantity or add-on at the same interval keeps the anchor”
    fn same_interval(&mut self, index: usize, before: &[Thing], after: &[Thing], due: Instant, reason: &'static str) -> Vec<LineId> {
        let (gone, come): (Vec<Thing>, Vec<Thing>) = (
            before.iter().filter(|thing| !after.iter().any(|other| self.is_same(thing, other))).cloned().collect(),
            after.iter().filter(|thing| !before.iter().any(|other| self.is_same(thing, other))).cloned().collect(),
        );
        let mut intervals = self.intervals(index);
        let mut lines = self.credit(index, &gone);
        lines.extend(self.cut(index, |thing| gone.contains(thing), due, reason));
        // Of what nothing is left the period is over; what is new begins one.
        for round in std::mem::take(&mut self.subscriptions[index].rounds) {
            let is_left = after.iter().any(|thing| self.interval_of(thing) == round.interval);
            let subscription = &mut self.subscriptions[index];
            if is_left { subscription.rounds.push(round) } else { subscription.over.push((self.now, round)) }
        }
        let begun: Vec<Thing> = come.iter().filter(|thing| self.round_of(thing).is_none()).cloned().collect();
        if !begun.is_empty() {
            self.begin_rounds(index);
        }
        // A metered price that goes on is of the new plan from here.
        for part in self.open_parts_of(index) {
            let same = after.iter().find(|thing| self.is_same(thing, &self.parts[part].thing)).cloned();
            if let Some(same) = same {
                self.parts[part].thing = same;
            }
        }
        intervals.extend(self.intervals(index));
        if self.subscriptions[index].state == State::Paused {
            self.sort_lines(&mut lines, &intervals);
            return lines;
        }
        for thing in &come {
            if let Some(rejoined) = self.rejoin(thing) {
                lines.extend(rejoined);
                continue;
            }
            match self.restore(thing) {
                restored if restored.is_empty() => lines.extend(self.charge(index, std::slice::from_ref(thing), !begun.contains(thing))),
                restored => lines.extend(restored),
            }
            self.open_parts(std::slice::from_ref(thing));
        }
        self.sort_lines(&mut lines, &intervals);
        lines
    }

    /// Whether a price goes on: of a plan or add-on in advance, as it is; a metered one, if “its price does not change”.
    pub fn is_same(&self, one: &Thing, other: &Thing) -> bool {
        let (price, of_other) = (self.price_of(one), self.price_of(other));
        if price.meter.is_some() { one.add_on == other.add_on && price == of_other } else { one == other }
    }

    /// A change of interval undone at its very instant: the periods that it left go on.
    fn reversed(&self, index: usize) -> Option<Left> {
        let subscription = &self.subscriptions[index];
        subscription.left.clone().filter(|left| left.at == self.now && left.round.interval == self.interval(subscription.terms.plan))
    }

    /// What was charged and cut for the interval that is undone goes, and what it ended comes back: nothing goes on from the one to the other.
    fn undo_interval(&mut self, index: usize, old: &Terms, new: &Terms, left: Left) -> Vec<LineId> {
        let (before, after) = (self.things(index, old), self.things(index, new));
        let mut lines = self.same_interval(index, &before, &[], self.now, "change");
        for credit in &lines {
            // Nor does it ever come back.
            if let Some(of) = self.lines[*credit].of {
                self.lines[of].until = Instant::MIN;
            }
        }
        let subscription = &mut self.subscriptions[index];
        subscription.left = None;
        subscription.anchor = left.anchor;
        subscription.round = Some(left.round);
        subscription.rounds = left.rounds;
        lines.extend(self.same_interval(index, &[], &after, self.now, "change"));
        lines
    }

    /// “a change of interval starts a new period at the change.”
    fn other_interval(&mut self, index: usize, old: &Terms) -> Vec<LineId> {
        let subscription = &self.subscriptions[index];
        if subscription.left.as_ref().is_none_or(|left| left.at != self.now)
            && let Some(round) = subscription.round
        {
            let left = Left { at: self.now, anchor: subscription.anchor, round, rounds: subscription.rounds.clone() };
            self.subscriptions[index].left = Some(left);
        }
        let things = self.things(index, old);
        let mut lines = self.credit(index, &things);
        lines.extend(self.cut(index, |_| true, self.now, "change"));
        self.sort_lines(&mut lines, &self.intervals(index));
        lines.extend(self.new_period(index));
        lines
    }

    /// Periods that begin now, and their charges.
    pub fn new_period(&mut self, index: usize) -> Vec<LineId> {
        let subscription = &mut self.subscriptions[index];
        subscription.anchor = Some(Anchor::at(subscription.zone, self.now));
        subscription.round = None;
        subscription.rounds.clear();
        subscription.over.clear();
        self.begin_rounds(index);
        // An end with the period is with this one.
        let subscription = &mut self.subscriptions[index];
        subscription.cancel_at = subscription.cancel_at.and(subscription.period()).map(|period| period.1);
        let things = self.things(index, &self.subscriptions[index].terms);
        let lines = self.charge(index, &things, false);
        self.open_parts(&things);
        lines
    }
}

//! Time passes: subscriptions begin, periods follow each other, what is due is charged.

use crate::calendar::{Anchor, Instant, Interval, share};
use crate::document::prorated;
use crate::fraction::{Fraction, ONE, ZERO, whole};
use crate::price::rate;
use crate::story::{By, Model};
use crate::world::{Line, LineId, Round, State, Subscription, Terms, Thing, Waiting, Wish, World};

impl World<'_> {
    /// “Time runs to each `at` first; all that falls due on the way happens in order, before the step.”
    pub fn run_to(&mut self, until: Instant) {
        loop {
            let next = (0..self.story.customers.len()).filter_map(|customer| Some((self.next_due(customer)?, customer))).min();
            let Some((at, customer)) = next.filter(|(at, _)| *at <= until) else { break };
            self.now = at.max(self.now);
            self.due(customer);
        }
        self.now = until;
    }

    /// When something next falls due for one of the customers.
    pub fn next(&self, customer: u64) -> Option<Instant> {
        let count = self.story.customers.len().max(1);
        self.next_due(usize::try_from(customer).unwrap_or(0) % count)
    }

    fn next_due(&self, customer: usize) -> Option<Instant> {
        let of_customer = self.subscriptions.iter().filter(|subscription| subscription.customer == customer);
        let turns = of_customer.filter_map(|subscription| match subscription.state {
            State::Scheduled => Some(subscription.starts_at),
            State::Trialing => subscription.trial_end,
            State::Active => subscription.round.iter().chain(&subscription.rounds).map(|round| round.period.1).min(),
            State::Paused => subscription.planned.as_ref().and(subscription.period()).map(|period| period.1).into_iter().chain(subscription.cancel_at).min(),
            State::Cancelled => None,
        });
        let is_kept = |subscription: &Subscription| subscription.customer == customer && subscription.state == State::Paused;
        let kept = self.parts.iter().filter(|part| part.open && is_kept(&self.subscriptions[part.thing.subscription]));
        let turns = turns.chain(kept.filter_map(|part| self.round_of(&part.thing).map(|round| round.period.1)));
        let parts = self.parts.iter().filter(|part| !part.open && !part.is_billed && self.subscriptions[part.thing.subscription].customer == customer);
        let waiting = self.waiting.iter().filter(|waiting| waiting.customer == customer).filter_map(|waiting| waiting.due);
        let expiring = self.expiring.iter().filter(|(of, ..)| *of == customer).map(|(_, end, _)| *end);
        turns.chain(parts.map(|part| part.due)).chain(waiting).chain(expiring).min()
    }

    /// What falls due now for a customer: “Prorations, one-off charges and usage that fall due at one instant for one customer and
    /// currency share one document.” “Usage in arrears and the next period's advance fees are one document.”
    fn due(&mut self, customer: usize) {
        let now = self.now;
        self.expire(customer);
        let mut reasons = Vec::new();
        for index in 0..self.subscriptions.len() {
            let subscription = &self.subscriptions[index];
            if subscription.customer != customer {
                continue;
            }
            let has_turned = match subscription.state {
                State::Scheduled if subscription.starts_at <= now => {
                    self.begin(index);
                    // Nor is a trial that begins.
                    (self.subscriptions[index].state == State::Active).then_some("start")
                }
                State::Trialing if subscription.trial_end.is_some_and(|end| end <= now) => {
                    self.end_trial(index);
                    // A trial that ends without a charge is no invoice.
                    (self.subscriptions[index].state == State::Active).then_some("start")
                }
                State::Active => self.turn(index),
                State::Paused => self.turn_paused(index),
                _ => None,
            };
            reasons.extend(has_turned);
        }
        if let Some(document) = self.collect(customer, None, Vec::new(), None, &reasons) {
            self.pay(document);
        }
    }

    /// Makes the document of what is due now and of what only waited for one: nothing, if nothing is due.
    ///
    /// What a subscription is changed by makes its other charges due too.
    pub fn collect(&mut self, customer: usize, of: Option<usize>, lines: Vec<LineId>, made_by: Option<&'static str>, turned: &[&'static str]) -> Option<usize> {
        let now = self.now;
        let (mut reasons, mut closed, mut all) = (Vec::new(), Vec::new(), Vec::new());
        // Every subscription's fees, then its usage.
        let mut one_offs = Vec::new();
        for waiting in self.waiting.clone() {
            let is_due = waiting.due.is_some_and(|due| due <= now || (of.is_some() && self.lines[waiting.line].subscription == of));
            if waiting.customer == customer && is_due {
                self.waiting.retain(|other| other.line != waiting.line);
                reasons.push(waiting.reason);
                if self.lines[waiting.line].subscription.is_none() { one_offs.push(waiting.line) } else { all.push(waiting.line) }
            }
        }
        for index in 0..self.parts.len() {
            let part = &self.parts[index];
            let subscription = part.thing.subscription;
            let is_due = !part.open && !part.is_billed && (part.due <= now || (Some(subscription) == of && !part.is_last));
            if is_due && self.subscriptions[subscription].customer == customer {
                let reason = part.reason;
                let billed = self.bill_part(index);
                if billed.is_empty() {
                    closed.push(reason)
                } else {
                    reasons.push(reason)
                }
                all.extend(billed);
            }
        }
        all.sort_by_key(|id| self.lines[*id].subscription);
        all.extend(lines);
        all.extend(one_offs);
        // A period's end invoices its usage even where there is none: “billed on the next invoice” is that one for what came late.
        if all.is_empty() && made_by.is_none() && turned.is_empty() && closed.is_empty() {
            return None;
        }
        for waiting in self.waiting.clone() {
            if waiting.customer == customer && waiting.due.is_none() {
                self.waiting.retain(|other| other.line != waiting.line);
                all.push(waiting.line);
            }
        }
        all.extend(self.late(customer));
        // What the document is for: the action that made it, or what its lines are of.
        if let Some(made_by) = made_by {
            reasons = vec![made_by];
        } else if reasons.is_empty() {
            reasons = turned.iter().copied().chain(closed).collect();
        }
        // Of several subscriptions one renews: that is what most of it is.
        let reason = ["cycle", "change", "start", "final", "manual"].into_iter().find(|reason| reasons.contains(reason)).unwrap_or("manual");
        self.issue(customer, all, reason)
    }

    /// A subscription's start: its trial, or its first charge.
    pub fn begin(&mut self, index: usize) {
        let subscription = &mut self.subscriptions[index];
        if subscription.trial_days > 0 {
            // “A trial … ends in the first charge”
            subscription.state = State::Trialing;
        } else {
            self.first_period(index);
        }
    }

    fn end_trial(&mut self, index: usize) {
        if self.subscriptions[index].cancel_at.is_some() {
            self.end(index, self.now);
        } else {
            self.first_period(index);
        }
    }

    pub fn end(&mut self, index: usize, at: Instant) {
        let subscription = &mut self.subscriptions[index];
        subscription.state = State::Cancelled;
        subscription.cancel_at = Some(at);
        subscription.ended_at = Some(at);
        subscription.paused_at = None;
        subscription.pause_planned = None;
        subscription.planned = None;
    }

    /// “the anchor is the trial's end unless given”: the first period begins now, whole or as a stub.
    pub fn first_period(&mut self, index: usize) {
        let (now, subscription) = (self.now, &mut self.subscriptions[index]);
        let zone = subscription.zone;
        let anchor = match subscription.wish {
            Wish::None => Anchor::at(zone, now),
            Wish::Day(day) => Anchor::day(zone, now, day),
            Wish::At(at) => Anchor::at(zone, at),
        };
        subscription.state = State::Active;
        subscription.anchor = Some(anchor);
        self.begin_rounds(index);
        self.charge_period(index, &self.things(index, &self.subscriptions[index].terms), now, "start");
    }

    /// The period that a thing is in: the plan's, if its interval is the plan's, else that of its own.
    pub fn round_of(&self, thing: &Thing) -> Option<Round> {
        let (subscription, interval) = (&self.subscriptions[thing.subscription], self.interval_of(thing));
        let own = subscription.rounds.iter().find(|round| thing.add_on.is_some() && round.interval == interval);
        own.or(subscription.round.as_ref().filter(|round| round.interval == interval)).copied()
    }

    /// Whether a thing is in the middle of its period.
    pub fn goes_on(&self, thing: &Thing) -> bool {
        self.round_of(thing).is_some_and(|round| round.period.1 > self.now)
    }

    pub fn going_on(&self, index: usize) -> Vec<Thing> {
        self.things(index, &self.subscriptions[index].terms).into_iter().filter(|thing| self.goes_on(thing)).collect()
    }

    /// Every interval of which no period goes on begins one: what is left of the anchor's.
    pub fn begin_rounds(&mut self, index: usize) {
        let (now, interval) = (self.now, self.interval(self.subscriptions[index].terms.plan));
        let going = self.subscriptions[index].round.filter(|round| round.period.1 > now);
        self.subscriptions[index].round = going.or_else(|| self.new_round(index, interval));
        self.subscriptions[index].rounds.retain(|round| round.period.1 > now);
        for thing in self.things(index, &self.subscriptions[index].terms) {
            if self.round_of(&thing).is_none() {
                let round = self.new_round(index, self.interval_of(&thing));
                self.subscriptions[index].rounds.extend(round);
            }
        }
        let order = self.intervals_of(&self.subscriptions[index].terms);
        self.subscriptions[index].rounds.sort_by_key(|round| order.iter().position(|interval| *interval == round.interval).unwrap_or(order.len()));
    }

    fn new_round(&self, index: usize, interval: Interval) -> Option<Round> {
        let (now, subscription) = (self.now, &self.subscriptions[index]);
        let whole = subscription.anchor?.period(subscription.zone, interval, now);
        // “A change and its reversal at the same instant cancel out exactly”
        let reversed = subscription.over.iter().find(|(at, round)| *at == now && round.whole == whole && round.interval == interval);
        Some(reversed.map_or(Round { interval, period: (now, whole.1), whole }, |(_, round)| *round))
    }

    /// The intervals that a subscription is in periods of, the plan's first.
    pub fn intervals(&self, index: usize) -> Vec<Interval> {
        let subscription = &self.subscriptions[index];
        subscription.round.iter().chain(&subscription.rounds).map(|round| round.interval).collect()
    }

    /// What an event comes to: of each interval together.
    pub fn sort_lines(&self, lines: &mut [LineId], intervals: &[Interval]) {
        let interval_of = |id: &LineId| self.lines[*id].thing.as_ref().map(|thing| self.interval_of(thing));
        lines.sort_by_key(|id| intervals.iter().position(|interval| Some(*interval) == interval_of(id)).unwrap_or(intervals.len()));
    }

    /// Charges all that things have in advance, and opens what they have in arrears.
    pub fn charge_period(&mut self, index: usize, things: &[Thing], due: Instant, reason: &'static str) {
        let lines = self.charge(index, things, false);
        self.wait(index, lines, due, reason);
        self.open_parts(things);
    }

    /// Lines wait for a document. What they take back is on it too, if it still waits for a later one.
    pub fn wait(&mut self, index: usize, lines: Vec<LineId>, due: Instant, reason: &'static str) {
        let customer = self.subscriptions[index].customer;
        for line in lines {
            for taken_back in self.waiting.iter_mut().filter(|other| Some(other.line) == self.lines[line].of) {
                taken_back.due = taken_back.due.map(|own| own.min(due));
            }
            self.waiting.push(Waiting { line, customer, due: Some(due), reason });
        }
    }

    pub fn open_parts(&mut self, things: &[Thing]) {
        for thing in things {
            if self.price_of(thing).meter.is_some() {
                let start = self.round_of(thing).map_or(self.now, |round| round.period.0);
                self.open_part(thing.clone(), self.now, start);
            }
        }
    }

    /// Ends the usage of periods that end. Of each: when its document is due, “(period end + `usage_grace`, 0 unless said)” of its own usage.
    fn close_rounds(&mut self, index: usize, reason: &'static str) -> Vec<(Round, Instant)> {
        let (now, subscription) = (self.now, &self.subscriptions[index]);
        let ended = subscription.round.iter().chain(&subscription.rounds).filter(|round| round.period.1 <= now);
        let mut dues: Vec<(Round, Instant)> = ended.map(|round| (*round, round.period.1)).collect();
        for part in self.open_parts_of(index) {
            let round = self.round_of(&self.parts[part].thing);
            for (round, due) in dues.iter_mut().filter(|(ended, _)| Some(*ended) == round) {
                *due = round.period.1 + self.story.vendor.usage_grace;
                self.close_part(part, round.period.1, *due, reason, true);
            }
        }
        dues
    }

    /// Periods end and the next begin, or none do. What their document is for, if it is made now.
    fn turn(&mut self, index: usize) -> Option<&'static str> {
        let (now, subscription) = (self.now, &self.subscriptions[index]);
        let (plans, pauses) = (subscription.round?, subscription.pause_planned);
        let is_plans = plans.period.1 <= now;
        let ends = is_plans && subscription.cancel_at.is_some();
        let reason = if ends { "final" } else { "cycle" };
        let dues = self.close_rounds(index, reason);
        if dues.is_empty() {
            return None;
        }
        let due_of = |interval: Interval| dues.iter().find(|(round, _)| round.interval == interval).map(|(_, due)| *due);
        let due = due_of(plans.interval).unwrap_or(now);
        if ends {
            self.end_with_period(index, due);
        } else if let Some(prorate) = pauses.filter(|_| is_plans) {
            let lines = self.stop(index, &self.going_on(index), prorate, due, reason);
            self.wait(index, lines, due, reason);
            self.pause_from(index, now);
            self.take_planned(index, due);
        } else {
            if is_plans {
                self.take_planned(index, due);
            }
            let terms = &self.subscriptions[index].terms;
            let (interval, mut things) = (self.interval(terms.plan), self.things(index, terms));
            things.retain(|thing| !self.goes_on(thing));
            self.begin_rounds(index);
            let mut first = if is_plans { due } else { Instant::MAX };
            for thing in things {
                // What begins with the plan's period is due with it.
                let own = Some(self.interval_of(&thing)).filter(|own| *own != interval).and_then(due_of).unwrap_or(due);
                self.charge_period(index, &[thing], own, reason);
                first = first.min(own);
            }
            return (first <= now).then_some(reason);
        }
        (due <= now).then_some(reason)
    }

    /// The periods a paused subscription kept are over, or the subscription is.
    fn turn_paused(&mut self, index: usize) -> Option<&'static str> {
        let (now, subscription) = (self.now, &self.subscriptions[index]);
        let (plans, ends) = (subscription.round?, subscription.cancel_at.is_some_and(|end| end <= now));
        let dues = self.close_rounds(index, if ends { "final" } else { "cycle" });
        let due = dues.iter().find(|(round, _)| *round == plans).map(|(_, due)| *due);
        if ends {
            self.end_with_period(index, due.unwrap_or(now));
            return due.is_none_or(|due| due <= now).then_some("final");
        }
        // “What happens exactly at a boundary belongs to the period it begins”: also where nothing is charged for that one.
        if let Some(due) = due {
            self.take_planned(index, due);
        }
        None
    }

    /// The plan's period is a subscription's last: what is in the middle of another ends as by a cancellation then.
    fn end_with_period(&mut self, index: usize, due: Instant) {
        let lines = self.finish(index, &self.going_on(index), true);
        self.wait(index, lines, due, "final");
        self.end(index, self.now);
    }

    pub fn pause_from(&mut self, index: usize, at: Instant) {
        let subscription = &mut self.subscriptions[index];
        subscription.state = State::Paused;
        subscription.paused_at = Some(at);
        subscription.pause_planned = None;
    }

    pub fn open_parts_of(&self, index: usize) -> Vec<usize> {
        (0..self.parts.len()).filter(|part| self.parts[*part].open && self.parts[*part].thing.subscription == index).collect()
    }

    /// The prices terms have, each at its quantity.
    pub fn things(&self, index: usize, terms: &Terms) -> Vec<Thing> {
        let of = |plan: Option<usize>, add_on: Option<usize>, quantity: Fraction| {
            let offer = plan.map_or_else(|| &self.story.add_ons[add_on.unwrap_or(0)], |plan| &self.story.plans[plan]);
            let mut keys: Vec<&str> = Vec::new();
            for price in &offer.prices {
                if !keys.contains(&price.id.as_str()) {
                    keys.push(&price.id);
                }
            }
            let thing = move |key: &str| Thing { subscription: index, plan, add_on, price: key.to_owned(), quantity };
            keys.into_iter().map(thing).collect::<Vec<_>>()
        };
        let mut things = of(Some(terms.plan), None, terms.quantity);
        for (add_on, quantity) in &terms.add_ons {
            things.extend(of(None, Some(*add_on), *quantity));
        }
        // What does not count a quantity is the same at any.
        for thing in &mut things {
            let price = self.price_of(thing);
            if price.meter.is_some() || price.model == Model::Flat {
                thing.quantity = ONE;
            }
        }
        let order = self.intervals_of(terms);
        things.sort_by_key(|thing| order.iter().position(|interval| *interval == self.interval_of(thing)));
        things
    }

    /// The plan's interval first, then those of add-ons as these were chosen.
    fn intervals_of(&self, terms: &Terms) -> Vec<Interval> {
        let add_ons = terms.add_ons.iter().map(|(add_on, _)| self.story.add_ons[*add_on].every());
        std::iter::once(self.interval(terms.plan)).chain(add_ons).collect()
    }

    /// “without [`meter`]: in advance on the quantity”: the lines of things from now to their period's end. In mid-period “charge = share ×
    /// the new price”; “A charge starting mid-period because of an anchor (a stub) is a `proration_charge` of share × price, the whole
    /// being the period that the anchor ends; with `none` a stub costs nothing.”
    pub fn charge(&mut self, index: usize, things: &[Thing], is_change: bool) -> Vec<LineId> {
        let subscription = &self.subscriptions[index];
        let (by, rounding, zone) = (self.story.vendor.proration.by, self.story.vendor.proration.rounding, subscription.zone);
        let mut lines = Vec::new();
        for thing in things {
            let (price, factor) = (self.price_of(thing), self.factor(thing));
            let Some(Round { period, whole: whole_period, .. }) = self.round_of(thing) else { continue };
            let span = (self.now.max(period.0), period.1);
            let is_whole = span == whole_period && !is_change;
            if price.meter.is_some() || (!is_whole && by == By::None) {
                continue;
            }
            let rated = rate(price, thing.quantity, whole(1));
            let part = share(by, zone, span, whole_period);
            if part == ZERO {
                continue;
            }
            let round = |exact: Fraction| if is_whole { exact.half_up() } else { prorated(rounding, exact * part) };
            // The minimum's line is what its whole lacks of the other.
            let amount = round(rated.amount * factor);
            let missing = if rated.missing > ZERO { round((rated.amount + rated.missing) * factor) - amount } else { 0 };
            if thing.quantity > ZERO {
                lines.push(self.charge_line(if is_whole { "recurring" } else { "proration_charge" }, thing, amount, span, period.0));
            }
            if missing > 0 {
                lines.push(self.charge_line("minimum", thing, missing, span, period.0));
            }
        }
        lines
    }

    fn charge_line(&mut self, kind: &'static str, thing: &Thing, amount: i128, span: (Instant, Instant), period_start: Instant) -> LineId {
        self.lines.push(Line {
            kind,
            subscription: Some(thing.subscription),
            thing: Some(thing.clone()),
            quantity: thing.quantity,
            amount,
            discount: 0,
            taxes: Vec::new(),
            tax_parts: Vec::new(),
            taxes_given_back: Vec::new(),
            span,
            period_start,
            document: None,
            of: None,
            given_back: 0,
            until: span.1,
            takes_back: None,
            undoes: None,
        });
        self.lines.len() - 1
    }
}

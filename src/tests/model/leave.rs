//! Subscriptions pause, end, and come back.

use crate::calendar::Instant;
use crate::change::Made;
use crate::story::{By, Step, When};
use crate::world::{LineId, Refused, State, Thing, World};

impl World<'_> {
    pub fn cancel(&mut self, step: &Step, index: usize) -> Made {
        let (now, subscription) = (self.now, &self.subscriptions[index]);
        let (state, customer, period) = (subscription.state, subscription.customer, subscription.period());
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
        let things = self.going_on(index);
        let lines = self.finish(index, &things, step.prorate);
        self.end(index, now);
        // Its final invoice is this one, unless that waits for its last usage and there is nothing to give back before.
        let is_later = self.parts.iter().any(|part| part.is_last && part.thing.subscription == index && part.span.1 == now);
        let is_running = self.subscriptions[index].round.iter().chain(&self.subscriptions[index].rounds).any(|round| round.period.1 > now);
        let made_by = (!lines.is_empty() || (!is_later && is_running)).then_some("final");
        if !is_running {
            // Paused, and its periods over: what still waits for usage goes on waiting, and is its final invoice.
            for part in self.parts.iter_mut().filter(|part| !part.is_billed && part.thing.subscription == index) {
                part.reason = "final";
            }
        }
        let made = self.collect(customer, is_running.then_some(index), lines, made_by, &[]);
        if let Some(document) = made
            && self.documents[document].lines.iter().any(|id| self.lines[*id].subscription == Some(index))
        {
            self.documents[document].reason = "final";
        }
        Ok(made)
    }

    /// What a cancellation gives back of things, and their last usage.
    pub fn finish(&mut self, index: usize, things: &[Thing], prorate: bool) -> Vec<LineId> {
        let (now, mut lines) = (self.now, Vec::new());
        if prorate {
            lines = self.credit(index, things);
        }
        // “A cancelled subscription's usage to the end is on its final invoice.”
        for part in self.open_parts_of(index) {
            let due = now + self.story.vendor.usage_grace;
            self.close_part(part, now, due, "final", prorate);
            self.parts[part].is_last = due > now;
            if due <= now {
                lines.extend(self.bill_part(part));
            }
        }
        self.stop_gaps(index, now);
        self.sort_lines(&mut lines, &self.intervals(index));
        lines
    }

    pub fn pause(&mut self, step: &Step, index: usize) -> Made {
        let (now, subscription) = (self.now, &self.subscriptions[index]);
        if subscription.state != State::Active {
            return Err(Refused);
        }
        if step.when == When::PeriodEnd {
            self.subscriptions[index].pause_planned = Some(step.prorate);
            return Ok(None);
        }
        let customer = subscription.customer;
        let lines = self.stop(index, &self.going_on(index), step.prorate, now, "change");
        self.pause_from(index, now);
        let of = step.prorate.then_some(index);
        Ok(self.collect(customer, of, lines, Some("change"), &[]))
    }

    /// What a pause gives back of things, and their usage so far.
    pub fn stop(&mut self, index: usize, things: &[Thing], prorate: bool, due: Instant, reason: &'static str) -> Vec<LineId> {
        let mut lines = Vec::new();
        if prorate && self.story.vendor.proration.by != By::None {
            lines = self.credit(index, things);
            lines.extend(self.cut(index, |_| true, due, reason));
            self.sort_lines(&mut lines, &self.intervals(index));
        } else {
            // What was paid is kept, and so is the period; what is used meanwhile is not billed.
            for part in self.open_parts_of(index) {
                self.parts[part].gaps.push((self.now, Instant::MAX));
            }
        }
        lines
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
        if subscription.pause_planned.is_some() && subscription.state == State::Active {
            self.subscriptions[index].pause_planned = None;
            return Ok(None);
        }
        if subscription.state != State::Paused {
            return Err(Refused);
        }
        let (customer, now) = (subscription.customer, self.now);
        // By `none` all that goes on was kept.
        let kept = if self.story.vendor.proration.by == By::None { self.going_on(index) } else { Vec::new() };
        let subscription = &mut self.subscriptions[index];
        subscription.state = State::Active;
        subscription.paused_at = None;
        self.begin_rounds(index);
        self.stop_gaps(index, now);
        // What was kept paid goes on; the rest is charged anew.
        let things = self.things(index, &self.subscriptions[index].terms);
        let is_paid =
            |world: &World<'_>, thing: &Thing| world.lines.iter().any(|line| line.thing.as_ref() == Some(thing) && line.span.0 <= now && now < line.until);
        let is_open = |world: &World<'_>, thing: &Thing| world.open_parts_of(index).iter().any(|part| world.parts[*part].thing == *thing);
        let mut lines = Vec::new();
        for thing in &things {
            if kept.contains(thing) || is_open(self, thing) || is_paid(self, thing) {
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
            self.open_parts(std::slice::from_ref(thing));
        }
        // What comes back of what still waits is on one document with it.
        let of = lines.iter().any(|line| self.lines[*line].of.is_some()).then_some(index);
        Ok(self.collect(customer, of, lines, Some("change"), &[]))
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
        // What waits for its last usage is of no final invoice any more.
        for part in self.parts.iter_mut().filter(|part| part.thing.subscription == index && part.reason == "final") {
            part.reason = "cycle";
        }
        for waiting in self.waiting.iter_mut().filter(|waiting| self.lines[waiting.line].subscription == Some(index) && waiting.reason == "final") {
            waiting.reason = "cycle";
        }
        let subscription = &mut self.subscriptions[index];
        subscription.state = State::Active;
        subscription.cancel_at = None;
        subscription.ended_at = None;
        subscription.trial_end = None;
        let lines = self.new_period(index);
        Ok(self.collect(customer, None, lines, Some("start"), &[]))
    }
}

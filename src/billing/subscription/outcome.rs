//! What the events of a subscription's life come to.

use serde::{Deserialize, Serialize};

use super::{BilledLine, Cycle, Terms};
use crate::{calendar::Instant, invoice::Line};

/// What an event comes to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    pub lines: Vec<Line>,
    /// What then stands of the lines that the parts it ends were invoiced with before.
    pub stands: Vec<BilledLine>,
    pub cycle: Cycle,
    /// From when the new terms hold: the instant of the event, or the period's end where the vendor prorates nothing.
    pub effective_at: Instant,
}

/// What the end of metered parts comes to.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Closed {
    pub lines: Vec<Line>,
    /// What then stands of the lines that they were invoiced with before (see [`super::OpenPart::invoiced`]), in that order.
    pub stands: Vec<BilledLine>,
}

impl Closed {
    /// The lines of cycles that are over.
    pub(super) fn of(ended: Vec<Outcome>) -> Self {
        let mut closed = Self::default();
        for outcome in ended {
            closed.lines.extend(outcome.lines);
            closed.stands.extend(outcome.stands);
        }
        closed
    }
}

impl Outcome {
    /// No line: the cycle as it is from an instant on.
    pub(super) fn nothing(cycle: Cycle, at: Instant) -> Self {
        Self { lines: Vec::new(), stands: Vec::new(), cycle, effective_at: at }
    }

    /// With the lines of what is over.
    pub(super) fn and(mut self, closed: Closed) -> Self {
        self.lines.extend(closed.lines);
        self.stands.extend(closed.stands);
        self
    }

    /// What the cycles of a subscription come to together, the plan's first.
    pub(super) fn together(of_plan: Self, beside: Vec<Self>) -> Self {
        let mut all = Self { cycle: of_plan.cycle.alone(), ..of_plan };
        for outcome in beside {
            all.lines.extend(outcome.lines);
            all.stands.extend(outcome.stands);
            all.cycle.beside.push(outcome.cycle);
        }
        all
    }

    /// By terms that hold from here: a cycle beside the plan's that has nothing to charge any more is over.
    pub(super) fn by_terms(mut self, terms: &Terms) -> Self {
        let of_plan = self.cycle.interval;
        self.cycle.beside.retain(|cycle| terms.charges_at(cycle.interval) && !cycle.interval.repeats_like(of_plan));
        self.cycle.sort_beside(terms);
        self
    }
}

//! Where a subscription stands: the period it is in, the meters that run, and what it was before the last change.

use serde::{Deserialize, Serialize};

use super::{BilledLine, Charged, Product, terms::Item};
use crate::{
    Result,
    calendar::{Anchor, Instant, Interval, Period},
    invoice::LineKind,
    money,
    price::Price,
};

/// Where a subscription stands. Keep it (as JSON) and hand it back; read `whole`, `from` and `open`, change nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cycle {
    pub anchor: Anchor,
    pub interval: Interval,
    /// The period as the anchor repeats it.
    pub whole: Period,
    /// Where the subscription's own period starts: later than `whole.start` in a stub.
    pub from: Instant,
    /// What is metered, and since when. Usage is to be given for each of these.
    pub open: Vec<OpenPart>,
    /// The cycle as it was before the change at this instant, so that a reversal at the same instant can restore it.
    pub before: Option<Box<Before>>,
    /// Where the add-ons stand that are billed at another interval than the plan, a cycle for each interval: by the same anchor, with
    /// periods and meters of its own, and with none beside it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub beside: Vec<Cycle>,
}

/// A cycle as it was before the changes made at one instant. Never nested: it remembers no cycle before itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Before {
    pub at: Instant,
    pub cycle: Cycle,
}

/// A metered price whose usage is being counted, since an instant: the start of the period, or the last cut in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OpenPart {
    pub product: Product,
    pub product_name: String,
    pub price: Price,
    pub from: Instant,
    /// Pauses within it that kept the period paid: what is used meanwhile does not count. That of a running pause reaches to the
    /// period's end.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pauses: Vec<Period>,
    /// The usage lines it was invoiced with before its end (see [`super::so_far`]), in that order: whatever ends it bills the rest.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub invoiced: Vec<BilledLine>,
}

impl Cycle {
    /// The cycle of a subscription that starts (or comes back) at an instant: the anchor's period that holds it, whole or from
    /// there. Nothing is metered until [`super::begin`].
    pub fn starting(anchor: Anchor, interval: Interval, at: Instant) -> Result<Self> {
        let whole = anchor.period_containing(interval, at)?;
        Ok(Self { anchor, interval, whole, from: at, open: Vec::new(), before: None, beside: Vec::new() })
    }

    /// The cycle after this one. At another interval a new anchor begins at this one's end.
    pub fn following(&self, interval: Interval) -> Result<Self> {
        let end = self.whole.end;
        let anchor = if interval.repeats_like(self.interval) { self.anchor.clone() } else { Anchor::at(end, self.anchor.zone) };
        Self::starting(anchor, interval, end)
    }

    /// The plan's, then those beside it.
    pub fn all(&self) -> impl Iterator<Item = &Self> {
        std::iter::once(self).chain(&self.beside)
    }

    /// The one of an interval.
    pub fn of_interval(&self, interval: Interval) -> Option<&Self> {
        self.all().find(|cycle| cycle.interval.repeats_like(interval))
    }

    /// Without those beside it.
    #[must_use]
    pub fn alone(&self) -> Self {
        Self { beside: Vec::new(), ..self.clone() }
    }

    /// The same period with nothing metered any more, beside it neither.
    #[must_use]
    pub fn unmetered(&self) -> Self {
        Self { open: Vec::new(), beside: self.beside.iter().map(Self::unmetered).collect(), ..self.clone() }
    }

    /// All that is metered.
    pub fn metered(&self) -> impl Iterator<Item = &OpenPart> {
        self.all().flat_map(|cycle| &cycle.open)
    }

    /// When the first of its periods ends.
    pub fn next_end(&self) -> Instant {
        self.beside.iter().map(|cycle| cycle.whole.end).fold(self.whole.end, Instant::min)
    }

    /// The period as the subscription sees it.
    pub fn period(&self) -> Period {
        Period { start: self.from, end: self.whole.end }
    }

    /// Whether the period starts late because of the anchor.
    pub fn is_stub(&self) -> bool {
        self.from > self.whole.start
    }

    /// The cycle as it was before the changes made at this very instant, if any were, whether or not they are undone now.
    pub(super) fn as_before(&self, at: Instant) -> Option<&Self> {
        self.before.as_deref().filter(|before| before.at == at).map(|before| &before.cycle)
    }

    /// What to remember so that a reversal at this instant can restore it: the oldest of the cycles this instant has seen.
    pub(super) fn remembered(&self, at: Instant) -> Box<Before> {
        let forgetting = |cycle: &Self| Self { before: None, ..cycle.clone() };
        let was = self.as_before(at).unwrap_or(self);
        let cycle = Self { beside: was.beside.iter().map(forgetting).collect(), ..forgetting(was) };
        Box::new(Before { at, cycle })
    }
}

impl OpenPart {
    /// The stretches up to an instant whose usage counts: all but the pauses.
    pub fn stretches(&self, until: Instant) -> Vec<Period> {
        let mut stretches = Vec::new();
        let mut start = self.from;
        for pause in &self.pauses {
            stretches.push(Period { start, end: pause.start.min(until) });
            start = pause.end;
        }
        stretches.push(Period { start, end: until });
        stretches.retain(|stretch| stretch.start < stretch.end);
        stretches
    }

    /// Whether it counts what adds up over time.
    pub fn is_flow(&self) -> bool {
        self.price.meter.as_ref().is_some_and(|meter| meter.aggregate.is_flow())
    }

    /// What was invoiced of it before its end, before discount.
    pub(super) fn invoiced_minor(&self) -> Result<i64> {
        Ok(money::sum(self.invoiced.iter().map(|line| line.stands_minor))?)
    }

    /// Whether another counts the same from the same instant on: a price may go on under another plan, or another name.
    pub fn is_same_count(&self, other: &Self) -> bool {
        self.from == other.from && self.price.charges_like(&other.price)
    }

    /// Whether a charged line is the usage (or its minimum) of this part, cut at an instant and not taken back since.
    pub(super) fn was_billed_by(&self, charged: &Charged, at: Instant) -> bool {
        let kind = matches!(charged.line.kind, LineKind::Usage | LineKind::Minimum) && charged.is_metered();
        let stretch = charged.line.from == Some(self.from) && charged.line.to == Some(at);
        let ended = charged.credits.iter().any(|credit| credit.at.is_some());
        kind && stretch && Item::of_part(self).names(&charged.line) && !ended
    }

    /// Whether a charged line is one that this part was invoiced with before its end.
    pub(super) fn was_invoiced_by(&self, charged: &Charged) -> bool {
        self.invoiced.iter().any(|invoiced| invoiced.line == charged.reference)
    }
}

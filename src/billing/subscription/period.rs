//! Periods: what each begins with, what its usage comes to at its end, and what follows it.

use super::{Basis, Charged, Closed, Cycle, Outcome, Terms, Unused, Used, beside::Moment, lines::Charge, terms::Item};
use crate::{
    Result,
    calendar::{By, Instant},
    invoice::{Line, LineKind},
    money::Rounding,
};

/// The start of a subscription (or its return): the first period of the plan, and of every add-on at an interval of its own.
pub fn begin_all(basis: &Basis, terms: &Terms, cycle: &Cycle) -> Result<Outcome> {
    let mut beside = Vec::new();
    for interval in terms.intervals().into_iter().skip(1) {
        beside.push(begin(basis, terms, &Cycle::starting(cycle.anchor.clone(), interval, cycle.from)?)?);
    }
    Ok(Outcome::together(begin(basis, terms, cycle)?, beside))
}

/// The start of a period of one cycle: prices without a meter in advance (`recurring`, or `proration_charge` for a stub), their minimums,
/// and meters opened.
pub fn begin(basis: &Basis, terms: &Terms, cycle: &Cycle) -> Result<Outcome> {
    begin_with(basis, &terms.items_at(cycle.interval), cycle)
}

pub(super) fn begin_with(basis: &Basis, items: &[Item<'_>], cycle: &Cycle) -> Result<Outcome> {
    let at = cycle.from;
    let period = cycle.period();
    let (kind, rounding) = if cycle.is_stub() { (LineKind::ProrationCharge, basis.proration.rounding) } else { (LineKind::Recurring, Rounding::HalfUp) };
    // A stub by `none` costs nothing, and so does one that is no day long.
    let is_free = cycle.is_stub() && (basis.proration.by == By::None || basis.share(period, cycle.whole)?.is_nothing());
    let mut lines = Vec::new();
    for item in items.iter().filter(|item| !item.price.is_metered() && !is_free) {
        let charge = Charge { cycle, kind, part: period, shared: period, priced_at: at, rounding };
        lines.extend(basis.lines(item, item.quantity, &charge)?);
    }
    let open = items.iter().filter(|item| item.price.is_metered()).map(|item| item.open_from(at)).collect();
    Ok(Outcome { lines, stands: Vec::new(), cycle: Cycle { open, before: None, ..cycle.clone() }, effective_at: at })
}

/// The end of one cycle's period: usage of the open parts in arrears, and what is missing to their minimums. A price without units and
/// without a minimum makes no line. `charged` holds the lines that [`super::OpenPart::invoiced`] names.
pub fn close(basis: &Basis, cycle: &Cycle, charged: &[Charged], used: &[Used]) -> Result<Closed> {
    // At the period's end nothing is unused: either answer is the same.
    close_ended(basis, cycle, cycle.whole.end, Unused::Credited, charged, used)
}

/// The usage of one cycle's period that a cancellation ended, perhaps before its time: see [`super::cancel`] for what is rated as whose.
pub fn close_ended(basis: &Basis, cycle: &Cycle, ended_at: Instant, unused: Unused, charged: &[Charged], used: &[Used]) -> Result<Closed> {
    let shared_until = unused.shared_until(ended_at, cycle);
    let mut closed = Closed::default();
    for part in &cycle.open {
        let Closed { lines, stands } = basis.usage_lines(cycle, part, ended_at, shared_until, charged, used)?;
        closed.lines.extend(lines);
        closed.stands.extend(stands);
    }
    Ok(closed)
}

/// The usage of a running period so far, invoiced before its end because it has come to much. Each part is rated as part of the whole period
/// that it will be, less what was invoiced of it before, so that both together are what one invoice would have said. A minimum is missed at
/// the end alone; a level, which costs by the time it lasted, waits for it, too. Nothing is cut: the caller keeps the lines in
/// [`super::OpenPart::invoiced`].
pub fn so_far(basis: &Basis, cycle: &Cycle, at: Instant, used: &[Used]) -> Result<Vec<Line>> {
    let mut lines = Vec::new();
    for cycle in cycle.all() {
        cycle.period().require(at)?;
        for part in cycle.open.iter().filter(|part| part.is_flow()) {
            let rest = basis.usage_lines(cycle, part, at, cycle.whole.end, &[], used)?;
            lines.extend(rest.lines.into_iter().filter(|line| line.kind == LineKind::Usage && line.amount_minor > 0));
        }
    }
    Ok(lines)
}

/// What the next period of the plan begins with.
#[derive(Debug, Clone, PartialEq)]
pub struct Renewed {
    pub of_plan: Outcome,
    /// What becomes of each cycle beside it.
    pub beside: Vec<Outcome>,
    /// Where the subscription stands then.
    pub cycle: Cycle,
}

/// The plan's next period, by terms that may be others from now on. Of `cycle`, the one that ended, those beside it that did not end with
/// it go on, changed to the terms; by another anchor everything begins anew with the period. An interval of which there is none beside it
/// begins.
pub fn renew(basis: &Basis, old: &Terms, new: &Terms, cycle: &Cycle, next: &Cycle, charged: &[Charged], used: &[Used]) -> Result<Renewed> {
    let of_plan = begin_with(basis, &basis.items_beside(&cycle.beside, new, next.from), next)?;
    let others = new.intervals().into_iter().skip(1);
    let begin_at = |interval| begin(basis, new, &Cycle::starting(next.anchor.clone(), interval, next.from)?);
    let now = Moment { old, new, cycle, at: next.from, charged, used };
    let goes_on = |outcome: &Outcome| new.charges_at(outcome.cycle.interval);
    let (beside, stays): (Vec<Outcome>, Vec<Cycle>) = if basis.proration.by == By::None {
        // Paid to their end, and rated to it, whatever the terms are now.
        let begins = others.filter(|interval| !cycle.beside.iter().any(|cycle| cycle.interval.repeats_like(*interval)));
        let begun = begins.map(begin_at).collect::<Result<Vec<_>>>()?;
        let stays = cycle.beside.iter().chain(begun.iter().map(|begun| &begun.cycle)).cloned().collect();
        (begun, stays)
    } else if next.anchor == cycle.anchor {
        let changed = now.change_beside(basis, others)?;
        let stays = changed.iter().filter(|outcome| goes_on(outcome)).map(|outcome| outcome.cycle.clone()).collect();
        (changed, stays)
    } else {
        let ended = cycle.beside.iter().map(|cycle| now.end(basis, cycle)).collect::<Result<Vec<_>>>()?;
        let begun = others.map(begin_at).collect::<Result<Vec<_>>>()?;
        let stays = begun.iter().map(|begun| begun.cycle.clone()).collect();
        (ended.into_iter().chain(begun).collect(), stays)
    };
    let mut cycle = Cycle { beside: stays, ..of_plan.cycle.clone() };
    cycle.sort_beside(new);
    Ok(Renewed { of_plan, beside, cycle })
}

/// The end of add-ons' own period in the middle of the plan's: the next one begins, if the terms have any at that interval still.
///
/// Where the plan has come to it meanwhile (to vendors who prorate nothing, see [`super::change`]), they go on in the plan's period: counted
/// from here on, and charged from the next one, for a stub costs nothing there.
pub fn renew_beside(basis: &Basis, terms: &Terms, cycle: &Cycle, ended: &Cycle) -> Result<Outcome> {
    let at = ended.whole.end;
    let mut outcome = Outcome::nothing(cycle.clone(), at);
    if ended.interval.repeats_like(cycle.interval) {
        let items = terms.items_at(cycle.interval);
        let taken = items.iter().filter(|item| item.is_of_add_on() && item.price.is_metered());
        outcome.cycle.open.extend(taken.map(|item| item.open_from(at)));
    } else if terms.charges_at(ended.interval) {
        let begun = begin(basis, terms, &Cycle::starting(cycle.anchor.clone(), ended.interval, at)?)?;
        outcome.lines = begun.lines;
        outcome.cycle.beside.push(begun.cycle);
        outcome.cycle.sort_beside(terms);
    }
    Ok(outcome)
}

/// The end of the plan's period in a pause: what beside it was kept paid, and is not the new terms' any more, goes back; by another anchor
/// all of it, and whatever goes on begins anew with the end of the pause. Nothing is charged, and no period begins.
pub fn renew_paused(basis: &Basis, old: &Terms, new: &Terms, cycle: &Cycle, next: &Cycle, charged: &[Charged], used: &[Used]) -> Result<Outcome> {
    let at = next.from;
    let ended = Cycle { anchor: next.anchor.clone(), interval: next.interval, ..cycle.clone() };
    if basis.proration.by == By::None {
        return Ok(Outcome::nothing(ended, at));
    }
    let now = Moment { old, new, cycle, at, charged, used };
    let (over, running): (Vec<&Cycle>, Vec<&Cycle>) = cycle.beside.iter().partition(|beside| at >= beside.whole.end);
    let mut beside: Vec<Outcome> = over.into_iter().map(|over| Outcome::nothing(over.clone(), at)).collect();
    let mut gone = Vec::new();
    for running in running {
        if next.anchor == cycle.anchor {
            beside.push(now.keep_in(basis, running)?);
        } else {
            gone.push(now.end(basis, running)?);
        }
    }
    Ok(Outcome::together(Outcome::nothing(ended, at).and(Closed::of(gone)), beside).by_terms(new))
}

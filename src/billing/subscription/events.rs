//! The events of a subscription's life, each to its lines and the cycle that follows.

use serde::{Deserialize, Serialize};

use super::{Basis, BilledLine, Charged, Cycle, Terms, Unused, Used, beside::Moment, lines::Charge, terms::Item};
use crate::{
    Result,
    calendar::{Anchor, By, Instant, Period},
    invoice::{Line, LineKind},
    money::Rounding,
};

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

/// The start of a subscription (or its return): the first period of the plan, and of every add-on at an interval of its own.
pub fn begin_all(basis: &Basis, terms: &Terms, cycle: &Cycle) -> Result<Outcome> {
    let mut beside = Vec::new();
    for interval in terms.intervals().into_iter().skip(1) {
        beside.push(begin(basis, terms, &Cycle::starting(cycle.anchor.clone(), interval, cycle.from)?)?);
    }
    Ok(Outcome::together(begin(basis, terms, cycle)?, beside))
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
        let ended = cycle.beside.iter().map(|cycle| now.swap(basis, cycle.clone(), cycle, &[], &[])).collect::<Result<Vec<_>>>()?;
        let begun = others.map(begin_at).collect::<Result<Vec<_>>>()?;
        let stays = begun.iter().map(|begun| begun.cycle.clone()).collect();
        (ended.into_iter().chain(begun).collect(), stays)
    };
    let mut cycle = Cycle { beside: stays, ..of_plan.cycle.clone() };
    cycle.sort_beside(new);
    Ok(Renewed { of_plan, beside, cycle })
}

/// The end of the plan's period in a pause: what beside it was kept paid, and is not the new terms' any more, goes back. Nothing is charged,
/// and no period begins.
pub fn renew_paused(basis: &Basis, old: &Terms, new: &Terms, cycle: &Cycle, next: &Cycle, charged: &[Charged], used: &[Used]) -> Result<Outcome> {
    let at = next.from;
    let ended = Cycle { anchor: next.anchor.clone(), interval: next.interval, ..cycle.clone() };
    let nothing = |cycle: Cycle| Outcome { lines: Vec::new(), stands: Vec::new(), cycle, effective_at: at };
    if basis.proration.by == By::None {
        return Ok(nothing(ended));
    }
    let now = Moment { old, new, cycle, at, charged, used };
    let mut beside = Vec::new();
    for running in &cycle.beside {
        beside.push(if at >= running.whole.end {
            nothing(running.clone())
        } else if next.anchor == cycle.anchor {
            now.keep_in(basis, running)?
        } else {
            now.swap(basis, running.clone(), running, &[], &[])?
        });
    }
    Ok(Outcome::together(nothing(ended), beside).by_terms(new))
}

/// The start of a period of one cycle: prices without a meter in advance (`recurring`, or `proration_charge` for a stub), their minimums,
/// and meters opened.
pub fn begin(basis: &Basis, terms: &Terms, cycle: &Cycle) -> Result<Outcome> {
    begin_with(basis, &terms.items_at(cycle.interval), cycle)
}

fn begin_with(basis: &Basis, items: &[Item<'_>], cycle: &Cycle) -> Result<Outcome> {
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

/// The usage of one cycle's period that a cancellation ended, perhaps before its time: see [`cancel`] for what is rated as whose.
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

/// A change of plan, quantity or add-ons in mid-period: credits for what was charged and changes, the old metered parts, and
/// charges for the rest. A thing whose price and quantity do not change makes no line.
///
/// `charged` is every line of the subscription that reaches beyond `at` or ends there, credited or not. At another interval
/// everything is credited and a new period begins, anchored at the change; reversed at the same instant, the old one is restored.
///
/// By `none` the new terms wait for the next period, an interval's too: nothing is credited, charged or cut, and
/// [`Outcome::effective_at`] is the period's end. (A rule that let them hold at once without a charge would give the rest away.)
pub fn change(basis: &Basis, old: &Terms, new: &Terms, cycle: &Cycle, at: Instant, charged: &[Charged], used: &[Used]) -> Result<Outcome> {
    cycle.period().require(at)?;
    if basis.proration.by == By::None {
        return Ok(Outcome { lines: Vec::new(), stands: Vec::new(), cycle: cycle.clone(), effective_at: cycle.whole.end });
    }
    let now = Moment { old, new, cycle, at, charged, used };
    let interval = new.plan.interval;
    if interval.repeats_like(cycle.interval) {
        let beside = now.change_beside(basis, new.intervals().into_iter().skip(1))?;
        return Ok(Outcome::together(now.change_in(basis, cycle)?, beside).by_terms(new));
    }
    if let Some(restored) = cycle.as_before(at).filter(|before| before.interval.repeats_like(interval)) {
        let of_plan = now.swap(basis, restored.alone(), cycle, &new.items_at(interval), &[])?;
        let ended = cycle.beside.iter().map(|cycle| now.swap(basis, cycle.clone(), cycle, &[], &[]));
        let taken_up = restored.beside.iter().map(|cycle| now.take_up(basis, cycle)).collect::<Result<Vec<_>>>()?;
        let ended = ended.collect::<Result<Vec<_>>>()?.into_iter().map(|ended| Outcome { cycle: of_plan.cycle.clone(), ..ended });
        return Ok(Outcome::together(of_plan.clone(), ended.chain(taken_up).collect()).by_terms(new));
    }
    reanchor(basis, old, new, Anchor::at(at, basis.zone), cycle, at, charged, used)
}

/// A change of the days on which periods begin, perhaps of the terms with them: everything charged for the rest is credited, usage so far
/// is rated, and the new anchor's period that holds `at` begins there, as a stub where it began before.
///
/// By `none` the new days wait for the period's end, as in [`change`].
#[expect(clippy::too_many_arguments, reason = "each is part of the event")]
pub fn reanchor(basis: &Basis, old: &Terms, new: &Terms, anchor: Anchor, cycle: &Cycle, at: Instant, charged: &[Charged], used: &[Used]) -> Result<Outcome> {
    cycle.period().require(at)?;
    if basis.proration.by == By::None {
        return Ok(Outcome { lines: Vec::new(), stands: Vec::new(), cycle: cycle.clone(), effective_at: cycle.whole.end });
    }
    let ended = Moment { old, new, cycle, at, charged, used }.end_all(basis)?;
    let begun = begin_all(basis, new, &Cycle::starting(anchor, new.plan.interval, at)?)?;
    let (mut lines, mut stands) = (Vec::new(), Vec::new());
    for outcome in ended {
        lines.extend(outcome.lines);
        stands.extend(outcome.stands);
    }
    lines.extend(begun.lines);
    Ok(Outcome { lines, stands, cycle: Cycle { before: Some(cycle.remembered(at)), ..begun.cycle }, effective_at: at })
}

/// The end of a subscription before its period's: usage to the end, and the unused rest credited or kept.
///
/// Credited, the last part of a metered price has its share of the allowance and of the minimum; kept (or by `none`), the period
/// has been paid whole, so its usage is rated as the whole period's.
pub fn cancel(basis: &Basis, terms: &Terms, cycle: &Cycle, at: Instant, unused: Unused, charged: &[Charged], used: &[Used]) -> Result<Outcome> {
    let now = Moment { old: terms, new: terms, cycle, at, charged, used };
    in_each(cycle, at, |cycle| {
        if basis.proration.gives_back(unused) == Unused::Credited {
            return now.swap(basis, cycle.alone(), cycle, &[], &[]);
        }
        let Closed { lines, stands } = close_ended(basis, cycle, at, Unused::Kept, charged, used)?;
        let cycle = Cycle { open: Vec::new(), before: Some(cycle.remembered(at)), ..cycle.alone() };
        Ok(Outcome { lines, stands, cycle, effective_at: at })
    })
}

/// An event of each of a subscription's cycles by itself. Of a paused one some may be over already: nothing happens to those.
fn in_each(cycle: &Cycle, at: Instant, event: impl Fn(&Cycle) -> Result<Outcome>) -> Result<Outcome> {
    let runs = |cycle: &Cycle| cycle.period().contains(at);
    if !cycle.all().any(runs) {
        cycle.period().require(at)?;
    }
    let over = |cycle: &Cycle| Outcome { lines: Vec::new(), stands: Vec::new(), cycle: cycle.alone(), effective_at: at };
    let in_one = |cycle: &Cycle| if runs(cycle) { event(cycle) } else { Ok(over(cycle)) };
    let beside = cycle.beside.iter().map(in_one).collect::<Result<Vec<_>>>()?;
    Ok(Outcome::together(in_one(cycle)?, beside))
}

/// A pause: usage so far, and the unused rest credited or kept.
///
/// Kept (or by `none`), nothing is cut: the period runs to its end as paid. Its meters stay open and are still to be closed at
/// its end, with the usage of the time that was not paused.
pub fn pause(basis: &Basis, terms: &Terms, cycle: &Cycle, at: Instant, unused: Unused, charged: &[Charged], used: &[Used]) -> Result<Outcome> {
    let now = Moment { old: terms, new: terms, cycle, at, charged, used };
    in_each(cycle, at, |cycle| {
        if basis.proration.gives_back(unused) == Unused::Credited {
            return now.swap(basis, cycle.alone(), cycle, &[], &[]);
        }
        let mut cycle = cycle.alone();
        for part in &mut cycle.open {
            part.pauses.push(Period { start: at, end: cycle.whole.end });
        }
        Ok(Outcome { lines: Vec::new(), stands: Vec::new(), cycle, effective_at: at })
    })
}

/// The end of a pause: charged from now to the end of the anchor's period that holds `at`, except what the pause kept paid.
pub fn resume(basis: &Basis, terms: &Terms, cycle: &Cycle, at: Instant, charged: &[Charged]) -> Result<Outcome> {
    let now = Moment { old: terms, new: terms, cycle, at, charged, used: &[] };
    let mut beside = Vec::new();
    let by_terms = |running: &Cycle| terms.charges_at(running.interval) && !running.interval.repeats_like(cycle.interval);
    for running in cycle.beside.iter().filter(|running| by_terms(running) || basis.is_sold_to_its_end(running, at)) {
        let items = terms.items_at(running.interval).into_iter().filter(Item::is_of_add_on).collect::<Vec<_>>();
        beside.push(resume_one(basis, &now, running, &items)?);
    }
    for interval in terms.intervals().into_iter().filter(|interval| cycle.of_interval(*interval).is_none()) {
        beside.push(begin(basis, terms, &Cycle::starting(cycle.anchor.clone(), interval, at)?)?);
    }
    Ok(Outcome::together(resume_one(basis, &now, cycle, &basis.items_beside(&cycle.beside, terms, at))?, beside))
}

fn resume_one(basis: &Basis, now: &Moment<'_>, cycle: &Cycle, items: &[Item<'_>]) -> Result<Outcome> {
    let at = now.at;
    if at >= cycle.whole.end {
        return begin_with(basis, items, &Cycle::starting(now.cycle.anchor.clone(), cycle.interval, at)?);
    }
    cycle.period().require(at)?;
    let mut cycle = cycle.alone();
    for pause in cycle.open.iter_mut().filter_map(|part| part.pauses.last_mut()) {
        pause.end = pause.end.min(at);
    }
    if basis.proration.by == By::None {
        let metered = items.iter().filter(|item| item.price.is_metered());
        let open = if cycle.open.is_empty() { metered.map(|item| item.open_from(at)).collect() } else { cycle.open.clone() };
        return Ok(Outcome { lines: Vec::new(), stands: Vec::new(), cycle: Cycle { open, ..cycle.clone() }, effective_at: at });
    }
    let charged = now.charged_in(&cycle);
    let is_paid = |item: &&Item<'_>| charged.iter().any(|charge| charge.is_in_force(at) && item.was_charged_by(charge));
    let keeps = items.iter().filter(is_paid).cloned().collect::<Vec<_>>();
    now.swap(basis, cycle.clone(), &cycle, items, &keeps)
}

//! What happens inside a period: changes, a cancellation, a pause and its end. Each is a [`swap`](super::swap) of what is charged for.

use super::{
    Basis, Charged, Closed, Cycle, Outcome, Terms, Unused, Used,
    beside::Moment,
    period::{begin, begin_all, begin_with, close_ended},
    terms::Item,
};
use crate::{
    Result,
    calendar::{Anchor, By, Instant, Period},
};

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
        return Ok(Outcome::nothing(cycle.clone(), cycle.whole.end));
    }
    let now = Moment { old, new, cycle, at, charged, used };
    let interval = new.plan.interval;
    if interval.repeats_like(cycle.interval) {
        let beside = now.change_beside(basis, new.intervals().into_iter().skip(1))?;
        return Ok(Outcome::together(now.change_in(basis, cycle)?, beside).by_terms(new));
    }
    match cycle.as_before(at).filter(|before| before.interval.repeats_like(interval)) {
        Some(before) => restore(basis, &now, before),
        None => reanchor(basis, old, new, Anchor::at(at, basis.zone), cycle, at, charged, used),
    }
}

/// The way back to an interval that this very moment left: its periods are taken up again, and those begun since are over.
fn restore(basis: &Basis, now: &Moment<'_>, before: &Cycle) -> Result<Outcome> {
    let of_plan = now.swap(basis, before.alone(), now.cycle, &now.new.items_at(before.interval), &[])?;
    let begun_since = now.cycle.beside.iter().map(|cycle| now.end(basis, cycle)).collect::<Result<Vec<_>>>()?;
    let taken_up = before.beside.iter().map(|cycle| now.take_up(basis, cycle)).collect::<Result<Vec<_>>>()?;
    Ok(Outcome::together(of_plan.and(Closed::of(begun_since)), taken_up).by_terms(now.new))
}

/// A change of the days on which periods begin, perhaps of the terms with them: everything charged for the rest is credited, usage so far
/// is rated, and the new anchor's period that holds `at` begins there, as a stub where it began before.
///
/// By `none` the new days wait for the period's end, as in [`change`].
#[expect(clippy::too_many_arguments, reason = "each is part of the event")]
pub fn reanchor(basis: &Basis, old: &Terms, new: &Terms, anchor: Anchor, cycle: &Cycle, at: Instant, charged: &[Charged], used: &[Used]) -> Result<Outcome> {
    cycle.period().require(at)?;
    if basis.proration.by == By::None {
        return Ok(Outcome::nothing(cycle.clone(), cycle.whole.end));
    }
    let ended = Moment { old, new, cycle, at, charged, used }.end_all(basis)?;
    let begun = begin_all(basis, new, &Cycle::starting(anchor, new.plan.interval, at)?)?;
    let Closed { mut lines, stands } = Closed::of(ended);
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
    let over = |cycle: &Cycle| Outcome::nothing(cycle.alone(), at);
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
        Ok(Outcome::nothing(cycle, at))
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
        return Ok(Outcome::nothing(Cycle { open, ..cycle }, at));
    }
    let charged = now.charged_in(&cycle);
    let is_paid = |item: &&Item<'_>| charged.iter().any(|charge| charge.is_in_force(at) && item.was_charged_by(charge));
    let keeps = items.iter().filter(is_paid).cloned().collect::<Vec<_>>();
    now.swap(basis, cycle.clone(), &cycle, items, &keeps)
}

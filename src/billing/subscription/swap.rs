//! Proration: the move, at an instant inside a period, from what is charged to other things. Whatever happens in mid-period comes down to it.
//!
//! - share = (end − change) ÷ (end − start), in seconds, or in days of the billing zone: [`Share`](crate::calendar::Share)
//! - credit = share of what the line cost after discount, at its own tax, never more than is left of it: `credits`
//! - charge = share × the new price: `lines`
//!
//! 29.00 becomes 99.00 at 00:00 on 16 June: the share is 15/30, the credit −14.50, the charge +49.50. Each line is rounded once, as the
//! vendor chose. Within one moment (the same day, where days are counted) a change and its reversal cancel out; a meter goes on as if
//! nothing had been at the very instant alone.

use super::{Basis, Charged, Closed, Cycle, OpenPart, Outcome, Used, credits::take_back, lines::Charge, terms::Item};
use crate::{
    Result,
    calendar::{Instant, Period},
    explain::Explain,
    invoice::{Line, LineKind},
};

/// What an event in mid-period meets in one cycle.
pub(super) struct InCycle<'a> {
    pub(super) current: &'a Cycle,
    pub(super) at: Instant,
    pub(super) charged: &'a [Charged],
    pub(super) used: &'a [Used],
}

impl Basis {
    /// The move from what is charged to new items, which `to` charges until its end, at an instant within one period. `keeps` tells which
    /// things stay as they are.
    pub(super) fn swap(&self, to: Cycle, met: &InCycle<'_>, items: &[Item<'_>], keeps: &[Item<'_>]) -> Result<Outcome> {
        let mut lines = self.credits_of(met, keeps)?;
        let metered = self.meters_of(&to, met, items)?;
        lines.extend(metered.taken_back);
        lines.extend(metered.closed.lines);
        lines.extend(self.charges_of(&to, met, items, keeps)?);
        let cycle = Cycle { open: metered.open, before: Some(met.current.remembered(met.at)), ..to };
        Ok(Outcome { lines, stands: metered.closed.stands, cycle, effective_at: met.at })
    }

    /// What goes back of what was charged in advance.
    fn credits_of(&self, met: &InCycle<'_>, keeps: &[Item<'_>]) -> Result<Vec<Line>> {
        let is_kept = |line: &Line| keeps.iter().any(|item| item.names(line));
        let ending = met.charged.iter().filter(|charge| charge.is_in_force(met.at) && !is_kept(&charge.line));
        let mut lines = Vec::new();
        for charge in ending {
            lines.extend(self.credit(charge, met.at)?);
        }
        Ok(lines)
    }

    /// A price that goes on is not cut, whatever it is called; one cut earlier at this instant is taken up again where it began; any other
    /// starts now. What does not go on is rated to here.
    fn meters_of(&self, to: &Cycle, met: &InCycle<'_>, items: &[Item<'_>]) -> Result<Meters> {
        let &InCycle { current, at, charged, used } = met;
        let same_interval = to.interval.repeats_like(current.interval);
        let mut ending: Vec<&OpenPart> = current.open.iter().collect();
        let mut undone: Vec<&OpenPart> = current.as_before(at).map(|before| before.open.iter().collect()).unwrap_or_default();
        undone.retain(|part| !(same_interval && current.open.iter().any(|open| open.is_same_count(part))));
        let mut metered = Meters::default();
        for item in items.iter().filter(|item| item.price.is_metered()) {
            let going_on = if same_interval { take_alike(&mut ending, item) } else { None };
            metered.open.push(match going_on {
                Some(part) => item.going_on(part),
                None => match take_alike(&mut undone, item) {
                    Some(part) if to.whole.contains(part.from) => {
                        metered.taken_back.extend(taken_up(part, at, charged)?);
                        item.going_on(part)
                    }
                    _ => item.open_from(at),
                },
            });
        }
        for part in ending {
            let closed = self.usage_lines(current, part, at, at, charged, used)?;
            metered.closed.lines.extend(closed.lines);
            metered.closed.stands.extend(closed.stands);
        }
        Ok(metered)
    }

    /// What is charged in advance for the rest; as it went back, where it went back within this moment.
    fn charges_of(&self, to: &Cycle, met: &InCycle<'_>, items: &[Item<'_>], keeps: &[Item<'_>]) -> Result<Vec<Line>> {
        let rest = Period { start: met.at, end: to.whole.end };
        let is_nothing = self.share(rest, to.whole)?.is_nothing();
        let is_new = |item: &&Item<'_>| !item.price.is_metered() && !keeps.iter().any(|kept| kept.is_named_like(item));
        let mut lines = Vec::new();
        for item in items.iter().filter(is_new) {
            let reversal = self.reversal(item, to, met.at, met.charged)?;
            if !reversal.is_empty() {
                lines.extend(reversal);
            } else if !is_nothing {
                let charge =
                    Charge { cycle: to, kind: LineKind::ProrationCharge, part: rest, shared: rest, priced_at: met.at, rounding: self.proration.rounding };
                lines.extend(self.lines(item, item.quantity, &charge)?);
            }
        }
        Ok(lines)
    }
}

/// What becomes of meters.
#[derive(Default)]
struct Meters {
    /// Those that run from here.
    open: Vec<OpenPart>,
    /// What was billed of those that are taken up again, taken back.
    taken_back: Vec<Line>,
    /// What those come to that end.
    closed: Closed,
}

/// A part that was cut earlier at this instant goes on: what the cut billed goes back. What was invoiced of it so far stays, and the part goes
/// on with it.
fn taken_up(part: &OpenPart, at: Instant, charged: &[Charged]) -> Result<Vec<Line>> {
    let was_billed_by_the_cut = |charge: &&Charged| part.was_billed_by(charge, at) && !part.was_invoiced_by(charge);
    let billed = Period { start: part.from, end: at };
    charged.iter().filter(was_billed_by_the_cut).map(|charge| take_back(charge, charge.left_minor()?, billed, Explain::default())).collect()
}

/// Takes the part that counts for an item out of a list: the one of the same name if it charges alike, else any that does. A meter
/// whose price moves unchanged to another plan goes on counting.
fn take_alike<'a>(parts: &mut Vec<&'a OpenPart>, item: &Item<'_>) -> Option<&'a OpenPart> {
    let alike = |part: &&OpenPart| part.price.charges_like(item.price);
    let named = |part: &&OpenPart| Item::of_part(part).is_named_like(item);
    let position = parts.iter().position(|part| alike(part) && named(part)).or_else(|| parts.iter().position(alike))?;
    Some(parts.remove(position))
}

//! Usage that arrived after its period was billed: the period rated again, less what was billed for it.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{Basis, Charged, Cycle, OpenPart, Unused, Used, credits::take_back, lines::Charge, terms::Item};
use crate::{
    Result,
    calendar::{Instant, Period},
    explain::{Explain, Rerated},
    invoice::{Line, LineKind, LineRef},
    money::{self, Rounding},
};

/// A part of a period whose usage was billed, as it was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BilledPart {
    pub part: OpenPart,
    /// Where the part ended: the period's end, or the cut.
    pub to: Instant,
    /// The cycle it was billed in.
    pub cycle: Cycle,
    /// `Kept` for the last part of a subscription that was cancelled without credit, which was rated as the whole period's.
    pub unused: Unused,
    /// The usage, minimum and late lines it was billed with, in that order.
    pub lines: Vec<BilledLine>,
}

/// How much of a line still stands for what was used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BilledLine {
    pub line: LineRef,
    /// Before discount. Late usage downwards lowers it; a credit note, which is no matter of usage, does not.
    pub stands_minor: i64,
}

impl BilledPart {
    /// What is billed for the usage of the part, before discount.
    pub fn billed_minor(&self) -> Result<i64> {
        Ok(money::sum(self.lines.iter().map(|line| line.stands_minor))?)
    }
}

/// What a part of a period costs at so many units, usage and minimum: the lines it is, or was, to be billed with.
pub fn usage_of_part(basis: &Basis, billed: &BilledPart, units: Decimal) -> Result<Vec<Line>> {
    let BilledPart { part, to, cycle, unused, .. } = billed;
    let used = [Used { product: part.product.clone(), price: part.price.key.clone(), units }];
    basis.rated_lines(cycle, part, *to, unused.shared_until(*to, cycle), &used)
}

/// What late usage comes to.
#[derive(Debug, Clone, PartialEq)]
pub struct LateUsage {
    /// Upwards one line of the difference; downwards one for each billed line that it takes back of.
    pub lines: Vec<Line>,
    /// What stands of the lines billed before.
    pub stands: Vec<BilledLine>,
}

/// Usage that arrived after its period was invoiced: the re-rated old period less what was billed for it. No difference, no line.
/// Exchange rates are those of the day it was first billed.
///
/// What it adds is a charge like any other, but out of reach of discounts. What it takes away is taken back of the billed lines, the
/// latest first: at what they cost after their discount, at their own tax, and never more than is left of them. `charged` holds these.
pub fn late_usage(basis: &Basis, billed: &BilledPart, charged: &[Charged], units: Decimal) -> Result<LateUsage> {
    let BilledPart { part, to, cycle, .. } = billed;
    let rerated = usage_of_part(basis, billed, units)?;
    let rerated_minor = money::sum(rerated.iter().map(|line| line.amount_minor))?;
    let billed_minor = billed.billed_minor()?;
    let difference = money::sub(rerated_minor, billed_minor)?;
    let late = Some(Rerated { rerated_minor, billed_minor });
    let explain = Explain { late, ..rerated.into_iter().next().map(|line| line.explain).unwrap_or_default() };
    let mut found = LateUsage { lines: Vec::new(), stands: billed.lines.clone() };
    let stretch = Period { start: part.from, end: *to };
    if difference > 0 {
        let charge = Charge { cycle, kind: LineKind::LateUsage, part: stretch, shared: stretch, priced_at: *to, rounding: Rounding::HalfUp };
        found.lines.push(basis.line(&Item::of_part(part), &charge, units, difference, explain));
        return Ok(found);
    }
    let taken = take_back_latest(&mut found.stands, charged, money::neg(difference)?, stretch, &explain)?;
    found.lines.extend(taken.into_iter().map(|line| Line { kind: LineKind::LateUsage, quantity: units, ..line }));
    Ok(found)
}

/// Takes so much (before discount) back of billed lines, the latest first, and lowers what stands of them: also where a credit note has
/// taken all of it back already, and there is no line to say it.
pub(super) fn take_back_latest(stands: &mut [BilledLine], charged: &[Charged], mut less_minor: i64, stretch: Period, explain: &Explain) -> Result<Vec<Line>> {
    let mut lines = Vec::new();
    for stands in stands.iter_mut().rev() {
        let taken = stands.stands_minor.clamp(0, less_minor);
        let left = money::sub(stands.stands_minor, taken)?;
        less_minor = money::sub(less_minor, taken)?;
        if let Some(charge) = charged.iter().find(|charge| charge.reference == stands.line) {
            let amount_minor = charge.falls_by(stands.stands_minor, left)?;
            if amount_minor > 0 {
                lines.push(take_back(charge, amount_minor, stretch, explain.clone())?);
            }
        }
        stands.stands_minor = left;
    }
    Ok(lines)
}

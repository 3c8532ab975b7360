//! A charged line to the line that takes back what is unused of it; and that one, where the change is reversed at the same moment, to
//! the line that charges it again.

use super::{Basis, Charged, Cycle, terms::Item};
use crate::{
    Result,
    calendar::{Instant, Period},
    explain::{CreditOf, Explain},
    invoice::{Line, LineKind},
    money::{self, Ratio},
    tax::LineTax,
};

impl Basis {
    /// Takes back what is unused of a charged line from an instant on: its share of what the line cost after discount, at its own
    /// tax, and never more than is left of it.
    ///
    /// The share is of the line's own stretch. For a line of a whole period that is the share of the period; for the charge of an
    /// earlier change in the same period it is what is left of that.
    pub(super) fn credit(&self, charged: &Charged, at: Instant) -> Result<Option<Line>> {
        let (Some(from), Some(to)) = (charged.line.from, charged.line.to) else { return Ok(None) };
        // What was free of charge has nothing to give back; what a discount made free has, zero, and a reversal must find it (and
        // the reversal of that, which takes back a credit, again).
        if charged.line.amount_minor == 0 && charged.line.credits.is_none() {
            return Ok(None);
        }
        let (unused, whole) = (Period { start: at, end: to }, Period { start: from, end: to });
        let share = self.share(unused, whole)?;
        if share.is_nothing() {
            return Ok(None);
        }
        let exact = Ratio::whole(charged.line.net_minor()?).mul(share.exact()?)?;
        let amount_minor = exact.round(self.proration.rounding)?.min(charged.left_minor()?).max(0);
        let explain = Explain {
            share: self.explain_share(share, unused, whole),
            exact: Some(exact.neg()),
            rounding: Some(self.proration.rounding),
            ..Explain::default()
        };
        take_back(charged, amount_minor, unused, explain).map(Some)
    }

    /// Charges a thing again that an earlier change of the same moment credited: by the same amount at the same tax, so that change
    /// and reversal cancel exactly whatever discount, exchange rate or rounding the first charge met.
    pub(super) fn reversal(&self, item: &Item<'_>, cycle: &Cycle, at: Instant, charged: &[Charged]) -> Result<Vec<Line>> {
        let mut lines = Vec::new();
        let of_it = |charged: &&Charged| item.was_charged_by(charged) && !charged.is_metered() && charged.line.to == Some(cycle.whole.end);
        for charge in charged.iter().filter(of_it) {
            for credit in &charge.credits {
                let is_reversed = charged.iter().any(|other| other.line.credits.as_ref() == Some(&credit.reference));
                if is_reversed || !credit.at.is_some_and(|ended| self.is_one_moment(ended, at, cycle.whole)) {
                    continue;
                }
                let kind = match charge.line.kind {
                    LineKind::Minimum => LineKind::Minimum,
                    _ => LineKind::ProrationCharge,
                };
                lines.push(Line {
                    kind,
                    amount_minor: credit.amount_minor,
                    discount_minor: 0,
                    tax: rates(&charge.line),
                    from: Some(at),
                    credits: Some(credit.reference.clone()),
                    explain: Explain {
                        exact: Some(Ratio::whole(credit.amount_minor)),
                        credit: Some(CreditOf { line: credit.reference.clone(), charged_minor: money::neg(credit.amount_minor)?, credited_before_minor: 0 }),
                        ..Explain::default()
                    },
                    ..charge.line.clone()
                });
            }
        }
        Ok(lines)
    }
}

/// The line that takes back so much of what a line charged for a part of its stretch.
pub(super) fn take_back(charged: &Charged, amount_minor: i64, part: Period, explain: Explain) -> Result<Line> {
    let (charged_minor, credited_before_minor) = charged.charged_and_credited()?;
    let line = charged.reference.clone();
    Ok(Line {
        kind: LineKind::ProrationCredit,
        amount_minor: money::neg(amount_minor)?,
        discount_minor: 0,
        tax: rates(&charged.line),
        from: Some(part.start),
        to: Some(part.end),
        credits: Some(line.clone()),
        explain: Explain { credit: Some(CreditOf { line, charged_minor, credited_before_minor }), ..explain },
        ..charged.line.clone()
    })
}

/// The rates of a line, whose tax the next document works out.
fn rates(line: &Line) -> Vec<LineTax> {
    line.tax.iter().map(|tax| LineTax { amount_minor: 0, ..tax.clone() }).collect()
}

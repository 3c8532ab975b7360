//! What was charged before, on whatever document, and what has been taken back of it.

use serde::{Deserialize, Serialize};

use crate::{
    Result,
    calendar::Instant,
    invoice::{Line, LineKind, LineRef},
    money::{self, Ratio, Rounding},
    price::Price,
    tax::LineTax,
};

/// A line that was charged, on whatever document, and what has been taken back of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Charged {
    pub reference: LineRef,
    /// As it stands on its document, with discount and tax.
    pub line: Line,
    /// The price it was charged at; none for a one-off.
    pub price: Option<Price>,
    pub credits: Vec<Credited>,
}

/// A credit of a charged line: by a subscription change, or by a credit note.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Credited {
    pub reference: LineRef,
    /// The instant of the change from which the line was no longer in force; none for a credit note, which leaves it in force.
    pub at: Option<Instant>,
    /// Positive; net of tax unless prices include it, like the line's amount.
    pub amount_minor: i64,
    /// Positive.
    pub tax: Vec<LineTax>,
}

impl Charged {
    /// Whether the line pays in advance for an instant and no change has ended it. A credit note leaves a line in force.
    pub(super) fn is_in_force(&self, at: Instant) -> bool {
        let in_advance = match self.line.kind {
            LineKind::Recurring | LineKind::ProrationCharge => true,
            LineKind::Minimum => !self.is_metered(),
            LineKind::Usage | LineKind::LateUsage | LineKind::ProrationCredit | LineKind::OneOff | LineKind::Adjustment => false,
        };
        let covers = self.line.from.is_some_and(|from| from <= at) && self.line.to.is_some_and(|to| at < to);
        in_advance && covers && !self.credits.iter().any(|credit| credit.at.is_some_and(|ended| ended <= at))
    }

    pub(super) fn is_metered(&self) -> bool {
        self.price.as_ref().is_some_and(Price::is_metered)
    }

    /// What was charged after discount, and how much of it has been taken back.
    pub(crate) fn charged_and_credited(&self) -> Result<(i64, i64)> {
        let credited = money::sum(self.credits.iter().map(|credit| credit.amount_minor))?;
        Ok((self.line.net_minor()?, credited))
    }

    /// What of it nothing has taken back.
    pub(crate) fn left_minor(&self) -> Result<i64> {
        let (net, credited) = self.charged_and_credited()?;
        Ok(money::sub(net, credited)?)
    }

    /// What is to be given back when so much of its amount stands no longer: its part of what the line cost after discount, so that
    /// steps add up, and never more than is left.
    pub(super) fn falls_by(&self, stood_minor: i64, stands_minor: i64) -> Result<i64> {
        let net = self.line.net_minor()?;
        if self.line.amount_minor == 0 {
            return Ok(0);
        }
        let cost = |amount_minor| Ratio::whole(net).mul(Ratio::whole(amount_minor).div(Ratio::whole(self.line.amount_minor))?)?.round(Rounding::HalfUp);
        Ok(money::sub(cost(stood_minor)?, cost(stands_minor)?)?.min(self.left_minor()?).max(0))
    }
}

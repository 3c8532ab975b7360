//! Lines of one document that take back others of it: a change that was to be settled later is taken back by another before either
//! stood anywhere. What the first cost is known only now, with its discount, so what the second gives back is decided here.
//!
//! What deliberately does not live here: the credit of a line that stands on a document already, which knows its cost
//! ([`crate::subscription`]).

use crate::{
    Result,
    invoice::{Line, LineKind, LineRef},
    money::{self, Ratio, Rounding},
    tax::LineTax,
};

/// For each line of a document the position of the line of the same document that it takes back.
#[derive(Debug, Clone, Default)]
pub struct TakenBack(Vec<Option<usize>>);

impl TakenBack {
    /// `references` are the lines' identities, in their order; a line without one is taken back by none.
    pub fn among(lines: &[Line], references: &[LineRef]) -> Self {
        let position = |of: &LineRef| references.iter().position(|reference| reference == of);
        Self(lines.iter().map(|line| line.credits.as_ref().and_then(position)).collect())
    }

    /// Whether anything of a line is left on the document. What was charged and taken back whole, as by a change and its reversal, is
    /// nothing that a discount could be spent on.
    pub fn stands(&self, lines: &[Line], position: usize) -> bool {
        let taking = |of: usize| self.0.iter().enumerate().filter(move |(_, taken)| **taken == Some(of)).map(|(position, _)| position);
        let is_whole = |credit: &usize| lines.get(*credit).is_some_and(takes_all);
        !taking(position).filter(is_whole).any(|credit| !taking(credit).any(|reversal| self.stands(lines, reversal)))
    }

    /// Decides the amounts of lines that take back others of the document, once these have their discounts and rates: a credit is its
    /// share of what the line costs, a reversal what the credit gave, each at the tax of what it takes back.
    pub(crate) fn decide(&self, lines: &mut [Line]) -> Result<()> {
        let mut is_decided = vec![false; lines.len()];
        (0..lines.len()).try_for_each(|position| self.decide_one(lines, position, &mut is_decided))
    }

    fn decide_one(&self, lines: &mut [Line], position: usize, is_decided: &mut [bool]) -> Result<()> {
        let Some(of) = self.0.get(position).copied().flatten() else { return Ok(()) };
        match is_decided.get_mut(position) {
            Some(decided) if !*decided => *decided = true,
            _ => return Ok(()),
        }
        self.decide_one(lines, of, is_decided)?;
        let Some(charge) = lines.get(of) else { return Ok(()) };
        let (cost, rates) = (charge.net_minor()?, charge.tax.iter().map(|tax| LineTax { amount_minor: 0, ..tax.clone() }).collect());
        let Some(line) = lines.get_mut(position) else { return Ok(()) };
        line.tax = rates;
        let exact = match &line.explain.share {
            Some(share) => Ratio::whole(cost).mul(Ratio::new(i128::from(share.n), i128::from(share.d))?)?,
            None => Ratio::whole(cost),
        };
        line.amount_minor = money::neg(exact.round(line.explain.rounding.unwrap_or(Rounding::HalfUp))?)?;
        line.explain.exact = line.explain.exact.is_some().then(|| exact.neg());
        if let Some(credit) = &mut line.explain.credit {
            credit.charged_minor = cost;
        }
        Ok(())
    }
}

/// Whether a credit gives back all that a line cost.
fn takes_all(credit: &Line) -> bool {
    credit.kind == LineKind::ProrationCredit && credit.explain.share.as_ref().is_none_or(|share| share.n == share.d)
}

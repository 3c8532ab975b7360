//! Credit notes that correct an invoice: of an amount, or of lines, with the tax that goes with it.
//!
//! Each line of the invoice still has so much net and so much of each tax; a note takes from these, never more than is left,
//! and the note that completes an invoice takes exactly what is left. What a credit note restored of a line counts as the line's, and
//! is taken back of where it stands.
//!
//! What deliberately does not live here: credits of a subscription change ([`crate::subscription`]); where the note's money
//! goes ([`crate::settlement::split_note`]).

mod left;

use left::Left;
use serde::{Deserialize, Serialize};

use crate::{
    Result,
    invoice::{Document, LineRef},
    money::{self, Currency, Ratio},
    subscription::Charged,
    tax::{PricesTax, TaxNote},
};

/// Why a credit note is refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum CorrectionError {
    #[error("A credit note must be of an amount above zero.")]
    NotPositive,
    /// Of the invoice, or of one of its lines.
    #[error("The credit note is of {asked_minor} in minor units, which is more than the {left_minor} that are left.")]
    MoreThanLeft { asked_minor: i64, left_minor: i64 },
    #[error("The invoice has no line “{0}”.")]
    NoSuchLine(LineRef),
    /// By the name the document gives the line.
    #[error("Nothing is left of the line “{0}” to credit.")]
    NothingLeft(String),
}

/// An issued invoice and everything credited of it so far, by notes and by subscription changes alike.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Invoiced {
    pub currency: Currency,
    pub prices: PricesTax,
    pub lines: Vec<Charged>,
    /// What was taken back of these lines and stands again, the oldest first.
    #[serde(default)]
    pub restored: Vec<Restored>,
    /// What the invoice says about its tax: a note that takes untaxed lines back says it too.
    #[serde(default)]
    pub notes: Vec<TaxNote>,
    pub rounding_minor: i64,
    /// How much of the rounding earlier notes took, with its sign.
    pub rounding_credited_minor: i64,
    pub total_minor: i64,
    /// What earlier notes that correct nothing but this invoice came to; those of subscription changes have no part in it.
    pub corrected_minor: i64,
}

/// What a change took back of an invoice's line and its reversal charged again, where that stands on a credit note. No note can be
/// corrected, so it belongs to the line it restores: who asks for that line asks for both.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Restored {
    /// The invoice's line, however often it was taken back and restored in between.
    pub of: LineRef,
    pub charged: Charged,
}

/// One line to credit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LineCredit {
    pub line: LineRef,
    /// Gross; absent, all that is left of the line.
    pub amount_minor: Option<i64>,
}

impl Invoiced {
    /// Gross: lines, tax and rounding that no credit has taken yet, as far as a note may take them.
    pub fn left_minor(&self) -> Result<i64> {
        Left::of(self)?.most()
    }
}

/// A credit note of a gross amount (positive), spread over the lines with their tax by largest remainder, each line in
/// proportion to what is left of it. A line that reduced the invoice is reduced in turn, so that the lines keep their proportion.
pub fn credit_amount(invoice: &Invoiced, amount_minor: i64) -> Result<Document> {
    let left = Left::of(invoice)?;
    let (whole, most, gross) = (left.total()?, left.most()?, left.gross()?);
    if amount_minor <= 0 {
        return Err(CorrectionError::NotPositive.into());
    }
    if amount_minor > most {
        return Err(CorrectionError::MoreThanLeft { asked_minor: amount_minor, left_minor: most }.into());
    }
    let lines = money::sum(gross.iter().copied())?;
    if amount_minor == whole || lines <= amount_minor {
        // All the lines; of their rounding to payable units, what the amount leaves.
        let rounding = money::sub(amount_minor, lines)?;
        return left.note(&left.all(), rounding);
    }
    let shares = money::spread(amount_minor, &gross)?;
    let takes = left.cells.iter().zip(shares).map(|(cell, share)| cell.left.some(share, invoice.prices));
    left.note(&takes.collect::<Result<Vec<_>>>()?, 0)
}

/// A credit note of whole lines or of amounts of lines. Where currencies round, the note is of an amount that can be paid.
pub fn credit_lines(invoice: &Invoiced, lines: &[LineCredit]) -> Result<Document> {
    let left = Left::of(invoice)?;
    let gross = left.gross()?;
    let mut asked: Vec<Option<i64>> = vec![None; gross.len()];
    for credit in lines {
        let position = invoice.lines.iter().position(|charged| charged.reference == credit.line);
        let position = position.ok_or_else(|| CorrectionError::NoSuchLine(credit.line.clone()))?;
        let (Some(asked), Some(left), Some(of)) = (asked.get_mut(position), gross.get(position), invoice.lines.get(position)) else { continue };
        let amount = credit.amount_minor.unwrap_or(*left);
        let sum = money::add(asked.unwrap_or_default(), amount)?;
        match (amount, *left) {
            (_, 0) => return Err(CorrectionError::NothingLeft(of.line.name.clone()).into()),
            (amount, left) if amount.signum() != left.signum() => return Err(CorrectionError::NotPositive.into()),
            (_, left) if sum.unsigned_abs() > left.unsigned_abs() => {
                return Err(CorrectionError::MoreThanLeft { asked_minor: sum, left_minor: left }.into());
            }
            _ => *asked = Some(sum),
        }
    }
    let (whole, most, taken) = (left.total()?, left.most()?, money::sum(asked.iter().flatten().copied())?);
    let completes = gross.iter().zip(&asked).all(|(left, asked)| asked.unwrap_or_default() == *left);
    let amount = if completes { whole } else { money::to_payable(Ratio::whole(taken), invoice.currency)?.min(whole) };
    if taken <= 0 || amount <= 0 {
        return Err(CorrectionError::NotPositive.into());
    }
    if taken > money::sum(gross.iter().copied())? || amount > most {
        return Err(CorrectionError::MoreThanLeft { asked_minor: taken, left_minor: most }.into());
    }
    let some = || left.cells.iter().zip(&asked).map(|(cell, asked)| cell.left.some(asked.unwrap_or_default(), invoice.prices)).collect::<Result<_>>();
    let takes = if completes { left.all() } else { some()? };
    left.note(&takes, money::sub(amount, taken)?)
}

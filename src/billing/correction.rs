//! Credit notes that correct an invoice: of an amount, or of lines, with the tax that goes with it.
//!
//! Each line of the invoice still has so much net and so much of each tax; a note takes from these, never more than is left,
//! and the note that completes an invoice takes exactly what is left.
//!
//! What deliberately does not live here: credits of a subscription change ([`crate::subscription`]); where the note's money
//! goes ([`crate::settlement::split_note`]).

use serde::{Deserialize, Serialize};

use crate::{
    Result,
    explain::{CreditOf, Explain},
    invoice::{Document, DocumentKind, Line, LineKind, LineRef, to_payable},
    money::{self, Currency},
    subscription::Charged,
    tax::{LineTax, PricesTax, TaxNote, TaxTotal},
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
    /// What the invoice says about its tax: a note that takes untaxed lines back says it too.
    #[serde(default)]
    pub notes: Vec<TaxNote>,
    pub rounding_minor: i64,
    /// How much of the rounding earlier notes took, with its sign.
    pub rounding_credited_minor: i64,
}

/// One line to credit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LineCredit {
    pub line: LineRef,
    /// Gross; absent, all that is left of the line.
    pub amount_minor: Option<i64>,
}

impl Invoiced {
    /// Gross: lines, tax and rounding that no credit has taken yet.
    pub fn left_minor(&self) -> Result<i64> {
        Left::of(self)?.total()
    }
}

/// What is left of one line: its amount after discount, and each of its taxes.
struct Cell<'a> {
    charged: &'a Charged,
    net: i64,
    taxes: Vec<i64>,
}

/// What is left of an invoice.
struct Left<'a> {
    invoice: &'a Invoiced,
    cells: Vec<Cell<'a>>,
    rounding: i64,
}

/// What a note takes of one line.
struct Take {
    net: i64,
    taxes: Vec<i64>,
}

impl Cell<'_> {
    /// Gross: with its tax, which is on top or inside.
    fn gross(&self, prices: PricesTax) -> Result<i64> {
        match prices {
            PricesTax::Exclusive => Ok(money::add(self.net, money::sum(self.taxes.iter().copied())?)?),
            PricesTax::Inclusive => Ok(self.net),
        }
    }

    fn all(&self) -> Take {
        Take { net: self.net, taxes: self.taxes.clone() }
    }

    /// So much of the gross, with its tax in proportion.
    fn some(&self, gross: i64, prices: PricesTax) -> Result<Take> {
        let on_top = self.gross(prices)?;
        if gross == on_top {
            return Ok(self.all());
        }
        // The parts that make up the gross: the line without tax, then each tax.
        let tax = money::sum(self.taxes.iter().copied())?;
        let mut weights = vec![money::sub(on_top, tax)?];
        weights.extend(&self.taxes);
        let parts = money::spread(gross, &weights)?;
        let taxes = parts.get(1..).unwrap_or_default().to_vec();
        let net = match prices {
            PricesTax::Exclusive => money::sub(gross, money::sum(taxes.iter().copied())?)?,
            PricesTax::Inclusive => gross,
        };
        Ok(Take { net, taxes })
    }
}

impl<'a> Left<'a> {
    fn of(invoice: &'a Invoiced) -> Result<Self> {
        let mut cells = Vec::with_capacity(invoice.lines.len());
        for charged in &invoice.lines {
            let credited = money::sum(charged.credits.iter().map(|credit| credit.amount_minor))?;
            let mut taxes = Vec::with_capacity(charged.line.tax.len());
            for tax in &charged.line.tax {
                let of_it = |other: &&LineTax| other.rate == tax.rate && other.percent == tax.percent;
                let credited = charged.credits.iter().flat_map(|credit| credit.tax.iter().filter(of_it));
                taxes.push(money::sub(tax.amount_minor, money::sum(credited.map(|tax| tax.amount_minor))?)?);
            }
            cells.push(Cell { charged, net: money::sub(charged.line.net_minor()?, credited)?, taxes });
        }
        Ok(Self { invoice, cells, rounding: money::sub(invoice.rounding_minor, invoice.rounding_credited_minor)? })
    }

    fn gross(&self) -> Result<Vec<i64>> {
        self.cells.iter().map(|cell| cell.gross(self.invoice.prices)).collect()
    }

    fn total(&self) -> Result<i64> {
        Ok(money::add(money::sum(self.gross()?)?, self.rounding)?)
    }

    /// The note that takes so much of each line and of the rounding: the invoice's lines with their signs turned.
    fn note(&self, takes: Vec<Take>, rounding: i64) -> Result<Document> {
        let prices = self.invoice.prices;
        let (mut lines, mut taxes): (Vec<Line>, Vec<TaxTotal>) = (Vec::new(), Vec::new());
        for (cell, take) in self.cells.iter().zip(takes) {
            if take.net == 0 && take.taxes.iter().all(|tax| *tax == 0) {
                continue;
            }
            let of = &cell.charged.line;
            let mut line = Line {
                kind: LineKind::Adjustment,
                amount_minor: money::neg(take.net)?,
                discount_minor: 0,
                tax: Vec::new(),
                credits: Some(cell.charged.reference.clone()),
                explain: Explain {
                    credit: Some(CreditOf {
                        line: cell.charged.reference.clone(),
                        charged_minor: of.net_minor()?,
                        credited_before_minor: money::sub(of.net_minor()?, cell.net)?,
                    }),
                    ..Explain::default()
                },
                ..of.clone()
            };
            for (tax, taken) in of.tax.iter().zip(take.taxes) {
                line.tax.push(LineTax { amount_minor: money::neg(taken)?, ..tax.clone() });
            }
            for tax in &line.tax {
                let base = line.base_minor(prices)?;
                match taxes.iter_mut().find(|total| total.is_of(tax)) {
                    Some(total) => {
                        total.base_minor = money::add(total.base_minor, base)?;
                        total.amount_minor = money::add(total.amount_minor, tax.amount_minor)?;
                    }
                    None => taxes.push(TaxTotal { rate: tax.rate.clone(), percent: tax.percent, base_minor: base, amount_minor: tax.amount_minor }),
                }
            }
            lines.push(line);
        }
        let subtotal_minor = money::sum(lines.iter().map(|line| line.amount_minor))?;
        let tax_total_minor = money::sum(taxes.iter().map(|tax| tax.amount_minor))?;
        let rounding_minor = money::neg(rounding)?;
        let notes = if lines.iter().any(|line| line.tax.is_empty()) { self.invoice.notes.clone() } else { Vec::new() };
        let on_top = match prices {
            PricesTax::Exclusive => tax_total_minor,
            PricesTax::Inclusive => 0,
        };
        Ok(Document {
            kind: DocumentKind::CreditNote,
            currency: self.invoice.currency,
            prices,
            lines,
            subtotal_minor,
            discount_minor: 0,
            discounts: Vec::new(),
            tax: taxes,
            tax_total_minor,
            rounding_minor,
            total_minor: money::sum([subtotal_minor, on_top, rounding_minor])?,
            notes,
        })
    }
}

/// A credit note of a gross amount (positive), spread over the lines with their tax by largest remainder, each line in
/// proportion to what is left of it. A line that reduced the invoice is reduced in turn, so that the lines keep their proportion.
pub fn credit_amount(invoice: &Invoiced, amount_minor: i64) -> Result<Document> {
    let left = Left::of(invoice)?;
    let (whole, gross) = (left.total()?, left.gross()?);
    if amount_minor <= 0 {
        return Err(CorrectionError::NotPositive.into());
    }
    if amount_minor > whole {
        return Err(CorrectionError::MoreThanLeft { asked_minor: amount_minor, left_minor: whole }.into());
    }
    let lines = money::sum(gross.iter().copied())?;
    if amount_minor == whole || lines <= amount_minor {
        // All the lines; of their rounding to payable units, what the amount leaves.
        let rounding = money::sub(amount_minor, lines)?;
        return left.note(left.cells.iter().map(Cell::all).collect(), rounding);
    }
    let shares = money::spread(amount_minor, &gross)?;
    let takes = left.cells.iter().zip(shares).map(|(cell, share)| cell.some(share, invoice.prices));
    left.note(takes.collect::<Result<_>>()?, 0)
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
    let mut takes = Vec::with_capacity(gross.len());
    for (cell, asked) in left.cells.iter().zip(&asked) {
        takes.push(cell.some(asked.unwrap_or_default(), invoice.prices)?);
    }
    let (whole, taken) = (left.total()?, money::sum(asked.iter().flatten().copied())?);
    let completes = gross.iter().zip(&asked).all(|(left, asked)| asked.unwrap_or_default() == *left);
    let amount = if completes { whole } else { to_payable(taken, invoice.currency)?.min(whole) };
    if taken <= 0 || amount <= 0 {
        return Err(CorrectionError::NotPositive.into());
    }
    if taken > money::sum(gross.iter().copied())? {
        return Err(CorrectionError::MoreThanLeft { asked_minor: taken, left_minor: whole }.into());
    }
    left.note(takes, money::sub(amount, taken)?)
}

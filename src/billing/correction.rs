//! Credit notes that correct an invoice: of an amount, or of lines, with the tax that goes with it.
//!
//! Each line of the invoice still has so much net and so much of each tax; a note takes from these, never more than is left,
//! and the note that completes an invoice takes exactly what is left. What a credit note restored of a line counts as the line's, and
//! is taken back of where it stands.
//!
//! What deliberately does not live here: credits of a subscription change ([`crate::subscription`]); where the note's money
//! goes ([`crate::settlement::split_note`]).

use serde::{Deserialize, Serialize};

use crate::{
    Result,
    explain::{CreditOf, Explain},
    invoice::{Document, DocumentKind, Line, LineKind, LineRef},
    money::{self, Currency, Ratio},
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

/// So much of a line: of its amount after discount, and of each of its taxes.
#[derive(Clone)]
struct Part {
    net: i64,
    taxes: Vec<i64>,
}

/// A line, or one that restores what was taken back of it, and what is left of it.
struct Piece<'a> {
    charged: &'a Charged,
    left: Part,
}

/// An invoice's line with what was restored of it: the pieces in the order they are taken from, and what is left of them together.
struct Cell<'a> {
    of: &'a Charged,
    pieces: Vec<Piece<'a>>,
    left: Part,
}

/// What is left of an invoice.
struct Left<'a> {
    invoice: &'a Invoiced,
    cells: Vec<Cell<'a>>,
    rounding: i64,
}

impl Part {
    /// What no credit has taken of a line, its taxes being these.
    fn left_of(charged: &Charged, taxes: &[LineTax]) -> Result<Self> {
        let mut left = Self { net: charged.left_minor()?, taxes: Vec::with_capacity(taxes.len()) };
        for tax in taxes {
            let of_it = |other: &&LineTax| other.rate == tax.rate && other.percent == tax.percent;
            let charged_minor = money::sum(charged.line.tax.iter().filter(of_it).map(|tax| tax.amount_minor))?;
            let credited = charged.credits.iter().flat_map(|credit| credit.tax.iter().filter(of_it));
            left.taxes.push(money::sub(charged_minor, money::sum(credited.map(|tax| tax.amount_minor))?)?);
        }
        Ok(left)
    }

    fn is_nothing(&self) -> bool {
        self.net == 0 && self.taxes.iter().all(|tax| *tax == 0)
    }

    /// Gross: with its tax, which is on top or inside.
    fn gross(&self, prices: PricesTax) -> Result<i64> {
        match prices {
            PricesTax::Exclusive => Ok(money::add(self.net, money::sum(self.taxes.iter().copied())?)?),
            PricesTax::Inclusive => Ok(self.net),
        }
    }

    /// So much of the gross, with its tax in proportion. Nothing of it is nothing, also where rounding left a tax and no gross.
    fn some(&self, gross: i64, prices: PricesTax) -> Result<Self> {
        if gross == 0 {
            return Ok(Self { net: 0, taxes: vec![0; self.taxes.len()] });
        }
        let on_top = self.gross(prices)?;
        if gross == on_top {
            return Ok(self.clone());
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
        Ok(Self { net, taxes })
    }
}

/// Of an amount what each of several takes, in their order: each what is left of it, the last what is still to take.
fn in_turn(mut amount: i64, left: impl ExactSizeIterator<Item = i64>) -> Result<Vec<i64>> {
    let mut taken = Vec::with_capacity(left.len());
    let last = left.len().saturating_sub(1);
    for (place, left) in left.enumerate() {
        let part = if place == last { amount } else { left.clamp(amount.min(0), amount.max(0)) };
        amount = money::sub(amount, part)?;
        taken.push(part);
    }
    Ok(taken)
}

impl<'a> Cell<'a> {
    fn of(of: &'a Charged, restored: &'a [Restored]) -> Result<Self> {
        let restored = restored.iter().filter(|restored| restored.of == of.reference).map(|restored| &restored.charged);
        let mut cell = Self { of, pieces: Vec::new(), left: Part { net: 0, taxes: vec![0; of.line.tax.len()] } };
        for charged in std::iter::once(of).chain(restored) {
            let left = Part::left_of(charged, &of.line.tax)?;
            cell.left.net = money::add(cell.left.net, left.net)?;
            for (sum, tax) in cell.left.taxes.iter_mut().zip(&left.taxes) {
                *sum = money::add(*sum, *tax)?;
            }
            cell.pieces.push(Piece { charged, left });
        }
        Ok(cell)
    }

    /// A part of the line as parts of its pieces: of each no more than is left of it, so that a later change finds what is left where it
    /// stands.
    fn divided(&self, part: &Part) -> Result<Vec<Part>> {
        let mut divided: Vec<Part> =
            in_turn(part.net, self.pieces.iter().map(|piece| piece.left.net))?.into_iter().map(|net| Part { net, taxes: Vec::new() }).collect();
        for (place, tax) in part.taxes.iter().enumerate() {
            let left = self.pieces.iter().map(|piece| piece.left.taxes.get(place).copied().unwrap_or_default());
            for (part, tax) in divided.iter_mut().zip(in_turn(*tax, left)?) {
                part.taxes.push(tax);
            }
        }
        Ok(divided)
    }
}

impl Piece<'_> {
    /// The line of a note that takes so much of it.
    fn taken(&self, part: &Part, taxes: &[LineTax]) -> Result<Line> {
        let (of, reference) = (&self.charged.line, self.charged.reference.clone());
        let (charged_minor, credited_before_minor) = self.charged.charged_and_credited()?;
        let mut tax = Vec::with_capacity(taxes.len());
        for (of, taken) in taxes.iter().zip(&part.taxes) {
            tax.push(LineTax { amount_minor: money::neg(*taken)?, ..of.clone() });
        }
        Ok(Line {
            kind: LineKind::Adjustment,
            amount_minor: money::neg(part.net)?,
            discount_minor: 0,
            tax,
            credits: Some(reference.clone()),
            explain: Explain { credit: Some(CreditOf { line: reference, charged_minor, credited_before_minor }), ..Explain::default() },
            ..of.clone()
        })
    }
}

impl<'a> Left<'a> {
    fn of(invoice: &'a Invoiced) -> Result<Self> {
        let cells = invoice.lines.iter().map(|charged| Cell::of(charged, &invoice.restored)).collect::<Result<_>>()?;
        Ok(Self { invoice, cells, rounding: money::sub(invoice.rounding_minor, invoice.rounding_credited_minor)? })
    }

    fn gross(&self) -> Result<Vec<i64>> {
        self.cells.iter().map(|cell| cell.left.gross(self.invoice.prices)).collect()
    }

    fn total(&self) -> Result<i64> {
        Ok(money::add(money::sum(self.gross()?)?, self.rounding)?)
    }

    /// What notes may take: all that is left, but never more than the invoice. More is left where its total was less by what it took back of
    /// other invoices, and that is charged again.
    fn most(&self) -> Result<i64> {
        let room = money::sub(self.invoice.total_minor, self.invoice.corrected_minor)?;
        Ok(self.total()?.min(room).max(0))
    }

    /// All of every line, a tax that rounding left alone included.
    fn all(&self) -> Vec<Part> {
        self.cells.iter().map(|cell| cell.left.clone()).collect()
    }

    /// The note that takes so much of each line and of the rounding: the invoice's lines with their signs turned.
    fn note(&self, takes: &[Part], rounding: i64) -> Result<Document> {
        let prices = self.invoice.prices;
        let (mut lines, mut taxes): (Vec<Line>, Vec<TaxTotal>) = (Vec::new(), Vec::new());
        for (cell, take) in self.cells.iter().zip(takes) {
            for (piece, part) in cell.pieces.iter().zip(cell.divided(take)?) {
                if !part.is_nothing() {
                    lines.push(piece.taken(&part, &cell.of.line.tax)?);
                }
            }
        }
        for line in &lines {
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

//! What is left of an invoice, line by line and tax by tax, and the note that takes of it.

use super::{Invoiced, Restored};
use crate::{
    Result,
    explain::{CreditOf, Explain},
    invoice::{self, Document, Line, LineKind, Totals},
    money,
    subscription::Charged,
    tax::{self, LineTax, PricesTax},
};

/// So much of a line: of its amount after discount, and of each of its taxes.
#[derive(Clone)]
pub(super) struct Part {
    net: i64,
    taxes: Vec<i64>,
}

/// A line, or one that restores what was taken back of it, and what is left of it.
struct Piece<'a> {
    charged: &'a Charged,
    left: Part,
}

/// An invoice's line with what was restored of it: the pieces in the order they are taken from, and what is left of them together.
pub(super) struct Cell<'a> {
    of: &'a Charged,
    pieces: Vec<Piece<'a>>,
    pub(super) left: Part,
}

/// What is left of an invoice.
pub(super) struct Left<'a> {
    invoice: &'a Invoiced,
    pub(super) cells: Vec<Cell<'a>>,
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
    pub(super) fn some(&self, gross: i64, prices: PricesTax) -> Result<Self> {
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
    pub(super) fn of(invoice: &'a Invoiced) -> Result<Self> {
        let cells = invoice.lines.iter().map(|charged| Cell::of(charged, &invoice.restored)).collect::<Result<_>>()?;
        Ok(Self { invoice, cells, rounding: money::sub(invoice.rounding_minor, invoice.rounding_credited_minor)? })
    }

    pub(super) fn gross(&self) -> Result<Vec<i64>> {
        self.cells.iter().map(|cell| cell.left.gross(self.invoice.prices)).collect()
    }

    pub(super) fn total(&self) -> Result<i64> {
        Ok(money::add(money::sum(self.gross()?)?, self.rounding)?)
    }

    /// What notes may take: all that is left, but never more than the invoice. More is left where its total was less by what it took back of
    /// other invoices, and that is charged again.
    pub(super) fn most(&self) -> Result<i64> {
        let room = money::sub(self.invoice.total_minor, self.invoice.corrected_minor)?;
        Ok(self.total()?.min(room).max(0))
    }

    /// All of every line, a tax that rounding left alone included.
    pub(super) fn all(&self) -> Vec<Part> {
        self.cells.iter().map(|cell| cell.left.clone()).collect()
    }

    /// The note that takes so much of each line and of the rounding: the invoice's lines with their signs turned.
    pub(super) fn note(&self, takes: &[Part], rounding: i64) -> Result<Document> {
        let prices = self.invoice.prices;
        let mut lines = Vec::new();
        for (cell, take) in self.cells.iter().zip(takes) {
            for (piece, part) in cell.pieces.iter().zip(cell.divided(take)?) {
                if !part.is_nothing() {
                    lines.push(piece.taken(&part, &cell.of.line.tax)?);
                }
            }
        }
        let notes = if lines.iter().any(|line| line.tax.is_empty()) { self.invoice.notes.clone() } else { Vec::new() };
        let taxes = tax::stated(&lines, prices)?;
        let parts = Totals { lines, discounts: Vec::new(), taxes, notes, currency: self.invoice.currency, prices };
        invoice::add_up(parts, |exact| Ok(money::sub(exact, rounding)?))
    }
}

//! Lines, and the document they make: discount, tax, rounding and total, in that order, each rounded once.
//!
//! What deliberately does not live here: numbers, dates of issue, parties and status (the invoice's record has them), what is
//! paid ([`crate::settlement`]), and corrections of a document once it stands ([`crate::correction`]).

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::{
    Result,
    calendar::{Instant, Period},
    discount::{self, AppliedDiscount, Discount},
    explain::Explain,
    money::{self, Currency, Ratio},
    taken_back::TakenBack,
    tax::{self, LineTax, PricesTax, TaxNote, TaxSituation, TaxTotal, Treatment},
};

/// A line's identity in the records; the engine only carries it.
pub type LineRef = String;

/// What a line is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineKind {
    /// A period's price, in advance.
    Recurring,
    /// A period's or part's usage, in arrears.
    Usage,
    /// What usage that arrived after its period was invoiced adds to that period.
    LateUsage,
    /// The unused rest of something charged, taken back.
    ProrationCredit,
    /// The rest of a period on new terms, or a stub before the anchor.
    ProrationCharge,
    OneOff,
    /// What is missing to a price's minimum.
    Minimum,
    /// A correction after the fact.
    Adjustment,
}

/// Why a document was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    Start,
    Cycle,
    Change,
    Final,
    Threshold,
    Manual,
}

/// One line. Made by the functions of [`crate::subscription`] (or by hand, for a one-off), completed by [`assemble`], which
/// fills in the discount and the tax, and never changed again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Line {
    pub kind: LineKind,
    /// The subscription it belongs to; a one-off has none. Discounts reach only their own subscription's lines.
    pub subscription: Option<String>,
    pub plan: Option<String>,
    pub add_on: Option<String>,
    pub price: Option<String>,
    pub name: String,
    pub quantity: Decimal,
    /// Minor units; credits are negative. Gross where prices include tax.
    pub amount_minor: i64,
    /// Taken off the amount before tax; never negative.
    pub discount_minor: i64,
    /// The rates that apply and this line's share of each one's tax.
    pub tax: Vec<LineTax>,
    /// What the line stands for. A proration line begins at the change.
    pub from: Option<Instant>,
    pub to: Option<Instant>,
    /// The subscription's period that the line belongs to; its start decides how far a repeating coupon reaches.
    pub period: Option<Period>,
    /// The line this one takes back, wholly or partly: a credit names the charge, the reversal of a credit names the credit.
    /// Such a line keeps the tax of what it takes back and is not discounted again, being net already.
    pub credits: Option<LineRef>,
    pub explain: Explain,
}

impl Line {
    /// A one-off charge, or with a negative amount a one-off reduction.
    pub fn one_off(name: impl Into<String>, amount_minor: i64) -> Self {
        Self {
            kind: LineKind::OneOff,
            subscription: None,
            plan: None,
            add_on: None,
            price: None,
            name: name.into(),
            quantity: Decimal::ONE,
            amount_minor,
            discount_minor: 0,
            tax: Vec::new(),
            from: None,
            to: None,
            period: None,
            credits: None,
            explain: Explain::default(),
        }
    }

    /// The amount after discount: what tax is computed on, and what a credit gives back.
    pub fn net_minor(&self) -> Result<i64> {
        Ok(money::sub(self.amount_minor, self.discount_minor)?)
    }

    /// Whether discounts reach this kind of line.
    pub fn is_discountable(&self) -> bool {
        let kind = matches!(self.kind, LineKind::Recurring | LineKind::Usage | LineKind::Minimum | LineKind::ProrationCharge);
        kind && self.credits.is_none()
    }

    /// The plan, add-on or product sold once that a tax rate may name: the last is a one-off's price.
    pub fn product(&self) -> Option<&str> {
        let sold_once = self.price.as_deref().filter(|_| self.kind == LineKind::OneOff);
        self.add_on.as_deref().or(self.plan.as_deref()).or(sold_once)
    }
}

/// Which way a document's money goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DocumentKind {
    /// Total of zero or more.
    Invoice,
    /// Total below zero: the balance grows by it.
    CreditNote,
}

/// A complete document, ready to be numbered and kept.
///
/// Laws: exclusive, `total = Σ lines − discount + tax + rounding`; inclusive, `total = Σ lines − discount + rounding`;
/// `discount` is the sum of the lines' discounts, and of those of `discounts`; `tax_total` is the sum of `tax` and of the lines' tax.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Document {
    pub kind: DocumentKind,
    pub currency: Currency,
    pub prices: PricesTax,
    pub lines: Vec<Line>,
    /// Σ of the lines' amounts, before discount.
    pub subtotal_minor: i64,
    pub discount_minor: i64,
    /// What each coupon took off, and what that means for it from now on.
    pub discounts: Vec<AppliedDiscount>,
    pub tax: Vec<TaxTotal>,
    pub tax_total_minor: i64,
    /// To the smallest payable unit of the currency.
    pub rounding_minor: i64,
    pub total_minor: i64,
    pub notes: Vec<TaxNote>,
}

/// Makes the document of lines that fall due at one instant for one customer and currency. No lines, no document.
///
/// `references` are the identities of the lines, in their order: a line that takes back another of them is decided with it (see
/// [`TakenBack`]). They may be absent where none does.
///
/// A coupon that discounts `once` waits for the first invoice: where spending it would leave a credit note, it is kept.
pub fn assemble(
    lines: Vec<Line>,
    references: &[LineRef],
    discounts: &[Discount],
    tax: &TaxSituation,
    currency: Currency,
    prices: PricesTax,
) -> Result<Option<Document>> {
    if lines.is_empty() {
        return Ok(None);
    }
    let taken_back = TakenBack::among(&lines, references);
    let document = assemble_once(lines.clone(), &taken_back, discounts, tax, currency, prices)?;
    let lasting = discounts.iter().filter(|discount| !discount.is_once()).cloned().collect::<Vec<_>>();
    if document.kind == DocumentKind::CreditNote && lasting.len() < discounts.len() {
        return assemble_once(lines, &taken_back, &lasting, tax, currency, prices).map(Some);
    }
    Ok(Some(document))
}

fn assemble_once(
    mut lines: Vec<Line>,
    taken_back: &TakenBack,
    discounts: &[Discount],
    tax: &TaxSituation,
    currency: Currency,
    prices: PricesTax,
) -> Result<Document> {
    for line in lines.iter_mut().filter(|line| line.credits.is_none()) {
        line.discount_minor = 0;
        line.tax = tax.rates_for(line.product());
    }
    let discounts = discount::apply(&mut lines, taken_back, discounts, currency)?;
    taken_back.decide(&mut lines)?;
    let taxes = tax::compute(&mut lines, prices)?;
    // An untaxed line is what a note explains; credits of taxed lines keep their tax and need none.
    let note = match tax.treatment() {
        Treatment::Taxed => None,
        Treatment::ReverseCharge => Some(TaxNote::ReverseCharge),
        Treatment::Exempt => Some(TaxNote::Exempt),
    };
    let notes = note.into_iter().filter(|_| lines.iter().any(|line| line.tax.is_empty())).collect();
    total(Totals { lines, discounts, taxes, notes, currency, prices })
}

/// The parts of a document before they are summed.
pub(crate) struct Totals {
    pub lines: Vec<Line>,
    pub discounts: Vec<AppliedDiscount>,
    pub taxes: Vec<TaxTotal>,
    pub notes: Vec<TaxNote>,
    pub currency: Currency,
    pub prices: PricesTax,
}

/// Adds a document up, and rounds its total to what can be paid.
pub(crate) fn total(parts: Totals) -> Result<Document> {
    let currency = parts.currency;
    add_up(parts, |exact_minor| Ok(money::to_payable(Ratio::whole(exact_minor), currency)?))
}

/// The same with a rounding of another's choice.
pub(crate) fn add_up(parts: Totals, rounded: impl FnOnce(i64) -> Result<i64>) -> Result<Document> {
    let Totals { lines, discounts, taxes, notes, currency, prices } = parts;
    let subtotal_minor = money::sum(lines.iter().map(|line| line.amount_minor))?;
    let discount_minor = money::sum(lines.iter().map(|line| line.discount_minor))?;
    let tax_total_minor = money::sum(taxes.iter().map(|tax| tax.amount_minor))?;
    let on_top = match prices {
        PricesTax::Exclusive => tax_total_minor,
        PricesTax::Inclusive => 0,
    };
    let exact_minor = money::add(money::sub(subtotal_minor, discount_minor)?, on_top)?;
    let total_minor = rounded(exact_minor)?;
    Ok(Document {
        kind: if total_minor < 0 { DocumentKind::CreditNote } else { DocumentKind::Invoice },
        currency,
        prices,
        lines,
        subtotal_minor,
        discount_minor,
        discounts,
        tax: taxes,
        tax_total_minor,
        rounding_minor: money::sub(total_minor, exact_minor)?,
        total_minor,
        notes,
    })
}

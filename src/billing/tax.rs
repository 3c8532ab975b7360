//! Which tax rates apply, and how much tax a document's lines carry.
//!
//! What deliberately does not live here: whether a tax id exists (an authority's service knows; [`ids`] reads its form and its check digits),
//! and what the seller must file.

pub mod ids;
pub mod withholding;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::{
    Result,
    invoice::Line,
    money::{self, Ratio},
};

/// Why a tax rate is none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum TaxError {
    #[error("The tax rate “{0}” must not be negative.")]
    Negative(String),
    #[error("The tax rate “{0}” ends before it begins.")]
    EndsBeforeItBegins(String),
    #[error("A customer withholds more than 0 and less than 100 percent, not {0}.")]
    Withheld(Decimal),
}

/// A dated rate of a place, perhaps of certain products only.
///
/// Entries that share a `key` are one rate whose percent changed: on any day only the latest of them applies.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaxRate {
    pub key: String,
    pub name: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// The rate of one region; absent, of the whole country.
    pub region: Option<String>,
    pub percent: Decimal,
    /// First day.
    pub from: Option<NaiveDate>,
    /// Last day.
    pub to: Option<NaiveDate>,
    /// The plans and add-ons it is for; absent, all that no other fitting rate names.
    pub products: Option<Vec<String>>,
}

impl TaxRate {
    /// Refuses a negative rate, and one that ends before it begins.
    pub fn check(&self) -> Result<()> {
        if self.percent < Decimal::ZERO {
            return Err(TaxError::Negative(self.key.clone()).into());
        }
        match (self.from, self.to) {
            (Some(from), Some(to)) if to < from => Err(TaxError::EndsBeforeItBegins(self.key.clone()).into()),
            _ => Ok(()),
        }
    }

    /// Whether the rate is in force at a place on a day.
    fn fits(&self, place: &TaxParty, on: NaiveDate) -> bool {
        let same = |one: &str, other: &str| one.eq_ignore_ascii_case(other);
        let region = match (&self.region, &place.region) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(region), Some(here)) => same(region, here),
        };
        let dated = self.from.is_none_or(|from| from <= on) && self.to.is_none_or(|to| on <= to);
        same(&self.country, &place.country) && region && dated
    }

    /// Whether the rate names any products; an empty list names none.
    fn is_general(&self) -> bool {
        self.products.as_deref().is_none_or(<[String]>::is_empty)
    }

    fn names(&self, product: Option<&str>) -> bool {
        let products = self.products.as_deref().unwrap_or_default();
        product.is_some_and(|product| products.iter().any(|named| named == product))
    }
}

/// Whether lines are net of tax or have it inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PricesTax {
    #[default]
    Exclusive,
    Inclusive,
}

/// Where somebody is for tax, and the id they gave.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TaxParty {
    /// ISO 3166-1 alpha-2.
    pub country: String,
    pub region: Option<String>,
    pub tax_id: Option<String>,
}

/// Whether a customer pays tax at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exemption {
    #[default]
    None,
    Exempt,
}

/// What a document must know to be taxed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaxSituation {
    pub vendor: TaxParty,
    pub customer: TaxParty,
    pub exemption: Exemption,
    /// The day the document is issued, in the billing zone.
    pub on: NaiveDate,
    pub rates: Vec<TaxRate>,
}

/// How new charges of a document are taxed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Treatment {
    Taxed,
    /// The customer accounts for the tax; the invoice must say so.
    ReverseCharge,
    Exempt,
}

/// What the document must say about its tax.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaxNote {
    ReverseCharge,
    Exempt,
}

/// A rate on a line, and the line's share of the document's tax at it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LineTax {
    pub rate: String,
    pub percent: Decimal,
    /// Shares of one rate sum to its [`TaxTotal::amount_minor`]. Zero until the document is assembled.
    pub amount_minor: i64,
}

/// One rate of a document: rounded once, on the sum of its lines after discount.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaxTotal {
    pub rate: String,
    pub percent: Decimal,
    /// Net of tax.
    pub base_minor: i64,
    pub amount_minor: i64,
}

impl TaxSituation {
    /// Reverse charge: vendor and customer in different EU countries, both with a well-formed tax id. Where a customer is exempt as
    /// well, the invoice names the reverse charge; neither carries tax.
    pub fn treatment(&self) -> Treatment {
        let (vendor, customer) = (&self.vendor, &self.customer);
        let abroad = !vendor.country.eq_ignore_ascii_case(&customer.country);
        if abroad && vendor.has_eu_tax_id() && customer.has_eu_tax_id() {
            Treatment::ReverseCharge
        } else if self.exemption == Exemption::Exempt {
            Treatment::Exempt
        } else {
            Treatment::Taxed
        }
    }

    /// The rates for a product: every dated rate that fits the customer's country and region; a rate that names the product
    /// displaces the general ones. Nothing fits, no tax.
    pub fn rates_for(&self, product: Option<&str>) -> Vec<LineTax> {
        if self.treatment() != Treatment::Taxed {
            return Vec::new();
        }
        let fitting = self.rates.iter().filter(|rate| rate.fits(&self.customer, self.on));
        let fitting = fitting.filter(|rate| rate.is_general() || rate.names(product)).collect::<Vec<_>>();
        // Entries with one key are one rate whose percent changed: the latest beginning counts, of equals the later given.
        let is_superseded = |index: usize, rate: &TaxRate| {
            let later = |other: usize, newer: &TaxRate| (newer.from, other) > (rate.from, index) && newer.key == rate.key;
            fitting.iter().enumerate().any(|(other, newer)| later(other, newer))
        };
        let current = fitting.iter().enumerate().filter(|(index, rate)| !is_superseded(*index, rate));
        let (naming, general): (Vec<_>, Vec<_>) = current.map(|(_, rate)| rate).partition(|rate| rate.names(product));
        let chosen = if naming.is_empty() { general } else { naming };
        let line_tax = |rate: &&TaxRate| LineTax { rate: rate.key.clone(), percent: rate.percent, amount_minor: 0 };
        chosen.into_iter().map(line_tax).collect()
    }
}

impl TaxParty {
    fn has_eu_tax_id(&self) -> bool {
        self.tax_id.as_deref().is_some_and(|tax_id| ids::is_well_formed_eu_tax_id(&self.country, tax_id))
    }
}

/// Computes a document's tax from lines that know their rates and discounts, and gives each line its share.
///
/// Each rate is rounded once, half up, on the sum of its lines after discount, and each line's share is less than a minor unit from what
/// the line would owe alone: what takes the line back one day takes back its own tax, whatever stood beside it. Exclusive: tax = base × r.
/// Inclusive: the gross of a line holds all its rates R together, so one of them is gross × r ÷ (1 + R), and `base` is the rest.
pub fn compute(lines: &mut [Line], prices: PricesTax) -> Result<Vec<TaxTotal>> {
    for total in stated(lines, prices)? {
        let mut exact = Vec::with_capacity(lines.len());
        for line in lines.iter() {
            exact.push(if line.tax.iter().any(|tax| total.is_of(tax)) { line.exact_tax(total.percent, prices)? } else { Ratio::ZERO });
        }
        for (line, share) in lines.iter_mut().zip(money::round_together(&exact)?) {
            for tax in line.tax.iter_mut().filter(|tax| total.is_of(tax)) {
                tax.amount_minor = share;
            }
        }
    }
    stated(lines, prices)
}

/// The totals of taxes that lines state, in the order in which they do first.
pub(crate) fn stated(lines: &[Line], prices: PricesTax) -> Result<Vec<TaxTotal>> {
    let mut totals: Vec<TaxTotal> = Vec::new();
    for line in lines {
        for tax in &line.tax {
            let base_minor = line.base_minor(prices)?;
            match totals.iter_mut().find(|total| total.is_of(tax)) {
                Some(total) => {
                    total.base_minor = money::add(total.base_minor, base_minor)?;
                    total.amount_minor = money::add(total.amount_minor, tax.amount_minor)?;
                }
                None => totals.push(TaxTotal { rate: tax.rate.clone(), percent: tax.percent, base_minor, amount_minor: tax.amount_minor }),
            }
        }
    }
    Ok(totals)
}

impl TaxTotal {
    /// Whether a line's tax belongs to this total: the same rate at the same percent.
    pub fn is_of(&self, tax: &LineTax) -> bool {
        self.rate == tax.rate && self.percent == tax.percent
    }
}

impl Line {
    /// What this line alone would owe at one of its rates, unrounded.
    fn exact_tax(&self, percent: Decimal, prices: PricesTax) -> Result<Ratio> {
        let net = Ratio::whole(self.net_minor()?);
        let hundred = Ratio::whole(100);
        let whole = match prices {
            PricesTax::Exclusive => hundred,
            PricesTax::Inclusive => self.tax.iter().try_fold(hundred, |sum, tax| sum.add(tax.percent.into()))?,
        };
        Ok(net.mul(Ratio::from(percent).div(whole)?)?)
    }

    /// The line after discount and without tax.
    pub fn base_minor(&self, prices: PricesTax) -> Result<i64> {
        let net = self.net_minor()?;
        match prices {
            PricesTax::Exclusive => Ok(net),
            PricesTax::Inclusive => Ok(money::sub(net, money::sum(self.tax.iter().map(|tax| tax.amount_minor))?)?),
        }
    }
}

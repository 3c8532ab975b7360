//! What a quantity costs: the five pricing models, included units, minimum and maximum, conversion, and parts of a period.
//!
//! [`rate`] is the only way from units to money. It answers an exact fraction; the caller rounds it, once, into a line.
//!
//! What deliberately does not live here: where the quantity comes from ([`crate::usage`], or the subscription's quantity) and
//! when a price is charged ([`crate::subscription`]).

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::{
    calendar::Share,
    explain::{Bound, BoundKind, ExchangeRate, Explain, ModelName, Packages, TierPart},
    money::{Currency, MoneyError, Ratio},
    usage::Aggregate,
};

/// Why a price is no price, or cannot be used here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum PriceError {
    #[error("The price “{0}” needs at least one tier.")]
    NoTiers(String),
    #[error("The tiers of the price “{0}” must rise, each ending above the one before.")]
    TiersDoNotRise(String),
    #[error("The last tier of the price “{0}” must be open, and only the last.")]
    LastTierNotOpen(String),
    #[error("The packages of the price “{0}” must hold more than nothing.")]
    EmptyPackage(String),
    #[error("The price “{0}” must not have negative amounts.")]
    Negative(String),
    #[error("The price “{0}” has an amount that is too large or too fine: at most 15 digits before the point and 12 after.")]
    TooLarge(String),
    #[error("The minimum of the price “{0}” is above its maximum.")]
    MinimumAboveMaximum(String),
    #[error("A quantity must not be negative.")]
    NegativeQuantity,
    #[error("The price “{price}” is not offered in {currency}.")]
    NotInCurrency { price: String, currency: Currency },
    #[error("The price “{price}” cannot be converted: there is no exchange rate from {from} to {to} on or before {on}.")]
    NoExchangeRate { price: String, from: Currency, to: Currency, on: NaiveDate },
    #[error("The exchange rate from {from} to {to} must be above zero.")]
    ExchangeRateNotPositive { from: Currency, to: Currency },
    #[error("The exchange rate from {from} to {to} is too large or too fine: at most 15 digits before the point and 12 after.")]
    ExchangeRateTooLarge { from: Currency, to: Currency },
    #[error(transparent)]
    Money(#[from] MoneyError),
}

type Result<T> = std::result::Result<T, PriceError>;

/// One amount rule of a plan or add-on, in one currency.
///
/// With a meter it is charged in arrears on a period's usage, without one in advance on the subscription's quantity.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Price {
    /// Stable within its plan or add-on.
    pub key: String,
    pub name: String,
    pub model: Model,
    /// Units that come off first, before tiers and packages.
    #[serde(default)]
    pub included: Decimal,
    /// Lower bound of the price's amount for a full period, in minor units; the missing part is a line of its own.
    #[serde(default)]
    pub minimum: Option<i64>,
    /// Upper bound of the price's amount for a full period, in minor units.
    #[serde(default)]
    pub maximum: Option<i64>,
    pub currency: Currency,
    /// Whether a customer in another currency may be charged at a stored, dated rate.
    #[serde(default)]
    pub convert: bool,
    #[serde(default)]
    pub meter: Option<MeterRef>,
}

/// The meter a price reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MeterRef {
    pub key: String,
    pub aggregate: Aggregate,
}

/// How units become money. Unit, package and tier amounts are decimals of minor units.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "model", rename_all = "snake_case")]
pub enum Model {
    /// One amount for the period, whatever the quantity; metered, only in a period with usage.
    Flat {
        amount_minor: i64,
    },
    PerUnit {
        unit_amount: Decimal,
    },
    /// Each tier rates the units inside it.
    Graduated {
        tiers: Vec<Tier>,
    },
    /// All units at the rate of the tier the total falls in.
    Volume {
        tiers: Vec<Tier>,
    },
    /// Started packages × amount.
    Package {
        size: Decimal,
        amount: Decimal,
    },
}

/// A stretch of units, from the tier before (exclusive) to `up_to` (inclusive, open when absent).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tier {
    pub up_to: Option<Decimal>,
    pub unit_amount: Decimal,
    /// Charged when at least one unit falls in the tier.
    #[serde(default)]
    pub flat_amount: Decimal,
}

impl Model {
    pub fn name(&self) -> ModelName {
        match self {
            Self::Flat { .. } => ModelName::Flat,
            Self::PerUnit { .. } => ModelName::PerUnit,
            Self::Graduated { .. } => ModelName::Graduated,
            Self::Volume { .. } => ModelName::Volume,
            Self::Package { .. } => ModelName::Package,
        }
    }
}

/// What a quantity costs before rounding, in minor units of the document's currency.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rated {
    pub exact: Ratio,
    /// What is missing to the minimum, if anything.
    pub minimum_top_up: Option<Ratio>,
    /// Whether there were any units. Without them there is no line, except a minimum's.
    pub has_units: bool,
    pub explain: Explain,
}

impl Price {
    /// Whether the price makes sense by itself. Vendors hear about it when they save, not when they bill.
    pub fn check(&self) -> Result<()> {
        let key = || self.key.clone();
        let (amounts, size): (Vec<Decimal>, Option<Decimal>) = match &self.model {
            Model::Flat { amount_minor } => (vec![Decimal::from(*amount_minor)], None),
            Model::PerUnit { unit_amount } => (vec![*unit_amount], None),
            Model::Graduated { tiers } | Model::Volume { tiers } => {
                check_tiers(&self.key, tiers)?;
                let amounts = tiers.iter().flat_map(|tier| [tier.unit_amount, tier.flat_amount]);
                (amounts.chain(tiers.iter().filter_map(|tier| tier.up_to)).collect(), None)
            }
            Model::Package { size, amount } => (vec![*size, *amount], Some(*size)),
        };
        let bounds = [self.minimum, self.maximum].into_iter().flatten().map(Decimal::from);
        for amount in amounts.into_iter().chain([self.included]).chain(bounds) {
            if amount < Decimal::ZERO {
                return Err(PriceError::Negative(key()));
            }
            if is_out_of_bounds(amount) {
                return Err(PriceError::TooLarge(key()));
            }
        }
        if size.is_some_and(|size| size.is_zero()) {
            return Err(PriceError::EmptyPackage(key()));
        }
        if let (Some(minimum), Some(maximum)) = (self.minimum, self.maximum)
            && minimum > maximum
        {
            return Err(PriceError::MinimumAboveMaximum(key()));
        }
        Ok(())
    }

    pub fn is_metered(&self) -> bool {
        self.meter.is_some()
    }

    /// Whether two prices charge alike: everything but their names and keys.
    pub fn charges_like(&self, other: &Self) -> bool {
        let unnamed = |price: &Self| Self { key: String::new(), name: String::new(), ..price.clone() };
        unnamed(self) == unnamed(other)
    }
}

fn check_tiers(key: &str, tiers: &[Tier]) -> Result<()> {
    let Some((last, closed)) = tiers.split_last() else { return Err(PriceError::NoTiers(key.to_owned())) };
    if last.up_to.is_some() || closed.iter().any(|tier| tier.up_to.is_none()) {
        return Err(PriceError::LastTierNotOpen(key.to_owned()));
    }
    let ends = [Decimal::ZERO].into_iter().chain(closed.iter().filter_map(|tier| tier.up_to)).collect::<Vec<_>>();
    if ends.windows(2).any(|pair| pair[0] >= pair[1]) {
        return Err(PriceError::TiersDoNotRise(key.to_owned()));
    }
    Ok(())
}

/// Amounts, bounds and exchange rates stay below 10^15 with 12 digits after the point, so that rating any sensible quantity fits exact sums.
const LARGEST_DIGITS: u32 = 15;
const FINEST_DIGITS: u32 = 12;

fn is_out_of_bounds(number: Decimal) -> bool {
    number >= Decimal::from(10_i64.pow(LARGEST_DIGITS)) || number.normalize().scale() > FINEST_DIGITS
}

impl ExchangeRate {
    /// Whether anything can be converted by it.
    pub fn check(&self) -> Result<()> {
        let ExchangeRate { from, to, rate, .. } = *self;
        match rate {
            rate if rate <= Decimal::ZERO => Err(PriceError::ExchangeRateNotPositive { from, to }),
            rate if is_out_of_bounds(rate) => Err(PriceError::ExchangeRateTooLarge { from, to }),
            _ => Ok(()),
        }
    }
}

/// The prices of a plan for a customer's currency: of each key the one in that currency, else one that may be converted. Whether
/// a rate exists shows on the day of the charge.
pub fn in_currency(prices: &[Price], currency: Currency) -> Result<Vec<Price>> {
    let mut chosen: Vec<Price> = Vec::new();
    for price in prices {
        if chosen.iter().any(|taken| taken.key == price.key) {
            continue;
        }
        let mut offered = prices.iter().filter(|other| other.key == price.key);
        let fit = offered.clone().find(|other| other.currency == currency).or_else(|| offered.find(|other| other.convert));
        let not_offered = || PriceError::NotInCurrency { price: price.key.clone(), currency };
        chosen.push(fit.ok_or_else(not_offered)?.clone());
    }
    Ok(chosen)
}

/// The latest rate on or before a day. Of two on one day the later given counts. Rates are never inverted or chained: a rate is
/// what somebody stored.
pub fn exchange_rate(rates: &[ExchangeRate], from: Currency, to: Currency, on: NaiveDate) -> Option<&ExchangeRate> {
    rates.iter().filter(|rate| rate.from == from && rate.to == to && rate.on <= on).max_by_key(|rate| rate.on)
}

/// The rate that a price is converted by into a document's currency on a day; none where it is in that currency already.
pub fn exchange<'a>(price: &Price, to: Currency, rates: &'a [ExchangeRate], on: NaiveDate) -> Result<Option<&'a ExchangeRate>> {
    let from = price.currency;
    if from == to {
        return Ok(None);
    }
    let name = || if price.name.is_empty() { price.key.clone() } else { price.name.clone() };
    if !price.convert {
        return Err(PriceError::NotInCurrency { price: name(), currency: to });
    }
    exchange_rate(rates, from, to, on).map(Some).ok_or_else(|| PriceError::NoExchangeRate { price: name(), from, to, on })
}

/// Rates a quantity for a part of a period (`Share::WHOLE` for all of it), in the currency of `exchange` if there is one.
///
/// What a part does depends on what is counted. A flow gets its share of every bound: included units, tier ends, flat amounts,
/// minimum and maximum; the size and amount of a package are no bounds and stay. A level, and a quantity charged in advance, is
/// rated in full and the amount multiplied by the share.
pub fn rate(price: &Price, quantity: Decimal, share: Share, exchange: Option<&ExchangeRate>) -> Result<Rated> {
    if quantity < Decimal::ZERO {
        return Err(PriceError::NegativeQuantity);
    }
    let share = share.exact()?;
    let is_flow = price.meter.as_ref().is_some_and(|meter| meter.aggregate.is_flow());
    let (bounds, amounts) = if is_flow { (share, Ratio::ONE) } else { (Ratio::ONE, share) };
    let to_document = amounts.mul(conversion(price, exchange)?)?;

    // A flat price charged in advance has no units to count or to include: it is due once.
    let (units, included) = match (&price.model, &price.meter) {
        (Model::Flat { .. }, None) => (Decimal::ONE, Ratio::ZERO),
        _ => (quantity, bounds.mul(price.included.into())?),
    };
    let billable = Ratio::from(units).sub(included)?.max(Ratio::ZERO);

    let mut explain = Explain {
        model: Some(price.model.name()),
        units: Some(units),
        included: Some(included).filter(|included| !included.is_zero()),
        exchange: exchange.cloned(),
        ..Explain::default()
    };
    let rated = if billable.is_zero() { Ratio::ZERO } else { by_model(price, billable, bounds, &mut explain)? };

    let scaled = |bound: Option<i64>| bound.map(|bound| bounds.mul(Ratio::whole(bound))).transpose();
    let (minimum, maximum) = (scaled(price.minimum)?, scaled(price.maximum)?);
    let capped = maximum.map_or(rated, |maximum| rated.min(maximum));
    let minimum_top_up = match minimum {
        Some(minimum) if minimum > capped => Some(minimum.sub(capped)?.mul(to_document)?).filter(|missing| !missing.is_zero()),
        _ => None,
    };
    if let Some(maximum) = maximum.filter(|_| capped < rated) {
        explain.bound = Some(Bound { kind: BoundKind::Maximum, amount: maximum.mul(to_document)? });
    } else if let (Some(minimum), Some(_)) = (minimum, minimum_top_up) {
        explain.bound = Some(Bound { kind: BoundKind::Minimum, amount: minimum.mul(to_document)? });
    }
    let exact = capped.mul(to_document)?;
    explain.exact = Some(exact);
    Ok(Rated { exact, minimum_top_up, has_units: units > Decimal::ZERO, explain })
}

/// Billable units to minor units of the price's own currency. `bounds` scales tier ends and flat amounts.
fn by_model(price: &Price, billable: Ratio, bounds: Ratio, explain: &mut Explain) -> Result<Ratio> {
    match &price.model {
        Model::Flat { amount_minor } => Ok(bounds.mul(Ratio::whole(*amount_minor))?),
        Model::PerUnit { unit_amount } => {
            explain.unit_amount = Some(*unit_amount);
            Ok(billable.mul((*unit_amount).into())?)
        }
        Model::Graduated { tiers } => {
            let (mut amount, mut below) = (Ratio::ZERO, Ratio::ZERO);
            for tier in tiers {
                let up_to = scaled_end(tier, bounds)?;
                let reached = up_to.map_or(billable, |up_to| billable.min(up_to));
                if reached > below {
                    let part = tier_part(tier, below, up_to, reached.sub(below)?, bounds)?;
                    amount = amount.add(part.amount)?;
                    explain.tiers.push(part);
                    below = reached;
                }
            }
            if below < billable {
                return Err(PriceError::LastTierNotOpen(price.key.clone()));
            }
            Ok(amount)
        }
        Model::Volume { tiers } => {
            let mut below = Ratio::ZERO;
            for tier in tiers {
                let up_to = scaled_end(tier, bounds)?;
                match up_to {
                    Some(end) if billable > end => below = end,
                    _ => {
                        let part = tier_part(tier, below, up_to, billable, bounds)?;
                        let amount = part.amount;
                        explain.tiers.push(part);
                        return Ok(amount);
                    }
                }
            }
            Err(PriceError::LastTierNotOpen(price.key.clone()))
        }
        Model::Package { size, amount } => {
            if size.is_zero() {
                return Err(PriceError::EmptyPackage(price.key.clone()));
            }
            let started = Ratio::new(billable.div((*size).into())?.ceil(), 1)?;
            explain.packages = Some(Packages { size: *size, started, amount: *amount });
            Ok(started.mul((*amount).into())?)
        }
    }
}

fn scaled_end(tier: &Tier, bounds: Ratio) -> Result<Option<Ratio>> {
    Ok(tier.up_to.map(|up_to| bounds.mul(up_to.into())).transpose()?)
}

fn tier_part(tier: &Tier, from: Ratio, up_to: Option<Ratio>, units: Ratio, bounds: Ratio) -> Result<TierPart> {
    let flat_amount = bounds.mul(tier.flat_amount.into())?;
    let amount = units.mul(tier.unit_amount.into())?.add(flat_amount)?;
    Ok(TierPart { from, up_to, units, unit_amount: tier.unit_amount, flat_amount, amount })
}

/// Minor units of the document's currency for one minor unit of the price's. Rates are between major units: 1 EUR = 382.5 HUF.
fn conversion(price: &Price, exchange: Option<&ExchangeRate>) -> Result<Ratio> {
    let Some(exchange) = exchange else { return Ok(Ratio::ONE) };
    if exchange.from != price.currency {
        return Err(PriceError::NotInCurrency { price: price.key.clone(), currency: exchange.to });
    }
    if exchange.rate <= Decimal::ZERO {
        return Err(PriceError::ExchangeRateNotPositive { from: exchange.from, to: exchange.to });
    }
    let minor_units = |currency: Currency| Ratio::new(10_i128.pow(currency.exponent()), 1);
    Ok(Ratio::from(exchange.rate).mul(minor_units(exchange.to)?.div(minor_units(exchange.from)?)?)?)
}

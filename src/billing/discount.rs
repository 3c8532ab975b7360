//! Coupons: what they take off, from which lines, in what order, and for how long.
//!
//! What deliberately does not live here: who may redeem a coupon and how often (the promotion's record counts that).

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::{
    Result,
    calendar::{Instant, Zone, add_calendar_months, zone_name},
    invoice::Line,
    money::{self, Currency, Ratio, Rounding},
    taken_back::TakenBack,
};

/// Why a coupon is none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum DiscountError {
    #[error("The coupon “{0}” must take off more than 0 and at most 100 percent.")]
    Percent(String),
    #[error("The coupon “{0}” must take off an amount above zero.")]
    Amount(String),
    #[error("The coupon “{0}” must last at least one month.")]
    NoMonths(String),
    #[error("The coupon “{coupon}” is worth {coupon_currency} and cannot be used on a document in {currency}.")]
    Currency { coupon: String, coupon_currency: Currency, currency: Currency },
}

/// A promotion: what it takes off, and for how long.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Coupon {
    pub key: String,
    pub off: Off,
    pub duration: Duration,
}

/// What a coupon takes off.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Off {
    /// 0 < percent ≤ 100.
    Percent(Decimal),
    Amount {
        amount_minor: i64,
        currency: Currency,
    },
}

/// How long a coupon takes it off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Duration {
    /// The first invoice with something to discount.
    Once,
    /// Every period that starts before the first discounted period's start plus so many calendar months.
    Repeating {
        months: u32,
    },
    Forever,
}

impl Coupon {
    /// Whether the coupon can be used on documents in a currency: an amount only in its own.
    pub fn check_currency(&self, currency: Currency) -> Result<()> {
        match &self.off {
            Off::Amount { currency: own, .. } if *own != currency => {
                Err(DiscountError::Currency { coupon: self.key.clone(), coupon_currency: *own, currency }.into())
            }
            Off::Percent(_) | Off::Amount { .. } => Ok(()),
        }
    }

    pub fn check(&self) -> Result<()> {
        let key = || self.key.clone();
        match &self.off {
            Off::Percent(percent) if *percent <= Decimal::ZERO || *percent > Decimal::ONE_HUNDRED => {
                return Err(DiscountError::Percent(key()).into());
            }
            Off::Amount { amount_minor, .. } if *amount_minor <= 0 => return Err(DiscountError::Amount(key()).into()),
            Off::Percent(_) | Off::Amount { .. } => {}
        }
        match self.duration {
            Duration::Repeating { months: 0 } => Err(DiscountError::NoMonths(key()).into()),
            Duration::Once | Duration::Repeating { .. } | Duration::Forever => Ok(()),
        }
    }
}

/// A coupon redeemed by a subscription, and what has become of it so far.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Discount {
    pub subscription: String,
    pub coupon: Coupon,
    /// The subscription's frozen billing zone, whose months `repeating` counts.
    #[serde(with = "zone_name")]
    pub zone: Zone,
    /// The start of the first period it discounted; none until then. Kept from [`AppliedDiscount::first_period_start`].
    pub first_period_start: Option<Instant>,
}

/// What a coupon took off one document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AppliedDiscount {
    pub subscription: String,
    pub coupon: String,
    pub amount_minor: i64,
    /// To be kept on the [`Discount`] before the next document: it makes `once` spent and starts `repeating`.
    pub first_period_start: Option<Instant>,
}

impl Discount {
    /// Whether the coupon is used up by its first document.
    pub fn is_once(&self) -> bool {
        self.coupon.duration == Duration::Once
    }

    /// Where the coupon's reach ends: the first start of a period that it no longer discounts.
    pub fn reach_ends_at(&self, first_period_start: Instant) -> Result<Option<Instant>> {
        match self.coupon.duration {
            Duration::Once | Duration::Forever => Ok(None),
            Duration::Repeating { months } => Ok(Some(add_calendar_months(first_period_start, months, self.zone)?)),
        }
    }

    /// The lines it reaches that still have something to discount, and the start of the first period it ever discounted.
    fn reach(&self, lines: &[Line], taken_back: &TakenBack) -> Result<(Vec<usize>, Option<Instant>)> {
        if self.is_once() && self.first_period_start.is_some() {
            return Ok((Vec::new(), self.first_period_start));
        }
        let mut reached = Vec::new();
        for (index, line) in lines.iter().enumerate() {
            let is_own = line.subscription.as_ref() == Some(&self.subscription);
            if is_own && line.is_discountable() && line.net_minor()? > 0 && taken_back.stands(lines, index) {
                reached.push(index);
            }
        }
        let starts = reached.iter().filter_map(|index| lines.get(*index)).filter_map(period_start);
        let first = self.first_period_start.or(starts.min());
        if let Some(end) = first.map(|first| self.reach_ends_at(first)).transpose()?.flatten() {
            reached.retain(|index| lines.get(*index).and_then(period_start).is_none_or(|start| start < end));
        }
        Ok((reached, first))
    }
}

fn period_start(line: &Line) -> Option<Instant> {
    line.period.map(|period| period.start).or(line.from)
}

/// Fills in the lines' discounts: percents first, in the order given, each on what is left; then amounts; never below zero.
///
/// One rounding (half up) a coupon and document, spread over the lines it reaches by largest remainder: a percent that several
/// subscriptions of the document redeemed is taken of all their lines together, where the first of them has it. An amount is each
/// subscription's own. What the document itself takes back whole has nothing to discount.
pub fn apply(lines: &mut [Line], taken_back: &TakenBack, discounts: &[Discount], currency: Currency) -> Result<Vec<AppliedDiscount>> {
    let mut applied = Vec::new();
    for together in in_order(discounts) {
        let mut reached = Vec::new();
        for discount in &together {
            let (indices, first_period_start) = discount.reach(lines, taken_back)?;
            if indices.is_empty() {
                continue;
            }
            discount.coupon.check_currency(currency)?;
            reached.extend(indices);
            applied.push(AppliedDiscount {
                subscription: discount.subscription.clone(),
                coupon: discount.coupon.key.clone(),
                amount_minor: 0,
                first_period_start,
            });
        }
        let Some(coupon) = together.first().map(|discount| &discount.coupon) else { continue };
        let left = reached.iter().filter_map(|index| lines.get(*index)).map(Line::net_minor).collect::<Result<Vec<_>>>()?;
        let whole = money::sum(left.iter().copied())?;
        let amount_minor = match &coupon.off {
            Off::Percent(percent) => {
                let share = Ratio::from(*percent).div(Ratio::whole(100))?.min(Ratio::ONE);
                Ratio::whole(whole).mul(share)?.round(Rounding::HalfUp)?
            }
            Off::Amount { amount_minor, .. } => whole.min(*amount_minor),
        };
        for (index, share) in reached.iter().zip(money::spread(amount_minor, &left)?) {
            let Some(line) = lines.get_mut(*index) else { continue };
            line.discount_minor = money::add(line.discount_minor, share)?;
            let of_it = |applied: &&mut AppliedDiscount| applied.coupon == coupon.key && line.subscription.as_ref() == Some(&applied.subscription);
            if let Some(applied) = applied.iter_mut().find(of_it) {
                applied.amount_minor = money::add(applied.amount_minor, share)?;
            }
        }
    }
    Ok(applied)
}

/// Discounts in the order they apply: those that are worked out together stand together.
fn in_order(discounts: &[Discount]) -> Vec<Vec<&Discount>> {
    let (percents, amounts): (Vec<&Discount>, Vec<&Discount>) = discounts.iter().partition(|discount| matches!(discount.coupon.off, Off::Percent(_)));
    let mut groups: Vec<Vec<&Discount>> = Vec::new();
    for percent in percents {
        match groups.iter_mut().find(|group| group.iter().all(|other| other.coupon == percent.coupon && other.subscription != percent.subscription)) {
            Some(group) => group.push(percent),
            None => groups.push(vec![percent]),
        }
    }
    groups.extend(amounts.into_iter().map(|amount| vec![amount]));
    groups
}

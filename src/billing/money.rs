//! Money and the exact arithmetic under it: currencies, rationals, the one way to round, and the one way to share a sum out.
//!
//! Amounts of money are `i64` in minor units (cents, fils, whole yen) and always carry their currency beside them. Everything
//! between a price and a line is a [`Ratio`]: exact, checked, never a float. A line is rounded once, by [`Ratio::round`].
//!
//! What deliberately does not live here: how an amount looks (digits, symbols and separators belong to the pages) and what a
//! gateway calls a minor unit (that belongs to the gateway).

use std::{cmp::Ordering, fmt, str::FromStr};

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Why a sum could not be done. Billing stops rather than guess.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum MoneyError {
    #[error("The amounts are too large to calculate with.")]
    Overflow,
    #[error("A share of nothing was asked for: the divisor is zero.")]
    DivisionByZero,
    #[error("There is nothing to spread the amount over.")]
    NothingToSpreadOver,
    #[error("“{0}” is not an ISO 4217 currency that amounts can be billed in.")]
    UnknownCurrency(String),
    #[error("“{0}” is not a fraction.")]
    NotAFraction(String),
}

type Result<T> = std::result::Result<T, MoneyError>;

/// An ISO 4217 currency with a known number of minor units. Precious metals and test codes, which have none, are refused.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Currency(iso_currency::Currency);

impl Currency {
    pub fn from_code(code: &str) -> Result<Self> {
        iso_currency::Currency::from_code(code)
            .filter(|currency| currency.exponent().is_some())
            .map(Self)
            .ok_or_else(|| MoneyError::UnknownCurrency(code.to_owned()))
    }

    pub fn code(self) -> &'static str {
        self.0.code()
    }

    /// How many decimal digits of the major unit one minor unit is: EUR 2, JPY 0, BHD 3, HUF 2.
    pub fn exponent(self) -> u32 {
        // `from_code` admits only currencies that have one.
        self.0.exponent().map_or(0, u32::from)
    }

    /// The smallest amount that can be paid, in minor units. Forints are kept with two digits but paid whole.
    pub fn payable_unit_minor(self) -> i64 {
        match self.0 {
            iso_currency::Currency::HUF => 100,
            _ => 1,
        }
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl FromStr for Currency {
    type Err = MoneyError;
    fn from_str(code: &str) -> Result<Self> {
        Self::from_code(code)
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let code = String::deserialize(deserializer)?;
        Self::from_code(&code).map_err(de::Error::custom)
    }
}

/// How an exact amount becomes minor units. Both are symmetric about zero, so a credit mirrors its charge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rounding {
    /// To the nearest; a tie goes away from zero.
    #[default]
    HalfUp,
    /// To the nearest; a tie goes to the even neighbour.
    HalfEven,
}

/// An exact fraction in lowest terms over checked 128-bit integers.
///
/// Invariants: the denominator is positive; numerator and denominator share no divisor; the numerator is never `i128::MIN`,
/// so that negating is always possible. Read and written as `"17/31"`, or `"5"` when whole.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ratio {
    numer: i128,
    denom: i128,
}

#[expect(clippy::should_implement_trait, reason = "these can fail, which the operators promise they cannot")]
impl Ratio {
    pub const ZERO: Self = Self { numer: 0, denom: 1 };
    pub const ONE: Self = Self { numer: 1, denom: 1 };

    pub fn new(numer: i128, denom: i128) -> Result<Self> {
        if denom == 0 {
            return Err(MoneyError::DivisionByZero);
        }
        if numer == i128::MIN || denom == i128::MIN {
            return Err(MoneyError::Overflow);
        }
        let divisor = gcd(numer, denom);
        let sign = denom.signum();
        Ok(Self { numer: sign * (numer / divisor), denom: (denom / divisor).abs() })
    }

    pub fn whole(value: i64) -> Self {
        Self { numer: i128::from(value), denom: 1 }
    }

    pub fn numer(self) -> i128 {
        self.numer
    }

    pub fn denom(self) -> i128 {
        self.denom
    }

    pub fn is_zero(self) -> bool {
        self.numer == 0
    }

    pub fn is_negative(self) -> bool {
        self.numer < 0
    }

    pub fn add(self, other: Self) -> Result<Self> {
        // Over the least common denominator, so that sums of like fractions stay small.
        let divisor = gcd(self.denom, other.denom);
        let left = product(self.numer, other.denom / divisor)?;
        let right = product(other.numer, self.denom / divisor)?;
        let denom = product(self.denom / divisor, other.denom)?;
        Self::new(left.checked_add(right).ok_or(MoneyError::Overflow)?, denom)
    }

    pub fn sub(self, other: Self) -> Result<Self> {
        self.add(other.neg())
    }

    pub fn mul(self, other: Self) -> Result<Self> {
        // Cancelled crosswise first: the product is in lowest terms already and overflows as late as it can.
        let (a, b) = (gcd(self.numer, other.denom), gcd(other.numer, self.denom));
        Self::new(product(self.numer / a, other.numer / b)?, product(self.denom / b, other.denom / a)?)
    }

    pub fn div(self, other: Self) -> Result<Self> {
        self.mul(Self::new(other.denom, other.numer)?)
    }

    pub fn neg(self) -> Self {
        Self { numer: -self.numer, denom: self.denom }
    }

    pub fn abs(self) -> Self {
        Self { numer: self.numer.abs(), denom: self.denom }
    }

    /// The largest whole number not above.
    pub fn floor(self) -> i128 {
        self.numer.div_euclid(self.denom)
    }

    /// The smallest whole number not below: how many packages have been started.
    pub fn ceil(self) -> i128 {
        -((-self.numer).div_euclid(self.denom))
    }

    /// The one rounding a line gets.
    pub fn round(self, rounding: Rounding) -> Result<i64> {
        let (whole, rest) = (self.numer.abs() / self.denom, self.numer.abs() % self.denom);
        // rest ÷ denom against one half, without doubling (which could overflow).
        let up = match (rest.cmp(&(self.denom - rest)), rounding) {
            (Ordering::Greater, _) | (Ordering::Equal, Rounding::HalfUp) => true,
            (Ordering::Equal, Rounding::HalfEven) => whole % 2 == 1,
            (Ordering::Less, _) => false,
        };
        let magnitude = whole.checked_add(i128::from(up)).ok_or(MoneyError::Overflow)?;
        i64::try_from(self.numer.signum() * magnitude).map_err(|_| MoneyError::Overflow)
    }
}

/// Unit prices, quantities and percents come as decimals; every decimal is a fraction, exactly.
impl From<Decimal> for Ratio {
    fn from(value: Decimal) -> Self {
        // A decimal's mantissa has 96 bits and its scale is at most 28, so neither part can overflow.
        let denom = 10_i128.pow(value.scale());
        let divisor = gcd(value.mantissa(), denom);
        Self { numer: value.mantissa() / divisor, denom: denom / divisor }
    }
}

impl Ord for Ratio {
    /// Compares whole parts, then the reciprocals of what is left: exact, and it cannot overflow.
    fn cmp(&self, other: &Self) -> Ordering {
        let (mut left, mut right, mut flipped) = (*self, *other, false);
        loop {
            let order = left.floor().cmp(&right.floor());
            let (left_rest, right_rest) = (left.numer.rem_euclid(left.denom), right.numer.rem_euclid(right.denom));
            let order = match (order, left_rest, right_rest) {
                (Ordering::Equal, 0, 0) => Ordering::Equal,
                (Ordering::Equal, 0, _) => Ordering::Less,
                (Ordering::Equal, _, 0) => Ordering::Greater,
                (Ordering::Equal, _, _) => {
                    left = Self { numer: left.denom, denom: left_rest };
                    right = Self { numer: right.denom, denom: right_rest };
                    flipped = !flipped;
                    continue;
                }
                (decided, _, _) => decided,
            };
            return if flipped { order.reverse() } else { order };
        }
    }
}

impl PartialOrd for Ratio {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Debug for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.denom {
            1 => write!(f, "{}", self.numer),
            denom => write!(f, "{}/{denom}", self.numer),
        }
    }
}

impl FromStr for Ratio {
    type Err = MoneyError;
    fn from_str(text: &str) -> Result<Self> {
        let unreadable = || MoneyError::NotAFraction(text.to_owned());
        let (numer, denom) = text.split_once('/').unwrap_or((text, "1"));
        Self::new(numer.parse().map_err(|_| unreadable())?, denom.parse().map_err(|_| unreadable())?)
    }
}

impl Serialize for Ratio {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Ratio {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// Shares `total` out in proportion to `weights` by largest remainder: the exact quotas, [rounded together](round_together). The shares sum to
/// `total` exactly, a zero weight gets nothing, and spreading `-total` mirrors spreading `total`.
pub fn spread(total: i64, weights: &[i64]) -> Result<Vec<i64>> {
    if total == 0 {
        return Ok(vec![0; weights.len()]);
    }
    let weights: Vec<Ratio> = weights.iter().copied().map(Ratio::whole).collect();
    let whole = sum_exact(&weights)?;
    if whole.is_zero() {
        return Err(MoneyError::NothingToSpreadOver);
    }
    let of_each = Ratio::whole(total).div(whole)?;
    round_together(&weights.into_iter().map(|weight| weight.mul(of_each)).collect::<Result<Vec<_>>>()?)
}

/// Rounds fractions so that they sum to their sum, rounded once (half up): each goes to a neighbour, down first, and the units left over go to
/// the largest remainders, the first of equals winning. What is whole stays as it is, and turning every sign turns every share.
pub fn round_together(parts: &[Ratio]) -> Result<Vec<i64>> {
    let sum = sum_exact(parts)?;
    // Where they cancel out, the first of them says which way is down.
    let is_turned = std::iter::once(&sum).chain(parts).find(|part| !part.is_zero()).is_some_and(|part| part.is_negative());
    let turn = |part: Ratio| if is_turned { part.neg() } else { part };
    let mut left = turn(sum).round(Rounding::HalfUp)?;
    let mut shares = Vec::with_capacity(parts.len());
    let mut remainders = Vec::with_capacity(parts.len());
    for (index, part) in parts.iter().map(|part| turn(*part)).enumerate() {
        let share = i64::try_from(part.floor()).map_err(|_| MoneyError::Overflow)?;
        remainders.push((part.sub(Ratio::whole(share))?, index));
        left = sub(left, share)?;
        shares.push(share);
    }
    // A stable sort: among equal remainders the first part comes first.
    remainders.sort_by(|(one, _), (other, _)| other.cmp(one));
    let left = usize::try_from(left).map_err(|_| MoneyError::Overflow)?;
    for (_, index) in remainders.iter().take(left) {
        if let Some(share) = shares.get_mut(*index) {
            *share = add(*share, 1)?;
        }
    }
    shares.into_iter().map(|share| if is_turned { neg(share) } else { Ok(share) }).collect()
}

fn sum_exact(parts: &[Ratio]) -> Result<Ratio> {
    parts.iter().try_fold(Ratio::ZERO, |sum, part| sum.add(*part))
}

/// The nearest amount that can be paid, half up.
pub fn to_payable(exact: Ratio, currency: Currency) -> Result<i64> {
    let unit = currency.payable_unit_minor();
    exact.div(Ratio::whole(unit))?.round(Rounding::HalfUp)?.checked_mul(unit).ok_or(MoneyError::Overflow)
}

/// Checked addition of two amounts in the same currency.
pub fn add(one: i64, other: i64) -> Result<i64> {
    one.checked_add(other).ok_or(MoneyError::Overflow)
}

/// Checked subtraction of two amounts in the same currency.
pub fn sub(from: i64, what: i64) -> Result<i64> {
    from.checked_sub(what).ok_or(MoneyError::Overflow)
}

/// Checked change of sign.
pub fn neg(amount: i64) -> Result<i64> {
    amount.checked_neg().ok_or(MoneyError::Overflow)
}

/// Checked sum of amounts in the same currency.
pub fn sum(amounts: impl IntoIterator<Item = i64>) -> Result<i64> {
    amounts.into_iter().try_fold(0, add)
}

fn product(one: i128, other: i128) -> Result<i128> {
    one.checked_mul(other).ok_or(MoneyError::Overflow)
}

/// Positive, and 1 for two zeros, so that dividing by it is always allowed. Neither argument is ever `i128::MIN`.
fn gcd(one: i128, other: i128) -> i128 {
    let (mut a, mut b) = (one.abs(), other.abs());
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a.max(1)
}

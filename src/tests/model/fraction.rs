//! Exact numbers. Everything is a fraction until a line is rounded.

use std::cmp::Ordering;
use std::ops::{Add, Mul, Neg, Sub};

use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// In lowest terms, the denominator above zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fraction {
    pub n: i128,
    pub d: i128,
}

/// A whole number of anything.
pub fn whole(n: i128) -> Fraction {
    Fraction { n, d: 1 }
}

pub const ZERO: Fraction = Fraction { n: 0, d: 1 };
pub const ONE: Fraction = Fraction { n: 1, d: 1 };

/// A ratio; of nothing to nothing it is nothing.
pub fn ratio(n: i128, d: i128) -> Fraction {
    if d == 0 {
        return ZERO;
    }
    if d == 1 {
        return whole(n);
    }
    let common = gcd(n.abs(), d.abs()).max(1) * d.signum();
    Fraction { n: n / common, d: d / common }
}

fn gcd(a: i128, b: i128) -> i128 {
    match (u64::try_from(a), u64::try_from(b)) {
        // What processors divide at once.
        (Ok(mut a), Ok(mut b)) => {
            while b != 0 {
                (a, b) = (b, a % b);
            }
            i128::from(a)
        }
        _ if b == 0 => a,
        _ => gcd(b, a % b),
    }
}

fn times(a: i128, b: i128) -> i128 {
    a.checked_mul(b).expect("the story’s numbers fit the model’s")
}

impl Fraction {
    /// Of plain decimal digits, `-12.5`.
    pub fn parse(text: &str) -> Option<Fraction> {
        let (whole_part, decimals) = text.split_once('.').unwrap_or((text, ""));
        let n: i128 = format!("{whole_part}{decimals}").parse().ok()?;
        Some(ratio(n, 10_i128.pow(u32::try_from(decimals.len()).ok()?)))
    }

    pub fn over(self, other: Fraction) -> Fraction {
        ratio(times(self.n, other.d), times(self.d, other.n))
    }

    /// The next whole number at or above.
    pub fn ceiling(self) -> i128 {
        -((-self.n).div_euclid(self.d))
    }

    /// “half up (away from zero)”
    pub fn half_up(self) -> i128 {
        let (size, sign) = (self.n.abs(), self.n.signum());
        sign * ((2 * size + self.d) / (2 * self.d))
    }

    pub fn half_even(self) -> i128 {
        let (size, sign) = (self.n.abs(), self.n.signum());
        let (below, rest) = (size / self.d, size % self.d);
        let up = match (2 * rest).cmp(&self.d) {
            Ordering::Less => false,
            Ordering::Greater => true,
            Ordering::Equal => below % 2 == 1,
        };
        sign * (below + i128::from(up))
    }

    /// As a decimal without zeros that say nothing.
    pub fn decimal(self) -> String {
        let (mut places, mut scaled) = (0, self);
        while scaled.d != 1 && places < 28 {
            scaled = scaled * whole(10);
            places += 1;
        }
        if places == 0 {
            return self.n.to_string();
        }
        let digits = format!("{:0>1$}", scaled.n.abs(), places + 1);
        let (before, after) = digits.split_at(digits.len() - places);
        format!("{}{before}.{after}", if self.n < 0 { "-" } else { "" })
    }
}

impl Add for Fraction {
    type Output = Fraction;
    fn add(self, other: Fraction) -> Fraction {
        let common = gcd(self.d, other.d);
        ratio(times(self.n, other.d / common) + times(other.n, self.d / common), times(self.d, other.d / common))
    }
}

impl Neg for Fraction {
    type Output = Fraction;
    fn neg(self) -> Fraction {
        Fraction { n: -self.n, d: self.d }
    }
}

impl Sub for Fraction {
    type Output = Fraction;
    fn sub(self, other: Fraction) -> Fraction {
        self + -other
    }
}

impl Mul for Fraction {
    type Output = Fraction;
    fn mul(self, other: Fraction) -> Fraction {
        let (one, two) = (ratio(self.n, other.d), ratio(other.n, self.d));
        ratio(times(one.n, two.n), times(one.d, two.d))
    }
}

impl Ord for Fraction {
    fn cmp(&self, other: &Fraction) -> Ordering {
        (*self - *other).n.cmp(&0)
    }
}

impl PartialOrd for Fraction {
    fn partial_cmp(&self, other: &Fraction) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<'de> Deserialize<'de> for Fraction {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Fraction, D::Error> {
        let value = Value::deserialize(from)?;
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        Fraction::parse(&text).ok_or_else(|| serde::de::Error::custom(format!("{value} is not a decimal")))
    }
}

/// Parts of a whole amount in proportion to their weights, “by largest remainder”.
pub fn spread(amount: i128, weights: &[i128]) -> Vec<i128> {
    let sum: i128 = weights.iter().sum();
    if sum == 0 {
        return weights.iter().map(|_| 0).collect();
    }
    let exact: Vec<Fraction> = weights.iter().map(|weight| ratio(times(amount, *weight), sum)).collect();
    rounded_together(&exact)
}

/// Whole parts of what exact parts come to together, rounded half up: each rounded down, and what is left one by one to those that lost most,
/// the first of equals first. Of a debt all of it is done as of the credit it would be.
pub fn rounded_together(exact: &[Fraction]) -> Vec<i128> {
    let sum = exact.iter().fold(whole(0), |sum, part| sum + *part);
    let debt = std::iter::once(&sum).chain(exact).find(|part| **part != whole(0)).is_some_and(|first| *first < whole(0));
    let exact: Vec<Fraction> = exact.iter().map(|part| if debt { -*part } else { *part }).collect();
    let mut parts: Vec<i128> = exact.iter().map(|part| part.n.div_euclid(part.d)).collect();
    let mut order: Vec<usize> = (0..exact.len()).collect();
    order.sort_by_key(|i| std::cmp::Reverse(exact[*i] - whole(parts[*i])));
    let together = if debt { -sum } else { sum }.half_up();
    let left = together - parts.iter().sum::<i128>();
    for i in order.into_iter().take(usize::try_from(left).unwrap_or(0)) {
        parts[i] += 1;
    }
    parts.into_iter().map(|part| if debt { -part } else { part }).collect()
}

//! What the laws are tried on: prices, terms and amounts at random, and how many cases.

use billing::{
    calendar::{By, Instant},
    money::Rounding,
    price::{Model, Price, Tier},
    subscription::Terms,
    usage::Aggregate,
};
use proptest::prelude::*;
use proptest::test_runner::{FailurePersistence, FileFailurePersistence};
use rust_decimal::Decimal;

use crate::world::{at, flat, of, plan, price};

/// How many cases a law is tried on: all laws together take about a minute. `PROPTEST_CASES` asks for another number.
const CASES: u32 = 12_000;

/// A case that breaks a law is printed, made small, and kept beside the laws: every later run tries it first, until whoever mends it
/// commits the file with the mending.
pub fn cases() -> ProptestConfig {
    let config = ProptestConfig::default();
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() { config.cases } else { CASES };
    let failure_persistence: Option<Box<dyn FailurePersistence>> = Some(Box::new(FileFailurePersistence::Direct("tests/broken_laws.txt")));
    // What a law is not about may be as frequent as what it is about.
    ProptestConfig { cases, failure_persistence, max_global_rejects: 4 * cases, ..config }
}

/// Second `n` of 2024 and 2025.
pub fn second(n: i64) -> Instant {
    at("2024-01-01") + chrono::Duration::seconds(n)
}

pub fn a_rounding() -> impl Strategy<Value = Rounding> {
    prop_oneof![Just(Rounding::HalfUp), Just(Rounding::HalfEven)]
}

pub fn a_by() -> impl Strategy<Value = By> {
    prop_oneof![Just(By::Second), Just(By::Day)]
}

pub fn a_decimal(max: i64, scale: u32) -> impl Strategy<Value = Decimal> {
    (0..=max, 0..=scale).prop_map(|(mantissa, scale)| Decimal::new(mantissa, scale))
}

pub fn some_tiers() -> impl Strategy<Value = Vec<Tier>> {
    let tier = (1_i64..500, a_decimal(10_000, 4), a_decimal(5_000, 0));
    proptest::collection::vec(tier, 1..5).prop_map(|steps| {
        let last = steps.len() - 1;
        let mut end = 0;
        let tier = |(index, (step, unit_amount, flat_amount)): (usize, (i64, Decimal, Decimal))| {
            end += step;
            Tier { up_to: (index != last).then(|| Decimal::from(end)), unit_amount, flat_amount }
        };
        steps.into_iter().enumerate().map(tier).collect()
    })
}

pub fn a_model() -> impl Strategy<Value = Model> {
    prop_oneof![
        (0_i64..1_000_000).prop_map(|amount_minor| Model::Flat { amount_minor }),
        a_decimal(100_000, 6).prop_map(|unit_amount| Model::PerUnit { unit_amount }),
        some_tiers().prop_map(|tiers| Model::Graduated { tiers }),
        some_tiers().prop_map(|tiers| Model::Volume { tiers }),
        (1_i64..1000, a_decimal(100_000, 2)).prop_map(|(size, amount)| Model::Package { size: Decimal::from(size), amount }),
    ]
}

pub fn a_price() -> impl Strategy<Value = Price> {
    let bound = || proptest::option::of(0_i64..50_000);
    (a_model(), a_decimal(100, 1), bound(), bound()).prop_map(|(model, included, one, other)| {
        let (minimum, maximum) = match (one, other) {
            (Some(one), Some(other)) => (Some(one.min(other)), Some(one.max(other))),
            bounds => bounds,
        };
        Price { included, minimum, maximum, ..price("p", model) }
    })
}

pub fn an_aggregate() -> impl Strategy<Value = Aggregate> {
    prop_oneof![Just(Aggregate::Sum), Just(Aggregate::Max), Just(Aggregate::Last), Just(Aggregate::Count), Just(Aggregate::Unique)]
}

/// Terms with a flat fee, seats and a minimum, odd in every amount.
pub fn some_terms(key: &'static str) -> impl Strategy<Value = Terms> {
    let minimum = proptest::option::of(0_i64..20_000);
    (0_i64..100_000, a_decimal(100_000, 3), 0_i64..20, minimum).prop_map(move |(fee, seat, quantity, minimum)| {
        let seats = Price { minimum, ..price("seats", Model::PerUnit { unit_amount: seat }) };
        of(quantity, plan(key, vec![flat("base", fee), seats]))
    })
}

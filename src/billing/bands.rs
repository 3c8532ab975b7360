//! What the next unit costs: a metered price seen from the quantity's side, for charts and for the sentence "10,000, then 0.5 ct each".
//!
//! What deliberately does not live here: amounts. They come from [`crate::price::rate`] alone; bands only say where it bends.

use rust_decimal::Decimal;

use crate::calendar::Share;
use crate::money::{MoneyError, Ratio};
use crate::price::{Model, Price, Tier};

/// A stretch of quantities with one price of each. Quantities are counted from the first unit, included ones too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Band {
    /// Exclusive.
    pub from: Ratio,
    /// Inclusive; open at the end.
    pub up_to: Option<Ratio>,
    /// Minor units for one unit; zero where it is included. For a volume price, each of all units once the total falls in here.
    pub unit_amount: Decimal,
    /// Charged once, when the first unit falls in here.
    pub flat_amount: Decimal,
}

impl Band {
    pub fn is_free(&self) -> bool {
        self.unit_amount.is_zero() && self.flat_amount.is_zero()
    }
}

/// The bands of a price for a part of a period, lowest first. A flat or package price has none beyond its included units: no unit has a
/// price of its own there.
pub fn bands(price: &Price, share: Share) -> Result<Vec<Band>, MoneyError> {
    let is_flow = price.meter.as_ref().is_some_and(|meter| meter.aggregate.is_flow());
    let scale = if is_flow { share.exact()? } else { Ratio::ONE };
    let included = scale.mul(price.included.into())?;
    let mut bands = Vec::new();
    if !included.is_zero() {
        bands.push(Band { from: Ratio::ZERO, up_to: Some(included), unit_amount: Decimal::ZERO, flat_amount: Decimal::ZERO });
    }
    match &price.model {
        Model::Flat { .. } | Model::Package { .. } => {}
        Model::PerUnit { unit_amount } => bands.push(Band { from: included, up_to: None, unit_amount: *unit_amount, flat_amount: Decimal::ZERO }),
        Model::Graduated { tiers } | Model::Volume { tiers } => {
            let mut from = included;
            for Tier { up_to, unit_amount, flat_amount } in tiers {
                let end = up_to.map(|up_to| scale.mul(up_to.into())?.add(included)).transpose()?;
                bands.push(Band { from, up_to: end, unit_amount: *unit_amount, flat_amount: *flat_amount });
                if let Some(end) = end {
                    from = end;
                }
            }
        }
    }
    Ok(bands)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::By;
    use crate::money::Currency;
    use crate::price::MeterRef;
    use crate::usage::Aggregate;

    fn minutes(included: i64, model: Model, aggregate: Aggregate) -> Price {
        Price {
            key: "minutes".to_owned(),
            name: "Minutes".to_owned(),
            model,
            included: included.into(),
            minimum: None,
            maximum: None,
            currency: Currency::from_code("EUR").unwrap(),
            convert: false,
            meter: Some(MeterRef { key: "minutes".to_owned(), aggregate }),
        }
    }

    fn tiers() -> Vec<Tier> {
        [(Some(9_000), "0.8"), (None, "0.5")]
            .map(|(up_to, each)| Tier { up_to: up_to.map(Decimal::from), unit_amount: each.parse().unwrap(), flat_amount: Decimal::ZERO })
            .to_vec()
    }

    fn bounds(price: &Price, share: Share) -> Vec<(Ratio, Option<Ratio>, String)> {
        bands(price, share).unwrap().into_iter().map(|band| (band.from, band.up_to, band.unit_amount.to_string())).collect()
    }

    #[test]
    fn tiers_stand_on_the_included_units() {
        let n = Ratio::whole;
        let price = minutes(1_000, Model::Graduated { tiers: tiers() }, Aggregate::Sum);
        assert_eq!(
            bounds(&price, Share::WHOLE),
            [(n(0), Some(n(1_000)), "0".to_owned()), (n(1_000), Some(n(10_000)), "0.8".to_owned()), (n(10_000), None, "0.5".to_owned())]
        );
        let is_free = |band: &Band| (band.is_free(), Band { flat_amount: Decimal::ONE, ..*band }.is_free());
        assert_eq!(bands(&price, Share::WHOLE).unwrap().iter().map(is_free).collect::<Vec<_>>(), [(true, false), (false, false), (false, false)]);
    }

    #[test]
    fn a_part_of_a_period_narrows_the_bands_of_a_flow_and_leaves_those_of_a_level() {
        let n = Ratio::whole;
        let half = Share { n: 1, d: 2, by: By::Second };
        let flow = minutes(1_000, Model::Graduated { tiers: tiers() }, Aggregate::Sum);
        assert_eq!(bounds(&flow, half)[1], (n(500), Some(n(5_000)), "0.8".to_owned()));
        let level = minutes(1_000, Model::Graduated { tiers: tiers() }, Aggregate::Max);
        assert_eq!(bounds(&level, half)[1], (n(1_000), Some(n(10_000)), "0.8".to_owned()));
    }

    #[test]
    fn where_no_unit_has_a_price_there_are_only_included_ones() {
        let package = Model::Package { size: 100.into(), amount: 500.into() };
        assert_eq!(bands(&minutes(0, package.clone(), Aggregate::Sum), Share::WHOLE).unwrap(), []);
        assert_eq!(bands(&minutes(50, package, Aggregate::Sum), Share::WHOLE).unwrap().len(), 1);
    }
}

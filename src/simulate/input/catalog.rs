//! Plans, add-ons and their prices.

use billing::calendar::Interval;
use billing::price::{MeterRef, Model, Price, PriceError, Tier};
use billing::subscription::AddOnTerms;
use rust_decimal::Decimal;

use super::super::node::{Node, Object};
use super::{INTERVALS, LONGEST_INTERVAL, LONGEST_TRIAL_DAYS, Meter, Plan, Read, Vendor};

pub(super) fn plan(node: &Node<'_>, vendor: &Vendor, meters: &[Meter]) -> Read<Plan> {
    let it = node.object(&["id", "name", "interval", "interval_count", "trial_days", "prices"])?;
    let id = it.need("id")?.key()?.to_owned();
    Ok(Plan {
        name: name(&it, &id)?,
        id,
        interval: interval(&it)?,
        trial_days: it.get("trial_days").map_or(Ok(0), |node| node.between(0, LONGEST_TRIAL_DAYS))?,
        prices: prices(&it, vendor, meters)?,
    })
}

pub(super) fn add_on(node: &Node<'_>, vendor: &Vendor, meters: &[Meter]) -> Read<AddOnTerms> {
    let it = node.object(&["id", "name", "interval", "interval_count", "prices"])?;
    let key = it.need("id")?.key()?.to_owned();
    Ok(AddOnTerms { name: name(&it, &key)?, key, interval: interval(&it)?, prices: prices(&it, vendor, meters)?, quantity: Decimal::ONE })
}

fn name(it: &Object<'_>, id: &str) -> Read<String> {
    it.get("name").map_or(Ok(id.to_owned()), |node| node.text().map(str::to_owned))
}

fn interval(it: &Object<'_>) -> Read<Interval> {
    let unit = it.need("interval")?.word(&INTERVALS)?;
    let count = it.get("interval_count").map_or(Ok(1), |node| node.between(1, LONGEST_INTERVAL))?;
    Ok(Interval { unit, count })
}

/// A price may stand once for each currency.
fn prices(it: &Object<'_>, vendor: &Vendor, meters: &[Meter]) -> Read<Vec<Price>> {
    let mut prices: Vec<Price> = Vec::new();
    for node in it.need("prices")?.list()? {
        let price = price(&node, vendor, meters)?;
        if prices.iter().any(|other| other.key == price.key && other.currency == price.currency) {
            return Err(node.wrong(format!("“{}” is there already in {}", price.key, price.currency)));
        }
        if prices.iter().any(|other| other.key == price.key && other.meter != price.meter) {
            return Err(node.wrong(format!("“{}” reads another meter in another currency", price.key)));
        }
        prices.push(price);
    }
    Ok(prices)
}

/// The fields that only one model has.
const OF_MODELS: [(&str, &[&str]); 5] = [
    ("flat", &["amount"]),
    ("per_unit", &["unit_amount"]),
    ("graduated", &["tiers"]),
    ("volume", &["tiers"]),
    ("package", &["package_size", "package_amount"]),
];

fn price(node: &Node<'_>, vendor: &Vendor, meters: &[Meter]) -> Read<Price> {
    let it = node.object(&[
        "id",
        "model",
        "meter",
        "amount",
        "unit_amount",
        "tiers",
        "package_size",
        "package_amount",
        "included",
        "minimum",
        "maximum",
        "currency",
        "convert",
    ])?;
    let models: Vec<(&str, (&str, &[&str]))> = OF_MODELS.iter().map(|(model, fields)| (*model, (*model, *fields))).collect();
    let (model_name, own) = it.need("model")?.word(&models)?;
    for (_, fields) in OF_MODELS {
        for field in fields.iter().filter(|field| !own.contains(field)) {
            it.refuse(field, &format!("does not go with the model `{model_name}`"))?;
        }
    }
    let model = match model_name {
        "flat" => Model::Flat { amount_minor: it.need("amount")?.amount()? },
        "per_unit" => Model::PerUnit { unit_amount: it.need("unit_amount")?.decimal_not_negative()? },
        "graduated" => Model::Graduated { tiers: tiers(&it.need("tiers")?)? },
        "volume" => Model::Volume { tiers: tiers(&it.need("tiers")?)? },
        _ => {
            let size = it.need("package_size")?;
            if size.decimal_not_negative()?.is_zero() {
                return Err(size.wrong("must be above zero"));
            }
            Model::Package { size: size.decimal()?, amount: it.need("package_amount")?.decimal_not_negative()? }
        }
    };
    let meter = it.get("meter").map(|node| meter_ref(&node, meters)).transpose()?;
    let (minimum, maximum) = (it.get("minimum"), it.get("maximum"));
    let price = Price {
        key: it.need("id")?.key()?.to_owned(),
        name: String::new(),
        model,
        included: it.get("included").map_or(Ok(Decimal::ZERO), |node| node.decimal_not_negative())?,
        minimum: minimum.as_ref().map(Node::amount).transpose()?,
        maximum: maximum.as_ref().map(Node::amount).transpose()?,
        currency: it.get("currency").map_or(Ok(vendor.currency), |node| node.currency())?,
        convert: it.get("convert").map_or(Ok(false), |node| node.flag())?,
        meter,
    };
    // The engine's own word on it, at the closest place.
    price.check().map_err(|error| {
        let place = match error {
            PriceError::NoTiers(_) | PriceError::TiersDoNotRise(_) | PriceError::LastTierNotOpen(_) => it.get("tiers"),
            PriceError::MinimumAboveMaximum(_) => maximum,
            _ => None,
        };
        place.unwrap_or_else(|| node.clone()).wrong(error.to_string())
    })?;
    Ok(price)
}

fn meter_ref(node: &Node<'_>, meters: &[Meter]) -> Read<MeterRef> {
    let key = node.text()?;
    let meter = meters.iter().find(|meter| meter.id == key).ok_or_else(|| node.wrong(format!("there is no meter “{key}”")))?;
    Ok(MeterRef { key: key.to_owned(), aggregate: meter.aggregate })
}

fn tiers(node: &Node<'_>) -> Read<Vec<Tier>> {
    node.list()?
        .iter()
        .map(|node| {
            let it = node.object(&["up_to", "unit_amount", "flat_amount"])?;
            if it.get("unit_amount").is_none() && it.get("flat_amount").is_none() {
                return Err(node.wrong("must have a `unit_amount` or a `flat_amount`"));
            }
            Ok(Tier {
                up_to: it.get("up_to").map(|node| node.decimal_not_negative()).transpose()?,
                unit_amount: it.get("unit_amount").map_or(Ok(Decimal::ZERO), |node| node.decimal_not_negative())?,
                flat_amount: it.get("flat_amount").map_or(Ok(Decimal::ZERO), |node| node.decimal_not_negative())?,
            })
        })
        .collect()
}

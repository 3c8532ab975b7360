//! A scenario as typed values. Everything that can be said against it without running it is said here, at its place: fields and
//! types, contradictions, names that name nothing, steps out of order. What the business rules refuse is not known here: that is
//! part of the story.
//!
//! The values are the engine's own wherever it has a type.

mod catalog;
mod steps;

use std::collections::BTreeSet;

use billing::calendar::{By, Interval, Unit, Zone};
use billing::discount::{Coupon, Duration, Off};
use billing::explain::ExchangeRate;
use billing::money::{Currency, Rounding};
use billing::price::Price;
use billing::subscription::AddOnTerms;
use billing::tax::TaxRate;
use billing::usage::Aggregate;
use rust_decimal::Decimal;

pub use super::node::Wrong;
use super::node::{Json, Node, Object};
use crate::services::catalog::MOST_RATE_KEY;
use crate::words::countries;
pub use steps::{Act, Anchored, Change, InvoiceName, LineName, PaymentOutcome, Settle, Step, When};

#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    pub vendor: Vendor,
    pub tax_rates: Vec<TaxRate>,
    pub exchange_rates: Vec<ExchangeRate>,
    pub meters: Vec<Meter>,
    pub plans: Vec<Plan>,
    pub add_ons: Vec<AddOnTerms>,
    pub coupons: Vec<CouponOffer>,
    pub customers: Vec<Customer>,
    pub steps: Vec<Step>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Vendor {
    pub country: String,
    pub tax_id: Option<String>,
    pub currency: Currency,
    pub time_zone: Zone,
    pub proration_by: By,
    pub proration_rounding: Rounding,
    pub prices_include_tax: bool,
    pub usage_grace_seconds: i64,
    pub payment_terms_days: u32,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meter {
    pub id: String,
    pub aggregate: Aggregate,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    pub id: String,
    pub name: String,
    pub interval: Interval,
    pub trial_days: u32,
    pub prices: Vec<Price>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct CouponOffer {
    pub coupon: Coupon,
    pub max_redemptions: Option<u32>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Customer {
    pub id: String,
    pub country: String,
    pub region: Option<String>,
    pub tax_id: Option<String>,
    pub tax_exempt: bool,
    pub currency: Currency,
    pub time_zone: Zone,
}

type Read<T> = Result<T, Wrong>;

const INTERVALS: [(&str, Unit); 4] = [("day", Unit::Day), ("week", Unit::Week), ("month", Unit::Month), ("year", Unit::Year)];
const AGGREGATES: [(&str, Aggregate); 5] =
    [("sum", Aggregate::Sum), ("max", Aggregate::Max), ("last", Aggregate::Last), ("count", Aggregate::Count), ("unique", Aggregate::Unique)];
const LONGEST_INTERVAL: u32 = 1_000;
const LONGEST_TRIAL_DAYS: u32 = 3_660;
const LONGEST_TERMS_DAYS: u32 = 3_660;
const LONGEST_GRACE_SECONDS: i64 = 366 * 86_400;

impl Scenario {
    pub fn read(bytes: &[u8]) -> Read<Scenario> {
        let json = Json::parse(bytes)?;
        let all = Node::root(&json).object(&["vendor", "tax_rates", "exchange_rates", "meters", "plans", "add_ons", "coupons", "customers", "steps"])?;
        let vendor = vendor(&all.need("vendor")?)?;
        let meters = all.items("meters")?.iter().map(meter).collect::<Read<Vec<_>>>()?;
        unique(&all, "meters", &meters, |meter| meter.id.clone())?;
        let plans = all.items("plans")?.iter().map(|node| catalog::plan(node, &vendor, &meters)).collect::<Read<Vec<_>>>()?;
        unique(&all, "plans", &plans, |plan| plan.id.clone())?;
        let add_ons = all.items("add_ons")?.iter().map(|node| catalog::add_on(node, &vendor, &meters)).collect::<Read<Vec<_>>>()?;
        unique(&all, "add_ons", &add_ons, |add_on| add_on.key.clone())?;
        let tax_rates = tax_rates(&all, &plans, &add_ons)?;
        let exchange_rates = exchange_rates(&all)?;
        let coupons = all.items("coupons")?.iter().map(|node| coupon(node, &vendor)).collect::<Read<Vec<_>>>()?;
        unique(&all, "coupons", &coupons, |offer| offer.coupon.key.clone())?;
        let customers = all.items("customers")?.iter().map(|node| customer(node, &vendor)).collect::<Read<Vec<_>>>()?;
        unique(&all, "customers", &customers, |customer| customer.id.clone())?;
        let mut scenario = Scenario { vendor, tax_rates, exchange_rates, meters, plans, add_ons, coupons, customers, steps: Vec::new() };
        scenario.steps = steps::steps(&all.items("steps")?, &scenario)?;
        Ok(scenario)
    }

    pub fn plan(&self, id: &str) -> Option<&Plan> {
        self.plans.iter().find(|plan| plan.id == id)
    }

    pub fn meter(&self, id: &str) -> Option<&Meter> {
        self.meters.iter().find(|meter| meter.id == id)
    }
}

/// Refuses the first item whose name an earlier one has.
fn unique<T, K: Ord + std::fmt::Display>(all: &Object<'_>, list: &str, items: &[T], name: impl Fn(&T) -> K) -> Read<()> {
    let mut seen = BTreeSet::new();
    for (item, node) in items.iter().zip(all.items(list)?) {
        let name = name(item);
        let twice = node.wrong(format!("“{name}” is there already"));
        if !seen.insert(name) {
            return Err(twice);
        }
    }
    Ok(())
}

fn vendor(node: &Node<'_>) -> Read<Vendor> {
    let it = node.object(&["country", "tax_id", "currency", "time_zone", "proration", "prices_include_tax", "usage_grace", "payment_terms_days"])?;
    let (mut by, mut rounding) = (By::Second, Rounding::HalfUp);
    if let Some(node) = it.get("proration") {
        let proration = node.object(&["by", "rounding"])?;
        if let Some(node) = proration.get("by") {
            by = node.word(&[("second", By::Second), ("day", By::Day), ("none", By::None)])?;
        }
        if let Some(node) = proration.get("rounding") {
            rounding = node.word(&[("half_up", Rounding::HalfUp), ("half_even", Rounding::HalfEven)])?;
        }
    }
    Ok(Vendor {
        country: country(&it.need("country")?)?,
        tax_id: optional_text(&it, "tax_id")?,
        currency: it.need("currency")?.currency()?,
        time_zone: it.get("time_zone").map_or(Ok(Zone::UTC), |node| zone(&node))?,
        proration_by: by,
        proration_rounding: rounding,
        prices_include_tax: it.get("prices_include_tax").map_or(Ok(false), |node| node.flag())?,
        usage_grace_seconds: it.get("usage_grace").map_or(Ok(0), |node| grace(&node))?,
        payment_terms_days: it.get("payment_terms_days").map_or(Ok(0), |node| node.between(0, LONGEST_TERMS_DAYS))?,
    })
}

fn customer(node: &Node<'_>, vendor: &Vendor) -> Read<Customer> {
    let it = node.object(&["id", "country", "region", "tax_id", "tax_exempt", "currency", "time_zone"])?;
    Ok(Customer {
        id: it.need("id")?.text()?.to_owned(),
        country: country(&it.need("country")?)?,
        region: optional_text(&it, "region")?,
        tax_id: optional_text(&it, "tax_id")?,
        tax_exempt: it.get("tax_exempt").map_or(Ok(false), |node| node.flag())?,
        currency: it.get("currency").map_or(Ok(vendor.currency), |node| node.currency())?,
        time_zone: it.get("time_zone").map_or(Ok(vendor.time_zone), |node| zone(&node))?,
    })
}

fn meter(node: &Node<'_>) -> Read<Meter> {
    let it = node.object(&["id", "aggregate"])?;
    Ok(Meter { id: it.need("id")?.key()?.to_owned(), aggregate: it.need("aggregate")?.word(&AGGREGATES)? })
}

/// Rates with one id are one rate whose percent changed, so they may not begin on one day, nor lie in two places.
fn tax_rates(all: &Object<'_>, plans: &[Plan], add_ons: &[AddOnTerms]) -> Read<Vec<TaxRate>> {
    let mut rates: Vec<TaxRate> = Vec::new();
    for node in all.items("tax_rates")? {
        let it = node.object(&["id", "country", "region", "percent", "from", "products"])?;
        let id = it.need("id")?;
        let key = id.text()?.to_owned();
        if key.len() > MOST_RATE_KEY {
            return Err(id.wrong(format!("must not be longer than {MOST_RATE_KEY} bytes")));
        }
        let percent = it.need("percent")?;
        if percent.decimal_not_negative()? > Decimal::ONE_HUNDRED {
            return Err(percent.wrong("must not be above 100"));
        }
        let products = it.get("products").map(|products| products_of(&products, plans, add_ons)).transpose()?;
        let rate = TaxRate {
            name: key.clone(),
            country: country(&it.need("country")?)?,
            region: optional_text(&it, "region")?,
            percent: percent.decimal()?,
            from: it.get("from").map(|node| node.date()).transpose()?,
            to: None,
            products,
            key,
        };
        for earlier in rates.iter().filter(|earlier| earlier.key == rate.key) {
            if (&earlier.country, &earlier.region) != (&rate.country, &rate.region) {
                return Err(node.wrong(format!("“{}” is a rate of another place already", rate.key)));
            }
            if earlier.products != rate.products {
                return Err(node.wrong(format!("“{}” is a rate of other products already", rate.key)));
            }
            if earlier.from == rate.from {
                return Err(node.wrong(format!("“{}” overlaps: it begins on the same day already", rate.key)));
            }
        }
        rates.push(rate);
    }
    Ok(rates)
}

fn products_of(node: &Node<'_>, plans: &[Plan], add_ons: &[AddOnTerms]) -> Read<Vec<String>> {
    let mut products = Vec::new();
    for item in node.list()? {
        let product = item.text()?.to_owned();
        if !plans.iter().any(|plan| plan.id == product) && !add_ons.iter().any(|add_on| add_on.key == product) {
            return Err(item.wrong(format!("there is no plan or add-on “{product}”")));
        }
        if products.contains(&product) {
            return Err(item.wrong(format!("“{product}” is there already")));
        }
        products.push(product);
    }
    Ok(products)
}

fn exchange_rates(all: &Object<'_>) -> Read<Vec<ExchangeRate>> {
    let mut rates: Vec<ExchangeRate> = Vec::new();
    for node in all.items("exchange_rates")? {
        let it = node.object(&["from", "to", "on", "rate"])?;
        let rate_node = it.need("rate")?;
        let rate = ExchangeRate { from: it.need("from")?.currency()?, to: it.need("to")?.currency()?, on: it.need("on")?.date()?, rate: rate_node.decimal()? };
        rate.check().map_err(|error| rate_node.wrong(error.to_string()))?;
        if rate.from == rate.to {
            return Err(it.need("to")?.wrong("must be another currency than `from`"));
        }
        if rates.iter().any(|other| (other.from, other.to, other.on) == (rate.from, rate.to, rate.on)) {
            return Err(node.wrong(format!("there is a rate from {} to {} on {} already", rate.from, rate.to, rate.on)));
        }
        rates.push(rate);
    }
    Ok(rates)
}

fn coupon(node: &Node<'_>, vendor: &Vendor) -> Read<CouponOffer> {
    let it = node.object(&["id", "percent", "amount", "currency", "duration", "months", "max_redemptions"])?;
    let off = match (it.get("percent"), it.get("amount")) {
        (Some(_), Some(amount)) => return Err(amount.wrong("contradicts `percent`: a coupon takes off one or the other")),
        (None, None) => return Err(node.wrong("must take off a `percent` or an `amount`")),
        (Some(percent), None) => {
            it.refuse("currency", "goes with an `amount` only")?;
            let value = percent.decimal()?;
            if value <= Decimal::ZERO || value > Decimal::ONE_HUNDRED {
                return Err(percent.wrong("must be above 0 and at most 100"));
            }
            Off::Percent(value)
        }
        (None, Some(amount)) => {
            let currency = it.get("currency").map_or(Ok(vendor.currency), |node| node.currency())?;
            Off::Amount { amount_minor: amount.amount_above_zero()?, currency }
        }
    };
    let duration = it.need("duration")?.word(&[("once", Duration::Once), ("repeating", Duration::Repeating { months: 0 }), ("forever", Duration::Forever)])?;
    let duration = match duration {
        Duration::Repeating { .. } => Duration::Repeating { months: it.need("months")?.between(1, 1_200)? },
        other => {
            it.refuse("months", "goes with the duration `repeating` only")?;
            other
        }
    };
    Ok(CouponOffer {
        coupon: Coupon { key: it.need("id")?.key()?.to_owned(), off, duration },
        max_redemptions: it.get("max_redemptions").map(|node| node.between(1, u32::MAX)).transpose()?,
    })
}

/// ISO 3166-1 alpha-2.
fn country(node: &Node<'_>) -> Read<String> {
    let text = node.text()?;
    if countries::is_known(text) { Ok(text.to_owned()) } else { Err(node.wrong(format!("“{text}” is not a country code such as FR"))) }
}

fn zone(node: &Node<'_>) -> Read<Zone> {
    let text = node.text()?;
    text.parse().map_err(|_| node.wrong(format!("“{text}” is not a time zone such as Europe/Paris")))
}

fn optional_text(it: &Object<'_>, key: &str) -> Read<Option<String>> {
    it.get(key).map(|node| node.text().map(str::to_owned)).transpose()
}

/// `"1h"`, `"90m"`, `"1d12h"`, `"0"`: seconds.
fn grace(node: &Node<'_>) -> Read<i64> {
    if node.is_whole_number() && node.whole()? == 0 {
        return Ok(0);
    }
    let text = node.text()?;
    let wrong = || node.wrong(format!("“{text}” is not a time such as \"1h\" or \"2d\", of at most a year"));
    if text == "0" {
        return Ok(0);
    }
    let (mut seconds, mut rest) = (0_i64, text);
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = rest.split_at(digits);
        let of_unit = match unit.chars().next() {
            Some('s') => 1,
            Some('m') => 60,
            Some('h') => 3_600,
            Some('d') => 86_400,
            _ => return Err(wrong()),
        };
        let part = number.parse::<i64>().ok().and_then(|number| number.checked_mul(of_unit)).ok_or_else(wrong)?;
        seconds = seconds.checked_add(part).ok_or_else(wrong)?;
        rest = unit.get(1..).unwrap_or_default();
    }
    if seconds > LONGEST_GRACE_SECONDS { Err(wrong()) } else { Ok(seconds) }
}

#[cfg(test)]
mod tests;

//! A scenario as the model reads it. What is wrong with its form is the product's to say: the model takes sound ones only.

use chrono::{DateTime, NaiveDate};
use chrono_tz::Tz;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::calendar::Interval;
use crate::fraction::{Fraction, ONE};

#[derive(Deserialize)]
pub struct Story {
    pub vendor: Vendor,
    #[serde(default)]
    pub tax_rates: Vec<TaxRate>,
    #[serde(default)]
    pub exchange_rates: Vec<ExchangeRate>,
    #[serde(default)]
    pub meters: Vec<Meter>,
    #[serde(default)]
    pub plans: Vec<Offer>,
    #[serde(default)]
    pub add_ons: Vec<Offer>,
    #[serde(default)]
    pub coupons: Vec<Coupon>,
    #[serde(default)]
    pub customers: Vec<Customer>,
    #[serde(default)]
    pub steps: Vec<Step>,
}

#[derive(Deserialize)]
pub struct Vendor {
    pub country: String,
    pub tax_id: Option<String>,
    pub currency: String,
    #[serde(default, deserialize_with = "zone")]
    pub time_zone: Option<Tz>,
    #[serde(default)]
    pub proration: Proration,
    #[serde(default)]
    pub prices_include_tax: bool,
    /// Seconds.
    #[serde(default, deserialize_with = "grace")]
    pub usage_grace: i64,
    #[serde(default)]
    pub payment_terms_days: i64,
}

#[derive(Deserialize)]
#[serde(default)]
pub struct Proration {
    pub by: By,
    pub rounding: Rounding,
}

impl Default for Proration {
    fn default() -> Proration {
        Proration { by: By::Second, rounding: Rounding::HalfUp }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    Second,
    Day,
    None,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rounding {
    HalfUp,
    HalfEven,
}

#[derive(Deserialize)]
pub struct TaxRate {
    pub id: String,
    pub country: String,
    pub region: Option<String>,
    pub percent: Fraction,
    pub from: Option<NaiveDate>,
    pub products: Option<Vec<String>>,
}

#[derive(Deserialize)]
pub struct ExchangeRate {
    pub from: String,
    pub to: String,
    pub on: NaiveDate,
    pub rate: Fraction,
}

#[derive(Deserialize)]
pub struct Meter {
    pub id: String,
    pub aggregate: Aggregate,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Aggregate {
    Sum,
    Max,
    Last,
    Count,
    Unique,
}

/// A plan or an add-on.
#[derive(Deserialize)]
pub struct Offer {
    pub id: String,
    pub interval: Unit,
    #[serde(default = "one")]
    pub interval_count: i64,
    #[serde(default)]
    pub trial_days: i64,
    pub prices: Vec<Price>,
}

impl Offer {
    pub fn every(&self) -> Interval {
        Interval { unit: self.interval, count: self.interval_count }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    Day,
    Week,
    Month,
    Year,
}

fn one() -> i64 {
    1
}

#[derive(Clone, PartialEq, Deserialize)]
pub struct Price {
    pub id: String,
    pub model: Model,
    pub meter: Option<String>,
    pub amount: Option<Fraction>,
    pub unit_amount: Option<Fraction>,
    #[serde(default)]
    pub tiers: Vec<Tier>,
    pub package_size: Option<Fraction>,
    pub package_amount: Option<Fraction>,
    pub included: Option<Fraction>,
    pub minimum: Option<Fraction>,
    pub maximum: Option<Fraction>,
    pub currency: Option<String>,
    #[serde(default)]
    pub convert: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Model {
    Flat,
    PerUnit,
    Graduated,
    Volume,
    Package,
}

#[derive(Clone, PartialEq, Deserialize)]
pub struct Tier {
    pub up_to: Option<Fraction>,
    pub unit_amount: Option<Fraction>,
    pub flat_amount: Option<Fraction>,
}

#[derive(Deserialize)]
pub struct Coupon {
    pub id: String,
    pub percent: Option<Fraction>,
    pub amount: Option<i128>,
    pub currency: Option<String>,
    pub duration: Duration,
    #[serde(default)]
    pub months: i64,
    pub max_redemptions: Option<u64>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Duration {
    Once,
    Repeating,
    Forever,
}

#[derive(Deserialize)]
pub struct Customer {
    pub id: String,
    pub country: String,
    pub region: Option<String>,
    pub tax_id: Option<String>,
    #[serde(default)]
    pub tax_exempt: bool,
    pub currency: Option<String>,
    #[serde(default, deserialize_with = "zone")]
    pub time_zone: Option<Tz>,
}

/// Any step: what the others have stays empty.
#[derive(Clone, Deserialize)]
pub struct Step {
    #[serde(deserialize_with = "instant")]
    pub at: i64,
    #[serde(rename = "do")]
    pub act: String,
    pub customer: Option<String>,
    pub subscription: Option<String>,
    pub plan: Option<String>,
    pub quantity: Option<Fraction>,
    pub add_ons: Option<Vec<AddOn>>,
    pub coupons: Option<Vec<String>>,
    pub trial_days: Option<i64>,
    pub anchor_day: Option<u32>,
    #[serde(default, deserialize_with = "optional_instant")]
    pub anchor: Option<i64>,
    #[serde(default, deserialize_with = "optional_instant")]
    pub start: Option<i64>,
    #[serde(default)]
    pub when: When,
    #[serde(default)]
    pub settle: Settle,
    #[serde(default = "yes")]
    pub prorate: bool,
    pub meter: Option<String>,
    pub value: Option<String>,
    #[serde(default, deserialize_with = "optional_instant")]
    pub time: Option<i64>,
    pub id: Option<String>,
    pub amount: Option<i128>,
    #[serde(default, deserialize_with = "optional_instant")]
    pub expires_at: Option<i64>,
    pub outcome: Option<String>,
    pub invoice: Option<Value>,
    pub lines: Option<Vec<Value>>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    #[default]
    Now,
    PeriodEnd,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Settle {
    #[default]
    Now,
    NextInvoice,
}

#[derive(Clone, Deserialize)]
#[serde(untagged)]
pub enum AddOn {
    Id(String),
    Some { id: String, quantity: Option<Fraction> },
}

impl AddOn {
    pub fn parts(&self) -> (&str, Fraction) {
        match self {
            AddOn::Id(id) => (id, ONE),
            AddOn::Some { id, quantity } => (id, quantity.unwrap_or(ONE)),
        }
    }
}

fn yes() -> bool {
    true
}

fn instant<'de, D: Deserializer<'de>>(from: D) -> Result<i64, D::Error> {
    let text = String::deserialize(from)?;
    DateTime::parse_from_rfc3339(&text).map(|at| at.timestamp()).map_err(serde::de::Error::custom)
}

fn optional_instant<'de, D: Deserializer<'de>>(from: D) -> Result<Option<i64>, D::Error> {
    let text = Option::<String>::deserialize(from)?;
    text.map(|text| DateTime::parse_from_rfc3339(&text).map(|at| at.timestamp()).map_err(serde::de::Error::custom)).transpose()
}

fn zone<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Tz>, D::Error> {
    let text = Option::<String>::deserialize(from)?;
    text.map(|text| text.parse().map_err(serde::de::Error::custom)).transpose()
}

/// `"1h"`, `"90m"`, `"1d12h"`, `"0"`.
fn grace<'de, D: Deserializer<'de>>(from: D) -> Result<i64, D::Error> {
    let value = Value::deserialize(from)?;
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let (mut seconds, mut number) = (0, 0);
    for letter in text.chars() {
        if let Some(digit) = letter.to_digit(10) {
            number = number * 10 + i64::from(digit);
            continue;
        }
        seconds += number
            * match letter {
                's' => 1,
                'm' => 60,
                'h' => 3_600,
                'd' => 86_400,
                other => return Err(serde::de::Error::custom(format!("“{other}” is no unit of time"))),
            };
        number = 0;
    }
    Ok(seconds)
}

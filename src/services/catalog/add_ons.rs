//! Add-ons: made, retired, and what they come to for a subscription at an interval.

use billing::calendar::Interval;
use billing::money::Currency;
use billing::price::in_currency;
use billing::subscription::AddOnTerms;
use rust_decimal::Decimal;
use serde_json::json;
use sqlx::FromRow;

use super::offers::check_name;
use super::{check_key, interval_of, record, unit_name};
use crate::sentence;
use crate::services::{Desk, Refusal};

/// An add-on's record at one interval; columns as in `migrations/0004_catalog.sql`.
#[derive(Clone, Debug, PartialEq, FromRow)]
pub struct AddOn {
    pub id: String,
    pub key: String,
    pub name: String,
    pub interval_unit: String,
    pub interval_count: i64,
    /// JSON; see [`AddOn::terms`].
    pub terms: String,
    pub version: i64,
    pub retired_at: Option<i64>,
}

impl AddOn {
    /// Of one of it, its prices in every currency.
    pub fn terms(&self) -> Result<AddOnTerms, Refusal> {
        serde_json::from_str(&self.terms).map_err(Refusal::damaged)
    }

    fn interval(&self) -> Result<Interval, Refusal> {
        interval_of(&self.interval_unit, self.interval_count)
    }
}

/// Adds an add-on; its id. The quantity of the terms given is not kept: each subscription has its own.
pub async fn create_add_on(desk: &mut Desk, terms: &AddOnTerms) -> Result<String, Refusal> {
    check_key(&terms.key, "key")?;
    check_name(&terms.name, "name")?;
    for price in &terms.prices {
        price.check().map_err(billing::Error::from)?;
    }
    let id = desk.new_id("add");
    let json = serde_json::to_string(terms).map_err(Refusal::damaged)?;
    let (unit, count) = (unit_name(terms.interval.unit), i64::from(terms.interval.count));
    let touched = desk
        .tx
        .run(
            "INSERT INTO add_ons (vendor_id, id, key, name, interval_unit, interval_count, terms, version) VALUES ($1, $2, $3, $4, $5, $6, $7, 1)
             ON CONFLICT (vendor_id, key, interval_unit, interval_count) DO NOTHING",
            (desk.vendor.id.clone(), id.clone(), terms.key.clone(), terms.name.clone(), unit, count, json),
        )
        .await?;
    if touched == 0 {
        return Err(Refusal::Conflict(sentence!("refusal-add-on-exists", key = &terms.key)));
    }
    record(desk, "add_on.created", &id, json!({ "key": terms.key, "name": terms.name })).await?;
    Ok(id)
}

/// Takes an add-on off the plan page; who has it keeps it.
pub async fn retire_add_on(desk: &mut Desk, id: &str) -> Result<(), Refusal> {
    let touched = desk
        .tx
        .run(
            "UPDATE add_ons SET retired_at = COALESCE(retired_at, $3), version = version + 1 WHERE vendor_id = $1 AND id = $2",
            (desk.vendor.id.clone(), id.to_owned(), desk.now.billing_ms()),
        )
        .await?;
    if touched == 0 {
        return Err(Refusal::NotFound);
    }
    record(desk, "add_on.retired", id, json!({})).await
}

/// Every add-on at every interval, the oldest first.
pub async fn add_ons(desk: &mut Desk) -> Result<Vec<AddOn>, Refusal> {
    Ok(desk.tx.all("SELECT * FROM add_ons WHERE vendor_id = $1 ORDER BY id", (desk.vendor.id.clone(),)).await?)
}

pub async fn add_on(desk: &mut Desk, id: &str) -> Result<AddOn, Refusal> {
    let found = desk.tx.opt("SELECT * FROM add_ons WHERE vendor_id = $1 AND id = $2", (desk.vendor.id.clone(), id.to_owned())).await?;
    found.ok_or(Refusal::NotFound)
}

/// What may be added to a plan at an interval, in a currency: the terms of one of each, as [`add_on_terms`] takes them.
pub async fn add_ons_for(desk: &mut Desk, interval: Interval, currency: Currency) -> Result<Vec<AddOnTerms>, Refusal> {
    let mut sold: Vec<AddOn> = Vec::new();
    for record in add_ons(desk).await?.into_iter().filter(|record| record.retired_at.is_none()) {
        match sold.iter_mut().find(|other| other.key == record.key) {
            Some(other) if record.interval()?.repeats_like(interval) => *other = record,
            Some(_) => {}
            None => sold.push(record),
        }
    }
    let mut offered = Vec::new();
    for record in sold {
        let terms = record.terms()?;
        if let Ok(prices) = in_currency(&terms.prices, currency) {
            offered.push(AddOnTerms { quantity: Decimal::ONE, prices, ..terms });
        }
    }
    Ok(offered)
}

/// The terms of an add-on for so many of it, in a currency: at the plan's interval where it is sold at that, else at its own, by which it is
/// billed beside the plan.
pub async fn add_on_terms(desk: &mut Desk, key: &str, quantity: Decimal, interval: Interval, currency: Currency) -> Result<AddOnTerms, Refusal> {
    let rows: Vec<AddOn> = desk.tx.all("SELECT * FROM add_ons WHERE vendor_id = $1 AND key = $2 ORDER BY id", (desk.vendor.id.clone(), key.to_owned())).await?;
    let mut found = None;
    for record in rows.iter().filter(|record| record.retired_at.is_none()) {
        if found.is_none() || record.interval()?.repeats_like(interval) {
            found = Some(record);
        }
    }
    let terms = found.ok_or_else(|| Refusal::Rule(sentence!("refusal-no-add-on", key = key)))?.terms()?;
    let prices = in_currency(&terms.prices, currency).map_err(billing::Error::from)?;
    Ok(AddOnTerms { quantity, prices, ..terms })
}

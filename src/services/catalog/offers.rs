//! Meters, plans and add-ons: made, published, retired.

use billing::calendar::Interval;
use billing::price::Price;
use billing::subscription::AddOnTerms;
use billing::usage::Aggregate;
use serde_json::json;
use sqlx::FromRow;

use super::unit_name;
use crate::services::{Desk, Refusal};

/// A meter to be. Meters are read in `usage`.
pub struct NewMeter {
    pub key: String,
    pub name: String,
    /// Shown after a number: 'minutes', 'GB'.
    pub unit: String,
    pub aggregate: Aggregate,
    pub position: i64,
}

/// A plan's record; columns as in `migrations/0004_catalog.sql`.
#[derive(Clone, Debug, PartialEq, FromRow)]
pub struct Plan {
    pub id: String,
    pub key: String,
    pub name: String,
    pub description: String,
    pub position: i64,
    pub trial_days: i64,
    pub max_quantity: Option<i64>,
    pub is_published: bool,
    pub version: i64,
}

pub struct NewPlan {
    pub key: String,
    pub name: String,
    pub description: String,
    /// Order on the plan page, cheapest first.
    pub position: i64,
    pub trial_days: i64,
    /// Most seats it may have.
    pub max_quantity: Option<i64>,
    pub prices: Vec<NewPrice>,
}

/// A price at one interval. The same key at several intervals and currencies is one price of the plan to its readers.
pub struct NewPrice {
    pub interval: Interval,
    pub price: Price,
}

/// Adds a meter; its id.
pub async fn create_meter(desk: &mut Desk, new: &NewMeter) -> Result<String, Refusal> {
    let id = desk.new_id("mtr");
    let aggregate = serde_json::to_value(new.aggregate).map_err(Refusal::damaged)?;
    let aggregate = aggregate.as_str().ok_or_else(|| Refusal::damaged("aggregate"))?.to_owned();
    desk.tx
        .run(
            "INSERT INTO meters (vendor_id, id, key, name, unit, aggregate, position) VALUES ($1, $2, $3, $4, $5, $6, $7)",
            (desk.vendor.id.clone(), id.clone(), new.key.clone(), new.name.clone(), new.unit.clone(), aggregate, new.position),
        )
        .await?;
    desk.record("meter.created", None, &id, json!({ "key": new.key })).await?;
    Ok(id)
}

/// Adds a plan, unpublished; its id. Every price must make sense, and its meter exist.
pub async fn create_plan(desk: &mut Desk, new: &NewPlan) -> Result<String, Refusal> {
    let id = desk.new_id("pln");
    desk.tx
        .run(
            "INSERT INTO plans (vendor_id, id, key, name, description, position, trial_days, max_quantity, is_published, version)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 1)",
            (desk.vendor.id.clone(), id.clone(), new.key.clone(), new.name.clone(), new.description.clone(), new.position, new.trial_days, new.max_quantity, false),
        )
        .await?;
    for (position, NewPrice { interval, price }) in (0_i64..).zip(&new.prices) {
        price.check().map_err(billing::Error::from)?;
        let meter_id = match &price.meter {
            None => None,
            Some(meter) => {
                let found: Option<(String,)> =
                    desk.tx.opt("SELECT id FROM meters WHERE vendor_id = $1 AND key = $2", (desk.vendor.id.clone(), meter.key.clone())).await?;
                Some(found.ok_or_else(|| Refusal::rule(format!("The price “{}” names the meter “{}”, which does not exist.", price.key, meter.key)))?.0)
            }
        };
        let price_id = desk.new_id("prc");
        let rule = serde_json::to_string(price).map_err(Refusal::damaged)?;
        desk.tx
            .run(
                "INSERT INTO prices (vendor_id, id, plan_id, key, name, interval_unit, interval_count, currency, meter_id, rule, position)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
                (
                    desk.vendor.id.clone(), price_id, id.clone(), price.key.clone(), price.name.clone(), unit_name(interval.unit), i64::from(interval.count), price.currency.code(), meter_id,
                    rule, position,
                ),
            )
            .await?;
    }
    desk.record("plan.created", None, &id, json!({ "key": new.key, "name": new.name })).await?;
    Ok(id)
}

/// Puts a plan up for sale.
pub async fn publish_plan(desk: &mut Desk, plan_id: &str) -> Result<(), Refusal> {
    set_published(desk, plan_id, true).await?;
    desk.record("plan.published", None, plan_id, json!({})).await
}

/// Takes a plan off sale; who has it keeps it.
pub async fn retire_plan(desk: &mut Desk, plan_id: &str) -> Result<(), Refusal> {
    set_published(desk, plan_id, false).await?;
    desk.record("plan.retired", None, plan_id, json!({})).await
}

async fn set_published(desk: &mut Desk, plan_id: &str, is_published: bool) -> Result<(), Refusal> {
    let touched = desk
        .tx
        .run(
            "UPDATE plans SET is_published = $3, version = version + 1 WHERE vendor_id = $1 AND id = $2",
            (desk.vendor.id.clone(), plan_id.to_owned(), is_published),
        )
        .await?;
    if touched == 0 { Err(Refusal::NotFound) } else { Ok(()) }
}

/// Every plan, published or not, cheapest first.
pub async fn plans(desk: &mut Desk) -> Result<Vec<Plan>, Refusal> {
    Ok(desk.tx.all("SELECT * FROM plans WHERE vendor_id = $1 ORDER BY position, id", (desk.vendor.id.clone(),)).await?)
}

pub async fn plan(desk: &mut Desk, plan_id: &str) -> Result<Plan, Refusal> {
    desk.tx.opt("SELECT * FROM plans WHERE vendor_id = $1 AND id = $2", (desk.vendor.id.clone(), plan_id.to_owned())).await?.ok_or(Refusal::NotFound)
}

pub async fn plan_by_key(desk: &mut Desk, key: &str) -> Result<Option<Plan>, Refusal> {
    Ok(desk.tx.opt("SELECT * FROM plans WHERE vendor_id = $1 AND key = $2", (desk.vendor.id.clone(), key.to_owned())).await?)
}

/// Adds an add-on; its id. The quantity of the terms given is not kept: each subscription has its own.
pub async fn create_add_on(desk: &mut Desk, terms: &AddOnTerms) -> Result<String, Refusal> {
    for price in &terms.prices {
        price.check().map_err(billing::Error::from)?;
    }
    let id = desk.new_id("add");
    let json = serde_json::to_string(terms).map_err(Refusal::damaged)?;
    desk.tx
        .run(
            "INSERT INTO add_ons (vendor_id, id, key, name, terms, version) VALUES ($1, $2, $3, $4, $5, 1)",
            (desk.vendor.id.clone(), id.clone(), terms.key.clone(), terms.name.clone(), json),
        )
        .await?;
    desk.record("add_on.created", None, &id, json!({ "key": terms.key, "name": terms.name })).await?;
    Ok(id)
}

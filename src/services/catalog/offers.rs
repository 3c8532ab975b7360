//! Meters, plans and add-ons: made, published, retired.

use billing::calendar::Interval;
use billing::price::Price;
use billing::usage::Aggregate;
use serde_json::json;
use sqlx::FromRow;

use super::{interval_of, record, unit_name};
use crate::sentence;
use crate::services::{Desk, Refusal, customers};

/// Bytes of a key, letters of a name and of a description, days of a trial.
pub const MOST_KEY: usize = 100;
const MOST_NAME: usize = 200;
const MOST_DESCRIPTION: usize = 2_000;
const MOST_TRIAL_DAYS: i64 = 3_650;

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
    check_key(&new.key, "key")?;
    check_name(&new.name, "name")?;
    if new.unit.chars().count() > MOST_KEY || new.unit.chars().any(char::is_control) {
        return Err(Refusal::field("unit", sentence!("refusal-shorten", most = MOST_KEY)));
    }
    let id = desk.new_id("mtr");
    let aggregate = serde_json::to_value(new.aggregate).map_err(Refusal::damaged)?;
    let aggregate = aggregate.as_str().ok_or_else(|| Refusal::damaged("aggregate"))?.to_owned();
    let touched = desk
        .tx
        .run(
            "INSERT INTO meters (vendor_id, id, key, name, unit, aggregate, position) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (vendor_id, key) DO NOTHING",
            (desk.vendor.id.clone(), id.clone(), new.key.clone(), new.name.clone(), new.unit.clone(), aggregate, new.position),
        )
        .await?;
    if touched == 0 {
        return Err(Refusal::Conflict(sentence!("refusal-meter-exists", key = &new.key)));
    }
    record(desk, "meter.created", &id, json!({ "key": new.key })).await?;
    Ok(id)
}

/// Adds a plan, unpublished; its id. Every price must make sense, and its meter exist.
pub async fn create_plan(desk: &mut Desk, new: &NewPlan) -> Result<String, Refusal> {
    check_key(&new.key, "key")?;
    check_name(&new.name, "name")?;
    if new.description.chars().count() > MOST_DESCRIPTION {
        return Err(Refusal::field("description", sentence!("refusal-shorten", most = MOST_DESCRIPTION)));
    }
    if !(0..=MOST_TRIAL_DAYS).contains(&new.trial_days) {
        return Err(Refusal::field("trial_days", sentence!("refusal-trial-days", most = MOST_TRIAL_DAYS)));
    }
    if new.max_quantity.is_some_and(|most| most < 1) {
        return Err(Refusal::field("max_quantity", sentence!("refusal-no-seat")));
    }
    let id = desk.new_id("pln");
    let touched = desk
        .tx
        .run(
            "INSERT INTO plans (vendor_id, id, key, name, description, position, trial_days, max_quantity, is_published, version)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 1)
             ON CONFLICT (vendor_id, key) DO NOTHING",
            (
                desk.vendor.id.clone(),
                id.clone(),
                new.key.clone(),
                new.name.clone(),
                new.description.clone(),
                new.position,
                new.trial_days,
                new.max_quantity,
                false,
            ),
        )
        .await?;
    if touched == 0 {
        return Err(Refusal::Conflict(sentence!("refusal-plan-exists", key = &new.key)));
    }
    for (position, price) in (0_i64..).zip(&new.prices) {
        insert_price(desk, &id, price, position).await?;
    }
    record(desk, "plan.created", &id, json!({ "key": new.key, "name": new.name })).await?;
    Ok(id)
}

/// Adds a price to a plan: another interval or currency, or a new part of it. Running subscriptions keep the prices they agreed to.
pub async fn add_price(desk: &mut Desk, plan_id: &str, new: &NewPrice) -> Result<(), Refusal> {
    let touched = desk.tx.run("UPDATE plans SET version = version + 1 WHERE vendor_id = $1 AND id = $2", (desk.vendor.id.clone(), plan_id.to_owned())).await?;
    if touched == 0 {
        return Err(Refusal::NotFound);
    }
    let (position,): (i64,) = desk
        .tx
        .one(
            "SELECT CAST(COALESCE(MAX(position), -1) AS BIGINT) + 1 FROM prices WHERE vendor_id = $1 AND plan_id = $2",
            (desk.vendor.id.clone(), plan_id.to_owned()),
        )
        .await?;
    let price_id = insert_price(desk, plan_id, new, position).await?;
    record(desk, "price.created", plan_id, json!({ "price": price_id, "key": new.price.key })).await
}

/// Checks and adds one price; its id.
async fn insert_price(desk: &mut Desk, plan_id: &str, NewPrice { interval, price }: &NewPrice, position: i64) -> Result<String, Refusal> {
    check_key(&price.key, "prices")?;
    check_name(&price.name, "prices")?;
    Interval::new(interval.unit, interval.count).map_err(billing::Error::from)?;
    price.check().map_err(billing::Error::from)?;
    let meter_id = match &price.meter {
        None => None,
        Some(meter) => {
            let found: Option<(String,)> =
                desk.tx.opt("SELECT id FROM meters WHERE vendor_id = $1 AND key = $2", (desk.vendor.id.clone(), meter.key.clone())).await?;
            Some(found.ok_or_else(|| Refusal::Rule(sentence!("refusal-no-meter-of-price", price = &price.key, meter = &meter.key)))?.0)
        }
    };
    let price_id = desk.new_id("prc");
    let rule = serde_json::to_string(price).map_err(Refusal::damaged)?;
    let touched = desk
        .tx
        .run(
            "INSERT INTO prices (vendor_id, id, plan_id, key, name, interval_unit, interval_count, currency, meter_id, rule, position)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
             ON CONFLICT (vendor_id, plan_id, key, interval_unit, interval_count, currency) DO NOTHING",
            (
                desk.vendor.id.clone(),
                price_id.clone(),
                plan_id.to_owned(),
                price.key.clone(),
                price.name.clone(),
                unit_name(interval.unit),
                i64::from(interval.count),
                price.currency.code(),
                meter_id,
                rule,
                position,
            ),
        )
        .await?;
    if touched == 0 {
        return Err(Refusal::Conflict(sentence!("refusal-price-exists", key = &price.key)));
    }
    Ok(price_id)
}

/// Whether something can be a key: short and plain, for people type it, and it stands in addresses.
pub fn is_key(key: &str) -> bool {
    (1..=MOST_KEY).contains(&key.len()) && !key.chars().any(|c| c.is_control() || c.is_whitespace())
}

pub(super) fn check_key(key: &str, field: &'static str) -> Result<(), Refusal> {
    if is_key(key) { Ok(()) } else { Err(Refusal::field(field, sentence!("refusal-key", most = MOST_KEY))) }
}

/// What customers read; simulated catalogues go without.
pub(super) fn check_name(name: &str, field: &'static str) -> Result<(), Refusal> {
    let is_fit = name.chars().count() <= MOST_NAME && !name.chars().any(char::is_control);
    if is_fit { Ok(()) } else { Err(Refusal::field(field, sentence!("refusal-name", most = MOST_NAME))) }
}

/// Puts a plan up for sale.
pub async fn publish_plan(desk: &mut Desk, plan_id: &str) -> Result<(), Refusal> {
    set_published(desk, plan_id, true).await?;
    record(desk, "plan.published", plan_id, json!({})).await
}

/// Takes a plan off sale; who has it keeps it.
pub async fn retire_plan(desk: &mut Desk, plan_id: &str) -> Result<(), Refusal> {
    set_published(desk, plan_id, false).await?;
    record(desk, "plan.retired", plan_id, json!({})).await
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
    if let Some(plan) = desk.recall_setting("plan", plan_id).await? {
        return Ok(plan);
    }
    let found: Option<Plan> = desk.tx.opt("SELECT * FROM plans WHERE vendor_id = $1 AND id = $2", (desk.vendor.id.clone(), plan_id.to_owned())).await?;
    let plan = found.ok_or(Refusal::NotFound)?;
    desk.keep_setting("plan", plan_id, &plan);
    Ok(plan)
}

pub async fn plan_by_key(desk: &mut Desk, key: &str) -> Result<Option<Plan>, Refusal> {
    Ok(desk.tx.opt("SELECT * FROM plans WHERE vendor_id = $1 AND key = $2", (desk.vendor.id.clone(), key.to_owned())).await?)
}

/// The plan by our id, or by its key as `ext:KEY`; or [`Refusal::NotFound`].
pub async fn find_plan(desk: &mut Desk, reference: &str) -> Result<Plan, Refusal> {
    match customers::external(reference) {
        None => plan(desk, reference).await,
        Some(key) => plan_by_key(desk, key).await?.ok_or(Refusal::NotFound),
    }
}

/// A price as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct KeptPrice {
    pub id: String,
    pub plan_id: String,
    pub interval: Interval,
    pub price: Price,
}

#[derive(FromRow)]
struct PriceRow {
    id: String,
    plan_id: String,
    interval_unit: String,
    interval_count: i64,
    rule: String,
}

/// The prices of a plan in their order; without a plan, of all of them.
pub async fn prices(desk: &mut Desk, plan_id: Option<&str>) -> Result<Vec<KeptPrice>, Refusal> {
    let rows: Vec<PriceRow> = desk
        .tx
        .all(
            "SELECT id, plan_id, interval_unit, interval_count, rule FROM prices WHERE vendor_id = $1 AND ($2 = '' OR plan_id = $2) ORDER BY position, id",
            (desk.vendor.id.clone(), plan_id.unwrap_or_default().to_owned()),
        )
        .await?;
    rows.into_iter()
        .map(|row| {
            let price = serde_json::from_str(&row.rule).map_err(Refusal::damaged)?;
            Ok(KeptPrice { interval: interval_of(&row.interval_unit, row.interval_count)?, id: row.id, plan_id: row.plan_id, price })
        })
        .collect()
}

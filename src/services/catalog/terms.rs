//! From the catalogue to the terms a subscription is charged by: the prices of a plan at an interval, in the customer's currency.

use std::collections::BTreeMap;

use billing::calendar::Interval;
use billing::money::Currency;
use billing::price::{Price, in_currency};
use billing::subscription::PlanTerms;
use sqlx::FromRow;

use super::{
    interval_of,
    offers::{Plan, plan},
    unit_name,
};
use crate::sentence;
use crate::services::{Desk, Refusal};

/// A plan as it is offered at one interval.
#[derive(Clone, Debug, PartialEq)]
pub struct Offer {
    pub plan: Plan,
    pub terms: PlanTerms,
}

#[derive(FromRow)]
struct PriceRow {
    plan_id: String,
    interval_unit: String,
    interval_count: i64,
    rule: String,
}

/// The terms of a plan at an interval, in a currency: each price in that currency, or one that may be converted to it.
pub async fn plan_terms(desk: &mut Desk, plan_id: &str, interval: Interval, currency: Currency) -> Result<PlanTerms, Refusal> {
    let plan = plan(desk, plan_id).await?;
    let rows: Vec<PriceRow> = desk
        .tx
        .all(
            "SELECT plan_id, interval_unit, interval_count, rule FROM prices WHERE vendor_id = $1 AND plan_id = $2 AND interval_unit = $3 AND interval_count = $4 ORDER BY position, id",
            (desk.vendor.id.clone(), plan_id.to_owned(), unit_name(interval.unit), i64::from(interval.count)),
        )
        .await?;
    if rows.is_empty() && has_prices(desk, plan_id).await? {
        return Err(Refusal::Rule(sentence!("refusal-plan-interval", plan = &plan.name)));
    }
    let prices: Vec<Price> = rows.iter().map(|row| serde_json::from_str(&row.rule).map_err(Refusal::damaged)).collect::<Result<_, _>>()?;
    let prices = in_currency(&prices, currency).map_err(billing::Error::from)?;
    Ok(PlanTerms { key: plan.key, name: plan.name, interval, prices })
}

/// The interval a plan is taken at: the one wished for where it is sold at that, else its first.
pub async fn interval_for(desk: &mut Desk, plan_id: &str, wished: Interval) -> Result<Interval, Refusal> {
    let rows: Vec<(String, i64)> = desk
        .tx
        .all(
            "SELECT interval_unit, interval_count FROM prices WHERE vendor_id = $1 AND plan_id = $2 ORDER BY position, id",
            (desk.vendor.id.clone(), plan_id.to_owned()),
        )
        .await?;
    let intervals: Vec<Interval> = rows.iter().map(|(unit, count)| interval_of(unit, *count)).collect::<Result<_, _>>()?;
    Ok(intervals.iter().copied().find(|interval| interval.repeats_like(wished)).or(intervals.first().copied()).unwrap_or(wished))
}

async fn has_prices(desk: &mut Desk, plan_id: &str) -> Result<bool, Refusal> {
    let row: Option<(String,)> =
        desk.tx.opt("SELECT id FROM prices WHERE vendor_id = $1 AND plan_id = $2 LIMIT 1", (desk.vendor.id.clone(), plan_id.to_owned())).await?;
    Ok(row.is_some())
}

/// What is for sale in a currency: every published plan at every interval it has a price for, cheapest plan and shortest interval first.
/// A plan that cannot be had in the currency is left out. Two statements.
pub async fn offers(desk: &mut Desk, currency: Currency) -> Result<Vec<Offer>, Refusal> {
    let plans: Vec<Plan> =
        desk.tx.all("SELECT * FROM plans WHERE vendor_id = $1 AND is_published = $2 ORDER BY position, id", (desk.vendor.id.clone(), true)).await?;
    let rows: Vec<PriceRow> = desk
        .tx
        .all("SELECT plan_id, interval_unit, interval_count, rule FROM prices WHERE vendor_id = $1 ORDER BY position, id", (desk.vendor.id.clone(),))
        .await?;
    let mut offers = Vec::new();
    for plan in plans {
        let mut by_interval: BTreeMap<(u8, u32), (Interval, Vec<Price>)> = BTreeMap::new();
        for row in rows.iter().filter(|row| row.plan_id == plan.id) {
            let interval = interval_of(&row.interval_unit, row.interval_count)?;
            let rank = match interval.unit {
                billing::calendar::Unit::Day => 0,
                billing::calendar::Unit::Week => 1,
                billing::calendar::Unit::Month => 2,
                billing::calendar::Unit::Year => 3,
            };
            let price = serde_json::from_str(&row.rule).map_err(Refusal::damaged)?;
            by_interval.entry((rank, interval.count)).or_insert_with(|| (interval, Vec::new())).1.push(price);
        }
        for (interval, prices) in by_interval.into_values() {
            if let Ok(prices) = in_currency(&prices, currency) {
                let terms = PlanTerms { key: plan.key.clone(), name: plan.name.clone(), interval, prices };
                offers.push(Offer { plan: plan.clone(), terms });
            }
        }
    }
    Ok(offers)
}

//! Coupons, tax rates and exchange rates.

use billing::discount::Coupon;
use billing::explain::ExchangeRate;
use billing::money::Currency;
use billing::tax::TaxRate;
use chrono::NaiveDate;
use serde_json::json;
use sqlx::FromRow;

use super::{changed, record};
use crate::sentence;
use crate::services::{Desk, Refusal};

/// A coupon's record.
#[derive(Clone, Debug, PartialEq, FromRow)]
pub struct CouponRecord {
    pub id: String,
    pub key: String,
    /// The engine's Coupon as JSON; see [`CouponRecord::coupon`].
    pub rule: String,
    pub max_redemptions: Option<i64>,
    pub redemptions: i64,
    pub version: i64,
}

impl CouponRecord {
    /// Whether it has been redeemed as often as it may be.
    pub fn is_used_up(&self) -> bool {
        self.max_redemptions.is_some_and(|most| self.redemptions >= most)
    }

    pub fn coupon(&self) -> Result<Coupon, Refusal> {
        serde_json::from_str(&self.rule).map_err(Refusal::damaged)
    }
}

/// Adds a coupon; its id.
pub async fn create_coupon(desk: &mut Desk, coupon: &Coupon, max_redemptions: Option<i64>) -> Result<String, Refusal> {
    coupon.check()?;
    let id = desk.new_id("cpn");
    let rule = serde_json::to_string(coupon).map_err(Refusal::damaged)?;
    desk.tx
        .run(
            "INSERT INTO coupons (vendor_id, id, key, rule, max_redemptions, redemptions, version) VALUES ($1, $2, $3, $4, $5, 0, 1)",
            (desk.vendor.id.clone(), id.clone(), coupon.key.clone(), rule, max_redemptions),
        )
        .await?;
    record(desk, "coupon.created", &id, json!({ "key": coupon.key })).await?;
    Ok(id)
}

pub async fn coupon_by_key(desk: &mut Desk, key: &str) -> Result<CouponRecord, Refusal> {
    let found = desk.tx.opt("SELECT * FROM coupons WHERE vendor_id = $1 AND key = $2", (desk.vendor.id.clone(), key.to_owned())).await?;
    found.ok_or_else(|| Refusal::Rule(sentence!("refusal-no-coupon", code = key)))
}

/// Counts one more use of a coupon, never past its limit.
pub async fn redeem(desk: &mut Desk, coupon: &CouponRecord) -> Result<(), Refusal> {
    let touched = desk
        .tx
        .run(
            "UPDATE coupons SET redemptions = redemptions + 1 WHERE vendor_id = $1 AND id = $2 AND (max_redemptions IS NULL OR redemptions < max_redemptions)",
            (desk.vendor.id.clone(), coupon.id.clone()),
        )
        .await?;
    if touched == 0 { Err(Refusal::Rule(sentence!("refusal-coupon-used-up", code = &coupon.key))) } else { Ok(()) }
}

/// Adds a tax rate; its id. Rates that share a key are one rate whose percent changed.
pub async fn create_tax_rate(desk: &mut Desk, rate: &TaxRate) -> Result<String, Refusal> {
    rate.check()?;
    let id = desk.new_id("tax");
    let rule = serde_json::to_string(rate).map_err(Refusal::damaged)?;
    desk.tx
        .run(
            "INSERT INTO tax_rates (vendor_id, id, key, name, country, rule) VALUES ($1, $2, $3, $4, $5, $6)",
            (desk.vendor.id.clone(), id.clone(), rate.key.clone(), rate.name.clone(), rate.country.clone(), rule),
        )
        .await?;
    record(desk, "tax_rate.created", &id, json!({ "key": rate.key })).await?;
    Ok(id)
}

/// Every rate of a country, dated ones and regional ones alike: the engine picks.
pub async fn tax_rates_of(desk: &mut Desk, country: &str) -> Result<Vec<TaxRate>, Refusal> {
    if let Some(rates) = desk.recall("tax rates", country) {
        return Ok(rates);
    }
    let rows: Vec<(String,)> =
        desk.tx.all("SELECT rule FROM tax_rates WHERE vendor_id = $1 AND country = $2 ORDER BY id", (desk.vendor.id.clone(), country.to_owned())).await?;
    let rates = rows.iter().map(|(rule,)| serde_json::from_str(rule).map_err(Refusal::damaged)).collect::<Result<Vec<TaxRate>, Refusal>>()?;
    desk.keep_of_catalogue("tax rates", country, &rates);
    Ok(rates)
}

/// Stores a dated exchange rate; a second one of the same day replaces the first.
pub async fn set_exchange_rate(desk: &mut Desk, rate: &ExchangeRate) -> Result<(), Refusal> {
    desk.tx
        .run(
            "INSERT INTO exchange_rates (vendor_id, from_currency, to_currency, on_date, rate) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (vendor_id, from_currency, to_currency, on_date) DO UPDATE SET rate = excluded.rate",
            (desk.vendor.id.clone(), rate.from.code(), rate.to.code(), rate.on.to_string(), rate.rate.to_string()),
        )
        .await?;
    changed(desk).await
}

#[derive(FromRow)]
struct ExchangeRow {
    from_currency: String,
    on_date: String,
    rate: String,
}

/// Every stored rate into a currency.
pub async fn exchange_rates_to(desk: &mut Desk, to: Currency) -> Result<Vec<ExchangeRate>, Refusal> {
    let rows: Vec<ExchangeRow> = desk
        .tx
        .all(
            "SELECT from_currency, on_date, rate FROM exchange_rates WHERE vendor_id = $1 AND to_currency = $2 ORDER BY on_date",
            (desk.vendor.id.clone(), to.code()),
        )
        .await?;
    rows.iter()
        .map(|row| {
            Ok(ExchangeRate {
                from: Currency::from_code(&row.from_currency).map_err(Refusal::damaged)?,
                to,
                on: row.on_date.parse::<NaiveDate>().map_err(Refusal::damaged)?,
                rate: row.rate.parse().map_err(Refusal::damaged)?,
            })
        })
        .collect()
}

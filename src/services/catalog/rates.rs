//! Tax rates and exchange rates.

use billing::explain::ExchangeRate;
use billing::money::Currency;
use billing::tax::TaxRate;
use chrono::NaiveDate;
use serde_json::json;
use sqlx::FromRow;

use super::{changed, record};
use crate::services::{Desk, Refusal, invoices};

/// Adds a tax rate; its id. Rates that share a key are one rate whose percent changed.
pub async fn create_tax_rate(desk: &mut Desk, rate: &TaxRate) -> Result<String, Refusal> {
    rate.check()?;
    if let Some(lacking) = invoices::of_vendor_taxing(&desk.vendor) {
        return Err(Refusal::Incomplete(vec![lacking]));
    }
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
    desk.keep_throughout("tax rates", country, &rates);
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

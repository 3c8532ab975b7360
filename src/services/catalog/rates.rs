//! Tax rates and exchange rates.

use billing::explain::ExchangeRate;
use billing::money::Currency;
use billing::tax::TaxRate;
use chrono::NaiveDate;
use serde_json::json;
use sqlx::FromRow;

use super::record;
use crate::sentence;
use crate::services::engine_errors::sentence_of;
use crate::services::{Desk, Refusal, invoices};
use crate::words::countries;

/// Letters of a tax rate's key and of its name.
pub const MOST_RATE_KEY: usize = 60;

/// A tax rate as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct KeptTaxRate {
    pub id: String,
    pub rate: TaxRate,
}

/// Adds a tax rate; its id. Rates that share a key are one rate whose percent changed: of one place and the same products, each from a day
/// of its own.
pub async fn create_tax_rate(desk: &mut Desk, rate: &TaxRate) -> Result<String, Refusal> {
    rate.check()?;
    check_key(rate)?;
    for earlier in tax_rates(desk).await?.into_iter().map(|kept| kept.rate).filter(|earlier| earlier.key == rate.key) {
        if (&earlier.country, &earlier.region) != (&rate.country, &rate.region) {
            return Err(Refusal::field("key", sentence!("tax-rate-of-another-place", key = &rate.key)));
        }
        if earlier.products != rate.products {
            return Err(Refusal::field("key", sentence!("tax-rate-of-other-products", key = &rate.key)));
        }
        if earlier.from == rate.from {
            return Err(Refusal::Conflict(sentence!("tax-rate-overlaps", key = &rate.key)));
        }
    }
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

fn check_key(rate: &TaxRate) -> Result<(), Refusal> {
    if rate.key.trim().is_empty() || rate.key.len() > MOST_RATE_KEY {
        return Err(Refusal::field("key", sentence!("tax-rate-key", most = MOST_RATE_KEY)));
    }
    if rate.name.trim().is_empty() || rate.name.chars().count() > MOST_RATE_KEY {
        return Err(Refusal::field("name", sentence!("tax-rate-name", most = MOST_RATE_KEY)));
    }
    if countries::is_known(&rate.country) { Ok(()) } else { Err(Refusal::field("country", sentence!("refusal-country"))) }
}

/// Every tax rate, as they came.
pub async fn tax_rates(desk: &mut Desk) -> Result<Vec<KeptTaxRate>, Refusal> {
    let rows: Vec<(String, String)> = desk.tx.all("SELECT id, rule FROM tax_rates WHERE vendor_id = $1 ORDER BY id", (desk.vendor.id.clone(),)).await?;
    rows.into_iter().map(|(id, rule)| Ok(KeptTaxRate { id, rate: serde_json::from_str(&rule).map_err(Refusal::damaged)? })).collect()
}

/// A tax rate, or [`Refusal::NotFound`].
pub async fn tax_rate(desk: &mut Desk, id: &str) -> Result<KeptTaxRate, Refusal> {
    let row: Option<(String,)> = desk.tx.opt("SELECT rule FROM tax_rates WHERE vendor_id = $1 AND id = $2", (desk.vendor.id.clone(), id.to_owned())).await?;
    let (rule,) = row.ok_or(Refusal::NotFound)?;
    Ok(KeptTaxRate { id: id.to_owned(), rate: serde_json::from_str(&rule).map_err(Refusal::damaged)? })
}

/// Says on which day a rate is charged for the last time. What was invoiced stays.
pub async fn end_tax_rate(desk: &mut Desk, id: &str, on: NaiveDate) -> Result<(), Refusal> {
    let rate = TaxRate { to: Some(on), ..tax_rate(desk, id).await?.rate };
    rate.check()?;
    let rule = serde_json::to_string(&rate).map_err(Refusal::damaged)?;
    desk.tx.run("UPDATE tax_rates SET rule = $3 WHERE vendor_id = $1 AND id = $2", (desk.vendor.id.clone(), id.to_owned(), rule)).await?;
    record(desk, "tax_rate.ended", id, json!({ "key": rate.key, "on": on })).await
}

/// Every rate of a country, dated ones and regional ones alike: the engine picks.
pub async fn tax_rates_of(desk: &mut Desk, country: &str) -> Result<Vec<TaxRate>, Refusal> {
    if let Some(rates) = desk.recall_setting("tax rates", country).await? {
        return Ok(rates);
    }
    let rows: Vec<(String,)> =
        desk.tx.all("SELECT rule FROM tax_rates WHERE vendor_id = $1 AND country = $2 ORDER BY id", (desk.vendor.id.clone(), country.to_owned())).await?;
    let rates = rows.iter().map(|(rule,)| serde_json::from_str(rule).map_err(Refusal::damaged)).collect::<Result<Vec<TaxRate>, Refusal>>()?;
    desk.keep_setting("tax rates", country, &rates);
    Ok(rates)
}

/// Stores a dated exchange rate; a second one of the same day replaces the first. What was invoiced keeps the rate it was converted at.
pub async fn set_exchange_rate(desk: &mut Desk, rate: &ExchangeRate) -> Result<(), Refusal> {
    rate.check().map_err(|error| Refusal::field("rate", sentence_of(&error.into())))?;
    if rate.from == rate.to {
        return Err(Refusal::field("to", sentence!("exchange-rate-of-itself")));
    }
    desk.tx
        .run(
            "INSERT INTO exchange_rates (vendor_id, from_currency, to_currency, on_date, rate) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (vendor_id, from_currency, to_currency, on_date) DO UPDATE SET rate = excluded.rate",
            (desk.vendor.id.clone(), rate.from.code(), rate.to.code(), rate.on.to_string(), rate.rate.to_string()),
        )
        .await?;
    Ok(desk.settings_changed().await?)
}

#[derive(FromRow)]
struct ExchangeRow {
    from_currency: String,
    on_date: String,
    rate: String,
}

/// Every stored rate into a currency.
pub async fn exchange_rates_to(desk: &mut Desk, to: Currency) -> Result<Vec<ExchangeRate>, Refusal> {
    if let Some(rates) = desk.recall_setting("exchange rates", to.code()).await? {
        return Ok(rates);
    }
    let rows: Vec<ExchangeRow> = desk
        .tx
        .all(
            "SELECT from_currency, on_date, rate FROM exchange_rates WHERE vendor_id = $1 AND to_currency = $2 ORDER BY on_date",
            (desk.vendor.id.clone(), to.code()),
        )
        .await?;
    let rates = rows
        .iter()
        .map(|row| {
            Ok(ExchangeRate {
                from: Currency::from_code(&row.from_currency).map_err(Refusal::damaged)?,
                to,
                on: row.on_date.parse::<NaiveDate>().map_err(Refusal::damaged)?,
                rate: row.rate.parse().map_err(Refusal::damaged)?,
            })
        })
        .collect::<Result<Vec<ExchangeRate>, Refusal>>()?;
    desk.keep_setting("exchange rates", to.code(), &rates);
    Ok(rates)
}

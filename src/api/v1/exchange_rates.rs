//! Exchange rates: by which a price of another currency is converted, where its plan says so.

use billing::explain::ExchangeRate as EngineRate;
use billing::money::Currency;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::give::Json;
use crate::api::problem::Problem;
use crate::api::route::Route;
use crate::api::take::{Body, Query};
use crate::api::values::{Day, Exact};
use crate::services::api_keys::Scope;
use crate::services::{Desk, catalog};

/// How many are told at once.
const MOST: usize = 400;

pub fn routes() -> Vec<Route> {
    vec![
        Route::post("/exchange-rates", Scope::PlansWrite, set)
            .named("setExchangeRate", "Set an exchange rate")
            .about("Holds from its day until the next one’s. One of the same day is replaced; what was invoiced keeps the rate that stands on its line."),
        Route::get("/exchange-rates", Scope::PlansRead, list)
            .named("listExchangeRates", "List exchange rates into a currency")
            .about("The latest 400, the latest first."),
    ]
}

/// What one unit of a currency is worth in another, from a day on.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExchangeRate {
    /// ISO 4217.
    #[schema(example = "USD")]
    pub from: String,
    /// ISO 4217.
    #[schema(example = "EUR")]
    pub to: String,
    pub on: Day,
    /// Units of `to` for one of `from`: above zero.
    #[schema(example = "0.9214")]
    pub rate: Exact,
}

/// Rates into one currency.
#[derive(Serialize, ToSchema)]
pub struct ExchangeRates {
    pub data: Vec<ExchangeRate>,
}

fn shown(rate: EngineRate) -> ExchangeRate {
    ExchangeRate { from: rate.from.code().to_owned(), to: rate.to.code().to_owned(), on: Day(rate.on), rate: rate.rate.into() }
}

async fn set(desk: &mut Desk, Body(new): Body<ExchangeRate>) -> Result<Json<ExchangeRate>, Problem> {
    let currency = |code: &str, pointer: &'static str| Currency::from_code(code).map_err(|error| Problem::at(pointer, error.to_string()));
    let rate = EngineRate { from: currency(&new.from, "/from")?, to: currency(&new.to, "/to")?, on: new.on.0, rate: new.rate.0 };
    catalog::set_exchange_rate(desk, &rate).await?;
    Ok(Json(shown(rate)))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ListExchangeRates {
    /// ISO 4217.
    to: String,
}

async fn list(desk: &mut Desk, Query(query): Query<ListExchangeRates>) -> Result<Json<ExchangeRates>, Problem> {
    let to = Currency::from_code(&query.to).map_err(|error| Problem::parameter("to", error.to_string()))?;
    let rates = catalog::exchange_rates_to(desk, to).await?;
    Ok(Json(ExchangeRates { data: rates.into_iter().rev().take(MOST).map(shown).collect() }))
}

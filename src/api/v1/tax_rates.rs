//! Tax rates, and what customers withhold of their own accord: by country.

use billing::tax::TaxRate as EngineRate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::give::{Created, Json, Page};
use crate::api::problem::Problem;
use crate::api::route::Route;
use crate::api::take::{Body, Id, Limit, Nothing, Query, after};
use crate::api::values::{Day, Exact};
use crate::services::api_keys::Scope;
use crate::services::catalog::{self, KeptTaxRate};
use crate::services::invoices::{self, WithholdingRate as KeptWithholdingRate};
use crate::services::{Desk, Refusal};

pub fn routes() -> Vec<Route> {
    vec![
        Route::post("/tax-rates", Scope::PlansWrite, create).named("createTaxRate", "Create a tax rate").about(
            "Charged from its first day on, wherever a customer’s place and what is sold fit. A percent that changes is another rate of the same key, from the day of the change.",
        ),
        Route::get("/tax-rates", Scope::PlansRead, list).named("listTaxRates", "List tax rates").about("The oldest first."),
        Route::get("/tax-rates/{tax_rate}", Scope::PlansRead, get).named("getTaxRate", "Get a tax rate"),
        Route::post("/tax-rates/{tax_rate}/end", Scope::PlansWrite, end)
            .named("endTaxRate", "End a tax rate")
            .about("After the day given it is charged no more. What was invoiced stays."),
        Route::post("/withholding-rates", Scope::PlansWrite, set_withholding)
            .named("setWithholdingRate", "Set what a country’s customers withhold")
            .about("Companies of that country may then enter their certificates in the portal, and pay the rest. In place of the rate before it, if there is one."),
        Route::get("/withholding-rates", Scope::PlansRead, list_withholding).named("listWithholdingRates", "List withholding rates"),
        Route::delete("/withholding-rates/{country}", Scope::PlansWrite, remove_withholding)
            .named("removeWithholdingRate", "Remove a withholding rate")
            .about("What was withheld stays."),
    ]
}

/// A percent charged in a place from a day on.
#[derive(Serialize, ToSchema)]
pub struct TaxRate {
    pub id: String,
    /// Rates of one key are one rate whose percent changed.
    pub key: String,
    /// As it stands on invoices.
    pub name: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// Only there; null: in the whole country.
    pub region: Option<String>,
    pub percent: Exact,
    /// Its first day; null: always.
    pub from: Option<Day>,
    /// Its last day; null: no end.
    pub to: Option<Day>,
    /// Keys of the plans and add-ons it is for; null: for whatever no other fitting rate names.
    pub products: Option<Vec<String>>,
}

fn shown(KeptTaxRate { id, rate }: KeptTaxRate) -> Result<TaxRate, Refusal> {
    Ok(TaxRate {
        id,
        key: rate.key,
        name: rate.name,
        country: rate.country,
        region: rate.region,
        percent: rate.percent.into(),
        from: rate.from.map(Day),
        to: rate.to.map(Day),
        products: rate.products,
    })
}

/// A tax rate to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTaxRate {
    #[schema(min_length = 1, max_length = 60, example = "at20")]
    pub key: String,
    #[schema(min_length = 1, max_length = 60, example = "VAT")]
    pub name: String,
    #[schema(min_length = 2, max_length = 2, example = "AT")]
    pub country: String,
    pub region: Option<String>,
    pub percent: Exact,
    pub from: Option<Day>,
    pub to: Option<Day>,
    #[schema(max_items = 100)]
    pub products: Option<Vec<String>>,
}

async fn create(desk: &mut Desk, Body(new): Body<NewTaxRate>) -> Result<Created<TaxRate>, Problem> {
    let rate = EngineRate {
        key: new.key,
        name: new.name,
        country: new.country,
        region: new.region,
        percent: new.percent.0,
        from: new.from.map(|Day(day)| day),
        to: new.to.map(|Day(day)| day),
        products: new.products,
    };
    let id = catalog::create_tax_rate(desk, &rate).await?;
    Ok(Created(shown(catalog::tax_rate(desk, &id).await?)?))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ListTaxRates {
    /// How many a page holds: 1 to 100, 20 unless given.
    #[schema(minimum = 1, maximum = 100)]
    limit: Option<u32>,
    /// The `next` of the page before.
    #[schema(pattern = "^[a-z]+_[0-9a-fA-F]{32}$")]
    after: Option<String>,
}

async fn list(desk: &mut Desk, Query(query): Query<ListTaxRates>) -> Result<Page<TaxRate>, Problem> {
    let rows = catalog::tax_rates(desk).await?;
    Page::cut(rows, Limit::of(query.limit)?, &after(query.after)?, |kept| &kept.id, shown)
}

async fn get(desk: &mut Desk, Id(id): Id) -> Result<Json<TaxRate>, Problem> {
    Ok(Json(shown(catalog::tax_rate(desk, &id).await?)?))
}

/// The last day of a rate.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TaxRateEnd {
    pub on: Day,
}

async fn end(desk: &mut Desk, (Id(id), Body(TaxRateEnd { on: Day(on) })): (Id, Body<TaxRateEnd>)) -> Result<Json<TaxRate>, Problem> {
    catalog::end_tax_rate(desk, &id, on).await?;
    Ok(Json(shown(catalog::tax_rate(desk, &id).await?)?))
}

/// How much the companies of a country keep back of what they pay, to pay it to their tax office in your name.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WithholdingRate {
    /// ISO 3166-1 alpha-2.
    #[schema(min_length = 2, max_length = 2, example = "TH")]
    pub country: String,
    /// Of an invoice without its tax: above 0, below 100.
    pub percent: Exact,
}

/// The rates of all countries, by their code.
#[derive(Serialize, ToSchema)]
pub struct WithholdingRates {
    pub data: Vec<WithholdingRate>,
}

async fn withholding_rates(desk: &mut Desk) -> Result<Json<WithholdingRates>, Problem> {
    let rates = invoices::withholding_rates(desk).await?;
    let shown = |KeptWithholdingRate { country, percent }: KeptWithholdingRate| WithholdingRate { country, percent: percent.into() };
    Ok(Json(WithholdingRates { data: rates.into_iter().map(shown).collect() }))
}

async fn set_withholding(desk: &mut Desk, Body(new): Body<WithholdingRate>) -> Result<Json<WithholdingRates>, Problem> {
    invoices::set_withholding_rate(desk, &KeptWithholdingRate { country: new.country, percent: new.percent.0 }).await?;
    withholding_rates(desk).await
}

async fn list_withholding(desk: &mut Desk, Nothing: Nothing) -> Result<Json<WithholdingRates>, Problem> {
    withholding_rates(desk).await
}

async fn remove_withholding(desk: &mut Desk, (Id(country), Nothing): (Id, Nothing)) -> Result<Json<WithholdingRates>, Problem> {
    invoices::remove_withholding_rate(desk, &country).await?;
    withholding_rates(desk).await
}

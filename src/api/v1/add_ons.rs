//! Add-ons: what customers take beside their plan, at its interval.

use billing::subscription::AddOnTerms;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::plans::{self, NewPrice, PriceModel, Tier};
use crate::api::give::{Created, Json, Page};
use crate::api::problem::Problem;
use crate::api::route::Route;
use crate::api::take::{Body, Id, Limit, Nothing, Query, after};
use crate::api::values::{Exact, Interval, Time};
use crate::services::api_keys::Scope;
use crate::services::catalog::{self, KeptPrice};
use crate::services::{Desk, Refusal};

pub fn routes() -> Vec<Route> {
    vec![
        Route::post("/add-ons", Scope::PlansWrite, create)
            .named("createAddOn", "Create an add-on")
            .about("Customers can take it from then on. It is paid at its own interval, whatever the plan’s. The same key at another interval is the same add-on to them: of several, each has the one at the plan’s interval."),
        Route::get("/add-ons", Scope::PlansRead, list).named("listAddOns", "List add-ons").about("The oldest first, retired ones too."),
        Route::get("/add-ons/{add_on}", Scope::PlansRead, get).named("getAddOn", "Get an add-on"),
        Route::post("/add-ons/{add_on}/retire", Scope::PlansWrite, retire)
            .named("retireAddOn", "Retire an add-on")
            .about("Nobody takes it any more. Who has it keeps it."),
    ]
}

/// What a customer takes beside a plan, at one interval.
#[derive(Serialize, ToSchema)]
pub struct AddOn {
    pub id: String,
    /// Your own name for it, which subscriptions name it by.
    pub key: String,
    pub name: String,
    pub interval: Interval,
    pub prices: Vec<AddOnPrice>,
    /// Nobody takes it any more since; null: it can be taken.
    pub retired_at: Option<Time>,
}

/// One amount rule of an add-on, in one currency. With a meter it is charged in arrears on the period’s usage, without one in advance on
/// how many of it there are.
#[derive(Serialize, ToSchema)]
pub struct AddOnPrice {
    pub key: String,
    pub name: String,
    pub currency: String,
    pub model: PriceModel,
    /// Of `flat`.
    pub amount_minor: Option<i64>,
    /// Of `per_unit`: minor units, which may have parts.
    pub unit_amount_minor: Option<Exact>,
    /// Of `package`.
    pub package_size: Option<Exact>,
    pub package_amount_minor: Option<Exact>,
    /// Of `graduated` and `volume`.
    pub tiers: Option<Vec<Tier>>,
    /// Units that come off first.
    pub included: Exact,
    pub minimum_minor: Option<i64>,
    pub maximum_minor: Option<i64>,
    /// A customer in another currency may be charged at a stored, dated rate.
    pub convert: bool,
    /// The meter’s key.
    pub meter: Option<String>,
}

/// An add-on to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAddOn {
    #[schema(min_length = 1, max_length = 100, example = "support")]
    pub key: String,
    #[schema(min_length = 1, max_length = 200, example = "Priority support")]
    pub name: String,
    /// A month, unless given.
    pub interval: Option<Interval>,
    /// Without an interval of their own: they have the add-on’s.
    #[schema(min_items = 1, max_items = 100)]
    pub prices: Vec<NewPrice>,
}

fn shown(record: catalog::AddOn) -> Result<AddOn, Refusal> {
    let terms = record.terms()?;
    let price = |price| {
        let p = plans::shown_price(KeptPrice { id: String::new(), plan_id: String::new(), interval: terms.interval, price });
        AddOnPrice {
            key: p.key,
            name: p.name,
            currency: p.currency,
            model: p.model,
            amount_minor: p.amount_minor,
            unit_amount_minor: p.unit_amount_minor,
            package_size: p.package_size,
            package_amount_minor: p.package_amount_minor,
            tiers: p.tiers,
            included: p.included,
            minimum_minor: p.minimum_minor,
            maximum_minor: p.maximum_minor,
            convert: p.convert,
            meter: p.meter,
        }
    };
    Ok(AddOn {
        id: record.id,
        key: record.key,
        name: record.name,
        interval: terms.interval.into(),
        prices: terms.prices.into_iter().map(price).collect(),
        retired_at: record.retired_at.map(Time::of_ms),
    })
}

async fn create(desk: &mut Desk, Body(new): Body<NewAddOn>) -> Result<Created<AddOn>, Problem> {
    Problem::unless_named(&new.name, "/name")?;
    if new.prices.is_empty() {
        return Err(Problem::at("/prices", "An add-on needs a price."));
    }
    let interval = new.interval.unwrap_or(Interval::MONTH).engine().map_err(|refusal| Problem::at("/interval/count", refusal.to_string()))?;
    let mut prices = Vec::with_capacity(new.prices.len());
    for (index, price) in new.prices.into_iter().enumerate() {
        if price.interval.is_some() {
            return Err(Problem::at(format!("/prices/{index}/interval"), "The add-on has one interval for all its prices."));
        }
        prices.push(plans::engine_price(desk, price, &format!("/prices/{index}")).await?.price);
    }
    let id = catalog::create_add_on(desk, &AddOnTerms { key: new.key, name: new.name, interval, prices, quantity: Decimal::ONE }).await?;
    Ok(Created(shown(catalog::add_on(desk, &id).await?)?))
}

async fn get(desk: &mut Desk, Id(add_on): Id) -> Result<Json<AddOn>, Problem> {
    Ok(Json(shown(catalog::add_on(desk, &add_on).await?)?))
}

async fn retire(desk: &mut Desk, (Id(add_on), Nothing): (Id, Nothing)) -> Result<Json<AddOn>, Problem> {
    catalog::retire_add_on(desk, &add_on).await?;
    Ok(Json(shown(catalog::add_on(desk, &add_on).await?)?))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ListAddOns {
    /// How many a page holds: 1 to 100, 20 unless given.
    #[schema(minimum = 1, maximum = 100)]
    limit: Option<u32>,
    /// The `next` of the page before.
    #[schema(pattern = "^[a-z]+_[0-9a-fA-F]{32}$")]
    after: Option<String>,
}

async fn list(desk: &mut Desk, Query(query): Query<ListAddOns>) -> Result<Page<AddOn>, Problem> {
    let add_ons = catalog::add_ons(desk).await?;
    Page::cut(add_ons, Limit::of(query.limit)?, &after(query.after)?, |add_on| &add_on.id, shown)
}

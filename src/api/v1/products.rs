//! What is sold once (services and credit packs), and how much customers may pay into their balance.

use billing::money::Currency;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::give::{Created, Json};
use crate::api::problem::Problem;
use crate::api::route::Route;
use crate::api::take::{Body, Id, Nothing};
use crate::api::values::Time;
use crate::services::api_keys::Scope;
use crate::services::{Desk, catalog};

pub fn routes() -> Vec<Route> {
    vec![
        Route::post("/products", Scope::PlansWrite, create)
            .named("createProduct", "Create a product")
            .about("Customers buy it in the portal. A service is invoiced with its tax; a tax rate may name it by its key. A credit pack fills the balance, with no less than is paid: no tax is charged for it, for the invoices it pays have theirs."),
        Route::get("/products", Scope::PlansRead, list).named("listProducts", "List products").about("The oldest first, retired ones too."),
        Route::get("/products/{product}", Scope::PlansRead, get).named("getProduct", "Get a product"),
        Route::post("/products/{product}/retire", Scope::PlansWrite, retire)
            .named("retireProduct", "Retire a product")
            .about("Nobody buys it any more. What was bought stays."),
        Route::post("/top-up-limits", Scope::PlansWrite, set_limit)
            .named("setTopUpLimit", "Let customers top up their balance")
            .about("Within bounds, by currency. Without both bounds customers of that currency can’t pay in any more."),
        Route::get("/top-up-limits", Scope::PlansRead, list_limits).named("listTopUpLimits", "List bounds of top-ups"),
    ]
}

#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProductKind {
    Service,
    CreditPack,
}

impl From<catalog::ProductKind> for ProductKind {
    fn from(kind: catalog::ProductKind) -> ProductKind {
        match kind {
            catalog::ProductKind::Service => ProductKind::Service,
            catalog::ProductKind::CreditPack => ProductKind::CreditPack,
        }
    }
}

/// What a product costs in a currency.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProductPrice {
    /// ISO 4217.
    #[schema(example = "EUR")]
    pub currency: String,
    /// As your prices stand to tax; of a credit pack what is paid. Above zero.
    #[schema(minimum = 1)]
    pub amount_minor: i64,
    /// Of a credit pack: what the balance gets, no less than is paid. Null for a service.
    #[schema(minimum = 1)]
    pub credit_minor: Option<i64>,
}

/// Something sold once.
#[derive(Serialize, ToSchema)]
pub struct Product {
    pub id: String,
    pub key: String,
    pub name: String,
    pub description: String,
    pub kind: ProductKind,
    /// Of a credit pack: how many days its credit lasts; null: until it is used.
    pub credit_lasts_days: Option<u32>,
    pub prices: Vec<ProductPrice>,
    /// Sold no more since; null: it is.
    pub retired_at: Option<Time>,
    pub created_at: Time,
}

/// A product to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewProduct {
    #[schema(min_length = 1, max_length = 60, example = "onboarding")]
    pub key: String,
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    #[serde(default)]
    #[schema(max_length = 500)]
    pub description: String,
    pub kind: ProductKind,
    /// Of a credit pack: how many days its credit lasts; until it is used, unless given.
    #[schema(minimum = 1, maximum = 3660)]
    pub credit_lasts_days: Option<u32>,
    /// One a currency.
    #[schema(min_items = 1, max_items = 50)]
    pub prices: Vec<ProductPrice>,
}

fn shown(product: catalog::Product) -> Product {
    Product {
        kind: product.kind.into(),
        prices: product
            .prices
            .into_iter()
            .map(|price| ProductPrice { currency: price.currency, amount_minor: price.amount_minor, credit_minor: price.credit_minor })
            .collect(),
        id: product.id,
        key: product.key,
        name: product.name,
        description: product.description,
        credit_lasts_days: product.credit_lasts_days,
        retired_at: product.retired_at.map(Time::of_ms),
        created_at: Time::of_ms(product.created_at),
    }
}

async fn create(desk: &mut Desk, Body(new): Body<NewProduct>) -> Result<Created<Product>, Problem> {
    let new = catalog::NewProduct {
        key: new.key,
        name: new.name,
        description: new.description,
        kind: match new.kind {
            ProductKind::Service => catalog::ProductKind::Service,
            ProductKind::CreditPack => catalog::ProductKind::CreditPack,
        },
        credit_lasts_days: new.credit_lasts_days,
        prices: new
            .prices
            .into_iter()
            .map(|price| catalog::ProductPrice { currency: price.currency, amount_minor: price.amount_minor, credit_minor: price.credit_minor })
            .collect(),
    };
    let id = catalog::create_product(desk, &new).await?;
    Ok(Created(shown(catalog::find_product(desk, &id).await?)))
}

/// Every product.
#[derive(Serialize, ToSchema)]
pub struct Products {
    pub data: Vec<Product>,
}

async fn list(desk: &mut Desk, Nothing: Nothing) -> Result<Json<Products>, Problem> {
    Ok(Json(Products { data: catalog::products(desk).await?.into_iter().map(shown).collect() }))
}

async fn get(desk: &mut Desk, Id(product): Id) -> Result<Json<Product>, Problem> {
    Ok(Json(shown(catalog::find_product(desk, &product).await?)))
}

async fn retire(desk: &mut Desk, (Id(product), Nothing): (Id, Nothing)) -> Result<Json<Product>, Problem> {
    let id = catalog::find_product(desk, &product).await?.id;
    catalog::retire_product(desk, &id).await?;
    Ok(Json(shown(catalog::find_product(desk, &id).await?)))
}

/// How much customers of a currency may pay into their balance at once. Both bounds, or neither for nothing.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTopUpLimit {
    /// ISO 4217.
    #[schema(example = "EUR")]
    pub currency: String,
    #[schema(minimum = 1)]
    pub least_minor: Option<i64>,
    #[schema(minimum = 1)]
    pub most_minor: Option<i64>,
}

/// How much customers of a currency may pay into their balance at once.
#[derive(Serialize, ToSchema)]
pub struct TopUpLimit {
    pub currency: String,
    pub least_minor: i64,
    pub most_minor: i64,
}

/// Those of every currency there are.
#[derive(Serialize, ToSchema)]
pub struct TopUpLimits {
    pub data: Vec<TopUpLimit>,
}

async fn limits(desk: &mut Desk) -> Result<Json<TopUpLimits>, Problem> {
    let limits = catalog::top_up_limits(desk).await?.into_iter();
    let shown = |limit: catalog::TopUpLimit| TopUpLimit { currency: limit.currency, least_minor: limit.least_minor, most_minor: limit.most_minor };
    Ok(Json(TopUpLimits { data: limits.map(shown).collect() }))
}

async fn set_limit(desk: &mut Desk, Body(new): Body<NewTopUpLimit>) -> Result<Json<TopUpLimits>, Problem> {
    let currency = Currency::from_code(&new.currency).map_err(|error| Problem::at("/currency", error.to_string()))?;
    let bounds = match (new.least_minor, new.most_minor) {
        (Some(least), Some(most)) => Some((least, most)),
        (None, None) => None,
        (Some(_), None) => return Err(Problem::at("/most_minor", "Give both bounds, or neither.")),
        (None, Some(_)) => return Err(Problem::at("/least_minor", "Give both bounds, or neither.")),
    };
    catalog::set_top_up_limit(desk, currency, bounds).await?;
    limits(desk).await
}

async fn list_limits(desk: &mut Desk, Nothing: Nothing) -> Result<Json<TopUpLimits>, Problem> {
    limits(desk).await
}

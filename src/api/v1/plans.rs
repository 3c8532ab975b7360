//! Plans and their prices: made, published, retired. A price is never changed: running subscriptions keep what they agreed to.

use billing::money::Currency;
use billing::price::{self, MeterRef, Model};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::in_body;
use crate::api::give::{Created, Json, Page};
use crate::api::problem::Problem;
use crate::api::route::Route;
use crate::api::take::{Body, Id, Limit, Nothing, Query, after};
use crate::api::values::{Exact, Interval};
use crate::services::api_keys::Scope;
use crate::services::catalog::{self, KeptPrice};
use crate::services::{Desk, Refusal, usage};

pub fn routes() -> Vec<Route> {
    vec![
        Route::post("/plans", Scope::PlansWrite, create).named("createPlan", "Create a plan").about("It is not for sale until it is published."),
        Route::get("/plans", Scope::PlansRead, list).named("listPlans", "List plans").about("In the order of the plan page, unpublished and retired ones too."),
        Route::get("/plans/{plan}", Scope::PlansRead, get).named("getPlan", "Get a plan"),
        Route::post("/plans/{plan}/prices", Scope::PlansWrite, add_price)
            .named("addPrice", "Add a price to a plan")
            .about("Another interval or currency, or a new part of the plan. Running subscriptions keep the prices they agreed to."),
        Route::post("/plans/{plan}/invoice-threshold", Scope::PlansWrite, set_threshold)
            .named("setInvoiceThreshold", "Set from when usage is invoiced before its period ends")
            .about("For all who have the plan and pay in the currency: once their usage that is not invoiced yet costs so much, it is invoiced at once, and the period’s end bills the rest."),
        Route::post("/plans/{plan}/publish", Scope::PlansWrite, publish).named("publishPlan", "Put a plan up for sale"),
        Route::post("/plans/{plan}/retire", Scope::PlansWrite, retire).named("retirePlan", "Take a plan off sale").about("Who has it keeps it."),
    ]
}

/// Something that is sold.
#[derive(Serialize, ToSchema)]
pub struct Plan {
    pub id: String,
    /// Your own name for it in programs; wherever its id is asked for, `ext:` and this does too.
    pub key: String,
    pub name: String,
    pub description: String,
    pub trial_days: i64,
    /// Most seats it may have; null: no limit.
    pub max_quantity: Option<i64>,
    pub is_published: bool,
    pub prices: Vec<Price>,
    /// From when usage is invoiced before its period ends; empty: only at the end.
    pub invoice_thresholds: Vec<InvoiceThreshold>,
}

/// What usage that is not invoiced yet may cost, before discounts and tax.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InvoiceThreshold {
    /// ISO 4217: of subscriptions in it.
    #[schema(example = "EUR")]
    pub currency: String,
    #[schema(minimum = 1)]
    pub amount_minor: i64,
}

/// A threshold to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewInvoiceThreshold {
    /// ISO 4217; yours, unless given.
    pub currency: Option<String>,
    /// Null: none any more.
    #[schema(minimum = 1)]
    pub amount_minor: Option<i64>,
}

/// How units become money.
#[derive(Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PriceModel {
    /// `amount_minor` for the period, whatever the quantity.
    Flat,
    /// `unit_amount_minor` for each unit.
    PerUnit,
    /// Each of `tiers` rates the units inside it.
    Graduated,
    /// All units at the rate of the tier the total falls in.
    Volume,
    /// `package_amount_minor` for each package of `package_size` that is begun.
    Package,
}

/// A stretch of units, from the tier before to `up_to`.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Tier {
    /// The last unit in it; null: open, as the last tier is.
    pub up_to: Option<Exact>,
    /// Minor units for each unit.
    pub unit_amount_minor: Exact,
    /// Minor units, charged once at least one unit falls in the tier.
    pub flat_amount_minor: Option<Exact>,
}

/// One amount rule of a plan, in one currency and interval. With a meter it is charged in arrears on the period’s usage, without one in
/// advance on the quantity.
#[derive(Serialize, ToSchema)]
pub struct Price {
    pub id: String,
    pub key: String,
    pub name: String,
    pub interval: Interval,
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

/// A price to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPrice {
    /// Stable within the plan: the same part at another interval or in another currency has the same key.
    #[schema(min_length = 1, max_length = 100, example = "seats")]
    pub key: String,
    #[schema(min_length = 1, max_length = 200, example = "Seats")]
    pub name: String,
    /// A month, unless given.
    pub interval: Option<Interval>,
    /// ISO 4217; yours, unless given.
    pub currency: Option<String>,
    pub model: PriceModel,
    #[schema(minimum = 0)]
    pub amount_minor: Option<i64>,
    pub unit_amount_minor: Option<Exact>,
    pub package_size: Option<Exact>,
    pub package_amount_minor: Option<Exact>,
    pub tiers: Option<Vec<Tier>>,
    /// None, unless given.
    pub included: Option<Exact>,
    #[schema(minimum = 0)]
    pub minimum_minor: Option<i64>,
    #[schema(minimum = 0)]
    pub maximum_minor: Option<i64>,
    #[serde(default)]
    pub convert: bool,
    /// The meter’s key; absent: charged in advance on the quantity.
    pub meter: Option<String>,
}

/// A plan to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPlan {
    #[schema(min_length = 1, max_length = 100, example = "team")]
    pub key: String,
    #[schema(min_length = 1, max_length = 200, example = "Team")]
    pub name: String,
    #[serde(default)]
    #[schema(max_length = 2000)]
    pub description: String,
    /// None, unless given.
    #[schema(minimum = 0, maximum = 3650)]
    pub trial_days: Option<i64>,
    #[schema(minimum = 1)]
    pub max_quantity: Option<i64>,
    #[serde(default)]
    pub prices: Vec<NewPrice>,
    #[serde(default)]
    pub invoice_thresholds: Vec<InvoiceThreshold>,
}

fn tier(tier: &price::Tier) -> Tier {
    Tier { up_to: tier.up_to.map(Exact), unit_amount_minor: tier.unit_amount.into(), flat_amount_minor: Some(tier.flat_amount.into()) }
}

pub(super) fn shown_price(kept: KeptPrice) -> Price {
    let p = kept.price;
    let mut shown = Price {
        id: kept.id,
        key: p.key,
        name: p.name,
        interval: kept.interval.into(),
        currency: p.currency.code().to_owned(),
        model: PriceModel::Flat,
        amount_minor: None,
        unit_amount_minor: None,
        package_size: None,
        package_amount_minor: None,
        tiers: None,
        included: p.included.into(),
        minimum_minor: p.minimum,
        maximum_minor: p.maximum,
        convert: p.convert,
        meter: p.meter.map(|meter| meter.key),
    };
    match p.model {
        Model::Flat { amount_minor } => shown.amount_minor = Some(amount_minor),
        Model::PerUnit { unit_amount } => (shown.model, shown.unit_amount_minor) = (PriceModel::PerUnit, Some(unit_amount.into())),
        Model::Graduated { tiers } => (shown.model, shown.tiers) = (PriceModel::Graduated, Some(tiers.iter().map(tier).collect())),
        Model::Volume { tiers } => (shown.model, shown.tiers) = (PriceModel::Volume, Some(tiers.iter().map(tier).collect())),
        Model::Package { size, amount } => {
            (shown.model, shown.package_size, shown.package_amount_minor) = (PriceModel::Package, Some(size.into()), Some(amount.into()));
        }
    }
    shown
}

fn shown(plan: catalog::Plan, prices: Vec<KeptPrice>, thresholds: Vec<catalog::InvoiceThreshold>) -> Plan {
    let threshold = |catalog::InvoiceThreshold { currency, amount_minor, .. }: catalog::InvoiceThreshold| InvoiceThreshold { currency, amount_minor };
    Plan {
        id: plan.id,
        key: plan.key,
        name: plan.name,
        description: plan.description,
        trial_days: plan.trial_days,
        max_quantity: plan.max_quantity,
        is_published: plan.is_published,
        prices: prices.into_iter().map(shown_price).collect(),
        invoice_thresholds: thresholds.into_iter().map(threshold).collect(),
    }
}

/// What a price takes beside its model: exactly the fields of that model.
fn model(new: &NewPrice, at: &str) -> Result<Model, Problem> {
    let given = [
        ("amount_minor", new.amount_minor.is_some()),
        ("unit_amount_minor", new.unit_amount_minor.is_some()),
        ("package_size", new.package_size.is_some()),
        ("package_amount_minor", new.package_amount_minor.is_some()),
        ("tiers", new.tiers.is_some()),
    ];
    let takes: &[&str] = match new.model {
        PriceModel::Flat => &["amount_minor"],
        PriceModel::PerUnit => &["unit_amount_minor"],
        PriceModel::Graduated | PriceModel::Volume => &["tiers"],
        PriceModel::Package => &["package_size", "package_amount_minor"],
    };
    if let Some((field, _)) = given.iter().find(|(field, is_given)| *is_given && !takes.contains(field)) {
        return Err(Problem::at(format!("{at}/{field}"), format!("This model takes {} instead.", takes.join(" and "))));
    }
    let missing = |field: &str| Problem::at(format!("{at}/{field}"), "This model needs it.");
    let tiers = || -> Result<Vec<price::Tier>, Problem> {
        let tiers = new.tiers.as_ref().ok_or_else(|| missing("tiers"))?;
        let engine = |tier: &Tier| price::Tier {
            up_to: tier.up_to.map(|Exact(end)| end),
            unit_amount: tier.unit_amount_minor.0,
            flat_amount: tier.flat_amount_minor.map_or_else(Default::default, |Exact(amount)| amount),
        };
        Ok(tiers.iter().map(engine).collect())
    };
    Ok(match new.model {
        PriceModel::Flat => Model::Flat { amount_minor: new.amount_minor.ok_or_else(|| missing("amount_minor"))? },
        PriceModel::PerUnit => Model::PerUnit { unit_amount: new.unit_amount_minor.ok_or_else(|| missing("unit_amount_minor"))?.0 },
        PriceModel::Graduated => Model::Graduated { tiers: tiers()? },
        PriceModel::Volume => Model::Volume { tiers: tiers()? },
        PriceModel::Package => Model::Package {
            size: new.package_size.ok_or_else(|| missing("package_size"))?.0,
            amount: new.package_amount_minor.ok_or_else(|| missing("package_amount_minor"))?.0,
        },
    })
}

/// The price as the engine has it; `at` is where it stands in the body.
pub(super) async fn engine_price(desk: &mut Desk, new: NewPrice, at: &str) -> Result<catalog::NewPrice, Problem> {
    Problem::unless_named(&new.name, format!("{at}/name"))?;
    let code = new.currency.clone().unwrap_or_else(|| desk.vendor.currency.clone());
    let currency = Currency::from_code(&code).map_err(|error| Problem::at(format!("{at}/currency"), error.to_string()))?;
    let interval = new.interval.unwrap_or(Interval::MONTH).engine().map_err(|refusal| Problem::at(format!("{at}/interval/count"), refusal.to_string()))?;
    let model = model(&new, at)?;
    let meter = match &new.meter {
        None => None,
        Some(key) => {
            let meter = usage::meters(desk).await?.into_iter().find(|meter| meter.key == *key);
            let meter = meter.ok_or_else(|| Problem::at(format!("{at}/meter"), format!("There is no meter “{key}”.")))?;
            Some(MeterRef { key: meter.key, aggregate: meter.aggregate })
        }
    };
    let included = new.included.map_or_else(Default::default, |Exact(included)| included);
    let price = price::Price {
        key: new.key,
        name: new.name,
        model,
        included,
        minimum: new.minimum_minor,
        maximum: new.maximum_minor,
        currency,
        convert: new.convert,
        meter,
    };
    Ok(catalog::NewPrice { interval, price })
}

async fn read(desk: &mut Desk, plan_id: &str) -> Result<Plan, Refusal> {
    let plan = catalog::plan(desk, plan_id).await?;
    let prices = catalog::prices(desk, Some(plan_id)).await?;
    let thresholds = catalog::invoice_thresholds(desk, Some(plan_id)).await?;
    Ok(shown(plan, prices, thresholds))
}

async fn create(desk: &mut Desk, Body(new): Body<NewPlan>) -> Result<Created<Plan>, Problem> {
    Problem::unless_named(&new.name, "/name")?;
    let mut prices = Vec::with_capacity(new.prices.len());
    for (index, price) in new.prices.into_iter().enumerate() {
        prices.push(engine_price(desk, price, &format!("/prices/{index}")).await?);
    }
    let thresholds = new.invoice_thresholds;
    let position = i64::try_from(catalog::plans(desk).await?.len()).map_err(Refusal::damaged)?;
    let new = catalog::NewPlan {
        key: new.key,
        name: new.name,
        description: new.description,
        position,
        trial_days: new.trial_days.unwrap_or_default(),
        max_quantity: new.max_quantity,
        prices,
    };
    let id = catalog::create_plan(desk, &new).await?;
    for (index, InvoiceThreshold { currency, amount_minor }) in thresholds.into_iter().enumerate() {
        let at = |name: &str| format!("/invoice_thresholds/{index}/{name}");
        let currency = Currency::from_code(&currency).map_err(|error| Problem::at(at("currency"), error.to_string()))?;
        if amount_minor <= 0 {
            return Err(Problem::at(at("amount_minor"), "This has to be above nothing."));
        }
        catalog::set_invoice_threshold(desk, &id, currency, Some(amount_minor)).await?;
    }
    Ok(Created(read(desk, &id).await?))
}

async fn get(desk: &mut Desk, Id(plan): Id) -> Result<Json<Plan>, Problem> {
    let id = catalog::find_plan(desk, &plan).await?.id;
    Ok(Json(read(desk, &id).await?))
}

async fn add_price(desk: &mut Desk, (Id(plan), Body(new)): (Id, Body<NewPrice>)) -> Result<Created<Plan>, Problem> {
    let id = catalog::find_plan(desk, &plan).await?.id;
    let new = engine_price(desk, new, "").await?;
    catalog::add_price(desk, &id, &new).await.map_err(in_body("/key"))?;
    Ok(Created(read(desk, &id).await?))
}

async fn set_threshold(desk: &mut Desk, (Id(plan), Body(new)): (Id, Body<NewInvoiceThreshold>)) -> Result<Json<Plan>, Problem> {
    let id = catalog::find_plan(desk, &plan).await?.id;
    let code = new.currency.unwrap_or_else(|| desk.vendor.currency.clone());
    let currency = Currency::from_code(&code).map_err(|error| Problem::at("/currency", error.to_string()))?;
    catalog::set_invoice_threshold(desk, &id, currency, new.amount_minor).await?;
    Ok(Json(read(desk, &id).await?))
}

async fn publish(desk: &mut Desk, (Id(plan), Nothing): (Id, Nothing)) -> Result<Json<Plan>, Problem> {
    let id = catalog::find_plan(desk, &plan).await?.id;
    catalog::publish_plan(desk, &id).await?;
    Ok(Json(read(desk, &id).await?))
}

async fn retire(desk: &mut Desk, (Id(plan), Nothing): (Id, Nothing)) -> Result<Json<Plan>, Problem> {
    let id = catalog::find_plan(desk, &plan).await?.id;
    catalog::retire_plan(desk, &id).await?;
    Ok(Json(read(desk, &id).await?))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ListPlans {
    /// How many a page holds: 1 to 100, 20 unless given.
    #[schema(minimum = 1, maximum = 100)]
    limit: Option<u32>,
    /// The `next` of the page before.
    #[schema(pattern = "^[a-z]+_[0-9a-fA-F]{32}$")]
    after: Option<String>,
}

async fn list(desk: &mut Desk, Query(query): Query<ListPlans>) -> Result<Page<Plan>, Problem> {
    let plans = catalog::plans(desk).await?;
    let prices = catalog::prices(desk, None).await?;
    let thresholds = catalog::invoice_thresholds(desk, None).await?;
    let of = |plan: &catalog::Plan| {
        let prices = prices.iter().filter(|price| price.plan_id == plan.id).cloned().collect();
        (prices, thresholds.iter().filter(|threshold| threshold.plan_id == plan.id).cloned().collect())
    };
    let shown = |plan: catalog::Plan| {
        let (prices, thresholds) = of(&plan);
        Ok(shown(plan, prices, thresholds))
    };
    Page::cut(plans, Limit::of(query.limit)?, &after(query.after)?, |plan| &plan.id, shown)
}

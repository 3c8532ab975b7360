//! Customers: the vendor's billing accounts.

use billing::money::Currency;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::give::{Created, Json, Page};
use crate::api::problem::Problem;
use crate::api::route::Route;
use crate::api::take::{Body, Id, Limit, Nothing, Query, after};
use crate::api::v1::subscriptions::{SubscribedAddOn, SubscriptionStatus};
use crate::api::values::{Exact, Time, given};
use crate::services::api_keys::Scope;
use crate::services::customers::{self, Details};
use crate::services::{Desk, Refusal, subscriptions};

pub fn routes() -> Vec<Route> {
    vec![
        Route::post("/customers", Scope::CustomersWrite, create).named("createCustomer", "Create a customer"),
        Route::get("/customers", Scope::CustomersRead, list).named("listCustomers", "List customers").about("The newest first."),
        Route::get("/customers/{customer}", Scope::CustomersRead, get).named("getCustomer", "Get a customer"),
        Route::patch("/customers/{customer}", Scope::CustomersWrite, update)
            .named("updateCustomer", "Change a customer")
            .about("What is absent stays as it is; null empties a field. What changes stands on the next invoice, and prices held for the customer are worked out anew."),
        Route::get("/customers/{customer}/entitlements", Scope::SubscriptionsRead, entitlements)
            .named("getEntitlements", "Get what a customer may use")
            .about("Now, by each subscription that has not ended. It follows their state in the same transaction."),
        Route::post("/customers/{customer}/suspend", Scope::CustomersWrite, suspend)
            .named("suspendCustomer", "Suspend a customer's access")
            .about("Its members are kept out of the portal and of every frame from their next request on, and are told whom to write to. Billing goes on."),
        Route::post("/customers/{customer}/resume", Scope::CustomersWrite, resume)
            .named("resumeCustomer", "Resume a customer's access")
            .about("Its members come in again; what sessions they still have go on."),
    ]
}

/// A billing account of yours, usually a company.
#[derive(Serialize, ToSchema)]
pub struct Customer {
    pub id: String,
    /// Your own id for it.
    pub external_id: Option<String>,
    pub name: String,
    /// As it stands on invoices.
    pub legal_name: String,
    pub address_line1: Option<String>,
    pub address_line2: Option<String>,
    pub postal_code: Option<String>,
    pub city: Option<String>,
    pub region: Option<String>,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    pub tax_id: Option<String>,
    /// No tax is charged.
    pub tax_exempt: bool,
    /// Printed on every invoice.
    pub purchase_order: Option<String>,
    /// Receive invoices without a sign-in.
    pub invoice_emails: Vec<String>,
    /// ISO 4217.
    pub currency: String,
    /// IANA zone in which billing days begin.
    pub time_zone: String,
    pub locale: String,
    pub created_at: Time,
    /// Since when its members are kept out of the portal; null: they are not.
    pub suspended_at: Option<Time>,
}

pub fn shown(c: customers::Customer) -> Result<Customer, Refusal> {
    Ok(Customer {
        invoice_emails: c.invoice_emails(),
        id: c.id,
        external_id: c.external_id,
        name: c.name,
        legal_name: c.legal_name,
        address_line1: c.address_line1,
        address_line2: c.address_line2,
        postal_code: c.postal_code,
        city: c.city,
        region: c.region,
        country: c.country,
        tax_id: c.tax_id,
        tax_exempt: c.tax_exempt,
        purchase_order: c.purchase_order,
        currency: c.currency,
        time_zone: c.time_zone,
        locale: c.locale,
        created_at: Time::of_ms(c.created_at),
        suspended_at: c.suspended_at.map(Time::of_ms),
    })
}

/// A customer to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCustomer {
    /// Your own id for it; wherever ours is asked for, `ext:` and this does too.
    #[schema(min_length = 1, max_length = 200)]
    pub external_id: Option<String>,
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    /// As it stands on invoices. The name, unless given.
    pub legal_name: Option<String>,
    pub address_line1: Option<String>,
    pub address_line2: Option<String>,
    pub postal_code: Option<String>,
    pub city: Option<String>,
    pub region: Option<String>,
    /// ISO 3166-1 alpha-2.
    #[schema(min_length = 2, max_length = 2, example = "AT")]
    pub country: String,
    /// With its country letters. Checked in form and check digit for the EU, the UK, Norway, Switzerland, Japan and Thailand.
    pub tax_id: Option<String>,
    #[serde(default)]
    pub tax_exempt: bool,
    pub purchase_order: Option<String>,
    #[serde(default)]
    #[schema(max_items = 10)]
    pub invoice_emails: Vec<String>,
    /// ISO 4217; yours, unless given. Stays for good.
    #[schema(example = "EUR")]
    pub currency: Option<String>,
    /// IANA; yours, unless given.
    #[schema(example = "Europe/Vienna")]
    pub time_zone: Option<String>,
    /// Yours, unless given.
    pub locale: Option<String>,
}

async fn create(desk: &mut Desk, Body(new): Body<NewCustomer>) -> Result<Created<Customer>, Problem> {
    let vendor = desk.vendor.clone();
    let code = new.currency.unwrap_or_else(|| vendor.currency.clone());
    let currency = Currency::from_code(&code).map_err(|error| Problem::at("/currency", error.to_string()))?;
    let new = customers::NewCustomer {
        external_id: new.external_id,
        details: Details {
            legal_name: new.legal_name.unwrap_or_else(|| new.name.clone()),
            name: new.name,
            address_line1: new.address_line1,
            address_line2: new.address_line2,
            postal_code: new.postal_code,
            city: new.city,
            region: new.region,
            country: new.country,
            tax_id: new.tax_id,
            purchase_order: new.purchase_order,
            invoice_emails: new.invoice_emails,
            locale: new.locale.unwrap_or_else(|| vendor.locale.clone()),
            time_zone: new.time_zone.unwrap_or_else(|| vendor.time_zone.clone()),
        },
        tax_exempt: new.tax_exempt,
        currency,
    };
    let id = customers::create(desk, &new).await?;
    Ok(Created(shown(customers::load(desk, &id).await?)?))
}

async fn get(desk: &mut Desk, Id(customer): Id) -> Result<Json<Customer>, Problem> {
    Ok(Json(shown(customers::find(desk, &customer).await?)?))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ListCustomers {
    /// How many a page holds: 1 to 100, 20 unless given.
    #[schema(minimum = 1, maximum = 100)]
    limit: Option<u32>,
    /// The `next` of the page before.
    #[schema(pattern = "^[a-z]+_[0-9a-fA-F]{32}$")]
    after: Option<String>,
}

async fn list(desk: &mut Desk, Query(query): Query<ListCustomers>) -> Result<Page<Customer>, Problem> {
    let limit = Limit::of(query.limit)?;
    let rows = customers::page(desk, &after(query.after)?, limit.and_one()).await?;
    Page::of(rows, limit, |customer| &customer.id, shown)
}

/// What is to be different about a customer.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CustomerChanges {
    pub name: Option<String>,
    pub legal_name: Option<String>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    pub address_line1: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    pub address_line2: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    pub postal_code: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    pub city: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    pub region: Option<Option<String>>,
    pub country: Option<String>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    pub tax_id: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    pub purchase_order: Option<Option<String>>,
    pub invoice_emails: Option<Vec<String>>,
    pub time_zone: Option<String>,
    pub locale: Option<String>,
}

async fn update(desk: &mut Desk, (Id(customer), Body(changes)): (Id, Body<CustomerChanges>)) -> Result<Json<Customer>, Problem> {
    let id = customers::find(desk, &customer).await?.id;
    let now = customers::lock(desk, &id).await?;
    let details = Details {
        invoice_emails: changes.invoice_emails.unwrap_or_else(|| now.invoice_emails()),
        name: changes.name.unwrap_or(now.name),
        legal_name: changes.legal_name.unwrap_or(now.legal_name),
        address_line1: changes.address_line1.unwrap_or(now.address_line1),
        address_line2: changes.address_line2.unwrap_or(now.address_line2),
        postal_code: changes.postal_code.unwrap_or(now.postal_code),
        city: changes.city.unwrap_or(now.city),
        region: changes.region.unwrap_or(now.region),
        country: changes.country.unwrap_or(now.country),
        tax_id: changes.tax_id.unwrap_or(now.tax_id),
        purchase_order: changes.purchase_order.unwrap_or(now.purchase_order),
        locale: changes.locale.unwrap_or(now.locale),
        time_zone: changes.time_zone.unwrap_or(now.time_zone),
    };
    customers::update_details(desk, &id, &details).await?;
    Ok(Json(shown(customers::load(desk, &id).await?)?))
}

/// Why a meter is not to be used.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MeterStop {
    /// The subscription may not be used at all.
    Subscription,
    /// The customer’s own cap on what a period’s usage costs has been reached.
    SpendCap,
}

/// Whether what a meter counts may be used.
#[derive(Serialize, ToSchema)]
pub struct MeterEntitlement {
    /// The meter’s key.
    pub meter: String,
    pub is_entitled: bool,
    /// Null: it may be used.
    pub stopped_by: Option<MeterStop>,
}

/// What a subscription lets its customer use.
#[derive(Serialize, ToSchema)]
pub struct Entitlement {
    pub subscription_id: String,
    pub external_id: Option<String>,
    pub status: SubscriptionStatus,
    /// Whether it may be used now: in a trial, while it is active, and while a late payment is being recovered.
    pub is_entitled: bool,
    /// An end or a pause is planned for then; null: none is.
    pub until: Option<Time>,
    pub plan_id: String,
    pub plan_key: String,
    pub plan_name: String,
    /// Seats.
    pub quantity: Exact,
    pub add_ons: Vec<SubscribedAddOn>,
    /// Every meter it is charged by.
    pub meters: Vec<MeterEntitlement>,
}

/// What a customer may use.
#[derive(Serialize, ToSchema)]
pub struct Entitlements {
    pub customer_id: String,
    /// The moment it is true of.
    pub at: Time,
    /// Whether any of them may be used.
    pub is_entitled: bool,
    /// The newest first; none that has ended.
    pub subscriptions: Vec<Entitlement>,
}

async fn entitlements(desk: &mut Desk, Id(customer): Id) -> Result<Json<Entitlements>, Problem> {
    let customer_id = customers::find(desk, &customer).await?.id;
    let list = subscriptions::entitlements(desk, &customer_id).await?;
    let shown = |entitlement: subscriptions::Entitlement| {
        let stopped_by = match (entitlement.is_entitled, entitlement.is_held) {
            (false, _) => Some(MeterStop::Subscription),
            (true, true) => Some(MeterStop::SpendCap),
            (true, false) => None,
        };
        let meters = entitlement.meters().into_iter();
        let meters = meters.map(|meter| MeterEntitlement { meter: meter.to_owned(), is_entitled: stopped_by.is_none(), stopped_by }).collect();
        let subscriptions::Entitlement { subscription: s, is_entitled, until, .. } = entitlement;
        Entitlement {
            status: s.state.into(),
            is_entitled,
            until: until.map(Time),
            plan_key: s.terms.plan.key.clone(),
            plan_name: s.terms.plan.name.clone(),
            quantity: s.terms.quantity.into(),
            add_ons: s.terms.add_ons.iter().map(|add_on| SubscribedAddOn { key: add_on.key.clone(), quantity: add_on.quantity.into() }).collect(),
            meters,
            subscription_id: s.id,
            external_id: s.external_id,
            plan_id: s.plan_id,
        }
    };
    Ok(Json(Entitlements {
        customer_id,
        at: desk.now.billing.into(),
        is_entitled: list.iter().any(|entitlement| entitlement.is_entitled),
        subscriptions: list.into_iter().map(shown).collect(),
    }))
}

async fn suspend(desk: &mut Desk, (Id(customer), Nothing): (Id, Nothing)) -> Result<Json<Customer>, Problem> {
    let id = customers::find(desk, &customer).await?.id;
    customers::suspend(desk, &id).await?;
    Ok(Json(shown(customers::load(desk, &id).await?)?))
}

async fn resume(desk: &mut Desk, (Id(customer), Nothing): (Id, Nothing)) -> Result<Json<Customer>, Problem> {
    let id = customers::find(desk, &customer).await?.id;
    customers::resume(desk, &id).await?;
    Ok(Json(shown(customers::load(desk, &id).await?)?))
}

//! What a vendor gives and takes beside its subscriptions: one-off charges, and credit in a customer's balance.

use billing::money::Currency;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::in_body;
use crate::api::give::{Created, Json};
use crate::api::problem::Problem;
use crate::api::route::Route;
use crate::api::take::{Body, Id};
use crate::api::values::Time;
use crate::services::api_keys::Scope;
use crate::services::balance::{self, Credit};
use crate::services::{Desk, Refusal, customers, invoices};

pub fn routes() -> Vec<Route> {
    vec![
        Route::post("/charges", Scope::InvoicesWrite, charge)
            .named("createCharge", "Charge a customer once")
            .about("In the customer’s currency, invoiced at this moment together with whatever else falls due then, and paid by its payment method."),
        Route::get("/customers/{customer}/balance", Scope::InvoicesRead, get_balance)
            .named("getBalance", "Get a customer’s balance")
            .about("What you owe the customer ahead of invoices, by currency, and every credit it is made of: the newest first."),
        Route::post("/customers/{customer}/balance", Scope::InvoicesWrite, grant)
            .named("grantCredit", "Give a customer credit")
            .about("For goodwill. The next invoices in that currency are paid from it first: from what expires soonest, then from the oldest credit. Its customer is told two weeks before it expires."),
    ]
}

/// A charge to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCharge {
    /// Our id of the customer, or `ext:` and your own.
    pub customer_id: String,
    /// Above zero.
    #[schema(minimum = 1)]
    pub amount_minor: i64,
    /// As it stands on the invoice.
    #[schema(min_length = 1, max_length = 200)]
    pub description: String,
}

/// A charge that is about to be invoiced.
#[derive(Serialize, ToSchema)]
pub struct Charge {
    /// Of the line it will be.
    pub id: String,
    pub customer_id: String,
    pub amount_minor: i64,
    pub currency: String,
    pub description: String,
    pub at: Time,
}

async fn charge(desk: &mut Desk, Body(new): Body<NewCharge>) -> Result<Created<Charge>, Problem> {
    let customer = customers::find(desk, &new.customer_id).await.map_err(in_body("/customer_id"))?;
    let id = invoices::charge(desk, &customer.id, new.amount_minor, &new.description).await?;
    Ok(Created(Charge {
        id,
        customer_id: customer.id,
        amount_minor: new.amount_minor,
        currency: customer.currency,
        description: new.description,
        at: Time::of_ms(desk.now.billing_ms()),
    }))
}

/// Where a credit came from.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CreditSource {
    CreditNote,
    Granted,
    TopUp,
    /// Given on top of what a credit pack cost.
    Bonus,
    Overpayment,
}

/// One credit in a balance.
#[derive(Serialize, ToSchema)]
pub struct BalanceCredit {
    pub id: String,
    pub currency: String,
    pub amount_minor: i64,
    /// What no invoice has used yet.
    pub left_minor: i64,
    pub source: CreditSource,
    pub description: String,
    pub created_at: Time,
    /// From then on nothing is left of it; null: it lasts until it is used.
    pub expires_at: Option<Time>,
    /// What had not been used by then.
    pub expired_minor: i64,
}

/// What is left of a balance in one currency.
#[derive(Serialize, ToSchema)]
pub struct BalanceIn {
    pub currency: String,
    pub left_minor: i64,
}

/// A customer’s balance.
#[derive(Serialize, ToSchema)]
pub struct Balance {
    pub customer_id: String,
    pub balances: Vec<BalanceIn>,
    pub credits: Vec<BalanceCredit>,
}

fn credit(credit: Credit) -> Result<BalanceCredit, Refusal> {
    let source = match credit.source.as_str() {
        "credit_note" => CreditSource::CreditNote,
        "granted" => CreditSource::Granted,
        "top_up" => CreditSource::TopUp,
        "bonus" => CreditSource::Bonus,
        "overpayment" => CreditSource::Overpayment,
        other => return Err(Refusal::damaged(format!("no source of credit {other}"))),
    };
    let created_at = credit.created().into();
    Ok(BalanceCredit {
        id: credit.id,
        currency: credit.currency,
        amount_minor: credit.amount_minor,
        left_minor: credit.left_minor,
        source,
        description: credit.description,
        created_at,
        expires_at: credit.expires_at.map(Time::of_ms),
        expired_minor: credit.expired_minor,
    })
}

async fn balance_of(desk: &mut Desk, customer_id: String) -> Result<Balance, Problem> {
    let credits = balance::history(desk, &customer_id).await?.into_iter().map(credit).collect::<Result<Vec<_>, Refusal>>()?;
    let mut balances: Vec<BalanceIn> = Vec::new();
    for credit in &credits {
        if !balances.iter().any(|known| known.currency == credit.currency) {
            let left_minor = balance::total(desk, &customer_id, &credit.currency).await?;
            balances.push(BalanceIn { currency: credit.currency.clone(), left_minor });
        }
    }
    balances.sort_by(|one, other| one.currency.cmp(&other.currency));
    Ok(Balance { customer_id, balances, credits })
}

async fn get_balance(desk: &mut Desk, Id(customer): Id) -> Result<Json<Balance>, Problem> {
    let customer_id = customers::find(desk, &customer).await?.id;
    Ok(Json(balance_of(desk, customer_id).await?))
}

/// Credit to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCredit {
    /// Above zero.
    #[schema(minimum = 1)]
    pub amount_minor: i64,
    /// ISO 4217; the customer’s, unless given.
    pub currency: Option<String>,
    /// The customer reads it beside the credit.
    #[schema(min_length = 1, max_length = 200)]
    pub description: String,
    /// From then on nothing is left of it; it lasts until it is used, unless given.
    pub expires_at: Option<Time>,
}

async fn grant(desk: &mut Desk, (Id(customer), Body(new)): (Id, Body<NewCredit>)) -> Result<Created<Balance>, Problem> {
    let customer = customers::find(desk, &customer).await?;
    let currency = new.currency.unwrap_or(customer.currency);
    Currency::from_code(&currency).map_err(|error| Problem::at("/currency", error.to_string()))?;
    Problem::unless_named(&new.description, "/description")?;
    balance::grant(desk, &customer.id, &currency, new.amount_minor, &new.description, new.expires_at.map(|Time(at)| at)).await?;
    Ok(Created(balance_of(desk, customer.id).await?))
}

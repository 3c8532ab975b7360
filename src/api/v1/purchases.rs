//! What customers bought, and top-ups that happen by themselves when a balance is low.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::in_body;
use crate::api::give::{Created, Json, Page};
use crate::api::problem::Problem;
use crate::api::route::Route;
use crate::api::take::{Body, Id, Limit, Nothing, Query, after};
use crate::api::values::Time;
use crate::sentence;
use crate::services::api_keys::Scope;
use crate::services::customers::Customer;
use crate::services::payments;
use crate::services::purchases::{self, Refunded, Wish};
use crate::services::{Desk, FieldError, Refusal, customers};

pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/customers/{customer}/purchases", Scope::InvoicesRead, bought)
            .named("listPurchases", "List what a customer bought")
            .about("Top-ups, credit packs and services, paid or not, the newest first."),
        Route::get("/purchases/{purchase}", Scope::InvoicesRead, get).named("getPurchase", "Get what was bought"),
        Route::post("/purchases/{purchase}/refunds", Scope::InvoicesWrite, refund)
            .named("refundPurchase", "Give a top-up or a credit pack back")
            .about("To where it was paid from: at most what is left in the balance of what was paid in, all of it unless an amount is given. It leaves the balance at once; what was given on top of it leaves with the first of it. Where the payment method takes nothing back, it is in the balance again, and `refund.refused` is the event. A service is given back by a credit note of its invoice."),
        Route::get("/customers/{customer}/automatic-top-up", Scope::InvoicesRead, automatic)
            .named("getAutomaticTopUp", "Get what happens when a balance is low"),
        Route::post("/customers/{customer}/automatic-top-up", Scope::InvoicesWrite, set_automatic)
            .named("setAutomaticTopUp", "Top a balance up by itself")
            .about("When less than `below_minor` is left, `amount_minor` is paid in from the method, one payment at a time, and no more than `most_a_month_minor` in a calendar month where the customer is. A decline stops it, with the event `automatic_top_up.stopped`, until it is set again. Amounts are in the customer’s currency, and within the bounds of top-ups."),
        Route::delete("/customers/{customer}/automatic-top-up", Scope::InvoicesWrite, stop_automatic)
            .named("removeAutomaticTopUp", "No longer top a balance up by itself")
            .about("Where nothing happened by itself, nothing is done."),
    ]
}

#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PurchaseKind {
    TopUp,
    CreditPack,
    Service,
}

/// Where a purchase stands.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PurchaseStatus {
    /// Not paid yet, or never.
    Open,
    /// Paid, and given.
    Done,
    /// The money came when it could be given no more: it is in the balance.
    Undone,
}

/// Something a customer decided to buy.
#[derive(Serialize, ToSchema)]
pub struct Purchase {
    pub id: String,
    pub customer_id: String,
    pub kind: PurchaseKind,
    /// Null for a top-up.
    pub product_id: Option<String>,
    /// As it was called; empty for a top-up.
    pub name: String,
    pub currency: String,
    /// What a payment pays.
    pub amount_minor: i64,
    /// What the balance gets.
    pub credit_minor: i64,
    /// Whether it happened by itself, because the balance was low.
    pub is_automatic: bool,
    pub status: PurchaseStatus,
    /// Of a service that is paid.
    pub invoice_id: Option<String>,
    pub created_at: Time,
    pub done_at: Option<Time>,
}

fn shown(purchase: purchases::Purchase) -> Result<Purchase, Refusal> {
    let kind = match purchase.kind.as_str() {
        "top_up" => PurchaseKind::TopUp,
        "credit_pack" => PurchaseKind::CreditPack,
        "service" => PurchaseKind::Service,
        other => return Err(Refusal::damaged(format!("no kind of purchase {other}"))),
    };
    let status = match purchase.status.as_str() {
        "open" => PurchaseStatus::Open,
        "done" => PurchaseStatus::Done,
        "undone" => PurchaseStatus::Undone,
        other => return Err(Refusal::damaged(format!("no status of a purchase {other}"))),
    };
    Ok(Purchase {
        kind,
        status,
        id: purchase.id,
        customer_id: purchase.customer_id,
        product_id: purchase.product_id,
        name: purchase.name,
        currency: purchase.currency,
        amount_minor: purchase.amount_minor,
        credit_minor: purchase.credit_minor,
        is_automatic: purchase.is_automatic,
        invoice_id: purchase.invoice_id,
        created_at: Time::of_ms(purchase.created_at),
        done_at: purchase.done_at.map(Time::of_ms),
    })
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ListPurchases {
    /// How many a page holds: 1 to 100, 20 unless given.
    #[schema(minimum = 1, maximum = 100)]
    limit: Option<u32>,
    /// The `next` of the page before.
    #[schema(pattern = "^[a-z]+_[0-9a-fA-F]{32}$")]
    after: Option<String>,
}

async fn bought(desk: &mut Desk, (Id(customer), Query(query)): (Id, Query<ListPurchases>)) -> Result<Page<Purchase>, Problem> {
    let customer_id = customers::find(desk, &customer).await?.id;
    let limit = Limit::of(query.limit)?;
    let rows = purchases::of_customer(desk, &customer_id, &after(query.after)?, limit.and_one()).await?;
    Page::of(rows, limit, |purchase| &purchase.id, shown)
}

async fn get(desk: &mut Desk, Id(purchase): Id) -> Result<Json<Purchase>, Problem> {
    let found = purchases::load(desk, &purchase).await?;
    Ok(Json(shown(found)?))
}

/// What is to go back.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPurchaseRefund {
    /// All that is left of what was paid in, unless given.
    #[schema(minimum = 1)]
    pub amount_minor: Option<i64>,
}

/// What goes back of a purchase.
#[derive(Serialize, ToSchema)]
pub struct PurchaseRefund {
    pub id: String,
    pub purchase_id: String,
    pub currency: String,
    /// To where it was paid from.
    pub amount_minor: i64,
    /// Of what had been given on top, and is gone.
    pub bonus_minor: i64,
}

async fn refund(desk: &mut Desk, (Id(purchase), Body(new)): (Id, Body<NewPurchaseRefund>)) -> Result<Created<PurchaseRefund>, Problem> {
    let Refunded { id, purchase_id, currency, amount_minor, bonus_minor } = purchases::refund(desk, &purchase, new.amount_minor).await?;
    Ok(Created(PurchaseRefund { id, purchase_id, currency, amount_minor, bonus_minor }))
}

/// What happens when a customer’s balance is low.
#[derive(Serialize, ToSchema)]
pub struct AutomaticTopUp {
    pub customer_id: String,
    /// ISO 4217; the customer’s.
    pub currency: String,
    /// What is to happen; null: nothing does.
    pub terms: Option<AutomaticTopUpTerms>,
}

/// When how much is paid in, and from what.
#[derive(Serialize, ToSchema)]
pub struct AutomaticTopUpTerms {
    pub below_minor: i64,
    pub amount_minor: i64,
    pub most_a_month_minor: i64,
    pub payment_method_id: String,
    /// Why it stopped by itself, such as `insufficient_funds`; null: it goes on.
    pub stopped_because: Option<String>,
    pub set_at: Time,
}

/// What is to happen when a customer’s balance is low.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAutomaticTopUp {
    #[schema(minimum = 1)]
    pub below_minor: i64,
    #[schema(minimum = 1)]
    pub amount_minor: i64,
    #[schema(minimum = 1)]
    pub most_a_month_minor: i64,
    /// One of the customer’s; the one that is charged first, unless given.
    pub payment_method_id: Option<String>,
}

async fn told(desk: &mut Desk, customer: Customer) -> Result<Json<AutomaticTopUp>, Problem> {
    let terms = purchases::automatic_top_up(desk, &customer.id).await?.map(|set| AutomaticTopUpTerms {
        below_minor: set.below_minor,
        amount_minor: set.amount_minor,
        most_a_month_minor: set.most_a_month_minor,
        payment_method_id: set.method_id,
        stopped_because: set.stopped_because,
        set_at: Time::of_ms(set.set_at),
    });
    Ok(Json(AutomaticTopUp { customer_id: customer.id, currency: customer.currency, terms }))
}

async fn automatic(desk: &mut Desk, Id(customer): Id) -> Result<Json<AutomaticTopUp>, Problem> {
    let customer = customers::find(desk, &customer).await?;
    told(desk, customer).await
}

async fn set_automatic(desk: &mut Desk, (Id(customer), Body(new)): (Id, Body<NewAutomaticTopUp>)) -> Result<Json<AutomaticTopUp>, Problem> {
    let customer = customers::find(desk, &customer).await?;
    let method_id = match new.payment_method_id {
        Some(id) => payments::find_method(desk, &customer.id, &id).await.map_err(in_body("/payment_method_id"))?.id,
        None => {
            let on_file = payments::list(desk, &customer.id).await?;
            let first = payments::charged_first(&on_file, &customer.currency);
            first.ok_or_else(|| Refusal::Rule(sentence!("refusal-no-method-for-currency", currency = &customer.currency)))?.id.clone()
        }
    };
    let wish = Wish { below_minor: new.below_minor, amount_minor: new.amount_minor, method_id, most_a_month_minor: new.most_a_month_minor };
    purchases::set_automatic_top_up(desk, &customer.id, &wish).await.map_err(as_named_here)?;
    told(desk, customer).await
}

/// The portal's form has other names for the fields.
fn as_named_here(refusal: Refusal) -> Refusal {
    let named = |error: FieldError| FieldError {
        field: match error.field {
            "below" => "below_minor",
            "amount" => "amount_minor",
            "most_a_month" => "most_a_month_minor",
            "method" => "payment_method_id",
            other => other,
        },
        ..error
    };
    match refusal {
        Refusal::Fields(errors) => Refusal::Fields(errors.into_iter().map(named).collect()),
        refusal => refusal,
    }
}

async fn stop_automatic(desk: &mut Desk, (Id(customer), Nothing): (Id, Nothing)) -> Result<Json<AutomaticTopUp>, Problem> {
    let customer = customers::find(desk, &customer).await?;
    purchases::stop_automatic_top_up(desk, &customer.id).await?;
    told(desk, customer).await
}

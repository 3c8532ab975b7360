//! Buying something once: an amount for the balance, a credit pack, a service. Each is shown to the cent, then decided; and what happens by
//! itself when the balance is low.

use axum::extract::{Form, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;

use crate::app::App;
use crate::identity::{Member, step_up};
use crate::sentence;
use crate::services::embed_sessions::Scope;
use crate::services::payments::{self, Errand, Status};
use crate::services::purchases::{self, Bought, Order, What};
use crate::services::{FieldError, Refusal, customers};
use crate::words::{Mistyped, Words};

use super::code_field;
use super::entry::see_other;
use super::payments::{Told, payment_page};
use super::routes::{Route, names};

mod automatic;
mod confirm;
mod shelf;
mod top_up;

use confirm::Again;

pub fn routes() -> Vec<Route> {
    vec![
        Route::member("/balance/top-up", get(top_up::show).post(pay_in)).query(names::<Amount>()).form(names::<Decision>()).acts(&[Scope::PaymentMethodWrite]),
        Route::member("/balance/automatic", get(automatic::show).post(automatic::set)).form(names::<automatic::Typed>()).acts(&[Scope::PaymentMethodWrite]),
        Route::member("/buy", get(shelf::show)).acts(&[Scope::PaymentMethodWrite]),
        Route::member("/buy/confirm", get(ask).post(buy)).query(names::<Chosen>()).form(names::<Decision>()).acts(&[Scope::PaymentMethodWrite]),
    ]
}

/// As typed; empty: nothing was yet.
#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Amount {
    amount: String,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Chosen {
    /// A product's key.
    product: String,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Decision {
    /// A product's key; of a top-up nothing.
    product: String,
    /// The purchase's id, made with the page: pressed twice, it is bought once.
    purchase: String,
    /// A method's id; empty: the default one.
    method: String,
    /// What the button said, in minor units.
    due_minor: String,
    /// Approves that amount, of who is in on the vendor's word alone.
    code: String,
}

/// An amount as a member types it, for a field.
fn typed(w: Words, field: &'static str, text: &str, currency: &str) -> Result<i64, Refusal> {
    w.typed_amount(text, currency).map_err(|mistyped| {
        let sentence = match mistyped {
            Mistyped::NotAnAmount => sentence!("alerts-no-amount", example = (5_000, currency)),
            Mistyped::OtherCurrency => sentence!("top-up-other-currency", currency = currency),
            Mistyped::TooFine => sentence!("alerts-too-fine", smallest = (1, currency)),
        };
        Refusal::field(field, sentence)
    })
}

async fn pay_in(State(app): State<App>, member: Member, Form(form): Form<Decision>) -> Result<Response, Refusal> {
    member.may_manage_billing()?;
    let Ok(amount_minor) = form.due_minor.parse::<i64>() else {
        let currency = customers::load(&mut member.reads(&app).await?, &member.customer_id).await?.currency;
        let errors = [FieldError { field: "amount", sentence: sentence!("alerts-no-amount", example = (5_000, currency.as_str())) }];
        return top_up::page(&app, &member, StatusCode::UNPROCESSABLE_ENTITY, "", &errors).await;
    };
    decide(&app, &member, &form, What::TopUp { amount_minor }, amount_minor).await
}

async fn ask(State(app): State<App>, member: Member, Query(chosen): Query<Chosen>) -> Result<Response, Refusal> {
    member.may_manage_billing()?;
    confirm::page(&app, &member, StatusCode::OK, &What::Product { key: chosen.product }, Again::default()).await
}

async fn buy(State(app): State<App>, member: Member, Form(form): Form<Decision>) -> Result<Response, Refusal> {
    member.may_manage_billing()?;
    let what = What::Product { key: form.product.clone() };
    match form.due_minor.parse::<i64>() {
        Ok(agreed_minor) => decide(&app, &member, &form, what, agreed_minor).await,
        Err(_) => {
            let again = Again { trouble: Some(sentence!("pay-amount-changed")), method: &form.method, ..Again::default() };
            confirm::page(&app, &member, StatusCode::UNPROCESSABLE_ENTITY, &what, again).await
        }
    }
}

/// Buys what was confirmed; or the page again, and why.
async fn decide(app: &App, member: &Member, form: &Decision, what: What, agreed_minor: i64) -> Result<Response, Refusal> {
    if member.is_vouched_for()
        && let Err(wrong) = step_up::confirm(app, member, &form.code).await
    {
        let status = code_field::status(&wrong);
        let errors = code_field::errors(app, wrong)?;
        return confirm::page(app, member, status, &what, Again { errors: &errors, method: &form.method, ..Again::default() }).await;
    }
    let errand = Errand::new(app, &member.vendor, member.actor());
    let method_id = Some(form.method.clone()).filter(|id| !id.is_empty());
    let order = Order { id: form.purchase.clone(), what: what.clone(), method_id, agreed_minor };
    match purchases::buy(&errand, &member.customer_id, &order).await {
        Ok(Bought::Paying(payment)) if matches!(payment.status, Status::Declined(_) | Status::Cancelled) => {
            payment_page(app, member, payment, StatusCode::UNPROCESSABLE_ENTITY, Told::default()).await
        }
        Ok(Bought::Paying(payment)) => Ok(see_other(&payments::page_path(&payment.id))),
        Ok(Bought::Done(_)) => Ok(see_other("/invoices")),
        Err(refusal @ (Refusal::Conflict(_) | Refusal::Rule(_) | Refusal::Incomplete(_))) => {
            let again = Again { trouble: Some(refusal.sentence()), method: &form.method, ..Again::default() };
            confirm::page(app, member, StatusCode::UNPROCESSABLE_ENTITY, &what, again).await
        }
        // Of an amount that was never offered.
        Err(Refusal::Fields(errors)) => top_up::page(app, member, StatusCode::UNPROCESSABLE_ENTITY, "", &errors).await,
        Err(refusal) => Err(refusal),
    }
}

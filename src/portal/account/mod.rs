//! `/account`: what stands on the customer's invoices and who receives them, how pages are shown to this person, who else belongs, what
//! happened, and what was written to them. Passwords, codes and sessions are `portal::security`.

use axum::extract::{Form, Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};

use crate::app::App;
use crate::identity::{Member, preferences};
use crate::portal::entry::see_other;
use crate::portal::routes::{Route, names};
use crate::services::{Refusal, activity, customers, messages as written};

mod log;
mod messages;
mod show;
mod typed;

use typed::{Company, Display};

pub fn routes() -> Vec<Route> {
    vec![
        Route::member("/account", get(show_account).post(change_company)).query(names::<Done>()).form(names::<Company>()),
        Route::member("/account/display", post(change_display)).form(names::<Display>()),
        Route::member("/account/activity", get(show_activity)).query(names::<Before>()),
        Route::member("/account/messages", get(show_messages)).query(names::<Before>()),
        Route::member("/account/messages/{id}", get(show_message)),
    ]
}

/// What was just done, told once.
#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Done {
    did: String,
}

async fn show_account(State(app): State<App>, member: Member, Query(done): Query<Done>) -> Result<Response, Refusal> {
    show::page(&app, &member, StatusCode::OK, show::Forms { did: done.did, ..show::Forms::default() }).await
}

async fn change_company(State(app): State<App>, member: Member, Form(company): Form<Company>) -> Result<Response, Refusal> {
    member.may_manage_billing()?;
    let mut desk = member.writes(&app).await?;
    let now = customers::lock(&mut desk, &member.customer_id).await?;
    match customers::update_details(&mut desk, &member.customer_id, &company.details(&now)).await {
        Ok(()) => {
            desk.commit().await?;
            Ok(see_other("/account?did=company"))
        }
        Err(Refusal::Fields(errors)) => {
            drop(desk);
            show::page(&app, &member, StatusCode::UNPROCESSABLE_ENTITY, show::Forms { company: Some(company), errors, ..show::Forms::default() }).await
        }
        Err(refusal) => Err(refusal),
    }
}

async fn change_display(State(app): State<App>, member: Member, Form(display): Form<Display>) -> Result<Response, Refusal> {
    let mut desk = member.writes(&app).await?;
    match preferences::choose(&mut desk, &member.identity_id, &display.preferences()).await {
        Ok(()) => {
            desk.commit().await?;
            Ok(see_other("/account?did=display"))
        }
        Err(Refusal::Fields(errors)) => {
            drop(desk);
            show::page(&app, &member, StatusCode::UNPROCESSABLE_ENTITY, show::Forms { display: Some(display), errors, ..show::Forms::default() }).await
        }
        Err(refusal) => Err(refusal),
    }
}

/// How much of the log one page shows.
const PAGE: i64 = 50;

/// The cursor: the id of the entry or message above which the reader has seen all.
#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Before {
    before: String,
}

async fn show_activity(State(app): State<App>, member: Member, Query(before): Query<Before>) -> Result<Response, Refusal> {
    let mut desk = member.reads(&app).await?;
    let entries = activity::of_customer(&mut desk, &member.customer_id, &before.before, PAGE + 1).await?;
    Ok(log::page(&app, &member, entries, !before.before.is_empty()))
}

async fn show_messages(State(app): State<App>, member: Member, Query(before): Query<Before>) -> Result<Response, Refusal> {
    let mut desk = member.reads(&app).await?;
    let history = written::history(&mut desk, &member.customer_id, &member.identity_id, &before.before, PAGE + 1).await?;
    Ok(messages::list(&app, &member, history, !before.before.is_empty()))
}

async fn show_message(State(app): State<App>, member: Member, Path(id): Path<String>) -> Result<Response, Refusal> {
    let mut desk = member.reads(&app).await?;
    let message = written::find(&mut desk, &member.customer_id, &member.identity_id, &id).await?;
    Ok(messages::one(&app, &member, message))
}

//! `/invoices`, `/invoices/{number}`, its PDF and its structured forms: what was invoiced, why, and what became of it. Paying is `portal::payments`.

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;

use crate::app::App;
use crate::identity::Member;
use crate::portal::routes::{Route, names};
use crate::services::embed_sessions::Scope;
use crate::services::invoices::Syntax;
use crate::services::{Refusal, invoices};

mod document;
mod empty;
mod list;
mod paper;
mod transfer;
mod withholding;

pub fn routes() -> Vec<Route> {
    vec![
        Route::member("/invoices", get(show_list)).query(names::<list::Asked>()).reads(&[Scope::InvoicesRead]),
        Route::member("/invoices/{number}", get(show)).reads(&[Scope::InvoicesRead]),
        Route::member("/invoices/{number}/withholding", get(withholding::ask).post(withholding::enter))
            .form(names::<withholding::CertificateForm>())
            .acts(&[Scope::PaymentMethodWrite]),
    ]
}

async fn show_list(State(app): State<App>, member: Member, Query(asked): Query<list::Asked>) -> Result<Response, Refusal> {
    let mut desk = member.reads(&app).await?;
    if invoices::span_of(&mut desk, &member.customer_id).await?.is_none() {
        return empty::page(&app, &member, &mut desk).await;
    }
    list::page(&app, &member, &mut desk, asked).await
}

/// One address shape for all: the number, or the number with `.pdf`, `.xml` (Cross Industry Invoice) or `.ubl.xml`.
async fn show(State(app): State<App>, member: Member, Path(number): Path<String>) -> Result<Response, Refusal> {
    if let Some(number) = number.strip_suffix(".pdf") {
        return paper::download(&app, &member, number).await;
    }
    for (ending, syntax) in [(".ubl.xml", Syntax::Ubl), (".xml", Syntax::Cii)] {
        if let Some(number) = number.strip_suffix(ending) {
            return paper::structured(&app, &member, number, syntax).await;
        }
    }
    let mut desk = member.reads(&app).await?;
    document::page(&app, &member, &mut desk, &number, StatusCode::OK).await
}

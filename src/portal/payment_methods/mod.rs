//! `/payment-methods`: what is charged, what stands in for it, and every change to that. Cards and accounts are typed in at the gateway, on
//! its own page or in its own frame; what comes back is asked of the gateway.
//!
//! Each change wants a fresh second factor, asked for in place: the same form again, with a field for the code.

use axum::extract::{Form, Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};

use crate::app::App;
use crate::identity::Member;
use crate::identity::step_up::{self, Fresh};
use crate::portal::code_field;
use crate::services::embed_sessions::Scope;
use crate::services::payments::{self, CardEntry, Errand, Finished, Method, MethodKind, Wanted};
use crate::services::{Desk, Refusal};
use crate::words::Sentence;

use super::entry::see_other;
use super::payments::{Happened, local_today};
use super::routes::{Route, names};
pub use list::another_card;
use list::{Said, Seen};
use step::{New, Step};

mod fields;
mod list;
mod step;

/// What a frame needs for these pages.
const METHODS: &[Scope] = &[Scope::PaymentMethodWrite];

pub fn routes() -> Vec<Route> {
    vec![
        Route::member("/payment-methods", get(show).post(add)).query(names::<Done>()).form(names::<AddForm>()).reads(METHODS),
        Route::member("/payment-methods/add", get(ask_add)).query(names::<AddForm>()).acts(METHODS),
        Route::member("/payment-methods/fields", get(fields::show)).query(names::<Returned>()).acts(METHODS),
        Route::member("/payment-methods/return", get(back)).query(names::<Returned>()).acts(METHODS),
        Route::member("/payment-methods/{id}/default", post(make_default)).form(names::<CodeForm>()).acts(METHODS),
        Route::member("/payment-methods/{id}/backup", post(make_backup)).form(names::<CodeForm>()).acts(METHODS),
        Route::member("/payment-methods/{id}/earlier", post(move_up)).form(names::<CodeForm>()).acts(METHODS),
        Route::member("/payment-methods/{id}/keep", post(stop_backup)).form(names::<CodeForm>()).acts(METHODS),
        Route::member("/payment-methods/{id}/remove", get(ask_remove).post(remove)).form(names::<CodeForm>()).acts(METHODS),
    ]
}

/// What was just done, told once on the list.
#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Done {
    did: String,
    method: String,
}

async fn show(State(app): State<App>, member: Member, Query(done): Query<Done>) -> Result<Response, Refusal> {
    let mut desk = member.reads(&app).await?;
    let seen = Seen::load(&mut desk, &member).await?;
    let method = seen.methods.iter().find(|method| method.id == done.method).cloned();
    let said = match done.did.as_str() {
        "added" => method.map(Said::Added),
        "default" => method.map(Said::MadeDefault),
        "backup" => method.map(Said::MadeBackup),
        "keep" => method.map(Said::StoppedBackup),
        "removed" => removed(&mut desk, &member, &done.method).await.map(Said::Removed),
        "unchanged" => Some(Said::NotAdded),
        _ => None,
    };
    list::page(&app, &member, StatusCode::OK, seen, said).await
}

/// A method that is not on file any more.
async fn removed(desk: &mut Desk, member: &Member, method_id: &str) -> Option<Method> {
    let is_on_file = payments::find_method(desk, &member.customer_id, method_id).await.is_ok();
    payments::find_method_ever(desk, &member.customer_id, method_id).await.ok().filter(|_| !is_on_file)
}

/// Which method a new one takes the place of; empty: none.
#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct AddForm {
    replaces: String,
    /// What is to be added, by its name; empty: what is offered, where that is one kind.
    kind: String,
    code: String,
    /// The page can show the gateway's fields: script runs.
    fields: String,
}

impl AddForm {
    fn replaces(&self) -> Option<&str> {
        Some(self.replaces.as_str()).filter(|id| !id.is_empty())
    }
}

async fn ask_add(State(app): State<App>, member: Member, Query(form): Query<AddForm>) -> Result<Response, Refusal> {
    member.may_manage_billing()?;
    step::page(&app, &member, StatusCode::OK, add_step(&app, &member, &form).await?, Vec::new()).await
}

/// What is on offer now, and which of it was chosen.
async fn add_step(app: &App, member: &Member, form: &AddForm) -> Result<Step, Refusal> {
    let mut desk = member.reads(app).await?;
    let offered = payments::offered_to(&mut desk, &member.customer_id).await?;
    let chosen = match (MethodKind::from_name(&form.kind), offered.kinds.as_slice()) {
        (Some(kind), kinds) if kinds.contains(&kind) => Some(kind),
        (_, [only]) => Some(*only),
        _ => None,
    };
    Ok(match form.replaces() {
        Some(id) => Step::Replace(payments::find_method(&mut desk, &member.customer_id, id).await?, New { offered, chosen }),
        None => Step::Add(New { offered, chosen }),
    })
}

async fn add(State(app): State<App>, member: Member, Form(form): Form<AddForm>) -> Result<Response, Refusal> {
    member.may_manage_billing()?;
    let step = add_step(&app, &member, &form).await?;
    let Some(kind) = step.chosen() else { return step::page(&app, &member, StatusCode::OK, step, Vec::new()).await };
    let _fresh = match fresh(&app, &member, &form.code, &step).await? {
        Ok(fresh) => fresh,
        Err(page) => return Ok(page),
    };
    let errand = Errand::new(&app, &member.vendor, member.actor());
    let entry = if form.fields == "1" { CardEntry::Fields } else { CardEntry::Page };
    match payments::start_setup(&errand, &member.customer_id, Wanted { kind, replaces: form.replaces(), entry }).await {
        Ok(started) if entry == CardEntry::Fields && started.fields.is_some() => Ok(see_other(&fields::path(&started.setup_id))),
        Ok(started) => fields::at_gateway(&app, &member, started),
        Err(Refusal::Rule(sentence)) => step::page(&app, &member, StatusCode::UNPROCESSABLE_ENTITY, step, vec![step::trouble(sentence)]).await,
        Err(refusal) => Err(refusal),
    }
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Returned {
    setup: String,
}

/// Where the gateway sends the customer back to. Nothing is believed of how they come: the gateway is asked.
async fn back(State(app): State<App>, member: Member, Query(returned): Query<Returned>) -> Result<Response, Refusal> {
    member.may_manage_billing()?;
    let errand = Errand::new(&app, &member.vendor, member.actor());
    let said = match payments::finish_setup(&errand, &member.customer_id, &returned.setup).await {
        Ok(Finished::Added(method)) => {
            // What could not be charged was charged to it: what came of that is what they came for.
            let repaired = payments::latest_by(&mut member.reads(&app).await?, &member.customer_id, &method.id).await?;
            let to = match repaired {
                Some(payment) => Happened::MethodAdded.told_on(&payment.id, &member),
                None => format!("/payment-methods?did=added&method={}", method.id),
            };
            return Ok(see_other(&to));
        }
        Ok(Finished::Cancelled) => return Ok(see_other("/payment-methods?did=unchanged")),
        Ok(Finished::Open) => Said::NotFinished,
        Ok(Finished::Failed(reason)) => Said::Refused(reason),
        Err(Refusal::Rule(sentence)) => Said::Trouble(sentence),
        Err(refusal) => return Err(refusal),
    };
    let seen = Seen::load(&mut member.reads(&app).await?, &member).await?;
    list::page(&app, &member, StatusCode::UNPROCESSABLE_ENTITY, seen, Some(said)).await
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct CodeForm {
    code: String,
}

async fn make_default(State(app): State<App>, member: Member, Path(id): Path<String>, Form(form): Form<CodeForm>) -> Result<Response, Refusal> {
    let method = on_file(&app, &member, &id).await?;
    change(&app, &member, &form, Step::MakeDefault(method), "default", async |desk, customer_id, id| {
        payments::make_default(desk, customer_id, id).await.map(|_| ())
    })
    .await
}

async fn make_backup(State(app): State<App>, member: Member, Path(id): Path<String>, Form(form): Form<CodeForm>) -> Result<Response, Refusal> {
    let method = on_file(&app, &member, &id).await?;
    change(&app, &member, &form, Step::MakeBackup(method), "backup", async |desk, customer_id, id| {
        payments::make_backup(desk, customer_id, id).await.map(|_| ())
    })
    .await
}

async fn move_up(State(app): State<App>, member: Member, Path(id): Path<String>, Form(form): Form<CodeForm>) -> Result<Response, Refusal> {
    let method = on_file(&app, &member, &id).await?;
    change(&app, &member, &form, Step::MoveUp(method), "backup", async |desk, customer_id, id| {
        payments::move_backup_up(desk, customer_id, id).await.map(|_| ())
    })
    .await
}

async fn stop_backup(State(app): State<App>, member: Member, Path(id): Path<String>, Form(form): Form<CodeForm>) -> Result<Response, Refusal> {
    let method = on_file(&app, &member, &id).await?;
    change(&app, &member, &form, Step::StopBackup(method), "keep", async |desk, customer_id, id| payments::stop_backup(desk, customer_id, id).await.map(|_| ()))
        .await
}

async fn ask_remove(State(app): State<App>, member: Member, Path(id): Path<String>) -> Result<Response, Refusal> {
    let method = on_file(&app, &member, &id).await?;
    match removal(&app, &member, method).await? {
        (step, Some(sentence)) => step::page(&app, &member, StatusCode::OK, step, vec![step::trouble(sentence)]).await,
        (step, None) => step::page(&app, &member, StatusCode::OK, step, Vec::new()).await,
    }
}

async fn remove(State(app): State<App>, member: Member, Path(id): Path<String>, Form(form): Form<CodeForm>) -> Result<Response, Refusal> {
    let method = on_file(&app, &member, &id).await?;
    match removal(&app, &member, method).await? {
        (step, Some(sentence)) => step::page(&app, &member, StatusCode::UNPROCESSABLE_ENTITY, step, vec![step::trouble(sentence)]).await,
        (step, None) => {
            change(&app, &member, &form, step, "removed", async |desk, customer_id, id| payments::remove(desk, customer_id, id).await.map(|_| ())).await
        }
    }
}

/// The step that removes a method, or one that says why it must stay.
async fn removal(app: &App, member: &Member, method: Method) -> Result<(Step, Option<Sentence>), Refusal> {
    let mut desk = member.reads(app).await?;
    match payments::why_it_must_stay(&mut desk, &method).await? {
        Some(sentence) => Ok((Step::MustStay(method), Some(sentence))),
        None => {
            let successor = payments::successor(&mut desk, &method).await?;
            Ok((Step::Remove(method, successor), None))
        }
    }
}

/// The customer's own method, for a member who may change it.
async fn on_file(app: &App, member: &Member, id: &str) -> Result<Method, Refusal> {
    let method = payments::find_method(&mut member.reads(app).await?, &member.customer_id, id).await?;
    member.may_manage_billing()?;
    Ok(method)
}

/// One change: the second factor, the action, and back to the list; or the step's page again with what is missing.
async fn change(
    app: &App,
    member: &Member,
    form: &CodeForm,
    step: Step,
    did: &str,
    action: impl AsyncFnOnce(&mut Desk, &str, &str) -> Result<(), Refusal>,
) -> Result<Response, Refusal> {
    let _fresh = match fresh(app, member, &form.code, &step).await? {
        Ok(fresh) => fresh,
        Err(page) => return Ok(page),
    };
    let Some(id) = step.method_id() else { return Err(Refusal::NotFound) };
    let mut desk = member.writes(app).await?;
    match action(&mut desk, &member.customer_id, &id).await {
        Ok(()) => {
            desk.commit().await?;
            Ok(see_other(&format!("/payment-methods?did={did}&method={id}")))
        }
        Err(Refusal::Rule(sentence)) => {
            drop(desk);
            step::page(app, member, StatusCode::UNPROCESSABLE_ENTITY, step, vec![step::trouble(sentence)]).await
        }
        Err(refusal) => Err(refusal),
    }
}

/// A fresh second factor, or the step's page that asks for one.
async fn fresh(app: &App, member: &Member, code: &str, step: &Step) -> Result<Result<Fresh, Response>, Refusal> {
    match step_up::confirm(app, member, code).await {
        Ok(fresh) => Ok(Ok(fresh)),
        Err(wrong) => {
            let status = code_field::status(&wrong);
            let errors = code_field::errors(app, wrong)?;
            step::page(app, member, status, step.clone(), errors).await.map(Err)
        }
    }
}

/// The customer's date, by which cards expire.
fn today(desk: &Desk, member: &Member) -> chrono::NaiveDate {
    local_today(desk, member)
}

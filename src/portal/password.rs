//! `/forgot-password` and `/reset-password`: another password by a link in a mail. The second factor is asked as ever.

use std::sync::Arc;

use axum::extract::{Form, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use leptos::either::Either;
use leptos::prelude::*;
use serde::Deserialize;

use crate::app::App;
use crate::identity::cookies::{self, Outgoing};
use crate::identity::link::{self, LinkKind};
use crate::identity::password::Weak;
use crate::identity::people::{self, PasswordRefusal};
use crate::identity::sign_in::Step;
use crate::identity::throttle::Leave;
use crate::platform::request::ClientIp;
use crate::portal::code_field::{wait, with_retry_after};
use crate::portal::entry::{AtVendor, door, see_other};
use crate::services::vendors::Vendor;
use crate::services::{FieldError, Refusal};
use crate::ui::parts::{Field, error_summary, field};
use crate::words::Words;
use crate::{rich, sentence, t};

#[derive(Deserialize)]
pub struct Sent {
    sent: Option<String>,
}

#[derive(Deserialize)]
pub struct Address {
    #[serde(default)]
    email: String,
}

#[derive(Deserialize)]
pub struct Token {
    #[serde(default)]
    pub token: String,
}

#[derive(Deserialize)]
pub struct NewPassword {
    #[serde(default)]
    token: String,
    #[serde(default)]
    password: String,
}

pub async fn show_forgot(State(app): State<App>, AtVendor(vendor): AtVendor, Query(sent): Query<Sent>) -> Response {
    forgot_page(&app, &vendor, StatusCode::OK, "", sent.sent.is_some(), &[])
}

/// The same answer whether the address has an account or not.
pub async fn forgot(State(app): State<App>, AtVendor(vendor): AtVendor, ip: ClientIp, Form(given): Form<Address>) -> Response {
    let email = given.email.trim();
    if email.is_empty() || !email.contains('@') || email.len() > 254 {
        let errors = [FieldError { field: "email", sentence: sentence!("sign-in-email-empty") }];
        return forgot_page(&app, &vendor, StatusCode::UNPROCESSABLE_ENTITY, email, false, &errors);
    }
    match people::ask_reset(&app, &vendor, ip, email).await {
        Ok(Leave::Granted) => see_other("/forgot-password?sent=1"),
        Ok(Leave::Wait { until }) => {
            let now_ms = app.clock.wall().timestamp_millis();
            let errors = [FieldError { field: "email", sentence: wait(until, now_ms) }];
            with_retry_after(forgot_page(&app, &vendor, StatusCode::TOO_MANY_REQUESTS, email, false, &errors), Some(until), now_ms)
        }
        Ok(Leave::ShutOff) => StatusCode::TOO_MANY_REQUESTS.into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

fn forgot_page(app: &App, vendor: &Arc<Vendor>, status: StatusCode, email: &str, is_sent: bool, errors: &[FieldError]) -> Response {
    let w = Words::of(&vendor.locale);
    let title = if errors.is_empty() { t!(w, "forgot-title") } else { t!(w, "title-error", title = t!(w, "forgot-title")) };
    door(app, vendor, status, &title, || {
        if is_sent {
            return Either::Left(view! {
                <h1 inner_html=rich!(w, "forgot-sent-heading")></h1>
                <p role="status">{t!(w, "forgot-sent")}</p>
                <p class="field"><a class="link" href="/sign-in">{t!(w, "back-to-sign-in")}</a></p>
            });
        }
        Either::Right(view! {
            <form method="post" action="/forgot-password">
                <h1 inner_html=rich!(w, "forgot-heading")></h1>
                {error_summary(w, errors)}
                <p>{t!(w, "forgot-what")}</p>
                {field(w, Field { name: "email", label: t!(w, "sign-in-email"), value: email, kind: "email", autocomplete: "username", ..Field::default() }, errors)}
                <button class="btn">{t!(w, "forgot-submit")}</button>
                <p class="field"><a class="link" href="/sign-in">{t!(w, "back-to-sign-in")}</a></p>
            </form>
        })
    })
}

/// Opening the link uses nothing up.
pub async fn show_reset(State(app): State<App>, AtVendor(vendor): AtVendor, Query(given): Query<Token>) -> Response {
    match is_alive(&app, &vendor, LinkKind::Reset, &given.token).await {
        Ok(true) => reset_page(&app, &vendor, StatusCode::OK, &given.token, &[]),
        Ok(false) => dead_link(&app, &vendor, LinkKind::Reset),
        Err(refusal) => refusal.into_response(),
    }
}

pub async fn reset(State(app): State<App>, AtVendor(vendor): AtVendor, outgoing: Outgoing, Form(given): Form<NewPassword>) -> Response {
    match people::reset_password(&app, &vendor, &given.token, &given.password).await {
        Ok((pending, step_token)) => {
            outgoing.set(cookies::SIGN_IN, &step_token);
            see_other(if pending.step == Step::Code { "/sign-in/code" } else { "/invitation" })
        }
        Err(PasswordRefusal::DeadLink) => dead_link(&app, &vendor, LinkKind::Reset),
        Err(refused) => refuse(&app, &vendor, refused, "password", |status, errors| reset_page(&app, &vendor, status, &given.token, errors)),
    }
}

fn reset_page(app: &App, vendor: &Arc<Vendor>, status: StatusCode, token: &str, errors: &[FieldError]) -> Response {
    let w = Words::of(&vendor.locale);
    let title = if errors.is_empty() { t!(w, "reset-title") } else { t!(w, "title-error", title = t!(w, "reset-title")) };
    door(app, vendor, status, &title, || {
        view! {
            <form method="post" action="/reset-password">
                <h1 inner_html=rich!(w, "reset-heading")></h1>
                {error_summary(w, errors)}
                {new_password_field(w, "password", t!(w, "new-password"), errors)}
                <input type="hidden" name="token" value=token.to_owned() />
                <button class="btn">{t!(w, "reset-submit")}</button>
                <p class="sub field">{t!(w, "reset-then")}</p>
            </form>
        }
    })
}

/// Whether a link would still work. Looking uses nothing up.
pub async fn is_alive(app: &App, vendor: &Vendor, kind: LinkKind, token: &str) -> Result<bool, Refusal> {
    let mut tx = app.db.read().await?;
    Ok(link::look(&mut tx, &vendor.id, kind, token, app.clock.wall().timestamp_millis()).await?.is_some())
}

/// A link that was used, has expired, or never was one.
pub fn dead_link(app: &App, vendor: &Arc<Vendor>, kind: LinkKind) -> Response {
    let w = Words::of(&vendor.locale);
    let what = match kind {
        LinkKind::Reset => t!(w, "dead-link-reset"),
        LinkKind::Invitation => t!(w, "dead-link-invitation"),
    };
    door(app, vendor, StatusCode::GONE, &t!(w, "dead-link-title"), || {
        view! {
            <h1>{t!(w, "dead-link-heading")}</h1>
            <p>{what}</p>
            <p class="field"><a class="link" href="/forgot-password">{t!(w, "dead-link-again")}</a></p>
            <p><a class="link" href="/sign-in">{t!(w, "back-to-sign-in")}</a></p>
        }
    })
}

/// The field for a password to be.
pub fn new_password_field(w: Words, name: &'static str, label: String, errors: &[FieldError]) -> impl IntoView + use<> {
    field(w, Field { name, label, hint: Some(t!(w, "new-password-hint")), kind: "password", autocomplete: "new-password", ..Field::default() }, errors)
}

/// Renders a form again with what is wrong with its password, or lets a failure of ours become its page.
pub fn refuse(
    app: &App,
    vendor: &Vendor,
    refused: PasswordRefusal,
    field: &'static str,
    again: impl FnOnce(StatusCode, &[FieldError]) -> Response,
) -> Response {
    let now_ms = app.clock.wall().timestamp_millis();
    let (status, field, sentence, until) = match refused {
        PasswordRefusal::Weak(weak) => {
            let sentence = match weak {
                Weak::TooShort => sentence!("password-too-short"),
                Weak::TooLong => sentence!("password-too-long"),
                Weak::Common => sentence!("password-common"),
                Weak::Personal => sentence!("password-personal", vendor = &vendor.name),
            };
            (StatusCode::UNPROCESSABLE_ENTITY, field, sentence, None)
        }
        PasswordRefusal::WrongPresent => (StatusCode::UNPROCESSABLE_ENTITY, "current_password", sentence!("password-wrong-present"), None),
        PasswordRefusal::Wait { until } => (StatusCode::TOO_MANY_REQUESTS, "current_password", wait(until, now_ms), Some(until)),
        PasswordRefusal::ShutOff => (StatusCode::TOO_MANY_REQUESTS, "current_password", sentence!("sign-in-shut-off"), None),
        PasswordRefusal::Busy => (StatusCode::SERVICE_UNAVAILABLE, field, sentence!("sign-in-busy"), Some(now_ms + 2_000)),
        PasswordRefusal::DeadLink => return StatusCode::GONE.into_response(),
        PasswordRefusal::Failed(refusal) => return refusal.into_response(),
    };
    with_retry_after(again(status, &[FieldError { field, sentence }]), until, now_ms)
}

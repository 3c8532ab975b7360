//! `/sign-in` and `/sign-in/code`: the two steps; `/sign-out`; `/switch` between customers.

use std::sync::Arc;

use axum::extract::{Form, Query, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use leptos::prelude::*;
use serde::Deserialize;

use crate::app::App;
use crate::identity::cookies::Outgoing;
use crate::identity::member::{self, Found};
use crate::identity::session::Transport;
use crate::identity::sign_in::{self, Browser, NotThis, Pending, Step};
use crate::identity::{Member, people};
use crate::platform::request::ClientIp;
use crate::portal::code_field::{self, code_field, wait, with_retry_after};
use crate::portal::entry::{AtVendor, door, see_other, shell};
use crate::portal::framed;
use crate::services::vendors::Vendor;
use crate::services::{FieldError, Refusal};
use crate::ui::page;
use crate::ui::parts::{Field, error_note, error_summary, field, state_good};
use crate::ui::shell::{Place, frame};
use crate::words::Words;
use crate::{rich, sentence, t};

#[derive(Deserialize)]
pub struct Returning {
    #[serde(default)]
    next: String,
}

#[derive(Deserialize)]
pub struct Password {
    #[serde(default)]
    email: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    next: String,
}

#[derive(Deserialize)]
pub struct Code {
    #[serde(default)]
    code: String,
}

#[derive(Deserialize)]
pub struct Other {
    #[serde(default)]
    customer: String,
}

pub async fn show(State(app): State<App>, AtVendor(vendor): AtVendor, headers: HeaderMap, outgoing: Outgoing, Query(returning): Query<Returning>) -> Response {
    let next = local_path(&returning.next);
    match member::find(&app, &vendor, &headers, &outgoing).await {
        Ok(Found::Member(member)) if !member.is_vouched_for() => see_other(&next),
        Ok(_) => password_page(&app, &vendor, StatusCode::OK, "", &next, &[], None),
        Err(error) => Refusal::from(error).into_response(),
    }
}

pub async fn give_password(
    State(app): State<App>,
    AtVendor(vendor): AtVendor,
    headers: HeaderMap,
    outgoing: Outgoing,
    ip: ClientIp,
    Form(given): Form<Password>,
) -> Response {
    let w = Words::of(&vendor.locale);
    let next = local_path(&given.next);
    let mut errors = Vec::new();
    if given.email.trim().is_empty() {
        errors.push(FieldError { field: "email", sentence: sentence!("sign-in-email-empty") });
    }
    if given.password.is_empty() {
        errors.push(FieldError { field: "password", sentence: sentence!("sign-in-password-empty") });
    }
    if !errors.is_empty() {
        return password_page(&app, &vendor, StatusCode::UNPROCESSABLE_ENTITY, &given.email, &next, &errors, None);
    }
    let now_ms = app.clock.wall().timestamp_millis();
    let again = |status, sentence| password_page(&app, &vendor, status, &given.email, &next, &[], Some((t!(w, "sign-in-not-title"), sentence)));
    match sign_in::give_password(&app, &vendor, Browser { headers: &headers, ip, outgoing: &outgoing }, &given.email, &given.password, &next).await {
        Ok(Step::Code) => see_other("/sign-in/code"),
        Ok(Step::Enrol) => see_other("/invitation"),
        Err(NotThis::Wrong) => again(StatusCode::UNPROCESSABLE_ENTITY, t!(w, "sign-in-wrong")),
        Err(NotThis::Wait { until }) => {
            let page = again(StatusCode::TOO_MANY_REQUESTS, w.tell(&wait(until, now_ms)));
            with_retry_after(page, Some(until), now_ms)
        }
        Err(NotThis::ShutOff) => again(StatusCode::TOO_MANY_REQUESTS, t!(w, "sign-in-shut-off")),
        Err(NotThis::Busy) => with_retry_after(again(StatusCode::SERVICE_UNAVAILABLE, t!(w, "sign-in-busy")), Some(now_ms + 2_000), now_ms),
        Err(NotThis::Failed(refusal)) => refusal.into_response(),
    }
}

fn password_page(
    app: &App,
    vendor: &Arc<Vendor>,
    status: StatusCode,
    email: &str,
    next: &str,
    errors: &[FieldError],
    note: Option<(String, String)>,
) -> Response {
    let w = Words::of(&vendor.locale);
    let is_wrong = status != StatusCode::OK;
    let title = if is_wrong { t!(w, "title-error", title = t!(w, "sign-in-title")) } else { t!(w, "sign-in-title") };
    door(app, vendor, status, &title, || {
        view! {
            <form method="post" action="/sign-in">
                <h1 inner_html=rich!(w, "sign-in-heading")></h1>
                {error_summary(w, errors)}
                {note.map(|(title, sentence)| error_note(title, sentence))}
                {field(w, Field { name: "email", label: t!(w, "sign-in-email"), value: email, kind: "email", autocomplete: "username", ..Field::default() }, errors)}
                {field(w, Field { name: "password", label: t!(w, "sign-in-password"), kind: "password", autocomplete: "current-password", ..Field::default() }, errors)}
                <input type="hidden" name="next" value=next.to_owned() />
                <button class="btn">{t!(w, "sign-in-continue")}</button>
                <p class="field"><a class="link" href="/forgot-password">{t!(w, "sign-in-forgot")}</a></p>
            </form>
        }
    })
}

pub async fn show_code(State(app): State<App>, AtVendor(vendor): AtVendor, headers: HeaderMap) -> Response {
    match pending(&app, &vendor, &headers).await {
        Ok(Some(pending)) if pending.step == Step::Code => code_page(&app, &vendor, StatusCode::OK, &pending, &[]),
        Ok(Some(_)) => see_other("/invitation"),
        Ok(None) => see_other("/sign-in"),
        Err(refusal) => refusal.into_response(),
    }
}

pub async fn give_code(
    State(app): State<App>,
    AtVendor(vendor): AtVendor,
    headers: HeaderMap,
    outgoing: Outgoing,
    ip: ClientIp,
    Form(given): Form<Code>,
) -> Response {
    let w = Words::of(&vendor.locale);
    let pending = match pending(&app, &vendor, &headers).await {
        Ok(Some(pending)) if pending.step == Step::Code => pending,
        Ok(Some(_)) => return see_other("/invitation"),
        Ok(None) => {
            let note = Some((t!(w, "sign-in-over-title"), t!(w, "sign-in-over")));
            return password_page(&app, &vendor, StatusCode::UNPROCESSABLE_ENTITY, "", "/", &[], note);
        }
        Err(refusal) => return refusal.into_response(),
    };
    let now_ms = app.clock.wall().timestamp_millis();
    match sign_in::give_code(&app, &vendor, &pending, &given.code, Browser { headers: &headers, ip, outgoing: &outgoing }).await {
        Ok(_) => see_other(&pending.next),
        Err(wrong) => code_field::refuse(wrong, now_ms, |status, errors| code_page(&app, &vendor, status, &pending, errors)),
    }
}

fn code_page(app: &App, vendor: &Arc<Vendor>, status: StatusCode, pending: &Pending, errors: &[FieldError]) -> Response {
    let w = Words::of(&vendor.locale);
    let title = if errors.is_empty() { t!(w, "sign-in-title") } else { t!(w, "title-error", title = t!(w, "sign-in-title")) };
    door(app, vendor, status, &title, || {
        view! {
            <form method="post" action="/sign-in/code">
                <h1 inner_html=rich!(w, "sign-in-code-heading")></h1>
                {error_summary(w, errors)}
                <p class="done"><span>{pending.email.clone()}</span>{state_good(t!(w, "sign-in-password"))}</p>
                {code_field(w, t!(w, "code-label"), t!(w, "code-hint"), errors)}
                <button class="btn">{t!(w, "sign-in-submit")}</button>
                <p class="field"><a class="link" href="/sign-in">{t!(w, "sign-in-another")}</a></p>
            </form>
        }
    })
}

/// The step a browser is at.
pub async fn pending(app: &App, vendor: &Vendor, headers: &HeaderMap) -> Result<Option<Pending>, Refusal> {
    let mut tx = app.db.read().await?;
    Ok(sign_in::pending(&mut tx, app, vendor, headers).await?)
}

pub async fn sign_out(State(app): State<App>, AtVendor(vendor): AtVendor, headers: HeaderMap, outgoing: Outgoing) -> Response {
    if let Err(error) = sign_in::sign_out(&app, &vendor, &headers, &outgoing).await {
        return Refusal::from(error).into_response();
    }
    if Transport::of(&headers).is_framed() {
        return see_other(framed::SIGNED_OUT);
    }
    let mut response = see_other("/sign-in");
    // Cookies stay: the device is still known, and the session's is cleared by itself.
    response.headers_mut().insert(HeaderName::from_static("clear-site-data"), HeaderValue::from_static("\"cache\", \"storage\""));
    response
}

pub async fn show_switch(State(app): State<App>, member: Member) -> Response {
    let w = Words::of(&member.locale);
    let here = member.customer_name.clone();
    let others: Vec<_> = member.others.iter().map(|other| (other.customer_id.clone(), other.customer_name.clone())).collect();
    let shell = shell(&member, w, Place::Account);
    page::document(&app, &member, StatusCode::OK, &t!(w, "switch-title"), move || {
        let list = others
            .into_iter()
            .map(|(id, name)| {
                view! {
                    <form class="field" method="post" action="/switch">
                        <input type="hidden" name="customer" value=id />
                        <button class="btn plain">{name}</button>
                    </form>
                }
            })
            .collect_view();
        frame(shell, view! { <div class="answer"><h1 inner_html=rich!(w, "switch-heading", customer = here)></h1></div>{list} })
    })
}

pub async fn switch(State(app): State<App>, member: Member, Form(other): Form<Other>) -> Response {
    match people::switch_customer(&app, &member, &other.customer).await {
        Ok(()) => see_other("/"),
        Err(refusal) => refusal.into_response(),
    }
}

/// A path of ours to go on to; anything that could lead elsewhere becomes the overview.
fn local_path(next: &str) -> String {
    let is_ours = next.starts_with('/')
        && !next.starts_with("//")
        && !next.starts_with("/\\")
        && next.len() <= 1_024
        && next.bytes().all(|b| (0x21..0x7f).contains(&b) && b != b'\\');
    if is_ours && !next.starts_with("/sign-in") { next.to_owned() } else { "/".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::local_path;

    #[test]
    fn after_signing_in_nobody_is_led_elsewhere() {
        for (next, path) in [
            ("/usage?meter=build", "/usage?meter=build"),
            ("", "/"),
            ("usage", "/"),
            ("//evil.example", "/"),
            ("/\\evil.example", "/"),
            ("/\t/evil.example", "/"),
            ("https://evil.example", "/"),
            ("/sign-in", "/"),
            ("/a\r\nSet-Cookie: x=y", "/"),
        ] {
            assert_eq!(local_path(next), path, "{next:?}");
        }
    }
}

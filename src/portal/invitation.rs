//! `/invitation`: the first password, then the authenticator app, active only after one good code; recovery codes are shown once. Who has
//! a password but no second factor yet comes here, too, and can go nowhere else.

use std::sync::Arc;

use axum::extract::{Form, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use leptos::prelude::*;
use serde::Deserialize;

use crate::app::App;
use crate::identity::cookies::{self, Outgoing};
use crate::identity::enrolment;
use crate::identity::factor::Wrong;
use crate::identity::link::LinkKind;
use crate::identity::people::{self, PasswordRefusal};
use crate::identity::sign_in::{Browser, Pending, Step};
use crate::identity::totp::Seed;
use crate::islands::copy::CopyButton;
use crate::platform::request::ClientIp;
use crate::portal::code_field;
use crate::portal::entry::{AtVendor, door, see_other};
use crate::portal::password::{Token, dead_link, is_alive, new_password_field, refuse};
use crate::portal::sign_in::pending;
use crate::services::vendors::Vendor;
use crate::services::{FieldError, Refusal};
use crate::ui::parts::{Field, error_summary, field};
use crate::ui::qr::qr;
use crate::words::Words;
use crate::{rich, t};

/// Both steps come to one address: a password with its link's token, or a code.
#[derive(Deserialize)]
pub struct Given {
    token: Option<String>,
    #[serde(default)]
    password: String,
    #[serde(default)]
    code: String,
}

/// With a token: the first password. Without: enrolling, for a browser that is at that step. Opening uses nothing up.
pub async fn show(State(app): State<App>, AtVendor(vendor): AtVendor, headers: HeaderMap, Query(given): Query<Token>) -> Response {
    if given.token.is_empty() {
        return match pending(&app, &vendor, &headers).await {
            Ok(Some(pending)) if pending.step == Step::Enrol => enrol_page(&app, &vendor, StatusCode::OK, &pending, &[]).await,
            Ok(_) => see_other("/sign-in"),
            Err(refusal) => refusal.into_response(),
        };
    }
    match is_alive(&app, &vendor, LinkKind::Invitation, &given.token).await {
        Ok(true) => password_page(&app, &vendor, StatusCode::OK, &given.token, &[]),
        Ok(false) => dead_link(&app, &vendor, LinkKind::Invitation),
        Err(refusal) => refusal.into_response(),
    }
}

pub async fn give(
    State(app): State<App>,
    AtVendor(vendor): AtVendor,
    headers: HeaderMap,
    outgoing: Outgoing,
    ip: ClientIp,
    Form(given): Form<Given>,
) -> Response {
    match given.token {
        Some(token) => accept(&app, &vendor, &outgoing, &token, &given.password).await,
        None => enrol(&app, &vendor, Browser { headers: &headers, ip, outgoing: &outgoing }, &given.code).await,
    }
}

async fn accept(app: &App, vendor: &Arc<Vendor>, outgoing: &Outgoing, token: &str, password: &str) -> Response {
    match people::accept_invitation(app, vendor, token, password).await {
        Ok((pending, step_token)) => {
            outgoing.set(cookies::SIGN_IN, &step_token);
            see_other(if pending.step == Step::Enrol { "/invitation" } else { "/sign-in/code" })
        }
        Err(PasswordRefusal::DeadLink) => dead_link(app, vendor, LinkKind::Invitation),
        Err(refused) => refuse(app, vendor, refused, "password", |status, errors| password_page(app, vendor, status, token, errors)),
    }
}

fn password_page(app: &App, vendor: &Arc<Vendor>, status: StatusCode, token: &str, errors: &[FieldError]) -> Response {
    let w = Words::of(&vendor.locale);
    let title = if errors.is_empty() { t!(w, "invitation-title") } else { t!(w, "title-error", title = t!(w, "invitation-title")) };
    door(app, vendor, status, &title, || {
        view! {
            <form method="post" action="/invitation">
                <h1 inner_html=rich!(w, "invitation-heading", vendor = &vendor.name)></h1>
                {error_summary(w, errors)}
                {new_password_field(w, "password", t!(w, "invitation-password"), errors)}
                <input type="hidden" name="token" value=token.to_owned() />
                <button class="btn">{t!(w, "sign-in-continue")}</button>
                <p class="sub field">{t!(w, "invitation-then")}</p>
            </form>
        }
    })
}

async fn enrol(app: &App, vendor: &Arc<Vendor>, from: Browser<'_>, code: &str) -> Response {
    let w = Words::of(&vendor.locale);
    let pending = match pending(app, vendor, from.headers).await {
        Ok(Some(pending)) if pending.step == Step::Enrol => pending,
        Ok(_) => return see_other("/sign-in"),
        Err(refusal) => return refusal.into_response(),
    };
    let now_ms = app.clock.wall().timestamp_millis();
    match enrolment::enrol_totp(app, vendor, &pending, code, from).await {
        Ok(codes) => {
            let next = pending.next.clone();
            door(app, vendor, StatusCode::OK, &t!(w, "recovery-title"), || {
                view! {
                    <h1 inner_html=rich!(w, "recovery-heading")></h1>
                    {recovery_codes(w, &vendor.name, &codes)}
                    <a class="btn" href=next>{t!(w, "recovery-continue")}</a>
                }
            })
        }
        Err(Wrong::Failed(refusal)) => refusal.into_response(),
        Err(wrong) => {
            let errors: Vec<_> = code_field::error(&wrong, now_ms).into_iter().collect();
            let until = if let Wrong::Wait { until } = wrong { Some(until) } else { None };
            let page = enrol_page(app, vendor, code_field::status(&wrong), &pending, &errors).await;
            code_field::with_retry_after(page, until, now_ms)
        }
    }
}

async fn enrol_page(app: &App, vendor: &Arc<Vendor>, status: StatusCode, pending: &Pending, errors: &[FieldError]) -> Response {
    let w = Words::of(&vendor.locale);
    let seed = async {
        let mut tx = app.db.read().await?;
        enrolment::offered_seed(&mut tx, app, vendor, &pending.identity_id).await
    };
    let parts = match seed.await {
        Ok(Some(seed)) => seed_parts(w, &seed, &vendor.name, &pending.email),
        Ok(None) => return see_other("/sign-in"),
        Err(refusal) => return refusal.into_response(),
    };
    let parts = match parts {
        Ok(parts) => parts,
        Err(refusal) => return refusal.into_response(),
    };
    let title = if errors.is_empty() { t!(w, "enrol-title") } else { t!(w, "title-error", title = t!(w, "enrol-title")) };
    door(app, vendor, status, &title, || {
        view! {
            <form method="post" action="/invitation">
                <h1 inner_html=rich!(w, "enrol-heading")></h1>
                {error_summary(w, errors)}
                <p>{t!(w, "enrol-what")}</p>
                {parts}
                {field(w, Field { name: "code", label: t!(w, "enrol-code"), hint: Some(t!(w, "code-hint")), autocomplete: "one-time-code", inputmode: Some("numeric"), class: "code", ..Field::default() }, errors)}
                <button class="btn">{t!(w, "enrol-submit")}</button>
            </form>
        }
    })
}

/// What an authenticator app needs: the code to scan, and the same as text.
pub fn seed_parts(w: Words, seed: &Seed, vendor_name: &str, email: &str) -> Result<impl IntoView + use<>, Refusal> {
    let uri = seed.uri(vendor_name, email)?;
    let code = qr(&uri, t!(w, "enrol-qr")).ok_or_else(|| Refusal::damaged("the address of a seed is longer than a QR code"))?;
    let text = seed.text();
    Ok(view! {
        {code}
        <p class="hint">{t!(w, "enrol-text-key")}</p>
        <p class="acts"><code class="key">{text.clone()}</code><CopyButton text=text label=t!(w, "copy") done=t!(w, "copied") /></p>
    })
}

/// The ten codes, to copy, to download (a link that carries its own file: no script, no second request), to print.
pub fn recovery_codes(w: Words, vendor_name: &str, codes: &[String]) -> impl IntoView + use<> {
    let file = format!("{}\n\n{}\n", t!(w, "recovery-file", vendor = vendor_name), codes.join("\n"));
    let href = format!("data:text/plain;charset=utf-8,{}", form_urlencoded::byte_serialize(file.as_bytes()).collect::<String>().replace('+', "%20"));
    let items = codes.iter().map(|code| view! { <li><code>{code.clone()}</code></li> }).collect_view();
    view! {
        <p>{t!(w, "recovery-what")}</p>
        <ol class="codes">{items}</ol>
        <p class="acts">
            <a class="btn plain small" href=href download="recovery-codes.txt">{t!(w, "recovery-download")}</a>
            <CopyButton text=codes.join("\n") label=t!(w, "copy") done=t!(w, "copied") />
        </p>
    }
}

//! `/account/security`: password, authenticator, recovery codes, and the sessions signed in right now (`portal::sessions` ends them). Each
//! change has a page of its own, for each asks for a fresh code.

use axum::extract::{Form, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use leptos::prelude::*;
use serde::Deserialize;

use crate::app::App;
use crate::identity::enrolment;
use crate::identity::factor::Wrong;
use crate::identity::people::{self, PasswordRefusal};
use crate::identity::{Member, recovery, session, step_up};
use crate::portal::code_field::{self, step_up_field};
use crate::portal::entry::{see_other, shell};
use crate::portal::invitation::{recovery_codes, seed_parts};
use crate::portal::password::{new_password_field, refuse};
use crate::portal::routes::{Route, names};
use crate::portal::sessions;
use crate::portal::written_for::WrittenFor;
use crate::services::{FieldError, Refusal};
use crate::ui::page;
use crate::ui::parts::{Field, as_of, error_summary, field, state_good};
use crate::ui::shell::{Place, frame};
use crate::words::Words;
use crate::words::format::Dates;
use crate::{rich, t};

pub fn routes() -> Vec<Route> {
    vec![
        Route::credentials("/account/security", get(show)),
        Route::credentials("/account/security/password", get(show_password).post(change_password)).form(names::<PasswordChange>()),
        Route::credentials("/account/security/authenticator", get(show_authenticator).post(begin_authenticator)).form(names::<Code>()),
        Route::credentials("/account/security/authenticator/confirm", get(show_confirm).post(confirm_authenticator)).form(names::<NewCode>()),
        Route::credentials("/account/security/recovery-codes", get(show_recovery).post(renew_recovery)).form(names::<Code>()),
        Route::credentials("/account/security/sessions/end", post(sessions::end)).form(names::<sessions::SessionId>()),
        Route::credentials("/account/security/sessions/end-others", post(sessions::end_others)).form(names::<Code>()),
    ]
}

#[derive(Deserialize)]
pub struct PasswordChange {
    #[serde(default)]
    current_password: String,
    #[serde(default)]
    new_password: String,
    #[serde(default)]
    code: String,
}

#[derive(Deserialize)]
pub struct Code {
    #[serde(default)]
    pub(super) code: String,
}

#[derive(Deserialize)]
pub struct NewCode {
    #[serde(default)]
    new_code: String,
    #[serde(default)]
    code: String,
}

/// The frame of a page that changes one thing, with the way back.
pub(super) fn in_frame<V: IntoView + 'static>(
    app: &App,
    member: &Member,
    status: StatusCode,
    title: String,
    errors: &[FieldError],
    content: impl FnOnce(Words) -> V,
) -> Response {
    let w = Words::of(&member.locale);
    let title = if errors.is_empty() { title } else { t!(w, "title-error", title = title) };
    let above = as_of(view! { <a class="link" href="/account/security">{t!(w, "security-place")}</a> }, String::new());
    let summary = error_summary(w, errors);
    page::document(app, member, status, &title, || {
        let content = content(w);
        frame(shell(member, w, Place::Account), view! { {above}{summary}<div>{content}</div> })
    })
}

fn now_ms(app: &App) -> i64 {
    app.clock.wall().timestamp_millis()
}

pub async fn show(State(app): State<App>, member: Member) -> Response {
    let loaded = async {
        let mut desk = member.reads(&app).await?;
        let listed = session::list(&mut desk.tx, &member.vendor.id, &member.identity_id, desk.now.wall_ms()).await?;
        let left = recovery::left(&mut desk.tx, &member.vendor.id, &member.identity_id).await?;
        Ok::<_, Refusal>((listed, left))
    };
    let (listed, left) = match loaded.await {
        Ok(loaded) => loaded,
        Err(refusal) => return refusal.into_response(),
    };
    let w = Words::of(&member.locale);
    let zone = member.time_zone.parse().unwrap_or(chrono_tz::Tz::UTC);
    let dates = Dates::new(w, zone);
    let count = i64::try_from(listed.len()).unwrap_or(i64::MAX);
    let has_others = listed.len() > 1;
    let rows = listed.into_iter().map(|one| sessions::row(w, &dates, &member, one)).collect_view();
    page::document(&app, &member, StatusCode::OK, &t!(w, "nav-security"), || {
        let content = view! {
            {as_of(view! { <a class="link" href="/account">{t!(w, "nav-account")}</a> }, String::new())}
            <div class="answer"><h1 inner_html=rich!(w, "security-heading", email = &member.email)></h1></div>
            <dl class="facts">
                <div>
                    <dt>{t!(w, "security-password")}</dt>
                    <dd><a class="link" href="/account/security/password">{t!(w, "security-password-change")}</a></dd>
                </div>
                <div>
                    <dt>{t!(w, "security-authenticator")}</dt>
                    <dd>{state_good(t!(w, "security-authenticator-on"))}</dd>
                    <dd><a class="link" href="/account/security/authenticator">{t!(w, "security-authenticator-replace")}</a></dd>
                </div>
                <div>
                    <dt>{t!(w, "security-recovery")}</dt>
                    <dd><b>{t!(w, "security-recovery-left", left = left)}</b></dd>
                    <dd><a class="link" href="/account/security/recovery-codes">{t!(w, "security-recovery-renew")}</a></dd>
                </div>
            </dl>
            <section class="sec" aria-labelledby="sessions">
                <table class="sessions">
                    <caption><span class="head"><h2 id="sessions">{t!(w, "sessions-title", count = count)}</h2></span></caption>
                    <thead><tr><th scope="col">{t!(w, "sessions-device")}</th><th scope="col" class="far">{t!(w, "sessions-seen", zone = dates.zone_name())}</th><th scope="col"><span class="vh">{t!(w, "sessions-end")}</span></th></tr></thead>
                    <tbody>{rows}</tbody>
                </table>
                {has_others.then(|| view! {
                    <form class="field" method="post" action="/account/security/sessions/end-others">{WrittenFor::of(&member).field()}<button class="btn plain">{t!(w, "sessions-end-others")}</button></form>
                })}
            </section>
        };
        frame(shell(&member, w, Place::Account), content)
    })
}

pub async fn show_password(State(app): State<App>, member: Member) -> Response {
    password_page(&app, &member, StatusCode::OK, &[])
}

pub async fn change_password(State(app): State<App>, member: Member, Form(given): Form<PasswordChange>) -> Response {
    let fresh = match step_up::confirm(&app, &member, &given.code).await {
        Ok(fresh) => fresh,
        Err(wrong) => return code_field::refuse(wrong, now_ms(&app), |status, errors| password_page(&app, &member, status, errors)),
    };
    match people::change_password(&app, &member, fresh, &given.current_password, &given.new_password).await {
        Ok(()) => see_other("/account/security"),
        Err(PasswordRefusal::DeadLink) => StatusCode::GONE.into_response(),
        Err(refused) => refuse(&app, &member.vendor, refused, "new_password", |status, errors| password_page(&app, &member, status, errors)),
    }
}

fn password_page(app: &App, member: &Member, status: StatusCode, errors: &[FieldError]) -> Response {
    let w = Words::of(&member.locale);
    in_frame(app, member, status, t!(w, "security-password-change"), errors, |w| {
        view! {
            <div class="answer"><h1 inner_html=rich!(w, "security-password-heading")></h1></div>
            <form class="sheet narrow" method="post" action="/account/security/password">
                {WrittenFor::of(member).field()}
                // So that password managers know whose password it is.
                <input type="hidden" name="email" autocomplete="username" value=member.email.clone() />
                {field(w, Field { name: "current_password", label: t!(w, "current-password"), kind: "password", autocomplete: "current-password", ..Field::default() }, errors)}
                {new_password_field(w, "new_password", t!(w, "new-password"), errors)}
                {step_up_field(app, member, errors)}
                <p class="field"><button class="btn">{t!(w, "security-password-change")}</button></p>
                <p class="sub field">{t!(w, "security-others-end")}</p>
            </form>
        }
    })
}

pub async fn show_authenticator(State(app): State<App>, member: Member) -> Response {
    authenticator_page(&app, &member, StatusCode::OK, &[])
}

pub async fn begin_authenticator(State(app): State<App>, member: Member, Form(given): Form<Code>) -> Response {
    let fresh = match step_up::confirm(&app, &member, &given.code).await {
        Ok(fresh) => fresh,
        Err(wrong) => return code_field::refuse(wrong, now_ms(&app), |status, errors| authenticator_page(&app, &member, status, errors)),
    };
    match enrolment::begin_totp_replacement(&app, &member, fresh).await {
        Ok(()) => see_other("/account/security/authenticator/confirm"),
        Err(refusal) => refusal.into_response(),
    }
}

fn authenticator_page(app: &App, member: &Member, status: StatusCode, errors: &[FieldError]) -> Response {
    let w = Words::of(&member.locale);
    in_frame(app, member, status, t!(w, "security-authenticator-replace"), errors, |w| {
        view! {
            <div class="answer"><h1 inner_html=rich!(w, "security-authenticator-heading")></h1></div>
            <form class="sheet narrow" method="post" action="/account/security/authenticator">
                {WrittenFor::of(member).field()}
                <p>{t!(w, "security-authenticator-what")}</p>
                {step_up_field(app, member, errors)}
                <p class="field"><button class="btn">{t!(w, "sign-in-continue")}</button></p>
            </form>
        }
    })
}

/// Shows the seed on offer, to a session whose factor is fresh.
pub async fn show_confirm(State(app): State<App>, member: Member) -> Response {
    if member.fresh_factor(now_ms(&app)).is_none() {
        return see_other("/account/security/authenticator");
    }
    confirm_page(&app, &member, StatusCode::OK, &[]).await
}

pub async fn confirm_authenticator(State(app): State<App>, member: Member, Form(given): Form<NewCode>) -> Response {
    let fresh = match step_up::confirm(&app, &member, &given.code).await {
        Ok(fresh) => fresh,
        // Five minutes went by: begin again, with a code of the old app.
        Err(Wrong::Failed(refusal)) => return refusal.into_response(),
        Err(wrong) => return code_field::refuse(wrong, now_ms(&app), |status, errors| authenticator_page(&app, &member, status, errors)),
    };
    match enrolment::replace_totp(&app, &member, fresh, &given.new_code).await {
        Ok(()) => see_other("/account/security"),
        Err(Wrong::Failed(refusal)) => refusal.into_response(),
        Err(wrong) => {
            let errors: Vec<_> = code_field::error(&wrong, now_ms(&app)).into_iter().map(|error| FieldError { field: "new_code", ..error }).collect();
            confirm_page(&app, &member, code_field::status(&wrong), &errors).await
        }
    }
}

async fn confirm_page(app: &App, member: &Member, status: StatusCode, errors: &[FieldError]) -> Response {
    let w = Words::of(&member.locale);
    let seed = async {
        let mut desk = member.reads(app).await?;
        enrolment::offered_seed(&mut desk.tx, app, &member.vendor, &member.identity_id).await
    };
    let parts = match seed.await {
        Ok(Some(seed)) => seed_parts(w, &seed, &member.vendor.name, &member.email),
        Ok(None) => return see_other("/account/security/authenticator"),
        Err(refusal) => Err(refusal),
    };
    let parts = match parts {
        Ok(parts) => parts,
        Err(refusal) => return refusal.into_response(),
    };
    in_frame(app, member, status, t!(w, "security-authenticator-replace"), errors, |w| {
        view! {
            <div class="answer"><h1 inner_html=rich!(w, "enrol-heading")></h1></div>
            <form class="sheet narrow" method="post" action="/account/security/authenticator/confirm">
                {WrittenFor::of(member).field()}
                <p>{t!(w, "security-authenticator-scan")}</p>
                {parts}
                {field(w, Field { name: "new_code", label: t!(w, "enrol-code"), hint: Some(t!(w, "code-hint")), autocomplete: "one-time-code", inputmode: Some("numeric"), class: "code", ..Field::default() }, errors)}
                <p class="field"><button class="btn">{t!(w, "security-authenticator-replace")}</button></p>
                <p class="sub field">{t!(w, "security-others-end")}</p>
            </form>
        }
    })
}

pub async fn show_recovery(State(app): State<App>, member: Member) -> Response {
    recovery_page(&app, &member, StatusCode::OK, &[])
}

/// Answers with the codes themselves: they exist nowhere else, so there is no address to be sent to.
pub async fn renew_recovery(State(app): State<App>, member: Member, Form(given): Form<Code>) -> Response {
    let w = Words::of(&member.locale);
    let fresh = match step_up::confirm(&app, &member, &given.code).await {
        Ok(fresh) => fresh,
        Err(wrong) => return code_field::refuse(wrong, now_ms(&app), |status, errors| recovery_page(&app, &member, status, errors)),
    };
    match people::new_recovery_codes(&app, &member, fresh).await {
        Ok(codes) => in_frame(&app, &member, StatusCode::OK, t!(w, "recovery-title"), &[], |w| {
            view! {
                <div class="answer"><h1 inner_html=rich!(w, "recovery-heading")></h1></div>
                <div class="sheet narrow">
                    {recovery_codes(w, &member.vendor.name, &codes)}
                    <p class="field"><a class="btn" href="/account/security">{t!(w, "recovery-kept")}</a></p>
                </div>
            }
        }),
        Err(refusal) => refusal.into_response(),
    }
}

fn recovery_page(app: &App, member: &Member, status: StatusCode, errors: &[FieldError]) -> Response {
    let w = Words::of(&member.locale);
    in_frame(app, member, status, t!(w, "security-recovery-renew"), errors, |w| {
        view! {
            <div class="answer"><h1 inner_html=rich!(w, "security-recovery-heading")></h1></div>
            <form class="sheet narrow" method="post" action="/account/security/recovery-codes">
                {WrittenFor::of(member).field()}
                <p>{t!(w, "security-recovery-what")}</p>
                {step_up_field(app, member, errors)}
                <p class="field"><button class="btn">{t!(w, "security-recovery-renew")}</button></p>
            </form>
        }
    })
}

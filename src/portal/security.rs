//! `/account/security`: password, authenticator, recovery codes, and the sessions signed in right now. Each change has a page of its own,
//! for each asks for a fresh code.

use axum::extract::{Form, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use leptos::either::Either;
use leptos::prelude::*;
use serde::Deserialize;

use crate::app::App;
use crate::identity::factor::Wrong;
use crate::identity::people::{self, PasswordRefusal};
use crate::identity::session::Listed;
use crate::identity::{Member, recovery, session, step_up};
use crate::platform::clock::from_ms;
use crate::portal::code_field::{self, step_up_field};
use crate::portal::entry::{see_other, shell};
use crate::portal::invitation::{recovery_codes, seed_parts};
use crate::portal::password::{new_password_field, refuse};
use crate::portal::routes::{Route, names};
use crate::services::{FieldError, Refusal};
use crate::ui::format::Dates;
use crate::ui::parts::{Field, as_of, error_summary, field, state_good};
use crate::ui::shell::{Place, frame};
use crate::ui::words::Words;
use crate::ui::page;
use crate::{rich, t};

pub fn routes() -> Vec<Route> {
    vec![
        Route::member("/account/security", get(show)),
        Route::member("/account/security/password", get(show_password).post(change_password)).form(names::<PasswordChange>()),
        Route::member("/account/security/authenticator", get(show_authenticator).post(begin_authenticator)).form(names::<Code>()),
        Route::member("/account/security/authenticator/confirm", get(show_confirm).post(confirm_authenticator)).form(names::<NewCode>()),
        Route::member("/account/security/recovery-codes", get(show_recovery).post(renew_recovery)).form(names::<Code>()),
        Route::member("/account/security/sessions/end", post(end_session)).form(names::<SessionId>()),
        Route::member("/account/security/sessions/end-others", post(end_other_sessions)),
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
    code: String,
}

#[derive(Deserialize)]
pub struct NewCode {
    #[serde(default)]
    new_code: String,
    #[serde(default)]
    code: String,
}

#[derive(Deserialize)]
pub struct SessionId {
    #[serde(default)]
    session: String,
}

/// The frame of a page that changes one thing, with the way back.
fn in_frame<V: IntoView + 'static>(app: &App, member: &Member, status: StatusCode, title: String, errors: &[FieldError], content: impl FnOnce(Words) -> V) -> Response {
    let w = Words::of(&member.locale);
    let title = if errors.is_empty() { title } else { t!(w, "title-error", title = title) };
    let above = as_of(view! { <a class="link" href="/account/security">{t!(w, "security-place")}</a> }, String::new());
    let summary = error_summary(w, errors);
    page::document(app, &member.vendor, status, &title, || {
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
        let sessions = session::list(&mut desk.tx, &member.vendor.id, &member.identity_id, desk.now.wall_ms()).await?;
        let left = recovery::left(&mut desk.tx, &member.vendor.id, &member.identity_id).await?;
        Ok::<_, Refusal>((sessions, left))
    };
    let (sessions, left) = match loaded.await {
        Ok(loaded) => loaded,
        Err(refusal) => return refusal.into_response(),
    };
    let w = Words::of(&member.locale);
    let zone = member.time_zone.parse().unwrap_or(chrono_tz::Tz::UTC);
    let dates = Dates::new(w, zone);
    let count = i64::try_from(sessions.len()).unwrap_or(i64::MAX);
    let has_others = sessions.len() > 1;
    let rows = sessions.into_iter().map(|listed| session_row(w, &dates, &member, listed)).collect_view();
    page::document(&app, &member.vendor, StatusCode::OK, &t!(w, "nav-security"), || {
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
                    <form class="field" method="post" action="/account/security/sessions/end-others"><button class="btn plain">{t!(w, "sessions-end-others")}</button></form>
                })}
            </section>
        };
        frame(shell(&member, w, Place::Account), content)
    })
}

fn session_row(w: Words, dates: &Dates, member: &Member, listed: Listed) -> impl IntoView + use<> {
    let is_this = listed.id == member.session_id();
    let (browser, system) = what_browser(&listed.user_agent);
    let device = match (browser, system) {
        (Some(browser), Some(system)) => t!(w, "device-browser-system", browser = browser, system = system),
        (Some(name), None) | (None, Some(name)) => name.to_owned(),
        (None, None) if listed.user_agent.is_empty() => t!(w, "device-unknown"),
        (None, None) => listed.user_agent.chars().take(60).collect(),
    };
    let name = device.clone();
    let act = if is_this {
        Either::Left(state_good(t!(w, "sessions-this")))
    } else {
        Either::Right(view! {
            <form method="post" action="/account/security/sessions/end">
                <input type="hidden" name="session" value=listed.id />
                <button class="link as-link" aria-label=t!(w, "sessions-end-named", device = name)>{t!(w, "sessions-end")}</button>
            </form>
        })
    };
    view! {
        <tr>
            <th scope="row">{device}<span class="sub">{t!(w, "sessions-from", ip = listed.ip, since = dates.moment(from_ms(listed.created_at)))}</span></th>
            <td class="far">{dates.moment(from_ms(listed.last_seen_at))}</td>
            <td>{act}</td>
        </tr>
    }
}

/// Browser and system by the names people know, from what the browser calls itself.
fn what_browser(user_agent: &str) -> (Option<&'static str>, Option<&'static str>) {
    let first = |names: &[(&str, &'static str)]| names.iter().find(|(mark, _)| user_agent.contains(mark)).map(|(_, name)| *name);
    let browser = first(&[("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("FxiOS/", "Firefox"), ("Chrome/", "Chrome"), ("CriOS/", "Chrome"), ("Safari/", "Safari"), ("curl/", "curl")]);
    let system = first(&[("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"), ("Mac OS X", "Mac"), ("CrOS", "ChromeOS"), ("Linux", "Linux")]);
    (browser, system)
}

pub async fn show_password(State(app): State<App>, member: Member) -> Response {
    password_page(&app, &member, StatusCode::OK, &[])
}

pub async fn change_password(State(app): State<App>, member: Member, Form(given): Form<PasswordChange>) -> Response {
    let w = Words::of(&member.locale);
    let fresh = match step_up::confirm(&app, &member, &given.code).await {
        Ok(fresh) => fresh,
        Err(wrong) => return code_field::refuse(w, wrong, now_ms(&app), |status, errors| password_page(&app, &member, status, errors)),
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
                // So that password managers know whose password it is.
                <input type="hidden" name="email" autocomplete="username" value=member.email.clone() />
                {field(Field { name: "current_password", label: t!(w, "current-password"), kind: "password", autocomplete: "current-password", ..Field::default() }, errors)}
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
    let w = Words::of(&member.locale);
    let fresh = match step_up::confirm(&app, &member, &given.code).await {
        Ok(fresh) => fresh,
        Err(wrong) => return code_field::refuse(w, wrong, now_ms(&app), |status, errors| authenticator_page(&app, &member, status, errors)),
    };
    match people::begin_totp_replacement(&app, &member, fresh).await {
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
    let w = Words::of(&member.locale);
    let fresh = match step_up::confirm(&app, &member, &given.code).await {
        Ok(fresh) => fresh,
        // Five minutes went by: begin again, with a code of the old app.
        Err(Wrong::Failed(refusal)) => return refusal.into_response(),
        Err(wrong) => return code_field::refuse(w, wrong, now_ms(&app), |status, errors| authenticator_page(&app, &member, status, errors)),
    };
    match people::replace_totp(&app, &member, fresh, &given.new_code).await {
        Ok(()) => see_other("/account/security"),
        Err(Wrong::Failed(refusal)) => refusal.into_response(),
        Err(wrong) => {
            let errors: Vec<_> = code_field::error(w, &wrong, now_ms(&app)).into_iter().map(|error| FieldError { field: "new_code", ..error }).collect();
            confirm_page(&app, &member, code_field::status(&wrong), &errors).await
        }
    }
}

async fn confirm_page(app: &App, member: &Member, status: StatusCode, errors: &[FieldError]) -> Response {
    let w = Words::of(&member.locale);
    let seed = async {
        let mut desk = member.reads(app).await?;
        people::offered_seed(&mut desk.tx, app, &member.vendor, &member.identity_id).await
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
                <p>{t!(w, "security-authenticator-scan")}</p>
                {parts}
                {field(Field { name: "new_code", label: t!(w, "enrol-code"), hint: Some(t!(w, "code-hint")), autocomplete: "one-time-code", inputmode: Some("numeric"), class: "code", ..Field::default() }, errors)}
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
        Err(wrong) => return code_field::refuse(w, wrong, now_ms(&app), |status, errors| recovery_page(&app, &member, status, errors)),
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
                <p>{t!(w, "security-recovery-what")}</p>
                {step_up_field(app, member, errors)}
                <p class="field"><button class="btn">{t!(w, "security-recovery-renew")}</button></p>
            </form>
        }
    })
}

pub async fn end_session(State(app): State<App>, member: Member, Form(given): Form<SessionId>) -> Response {
    match people::end_session(&app, &member, &given.session).await {
        Ok(()) => see_other("/account/security"),
        Err(refusal) => refusal.into_response(),
    }
}

pub async fn end_other_sessions(State(app): State<App>, member: Member) -> Response {
    match people::end_other_sessions(&app, &member).await {
        Ok(_) => see_other("/account/security"),
        Err(refusal) => refusal.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::what_browser;

    #[test]
    fn browsers_are_called_what_people_call_them() {
        for (user_agent, names) in [
            ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0", (Some("Edge"), Some("Windows"))),
            ("Mozilla/5.0 (iPhone; CPU iPhone OS 26_2 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.2 Mobile/15E148 Safari/604.1", (Some("Safari"), Some("iPhone"))),
            ("Mozilla/5.0 (X11; Linux x86_64; rv:141.0) Gecko/20100101 Firefox/141.0", (Some("Firefox"), Some("Linux"))),
            ("", (None, None)),
        ] {
            assert_eq!(what_browser(user_agent), names, "{user_agent}");
        }
    }
}

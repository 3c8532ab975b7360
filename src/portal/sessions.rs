//! `/account/security/sessions/…`: signing other devices out. It wants a fresh second factor, asked for in place: who has got hold of a
//! session must not be able to end its owner's.

use axum::extract::{Form, State};
use axum::http::StatusCode;
use axum::response::Response;
use leptos::either::Either;
use leptos::prelude::*;
use serde::Deserialize;

use crate::app::App;
use crate::identity::factor::Wrong;
use crate::identity::session::Listed;
use crate::identity::{Member, people, session, step_up};
use crate::platform::clock::from_ms;
use crate::portal::code_field::{self, step_up_field};
use crate::portal::entry::see_other;
use crate::portal::security::{Code, in_frame};
use crate::portal::written_for::WrittenFor;
use crate::services::{FieldError, Refusal};
use crate::ui::parts::state_good;
use crate::words::Words;
use crate::words::format::Dates;
use crate::{rich, t};

#[derive(Deserialize)]
pub struct SessionId {
    #[serde(default)]
    session: String,
    #[serde(default)]
    code: String,
}

/// Which sessions are to end.
enum Ends {
    One(Listed),
    AllOthers,
}

pub async fn end(State(app): State<App>, member: Member, Form(given): Form<SessionId>) -> Result<Response, Refusal> {
    let mut desk = member.reads(&app).await?;
    let listed = session::list(&mut desk.tx, &member.vendor.id, &member.identity_id, desk.now.wall_ms()).await?;
    drop(desk);
    let one = listed.into_iter().find(|one| one.id == given.session).ok_or(Refusal::NotFound)?;
    match step_up::confirm(&app, &member, &given.code).await {
        Ok(fresh) => people::end_session(&app, &member, fresh, &one.id).await?,
        Err(wrong) => return Ok(ask_code(&app, &member, &Ends::One(one), wrong)),
    }
    Ok(see_other("/account/security"))
}

pub async fn end_others(State(app): State<App>, member: Member, Form(given): Form<Code>) -> Result<Response, Refusal> {
    match step_up::confirm(&app, &member, &given.code).await {
        Ok(fresh) => people::end_other_sessions(&app, &member, fresh).await?,
        Err(wrong) => return Ok(ask_code(&app, &member, &Ends::AllOthers, wrong)),
    };
    Ok(see_other("/account/security"))
}

/// The same wish again, with a field for the code.
fn ask_code(app: &App, member: &Member, ends: &Ends, wrong: Wrong) -> Response {
    let w = Words::of(&member.locale);
    let (heading, action, button, session) = match ends {
        Ends::One(one) => {
            let device = device(w, one);
            (rich!(w, "sessions-end-heading", device = &device), "/account/security/sessions/end", t!(w, "sessions-end"), Some(one.id.clone()))
        }
        Ends::AllOthers => (rich!(w, "sessions-end-others-heading"), "/account/security/sessions/end-others", t!(w, "sessions-end-others"), None),
    };
    code_field::refuse(wrong, app.clock.wall().timestamp_millis(), |status: StatusCode, errors: &[FieldError]| {
        in_frame(app, member, status, t!(w, "nav-security"), errors, |_| {
            view! {
                <div class="answer"><h1 inner_html=heading></h1></div>
                <form class="sheet narrow" method="post" action=action>
                    {WrittenFor::of(member).field()}
                    {session.map(|id| view! { <input type="hidden" name="session" value=id /> })}
                    {step_up_field(app, member, errors)}
                    <div class="acts field"><button class="btn">{button}</button><a class="btn plain" href="/account/security">{t!(w, "step-back")}</a></div>
                </form>
            }
        })
    })
}

/// One session of the list, with the way to end it.
pub fn row(w: Words, dates: &Dates, member: &Member, listed: Listed) -> impl IntoView + use<> {
    let is_this = listed.id == member.session_id();
    let device = device(w, &listed);
    let name = device.clone();
    let act = if is_this {
        Either::Left(state_good(t!(w, "sessions-this")))
    } else {
        Either::Right(view! {
            <form method="post" action="/account/security/sessions/end">
                {WrittenFor::of(member).field()}
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

/// What a session's device is called.
fn device(w: Words, listed: &Listed) -> String {
    let (browser, system) = what_browser(&listed.user_agent);
    match (browser, system) {
        (Some(browser), Some(system)) => t!(w, "device-browser-system", browser = browser, system = system),
        (Some(name), None) | (None, Some(name)) => name.to_owned(),
        (None, None) if listed.user_agent.is_empty() => t!(w, "device-unknown"),
        (None, None) => listed.user_agent.chars().take(60).collect(),
    }
}

/// Browser and system by the names people know, from what the browser calls itself.
fn what_browser(user_agent: &str) -> (Option<&'static str>, Option<&'static str>) {
    let first = |names: &[(&str, &'static str)]| names.iter().find(|(mark, _)| user_agent.contains(mark)).map(|(_, name)| *name);
    let browser = first(&[
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("FxiOS/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("CriOS/", "Chrome"),
        ("Safari/", "Safari"),
        ("curl/", "curl"),
    ]);
    let system = first(&[
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Android", "Android"),
        ("Windows", "Windows"),
        ("Mac OS X", "Mac"),
        ("CrOS", "ChromeOS"),
        ("Linux", "Linux"),
    ]);
    (browser, system)
}

#[cfg(test)]
mod tests {
    use super::what_browser;

    #[test]
    fn browsers_are_called_what_people_call_them() {
        for (user_agent, names) in [
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0",
                (Some("Edge"), Some("Windows")),
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 26_2 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.2 Mobile/15E148 Safari/604.1",
                (Some("Safari"), Some("iPhone")),
            ),
            ("Mozilla/5.0 (X11; Linux x86_64; rv:141.0) Gecko/20100101 Firefox/141.0", (Some("Firefox"), Some("Linux"))),
            ("", (None, None)),
        ] {
            assert_eq!(what_browser(user_agent), names, "{user_agent}");
        }
    }
}

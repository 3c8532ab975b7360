//! The portal in a frame of a vendor's page: what opens there, and what those see for whom it does not. Nobody signs in, enrols or changes a
//! credential in a frame, for around it stands a page that is not ours: a window of its own is offered for that.

use std::sync::Arc;

use axum::extract::State;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::Response;
use leptos::prelude::*;

use crate::app::App;
use crate::identity::Member;
use crate::identity::session::Transport;
use crate::platform::db::DbResult;
use crate::services::Refusal;
use crate::services::embed_sessions::{self, Embed, Holders, Scope};
use crate::services::vendors::Vendor;
use crate::t;
use crate::ui::page::{self, Framed, Setting, Standing};
use crate::ui::shell::{self, Around, Place, frame};
use crate::words::Words;

use super::entry::{AtVendor, see_other};

/// Where signing out leads to.
pub const SIGNED_OUT: &str = "/signed-out";

/// Whether an address opens in a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InFrame {
    /// Where the embed session has these scopes.
    Reads(Wants),
    /// The same, and something is decided there: not where the session travels from a script's memory.
    Acts(Wants),
    /// In a window of its own only.
    Never,
    /// The same, and not on the vendor's word: how somebody signs in is theirs alone.
    Credentials,
}

/// What an address wants of an embed session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wants {
    All(&'static [Scope]),
    /// One of these.
    Any(&'static [Scope]),
}

impl Wants {
    fn is_met_by(self, embed: &Embed) -> bool {
        match self {
            Wants::All(scopes) => embed.allows(scopes),
            Wants::Any(scopes) => scopes.iter().any(|scope| embed.scopes.contains(scope)),
        }
    }
}

impl InFrame {
    fn is_shut(self) -> bool {
        matches!(self, InFrame::Never | InFrame::Credentials)
    }
}

/// The page of an address that opens in no frame, where one asks for it; before anybody is looked up.
pub async fn shut_out(app: &App, vendor: &Arc<Vendor>, parts: &Parts) -> DbResult<Option<Response>> {
    if !Transport::of(&parts.headers).is_framed() || !of(parts).is_shut() {
        return Ok(None);
    }
    let w = Words::of(&vendor.locale);
    let holders = holders(app, vendor, &parts.headers).await?;
    let framed = Some(Framed::held_by(&holders, Standing::Over));
    Ok(Some(closed(app, Setting { vendor, framed }, w, holders.embed.as_ref(), &way_out(parts), t!(w, "frame-never"))))
}

/// The page for a member whose session does not reach this far: it is a frame's, or a link of the vendor's began it.
pub fn out_of_reach(app: &App, member: &Member, parts: &Parts) -> Option<Response> {
    let w = Words::of(&member.locale);
    let Some(embed) = &member.embed else {
        let looks = parts.method == Method::GET || parts.method == Method::HEAD;
        let is_open = match of(parts) {
            // What opens in a frame asks for a code wherever it decides something.
            InFrame::Reads(_) | InFrame::Acts(_) => true,
            InFrame::Never => looks,
            InFrame::Credentials => false,
        };
        return (member.is_vouched_for() && !is_open).then(|| sign_in_first(app, member, w));
    };
    let (wants, decides) = match of(parts) {
        InFrame::Reads(wants) => (wants, parts.method != Method::GET && parts.method != Method::HEAD),
        InFrame::Acts(wants) => (wants, true),
        InFrame::Never | InFrame::Credentials => return Some(closed(app, member, w, Some(embed), &way_out(parts), t!(w, "frame-never"))),
    };
    if !wants.is_met_by(embed) {
        return Some(closed(app, member, w, Some(embed), &way_out(parts), t!(w, "frame-scope")));
    }
    let is_in_memory = member.transport() == Transport::Bearer;
    (is_in_memory && decides).then(|| closed(app, member, w, Some(embed), &way_out(parts), t!(w, "frame-memory")))
}

async fn holders(app: &App, vendor: &Vendor, headers: &HeaderMap) -> DbResult<Holders> {
    embed_sessions::holders(&app.db, vendor, Transport::of(headers).token(headers)).await
}

fn of(parts: &Parts) -> InFrame {
    parts.extensions.get::<InFrame>().copied().unwrap_or(InFrame::Never)
}

/// What a window of its own opens: the address, or where its form stands.
fn way_out(parts: &Parts) -> String {
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    if parts.method == Method::GET { path.to_owned() } else { "/".to_owned() }
}

/// What a link of the vendor's opens is for looking.
fn sign_in_first(app: &App, member: &Member, w: Words) -> Response {
    let shell = super::entry::shell(member, w, Place::Account);
    page::document(app, member, StatusCode::FORBIDDEN, &t!(w, "vouched-title"), move || {
        let content = view! {
            <div class="answer"><h1>{t!(w, "vouched-heading")}</h1></div>
            <p>{t!(w, "vouched-what")}</p>
            <div class="acts field"><a class="btn" href="/sign-in">{t!(w, "sign-in-title")}</a></div>
        };
        frame(shell, content)
    })
}

/// The way to a window of its own; and on in this frame, to the rooms it has.
fn closed<'a>(app: &App, setting: impl Into<Setting<'a>>, w: Words, embed: Option<&Embed>, way_out: &str, why: String) -> Response {
    let (way_out, around) = (way_out.to_owned(), embed.map_or(Around::Nothing, Around::of));
    page::document(app, setting, StatusCode::FORBIDDEN, &t!(w, "frame-closed-title"), move || {
        let content = view! {
            <div class="answer" data-trouble="window_needed"><h1>{t!(w, "frame-closed")}</h1></div>
            <p>{why}</p>
            <div class="acts field"><a class="btn" href=way_out target="_blank" rel="noopener">{t!(w, "frame-window")}</a></div>
        };
        // None of the five: no room is where one is.
        shell::framed(w, Place::Account, &around, content)
    })
}

/// Where signing out of a frame leads: there is no way back in that a page of ours could offer.
pub async fn signed_out(State(app): State<App>, AtVendor(vendor): AtVendor, headers: HeaderMap) -> Result<Response, Refusal> {
    if !Transport::of(&headers).is_framed() {
        return Ok(see_other("/sign-in"));
    }
    let w = Words::of(&vendor.locale);
    let holders = holders(&app, &vendor, &headers).await?;
    let framed = Some(Framed::held_by(&holders, Standing::Over));
    Ok(page::document(&app, Setting { vendor: &vendor, framed }, StatusCode::OK, &t!(w, "embed-over-title"), move || {
        view! { <main class="page" id="main" data-trouble="signed_out"><p role="status">{t!(w, "embed-over")}</p></main> }
    }))
}

/// The page of a frame whose session is not there, or not any more: its script asks the host's page for a token and then goes on. What was
/// typed is kept, to be sent again.
pub async fn nobody(app: &App, vendor: &Arc<Vendor>, parts: &Parts, kept: Option<Vec<(String, String)>>) -> DbResult<Response> {
    let w = Words::of(&vendor.locale);
    let holders = holders(app, vendor, &parts.headers).await?;
    let framed = Some(Framed::held_by(&holders, Standing::Missing));
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
    Ok(page::document(app, Setting { vendor, framed }, StatusCode::UNAUTHORIZED, &t!(w, "frame-nobody-title"), move || {
        let again = kept.map(|kept| {
            let fields: Vec<_> = kept.into_iter().map(|(name, value)| view! { <input type="hidden" name=name value=value /> }).collect();
            view! {
                <p>{t!(w, "frame-nobody-kept")}</p>
                <form method="post" action=path class="acts field">{fields}<button class="btn plain">{t!(w, "session-ended-again")}</button></form>
            }
        });
        view! {
            <main class="page" id="main">
                <p role="status">{t!(w, "frame-nobody")}</p>
                {again}
            </main>
        }
    }))
}

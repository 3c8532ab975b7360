//! Who comes in at the customers' door: extractors for the vendor whose portal this is and the [`Member`] who is signed in, and what
//! those see who are not.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use leptos::prelude::*;

use crate::app::App;
use crate::identity::Member;
use crate::identity::cookies::Outgoing;
use crate::identity::member::{self, Found};
use crate::identity::session::Transport;
use crate::platform::clock::from_ms;
use crate::platform::request::Posted;
use crate::services::Refusal;
use crate::services::customers::Role;
use crate::services::vendors::Vendor;
use crate::t;
use crate::ui::page::{self, Framed, Setting, Standing};
use crate::ui::shell::{self, Around, Place, Shell, TestMark};
use crate::words::Words;
use crate::words::format::Dates;

use super::{framed, suspended, written_for};

/// The vendor whose portal a request came to, by its host name.
pub struct AtVendor(pub Arc<Vendor>);

impl FromRequestParts<App> for AtVendor {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<AtVendor, Response> {
        let Some(vendor) = at(parts, app) else { return Err((StatusCode::MISDIRECTED_REQUEST, "No portal answers to this host name.\n").into_response()) };
        match framed::shut_out(app, &vendor, parts).await {
            Ok(None) => Ok(AtVendor(vendor)),
            Ok(Some(page)) => Err(page),
            Err(error) => Err(Refusal::from(error).into_response()),
        }
    }
}

fn at(parts: &Parts, app: &App) -> Option<Arc<Vendor>> {
    let host = parts.uri.authority().map(|a| a.as_str()).or_else(|| parts.headers.get(header::HOST)?.to_str().ok());
    app.vendor_of_host(host?)
}

impl FromRequestParts<App> for Member {
    type Rejection = Response;

    /// A GET without a session goes to sign in and comes back; anything else gets a page that keeps what was typed. A form that was written
    /// for somebody else, or for another customer of theirs, is not taken.
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Member, Response> {
        match signed_in(parts, app).await? {
            SignedIn::Here(member) => Ok(*member),
            SignedIn::Suspended(member) => Err(suspended::page(app, &member)),
        }
    }
}

/// Who turns to another customer of theirs: a [`Member`], or one who is kept out of the customer they look at.
pub struct Turning(pub Member);

impl FromRequestParts<App> for Turning {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Turning, Response> {
        match signed_in(parts, app).await? {
            SignedIn::Suspended(member) if member.others.is_empty() => Err(suspended::page(app, &member)),
            SignedIn::Here(member) | SignedIn::Suspended(member) => Ok(Turning(*member)),
        }
    }
}

enum SignedIn {
    Here(Box<Member>),
    /// Their customer's access to the portal is suspended.
    Suspended(Box<Member>),
}

async fn signed_in(parts: &mut Parts, app: &App) -> Result<SignedIn, Response> {
    let AtVendor(vendor) = AtVendor::from_request_parts(parts, app).await?;
    let outgoing = Outgoing::from_request_parts(parts, app).await.map_err(IntoResponse::into_response)?;
    match member::find(app, &vendor, &parts.headers, &outgoing).await {
        Ok(Found::Member(member)) => match framed::out_of_reach(app, &member, parts).or_else(|| written_for::mistaken(app, &member, parts)) {
            Some(page) => Err(page),
            None => Ok(SignedIn::Here(member)),
        },
        Ok(Found::Suspended(member)) => Ok(SignedIn::Suspended(member)),
        Ok(Found::NoCustomer { email, .. }) => Err(no_customer(app, &vendor, &email)),
        Ok(Found::Nobody) => Err(nobody(app, &vendor, parts).await),
        Err(error) => {
            tracing::error!(%error, "session not looked up");
            Err(StatusCode::INTERNAL_SERVER_ERROR.into_response())
        }
    }
}

/// Fields that are never shown again.
const SECRET_FIELDS: [&str; 6] = ["password", "new_password", "current_password", "code", "new_code", "token"];

async fn nobody(app: &App, vendor: &Arc<Vendor>, parts: &Parts) -> Response {
    let path = parts.uri.path_and_query().map_or("/", |p| p.as_str());
    if Transport::of(&parts.headers).is_framed() {
        let typed = parts.extensions.get::<Posted>().map(kept);
        return framed::nobody(app, vendor, parts, typed).await.unwrap_or_else(|error| Refusal::from(error).into_response());
    }
    if parts.method == Method::GET || parts.method == Method::HEAD {
        return see_other(&sign_in_path(path));
    }
    let is_document = parts.headers.get("sec-fetch-dest").is_none_or(|dest| dest == "document");
    if !is_document {
        return (StatusCode::UNAUTHORIZED, "The session has ended.\n").into_response();
    }
    let w = Words::of(&vendor.locale);
    let kept = parts.extensions.get::<Posted>().map(kept).unwrap_or_default();
    let path = path.to_owned();
    let form = view! {
        <h1>{t!(w, "session-ended-heading")}</h1>
        <p>{t!(w, "session-ended-what")}</p>
        <a class="btn" href="/sign-in" target="_blank" rel="noopener">{t!(w, "session-ended-sign-in")}</a>
        <form method="post" action=path>
            {kept.into_iter().map(|(name, value)| view! { <input type="hidden" name=name value=value /> }).collect_view()}
            <button class="btn plain">{t!(w, "session-ended-again")}</button>
        </form>
    };
    door(app, vendor, StatusCode::UNAUTHORIZED, &t!(w, "session-ended-title"), move || form)
}

/// What was typed, but for what is never shown again.
fn kept(posted: &Posted) -> Vec<(String, String)> {
    form_urlencoded::parse(&posted.0).into_owned().filter(|(name, _)| !SECRET_FIELDS.contains(&name.as_str())).collect()
}

fn no_customer(app: &App, vendor: &Arc<Vendor>, email: &str) -> Response {
    let w = Words::of(&vendor.locale);
    let email = email.to_owned();
    door(app, vendor, StatusCode::FORBIDDEN, &t!(w, "no-customer-title"), move || {
        view! {
            <h1>{t!(w, "no-customer-heading")}</h1>
            <p>{t!(w, "no-customer-what", email = email)}</p>
            <form method="post" action="/sign-out"><button class="btn plain">{t!(w, "nav-sign-out")}</button></form>
        }
    })
}

/// A page of the vendor for somebody who is not, or not yet, signed in.
pub fn door<V: IntoView + 'static>(app: &App, vendor: &Arc<Vendor>, status: StatusCode, title: &str, content: impl FnOnce() -> V) -> Response {
    let w = Words::of(&vendor.locale);
    let legal_line = t!(w, "door-legal-line", name = &vendor.legal_name, city = &vendor.city);
    page::document(app, vendor, status, title, || {
        let content = content();
        shell::door(w, vendor.name.clone(), vendor.brand_mark.clone(), vendor.is_test, legal_line, content)
    })
}

/// What the shell shows of a member.
pub fn shell(member: &Member, w: Words, place: Place) -> Shell {
    let role = match member.role {
        Role::Owner => t!(w, "role-owner"),
        Role::Billing => t!(w, "role-billing"),
        Role::Viewer => t!(w, "role-viewer"),
    };
    Shell {
        words: w,
        vendor_name: member.vendor.name.clone(),
        brand_mark: member.vendor.brand_mark.clone(),
        test: member.vendor.is_test.then(|| TestMark { stands_at: stands_at(member, w) }),
        customer_name: member.customer_name.clone(),
        signed_in_as: t!(w, "signed-in-as", name = &member.name, role = role),
        can_switch: !member.others.is_empty(),
        place,
        around: member.embed.as_deref().map_or(Around::Rail, Around::of),
    }
}

fn stands_at(member: &Member, w: Words) -> Option<String> {
    let zone = member.time_zone.parse().unwrap_or(chrono_tz::UTC);
    member.vendor.clock_at.map(|at_ms| Dates::new(w, zone).moment(from_ms(at_ms)))
}

/// A member's page: by itself, or in the frame they look through.
impl<'a> From<&'a Member> for Setting<'a> {
    fn from(member: &'a Member) -> Setting<'a> {
        let framed = member.embed.as_deref().map(|embed| Framed {
            origins: std::slice::from_ref(&embed.origin),
            standing: Standing::Lasts(member.seconds_left()),
            embed_id: Some(&embed.id),
            style: &embed.style,
        });
        Setting { vendor: &member.vendor, framed }
    }
}

/// `/sign-in`, remembering where to go back to.
pub fn sign_in_path(next: &str) -> String {
    if next == "/" { "/sign-in".to_owned() } else { format!("/sign-in?next={}", form_urlencoded::byte_serialize(next.as_bytes()).collect::<String>()) }
}

/// A 303: the answer to a form that did what it was asked.
pub fn see_other(path: &str) -> Response {
    let location = HeaderValue::from_str(path).unwrap_or_else(|_| HeaderValue::from_static("/"));
    (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response()
}

//! `/portal-session`: a link that the vendor's program made. Opening it shows whose portal it opens; the button opens it, once.

use std::sync::Arc;

use axum::extract::{Form, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use leptos::prelude::*;
use serde::Deserialize;

use crate::app::App;
use crate::identity::cookies::Outgoing;
use crate::identity::session::Transport;
use crate::platform::request::{ClientIp, user_agent};
use crate::services::Refusal;
use crate::services::portal_sessions::{self, NotOpened};
use crate::services::vendors::Vendor;
use crate::words::Words;
use crate::{rich, t};

use super::entry::{AtVendor, door, see_other};
use super::suspended;

#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Token {
    token: String,
}

pub async fn show(State(app): State<App>, AtVendor(vendor): AtVendor, Query(link): Query<Token>) -> Result<Response, Refusal> {
    let now_ms = app.clock.wall().timestamp_millis();
    let mut tx = app.db.read().await?;
    let found = portal_sessions::look(&mut tx, &vendor.id, &link.token, now_ms).await?;
    drop(tx);
    let Some(found) = found else { return Ok(dead(&app, &vendor)) };
    if found.is_suspended() {
        return Ok(suspended::page_of_link(&app, &vendor));
    }
    let w = Words::of(&vendor.locale);
    Ok(door(&app, &vendor, StatusCode::OK, &t!(w, "portal-session-title"), || {
        view! {
            <form method="post" action="/portal-session">
                <h1 inner_html=rich!(w, "portal-session-heading", customer = &found.customer_name)></h1>
                <p>{t!(w, "portal-session-what", email = &found.email, vendor = &vendor.name)}</p>
                <input type="hidden" name="token" value=link.token />
                <button class="btn">{t!(w, "portal-session-open")}</button>
            </form>
        }
    }))
}

pub async fn open(
    State(app): State<App>,
    AtVendor(vendor): AtVendor,
    headers: HeaderMap,
    outgoing: Outgoing,
    ip: ClientIp,
    Form(link): Form<Token>,
) -> Result<Response, Refusal> {
    let earlier = Transport::Lax.token(&headers);
    match portal_sessions::open(&app, &vendor, &link.token, earlier.as_deref(), user_agent(&headers), &ip.to_string()).await? {
        Ok(token) => {
            Transport::Lax.give(&outgoing, &token);
            Ok(see_other("/"))
        }
        Err(NotOpened::Dead) => Ok(dead(&app, &vendor)),
        Err(NotOpened::Suspended) => Ok(suspended::page_of_link(&app, &vendor)),
    }
}

/// Used, too old, or none of ours: they look alike.
fn dead(app: &App, vendor: &Arc<Vendor>) -> Response {
    let w = Words::of(&vendor.locale);
    door(app, vendor, StatusCode::GONE, &t!(w, "portal-session-dead-title"), || {
        view! {
            <h1>{t!(w, "portal-session-dead-title")}</h1>
            <p>{t!(w, "portal-session-dead")}</p>
            <a class="btn" href="/sign-in">{t!(w, "sign-in-title")}</a>
        }
    })
    .into_response()
}

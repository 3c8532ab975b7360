//! The door of the frame in a vendor's page: the element's script, the document that waits for a token, and what a token is exchanged for.
//! From there on the frame shows the portal's own pages at their own addresses; what differs for it is said in `portal/framed.rs`.
//!
//! | file | what |
//! |---|---|
//! | `widget.js` | the element `<billing-portal>`, in the vendor's page |
//! | `frame.js` | its other end, in every document of the frame |
//! | `handover.rs` | tokens coming in: from `frame.js`, or from a form of a page without script |
//! | `widget.d.ts` | the element and its events, declared |
//! | `target.rs` | which page an element shows |
//!
//! A token never stands in an address, and no cookie of the portal's own pages is read here.

use std::sync::Arc;

use axum::Router;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use leptos::prelude::*;

use crate::app::App;
use crate::services::Refusal;
use crate::services::embed_sessions::{self, Holders};
use crate::services::vendors::Vendor;
use crate::t;
use crate::ui::page::{self, Framed, Setting, Standing};
use crate::words::Words;

mod handover;
mod target;

/// The element and its events, for vendors who write TypeScript.
const DECLARED: &str = include_str!("widget.d.ts");

/// Where the frame's script brings a token; answered to it alone.
pub const EXCHANGE: &str = "/embed/exchange";
/// Where a form of the vendor's page hands a token over.
pub const HANDOFF: &str = "/embed/handoff";
/// Where the vendor's page ends a session by the key it was given for that.
pub const END: &str = "/embed/end";

pub fn router() -> Router<App> {
    Router::new()
        .route("/widget.js", get(script))
        .route("/widget.d.ts", get(|| async { ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], DECLARED) }))
        .route("/embed", get(waiting))
        .route(EXCHANGE, post(handover::exchange))
        .route(HANDOFF, post(handover::handoff))
        .route(END, post(handover::end))
}

/// The vendor whose portal a request came to.
struct AtVendor(Arc<Vendor>);

impl FromRequestParts<App> for AtVendor {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<AtVendor, Response> {
        let host = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        let none = || (StatusCode::MISDIRECTED_REQUEST, "No portal answers to this host name.\n").into_response();
        app.vendor_of_host(host).map(AtVendor).ok_or_else(none)
    }
}

/// The element's script, for any site: it holds nothing of anybody's. Kept for an hour and asked about after that, for its address has to
/// stay the same in vendors' pages.
async fn script(State(app): State<App>, headers: HeaderMap) -> Response {
    let Some(asset) = app.assets.get("widget.js") else { return StatusCode::NOT_FOUND.into_response() };
    let tag = format!("\"{}\"", app.assets.version);
    let is_known = headers.get(header::IF_NONE_MATCH).and_then(|known| known.to_str().ok()).is_some_and(|known| known.contains(&tag));
    let takes_brotli = headers.get(header::ACCEPT_ENCODING).and_then(|takes| takes.to_str().ok()).is_some_and(|takes| takes.contains("br"));
    let mut response = match asset.brotli.filter(|_| takes_brotli) {
        _ if is_known => StatusCode::NOT_MODIFIED.into_response(),
        Some(brotli) => ([(header::CONTENT_ENCODING, "br")], brotli).into_response(),
        None => asset.bytes.into_response(),
    };
    let told = response.headers_mut();
    told.insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.content_type));
    told.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=3600, must-revalidate"));
    told.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    told.insert("cross-origin-resource-policy", HeaderValue::from_static("cross-origin"));
    // Browsers load modules of other sites, and those held to a hash, only where they are told so.
    told.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        told.insert(header::ETAG, tag);
    }
    response
}

/// The document a frame begins with. It is public and holds no data: only pages on the vendor's list may hold it.
async fn waiting(State(app): State<App>, AtVendor(vendor): AtVendor, headers: HeaderMap) -> Result<Response, Refusal> {
    let w = Words::of(&vendor.locale);
    let is_alone = headers.get("sec-fetch-dest").is_some_and(|dest| dest == "document");
    let holders = if is_alone { Holders::default() } else { embed_sessions::holders(&app.db, &vendor, None).await? };
    let sentence = if is_alone { t!(w, "embed-alone") } else { t!(w, "embed-wait") };
    Ok(in_frame(&app, &vendor, &holders, Standing::Waiting, StatusCode::OK, &t!(w, "embed-title"), sentence))
}

/// A page of one sentence in the frame.
fn in_frame(app: &App, vendor: &Vendor, holders: &Holders, standing: Standing, status: StatusCode, title: &str, sentence: String) -> Response {
    let framed = Some(Framed::held_by(holders, standing));
    page::document(app, Setting { vendor, framed }, status, title, move || {
        view! { <main class="page" id="main"><p role="status">{sentence}</p></main> }
    })
}

#[cfg(test)]
mod tests {
    use super::DECLARED;

    /// What stands in double quotes right behind each `opening`.
    fn named<'a>(source: &'a str, opening: &str) -> Vec<&'a str> {
        source.split(opening).skip(1).filter_map(|rest| rest.strip_prefix('"')?.split('"').next()).collect()
    }

    #[test]
    fn every_event_and_every_error_is_declared() {
        let (element, frame, handover) = (include_str!("widget.js"), include_str!("frame.js"), include_str!("handover.rs"));
        let relayed = element.split("if ([").nth(1).and_then(|rest| rest.split(']').next()).unwrap().split('"').filter(|word| word.contains('_'));
        let events: Vec<&str> = named(element, "#say(").into_iter().chain(relayed).collect();
        assert!(events.len() >= 8, "{events:?}");
        for event in events {
            assert!(DECLARED.contains(&format!("{event}: CustomEvent<")), "{event}");
        }
        let codes: Vec<&str> = [named(element, "#fail("), named(frame, "fail("), named(handover, "=> ("), named(handover, "code: ")].concat();
        assert!(codes.len() >= 10, "{codes:?}");
        for code in codes {
            assert!(DECLARED.contains(&format!("| \"{code}\"")), "{code}");
        }
    }
}

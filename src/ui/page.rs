//! The page: from a view to a response. Islands find their script here, the content security policy its nonce, the brand its colour.

use std::sync::Arc;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use hydration_context::{SharedContext, SsrSharedContext};
use leptos::prelude::*;

use crate::app::App;
use crate::services::vendors::Vendor;
use crate::t;
use crate::words::Words;

/// Renders `body` as a whole document. The view is made inside a reactive owner, so islands can be used anywhere in it.
pub fn document<V: IntoView + 'static>(app: &App, vendor: &Vendor, status: StatusCode, title: &str, body: impl FnOnce() -> V) -> Response {
    document_reaching(app, vendor, status, title, None, body)
}

/// The same for the pages where a card is added: their forms may lead to the payment gateway at `gateway_origin`, and its frame may stand
/// in them. No other page may reach it.
pub fn document_reaching<V: IntoView + 'static>(
    app: &App,
    vendor: &Vendor,
    status: StatusCode,
    title: &str,
    gateway_origin: Option<&str>,
    body: impl FnOnce() -> V,
) -> Response {
    let words = Words::of(&vendor.locale);
    let nonce = STANDARD_NO_PAD.encode(app.ids.secret::<18>());
    let context = Arc::new(SsrSharedContext::new());
    let owner = Owner::new_root(Some(context.clone()));
    let body = owner.with(|| {
        // Only islands hydrate.
        context.set_is_hydrating(false);
        body().into_view().to_html()
    });
    drop(owner);
    let title = t!(words, "page-title", page = title, vendor = &vendor.name);
    let html = format!(
        "<!doctype html><html lang=\"{lang}\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>{title}</title><link rel=\"stylesheet\" href=\"{css}\"><style nonce=\"{nonce}\">:root{{--vendor:{colour}}}</style>\
         <script type=\"module\" src=\"{start}\" data-wasm=\"{wasm}\" data-glue=\"{glue}\"></script></head><body>{body}</body></html>",
        lang = vendor.locale,
        title = crate::words::escape(&title),
        css = app.assets.path("portal.css"),
        colour = vendor.brand_colour,
        start = app.assets.path("start.js"),
        wasm = app.assets.path("portico.wasm"),
        glue = app.assets.path("portico.js"),
    );
    // Browsers hold a form's redirects to `form-action` too.
    let (form_action, frame_src) = gateway_origin.map_or((String::new(), "'none'".to_owned()), |origin| (format!(" {origin}"), origin.to_owned()));
    let policy = format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data:; connect-src 'self'; \
         form-action 'self'{form_action}; frame-src {frame_src}; frame-ancestors 'none'; base-uri 'none'"
    );
    let mut response = (status, html).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

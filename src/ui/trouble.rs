//! The page for what went wrong where no page of its own can say it: one sentence, the way on, and for failures of ours a number to
//! quote. Nothing of the inside shows.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use leptos::either::Either;
use leptos::prelude::*;

use crate::app::App;
use crate::platform::request::RequestId;
use crate::services::embed_sessions::Holders;
use crate::t;
use crate::ui::page::{self, Framed, Setting, Standing};
use crate::ui::shell;
use crate::words::{Sentence, Words};

/// Turns a bare error response into a page, keeping its status and what it says about methods and waiting.
/// `holders`: whose pages may hold it, where it answers a frame.
pub fn page(app: &App, host: Option<&str>, holders: Option<&Holders>, bare: &Response, id: &RequestId) -> Response {
    let status = bare.status();
    if status.is_server_error() {
        tracing::error!(%status, "answered with an error");
    }
    let Some(vendor) = host.and_then(|host| app.vendor_of_host(host)).or_else(|| app.vendors().into_iter().next().filter(|_| status.is_server_error())) else {
        return (status, format!("{status}\nRequest {}\n", id.0)).into_response();
    };
    let w = Words::of(&vendor.locale);
    let heading = match status {
        StatusCode::BAD_REQUEST => t!(w, "trouble-bad-request"),
        StatusCode::FORBIDDEN => t!(w, "trouble-forbidden"),
        StatusCode::NOT_FOUND => t!(w, "trouble-not-found"),
        StatusCode::METHOD_NOT_ALLOWED => t!(w, "trouble-method"),
        StatusCode::PAYLOAD_TOO_LARGE | StatusCode::URI_TOO_LONG => t!(w, "trouble-too-large"),
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => t!(w, "trouble-busy"),
        status if status.is_server_error() => t!(w, "trouble-ours"),
        _ => t!(w, "trouble-cannot-be-used"),
    };
    let said = bare.extensions().get::<Sentence>().map(|sentence| w.tell(sentence));
    let what = match status {
        status if status.is_server_error() && status != StatusCode::SERVICE_UNAVAILABLE => t!(w, "trouble-ours-what", id = &id.0),
        StatusCode::NOT_FOUND => t!(w, "trouble-not-found-what"),
        _ => said.unwrap_or_else(|| t!(w, "trouble-nothing-changed")),
    };
    let legal_line = t!(w, "door-legal-line", name = &vendor.legal_name, city = &vendor.city);
    let framed = holders.map(|holders| Framed::held_by(holders, Standing::Over));
    let is_framed = framed.is_some();
    let mut response = page::document(app, Setting { vendor: &vendor, framed }, status, &heading.clone(), || {
        let content = view! {
            <h1>{heading}</h1>
            <p>{what}</p>
            <p class="field"><a class="link" href="/">{t!(w, "trouble-home")}</a></p>
        };
        if is_framed {
            Either::Left(view! { <main class="page" id="main" data-trouble=status.as_str().to_owned()>{content}</main> })
        } else {
            Either::Right(shell::door(w, vendor.name.clone(), vendor.brand_mark.clone(), vendor.is_test, legal_line, content))
        }
    });
    for (name, value) in bare.headers() {
        if name == axum::http::header::ALLOW || name == axum::http::header::RETRY_AFTER {
            response.headers_mut().insert(name, value.clone());
        }
    }
    response
}

//! The guard before every door: names the request, refuses what comes from other sites or cannot be stored, limits what is read, turns
//! failures and panics into pages that tell nothing, and sets the headers every response has. The policy for scripts and styles is made
//! where pages are (`ui/page.rs`), for it needs their nonce.

use std::net::{IpAddr, SocketAddr};
use std::panic::AssertUnwindSafe;

use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt as _;
use tracing::Instrument as _;

use crate::api;
use crate::app::App;
use crate::identity::cookies::Outgoing;
use crate::identity::session::Transport;
use crate::platform::keys::hex;
use crate::platform::request::{ClientIp, Posted, RequestId};
use crate::services::embed_sessions::{self, Holders};
use crate::ui::trouble;
use crate::{notices, widget};

use super::listen::is_too_slow;

/// The largest form: generous for what people type.
const FORM_BYTES: usize = 64 * 1024;
/// The longest address.
const ADDRESS_BYTES: usize = 8 * 1024;
/// Where programs come in. They prove themselves by a key in a header, which no browser sends by itself, and no cookie is read there: so there
/// is nothing another site could have a browser do, and the check of origins is for the rest.
const API: &str = "/api/v1/";

/// What a vendor's page sends from its own site. No cookie is read there: the token or key in the form is all that counts.
const FROM_OTHER_SITES: [&str; 2] = [widget::HANDOFF, widget::END];

pub async fn guard(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let id = RequestId(hex(&app.ids.secret::<8>()));
    let span = tracing::info_span!("request", id = %id.0, method = %request.method(), path = %request.uri().path());
    let asked = Asked::of(&request);
    let outgoing = Outgoing::default();
    let ip = client_ip(&app, &request);
    let extensions = request.extensions_mut();
    extensions.insert(id.clone());
    extensions.insert(ip);
    extensions.insert(outgoing.clone());
    let answer = async {
        match admit(&app, request).await {
            Ok(request) => AssertUnwindSafe(next.run(request)).catch_unwind().await.unwrap_or_else(|panic| {
                let what = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message");
                tracing::error!(panic = what, "a request panicked");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }),
            Err(refused) => refused,
        }
    };
    let mut response = answer.instrument(span.clone()).await;
    if asked.is_api && !has_body(&response) && (response.status().is_client_error() || response.status().is_server_error()) {
        response = api::of_bare(response.status(), &id);
    }
    if asked.is_page && !has_page(&response) && (response.status().is_client_error() || response.status().is_server_error()) {
        let holders = holders(&app, &asked).await;
        response = span.in_scope(|| trouble::page(&app, asked.host.as_deref(), holders.as_ref(), &response, &id));
    }
    outgoing.apply(response.headers_mut());
    set_headers(&app, response.headers_mut(), &id);
    response
}

/// What must be remembered of a request to answer it by an error page.
struct Asked {
    host: Option<String>,
    is_page: bool,
    /// For the door of programs.
    is_api: bool,
    /// It is to be shown in a frame: the session's token, where it brings one.
    framed: Option<Option<String>>,
}

impl Asked {
    fn of(request: &Request) -> Asked {
        let host = request.headers().get(header::HOST).and_then(|h| h.to_str().ok()).map(str::to_owned);
        let transport = Transport::of(request.headers());
        let framed = transport.is_framed().then(|| transport.token(request.headers()));
        let for_script = framed.is_none() && request.headers().get("sec-fetch-dest").is_some_and(|dest| dest != "document");
        let path = request.uri().path();
        let for_programs = ["/assets/", "/healthz", "/readyz", widget::EXCHANGE, notices::ROOT, API].iter().any(|start| path.starts_with(start));
        Asked { host, is_page: !for_script && !for_programs, is_api: path.starts_with(API), framed }
    }
}

/// Whose pages may hold an error page, where it answers a frame. Where that can't be asked it is nobody's.
async fn holders(app: &App, asked: &Asked) -> Option<Holders> {
    let token = asked.framed.clone()?;
    let vendor = asked.host.as_deref().and_then(|host| app.vendor_of_host(host))?;
    let nobody = Holders::default();
    Some(embed_sessions::holders(&app.db, &vendor, token).await.unwrap_or(nobody))
}

/// Lets a request in, its form read, or refuses it.
async fn admit(app: &App, request: Request) -> Result<Request, Response> {
    let address = request.uri().path_and_query().map_or("/", |p| p.as_str());
    if address.len() > ADDRESS_BYTES {
        return Err(StatusCode::URI_TOO_LONG.into_response());
    }
    if !is_text(address.as_bytes()) {
        return Err(StatusCode::BAD_REQUEST.into_response());
    }
    if is_safe(request.method()) {
        return Ok(request);
    }
    if request.uri().path().starts_with(API) {
        return Ok(request);
    }
    if !is_same_origin(app, request.headers()) && !FROM_OTHER_SITES.contains(&request.uri().path()) {
        tracing::warn!(origin = ?request.headers().get(header::ORIGIN), "refused: a form from another site");
        return Err(StatusCode::FORBIDDEN.into_response());
    }
    let is_form = request.headers().get(header::CONTENT_TYPE).and_then(|t| t.to_str().ok()).is_some_and(|t| t.starts_with("application/x-www-form-urlencoded"));
    if !is_form {
        return Ok(request);
    }
    let (mut parts, body) = request.into_parts();
    let bytes = axum::body::to_bytes(body, FORM_BYTES).await.map_err(|error| {
        let status = if is_too_slow(&error) { StatusCode::REQUEST_TIMEOUT } else { StatusCode::PAYLOAD_TOO_LARGE };
        status.into_response()
    })?;
    if !is_text(&bytes) {
        return Err(StatusCode::BAD_REQUEST.into_response());
    }
    parts.extensions.insert(Posted(bytes.clone()));
    Ok(Request::from_parts(parts, Body::from(bytes)))
}

fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// Whether an address or a form is text once its escapes are read: UTF-8, and without U+0000, which Postgres cannot store. What is no text
/// would be stored as something nobody typed.
fn is_text(escaped: &[u8]) -> bool {
    let digit = |at: usize| escaped.get(at).and_then(|byte| char::from(*byte).to_digit(16)).and_then(|digit| u8::try_from(digit).ok());
    let mut bytes = Vec::with_capacity(escaped.len());
    let mut at = 0;
    while let Some(byte) = escaped.get(at) {
        match (byte, digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                bytes.push(high << 4 | low);
                at += 3;
            }
            _ => {
                bytes.push(*byte);
                at += 1;
            }
        }
    }
    !bytes.contains(&0) && std::str::from_utf8(&bytes).is_ok()
}

/// True where a changing request comes from our own pages, or from no browser at all: a browser of the last years says where from
/// (`Sec-Fetch-Site`), an older one sends its `Origin` with every post.
fn is_same_origin(app: &App, headers: &HeaderMap) -> bool {
    let text = |name: HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or("not text"));
    match text(HeaderName::from_static("sec-fetch-site")) {
        Some("same-origin" | "none") => true,
        Some(_) => false,
        None => match text(header::ORIGIN) {
            None => true,
            Some(origin) => {
                let host = text(header::HOST).unwrap_or_default();
                origin == app.config.public_url
                    || origin.split_once("://").is_some_and(|(_, origin_host)| !host.is_empty() && origin_host.eq_ignore_ascii_case(host))
            }
        },
    }
}

fn client_ip(app: &App, request: &Request) -> ClientIp {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    ClientIp(peer.map(|ConnectInfo(peer)| spoken_for(peer.ip(), request.headers(), &app.config.trusted_proxies)))
}

/// The connection's address, or the one that trusted proxies speak for: each names, at the end of `X-Forwarded-For`, who came to it. What
/// stands before an entry that nobody trusted wrote, or that is no address, is anybody's invention.
fn spoken_for(peer: IpAddr, headers: &HeaderMap, trusted: &[IpAddr]) -> IpAddr {
    let mut ip = peer.to_canonical();
    let lines: Vec<&str> = headers.get_all("x-forwarded-for").iter().map(|line| line.to_str().unwrap_or_default()).collect();
    for named in lines.into_iter().rev().flat_map(|line| line.rsplit(',')) {
        match named.trim().parse::<IpAddr>() {
            Ok(named) if trusted.contains(&ip) => ip = named.to_canonical(),
            _ => break,
        }
    }
    ip
}

fn has_body(response: &Response) -> bool {
    response.headers().contains_key(header::CONTENT_TYPE)
}

fn has_page(response: &Response) -> bool {
    response.headers().get(header::CONTENT_TYPE).is_some_and(|t| t.as_bytes().starts_with(b"text/html"))
}

fn set_headers(app: &App, headers: &mut HeaderMap, id: &RequestId) {
    let fixed = [
        ("x-content-type-options", "nosniff"),
        // Not no-referrer: forms would then post `Origin: null`.
        ("referrer-policy", "strict-origin-when-cross-origin"),
        ("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=(), browsing-topics=()"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
    ];
    for (name, value) in fixed {
        headers.entry(HeaderName::from_static(name)).or_insert(HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static("frame-ancestors 'none'"));
    if app.config.is_https() {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000; includeSubDomains"));
    }
    if let Ok(id) = HeaderValue::from_str(&id.0) {
        headers.insert(HeaderName::from_static("x-request-id"), id);
    }
}

impl IntoResponse for crate::services::Refusal {
    /// For handlers that have no form to show the refusal in. The guard makes a page of it, whose sentence travels along.
    fn into_response(self) -> Response {
        use crate::services::Refusal;
        let status = match &self {
            Refusal::NotFound => StatusCode::NOT_FOUND,
            Refusal::Role | Refusal::StepUp => StatusCode::FORBIDDEN,
            Refusal::Rule(_) | Refusal::Fields(_) | Refusal::Incomplete(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Refusal::Conflict(_) => StatusCode::CONFLICT,
            Refusal::Database(error) => {
                tracing::error!(%error, "the database failed");
                return StatusCode::INTERNAL_SERVER_ERROR.into_response();
            }
            Refusal::Damaged(what) => {
                tracing::error!(%what, "a stored record is damaged");
                return StatusCode::INTERNAL_SERVER_ERROR.into_response();
            }
        };
        let mut response = status.into_response();
        response.extensions_mut().insert(self.sentence());
        response
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use axum::http::{HeaderMap, HeaderValue};

    use super::{is_text, spoken_for};

    #[test]
    fn whom_a_request_comes_from_is_said_by_trusted_proxies_alone() {
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        let trusted = [ip("10.0.0.1"), ip("10.0.0.2")];
        let cases: [(&str, &[&str], &str); 11] = [
            ("203.0.113.9", &[], "203.0.113.9"),
            ("203.0.113.9", &["198.51.100.1"], "203.0.113.9"),
            ("10.0.0.1", &[], "10.0.0.1"),
            ("10.0.0.1", &["198.51.100.1"], "198.51.100.1"),
            ("10.0.0.1", &["192.0.2.7, 198.51.100.1"], "198.51.100.1"),
            ("10.0.0.1", &["198.51.100.1, 10.0.0.2"], "198.51.100.1"),
            ("10.0.0.1", &["192.0.2.7", "198.51.100.1, 10.0.0.2"], "198.51.100.1"),
            // What comes before nonsense was written by whoever wrote the nonsense.
            ("10.0.0.1", &["192.0.2.7, unknown"], "10.0.0.1"),
            ("10.0.0.1", &["192.0.2.7, unknown, 10.0.0.2"], "10.0.0.2"),
            // An IPv4 address on an IPv6 socket is the same address.
            ("::ffff:10.0.0.1", &["::ffff:198.51.100.1"], "198.51.100.1"),
            ("::ffff:203.0.113.9", &["192.0.2.7"], "203.0.113.9"),
        ];
        for (peer, lines, client) in cases {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append("x-forwarded-for", HeaderValue::from_static(line));
            }
            assert_eq!(spoken_for(ip(peer), &headers, &trusted), ip(client), "{peer} {lines:?}");
        }
    }

    #[test]
    fn what_is_no_text_is_seen_however_it_is_written() {
        for text in ["a=100%25&b=0", "a=%", "a=%2", "a=%zz&b=%0", "a=%C3%BC", "a=ü", "/x?y=%F0%9F%92%A5", "%2500"] {
            assert!(is_text(text.as_bytes()), "{text}");
        }
        let not: [&[u8]; 7] = [b"a=\0", b"a=%00", b"/x%00", b"a=%FF", b"a=%c3%28", b"a=%ED%A0%80", b"a=\xff"];
        for not in not {
            assert!(!is_text(not), "{not:?}");
        }
    }
}

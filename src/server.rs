//! Composition: doors, assets and health under one router, and the listener that serves it.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, NotForContentType, Predicate};

use crate::app::App;
use crate::{api, notices, portal, sandbox, widget};

mod guard;
mod listen;

pub use listen::Patience;

/// Everything the program answers.
pub fn router(app: App) -> Router {
    Router::new()
        .merge(portal::router())
        .merge(api::router(&app))
        .merge(widget::router())
        .merge(notices::router())
        .route("/assets/{version}/{name}", get(asset))
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .layer(axum::middleware::from_fn_with_state(app.clone(), guard::guard))
        .layer(compression())
        .with_state(app)
}

/// Pages and tables get smaller on their way, quickly rather than as much as can be; PDFs are packed inside. What a page's length could tell
/// of its secrets takes many requests in the visitor's name, which no other site can make: the session's cookie is `SameSite`, and a frame's
/// is kept apart for the vendor's own site.
fn compression() -> CompressionLayer<impl Predicate> {
    CompressionLayer::new().quality(CompressionLevel::Fastest).compress_when(DefaultPredicate::new().and(NotForContentType::const_new("application/pdf")))
}

/// Serves until `stop` resolves; requests under way are finished first, as far as patience goes.
pub async fn serve(app: App, listener: TcpListener, patience: Patience, stop: impl Future<Output = ()>) {
    listen::serve(router(app), listener, patience, stop).await;
}

/// Serves the test payment page of the sandbox vendors: an origin of its own, with nothing of the portal on it.
pub async fn serve_sandbox(app: App, listener: TcpListener, patience: Patience, stop: impl Future<Output = ()>) {
    listen::serve(sandbox::router(app), listener, patience, stop).await;
}

async fn ready(State(app): State<App>) -> Response {
    match app.db.check().await {
        Ok(()) => "ready\n".into_response(),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n").into_response(),
    }
}

async fn asset(State(app): State<App>, Path((version, name)): Path<(String, String)>, headers: HeaderMap) -> Response {
    let Some(asset) = app.assets.get(&name).filter(|_| version == app.assets.version) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let takes_brotli = headers.get(header::ACCEPT_ENCODING).and_then(|v| v.to_str().ok()).is_some_and(|v| v.contains("br"));
    let cache = [(header::CONTENT_TYPE, asset.content_type), (header::CACHE_CONTROL, "public, max-age=31536000, immutable"), (header::VARY, "Accept-Encoding")];
    match asset.brotli.filter(|_| takes_brotli) {
        Some(brotli) => (cache, [(header::CONTENT_ENCODING, "br")], brotli).into_response(),
        None => (cache, asset.bytes).into_response(),
    }
}

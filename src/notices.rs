//! The door of payment gateways: what they tell us by themselves comes in here. Anybody may knock, so what costs something comes last: the
//! signature's age before the body, the body's size before its content, its signature before a word of it is read. What a notice leads to
//! is done later, by the outbox (`services/payments/notices.rs`): the gateway is answered at once.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, HttpBody as _};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;

use crate::app::App;
use crate::services::payments::stripe::events::Event;
use crate::services::payments::stripe::signature::Signature;
use crate::services::payments::{connections, notices, stripe};
use crate::services::vendors::Vendor;
use crate::services::{Actor, Desk, Refusal};

/// What every address of this door begins with.
pub const ROOT: &str = "/webhooks/";
/// The largest notice. Stripe's carry one object each: a hundredth of this.
const NOTICE_BYTES: usize = 1024 * 1024;

pub fn router() -> Router<App> {
    Router::new().route(&connections::notices_path("{vendor_id}"), post(from_stripe))
}

/// 200 to whatever need not be sent again; why not, in a word for whoever looks into the gateway's log.
type Told = (StatusCode, &'static str);

async fn from_stripe(State(app): State<App>, Path(vendor_id): Path<String>, headers: HeaderMap, body: Body) -> Told {
    let signature = headers.get("stripe-signature").and_then(|header| header.to_str().ok()).and_then(Signature::parse);
    let Some(signature) = signature else { return (StatusCode::BAD_REQUEST, "not signed\n") };
    if !signature.is_fresh(app.clock.wall().timestamp()) {
        return (StatusCode::BAD_REQUEST, "signed too long ago\n");
    }
    let Some(vendor) = app.vendors().into_iter().find(|vendor| vendor.id == vendor_id) else { return (StatusCode::NOT_FOUND, "nobody here is called so\n") };
    // What says that it is too large is not read to find out.
    let is_small = usize::try_from(body.size_hint().lower()).is_ok_and(|length| length <= NOTICE_BYTES);
    let body = if is_small { axum::body::to_bytes(body, NOTICE_BYTES).await.ok() } else { None };
    let Some(body) = body else { return (StatusCode::PAYLOAD_TOO_LARGE, "too large\n") };
    match take_in(&app, &vendor, &signature, &body).await {
        Ok(told) => told,
        Err(refusal) => {
            tracing::error!(vendor = vendor.id, %refusal, "a notice could not be taken in");
            (StatusCode::INTERNAL_SERVER_ERROR, "not taken in\n")
        }
    }
}

async fn take_in(app: &App, vendor: &Arc<Vendor>, signature: &Signature, body: &[u8]) -> Result<Told, Refusal> {
    let connection = connections::load(&mut app.db.read().await?, &app.config.keys, &vendor.id).await?;
    let Some(secret) = connection.and_then(|connection| connection.webhook_secret) else { return Ok((StatusCode::NOT_FOUND, "not connected\n")) };
    if !signature.is_of(&secret, body) {
        return Ok((StatusCode::BAD_REQUEST, "signed by somebody else\n"));
    }
    // Signed, but of no shape we know: nothing would change by its being sent again.
    let Ok(event) = serde_json::from_slice::<Event>(body) else { return Ok((StatusCode::OK, "not understood\n")) };
    // What concerns nothing of ours is not even remembered.
    if event.about().is_none() {
        return Ok((StatusCode::OK, "of no concern here\n"));
    }
    let mut desk = Desk::write(app, vendor, Actor::System).await?;
    let is_new = notices::take_in(&mut desk, stripe::NAME, &event).await?;
    desk.commit().await?;
    Ok((StatusCode::OK, if is_new { "taken in\n" } else { "known\n" }))
}

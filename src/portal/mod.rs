//! The customers' door. Authorisation happens here and nowhere below: a handler obtains what it may act as, opens a desk, calls one
//! action, and renders.

use axum::Router;
use axum::routing::{get, post};

use crate::app::App;

mod account;
pub mod code_field;
pub mod entry;
mod invitation;
mod invoices;
mod overview;
mod password;
mod payment_methods;
mod plan;
pub mod payments;
mod security;
mod sign_in;
mod usage;

/// The table of contents of the portal.
pub fn router() -> Router<App> {
    Router::new()
        .route("/", get(overview::show))
        .route("/sign-in", get(sign_in::show).post(sign_in::give_password))
        .route("/sign-in/code", get(sign_in::show_code).post(sign_in::give_code))
        .route("/sign-out", post(sign_in::sign_out))
        .route("/switch", get(sign_in::show_switch).post(sign_in::switch))
        .route("/forgot-password", get(password::show_forgot).post(password::forgot))
        .route("/reset-password", get(password::show_reset).post(password::reset))
        .route("/invitation", get(invitation::show).post(invitation::give))
        .merge(security::router())
        .merge(usage::router())
        .merge(invoices::router())
        .merge(account::router())
        .merge(plan::router())
        .merge(payment_methods::router())
        .merge(payments::router())
}

//! The customers' door. Authorisation happens here and nowhere below: a handler obtains what it may act as, opens a desk, calls one
//! action, and renders.

use axum::routing::{get, post};
use axum::{Extension, Router};

use crate::app::App;
use crate::services::embed_sessions::Scope;
use routes::{Route, names};

mod account;
mod balance;
pub mod code_field;
pub mod entry;
mod files;
pub mod framed;
mod invitation;
mod invoices;
mod method_choice;
mod overview;
mod password;
mod payment_methods;
pub mod payments;
mod plan;
mod portal_session;
mod purchases;
mod receipts;
pub mod routes;
mod security;
mod sessions;
mod sign_in;
mod suspended;
mod test_clock;
mod usage;
mod written_for;

/// The table of contents of the portal.
pub fn routes() -> Vec<Route> {
    let own = vec![
        Route::member("/", get(overview::show)).reads(&[Scope::UsageRead, Scope::InvoicesRead]),
        Route::anybody("/sign-in", get(sign_in::show).post(sign_in::give_password)).query(names::<sign_in::Returning>()).form(names::<sign_in::Password>()),
        Route::anybody("/sign-in/code", get(sign_in::show_code).post(sign_in::give_code)).form(names::<sign_in::Code>()),
        Route::anybody("/portal-session", get(portal_session::show).post(portal_session::open))
            .query(names::<portal_session::Token>())
            .form(names::<portal_session::Token>()),
        Route::anybody("/sign-out", post(sign_in::sign_out)).acts(&[]),
        Route::anybody(framed::SIGNED_OUT, get(framed::signed_out)).reads(&[]),
        Route::member("/switch", get(sign_in::show_switch).post(sign_in::switch)).form(names::<sign_in::Other>()),
        Route::anybody("/forgot-password", get(password::show_forgot).post(password::forgot))
            .query(names::<password::Sent>())
            .form(names::<password::Address>()),
        Route::anybody("/reset-password", get(password::show_reset).post(password::reset))
            .query(names::<password::Token>())
            .form(names::<password::NewPassword>()),
        Route::anybody("/invitation", get(invitation::show).post(invitation::give)).query(names::<password::Token>()).form(names::<invitation::Given>()),
    ];
    let rooms = [
        security::routes(),
        usage::routes(),
        invoices::routes(),
        account::routes(),
        plan::routes(),
        payment_methods::routes(),
        payments::routes(),
        balance::routes(),
        purchases::routes(),
        receipts::routes(),
        test_clock::routes(),
    ];
    own.into_iter().chain(rooms.into_iter().flatten()).collect()
}

/// Every address of [`routes`], answered.
pub fn router() -> Router<App> {
    routes().into_iter().fold(Router::new(), |router, route| router.route(route.path, route.answers.layer(Extension(route.in_frame))))
}

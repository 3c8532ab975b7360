//! The API's table of contents.

use axum::Router;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::{MethodRouter, get};

use super::route::Route;
use super::{call, document, entry, limit::Limiter, page, v1};
use crate::app::App;

/// Every operation, by noun. Paths stand below `/api/v1`.
pub fn routes() -> Vec<Route> {
    let nouns = [
        ("Customers", v1::customers::routes()),
        ("Members", v1::members::routes()),
        ("Plans and prices", v1::plans::routes()),
        ("Meters", v1::meters::routes()),
        ("Add-ons", v1::add_ons::routes()),
        ("Coupons", v1::coupons::routes()),
        ("Promotion codes", v1::promotion_codes::routes()),
        ("Tax rates", v1::tax_rates::routes()),
        ("Exchange rates", v1::exchange_rates::routes()),
        ("Subscriptions", [v1::subscriptions::routes(), v1::acting::routes()].concat()),
        ("Usage", v1::usage::routes()),
        ("Spend", v1::spend::routes()),
        ("Invoices", [v1::invoices::routes(), v1::settlements::routes()].concat()),
        ("Dunning", v1::dunning::routes()),
        ("Charges and balances", v1::charges::routes()),
        ("Payment methods", v1::method_offers::routes()),
        ("Bank", [v1::bank_accounts::routes(), v1::bank_entries::routes()].concat()),
        ("Reconciliation", v1::reconciliations::routes()),
        ("Disputes", v1::disputes::routes()),
        ("Products and top-ups", [v1::products::routes(), v1::purchases::routes()].concat()),
        ("Events", v1::events::routes()),
        ("Settings", v1::settings::routes()),
        ("Portal sessions", v1::portal_sessions::routes()),
        ("Embed sessions", v1::embed_sessions::routes()),
    ];
    nouns.into_iter().flat_map(|(noun, routes)| routes.into_iter().map(move |route| Route { noun, ..route })).collect()
}

/// Every operation, answered; and what is written about them.
pub fn router(app: &App) -> Router<App> {
    let mut by_path: Vec<(&'static str, MethodRouter<App>)> = Vec::new();
    for route in routes() {
        let (path, answers) = (route.path, call::answering(route));
        match by_path.iter_mut().find(|(known, _)| *known == path) {
            Some((_, known)) => *known = std::mem::take(known).merge(answers),
            None => by_path.push((path, answers)),
        }
    }
    let operations = by_path.into_iter().fold(Router::new(), |router, (path, answers)| router.route(path, answers));
    let operations = operations
        .fallback(call::no_such_address)
        .method_not_allowed_fallback(call::no_such_method)
        .layer(axum::middleware::from_fn_with_state((app.clone(), Limiter::new(app.config.api_calls_a_minute)), entry::enter));
    Router::new().route("/api", get(page::show)).nest("/api/v1", Router::new().route("/openapi.json", get(written)).merge(operations))
}

async fn written() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "public, max-age=300")], document::text())
}

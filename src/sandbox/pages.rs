//! The sandbox's own pages, on its own origin: where a card is typed in, whole or framed, and where a bank asks for confirmation.
//!
//! It stands in for somebody else's site, so it has a look, a policy and words of its own (English, in this file) and takes nothing
//! from the portal's. Everything works without script; the only script there is tells the framing page that the card is in.
//! What was typed goes to [`entry`](super::entry) and is never shown again.

use axum::extract::{Form, Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Router, middleware};

use crate::app::App;
use crate::platform::clock::Now;
use crate::services::payments::gateway::{DeclineReason, GatewayError};
use crate::services::payments::sandbox::{BankAnswer, ChargeRow, Decision, DisputeRow, Sandbox, SetupRow};
use crate::services::payments::{Gateways, MethodKind};
use crate::words::Words;

use super::accounts;
use super::entry::{self, Entered, EntryError};
use super::html::{self, Page};

pub fn router(app: App) -> Router {
    Router::new()
        .route("/", get(numbers))
        .route("/{vendor}/setups/{reference}", get(setup).post(enter))
        .route("/{vendor}/setups/{reference}/cancel", post(cancel))
        .route("/{vendor}/setups/{reference}/confirm", get(confirm_setup).post(answer_setup))
        .route("/{vendor}/setups/{reference}/fields", get(fields).post(enter_fields))
        .route("/{vendor}/setups/{reference}/fields/confirm", get(confirm_fields).post(answer_fields))
        .route("/{vendor}/charges/{reference}", get(confirm_charge).post(answer_charge))
        .route("/{vendor}/disputes/{reference}", get(show_dispute).post(decide_dispute))
        .fallback(|| async { missing() })
        .layer(middleware::map_response(never_keep))
        .layer(axum::extract::DefaultBodyLimit::max(16 * 1024))
        .with_state(app)
}

async fn never_keep(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

type At = Path<(String, String)>;

/// The sandbox of the vendor in the address, where that is a sandbox vendor.
fn sandbox(app: &App, vendor_id: &str) -> Option<(Sandbox, Now)> {
    let Gateways::Own { sandbox: place, .. } = &app.gateways else { return None };
    let vendor = app.vendors().into_iter().find(|vendor| vendor.id == vendor_id)?;
    Some((place.gateway(&vendor)?, app.now(&vendor)))
}

async fn numbers(State(app): State<App>) -> Response {
    Page::new("Test payment page", html::numbers_page()).answer(&app, StatusCode::OK)
}

async fn setup(State(app): State<App>, Path((vendor, reference)): At) -> Result<Response, Trouble> {
    let (_, row, _) = find_setup(&app, &vendor, &reference).await?;
    Ok(match row.status.as_str() {
        "done" | "cancelled" => back(&row.return_url),
        _ => setup_page(&app, &row, Frame::Whole, &Entered::default(), &[], StatusCode::OK),
    })
}

async fn fields(State(app): State<App>, Path((vendor, reference)): At) -> Result<Response, Trouble> {
    let (_, row, _) = find_setup(&app, &vendor, &reference).await?;
    Ok(match row.status.as_str() {
        "done" | "cancelled" => told(&app, &row),
        _ => setup_page(&app, &row, Frame::Framed, &Entered::default(), &[], StatusCode::OK),
    })
}

async fn enter(app: State<App>, at: At, form: Form<Entered>) -> Result<Response, Trouble> {
    take(app, at, form, Frame::Whole).await
}

async fn enter_fields(app: State<App>, at: At, form: Form<Entered>) -> Result<Response, Trouble> {
    take(app, at, form, Frame::Framed).await
}

/// Whether the page fills the window or stands in a frame of the portal's.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Frame {
    Whole,
    Framed,
}

async fn take(State(app): State<App>, Path((vendor, reference)): At, Form(form): Form<Entered>, frame: Frame) -> Result<Response, Trouble> {
    let (sandbox, row, now) = find_setup(&app, &vendor, &reference).await?;
    if matches!(row.status.as_str(), "done" | "cancelled") {
        return Ok(finished(&app, &row, frame));
    }
    let entered = match row.kind() {
        MethodKind::Card => match entry::read(&form.card, &row.wallets(), &now) {
            Ok(typed) => sandbox.enter_card(&reference, typed).await?,
            Err(errors) => return Ok(setup_page(&app, &row, frame, &form, &errors, StatusCode::UNPROCESSABLE_ENTITY)),
        },
        MethodKind::SepaDebit => match entry::read_account(&form.account) {
            Ok(account) => sandbox.enter_account(&reference, account).await?,
            Err(errors) => return Ok(setup_page(&app, &row, frame, &form, &errors, StatusCode::UNPROCESSABLE_ENTITY)),
        },
    };
    let row = entered.ok_or(Trouble::Missing)?;
    Ok(match row.status.as_str() {
        "done" | "cancelled" => finished(&app, &row, frame),
        "confirming" => match frame {
            Frame::Whole => see_other(&format!("{}/confirm", sandbox.setup_url(&reference))),
            Frame::Framed => see_other(&format!("{}/fields/confirm", sandbox.setup_url(&reference))),
        },
        _ => setup_page(&app, &row, frame, &form, &[("number", refusal(&row))], StatusCode::UNPROCESSABLE_ENTITY),
    })
}

async fn cancel(State(app): State<App>, Path((vendor, reference)): At) -> Result<Response, Trouble> {
    let (sandbox, row, _) = find_setup(&app, &vendor, &reference).await?;
    sandbox.cancel_setup(&reference).await?;
    Ok(back(&row.return_url))
}

async fn confirm_setup(app: State<App>, at: At) -> Result<Response, Trouble> {
    ask_setup(app, at, Frame::Whole).await
}

async fn confirm_fields(app: State<App>, at: At) -> Result<Response, Trouble> {
    ask_setup(app, at, Frame::Framed).await
}

async fn ask_setup(State(app): State<App>, Path((vendor, reference)): At, frame: Frame) -> Result<Response, Trouble> {
    let (_, row, _) = find_setup(&app, &vendor, &reference).await?;
    if row.status != "confirming" {
        return Ok(finished(&app, &row, frame));
    }
    let question = format!("{} asks: may this test card be kept for later payments?", row.vendor_name);
    Ok(page(&row.return_url, frame, html::confirm_page(&question, "Confirm", "Refuse")).answer(&app, StatusCode::OK))
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct AnswerForm {
    answer: String,
}

impl AnswerForm {
    /// Anything but a clear yes is a no.
    fn answer(&self) -> BankAnswer {
        if self.answer == "confirm" { BankAnswer::Confirmed } else { BankAnswer::Failed }
    }
}

async fn answer_setup(app: State<App>, at: At, form: Form<AnswerForm>) -> Result<Response, Trouble> {
    settle_setup(app, at, form, Frame::Whole).await
}

async fn answer_fields(app: State<App>, at: At, form: Form<AnswerForm>) -> Result<Response, Trouble> {
    settle_setup(app, at, form, Frame::Framed).await
}

async fn settle_setup(State(app): State<App>, Path((vendor, reference)): At, Form(form): Form<AnswerForm>, frame: Frame) -> Result<Response, Trouble> {
    let (sandbox, _, _) = find_setup(&app, &vendor, &reference).await?;
    let row = sandbox.answer_setup(&reference, form.answer()).await?.ok_or(Trouble::Missing)?;
    Ok(match row.status.as_str() {
        "failed" => setup_page(&app, &row, frame, &Entered::default(), &[("number", refusal(&row))], StatusCode::UNPROCESSABLE_ENTITY),
        _ => finished(&app, &row, frame),
    })
}

async fn confirm_charge(State(app): State<App>, Path((vendor, reference)): At) -> Result<Response, Trouble> {
    let (_, row) = find_charge(&app, &vendor, &reference).await?;
    let return_url = row.return_url.clone().ok_or(Trouble::Missing)?;
    if row.status != "needs_action" {
        return Ok(back(&return_url));
    }
    let amount = Words::of("en").money(row.amount_minor, &row.currency);
    let question = format!("Pay {amount} with this test card? ({})", row.description);
    Ok(page(&return_url, Frame::Whole, html::confirm_page(&question, &format!("Confirm {amount}"), "Refuse")).answer(&app, StatusCode::OK))
}

async fn answer_charge(State(app): State<App>, Path((vendor, reference)): At, Form(form): Form<AnswerForm>) -> Result<Response, Trouble> {
    let (sandbox, _) = find_charge(&app, &vendor, &reference).await?;
    let row = sandbox.answer_charge(&reference, form.answer()).await?.ok_or(Trouble::Missing)?;
    Ok(back(&row.return_url.ok_or(Trouble::Missing)?))
}

async fn show_dispute(State(app): State<App>, Path((vendor, reference)): At) -> Result<Response, Trouble> {
    let (sandbox, _) = sandbox(&app, &vendor).ok_or(Trouble::Missing)?;
    let row = sandbox.dispute_row(&reference).await?.ok_or(Trouble::Missing)?;
    Ok(dispute_page(&app, &row, StatusCode::OK))
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct DecisionForm {
    decision: String,
}

async fn decide_dispute(State(app): State<App>, Path((vendor, reference)): At, Form(form): Form<DecisionForm>) -> Result<Response, Trouble> {
    let (sandbox, now) = sandbox(&app, &vendor).ok_or(Trouble::Missing)?;
    let decision = match form.decision.as_str() {
        "won" => Decision::Won,
        "lost" => Decision::Lost,
        // Nothing was chosen: asked again.
        _ => {
            let row = sandbox.dispute_row(&reference).await?.ok_or(Trouble::Missing)?;
            return Ok(dispute_page(&app, &row, StatusCode::UNPROCESSABLE_ENTITY));
        }
    };
    sandbox.decide_dispute(&reference, decision, now.wall_ms()).await?.ok_or(Trouble::Missing)?;
    Ok(see_other(&sandbox.dispute_page(&reference)))
}

fn dispute_page(app: &App, row: &DisputeRow, status: StatusCode) -> Response {
    let amount = Words::of("en").money(row.amount_minor, &row.currency);
    let body = match row.status.as_str() {
        "won" => html::decided_page(&format!("The bank decided for the vendor: {amount} stays paid.")),
        "lost" => html::decided_page(&format!("The bank decided for the customer: {amount} is theirs again.")),
        _ => html::dispute_page(&format!("The customer says that they did not pay {amount} ({}).", row.description)),
    };
    Page::new("Test payment page", body).answer(app, status)
}

async fn find_setup(app: &App, vendor_id: &str, reference: &str) -> Result<(Sandbox, SetupRow, Now), Trouble> {
    let (sandbox, now) = sandbox(app, vendor_id).ok_or(Trouble::Missing)?;
    let row = sandbox.find_setup(reference).await?.ok_or(Trouble::Missing)?;
    Ok((sandbox, row, now))
}

async fn find_charge(app: &App, vendor_id: &str, reference: &str) -> Result<(Sandbox, ChargeRow), Trouble> {
    let (sandbox, _) = sandbox(app, vendor_id).ok_or(Trouble::Missing)?;
    let row = sandbox.find_charge_page(reference).await?.ok_or(Trouble::Missing)?;
    Ok((sandbox, row))
}

fn setup_page(app: &App, row: &SetupRow, frame: Frame, form: &Entered, errors: &[EntryError], status: StatusCode) -> Response {
    let page_url = format!("/{}/setups/{}", row.vendor_id, row.reference);
    let body = match (row.kind(), frame) {
        (MethodKind::Card, Frame::Whole) => html::card_page(&page_url, &row.vendor_name, &row.wallets(), &form.card, errors),
        (MethodKind::Card, Frame::Framed) => html::card_fields(&row.wallets(), &form.card, errors),
        (MethodKind::SepaDebit, Frame::Whole) => accounts::page(&page_url, &row.vendor_name, &form.account, errors),
        (MethodKind::SepaDebit, Frame::Framed) => accounts::fields(&row.vendor_name, &form.account, errors),
    };
    page(&row.return_url, frame, body).answer(app, status)
}

fn page(return_url: &str, frame: Frame, body: String) -> Page {
    let page = Page::new("Test payment page", body).returning_to(origin_of(return_url));
    if frame == Frame::Framed { page.framed() } else { page }
}

fn finished(app: &App, row: &SetupRow, frame: Frame) -> Response {
    match frame {
        Frame::Whole => back(&row.return_url),
        Frame::Framed => told(app, row),
    }
}

/// In a frame: tells the page around it, which then asks its own server, which asks us.
fn told(app: &App, row: &SetupRow) -> Response {
    page(&row.return_url, Frame::Framed, html::told_page(&row.return_url)).telling(&row.reference).answer(app, StatusCode::OK)
}

fn refusal(row: &SetupRow) -> &'static str {
    match DeclineReason::or_other(row.decline_reason.as_deref().unwrap_or_default()) {
        DeclineReason::IncorrectCvc => "The test bank refused this card: the security code is wrong. Nothing was charged. Try another card.",
        DeclineReason::AuthenticationFailed => "The card was not confirmed, so it was not added. Nothing was charged. Try again, or use another card.",
        _ => "The test bank refused this card. Nothing was charged. Try another card.",
    }
}

/// Scheme, host and port of an address of the portal's.
fn origin_of(url: &str) -> String {
    let after_scheme = url.find("://").map_or(0, |at| at + 3);
    let end = url[after_scheme..].find('/').map_or(url.len(), |at| after_scheme + at);
    url[..end].to_owned()
}

fn back(return_url: &str) -> Response {
    see_other(return_url)
}

fn see_other(url: &str) -> Response {
    match HeaderValue::from_str(url) {
        Ok(location) => (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn missing() -> Response {
    (StatusCode::NOT_FOUND, "Test payment page: there is nothing at this address.\n").into_response()
}

/// Why a page of the sandbox cannot be shown.
enum Trouble {
    Missing,
    Gateway(GatewayError),
}

impl From<GatewayError> for Trouble {
    fn from(error: GatewayError) -> Trouble {
        Trouble::Gateway(error)
    }
}

impl IntoResponse for Trouble {
    fn into_response(self) -> Response {
        match self {
            Trouble::Missing => missing(),
            Trouble::Gateway(error) => {
                tracing::error!(%error, "the sandbox cannot answer");
                (StatusCode::SERVICE_UNAVAILABLE, "Test payment page: try again in a moment. Nothing was charged.\n").into_response()
            }
        }
    }
}

//! What is done to a subscription by the vendor's own programs: at once, and what it makes to pay is an open invoice.

use serde::Deserialize;
use utoipa::ToSchema;

use super::invoices::{self, Invoice};
use super::subscriptions::{Change, Subscription, When, request_of, shown};
use crate::api::give::{Created, Json};
use crate::api::problem::Problem;
use crate::api::route::Route;
use crate::api::take::{Body, Id, Nothing};
use crate::services::api_keys::Scope;
use crate::services::subscriptions::{self, Action, CancelRequest, PauseRequest};
use crate::services::{self, Desk, Refusal};

pub fn routes() -> Vec<Route> {
    vec![
        Route::post("/subscriptions/{subscription}/change", Scope::SubscriptionsWrite, change).named("changeSubscription", "Change a subscription").about(
            "Plan, interval, seats, add-ons, coupons, billing day: now or at the period’s end. What it costs at once is an open invoice, which the customer’s payment method pays by itself. For the price beforehand, preview it.",
        ),
        Route::post("/subscriptions/{subscription}/undo-change", Scope::SubscriptionsWrite, undo_change)
            .named("undoChange", "Forget a planned change")
            .about("The one that would begin with the next period."),
        Route::post("/subscriptions/{subscription}/cancel", Scope::SubscriptionsWrite, cancel).named("cancelSubscription", "Cancel a subscription"),
        Route::post("/subscriptions/{subscription}/pause", Scope::SubscriptionsWrite, pause).named("pauseSubscription", "Pause a subscription"),
        Route::post("/subscriptions/{subscription}/resume", Scope::SubscriptionsWrite, resume)
            .named("resumeSubscription", "Resume a paused subscription")
            .about("It charges again from this moment on."),
        Route::post("/subscriptions/{subscription}/reactivate", Scope::SubscriptionsWrite, reactivate)
            .named("reactivateSubscription", "Undo a cancellation")
            .about("One that is still to end goes on; one that has ended begins anew."),
        Route::post("/subscriptions/{subscription}/invoice", Scope::SubscriptionsWrite, invoice)
            .named("invoiceUsage", "Invoice usage now")
            .about("What the usage of the period under way has come to so far; its end bills the rest, and both together are what one invoice would have been."),
    ]
}

/// Does it, and shows the subscription as it then is.
async fn act(desk: &mut Desk, found: &subscriptions::Subscription, action: Action) -> Result<Json<Subscription>, Problem> {
    subscriptions::act(desk, &found.customer_id, &found.id, &action).await?;
    Ok(Json(shown(subscriptions::load(desk, &found.id).await?)?))
}

async fn change(desk: &mut Desk, (Id(subscription), Body(change)): (Id, Body<Change>)) -> Result<Json<Subscription>, Problem> {
    let found = subscriptions::find(desk, &subscription).await?;
    let request = request_of(desk, change).await?;
    act(desk, &found, Action::Change(request)).await
}

async fn undo_change(desk: &mut Desk, (Id(subscription), Nothing): (Id, Nothing)) -> Result<Json<Subscription>, Problem> {
    let found = subscriptions::find(desk, &subscription).await?;
    act(desk, &found, Action::UndoChange).await
}

/// What becomes of the part of a period that was paid and is not used.
#[derive(Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unused {
    /// A credit note takes it back.
    Credited,
    #[default]
    Kept,
}

impl From<Unused> for billing::subscription::Unused {
    fn from(unused: Unused) -> billing::subscription::Unused {
        match unused {
            Unused::Credited => billing::subscription::Unused::Credited,
            Unused::Kept => billing::subscription::Unused::Kept,
        }
    }
}

/// How a subscription is to end.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Cancellation {
    #[serde(default)]
    #[schema(required = false)]
    pub when: When,
    /// Of an end in mid-period.
    #[serde(default)]
    #[schema(required = false)]
    pub unused: Unused,
    /// Why, in your own terms.
    pub reason: Option<String>,
    pub comment: Option<String>,
}

async fn cancel(desk: &mut Desk, (Id(subscription), Body(how)): (Id, Body<Cancellation>)) -> Result<Json<Subscription>, Problem> {
    let found = subscriptions::find(desk, &subscription).await?;
    let request = CancelRequest { when: how.when.into(), unused: how.unused.into(), reason: how.reason, comment: how.comment };
    act(desk, &found, Action::Cancel(request)).await
}

/// How a subscription is to pause.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Pause {
    #[serde(default)]
    #[schema(required = false)]
    pub when: When,
    /// Of a pause in mid-period.
    #[serde(default)]
    #[schema(required = false)]
    pub unused: Unused,
}

async fn pause(desk: &mut Desk, (Id(subscription), Body(how)): (Id, Body<Pause>)) -> Result<Json<Subscription>, Problem> {
    let found = subscriptions::find(desk, &subscription).await?;
    act(desk, &found, Action::Pause(PauseRequest { when: how.when.into(), unused: how.unused.into() })).await
}

async fn resume(desk: &mut Desk, (Id(subscription), Nothing): (Id, Nothing)) -> Result<Json<Subscription>, Problem> {
    let found = subscriptions::find(desk, &subscription).await?;
    act(desk, &found, Action::Resume).await
}

async fn reactivate(desk: &mut Desk, (Id(subscription), Nothing): (Id, Nothing)) -> Result<Json<Subscription>, Problem> {
    let found = subscriptions::find(desk, &subscription).await?;
    act(desk, &found, Action::Reactivate).await
}

async fn invoice(desk: &mut Desk, (Id(subscription), Nothing): (Id, Nothing)) -> Result<Created<Invoice>, Problem> {
    let found = subscriptions::find(desk, &subscription).await?;
    let issued = subscriptions::act(desk, &found.customer_id, &found.id, &Action::InvoiceUsage).await?;
    // What was due before is issued with it; this is the last.
    let issued = issued.last().ok_or_else(|| Refusal::damaged("usage was invoiced and there is no invoice"))?;
    Ok(Created(invoices::shown(services::invoices::load(desk, &issued.id).await?)?))
}

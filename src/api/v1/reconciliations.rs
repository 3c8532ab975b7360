//! The vendor's payments beside its gateway's.

use axum::http::Method;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::give::{Json, Page};
use crate::api::problem::Problem;
use crate::api::route::Route;
use crate::api::take::{Body, Limit, Query, after};
use crate::api::values::Time;
use crate::services::api_keys::Scope;
use crate::services::payments::{self, Errand};
use crate::services::subscriptions::word;
use crate::services::{Desk, Refusal};

pub fn routes() -> Vec<Route> {
    vec![
        Route::errand(Method::POST, "/reconciliations", Scope::InvoicesWrite, create).named("reconcile", "Compare with the gateway").about(
            "Payments, refunds and their postings beside the gateway’s charges and refunds, both ways. What is certain is put right; the rest is named with its next step. It happens by itself once a day.",
        ),
        Route::get("/reconciliations", Scope::InvoicesRead, list).named("listReconciliations", "List comparisons with the gateway").about("The last first."),
    ]
}

/// From when on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewReconciliation {
    /// What was made since then is compared; five weeks unless given.
    pub since: Option<Time>,
}

/// What a comparison came to.
#[derive(Serialize, ToSchema)]
pub struct Reconciliation {
    pub id: String,
    pub gateway: String,
    pub since: Time,
    pub ran_at: Time,
    /// How many of the gateway’s were looked at.
    pub charges: i64,
    pub refunds: i64,
    pub differences: Vec<ReconciliationDifference>,
}

/// Something that differs.
#[derive(Serialize, ToSchema)]
pub struct ReconciliationDifference {
    /// Such as `paid_there`. For programs; never changes.
    pub kind: String,
    /// Our payment or refund; of what we have none of, the gateway’s id.
    pub subject_id: String,
    pub currency: String,
    pub ours_minor: i64,
    pub theirs_minor: i64,
    /// It was certain, and is put right.
    pub is_mended: bool,
    /// What differs, and what is to be done, for a person.
    pub explanation: String,
    pub next_step: String,
}

fn shown(came: payments::Reconciliation) -> Result<Reconciliation, Refusal> {
    let difference = |of: payments::Difference| {
        Ok::<_, Refusal>(ReconciliationDifference {
            kind: word(of.kind)?,
            explanation: of.sentence().to_string(),
            next_step: of.next_step().to_string(),
            subject_id: of.subject_id,
            currency: of.currency,
            ours_minor: of.ours_minor,
            theirs_minor: of.theirs_minor,
            is_mended: of.is_mended,
        })
    };
    Ok(Reconciliation {
        id: came.id,
        gateway: came.gateway,
        since: came.since.into(),
        ran_at: came.ran_at.into(),
        charges: came.charges,
        refunds: came.refunds,
        differences: came.differences.into_iter().map(difference).collect::<Result<_, _>>()?,
    })
}

async fn create(errand: Errand, Body(new): Body<NewReconciliation>) -> Result<Json<Reconciliation>, Problem> {
    Ok(Json(shown(payments::reconcile(&errand, new.since.map(|Time(since)| since)).await?)?))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ListReconciliations {
    /// How many a page holds: 1 to 100, 20 unless given.
    #[schema(minimum = 1, maximum = 100)]
    limit: Option<u32>,
    /// The `next` of the page before.
    #[schema(pattern = "^[a-z]+_[0-9a-fA-F]{32}$")]
    after: Option<String>,
}

async fn list(desk: &mut Desk, Query(query): Query<ListReconciliations>) -> Result<Page<Reconciliation>, Problem> {
    let limit = Limit::of(query.limit)?;
    Page::of(payments::reconciliations(desk, &after(query.after)?, limit.and_one()).await?, limit, |row| &row.id, shown)
}

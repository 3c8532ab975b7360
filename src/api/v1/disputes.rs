//! Payments that customers had their bank take back, and what the vendor wants done about them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::give::{Json, Page};
use crate::api::problem::Problem;
use crate::api::route::Route;
use crate::api::take::{Body, Limit, Nothing, Query, after};
use crate::api::values::Time;
use crate::services::api_keys::Scope;
use crate::services::payments::{self, DisputePolicy as Policy, DisputeStatus as Status, OnLost, WhileDisputed};
use crate::services::{Desk, Refusal};

pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/disputes", Scope::InvoicesRead, list).named("listDisputes", "List disputes").about(
            "The last opened first. While one is open its money is set aside in the ledger, nothing of the invoice can be refunded, and the method is charged by itself no more. The events `dispute.opened`, `dispute.won` and `dispute.lost` tell of them.",
        ),
        Route::get("/dispute-policy", Scope::SettingsRead, policy).named("getDisputePolicy", "Get what is done about disputes"),
        Route::patch("/dispute-policy", Scope::SettingsWrite, set_policy)
            .named("updateDisputePolicy", "Change what is done about disputes")
            .about("What is absent stays as it is. A dispute that is open ends by what is said then."),
    ]
}

/// Where a dispute stands.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DisputeStatus {
    Open,
    Won,
    Lost,
}

/// A payment that its customer had a bank take back.
#[derive(Serialize, ToSchema)]
pub struct Dispute {
    pub id: String,
    pub gateway: String,
    /// The gateway’s id of it: it is answered there.
    pub reference: String,
    /// Where: a page of the gateway’s. Null where it has none, or is not connected now.
    pub answered_at: Option<String>,
    pub payment_id: String,
    pub customer_id: String,
    pub amount_minor: i64,
    pub currency: String,
    /// In the gateway’s words.
    pub reason: String,
    pub status: DisputeStatus,
    /// Of one that is lost: how much of its invoice is due again. The rest was written off.
    pub reopened_minor: i64,
    pub opened_at: Time,
    pub ended_at: Option<Time>,
}

fn shown((of, answered_at): (payments::Dispute, Option<String>)) -> Result<Dispute, Refusal> {
    Ok(Dispute {
        answered_at,
        status: match of.status {
            Status::Open => DisputeStatus::Open,
            Status::Won => DisputeStatus::Won,
            Status::Lost => DisputeStatus::Lost,
        },
        id: of.id,
        gateway: of.gateway,
        reference: of.reference,
        payment_id: of.payment_id,
        customer_id: of.customer_id,
        amount_minor: of.amount_minor,
        currency: of.currency,
        reason: of.reason,
        reopened_minor: of.reopened_minor,
        opened_at: Time::of_ms(of.opened_at),
        ended_at: of.ended_at.map(Time::of_ms),
    })
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ListDisputes {
    /// How many a page holds: 1 to 100, 20 unless given.
    #[schema(minimum = 1, maximum = 100)]
    limit: Option<u32>,
    /// The `next` of the page before.
    #[schema(pattern = "^[a-z]+_[0-9a-fA-F]{32}$")]
    after: Option<String>,
}

async fn list(desk: &mut Desk, Query(query): Query<ListDisputes>) -> Result<Page<Dispute>, Problem> {
    let limit = Limit::of(query.limit)?;
    let found = payments::disputes(desk, &after(query.after)?, limit.and_one()).await?;
    let answered_at = payments::answered_at(desk, &found).await?;
    Page::of(found.into_iter().zip(answered_at).collect(), limit, |(dispute, _)| &dispute.id, shown)
}

/// What becomes of the subscription whose invoice is disputed, until that ends.
#[derive(Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DisputedSubscription {
    Keep,
    Pause,
}

/// What becomes of the invoice when its dispute is lost.
#[derive(Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LostDispute {
    /// It is due again.
    Reopen,
    WriteOff,
}

/// What is done about disputes.
#[derive(Serialize, ToSchema)]
pub struct DisputePolicy {
    pub subscription: DisputedSubscription,
    pub lost: LostDispute,
}

/// What is to be different.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DisputePolicyChanges {
    pub subscription: Option<DisputedSubscription>,
    pub lost: Option<LostDispute>,
}

async fn policy(desk: &mut Desk, Nothing: Nothing) -> Result<Json<DisputePolicy>, Problem> {
    let policy = payments::dispute_policy(desk).await?;
    Ok(Json(DisputePolicy {
        subscription: match policy.subscription {
            WhileDisputed::Keep => DisputedSubscription::Keep,
            WhileDisputed::Pause => DisputedSubscription::Pause,
        },
        lost: match policy.lost {
            OnLost::Reopen => LostDispute::Reopen,
            OnLost::WriteOff => LostDispute::WriteOff,
        },
    }))
}

async fn set_policy(desk: &mut Desk, Body(changes): Body<DisputePolicyChanges>) -> Result<Json<DisputePolicy>, Problem> {
    let now = payments::dispute_policy(desk).await?;
    let new = Policy {
        subscription: changes.subscription.map_or(now.subscription, |subscription| match subscription {
            DisputedSubscription::Keep => WhileDisputed::Keep,
            DisputedSubscription::Pause => WhileDisputed::Pause,
        }),
        lost: changes.lost.map_or(now.lost, |lost| match lost {
            LostDispute::Reopen => OnLost::Reopen,
            LostDispute::WriteOff => OnLost::WriteOff,
        }),
    };
    if new != now {
        payments::set_dispute_policy(desk, new).await?;
    }
    policy(desk, Nothing).await
}

//! Promotion codes: what customers type on their plan's page to get a coupon.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::in_body;
use crate::api::give::{Created, Json, Page};
use crate::api::problem::Problem;
use crate::api::route::Route;
use crate::api::take::{Body, Id, Limit, Nothing, Query, after};
use crate::api::values::Time;
use crate::services::api_keys::Scope;
use crate::services::{Desk, Refusal, catalog, customers};

pub fn routes() -> Vec<Route> {
    vec![
        Route::post("/promotion-codes", Scope::PlansWrite, create)
            .named("createPromotionCode", "Create a promotion code")
            .about("Customers type it in any case, with spaces or hyphens where they like. Each redeems it once."),
        Route::get("/promotion-codes", Scope::PlansRead, list).named("listPromotionCodes", "List promotion codes").about("The newest first, retired ones too."),
        Route::get("/promotion-codes/{promotion_code}", Scope::PlansRead, get).named("getPromotionCode", "Get a promotion code"),
        Route::post("/promotion-codes/{promotion_code}/retire", Scope::PlansWrite, retire)
            .named("retirePromotionCode", "Retire a promotion code")
            .about("Nobody redeems it any more. Who has keeps the discount."),
    ]
}

/// What a customer types to get a coupon.
#[derive(Serialize, ToSchema)]
pub struct PromotionCode {
    pub id: String,
    pub code: String,
    pub coupon_id: String,
    /// Beside the coupon’s own limit; null: any number of times.
    pub max_redemptions: Option<i64>,
    pub redemptions: i64,
    /// Only for customers who were never charged anything.
    pub first_time_only: bool,
    /// Only for this one; null: for everybody.
    pub customer_id: Option<String>,
    /// Only with these; null: with any plan.
    pub plan_ids: Option<Vec<String>>,
    /// Taken no more from then on; null: no end.
    pub expires_at: Option<Time>,
    /// Taken no more since; null: it is.
    pub retired_at: Option<Time>,
    pub created_at: Time,
}

/// A code to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPromotionCode {
    #[schema(min_length = 3, max_length = 60, example = "SPRING-20")]
    pub code: String,
    /// Our id of the coupon, or `ext:` and its key.
    pub coupon_id: String,
    #[schema(minimum = 1)]
    pub max_redemptions: Option<i64>,
    #[serde(default)]
    pub first_time_only: bool,
    /// Our id of the customer, or `ext:` and your own.
    pub customer_id: Option<String>,
    /// Our ids of plans, or `ext:` and their keys.
    #[schema(max_items = 100)]
    pub plan_ids: Option<Vec<String>>,
    pub expires_at: Option<Time>,
}

fn shown(promotion: catalog::PromotionCode) -> Result<PromotionCode, Refusal> {
    Ok(PromotionCode {
        plan_ids: promotion.plans()?,
        id: promotion.id,
        code: promotion.code,
        coupon_id: promotion.coupon_id,
        max_redemptions: promotion.max_redemptions,
        redemptions: promotion.redemptions,
        first_time_only: promotion.is_first_time_only,
        customer_id: promotion.customer_id,
        expires_at: promotion.expires_at.map(Time::of_ms),
        retired_at: promotion.retired_at.map(Time::of_ms),
        created_at: Time::of_ms(promotion.created_at),
    })
}

async fn create(desk: &mut Desk, Body(new): Body<NewPromotionCode>) -> Result<Created<PromotionCode>, Problem> {
    let customer_id = match &new.customer_id {
        None => None,
        Some(customer) => Some(customers::find(desk, customer).await.map_err(in_body("/customer_id"))?.id),
    };
    let plan_ids = match &new.plan_ids {
        None => None,
        Some(plans) => {
            let mut ids = Vec::with_capacity(plans.len());
            for plan in plans {
                ids.push(catalog::find_plan(desk, plan).await.map_err(in_body("/plan_ids"))?.id);
            }
            Some(ids)
        }
    };
    let new = catalog::NewPromotionCode {
        coupon_id: catalog::find_coupon(desk, &new.coupon_id).await.map_err(in_body("/coupon_id"))?.id,
        code: new.code,
        max_redemptions: new.max_redemptions,
        is_first_time_only: new.first_time_only,
        customer_id,
        plan_ids,
        expires_at: new.expires_at.map(|Time(at)| at),
    };
    let id = catalog::create_promotion_code(desk, &new).await?;
    Ok(Created(shown(catalog::promotion_code(desk, &id).await?)?))
}

async fn get(desk: &mut Desk, Id(promotion): Id) -> Result<Json<PromotionCode>, Problem> {
    Ok(Json(shown(catalog::promotion_code(desk, &promotion).await?)?))
}

async fn retire(desk: &mut Desk, (Id(promotion), Nothing): (Id, Nothing)) -> Result<Json<PromotionCode>, Problem> {
    catalog::retire_promotion_code(desk, &promotion).await?;
    Ok(Json(shown(catalog::promotion_code(desk, &promotion).await?)?))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ListPromotionCodes {
    /// How many a page holds: 1 to 100, 20 unless given.
    #[schema(minimum = 1, maximum = 100)]
    limit: Option<u32>,
    /// The `next` of the page before.
    #[schema(pattern = "^[a-z]+_[0-9a-fA-F]{32}$")]
    after: Option<String>,
}

async fn list(desk: &mut Desk, Query(query): Query<ListPromotionCodes>) -> Result<Page<PromotionCode>, Problem> {
    let limit = Limit::of(query.limit)?;
    let rows = catalog::promotion_codes(desk, &after(query.after)?, limit.and_one()).await?;
    Page::of(rows, limit, |promotion| &promotion.id, shown)
}

//! Coupons: what is taken off, and for how long. Customers get one from you, or by a promotion code of theirs.

use billing::discount::{self, Off};
use billing::money::Currency;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::give::{Created, Json, Page};
use crate::api::problem::Problem;
use crate::api::route::Route;
use crate::api::take::{Body, Id, Limit, Nothing, Query, after};
use crate::api::values::{Exact, Time};
use crate::services::api_keys::Scope;
use crate::services::catalog::{self, CouponRecord};
use crate::services::{Desk, Refusal};

pub fn routes() -> Vec<Route> {
    vec![
        Route::post("/coupons", Scope::PlansWrite, create).named("createCoupon", "Create a coupon"),
        Route::get("/coupons", Scope::PlansRead, list).named("listCoupons", "List coupons").about("The newest first, retired ones too."),
        Route::get("/coupons/{coupon}", Scope::PlansRead, get).named("getCoupon", "Get a coupon"),
        Route::post("/coupons/{coupon}/retire", Scope::PlansWrite, retire)
            .named("retireCoupon", "Retire a coupon")
            .about("Nobody redeems it any more, by none of its codes. Who has it keeps it."),
    ]
}

/// How long a coupon takes it off.
#[derive(Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Duration {
    /// The first invoice with something to discount.
    Once,
    /// Every period that starts within so many `months` of the first.
    Repeating,
    Forever,
}

/// A promotion.
#[derive(Serialize, ToSchema)]
pub struct Coupon {
    pub id: String,
    /// Your own name for it; wherever its id is asked for, `ext:` and this does too. Customers read it beside their discount.
    pub key: String,
    /// Of what it reaches; null: it takes off an amount.
    pub percent: Option<Exact>,
    /// Off each invoice; null: it takes off a percentage.
    pub amount_minor: Option<i64>,
    /// ISO 4217, of the amount.
    pub currency: Option<String>,
    pub duration: Duration,
    /// Of `repeating`.
    pub months: Option<u32>,
    /// How often it may be redeemed; null: any number of times.
    pub max_redemptions: Option<i64>,
    pub redemptions: i64,
    /// Nobody redeems it any more since; null: it can be.
    pub retired_at: Option<Time>,
}

/// A coupon to be: with a percentage, or with an amount and its currency.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCoupon {
    #[schema(min_length = 1, max_length = 100, example = "launch-20")]
    pub key: String,
    /// Above 0, at most 100.
    pub percent: Option<Exact>,
    #[schema(minimum = 1)]
    pub amount_minor: Option<i64>,
    /// ISO 4217; yours, unless given.
    pub currency: Option<String>,
    pub duration: Duration,
    #[schema(minimum = 1, maximum = 1200)]
    pub months: Option<u32>,
    #[schema(minimum = 1)]
    pub max_redemptions: Option<i64>,
}

const MOST_MONTHS: u32 = 1_200;

fn shown(record: CouponRecord) -> Result<Coupon, Refusal> {
    let coupon = record.coupon()?;
    let (percent, amount_minor, currency) = match coupon.off {
        Off::Percent(percent) => (Some(Exact(percent)), None, None),
        Off::Amount { amount_minor, currency } => (None, Some(amount_minor), Some(currency.code().to_owned())),
    };
    let (duration, months) = match coupon.duration {
        discount::Duration::Once => (Duration::Once, None),
        discount::Duration::Repeating { months } => (Duration::Repeating, Some(months)),
        discount::Duration::Forever => (Duration::Forever, None),
    };
    Ok(Coupon {
        id: record.id,
        key: record.key,
        percent,
        amount_minor,
        currency,
        duration,
        months,
        max_redemptions: record.max_redemptions,
        redemptions: record.redemptions,
        retired_at: record.retired_at.map(Time::of_ms),
    })
}

async fn create(desk: &mut Desk, Body(new): Body<NewCoupon>) -> Result<Created<Coupon>, Problem> {
    let off = match (new.percent, new.amount_minor, &new.currency) {
        (Some(Exact(percent)), None, None) => Off::Percent(percent),
        (None, Some(amount_minor), code) => {
            let code = code.clone().unwrap_or_else(|| desk.vendor.currency.clone());
            Off::Amount { amount_minor, currency: Currency::from_code(&code).map_err(|error| Problem::at("/currency", error.to_string()))? }
        }
        (Some(_), None, Some(_)) => return Err(Problem::at("/currency", "A percentage has no currency.")),
        _ => return Err(Problem::at("/percent", "Give a percentage or an amount, one of the two.")),
    };
    let duration = match (new.duration, new.months) {
        (Duration::Once, None) => discount::Duration::Once,
        (Duration::Forever, None) => discount::Duration::Forever,
        (Duration::Repeating, Some(months)) if (1..=MOST_MONTHS).contains(&months) => discount::Duration::Repeating { months },
        (Duration::Repeating, _) => return Err(Problem::at("/months", format!("A repeating coupon lasts 1 to {MOST_MONTHS} months."))),
        (_, Some(_)) => return Err(Problem::at("/months", "Only a repeating coupon lasts a number of months.")),
    };
    let id = catalog::create_coupon(desk, &discount::Coupon { key: new.key, off, duration }, new.max_redemptions).await?;
    Ok(Created(shown(catalog::find_coupon(desk, &id).await?)?))
}

async fn get(desk: &mut Desk, Id(coupon): Id) -> Result<Json<Coupon>, Problem> {
    Ok(Json(shown(catalog::find_coupon(desk, &coupon).await?)?))
}

async fn retire(desk: &mut Desk, (Id(coupon), Nothing): (Id, Nothing)) -> Result<Json<Coupon>, Problem> {
    let id = catalog::find_coupon(desk, &coupon).await?.id;
    catalog::retire_coupon(desk, &id).await?;
    Ok(Json(shown(catalog::find_coupon(desk, &id).await?)?))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ListCoupons {
    /// How many a page holds: 1 to 100, 20 unless given.
    #[schema(minimum = 1, maximum = 100)]
    limit: Option<u32>,
    /// The `next` of the page before.
    #[schema(pattern = "^[a-z]+_[0-9a-fA-F]{32}$")]
    after: Option<String>,
}

async fn list(desk: &mut Desk, Query(query): Query<ListCoupons>) -> Result<Page<Coupon>, Problem> {
    let coupons = catalog::coupons(desk).await?;
    Page::cut(coupons, Limit::of(query.limit)?, &after(query.after)?, |coupon| &coupon.id, shown)
}

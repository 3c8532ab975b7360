//! Coupons: made, retired, and counted as they are redeemed.

use billing::discount::Coupon;
use serde_json::json;
use sqlx::FromRow;

use super::promotions::PromotionCode;
use super::{check_key, record};
use crate::sentence;
use crate::services::{Desk, Refusal, customers};

/// A coupon's record.
#[derive(Clone, Debug, PartialEq, FromRow)]
pub struct CouponRecord {
    pub id: String,
    pub key: String,
    /// The engine's Coupon as JSON; see [`CouponRecord::coupon`].
    pub rule: String,
    pub max_redemptions: Option<i64>,
    pub redemptions: i64,
    pub version: i64,
    /// Unix milliseconds of billing time.
    pub retired_at: Option<i64>,
}

impl CouponRecord {
    /// Whether it has been redeemed as often as it may be.
    pub fn is_used_up(&self) -> bool {
        self.max_redemptions.is_some_and(|most| self.redemptions >= most)
    }

    pub fn coupon(&self) -> Result<Coupon, Refusal> {
        serde_json::from_str(&self.rule).map_err(Refusal::damaged)
    }
}

/// A coupon to be counted once the subscription it is for is written, and the code it was asked for by.
#[derive(Clone, Debug, PartialEq)]
pub struct Redemption {
    pub coupon: CouponRecord,
    pub promotion: Option<PromotionCode>,
}

/// Adds a coupon; its id.
pub async fn create_coupon(desk: &mut Desk, coupon: &Coupon, max_redemptions: Option<i64>) -> Result<String, Refusal> {
    check_key(&coupon.key, "key")?;
    coupon.check()?;
    check_limit(max_redemptions)?;
    let id = desk.new_id("cpn");
    let rule = serde_json::to_string(coupon).map_err(Refusal::damaged)?;
    let touched = desk
        .tx
        .run(
            "INSERT INTO coupons (vendor_id, id, key, rule, max_redemptions, redemptions, version) VALUES ($1, $2, $3, $4, $5, 0, 1) ON CONFLICT (vendor_id, key) DO NOTHING",
            (desk.vendor.id.clone(), id.clone(), coupon.key.clone(), rule, max_redemptions),
        )
        .await?;
    if touched == 0 {
        return Err(Refusal::Conflict(sentence!("refusal-coupon-exists", key = &coupon.key)));
    }
    record(desk, "coupon.created", &id, json!({ "key": coupon.key })).await?;
    Ok(id)
}

/// A limit is at least one, or there is none.
pub(super) fn check_limit(max_redemptions: Option<i64>) -> Result<(), Refusal> {
    if max_redemptions.is_some_and(|most| most < 1) { Err(Refusal::field("max_redemptions", sentence!("refusal-no-redemptions"))) } else { Ok(()) }
}

/// Takes a coupon, and with it every code of its, out of use; who has it keeps it.
pub async fn retire_coupon(desk: &mut Desk, coupon_id: &str) -> Result<(), Refusal> {
    let touched = desk
        .tx
        .run(
            "UPDATE coupons SET retired_at = COALESCE(retired_at, $3), version = version + 1 WHERE vendor_id = $1 AND id = $2",
            (desk.vendor.id.clone(), coupon_id.to_owned(), desk.now.billing_ms()),
        )
        .await?;
    if touched == 0 {
        return Err(Refusal::NotFound);
    }
    record(desk, "coupon.retired", coupon_id, json!({})).await
}

/// Every coupon, the newest first.
pub async fn coupons(desk: &mut Desk) -> Result<Vec<CouponRecord>, Refusal> {
    Ok(desk.tx.all("SELECT * FROM coupons WHERE vendor_id = $1 ORDER BY id DESC", (desk.vendor.id.clone(),)).await?)
}

/// The coupon by our id, or by its key as `ext:KEY`; or [`Refusal::NotFound`].
pub async fn find_coupon(desk: &mut Desk, reference: &str) -> Result<CouponRecord, Refusal> {
    let vendor_id = desk.vendor.id.clone();
    let found = match customers::external(reference) {
        None => desk.tx.opt("SELECT * FROM coupons WHERE vendor_id = $1 AND id = $2", (vendor_id, reference.to_owned())).await?,
        Some(key) => desk.tx.opt("SELECT * FROM coupons WHERE vendor_id = $1 AND key = $2", (vendor_id, key.to_owned())).await?,
    };
    found.ok_or(Refusal::NotFound)
}

/// A coupon that is to be redeemed by its key.
pub async fn coupon_by_key(desk: &mut Desk, key: &str) -> Result<CouponRecord, Refusal> {
    let found: Option<CouponRecord> = desk.tx.opt("SELECT * FROM coupons WHERE vendor_id = $1 AND key = $2", (desk.vendor.id.clone(), key.to_owned())).await?;
    found.ok_or_else(|| Refusal::Rule(sentence!("refusal-no-coupon", code = key)))
}

/// Counts one more use of a coupon, and of the code it was asked for by, never past the limit of either.
pub async fn redeem(desk: &mut Desk, redemption: &Redemption) -> Result<(), Refusal> {
    let Redemption { coupon, promotion } = redemption;
    let touched = desk
        .tx
        .run(
            "UPDATE coupons SET redemptions = redemptions + 1 WHERE vendor_id = $1 AND id = $2 AND (max_redemptions IS NULL OR redemptions < max_redemptions)",
            (desk.vendor.id.clone(), coupon.id.clone()),
        )
        .await?;
    if touched == 0 {
        let code = promotion.as_ref().map_or(&coupon.key, |promotion| &promotion.code);
        return Err(Refusal::Rule(sentence!("refusal-coupon-used-up", code = code)));
    }
    let Some(promotion) = promotion else { return Ok(()) };
    let touched = desk
        .tx
        .run(
            "UPDATE promotion_codes SET redemptions = redemptions + 1 WHERE vendor_id = $1 AND id = $2 AND (max_redemptions IS NULL OR redemptions < max_redemptions)",
            (desk.vendor.id.clone(), promotion.id.clone()),
        )
        .await?;
    if touched == 0 { Err(Refusal::Rule(sentence!("refusal-coupon-used-up", code = &promotion.code))) } else { Ok(()) }
}

/// Counts redemptions for a quote whose payment is under way: whoever comes after finds them taken.
pub async fn reserve(desk: &mut Desk, quote_id: &str, redemptions: &[Redemption]) -> Result<(), Refusal> {
    for redemption in redemptions {
        redeem(desk, redemption).await?;
        desk.tx
            .run(
                "INSERT INTO reserved_redemptions (vendor_id, quote_id, coupon_id, promotion_code_id) VALUES ($1, $2, $3, $4)",
                (
                    desk.vendor.id.clone(),
                    quote_id.to_owned(),
                    redemption.coupon.id.clone(),
                    redemption.promotion.as_ref().map(|promotion| promotion.id.clone()),
                ),
            )
            .await?;
    }
    Ok(())
}

/// Gives back what a quote has reserved: its payment came, and what it pays for counts anew in this very transaction, or it never will.
pub async fn give_back(desk: &mut Desk, quote_id: &str) -> Result<(), Refusal> {
    let whose = (desk.vendor.id.clone(), quote_id.to_owned());
    let reserved: Vec<(String, Option<String>)> =
        desk.tx.all("DELETE FROM reserved_redemptions WHERE vendor_id = $1 AND quote_id = $2 RETURNING coupon_id, promotion_code_id", whose).await?;
    for (coupon_id, promotion_code_id) in reserved {
        desk.tx.run("UPDATE coupons SET redemptions = redemptions - 1 WHERE vendor_id = $1 AND id = $2", (desk.vendor.id.clone(), coupon_id)).await?;
        if let Some(id) = promotion_code_id {
            desk.tx.run("UPDATE promotion_codes SET redemptions = redemptions - 1 WHERE vendor_id = $1 AND id = $2", (desk.vendor.id.clone(), id)).await?;
        }
    }
    Ok(())
}

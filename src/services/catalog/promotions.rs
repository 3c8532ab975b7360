//! Promotion codes: what a customer types to get a coupon, and every reason why it is not taken.

use billing::discount::Off;
use billing::money::Currency;
use serde_json::json;
use sqlx::FromRow;

use super::coupons::{CouponRecord, Redemption, check_limit, find_coupon};
use super::{plan, record};
use crate::platform::clock::Instant;
use crate::sentence;
use crate::services::{Desk, Refusal};

/// Letters and digits of a code as it is looked up.
const SHORTEST: usize = 3;
const LONGEST: usize = 40;

/// A code's record; columns as in `migrations/0090_promotion_codes.sql`.
#[derive(Clone, Debug, PartialEq, FromRow)]
pub struct PromotionCode {
    pub id: String,
    pub code: String,
    pub folded: String,
    pub coupon_id: String,
    pub max_redemptions: Option<i64>,
    pub redemptions: i64,
    pub is_first_time_only: bool,
    pub customer_id: Option<String>,
    /// JSON; see [`PromotionCode::plans`].
    pub plan_ids: Option<String>,
    /// Unix milliseconds of billing time.
    pub expires_at: Option<i64>,
    pub retired_at: Option<i64>,
    pub created_at: i64,
}

impl PromotionCode {
    /// Whether it has been redeemed as often as it may be.
    pub fn is_used_up(&self) -> bool {
        self.max_redemptions.is_some_and(|most| self.redemptions >= most)
    }

    /// The plans it is for; none: any.
    pub fn plans(&self) -> Result<Option<Vec<String>>, Refusal> {
        self.plan_ids.as_deref().map(serde_json::from_str).transpose().map_err(Refusal::damaged)
    }
}

/// A code to be.
pub struct NewPromotionCode {
    pub code: String,
    pub coupon_id: String,
    pub max_redemptions: Option<i64>,
    pub is_first_time_only: bool,
    pub customer_id: Option<String>,
    pub plan_ids: Option<Vec<String>>,
    pub expires_at: Option<Instant>,
}

/// A code as it is looked up: people write it in any case, with spaces or hyphens where they like.
pub fn folded(typed: &str) -> String {
    typed.chars().filter(|c| !c.is_whitespace() && *c != '-').flat_map(char::to_uppercase).collect()
}

/// Adds a code; its id.
pub async fn create_promotion_code(desk: &mut Desk, new: &NewPromotionCode) -> Result<String, Refusal> {
    let (code, folded) = (new.code.trim().to_owned(), folded(&new.code));
    if !(SHORTEST..=LONGEST).contains(&folded.chars().count()) || !folded.chars().all(char::is_alphanumeric) {
        return Err(Refusal::field("code", sentence!("refusal-promotion-form", least = SHORTEST, most = LONGEST)));
    }
    check_limit(new.max_redemptions)?;
    let id = desk.new_id("pro");
    let plan_ids = new.plan_ids.as_ref().map(serde_json::to_string).transpose().map_err(Refusal::damaged)?;
    let touched = desk
        .tx
        .run(
            "INSERT INTO promotion_codes (vendor_id, id, code, folded, coupon_id, max_redemptions, redemptions, is_first_time_only, customer_id, plan_ids, expires_at, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, 0, $7, $8, $9, $10, $11) ON CONFLICT (vendor_id, folded) DO NOTHING",
            (
                desk.vendor.id.clone(), id.clone(), code.clone(), folded, new.coupon_id.clone(), new.max_redemptions, new.is_first_time_only,
                new.customer_id.clone(), plan_ids, new.expires_at.map(|at| at.timestamp_millis()), desk.now.billing_ms(),
            ),
        )
        .await?;
    if touched == 0 {
        return Err(Refusal::Conflict(sentence!("refusal-promotion-exists", code = code)));
    }
    record(desk, "promotion_code.created", &id, json!({ "code": code, "coupon": new.coupon_id })).await?;
    Ok(id)
}

/// Takes a code out of use; who redeemed it keeps the coupon.
pub async fn retire_promotion_code(desk: &mut Desk, id: &str) -> Result<(), Refusal> {
    let touched = desk
        .tx
        .run(
            "UPDATE promotion_codes SET retired_at = COALESCE(retired_at, $3) WHERE vendor_id = $1 AND id = $2",
            (desk.vendor.id.clone(), id.to_owned(), desk.now.billing_ms()),
        )
        .await?;
    if touched == 0 {
        return Err(Refusal::NotFound);
    }
    record(desk, "promotion_code.retired", id, json!({})).await
}

/// The newest codes below a cursor.
pub async fn promotion_codes(desk: &mut Desk, after: &str, at_most: i64) -> Result<Vec<PromotionCode>, Refusal> {
    Ok(desk
        .tx
        .all(
            "SELECT * FROM promotion_codes WHERE vendor_id = $1 AND ($2 = '' OR id < $2) ORDER BY id DESC LIMIT $3",
            (desk.vendor.id.clone(), after.to_owned(), at_most),
        )
        .await?)
}

pub async fn promotion_code(desk: &mut Desk, id: &str) -> Result<PromotionCode, Refusal> {
    let found = desk.tx.opt("SELECT * FROM promotion_codes WHERE vendor_id = $1 AND id = $2", (desk.vendor.id.clone(), id.to_owned())).await?;
    found.ok_or(Refusal::NotFound)
}

/// The code that a customer means by what they typed. Another customer's own code is as unknown as one that never was.
pub async fn promotion_code_for(desk: &mut Desk, typed: &str, customer_id: &str) -> Result<Option<PromotionCode>, Refusal> {
    let found: Option<PromotionCode> =
        desk.tx.opt("SELECT * FROM promotion_codes WHERE vendor_id = $1 AND folded = $2", (desk.vendor.id.clone(), folded(typed))).await?;
    Ok(found.filter(|promotion| promotion.customer_id.as_deref().is_none_or(|of| of == customer_id)))
}

/// What a customer gets by a code with a plan, or why not.
pub async fn redeemable(desk: &mut Desk, typed: &str, customer_id: &str, plan_id: &str, currency: Currency) -> Result<Redemption, Refusal> {
    let refused = |sentence| Refusal::field("promotion_code", sentence);
    let Some(promotion) = promotion_code_for(desk, typed, customer_id).await? else {
        return Err(refused(sentence!("promotion-unknown", code = typed.trim())));
    };
    let code = promotion.code.clone();
    let coupon: CouponRecord = find_coupon(desk, &promotion.coupon_id).await?;
    if promotion.retired_at.is_some() || coupon.retired_at.is_some() {
        return Err(refused(sentence!("promotion-retired", code = code)));
    }
    if promotion.expires_at.is_some_and(|end| end <= desk.now.billing_ms()) {
        return Err(refused(sentence!("promotion-expired", code = code)));
    }
    if was_redeemed_by(desk, &promotion.id, customer_id).await? {
        return Err(refused(sentence!("promotion-again", code = code)));
    }
    if promotion.is_used_up() || coupon.is_used_up() {
        return Err(refused(sentence!("promotion-used-up", code = code)));
    }
    if promotion.plans()?.is_some_and(|plans| !plans.iter().any(|id| id == plan_id)) {
        return Err(refused(sentence!("promotion-other-plan", code = code, plan = plan(desk, plan_id).await?.name)));
    }
    if let Off::Amount { currency: worth, .. } = coupon.coupon()?.off
        && worth != currency
    {
        return Err(refused(sentence!("promotion-currency", code = code, worth = worth.code(), currency = currency.code())));
    }
    if promotion.is_first_time_only && was_ever_charged(desk, customer_id).await? {
        return Err(refused(sentence!("promotion-first-time", code = code)));
    }
    Ok(Redemption { coupon, promotion: Some(promotion) })
}

/// A code is redeemed once a customer, whatever became of the subscription.
async fn was_redeemed_by(desk: &mut Desk, promotion_code_id: &str, customer_id: &str) -> Result<bool, Refusal> {
    let found: Option<(String,)> = desk
        .tx
        .opt(
            "SELECT d.id FROM discounts d JOIN subscriptions s ON s.vendor_id = d.vendor_id AND s.id = d.subscription_id
             WHERE d.vendor_id = $1 AND d.promotion_code_id = $2 AND s.customer_id = $3 LIMIT 1",
            (desk.vendor.id.clone(), promotion_code_id.to_owned(), customer_id.to_owned()),
        )
        .await?;
    Ok(found.is_some())
}

/// Whether an invoice of more than nothing was ever issued to a customer.
async fn was_ever_charged(desk: &mut Desk, customer_id: &str) -> Result<bool, Refusal> {
    let found: Option<(String,)> = desk
        .tx
        .opt(
            "SELECT id FROM invoices WHERE vendor_id = $1 AND customer_id = $2 AND kind = 'invoice' AND total_minor > 0 LIMIT 1",
            (desk.vendor.id.clone(), customer_id.to_owned()),
        )
        .await?;
    Ok(found.is_some())
}

#[cfg(test)]
mod tests {
    use super::folded;

    #[test]
    fn a_code_is_one_however_it_is_typed() {
        for typed in ["SPRING-20", "spring20", " Spring 20 ", "sPrInG\u{a0}2-0"] {
            assert_eq!(folded(typed), "SPRING20", "{typed}");
        }
        assert_ne!(folded("SPRING2O"), "SPRING20");
    }
}

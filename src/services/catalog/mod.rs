//! The catalogue: what the vendor sells, at what prices, taxed and discounted how. A subscription takes its terms from here once and
//! keeps them.
//!
//! What deliberately does not live here: what a price comes to (`billing::price`), and who subscribed to it (`subscriptions`).

mod add_ons;
mod coupons;
mod offers;
mod products;
mod promotions;
mod rates;
mod terms;
mod thresholds;

pub use add_ons::{AddOn, add_on, add_on_terms, add_ons, add_ons_for, create_add_on, retire_add_on};
pub use coupons::{CouponRecord, Redemption, coupon_by_key, coupons, create_coupon, find_coupon, give_back, redeem, reserve, retire_coupon};
pub use offers::{
    KeptPrice, MOST_KEY, NewMeter, NewPlan, NewPrice, Plan, add_price, create_meter, create_plan, find_plan, is_key, plan, plan_by_key, plans, prices,
    publish_plan, retire_plan,
};
pub use products::{
    NewProduct, Product, ProductKind, ProductPrice, TopUpLimit, create_product, find_product, product_by_key, products, retire_product, set_top_up_limit,
    top_up_limit, top_up_limits,
};
pub use promotions::{
    NewPromotionCode, PromotionCode, create_promotion_code, promotion_code, promotion_code_for, promotion_codes, redeemable, retire_promotion_code,
};
pub use rates::{KeptTaxRate, MOST_RATE_KEY, create_tax_rate, end_tax_rate, exchange_rates_to, set_exchange_rate, tax_rate, tax_rates, tax_rates_of};
pub use terms::{Offer, interval_for, offers, plan_terms};
pub use thresholds::{InvoiceThreshold, invoice_thresholds, set_invoice_threshold};

use billing::calendar::{Interval, Unit};

use offers::check_key;

use crate::services::{Desk, Refusal};

/// Appends an event of the catalogue; what was read of the catalogue before holds no longer.
async fn record(desk: &mut Desk, kind: &'static str, subject_id: &str, data: serde_json::Value) -> Result<(), Refusal> {
    desk.settings_changed().await?;
    desk.record(kind, None, subject_id, data).await
}

/// A unit as columns keep it.
pub fn unit_name(unit: Unit) -> &'static str {
    match unit {
        Unit::Day => "day",
        Unit::Week => "week",
        Unit::Month => "month",
        Unit::Year => "year",
    }
}

/// The interval two columns hold.
pub fn interval_of(unit: &str, count: i64) -> Result<Interval, Refusal> {
    let unit = [Unit::Day, Unit::Week, Unit::Month, Unit::Year].into_iter().find(|u| unit_name(*u) == unit).ok_or_else(|| Refusal::damaged(unit))?;
    Interval::new(unit, u32::try_from(count).map_err(Refusal::damaged)?).map_err(Refusal::damaged)
}

//! Coupons on a subscription: redeemed, replaced, and what has become of them.

use billing::calendar::Instant;
use billing::discount::{AppliedDiscount, Coupon, Discount};
use billing::money::Currency;
use serde::{Deserialize, Serialize};
use sqlx::FromRow;

use super::glance::Glance;
use super::record::Subscription;
use crate::platform::clock::from_ms;
use crate::platform::db::Many;
use crate::sentence;
use crate::services::catalog::{self, Redemption};
use crate::services::{Desk, Refusal};

/// A coupon on a subscription.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Redeemed {
    pub id: String,
    pub coupon_id: String,
    pub coupon: Coupon,
    /// What was typed to get it; none: the vendor gave it.
    #[serde(default)]
    pub promotion_code_id: Option<String>,
    /// When it came onto the subscription; none: it is still to.
    #[serde(default)]
    pub redeemed_at: Option<Instant>,
    pub first_period_start: Option<Instant>,
}

#[derive(FromRow)]
struct RedeemedRow {
    id: String,
    coupon_id: String,
    coupon: String,
    promotion_code_id: Option<String>,
    first_period_start_at: Option<i64>,
    created_at: i64,
}

/// The question of [`load`], for what is read ahead.
pub(super) const OF_SUBSCRIPTION: &str = "discounts of a subscription";

#[derive(FromRow)]
struct RowOfSeveral {
    subscription_id: String,
    #[sqlx(flatten)]
    row: RedeemedRow,
}

static OF_SUBSCRIPTIONS: Many = Many {
    before: "SELECT d.subscription_id, d.id, d.coupon_id, d.coupon, d.promotion_code_id, d.first_period_start_at, d.created_at FROM (VALUES",
    columns: 2,
    after: ") AS v CROSS JOIN discounts d WHERE d.vendor_id = v.column1 AND d.subscription_id = v.column2 AND d.removed_at IS NULL ORDER BY d.position, d.id",
    of_each: false,
};

/// The coupons on several subscriptions, each with the subscription it is on, in order of application.
pub(super) async fn of_subscriptions(desk: &mut Desk, subscription_ids: &[String]) -> Result<Vec<(String, Redeemed)>, Refusal> {
    let rows = desk.each(subscription_ids);
    let rows: Vec<RowOfSeveral> = desk.tx.all_of(&OF_SUBSCRIPTIONS, rows).await?;
    rows.into_iter().map(|RowOfSeveral { subscription_id, row }| Ok((subscription_id, row.try_into()?))).collect()
}

impl TryFrom<RedeemedRow> for Redeemed {
    type Error = Refusal;
    fn try_from(row: RedeemedRow) -> Result<Redeemed, Refusal> {
        let coupon = serde_json::from_str(&row.coupon).map_err(Refusal::damaged)?;
        Ok(Redeemed {
            id: row.id,
            coupon_id: row.coupon_id,
            coupon,
            promotion_code_id: row.promotion_code_id,
            redeemed_at: Some(from_ms(row.created_at)),
            first_period_start: row.first_period_start_at.map(from_ms),
        })
    }
}

/// The coupons on a subscription, in order of application.
pub async fn load(desk: &mut Desk, subscription_id: &str) -> Result<Vec<Redeemed>, Refusal> {
    if let Some(list) = desk.recall(OF_SUBSCRIPTION, subscription_id) {
        return Ok(list);
    }
    let rows: Vec<RedeemedRow> = desk
        .tx
        .all(
            "SELECT id, coupon_id, coupon, promotion_code_id, first_period_start_at, created_at FROM discounts WHERE vendor_id = $1 AND subscription_id = $2 AND removed_at IS NULL ORDER BY position, id",
            (desk.vendor.id.clone(), subscription_id.to_owned()),
        )
        .await?;
    let list: Vec<Redeemed> = rows.into_iter().map(Redeemed::try_from).collect::<Result<_, _>>()?;
    desk.keep(OF_SUBSCRIPTION, subscription_id, &list);
    Ok(list)
}

/// The same, without asking where the customer has none.
pub async fn on(desk: &mut Desk, s: &Subscription) -> Result<Vec<Redeemed>, Refusal> {
    Glance::of(desk, &s.customer_id).await?.discounts(desk, &s.id).await
}

/// The list that replaces `now`: a coupon that stays keeps what has become of it, a new one is redeemed, which must be of use in the
/// subscription's currency. Also what is to be counted once the list holds.
pub async fn replaced(desk: &mut Desk, now: &[Redeemed], keys: &[String], currency: Currency) -> Result<(Vec<Redeemed>, Vec<Redemption>), Refusal> {
    let (mut list, mut redeems): (Vec<Redeemed>, Vec<Redemption>) = (Vec::new(), Vec::new());
    for key in keys {
        if list.iter().any(|redeemed| redeemed.coupon.key == *key) {
            return Err(Refusal::Rule(sentence!("refusal-coupon-twice", code = key)));
        }
        if let Some(stays) = now.iter().find(|redeemed| redeemed.coupon.key == *key) {
            list.push(stays.clone());
            continue;
        }
        let record = catalog::coupon_by_key(desk, key).await?;
        if record.retired_at.is_some() {
            return Err(Refusal::Rule(sentence!("refusal-coupon-retired", code = key)));
        }
        if record.is_used_up() {
            return Err(Refusal::Rule(sentence!("refusal-coupon-used-up", code = key)));
        }
        record.coupon()?.check_currency(currency)?;
        let redemption = Redemption { coupon: record, promotion: None };
        list.push(redeemed(desk, &redemption)?);
        redeems.push(redemption);
    }
    Ok((list, redeems))
}

fn redeemed(desk: &Desk, redemption: &Redemption) -> Result<Redeemed, Refusal> {
    Ok(Redeemed {
        id: desk.new_id("dsc"),
        coupon_id: redemption.coupon.id.clone(),
        coupon: redemption.coupon.coupon()?,
        promotion_code_id: redemption.promotion.as_ref().map(|promotion| promotion.id.clone()),
        redeemed_at: None,
        first_period_start: None,
    })
}

/// The list with what a promotion code gives a customer for a plan in a currency, as the last of it; and what is to be counted for that.
pub(super) async fn with_promotion(
    desk: &mut Desk,
    mut list: Vec<Redeemed>,
    typed: &str,
    (customer_id, plan_id, currency): (&str, &str, Currency),
) -> Result<(Vec<Redeemed>, Redemption), Refusal> {
    let redemption = catalog::redeemable(desk, typed, customer_id, plan_id, currency).await?;
    if list.iter().any(|has| has.coupon_id == redemption.coupon.id) {
        let code = redemption.promotion.as_ref().map_or(typed, |promotion| &promotion.code);
        return Err(Refusal::field("promotion_code", sentence!("promotion-on-it", code = code)));
    }
    list.push(redeemed(desk, &redemption)?);
    Ok((list, redemption))
}

/// A list that was planned, as it holds now, and the coupons new with it, which count from now on. One that others have used up since is
/// left off: its limit is the vendor's word to everybody.
pub(super) async fn taken_up(desk: &mut Desk, now: &[Redeemed], planned: Vec<Redeemed>) -> Result<(Vec<Redeemed>, Vec<Redemption>), Refusal> {
    let (mut list, mut redeems) = (Vec::with_capacity(planned.len()), Vec::new());
    for redeemed in planned {
        if let Some(stays) = now.iter().find(|now| now.coupon_id == redeemed.coupon_id) {
            list.push(stays.clone());
            continue;
        }
        let coupon = catalog::coupon_by_key(desk, &redeemed.coupon.key).await?;
        let promotion = match &redeemed.promotion_code_id {
            Some(id) => Some(catalog::promotion_code(desk, id).await?),
            None => None,
        };
        if !coupon.is_used_up() && !promotion.as_ref().is_some_and(|promotion| promotion.is_used_up()) {
            list.push(redeemed);
            redeems.push(Redemption { coupon, promotion });
        }
    }
    Ok((list, redeems))
}

/// As the engine takes them.
pub fn for_engine(subscription: &Subscription, list: &[Redeemed]) -> Vec<Discount> {
    list.iter().map(|redeemed| redeemed.for_engine(subscription)).collect()
}

impl Redeemed {
    /// As the engine takes it.
    pub fn for_engine(&self, subscription: &Subscription) -> Discount {
        Discount { subscription: subscription.id.clone(), coupon: self.coupon.clone(), zone: subscription.zone, first_period_start: self.first_period_start }
    }
}

/// What a document did to them.
pub fn note_applied(subscription_id: &str, list: &mut [Redeemed], applied: &[AppliedDiscount]) {
    for discount in applied.iter().filter(|discount| discount.subscription == subscription_id) {
        for redeemed in list.iter_mut().filter(|redeemed| redeemed.coupon.key == discount.coupon) {
            redeemed.first_period_start = discount.first_period_start;
        }
    }
}

/// Writes the list as it now stands: new ones added, absent ones taken off.
pub(super) async fn save(desk: &mut Desk, subscription_id: &str, list: &[Redeemed]) -> Result<(), Refusal> {
    let before = load(desk, subscription_id).await?;
    for gone in before.iter().filter(|old| !list.iter().any(|kept| kept.id == old.id)) {
        desk.tx
            .run("UPDATE discounts SET removed_at = $3 WHERE vendor_id = $1 AND id = $2", (desk.vendor.id.clone(), gone.id.clone(), desk.now.billing_ms()))
            .await?;
    }
    for (position, redeemed) in (0_i64..).zip(list) {
        let first = redeemed.first_period_start.map(|at| at.timestamp_millis());
        // Positions are kept as the list has them, so what stands in its place stands there in the record too.
        let stood = usize::try_from(position).ok().and_then(|position| before.get(position));
        if stood.is_some_and(|old| old.id == redeemed.id && old.first_period_start == redeemed.first_period_start) {
            continue;
        }
        let coupon = serde_json::to_string(&redeemed.coupon).map_err(Refusal::damaged)?;
        desk.tx
            .run(
                "INSERT INTO discounts (vendor_id, id, subscription_id, coupon_id, coupon, position, first_period_start_at, created_at, promotion_code_id)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
                 ON CONFLICT (vendor_id, id) DO UPDATE SET position = excluded.position, first_period_start_at = excluded.first_period_start_at",
                (
                    desk.vendor.id.clone(),
                    redeemed.id.clone(),
                    subscription_id.to_owned(),
                    redeemed.coupon_id.clone(),
                    coupon,
                    position,
                    first,
                    desk.now.billing_ms(),
                    redeemed.promotion_code_id.clone(),
                ),
            )
            .await?;
    }
    Ok(())
}

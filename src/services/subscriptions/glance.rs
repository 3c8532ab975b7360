//! A customer at a glance: when something is first due for them, and how much they have of what most customers have nothing of; and how their
//! vendor stands, which is asked next. One statement instead of one for each; what is not there is not asked for.

use std::collections::HashMap;

use billing::calendar::Instant;
use sqlx::FromRow;

use super::discounts::{self, Redeemed};
use crate::platform::clock::from_ms;
use crate::platform::db::Many;
use crate::services::desk::{Standing, standing_columns};
use crate::services::{Desk, Refusal};

/// Instants are unix ms.
#[derive(Clone, Copy, Debug, FromRow)]
pub(super) struct Glance {
    /// Lines that wait for a document.
    pub pending: i64,
    /// When the first of those that wait for a time of their own is due.
    charge_due_at: Option<i64>,
    /// Credits that are not used up.
    pub credits: i64,
    /// When the first of them expires.
    credit_expires_at: Option<i64>,
    /// From when usage came late.
    pub late_from_at: Option<i64>,
    /// Coupons on any of their subscriptions.
    discounts: i64,
    /// Limits on what usage costs.
    pub limits: i64,
    /// When something is first due of a subscription that no quote holds, and when of its usage.
    subscription_due_at: Option<i64>,
    usage_due_at: Option<i64>,
}

/// Whether one-off charges of the last instant itself are due with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Charges {
    OfThatInstantToo,
    /// Something else is about to make a document at that instant, which they will share.
    OnlyBefore,
}

#[derive(FromRow)]
struct OfCustomer {
    customer_id: String,
    #[sqlx(flatten)]
    glance: Glance,
    #[sqlx(flatten)]
    standing: Standing,
}

/// The least of `due_at + 0`: of the column itself Postgres would look for the vendor's least, in its index, until one is the customer's.
static OF_EACH: Many = Many {
    before: concat!(
        "SELECT v.column2 AS customer_id,
            (SELECT COUNT(*) FROM pending_lines p WHERE p.vendor_id = v.column1 AND p.customer_id = v.column2) AS pending,
            (SELECT MIN(p.due_at + 0) FROM pending_lines p WHERE p.vendor_id = v.column1 AND p.customer_id = v.column2) AS charge_due_at,
            (SELECT COUNT(*) FROM balance_credits b WHERE b.vendor_id = v.column1 AND b.customer_id = v.column2 AND b.used_up_at IS NULL) AS credits,
            (SELECT MIN(b.expires_at + 0) FROM balance_credits b WHERE b.vendor_id = v.column1 AND b.customer_id = v.column2 AND b.used_up_at IS NULL) AS credit_expires_at,
            (SELECT l.late_from_at FROM late_usage l WHERE l.vendor_id = v.column1 AND l.customer_id = v.column2) AS late_from_at,
            (SELECT COUNT(*) FROM discounts d JOIN subscriptions s ON s.vendor_id = d.vendor_id AND s.id = d.subscription_id
                WHERE s.vendor_id = v.column1 AND s.customer_id = v.column2 AND d.removed_at IS NULL) AS discounts,
            (SELECT COUNT(*) FROM spend_limits l WHERE l.vendor_id = v.column1 AND l.customer_id = v.column2) AS limits,
            (SELECT MIN(s.due_at + 0) FROM subscriptions s WHERE s.vendor_id = v.column1 AND s.customer_id = v.column2
                AND (s.held_until_at IS NULL OR s.held_until_at <= v.column3)) AS subscription_due_at,
            (SELECT MIN(d.due_at + 0) FROM usage_due d JOIN subscriptions s ON s.vendor_id = d.vendor_id AND s.id = d.subscription_id
                WHERE d.vendor_id = v.column1 AND d.customer_id = v.column2 AND (s.held_until_at IS NULL OR s.held_until_at <= v.column3)) AS usage_due_at, ",
        standing_columns!(),
        " FROM (VALUES"
    ),
    columns: 3,
    after: ") AS v CROSS JOIN vendors w WHERE w.id = v.column1",
    of_each: false,
};

/// The question of [`Glance::of`].
pub(super) const GLANCE: &str = "a customer at a glance";

impl Glance {
    /// Of one customer. On a desk that writes and has them locked it holds until something of them is written.
    pub async fn of(desk: &mut Desk, customer_id: &str) -> Result<Glance, Refusal> {
        if let Some(glance) = desk.recall(GLANCE, customer_id) {
            return Ok(glance);
        }
        let found = Glance::of_each(desk, &[customer_id.to_owned()]).await?;
        let glance = *found.get(customer_id).ok_or(Refusal::NotFound)?;
        desk.keep_of_customer(GLANCE, customer_id, &glance);
        Ok(glance)
    }

    /// Of several, by their ids.
    pub async fn of_each(desk: &mut Desk, customer_ids: &[String]) -> Result<HashMap<String, Glance>, Refusal> {
        let wall_ms = desk.now.wall_ms();
        let rows: Vec<(String, String, i64)> = customer_ids.iter().map(|id| (desk.vendor.id.clone(), id.clone(), wall_ms)).collect();
        let found: Vec<OfCustomer> = desk.tx.all_of(&OF_EACH, rows).await?;
        if let Some(OfCustomer { standing, .. }) = found.first() {
            desk.note_standing(*standing);
        }
        Ok(found.into_iter().map(|OfCustomer { customer_id, glance, .. }| (customer_id, glance)).collect())
    }

    /// When something is first due.
    pub fn first_due(self) -> Option<Instant> {
        let due = [self.subscription_due_at, self.charge_due_at, self.usage_due_at, self.credit_expires_at];
        due.into_iter().flatten().min().map(from_ms)
    }

    /// The same by an instant.
    pub fn first_due_by(self, until: Instant, charges: Charges) -> Option<Instant> {
        let due = |at: Option<i64>| at.map(from_ms).filter(|at| *at <= until);
        let charge = due(self.charge_due_at).filter(|at| charges == Charges::OfThatInstantToo || *at < until);
        [due(self.subscription_due_at), charge, due(self.usage_due_at), due(self.credit_expires_at)].into_iter().flatten().min()
    }

    /// Whether usage of theirs is to be invoiced before its period ends.
    pub fn has_usage_due(self) -> bool {
        self.usage_due_at.is_some()
    }

    pub fn has_discounts(self) -> bool {
        self.discounts > 0
    }

    /// The coupons on a subscription of the customer.
    pub async fn discounts(self, desk: &mut Desk, subscription_id: &str) -> Result<Vec<Redeemed>, Refusal> {
        if self.has_discounts() { discounts::load(desk, subscription_id).await } else { Ok(Vec::new()) }
    }
}

//! Credit that leaves the balance because the money it was paid with goes back, or is disputed, and comes in again where that was refused, or
//! is won.

use sqlx::FromRow;

use super::{left_of_credit, mark_used, touch};
use crate::services::{Desk, Refusal};

/// What is left of a credit that a purchase gave.
#[derive(Clone, Debug, FromRow)]
pub(crate) struct GivenCredit {
    pub id: String,
    /// What paid for the purchase.
    pub payment_id: String,
    /// Whether it was given on top of what was paid.
    pub is_bonus: bool,
    pub left_minor: i64,
}

/// Why credit leaves.
#[derive(Clone, Copy, Debug)]
pub(crate) enum With<'a> {
    Refund(&'a str),
    Dispute(&'a str),
}

/// What of a customer's purchase is left in the balance. The customer is locked.
pub(crate) async fn left_of_purchase(desk: &mut Desk, customer_id: &str, purchase_id: &str) -> Result<Vec<GivenCredit>, Refusal> {
    Ok(desk
        .tx
        .all(
            concat!(
                "SELECT b.id, p.id AS payment_id, b.source = 'bonus' AS is_bonus, ",
                left_of_credit!(),
                " FROM balance_credits b JOIN payments p ON p.vendor_id = b.vendor_id AND p.id = b.source_id
                 WHERE b.vendor_id = $1 AND b.customer_id = $2 AND b.used_up_at IS NULL AND b.source IN ('top_up', 'bonus') AND p.purchase_id = $3 ORDER BY b.id"
            ),
            (desk.vendor.id.clone(), customer_id.to_owned(), purchase_id.to_owned()),
        )
        .await?)
}

/// So much of a credit leaves with a refund or a dispute; below zero, it comes in again. Its ledger entries are the caller's.
pub(crate) async fn take_out(desk: &mut Desk, customer_id: &str, credit_id: &str, with: With<'_>, amount_minor: i64) -> Result<(), Refusal> {
    let id = desk.new_id("brt");
    let (refund_id, dispute_id) = match with {
        With::Refund(id) => (Some(id.to_owned()), None),
        With::Dispute(id) => (None, Some(id.to_owned())),
    };
    let row = (desk.vendor.id.clone(), id, credit_id.to_owned(), refund_id, dispute_id, amount_minor, desk.now.billing_ms());
    desk.tx
        .run(
            "INSERT INTO balance_returns (vendor_id, id, balance_credit_id, refund_id, dispute_id, amount_minor, moved_at) VALUES ($1, $2, $3, $4, $5, $6, $7)",
            row,
        )
        .await?;
    mark_used(desk, credit_id).await?;
    touch(desk, customer_id).await
}

/// What left with a refund or a dispute: credit, whether it was given on top, and how much.
pub(crate) async fn taken_out_with(desk: &mut Desk, (With::Refund(id) | With::Dispute(id)): With<'_>) -> Result<Vec<(String, bool, i64)>, Refusal> {
    Ok(desk
        .tx
        .all(
            "SELECT b.id, b.source = 'bonus', r.amount_minor FROM balance_returns r JOIN balance_credits b ON b.vendor_id = r.vendor_id AND b.id = r.balance_credit_id
             WHERE r.vendor_id = $1 AND (r.refund_id = $2 OR r.dispute_id = $2) AND r.amount_minor > 0 ORDER BY r.id",
            (desk.vendor.id.clone(), id.to_owned()),
        )
        .await?)
}

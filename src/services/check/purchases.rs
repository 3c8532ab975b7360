//! Purchases: what was paid was given, once, and nothing that was not paid.

use billing::ledger;
use sqlx::FromRow;

use super::postings::{Derived, Posted, with_postings};
use super::{Counts, Held, Stop, broken, count, same};
use crate::services::Desk;

#[derive(FromRow)]
struct PurchaseRow {
    id: String,
    kind: String,
    status: String,
    amount_minor: i64,
    credit_minor: i64,
    has_invoice: bool,
    is_dated: bool,
    /// Payments of it that succeeded, and of those what went into the balance for it.
    payments: i64,
    paid_in_minor: i64,
    paid_in: i64,
}

/// One that is done gave credit by one payment of its amount, or has its invoice; one that is not gave nothing.
pub(super) async fn hold(desk: &mut Desk, counts: &mut Counts) -> Held {
    let take = |row: PurchaseRow| {
        let id = row.id.as_str();
        let is_service = match row.kind.as_str() {
            "service" => true,
            "top_up" | "credit_pack" => false,
            other => return Err(broken("purchases", id, "kind", "one that is known", other)),
        };
        let is_done = match row.status.as_str() {
            "done" => true,
            "open" | "undone" => false,
            other => return Err(broken("purchases", id, "status", "open, done or undone", other)),
        };
        let told = |is_set: bool| if is_set { "set" } else { "nothing" };
        same("purchases", id, &format!("done_at, being {},", row.status), told(row.status != "open"), told(row.is_dated))?;
        same("purchases", id, &format!("invoice_id of a {} that is {},", row.kind, row.status), told(is_service && is_done), told(row.has_invoice))?;
        if row.status == "open" && row.payments > 0 {
            return Err(broken("purchases", id, "status, being paid,", "done or undone", "open"));
        }
        let (credits, paid_in_minor) = if is_done && !is_service { (1, row.amount_minor) } else { (0, 0) };
        same("purchases", id, "the number of credits it gave for what was paid", credits, row.paid_in)?;
        same("purchases", id, "what was paid into the balance for it", paid_in_minor, row.paid_in_minor)?;
        let is_worth_it = if is_service { row.credit_minor == 0 } else { row.credit_minor >= row.amount_minor };
        if !is_worth_it {
            let expected = if is_service { "0".to_owned() } else { format!("at least the {} that is paid", row.amount_minor) };
            return Err(broken("purchases", id, "credit_minor", expected, row.credit_minor));
        }
        count(counts, "purchases");
        Ok::<(), Stop>(())
    };
    desk.tx
        .each(
            "SELECT u.id, u.kind, u.status, u.amount_minor, u.credit_minor, u.invoice_id IS NOT NULL AS has_invoice, u.done_at IS NOT NULL AS is_dated,
                COALESCE(p.number, 0) AS payments, CAST(COALESCE(p.minor, 0) AS BIGINT) AS paid_in_minor, COALESCE(p.credits, 0) AS paid_in
             FROM purchases u LEFT JOIN (SELECT p.purchase_id, COUNT(*) AS number, COUNT(b.id) AS credits, SUM(b.amount_minor) AS minor
                    FROM payments p LEFT JOIN balance_credits b ON b.vendor_id = p.vendor_id AND b.source_id = p.id AND b.source = 'top_up'
                    WHERE p.vendor_id = $1 AND p.purchase_id IS NOT NULL AND p.status = 'succeeded' GROUP BY p.purchase_id) p ON p.purchase_id = u.id
             WHERE u.vendor_id = $1",
            (desk.vendor.id.clone(),),
            take,
        )
        .await?;
    refunds(desk).await
}

#[derive(FromRow)]
struct RefundRow {
    #[sqlx(flatten)]
    posted: Posted,
    is_of_purchase: bool,
    status: String,
    amount_minor: i64,
    /// What left the balance of what had been paid in, and of what was given on top; and what came in again.
    paid_out_minor: i64,
    bonus_out_minor: i64,
    paid_in_minor: i64,
    bonus_in_minor: i64,
}

/// What goes back of a purchase left the balance, with what was given on top; all of it came in again where it was refused.
async fn refunds(desk: &mut Desk) -> Held {
    let take = |row: RefundRow| {
        let id = row.posted.id.as_str();
        let out_minor = if row.is_of_purchase { row.amount_minor } else { 0 };
        same("refunds", id, "what left the balance for it", out_minor, row.paid_out_minor)?;
        let (paid_in, bonus_in) = if row.status == "refused" { (out_minor, row.bonus_out_minor) } else { (0, 0) };
        same("refunds", id, &format!("what came into the balance again, being {},", row.status), paid_in, row.paid_in_minor)?;
        same("refunds", id, &format!("what was given on top and came into the balance again, being {},", row.status), bonus_in, row.bonus_in_minor)?;
        row.posted.is_exactly(&[
            Derived::one(ledger::balance_top_up_taken_back(out_minor)?),
            Derived::one(ledger::granted_taken_back(row.bonus_out_minor)?),
            Derived::one(ledger::balance_topped_up(paid_in)?),
            Derived::one(ledger::balance_granted(bonus_in)?),
        ])
    };
    desk.tx
        .each(
            with_postings!(
                "s.purchase_id IS NOT NULL AS is_of_purchase, s.status, s.amount_minor, CAST(COALESCE(m.paid_out, 0) AS BIGINT) AS paid_out_minor,
                    CAST(COALESCE(m.bonus_out, 0) AS BIGINT) AS bonus_out_minor, CAST(COALESCE(m.paid_in, 0) AS BIGINT) AS paid_in_minor,
                    CAST(COALESCE(m.bonus_in, 0) AS BIGINT) AS bonus_in_minor",
                "refunds s
                    LEFT JOIN (SELECT r.refund_id, SUM(CASE WHEN r.amount_minor > 0 AND b.source = 'top_up' THEN r.amount_minor ELSE 0 END) AS paid_out,
                            SUM(CASE WHEN r.amount_minor > 0 AND b.source = 'bonus' THEN r.amount_minor ELSE 0 END) AS bonus_out,
                            SUM(CASE WHEN r.amount_minor < 0 AND b.source = 'top_up' THEN -r.amount_minor ELSE 0 END) AS paid_in,
                            SUM(CASE WHEN r.amount_minor < 0 AND b.source = 'bonus' THEN -r.amount_minor ELSE 0 END) AS bonus_in
                        FROM balance_returns r JOIN balance_credits b ON b.vendor_id = r.vendor_id AND b.id = r.balance_credit_id
                        WHERE r.vendor_id = $1 GROUP BY r.refund_id) m ON m.refund_id = s.id"
            ),
            (desk.vendor.id.clone(),),
            take,
        )
        .await
}

//! Purchases: what was paid was given, once, and nothing that was not paid.

use sqlx::FromRow;

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
        .await
}

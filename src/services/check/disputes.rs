//! Disputes: each is of a payment that came in, for no more than it; its money is set aside while it is open, and where its end put it after.

use billing::{ledger, money};
use sqlx::FromRow;

use super::postings::{Derived, Posted, with_postings};
use super::{Counts, Held, Stop, broken, count, same, shown};
use crate::services::Desk;

#[derive(FromRow)]
struct DisputeRow {
    #[sqlx(flatten)]
    posted: Posted,
    amount_minor: i64,
    status: String,
    reopened_minor: i64,
    payment_status: Option<String>,
    paid_minor: Option<i64>,
    allocated_minor: i64,
}

pub(super) async fn hold(desk: &mut Desk, counts: &mut Counts) -> Held {
    let take = |row: DisputeRow| {
        let id = row.posted.id.as_str();
        same("disputes", id, "the status of its payment", "succeeded", shown(row.payment_status).as_str())?;
        if row.paid_minor.is_none_or(|paid| row.amount_minor > paid) {
            return Err(broken("disputes", id, "amount_minor", format!("at most the {} that was paid", shown(row.paid_minor)), row.amount_minor));
        }
        let mut derived = vec![Derived::one(ledger::payment_disputed(row.amount_minor)?)];
        match row.status.as_str() {
            "open" => {}
            "won" => derived.push(Derived::one(ledger::dispute_won(row.amount_minor)?)),
            "lost" => {
                derived.push(Derived::one(ledger::dispute_lost(row.reopened_minor)?));
                derived.push(Derived::one(ledger::dispute_written_off(money::sub(row.amount_minor, row.reopened_minor)?)?));
            }
            other => return Err(broken("disputes", id, "status", "open, won or lost", other)),
        }
        same("disputes", id, "what its invoice is due again", money::neg(row.reopened_minor)?, row.allocated_minor)?;
        row.posted.is_exactly(&derived)?;
        count(counts, "disputes");
        Ok::<(), Stop>(())
    };
    desk.tx
        .each(
            with_postings!(
                "s.amount_minor, s.status, s.reopened_minor, p.status AS payment_status, p.amount_minor AS paid_minor,
                    CAST(COALESCE(a.minor, 0) AS BIGINT) AS allocated_minor",
                "disputes s
                    LEFT JOIN payments p ON p.vendor_id = s.vendor_id AND p.id = s.payment_id
                    LEFT JOIN (SELECT dispute_id, SUM(amount_minor) AS minor FROM allocations WHERE vendor_id = $1 AND dispute_id IS NOT NULL GROUP BY dispute_id) a
                        ON a.dispute_id = s.id"
            ),
            (desk.vendor.id.clone(),),
            take,
        )
        .await
}

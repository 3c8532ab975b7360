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
    /// Credit that was held back for it and came in again, of what was paid in and of what was given on top.
    held_minor: i64,
    bonus_held_minor: i64,
    let_go_minor: i64,
    bonus_let_go_minor: i64,
}

pub(super) async fn hold(desk: &mut Desk, counts: &mut Counts) -> Held {
    let take = |row: DisputeRow| {
        let id = row.posted.id.as_str();
        same("disputes", id, "the status of its payment", "succeeded", shown(row.payment_status).as_str())?;
        if row.paid_minor.is_none_or(|paid| row.amount_minor > paid) {
            return Err(broken("disputes", id, "amount_minor", format!("at most the {} that was paid", shown(row.paid_minor)), row.amount_minor));
        }
        let mut derived = vec![
            Derived::one(ledger::payment_disputed(row.amount_minor)?),
            Derived::one(ledger::disputed_credit_held(row.held_minor)?),
            Derived::one(ledger::granted_taken_back(row.bonus_held_minor)?),
            Derived::one(ledger::disputed_credit_let_go(row.let_go_minor)?),
            Derived::one(ledger::balance_granted(row.bonus_let_go_minor)?),
        ];
        let (let_go, bonus_let_go) = if row.status == "won" { (row.held_minor, row.bonus_held_minor) } else { (0, 0) };
        same("disputes", id, &format!("the credit that came in again, being {},", row.status), let_go, row.let_go_minor)?;
        same("disputes", id, &format!("the credit given on top that came in again, being {},", row.status), bonus_let_go, row.bonus_let_go_minor)?;
        match row.status.as_str() {
            "open" => {}
            "won" => derived.push(Derived::one(ledger::dispute_won(row.amount_minor)?)),
            "lost" => {
                derived.push(Derived::one(ledger::dispute_lost(row.reopened_minor)?));
                let gone = money::add(row.reopened_minor, row.held_minor)?;
                derived.push(Derived::one(ledger::dispute_written_off(money::sub(row.amount_minor, gone)?)?));
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
                    CAST(COALESCE(a.minor, 0) AS BIGINT) AS allocated_minor, CAST(COALESCE(m.held, 0) AS BIGINT) AS held_minor,
                    CAST(COALESCE(m.bonus_held, 0) AS BIGINT) AS bonus_held_minor, CAST(COALESCE(m.let_go, 0) AS BIGINT) AS let_go_minor,
                    CAST(COALESCE(m.bonus_let_go, 0) AS BIGINT) AS bonus_let_go_minor",
                "disputes s
                    LEFT JOIN payments p ON p.vendor_id = s.vendor_id AND p.id = s.payment_id
                    LEFT JOIN (SELECT dispute_id, SUM(amount_minor) AS minor FROM allocations WHERE vendor_id = $1 AND dispute_id IS NOT NULL GROUP BY dispute_id) a
                        ON a.dispute_id = s.id
                    LEFT JOIN (SELECT r.dispute_id, SUM(CASE WHEN r.amount_minor > 0 AND b.source = 'top_up' THEN r.amount_minor ELSE 0 END) AS held,
                            SUM(CASE WHEN r.amount_minor > 0 AND b.source = 'bonus' THEN r.amount_minor ELSE 0 END) AS bonus_held,
                            SUM(CASE WHEN r.amount_minor < 0 AND b.source = 'top_up' THEN -r.amount_minor ELSE 0 END) AS let_go,
                            SUM(CASE WHEN r.amount_minor < 0 AND b.source = 'bonus' THEN -r.amount_minor ELSE 0 END) AS bonus_let_go
                        FROM balance_returns r JOIN balance_credits b ON b.vendor_id = r.vendor_id AND b.id = r.balance_credit_id
                        WHERE r.vendor_id = $1 GROUP BY r.dispute_id) m ON m.dispute_id = s.id"
            ),
            (desk.vendor.id.clone(),),
            take,
        )
        .await
}

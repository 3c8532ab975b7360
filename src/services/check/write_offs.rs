//! Write-offs: each settles its invoice by as much as stands of it, which is never more than was written off and never less than nothing, and
//! its postings say the same.

use billing::{ledger, money};
use sqlx::FromRow;

use super::postings::{Derived, Posted, with_postings};
use super::{Counts, Held, Stop, broken, count, same, shown};
use crate::services::Desk;

#[derive(FromRow)]
struct WriteOffRow {
    #[sqlx(flatten)]
    posted: Posted,
    amount_minor: i64,
    written_off_by: String,
    invoice_customer_id: Option<String>,
    given_minor: i64,
    taken_back_minor: i64,
    times_taken_back: i64,
}

pub(super) async fn hold(desk: &mut Desk, counts: &mut Counts) -> Held {
    let take = |row: WriteOffRow| {
        let id = row.posted.id.as_str();
        if !["dunning", "vendor"].contains(&row.written_off_by.as_str()) {
            return Err(broken("write_offs", id, "written_off_by", "dunning or vendor", &row.written_off_by));
        }
        same("write_offs", id, "what its invoice was settled by it", row.amount_minor, row.given_minor)?;
        let back = money::neg(row.taken_back_minor)?;
        if back > row.amount_minor {
            return Err(broken("write_offs", id, "what was taken back of it", format!("at most {}", row.amount_minor), back));
        }
        same("write_offs", id, "the customer of its invoice", shown(row.invoice_customer_id.as_ref()).as_str(), row.posted.customer_id())?;
        row.posted.is_exactly(&[
            Derived::one(ledger::written_off(row.amount_minor)?),
            Derived { postings: row.times_taken_back, entries: ledger::write_off_taken_back(back)? },
        ])?;
        count(counts, "write-offs");
        Ok::<(), Stop>(())
    };
    desk.tx
        .each(
            with_postings!(
                "s.amount_minor, s.written_off_by, i.customer_id AS invoice_customer_id, CAST(COALESCE(a.given, 0) AS BIGINT) AS given_minor,
                    CAST(COALESCE(a.back, 0) AS BIGINT) AS taken_back_minor, COALESCE(a.times, 0) AS times_taken_back",
                "write_offs s
                    LEFT JOIN invoices i ON i.vendor_id = s.vendor_id AND i.id = s.invoice_id
                    LEFT JOIN (SELECT write_off_id, SUM(CASE WHEN amount_minor > 0 THEN amount_minor ELSE 0 END) AS given,
                            SUM(CASE WHEN amount_minor < 0 THEN amount_minor ELSE 0 END) AS back, COUNT(CASE WHEN amount_minor < 0 THEN 1 END) AS times
                        FROM allocations WHERE vendor_id = $1 AND write_off_id IS NOT NULL GROUP BY write_off_id) a ON a.write_off_id = s.id"
            ),
            (desk.vendor.id.clone(),),
            take,
        )
        .await
}

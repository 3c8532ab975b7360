//! Transfers: each is of an entry that came in by as much, came on the day that was booked and is posted no earlier, settles invoices and credits the balance with all of it while it stands, and with
//! nothing once it was taken back; its postings say the same.

use billing::calendar::local_date;
use billing::{ledger, money};
use sqlx::FromRow;

use super::postings::{Derived, Posted, with_postings};
use super::{Counts, Held, Stop, broken, count, same, shown};
use crate::platform::clock::from_ms;
use crate::services::Desk;

#[derive(FromRow)]
struct TransferRow {
    #[sqlx(flatten)]
    posted: Posted,
    amount_minor: i64,
    over_minor: i64,
    is_taken_back: bool,
    booked_on: Option<String>,
    received_at: i64,
    posted_at: i64,
    first_posted_at: Option<i64>,
    booked_minor: Option<i64>,
    allocations: i64,
    allocated_minor: i64,
    given_minor: i64,
    credited_minor: i64,
}

pub(super) async fn hold(desk: &mut Desk, counts: &mut Counts) -> Held {
    let (vendor, zone) = (desk.vendor.id.clone(), desk.vendor.zone()?);
    let take = |row: TransferRow| {
        let id = row.posted.id.as_str();
        same("transfers", id, "amount_minor, as its entry has it,", shown(row.booked_minor), row.amount_minor.to_string())?;
        let to_invoices = money::sub(row.amount_minor, row.over_minor)?;
        let received_on = local_date(from_ms(row.received_at), zone).to_string();
        // An entry that was counted before its day came then.
        if row.booked_on.as_ref().is_none_or(|booked_on| received_on > *booked_on) {
            return Err(broken("transfers", id, "the day of received_at", format!("{} at the latest, when it was booked", shown(row.booked_on)), received_on));
        }
        if row.posted_at < row.received_at {
            return Err(broken("transfers", id, "posted_at", format!("at {} at the earliest, when it came", row.received_at), row.posted_at));
        }
        same("transfers", id, "what invoices were given of it", to_invoices, row.given_minor)?;
        let (allocated, credited) = if row.is_taken_back { (0, 0) } else { (to_invoices, row.over_minor) };
        same("transfers", id, "what invoices have of it", allocated, row.allocated_minor)?;
        same("transfers", id, "what the balance has of it", credited, row.credited_minor)?;
        let over = i64::from(row.over_minor > 0);
        let derived = if row.is_taken_back {
            let each = row.allocations / 2;
            vec![
                Derived { postings: each, entries: ledger::payment_received(to_invoices)? },
                Derived { postings: each, entries: ledger::payment_taken_back(to_invoices)? },
                Derived { postings: over, entries: ledger::balance_topped_up(row.over_minor)? },
                Derived { postings: over, entries: ledger::balance_top_up_taken_back(row.over_minor)? },
            ]
        } else {
            vec![
                Derived { postings: row.allocations, entries: ledger::payment_received(to_invoices)? },
                Derived { postings: over, entries: ledger::balance_topped_up(row.over_minor)? },
            ]
        };
        row.posted.is_exactly(&derived)?;
        same("transfers", id, "posted_at, as the ledger has it,", shown(row.first_posted_at), row.posted_at.to_string())?;
        count(counts, "transfers");
        Ok::<(), Stop>(())
    };
    desk.tx
        .each(
            with_postings!(
                "s.amount_minor, s.over_minor, s.taken_back_at IS NOT NULL AS is_taken_back, e.amount_minor AS booked_minor, e.booked_on, s.received_at, s.posted_at,
                    (SELECT MIN(x.posted_at) FROM ledger_entries x WHERE x.vendor_id = s.vendor_id AND x.subject_id = s.id) AS first_posted_at, COALESCE(a.number, 0) AS allocations,
                    CAST(COALESCE(a.minor, 0) AS BIGINT) AS allocated_minor, CAST(COALESCE(a.given, 0) AS BIGINT) AS given_minor,
                    CAST(COALESCE(b.minor, 0) AS BIGINT) AS credited_minor",
                "transfers s
                    LEFT JOIN bank_entries e ON e.vendor_id = s.vendor_id AND e.id = s.entry_id
                    LEFT JOIN (SELECT transfer_id, COUNT(*) AS number, SUM(amount_minor) AS minor, SUM(CASE WHEN amount_minor > 0 THEN amount_minor ELSE 0 END) AS given
                        FROM allocations WHERE vendor_id = $1 AND transfer_id IS NOT NULL GROUP BY transfer_id) a ON a.transfer_id = s.id
                    LEFT JOIN (SELECT source_id, SUM(amount_minor) AS minor FROM balance_credits WHERE vendor_id = $1 AND source = 'overpayment'
                        GROUP BY source_id) b ON b.source_id = s.id"
            ),
            (vendor.clone(),),
            take,
        )
        .await?;
    let astray: Option<(String, String)> = desk
        .tx
        .opt(
            "SELECT e.id, e.status FROM bank_entries e WHERE e.vendor_id = $1 AND e.amount_minor > 0 AND
                (e.status = 'matched') <> EXISTS (SELECT 1 FROM transfers t WHERE t.vendor_id = e.vendor_id AND t.entry_id = e.id AND t.taken_back_at IS NULL)
             ORDER BY e.id LIMIT 1",
            (vendor,),
        )
        .await?;
    match astray {
        None => Ok(()),
        Some((id, status)) if status == "matched" => Err(broken("bank_entries", &id, "its transfer, being matched,", "one that stands", "none")),
        Some((id, status)) => Err(broken("bank_entries", &id, &format!("its transfer, being {status},"), "none that stands", "one")),
    }
}

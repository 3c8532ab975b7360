//! The ledger written out, for accountants and to be compared. Nothing in it depends on ids that were made up on the way, so that the same
//! story has the same ledger on every database.

use std::ops::Range;

use billing::calendar::{Instant, Zone, local_date};
use billing::ledger::Account;
use serde::Serialize;
use sqlx::FromRow;

use crate::platform::clock::from_ms;
use crate::services::subscriptions::of_word;
use crate::services::{Desk, Refusal};

/// One entry, in the order of [`export`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Exported {
    /// The n-th posting written out, counted from 1: its entries sum to zero.
    pub posting: u64,
    /// The day it was posted on, in the vendor's zone, and the moment.
    pub date: String,
    pub posted_at: Instant,
    /// The vendor's own id of the customer, or its name.
    pub customer: String,
    /// What it is of: 'invoice' | 'credit_note' | 'payment' | 'transfer' | 'dispute' | 'credit' | 'withholding' | 'write_off'.
    pub subject: &'static str,
    /// The document's number; of a payment or transfer, the first invoice it paid; of a dispute, its payment's; of a write-off, its invoice's; of a credit, its description; of tax withheld, its certificate's number.
    pub reference: String,
    pub account: Account,
    pub currency: String,
    /// Debit positive.
    pub amount_minor: i64,
}

#[derive(FromRow)]
struct Row {
    posted_at: i64,
    posting_id: String,
    account: String,
    currency: String,
    amount_minor: i64,
    customer: String,
    kind: Option<String>,
    number: Option<String>,
    payment_id: Option<String>,
    transfer_id: Option<String>,
    dispute_id: Option<String>,
    refunded_name: Option<String>,
    paid_number: Option<String>,
    description: Option<String>,
    certificate_number: Option<String>,
    written_off_number: Option<String>,
}

/// Hands out every entry posted in a stretch of time, by moment, customer and document. Holds no more than one moment's at once.
pub async fn export(desk: &mut Desk, during: Range<Instant>, mut take: impl FnMut(Exported) -> Result<(), Refusal>) -> Result<(), Refusal> {
    let zone = desk.vendor.zone()?;
    let mut postings = 0;
    let mut moment: Vec<(String, Exported)> = Vec::new();
    let mut hand_out = |moment: &mut Vec<(String, Exported)>| in_order(std::mem::take(moment), &mut postings).into_iter().try_for_each(&mut take);
    desk.tx
        .each(
            "SELECT e.posted_at, e.posting_id, e.account, e.currency, e.amount_minor, COALESCE(c.external_id, c.name) AS customer, i.kind, i.number, p.id AS payment_id, t.id AS transfer_id, d.id AS dispute_id, u.name AS refunded_name,
                (SELECT MIN(x.number) FROM allocations a JOIN invoices x ON x.vendor_id = a.vendor_id AND x.id = a.invoice_id
                    WHERE a.vendor_id = e.vendor_id AND (a.payment_id = p.id OR a.payment_id = d.payment_id OR a.transfer_id = t.id)) AS paid_number, b.description, w.certificate_number, o.number AS written_off_number
             FROM ledger_entries e JOIN customers c ON c.vendor_id = e.vendor_id AND c.id = e.customer_id
                LEFT JOIN invoices i ON i.vendor_id = e.vendor_id AND i.id = e.subject_id
                LEFT JOIN payments p ON p.vendor_id = e.vendor_id AND p.id = e.subject_id
                LEFT JOIN disputes d ON d.vendor_id = e.vendor_id AND d.id = e.subject_id
                LEFT JOIN refunds r ON r.vendor_id = e.vendor_id AND r.id = e.subject_id
                LEFT JOIN purchases u ON u.vendor_id = r.vendor_id AND u.id = r.purchase_id
                LEFT JOIN transfers t ON t.vendor_id = e.vendor_id AND t.id = e.subject_id
                LEFT JOIN balance_credits b ON b.vendor_id = e.vendor_id AND b.id = e.subject_id
                LEFT JOIN withholdings w ON w.vendor_id = e.vendor_id AND w.id = e.subject_id
                LEFT JOIN write_offs f ON f.vendor_id = e.vendor_id AND f.id = e.subject_id
                LEFT JOIN invoices o ON o.vendor_id = f.vendor_id AND o.id = f.invoice_id
             WHERE e.vendor_id = $1 AND e.posted_at >= $2 AND e.posted_at < $3 ORDER BY e.posted_at",
            (desk.vendor.id.clone(), during.start.timestamp_millis(), during.end.timestamp_millis()),
            |row: Row| {
                let posted_at = from_ms(row.posted_at);
                if moment.last().is_some_and(|(_, before)| before.posted_at != posted_at) {
                    hand_out(&mut moment)?;
                }
                moment.push((row.posting_id.clone(), entry(row, posted_at, zone)?));
                Ok::<(), Refusal>(())
            },
        )
        .await?;
    hand_out(&mut moment)
}

fn entry(row: Row, posted_at: Instant, zone: Zone) -> Result<Exported, Refusal> {
    let (subject, reference) = match (row.kind.as_deref(), row.certificate_number) {
        (Some("credit_note"), _) => ("credit_note", row.number),
        (Some(_), _) => ("invoice", row.number),
        (None, Some(certificate)) => ("withholding", Some(certificate)),
        (None, None) if row.payment_id.is_some() => ("payment", row.paid_number),
        (None, None) if row.transfer_id.is_some() => ("transfer", row.paid_number),
        (None, None) if row.dispute_id.is_some() => ("dispute", row.paid_number),
        (None, None) if row.refunded_name.is_some() => ("refund", row.refunded_name),
        (None, None) if row.written_off_number.is_some() => ("write_off", row.written_off_number),
        (None, None) => ("credit", row.description),
    };
    Ok(Exported {
        posting: 0,
        date: local_date(posted_at, zone).to_string(),
        posted_at,
        customer: row.customer,
        subject,
        reference: reference.unwrap_or_default(),
        account: of_word(&row.account)?,
        currency: row.currency,
        amount_minor: row.amount_minor,
    })
}

/// The postings of one moment by what can be read of them, each one's entries by account; counted on.
fn in_order(moment: Vec<(String, Exported)>, postings: &mut u64) -> Vec<Exported> {
    let mut by_posting: std::collections::BTreeMap<String, Vec<Exported>> = std::collections::BTreeMap::new();
    for (posting, entry) in moment {
        by_posting.entry(posting).or_default().push(entry);
    }
    let mut ordered: Vec<Vec<Exported>> = by_posting.into_values().collect();
    ordered.iter_mut().for_each(|entries| entries.sort());
    ordered.sort();
    for entries in &mut ordered {
        *postings += 1;
        entries.iter_mut().for_each(|entry| entry.posting = *postings);
    }
    ordered.into_iter().flatten().collect()
}

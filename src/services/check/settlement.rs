//! What settles what: allocations against their invoices and against what they came from, balances used, corrections and refunds within
//! what was charged and paid.

use billing::invoice::DocumentKind;
use billing::money;
use sqlx::FromRow;

use super::{Counts, Held, Stop, broken, count, same, shown};
use crate::services::Desk;
use crate::services::subscriptions::of_word;

pub(super) async fn hold(desk: &mut Desk, counts: &mut Counts) -> Held {
    allocations(desk, counts).await?;
    invoices(desk).await?;
    balance_credits(desk, counts).await?;
    lines_taken_back(desk).await?;
    corrections(desk).await?;
    refunds(desk, counts).await?;
    payments(desk, counts).await
}

#[derive(FromRow)]
struct AllocationRow {
    id: String,
    kind: String,
    amount_minor: i64,
    payment_id: Option<String>,
    transfer_id: Option<String>,
    dispute_id: Option<String>,
    balance_credit_id: Option<String>,
    credit_note_id: Option<String>,
    withholding_id: Option<String>,
    write_off_id: Option<String>,
    customer_id: String,
    currency: String,
    payment_status: Option<String>,
    source_customer_id: Option<String>,
    source_currency: Option<String>,
    note_kind: Option<String>,
    corrects: Option<String>,
    withheld_minor: Option<i64>,
    withheld_taken_back_at: Option<i64>,
    transfer_taken_back_at: Option<i64>,
}

/// Each allocation names what it came from, one thing by its kind, of the same customer and currency.
async fn allocations(desk: &mut Desk, counts: &mut Counts) -> Held {
    let take = |row: AllocationRow| {
        let id = row.id.as_str();
        let own = match row.kind.as_str() {
            "payment" => &row.payment_id,
            "transfer" => &row.transfer_id,
            "dispute" => &row.dispute_id,
            "balance" => &row.balance_credit_id,
            "credit_note" => &row.credit_note_id,
            "withholding" => &row.withholding_id,
            "write_off" => &row.write_off_id,
            other => return Err(broken("allocations", id, "kind", "one that is known", other)),
        };
        let all = [&row.payment_id, &row.transfer_id, &row.dispute_id, &row.balance_credit_id, &row.credit_note_id, &row.withholding_id, &row.write_off_id];
        if own.is_none() || all.into_iter().flatten().count() != 1 {
            return Err(broken("allocations", id, "what it came from", format!("one {}", row.kind), "something else, or several"));
        }
        let takes_back = match row.kind.as_str() {
            "withholding" => row.withheld_taken_back_at.is_some(),
            "transfer" => row.transfer_taken_back_at.is_some(),
            "dispute" | "write_off" => true,
            _ => false,
        };
        if row.amount_minor <= 0 && !takes_back {
            return Err(broken("allocations", id, "amount_minor", "above zero", row.amount_minor));
        }
        same("allocations", id, "the customer of what it came from", row.customer_id, shown(row.source_customer_id))?;
        same("allocations", id, "the currency of what it came from", row.currency, shown(row.source_currency))?;
        if row.kind == "payment" {
            same("allocations", id, "the status of its payment", "succeeded", shown(row.payment_status).as_str())?;
        }
        if row.kind == "withholding" {
            let withheld_minor = row.withheld_minor.unwrap_or_default();
            let settles_minor = if takes_back && row.amount_minor < 0 { money::neg(withheld_minor)? } else { withheld_minor };
            same("allocations", id, "amount_minor, being what was withheld,", settles_minor, row.amount_minor)?;
        }
        if row.kind == "credit_note" {
            same("allocations", id, "the kind of its credit note", "credit_note", shown(row.note_kind).as_str())?;
            if row.corrects.is_none() {
                return Err(broken("allocations", id, "its invoice", "one that its credit note corrects", "another"));
            }
        }
        count(counts, "allocations");
        Ok::<(), Stop>(())
    };
    desk.tx
        .each(
            "SELECT a.id, a.kind, a.amount_minor, a.payment_id, a.transfer_id, a.dispute_id, a.balance_credit_id, a.credit_note_id, a.withholding_id, a.write_off_id, i.customer_id, i.currency,
                p.status AS payment_status, COALESCE(p.customer_id, t.customer_id, d.customer_id, b.customer_id, n.customer_id, w.customer_id, f.customer_id) AS source_customer_id,
                COALESCE(p.currency, t.currency, d.currency, b.currency, n.currency, w.currency, f.currency) AS source_currency, n.kind AS note_kind, c.invoice_id AS corrects,
                w.amount_minor AS withheld_minor, w.taken_back_at AS withheld_taken_back_at, t.taken_back_at AS transfer_taken_back_at
             FROM allocations a JOIN invoices i ON i.vendor_id = a.vendor_id AND i.id = a.invoice_id
                LEFT JOIN payments p ON p.vendor_id = a.vendor_id AND p.id = a.payment_id
                LEFT JOIN transfers t ON t.vendor_id = a.vendor_id AND t.id = a.transfer_id
                LEFT JOIN disputes d ON d.vendor_id = a.vendor_id AND d.id = a.dispute_id
                LEFT JOIN balance_credits b ON b.vendor_id = a.vendor_id AND b.id = a.balance_credit_id
                LEFT JOIN invoices n ON n.vendor_id = a.vendor_id AND n.id = a.credit_note_id
                LEFT JOIN withholdings w ON w.vendor_id = a.vendor_id AND w.id = a.withholding_id AND w.invoice_id = a.invoice_id
                LEFT JOIN write_offs f ON f.vendor_id = a.vendor_id AND f.id = a.write_off_id AND f.invoice_id = a.invoice_id
                LEFT JOIN credited_invoices c ON c.vendor_id = a.vendor_id AND c.credit_note_id = a.credit_note_id AND c.invoice_id = a.invoice_id
             WHERE a.vendor_id = $1",
            (desk.vendor.id.clone(),),
            take,
        )
        .await
}

#[derive(FromRow)]
struct SettledRow {
    id: String,
    kind: String,
    total_minor: i64,
    settled_at: Option<i64>,
    ended_as: Option<String>,
    allocated_minor: i64,
    written_off_minor: i64,
    paid_minor: i64,
    refunded_minor: i64,
}

/// No invoice is settled beyond its total, one is settled when nothing is due of it, and no more goes back than payments paid.
async fn invoices(desk: &mut Desk) -> Held {
    let take = |row: SettledRow| {
        let id = row.id.as_str();
        if of_word::<DocumentKind>(&row.kind)? == DocumentKind::CreditNote {
            same("invoices", id, "what settles it, being a credit note,", 0, row.allocated_minor)?;
        } else {
            let due = money::sub(row.total_minor, row.allocated_minor)?;
            if due < 0 {
                return Err(broken("invoices", id, "the sum of its allocations", format!("at most its total of {}", row.total_minor), row.allocated_minor));
            }
            // Nothing is due of it, and a part of it is not asked for: it ended so, and nobody settled it.
            let is_given_up = due == 0 && row.written_off_minor > 0;
            let ended_as = if is_given_up { Some("uncollectible") } else { None };
            if row.ended_as.as_deref() != Some("void") && row.ended_as.as_deref() != ended_as {
                let what = format!("ended_as, with {due} due and {} written off,", row.written_off_minor);
                return Err(broken("invoices", id, &what, shown(ended_as), shown(row.ended_as)));
            }
            let (is_settled, should_be) = (row.settled_at.is_some(), due == 0 && !is_given_up);
            if row.ended_as.as_deref() != Some("void") && is_settled != should_be {
                let told = |is_settled: bool| if is_settled { "set" } else { "nothing" };
                return Err(broken("invoices", id, &format!("settled_at, with {due} due,"), told(should_be), told(is_settled)));
            }
            if row.refunded_minor > row.paid_minor {
                return Err(broken("invoices", id, "what is refunded of it", format!("at most the {} that payments paid", row.paid_minor), row.refunded_minor));
            }
        }
        Ok::<(), Stop>(())
    };
    desk.tx
        .each(
            "SELECT i.id, i.kind, i.total_minor, i.settled_at, i.ended_as, CAST(COALESCE(a.allocated, 0) AS BIGINT) AS allocated_minor,
                CAST(COALESCE(a.written_off, 0) AS BIGINT) AS written_off_minor, CAST(COALESCE(a.paid, 0) AS BIGINT) AS paid_minor, CAST(COALESCE(c.refunded, 0) AS BIGINT) AS refunded_minor
             FROM invoices i
                LEFT JOIN (SELECT invoice_id, SUM(amount_minor) AS allocated, SUM(CASE WHEN kind = 'write_off' THEN amount_minor ELSE 0 END) AS written_off,
                        SUM(CASE WHEN kind IN ('payment', 'transfer') THEN amount_minor ELSE 0 END) AS paid
                    FROM allocations WHERE vendor_id = $1 GROUP BY invoice_id) a ON a.invoice_id = i.id
                LEFT JOIN (SELECT invoice_id, SUM(refund_minor) AS refunded FROM credited_invoices WHERE vendor_id = $1 GROUP BY invoice_id) c ON c.invoice_id = i.id
             WHERE i.vendor_id = $1",
            (desk.vendor.id.clone(),),
            take,
        )
        .await
}

#[derive(FromRow)]
struct CreditRow {
    id: String,
    source: String,
    amount_minor: i64,
    used_up_at: Option<i64>,
    expires_at: Option<i64>,
    expired_minor: i64,
    /// By invoices, and what went back.
    used_minor: i64,
}

/// A credit is used up to its amount, and known to be used up when it is. Nothing expires before its time, nor of what a customer is owed.
async fn balance_credits(desk: &mut Desk, counts: &mut Counts) -> Held {
    let take = |row: CreditRow| {
        if row.amount_minor <= 0 {
            return Err(broken("balance_credits", &row.id, "amount_minor", "above zero", row.amount_minor));
        }
        if row.used_minor > row.amount_minor {
            return Err(broken("balance_credits", &row.id, "what invoices used of it", format!("at most {}", row.amount_minor), row.used_minor));
        }
        if row.expires_at.is_some() && !["granted", "top_up", "bonus"].contains(&row.source.as_str()) {
            return Err(broken("balance_credits", &row.id, &format!("expires_at, being {},", row.source), "nothing", shown(row.expires_at)));
        }
        if row.expired_minor != 0 {
            let is_in_time = row.expires_at.is_some_and(|end| row.used_up_at.is_some_and(|at| at >= end));
            if row.expired_minor < 0 || !is_in_time {
                let expected = if is_in_time { "above zero" } else { "0, before its time" };
                return Err(broken("balance_credits", &row.id, "expired_minor", expected, row.expired_minor));
            }
        }
        let gone = money::add(row.used_minor, row.expired_minor)?;
        if gone > row.amount_minor {
            return Err(broken("balance_credits", &row.id, "what was used of it and expired", format!("at most {}", row.amount_minor), gone));
        }
        let is_used_up = gone == row.amount_minor;
        if is_used_up != row.used_up_at.is_some() {
            let told = |is_set: bool| if is_set { "set" } else { "nothing" };
            return Err(broken("balance_credits", &row.id, "used_up_at", told(is_used_up), told(row.used_up_at.is_some())));
        }
        count(counts, "balance credits");
        Ok::<(), Stop>(())
    };
    desk.tx
        .each(
            "SELECT b.id, b.source, b.amount_minor, b.used_up_at, b.expires_at, b.expired_minor, CAST(COALESCE(a.used, 0) + COALESCE(r.back, 0) AS BIGINT) AS used_minor FROM balance_credits b
                LEFT JOIN (SELECT balance_credit_id, SUM(amount_minor) AS used FROM allocations WHERE vendor_id = $1 AND balance_credit_id IS NOT NULL
                    GROUP BY balance_credit_id) a ON a.balance_credit_id = b.id
                LEFT JOIN (SELECT balance_credit_id, SUM(amount_minor) AS back FROM balance_returns WHERE vendor_id = $1 GROUP BY balance_credit_id) r
                    ON r.balance_credit_id = b.id
             WHERE b.vendor_id = $1",
            (desk.vendor.id.clone(),),
            take,
        )
        .await
}

/// Nothing is taken back of a line beyond what it charged.
async fn lines_taken_back(desk: &mut Desk) -> Held {
    let take = |(id, net_minor, taken_minor): (String, i64, i64)| {
        let left = money::add(net_minor, taken_minor)?;
        if left != 0 && left.signum() != net_minor.signum() {
            return Err(broken("invoice_lines", &id, "what is taken back of it", format!("at most {net_minor}"), money::neg(taken_minor)?));
        }
        Ok::<(), Stop>(())
    };
    desk.tx
        .each(
            "SELECT l.id, l.amount_minor - l.discount_minor AS net_minor, CAST(c.taken AS BIGINT) AS taken_minor FROM invoice_lines l
                JOIN (SELECT credits_line_id, SUM(amount_minor - discount_minor) AS taken FROM invoice_lines WHERE vendor_id = $1 AND credits_line_id IS NOT NULL
                    GROUP BY credits_line_id) c ON c.credits_line_id = l.id
             WHERE l.vendor_id = $1",
            (desk.vendor.id.clone(),),
            take,
        )
        .await
}

/// The credit notes that correct an invoice come to no more than it.
async fn corrections(desk: &mut Desk) -> Held {
    let take = |(id, total_minor, credited_minor): (String, i64, i64)| {
        let credited = money::neg(credited_minor)?;
        if credited > total_minor {
            return Err(broken("invoices", &id, "what credit notes correct of it", format!("at most its total of {total_minor}"), credited));
        }
        Ok::<(), Stop>(())
    };
    desk.tx
        .each(
            "SELECT i.id, i.total_minor, CAST(n.credited AS BIGINT) AS credited_minor FROM invoices i
                JOIN (SELECT c.invoice_id, SUM(n.total_minor) AS credited FROM credited_invoices c JOIN invoices n ON n.vendor_id = c.vendor_id AND n.id = c.credit_note_id
                    WHERE c.vendor_id = $1 AND NOT EXISTS (SELECT 1 FROM invoice_lines l WHERE l.vendor_id = n.vendor_id AND l.invoice_id = n.id AND l.kind <> 'adjustment')
                    GROUP BY c.invoice_id) n ON n.invoice_id = i.id
             WHERE i.vendor_id = $1",
            (desk.vendor.id.clone(),),
            take,
        )
        .await
}

/// What is to go back of a credit note is on its way by so many refunds, none of more than its payment paid of the invoice, or into the balance.
async fn refunds(desk: &mut Desk, counts: &mut Counts) -> Held {
    let vendor = desk.vendor.id.clone();
    let take = |(note_id, refund_minor, refunded_minor): (String, i64, i64)| {
        same("credited_invoices", &note_id, "refund_minor, the sum of its refunds,", refunded_minor, refund_minor)?;
        Ok::<(), Stop>(())
    };
    desk.tx
        .each(
            "SELECT c.credit_note_id, c.refund_minor, CAST(COALESCE(r.refunded, 0) AS BIGINT) AS refunded_minor FROM credited_invoices c
                LEFT JOIN (SELECT credit_note_id, invoice_id, SUM(amount_minor) AS refunded FROM refunds WHERE vendor_id = $1 AND status <> 'refused'
                    GROUP BY credit_note_id, invoice_id) r ON r.credit_note_id = c.credit_note_id AND r.invoice_id = c.invoice_id
             WHERE c.vendor_id = $1",
            (vendor.clone(),),
            take,
        )
        .await?;
    let take = |(id, status, paid_minor, refunded_minor): (String, String, i64, i64)| {
        if !["created", "succeeded", "refused"].contains(&status.as_str()) {
            return Err(broken("refunds", &id, "status", "one that is known", status));
        }
        if refunded_minor > paid_minor {
            return Err(broken("refunds", &id, "what goes back to its payment", format!("at most the {paid_minor} it paid of the same"), refunded_minor));
        }
        count(counts, "refunds");
        Ok::<(), Stop>(())
    };
    desk.tx
        .each(
            "SELECT r.id, r.status, CAST(COALESCE((SELECT SUM(a.amount_minor) FROM allocations a
                    WHERE a.vendor_id = r.vendor_id AND a.payment_id = r.payment_id AND a.invoice_id = r.invoice_id),
                    (SELECT SUM(b.amount_minor) FROM balance_credits b
                    WHERE r.purchase_id IS NOT NULL AND b.vendor_id = r.vendor_id AND b.customer_id = r.customer_id AND b.source_id = r.payment_id AND b.source = 'top_up'), 0)
                    AS BIGINT) AS paid_minor,
                CAST(COALESCE((SELECT SUM(o.amount_minor) FROM refunds o WHERE o.vendor_id = r.vendor_id AND o.payment_id = r.payment_id
                    AND (o.invoice_id = r.invoice_id OR o.purchase_id = r.purchase_id) AND o.status <> 'refused'), 0) AS BIGINT) AS refunded_minor
             FROM refunds r WHERE r.vendor_id = $1",
            (vendor,),
            take,
        )
        .await
}

#[derive(FromRow)]
struct PaymentRow {
    id: String,
    status: String,
    amount_minor: i64,
    paid_at: Option<i64>,
    reference: Option<String>,
    allocated_minor: i64,
    over_minor: i64,
}

/// What came in by a payment paid invoices, and what was over went into the balance: all of it, and nothing of one that did not succeed.
async fn payments(desk: &mut Desk, counts: &mut Counts) -> Held {
    let take = |row: PaymentRow| {
        let placed = money::add(row.allocated_minor, row.over_minor)?;
        let came = if row.status == "succeeded" { row.amount_minor } else { 0 };
        same("payments", &row.id, &format!("what invoices and the balance have of it, being {},", row.status), came, placed)?;
        if row.status == "succeeded" && (row.paid_at.is_none() || row.reference.is_none()) {
            return Err(broken("payments", &row.id, "paid_at and the gateway's reference, being succeeded,", "set", "nothing"));
        }
        count(counts, "payments");
        Ok::<(), Stop>(())
    };
    desk.tx
        .each(
            "SELECT p.id, p.status, p.amount_minor, p.paid_at, p.reference, CAST(COALESCE(a.allocated, 0) AS BIGINT) AS allocated_minor,
                CAST(COALESCE(b.beyond, 0) AS BIGINT) AS over_minor
             FROM payments p
                LEFT JOIN (SELECT payment_id, SUM(amount_minor) AS allocated FROM allocations WHERE vendor_id = $1 AND payment_id IS NOT NULL GROUP BY payment_id) a
                    ON a.payment_id = p.id
                LEFT JOIN (SELECT source_id, SUM(amount_minor) AS beyond FROM balance_credits WHERE vendor_id = $1 AND source IN ('overpayment', 'top_up') GROUP BY source_id) b
                    ON b.source_id = p.id
             WHERE p.vendor_id = $1",
            (desk.vendor.id.clone(),),
            take,
        )
        .await
}

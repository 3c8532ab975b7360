//! Looking for a customer's documents: by state, by time, by words, a page at a time.

use billing::calendar::Instant;
use sqlx::FromRow;

use super::read::Summary;
use crate::platform::clock::from_ms;
use crate::services::{Desk, Refusal};

/// How many documents one page of a list holds.
pub const PAGE: usize = 50;

/// States people look for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sought {
    /// Waiting for money, overdue or not.
    Open,
    Overdue,
    Paid,
    CreditNotes,
    /// Void or given up.
    Ended,
}

impl Sought {
    pub const ALL: [Sought; 5] = [Sought::Open, Sought::Overdue, Sought::Paid, Sought::CreditNotes, Sought::Ended];

    /// As addresses write it.
    pub fn name(self) -> &'static str {
        match self {
            Sought::Open => "open",
            Sought::Overdue => "overdue",
            Sought::Paid => "paid",
            Sought::CreditNotes => "credit-notes",
            Sought::Ended => "ended",
        }
    }

    pub fn from_name(name: &str) -> Option<Sought> {
        Sought::ALL.into_iter().find(|sought| sought.name() == name)
    }
}

/// What is looked for; the default is everything.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Filter {
    pub state: Option<Sought>,
    /// Issued from this instant on.
    pub from: Option<Instant>,
    /// Issued before this instant.
    pub until: Option<Instant>,
    /// Part of a number, a line's name or a purchase order.
    pub text: String,
    /// Only what was issued before the document of this number: the cursor of the next page.
    pub before: Option<String>,
}

/// A page of documents, the newest first.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    pub rows: Vec<Summary>,
    /// Whether older ones follow.
    pub has_more: bool,
}

/// A customer's documents that fit.
pub async fn find(desk: &mut Desk, customer_id: &str, filter: &Filter) -> Result<Found, Refusal> {
    let least = filter.from.map_or(i64::MIN, |at| at.timestamp_millis());
    let beyond = filter.until.map_or(i64::MAX, |at| at.timestamp_millis());
    let at_most = i64::try_from(PAGE + 1).map_err(Refusal::damaged)?;
    let mut rows: Vec<Summary> = desk
        .tx
        .all(
            "SELECT i.id, i.customer_id, i.kind, i.number, i.reason, i.currency, i.total_minor, i.issued_at, i.due_at, i.settled_at, i.ended_as, i.search,
                CASE WHEN i.settled_at IS NOT NULL OR i.ended_as IS NOT NULL THEN 0 ELSE
                    i.total_minor - CAST(COALESCE((SELECT SUM(a.amount_minor) FROM allocations a WHERE a.vendor_id = i.vendor_id AND a.invoice_id = i.id), 0) AS BIGINT) END AS due_minor
             FROM invoices i
             WHERE i.vendor_id = $1 AND i.customer_id = $2 AND i.issued_at >= $3 AND i.issued_at < $4 AND i.search LIKE $5 ESCAPE '!'
                AND ($6 = ''
                    OR ($6 = 'open' AND i.settled_at IS NULL AND i.ended_as IS NULL)
                    OR ($6 = 'overdue' AND i.settled_at IS NULL AND i.ended_as IS NULL AND i.due_at < $7
                        AND NOT EXISTS (SELECT 1 FROM allocations a JOIN transfers t ON t.vendor_id = a.vendor_id AND t.id = a.transfer_id
                            WHERE a.vendor_id = i.vendor_id AND a.invoice_id = i.id AND t.taken_back_at IS NULL AND t.certificate_until > $7))
                    OR ($6 = 'paid' AND i.settled_at IS NOT NULL AND i.ended_as IS NULL AND i.kind = 'invoice')
                    OR ($6 = 'credit-notes' AND i.kind = 'credit_note')
                    OR ($6 = 'ended' AND i.ended_as IS NOT NULL))
                AND ($8 = '' OR EXISTS (SELECT 1 FROM invoices c WHERE c.vendor_id = i.vendor_id AND c.customer_id = i.customer_id AND c.number = $8
                    AND (i.issued_at < c.issued_at OR (i.issued_at = c.issued_at AND i.id < c.id))))
             ORDER BY i.issued_at DESC, i.id DESC LIMIT $9 + 0",
            (
                desk.vendor.id.clone(), customer_id.to_owned(), least, beyond, pattern(&filter.text), filter.state.map_or("", Sought::name), desk.now.billing_ms(),
                filter.before.clone().unwrap_or_default(), at_most,
            ),
        )
        .await?;
    let has_more = rows.len() > PAGE;
    rows.truncate(PAGE);
    Ok(Found { rows, has_more })
}

/// `LIKE` pattern of what contains a text, in any case.
fn pattern(text: &str) -> String {
    let mut out = String::from("%");
    for c in text.trim().to_lowercase().chars() {
        if matches!(c, '%' | '_' | '!') {
            out.push('!');
        }
        out.push(c);
    }
    out.push('%');
    out
}

const SPAN: &str = "span of documents";

/// When a customer's first and last documents were issued; `None` where there is none.
pub async fn span_of(desk: &mut Desk, customer_id: &str) -> Result<Option<(Instant, Instant)>, Refusal> {
    if let Some(span) = desk.recall(SPAN, customer_id) {
        return Ok(span);
    }
    let (first, last): (Option<i64>, Option<i64>) = desk
        .tx
        .one("SELECT MIN(issued_at), MAX(issued_at) FROM invoices WHERE vendor_id = $1 AND customer_id = $2", (desk.vendor.id.clone(), customer_id.to_owned()))
        .await?;
    let span = first.zip(last).map(|(first, last)| (from_ms(first), from_ms(last)));
    desk.keep(SPAN, customer_id, &span);
    Ok(span)
}

/// A line's name, by its document.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct LineName {
    pub invoice_id: String,
    pub name: String,
}

/// Names of the lines of a customer's documents issued within a time, both ends included, in their order.
pub async fn line_names(desk: &mut Desk, customer_id: &str, from: Instant, to: Instant) -> Result<Vec<LineName>, Refusal> {
    Ok(desk
        .tx
        .all(
            "SELECT l.invoice_id, l.name FROM invoices i JOIN invoice_lines l ON l.vendor_id = i.vendor_id AND l.invoice_id = i.id
             WHERE i.vendor_id = $1 AND i.customer_id = $2 AND i.issued_at >= $3 AND i.issued_at <= $4 ORDER BY i.issued_at, l.invoice_id, l.position",
            (desk.vendor.id.clone(), customer_id.to_owned(), from.timestamp_millis(), to.timestamp_millis()),
        )
        .await?)
}

/// What became of a credit note's money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromRow)]
pub struct NoteUse {
    /// Lowered what was due of invoices.
    pub applied_minor: i64,
    /// Goes back by the method that paid, or went.
    pub refunded_minor: i64,
    /// Of that, what the bank has not decided.
    pub under_way_minor: i64,
}

/// What became of a credit note's money; the rest of it is in the balance.
pub async fn note_use(desk: &mut Desk, credit_note_id: &str) -> Result<NoteUse, Refusal> {
    Ok(desk
        .tx
        .one(
            "SELECT CAST(COALESCE((SELECT SUM(amount_minor) FROM allocations WHERE vendor_id = $1 AND credit_note_id = $2), 0) AS BIGINT) AS applied_minor,
                CAST(COALESCE((SELECT SUM(refund_minor) FROM credited_invoices WHERE vendor_id = $1 AND credit_note_id = $2), 0) AS BIGINT) AS refunded_minor,
                CAST(COALESCE((SELECT SUM(amount_minor) FROM refunds WHERE vendor_id = $1 AND credit_note_id = $2 AND status = 'created'), 0) AS BIGINT) AS under_way_minor",
            (desk.vendor.id.clone(), credit_note_id.to_owned()),
        )
        .await?)
}

/// Numbers of the credit notes that correct an invoice, the first issued first.
pub async fn notes_of(desk: &mut Desk, invoice_id: &str) -> Result<Vec<String>, Refusal> {
    let rows: Vec<(String,)> = desk
        .tx
        .all(
            "SELECT n.number FROM credited_invoices c JOIN invoices n ON n.vendor_id = c.vendor_id AND n.id = c.credit_note_id
             WHERE c.vendor_id = $1 AND c.invoice_id = $2 ORDER BY n.issued_at, n.id",
            (desk.vendor.id.clone(), invoice_id.to_owned()),
        )
        .await?;
    Ok(rows.into_iter().map(|(number,)| number).collect())
}

#[cfg(test)]
mod tests {
    use super::pattern;

    #[test]
    fn what_is_typed_is_looked_for_as_it_stands() {
        assert_eq!(pattern(" Build MIN "), "%build min%");
        assert_eq!(pattern("100%_!"), "%100!%!_!!%");
        assert_eq!(pattern(""), "%%");
    }
}

//! Documents read back: one, a list, what is open. One statement each.

use billing::calendar::Instant;
use billing::invoice::DocumentKind;
use sqlx::FromRow;

use super::snapshot::Snapshot;
use crate::platform::clock::from_ms;
use crate::platform::db::Many;
use crate::services::subscriptions::of_word;
use crate::services::{Desk, Refusal};

/// What a document's state comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Open,
    Paid,
    Void,
    Uncollectible,
}

impl Status {
    pub fn name(self) -> &'static str {
        match self {
            Status::Open => "open",
            Status::Paid => "paid",
            Status::Void => "void",
            Status::Uncollectible => "uncollectible",
        }
    }
}

/// An issued document with the sums of what settles it.
#[derive(Clone, Debug, PartialEq)]
pub struct Invoice {
    pub id: String,
    pub customer_id: String,
    pub kind: DocumentKind,
    pub number: String,
    /// The engine's Reason, as stored.
    pub reason: String,
    pub subscription_id: Option<String>,
    pub currency: String,
    pub total_minor: i64,
    pub issued_at: Instant,
    pub due_at: Instant,
    pub settled_at: Option<Instant>,
    pub status: Status,
    /// Σ of its allocations by kind; paid is by payments and transfers, less disputes lost.
    pub paid_minor: i64,
    pub balance_minor: i64,
    pub credited_minor: i64,
    pub withheld_minor: i64,
    /// Not asked for any more.
    pub written_off_minor: i64,
    /// What is still to be paid.
    pub due_minor: i64,
    document: String,
    pub hash: String,
}

/// What is due of an invoice, and of whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owed {
    pub invoice_id: String,
    pub customer_id: String,
    pub number: String,
    /// ISO 4217.
    pub currency: String,
    pub due_at: Instant,
    pub due_minor: i64,
}

impl Invoice {
    pub fn owed(&self) -> Owed {
        Owed {
            invoice_id: self.id.clone(),
            customer_id: self.customer_id.clone(),
            number: self.number.clone(),
            currency: self.currency.clone(),
            due_at: self.due_at,
            due_minor: self.due_minor,
        }
    }

    /// The frozen document.
    pub fn snapshot(&self) -> Result<Snapshot, Refusal> {
        serde_json::from_str(&self.document).map_err(Refusal::damaged)
    }

    /// The frozen document's text, as hashed.
    pub fn document(&self) -> &str {
        &self.document
    }

    /// What may be paid of it: what is due, and what is not asked for any more but would still be taken.
    pub fn payable_minor(&self) -> i64 {
        self.due_minor.saturating_add(self.written_off_minor)
    }

    pub fn is_overdue(&self, on: Instant) -> bool {
        self.status == Status::Open && self.due_at < on
    }
}

#[derive(FromRow)]
struct InvoiceRow {
    id: String,
    customer_id: String,
    kind: String,
    number: String,
    reason: String,
    subscription_id: Option<String>,
    currency: String,
    total_minor: i64,
    issued_at: i64,
    due_at: i64,
    settled_at: Option<i64>,
    ended_as: Option<String>,
    document: String,
    hash: String,
    paid_minor: i64,
    balance_minor: i64,
    credited_minor: i64,
    withheld_minor: i64,
    written_off_minor: i64,
    allocated_minor: i64,
}

impl TryFrom<InvoiceRow> for Invoice {
    type Error = Refusal;
    fn try_from(row: InvoiceRow) -> Result<Invoice, Refusal> {
        let status = status(&row.ended_as, row.settled_at);
        let due_minor = match status {
            Status::Void => 0,
            Status::Open | Status::Paid | Status::Uncollectible => billing::settlement::due(row.total_minor, [row.allocated_minor])?.max(0),
        };
        Ok(Invoice {
            kind: of_word(&row.kind)?,
            issued_at: from_ms(row.issued_at),
            due_at: from_ms(row.due_at),
            settled_at: row.settled_at.map(from_ms),
            status,
            due_minor,
            id: row.id,
            customer_id: row.customer_id,
            number: row.number,
            reason: row.reason,
            subscription_id: row.subscription_id,
            currency: row.currency,
            total_minor: row.total_minor,
            paid_minor: row.paid_minor,
            balance_minor: row.balance_minor,
            credited_minor: row.credited_minor,
            withheld_minor: row.withheld_minor,
            written_off_minor: row.written_off_minor,
            document: row.document,
            hash: row.hash,
        })
    }
}

fn status(ended_as: &Option<String>, settled_at: Option<i64>) -> Status {
    match (ended_as.as_deref(), settled_at) {
        (Some("void"), _) => Status::Void,
        (Some(_), _) => Status::Uncollectible,
        (None, Some(_)) => Status::Paid,
        (None, None) => Status::Open,
    }
}

/// What an [`InvoiceRow`] has of an invoice `i` and its allocations `a`.
macro_rules! columns {
    () => {
        "i.*, CAST(COALESCE(SUM(a.amount_minor), 0) AS BIGINT) AS allocated_minor,
            CAST(COALESCE(SUM(CASE WHEN a.kind IN ('payment', 'transfer', 'dispute') THEN a.amount_minor ELSE 0 END), 0) AS BIGINT) AS paid_minor,
            CAST(COALESCE(SUM(CASE WHEN a.kind = 'balance' THEN a.amount_minor ELSE 0 END), 0) AS BIGINT) AS balance_minor,
            CAST(COALESCE(SUM(CASE WHEN a.kind = 'credit_note' THEN a.amount_minor ELSE 0 END), 0) AS BIGINT) AS credited_minor,
            CAST(COALESCE(SUM(CASE WHEN a.kind = 'withholding' THEN a.amount_minor ELSE 0 END), 0) AS BIGINT) AS withheld_minor,
            CAST(COALESCE(SUM(CASE WHEN a.kind = 'write_off' THEN a.amount_minor ELSE 0 END), 0) AS BIGINT) AS written_off_minor"
    };
}

/// A query for [`InvoiceRow`]s.
macro_rules! select {
    ($where:literal) => {
        concat!(
            "SELECT ",
            columns!(),
            " FROM invoices i LEFT JOIN allocations a ON a.vendor_id = i.vendor_id AND a.invoice_id = i.id ",
            $where,
            " GROUP BY i.vendor_id, i.id"
        )
    };
}

/// The document, or [`Refusal::NotFound`].
pub async fn load(desk: &mut Desk, invoice_id: &str) -> Result<Invoice, Refusal> {
    let row: Option<InvoiceRow> = desk.tx.opt(select!("WHERE i.vendor_id = $1 AND i.id = $2"), (desk.vendor.id.clone(), invoice_id.to_owned())).await?;
    row.ok_or(Refusal::NotFound)?.try_into()
}

static OF_EACH: Many = Many {
    before: concat!("SELECT ", columns!(), " FROM (VALUES"),
    columns: 2,
    after: ") AS v CROSS JOIN invoices i LEFT JOIN allocations a ON a.vendor_id = i.vendor_id AND a.invoice_id = i.id
            WHERE i.vendor_id = v.column1 AND i.id = v.column2 GROUP BY i.vendor_id, i.id",
    of_each: false,
};

/// Several documents, in any order; those that are not there are left out.
pub(crate) async fn load_all(desk: &mut Desk, ids: &[String]) -> Result<Vec<Invoice>, Refusal> {
    let rows: Vec<InvoiceRow> = desk.tx.all_of(&OF_EACH, desk.each(ids)).await?;
    rows.into_iter().map(Invoice::try_from).collect()
}

/// What a document is called, and which it is.
#[derive(Clone, Debug, PartialEq, FromRow)]
pub struct Named {
    pub id: String,
    pub number: String,
    kind: String,
}

impl Named {
    pub fn kind(&self) -> Result<DocumentKind, Refusal> {
        of_word(&self.kind)
    }
}

/// The vendor's documents issued after another (all of them, after none), in the order of their issue.
pub async fn issued_after(desk: &mut Desk, invoice_id: Option<&str>) -> Result<Vec<Named>, Refusal> {
    Ok(desk
        .tx
        .all(
            "SELECT id, number, kind FROM invoices WHERE vendor_id = $1 AND id > $2 ORDER BY id",
            (desk.vendor.id.clone(), invoice_id.unwrap_or_default().to_owned()),
        )
        .await?)
}

/// One of the vendor's documents by its number, whoever's.
pub async fn numbered(desk: &mut Desk, number: &str) -> Result<Invoice, Refusal> {
    let found: Option<(String,)> =
        desk.tx.opt("SELECT id FROM invoices WHERE vendor_id = $1 AND number = $2", (desk.vendor.id.clone(), number.to_owned())).await?;
    let (id,) = found.ok_or(Refusal::NotFound)?;
    load(desk, &id).await
}

/// A customer's document by its number: another customer's looks like none.
pub async fn by_number(desk: &mut Desk, customer_id: &str, number: &str) -> Result<Invoice, Refusal> {
    let row: Option<InvoiceRow> = desk
        .tx
        .opt(select!("WHERE i.vendor_id = $1 AND i.customer_id = $2 AND i.number = $3"), (desk.vendor.id.clone(), customer_id.to_owned(), number.to_owned()))
        .await?;
    row.ok_or(Refusal::NotFound)?.try_into()
}

/// An invoice of the vendor's by its number, whoever's it is; or [`Refusal::NotFound`].
pub async fn by_own_number(desk: &mut Desk, number: &str) -> Result<Invoice, Refusal> {
    let own = (desk.vendor.id.clone(), number.to_owned());
    let row: Option<(String,)> = desk.tx.opt("SELECT id FROM invoices WHERE vendor_id = $1 AND number = $2 AND kind = 'invoice'", own).await?;
    load(desk, &row.ok_or(Refusal::NotFound)?.0).await
}

/// One row of a list.
#[derive(Clone, Debug, PartialEq, FromRow)]
pub struct Summary {
    pub id: String,
    pub customer_id: String,
    pub kind: String,
    pub number: String,
    pub reason: String,
    pub currency: String,
    pub total_minor: i64,
    pub issued_at: i64,
    pub due_at: i64,
    pub settled_at: Option<i64>,
    pub ended_as: Option<String>,
    pub due_minor: i64,
    /// Number, line names and purchase order, lower-cased, a line each.
    pub search: String,
}

impl Summary {
    pub fn status(&self) -> Status {
        status(&self.ended_as, self.settled_at)
    }

    pub fn issued(&self) -> Instant {
        from_ms(self.issued_at)
    }

    pub fn due(&self) -> Instant {
        from_ms(self.due_at)
    }
}

/// A customer's documents, the newest first. (SQLite plans a statement anew for every bare `LIMIT $n`: it wants to see the number. A sum
/// it does not look into, so the statement stays prepared.)
pub async fn list(desk: &mut Desk, customer_id: &str, at_most: i64) -> Result<Vec<Summary>, Refusal> {
    Ok(desk
        .tx
        .all(
            "SELECT i.id, i.customer_id, i.kind, i.number, i.reason, i.currency, i.total_minor, i.issued_at, i.due_at, i.settled_at, i.ended_as, i.search,
                CASE WHEN i.settled_at IS NOT NULL OR i.ended_as IS NOT NULL THEN 0 ELSE
                    i.total_minor - CAST(COALESCE((SELECT SUM(a.amount_minor) FROM allocations a WHERE a.vendor_id = i.vendor_id AND a.invoice_id = i.id), 0) AS BIGINT) END AS due_minor
             FROM invoices i WHERE i.vendor_id = $1 AND i.customer_id = $2 ORDER BY i.issued_at DESC, i.id DESC LIMIT $3 + 0",
            (desk.vendor.id.clone(), customer_id.to_owned(), at_most),
        )
        .await?)
}

/// What is looked for among the vendor's documents; the default is everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Among {
    pub customer_id: Option<String>,
    pub status: Option<Status>,
    /// Only what was issued before the document of this id: the cursor of the next page.
    pub before: Option<String>,
}

/// The vendor's documents that fit, the newest first.
pub async fn page(desk: &mut Desk, among: &Among, at_most: i64) -> Result<Vec<Summary>, Refusal> {
    let or_empty = |text: &Option<String>| text.clone().unwrap_or_default();
    Ok(desk
        .tx
        .all(
            "SELECT i.id, i.customer_id, i.kind, i.number, i.reason, i.currency, i.total_minor, i.issued_at, i.due_at, i.settled_at, i.ended_as, i.search,
                CASE WHEN i.settled_at IS NOT NULL OR i.ended_as IS NOT NULL THEN 0 ELSE
                    i.total_minor - CAST(COALESCE((SELECT SUM(a.amount_minor) FROM allocations a WHERE a.vendor_id = i.vendor_id AND a.invoice_id = i.id), 0) AS BIGINT) END AS due_minor
             FROM invoices i WHERE i.vendor_id = $1 AND ($2 = '' OR i.customer_id = $2) AND ($4 = '' OR i.id < $4)
                AND ($3 = '' OR ($3 = 'open' AND i.settled_at IS NULL AND i.ended_as IS NULL) OR ($3 = 'paid' AND i.settled_at IS NOT NULL AND i.ended_as IS NULL)
                    OR i.ended_as = $3)
             ORDER BY i.id DESC LIMIT $5 + 0",
            (desk.vendor.id.clone(), or_empty(&among.customer_id), among.status.map_or("", Status::name), or_empty(&among.before), at_most),
        )
        .await?)
}

/// An invoice that waits for money.
#[derive(Clone, Debug, PartialEq, FromRow)]
pub struct Open {
    pub id: String,
    pub customer_id: String,
    pub number: String,
    pub currency: String,
    pub total_minor: i64,
    pub due_minor: i64,
    pub issued_at: i64,
    pub due_at: i64,
    /// Until when the rest waits for a certificate of tax withheld, while it does.
    awaited_until: Option<i64>,
}

impl Open {
    /// When payment of what is left is due: while a certificate is waited for, nothing is asked of it.
    pub fn asked_at(&self) -> Instant {
        from_ms(self.awaited_until.map_or(self.due_at, |until| until.max(self.due_at)))
    }
}

/// A customer's open invoices, the first due first.
pub async fn open_of(desk: &mut Desk, customer_id: &str) -> Result<Vec<Open>, Refusal> {
    Ok(desk
        .tx
        .all(
            "SELECT i.id, i.customer_id, i.number, i.currency, i.total_minor, i.issued_at, i.due_at,
                i.total_minor - CAST(COALESCE((SELECT SUM(a.amount_minor) FROM allocations a WHERE a.vendor_id = i.vendor_id AND a.invoice_id = i.id), 0) AS BIGINT) AS due_minor,
                (SELECT MAX(t.certificate_until) FROM allocations a JOIN transfers t ON t.vendor_id = a.vendor_id AND t.id = a.transfer_id
                    WHERE a.vendor_id = i.vendor_id AND a.invoice_id = i.id AND t.taken_back_at IS NULL AND t.certificate_until > $3) AS awaited_until
             FROM invoices i WHERE i.vendor_id = $1 AND i.customer_id = $2 AND i.settled_at IS NULL AND i.ended_as IS NULL ORDER BY i.due_at, i.id",
            (desk.vendor.id.clone(), customer_id.to_owned(), desk.now.billing_ms()),
        )
        .await?)
}

/// An open invoice that nothing is under way to pay, and about which something is to be done.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct Uncollected {
    pub id: String,
    pub customer_id: String,
    pub currency: String,
    /// Unix ms.
    pub due_at: i64,
    /// It was collected by itself before: payment is due now, and it has left a subscription active.
    pub was_tried: bool,
}

/// Open invoices of the vendor, issued by an instant, that are to be collected by themselves, or of which is to be noted that nothing came:
/// - those never collected yet for which there is a method to charge;
/// - those due that have left a subscription active: never collected, with nothing to charge; declined before payment was due; and what a
///   subscription owed when it was paused or ended, once it goes on. Whoever owes is past due.
///
/// One that the customer is paying waits for what comes of that, one paid less tax withheld for its certificate. The oldest first.
pub async fn uncollected(desk: &mut Desk, until: Instant) -> Result<Vec<Uncollected>, Refusal> {
    Ok(desk
        .tx
        .all(
            "SELECT i.id, i.customer_id, i.currency, i.due_at,
                EXISTS (SELECT 1 FROM payments p WHERE p.vendor_id = i.vendor_id AND p.invoice_id = i.id AND p.round IS NOT NULL) AS was_tried
             FROM invoices i WHERE i.vendor_id = $1 AND i.settled_at IS NULL AND i.ended_as IS NULL AND i.issued_at <= $2
                AND ((i.due_at <= $2 AND CASE WHEN i.subscription_id IS NULL
                        THEN EXISTS (SELECT 1 FROM invoice_lines l CROSS JOIN subscriptions s
                            WHERE l.vendor_id = i.vendor_id AND l.invoice_id = i.id AND s.vendor_id = l.vendor_id AND s.id = l.subscription_id AND s.status = 'active')
                        ELSE EXISTS (SELECT 1 FROM subscriptions s WHERE s.vendor_id = i.vendor_id AND s.id = i.subscription_id AND s.status = 'active') END)
                    OR (NOT EXISTS (SELECT 1 FROM payments p WHERE p.vendor_id = i.vendor_id AND p.invoice_id = i.id AND p.round IS NOT NULL)
                        AND EXISTS (SELECT 1 FROM payment_methods m WHERE m.vendor_id = i.vendor_id AND m.customer_id = i.customer_id AND m.role IN ('default', 'backup')
                            AND m.refused_reason IS NULL AND (m.kind <> 'sepa_debit' OR i.currency = 'EUR'))))
                AND NOT EXISTS (SELECT 1 FROM payments p WHERE p.vendor_id = i.vendor_id AND p.invoice_id = i.id AND p.status IN ('created', 'processing', 'needs_action'))
                AND NOT EXISTS (SELECT 1 FROM allocations a CROSS JOIN transfers t
                    WHERE a.vendor_id = i.vendor_id AND a.invoice_id = i.id AND t.vendor_id = a.vendor_id AND t.id = a.transfer_id
                        AND t.taken_back_at IS NULL AND t.certificate_until > $2)
             ORDER BY i.issued_at, i.id",
            (desk.vendor.id.clone(), until.timestamp_millis()),
        )
        .await?)
}

/// One thing that settled part of an invoice.
#[derive(Clone, Debug, PartialEq, FromRow)]
pub struct Allocated {
    /// 'payment' | 'transfer' | 'dispute' | 'balance' | 'credit_note' | 'withholding' | 'write_off'
    pub kind: String,
    /// Negative where a transfer, a certificate of tax withheld or a write-off was taken back, and where a dispute was lost.
    pub amount_minor: i64,
    pub payment_id: Option<String>,
    /// Of a credit note.
    pub credit_note_number: Option<String>,
    /// Of tax withheld.
    pub certificate_number: Option<String>,
    pub allocated_at: i64,
}

/// What settled an invoice, in order.
pub async fn allocations_of(desk: &mut Desk, invoice_id: &str) -> Result<Vec<Allocated>, Refusal> {
    Ok(desk
        .tx
        .all(
            "SELECT a.kind, a.amount_minor, a.payment_id, n.number AS credit_note_number, w.certificate_number, a.allocated_at FROM allocations a
             LEFT JOIN invoices n ON n.vendor_id = a.vendor_id AND n.id = a.credit_note_id
             LEFT JOIN withholdings w ON w.vendor_id = a.vendor_id AND w.id = a.withholding_id
             WHERE a.vendor_id = $1 AND a.invoice_id = $2 ORDER BY a.allocated_at, a.id",
            (desk.vendor.id.clone(), invoice_id.to_owned()),
        )
        .await?)
}

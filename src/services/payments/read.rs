//! Payments read back: one, an invoice's, a quote's, a purchase's, a customer's, those under way.

use sqlx::FromRow;

use crate::platform::db::Args;
use crate::services::{Desk, Refusal};

use super::gateway::{DeclineReason, Sought};

/// A payment. Columns as in `migrations/0022_payments.sql`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    pub id: String,
    pub customer_id: String,
    pub pays: Pays,
    pub method_id: String,
    /// Of a payment nobody asked for: the n-th time its invoice is collected by itself. `None`: the customer pays.
    pub round: Option<i64>,
    pub amount_minor: i64,
    pub currency: String,
    pub status: Status,
    pub gateway: String,
    pub reference: Option<String>,
    pub attempts: i64,
    pub paid_at: Option<i64>,
    pub created_at: i64,
    pub updated_at: i64,
}

impl Payment {
    /// As its gateway is asked after it.
    pub(super) fn sought(&self) -> Sought<'_> {
        Sought { key: &self.id, customer_id: &self.customer_id, reference: self.reference.as_deref(), since_ms: self.created_at }
    }
}

/// What a payment is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pays {
    Invoice(String),
    /// A confirmed change: it happens when this succeeds, with its invoice.
    Quote(String),
    /// Something bought once: it is given when this succeeds.
    Purchase(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    Created,
    Processing,
    Succeeded,
    Declined(DeclineReason),
    /// The customer must answer their bank, at this address.
    NeedsAction {
        url: String,
    },
    Cancelled,
}

impl Status {
    /// Whether money may still move.
    pub fn is_under_way(&self) -> bool {
        matches!(self, Status::Created | Status::Processing | Status::NeedsAction { .. })
    }
}

/// The columns of a [`PaymentRow`].
macro_rules! columns {
    () => {
        "id, customer_id, invoice_id, quote_id, purchase_id, method_id, round, amount_minor, currency, status, decline_reason, action_url, gateway, reference, attempts, paid_at,
            created_at, updated_at"
    };
}

/// A query for [`PaymentRow`]s.
macro_rules! select {
    ($rest:literal) => {
        concat!("SELECT ", columns!(), " FROM payments ", $rest)
    };
}

/// A statement that writes a payment and gives it back, for [`written`].
macro_rules! returning {
    ($write:literal) => {
        concat!($write, " RETURNING ", $crate::services::payments::read::columns!())
    };
}
pub(super) use {columns, returning};

#[derive(FromRow)]
struct PaymentRow {
    id: String,
    customer_id: String,
    invoice_id: Option<String>,
    quote_id: Option<String>,
    purchase_id: Option<String>,
    method_id: String,
    round: Option<i64>,
    amount_minor: i64,
    currency: String,
    status: String,
    decline_reason: Option<String>,
    action_url: Option<String>,
    gateway: String,
    reference: Option<String>,
    attempts: i64,
    paid_at: Option<i64>,
    created_at: i64,
    updated_at: i64,
}

impl TryFrom<PaymentRow> for Payment {
    type Error = Refusal;
    fn try_from(row: PaymentRow) -> Result<Payment, Refusal> {
        let damaged = || Refusal::damaged(format!("payment {}", row.id));
        let pays = match (row.invoice_id, row.quote_id, row.purchase_id) {
            (Some(invoice), None, None) => Pays::Invoice(invoice),
            (None, Some(quote), None) => Pays::Quote(quote),
            (None, None, Some(purchase)) => Pays::Purchase(purchase),
            _ => return Err(damaged()),
        };
        let status = match row.status.as_str() {
            "created" => Status::Created,
            "processing" => Status::Processing,
            "succeeded" => Status::Succeeded,
            "declined" => Status::Declined(DeclineReason::or_other(row.decline_reason.as_deref().unwrap_or_default())),
            "needs_action" => Status::NeedsAction { url: row.action_url.ok_or_else(damaged)? },
            "cancelled" => Status::Cancelled,
            _ => return Err(damaged()),
        };
        Ok(Payment {
            pays,
            status,
            id: row.id,
            customer_id: row.customer_id,
            method_id: row.method_id,
            round: row.round,
            amount_minor: row.amount_minor,
            currency: row.currency,
            gateway: row.gateway,
            reference: row.reference,
            attempts: row.attempts,
            paid_at: row.paid_at,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

/// A payment by its id, whoever's.
pub async fn load(desk: &mut Desk, payment_id: &str) -> Result<Payment, Refusal> {
    let row: Option<PaymentRow> = desk.tx.opt(select!("WHERE vendor_id = $1 AND id = $2"), (desk.vendor.id.clone(), payment_id.to_owned())).await?;
    row.ok_or(Refusal::NotFound)?.try_into()
}

/// The payment that a gateway calls so; `None`: none of ours.
pub(super) async fn by_reference(desk: &mut Desk, gateway: &str, reference: &str) -> Result<Option<Payment>, Refusal> {
    let row: Option<PaymentRow> = desk
        .tx
        .opt(select!("WHERE vendor_id = $1 AND gateway = $2 AND reference = $3"), (desk.vendor.id.clone(), gateway.to_owned(), reference.to_owned()))
        .await?;
    row.map(Payment::try_from).transpose()
}

/// The payment that a statement (see [`returning`]) wrote; none where it found none to write.
pub(super) async fn written<'q>(desk: &mut Desk, sql: &'static str, args: impl Args<'q>) -> Result<Option<Payment>, Refusal> {
    let row: Option<PaymentRow> = desk.tx.opt(sql, args).await?;
    row.map(Payment::try_from).transpose()
}

/// One of a customer's payments; somebody else's is not there.
pub async fn find(desk: &mut Desk, customer_id: &str, payment_id: &str) -> Result<Payment, Refusal> {
    let payment = load(desk, payment_id).await?;
    if payment.customer_id == customer_id { Ok(payment) } else { Err(Refusal::NotFound) }
}

/// Every payment of an invoice, the latest first.
pub async fn of_invoice(desk: &mut Desk, invoice_id: &str) -> Result<Vec<Payment>, Refusal> {
    let rows: Vec<PaymentRow> =
        desk.tx.all(select!("WHERE vendor_id = $1 AND invoice_id = $2 ORDER BY position DESC"), (desk.vendor.id.clone(), invoice_id.to_owned())).await?;
    rows.into_iter().map(Payment::try_from).collect()
}

/// The latest payment that a method was asked for; `None`: it was never charged.
pub async fn latest_by(desk: &mut Desk, customer_id: &str, method_id: &str) -> Result<Option<Payment>, Refusal> {
    let row: Option<PaymentRow> = desk
        .tx
        .opt(
            select!("WHERE vendor_id = $1 AND customer_id = $2 AND method_id = $3 ORDER BY id DESC LIMIT 1"),
            (desk.vendor.id.clone(), customer_id.to_owned(), method_id.to_owned()),
        )
        .await?;
    row.map(Payment::try_from).transpose()
}

/// The latest payment of a confirmed change.
pub async fn of_quote(desk: &mut Desk, quote_id: &str) -> Result<Option<Payment>, Refusal> {
    let row: Option<PaymentRow> =
        desk.tx.opt(select!("WHERE vendor_id = $1 AND quote_id = $2 ORDER BY position DESC LIMIT 1"), (desk.vendor.id.clone(), quote_id.to_owned())).await?;
    row.map(Payment::try_from).transpose()
}

/// Payments that a gateway was to make and whose row was written since a moment (wall time, unix ms), in order.
pub(super) async fn made_since(desk: &mut Desk, gateway: &str, since_ms: i64) -> Result<Vec<Payment>, Refusal> {
    let rows: Vec<PaymentRow> = desk
        .tx
        .all(select!("WHERE vendor_id = $1 AND gateway = $2 AND created_at >= $3 ORDER BY id"), (desk.vendor.id.clone(), gateway.to_owned(), since_ms))
        .await?;
    rows.into_iter().map(Payment::try_from).collect()
}

/// The latest payment of a purchase.
pub async fn of_purchase(desk: &mut Desk, purchase_id: &str) -> Result<Option<Payment>, Refusal> {
    let row: Option<PaymentRow> = desk
        .tx
        .opt(select!("WHERE vendor_id = $1 AND purchase_id = $2 ORDER BY position DESC LIMIT 1"), (desk.vendor.id.clone(), purchase_id.to_owned()))
        .await?;
    row.map(Payment::try_from).transpose()
}

/// A customer's payments, the latest begun first: from before one of them, by its id; empty: from the latest.
pub async fn of_customer(desk: &mut Desk, customer_id: &str, before: &str, at_most: i64) -> Result<Vec<Payment>, Refusal> {
    let rows: Vec<PaymentRow> = desk
        .tx
        .all(
            select!(
                "WHERE vendor_id = $1 AND customer_id = $2
                    AND ($3 = '' OR (id < $3 AND EXISTS (SELECT 1 FROM payments c WHERE c.vendor_id = $1 AND c.id = $3 AND c.customer_id = $2))) ORDER BY id DESC LIMIT $4 + 0"
            ),
            (desk.vendor.id.clone(), customer_id.to_owned(), before.to_owned(), at_most),
        )
        .await?;
    rows.into_iter().map(Payment::try_from).collect()
}

/// Payments that money may still move by and that nobody has touched since, the oldest first.
pub(super) async fn under_way(desk: &mut Desk, untouched_since: i64) -> Result<Vec<Payment>, Refusal> {
    let rows: Vec<PaymentRow> = desk
        .tx
        .all(
            select!("WHERE vendor_id = $1 AND status IN ('created', 'processing', 'needs_action') AND updated_at < $2 ORDER BY updated_at LIMIT 500"),
            (desk.vendor.id.clone(), untouched_since),
        )
        .await?;
    rows.into_iter().map(Payment::try_from).collect()
}

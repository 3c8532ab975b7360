//! Payments read back: one, an invoice's, a quote's, a purchase's, a customer's, those under way.

use std::collections::BTreeSet;

use sqlx::FromRow;

use crate::platform::db::{Args, Many};
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
    /// What the gateway says it charged, where that is not what it was asked for. Nothing of it is booked.
    pub instead: Option<Instead>,
    pub attempts: i64,
    /// Billing time: created it is sent then, on its way it is likely decided by then.
    pub wait_until: Option<i64>,
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

/// An amount that a gateway charged and nobody asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instead {
    pub amount_minor: i64,
    pub currency: String,
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
        "id, customer_id, invoice_id, quote_id, purchase_id, method_id, round, amount_minor, currency, status, decline_reason, action_url, gateway, reference, instead_minor,
            instead_currency, attempts, wait_until, paid_at, created_at, updated_at"
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
    instead_minor: Option<i64>,
    instead_currency: Option<String>,
    attempts: i64,
    wait_until: Option<i64>,
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
            instead: row.instead_minor.zip(row.instead_currency).map(|(amount_minor, currency)| Instead { amount_minor, currency }),
            attempts: row.attempts,
            wait_until: row.wait_until,
            paid_at: row.paid_at,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

/// Read ahead: a payment by its id.
pub(super) const PAYMENT: &str = "payment";

/// A payment by its id, whoever's.
pub async fn load(desk: &mut Desk, payment_id: &str) -> Result<Payment, Refusal> {
    if let Some(known) = desk.take_foreseen(PAYMENT, payment_id) {
        return Ok(known);
    }
    let row: Option<PaymentRow> = desk.tx.opt(select!("WHERE vendor_id = $1 AND id = $2"), (desk.vendor.id.clone(), payment_id.to_owned())).await?;
    row.ok_or(Refusal::NotFound)?.try_into()
}

static BY_IDS: Many = Many {
    before: concat!("SELECT ", columns!(), " FROM (VALUES"),
    columns: 2,
    after: ") AS v CROSS JOIN payments WHERE vendor_id = v.column1 AND id = v.column2",
    of_each: false,
};

/// Payments by their ids, in no order; what is not there is left out.
pub(crate) async fn load_all(desk: &mut Desk, ids: &[String]) -> Result<Vec<Payment>, Refusal> {
    let rows: Vec<PaymentRow> = desk.tx.all_of(&BY_IDS, desk.each(ids)).await?;
    rows.into_iter().map(Payment::try_from).collect()
}

/// The payment that a gateway calls so; `None`: none of ours.
pub(super) async fn by_reference(desk: &mut Desk, gateway: &str, reference: &str) -> Result<Option<Payment>, Refusal> {
    let row: Option<PaymentRow> = desk
        .tx
        .opt(select!("WHERE vendor_id = $1 AND gateway = $2 AND reference = $3"), (desk.vendor.id.clone(), gateway.to_owned(), reference.to_owned()))
        .await?;
    row.map(Payment::try_from).transpose()
}

/// Whether a gateway was asked to charge something and has not said yet what it calls that.
pub(super) async fn is_unanswered(desk: &mut Desk, gateway: &str) -> Result<bool, Refusal> {
    let first: Option<(String,)> = desk
        .tx
        .opt(
            "SELECT id FROM payments WHERE vendor_id = $1 AND gateway = $2 AND status IN ('created', 'processing', 'needs_action') AND reference IS NULL LIMIT 1",
            (desk.vendor.id.clone(), gateway.to_owned()),
        )
        .await?;
    Ok(first.is_some())
}

static INSERT: Many = Many {
    before: "INSERT INTO payments (vendor_id, id, customer_id, invoice_id, quote_id, purchase_id, position, method_id, round, amount_minor, currency, status, gateway, attempts, wait_until,
                created_at, updated_at, ask_at) VALUES",
    columns: 18,
    after: "",
    of_each: false,
};

/// Adds one that nothing was heard of, as the `position`-th of what it pays.
pub(super) async fn insert(desk: &mut Desk, payment: &Payment, position: i64) -> Result<(), Refusal> {
    let Payment { id, customer_id, method_id, round, amount_minor, currency, gateway, attempts, wait_until, created_at, updated_at, .. } = payment.clone();
    let (invoice_id, quote_id, purchase_id) = match &payment.pays {
        Pays::Invoice(id) => (Some(id.clone()), None, None),
        Pays::Quote(id) => (None, Some(id.clone()), None),
        Pays::Purchase(id) => (None, None, Some(id.clone())),
    };
    let status = if payment.status == Status::Created { "created" } else { "processing" };
    let row = (
        desk.vendor.id.clone(),
        id,
        customer_id,
        invoice_id,
        quote_id,
        purchase_id,
        position,
        method_id,
        round,
        amount_minor,
        currency,
        status,
        gateway,
        attempts,
        wait_until,
        created_at,
        updated_at,
        created_at + PATIENCE_MS,
    );
    Ok(desk.tx.put(&INSERT, row).await?)
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

/// Read ahead of an invoice: its payments.
pub(super) const PAYMENTS: &str = "payments";

/// Every payment of an invoice, the latest first.
pub async fn of_invoice(desk: &mut Desk, invoice_id: &str) -> Result<Vec<Payment>, Refusal> {
    if let Some(known) = desk.recall(PAYMENTS, invoice_id) {
        return Ok(known);
    }
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

/// Every payment of the same, the latest first.
pub async fn of(desk: &mut Desk, pays: &Pays) -> Result<Vec<Payment>, Refusal> {
    let own = |id: &String| (desk.vendor.id.clone(), id.clone());
    let rows: Vec<PaymentRow> = match pays {
        Pays::Invoice(id) => return of_invoice(desk, id).await,
        Pays::Quote(id) => desk.tx.all(select!("WHERE vendor_id = $1 AND quote_id = $2 ORDER BY position DESC"), own(id)).await?,
        Pays::Purchase(id) => desk.tx.all(select!("WHERE vendor_id = $1 AND purchase_id = $2 ORDER BY position DESC"), own(id)).await?,
    };
    rows.into_iter().map(Payment::try_from).collect()
}

/// Payments that a gateway was to make and whose row was written since a moment (wall time, unix ms), in order.
pub(super) async fn made_since(desk: &mut Desk, gateway: &str, since_ms: i64) -> Result<Vec<Payment>, Refusal> {
    let rows: Vec<PaymentRow> = desk
        .tx
        .all(select!("WHERE vendor_id = $1 AND gateway = $2 AND created_at >= $3 ORDER BY id"), (desk.vendor.id.clone(), gateway.to_owned(), since_ms))
        .await?;
    rows.into_iter().map(Payment::try_from).collect()
}

/// Payments under way at another gateway, or begun before a moment (wall time, unix ms), or charged otherwise than asked for; in order.
pub(super) async fn left_lying(desk: &mut Desk, gateway: &str, begun_before_ms: i64) -> Result<Vec<Payment>, Refusal> {
    let rows: Vec<PaymentRow> = desk
        .tx
        .all(
            select!(
                "WHERE vendor_id = $1 AND status IN ('created', 'processing', 'needs_action') AND (gateway <> $2 OR created_at < $3 OR instead_minor IS NOT NULL)
                 ORDER BY id LIMIT 1000"
            ),
            (desk.vendor.id.clone(), gateway.to_owned(), begun_before_ms),
        )
        .await?;
    rows.into_iter().map(Payment::try_from).collect()
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

/// Payments whose day comes by an instant: announced ones to be sent, those on their way to be asked after. The first first.
pub(super) async fn expected(desk: &mut Desk, until_ms: i64, at_most: i64) -> Result<Vec<Payment>, Refusal> {
    let rows: Vec<PaymentRow> = desk
        .tx
        .all(
            select!("WHERE vendor_id = $1 AND status IN ('created', 'processing') AND wait_until <= $2 ORDER BY wait_until, id LIMIT $3 + 0"),
            (desk.vendor.id.clone(), until_ms, at_most),
        )
        .await?;
    rows.into_iter().map(Payment::try_from).collect()
}

/// Invoices of a customer that a direct debit is coming for, or on its way: by their ids. They are not asked for otherwise meanwhile.
pub async fn waited_for(desk: &mut Desk, customer_id: &str) -> Result<BTreeSet<String>, Refusal> {
    let rows: Vec<(String,)> = desk
        .tx
        .all(
            "SELECT invoice_id FROM payments
             WHERE vendor_id = $1 AND customer_id = $2 AND invoice_id IS NOT NULL AND status IN ('created', 'processing') AND wait_until IS NOT NULL",
            (desk.vendor.id.clone(), customer_id.to_owned()),
        )
        .await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// Payments under way that are asked about at once, at most.
const ASKED_AT_ONCE: i64 = 500;
/// How long an answer may still be on its way before a payment is asked about.
pub(super) const PATIENCE_MS: i64 = 60_000;
/// The longest until it is asked about again: what is given up after a day is given up within the hour.
const LONGEST_MS: i64 = 60 * 60 * 1000;

/// Takes up the payments under way whose turn it is to be asked about, who waited longest first. Each has its next turn when a quarter of its
/// age has passed once more: one that nobody can help soon leaves the others room, and is never given up. One that was announced has its turn
/// from its day on. Of all workers, one gets a payment.
pub(super) async fn take_up(desk: &mut Desk) -> Result<Vec<Payment>, Refusal> {
    let rows: Vec<PaymentRow> = desk
        .tx
        .all(
            returning!(
                "UPDATE payments SET ask_at = $2 + CASE WHEN $2 - created_at < 4 * $3 THEN $3 WHEN $2 - created_at > 4 * $4 THEN $4 ELSE ($2 - created_at) / 4 END
                 WHERE vendor_id = $1 AND ask_at <= $2 AND status IN ('created', 'processing', 'needs_action') AND id IN (SELECT id FROM payments
                    WHERE vendor_id = $1 AND ask_at <= $2 AND (status IN ('processing', 'needs_action') OR (status = 'created' AND (wait_until IS NULL OR wait_until <= $6)))
                    ORDER BY ask_at, id LIMIT $5 + 0)"
            ),
            (desk.vendor.id.clone(), desk.now.wall_ms(), PATIENCE_MS, LONGEST_MS, ASKED_AT_ONCE, desk.now.billing_ms()),
        )
        .await?;
    rows.into_iter().map(Payment::try_from).collect()
}

/// Whether it is some payment's turn.
pub(super) async fn is_any_turn(desk: &mut Desk) -> Result<bool, Refusal> {
    let first: Option<(String,)> = desk
        .tx
        .opt(
            "SELECT id FROM payments WHERE vendor_id = $1 AND ask_at <= $2
                AND (status IN ('processing', 'needs_action') OR (status = 'created' AND (wait_until IS NULL OR wait_until <= $3))) LIMIT 1",
            (desk.vendor.id.clone(), desk.now.wall_ms(), desk.now.billing_ms()),
        )
        .await?;
    Ok(first.is_some())
}

//! Money on its way back: what a credit note refunds goes to the payments that paid the invoice, the newest first, never more to one
//! than it paid of it; what is left of a purchase's credit goes to the payment that paid for it.
//!
//! ```text
//! created ─ the gateway is called ─┬▶ succeeded
//!    ▲                             ├▶ refused: it can't go back this way, and is in the customer's balance
//!    └─── no answer, not yet ──────┘
//! ```
//!
//! The rows are committed with the credit note, or with the credit's leaving the balance; then the outbox ([`REFUND`]) calls the gateway until it has decided. A row's id is its key
//! there, so that calling again gives nothing back twice, and is the way to ask where an answer was lost.
//!
//! What deliberately does not live here: how much may go back, and the credit note (`invoices::credit`), or the credit (`purchases::refund`).

use billing::ledger;
use serde_json::json;
use sqlx::FromRow;

use crate::sentence;
use crate::services::balance::{self, Source};
use crate::services::{Desk, Refusal, customers, invoices, ledger as books, purchases};

use super::errand::{Errand, unanswered};
use super::gateway::{RefundOutcome, RefundRequest};
use super::read;

/// Work left in the outbox: the refunds of a credit note or a purchase are to be given back.
#[derive(serde::Serialize, serde::Deserialize)]
pub struct GiveBack {
    pub of_id: String,
}

/// The kind of [`GiveBack`] in the outbox.
pub const REFUND: &str = "refund";

/// What a credit note gives back of an invoice.
pub struct NewRefund {
    pub customer_id: String,
    pub credit_note_id: String,
    pub invoice_id: String,
    pub amount_minor: i64,
    pub currency: String,
}

/// Columns as in `migrations/0023_rounds_and_refunds.sql`.
#[derive(FromRow)]
pub(super) struct Refund {
    pub(super) id: String,
    customer_id: String,
    credit_note_id: Option<String>,
    invoice_id: Option<String>,
    purchase_id: Option<String>,
    payment_id: String,
    pub(super) amount_minor: i64,
    pub(super) currency: String,
    pub(super) status: String,
}

/// What is given back of.
enum Of<'a> {
    Invoice {
        credit_note_id: &'a str,
        invoice_id: &'a str,
    },
    /// What it gave into the balance.
    Purchase(&'a str),
}

impl Refund {
    fn of(&self) -> Result<Of<'_>, Refusal> {
        match (&self.credit_note_id, &self.invoice_id, &self.purchase_id) {
            (Some(credit_note_id), Some(invoice_id), None) => Ok(Of::Invoice { credit_note_id, invoice_id }),
            (None, None, Some(purchase_id)) => Ok(Of::Purchase(purchase_id)),
            _ => Err(Refusal::damaged(format!("refund {}", self.id))),
        }
    }
}

/// The columns of a [`Refund`] (`r`).
macro_rules! columns {
    () => {
        "r.id, r.customer_id, r.credit_note_id, r.invoice_id, r.purchase_id, r.payment_id, r.amount_minor, r.currency, r.status"
    };
}

#[derive(FromRow)]
struct Paid {
    payment_id: String,
    /// Of the invoice by this payment, and not given back.
    left_minor: i64,
}

/// Writes what is to be given back to which payment, in the transaction of the credit note, and leaves it for the outbox. What was paid
/// by no payment of ours (a bank transfer that was booked) has no way back and goes into the balance at once.
pub(crate) async fn open(desk: &mut Desk, new: &NewRefund) -> Result<(), Refusal> {
    let paid: Vec<Paid> = desk
        .tx
        .all(
            "SELECT p.id AS payment_id, a.amount_minor - CAST(COALESCE((SELECT SUM(r.amount_minor) FROM refunds r
                    WHERE r.vendor_id = a.vendor_id AND r.invoice_id = a.invoice_id AND r.payment_id = a.payment_id AND r.status <> 'refused'), 0) AS BIGINT) AS left_minor
             FROM allocations a JOIN payments p ON p.vendor_id = a.vendor_id AND p.id = a.payment_id
             WHERE a.vendor_id = $1 AND a.invoice_id = $2 AND a.kind = 'payment' ORDER BY p.paid_at DESC, p.id DESC",
            (desk.vendor.id.clone(), new.invoice_id.clone()),
        )
        .await?;
    let mut rest = new.amount_minor;
    for paid in paid {
        let part = paid.left_minor.min(rest);
        if part <= 0 {
            continue;
        }
        let id = desk.new_id("ref");
        desk.tx
            .run(
                "INSERT INTO refunds (vendor_id, id, customer_id, credit_note_id, invoice_id, payment_id, amount_minor, currency, status, attempts, created_at, updated_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'created', 0, $9, $9)",
                (
                    desk.vendor.id.clone(), id, new.customer_id.clone(), new.credit_note_id.clone(), new.invoice_id.clone(), paid.payment_id, part, new.currency.clone(),
                    desk.now.wall_ms(),
                ),
            )
            .await?;
        rest = billing::money::sub(rest, part).map_err(billing::Error::from)?;
    }
    if rest > 0 {
        into_balance(desk, new, rest).await?;
    }
    desk.leave(REFUND, &GiveBack { of_id: new.credit_note_id.clone() }).await
}

/// What a purchase gives back of the credit it gave.
pub(crate) struct NewPurchaseRefund<'a> {
    pub customer_id: &'a str,
    pub purchase_id: &'a str,
    /// The one that paid for it.
    pub payment_id: &'a str,
    pub amount_minor: i64,
    pub currency: &'a str,
}

/// Writes that so much goes back to the payment, in the transaction that takes it from the balance, and leaves it for the outbox; its id.
pub(crate) async fn open_of_purchase(desk: &mut Desk, new: &NewPurchaseRefund<'_>) -> Result<String, Refusal> {
    let id = desk.new_id("ref");
    let row = (
        desk.vendor.id.clone(),
        id.clone(),
        new.customer_id.to_owned(),
        new.purchase_id.to_owned(),
        new.payment_id.to_owned(),
        new.amount_minor,
        new.currency.to_owned(),
        desk.now.wall_ms(),
    );
    desk.tx
        .run(
            "INSERT INTO refunds (vendor_id, id, customer_id, purchase_id, payment_id, amount_minor, currency, status, attempts, created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, 'created', 0, $8, $8)",
            row,
        )
        .await?;
    desk.leave(REFUND, &GiveBack { of_id: new.purchase_id.to_owned() }).await?;
    Ok(id)
}

/// Work left in the outbox: asks the gateway for every refund of a credit note or a purchase that it has not decided. An error where one is still
/// undecided: the outbox comes again.
pub async fn give_back(errand: &Errand, of_id: &str) -> Result<(), Refusal> {
    let mut desk = errand.reads().await?;
    let undecided: Vec<Refund> = desk
        .tx
        .all(
            concat!(
                "SELECT ",
                columns!(),
                " FROM refunds r WHERE r.vendor_id = $1 AND (r.credit_note_id = $2 OR r.purchase_id = $2) AND r.status = 'created' ORDER BY r.id"
            ),
            (desk.vendor.id.clone(), of_id.to_owned()),
        )
        .await?;
    drop(desk);
    let mut outcome = Ok(());
    for refund in undecided {
        // One that can't be decided now must not keep the others waiting.
        outcome = send(errand, &refund).await.and(outcome);
    }
    outcome
}

/// The gateway told that something went back of the charge it calls so: asks for every refund of it that is not decided. One that is still
/// under way stays so, and what was given back at the gateway's own desk is none of ours.
pub(super) async fn ask(errand: &Errand, gateway: &str, charge_reference: &str) -> Result<(), Refusal> {
    let mut desk = errand.reads().await?;
    let Some(payment) = read::by_reference(&mut desk, gateway, charge_reference).await? else { return Ok(()) };
    let given_back: Vec<(String,)> = desk
        .tx
        .all(
            "SELECT DISTINCT COALESCE(credit_note_id, purchase_id) FROM refunds WHERE vendor_id = $1 AND payment_id = $2 AND status = 'created'",
            (desk.vendor.id.clone(), payment.id.clone()),
        )
        .await?;
    drop(desk);
    for (of_id,) in given_back {
        match give_back(errand, &of_id).await {
            // The outbox has it, and comes again.
            Ok(()) | Err(Refusal::Rule(_)) => {}
            Err(refusal) => return Err(refusal),
        }
    }
    Ok(())
}

async fn send(errand: &Errand, refund: &Refund) -> Result<(), Refusal> {
    let mut desk = errand.writes().await?;
    desk.tx
        .run(
            "UPDATE refunds SET attempts = attempts + 1, updated_at = $3 WHERE vendor_id = $1 AND id = $2",
            (desk.vendor.id.clone(), refund.id.clone(), desk.now.wall_ms()),
        )
        .await?;
    let payment = read::load(&mut desk, &refund.payment_id).await?;
    let now = desk.now;
    desk.commit().await?;
    let gateway = errand.gateway().await?;
    if gateway.name() != payment.gateway {
        return Err(Refusal::Rule(sentence!("refusal-gateway-of-payment", payment = payment.id, gateway = payment.gateway)));
    }
    let charge_reference = payment.reference.ok_or_else(|| Refusal::damaged(format!("payment {} succeeded without the gateway's reference", payment.id)))?;
    let request = RefundRequest { key: refund.id.clone(), charge_reference, amount_minor: refund.amount_minor, currency: refund.currency.clone(), now };
    let answer = gateway.refund(request).await.map_err(|error| unanswered(&error, sentence!("refusal-refund-unanswered", refund = &refund.id)))?;
    let mut desk = errand.writes().await?;
    let is_decided = record(&mut desk, &refund.id, &answer.reference, &answer.outcome).await?;
    desk.commit().await?;
    if is_decided { Ok(()) } else { Err(Refusal::Rule(sentence!("refusal-refund-under-way", refund = &refund.id))) }
}

/// What the gateway says goes into the books, once; whether it has decided.
pub(super) async fn record(desk: &mut Desk, refund_id: &str, reference: &str, outcome: &RefundOutcome) -> Result<bool, Refusal> {
    let status = match outcome {
        RefundOutcome::Succeeded => "succeeded",
        RefundOutcome::Refused => "refused",
        RefundOutcome::Pending => "created",
    };
    let refund = load(desk, refund_id).await?;
    customers::hold(desk, &refund.customer_id).await?;
    let moved = desk
        .tx
        .run(
            "UPDATE refunds SET status = $3, reference = $4, updated_at = $5 WHERE vendor_id = $1 AND id = $2 AND status = 'created'",
            (desk.vendor.id.clone(), refund_id.to_owned(), status, reference.to_owned(), desk.now.wall_ms()),
        )
        .await?;
    match outcome {
        RefundOutcome::Pending => return Ok(load(desk, refund_id).await?.status != "created"),
        _ if moved == 0 => {}
        RefundOutcome::Succeeded => {
            let mut data = json!({ "amount_minor": refund.amount_minor, "currency": refund.currency, "payment_id": refund.payment_id });
            match refund.of()? {
                Of::Invoice { invoice_id, .. } => data["invoice"] = json!(invoices::load(desk, invoice_id).await?.number),
                Of::Purchase(purchase_id) => data["purchase_id"] = json!(purchase_id),
            }
            desk.record("refund.succeeded", Some(&refund.customer_id), refund_id, data).await?;
        }
        RefundOutcome::Refused => match refund.of()? {
            Of::Invoice { credit_note_id, invoice_id } => {
                let asked = NewRefund {
                    customer_id: refund.customer_id.clone(),
                    credit_note_id: credit_note_id.to_owned(),
                    invoice_id: invoice_id.to_owned(),
                    amount_minor: refund.amount_minor,
                    currency: refund.currency.clone(),
                };
                into_balance(desk, &asked, refund.amount_minor).await?;
            }
            Of::Purchase(purchase_id) => purchases::note_not_refunded(desk, purchase_id, refund_id).await?,
        },
    }
    Ok(true)
}

async fn load(desk: &mut Desk, refund_id: &str) -> Result<Refund, Refusal> {
    find(desk, refund_id).await?.ok_or(Refusal::NotFound)
}

/// Refunds of a gateway's payments whose row was written since a moment (wall time, unix ms), in order.
pub(super) async fn made_since(desk: &mut Desk, gateway: &str, since_ms: i64) -> Result<Vec<Refund>, Refusal> {
    Ok(desk
        .tx
        .all(
            concat!(
                "SELECT ",
                columns!(),
                " FROM refunds r JOIN payments p ON p.vendor_id = r.vendor_id AND p.id = r.payment_id
                 WHERE r.vendor_id = $1 AND p.gateway = $2 AND r.created_at >= $3 ORDER BY r.id"
            ),
            (desk.vendor.id.clone(), gateway.to_owned(), since_ms),
        )
        .await?)
}

/// `None`: there is no such refund.
pub(super) async fn find(desk: &mut Desk, refund_id: &str) -> Result<Option<Refund>, Refusal> {
    let found = desk
        .tx
        .opt(concat!("SELECT ", columns!(), " FROM refunds r WHERE r.vendor_id = $1 AND r.id = $2"), (desk.vendor.id.clone(), refund_id.to_owned()))
        .await?;
    Ok(found)
}

/// So much of a refund can't go back the way it came. It stays the customer's: a credit of the credit note, as if it had never been asked
/// back.
async fn into_balance(desk: &mut Desk, asked: &NewRefund, amount_minor: i64) -> Result<(), Refusal> {
    let NewRefund { customer_id, credit_note_id, invoice_id, currency, .. } = asked;
    let note = invoices::load(desk, credit_note_id).await?.number;
    let invoice = invoices::load(desk, invoice_id).await?.number;
    invoices::keep_refund(desk, credit_note_id, invoice_id, amount_minor).await?;
    balance::put(desk, customer_id, currency, amount_minor, Source::CreditNote, Some(credit_note_id), &note).await?;
    books::post(desk, customer_id, currency, credit_note_id, &ledger::refund_kept(amount_minor)?).await?;
    let data = json!({ "invoice": invoice, "amount_minor": amount_minor, "currency": currency });
    desk.record("refund.refused", Some(customer_id), credit_note_id, data).await
}

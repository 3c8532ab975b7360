//! Corrections: a credit note of an amount or of lines, its money against what is still due, into the balance, or back by the method
//! that paid.

use billing::correction::{CorrectionError, Invoiced, LineCredit, credit_amount, credit_lines};
use billing::invoice::{DocumentKind, LineKind, Reason};
use billing::ledger;
use serde_json::json;
use sqlx::FromRow;

use super::issue::{Issue, Issued, Written, into_balance, write};
use super::lines::{DraftLine, charged_of_invoice};
use super::{read, snapshot};
use crate::sentence;
use crate::services::payments::{self, NewRefund};
use crate::services::{Desk, Refusal, customers, ledger as books};

/// What to take back of an invoice.
#[derive(Clone, Debug, PartialEq)]
pub enum CreditRequest {
    /// All that is left of it.
    Whole,
    /// Gross.
    Amount(i64),
    Lines(Vec<LineCredit>),
    /// A gross amount whose money goes back by the payment's method; none: all that can.
    Refund(Option<i64>),
}

/// Issues a credit note for an invoice. Of a refund, `credited_invoices.refund_minor` says what goes back; `payments` gives it back.
pub async fn credit(desk: &mut Desk, invoice_id: &str, request: &CreditRequest) -> Result<Issued, Refusal> {
    let found = read::load(desk, invoice_id).await?;
    let customer = customers::lock(desk, &found.customer_id).await?;
    if found.kind != DocumentKind::Invoice {
        return Err(Refusal::Rule(sentence!("refusal-not-an-invoice")));
    }
    if matches!(request, CreditRequest::Refund(_)) && payments::is_disputed(desk, invoice_id).await? {
        return Err(Refusal::Conflict(sentence!("refusal-refund-disputed")));
    }
    let snapshot: snapshot::Snapshot = found.snapshot()?;
    let (rounding_credited_minor, corrected_minor) = earlier_notes(desk, &found).await?;
    let (lines, restored) = charged_of_invoice(desk, invoice_id).await?;
    let invoiced = Invoiced {
        currency: billing::money::Currency::from_code(&found.currency).map_err(Refusal::damaged)?,
        prices: snapshot.prices,
        lines,
        restored,
        notes: snapshot.notes.clone(),
        rounding_minor: snapshot.rounding_minor,
        rounding_credited_minor,
        total_minor: found.total_minor,
        corrected_minor,
    };
    let document = match request {
        CreditRequest::Whole => credit_amount(&invoiced, invoiced.left_minor()?),
        CreditRequest::Amount(amount) => credit_amount(&invoiced, *amount),
        CreditRequest::Lines(lines) => credit_lines(&invoiced, lines),
        CreditRequest::Refund(amount) => {
            let most = refundable_minor(desk, invoice_id).await?;
            let amount = amount.unwrap_or(most);
            if amount > most {
                return Err(Refusal::Rule(sentence!("refusal-refund-more-than-paid", most = (most, found.currency.as_str()))));
            }
            credit_amount(&invoiced, amount)
        }
    };
    let document = document.map_err(|error| match error {
        // The engine has no words for money.
        billing::Error::Correction(CorrectionError::MoreThanLeft { asked_minor, left_minor }) => {
            let currency = found.currency.as_str();
            Refusal::Rule(sentence!("refusal-credit-more-than-left", asked = (asked_minor, currency), left = (left_minor, currency)))
        }
        error => error.into(),
    })?;
    let size = billing::money::neg(document.total_minor).map_err(billing::Error::from)?;
    let lines = document.lines.iter().map(|line| DraftLine::new(desk, line.clone(), None)).collect();
    let corrects = vec![(found.id.clone(), found.number.clone())];
    let issue = Issue {
        customer: &customer,
        reason: Reason::Manual,
        at: desk.now.billing,
        zone: snapshot.zone,
        document: &document,
        lines,
        corrects,
        balance_minor: 0,
    };
    let Written { id, number, due_at } = write(desk, &issue).await?;

    if let CreditRequest::Refund(_) = request {
        books::post(desk, &customer.id, &found.currency, &id, &ledger::credit_note_issued(&document, size)?).await?;
        books::post(desk, &customer.id, &found.currency, &id, &ledger::refund_paid(size)?).await?;
        desk.tx
            .run(
                "UPDATE credited_invoices SET refund_minor = $4 WHERE vendor_id = $1 AND credit_note_id = $2 AND invoice_id = $3",
                (desk.vendor.id.clone(), id.clone(), invoice_id.to_owned(), size),
            )
            .await?;
        desk.record("refund.created", Some(&customer.id), &id, json!({ "invoice": found.number, "amount_minor": size, "currency": found.currency })).await?;
        let back = NewRefund {
            customer_id: customer.id.clone(),
            credit_note_id: id.clone(),
            invoice_id: invoice_id.to_owned(),
            amount_minor: size,
            currency: found.currency.clone(),
        };
        payments::open_refunds(desk, &back).await?;
    } else {
        into_balance(desk, &customer.id, &document, &issue.corrects, (&id, &number)).await?;
    }
    Ok(Issued { id, number, document, due_at, due_minor: 0 })
}

/// So much of a refund did not go back: it is a credit like any other.
pub(crate) async fn keep_refund(desk: &mut Desk, credit_note_id: &str, invoice_id: &str, amount_minor: i64) -> Result<(), Refusal> {
    desk.tx
        .run(
            "UPDATE credited_invoices SET refund_minor = refund_minor - $4 WHERE vendor_id = $1 AND credit_note_id = $2 AND invoice_id = $3",
            (desk.vendor.id.clone(), credit_note_id.to_owned(), invoice_id.to_owned(), amount_minor),
        )
        .await?;
    Ok(())
}

/// How much of an invoice's rounding earlier notes took, with the sign of the invoice's (a note of several invoices rounds the first); and
/// what those came to that only correct it, which are notes of adjustments alone.
async fn earlier_notes(desk: &mut Desk, invoice: &read::Invoice) -> Result<(i64, i64), Refusal> {
    let notes: Vec<(String,)> = desk
        .tx
        .all(
            "SELECT i.document FROM credited_invoices c JOIN invoices i ON i.vendor_id = c.vendor_id AND i.id = c.credit_note_id WHERE c.vendor_id = $1 AND c.invoice_id = $2",
            (desk.vendor.id.clone(), invoice.id.clone()),
        )
        .await?;
    let (mut rounding_minor, mut corrected_minor) = (0, 0);
    for (document,) in notes {
        let note: snapshot::Snapshot = serde_json::from_str(&document).map_err(Refusal::damaged)?;
        if note.corrects.first() == Some(&invoice.number) {
            rounding_minor = billing::money::sub(rounding_minor, note.rounding_minor).map_err(billing::Error::from)?;
        }
        if note.lines.iter().all(|shown| shown.line.kind == LineKind::Adjustment) {
            corrected_minor = billing::money::sub(corrected_minor, note.total_minor).map_err(billing::Error::from)?;
        }
    }
    Ok((rounding_minor, corrected_minor))
}

#[derive(FromRow)]
struct PaidRow {
    paid_minor: i64,
    refunded_minor: i64,
}

/// What payments and transfers paid of an invoice and no refund has given back.
pub async fn refundable_minor(desk: &mut Desk, invoice_id: &str) -> Result<i64, Refusal> {
    let row: PaidRow = desk
        .tx
        .one(
            "SELECT CAST(COALESCE((SELECT SUM(amount_minor) FROM allocations WHERE vendor_id = $1 AND invoice_id = $2 AND kind IN ('payment', 'transfer', 'dispute')), 0) AS BIGINT) AS paid_minor,
                CAST(COALESCE((SELECT SUM(refund_minor) FROM credited_invoices WHERE vendor_id = $1 AND invoice_id = $2), 0) AS BIGINT) AS refunded_minor",
            (desk.vendor.id.clone(), invoice_id.to_owned()),
        )
        .await?;
    Ok(billing::money::sub(row.paid_minor, row.refunded_minor).map_err(billing::Error::from)?)
}

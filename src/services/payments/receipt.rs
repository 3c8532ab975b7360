//! The receipt of a payment that succeeded: what it paid, and what of it went back. Worked out when it is asked for.
//!
//! Its number is the payment's own. No law wants receipts without a gap, and a series of theirs would be a lock that every payment of the
//! vendor waits for.

use billing::calendar::Instant;
use sqlx::FromRow;

use super::methods::{self, Method};
use super::names::method_name;
use super::read::{self, Payment, Status};
use crate::platform::clock::from_ms;
use crate::services::invoices::pdf::{Answer, Fact, Labels, Line, Section, Sheet, TotalRow, TotalStyle};
use crate::services::invoices::{File, Letterhead};
use crate::services::{Desk, Refusal};
use crate::t;
use crate::words::Words;
use crate::words::format::{Dates, currency_head};

#[derive(Clone, Debug, PartialEq)]
pub struct Receipt {
    pub number: String,
    pub payment: Payment,
    pub method: Method,
    pub paid_at: Instant,
    /// Together the payment's amount.
    pub paid: Vec<Paid>,
    /// The first first; what was refused did not go back and is not here.
    pub refunds: Vec<Back>,
}

/// So much of it went there.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct Paid {
    /// Of an invoice; `None`: into the balance.
    pub invoice_number: Option<String>,
    /// What was bought for the balance; empty where it was an amount, or was not needed.
    pub name: String,
    pub amount_minor: i64,
}

/// So much of it went back, or is on its way.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct Back {
    /// `None`: of what a purchase gave.
    pub credit_note_number: Option<String>,
    pub amount_minor: i64,
    /// 'created' (on its way) | 'succeeded'
    pub status: String,
    /// Billing time it was decided.
    pub decided_at: i64,
}

impl Paid {
    /// What it paid, in the reader's words.
    pub fn told(&self, w: Words) -> String {
        match &self.invoice_number {
            Some(number) => t!(w, "receipt-invoice", number = number),
            None if self.name.is_empty() => t!(w, "receipt-balance"),
            None => self.name.clone(),
        }
    }
}

impl Receipt {
    /// What went back, or will.
    pub fn back_minor(&self) -> i64 {
        self.refunds.iter().fold(0, |sum, back| sum.saturating_add(back.amount_minor))
    }
}

/// `R-7F3A-91C2-04BD`: the end of the payment's id, as people copy it.
pub fn receipt_number(payment_id: &str) -> String {
    let tail: Vec<char> = payment_id.chars().rev().take(12).collect();
    let tail: String = tail.into_iter().rev().collect::<String>().to_uppercase();
    let groups: Vec<String> = tail.as_bytes().chunks(4).map(|group| String::from_utf8_lossy(group).into_owned()).collect();
    format!("R-{}", groups.join("-"))
}

/// The receipt of one of a customer's payments. One that did not succeed has none.
pub async fn receipt(desk: &mut Desk, customer_id: &str, payment_id: &str) -> Result<Receipt, Refusal> {
    let payment = read::find(desk, customer_id, payment_id).await?;
    let (Status::Succeeded, Some(paid_at)) = (&payment.status, payment.paid_at) else { return Err(Refusal::NotFound) };
    let method = methods::find_ever(desk, customer_id, &payment.method_id).await?;
    let paid: Vec<Paid> = desk
        .tx
        .all(
            "SELECT i.number AS invoice_number, '' AS name, a.amount_minor FROM allocations a JOIN invoices i ON i.vendor_id = a.vendor_id AND i.id = a.invoice_id
                WHERE a.vendor_id = $1 AND a.payment_id = $2
             UNION ALL
             SELECT NULL, CASE WHEN b.source = 'top_up' THEN b.description ELSE '' END, b.amount_minor FROM balance_credits b
                WHERE b.vendor_id = $1 AND b.source_id = $2 AND b.source IN ('top_up', 'overpayment')",
            (desk.vendor.id.clone(), payment_id.to_owned()),
        )
        .await?;
    let refunds: Vec<Back> = desk
        .tx
        .all(
            "SELECT n.number AS credit_note_number, r.amount_minor, r.status,
                COALESCE(n.issued_at, (SELECT MIN(b.moved_at) FROM balance_returns b WHERE b.vendor_id = r.vendor_id AND b.refund_id = r.id), 0) AS decided_at
             FROM refunds r LEFT JOIN invoices n ON n.vendor_id = r.vendor_id AND n.id = r.credit_note_id
             WHERE r.vendor_id = $1 AND r.payment_id = $2 AND r.status <> 'refused' ORDER BY r.id",
            (desk.vendor.id.clone(), payment_id.to_owned()),
        )
        .await?;
    Ok(Receipt { number: receipt_number(&payment.id), paid_at: from_ms(paid_at), payment, method, paid, refunds })
}

/// The receipt as a PDF, with the vendor's branding as on invoices.
pub async fn print_receipt(letterhead: Letterhead, receipt: &Receipt, dates: Dates) -> Result<File, Refusal> {
    let w = dates.words;
    let currency = receipt.payment.currency.as_str();
    let amount = w.money(receipt.payment.amount_minor, currency);
    let (day, method) = (dates.day_year(receipt.paid_at), method_name(w, &receipt.method));
    let mut lines: Vec<Line> =
        receipt.paid.iter().map(|paid| Line { name: paid.told(w), amount: w.figure(paid.amount_minor, currency), ..Line::default() }).collect();
    lines.extend(receipt.refunds.iter().map(|back| Line {
        name: back.told(w, &dates),
        amount: w.figure(back.amount_minor.saturating_neg(), currency),
        ..Line::default()
    }));
    let mut totals = vec![TotalRow { label: t!(w, "receipt-paid"), amount: amount.clone(), style: TotalStyle::Total }];
    if !receipt.refunds.is_empty() {
        totals.push(TotalRow { label: t!(w, "receipt-back"), amount: w.money(receipt.back_minor().saturating_neg(), currency), style: TotalStyle::Quiet });
    }
    let sheet = Sheet {
        title: t!(w, "receipt-title"),
        number: receipt.number.clone(),
        answer: Some(Answer { text: t!(w, "receipt-answer", amount = &amount, day = &day, method = &method), strong: Some(amount) }),
        facts: vec![
            Fact { label: t!(w, "receipt-date"), value: day },
            Fact { label: t!(w, "receipt-method"), value: method },
            Fact { label: t!(w, "receipt-number"), value: receipt.number.clone() },
        ],
        sections: vec![Section { heading: None, lines }],
        totals,
        labels: Labels {
            description: t!(w, "receipt-what"),
            amount: currency_head(currency),
            quantity: String::new(),
            each: String::new(),
            ..letterhead.labels(w)
        },
        ..letterhead.sheet(w, &receipt.payment.id)
    };
    letterhead.print(sheet, format!("{}.pdf", receipt.number)).await
}

impl Back {
    /// `Went back on 3 April 2026, by CN-2026-0001`
    pub fn told(&self, w: Words, dates: &Dates) -> String {
        let day = dates.day_year(from_ms(self.decided_at));
        match (&self.credit_note_number, self.status == "succeeded") {
            (Some(number), true) => t!(w, "receipt-went-back", day = day, number = number),
            (Some(number), false) => t!(w, "receipt-goes-back", number = number),
            (None, true) => t!(w, "receipt-went-back-of-balance", day = day),
            (None, false) => t!(w, "receipt-goes-back-of-balance"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::receipt_number;

    #[test]
    fn a_receipts_number_is_its_payments() {
        assert_eq!(receipt_number("pay_0192f3a4b5c6d7e8f90a1b2c3d4e5f60"), "R-1B2C-3D4E-5F60");
    }
}

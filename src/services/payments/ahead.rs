//! Reading ahead: what beginning to collect many invoices, and booking what was answered, ask the database for, in a few statements for all of
//! them. It is what a night's invoices need; of one that was tried before, or of a customer who disputes, the rest is asked for when its turn
//! comes.

use std::collections::{BTreeSet, HashMap};

use crate::platform::db::Many;
use crate::services::desk::{Answers, answer};
use crate::services::{Desk, Refusal, dunning, invoices};

use super::disputes::DISPUTED;
use super::methods::{self, METHODS, Method};
use super::read::{self, PAYMENT, PAYMENTS, Payment, Pays};
use super::sending::Sent;

/// Invoices of customers who have a history: a payment of the invoice, a case of it, or a dispute of the customer's.
static WITH_HISTORY: Many = Many {
    before: "SELECT v.column3 FROM (VALUES",
    columns: 3,
    after: ") AS v WHERE EXISTS (SELECT 1 FROM payments p WHERE p.vendor_id = v.column1 AND p.invoice_id = v.column3)
                OR EXISTS (SELECT 1 FROM dunning_cases c WHERE c.vendor_id = v.column1 AND c.invoice_id = v.column3)
                OR EXISTS (SELECT 1 FROM disputes d WHERE d.vendor_id = v.column1 AND d.customer_id = v.column2)",
    of_each: false,
};

/// What was read ahead of invoices, by their ids: for [`Desk::foresee`] when one's turn comes.
pub type Ahead = HashMap<String, Answers>;

/// Reads ahead of collecting some invoices, each after its customer, whom this desk has locked.
pub async fn foresee_collecting(desk: &mut Desk, owed: &[(String, String)]) -> Result<Ahead, Refusal> {
    if owed.is_empty() {
        return Ok(Ahead::new());
    }
    let owners: Vec<String> = owed.iter().map(|(customer_id, _)| customer_id.clone()).collect::<BTreeSet<_>>().into_iter().collect();
    let rows = owed.iter().map(|(customer_id, invoice_id)| (desk.vendor.id.clone(), customer_id.clone(), invoice_id.clone())).collect();
    let with_history: Vec<(String,)> = desk.tx.all_of(&WITH_HISTORY, rows).await?;
    let with_history: BTreeSet<String> = with_history.into_iter().map(|(id,)| id).collect();
    let mut on_file: HashMap<String, Vec<Method>> = HashMap::new();
    for method in methods::of_customers(desk, &owners).await? {
        on_file.entry(method.customer_id.clone()).or_default().push(method);
    }
    let ids: Vec<String> = owed.iter().map(|(_, invoice_id)| invoice_id.clone()).collect();
    let mut ahead = Ahead::new();
    for invoice in invoices::load_all(desk, &ids).await? {
        let mut answers = Answers::new();
        answer(&mut answers, METHODS, &invoice.customer_id, on_file.get(&invoice.customer_id).cloned().unwrap_or_default());
        if !with_history.contains(&invoice.id) {
            answer(&mut answers, PAYMENTS, &invoice.id, Vec::<Payment>::new());
            answer(&mut answers, dunning::CASE, &invoice.id, None::<dunning::Case>);
            answer(&mut answers, DISPUTED, &invoice.customer_id, BTreeSet::<String>::new());
        }
        let id = invoice.id.clone();
        answer(&mut answers, invoices::INVOICE, &id, invoice);
        ahead.insert(id, answers);
    }
    Ok(ahead)
}

/// Reads ahead of booking what was answered to payments whose customers this desk has locked.
pub async fn foresee_booking<'a>(desk: &mut Desk, sent: impl Iterator<Item = &'a Sent>) -> Result<Ahead, Refusal> {
    let (mut ids, mut invoice_ids) = (Vec::new(), Vec::new());
    for payment in sent.map(Sent::payment) {
        if let Pays::Invoice(invoice_id) = &payment.pays {
            ids.push(payment.id.clone());
            invoice_ids.push(invoice_id.clone());
        }
    }
    if ids.is_empty() {
        return Ok(Ahead::new());
    }
    let mut ahead = invoices::foresee_paid(desk, &invoice_ids).await?;
    for payment in read::load_all(desk, &ids).await? {
        if let Pays::Invoice(invoice_id) = payment.pays.clone()
            && let Some(answers) = ahead.get_mut(&invoice_id)
        {
            let id = payment.id.clone();
            answer(answers, PAYMENT, &id, payment);
        }
    }
    Ok(ahead)
}

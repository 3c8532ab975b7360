//! A new method repairs what failed: everything that could not be charged is charged to it at once, beginning in the transaction that keeps it.

use crate::services::dunning::{self, Case};
use crate::services::invoices::{self, Invoice};
use crate::services::{Actor, Desk, Refusal, bank};

use super::charges::{self, Customer, NewPayment};
use super::collect;
use super::errand::Errand;
use super::methods::{self, Method};
use super::read::{self, Payment, Pays};

/// Opens a payment by a new method for each invoice of its customer that could not be charged and that it can pay; it is the default from then
/// on. One that is being paid at this moment is left alone, and one whose rest waits for a certificate of tax withheld. Each with its invoice's
/// number.
pub(super) async fn open(desk: &mut Desk, method: &Method) -> Result<Vec<(Payment, String)>, Refusal> {
    let mut opened = Vec::new();
    for mut case in dunning::unpaid_of(desk, &method.customer_id).await? {
        let invoice = invoices::load(desk, &case.invoice_id).await?;
        let before = read::of_invoice(desk, &invoice.id).await?;
        // Told twice of the same method, it is charged once.
        let is_in_hand = before.iter().any(|payment| payment.status.is_under_way() || payment.method_id == method.id);
        if invoice.due_minor <= 0 || is_in_hand || !method.can_pay(&invoice.currency) || bank::awaits_certificate(desk, &invoice.id).await? {
            continue;
        }
        if opened.is_empty() {
            methods::make_default(desk, &method.customer_id, &method.id).await?;
        }
        opened.push((charge(desk, &mut case, &invoice, &before, method).await?, invoice.number));
    }
    Ok(opened)
}

async fn charge(desk: &mut Desk, case: &mut Case, invoice: &Invoice, before: &[Payment], method: &Method) -> Result<Payment, Refusal> {
    dunning::note_new_method(desk, case, method, invoice.due_minor).await?;
    let rounds = before.iter().filter_map(|payment| payment.round).max().unwrap_or(0);
    let new = NewPayment {
        customer_id: invoice.customer_id.clone(),
        pays: Pays::Invoice(invoice.id.clone()),
        method_id: Some(method.id.clone()),
        who: whoever(&desk.actor),
        round: Some(rounds + 1),
        amount_minor: invoice.due_minor,
        currency: invoice.currency.clone(),
    };
    charges::open_with(desk, &new, method, before).await
}

/// Who adds a method by their own hand is there.
fn whoever(actor: &Actor) -> Customer {
    if matches!(actor, Actor::Identity(_)) { Customer::Present } else { Customer::Absent }
}

/// Sends what [`open`] opened. Who adds a card by their own hand is there to answer the bank. What is not answered now is found out later.
pub(super) async fn send(errand: &Errand, opened: Vec<(Payment, String)>) {
    let who = whoever(&errand.actor);
    for (payment, number) in opened {
        if let Err(refusal) = collect::send(errand, &payment.id, who, &number).await {
            tracing::warn!(%refusal, payment = payment.id, "what a new method is to pay was not sent yet");
        }
    }
}

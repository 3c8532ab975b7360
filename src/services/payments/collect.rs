//! Getting an invoice paid: by itself when it is issued, by the customer from the portal, and by finding out what became of payments
//! that a crash or a silent gateway left under way.

use crate::services::invoices::{self, Invoice};
use crate::services::{Desk, Refusal, customers};

use super::charges::{self, Customer, NewPayment, Payment, Pays, Status};
use super::errand::Errand;
use super::methods::{self, MethodRole};
use super::setups;

/// What collecting an invoice came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Collected {
    /// Nothing is due of it.
    NothingDue,
    /// The customer has no method that is charged by itself.
    NoMethod,
    /// The last attempt: succeeded, declined by every method, or still under way.
    Tried(Payment),
}

/// Charges what is due of an invoice to the default method, then to each backup while the ones before decline. Nobody needs to be there.
/// While another payment of the invoice is under way, or after it succeeded, nothing is charged.
pub async fn collect(errand: &Errand, invoice_id: &str) -> Result<Collected, Refusal> {
    let mut last = None;
    let mut tried = Vec::new();
    loop {
        let mut desk = errand.writes().await?;
        let invoice = locked(&mut desk, invoice_id).await?;
        if invoice.due_minor <= 0 {
            return Ok(last.map_or(Collected::NothingDue, Collected::Tried));
        }
        if let Some(payment) = charges::of_invoice(&mut desk, invoice_id).await?.into_iter().find(|payment| payment.status.is_under_way()) {
            return Ok(Collected::Tried(payment));
        }
        let Some(method_id) = next_method(&mut desk, &invoice.customer_id, &tried).await? else {
            drop(desk);
            return Ok(last.map_or(Collected::NoMethod, Collected::Tried));
        };
        let new = NewPayment {
            customer_id: invoice.customer_id.clone(),
            pays: Pays::Invoice(invoice_id.to_owned()),
            method_id: Some(method_id.clone()),
            amount_minor: invoice.due_minor,
            currency: invoice.currency.clone(),
        };
        let payment = charges::open(&mut desk, &new).await?;
        desk.commit().await?;
        tried.push(method_id);
        let payment = charges::send(errand, &payment.id, Customer::Absent, &invoice.number).await?;
        let is_declined = matches!(payment.status, Status::Declined(_));
        last = Some(payment);
        if !is_declined {
            return Ok(last.map_or(Collected::NoMethod, Collected::Tried));
        }
    }
}

/// The invoice with its customer locked, so that what is due of it cannot change before its payment's row stands.
async fn locked(desk: &mut Desk, invoice_id: &str) -> Result<Invoice, Refusal> {
    let customer_id = invoices::load(desk, invoice_id).await?.customer_id;
    customers::lock(desk, &customer_id).await?;
    invoices::load(desk, invoice_id).await
}

/// The next method to charge by itself.
async fn next_method(desk: &mut Desk, customer_id: &str, tried: &[String]) -> Result<Option<String>, Refusal> {
    let methods = methods::list(desk, customer_id).await?;
    Ok(methods.into_iter().filter(|method| method.role != MethodRole::Kept).map(|method| method.id).find(|id| !tried.contains(id)))
}

/// The customer pays an open invoice now, with the method named or the default one, and is there to answer the bank.
pub async fn pay(errand: &Errand, customer_id: &str, invoice_id: &str, method_id: Option<&str>) -> Result<Payment, Refusal> {
    let mut desk = errand.writes().await?;
    let invoice = locked(&mut desk, invoice_id).await?;
    if invoice.customer_id != customer_id {
        return Err(Refusal::NotFound);
    }
    if invoice.due_minor <= 0 {
        return Err(Refusal::rule("Nothing is due on this invoice any more. Nothing was charged."));
    }
    let new = NewPayment {
        customer_id: customer_id.to_owned(),
        pays: Pays::Invoice(invoice_id.to_owned()),
        method_id: method_id.map(str::to_owned),
        amount_minor: invoice.due_minor,
        currency: invoice.currency,
    };
    let payment = charges::open(&mut desk, &new).await?;
    desk.commit().await?;
    charges::send(errand, &payment.id, Customer::Present, &invoice.number).await
}

/// For how long an answer may still be on its way before a payment is asked for.
const PATIENCE_MS: i64 = 60_000;
/// For how long a confirmed change is held for its payment, and a bank's question stays open.
const GIVEN_UP_MS: i64 = 24 * 60 * 60 * 1000;

/// Finds out about everything left under way: asks the gateway, sends again under the same key what it never heard of, gives up what
/// nobody waits for any more. Run often; doing it twice changes nothing.
pub async fn recover(errand: &Errand) -> Result<usize, Refusal> {
    let mut desk = errand.reads().await?;
    let wall_ms = desk.now.wall_ms();
    let stuck = charges::under_way(&mut desk, wall_ms - PATIENCE_MS).await?;
    drop(desk);
    let count = stuck.len();
    for payment in stuck {
        // One that cannot be helped now must not keep the others waiting.
        if let Err(refusal) = recover_one(errand, &payment, wall_ms).await {
            tracing::warn!(%refusal, payment = %payment.id, "a payment could not be recovered yet");
        }
    }
    setups::sweep(errand).await?;
    Ok(count)
}

async fn recover_one(errand: &Errand, payment: &Payment, wall_ms: i64) -> Result<(), Refusal> {
    let asked = charges::ask(errand, payment).await?;
    match (&asked.status, &asked.pays) {
        (Status::NeedsAction { .. }, _) if wall_ms - asked.created_at > GIVEN_UP_MS => {
            charges::cancel(errand, &asked).await?;
        }
        // The gateway never heard of it. Under the same key it can only be charged once, also where the first request is still on its way.
        (Status::Created | Status::Processing, Pays::Invoice(invoice_id)) if asked.reference.is_none() => {
            let mut desk = errand.writes().await?;
            let invoice = invoices::load(&mut desk, invoice_id).await?;
            if invoice.due_minor == asked.amount_minor {
                drop(desk);
                charges::send(errand, &asked.id, Customer::Absent, &invoice.number).await?;
            } else {
                // Something else paid part of it meanwhile: what is left is collected anew.
                charges::give_up(&mut desk, &asked.id).await?;
                desk.commit().await?;
                collect(errand, invoice_id).await?;
            }
        }
        // The change it was to pay for is no longer held: nobody waits for it.
        (Status::Created | Status::Processing, Pays::Quote(_)) if asked.reference.is_none() && wall_ms - asked.created_at > GIVEN_UP_MS => {
            let mut desk = errand.writes().await?;
            charges::give_up(&mut desk, &asked.id).await?;
            desk.commit().await?;
        }
        _ => {}
    }
    Ok(())
}

/// Work left in the outbox: the gateway forgets a method.
pub async fn detach(errand: &Errand, detach: &methods::Detach) -> Result<(), Refusal> {
    let gateway = errand.gateway()?;
    if gateway.name() != detach.gateway {
        return Ok(());
    }
    gateway.detach(&detach.token).await.map_err(|error| Refusal::rule(error.to_string()))
}

//! Getting an invoice paid: by itself when it is issued, by the customer from the portal, and by finding out what became of payments
//! that a crash or a silent gateway left under way.

use futures_util::{StreamExt as _, stream};

use crate::sentence;
use crate::services::invoices::{self, Invoice};
use crate::services::{Desk, Refusal, customers, dunning, purchases};

use super::charges::{self, Customer, NewPayment};
use super::disputes;
use super::errand::{Errand, unanswered};
use super::gateway::DeclineReason;
use super::methods::{self, Method, MethodRole};
use super::read::{self, Payment, Pays, Status};
use super::sending::{self, Sending, Sent};
use super::setups;

/// What collecting an invoice came to.
#[expect(clippy::large_enum_variant, reason = "there is one at a time")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Collected {
    /// Nothing is due of it.
    NothingDue,
    /// The customer has no method that is charged by itself.
    NoMethod,
    /// The last attempt: succeeded, declined by every method, or still under way.
    Tried(Payment),
}

/// How collecting an invoice begins.
#[expect(clippy::large_enum_variant, reason = "there is one at a time")]
pub enum Begun {
    /// Nothing is due of it.
    NothingDue,
    /// The customer has no method that is charged by itself.
    NoMethod,
    /// Another payment of it is: nothing is charged beside it.
    UnderWay(Payment),
    /// The first payment of a round, to be sent once this transaction holds.
    Sending(Sending),
}

/// Begins to charge what is due of an invoice: see [`collect`].
pub async fn begin_collecting(desk: &mut Desk, invoice_id: &str) -> Result<Begun, Refusal> {
    let invoice = locked(desk, invoice_id).await?;
    if invoice.due_minor <= 0 {
        return Ok(Begun::NothingDue);
    }
    let before = read::of_invoice(desk, invoice_id).await?;
    if let Some(payment) = before.iter().find(|payment| payment.status.is_under_way()) {
        return Ok(Begun::UnderWay(payment.clone()));
    }
    let Some(first) = begin(desk, &invoice, &before).await? else { return Ok(Begun::NoMethod) };
    let sending = sending::claim(desk, &first.id, Customer::Absent, &invoice.number).await?;
    Ok(sending.map_or(Begun::UnderWay(first), Begun::Sending))
}

/// What a gateway said of a payment nobody asked for goes into the books: the payment, and, where it was not made, the next method's.
pub async fn book(desk: &mut Desk, sent: &Sent) -> Result<(Payment, Option<Sending>), Refusal> {
    let payment = sending::book(desk, sent).await?;
    let next = match follower(desk, &payment).await? {
        Some(next) => sending::claim(desk, &next.id, Customer::Absent, sent.description()).await?,
        None => None,
    };
    Ok((payment, next))
}

/// Charges what is due of an invoice to the default method, then to each backup while the ones before decline: one round. Nobody needs
/// to be there. While another payment of the invoice is under way, or after it succeeded, nothing is charged.
pub async fn collect(errand: &Errand, invoice_id: &str) -> Result<Collected, Refusal> {
    let mut desk = errand.writes().await?;
    let begun = begin_collecting(&mut desk, invoice_id).await?;
    desk.commit().await?;
    Ok(match begun {
        Begun::NothingDue => Collected::NothingDue,
        Begun::NoMethod => Collected::NoMethod,
        Begun::UnderWay(payment) => Collected::Tried(payment),
        Begun::Sending(sending) => Collected::Tried(send_on(errand, sending).await?),
    })
}

/// Sends a payment, and while it is not made, the one that follows it; the last.
async fn send_on(errand: &Errand, mut sending: Sending) -> Result<Payment, Refusal> {
    loop {
        let sent = sending.send().await;
        let mut desk = errand.writes().await?;
        let (payment, next) = book(&mut desk, &sent).await?;
        desk.commit().await?;
        match next {
            Some(next) => sending = next,
            None => return Ok(payment),
        }
    }
}

/// The first payment of a new round, after the invoice's payments before; `None` without a method that is charged by itself.
async fn begin(desk: &mut Desk, invoice: &Invoice, before: &[Payment]) -> Result<Option<Payment>, Refusal> {
    let rounds = before.iter().filter_map(|payment| payment.round).max().unwrap_or(0);
    open_next(desk, invoice, rounds + 1, before).await
}

/// The first payment of a further round of an invoice, by the first of the methods whose turn it is.
pub(crate) async fn open_round(desk: &mut Desk, invoice: &Invoice) -> Result<Option<Payment>, Refusal> {
    let before = read::of_invoice(desk, &invoice.id).await?;
    begin(desk, invoice, &before).await
}

/// The row of the next payment of a round: the first method that is charged by itself and has not been tried in it. One that was refused for
/// good is not charged again as it stands. The customer is locked.
async fn open_next(desk: &mut Desk, invoice: &Invoice, round: i64, before: &[Payment]) -> Result<Option<Payment>, Refusal> {
    let tried: Vec<&String> = before.iter().filter(|payment| payment.round == Some(round)).map(|payment| &payment.method_id).collect();
    // Of a round that dunning began, those whose turn has come.
    let turns = dunning::turns_of(desk, &invoice.id).await?;
    let methods = methods::list(desk, &invoice.customer_id).await?;
    let disputed = disputes::disputed_methods(desk, &invoice.customer_id).await?;
    let may_be_charged = |method: &Method| method.role != MethodRole::Kept && method.refused.is_none() && !disputed.contains(&method.id);
    let has_turn = |method: &Method| turns.as_ref().is_none_or(|turns| turns.contains(&method.id));
    let Some(next) = methods.into_iter().find(|method| may_be_charged(method) && has_turn(method) && !tried.contains(&&method.id)) else { return Ok(None) };
    let new = NewPayment {
        customer_id: invoice.customer_id.clone(),
        pays: Pays::Invoice(invoice.id.clone()),
        method_id: Some(next.id.clone()),
        round: Some(round),
        amount_minor: invoice.due_minor,
        currency: invoice.currency.clone(),
    };
    charges::open_with(desk, &new, next.id).await.map(Some)
}

/// What follows when a payment nobody asked for was not made, in the very transaction that says so: the row of the next method's, or, when
/// every method had its turn, an invoice that could not be paid. So whatever dies next, nothing is forgotten: [`recover`] sends the row.
pub(super) async fn carry_on(desk: &mut Desk, unpaid: &Payment, reason: DeclineReason) -> Result<(), Refusal> {
    let Pays::Invoice(invoice_id) = &unpaid.pays else { return Ok(()) };
    dunning::note_declined(desk, unpaid, invoice_id, reason).await?;
    let Some(round) = unpaid.round else { return Ok(()) };
    let invoice = invoices::load(desk, invoice_id).await?;
    // Settled by something else while the answer was on its way.
    if invoice.due_minor <= 0 {
        return Ok(());
    }
    let before = read::of_invoice(desk, invoice_id).await?;
    match open_next(desk, &invoice, round, &before).await? {
        Some(_) => Ok(()),
        None => {
            dunning::note_round_over(desk, &invoice, &before).await?;
            invoices::note_declined(desk, invoice_id, reason.name()).await
        }
    }
}

/// Sends a payment whose row stands, and while it is not made, the one that follows it; the last.
pub async fn go_through(errand: &Errand, payment_id: &str, invoice_number: &str) -> Result<Payment, Refusal> {
    let mut desk = errand.writes().await?;
    let Some(sending) = sending::claim(&mut desk, payment_id, Customer::Absent, invoice_number).await? else {
        return read::load(&mut desk, payment_id).await;
    };
    desk.commit().await?;
    send_on(errand, sending).await
}

/// The payment that [`carry_on`] left and nobody has sent.
async fn follower(desk: &mut Desk, payment: &Payment) -> Result<Option<Payment>, Refusal> {
    let (Pays::Invoice(invoice_id), Some(_), Status::Declined(_) | Status::Cancelled) = (&payment.pays, payment.round, &payment.status) else {
        return Ok(None);
    };
    let payments = read::of_invoice(desk, invoice_id).await?;
    Ok(payments.into_iter().find(|other| other.round == payment.round && other.status == Status::Created))
}

/// The invoice, read under its customer's lock: nobody else opens a payment for it before this one's row stands.
async fn locked(desk: &mut Desk, invoice_id: &str) -> Result<Invoice, Refusal> {
    let customer_id = invoices::load(desk, invoice_id).await?.customer_id;
    customers::lock(desk, &customer_id).await?;
    invoices::load(desk, invoice_id).await
}

/// The customer pays an open invoice now, with the method named or the default one, and is there to answer the bank. `agreed_minor` is what
/// they were shown and said yes to: not a cent more or less is charged. `None`: whatever is due.
pub async fn pay(errand: &Errand, customer_id: &str, invoice_id: &str, method_id: Option<&str>, agreed_minor: Option<i64>) -> Result<Payment, Refusal> {
    let mut desk = errand.writes().await?;
    let invoice = locked(&mut desk, invoice_id).await?;
    if invoice.customer_id != customer_id {
        return Err(Refusal::NotFound);
    }
    if invoice.due_minor <= 0 {
        return Err(Refusal::Rule(sentence!("refusal-nothing-due")));
    }
    if agreed_minor.is_some_and(|agreed| agreed != invoice.due_minor) {
        return Err(Refusal::Conflict(sentence!("pay-amount-changed")));
    }
    let new = NewPayment {
        customer_id: customer_id.to_owned(),
        pays: Pays::Invoice(invoice_id.to_owned()),
        method_id: method_id.map(str::to_owned),
        round: None,
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

/// So many payments are asked after at once: a gateway takes its time to answer.
const RECOVERED_AT_ONCE: usize = 32;

/// Finds out about what was left under way, the oldest few hundred of it: asks the gateway, sends again under the same key what it never heard of, gives up what
/// nobody waits for any more. Run often; doing it twice changes nothing.
pub async fn recover(errand: &Errand) -> Result<usize, Refusal> {
    let mut desk = errand.reads().await?;
    let wall_ms = desk.now.wall_ms();
    let stuck = read::under_way(&mut desk, wall_ms - PATIENCE_MS).await?;
    drop(desk);
    let count = stuck.len();
    let each = stream::iter(stuck).for_each_concurrent(RECOVERED_AT_ONCE, async |payment| {
        // One that cannot be helped now must not keep the others waiting.
        if let Err(refusal) = recover_one(errand, &payment, wall_ms).await {
            tracing::warn!(%refusal, payment = %payment.id, "a payment could not be recovered yet");
        }
    });
    each.await;
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
            let invoice = locked(&mut desk, invoice_id).await?;
            if invoice.due_minor == asked.amount_minor {
                drop(desk);
                go_through(errand, &asked.id, &invoice.number).await?;
                return Ok(());
            }
            // Something else paid part of it meanwhile: what is left is collected anew, where it was not the customer who was paying.
            charges::give_up(&mut desk, &asked.id).await?;
            let before = read::of_invoice(&mut desk, invoice_id).await?;
            let anew = if invoice.due_minor > 0 && asked.round.is_some() { begin(&mut desk, &invoice, &before).await? } else { None };
            desk.commit().await?;
            if let Some(first) = anew {
                go_through(errand, &first.id, &invoice.number).await?;
            }
        }
        // What was decided to be bought is bought: under the same key, once.
        (Status::Created | Status::Processing, Pays::Purchase(purchase_id)) if asked.reference.is_none() && wall_ms - asked.created_at <= GIVEN_UP_MS => {
            let description = purchases::described(&mut errand.reads().await?, purchase_id).await?;
            charges::send(errand, &asked.id, Customer::Absent, &description).await?;
        }
        // The change it was to pay for is no longer held, or a day went by: nobody waits for it.
        (Status::Created | Status::Processing, Pays::Quote(_) | Pays::Purchase(_)) if asked.reference.is_none() && wall_ms - asked.created_at > GIVEN_UP_MS => {
            let mut desk = errand.writes().await?;
            charges::give_up(&mut desk, &asked.id).await?;
            desk.commit().await?;
        }
        _ => go_on(errand, &asked).await?,
    }
    Ok(())
}

/// Where a payment nobody asked for was declined, another method's turn has come.
pub(super) async fn go_on(errand: &Errand, payment: &Payment) -> Result<(), Refusal> {
    if let (Status::Declined(_), Pays::Invoice(invoice_id)) = (&payment.status, &payment.pays)
        && let Some(next) = follower(&mut errand.reads().await?, payment).await?
    {
        let number = invoices::load(&mut errand.reads().await?, invoice_id).await?.number;
        go_through(errand, &next.id, &number).await?;
    }
    Ok(())
}

/// Work left in the outbox: the gateway forgets a method.
pub async fn detach(errand: &Errand, detach: &methods::Detach) -> Result<(), Refusal> {
    let gateway = errand.gateway().await?;
    if gateway.name() != detach.gateway {
        return Ok(());
    }
    gateway.detach(&detach.token).await.map_err(|error| unanswered(&error, sentence!("refusal-detach-unanswered")))
}

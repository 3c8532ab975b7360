//! Getting an invoice paid: by itself when it is issued, by the customer from the portal, and by finding out what became of payments
//! that a crash or a silent gateway left under way.

use std::collections::BTreeSet;

use futures_util::{StreamExt as _, stream};

use crate::platform::clock::{Instant, from_ms};
use crate::sentence;
use crate::services::invoices::{self, Invoice, Owed};
use crate::services::{Desk, Refusal, customers, dunning, purchases};

use super::charges::{self, Customer, NewPayment};
use super::disputes;
use super::errand::{Errand, unanswered};
use super::gateway::DeclineReason;
use super::methods::{self, Method, MethodRole};
use super::read::{self, Payment, Pays, Status};
use super::sending::{self, Sending, Sent};
use super::setups;

/// Read ahead of an invoice: what is due of it. Its customer is locked.
pub(super) const OWED: &str = "owed";

/// How collecting an invoice begins.
#[expect(clippy::large_enum_variant, reason = "there is one at a time")]
pub enum Begun {
    /// Nothing is due of it.
    NothingDue,
    /// The customer has no method that is charged by itself.
    NoMethod,
    /// A payment of it is: nothing is charged beside it.
    UnderWay,
    /// The first payment of a round, to be sent once this transaction holds.
    Sending(Sending),
}

/// Begins to charge what is due of an invoice: to the default method, then to each backup while the ones before decline, one round of it.
/// Nobody needs to be there. While another payment of the invoice is under way, or after it succeeded, nothing is charged.
pub async fn begin_collecting(desk: &mut Desk, invoice_id: &str) -> Result<Begun, Refusal> {
    let begun = begun(desk, invoice_id).await;
    // What was read ahead of it has changed.
    desk.forget_foreseen();
    begun
}

async fn begun(desk: &mut Desk, invoice_id: &str) -> Result<Begun, Refusal> {
    let owed = match desk.recall(OWED, invoice_id) {
        Some(known) => known,
        None => locked(desk, invoice_id).await?.owed(),
    };
    if owed.due_minor <= 0 {
        return Ok(Begun::NothingDue);
    }
    let before = read::of_invoice(desk, invoice_id).await?;
    if before.iter().any(|payment| payment.status.is_under_way()) {
        return Ok(Begun::UnderWay);
    }
    Ok(match first_of_round(desk, &owed, &before).await? {
        Some((new, method)) => sending::open(desk, &new, method, &before, &owed.number).await?.map_or(Begun::UnderWay, Begun::Sending),
        None => Begun::NoMethod,
    })
}

/// Begins a further round of an invoice with the first of the methods whose turn it is; `None`: there is none.
pub(crate) async fn begin_round(desk: &mut Desk, invoice: &Invoice) -> Result<Option<Sending>, Refusal> {
    let before = read::of_invoice(desk, &invoice.id).await?;
    match first_of_round(desk, &invoice.owed(), &before).await? {
        Some((new, method)) => sending::open(desk, &new, method, &before, &invoice.number).await,
        None => Ok(None),
    }
}

/// What a gateway said of a payment goes into the books: the payment, and, where it was not made, the one that follows it.
pub async fn book(desk: &mut Desk, sent: &Sent) -> Result<(Payment, Option<Sending>), Refusal> {
    let payment = sending::book(desk, sent).await?;
    desk.forget_foreseen();
    let next = match follower(desk, &payment).await? {
        Some(next) => sending::claim(desk, &next.id, Customer::Absent, sent.description()).await?,
        None => None,
    };
    Ok((payment, next))
}

/// Sends a payment whose row stands, books what the gateway says, and goes on so with the payments that follow it while it is not made; the
/// last of them. Where the gateway does not answer it stays processing: [`charges::ask`] finds out later.
pub async fn send(errand: &Errand, payment_id: &str, who: Customer, description: &str) -> Result<Payment, Refusal> {
    let mut desk = errand.writes().await?;
    let Some(mut sending) = sending::claim(&mut desk, payment_id, who, description).await? else { return read::load(&mut desk, payment_id).await };
    loop {
        desk.commit().await?;
        let sent = sending.send().await;
        desk = errand.writes().await?;
        match book(&mut desk, &sent).await? {
            (_, Some(next)) => sending = next,
            (payment, None) => {
                desk.commit().await?;
                return Ok(payment);
            }
        }
    }
}

/// The first payment of a new round, after the invoice's payments before; `None` without a method that is charged by itself.
async fn first_of_round(desk: &mut Desk, owed: &Owed, before: &[Payment]) -> Result<Option<(NewPayment, Method)>, Refusal> {
    let rounds = before.iter().filter_map(|payment| payment.round).max().unwrap_or(0);
    next_of_round(desk, owed, rounds + 1, before).await
}

/// The next payment of a round: the first method that is charged by itself, can pay the invoice's currency and has not been tried in it. One
/// that was refused for good is not charged again as it stands. The customer is locked.
async fn next_of_round(desk: &mut Desk, owed: &Owed, round: i64, before: &[Payment]) -> Result<Option<(NewPayment, Method)>, Refusal> {
    let tried: Vec<&String> = before.iter().filter(|payment| payment.round == Some(round)).map(|payment| &payment.method_id).collect();
    // Of a round that dunning began, those whose turn has come.
    let turns = dunning::turns_of(desk, &owed.invoice_id).await?;
    let methods = methods::list(desk, &owed.customer_id).await?;
    let disputed = disputes::disputed_methods(desk, &owed.customer_id).await?;
    let may_be_charged =
        |method: &Method| method.role != MethodRole::Kept && method.refused.is_none() && method.can_pay(&owed.currency) && !disputed.contains(&method.id);
    let has_turn = |method: &Method| turns.as_ref().is_none_or(|turns| turns.contains(&method.id));
    let Some(next) = methods.into_iter().find(|method| may_be_charged(method) && has_turn(method) && !tried.contains(&&method.id)) else { return Ok(None) };
    let new = NewPayment {
        customer_id: owed.customer_id.clone(),
        pays: Pays::Invoice(owed.invoice_id.clone()),
        method_id: Some(next.id.clone()),
        who: Customer::Absent,
        round: Some(round),
        amount_minor: owed.due_minor,
        currency: owed.currency.clone(),
    };
    Ok(Some((new, next)))
}

/// What follows when a payment nobody asked for was not made, in the very transaction that says so: the row of the next method's, or, when
/// every method had its turn, an invoice that could not be paid. So whatever dies next, nothing is forgotten: [`recover`] sends the row.
pub(super) async fn carry_on(desk: &mut Desk, unpaid: &Payment, reason: DeclineReason) -> Result<(), Refusal> {
    let Pays::Invoice(invoice_id) = &unpaid.pays else { return Ok(()) };
    dunning::note_declined(desk, unpaid, invoice_id, reason).await?;
    let Some(round) = unpaid.round else { return Ok(()) };
    let owed = invoices::owed(desk, invoice_id).await?;
    // Settled by something else while the answer was on its way.
    if owed.due_minor <= 0 {
        return Ok(());
    }
    let before = read::of_invoice(desk, invoice_id).await?;
    match next_of_round(desk, &owed, round, &before).await? {
        Some((new, method)) => charges::open_with(desk, &new, &method, &before).await.map(drop),
        None => {
            dunning::note_round_over(desk, &owed, &before).await?;
            invoices::note_declined(desk, &owed, reason.name()).await
        }
    }
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
    let invoice = invoices::load(desk, invoice_id).await?;
    if desk.holds(&invoice.customer_id) {
        return Ok(invoice);
    }
    customers::lock(desk, &invoice.customer_id).await?;
    invoices::load(desk, invoice_id).await
}

/// The customer pays an open invoice now, with the method named or the default one, and is there to answer the bank. `agreed_minor` is what
/// they were shown and said yes to: not a cent more or less is charged. `None`: whatever is due. What was written off may be paid, too.
pub async fn pay(errand: &Errand, customer_id: &str, invoice_id: &str, method_id: Option<&str>, agreed_minor: Option<i64>) -> Result<Payment, Refusal> {
    let mut desk = errand.writes().await?;
    let invoice = locked(&mut desk, invoice_id).await?;
    if invoice.customer_id != customer_id {
        return Err(Refusal::NotFound);
    }
    let payable_minor = invoice.payable_minor();
    if payable_minor <= 0 {
        return Err(Refusal::Rule(sentence!("refusal-nothing-due")));
    }
    if agreed_minor.is_some_and(|agreed| agreed != payable_minor) {
        return Err(Refusal::Conflict(sentence!("pay-amount-changed")));
    }
    let new = NewPayment {
        customer_id: customer_id.to_owned(),
        pays: Pays::Invoice(invoice_id.to_owned()),
        method_id: method_id.map(str::to_owned),
        who: Customer::Present,
        round: None,
        amount_minor: payable_minor,
        currency: invoice.currency,
    };
    let payment = charges::open(&mut desk, &new).await?;
    desk.commit().await?;
    send(errand, &payment.id, Customer::Present, &invoice.number).await
}

/// For how long a confirmed change is held for its payment, and a bank's question stays open.
const GIVEN_UP_MS: i64 = 24 * 60 * 60 * 1000;

/// So many payments are asked after at once: a gateway takes its time to answer.
const RECOVERED_AT_ONCE: usize = 32;

/// Finds out about what was left under way, of a few hundred whose turn it is: asks the gateway, sends again under the same key what it never
/// heard of, gives up what nobody waits for any more. How many were asked about. Run often; doing it twice changes nothing.
pub async fn recover(errand: &Errand) -> Result<usize, Refusal> {
    let mut stuck = Vec::new();
    let mut desk = errand.reads().await?;
    let wall_ms = desk.now.wall_ms();
    if read::is_any_turn(&mut desk).await? {
        desk = errand.writes().await?;
        stuck = read::take_up(&mut desk).await?;
        desk.commit().await?;
    } else {
        drop(desk);
    }
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
        // It was announced, and its day has not come.
        (Status::Created, _) if is_announced(errand, &asked).await? => {}
        // The gateway never heard of it. Under the same key it can only be charged once, also where the first request is still on its way.
        (Status::Created | Status::Processing, Pays::Invoice(invoice_id)) if asked.reference.is_none() => {
            let mut desk = errand.writes().await?;
            let invoice = locked(&mut desk, invoice_id).await?;
            // What was written off meanwhile is charged to nobody by itself.
            let wanted_minor = if asked.round.is_some() { invoice.due_minor } else { invoice.payable_minor() };
            if wanted_minor == asked.amount_minor {
                drop(desk);
                send(errand, &asked.id, Customer::Absent, &invoice.number).await?;
                return Ok(());
            }
            // Something else paid part of it meanwhile: what is left is collected anew, where it was not the customer who was paying.
            charges::give_up(&mut desk, &asked.id).await?;
            let before = read::of_invoice(&mut desk, invoice_id).await?;
            let collects = invoice.due_minor > 0 && asked.round.is_some();
            let anew = if collects { first_of_round(&mut desk, &invoice.owed(), &before).await? } else { None };
            let first = match &anew {
                Some((new, method)) => Some(charges::open_with(&mut desk, new, method, &before).await?),
                None => None,
            };
            desk.commit().await?;
            if let Some(first) = first {
                send(errand, &first.id, Customer::Absent, &invoice.number).await?;
            }
        }
        // What was decided to be bought is bought: under the same key, once.
        (Status::Created | Status::Processing, Pays::Purchase(purchase_id)) if asked.reference.is_none() && wall_ms - asked.created_at <= GIVEN_UP_MS => {
            let description = purchases::described(&mut errand.reads().await?, purchase_id).await?;
            send(errand, &asked.id, Customer::Absent, &description).await?;
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

/// Whether it waits to be sent.
async fn is_announced(errand: &Errand, payment: &Payment) -> Result<bool, Refusal> {
    let Some(wait_until) = payment.wait_until else { return Ok(false) };
    Ok(wait_until > errand.reads().await?.now.billing_ms())
}

/// The first moment of a payment whose day comes, but for some.
pub async fn first_expected(desk: &mut Desk, but: &BTreeSet<String>) -> Result<Option<Instant>, Refusal> {
    let at_most = i64::try_from(but.len()).map_err(Refusal::damaged)?.saturating_add(1);
    let found = read::expected(desk, i64::MAX, at_most).await?.into_iter().find(|payment| !but.contains(&payment.id));
    Ok(found.and_then(|payment| payment.wait_until).map(from_ms))
}

/// Sees to the payments whose day comes by an instant, each once in a run: `seen` are those that were seen to.
pub async fn follow_expected(errand: &Errand, until: Instant, seen: &mut BTreeSet<String>) -> Result<(), Refusal> {
    let mut desk = errand.reads().await?;
    let wall_ms = desk.now.wall_ms();
    let at_most = i64::try_from(seen.len()).map_err(Refusal::damaged)?.saturating_add(500);
    let expected = read::expected(&mut desk, until.timestamp_millis(), at_most).await?;
    drop(desk);
    for payment in expected {
        if !seen.insert(payment.id.clone()) {
            continue;
        }
        // One that cannot be helped now must not keep the others waiting.
        if let Err(refusal) = Box::pin(recover_one(errand, &payment, wall_ms)).await {
            tracing::warn!(%refusal, payment = %payment.id, "a payment whose day has come could not be seen to yet");
        }
    }
    Ok(())
}

/// Where a payment nobody asked for was declined, another method's turn has come.
pub(super) async fn go_on(errand: &Errand, payment: &Payment) -> Result<(), Refusal> {
    if let (Status::Declined(_), Pays::Invoice(invoice_id)) = (&payment.status, &payment.pays)
        && let Some(next) = follower(&mut errand.reads().await?, payment).await?
    {
        let number = invoices::load(&mut errand.reads().await?, invoice_id).await?.number;
        send(errand, &next.id, Customer::Absent, &number).await?;
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

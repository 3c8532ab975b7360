//! Takes the money for what was billed, for many customers at once. A gateway takes its time to answer: nobody waits for another's, and
//! what it answered meanwhile is booked together, for a transaction each would keep the one database waiting for its disk.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::task::Poll;

use futures_util::poll;
use tokio::task::JoinSet;

use super::bill::Report;
use crate::app::App;
use crate::platform::clock::Instant;
use crate::services::payments::{self, Begun, Collected, Errand, Sending, Sent};
use crate::services::vendors::Vendor;
use crate::services::{Actor, Desk, Refusal, invoices};

/// Customers who are charged at once, at most: so many answers of a gateway are waited for, and no more memory is held for a longer night.
const AT_ONCE: usize = 512;
/// How many of them one transaction writes of.
const TOGETHER: usize = 64;

/// Customers who are being charged, each for one invoice at a time.
pub(super) struct Till<'a> {
    app: &'a App,
    vendor: &'a Arc<Vendor>,
    accounts: BTreeMap<String, Account>,
    waiting: JoinSet<(String, Sent)>,
    /// Not booked yet.
    answered: Vec<(String, Sent)>,
}

/// What is left to be collected of a customer.
#[derive(Clone)]
struct Account {
    /// Billing time it is done as of.
    at: Instant,
    invoice_ids: VecDeque<String>,
}

/// A customer who owes.
pub(super) struct Owing {
    pub customer_id: String,
    /// Billing time it is collected as of.
    pub at: Instant,
    pub invoice_ids: Vec<String>,
}

/// A customer whose turn it is: what was answered for them, if anything was asked.
type Turn = (String, Option<Sent>);

impl<'a> Till<'a> {
    pub fn new(app: &'a App, vendor: &'a Arc<Vendor>) -> Till<'a> {
        Till { app, vendor, accounts: BTreeMap::new(), waiting: JoinSet::new(), answered: Vec::new() }
    }

    /// Begins to collect the invoices of customers none of whom is being charged; waits only where too many are.
    pub async fn begin(&mut self, owing: Vec<Owing>, report: &mut Report) {
        let mut owing = owing.into_iter().peekable();
        while owing.peek().is_some() {
            let mut turns = Vec::new();
            for Owing { customer_id, at, invoice_ids } in owing.by_ref().take(TOGETHER) {
                self.accounts.insert(customer_id.clone(), Account { at, invoice_ids: invoice_ids.into() });
                turns.push((customer_id, None));
            }
            while self.accounts.len() > AT_ONCE && self.wait(report).await {}
            self.take_turns(turns, report).await;
        }
    }

    /// How many are being charged.
    pub fn len(&self) -> usize {
        self.accounts.len()
    }

    /// Whether a customer is: what falls due next of theirs must know what came of it.
    pub fn has(&self, customer_id: &str) -> bool {
        self.accounts.contains_key(customer_id)
    }

    /// Waits for an answer, and books all there are by then; false: none is waited for.
    pub async fn wait(&mut self, report: &mut Report) -> bool {
        if self.answered.is_empty() {
            let Some(ended) = self.waiting.join_next().await else { return false };
            self.answered.push(answer_of(ended));
        }
        while self.answered.len() < TOGETHER
            && let Some(ended) = self.waiting.try_join_next()
        {
            self.answered.push(answer_of(ended));
        }
        let count = self.answered.len().min(TOGETHER);
        let turns = self.answered.drain(..count).map(|(customer_id, sent)| (customer_id, Some(sent))).collect();
        self.take_turns(turns, report).await;
        true
    }

    /// Waits for all of them.
    pub async fn finish(&mut self, report: &mut Report) {
        while self.wait(report).await {}
    }

    /// Books what was answered, and sends what comes next: for all of them in one transaction, or, where that fails, each alone.
    async fn take_turns(&mut self, mut turns: Vec<Turn>, report: &mut Report) {
        // In the order in which every worker locks customers.
        turns.sort_by(|(one, _), (other, _)| one.cmp(other));
        if self.take_together(&turns, report).await.is_ok() {
            return;
        }
        for turn in &turns {
            if let Err(refusal) = self.take_together(std::slice::from_ref(turn), report).await {
                self.accounts.remove(&turn.0);
                report.failed.push((turn.0.clone(), refusal));
            }
        }
    }

    async fn take_together(&mut self, turns: &[Turn], report: &mut Report) -> Result<(), Refusal> {
        let mut desk = Desk::write(self.app, self.vendor, Actor::System).await?;
        let (mut taken, mut tried) = (Vec::with_capacity(turns.len()), 0);
        for (customer_id, sent) in turns {
            let Some(mut account) = self.accounts.get(customer_id).cloned() else { continue };
            desk.at_billing(account.at.timestamp_millis());
            let next = account.turn(&mut desk, sent.as_ref(), &mut tried).await?;
            taken.push((customer_id.clone(), account, next));
        }
        desk.commit().await?;
        report.tried += tried;
        for (customer_id, account, next) in taken {
            match next {
                Some(sending) => {
                    self.accounts.insert(customer_id.clone(), account);
                    self.send(customer_id, sending).await;
                }
                None => drop(self.accounts.remove(&customer_id)),
            }
        }
        Ok(())
    }

    async fn send(&mut self, customer_id: String, sending: Sending) {
        let mut going = Box::pin(sending.send());
        match poll!(&mut going) {
            // In a story a gateway answers at once: told again, everything comes in the same order.
            Poll::Ready(sent) => self.answered.push((customer_id, sent)),
            Poll::Pending => drop(self.waiting.spawn(async move { (customer_id, going.await) })),
        }
    }
}

impl Account {
    /// Books an answer; what is to be sent next: another method's payment of the same invoice, or the first of the next one.
    async fn turn(&mut self, desk: &mut Desk, sent: Option<&Sent>, tried: &mut usize) -> Result<Option<Sending>, Refusal> {
        if let Some(sent) = sent
            && let (_, Some(next)) = payments::book(desk, sent).await?
        {
            return Ok(Some(next));
        }
        while let Some(invoice_id) = self.invoice_ids.pop_front() {
            match payments::begin_collecting(desk, &invoice_id).await? {
                Begun::Sending(sending) => {
                    *tried += 1;
                    return Ok(Some(sending));
                }
                Begun::UnderWay(_) => *tried += 1,
                Begun::NothingDue => {}
                // Nothing to charge: where payment is due already, that is an overdue invoice like any other.
                Begun::NoMethod => invoices::note_unpaid(desk, &invoice_id).await?,
            }
        }
        Ok(None)
    }
}

/// Nothing here is ever cancelled: a defect goes on where it would have gone without a task.
fn answer_of(ended: Result<(String, Sent), tokio::task::JoinError>) -> (String, Sent) {
    ended.unwrap_or_else(|died| std::panic::resume_unwind(died.into_panic()))
}

/// Collects one invoice; whether a payment was tried.
pub(super) async fn collect(errand: &Errand, invoice_id: &str) -> Result<bool, Refusal> {
    match payments::collect(errand, invoice_id).await? {
        Collected::Tried(_) => Ok(true),
        Collected::NothingDue => Ok(false),
        Collected::NoMethod => note_unpaid(errand, invoice_id).await.map(|()| false),
    }
}

/// An invoice whose payment is due and not made.
pub(super) async fn note_unpaid(errand: &Errand, invoice_id: &str) -> Result<(), Refusal> {
    let mut desk = errand.writes().await?;
    invoices::note_unpaid(&mut desk, invoice_id).await?;
    Ok(desk.commit().await?)
}

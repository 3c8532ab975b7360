//! Takes the money for what was billed, and does what is due of what could not be charged, for many customers at once. A gateway takes its
//! time to answer: nobody waits for another's, and what it answered meanwhile is booked together, for a transaction each would keep the one
//! database waiting for its disk.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::task::Poll;

use futures_util::poll;
use tokio::task::JoinSet;

use super::bill::Report;
use crate::app::App;
use crate::platform::clock::Instant;
use crate::services::payments::{self, Ahead, Begun, Errand, Sending, Sent};
use crate::services::vendors::Vendor;
use crate::services::{Actor, Desk, Refusal, customers, dunning, invoices};
use crate::words::Sentence;

/// Customers who are charged at once, at most: so many answers of a gateway are waited for, and no more memory is held for a longer night.
const AT_ONCE: usize = 1024;
/// How many of them one transaction writes of.
const TOGETHER: usize = 400;

/// Customers who are being charged, each for one invoice at a time.
pub(super) struct Till<'a> {
    pub app: &'a App,
    pub vendor: &'a Arc<Vendor>,
    /// Dunning cases whose step could not be done: they are left alone until the next run.
    pub stuck: BTreeSet<String>,
    accounts: BTreeMap<String, Tasks>,
    waiting: JoinSet<(String, Sent)>,
    /// Not booked yet.
    answered: Vec<(String, Sent)>,
}

/// What is to be done for a customer, one after the other.
#[derive(Clone, Default)]
pub(super) struct Tasks {
    /// Billing time of the one that waits for the gateway's answer.
    at: Instant,
    left: VecDeque<(Instant, Task)>,
}

#[derive(Clone)]
enum Task {
    /// What is due of an invoice is charged.
    Collect(String),
    /// What is due of a dunning case is done.
    Dun(String),
    /// The end of a dunning case that the rules refused is given up, and that is why.
    GiveUpEnd(String, Sentence),
}

impl Tasks {
    /// Invoices are to be collected as of a billing time.
    pub fn collect(&mut self, at: Instant, invoice_ids: impl IntoIterator<Item = String>) {
        self.left.extend(invoice_ids.into_iter().map(|id| (at, Task::Collect(id))));
    }

    /// The invoice to be collected first, if that is what comes first.
    fn collects_first(&self) -> Option<&str> {
        match self.left.front()? {
            (_, Task::Collect(invoice_id)) => Some(invoice_id),
            (_, Task::Dun(_) | Task::GiveUpEnd(..)) => None,
        }
    }

    /// What is due of a case is to be done as of a billing time.
    pub fn dun(&mut self, at: Instant, case_id: String) {
        self.left.push_back((at, Task::Dun(case_id)));
    }
}

/// A customer whose turn it is: what was answered for them, if anything was asked.
type Turn = (String, Option<Sent>);

/// A turn that was taken.
pub(super) struct Taken {
    customer_id: String,
    left: Tasks,
    /// What is to be sent.
    next: Option<Sending>,
}

/// What turns came to.
#[derive(Default)]
pub(super) struct Came {
    issued: usize,
    tried: usize,
    /// The case whose step is being done: who fails, failed at it.
    step_of: Option<String>,
}

impl<'a> Till<'a> {
    pub fn new(app: &'a App, vendor: &'a Arc<Vendor>) -> Till<'a> {
        Till { app, vendor, stuck: BTreeSet::new(), accounts: BTreeMap::new(), waiting: JoinSet::new(), answered: Vec::new() }
    }

    /// Begins what is to be done for customers none of whom is being charged; waits only where too many are.
    pub async fn begin(&mut self, customers: Vec<(String, Tasks)>, report: &mut Report) {
        let mut customers = customers.into_iter().peekable();
        while customers.peek().is_some() {
            let mut turns = Vec::new();
            for (customer_id, tasks) in customers.by_ref().take(TOGETHER) {
                self.accounts.insert(customer_id.clone(), tasks);
                turns.push((customer_id, None));
            }
            while self.accounts.len() > AT_ONCE && self.wait(report).await {}
            self.take_turns(turns, report).await;
        }
    }

    /// Whether so many more customers may be charged at once.
    pub fn has_room(&self, more: usize) -> bool {
        self.accounts.len() + more <= AT_ONCE
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
        let mut came = Came::default();
        if self.take_together(&turns, &mut came).await.is_ok() {
            report.take(&came);
            return;
        }
        for turn in &turns {
            self.take_alone(turn, report).await;
        }
    }

    /// One customer's turn. What the rules refuse to be done at the end of a dunning case is given up and that said; any other step that
    /// cannot be done is left for the next run, and so is the customer's rest.
    async fn take_alone(&mut self, turn: &Turn, report: &mut Report) {
        loop {
            let mut came = Came::default();
            let Err(refusal) = self.take_together(std::slice::from_ref(turn), &mut came).await else { return report.take(&came) };
            let Some(case_id) = came.step_of else {
                self.accounts.remove(&turn.0);
                report.failed.push((turn.0.clone(), refusal));
                return;
            };
            let is_refused = matches!(refusal, Refusal::Rule(_) | Refusal::NotFound | Refusal::Fields(_));
            if !(is_refused && self.give_up_end(&turn.0, &case_id, refusal.sentence())) {
                tracing::warn!(case = case_id, %refusal, "what is due of an unpaid invoice could not be done yet");
                self.accounts.remove(&turn.0);
                self.stuck.insert(case_id);
                return;
            }
        }
    }

    /// The case's end is to be given up; false: that was tried.
    fn give_up_end(&mut self, customer_id: &str, case_id: &str, why: Sentence) -> bool {
        let left = self.accounts.get_mut(customer_id).into_iter().flat_map(|tasks| tasks.left.iter_mut());
        for (_, task) in left {
            if matches!(task, Task::Dun(id) if id == case_id) {
                *task = Task::GiveUpEnd(case_id.to_owned(), why);
                return true;
            }
        }
        false
    }

    async fn take_together(&mut self, turns: &[Turn], came: &mut Came) -> Result<(), Refusal> {
        let mut desk = Desk::write(self.app, self.vendor, Actor::System).await?;
        let ids: Vec<String> = turns.iter().map(|(customer_id, _)| customer_id.clone()).collect();
        customers::hold_all(&mut desk, &ids).await?;
        let with_tasks = turns.iter().filter_map(|(customer_id, sent)| Some((customer_id.clone(), self.accounts.get(customer_id)?.clone(), sent.as_ref())));
        let turns: Vec<(String, Tasks, Option<&Sent>)> = with_tasks.collect();
        let collecting = turns.iter().filter(|(_, _, sent)| sent.is_none());
        let owed: Vec<(String, String)> = collecting.filter_map(|(id, tasks, _)| Some((id.clone(), tasks.collects_first()?.to_owned()))).collect();
        let mut ahead = Box::pin(payments::foresee_collecting(&mut desk, &owed)).await?;
        ahead.extend(Box::pin(payments::foresee_booking(&mut desk, turns.iter().filter_map(|(_, _, sent)| *sent))).await?);
        let taken = take(&mut desk, turns, ahead, came).await?;
        desk.commit().await?;
        self.go_on(taken).await;
        Ok(())
    }

    /// Sends what turns came to, now that it holds.
    pub async fn go_on(&mut self, taken: Vec<Taken>) {
        for Taken { customer_id, left, next } in taken {
            match next {
                Some(sending) => {
                    self.accounts.insert(customer_id.clone(), left);
                    self.send(customer_id, sending).await;
                }
                None => drop(self.accounts.remove(&customer_id)),
            }
        }
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

/// Takes the first turns of customers none of whom is being charged, whom a desk has locked, in its transaction, after what was read ahead of
/// their invoices. Once that holds they [`go on`](Till::go_on); where it does not, nothing began.
pub(super) async fn take_first(desk: &mut Desk, customers: Vec<(String, Tasks)>, ahead: Ahead, came: &mut Came) -> Result<Vec<Taken>, Refusal> {
    take(desk, customers.into_iter().map(|(customer_id, tasks)| (customer_id, tasks, None)).collect(), ahead, came).await
}

/// Takes customers' turns: each books what was answered, if anything was asked, and opens what comes next.
async fn take(desk: &mut Desk, turns: Vec<(String, Tasks, Option<&Sent>)>, mut ahead: Ahead, came: &mut Came) -> Result<Vec<Taken>, Refusal> {
    let mut taken = Vec::with_capacity(turns.len());
    for (customer_id, mut left, sent) in turns {
        let first = sent.map_or_else(|| left.collects_first(), Sent::invoice_id);
        desk.foresee(first.and_then(|invoice_id| ahead.remove(invoice_id)).unwrap_or_default());
        // On the heap: everything a customer's turn may come to is part of one future, and a thread's stack is small.
        let next = Box::pin(left.turn(desk, sent, came)).await?;
        taken.push(Taken { customer_id, left, next });
    }
    Ok(taken)
}

impl Tasks {
    /// Books an answer; what is to be sent next: another method's payment of the same invoice, or the first of the next task.
    async fn turn(&mut self, desk: &mut Desk, sent: Option<&Sent>, came: &mut Came) -> Result<Option<Sending>, Refusal> {
        if let Some(sent) = sent {
            desk.at_billing(self.at.timestamp_millis());
            if let (_, Some(next)) = payments::book(desk, sent).await? {
                return Ok(Some(next));
            }
        }
        while let Some((at, task)) = self.left.pop_front() {
            desk.at_billing(at.timestamp_millis());
            self.at = at;
            let begun = match task {
                Task::Collect(invoice_id) => collect(desk, &invoice_id, came).await?,
                Task::Dun(case_id) => self.dunned(desk, &case_id, None, came).await?,
                Task::GiveUpEnd(case_id, why) => self.dunned(desk, &case_id, Some(&why), came).await?,
            };
            if begun.is_some() {
                came.tried += 1;
                return Ok(begun);
            }
        }
        Ok(None)
    }

    /// Does what is due of a case, or gives its end up; what it issues is collected next.
    async fn dunned(&mut self, desk: &mut Desk, case_id: &str, given_up: Option<&Sentence>, came: &mut Came) -> Result<Option<Sending>, Refusal> {
        came.step_of = Some(case_id.to_owned());
        let done = match given_up {
            Some(why) => dunning::give_up_end(desk, case_id, why).await?,
            None => dunning::step(desk, case_id).await?,
        };
        came.step_of = None;
        came.issued += done.issued.len();
        for invoice in done.issued.into_iter().rev().filter(|issued| issued.due_minor > 0) {
            self.left.push_front((self.at, Task::Collect(invoice.id)));
        }
        Ok(done.sending)
    }
}

/// Begins to collect an invoice.
async fn collect(desk: &mut Desk, invoice_id: &str, came: &mut Came) -> Result<Option<Sending>, Refusal> {
    match payments::begin_collecting(desk, invoice_id).await? {
        Begun::Sending(sending) => return Ok(Some(sending)),
        Begun::UnderWay => came.tried += 1,
        Begun::NothingDue => {}
        // Nothing to charge: where payment is due already, that is an overdue invoice like any other.
        Begun::NoMethod => invoices::note_unpaid(desk, invoice_id).await?,
    }
    Ok(None)
}

impl Report {
    pub(super) fn take(&mut self, came: &Came) {
        self.issued += came.issued;
        self.tried += came.tried;
    }
}

/// Nothing here is ever cancelled: a defect goes on where it would have gone without a task.
fn answer_of(ended: Result<(String, Sent), tokio::task::JoinError>) -> (String, Sent) {
    ended.unwrap_or_else(|died| std::panic::resume_unwind(died.into_panic()))
}

/// An invoice whose payment is due and not made.
pub(super) async fn note_unpaid(errand: &Errand, invoice_id: &str) -> Result<(), Refusal> {
    let mut desk = errand.writes().await?;
    invoices::note_unpaid(&mut desk, invoice_id).await?;
    Ok(desk.commit().await?)
}

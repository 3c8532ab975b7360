//! Bills what has fallen due, for every vendor by its own billing clock, in due order, and has the money taken ([`till`](super::till)).
//!
//! Durable without a job table: what is due stands on the subscriptions themselves, each moment of a customer is one transaction, an
//! invoice that was never collected is found by having no payment of a round, and a decline leaves the next method's payment in its own
//! transaction. Whatever dies when, the next run goes on there.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use crate::app::App;
use crate::platform::clock::Instant;
use crate::services::invoices::{Owed, Uncollected};
use crate::services::payments::{self, Errand};
use crate::services::subscriptions::Moment;
use crate::services::vendors::Vendor;
use crate::services::{Actor, Desk, Refusal, balance, bank, dunning, invoices, messages, purchases, subscriptions};

use super::dun::dun;
use super::till::{self, Came, Tasks, Till};

/// How often it is asked what is due: the longest an invoice is late.
const EVERY: Duration = Duration::from_secs(5);
/// How many customers' next moments are one transaction.
const BATCH: usize = 400;
/// How long is waited where other workers have all that is due.
const OTHERS_AT_WORK: Duration = Duration::from_millis(20);

/// What a run did.
#[derive(Debug, Default)]
pub struct Report {
    /// Documents issued.
    pub issued: usize,
    /// Payments tried.
    pub tried: usize,
    /// Customers that could not be billed, and why: they are tried again by the next run and keep nobody else waiting.
    pub failed: Vec<(String, Refusal)>,
}

/// Bills until `stop` resolves.
pub async fn run(app: App, stop: impl Future<Output = ()>) {
    tokio::pin!(stop);
    loop {
        if let Err(error) = bill_all(&app).await {
            tracing::error!(%error, "what is due could not be read");
        }
        for vendor in app.vendors() {
            // A payment whose answer was lost, or whose customer is still at their bank.
            if let Err(error) = payments::recover(&Errand::new(&app, &vendor, Actor::System)).await {
                tracing::error!(vendor = vendor.id, %error, "payments under way could not be followed");
            }
        }
        tokio::select! {
            () = &mut stop => return,
            () = app.fell_due.notified() => {}
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

/// Bills every vendor up to its now.
pub async fn bill_all(app: &App) -> Result<Report, Refusal> {
    let mut whole = Report::default();
    for vendor in app.vendors() {
        let report = bill(app, &vendor, app.now(&vendor).billing).await?;
        for (customer, refusal) in &report.failed {
            tracing::error!(vendor = vendor.id, customer, %refusal, "could not be billed");
        }
        whole.issued += report.issued;
        whole.tried += report.tried;
        whole.failed.extend(report.failed);
        remind(app, &vendor).await?;
    }
    Ok(whole)
}

/// Has customers told of cards that are about to end, of credit that is about to expire, and of certificates that are awaited.
async fn remind(app: &App, vendor: &Arc<Vendor>) -> Result<(), Refusal> {
    let mut desk = Desk::read(app, vendor, Actor::System).await?;
    let (ending, expiring) = (messages::ending(&mut desk).await?, balance::expiring(&mut desk).await?);
    let awaiting = bank::awaiting(&mut desk).await?;
    drop(desk);
    if ending.is_empty() && expiring.is_empty() && awaiting.is_empty() {
        return Ok(());
    }
    let mut desk = Desk::write(app, vendor, Actor::System).await?;
    messages::note_ending(&mut desk, &ending).await?;
    balance::note_expiring(&mut desk, &expiring).await?;
    bank::note_awaiting(&mut desk, &awaiting).await?;
    Ok(desk.commit().await?)
}

/// Bills one vendor up to an instant of its clock, every customer's moments in due order, and collects after each; of what could not be
/// collected the next try, the warning and the end come in that order too.
pub async fn bill(app: &App, vendor: &Arc<Vendor>, until: Instant) -> Result<Report, Refusal> {
    let mut desk = Desk::read(app, vendor, Actor::System).await?;
    let mut run = Run::new(app, vendor);
    loop {
        // Who was given up, or is being charged, stays in front.
        let due = subscriptions::due_customers(&mut desk, until, BATCH + run.given_up.len() + run.till.len()).await?;
        let Some(next) = run.next(&mut desk, due, until).await? else { break };
        drop(desk);
        run.take(next).await?;
        desk = Desk::read(app, vendor, Actor::System).await?;
    }
    let was_charging = run.till.len() > 0;
    if was_charging {
        drop(desk);
        run.till.finish(&mut run.report).await;
        desk = Desk::read(app, vendor, Actor::System).await?;
    }
    run.see_to_rest(desk, until, was_charging).await?;
    Ok(run.report)
}

/// The same moment by moment, for a vendor whose clock is moved to each: `go_to` is told the next one before anything of it happens, and says
/// where the clock stands then. All of a moment is billed, paid and dunned before the next. Who could not be billed is tried again at every
/// moment of others.
pub async fn bill_by_moment(app: &App, vendor: &Arc<Vendor>, until: Instant, mut go_to: impl FnMut(Instant) -> Instant) -> Result<Report, Refusal> {
    let mut desk = Desk::read(app, vendor, Actor::System).await?;
    let mut run = Run::new(app, vendor);
    let (mut moment, mut was_charging): (Option<Instant>, bool) = (None, false);
    loop {
        let failed: BTreeSet<&str> = run.report.failed.iter().map(|(customer, _)| customer.as_str()).collect();
        let due = subscriptions::due_customers(&mut desk, until, BATCH + failed.len()).await?;
        let first = due.iter().find(|(_, customer)| !failed.contains(customer.as_str())).map(|(at, _)| *at);
        if let Some(at) = moment
            && first.is_none_or(|first| first > at)
        {
            moment = None;
            // Where nothing came of it, the same is due as a moment ago.
            if std::mem::take(&mut was_charging) && run.first_unpaid(&mut desk).await?.is_some_and(|due| due <= at) {
                drop(desk);
                let was_any = run.dun(at).await?;
                desk = Desk::read(app, vendor, Actor::System).await?;
                if was_any {
                    continue;
                }
            }
        }
        drop(desk);
        let Some(first) = first else { break };
        let at = match moment {
            Some(at) => at,
            None => {
                run.given_up.clear();
                *moment.insert(go_to(first))
            }
        };
        desk = Desk::read(app, vendor, Actor::System).await?;
        let due = due.into_iter().filter(|(due_at, _)| *due_at <= at).collect();
        if let Some(next) = run.next(&mut desk, due, at).await? {
            drop(desk);
            run.take(next).await?;
            was_charging |= run.till.len() > 0;
            run.till.finish(&mut run.report).await;
            desk = Desk::read(app, vendor, Actor::System).await?;
        }
    }
    go_to(until);
    Ok(run.report)
}

/// Sees to a sandbox's payments whose day comes by an instant, as of it, however far its clock was moved.
async fn follow(app: &App, vendor: &Arc<Vendor>, until: Instant, seen: &mut BTreeSet<String>) -> Result<(), Refusal> {
    if !vendor.is_test {
        return Ok(());
    }
    let errand = Errand::new(app, vendor, Actor::System).at_billing(until.timestamp_millis());
    // On the heap: it is as large as all that collecting may lead to.
    Box::pin(payments::follow_expected(&errand, until, seen)).await
}

/// Tops up the balances that have fallen below what their customers said. One that can't be now keeps nobody else waiting.
async fn top_up(app: &App, vendor: &Arc<Vendor>, until: Instant, low: Vec<String>) -> Result<(), Refusal> {
    let errand = Errand::new(app, vendor, Actor::System).at_billing(until.timestamp_millis());
    for customer_id in low {
        if let Err(refusal) = purchases::top_up(&errand, &customer_id).await {
            tracing::warn!(customer = customer_id, %refusal, "a balance could not be topped up yet");
        }
    }
    Ok(())
}

/// One vendor's run.
struct Run<'a> {
    app: &'a App,
    vendor: &'a Arc<Vendor>,
    /// Customers who could not be invoiced before, for what their country requires of an invoice; asked when somebody is to be billed.
    held: Option<BTreeSet<String>>,
    /// Those who could not be billed in this run.
    given_up: BTreeSet<String>,
    /// Payments of a sandbox whose day came, and that were seen to.
    seen: BTreeSet<String>,
    /// When something of unpaid invoices is first due; asked when it is wanted, and again after each turn.
    first_unpaid: Option<Option<Instant>>,
    till: Till<'a>,
    report: Report,
}

/// When the payments of what is billed are opened.
enum Charge {
    /// In the transaction that bills.
    Along,
    /// In one of their own: what keeps a payment from being opened keeps nobody from being billed, and while there are too many answers to wait
    /// for the next can be billed.
    Afterwards,
}

/// What comes next.
enum Next {
    /// Something of unpaid invoices, or of payments whose day comes, and of those all that comes until a moment.
    Unpaid(Instant, Instant),
    /// The next moment of each of some customers, up to an instant.
    Bill(Vec<String>, Instant),
    /// What is answered of somebody who is being charged.
    Answer,
}

impl<'a> Run<'a> {
    fn new(app: &'a App, vendor: &'a Arc<Vendor>) -> Run<'a> {
        Run {
            app,
            vendor,
            held: None,
            given_up: BTreeSet::new(),
            seen: BTreeSet::new(),
            first_unpaid: None,
            till: Till::new(app, vendor),
            report: Report::default(),
        }
    }

    /// When something of unpaid invoices, or of payments whose day comes, is first due.
    async fn first_unpaid(&mut self, desk: &mut Desk) -> Result<Option<Instant>, Refusal> {
        if let Some(known) = self.first_unpaid {
            return Ok(known);
        }
        let unpaid = dunning::first_due(desk, &self.till.stuck).await?;
        // Elsewhere a bank decides by the world's time, and `recover` asks.
        let expected = if self.vendor.is_test { payments::first_expected(desk, &self.seen).await? } else { None };
        Ok(*self.first_unpaid.insert(unpaid.into_iter().chain(expected).min()))
    }

    /// Duns up to an instant; whether anything was due.
    async fn dun(&mut self, until: Instant) -> Result<bool, Refusal> {
        self.first_unpaid = None;
        dun(&mut self.till, until, &mut self.report).await
    }

    /// What comes next up to an instant, of what is due of customers by then; `None`: nothing.
    async fn next(&mut self, desk: &mut Desk, due: Vec<(Instant, String)>, until: Instant) -> Result<Option<Next>, Refusal> {
        let due: Vec<(Instant, String)> = due.into_iter().filter(|(_, customer)| !self.given_up.contains(customer)).collect();
        let first = due.first().map_or(until, |(at, _)| *at);
        let unpaid = self.first_unpaid(desk).await?;
        if let Some(at) = unpaid.filter(|at| *at <= first) {
            // A sandbox's day by day, as if its clock had gone there; elsewhere all that comes before the next to be billed.
            return Ok(Some(Next::Unpaid(at, if self.vendor.is_test { at } else { first.min(until) })));
        }
        let (busy, free): (Vec<_>, Vec<_>) = due.into_iter().partition(|(_, customer)| self.till.has(customer));
        // Beyond it nobody is billed; where only such are free, somebody who is being charged comes first.
        let horizon = unpaid.map_or(until, |next| until.min(next));
        let free: Vec<String> = free.into_iter().filter(|(at, _)| *at <= horizon).map(|(_, customer)| customer).collect();
        if !free.is_empty() && self.held.is_none() {
            self.held = Some(invoices::held(desk).await?.into_iter().collect());
        }
        Ok(match (free.is_empty(), busy.is_empty()) {
            (false, _) => Some(Next::Bill(free, horizon)),
            (true, false) => Some(Next::Answer),
            (true, true) => None,
        })
    }

    async fn take(&mut self, next: Next) -> Result<(), Refusal> {
        self.first_unpaid = None;
        match next {
            // It comes in between, and before what is billed at the same moment; what is being charged may add to it.
            Next::Unpaid(at, until) => {
                if !self.till.wait(&mut self.report).await {
                    follow(self.app, self.vendor, at, &mut self.seen).await?;
                    self.dun(until).await?;
                }
            }
            Next::Bill(customers, horizon) => self.bill_some(&customers, horizon).await?,
            Next::Answer => drop(self.till.wait(&mut self.report).await),
        }
        Ok(())
    }

    /// Collects what was never collected by an instant, duns, and tops balances up. Nobody is being charged, and a desk sees what came of those
    /// who were.
    async fn see_to_rest(&mut self, mut desk: Desk, until: Instant, was_charging: bool) -> Result<(), Refusal> {
        let left = invoices::uncollected(&mut desk, until).await?;
        let low = purchases::low_balances(&mut desk).await?;
        drop(desk);
        // Where nothing came of it, nothing more is due than was a moment ago.
        if !left.is_empty() || was_charging {
            collect_left(self.app, self.vendor, until, left, &mut self.report).await?;
            follow(self.app, self.vendor, until, &mut self.seen).await?;
            self.dun(until).await?;
        }
        top_up(self.app, self.vendor, until, low).await
    }

    /// The next moment of each of some customers who are due by an instant.
    async fn bill_some(&mut self, due: &[String], until: Instant) -> Result<(), Refusal> {
        // Who was held back before is looked at alone: what is still lacking would keep the others of the transaction waiting.
        let together = due.iter().position(|customer| self.is_held(customer)).unwrap_or(due.len()).clamp(1, BATCH);
        let due = &due[..together];
        let charge = if self.till.has_room(due.len()) { Charge::Along } else { Charge::Afterwards };
        match self.bill_together(due, until, charge).await {
            // All of them are in the hands of another worker.
            Ok(0) => tokio::time::sleep(OTHERS_AT_WORK).await,
            Ok(_) => {}
            // One of them cannot be billed, or not be charged: each by itself, so that it holds up nobody else.
            Err(_) => {
                for customer in due {
                    if let Err(refusal) = self.bill_together(std::slice::from_ref(customer), until, Charge::Afterwards).await {
                        self.give_up(customer, refusal).await?;
                    }
                }
            }
        }
        Ok(())
    }

    fn is_held(&self, customer: &str) -> bool {
        self.held.as_ref().is_some_and(|held| held.contains(customer))
    }

    async fn give_up(&mut self, customer: &str, refusal: Refusal) -> Result<(), Refusal> {
        if let Refusal::Incomplete(lacking) = &refusal {
            let mut desk = Desk::write(self.app, self.vendor, Actor::System).await?;
            invoices::hold(&mut desk, customer, lacking).await?;
            desk.commit().await?;
        }
        self.given_up.insert(customer.to_owned());
        self.report.failed.push((customer.to_owned(), refusal));
        Ok(())
    }

    /// The next moment of each of some customers, in one transaction; of how many it was done.
    async fn bill_together(&mut self, customer_ids: &[String], until: Instant, charge: Charge) -> Result<usize, Refusal> {
        let mut desk = Desk::write(self.app, self.vendor, Actor::System).await?;
        let moments = subscriptions::run_due(&mut desk, customer_ids, until).await?;
        for moment in moments.iter().filter(|moment| self.is_held(&moment.customer_id)) {
            invoices::let_go(&mut desk, &moment.customer_id).await?;
        }
        let (done, issued) = (moments.len(), moments.iter().map(|moment| moment.issued.len()).sum::<usize>());
        let owed_at = |moment: &Moment| moment.issued.iter().filter(|issued| issued.due_minor > 0).map(|issued| issued.owed(&moment.customer_id)).collect();
        let owed: Vec<(Instant, Vec<Owed>)> = moments.iter().map(|moment| (moment.at, owed_at(moment))).collect();
        let all: Vec<Owed> = owed.iter().flat_map(|(_, owed)| owed.iter().cloned()).collect();
        let (chargeable, ahead) = payments::foresee_first_collecting(&mut desk, &all).await?;
        let (mut owing, mut uncharged) = (Vec::new(), Vec::new());
        for (at, owed) in owed {
            let (charged, left): (Vec<Owed>, Vec<Owed>) = owed.into_iter().partition(|owed| chargeable.can_pay(&owed.customer_id, &owed.currency));
            uncharged.extend(left.into_iter().map(|owed| (at, owed)));
            if let Some(first) = charged.first() {
                let (customer_id, mut tasks) = (first.customer_id.clone(), Tasks::default());
                tasks.collect(at, charged.into_iter().map(|owed| owed.invoice_id));
                owing.push((customer_id, tasks));
            }
        }
        let mut came = Came::default();
        let taken = match charge {
            Charge::Along => till::take_first(&mut desk, std::mem::take(&mut owing), ahead, &mut came).await?,
            Charge::Afterwards => Vec::new(),
        };
        desk.commit().await?;
        self.report.issued += issued;
        self.report.take(&came);
        // With nothing to charge, and not yet due, there is nothing to do.
        if self.vendor.payment_terms_days <= 0 {
            for (at, owed) in uncharged {
                let errand = Errand::new(self.app, self.vendor, Actor::System).at_billing(at.timestamp_millis());
                if let Err(refusal) = till::note_unpaid(&errand, &owed.invoice_id).await {
                    self.report.failed.push((owed.customer_id, refusal));
                }
            }
        }
        self.till.go_on(taken).await;
        self.till.begin(owing, &mut self.report).await;
        Ok(done)
    }
}

/// Collects every open invoice that was never collected yet: left by a run that died, or made without the worker. And notes of what was
/// declined before payment was due, and is due now, that it is.
pub async fn collect(app: &App, vendor: &Arc<Vendor>, until: Instant, report: &mut Report) -> Result<(), Refusal> {
    let left = invoices::uncollected(&mut Desk::read(app, vendor, Actor::System).await?, until).await?;
    collect_left(app, vendor, until, left, report).await
}

/// The same of those that were found.
async fn collect_left(app: &App, vendor: &Arc<Vendor>, until: Instant, left: Vec<Uncollected>, report: &mut Report) -> Result<(), Refusal> {
    let (mut tried, open): (Vec<Uncollected>, Vec<Uncollected>) = left.into_iter().partition(|invoice| invoice.was_tried);
    if !open.is_empty() {
        let customers: BTreeSet<String> = open.iter().map(|invoice| invoice.customer_id.clone()).collect();
        let mut desk = Desk::read(app, vendor, Actor::System).await?;
        let chargeable = payments::chargeable(&mut desk, &customers.into_iter().collect::<Vec<_>>()).await?;
        drop(desk);
        let errand = Errand::new(app, vendor, Actor::System).at_billing(until.timestamp_millis());
        let mut owed: BTreeMap<String, Tasks> = BTreeMap::new();
        for Uncollected { id, customer_id, currency, .. } in open {
            if chargeable.can_pay(&customer_id, &currency) {
                owed.entry(customer_id).or_default().collect(until, [id]);
            } else {
                till::note_unpaid(&errand, &id).await?;
            }
        }
        let (mut till, mut taken) = (Till::new(app, vendor), Report::default());
        till.begin(owed.into_iter().collect(), &mut taken).await;
        till.finish(&mut taken).await;
        report.tried += taken.tried;
        for (customer, refusal) in taken.failed {
            tracing::warn!(customer, %refusal, "could not be collected yet");
        }
    }
    tried.sort_by(|one, other| (one.due_at, &one.id).cmp(&(other.due_at, &other.id)));
    for Uncollected { id, due_at, .. } in tried {
        till::note_unpaid(&Errand::new(app, vendor, Actor::System).at_billing(due_at), &id).await?;
    }
    Ok(())
}

//! Bills what has fallen due, for every vendor by its own billing clock, in due order; then takes the money.
//!
//! Durable without a job table: what is due stands on the subscriptions themselves, each moment of a customer is one transaction, an
//! invoice that was never collected is found by having no payment of a round, and a decline leaves the next method's payment in its own
//! transaction. Whatever dies when, the next run goes on there.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use crate::app::App;
use crate::platform::clock::Instant;
use crate::services::payments::{self, Collected, Errand};
use crate::services::vendors::Vendor;
use crate::services::{Actor, Desk, Refusal, balance, invoices, messages, subscriptions};

/// How often it is asked what is due: the longest an invoice is late.
const EVERY: Duration = Duration::from_secs(5);
/// How many customers' next moments are one transaction.
const BATCH: usize = 200;
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

/// Has customers told of cards that are about to end, and of credit that is about to expire.
async fn remind(app: &App, vendor: &Arc<Vendor>) -> Result<(), Refusal> {
    let mut desk = Desk::read(app, vendor, Actor::System).await?;
    let (ending, expiring) = (messages::ending(&mut desk).await?, balance::expiring(&mut desk).await?);
    drop(desk);
    if ending.is_empty() && expiring.is_empty() {
        return Ok(());
    }
    let mut desk = Desk::write(app, vendor, Actor::System).await?;
    messages::note_ending(&mut desk, &ending).await?;
    balance::note_expiring(&mut desk, &expiring).await?;
    Ok(desk.commit().await?)
}

/// Bills one vendor up to an instant of its clock, every moment of it in due order, and collects after each.
pub async fn bill(app: &App, vendor: &Arc<Vendor>, until: Instant) -> Result<Report, Refusal> {
    let mut report = Report::default();
    let mut given_up = BTreeSet::new();
    let mut desk = Desk::read(app, vendor, Actor::System).await?;
    let held: BTreeSet<String> = invoices::held(&mut desk).await?.into_iter().collect();
    loop {
        // Who was given up stays in front.
        let due = subscriptions::due_customers(&mut desk, until, BATCH + given_up.len()).await?;
        let due: Vec<String> = due.into_iter().map(|(_, customer)| customer).filter(|customer| !given_up.contains(customer)).collect();
        if due.is_empty() {
            break;
        }
        drop(desk);
        // Who was held back before is looked at alone: what is still lacking would keep the others of the transaction waiting.
        let together = due.iter().position(|customer| held.contains(customer)).unwrap_or(due.len()).max(1);
        let due = &due[..together];
        match bill_moments(app, vendor, due, until, &held, &mut report).await {
            // All of them are in the hands of another worker.
            Ok(0) => tokio::time::sleep(OTHERS_AT_WORK).await,
            Ok(_) => {}
            // One of them cannot be billed: each by itself, so that it holds up nobody else.
            Err(_) => {
                for customer in due {
                    if let Err(refusal) = bill_moments(app, vendor, std::slice::from_ref(customer), until, &held, &mut report).await {
                        if let Refusal::Incomplete(lacking) = &refusal {
                            let mut desk = Desk::write(app, vendor, Actor::System).await?;
                            invoices::hold(&mut desk, customer, lacking).await?;
                            desk.commit().await?;
                        }
                        given_up.insert(customer.clone());
                        report.failed.push((customer.clone(), refusal));
                    }
                }
            }
        }
        desk = Desk::read(app, vendor, Actor::System).await?;
    }
    collect_as_of(app, vendor, until, desk, &mut report).await?;
    Ok(report)
}

/// The next moment of each of some customers, in one transaction; of how many it was done.
async fn bill_moments(
    app: &App,
    vendor: &Arc<Vendor>,
    customer_ids: &[String],
    until: Instant,
    held: &BTreeSet<String>,
    report: &mut Report,
) -> Result<usize, Refusal> {
    let mut desk = Desk::write(app, vendor, Actor::System).await?;
    let moments = subscriptions::run_due(&mut desk, customer_ids, until).await?;
    let ids: Vec<String> = moments.iter().map(|moment| moment.customer_id.clone()).collect();
    for customer_id in ids.iter().filter(|id| held.contains(*id)) {
        invoices::let_go(&mut desk, customer_id).await?;
    }
    let with_method = payments::with_method(&mut desk, &ids).await?;
    desk.commit().await?;
    report.issued += moments.iter().map(|moment| moment.issued.len()).sum::<usize>();
    for moment in &moments {
        // With nothing to charge, and not yet due, there is nothing to do.
        if vendor.payment_terms_days > 0 && !with_method.contains(&moment.customer_id) {
            continue;
        }
        let errand = Errand::new(app, vendor, Actor::System).at_billing(moment.at.timestamp_millis());
        for invoice in moment.issued.iter().filter(|issued| issued.due_minor > 0) {
            if let Err(refusal) = collect_one(&errand, &invoice.id, report).await {
                report.failed.push((moment.customer_id.clone(), refusal));
            }
        }
    }
    Ok(moments.len())
}

/// Collects every open invoice that was never collected yet: left by a run that died, or made without the worker. And notes what was
/// declined before payment was due, and is due now.
pub async fn collect(app: &App, vendor: &Arc<Vendor>, until: Instant, report: &mut Report) -> Result<(), Refusal> {
    let desk = Desk::read(app, vendor, Actor::System).await?;
    collect_as_of(app, vendor, until, desk, report).await
}

/// The same on a desk that sees all that is to be collected.
async fn collect_as_of(app: &App, vendor: &Arc<Vendor>, until: Instant, mut desk: Desk, report: &mut Report) -> Result<(), Refusal> {
    let open = invoices::never_collected(&mut desk, until).await?;
    if !open.is_empty() {
        drop(desk);
        let errand = Errand::new(app, vendor, Actor::System).at_billing(until.timestamp_millis());
        for invoice_id in open {
            if let Err(refusal) = collect_one(&errand, &invoice_id, report).await {
                tracing::warn!(invoice = invoice_id, %refusal, "could not be collected yet");
            }
        }
        desk = Desk::read(app, vendor, Actor::System).await?;
    }
    let unpaid = invoices::unpaid(&mut desk, until).await?;
    drop(desk);
    for (due_at, invoice_id) in unpaid {
        note_unpaid(&Errand::new(app, vendor, Actor::System).at_billing(due_at.timestamp_millis()), &invoice_id).await?;
    }
    Ok(())
}

async fn collect_one(errand: &Errand, invoice_id: &str, report: &mut Report) -> Result<(), Refusal> {
    match payments::collect(errand, invoice_id).await? {
        Collected::Tried(_) => report.tried += 1,
        Collected::NothingDue => {}
        // Nothing to charge: where payment is due already, that is an overdue invoice like any other.
        Collected::NoMethod => note_unpaid(errand, invoice_id).await?,
    }
    Ok(())
}

async fn note_unpaid(errand: &Errand, invoice_id: &str) -> Result<(), Refusal> {
    let mut desk = errand.writes().await?;
    invoices::note_unpaid(&mut desk, invoice_id).await?;
    Ok(desk.commit().await?)
}

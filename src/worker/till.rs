//! Takes the money for what was billed, for many customers at once: a gateway takes its time to answer, and nobody waits for another's.

use std::collections::BTreeSet;

use tokio::task::JoinSet;

use super::bill::Report;
use crate::services::payments::{self, Collected, Errand};
use crate::services::{Refusal, invoices};

/// Customers who are charged at once, at most: so many answers of a gateway are waited for, and no more memory is held for a longer night.
const AT_ONCE: usize = 512;

/// Customers who are being charged.
#[derive(Default)]
pub(super) struct Till {
    under_way: JoinSet<Taken>,
    customers: BTreeSet<String>,
}

/// What came of one customer's invoices.
struct Taken {
    customer_id: String,
    tried: usize,
    failed: Vec<Refusal>,
}

impl Till {
    /// Begins to collect a customer's invoices, one after the other; waits only where too many are charged already.
    pub async fn begin(&mut self, errand: Errand, customer_id: String, invoice_ids: Vec<String>, report: &mut Report) {
        while self.under_way.len() >= AT_ONCE {
            self.wait(report).await;
        }
        self.customers.insert(customer_id.clone());
        self.under_way.spawn(async move {
            let mut taken = Taken { customer_id, tried: 0, failed: Vec::new() };
            for invoice_id in invoice_ids {
                match collect(&errand, &invoice_id).await {
                    Ok(tried) => taken.tried += usize::from(tried),
                    Err(refusal) => taken.failed.push(refusal),
                }
            }
            taken
        });
    }

    /// How many are being charged.
    pub fn len(&self) -> usize {
        self.customers.len()
    }

    /// Whether a customer is: what falls due next of theirs must know what came of it.
    pub fn has(&self, customer_id: &str) -> bool {
        self.customers.contains(customer_id)
    }

    /// Waits for one of them, if there is any.
    pub async fn wait(&mut self, report: &mut Report) {
        let taken = match self.under_way.join_next().await {
            None => return,
            Some(Ok(taken)) => taken,
            // Nothing here is ever cancelled: a defect goes on where it would have gone without a task.
            Some(Err(died)) => std::panic::resume_unwind(died.into_panic()),
        };
        self.customers.remove(&taken.customer_id);
        report.tried += taken.tried;
        report.failed.extend(taken.failed.into_iter().map(|refusal| (taken.customer_id.clone(), refusal)));
    }

    /// Waits for all of them.
    pub async fn finish(&mut self, report: &mut Report) {
        while !self.under_way.is_empty() {
            self.wait(report).await;
        }
    }
}

/// Collects one invoice; whether a payment was tried.
pub(super) async fn collect(errand: &Errand, invoice_id: &str) -> Result<bool, Refusal> {
    match payments::collect(errand, invoice_id).await? {
        Collected::Tried(_) => Ok(true),
        Collected::NothingDue => Ok(false),
        // Nothing to charge: where payment is due already, that is an overdue invoice like any other.
        Collected::NoMethod => note_unpaid(errand, invoice_id).await.map(|()| false),
    }
}

/// An invoice whose payment is due and not made.
pub(super) async fn note_unpaid(errand: &Errand, invoice_id: &str) -> Result<(), Refusal> {
    let mut desk = errand.writes().await?;
    invoices::note_unpaid(&mut desk, invoice_id).await?;
    Ok(desk.commit().await?)
}

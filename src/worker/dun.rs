//! Duns: does what is due of invoices that could not be charged, step by step in due order. A step is a transaction, and what it opens or
//! issues is sent to the gateway after it; whoever dies in between leaves it to [`payments::recover`], as with every payment.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::bill::Report;
use super::till;
use crate::app::App;
use crate::platform::clock::Instant;
use crate::services::dunning::{self, Due};
use crate::services::payments::{self, Errand};
use crate::services::vendors::Vendor;
use crate::services::{Actor, Desk, Refusal};

/// How many cases are looked up at once.
const AT_ONCE: i64 = 100;

/// Does everything due of a vendor's cases up to an instant, also what falls due by what is done. A sandbox's steps are done as of their own
/// moments, however far its clock was moved; elsewhere as of now: a worker that was away does not ask a bank three times in a minute for
/// the three days it missed. Cases in `stuck` are left alone; who fails joins them.
pub async fn dun(app: &App, vendor: &Arc<Vendor>, until: Instant, stuck: &mut BTreeSet<String>, report: &mut Report) -> Result<(), Refusal> {
    loop {
        let mut desk = Desk::read(app, vendor, Actor::System).await?;
        let at_most = AT_ONCE.saturating_add(i64::try_from(stuck.len()).map_err(Refusal::damaged)?);
        let due: Vec<Due> = dunning::due(&mut desk, until, at_most).await?.into_iter().filter(|due| !stuck.contains(&due.case_id)).collect();
        drop(desk);
        if due.is_empty() {
            return Ok(());
        }
        for due in due {
            let errand = Errand::new(app, vendor, Actor::System);
            let errand = if vendor.is_test { errand.at_billing(due.at.timestamp_millis()) } else { errand };
            if let Err(refusal) = one(&errand, &due.case_id, report).await {
                tracing::warn!(case = due.case_id, %refusal, "what is due of an unpaid invoice could not be done yet");
                stuck.insert(due.case_id);
            }
        }
    }
}

/// One step of a case, and what follows it.
async fn one(errand: &Errand, case_id: &str, report: &mut Report) -> Result<(), Refusal> {
    let mut desk = errand.writes().await?;
    let done = match dunning::step(&mut desk, case_id).await {
        // Not what the rules allow: nothing of it is kept.
        Err(refusal @ (Refusal::Rule(_) | Refusal::NotFound | Refusal::Fields(_))) => {
            drop(desk);
            desk = errand.writes().await?;
            dunning::give_up_end(&mut desk, case_id, &refusal).await?
        }
        done => done?,
    };
    desk.commit().await?;
    report.issued += done.issued.len();
    if let Some((payment, number)) = done.opened {
        report.tried += 1;
        payments::go_through(errand, &payment.id, &number).await?;
    }
    for invoice in done.issued.iter().filter(|issued| issued.due_minor > 0) {
        report.tried += usize::from(till::collect(errand, &invoice.id).await?);
    }
    Ok(())
}

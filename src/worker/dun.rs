//! Duns: has what is due of invoices that could not be charged done at the till, step by step in due order. A step is a transaction, and what
//! it opens or issues is charged after it; whoever dies in between leaves it to [`payments::recover`](crate::services::payments::recover),
//! as with every payment.

use std::collections::BTreeMap;

use super::bill::Report;
use super::till::{Tasks, Till};
use crate::platform::clock::Instant;
use crate::services::dunning;
use crate::services::{Actor, Desk, Refusal};

/// How many cases are looked up at once.
const AT_ONCE: i64 = 500;

/// Does everything due of a vendor's cases up to an instant, also what falls due by what is done; whether there was anything. Nothing is under
/// way at the till afterwards.
/// A sandbox's steps are done as of their own moments, however far its clock was moved; elsewhere as of now: a worker that was away does
/// not ask a bank three times in a minute for the three days it missed.
pub(super) async fn dun(till: &mut Till<'_>, until: Instant, report: &mut Report) -> Result<bool, Refusal> {
    let mut was_any = false;
    loop {
        let mut desk = Desk::read(till.app, till.vendor, Actor::System).await?;
        let at_most = AT_ONCE.saturating_add(i64::try_from(till.stuck.len()).map_err(Refusal::damaged)?);
        let due = dunning::due(&mut desk, until, at_most).await?;
        let now = desk.now.billing;
        drop(desk);
        let mut begun: BTreeMap<String, Tasks> = BTreeMap::new();
        // Who is being charged comes again when that is over.
        for due in due.into_iter().filter(|due| !till.stuck.contains(&due.case_id) && !till.has(&due.customer_id)) {
            let at = if till.vendor.is_test { due.at } else { now };
            begun.entry(due.customer_id).or_default().dun(at, due.case_id);
        }
        if !begun.is_empty() {
            was_any = true;
            till.begin(begun.into_iter().collect(), report).await;
        } else if !till.wait(report).await {
            return Ok(was_any);
        }
    }
}

//! The test clock: a sandbox's billing time, which can be moved on. What falls due on the way then happens, each thing as of its own moment
//! and in order, for the worker always bills up to the clock; so a clock that was moved by a year is a vendor that was asleep for one.
//!
//! What deliberately does not live here: doing what is due (`worker::bill`). Sessions, quotes and signatures keep to the world's time.

use std::collections::BTreeSet;

use billing::calendar::{Instant, add_calendar_days, add_calendar_months};
use chrono::{Months, SubsecRound};
use serde_json::json;

use crate::platform::clock::from_ms;
use crate::platform::db::{DbResult, Tx};
use crate::sentence;
use crate::services::{Desk, Refusal, dunning, payments, subscriptions};

/// The furthest it moves at once.
const FURTHEST: Months = Months::new(10 * 12);

/// How a sandbox's time goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runs {
    /// With the world's.
    Along,
    /// It stands at this instant until it is moved.
    StandsAt(Instant),
}

/// Where to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// To when something is next due, for any customer.
    ToNext,
    /// By so many days of the vendor's calendar.
    Days(u32),
    /// By so many months of it.
    Months(u32),
    To(Instant),
}

/// How the vendor's time goes, as the database has it: other instances move it too.
pub async fn runs(tx: &mut Tx, vendor_id: &str) -> DbResult<Runs> {
    let (clock_at,): (Option<i64>,) = tx.one("SELECT clock_at FROM vendors WHERE id = $1", (vendor_id.to_owned(),)).await?;
    Ok(clock_at.map_or(Runs::Along, |at| Runs::StandsAt(from_ms(at))))
}

/// When something is next due for any of the vendor's customers, to be billed, of what could not be charged, or of a payment on its way; what is due already is the earliest. `None`: nothing is.
pub async fn next_due(desk: &mut Desk) -> Result<Option<Instant>, Refusal> {
    let billed = subscriptions::due_customers(desk, from_ms(i64::MAX), 1).await?.first().map(|(at, _)| *at);
    let unpaid = dunning::first_due(desk, &BTreeSet::new()).await?;
    let expected = payments::first_expected(desk, &BTreeSet::new()).await?;
    Ok(billed.into_iter().chain(unpaid).chain(expected).min())
}

/// How many customers something is due for by now.
pub async fn waiting(desk: &mut Desk) -> Result<i64, Refusal> {
    let now = desk.now.billing;
    subscriptions::count_due(desk, now).await
}

/// Moves a sandbox's clock on, where it then stands; the new time. Never back: what happened has happened. Only where nobody subscribed
/// yet may it be set to the past, for a story to begin there.
pub async fn advance(desk: &mut Desk, how: Move) -> Result<Instant, Refusal> {
    only_of_a_sandbox(desk)?;
    desk.look_at_clock().await?;
    let now = desk.now.billing;
    let zone = desk.vendor.zone()?;
    let to = match how {
        Move::ToNext => next_due(desk).await?.ok_or_else(|| Refusal::Rule(sentence!("clock-nothing-due")))?.max(now),
        Move::Days(days) => add_calendar_days(now, days, zone).map_err(|_| too_far())?,
        Move::Months(months) => add_calendar_months(now, months, zone).map_err(|_| too_far())?,
        Move::To(at) => at,
    }
    .trunc_subsecs(0);
    let (lives,): (i64,) = desk.tx.one("SELECT COUNT(*) FROM subscriptions WHERE vendor_id = $1", (desk.vendor.id.clone(),)).await?;
    if to < now.trunc_subsecs(0) && lives > 0 {
        return Err(Refusal::field("at", sentence!("clock-not-back")));
    }
    let (earliest, latest) = (desk.now.wall - FURTHEST, now + FURTHEST);
    if to > latest || to < earliest {
        return Err(too_far());
    }
    desk.tx.run("UPDATE vendors SET clock_at = $2 WHERE id = $1", (desk.vendor.id.clone(), to.timestamp_millis())).await?;
    let vendor_id = desk.vendor.id.clone();
    desk.record("clock.advanced", None, &vendor_id, json!({ "from": now, "to": to })).await?;
    Ok(to)
}

/// Lets a sandbox's time run with the world's again. Not where it is ahead of it, for that would be going back.
pub async fn release(desk: &mut Desk) -> Result<(), Refusal> {
    only_of_a_sandbox(desk)?;
    if let Runs::StandsAt(at) = runs(&mut desk.tx, &desk.vendor.id.clone()).await?
        && at > desk.now.wall
    {
        return Err(Refusal::Rule(sentence!("clock-is-ahead")));
    }
    desk.tx.run("UPDATE vendors SET clock_at = NULL WHERE id = $1", (desk.vendor.id.clone(),)).await?;
    let vendor_id = desk.vendor.id.clone();
    desk.record("clock.released", None, &vendor_id, json!({})).await
}

fn too_far() -> Refusal {
    Refusal::field("at", sentence!("clock-too-far"))
}

fn only_of_a_sandbox(desk: &Desk) -> Result<(), Refusal> {
    if desk.vendor.is_test { Ok(()) } else { Err(Refusal::Rule(sentence!("refusal-clock-of-sandbox-only"))) }
}

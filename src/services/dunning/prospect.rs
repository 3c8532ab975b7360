//! What an unpaid invoice leads to, as it is told wherever it is: on pages and in messages.

use billing::dunning::{AtEnd, NoTry};
use billing::state::State;

use super::case::{self, Case, CaseState};
use super::note::GIVEN_UP;
use super::policy::policy;
use crate::platform::clock::Instant;
use crate::services::payments;
use crate::services::subscriptions::{self, of_word};
use crate::services::{Desk, Refusal, catalog};
use crate::t;
use crate::words::format::Dates;

/// What happens to it if its customer does nothing, and what has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prospect {
    /// When it is tried next, or why not at all; `None`: it is being tried at this moment, or its grace is over.
    pub next_try: Option<Result<Instant, NoTry>>,
    /// Whether something was tried again already.
    pub is_retried: bool,
    /// The subscription's plan, and what becomes of it; `None`: no subscription is on the invoice.
    pub ending: Option<Ending>,
}

/// What becomes of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    pub plan: String,
    pub at: Instant,
    pub kind: EndingKind,
    /// It has happened.
    pub is_over: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EndingKind {
    NoAccess,
    /// To the plan of this name.
    Downgrade(String),
    Pause,
    Cancel,
}

/// The prospect of an unpaid invoice; `None`: nothing is done about it.
pub async fn prospect(desk: &mut Desk, invoice_id: &str) -> Result<Option<Prospect>, Refusal> {
    match case::of_invoice(desk, invoice_id).await? {
        Some(case) => of_case(desk, &case).await.map(Some),
        None => Ok(None),
    }
}

/// The same of a case.
pub(super) async fn of_case(desk: &mut Desk, case: &Case) -> Result<Prospect, Refusal> {
    let policy = policy(desk).await?;
    let is_under_way = payments::of_invoice(desk, &case.invoice_id).await?.iter().any(|payment| payment.status.is_under_way());
    let next_try = match case.try_at {
        _ if case.state != CaseState::Open || is_under_way => None,
        Some(at) => Some(Ok(at)),
        None => Some(Err(of_word(&case.because)?)),
    };
    Ok(Prospect { next_try, is_retried: case.tries > 0, ending: ending(desk, case, &policy.at_end).await? })
}

async fn ending(desk: &mut Desk, case: &Case, at_end: &AtEnd) -> Result<Option<Ending>, Refusal> {
    let on_it = subscriptions::on_invoice(desk, &case.invoice_id).await?;
    // One that has ended, or rests, has nothing to lose; one that this ended has lost it.
    let is_over = case.state != CaseState::Open;
    let Some(s) = on_it.into_iter().find(|s| is_over || matches!(s.state, State::Active | State::PastDue)) else { return Ok(None) };
    let kind = match (case.ended_by.as_deref(), at_end) {
        (Some("nothing" | GIVEN_UP), _) => return Ok(None),
        (Some("past_due"), _) | (None, AtEnd::PastDue) => EndingKind::NoAccess,
        (Some("pause"), _) | (None, AtEnd::Pause) => EndingKind::Pause,
        (Some("cancel"), _) | (None, AtEnd::Cancel) => EndingKind::Cancel,
        (Some(_), _) => EndingKind::Downgrade(s.plan_name().to_owned()),
        (None, AtEnd::Downgrade(key)) => match catalog::plan_by_key(desk, key).await? {
            Some(plan) if plan.id == s.plan_id => return Ok(None),
            Some(plan) => EndingKind::Downgrade(plan.name),
            None => EndingKind::NoAccess,
        },
    };
    Ok(Some(Ending { plan: s.plan_name().to_owned(), at: case.ended_at.unwrap_or(case.end_at), kind, is_over }))
}

impl Prospect {
    /// What is done next, and what follows: a sentence each.
    pub fn told(&self, dates: &Dates) -> Vec<String> {
        let w = dates.words;
        let next = self.next_try.map(|next| match next {
            Ok(at) => t!(w, "dunning-next-try", day = dates.day(at)),
            Err(NoTry::NoMethod) => t!(w, "dunning-no-method"),
            Err(NoTry::RefusedForGood) => t!(w, "dunning-refused-for-good"),
            Err(NoTry::MustConfirm) => t!(w, "dunning-must-confirm"),
            Err(NoTry::NoDayLeft | NoTry::TriedEnough) => t!(w, "dunning-not-again"),
        });
        next.into_iter().chain(self.ending.as_ref().map(|ending| ending.told(dates))).collect()
    }
}

impl Ending {
    /// What happens when, or what has.
    pub fn told(&self, dates: &Dates) -> String {
        let (w, plan, day) = (dates.words, &self.plan, dates.day(self.at));
        match (&self.kind, self.is_over) {
            (EndingKind::NoAccess, false) => t!(w, "dunning-ends-without-access", plan = plan, day = day),
            (EndingKind::NoAccess, true) => t!(w, "dunning-ended-without-access", plan = plan, day = day),
            (EndingKind::Downgrade(to), false) => t!(w, "dunning-ends-downgrade", plan = plan, to = to, day = day),
            (EndingKind::Downgrade(to), true) => t!(w, "dunning-ended-downgrade", to = to, day = day),
            (EndingKind::Pause, false) => t!(w, "dunning-ends-pause", plan = plan, day = day),
            (EndingKind::Pause, true) => t!(w, "dunning-ended-pause", plan = plan, day = day),
            (EndingKind::Cancel, false) => t!(w, "dunning-ends-cancel", plan = plan, day = day),
            (EndingKind::Cancel, true) => t!(w, "dunning-ended-cancel", plan = plan, day = day),
        }
    }
}

//! Dunning: what is done about an invoice that could not be charged. One rule, [`plan`]: a policy, what the banks said, and the customer's
//! zone in; when it is tried again and by which methods, when its customer is warned, and when the grace is over, out.
//!
//! What banks say falls into five classes ([`Class`]). One that says no for good is not asked again with the same method as it stands; one that
//! wants its customer asked is not asked without them; an empty account is asked on paydays; for everything else there are days.
//!
//! Money that came in less tax withheld leaves a rest that a certificate settles: [`certificate_until`] says for how long that is waited for.
//!
//! What deliberately does not live here: charging, writing to people, and doing what the end asks for.

mod policy;

pub use policy::{AtEnd, Owed, Payday, Policy, PolicyError};

use chrono::{Days, TimeDelta};
use serde::{Deserialize, Serialize};

use crate::calendar::{CalendarError, Instant, Zone, at_hour, local_date};

type Result<T> = std::result::Result<T, CalendarError>;

/// How far ahead a payday is looked for: no grace is longer.
const FURTHEST_PAYDAY_DAYS: usize = 100;

/// What a decline means for the next try.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// For good, as the method stands: lost, stolen, closed, expired, wrong number, revoked.
    Hard,
    /// There was not enough money.
    Funds,
    /// No, for now.
    Soft,
    /// Somebody's machines failed: nobody decided anything.
    Outage,
    /// The bank wants the customer to confirm, and only they can.
    Confirm,
}

/// What was said last of a method, asked for this invoice, as the method stands now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Said {
    pub class: Class,
    pub at: Instant,
    /// How often in a row it was of this class.
    pub times: u32,
}

/// A method that is charged by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    pub method: String,
    /// `None`: as it stands it was not asked yet: it is new, or its bank has put another card in its place.
    pub said: Option<Said>,
}

/// An invoice that could not be charged, as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failed {
    pub first_at: Instant,
    /// When payment is due.
    pub due_at: Instant,
    /// How often it was tried by itself since the first failure.
    pub tries: u32,
    /// In the order they are charged.
    pub turns: Vec<Turn>,
    pub warned_at: Option<Instant>,
}

/// What is planned for it. What falls on the same instant happens in the order try, warning, end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    pub tries: std::result::Result<Try, NoTry>,
    /// `None`: it was given, or the policy wants none.
    pub warn_at: Option<Instant>,
    pub end_at: Instant,
}

/// The next try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Try {
    pub at: Instant,
    /// Those whose turn has come by then, in the order they are charged.
    pub methods: Vec<String>,
    pub because: Because,
}

/// Why a try is when it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Because {
    /// There is a method that was not asked yet.
    NewMethod,
    Payday,
    SoftDay,
    /// What failed may work again.
    Outage,
}

/// Why there is no further try.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoTry {
    /// There is nothing that is charged by itself.
    NoMethod,
    /// Every method was refused for good as it stands.
    RefusedForGood,
    /// Only the customer can confirm it at their bank.
    MustConfirm,
    /// The policy's days are used up, or come after the end.
    NoDayLeft,
    /// It was tried as often as the policy allows.
    TriedEnough,
}

/// What happens next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    Try(Try),
    Warn(Instant),
    End(Instant),
}

impl Next {
    pub fn at(&self) -> Instant {
        match self {
            Self::Try(Try { at, .. }) | Self::Warn(at) | Self::End(at) => *at,
        }
    }
}

impl Plan {
    pub fn next(&self) -> Next {
        let tried = self.tries.as_ref().ok().map(|tried| Next::Try(tried.clone()));
        let rest = self.warn_at.map(Next::Warn).into_iter().chain([Next::End(self.end_at)]);
        // Of what is at one instant, the first counts.
        tried.into_iter().chain(rest).reduce(|first, next| if next.at() < first.at() { next } else { first }).unwrap_or(Next::End(self.end_at))
    }
}

/// What a policy wants done about an invoice from `now` on: nothing is planned for before it. The end is never before the first failure,
/// before payment is due, or sooner after the warning than the policy says; no try is at the end or after it.
pub fn plan(policy: &Policy, failed: &Failed, now: Instant, zone: Zone) -> Result<Plan> {
    let counts_from = failed.first_at.max(failed.due_at);
    let days_later = |at: Instant, days: u32| at_hour(later(at, days, zone)?, policy.hour, zone);
    let grace_ends = days_later(counts_from, policy.grace_days)?.max(counts_from);
    let (warn_at, end_at) = match (policy.warning_days, failed.warned_at) {
        (0, _) => (None, grace_ends),
        // Who was warned late has as long as whoever was warned in time.
        (days, Some(warned)) => (None, grace_ends.max(days_later(warned, days)?)),
        (days, None) => {
            let in_time = days_later(counts_from, policy.grace_days.saturating_sub(days))?.max(counts_from);
            let warn_at = in_time.max(now);
            (Some(warn_at), grace_ends.max(days_later(warn_at, days)?))
        }
    };
    let end_at = end_at.max(now);
    Ok(Plan { tries: tries(policy, failed, now, end_at, zone)?, warn_at, end_at })
}

/// Until when the certificate of tax withheld is waited for, of money that came at `came_at` and was counted `now`: nothing is asked of the rest
/// before. Never sooner after it was counted than its customer is warned before an end. `None`: it is not waited for.
pub fn certificate_until(policy: &Policy, came_at: Instant, now: Instant, zone: Zone) -> Result<Option<Instant>> {
    if policy.certificate_days == 0 {
        return Ok(None);
    }
    let in_time = at_hour(later(came_at, policy.certificate_days, zone)?, policy.hour, zone)?;
    Ok(Some(in_time.max(at_hour(later(now, policy.warning_days, zone)?, policy.hour, zone)?).max(now)))
}

/// When its customer is reminded of it: so long before as of an end.
pub fn certificate_reminder_at(policy: &Policy, until: Instant, zone: Zone) -> Result<Instant> {
    let day = local_date(until, zone).checked_sub_days(Days::new(u64::from(policy.warning_days))).ok_or(CalendarError::OutOfRange)?;
    at_hour(day, policy.hour, zone)
}

fn tries(policy: &Policy, failed: &Failed, now: Instant, end_at: Instant, zone: Zone) -> Result<std::result::Result<Try, NoTry>> {
    if failed.turns.is_empty() {
        return Ok(Err(NoTry::NoMethod));
    }
    if failed.tries >= policy.most_tries {
        return Ok(Err(NoTry::TriedEnough));
    }
    let mut turns = Vec::new();
    for turn in &failed.turns {
        let time = own_time(policy, failed.first_at, turn, now, zone)?;
        turns.extend(time.map(|(at, because)| (at.max(now), because, turn)).filter(|(at, ..)| *at < end_at));
    }
    let Some((at, because)) = turns.iter().map(|(at, because, _)| (*at, *because)).reduce(|first, other| if other.0 < first.0 { other } else { first }) else {
        let is = |class: Class| move |turn: &Turn| turn.said.is_some_and(|said| said.class == class);
        return Ok(Err(match () {
            () if failed.turns.iter().all(is(Class::Hard)) => NoTry::RefusedForGood,
            () if failed.turns.iter().all(|turn| is(Class::Hard)(turn) || is(Class::Confirm)(turn)) => NoTry::MustConfirm,
            () => NoTry::NoDayLeft,
        }));
    };
    let methods = turns.into_iter().filter(|(own, ..)| *own <= at).map(|(.., turn)| turn.method.clone()).collect();
    Ok(Ok(Try { at, methods, because }))
}

/// When one method is to be asked next, and why then; `None`: not by itself.
fn own_time(policy: &Policy, first_at: Instant, turn: &Turn, now: Instant, zone: Zone) -> Result<Option<(Instant, Because)>> {
    let Some(said) = turn.said else { return Ok(Some((now, Because::NewMethod))) };
    let soft_day = || {
        let days = policy.soft_days.iter().map(|days| at_hour(later(first_at, *days, zone)?, policy.hour, zone)).collect::<Result<Vec<_>>>()?;
        Ok(days.into_iter().find(|day| *day > said.at).map(|day| (day, Because::SoftDay)))
    };
    match said.class {
        Class::Hard | Class::Confirm => Ok(None),
        Class::Soft => soft_day(),
        Class::Funds => {
            let days = local_date(said.at, zone).iter_days().skip(1).take(FURTHEST_PAYDAY_DAYS);
            let payday = days.into_iter().find(|day| policy.paydays.iter().any(|payday| payday.is(*day)));
            payday.map(|day| Ok((at_hour(day, policy.hour, zone)?, Because::Payday))).transpose()
        }
        Class::Outage => {
            let hours = usize::try_from(said.times.saturating_sub(1)).ok().and_then(|place| policy.outage_hours.get(place));
            match hours {
                Some(hours) => {
                    let at = said.at.checked_add_signed(TimeDelta::hours(i64::from(*hours))).ok_or(CalendarError::OutOfRange)?;
                    Ok(Some((at, Because::Outage)))
                }
                // It does not pass by itself any more.
                None => soft_day(),
            }
        }
    }
}

/// The date so many days after an instant's.
fn later(at: Instant, days: u32, zone: Zone) -> Result<chrono::NaiveDate> {
    local_date(at, zone).checked_add_days(Days::new(u64::from(days))).ok_or(CalendarError::OutOfRange)
}

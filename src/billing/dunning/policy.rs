//! What a vendor wants done about payments that fail: numbers and days, checked where they enter.

use chrono::{Datelike, NaiveDate, Weekday};
use serde::{Deserialize, Serialize};

/// When a payment that failed is tried again, how long its customer has, and what happens then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// Whether anything of it is done at all. Without it an invoice that failed stays open and its subscription past due.
    pub is_on: bool,
    /// Days of the customer's calendar after the first failure on which a bank that said no for now is asked again.
    pub soft_days: Vec<u32>,
    /// The days on which money comes in, which is when an account that was empty is tried again.
    pub paydays: Vec<Payday>,
    /// Hours after each failure of somebody's machines, the first, the second and so on, at which the same is tried again.
    pub outage_hours: Vec<u32>,
    /// The full hour (0–23) of the customer's day at which everything but an outage's retry happens.
    pub hour: u32,
    /// Tries after the first failure, at most. Card networks fine who asks more than some fifteen times in a month.
    pub most_tries: u32,
    /// Days of the customer's calendar from the first failure, or from the day payment is due where that is later, to the end.
    pub grace_days: u32,
    /// How many days before the end its customer is warned; 0: not at all. The end never comes sooner after the warning than this.
    pub warning_days: u32,
    /// Days after money came in less tax withheld, during which the certificate of that is waited for and nothing is asked of the rest; 0: none.
    pub certificate_days: u32,
    pub at_end: AtEnd,
    pub owed_at_end: Owed,
}

/// What becomes of the subscriptions on an invoice whose grace is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AtEnd {
    /// It stays past due and is invoiced on, but gives no access until everything overdue is paid.
    PastDue,
    /// From now on it is the plan of this key, at the same interval.
    Downgrade(String),
    /// It is paused, and goes on by itself when the invoice is paid.
    Pause,
    Cancel,
}

impl AtEnd {
    pub fn name(&self) -> &'static str {
        match self {
            Self::PastDue => "past_due",
            Self::Downgrade(_) => "downgrade",
            Self::Pause => "pause",
            Self::Cancel => "cancel",
        }
    }
}

/// What becomes of what is still due then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Owed {
    /// It stays due, and its customer is shown it.
    StaysDue,
    /// It is not asked for any more, and lost as long as it does not come. Not where the subscription goes on past due: that waits for it.
    WrittenOff,
}

impl Owed {
    pub fn name(self) -> &'static str {
        match self {
            Self::StaysDue => "stays_due",
            Self::WrittenOff => "written_off",
        }
    }
}

/// A day on which money comes in. Written `15`, `last_working_day`, `friday`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Payday {
    /// Of every month that has it.
    DayOfMonth(u32),
    /// The month's last day that is no Saturday or Sunday. Holidays are not known.
    LastWorkingDay,
    Weekday(Weekday),
}

impl Payday {
    pub fn is(self, date: NaiveDate) -> bool {
        let is_weekend = |date: NaiveDate| matches!(date.weekday(), Weekday::Sat | Weekday::Sun);
        match self {
            Self::DayOfMonth(day) => date.day() == day,
            Self::Weekday(weekday) => date.weekday() == weekday,
            Self::LastWorkingDay => {
                let rest_of_month = date.iter_days().skip(1).take_while(|later| later.month() == date.month());
                !is_weekend(date) && rest_of_month.into_iter().all(is_weekend)
            }
        }
    }
}

const WEEKDAYS: [(Weekday, &str); 7] = [
    (Weekday::Mon, "monday"),
    (Weekday::Tue, "tuesday"),
    (Weekday::Wed, "wednesday"),
    (Weekday::Thu, "thursday"),
    (Weekday::Fri, "friday"),
    (Weekday::Sat, "saturday"),
    (Weekday::Sun, "sunday"),
];

impl From<Payday> for String {
    fn from(payday: Payday) -> String {
        match payday {
            Payday::DayOfMonth(day) => day.to_string(),
            Payday::LastWorkingDay => "last_working_day".to_owned(),
            Payday::Weekday(weekday) => WEEKDAYS.iter().find(|(other, _)| *other == weekday).map_or_else(String::new, |(_, name)| (*name).to_owned()),
        }
    }
}

impl TryFrom<String> for Payday {
    type Error = String;
    fn try_from(text: String) -> Result<Payday, String> {
        let weekday = WEEKDAYS.iter().find(|(_, name)| *name == text).map(|(weekday, _)| Self::Weekday(*weekday));
        let day = || text.parse().ok().filter(|day| (1..=31).contains(day)).map(Self::DayOfMonth);
        let last = (text == "last_working_day").then_some(Self::LastWorkingDay);
        weekday
            .or(last)
            .or_else(day)
            .ok_or_else(|| format!("“{text}” is no payday: write a day of the month from 1 to 31, last_working_day, or a weekday such as friday"))
    }
}

impl Default for Policy {
    /// What holds for a vendor who said nothing: nobody's plan is changed or ended by a guess of ours.
    fn default() -> Policy {
        Policy {
            is_on: true,
            soft_days: vec![1, 3, 5, 7],
            paydays: vec![Payday::DayOfMonth(1), Payday::DayOfMonth(15), Payday::LastWorkingDay, Payday::Weekday(Weekday::Fri)],
            outage_hours: vec![1, 4, 24],
            hour: 9,
            most_tries: 8,
            grace_days: 21,
            warning_days: 3,
            certificate_days: 30,
            at_end: AtEnd::PastDue,
            owed_at_end: Owed::StaysDue,
        }
    }
}

/// What is wrong with a policy, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    #[error("soft_days: give at most 15 days, each later than the one before, from 1 to 90")]
    SoftDays,
    #[error("paydays: give at most 12, a day of the month from 1 to 31")]
    Paydays,
    #[error("outage_hours: give at most 10, each from 1 to 168")]
    OutageHours,
    #[error("hour: give a full hour from 0 to 23")]
    Hour,
    #[error("most_tries: give 15 at most, for card networks fine who asks more often")]
    MostTries,
    #[error("grace_days: give 90 at most")]
    GraceDays,
    #[error("warning_days: give no more than grace_days")]
    WarningDays,
    #[error("certificate_days: give 180 at most")]
    CertificateDays,
    #[error("at_end: name the plan to downgrade to by its key")]
    AtEnd,
    #[error("owed_at_end: what is owed is written off only where the subscription does not wait for it: choose downgrade, pause or cancel at the end")]
    OwedAtEnd,
}

impl PolicyError {
    /// The field it is about.
    pub fn field(self) -> &'static str {
        match self {
            Self::SoftDays => "soft_days",
            Self::Paydays => "paydays",
            Self::OutageHours => "outage_hours",
            Self::Hour => "hour",
            Self::MostTries => "most_tries",
            Self::GraceDays => "grace_days",
            Self::WarningDays => "warning_days",
            Self::CertificateDays => "certificate_days",
            Self::AtEnd => "at_end",
            Self::OwedAtEnd => "owed_at_end",
        }
    }
}

impl Policy {
    /// Everything that is wrong with it; empty: it can be kept.
    pub fn check(&self) -> Vec<PolicyError> {
        let rises = |days: &[u32]| days.is_sorted_by(|one, next| one < next);
        let all_in = |numbers: &[u32], most: u32| numbers.iter().all(|number| (1..=most).contains(number));
        let is_day = |payday: &Payday| !matches!(payday, Payday::DayOfMonth(day) if !(1..=31).contains(day));
        let wrong = [
            (self.soft_days.len() > 15 || !rises(&self.soft_days) || !all_in(&self.soft_days, 90), PolicyError::SoftDays),
            (self.paydays.len() > 12 || !self.paydays.iter().all(is_day), PolicyError::Paydays),
            (self.outage_hours.len() > 10 || !all_in(&self.outage_hours, 168), PolicyError::OutageHours),
            (self.hour > 23, PolicyError::Hour),
            (self.most_tries > 15, PolicyError::MostTries),
            (self.grace_days > 90, PolicyError::GraceDays),
            (self.warning_days > self.grace_days, PolicyError::WarningDays),
            (self.certificate_days > 180, PolicyError::CertificateDays),
            (matches!(&self.at_end, AtEnd::Downgrade(plan) if plan.is_empty()), PolicyError::AtEnd),
            (self.owed_at_end == Owed::WrittenOff && self.at_end == AtEnd::PastDue, PolicyError::OwedAtEnd),
        ];
        wrong.into_iter().filter_map(|(is_wrong, error)| is_wrong.then_some(error)).collect()
    }
}

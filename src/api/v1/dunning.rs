//! Dunning: the policy, the cases with every decision and its reason, and what was recovered.

use billing::dunning::{AtEnd, Owed, Payday, Policy};
use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::in_query;
use crate::api::give::{Json, Page};
use crate::api::problem::Problem;
use crate::api::route::Route;
use crate::api::take::{Body, Id, Limit, Nothing, Query, after};
use crate::api::values::{Day, Exact, Time};
use crate::services::api_keys::Scope;
use crate::services::dunning::{self, Sought};
use crate::services::{Desk, Refusal, customers, invoices};

pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/dunning-policy", Scope::SettingsRead, policy).named("getDunningPolicy", "Get the dunning policy"),
        Route::patch("/dunning-policy", Scope::SettingsWrite, update_policy)
            .named("updateDunningPolicy", "Change the dunning policy")
            .about("What is absent stays as it is. For a case that is open it holds from its next step on."),
        Route::get("/dunning-cases", Scope::InvoicesRead, list)
            .named("listDunningCases", "List dunning cases")
            .about("Invoices that could not be charged, the latest first. Each figure of the report opens to its cases by these filters."),
        Route::get("/dunning-report", Scope::InvoicesRead, report)
            .named("getDunningReport", "Get what dunning recovered")
            .about("By the month in which cases were opened, and by currency; the latest month first."),
        Route::get("/invoices/{invoice}/dunning", Scope::InvoicesRead, of_invoice)
            .named("getInvoiceDunning", "Get what was done about an invoice that could not be charged")
            .about("Its cases, the latest first, each with every decision in order. None, if it never failed."),
    ]
}

/// What is done about payments that fail.
#[derive(Serialize, ToSchema)]
pub struct DunningPolicy {
    /// Without it an invoice that failed stays open and its subscription past due.
    pub is_on: bool,
    /// Days of the customer’s calendar after the first failure on which a bank that said no for now is asked again.
    pub soft_days: Vec<u32>,
    /// When an account that was empty is tried again: days of the month, `last_working_day`, weekdays such as `friday`.
    #[schema(example = json!(["1", "15", "last_working_day", "friday"]))]
    pub paydays: Vec<String>,
    /// Hours after each failure of somebody’s machines, the first, the second and so on, at which the same is tried again.
    pub outage_hours: Vec<u32>,
    /// The full hour of the customer’s day at which everything but an outage’s retry happens.
    pub hour: u32,
    /// Tries after the first failure, at most.
    pub most_tries: u32,
    /// Days from the first failure, or from the day payment is due where that is later, to the end.
    pub grace_days: u32,
    /// How many days before the end the customer is warned; 0: not at all.
    pub warning_days: u32,
    /// Days after money came in less tax withheld, during which the certificate of that is waited for and nothing is asked of the rest; 0: none.
    pub certificate_days: u32,
    /// What becomes of the subscriptions: `past_due` (they stay so, and give no access until everything overdue is paid), `downgrade`, `pause`, `cancel`.
    pub at_end: String,
    /// The key of the plan that `downgrade` is to; null for the others.
    pub downgrade_to: Option<String>,
    /// What becomes of what is still due then: `stays_due`, or `written_off` (not with `past_due`). Tax on a bad debt is not reclaimed by that.
    pub owed_at_end: String,
}

fn shown_policy(policy: Policy) -> DunningPolicy {
    DunningPolicy {
        at_end: policy.at_end.name().to_owned(),
        downgrade_to: match policy.at_end {
            AtEnd::Downgrade(plan) => Some(plan),
            _ => None,
        },
        owed_at_end: policy.owed_at_end.name().to_owned(),
        is_on: policy.is_on,
        soft_days: policy.soft_days,
        paydays: policy.paydays.into_iter().map(String::from).collect(),
        outage_hours: policy.outage_hours,
        hour: policy.hour,
        most_tries: policy.most_tries,
        grace_days: policy.grace_days,
        warning_days: policy.warning_days,
        certificate_days: policy.certificate_days,
    }
}

async fn policy(desk: &mut Desk, Nothing: Nothing) -> Result<Json<DunningPolicy>, Problem> {
    Ok(Json(shown_policy(dunning::policy(desk).await?)))
}

/// What is to be different.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DunningPolicyChanges {
    pub is_on: Option<bool>,
    #[schema(max_items = 15)]
    pub soft_days: Option<Vec<u32>>,
    #[schema(max_items = 12)]
    pub paydays: Option<Vec<String>>,
    #[schema(max_items = 10)]
    pub outage_hours: Option<Vec<u32>>,
    pub hour: Option<u32>,
    pub most_tries: Option<u32>,
    pub grace_days: Option<u32>,
    pub warning_days: Option<u32>,
    pub certificate_days: Option<u32>,
    pub at_end: Option<String>,
    pub downgrade_to: Option<String>,
    pub owed_at_end: Option<String>,
}

async fn update_policy(desk: &mut Desk, Body(new): Body<DunningPolicyChanges>) -> Result<Json<DunningPolicy>, Problem> {
    let now = dunning::policy(desk).await?;
    let at_end = match (new.at_end.as_deref(), new.downgrade_to) {
        (None, None) => now.at_end,
        (None | Some("downgrade"), Some(plan)) => AtEnd::Downgrade(plan),
        (Some("past_due"), None) => AtEnd::PastDue,
        (Some("pause"), None) => AtEnd::Pause,
        (Some("cancel"), None) => AtEnd::Cancel,
        (Some("downgrade"), None) => return Err(Problem::at("/downgrade_to", "Name the plan to downgrade to by its key.")),
        (Some(_), Some(_)) => return Err(Problem::at("/downgrade_to", "Only a downgrade is to a plan.")),
        (Some(_), None) => return Err(Problem::at("/at_end", "Give past_due, downgrade, pause or cancel.")),
    };
    let paydays = match new.paydays {
        None => now.paydays,
        Some(texts) => texts.into_iter().map(Payday::try_from).collect::<Result<_, _>>().map_err(|why| Problem::at("/paydays", why))?,
    };
    let owed_at_end = match new.owed_at_end.as_deref() {
        None => now.owed_at_end,
        Some("stays_due") => Owed::StaysDue,
        Some("written_off") => Owed::WrittenOff,
        Some(_) => return Err(Problem::at("/owed_at_end", "Give stays_due or written_off.")),
    };
    let policy = Policy {
        is_on: new.is_on.unwrap_or(now.is_on),
        soft_days: new.soft_days.unwrap_or(now.soft_days),
        paydays,
        outage_hours: new.outage_hours.unwrap_or(now.outage_hours),
        hour: new.hour.unwrap_or(now.hour),
        most_tries: new.most_tries.unwrap_or(now.most_tries),
        grace_days: new.grace_days.unwrap_or(now.grace_days),
        warning_days: new.warning_days.unwrap_or(now.warning_days),
        certificate_days: new.certificate_days.unwrap_or(now.certificate_days),
        at_end,
        owed_at_end,
    };
    dunning::set_policy(desk, &policy).await?;
    Ok(Json(shown_policy(policy)))
}

/// An invoice that could not be charged.
#[derive(Serialize, ToSchema)]
pub struct DunningCase {
    pub id: String,
    pub customer_id: String,
    pub invoice_id: String,
    /// ISO 4217.
    pub currency: String,
    /// What was due of the invoice when the case was opened.
    pub amount_minor: i64,
    /// `open`, `ended` (the grace is over and it is unpaid), `written_off` (it is not asked for any more), `restoring` (paid after the end, and what that took is being given back), `recovered`.
    pub state: String,
    pub opened_at: Time,
    /// When it is tried next by itself; null: it is not.
    pub try_at: Option<Time>,
    /// Why then (`new_method`, `payday`, `soft_day`, `outage`), or why not (`no_method`, `refused_for_good`, `must_confirm`, `no_day_left`, `tried_enough`).
    pub because: String,
    /// Tries by itself since the first failure.
    pub tries: i64,
    pub warned_at: Option<Time>,
    /// When the grace is over.
    pub end_at: Time,
    pub ended_at: Option<Time>,
    /// What was done then: `past_due`, `downgrade`, `pause`, `cancel`, `nothing`, `written_off` (by you, before the grace was over).
    pub ended_by: Option<String>,
    pub recovered_at: Option<Time>,
    /// `retry`, `new_method`, `customer`, `other` (settled without a payment).
    pub recovered_by: Option<String>,
    /// How much payments brought since it was opened.
    pub recovered_minor: i64,
}

fn shown(case: dunning::Case) -> Result<DunningCase, Refusal> {
    Ok(DunningCase {
        state: case.state.name().to_owned(),
        opened_at: case.opened_at.into(),
        try_at: case.try_at.map(Time),
        warned_at: case.warned_at.map(Time),
        end_at: case.end_at.into(),
        ended_at: case.ended_at.map(Time),
        recovered_at: case.recovered_at.map(Time),
        id: case.id,
        customer_id: case.customer_id,
        invoice_id: case.invoice_id,
        currency: case.currency,
        amount_minor: case.amount_minor,
        because: case.because,
        tries: case.tries,
        ended_by: case.ended_by,
        recovered_by: case.recovered_by,
        recovered_minor: case.recovered_minor,
    })
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ListDunningCases {
    /// Only a customer’s: our id, or `ext:` and your own.
    customer_id: Option<String>,
    /// Only those opened in this month, such as `2026-04`.
    month: Option<String>,
    currency: Option<String>,
    state: Option<String>,
    recovered_by: Option<String>,
    /// How many a page holds: 1 to 100, 20 unless given.
    #[schema(minimum = 1, maximum = 100)]
    limit: Option<u32>,
    /// The `next` of the page before.
    #[schema(pattern = "^[a-z]+_[0-9a-fA-F]{32}$")]
    after: Option<String>,
}

async fn list(desk: &mut Desk, Query(query): Query<ListDunningCases>) -> Result<Page<DunningCase>, Problem> {
    let limit = Limit::of(query.limit)?;
    let customer_id = match query.customer_id {
        None => None,
        Some(customer) => Some(customers::find(desk, &customer).await.map_err(in_query("customer_id"))?.id),
    };
    let sought = Sought {
        customer_id,
        month: query.month,
        currency: query.currency,
        state: query.state,
        recovered_by: query.recovered_by,
        before: Some(after(query.after)?),
    };
    Page::of(dunning::page(desk, &sought, limit.and_one()).await?, limit, |case| &case.id, shown)
}

/// Something that was decided, and why.
#[derive(Serialize, ToSchema)]
pub struct DunningDecision {
    pub id: String,
    /// `opened`, `try_planned`, `no_try`, `tried`, `warned`, `ended`, `written_off`, `due_again`, `recovered`, `restored`, `not_done`.
    pub kind: String,
    /// In the words of the case’s `because`, `ended_by` and `recovered_by`; `declined` or `no_method` for an opened one, `dunning` or `vendor` for
    /// one that was written off.
    pub because: String,
    /// More about it, by kind.
    #[schema(value_type = Object)]
    pub data: Value,
    /// By the vendor’s billing clock.
    pub decided_at: Time,
}

/// A case, and what was decided in it.
#[derive(Serialize, ToSchema)]
pub struct DecidedDunningCase {
    pub case: DunningCase,
    /// In order.
    pub decisions: Vec<DunningDecision>,
}

/// What was done about an invoice.
#[derive(Serialize, ToSchema)]
pub struct InvoiceDunning {
    pub data: Vec<DecidedDunningCase>,
}

async fn of_invoice(desk: &mut Desk, Id(invoice): Id) -> Result<Json<InvoiceDunning>, Problem> {
    let invoice = invoices::load(desk, &invoice).await?;
    let mut data = Vec::new();
    for case in dunning::all_of_invoice(desk, &invoice.id).await? {
        let mut decisions = Vec::new();
        for decision in dunning::decisions(desk, &case.id).await? {
            decisions.push(DunningDecision {
                data: serde_json::from_str(&decision.data).map_err(Refusal::damaged)?,
                id: decision.id,
                kind: decision.kind,
                because: decision.because,
                decided_at: Time::of_ms(decision.decided_at),
            });
        }
        data.push(DecidedDunningCase { case: shown(case)?, decisions });
    }
    Ok(Json(InvoiceDunning { data }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportRange {
    /// First day of the vendor’s calendar; a year ago, from its month’s first, unless given.
    from: Option<Day>,
    /// Last day; today unless given.
    to: Option<Day>,
}

/// One month and currency.
#[derive(Serialize, ToSchema)]
pub struct DunningFigures {
    /// In which the cases were opened, such as `2026-04`.
    pub month: String,
    /// ISO 4217.
    pub currency: String,
    pub cases: i64,
    /// What was due of their invoices when they were opened.
    pub amount_minor: i64,
    /// Those that payments settled, and how much these brought.
    pub recovered: i64,
    pub recovered_minor: i64,
    /// Of 100 cases, so many were recovered.
    pub recovery_percent: Exact,
    /// Of 100 units of money, so many.
    pub recovered_percent: Exact,
    /// Of those recovered: by a try by itself, a new or renewed method, the customer’s own hand.
    pub by_retry: i64,
    pub by_new_method: i64,
    pub by_customer: i64,
    /// Settled without a payment: credited, or withheld.
    pub settled_otherwise: i64,
    /// The grace is over, and they are unpaid and due.
    pub ended: i64,
    /// Lost: not asked for any more, and how much that is. What comes of it after all leaves it.
    pub written_off: i64,
    pub written_off_minor: i64,
    /// Still under way.
    pub open: i64,
}

/// What was recovered.
#[derive(Serialize, ToSchema)]
pub struct DunningReport {
    pub data: Vec<DunningFigures>,
}

async fn report(desk: &mut Desk, Query(range): Query<ReportRange>) -> Result<Json<DunningReport>, Problem> {
    let today = dunning::today(desk)?;
    let from = range.from.map_or_else(|| year_before(today), |Day(day)| day);
    let to = range.to.map_or(today, |Day(day)| day);
    let figures = dunning::report(desk, from, to).await?;
    let shown = |figures: dunning::Figures| DunningFigures {
        recovery_percent: figures.recovery_percent().into(),
        recovered_percent: figures.recovered_percent().into(),
        month: figures.month,
        currency: figures.currency,
        cases: figures.cases,
        amount_minor: figures.amount_minor,
        recovered: figures.recovered,
        recovered_minor: figures.recovered_minor,
        by_retry: figures.by_retry,
        by_new_method: figures.by_new_method,
        by_customer: figures.by_customer,
        settled_otherwise: figures.settled_otherwise,
        ended: figures.ended,
        written_off: figures.written_off,
        written_off_minor: figures.written_off_minor,
        open: figures.open,
    };
    Ok(Json(DunningReport { data: figures.into_iter().map(shown).collect() }))
}

/// The first of the month a year before.
fn year_before(day: NaiveDate) -> NaiveDate {
    NaiveDate::from_ymd_opt(day.year() - 1, day.month(), 1).unwrap_or(day)
}

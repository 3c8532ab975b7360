//! Subscriptions: started, read, and a change of one priced beforehand. What is done to one is in `acting`.

use axum::http::Method;
use billing::state::State;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::invoices::{InvoiceLine, line};
use super::{in_body, in_query};
use crate::api::give::{Created, Json, Page};
use crate::api::problem::Problem;
use crate::api::route::Route;
use crate::api::take::{Body, Id, Limit, Query, after};
use crate::api::values::{Exact, Interval, Time};
use crate::services::api_keys::Scope;
use crate::services::invoices::Priced;
use crate::services::payments::Errand;
use crate::services::quotes;
use crate::services::subscriptions::{self, Action, AnchorWish, ChangeRequest, StartRequest};
use crate::services::{Desk, Refusal, catalog, customers};

const MOST_TRIAL_DAYS: u32 = 3_650;

pub fn routes() -> Vec<Route> {
    vec![
        Route::post("/subscriptions", Scope::SubscriptionsWrite, start)
            .named("startSubscription", "Start a subscription")
            .about("What it costs at once is an open invoice, which the customer’s payment method pays by itself or the customer pays in the portal."),
        Route::get("/subscriptions", Scope::SubscriptionsRead, list)
            .named("listSubscriptions", "List a customer’s subscriptions")
            .about("The newest first, ended ones too."),
        Route::get("/subscriptions/{subscription}", Scope::SubscriptionsRead, get).named("getSubscription", "Get a subscription"),
        Route::errand(Method::POST, "/subscriptions/{subscription}/preview", Scope::SubscriptionsRead, preview)
            .named("previewChange", "Price a change")
            .about("What a change would come to, to the minor unit, held for fifteen minutes. Nothing is changed."),
    ]
}

#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SubscriptionStatus {
    Scheduled,
    Trialing,
    Active,
    PastDue,
    Paused,
    Cancelled,
}

impl From<State> for SubscriptionStatus {
    fn from(state: State) -> SubscriptionStatus {
        match state {
            State::Scheduled => SubscriptionStatus::Scheduled,
            State::Trialing => SubscriptionStatus::Trialing,
            State::Active => SubscriptionStatus::Active,
            State::PastDue => SubscriptionStatus::PastDue,
            State::Paused => SubscriptionStatus::Paused,
            State::Cancelled => SubscriptionStatus::Cancelled,
        }
    }
}

/// An add-on, and how many of it.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SubscribedAddOn {
    pub key: String,
    pub quantity: Exact,
}

/// What begins with the next period instead.
#[derive(Serialize, ToSchema)]
pub struct ScheduledChange {
    pub plan_id: String,
    pub plan_key: String,
    pub interval: Interval,
    pub quantity: Exact,
    pub at: Time,
}

/// From `start`, included, to `end`, not included.
#[derive(Serialize, ToSchema)]
pub struct SubscriptionPeriod {
    pub start: Time,
    pub end: Time,
}

/// A customer’s agreement to a plan.
#[derive(Serialize, ToSchema)]
pub struct Subscription {
    pub id: String,
    pub external_id: Option<String>,
    pub customer_id: String,
    pub plan_id: String,
    pub plan_key: String,
    pub plan_name: String,
    pub status: SubscriptionStatus,
    pub currency: String,
    pub interval: Interval,
    pub quantity: Exact,
    pub add_ons: Vec<SubscribedAddOn>,
    /// The period that runs; null until the first begins.
    pub period: Option<SubscriptionPeriod>,
    pub starts_at: Time,
    pub trial_end_at: Option<Time>,
    /// It ends then; null: it goes on.
    pub cancel_at: Option<Time>,
    pub ended_at: Option<Time>,
    pub pause_at: Option<Time>,
    pub paused_at: Option<Time>,
    pub scheduled: Option<ScheduledChange>,
}

pub fn shown(s: subscriptions::Subscription) -> Result<Subscription, Refusal> {
    let period = s.cycle.as_ref().map(|cycle| cycle.period());
    Ok(Subscription {
        plan_key: s.terms.plan.key.clone(),
        plan_name: s.terms.plan.name.clone(),
        status: s.state.into(),
        currency: s.currency.code().to_owned(),
        interval: s.terms.plan.interval.into(),
        quantity: s.terms.quantity.into(),
        add_ons: s.terms.add_ons.iter().map(|add_on| SubscribedAddOn { key: add_on.key.clone(), quantity: add_on.quantity.into() }).collect(),
        period: period.map(|period| SubscriptionPeriod { start: period.start.into(), end: period.end.into() }),
        starts_at: s.starts_at.into(),
        trial_end_at: s.trial_end_at.map(Time),
        cancel_at: s.cancel_at.map(Time),
        ended_at: s.ended_at.map(Time),
        pause_at: s.pause_at.map(Time),
        paused_at: s.paused_at.map(Time),
        scheduled: s.scheduled.map(|scheduled| ScheduledChange {
            plan_key: scheduled.terms.plan.key.clone(),
            interval: scheduled.terms.plan.interval.into(),
            quantity: scheduled.terms.quantity.into(),
            at: scheduled.at.into(),
            plan_id: scheduled.plan_id,
        }),
        id: s.id,
        external_id: s.external_id,
        customer_id: s.customer_id,
        plan_id: s.plan_id,
    })
}

/// Where the first period is anchored: a day of the month, or an instant. One of the two.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Anchor {
    #[schema(minimum = 1, maximum = 31)]
    pub day: Option<u32>,
    pub at: Option<Time>,
}

/// A subscription to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSubscription {
    /// Your own id for it; wherever ours is asked for, `ext:` and this does too.
    #[schema(min_length = 1, max_length = 200)]
    pub external_id: Option<String>,
    /// Our id of the customer, or `ext:` and your own.
    pub customer_id: String,
    /// Our id of the plan, or `ext:` and its key.
    pub plan_id: String,
    /// A month, unless given.
    pub interval: Option<Interval>,
    /// Seats; one, unless given.
    pub quantity: Option<Exact>,
    #[serde(default)]
    pub add_ons: Vec<SubscribedAddOn>,
    /// Keys of coupons, in order of application.
    #[serde(default)]
    pub coupons: Vec<String>,
    /// A promotion code, as the customer would type it: one coupon more.
    pub promotion_code: Option<String>,
    /// As many as the plan gives, unless given.
    #[schema(minimum = 0, maximum = 3650)]
    pub trial_days: Option<u32>,
    /// Its own start, unless given.
    pub anchor: Option<Anchor>,
    /// Now, unless given and later.
    pub starts_at: Option<Time>,
}

fn add_ons(list: Vec<SubscribedAddOn>) -> Vec<(String, Decimal)> {
    list.into_iter().map(|add_on| (add_on.key, add_on.quantity.0)).collect()
}

fn interval(interval: Interval) -> Result<billing::calendar::Interval, Problem> {
    interval.engine().map_err(|refusal| Problem::at("/interval/count", refusal.to_string()))
}

async fn start(desk: &mut Desk, Body(new): Body<NewSubscription>) -> Result<Created<Subscription>, Problem> {
    if new.trial_days.is_some_and(|days| days > MOST_TRIAL_DAYS) {
        return Err(Problem::at("/trial_days", format!("A trial has at most {MOST_TRIAL_DAYS} days.")));
    }
    let anchor = match new.anchor {
        None => None,
        Some(Anchor { day: Some(day), at: None }) => Some(AnchorWish::Day(day)),
        Some(Anchor { day: None, at: Some(Time(at)) }) => Some(AnchorWish::At(at)),
        Some(_) => return Err(Problem::at("/anchor", "Give a day or an instant, one of the two.")),
    };
    let request = StartRequest {
        customer_id: customers::find(desk, &new.customer_id).await.map_err(in_body("/customer_id"))?.id,
        plan_id: catalog::find_plan(desk, &new.plan_id).await.map_err(in_body("/plan_id"))?.id,
        external_id: new.external_id,
        interval: interval(new.interval.unwrap_or(Interval::MONTH))?,
        quantity: new.quantity.map_or(Decimal::ONE, |Exact(quantity)| quantity),
        add_ons: add_ons(new.add_ons),
        coupons: new.coupons,
        promotion_code: new.promotion_code,
        trial_days: new.trial_days,
        anchor,
        starts_at: new.starts_at.map(|Time(at)| at),
    };
    let started = subscriptions::start(desk, &request).await?;
    Ok(Created(shown(subscriptions::load(desk, &started.subscription_id).await?)?))
}

async fn get(desk: &mut Desk, Id(subscription): Id) -> Result<Json<Subscription>, Problem> {
    Ok(Json(shown(subscriptions::find(desk, &subscription).await?)?))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ListSubscriptions {
    /// Our id of the customer, or `ext:` and your own.
    customer_id: String,
    /// How many a page holds: 1 to 100, 20 unless given.
    #[schema(minimum = 1, maximum = 100)]
    limit: Option<u32>,
    /// The `next` of the page before.
    #[schema(pattern = "^[a-z]+_[0-9a-fA-F]{32}$")]
    after: Option<String>,
}

async fn list(desk: &mut Desk, Query(query): Query<ListSubscriptions>) -> Result<Page<Subscription>, Problem> {
    let customer_id = customers::find(desk, &query.customer_id).await.map_err(in_query("customer_id"))?.id;
    let rows = subscriptions::of_customer(desk, &customer_id).await?;
    Page::cut(rows, Limit::of(query.limit)?, &after(query.after)?, |s| &s.id, shown)
}

/// When a change takes effect.
#[derive(Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum When {
    #[default]
    Now,
    PeriodEnd,
}

impl From<When> for subscriptions::When {
    fn from(when: When) -> subscriptions::When {
        match when {
            When::Now => subscriptions::When::Now,
            When::PeriodEnd => subscriptions::When::PeriodEnd,
        }
    }
}

/// When the difference is invoiced.
#[derive(Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Settle {
    #[default]
    Now,
    NextInvoice,
}

/// What is to be different. What is absent stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// Our id of the plan, or `ext:` and its key.
    pub plan_id: Option<String>,
    pub interval: Option<Interval>,
    pub quantity: Option<Exact>,
    /// Replaces the list.
    pub add_ons: Option<Vec<SubscribedAddOn>>,
    /// Keys of coupons; replaces the list.
    pub coupons: Option<Vec<String>>,
    /// A promotion code, as the customer would type it: one coupon more.
    pub promotion_code: Option<String>,
    /// The day of the month on which its periods begin from then on.
    #[schema(minimum = 1, maximum = 31)]
    pub anchor_day: Option<u32>,
    #[serde(default)]
    #[schema(required = false)]
    pub when: When,
    #[serde(default)]
    #[schema(required = false)]
    pub settle: Settle,
}

/// A document that would be made.
#[derive(Serialize, ToSchema)]
pub struct PreviewedInvoice {
    pub lines: Vec<InvoiceLine>,
    pub subtotal_minor: i64,
    pub discount_minor: i64,
    pub tax_total_minor: i64,
    pub rounding_minor: i64,
    /// Below zero: a credit note.
    pub total_minor: i64,
    /// What the balance would pay of it.
    pub balance_minor: i64,
    pub due_minor: i64,
}

fn previewed(priced: Priced) -> PreviewedInvoice {
    let document = priced.document;
    PreviewedInvoice {
        lines: document.lines.into_iter().map(line).collect(),
        subtotal_minor: document.subtotal_minor,
        discount_minor: document.discount_minor,
        tax_total_minor: document.tax_total_minor,
        rounding_minor: document.rounding_minor,
        total_minor: document.total_minor,
        balance_minor: priced.balance_minor,
        due_minor: priced.due_minor,
    }
}

/// The invoice after this, as far as it is known.
#[derive(Serialize, ToSchema)]
pub struct NextInvoice {
    pub at: Time,
    /// Null: it would have no lines, so there will be none.
    pub invoice: Option<PreviewedInvoice>,
}

/// What a change would come to.
#[derive(Serialize, ToSchema)]
pub struct ChangePreview {
    /// The price as it is held, signed.
    pub quote: String,
    /// It is held until then.
    pub expires_at: Time,
    /// The second it is priced at.
    pub at: Time,
    /// When it takes effect.
    pub effective_at: Time,
    pub currency: String,
    /// To be paid now.
    pub due_minor: i64,
    /// The document it makes now; null: none.
    pub invoice: Option<PreviewedInvoice>,
    /// Lines that wait for the next invoice instead.
    pub waiting: Vec<InvoiceLine>,
    pub next_invoice: Option<NextInvoice>,
    /// The subscription as it would be.
    pub after: Subscription,
}

/// A change as the services take it.
pub async fn request_of(desk: &mut Desk, change: Change) -> Result<ChangeRequest, Problem> {
    let plan_id = match change.plan_id {
        None => None,
        Some(plan) => Some(catalog::find_plan(desk, &plan).await.map_err(in_body("/plan_id"))?.id),
    };
    Ok(ChangeRequest {
        plan_id,
        interval: change.interval.map(interval).transpose()?,
        quantity: change.quantity.map(|Exact(quantity)| quantity),
        add_ons: change.add_ons.map(add_ons),
        coupons: change.coupons,
        promotion_code: change.promotion_code,
        anchor_day: change.anchor_day,
        when: change.when.into(),
        settle: match change.settle {
            Settle::Now => subscriptions::Settle::Now,
            Settle::NextInvoice => subscriptions::Settle::NextInvoice,
        },
    })
}

async fn preview(errand: Errand, (Id(subscription), Body(change)): (Id, Body<Change>)) -> Result<Json<ChangePreview>, Problem> {
    let mut desk = errand.reads().await?;
    let subscription = subscriptions::find(&mut desk, &subscription).await?;
    let request = request_of(&mut desk, change).await?;
    let preview = quotes::preview_of(&errand, desk, subscription, &Action::Change(request)).await?;
    Ok(Json(ChangePreview {
        quote: preview.quote,
        expires_at: preview.expires_at.into(),
        at: preview.at.into(),
        effective_at: preview.effective_at.into(),
        currency: preview.before.currency.code().to_owned(),
        due_minor: preview.due_minor,
        invoice: preview.priced.map(previewed),
        waiting: preview.waiting.into_iter().map(line).collect(),
        next_invoice: preview.next_invoice.map(|next| NextInvoice { at: next.at.into(), invoice: next.priced.map(previewed) }),
        after: shown(preview.after)?,
    }))
}

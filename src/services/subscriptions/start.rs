//! The start of a subscription: now or later, with or without a trial.

use billing::calendar::{Instant, Interval, local_date};
use billing::money::Currency;
use billing::state::State;
use billing::subscription::Terms;
use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::bill;
use super::discounts;
use super::due::{self, next_due, trial_end};
use super::late::{self, Look};
use super::record::{AnchorWish, Subscription};
use super::step::{Event, Step};
use crate::sentence;
use crate::services::customers;
use crate::services::invoices::Issued;
use crate::services::{Desk, Refusal, catalog};

/// What somebody subscribes to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StartRequest {
    pub customer_id: String,
    pub external_id: Option<String>,
    pub plan_id: String,
    pub interval: Interval,
    pub quantity: Decimal,
    /// Keys and quantities.
    pub add_ons: Vec<(String, Decimal)>,
    /// Keys, in order of application.
    pub coupons: Vec<String>,
    /// As somebody typed it: one coupon more, after the others.
    #[serde(default)]
    pub promotion_code: Option<String>,
    /// None: as many as the plan gives.
    pub trial_days: Option<u32>,
    pub anchor: Option<AnchorWish>,
    /// Later than now; none: now.
    pub starts_at: Option<Instant>,
}

/// A subscription that was started, and its first invoice where something is charged at once.
#[derive(Clone, Debug)]
pub struct Started {
    pub subscription_id: String,
    pub issued: Vec<Issued>,
}

/// Starts a subscription. What it costs at once is an open invoice; taking the money is the caller's next step.
pub async fn start(desk: &mut Desk, request: &StartRequest) -> Result<Started, Refusal> {
    if let Some(external_id) = &request.external_id {
        customers::check_external_id(external_id)?;
    }
    let customer = customers::lock(desk, &request.customer_id).await?;
    let now = desk.now.billing;
    let (currency, zone) = (customer.currency()?, customer.zone()?);
    let plan = catalog::plan(desk, &request.plan_id).await?;
    let terms = terms(desk, &request.plan_id, request.interval, request.quantity, &request.add_ons, currency).await?;
    check_quantity(&plan, request.quantity)?;
    let starts_at = request.starts_at.filter(|at| *at > now).unwrap_or(now);
    let days = match request.trial_days {
        Some(days) => days,
        None => u32::try_from(plan.trial_days).map_err(Refusal::damaged)?,
    };
    let trial_end_at = if days > 0 { Some(trial_end(starts_at, days, zone)?) } else { None };
    check_exchange(desk, &terms, currency, local_date(trial_end_at.unwrap_or(starts_at), zone)).await?;
    let (mut list, mut redeems) = discounts::replaced(desk, &[], &request.coupons, currency).await?;
    if let Some(typed) = &request.promotion_code {
        let redemption;
        (list, redemption) = discounts::with_promotion(desk, list, typed, (&customer.id, &plan.id, currency)).await?;
        redeems.push(redemption);
    }

    let subscription = Subscription {
        id: desk.new_id("sub"),
        customer_id: customer.id.clone(),
        external_id: request.external_id.clone(),
        plan_id: plan.id,
        state: State::Scheduled,
        currency,
        zone,
        terms,
        cycle: None,
        anchor: request.anchor,
        starts_at,
        trial_end_at,
        trial_end_announced_at: None,
        announced_renewal_at: None,
        cancel_at: None,
        cancel_asked_at: None,
        cancel_reason: None,
        cancel_comment: None,
        ended_at: None,
        pause_unused: None,
        pause_at: None,
        paused_at: None,
        suspended_at: None,
        closings: Vec::new(),
        scheduled: None,
        due_at: None,
        held_by: None,
        held_until_at: None,
        version: 0,
    };
    let subscription_id = subscription.id.clone();
    let mut step = Step { redeems, is_new: true, discounts_before: Vec::new(), ..Step::new(subscription, list) };
    step.events.push(Event {
        kind: "subscription.created",
        data: json!({ "plan": step.subscription.terms.plan.key, "name": plan.name, "quantity": request.quantity.to_string() }),
    });
    if starts_at <= now {
        due::start(desk, &mut step, now).await?;
        // A short trial is announced at once.
        step = due::go_on(desk, step, now).await?;
    }
    step.subscription.due_at = next_due(desk, &step.subscription).await?;
    late::hold_usage(desk, &customer, &[]).await?;
    let steps = vec![step];
    let bills = bill::bills(desk, &customer, now, &steps, &Look::ToWrite).await?;
    let issued = bill::write(desk, &customer, steps, bills).await?;
    Ok(Started { subscription_id, issued })
}

/// The terms of a choice from the catalogue, checked.
pub(super) async fn terms(
    desk: &mut Desk,
    plan_id: &str,
    interval: Interval,
    quantity: Decimal,
    add_ons: &[(String, Decimal)],
    currency: Currency,
) -> Result<Terms, Refusal> {
    let plan = catalog::plan_terms(desk, plan_id, interval, currency).await?;
    let mut terms = Terms { plan, quantity, add_ons: Vec::new() };
    for (key, quantity) in some_of(add_ons) {
        terms.add_ons.push(catalog::add_on_terms(desk, key, quantity, interval, currency).await?);
    }
    terms.check()?;
    Ok(terms)
}

/// Add-ons without those of which none is wanted: none of an add-on is no add-on.
pub(super) fn some_of(add_ons: &[(String, Decimal)]) -> impl Iterator<Item = (&str, Decimal)> {
    add_ons.iter().filter(|(_, quantity)| !quantity.is_zero()).map(|(key, quantity)| (key.as_str(), *quantity))
}

/// A price that cannot be converted on the day it is first charged is refused now, not when it falls due. `on` is a day of the billing zone.
pub(super) async fn check_exchange(desk: &mut Desk, terms: &Terms, currency: Currency, on: NaiveDate) -> Result<(), Refusal> {
    let prices = terms.plan.prices.iter().chain(terms.add_ons.iter().flat_map(|add_on| &add_on.prices));
    let foreign: Vec<_> = prices.filter(|price| price.currency != currency).collect();
    if !foreign.is_empty() {
        let rates = catalog::exchange_rates_to(desk, currency).await?;
        for price in foreign {
            billing::price::exchange(price, currency, &rates, on).map_err(billing::Error::from)?;
        }
    }
    Ok(())
}

/// Seats within what the plan allows.
pub(super) fn check_quantity(plan: &catalog::Plan, quantity: Decimal) -> Result<(), Refusal> {
    match plan.max_quantity {
        Some(most) if quantity > Decimal::from(most) => Err(Refusal::field("quantity", sentence!("refusal-most-seats", plan = &plan.name, most = most))),
        _ => Ok(()),
    }
}

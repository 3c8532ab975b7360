//! A change of plan, quantity, interval, add-ons or coupons: now, or with the next period; paid now, or with the next invoice.

use billing::calendar::{By, Instant, Interval, local_date};
use billing::invoice::Reason;
use billing::state::{Event as Happening, State};
use billing::subscription::{AddOnTerms, Cycle, Terms, Unused, change, reanchor};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::discounts::{self, Redeemed};
use super::due::{after, close_early, next_due};
use super::record::{AnchorWish, Scheduled, Subscription};
use super::start::{check_exchange, check_quantity, some_of, terms};
use super::step::{Ended, Event, Reading, Step, basis, billed, charged_then, drafts, proration};
use crate::sentence;
use crate::services::catalog::Redemption;
use crate::services::invoices::Waits;
use crate::services::{Desk, Refusal, catalog};

/// What is to be different. What is absent stays as it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Default)]
pub struct ChangeRequest {
    pub plan_id: Option<String>,
    pub interval: Option<Interval>,
    pub quantity: Option<Decimal>,
    /// Keys and quantities: replaces the list.
    pub add_ons: Option<Vec<(String, Decimal)>>,
    /// Keys: replaces the list.
    pub coupons: Option<Vec<String>>,
    /// What a customer typed to get one coupon more.
    #[serde(default)]
    pub promotion_code: Option<String>,
    /// The day of the month (1–31) on which periods begin from now on.
    #[serde(default)]
    pub anchor_day: Option<u32>,
    pub when: When,
    pub settle: Settle,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum When {
    #[default]
    Now,
    PeriodEnd,
}

/// When the difference is invoiced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum Settle {
    #[default]
    Now,
    NextInvoice,
}

/// Works a change out.
pub(super) async fn plan(desk: &mut Desk, subscription: &Subscription, request: &ChangeRequest, at: Instant, reading: &Reading) -> Result<Step, Refusal> {
    let mut s = subscription.clone();
    s.state = after(s.state, Happening::Change)?;
    let is_for_later = request.when == When::PeriodEnd || proration(desk)?.by == By::None;
    let planned = subscription.scheduled.as_ref().filter(|_| !request.replaces_plan(subscription, is_for_later));
    // What is said of the next period is said of what is planned for it.
    let said_of = match planned {
        Some(planned) if is_for_later => &Subscription { plan_id: planned.plan_id.clone(), terms: planned.terms.clone(), ..subscription.clone() },
        _ => subscription,
    };
    let (plan_id, new) = wanted(desk, said_of, request).await?;
    let charged_at = match (&subscription.cycle, request.when) {
        (Some(cycle), When::PeriodEnd) => cycle.whole.end,
        (Some(_), When::Now) => at,
        (None, _) => subscription.trial_end_at.unwrap_or(subscription.starts_at),
    };
    check_exchange(desk, &new, s.currency, local_date(charged_at, s.zone)).await?;
    let now = discounts::on(desk, &s).await?;
    let (mut list, mut redeems) = match &request.coupons {
        Some(keys) => discounts::replaced(desk, &now, keys, s.currency).await?,
        None => (now.clone(), Vec::new()),
    };
    if let Some(typed) = &request.promotion_code {
        let redemption;
        (list, redemption) = discounts::with_promotion(desk, list, typed, (&s.customer_id, &plan_id, s.currency)).await?;
        redeems.push(redemption);
    }
    let redeemed = redeems.iter().find_map(|redemption| Some(redemption.promotion.as_ref()?.code.clone()));
    let mut step = Step { redeems, ..Step::new(s, now) };
    let data = json!({
        "from": subscription.terms.plan.key, "to": new.plan.key, "name": new.plan.name,
        "from_quantity": subscription.terms.quantity.to_string(), "quantity": new.quantity.to_string(), "when": request.when,
        "promotion_code": redeemed, "anchor_day": request.anchor_day,
    });

    let Some(cycle) = subscription.cycle.clone().filter(|_| subscription.state != State::Trialing && subscription.state != State::Scheduled) else {
        // Nothing has been charged yet, so there is nothing to credit: what is agreed is simply different.
        if let Some(day) = request.anchor_day {
            AnchorWish::anchor(Some(AnchorWish::Day(day)), new.plan.interval, charged_at, subscription.zone)?;
            step.subscription.anchor = Some(AnchorWish::Day(day));
        }
        step.subscription.plan_id = plan_id;
        step.subscription.terms = new;
        step.discounts = list;
        step.events.push(Event { kind: "subscription.changed", data });
        return Ok(step);
    };
    let later = |mut step: Step, effective_at: Instant| {
        let discounts = if request.names_coupons() { Some(list.clone()) } else { planned.and_then(|planned| planned.discounts.clone()) };
        let anchor_day = request.anchor_day.or(planned.and_then(|planned| planned.anchor_day));
        step.subscription.scheduled = Some(Scheduled { plan_id: plan_id.clone(), terms: new.clone(), discounts, anchor_day, at: effective_at });
        // Nothing is redeemed by a plan, which may be replaced or undone.
        step.redeems.clear();
        step.events.push(Event { kind: "subscription.change_planned", data: data.clone() });
        step
    };
    let anchor = match request.anchor_day {
        None => None,
        Some(day) => {
            let from = if request.when == When::PeriodEnd { cycle.whole.end } else { at };
            Some(AnchorWish::anchor(Some(AnchorWish::Day(day)), new.plan.interval, from, subscription.zone)?)
        }
    };
    if request.when == When::PeriodEnd {
        return Ok(later(step, cycle.whole.end));
    }

    let basis = basis(desk, subscription, &[&subscription.terms, &new], []).await?;
    let used = reading.running(desk, subscription, at).await?;
    let charged = charged_then(desk, subscription, at).await?;
    let outcome = match anchor {
        None => change(&basis, &subscription.terms, &new, &cycle, at, &charged, &used)?,
        Some(anchor) => reanchor(&basis, &subscription.terms, &new, anchor, &cycle, at, &charged, &used)?,
    };
    if outcome.effective_at > at {
        return Ok(later(step, outcome.effective_at));
    }
    let still_planned = match planned {
        Some(planned) => {
            let still = as_changed(desk, subscription, planned, request, outcome.cycle.whole.end).await?;
            let is_said = still.plan_id != plan_id || still.terms != new || still.discounts.is_some() || still.anchor_day.is_some();
            Some(still).filter(|_| is_said)
        }
        None => None,
    };
    let lines = drafts(desk, outcome.lines, &[&new, &subscription.terms], Some(&cycle));
    let ended = Ended { to: at, unused: Unused::Credited, stands: &outcome.stands };
    step.billed = billed(&cycle, Some(&outcome.cycle), &ended, &lines, &used)?;
    let s = &mut step.subscription;
    // What was planned for the old period's end goes with it.
    if outcome.cycle.whole.end != cycle.whole.end {
        let moved = |planned: Instant| if planned == cycle.whole.end { outcome.cycle.whole.end } else { planned };
        s.cancel_at = s.cancel_at.map(moved);
        s.pause_at = s.pause_at.map(moved);
    }
    s.scheduled = still_planned;
    s.plan_id = plan_id;
    s.terms = new;
    s.cycle = Some(outcome.cycle);
    step.discounts = list;
    step.events.push(Event { kind: "subscription.changed", data });
    match (request.settle, subscription.closings.last()) {
        (Settle::Now, _) => {
            close_early(desk, &mut step, reading).await?;
            step.reason = Some(Reason::Change);
            step.lines.extend(lines);
        }
        // The invoice that an ended period waits for is the next one.
        (Settle::NextInvoice, Some(closing)) => step.waiting = lines.into_iter().map(|line| (line, Waits::ForClosingAt(closing.at))).collect(),
        (Settle::NextInvoice, None) => step.waiting = lines.into_iter().map(|line| (line, Waits::ForTheNext)).collect(),
    }
    step.subscription.due_at = next_due(desk, &step.subscription).await?;
    Ok(step)
}

impl ChangeRequest {
    /// Whether it decides anew which plan it is to be, and with that on all that was planned. Who is on a plan and names it again says
    /// nothing of the next period's, unless it is that which they speak of.
    fn replaces_plan(&self, s: &Subscription, is_for_later: bool) -> bool {
        let other_plan = self.plan_id.as_ref().is_some_and(|plan_id| is_for_later || *plan_id != s.plan_id);
        let other_interval = self.interval.is_some_and(|interval| is_for_later || !interval.repeats_like(s.terms.plan.interval));
        other_plan || other_interval
    }

    fn names_coupons(&self) -> bool {
        self.coupons.is_some() || self.promotion_code.is_some()
    }
}

/// What stays planned over a change of something else: the latest word on each thing holds, then too.
async fn as_changed(desk: &mut Desk, s: &Subscription, planned: &Scheduled, request: &ChangeRequest, period_end: Instant) -> Result<Scheduled, Refusal> {
    let then = Subscription { plan_id: planned.plan_id.clone(), terms: planned.terms.clone(), ..s.clone() };
    let (plan_id, terms) = wanted(desk, &then, &ChangeRequest { plan_id: None, interval: None, ..request.clone() }).await?;
    let discounts = planned.discounts.clone().filter(|_| !request.names_coupons());
    Ok(Scheduled { plan_id, terms, discounts, anchor_day: planned.anchor_day.filter(|_| request.anchor_day.is_none()), at: period_end })
}

/// The terms that are wanted. A plan that stays keeps the prices it was agreed at.
async fn wanted(desk: &mut Desk, s: &Subscription, request: &ChangeRequest) -> Result<(String, Terms), Refusal> {
    let plan_id = request.plan_id.clone().unwrap_or_else(|| s.plan_id.clone());
    let plan = catalog::plan(desk, &plan_id).await?;
    let is_other_plan = plan_id != s.plan_id;
    if is_other_plan && !plan.is_published {
        return Err(Refusal::Rule(sentence!("refusal-not-for-sale", plan = plan.name)));
    }
    let interval = match request.interval {
        Some(interval) => interval,
        // A plan that is not sold at the present interval is taken at its own.
        None if is_other_plan => catalog::interval_for(desk, &plan_id, s.terms.plan.interval).await?,
        None => s.terms.plan.interval,
    };
    let quantity = request.quantity.unwrap_or(s.terms.quantity);
    check_quantity(&plan, quantity)?;
    let add_ons: Vec<(String, Decimal)> = match &request.add_ons {
        Some(list) => list.clone(),
        None => s.terms.add_ons.iter().map(|add_on| (add_on.key.clone(), add_on.quantity)).collect(),
    };
    let mut wanted = if !is_other_plan && interval.repeats_like(s.terms.plan.interval) {
        Terms { plan: s.terms.plan.clone(), quantity, add_ons: Vec::new() }
    } else {
        terms(desk, &plan_id, interval, quantity, &[], s.currency).await?
    };
    for (key, quantity) in some_of(&add_ons) {
        let had = s.terms.add_ons.iter().find(|add_on| add_on.key == key);
        let stays = |add_on: &&AddOnTerms| interval.repeats_like(s.terms.plan.interval) || add_on.interval.repeats_like(interval);
        wanted.add_ons.push(match had.filter(stays) {
            Some(kept) => AddOnTerms { quantity, ..kept.clone() },
            None => {
                let sold = catalog::add_on_terms(desk, key, quantity, interval, s.currency).await?;
                // Sold at an interval of its own, it keeps what was agreed, too.
                let kept = had.filter(|had| had.interval.repeats_like(sold.interval));
                kept.map_or(sold, |kept| AddOnTerms { quantity, ..kept.clone() })
            }
        });
    }
    wanted.check()?;
    Ok((plan_id, wanted))
}

/// What taking up a planned change changed.
pub(super) struct TakenUp {
    /// The key of the plan it was.
    pub from: String,
    /// Coupons that are redeemed by it.
    pub redeems: Vec<Redemption>,
    /// The billing day from now on.
    pub anchor_day: Option<u32>,
}

/// Makes what was planned for the period's end hold: for the worker that does it, and for whoever shows what it will do.
pub(super) async fn take_up_planned(desk: &mut Desk, s: &mut Subscription, discounts: &mut Vec<Redeemed>) -> Result<Option<TakenUp>, Refusal> {
    let Some(scheduled) = s.scheduled.take() else { return Ok(None) };
    let mut taken = TakenUp { from: s.terms.plan.key.clone(), redeems: Vec::new(), anchor_day: scheduled.anchor_day };
    s.plan_id = scheduled.plan_id;
    s.terms = scheduled.terms;
    if let Some(planned) = scheduled.discounts {
        (*discounts, taken.redeems) = discounts::taken_up(desk, discounts, planned).await?;
    }
    Ok(Some(taken))
}

/// The cycle after one that ended, on another billing day where that was planned.
pub(super) fn cycle_after(ended: &Cycle, s: &Subscription, anchor_day: Option<u32>) -> Result<Cycle, Refusal> {
    let interval = s.terms.plan.interval;
    Ok(match anchor_day {
        None => ended.following(interval)?,
        Some(day) => {
            let anchor = AnchorWish::anchor(Some(AnchorWish::Day(day)), interval, ended.whole.end, s.zone)?;
            Cycle::starting(anchor, interval, ended.whole.end)?
        }
    })
}

/// Forgets a change that was planned for the period's end.
pub(super) fn plan_undo(subscription: &Subscription, discounts: Vec<Redeemed>) -> Result<Step, Refusal> {
    let Some(scheduled) = &subscription.scheduled else { return Err(Refusal::Rule(sentence!("refusal-no-change-planned"))) };
    let data = json!({ "to": scheduled.terms.plan.key, "name": scheduled.terms.plan.name });
    let mut step = Step::new(Subscription { scheduled: None, ..subscription.clone() }, discounts);
    step.events.push(Event { kind: "subscription.change_undone", data });
    Ok(step)
}

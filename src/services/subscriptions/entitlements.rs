//! What a customer may use now. It is read from the subscriptions themselves, so it changes in the very transaction that changes them.

use std::collections::BTreeSet;

use billing::calendar::Instant;
use billing::state::State;
use billing::subscription::Terms;

use super::record::{self, Subscription};
use crate::services::{Desk, Refusal, spend};

/// A subscription that has not ended, and whether what it gives may be used.
#[derive(Clone, Debug, PartialEq)]
pub struct Entitlement {
    pub subscription: Subscription,
    pub is_entitled: bool,
    /// Until when, where an end is planned or the trial runs out of time; none: no end is known.
    pub until: Option<Instant>,
    /// Its customer's own cap has been reached: what is metered is not to be used until it is raised or removed, or the period ends.
    pub is_held: bool,
}

/// The customer's, the newest first.
pub async fn entitlements(desk: &mut Desk, customer_id: &str) -> Result<Vec<Entitlement>, Refusal> {
    let now = desk.now.billing;
    let list = record::of_customer(desk, customer_id).await?;
    let held = spend::held(desk, customer_id, &list).await?;
    let of = |subscription: Subscription| {
        let is_held = held.contains(&subscription.id);
        of(subscription, now, is_held)
    };
    Ok(list.into_iter().filter(|s| s.state != State::Cancelled).map(of).filter(|e| !e.has_ended(now)).collect())
}

fn of(subscription: Subscription, now: Instant, is_held: bool) -> Entitlement {
    let until = subscription.cancel_at.into_iter().chain(subscription.pause_at).min();
    // What is due but not billed yet counts already: nobody uses a day more because the worker is late.
    let has_stopped = until.is_some_and(|until| until <= now);
    let has_begun = subscription.starts_at <= now;
    let is_entitled = !has_stopped && (subscription.is_entitled() || (subscription.state == State::Scheduled && has_begun));
    Entitlement { subscription, is_entitled, until, is_held }
}

impl Entitlement {
    /// The keys of the meters it is charged by, each once.
    pub fn meters(&self) -> BTreeSet<&str> {
        let Terms { plan, add_ons, .. } = &self.subscription.terms;
        let prices = plan.prices.iter().chain(add_ons.iter().flat_map(|add_on| &add_on.prices));
        prices.filter_map(|price| price.meter.as_ref().map(|meter| meter.key.as_str())).collect()
    }

    fn has_ended(&self, now: Instant) -> bool {
        self.subscription.cancel_at.is_some_and(|end| end <= now)
    }
}

//! Reading ahead: what the moments of many customers ask the database for, in a few statements for all of them instead of some for each.
//! It is what most renewals need; what a customer has beyond it (usage, credits) is asked for when their turn comes.

use std::collections::{HashMap, HashSet};

use billing::calendar::Instant;

use super::bill::{COUNTS, Counts};
use super::discounts::{self, OF_SUBSCRIPTION, Redeemed};
use super::late::{self, LATE_FROM};
use super::record::{self, OF_CUSTOMER, Subscription};
use super::threshold::{self, USAGE_DUE};
use crate::platform::clock::from_ms;
use crate::services::customers::Customer;
use crate::services::desk::{Answers, answer};
use crate::services::invoices::{self, CHARGES, PENDING, PendingLine, Waits};
use crate::services::{Desk, Refusal, balance, spend};

/// What was read ahead of one customer.
pub(super) struct Foreseen {
    pub customer: Customer,
    /// When something is first due for them; `None`: nothing is.
    pub first_due: Option<Instant>,
    pub answers: Answers,
}

/// Reads ahead for customers that are locked, in the order they are given.
pub(super) async fn foresee(desk: &mut Desk, customers: Vec<Customer>) -> Result<Vec<Foreseen>, Refusal> {
    let ids: Vec<String> = customers.iter().map(|customer| customer.id.clone()).collect();
    let mut subscriptions: HashMap<String, Vec<Subscription>> = HashMap::new();
    for subscription in record::of_customers(desk, &ids).await? {
        subscriptions.entry(subscription.customer_id.clone()).or_default().push(subscription);
    }
    let of: Vec<String> = subscriptions.values().flatten().map(|subscription| subscription.id.clone()).collect();
    let mut coupons: HashMap<String, Vec<Redeemed>> = HashMap::new();
    for (subscription_id, redeemed) in discounts::of_subscriptions(desk, &of).await? {
        coupons.entry(subscription_id).or_default().push(redeemed);
    }
    let mut pending: HashMap<String, Vec<(String, PendingLine)>> = HashMap::new();
    for (customer_id, currency, line) in invoices::pending_of_customers(desk, &ids).await? {
        pending.entry(customer_id).or_default().push((currency, line));
    }
    let late: HashMap<String, i64> = late::late_from_of(desk, &ids).await?.into_iter().collect();
    let with_credit = balance::with_credit(desk, &ids).await?;
    let credits: HashMap<String, (i64, Option<i64>)> = with_credit.into_iter().map(|(customer_id, count, expires)| (customer_id, (count, expires))).collect();
    let mut usage_due: HashMap<String, Vec<(String, Instant)>> = HashMap::new();
    for (customer_id, subscription_id, at) in threshold::due_of_customers(desk, &ids).await? {
        usage_due.entry(customer_id).or_default().push((subscription_id, at));
    }
    let watched: HashSet<String> = spend::watched_of(desk, &ids).await?.into_iter().collect();

    let wall_ms = desk.now.wall_ms();
    let mut foreseen = Vec::with_capacity(customers.len());
    for customer in customers {
        let own = subscriptions.remove(&customer.id).unwrap_or_default();
        let waiting = pending.remove(&customer.id).unwrap_or_default();
        let charge = |(currency, line): &(String, PendingLine)| if let Waits::Until(at) = line.waits { Some((currency.clone(), at)) } else { None };
        let charges: Vec<(String, Instant)> = waiting.iter().filter_map(charge).collect();
        let due_of_lines = charges.iter().map(|(_, at)| *at);
        let usage_due = usage_due.remove(&customer.id).unwrap_or_default();
        let is_free = |subscription: &&Subscription| !subscription.is_held(wall_ms);
        let due_of_usage = usage_due.iter().filter(|(id, _)| own.iter().filter(is_free).any(|subscription| subscription.id == *id)).map(|(_, at)| *at);
        let (credits, expires_at) = credits.get(&customer.id).copied().unwrap_or_default();
        let due_of_own = own.iter().filter(is_free).filter_map(|subscription| subscription.due_at);
        let first_due = due_of_own.chain(due_of_lines).chain(due_of_usage).chain(expires_at.map(from_ms)).min();
        let late_from = late.get(&customer.id).copied();
        let mut answers = Answers::new();
        let mut discounts = 0;
        for subscription in &own {
            let list = coupons.remove(&subscription.id).unwrap_or_default();
            discounts += list.len();
            answer(&mut answers, OF_SUBSCRIPTION, &subscription.id, list);
        }
        let count = |length: usize| i64::try_from(length).map_err(Refusal::damaged);
        let counts = Counts {
            pending: count(waiting.len())?,
            credits,
            late: i64::from(late_from.is_some()),
            discounts: count(discounts)?,
            limits: i64::from(watched.contains(&customer.id)),
        };
        let mut by_currency: HashMap<String, Vec<PendingLine>> = HashMap::new();
        for (currency, line) in waiting {
            by_currency.entry(currency).or_default().push(line);
        }
        for (currency, lines) in by_currency {
            answer(&mut answers, PENDING, &format!("{} {currency}", customer.id), lines);
        }
        answer(&mut answers, USAGE_DUE, &customer.id, usage_due);
        answer(&mut answers, CHARGES, &customer.id, charges);
        answer(&mut answers, OF_CUSTOMER, &customer.id, own);
        answer(&mut answers, LATE_FROM, &customer.id, late_from);
        answer(&mut answers, COUNTS, &customer.id, counts);
        foreseen.push(Foreseen { customer, first_due, answers });
    }
    Ok(foreseen)
}

//! Reading ahead: what the moments of many customers ask the database for, in a few statements for all of them instead of some for each.
//! It is what most renewals need; what a customer has beyond it (usage, credits) is asked for when their turn comes.

use std::collections::HashMap;

use billing::calendar::Instant;

use super::discounts::{self, OF_SUBSCRIPTION, Redeemed};
use super::glance::{GLANCE, Glance};
use super::record::{self, OF_CUSTOMER, Subscription};
use super::threshold::{self, USAGE_DUE};
use crate::services::customers::Customer;
use crate::services::desk::{Answers, answer};
use crate::services::invoices::{self, CHARGES, PENDING, PendingLine, Waits};
use crate::services::{Desk, Refusal};

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
    let glances = Glance::of_each(desk, &ids).await?;
    let those = |has: fn(&Glance) -> bool| -> Vec<String> { ids.iter().filter(|id| glances.get(*id).is_some_and(has)).cloned().collect() };
    let mut subscriptions: HashMap<String, Vec<Subscription>> = HashMap::new();
    for subscription in record::of_customers(desk, &ids).await? {
        subscriptions.entry(subscription.customer_id.clone()).or_default().push(subscription);
    }
    let discounted = those(|glance| glance.has_discounts());
    let of: Vec<String> = discounted.iter().filter_map(|id| subscriptions.get(id)).flatten().map(|subscription| subscription.id.clone()).collect();
    let mut coupons: HashMap<String, Vec<Redeemed>> = HashMap::new();
    for (subscription_id, redeemed) in discounts::of_subscriptions(desk, &of).await? {
        coupons.entry(subscription_id).or_default().push(redeemed);
    }
    let mut pending: HashMap<String, Vec<(String, PendingLine)>> = HashMap::new();
    for (customer_id, currency, line) in invoices::pending_of_customers(desk, &those(|glance| glance.pending > 0)).await? {
        pending.entry(customer_id).or_default().push((currency, line));
    }
    let mut usage_due: HashMap<String, Vec<(String, Instant)>> = HashMap::new();
    for (customer_id, subscription_id, at) in threshold::due_of_customers(desk, &those(|glance| glance.has_usage_due())).await? {
        usage_due.entry(customer_id).or_default().push((subscription_id, at));
    }

    let mut foreseen = Vec::with_capacity(customers.len());
    for customer in customers {
        let own = subscriptions.remove(&customer.id).unwrap_or_default();
        let waiting = pending.remove(&customer.id).unwrap_or_default();
        let glance = *glances.get(&customer.id).ok_or_else(|| Refusal::damaged("a locked customer that is not found"))?;
        let mut answers = Answers::new();
        for subscription in &own {
            answer(&mut answers, OF_SUBSCRIPTION, &subscription.id, coupons.remove(&subscription.id).unwrap_or_default());
        }
        let charge = |(currency, line): &(String, PendingLine)| if let Waits::Until(at) = line.waits { Some((currency.clone(), at)) } else { None };
        answer(&mut answers, CHARGES, &customer.id, waiting.iter().filter_map(charge).collect::<Vec<(String, Instant)>>());
        let mut by_currency: HashMap<String, Vec<PendingLine>> = HashMap::new();
        for (currency, line) in waiting {
            by_currency.entry(currency).or_default().push(line);
        }
        for (currency, lines) in by_currency {
            answer(&mut answers, PENDING, &format!("{} {currency}", customer.id), lines);
        }
        answer(&mut answers, USAGE_DUE, &customer.id, usage_due.remove(&customer.id).unwrap_or_default());
        answer(&mut answers, OF_CUSTOMER, &customer.id, own);
        answer(&mut answers, GLANCE, &customer.id, glance);
        foreseen.push(Foreseen { customer, first_due: glance.first_due(), answers });
    }
    Ok(foreseen)
}

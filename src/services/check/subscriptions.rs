//! Subscriptions: every one can be read, what is due for it next is where the worker will look for it, its state fits its period, and
//! coupons were redeemed as often as they are said to be.

use billing::calendar::Interval;
use billing::state::State;
use billing::subscription::Cycle;

use super::{Counts, Held, Stop, broken, count, same, shown};
use crate::services::subscriptions::{KeptSubscription, next_due, page};
use crate::services::{Desk, Refusal};

const AT_ONCE: i64 = 500;

pub(super) async fn hold(desk: &mut Desk, counts: &mut Counts) -> Held {
    let mut after = String::new();
    loop {
        let stretch = page(desk, &after, AT_ONCE).await?;
        let Some(last) = stretch.last() else { break };
        after = last.id.clone();
        for kept in stretch {
            one(desk, kept).await?;
            count(counts, "subscriptions");
        }
    }
    past_due(desk).await?;
    held(desk).await?;
    coupons(desk, counts).await
}

async fn one(desk: &mut Desk, kept: KeptSubscription) -> Held {
    let id = kept.id.as_str();
    let subscription = match kept.subscription {
        Ok(subscription) => subscription,
        Err(Refusal::Damaged(why)) => return Err(broken("subscriptions", id, "what it holds", "a subscription", why)),
        Err(refusal) => return Err(refusal.into()),
    };
    // A moment that is forgotten here is never billed.
    let ms = |at: Option<chrono::DateTime<chrono::Utc>>| shown(at.map(|at| at.timestamp_millis()));
    same("subscriptions", id, "due_at", ms(next_due(desk, &subscription).await?), ms(subscription.due_at))?;
    let has_begun = matches!(subscription.state, State::Active | State::PastDue);
    let cycles = || subscription.cycle.iter().flat_map(Cycle::all);
    if let Some(cycle) = cycles().find(|cycle| cycle.whole.start >= cycle.whole.end) {
        return Err(broken("subscriptions", id, "the end of its period", format!("after {}", cycle.whole.start), cycle.whole.end));
    }
    // What is charged at an interval that no period repeats at is never billed either.
    let terms = &subscription.terms;
    let is_forgotten = |interval: &Interval| terms.charges_at(*interval) && !cycles().any(|cycle| cycle.interval.repeats_like(*interval));
    match &subscription.cycle {
        None if has_begun => Err(broken("subscriptions", id, "cycle, its state being active,", "a period", "nothing")),
        Some(_) if has_begun && terms.intervals().iter().any(is_forgotten) => {
            Err(broken("subscriptions", id, "cycle", "a period for each interval it is charged at", "none for one of them"))
        }
        _ if (subscription.state == State::Cancelled) != subscription.ended_at.is_some() => {
            Err(broken("subscriptions", id, "ended_at", if subscription.state == State::Cancelled { "set" } else { "nothing" }, ms(subscription.ended_at)))
        }
        _ => Ok(()),
    }
}

/// What is past due has an open invoice.
async fn past_due(desk: &mut Desk) -> Held {
    let settled: Option<(String,)> = desk
        .tx
        .opt(
            "SELECT s.id FROM subscriptions s WHERE s.vendor_id = $1 AND s.status = 'past_due'
                AND NOT EXISTS (SELECT 1 FROM invoices i WHERE i.vendor_id = s.vendor_id AND i.customer_id = s.customer_id AND i.kind = 'invoice' AND i.settled_at IS NULL)
             ORDER BY s.id LIMIT 1",
            (desk.vendor.id.clone(),),
        )
        .await?;
    settled.map_or(Ok(()), |(id,)| Err(broken("subscriptions", &id, "status, nothing being open,", "active", "past_due")))
}

/// What a payment under way holds is held by a quote that is being paid: another would hold it for nothing.
async fn held(desk: &mut Desk) -> Held {
    let stray: Option<(String, String)> = desk
        .tx
        .opt(
            "SELECT s.id, q.status FROM subscriptions s JOIN quotes q ON q.vendor_id = s.vendor_id AND q.id = s.held_by
             WHERE s.vendor_id = $1 AND (q.status <> 'paying' OR q.subscription_id <> s.id) ORDER BY s.id LIMIT 1",
            (desk.vendor.id.clone(),),
        )
        .await?;
    stray.map_or(Ok(()), |(id, status)| Err(broken("subscriptions", &id, "held_by", "a quote of its own that is being paid", format!("one that is {status}"))))
}

/// A coupon counts as many redemptions as there are discounts of it, and no more than it allows.
async fn coupons(desk: &mut Desk, counts: &mut Counts) -> Held {
    let take = |(id, redemptions, most, discounts): (String, i64, Option<i64>, i64)| {
        same("coupons", &id, "redemptions, the number of its discounts,", discounts, redemptions)?;
        if let Some(most) = most.filter(|most| redemptions > *most) {
            return Err(broken("coupons", &id, "redemptions", format!("at most {most}"), redemptions));
        }
        count(counts, "coupons");
        Ok::<(), Stop>(())
    };
    desk.tx
        .each(
            "SELECT c.id, c.redemptions, c.max_redemptions, COALESCE(d.number, 0) FROM coupons c
                LEFT JOIN (SELECT coupon_id, COUNT(*) AS number FROM discounts WHERE vendor_id = $1 GROUP BY coupon_id) d ON d.coupon_id = c.id
             WHERE c.vendor_id = $1",
            (desk.vendor.id.clone(),),
            take,
        )
        .await
}

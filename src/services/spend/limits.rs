//! The limits of a subscription as they are kept, and what they are held against.

use billing::calendar::{Instant, Period};
use billing::state::State;
use sqlx::FromRow;

use crate::platform::clock::from_ms;
use crate::services::subscriptions::Subscription;
use crate::services::{Desk, Refusal, usage};

/// As the column `kind` has it.
pub(super) const ALERT: &str = "alert";
pub(super) const CAP: &str = "cap";

/// An amount at which a customer wants to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    pub amount_minor: i64,
    /// The start of the last period in which it was reached.
    pub reached_in: Option<Instant>,
    pub reached_at: Option<Instant>,
}

/// An amount at which a customer wants to be held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cap {
    pub amount_minor: i64,
    /// The start of the period in which they are held, and since when.
    pub held_in: Option<Instant>,
    pub held_at: Option<Instant>,
}

/// What a customer set: alerts by amount, the smallest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    pub alerts: Vec<Alert>,
    pub cap: Option<Cap>,
}

impl Alert {
    /// Whether it was reached in a period.
    pub fn is_reached_in(&self, period: Period) -> bool {
        self.reached_in == Some(period.start)
    }
}

impl Cap {
    /// Whether the customer is held now: in the period under way, which is over at its end, whether or not it has been billed by then.
    pub fn holds(&self, s: &Subscription, now: Instant) -> bool {
        period_of(s).is_some_and(|period| self.held_in == Some(period.start) && now < period.end)
    }
}

/// The limits of a subscription and the period they are held against.
#[derive(Clone, Debug, PartialEq)]
pub struct Spend {
    pub limits: Limits,
    /// The billing period under way; none: nothing is charged for now.
    pub period: Option<Period>,
    /// What its usage has cost so far, in minor units of the subscription's currency, before discounts and tax. None: nothing is metered.
    pub cost_minor: Option<i64>,
    pub is_held: bool,
}

/// The billing period whose usage is charged for.
pub(super) fn period_of(s: &Subscription) -> Option<Period> {
    s.cycle.as_ref().filter(|_| s.state != State::Cancelled).map(|cycle| cycle.period())
}

/// A subscription's limits, and what its usage costs so far.
pub async fn load(desk: &mut Desk, s: &Subscription) -> Result<Spend, Refusal> {
    let limits = limits(desk, &s.id).await?;
    let period = period_of(s);
    let cost_minor = match period {
        Some(period) => usage::cost_of_period(desk, s, period).await?,
        None => None,
    };
    let is_held = limits.cap.as_ref().is_some_and(|cap| cap.holds(s, desk.now.billing));
    Ok(Spend { limits, period, cost_minor, is_held })
}

#[derive(FromRow)]
struct LimitRow {
    subscription_id: String,
    kind: String,
    amount_minor: i64,
    reached_in_at: Option<i64>,
    reached_at: Option<i64>,
}

impl Limits {
    fn add(&mut self, row: &LimitRow) -> Result<(), Refusal> {
        let (amount_minor, reached_in, reached_at) = (row.amount_minor, row.reached_in_at.map(from_ms), row.reached_at.map(from_ms));
        match row.kind.as_str() {
            ALERT => self.alerts.push(Alert { amount_minor, reached_in, reached_at }),
            CAP => self.cap = Some(Cap { amount_minor, held_in: reached_in, held_at: reached_at }),
            other => return Err(Refusal::damaged(format!("“{other}” is no kind of limit"))),
        }
        Ok(())
    }
}

pub(super) async fn limits(desk: &mut Desk, subscription_id: &str) -> Result<Limits, Refusal> {
    let rows: Vec<LimitRow> = desk
        .tx
        .all(
            "SELECT subscription_id, kind, amount_minor, reached_in_at, reached_at FROM spend_limits WHERE vendor_id = $1 AND subscription_id = $2 ORDER BY amount_minor",
            (desk.vendor.id.clone(), subscription_id.to_owned()),
        )
        .await?;
    let mut limits = Limits::default();
    rows.iter().try_for_each(|row| limits.add(row))?;
    Ok(limits)
}

/// The cap of a subscription, where it holds now.
pub async fn cap_that_holds(desk: &mut Desk, s: &Subscription) -> Result<Option<Cap>, Refusal> {
    Ok(limits(desk, &s.id).await?.cap.filter(|cap| cap.holds(s, desk.now.billing)))
}

/// Those of a customer's subscriptions whose cap holds now, among some of them.
pub(crate) async fn held(desk: &mut Desk, customer_id: &str, subscriptions: &[Subscription]) -> Result<Vec<String>, Refusal> {
    let rows: Vec<LimitRow> = desk
        .tx
        .all(
            "SELECT subscription_id, kind, amount_minor, reached_in_at, reached_at FROM spend_limits
             WHERE vendor_id = $1 AND customer_id = $2 AND kind = 'cap' AND reached_in_at IS NOT NULL",
            (desk.vendor.id.clone(), customer_id.to_owned()),
        )
        .await?;
    let mut held = Vec::new();
    for row in rows {
        let mut limits = Limits::default();
        limits.add(&row)?;
        let holds = |s: &&Subscription| limits.cap.as_ref().is_some_and(|cap| cap.holds(s, desk.now.billing));
        held.extend(subscriptions.iter().filter(|s| s.id == row.subscription_id).find(holds).map(|s| s.id.clone()));
    }
    Ok(held)
}

/// The subscriptions of a customer that have limits.
pub(super) async fn watched(desk: &mut Desk, customer_id: &str) -> Result<Vec<String>, Refusal> {
    let rows: Vec<(String,)> = desk
        .tx
        .all(
            "SELECT DISTINCT subscription_id FROM spend_limits WHERE vendor_id = $1 AND customer_id = $2 ORDER BY 1",
            (desk.vendor.id.clone(), customer_id.to_owned()),
        )
        .await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

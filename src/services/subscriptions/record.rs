//! A subscription's record: read into the engine's types, written back, locked, and when something is next due for it.

use billing::calendar::{Anchor, Instant, Interval, Zone};
use billing::money::Currency;
use billing::state::State;
use billing::subscription::{Cycle, Terms, Unused};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sqlx::FromRow;

use super::discounts::Redeemed;
use crate::platform::clock::from_ms;
use crate::platform::db::Many;
use crate::sentence;
use crate::services::{Desk, Refusal, customers};

/// A subscription as the actions work on it. Columns as in `migrations/0006_subscriptions.sql`.
#[derive(Clone, Debug, PartialEq)]
pub struct Subscription {
    pub id: String,
    pub customer_id: String,
    pub external_id: Option<String>,
    pub plan_id: String,
    pub state: State,
    pub currency: Currency,
    pub zone: Zone,
    pub terms: Terms,
    /// None until the first period begins.
    pub cycle: Option<Cycle>,
    pub anchor: Option<AnchorWish>,
    pub starts_at: Instant,
    pub trial_end_at: Option<Instant>,
    pub trial_end_announced_at: Option<Instant>,
    /// The end of the last long period whose renewal was announced ahead.
    pub announced_renewal_at: Option<Instant>,
    pub cancel_at: Option<Instant>,
    pub cancel_asked_at: Option<Instant>,
    pub cancel_reason: Option<String>,
    pub cancel_comment: Option<String>,
    pub ended_at: Option<Instant>,
    pub pause_unused: Option<Unused>,
    pub pause_at: Option<Instant>,
    pub paused_at: Option<Instant>,
    /// Since when it gives no access while it is past due.
    pub suspended_at: Option<Instant>,
    /// Periods that ended and wait for their last usage, the oldest first.
    pub closings: Vec<Closing>,
    pub scheduled: Option<Scheduled>,
    pub due_at: Option<Instant>,
    /// The quote whose payment is under way.
    pub held_by: Option<String>,
    /// Unix milliseconds of wall time.
    pub held_until_at: Option<i64>,
    pub version: i64,
}

/// Where the first period is to be anchored, when not at its own start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnchorWish {
    /// 00:00 of this day of the month in the billing zone.
    Day(u32),
    At(Instant),
}

impl AnchorWish {
    /// The anchor of a cycle that starts at an instant.
    pub fn anchor(wish: Option<AnchorWish>, interval: Interval, start: Instant, zone: Zone) -> Result<Anchor, Refusal> {
        Ok(match wish {
            None => Anchor::at(start, zone),
            Some(AnchorWish::At(instant)) => Anchor::at(instant, zone),
            Some(AnchorWish::Day(day)) => Anchor::on_day(day, start, zone, interval).map_err(billing::Error::from)?,
        })
    }
}

/// What the next period begins with instead.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scheduled {
    pub plan_id: String,
    pub terms: Terms,
    /// The coupons that replace those of now; none: those stay. They count as redeemed once the change takes effect.
    pub discounts: Option<Vec<Redeemed>>,
    /// The billing day from then on.
    #[serde(default)]
    pub anchor_day: Option<u32>,
    pub at: Instant,
}

/// A period that ended and is invoiced later, when its last usage has had time to arrive.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Closing {
    pub cycle: Cycle,
    /// Where its usage ends: at the period's end, or where the subscription was cancelled before.
    pub until: Instant,
    /// `Kept` where a cancellation gave nothing back: what was used is rated as the whole period's.
    pub unused: Unused,
    /// `until` plus the vendor's grace.
    pub at: Instant,
}

impl Subscription {
    /// The periods that ended and are invoiced next.
    pub fn next_closings(&self) -> Vec<&Closing> {
        let at = self.closings.iter().map(|closing| closing.at).min();
        self.closings.iter().filter(|closing| Some(closing.at) == at).collect()
    }
}

impl Closing {
    /// A period that runs, or ran, to its end.
    pub fn whole(cycle: Cycle, at: Instant) -> Closing {
        Closing { until: cycle.whole.end, unused: Unused::Credited, cycle, at }
    }
}

#[derive(FromRow)]
struct SubscriptionRow {
    id: String,
    customer_id: String,
    external_id: Option<String>,
    plan_id: String,
    status: String,
    currency: String,
    time_zone: String,
    terms: String,
    cycle: Option<String>,
    anchor: Option<String>,
    starts_at: i64,
    trial_end_at: Option<i64>,
    trial_end_announced_at: Option<i64>,
    announced_renewal_at: Option<i64>,
    cancel_at: Option<i64>,
    cancel_asked_at: Option<i64>,
    cancel_reason: Option<String>,
    cancel_comment: Option<String>,
    ended_at: Option<i64>,
    pause_unused: Option<String>,
    pause_at: Option<i64>,
    paused_at: Option<i64>,
    suspended_at: Option<i64>,
    closings: String,
    scheduled: Option<String>,
    due_at: Option<i64>,
    held_by: Option<String>,
    held_until_at: Option<i64>,
    version: i64,
}

fn parsed<T: DeserializeOwned>(json: &str) -> Result<T, Refusal> {
    serde_json::from_str(json).map_err(Refusal::damaged)
}

fn parsed_opt<T: DeserializeOwned>(json: &Option<String>) -> Result<Option<T>, Refusal> {
    json.as_deref().map(parsed).transpose()
}

fn written(value: &impl Serialize) -> Result<String, Refusal> {
    serde_json::to_string(value).map_err(Refusal::damaged)
}

fn written_opt(value: &Option<impl Serialize>) -> Result<Option<String>, Refusal> {
    value.as_ref().map(written).transpose()
}

/// The word a unit-like enum is stored as.
pub fn word(value: impl Serialize) -> Result<String, Refusal> {
    match serde_json::to_value(value).map_err(Refusal::damaged)? {
        serde_json::Value::String(word) => Ok(word),
        other => Err(Refusal::damaged(other)),
    }
}

/// The enum a stored word means.
pub fn of_word<T: DeserializeOwned>(word: &str) -> Result<T, Refusal> {
    serde_json::from_value(serde_json::Value::String(word.to_owned())).map_err(Refusal::damaged)
}

impl TryFrom<SubscriptionRow> for Subscription {
    type Error = Refusal;
    fn try_from(row: SubscriptionRow) -> Result<Subscription, Refusal> {
        Ok(Subscription {
            state: of_word(&row.status)?,
            currency: Currency::from_code(&row.currency).map_err(Refusal::damaged)?,
            zone: row.time_zone.parse().map_err(Refusal::damaged)?,
            terms: parsed(&row.terms)?,
            cycle: parsed_opt(&row.cycle)?,
            anchor: parsed_opt(&row.anchor)?,
            starts_at: from_ms(row.starts_at),
            trial_end_at: row.trial_end_at.map(from_ms),
            trial_end_announced_at: row.trial_end_announced_at.map(from_ms),
            announced_renewal_at: row.announced_renewal_at.map(from_ms),
            cancel_at: row.cancel_at.map(from_ms),
            cancel_asked_at: row.cancel_asked_at.map(from_ms),
            ended_at: row.ended_at.map(from_ms),
            pause_unused: row.pause_unused.as_deref().map(of_word).transpose()?,
            pause_at: row.pause_at.map(from_ms),
            paused_at: row.paused_at.map(from_ms),
            suspended_at: row.suspended_at.map(from_ms),
            closings: parsed(&row.closings)?,
            scheduled: parsed_opt(&row.scheduled)?,
            due_at: row.due_at.map(from_ms),
            id: row.id,
            customer_id: row.customer_id,
            external_id: row.external_id,
            plan_id: row.plan_id,
            cancel_reason: row.cancel_reason,
            cancel_comment: row.cancel_comment,
            held_by: row.held_by,
            held_until_at: row.held_until_at,
            version: row.version,
        })
    }
}

impl Subscription {
    pub fn interval(&self) -> Interval {
        self.terms.plan.interval
    }

    /// The name a customer knows it by.
    pub fn plan_name(&self) -> &str {
        &self.terms.plan.name
    }

    /// Whether it gives no access until what is overdue is paid.
    pub fn is_suspended(&self) -> bool {
        self.state == State::PastDue && self.suspended_at.is_some()
    }

    pub fn is_entitled(&self) -> bool {
        self.state.is_entitled() && !self.is_suspended()
    }

    /// Whether plan, interval and seats stay with what is planned, so that it is about something else: add-ons, coupons, the billing day.
    pub fn keeps_plan(&self, scheduled: &Scheduled) -> bool {
        let (now, then) = (&self.terms, &scheduled.terms);
        scheduled.plan_id == self.plan_id && then.quantity == now.quantity && then.plan.interval.repeats_like(now.plan.interval)
    }

    /// Whether a confirmed change is being paid for at this moment.
    pub fn is_held(&self, wall_ms: i64) -> bool {
        self.held_by.is_some() && self.held_until_at.is_some_and(|until| until > wall_ms)
    }
}

/// The subscription, or [`Refusal::NotFound`].
pub async fn load(desk: &mut Desk, subscription_id: &str) -> Result<Subscription, Refusal> {
    let row: Option<SubscriptionRow> =
        desk.tx.opt("SELECT * FROM subscriptions WHERE vendor_id = $1 AND id = $2", (desk.vendor.id.clone(), subscription_id.to_owned())).await?;
    row.ok_or(Refusal::NotFound)?.try_into()
}

/// A subscription as it is kept, or why it cannot be read.
pub struct KeptSubscription {
    pub id: String,
    pub subscription: Result<Subscription, Refusal>,
}

/// The vendor's subscriptions in the order of their ids, from behind one of them on.
pub async fn page(desk: &mut Desk, after: &str, at_most: i64) -> Result<Vec<KeptSubscription>, Refusal> {
    let rows: Vec<SubscriptionRow> = desk
        .tx
        .all("SELECT * FROM subscriptions WHERE vendor_id = $1 AND id > $2 ORDER BY id LIMIT $3 + 0", (desk.vendor.id.clone(), after.to_owned(), at_most))
        .await?;
    Ok(rows.into_iter().map(|row| KeptSubscription { id: row.id.clone(), subscription: row.try_into() }).collect())
}

/// The subscription if it is this customer's: another customer's must look like none.
pub async fn load_of(desk: &mut Desk, customer_id: &str, subscription_id: &str) -> Result<Subscription, Refusal> {
    load(desk, subscription_id).await.and_then(|s| if s.customer_id == customer_id { Ok(s) } else { Err(Refusal::NotFound) })
}

/// The vendor's own name for a subscription, resolved.
pub async fn by_external_id(desk: &mut Desk, external_id: &str) -> Result<Option<Subscription>, Refusal> {
    let row: Option<SubscriptionRow> =
        desk.tx.opt("SELECT * FROM subscriptions WHERE vendor_id = $1 AND external_id = $2", (desk.vendor.id.clone(), external_id.to_owned())).await?;
    row.map(Subscription::try_from).transpose()
}

/// The subscription by our id, or by the vendor's own as `ext:THEIRS`; or [`Refusal::NotFound`].
pub async fn find(desk: &mut Desk, reference: &str) -> Result<Subscription, Refusal> {
    match customers::external(reference) {
        None => load(desk, reference).await,
        Some(theirs) => by_external_id(desk, theirs).await?.ok_or(Refusal::NotFound),
    }
}

/// The question of [`of_customer`], for what is read ahead.
pub(super) const OF_CUSTOMER: &str = "subscriptions of a customer";

static OF_CUSTOMERS: Many = Many {
    before: "SELECT s.* FROM (VALUES",
    columns: 2,
    after: ") AS v CROSS JOIN subscriptions s WHERE s.vendor_id = v.column1 AND s.customer_id = v.column2 ORDER BY s.created_at DESC, s.id DESC",
    of_each: false,
};

/// The subscriptions of several customers, each one's the newest first.
pub(super) async fn of_customers(desk: &mut Desk, customer_ids: &[String]) -> Result<Vec<Subscription>, Refusal> {
    let rows = desk.each(customer_ids);
    let rows: Vec<SubscriptionRow> = desk.tx.all_of(&OF_CUSTOMERS, rows).await?;
    rows.into_iter().map(Subscription::try_from).collect()
}

/// A customer's subscriptions, the newest first, ended ones too.
pub async fn of_customer(desk: &mut Desk, customer_id: &str) -> Result<Vec<Subscription>, Refusal> {
    if let Some(subscriptions) = desk.recall(OF_CUSTOMER, customer_id) {
        return Ok(subscriptions);
    }
    let rows: Vec<SubscriptionRow> = desk
        .tx
        .all(
            "SELECT * FROM subscriptions WHERE vendor_id = $1 AND customer_id = $2 ORDER BY created_at DESC, id DESC",
            (desk.vendor.id.clone(), customer_id.to_owned()),
        )
        .await?;
    rows.into_iter().map(Subscription::try_from).collect()
}

/// The subscriptions that have a line on an invoice, in the order of their ids.
pub async fn on_invoice(desk: &mut Desk, invoice_id: &str) -> Result<Vec<Subscription>, Refusal> {
    let rows: Vec<SubscriptionRow> = desk
        .tx
        .all(
            "SELECT s.* FROM subscriptions s WHERE s.vendor_id = $1
                AND s.id IN (SELECT l.subscription_id FROM invoice_lines l WHERE l.vendor_id = $1 AND l.invoice_id = $2) ORDER BY s.id",
            (desk.vendor.id.clone(), invoice_id.to_owned()),
        )
        .await?;
    rows.into_iter().map(Subscription::try_from).collect()
}

/// The subscription a customer's pages are about: the newest that has not ended, else the newest.
pub async fn current(desk: &mut Desk, customer_id: &str) -> Result<Option<Subscription>, Refusal> {
    if let Some(current) = desk.recall("current subscription", customer_id) {
        return Ok(current);
    }
    let row: Option<SubscriptionRow> = desk
        .tx
        .opt(
            "SELECT * FROM subscriptions WHERE vendor_id = $1 AND customer_id = $2 ORDER BY CASE WHEN status = 'cancelled' THEN 1 ELSE 0 END, created_at DESC, id DESC LIMIT 1",
            (desk.vendor.id.clone(), customer_id.to_owned()),
        )
        .await?;
    let current = row.map(Subscription::try_from).transpose()?;
    desk.keep("current subscription", customer_id, &current);
    Ok(current)
}

/// Adds a new subscription.
pub(super) async fn insert(desk: &mut Desk, s: &Subscription) -> Result<(), Refusal> {
    let touched = desk
        .tx
        .run(
            "INSERT INTO subscriptions (vendor_id, id, customer_id, external_id, plan_id, status, currency, time_zone, terms, cycle, anchor, starts_at, trial_end_at, closings, version, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, '[]', 0, $14)
             ON CONFLICT (vendor_id, external_id) DO NOTHING",
            (
                desk.vendor.id.clone(), s.id.clone(), s.customer_id.clone(), s.external_id.clone(), s.plan_id.clone(), word(s.state)?, s.currency.code(), s.zone.name(), written(&s.terms)?,
                written_opt(&s.cycle)?, written_opt(&s.anchor)?, s.starts_at.timestamp_millis(), s.trial_end_at.map(ms), desk.now.billing_ms(),
            ),
        )
        .await?;
    if touched == 0 { Err(Refusal::Conflict(sentence!("refusal-subscription-exists"))) } else { Ok(()) }
}

static SAVE: Many = Many {
    before: "UPDATE subscriptions SET plan_id = v.column4, status = v.column5, terms = v.column6, cycle = v.column7, starts_at = v.column8, trial_end_at = v.column9,
                trial_end_announced_at = v.column10, cancel_at = v.column11, cancel_asked_at = v.column12, cancel_reason = v.column13, cancel_comment = v.column14,
                ended_at = v.column15, pause_unused = v.column16, pause_at = v.column17, paused_at = v.column18, scheduled = v.column19, due_at = v.column20,
                held_by = v.column21, held_until_at = v.column22, anchor = v.column23, closings = v.column24, announced_renewal_at = v.column25, version = subscriptions.version + 1 FROM (VALUES",
    columns: 25,
    after: ") AS v WHERE subscriptions.vendor_id = v.column1 AND subscriptions.id = v.column2 AND subscriptions.version = v.column3",
    of_each: true,
};

/// Writes back what an action made of it, as the next version. Somebody else's version in between is a conflict, which the end of the
/// transaction tells at the latest.
pub(super) async fn save(desk: &mut Desk, s: &Subscription) -> Result<(), Refusal> {
    desk.forget_foreseen();
    let row = (
        desk.vendor.id.clone(),
        s.id.clone(),
        s.version,
        s.plan_id.clone(),
        word(s.state)?,
        written(&s.terms)?,
        written_opt(&s.cycle)?,
        ms(s.starts_at),
        s.trial_end_at.map(ms),
        s.trial_end_announced_at.map(ms),
        s.cancel_at.map(ms),
        s.cancel_asked_at.map(ms),
        s.cancel_reason.clone(),
        s.cancel_comment.clone(),
        s.ended_at.map(ms),
        s.pause_unused.map(word).transpose()?,
        s.pause_at.map(ms),
        s.paused_at.map(ms),
        written_opt(&s.scheduled)?,
        s.due_at.map(ms),
        s.held_by.clone(),
        s.held_until_at,
        written_opt(&s.anchor)?,
        written(&s.closings)?,
        s.announced_renewal_at.map(ms),
    );
    Ok(desk.tx.put(&SAVE, row).await?)
}

fn ms(at: Instant) -> i64 {
    at.timestamp_millis()
}

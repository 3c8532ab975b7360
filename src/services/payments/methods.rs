//! Payment methods on file: which is charged first, which stand in, which are only kept.
//!
//! A customer with methods always has exactly one default. Backups are tried in their order when those before them decline. Removing
//! one keeps its row (payments point to it) and leaves the gateway to forget it once the transaction holds.

use std::collections::BTreeSet;

use billing::price::{Model, Price};
use chrono::{Datelike, Months, NaiveDate};
use serde_json::json;
use sqlx::FromRow;

use crate::platform::db::Many;
use crate::sentence;
use crate::services::{Desk, Refusal, customers, dunning, subscriptions};
use crate::words::Sentence;

use super::gateway::{Brand, DeclineReason, KeptMethod};

/// A method on file. Columns as in `migrations/0020_payment_methods.sql`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Method {
    pub id: String,
    pub customer_id: String,
    pub gateway: String,
    pub token: String,
    pub brand: Brand,
    pub last4: String,
    pub exp_month: i64,
    pub exp_year: i64,
    pub role: MethodRole,
    /// Why its bank refused it for good as it stands: it is not charged by itself.
    pub refused: Option<DeclineReason>,
    pub created_at: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MethodRole {
    /// Charged first.
    Default,
    /// Charged when those before it decline; 1 is the first.
    Backup(i64),
    /// Never charged by itself.
    Kept,
}

/// How long a card can still be charged, seen from one day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expiry {
    Good,
    /// It is charged for the last time on `last_day`, so many days ahead: time to replace it.
    Soon {
        last_day: NaiveDate,
        days: i64,
    },
    Expired {
        last_day: NaiveDate,
    },
}

/// From how many days ahead an expiry is worth a word.
const SOON_DAYS: i64 = 60;

impl Method {
    /// The last day it can be charged: the end of its month.
    pub fn last_day(&self) -> NaiveDate {
        let month = u32::try_from(self.exp_month).unwrap_or(12);
        let year = i32::try_from(self.exp_year).unwrap_or(i32::MAX);
        NaiveDate::from_ymd_opt(year, month, 1)
            .and_then(|first| first.checked_add_months(Months::new(1)))
            .and_then(|next| next.pred_opt())
            .unwrap_or(NaiveDate::MAX)
    }

    pub fn expiry(&self, today: NaiveDate) -> Expiry {
        let last_day = self.last_day();
        let days = last_day.signed_duration_since(today).num_days();
        match days {
            ..0 => Expiry::Expired { last_day },
            0..=SOON_DAYS => Expiry::Soon { last_day, days },
            _ => Expiry::Good,
        }
    }

    pub fn is_default(&self) -> bool {
        self.role == MethodRole::Default
    }
}

#[derive(FromRow)]
struct MethodRow {
    id: String,
    customer_id: String,
    gateway: String,
    token: String,
    brand: String,
    last4: String,
    exp_month: i64,
    exp_year: i64,
    role: String,
    backup_position: i64,
    refused_reason: Option<String>,
    created_at: i64,
}

impl TryFrom<MethodRow> for Method {
    type Error = Refusal;
    fn try_from(row: MethodRow) -> Result<Method, Refusal> {
        let role = match row.role.as_str() {
            "default" => MethodRole::Default,
            "backup" => MethodRole::Backup(row.backup_position),
            "kept" => MethodRole::Kept,
            other => return Err(Refusal::damaged(format!("payment method {} is “{other}”", row.id))),
        };
        Ok(Method {
            id: row.id,
            customer_id: row.customer_id,
            gateway: row.gateway,
            token: row.token,
            brand: Brand::or_other(&row.brand),
            last4: row.last4,
            exp_month: row.exp_month,
            exp_year: row.exp_year,
            role,
            refused: row.refused_reason.as_deref().map(DeclineReason::or_other),
            created_at: row.created_at,
        })
    }
}

/// A customer's methods in the order they are charged: the default, the backups, then those only kept, the oldest first.
pub async fn list(desk: &mut Desk, customer_id: &str) -> Result<Vec<Method>, Refusal> {
    let rows: Vec<MethodRow> = desk
        .tx
        .all(
            "SELECT id, customer_id, gateway, token, brand, last4, exp_month, exp_year, role, backup_position, refused_reason, created_at FROM payment_methods
             WHERE vendor_id = $1 AND customer_id = $2 AND role <> 'removed'
             ORDER BY CASE role WHEN 'default' THEN 0 WHEN 'backup' THEN 1 ELSE 2 END, backup_position, position",
            (desk.vendor.id.clone(), customer_id.to_owned()),
        )
        .await?;
    rows.into_iter().map(Method::try_from).collect()
}

static WITH_METHOD: Many = Many {
    before: "SELECT DISTINCT m.customer_id FROM (VALUES",
    columns: 2,
    after: ") AS v CROSS JOIN payment_methods m WHERE m.vendor_id = v.column1 AND m.customer_id = v.column2 AND m.role IN ('default', 'backup') AND m.refused_reason IS NULL",
    of_each: false,
};

/// Those of some customers who have a method that is charged by itself, and may be.
pub async fn with_method(desk: &mut Desk, customer_ids: &[String]) -> Result<BTreeSet<String>, Refusal> {
    let rows = desk.each(customer_ids);
    let found: Vec<(String,)> = desk.tx.all_of(&WITH_METHOD, rows).await?;
    Ok(found.into_iter().map(|(id,)| id).collect())
}

/// Methods that are charged by themselves and end on a day from `first` to `last`, with how many days ahead their end was told last.
pub async fn ending_between(desk: &mut Desk, first: NaiveDate, last: NaiveDate) -> Result<Vec<(Method, Option<i64>)>, Refusal> {
    // Cards end with a month: as a count of months, so that one range finds them.
    let month = |day: NaiveDate| i64::from(day.year()) * 12 + i64::from(day.month());
    let rows: Vec<Ending> = desk
        .tx
        .all(
            "SELECT m.id, m.customer_id, m.gateway, m.token, m.brand, m.last4, m.exp_month, m.exp_year, m.role, m.backup_position, m.refused_reason, m.created_at,
                (SELECT MIN(n.days_ahead) FROM expiry_notices n WHERE n.vendor_id = m.vendor_id AND n.method_id = m.id) AS noticed
             FROM payment_methods m WHERE m.vendor_id = $1 AND m.role IN ('default', 'backup') AND m.exp_year * 12 + m.exp_month BETWEEN $2 AND $3 ORDER BY m.id",
            (desk.vendor.id.clone(), month(first), month(last)),
        )
        .await?;
    let methods = rows.into_iter().map(|row| Ok((Method::try_from(row.method)?, row.noticed)));
    Ok(methods.collect::<Result<Vec<_>, Refusal>>()?.into_iter().filter(|(method, _)| (first..=last).contains(&method.last_day())).collect())
}

#[derive(FromRow)]
struct Ending {
    #[sqlx(flatten)]
    method: MethodRow,
    noticed: Option<i64>,
}

/// One of a customer's methods; somebody else's is not there.
pub async fn find(desk: &mut Desk, customer_id: &str, method_id: &str) -> Result<Method, Refusal> {
    list(desk, customer_id).await?.into_iter().find(|method| method.id == method_id).ok_or(Refusal::NotFound)
}

/// What a past payment was made with: also one that has been removed since.
pub async fn find_ever(desk: &mut Desk, customer_id: &str, method_id: &str) -> Result<Method, Refusal> {
    let row: Option<MethodRow> = desk
        .tx
        .opt(
            "SELECT id, customer_id, gateway, token, brand, last4, exp_month, exp_year, CASE role WHEN 'removed' THEN 'kept' ELSE role END AS role, backup_position, refused_reason, created_at
             FROM payment_methods WHERE vendor_id = $1 AND customer_id = $2 AND id = $3",
            (desk.vendor.id.clone(), customer_id.to_owned(), method_id.to_owned()),
        )
        .await?;
    row.ok_or(Refusal::NotFound)?.try_into()
}

/// Puts a method the gateway keeps on file. It takes the place of `replaces`; else the first is the default, any later one is only
/// kept until the customer says otherwise. Told twice, it is there once.
pub(super) async fn keep(desk: &mut Desk, customer_id: &str, gateway: &str, kept: &KeptMethod, replaces: Option<&str>) -> Result<Method, Refusal> {
    customers::lock(desk, customer_id).await?;
    let methods = list(desk, customer_id).await?;
    if let Some(there) = methods.iter().find(|method| method.gateway == gateway && method.token == kept.token) {
        return Ok(there.clone());
    }
    let replaced = replaces.and_then(|id| methods.iter().find(|method| method.id == id));
    let role = match replaced {
        Some(replaced) => replaced.role,
        None if methods.is_empty() => MethodRole::Default,
        None => MethodRole::Kept,
    };
    if let Some(replaced) = replaced {
        take_off(desk, replaced).await?;
    }
    let id = desk.new_id("pm");
    let (role_name, backup_position) = columns(role);
    let (position,): (i64,) = desk
        .tx
        .one("SELECT COUNT(*) + 1 FROM payment_methods WHERE vendor_id = $1 AND customer_id = $2", (desk.vendor.id.clone(), customer_id.to_owned()))
        .await?;
    desk.tx
        .run(
            "INSERT INTO payment_methods (vendor_id, id, customer_id, gateway, token, brand, last4, exp_month, exp_year, role, backup_position, position, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
            (
                desk.vendor.id.clone(), id.clone(), customer_id.to_owned(), gateway.to_owned(), kept.token.clone(), kept.brand.name(), kept.last4.clone(), kept.exp_month,
                kept.exp_year, role_name, backup_position, position, desk.now.wall_ms(),
            ),
        )
        .await?;
    let method = find(desk, customer_id, &id).await?;
    let data = json!({ "brand": method.brand.name(), "last4": method.last4, "exp_month": method.exp_month, "exp_year": method.exp_year, "replaces": replaced.map(|r| &r.id) });
    desk.record("payment_method.added", Some(customer_id), &id, data).await?;
    Ok(method)
}

/// Charged first from now on. What was the default takes its place among the backups, or the first one.
pub async fn make_default(desk: &mut Desk, customer_id: &str, method_id: &str) -> Result<Method, Refusal> {
    customers::lock(desk, customer_id).await?;
    let methods = list(desk, customer_id).await?;
    let chosen = methods.iter().find(|method| method.id == method_id).ok_or(Refusal::NotFound)?;
    if chosen.is_default() {
        return Ok(chosen.clone());
    }
    let mut backups: Vec<&Method> = methods.iter().filter(|method| matches!(method.role, MethodRole::Backup(_))).collect();
    let place = backups.iter().position(|method| method.id == chosen.id);
    if let Some(place) = place {
        backups.remove(place);
    }
    if let Some(former) = methods.iter().find(|method| method.is_default()) {
        // Before the new one: a customer never has two defaults, not even for a moment.
        set_role(desk, &former.id, MethodRole::Kept).await?;
        backups.insert(place.unwrap_or(0), former);
    }
    set_role(desk, &chosen.id, MethodRole::Default).await?;
    number(desk, &backups).await?;
    desk.record("payment_method.made_default", Some(customer_id), method_id, json!({ "brand": chosen.brand.name(), "last4": chosen.last4 })).await?;
    dunning::note_methods(desk, customer_id, None).await?;
    find(desk, customer_id, method_id).await
}

/// Stands in from now on, after the backups there are.
pub async fn make_backup(desk: &mut Desk, customer_id: &str, method_id: &str) -> Result<Method, Refusal> {
    customers::lock(desk, customer_id).await?;
    let methods = list(desk, customer_id).await?;
    let chosen = methods.iter().find(|method| method.id == method_id).ok_or(Refusal::NotFound)?;
    match chosen.role {
        MethodRole::Backup(_) => return Ok(chosen.clone()),
        MethodRole::Default => {
            return Err(Refusal::Rule(sentence!("refusal-default-as-backup")));
        }
        MethodRole::Kept => {}
    }
    let mut backups: Vec<&Method> = methods.iter().filter(|method| matches!(method.role, MethodRole::Backup(_))).collect();
    backups.push(chosen);
    number(desk, &backups).await?;
    desk.record("payment_method.made_backup", Some(customer_id), method_id, json!({ "brand": chosen.brand.name(), "last4": chosen.last4 })).await?;
    dunning::note_methods(desk, customer_id, None).await?;
    find(desk, customer_id, method_id).await
}

/// Tried one place earlier among the backups; the first stays the first.
pub async fn move_backup_up(desk: &mut Desk, customer_id: &str, method_id: &str) -> Result<Method, Refusal> {
    customers::lock(desk, customer_id).await?;
    let methods = list(desk, customer_id).await?;
    methods.iter().find(|method| method.id == method_id).ok_or(Refusal::NotFound)?;
    let mut backups: Vec<&Method> = methods.iter().filter(|method| matches!(method.role, MethodRole::Backup(_))).collect();
    let place = backups.iter().position(|method| method.id == method_id).ok_or_else(|| Refusal::Rule(sentence!("refusal-not-a-backup")))?;
    if place > 0 {
        backups.swap(place, place - 1);
        number(desk, &backups).await?;
        desk.record("payment_method.moved_up", Some(customer_id), method_id, json!({ "position": place })).await?;
    }
    find(desk, customer_id, method_id).await
}

/// Stays on file, and is not charged by itself any more.
pub async fn stop_backup(desk: &mut Desk, customer_id: &str, method_id: &str) -> Result<Method, Refusal> {
    customers::lock(desk, customer_id).await?;
    let chosen = find(desk, customer_id, method_id).await?;
    if matches!(chosen.role, MethodRole::Backup(_)) {
        set_role(desk, method_id, MethodRole::Kept).await?;
        renumber(desk, customer_id).await?;
        desk.record("payment_method.stopped_backup", Some(customer_id), method_id, json!({ "brand": chosen.brand.name(), "last4": chosen.last4 })).await?;
    }
    find(desk, customer_id, method_id).await
}

/// Why a method must stay; `None`: it may go.
pub async fn why_it_must_stay(desk: &mut Desk, method: &Method) -> Result<Option<Sentence>, Refusal> {
    let under_way: Option<(String,)> = desk
        .tx
        .opt(
            "SELECT id FROM payments WHERE vendor_id = $1 AND method_id = $2 AND status IN ('created', 'processing', 'needs_action') LIMIT 1",
            (desk.vendor.id.clone(), method.id.clone()),
        )
        .await?;
    if under_way.is_some() {
        return Ok(Some(sentence!("refusal-card-under-way")));
    }
    if !method.is_default() {
        return Ok(None);
    }
    if successor(desk, method).await?.is_some() {
        return Ok(None);
    }
    if list(desk, &method.customer_id).await?.len() > 1 {
        return Ok(Some(sentence!("refusal-card-is-default")));
    }
    let open: Option<(String,)> = desk
        .tx
        .opt(
            "SELECT id FROM invoices WHERE vendor_id = $1 AND customer_id = $2 AND settled_at IS NULL AND ended_as IS NULL AND total_minor > 0 LIMIT 1",
            (desk.vendor.id.clone(), method.customer_id.clone()),
        )
        .await?;
    if open.is_some() {
        return Ok(Some(sentence!("refusal-only-card-invoice")));
    }
    if needs_method(desk, &method.customer_id).await? {
        return Ok(Some(sentence!("refusal-only-card-subscription")));
    }
    Ok(None)
}

/// What is charged first when a method goes: the first backup, where it is the default.
pub async fn successor(desk: &mut Desk, method: &Method) -> Result<Option<Method>, Refusal> {
    let methods = list(desk, &method.customer_id).await?;
    Ok(methods.into_iter().find(|other| method.is_default() && other.role == MethodRole::Backup(1)))
}

/// Takes a method off file, and leaves the gateway to forget it. The first backup of a default is charged first from then on.
pub async fn remove(desk: &mut Desk, customer_id: &str, method_id: &str) -> Result<Method, Refusal> {
    customers::lock(desk, customer_id).await?;
    let method = find(desk, customer_id, method_id).await?;
    if let Some(reason) = why_it_must_stay(desk, &method).await? {
        return Err(Refusal::Rule(reason));
    }
    let successor = successor(desk, &method).await?;
    take_off(desk, &method).await?;
    if let Some(successor) = &successor {
        set_role(desk, &successor.id, MethodRole::Default).await?;
        desk.record("payment_method.made_default", Some(customer_id), &successor.id, json!({ "brand": successor.brand.name(), "last4": successor.last4 }))
            .await?;
    }
    renumber(desk, customer_id).await?;
    Ok(method)
}

/// What is left in the outbox when a method goes: the gateway must forget it too.
#[derive(serde::Serialize, serde::Deserialize)]
pub struct Detach {
    pub gateway: String,
    pub token: String,
}

/// The kind of [`Detach`] in the outbox.
pub const DETACH: &str = "payment_method.detach";

async fn take_off(desk: &mut Desk, method: &Method) -> Result<(), Refusal> {
    desk.tx
        .run(
            "UPDATE payment_methods SET role = 'removed', backup_position = 0, removed_at = $3 WHERE vendor_id = $1 AND id = $2",
            (desk.vendor.id.clone(), method.id.clone(), desk.now.wall_ms()),
        )
        .await?;
    desk.leave(DETACH, &Detach { gateway: method.gateway.clone(), token: method.token.clone() }).await?;
    desk.record("payment_method.removed", Some(&method.customer_id), &method.id, json!({ "brand": method.brand.name(), "last4": method.last4 })).await
}

/// Whether a running subscription will want money one day: a plan that is free needs no card.
async fn needs_method(desk: &mut Desk, customer_id: &str) -> Result<bool, Refusal> {
    let subscriptions = subscriptions::of_customer(desk, customer_id).await?;
    Ok(subscriptions.iter().filter(|subscription| subscription.ended_at.is_none()).any(|subscription| {
        let terms = &subscription.terms;
        terms.plan.prices.iter().chain(terms.add_ons.iter().flat_map(|add_on| &add_on.prices)).any(|price| !is_free(price))
    }))
}

/// Whether no quantity could make this price cost anything.
fn is_free(price: &Price) -> bool {
    let costs_nothing = match &price.model {
        Model::Flat { amount_minor } => *amount_minor == 0,
        Model::PerUnit { unit_amount } => unit_amount.is_zero(),
        Model::Graduated { tiers } | Model::Volume { tiers } => tiers.iter().all(|tier| tier.unit_amount.is_zero() && tier.flat_amount.is_zero()),
        Model::Package { amount, .. } => amount.is_zero(),
    };
    (costs_nothing && price.minimum.is_none_or(|minimum| minimum == 0)) || price.maximum == Some(0)
}

async fn renumber(desk: &mut Desk, customer_id: &str) -> Result<(), Refusal> {
    let methods = list(desk, customer_id).await?;
    let backups: Vec<&Method> = methods.iter().filter(|method| matches!(method.role, MethodRole::Backup(_))).collect();
    number(desk, &backups).await
}

/// Makes these the backups, in this order.
async fn number(desk: &mut Desk, backups: &[&Method]) -> Result<(), Refusal> {
    for (position, method) in (1_i64..).zip(backups) {
        if method.role != MethodRole::Backup(position) {
            set_role(desk, &method.id, MethodRole::Backup(position)).await?;
        }
    }
    Ok(())
}

async fn set_role(desk: &mut Desk, method_id: &str, role: MethodRole) -> Result<(), Refusal> {
    let (name, position) = columns(role);
    desk.tx
        .run(
            "UPDATE payment_methods SET role = $3, backup_position = $4 WHERE vendor_id = $1 AND id = $2 AND role <> 'removed'",
            (desk.vendor.id.clone(), method_id.to_owned(), name, position),
        )
        .await?;
    Ok(())
}

fn columns(role: MethodRole) -> (&'static str, i64) {
    match role {
        MethodRole::Default => ("default", 0),
        MethodRole::Backup(position) => ("backup", position),
        MethodRole::Kept => ("kept", 0),
    }
}

/// Its bank refused it for good as it stands: it is not charged by itself any more.
pub(crate) async fn note_refused(desk: &mut Desk, method_id: &str, reason: DeclineReason) -> Result<(), Refusal> {
    desk.tx
        .run("UPDATE payment_methods SET refused_reason = $3 WHERE vendor_id = $1 AND id = $2", (desk.vendor.id.clone(), method_id.to_owned(), reason.name()))
        .await?;
    Ok(())
}

/// It was charged after all: the customer paid with it.
pub(super) async fn note_accepted(desk: &mut Desk, method_id: &str) -> Result<(), Refusal> {
    desk.tx
        .run(
            "UPDATE payment_methods SET refused_reason = NULL WHERE vendor_id = $1 AND id = $2 AND refused_reason IS NOT NULL",
            (desk.vendor.id.clone(), method_id.to_owned()),
        )
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn card(exp_month: i64, exp_year: i64) -> Method {
        Method {
            id: "pm_1".into(),
            customer_id: "cus_1".into(),
            gateway: "sandbox".into(),
            token: "test_pm_1".into(),
            brand: Brand::Visa,
            last4: "4242".into(),
            exp_month,
            exp_year,
            role: MethodRole::Default,
            refused: None,
            created_at: 0,
        }
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn a_card_is_good_through_the_last_day_of_its_month() {
        assert_eq!(card(12, 2026).expiry(day("2026-11-21")), Expiry::Soon { last_day: day("2026-12-31"), days: 40 });
        assert_eq!(card(12, 2026).expiry(day("2026-12-31")), Expiry::Soon { last_day: day("2026-12-31"), days: 0 });
        assert_eq!(card(12, 2026).expiry(day("2027-01-01")), Expiry::Expired { last_day: day("2026-12-31") });
        assert_eq!(card(2, 2028).last_day(), day("2028-02-29"));
        assert_eq!(card(3, 2027).expiry(day("2026-11-21")), Expiry::Good);
    }
}

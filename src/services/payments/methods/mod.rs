//! Payment methods on file: which is charged first, which stand in, which are only kept.
//!
//! A customer with methods always has exactly one default. Backups are tried in their order when those before them decline. Removing
//! one keeps its row (payments point to it) and leaves the gateway to forget it once the transaction holds. Whichever it is, a method is
//! never tried for a currency it cannot pay ([`charged_first`] and [`Chargeable`] are who to ask).
//!
//! | file | what |
//! |---|---|
//! | `keep.rs` | a method comes on file |
//! | `order.rs` | the default and the backups |
//! | `leave.rs` | a method goes |

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{Datelike, NaiveDate};
use sqlx::FromRow;

use crate::platform::db::Many;
use crate::services::{Desk, Refusal};

use super::gateway::DeclineReason;
use super::means::{Means, MeansRow, MethodKind};

mod keep;
mod leave;
mod order;

pub(crate) use keep::note_refused;
pub(super) use keep::{keep, note_accepted};
pub use leave::{DETACH, Detach, remove, successor, why_it_must_stay};
pub use order::{make_backup, make_default, move_backup_up, stop_backup};

/// A method on file. Columns as in `migrations/0020_payment_methods.sql`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Method {
    pub id: String,
    pub customer_id: String,
    pub gateway: String,
    pub token: String,
    pub means: Means,
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

/// How long a method can still be charged, seen from one day.
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
    /// The last day it can be charged; `None`: it does not end by itself.
    pub fn last_day(&self) -> Option<NaiveDate> {
        self.means.card().map(|card| card.last_day())
    }

    pub fn expiry(&self, today: NaiveDate) -> Expiry {
        let Some(last_day) = self.last_day() else { return Expiry::Good };
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

    /// Whether an amount in a currency (ISO 4217) can be charged to it at all.
    pub fn can_pay(&self, currency: &str) -> bool {
        self.means.kind().can_pay(currency)
    }
}

/// Which of a customer's methods, in their order ([`list`]), is charged first for a currency: the default, or the first backup that can pay it.
pub fn charged_first<'a>(methods: &'a [Method], currency: &str) -> Option<&'a Method> {
    methods.iter().find(|method| method.role != MethodRole::Kept && method.can_pay(currency))
}

/// The same of those that pay at once.
pub fn charged_at_once<'a>(methods: &'a [Method], currency: &str) -> Option<&'a Method> {
    methods.iter().find(|method| method.role != MethodRole::Kept && method.can_pay(currency) && method.means.kind().pays_at_once())
}

/// The columns of a [`MethodRow`].
macro_rules! columns {
    () => {
        "m.id, m.customer_id, m.gateway, m.token, m.kind, m.brand, m.last4, m.exp_month, m.exp_year, m.wallet, m.bank, m.bank_country, m.mandate, m.backup_position, m.refused_reason,
            m.created_at"
    };
}

#[derive(FromRow)]
struct MethodRow {
    id: String,
    customer_id: String,
    gateway: String,
    token: String,
    #[sqlx(flatten)]
    means: MeansRow,
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
            means: row.means.try_into().map_err(|what| Refusal::damaged(format!("payment method {}: {what}", row.id)))?,
            id: row.id,
            customer_id: row.customer_id,
            gateway: row.gateway,
            token: row.token,
            role,
            refused: row.refused_reason.as_deref().map(DeclineReason::or_other),
            created_at: row.created_at,
        })
    }
}

/// Read ahead of a customer: their methods.
pub(super) const METHODS: &str = "methods";

#[derive(FromRow)]
struct RowOfSeveral {
    #[sqlx(flatten)]
    method: MethodRow,
    is_disputed: bool,
}

static OF_EACH: Many = Many {
    before: concat!(
        "SELECT ",
        columns!(),
        ", m.role, EXISTS (SELECT 1 FROM disputes d JOIN payments p ON p.vendor_id = d.vendor_id AND p.id = d.payment_id
            WHERE d.vendor_id = m.vendor_id AND d.customer_id = m.customer_id AND d.status <> 'won' AND p.method_id = m.id) AS is_disputed FROM (VALUES"
    ),
    columns: 2,
    after: ") AS v CROSS JOIN payment_methods m WHERE m.vendor_id = v.column1 AND m.customer_id = v.column2 AND m.role <> 'removed'
            ORDER BY m.customer_id, CASE m.role WHEN 'default' THEN 0 WHEN 'backup' THEN 1 ELSE 2 END, m.backup_position, m.position",
    of_each: false,
};

/// What is on file of a customer.
#[derive(Clone, Debug, Default)]
pub(super) struct OnFile {
    /// In the order they are charged.
    pub methods: Vec<Method>,
    /// Those of them that a payment was disputed of.
    pub disputed: BTreeSet<String>,
}

/// What is on file of several customers; of those who have nothing, nothing.
pub(super) async fn of_customers(desk: &mut Desk, customer_ids: &[String]) -> Result<HashMap<String, OnFile>, Refusal> {
    let rows: Vec<RowOfSeveral> = desk.tx.all_of(&OF_EACH, desk.each(customer_ids)).await?;
    let mut found: HashMap<String, OnFile> = HashMap::new();
    for RowOfSeveral { method, is_disputed } in rows {
        let method = Method::try_from(method)?;
        let on_file = found.entry(method.customer_id.clone()).or_default();
        if is_disputed {
            on_file.disputed.insert(method.id.clone());
        }
        on_file.methods.push(method);
    }
    Ok(found)
}

/// A customer's methods in the order they are charged: the default, the backups, then those only kept, the oldest first.
pub async fn list(desk: &mut Desk, customer_id: &str) -> Result<Vec<Method>, Refusal> {
    if let Some(known) = desk.recall(METHODS, customer_id) {
        return Ok(known);
    }
    let rows: Vec<MethodRow> = desk
        .tx
        .all(
            concat!(
                "SELECT ",
                columns!(),
                ", m.role FROM payment_methods m WHERE m.vendor_id = $1 AND m.customer_id = $2 AND m.role <> 'removed'
                 ORDER BY CASE m.role WHEN 'default' THEN 0 WHEN 'backup' THEN 1 ELSE 2 END, m.backup_position, m.position"
            ),
            (desk.vendor.id.clone(), customer_id.to_owned()),
        )
        .await?;
    rows.into_iter().map(Method::try_from).collect()
}

/// What some customers can be charged by without being there.
#[derive(Debug, Default)]
pub struct Chargeable(BTreeMap<String, BTreeSet<MethodKind>>);

impl Chargeable {
    /// Whether one of them has a method that is charged by itself, may be, and can pay a currency.
    pub fn can_pay(&self, customer_id: &str, currency: &str) -> bool {
        self.0.get(customer_id).is_some_and(|kinds| kinds.iter().any(|kind| kind.can_pay(currency)))
    }
}

impl<'a> FromIterator<&'a Method> for Chargeable {
    /// Of all that is on file of some customers.
    fn from_iter<T: IntoIterator<Item = &'a Method>>(methods: T) -> Chargeable {
        let mut chargeable = Chargeable::default();
        for method in methods.into_iter().filter(|method| method.role != MethodRole::Kept && method.refused.is_none()) {
            chargeable.0.entry(method.customer_id.clone()).or_default().insert(method.means.kind());
        }
        chargeable
    }
}

/// Of some customers the kinds of methods that are charged by themselves, and may be.
pub async fn chargeable(desk: &mut Desk, customer_ids: &[String]) -> Result<Chargeable, Refusal> {
    Ok(of_customers(desk, customer_ids).await?.values().flat_map(|on_file| &on_file.methods).collect())
}

/// A method that is charged by itself, and ends.
#[derive(Clone, Debug)]
pub struct Ending {
    pub method: Method,
    pub last_day: NaiveDate,
    /// With how many days ahead its end was told last.
    pub noticed: Option<i64>,
}

/// Methods that are charged by themselves and end on a day from `first` to `last`.
pub async fn ending_between(desk: &mut Desk, first: NaiveDate, last: NaiveDate) -> Result<Vec<Ending>, Refusal> {
    // Cards end with a month: as a count of months, so that one range finds them.
    let month = |day: NaiveDate| i64::from(day.year()) * 12 + i64::from(day.month());
    let rows: Vec<EndingRow> = desk
        .tx
        .all(
            concat!(
                "SELECT ",
                columns!(),
                ", m.role, (SELECT MIN(n.days_ahead) FROM expiry_notices n WHERE n.vendor_id = m.vendor_id AND n.method_id = m.id) AS noticed
                 FROM payment_methods m WHERE m.vendor_id = $1 AND m.role IN ('default', 'backup') AND m.exp_year * 12 + m.exp_month BETWEEN $2 AND $3 ORDER BY m.id"
            ),
            (desk.vendor.id.clone(), month(first), month(last)),
        )
        .await?;
    let mut ending = Vec::new();
    for row in rows {
        let method = Method::try_from(row.method)?;
        if let Some(last_day) = method.last_day().filter(|day| (first..=last).contains(day)) {
            ending.push(Ending { method, last_day, noticed: row.noticed });
        }
    }
    Ok(ending)
}

#[derive(FromRow)]
struct EndingRow {
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
    if let Some(known) = desk.recall::<Vec<Method>>(METHODS, customer_id).and_then(|methods| methods.into_iter().find(|method| method.id == method_id)) {
        return Ok(known);
    }
    let row: Option<MethodRow> = desk
        .tx
        .opt(
            concat!(
                "SELECT ",
                columns!(),
                ", CASE m.role WHEN 'removed' THEN 'kept' ELSE m.role END AS role FROM payment_methods m WHERE m.vendor_id = $1 AND m.customer_id = $2 AND m.id = $3"
            ),
            (desk.vendor.id.clone(), customer_id.to_owned(), method_id.to_owned()),
        )
        .await?;
    row.ok_or(Refusal::NotFound)?.try_into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::payments::means::{Brand, Card, SepaDebit};

    fn method(means: Means) -> Method {
        Method {
            id: "pm_1".into(),
            customer_id: "cus_1".into(),
            gateway: "sandbox".into(),
            token: "test_pm_1".into(),
            means,
            role: MethodRole::Default,
            refused: None,
            created_at: 0,
        }
    }

    fn card(exp_month: i64, exp_year: i64) -> Method {
        method(Means::Card(Card { brand: Brand::Visa, last4: "4242".into(), exp_month, exp_year, wallet: None }))
    }

    fn debit() -> Method {
        method(Means::SepaDebit(SepaDebit { bank: None, country: "DE".into(), last4: "3000".into(), mandate: "TEST-1".into() }))
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn a_card_is_good_through_the_last_day_of_its_month_and_a_debit_does_not_end() {
        assert_eq!(card(12, 2026).expiry(day("2026-11-21")), Expiry::Soon { last_day: day("2026-12-31"), days: 40 });
        assert_eq!(card(12, 2026).expiry(day("2026-12-31")), Expiry::Soon { last_day: day("2026-12-31"), days: 0 });
        assert_eq!(card(12, 2026).expiry(day("2027-01-01")), Expiry::Expired { last_day: day("2026-12-31") });
        assert_eq!(card(2, 2028).last_day(), Some(day("2028-02-29")));
        assert_eq!(card(3, 2027).expiry(day("2026-11-21")), Expiry::Good);
        assert_eq!((debit().last_day(), debit().expiry(day("2099-01-01"))), (None, Expiry::Good));
    }

    #[test]
    fn the_first_that_can_pay_the_currency_is_charged() {
        let backup = Method { id: "pm_2".into(), role: MethodRole::Backup(1), ..card(12, 2099) };
        let kept = Method { id: "pm_3".into(), role: MethodRole::Kept, ..card(12, 2099) };
        let on_file = [debit(), backup, kept.clone()];
        assert_eq!(charged_first(&on_file, "EUR").map(|method| method.id.as_str()), Some("pm_1"));
        assert_eq!(charged_first(&on_file, "USD").map(|method| method.id.as_str()), Some("pm_2"));
        assert_eq!(charged_first(&[debit(), kept], "USD"), None, "what is only kept is never charged by itself");
    }
}

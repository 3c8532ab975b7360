//! Automatic top-ups: when the balance falls below what the customer said, so much is paid in from the method they named, up to so much a
//! month. One at a time; a decline ends it, and says so.

use billing::calendar::{local_date, midnight};
use billing::money;
use chrono::Datelike;
use serde_json::json;
use sqlx::FromRow;

use super::buy::{Asked, keep, open};
use super::described;
use super::offer::{What, offer, within};
use crate::sentence;
use crate::services::customers::Customer;
use crate::services::payments::{self, DeclineReason, Errand, Payment};
use crate::services::{Desk, Refusal, catalog, customers};

/// Columns as in `migrations/0098_purchases.sql`.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct AutomaticTopUp {
    pub below_minor: i64,
    pub amount_minor: i64,
    pub method_id: String,
    pub most_a_month_minor: i64,
    /// Why it stopped by itself; `None`: it goes on.
    pub stopped_because: Option<String>,
    pub set_at: i64,
}

/// What a customer wants to happen by itself, in their currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    pub below_minor: i64,
    pub amount_minor: i64,
    pub method_id: String,
    pub most_a_month_minor: i64,
}

/// A customer's; `None`: nothing happens by itself.
pub async fn automatic_top_up(desk: &mut Desk, customer_id: &str) -> Result<Option<AutomaticTopUp>, Refusal> {
    Ok(desk
        .tx
        .opt(
            "SELECT below_minor, amount_minor, method_id, most_a_month_minor, stopped_because, set_at FROM automatic_top_ups WHERE vendor_id = $1 AND customer_id = $2",
            (desk.vendor.id.clone(), customer_id.to_owned()),
        )
        .await?)
}

/// From now on, so.
pub async fn set_automatic_top_up(desk: &mut Desk, customer_id: &str, wish: &Wish) -> Result<(), Refusal> {
    let customer = customers::lock(desk, customer_id).await?;
    let currency = customer.currency.as_str();
    within(catalog::top_up_limit(desk, currency).await?.as_ref(), wish.amount_minor)?;
    if wish.below_minor <= 0 {
        return Err(Refusal::field("below", sentence!("refusal-amount-nothing")));
    }
    if wish.most_a_month_minor < wish.amount_minor {
        return Err(Refusal::field("most_a_month", sentence!("refusal-top-up-month", amount = (wish.amount_minor, currency))));
    }
    if !payments::find_method(desk, customer_id, &wish.method_id).await?.can_pay(currency) {
        return Err(Refusal::field("method", sentence!("refusal-method-currency", currency = currency)));
    }
    desk.tx
        .run(
            "INSERT INTO automatic_top_ups (vendor_id, customer_id, below_minor, amount_minor, method_id, most_a_month_minor, set_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT (vendor_id, customer_id) DO UPDATE SET below_minor = excluded.below_minor, amount_minor = excluded.amount_minor, method_id = excluded.method_id,
                most_a_month_minor = excluded.most_a_month_minor, stopped_because = NULL, set_at = excluded.set_at",
            (
                desk.vendor.id.clone(),
                customer_id.to_owned(),
                wish.below_minor,
                wish.amount_minor,
                wish.method_id.clone(),
                wish.most_a_month_minor,
                desk.now.billing_ms(),
            ),
        )
        .await?;
    let data =
        json!({ "below_minor": wish.below_minor, "amount_minor": wish.amount_minor, "most_a_month_minor": wish.most_a_month_minor, "currency": currency });
    desk.record("automatic_top_up.set", Some(customer_id), customer_id, data).await
}

/// No longer. Where nothing happened by itself, nothing is done.
pub async fn stop_automatic_top_up(desk: &mut Desk, customer_id: &str) -> Result<(), Refusal> {
    customers::hold(desk, customer_id).await?;
    let removed =
        desk.tx.run("DELETE FROM automatic_top_ups WHERE vendor_id = $1 AND customer_id = $2", (desk.vendor.id.clone(), customer_id.to_owned())).await?;
    if removed == 0 { Ok(()) } else { desk.record("automatic_top_up.removed", Some(customer_id), customer_id, json!({})).await }
}

/// It could not be paid: it stops until the customer sets it again.
pub(super) async fn stop(desk: &mut Desk, customer_id: &str, reason: DeclineReason) -> Result<(), Refusal> {
    let stopped = desk
        .tx
        .run(
            "UPDATE automatic_top_ups SET stopped_because = $3 WHERE vendor_id = $1 AND customer_id = $2 AND stopped_because IS NULL",
            (desk.vendor.id.clone(), customer_id.to_owned(), reason.name()),
        )
        .await?;
    if stopped == 0 {
        return Ok(());
    }
    let Some(set) = automatic_top_up(desk, customer_id).await? else { return Ok(()) };
    let currency = customers::load(desk, customer_id).await?.currency;
    let data = json!({ "amount_minor": set.amount_minor, "currency": currency, "method_id": set.method_id, "reason": reason.name() });
    desk.record("automatic_top_up.stopped", Some(customer_id), customer_id, data).await
}

/// Customers whose balance is below what they said, and for whom nothing is under way.
pub async fn low_balances(desk: &mut Desk) -> Result<Vec<String>, Refusal> {
    let rows: Vec<(String,)> = desk
        .tx
        .all(
            "SELECT t.customer_id FROM automatic_top_ups t JOIN customers c ON c.vendor_id = t.vendor_id AND c.id = t.customer_id
             WHERE t.vendor_id = $1 AND t.stopped_because IS NULL
                AND t.below_minor > COALESCE((SELECT SUM(b.amount_minor - b.expired_minor
                        - COALESCE((SELECT SUM(a.amount_minor) FROM allocations a WHERE a.vendor_id = b.vendor_id AND a.balance_credit_id = b.id), 0)
                        - COALESCE((SELECT SUM(r.amount_minor) FROM balance_returns r WHERE r.vendor_id = b.vendor_id AND r.balance_credit_id = b.id), 0))
                    FROM balance_credits b WHERE b.vendor_id = t.vendor_id AND b.customer_id = t.customer_id AND b.currency = c.currency AND b.used_up_at IS NULL), 0)
                AND NOT EXISTS (SELECT 1 FROM payments p JOIN purchases u ON u.vendor_id = p.vendor_id AND u.id = p.purchase_id
                    WHERE p.vendor_id = t.vendor_id AND p.customer_id = t.customer_id AND u.is_automatic = TRUE AND p.status IN ('created', 'processing', 'needs_action'))
             ORDER BY t.customer_id",
            (desk.vendor.id.clone(),),
        )
        .await?;
    Ok(rows.into_iter().map(|(customer_id,)| customer_id).collect())
}

/// Tops one of them up; `None`: by now nothing is to be done, or the month's most is reached.
pub async fn top_up(errand: &Errand, customer_id: &str) -> Result<Option<Payment>, Refusal> {
    let mut desk = errand.writes().await?;
    let customer = customers::lock(&mut desk, customer_id).await?;
    // Asked again under the lock: somebody else may have been here.
    if !low_balances(&mut desk).await?.iter().any(|low| low == customer_id) {
        return Ok(None);
    }
    let Some(set) = automatic_top_up(&mut desk, customer_id).await? else { return Ok(None) };
    let this_month = this_month_minor(&mut desk, &customer).await?;
    if money::add(this_month, set.amount_minor).map_err(billing::Error::from)? > set.most_a_month_minor {
        return Ok(None);
    }
    let begun = async {
        let offered = offer(&mut desk, &customer, &What::TopUp { amount_minor: set.amount_minor }).await?;
        let id = desk.new_id("pur");
        keep(&mut desk, customer_id, &id, &offered, Asked::ByItself).await?;
        let payment = open(&mut desk, customer_id, &id, &offered, Some(set.method_id.clone()), Asked::ByItself).await?;
        Ok((payment, described(&mut desk, &id).await?))
    };
    match begun.await {
        Ok((payment, description)) => {
            desk.commit().await?;
            Ok(Some(payments::send(errand, &payment.id, payments::Customer::Absent, &description).await?))
        }
        // The method is not on file any more, or the vendor takes no such amounts: it can't happen until it is set again.
        Err(Refusal::NotFound | Refusal::Rule(_) | Refusal::Fields(_)) => {
            drop(desk);
            let mut desk = errand.writes().await?;
            customers::hold(&mut desk, customer_id).await?;
            stop(&mut desk, customer_id, DeclineReason::MethodGone).await?;
            desk.commit().await?;
            Ok(None)
        }
        Err(refusal) => Err(refusal),
    }
}

/// What was paid in by itself in the month under way, where the customer is.
async fn this_month_minor(desk: &mut Desk, customer: &Customer) -> Result<i64, Refusal> {
    let zone = customer.zone()?;
    let today = local_date(desk.now.billing, zone);
    let since = midnight(today.with_day(1).unwrap_or(today), zone).map_err(billing::Error::from)?;
    let (minor,): (i64,) = desk
        .tx
        .one(
            "SELECT CAST(COALESCE(SUM(amount_minor), 0) AS BIGINT) FROM purchases WHERE vendor_id = $1 AND customer_id = $2 AND is_automatic = TRUE AND status = 'done' AND done_at >= $3",
            (desk.vendor.id.clone(), customer.id.clone(), since.timestamp_millis()),
        )
        .await?;
    Ok(minor)
}

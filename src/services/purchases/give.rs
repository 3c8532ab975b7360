//! What a purchase gives, once it is paid: credit, or the service with its invoice.

use billing::ledger;
use billing::money;
use chrono::TimeDelta;
use serde_json::json;

use super::automatic;
use super::offer::{Offered, What, offer};
use super::{Purchase, load};
use crate::services::balance::{self, NewCredit, Source};
use crate::services::payments::{DeclineReason, Payment};
use crate::services::{Desk, Refusal, catalog, customers, invoices, ledger as books};

/// The money of a purchase came: in the transaction that says so, what it bought is given. Where that is no longer possible (another payment
/// bought it, after this one was thought to have failed; a service has another price by now), the money is the customer's and in the balance.
pub async fn note_paid(desk: &mut Desk, purchase_id: &str, payment: &Payment) -> Result<(), Refusal> {
    let purchase = load(desk, purchase_id).await?;
    if purchase.status != "open" {
        return into_balance(desk, &purchase, payment).await;
    }
    if purchase.is_credit() {
        return credit(desk, &purchase, payment).await;
    }
    let customer = customers::load(desk, &purchase.customer_id).await?;
    let key = match &purchase.product_id {
        Some(product_id) => catalog::find_product(desk, product_id).await?.key,
        None => return Err(Refusal::damaged(format!("purchase {purchase_id} is of no product"))),
    };
    match offer(desk, &customer, &What::Product { key }).await {
        Ok(offered) if offered.due_minor == payment.amount_minor => {
            let invoice_id = issue(desk, purchase_id, &offered).await?;
            invoices::record_payment(desk, &invoice_id, &payment.id, payment.amount_minor).await
        }
        // It can't be invoiced as it was agreed.
        Ok(_) | Err(Refusal::Rule(_) | Refusal::NotFound | Refusal::Incomplete(_)) => {
            note(desk, &purchase, "undone", None).await?;
            into_balance(desk, &purchase, payment).await
        }
        Err(refusal) => Err(refusal),
    }
}

/// What was paid into the balance, and what was given on top: a discount ahead, as all credit that is given.
async fn credit(desk: &mut Desk, purchase: &Purchase, payment: &Payment) -> Result<(), Refusal> {
    let Purchase { customer_id, currency, name, .. } = purchase;
    let expires_at = purchase.credit_lasts_days.map(|days| desk.now.billing + TimeDelta::days(days));
    let paid = NewCredit {
        customer_id,
        currency,
        amount_minor: payment.amount_minor,
        source: Source::TopUp,
        source_id: Some(&payment.id),
        description: name,
        expires_at,
    };
    balance::put_until(desk, &paid).await?;
    books::post(desk, customer_id, currency, &payment.id, &ledger::balance_topped_up(payment.amount_minor)?).await?;
    let bonus_minor = money::sub(purchase.credit_minor, payment.amount_minor).map_err(billing::Error::from)?;
    if bonus_minor > 0 {
        let given = NewCredit { amount_minor: bonus_minor, source: Source::Bonus, ..paid };
        let credit_id = balance::put_until(desk, &given).await?;
        books::post(desk, customer_id, currency, &credit_id, &ledger::balance_granted(bonus_minor)?).await?;
    }
    note(desk, purchase, "done", None).await
}

/// Issues the invoice of a service as it was priced: all that is left of it is paid, or about to be. Its id.
pub(super) async fn issue(desk: &mut Desk, purchase_id: &str, offered: &Offered) -> Result<String, Refusal> {
    let Some((draft, priced)) = &offered.service else { return Err(Refusal::damaged(format!("purchase {purchase_id} is of no service"))) };
    let issued = invoices::issue(desk, draft, priced).await?;
    let purchase = load(desk, purchase_id).await?;
    note(desk, &purchase, "done", Some(&issued.id)).await?;
    Ok(issued.id)
}

/// What became of it.
async fn note(desk: &mut Desk, purchase: &Purchase, status: &'static str, invoice_id: Option<&str>) -> Result<(), Refusal> {
    desk.tx
        .run(
            "UPDATE purchases SET status = $3, invoice_id = $4, done_at = $5 WHERE vendor_id = $1 AND id = $2 AND status = 'open'",
            (desk.vendor.id.clone(), purchase.id.clone(), status, invoice_id.map(str::to_owned), desk.now.billing_ms()),
        )
        .await?;
    let kind = if status == "done" { "purchase.done" } else { "purchase.undone" };
    let data = json!({
        "kind": purchase.kind, "name": purchase.name, "product_id": purchase.product_id, "amount_minor": purchase.amount_minor, "credit_minor": purchase.credit_minor,
        "currency": purchase.currency, "is_automatic": purchase.is_automatic,
    });
    desk.record(kind, Some(&purchase.customer_id), &purchase.id, data).await
}

/// Money that came for a purchase and can no longer buy it.
async fn into_balance(desk: &mut Desk, purchase: &Purchase, payment: &Payment) -> Result<(), Refusal> {
    let Purchase { customer_id, currency, .. } = purchase;
    balance::put(desk, customer_id, currency, payment.amount_minor, Source::Overpayment, Some(&payment.id), "").await?;
    books::post(desk, customer_id, currency, &payment.id, &ledger::balance_topped_up(payment.amount_minor)?).await?;
    let data = json!({ "amount_minor": payment.amount_minor, "currency": currency });
    desk.record("purchase.paid_too_late", Some(customer_id), &purchase.id, data).await
}

/// The money of a purchase did not come: nothing was bought. One that was made by itself is the last, until the customer says otherwise.
pub async fn note_unpaid(desk: &mut Desk, purchase_id: &str, reason: DeclineReason) -> Result<(), Refusal> {
    let purchase = load(desk, purchase_id).await?;
    if purchase.is_automatic && purchase.status == "open" { automatic::stop(desk, &purchase.customer_id, reason).await } else { Ok(()) }
}

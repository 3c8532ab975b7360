//! Money of a top-up or a credit pack that goes back, at the vendor's word: at most what is left of what was paid in. It leaves the balance in the
//! transaction that sends it off. What was given on top leaves with the first of it, all that is left: it was given for paying in all of it.
//!
//! What deliberately does not live here: sending it (`payments::refunds`), and services, whose invoice is credited (`invoices::credit`).

use billing::ledger;
use billing::money;
use serde_json::json;

use super::load;
use crate::sentence;
use crate::services::balance::{self, With};
use crate::services::payments::{self, NewPurchaseRefund, Pays};
use crate::services::{Desk, Refusal, customers, invoices, ledger as books};

/// What goes back of a purchase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refunded {
    pub id: String,
    pub purchase_id: String,
    pub currency: String,
    /// To where it was paid from.
    pub amount_minor: i64,
    /// Of what had been given on top, and is gone.
    pub bonus_minor: i64,
}

/// Sends back so much of what a customer paid into the balance; all that is left of it, unless said.
pub async fn refund(desk: &mut Desk, purchase_id: &str, amount_minor: Option<i64>) -> Result<Refunded, Refusal> {
    let customer_id = load(desk, purchase_id).await?.customer_id;
    customers::lock(desk, &customer_id).await?;
    let purchase = load(desk, purchase_id).await?;
    if let Some(invoice_id) = &purchase.invoice_id {
        let number = invoices::load(desk, invoice_id).await?.number;
        return Err(Refusal::Rule(sentence!("refusal-refund-service", number = number)));
    }
    if purchase.status != "done" {
        return Err(Refusal::Rule(sentence!("refusal-refund-not-bought")));
    }
    for payment in payments::of(desk, &Pays::Purchase(purchase_id.to_owned())).await? {
        if payments::is_taken_back(desk, &payment.id).await? {
            return Err(Refusal::Conflict(sentence!("refusal-refund-purchase-disputed")));
        }
    }
    let (bonus, paid): (Vec<_>, Vec<_>) = balance::left_of_purchase(desk, &customer_id, purchase_id).await?.into_iter().partition(|credit| credit.is_bonus);
    let Some(paid) = paid.first() else { return Err(Refusal::Rule(sentence!("refusal-refund-used-up"))) };
    let currency = purchase.currency.as_str();
    let amount_minor = amount_minor.unwrap_or(paid.left_minor);
    if amount_minor <= 0 {
        return Err(Refusal::field("amount_minor", sentence!("refusal-amount-nothing")));
    }
    if amount_minor > paid.left_minor {
        return Err(Refusal::Rule(sentence!("refusal-refund-more-than-left", most = (paid.left_minor, currency))));
    }
    let new = NewPurchaseRefund { customer_id: &customer_id, purchase_id, payment_id: &paid.payment_id, amount_minor, currency };
    let id = payments::open_refund_of_purchase(desk, &new).await?;
    balance::take_out(desk, &customer_id, &paid.id, With::Refund(&id), amount_minor).await?;
    for credit in &bonus {
        balance::take_out(desk, &customer_id, &credit.id, With::Refund(&id), credit.left_minor).await?;
    }
    let bonus_minor = money::sum(bonus.iter().map(|credit| credit.left_minor)).map_err(billing::Error::from)?;
    books::post(desk, &customer_id, currency, &id, &ledger::balance_top_up_taken_back(amount_minor)?).await?;
    if bonus_minor > 0 {
        books::post(desk, &customer_id, currency, &id, &ledger::granted_taken_back(bonus_minor)?).await?;
    }
    let data = json!({ "purchase_id": purchase_id, "name": purchase.name, "amount_minor": amount_minor, "bonus_minor": bonus_minor, "currency": currency });
    desk.record("refund.created", Some(&customer_id), &id, data).await?;
    Ok(Refunded { id, purchase_id: purchase_id.to_owned(), currency: currency.to_owned(), amount_minor, bonus_minor })
}

/// It can't go back the way it came: it is in the balance again, with what had been given on top, as if it had never been asked back.
pub async fn note_not_refunded(desk: &mut Desk, purchase_id: &str, refund_id: &str) -> Result<(), Refusal> {
    let purchase = load(desk, purchase_id).await?;
    let (customer_id, currency) = (purchase.customer_id.as_str(), purchase.currency.as_str());
    let mut paid_minor = 0;
    for (credit_id, is_bonus, amount_minor) in balance::taken_out_with(desk, With::Refund(refund_id)).await? {
        let again = money::neg(amount_minor).map_err(billing::Error::from)?;
        balance::take_out(desk, customer_id, &credit_id, With::Refund(refund_id), again).await?;
        let entries = if is_bonus { ledger::balance_granted(amount_minor)? } else { ledger::balance_topped_up(amount_minor)? };
        books::post(desk, customer_id, currency, refund_id, &entries).await?;
        if !is_bonus {
            paid_minor = money::add(paid_minor, amount_minor).map_err(billing::Error::from)?;
        }
    }
    let data = json!({ "purchase_id": purchase_id, "name": purchase.name, "amount_minor": paid_minor, "currency": currency });
    desk.record("refund.refused", Some(customer_id), refund_id, data).await
}

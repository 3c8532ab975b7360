//! Deciding to buy, and paying: the purchase is written down with its payment, then the gateway is called.

use super::offer::{Offered, What, offer};
use super::{Purchase, described, find_opt, give, load};
use crate::sentence;
use crate::services::payments::{self, Errand, NewPayment, Payment, Pays};
use crate::services::subscriptions::catch_up;
use crate::services::{Desk, Refusal, customers};

/// What a customer decided.
#[derive(Clone, Debug)]
pub struct Order {
    /// The purchase's id, from the page that showed the price: ordered again, it is bought once.
    pub id: String,
    pub what: What,
    /// `None`: the default method.
    pub method_id: Option<String>,
    /// What they were shown and said yes to: not a cent more or less is charged.
    pub agreed_minor: i64,
}

/// What came of it.
#[derive(Clone, Debug)]
pub enum Bought {
    /// The balance paid all of it.
    Done(Purchase),
    /// See its status.
    Paying(Payment),
}

/// Whether a text may be a purchase's id.
fn is_id(text: &str) -> bool {
    text.strip_prefix("pur_").is_some_and(|rest| rest.len() == 32 && rest.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// Buys something for a customer who is there to answer their bank.
pub async fn buy(errand: &Errand, customer_id: &str, order: &Order) -> Result<Bought, Refusal> {
    if !is_id(&order.id) {
        return Err(Refusal::NotFound);
    }
    let mut desk = errand.writes().await?;
    customers::hold(&mut desk, customer_id).await?;
    let known = find_opt(&mut desk, &order.id).await?;
    if let Some(purchase) = &known {
        if purchase.customer_id != customer_id {
            return Err(Refusal::NotFound);
        }
        if let Some(bought) = already(&mut desk, purchase).await? {
            return Ok(bought);
        }
    }
    let now = desk.now.billing;
    catch_up(&mut desk, customer_id, now).await?;
    let customer = customers::load(&mut desk, customer_id).await?;
    let offered = offer(&mut desk, &customer, &order.what).await?;
    let is_another = known.as_ref().is_some_and(|known| known.amount_minor != offered.due_minor || known.credit_minor != offered.credit_minor);
    if offered.due_minor != order.agreed_minor || is_another {
        return Err(Refusal::Conflict(sentence!("pay-amount-changed")));
    }
    if known.is_none() {
        keep(&mut desk, customer_id, &order.id, &offered, Asked::ByCustomer).await?;
    }
    if offered.due_minor == 0 {
        give::issue(&mut desk, &order.id, &offered).await?;
        let purchase = load(&mut desk, &order.id).await?;
        desk.commit().await?;
        return Ok(Bought::Done(purchase));
    }
    let payment = open(&mut desk, customer_id, &order.id, &offered, order.method_id.clone(), Asked::ByCustomer).await?;
    let description = described(&mut desk, &order.id).await?;
    desk.commit().await?;
    Ok(Bought::Paying(payments::send(errand, &payment.id, payments::Customer::Present, &description).await?))
}

/// What came of a purchase that was decided before, unless it may be paid for once more.
async fn already(desk: &mut Desk, purchase: &Purchase) -> Result<Option<Bought>, Refusal> {
    let last = payments::of(desk, &Pays::Purchase(purchase.id.clone())).await?.into_iter().next();
    Ok(match last {
        Some(payment) if purchase.status != "open" || payment.status.is_under_way() => Some(Bought::Paying(payment)),
        None if purchase.status != "open" => Some(Bought::Done(purchase.clone())),
        _ => None,
    })
}

/// Who decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    ByCustomer,
    /// Because the balance was low.
    ByItself,
}

/// Writes down what was decided.
pub(super) async fn keep(desk: &mut Desk, customer_id: &str, id: &str, offered: &Offered, asked: Asked) -> Result<(), Refusal> {
    let product = offered.product.as_ref();
    let row = (
        desk.vendor.id.clone(),
        id.to_owned(),
        customer_id.to_owned(),
        offered.kind(),
        product.map(|product| product.id.clone()),
        product.map(|product| product.name.clone()).unwrap_or_default(),
        offered.currency.clone(),
        offered.due_minor,
        offered.credit_minor,
        product.and_then(|product| product.credit_lasts_days).map(i64::from),
        asked == Asked::ByItself,
        desk.now.billing_ms(),
    );
    desk.tx
        .run(
            "INSERT INTO purchases (vendor_id, id, customer_id, kind, product_id, name, currency, amount_minor, credit_minor, credit_lasts_days, is_automatic, status, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'open', $12)",
            row,
        )
        .await?;
    Ok(())
}

/// The row of its payment.
pub(super) async fn open(
    desk: &mut Desk,
    customer_id: &str,
    purchase_id: &str,
    offered: &Offered,
    method_id: Option<String>,
    asked: Asked,
) -> Result<Payment, Refusal> {
    let new = NewPayment {
        customer_id: customer_id.to_owned(),
        pays: Pays::Purchase(purchase_id.to_owned()),
        method_id,
        who: match asked {
            Asked::ByCustomer => payments::Customer::Present,
            Asked::ByItself => payments::Customer::Absent,
        },
        round: None,
        amount_minor: offered.due_minor,
        currency: offered.currency.clone(),
    };
    payments::open(desk, &new).await
}

//! Purchases: what a customer buys once, beside every subscription: an amount for the balance (a top-up), a credit pack, a service.
//!
//! - `offer`: what it comes to, before
//! - `buy`: deciding it, and paying
//! - `give`: what follows the payment, in the transaction that says it succeeded
//! - `automatic`: top-ups that happen by themselves
//! - `refund`: what goes back of credit that was not used
//!
//! **No invoice is made of credit.** Credit pays for whatever the customer owes one day, at the tax of that: a multi-purpose voucher in the
//! words of directive (EU) 2016/1065, which art. 30b of directive 2006/112/EC taxes when it is used and not when it is bought. An invoice with
//! VAT for a top-up would tax it twice, for invoices are taxed in full before the balance pays them. So a payment for credit has its receipt,
//! moves cash against what is owed to the customer, and touches neither revenue nor tax. What a credit pack gives beyond its price is a
//! discount, granted ahead. A service is known with its place and rate when it is bought: it is invoiced, and taxed, at once.
//!
//! Invariant: what a purchase gives is given once, whatever the gateway does. The payment's state machine says when (`payments::charges`).
//! What deliberately does not live here: the catalogue (`catalog::products`), and how money is taken.

mod automatic;
mod buy;
mod give;
mod offer;
mod refund;

use sqlx::FromRow;

pub use automatic::{AutomaticTopUp, Wish, automatic_top_up, low_balances, set_automatic_top_up, stop_automatic_top_up, top_up};
pub use buy::{Bought, Order, buy};
pub use give::{note_paid, note_unpaid};
pub use offer::{Offered, What, offer};
pub use refund::{Refunded, note_not_refunded, refund};

use crate::services::{Desk, Refusal};

/// Columns as in `migrations/0098_purchases.sql`.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct Purchase {
    pub id: String,
    pub customer_id: String,
    /// 'top_up' | 'credit_pack' | 'service'
    pub kind: String,
    pub product_id: Option<String>,
    pub name: String,
    pub currency: String,
    pub amount_minor: i64,
    pub credit_minor: i64,
    pub credit_lasts_days: Option<i64>,
    pub is_automatic: bool,
    /// 'open' | 'done' | 'undone'
    pub status: String,
    pub invoice_id: Option<String>,
    pub created_at: i64,
    pub done_at: Option<i64>,
}

impl Purchase {
    /// Whether it goes into the balance.
    pub fn is_credit(&self) -> bool {
        self.kind != "service"
    }
}

/// The columns of a [`Purchase`].
macro_rules! columns {
    () => {
        "id, customer_id, kind, product_id, name, currency, amount_minor, credit_minor, credit_lasts_days, is_automatic, status, invoice_id, created_at, done_at"
    };
}

/// A purchase by its id, whoever's.
pub async fn load(desk: &mut Desk, purchase_id: &str) -> Result<Purchase, Refusal> {
    find_opt(desk, purchase_id).await?.ok_or(Refusal::NotFound)
}

async fn find_opt(desk: &mut Desk, purchase_id: &str) -> Result<Option<Purchase>, Refusal> {
    Ok(desk
        .tx
        .opt(concat!("SELECT ", columns!(), " FROM purchases WHERE vendor_id = $1 AND id = $2"), (desk.vendor.id.clone(), purchase_id.to_owned()))
        .await?)
}

/// A customer's purchases, the newest first: from before one of them, by its id; empty: from the newest.
pub async fn of_customer(desk: &mut Desk, customer_id: &str, before: &str, at_most: i64) -> Result<Vec<Purchase>, Refusal> {
    Ok(desk
        .tx
        .all(
            concat!("SELECT ", columns!(), " FROM purchases WHERE vendor_id = $1 AND customer_id = $2 AND ($3 = '' OR id < $3) ORDER BY id DESC LIMIT $4 + 0"),
            (desk.vendor.id.clone(), customer_id.to_owned(), before.to_owned(), at_most),
        )
        .await?)
}

/// What stands beside its charge at the gateway.
pub async fn described(desk: &mut Desk, purchase_id: &str) -> Result<String, Refusal> {
    let purchase = load(desk, purchase_id).await?;
    Ok(if purchase.name.is_empty() { "Top-up".to_owned() } else { purchase.name })
}

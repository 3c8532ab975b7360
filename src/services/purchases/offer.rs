//! What a purchase would come to, to the cent, before anything is decided.

use billing::invoice::{Line, Reason};

use crate::sentence;
use crate::services::catalog::{self, Product, ProductKind, TopUpLimit};
use crate::services::customers::Customer;
use crate::services::invoices::{self, Draft, DraftLine, Priced};
use crate::services::{Desk, Refusal, balance};

/// What a customer wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// So much into the balance, in the customer's currency.
    TopUp { amount_minor: i64 },
    /// A product, by its key.
    Product { key: String },
}

/// What it comes to.
#[derive(Clone, Debug)]
pub struct Offered {
    /// `None`: a top-up.
    pub product: Option<Product>,
    pub currency: String,
    /// What a payment pays.
    pub due_minor: i64,
    /// What the balance gets.
    pub credit_minor: i64,
    /// Of a service: the document it makes, what the balance pays of it, and its one line.
    pub service: Option<(Draft, Priced)>,
}

impl Offered {
    pub(super) fn kind(&self) -> &'static str {
        self.product.as_ref().map_or("top_up", |product| product.kind.name())
    }
}

/// Prices what a customer wants; nothing is written.
pub async fn offer(desk: &mut Desk, customer: &Customer, what: &What) -> Result<Offered, Refusal> {
    let currency = customer.currency.clone();
    let key = match what {
        What::TopUp { amount_minor } => {
            within(catalog::top_up_limit(desk, &currency).await?.as_ref(), *amount_minor)?;
            return Ok(Offered { product: None, currency, due_minor: *amount_minor, credit_minor: *amount_minor, service: None });
        }
        What::Product { key } => key,
    };
    let product = catalog::product_by_key(desk, key).await?;
    let price = product.price_in(&currency).ok_or_else(|| Refusal::Rule(sentence!("refusal-product-currency", currency = &currency)))?.clone();
    match (product.kind, price.credit_minor) {
        (ProductKind::CreditPack, Some(credit_minor)) => {
            Ok(Offered { product: Some(product), currency, due_minor: price.amount_minor, credit_minor, service: None })
        }
        (ProductKind::CreditPack, None) => Err(Refusal::damaged(format!("credit pack {} gives no credit", product.id))),
        (ProductKind::Service, _) => {
            let service = price_service(desk, customer, &product, price.amount_minor).await?;
            let due_minor = service.1.due_minor;
            Ok(Offered { product: Some(product), currency, due_minor, credit_minor: 0, service: Some(service) })
        }
    }
}

/// Whether an amount may be paid in.
pub(super) fn within(limit: Option<&TopUpLimit>, amount_minor: i64) -> Result<(), Refusal> {
    let Some(limit) = limit else { return Err(Refusal::Rule(sentence!("refusal-no-top-up"))) };
    let currency = limit.currency.as_str();
    if (limit.least_minor..=limit.most_minor).contains(&amount_minor) {
        Ok(())
    } else {
        Err(Refusal::field("amount", sentence!("refusal-top-up-amount", least = (limit.least_minor, currency), most = (limit.most_minor, currency))))
    }
}

/// The invoice of a service, as of now: its price with its tax, and what the balance pays of it.
async fn price_service(desk: &mut Desk, customer: &Customer, product: &Product, amount_minor: i64) -> Result<(Draft, Priced), Refusal> {
    let (at, zone, currency) = (desk.now.billing, customer.zone()?, customer.currency()?);
    // Its key is what a tax rate may name.
    let line = Line { from: Some(at), to: Some(at), price: Some(product.key.clone()), ..Line::one_off(&product.name, amount_minor) };
    let lines = vec![DraftLine::new(desk, line, None)];
    let draft = Draft { customer: customer.clone(), currency, reason: Reason::Manual, at, zone, lines, discounts: Vec::new() };
    let credits = balance::left(desk, &customer.id, currency.code()).await?;
    let situation = invoices::tax_situation(desk, customer, at, zone).await?;
    let priced = invoices::price(desk, &draft, &situation, &credits)?.ok_or_else(|| Refusal::damaged("a service without a line"))?;
    let lacking = invoices::lacking(&desk.vendor, customer, &priced.document);
    if !lacking.is_empty() {
        return Err(Refusal::Incomplete(lacking));
    }
    Ok((draft, priced))
}

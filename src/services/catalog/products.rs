//! What is sold once: services and credit packs, with their prices; and how much a customer may pay into the balance.

use std::collections::BTreeSet;

use billing::money::Currency;
use serde_json::json;
use sqlx::FromRow;

use super::offers::check_name;
use super::{check_key, record};
use crate::sentence;
use crate::services::{Desk, Refusal};

/// Letters of what a product says of itself.
const MOST_DESCRIPTION: usize = 500;
/// How long credit may be made to last: ten years.
const MOST_DAYS: u32 = 3_660;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProductKind {
    /// Invoiced, with its tax.
    Service,
    /// Paid into the balance, which gets no less than is paid.
    CreditPack,
}

impl ProductKind {
    /// As columns have it.
    pub fn name(self) -> &'static str {
        match self {
            ProductKind::Service => "service",
            ProductKind::CreditPack => "credit_pack",
        }
    }

    fn from_name(name: &str) -> Result<ProductKind, Refusal> {
        [ProductKind::Service, ProductKind::CreditPack]
            .into_iter()
            .find(|kind| kind.name() == name)
            .ok_or_else(|| Refusal::damaged(format!("no kind of product {name}")))
    }
}

/// A price in a currency; columns as in `migrations/0098_purchases.sql`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProductPrice {
    pub currency: String,
    pub amount_minor: i64,
    /// Of a credit pack.
    pub credit_minor: Option<i64>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Product {
    pub id: String,
    pub key: String,
    pub name: String,
    pub description: String,
    pub kind: ProductKind,
    /// `None`: until it is used.
    pub credit_lasts_days: Option<u32>,
    /// By currency.
    pub prices: Vec<ProductPrice>,
    pub retired_at: Option<i64>,
    pub created_at: i64,
}

impl Product {
    pub fn price_in(&self, currency: &str) -> Option<&ProductPrice> {
        self.prices.iter().find(|price| price.currency == currency)
    }
}

/// A product to be.
#[derive(Clone, Debug)]
pub struct NewProduct {
    pub key: String,
    pub name: String,
    pub description: String,
    pub kind: ProductKind,
    pub credit_lasts_days: Option<u32>,
    pub prices: Vec<ProductPrice>,
}

/// Puts a product up for sale; its id.
pub async fn create_product(desk: &mut Desk, new: &NewProduct) -> Result<String, Refusal> {
    check_key(&new.key, "key")?;
    check_name(&new.name, "name")?;
    if new.name.trim().is_empty() {
        return Err(Refusal::field("name", sentence!("refusal-product-unnamed")));
    }
    if new.description.chars().count() > MOST_DESCRIPTION {
        return Err(Refusal::field("description", sentence!("refusal-shorten", most = MOST_DESCRIPTION)));
    }
    check_prices(new)?;
    let id = desk.new_id("prd");
    let touched = desk
        .tx
        .run(
            "INSERT INTO products (vendor_id, id, key, name, description, kind, credit_lasts_days, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
             ON CONFLICT (vendor_id, key) DO NOTHING",
            (
                desk.vendor.id.clone(),
                id.clone(),
                new.key.clone(),
                new.name.clone(),
                new.description.clone(),
                new.kind.name(),
                new.credit_lasts_days.map(i64::from),
                desk.now.billing_ms(),
            ),
        )
        .await?;
    if touched == 0 {
        return Err(Refusal::Conflict(sentence!("refusal-product-exists", key = &new.key)));
    }
    for price in &new.prices {
        desk.tx
            .run(
                "INSERT INTO product_prices (vendor_id, product_id, currency, amount_minor, credit_minor) VALUES ($1, $2, $3, $4, $5)",
                (desk.vendor.id.clone(), id.clone(), price.currency.clone(), price.amount_minor, price.credit_minor),
            )
            .await?;
    }
    record(desk, "product.created", &id, json!({ "key": new.key, "name": new.name, "kind": new.kind.name() })).await?;
    Ok(id)
}

fn check_prices(new: &NewProduct) -> Result<(), Refusal> {
    let wrong = |sentence| Err(Refusal::field("prices", sentence));
    if new.prices.is_empty() {
        return wrong(sentence!("refusal-product-no-price"));
    }
    let mut seen = BTreeSet::new();
    for price in &new.prices {
        Currency::from_code(&price.currency).map_err(billing::Error::from)?;
        if !seen.insert(&price.currency) {
            return wrong(sentence!("refusal-product-price-twice", currency = &price.currency));
        }
        if price.amount_minor <= 0 {
            return wrong(sentence!("refusal-amount-nothing"));
        }
        match (new.kind, price.credit_minor) {
            (ProductKind::Service, None) => {}
            (ProductKind::CreditPack, Some(credit_minor)) if credit_minor >= price.amount_minor => {}
            (ProductKind::Service, Some(_)) => return wrong(sentence!("refusal-service-credit")),
            (ProductKind::CreditPack, _) => return wrong(sentence!("refusal-pack-credit")),
        }
    }
    match (new.kind, new.credit_lasts_days) {
        (_, None) => Ok(()),
        (ProductKind::CreditPack, Some(1..=MOST_DAYS)) => Ok(()),
        _ => Err(Refusal::field("credit_lasts_days", sentence!("refusal-credit-lasts", most = i64::from(MOST_DAYS)))),
    }
}

/// Takes a product off sale; what was bought of it stays.
pub async fn retire_product(desk: &mut Desk, product_id: &str) -> Result<(), Refusal> {
    let touched = desk
        .tx
        .run(
            "UPDATE products SET retired_at = COALESCE(retired_at, $3) WHERE vendor_id = $1 AND id = $2",
            (desk.vendor.id.clone(), product_id.to_owned(), desk.now.billing_ms()),
        )
        .await?;
    if touched == 0 {
        return Err(Refusal::NotFound);
    }
    record(desk, "product.retired", product_id, json!({})).await
}

#[derive(FromRow)]
struct ProductRow {
    id: String,
    key: String,
    name: String,
    description: String,
    kind: String,
    credit_lasts_days: Option<i64>,
    retired_at: Option<i64>,
    created_at: i64,
    currency: String,
    amount_minor: i64,
    credit_minor: Option<i64>,
}

/// Every product with its prices, the oldest first.
pub async fn products(desk: &mut Desk) -> Result<Vec<Product>, Refusal> {
    let rows: Vec<ProductRow> = desk
        .tx
        .all(
            "SELECT p.id, p.key, p.name, p.description, p.kind, p.credit_lasts_days, p.retired_at, p.created_at, r.currency, r.amount_minor, r.credit_minor
             FROM products p JOIN product_prices r ON r.vendor_id = p.vendor_id AND r.product_id = p.id WHERE p.vendor_id = $1 ORDER BY p.id, r.currency",
            (desk.vendor.id.clone(),),
        )
        .await?;
    let mut products: Vec<Product> = Vec::new();
    for row in rows {
        let price = ProductPrice { currency: row.currency, amount_minor: row.amount_minor, credit_minor: row.credit_minor };
        match products.last_mut().filter(|last| last.id == row.id) {
            Some(last) => last.prices.push(price),
            None => products.push(Product {
                kind: ProductKind::from_name(&row.kind)?,
                credit_lasts_days: row.credit_lasts_days.map(u32::try_from).transpose().map_err(Refusal::damaged)?,
                prices: vec![price],
                id: row.id,
                key: row.key,
                name: row.name,
                description: row.description,
                retired_at: row.retired_at,
                created_at: row.created_at,
            }),
        }
    }
    Ok(products)
}

/// One by our id, or `ext:` and its key.
pub async fn find_product(desk: &mut Desk, reference: &str) -> Result<Product, Refusal> {
    let found = products(desk).await?.into_iter().find(|product| match reference.strip_prefix("ext:") {
        Some(key) => product.key == key,
        None => product.id == reference,
    });
    found.ok_or(Refusal::NotFound)
}

/// One that is for sale, by its key.
pub async fn product_by_key(desk: &mut Desk, key: &str) -> Result<Product, Refusal> {
    products(desk).await?.into_iter().find(|product| product.key == key && product.retired_at.is_none()).ok_or(Refusal::NotFound)
}

/// How much a customer may pay into the balance at once, in a currency.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct TopUpLimit {
    pub currency: String,
    pub least_minor: i64,
    pub most_minor: i64,
}

/// Lets customers of a currency pay into their balance, within bounds; `None`: no longer.
pub async fn set_top_up_limit(desk: &mut Desk, currency: Currency, bounds: Option<(i64, i64)>) -> Result<(), Refusal> {
    let (vendor, code) = (desk.vendor.id.clone(), currency.code());
    match bounds {
        Some((least_minor, most_minor)) => {
            if least_minor <= 0 {
                return Err(Refusal::field("least_minor", sentence!("refusal-amount-nothing")));
            }
            if most_minor < least_minor {
                return Err(Refusal::field("most_minor", sentence!("refusal-top-up-bounds")));
            }
            desk.tx
                .run(
                    "INSERT INTO top_up_limits (vendor_id, currency, least_minor, most_minor) VALUES ($1, $2, $3, $4)
                     ON CONFLICT (vendor_id, currency) DO UPDATE SET least_minor = excluded.least_minor, most_minor = excluded.most_minor",
                    (vendor.clone(), code, least_minor, most_minor),
                )
                .await?;
        }
        None => {
            desk.tx.run("DELETE FROM top_up_limits WHERE vendor_id = $1 AND currency = $2", (vendor.clone(), code)).await?;
        }
    }
    record(
        desk,
        "top_up_limit.set",
        &vendor,
        json!({ "currency": code, "least_minor": bounds.map(|(least, _)| least), "most_minor": bounds.map(|(_, most)| most) }),
    )
    .await
}

pub async fn top_up_limits(desk: &mut Desk) -> Result<Vec<TopUpLimit>, Refusal> {
    Ok(desk.tx.all("SELECT currency, least_minor, most_minor FROM top_up_limits WHERE vendor_id = $1 ORDER BY currency", (desk.vendor.id.clone(),)).await?)
}

/// The bounds in a currency; `None`: nothing can be paid in.
pub async fn top_up_limit(desk: &mut Desk, currency: &str) -> Result<Option<TopUpLimit>, Refusal> {
    Ok(top_up_limits(desk).await?.into_iter().find(|limit| limit.currency == currency))
}

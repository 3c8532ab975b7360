//! Customers: the billing accounts of a vendor, what is printed about them, and who belongs to them.
//!
//! What deliberately does not live here: how a person signs in (`identity`), and what a customer owes (`invoices`, `balance`).

mod access;
mod lock;
mod members;

pub use access::{must_have_access, resume, suspend};
pub use lock::{hold, hold_all, lock, lock_free};
pub use members::{Member, Person, Role, add_member, members_of, memberships_of, people_of};

/// How many addresses may receive invoices without a sign-in.
pub const MOST_INVOICE_EMAILS: usize = 10;
/// Bytes of a vendor's own id.
const MOST_EXTERNAL_ID: usize = 200;
/// Letters of one line of a name or an address.
const MOST_LETTERS: usize = 200;

use billing::calendar::Zone;
use billing::money::Currency;
use billing::tax::ids::{self, TaxIdError};
use billing::tax::{Exemption, TaxParty};
use serde_json::json;
use sqlx::FromRow;

use crate::sentence;
use crate::services::{Actor, Desk, FieldError, Refusal};
use crate::words::Sentence;

/// A customer's record; columns as in `migrations/0003_customers.sql`.
#[derive(Clone, Debug, PartialEq, FromRow)]
pub struct Customer {
    pub id: String,
    pub external_id: Option<String>,
    pub name: String,
    pub legal_name: String,
    pub address_line1: Option<String>,
    pub address_line2: Option<String>,
    pub postal_code: Option<String>,
    pub city: Option<String>,
    pub region: Option<String>,
    pub country: String,
    pub tax_id: Option<String>,
    pub tax_exempt: bool,
    pub purchase_order: Option<String>,
    /// JSON array of strings; see [`Customer::invoice_emails`].
    pub invoice_emails: String,
    pub currency: String,
    pub time_zone: String,
    pub locale: String,
    pub version: i64,
    /// Billing time.
    pub created_at: i64,
    /// Since when (wall time) its members are kept out of the portal; none: they are not.
    pub suspended_at: Option<i64>,
}

impl Customer {
    pub fn currency(&self) -> Result<Currency, Refusal> {
        Currency::from_code(&self.currency).map_err(Refusal::damaged)
    }

    pub fn zone(&self) -> Result<Zone, Refusal> {
        self.time_zone.parse().map_err(Refusal::damaged)
    }

    /// Addresses that receive invoices without a sign-in.
    pub fn invoice_emails(&self) -> Vec<String> {
        serde_json::from_str(&self.invoice_emails).unwrap_or_default()
    }

    pub fn tax_party(&self) -> TaxParty {
        TaxParty { country: self.country.clone(), region: self.region.clone(), tax_id: self.tax_id.clone() }
    }

    pub fn exemption(&self) -> Exemption {
        if self.tax_exempt { Exemption::Exempt } else { Exemption::None }
    }
}

/// What a customer may change about itself; all of it stands on the next invoice.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Details {
    pub name: String,
    pub legal_name: String,
    pub address_line1: Option<String>,
    pub address_line2: Option<String>,
    pub postal_code: Option<String>,
    pub city: Option<String>,
    pub region: Option<String>,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    pub tax_id: Option<String>,
    pub purchase_order: Option<String>,
    pub invoice_emails: Vec<String>,
    pub locale: String,
    pub time_zone: String,
}

/// A customer to be.
#[derive(Clone, Debug, PartialEq)]
pub struct NewCustomer {
    pub external_id: Option<String>,
    pub details: Details,
    pub tax_exempt: bool,
    pub currency: Currency,
}

/// Adds a customer; its id.
pub async fn create(desk: &mut Desk, new: &NewCustomer) -> Result<String, Refusal> {
    check(&new.details)?;
    check_tax_id(desk, &new.details)?;
    if let Some(external_id) = &new.external_id {
        check_external_id(external_id)?;
    }
    let id = desk.new_id("cus");
    let d = &new.details;
    let emails = serde_json::to_string(&d.invoice_emails).map_err(Refusal::damaged)?;
    let touched = desk
        .tx
        .run(
            "INSERT INTO customers (vendor_id, id, external_id, name, legal_name, address_line1, address_line2, postal_code, city, region, country, tax_id, tax_exempt,
                purchase_order, invoice_emails, currency, time_zone, locale, version, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, 1, $19)
             ON CONFLICT (vendor_id, external_id) DO NOTHING",
            (
                desk.vendor.id.clone(), id.clone(), new.external_id.clone(), d.name.clone(), d.legal_name.clone(), d.address_line1.clone(), d.address_line2.clone(), d.postal_code.clone(),
                d.city.clone(), d.region.clone(), d.country.clone(), d.tax_id.clone(), new.tax_exempt, d.purchase_order.clone(), emails, new.currency.code(), d.time_zone.clone(),
                d.locale.clone(), desk.now.billing_ms(),
            ),
        )
        .await?;
    if touched == 0 {
        return Err(Refusal::Conflict(sentence!("refusal-customer-exists")));
    }
    desk.record("customer.created", Some(&id), &id, json!({ "name": d.name })).await?;
    Ok(id)
}

/// Replaces what a customer says about itself, and says so to open quotes.
pub async fn update_details(desk: &mut Desk, customer_id: &str, d: &Details) -> Result<(), Refusal> {
    check(d)?;
    check_tax_id(desk, d)?;
    let emails = serde_json::to_string(&d.invoice_emails).map_err(Refusal::damaged)?;
    let touched = desk
        .tx
        .run(
            "UPDATE customers SET name = $3, legal_name = $4, address_line1 = $5, address_line2 = $6, postal_code = $7, city = $8, region = $9, country = $10, tax_id = $11,
                purchase_order = $12, invoice_emails = $13, time_zone = $14, locale = $15, version = version + 1, revision = revision + 1 WHERE vendor_id = $1 AND id = $2",
            (
                desk.vendor.id.clone(), customer_id.to_owned(), d.name.clone(), d.legal_name.clone(), d.address_line1.clone(), d.address_line2.clone(), d.postal_code.clone(), d.city.clone(),
                d.region.clone(), d.country.clone(), d.tax_id.clone(), d.purchase_order.clone(), emails, d.time_zone.clone(), d.locale.clone(),
            ),
        )
        .await?;
    if touched == 0 {
        return Err(Refusal::NotFound);
    }
    desk.record("customer.updated", Some(customer_id), customer_id, json!({ "name": d.name, "country": d.country })).await
}

/// Who types a tax id or sends one is told when it can't be one. What the program itself brings along (a story) is kept as it is; one that isn't
/// well-formed earns no reverse charge.
fn check_tax_id(desk: &Desk, d: &Details) -> Result<(), Refusal> {
    let given = d.tax_id.as_deref().filter(|_| !matches!(desk.actor, Actor::System)).unwrap_or_default();
    if given.trim().is_empty() {
        return Ok(());
    }
    ids::check(&d.country, given).map_err(|wrong| Refusal::field("tax_id", wrong_tax_id(wrong)))
}

/// What is wrong with a tax id, and what is expected.
pub(crate) fn wrong_tax_id(wrong: TaxIdError) -> Sentence {
    match wrong {
        TaxIdError::Form(example) => sentence!("refusal-tax-id", example = example),
        TaxIdError::CheckDigit => sentence!("refusal-tax-id-digit"),
    }
}

fn check(d: &Details) -> Result<(), Refusal> {
    let mut errors = Vec::new();
    let mut wrong = |field, sentence| errors.push(FieldError { field, sentence });
    if d.name.trim().is_empty() {
        wrong("name", sentence!("refusal-name-empty"));
    }
    if d.legal_name.trim().is_empty() {
        wrong("legal_name", sentence!("refusal-legal-name-empty"));
    }
    if !crate::words::countries::is_known(&d.country) {
        wrong("country", sentence!("refusal-country"));
    }
    if d.locale.len() > 35 || d.locale.parse::<unic_langid::LanguageIdentifier>().is_err() {
        wrong("locale", sentence!("refusal-locale"));
    }
    if d.time_zone.parse::<Zone>().is_err() {
        wrong("time_zone", sentence!("refusal-time-zone"));
    }
    let lines: [(&'static str, &str); 9] = [
        ("name", &d.name),
        ("legal_name", &d.legal_name),
        ("address_line1", d.address_line1.as_deref().unwrap_or_default()),
        ("address_line2", d.address_line2.as_deref().unwrap_or_default()),
        ("postal_code", d.postal_code.as_deref().unwrap_or_default()),
        ("city", d.city.as_deref().unwrap_or_default()),
        ("region", d.region.as_deref().unwrap_or_default()),
        ("tax_id", d.tax_id.as_deref().unwrap_or_default()),
        ("purchase_order", d.purchase_order.as_deref().unwrap_or_default()),
    ];
    for (field, text) in lines {
        if text.chars().count() > MOST_LETTERS {
            wrong(field, sentence!("refusal-shorten", most = MOST_LETTERS));
        }
    }
    if d.invoice_emails.len() > MOST_INVOICE_EMAILS {
        wrong("invoice_emails", sentence!("refusal-invoice-emails", most = MOST_INVOICE_EMAILS, given = d.invoice_emails.len()));
    }
    if let Some(email) = d.invoice_emails.iter().find(|email| !is_address(email)) {
        wrong("invoice_emails", sentence!("refusal-not-an-address", text = email));
    }
    if errors.is_empty() { Ok(()) } else { Err(Refusal::Fields(errors)) }
}

/// The vendor's own id of something: short, and no `ext:` in front, for that is how it is told from ours.
pub(crate) fn check_external_id(id: &str) -> Result<(), Refusal> {
    let is_fit = !id.is_empty() && id.len() <= MOST_EXTERNAL_ID && !id.chars().any(char::is_control) && !id.starts_with("ext:");
    if is_fit { Ok(()) } else { Err(Refusal::field("external_id", sentence!("refusal-external-id", most = MOST_EXTERNAL_ID))) }
}

/// Good enough to try: something, an @, and a domain with a dot. Only a mail that arrives proves more.
fn is_address(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    !local.is_empty() && domain.contains('.') && !domain.starts_with('.') && !domain.ends_with('.') && !text.contains(char::is_whitespace) && text.len() <= 254
}

/// The vendor's own id in a reference such as `ext:acme-1`; `None`: the reference is an id of ours.
pub fn external(reference: &str) -> Option<&str> {
    reference.strip_prefix("ext:")
}

/// The customer by our id, or by the vendor's own as `ext:THEIRS`; or [`Refusal::NotFound`].
pub async fn find(desk: &mut Desk, reference: &str) -> Result<Customer, Refusal> {
    match external(reference) {
        None => load(desk, reference).await,
        Some(theirs) => {
            let found = desk.tx.opt("SELECT * FROM customers WHERE vendor_id = $1 AND external_id = $2", (desk.vendor.id.clone(), theirs.to_owned())).await?;
            found.ok_or(Refusal::NotFound)
        }
    }
}

/// Customers, the newest first, from before the one of that id; empty: from the newest.
pub async fn page(desk: &mut Desk, before: &str, at_most: i64) -> Result<Vec<Customer>, Refusal> {
    Ok(desk
        .tx
        .all(
            "SELECT * FROM customers WHERE vendor_id = $1 AND ($2 = '' OR id < $2) ORDER BY id DESC LIMIT $3 + 0",
            (desk.vendor.id.clone(), before.to_owned(), at_most),
        )
        .await?)
}

/// The customer, or [`Refusal::NotFound`].
pub async fn load(desk: &mut Desk, customer_id: &str) -> Result<Customer, Refusal> {
    desk.tx.opt("SELECT * FROM customers WHERE vendor_id = $1 AND id = $2", (desk.vendor.id.clone(), customer_id.to_owned())).await?.ok_or(Refusal::NotFound)
}

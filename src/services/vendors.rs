//! Vendors: the tenants of an installation, and which of them a host name means.

use std::sync::Arc;

use billing::calendar::Zone;
use billing::money::Currency;
use billing::tax::ids;
use sqlx::FromRow;

use crate::app::App;
use crate::platform::db::{Db, DbResult, Tx};
use crate::sentence;
use crate::services::customers::wrong_tax_id;
use crate::services::{FieldError, Refusal};
use crate::words::countries;

/// A vendor's record; columns as in `migrations/0001_vendors.sql`.
#[derive(Clone, Debug, FromRow)]
pub struct Vendor {
    pub id: String,
    pub host: Option<String>,
    pub name: String,
    pub legal_name: String,
    pub address_line1: String,
    pub address_line2: Option<String>,
    pub postal_code: String,
    pub city: String,
    pub country: String,
    pub tax_id: Option<String>,
    pub support_email: String,
    pub currency: String,
    pub time_zone: String,
    pub locale: String,
    pub proration_by: String,
    pub proration_rounding: String,
    pub prices_include_tax: bool,
    pub usage_grace_seconds: i64,
    pub payment_terms_days: i64,
    pub is_test: bool,
    pub clock_at: Option<i64>,
    pub brand_colour: String,
    pub brand_mark: Option<String>,
    pub created_at: i64,
}

impl Vendor {
    /// Whose days its books and its letters go by.
    pub fn zone(&self) -> Result<Zone, Refusal> {
        self.time_zone.parse().map_err(Refusal::damaged)
    }
}

/// Every vendor of the installation, oldest first. The one statement that is not scoped to a vendor: it is what scopes the others.
pub async fn all(db: &Db) -> DbResult<Vec<Arc<Vendor>>> {
    all_on(&mut db.read().await?).await
}

/// The same on a transaction that has begun.
pub async fn all_on(tx: &mut Tx) -> DbResult<Vec<Arc<Vendor>>> {
    let rows: Vec<Vendor> = tx.all("SELECT * FROM vendors ORDER BY created_at, id", ()).await?;
    Ok(rows.into_iter().map(Arc::new).collect())
}

/// What has to be said of a new vendor.
pub struct NewVendor {
    /// Without one it answers on loopback.
    pub host: Option<String>,
    pub name: String,
    pub legal_name: String,
    pub address: String,
    pub postal_code: String,
    pub city: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    pub tax_id: Option<String>,
    pub support_email: String,
    pub currency: Currency,
    pub time_zone: Zone,
    /// `#rrggbb`
    pub colour: String,
    pub is_test: bool,
}

/// Adds a vendor, which is served from now on. It begins as most bill: shares of a period by the second and rounded half up, prices
/// without tax, two weeks to pay.
pub async fn add(app: &App, new: NewVendor) -> Result<Arc<Vendor>, Refusal> {
    check(&new)?;
    if all(&app.db).await?.iter().any(|vendor| vendor.host == new.host) {
        return Err(Refusal::Conflict(sentence!("refusal-host-taken")));
    }
    let now_ms = app.clock.wall().timestamp_millis();
    let vendor = Vendor {
        id: app.ids.next("ven", now_ms),
        host: new.host,
        name: new.name,
        legal_name: new.legal_name,
        address_line1: new.address,
        address_line2: None,
        postal_code: new.postal_code,
        city: new.city,
        country: new.country,
        tax_id: new.tax_id,
        support_email: new.support_email,
        currency: new.currency.code().to_owned(),
        time_zone: new.time_zone.name().to_owned(),
        locale: "en".to_owned(),
        proration_by: "second".to_owned(),
        proration_rounding: "half_up".to_owned(),
        prices_include_tax: false,
        usage_grace_seconds: 0,
        payment_terms_days: 14,
        is_test: new.is_test,
        clock_at: None,
        brand_colour: new.colour,
        brand_mark: None,
        created_at: now_ms,
    };
    create(&app.db, &vendor).await?;
    app.reload_vendors().await?;
    Ok(Arc::new(vendor))
}

fn check(new: &NewVendor) -> Result<(), Refusal> {
    let mut errors = Vec::new();
    let mut wrong = |field, sentence| errors.push(FieldError { field, sentence });
    if !countries::is_known(&new.country) {
        wrong("country", sentence!("refusal-country-code", country = &new.country));
    }
    if !new.colour.strip_prefix('#').is_some_and(|hex| hex.len() == 6 && hex.bytes().all(|b| b.is_ascii_hexdigit())) {
        wrong("colour", sentence!("refusal-colour", colour = &new.colour));
    }
    for (field, text) in [("address", &new.address), ("city", &new.city)] {
        if text.trim().is_empty() {
            wrong(field, sentence!("refusal-vendor-address-empty"));
        }
    }
    if let Some(Err(why)) = new.tax_id.as_deref().map(|tax_id| ids::check(&new.country, tax_id)) {
        wrong("tax_id", wrong_tax_id(why));
    }
    if errors.is_empty() { Ok(()) } else { Err(Refusal::Fields(errors)) }
}

/// Keeps a vendor's record as it is given: for stories, which choose its id and its clock.
pub async fn create(db: &Db, v: &Vendor) -> DbResult<()> {
    let mut tx = db.write().await?;
    tx.run(
        "INSERT INTO vendors (id, host, name, legal_name, address_line1, address_line2, postal_code, city, country, tax_id, support_email, currency, time_zone,
            locale, proration_by, proration_rounding, prices_include_tax, usage_grace_seconds, payment_terms_days, is_test, clock_at, brand_colour, brand_mark, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24)",
        (
            v.id.clone(), v.host.clone(), v.name.clone(), v.legal_name.clone(), v.address_line1.clone(), v.address_line2.clone(), v.postal_code.clone(), v.city.clone(),
            v.country.clone(), v.tax_id.clone(), v.support_email.clone(), v.currency.clone(), v.time_zone.clone(), v.locale.clone(), v.proration_by.clone(),
            v.proration_rounding.clone(), v.prices_include_tax, v.usage_grace_seconds, v.payment_terms_days, v.is_test, v.clock_at, v.brand_colour.clone(), v.brand_mark.clone(), v.created_at,
        ),
    )
    .await?;
    tx.commit().await
}

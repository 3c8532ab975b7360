//! What the law of the vendor's country wants on an invoice, asked before one is numbered: a document that stands can't be completed any more.
//!
//! | vendor in | law | what is asked for here |
//! |---|---|---|
//! | the European Union | directive 2006/112/EC, art. 226 | both addresses (5), the vendor's tax id where tax or its reversal is stated (3), the customer's where it owes the tax (4) |
//! | Japan | qualified invoice, Consumption Tax Act art. 57-4 | the registration number, T and 13 digits, where tax is stated |
//! | Thailand | tax invoice, Revenue Code s. 86/4 | both addresses, the vendor's tax id of 13 digits (and 5 of a branch), where tax is stated |
//!
//! Names, dates, numbers, rates and bases are on every document; a record without a name is refused where it is made. In the Union a customer
//! without a tax id is taken for a consumer, to whom no invoice is owed (art. 220), and so need not say where they live.
//!
//! The vendor's own gaps are refused as early as they can be ([`of_vendor_taxing`]); a customer's hold back that customer's invoice and nobody
//! else's: see [`hold`].

use billing::invoice::{Document, DocumentKind};
use billing::tax::TaxNote;
use billing::tax::ids::{self, is_eu};
use serde::{Deserialize, Serialize};

use crate::sentence;
use crate::services::customers::{self, Customer};
use crate::services::vendors::Vendor;
use crate::services::{Desk, Refusal};
use crate::words::Sentence;

/// Something that an invoice must say and could not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lacking {
    CustomerStreet,
    CustomerCity,
    CustomerTaxId,
    VendorAddress,
    VendorTaxId,
    /// Japan's registration number.
    VendorRegistration,
    /// Thailand's number of 13 digits.
    VendorThaiTaxId,
}

impl Lacking {
    /// The field that is to be filled in: of the customer's account, or of the vendor's record.
    pub fn field(self) -> &'static str {
        match self {
            Lacking::CustomerStreet => "address_line1",
            Lacking::CustomerCity => "city",
            Lacking::CustomerTaxId | Lacking::VendorTaxId | Lacking::VendorRegistration | Lacking::VendorThaiTaxId => "tax_id",
            Lacking::VendorAddress => "address",
        }
    }

    /// Whether the customer can fill it in.
    pub fn is_of_customer(self) -> bool {
        matches!(self, Lacking::CustomerStreet | Lacking::CustomerCity | Lacking::CustomerTaxId)
    }

    /// What is missing, why, and where it is entered.
    pub fn sentence(self) -> Sentence {
        match self {
            Lacking::CustomerStreet => sentence!("refusal-lacks-customer-street"),
            Lacking::CustomerCity => sentence!("refusal-lacks-customer-city"),
            Lacking::CustomerTaxId => sentence!("refusal-lacks-customer-tax-id"),
            Lacking::VendorAddress => sentence!("refusal-lacks-vendor-address"),
            Lacking::VendorTaxId => sentence!("refusal-lacks-vendor-tax-id"),
            Lacking::VendorRegistration => sentence!("refusal-lacks-vendor-registration"),
            Lacking::VendorThaiTaxId => sentence!("refusal-lacks-vendor-thai-tax-id"),
        }
    }
}

/// What an invoice of this document would lack; nothing: it can be issued. A credit note corrects what stands already.
pub(crate) fn lacking(vendor: &Vendor, customer: &Customer, document: &Document) -> Vec<Lacking> {
    if document.kind == DocumentKind::CreditNote {
        return Vec::new();
    }
    let is_given = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.trim().is_empty());
    let is_reversed = document.notes.contains(&TaxNote::ReverseCharge);
    let is_taxed = !document.tax.is_empty();
    let is_union = is_eu(&vendor.country);
    let is_thai = vendor.country == "TH" && is_taxed;
    let is_address_owed = is_thai || (is_union && is_given(&customer.tax_id));
    let mut lacking = Vec::new();
    let mut wants = |wanted: bool, what: Lacking| {
        if wanted {
            lacking.push(what);
        }
    };
    wants(is_address_owed && !is_given(&customer.address_line1), Lacking::CustomerStreet);
    wants(is_address_owed && !is_given(&customer.city), Lacking::CustomerCity);
    wants(is_reversed && !is_given(&customer.tax_id), Lacking::CustomerTaxId);
    wants((is_union || is_thai) && (vendor.address_line1.trim().is_empty() || vendor.city.trim().is_empty()), Lacking::VendorAddress);
    lacking.extend(of_vendor_taxing(vendor).filter(|_| is_taxed || is_reversed));
    lacking
}

/// What a vendor lacks to charge tax at all: asked when its first rate is entered, too.
pub fn of_vendor_taxing(vendor: &Vendor) -> Option<Lacking> {
    let tax_id = vendor.tax_id.as_deref().map(str::trim).filter(|tax_id| !tax_id.is_empty());
    let is_right = tax_id.is_some_and(|tax_id| ids::check(&vendor.country, tax_id).is_ok());
    match vendor.country.as_str() {
        "JP" => (!is_right).then_some(Lacking::VendorRegistration),
        "TH" => (!is_right).then_some(Lacking::VendorThaiTaxId),
        // Its form was read where it was entered; one that was brought along from elsewhere is named as it is.
        country => (is_eu(country) && tax_id.is_none()).then_some(Lacking::VendorTaxId),
    }
}

/// Notes that a customer's invoice is held back, and since when. Told once: a run that finds the same says nothing.
pub(crate) async fn hold(desk: &mut Desk, customer_id: &str, lacking: &[Lacking]) -> Result<(), Refusal> {
    let lacking = serde_json::to_string(lacking).map_err(Refusal::damaged)?;
    let touched = desk
        .tx
        .run(
            "INSERT INTO held_invoices (vendor_id, customer_id, lacking, since_at) VALUES ($1, $2, $3, $4)
             ON CONFLICT (vendor_id, customer_id) DO UPDATE SET lacking = excluded.lacking WHERE held_invoices.lacking <> excluded.lacking",
            (desk.vendor.id.clone(), customer_id.to_owned(), lacking, desk.now.billing_ms()),
        )
        .await?;
    if touched == 0 {
        return Ok(());
    }
    // Whoever remembers the account as it was looks again.
    customers::hold(desk, customer_id).await?;
    desk.record("invoice.held", Some(customer_id), customer_id, serde_json::json!({})).await
}

/// Customers whose invoices are held back.
pub(crate) async fn held(desk: &mut Desk) -> Result<Vec<String>, Refusal> {
    let rows: Vec<(String,)> =
        desk.tx.all("SELECT customer_id FROM held_invoices WHERE vendor_id = $1 ORDER BY customer_id", (desk.vendor.id.clone(),)).await?;
    Ok(rows.into_iter().map(|(customer_id,)| customer_id).collect())
}

/// The customer was billed: nothing is held back any more.
pub(crate) async fn let_go(desk: &mut Desk, customer_id: &str) -> Result<(), Refusal> {
    customers::hold(desk, customer_id).await?;
    desk.tx.run("DELETE FROM held_invoices WHERE vendor_id = $1 AND customer_id = $2", (desk.vendor.id.clone(), customer_id.to_owned())).await?;
    Ok(())
}

/// What holds a customer's invoice back; empty: nothing does.
pub async fn held_back_by(desk: &mut Desk, customer_id: &str) -> Result<Vec<Lacking>, Refusal> {
    let row: Option<(String,)> =
        desk.tx.opt("SELECT lacking FROM held_invoices WHERE vendor_id = $1 AND customer_id = $2", (desk.vendor.id.clone(), customer_id.to_owned())).await?;
    row.map_or(Ok(Vec::new()), |(lacking,)| serde_json::from_str(&lacking).map_err(Refusal::damaged))
}

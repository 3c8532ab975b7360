//! The letterhead of papers that are no documents of the books: statements and receipts. They show what the records say when they are asked
//! for, in the vendor's branding of that day, and are not kept.

use billing::calendar::Instant;

use super::pdf::{Labels, Paper, Sheet, Stamp};
use super::sheet::{branding, footer, labels};
use super::snapshot::{of_customer, of_vendor};
use super::told::party;
use super::{Brand, File, Party, pdf};
use crate::services::customers::Customer;
use crate::services::{Desk, Refusal, customers};
use crate::t;
use crate::words::Words;

/// Whose paper it is, for whom, and of what moment.
pub struct Letterhead {
    from: Party,
    to: Party,
    brand: Brand,
    is_test: bool,
    locale: String,
    vendor_id: String,
    pub at: Instant,
}

impl Letterhead {
    /// For a customer, in the language of who reads it.
    pub async fn load(desk: &mut Desk, customer_id: &str, locale: &str) -> Result<Letterhead, Refusal> {
        let customer: Customer = customers::load(desk, customer_id).await?;
        Ok(Letterhead {
            from: of_vendor(&desk.vendor),
            to: of_customer(&customer),
            brand: Brand { colour: desk.vendor.brand_colour.clone(), mark: desk.vendor.brand_mark.clone() },
            is_test: desk.vendor.is_test,
            locale: locale.to_owned(),
            vendor_id: desk.vendor.id.clone(),
            at: desk.now.billing,
        })
    }

    /// A sheet with nothing on it but both names; `what` tells it from other papers.
    pub fn sheet(&self, w: Words, what: &str) -> Sheet {
        Sheet {
            paper: if ["US", "CA", "MX"].contains(&self.to.country.as_str()) { Paper::Letter } else { Paper::A4 },
            language: self.locale.clone(),
            issued_at: Stamp::from_unix(self.at.timestamp()),
            document_id: format!("{}/{what}/{}", self.vendor_id, self.at.timestamp_millis()),
            branding: branding(&self.from, &self.brand),
            labels: self.labels(w),
            decimal_mark: w.decimal_mark(),
            seller: party(w, &self.from),
            buyer: party(w, &self.to),
            footer: footer(&self.from),
            watermark: self.is_test.then(|| t!(w, "test-mode")),
            ..Sheet::default()
        }
    }

    pub fn labels(&self, w: Words) -> Labels {
        labels(w, "")
    }

    /// Draws it.
    pub async fn print(&self, sheet: Sheet, file_name: String) -> Result<File, Refusal> {
        let bytes = tokio::task::spawn_blocking(move || pdf::render(&sheet)).await.map_err(Refusal::damaged)?.map_err(Refusal::damaged)?;
        Ok(File { bytes, file_name })
    }
}

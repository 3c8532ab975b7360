//! The frozen document: everything the page and the PDF show of an issued invoice or credit note, as it was on the day of issue. What
//! changes later (a name, a colour, a template) leaves it alone.
//!
//! What deliberately does not live here: what is paid, which goes on changing.

use billing::calendar::{Instant, Period, Zone, zone_name};
use billing::invoice::{Document, DocumentKind, Line, LineKind, LineRef, Reason};
use billing::tax::{PricesTax, TaxNote, TaxTotal};
use billing::transfer::creditor_reference;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::lines::DraftLine;
use crate::services::bank::{self, TransferTo};
use crate::services::customers::Customer;
use crate::services::vendors::Vendor;
use crate::services::{Desk, Refusal, payments, usage};

/// The form of the page and PDF a document was issued for.
pub const TEMPLATE_VERSION: u32 = 1;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    pub template_version: u32,
    pub kind: DocumentKind,
    pub number: String,
    pub reason: Reason,
    pub issued_at: Instant,
    pub due_at: Instant,
    /// Whose days date it.
    #[serde(with = "zone_name")]
    pub zone: Zone,
    pub locale: String,
    pub currency: String,
    pub from: Party,
    pub to: Party,
    pub purchase_order: Option<String>,
    pub brand: Brand,
    /// A sandbox's document: marked, worth nothing.
    pub is_test: bool,
    /// Numbers of the invoices a credit note corrects.
    pub corrects: Vec<String>,
    pub lines: Vec<SnapshotLine>,
    pub prices: PricesTax,
    pub subtotal_minor: i64,
    pub discount_minor: i64,
    pub tax: Vec<TaxShown>,
    pub tax_total_minor: i64,
    pub rounding_minor: i64,
    pub total_minor: i64,
    /// What the balance paid of it on the day of issue.
    pub balance_minor: i64,
    pub notes: Vec<TaxNote>,
    /// The usage its lines charge, day by day.
    pub charts: Vec<UsageChart>,
    /// Where its money is sent by bank transfer; nothing where the vendor has no account for this customer, where nothing was due, and where a
    /// method was to be charged by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transfer: Option<TransferTo>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Party {
    pub name: String,
    pub legal_name: String,
    pub address: Address,
    pub country: String,
    pub tax_id: Option<String>,
    /// The vendor's address for questions.
    pub email: Option<String>,
}

/// Where a party is, in parts: a structured invoice names each of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    pub line1: Option<String>,
    pub line2: Option<String>,
    pub postal_code: Option<String>,
    pub city: Option<String>,
    pub region: Option<String>,
}

impl Address {
    /// As it is printed, one text a line; the country stands apart.
    pub fn lines(&self) -> Vec<String> {
        let place = [&self.postal_code, &self.city].into_iter().flatten().map(String::as_str).collect::<Vec<_>>().join(" ");
        [self.line1.clone(), self.line2.clone(), Some(place), self.region.clone()].into_iter().flatten().filter(|line| !line.is_empty()).collect()
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Brand {
    pub colour: String,
    pub mark: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SnapshotLine {
    pub id: LineRef,
    /// What its units are called; empty where the price names none.
    pub unit: String,
    #[serde(flatten)]
    pub line: Line,
}

/// A tax total with the name its rate had.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TaxShown {
    pub name: String,
    #[serde(flatten)]
    pub total: TaxTotal,
}

/// One metered line's usage by days of the billing zone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UsageChart {
    pub line: LineRef,
    pub meter: String,
    pub name: String,
    pub unit: String,
    pub period: Period,
    pub included: Decimal,
    pub days: Vec<UsageDay>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UsageDay {
    pub start: Instant,
    /// Absent where a level was not read that day.
    pub used: Option<Decimal>,
    /// From the period's start to this day's end.
    pub total: Decimal,
}

pub(super) fn of_vendor(vendor: &Vendor) -> Party {
    let address = Address {
        line1: given(Some(&vendor.address_line1)),
        line2: given(vendor.address_line2.as_ref()),
        postal_code: given(Some(&vendor.postal_code)),
        city: given(Some(&vendor.city)),
        region: None,
    };
    Party {
        name: vendor.name.clone(),
        legal_name: vendor.legal_name.clone(),
        address,
        country: vendor.country.clone(),
        tax_id: given(vendor.tax_id.as_ref()),
        email: Some(vendor.support_email.clone()),
    }
}

pub(super) fn of_customer(customer: &Customer) -> Party {
    let address = Address {
        line1: given(customer.address_line1.as_ref()),
        line2: given(customer.address_line2.as_ref()),
        postal_code: given(customer.postal_code.as_ref()),
        city: given(customer.city.as_ref()),
        region: given(customer.region.as_ref()),
    };
    Party {
        name: customer.name.clone(),
        legal_name: customer.legal_name.clone(),
        address,
        country: customer.country.clone(),
        tax_id: given(customer.tax_id.as_ref()),
        email: None,
    }
}

/// A text that says something.
fn given(text: Option<&String>) -> Option<String> {
    text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// What stands on the document beside its engine part.
pub(super) struct Frame<'a> {
    pub customer: &'a Customer,
    pub number: &'a str,
    pub reason: Reason,
    pub issued_at: Instant,
    pub due_at: Instant,
    pub zone: Zone,
    pub corrects: Vec<String>,
    pub balance_minor: i64,
    /// Key and name of each tax rate.
    pub tax_names: &'a [(String, String)],
}

/// Freezes a document: its engine part with the lines as assembled, the parties and branding of this moment, and the usage behind it.
pub(super) async fn freeze(desk: &mut Desk, frame: Frame<'_>, document: &Document, lines: &[DraftLine]) -> Result<Snapshot, Refusal> {
    let is_metered = |draft: &&DraftLine| draft.price.as_ref().is_some_and(|price| price.meter.is_some()) && draft.line.credits.is_none();
    let meters = if lines.iter().any(|draft| is_metered(&draft)) { usage::meters(desk).await? } else { Vec::new() };
    let unit = |draft: &DraftLine| {
        let key = draft.price.as_ref().and_then(|price| price.meter.as_ref()).map(|meter| meter.key.as_str());
        meters.iter().find(|meter| Some(meter.key.as_str()) == key).map(|meter| meter.unit.clone()).unwrap_or_default()
    };
    let mut charts = Vec::new();
    for draft in lines.iter().filter(is_metered).filter(|draft| draft.line.kind == LineKind::Usage) {
        let (Some(price), Some(from), Some(to)) = (&draft.price, draft.line.from, draft.line.to) else { continue };
        let Some(meter) = price.meter.as_ref().and_then(|of| meters.iter().find(|meter| meter.key == of.key)) else { continue };
        let period = Period { start: from, end: to };
        let points = usage::series(desk, &frame.customer.id, meter, period, usage::By::Day, frame.zone).await?;
        charts.push(UsageChart {
            line: draft.id.clone(),
            meter: meter.key.clone(),
            name: meter.name.clone(),
            unit: meter.unit.clone(),
            period,
            included: price.included,
            days: points.into_iter().map(|point| UsageDay { start: point.start, used: point.used, total: point.total }).collect(),
        });
    }
    let transfer = transfer(desk, &frame, document).await?;
    let name = |rate: &str| frame.tax_names.iter().find(|(key, _)| key == rate).map_or_else(|| rate.to_owned(), |(_, name)| name.clone());
    Ok(Snapshot {
        template_version: TEMPLATE_VERSION,
        kind: document.kind,
        number: frame.number.to_owned(),
        reason: frame.reason,
        issued_at: frame.issued_at,
        due_at: frame.due_at,
        zone: frame.zone,
        locale: frame.customer.locale.clone(),
        currency: document.currency.code().to_owned(),
        from: of_vendor(&desk.vendor),
        to: of_customer(frame.customer),
        purchase_order: frame.customer.purchase_order.clone(),
        brand: Brand { colour: desk.vendor.brand_colour.clone(), mark: desk.vendor.brand_mark.clone() },
        is_test: desk.vendor.is_test,
        corrects: frame.corrects,
        lines: lines.iter().map(|draft| SnapshotLine { id: draft.id.clone(), unit: unit(draft), line: draft.line.clone() }).collect(),
        prices: document.prices,
        subtotal_minor: document.subtotal_minor,
        discount_minor: document.discount_minor,
        tax: document.tax.iter().map(|total| TaxShown { name: name(&total.rate), total: total.clone() }).collect(),
        tax_total_minor: document.tax_total_minor,
        rounding_minor: document.rounding_minor,
        total_minor: document.total_minor,
        balance_minor: frame.balance_minor,
        notes: document.notes.clone(),
        charts,
        transfer,
    })
}

/// How a document's money is asked for on paper. Who is charged by itself is not asked: it would pay twice.
async fn transfer(desk: &mut Desk, frame: &Frame<'_>, document: &Document) -> Result<Option<TransferTo>, Refusal> {
    if document.kind != DocumentKind::Invoice || document.total_minor <= frame.balance_minor {
        return Ok(None);
    }
    let Some(account) = bank::account_for(desk, document.currency.code(), &frame.customer.country).await? else { return Ok(None) };
    let chargeable = payments::chargeable(desk, std::slice::from_ref(&frame.customer.id)).await?;
    if chargeable.can_pay(&frame.customer.id, document.currency.code()) {
        return Ok(None);
    }
    Ok(creditor_reference(frame.number).map(|reference| TransferTo { account, reference }))
}

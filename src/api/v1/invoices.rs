//! Invoices and credit notes: listed, read, and on paper. They are made by what happens to subscriptions; what is done to them is in
//! `settlements`.

use axum::http::Method;
use billing::invoice::{DocumentKind, LineKind};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::in_query;
use crate::api::give::{Json, Page, Pdf, Xml};
use crate::api::problem::Problem;
use crate::api::route::Route;
use crate::api::take::{Id, Limit, Query, after};
use crate::api::values::{Exact, Time};
use crate::services::api_keys::Scope;
use crate::services::invoices::{self, Among, SnapshotLine, Status, Summary, Syntax};
use crate::services::payments::Errand;
use crate::services::{Desk, Refusal, customers, subscriptions};

pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/invoices", Scope::InvoicesRead, list).named("listInvoices", "List invoices and credit notes").about("The newest first."),
        Route::get("/invoices/{invoice}", Scope::InvoicesRead, get).named("getInvoice", "Get an invoice or credit note"),
        Route::errand(Method::GET, "/invoices/{invoice}/pdf", Scope::InvoicesRead, pdf)
            .named("getInvoicePdf", "Get its PDF")
            .about("Rendered when first asked for, from what was frozen on the day of issue; the same bytes ever after. It carries the Cross Industry Invoice as Factur-X."),
        Route::get("/invoices/{invoice}/cii", Scope::InvoicesRead, cii)
            .named("getInvoiceCii", "Get it as a Cross Industry Invoice")
            .about("UN/CEFACT XML by EN 16931; what the PDF carries. A document that charges tax without a tax id of the vendor has no structured form."),
        Route::get("/invoices/{invoice}/ubl", Scope::InvoicesRead, ubl)
            .named("getInvoiceUbl", "Get it as UBL")
            .about("OASIS UBL 2.1 by EN 16931: an Invoice or a CreditNote."),
    ]
}

#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum InvoiceStatus {
    Open,
    Paid,
    Void,
    Uncollectible,
}

impl From<Status> for InvoiceStatus {
    fn from(status: Status) -> InvoiceStatus {
        match status {
            Status::Open => InvoiceStatus::Open,
            Status::Paid => InvoiceStatus::Paid,
            Status::Void => InvoiceStatus::Void,
            Status::Uncollectible => InvoiceStatus::Uncollectible,
        }
    }
}

impl From<InvoiceStatus> for Status {
    fn from(status: InvoiceStatus) -> Status {
        match status {
            InvoiceStatus::Open => Status::Open,
            InvoiceStatus::Paid => Status::Paid,
            InvoiceStatus::Void => Status::Void,
            InvoiceStatus::Uncollectible => Status::Uncollectible,
        }
    }
}

#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum InvoiceKind {
    Invoice,
    CreditNote,
}

impl From<DocumentKind> for InvoiceKind {
    fn from(kind: DocumentKind) -> InvoiceKind {
        match kind {
            DocumentKind::Invoice => InvoiceKind::Invoice,
            DocumentKind::CreditNote => InvoiceKind::CreditNote,
        }
    }
}

/// An invoice or credit note in a list.
#[derive(Serialize, ToSchema)]
pub struct InvoiceSummary {
    pub id: String,
    pub customer_id: String,
    pub kind: InvoiceKind,
    pub number: String,
    pub status: InvoiceStatus,
    pub currency: String,
    /// Of a credit note below zero.
    pub total_minor: i64,
    /// What is still to be paid.
    pub due_minor: i64,
    pub issued_at: Time,
    pub due_at: Time,
    pub settled_at: Option<Time>,
}

fn summary(row: Summary) -> Result<InvoiceSummary, Refusal> {
    Ok(InvoiceSummary {
        kind: subscriptions::of_word::<DocumentKind>(&row.kind)?.into(),
        status: row.status().into(),
        issued_at: Time::of_ms(row.issued_at),
        due_at: Time::of_ms(row.due_at),
        settled_at: row.settled_at.map(Time::of_ms),
        id: row.id,
        customer_id: row.customer_id,
        number: row.number,
        currency: row.currency,
        total_minor: row.total_minor,
        due_minor: row.due_minor.max(0),
    })
}

/// What a line is for.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum InvoiceLineKind {
    Recurring,
    Usage,
    LateUsage,
    ProrationCredit,
    ProrationCharge,
    OneOff,
    Minimum,
    Adjustment,
}

/// A line of a document.
#[derive(Serialize, ToSchema)]
pub struct InvoiceLine {
    /// Null in a preview.
    pub id: Option<String>,
    pub kind: InvoiceLineKind,
    pub name: String,
    pub subscription_id: Option<String>,
    /// Keys of the plan or add-on, and of its price.
    pub plan: Option<String>,
    pub add_on: Option<String>,
    pub price: Option<String>,
    pub quantity: Exact,
    /// Before discount; a credit is below zero.
    pub amount_minor: i64,
    pub discount_minor: i64,
    /// What it stands for.
    pub from: Option<Time>,
    pub to: Option<Time>,
}

pub fn line(line: billing::invoice::Line) -> InvoiceLine {
    InvoiceLine {
        id: None,
        kind: match line.kind {
            LineKind::Recurring => InvoiceLineKind::Recurring,
            LineKind::Usage => InvoiceLineKind::Usage,
            LineKind::LateUsage => InvoiceLineKind::LateUsage,
            LineKind::ProrationCredit => InvoiceLineKind::ProrationCredit,
            LineKind::ProrationCharge => InvoiceLineKind::ProrationCharge,
            LineKind::OneOff => InvoiceLineKind::OneOff,
            LineKind::Minimum => InvoiceLineKind::Minimum,
            LineKind::Adjustment => InvoiceLineKind::Adjustment,
        },
        name: line.name,
        subscription_id: line.subscription,
        plan: line.plan,
        add_on: line.add_on,
        price: line.price,
        quantity: line.quantity.into(),
        amount_minor: line.amount_minor,
        discount_minor: line.discount_minor,
        from: line.from.map(Time),
        to: line.to.map(Time),
    }
}

/// One tax rate of a document: rounded once, on the sum of its lines.
#[derive(Serialize, ToSchema)]
pub struct InvoiceTax {
    pub name: String,
    pub percent: Exact,
    /// Net of tax.
    pub base_minor: i64,
    pub amount_minor: i64,
}

/// An issued document. Nothing of it changes but what settles it.
#[derive(Serialize, ToSchema)]
pub struct Invoice {
    pub id: String,
    pub customer_id: String,
    pub kind: InvoiceKind,
    pub number: String,
    pub status: InvoiceStatus,
    pub subscription_id: Option<String>,
    pub currency: String,
    pub lines: Vec<InvoiceLine>,
    /// Of the lines, before discount.
    pub subtotal_minor: i64,
    pub discount_minor: i64,
    pub tax: Vec<InvoiceTax>,
    pub tax_total_minor: i64,
    pub rounding_minor: i64,
    pub total_minor: i64,
    /// Of the total, settled by payments, the balance, credit notes and tax withheld, or written off.
    pub paid_minor: i64,
    pub balance_minor: i64,
    pub credited_minor: i64,
    pub withheld_minor: i64,
    pub written_off_minor: i64,
    /// What is still to be paid.
    pub due_minor: i64,
    /// Numbers of the invoices a credit note corrects.
    pub corrects: Vec<String>,
    pub purchase_order: Option<String>,
    pub issued_at: Time,
    pub due_at: Time,
    pub settled_at: Option<Time>,
}

async fn get(desk: &mut Desk, Id(invoice): Id) -> Result<Json<Invoice>, Problem> {
    Ok(Json(shown(invoices::load(desk, &invoice).await?)?))
}

pub fn shown(invoice: invoices::Invoice) -> Result<Invoice, Refusal> {
    let frozen = invoice.snapshot()?;
    let tax = |shown: invoices::TaxShown| InvoiceTax {
        name: shown.name,
        percent: shown.total.percent.into(),
        base_minor: shown.total.base_minor,
        amount_minor: shown.total.amount_minor,
    };
    Ok(Invoice {
        id: invoice.id,
        customer_id: invoice.customer_id,
        kind: invoice.kind.into(),
        number: invoice.number,
        status: invoice.status.into(),
        subscription_id: invoice.subscription_id,
        currency: invoice.currency,
        lines: frozen.lines.into_iter().map(|SnapshotLine { id, line: of, .. }| InvoiceLine { id: Some(id), ..line(of) }).collect(),
        subtotal_minor: frozen.subtotal_minor,
        discount_minor: frozen.discount_minor,
        tax: frozen.tax.into_iter().map(tax).collect(),
        tax_total_minor: frozen.tax_total_minor,
        rounding_minor: frozen.rounding_minor,
        total_minor: invoice.total_minor,
        paid_minor: invoice.paid_minor,
        balance_minor: invoice.balance_minor,
        credited_minor: invoice.credited_minor,
        withheld_minor: invoice.withheld_minor,
        written_off_minor: invoice.written_off_minor,
        due_minor: invoice.due_minor,
        corrects: frozen.corrects,
        purchase_order: frozen.purchase_order,
        issued_at: invoice.issued_at.into(),
        due_at: invoice.due_at.into(),
        settled_at: invoice.settled_at.map(Time),
    })
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ListInvoices {
    /// Only a customer’s: our id, or `ext:` and your own.
    customer_id: Option<String>,
    status: Option<InvoiceStatus>,
    /// How many a page holds: 1 to 100, 20 unless given.
    #[schema(minimum = 1, maximum = 100)]
    limit: Option<u32>,
    /// The `next` of the page before.
    #[schema(pattern = "^[a-z]+_[0-9a-fA-F]{32}$")]
    after: Option<String>,
}

async fn list(desk: &mut Desk, Query(query): Query<ListInvoices>) -> Result<Page<InvoiceSummary>, Problem> {
    let limit = Limit::of(query.limit)?;
    let customer_id = match query.customer_id {
        None => None,
        Some(customer) => Some(customers::find(desk, &customer).await.map_err(in_query("customer_id"))?.id),
    };
    let among = Among { customer_id, status: query.status.map(Status::from), before: Some(after(query.after)?) };
    Page::of(invoices::page(desk, &among, limit.and_one()).await?, limit, |row| &row.id, summary)
}

async fn pdf(errand: Errand, Id(invoice): Id) -> Result<Pdf, Problem> {
    let invoice = invoices::load(&mut errand.reads().await?, &invoice).await?;
    let paper = invoices::paper(&errand, &invoice).await?;
    Ok(Pdf { bytes: paper.bytes, file_name: paper.file_name })
}

async fn cii(desk: &mut Desk, Id(invoice): Id) -> Result<Xml, Problem> {
    structured(desk, &invoice, Syntax::Cii).await
}

async fn ubl(desk: &mut Desk, Id(invoice): Id) -> Result<Xml, Problem> {
    structured(desk, &invoice, Syntax::Ubl).await
}

async fn structured(desk: &mut Desk, invoice_id: &str, syntax: Syntax) -> Result<Xml, Problem> {
    let invoice = invoices::load(desk, invoice_id).await?;
    let file = invoices::structured(&desk.vendor, &invoice, syntax)?;
    Ok(Xml { bytes: file.bytes, file_name: file.file_name })
}

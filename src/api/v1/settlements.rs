//! What is done to an issued invoice: credited, whole or by line or amount, settled in part by tax the customer withheld, whose certificate
//! may turn out to be wrong, or written off.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::invoices::{Invoice, shown};
use crate::api::give::{Created, Json};
use crate::api::problem::Problem;
use crate::api::route::Route;
use crate::api::take::{Body, Id};
use crate::api::values::{Day, Exact, Time};
use crate::services::Desk;
use crate::services::api_keys::Scope;
use crate::services::invoices::{self, Certificate, CreditRequest, Withholding as Withheld};

pub fn routes() -> Vec<Route> {
    vec![
        Route::post("/invoices/{invoice}/credit-notes", Scope::InvoicesWrite, create_credit_note)
            .named("createCreditNote", "Credit an invoice")
            .about("By lines, by an amount, or all that is left of it. The credit pays what is still due of the invoice; the rest is the customer’s balance, or goes back to where it was paid from. What it credits is forgiven: usage of a running period that was on the invoice is not invoiced again."),
        Route::post("/invoices/{invoice}/withholding", Scope::InvoicesWrite, withhold)
            .named("recordWithholding", "Record tax the customer withheld")
            .about("Settles as much of the invoice, by the customer’s certificate."),
        Route::post("/invoices/{invoice}/withholding/take-back", Scope::InvoicesWrite, take_back)
            .named("takeBackWithholding", "Take back tax the customer withheld")
            .about("Where you do not accept the certificate: so much of the invoice is due again, and a better certificate may be recorded. The customer reads your reason."),
        Route::post("/invoices/{invoice}/write-off", Scope::InvoicesWrite, write_off)
            .named("writeOffInvoice", "Write an invoice off")
            .about("What is due of it is not asked for any more: its status is `uncollectible`, nothing is charged for it, and its subscriptions are past due for it no longer. In the ledger it moves from what customers owe to write-offs, tax and all: tax on a bad debt is not reclaimed by this; where your law lets you, credit the invoice. A payment that comes after all still lands, and takes as much of the write-off back."),
        Route::post("/invoices/{invoice}/write-off/take-back", Scope::InvoicesWrite, take_back_write_off)
            .named("takeBackWriteOff", "Take a write-off back")
            .about("What is written off of the invoice is due again."),
    ]
}

/// What to credit. Lines, an amount, or neither for all that is left.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCreditNote {
    /// With tax. Above zero, and no more than is left of the invoice.
    #[schema(minimum = 1)]
    pub amount_minor: Option<i64>,
    #[schema(min_items = 1, max_items = 1000)]
    pub lines: Option<Vec<CreditedLine>>,
    /// Its money goes back to the payment methods that paid. Of amounts only.
    #[serde(default)]
    pub refund: bool,
}

/// A line to take back.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreditedLine {
    /// The id of the invoice’s line.
    pub line_id: String,
    /// With tax; all that is left of it, unless given.
    #[schema(minimum = 1)]
    pub amount_minor: Option<i64>,
}

async fn create_credit_note(desk: &mut Desk, (Id(invoice), Body(new)): (Id, Body<NewCreditNote>)) -> Result<Created<Invoice>, Problem> {
    let request = match (new.lines, new.amount_minor, new.refund) {
        (Some(_), Some(_), _) => return Err(Problem::at("/lines", "Give lines or an amount, one of the two.")),
        (Some(_), None, true) => {
            return Err(Problem::at(
                "/refund",
                "Money of an amount goes back, not that of lines. Give amount_minor, or leave both away for all that can go back.",
            ));
        }
        (Some(lines), None, false) => CreditRequest::Lines(
            lines.into_iter().map(|line| billing::correction::LineCredit { line: line.line_id, amount_minor: line.amount_minor }).collect(),
        ),
        (None, amount, true) => CreditRequest::Refund(amount),
        (None, Some(amount), false) => CreditRequest::Amount(amount),
        (None, None, false) => CreditRequest::Whole,
    };
    let issued = invoices::credit(desk, &invoice, &request).await?;
    Ok(Created(shown(invoices::load(desk, &issued.id).await?)?))
}

/// A certificate of tax withheld.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewWithholding {
    #[schema(min_length = 1, max_length = 50)]
    pub certificate_number: String,
    /// The day on the certificate.
    pub certificate_on: Day,
    /// Of the invoice without its tax; as the rate of the customer’s country has it, unless given.
    pub percent: Option<Exact>,
}

/// Tax a customer withheld of an invoice.
#[derive(Serialize, ToSchema)]
pub struct Withholding {
    pub id: String,
    pub invoice_id: String,
    pub percent: Exact,
    /// The invoice without its tax.
    pub base_minor: i64,
    pub amount_minor: i64,
    pub certificate_number: String,
    pub certificate_on: Day,
    /// When it was taken back: it settles nothing then.
    pub taken_back_at: Option<Time>,
    pub taken_back_reason: Option<String>,
}

/// Why a certificate is not accepted.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WithholdingTakenBack {
    /// For the customer.
    #[schema(min_length = 1, max_length = 200)]
    pub reason: String,
}

/// Why an invoice is written off, or asked for after all.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WriteOffReason {
    /// For your records: the customer does not read it.
    #[schema(min_length = 1, max_length = 200)]
    pub reason: String,
}

async fn write_off(desk: &mut Desk, (Id(invoice), Body(why)): (Id, Body<WriteOffReason>)) -> Result<Json<Invoice>, Problem> {
    Ok(Json(shown(invoices::write_off(desk, &invoice, &why.reason).await?)?))
}

async fn take_back_write_off(desk: &mut Desk, (Id(invoice), Body(why)): (Id, Body<WriteOffReason>)) -> Result<Json<Invoice>, Problem> {
    Ok(Json(shown(invoices::take_back_write_off(desk, &invoice, &why.reason).await?)?))
}

async fn withhold(desk: &mut Desk, (Id(invoice), Body(new)): (Id, Body<NewWithholding>)) -> Result<Created<Withholding>, Problem> {
    let certificate = Certificate { number: new.certificate_number, on: new.certificate_on.0 };
    let percent: Option<Decimal> = new.percent.map(|Exact(percent)| percent);
    let withheld = invoices::withhold(desk, &invoice, certificate, percent).await?;
    Ok(Created(told(invoice, withheld)))
}

async fn take_back(desk: &mut Desk, (Id(invoice), Body(why)): (Id, Body<WithholdingTakenBack>)) -> Result<Json<Withholding>, Problem> {
    let withheld = invoices::take_back_withholding(desk, &invoice, &why.reason).await?;
    Ok(Json(told(invoice, withheld)))
}

fn told(invoice_id: String, withheld: Withheld) -> Withholding {
    let Withheld { id, of, certificate, taken_back, .. } = withheld;
    let (taken_back_at, taken_back_reason) = taken_back.map(|taken_back| (taken_back.at.into(), taken_back.because)).unzip();
    Withholding {
        id,
        invoice_id,
        percent: of.percent.into(),
        base_minor: of.base_minor,
        amount_minor: of.amount_minor,
        certificate_number: certificate.number,
        certificate_on: Day(certificate.on),
        taken_back_at,
        taken_back_reason,
    }
}

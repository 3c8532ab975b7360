//! Tax a customer withholds of an invoice: which countries' customers do, the certificate by which it settles the rest of what is due, and a
//! certificate that the vendor does not accept, by which it is due again.
//!
//! What deliberately does not live here: reclaiming it from the tax office. The ledger's account says how much that is.

use billing::calendar::Instant;
use billing::money::{self, Currency};
use billing::tax::withholding;
use billing::{invoice::DocumentKind, ledger};
use chrono::{Months, NaiveDate};
use rust_decimal::Decimal;
use serde_json::json;
use sqlx::FromRow;

use super::settle::{Allocation, allocate, note_due_again, note_if_settled};
use super::{Invoice, MOST_DESCRIPTION, Snapshot, Status};
use crate::platform::clock::from_ms;
use crate::sentence;
use crate::services::{Desk, FieldError, Refusal, customers, ledger as books};
use crate::words::countries;

/// Letters of a certificate's number.
const MOST_LETTERS: usize = 50;
/// How long before an invoice its certificate may have been made out: money may have come ahead of it.
const BEFORE_THE_INVOICE: Months = Months::new(12);

/// How much the customers of a country withhold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WithholdingRate {
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// Of the amount net of tax.
    pub percent: Decimal,
}

/// The proof a customer makes out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    pub number: String,
    pub on: NaiveDate,
}

/// What a customer would withhold of an invoice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ToWithhold {
    pub percent: Decimal,
    /// The invoice net of tax.
    pub base_minor: i64,
    pub amount_minor: i64,
}

/// What a customer withheld of an invoice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Withholding {
    pub id: String,
    pub of: ToWithhold,
    pub certificate: Certificate,
    /// Billing time.
    pub created_at: i64,
    /// That the vendor does not accept it.
    pub taken_back: Option<TakenBack>,
}

/// A certificate that is not accepted: another customer's, or one of another amount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakenBack {
    pub at: Instant,
    /// In the vendor's words, for the customer.
    pub because: String,
}

/// The rates of every country, by its code.
pub async fn withholding_rates(desk: &mut Desk) -> Result<Vec<WithholdingRate>, Refusal> {
    let rows: Vec<(String, String)> =
        desk.tx.all("SELECT country, percent FROM withholding_rates WHERE vendor_id = $1 ORDER BY country", (desk.vendor.id.clone(),)).await?;
    rows.into_iter().map(|(country, percent)| Ok(WithholdingRate { country, percent: percent.parse().map_err(Refusal::damaged)? })).collect()
}

/// Sets the rate of a country; what was withheld before keeps its own.
pub async fn set_withholding_rate(desk: &mut Desk, rate: &WithholdingRate) -> Result<(), Refusal> {
    if !countries::is_known(&rate.country) {
        return Err(Refusal::field("country", sentence!("refusal-country")));
    }
    withholding::check(rate.percent)?;
    desk.tx
        .run(
            "INSERT INTO withholding_rates (vendor_id, country, percent) VALUES ($1, $2, $3)
             ON CONFLICT (vendor_id, country) DO UPDATE SET percent = excluded.percent",
            (desk.vendor.id.clone(), rate.country.clone(), rate.percent.normalize().to_string()),
        )
        .await?;
    let vendor_id = desk.vendor.id.clone();
    desk.record("withholding_rate.set", None, &vendor_id, json!({ "country": rate.country, "percent": rate.percent })).await
}

/// Customers of a country withhold no more; [`Refusal::NotFound`] where they did not.
pub async fn remove_withholding_rate(desk: &mut Desk, country: &str) -> Result<(), Refusal> {
    let touched = desk.tx.run("DELETE FROM withholding_rates WHERE vendor_id = $1 AND country = $2", (desk.vendor.id.clone(), country.to_owned())).await?;
    if touched == 0 {
        return Err(Refusal::NotFound);
    }
    let vendor_id = desk.vendor.id.clone();
    desk.record("withholding_rate.removed", None, &vendor_id, json!({ "country": country })).await
}

async fn rate_of(desk: &mut Desk, country: &str) -> Result<Option<Decimal>, Refusal> {
    let row: Option<(String,)> =
        desk.tx.opt("SELECT percent FROM withholding_rates WHERE vendor_id = $1 AND country = $2", (desk.vendor.id.clone(), country.to_owned())).await?;
    row.map(|(percent,)| percent.parse().map_err(Refusal::damaged)).transpose()
}

/// A share of what is left of an invoice net of tax: what credit notes took of it is not paid, and nothing of it is withheld.
fn to_withhold(invoice: &Invoice, snapshot: &Snapshot, percent: Decimal) -> Result<ToWithhold, Refusal> {
    let currency = Currency::from_code(&invoice.currency).map_err(Refusal::damaged)?;
    let base_minor = withholding::base(snapshot.total_minor, snapshot.tax_total_minor, snapshot.rounding_minor, invoice.credited_minor)?;
    Ok(ToWithhold { percent, base_minor, amount_minor: withholding::withheld(base_minor, percent, currency)? })
}

/// What the customer may still withhold of an invoice by the rate of its country: a company, and while that much is due.
pub async fn may_withhold(desk: &mut Desk, invoice: &Invoice) -> Result<Option<ToWithhold>, Refusal> {
    if invoice.kind != DocumentKind::Invoice || invoice.due_minor <= 0 {
        return Ok(None);
    }
    let snapshot = invoice.snapshot()?;
    if snapshot.to.tax_id.is_none() {
        return Ok(None);
    }
    let Some(percent) = rate_of(desk, &snapshot.to.country).await? else { return Ok(None) };
    if standing(desk, &invoice.id).await?.is_some() {
        return Ok(None);
    }
    Ok(Some(to_withhold(invoice, &snapshot, percent)?).filter(|of| (1..=invoice.due_minor).contains(&of.amount_minor)))
}

/// Settles as much of an invoice as its customer withheld, by a certificate. `percent`: given by who knows better than the rate of the country.
pub async fn withhold(desk: &mut Desk, invoice_id: &str, certificate: Certificate, percent: Option<Decimal>) -> Result<Withholding, Refusal> {
    let customer_id = super::load(desk, invoice_id).await?.customer_id;
    let customer = customers::lock(desk, &customer_id).await?;
    let invoice = super::load(desk, invoice_id).await?;
    if invoice.kind == DocumentKind::CreditNote {
        return Err(Refusal::Rule(sentence!("withhold-credit-note")));
    }
    if standing(desk, invoice_id).await?.is_some() {
        return Err(Refusal::Conflict(sentence!("withhold-twice")));
    }
    if invoice.status != Status::Open || invoice.due_minor <= 0 {
        return Err(Refusal::Rule(sentence!("refusal-nothing-due")));
    }
    let snapshot = invoice.snapshot()?;
    let percent = match percent {
        Some(percent) => percent,
        None => rate_of(desk, &snapshot.to.country)
            .await?
            .ok_or_else(|| Refusal::field("percent", sentence!("withhold-no-rate", country = &snapshot.to.country)))?,
    };
    let certificate = check(&certificate, &invoice, billing::calendar::local_date(desk.now.billing, customer.zone()?))?;
    let of = to_withhold(&invoice, &snapshot, percent)?;
    if of.amount_minor > invoice.due_minor {
        let of_invoice = |minor: i64| (minor, invoice.currency.as_str());
        return Err(Refusal::Rule(sentence!("withhold-more-than-due", asked = of_invoice(of.amount_minor), due = of_invoice(invoice.due_minor))));
    }
    if of.amount_minor == 0 {
        return Err(Refusal::Rule(sentence!("withhold-nothing")));
    }
    let id = desk.new_id("whd");
    desk.tx
        .run(
            "INSERT INTO withholdings (vendor_id, id, customer_id, invoice_id, currency, percent, base_minor, amount_minor, certificate_number, certificate_on, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
            (
                desk.vendor.id.clone(), id.clone(), customer_id.clone(), invoice_id.to_owned(), invoice.currency.clone(), percent.normalize().to_string(), of.base_minor,
                of.amount_minor, certificate.number.clone(), certificate.on.to_string(), desk.now.billing_ms(),
            ),
        )
        .await?;
    allocate(desk, invoice_id, of.amount_minor, Allocation::Withholding(&id)).await?;
    books::post(desk, &customer_id, &invoice.currency, &id, &ledger::tax_withheld(of.amount_minor)?).await?;
    let data = json!({
        "number": invoice.number, "amount_minor": of.amount_minor, "currency": invoice.currency, "percent": percent,
        "certificate_number": certificate.number, "certificate_on": certificate.on,
    });
    desk.record("invoice.tax_withheld", Some(&customer_id), invoice_id, data).await?;
    note_if_settled(desk, invoice_id).await?;
    Ok(Withholding { id, of, certificate, created_at: desk.now.billing_ms(), taken_back: None })
}

/// Takes back what was withheld of an invoice, because its certificate is not accepted: so much is due again. A better certificate may follow.
/// `because` is told the customer.
pub async fn take_back_withholding(desk: &mut Desk, invoice_id: &str, because: &str) -> Result<Withholding, Refusal> {
    let because = because.trim();
    if because.is_empty() {
        return Err(Refusal::field("reason", sentence!("withhold-back-unsaid")));
    }
    if because.chars().count() > MOST_DESCRIPTION {
        return Err(Refusal::field("reason", sentence!("refusal-shorten", most = MOST_DESCRIPTION)));
    }
    let customer_id = super::load(desk, invoice_id).await?.customer_id;
    customers::hold(desk, &customer_id).await?;
    let invoice = super::load(desk, invoice_id).await?;
    let Some(withheld) = standing(desk, invoice_id).await? else {
        let was_taken_back = !withholdings_of(desk, invoice_id).await?.is_empty();
        return Err(Refusal::Conflict(if was_taken_back { sentence!("withhold-back-twice") } else { sentence!("withhold-back-none") }));
    };
    let amount_minor = withheld.of.amount_minor;
    desk.tx
        .run(
            "UPDATE withholdings SET taken_back_at = $3, taken_back_because = $4 WHERE vendor_id = $1 AND id = $2",
            (desk.vendor.id.clone(), withheld.id.clone(), desk.now.billing_ms(), because.to_owned()),
        )
        .await?;
    let back_minor = money::neg(amount_minor).map_err(billing::Error::from)?;
    allocate(desk, invoice_id, back_minor, Allocation::Withholding(&withheld.id)).await?;
    books::post(desk, &customer_id, &invoice.currency, &withheld.id, &ledger::tax_withheld_taken_back(amount_minor)?).await?;
    let data = json!({
        "number": invoice.number, "amount_minor": amount_minor, "currency": invoice.currency,
        "certificate_number": withheld.certificate.number, "because": because,
    });
    desk.record("invoice.withholding_taken_back", Some(&customer_id), invoice_id, data).await?;
    note_due_again(desk, invoice_id).await?;
    Ok(Withholding { taken_back: Some(TakenBack { at: desk.now.billing, because: because.to_owned() }), ..withheld })
}

/// The certificate, written as it is kept; `today` where its customer is.
fn check(certificate: &Certificate, invoice: &Invoice, today: NaiveDate) -> Result<Certificate, Refusal> {
    let number = certificate.number.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut errors = Vec::new();
    if number.is_empty() {
        errors.push(FieldError { field: "certificate_number", sentence: sentence!("withhold-number-empty") });
    } else if number.chars().count() > MOST_LETTERS || number.chars().any(char::is_control) {
        errors.push(FieldError { field: "certificate_number", sentence: sentence!("withhold-number-long", most = MOST_LETTERS) });
    }
    let earliest = invoice.issued_at.date_naive() - BEFORE_THE_INVOICE;
    if certificate.on > today || certificate.on < earliest {
        errors.push(FieldError { field: "certificate_on", sentence: sentence!("withhold-day", from = earliest, to = today) });
    }
    if errors.is_empty() { Ok(Certificate { number, on: certificate.on }) } else { Err(Refusal::Fields(errors)) }
}

#[derive(FromRow)]
struct WithholdingRow {
    id: String,
    percent: String,
    base_minor: i64,
    amount_minor: i64,
    certificate_number: String,
    certificate_on: String,
    created_at: i64,
    taken_back_at: Option<i64>,
    taken_back_because: Option<String>,
}

impl TryFrom<WithholdingRow> for Withholding {
    type Error = Refusal;
    fn try_from(row: WithholdingRow) -> Result<Withholding, Refusal> {
        Ok(Withholding {
            id: row.id,
            of: ToWithhold { percent: row.percent.parse().map_err(Refusal::damaged)?, base_minor: row.base_minor, amount_minor: row.amount_minor },
            certificate: Certificate { number: row.certificate_number, on: row.certificate_on.parse().map_err(Refusal::damaged)? },
            created_at: row.created_at,
            taken_back: row.taken_back_at.map(|at| TakenBack { at: from_ms(at), because: row.taken_back_because.unwrap_or_default() }),
        })
    }
}

/// What was ever withheld of an invoice, in order: what stands is the last, and all before it was taken back.
pub async fn withholdings_of(desk: &mut Desk, invoice_id: &str) -> Result<Vec<Withholding>, Refusal> {
    let rows: Vec<WithholdingRow> = desk
        .tx
        .all(
            "SELECT id, percent, base_minor, amount_minor, certificate_number, certificate_on, created_at, taken_back_at, taken_back_because FROM withholdings
             WHERE vendor_id = $1 AND invoice_id = $2 ORDER BY created_at, id",
            (desk.vendor.id.clone(), invoice_id.to_owned()),
        )
        .await?;
    rows.into_iter().map(Withholding::try_from).collect()
}

/// What is withheld of an invoice and was not taken back.
async fn standing(desk: &mut Desk, invoice_id: &str) -> Result<Option<Withholding>, Refusal> {
    Ok(withholdings_of(desk, invoice_id).await?.into_iter().find(|withheld| withheld.taken_back.is_none()))
}

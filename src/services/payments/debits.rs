//! What direct debits want beside a charge: the payer is told ahead of each, and days go by until the bank has decided it.
//!
//! A debit that nobody ordered just now is announced when its row is made, and sent once the days of notice are over; one that the customer
//! orders is sent at once, for the page that orders it says all that the announcement would.

use billing::calendar::{add_calendar_days, at_hour, local_date};
use billing::debit::{CreditorId, DECIDED_WITHIN, NOTICE_DAYS, bank_days_after};
use serde_json::json;

use super::charges::Customer;
use super::means::MethodKind;
use super::methods::{self, Method};
use super::read::Payment;
use crate::sentence;
use crate::services::{Desk, Refusal};

/// The longest notice there may be.
const MOST_NOTICE_DAYS: u32 = 60;
/// By what hour of the day a debit is expected to be decided.
const HOUR: u32 = 12;

/// How a vendor has accounts debited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DebitTerms {
    /// `None`: the gateway's own.
    pub creditor_id: Option<CreditorId>,
    /// Calendar days before a debit that its payer is told of it. Fewer than the scheme's 14 are to be agreed with the payer.
    pub notice_days: u32,
}

impl Default for DebitTerms {
    fn default() -> DebitTerms {
        DebitTerms { creditor_id: None, notice_days: NOTICE_DAYS }
    }
}

pub async fn debit_terms(desk: &mut Desk) -> Result<DebitTerms, Refusal> {
    let row: Option<(Option<String>, i64)> =
        desk.tx.opt("SELECT creditor_id, notice_days FROM debit_terms WHERE vendor_id = $1 AND scheme = 'sepa'", (desk.vendor.id.clone(),)).await?;
    let Some((creditor_id, notice_days)) = row else { return Ok(DebitTerms::default()) };
    let creditor_id = match creditor_id {
        Some(text) => Some(CreditorId::parse(&text).ok_or_else(|| Refusal::damaged(format!("creditor identifier {text}")))?),
        None => None,
    };
    Ok(DebitTerms { creditor_id, notice_days: u32::try_from(notice_days).map_err(Refusal::damaged)? })
}

/// From now on, so. What was announced already is sent as announced.
pub async fn set_debit_terms(desk: &mut Desk, terms: &DebitTerms) -> Result<(), Refusal> {
    if terms.notice_days > MOST_NOTICE_DAYS {
        return Err(Refusal::field("notice_days", sentence!("debit-notice-days", most = MOST_NOTICE_DAYS)));
    }
    let creditor_id = terms.creditor_id.as_ref().map(|id| id.text().to_owned());
    desk.tx
        .run(
            "INSERT INTO debit_terms (vendor_id, scheme, creditor_id, notice_days, updated_at) VALUES ($1, 'sepa', $2, $3, $4)
             ON CONFLICT (vendor_id, scheme) DO UPDATE SET creditor_id = excluded.creditor_id, notice_days = excluded.notice_days, updated_at = excluded.updated_at",
            (desk.vendor.id.clone(), creditor_id.clone(), i64::from(terms.notice_days), desk.now.wall_ms()),
        )
        .await?;
    let vendor_id = desk.vendor.id.clone();
    desk.record("debit_terms.set", None, &vendor_id, json!({ "creditor_id": creditor_id, "notice_days": terms.notice_days })).await
}

/// Creditor identifier as it is typed.
pub fn creditor_id(text: &str) -> Result<CreditorId, Refusal> {
    CreditorId::parse(text).ok_or_else(|| Refusal::field("creditor_id", sentence!("debit-creditor-id")))
}

/// Until when (billing time, unix ms) a payment that is being opened waits before it is sent; `None`: it does not.
pub(super) async fn sent_at(desk: &mut Desk, method: &Method, who: Customer) -> Result<Option<i64>, Refusal> {
    if method.means.kind() != MethodKind::SepaDebit || who == Customer::Present {
        return Ok(None);
    }
    let notice_days = debit_terms(desk).await?.notice_days;
    let at = add_calendar_days(desk.now.billing, notice_days, desk.vendor.zone()?).map_err(billing::Error::from)?;
    Ok(Some(at.timestamp_millis()).filter(|_| notice_days > 0))
}

/// Has the payer of a debit told of it: amount, day, and by which mandate.
pub(super) async fn announce(desk: &mut Desk, payment: &Payment, method: &Method) -> Result<(), Refusal> {
    if method.means.kind() != MethodKind::SepaDebit {
        return Ok(());
    }
    let creditor_id = debit_terms(desk).await?.creditor_id.map(|id| id.text().to_owned());
    let at = payment.wait_until.unwrap_or(desk.now.billing_ms());
    let data = json!({
        "amount_minor": payment.amount_minor, "currency": payment.currency, "method_id": method.id, "debited_at": at, "creditor_id": creditor_id,
    });
    desk.record("payment.announced", Some(&payment.customer_id), &payment.id, data).await
}

/// By when (billing time, unix ms) it is likely known whether a payment that is on its way was paid; `None`: any moment.
pub(super) async fn decided_by(desk: &mut Desk, payment: &Payment) -> Result<Option<i64>, Refusal> {
    let method = methods::find_ever(desk, &payment.customer_id, &payment.method_id).await?;
    if method.means.kind() != MethodKind::SepaDebit {
        return Ok(None);
    }
    let zone = desk.vendor.zone()?;
    let day = bank_days_after(local_date(desk.now.billing, zone), DECIDED_WITHIN);
    Ok(Some(at_hour(day, HOUR, zone).map_err(billing::Error::from)?.timestamp_millis()))
}

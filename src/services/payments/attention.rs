//! What about a customer's payments needs a person: for the overview and for the payment page, with what repairs each.

use billing::dunning::Class;
use chrono::NaiveDate;

use crate::services::dunning::{self, Prospect};
use crate::services::{Desk, Refusal, invoices};

use super::gateway::DeclineReason;
use super::methods::{self, Expiry, Method, MethodRole};
use super::read::{self, Payment, Status};

/// One thing to see to, the most pressing first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attention {
    /// The last attempt to pay an open invoice was declined.
    Declined {
        payment: Payment,
        invoice_number: String,
        /// What is due of it by now.
        due_minor: i64,
        method: Method,
        reason: DeclineReason,
        repair: Repair,
        /// What it leads to; `None`: nothing is done about it.
        prospect: Option<Prospect>,
    },
    /// Payment of an invoice is due, and there was nothing to charge.
    Unpaid {
        invoice_number: String,
        due_minor: i64,
        currency: String,
        repair: Repair,
        prospect: Prospect,
    },
    /// The bank waits for the customer's answer.
    Confirm {
        payment: Payment,
        method: Method,
    },
    /// A card that is charged by itself can't be any more.
    Expired {
        method: Method,
        last_day: NaiveDate,
    },
    ExpiresSoon {
        method: Method,
        last_day: NaiveDate,
        days: i64,
        has_stand_in: bool,
    },
}

/// What pays an invoice that could not be charged, the surest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repair {
    /// The default card may be charged again, or another one.
    Default,
    /// The default card was refused for good as it stands: a new one, or what else is on file.
    OtherCard,
    /// Nothing on file can pay: a new card.
    NewCard,
}

/// What pays it as things stand, in its currency; `refused` is a method that was refused for good just now.
fn repair(on_file: &[Method], currency: &str, refused: Option<&str>, today: NaiveDate) -> Repair {
    let can_pay = |method: &Method| {
        let is_expired = matches!(method.expiry(today), Expiry::Expired { .. });
        method.refused.is_none() && method.can_pay(currency) && !is_expired && refused != Some(method.id.as_str())
    };
    match on_file.iter().find(|method| can_pay(method)) {
        Some(method) if method.is_default() => Repair::Default,
        Some(_) => Repair::OtherCard,
        None => Repair::NewCard,
    }
}

/// Everything that needs a person, seen from `today` in the customer's zone; `on_file` are the customer's methods ([`methods::list`]).
pub async fn attention(desk: &mut Desk, customer_id: &str, on_file: &[Method], today: NaiveDate) -> Result<Vec<Attention>, Refusal> {
    let mut found = Vec::new();
    for invoice in invoices::open_of(desk, customer_id).await? {
        let (due_minor, invoice_number) = (invoice.due_minor, invoice.number);
        // Only the latest attempt counts.
        let latest = read::of_invoice(desk, &invoice.id).await?.into_iter().next();
        match latest.map(|payment| (payment.status.clone(), payment)) {
            Some((Status::Declined(reason), payment)) => {
                let method = methods::find_ever(desk, customer_id, &payment.method_id).await?;
                let prospect = dunning::prospect(desk, &invoice.id).await?;
                let refused = (reason.class() == Class::Hard).then_some(method.id.as_str());
                let repair = repair(on_file, &payment.currency, refused, today);
                found.push(Attention::Declined { payment, invoice_number, due_minor, method, reason, repair, prospect });
            }
            Some((Status::NeedsAction { .. }, payment)) => {
                let method = methods::find_ever(desk, customer_id, &payment.method_id).await?;
                found.push(Attention::Confirm { payment, method });
            }
            Some((Status::Created | Status::Processing, _)) => {}
            _ => {
                let prospect = dunning::prospect(desk, &invoice.id).await?;
                let repair = repair(on_file, &invoice.currency, None, today);
                found.extend(prospect.map(|prospect| Attention::Unpaid { invoice_number, due_minor, currency: invoice.currency, repair, prospect }));
            }
        }
    }
    let charged = || on_file.iter().filter(|method| method.role != MethodRole::Kept);
    for method in charged() {
        match method.expiry(today) {
            Expiry::Expired { last_day } => found.push(Attention::Expired { method: method.clone(), last_day }),
            Expiry::Soon { last_day, days } => {
                let has_stand_in = charged().any(|other| other.id != method.id && other.last_day().is_none_or(|other_day| other_day > last_day));
                found.push(Attention::ExpiresSoon { method: method.clone(), last_day, days, has_stand_in });
            }
            Expiry::Good => {}
        }
    }
    Ok(found)
}

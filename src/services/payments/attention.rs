//! What about a customer's payments needs a person: for the overview and for the payment page, with what repairs each.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use crate::services::{Desk, Refusal};

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
        method: Method,
        reason: DeclineReason,
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

/// Everything that needs a person, seen from `today` in the customer's zone; `on_file` are the customer's methods ([`methods::list`]).
pub async fn attention(desk: &mut Desk, customer_id: &str, on_file: &[Method], today: NaiveDate) -> Result<Vec<Attention>, Refusal> {
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    for (payment, invoice_number) in read::of_open_invoices(desk, customer_id).await? {
        // Only the latest attempt of each invoice counts.
        if !seen.insert(invoice_number.clone()) {
            continue;
        }
        match payment.status.clone() {
            Status::Declined(reason) => {
                let method = methods::find_ever(desk, customer_id, &payment.method_id).await?;
                found.push(Attention::Declined { payment, invoice_number, method, reason });
            }
            Status::NeedsAction { .. } => {
                let method = methods::find_ever(desk, customer_id, &payment.method_id).await?;
                found.push(Attention::Confirm { payment, method });
            }
            _ => {}
        }
    }
    let charged = || on_file.iter().filter(|method| method.role != MethodRole::Kept);
    for method in charged() {
        match method.expiry(today) {
            Expiry::Expired { last_day } => found.push(Attention::Expired { method: method.clone(), last_day }),
            Expiry::Soon { last_day, days } => {
                let has_stand_in = charged().any(|other| other.id != method.id && other.last_day() > last_day);
                found.push(Attention::ExpiresSoon { method: method.clone(), last_day, days, has_stand_in });
            }
            Expiry::Good => {}
        }
    }
    Ok(found)
}

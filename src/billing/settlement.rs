//! What is still due of a document, and which balances pay it.
//!
//! An invoice is settled by allocations (payment, balance, credit note, tax withheld, write-off); what is paid is their sum and stored nowhere
//! else. What deliberately does not live here: taking a payment, and dunning.

use serde::{Deserialize, Serialize};

use crate::{
    Result,
    calendar::{Instant, Zone, add_calendar_days},
    money,
};

/// What is still due: the total less everything allocated to it.
pub fn due(total_minor: i64, allocations_minor: impl IntoIterator<Item = i64>) -> Result<i64> {
    Ok(money::sub(total_minor, money::sum(allocations_minor)?)?)
}

/// A credit in the customer's balance and what is left of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BalanceCredit {
    pub reference: String,
    pub left_minor: i64,
    /// From that instant on nothing is left of it. `None`: it lasts until it is used.
    pub expires_at: Option<Instant>,
}

/// So much of one balance credit for one invoice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BalanceUse {
    pub reference: String,
    pub amount_minor: i64,
}

/// Pays what is due at an instant from the balance: what expires soonest first, then the oldest (the order given). Never more than is due, and
/// nothing of what has expired by then.
pub fn use_balance(due_minor: i64, credits: &[BalanceCredit], at: Instant) -> Result<Vec<BalanceUse>> {
    let mut in_order: Vec<&BalanceCredit> = credits.iter().filter(|credit| credit.expires_at.is_none_or(|end| end > at)).collect();
    // Stable: the order given decides among those that expire together or not at all.
    in_order.sort_by_key(|credit| (credit.expires_at.is_none(), credit.expires_at));
    let mut due = due_minor.max(0);
    let mut uses = Vec::new();
    for credit in in_order {
        let amount_minor = credit.left_minor.clamp(0, due);
        if amount_minor > 0 {
            due = money::sub(due, amount_minor)?;
            uses.push(BalanceUse { reference: credit.reference.clone(), amount_minor });
        }
    }
    Ok(uses)
}

/// Where a credit note goes: first against what is still due of its invoice, the rest into the balance (or back, on a refund).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoteSplit {
    pub to_invoice_minor: i64,
    pub rest_minor: i64,
}

/// Splits a note's size (positive) over what is still due of its invoice.
pub fn split_note(amount_minor: i64, due_minor: i64) -> Result<NoteSplit> {
    let to_invoice_minor = due_minor.max(0).min(amount_minor);
    Ok(NoteSplit { to_invoice_minor, rest_minor: money::sub(amount_minor, to_invoice_minor)? })
}

/// The day payment falls due: so many calendar days of the zone after issue.
pub fn due_at(issued_at: Instant, payment_terms_days: u32, zone: Zone) -> Result<Instant> {
    Ok(add_calendar_days(issued_at, payment_terms_days, zone)?)
}

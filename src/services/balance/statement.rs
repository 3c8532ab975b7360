//! The statement: every movement of a customer's balance in one currency, and what was in it after each.

use billing::calendar::Instant;
use billing::money;
use sqlx::FromRow;

use crate::platform::clock::from_ms;
use crate::services::{Desk, Refusal};
use crate::t;
use crate::words::Words;

/// The movements from one instant to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    pub currency: String,
    /// What was in it before.
    pub opening_minor: i64,
    pub entries: Vec<Entry>,
    /// And after.
    pub closing_minor: i64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub at: Instant,
    pub what: What,
    /// Negative where it went out.
    pub amount_minor: i64,
    /// What was in the balance after it.
    pub balance_minor: i64,
}

/// What moved the balance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// By this number.
    CreditNote(String),
    /// In the vendor's words.
    Granted(String),
    /// What was bought, where it was more than an amount.
    ToppedUp(String),
    /// Given on top of what was paid for this.
    Bonus(String),
    /// For an invoice of this number; empty where there was none any more.
    Overpaid(String),
    /// Paid so much of the invoice of this number.
    Paid(String),
    /// What it had been given for.
    Expired(String),
    /// To where it was paid from.
    GivenBack,
    /// Given on top of what was paid for this, and taken back with that.
    BonusTakenBack(String),
    /// It could not go back: it came in again.
    NotGivenBack,
    /// The payer's bank has taken back what it was paid with.
    Disputed,
    /// That was decided for the vendor: it came in again.
    DisputeWon,
}

impl Entry {
    /// What moved, in the reader's words.
    pub fn told(&self, w: Words) -> String {
        match &self.what {
            What::CreditNote(number) => t!(w, "statement-credit-note", number = number),
            What::Granted(description) => description.clone(),
            What::ToppedUp(name) if name.is_empty() => t!(w, "statement-topped-up"),
            What::ToppedUp(name) => name.clone(),
            What::Bonus(name) => t!(w, "statement-bonus", name = name),
            What::Overpaid(number) if number.is_empty() => t!(w, "statement-overpaid"),
            What::Overpaid(number) => t!(w, "statement-overpaid-invoice", number = number),
            What::Paid(number) => t!(w, "statement-paid", number = number),
            What::GivenBack => t!(w, "statement-given-back"),
            What::BonusTakenBack(name) => t!(w, "statement-bonus-taken-back", name = name),
            What::NotGivenBack => t!(w, "statement-not-given-back"),
            What::Disputed => t!(w, "statement-disputed"),
            What::DisputeWon => t!(w, "statement-dispute-won"),
            What::Expired(description) if description.is_empty() => t!(w, "statement-expired"),
            What::Expired(description) => t!(w, "statement-expired-named", description = description),
        }
    }

    /// The document it leads to.
    pub fn document(&self) -> Option<&str> {
        match &self.what {
            What::CreditNote(number) | What::Paid(number) => Some(number),
            What::Overpaid(number) => Some(number).filter(|number| !number.is_empty()).map(String::as_str),
            What::Granted(_)
            | What::ToppedUp(_)
            | What::Bonus(_)
            | What::Expired(_)
            | What::GivenBack
            | What::BonusTakenBack(_)
            | What::NotGivenBack
            | What::Disputed
            | What::DisputeWon => None,
        }
    }
}

#[derive(FromRow)]
struct Movement {
    at: i64,
    id: String,
    kind: String,
    amount_minor: i64,
    /// A description or a number, by kind.
    named: String,
}

impl Movement {
    /// In the order they happened; at one instant what came in is there to be used, and what expired is not.
    fn order(&self) -> (i64, u8, &str) {
        let rank = match self.kind.as_str() {
            "paid" | "given_back" | "bonus_taken_back" | "disputed" => 2,
            "expired" => 1,
            _ => 0,
        };
        // Behind the prefix: ids sort by the time of their making.
        (self.at, rank, self.id.split_once('_').map_or(self.id.as_str(), |(_, rest)| rest))
    }

    fn what(&self) -> Result<What, Refusal> {
        let named = self.named.clone();
        Ok(match self.kind.as_str() {
            "credit_note" => What::CreditNote(named),
            "granted" => What::Granted(named),
            "top_up" => What::ToppedUp(named),
            "bonus" => What::Bonus(named),
            "overpayment" => What::Overpaid(named),
            "paid" => What::Paid(named),
            "expired" => What::Expired(named),
            "given_back" => What::GivenBack,
            "bonus_taken_back" => What::BonusTakenBack(named),
            "not_given_back" => What::NotGivenBack,
            "disputed" => What::Disputed,
            "dispute_won" => What::DisputeWon,
            other => return Err(Refusal::damaged(format!("no movement {other} of a balance"))),
        })
    }
}

/// The movements of a customer's balance in a currency, from one instant to before another.
pub async fn statement(desk: &mut Desk, customer_id: &str, currency: &str, from: Instant, until: Instant) -> Result<Statement, Refusal> {
    let mut movements: Vec<Movement> = desk
        .tx
        .all(
            "SELECT b.created_at AS at, b.id, b.source AS kind, b.amount_minor, b.description AS named FROM balance_credits b
                WHERE b.vendor_id = $1 AND b.customer_id = $2 AND b.currency = $3
             UNION ALL
             SELECT b.used_up_at, b.id, 'expired', -b.expired_minor, b.description FROM balance_credits b
                WHERE b.vendor_id = $1 AND b.customer_id = $2 AND b.currency = $3 AND b.expired_minor > 0
             UNION ALL
             SELECT r.moved_at, r.id, CASE WHEN r.dispute_id IS NOT NULL AND r.amount_minor < 0 THEN 'dispute_won' WHEN r.dispute_id IS NOT NULL THEN 'disputed'
                    WHEN r.amount_minor < 0 THEN 'not_given_back' WHEN b.source = 'bonus' THEN 'bonus_taken_back' ELSE 'given_back' END,
                -r.amount_minor, b.description FROM balance_returns r JOIN balance_credits b ON b.vendor_id = r.vendor_id AND b.id = r.balance_credit_id
                WHERE r.vendor_id = $1 AND b.customer_id = $2 AND b.currency = $3
             UNION ALL
             SELECT MIN(a.allocated_at), MIN(a.id), 'paid', -CAST(SUM(a.amount_minor) AS BIGINT), i.number
                FROM allocations a JOIN invoices i ON i.vendor_id = a.vendor_id AND i.id = a.invoice_id
                WHERE a.vendor_id = $1 AND i.customer_id = $2 AND i.currency = $3 AND a.kind = 'balance' GROUP BY i.id, i.number",
            (desk.vendor.id.clone(), customer_id.to_owned(), currency.to_owned()),
        )
        .await?;
    movements.sort_by(|one, other| one.order().cmp(&other.order()));
    let mut opening_minor = 0;
    let mut entries = Vec::new();
    let mut balance_minor = 0;
    for movement in movements.iter().filter(|movement| movement.at < until.timestamp_millis()) {
        balance_minor = money::add(balance_minor, movement.amount_minor).map_err(billing::Error::from)?;
        if movement.at < from.timestamp_millis() {
            opening_minor = balance_minor;
            continue;
        }
        entries.push(Entry { at: from_ms(movement.at), what: movement.what()?, amount_minor: movement.amount_minor, balance_minor });
    }
    Ok(Statement { currency: currency.to_owned(), opening_minor, entries, closing_minor: balance_minor })
}

//! What dunning brought: cases by the month they were opened in and by currency, and how many and how much of them was recovered.

use billing::calendar::local_date;
use chrono::NaiveDate;
use rust_decimal::Decimal;
use sqlx::FromRow;

use super::case::{Case, CaseRow};
use crate::services::{Desk, Refusal};

/// One month and currency. A case counts in the month it was opened in, whenever it is recovered.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct Figures {
    /// `2026-04`, of the vendor's days.
    pub month: String,
    pub currency: String,
    pub cases: i64,
    /// What was due of their invoices when they were opened.
    pub amount_minor: i64,
    /// Those that payments and transfers settled, and how much these brought.
    pub recovered: i64,
    pub recovered_minor: i64,
    /// Of them, by what: a try by itself, a new or renewed method, the customer's own hand.
    pub by_retry: i64,
    pub by_new_method: i64,
    pub by_customer: i64,
    /// Settled without a payment: credited, or withheld.
    pub settled_otherwise: i64,
    /// The grace is over, and they are unpaid and due.
    pub ended: i64,
    /// Lost: what was due is not asked for any more, and how much that is. What comes of it after all leaves it.
    pub written_off: i64,
    pub written_off_minor: i64,
    /// Still under way.
    pub open: i64,
}

impl Figures {
    /// Of 100 cases, so many were recovered; to a tenth.
    pub fn recovery_percent(&self) -> Decimal {
        percent(self.recovered, self.cases)
    }

    /// Of 100 units of money that could not be charged, so many came after all; to a tenth.
    pub fn recovered_percent(&self) -> Decimal {
        percent(self.recovered_minor, self.amount_minor)
    }
}

fn percent(part: i64, whole: i64) -> Decimal {
    let share = (Decimal::from(part) * Decimal::ONE_HUNDRED).checked_div(Decimal::from(whole));
    share.unwrap_or_default().round_dp(1).normalize()
}

/// Today, by the vendor's days.
pub fn today(desk: &Desk) -> Result<NaiveDate, Refusal> {
    Ok(local_date(desk.now.billing, desk.vendor.zone()?))
}

/// The cases opened from one day to another, by month and currency, the latest month first.
pub async fn report(desk: &mut Desk, from: NaiveDate, to: NaiveDate) -> Result<Vec<Figures>, Refusal> {
    Ok(desk
        .tx
        .all(
            "SELECT month, currency, COUNT(*) AS cases, CAST(SUM(amount_minor) AS BIGINT) AS amount_minor,
                COUNT(CASE WHEN recovered_minor > 0 THEN 1 END) AS recovered, CAST(SUM(recovered_minor) AS BIGINT) AS recovered_minor,
                COUNT(CASE WHEN recovered_by = 'retry' THEN 1 END) AS by_retry, COUNT(CASE WHEN recovered_by = 'new_method' THEN 1 END) AS by_new_method,
                COUNT(CASE WHEN recovered_by = 'customer' THEN 1 END) AS by_customer, COUNT(CASE WHEN recovered_by = 'other' THEN 1 END) AS settled_otherwise,
                COUNT(CASE WHEN state = 'ended' THEN 1 END) AS ended, COUNT(CASE WHEN state = 'written_off' THEN 1 END) AS written_off,
                CAST(SUM(written_off_minor) AS BIGINT) AS written_off_minor, COUNT(CASE WHEN state = 'open' THEN 1 END) AS open
             FROM (SELECT SUBSTR(opened_on, 1, 7) AS month, currency, amount_minor, recovered_minor, recovered_by, state, CASE WHEN state = 'written_off' THEN
                    CAST(COALESCE((SELECT SUM(a.amount_minor) FROM allocations a WHERE a.vendor_id = $1 AND a.invoice_id = dunning_cases.invoice_id AND a.kind = 'write_off'), 0) AS BIGINT)
                    ELSE 0 END AS written_off_minor FROM dunning_cases
                WHERE vendor_id = $1 AND opened_on >= $2 AND opened_on <= $3) AS c
             GROUP BY month, currency ORDER BY month DESC, currency",
            (desk.vendor.id.clone(), from.to_string(), to.to_string()),
        )
        .await?)
}

/// Which cases are looked for; the default is all of them. Each figure of a report is one of these.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sought {
    pub customer_id: Option<String>,
    /// `2026-04`
    pub month: Option<String>,
    pub currency: Option<String>,
    pub state: Option<String>,
    pub recovered_by: Option<String>,
    /// Only what was opened before the case of this id: the cursor of the next page.
    pub before: Option<String>,
}

/// The vendor's cases that fit, the latest first.
pub async fn page(desk: &mut Desk, sought: &Sought, at_most: i64) -> Result<Vec<Case>, Refusal> {
    let or_empty = |text: &Option<String>| text.clone().unwrap_or_default();
    let rows: Vec<CaseRow> = desk
        .tx
        .all(
            "SELECT * FROM dunning_cases WHERE vendor_id = $1 AND ($2 = '' OR customer_id = $2) AND ($3 = '' OR SUBSTR(opened_on, 1, 7) = $3) AND ($4 = '' OR currency = $4)
                AND ($5 = '' OR state = $5) AND ($6 = '' OR recovered_by = $6) AND ($7 = '' OR id < $7) ORDER BY id DESC LIMIT $8 + 0",
            (
                desk.vendor.id.clone(),
                or_empty(&sought.customer_id),
                or_empty(&sought.month),
                or_empty(&sought.currency),
                or_empty(&sought.state),
                or_empty(&sought.recovered_by),
                or_empty(&sought.before),
                at_most,
            ),
        )
        .await?;
    rows.into_iter().map(Case::try_from).collect()
}

/// All cases of an invoice, the latest first: what settled it may have been taken back.
pub async fn all_of_invoice(desk: &mut Desk, invoice_id: &str) -> Result<Vec<Case>, Refusal> {
    let rows: Vec<CaseRow> = desk
        .tx
        .all("SELECT * FROM dunning_cases WHERE vendor_id = $1 AND invoice_id = $2 ORDER BY id DESC", (desk.vendor.id.clone(), invoice_id.to_owned()))
        .await?;
    rows.into_iter().map(Case::try_from).collect()
}

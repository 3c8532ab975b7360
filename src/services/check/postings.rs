//! Postings: each sums to zero; every document, payment, credit and withholding has exactly those that the engine derives from it, and nothing else has
//! any; and the accounts come to what the records they stand for come to.

use billing::Result as Billing;
use billing::invoice::{Document, DocumentKind};
use billing::ledger::{self, Account, Entry};
use billing::money::{self, Currency};
use billing::tax::PricesTax;
use serde::Deserialize;
use sqlx::FromRow;

use super::{Counts, Held, Stop, broken, count, same, shown};
use crate::services::subscriptions::{of_word, word};
use crate::services::{Desk, Refusal};

pub(super) async fn hold(desk: &mut Desk, counts: &mut Counts) -> Held {
    each_is_balanced(desk, counts).await?;
    of_documents(desk).await?;
    of_payments(desk).await?;
    of_credits(desk).await?;
    of_withholdings(desk, counts).await?;
    of_nothing_else(desk).await?;
    accounts(desk, counts).await
}

#[derive(FromRow)]
struct PostingRow {
    posting_id: String,
    sum_minor: i64,
    currencies: i64,
    customers: i64,
    subjects: i64,
}

/// Every posting sums to zero, in one currency, for one customer and one subject.
async fn each_is_balanced(desk: &mut Desk, counts: &mut Counts) -> Held {
    let take = |row: PostingRow| {
        same("ledger_entries", &row.posting_id, "the sum of the posting", 0, row.sum_minor)?;
        same("ledger_entries", &row.posting_id, "the number of currencies in the posting", 1, row.currencies)?;
        same("ledger_entries", &row.posting_id, "the number of customers in the posting", 1, row.customers)?;
        same("ledger_entries", &row.posting_id, "the number of subjects of the posting", 1, row.subjects)?;
        count(counts, "postings");
        Ok::<(), Stop>(())
    };
    desk.tx
        .each(
            "SELECT posting_id, CAST(SUM(amount_minor) AS BIGINT) AS sum_minor, COUNT(DISTINCT currency) AS currencies, COUNT(DISTINCT customer_id) AS customers,
                COUNT(DISTINCT subject_id) AS subjects
             FROM ledger_entries WHERE vendor_id = $1 GROUP BY posting_id",
            (desk.vendor.id.clone(),),
            take,
        )
        .await
}

/// Records (`s`) with more columns of theirs, and what is posted for each, summed by account.
macro_rules! with_postings {
    ($columns:literal, $from:literal) => {
        concat!(
            "SELECT s.id, s.customer_id, s.currency, ",
            $columns,
            ", l.postings, l.entries, l.customer_id AS posted_customer_id, l.currency AS posted_currency, l.receivable, l.cash, l.revenue, l.tax, l.customer_balance, l.discounts,
                l.write_offs, l.rounding, l.tax_withheld, l.disputed FROM ",
            $from,
            " LEFT JOIN (SELECT subject_id, COUNT(DISTINCT posting_id) AS postings, COUNT(*) AS entries, MIN(customer_id) AS customer_id, MIN(currency) AS currency,
                CAST(SUM(CASE WHEN account = 'receivable' THEN amount_minor ELSE 0 END) AS BIGINT) AS receivable,
                CAST(SUM(CASE WHEN account = 'cash' THEN amount_minor ELSE 0 END) AS BIGINT) AS cash,
                CAST(SUM(CASE WHEN account = 'revenue' THEN amount_minor ELSE 0 END) AS BIGINT) AS revenue,
                CAST(SUM(CASE WHEN account = 'tax' THEN amount_minor ELSE 0 END) AS BIGINT) AS tax,
                CAST(SUM(CASE WHEN account = 'customer_balance' THEN amount_minor ELSE 0 END) AS BIGINT) AS customer_balance,
                CAST(SUM(CASE WHEN account = 'discounts' THEN amount_minor ELSE 0 END) AS BIGINT) AS discounts,
                CAST(SUM(CASE WHEN account = 'write_offs' THEN amount_minor ELSE 0 END) AS BIGINT) AS write_offs,
                CAST(SUM(CASE WHEN account = 'rounding' THEN amount_minor ELSE 0 END) AS BIGINT) AS rounding,
                CAST(SUM(CASE WHEN account = 'tax_withheld' THEN amount_minor ELSE 0 END) AS BIGINT) AS tax_withheld,
                CAST(SUM(CASE WHEN account = 'disputed' THEN amount_minor ELSE 0 END) AS BIGINT) AS disputed
             FROM ledger_entries WHERE vendor_id = $1 GROUP BY subject_id) l ON l.subject_id = s.id WHERE s.vendor_id = $1"
        )
    };
}
pub(super) use with_postings;

/// What stands in the ledger for one subject. All `None` where nothing does.
#[derive(FromRow)]
pub(super) struct Posted {
    pub(super) id: String,
    customer_id: String,
    currency: String,
    postings: Option<i64>,
    entries: Option<i64>,
    posted_customer_id: Option<String>,
    posted_currency: Option<String>,
    receivable: Option<i64>,
    cash: Option<i64>,
    revenue: Option<i64>,
    tax: Option<i64>,
    customer_balance: Option<i64>,
    discounts: Option<i64>,
    write_offs: Option<i64>,
    rounding: Option<i64>,
    tax_withheld: Option<i64>,
    disputed: Option<i64>,
}

/// What the engine derives for a record: postings of one form, so many of them, and what their entries come to together.
pub(super) struct Derived {
    pub(super) postings: i64,
    pub(super) entries: Vec<Entry>,
}

impl Derived {
    /// None, where nothing is posted.
    pub(super) fn one(entries: Vec<Entry>) -> Derived {
        Derived { postings: if entries.is_empty() { 0 } else { 1 }, entries }
    }
}

impl Posted {
    /// Whose the record is.
    pub(super) fn customer_id(&self) -> &str {
        &self.customer_id
    }

    fn of(&self, account: Account) -> i64 {
        let sum = match account {
            Account::Receivable => self.receivable,
            Account::Cash => self.cash,
            Account::Revenue => self.revenue,
            Account::Tax => self.tax,
            Account::CustomerBalance => self.customer_balance,
            Account::Discounts => self.discounts,
            Account::WriteOffs => self.write_offs,
            Account::Rounding => self.rounding,
            Account::TaxWithheld => self.tax_withheld,
            Account::Disputed => self.disputed,
        };
        // No entries sum to nothing.
        sum.unwrap_or_default()
    }

    /// Holds that what stands is what the engine derives: the sum of each account, and so many postings and entries.
    pub(super) fn is_exactly(&self, derived: &[Derived]) -> Held {
        let at = |what: &str| format!("{what} posted for it");
        for account in Account::ALL {
            let entries = derived.iter().flat_map(|derived| &derived.entries).filter(|entry| entry.account == account);
            let expected = money::sum(entries.map(|entry| entry.amount_minor))?;
            same("ledger_entries", &self.id, &at(&word(account)?), expected, self.of(account))?;
        }
        let postings: i64 = derived.iter().map(|derived| derived.postings).sum();
        same("ledger_entries", &self.id, &at("the number of postings"), postings, self.postings.unwrap_or_default())?;
        let mut entries = 0;
        for derived in derived {
            entries += derived.postings * i64::try_from(derived.entries.len()).map_err(Refusal::damaged)?;
        }
        same("ledger_entries", &self.id, &at("the number of entries"), entries, self.entries.unwrap_or_default())?;
        if postings > 0 {
            same("ledger_entries", &self.id, &at("the customer"), &self.customer_id, &shown(self.posted_customer_id.as_ref()))?;
            same("ledger_entries", &self.id, &at("the currency"), &self.currency, &shown(self.posted_currency.as_ref()))?;
        }
        Ok(())
    }
}

/// What a frozen document says of its sums; the rest of it is skipped.
#[derive(Deserialize)]
struct Sums {
    kind: DocumentKind,
    currency: String,
    prices: PricesTax,
    subtotal_minor: i64,
    discount_minor: i64,
    tax_total_minor: i64,
    rounding_minor: i64,
    total_minor: i64,
    balance_minor: i64,
}

impl Sums {
    /// The engine's document, as far as its postings need it.
    fn document(&self) -> Billing<Document> {
        Ok(Document {
            kind: self.kind,
            currency: Currency::from_code(&self.currency)?,
            prices: self.prices,
            lines: Vec::new(),
            subtotal_minor: self.subtotal_minor,
            discount_minor: self.discount_minor,
            discounts: Vec::new(),
            tax: Vec::new(),
            tax_total_minor: self.tax_total_minor,
            rounding_minor: self.rounding_minor,
            total_minor: self.total_minor,
            notes: Vec::new(),
        })
    }
}

#[derive(FromRow)]
struct DocumentRow {
    #[sqlx(flatten)]
    posted: Posted,
    document: String,
    /// Paid by the balance on the day of issue.
    from_balance_minor: i64,
    /// Of a credit note: against what was due of invoices; back by the method that paid; into the balance, in so many credits.
    to_invoices_minor: i64,
    refund_minor: i64,
    to_balance_minor: i64,
    to_balance: i64,
}

async fn of_documents(desk: &mut Desk) -> Held {
    let take = |row: DocumentRow| {
        let id = row.posted.id.as_str();
        let sums: Sums = serde_json::from_str(&row.document).map_err(|error| broken("invoices", id, "document", "a frozen document", error))?;
        let document = sums.document()?;
        same("invoices", id, "what the balance paid of it", sums.balance_minor, row.from_balance_minor)?;
        let derived = match sums.kind {
            DocumentKind::Invoice => vec![Derived::one(ledger::invoice_issued(&document)?), Derived::one(ledger::balance_applied(sums.balance_minor)?)],
            DocumentKind::CreditNote => of_note(&row, &document)?,
        };
        row.posted.is_exactly(&derived)
    };
    desk.tx
        .each(
            with_postings!(
                "s.document, CAST(COALESCE(b.minor, 0) AS BIGINT) AS from_balance_minor, CAST(COALESCE(a.minor, 0) AS BIGINT) AS to_invoices_minor,
                    CAST(COALESCE(c.minor, 0) AS BIGINT) AS refund_minor, CAST(COALESCE(k.minor, 0) AS BIGINT) AS to_balance_minor, COALESCE(k.number, 0) AS to_balance",
                "invoices s
                    LEFT JOIN (SELECT invoice_id, SUM(amount_minor) AS minor FROM allocations WHERE vendor_id = $1 AND kind = 'balance' GROUP BY invoice_id) b ON b.invoice_id = s.id
                    LEFT JOIN (SELECT credit_note_id, SUM(amount_minor) AS minor FROM allocations WHERE vendor_id = $1 AND credit_note_id IS NOT NULL GROUP BY credit_note_id) a
                        ON a.credit_note_id = s.id
                    LEFT JOIN (SELECT credit_note_id, SUM(refund_minor) AS minor FROM credited_invoices WHERE vendor_id = $1 GROUP BY credit_note_id) c ON c.credit_note_id = s.id
                    LEFT JOIN (SELECT source_id, SUM(amount_minor) AS minor, COUNT(*) AS number FROM balance_credits WHERE vendor_id = $1 AND source = 'credit_note'
                        GROUP BY source_id) k ON k.source_id = s.id"
            ),
            (desk.vendor.id.clone(),),
            take,
        )
        .await
}

/// A credit note's money went against invoices and into the balance, or back; what could not go back is in the balance too.
fn of_note(row: &DocumentRow, document: &Document) -> Result<Vec<Derived>, Stop> {
    let id = row.posted.id.as_str();
    let size = money::neg(document.total_minor)?;
    let placed = money::sum([row.to_invoices_minor, row.refund_minor, row.to_balance_minor])?;
    same("invoices", id, "what became of the credit note's money", size, placed)?;
    // A refund of which nothing could go back has only its postings left to tell it by.
    let is_refund = row.refund_minor > 0 || row.posted.postings.is_some_and(|postings| postings > 1);
    if !is_refund {
        return Ok(vec![Derived::one(ledger::credit_note_issued(document, row.to_invoices_minor)?)]);
    }
    Ok(vec![
        Derived::one(ledger::credit_note_issued(document, size)?),
        Derived::one(ledger::refund_paid(size)?),
        Derived { postings: row.to_balance, entries: ledger::refund_kept(row.to_balance_minor)? },
    ])
}

#[derive(FromRow)]
struct PaymentRow {
    #[sqlx(flatten)]
    posted: Posted,
    allocated_minor: i64,
    allocations: i64,
    over_minor: i64,
    credits: i64,
}

async fn of_payments(desk: &mut Desk) -> Held {
    let take = |row: PaymentRow| {
        row.posted.is_exactly(&[
            Derived { postings: row.allocations, entries: ledger::payment_received(row.allocated_minor)? },
            Derived { postings: row.credits, entries: ledger::balance_topped_up(row.over_minor)? },
        ])
    };
    desk.tx
        .each(
            with_postings!(
                "CAST(COALESCE(a.minor, 0) AS BIGINT) AS allocated_minor, COALESCE(a.number, 0) AS allocations, CAST(COALESCE(b.minor, 0) AS BIGINT) AS over_minor,
                    COALESCE(b.number, 0) AS credits",
                "payments s
                    LEFT JOIN (SELECT payment_id, SUM(amount_minor) AS minor, COUNT(*) AS number FROM allocations WHERE vendor_id = $1 AND payment_id IS NOT NULL
                        GROUP BY payment_id) a ON a.payment_id = s.id
                    LEFT JOIN (SELECT source_id, SUM(amount_minor) AS minor, COUNT(*) AS number FROM balance_credits WHERE vendor_id = $1 AND source IN ('overpayment', 'top_up')
                        GROUP BY source_id) b ON b.source_id = s.id"
            ),
            (desk.vendor.id.clone(),),
            take,
        )
        .await
}

#[derive(FromRow)]
struct CreditRow {
    #[sqlx(flatten)]
    posted: Posted,
    source: String,
    source_id: Option<String>,
    amount_minor: i64,
    expired_minor: i64,
}

/// A credit that came of no other record has postings of its own; any other's stand with what it came from.
async fn of_credits(desk: &mut Desk) -> Held {
    let take = |row: CreditRow| {
        let id = row.posted.id.as_str();
        let derived = match (row.source.as_str(), &row.source_id) {
            ("granted", None) => Derived::one(ledger::balance_granted(row.amount_minor)?),
            ("bonus", Some(_)) => Derived::one(ledger::balance_granted(row.amount_minor)?),
            ("credit_note" | "overpayment" | "top_up", Some(_)) => Derived::one(Vec::new()),
            (source, source_id) => {
                return Err(broken("balance_credits", id, "where it came from", "something known", format!("{source} {}", shown(source_id.as_ref()))));
            }
        };
        let expired = match row.source.as_str() {
            "top_up" => ledger::paid_expired(row.expired_minor)?,
            _ => ledger::granted_expired(row.expired_minor)?,
        };
        row.posted.is_exactly(&[derived, Derived::one(expired)])
    };
    desk.tx.each(with_postings!("s.source, s.source_id, s.amount_minor, s.expired_minor", "balance_credits s"), (desk.vendor.id.clone(),), take).await
}

#[derive(FromRow)]
struct WithholdingRow {
    #[sqlx(flatten)]
    posted: Posted,
    amount_minor: i64,
    taken_back_at: Option<i64>,
    allocations: i64,
    allocated_minor: i64,
}

/// What was withheld of an invoice settles it once, and no more once it is taken back.
async fn of_withholdings(desk: &mut Desk, counts: &mut Counts) -> Held {
    let take = |row: WithholdingRow| {
        let (withheld, mut derived) = (row.amount_minor, vec![Derived::one(ledger::tax_withheld(row.amount_minor)?)]);
        let (allocations, allocated_minor) = match row.taken_back_at {
            None => (1, withheld),
            Some(_) => {
                derived.push(Derived::one(ledger::tax_withheld_taken_back(withheld)?));
                (2, 0)
            }
        };
        same("withholdings", &row.posted.id, "the number of allocations it has", allocations, row.allocations)?;
        same("withholdings", &row.posted.id, "the sum of its allocations", allocated_minor, row.allocated_minor)?;
        row.posted.is_exactly(&derived)?;
        count(counts, "withholdings");
        Ok::<(), Stop>(())
    };
    desk.tx
        .each(
            with_postings!(
                "s.amount_minor, s.taken_back_at, COALESCE(a.number, 0) AS allocations, CAST(COALESCE(a.minor, 0) AS BIGINT) AS allocated_minor",
                "withholdings s
                    LEFT JOIN (SELECT withholding_id, COUNT(*) AS number, SUM(amount_minor) AS minor FROM allocations
                        WHERE vendor_id = $1 AND withholding_id IS NOT NULL GROUP BY withholding_id) a ON a.withholding_id = s.id"
            ),
            (desk.vendor.id.clone(),),
            take,
        )
        .await
}

/// Every posting is of one of these.
async fn of_nothing_else(desk: &mut Desk) -> Held {
    let stray: Option<(String, String)> = desk
        .tx
        .opt(
            "SELECT e.id, e.subject_id FROM ledger_entries e WHERE e.vendor_id = $1
                AND NOT EXISTS (SELECT 1 FROM invoices i WHERE i.vendor_id = e.vendor_id AND i.id = e.subject_id)
                AND NOT EXISTS (SELECT 1 FROM payments p WHERE p.vendor_id = e.vendor_id AND p.id = e.subject_id)
                AND NOT EXISTS (SELECT 1 FROM transfers t WHERE t.vendor_id = e.vendor_id AND t.id = e.subject_id)
                AND NOT EXISTS (SELECT 1 FROM refunds r WHERE r.vendor_id = e.vendor_id AND r.id = e.subject_id)
                AND NOT EXISTS (SELECT 1 FROM disputes d WHERE d.vendor_id = e.vendor_id AND d.id = e.subject_id)
                AND NOT EXISTS (SELECT 1 FROM balance_credits b WHERE b.vendor_id = e.vendor_id AND b.id = e.subject_id)
                AND NOT EXISTS (SELECT 1 FROM withholdings w WHERE w.vendor_id = e.vendor_id AND w.id = e.subject_id)
                AND NOT EXISTS (SELECT 1 FROM write_offs f WHERE f.vendor_id = e.vendor_id AND f.id = e.subject_id)
             ORDER BY e.id LIMIT 1",
            (desk.vendor.id.clone(),),
        )
        .await?;
    match stray {
        None => Ok(()),
        Some((id, subject)) => Err(broken(
            "ledger_entries",
            &id,
            "subject_id",
            "a document, a payment, a transfer, a refund, a dispute, a credit, a withholding or a write-off",
            subject,
        )),
    }
}

#[derive(FromRow)]
struct AccountRow {
    customer_id: String,
    currency: String,
    receivable_minor: i64,
    balance_minor: i64,
    /// From the records: invoices less what settles them, and what is left of credits.
    due_minor: i64,
    left_minor: i64,
}

/// What a customer owes and is owed by the ledger is what its invoices and credits say, and the whole sums to zero.
async fn accounts(desk: &mut Desk, counts: &mut Counts) -> Held {
    let vendor = desk.vendor.id.clone();
    let known = Account::ALL.map(word).into_iter().collect::<Result<Vec<_>, _>>()?;
    let take = |(id, account): (String, String)| match of_word::<Account>(&account) {
        Ok(_) => Ok::<(), Stop>(()),
        Err(_) => Err(broken("ledger_entries", &id, "account", format!("one of {}", known.join(", ")), account)),
    };
    desk.tx.each("SELECT MIN(id), account FROM ledger_entries WHERE vendor_id = $1 GROUP BY account", (vendor.clone(),), take).await?;
    let take = |row: AccountRow| {
        let what = |account: &str| format!("what {account} comes to in {}", row.currency);
        same("customers", &row.customer_id, &what("receivable"), row.due_minor, row.receivable_minor)?;
        same("customers", &row.customer_id, &what("customer_balance"), money::neg(row.left_minor)?, row.balance_minor)?;
        count(counts, "accounts");
        Ok::<(), Stop>(())
    };
    desk.tx
        .each(
            "SELECT customer_id, currency, CAST(SUM(receivable) AS BIGINT) AS receivable_minor, CAST(SUM(balance) AS BIGINT) AS balance_minor,
                CAST(SUM(due) AS BIGINT) AS due_minor, CAST(SUM(credit) AS BIGINT) AS left_minor
             FROM (
                SELECT customer_id, currency, CASE WHEN account = 'receivable' THEN amount_minor ELSE 0 END AS receivable,
                    CASE WHEN account = 'customer_balance' THEN amount_minor ELSE 0 END AS balance, 0 AS due, 0 AS credit
                    FROM ledger_entries WHERE vendor_id = $1 AND account IN ('receivable', 'customer_balance')
                UNION ALL SELECT customer_id, currency, 0, 0, total_minor, 0 FROM invoices WHERE vendor_id = $1 AND kind = 'invoice'
                UNION ALL SELECT i.customer_id, i.currency, 0, 0, -a.amount_minor, CASE WHEN a.kind = 'balance' THEN -a.amount_minor ELSE 0 END
                    FROM allocations a JOIN invoices i ON i.vendor_id = a.vendor_id AND i.id = a.invoice_id WHERE a.vendor_id = $1
                UNION ALL SELECT customer_id, currency, 0, 0, 0, amount_minor - expired_minor FROM balance_credits WHERE vendor_id = $1
                UNION ALL SELECT b.customer_id, b.currency, 0, 0, 0, -r.amount_minor
                    FROM balance_returns r JOIN balance_credits b ON b.vendor_id = r.vendor_id AND b.id = r.balance_credit_id WHERE r.vendor_id = $1
             ) x GROUP BY customer_id, currency",
            (vendor,),
            take,
        )
        .await
}

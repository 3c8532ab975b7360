//! What is due of an invoice, and what settles it: allocation rows. Paid is their sum and stands nowhere else; `settled_at` only
//! remembers when that sum first reached the total.

use std::collections::HashMap;

use billing::calendar::Instant;
use billing::ledger;
use serde_json::json;
use sqlx::FromRow;

use super::read::Owed;
use super::write_off;
use crate::platform::clock::from_ms;
use crate::platform::db::Many;
use crate::services::balance::{self, Source};
use crate::services::desk::{Answers, Standing, answer, standing_columns};
use crate::services::{Desk, Refusal, dunning, ledger as books, subscriptions};

/// What lowers the amount due, by where it came from.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Allocation<'a> {
    Payment(&'a str),
    Transfer(&'a str),
    /// Below zero: of a dispute that was lost.
    Dispute(&'a str),
    Balance(&'a str),
    CreditNote(&'a str),
    Withholding(&'a str),
    /// Below zero: it is owed again.
    WriteOff(&'a str),
}

#[derive(Clone, FromRow)]
struct DueRow {
    id: String,
    customer_id: String,
    currency: String,
    number: String,
    due_at: i64,
    total_minor: i64,
    allocated_minor: i64,
    /// Of it, what is not asked for any more.
    written_off_minor: i64,
    ended_as: Option<String>,
    settled_at: Option<i64>,
    /// The dunning case it is unpaid in.
    case_id: Option<String>,
    /// A subscription on it that is past due.
    past_due_id: Option<String>,
}

/// The columns of a [`DueRow`], of an invoice `i`.
macro_rules! columns {
    () => {
        "i.id, i.customer_id, i.currency, i.number, i.due_at, i.total_minor, i.ended_as, i.settled_at,
            CAST(COALESCE((SELECT SUM(a.amount_minor) FROM allocations a WHERE a.vendor_id = i.vendor_id AND a.invoice_id = i.id), 0) AS BIGINT) AS allocated_minor,
            CAST(COALESCE((SELECT SUM(a.amount_minor) FROM allocations a WHERE a.vendor_id = i.vendor_id AND a.invoice_id = i.id AND a.kind = 'write_off'), 0) AS BIGINT)
                AS written_off_minor,
            (SELECT c.id FROM dunning_cases c WHERE c.vendor_id = i.vendor_id AND c.invoice_id = i.id AND c.state IN ('open', 'ended', 'written_off')) AS case_id,
            (SELECT s.id FROM invoice_lines l CROSS JOIN subscriptions s WHERE l.vendor_id = i.vendor_id AND l.invoice_id = i.id
                AND s.vendor_id = l.vendor_id AND s.id = l.subscription_id AND s.status = 'past_due' LIMIT 1) AS past_due_id"
    };
}

/// Read ahead of an invoice that will be paid: what is due of it.
const DUE: &str = "due";

async fn due_row(desk: &mut Desk, invoice_id: &str) -> Result<DueRow, Refusal> {
    if let Some(known) = desk.take_foreseen(DUE, invoice_id) {
        return Ok(known);
    }
    desk.tx
        .opt(concat!("SELECT ", columns!(), " FROM invoices i WHERE i.vendor_id = $1 AND i.id = $2"), (desk.vendor.id.clone(), invoice_id.to_owned()))
        .await?
        .ok_or(Refusal::NotFound)
}

#[derive(FromRow)]
struct DueOfSeveral {
    #[sqlx(flatten)]
    due: DueRow,
    #[sqlx(flatten)]
    standing: Standing,
}

static DUE_OF_EACH: Many = Many {
    before: concat!("SELECT ", columns!(), ", ", standing_columns!(), " FROM (VALUES"),
    columns: 2,
    after: ") AS v CROSS JOIN invoices i CROSS JOIN vendors w WHERE i.vendor_id = v.column1 AND i.id = v.column2 AND w.id = v.column1",
    of_each: false,
};

/// Reads ahead of the payment of some invoices, whose customers are locked, each after its id; and how the vendor stands, for it is posted.
pub(crate) async fn foresee_paid(desk: &mut Desk, invoice_ids: &[String]) -> Result<HashMap<String, Answers>, Refusal> {
    let rows: Vec<DueOfSeveral> = desk.tx.all_of(&DUE_OF_EACH, desk.each(invoice_ids)).await?;
    if let Some(DueOfSeveral { standing, .. }) = rows.first() {
        desk.note_standing(*standing);
    }
    let ahead = |DueOfSeveral { due, .. }: DueOfSeveral| {
        let (id, mut answers) = (due.id.clone(), Answers::new());
        answer(&mut answers, DUE, &id, due);
        (id, answers)
    };
    Ok(rows.into_iter().map(ahead).collect())
}

/// What is due of an invoice as it stands, without its document.
pub(crate) async fn owed(desk: &mut Desk, invoice_id: &str) -> Result<Owed, Refusal> {
    owed_of(desk, &[invoice_id.to_owned()]).await?.pop().ok_or(Refusal::NotFound)
}

/// The same of several.
pub(crate) async fn owed_of(desk: &mut Desk, invoice_ids: &[String]) -> Result<Vec<Owed>, Refusal> {
    let rows: Vec<DueOfSeveral> = desk.tx.all_of(&DUE_OF_EACH, desk.each(invoice_ids)).await?;
    rows.into_iter().map(|DueOfSeveral { due, .. }| due.owed()).collect()
}

impl DueRow {
    fn owed(self) -> Result<Owed, Refusal> {
        let due_minor = self.due_minor()?.max(0);
        Ok(Owed { invoice_id: self.id, customer_id: self.customer_id, number: self.number, currency: self.currency, due_at: from_ms(self.due_at), due_minor })
    }

    fn due_minor(&self) -> Result<i64, Refusal> {
        if self.ended_as.as_deref() == Some("void") {
            return Ok(0);
        }
        Ok(billing::settlement::due(self.total_minor, [self.allocated_minor])?)
    }

    fn payable_minor(&self) -> Result<i64, Refusal> {
        Ok(billing::money::add(self.due_minor()?, self.written_off_minor).map_err(billing::Error::from)?)
    }
}

/// What may still be paid of an invoice, or credited of it instead of paid: its total less what settles it, what was written off included.
pub(super) async fn amount_payable(desk: &mut Desk, invoice_id: &str) -> Result<i64, Refusal> {
    due_row(desk, invoice_id).await?.payable_minor()
}

static INSERT_ALLOCATION: Many = Many {
    before: "INSERT INTO allocations (vendor_id, id, invoice_id, kind, amount_minor, payment_id, transfer_id, dispute_id, balance_credit_id, credit_note_id, withholding_id, write_off_id, allocated_at) VALUES",
    columns: 13,
    after: "",
    of_each: false,
};

/// Adds an allocation. Ledger entries are the caller's.
pub(crate) async fn allocate(desk: &mut Desk, invoice_id: &str, amount_minor: i64, from: Allocation<'_>) -> Result<(), Refusal> {
    let at = desk.now.billing;
    allocate_as_of(desk, at, invoice_id, amount_minor, from).await
}

/// The same of what was so at another moment.
pub(crate) async fn allocate_as_of(desk: &mut Desk, at: Instant, invoice_id: &str, amount_minor: i64, from: Allocation<'_>) -> Result<(), Refusal> {
    let id = desk.new_id("alc");
    let (kind, source) = match from {
        Allocation::Payment(id) => ("payment", id),
        Allocation::Transfer(id) => ("transfer", id),
        Allocation::Dispute(id) => ("dispute", id),
        Allocation::Balance(id) => ("balance", id),
        Allocation::CreditNote(id) => ("credit_note", id),
        Allocation::Withholding(id) => ("withholding", id),
        Allocation::WriteOff(id) => ("write_off", id),
    };
    let of = |own: &str| (own == kind).then(|| source.to_owned());
    let row = (
        desk.vendor.id.clone(),
        id,
        invoice_id.to_owned(),
        kind,
        amount_minor,
        of("payment"),
        of("transfer"),
        of("dispute"),
        of("balance"),
        of("credit_note"),
        of("withholding"),
        of("write_off"),
        at.timestamp_millis(),
    );
    Ok(desk.tx.put(&INSERT_ALLOCATION, row).await?)
}

/// Marks an invoice settled once nothing is due of it; its subscriptions recover with it.
pub(crate) async fn note_if_settled(desk: &mut Desk, invoice_id: &str) -> Result<(), Refusal> {
    let at = desk.now.billing;
    note_if_settled_as_of(desk, at, invoice_id).await
}

/// The same by what came at another moment: then it was settled. What follows from it follows now.
pub(crate) async fn note_if_settled_as_of(desk: &mut Desk, at: Instant, invoice_id: &str) -> Result<(), Refusal> {
    let row = due_row(desk, invoice_id).await?;
    if row.due_minor()? > 0 { Ok(()) } else { note_settled(desk, at, invoice_id, &row).await }
}

static SETTLED: Many = Many {
    before: "UPDATE invoices SET settled_at = v.column3 FROM (VALUES",
    columns: 3,
    after: ") AS v WHERE invoices.vendor_id = v.column1 AND invoices.id = v.column2 AND invoices.settled_at IS NULL",
    of_each: true,
};

/// Nothing is due of an invoice any more. One of which a part stays written off is settled by nobody: it ends as it had.
async fn note_settled(desk: &mut Desk, at: Instant, invoice_id: &str, row: &DueRow) -> Result<(), Refusal> {
    if row.written_off_minor > 0 {
        desk.tx.run("UPDATE invoices SET ended_as = 'uncollectible' WHERE vendor_id = $1 AND id = $2", (desk.vendor.id.clone(), invoice_id.to_owned())).await?;
        return Ok(());
    }
    if row.settled_at.is_some() {
        return Ok(());
    }
    desk.tx.put(&SETTLED, (desk.vendor.id.clone(), invoice_id.to_owned(), at.timestamp_millis())).await?;
    if row.total_minor > 0 {
        desk.record(
            "invoice.paid",
            Some(&row.customer_id),
            invoice_id,
            json!({ "number": row.number, "total_minor": row.total_minor, "currency": row.currency }),
        )
        .await?;
        if row.past_due_id.is_some() {
            subscriptions::note_settled(desk, invoice_id).await?;
        }
        if let Some(case_id) = &row.case_id {
            dunning::note_settled(desk, case_id).await?;
        }
    }
    Ok(())
}

/// What settled an invoice was taken back: while anything is due of it, it waits for money as if it had never been settled. The worker does
/// what follows.
pub(crate) async fn note_due_again(desk: &mut Desk, invoice_id: &str) -> Result<(), Refusal> {
    let row = due_row(desk, invoice_id).await?;
    if row.due_minor()? > 0 {
        let own = (desk.vendor.id.clone(), invoice_id.to_owned());
        desk.tx.run("UPDATE invoices SET settled_at = NULL, ended_as = NULL WHERE vendor_id = $1 AND id = $2", own).await?;
        if let Some(case_id) = &row.case_id {
            dunning::note_due_again(desk, case_id).await?;
        }
    }
    Ok(())
}

/// A payment came in for an invoice: told once of each. What is paid beyond what is due goes into the balance.
pub async fn record_payment(desk: &mut Desk, invoice_id: &str, payment_id: &str, amount_minor: i64) -> Result<(), Refusal> {
    let row = due_row(desk, invoice_id).await?;
    // What was written off is due again, as far as this pays it.
    let row = if row.written_off_minor > 0 {
        write_off::make_due(desk, invoice_id, amount_minor).await?;
        due_row(desk, invoice_id).await?
    } else {
        row
    };
    let due_minor = row.due_minor()?;
    let to_invoice = amount_minor.min(due_minor.max(0));
    let rest = billing::money::sub(amount_minor, to_invoice).map_err(billing::Error::from)?;
    if to_invoice > 0 {
        allocate(desk, invoice_id, to_invoice, Allocation::Payment(payment_id)).await?;
        books::post(desk, &row.customer_id, &row.currency, payment_id, &ledger::payment_received(to_invoice)?).await?;
    }
    if rest > 0 {
        balance::put(desk, &row.customer_id, &row.currency, rest, Source::Overpayment, Some(payment_id), &row.number).await?;
        books::post(desk, &row.customer_id, &row.currency, payment_id, &ledger::balance_topped_up(rest)?).await?;
    }
    let at = desk.now.billing;
    if to_invoice < due_minor { Ok(()) } else { note_settled(desk, at, invoice_id, &row).await }
}

/// The invoice a payment went to, and how much of it; `None`: it went into the balance.
pub async fn paid_by(desk: &mut Desk, payment_id: &str) -> Result<Option<(String, i64)>, Refusal> {
    Ok(desk
        .tx
        .opt("SELECT invoice_id, amount_minor FROM allocations WHERE vendor_id = $1 AND payment_id = $2", (desk.vendor.id.clone(), payment_id.to_owned()))
        .await?)
}

/// Every method that is charged by itself was tried for an invoice and declined, the last for `reason`.
pub async fn note_declined(desk: &mut Desk, owed: &Owed, reason: &str) -> Result<(), Refusal> {
    let data = json!({ "number": owed.number, "reason": reason, "due_minor": owed.due_minor });
    desk.record("invoice.payment_failed", Some(&owed.customer_id), &owed.invoice_id, data).await?;
    note_unpaid_of(desk, owed).await
}

/// Nothing is under way to pay an invoice: once payment is due, its subscriptions are past due. Until then, as the vendor's terms promise,
/// nothing has happened. Told again, nothing more happens.
pub async fn note_unpaid(desk: &mut Desk, invoice_id: &str) -> Result<(), Refusal> {
    let owed = owed(desk, invoice_id).await?;
    note_unpaid_of(desk, &owed).await
}

async fn note_unpaid_of(desk: &mut Desk, owed: &Owed) -> Result<(), Refusal> {
    let is_overdue = owed.due_minor > 0 && owed.due_at <= desk.now.billing;
    if !is_overdue {
        return Ok(());
    }
    subscriptions::note_overdue(desk, &owed.invoice_id).await?;
    dunning::note_overdue(desk, owed).await
}

//! Write-offs: what is due of an invoice is not asked for any more, because its vendor, or dunning at its end, has given it up. It is a loss
//! in the ledger as it stands, its tax with it.
//!
//! Whatever comes for such an invoice after all still lands: as much of the write-off is taken back first, so that it is due, and then paid.
//!
//! What deliberately does not live here: when dunning gives up (`dunning`), and the tax on a bad debt. Whether and when that comes back is a
//! matter of each country's law: a credit note of the invoice takes it back, and of the write-off as much.

use billing::invoice::DocumentKind;
use billing::{ledger, money};
use serde_json::json;
use sqlx::FromRow;

use super::settle::{Allocation, allocate, note_due_again};
use super::{Invoice, MOST_DESCRIPTION, Status};
use crate::sentence;
use crate::services::{Desk, Refusal, customers, dunning, ledger as books, subscriptions};

/// Who gives it up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By<'a> {
    /// The grace is over, and the policy says so.
    Dunning,
    /// The vendor, for a reason of its own.
    Vendor(&'a str),
}

impl By<'_> {
    /// As columns and events have it.
    fn name(self) -> &'static str {
        match self {
            By::Dunning => "dunning",
            By::Vendor(_) => "vendor",
        }
    }
}

#[derive(FromRow)]
struct Standing {
    id: String,
    left_minor: i64,
}

/// The vendor gives up what is due of an invoice, for a reason that stays with it.
pub async fn write_off(desk: &mut Desk, invoice_id: &str, because: &str) -> Result<Invoice, Refusal> {
    let because = reason(because)?;
    let invoice = locked(desk, invoice_id).await?;
    if invoice.kind != DocumentKind::Invoice {
        return Err(Refusal::Rule(sentence!("refusal-not-an-invoice")));
    }
    if invoice.status != Status::Open || invoice.due_minor <= 0 {
        return Err(Refusal::Rule(sentence!("refusal-nothing-due")));
    }
    give_up(desk, &invoice, By::Vendor(because)).await?;
    super::load(desk, invoice_id).await
}

/// Gives up what is due of an invoice; how much that was. Its customer is locked.
pub(crate) async fn give_up(desk: &mut Desk, invoice: &Invoice, by: By<'_>) -> Result<i64, Refusal> {
    let amount_minor = invoice.due_minor;
    if amount_minor <= 0 {
        return Ok(0);
    }
    let because = match by {
        By::Dunning => "",
        By::Vendor(because) => because,
    };
    let id = desk.new_id("wof");
    desk.tx
        .run(
            "INSERT INTO write_offs (vendor_id, id, customer_id, invoice_id, currency, amount_minor, written_off_by, because, written_off_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            (
                desk.vendor.id.clone(),
                id.clone(),
                invoice.customer_id.clone(),
                invoice.id.clone(),
                invoice.currency.clone(),
                amount_minor,
                by.name(),
                because.to_owned(),
                desk.now.billing_ms(),
            ),
        )
        .await?;
    allocate(desk, &invoice.id, amount_minor, Allocation::WriteOff(&id)).await?;
    books::post(desk, &invoice.customer_id, &invoice.currency, &id, &ledger::written_off(amount_minor)?).await?;
    desk.tx.run("UPDATE invoices SET ended_as = 'uncollectible' WHERE vendor_id = $1 AND id = $2", (desk.vendor.id.clone(), invoice.id.clone())).await?;
    // The reason is the vendor's own: customers read their events.
    let data = json!({ "number": invoice.number, "amount_minor": amount_minor, "currency": invoice.currency, "by": by.name() });
    desk.record("invoice.written_off", Some(&invoice.customer_id), &invoice.id, data).await?;
    // Nothing is asked for any more: nobody is past due for it.
    subscriptions::note_settled(desk, &invoice.id).await?;
    dunning::note_written_off(desk, &invoice.id, by.name(), amount_minor).await?;
    Ok(amount_minor)
}

/// The vendor asks for it after all: what of the invoice is written off is due again.
pub async fn take_back_write_off(desk: &mut Desk, invoice_id: &str, because: &str) -> Result<Invoice, Refusal> {
    reason(because)?;
    let invoice = locked(desk, invoice_id).await?;
    if invoice.written_off_minor <= 0 {
        return Err(Refusal::Conflict(sentence!("write-off-none")));
    }
    take_back(desk, &invoice, invoice.written_off_minor).await?;
    note_due_again(desk, invoice_id).await?;
    super::load(desk, invoice_id).await
}

/// So much comes for an invoice, or is credited of it: where less is due, as much of what was written off is due again first. Its customer is
/// locked.
pub(crate) async fn make_due(desk: &mut Desk, invoice_id: &str, amount_minor: i64) -> Result<(), Refusal> {
    let invoice = super::load(desk, invoice_id).await?;
    let lacking = money::sub(amount_minor, invoice.due_minor).map_err(billing::Error::from)?.min(invoice.written_off_minor);
    if lacking > 0 { take_back(desk, &invoice, lacking).await } else { Ok(()) }
}

/// Takes back so much of what of an invoice is written off, the latest first.
async fn take_back(desk: &mut Desk, invoice: &Invoice, amount_minor: i64) -> Result<(), Refusal> {
    let standing: Vec<Standing> = desk
        .tx
        .all(
            "SELECT w.id, CAST(SUM(a.amount_minor) AS BIGINT) AS left_minor FROM write_offs w JOIN allocations a ON a.vendor_id = w.vendor_id AND a.write_off_id = w.id
             WHERE w.vendor_id = $1 AND w.invoice_id = $2 GROUP BY w.id ORDER BY w.id DESC",
            (desk.vendor.id.clone(), invoice.id.clone()),
        )
        .await?;
    let mut left = amount_minor;
    for Standing { id, left_minor } in standing {
        let part = left_minor.min(left);
        if part <= 0 {
            continue;
        }
        left = money::sub(left, part).map_err(billing::Error::from)?;
        allocate(desk, &invoice.id, money::neg(part).map_err(billing::Error::from)?, Allocation::WriteOff(&id)).await?;
        books::post(desk, &invoice.customer_id, &invoice.currency, &id, &ledger::write_off_taken_back(part)?).await?;
    }
    // What is left of it ends the invoice again once nothing else is due: `settle` sees to that.
    desk.tx.run("UPDATE invoices SET ended_as = NULL WHERE vendor_id = $1 AND id = $2", (desk.vendor.id.clone(), invoice.id.clone())).await?;
    let data = json!({ "number": invoice.number, "amount_minor": amount_minor, "currency": invoice.currency });
    desk.record("invoice.write_off_taken_back", Some(&invoice.customer_id), &invoice.id, data).await
}

/// The invoice, read under its customer's lock.
async fn locked(desk: &mut Desk, invoice_id: &str) -> Result<Invoice, Refusal> {
    let customer_id = super::load(desk, invoice_id).await?.customer_id;
    customers::hold(desk, &customer_id).await?;
    super::load(desk, invoice_id).await
}

fn reason(because: &str) -> Result<&str, Refusal> {
    let because = because.trim();
    if because.is_empty() {
        return Err(Refusal::field("reason", sentence!("write-off-unsaid")));
    }
    if because.chars().count() > MOST_DESCRIPTION {
        return Err(Refusal::field("reason", sentence!("refusal-shorten", most = MOST_DESCRIPTION)));
    }
    Ok(because)
}

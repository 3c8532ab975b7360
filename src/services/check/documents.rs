//! Documents: every series numbered without a gap and chained by its hashes, every frozen document equal to its columns and its lines, and
//! its sums worked out again from what it froze.

use billing::invoice::{DocumentKind, LineKind};
use billing::money::{self, Currency, Ratio};
use billing::tax::{self, PricesTax, TaxTotal};
use chrono::SubsecRound;
use sqlx::FromRow;

use super::{Counts, Held, broken, count, same, shown};
use crate::services::Desk;
use crate::services::invoices::{DraftLine, Snapshot, chain, number_in, of_stretch};
use crate::services::subscriptions::word;

/// Documents read at once: with their lines, a few megabytes.
const STRETCH: i64 = 500;

#[derive(FromRow)]
struct DocumentRow {
    id: String,
    kind: String,
    number: String,
    position: i64,
    reason: String,
    currency: String,
    total_minor: i64,
    issued_at: i64,
    due_at: i64,
    document: String,
    hash: String,
}

pub(super) async fn hold(desk: &mut Desk, counts: &mut Counts) -> Held {
    let vendor = desk.vendor.id.clone();
    let uncounted: Option<(String, String)> = desk
        .tx
        .opt(
            "SELECT i.id, i.series FROM invoices i WHERE i.vendor_id = $1
                AND NOT EXISTS (SELECT 1 FROM number_series s WHERE s.vendor_id = i.vendor_id AND s.key = i.series) ORDER BY i.id LIMIT 1",
            (vendor.clone(),),
        )
        .await?;
    if let Some((id, series)) = uncounted {
        return Err(broken("invoices", &id, "series", "one that is counted", series));
    }
    let series: Vec<(String, i64, String)> = desk.tx.all("SELECT key, last, last_hash FROM number_series WHERE vendor_id = $1 ORDER BY key", (vendor,)).await?;
    for (key, last, last_hash) in series {
        let (position, hash) = follow(desk, &key, counts).await?;
        same("number_series", &key, "last, the number of documents,", position, last)?;
        same("number_series", &key, "last_hash", hash, last_hash)?;
        count(counts, "number series");
    }
    Ok(())
}

/// Follows one series from its first document to its last; the last one's position and hash.
async fn follow(desk: &mut Desk, series: &str, counts: &mut Counts) -> Result<(i64, String), super::Stop> {
    let (mut position, mut hash) = (0, String::new());
    loop {
        let stretch: Vec<DocumentRow> = desk
            .tx
            .all(
                "SELECT id, kind, number, position, reason, currency, total_minor, issued_at, due_at, document, hash FROM invoices
                 WHERE vendor_id = $1 AND series = $2 AND position > $3 ORDER BY position LIMIT $4 + 0",
                (desk.vendor.id.clone(), series.to_owned(), position, STRETCH),
            )
            .await?;
        let Some(end) = stretch.last().map(|row| row.position) else { return Ok((position, hash)) };
        let mut lines = of_stretch(desk, series, position, end).await?.into_iter().peekable();
        for row in stretch {
            position = money::add(position, 1)?;
            same("invoices", &row.id, "its place in the series", position, row.position)?;
            same("invoices", &row.id, "number", number_in(series, position)?, row.number.clone())?;
            hash = chain(&hash, &row.document);
            same("invoices", &row.id, "hash", &hash, &row.hash)?;
            let mut own = Vec::new();
            while let Some(line) = lines.next_if(|line| line.invoice_id == row.id) {
                own.push(line.line.map_err(|refusal| broken("invoice_lines", &line.id, "what it holds", "a line", told(&refusal)))?);
                count(counts, "invoice lines");
            }
            let snapshot: Snapshot =
                serde_json::from_str(&row.document).map_err(|error| broken("invoices", &row.id, "document", "a frozen document", error))?;
            frozen(&row, &snapshot)?;
            lines_are_frozen(&row.id, &snapshot, own)?;
            adds_up(&row.id, &snapshot)?;
            count(counts, "documents");
        }
    }
}

/// What a refusal is about, for the operator.
fn told(refusal: &crate::services::Refusal) -> String {
    match refusal {
        crate::services::Refusal::Damaged(what) => what.clone(),
        other => other.to_string(),
    }
}

/// The columns say what the frozen document says.
fn frozen(row: &DocumentRow, snapshot: &Snapshot) -> Held {
    let id = &row.id;
    same("invoices", id, "number", &snapshot.number, &row.number)?;
    same("invoices", id, "kind", word(snapshot.kind)?, row.kind.clone())?;
    same("invoices", id, "reason", word(snapshot.reason)?, row.reason.clone())?;
    same("invoices", id, "currency", &snapshot.currency, &row.currency)?;
    same("invoices", id, "total_minor", snapshot.total_minor, row.total_minor)?;
    same("invoices", id, "issued_at", snapshot.issued_at.timestamp_millis(), row.issued_at)?;
    same("invoices", id, "due_at", snapshot.due_at.timestamp_millis(), row.due_at)
}

/// The rows of its lines say what it froze of them.
fn lines_are_frozen(id: &str, snapshot: &Snapshot, rows: Vec<DraftLine>) -> Held {
    same("invoices", id, "the number of its lines", snapshot.lines.len(), rows.len())?;
    for (frozen, row) in snapshot.lines.iter().zip(rows) {
        same("invoice_lines", &row.id, "the line at its place", &frozen.id, &row.id)?;
        same("invoice_lines", &row.id, "amount_minor", frozen.line.amount_minor, row.line.amount_minor)?;
        same("invoice_lines", &row.id, "discount_minor", frozen.line.discount_minor, row.line.discount_minor)?;
        same("invoice_lines", &row.id, "quantity", frozen.line.quantity, row.line.quantity)?;
        same("invoice_lines", &row.id, "credits_line_id", shown(frozen.line.credits.as_ref()), shown(row.line.credits.as_ref()))?;
        // Columns hold milliseconds.
        let mut line = frozen.line.clone();
        line.from = line.from.map(|at| at.trunc_subsecs(3));
        line.to = line.to.map(|at| at.trunc_subsecs(3));
        line.period = row
            .line
            .period
            .filter(|kept| line.period.is_some_and(|period| kept.start == period.start.trunc_subsecs(3) && kept.end == period.end.trunc_subsecs(3)));
        if line != row.line || frozen.line.period.is_some() != row.line.period.is_some() {
            return Err(broken("invoice_lines", &row.id, "its columns", "what the document froze of the line", "something else"));
        }
    }
    Ok(())
}

/// The document's own sums, worked out again from its lines.
fn adds_up(id: &str, snapshot: &Snapshot) -> Held {
    let Snapshot { prices, subtotal_minor, discount_minor, tax_total_minor, rounding_minor, total_minor, .. } = *snapshot;
    let lines = || snapshot.lines.iter().map(|line| &line.line);
    same("invoices", id, "the subtotal of its document", money::sum(lines().map(|line| line.amount_minor))?, subtotal_minor)?;
    same("invoices", id, "the discount of its document", money::sum(lines().map(|line| line.discount_minor))?, discount_minor)?;

    let frozen: Vec<TaxTotal> = snapshot.tax.iter().map(|tax| tax.total.clone()).collect();
    same("invoices", id, "the tax of its document", money::sum(frozen.iter().map(|tax| tax.amount_minor))?, tax_total_minor)?;
    for total in &frozen {
        let of_lines = lines().flat_map(|line| &line.tax).filter(|tax| total.is_of(tax)).map(|tax| tax.amount_minor);
        same("invoices", id, &format!("its tax “{}”, the sum of its lines' shares,", total.rate), money::sum(of_lines)?, total.amount_minor)?;
    }
    // A correction takes tax back in shares of what was charged; every other document's is worked out from its lines.
    let is_correction = snapshot.kind == DocumentKind::CreditNote && lines().all(|line| line.kind == LineKind::Adjustment);
    if !is_correction {
        let mut again: Vec<_> = lines().cloned().collect();
        let worked_out = tax::compute(&mut again, prices)?;
        same("invoices", id, "the number of its taxes", worked_out.len(), frozen.len())?;
        for (expected, found) in worked_out.iter().zip(&frozen) {
            same("invoices", id, "the order of its taxes", &expected.rate, &found.rate)?;
            same("invoices", id, &format!("its tax “{}”", found.rate), expected.amount_minor, found.amount_minor)?;
            same("invoices", id, &format!("the base of its tax “{}”", found.rate), expected.base_minor, found.base_minor)?;
        }
    }

    let on_top = match prices {
        PricesTax::Exclusive => tax_total_minor,
        PricesTax::Inclusive => 0,
    };
    let exact = money::add(money::sub(subtotal_minor, discount_minor)?, on_top)?;
    if !is_correction {
        let currency = Currency::from_code(&snapshot.currency).map_err(billing::Error::from)?;
        same("invoices", id, "the rounding of its document", money::sub(money::to_payable(Ratio::whole(exact), currency)?, exact)?, rounding_minor)?;
    }
    same("invoices", id, "the total of its document", money::add(exact, rounding_minor)?, total_minor)?;
    let kind = if total_minor < 0 { DocumentKind::CreditNote } else { DocumentKind::Invoice };
    same("invoices", id, "kind, by its total,", word(kind)?, word(snapshot.kind)?)
}

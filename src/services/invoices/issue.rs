//! Issuing: a document gets its number, is frozen and chained, posted to the ledger and settled from the balance. After this it never
//! changes; corrections are documents of their own.

use billing::calendar::{Instant, Zone};
use billing::invoice::{Document, DocumentKind, LineRef, Reason};
use billing::ledger;
use billing::money;
use billing::settlement::{due_at, split_note};
use chrono::Datelike;
use serde_json::json;
use sha2::{Digest, Sha256};
use sqlx::FromRow;

use super::draft::{Draft, Priced};
use super::lines::{self, DraftLine};
use super::read::Owed;
use super::required;
use super::settle::{self, Allocation};
use super::snapshot::{self, Frame};
use super::write_off::make_due;
use crate::platform::db::Many;
use crate::services::balance::{self, Source};
use crate::services::desk::Place;
use crate::services::subscriptions::{of_word, word};
use crate::services::{Desk, Refusal, catalog, ledger as books};

/// A document that stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Issued {
    pub id: String,
    pub number: String,
    pub document: Document,
    /// When payment is due.
    pub due_at: Instant,
    /// What is left to pay.
    pub due_minor: i64,
}

impl Issued {
    /// What is due of it, of the customer it was issued to.
    pub fn owed(&self, customer_id: &str) -> Owed {
        Owed {
            invoice_id: self.id.clone(),
            customer_id: customer_id.to_owned(),
            number: self.number.clone(),
            currency: self.document.currency.code().to_owned(),
            due_at: self.due_at,
            due_minor: self.due_minor,
        }
    }
}

/// What a document is beside its amounts.
pub(super) struct Issue<'a> {
    pub customer: &'a crate::services::customers::Customer,
    pub reason: Reason,
    pub at: Instant,
    pub zone: Zone,
    pub document: &'a Document,
    /// The document's lines with the ids and prices they are kept under.
    pub lines: Vec<DraftLine>,
    /// Of a credit note: what it corrects.
    pub corrects: Vec<(String, String)>,
    /// What the balance pays of it at once.
    pub balance_minor: i64,
}

/// Issues a draft as it was priced: numbers it, posts it, and uses the balance (or fills it, for a credit note).
pub(crate) async fn issue(desk: &mut Desk, draft: &Draft, priced: &Priced) -> Result<Issued, Refusal> {
    let document = &priced.document;
    let lines: Vec<DraftLine> = draft.lines.iter().zip(&document.lines).map(|(draft, line)| DraftLine { line: line.clone(), ..draft.clone() }).collect();
    let corrects = corrected(desk, document).await?;
    let issue = Issue {
        customer: &draft.customer,
        reason: draft.reason,
        at: draft.at,
        zone: draft.zone,
        document,
        lines,
        corrects,
        balance_minor: priced.balance_minor,
    };
    let Written { id, number, due_at } = write(desk, &issue).await?;
    for line in draft.lines.iter().filter(|line| line.is_waiting) {
        lines::drop_pending(desk, &line.id).await?;
    }
    let (customer, currency) = (draft.customer.id.as_str(), draft.currency.code());
    match document.kind {
        DocumentKind::Invoice => {
            books::post(desk, customer, currency, &id, &ledger::invoice_issued(document)?).await?;
            for used in &priced.balance {
                settle::allocate(desk, &id, used.amount_minor, Allocation::Balance(&used.reference)).await?;
                balance::mark_used(desk, &used.reference).await?;
            }
            if priced.balance_minor > 0 {
                books::post(desk, customer, currency, &id, &ledger::balance_applied(priced.balance_minor)?).await?;
                balance::touch(desk, customer).await?;
            }
            if priced.due_minor <= 0 {
                settle::note_if_settled(desk, &id).await?;
            }
        }
        DocumentKind::CreditNote => into_balance(desk, customer, document, &issue.corrects, (&id, &number)).await?,
    }
    Ok(Issued { id, number, document: document.clone(), due_at, due_minor: priced.due_minor })
}

/// Posts a credit note and puts its money where it goes: against what is still due of the invoices it corrects, the rest into the balance.
pub(super) async fn into_balance(
    desk: &mut Desk,
    customer: &str,
    document: &Document,
    corrects: &[(String, String)],
    (id, number): (&str, &str),
) -> Result<(), Refusal> {
    let (to_invoices, rest) = split(desk, document, corrects).await?;
    for (invoice_id, amount_minor) in &to_invoices {
        make_due(desk, invoice_id, *amount_minor).await?;
        settle::allocate(desk, invoice_id, *amount_minor, Allocation::CreditNote(id)).await?;
        settle::note_if_settled(desk, invoice_id).await?;
    }
    let currency = document.currency.code();
    let to_invoices_minor = money::sum(to_invoices.iter().map(|(_, amount_minor)| *amount_minor)).map_err(billing::Error::from)?;
    books::post(desk, customer, currency, id, &ledger::credit_note_issued(document, to_invoices_minor)?).await?;
    if rest > 0 {
        balance::put(desk, customer, currency, rest, Source::CreditNote, Some(id), number).await?;
    }
    Ok(())
}

/// How a credit note's money is split: ids of the invoices it corrects with what may still be paid of each, and the rest: what was written off
/// is credited before anything goes to who has not paid.
async fn split(desk: &mut Desk, document: &Document, corrects: &[(String, String)]) -> Result<(Vec<(String, i64)>, i64), Refusal> {
    let mut rest = money::neg(document.total_minor).map_err(billing::Error::from)?;
    let mut to_invoices = Vec::new();
    for (invoice_id, _) in corrects {
        let split = split_note(rest, settle::amount_payable(desk, invoice_id).await?)?;
        if split.to_invoice_minor > 0 {
            to_invoices.push((invoice_id.clone(), split.to_invoice_minor));
        }
        rest = split.rest_minor;
    }
    Ok((to_invoices, rest))
}

/// What a draft would put into the balance, were it issued now.
pub(crate) async fn left_for_balance(desk: &mut Desk, document: &Document) -> Result<i64, Refusal> {
    if document.kind == DocumentKind::Invoice {
        return Ok(0);
    }
    let corrects = corrected(desk, document).await?;
    Ok(split(desk, document, &corrects).await?.1)
}

static INSERT_INVOICE: Many = Many {
    before: "INSERT INTO invoices (vendor_id, id, customer_id, kind, number, series, position, reason, subscription_id, currency, total_minor, issued_at, due_at, settled_at, document, hash,
                search) VALUES",
    columns: 17,
    after: "",
    of_each: false,
};

/// A document that was written.
pub(super) struct Written {
    pub id: String,
    pub number: String,
    pub due_at: Instant,
}

/// Numbers, freezes and writes a document. Posting and settling are the caller's.
pub(super) async fn write(desk: &mut Desk, issue: &Issue<'_>) -> Result<Written, Refusal> {
    let Issue { customer, reason, at, zone, document, lines, corrects, balance_minor } = issue;
    let lacking = required::lacking(&desk.vendor, customer, document);
    if !lacking.is_empty() {
        return Err(Refusal::Incomplete(lacking));
    }
    // A document that is late is dated by its issue, the first day the books are open; what it charges stays what it was.
    let at = &books::open_from(desk, *at).await?;
    let id = desk.new_id("inv");
    let year = at.with_timezone(&desk.vendor.zone()?).year();
    let series = format!("{}:{year}", word(document.kind)?);
    let Place { position, last_hash } = desk.next_of_series(&series).await?;
    let number = number_in(&series, position)?;
    let due = match document.kind {
        DocumentKind::Invoice => due_at(*at, u32::try_from(desk.vendor.payment_terms_days).map_err(Refusal::damaged)?, *zone)?,
        DocumentKind::CreditNote => *at,
    };
    let tax_names: Vec<(String, String)> = if document.tax.is_empty() {
        Vec::new()
    } else {
        catalog::tax_rates_of(desk, &customer.country).await?.into_iter().map(|rate| (rate.key, rate.name)).collect()
    };
    let numbers = corrects.iter().map(|(_, number)| number.clone()).collect();
    let frame = Frame {
        customer,
        number: &number,
        reason: *reason,
        issued_at: *at,
        due_at: due,
        zone: *zone,
        corrects: numbers,
        balance_minor: *balance_minor,
        tax_names: &tax_names,
    };
    let snapshot = snapshot::freeze(desk, frame, document, lines).await?;
    let text = serde_json::to_string(&snapshot).map_err(Refusal::damaged)?;
    let hash = chain(&last_hash, &text);
    desk.chained(&series, hash.clone());

    let mut subscriptions: Vec<&String> = lines.iter().filter_map(|draft| draft.line.subscription.as_ref()).collect();
    subscriptions.dedup();
    let subscription = match subscriptions.as_slice() {
        [only] => Some((*only).clone()),
        _ => None,
    };
    let is_settled = document.kind == DocumentKind::CreditNote;
    let search = search_text(&number, &snapshot);
    let row = (
        desk.vendor.id.clone(),
        id.clone(),
        customer.id.clone(),
        word(document.kind)?,
        number.clone(),
        series,
        position,
        word(*reason)?,
        subscription,
        document.currency.code(),
        document.total_minor,
        at.timestamp_millis(),
        due.timestamp_millis(),
        is_settled.then(|| at.timestamp_millis()),
        text,
        hash,
        search,
    );
    desk.tx.put(&INSERT_INVOICE, row).await?;
    lines::insert(desk, &id, lines).await?;
    for (invoice_id, _) in corrects {
        desk.tx
            .run(
                "INSERT INTO credited_invoices (vendor_id, credit_note_id, invoice_id, refund_minor) VALUES ($1, $2, $3, 0)",
                (desk.vendor.id.clone(), id.clone(), invoice_id.clone()),
            )
            .await?;
    }
    let kind = match document.kind {
        DocumentKind::Invoice => "invoice.issued",
        DocumentKind::CreditNote => "credit_note.issued",
    };
    desk.record(
        kind,
        Some(&customer.id),
        &id,
        json!({ "number": number, "total_minor": document.total_minor, "currency": document.currency.code(), "reason": word(*reason)? }),
    )
    .await?;
    Ok(Written { id, number, due_at: due })
}

/// The number of the n-th document of a series: '2026-0001' of 'invoice:2026', 'CN-2026-0001' of 'credit_note:2026'.
pub fn number_in(series: &str, position: i64) -> Result<String, Refusal> {
    let (kind, year) = series.split_once(':').ok_or_else(|| Refusal::damaged(format!("“{series}” is no series")))?;
    let prefix = match of_word(kind)? {
        DocumentKind::Invoice => "",
        DocumentKind::CreditNote => "CN-",
    };
    Ok(format!("{prefix}{year}-{position:04}"))
}

/// The number of an invoice by its letters and digits alone, as references have it; `None`: no invoice's is like that.
pub fn number_of(plain: &str) -> Option<String> {
    let (year, position) = plain.split_at_checked(4)?;
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    (is_number(year) && is_number(position)).then(|| format!("{year}-{position}"))
}

/// Every invoice's number that stands in a text, once each, as we write it.
pub fn numbers_in(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for word in text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '-') {
        let is_number = word.split_once('-').is_some_and(|(year, position)| {
            let are_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
            year.len() == 4 && position.len() >= 4 && are_digits(year) && are_digits(position)
        });
        if is_number && !found.iter().any(|one| one == word) {
            found.push(word.to_owned());
        }
    }
    found
}

/// SHA-256 over the hash before it and the document: changing any one breaks every later one of the series.
pub fn chain(last_hash: &str, document: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(last_hash.as_bytes());
    hash.update(b"\n");
    hash.update(document.as_bytes());
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn search_text(number: &str, snapshot: &snapshot::Snapshot) -> String {
    let mut words = vec![number.to_lowercase()];
    for line in &snapshot.lines {
        let name = line.line.name.to_lowercase();
        if !words.contains(&name) {
            words.push(name);
        }
    }
    words.extend(snapshot.purchase_order.iter().map(|order| order.to_lowercase()));
    words.join("\n")
}

#[derive(FromRow)]
struct ChargeRow {
    issued_at: i64,
    id: String,
    number: String,
    kind: String,
    amount_minor: i64,
    credits_line_id: Option<String>,
}

/// The invoices that a document corrects: id and number, the oldest first.
async fn corrected(desk: &mut Desk, document: &Document) -> Result<Vec<(String, String)>, Refusal> {
    if document.kind == DocumentKind::Invoice {
        return Ok(Vec::new());
    }
    // What a note charges again corrects no invoice, and what was discounted by all of it was charged by none.
    let taken_back: Vec<&LineRef> = document.lines.iter().filter(|line| line.amount_minor < 0).filter_map(|line| line.credits.as_ref()).collect();
    invoices_of(desk, &taken_back).await
}

/// The invoices that charged what some lines are taken back of, the oldest first: id and number. A charge may stand on a credit note: it
/// was made together with credits of invoices, or restores what was taken back of one. Then these invoices charged it.
async fn invoices_of(desk: &mut Desk, line_ids: &[&LineRef]) -> Result<Vec<(String, String)>, Refusal> {
    let note = word(DocumentKind::CreditNote)?;
    let mut found: Vec<(i64, String, String)> = Vec::new();
    for line_id in line_ids {
        let mut next = Some((*line_id).clone());
        while let Some(line_id) = next.take() {
            let row: Option<ChargeRow> = desk
                .tx
                .opt(
                    "SELECT i.issued_at, i.id, i.number, i.kind, l.amount_minor, l.credits_line_id FROM invoice_lines l
                     JOIN invoices i ON i.vendor_id = l.vendor_id AND i.id = l.invoice_id WHERE l.vendor_id = $1 AND l.id = $2",
                    (desk.vendor.id.clone(), line_id),
                )
                .await?;
            let Some(row) = row else { break };
            if row.credits_line_id.is_some() && (row.kind == note || row.amount_minor < 0) {
                next = row.credits_line_id;
            } else if row.kind == note {
                found.extend(invoices_of_note(desk, &row.id).await?);
            } else {
                found.push((row.issued_at, row.id, row.number));
            }
        }
    }
    found.sort();
    found.dedup();
    Ok(found.into_iter().map(|(_, id, number)| (id, number)).collect())
}

/// The invoices that a credit note corrects: issued (unix ms), id and number.
async fn invoices_of_note(desk: &mut Desk, note_id: &str) -> Result<Vec<(i64, String, String)>, Refusal> {
    Ok(desk
        .tx
        .all(
            "SELECT i.issued_at, i.id, i.number FROM credited_invoices c JOIN invoices i ON i.vendor_id = c.vendor_id AND i.id = c.invoice_id
             WHERE c.vendor_id = $1 AND c.credit_note_id = $2",
            (desk.vendor.id.clone(), note_id.to_owned()),
        )
        .await?)
}

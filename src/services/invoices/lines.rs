//! Lines as records: what was charged, what of it was taken back, and what waits for the next document.

use std::collections::{BTreeSet, HashMap};

use billing::calendar::{Instant, Period};
use billing::correction::Restored;
use billing::invoice::{DocumentKind, Line, LineKind, LineRef};
use billing::price::Price;
use billing::subscription::{Charged, Credited};
use chrono::TimeDelta;
use sqlx::FromRow;

use crate::platform::clock::from_ms;
use crate::platform::db::Many;
use crate::services::subscriptions::{of_word, word};
use crate::services::{Desk, Refusal};

/// A line on its way to a document, with the id it will have there.
#[derive(Clone, Debug, PartialEq)]
pub struct DraftLine {
    pub id: LineRef,
    pub line: Line,
    /// The price it is charged at; none for a one-off.
    pub price: Option<Price>,
    /// It stands on the waiting list until it is on a document.
    pub is_waiting: bool,
}

impl DraftLine {
    pub fn new(desk: &Desk, line: Line, price: Option<Price>) -> DraftLine {
        DraftLine { id: desk.new_id("lin"), line, price, is_waiting: false }
    }
}

/// When a line that waits gets its document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waits {
    /// With the next document of its customer and currency.
    ForTheNext,
    /// By itself at this instant, or with a document before.
    Until(Instant),
    /// Only with what closes its subscription's period at this instant.
    ForClosingAt(Instant),
}

/// A line that waits.
#[derive(Clone, Debug, PartialEq)]
pub struct PendingLine {
    pub draft: DraftLine,
    pub waits: Waits,
}

#[derive(FromRow)]
struct LineRow {
    id: String,
    kind: String,
    subscription_id: Option<String>,
    plan: Option<String>,
    add_on: Option<String>,
    price: Option<String>,
    name: String,
    quantity: String,
    amount_minor: i64,
    discount_minor: i64,
    tax: String,
    from_at: Option<i64>,
    to_at: Option<i64>,
    period_start_at: Option<i64>,
    period_end_at: Option<i64>,
    credits_line_id: Option<String>,
    explain: String,
    price_rule: Option<String>,
}

impl TryFrom<LineRow> for DraftLine {
    type Error = Refusal;
    fn try_from(row: LineRow) -> Result<DraftLine, Refusal> {
        let line = Line {
            kind: of_word(&row.kind)?,
            subscription: row.subscription_id,
            plan: row.plan,
            add_on: row.add_on,
            price: row.price,
            name: row.name,
            quantity: row.quantity.parse().map_err(Refusal::damaged)?,
            amount_minor: row.amount_minor,
            discount_minor: row.discount_minor,
            tax: serde_json::from_str(&row.tax).map_err(Refusal::damaged)?,
            from: row.from_at.map(from_ms),
            to: row.to_at.map(from_ms),
            period: row.period_start_at.zip(row.period_end_at).map(|(start, end)| Period { start: from_ms(start), end: from_ms(end) }),
            credits: row.credits_line_id,
            explain: serde_json::from_str(&row.explain).map_err(Refusal::damaged)?,
        };
        let price = row.price_rule.as_deref().map(serde_json::from_str).transpose().map_err(Refusal::damaged)?;
        Ok(DraftLine { id: row.id, line, price, is_waiting: false })
    }
}

static INSERT_LINE: Many = Many {
    before: "INSERT INTO invoice_lines (vendor_id, id, invoice_id, position, kind, subscription_id, plan, add_on, price, name, quantity, amount_minor, discount_minor, tax,
                from_at, to_at, period_start_at, period_end_at, credits_line_id, explain, price_rule) VALUES",
    columns: 21,
    after: "",
    of_each: false,
};

/// Writes a document's lines, as assembled.
pub(super) async fn insert(desk: &mut Desk, invoice_id: &str, lines: &[DraftLine]) -> Result<(), Refusal> {
    for (position, DraftLine { id, line, price, .. }) in what_is_credited_first(lines) {
        let row = (
            desk.vendor.id.clone(),
            id.clone(),
            invoice_id.to_owned(),
            position,
            word(line.kind)?,
            line.subscription.clone(),
            line.plan.clone(),
            line.add_on.clone(),
            line.price.clone(),
            line.name.clone(),
            line.quantity.to_string(),
            line.amount_minor,
            line.discount_minor,
            json(&line.tax)?,
            line.from.map(ms),
            line.to.map(ms),
            line.period.map(|p| ms(p.start)),
            line.period.map(|p| ms(p.end)),
            line.credits.clone(),
            json(&line.explain)?,
            price.as_ref().map(json).transpose()?,
        );
        desk.tx.put(&INSERT_LINE, row).await?;
    }
    Ok(())
}

/// Positions and lines so that a line another of the document takes back is written before it.
fn what_is_credited_first(lines: &[DraftLine]) -> Vec<(i64, &DraftLine)> {
    let mut left: Vec<(i64, &DraftLine)> = (0_i64..).zip(lines).collect();
    let mut ordered: Vec<(i64, &DraftLine)> = Vec::with_capacity(lines.len());
    while !left.is_empty() {
        let waits = |draft: &DraftLine| draft.line.credits.as_ref().is_some_and(|of| left.iter().any(|(_, other)| other.id == *of));
        let (later, now): (Vec<_>, Vec<_>) = left.iter().copied().partition(|(_, draft)| waits(draft));
        // A line cannot take itself back; if it did, the database would say so.
        let is_stuck = now.is_empty();
        ordered.extend(if is_stuck { &later } else { &now });
        left = if is_stuck { Vec::new() } else { later };
    }
    ordered
}

/// The lines of a document, in order.
pub async fn of_invoice(desk: &mut Desk, invoice_id: &str) -> Result<Vec<DraftLine>, Refusal> {
    let rows: Vec<LineRow> = desk
        .tx
        .all("SELECT * FROM invoice_lines WHERE vendor_id = $1 AND invoice_id = $2 ORDER BY position", (desk.vendor.id.clone(), invoice_id.to_owned()))
        .await?;
    rows.into_iter().map(DraftLine::try_from).collect()
}

/// A line as it is kept, or why it cannot be read.
pub(crate) struct KeptLine {
    pub id: LineRef,
    pub invoice_id: String,
    pub line: Result<DraftLine, Refusal>,
}

#[derive(FromRow)]
struct KeptRow {
    invoice_id: String,
    #[sqlx(flatten)]
    line: LineRow,
}

/// The lines of a stretch of a series (from behind one position to another, that one included), in the documents' order and theirs.
pub(crate) async fn of_stretch(desk: &mut Desk, series: &str, after: i64, to: i64) -> Result<Vec<KeptLine>, Refusal> {
    let rows: Vec<KeptRow> = desk
        .tx
        .all(
            "SELECT l.* FROM invoices i JOIN invoice_lines l ON l.vendor_id = i.vendor_id AND l.invoice_id = i.id
             WHERE i.vendor_id = $1 AND i.series = $2 AND i.position > $3 AND i.position <= $4 ORDER BY i.position, l.position",
            (desk.vendor.id.clone(), series.to_owned(), after, to),
        )
        .await?;
    Ok(rows.into_iter().map(|row| KeptLine { id: row.line.id.clone(), invoice_id: row.invoice_id, line: row.line.try_into() }).collect())
}

/// Longer than any day of a calendar: what a change ended so long ago is no longer reversed at the same moment.
const PAST: TimeDelta = TimeDelta::days(2);

/// The lines of a subscription that a change at an instant may take back or charge again, on documents and waiting, with what was taken
/// back of them: those that reach beyond it or end there. What changes ended long before, and their credits, it meets no more, and there may
/// be hundreds of them in a period. `any_waits`: whether any line of the customer waits; else none is looked for.
pub async fn charged(desk: &mut Desk, subscription_id: &str, at: Instant, any_waits: bool) -> Result<Vec<Charged>, Refusal> {
    charged_since(desk, subscription_id, at, at - PAST, any_waits).await
}

/// Every line of a subscription that reaches beyond an instant or ends there, on documents and waiting, with what was taken back of it.
/// `any_waits` as in [`charged`].
pub async fn ever_charged(desk: &mut Desk, subscription_id: &str, at: Instant, any_waits: bool) -> Result<Vec<Charged>, Refusal> {
    charged_since(desk, subscription_id, at, Instant::MIN_UTC, any_waits).await
}

/// Without what a change ended before `ended_from`.
async fn charged_since(desk: &mut Desk, subscription_id: &str, at: Instant, ended_from: Instant, any_waits: bool) -> Result<Vec<Charged>, Refusal> {
    let rows: Vec<LineRow> = desk
        .tx
        .all(
            "SELECT l.* FROM invoice_lines l JOIN invoices i ON i.vendor_id = l.vendor_id AND i.id = l.invoice_id
             WHERE l.vendor_id = $1 AND l.subscription_id = $2 AND l.to_at >= $3 AND (i.ended_as IS NULL OR i.ended_as <> 'void')
                AND NOT (l.kind = 'proration_credit' AND l.from_at < $4)
                AND NOT EXISTS (SELECT 1 FROM invoice_lines c WHERE c.vendor_id = l.vendor_id AND c.credits_line_id = l.id AND c.kind = 'proration_credit' AND c.from_at < $4)
             ORDER BY i.issued_at, i.id, l.position",
            (desk.vendor.id.clone(), subscription_id.to_owned(), ms(at), ms(ended_from)),
        )
        .await?;
    let mut lines: Vec<DraftLine> = rows.into_iter().map(DraftLine::try_from).collect::<Result<_, _>>()?;
    let waiting = if any_waits { pending_of_subscription(desk, subscription_id).await? } else { Vec::new() };
    lines.extend(waiting.into_iter().map(|pending| pending.draft).filter(|draft| draft.line.to.is_some_and(|to| to >= at)));
    // A note's lines keep the stretch of what they take back, so every credit of these lines is among them.
    let mut credits: HashMap<LineRef, Vec<Credited>> = HashMap::new();
    for DraftLine { id, line, .. } in lines.iter().filter(|draft| draft.line.amount_minor <= 0 || draft.line.kind == LineKind::Adjustment) {
        if let Some(of) = &line.credits {
            credits.entry(of.clone()).or_default().push(credited(id, line)?);
        }
    }
    Ok(lines
        .into_iter()
        .filter(|draft| draft.line.kind != LineKind::Adjustment)
        .map(|DraftLine { id, line, price, .. }| Charged { credits: credits.remove(&id).unwrap_or_default(), reference: id, line, price })
        .collect())
}

#[derive(FromRow)]
struct TakenRow {
    document_kind: String,
    #[sqlx(flatten)]
    line: LineRow,
}

/// A line on a document that takes another back.
struct Taken {
    draft: DraftLine,
    /// Whether it charges again, on a credit note, what that other had taken back. What an invoice charges again is credited there, and a
    /// note's correction of a credit charges nothing.
    restores: bool,
}

impl Taken {
    fn is_of(&self, id: &str) -> bool {
        self.draft.line.credits.as_deref() == Some(id)
    }
}

impl TryFrom<TakenRow> for Taken {
    type Error = Refusal;
    fn try_from(row: TakenRow) -> Result<Taken, Refusal> {
        let draft = DraftLine::try_from(row.line)?;
        let is_on_note = of_word::<DocumentKind>(&row.document_kind)? == DocumentKind::CreditNote;
        let restores = is_on_note && draft.line.amount_minor > 0 && draft.line.kind != LineKind::Adjustment;
        Ok(Taken { draft, restores })
    }
}

/// A document's lines as charges and what credit notes restored of them, with every credit of both.
pub(super) async fn charged_of_invoice(desk: &mut Desk, invoice_id: &str) -> Result<(Vec<Charged>, Vec<Restored>), Refusal> {
    let lines = of_invoice(desk, invoice_id).await?;
    // What takes these lines back, what takes that back in turn, and so on. The joins are in the order that indexes answer.
    let rows: Vec<TakenRow> = desk
        .tx
        .all(
            "WITH RECURSIVE taken (id) AS (
                SELECT id FROM invoice_lines WHERE vendor_id = $1 AND invoice_id = $2
                UNION SELECT l.id FROM taken t CROSS JOIN invoice_lines l WHERE l.vendor_id = $1 AND l.credits_line_id = t.id)
             SELECT i.kind AS document_kind, l.* FROM taken t CROSS JOIN invoice_lines l CROSS JOIN invoices i
             WHERE l.vendor_id = $1 AND l.id = t.id AND l.credits_line_id IS NOT NULL AND i.vendor_id = $1 AND i.id = l.invoice_id
             ORDER BY i.issued_at, i.id, l.position",
            (desk.vendor.id.clone(), invoice_id.to_owned()),
        )
        .await?;
    let taken: Vec<Taken> = rows.into_iter().map(Taken::try_from).collect::<Result<_, _>>()?;
    // What waits for the next document takes back already.
    let mut waiting: Vec<DraftLine> = Vec::new();
    let subscriptions: BTreeSet<&String> = lines.iter().filter_map(|draft| draft.line.subscription.as_ref()).collect();
    for subscription_id in subscriptions {
        waiting.extend(pending_of_subscription(desk, subscription_id).await?.into_iter().map(|pending| pending.draft));
    }
    let mut credits: HashMap<LineRef, Vec<Credited>> = HashMap::new();
    for DraftLine { id, line, .. } in taken.iter().map(|taken| &taken.draft).chain(&waiting) {
        if let Some(of) = &line.credits {
            credits.entry(of.clone()).or_default().push(credited(id, line)?);
        }
    }
    let mut charged = |DraftLine { id, line, price, .. }: DraftLine| Charged { credits: credits.remove(&id).unwrap_or_default(), reference: id, line, price };
    let mut restored = Vec::new();
    for of in &lines {
        for draft in restored_of(&of.id, &taken) {
            restored.push(Restored { of: of.id.clone(), charged: charged(draft.clone()) });
        }
    }
    Ok((lines.into_iter().map(charged).collect(), restored))
}

/// What notes restored of a line, and of what they had restored of it before: the oldest first.
fn restored_of<'a>(id: &str, taken: &'a [Taken]) -> Vec<&'a DraftLine> {
    let mut restored = Vec::new();
    for credit in taken.iter().filter(|taken| taken.is_of(id)) {
        for again in taken.iter().filter(|taken| taken.restores && taken.is_of(&credit.draft.id)) {
            restored.push(&again.draft);
            restored.extend(restored_of(&again.draft.id, taken));
        }
    }
    restored
}

/// A line that takes another back, seen from that other one: amounts turn positive, and a note leaves the line in force.
fn credited(id: &str, line: &Line) -> Result<Credited, Refusal> {
    let neg = |amount: i64| billing::money::neg(amount).map_err(billing::Error::from);
    let mut tax = line.tax.clone();
    for part in &mut tax {
        part.amount_minor = neg(part.amount_minor)?;
    }
    let at = if line.kind == LineKind::ProrationCredit { line.from } else { None };
    Ok(Credited { reference: id.to_owned(), at, amount_minor: neg(line.net_minor()?)?, tax })
}

#[derive(FromRow)]
struct PendingRow {
    id: String,
    line: String,
    price_rule: Option<String>,
    due_at: Option<i64>,
    closes_at: Option<i64>,
}

impl TryFrom<PendingRow> for PendingLine {
    type Error = Refusal;
    fn try_from(row: PendingRow) -> Result<PendingLine, Refusal> {
        let line = serde_json::from_str(&row.line).map_err(Refusal::damaged)?;
        let price = row.price_rule.as_deref().map(serde_json::from_str).transpose().map_err(Refusal::damaged)?;
        let waits = match (row.closes_at, row.due_at) {
            (Some(at), _) => Waits::ForClosingAt(from_ms(at)),
            (None, Some(at)) => Waits::Until(from_ms(at)),
            (None, None) => Waits::ForTheNext,
        };
        Ok(PendingLine { draft: DraftLine { id: row.id, line, price, is_waiting: true }, waits })
    }
}

static INSERT_PENDING: Many = Many {
    before: "INSERT INTO pending_lines (vendor_id, id, customer_id, subscription_id, currency, position, line, price_rule, due_at, closes_at, created_at) VALUES",
    columns: 11,
    after: "",
    of_each: false,
};

/// Keeps lines for documents to come, in their order.
pub async fn keep_pending(desk: &mut Desk, customer_id: &str, currency: &str, lines: &[PendingLine]) -> Result<(), Refusal> {
    desk.forget_foreseen();
    let (first,): (i64,) = desk
        .tx
        .one(
            "SELECT CAST(COALESCE(MAX(position), 0) AS BIGINT) + 1 FROM pending_lines WHERE vendor_id = $1 AND customer_id = $2",
            (desk.vendor.id.clone(), customer_id.to_owned()),
        )
        .await?;
    for (position, PendingLine { draft: DraftLine { id, line, price, .. }, waits }) in (first..).zip(lines) {
        let (due_at, closes_at) = match waits {
            Waits::ForTheNext => (None, None),
            Waits::Until(at) => (Some(ms(*at)), None),
            Waits::ForClosingAt(at) => (None, Some(ms(*at))),
        };
        let row = (
            desk.vendor.id.clone(),
            id.clone(),
            customer_id.to_owned(),
            line.subscription.clone(),
            currency.to_owned(),
            position,
            json(line)?,
            price.as_ref().map(json).transpose()?,
            due_at,
            closes_at,
            desk.now.billing_ms(),
        );
        desk.tx.put(&INSERT_PENDING, row).await?;
    }
    Ok(())
}

/// The question of [`pending_of_customer`], for what is read ahead: of a customer's id and a currency with a space between.
pub(crate) const PENDING: &str = "lines that wait";

#[derive(FromRow)]
struct PendingOfSeveral {
    customer_id: String,
    currency: String,
    #[sqlx(flatten)]
    row: PendingRow,
}

static PENDING_OF: Many = Many {
    before: "SELECT p.customer_id, p.currency, p.id, p.line, p.price_rule, p.due_at, p.closes_at FROM (VALUES",
    columns: 2,
    after: ") AS v CROSS JOIN pending_lines p WHERE p.vendor_id = v.column1 AND p.customer_id = v.column2 ORDER BY p.position",
    of_each: false,
};

/// What waits of several customers, each line with its customer and currency, the oldest first.
pub(crate) async fn pending_of_customers(desk: &mut Desk, customer_ids: &[String]) -> Result<Vec<(String, String, PendingLine)>, Refusal> {
    let rows = desk.each(customer_ids);
    let rows: Vec<PendingOfSeveral> = desk.tx.all_of(&PENDING_OF, rows).await?;
    rows.into_iter().map(|PendingOfSeveral { customer_id, currency, row }| Ok((customer_id, currency, row.try_into()?))).collect()
}

/// What waits of a customer in a currency, the oldest first.
pub async fn pending_of_customer(desk: &mut Desk, customer_id: &str, currency: &str) -> Result<Vec<PendingLine>, Refusal> {
    if let Some(pending) = desk.recall(PENDING, &format!("{customer_id} {currency}")) {
        return Ok(pending);
    }
    let rows: Vec<PendingRow> = desk
        .tx
        .all(
            "SELECT id, line, price_rule, due_at, closes_at FROM pending_lines WHERE vendor_id = $1 AND customer_id = $2 AND currency = $3 ORDER BY position",
            (desk.vendor.id.clone(), customer_id.to_owned(), currency.to_owned()),
        )
        .await?;
    rows.into_iter().map(PendingLine::try_from).collect()
}

async fn pending_of_subscription(desk: &mut Desk, subscription_id: &str) -> Result<Vec<PendingLine>, Refusal> {
    let rows: Vec<PendingRow> = desk
        .tx
        .all(
            "SELECT id, line, price_rule, due_at, closes_at FROM pending_lines WHERE vendor_id = $1
                AND customer_id = (SELECT customer_id FROM subscriptions WHERE vendor_id = $1 AND id = $2) AND subscription_id = $2 ORDER BY position",
            (desk.vendor.id.clone(), subscription_id.to_owned()),
        )
        .await?;
    rows.into_iter().map(PendingLine::try_from).collect()
}

static DROP_PENDING: Many = Many { before: "DELETE FROM pending_lines WHERE (vendor_id, id) IN (VALUES", columns: 2, after: ")", of_each: false };

/// Takes a line off the waiting list: it stands on a document now.
pub(super) async fn drop_pending(desk: &mut Desk, id: &str) -> Result<(), Refusal> {
    let row = (desk.vendor.id.clone(), id.to_owned());
    Ok(desk.tx.put(&DROP_PENDING, row).await?)
}

fn json(value: &impl serde::Serialize) -> Result<String, Refusal> {
    serde_json::to_string(value).map_err(Refusal::damaged)
}

fn ms(at: Instant) -> i64 {
    at.timestamp_millis()
}

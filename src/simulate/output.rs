//! What came of a story, as it is printed: the form of the result, and how the services' records become it. Nothing is computed
//! here; what stands in a record is shown.

use std::collections::BTreeMap;

use billing::calendar::Instant;
use billing::explain::Explain;
use billing::invoice::{Line, LineKind, LineRef, Reason};
use billing::ledger::Account;
use billing::state::State;
use billing::tax::{LineTax, TaxNote, TaxTotal};
use chrono::SecondsFormat;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use crate::services::Refusal;
use crate::services::invoices::{Invoice, Snapshot};
use crate::services::subscriptions::Subscription;

/// The whole result. Lists are in the order in which things happened.
#[derive(Debug, Default, Serialize)]
pub struct Output {
    pub invoices: Vec<InvoiceOut>,
    pub credit_notes: Vec<CreditNoteOut>,
    pub previews: Vec<PreviewOut>,
    pub payments: Vec<PaymentOut>,
    pub messages: Vec<MessageOut>,
    pub subscriptions: Vec<SubscriptionOut>,
    /// Customer, currency, minor units.
    pub balances: BTreeMap<String, BTreeMap<String, i64>>,
    pub ledger: LedgerOut,
    pub refused: Vec<RefusedOut>,
}

#[derive(Debug, Serialize)]
pub struct InvoiceOut {
    pub number: String,
    pub customer: String,
    /// Absent where its lines are of several, or of none.
    pub subscription: Option<String>,
    pub reason: Reason,
    #[serde(serialize_with = "instant")]
    pub issued_at: Instant,
    #[serde(serialize_with = "instant")]
    pub due_at: Instant,
    pub currency: String,
    pub status: &'static str,
    pub lines: Vec<LineOut>,
    pub subtotal: i64,
    pub discount: i64,
    pub tax: Vec<TaxOut>,
    pub tax_total: i64,
    pub rounding: i64,
    pub total: i64,
    pub balance_applied: i64,
    /// What credit notes took off it before it was paid.
    pub credited: i64,
    pub amount_due: i64,
    pub amount_paid: i64,
    /// What the document says about its tax: `reverse_charge`, `exempt`.
    pub notes: Vec<TaxNote>,
}

#[derive(Debug, Serialize)]
pub struct CreditNoteOut {
    pub number: String,
    pub invoices: Vec<String>,
    pub customer: String,
    pub subscription: Option<String>,
    pub reason: Reason,
    #[serde(serialize_with = "instant")]
    pub issued_at: Instant,
    pub currency: String,
    pub lines: Vec<LineOut>,
    pub subtotal: i64,
    pub discount: i64,
    pub tax: Vec<TaxOut>,
    pub tax_total: i64,
    pub rounding: i64,
    pub total: i64,
}

#[derive(Debug, Serialize)]
pub struct LineOut {
    pub kind: LineKind,
    pub subscription: Option<String>,
    pub plan: Option<String>,
    pub add_on: Option<String>,
    pub price: Option<String>,
    pub name: String,
    #[serde(serialize_with = "plain")]
    pub quantity: Decimal,
    pub amount: i64,
    pub discount: i64,
    /// The rate's id; a list where several apply, absent where none does.
    pub tax_rate: Option<Value>,
    #[serde(serialize_with = "optional_instant")]
    pub from: Option<Instant>,
    #[serde(serialize_with = "optional_instant")]
    pub to: Option<Instant>,
    pub explain: Value,
}

#[derive(Debug, Serialize)]
pub struct TaxOut {
    pub rate: String,
    pub base: i64,
    pub amount: i64,
    #[serde(serialize_with = "plain")]
    pub percent: Decimal,
}

#[derive(Debug, Serialize)]
pub struct PreviewOut {
    #[serde(serialize_with = "instant")]
    pub at: Instant,
    pub subscription: String,
    pub lines: Vec<LineOut>,
    pub subtotal: i64,
    pub discount: i64,
    pub tax: Vec<TaxOut>,
    pub tax_total: i64,
    /// Below zero where a credit note would come of it.
    pub total: i64,
    pub due_now: i64,
    pub next_invoice: Option<NextInvoiceOut>,
}

#[derive(Debug, Serialize)]
pub struct NextInvoiceOut {
    #[serde(serialize_with = "instant")]
    pub at: Instant,
    pub total: i64,
}

#[derive(Debug, Serialize)]
pub struct PaymentOut {
    #[serde(serialize_with = "instant")]
    pub at: Instant,
    pub customer: String,
    /// Absent where what it was to pay for did not happen.
    pub invoice: Option<String>,
    pub amount: i64,
    pub currency: String,
    pub status: &'static str,
    /// Why the bank declined.
    pub reason: Option<&'static str>,
}

#[derive(Debug, Serialize)]
pub struct MessageOut {
    #[serde(serialize_with = "instant")]
    pub at: Instant,
    pub customer: String,
    pub kind: String,
}

#[derive(Debug, Serialize)]
pub struct SubscriptionOut {
    pub id: String,
    pub customer: String,
    pub status: State,
    pub plan: String,
    /// A number where it is whole, as quantities of people are.
    #[serde(serialize_with = "number")]
    pub quantity: Decimal,
    pub add_ons: Vec<AddOnOut>,
    pub period: Option<PeriodOut>,
    pub entitled: bool,
    #[serde(serialize_with = "optional_instant")]
    pub trial_end: Option<Instant>,
    #[serde(serialize_with = "optional_instant")]
    pub cancel_at: Option<Instant>,
    #[serde(serialize_with = "optional_instant")]
    pub ended_at: Option<Instant>,
}

#[derive(Debug, Serialize)]
pub struct AddOnOut {
    pub id: String,
    #[serde(serialize_with = "number")]
    pub quantity: Decimal,
}

#[derive(Debug, Serialize)]
pub struct PeriodOut {
    #[serde(serialize_with = "instant")]
    pub from: Instant,
    #[serde(serialize_with = "instant")]
    pub to: Instant,
}

#[derive(Debug, Serialize)]
pub struct LedgerOut {
    /// Whether the entries of every currency sum to zero.
    pub balanced: bool,
    /// Debit positive. Of a story in several currencies, the bare sums: see `by_currency`.
    pub accounts: BTreeMap<Account, i64>,
    pub by_currency: BTreeMap<String, BTreeMap<Account, i64>>,
}

/// Those a story's end names: nothing is withheld in a story, and nothing disputed.
fn accounts() -> impl Iterator<Item = Account> {
    Account::ALL.into_iter().filter(|account| !matches!(account, Account::TaxWithheld | Account::Disputed))
}

impl Default for LedgerOut {
    fn default() -> LedgerOut {
        LedgerOut { balanced: true, accounts: accounts().map(|account| (account, 0)).collect(), by_currency: BTreeMap::new() }
    }
}

#[derive(Debug, Serialize)]
pub struct RefusedOut {
    /// The step's place in the story, 0 the first.
    pub step: usize,
    pub reason: String,
}

/// What the records' ids are called in the story.
#[derive(Debug, Default)]
pub struct Names {
    /// Record id to scenario id.
    pub customers: BTreeMap<String, String>,
    pub subscriptions: BTreeMap<String, String>,
    /// Where a line stands: the document's number and the line's place on it.
    pub lines: BTreeMap<LineRef, (String, usize)>,
}

impl Names {
    pub fn customer(&self, id: &str) -> String {
        self.customers.get(id).cloned().unwrap_or_default()
    }

    /// Remembers where a document's lines stand.
    pub fn learn(&mut self, snapshot: &Snapshot) {
        for (position, line) in snapshot.lines.iter().enumerate() {
            self.lines.insert(line.id.clone(), (snapshot.number.clone(), position));
        }
    }

    pub fn invoice(&self, invoice: &Invoice, snapshot: &Snapshot) -> Result<InvoiceOut, Refusal> {
        Ok(InvoiceOut {
            number: invoice.number.clone(),
            customer: self.customer(&invoice.customer_id),
            subscription: self.subscription_of(invoice),
            reason: snapshot.reason,
            issued_at: invoice.issued_at,
            due_at: invoice.due_at,
            currency: invoice.currency.clone(),
            status: invoice.status.name(),
            lines: self.lines(snapshot)?,
            subtotal: snapshot.subtotal_minor,
            discount: snapshot.discount_minor,
            tax: snapshot.tax.iter().map(|shown| tax(&shown.total)).collect(),
            tax_total: snapshot.tax_total_minor,
            rounding: snapshot.rounding_minor,
            total: invoice.total_minor,
            balance_applied: invoice.balance_minor,
            credited: invoice.credited_minor,
            amount_due: invoice.due_minor,
            amount_paid: invoice.paid_minor,
            notes: snapshot.notes.clone(),
        })
    }

    pub fn credit_note(&self, note: &Invoice, snapshot: &Snapshot) -> Result<CreditNoteOut, Refusal> {
        Ok(CreditNoteOut {
            number: note.number.clone(),
            invoices: snapshot.corrects.clone(),
            customer: self.customer(&note.customer_id),
            subscription: self.subscription_of(note),
            reason: snapshot.reason,
            issued_at: note.issued_at,
            currency: note.currency.clone(),
            lines: self.lines(snapshot)?,
            subtotal: snapshot.subtotal_minor,
            discount: snapshot.discount_minor,
            tax: snapshot.tax.iter().map(|shown| tax(&shown.total)).collect(),
            tax_total: snapshot.tax_total_minor,
            rounding: snapshot.rounding_minor,
            total: note.total_minor,
        })
    }

    fn subscription_of(&self, invoice: &Invoice) -> Option<String> {
        invoice.subscription_id.as_ref().and_then(|id| self.subscriptions.get(id)).cloned()
    }

    fn lines(&self, snapshot: &Snapshot) -> Result<Vec<LineOut>, Refusal> {
        snapshot.lines.iter().map(|shown| self.line(&shown.line)).collect()
    }

    pub fn line(&self, line: &Line) -> Result<LineOut, Refusal> {
        Ok(LineOut {
            kind: line.kind,
            subscription: line.subscription.as_ref().and_then(|id| self.subscriptions.get(id)).cloned(),
            plan: line.plan.clone(),
            add_on: line.add_on.clone(),
            price: line.price.clone(),
            name: line.name.clone(),
            quantity: line.quantity,
            amount: line.amount_minor,
            discount: line.discount_minor,
            tax_rate: tax_rate(&line.tax),
            from: line.from,
            to: line.to,
            explain: self.explain(&line.explain)?,
        })
    }

    /// As the engine explains it, but for the line it takes back, which is named by its place instead of its record.
    fn explain(&self, explain: &Explain) -> Result<Value, Refusal> {
        let mut value = serde_json::to_value(explain).map_err(Refusal::damaged)?;
        if let Some(place) = value.pointer_mut("/credit/line") {
            *place = match explain.credit.as_ref().and_then(|credit| self.lines.get(&credit.line)) {
                Some((document, position)) => json!({ "document": document, "line": position }),
                None => Value::Null,
            };
        }
        Ok(value)
    }
}

pub fn subscription(id: &str, customer: &str, s: &Subscription) -> SubscriptionOut {
    let period = match (&s.cycle, s.trial_end_at) {
        (Some(cycle), _) => Some(PeriodOut { from: cycle.period().start, to: cycle.period().end }),
        (None, Some(end)) if s.state == State::Trialing => Some(PeriodOut { from: s.starts_at, to: end }),
        (None, _) => None,
    };
    SubscriptionOut {
        id: id.to_owned(),
        customer: customer.to_owned(),
        status: s.state,
        plan: s.terms.plan.key.clone(),
        quantity: s.terms.quantity,
        add_ons: s.terms.add_ons.iter().map(|add_on| AddOnOut { id: add_on.key.clone(), quantity: add_on.quantity }).collect(),
        period,
        entitled: s.is_entitled(),
        trial_end: s.trial_end_at,
        cancel_at: s.cancel_at,
        ended_at: s.ended_at,
    }
}

pub fn ledger(mut sums: BTreeMap<String, BTreeMap<Account, i64>>) -> Result<LedgerOut, Refusal> {
    let add = |one: i64, other: i64| billing::money::add(one, other).map_err(billing::Error::from);
    let mut ledger = LedgerOut::default();
    for of_currency in sums.values_mut() {
        of_currency.retain(|account, _| accounts().any(|named| named == *account));
        let mut sum = 0;
        for (account, amount) in of_currency {
            sum = add(sum, *amount)?;
            let of_all = ledger.accounts.entry(*account).or_default();
            *of_all = add(*of_all, *amount)?;
        }
        ledger.balanced &= sum == 0;
    }
    ledger.by_currency = sums;
    Ok(ledger)
}

pub fn tax(total: &TaxTotal) -> TaxOut {
    TaxOut { rate: total.rate.clone(), base: total.base_minor, amount: total.amount_minor, percent: total.percent }
}

fn tax_rate(taxes: &[LineTax]) -> Option<Value> {
    match taxes {
        [] => None,
        [one] => Some(json!(one.rate)),
        several => Some(several.iter().map(|tax| json!(tax.rate)).collect()),
    }
}

fn instant<S: Serializer>(at: &Instant, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&at.to_rfc3339_opts(SecondsFormat::Secs, true))
}

fn optional_instant<S: Serializer>(at: &Option<Instant>, serializer: S) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => instant(at, serializer),
        None => serializer.serialize_none(),
    }
}

/// A decimal without zeros that say nothing.
fn plain<S: Serializer>(decimal: &Decimal, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&decimal.normalize())
}

fn number<S: Serializer>(decimal: &Decimal, serializer: S) -> Result<S::Ok, S::Error> {
    match decimal.to_i64().filter(|whole| Decimal::from(*whole) == *decimal) {
        Some(whole) => serializer.serialize_i64(whole),
        None => plain(decimal, serializer),
    }
}

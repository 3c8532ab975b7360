//! Events of billing, told to the people they concern. What has a reader here leaves a row in the outbox with its event; a worker turns it
//! into messages, so that no billing run waits for words.

use billing::state::State;
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::letter::{Back, Billed, Letter};
use super::{KeptFor, To, leave_of};
use crate::platform::clock::{Instant, from_ms};
use crate::services::events::{self, Event};
use crate::services::invoices::{self, Invoice};
use crate::services::payments::{self, DeclineReason, Means, Pays, Status};
use crate::services::subscriptions::Subscription;
use crate::services::{Desk, Refusal, balance, bank, customers, dunning, purchases, subscriptions};

/// The outbox kind of events that are to be told.
pub const EVENT: &str = "event";

/// Which kinds of events are told.
pub const TOLD: [&str; 20] = [
    "invoice.issued",
    "credit_note.issued",
    "payment.announced",
    "payment.succeeded",
    "transfer.received",
    "invoice.certificate_awaited",
    "invoice.payment_failed",
    "dunning.last_warning",
    "dunning.ended",
    "dunning.recovered",
    "invoice.withholding_taken_back",
    "refund.succeeded",
    "automatic_top_up.stopped",
    "balance.expiring",
    "balance.expired",
    "payment_method.expiring",
    "subscription.trial_ending",
    "subscription.renewal_coming",
    "subscription.changed",
    "subscription.ended",
];

/// How long a transfer waits until it is told: a statement may take back a few entries later what it brought, and so may whoever matched it
/// to a wrong invoice. Nobody is thanked for that.
const TRANSFER_WAITS: TimeDelta = TimeDelta::minutes(10);

/// How long an event waits until it is told; `None`: it is not told.
pub fn told_after(kind: &str) -> Option<TimeDelta> {
    let wait = if kind == "transfer.received" { TRANSFER_WAITS } else { TimeDelta::zero() };
    TOLD.contains(&kind).then_some(wait)
}

/// What the outbox says of one.
#[derive(Debug, Serialize, Deserialize)]
pub struct Told {
    pub event_id: String,
}

/// Who is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Readers {
    /// Who receives the customer's invoices: the addresses named for it, else who manages the billing.
    Books,
    /// Who may change the customer's billing.
    Managers,
}

/// Writes the messages that an event calls for: none where what it told of is past by now. Told again, nothing more is written.
pub async fn tell(desk: &mut Desk, event_id: &str) -> Result<(), Refusal> {
    let event = events::find(desk, event_id).await?;
    let Some(customer_id) = event.customer_id.clone() else { return Ok(()) };
    desk.at_billing(event.happened_at);
    let Some((letter, readers)) = letter(desk, &event, &customer_id).await? else { return Ok(()) };
    for (email, name) in addresses(desk, &customer_id, readers).await? {
        let to = To { email: &email, name: &name, kept: KeptFor::Customer(&customer_id) };
        leave_of(desk, to, &letter, Some(event_id)).await?;
    }
    Ok(())
}

async fn letter(desk: &mut Desk, event: &Event, customer_id: &str) -> Result<Option<(Letter, Readers)>, Refusal> {
    let data: Value = serde_json::from_str(&event.data).map_err(Refusal::damaged)?;
    let text = |key: &str| data.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    Ok(match event.kind.as_str() {
        "invoice.issued" => {
            let invoice = invoices::load(desk, &event.subject_id).await?;
            // One that is charged by itself is told of when that has come to something: a receipt, or a payment that failed.
            let is_charged = invoice.paid_minor > 0 || (invoice.due_minor > 0 && has_method(desk, customer_id, &invoice.currency).await?);
            if invoice.total_minor <= 0 || is_charged || invoice.status == invoices::Status::Void {
                return Ok(None);
            }
            let due_at = invoice.due_at;
            Some((Letter::InvoiceReady { invoice: billed(desk, &invoice)?, due_at }, Readers::Books))
        }
        "credit_note.issued" => {
            let note = invoices::load(desk, &event.subject_id).await?;
            if note.total_minor == 0 {
                return Ok(None);
            }
            Some((Letter::CreditNoteReady { note: billed(desk, &note)? }, Readers::Books))
        }
        "payment.announced" => {
            let payment = payments::load(desk, &event.subject_id).await?;
            // Paid otherwise, or given up, before it was told.
            if !payment.status.is_under_way() {
                return Ok(None);
            }
            let invoice = match &payment.pays {
                Pays::Invoice(invoice_id) => Some(invoices::load(desk, invoice_id).await?.number),
                Pays::Quote(_) | Pays::Purchase(_) => None,
            };
            let method = payments::find_method_ever(desk, customer_id, &payment.method_id).await?;
            let Means::SepaDebit(debit) = &method.means else { return Ok(None) };
            let debited_at = data.get("debited_at").and_then(Value::as_i64).ok_or_else(|| Refusal::damaged(format!("event {}", event.id)))?;
            let letter = Letter::DebitAnnounced {
                invoice,
                amount_minor: payment.amount_minor,
                currency: payment.currency,
                debited_at: from_ms(debited_at),
                zone: desk.vendor.zone()?,
                mandate: debit.mandate.clone(),
                creditor_id: Some(text("creditor_id")).filter(|id| !id.is_empty()),
                method,
            };
            Some((letter, Readers::Books))
        }
        "payment.succeeded" => {
            let payment = payments::load(desk, &event.subject_id).await?;
            let method = payments::find_method_ever(desk, customer_id, &payment.method_id).await?;
            let Some((invoice_id, paid_minor)) = invoices::paid_by(desk, &event.subject_id).await? else {
                let Pays::Purchase(purchase_id) = &payment.pays else { return Ok(None) };
                let bought = purchases::load(desk, purchase_id).await?;
                let balance_minor = balance::total(desk, customer_id, &bought.currency).await?;
                let letter = Letter::CreditBought {
                    name: bought.name,
                    paid_minor: payment.amount_minor,
                    credit_minor: if bought.status == "done" { bought.credit_minor } else { payment.amount_minor },
                    balance_minor,
                    currency: bought.currency,
                    paid_at: from_ms(event.happened_at),
                    zone: desk.vendor.zone()?,
                    method,
                    payment_id: payment.id,
                };
                return Ok(Some((letter, Readers::Books)));
            };
            let invoice = invoices::load(desk, &invoice_id).await?;
            Some((Letter::Receipt { invoice: billed(desk, &invoice)?, paid_minor, paid_at: from_ms(event.happened_at), method }, Readers::Books))
        }
        "transfer.received" => {
            let transfer = bank::transfer(desk, &event.subject_id).await?;
            if transfer.is_taken_back {
                return Ok(None);
            }
            let mut paid = Vec::new();
            for invoice_id in &transfer.invoices {
                let invoice = invoices::load(desk, invoice_id).await?;
                paid.push(billed(desk, &invoice)?);
            }
            let named = data.get("invoices").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
            let letter = Letter::TransferReceived {
                amount_minor: transfer.amount_minor,
                currency: transfer.currency,
                received_at: transfer.received_at,
                zone: desk.vendor.zone()?,
                named,
                paid,
                over_minor: transfer.over_minor,
                certificate_until: transfer.certificate_until,
            };
            Some((letter, Readers::Books))
        }
        "invoice.certificate_awaited" => {
            let invoice = invoices::load(desk, &event.subject_id).await?;
            let Some(until) = bank::certificate_until(desk, &invoice.id).await?.filter(|_| invoice.due_minor > 0) else { return Ok(None) };
            let method = payments::list(desk, customer_id).await?.into_iter().find(|method| method.is_default() && method.refused.is_none());
            Some((Letter::CertificateAwaited { invoice: billed(desk, &invoice)?, until, method }, Readers::Books))
        }
        "invoice.payment_failed" => {
            let invoice = invoices::load(desk, &event.subject_id).await?;
            // Paid in the meantime: nothing is wrong any more.
            if invoice.due_minor == 0 {
                return Ok(None);
            }
            let tried = payments::of_invoice(desk, &invoice.id).await?.into_iter().find(|payment| matches!(payment.status, Status::Declined(_)));
            let last = tried.filter(|_| text("reason") != dunning::NO_METHOD);
            let declined = match last {
                Some(payment) => Some((payments::find_method_ever(desk, customer_id, &payment.method_id).await?, DeclineReason::or_other(&text("reason")))),
                None => None,
            };
            let prospect = dunning::prospect(desk, &invoice.id).await?;
            Some((Letter::PaymentFailed { invoice: billed(desk, &invoice)?, declined, prospect }, Readers::Managers))
        }
        "dunning.last_warning" | "dunning.ended" => {
            let invoice = invoices::load(desk, &event.subject_id).await?;
            let written_off_minor = invoice.written_off_minor;
            let prospect = dunning::prospect(desk, &invoice.id).await?.filter(|_| invoice.payable_minor() > 0);
            let (Some(prospect), invoice) = (prospect, billed(desk, &invoice)?) else { return Ok(None) };
            let ends_at = data.get("ends_at").and_then(Value::as_str).and_then(|at| at.parse::<Instant>().ok());
            let letter = match ends_at {
                // Given up since: nobody is warned of what is not asked for.
                Some(_) if invoice.due_minor == 0 => return Ok(None),
                Some(ends_at) => Letter::LastWarning { invoice, ends_at, prospect },
                None => Letter::GraceOver { invoice, prospect, written_off_minor },
            };
            Some((letter, Readers::Managers))
        }
        "dunning.recovered" => {
            let invoice = invoices::load(desk, &event.subject_id).await?;
            let runs = |s: &Subscription| matches!(s.state, State::Active);
            let on_it = subscriptions::on_invoice(desk, &invoice.id).await?;
            let plan = match text("ended_by").as_str() {
                "pause" => on_it.first().map(|s| (s.plan_name().to_owned(), Back::Resumed)),
                "cancel" => None,
                _ => on_it.into_iter().find(runs).map(|s| (s.plan_name().to_owned(), Back::Active)),
            };
            Some((Letter::Recovered { invoice: billed(desk, &invoice)?, plan }, Readers::Managers))
        }
        "invoice.withholding_taken_back" => {
            let invoice = invoices::load(desk, &event.subject_id).await?;
            // A better certificate came in the meantime, or the money.
            if invoice.due_minor == 0 || invoice.withheld_minor > 0 {
                return Ok(None);
            }
            let amount_minor = data.get("amount_minor").and_then(Value::as_i64).ok_or_else(|| Refusal::damaged(format!("event {}", event.id)))?;
            let (certificate, because) = (text("certificate_number"), text("because"));
            let letter = Letter::CertificateRefused { invoice: invoice.number, certificate, because, amount_minor, currency: invoice.currency };
            Some((letter, Readers::Books))
        }
        "refund.succeeded" => {
            let amount_minor = data.get("amount_minor").and_then(Value::as_i64).ok_or_else(|| Refusal::damaged(format!("event {}", event.id)))?;
            Some((
                Letter::Refunded { invoice: Some(text("invoice")).filter(|number| !number.is_empty()), amount_minor, currency: text("currency") },
                Readers::Books,
            ))
        }
        "automatic_top_up.stopped" => {
            let amount_minor = data.get("amount_minor").and_then(Value::as_i64).ok_or_else(|| Refusal::damaged(format!("event {}", event.id)))?;
            let method = payments::find_method_ever(desk, customer_id, &text("method_id")).await?;
            let customer = customers::load(desk, customer_id).await?.name;
            let reason = DeclineReason::or_other(&text("reason"));
            Some((Letter::AutomaticTopUpStopped { customer, amount_minor, currency: text("currency"), method, reason }, Readers::Managers))
        }
        "balance.expiring" => {
            let number = |key: &str| data.get(key).and_then(Value::as_i64).ok_or_else(|| Refusal::damaged(format!("event {}", event.id)));
            let (amount_minor, expires_at) = (number("amount_minor")?, from_ms(number("expires_at")?));
            let customer = customers::load(desk, customer_id).await?.name;
            let letter = Letter::CreditExpiring { customer, amount_minor, currency: text("currency"), expires_at, zone: desk.vendor.zone()? };
            Some((letter, Readers::Managers))
        }
        "balance.expired" => {
            let amount_minor = data.get("amount_minor").and_then(Value::as_i64).ok_or_else(|| Refusal::damaged(format!("event {}", event.id)))?;
            let customer = customers::load(desk, customer_id).await?.name;
            Some((Letter::CreditExpired { customer, amount_minor, currency: text("currency") }, Readers::Managers))
        }
        "payment_method.expiring" => {
            let method = payments::find_method_ever(desk, customer_id, &event.subject_id).await?;
            let customer = customers::load(desk, customer_id).await?.name;
            let Some(last_day) = method.last_day() else { return Ok(None) };
            Some((Letter::MethodExpiring { customer, method, last_day, zone: desk.vendor.zone()? }, Readers::Managers))
        }
        "subscription.trial_ending" => {
            let s = subscriptions::load(desk, &event.subject_id).await?;
            let Some(ends_at) = s.trial_end_at else { return Ok(None) };
            let has_method = has_method(desk, customer_id, s.currency.code()).await?;
            Some((Letter::TrialEnding { plan: text("name"), ends_at, zone: s.zone, has_method }, Readers::Managers))
        }
        "subscription.renewal_coming" => {
            let s = subscriptions::load(desk, &event.subject_id).await?;
            let Some(renews_at) = s.announced_renewal_at.filter(|_| s.ended_at.is_none() && s.cancel_at.is_none()) else { return Ok(None) };
            let customer = customers::load(desk, customer_id).await?;
            let next = subscriptions::upcoming(desk, &customer, &s, from_ms(event.happened_at), None).await?;
            let due_minor = next.and_then(|next| next.priced).map(|priced| priced.due_minor);
            let method = payments::charged_first(&payments::list(desk, customer_id).await?, s.currency.code()).cloned();
            let plan = s.plan_name().to_owned();
            Some((
                Letter::RenewalComing { customer: customer.name, plan, renews_at, zone: s.zone, due_minor, currency: s.currency.code().to_owned(), method },
                Readers::Managers,
            ))
        }
        // A code that was redeemed changes what is paid, and no plan.
        "subscription.changed" if text("promotion_code").is_empty() => {
            let customer = customers::load(desk, customer_id).await?.name;
            Some((Letter::PlanChanged { customer, plan: text("name"), quantity: text("quantity") }, Readers::Managers))
        }
        "subscription.ended" => {
            let customer = customers::load(desk, customer_id).await?.name;
            Some((Letter::SubscriptionEnded { customer, plan: text("name") }, Readers::Managers))
        }
        _ => None,
    })
}

/// Whether something of the customer's is charged by itself for a currency.
async fn has_method(desk: &mut Desk, customer_id: &str, currency: &str) -> Result<bool, Refusal> {
    Ok(payments::chargeable(desk, &[customer_id.to_owned()]).await?.can_pay(customer_id, currency))
}

fn billed(desk: &Desk, invoice: &Invoice) -> Result<Billed, Refusal> {
    Ok(Billed {
        number: invoice.number.clone(),
        issued_at: invoice.issued_at,
        total_minor: invoice.total_minor,
        due_minor: invoice.due_minor,
        currency: invoice.currency.clone(),
        zone: desk.vendor.zone()?,
    })
}

/// Addresses with the names behind them, each once.
async fn addresses(desk: &mut Desk, customer_id: &str, readers: Readers) -> Result<Vec<(String, String)>, Refusal> {
    let people = customers::people_of(desk, customer_id).await?;
    let managers = || people.iter().filter(|person| person.role().may_change_billing()).map(|person| (person.email.clone(), person.name.clone())).collect();
    if readers == Readers::Managers {
        return Ok(managers());
    }
    let customer = customers::load(desk, customer_id).await?;
    let named: Vec<(String, String)> = customer
        .invoice_emails()
        .into_iter()
        .map(|email| {
            let name = people.iter().find(|person| person.email.eq_ignore_ascii_case(&email)).map_or(&customer.name, |person| &person.name).clone();
            (email, name)
        })
        .collect();
    Ok(if named.is_empty() { managers() } else { named })
}

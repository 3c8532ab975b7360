//! What came of a story, in the form the product prints it. What the model does not compute (explanations, sentences of refusals, names)
//! is left out, and not compared.

use serde_json::{Map, Value, json};

use crate::calendar::rfc3339;
use crate::fraction::Fraction;
use crate::world::{Document, Line, State, Subscription, TaxTotal, World};

const ACCOUNTS: [&str; 8] = ["receivable", "cash", "revenue", "tax", "customer_balance", "discounts", "write_offs", "rounding"];

impl World<'_> {
    pub fn output(&self) -> Value {
        without_unsaid(self.all_out())
    }

    fn all_out(&self) -> Value {
        let mut accounts: Map<String, Value> = ACCOUNTS.iter().map(|account| ((*account).to_owned(), json!(0))).collect();
        for ((_, account), amount) in &self.accounts {
            let sum = accounts.get(*account).and_then(Value::as_i64).unwrap_or(0) + narrow(*amount);
            accounts.insert((*account).to_owned(), json!(sum));
        }
        json!({
            "invoices": self.documents.iter().filter(|document| document.is_invoice).map(|document| self.invoice_out(document)).collect::<Vec<_>>(),
            "credit_notes": self.documents.iter().filter(|document| !document.is_invoice).map(|document| self.note_out(document)).collect::<Vec<_>>(),
            "previews": self.previews,
            "payments": self.payments_out(),
            "subscriptions": (0..self.subscriptions.len()).map(|index| self.subscription_out(index)).collect::<Vec<_>>(),
            "balances": self.balances_out(),
            "ledger": {"balanced": true, "accounts": accounts},
            "refused": self.refused.iter().map(|step| json!({"step": step})).collect::<Vec<_>>(),
        })
    }

    fn invoice_out(&self, invoice: &Document) -> Value {
        json!({
            "number": invoice.number,
            "customer": self.customer(invoice.customer).id,
            "subscription": self.subscription_of(invoice).map(|index| &self.subscriptions[index].id),
            "reason": self.reason_out(invoice),
            "issued_at": rfc3339(invoice.issued_at),
            "due_at": rfc3339(invoice.due_at),
            "currency": invoice.currency,
            "status": if invoice.due == 0 { "paid" } else { "open" },
            "lines": self.lines_out(invoice),
            "subtotal": narrow(invoice.subtotal),
            "discount": narrow(invoice.discount),
            "tax": taxes(&invoice.tax),
            "tax_total": narrow(invoice.tax.iter().map(|tax| tax.amount).sum()),
            "rounding": narrow(invoice.rounding),
            "total": narrow(invoice.total),
            "balance_applied": narrow(invoice.balance_applied),
            "credited": narrow(invoice.credited),
            "amount_due": narrow(invoice.due),
            "amount_paid": narrow(invoice.paid),
            "notes": self.story.notes(self.customer(invoice.customer)),
        })
    }

    fn note_out(&self, note: &Document) -> Value {
        json!({
            "number": note.number,
            "invoices": note.corrects.iter().map(|index| &self.documents[*index].number).collect::<Vec<_>>(),
            "customer": self.customer(note.customer).id,
            "subscription": self.subscription_of(note).map(|index| &self.subscriptions[index].id),
            "reason": self.reason_out(note),
            "issued_at": rfc3339(note.issued_at),
            "currency": note.currency,
            "lines": self.lines_out(note),
            "subtotal": narrow(note.subtotal),
            "discount": narrow(note.discount),
            "tax": taxes(&note.tax),
            "tax_total": narrow(note.tax.iter().map(|tax| tax.amount).sum()),
            "rounding": narrow(note.rounding),
            "total": narrow(note.total),
        })
    }

    /// What a document of several subscriptions is for is any of theirs.
    fn reason_out(&self, document: &Document) -> Option<&'static str> {
        let of_any = document.lines.iter().any(|id| self.lines[*id].subscription.is_some());
        (!of_any || self.subscription_of(document).is_some()).then_some(document.reason)
    }

    pub fn lines_out(&self, document: &Document) -> Vec<Value> {
        document.lines.iter().map(|id| self.line_out(&self.lines[*id])).collect()
    }

    pub fn line_out(&self, line: &Line) -> Value {
        let rates: Vec<&str> = line.taxes.iter().map(|tax| tax.rate.as_str()).collect();
        let thing = line.thing.as_ref();
        json!({
            "kind": line.kind,
            "subscription": line.subscription.map(|index| &self.subscriptions[index].id),
            "plan": thing.and_then(|thing| thing.plan).map(|plan| &self.story.plans[plan].id),
            "add_on": thing.and_then(|thing| thing.add_on).map(|add_on| &self.story.add_ons[add_on].id),
            "price": thing.map(|thing| &thing.price),
            "quantity": line.quantity.decimal(),
            "amount": narrow(line.amount),
            "discount": narrow(line.discount),
            "tax_rate": match rates[..] { [] => Value::Null, [one] => json!(one), ref several => json!(several) },
            "from": rfc3339(line.span.0),
            "to": rfc3339(line.span.1),
        })
    }

    fn payments_out(&self) -> Vec<Value> {
        let out = self.payments.iter().map(|payment| {
            json!({
                "at": rfc3339(payment.at),
                "customer": self.customer(payment.customer).id,
                "invoice": payment.invoice.map(|index| &self.documents[index].number),
                "amount": narrow(payment.amount),
                "status": if payment.declined.is_none() { "succeeded" } else { "declined" },
                "reason": payment.declined,
            })
        });
        out.collect()
    }

    fn subscription_out(&self, index: usize) -> Value {
        let subscription = &self.subscriptions[index];
        let (status, entitled) = self.status(index);
        let period = match (subscription.period(), subscription.trial_end) {
            (Some(period), _) => Some(period),
            (None, Some(end)) if subscription.state == State::Trialing => Some((subscription.starts_at, end)),
            (None, _) => None,
        };
        let terms = &subscription.terms;
        let add_on = |(add_on, quantity): &(usize, Fraction)| json!({"id": self.story.add_ons[*add_on].id, "quantity": number(*quantity)});
        json!({
            "id": subscription.id,
            "customer": self.customer(subscription.customer).id,
            "status": status,
            "plan": self.story.plans[terms.plan].id,
            "quantity": number(terms.quantity),
            "add_ons": terms.add_ons.iter().map(add_on).collect::<Vec<_>>(),
            "period": period.map(|period| json!({"from": rfc3339(period.0), "to": rfc3339(period.1)})),
            "entitled": entitled,
            "trial_end": subscription.trial_end.map(rfc3339),
            "cancel_at": subscription.cancel_at.map(rfc3339),
            "ended_at": subscription.ended_at.map(rfc3339),
        })
    }

    /// How a subscription stands, and whether its customer may use it.
    fn status(&self, index: usize) -> (&'static str, bool) {
        let Subscription { state, .. } = self.subscriptions[index];
        // Whatever it was meanwhile: paused and resumed, ended and begun again.
        let owes = |document: &Document| {
            let is_overdue = document.is_invoice && document.failed && document.due > 0 && document.due_at <= self.now;
            is_overdue && document.lines.iter().any(|id| self.lines[*id].subscription == Some(index))
        };
        match state {
            State::Scheduled => ("scheduled", false),
            State::Trialing => ("trialing", true),
            State::Active if self.documents.iter().any(owes) => ("past_due", true),
            State::Active => ("active", true),
            State::Paused => ("paused", false),
            State::Cancelled => ("cancelled", false),
        }
    }

    fn balances_out(&self) -> Value {
        let of = |customer: usize| (self.customer(customer).id.clone(), json!({self.currency(customer): narrow(self.balances[customer])}));
        Value::Object((0..self.balances.len()).map(of).collect())
    }
}

/// Without the reasons that are not said.
fn without_unsaid(mut output: Value) -> Value {
    for list in ["invoices", "credit_notes"] {
        for document in output[list].as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
            if document["reason"].is_null() {
                document.remove("reason");
            }
        }
    }
    output
}

pub fn taxes(taxes: &[TaxTotal]) -> Vec<Value> {
    let out =
        |total: &TaxTotal| json!({"rate": total.tax.rate, "base": narrow(total.base), "amount": narrow(total.amount), "percent": total.tax.percent.decimal()});
    taxes.iter().map(out).collect()
}

pub fn narrow(amount: i128) -> i64 {
    i64::try_from(amount).expect("an amount of a story")
}

fn number(quantity: Fraction) -> Value {
    if quantity.d == 1 { json!(narrow(quantity.n)) } else { json!(quantity.decimal()) }
}

//! What came of a story, read from the records at its end.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use billing::invoice::DocumentKind;

use super::Story;
use crate::platform::clock::from_ms;
use crate::services::invoices::{Invoice, Snapshot};
use crate::services::payments::{self, Payment, Pays, Status};
use crate::services::{Refusal, balance, events, invoices, subscriptions};
use crate::simulate::Failed;
use crate::simulate::input::Act;
use crate::simulate::output::{MessageOut, Output, PaymentOut, ledger, subscription};
use crate::simulate::setting::Setting;

impl Story<'_> {
    pub(super) async fn result(mut self) -> Result<(Output, Setting), Failed> {
        let mut desk = self.setting.errand().reads().await?;
        self.list_documents(&mut desk).await?;
        let ids: Vec<String> = self.documents.iter().map(|named| named.id.clone()).collect();
        let mut documents: HashMap<String, (Invoice, Snapshot)> = HashMap::new();
        for document in invoices::load_all(&mut desk, &ids).await? {
            let snapshot = document.snapshot()?;
            self.names.learn(&snapshot);
            documents.insert(document.id.clone(), (document, snapshot));
        }
        for id in &ids {
            let (document, snapshot) = documents.remove(id).ok_or(Refusal::NotFound)?;
            match document.kind {
                DocumentKind::CreditNote => self.told.credit_notes.push(self.names.credit_note(&document, &snapshot)?),
                DocumentKind::Invoice => self.told.invoices.push(self.names.invoice(&document, &snapshot)?),
            }
        }
        let numbers: BTreeMap<&str, &str> = self.documents.iter().map(|document| (document.id.as_str(), document.number.as_str())).collect();
        let mut tried = events::of_kind(&mut desk, "payment.succeeded").await?;
        tried.extend(events::of_kind(&mut desk, "payment.declined").await?);
        tried.sort_by(|one, other| (one.happened_at, &one.id).cmp(&(other.happened_at, &other.id)));
        let ids: Vec<String> = tried.iter().map(|event| event.subject_id.clone()).collect::<BTreeSet<_>>().into_iter().collect();
        let payments: HashMap<String, Payment> = payments::load_all(&mut desk, &ids).await?.into_iter().map(|payment| (payment.id.clone(), payment)).collect();
        for event in tried {
            let payment = payments.get(&event.subject_id).cloned().ok_or(Refusal::NotFound)?;
            let settled = match &payment.pays {
                Pays::Invoice(id) => Some(id.clone()),
                // What it paid for was invoiced with it, where it was done.
                Pays::Quote(_) | Pays::Purchase(_) => invoices::paid_by(&mut desk, &payment.id).await?.map(|(id, _)| id),
            };
            self.told.payments.push(PaymentOut {
                at: from_ms(event.happened_at),
                customer: self.names.customer(&payment.customer_id),
                invoice: settled.and_then(|id| numbers.get(id.as_str()).map(|number| (*number).to_owned())),
                amount: payment.amount_minor,
                currency: payment.currency,
                status: if payment.status == Status::Succeeded { "succeeded" } else { "declined" },
                reason: if let Status::Declined(reason) = payment.status { Some(reason.name()) } else { None },
            });
        }
        for (kind, message) in [("subscription.trial_ending", "trial_ending"), ("invoice.payment_failed", "payment_failed")] {
            for event in events::of_kind(&mut desk, kind).await? {
                let customer = event.customer_id.map(|id| self.names.customer(&id)).unwrap_or_default();
                self.told.messages.push(MessageOut { at: from_ms(event.happened_at), customer, kind: message.to_owned() });
            }
        }
        self.told.messages.sort_by_key(|message| message.at);
        for step in &self.scenario.steps {
            let Act::Subscribe { customer, subscription: id, .. } = &step.act else { continue };
            if let Some(record) = self.subscriptions.get(id) {
                let s = subscriptions::load(&mut desk, record).await?;
                self.told.subscriptions.push(subscription(id, customer, &s));
            }
        }
        for customer in &self.scenario.customers {
            let record = self.customer(&customer.id)?;
            let mut by_currency = BTreeMap::new();
            let held = balance::history(&mut desk, record).await?.into_iter().map(|credit| credit.currency);
            for currency in held.chain([customer.currency.code().to_owned()]) {
                let total = balance::total(&mut desk, record, &currency).await?;
                by_currency.insert(currency, total);
            }
            self.told.balances.insert(customer.id.clone(), by_currency);
        }
        self.told.ledger = ledger(crate::services::ledger::sums(&mut desk).await?)?;
        drop(desk);
        Ok((self.told, self.setting))
    }
}

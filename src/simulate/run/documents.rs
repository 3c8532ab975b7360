//! The story's documents by the names a step gives them: the n-th invoice or a number, the n-th line or a price.

use billing::correction::LineCredit;
use billing::invoice::DocumentKind;

use super::Story;
use crate::sentence;
use crate::services::invoices::{self, CreditRequest, Invoice};
use crate::services::{Desk, Refusal};
use crate::simulate::input::{InvoiceName, LineName};

impl Story<'_> {
    pub(super) async fn invoice(&mut self, name: &InvoiceName) -> Result<Invoice, Refusal> {
        let mut desk = self.setting.errand().reads().await?;
        self.list_documents(&mut desk).await?;
        let mut found = None;
        let mut place = 0;
        for document in &self.documents {
            if document.kind()? != DocumentKind::Invoice {
                continue;
            }
            let is_it = match name {
                InvoiceName::Nth(n) => place == *n,
                InvoiceName::Number(number) => document.number == *number,
            };
            place += 1;
            if is_it {
                found = Some(&document.id);
                break;
            }
        }
        let id = found.ok_or_else(|| match name {
            InvoiceName::Nth(n) => Refusal::Rule(sentence!("simulate-no-invoice-yet", place = *n)),
            InvoiceName::Number(number) => Refusal::Rule(sentence!("simulate-no-invoice", number = number)),
        })?;
        invoices::load(&mut desk, id).await
    }

    /// Lists what was issued since it was listed last.
    pub(super) async fn list_documents(&mut self, desk: &mut Desk) -> Result<(), Refusal> {
        let last = self.documents.last().map(|document| document.id.as_str());
        let issued = invoices::issued_after(desk, last).await?;
        self.documents.extend(issued);
        Ok(())
    }

    /// Learns the lines of what was issued since it learned last. A document's lines are frozen.
    pub(super) async fn learn_lines(&mut self) -> Result<(), Refusal> {
        let mut desk = self.setting.errand().reads().await?;
        self.list_documents(&mut desk).await?;
        let new: Vec<String> = self.documents.iter().skip(self.learned).map(|document| document.id.clone()).collect();
        for document in invoices::load_all(&mut desk, &new).await? {
            self.names.learn(&document.snapshot()?);
        }
        self.learned = self.documents.len();
        Ok(())
    }
}

/// What a step takes back of an invoice, line by line.
pub(super) fn credit_lines(invoice: &Invoice, lines: &[(LineName, Option<i64>)]) -> Result<CreditRequest, Refusal> {
    let snapshot = invoice.snapshot()?;
    let credit = |(name, amount_minor): &(LineName, Option<i64>)| {
        let found = match name {
            LineName::Nth(n) => snapshot.lines.get(*n).ok_or_else(|| Refusal::Rule(sentence!("simulate-no-line", invoice = &invoice.number, place = *n)))?,
            LineName::Price(price) => {
                let mut of_price = snapshot.lines.iter().filter(|line| line.line.price.as_ref() == Some(price));
                match (of_price.next(), of_price.next()) {
                    (Some(only), None) => only,
                    (None, _) => return Err(Refusal::Rule(sentence!("simulate-no-line-of-price", invoice = &invoice.number, price = price))),
                    (Some(_), Some(_)) => {
                        return Err(Refusal::Rule(sentence!("simulate-lines-of-price", invoice = &invoice.number, price = price)));
                    }
                }
            }
        };
        // A line that reduced the invoice is credited with its sign.
        let amount_minor = amount_minor.map(|amount| if found.line.amount_minor < 0 { -amount } else { amount });
        Ok(LineCredit { line: found.id.clone(), amount_minor })
    };
    Ok(CreditRequest::Lines(lines.iter().map(credit).collect::<Result<_, Refusal>>()?))
}

//! Credit notes and refunds.

use serde_json::Value;

use crate::fraction::{ratio, spread};
use crate::story::Step;
use crate::tax::Tax;
use crate::world::{Document, Line, LineId, Refused, TaxTotal, World};

impl World<'_> {
    /// “`invoice` names the n-th of the story (0 the first) or a number.”
    pub fn invoice(&self, step: &Step) -> Result<usize, Refused> {
        let mut invoices = (0..self.documents.len()).filter(|index| self.documents[*index].is_invoice);
        match &step.invoice {
            Some(Value::String(number)) => invoices.find(|index| self.documents[*index].number == *number).ok_or(Refused),
            Some(place) => place.as_u64().and_then(|place| invoices.nth(usize::try_from(place).ok()?)).ok_or(Refused),
            None => Err(Refused),
        }
    }

    /// “A `credit_note` of an amount (gross) … reduces what is still due of its invoice first, the rest goes to the balance; `refund` is a
    /// credit note whose money goes back by the method that paid.”
    pub fn credit_amount(&mut self, invoice: usize, amount: i128, is_refund: bool) -> Result<(), Refused> {
        let document = self.documents[invoice].clone();
        let left = document.total - document.noted;
        let most = if is_refund { left.min(document.paid - document.refunded) } else { left };
        // “Never more than the invoice.”
        if amount > most {
            return Err(Refused);
        }
        let (nets, taxes) = self.left_of(&document);
        let on_top = !self.story.vendor.prices_include_tax;
        let is_all = amount == left;
        // “An amount is spread over the lines, with their tax, by largest remainder; the note that completes an invoice takes exactly
        // what is left.”
        let (lines, taxes) = if is_all {
            (nets, taxes)
        } else if on_top {
            let weights: Vec<i128> = nets.iter().chain(&taxes).copied().collect();
            let mut parts = spread(amount, &weights);
            let taxes = parts.split_off(nets.len());
            (parts, taxes)
        } else {
            let parts = spread(amount, &nets);
            let taxes = taxes.iter().map(|tax| ratio(tax * amount, left).half_up()).collect();
            (parts, taxes)
        };
        self.note(invoice, &lines, &taxes, is_refund);
        Ok(())
    }

    /// What no note has taken off an invoice yet: of each line after discount, and of each tax.
    fn left_of(&self, document: &Document) -> (Vec<i128>, Vec<i128>) {
        let lines = document.lines.iter().map(|id| self.lines[*id].net() - self.lines[*id].given_back).collect();
        (lines, document.tax.iter().map(|tax| tax.amount - tax.given_back).collect())
    }

    /// A note of lines, whole or in part.
    pub fn credit_lines(&mut self, invoice: usize, wanted: &[Value]) -> Result<(), Refused> {
        let document = self.documents[invoice].clone();
        let (nets, taxes) = self.left_of(&document);
        let mut lines = vec![0; nets.len()];
        for value in wanted {
            let (name, amount) = match value {
                Value::Object(fields) => (fields.get("line").or(fields.get("price")).cloned().unwrap_or_default(), fields.get("amount").and_then(Value::as_i64)),
                other => (other.clone(), None),
            };
            let place = self.line_named(&document, &name)?;
            let line = &self.lines[document.lines[place]];
            // An amount is gross: with the taxes of the line.
            let rates = line.taxes.iter().fold(crate::fraction::ONE, |sum, tax| sum + tax.percent.over(crate::fraction::whole(100)));
            let net = match amount {
                Some(amount) if self.story.vendor.prices_include_tax => i128::from(amount),
                Some(amount) => crate::fraction::whole(i128::from(amount)).over(rates).half_up(),
                None => nets[place],
            };
            if nets[place] == 0 || net > nets[place] - lines[place] || net == 0 {
                return Err(Refused);
            }
            lines[place] += net;
        }
        let taken: Vec<(Vec<Tax>, i128)> = document.lines.iter().zip(&lines).map(|(id, part)| (self.lines[*id].taxes.clone(), *part)).collect();
        let totals = self.tax_totals(&taken);
        let of = |tax: &TaxTotal, left: i128| totals.iter().find(|total| total.tax == tax.tax).map_or(0, |total| total.amount.min(left));
        let taxes: Vec<i128> = if lines == nets { taxes } else { document.tax.iter().zip(taxes).map(|(tax, left)| of(tax, left)).collect() };
        self.note(invoice, &lines, &taxes, false);
        Ok(())
    }

    fn line_named(&self, document: &Document, name: &Value) -> Result<usize, Refused> {
        if let Some(place) = name.as_u64().and_then(|place| usize::try_from(place).ok()) {
            return if place < document.lines.len() { Ok(place) } else { Err(Refused) };
        }
        let is_of = |id: &LineId| self.lines[*id].thing.as_ref().is_some_and(|thing| Some(thing.price.as_str()) == name.as_str());
        let found: Vec<usize> = (0..document.lines.len()).filter(|place| is_of(&document.lines[*place])).collect();
        if let [only] = found[..] { Ok(only) } else { Err(Refused) }
    }

    /// Makes the note of so much of each line and tax.
    fn note(&mut self, invoice: usize, parts: &[i128], taxes: &[i128], is_refund: bool) {
        let document = self.documents[invoice].clone();
        let mut lines = Vec::new();
        for (id, part) in document.lines.iter().zip(parts) {
            self.lines[*id].given_back += part;
            if *part != 0 {
                let of = self.lines[*id].clone();
                self.lines.push(Line {
                    kind: "adjustment",
                    amount: -part,
                    discount: 0,
                    document: Some(self.documents.len()),
                    of: Some(*id),
                    given_back: 0,
                    until: i64::MIN,
                    discounted: false,
                    ..of
                });
                lines.push(self.lines.len() - 1);
            }
        }
        let on_top = !self.story.vendor.prices_include_tax;
        let mut totals = Vec::new();
        for (place, (total, part)) in document.tax.iter().zip(taxes).enumerate() {
            let of_rate = |id: &LineId| self.lines[*id].taxes.contains(&total.tax);
            let gross: i128 = document.lines.iter().zip(parts).filter(|(id, _)| of_rate(id)).map(|(_, part)| part).sum();
            let base = if on_top { gross } else { gross - part };
            self.documents[invoice].tax[place].given_back += part;
            self.documents[invoice].tax[place].base_given_back += base;
            if *part != 0 || base != 0 {
                totals.push(TaxTotal { tax: total.tax.clone(), base: -base, amount: -part, given_back: 0, base_given_back: 0 });
            }
        }
        let subtotal: i128 = -parts.iter().sum::<i128>();
        let exact = subtotal + if on_top { -taxes.iter().sum::<i128>() } else { 0 };
        let payable = crate::price::payable(&document.currency);
        let total = ratio(exact, payable).half_up() * payable;
        let amount = -total;
        let note = Document {
            is_invoice: false,
            number: self.number(false),
            reason: "manual",
            issued_at: self.now,
            due_at: self.now,
            lines,
            subtotal,
            discount: 0,
            tax: totals,
            rounding: total - exact,
            total,
            balance_applied: 0,
            credited: 0,
            noted: 0,
            paid: 0,
            refunded: 0,
            due: 0,
            failed: false,
            corrects: vec![invoice],
            ..document
        };
        self.documents.push(note);
        let index = self.documents.len() - 1;
        self.book(index);
        self.documents[invoice].noted += amount;
        if is_refund {
            self.documents[invoice].refunded += amount;
            let currency = self.documents[index].currency.clone();
            self.post(&currency, "receivable", amount);
            self.post(&currency, "cash", -amount);
        } else {
            let left = amount - self.reduce(invoice, amount);
            self.into_balance(index, left);
        }
    }
}

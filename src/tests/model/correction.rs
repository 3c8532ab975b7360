//! Credit notes and refunds.

use serde_json::Value;

use crate::fraction::{ratio, spread};
use crate::price::payable;
use crate::story::Step;
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
        let left = self.left(invoice);
        let most = if is_refund { left.min(document.paid - document.refunded) } else { left };
        // “Never more than the invoice.”
        if amount > most {
            return Err(Refused);
        }
        let all = self.left_of(&document);
        let gross: Vec<i128> = all.iter().map(Taken::gross).collect();
        let of_lines: i128 = gross.iter().sum();
        if amount == of_lines + document.rounding - document.rounding_given_back || amount >= of_lines {
            // “the note that completes an invoice takes exactly what is left”: of every line, and of the invoice's rounding the rest.
            self.note(invoice, &all, amount - of_lines, is_refund);
            return Ok(());
        }
        // “An amount is spread over the lines, with their tax, by largest remainder”
        let parts: Vec<Taken> = all.iter().zip(spread(amount, &gross)).map(|(of, part)| of.part(part)).collect();
        self.note(invoice, &parts, 0, is_refund);
        Ok(())
    }

    /// What no note has taken off an invoice yet, gross. “Never more than the invoice.”
    pub fn left(&self, invoice: usize) -> i128 {
        let document = &self.documents[invoice];
        let lines: i128 = self.left_of(document).iter().map(Taken::gross).sum();
        let is_of_it = |note: &&Document| note.corrects == [invoice] && note.lines.iter().all(|id| self.lines[*id].kind == "adjustment");
        let noted: i128 = self.documents.iter().filter(is_of_it).map(|note| -note.total).sum();
        (lines + document.rounding - document.rounding_given_back).min(document.total - noted)
    }

    /// What no note has taken off each of its lines yet, without its taxes, and of each of these.
    fn left_of(&self, document: &Document) -> Vec<Taken> {
        let of = |id: &LineId| {
            let line = &self.lines[*id];
            // A credit is undone by what charges again what it gave back, wherever that stands.
            let undone: Vec<&Line> = self.lines.iter().filter(|other| other.undoes == Some(*id)).collect();
            let is_back = |back: &&Line| back.undoes == Some(*id) || back.amount < 0 && back.of.is_some_and(|of| self.root(of) == *id);
            let waiting: i128 = self.waiting.iter().map(|waiting| &self.lines[waiting.line]).filter(is_back).map(|back| -back.amount).sum();
            // What waits to be taken back takes its taxes with it.
            let with_waiting = |(part, given_back): (&i128, &i128)| part - given_back - ratio(part * waiting, line.net()).half_up();
            let mut taxes: Vec<i128> = line.tax_parts.iter().zip(&line.taxes_given_back).map(with_waiting).collect();
            for other in undone.iter().filter(|other| other.document.is_some()) {
                taxes.iter_mut().zip(&other.tax_parts).for_each(|(tax, part)| *tax += part);
            }
            let inside = if self.story.vendor.prices_include_tax { taxes.iter().sum() } else { 0 };
            let net = line.net() - line.given_back + undone.iter().map(|other| other.net()).sum::<i128>();
            Taken { net: net - inside, taxes }
        };
        document.lines.iter().map(of).collect()
    }

    /// A note of lines, whole or in part.
    pub fn credit_lines(&mut self, invoice: usize, wanted: &[Value]) -> Result<(), Refused> {
        let document = self.documents[invoice].clone();
        let mut left = self.left_of(&document);
        let mut parts: Vec<Taken> = left.iter().map(|of| of.part(0)).collect();
        for value in wanted {
            let (name, amount) = match value {
                Value::Object(fields) => {
                    (fields.get("line").or(fields.get("price")).cloned().unwrap_or_default(), fields.get("amount").and_then(Value::as_i64))
                }
                other => (other.clone(), None),
            };
            let place = self.line_named(&document, &name)?;
            let of = &left[place];
            // An amount is gross: with the taxes of the line, and of its sign.
            let gross = amount.map_or(of.gross(), |amount| i128::from(amount) * of.gross().signum());
            if gross == 0 || gross.abs() > of.gross().abs() {
                return Err(Refused);
            }
            let part = of.part(gross);
            left[place] = left[place].less(&part);
            parts[place] = parts[place].less(&part.part(-part.gross()));
        }
        let sum: i128 = parts.iter().map(Taken::gross).sum();
        let is_all = left.iter().all(|left| left.gross() == 0);
        if is_all {
            parts = self.left_of(&document);
        }
        let payable = payable(&document.currency);
        let rounded = ratio(sum, payable).half_up() * payable;
        let rounding = if is_all { document.rounding - document.rounding_given_back } else { rounded - sum };
        if sum + rounding <= 0 || sum + rounding > self.left(invoice) {
            return Err(Refused);
        }
        self.note(invoice, &parts, rounding, false);
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

    /// Where an amount of an invoice's line stands: what was not given back yet of the line itself, then what notes restored of it.
    fn divided(&self, id: LineId, amount: i128) -> Vec<(LineId, i128)> {
        let is_restored = |other: &LineId| *other != id && self.lines[*other].kind != "adjustment" && self.root(*other) == id;
        let restored: Vec<LineId> = (0..self.lines.len()).filter(is_restored).collect();
        let left = |of: LineId| self.lines[of].net() - self.lines[of].given_back;
        let of_restored: i128 = restored.iter().map(|of| left(*of)).sum();
        // Of a line that nothing was restored of, it is all of the line itself; and so is a tax that is left alone.
        if of_restored == 0 || amount == 0 {
            return vec![(id, amount)];
        }
        let mut rest = amount;
        let mut pieces = vec![(id, left(id) - of_restored)];
        pieces.extend(restored.into_iter().map(|of| (of, left(of))));
        for (_, part) in &mut pieces {
            *part = rest.min(*part);
            rest -= *part;
        }
        pieces.retain(|(_, part)| *part != 0);
        pieces
    }

    /// Makes the note of so much of each line; the one that completes the invoice takes its rounding too.
    fn note(&mut self, invoice: usize, parts: &[Taken], rounding: i128, is_refund: bool) {
        let document = self.documents[invoice].clone();
        let inclusive = self.story.vendor.prices_include_tax;
        let (mut lines, mut totals): (Vec<LineId>, Vec<TaxTotal>) = (Vec::new(), Vec::new());
        for (id, part) in document.lines.iter().zip(parts) {
            let amount = part.net + if inclusive { part.taxes.iter().sum() } else { 0 };
            if part.net == 0 && part.taxes.iter().all(|tax| *tax == 0) {
                continue;
            }
            let pieces = self.divided(*id, amount);
            self.lines[*id].given_back += amount;
            for (given_back, tax) in self.lines[*id].taxes_given_back.iter_mut().zip(&part.taxes) {
                *given_back += tax;
            }
            for (tax, amount) in self.lines[*id].taxes.iter().zip(&part.taxes) {
                match totals.iter_mut().find(|total| total.tax == *tax) {
                    Some(total) => {
                        total.base -= part.net;
                        total.amount -= amount;
                    }
                    None => totals.push(TaxTotal { tax: tax.clone(), base: -part.net, amount: -amount }),
                }
            }
            for (of, part) in pieces {
                if of != *id {
                    self.lines[of].given_back += part;
                }
                let document = Some(self.documents.len());
                let line = self.lines[of].clone();
                self.lines.push(Line {
                    kind: "adjustment",
                    amount: -part,
                    discount: 0,
                    document,
                    of: Some(of),
                    given_back: 0,
                    until: i64::MIN,
                    takes_back: None,
                    undoes: None,
                    ..line
                });
                lines.push(self.lines.len() - 1);
            }
        }
        self.documents[invoice].rounding_given_back += rounding;
        let subtotal: i128 = lines.iter().map(|id| self.lines[*id].amount).sum();
        let amount = parts.iter().map(Taken::gross).sum::<i128>() + rounding;
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
            rounding: -rounding,
            total: -amount,
            balance_applied: 0,
            credited: 0,
            rounding_given_back: 0,
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
        if is_refund {
            self.documents[invoice].refunded += amount;
            let currency = self.documents[index].currency.clone();
            self.post(&currency, "receivable", amount);
            self.post(&currency, "cash", -amount);
        } else {
            let left = amount - self.reduce(invoice, amount);
            self.put_into_balance(index, left);
        }
    }
}

/// So much of a line: without its taxes, and of each of them.
struct Taken {
    net: i128,
    taxes: Vec<i128>,
}

impl Taken {
    fn gross(&self) -> i128 {
        self.net + self.taxes.iter().sum::<i128>()
    }

    fn part(&self, gross: i128) -> Taken {
        if gross == 0 {
            // Not even a tax that rounding left alone.
            return Taken { net: 0, taxes: vec![0; self.taxes.len()] };
        }
        if gross == self.gross() {
            return Taken { net: self.net, taxes: self.taxes.clone() };
        }
        let weights: Vec<i128> = std::iter::once(self.net).chain(self.taxes.iter().copied()).collect();
        let mut parts = spread(gross, &weights);
        let taxes = parts.split_off(1);
        Taken { net: parts[0], taxes }
    }

    fn less(&self, part: &Taken) -> Taken {
        Taken { net: self.net - part.net, taxes: self.taxes.iter().zip(&part.taxes).map(|(tax, part)| tax - part).collect() }
    }
}

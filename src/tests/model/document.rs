//! Lines become documents: discounts, taxes, rounding, the balance, payment.

use chrono::Datelike;

use crate::calendar::{day, days_later};
use crate::fraction::{Fraction, ONE, ratio, rounded_together, whole};
use crate::price::payable;
use crate::story::Duration;
use crate::tax::Tax;
use crate::world::{Document, LineId, Payment, TaxTotal, World};

impl World<'_> {
    /// Makes the document of a customer's lines, and has it paid. “An invoice of no lines is not made.”
    pub fn issue(&mut self, customer: usize, lines: Vec<LineId>, reason: &'static str) -> Option<usize> {
        if lines.is_empty() {
            return None;
        }
        for id in &lines {
            if self.lines[*id].of.is_none() {
                let product = self.product(&self.lines[*id]);
                self.lines[*id].taxes = self.story.taxes(self.customer(customer), product, self.today(customer));
            }
        }
        // “at its own tax”: of what it takes back, be it on this very document.
        for id in &lines {
            if let Some(of) = self.lines[*id].of {
                self.lines[*id].taxes = self.lines[self.first(of)].taxes.clone();
            }
        }
        // “`once` is the first invoice with something to discount”: a document that would be a note is none.
        let is_once = |coupon: &usize| self.story.coupons[*coupon].duration == Duration::Once;
        let before = lines.iter().any(|id| self.coupons_of(*id).iter().any(is_once)).then(|| self.clone());
        self.discount(&lines, true);
        self.settle_backs(&lines);
        if let Some(before) = before.filter(|_| self.sums(customer, &lines).total < 0) {
            *self = before;
            self.discount(&lines, false);
            self.settle_backs(&lines);
        }
        let Sums { subtotal, discount, tax, exact, total } = self.sums(customer, &lines);
        let currency = self.currency(customer);
        let number = self.number(total >= 0);
        let zone = self.zone(customer);
        let document = Document {
            is_invoice: total >= 0,
            number,
            customer,
            reason,
            issued_at: self.now,
            due_at: days_later(zone, self.now, self.story.vendor.payment_terms_days),
            currency,
            lines: lines.clone(),
            subtotal,
            discount,
            tax,
            rounding: total - exact,
            total,
            balance_applied: 0,
            credited: 0,
            rounding_given_back: 0,
            paid: 0,
            refunded: 0,
            due: total.max(0),
            failed: false,
            corrects: Vec::new(),
        };
        let index = self.documents.len();
        self.documents.push(document);
        for id in lines {
            self.lines[id].document = Some(index);
        }
        self.share_taxes(index);
        // What a note restores was not given back after all.
        for id in self.documents[index].lines.clone() {
            let line = &self.lines[id];
            if total < 0
                && line.amount > 0
                && let Some(of) = line.of
            {
                let (amount, root) = (line.amount, self.root(of));
                self.lines[root].given_back -= amount;
            }
        }
        self.book(index);
        if total >= 0 {
            self.use_balance(index);
        } else {
            self.give_back(index, -total);
        }
        Some(index)
    }

    /// “Exclusive prices: total = Σ lines − discount + tax + rounding. Inclusive: lines are gross, tax is inside: total = Σ lines −
    /// discount + rounding.”
    fn sums(&self, customer: usize, lines: &[LineId]) -> Sums {
        let taxed: Vec<(Vec<Tax>, i128)> = lines.iter().map(|id| (self.lines[*id].taxes.clone(), self.lines[*id].net())).collect();
        let tax = self.tax_totals(&taxed);
        let subtotal = lines.iter().map(|id| self.lines[*id].amount).sum::<i128>();
        let discount = lines.iter().map(|id| self.lines[*id].discount).sum::<i128>();
        let on_top = if self.story.vendor.prices_include_tax { 0 } else { tax.iter().map(|tax| tax.amount).sum() };
        let exact = subtotal - discount + on_top;
        let payable = payable(&self.currency(customer));
        Sums { subtotal, discount, tax, exact, total: ratio(exact, payable).half_up() * payable }
    }

    /// Numbers count each year's invoices and notes, the year being the vendor's.
    pub fn number(&self, is_invoice: bool) -> String {
        let year = day(self.story.vendor.time_zone.unwrap_or(chrono_tz::UTC), self.now).year();
        let series = if is_invoice { format!("{year}-") } else { format!("CN-{year}-") };
        let before = self.documents.iter().filter(|document| document.is_invoice == is_invoice && document.number.starts_with(&series)).count();
        format!("{series}{:04}", before + 1)
    }

    /// “each rounded once per document, on Σ of its lines after discount; inclusive: tax = gross × r ÷ (1 + r), `base` is the rest.”
    pub fn tax_totals(&self, lines: &[(Vec<Tax>, i128)]) -> Vec<TaxTotal> {
        let mut taxes: Vec<Tax> = Vec::new();
        for tax in lines.iter().flat_map(|(taxes, _)| taxes) {
            if !taxes.contains(tax) {
                taxes.push(tax.clone());
            }
        }
        let mut totals: Vec<TaxTotal> = Vec::new();
        for tax in &taxes {
            let of_tax = || lines.iter().filter(|(taxes, _)| taxes.contains(tax));
            let base: i128 = of_tax().map(|(_, net)| net).sum();
            let amount = of_tax().fold(whole(0), |sum, (taxes, net)| sum + self.tax_of(taxes, tax, *net));
            totals.push(TaxTotal { tax: tax.clone(), base, amount: amount.half_up() });
        }
        if self.story.vendor.prices_include_tax {
            // The rest: of what bears a rate, without every tax that is inside it.
            let amounts: Vec<(Tax, i128)> = totals.iter().map(|total| (total.tax.clone(), total.amount)).collect();
            for total in &mut totals {
                let inside = |tax: &Tax| lines.iter().any(|(taxes, _)| taxes.contains(&total.tax) && taxes.contains(tax));
                total.base -= amounts.iter().filter(|(tax, _)| inside(tax)).map(|(_, amount)| amount).sum::<i128>();
            }
        }
        totals
    }

    /// One of the taxes of what costs so much, exactly. “inclusive: tax = gross × r ÷ (1 + r)”
    fn tax_of(&self, taxes: &[Tax], tax: &Tax, net: i128) -> Fraction {
        let rate = |tax: &Tax| tax.percent.over(whole(100));
        let all = if self.story.vendor.prices_include_tax { taxes.iter().fold(ONE, |sum, tax| sum + rate(tax)) } else { ONE };
        whole(net) * rate(tax).over(all)
    }

    /// Which part of a document's taxes is of which line: its own, rounded with the others'. What takes a line back takes back its part.
    fn share_taxes(&mut self, index: usize) {
        let document = self.documents[index].clone();
        for id in &document.lines {
            let taxes = self.lines[*id].taxes.len();
            self.lines[*id].tax_parts = vec![0; taxes];
            self.lines[*id].taxes_given_back = vec![0; taxes];
        }
        for total in &document.tax {
            let bears = |id: &&LineId| self.lines[**id].taxes.contains(&total.tax);
            let lines: Vec<LineId> = document.lines.iter().filter(bears).copied().collect();
            let exact: Vec<Fraction> = lines.iter().map(|id| self.tax_of(&self.lines[*id].taxes, &total.tax, self.lines[*id].net())).collect();
            for (id, part) in lines.iter().zip(rounded_together(&exact)) {
                let place = self.lines[*id].taxes.iter().position(|tax| *tax == total.tax).unwrap_or(0);
                self.lines[*id].tax_parts[place] = part;
                let is_new_charge = document.is_invoice && self.lines[*id].amount > 0;
                if let Some(of) = self.lines[*id].of.filter(|_| !is_new_charge).map(|of| self.root(of))
                    && let Some(given_back) = self.lines[of].taxes_given_back.get_mut(place)
                {
                    *given_back -= part;
                }
            }
        }
    }

    /// What a line goes back to that restores another, which restores another.
    fn first(&self, id: LineId) -> LineId {
        self.lines[id].of.map_or(id, |of| self.first(of))
    }

    /// The line on an invoice that charged for a line: itself, or the one it restores by a note.
    pub fn root(&self, id: LineId) -> LineId {
        match (self.lines[id].of, self.lines[id].document) {
            (Some(of), Some(document)) if self.lines[id].amount > 0 && !self.documents[document].is_invoice => self.root(of),
            _ => id,
        }
    }

    /// The entries of a document: what the customer owes or is owed, and what it was for.
    pub fn book(&mut self, index: usize) {
        let document = self.documents[index].clone();
        let tax: i128 = document.tax.iter().map(|tax| tax.amount).sum();
        let currency = document.currency.as_str();
        self.post(currency, "receivable", document.total);
        self.post(currency, "tax", -tax);
        self.post(currency, "discounts", document.discount);
        self.post(currency, "rounding", -document.rounding);
        self.post(currency, "revenue", -(document.total - tax + document.discount - document.rounding));
    }

    /// “Balance is used after tax”, what expires soonest first, then the oldest.
    fn use_balance(&mut self, index: usize) {
        let (customer, currency) = (self.documents[index].customer, self.documents[index].currency.clone());
        let used = self.balances[customer].min(self.documents[index].due).max(0);
        self.balances[customer] -= used;
        let mut left = used;
        self.expiring.sort_by_key(|(_, end, _)| *end);
        for (_, _, credit) in self.expiring.iter_mut().filter(|(of, ..)| *of == customer) {
            let part = left.min(*credit);
            *credit -= part;
            left -= part;
        }
        self.expiring.retain(|(.., credit)| *credit > 0);
        self.post(&currency, "customer_balance", used);
        self.post(&currency, "receivable", -used);
        let document = &mut self.documents[index];
        document.balance_applied = used;
        document.due -= used;
    }

    /// What was not used in time is gone, and was no discount.
    pub fn expire(&mut self, customer: usize) {
        let now = self.now;
        let gone: i128 = self.expiring.iter().filter(|(of, end, _)| *of == customer && *end <= now).map(|(.., credit)| credit).sum();
        self.expiring.retain(|(of, end, _)| *of != customer || *end > now);
        self.balances[customer] -= gone;
        let currency = self.currency(customer);
        self.post(&currency, "customer_balance", gone);
        self.post(&currency, "discounts", -gone);
    }

    /// “Net < 0: a credit note … against the invoices that charged, into the customer's balance”: what is still due of those first.
    fn give_back(&mut self, note: usize, amount: i128) {
        let mut invoices: Vec<usize> = Vec::new();
        for id in self.documents[note].lines.clone() {
            // A line of nothing takes nothing back.
            if self.lines[id].amount < 0
                && let Some(of) = self.lines[id].of
                && let Some(charged_by) = self.lines[self.root(of)].document
            {
                // What was charged on a note, among credits of invoices, made these come to less: it is theirs.
                if self.documents[charged_by].is_invoice { invoices.push(charged_by) } else { invoices.extend(&self.documents[charged_by].corrects) }
            }
        }
        invoices.sort_unstable();
        invoices.dedup();
        self.documents[note].corrects.clone_from(&invoices);
        if let Some(first) = invoices.first() {
            self.documents[*first].rounding_given_back -= self.documents[note].rounding;
        }
        let mut left = amount;
        for invoice in invoices {
            left -= self.reduce(invoice, left);
        }
        self.put_into_balance(note, left);
    }

    /// Takes off what is still due of an invoice; how much that was. The receivable itself was reduced with the note's own entries.
    pub fn reduce(&mut self, invoice: usize, amount: i128) -> i128 {
        let invoice = &mut self.documents[invoice];
        let taken = invoice.due.min(amount);
        invoice.due -= taken;
        invoice.credited += taken;
        taken
    }

    pub fn put_into_balance(&mut self, note: usize, amount: i128) {
        let (customer, currency) = (self.documents[note].customer, self.documents[note].currency.clone());
        self.balances[customer] += amount;
        self.post(&currency, "receivable", amount);
        self.post(&currency, "customer_balance", -amount);
    }

    /// “Without `payment_outcome` every payment succeeds at once.” Whether it did.
    pub fn pay(&mut self, index: usize) -> bool {
        let (customer, due, currency) = (self.documents[index].customer, self.documents[index].due, self.documents[index].currency.clone());
        if due == 0 {
            return true;
        }
        let declined = self.declines[customer].clone();
        self.payments.push(Payment { at: self.now, customer, invoice: Some(index), amount: due, declined: declined.clone() });
        if declined.is_some() {
            self.documents[index].failed = true;
            self.messages.push((self.now, customer, "payment_failed"));
            return false;
        }
        self.documents[index].paid += due;
        self.documents[index].due = 0;
        self.post(&currency, "cash", due);
        self.post(&currency, "receivable", -due);
        true
    }

    /// The subscription of a document, if its lines are of one only.
    pub fn subscription_of(&self, document: &Document) -> Option<usize> {
        let mut of: Vec<usize> = document.lines.iter().filter_map(|id| self.lines[*id].subscription).collect();
        of.dedup();
        if of.iter().all(|other| Some(other) == of.first()) { of.first().copied() } else { None }
    }
}

/// What lines come to.
struct Sums {
    subtotal: i128,
    discount: i128,
    tax: Vec<TaxTotal>,
    /// Before it is rounded to what can be paid.
    exact: i128,
    total: i128,
}

/// What a fraction of an amount is, rounded as proration lines are.
pub fn prorated(rounding: crate::story::Rounding, exact: Fraction) -> i128 {
    match rounding {
        crate::story::Rounding::HalfUp => exact.half_up(),
        crate::story::Rounding::HalfEven => exact.half_even(),
    }
}

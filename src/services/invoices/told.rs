//! An issued document, told: its parties, lines, sums and notes in the reader's words, the same for the page and the PDF. Everything comes
//! from the frozen document; nothing is computed again.
//!
//! What deliberately does not live here: what is paid by now, which goes on changing and stands on the page alone.

use billing::invoice::{DocumentKind, LineKind, Reason as Why};
use billing::tax::{PricesTax, TaxNote, ids};

use super::{Party, Snapshot, SnapshotLine, TaxShown};
use crate::t;
use crate::words::format::Dates;
use crate::words::reason::{Reason, Teller, span};
use crate::words::{Words, countries};

/// A frozen document with the words it is told in. Its days are days of the zone it was billed in.
pub struct Told<'a> {
    pub snapshot: &'a Snapshot,
    pub words: Words,
    pub dates: Dates,
}

/// One row under the lines.
pub struct Sum {
    pub label: String,
    pub amount: String,
    pub kind: TotalKind,
}

/// How a sum stands among the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TotalKind {
    Sum,
    /// The amount it is all about.
    Total,
    /// Said after the total, in second ink.
    Quiet,
}

impl Told<'_> {
    pub fn new(snapshot: &Snapshot, words: Words) -> Told<'_> {
        Told { snapshot, words, dates: Dates::new(words, snapshot.zone) }
    }

    /// `Invoice`, `Credit note`; in Thailand the words that make it one for the tax.
    pub fn title(&self) -> String {
        match self.snapshot.kind {
            DocumentKind::Invoice if self.snapshot.from.country == "TH" && !self.snapshot.tax.is_empty() => t!(self.words, "document-tax-invoice"),
            DocumentKind::Invoice => t!(self.words, "document-invoice"),
            DocumentKind::CreditNote => t!(self.words, "document-credit-note"),
        }
    }

    pub fn line(&self, line: &SnapshotLine) -> Reason {
        Teller { words: self.words, dates: self.dates, currency: &self.snapshot.currency }.tell(&line.line, &line.unit)
    }

    /// Name, address, country and tax id, one a line.
    pub fn party(&self, of: &Party) -> Vec<String> {
        party(self.words, of)
    }

    /// From what the lines come to before tax to the total.
    pub fn sums(&self) -> Vec<Sum> {
        let (w, s) = (self.words, self.snapshot);
        let plain = |label: String, amount: i64| Sum { label, amount: w.figure(amount, &s.currency), kind: TotalKind::Sum };
        let mut sums = Vec::new();
        if s.discount_minor != 0 {
            sums.push(plain(t!(w, "document-before-discount"), s.subtotal_minor));
            sums.push(plain(t!(w, "document-discount"), s.discount_minor.saturating_neg()));
        }
        let tax = |tax: &TaxShown, kind: TotalKind| {
            let (percent, base) = (w.number(tax.total.percent), w.money(tax.total.base_minor, &s.currency));
            let label = match s.prices {
                PricesTax::Exclusive => t!(w, "document-tax", name = &tax.name, percent = percent, base = base),
                PricesTax::Inclusive => t!(w, "document-tax-inside", name = &tax.name, percent = percent, base = base),
            };
            Sum { label, amount: w.figure(tax.total.amount_minor, &s.currency), kind }
        };
        let has_tax = !s.tax.is_empty() || !s.notes.is_empty();
        if s.prices == PricesTax::Exclusive && has_tax {
            sums.push(plain(t!(w, "document-before-tax"), s.subtotal_minor.saturating_sub(s.discount_minor)));
            sums.extend(s.tax.iter().map(|one| tax(one, TotalKind::Sum)));
        }
        sums.extend(s.notes.iter().map(|note| plain(no_tax(w, *note), 0)));
        if s.rounding_minor != 0 {
            sums.push(plain(t!(w, "document-rounding"), s.rounding_minor));
        }
        let label = match s.kind {
            DocumentKind::Invoice => t!(w, "document-total"),
            DocumentKind::CreditNote => t!(w, "document-credited"),
        };
        sums.push(Sum { label, amount: w.money(s.total_minor, &s.currency), kind: TotalKind::Total });
        if s.prices == PricesTax::Inclusive {
            sums.extend(s.tax.iter().map(|one| tax(one, TotalKind::Quiet)));
        }
        sums
    }

    /// What the law wants said: a lead and a sentence each.
    pub fn notes(&self) -> Vec<(String, String)> {
        let w = self.words;
        self.snapshot
            .notes
            .iter()
            .map(|note| match note {
                TaxNote::ReverseCharge => (t!(w, "document-reverse-charge"), t!(w, "document-reverse-charge-what")),
                TaxNote::Exempt => (t!(w, "document-exempt"), t!(w, "document-exempt-what")),
            })
            .collect()
    }

    /// `For Team plan, 1 to 30 November, and usage, 1 to 31 October.`; empty where the lines say it better.
    pub fn what_for(&self) -> String {
        let (w, s) = (self.words, self.snapshot);
        if s.kind == DocumentKind::CreditNote {
            return if s.corrects.is_empty() { String::new() } else { t!(w, "document-corrects", numbers = s.corrects.join(", ")) };
        }
        let of = |kind: LineKind| s.lines.iter().map(|line| &line.line).find(|line| line.kind == kind);
        let stretch = |kind: LineKind| of(kind).and_then(|line| line.from.zip(line.to)).map(|(from, to)| span(&self.dates, from, to));
        let plan = of(LineKind::Recurring).map(|line| line.name.clone()).zip(stretch(LineKind::Recurring));
        match (s.reason, plan, stretch(LineKind::Usage)) {
            (Why::Change, _, _) => t!(w, "document-for-change", day = self.dates.day(s.issued_at)),
            (Why::Manual | Why::Threshold, _, _) | (_, None, None) => String::new(),
            (_, Some((plan, when)), Some(usage)) => t!(w, "document-for-both", plan = plan, when = when, usage = usage),
            (_, Some((plan, when)), None) => t!(w, "document-for-plan", plan = plan, when = when),
            (_, None, Some(usage)) => t!(w, "document-for-usage", usage = usage),
        }
    }
}

fn no_tax(w: Words, note: TaxNote) -> String {
    match note {
        TaxNote::ReverseCharge => t!(w, "document-tax-reverse"),
        TaxNote::Exempt => t!(w, "document-tax-exempt"),
    }
}

/// Name, address, country and tax id of a party, one a line.
pub(super) fn party(w: Words, party: &Party) -> Vec<String> {
    let mut lines = vec![party.legal_name.clone()];
    lines.extend(party.address.lines());
    lines.push(countries::name(w, &party.country));
    lines.extend(party.tax_id.iter().map(|id| tax_id(w, &party.country, id)));
    lines
}

/// A tax id by the name that its country has for it.
fn tax_id(w: Words, country: &str, id: &str) -> String {
    match (country, ids::thai_parts(id)) {
        ("TH", Some((id, None))) => t!(w, "document-tax-id-head-office", id = id),
        ("TH", Some((id, Some(branch)))) => t!(w, "document-tax-id-branch", id = id, branch = branch),
        ("JP", _) if ids::check("JP", id).is_ok() => t!(w, "document-tax-id-japan", id = id),
        (country, _) if ids::is_eu(country) || ["GB", "NO", "CH"].contains(&country) => t!(w, "document-tax-id", id = id),
        _ => t!(w, "document-tax-id-other", id = id),
    }
}

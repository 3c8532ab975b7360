//! Draws the terms of the standard up from the frozen document. Amounts are reckoned in units of the last decimal that is written, as
//! integers, and become decimals at the end.

use billing::calendar::Instant;
use billing::explain::ModelName;
use billing::invoice::DocumentKind;
use billing::money::{self, Ratio, Rounding};
use billing::tax::{PricesTax, TaxNote};
use chrono::Duration;
use rust_decimal::Decimal;

use super::{Allowance, Category, Days, Document, Line, Party, Tax, Totals};
use crate::services::Refusal;
use crate::services::invoices::told::Told;
use crate::services::invoices::{self, Snapshot, SnapshotLine};
use crate::words::Words;
use crate::words::format::exponent;
use crate::{sentence, t};

/// The most decimals the standard writes (rules BR-DEC-01 to 28).
const MOST_DECIMALS: u32 = 2;

/// Whether the standard knows such a document: one that charges tax names a tax id of its seller.
pub fn is_known(snapshot: &Snapshot) -> bool {
    snapshot.from.tax_id.is_some() || is_outside(snapshot)
}

/// The document in the standard's terms; refused where it has none for it ([`is_known`]).
pub fn draw(snapshot: &Snapshot) -> Result<Document, Refusal> {
    if !is_known(snapshot) {
        return Err(Refusal::Rule(sentence!("refusal-einvoice-no-tax-id")));
    }
    let pen = Pen::new(snapshot);
    let is_outside = is_outside(snapshot);
    let mut lines = Vec::with_capacity(snapshot.lines.len());
    let mut groups: Vec<Group> = Vec::new();
    for of in &snapshot.lines {
        let drawn = pen.line(of)?;
        pen.count(&drawn, of, &mut groups)?;
        lines.push(drawn.line);
    }
    let totals = pen.totals(&groups)?;
    let due = !totals.due.is_zero();
    let is_invoice = snapshot.kind == DocumentKind::Invoice;
    Ok(Document {
        number: snapshot.number.clone(),
        issued_on: pen.told.dates.date(snapshot.issued_at),
        kind: snapshot.kind,
        currency: snapshot.currency.clone(),
        due_on: (is_invoice && due).then(|| pen.told.dates.date(snapshot.due_at)),
        purchase_order: snapshot.purchase_order.clone(),
        terms: due.then(|| pen.terms()),
        notes: pen.notes(),
        corrects: snapshot.corrects.clone(),
        seller: seller(&snapshot.from, is_outside),
        buyer: party(&snapshot.to, is_outside),
        period: pen.period(),
        totals,
        taxes: groups.into_iter().map(|group| pen.tax(group)).collect::<Result<_, _>>()?,
        lines,
    })
}

struct Pen<'a> {
    snapshot: &'a Snapshot,
    told: Told<'a>,
    /// Decimals of the ledger's minor units, and of what is written.
    exponent: u32,
    decimals: u32,
    /// What a line without tax is to it.
    untaxed: Category,
}

/// A line with what of it goes into the sums, in units.
struct Drawn {
    line: Line,
    net: i64,
}

/// The lines of one category and rate: their net in units, their tax in minor units.
struct Group {
    category: Category,
    percent: Decimal,
    net: i64,
    tax_minor: i64,
}

impl<'a> Pen<'a> {
    fn new(snapshot: &'a Snapshot) -> Pen<'a> {
        let exponent = exponent(&snapshot.currency);
        let untaxed = match snapshot.notes.first() {
            _ if is_outside(snapshot) => Category::OutsideScope,
            Some(TaxNote::ReverseCharge) => Category::ReverseCharge,
            Some(TaxNote::Exempt) | None => Category::Exempt,
        };
        Pen { snapshot, told: Told::new(snapshot, Words::of(&snapshot.locale)), exponent, decimals: exponent.min(MOST_DECIMALS), untaxed }
    }

    /// Minor units of the ledger as units that are written, with the sign that the standard wants.
    fn units(&self, amount_minor: i64) -> Result<i64, Refusal> {
        let signed = match self.snapshot.kind {
            DocumentKind::Invoice => amount_minor,
            DocumentKind::CreditNote => exact(money::neg(amount_minor))?,
        };
        let coarser = 10_i64.pow(self.exponent - self.decimals);
        exact(Ratio::new(signed.into(), coarser.into()).and_then(|units| units.round(Rounding::HalfUp)))
    }

    fn decimal(&self, units: i64) -> Decimal {
        Decimal::new(units, self.decimals)
    }

    fn line(&self, of: &SnapshotLine) -> Result<Drawn, Refusal> {
        let line = &of.line;
        let reason = self.told.line(of);
        let net = self.units(line.base_minor(self.snapshot.prices)?)?;
        // A discount of a charge. What a credit note takes back of a charge and its discount is one sum.
        let is_charge = self.snapshot.kind == DocumentKind::Invoice && line.amount_minor > 0;
        let discount = if is_charge { self.units(self.discount_minor(of)?)? } else { 0 };
        let before_discount = exact(money::add(net, discount))?;
        let (quantity, price) = self.multiplied_out(of, before_discount);
        let description = if reason.sentences.is_empty() { reason.remark } else { reason.sentences.join(" ") };
        let line = Line {
            name: line.name.clone(),
            description: Some(description).filter(|text| !text.is_empty()),
            period: line.from.zip(line.to).map(|(from, to)| self.days(from, to)),
            quantity,
            price,
            allowance: (discount != 0).then(|| Allowance { amount: self.decimal(discount), reason: t!(self.told.words, "document-discount") }),
            amount: self.decimal(net),
            category: self.category(of),
            percent: percent(of),
        };
        Ok(Drawn { line, net })
    }

    /// The line's discount without the tax that is inside of it.
    fn discount_minor(&self, of: &SnapshotLine) -> Result<i64, Refusal> {
        let line = &of.line;
        match self.snapshot.prices {
            PricesTax::Exclusive => Ok(line.discount_minor),
            PricesTax::Inclusive => {
                let hundred = Ratio::whole(100);
                let whole = hundred.add(percent(of).into());
                exact(whole.and_then(|whole| Ratio::whole(line.discount_minor).mul(hundred.div(whole)?)?.round(Rounding::HalfUp)))
            }
        }
    }

    /// Quantity and price of a line: those it was charged by where they multiply out to it exactly, else one of the whole. The sign is the
    /// quantity's.
    fn multiplied_out(&self, of: &SnapshotLine, units: i64) -> (Decimal, Decimal) {
        let (amount, sign) = (self.decimal(units).abs(), if units < 0 { Decimal::NEGATIVE_ONE } else { Decimal::ONE });
        let explain = &of.line.explain;
        let included = explain.included.unwrap_or(Ratio::ZERO);
        let counted = match explain.model {
            Some(ModelName::PerUnit) if included.denom() == 1 => explain.units.zip(explain.unit_amount).and_then(|(units, each)| {
                let included = Decimal::try_from_i128_with_scale(included.numer(), 0).ok()?;
                Some((units.checked_sub(included)?, each))
            }),
            Some(ModelName::Package) => explain.packages.as_ref().filter(|packages| packages.started.denom() == 1).and_then(|packages| {
                let started = Decimal::try_from_i128_with_scale(packages.started.numer(), 0).ok()?;
                Some((started, packages.amount))
            }),
            _ => None,
        };
        let as_charged = counted.and_then(|(quantity, each_minor)| {
            let each = each_minor.checked_mul(Decimal::new(1, self.exponent))?;
            let fits = quantity > Decimal::ZERO && each >= Decimal::ZERO && quantity.checked_mul(each)? == amount;
            fits.then(|| (quantity * sign, each))
        });
        as_charged.unwrap_or((sign, amount))
    }

    fn category(&self, of: &SnapshotLine) -> Category {
        match of.line.tax.as_slice() {
            [] => self.untaxed,
            _ if percent(of).is_zero() => Category::ZeroRated,
            _ => Category::Standard,
        }
    }

    fn count(&self, drawn: &Drawn, of: &SnapshotLine, groups: &mut Vec<Group>) -> Result<(), Refusal> {
        let (category, percent) = (drawn.line.category, drawn.line.percent);
        let tax_minor = exact(money::sum(of.line.tax.iter().map(|tax| tax.amount_minor)))?;
        match groups.iter_mut().find(|group| group.category == category && group.percent == percent) {
            Some(group) => {
                group.net = exact(money::add(group.net, drawn.net))?;
                group.tax_minor = exact(money::add(group.tax_minor, tax_minor))?;
            }
            None => groups.push(Group { category, percent, net: drawn.net, tax_minor }),
        }
        Ok(())
    }

    fn totals(&self, groups: &[Group]) -> Result<Totals, Refusal> {
        let without_tax = exact(money::sum(groups.iter().map(|group| group.net)))?;
        let taxes = groups.iter().map(|group| self.units(group.tax_minor)).collect::<Result<Vec<_>, _>>()?;
        let tax = exact(money::sum(taxes))?;
        let with_tax = exact(money::add(without_tax, tax))?;
        let prepaid = self.units(self.snapshot.balance_minor)?;
        let due = self.units(exact(money::sub(self.snapshot.total_minor, self.snapshot.balance_minor))?)?;
        let rounding = exact(money::sub(with_tax, prepaid).and_then(|left| money::sub(due, left)))?;
        Ok(Totals {
            without_tax: self.decimal(without_tax),
            tax: self.decimal(tax),
            with_tax: self.decimal(with_tax),
            prepaid: self.decimal(prepaid),
            rounding: self.decimal(rounding),
            due: self.decimal(due),
        })
    }

    fn tax(&self, group: Group) -> Result<Tax, Refusal> {
        let w = self.told.words;
        let is_exempt = self.snapshot.notes.contains(&TaxNote::Exempt);
        Ok(Tax {
            category: group.category,
            percent: group.percent,
            base: self.decimal(group.net),
            amount: self.decimal(self.units(group.tax_minor)?),
            reason: match group.category {
                Category::Standard | Category::ZeroRated => None,
                Category::ReverseCharge => Some(t!(w, "document-reverse-charge-what")),
                Category::Exempt | Category::OutsideScope if is_exempt => Some(t!(w, "document-exempt-what")),
                Category::Exempt | Category::OutsideScope => Some(t!(w, "einvoice-not-taxed")),
            },
        })
    }

    fn terms(&self) -> String {
        let (w, s) = (self.told.words, self.snapshot);
        match s.kind {
            DocumentKind::Invoice => t!(w, "einvoice-terms", day = self.told.dates.day_year(s.due_at)),
            DocumentKind::CreditNote => t!(w, "einvoice-terms-credit"),
        }
    }

    fn notes(&self) -> Vec<String> {
        let (w, s) = (self.told.words, self.snapshot);
        let mut notes: Vec<String> = self.told.notes().into_iter().map(|(lead, text)| format!("{lead} {text}")).collect();
        if self.exponent > self.decimals {
            notes.push(t!(w, "einvoice-exact", amount = w.money(s.total_minor, &s.currency)));
        }
        if s.is_test {
            notes.push(t!(w, "einvoice-test"));
        }
        notes
    }

    fn period(&self) -> Option<Days> {
        let stretches = self.snapshot.lines.iter().filter_map(|line| line.line.from.zip(line.line.to));
        let whole = stretches.reduce(|(from, to), (begin, end)| (from.min(begin), to.max(end)));
        whole.map(|(from, to)| self.days(from, to))
    }

    /// The days of a half-open stretch; of a moment, its day.
    fn days(&self, from: Instant, to: Instant) -> Days {
        let dates = &self.told.dates;
        Days { first: dates.date(from), last: dates.date((to - Duration::milliseconds(1)).max(from)) }
    }
}

/// Whether tax has no say in the document: no line has a rate, and no note a reason that a seller with a tax id would give.
fn is_outside(snapshot: &Snapshot) -> bool {
    let is_untaxed = snapshot.lines.iter().all(|line| line.line.tax.is_empty());
    is_untaxed && (snapshot.notes.is_empty() || snapshot.from.tax_id.is_none())
}

/// All the rates of a line together.
fn percent(of: &SnapshotLine) -> Decimal {
    of.line.tax.iter().map(|tax| tax.percent).sum::<Decimal>().normalize()
}

fn exact<T>(result: Result<T, money::MoneyError>) -> Result<T, Refusal> {
    Ok(result.map_err(billing::Error::from)?)
}

/// A VAT id begins with its country; Greece's with EL, Northern Ireland's with XI (rule BR-CO-09).
fn is_vat_id(id: &str, country: &str) -> bool {
    let prefix = id.get(..2).unwrap_or_default();
    prefix == country || (country == "GR" && prefix == "EL") || (country == "GB" && prefix == "XI")
}

fn seller(of: &invoices::Party, is_outside: bool) -> Party {
    let party = party(of, is_outside);
    Party {
        tax_registration: party.identifier.clone(),
        // Something it must be known by (rule BR-CO-26).
        identifier: party.identifier.clone().or_else(|| of.email.clone().filter(|_| party.vat_id.is_none())),
        ..party
    }
}

fn party(of: &invoices::Party, is_outside: bool) -> Party {
    let id = of.tax_id.as_ref().map(|id| id.to_uppercase().chars().filter(|c| !c.is_whitespace() && !".-".contains(*c)).collect::<String>());
    let (vat_id, identifier) = match id {
        Some(id) if !is_outside && is_vat_id(&id, &of.country) => (Some(id), None),
        other => (None, other),
    };
    Party {
        legal_name: of.legal_name.clone(),
        trading_name: Some(of.name.clone()).filter(|name| *name != of.legal_name),
        identifier,
        vat_id,
        tax_registration: None,
        email: of.email.clone(),
        address: of.address.clone(),
        country: of.country.to_uppercase(),
    }
}

//! Builders, and [`Life`]: one subscription with its documents, charged lines and usage events, kept the way records keep them.

use billing::{
    calendar::{Anchor, By, Instant, Interval, Unit, Zone},
    discount::{Coupon, Discount, Duration, Off},
    invoice::{Document, Line, LineKind, assemble},
    money::{Currency, Rounding},
    price::{MeterRef, Model, Price, Tier},
    subscription::{
        AddOnTerms, Basis, BilledLine, Charged, Closed, Credited, Cycle, OpenPart, Outcome, PlanTerms, Product, Proration, Terms, Unused, Used, begin_all,
        cancel, change, close, pause, reanchor, renew, renew_beside, renew_paused, resume, so_far,
    },
    tax::{Exemption, PricesTax, TaxParty, TaxRate, TaxSituation},
    usage::{Aggregate, Event},
};
use rust_decimal::Decimal;

pub const MONTH: Interval = Interval { unit: Unit::Month, count: 1 };
pub const YEAR: Interval = Interval { unit: Unit::Year, count: 1 };

pub fn at(text: &str) -> Instant {
    let full = if text.len() == 10 { format!("{text}T00:00:00Z") } else { text.to_owned() };
    full.parse().expect("an instant")
}

pub fn dec(text: &str) -> Decimal {
    text.parse().expect("a decimal")
}

pub fn zone(name: &str) -> Zone {
    name.parse().expect("a zone")
}

pub fn currency(code: &str) -> Currency {
    Currency::from_code(code).expect("a currency")
}

pub fn price(key: &str, model: Model) -> Price {
    Price {
        key: key.to_owned(),
        name: key.to_owned(),
        model,
        included: Decimal::ZERO,
        minimum: None,
        maximum: None,
        currency: currency("EUR"),
        convert: false,
        meter: None,
    }
}

pub fn flat(key: &str, amount_minor: i64) -> Price {
    price(key, Model::Flat { amount_minor })
}

pub fn per_unit(key: &str, unit_amount: &str) -> Price {
    price(key, Model::PerUnit { unit_amount: dec(unit_amount) })
}

/// Tiers as (up to, unit amount, flat amount); an empty end is open.
pub fn tiers(tiers: &[(&str, &str, &str)]) -> Vec<Tier> {
    let end = |text: &str| if text.is_empty() { None } else { Some(dec(text)) };
    let tier = |(up_to, unit, flat): &(&str, &str, &str)| Tier { up_to: end(up_to), unit_amount: dec(unit), flat_amount: dec(flat) };
    tiers.iter().map(tier).collect()
}

pub fn metered(price: Price, meter: &str, aggregate: Aggregate) -> Price {
    Price { meter: Some(MeterRef { key: meter.to_owned(), aggregate }), ..price }
}

pub fn plan(key: &str, prices: Vec<Price>) -> Terms {
    let plan = PlanTerms { key: key.to_owned(), name: key.to_owned(), interval: MONTH, prices };
    Terms { plan, quantity: Decimal::ONE, add_ons: Vec::new() }
}

pub fn add_on(key: &str, quantity: i64, prices: Vec<Price>) -> AddOnTerms {
    AddOnTerms { key: key.to_owned(), name: key.to_owned(), interval: MONTH, prices, quantity: Decimal::from(quantity) }
}

/// An add-on at an interval of its own.
pub fn add_on_every(interval: Interval, key: &str, prices: Vec<Price>) -> AddOnTerms {
    AddOnTerms { interval, ..add_on(key, 1, prices) }
}

pub fn every(interval: Interval, terms: Terms) -> Terms {
    let add_ons = terms.add_ons.into_iter().map(|add_on| AddOnTerms { interval, ..add_on }).collect();
    Terms { plan: PlanTerms { interval, ..terms.plan }, add_ons, ..terms }
}

pub fn of(quantity: i64, terms: Terms) -> Terms {
    Terms { quantity: Decimal::from(quantity), ..terms }
}

pub fn percent_off(key: &str, percent: &str, duration: Duration) -> Coupon {
    Coupon { key: key.to_owned(), off: Off::Percent(dec(percent)), duration }
}

pub fn amount_off(key: &str, amount_minor: i64, duration: Duration) -> Coupon {
    Coupon { key: key.to_owned(), off: Off::Amount { amount_minor, currency: currency("EUR") }, duration }
}

pub fn rate(key: &str, country: &str, percent: &str) -> TaxRate {
    TaxRate {
        key: key.to_owned(),
        name: key.to_owned(),
        country: country.to_owned(),
        region: None,
        percent: dec(percent),
        from: None,
        to: None,
        products: None,
    }
}

pub fn party(country: &str) -> TaxParty {
    TaxParty { country: country.to_owned(), region: None, tax_id: None }
}

/// A French vendor and customer, on a day, at these rates.
pub fn taxed(rates: Vec<TaxRate>) -> TaxSituation {
    TaxSituation { vendor: party("FR"), customer: party("FR"), exemption: Exemption::None, on: at("2024-01-01").date_naive(), rates }
}

/// A line as (kind, price, amount): what most cases look at.
pub type Brief = (LineKind, String, i64);

pub fn brief(lines: &[Line]) -> Vec<Brief> {
    lines.iter().map(|line| (line.kind, line.price.clone().unwrap_or_default(), line.amount_minor)).collect()
}

#[track_caller]
pub fn assert_lines(lines: &[Line], expected: &[(LineKind, &str, i64)]) {
    let expected = expected.iter().map(|(kind, price, amount)| (*kind, (*price).to_owned(), *amount)).collect::<Vec<_>>();
    assert_eq!(brief(lines), expected);
}

/// One subscription from its start on. Each event answers the document it makes and keeps what later events must know.
pub struct Life {
    pub basis: Basis,
    pub terms: Terms,
    pub cycle: Cycle,
    pub charged: Vec<Charged>,
    pub discounts: Vec<Discount>,
    pub tax: TaxSituation,
    pub prices: PricesTax,
    pub events: Vec<(String, Event)>,
}

impl Life {
    /// A subscription in Euro and UTC, prorated by the second, half up, with no tax and no coupons; nothing has begun.
    pub fn new(terms: Terms, start: &str) -> Self {
        let utc = Zone::UTC;
        let cycle = Cycle::starting(Anchor::at(at(start), utc), terms.plan.interval, at(start)).expect("a cycle");
        Self {
            basis: Basis {
                subscription: "s1".to_owned(),
                currency: currency("EUR"),
                zone: utc,
                proration: Proration { by: By::Second, rounding: Rounding::HalfUp },
                exchange_rates: Vec::new(),
            },
            terms,
            cycle,
            charged: Vec::new(),
            discounts: Vec::new(),
            tax: taxed(Vec::new()),
            prices: PricesTax::Exclusive,
            events: Vec::new(),
        }
    }

    pub fn by(mut self, by: By) -> Self {
        self.basis.proration.by = by;
        self
    }

    pub fn rounding(mut self, rounding: Rounding) -> Self {
        self.basis.proration.rounding = rounding;
        self
    }

    pub fn anchored(mut self, anchor: Anchor) -> Self {
        self.cycle = Cycle::starting(anchor, self.terms.plan.interval, self.cycle.from).expect("a cycle");
        self
    }

    pub fn with_coupon(mut self, coupon: Coupon) -> Self {
        let (subscription, zone) = (self.basis.subscription.clone(), self.basis.zone);
        self.discounts.push(Discount { subscription, coupon, zone, first_period_start: None });
        self
    }

    pub fn taxed_at(mut self, rates: Vec<TaxRate>) -> Self {
        self.tax = taxed(rates);
        self
    }

    /// Begins the first period.
    pub fn begin(&mut self) -> Document {
        self.try_begin().expect("something to charge")
    }

    pub fn try_begin(&mut self) -> Option<Document> {
        let outcome = begin_all(&self.basis, &self.terms, &self.cycle).expect("begins");
        self.keep(outcome)
    }

    /// Closes the period and begins the next: one document.
    pub fn renew(&mut self) -> Option<Document> {
        self.renew_to(self.terms.clone())
    }

    /// Closes the first of its periods that end, and begins the next by terms that hold from there: one document.
    pub fn renew_to(&mut self, new: Terms) -> Option<Document> {
        let at = self.cycle.next_end();
        let used = self.used(at);
        let mut lines = Vec::new();
        for ended in self.cycle.all().filter(|cycle| cycle.whole.end == at) {
            lines.extend(close(&self.basis, ended, &self.charged, &used).expect("closes").lines);
        }
        let (ended, goes_on) = self.cycle.beside.iter().cloned().partition::<Vec<_>, _>(|cycle| cycle.whole.end == at);
        let mut cycle = Cycle { beside: goes_on, ..self.cycle.clone() };
        if cycle.whole.end > at {
            for ended in &ended {
                let begun = renew_beside(&self.basis, &new, &cycle, ended).expect("begins");
                lines.extend(begun.lines);
                cycle = begun.cycle;
            }
        } else {
            let next = cycle.following(new.plan.interval).expect("a next cycle");
            let runs_on = Cycle { open: Vec::new(), ..cycle };
            let renewed = renew(&self.basis, &self.terms, &new, &runs_on, &next, &self.charged, &used).expect("renews");
            lines.extend(std::iter::once(renewed.of_plan).chain(renewed.beside).flat_map(|outcome| outcome.lines));
            cycle = renewed.cycle;
        }
        self.terms = new;
        self.keep(Outcome { lines, stands: Vec::new(), cycle, effective_at: at })
    }

    /// The end of the plan's period in a pause, from which other terms hold.
    pub fn renew_paused(&mut self, new: Terms) -> Option<Document> {
        let next = self.cycle.following(new.plan.interval).expect("a next cycle");
        let used = self.used(next.from);
        let outcome = renew_paused(&self.basis, &self.terms, &new, &self.cycle, &next, &self.charged, &used).expect("renews");
        self.terms = new;
        self.keep(outcome)
    }

    pub fn close(&self) -> Vec<Line> {
        self.closed().lines
    }

    pub fn closed(&self) -> Closed {
        close(&self.basis, &self.cycle, &self.charged, &self.used(self.cycle.whole.end)).expect("closes")
    }

    /// Invoices the running period's usage so far.
    pub fn so_far(&mut self, when: &str) -> Option<Document> {
        let when = at(when);
        let lines = so_far(&self.basis, &self.cycle, when, &self.used(when)).expect("rates");
        let first = self.charged.len();
        let document = self.keep(Outcome { lines, stands: Vec::new(), cycle: self.cycle.clone(), effective_at: when });
        for Charged { reference, line, .. } in &self.charged[first..] {
            let is_of = |part: &&mut OpenPart| Product::of(line).as_ref() == Some(&part.product) && line.price.as_ref() == Some(&part.price.key);
            let part = self.cycle.open.iter_mut().find(is_of).expect("the part it is of");
            part.invoiced.push(BilledLine { line: reference.clone(), stands_minor: line.amount_minor });
        }
        document
    }

    pub fn change(&mut self, when: &str, new: Terms) -> Option<Document> {
        let outcome = self.preview(when, &new);
        let takes_effect = outcome.effective_at == at(when);
        if takes_effect {
            self.terms = new;
        }
        self.keep(outcome)
    }

    pub fn preview(&self, when: &str, new: &Terms) -> Outcome {
        let when = at(when);
        change(&self.basis, &self.terms, new, &self.cycle, when, &self.charged, &self.used(when)).expect("changes")
    }

    /// From a moment on, periods begin on this day of the month.
    pub fn move_to_day(&mut self, when: &str, day: u32) -> Option<Document> {
        let when = at(when);
        let anchor = Anchor::on_day(day, when, self.basis.zone, self.terms.plan.interval).expect("a day of the month");
        let outcome = reanchor(&self.basis, &self.terms, &self.terms, anchor, &self.cycle, when, &self.charged, &self.used(when)).expect("moves");
        self.keep(outcome)
    }

    pub fn cancel(&mut self, when: &str, unused: Unused) -> Option<Document> {
        let when = at(when);
        let outcome = cancel(&self.basis, &self.terms, &self.cycle, when, unused, &self.charged, &self.used(when)).expect("cancels");
        self.keep(outcome)
    }

    pub fn pause(&mut self, when: &str, unused: Unused) -> Option<Document> {
        let when = at(when);
        let outcome = pause(&self.basis, &self.terms, &self.cycle, when, unused, &self.charged, &self.used(when)).expect("pauses");
        self.keep(outcome)
    }

    pub fn resume(&mut self, when: &str) -> Option<Document> {
        let outcome = resume(&self.basis, &self.terms, &self.cycle, at(when), &self.charged).expect("resumes");
        self.keep(outcome)
    }

    /// Records usage of a quantity.
    pub fn uses(&mut self, meter: &str, when: &str, quantity: &str) {
        let arrived_order = i64::try_from(self.events.len()).expect("few events");
        let event = Event { time: at(when), quantity: Some(dec(quantity)), value: None, arrived_order };
        self.events.push((meter.to_owned(), event));
    }

    /// The usage of each open part up to an instant.
    pub fn used(&self, until: Instant) -> Vec<Used> {
        let used = |part: &OpenPart| {
            let meter = part.price.meter.as_ref().expect("a meter");
            let events = self.events.iter().filter(|(key, _)| *key == meter.key).map(|(_, event)| event);
            let events = events.filter(|event| part.stretches(until).iter().any(|stretch| stretch.contains(event.time))).cloned().collect::<Vec<_>>();
            let units = meter.aggregate.of(&events).expect("units");
            Used { product: part.product.clone(), price: part.price.key.clone(), units }
        };
        self.cycle.metered().map(used).collect()
    }

    fn keep(&mut self, outcome: Outcome) -> Option<Document> {
        // The prices a line may have been charged at: those that held before, and those that hold now.
        let open = self.cycle.metered().map(|part| (part.product.clone(), part.price.clone()));
        let offered = products(&self.terms).into_iter().chain(open).collect::<Vec<_>>();
        let ended_at = outcome.effective_at;
        self.cycle = outcome.cycle;
        let document = assemble(outcome.lines, &[], &self.discounts, &self.tax, self.basis.currency, self.prices).expect("assembles")?;
        for applied in &document.discounts {
            for discount in self.discounts.iter_mut().filter(|discount| discount.coupon.key == applied.coupon) {
                discount.first_period_start = applied.first_period_start;
            }
        }
        for line in &document.lines {
            let reference = format!("line_{}", self.charged.len() + 1);
            let taken_back = line.credits.clone().filter(|_| line.kind == LineKind::ProrationCredit);
            if let Some(charge) = self.charged.iter_mut().find(|charge| Some(&charge.reference) == taken_back.as_ref()) {
                let tax = line.tax.iter().cloned().map(|mut tax| {
                    tax.amount_minor = -tax.amount_minor;
                    tax
                });
                let (reference, tax) = (reference.clone(), tax.collect());
                charge.credits.push(Credited { reference, at: Some(ended_at), amount_minor: -line.amount_minor, tax });
            }
            let of_line = |(product, price): &&(Product, Price)| Product::of(line).as_ref() == Some(product) && line.price.as_ref() == Some(&price.key);
            let in_advance = matches!(line.kind, LineKind::Recurring | LineKind::ProrationCharge);
            let price = offered.iter().filter(of_line).find(|(_, price)| !(in_advance && price.is_metered()));
            let price = price.map(|(_, price)| price.clone());
            self.charged.push(Charged { reference, line: line.clone(), price, credits: Vec::new() });
        }
        Some(document)
    }
}

fn products(terms: &Terms) -> Vec<(Product, Price)> {
    let of_plan = terms.plan.prices.iter().map(|price| (Product::Plan(terms.plan.key.clone()), price.clone()));
    let of_add_on = |add_on: &AddOnTerms| {
        let product = Product::AddOn(add_on.key.clone());
        add_on.prices.iter().map(|price| (product.clone(), price.clone())).collect::<Vec<_>>()
    };
    of_plan.chain(terms.add_ons.iter().flat_map(of_add_on)).collect()
}

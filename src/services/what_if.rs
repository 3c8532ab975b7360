//! What each plan would have cost a customer on what they really used: their last months lived again on every plan for sale, through the
//! very functions that bill. Nothing here knows what anything costs.
//!
//! The months end with the customer's own last billing day. A plan is lived from their first day to their last as a subscription that
//! began and ended there: fees in advance, usage in arrears, a document for whatever falls due at one instant, discounts as they came and
//! went, tax as it was on each day. An interval longer than the months is charged its share of them, as a stub is, and its included amounts
//! with it. Seats and add-ons are today's.

use std::collections::BTreeMap;

use billing::bands::{Band, bands};
use billing::calendar::{Anchor, By, Instant, Interval, Period, Share, Unit, local_date};
use billing::discount::Discount;
use billing::invoice::{Line, LineKind, assemble};
use billing::money::{self, Currency};
use billing::price::Price;
use billing::subscription::{Basis, Cycle, PlanTerms, Terms, Used, begin, close};
use billing::tax::{PricesTax, TaxSituation};
use chrono::TimeDelta;
use rust_decimal::Decimal;

use super::catalog::{self, Offer};
use super::customers::Customer;
use super::invoices;
use super::subscriptions::{self, Redeemed, Subscription};
use super::usage::{self, Meter};
use super::{Desk, Refusal};

/// How many months may be asked for.
pub const SPANS: [u32; 4] = [1, 3, 6, 12];

const MONTH: Interval = Interval { unit: Unit::Month, count: 1 };

/// The answer for so many months.
#[derive(Clone, Debug)]
pub struct WhatIf {
    pub window: Period,
    pub currency: Currency,
    /// Whether amounts before tax are net or have tax inside.
    pub prices: PricesTax,
    /// When anything was used first, where that is on a later day than the months begin: before it there was nothing to count.
    pub first_use: Option<Instant>,
    /// Every plan and interval for sale, and the customer's own, in the order of the plan page.
    pub lives: Vec<Life>,
    /// What the plans meter.
    pub meters: Vec<Meter>,
}

/// The months on one plan.
#[derive(Clone, Debug)]
pub struct Life {
    pub offer: Offer,
    /// It is the one the customer has.
    pub is_now: bool,
    /// It has no room for the customer's seats: it could not have been had.
    pub is_too_small: bool,
    pub cost: Cost,
    /// The use of each of its metered prices.
    pub uses: Vec<Use>,
}

/// What it comes to, in minor units.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    pub parts: Vec<Part>,
    pub discount_minor: i64,
    /// After discount. Before tax, or with it inside, as [`WhatIf::prices`] says.
    pub subtotal_minor: i64,
    pub tax_minor: i64,
    /// To be paid.
    pub total_minor: i64,
}

/// One price's lines together, before discount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    pub name: String,
    pub kind: LineKind,
    pub amount_minor: i64,
}

/// A metered price against what was used, period by period.
#[derive(Clone, Debug)]
pub struct Use {
    pub meter: String,
    pub price: Price,
    /// Oldest first.
    pub periods: Vec<(Period, Decimal)>,
    /// Of a whole period.
    pub bands: Vec<Band>,
}

impl WhatIf {
    /// The cheapest that could have been had; of equals the customer's own, else the first.
    pub fn cheapest(&self) -> Option<&Life> {
        self.lives.iter().filter(|life| !life.is_too_small).min_by_key(|life| (life.cost.total_minor, !life.is_now))
    }

    pub fn now(&self) -> Option<&Life> {
        self.lives.iter().find(|life| life.is_now)
    }
}

/// Lives the last months again. `None`: there is no subscription whose months these would be.
pub async fn what_if(desk: &mut Desk, customer: &Customer, months: u32) -> Result<Option<WhatIf>, Refusal> {
    let Some(s) = subscriptions::current(desk, &customer.id).await? else { return Ok(None) };
    let ends = Ends::of(&s, desk.now.billing, months)?;
    let offers = offers(desk, &s).await?;
    let terms: Vec<Terms> = offers.iter().map(|(offer, _)| Terms { plan: offer.terms.clone(), quantity: s.terms.quantity, add_ons: Vec::new() }).collect();
    let of_terms: Vec<&Terms> = terms.iter().chain(std::iter::once(&s.terms)).collect();
    let mut basis = subscriptions::basis(desk, &s, &of_terms, []).await?;
    if basis.proration.by == By::None {
        // Who gives no shares of a period back would have charged none: there would be nothing to compare.
        basis.proration.by = By::Second;
    }
    let meters = usage::meters(desk).await?;
    let situation = invoices::tax_situation(desk, customer, ends.window.end, s.zone).await?;
    let discounts = subscriptions::discounts_on(desk, &s).await?;
    let mut told =
        Teller { basis, s: &s, ends: &ends, meters: &meters, situation, prices: invoices::prices_tax(desk), discounts: &discounts, read: BTreeMap::new() };
    let mut lives = Vec::with_capacity(offers.len());
    for ((offer, is_now), terms) in offers.into_iter().zip(&terms) {
        let is_too_small = offer.plan.max_quantity.is_some_and(|most| s.terms.quantity > Decimal::from(most));
        let (cost, uses) = told.live(desk, terms).await?;
        lives.push(Life { offer, is_now, is_too_small, cost, uses });
    }
    let mut first_use: Option<Instant> = None;
    for meter in &meters {
        let first = usage::first_use(desk, &s.customer_id, &meter.id).await?;
        first_use = first_use.into_iter().chain(first).min();
    }
    let is_metered = |meter: &Meter| lives.iter().any(|life| life.uses.iter().any(|of| of.meter == meter.key));
    let metered = meters.iter().filter(|meter| is_metered(meter)).cloned().collect();
    Ok(Some(WhatIf {
        window: ends.window,
        currency: s.currency,
        prices: invoices::prices_tax(desk),
        first_use: first_use.filter(|first| local_date(*first, s.zone) > local_date(ends.window.start, s.zone)),
        lives,
        meters: metered,
    }))
}

/// What is for sale, and whether it is what the customer has: that at the prices they agreed to, even where it is sold no more.
async fn offers(desk: &mut Desk, s: &Subscription) -> Result<Vec<(Offer, bool)>, Refusal> {
    let is_now = |offer: &Offer| offer.plan.id == s.plan_id && offer.terms.interval.repeats_like(s.interval());
    let mut offers: Vec<(Offer, bool)> =
        catalog::offers(desk, s.currency).await?.into_iter().map(|offer| (is_now(&offer), offer)).map(|(now, offer)| (offer, now)).collect();
    match offers.iter_mut().find(|(_, is_now)| *is_now) {
        Some((offer, _)) => offer.terms = s.terms.plan.clone(),
        None => offers.insert(0, (Offer { plan: catalog::plan(desk, &s.plan_id).await?, terms: s.terms.plan.clone() }, true)),
    }
    Ok(offers)
}

/// The months, and where periods of any interval end so that the last ends with them.
struct Ends {
    anchor: Anchor,
    window: Period,
}

impl Ends {
    /// Of a subscription as it stands: its own billing days; before its first period, those of its start.
    fn of(s: &Subscription, now: Instant, months: u32) -> Result<Ends, Refusal> {
        let own = match &s.cycle {
            Some(cycle) if matches!(cycle.interval.unit, Unit::Month | Unit::Year) => cycle.anchor.clone(),
            Some(cycle) => Anchor::at(cycle.whole.start, s.zone),
            None => Anchor::at(s.starts_at, s.zone),
        };
        let month_before = |at: Instant| own.period_containing(MONTH, at - TimeDelta::milliseconds(1)).map(|month| month.start).map_err(billing::Error::from);
        let end = own.period_containing(MONTH, now).map_err(billing::Error::from)?.start;
        let mut start = end;
        for _ in 0..months {
            start = month_before(start)?;
        }
        let anchor = Anchor { day: own.day, ..Anchor::at(end, s.zone) };
        Ok(Ends { anchor, window: Period { start, end } })
    }

    /// The periods of an interval within the months; the first is cut where they begin.
    fn cycles(&self, interval: Interval) -> Result<Vec<Cycle>, Refusal> {
        let mut cycles = Vec::new();
        let mut at = self.window.start;
        while at < self.window.end {
            let cycle = Cycle::starting(self.anchor.clone(), interval, at)?;
            at = cycle.whole.end;
            cycles.push(cycle);
        }
        Ok(cycles)
    }
}

struct Teller<'a> {
    basis: Basis,
    s: &'a Subscription,
    ends: &'a Ends,
    meters: &'a [Meter],
    situation: TaxSituation,
    prices: PricesTax,
    discounts: &'a [Redeemed],
    /// What was read of a meter, by its key and the periods' edges.
    read: BTreeMap<(String, Vec<Instant>), Vec<Decimal>>,
}

impl Teller<'_> {
    /// The months on one set of terms, with the add-ons of today, each at its own interval.
    async fn live(&mut self, desk: &mut Desk, terms: &Terms) -> Result<(Cost, Vec<Use>), Refusal> {
        let mut falls_due: BTreeMap<Instant, Vec<Line>> = BTreeMap::new();
        let mut uses = self.of_terms(desk, terms, &mut falls_due).await?;
        for add_on in &self.s.terms.add_ons {
            let nothing = PlanTerms { key: String::new(), name: String::new(), interval: add_on.interval, prices: Vec::new() };
            let alone = Terms { plan: nothing, quantity: Decimal::ZERO, add_ons: vec![add_on.clone()] };
            uses.extend(self.of_terms(desk, &alone, &mut falls_due).await?);
        }
        Ok((self.cost(falls_due)?, uses))
    }

    /// Every line of the months, under the instant it falls due at.
    async fn of_terms(&mut self, desk: &mut Desk, terms: &Terms, falls_due: &mut BTreeMap<Instant, Vec<Line>>) -> Result<Vec<Use>, Refusal> {
        let mut uses: Vec<Use> = Vec::new();
        let cycles = self.ends.cycles(terms.plan.interval)?;
        let edges: Vec<Instant> = cycles.iter().map(|cycle| cycle.from).chain([self.ends.window.end]).collect();
        for (n, cycle) in cycles.iter().enumerate() {
            let begun = begin(&self.basis, terms, cycle)?;
            falls_due.entry(cycle.from).or_default().extend(begun.lines);
            let mut used = Vec::with_capacity(begun.cycle.open.len());
            for part in &begun.cycle.open {
                let Some(of) = &part.price.meter else { continue };
                let units = self.used(desk, &of.key, &edges).await?.get(n).copied().unwrap_or_default();
                used.push(Used { product: part.product.clone(), price: part.price.key.clone(), units });
                let period = (cycle.period(), units);
                match uses.iter_mut().find(|known| known.price == part.price) {
                    Some(known) => known.periods.push(period),
                    None => uses.push(Use {
                        meter: of.key.clone(),
                        bands: bands(&part.price, Share::WHOLE).map_err(billing::Error::from)?,
                        price: part.price.clone(),
                        periods: vec![period],
                    }),
                }
            }
            falls_due.entry(cycle.whole.end).or_default().extend(close(&self.basis, &begun.cycle, &[], &used)?.lines);
        }
        Ok(uses)
    }

    async fn used(&mut self, desk: &mut Desk, meter: &str, edges: &[Instant]) -> Result<Vec<Decimal>, Refusal> {
        let question = (meter.to_owned(), edges.to_vec());
        if let Some(known) = self.read.get(&question) {
            return Ok(known.clone());
        }
        let meter = self.meters.iter().find(|known| known.key == meter).ok_or_else(|| Refusal::damaged(format!("no meter {meter}")))?;
        let read = usage::of_periods(desk, &self.s.customer_id, meter, edges).await?;
        self.read.insert(question, read.clone());
        Ok(read)
    }

    /// The documents of the months, added up.
    fn cost(&self, falls_due: BTreeMap<Instant, Vec<Line>>) -> Result<Cost, Refusal> {
        let mut cost = Cost::default();
        let mut discounts: Vec<(Instant, Discount)> = self.discounts.iter().map(|redeemed| self.as_it_was(redeemed)).collect();
        for (at, lines) in falls_due {
            let there: Vec<Discount> = discounts.iter().filter(|(since, _)| *since <= at).map(|(_, discount)| discount.clone()).collect();
            let situation = TaxSituation { on: local_date(at, self.basis.zone), ..self.situation.clone() };
            let Some(document) = assemble(lines, &[], &there, &situation, self.basis.currency, self.prices)? else { continue };
            for applied in &document.discounts {
                for (_, discount) in discounts.iter_mut().filter(|(since, discount)| *since <= at && discount.coupon.key == applied.coupon) {
                    discount.first_period_start = applied.first_period_start;
                }
            }
            for line in &document.lines {
                let kind = match line.kind {
                    // A share of a fee is a fee.
                    LineKind::ProrationCharge => LineKind::Recurring,
                    kind => kind,
                };
                match cost.parts.iter_mut().find(|part| part.name == line.name && part.kind == kind) {
                    Some(part) => part.amount_minor = sum([part.amount_minor, line.amount_minor])?,
                    None => cost.parts.push(Part { name: line.name.clone(), kind, amount_minor: line.amount_minor }),
                }
            }
            cost.discount_minor = sum([cost.discount_minor, document.discount_minor])?;
            cost.subtotal_minor = sum([cost.subtotal_minor, document.subtotal_minor, document.discount_minor.saturating_neg()])?;
            cost.tax_minor = sum([cost.tax_minor, document.tax_total_minor])?;
            cost.total_minor = sum([cost.total_minor, document.total_minor])?;
        }
        Ok(cost)
    }

    /// A discount as it stood when the months began, and from when on it was there.
    fn as_it_was(&self, redeemed: &Redeemed) -> (Instant, Discount) {
        let start = self.ends.window.start;
        let since = redeemed.redeemed_at.unwrap_or(Instant::MAX_UTC);
        let discount = redeemed.for_engine(self.s);
        let first_period_start = discount.first_period_start.filter(|first| *first < start);
        (since, Discount { first_period_start, ..discount })
    }
}

fn sum(amounts: impl IntoIterator<Item = i64>) -> Result<i64, Refusal> {
    Ok(money::sum(amounts).map_err(billing::Error::from)?)
}

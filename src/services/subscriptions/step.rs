//! One event of a subscription's life, worked out and not yet written: the subscription as it will stand, the lines it makes, the usage
//! those lines bill. Every verb makes one; the worker gathers several into a document; a preview shows one and forgets it.

use billing::calendar::{By, Instant};
use billing::discount::{Discount, Off};
use billing::invoice::{Line, LineKind, Reason};
use billing::money::Rounding;
use billing::price::Price;
use billing::subscription::{Basis, BilledLine, BilledPart, Charged, Cycle, OpenPart, Product, Proration, Terms, Unused, Used};

use serde::{Deserialize, Serialize};

use super::glance::Glance;
use super::record::{Closing, Subscription, of_word};
use crate::services::catalog::Redemption;
use crate::services::invoices::{self, DraftLine, Waits};
use crate::services::subscriptions::discounts::{self, Redeemed};
use crate::services::{Desk, Refusal, catalog, usage};

/// What an event comes to.
#[derive(Clone, Debug)]
pub struct Step {
    /// As it will stand.
    pub subscription: Subscription,
    /// The coupons on it from now on.
    pub discounts: Vec<Redeemed>,
    /// Those on it in the records.
    pub discounts_before: Vec<Redeemed>,
    /// Coupons to be counted as redeemed.
    pub redeems: Vec<Redemption>,
    /// Why there is a document; none: nothing is invoiced now.
    pub reason: Option<Reason>,
    /// For a document of this instant.
    pub lines: Vec<DraftLine>,
    /// Closings whose waiting lines belong on it.
    pub closed: Vec<Instant>,
    /// For documents to come.
    pub waiting: Vec<(DraftLine, Waits)>,
    /// Usage that the lines bill, and how many units of it.
    pub billed: Vec<Billed>,
    pub events: Vec<Event>,
    /// All it invoices is usage of a period that goes on.
    pub is_so_far: bool,
    /// Not a record yet.
    pub is_new: bool,
}

/// The domain event a step leaves.
#[derive(Clone, Debug)]
pub struct Event {
    pub kind: &'static str,
    pub data: serde_json::Value,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Billed {
    pub part: BilledPart,
    pub units: rust_decimal::Decimal,
}

/// What the engine must know of a subscription whatever happens to it.
pub async fn basis<'a>(desk: &mut Desk, s: &Subscription, terms: &[&Terms], others: impl IntoIterator<Item = &'a Price>) -> Result<Basis, Refusal> {
    let of_terms = terms.iter().flat_map(|terms| terms.plan.prices.iter().chain(terms.add_ons.iter().flat_map(|add_on| &add_on.prices)));
    let open = s.cycle.iter().chain(s.closings.iter().map(|closing| &closing.cycle)).flat_map(Cycle::metered);
    let converts =
        of_terms.chain(open.map(|part| &part.price)).any(|price| price.currency != s.currency) || others.into_iter().any(|price| price.currency != s.currency);
    let exchange_rates = if converts { catalog::exchange_rates_to(desk, s.currency).await? } else { Vec::new() };
    Ok(Basis { subscription: s.id.clone(), currency: s.currency, zone: s.zone, proration: proration(desk)?, exchange_rates })
}

/// How the vendor prorates.
pub fn proration(desk: &Desk) -> Result<Proration, Refusal> {
    Ok(Proration { by: of_word::<By>(&desk.vendor.proration_by)?, rounding: of_word::<Rounding>(&desk.vendor.proration_rounding)? })
}

/// The key of the meter that a price is charged by.
pub fn meter_key(price: &Price) -> Result<&str, Refusal> {
    price.meter.as_ref().map(|meter| meter.key.as_str()).ok_or_else(|| Refusal::damaged(format!("the price {} has no meter", price.key)))
}

/// The usage of open parts up to an instant.
pub async fn used(desk: &mut Desk, customer_id: &str, open: impl IntoIterator<Item = &OpenPart>, until: Instant) -> Result<Vec<Used>, Refusal> {
    let open: Vec<&OpenPart> = open.into_iter().collect();
    if open.is_empty() {
        return Ok(Vec::new());
    }
    let meters = usage::meters(desk).await?;
    let mut asked = Vec::with_capacity(open.len());
    for part in &open {
        let key = meter_key(&part.price)?;
        let meter = meters.iter().find(|meter| meter.key == key).ok_or_else(|| Refusal::damaged(format!("no meter {key}")))?;
        asked.push((meter, part.stretches(until)));
    }
    let units = usage::of_each(desk, customer_id, &asked).await?;
    Ok(open.iter().zip(units).map(|(part, units)| Used { product: part.product.clone(), price: part.price.key.clone(), units }).collect())
}

/// Whether any line of a subscription's customer waits for a document.
pub async fn any_waits(desk: &mut Desk, s: &Subscription) -> Result<bool, Refusal> {
    Ok(Glance::of(desk, &s.customer_id).await?.pending > 0)
}

/// The lines that open parts were invoiced with before their end, with what was taken back of them: what comes to less is taken back of these.
pub async fn charged_before(desk: &mut Desk, s: &Subscription, open: impl IntoIterator<Item = &OpenPart>) -> Result<Vec<Charged>, Refusal> {
    match open.into_iter().filter(|part| !part.invoiced.is_empty()).map(|part| part.from).min() {
        Some(from) => {
            let any_waits = any_waits(desk, s).await?;
            invoices::ever_charged(desk, &s.id, from, any_waits).await
        }
        None => Ok(Vec::new()),
    }
}

/// What a change of a subscription at an instant may take back: what is charged then, and what its meters were invoiced with before.
pub async fn charged_then(desk: &mut Desk, s: &Subscription, at: Instant) -> Result<Vec<Charged>, Refusal> {
    let before = match &s.cycle {
        Some(cycle) => charged_before(desk, s, cycle.metered()).await?,
        None => Vec::new(),
    };
    let any_waits = any_waits(desk, s).await?;
    let mut charged = invoices::charged(desk, &s.id, at, any_waits).await?;
    charged.extend(before.into_iter().filter(|line| line.line.to.is_some_and(|to| to < at)));
    Ok(charged)
}

/// Where an action's usage figures come from.
#[derive(Clone, Debug, PartialEq)]
pub enum Reading {
    /// Read now.
    Fresh,
    /// As a quote pinned them: what arrived since is billed as late usage.
    Pinned(Counted),
}

/// Usage as it was counted at one moment.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct Counted {
    /// Of the running period.
    pub running: Vec<Used>,
    /// Of each period that waits for its last usage.
    pub closing: Vec<Vec<Used>>,
}

impl Counted {
    /// What a subscription has used up to an instant.
    pub async fn of(desk: &mut Desk, s: &Subscription, at: Instant) -> Result<Counted, Refusal> {
        let running = match &s.cycle {
            Some(cycle) if cycle.all().any(|cycle| cycle.whole.end > at) => used(desk, &s.customer_id, cycle.metered(), at).await?,
            _ => Vec::new(),
        };
        let mut closing = Vec::new();
        for Closing { cycle, until, .. } in &s.closings {
            closing.push(used(desk, &s.customer_id, &cycle.open, *until).await?);
        }
        Ok(Counted { running, closing })
    }
}

impl Reading {
    /// The running period's usage up to an instant.
    pub async fn running(&self, desk: &mut Desk, s: &Subscription, at: Instant) -> Result<Vec<Used>, Refusal> {
        match (self, &s.cycle) {
            (Reading::Pinned(counted), _) => Ok(counted.running.clone()),
            (Reading::Fresh, Some(cycle)) => used(desk, &s.customer_id, cycle.metered(), at).await,
            (Reading::Fresh, None) => Ok(Vec::new()),
        }
    }

    /// What was pinned of the period that closes `position`-th.
    pub fn closing(&self, position: usize) -> Option<Vec<Used>> {
        match self {
            Reading::Fresh => None,
            Reading::Pinned(counted) => counted.closing.get(position).cloned(),
        }
    }
}

/// Gives lines their ids and the prices they were charged at, from the terms and the cycle they came of.
pub fn drafts(desk: &Desk, lines: Vec<Line>, terms: &[&Terms], cycle: Option<&Cycle>) -> Vec<DraftLine> {
    lines
        .into_iter()
        .map(|line| {
            let price = price_of(&line, terms, cycle);
            DraftLine::new(desk, line, price)
        })
        .collect()
}

fn price_of(line: &Line, terms: &[&Terms], cycle: Option<&Cycle>) -> Option<Price> {
    let product = Product::of(line)?;
    let key = line.price.as_deref()?;
    let metered = cycle.into_iter().flat_map(Cycle::metered).find(|part| part.product == product && part.price.key == key && line.from == Some(part.from));
    if let Some(part) = metered.filter(|_| matches!(line.kind, LineKind::Usage | LineKind::Minimum | LineKind::LateUsage)) {
        return Some(part.price.clone());
    }
    terms.iter().find_map(|terms| {
        let prices = match &product {
            Product::Plan(plan) if *plan == terms.plan.key => &terms.plan.prices,
            Product::Plan(_) => return None,
            Product::AddOn(add_on) => &terms.add_ons.iter().find(|of| of.key == *add_on)?.prices,
        };
        prices.iter().find(|price| price.key == key).cloned()
    })
}

/// How an event ended metered parts: when, and what became of what was paid for the rest; and by the engine's word, what stands then of the lines
/// that they were invoiced with before.
pub struct Ended<'a> {
    pub to: Instant,
    pub unused: Unused,
    pub stands: &'a [BilledLine],
}

/// The open parts of a cycle, and of those beside it, that an event ended, as billed by its lines. `goes_on`: as it stands after it.
pub fn billed(cycle: &Cycle, goes_on: Option<&Cycle>, ended: &Ended<'_>, lines: &[DraftLine], used: &[Used]) -> Result<Vec<Billed>, Refusal> {
    let &Ended { to, unused, stands } = ended;
    let mut billed = Vec::new();
    let open = cycle.all().flat_map(|cycle| cycle.open.iter().map(move |part| (cycle, part)));
    for (cycle, part) in open.filter(|(_, part)| part.from < to) {
        let is_open = goes_on.into_iter().flat_map(Cycle::metered).any(|open| open.is_same_count(part));
        if is_open {
            continue;
        }
        let of_part = lines.iter().filter(|draft| {
            let kind = matches!(draft.line.kind, LineKind::Usage | LineKind::Minimum);
            kind && Product::of(&draft.line).as_ref() == Some(&part.product)
                && draft.line.price.as_deref() == Some(&part.price.key)
                && draft.line.from == Some(part.from)
        });
        // What it was invoiced with before, then what is new.
        let before = stands.iter().filter(|stands| part.invoiced.iter().any(|invoiced| invoiced.line == stands.line));
        let new = of_part.filter(|draft| draft.line.credits.is_none());
        let new = new.map(|draft| BilledLine { line: draft.id.clone(), stands_minor: draft.line.amount_minor });
        let lines = before.cloned().chain(new).collect();
        let counted = used.iter().find(|used| used.product == part.product && used.price == part.price.key);
        let units = counted.ok_or_else(|| Refusal::damaged(format!("the usage of {} was billed and not counted", part.price.key)))?.units;
        // The cycle is kept for its period; where it stood before is of no use later.
        let cycle = Cycle { before: None, open: Vec::new(), ..cycle.alone() };
        billed.push(Billed { part: BilledPart { part: part.clone(), to, cycle, unused, lines }, units });
    }
    Ok(billed)
}

impl Step {
    /// Nothing has happened yet.
    pub fn new(subscription: Subscription, discounts: Vec<Redeemed>) -> Step {
        Step {
            subscription,
            discounts_before: discounts.clone(),
            discounts,
            redeems: Vec::new(),
            reason: None,
            lines: Vec::new(),
            closed: Vec::new(),
            waiting: Vec::new(),
            billed: Vec::new(),
            events: Vec::new(),
            is_so_far: false,
            is_new: false,
        }
    }

    /// The discounts that reach this step's lines. Usage that is invoiced before its period's end has those that are the same on both of the
    /// period's documents; an amount, and what comes off once, waits for the end.
    pub fn engine_discounts(&self) -> Vec<Discount> {
        let mut discounts = discounts::for_engine(&self.subscription, &self.discounts);
        if self.is_so_far {
            discounts.retain(|discount| matches!(discount.coupon.off, Off::Percent(_)) && !discount.is_once());
        }
        discounts
    }
}

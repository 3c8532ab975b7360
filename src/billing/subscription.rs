//! A subscription as values: its terms, its cycle, and the lines each event of its life makes.
//!
//! `begin` charges a period in advance, `close` rates its usage in arrears, `change` moves from one set of terms to another in
//! mid-period, `pause` and `cancel` to none, `resume` back. All return lines (amounts before discount and tax, see
//! [`crate::invoice::assemble`]) and the [`Cycle`] to keep for the next call.
//!
//! What deliberately does not live here: which state allows which event ([`crate::state`]), when things fall due, and what is
//! scheduled; the subscription's room decides that and calls these functions with the instant.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::{
    Result,
    calendar::{Anchor, By, Instant, Interval, Period, Share, Zone, local_date, zone_name},
    explain::{BoundKind, CreditOf, ExchangeRate, Explain, Late, ShareOf},
    invoice::{Line, LineKind, LineRef},
    money::{self, Currency, Ratio, Rounding},
    price::{Model, Price, exchange, rate},
    tax::LineTax,
};

/// Why terms or an event make no sense.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum SubscriptionError {
    #[error("The add-on “{add_on}” is not billed at the same interval as the plan “{plan}”.")]
    IntervalsDiffer { plan: String, add_on: String },
    #[error("The add-on “{0}” is named twice.")]
    AddOnTwice(String),
    #[error("The product “{product}” has two prices named “{price}”.")]
    PriceTwice { product: String, price: String },
    #[error("A quantity must not be negative.")]
    NegativeQuantity,
    #[error("The usage of the price “{price}” of “{product}” was not given.")]
    UsageMissing { product: String, price: String },
}

/// A plan at one version, in the customer's currency (see [`crate::price::in_currency`]).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlanTerms {
    pub key: String,
    pub name: String,
    pub interval: Interval,
    pub prices: Vec<Price>,
}

/// An add-on at one version and its own quantity.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AddOnTerms {
    pub key: String,
    pub name: String,
    pub interval: Interval,
    pub prices: Vec<Price>,
    pub quantity: Decimal,
}

/// Everything a subscription is charged for. Coupons are not terms: they act on the document, not on its lines.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Terms {
    pub plan: PlanTerms,
    pub quantity: Decimal,
    pub add_ons: Vec<AddOnTerms>,
}

/// The vendor's choice for shares of a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proration {
    pub by: By,
    pub rounding: Rounding,
}

/// What is frozen on a subscription, and the rates to convert by.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Basis {
    pub subscription: String,
    pub currency: Currency,
    #[serde(with = "zone_name")]
    pub zone: Zone,
    pub proration: Proration,
    pub exchange_rates: Vec<ExchangeRate>,
}

/// A plan or an add-on.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Product {
    Plan(String),
    AddOn(String),
}

/// A metered price whose usage is being counted, since an instant: the start of the period, or the last cut in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OpenPart {
    pub product: Product,
    pub product_name: String,
    pub price: Price,
    pub from: Instant,
    /// Pauses within it that kept the period paid: what is used meanwhile does not count. That of a running pause reaches to the
    /// period's end.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pauses: Vec<Period>,
}

/// Where a subscription stands. Keep it (as JSON) and hand it back; read `whole`, `from` and `open`, change nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cycle {
    pub anchor: Anchor,
    pub interval: Interval,
    /// The period as the anchor repeats it.
    pub whole: Period,
    /// Where the subscription's own period starts: later than `whole.start` in a stub.
    pub from: Instant,
    /// What is metered, and since when. Usage is to be given for each of these.
    pub open: Vec<OpenPart>,
    /// The cycle as it was before the change at this instant, so that a reversal at the same instant can restore it.
    pub before: Option<Box<Before>>,
}

/// A cycle as it was before the changes made at one instant. Never nested: it remembers no cycle before itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Before {
    pub at: Instant,
    pub cycle: Cycle,
}

/// The aggregated usage of one open part, from its `from` to the instant of the event (or the period's end).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Used {
    pub product: Product,
    /// The price's key.
    pub price: String,
    pub units: Decimal,
}

/// A line that was charged, on whatever document, and what has been taken back of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Charged {
    pub reference: LineRef,
    /// As it stands on its document, with discount and tax.
    pub line: Line,
    /// The price it was charged at; none for a one-off.
    pub price: Option<Price>,
    pub credits: Vec<Credited>,
}

/// A credit of a charged line: by a subscription change, or by a credit note.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Credited {
    pub reference: LineRef,
    /// The instant of the change from which the line was no longer in force; none for a credit note, which leaves it in force.
    pub at: Option<Instant>,
    /// Positive; net of tax unless prices include it, like the line's amount.
    pub amount_minor: i64,
    /// Positive.
    pub tax: Vec<LineTax>,
}

/// What an event comes to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    pub lines: Vec<Line>,
    pub cycle: Cycle,
    /// From when the new terms hold: the instant of the event, or the period's end where the vendor prorates nothing.
    pub effective_at: Instant,
}

/// Whether the unused rest of a period is given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unused {
    Credited,
    Kept,
}

impl Unused {
    /// Where the share ends that the usage of a period's last part is rated by.
    fn shared_until(self, ended_at: Instant, cycle: &Cycle) -> Instant {
        match self {
            Self::Credited => ended_at,
            Self::Kept => cycle.whole.end,
        }
    }
}

impl Proration {
    /// What becomes of the unused where so much is wished: by `none` nothing is ever given back.
    pub fn gives_back(self, wished: Unused) -> Unused {
        if self.by == By::None { Unused::Kept } else { wished }
    }
}

impl Product {
    pub fn key(&self) -> &str {
        match self {
            Self::Plan(key) | Self::AddOn(key) => key,
        }
    }

    /// The plan or add-on a line belongs to.
    pub fn of(line: &Line) -> Option<Self> {
        let add_on = line.add_on.clone().map(Self::AddOn);
        add_on.or_else(|| line.plan.clone().map(Self::Plan))
    }
}

impl Terms {
    /// Whether the terms can be billed together: one interval for all, no product or price twice, no negative quantity, every
    /// price sound by itself.
    pub fn check(&self) -> Result<()> {
        if self.quantity < Decimal::ZERO || self.add_ons.iter().any(|add_on| add_on.quantity < Decimal::ZERO) {
            return Err(SubscriptionError::NegativeQuantity.into());
        }
        for (index, add_on) in self.add_ons.iter().enumerate() {
            if !add_on.interval.repeats_like(self.plan.interval) {
                let (plan, add_on) = (self.plan.name.clone(), add_on.name.clone());
                return Err(SubscriptionError::IntervalsDiffer { plan, add_on }.into());
            }
            if self.add_ons.iter().take(index).any(|other| other.key == add_on.key) {
                return Err(SubscriptionError::AddOnTwice(add_on.name.clone()).into());
            }
        }
        let items = self.items();
        for (index, item) in items.iter().enumerate() {
            item.price.check()?;
            if items.iter().take(index).any(|other| other.is_named_like(item)) {
                let (product, price) = (item.product_name.to_owned(), item.price.key.clone());
                return Err(SubscriptionError::PriceTwice { product, price }.into());
            }
        }
        Ok(())
    }

    /// Every price of the plan, then of each add-on, in the order given.
    fn items(&self) -> Vec<Item<'_>> {
        let of_plan = self.plan.prices.iter().map(|price| Item::new(Product::Plan(self.plan.key.clone()), &self.plan.name, price, self.quantity));
        let of_add_ons = self.add_ons.iter().flat_map(|add_on| {
            let item = |price| Item::new(Product::AddOn(add_on.key.clone()), &add_on.name, price, add_on.quantity);
            add_on.prices.iter().map(item)
        });
        of_plan.chain(of_add_ons).collect()
    }
}

/// One price of the terms with the quantity it is charged on: the thing that a line is of.
#[derive(Clone)]
struct Item<'a> {
    product: Product,
    product_name: &'a str,
    price: &'a Price,
    quantity: Decimal,
}

impl<'a> Item<'a> {
    /// A flat price is charged once, whatever the quantity; so a change of quantity does not touch it.
    fn new(product: Product, product_name: &'a str, price: &'a Price, quantity: Decimal) -> Self {
        let quantity = match price.model {
            Model::Flat { .. } => Decimal::ONE,
            Model::PerUnit { .. } | Model::Graduated { .. } | Model::Volume { .. } | Model::Package { .. } => quantity,
        };
        Self { product, product_name, price, quantity }
    }

    fn of_part(part: &'a OpenPart) -> Self {
        Self::new(part.product.clone(), &part.product_name, &part.price, Decimal::ZERO)
    }

    fn is_named_like(&self, other: &Self) -> bool {
        self.product == other.product && self.price.key == other.price.key
    }

    /// The same thing at the same price and quantity: a change leaves it alone.
    fn is_unchanged_from(&self, other: &Self) -> bool {
        self.is_named_like(other) && self.price.charges_like(other.price) && self.quantity == other.quantity
    }

    /// Whether a charged line is of this very thing, price and quantity.
    fn was_charged_by(&self, charged: &Charged) -> bool {
        let price = charged.price.as_ref().is_some_and(|price| price.charges_like(self.price));
        self.names(&charged.line) && price && charged.line.quantity == self.quantity
    }

    fn names(&self, line: &Line) -> bool {
        Product::of(line).as_ref() == Some(&self.product) && line.price.as_ref() == Some(&self.price.key)
    }

    fn open_from(&self, from: Instant, pauses: Vec<Period>) -> OpenPart {
        OpenPart { product: self.product.clone(), product_name: self.product_name.to_owned(), price: self.price.clone(), from, pauses }
    }

    fn line_name(&self) -> String {
        match self.price.name.as_str() {
            "" => self.product_name.to_owned(),
            // "Team plan" of Team says it already.
            name if name.starts_with(self.product_name) => name.to_owned(),
            name => format!("{} · {name}", self.product_name),
        }
    }
}

impl Charged {
    /// Whether the line pays in advance for an instant and no change has ended it. A credit note leaves a line in force.
    fn is_in_force(&self, at: Instant) -> bool {
        let in_advance = match self.line.kind {
            LineKind::Recurring | LineKind::ProrationCharge => true,
            LineKind::Minimum => !self.is_metered(),
            LineKind::Usage | LineKind::LateUsage | LineKind::ProrationCredit | LineKind::OneOff | LineKind::Adjustment => false,
        };
        let covers = self.line.from.is_some_and(|from| from <= at) && self.line.to.is_some_and(|to| at < to);
        in_advance && covers && !self.credits.iter().any(|credit| credit.at.is_some_and(|ended| ended <= at))
    }

    fn is_metered(&self) -> bool {
        self.price.as_ref().is_some_and(Price::is_metered)
    }

    /// What was charged after discount, and how much of it has been taken back.
    fn charged_and_credited(&self) -> Result<(i64, i64)> {
        let credited = money::sum(self.credits.iter().map(|credit| credit.amount_minor))?;
        Ok((self.line.net_minor()?, credited))
    }

    /// What is to be given back when so much of its amount stands no longer: its part of what the line cost after discount, so that
    /// steps add up, and never more than is left.
    fn falls_by(&self, stood_minor: i64, stands_minor: i64) -> Result<i64> {
        let (net, credited) = self.charged_and_credited()?;
        if self.line.amount_minor == 0 {
            return Ok(0);
        }
        let cost = |amount_minor| Ratio::whole(net).mul(Ratio::whole(amount_minor).div(Ratio::whole(self.line.amount_minor))?)?.round(Rounding::HalfUp);
        Ok(money::sub(cost(stood_minor)?, cost(stands_minor)?)?.min(money::sub(net, credited)?).max(0))
    }
}

impl Cycle {
    /// The cycle of a subscription that starts (or comes back) at an instant: the anchor's period that holds it, whole or from
    /// there. Nothing is metered until [`begin`].
    pub fn starting(anchor: Anchor, interval: Interval, at: Instant) -> Result<Self> {
        let whole = anchor.period_containing(interval, at)?;
        Ok(Self { anchor, interval, whole, from: at, open: Vec::new(), before: None })
    }

    /// The cycle after this one. At another interval a new anchor begins at this one's end.
    pub fn following(&self, interval: Interval) -> Result<Self> {
        let end = self.whole.end;
        let anchor = if interval.repeats_like(self.interval) { self.anchor.clone() } else { Anchor::at(end, self.anchor.zone) };
        Self::starting(anchor, interval, end)
    }

    /// The period as the subscription sees it.
    pub fn period(&self) -> Period {
        Period { start: self.from, end: self.whole.end }
    }

    /// Whether the period starts late because of the anchor.
    pub fn is_stub(&self) -> bool {
        self.from > self.whole.start
    }

    /// The cycle as it was before the changes made at this very instant, if any were.
    fn undone_at(&self, at: Instant) -> Option<&Self> {
        self.before.as_deref().filter(|before| before.at == at).map(|before| &before.cycle)
    }

    /// What to remember so that a reversal at this instant can restore it: the oldest of the cycles this instant has seen.
    fn remembered(&self, at: Instant) -> Box<Before> {
        let cycle = Self { before: None, ..self.undone_at(at).unwrap_or(self).clone() };
        Box::new(Before { at, cycle })
    }
}

/// A stretch of a period to charge for, and how.
struct Charge<'a> {
    cycle: &'a Cycle,
    kind: LineKind,
    /// What the line stands for.
    part: Period,
    /// The stretch whose share of the whole is charged; the same as `part` unless a rest was kept paid.
    shared: Period,
    /// The day (of the billing zone) whose exchange rate counts: when it falls due, so the start in advance and the end in arrears.
    priced_at: Instant,
    /// The vendor's choice for prorations (and for a minimum beside one), half up for everything else.
    rounding: Rounding,
}

impl Basis {
    fn share(&self, part: Period, whole: Period) -> Result<Share> {
        Ok(Share::of(part, whole, self.proration.by, self.zone)?)
    }

    /// Whether two instants are one moment to the vendor: the same instant, or the same day where days are counted.
    fn is_one_moment(&self, one: Instant, other: Instant) -> bool {
        one == other || (self.proration.by == By::Day && local_date(one, self.zone) == local_date(other, self.zone))
    }

    fn exchange(&self, price: &Price, at: Instant) -> Result<Option<&ExchangeRate>> {
        Ok(exchange(price, self.currency, &self.exchange_rates, local_date(at, self.zone))?)
    }

    fn explain_share(&self, share: Share, part: Period, whole: Period) -> Option<ShareOf> {
        let measured = !(share.is_whole() && part == whole);
        measured.then_some(ShareOf {
            n: share.n,
            d: share.d,
            by: share.by,
            zone: self.zone,
            from: part.start,
            to: part.end,
            whole_from: whole.start,
            whole_to: whole.end,
        })
    }

    /// The lines of one thing: what its units cost, and what is missing to its minimum. Each is rounded once. The missing part is
    /// taken from the rounded bound and the rounded line, so that the two sum to the minimum to the cent.
    fn lines(&self, item: &Item<'_>, units: Decimal, charge: &Charge<'_>) -> Result<Vec<Line>> {
        let whole = charge.cycle.whole;
        let share = self.share(charge.shared, whole)?;
        let rated = rate(item.price, units, share, self.exchange(item.price, charge.priced_at)?)?;
        let explain = Explain { share: self.explain_share(share, charge.shared, whole), rounding: Some(charge.rounding), ..rated.explain };
        let amount_minor = rated.exact.round(charge.rounding)?;
        let mut lines = Vec::new();
        if rated.has_units {
            // A minimum decides the line after this one.
            let bound = explain.bound.clone().filter(|bound| bound.kind == BoundKind::Maximum);
            lines.push(self.line(item, charge, units, amount_minor, Explain { bound, ..explain.clone() }));
        }
        // By `none` a stub costs nothing, so it owes no minimum either.
        let owes_minimum = !(self.proration.by == By::None && charge.cycle.is_stub());
        if let Some(missing) = rated.minimum_top_up.filter(|_| owes_minimum) {
            let missing_minor = money::sub(rated.exact.add(missing)?.round(charge.rounding)?, amount_minor)?;
            let explain = Explain { exact: Some(missing), ..explain };
            let charge = Charge { kind: LineKind::Minimum, ..*charge };
            if missing_minor > 0 {
                lines.push(self.line(item, &charge, units, missing_minor, explain));
            }
        }
        Ok(lines)
    }

    fn line(&self, item: &Item<'_>, charge: &Charge<'_>, units: Decimal, amount_minor: i64, explain: Explain) -> Line {
        let (plan, add_on) = match &item.product {
            Product::Plan(key) => (Some(key.clone()), None),
            Product::AddOn(key) => (None, Some(key.clone())),
        };
        Line {
            kind: charge.kind,
            subscription: Some(self.subscription.clone()),
            plan,
            add_on,
            price: Some(item.price.key.clone()),
            name: item.line_name(),
            quantity: units,
            amount_minor,
            discount_minor: 0,
            discount_is_fixed: false,
            tax: Vec::new(),
            from: Some(charge.part.start),
            to: Some(charge.part.end),
            period: Some(charge.cycle.period()),
            credits: None,
            explain,
        }
    }

    /// Usage of an open part up to an instant. `shared_until` is where the share it is rated by ends.
    fn usage_lines(&self, cycle: &Cycle, part: &OpenPart, until: Instant, shared_until: Instant, used: &[Used]) -> Result<Vec<Line>> {
        if part.from >= until {
            // Opened at this very instant: nothing can have been used.
            return Ok(Vec::new());
        }
        let item = Item::of_part(part);
        let units = used.iter().find(|used| used.product == part.product && used.price == part.price.key);
        let missing = || SubscriptionError::UsageMissing { product: part.product_name.clone(), price: part.price.key.clone() };
        let charge = Charge {
            cycle,
            kind: LineKind::Usage,
            part: Period { start: part.from, end: until },
            shared: Period { start: part.from, end: shared_until },
            priced_at: until,
            rounding: Rounding::HalfUp,
        };
        self.lines(&item, units.ok_or_else(missing)?.units, &charge)
    }

    /// Takes back what is unused of a charged line from an instant on: its share of what the line cost after discount, at its own
    /// tax, and never more than is left of it.
    ///
    /// The share is of the line's own stretch. For a line of a whole period that is the share of the period; for the charge of an
    /// earlier change in the same period it is what is left of that.
    fn credit(&self, charged: &Charged, at: Instant) -> Result<Option<Line>> {
        let (Some(from), Some(to)) = (charged.line.from, charged.line.to) else { return Ok(None) };
        // What was free of charge has nothing to give back; what a discount made free has, zero, and a reversal must find it (and
        // the reversal of that, which takes back a credit, again).
        if charged.line.amount_minor == 0 && charged.line.credits.is_none() {
            return Ok(None);
        }
        let (unused, whole) = (Period { start: at, end: to }, Period { start: from, end: to });
        let share = self.share(unused, whole)?;
        if share.is_nothing() {
            return Ok(None);
        }
        let (net, credited) = charged.charged_and_credited()?;
        let exact = Ratio::whole(net).mul(share.exact()?)?;
        let amount_minor = exact.round(self.proration.rounding)?.min(money::sub(net, credited)?).max(0);
        let explain = Explain {
            share: self.explain_share(share, unused, whole),
            exact: Some(exact.neg()),
            rounding: Some(self.proration.rounding),
            ..Explain::default()
        };
        self.take_back(charged, amount_minor, unused, explain).map(Some)
    }

    fn take_back(&self, charged: &Charged, amount_minor: i64, part: Period, explain: Explain) -> Result<Line> {
        let (charged_minor, credited_before_minor) = charged.charged_and_credited()?;
        let line = charged.reference.clone();
        Ok(Line {
            kind: LineKind::ProrationCredit,
            amount_minor: money::neg(amount_minor)?,
            discount_minor: 0,
            discount_is_fixed: false,
            tax: charged.line.tax.iter().map(|tax| LineTax { amount_minor: 0, ..tax.clone() }).collect(),
            from: Some(part.start),
            to: Some(part.end),
            credits: Some(line.clone()),
            explain: Explain { credit: Some(CreditOf { line, charged_minor, credited_before_minor }), ..explain },
            ..charged.line.clone()
        })
    }

    /// Charges a thing again that an earlier change of the same moment credited: by the same amount at the same tax, so that change
    /// and reversal cancel exactly whatever discount, exchange rate or rounding the first charge met.
    fn reversal(&self, item: &Item<'_>, cycle: &Cycle, at: Instant, charged: &[Charged]) -> Result<Vec<Line>> {
        let mut lines = Vec::new();
        let of_it = |charged: &&Charged| item.was_charged_by(charged) && !charged.is_metered() && charged.line.to == Some(cycle.whole.end);
        for charge in charged.iter().filter(of_it) {
            for credit in &charge.credits {
                let is_reversed = charged.iter().any(|other| other.line.credits.as_ref() == Some(&credit.reference));
                if is_reversed || !credit.at.is_some_and(|ended| self.is_one_moment(ended, at)) {
                    continue;
                }
                let kind = match charge.line.kind {
                    LineKind::Minimum => LineKind::Minimum,
                    _ => LineKind::ProrationCharge,
                };
                lines.push(Line {
                    kind,
                    amount_minor: credit.amount_minor,
                    from: Some(at),
                    credits: Some(credit.reference.clone()),
                    explain: Explain {
                        exact: Some(Ratio::whole(credit.amount_minor)),
                        credit: Some(CreditOf { line: credit.reference.clone(), charged_minor: money::neg(credit.amount_minor)?, credited_before_minor: 0 }),
                        ..Explain::default()
                    },
                    ..self.take_back(charge, 0, Period { start: at, end: cycle.whole.end }, Explain::default())?
                });
            }
        }
        Ok(lines)
    }

    /// The move from what is charged to new items at an instant within one period. `keeps` tells which things stay as they are.
    fn swap(&self, cycle: Cycle, now: &Now<'_>, items: &[Item<'_>], keeps: &[Item<'_>]) -> Result<Outcome> {
        let &Now { current, at, charged, used } = now;
        let is_kept = |line: &Line| keeps.iter().any(|item| item.names(line));
        let mut lines = Vec::new();

        for charge in charged.iter().filter(|charge| charge.is_in_force(at) && !is_kept(&charge.line)) {
            lines.extend(self.credit(charge, at)?);
        }

        // Meters: a price that goes on is not cut, whatever it is called; one cut earlier at this instant is taken up again where it
        // began; any other starts now. What does not go on is rated to here.
        let mut ending: Vec<&OpenPart> = current.open.iter().collect();
        let same_interval = cycle.interval.repeats_like(current.interval);
        let mut undone: Vec<&OpenPart> = current.undone_at(at).map(|before| before.open.iter().collect()).unwrap_or_default();
        undone.retain(|part| !(same_interval && current.open.iter().any(|open| open.is_same_count(part))));
        let mut open = Vec::new();
        for item in items.iter().filter(|item| item.price.is_metered()) {
            let going_on = if same_interval { take_alike(&mut ending, item) } else { None };
            let (from, pauses) = match going_on {
                Some(part) => (part.from, part.pauses.clone()),
                None => match take_alike(&mut undone, item) {
                    Some(part) if cycle.whole.contains(part.from) => {
                        for charge in charged.iter().filter(|charge| part.was_billed_by(charge, at)) {
                            let (net, credited) = charge.charged_and_credited()?;
                            let billed = Period { start: part.from, end: at };
                            lines.push(self.take_back(charge, money::sub(net, credited)?, billed, Explain::default())?);
                        }
                        (part.from, part.pauses.clone())
                    }
                    _ => (at, Vec::new()),
                },
            };
            open.push(item.open_from(from, pauses));
        }
        for part in ending {
            lines.extend(self.usage_lines(current, part, at, at, used)?);
        }

        let rest = Period { start: at, end: cycle.whole.end };
        let is_nothing = self.share(rest, cycle.whole)?.is_nothing();
        for item in items.iter().filter(|item| !item.price.is_metered()) {
            if keeps.iter().any(|kept| kept.is_named_like(item)) {
                continue;
            }
            let reversal = self.reversal(item, &cycle, at, charged)?;
            if !reversal.is_empty() {
                lines.extend(reversal);
            } else if !is_nothing {
                let charge =
                    Charge { cycle: &cycle, kind: LineKind::ProrationCharge, part: rest, shared: rest, priced_at: at, rounding: self.proration.rounding };
                lines.extend(self.lines(item, item.quantity, &charge)?);
            }
        }
        let cycle = Cycle { open, before: Some(current.remembered(at)), ..cycle };
        Ok(Outcome { lines, cycle, effective_at: at })
    }
}

/// What an event in mid-period meets.
struct Now<'a> {
    current: &'a Cycle,
    at: Instant,
    charged: &'a [Charged],
    used: &'a [Used],
}

impl OpenPart {
    /// The stretches up to an instant whose usage counts: all but the pauses.
    pub fn stretches(&self, until: Instant) -> Vec<Period> {
        let mut stretches = Vec::new();
        let mut start = self.from;
        for pause in &self.pauses {
            stretches.push(Period { start, end: pause.start.min(until) });
            start = pause.end;
        }
        stretches.push(Period { start, end: until });
        stretches.retain(|stretch| stretch.start < stretch.end);
        stretches
    }

    fn is_same_count(&self, other: &Self) -> bool {
        self.from == other.from && self.price.charges_like(&other.price)
    }

    /// Whether a charged line is the usage (or its minimum) of this part, cut at an instant and not taken back since.
    fn was_billed_by(&self, charged: &Charged, at: Instant) -> bool {
        let kind = matches!(charged.line.kind, LineKind::Usage | LineKind::Minimum) && charged.is_metered();
        let stretch = charged.line.from == Some(self.from) && charged.line.to == Some(at);
        let ended = charged.credits.iter().any(|credit| credit.at.is_some());
        kind && stretch && Item::of_part(self).names(&charged.line) && !ended
    }
}

/// Takes the part that counts for an item out of a list: the one of the same name if it charges alike, else any that does. A meter
/// whose price moves unchanged to another plan goes on counting.
fn take_alike<'a>(parts: &mut Vec<&'a OpenPart>, item: &Item<'_>) -> Option<&'a OpenPart> {
    let alike = |part: &&OpenPart| part.price.charges_like(item.price);
    let named = |part: &&OpenPart| Item::of_part(part).is_named_like(item);
    let position = parts.iter().position(|part| alike(part) && named(part)).or_else(|| parts.iter().position(alike))?;
    Some(parts.remove(position))
}

/// The start of a period: prices without a meter in advance (`recurring`, or `proration_charge` for a stub), their minimums, and
/// meters opened.
pub fn begin(basis: &Basis, terms: &Terms, cycle: &Cycle) -> Result<Outcome> {
    let at = cycle.from;
    let items = terms.items();
    let period = cycle.period();
    let (kind, rounding) = if cycle.is_stub() { (LineKind::ProrationCharge, basis.proration.rounding) } else { (LineKind::Recurring, Rounding::HalfUp) };
    // A stub by `none` costs nothing, and so does one that is no day long.
    let is_free = cycle.is_stub() && (basis.proration.by == By::None || basis.share(period, cycle.whole)?.is_nothing());
    let mut lines = Vec::new();
    for item in items.iter().filter(|item| !item.price.is_metered() && !is_free) {
        let charge = Charge { cycle, kind, part: period, shared: period, priced_at: at, rounding };
        lines.extend(basis.lines(item, item.quantity, &charge)?);
    }
    let open = items.iter().filter(|item| item.price.is_metered()).map(|item| item.open_from(at, Vec::new())).collect();
    Ok(Outcome { lines, cycle: Cycle { open, before: None, ..cycle.clone() }, effective_at: at })
}

/// The end of a period: usage of the open parts in arrears, and what is missing to their minimums. A price without units and
/// without a minimum makes no line.
pub fn close(basis: &Basis, cycle: &Cycle, used: &[Used]) -> Result<Vec<Line>> {
    close_ended(basis, cycle, cycle.whole.end, Unused::Credited, used)
}

/// The usage of a period that a cancellation ended, perhaps before its time: see [`cancel`] for what is rated as whose.
pub fn close_ended(basis: &Basis, cycle: &Cycle, ended_at: Instant, unused: Unused, used: &[Used]) -> Result<Vec<Line>> {
    let shared_until = unused.shared_until(ended_at, cycle);
    let mut lines = Vec::new();
    for part in &cycle.open {
        lines.extend(basis.usage_lines(cycle, part, ended_at, shared_until, used)?);
    }
    Ok(lines)
}

/// A change of plan, quantity or add-ons in mid-period: credits for what was charged and changes, the old metered parts, and
/// charges for the rest. A thing whose price and quantity do not change makes no line.
///
/// `charged` is every line of the subscription that reaches beyond `at` or ends there, credited or not. At another interval
/// everything is credited and a new period begins, anchored at the change; reversed at the same instant, the old one is restored.
///
/// By `none` the new terms wait for the next period, an interval's too: nothing is credited, charged or cut, and
/// [`Outcome::effective_at`] is the period's end. (A rule that let them hold at once without a charge would give the rest away.)
pub fn change(basis: &Basis, old: &Terms, new: &Terms, cycle: &Cycle, at: Instant, charged: &[Charged], used: &[Used]) -> Result<Outcome> {
    cycle.period().require(at)?;
    if basis.proration.by == By::None {
        return Ok(Outcome { lines: Vec::new(), cycle: cycle.clone(), effective_at: cycle.whole.end });
    }
    let now = Now { current: cycle, at, charged, used };
    let (old_items, new_items) = (old.items(), new.items());
    let interval = new.plan.interval;
    if interval.repeats_like(cycle.interval) {
        let unchanged = |item: &&Item<'_>| old_items.iter().any(|old| item.is_unchanged_from(old));
        let keeps = new_items.iter().filter(unchanged).cloned().collect::<Vec<_>>();
        return basis.swap(cycle.clone(), &now, &new_items, &keeps);
    }
    if let Some(restored) = cycle.undone_at(at).filter(|before| before.interval.repeats_like(interval)) {
        return basis.swap(restored.clone(), &now, &new_items, &[]);
    }
    let ended = basis.swap(cycle.clone(), &now, &[], &[])?;
    let begun = begin(basis, new, &Cycle::starting(Anchor::at(at, basis.zone), interval, at)?)?;
    Ok(Outcome { lines: ended.lines.into_iter().chain(begun.lines).collect(), cycle: Cycle { before: ended.cycle.before, ..begun.cycle }, effective_at: at })
}

/// The end of a subscription before its period's: usage to the end, and the unused rest credited or kept.
///
/// Credited, the last part of a metered price has its share of the allowance and of the minimum; kept (or by `none`), the period
/// has been paid whole, so its usage is rated as the whole period's.
pub fn cancel(basis: &Basis, cycle: &Cycle, at: Instant, unused: Unused, charged: &[Charged], used: &[Used]) -> Result<Outcome> {
    cycle.period().require(at)?;
    if basis.proration.gives_back(unused) == Unused::Credited {
        return basis.swap(cycle.clone(), &Now { current: cycle, at, charged, used }, &[], &[]);
    }
    let lines = close_ended(basis, cycle, at, Unused::Kept, used)?;
    let cycle = Cycle { open: Vec::new(), before: Some(cycle.remembered(at)), ..cycle.clone() };
    Ok(Outcome { lines, cycle, effective_at: at })
}

/// A pause: usage so far, and the unused rest credited or kept.
///
/// Kept (or by `none`), nothing is cut: the period runs to its end as paid. Its meters stay open and are still to be closed at
/// its end, with the usage of the time that was not paused.
pub fn pause(basis: &Basis, cycle: &Cycle, at: Instant, unused: Unused, charged: &[Charged], used: &[Used]) -> Result<Outcome> {
    cycle.period().require(at)?;
    if basis.proration.gives_back(unused) == Unused::Kept {
        let mut cycle = cycle.clone();
        for part in &mut cycle.open {
            part.pauses.push(Period { start: at, end: cycle.whole.end });
        }
        return Ok(Outcome { lines: Vec::new(), cycle, effective_at: at });
    }
    basis.swap(cycle.clone(), &Now { current: cycle, at, charged, used }, &[], &[])
}

/// The end of a pause: charged from now to the end of the anchor's period that holds `at`, except what the pause kept paid.
pub fn resume(basis: &Basis, terms: &Terms, cycle: &Cycle, at: Instant, charged: &[Charged]) -> Result<Outcome> {
    if at >= cycle.whole.end {
        return begin(basis, terms, &Cycle::starting(cycle.anchor.clone(), cycle.interval, at)?);
    }
    cycle.period().require(at)?;
    let mut cycle = cycle.clone();
    for pause in cycle.open.iter_mut().filter_map(|part| part.pauses.last_mut()) {
        pause.end = pause.end.min(at);
    }
    let items = terms.items();
    let is_paid = |item: &&Item<'_>| charged.iter().any(|charge| charge.is_in_force(at) && item.was_charged_by(charge));
    let keeps = items.iter().filter(is_paid).cloned().collect::<Vec<_>>();
    if basis.proration.by == By::None {
        let metered = items.iter().filter(|item| item.price.is_metered());
        let open = if cycle.open.is_empty() { metered.map(|item| item.open_from(at, Vec::new())).collect() } else { cycle.open.clone() };
        return Ok(Outcome { lines: Vec::new(), cycle: Cycle { open, ..cycle.clone() }, effective_at: at });
    }
    basis.swap(cycle.clone(), &Now { current: &cycle, at, charged, used: &[] }, &items, &keeps)
}

/// A part of a period whose usage was billed, as it was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BilledPart {
    pub part: OpenPart,
    /// Where the part ended: the period's end, or the cut.
    pub to: Instant,
    /// The cycle it was billed in.
    pub cycle: Cycle,
    /// `Kept` for the last part of a subscription that was cancelled without credit, which was rated as the whole period's.
    pub unused: Unused,
    /// The usage, minimum and late lines it was billed with, in that order.
    pub lines: Vec<BilledLine>,
}

/// How much of a line still stands for what was used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BilledLine {
    pub line: LineRef,
    /// Before discount. Late usage downwards lowers it; a credit note, which is no matter of usage, does not.
    pub stands_minor: i64,
}

impl BilledPart {
    /// What is billed for the usage of the part, before discount.
    pub fn billed_minor(&self) -> Result<i64> {
        Ok(money::sum(self.lines.iter().map(|line| line.stands_minor))?)
    }
}

/// What a part of a period costs at so many units, usage and minimum: the lines it is, or was, to be billed with.
pub fn usage_of_part(basis: &Basis, billed: &BilledPart, units: Decimal) -> Result<Vec<Line>> {
    let BilledPart { part, to, cycle, unused, .. } = billed;
    let used = [Used { product: part.product.clone(), price: part.price.key.clone(), units }];
    basis.usage_lines(cycle, part, *to, unused.shared_until(*to, cycle), &used)
}

/// What late usage comes to.
#[derive(Debug, Clone, PartialEq)]
pub struct LateUsage {
    /// Upwards one line of the difference; downwards one for each billed line that it takes back of.
    pub lines: Vec<Line>,
    /// What stands of the lines billed before.
    pub stands: Vec<BilledLine>,
}

/// Usage that arrived after its period was invoiced: the re-rated old period less what was billed for it. No difference, no line.
/// Exchange rates are those of the day it was first billed.
///
/// What it adds is a charge like any other, but out of reach of discounts. What it takes away is taken back of the billed lines, the
/// latest first: at what they cost after their discount, at their own tax, and never more than is left of them. `charged` holds these.
pub fn late_usage(basis: &Basis, billed: &BilledPart, charged: &[Charged], units: Decimal) -> Result<LateUsage> {
    let BilledPart { part, to, cycle, .. } = billed;
    let rerated = usage_of_part(basis, billed, units)?;
    let rerated_minor = money::sum(rerated.iter().map(|line| line.amount_minor))?;
    let billed_minor = billed.billed_minor()?;
    let difference = money::sub(rerated_minor, billed_minor)?;
    let late = Some(Late { rerated_minor, billed_minor });
    let explain = Explain { late, ..rerated.into_iter().next().map(|line| line.explain).unwrap_or_default() };
    let mut found = LateUsage { lines: Vec::new(), stands: billed.lines.clone() };
    let stretch = Period { start: part.from, end: *to };
    if difference > 0 {
        let charge = Charge { cycle, kind: LineKind::LateUsage, part: stretch, shared: stretch, priced_at: *to, rounding: Rounding::HalfUp };
        found.lines.push(basis.line(&Item::of_part(part), &charge, units, difference, explain));
        return Ok(found);
    }
    let mut less = money::neg(difference)?;
    for stands in found.stands.iter_mut().rev() {
        let taken = stands.stands_minor.clamp(0, less);
        let left = money::sub(stands.stands_minor, taken)?;
        less = money::sub(less, taken)?;
        if let Some(charge) = charged.iter().find(|charge| charge.reference == stands.line) {
            let amount_minor = charge.falls_by(stands.stands_minor, left)?;
            if amount_minor > 0 {
                let line = basis.take_back(charge, amount_minor, stretch, explain.clone())?;
                found.lines.push(Line { kind: LineKind::LateUsage, quantity: units, ..line });
            }
        }
        stands.stands_minor = left;
    }
    Ok(found)
}

//! Usage: which events count, parts of a period that are rated alone, and what comes late.

use crate::calendar::{Instant, Span, share};
use crate::fraction::{Fraction, ZERO, ratio, whole};
use crate::price::rate;
use crate::story::{Aggregate, By, Price, Step};
use crate::world::{Event, Line, LineId, Part, Refused, Thing, World};

impl World<'_> {
    pub fn record(&mut self, step: &Step, customer: usize) -> Result<(), Refused> {
        let meter = step.meter.clone().ok_or(Refused)?;
        let event = Event { customer, meter, quantity: step.quantity, value: step.value.clone(), time: step.time.unwrap_or(self.now), id: step.id.clone() };
        // “Negative quantities only where the meter sums”.
        if !matches!(self.aggregate(&event.meter), Aggregate::Sum) && event.quantity.is_some_and(|quantity| quantity < ZERO) {
            return Err(Refused);
        }
        // “The same id with the same content counts once; with other content the first stands and the second is refused.”
        if let Some(first) = self.events.iter().find(|other| other.id.is_some() && other.id == event.id && other.customer == customer) {
            return if *first == event { Ok(()) } else { Err(Refused) };
        }
        self.events.push(event);
        Ok(())
    }

    fn aggregate(&self, meter: &str) -> Aggregate {
        self.story.meters.iter().find(|other| other.id == meter).map_or(Aggregate::Sum, |meter| meter.aggregate)
    }

    /// “Usage counts in the period of its event time.” “a period never falls below 0. `max`, `last` and `sum` read `quantity`, `unique`
    /// reads `value`, `count` reads neither; `last` is by event time, the later arrival winning a tie.”
    fn units(&self, part: &Part) -> Fraction {
        let (meter, customer) = (self.price_of(&part.thing).meter.clone().unwrap_or_default(), self.subscriptions[part.thing.subscription].customer);
        let inside = |span: &Span, at: Instant| span.0 <= at && at < span.1;
        let counts = |event: &&Event| {
            event.customer == customer && event.meter == meter && inside(&part.span, event.time) && !part.gaps.iter().any(|gap| inside(gap, event.time))
        };
        let quantities = || self.events.iter().filter(counts).map(|event| event.quantity.unwrap_or(ZERO));
        let units = match self.aggregate(&meter) {
            Aggregate::Sum => quantities().fold(ZERO, |sum, quantity| sum + quantity),
            Aggregate::Max => quantities().max().unwrap_or(ZERO),
            Aggregate::Count => whole(self.events.iter().filter(counts).count() as i128),
            Aggregate::Last => self.events.iter().filter(counts).max_by_key(|event| event.time).and_then(|event| event.quantity).unwrap_or(ZERO),
            Aggregate::Unique => {
                let mut values: Vec<&Option<String>> = self.events.iter().filter(counts).map(|event| &event.value).collect();
                values.sort_unstable();
                values.dedup();
                whole(values.len() as i128)
            }
        };
        units.max(ZERO)
    }

    /// The price of a thing, in the currency its customer pays, today.
    pub fn price_of(&self, thing: &Thing) -> &Price {
        let customer = self.subscriptions[thing.subscription].customer;
        let currency = self.currency(customer);
        let of_key = || self.offer(thing).prices.iter().filter(|price| price.id == thing.price);
        of_key().find(|price| self.story.currency_of(price) == currency).or_else(|| of_key().find(|price| price.convert)).expect("a price that was there")
    }

    pub fn factor(&self, thing: &Thing) -> Fraction {
        let customer = self.subscriptions[thing.subscription].customer;
        let found = self.story.price(self.offer(thing), &thing.price, &self.currency(customer), self.today(customer));
        found.map_or(ZERO, |(_, factor)| factor)
    }

    pub fn is_level(&self, price: &Price) -> bool {
        price.meter.as_ref().is_some_and(|meter| matches!(self.aggregate(meter), Aggregate::Max | Aggregate::Last))
    }

    /// Amount and missing minimum of a part's usage as lines have them, with its units.
    ///
    /// “for flows (`sum`, `count`, `unique`) included amounts, tier bounds, flat amounts, minimum and maximum are scaled by that part's
    /// share of the period; for levels (`max`, `last`) the part's level is rated in full and the amount multiplied by the share.”
    fn rated(&self, part: &Part) -> (Fraction, i128, i128) {
        let factor = part.factor.unwrap_or_else(|| self.factor(&part.thing));
        let (price, units) = (self.price_of(&part.thing), self.units(part));
        let (rated, times) = if self.is_level(price) { (rate(price, units, whole(1)), part.scale) } else { (rate(price, units, part.scale), whole(1)) };
        // “Every rounding that is not a proration line's is half up (away from zero).”
        let amount = (rated.amount * times * factor).half_up();
        let missing = if rated.missing > ZERO && !part.is_free { ((rated.amount + rated.missing) * times * factor).half_up() - amount } else { 0 };
        (units, amount, missing)
    }

    pub fn open_part(&mut self, thing: Thing, from: Instant, period_start: Instant) {
        self.parts.push(Part {
            thing,
            span: (from, Instant::MAX),
            open: true,
            scale: whole(1),
            due: Instant::MAX,
            period_start,
            gaps: Vec::new(),
            reason: "cycle",
            is_billed: false,
            is_free: false,
            is_last: false,
            factor: None,
            is_cut: false,
            lines: Vec::new(),
            taken: Vec::new(),
        });
    }

    /// Ends a part; its bounds are those of its share of the period, or of all of it.
    pub fn close_part(&mut self, part: usize, to: Instant, due: Instant, reason: &'static str, is_scaled: bool) {
        let (by, zone) = (self.story.vendor.proration.by, self.subscriptions[self.parts[part].thing.subscription].zone);
        let whole_period = self.round_of(&self.parts[part].thing).expect("a period that usage is of").whole;
        let factor = self.factor(&self.parts[part].thing);
        let part = &mut self.parts[part];
        part.factor = Some(factor);
        part.open = false;
        part.span.1 = to;
        part.due = due;
        part.reason = reason;
        let to_scale = if is_scaled { part.span.1 } else { whole_period.1 };
        // “with `none` a stub costs nothing”: no minimum either.
        part.is_free = by == By::None && part.span.0 != whole_period.0;
        part.scale = if by == By::None { whole(1) } else { share(by, zone, (part.span.0, to_scale), whole_period) };
    }

    /// The lines of a part: its usage, and what its minimum lacks.
    pub fn bill_part(&mut self, index: usize) -> Vec<LineId> {
        let part = self.parts[index].clone();
        let (units, amount, missing) = self.rated(&part);
        let mut lines = Vec::new();
        if part.span.0 == part.span.1 {
            // No time, no usage, and no minimum for it.
            self.parts[index].is_billed = true;
            return lines;
        }
        if units > ZERO {
            lines.push(self.usage_line("usage", &part, units, amount));
        }
        if missing > 0 {
            lines.push(self.usage_line("minimum", &part, units, missing));
        }
        self.parts[index].is_billed = true;
        self.parts[index].lines.clone_from(&lines);
        lines
    }

    fn usage_line(&mut self, kind: &'static str, part: &Part, quantity: Fraction, amount: i128) -> LineId {
        self.lines.push(Line {
            kind,
            subscription: Some(part.thing.subscription),
            thing: Some(part.thing.clone()),
            quantity,
            amount,
            discount: 0,
            taxes: Vec::new(),
            tax_parts: Vec::new(),
            taxes_given_back: Vec::new(),
            span: part.span,
            period_start: part.period_start,
            document: None,
            of: None,
            given_back: 0,
            until: Instant::MIN,
            takes_back: None,
            undoes: None,
        });
        self.lines.len() - 1
    }

    /// “An event that arrives after its period was invoiced … is billed on the next invoice as its own labelled line: the re-rated old
    /// period less what was billed for it.”
    pub fn late(&mut self, customer: usize) -> Vec<LineId> {
        let mut late = Vec::new();
        // The period that ended first comes first.
        let mut parts: Vec<usize> = (0..self.parts.len()).collect();
        parts.sort_by_key(|part| self.parts[*part].span.1);
        for index in parts {
            let part = self.parts[index].clone();
            let is_documented = part.lines.iter().all(|id| self.lines[*id].document.is_some());
            if !part.is_billed || part.span.0 == part.span.1 || self.subscriptions[part.thing.subscription].customer != customer || !is_documented {
                continue;
            }
            let (units, amount, missing) = self.rated(&part);
            let billed: i128 = part.lines.iter().map(|id| self.stands_of(&part, *id)).sum();
            let more = amount + missing - billed;
            if more > 0 {
                let line = self.usage_line("late_usage", &part, units, more);
                self.parts[index].lines.push(line);
                late.push(line);
            } else if more < 0 {
                late.extend(self.take_back(index, units, -more));
            }
        }
        late
    }

    /// What stands of a line that a part was billed with, before its discount: nothing of one that takes back another.
    fn stands_of(&self, part: &Part, id: LineId) -> i128 {
        let taken: i128 = part.taken.iter().filter(|(of, _)| *of == id).map(|(_, gross)| gross).sum();
        if self.lines[id].of.is_some() { 0 } else { self.lines[id].amount - taken }
    }

    /// Less than was billed: what was charged for it goes back, net of its discount and at its own tax, the latest charge first.
    fn take_back(&mut self, index: usize, units: Fraction, less: i128) -> Vec<LineId> {
        let (part, mut less, mut taken) = (self.parts[index].clone(), less, Vec::new());
        for charged in part.lines.iter().rev().copied() {
            let (line, stands) = (self.lines[charged].clone(), self.stands_of(&part, charged));
            let gross = less.min(stands);
            if gross <= 0 {
                continue;
            }
            less -= gross;
            self.parts[index].taken.push((charged, gross));
            // What it costs with so much of it, so that steps add up.
            let cost = |gross: i128| ratio(line.net() * gross, line.amount).half_up();
            let net = (cost(stands) - cost(stands - gross)).min(line.net() - line.given_back);
            // Of what was discounted by all of it nothing was paid.
            if net <= 0 {
                continue;
            }
            self.lines[charged].given_back += net;
            let id = self.usage_line("late_usage", &part, units, -net);
            self.lines[id].of = Some(charged);
            self.lines[id].taxes = line.taxes;
            self.parts[index].lines.push(id);
            taken.push(id);
        }
        taken
    }
}

//! A thing and a stretch of time to lines: what its units cost, and what is missing to its minimum.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{Basis, Charged, Closed, Cycle, OpenPart, Product, SubscriptionError, late::take_back_latest, terms::Item};
use crate::{
    Result,
    calendar::{By, Instant, Period},
    explain::{BoundKind, Explain, Rerated},
    invoice::{Line, LineKind},
    money::{self, Rounding},
    price::rate,
};

/// The aggregated usage of one open part, over its [stretches](super::OpenPart::stretches) up to the instant of the event (or the period's end).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Used {
    pub product: Product,
    /// The price's key.
    pub price: String,
    pub units: Decimal,
}

/// A stretch of a period to charge for, and how.
pub(super) struct Charge<'a> {
    pub(super) cycle: &'a Cycle,
    pub(super) kind: LineKind,
    /// What the line stands for.
    pub(super) part: Period,
    /// The stretch whose share of the whole is charged; the same as `part` unless a rest was kept paid.
    pub(super) shared: Period,
    /// The day (of the billing zone) whose exchange rate counts: when it falls due, so the start in advance and the end in arrears.
    pub(super) priced_at: Instant,
    /// The vendor's choice for prorations (and for a minimum beside one), half up for everything else.
    pub(super) rounding: Rounding,
}

impl Basis {
    /// The lines of one thing: what its units cost, and what is missing to its minimum. Each is rounded once. The missing part is
    /// taken from the rounded bound and the rounded line, so that the two sum to the minimum to the cent.
    pub(super) fn lines(&self, item: &Item<'_>, units: Decimal, charge: &Charge<'_>) -> Result<Vec<Line>> {
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

    pub(super) fn line(&self, item: &Item<'_>, charge: &Charge<'_>, units: Decimal, amount_minor: i64, explain: Explain) -> Line {
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
            tax: Vec::new(),
            from: Some(charge.part.start),
            to: Some(charge.part.end),
            period: Some(charge.cycle.period()),
            credits: None,
            explain,
        }
    }

    /// What an open part is still to be billed for, up to an instant: its usage as rated, less what was invoiced of it before. Where that was
    /// more, it is taken back of those lines, which `charged` holds.
    pub(super) fn usage_lines(
        &self,
        cycle: &Cycle,
        part: &OpenPart,
        until: Instant,
        shared_until: Instant,
        charged: &[Charged],
        used: &[Used],
    ) -> Result<Closed> {
        let rated = self.rated_lines(cycle, part, until, shared_until, used)?;
        if part.invoiced.is_empty() {
            return Ok(Closed { lines: rated, stands: Vec::new() });
        }
        let (usage, minimum): (Vec<Line>, Vec<Line>) = rated.into_iter().partition(|line| line.kind == LineKind::Usage);
        let rerated_minor = money::sum(usage.iter().map(|line| line.amount_minor))?;
        let billed_minor = part.invoiced_minor()?;
        let rest_minor = money::sub(rerated_minor, billed_minor)?;
        let rated = usage.into_iter().next();
        let explain = rated.as_ref().map(|line| line.explain.clone()).unwrap_or_default();
        let explain = Explain { invoiced: Some(Rerated { rerated_minor, billed_minor }), ..explain };
        let (mut lines, mut stands) = (Vec::new(), part.invoiced.clone());
        if rest_minor < 0 {
            let stretch = Period { start: part.from, end: until };
            let units = rated.map(|line| line.quantity).unwrap_or_default();
            let taken = take_back_latest(&mut stands, charged, money::neg(rest_minor)?, stretch, &explain)?;
            lines.extend(taken.into_iter().map(|line| Line { kind: LineKind::Usage, quantity: units, ..line }));
        } else if let Some(line) = rated.filter(|_| rest_minor > 0) {
            lines.push(Line { amount_minor: rest_minor, explain, ..line });
        }
        lines.extend(minimum);
        Ok(Closed { lines, stands })
    }

    /// Usage of an open part up to an instant, whatever was invoiced of it. `shared_until` is where the share it is rated by ends.
    pub(super) fn rated_lines(&self, cycle: &Cycle, part: &OpenPart, until: Instant, shared_until: Instant, used: &[Used]) -> Result<Vec<Line>> {
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
}

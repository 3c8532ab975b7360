//! What the period under way comes to: the next invoice by what was used so far and by what will likely be used, and each meter that is
//! charged for.

use billing::calendar::{Instant, Period};
use billing::subscription::{OpenPart, Used};
use rust_decimal::Decimal;

use super::record::Subscription;
use super::step::{meter_key, used};
use super::upcoming::{Upcoming, upcoming_by};
use crate::services::customers::Customer;
use crate::services::usage::{self, Meter};
use crate::services::{Desk, Refusal};

/// The next invoice twice, and what it depends on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outlook {
    /// With what was used so far; `None`: nothing more comes.
    pub so_far: Option<Upcoming>,
    /// With what is expected by the period's end.
    pub expected: Option<Upcoming>,
    /// What is charged for in the running period.
    pub meters: Vec<Metered>,
    /// As long as nobody changes anything, it holds until then; `None`: until something is changed.
    pub holds_until: Option<Instant>,
}

/// A meter that is being charged for.
#[derive(Clone, Debug, PartialEq)]
pub struct Metered {
    pub meter: Meter,
    pub part: OpenPart,
    pub used: Decimal,
    /// By the period's end; `None` where nothing can be expected.
    pub expected: Option<Decimal>,
}

impl Outlook {
    /// What is charged by use has been stopped: what was used is all there will be.
    pub fn expect_no_more(&mut self) {
        self.expected.clone_from(&self.so_far);
        for metered in &mut self.meters {
            metered.expected = None;
        }
    }
}

/// The outlook of a subscription now. `meters` are the vendor's.
pub async fn outlook(desk: &mut Desk, customer: &Customer, s: &Subscription, meters: &[Meter]) -> Result<Outlook, Refusal> {
    let mut charged = Vec::new();
    if let Some(cycle) = &s.cycle {
        for (cycle, part) in cycle.all().flat_map(|cycle| cycle.open.iter().map(move |part| (cycle, part))) {
            let key = meter_key(&part.price)?;
            let meter = meters.iter().find(|meter| meter.key == key).ok_or_else(|| Refusal::damaged(format!("no meter {key}")))?;
            charged.push((part, meter, Period { start: part.from, end: cycle.whole.end }));
        }
    }
    let asked: Vec<(&Meter, Period)> = charged.iter().map(|(_, meter, period)| (*meter, *period)).collect();
    let outlooks = if asked.is_empty() { Vec::new() } else { usage::outlook(desk, &customer.id, &asked, s.zone).await? };
    let holds_until = outlooks.iter().map(|outlook| outlook.holds_until).chain(s.due_at).min();
    let mut metered = Vec::with_capacity(outlooks.len());
    for ((part, meter, period), outlook) in charged.into_iter().zip(outlooks) {
        let mut counted = Metered { meter: meter.clone(), part: part.clone(), used: outlook.used, expected: outlook.expected };
        if !part.pauses.is_empty() {
            // What was used while it was paused is not charged for; what will be, is not expected from such a past.
            let until = desk.now.billing.clamp(part.from, period.end);
            counted.used = usage::of_stretches(desk, &customer.id, meter, &part.stretches(until)).await?;
            counted.expected = None;
        }
        metered.push(counted);
    }

    // A period that ended and waits for its last usage is invoiced before the running one.
    let usages = match s.next_closings() {
        closings if !closings.is_empty() => {
            let mut counted = Vec::new();
            for closing in closings {
                counted.extend(used(desk, &customer.id, &closing.cycle.open, closing.until).await?);
            }
            vec![counted]
        }
        _ => {
            let units = |of: &dyn Fn(&Metered) -> Decimal| -> Vec<Used> {
                metered
                    .iter()
                    .map(|metered| Used { product: metered.part.product.clone(), price: metered.part.price.key.clone(), units: of(metered) })
                    .collect()
            };
            let (so_far, expected) = (units(&|metered| metered.used), units(&|metered| metered.expected.unwrap_or(metered.used)));
            if so_far == expected { vec![so_far] } else { vec![so_far, expected] }
        }
    };
    let usages: Vec<&[Used]> = usages.iter().map(Vec::as_slice).collect();
    let mut upcoming = upcoming_by(desk, customer, s, &usages).await?;
    let expected = upcoming.pop();
    let so_far = upcoming.pop().or_else(|| expected.clone());
    Ok(Outlook { so_far, expected, meters: metered, holds_until })
}

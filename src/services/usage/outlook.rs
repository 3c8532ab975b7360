//! What meters read so far in the period under way, and what they will likely read at its end.

use billing::calendar::{Period, Zone};
use rust_decimal::Decimal;

use super::forecast::forecast;
use super::meter::{Aggregate, Meter};
use super::read::{Account, account, next_use, tallies_by};
use super::series::By;
use super::tally::SLOT_MS;
use crate::platform::clock::{Instant, from_ms};
use crate::services::{Desk, Refusal};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outlook {
    /// From the period's start to now, never below 0.
    pub used: Decimal,
    /// At the period's end; `None` where nothing can be expected.
    pub expected: Option<Decimal>,
    /// As long as no usage arrives, all of it holds until then: an event that a sender's clock put ahead of ours begins to count, or another
    /// rest of earlier days is expected, which is the same for half a slot (see [`forecast`]).
    pub holds_until: Instant,
}

/// The outlook of each meter over a period that has begun.
pub async fn outlook(desk: &mut Desk, customer_id: &str, meters: &[(&Meter, Period)], zone: Zone) -> Result<Vec<Outlook>, Refusal> {
    let account = account(desk, customer_id).await?;
    let mut found = Vec::with_capacity(meters.len());
    for (meter, period) in meters {
        found.push(of_meter(desk, customer_id, meter, account.as_ref(), *period, zone).await?);
    }
    Ok(found)
}

async fn of_meter(desk: &mut Desk, customer_id: &str, meter: &Meter, account: Option<&Account>, period: Period, zone: Zone) -> Result<Outlook, Refusal> {
    let half = SLOT_MS / 2;
    let half_slot_ends = from_ms((desk.now.billing_ms().div_euclid(half) + 1) * half);
    if account.is_none() {
        let expected = matches!(meter.aggregate, Aggregate::Max | Aggregate::Last).then_some(Decimal::ZERO);
        return Ok(Outlook { used: Decimal::ZERO, expected, holds_until: half_slot_ends });
    }
    let until = desk.now.billing.clamp(period.start, period.end);
    let tally = tallies_by(desk, customer_id, meter, &[period.start, until], account).await?.pop().unwrap_or_default();
    let used = tally.quantity(meter.aggregate).max(Decimal::ZERO);
    let expected = forecast(desk, customer_id, meter, account, period, used, By::Day, zone).await?.map(|forecast| forecast.total);
    let next = next_use(desk, customer_id, &meter.id, until).await?;
    Ok(Outlook { used, expected, holds_until: next.map_or(half_slot_ends, |next| half_slot_ends.min(next + chrono::TimeDelta::milliseconds(1))) })
}

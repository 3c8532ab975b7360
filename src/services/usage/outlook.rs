//! What meters read so far in the period under way, and what they will likely read at its end: asked by every look at the overview, so
//! it is remembered until more usage arrives.

use std::collections::HashMap;
use std::sync::Mutex;

use billing::calendar::{Period, Zone};
use rust_decimal::Decimal;

use super::forecast::forecast;
use super::meter::{Aggregate, Meter};
use super::read::{Account, account, events, of_period, tallies_by};
use super::series::By;
use super::tally::{Counted, SLOT_MS, Tally, slot_of};
use crate::platform::clock::{Instant, from_ms};
use crate::services::{Desk, Refusal};

/// Customers' meters remembered at most; with them all forgotten, each is worked out anew once.
const MOST_REMEMBERED: usize = 8_192;
/// Events of one quarter of an hour worth keeping beside it.
const MOST_EVENTS: usize = 64;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outlook {
    /// From the period's start to now, never below 0.
    pub used: Decimal,
    /// At the period's end; `None` where nothing can be expected.
    pub expected: Option<Decimal>,
}

/// What was worked out last for each meter of each customer.
///
/// It is right on every instance without a word between them. Whatever changes a tally (a batch, a reversal) raises the customer's
/// arrival number in the same transaction and under the same lock, and a desk that reads sees one committed moment: so wherever it sees
/// the same arrival, it would read the same tallies. The number is read every time, and an entry of another number, period, zone or half
/// of a quarter of an hour is not used. Desks that write see their own changes, which may never be committed: they neither ask nor tell.
#[derive(Default)]
pub struct Remembered(Mutex<HashMap<Whose, (As, Worked)>>);

/// Vendor, customer and meter, by id.
type Whose = (String, String, String);

/// What it holds for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct As {
    arrival: i64,
    period: Period,
    zone: Zone,
    /// The same rest of earlier days is expected for half a slot: see [`forecast`].
    half_slot: i64,
}

#[derive(Clone, Debug)]
struct Worked {
    /// To the beginning of the slot that now is in.
    before: Tally,
    /// In that slot: as time goes on, more of them are over.
    events: Vec<Counted>,
    /// From now to the period's end.
    to_come: Option<Decimal>,
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
    let until = desk.now.billing.clamp(period.start, period.end);
    let Some(account) = account else {
        return Ok(Outlook { used: Decimal::ZERO, expected: matches!(meter.aggregate, Aggregate::Max | Aggregate::Last).then_some(Decimal::ZERO) });
    };
    if meter.aggregate == Aggregate::Unique {
        return Ok(Outlook { used: of_period(desk, customer_id, meter, Period { start: period.start, end: until }).await?, expected: None });
    }
    let whose = (desk.vendor.id.clone(), customer_id.to_owned(), meter.id.clone());
    let holds_for = As { arrival: account.arrival, period, zone, half_slot: desk.now.billing_ms().div_euclid(SLOT_MS / 2) };
    let worked = match desk.app.usage.recall(desk, &whose, holds_for) {
        Some(worked) => worked,
        None => {
            let worked = work_out(desk, customer_id, meter, account, period, until, zone).await?;
            desk.app.usage.keep(desk, whose, holds_for, &worked);
            worked
        }
    };
    let mut tally = worked.before;
    for event in worked.events.iter().filter(|event| event.happened_at < until.timestamp_millis()) {
        tally.merge(&Tally::of(event))?;
    }
    let used = tally.quantity(meter.aggregate).max(Decimal::ZERO);
    let expected = worked.to_come.map(|more| super::tally::add(used, more)).transpose()?;
    Ok(Outlook { used, expected })
}

async fn work_out(desk: &mut Desk, customer_id: &str, meter: &Meter, account: &Account, period: Period, until: Instant, zone: Zone) -> Result<Worked, Refusal> {
    let start = period.start.timestamp_millis();
    let slot = slot_of(until.timestamp_millis()).max(start);
    let before = tallies_by(desk, customer_id, meter, &[period.start, from_ms(slot)], Some(account)).await?.pop().unwrap_or_default();
    let events = events(desk, customer_id, &meter.id, vec![slot..slot_of(slot) + SLOT_MS]).await?;
    let forecast = forecast(desk, customer_id, meter, Some(account), period, Decimal::ZERO, By::Day, zone).await?;
    Ok(Worked { before, events, to_come: forecast.map(|forecast| forecast.total) })
}

impl Remembered {
    fn recall(&self, desk: &Desk, whose: &Whose, holds_for: As) -> Option<Worked> {
        if !desk.is_reading {
            return None;
        }
        let entries = self.0.lock().expect("no holder of this lock can panic");
        entries.get(whose).filter(|(kept_for, _)| *kept_for == holds_for).map(|(_, worked)| worked.clone())
    }

    fn keep(&self, desk: &Desk, whose: Whose, holds_for: As, worked: &Worked) {
        if !desk.is_reading || worked.events.len() > MOST_EVENTS {
            return;
        }
        let mut entries = self.0.lock().expect("no holder of this lock can panic");
        if entries.len() >= MOST_REMEMBERED {
            entries.clear();
        }
        entries.insert(whose, (holds_for, worked.clone()));
    }
}

//! Events in, and out again: batches that may be sent twice, late and out of order.

use std::collections::{BTreeMap, HashMap};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use chrono::TimeDelta;
use rust_decimal::Decimal;
use sha2::{Digest, Sha256};
use sqlx::FromRow;

use super::keep::{add, lock, tally_anew};
use super::meter::{Aggregate, Meter, meters};
use super::tally::{Counted, PLACES, slot_of, text};
use crate::platform::clock::Instant;
use crate::platform::db::Many;
use crate::sentence;
use crate::services::{Desk, Refusal, spend, subscriptions};
use crate::words::Sentence;

/// Most events a call takes.
pub const MAX_BATCH: usize = 10_000;
/// How far a sender's clock may be ahead of ours.
const AHEAD: TimeDelta = TimeDelta::minutes(5);
const MAX_TEXT: usize = 200;
const MAX_QUANTITY: Decimal = Decimal::from_parts(2_764_472_320, 232_830, 0, false, 0);

/// A usage event as it is sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewEvent {
    /// The sender's own id: sent again, the event still counts once.
    pub id: String,
    /// The meter's key.
    pub meter: String,
    /// Read by `sum`, `max` and `last` meters.
    pub quantity: Option<Decimal>,
    /// Read by `unique` meters.
    pub value: Option<String>,
    /// When it happened; now, unless said.
    pub time: Option<Instant>,
}

/// What became of one event of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Counted,
    /// The same event was here before and counts once.
    Known,
    /// Not counted; why.
    Refused(Sentence),
}

/// Takes a batch in: one outcome an event, in their order. What is refused does not keep the rest out.
///
/// A batch leaves no domain event: its rows are the record of what happened, and an activity log of them would hide everything else.
pub async fn record(desk: &mut Desk, customer_id: &str, events: &[NewEvent]) -> Result<Vec<Outcome>, Refusal> {
    if events.len() > MAX_BATCH {
        return Err(Refusal::Rule(sentence!("refusal-batch-too-large", most = MAX_BATCH, given = events.len())));
    }
    let vendor = desk.vendor.id.clone();
    let customer: Option<(String,)> =
        desk.tx.opt("SELECT time_zone FROM customers WHERE vendor_id = $1 AND id = $2", (vendor.clone(), customer_id.to_owned())).await?;
    let (zone,) = customer.ok_or(Refusal::NotFound)?;
    let meters: HashMap<String, Meter> = meters(desk).await?.into_iter().map(|meter| (meter.key.clone(), meter)).collect();

    let mut outcomes: Vec<Outcome> = Vec::with_capacity(events.len());
    // By the sender's id, so that concurrent batches wait for each other's ids in one order.
    let mut candidates: BTreeMap<&str, Candidate> = BTreeMap::new();
    for (index, event) in events.iter().enumerate() {
        outcomes.push(match check(event, &meters, desk.now.billing) {
            Err(why) => Outcome::Refused(why),
            Ok(meter) => {
                let content = content(customer_id, event);
                match candidates.get(event.id.as_str()) {
                    Some(first) if first.content == content => Outcome::Known,
                    Some(_) => Outcome::Refused(other_content(&event.id)),
                    None => {
                        let happened_at = event.time.unwrap_or(desk.now.billing).timestamp_millis();
                        candidates.insert(&event.id, Candidate { index, meter, content, happened_at, arrival: 0 });
                        Outcome::Counted
                    }
                }
            }
        });
    }
    if candidates.is_empty() {
        return Ok(outcomes);
    }

    // From here on no other batch of this customer adds up. Arrivals follow the order of the batch.
    let count = i64::try_from(candidates.len()).map_err(Refusal::damaged)?;
    let account = lock(desk, customer_id, &zone, count).await?;
    let mut in_order: Vec<&mut Candidate> = candidates.values_mut().collect();
    in_order.sort_by_key(|candidate| candidate.index);
    for (number, candidate) in (account.arrival - count + 1..).zip(in_order) {
        candidate.arrival = number;
    }

    let ids = candidates
        .iter()
        .map(|(id, c)| {
            (vendor.clone(), (*id).to_owned(), c.content.clone(), customer_id.to_owned(), c.meter.id.clone(), c.happened_at, c.arrival, desk.now.wall_ms())
        })
        .collect();
    let standing: Vec<Standing> = desk.tx.all_of(&INSERT_IDS, ids).await?;
    for row in &standing {
        let Some(candidate) = candidates.get(row.id.as_str()) else { continue };
        if row.customer_id == customer_id && row.arrival == candidate.arrival {
            continue;
        }
        outcomes[candidate.index] = if row.content == candidate.content { Outcome::Known } else { Outcome::Refused(other_content(&row.id)) };
    }

    let new: Vec<(&Meter, Counted)> = candidates
        .values()
        .filter(|candidate| outcomes[candidate.index] == Outcome::Counted)
        .map(|candidate| {
            let event = &events[candidate.index];
            let quantity = match candidate.meter.aggregate {
                Aggregate::Sum | Aggregate::Max | Aggregate::Last => event.quantity.unwrap_or_default(),
                Aggregate::Count | Aggregate::Unique => Decimal::ZERO,
            };
            let value = event.value.clone().filter(|_| candidate.meter.aggregate == Aggregate::Unique);
            (candidate.meter, Counted { happened_at: candidate.happened_at, arrival: candidate.arrival, quantity, value })
        })
        .collect();
    insert(desk, customer_id, &new).await?;
    add(desk, customer_id, &account, &new).await?;
    if let Some(earliest) = new.iter().map(|(_, event)| event.happened_at).min() {
        subscriptions::note_usage(desk, customer_id, earliest).await?;
        subscriptions::note_usage_due(desk, customer_id).await?;
        spend::watch(desk, customer_id).await?;
    }
    Ok(outcomes)
}

struct Candidate<'a> {
    index: usize,
    meter: &'a Meter,
    content: String,
    happened_at: i64,
    arrival: i64,
}

#[derive(FromRow)]
struct Standing {
    id: String,
    content: String,
    customer_id: String,
    arrival: i64,
}

/// The first to come stands: what is there comes back, whether just written or not.
static INSERT_IDS: Many = Many {
    before: "INSERT INTO usage_event_ids (vendor_id, id, content, customer_id, meter_id, happened_at, arrival, recorded_at) VALUES",
    columns: 8,
    after: "ON CONFLICT (vendor_id, id) DO UPDATE SET content = usage_event_ids.content RETURNING id, content, customer_id, arrival",
    of_each: false,
};

static INSERT_EVENTS: Many = Many {
    before: "INSERT INTO usage_events (vendor_id, customer_id, meter_id, happened_at, arrival, quantity, value, arrived_at, is_reversed) VALUES",
    columns: 9,
    after: "",
    of_each: false,
};

async fn insert(desk: &mut Desk, customer_id: &str, new: &[(&Meter, Counted)]) -> Result<(), Refusal> {
    let rows = new
        .iter()
        .map(|(meter, event)| {
            let quantity = event.quantity;
            (
                desk.vendor.id.clone(),
                customer_id.to_owned(),
                meter.id.clone(),
                event.happened_at,
                event.arrival,
                text(quantity),
                event.value.clone(),
                desk.now.billing_ms(),
                false,
            )
        })
        .collect();
    desk.tx.run_of(&INSERT_EVENTS, rows).await?;
    Ok(())
}

/// Takes an event out again: it counts no longer, and its slot and day are tallied anew. Doing it twice does nothing more.
pub async fn reverse(desk: &mut Desk, customer_id: &str, event_id: &str) -> Result<(), Refusal> {
    let (vendor, customer) = (desk.vendor.id.clone(), customer_id.to_owned());
    let zone: Option<(String,)> =
        desk.tx.opt("SELECT zone FROM usage_accounts WHERE vendor_id = $1 AND customer_id = $2", (vendor.clone(), customer.clone())).await?;
    let (zone,) = zone.ok_or(Refusal::NotFound)?;
    let account = lock(desk, customer_id, &zone, 1).await?;
    let found: Option<(String, i64, i64)> = desk
        .tx
        .opt(
            "SELECT meter_id, happened_at, arrival FROM usage_event_ids WHERE vendor_id = $1 AND customer_id = $2 AND id = $3",
            (vendor.clone(), customer.clone(), event_id.to_owned()),
        )
        .await?;
    let (meter_id, happened_at, number) = found.ok_or(Refusal::NotFound)?;
    let reversed: Option<(Option<String>,)> = desk
        .tx
        .opt(
            "UPDATE usage_events SET is_reversed = $6 WHERE vendor_id = $1 AND customer_id = $2 AND meter_id = $3 AND happened_at = $4 AND arrival = $5 AND is_reversed <> $6
             RETURNING value",
            (vendor.clone(), customer.clone(), meter_id.clone(), happened_at, number, true),
        )
        .await?;
    let Some((value,)) = reversed else { return Ok(()) };
    subscriptions::note_usage(desk, customer_id, happened_at).await?;
    let slot = slot_of(happened_at);
    if let Some(value) = value {
        let key = (vendor.clone(), customer.clone(), meter_id.clone(), slot, value);
        desk.tx
            .run(
                "UPDATE usage_values SET count = count - 1 WHERE vendor_id = $1 AND customer_id = $2 AND meter_id = $3 AND slot_at = $4 AND value = $5",
                key.clone(),
            )
            .await?;
        desk.tx
            .run("DELETE FROM usage_values WHERE vendor_id = $1 AND customer_id = $2 AND meter_id = $3 AND slot_at = $4 AND value = $5 AND count = 0", key)
            .await?;
    }
    tally_anew(desk, customer_id, &account, &meter_id, happened_at).await?;
    spend::watch(desk, customer_id).await?;
    subscriptions::note_usage_due(desk, customer_id).await?;
    desk.record("usage.reversed", Some(customer_id), event_id, serde_json::json!({ "meter": meter_id, "happened_at": happened_at })).await
}

/// The meter it belongs to, or the sentence that says why it cannot count.
fn check<'m>(event: &NewEvent, meters: &'m HashMap<String, Meter>, now: Instant) -> Result<&'m Meter, Sentence> {
    let is_plain = |text: &str| !text.is_empty() && text.len() <= MAX_TEXT && !text.chars().any(char::is_control);
    if !is_plain(&event.id) {
        return Err(sentence!("refusal-event-id", most = MAX_TEXT));
    }
    let shown: String = event.meter.chars().filter(|c| !c.is_control()).take(80).collect();
    let meter = meters.get(&event.meter).ok_or_else(|| sentence!("refusal-no-meter", meter = shown))?;
    if let Some(time) = event.time {
        if time > now + AHEAD {
            return Err(sentence!("refusal-event-in-future", time = time.format("%Y-%m-%dT%H:%M:%SZ").to_string()));
        }
        if time.timestamp() < 0 {
            return Err(sentence!("refusal-event-too-old"));
        }
    }
    // Also where the meter reads none: who sends one means to take something away, and would wait for it in vain.
    let is_negative = event.quantity.is_some_and(|quantity| quantity < Decimal::ZERO);
    if is_negative && meter.aggregate != Aggregate::Sum {
        return Err(sentence!("refusal-event-negative", meter = &meter.key));
    }
    match (meter.aggregate, event.quantity, &event.value) {
        (Aggregate::Count, _, _) => {}
        (Aggregate::Unique, _, None) => return Err(sentence!("refusal-event-needs-value", meter = &meter.key)),
        (Aggregate::Unique, _, Some(value)) if !is_plain(value) => {
            return Err(sentence!("refusal-event-value", most = MAX_TEXT));
        }
        (Aggregate::Unique, _, Some(_)) => {}
        (_, None, _) => return Err(sentence!("refusal-event-needs-quantity", meter = &meter.key)),
        (_, Some(quantity), _) => {
            if quantity.abs() > MAX_QUANTITY {
                return Err(sentence!("refusal-event-too-large", most = MAX_QUANTITY.to_string()));
            }
            if quantity.normalize().scale() > PLACES {
                return Err(sentence!("refusal-event-places", most = PLACES));
            }
        }
    }
    Ok(meter)
}

/// A fingerprint of everything that was sent but the id.
fn content(customer_id: &str, event: &NewEvent) -> String {
    let mut hash = Sha256::new();
    let parts = [
        Some(customer_id.to_owned()),
        Some(event.meter.clone()),
        event.quantity.map(text),
        event.value.clone(),
        // A sender that leaves the time out sends the same thing again later.
        event.time.map(|time| time.timestamp_millis().to_string()),
    ];
    for part in parts {
        hash.update(part.as_ref().map_or(u64::MAX, |part| part.len().try_into().unwrap_or(u64::MAX)).to_le_bytes());
        hash.update(part.unwrap_or_default());
    }
    STANDARD_NO_PAD.encode(hash.finalize())
}

fn other_content(id: &str) -> Sentence {
    sentence!("refusal-event-other-content", id = id)
}

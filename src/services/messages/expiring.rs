//! Cards that are about to end, told ahead of it: thirty, fourteen and three days before, each once. A card is only replaced while there is
//! time, and a payment that fails for it was foreseeable.

use billing::calendar::{Instant, Zone, at_hour, local_date};
use chrono::{Days, NaiveDate};
use serde_json::json;

use crate::services::payments::{self, Method};
use crate::services::{Desk, Refusal};

/// How many days before its last day a card is told of.
const DAYS_AHEAD: [i64; 3] = [30, 14, 3];
/// At what hour of the vendor's day.
const HOUR: u32 = 9;

/// A card of whose end its customer is to be told.
#[derive(Clone, Debug)]
pub struct Ending {
    method: Method,
    last_day: NaiveDate,
    days_ahead: i64,
}

/// The cards to be told of now: of each the notice that is nearest to its end, where its moment has come and it was not given. Those before
/// it are past then: nobody is told thrice at once, whatever time went by in between.
pub async fn ending(desk: &mut Desk) -> Result<Vec<Ending>, Refusal> {
    let zone = desk.vendor.zone()?;
    let now = desk.now.billing;
    let today = local_date(now, zone);
    let furthest = today.checked_add_days(Days::new(30)).unwrap_or(today);
    let mut found = Vec::new();
    for payments::Ending { method, last_day, noticed } in payments::ending_between(desk, today, furthest).await? {
        let come = DAYS_AHEAD.into_iter().filter(|days| moment(last_day, *days, zone).is_some_and(|at| at <= now)).min();
        if let Some(days_ahead) = come.filter(|days| noticed.is_none_or(|last| *days < last)) {
            found.push(Ending { method, last_day, days_ahead });
        }
    }
    Ok(found)
}

/// Notes that their customers are told of them: each once, however many come with the same.
pub async fn note_ending(desk: &mut Desk, ending: &[Ending]) -> Result<(), Refusal> {
    for Ending { method, last_day, days_ahead } in ending {
        let added = desk
            .tx
            .run(
                "INSERT INTO expiry_notices (vendor_id, method_id, days_ahead, noticed_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
                (desk.vendor.id.clone(), method.id.clone(), *days_ahead, desk.now.billing_ms()),
            )
            .await?;
        if added == 1 {
            let data = json!({ "days": days_ahead, "last_day": last_day });
            desk.record("payment_method.expiring", Some(&method.customer_id), &method.id, data).await?;
        }
    }
    Ok(())
}

/// When a card is told of, so many days before its last.
fn moment(last_day: NaiveDate, days: i64, zone: Zone) -> Option<Instant> {
    let day = last_day.checked_sub_days(Days::new(u64::try_from(days).ok()?))?;
    at_hour(day, HOUR, zone).ok()
}

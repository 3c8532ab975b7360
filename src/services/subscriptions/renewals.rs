//! Renewals told ahead: who pays once a quarter or a year does not have it in mind. How many days ahead is the vendor's to say, for laws differ:
//! several want a notice of yearly renewals fifteen to forty-five days before.
//!
//! What deliberately does not live here: the letter (`messages`), and telling in its time (`due`).

use billing::calendar::{Instant, Period};
use chrono::TimeDelta;
use serde_json::json;

use super::due::next_due;
use super::record;
use crate::sentence;
use crate::services::{Desk, FieldError, Refusal};

/// From how long on a period is told ahead: a quarter is.
const LONG_PERIOD: TimeDelta = TimeDelta::days(84);
/// From how long on it counts as a year.
const YEAR: TimeDelta = TimeDelta::days(360);
/// The furthest ahead: a year's notice may have to be given in two months, a quarter's is pointless long before its half.
const MOST_DAYS_YEAR: u32 = 90;
const MOST_DAYS_SHORTER: u32 = 30;
/// Subscriptions that are looked through at once.
const AT_ONCE: i64 = 500;
const KEPT: &str = "renewal notice";

/// Days before a renewal on which its customer is told; 0: not told. Kept by `migrations/0102_write_offs_and_renewal_notices.sql`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RenewalNotice {
    /// Of a period of a year or longer.
    pub year_days: u32,
    /// Of one from a quarter up to a year.
    pub shorter_days: u32,
}

impl Default for RenewalNotice {
    fn default() -> RenewalNotice {
        RenewalNotice { year_days: 30, shorter_days: 7 }
    }
}

/// What holds for the vendor.
pub async fn renewal_notice(desk: &mut Desk) -> Result<RenewalNotice, Refusal> {
    if let Some(notice) = desk.recall_setting(KEPT, "").await? {
        return Ok(notice);
    }
    let mut notice = RenewalNotice::default();
    let rows: Vec<(String, i64)> = desk.tx.all("SELECT period, days FROM renewal_notices WHERE vendor_id = $1", (desk.vendor.id.clone(),)).await?;
    for (period, days) in rows {
        let days = u32::try_from(days).map_err(Refusal::damaged)?;
        match period.as_str() {
            "year" => notice.year_days = days,
            "shorter" => notice.shorter_days = days,
            other => return Err(Refusal::damaged(format!("no period {other}"))),
        }
    }
    desk.keep_setting(KEPT, "", &notice);
    Ok(notice)
}

/// Makes it what it shall be from now on, also for the periods that run: one whose day would have been before is told at once.
pub async fn set_renewal_notice(desk: &mut Desk, new: RenewalNotice) -> Result<(), Refusal> {
    let wrong = [
        (new.year_days > MOST_DAYS_YEAR, "renewal_notice_days_year", MOST_DAYS_YEAR),
        (new.shorter_days > MOST_DAYS_SHORTER, "renewal_notice_days_shorter", MOST_DAYS_SHORTER),
    ];
    let errors: Vec<FieldError> = wrong
        .into_iter()
        .filter(|(is_wrong, ..)| *is_wrong)
        .map(|(_, field, most)| FieldError { field, sentence: sentence!("renewal-days", most = most) })
        .collect();
    if !errors.is_empty() {
        return Err(Refusal::Fields(errors));
    }
    desk.settings_changed().await?;
    for (period, days) in [("year", new.year_days), ("shorter", new.shorter_days)] {
        desk.tx
            .run(
                "INSERT INTO renewal_notices (vendor_id, period, days) VALUES ($1, $2, $3) ON CONFLICT (vendor_id, period) DO UPDATE SET days = excluded.days",
                (desk.vendor.id.clone(), period, i64::from(days)),
            )
            .await?;
    }
    let vendor_id = desk.vendor.id.clone();
    desk.record("renewal_notice.set", None, &vendor_id, json!({ "year_days": new.year_days, "shorter_days": new.shorter_days })).await?;
    let mut after = String::new();
    loop {
        let stretch = record::page(desk, &after, AT_ONCE).await?;
        let Some(last) = stretch.last() else { break };
        after.clone_from(&last.id);
        for kept in stretch {
            let s = kept.subscription?;
            let due_at = next_due(desk, &s).await?;
            if due_at != s.due_at {
                let row = (desk.vendor.id.clone(), s.id.clone(), due_at.map(|at| at.timestamp_millis()));
                desk.tx.run("UPDATE subscriptions SET due_at = $3 WHERE vendor_id = $1 AND id = $2", row).await?;
            }
        }
    }
    desk.app.fell_due.notify_one();
    Ok(())
}

/// When the renewal of a period is told; `None`: it is short, or the vendor wants it told to nobody.
pub(super) async fn told_at(desk: &mut Desk, whole: Period) -> Result<Option<Instant>, Refusal> {
    let length = whole.end - whole.start;
    if length < LONG_PERIOD {
        return Ok(None);
    }
    let notice = renewal_notice(desk).await?;
    let days = if length < YEAR { notice.shorter_days } else { notice.year_days };
    Ok((days > 0).then(|| whole.end - TimeDelta::days(i64::from(days))))
}

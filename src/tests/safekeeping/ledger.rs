//! Locked periods, and the ledger written out.

use billing::calendar::Instant;
use chrono::Duration;
use portico::services::check::check;
use portico::services::ledger::{self, Exported};
use portico::services::{Actor, Desk, Refusal, balance, invoices};

use super::house::house;
use crate::nordlicht::Nordlicht;
use crate::world::{World, instant};

async fn lock(at: &Nordlicht, until: &str) -> Result<(), Refusal> {
    let mut desk = at.desk().await;
    ledger::lock_until(&mut desk, instant(until)).await?;
    desk.commit().await?;
    Ok(())
}

async fn unlock(at: &Nordlicht, reason: &str) -> Result<(), Refusal> {
    let mut desk = at.desk().await;
    ledger::unlock(&mut desk, reason).await?;
    desk.commit().await?;
    Ok(())
}

async fn export(world: &World, from: Instant, to: Instant) -> Vec<Exported> {
    let mut entries = Vec::new();
    let mut desk = Desk::read(&world.app, &world.vendor, Actor::System).await.unwrap();
    ledger::export(&mut desk, from..to, |entry| {
        entries.push(entry);
        Ok(())
    })
    .await
    .unwrap();
    entries
}

const APRIL: &str = "2026-04-01T00:00:00+02:00";
const MAY: &str = "2026-05-01T00:00:00+02:00";

#[tokio::test]
async fn what_falls_due_in_a_locked_month_is_dated_and_posted_on_the_first_open_day() {
    let at = Nordlicht::new().await;
    // Nobody billed in April; in May its books were closed.
    at.world.app.clock.set(instant("2026-05-03T12:00:00+02:00"));
    lock(&at, MAY).await.unwrap();
    let before = export(&at.world, Instant::UNIX_EPOCH, instant(MAY)).await;
    at.go_to("2026-05-03T12:00:00+02:00").await;

    let mut desk = at.desk().await;
    let april = invoices::by_number(&mut desk, &at.id, "2026-0002").await.unwrap();
    assert_eq!((april.issued_at, april.status), (instant(MAY), invoices::Status::Paid));
    let snapshot = april.snapshot().unwrap();
    assert_eq!((snapshot.issued_at, snapshot.due_at), (instant(MAY), instant(MAY)), "with no time to pay, it is due when it is dated");
    // What it charges is April's.
    assert_eq!(snapshot.lines[0].line.from, Some(instant(APRIL)));
    // May's own, due an hour after midnight, is dated as ever.
    let may = invoices::by_number(&mut desk, &at.id, "2026-0003").await.unwrap();
    assert_eq!(may.issued_at, instant("2026-05-01T01:00:00+02:00"));
    drop(desk);
    assert_eq!(export(&at.world, Instant::UNIX_EPOCH, instant(MAY)).await, before, "the locked months stay as they were");
    let may = export(&at.world, instant(MAY), Instant::MAX_UTC).await;
    assert_eq!(may.iter().filter(|entry| entry.reference == "2026-0002").count(), 4);
    assert_eq!(check(&at.world.app).await.unwrap().broken, None);
}

#[tokio::test]
async fn nothing_is_posted_into_a_locked_period_and_who_tries_is_told() {
    let at = house().await;
    lock(&at, MAY).await.unwrap();
    // A sandbox whose clock was set back stands in what is locked.
    at.world.app.clock.set(instant("2026-04-20T12:00:00+02:00"));
    let mut desk = at.desk().await;
    let refusal = balance::grant(&mut desk, &at.id, "EUR", 100, "too early", None).await.unwrap_err();
    assert_eq!(refusal.to_string(), "The books are locked until 2026-05-01, so nothing can be posted before that day.");
    drop(desk);
    at.world.app.clock.set(instant(MAY));
    let mut desk = at.desk().await;
    balance::grant(&mut desk, &at.id, "EUR", 100, "in time", None).await.unwrap();
    desk.commit().await.unwrap();
    assert_eq!(check(&at.world.app).await.unwrap().broken, None);
}

#[tokio::test]
async fn a_lock_moves_on_and_is_taken_off_for_a_reason() {
    let at = house().await;
    let told = |outcome: Result<(), Refusal>| outcome.unwrap_err().to_string();
    assert_eq!(told(lock(&at, "2026-06-01T00:00:00+02:00").await), "2026-06-01 is still to come: the books can be locked until today at most.");
    assert_eq!(told(unlock(&at, "why not").await), "The books are not locked.");
    lock(&at, APRIL).await.unwrap();
    lock(&at, MAY).await.unwrap();
    assert_eq!(told(lock(&at, APRIL).await), "The books are locked until 2026-05-01 already. To open them again, unlock them and say why.");
    assert!(matches!(unlock(&at, "  ").await, Err(Refusal::Fields(_))));
    unlock(&at, "a credit note of April was forgotten").await.unwrap();
    assert_eq!(ledger::locked_until(&mut at.desk().await).await.unwrap(), None);
    assert_eq!((at.events("ledger.locked").await, at.events("ledger.unlocked").await), (2, 1));
    let mut desk = at.desk().await;
    let unlocked = portico::services::events::of_kind(&mut desk, "ledger.unlocked").await.unwrap().remove(0);
    assert!(unlocked.data.contains("a credit note of April was forgotten") && unlocked.actor == "system", "{unlocked:?}");
}

#[tokio::test]
async fn a_lock_waits_for_whoever_is_posting() {
    let at = house().await;
    let mut posting = at.desk().await;
    balance::grant(&mut posting, &at.id, "EUR", 100, "under way", None).await.unwrap();
    // Whoever reads sees what is posted: it is written now.
    ledger::sums(&mut posting).await.unwrap();
    let (app, vendor) = (at.world.app.clone(), at.world.vendor.clone());
    let locking = tokio::spawn(async move {
        let mut desk = Desk::write(&app, &vendor, Actor::System).await.unwrap();
        ledger::lock_until(&mut desk, instant(MAY)).await.unwrap();
        desk.commit().await.unwrap();
    });
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert!(!locking.is_finished(), "the books were locked under somebody's hand");
    posting.commit().await.unwrap();
    locking.await.unwrap();
    assert_eq!(ledger::locked_until(&mut at.desk().await).await.unwrap(), Some(instant(MAY)));
}

#[tokio::test]
async fn the_same_story_has_the_same_ledger() {
    let (one, other) = (house().await, house().await);
    let ever = (Instant::UNIX_EPOCH, Instant::MAX_UTC);
    let entries = export(&one.world, ever.0, ever.1).await;
    assert_eq!(entries, export(&other.world, ever.0, ever.1).await);
    // What stands here holds on either database.
    let first: Vec<String> = entries
        .iter()
        .take(4)
        .map(|entry| {
            format!(
                "{} {} {} {} {} {:?} {} {}",
                entry.posting, entry.date, entry.customer, entry.subject, entry.reference, entry.account, entry.amount_minor, entry.currency
            )
        })
        .collect();
    assert_eq!(
        first,
        [
            "1 2026-03-01 Nordlicht invoice 2026-0001 Receivable 4700 EUR",
            "1 2026-03-01 Nordlicht invoice 2026-0001 Revenue -4700 EUR",
            "2 2026-03-01 Nordlicht payment 2026-0001 Receivable -4700 EUR",
            "2 2026-03-01 Nordlicht payment 2026-0001 Cash 4700 EUR",
        ]
    );
    let mut postings = std::collections::BTreeMap::<u64, i64>::new();
    for entry in &entries {
        *postings.entry(entry.posting).or_default() += entry.amount_minor;
    }
    assert!(postings.len() > 10 && postings.values().all(|sum| *sum == 0), "{postings:?}");
    // Two stretches are the whole.
    let middle = instant(APRIL) + Duration::days(1);
    let (before, after) = (export(&one.world, ever.0, middle).await, export(&one.world, middle, ever.1).await);
    assert!(!before.is_empty() && !after.is_empty());
    assert_eq!(before.len() + after.len(), entries.len());
}

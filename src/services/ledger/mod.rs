//! The ledger: postings of double entry, and the sums of their accounts. Every entry there is was written here.
//!
//! - [`lock_until`] closes the books before a day, [`unlock`] opens them again, and says why.
//! - [`export`] writes them out.
//!
//! Invariant: nothing is posted before the moment the books are locked until. What falls due before it and is done late is posted at that
//! moment, the first that is open.
//! What deliberately does not live here: what each event posts (`billing::ledger`).

mod export;
mod lock;

use std::collections::BTreeMap;

use billing::calendar::Instant;
use billing::ledger::{Account, Entry};
use billing::money;

pub use export::{Exported, export};
use lock::Books;
pub use lock::{lock_until, locked_until, open_from, unlock};

use crate::platform::db::Many;
use crate::services::subscriptions::{of_word, word};
use crate::services::{Desk, Refusal};

/// Entries with wall time: the vendor's present moment (a sandbox's where its clock stands), which the books must not be locked beyond. What is
/// due before the lock is posted at its end.
static INSERT: Many = Many {
    before: "INSERT INTO ledger_entries (vendor_id, id, posting_id, account, customer_id, currency, amount_minor, subject_id, posted_at)
             SELECT e.column1, e.column2, e.column3, e.column4, e.column5, e.column6, e.column7, e.column8,
                CASE WHEN v.ledger_locked_until_at > e.column9 THEN v.ledger_locked_until_at ELSE e.column9 END
             FROM (VALUES",
    columns: 10,
    after: ") e JOIN vendors v ON v.id = e.column1 WHERE v.ledger_locked_until_at IS NULL OR v.ledger_locked_until_at <= COALESCE(v.clock_at, e.column10)",
    of_each: true,
};

/// Writes the entries of one event. They sum to zero, or nothing is written.
pub async fn post(desk: &mut Desk, customer_id: &str, currency: &str, subject_id: &str, entries: &[Entry]) -> Result<(), Refusal> {
    let at = desk.now.billing;
    post_as_of(desk, at, customer_id, currency, subject_id, entries).await
}

/// The same of something that was so at another moment: where the books are closed at it, on the first day they are open ([`open_from`]).
pub async fn post_as_of(desk: &mut Desk, at: Instant, customer_id: &str, currency: &str, subject_id: &str, entries: &[Entry]) -> Result<(), Refusal> {
    let sum = money::sum(entries.iter().map(|entry| entry.amount_minor)).map_err(billing::Error::from)?;
    if sum != 0 {
        return Err(Refusal::damaged(format!("a posting of {subject_id} is out of balance by {sum}")));
    }
    let posting = desk.new_id("pst");
    let (billing_ms, wall_ms) = (at.timestamp_millis(), desk.now.wall_ms());
    Books::of(desk).await?.must_be_open(desk)?;
    for Entry { account, amount_minor } in entries {
        let row = (
            desk.vendor.id.clone(),
            desk.new_id("led"),
            posting.clone(),
            word(account)?,
            customer_id.to_owned(),
            currency.to_owned(),
            *amount_minor,
            subject_id.to_owned(),
            billing_ms,
            wall_ms,
        );
        desk.tx.append(&INSERT, row).await?;
    }
    Ok(())
}

/// The sum of every account in every currency, accounts without entries included.
pub async fn sums(desk: &mut Desk) -> Result<BTreeMap<String, BTreeMap<Account, i64>>, Refusal> {
    let rows: Vec<(String, String, i64)> = desk
        .tx
        .all(
            "SELECT currency, account, CAST(SUM(amount_minor) AS BIGINT) FROM ledger_entries WHERE vendor_id = $1 GROUP BY currency, account",
            (desk.vendor.id.clone(),),
        )
        .await?;
    let mut sums: BTreeMap<String, BTreeMap<Account, i64>> = BTreeMap::new();
    for (currency, account, sum) in rows {
        let accounts = sums.entry(currency).or_insert_with(|| Account::ALL.into_iter().map(|account| (account, 0)).collect());
        accounts.insert(of_word(&account)?, sum);
    }
    Ok(sums)
}

//! The ledger: postings of double entry, and the sums of their accounts.
//!
//! What deliberately does not live here: what each event posts (`billing::ledger`).

use std::collections::BTreeMap;

use billing::ledger::{Account, Entry};
use billing::money;

use crate::platform::db::Many;
use crate::services::subscriptions::{of_word, word};
use crate::services::{Desk, Refusal};

static INSERT_ENTRY: Many = Many {
    before: "INSERT INTO ledger_entries (vendor_id, id, posting_id, account, customer_id, currency, amount_minor, subject_id, posted_at) VALUES",
    columns: 9,
    after: "",
    of_each: false,
};

/// Writes the entries of one event. They sum to zero, or nothing is written.
pub async fn post(desk: &mut Desk, customer_id: &str, currency: &str, subject_id: &str, entries: &[Entry]) -> Result<(), Refusal> {
    let sum = money::sum(entries.iter().map(|entry| entry.amount_minor)).map_err(billing::Error::from)?;
    if sum != 0 {
        return Err(Refusal::damaged(format!("a posting of {subject_id} is out of balance by {sum}")));
    }
    let posting = desk.new_id("pst");
    for entry in entries {
        let id = desk.new_id("led");
        let row = (
            desk.vendor.id.clone(), id, posting.clone(), word(entry.account)?, customer_id.to_owned(), currency.to_owned(), entry.amount_minor, subject_id.to_owned(),
            desk.now.billing_ms(),
        );
        desk.tx.put(&INSERT_ENTRY, row).await?;
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

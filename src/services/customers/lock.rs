//! The first lock of customer → subscription → number series: who changes anything of a customer has it until their transaction ends.

use crate::platform::db::Many;
use crate::services::{Desk, Refusal};

use super::Customer;

/// The customer, locked until the transaction ends: the first lock of customer → subscription → number series. Who locks is about to change
/// something, so what is remembered of the customer (`services::overview`) holds no longer; and the time is read again, now that others are
/// through.
pub async fn lock(desk: &mut Desk, customer_id: &str) -> Result<Customer, Refusal> {
    let locked: Option<Customer> = desk
        .tx
        .opt("UPDATE customers SET revision = revision + 1 WHERE vendor_id = $1 AND id = $2 RETURNING *", (desk.vendor.id.clone(), customer_id.to_owned()))
        .await?;
    let customer = locked.ok_or(Refusal::NotFound)?;
    desk.note_held(customer_id);
    desk.look_at_clock().await?;
    Ok(customer)
}

/// The same where the customer may have been locked on this desk before, and nothing of them is asked.
pub async fn hold(desk: &mut Desk, customer_id: &str) -> Result<(), Refusal> {
    if desk.holds(customer_id) { Ok(()) } else { lock(desk, customer_id).await.map(drop) }
}

static IN_ORDER: Many = Many {
    before: "SELECT c.id FROM (VALUES",
    columns: 2,
    after: ") AS v CROSS JOIN customers c WHERE c.vendor_id = v.column1 AND c.id = v.column2 ORDER BY c.id FOR UPDATE OF c",
    of_each: false,
};

static FREE: Many = Many {
    before: "SELECT c.id FROM (VALUES",
    columns: 2,
    after: ") AS v CROSS JOIN customers c WHERE c.vendor_id = v.column1 AND c.id = v.column2 ORDER BY c.id FOR UPDATE OF c SKIP LOCKED",
    of_each: false,
};

static RAISE: Many = Many {
    before: "UPDATE customers SET revision = revision + 1 FROM (VALUES",
    columns: 2,
    after: ") AS v WHERE customers.vendor_id = v.column1 AND customers.id = v.column2",
    of_each: false,
};

static RAISE_AND_READ: Many = Many {
    before: "UPDATE customers SET revision = revision + 1 FROM (VALUES",
    columns: 2,
    after: ") AS v WHERE customers.vendor_id = v.column1 AND customers.id = v.column2 RETURNING *",
    of_each: false,
};

/// Locks those of some customers that nobody else has locked, as [`lock`] does one: several workers share the work, and none waits for
/// another in the middle of its own.
pub async fn lock_free(desk: &mut Desk, ids: &[String]) -> Result<Vec<Customer>, Refusal> {
    let free = if desk.tx.is_only_writer() {
        ids.to_vec()
    } else {
        let rows = desk.each(ids);
        let free: Vec<(String,)> = desk.tx.all_of(&FREE, rows).await?;
        free.into_iter().map(|(id,)| id).collect()
    };
    let rows = desk.each(&free);
    let customers = desk.tx.all_of(&RAISE_AND_READ, rows).await?;
    free.iter().for_each(|id| desk.note_held(id));
    Ok(customers)
}

/// [`hold`] of several customers, each once and in the order of their ids, in which every worker locks them.
pub async fn hold_all(desk: &mut Desk, ids: &[String]) -> Result<(), Refusal> {
    let rows = desk.each(ids);
    if !desk.tx.is_only_writer() {
        let _locked: Vec<(String,)> = desk.tx.all_of(&IN_ORDER, rows.clone()).await?;
    }
    for row in rows {
        desk.tx.put(&RAISE, row).await?;
    }
    ids.iter().for_each(|id| desk.note_held(id));
    Ok(desk.look_at_clock().await?)
}

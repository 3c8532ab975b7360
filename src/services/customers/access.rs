//! Access to the portal: the vendor's program suspends a customer's, and lets its members in again. Billing does not ask: it goes on.

use serde_json::json;

use super::{load, lock};
use crate::sentence;
use crate::services::{Desk, Refusal};

/// Shuts every door of the portal for the customer's members, from their next request on. Suspended already: nothing happens.
pub async fn suspend(desk: &mut Desk, customer_id: &str) -> Result<(), Refusal> {
    if lock(desk, customer_id).await?.suspended_at.is_some() {
        return Ok(());
    }
    set(desk, customer_id, Some(desk.now.wall_ms())).await?;
    desk.record("customer.suspended", Some(customer_id), customer_id, json!({})).await
}

/// Lets the customer's members in again; what sessions they still have go on. Not suspended: nothing happens.
pub async fn resume(desk: &mut Desk, customer_id: &str) -> Result<(), Refusal> {
    if lock(desk, customer_id).await?.suspended_at.is_none() {
        return Ok(());
    }
    set(desk, customer_id, None).await?;
    desk.record("customer.resumed", Some(customer_id), customer_id, json!({})).await
}

async fn set(desk: &mut Desk, customer_id: &str, suspended_at: Option<i64>) -> Result<(), Refusal> {
    desk.tx
        .run("UPDATE customers SET suspended_at = $3 WHERE vendor_id = $1 AND id = $2", (desk.vendor.id.clone(), customer_id.to_owned(), suspended_at))
        .await?;
    Ok(())
}

/// Refuses to make a way into the portal for a customer whose access is suspended.
pub async fn must_have_access(desk: &mut Desk, customer_id: &str) -> Result<(), Refusal> {
    match load(desk, customer_id).await?.suspended_at {
        None => Ok(()),
        Some(_) => Err(Refusal::field("customer_id", sentence!("refusal-customer-suspended"))),
    }
}

//! What gateways tell us by themselves. A notice is only a hint that something happened to one of our records: it is written down once, left
//! for the outbox, and then the gateway is asked how things are. So late, doubled and reordered notices all come to the same, and one that
//! never comes is made up for by [`recover`](super::recover).
//!
//! What deliberately does not live here: whether a notice is the gateway's (`stripe/signature.rs`), and how it comes in (the door `notices`).

use serde::{Deserialize, Serialize};

use crate::platform::db::{DbResult, Tx};
use crate::services::{Desk, Refusal};

use super::errand::Errand;
use super::{charges, collect, disputes, read, refunds, renewals, setups, stripe};

/// How long a gateway may tell the same again: Stripe tries for three days.
const KEPT_MS: i64 = 30 * 86_400_000;

/// Which of our records something happened to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// Our payment's id.
    Payment(String),
    /// Our setup's id.
    Setup(String),
    /// The gateway's token of a method.
    Method(String),
    /// The gateway's reference of the charge that something was given back of.
    Refunds(String),
    /// The gateway's reference of a dispute.
    Dispute(String),
}

/// Work left in the outbox: the gateway is to be asked.
#[derive(Debug, Serialize, Deserialize)]
pub struct Noticed {
    pub gateway: String,
    pub about: About,
}

/// The kind of [`Noticed`] in the outbox.
pub const NOTICE: &str = "gateway.notice";

/// Takes in a notice that is known to be the gateway's. Told again, it does nothing; false then.
pub async fn take_in(desk: &mut Desk, gateway: &str, event: &stripe::events::Event) -> Result<bool, Refusal> {
    let is_new = desk
        .tx
        .run(
            "INSERT INTO gateway_notices (vendor_id, gateway, notice_id, kind, received_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (vendor_id, gateway, notice_id) DO NOTHING",
            (desk.vendor.id.clone(), gateway.to_owned(), event.id.clone(), event.kind.clone(), desk.now.wall_ms()),
        )
        .await?
        == 1;
    // A test account's notice is no news of a live one, nor the other way round.
    if let (true, Some(about)) = (is_new && event.livemode != desk.vendor.is_test, event.about()) {
        desk.leave(NOTICE, &Noticed { gateway: gateway.to_owned(), about }).await?;
    }
    Ok(is_new)
}

/// Work left in the outbox: finds out what happened, and records it. What is not ours (a vendor's account may have other uses) is let be.
pub async fn follow(errand: &Errand, noticed: &Noticed) -> Result<(), Refusal> {
    match &noticed.about {
        About::Payment(payment_id) => {
            let payment = match read::load(&mut errand.reads().await?, payment_id).await {
                Ok(payment) if payment.gateway == noticed.gateway => payment,
                Ok(_) | Err(Refusal::NotFound) => return Ok(()),
                Err(refusal) => return Err(refusal),
            };
            let learned = charges::learn(errand, &payment).await?;
            collect::go_on(errand, &learned).await
        }
        About::Setup(setup_id) => setups::finish_any(errand, setup_id).await,
        About::Method(token) => renewals::renew(errand, &noticed.gateway, token).await,
        About::Refunds(reference) => refunds::ask(errand, &noticed.gateway, reference).await,
        About::Dispute(reference) => disputes::ask(errand, &noticed.gateway, reference).await,
    }
}

/// Forgets notices that are not told again any more; how many.
pub async fn remove_old(tx: &mut Tx, vendor_id: &str, now_ms: i64) -> DbResult<u64> {
    tx.run("DELETE FROM gateway_notices WHERE vendor_id = $1 AND received_at < $2", (vendor_id.to_owned(), now_ms - KEPT_MS)).await
}

//! Portal sessions: a link that opens the portal once, on the vendor's word, for one member of one customer. Looking at the link spends
//! nothing, for mail scanners look too. What it opens reads; what costs money asks for the member's own code each time,
//! and credentials open to who signed in alone.

use std::sync::Arc;

use serde_json::json;
use sqlx::FromRow;

use crate::app::App;
use crate::identity::session::{self, Beginning, Transport, new_token};
use crate::platform::db::{DbResult, Tx};
use crate::platform::keys::fingerprint;
use crate::sentence;
use crate::services::vendors::Vendor;
use crate::services::{Actor, Desk, Refusal, customers};

/// How long a link works.
const LINK_MS: i64 = 3_600_000;

/// A link that was just made: the one time it is there.
pub struct Made {
    pub id: String,
    pub url: String,
    /// Wall time (ms).
    pub expires_at: i64,
}

/// Makes a link for a member of the customer.
pub async fn create(desk: &mut Desk, customer_id: &str, member_id: &str) -> Result<Made, Refusal> {
    customers::must_have_access(desk, customer_id).await?;
    let people = customers::people_of(desk, customer_id).await?;
    let member = people.into_iter().find(|person| person.member_id == member_id);
    let member = member.ok_or_else(|| Refusal::field("member_id", sentence!("refusal-embed-member")))?;
    let token = new_token(&desk.app.ids);
    let (id, now_ms) = (desk.new_id("pts"), desk.now.wall_ms());
    desk.tx
        .run(
            "INSERT INTO portal_sessions (vendor_id, id, customer_id, identity_id, token_hash, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7)",
            (desk.vendor.id.clone(), id.clone(), customer_id.to_owned(), member.identity_id, fingerprint(&token), now_ms, now_ms + LINK_MS),
        )
        .await?;
    desk.record("portal_session.created", None, &id, json!({ "member": member_id })).await?;
    let url = format!("{}/portal-session?token={token}", desk.app.config.public_url);
    Ok(Made { id, url, expires_at: now_ms + LINK_MS })
}

/// Whom a link that still works is for.
#[derive(Clone, Debug, FromRow)]
pub struct Link {
    id: String,
    identity_id: String,
    customer_id: String,
    pub email: String,
    pub customer_name: String,
    suspended_at: Option<i64>,
}

impl Link {
    /// The vendor keeps the customer's members out of the portal.
    pub fn is_suspended(&self) -> bool {
        self.suspended_at.is_some()
    }
}

/// Why a link opened nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotOpened {
    /// Used, too old, or none of ours: they look alike.
    Dead,
    /// See [`Link::is_suspended`]. It is not used up by that.
    Suspended,
}

/// Looks without using it up. `None`: used, too old, or none of ours; and whoever left the customer has none.
pub async fn look(tx: &mut Tx, vendor_id: &str, token: &str, now_ms: i64) -> DbResult<Option<Link>> {
    tx.opt(
        "SELECT p.id, p.identity_id, p.customer_id, i.email, c.name AS customer_name, c.suspended_at FROM portal_sessions p
         JOIN identities i ON i.vendor_id = p.vendor_id AND i.id = p.identity_id
         JOIN customers c ON c.vendor_id = p.vendor_id AND c.id = p.customer_id
         JOIN members m ON m.vendor_id = p.vendor_id AND m.customer_id = p.customer_id AND m.identity_id = p.identity_id
         WHERE p.vendor_id = $1 AND p.token_hash = $2 AND p.opened_at IS NULL AND p.expires_at > $3",
        (vendor_id.to_owned(), fingerprint(token), now_ms),
    )
    .await
}

/// Uses the link up and begins the session; its token, for the browser only. Whoever comes first does.
pub async fn open(
    app: &App,
    vendor: &Arc<Vendor>,
    token: &str,
    instead_of: Option<&str>,
    user_agent: &str,
    ip: &str,
) -> Result<Result<String, NotOpened>, Refusal> {
    // Strangers' guesses are not to wait for the one who writes, nor to be waited for.
    let mut tx = app.db.read().await?;
    if look(&mut tx, &vendor.id, token, app.clock.wall().timestamp_millis()).await?.is_none() {
        return Ok(Err(NotOpened::Dead));
    }
    drop(tx);
    let mut desk = Desk::write(app, vendor, Actor::System).await?;
    let now_ms = desk.now.wall_ms();
    let Some(link) = look(&mut desk.tx, &vendor.id, token, now_ms).await? else { return Ok(Err(NotOpened::Dead)) };
    if link.is_suspended() {
        return Ok(Err(NotOpened::Suspended));
    }
    let spent = desk
        .tx
        .run(
            "UPDATE portal_sessions SET opened_at = $3 WHERE vendor_id = $1 AND id = $2 AND opened_at IS NULL AND expires_at > $3",
            (vendor.id.clone(), link.id.clone(), now_ms),
        )
        .await?;
    if spent == 0 {
        return Ok(Err(NotOpened::Dead));
    }
    desk.actor = Actor::Identity(link.identity_id.clone());
    if let Some(earlier) = instead_of {
        session::end_by_token(&mut desk.tx, &vendor.id, earlier).await?;
    }
    let beginning = Beginning {
        identity_id: &link.identity_id,
        customer_id: Some(&link.customer_id),
        device_id: None,
        user_agent,
        ip,
        // The vendor's word is no second factor.
        factor_at: 0,
    };
    let (_, session_token) = session::begin(&mut desk.tx, app, vendor, Transport::Lax, beginning, now_ms).await?;
    desk.record("portal_session.opened", Some(&link.customer_id), &link.id, json!({})).await?;
    desk.commit().await?;
    Ok(Ok(session_token))
}

/// Removes one vendor's links that no longer work; how many.
pub async fn remove_old(tx: &mut Tx, vendor_id: &str, now_ms: i64) -> DbResult<u64> {
    tx.run("DELETE FROM portal_sessions WHERE vendor_id = $1 AND (expires_at <= $2 OR opened_at IS NOT NULL)", (vendor_id.to_owned(), now_ms)).await
}

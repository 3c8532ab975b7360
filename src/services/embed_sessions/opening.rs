//! A token brought to the frame: once, in time, from the page it was made for; and the end of what it opened.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::json;
use sqlx::FromRow;

use super::{Scope, Shows, scopes_of};
use crate::app::App;
use crate::identity::session::{self, Beginning, Transport};
use crate::platform::db::DbError;
use crate::platform::keys::fingerprint;
use crate::services::vendors::Vendor;
use crate::services::{Actor, Desk, Refusal};

/// Who brings a token, and how the session it opens is to travel.
pub struct Opening<'a> {
    pub token: &'a str,
    /// Of the page that holds the frame, as the browser told it.
    pub origin: &'a str,
    pub shows: Shows,
    pub transport: Transport,
    /// The fingerprint of a key the host's page keeps, to end the session by: see [`end_by_key`].
    pub end_hash: Option<&'a str>,
    pub user_agent: &'a str,
    pub ip: &'a str,
    /// The token of the session this frame had until now: it ends as the new one begins.
    pub instead_of: Option<&'a str>,
}

/// What was opened.
pub struct Opened {
    /// Of the embed session, as its pages say it.
    pub id: String,
    pub customer_id: String,
    pub identity_id: String,
    pub scopes: BTreeSet<Scope>,
    /// Of the session; for the browser only.
    pub session_token: String,
    /// Until it ends, unless it is used.
    pub seconds: i64,
}

/// Why a token opened nothing.
#[derive(Debug)]
pub enum NotOpened {
    /// It was brought before.
    Spent,
    /// It took longer than a minute.
    Late,
    /// It was made for another page, or that page is not on the list any more.
    OtherOrigin,
    /// The vendor keeps the customer's members out of the portal.
    Suspended,
    /// There is no such token here.
    Unknown,
    Failed(Refusal),
}

impl From<DbError> for NotOpened {
    fn from(error: DbError) -> NotOpened {
        NotOpened::Failed(error.into())
    }
}

impl From<Refusal> for NotOpened {
    fn from(refusal: Refusal) -> NotOpened {
        NotOpened::Failed(refusal)
    }
}

#[derive(FromRow)]
struct Spent {
    id: String,
    customer_id: String,
    identity_id: String,
    scopes: String,
}

/// Opens the session of a token. Whoever comes first does; one conditional UPDATE decides.
pub async fn open(app: &App, vendor: &Arc<Vendor>, opening: Opening<'_>) -> Result<Opened, NotOpened> {
    let token_hash = fingerprint(opening.token);
    if !is_there(app, vendor, "SELECT id FROM embed_sessions WHERE vendor_id = $1 AND token_hash = $2", &token_hash).await? {
        return Err(NotOpened::Unknown);
    }
    let mut desk = Desk::write(app, vendor, Actor::System).await?;
    let (vendor_id, now_ms) = (vendor.id.clone(), desk.now.wall_ms());
    let spent: Option<Spent> = desk
        .tx
        .opt(
            "UPDATE embed_sessions SET opened_at = $3, shows = $5
             WHERE vendor_id = $1 AND token_hash = $2 AND opened_at IS NULL AND ended_at IS NULL AND token_expires_at > $3 AND origin = $4
                AND EXISTS (SELECT 1 FROM embed_origins o WHERE o.vendor_id = $1 AND o.origin = $4)
                AND EXISTS (SELECT 1 FROM customers c WHERE c.vendor_id = $1 AND c.id = embed_sessions.customer_id AND c.suspended_at IS NULL)
             RETURNING id, customer_id, identity_id, scopes",
            (vendor_id.clone(), token_hash.clone(), now_ms, opening.origin.to_owned(), opening.shows.column()),
        )
        .await?;
    let Some(spent) = spent else { return Err(why_not(&mut desk, &token_hash, now_ms).await?) };
    desk.actor = Actor::Identity(spent.identity_id.clone());
    if let Some(token) = opening.instead_of {
        end_of(&mut desk, "SELECT e.id FROM embed_sessions e JOIN sessions s ON s.vendor_id = e.vendor_id AND s.id = e.session_id WHERE e.vendor_id = $1 AND s.token_hash = $2", token)
            .await?;
    }
    let beginning = Beginning {
        identity_id: &spent.identity_id,
        customer_id: Some(&spent.customer_id),
        device_id: None,
        user_agent: opening.user_agent,
        ip: opening.ip,
        // The vendor's word is no second factor.
        factor_at: 0,
    };
    let (session_id, session_token) = session::begin(&mut desk.tx, app, vendor, opening.transport, beginning, now_ms).await?;
    desk.tx
        .run(
            "UPDATE embed_sessions SET session_id = $3, end_hash = $4 WHERE vendor_id = $1 AND id = $2",
            (vendor_id, spent.id.clone(), session_id, opening.end_hash.map(str::to_owned)),
        )
        .await?;
    desk.record("embed_session.opened", Some(&spent.customer_id), &spent.id, json!({ "origin": opening.origin })).await?;
    desk.commit().await?;
    let seconds = opening.transport.absolute_ms().min(opening.transport.idle_ms()) / 1000;
    Ok(Opened { id: spent.id, customer_id: spent.customer_id, identity_id: spent.identity_id, scopes: scopes_of(&spent.scopes), session_token, seconds })
}

/// Whether a secret leads anywhere. Asked first, for strangers' guesses are not to wait for the one who writes, nor to be waited for.
async fn is_there(app: &App, vendor: &Vendor, found_by: &'static str, secret_hash: &str) -> Result<bool, DbError> {
    let mut tx = app.db.read().await?;
    let found: Option<(String,)> = tx.opt(found_by, (vendor.id.clone(), secret_hash.to_owned())).await?;
    Ok(found.is_some())
}

/// Who holds the token may know what became of it; who guesses learns nothing.
async fn why_not(desk: &mut Desk, token_hash: &str, now_ms: i64) -> Result<NotOpened, DbError> {
    /// Opened, ended, the token's end, and when the customer was suspended.
    type Fate = (Option<i64>, Option<i64>, i64, Option<i64>);
    let row: Option<Fate> = desk
        .tx
        .opt(
            "SELECT e.opened_at, e.ended_at, e.token_expires_at, c.suspended_at FROM embed_sessions e
             JOIN customers c ON c.vendor_id = e.vendor_id AND c.id = e.customer_id
             WHERE e.vendor_id = $1 AND e.token_hash = $2",
            (desk.vendor.id.clone(), token_hash.to_owned()),
        )
        .await?;
    Ok(match row {
        None => NotOpened::Unknown,
        Some((None, None, expires_at, Some(_))) if expires_at > now_ms => NotOpened::Suspended,
        Some((None, None, expires_at, None)) if expires_at > now_ms => NotOpened::OtherOrigin,
        Some((None, None, ..)) => NotOpened::Late,
        Some(_) => NotOpened::Spent,
    })
}

/// Ends what the key was given for: the page that held the frame has taken it away. A key that is none, or ended already: nothing happens.
pub async fn end_by_key(app: &App, vendor: &Arc<Vendor>, end_key: &str) -> Result<(), Refusal> {
    const BY_END_KEY: &str = "SELECT id FROM embed_sessions WHERE vendor_id = $1 AND end_hash = $2";
    if !is_there(app, vendor, BY_END_KEY, &fingerprint(end_key)).await? {
        return Ok(());
    }
    let mut desk = Desk::write(app, vendor, Actor::System).await?;
    end_of(&mut desk, BY_END_KEY, end_key).await?;
    Ok(desk.commit().await?)
}

/// Ends the embed session that a secret leads to, if one does.
async fn end_of(desk: &mut Desk, found_by: &'static str, secret: &str) -> Result<(), Refusal> {
    let found: Option<(String,)> = desk.tx.opt(found_by, (desk.vendor.id.clone(), fingerprint(secret))).await?;
    if let Some((id,)) = found {
        super::end(desk, &id).await?;
    }
    Ok(())
}

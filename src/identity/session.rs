//! Sessions: a random token in the browser, its hash here. Thirty minutes without use or twelve hours end one, fifteen and sixty in a frame;
//! each change of privilege gives it a new token; a person sees theirs and may end them.
//!
//! All of it lives by wall time.

use std::time::Duration;

use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sqlx::FromRow;

use crate::app::App;
use crate::identity::cookies::{self, Outgoing};
use crate::platform::db::{Db, DbResult, Tx};
use crate::platform::ids::Ids;
use crate::platform::keys::fingerprint;
use crate::services::vendors::Vendor;

/// Ends a session that is not used.
pub const IDLE_MS: i64 = 30 * 60 * 1000;
/// Ends a session whatever happens.
pub const ABSOLUTE_MS: i64 = 12 * 60 * 60 * 1000;
/// The same in a frame, and where it travels from a script's memory.
const FRAME_IDLE_MS: i64 = 15 * 60 * 1000;
const FRAME_ABSOLUTE_MS: i64 = 60 * 60 * 1000;
const MEMORY_ABSOLUTE_MS: i64 = 10 * 60 * 1000;
/// Said by the script of a frame with what it fetches; what it navigates to, browsers say so themselves.
const FRAME_HEADER: &str = "portico-frame";
/// How often `last_seen_at` is saved.
const SEEN_EVERY_MS: i64 = 60 * 1000;

/// How a session's token travels. The request says which is looked at, and no other is: the portal's own session never answers in a
/// frame, a frame's never answers by itself, and each vendor's page has one of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// A cookie of the portal's own pages.
    Lax,
    /// A cookie of a frame, which browsers keep apart for each site that holds one.
    Partitioned,
    /// `Authorization: Bearer`, from the memory of a frame's script: where the browser keeps no cookie at all.
    Bearer,
}

impl Transport {
    /// How a request's session would come.
    pub fn of(headers: &HeaderMap) -> Transport {
        let said = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        if bearer(headers).is_some() {
            Transport::Bearer
        } else if said(FRAME_HEADER).is_some() || matches!(said("sec-fetch-dest"), Some("iframe" | "frame" | "embed" | "object" | "fencedframe")) {
            Transport::Partitioned
        } else {
            Transport::Lax
        }
    }

    /// The token a request brings.
    pub fn token(self, headers: &HeaderMap) -> Option<String> {
        match self {
            Transport::Lax => cookies::read(headers, cookies::SESSION),
            Transport::Partitioned => cookies::read(headers, cookies::EMBED),
            Transport::Bearer => bearer(headers).map(str::to_owned),
        }
    }

    pub fn is_framed(self) -> bool {
        self != Transport::Lax
    }

    pub fn column(self) -> &'static str {
        match self {
            Transport::Lax => "lax",
            Transport::Partitioned => "partitioned",
            Transport::Bearer => "bearer",
        }
    }

    /// Hands a token to the browser. A bearer's is handed to the script that asked, by who answers it.
    pub fn give(self, outgoing: &Outgoing, token: &str) {
        match self {
            Transport::Lax => outgoing.set(cookies::SESSION, token),
            Transport::Partitioned => outgoing.set_embed(token),
            Transport::Bearer => {}
        }
    }

    /// Takes the token away from the browser.
    pub fn take(self, outgoing: &Outgoing) {
        match self {
            Transport::Lax => outgoing.clear(cookies::SESSION),
            Transport::Partitioned => outgoing.clear_embed(),
            Transport::Bearer => {}
        }
    }

    /// Without use for so long, a session ends.
    pub fn idle_ms(self) -> i64 {
        if self.is_framed() { FRAME_IDLE_MS } else { IDLE_MS }
    }

    /// Ends a session whatever happens.
    pub fn absolute_ms(self) -> i64 {
        match self {
            Transport::Lax => ABSOLUTE_MS,
            Transport::Partitioned => FRAME_ABSOLUTE_MS,
            Transport::Bearer => MEMORY_ABSOLUTE_MS,
        }
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim()).filter(|token| !token.is_empty() && token.len() <= 128)
}

/// A live session, as a request found it.
#[derive(Clone, Debug)]
pub struct Session {
    pub id: String,
    pub identity_id: String,
    pub transport: Transport,
    pub device_id: Option<String>,
    pub factor_at: i64,
    pub last_seen_at: i64,
    pub expires_at: i64,
    pub(super) token_hash: String,
}

/// One row of the session query: the session, its person, and one membership.
#[derive(FromRow)]
pub(super) struct SessionRow {
    pub id: String,
    pub identity_id: String,
    pub customer_id: Option<String>,
    pub device_id: Option<String>,
    pub factor_at: i64,
    pub last_seen_at: i64,
    pub expires_at: i64,
    pub email: String,
    pub name: String,
    pub locale: Option<String>,
    pub time_zone: Option<String>,
    pub member_customer_id: Option<String>,
    pub role: Option<String>,
    pub customer_name: Option<String>,
    pub customer_locale: Option<String>,
    pub customer_time_zone: Option<String>,
}

impl SessionRow {
    pub(super) fn session(&self, token_hash: String, transport: Transport) -> Session {
        Session {
            id: self.id.clone(),
            identity_id: self.identity_id.clone(),
            transport,
            device_id: self.device_id.clone(),
            factor_at: self.factor_at,
            last_seen_at: self.last_seen_at,
            expires_at: self.expires_at,
            token_hash,
        }
    }
}

/// The live session of a token with its person and memberships, one row a membership: everything a page needs to know, in one query.
pub(super) async fn find(db: &Db, vendor: &Vendor, token_hash: &str, transport: Transport, now_ms: i64) -> DbResult<Vec<SessionRow>> {
    db.all(
        "SELECT s.id, s.identity_id, s.customer_id, s.device_id, s.factor_at, s.last_seen_at, s.expires_at, i.email, i.name, i.locale, i.time_zone,
            m.customer_id AS member_customer_id, m.role, c.name AS customer_name, c.locale AS customer_locale, c.time_zone AS customer_time_zone
         FROM sessions s
         JOIN identities i ON i.vendor_id = s.vendor_id AND i.id = s.identity_id
         LEFT JOIN members m ON m.vendor_id = s.vendor_id AND m.identity_id = s.identity_id
         LEFT JOIN customers c ON c.vendor_id = m.vendor_id AND c.id = m.customer_id
         WHERE s.vendor_id = $1 AND s.token_hash = $2 AND s.transport = $3 AND s.expires_at > $4 AND s.last_seen_at > $5",
        (vendor.id.clone(), token_hash.to_owned(), transport.column(), now_ms, now_ms - transport.idle_ms()),
    )
    .await
}

/// A token of 256 bits, as it stands in cookies and links.
pub fn new_token(ids: &Ids) -> String {
    URL_SAFE_NO_PAD.encode(ids.secret::<32>())
}

/// What a new session begins with.
pub struct Beginning<'a> {
    pub identity_id: &'a str,
    pub customer_id: Option<&'a str>,
    pub device_id: Option<&'a str>,
    pub user_agent: &'a str,
    pub ip: &'a str,
    /// Wall time (ms) of the second factor; 0: none was given.
    pub factor_at: i64,
}

/// Begins a session; its id, and its token, which goes to the browser only.
pub async fn begin(tx: &mut Tx, app: &App, vendor: &Vendor, transport: Transport, beginning: Beginning<'_>, now_ms: i64) -> DbResult<(String, String)> {
    let token = new_token(&app.ids);
    let id = app.ids.next("ses", now_ms);
    // What has ended leaves as others begin: the table stays as large as what is alive.
    tx.run(
        "DELETE FROM sessions WHERE vendor_id = $1 AND identity_id = $2 AND (expires_at <= $3 OR last_seen_at <= $4)",
        (vendor.id.clone(), beginning.identity_id.to_owned(), now_ms, now_ms - IDLE_MS),
    )
    .await?;
    tx.run(
        "INSERT INTO sessions (vendor_id, id, identity_id, token_hash, transport, customer_id, device_id, factor_at, user_agent, ip, created_at, last_seen_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11, $12)",
        (
            vendor.id.clone(),
            id.clone(),
            beginning.identity_id.to_owned(),
            fingerprint(&token),
            transport.column(),
            beginning.customer_id.map(str::to_owned),
            beginning.device_id.map(str::to_owned),
            beginning.factor_at,
            beginning.user_agent.chars().take(200).collect::<String>(),
            beginning.ip.to_owned(),
            now_ms,
            now_ms + transport.absolute_ms(),
        ),
    )
    .await?;
    Ok((id, token))
}

/// Gives the session a new token after a good second factor. `None`: the session has ended or was renewed by another request.
pub async fn renew(tx: &mut Tx, ids: &Ids, vendor: &Vendor, session: &Session, factor_at: i64) -> DbResult<Option<String>> {
    let token = new_token(ids);
    let touched = tx
        .run(
            "UPDATE sessions SET token_hash = $4, factor_at = $5, last_seen_at = $6 WHERE vendor_id = $1 AND id = $2 AND token_hash = $3",
            (vendor.id.clone(), session.id.clone(), session.token_hash.clone(), fingerprint(&token), factor_at, factor_at.max(session.last_seen_at)),
        )
        .await?;
    Ok((touched == 1).then_some(token))
}

/// Turns the session to another customer, under a new token.
pub async fn switch(tx: &mut Tx, ids: &Ids, vendor: &Vendor, session: &Session, customer_id: &str) -> DbResult<Option<String>> {
    let token = new_token(ids);
    let touched = tx
        .run(
            "UPDATE sessions SET token_hash = $4, customer_id = $5 WHERE vendor_id = $1 AND id = $2 AND token_hash = $3",
            (vendor.id.clone(), session.id.clone(), session.token_hash.clone(), fingerprint(&token), customer_id.to_owned()),
        )
        .await?;
    tx.run(
        "UPDATE identities SET last_customer_id = $3 WHERE vendor_id = $1 AND id = $2",
        (vendor.id.clone(), session.identity_id.clone(), customer_id.to_owned()),
    )
    .await?;
    Ok((touched == 1).then_some(token))
}

/// Saves that the session was used, at most once a minute. A page does not wait long for it: a bill run may hold the write lock.
pub(super) async fn touch(app: &App, vendor: &Vendor, session: &Session, now_ms: i64) {
    if now_ms - session.last_seen_at < SEEN_EVERY_MS {
        return;
    }
    let save = async {
        let mut tx = app.db.write().await?;
        tx.run("UPDATE sessions SET last_seen_at = $3 WHERE vendor_id = $1 AND id = $2 AND last_seen_at < $3", (vendor.id.clone(), session.id.clone(), now_ms))
            .await?;
        tx.commit().await
    };
    match tokio::time::timeout(Duration::from_millis(500), save).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(%error, "last use of a session not saved"),
        Err(_) => tracing::debug!("last use of a session not saved: the database is busy"),
    }
}

/// A session as its owner sees it in the list.
#[derive(Clone, Debug, FromRow)]
pub struct Listed {
    pub id: String,
    pub user_agent: String,
    pub ip: String,
    pub created_at: i64,
    pub last_seen_at: i64,
}

/// A person's live sessions, the last used first.
pub async fn list(tx: &mut Tx, vendor_id: &str, identity_id: &str, now_ms: i64) -> DbResult<Vec<Listed>> {
    tx.all(
        "SELECT id, user_agent, ip, created_at, last_seen_at FROM sessions
         WHERE vendor_id = $1 AND identity_id = $2 AND expires_at > $3 AND (last_seen_at > $4 OR (transport = 'lax' AND last_seen_at > $5)) ORDER BY last_seen_at DESC, id",
        (vendor_id.to_owned(), identity_id.to_owned(), now_ms, now_ms - FRAME_IDLE_MS, now_ms - IDLE_MS),
    )
    .await
}

/// Ends one of a person's sessions. False: there is none of that id.
pub async fn end(tx: &mut Tx, vendor_id: &str, identity_id: &str, session_id: &str) -> DbResult<bool> {
    let ended = tx
        .run(
            "DELETE FROM sessions WHERE vendor_id = $1 AND identity_id = $2 AND id = $3",
            (vendor_id.to_owned(), identity_id.to_owned(), session_id.to_owned()),
        )
        .await?;
    Ok(ended == 1)
}

/// Ends the session of a token: its browser is about to have another.
pub async fn end_by_token(tx: &mut Tx, vendor_id: &str, token: &str) -> DbResult<u64> {
    tx.run("DELETE FROM sessions WHERE vendor_id = $1 AND token_hash = $2", (vendor_id.to_owned(), fingerprint(token))).await
}

/// Ends every session of a person but one (or all: `None`): after a factor was changed.
pub async fn end_others(tx: &mut Tx, vendor_id: &str, identity_id: &str, kept_session_id: Option<&str>) -> DbResult<u64> {
    tx.run(
        "DELETE FROM sessions WHERE vendor_id = $1 AND identity_id = $2 AND id <> $3",
        (vendor_id.to_owned(), identity_id.to_owned(), kept_session_id.unwrap_or_default().to_owned()),
    )
    .await
}

//! Embed sessions: a member in a frame of the vendor's own page. The vendor's program makes one and gets a token that works once within a
//! minute; the frame brings it ([`open`]) and gets a session of the portal for it, bound to the page's origin, that reads by the vendor's
//! word alone. What costs money asks the member each time.

use std::collections::BTreeSet;

use serde_json::json;
use sqlx::FromRow;

use crate::identity::session::{self, new_token};
use crate::platform::db::{Db, DbResult, Tx};
use crate::platform::keys::fingerprint;
use crate::sentence;
use crate::services::vendors::Vendor;
use crate::services::{Desk, Refusal, customers, embed_origins};

mod opening;
pub mod theme;

pub use opening::{NotOpened, Opened, Opening, end_by_key, open};
use theme::Theme;

/// How long a token may take from the vendor's program to the frame.
pub const TOKEN_MS: i64 = 60 * 1000;

/// How long a record is kept, for the vendor to ask about: no session lasts that long.
const KEPT_MS: i64 = 7 * 86_400_000;

/// What a frame may show and do. Each opens its own pages; none opens what only a window of its own may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    UsageRead,
    InvoicesRead,
    PlanWrite,
    PaymentMethodWrite,
}

impl Scope {
    pub const ALL: [Scope; 4] = [Scope::UsageRead, Scope::InvoicesRead, Scope::PlanWrite, Scope::PaymentMethodWrite];

    pub fn name(self) -> &'static str {
        match self {
            Scope::UsageRead => "usage:read",
            Scope::InvoicesRead => "invoices:read",
            Scope::PlanWrite => "plan:write",
            Scope::PaymentMethodWrite => "payment_method:write",
        }
    }
}

fn scopes_of(column: &str) -> BTreeSet<Scope> {
    // One this program does not know opens nothing.
    column.split(' ').filter_map(|name| Scope::ALL.into_iter().find(|scope| scope.name() == name)).collect()
}

/// What the frame shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shows {
    /// All rooms of the portal, with a way between them.
    Portal,
    /// One page or one action.
    Page,
}

impl Shows {
    fn column(self) -> &'static str {
        match self {
            Shows::Portal => "portal",
            Shows::Page => "page",
        }
    }
}

/// What a live frame is bound to: beside the session of its member.
#[derive(Clone, Debug)]
pub struct Embed {
    pub id: String,
    pub origin: String,
    pub scopes: BTreeSet<Scope>,
    pub locale: Option<String>,
    /// The host's look, as style: corrected already.
    pub style: String,
    pub shows: Shows,
}

impl Embed {
    /// Whether it has all of these.
    pub fn allows(&self, wanted: &[Scope]) -> bool {
        wanted.iter().all(|scope| self.scopes.contains(scope))
    }
}

/// What is asked for a new embed session.
#[derive(Clone, Debug)]
pub struct NewEmbed {
    pub customer_id: String,
    pub member_id: String,
    pub origin: String,
    pub scopes: BTreeSet<Scope>,
    pub locale: Option<String>,
    pub theme: Theme,
}

/// Where an embed session stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Its token was not brought yet, and may be.
    Waiting,
    Open,
    Ended,
}

/// The record, as the vendor's program sees it.
#[derive(Clone, Debug)]
pub struct EmbedSession {
    pub id: String,
    pub customer_id: String,
    pub member_id: String,
    pub origin: String,
    pub scopes: BTreeSet<Scope>,
    pub locale: Option<String>,
    pub standing: Standing,
    pub created_at: i64,
    /// Until then the token can be brought.
    pub token_expires_at: i64,
}

#[derive(FromRow)]
struct Row {
    id: String,
    customer_id: String,
    identity_id: String,
    member_id: Option<String>,
    origin: String,
    scopes: String,
    locale: Option<String>,
    token_expires_at: i64,
    opened_at: Option<i64>,
    session_id: Option<String>,
    ended_at: Option<i64>,
    created_at: i64,
    /// When its session was last seen and ends; none: it is gone.
    last_seen_at: Option<i64>,
    expires_at: Option<i64>,
}

impl Row {
    fn standing(&self, now_ms: i64) -> Standing {
        let idle_ms = session::Transport::Partitioned.idle_ms();
        let is_live = self.expires_at.is_some_and(|at| at > now_ms) && self.last_seen_at.is_some_and(|at| at > now_ms - idle_ms);
        match (self.ended_at, self.opened_at) {
            (None, None) if self.token_expires_at > now_ms => Standing::Waiting,
            (None, Some(_)) if is_live => Standing::Open,
            _ => Standing::Ended,
        }
    }

    fn shown(self, now_ms: i64) -> EmbedSession {
        EmbedSession {
            standing: self.standing(now_ms),
            scopes: scopes_of(&self.scopes),
            id: self.id,
            customer_id: self.customer_id,
            member_id: self.member_id.unwrap_or_default(),
            origin: self.origin,
            locale: self.locale,
            created_at: self.created_at,
            token_expires_at: self.token_expires_at,
        }
    }
}

/// Makes one; its id, and the token, which is nowhere else.
pub async fn create(desk: &mut Desk, new: &NewEmbed) -> Result<(EmbedSession, String), Refusal> {
    if new.scopes.is_empty() {
        return Err(Refusal::field("scopes", sentence!("refusal-embed-scopes")));
    }
    if !embed_origins::has(desk, &new.origin).await? {
        return Err(Refusal::field("origin", sentence!("refusal-embed-origin", origin = &new.origin)));
    }
    let people = customers::people_of(desk, &new.customer_id).await?;
    let member = people.into_iter().find(|person| person.member_id == new.member_id);
    let member = member.ok_or_else(|| Refusal::field("member_id", sentence!("refusal-embed-member")))?;
    let theme = serde_json::to_string(&new.theme).map_err(Refusal::damaged)?;
    let token = new_token(&desk.app.ids);
    let (id, now_ms) = (desk.new_id("ems"), desk.now.wall_ms());
    let scopes = new.scopes.iter().map(|scope| scope.name()).collect::<Vec<_>>().join(" ");
    desk.tx
        .run(
            "INSERT INTO embed_sessions (vendor_id, id, customer_id, identity_id, origin, scopes, locale, theme, token_hash, token_expires_at, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
            (
                desk.vendor.id.clone(),
                id.clone(),
                new.customer_id.clone(),
                member.identity_id.clone(),
                new.origin.clone(),
                scopes.clone(),
                new.locale.clone(),
                theme,
                fingerprint(&token),
                now_ms + TOKEN_MS,
                now_ms,
            ),
        )
        .await?;
    let data = json!({ "member": new.member_id, "origin": new.origin, "scopes": scopes });
    // What the vendor's program does is for the vendor's log; the customer's says what was opened.
    desk.record("embed_session.created", None, &id, data).await?;
    Ok((find(desk, &id).await?, token))
}

pub async fn find(desk: &mut Desk, id: &str) -> Result<EmbedSession, Refusal> {
    let now_ms = desk.now.wall_ms();
    Ok(load(desk, id).await?.shown(now_ms))
}

/// Ends it, opened or not: its token opens nothing, its frame gets nothing more. Ended already: nothing happens.
pub async fn end(desk: &mut Desk, id: &str) -> Result<EmbedSession, Refusal> {
    let row = load(desk, id).await?;
    let now_ms = desk.now.wall_ms();
    if row.ended_at.is_none() {
        let vendor_id = desk.vendor.id.clone();
        if let Some(session_id) = &row.session_id {
            session::end(&mut desk.tx, &vendor_id, &row.identity_id, session_id).await?;
        }
        desk.tx.run("UPDATE embed_sessions SET ended_at = $3 WHERE vendor_id = $1 AND id = $2", (vendor_id, id.to_owned(), now_ms)).await?;
        desk.record("embed_session.ended", None, id, json!({})).await?;
    }
    find(desk, id).await
}

async fn load(desk: &mut Desk, id: &str) -> Result<Row, Refusal> {
    let row: Option<Row> = desk
        .tx
        .opt(
            "SELECT e.id, e.customer_id, e.identity_id, m.id AS member_id, e.origin, e.scopes, e.locale, e.token_expires_at, e.opened_at, e.session_id, e.ended_at,
                e.created_at, s.last_seen_at, s.expires_at
             FROM embed_sessions e
             LEFT JOIN members m ON m.vendor_id = e.vendor_id AND m.customer_id = e.customer_id AND m.identity_id = e.identity_id
             LEFT JOIN sessions s ON s.vendor_id = e.vendor_id AND s.id = e.session_id
             WHERE e.vendor_id = $1 AND e.id = $2",
            (desk.vendor.id.clone(), id.to_owned()),
        )
        .await?;
    row.ok_or(Refusal::NotFound)
}

#[derive(FromRow)]
struct LiveRow {
    id: String,
    origin: String,
    scopes: String,
    locale: Option<String>,
    theme: String,
    shows: Option<String>,
}

/// What the session of this token is bound to. `None`: it is no session of a frame, or its origin is not on the list any more: that is asked
/// at each request, so that what is taken off is shut out at once.
pub async fn live(db: &Db, vendor: &Vendor, session_token_hash: &str) -> DbResult<Option<Embed>> {
    let mut tx = db.read().await?;
    let row: Option<LiveRow> = tx
        .opt(
            "SELECT e.id, e.origin, e.scopes, e.locale, e.theme, e.shows FROM sessions s
             JOIN embed_sessions e ON e.vendor_id = s.vendor_id AND e.session_id = s.id
             JOIN embed_origins o ON o.vendor_id = e.vendor_id AND o.origin = e.origin
             WHERE s.vendor_id = $1 AND s.token_hash = $2 AND s.transport <> 'lax' AND e.ended_at IS NULL",
            (vendor.id.clone(), session_token_hash.to_owned()),
        )
        .await?;
    Ok(row.map(|row| Embed {
        id: row.id,
        scopes: scopes_of(&row.scopes),
        shows: if row.shows.as_deref() == Some("portal") { Shows::Portal } else { Shows::Page },
        origin: row.origin,
        locale: row.locale,
        // A theme this program cannot read is none: the page is what matters.
        style: serde_json::from_str::<Theme>(&row.theme).unwrap_or_default().style(),
    }))
}

/// Who may hold a page that shows nobody's data (an error, a session that is missing), and how it looks there.
pub struct Holders {
    pub origins: Vec<String>,
    pub style: String,
}

/// The page that the session of this token was opened in, or else the whole list.
pub async fn holders(db: &Db, vendor: &Vendor, session_token: Option<String>) -> DbResult<Holders> {
    let embed = match session_token {
        Some(token) => live(db, vendor, &fingerprint(&token)).await?,
        None => None,
    };
    Ok(match embed {
        Some(embed) => Holders { origins: vec![embed.origin], style: embed.style },
        None => Holders { origins: embed_origins::all(db, &vendor.id).await?, style: String::new() },
    })
}

/// Removes one vendor's records of frames that are long closed; how many.
pub async fn remove_old(tx: &mut Tx, vendor_id: &str, now_ms: i64) -> DbResult<u64> {
    tx.run("DELETE FROM embed_sessions WHERE vendor_id = $1 AND created_at <= $2", (vendor_id.to_owned(), now_ms - KEPT_MS)).await
}

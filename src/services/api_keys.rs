//! API keys: what a vendor's programs prove themselves by, and what each may do.
//!
//! A key is `pk_live_…` or `pk_test_…` (a sandbox is a vendor of its own) and 256 random bits; only its hash is kept, so it is shown once.
//! It is replaced with an overlap ([`rotate`]) or shut off at once ([`revoke`]).

use std::collections::BTreeSet;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use billing::calendar::Instant;
use serde_json::json;
use sqlx::FromRow;

use crate::app::App;
use crate::platform::clock::from_ms;
use crate::platform::keys::fingerprint;
use crate::sentence;
use crate::services::vendors::Vendor;
use crate::services::{Actor, Desk, Refusal};

/// How long a use may go unwritten.
const USED_EVERY_MS: i64 = 60_000;
const MOST_NAME: usize = 100;

/// What a key may be allowed to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    CustomersRead,
    CustomersWrite,
    MembersRead,
    MembersWrite,
    PlansRead,
    PlansWrite,
    SubscriptionsRead,
    SubscriptionsWrite,
    UsageRead,
    UsageWrite,
    InvoicesRead,
    InvoicesWrite,
    EventsRead,
    PortalSessionsWrite,
    EmbedSessionsRead,
    EmbedSessionsWrite,
    SettingsRead,
    SettingsWrite,
}

impl Scope {
    pub const ALL: [Scope; 18] = [
        Scope::CustomersRead,
        Scope::CustomersWrite,
        Scope::MembersRead,
        Scope::MembersWrite,
        Scope::PlansRead,
        Scope::PlansWrite,
        Scope::SubscriptionsRead,
        Scope::SubscriptionsWrite,
        Scope::UsageRead,
        Scope::UsageWrite,
        Scope::InvoicesRead,
        Scope::InvoicesWrite,
        Scope::EventsRead,
        Scope::PortalSessionsWrite,
        Scope::EmbedSessionsRead,
        Scope::EmbedSessionsWrite,
        Scope::SettingsRead,
        Scope::SettingsWrite,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Scope::CustomersRead => "customers:read",
            Scope::CustomersWrite => "customers:write",
            Scope::MembersRead => "members:read",
            Scope::MembersWrite => "members:write",
            Scope::PlansRead => "plans:read",
            Scope::PlansWrite => "plans:write",
            Scope::SubscriptionsRead => "subscriptions:read",
            Scope::SubscriptionsWrite => "subscriptions:write",
            Scope::UsageRead => "usage:read",
            Scope::UsageWrite => "usage:write",
            Scope::InvoicesRead => "invoices:read",
            Scope::InvoicesWrite => "invoices:write",
            Scope::EventsRead => "events:read",
            Scope::PortalSessionsWrite => "portal_sessions:write",
            Scope::EmbedSessionsRead => "embed_sessions:read",
            Scope::EmbedSessionsWrite => "embed_sessions:write",
            Scope::SettingsRead => "settings:read",
            Scope::SettingsWrite => "settings:write",
        }
    }

    fn from_name(name: &str) -> Option<Scope> {
        Scope::ALL.into_iter().find(|scope| scope.name() == name)
    }
}

/// The scopes of one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scopes {
    /// `*`: all there are, and those to come.
    Everything,
    Some(BTreeSet<Scope>),
}

impl Scopes {
    /// As people write them: names separated by commas or blanks, or `*`.
    pub fn parse(text: &str) -> Result<Scopes, Refusal> {
        let names: Vec<&str> = text.split([',', ' ']).filter(|name| !name.is_empty()).collect();
        if names == ["*"] {
            return Ok(Scopes::Everything);
        }
        let known = || Scope::ALL.map(Scope::name).join(", ");
        let scopes = names.iter().map(|name| Scope::from_name(name).ok_or_else(|| Refusal::Rule(sentence!("refusal-no-scope", name = *name, known = known()))));
        let scopes: BTreeSet<Scope> = scopes.collect::<Result<_, _>>()?;
        if scopes.is_empty() { Err(Refusal::Rule(sentence!("refusal-scope-needed", known = known()))) } else { Ok(Scopes::Some(scopes)) }
    }

    pub fn allow(&self, scope: Scope) -> bool {
        match self {
            Scopes::Everything => true,
            Scopes::Some(scopes) => scopes.contains(&scope),
        }
    }
}

impl std::fmt::Display for Scopes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Scopes::Everything => f.write_str("*"),
            Scopes::Some(scopes) => f.write_str(&scopes.iter().map(|scope| scope.name()).collect::<Vec<_>>().join(" ")),
        }
    }
}

/// A key's record: everything but the key.
#[derive(Clone, Debug, PartialEq)]
pub struct ApiKey {
    pub id: String,
    pub name: String,
    pub hint: String,
    pub scopes: Scopes,
    pub last_used_at: Option<Instant>,
    pub created_at: Instant,
    pub ends_at: Option<Instant>,
    pub replaced_by: Option<String>,
}

impl ApiKey {
    pub fn has_ended(&self, on: Instant) -> bool {
        self.ends_at.is_some_and(|end| end <= on)
    }
}

/// A key that was just made: the one time its text is there.
pub struct Made {
    pub id: String,
    pub secret: String,
}

#[derive(FromRow)]
struct Row {
    vendor_id: String,
    id: String,
    name: String,
    hint: String,
    scopes: String,
    last_used_at: Option<i64>,
    created_at: i64,
    ends_at: Option<i64>,
    replaced_by: Option<String>,
}

impl TryFrom<Row> for ApiKey {
    type Error = Refusal;
    fn try_from(row: Row) -> Result<ApiKey, Refusal> {
        Ok(ApiKey {
            scopes: Scopes::parse(&row.scopes).map_err(Refusal::damaged)?,
            id: row.id,
            name: row.name,
            hint: row.hint,
            last_used_at: row.last_used_at.map(from_ms),
            created_at: from_ms(row.created_at),
            ends_at: row.ends_at.map(from_ms),
            replaced_by: row.replaced_by,
        })
    }
}

/// Makes a key.
pub async fn create(desk: &mut Desk, name: &str, scopes: &Scopes) -> Result<Made, Refusal> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > MOST_NAME || name.chars().any(char::is_control) {
        return Err(Refusal::field("name", sentence!("refusal-key-name", most = MOST_NAME)));
    }
    let kind = if desk.vendor.is_test { "pk_test_" } else { "pk_live_" };
    let secret = format!("{kind}{}", URL_SAFE_NO_PAD.encode(desk.app.ids.secret::<32>()));
    let (_, last) = secret.split_at(secret.len() - 4);
    let (id, hint) = (desk.new_id("key"), format!("{kind}…{last}"));
    desk.tx
        .run(
            "INSERT INTO api_keys (vendor_id, id, name, hint, secret_hash, scopes, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)",
            (desk.vendor.id.clone(), id.clone(), name.to_owned(), hint.clone(), fingerprint(&secret), scopes.to_string(), desk.now.wall_ms()),
        )
        .await?;
    desk.record("api_key.created", None, &id, json!({ "name": name, "hint": hint, "scopes": scopes.to_string() })).await?;
    Ok(Made { id, secret })
}

/// Every key of the vendor, the newest first, ended ones too.
pub async fn list(desk: &mut Desk) -> Result<Vec<ApiKey>, Refusal> {
    let rows: Vec<Row> = desk
        .tx
        .all(
            "SELECT vendor_id, id, name, hint, scopes, last_used_at, created_at, ends_at, replaced_by FROM api_keys WHERE vendor_id = $1 ORDER BY id DESC",
            (desk.vendor.id.clone(),),
        )
        .await?;
    rows.into_iter().map(ApiKey::try_from).collect()
}

/// Makes a key in the place of another, which goes on until `ends_at` so that every program can be given the new one meanwhile.
pub async fn rotate(desk: &mut Desk, key_id: &str, ends_at: Instant) -> Result<Made, Refusal> {
    let old = load(desk, key_id).await?;
    if old.has_ended(desk.now.wall) {
        return Err(Refusal::Rule(sentence!("refusal-key-ended")));
    }
    if let Some(by) = old.replaced_by {
        return Err(Refusal::Rule(sentence!("refusal-key-replaced", by = by)));
    }
    let made = create(desk, &old.name, &old.scopes).await?;
    desk.tx
        .run(
            "UPDATE api_keys SET ends_at = $3, replaced_by = $4 WHERE vendor_id = $1 AND id = $2",
            (desk.vendor.id.clone(), key_id.to_owned(), ends_at.timestamp_millis(), made.id.clone()),
        )
        .await?;
    desk.record("api_key.rotated", None, key_id, json!({ "replaced_by": made.id, "ends_at": ends_at })).await?;
    Ok(made)
}

/// Shuts a key off from this moment.
pub async fn revoke(desk: &mut Desk, key_id: &str) -> Result<(), Refusal> {
    let old = load(desk, key_id).await?;
    if old.has_ended(desk.now.wall) {
        return Ok(());
    }
    desk.tx.run("UPDATE api_keys SET ends_at = $3 WHERE vendor_id = $1 AND id = $2", (desk.vendor.id.clone(), key_id.to_owned(), desk.now.wall_ms())).await?;
    desk.record("api_key.revoked", None, key_id, json!({ "name": old.name })).await
}

async fn load(desk: &mut Desk, key_id: &str) -> Result<ApiKey, Refusal> {
    let row: Option<Row> = desk
        .tx
        .opt(
            "SELECT vendor_id, id, name, hint, scopes, last_used_at, created_at, ends_at, replaced_by FROM api_keys WHERE vendor_id = $1 AND id = $2",
            (desk.vendor.id.clone(), key_id.to_owned()),
        )
        .await?;
    row.ok_or_else(|| Refusal::Rule(sentence!("refusal-no-key", key = key_id)))?.try_into()
}

/// Who a key speaks for.
#[derive(Clone, Debug)]
pub struct Bearer {
    pub vendor: Arc<Vendor>,
    pub key: ApiKey,
}

impl Bearer {
    pub fn actor(&self) -> Actor {
        Actor::Key(self.key.id.clone())
    }
}

/// Who a key speaks for; `None` where it is no key, or has ended. The one statement here that looks across vendors: the key is what says
/// which. It is looked up each time, so that a revoked one is shut out at once on every instance.
pub async fn bearer(app: &App, secret: &str) -> Result<Option<Bearer>, Refusal> {
    if !["pk_test_", "pk_live_"].iter().any(|kind| secret.starts_with(kind)) {
        return Ok(None);
    }
    let mut tx = app.db.read().await?;
    let row: Option<Row> = tx
        .opt(
            "SELECT vendor_id, id, name, hint, scopes, last_used_at, created_at, ends_at, replaced_by FROM api_keys WHERE secret_hash = $1",
            (fingerprint(secret),),
        )
        .await?;
    drop(tx);
    let Some(row) = row else { return Ok(None) };
    let Some(vendor) = app.vendors().into_iter().find(|vendor| vendor.id == row.vendor_id) else { return Ok(None) };
    let key = ApiKey::try_from(row)?;
    Ok(Some(Bearer { vendor, key }).filter(|bearer| !bearer.key.has_ended(app.clock.wall())))
}

/// Keeps when a key was used, at most once a minute; true where it was written now.
pub async fn touch(app: &App, bearer: &Bearer) -> Result<bool, Refusal> {
    let now_ms = app.clock.wall().timestamp_millis();
    if bearer.key.last_used_at.is_some_and(|at| now_ms - at.timestamp_millis() < USED_EVERY_MS) {
        return Ok(false);
    }
    let mut tx = app.db.write().await?;
    let touched = tx
        .run(
            "UPDATE api_keys SET last_used_at = $3 WHERE vendor_id = $1 AND id = $2 AND (last_used_at IS NULL OR last_used_at <= $4)",
            (bearer.vendor.id.clone(), bearer.key.id.clone(), now_ms, now_ms - USED_EVERY_MS),
        )
        .await?;
    tx.commit().await?;
    Ok(touched == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_read_as_people_write_them() {
        let some = Scopes::parse("usage:write, customers:read").unwrap();
        assert_eq!(some.to_string(), "customers:read usage:write");
        assert!(some.allow(Scope::UsageWrite) && !some.allow(Scope::UsageRead));
        assert!(Scopes::parse("*").unwrap().allow(Scope::EventsRead));
        assert!(Scopes::parse("").is_err() && Scopes::parse("* usage:read").is_err() && Scopes::parse("usage").is_err());
    }
}

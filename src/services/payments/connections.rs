//! A vendor's account at a payment gateway: its keys, sealed at rest, and where it is asked. What is secret is never shown again.
//!
//! What deliberately does not live here: how a gateway is spoken to (`stripe`), and which one a vendor has (`gateways`).

use serde_json::json;
use sqlx::FromRow;

use crate::platform::db::Tx;
use crate::platform::keys::{Keys, Purpose};
use crate::sentence;
use crate::services::vendors::Vendor;
use crate::services::{Desk, Refusal};
use crate::words::Sentence;

use super::gateway::CardEntry;
use super::stripe::keys::{Kind, Mode, PublishableKey, SecretKey, WebhookSecret};
use super::stripe::{API_BASE, NAME};

/// A vendor's Stripe account, as it may be asked.
#[derive(Clone, Debug)]
pub struct Connection {
    /// Scheme and host, without a trailing slash.
    pub api_base: String,
    pub publishable_key: PublishableKey,
    pub secret_key: SecretKey,
    /// `None` until Stripe has been told our address.
    pub webhook_secret: Option<WebhookSecret>,
    pub entry: CardEntry,
}

#[derive(FromRow)]
struct ConnectionRow {
    api_base: String,
    publishable_key: String,
    secret_key: String,
    webhook_secret: Option<String>,
    card_entry: String,
}

impl Connection {
    /// Whether its keys move money at Stripe.
    pub fn is_live(&self) -> bool {
        self.secret_key.mode() == Mode::Live
    }

    /// Whether this is Stripe itself, and no stand-in.
    pub fn is_stripe_itself(&self) -> bool {
        self.api_base == API_BASE
    }

    /// Refused where real customers would meet test keys, a sandbox live ones, or two keys are of different modes. A stand-in for Stripe
    /// at another address moves no money whatever its keys are called.
    pub fn suits(&self, vendor: &Vendor) -> Result<(), Refusal> {
        if self.secret_key.mode() != self.publishable_key.mode() {
            return Err(Refusal::field("publishable_key", sentence!("refusal-gateway-keys-differ")));
        }
        match (self.is_stripe_itself(), vendor.is_test, self.is_live()) {
            (_, true, true) => Err(Refusal::field("secret_key", sentence!("refusal-gateway-live-key"))),
            (true, false, false) => Err(Refusal::field("secret_key", sentence!("refusal-gateway-test-key"))),
            _ => Ok(()),
        }
    }
}

/// As the column and the command line have it.
pub fn entry_name(entry: CardEntry) -> &'static str {
    match entry {
        CardEntry::Page => "page",
        CardEntry::Fields => "fields",
    }
}

/// What a sealed secret belongs to: it does not open in another vendor's row, nor in another column.
fn context<'a>(vendor_id: &'a str, column: &'a str) -> [&'a str; 3] {
    [vendor_id, NAME, column]
}

/// The vendor's connection; `None`: it has none.
pub async fn load(tx: &mut Tx, keys: &Keys, vendor_id: &str) -> Result<Option<Connection>, Refusal> {
    let row: Option<ConnectionRow> = tx
        .opt(
            "SELECT api_base, publishable_key, secret_key, webhook_secret, card_entry FROM gateway_connections WHERE vendor_id = $1 AND gateway = $2",
            (vendor_id.to_owned(), NAME),
        )
        .await?;
    let Some(row) = row else { return Ok(None) };
    let open = |column: &str, sealed: &str| -> Result<String, Refusal> {
        let plain = keys.open(Purpose::Gateway, &context(vendor_id, column), sealed).map_err(Refusal::damaged)?;
        String::from_utf8(plain).map_err(Refusal::damaged)
    };
    let entry = match row.card_entry.as_str() {
        "page" => CardEntry::Page,
        "fields" => CardEntry::Fields,
        other => return Err(Refusal::damaged(format!("cards of {vendor_id} are typed in on “{other}”"))),
    };
    Ok(Some(Connection {
        api_base: row.api_base,
        publishable_key: PublishableKey::parse(&row.publishable_key)?,
        secret_key: SecretKey::parse(&open("secret_key", &row.secret_key)?)?,
        webhook_secret: row.webhook_secret.map(|sealed| WebhookSecret::parse(&open("webhook_secret", &sealed)?)).transpose()?,
        entry,
    }))
}

/// What is to be different from now on; `None`: it stays.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    pub api_base: Option<String>,
    pub publishable_key: Option<PublishableKey>,
    pub secret_key: Option<SecretKey>,
    pub webhook_secret: Option<WebhookSecret>,
    pub entry: Option<CardEntry>,
}

/// Connects the desk's vendor, or changes how it is connected.
pub async fn change(desk: &mut Desk, changes: Changes) -> Result<(), Refusal> {
    let app = desk.app.clone();
    let vendor_id = desk.vendor.id.clone();
    let now = load(&mut desk.tx, &app.config.keys, &vendor_id).await?;
    let missing = |field: &'static str, sentence: Sentence| Refusal::field(field, sentence);
    let api_base = match changes.api_base {
        Some(base) => checked_base(&base)?,
        None => now.as_ref().map_or_else(|| API_BASE.to_owned(), |now| now.api_base.clone()),
    };
    let connection = Connection {
        api_base,
        secret_key: changes
            .secret_key
            .or_else(|| now.as_ref().map(|now| now.secret_key.clone()))
            .ok_or_else(|| missing("secret_key", sentence!("refusal-gateway-no-secret-key")))?,
        publishable_key: changes
            .publishable_key
            .or_else(|| now.as_ref().map(|now| now.publishable_key.clone()))
            .ok_or_else(|| missing("publishable_key", sentence!("refusal-gateway-no-publishable-key")))?,
        webhook_secret: changes.webhook_secret.or_else(|| now.as_ref().and_then(|now| now.webhook_secret.clone())),
        entry: changes.entry.or(now.map(|now| now.entry)).unwrap_or(CardEntry::Page),
    };
    save(desk, &connection).await
}

/// Scheme and host alone. In the open secrets may only go to this machine.
fn checked_base(base: &str) -> Result<String, Refusal> {
    let base = base.trim_end_matches('/');
    let host = |rest: &str| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':' | b'[' | b']'));
    let is_loopback =
        |rest: &str| ["127.0.0.1", "localhost", "[::1]"].iter().any(|name| rest == *name || rest.strip_prefix(name).is_some_and(|rest| rest.starts_with(':')));
    let is_good = base.strip_prefix("https://").is_some_and(host) || base.strip_prefix("http://").is_some_and(|rest| host(rest) && is_loopback(rest));
    if is_good { Ok(base.to_owned()) } else { Err(Refusal::field("api_base", sentence!("refusal-gateway-base"))) }
}

/// Where a vendor's gateway tells us by itself. By the vendor's id and not by its host: it must stay when the host changes, and it may be
/// reached by any.
pub fn notices_url(public_url: &str, vendor: &Vendor) -> String {
    format!("{}{}", vendor.host.as_ref().map_or_else(|| public_url.to_owned(), |host| format!("https://{host}")), notices_path(&vendor.id))
}

/// The path of it.
pub fn notices_path(vendor_id: &str) -> String {
    format!("/webhooks/stripe/{vendor_id}")
}

async fn save(desk: &mut Desk, connection: &Connection) -> Result<(), Refusal> {
    connection.suits(&desk.vendor)?;
    let app = desk.app.clone();
    let vendor_id = desk.vendor.id.clone();
    let seal = |column: &str, plain: &str| app.config.keys.seal(&app.ids, Purpose::Gateway, &context(&vendor_id, column), plain.as_bytes());
    desk.tx
        .run(
            "INSERT INTO gateway_connections (vendor_id, gateway, api_base, publishable_key, secret_key, key_hint, webhook_secret, card_entry, created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)
             ON CONFLICT (vendor_id, gateway) DO UPDATE SET api_base = excluded.api_base, publishable_key = excluded.publishable_key, secret_key = excluded.secret_key,
                key_hint = excluded.key_hint, webhook_secret = excluded.webhook_secret, card_entry = excluded.card_entry, updated_at = excluded.updated_at",
            (
                vendor_id.clone(), NAME, connection.api_base.clone(), connection.publishable_key.text().to_owned(), seal("secret_key", connection.secret_key.reveal()),
                connection.secret_key.hint(), connection.webhook_secret.as_ref().map(|secret| seal("webhook_secret", secret.reveal())), entry_name(connection.entry),
                desk.now.wall_ms(),
            ),
        )
        .await?;
    let data = json!({ "gateway": NAME, "key": connection.secret_key.hint(), "is_live": connection.is_live(), "is_restricted": connection.secret_key.kind() == Kind::Restricted });
    desk.record("gateway.connected", None, &vendor_id, data).await
}

/// Lets the desk's vendor go from its gateway: what was charged there stays there, and can't be asked about until it is connected again.
pub async fn remove(desk: &mut Desk) -> Result<(), Refusal> {
    let vendor_id = desk.vendor.id.clone();
    let removed = desk.tx.run("DELETE FROM gateway_connections WHERE vendor_id = $1 AND gateway = $2", (vendor_id.clone(), NAME)).await?;
    if removed == 0 {
        return Err(Refusal::Rule(sentence!("refusal-gateway-not-connected")));
    }
    desk.record("gateway.disconnected", None, &vendor_id, json!({ "gateway": NAME })).await
}

//! Signing in: a password, then a second factor. Between the two lies a short-lived record of its own that is no session: it opens nothing
//! but the next step.
//!
//! Whether an account exists shows neither in an answer nor in its time: the same statements run, the same hash is computed, failures
//! are counted alike.

use sqlx::FromRow;
use std::sync::Arc;

use axum::http::HeaderMap;
use serde_json::json;

use crate::app::App;
use crate::identity::cookies::{self, Outgoing};
use crate::identity::factor::{self, Accepts, Factor, Wrong};
use crate::identity::password::Busy;
use crate::identity::session::{self, Beginning, Transport, new_token};
use crate::identity::throttle::{self, Bucket, Guess, Leave, Place};
use crate::identity::{enrolment, people};
use crate::platform::db::{DbError, DbResult, Tx};
use crate::platform::keys::fingerprint;
use crate::platform::request::{ClientIp, user_agent};
use crate::services::messages::{self, KeptFor, Letter, To};
use crate::services::vendors::Vendor;
use crate::services::{Actor, Desk, Refusal};

/// How long the second step may take.
const STEP_MS: i64 = 10 * 60 * 1000;
/// Enrolling takes longer: an app may have to be installed first.
const ENROL_MS: i64 = 60 * 60 * 1000;

/// What the record between two steps waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The second factor.
    Code,
    /// There is none yet: it must be enrolled before anything else.
    Enrol,
}

impl Step {
    fn column(self) -> &'static str {
        match self {
            Step::Code => "code",
            Step::Enrol => "enrol",
        }
    }
}

/// A password was right; the second step is to come.
#[derive(Clone, Debug)]
pub struct Pending {
    pub id: String,
    pub identity_id: String,
    pub email: String,
    pub name: String,
    pub step: Step,
    /// Where to go afterwards: a path of ours.
    pub next: String,
}

/// Why a password was not taken.
#[derive(Debug)]
pub enum NotThis {
    /// No such account, or not its password: never told apart.
    Wrong,
    Wait {
        until: i64,
    },
    ShutOff,
    Busy,
    Failed(Refusal),
}

impl From<DbError> for NotThis {
    fn from(error: DbError) -> NotThis {
        NotThis::Failed(error.into())
    }
}

impl From<Refusal> for NotThis {
    fn from(refusal: Refusal) -> NotThis {
        NotThis::Failed(refusal)
    }
}

/// How an address is kept and compared.
pub fn normal_email(typed: &str) -> String {
    typed.trim().to_lowercase()
}

#[derive(FromRow)]
struct Account {
    id: String,
    password_hash: Option<String>,
    is_enrolled: bool,
}

/// The first step. On success the browser holds the token of the second.
pub async fn give_password(app: &App, vendor: &Arc<Vendor>, from: Browser<'_>, email: &str, password: &str, next: &str) -> Result<Step, NotThis> {
    let email = normal_email(email);
    let now_ms = app.clock.wall().timestamp_millis();
    let device_hash = cookies::read(from.headers, cookies::DEVICE).map(|token| fingerprint(&token)).unwrap_or_default();
    let mut tx = app.db.write().await?;
    let account: Option<Account> = tx
        .opt(
            "SELECT id, password_hash, totp_secret IS NOT NULL AS is_enrolled FROM identities WHERE vendor_id = $1 AND email = $2",
            (vendor.id.clone(), email.clone()),
        )
        .await?;
    let device: Option<(String,)> = tx
        .opt(
            "SELECT id FROM devices WHERE vendor_id = $1 AND identity_id = $2 AND token_hash = $3",
            (vendor.id.clone(), account.as_ref().map(|a| a.id.clone()).unwrap_or_default(), device_hash),
        )
        .await?;
    let place = device.map_or(Place::Anywhere, |(id,)| Place::Device(id));
    let bucket = Bucket::new(Guess::Password, &email, &place);
    let mut leave = throttle::attempt(&mut tx, &vendor.id, &bucket, now_ms).await?;
    let spray = Bucket::of_network(Guess::Spray, from.ip, &app.config).filter(|_| place == Place::Anywhere);
    if let (Leave::Granted, Some(spray)) = (leave, &spray) {
        leave = throttle::attempt(&mut tx, &vendor.id, spray, now_ms).await?;
        if leave != Leave::Granted {
            throttle::uncount(&mut tx, &vendor.id, &bucket).await?;
        }
    }
    tx.commit().await?;
    match leave {
        Leave::Granted => {}
        Leave::Wait { until } => return Err(NotThis::Wait { until }),
        Leave::ShutOff => return Err(NotThis::ShutOff),
    }
    let stored = account.as_ref().and_then(|a| a.password_hash.as_deref());
    let verdict = match app.passwords.check(password, stored).await {
        Ok(verdict) => verdict,
        Err(Busy) => {
            // Nobody looked at it.
            let mut tx = app.db.write().await?;
            throttle::uncount(&mut tx, &vendor.id, &bucket).await?;
            if let Some(spray) = &spray {
                throttle::uncount(&mut tx, &vendor.id, spray).await?;
            }
            tx.commit().await?;
            return Err(NotThis::Busy);
        }
    };
    let Some(account) = account.filter(|_| verdict.is_right) else {
        tracing::warn!(factor = "password", outcome = "wrong", "sign-in failed");
        return Err(NotThis::Wrong);
    };
    let fresh_hash = if verdict.is_outdated { app.passwords.hash(&app.ids, password).await.ok() } else { None };
    let step = if account.is_enrolled { Step::Code } else { Step::Enrol };
    let mut tx = app.db.write().await?;
    throttle::forgive(&mut tx, &vendor.id, &bucket).await?;
    if let Some(spray) = &spray {
        // Only this attempt: an account of one's own must not clear what was tried on others.
        throttle::uncount(&mut tx, &vendor.id, spray).await?;
    }
    if let Some(hash) = fresh_hash {
        tx.run(
            "UPDATE identities SET password_hash = $3 WHERE vendor_id = $1 AND id = $2 AND password_hash = $4",
            (vendor.id.clone(), account.id.clone(), hash, account.password_hash),
        )
        .await?;
    }
    let token = begin(&mut tx, app, vendor, &account.id, step, next, now_ms).await?;
    tx.commit().await?;
    from.outgoing.set(cookies::SIGN_IN, &token);
    Ok(step)
}

/// Makes the record between two steps; what is left of earlier ones goes. An enrolment is offered a seed of its own and ends every other:
/// nobody enrols a seed that somebody else was shown.
pub(super) async fn begin(tx: &mut Tx, app: &App, vendor: &Vendor, identity_id: &str, step: Step, next: &str, now_ms: i64) -> DbResult<String> {
    tx.run(
        "DELETE FROM sign_ins WHERE vendor_id = $1 AND identity_id = $2 AND (expires_at <= $3 OR step = $4)",
        (vendor.id.clone(), identity_id.to_owned(), now_ms, Step::Enrol.column()),
    )
    .await?;
    if step == Step::Enrol {
        enrolment::offer_seed(tx, app, vendor, identity_id).await?;
    }
    let token = new_token(&app.ids);
    let lasts = match step {
        Step::Code => STEP_MS,
        Step::Enrol => ENROL_MS,
    };
    tx.run(
        "INSERT INTO sign_ins (vendor_id, id, identity_id, token_hash, step, next, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        (vendor.id.clone(), app.ids.next("sgn", now_ms), identity_id.to_owned(), fingerprint(&token), step.column(), next.to_owned(), now_ms, now_ms + lasts),
    )
    .await?;
    Ok(token)
}

/// Ends every step under way of a person: what a password or a factor opened that is not theirs any more leads nowhere.
pub(super) async fn end_all(tx: &mut Tx, vendor_id: &str, identity_id: &str) -> DbResult<()> {
    tx.run("DELETE FROM sign_ins WHERE vendor_id = $1 AND identity_id = $2", (vendor_id.to_owned(), identity_id.to_owned())).await?;
    Ok(())
}

#[derive(FromRow)]
struct PendingRow {
    id: String,
    identity_id: String,
    email: String,
    name: String,
    step: String,
    next: String,
}

/// The step a browser is at, from its cookie. Who has enrolled is not at enrolling any more, whatever their record says.
pub async fn pending(tx: &mut Tx, app: &App, vendor: &Vendor, headers: &HeaderMap) -> DbResult<Option<Pending>> {
    let Some(token) = cookies::read(headers, cookies::SIGN_IN) else { return Ok(None) };
    let row: Option<PendingRow> = tx
        .opt(
            "SELECT s.id, s.identity_id, i.email, i.name, s.step, s.next FROM sign_ins s JOIN identities i ON i.vendor_id = s.vendor_id AND i.id = s.identity_id
             WHERE s.vendor_id = $1 AND s.token_hash = $2 AND s.expires_at > $3 AND (s.step <> $4 OR i.totp_secret IS NULL)",
            (vendor.id.clone(), fingerprint(&token), app.clock.wall().timestamp_millis(), Step::Enrol.column()),
        )
        .await?;
    Ok(row.map(|row| Pending {
        step: if row.step == Step::Code.column() { Step::Code } else { Step::Enrol },
        id: row.id,
        identity_id: row.identity_id,
        email: row.email,
        name: row.name,
        next: row.next,
    }))
}

/// The browser a step comes from.
pub struct Browser<'a> {
    pub headers: &'a HeaderMap,
    pub ip: ClientIp,
    pub outgoing: &'a Outgoing,
}

/// The second step: a good code begins the session.
pub async fn give_code(app: &App, vendor: &Arc<Vendor>, pending: &Pending, code: &str, from: Browser<'_>) -> Result<Factor, Wrong> {
    let mut desk = Desk::write(app, vendor, Actor::Identity(pending.identity_id.clone())).await?;
    let place = device_of(&mut desk.tx, vendor, &pending.identity_id, from.headers).await?.map_or(Place::Anywhere, Place::Device);
    let given = match factor::check(&mut desk.tx, app, vendor, &pending.identity_id, &place, Accepts::Either, code).await {
        Ok(given) => given,
        Err(Wrong::Failed(refusal)) => return Err(Wrong::Failed(refusal)),
        Err(wrong) => {
            tracing::warn!(identity = %pending.identity_id, factor = "code", outcome = ?wrong, "sign-in failed");
            // The failure must stay counted.
            desk.commit().await?;
            return Err(wrong);
        }
    };
    if let Factor::Recovery { left } = given {
        people::note_recovery_code_used(&mut desk, &pending.identity_id, left).await?;
    }
    if !complete(&mut desk, pending, from).await? {
        return Err(Wrong::Used);
    }
    desk.commit().await?;
    Ok(given)
}

/// Ends the record between the steps and begins the session, on a device known from now on. False: another request was faster.
pub(super) async fn complete(desk: &mut Desk, pending: &Pending, from: Browser<'_>) -> Result<bool, Refusal> {
    let app = desk.app.clone();
    let vendor = desk.vendor.clone();
    let now_ms = desk.now.wall_ms();
    let ended = desk.tx.run("DELETE FROM sign_ins WHERE vendor_id = $1 AND id = $2", (vendor.id.clone(), pending.id.clone())).await?;
    if ended != 1 {
        return Ok(false);
    }
    let user_agent = user_agent(from.headers);
    let ip = from.ip.to_string();
    let (device_id, is_new) = know_device(desk, &pending.identity_id, &from).await?;
    if is_new {
        let letter = Letter::NewDevice { user_agent: user_agent.chars().take(200).collect(), ip: ip.clone() };
        let to = To { email: &pending.email, name: &pending.name, kept: KeptFor::Person(&pending.identity_id) };
        messages::leave(desk, to, &letter).await?;
    }
    // Whoever was signed in on this browser before is not any more.
    if let Some(token) = cookies::read(from.headers, cookies::SESSION) {
        session::end_by_token(&mut desk.tx, &vendor.id, &token).await?;
    }
    let at: Option<(Option<String>,)> = desk
        .tx
        .opt(
            "SELECT COALESCE(MAX(CASE WHEN m.customer_id = i.last_customer_id THEN m.customer_id END), MIN(m.customer_id))
             FROM members m JOIN identities i ON i.vendor_id = m.vendor_id AND i.id = m.identity_id WHERE m.vendor_id = $1 AND m.identity_id = $2",
            (vendor.id.clone(), pending.identity_id.clone()),
        )
        .await?;
    let customer_id = at.and_then(|(id,)| id);
    let beginning = Beginning {
        identity_id: &pending.identity_id,
        customer_id: customer_id.as_deref(),
        device_id: Some(&device_id),
        user_agent,
        ip: &ip,
        factor_at: now_ms,
    };
    let (session_id, token) = session::begin(&mut desk.tx, &app, &vendor, Transport::Lax, beginning, now_ms).await?;
    desk.record("identity.signed_in", customer_id.as_deref(), &pending.identity_id, json!({ "session": session_id, "new_device": is_new })).await?;
    from.outgoing.clear(cookies::SIGN_IN);
    Transport::Lax.give(from.outgoing, &token);
    Ok(true)
}

async fn device_of(tx: &mut Tx, vendor: &Vendor, identity_id: &str, headers: &HeaderMap) -> DbResult<Option<String>> {
    let Some(token) = cookies::read(headers, cookies::DEVICE) else { return Ok(None) };
    let row: Option<(String,)> = tx
        .opt(
            "SELECT id FROM devices WHERE vendor_id = $1 AND identity_id = $2 AND token_hash = $3",
            (vendor.id.clone(), identity_id.to_owned(), fingerprint(&token)),
        )
        .await?;
    Ok(row.map(|(id,)| id))
}

/// The device of this sign-in, and whether the person (who had others) is new to it. A browser keeps its token for all who use it; one
/// we did not give is not taken.
async fn know_device(desk: &mut Desk, identity_id: &str, from: &Browser<'_>) -> Result<(String, bool), Refusal> {
    let vendor_id = desk.vendor.id.clone();
    let now_ms = desk.now.wall_ms();
    if let Some(id) = device_of(&mut desk.tx, &desk.vendor, identity_id, from.headers).await? {
        desk.tx.run("UPDATE devices SET last_seen_at = $3 WHERE vendor_id = $1 AND id = $2", (vendor_id, id.clone(), now_ms)).await?;
        return Ok((id, false));
    }
    let mut token = None;
    if let Some(held) = cookies::read(from.headers, cookies::DEVICE) {
        let given: (i64,) =
            desk.tx.one("SELECT COUNT(*) FROM devices WHERE vendor_id = $1 AND token_hash = $2", (vendor_id.clone(), fingerprint(&held))).await?;
        token = (given.0 > 0).then_some(held);
    }
    let token = token.unwrap_or_else(|| new_token(&desk.app.ids));
    let (others,): (i64,) =
        desk.tx.one("SELECT COUNT(*) FROM devices WHERE vendor_id = $1 AND identity_id = $2", (vendor_id.clone(), identity_id.to_owned())).await?;
    let id = desk.new_id("dev");
    desk.tx
        .run(
            "INSERT INTO devices (vendor_id, id, identity_id, token_hash, created_at, last_seen_at) VALUES ($1, $2, $3, $4, $5, $5)",
            (vendor_id, id.clone(), identity_id.to_owned(), fingerprint(&token), now_ms),
        )
        .await?;
    from.outgoing.set_device(&token);
    Ok((id, others > 0))
}

/// Ends the session of a browser, whoever's it is.
pub async fn sign_out(app: &App, vendor: &Vendor, headers: &HeaderMap, outgoing: &Outgoing) -> DbResult<()> {
    let transport = Transport::of(headers);
    if let Some(token) = transport.token(headers) {
        let mut tx = app.db.write().await?;
        session::end_by_token(&mut tx, &vendor.id, &token).await?;
        tx.commit().await?;
    }
    transport.take(outgoing);
    if !transport.is_framed() {
        outgoing.clear(cookies::SIGN_IN);
    }
    Ok(())
}

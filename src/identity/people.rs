//! People's sign-ins: invitations, passwords, recovery codes, sessions ended, and the notices by mail that follow each change. The demo and
//! the tests call these same actions.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::FromRow;

use crate::app::App;
use crate::identity::Member;
use crate::identity::link::{self, Link, LinkKind};
use crate::identity::password::{self, Busy, Weak};
use crate::identity::recovery;
use crate::identity::session;
use crate::identity::sign_in::{self, Pending, Step, normal_email};
use crate::identity::step_up::Fresh;
use crate::identity::throttle::{self, Bucket, Guess, Leave, Place};
use crate::identity::totp::{self, Seed};
use crate::platform::db::{DbError, DbResult, Tx};
use crate::platform::request::ClientIp;
use crate::sentence;
use crate::services::customers::{self, Role};
use crate::services::messages::{self, KeptFor, Letter, To};
use crate::services::vendors::Vendor;
use crate::services::{Actor, Desk, Refusal};

/// Who is asked to join, and as what.
#[derive(Clone, Debug)]
pub struct Invitation<'a> {
    pub email: &'a str,
    pub name: &'a str,
    /// The customer they become a member of; `None` for the vendor's staff.
    pub customer: Option<(&'a str, Role)>,
}

/// What came of an invitation.
#[derive(Clone, Debug)]
pub struct Invited {
    pub identity_id: String,
    /// Token of the link in the mail; `None` where the person has a password already and was only made a member.
    pub token: Option<String>,
}

/// The outbox kind of [`ResetRequest`].
pub const RESET_REQUEST: &str = "reset_request";

/// Somebody asked for a reset link; whether the address has an account is looked up outside their request.
#[derive(Debug, Serialize, Deserialize)]
pub struct ResetRequest {
    pub email: String,
}

#[derive(Debug)]
pub enum PasswordRefusal {
    Weak(Weak),
    /// The password given as the present one is not.
    WrongPresent,
    Wait {
        until: i64,
    },
    ShutOff,
    /// The link was used, has expired, or never was one.
    DeadLink,
    Busy,
    Failed(Refusal),
}

impl From<Busy> for PasswordRefusal {
    fn from(_: Busy) -> PasswordRefusal {
        PasswordRefusal::Busy
    }
}

impl From<DbError> for PasswordRefusal {
    fn from(error: DbError) -> PasswordRefusal {
        PasswordRefusal::Failed(error.into())
    }
}

impl From<Refusal> for PasswordRefusal {
    fn from(refusal: Refusal) -> PasswordRefusal {
        PasswordRefusal::Failed(refusal)
    }
}

#[derive(FromRow)]
struct Person {
    id: String,
    email: String,
    name: String,
    password_hash: Option<String>,
}

/// A message about their sign-in, for them alone.
async fn tell(desk: &mut Desk, person: &Person, letter: &Letter) -> Result<(), Refusal> {
    messages::leave(desk, To { email: &person.email, name: &person.name, kept: KeptFor::Person(&person.id) }, letter).await
}

pub(super) fn to_member(member: &Member) -> To<'_> {
    To { email: &member.email, name: &member.name, kept: KeptFor::Person(&member.identity_id) }
}

async fn by_email(tx: &mut Tx, vendor_id: &str, email: &str) -> DbResult<Option<Person>> {
    tx.opt("SELECT id, email, name, password_hash FROM identities WHERE vendor_id = $1 AND email = $2", (vendor_id.to_owned(), email.to_owned())).await
}

async fn by_id(tx: &mut Tx, vendor_id: &str, identity_id: &str) -> Result<Person, Refusal> {
    tx.opt("SELECT id, email, name, password_hash FROM identities WHERE vendor_id = $1 AND id = $2", (vendor_id.to_owned(), identity_id.to_owned()))
        .await?
        .ok_or(Refusal::NotFound)
}

/// Refuses what can be nobody's address, at the field it was typed in.
pub fn check_email(email: &str, field: &'static str) -> Result<(), Refusal> {
    if is_email(&normal_email(email)) { Ok(()) } else { Err(Refusal::field(field, sentence!("refusal-email"))) }
}

/// Makes the person's sign-in where there is none, makes them a member, and mails the link that sets their first password.
pub async fn invite(desk: &mut Desk, invitation: Invitation<'_>) -> Result<Invited, Refusal> {
    check_email(invitation.email, "email")?;
    let email = normal_email(invitation.email);
    let vendor_id = desk.vendor.id.clone();
    let now_ms = desk.now.wall_ms();
    let id = desk.new_id("idn");
    desk.tx
        .run(
            "INSERT INTO identities (vendor_id, id, email, name, totp_last_step, created_at) VALUES ($1, $2, $3, $4, 0, $5) ON CONFLICT (vendor_id, email) DO NOTHING",
            (vendor_id.clone(), id, email.clone(), invitation.name.trim().to_owned(), now_ms),
        )
        .await?;
    let person = by_email(&mut desk.tx, &vendor_id, &email).await?.ok_or(Refusal::NotFound)?;
    let mut customer_name = None;
    if let Some((customer_id, role)) = invitation.customer {
        customer_name = Some(customers::load(desk, customer_id).await?.name);
        customers::add_member(desk, customer_id, &person.id, role).await?;
    }
    desk.record("identity.invited", invitation.customer.map(|(id, _)| id), &person.id, json!({ "email": email })).await?;
    let token = if person.password_hash.is_none() { Some(link::make(desk, &person.id, LinkKind::Invitation).await?) } else { None };
    let link = token.as_ref().map(|token| format!("{}/invitation?token={token}", desk.app.config.public_url));
    tell(desk, &person, &Letter::Invitation { customer: customer_name, link }).await?;
    Ok(Invited { identity_id: person.id, token })
}

/// Makes somebody the vendor's staff, inviting them.
pub async fn invite_staff(desk: &mut Desk, email: &str, name: &str, role: &str) -> Result<Invited, Refusal> {
    let invited = invite(desk, Invitation { email, name, customer: None }).await?;
    let id = desk.new_id("stf");
    desk.tx
        .run(
            "INSERT INTO staff (vendor_id, id, identity_id, role, created_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (vendor_id, identity_id) DO UPDATE SET role = excluded.role",
            (desk.vendor.id.clone(), id, invited.identity_id.clone(), role.to_owned(), desk.now.wall_ms()),
        )
        .await?;
    Ok(invited)
}

/// Sets the first password by the link of an invitation, and offers a seed to enrol. The token returned names the step that follows.
pub async fn accept_invitation(app: &App, vendor: &Arc<Vendor>, token: &str, password: &str) -> Result<(Pending, String), PasswordRefusal> {
    set_by_link(app, vendor, LinkKind::Invitation, token, password).await
}

/// Sets another password by the link of a reset. Every session ends; the second factor is asked as ever.
pub async fn reset_password(app: &App, vendor: &Arc<Vendor>, token: &str, password: &str) -> Result<(Pending, String), PasswordRefusal> {
    set_by_link(app, vendor, LinkKind::Reset, token, password).await
}

async fn set_by_link(app: &App, vendor: &Arc<Vendor>, kind: LinkKind, token: &str, password: &str) -> Result<(Pending, String), PasswordRefusal> {
    let now_ms = app.clock.wall().timestamp_millis();
    let mut tx = app.db.read().await?;
    let link: Link = link::look(&mut tx, &vendor.id, kind, token, now_ms).await?.ok_or(PasswordRefusal::DeadLink)?;
    drop(tx);
    password::judge(password, &[&link.email, &link.name, &vendor.name]).map_err(PasswordRefusal::Weak)?;
    let hash = app.passwords.hash(&app.ids, password).await?;
    let mut desk = Desk::write(app, vendor, Actor::Identity(link.identity_id.clone())).await?;
    if !link::spend(&mut desk.tx, &vendor.id, &link, now_ms).await? {
        return Err(PasswordRefusal::DeadLink);
    }
    set_password(&mut desk, &link.identity_id, &link.email, hash).await?;
    session::end_others(&mut desk.tx, &vendor.id, &link.identity_id, None).await?;
    let (is_enrolled,): (bool,) =
        desk.tx.one("SELECT totp_secret IS NOT NULL FROM identities WHERE vendor_id = $1 AND id = $2", (vendor.id.clone(), link.identity_id.clone())).await?;
    let step = if is_enrolled { Step::Code } else { Step::Enrol };
    let step_token = sign_in::begin(&mut desk.tx, app, vendor, &link.identity_id, step, "/", now_ms).await?;
    desk.record("identity.password_set", None, &link.identity_id, json!({ "by": if kind == LinkKind::Reset { "reset" } else { "invitation" } })).await?;
    if kind == LinkKind::Reset {
        let to = To { email: &link.email, name: &link.name, kept: KeptFor::Person(&link.identity_id) };
        messages::leave(&mut desk, to, &Letter::PasswordChanged).await?;
    }
    let id: (String,) = desk
        .tx
        .one("SELECT id FROM sign_ins WHERE vendor_id = $1 AND token_hash = $2", (vendor.id.clone(), crate::platform::keys::fingerprint(&step_token)))
        .await?;
    desk.commit().await?;
    Ok((Pending { id: id.0, identity_id: link.identity_id, email: link.email, name: link.name, step, next: "/".to_owned() }, step_token))
}

/// Binds the password anew: sign-ins begun with the old one end, a seed offered to who knew it is withdrawn, and what failures on the old
/// one delayed or shut off works again.
async fn set_password(desk: &mut Desk, identity_id: &str, email: &str, hash: String) -> DbResult<()> {
    let vendor_id = desk.vendor.id.clone();
    desk.tx
        .run(
            "UPDATE identities SET password_hash = $3, totp_pending = NULL WHERE vendor_id = $1 AND id = $2",
            (vendor_id.clone(), identity_id.to_owned(), hash),
        )
        .await?;
    sign_in::end_all(&mut desk.tx, &vendor_id, identity_id).await?;
    throttle::forgive_everywhere(&mut desk.tx, &vendor_id, Guess::Password, email, identity_id).await
}

/// Asks for a reset link. What is done here is the same for every address; the worker looks whose it is. What is returned is about the
/// network alone that asks: an address that was asked for too often is silently left alone.
pub async fn ask_reset(app: &App, vendor: &Arc<Vendor>, from: ClientIp, email: &str) -> Result<Leave, Refusal> {
    let email = normal_email(email);
    let mut desk = Desk::write(app, vendor, Actor::System).await?;
    let now_ms = desk.now.wall_ms();
    if let Some(network) = Bucket::of_network(Guess::MailSpray, from, &app.config) {
        let leave = throttle::attempt(&mut desk.tx, &vendor.id, &network, now_ms).await?;
        if leave != Leave::Granted {
            return Ok(leave);
        }
    }
    let bucket = Bucket::new(Guess::Mail, &email, &Place::Anywhere);
    if throttle::attempt(&mut desk.tx, &vendor.id, &bucket, now_ms).await? == Leave::Granted {
        desk.leave(RESET_REQUEST, &ResetRequest { email }).await?;
    }
    desk.commit().await?;
    Ok(Leave::Granted)
}

/// The worker's part of a reset: a link by mail, where the address has an account with a password.
pub async fn send_reset(desk: &mut Desk, email: &str) -> Result<(), Refusal> {
    let Some(person) = by_email(&mut desk.tx, &desk.vendor.id, email).await? else { return Ok(()) };
    // Who never accepted an invitation gets that again: there is no password to reset.
    let kind = if person.password_hash.is_some() { LinkKind::Reset } else { LinkKind::Invitation };
    let token = link::make(desk, &person.id, kind).await?;
    let public_url = &desk.app.config.public_url;
    let letter = match kind {
        LinkKind::Reset => Letter::Reset { link: format!("{public_url}/reset-password?token={token}") },
        LinkKind::Invitation => Letter::Invitation { customer: None, link: Some(format!("{public_url}/invitation?token={token}")) },
    };
    tell(desk, &person, &letter).await
}

/// Changes the password of somebody who knows the present one.
pub async fn change_password(app: &App, member: &Member, _fresh: Fresh, present: &str, new: &str) -> Result<(), PasswordRefusal> {
    password::judge(new, &[&member.email, &member.name, &member.vendor.name]).map_err(PasswordRefusal::Weak)?;
    let now_ms = app.clock.wall().timestamp_millis();
    let bucket = Bucket::new(Guess::Password, &member.email, &member.place());
    let mut tx = app.db.write().await?;
    let leave = throttle::attempt(&mut tx, &member.vendor.id, &bucket, now_ms).await?;
    let person = by_id(&mut tx, &member.vendor.id, &member.identity_id).await?;
    tx.commit().await?;
    match leave {
        Leave::Granted => {}
        Leave::Wait { until } => return Err(PasswordRefusal::Wait { until }),
        Leave::ShutOff => return Err(PasswordRefusal::ShutOff),
    }
    let hashed = async {
        let is_right = app.passwords.check(present, person.password_hash.as_deref()).await?.is_right;
        Ok::<_, Busy>(if is_right { Some(app.passwords.hash(&app.ids, new).await?) } else { None })
    };
    let hash = match hashed.await {
        Ok(Some(hash)) => hash,
        Ok(None) => return Err(PasswordRefusal::WrongPresent),
        Err(Busy) => {
            // Nobody looked at it.
            let mut tx = app.db.write().await?;
            throttle::uncount(&mut tx, &member.vendor.id, &bucket).await?;
            tx.commit().await?;
            return Err(PasswordRefusal::Busy);
        }
    };
    let mut desk = member.writes(app).await?;
    set_password(&mut desk, &member.identity_id, &person.email, hash).await?;
    desk.record("identity.password_changed", Some(&member.customer_id), &member.identity_id, json!({})).await?;
    tell(&mut desk, &person, &Letter::PasswordChanged).await?;
    let token = secure(&mut desk, member, member.factor_at()).await?;
    desk.commit().await?;
    member.renewed(&token, member.factor_at());
    Ok(())
}

/// Ten new recovery codes, returned this once; the old ones end.
pub async fn new_recovery_codes(app: &App, member: &Member, _fresh: Fresh) -> Result<Vec<String>, Refusal> {
    let mut desk = member.writes(app).await?;
    let now_ms = desk.now.wall_ms();
    let codes = recovery::replace(&mut desk.tx, app, &member.vendor, &member.identity_id, now_ms).await?;
    desk.record("identity.recovery_codes_renewed", Some(&member.customer_id), &member.identity_id, json!({})).await?;
    messages::leave(&mut desk, to_member(member), &Letter::RecoveryCodesRenewed).await?;
    desk.commit().await?;
    Ok(codes)
}

/// Ends one of the member's sessions, this one included.
pub async fn end_session(app: &App, member: &Member, _fresh: Fresh, session_id: &str) -> Result<(), Refusal> {
    let mut desk = member.writes(app).await?;
    if !session::end(&mut desk.tx, &member.vendor.id, &member.identity_id, session_id).await? {
        return Err(Refusal::NotFound);
    }
    desk.record("identity.session_ended", None, &member.identity_id, json!({ "session": session_id })).await?;
    desk.commit().await?;
    if session_id == member.session_id() {
        member.ended();
    }
    Ok(())
}

/// Ends all of the member's sessions but this one.
pub async fn end_other_sessions(app: &App, member: &Member, _fresh: Fresh) -> Result<u64, Refusal> {
    let mut desk = member.writes(app).await?;
    let ended = session::end_others(&mut desk.tx, &member.vendor.id, &member.identity_id, Some(member.session_id())).await?;
    desk.record("identity.sessions_ended", None, &member.identity_id, json!({ "sessions": ended })).await?;
    desk.commit().await?;
    Ok(ended)
}

/// Turns the member to another of their customers.
pub async fn switch_customer(app: &App, member: &Member, customer_id: &str) -> Result<(), Refusal> {
    if customer_id == member.customer_id {
        return Ok(());
    }
    if !member.others.iter().any(|other| other.customer_id == customer_id) {
        return Err(Refusal::NotFound);
    }
    let mut desk = member.writes(app).await?;
    let token = session::switch(&mut desk.tx, &app.ids, &member.vendor, &member.session(), customer_id).await?;
    desk.commit().await?;
    if let Some(token) = token {
        member.renewed(&token, member.factor_at());
    }
    Ok(())
}

/// After a factor changed: other sessions and sign-ins under way end, and this one gets a new token.
pub(super) async fn secure(desk: &mut Desk, member: &Member, factor_at: i64) -> Result<String, Refusal> {
    sign_in::end_all(&mut desk.tx, &member.vendor.id, &member.identity_id).await?;
    session::end_others(&mut desk.tx, &member.vendor.id, &member.identity_id, Some(member.session_id())).await?;
    let app = desk.app.clone();
    let token = session::renew(&mut desk.tx, &app.ids, &member.vendor, &member.session(), factor_at).await?;
    token.ok_or_else(|| Refusal::Conflict(sentence!("refusal-sent-twice")))
}

/// A recovery code was used: said to the person by mail, for it may not have been them.
pub(super) async fn note_recovery_code_used(desk: &mut Desk, identity_id: &str, left: i64) -> Result<(), Refusal> {
    desk.record("identity.recovery_code_used", None, identity_id, json!({ "left": left })).await?;
    let person = by_id(&mut desk.tx, &desk.vendor.id, identity_id).await?;
    tell(desk, &person, &Letter::RecoveryCodeUsed { left }).await
}

/// A code of a sandbox's person that was not used before: what `portico totp` prints. `Err` holds the second from which there is one.
pub async fn demo_code(app: &App, vendor: &Vendor, email: &str) -> Result<Result<String, i64>, Refusal> {
    if !vendor.is_test {
        return Err(Refusal::Rule(sentence!("refusal-codes-of-sandbox-only")));
    }
    let mut tx = app.db.read().await?;
    let row: Option<(String, Option<String>, i64)> =
        tx.opt("SELECT id, totp_secret, totp_last_step FROM identities WHERE vendor_id = $1 AND email = $2", (vendor.id.clone(), normal_email(email))).await?;
    let Some((id, Some(sealed), last_step)) = row else {
        return Err(Refusal::Rule(sentence!("refusal-nobody-enrolled", email = email)));
    };
    let seed = Seed::open(app, vendor, &id, &sealed)?;
    let step = app.clock.wall().timestamp().div_euclid(totp::STEP_SECONDS);
    // One step early counts too, so that a code used a moment ago need not be waited out.
    let free = step.max(last_step + 1);
    if free <= step + 1 { Ok(Ok(seed.code_of(free))) } else { Ok(Err((free - 1) * totp::STEP_SECONDS)) }
}

/// Enough to catch slips: mail itself proves an address.
fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    !local.is_empty()
        && domain.contains('.')
        && !domain.starts_with('.')
        && !domain.ends_with('.')
        && text.len() <= 254
        && !text.chars().any(|c| c.is_whitespace() || c.is_control())
}

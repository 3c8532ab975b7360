//! [`Member`]: the signed-in person of a customer, the one thing the portal's handlers act by. It comes from a live session or not at
//! all; what it may do is asked of it and answered by values that cannot be had otherwise.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, RwLock};

use axum::http::HeaderMap;

use crate::app::App;
use crate::identity::cookies::Outgoing;
use crate::identity::session::{self, Session, SessionRow, Transport};
use crate::identity::step_up::{FRESH_MS, Fresh};
use crate::identity::throttle::Place;
use crate::platform::db::DbResult;
use crate::platform::keys::fingerprint;
use crate::services::customers::Role;
use crate::services::embed_sessions::{self, Embed};
use crate::services::vendors::Vendor;
use crate::services::{Actor, Desk, Refusal};

/// A customer the person belongs to.
#[derive(Clone, Debug)]
pub struct Membership {
    pub customer_id: String,
    pub customer_name: String,
    pub role: Role,
}

/// The signed-in person, looking at one of their customers.
pub struct Member {
    pub vendor: Arc<Vendor>,
    pub identity_id: String,
    pub email: String,
    pub name: String,
    pub customer_id: String,
    pub customer_name: String,
    pub role: Role,
    /// Language and zone of what is shown: the person's choice, else the customer's.
    pub locale: String,
    pub time_zone: String,
    /// The other customers this person can switch to, by name; none that is suspended.
    pub others: Vec<Membership>,
    /// What the frame is bound to, where they look through one.
    pub embed: Option<Arc<Embed>>,
    session: Session,
    /// Later than the session's own after a step-up in this very request.
    factor_at: AtomicI64,
    renewed_hash: RwLock<Option<String>>,
    outgoing: Outgoing,
    /// Wall time (ms) of the request.
    asked_at: i64,
}

/// The member may change plan, payment methods and the customer's account.
#[derive(Clone, Copy, Debug)]
pub struct MayManageBilling(());

/// The member may change who else belongs to the customer.
#[derive(Clone, Copy, Debug)]
pub struct MayManageMembers(());

impl Member {
    pub fn session_id(&self) -> &str {
        &self.session.id
    }

    /// Wall time (ms) of the last good second factor.
    pub fn factor_at(&self) -> i64 {
        self.factor_at.load(Ordering::Relaxed)
    }

    /// The second factor, if it is no older than five minutes: see [`crate::identity::step_up`]. On the vendor's word alone it never is:
    /// each thing that costs money is approved by a code of its own.
    pub fn fresh_factor(&self, now_ms: i64) -> Option<Fresh> {
        (!self.is_vouched_for() && now_ms - self.factor_at() <= FRESH_MS).then_some(Fresh(()))
    }

    /// They are in on the vendor's word alone, in a frame or by a link: no factor of theirs began it. Such a session looks; what it does
    /// asks for a code each time, and none makes it more than it is.
    pub fn is_vouched_for(&self) -> bool {
        self.embed.is_some() || self.factor_at() == 0
    }

    /// How long the session lasts from this request on, unless it is used.
    pub fn seconds_left(&self) -> i64 {
        (self.session.expires_at - self.asked_at).min(self.session.transport.idle_ms()) / 1000
    }

    /// How the session came, by which it will be looked for again.
    pub fn transport(&self) -> Transport {
        self.session.transport
    }

    pub fn may_manage_billing(&self) -> Result<MayManageBilling, Refusal> {
        if self.role.may_change_billing() { Ok(MayManageBilling(())) } else { Err(Refusal::Role) }
    }

    pub fn may_manage_members(&self) -> Result<MayManageMembers, Refusal> {
        match self.role {
            Role::Owner => Ok(MayManageMembers(())),
            Role::Billing | Role::Viewer => Err(Refusal::Role),
        }
    }

    pub fn actor(&self) -> Actor {
        Actor::Identity(self.identity_id.clone())
    }

    /// A desk of this member's vendor that only reads.
    pub async fn reads(&self, app: &App) -> DbResult<Desk> {
        Desk::read(app, &self.vendor, self.actor()).await
    }

    /// A desk of this member's vendor that writes, in this member's name.
    pub async fn writes(&self, app: &App) -> DbResult<Desk> {
        Desk::write(app, &self.vendor, self.actor()).await
    }

    /// Where this member's attempts are counted.
    pub fn place(&self) -> Place {
        if self.is_vouched_for() { Place::Vouched } else { self.session.device_id.clone().map_or(Place::Anywhere, Place::Device) }
    }

    /// The session as it stands now, after any renewal in this request.
    pub(super) fn session(&self) -> Session {
        let mut session = self.session.clone();
        if let Some(hash) = &*self.renewed_hash.read().expect("no holder of this lock can panic") {
            session.token_hash.clone_from(hash);
        }
        session
    }

    /// The session has a new token: the browser gets it with this response.
    pub(super) fn renewed(&self, token: &str, factor_at: i64) {
        *self.renewed_hash.write().expect("no holder of this lock can panic") = Some(fingerprint(token));
        self.factor_at.store(factor_at, Ordering::Relaxed);
        self.session.transport.give(&self.outgoing, token);
    }

    /// The session has ended: the browser forgets its token.
    pub(super) fn ended(&self) {
        self.session.transport.take(&self.outgoing);
    }
}

/// What a request's session leads to.
pub enum Found {
    Member(Box<Member>),
    /// The same, of a customer whose members the vendor keeps out: they see nothing of it, and may turn to another.
    Suspended(Box<Member>),
    /// A live session of a person who belongs to no customer (the vendor's own staff).
    NoCustomer {
        session: Session,
        email: String,
    },
    Nobody,
}

/// Looks the session up: one query, and one more in a frame.
pub async fn find(app: &App, vendor: &Arc<Vendor>, headers: &HeaderMap, outgoing: &Outgoing) -> DbResult<Found> {
    let transport = Transport::of(headers);
    let Some(token) = transport.token(headers) else { return Ok(Found::Nobody) };
    let now_ms = app.clock.wall().timestamp_millis();
    let token_hash = fingerprint(&token);
    let embed = if transport.is_framed() { embed_sessions::live(&app.db, vendor, &token_hash).await?.map(Arc::new) } else { None };
    if transport.is_framed() && embed.is_none() {
        return Ok(Found::Nobody);
    }
    let rows = session::find(&app.db, vendor, &token_hash, transport, now_ms).await?;
    let Some(first) = rows.first() else { return Ok(Found::Nobody) };
    let session = first.session(token_hash, transport);
    session::touch(app, vendor, &session, now_ms).await;
    let mut memberships: Vec<(Membership, &SessionRow)> = rows.iter().filter_map(|row| Some((membership(row)?, row))).collect();
    if session.factor_at == 0 {
        // The vendor's word is for the one customer it named, and for nobody who is not of them any more.
        memberships.retain(|(membership, _)| Some(&membership.customer_id) == first.customer_id.as_ref());
        if memberships.is_empty() {
            return Ok(Found::Nobody);
        }
    }
    if memberships.is_empty() {
        return Ok(Found::NoCustomer { session, email: first.email.clone() });
    }
    memberships.sort_by(|(a, _), (b, _)| a.customer_name.cmp(&b.customer_name).then_with(|| a.customer_id.cmp(&b.customer_id)));
    let at = memberships.iter().position(|(m, _)| Some(&m.customer_id) == first.customer_id.as_ref()).unwrap_or(0);
    let (here, row) = memberships.remove(at);
    memberships.retain(|(_, row)| row.customer_suspended_at.is_none());
    let is_suspended = row.customer_suspended_at.is_some();
    let either =
        |own: &Option<String>, customers: &Option<String>, vendors: &str| own.clone().or_else(|| customers.clone()).unwrap_or_else(|| vendors.to_owned());
    let member = Box::new(Member {
        vendor: vendor.clone(),
        identity_id: row.identity_id.clone(),
        email: row.email.clone(),
        name: row.name.clone(),
        customer_id: here.customer_id,
        customer_name: here.customer_name,
        role: here.role,
        locale: embed.as_ref().and_then(|embed| embed.locale.clone()).unwrap_or_else(|| either(&row.locale, &row.customer_locale, &vendor.locale)),
        time_zone: either(&row.time_zone, &row.customer_time_zone, &vendor.time_zone),
        others: memberships.into_iter().map(|(membership, _)| membership).collect(),
        factor_at: AtomicI64::new(session.factor_at),
        renewed_hash: RwLock::new(None),
        embed,
        session,
        outgoing: outgoing.clone(),
        asked_at: now_ms,
    });
    Ok(if is_suspended { Found::Suspended(member) } else { Found::Member(member) })
}

fn membership(row: &SessionRow) -> Option<Membership> {
    Some(Membership {
        customer_id: row.member_customer_id.clone()?,
        customer_name: row.customer_name.clone()?,
        role: Role::from_name(row.role.as_deref()?).unwrap_or(Role::Viewer),
    })
}

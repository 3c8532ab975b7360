//! The second factor bound to a person: a seed offered, taken by one good code of it, and replaced by another.

use std::sync::Arc;

use serde_json::json;

use crate::app::App;
use crate::identity::Member;
use crate::identity::factor::{Wrong, digits};
use crate::identity::people::{secure, to_member};
use crate::identity::recovery;
use crate::identity::sign_in::{self, Browser, Pending};
use crate::identity::step_up::Fresh;
use crate::identity::throttle::{self, Bucket, Guess, Leave, Place};
use crate::identity::totp::Seed;
use crate::platform::db::{DbResult, Tx};
use crate::services::messages::{self, Letter};
use crate::services::vendors::Vendor;
use crate::services::{Actor, Desk, Refusal};

/// Seals a new seed into `totp_pending`; one offered before is offered no more.
pub(super) async fn offer_seed(tx: &mut Tx, app: &App, vendor: &Vendor, identity_id: &str) -> DbResult<()> {
    let sealed = Seed::new(app).seal(app, vendor, identity_id);
    tx.run("UPDATE identities SET totp_pending = $3 WHERE vendor_id = $1 AND id = $2", (vendor.id.clone(), identity_id.to_owned(), sealed)).await?;
    Ok(())
}

/// The seed a person is to put into their app; `None`: none is offered.
pub async fn offered_seed(tx: &mut Tx, app: &App, vendor: &Vendor, identity_id: &str) -> Result<Option<Seed>, Refusal> {
    let sealed: Option<(Option<String>,)> =
        tx.opt("SELECT totp_pending FROM identities WHERE vendor_id = $1 AND id = $2", (vendor.id.clone(), identity_id.to_owned())).await?;
    sealed.and_then(|(sealed,)| sealed).map(|sealed| Seed::open(app, vendor, identity_id, &sealed)).transpose()
}

/// What a seed takes the place of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum InPlaceOf {
    Nothing,
    TheSeedInUse,
}

/// Makes the offered seed the second factor, by one good code of it. A first seed never takes the place of one in use, whoever raced.
async fn take_seed(desk: &mut Desk, identity_id: &str, in_place_of: InPlaceOf, code: &str) -> Result<(), Wrong> {
    let code = digits(code);
    if code.is_empty() {
        return Err(Wrong::Empty);
    }
    let bucket = Bucket::new(Guess::Code, &format!("{identity_id}\nenrol"), &Place::Anywhere);
    match throttle::attempt(&mut desk.tx, &desk.vendor.id, &bucket, desk.now.wall_ms()).await? {
        Leave::Granted => {}
        Leave::Wait { until } => return Err(Wrong::Wait { until }),
        Leave::ShutOff => return Err(Wrong::ShutOff),
    }
    let seed = offered_seed(&mut desk.tx, &desk.app.clone(), &desk.vendor.clone(), identity_id).await?.ok_or(Wrong::NotEnrolled)?;
    let step = seed.step_of(&code, desk.now.wall).ok_or(if code.len() == 6 { Wrong::NotThisCode } else { Wrong::Malformed })?;
    let vendor_id = desk.vendor.id.clone();
    let touched = desk
        .tx
        .run(
            "UPDATE identities SET totp_secret = totp_pending, totp_pending = NULL, totp_last_step = $3
             WHERE vendor_id = $1 AND id = $2 AND totp_pending IS NOT NULL AND (totp_secret IS NOT NULL) = $4",
            (vendor_id.clone(), identity_id.to_owned(), step, in_place_of == InPlaceOf::TheSeedInUse),
        )
        .await?;
    if touched != 1 {
        return Err(Wrong::Used);
    }
    throttle::forgive(&mut desk.tx, &vendor_id, &bucket).await?;
    // Bound anew: earlier failures on the old seed count no more, and what was begun under it ends.
    throttle::forgive_everywhere(&mut desk.tx, &vendor_id, Guess::Code, identity_id, identity_id).await?;
    Ok(())
}

/// Enrols the first second factor with one good code, and begins the session. The recovery codes are returned this once.
pub async fn enrol_totp(app: &App, vendor: &Arc<Vendor>, pending: &Pending, code: &str, from: Browser<'_>) -> Result<Vec<String>, Wrong> {
    let mut desk = Desk::write(app, vendor, Actor::Identity(pending.identity_id.clone())).await?;
    match take_seed(&mut desk, &pending.identity_id, InPlaceOf::Nothing, code).await {
        Ok(()) => {}
        Err(Wrong::Failed(refusal)) => return Err(Wrong::Failed(refusal)),
        Err(wrong) => {
            desk.commit().await?;
            return Err(wrong);
        }
    }
    let now_ms = desk.now.wall_ms();
    let codes = recovery::replace(&mut desk.tx, app, vendor, &pending.identity_id, now_ms).await?;
    desk.record("identity.totp_enrolled", None, &pending.identity_id, json!({})).await?;
    if !sign_in::complete(&mut desk, pending, from).await? {
        return Err(Wrong::Used);
    }
    sign_in::end_all(&mut desk.tx, &vendor.id, &pending.identity_id).await?;
    desk.commit().await?;
    Ok(codes)
}

/// Offers a member a new seed; the old one works until a code of the new one was given.
pub async fn begin_totp_replacement(app: &App, member: &Member, _fresh: Fresh) -> Result<(), Refusal> {
    let mut desk = member.writes(app).await?;
    offer_seed(&mut desk.tx, app, &member.vendor, &member.identity_id).await?;
    Ok(desk.commit().await?)
}

/// Replaces the second factor by the offered seed. Other sessions end, this one gets a new token, the person a notice.
pub async fn replace_totp(app: &App, member: &Member, _fresh: Fresh, code: &str) -> Result<(), Wrong> {
    let mut desk = member.writes(app).await?;
    match take_seed(&mut desk, &member.identity_id, InPlaceOf::TheSeedInUse, code).await {
        Ok(()) => {}
        Err(Wrong::Failed(refusal)) => return Err(Wrong::Failed(refusal)),
        Err(wrong) => {
            desk.commit().await?;
            return Err(wrong);
        }
    }
    desk.record("identity.totp_replaced", Some(&member.customer_id), &member.identity_id, json!({})).await?;
    messages::leave(&mut desk, to_member(member), &Letter::TotpChanged).await?;
    let now_ms = desk.now.wall_ms();
    let token = secure(&mut desk, member, now_ms).await?;
    desk.commit().await?;
    member.renewed(&token, now_ms);
    Ok(())
}

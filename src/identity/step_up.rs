//! Step-up: what costs money or opens doors wants a second factor no older than five minutes; signing in counts. It is asked in place:
//! the confirming form carries a `code` field while the factor is stale (`ui::code_field`), and its handler calls [`confirm`] first. Where
//! a session rests on the vendor's word (a frame, a link) it is always stale: the code is given in the very form that shows the amount, and
//! approves nothing else. Else whoever has the vendor's key and one phished code would have the person's sign-in.

use crate::app::App;
use crate::identity::factor::{self, Accepts, Factor, Wrong};
use crate::identity::{Member, people, session};
use crate::services::{Actor, Desk};

/// How long a second factor counts as fresh.
pub const FRESH_MS: i64 = 5 * 60 * 1000;

/// Proof that the second factor is fresh: only [`confirm`] and [`Member::fresh_factor`] give it.
#[derive(Clone, Copy, Debug)]
pub struct Fresh(pub(super) ());

/// Fresh already, or made so by `code` (of the app; or a recovery code, but not where the session rests on the vendor's word): it is checked, used up, and the session gets a new token, which
/// leaves with the response by itself. On failure nothing else has happened; the form is shown again with everything typed.
pub async fn confirm(app: &App, member: &Member, code: &str) -> Result<Fresh, Wrong> {
    let now_ms = app.clock.wall().timestamp_millis();
    if let Some(fresh) = member.fresh_factor(now_ms) {
        return Ok(fresh);
    }
    let mut desk = Desk::write(app, &member.vendor, Actor::Identity(member.identity_id.clone())).await?;
    let accepts = if member.is_vouched_for() { Accepts::TotpOnly } else { Accepts::Either };
    let outcome = factor::check(&mut desk.tx, app, &member.vendor, &member.identity_id, &member.place(), accepts, code).await;
    let outcome = match outcome {
        Ok(given) => {
            if let Factor::Recovery { left } = given {
                people::note_recovery_code_used(&mut desk, &member.identity_id, left).await?;
            }
            if member.is_vouched_for() {
                // It approves this one thing and leaves nothing behind.
                desk.commit().await?;
                return Ok(Fresh(()));
            }
            session::renew(&mut desk.tx, &app.ids, &member.vendor, &member.session(), now_ms).await.map(|token| token.ok_or(Wrong::Used))?
        }
        // Counted failures must stay.
        Err(wrong @ Wrong::Failed(_)) => return Err(wrong),
        Err(wrong) => Err(wrong),
    };
    desk.commit().await?;
    let token = outcome?;
    member.renewed(&token, now_ms);
    Ok(Fresh(()))
}

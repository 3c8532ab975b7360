//! Links that work once: an invitation, a reset. Looking at one changes nothing (mail scanners look too); using it is one conditional
//! UPDATE. The token stands in the mail only, its hash here.

use sqlx::FromRow;

use crate::identity::session::new_token;
use crate::platform::db::{DbResult, Tx};
use crate::platform::keys::fingerprint;
use crate::services::{Desk, Refusal};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkKind {
    /// Sets the first password.
    Invitation,
    /// Sets another.
    Reset,
}

impl LinkKind {
    fn column(self) -> &'static str {
        match self {
            LinkKind::Invitation => "invitation",
            LinkKind::Reset => "reset",
        }
    }

    fn lifetime_ms(self) -> i64 {
        match self {
            LinkKind::Invitation => 72 * 3_600_000,
            LinkKind::Reset => 3_600_000,
        }
    }
}

/// A link that still works, and whose it is.
#[derive(Clone, Debug, FromRow)]
pub struct Link {
    pub id: String,
    pub identity_id: String,
    pub email: String,
    pub name: String,
}

/// Makes a link; earlier ones of its kind for the same person stop working.
pub(super) async fn make(desk: &mut Desk, identity_id: &str, kind: LinkKind) -> Result<String, Refusal> {
    let token = new_token(&desk.app.ids);
    let now_ms = desk.now.wall_ms();
    desk.tx
        .run("DELETE FROM links WHERE vendor_id = $1 AND identity_id = $2 AND kind = $3", (desk.vendor.id.clone(), identity_id.to_owned(), kind.column()))
        .await?;
    let id = desk.new_id("lnk");
    desk.tx
        .run(
            "INSERT INTO links (vendor_id, id, identity_id, kind, token_hash, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7)",
            (desk.vendor.id.clone(), id, identity_id.to_owned(), kind.column(), fingerprint(&token), now_ms, now_ms + kind.lifetime_ms()),
        )
        .await?;
    Ok(token)
}

/// Looks without using it up.
pub async fn look(tx: &mut Tx, vendor_id: &str, kind: LinkKind, token: &str, now_ms: i64) -> DbResult<Option<Link>> {
    tx.opt(
        "SELECT l.id, l.identity_id, i.email, i.name FROM links l JOIN identities i ON i.vendor_id = l.vendor_id AND i.id = l.identity_id
         WHERE l.vendor_id = $1 AND l.token_hash = $2 AND l.kind = $3 AND l.used_at IS NULL AND l.expires_at > $4",
        (vendor_id.to_owned(), fingerprint(token), kind.column(), now_ms),
    )
    .await
}

/// Uses it up. False: somebody was faster, or it has expired.
pub(super) async fn spend(tx: &mut Tx, vendor_id: &str, link: &Link, now_ms: i64) -> DbResult<bool> {
    let touched = tx
        .run(
            "UPDATE links SET used_at = $3 WHERE vendor_id = $1 AND id = $2 AND used_at IS NULL AND expires_at > $3",
            (vendor_id.to_owned(), link.id.clone(), now_ms),
        )
        .await?;
    Ok(touched == 1)
}

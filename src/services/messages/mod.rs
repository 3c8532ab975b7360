//! Messages: what is written to people, and the history of it. A message is put into words when what it tells of happens, kept as it went
//! out, and left in the outbox; a worker hands it to the mail server.
//!
//! - `letter`: what there is to say
//! - `reader`: in whose language
//! - `said`: its words
//! - `render`: those as text and as HTML of the same content
//! - `told`: which events of billing are told to whom
//! - `expiring`: cards whose end is told ahead
//!
//! What deliberately does not live here: how mail travels (`platform/post.rs`), and when a sign-in or a limit has something to say.

mod expiring;
mod letter;
mod reader;
mod render;
mod said;
mod told;

use serde::{Deserialize, Serialize};
use sqlx::FromRow;

use crate::platform::keys::{Keys, Purpose};
use crate::services::{Desk, Refusal};
use crate::words::Words;

pub use expiring::{Ending, ending, note_ending};
pub use letter::{Back, Billed, Letter, Spent};
pub use render::Rendered;
pub use told::{EVENT, TOLD, Told, tell, told_after};

/// The outbox kind of letters.
pub const MAIL: &str = "mail";

/// Who gets a message, and in whose history it stands.
#[derive(Clone, Copy, Debug)]
pub struct To<'a> {
    pub email: &'a str,
    pub name: &'a str,
    pub kept: KeptFor<'a>,
}

/// By their ids.
#[derive(Clone, Copy, Debug)]
pub enum KeptFor<'a> {
    /// It is about a customer's billing: whoever belongs to the customer may read it.
    Customer(&'a str),
    /// It is about a person's sign-in, and nobody else's affair.
    Person(&'a str),
}

/// A letter on its way: sealed in the outbox, for some carry links that open accounts.
#[derive(Debug, Serialize, Deserialize)]
pub struct Outgoing {
    pub message_id: String,
    pub letter: Rendered,
}

/// Keeps a message and leaves it for the worker to send, once this transaction holds.
pub async fn leave(desk: &mut Desk, to: To<'_>, letter: &Letter) -> Result<(), Refusal> {
    leave_of(desk, to, letter, None).await.map(|_| ())
}

/// The same for an event: to an address it is told once. Whether it was now.
async fn leave_of(desk: &mut Desk, to: To<'_>, letter: &Letter, event_id: Option<&str>) -> Result<bool, Refusal> {
    let w = Words::of(&reader::locale(desk, to).await?);
    let sent = render::render(desk, w, to, letter, render::For::Sending);
    let kept = render::render(desk, w, to, letter, render::For::History);
    let (customer_id, identity_id) = match to.kept {
        KeptFor::Customer(id) => (Some(id.to_owned()), None),
        KeptFor::Person(id) => (None, Some(id.to_owned())),
    };
    let message_id = desk.new_id("msg");
    let row = (
        desk.vendor.id.clone(),
        message_id.clone(),
        customer_id,
        identity_id,
        letter.kind(),
        event_id.map(str::to_owned),
        kept.to_name,
        kept.to_email,
        kept.subject,
        kept.text,
        desk.now.billing_ms(),
        desk.now.wall_ms(),
    );
    let added = desk
        .tx
        .run(
            "INSERT INTO messages (vendor_id, id, customer_id, identity_id, kind, event_id, to_name, to_email, subject, body, happened_at, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT DO NOTHING",
            row,
        )
        .await?;
    if added == 0 {
        return Ok(false);
    }
    let plain = serde_json::to_vec(&Outgoing { message_id, letter: sent }).map_err(Refusal::damaged)?;
    let sealed = desk.app.config.keys.seal(&desk.app.ids, Purpose::Letter, &[desk.vendor_id()], &plain);
    desk.leave(MAIL, &sealed).await?;
    Ok(true)
}

/// Opens what [`leave`] left in the outbox.
pub fn open(keys: &Keys, vendor_id: &str, payload: &str) -> Result<Outgoing, Refusal> {
    let sealed: String = serde_json::from_str(payload).map_err(Refusal::damaged)?;
    let plain = keys.open(Purpose::Letter, &[vendor_id], &sealed).map_err(Refusal::damaged)?;
    serde_json::from_slice(&plain).map_err(Refusal::damaged)
}

/// A mail server has taken it.
pub async fn note_sent(desk: &mut Desk, message_id: &str) -> Result<(), Refusal> {
    desk.tx
        .run(
            "UPDATE messages SET sent_at = $3 WHERE vendor_id = $1 AND id = $2 AND sent_at IS NULL",
            (desk.vendor.id.clone(), message_id.to_owned(), desk.now.wall_ms()),
        )
        .await?;
    Ok(())
}

/// A message in somebody's history. Columns as in `migrations/0096_messages.sql`.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct Message {
    pub id: String,
    pub kind: String,
    pub to_name: String,
    pub to_email: String,
    pub subject: String,
    pub body: String,
    /// Billing time.
    pub happened_at: i64,
    /// Wall times.
    pub created_at: i64,
    pub sent_at: Option<i64>,
}

/// What a member may read: what was written to their customer, and to them alone. The latest first, from before their message of
/// that id; empty: from the latest.
pub async fn history(desk: &mut Desk, customer_id: &str, identity_id: &str, before: &str, at_most: i64) -> Result<Vec<Message>, Refusal> {
    Ok(desk
        .tx
        .all(
            "SELECT id, kind, to_name, to_email, subject, body, happened_at, created_at, sent_at FROM messages
             WHERE vendor_id = $1 AND (customer_id = $2 OR identity_id = $3)
                AND ($4 = '' OR (id < $4 AND EXISTS (SELECT 1 FROM messages c WHERE c.vendor_id = $1 AND c.id = $4 AND (c.customer_id = $2 OR c.identity_id = $3))))
             ORDER BY id DESC LIMIT $5 + 0",
            (desk.vendor.id.clone(), customer_id.to_owned(), identity_id.to_owned(), before.to_owned(), at_most),
        )
        .await?)
}

/// One of them; somebody else's is not there.
pub async fn find(desk: &mut Desk, customer_id: &str, identity_id: &str, message_id: &str) -> Result<Message, Refusal> {
    desk.tx
        .opt(
            "SELECT id, kind, to_name, to_email, subject, body, happened_at, created_at, sent_at FROM messages
             WHERE vendor_id = $1 AND id = $2 AND (customer_id = $3 OR identity_id = $4)",
            (desk.vendor.id.clone(), message_id.to_owned(), customer_id.to_owned(), identity_id.to_owned()),
        )
        .await?
        .ok_or(Refusal::NotFound)
}

//! Delivers what the outbox holds: letters to the post, and whatever else must happen outside a transaction. A kind is one arm of
//! [`perform`]; each may run more than once and must not mind.

use std::time::Duration;

use crate::app::App;
use crate::identity::people;
use crate::platform::post::{Envelope, Post};
use crate::services::outbox::{self, Left, Patience};
use crate::services::payments::{self, Errand, notices};
use crate::services::{Actor, Desk, Refusal, messages};

/// How often the outbox is looked at: the longest a letter waits.
const EVERY: Duration = Duration::from_secs(1);
const AT_ONCE: i64 = 20;

/// Delivers until `stop` resolves.
pub async fn run(app: App, post: Post, stop: impl Future<Output = ()>) {
    tokio::pin!(stop);
    loop {
        match deliver_due(&app, &post).await {
            Ok(delivered) if delivered > 0 => continue,
            Ok(_) => {}
            Err(error) => tracing::error!(%error, "the outbox could not be read"),
        }
        tokio::select! {
            () = &mut stop => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

/// Does what is due now; how many rows were taken up, done or not.
pub async fn deliver_due(app: &App, post: &Post) -> Result<usize, Refusal> {
    let claimed = outbox::claim(app, app.clock.wall().timestamp_millis(), AT_ONCE).await?;
    for left in &claimed {
        let outcome = perform(app, post, left).await;
        let now_ms = app.clock.wall().timestamp_millis();
        let mut tx = app.db.write().await?;
        match outcome {
            Ok(()) => outbox::done(&mut tx, left, now_ms).await?,
            Err(error) => {
                tracing::warn!(outbox = %left.id, kind = %left.kind, attempts = left.attempts + 1, %error, "not delivered");
                outbox::failed(&mut tx, left, patience(left), &error, now_ms).await?;
            }
        }
        tx.commit().await?;
    }
    Ok(claimed.len())
}

fn patience(left: &Left) -> Patience {
    // A bank may take weeks to say what became of a refund.
    if left.kind == payments::REFUND { Patience::Endless } else { Patience::TwoDays }
}

/// Does one row; the error is a line for people.
async fn perform(app: &App, post: &Post, left: &Left) -> Result<(), String> {
    let vendor = app.vendors().into_iter().find(|vendor| vendor.id == left.vendor_id).ok_or("its vendor is not there")?;
    match left.kind.as_str() {
        messages::EVENT => {
            let event: messages::Told = read(left)?;
            let mut desk = Desk::write(app, &vendor, Actor::System).await.map_err(|error| error.to_string())?;
            messages::tell(&mut desk, &event.event_id).await.map_err(told)?;
            desk.commit().await.map_err(|error| error.to_string())
        }
        messages::MAIL => {
            let messages::Outgoing { message_id, letter } = messages::open(&app.config.keys, &left.vendor_id, &left.payload).map_err(told)?;
            let envelope = Envelope {
                id: &left.id,
                from: (&letter.from_name, &letter.from_email),
                to: (&letter.to_name, &letter.to_email),
                subject: &letter.subject,
                text: &letter.text,
                html: &letter.html,
            };
            post.send(&envelope).await.map_err(|error| error.to_string())?;
            let mut desk = Desk::write(app, &vendor, Actor::System).await.map_err(|error| error.to_string())?;
            messages::note_sent(&mut desk, &message_id).await.map_err(told)?;
            desk.commit().await.map_err(|error| error.to_string())
        }
        people::RESET_REQUEST => {
            let request: people::ResetRequest = read(left)?;
            let mut desk = Desk::write(app, &vendor, Actor::System).await.map_err(|error| error.to_string())?;
            people::send_reset(&mut desk, &request.email).await.map_err(told)?;
            desk.commit().await.map_err(|error| error.to_string())
        }
        payments::DETACH => {
            let detach: payments::Detach = read(left)?;
            payments::detach(&Errand::new(app, &vendor, Actor::System), &detach).await.map_err(told)
        }
        payments::REFUND => {
            let refund: payments::GiveBack = read(left)?;
            payments::give_back(&Errand::new(app, &vendor, Actor::System), &refund.of_id).await.map_err(told)
        }
        notices::NOTICE => {
            let noticed: notices::Noticed = read(left)?;
            notices::follow(&Errand::new(app, &vendor, Actor::System), &noticed).await.map_err(told)
        }
        other => Err(format!("nobody here does {other:?}")),
    }
}

fn read<T: serde::de::DeserializeOwned>(left: &Left) -> Result<T, String> {
    serde_json::from_str(&left.payload).map_err(|error| error.to_string())
}

/// A refusal with what lies behind it: this line is for the operator.
fn told(refusal: Refusal) -> String {
    match refusal {
        Refusal::Database(error) => error.to_string(),
        Refusal::Damaged(what) => what,
        other => other.to_string(),
    }
}

//! Removes what has run out, an hour at a time, so that the tables that anybody can fill stay as large as what is alive.

use std::time::Duration;

use crate::app::App;
use crate::identity;
use crate::platform::db::DbResult;
use crate::services::payments::notices;
use crate::services::{embed_sessions, outbox, portal_sessions};

const EVERY: Duration = Duration::from_secs(3600);

/// Purges until `stop` resolves.
pub async fn run(app: App, stop: impl Future<Output = ()>) {
    tokio::pin!(stop);
    loop {
        match purge(&app).await {
            Ok(0) => {}
            Ok(removed) => tracing::info!(removed, "what had run out was removed"),
            Err(error) => tracing::error!(%error, "what has run out could not be removed"),
        }
        tokio::select! {
            () = &mut stop => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

/// Removes what has run out by now, of every vendor; how many rows.
pub async fn purge(app: &App) -> DbResult<u64> {
    let mut removed = 0;
    for vendor in app.vendors() {
        let now_ms = app.clock.wall().timestamp_millis();
        let mut tx = app.db.write().await?;
        removed += identity::purge::remove_expired(&mut tx, &vendor.id, now_ms).await?;
        removed += outbox::remove_done(&mut tx, &vendor.id, now_ms).await?;
        removed += embed_sessions::remove_old(&mut tx, &vendor.id, now_ms).await?;
        removed += notices::remove_old(&mut tx, &vendor.id, now_ms).await?;
        removed += portal_sessions::remove_old(&mut tx, &vendor.id, now_ms).await?;
        tx.commit().await?;
    }
    Ok(removed)
}

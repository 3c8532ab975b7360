//! Compares each vendor's payments with its gateway once a day.

use std::time::Duration;

use crate::app::App;
use crate::services::payments::{self, Errand};
use crate::services::{Actor, Desk, Refusal};

/// How often is looked whose day has passed.
const EVERY: Duration = Duration::from_secs(600);

/// Compares until `stop` resolves.
pub async fn run(app: App, stop: impl Future<Output = ()>) {
    tokio::pin!(stop);
    loop {
        reconcile_due(&app).await;
        tokio::select! {
            () = &mut stop => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

/// Compares for every vendor whose last comparison is a day old; for how many. One whose gateway does not answer keeps no other waiting.
pub async fn reconcile_due(app: &App) -> usize {
    let mut compared = 0;
    for vendor in app.vendors() {
        let outcome: Result<bool, Refusal> = async {
            // Without a gateway there is nothing to compare with.
            if app.gateway(&vendor).await.is_err() || !payments::is_reconciliation_due(&mut Desk::read(app, &vendor, Actor::System).await?).await? {
                return Ok(false);
            }
            let came = payments::reconcile(&Errand::new(app, &vendor, Actor::System), None).await?;
            for difference in &came.differences {
                tracing::warn!(vendor = vendor.id, difference = %difference.sentence(), next = %difference.next_step(), "the gateway differs");
            }
            Ok(true)
        }
        .await;
        match outcome {
            Ok(true) => compared += 1,
            Ok(false) => {}
            Err(error) => tracing::error!(vendor = vendor.id, %error, "could not be compared with the gateway"),
        }
    }
    compared
}

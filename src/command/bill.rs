//! `portico bill`: bills once what is due by now, and takes the money. What is still due stands in the database, so a run that died is gone
//! on with by starting another, beside others or not, and how far they are together can be shown.

use std::convert::Infallible;
use std::time::{Duration, Instant};

use portico::app::App;
use portico::platform::config::Config;
use portico::platform::db::Db;
use portico::services::{Actor, Desk, Refusal, subscriptions};
use portico::worker::bill::bill_all;

use super::{Done, app};

/// How often it is said how far the run is.
const EVERY: Duration = Duration::from_secs(1);

pub async fn run(config: Config, db: Db) -> Done {
    bill_up_to_now(&app(config, db).await?).await
}

pub(super) async fn bill_up_to_now(app: &App) -> Done {
    let began = Instant::now();
    let due = still_due(app).await?;
    eprintln!("{due} customers have something due");
    let report = tokio::select! {
        report = bill_all(app) => report?,
        never = show_progress(app, due) => match never {},
    };
    println!("{} documents issued, {} payments tried, in {:.1} s", report.issued, report.tried, began.elapsed().as_secs_f64());
    match report.failed.first() {
        None => Ok(()),
        Some((customer, refusal)) => Err(format!("{} customers could not be billed; the first, {customer}: {refusal}", report.failed.len()).into()),
    }
}

/// Says every second for how many customers something is still due, whoever bills them. Where that can't be read the run goes on unseen.
async fn show_progress(app: &App, at_first: i64) -> Infallible {
    loop {
        tokio::time::sleep(EVERY).await;
        match still_due(app).await {
            // What is due is done, and payments are under way; or the clock brought more.
            Ok(left) => eprintln!("{} of {at_first} customers billed, {left} left", (at_first - left).max(0)),
            Err(refusal) => tracing::warn!(%refusal, "how far the run is could not be read"),
        }
    }
}

async fn still_due(app: &App) -> Result<i64, Refusal> {
    let mut left = 0;
    for vendor in app.vendors() {
        let mut desk = Desk::read(app, &vendor, Actor::System).await?;
        let now = desk.now.billing;
        left += subscriptions::count_due(&mut desk, now).await?;
    }
    Ok(left)
}

//! Collecting a night's invoices from a gateway that takes its time: how many of its answers are waited for at once, and how much of the time
//! is ours.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};

use super::{Error, Figure, billing_run};
use crate::app::App;
use crate::platform::assets::Assets;
use crate::platform::clock::Clock;
use crate::platform::config::Config;
use crate::platform::db::Db;
use crate::platform::ids::Ids;
use crate::services::payments::scripted::Scripted;
use crate::services::payments::{self, Errand, Finished};
use crate::services::{Actor, Desk, invoices};
use crate::worker::bill;

/// How long the gateway takes for an answer.
const ANSWERS_AFTER: Duration = Duration::from_millis(200);
/// What each customer owes.
const OWED_MINOR: i64 = 4200;

/// Invoices customers, each with a card on file, and collects.
pub async fn measure(database_url: Option<&str>, database: &str, customers: usize, say: &impl Fn(&str)) -> Result<Vec<Figure>, Error> {
    let folder = std::env::temp_dir().join(format!("portico-collection-{}-{database}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let figures = measure_in(&folder, database_url, database, customers, say).await;
    let _ = std::fs::remove_dir_all(&folder);
    figures
}

async fn measure_in(folder: &std::path::Path, database_url: Option<&str>, database: &str, customers: usize, say: &impl Fn(&str)) -> Result<Vec<Figure>, Error> {
    let config = Config { database_url: database_url.map(str::to_owned), ..Config::loopback(folder.to_owned()) };
    let db = Db::open(&config.database_url()).await?;
    db.migrate().await?;
    let bank = Arc::new(Scripted::new());
    let app = App::with_gateway(config, db, Clock::System, Ids::system(), Assets::load(), bank.clone()).await?;
    say(&format!("{customers} invoices to collect on {database}"));
    let begins: DateTime<Utc> = "2026-01-15T09:00:00Z".parse()?;
    let (vendor, _) = billing_run::vendor(&app, "collection", begins).await?;
    let errand = Errand::new(&app, &vendor, Actor::System);
    for _ in 0..customers {
        let mut desk = Desk::write(&app, &vendor, Actor::System).await?;
        let customer_id = billing_run::customer(&mut desk).await?;
        desk.commit().await?;
        let setup = payments::start_setup(&errand, &customer_id, payments::Wanted::CARD).await?;
        let Finished::Added(_) = payments::finish_setup(&errand, &customer_id, &setup.setup_id).await? else { return Err("the card was not kept".into()) };
        let mut desk = Desk::write(&app, &vendor, Actor::System).await?;
        invoices::charge(&mut desk, &customer_id, OWED_MINOR, "onboarding").await?;
        desk.commit().await?;
    }
    bank.answer_after(ANSWERS_AFTER);
    let before = billing_run::resident_mb()?;
    let began = Instant::now();
    let report = bill::bill(&app, &vendor, begins).await?;
    let time = began.elapsed();
    let memory = billing_run::resident_mb()? - before;
    app.db.close().await;
    if bank.taken().len() != customers || report.tried != customers {
        return Err(format!("{} of {customers} invoices were collected", bank.taken().len()).into());
    }
    let rate = customers as f64 / time.as_secs_f64();
    let how = format!(
        "answers of a gateway that takes {} ms, waited for at once; {customers} invoices in {:.1} s: {rate:.0} a second, {memory:.1} MB more resident",
        ANSWERS_AFTER.as_millis(),
        time.as_secs_f64()
    );
    Ok(vec![Figure::new(format!("collection, {database}: charges under way at once"), bank.most_waiting() as f64, "", how).at_least(400.0)])
}

//! `portico bill`: bills once what is due by now, and takes the money.

use portico::app::App;
use portico::platform::config::Config;
use portico::platform::db::Db;
use portico::worker::bill::bill_all;

use super::{Done, app};

pub async fn run(config: Config, db: Db) -> Done {
    bill_up_to_now(&app(config, db).await?).await
}

pub(super) async fn bill_up_to_now(app: &App) -> Done {
    let report = bill_all(app).await?;
    println!("{} documents issued, {} payments tried", report.issued, report.tried);
    match report.failed.first() {
        None => Ok(()),
        Some((customer, refusal)) => Err(format!("{} customers could not be billed; the first, {customer}: {refusal}", report.failed.len()).into()),
    }
}

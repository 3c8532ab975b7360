//! `portico check`: whether the records of a database agree with each other.

use portico::platform::config::Config;
use portico::platform::db::Db;
use portico::services::check::check;

use super::{Done, app};

pub async fn run(config: Config, db: Db, is_json: bool) -> Done {
    let report = check(&app(config, db).await?).await?;
    if is_json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else if report.broken.is_none() {
        println!("clean: {report}");
    }
    report.broken.map_or(Ok(()), |found| Err(found.to_string().into()))
}

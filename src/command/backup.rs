//! `portico backup`: all of the database in one file, while it goes on being used.

use std::path::PathBuf;

use portico::platform::backup;
use portico::platform::clock::Clock;
use portico::platform::config::Config;
use portico::platform::db::Db;

use super::Done;

pub async fn run(config: Config, db: Db, to: Option<PathBuf>) -> Done {
    let now = Clock::System.wall();
    let path = match to {
        Some(path) => path,
        None => backup::place(&config.data, now)?,
    };
    let held = backup::write(&db, &path, now).await?;
    println!("{}: {held}", path.display());
    Ok(())
}

//! `portico restore`: a backup into an empty database, and then a check of it.

use std::path::Path;

use portico::platform::backup::{self, BackupError, Whole};
use portico::platform::config::Config;
use portico::platform::db::Db;

use super::{Done, check};

/// Reads the file through before a database is opened: from one that is not whole nothing is written anywhere.
pub fn whole(file: &Path) -> Result<Whole, BackupError> {
    backup::verify(file)
}

pub async fn run(config: Config, db: Db, whole: Whole) -> Done {
    backup::restore(&db, &whole).await?;
    println!("restored: {}", whole.held);
    check::run(config, db, false).await
}

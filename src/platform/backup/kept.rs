//! Backups that are kept beside the data: where they lie, what they are called, and the one made before the schema changes.

use std::path::{Path, PathBuf};

use super::{BackupError, write};
use crate::platform::clock::Instant;
use crate::platform::db::Db;

/// How many of those made by themselves are kept. Who makes one by hand removes it by hand.
const KEPT: usize = 5;
const BY_ITSELF: &str = "-before-step-";
const ENDING: &str = ".backup";

/// Where a backup made now lies unless it is said: in the data folder's own, by its time, so that names sort by age.
pub fn place(data: &Path, now: Instant) -> Result<PathBuf, BackupError> {
    Ok(folder(data)?.join(format!("{}{ENDING}", stamp(now))))
}

fn stamp(now: Instant) -> String {
    now.format("%Y-%m-%dT%H-%M-%S%.3fZ").to_string()
}

fn folder(data: &Path) -> Result<PathBuf, BackupError> {
    use std::os::unix::fs::DirBuilderExt as _;
    let folder = data.join("backups");
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(|error| BackupError::Io(folder.clone(), error))?;
    Ok(folder)
}

/// Brings the schema up to this program's. Where that changes a database that is there, a backup is made first; where it lies.
pub async fn bring_up_to_date(db: &Db, data: &Path, now: Instant) -> Result<Option<PathBuf>, BackupError> {
    let there = db.read().await?.steps().await?;
    // A schema that this program does not carry is refused by what follows, and is not to push out backups of its own again and again.
    let is_ours = there.iter().all(|(step, sum)| Db::known_step(*step).as_ref() == Some(sum));
    let last = there.last().map(|(step, _)| *step);
    let made = match last {
        Some(last) if is_ours && there.len() < Db::known_steps() => {
            let path = folder(data)?.join(format!("{}{BY_ITSELF}{:04}{ENDING}", stamp(now), Db::first_after(last)));
            write(db, &path, now).await?;
            Some(path)
        }
        _ => None,
    };
    db.migrate().await?;
    if made.is_some() {
        forget_old(&folder(data)?)?;
    }
    Ok(made)
}

/// Removes all but the newest of those made by themselves.
fn forget_old(folder: &Path) -> Result<(), BackupError> {
    let io = |error| BackupError::Io(folder.to_owned(), error);
    let mut made = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(io)? {
        let path = entry.map_err(io)?.path();
        let is_own = path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.contains(BY_ITSELF) && name.ends_with(ENDING));
        if is_own {
            made.push(path);
        }
    }
    made.sort();
    let old = made.len().saturating_sub(KEPT);
    made.into_iter().take(old).try_for_each(|path| std::fs::remove_file(path).map_err(io))
}

//! Backups: every table of a database in one file, and back again into an empty one, on either engine whichever it came from.
//!
//! A backup is one moment of the database, read while it goes on being written. It holds what the database holds: what is sealed in there
//! stays sealed under a key that is not in it. What may go wrong with the file is found before anything is written.
//! What deliberately does not live here: any noun of the product, and whether the records agree with each other (`services::check`).

mod file;
mod kept;
mod rows;
mod tables;

use std::path::{Path, PathBuf};

use super::clock::Instant;
use super::db::{Db, DbError, Tx};
use file::{Header, Reader, Writer};

pub use kept::{bring_up_to_date, place};

#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error("{0} is there already: a backup overwrites nothing")]
    Exists(PathBuf),
    #[error("there is no schema in this database yet, so nothing to back up")]
    Nothing,
    #[error("{0} is no backup of Portico")]
    NotABackup(PathBuf),
    #[error("{0} ends too early: it was cut off; nothing was restored")]
    CutOff(PathBuf),
    #[error("{0} is damaged ({1}); nothing was restored")]
    Damaged(PathBuf, String),
    #[error("{path} was made by a newer version of Portico (its schema has step {found}, this program knows {known}); restore it with that version")]
    Newer { path: PathBuf, found: i64, known: i64 },
    #[error("{path} was made with another schema step {step} than this program carries; restore it with the program that made it")]
    OtherSchema { path: PathBuf, step: i64 },
    #[error("this database is not empty ({0} has rows): a backup is restored into an empty one")]
    NotEmpty(String),
    #[error("this database's schema is already newer than the backup's; restore into a database without one")]
    SchemaAhead,
    #[error("{0}: {1}")]
    Io(PathBuf, std::io::Error),
    #[error(transparent)]
    Db(#[from] DbError),
}

impl From<sqlx::Error> for BackupError {
    fn from(error: sqlx::Error) -> BackupError {
        BackupError::Db(error.into())
    }
}

/// What a backup holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Held {
    pub tables: u64,
    pub rows: u64,
}

impl std::fmt::Display for Held {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} rows of {} tables", self.rows, self.tables)
    }
}

/// A backup that has been read from its beginning to its end, and is whole.
#[derive(Debug)]
pub struct Whole {
    path: PathBuf,
    header: Header,
    pub held: Held,
}

/// Writes all of one moment of a database into a new file, readable by this user alone. Memory does not grow with it.
pub async fn write(db: &Db, path: &Path, made_at: Instant) -> Result<Held, BackupError> {
    let mut tx = db.read().await?;
    let schema = tx.steps().await?;
    if schema.is_empty() {
        return Err(BackupError::Nothing);
    }
    let mut writer = Writer::create(path, &Header::new(schema, made_at))?;
    let outcome = write_tables(&mut tx, &mut writer).await;
    match outcome.and_then(|()| writer.finish()) {
        Ok(held) => Ok(held),
        Err(error) => {
            // Half a backup is none.
            let _ = std::fs::remove_file(path);
            Err(error)
        }
    }
}

async fn write_tables(tx: &mut Tx, writer: &mut Writer) -> Result<(), BackupError> {
    for table in tables::all(tx).await? {
        writer.begin(&table)?;
        rows::read(tx, &table, |row| writer.row(row)).await?;
        writer.end()?;
    }
    Ok(())
}

/// Reads a backup through, and says whether this program can restore it.
pub fn verify(path: &Path) -> Result<Whole, BackupError> {
    let mut reader = Reader::open(path)?;
    for (step, sum) in &reader.header.schema {
        match Db::known_step(*step) {
            Some(known) if known == *sum => {}
            Some(_) => return Err(BackupError::OtherSchema { path: path.to_owned(), step: *step }),
            None => return Err(BackupError::Newer { path: path.to_owned(), found: reader.header.last_step(), known: Db::last_known_step() }),
        }
    }
    while reader.next_table()?.is_some() {
        while reader.next_row()?.is_some() {}
    }
    Ok(Whole { path: path.to_owned(), held: reader.held, header: reader.header })
}

/// Puts all of a backup into an empty database, in one transaction, and brings its schema up to this program's.
pub async fn restore(db: &Db, whole: &Whole) -> Result<(), BackupError> {
    let mut tx = db.read().await?;
    for table in tables::all(&mut tx).await? {
        if rows::has_any(&mut tx, &table).await? {
            return Err(BackupError::NotEmpty(table.name));
        }
    }
    let there = tx.steps().await?;
    drop(tx);
    if there.last().is_some_and(|(step, _)| *step > whole.header.last_step()) {
        return Err(BackupError::SchemaAhead);
    }
    db.migrate_to(whole.header.last_step()).await?;

    rows::look_at_foreign_keys(db, false).await?;
    let filled = fill(db, whole).await;
    rows::look_at_foreign_keys(db, true).await?;
    filled?;
    Ok(db.migrate().await?)
}

async fn fill(db: &Db, whole: &Whole) -> Result<(), BackupError> {
    let mut reader = Reader::open(&whole.path)?;
    let mut tx = db.write().await?;
    let there = tables::all(&mut tx).await?;
    let foreign_keys = rows::without_foreign_keys(&mut tx).await?;
    while let Some(table) = reader.next_table()? {
        if !there.contains(&table) {
            return Err(BackupError::Damaged(whole.path.clone(), format!("its table {} is not as its schema has it", table.name)));
        }
        rows::write(&mut tx, &table, &mut reader).await?;
    }
    rows::with_foreign_keys(&mut tx, foreign_keys).await?;
    Ok(tx.commit().await?)
}

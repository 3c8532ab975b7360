//! The schema's steps (`migrations/`): those this program carries, those a database has taken, and taking the rest.

use super::db::{Db, DbError, DbResult, On, Tx};
use super::keys::hex;

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("./migrations");

impl Db {
    /// Brings the schema up to this program's. Refuses a database that a newer program wrote.
    pub async fn migrate(&self) -> DbResult<()> {
        self.migrate_to(Db::last_known_step()).await
    }

    /// Brings the schema up to a step.
    pub async fn migrate_to(&self, step: i64) -> DbResult<()> {
        let outcome = match self {
            Db::Sqlite { write, .. } => MIGRATIONS.run_to(step, write).await,
            Db::Memory(memory) => MIGRATIONS.run_to(step, &mut *memory.read().await?).await,
            Db::Postgres(pool) => MIGRATIONS.run_to(step, pool).await,
        };
        match outcome {
            Err(sqlx::migrate::MigrateError::VersionMissing(found)) => Err(DbError::NewerSchema { found, known: Db::last_known_step() }),
            Err(sqlx::migrate::MigrateError::VersionMismatch(step)) => Err(DbError::ChangedSchema(step)),
            other => Ok(other?),
        }
    }

    /// Holds that the schema is this program's, and changes nothing of it.
    pub async fn must_be_up_to_date(&self) -> DbResult<()> {
        let there = self.read().await?.steps().await?;
        match there.iter().find(|(step, sum)| Db::known_step(*step).as_ref() != Some(sum)) {
            Some((step, _)) if Db::known_step(*step).is_some() => Err(DbError::ChangedSchema(*step)),
            Some((step, _)) => Err(DbError::NewerSchema { found: *step, known: Db::last_known_step() }),
            None if there.len() < Db::known_steps() => Err(DbError::OlderSchema),
            None => Ok(()),
        }
    }

    /// The last step of the schema that this program carries.
    pub fn last_known_step() -> i64 {
        MIGRATIONS.iter().map(|step| step.version).max().unwrap_or_default()
    }

    /// How many steps this program carries.
    pub fn known_steps() -> usize {
        MIGRATIONS.iter().count()
    }

    /// The first step after one, or that one where it is the last.
    pub fn first_after(last: i64) -> i64 {
        MIGRATIONS.iter().map(|step| step.version).filter(|step| *step > last).min().unwrap_or(last)
    }

    /// The checksum of a step's text, hex; `None` where this program carries no such step.
    pub fn known_step(step: i64) -> Option<String> {
        MIGRATIONS.iter().find(|known| known.version == step).map(|known| hex(&known.checksum))
    }
}

impl Tx {
    /// The steps of the schema that were taken, with the checksum of each one's text, hex; none where there is no schema.
    pub async fn steps(&mut self) -> DbResult<Vec<(i64, String)>> {
        let there: Option<(Option<String>,)> = match self.engine().await? {
            On::Sqlite(_) => self.opt("SELECT name FROM sqlite_master WHERE type = 'table' AND name = '_sqlx_migrations'", ()).await?,
            On::Postgres(_) => self.opt("SELECT CAST(to_regclass('_sqlx_migrations') AS TEXT)", ()).await?,
        };
        if there.and_then(|(name,)| name).is_none() {
            return Ok(Vec::new());
        }
        let steps: Vec<(i64, Vec<u8>)> = self.all("SELECT version, checksum FROM _sqlx_migrations ORDER BY version", ()).await?;
        Ok(steps.into_iter().map(|(step, sum)| (step, hex(&sum))).collect())
    }
}

//! A database for one run: fresh, quick, and gone afterwards. A simulation happens in one; nothing that anybody keeps does.
//!
//! On SQLite it is in memory. On Postgres it is a schema of its own
//! in the database named, so that no right to create databases is needed and what is there already is not touched.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};

use super::db::{Db, DbError, DbResult};

/// The database and where it is. Removed by [`Scratch::remove`]; dropped without it, SQLite's goes too, a Postgres schema stays.
pub struct Scratch {
    pub db: Db,
    /// Where whatever stands beside the database goes, in the system's temporary folder.
    pub folder: PathBuf,
    /// The server's own address, and the schema there.
    schema: Option<(PgConnectOptions, String)>,
}

impl Scratch {
    /// Opens one with today's schema: on the Postgres server named, or on SQLite.
    pub async fn open(postgres_url: Option<&str>) -> DbResult<Scratch> {
        let name = format!("portico_scratch_{}", uuid::Uuid::now_v7().simple());
        let folder = std::env::temp_dir().join(&name);
        std::fs::create_dir_all(&folder).map_err(sqlx::Error::from)?;
        let mut scratch = match postgres_url {
            None => Scratch { db: Db::in_memory().await?, folder, schema: None },
            Some(url) => {
                let server = PgConnectOptions::from_str(url)?.application_name("portico").disable_statement_logging();
                execute(&server, format!("CREATE SCHEMA {name}")).await?;
                let options = server.clone().options([("search_path", name.as_str()), ("synchronous_commit", "off")]);
                let pool = PgPoolOptions::new().max_connections(4).acquire_timeout(Duration::from_secs(10)).test_before_acquire(false);
                let pool = pool.connect_with(options).await?;
                Scratch { db: Db::Postgres(pool), folder, schema: Some((server, name)) }
            }
        };
        match scratch.db.migrate().await {
            Ok(()) => Ok(scratch),
            Err(error) => {
                scratch.clear().await?;
                Err(error)
            }
        }
    }

    /// Closes the database and removes all of it.
    pub async fn remove(mut self) -> DbResult<()> {
        self.clear().await
    }

    async fn clear(&mut self) -> DbResult<()> {
        self.db.close().await;
        match self.schema.take() {
            Some((server, name)) => execute(&server, format!("DROP SCHEMA {name} CASCADE")).await,
            None => Ok(()),
        }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

async fn execute(server: &PgConnectOptions, sql: String) -> DbResult<()> {
    let mut connection = server.connect().await?;
    // The name in it is made of digits here, by this file.
    sqlx::query(AssertSqlSafe(sql)).execute(&mut connection).await?;
    connection.close().await.map_err(DbError::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_scratch_database_is_ready_to_use_and_leaves_nothing() {
        let scratch = Scratch::open(None).await.unwrap();
        let folder = scratch.folder.clone();
        let mut tx = scratch.db.write().await.unwrap();
        tx.run("UPDATE vendors SET name = $1", ("x",)).await.unwrap();
        tx.commit().await.unwrap();
        scratch.db.check().await.unwrap();
        assert!(folder.exists());
        scratch.remove().await.unwrap();
        assert!(!folder.exists());
    }
}

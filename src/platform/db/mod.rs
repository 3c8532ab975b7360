//! The database, whichever it is: one SQL text a query, run on SQLite or Postgres.
//!
//! A [`Tx`] is the only way to run a statement. Statements are `&'static str` with `$1 …` placeholders and tuple parameters;
//! rows derive `sqlx::FromRow` and hold plain columns (see `migrations/` for what each column means).
//! No domain knowledge lives here, and no statement but those about the database itself.

use std::ops::{Deref, DerefMut};
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use futures_util::TryStreamExt as _;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions, Postgres};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Sqlite, Transaction};

mod args;
mod behind;
mod many;
mod memory;
#[cfg(test)]
mod tests;

pub use args::{Args, Row, Value};
use behind::{Behind, Held, Until};
pub use many::Many;
pub use memory::Memory;

/// A Postgres connection that was idle for longer is asked whether it still stands before it is used.
const ASKED_AFTER: Duration = Duration::from_secs(5);

/// How many prepared statements a connection keeps: all of a night's, whose texts over many rows come in several sizes.
const STATEMENTS_KEPT: usize = 256;

/// A pool of connections. Cheap to clone.
#[derive(Clone, Debug)]
pub enum Db {
    /// One writer and many readers: SQLite allows no more, and a reader that turns to writing would fail at once.
    Sqlite {
        read: SqlitePool,
        write: SqlitePool,
    },
    Memory(Memory),
    Postgres(PgPool),
}

/// One transaction. Dropped without [`Tx::commit`], it leaves nothing.
pub struct Tx {
    held: Held,
    behind: Behind,
    is_sqlite: bool,
}

/// The engine's own transaction.
pub(super) enum On {
    Sqlite(OnSqlite),
    Postgres(Transaction<'static, Postgres>),
}

/// A transaction of SQLite, in a file or in memory.
pub(super) enum OnSqlite {
    File(Transaction<'static, Sqlite>),
    Memory(memory::Turn),
}

impl OnSqlite {
    async fn commit(self) -> DbResult<()> {
        match self {
            OnSqlite::File(tx) => Ok(tx.commit().await?),
            OnSqlite::Memory(turn) => Ok(turn.commit().await?),
        }
    }
}

impl Deref for OnSqlite {
    type Target = SqliteConnection;
    fn deref(&self) -> &SqliteConnection {
        match self {
            OnSqlite::File(tx) => tx,
            OnSqlite::Memory(turn) => turn,
        }
    }
}

impl DerefMut for OnSqlite {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        match self {
            OnSqlite::File(tx) => tx,
            OnSqlite::Memory(turn) => turn,
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum DbError {
    #[error(
        "the database was written by a newer version of Portico (its schema has step {found}, this program knows {known}); start that version, or restore a backup made before the upgrade"
    )]
    NewerSchema { found: i64, known: i64 },
    /// The first connection failed.
    #[error("the database {place} cannot be used: {error}")]
    Unreachable { place: String, error: sqlx::Error },
    #[error("the database's schema step {0} is not the one this program carries; restore a backup or use the program that wrote it")]
    ChangedSchema(i64),
    /// A row that was to be changed is not as it was when it was read: see [`Many::of_each`].
    #[error("somebody else changed the same meanwhile")]
    Overtaken,
    /// Rows left to be written could not be, as was said before: nothing of the transaction stands, and nothing can be asked of it.
    #[error("the transaction has ended already")]
    Gone,
    #[error("the database's schema is older than this program's; bring it up to date first: portico migrate")]
    OlderSchema,
    #[error(transparent)]
    Sql(#[from] sqlx::Error),
    #[error(transparent)]
    Migrate(#[from] sqlx::migrate::MigrateError),
}

impl DbError {
    /// True where others were at the same rows: a deadlock or a serialisation failure of Postgres. The whole transaction may be tried again.
    pub fn is_contention(&self) -> bool {
        matches!(self, DbError::Sql(sqlx::Error::Database(e)) if e.code().is_some_and(|code| code == "40001" || code == "40P01"))
    }

    /// True where the database had no time for us: no free connection, or SQLite's one writer was busy for too long.
    pub fn is_busy(&self) -> bool {
        match self {
            DbError::Sql(sqlx::Error::PoolTimedOut) => true,
            DbError::Sql(sqlx::Error::Database(e)) => e.message().contains("database is locked"),
            _ => false,
        }
    }
}

pub type DbResult<T> = Result<T, DbError>;

/// Makes the database's file where there is none, readable by this user alone; what SQLite puts beside it is made alike.
fn make_private(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;
    match std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

impl Db {
    /// Opens `postgres://…` or `sqlite:PATH` (created when absent).
    pub async fn open(url: &str) -> DbResult<Db> {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            let options = PgConnectOptions::from_str(url)?.application_name("portico").statement_cache_capacity(STATEMENTS_KEPT).disable_statement_logging();
            // A pool would try again and again, and in the end say only that it took too long.
            let place = format!("{} at {}:{}", options.get_database().unwrap_or("(unnamed)"), options.get_host(), options.get_port());
            options.connect().await.map_err(|error| DbError::Unreachable { place, error })?.close().await?;
            let pool = PgPoolOptions::new()
                .max_connections(16)
                .acquire_timeout(Duration::from_secs(10))
                // A connection in constant use needs no question before each use whether it still stands.
                .test_before_acquire(false)
                .before_acquire(|connection, meta| {
                    Box::pin(async move {
                        if meta.idle_for > ASKED_AFTER {
                            connection.ping().await?;
                        }
                        Ok(true)
                    })
                })
                .connect_with(options)
                .await?;
            return Ok(Db::Postgres(pool));
        }
        let options = SqliteConnectOptions::from_str(url)?
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // NORMAL may lose committed transactions at power loss.
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(10))
            .statement_cache_capacity(STATEMENTS_KEPT)
            .disable_statement_logging();
        let unusable = |error| DbError::Unreachable { place: options.get_filename().display().to_string(), error };
        make_private(options.get_filename()).map_err(|error| unusable(sqlx::Error::Io(error)))?;
        // A file does not go away: no connection to it is tried before it is used.
        let pool = |most: u32| SqlitePoolOptions::new().max_connections(most).test_before_acquire(false);
        // A billing run changes thousands of pages a transaction: kept in memory until it commits, and copied into the file less often.
        let writing = options.clone().pragma("cache_size", "-32768").pragma("wal_autocheckpoint", "8192");
        let write = pool(1).connect_with(writing).await.map_err(unusable)?;
        let read = pool(4).connect_with(options.pragma("query_only", "ON")).await?;
        Ok(Db::Sqlite { read, write })
    }

    /// Opens a database in memory, which is gone with its last clone.
    pub async fn in_memory() -> DbResult<Db> {
        Ok(Db::Memory(Memory::open().await?))
    }

    /// A transaction that only reads, and sees one moment of the database.
    pub async fn read(&self) -> DbResult<Tx> {
        Ok(Tx::on(match self {
            Db::Sqlite { read, .. } => On::Sqlite(OnSqlite::File(read.begin().await?)),
            Db::Memory(memory) => On::Sqlite(OnSqlite::Memory(memory.read().await?)),
            Db::Postgres(pool) => On::Postgres(pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?),
        }))
    }

    /// Every row of one statement that only reads and stands by itself: it sees one moment without a transaction around it.
    pub async fn all<'q, R: Row>(&self, sql: &'static str, args: impl Args<'q>) -> DbResult<Vec<R>> {
        note(sql);
        Ok(match self {
            Db::Sqlite { read, .. } => sqlx::query_as_with(sql, args.sqlite()?).fetch_all(read).await?,
            Db::Memory(memory) => sqlx::query_as_with(sql, args.sqlite()?).fetch_all(&mut *memory.read().await?).await?,
            Db::Postgres(pool) => sqlx::query_as_with(sql, args.postgres()?).fetch_all(pool).await?,
        })
    }

    /// A transaction that writes. On SQLite it holds the one write lock from its start.
    pub async fn write(&self) -> DbResult<Tx> {
        Ok(Tx::on(match self {
            Db::Sqlite { write, .. } => On::Sqlite(OnSqlite::File(write.begin_with("BEGIN IMMEDIATE").await?)),
            Db::Memory(memory) => On::Sqlite(OnSqlite::Memory(memory.write().await?)),
            Db::Postgres(pool) => On::Postgres(pool.begin().await?),
        }))
    }

    /// Whether the database answers.
    pub async fn check(&self) -> DbResult<()> {
        self.read().await?.one::<(i64,)>("SELECT CAST(1 AS BIGINT)", ()).await.map(|_| ())
    }

    pub async fn close(&self) {
        match self {
            Db::Sqlite { read, write } => {
                read.close().await;
                write.close().await;
            }
            Db::Memory(_) => {}
            Db::Postgres(pool) => pool.close().await,
        }
    }
}

/// Names a statement on its way to the database, for whoever listens to this module (`RUST_LOG=portico::platform::db=trace`): an
/// operator in search of what a page asks, and the test that holds how much it may ask.
fn note(sql: &str) {
    tracing::trace!(sql, "statement");
}

impl Tx {
    fn on(on: On) -> Tx {
        Tx { is_sqlite: matches!(on, On::Sqlite(_)), held: Held::Here(on), behind: Behind::default() }
    }

    /// The engine's transaction, with everything on it that was left to be written.
    pub(super) async fn engine(&mut self) -> DbResult<&mut On> {
        self.held.with(self.behind.take()).await
    }

    /// The same for one statement: what it cannot look for may still wait.
    async fn engine_for(&mut self, sql: &[&str]) -> DbResult<&mut On> {
        self.held.with(self.behind.take_before(sql)).await
    }

    /// Every row.
    pub async fn all<'q, R: Row>(&mut self, sql: &'static str, args: impl Args<'q>) -> DbResult<Vec<R>> {
        note(sql);
        Ok(match self.engine_for(&[sql]).await? {
            On::Sqlite(tx) => sqlx::query_as_with(sql, args.sqlite()?).fetch_all(&mut **tx).await?,
            On::Postgres(tx) => sqlx::query_as_with(sql, args.postgres()?).fetch_all(&mut **tx).await?,
        })
    }

    /// Every row, one after the other as the database hands them out: for what is too much to be held at once. Ends with the first error of
    /// `take`.
    pub async fn each<'q, R: Row, E: From<DbError>>(
        &mut self,
        sql: &'static str,
        args: impl Args<'q>,
        mut take: impl FnMut(R) -> Result<(), E>,
    ) -> Result<(), E> {
        note(sql);
        match self.engine_for(&[sql]).await? {
            On::Sqlite(tx) => {
                let mut rows = sqlx::query_as_with(sql, args.sqlite()?).fetch(&mut **tx);
                while let Some(row) = rows.try_next().await.map_err(DbError::from)? {
                    take(row)?;
                }
            }
            On::Postgres(tx) => {
                let mut rows = sqlx::query_as_with(sql, args.postgres()?).fetch(&mut **tx);
                while let Some(row) = rows.try_next().await.map_err(DbError::from)? {
                    take(row)?;
                }
            }
        }
        Ok(())
    }

    /// The row, or `None`.
    pub async fn opt<'q, R: Row>(&mut self, sql: &'static str, args: impl Args<'q>) -> DbResult<Option<R>> {
        note(sql);
        Ok(match self.engine_for(&[sql]).await? {
            On::Sqlite(tx) => sqlx::query_as_with(sql, args.sqlite()?).fetch_optional(&mut **tx).await?,
            On::Postgres(tx) => sqlx::query_as_with(sql, args.postgres()?).fetch_optional(&mut **tx).await?,
        })
    }

    /// The one row that must be there.
    pub async fn one<'q, R: Row>(&mut self, sql: &'static str, args: impl Args<'q>) -> DbResult<R> {
        self.opt(sql, args).await?.ok_or(DbError::Sql(sqlx::Error::RowNotFound))
    }

    /// The one row of a statement about nothing but one table: what was left to be written to others goes on waiting.
    pub async fn one_about<'q, R: Row>(&mut self, table: &'static str, sql: &'static str, args: impl Args<'q>) -> DbResult<R> {
        note(sql);
        let row = match self.held.with(self.behind.take_before_one_about(table)).await? {
            On::Sqlite(tx) => sqlx::query_as_with(sql, args.sqlite()?).fetch_optional(&mut **tx).await?,
            On::Postgres(tx) => sqlx::query_as_with(sql, args.postgres()?).fetch_optional(&mut **tx).await?,
        };
        row.ok_or(DbError::Sql(sqlx::Error::RowNotFound))
    }

    /// Runs a statement; how many rows it touched.
    pub async fn run<'q>(&mut self, sql: &'static str, args: impl Args<'q>) -> DbResult<u64> {
        note(sql);
        Ok(match self.engine_for(&[sql]).await? {
            On::Sqlite(tx) => sqlx::query_with(sql, args.sqlite()?).execute(&mut **tx).await?.rows_affected(),
            On::Postgres(tx) => sqlx::query_with(sql, args.postgres()?).execute(&mut **tx).await?.rows_affected(),
        })
    }

    /// Runs a statement over many rows, a chunk at a time; what it returned.
    pub async fn all_of<'q, R: Row, A: Args<'q>>(&mut self, statement: &Many, rows: Vec<A>) -> DbResult<Vec<R>> {
        let on = self.engine_for(&[statement.before, statement.after]).await?;
        let mut found = Vec::new();
        let mut rows = rows.into_iter();
        while rows.len() > 0 {
            let (sql, chunk) = statement.chunk(on, &mut rows);
            note(statement.before);
            match on {
                On::Sqlite(tx) => found.extend(sqlx::query_as_with(sql, chunk.sqlite()?).fetch_all(&mut **tx).await?),
                On::Postgres(tx) => found.extend(sqlx::query_as_with(sql, chunk.postgres()?).fetch_all(&mut **tx).await?),
            }
        }
        Ok(found)
    }

    /// Runs a statement over many rows, a chunk at a time; how many rows it touched.
    pub async fn run_of<'q, A: Args<'q>>(&mut self, statement: &Many, rows: Vec<A>) -> DbResult<u64> {
        statement.run(self.engine_for(&[statement.before, statement.after]).await?, rows).await
    }

    /// Leaves a row to a statement that nobody waits for: it is written together with others, before its table is read or anything else of
    /// this transaction is changed, and with its end at the latest. Where many wait, they are written while the caller goes on. Rows of
    /// different statements are written in the order the statements came, so one that another refers to is left first. An error is told by
    /// whatever has them written.
    pub async fn put<A: Args<'static> + 'static>(&mut self, statement: &'static Many, row: A) -> DbResult<()> {
        self.leave(statement, row, Until::Anything).await
    }

    /// The same for a row of a table that is only added to, and that no other row refers to: it is written with the end, or before the first
    /// statement that names its table.
    pub async fn append<A: Args<'static> + 'static>(&mut self, statement: &'static Many, row: A) -> DbResult<()> {
        self.leave(statement, row, Until::Named(statement.table())).await
    }

    async fn leave<A: Args<'static> + 'static>(&mut self, statement: &'static Many, row: A, until: Until) -> DbResult<()> {
        if self.behind.keep(statement, row, until) { self.held.send(self.behind.cut()).await } else { Ok(()) }
    }

    /// Whether it is the one that writes: nobody else has anything locked, or changes anything until it ends.
    pub fn is_only_writer(&self) -> bool {
        self.is_sqlite
    }

    /// Counts as one who has written to a table from now on: see [`Tx::keep_writers_out`]. Whether others may have had to be waited for; the
    /// one that writes to SQLite is alone.
    pub async fn join_writers(&mut self, table: &'static str) -> DbResult<bool> {
        if self.is_sqlite {
            return Ok(false);
        }
        if let On::Postgres(tx) = self.engine_for(&[table]).await? {
            sqlx::query(AssertSqlSafe(format!("LOCK TABLE {table} IN ROW EXCLUSIVE MODE"))).execute(&mut **tx).await?;
        }
        Ok(true)
    }

    /// Waits until whoever has written to a table has ended, and keeps others from writing to it until this transaction has. On SQLite it is
    /// the one that writes anyway.
    pub async fn keep_writers_out(&mut self, table: &'static str) -> DbResult<()> {
        if let On::Postgres(tx) = self.engine_for(&[table]).await? {
            sqlx::query(AssertSqlSafe(format!("LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE"))).execute(&mut **tx).await?;
        }
        Ok(())
    }

    pub async fn commit(mut self) -> DbResult<()> {
        self.engine().await?;
        match self.held {
            Held::Here(On::Sqlite(tx)) => tx.commit().await,
            Held::Here(On::Postgres(tx)) => Ok(tx.commit().await?),
            Held::Away(_) | Held::Gone => Err(DbError::Gone),
        }
    }
}

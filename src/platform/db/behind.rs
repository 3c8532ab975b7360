//! Writing behind: rows that nobody waits for are kept until something is asked of them, or the transaction ends, and then go to the database
//! many at a time. Whoever reads sees them: a question that names a table they are for writes them first, and so does every statement that
//! changes something, for it may refer to them; rows of a table that is only added to, and that no other row refers to, wait until a
//! statement names their table. Where many have gathered, a task of its own writes them: the database works on one processor while the
//! caller makes the next rows on another.

use futures_util::TryStreamExt as _;
use sqlx::postgres::PgArguments;
use sqlx::sqlite::{SqliteArguments, SqliteConnection};
use sqlx::{AssertSqlSafe, Either, Executor as _};
use tokio::task::JoinHandle;

use super::{Args, DbError, DbResult, Many, On, note};

/// So many rows wait at most.
const MOST: usize = 1024;
/// Of so many, whatever statements they are for, SQLite is given one text: those of an action or of a document, not of a night.
const AT_ONCE: usize = 32;

/// Rows that wait, by statement, in the order the statements came.
#[derive(Default)]
pub(super) struct Behind {
    waiting: Vec<Waiting>,
    rows: usize,
}

struct Waiting {
    statement: &'static Many,
    rows: Vec<Kept>,
    until: Until,
}

/// What the rows of a statement wait for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Until {
    /// A question that names their table, whatever changes something, or the end.
    Anything,
    /// A statement that names this table, or the end.
    Named(&'static str),
}

impl Behind {
    /// Keeps a row; whether there are so many now that they should be written.
    pub fn keep<A: Args<'static> + 'static>(&mut self, statement: &'static Many, row: A, until: Until) -> bool {
        let row = Kept(Box::new(row));
        match self.waiting.iter_mut().find(|waiting| std::ptr::eq(waiting.statement, statement)) {
            Some(waiting) => waiting.rows.push(row),
            None => self.waiting.push(Waiting { statement, rows: vec![row], until }),
        }
        self.rows += 1;
        self.rows >= MOST
    }

    /// What is to be written before a statement of this text is run. Tables stand in it by their names: there are no views, and nothing that
    /// happens to one table by itself when another is changed.
    pub fn take_before(&mut self, sql: &[&str]) -> Behind {
        let names = |table: &str| sql.iter().any(|part| part.contains(table));
        let only_asks = sql.first().is_some_and(|text| text.starts_with("SELECT "));
        // Rows may refer to those before them: of these all are written, or none.
        let is_asked_of = !only_asks || self.waiting.iter().any(|waiting| waiting.until == Until::Anything && names(waiting.statement.table()));
        let goes = |waiting: &mut Waiting| match waiting.until {
            Until::Anything => is_asked_of,
            Until::Named(table) => names(table),
        };
        let waiting: Vec<Waiting> = self.waiting.extract_if(.., goes).collect();
        let rows = waiting.iter().map(|waiting| waiting.rows.len()).sum();
        self.rows -= rows;
        Behind { waiting, rows }
    }

    /// What is to be written before a statement about one table is run: all of it, where any is about that table, too.
    pub fn take_before_one_about(&mut self, table: &str) -> Behind {
        let is_about = |waiting: &Waiting| waiting.statement.before.contains(table) || waiting.statement.after.contains(table);
        if self.waiting.iter().any(is_about) { self.take() } else { Behind::default() }
    }

    /// Everything that waits.
    pub fn take(&mut self) -> Behind {
        std::mem::take(self)
    }

    /// Everything that waits, where more will follow. What follows keeps the order of the statements so far: it goes on in the middle of
    /// rows that refer to each other.
    pub fn cut(&mut self) -> Behind {
        let waiting = self.waiting.iter_mut().map(|waiting| Waiting { rows: std::mem::take(&mut waiting.rows), ..*waiting }).collect();
        Behind { waiting, rows: std::mem::take(&mut self.rows) }
    }

    /// Writes it, in its order.
    pub async fn write(self, on: &mut On) -> DbResult<()> {
        if let On::Sqlite(connection) = on
            && self.waiting.len() > 1
            && self.rows <= AT_ONCE
        {
            return self.write_at_once(connection).await;
        }
        for Waiting { statement, rows, .. } in self.waiting {
            let count = rows.len();
            let touched = statement.run(on, rows).await?;
            if statement.of_each && u64::try_from(count) != Ok(touched) {
                return Err(DbError::Overtaken);
            }
        }
        Ok(())
    }
}

impl Behind {
    /// The same as one text of several statements, which SQLite takes: every text goes to the connection's own thread and comes back, and for
    /// few rows that is most of the time.
    async fn write_at_once(self, connection: &mut SqliteConnection) -> DbResult<()> {
        let (mut sql, mut args, mut must_touch) = (String::new(), SqliteArguments::default(), Vec::new());
        for Waiting { statement, rows, .. } in self.waiting {
            let mut rows = rows.into_iter();
            while rows.len() > 0 {
                let chunk = statement.add_chunk(true, &mut sql, &mut rows);
                sql.push_str("; ");
                note(statement.before);
                must_touch.push(if statement.of_each { u64::try_from(chunk.len()).ok() } else { None });
                chunk.add_to_sqlite(&mut args)?;
            }
        }
        // Made of literals only.
        let mut done = connection.fetch_many(sqlx::query_with(AssertSqlSafe(sql), args));
        let mut must_touch = must_touch.into_iter();
        while let Some(step) = done.try_next().await? {
            if let Either::Left(done) = step
                && let Some(Some(rows)) = must_touch.next()
                && rows != done.rows_affected()
            {
                return Err(DbError::Overtaken);
            }
        }
        Ok(())
    }
}

/// The engine's transaction: here, or with the task that writes on it.
pub(super) enum Held {
    Here(On),
    Away(JoinHandle<DbResult<On>>),
    /// Rows could not be written on it, so it was rolled back.
    Gone,
}

impl Held {
    /// The transaction, once everything that was left to be written stands on it.
    pub async fn with(&mut self, rows: Behind) -> DbResult<&mut On> {
        if let Held::Away(task) = self {
            let ended = task.await;
            *self = Held::Gone;
            *self = Held::Here(ended.map_err(|_| DbError::Gone)??);
        }
        if let Held::Here(on) = self
            && let Err(error) = rows.write(on).await
        {
            *self = Held::Gone;
            return Err(error);
        }
        match self {
            Held::Here(on) => Ok(on),
            Held::Away(_) | Held::Gone => Err(DbError::Gone),
        }
    }

    /// Has rows written by a task; waits only for the one before it. Who is dropped meanwhile leaves nothing: the task drops the
    /// transaction in turn.
    pub async fn send(&mut self, rows: Behind) -> DbResult<()> {
        self.with(Behind::default()).await?;
        if let Held::Here(mut on) = std::mem::replace(self, Held::Gone) {
            *self = Held::Away(tokio::spawn(async move { rows.write(&mut on).await.map(|()| on) }));
        }
        Ok(())
    }
}

/// A row of parameters whose type is forgotten.
pub(super) trait BehindRow: Send {
    fn sqlite(self: Box<Self>, args: &mut SqliteArguments) -> DbResult<()>;
    fn postgres(self: Box<Self>, args: &mut PgArguments) -> DbResult<()>;
}

impl<A: Args<'static>> BehindRow for A {
    fn sqlite(self: Box<Self>, args: &mut SqliteArguments) -> DbResult<()> {
        (*self).add_to_sqlite(args)
    }

    fn postgres(self: Box<Self>, args: &mut PgArguments) -> DbResult<()> {
        (*self).add_to_postgres(args)
    }
}

/// The same as parameters.
pub(super) struct Kept(pub Box<dyn BehindRow>);

impl<'q> Args<'q> for Kept {
    fn add_to_sqlite(self, args: &mut SqliteArguments) -> DbResult<()> {
        self.0.sqlite(args)
    }

    fn add_to_postgres(self, args: &mut PgArguments) -> DbResult<()> {
        self.0.postgres(args)
    }
}

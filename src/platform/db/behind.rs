//! Writing behind: rows that nobody waits for are kept until something is read, or the transaction ends, and then go to the database many
//! at a time. Whoever reads sees them, for every other statement of a [`Tx`](super::Tx) writes them first.

use sqlx::postgres::PgArguments;
use sqlx::sqlite::SqliteArguments;

use super::{Args, DbResult, Many};

/// So many rows wait at most.
const MOST: usize = 4096;

/// Rows that wait, by statement, in the order the statements came.
#[derive(Default)]
pub(super) struct Behind {
    statements: Vec<Waiting>,
    rows: usize,
}

pub(super) struct Waiting {
    pub statement: &'static Many,
    pub rows: Vec<Kept>,
}

impl Behind {
    /// Keeps a row; whether there are so many now that they should be written.
    pub fn keep<A: Args<'static> + 'static>(&mut self, statement: &'static Many, row: A) -> bool {
        let row = Kept(Box::new(row));
        match self.statements.iter_mut().find(|waiting| std::ptr::eq(waiting.statement, statement)) {
            Some(waiting) => waiting.rows.push(row),
            None => self.statements.push(Waiting { statement, rows: vec![row] }),
        }
        self.rows += 1;
        self.rows >= MOST
    }

    pub fn is_empty(&self) -> bool {
        self.statements.is_empty()
    }

    /// Everything that waits, to be written in this order.
    pub fn take(&mut self) -> Vec<Waiting> {
        self.rows = 0;
        std::mem::take(&mut self.statements)
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

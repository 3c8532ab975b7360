//! Statements over many rows at once.

use sqlx::AssertSqlSafe;

use super::{Args, DbResult, On, note};

/// A statement around a list of rows: `before ($1, $2), ($3, $4) … after`, for an INSERT or for `(a, b) IN (VALUES …)`.
///
/// Rows go in chunks of a few fixed sizes, so that each text is prepared once and no database's limit on parameters is met.
pub struct Many {
    pub before: &'static str,
    /// Parameters a row has.
    pub columns: usize,
    pub after: &'static str,
    /// Each row must change one of the table: where it does not, somebody else did meanwhile ([`DbError::Overtaken`]).
    pub of_each: bool,
}

impl Many {
    /// The table it changes.
    pub(super) fn table(&self) -> &'static str {
        let of = |verb| self.before.strip_prefix(verb).and_then(|rest: &str| rest.split(' ').next());
        of("INSERT INTO ").or_else(|| of("UPDATE ")).or_else(|| of("DELETE FROM ")).unwrap_or(self.before)
    }

    /// The statement over the next rows.
    pub(super) fn chunk<A>(&self, on: &On, rows: &mut std::vec::IntoIter<A>) -> (AssertSqlSafe<String>, Vec<A>) {
        let mut sql = String::new();
        let chunk = self.add_chunk(matches!(on, On::Sqlite(_)), &mut sql, rows);
        // Made of literals and numbers only.
        (AssertSqlSafe(sql), chunk)
    }

    /// Adds the statement over the next rows to a text. To SQLite a numbered parameter has a name, and names are looked for one after the
    /// other, at each of thousands; so there they stand without, in their order.
    pub(super) fn add_chunk<A>(&self, is_sqlite: bool, sql: &mut String, rows: &mut std::vec::IntoIter<A>) -> Vec<A> {
        let size = [256, 32, 8, 6, 4, 3, 2].into_iter().find(|size| *size <= rows.len()).unwrap_or(1);
        sql.reserve(self.before.len() + size * self.columns * 7 + self.after.len());
        sql.push_str(self.before);
        for n in 0..size * self.columns {
            sql.push_str(match (n, n % self.columns) {
                (0, _) => " (",
                (_, 0) => "), (",
                _ => ", ",
            });
            match is_sqlite {
                true => sql.push('?'),
                false => sql.push_str(&format!("${}", n + 1)),
            }
        }
        sql.push_str(") ");
        sql.push_str(self.after);
        rows.by_ref().take(size).collect()
    }

    /// Runs it over all rows, a chunk at a time; how many rows it touched.
    pub(super) async fn run<'q, A: Args<'q>>(&self, on: &mut On, rows: Vec<A>) -> DbResult<u64> {
        let mut touched = 0;
        let mut rows = rows.into_iter();
        while rows.len() > 0 {
            let (sql, chunk) = self.chunk(on, &mut rows);
            note(self.before);
            touched += match on {
                On::Sqlite(tx) => sqlx::query_with(sql, chunk.sqlite()?).execute(&mut **tx).await?.rows_affected(),
                On::Postgres(tx) => sqlx::query_with(sql, chunk.postgres()?).execute(&mut **tx).await?.rows_affected(),
            };
        }
        Ok(touched)
    }
}

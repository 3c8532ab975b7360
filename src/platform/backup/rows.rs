//! Rows out of a database and into one: the seam where the two engines differ. Names of tables and columns come from the database's own
//! catalogue, values travel as parameters or, into Postgres, as the text its COPY reads.

use futures_util::TryStreamExt as _;
use serde_json::Value;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments as _, AssertSqlSafe, ColumnIndex, Decode, Type};

use super::BackupError;
use super::file::Reader;
use super::tables::{Kind, Table};
use crate::platform::db::{Db, On, Tx};

/// Parameters of one statement: fewer than SQLite takes at most.
const PARAMETERS: usize = 8_000;
/// Bytes that are sent to Postgres at once.
const COPIED: usize = 1 << 20;

/// Every row of a table, each as a line of JSON.
pub(super) async fn read(tx: &mut Tx, table: &Table, mut take: impl FnMut(&[u8]) -> Result<(), BackupError>) -> Result<(), BackupError> {
    let sql = format!("SELECT {} FROM \"{}\"", table.column_list(), table.name);
    let mut line = Vec::new();
    match tx.engine().await? {
        On::Sqlite(tx) => {
            let mut rows = sqlx::query(AssertSqlSafe(sql)).fetch(&mut **tx);
            while let Some(row) = rows.try_next().await? {
                to_json(&row, table, &mut line)?;
                take(&line)?;
            }
        }
        On::Postgres(tx) => {
            let mut rows = sqlx::query(AssertSqlSafe(sql)).fetch(&mut **tx);
            while let Some(row) = rows.try_next().await? {
                to_json(&row, table, &mut line)?;
                take(&line)?;
            }
        }
    }
    Ok(())
}

fn to_json<'r, R>(row: &'r R, table: &Table, line: &mut Vec<u8>) -> Result<(), BackupError>
where
    R: sqlx::Row,
    usize: ColumnIndex<R>,
    &'r str: Decode<'r, R::Database> + Type<R::Database>,
    i64: Decode<'r, R::Database> + Type<R::Database>,
    bool: Decode<'r, R::Database> + Type<R::Database>,
{
    line.clear();
    for (index, (_, kind)) in table.columns.iter().enumerate() {
        line.push(if index == 0 { b'[' } else { b',' });
        let written = match kind {
            Kind::Text => serde_json::to_writer(&mut *line, &row.try_get::<Option<&str>, _>(index)?),
            Kind::Integer => serde_json::to_writer(&mut *line, &row.try_get::<Option<i64>, _>(index)?),
            Kind::Flag => serde_json::to_writer(&mut *line, &row.try_get::<Option<bool>, _>(index)?),
        };
        written.map_err(|error| sqlx::Error::Encode(error.into()))?;
    }
    line.extend_from_slice(b"]\n");
    Ok(())
}

pub(super) async fn has_any(tx: &mut Tx, table: &Table) -> Result<bool, BackupError> {
    let sql = AssertSqlSafe(format!("SELECT 1 FROM \"{}\" LIMIT 1", table.name));
    Ok(match tx.engine().await? {
        On::Sqlite(tx) => sqlx::query(sql).fetch_optional(&mut **tx).await?.is_some(),
        On::Postgres(tx) => sqlx::query(sql).fetch_optional(&mut **tx).await?.is_some(),
    })
}

/// Puts the rows that follow in a file into their table.
pub(super) async fn write(tx: &mut Tx, table: &Table, reader: &mut Reader) -> Result<(), BackupError> {
    match tx.engine().await? {
        On::Sqlite(tx) => insert(tx, table, reader).await,
        On::Postgres(tx) => copy(tx, table, reader).await,
    }
}

/// The next row's values, one for each column.
fn next(reader: &mut Reader, table: &Table) -> Result<Option<Vec<Value>>, BackupError> {
    let Some(line) = reader.next_row()? else { return Ok(None) };
    match serde_json::from_str::<Vec<Value>>(line) {
        Ok(row) if row.len() == table.columns.len() => Ok(Some(row)),
        _ => Err(reader.damaged(&format!("a row of {} has other columns than its table", table.name))),
    }
}

fn misfit(reader: &Reader, table: &Table, column: &str) -> BackupError {
    reader.damaged(&format!("a value of {}.{column} is of another kind", table.name))
}

async fn insert(on: &mut sqlx::SqliteConnection, table: &Table, reader: &mut Reader) -> Result<(), BackupError> {
    let most = PARAMETERS / table.columns.len().max(1);
    let (mut args, mut waiting) = (SqliteArguments::default(), 0);
    loop {
        let row = next(reader, table)?;
        let is_end = row.is_none();
        for (value, (column, kind)) in row.into_iter().flatten().zip(&table.columns) {
            let added = match (value, kind) {
                (Value::Null, Kind::Text) => args.add(None::<String>),
                (Value::Null, Kind::Integer) => args.add(None::<i64>),
                (Value::Null, Kind::Flag) => args.add(None::<bool>),
                (Value::String(text), Kind::Text) => args.add(text),
                (Value::Number(number), Kind::Integer) => args.add(number.as_i64().ok_or_else(|| misfit(reader, table, column))?),
                (Value::Bool(flag), Kind::Flag) => args.add(flag),
                _ => return Err(misfit(reader, table, column)),
            };
            added.map_err(sqlx::Error::Encode)?;
        }
        waiting += usize::from(!is_end);
        if waiting == most || (is_end && waiting > 0) {
            let row = format!("({})", vec!["?"; table.columns.len()].join(", "));
            let sql = format!("INSERT INTO \"{}\" ({}) VALUES {}", table.name, table.column_list(), vec![row; waiting].join(", "));
            sqlx::query_with(AssertSqlSafe(sql), std::mem::take(&mut args)).persistent(waiting == most).execute(&mut *on).await?;
            waiting = 0;
        }
        if is_end {
            return Ok(());
        }
    }
}

async fn copy(tx: &mut sqlx::Transaction<'static, sqlx::Postgres>, table: &Table, reader: &mut Reader) -> Result<(), BackupError> {
    let mut sink = tx.copy_in_raw(&format!("COPY \"{}\" ({}) FROM STDIN", table.name, table.column_list())).await?;
    let mut text: Vec<u8> = Vec::with_capacity(COPIED + COPIED / 4);
    while let Some(row) = next(reader, table)? {
        for (index, (value, (column, kind))) in row.into_iter().zip(&table.columns).enumerate() {
            if index > 0 {
                text.push(b'\t');
            }
            match (value, kind) {
                (Value::Null, _) => text.extend_from_slice(b"\\N"),
                (Value::String(value), Kind::Text) => escape(&value, &mut text),
                (Value::Number(number), Kind::Integer) if number.is_i64() => text.extend_from_slice(number.to_string().as_bytes()),
                (Value::Bool(flag), Kind::Flag) => text.push(if flag { b't' } else { b'f' }),
                _ => return Err(misfit(reader, table, column)),
            }
        }
        text.push(b'\n');
        if text.len() >= COPIED {
            sink.send(text.as_slice()).await?;
            text.clear();
        }
    }
    sink.send(text.as_slice()).await?;
    sink.finish().await?;
    // Until it learns how much there is, it plans as if the table were empty.
    sqlx::query(AssertSqlSafe(format!("ANALYZE \"{}\"", table.name))).execute(&mut **tx).await?;
    Ok(())
}

/// As COPY reads text: its separators and its escape, escaped.
fn escape(value: &str, text: &mut Vec<u8>) {
    for byte in value.bytes() {
        match byte {
            b'\\' => text.extend_from_slice(b"\\\\"),
            b'\n' => text.extend_from_slice(b"\\n"),
            b'\r' => text.extend_from_slice(b"\\r"),
            b'\t' => text.extend_from_slice(b"\\t"),
            byte => text.push(byte),
        }
    }
}

/// Whether the one connection that writes to SQLite looks at foreign keys. That can't be said in a transaction, and in one each row that came
/// before what it names would be looked for again and again.
pub(super) async fn look_at_foreign_keys(db: &Db, looks: bool) -> Result<(), BackupError> {
    if let Db::Sqlite { write, .. } = db {
        sqlx::query(if looks { "PRAGMA foreign_keys = ON" } else { "PRAGMA foreign_keys = OFF" }).execute(write).await?;
    }
    Ok(())
}

/// What must be put back once every row is there: table, name and text of each foreign key of Postgres.
pub(super) struct ForeignKeys(Vec<(String, String, String)>);

/// Lets rows come in any order until [`with_foreign_keys`].
pub(super) async fn without_foreign_keys(tx: &mut Tx) -> Result<ForeignKeys, BackupError> {
    if let On::Sqlite(_) = tx.engine().await? {
        return Ok(ForeignKeys(Vec::new()));
    }
    let keys: Vec<(String, String, String)> = tx
        .all(
            "SELECT CAST(t.relname AS TEXT), CAST(k.conname AS TEXT), pg_get_constraintdef(k.oid) FROM pg_constraint k JOIN pg_class t ON t.oid = k.conrelid
             WHERE k.contype = 'f' AND k.connamespace = CAST(current_schema() AS regnamespace) ORDER BY 1, 2",
            (),
        )
        .await?;
    for (table, name, _) in &keys {
        on_postgres(tx, format!("ALTER TABLE \"{table}\" DROP CONSTRAINT \"{name}\"")).await?;
    }
    Ok(ForeignKeys(keys))
}

/// Every row names what is there again, or nothing of it stands.
pub(super) async fn with_foreign_keys(tx: &mut Tx, ForeignKeys(keys): ForeignKeys) -> Result<(), BackupError> {
    for (table, name, definition) in keys {
        on_postgres(tx, format!("ALTER TABLE \"{table}\" ADD CONSTRAINT \"{name}\" {definition}")).await?;
    }
    if let On::Sqlite(_) = tx.engine().await? {
        let astray: Option<(String, String)> = tx.opt("SELECT \"table\", parent FROM pragma_foreign_key_check LIMIT 1", ()).await?;
        if let Some((table, parent)) = astray {
            return Err(sqlx::Error::Protocol(format!("a row of {table} names one of {parent} that is not in the backup")).into());
        }
    }
    Ok(())
}

async fn on_postgres(tx: &mut Tx, sql: String) -> Result<(), BackupError> {
    if let On::Postgres(tx) = tx.engine().await? {
        sqlx::query(AssertSqlSafe(sql)).execute(&mut **tx).await?;
    }
    Ok(())
}

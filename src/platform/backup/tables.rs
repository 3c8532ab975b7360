//! The tables a database has, told by itself: a backup of a schema that this program no longer writes holds all of it, too.

use serde::{Deserialize, Serialize};

use super::BackupError;
use crate::platform::db::{DbResult, On, Tx};

/// A table, its columns in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Table {
    #[serde(rename = "table")]
    pub name: String,
    pub columns: Vec<(String, Kind)>,
}

/// The three kinds of column there are (`migrations/0001_vendors.sql`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    Text,
    Integer,
    Flag,
}

impl Table {
    /// `"vendor_id", "id"`
    pub fn column_list(&self) -> String {
        self.columns.iter().map(|(name, _)| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")
    }
}

/// Every table by its name, but the one that counts the steps of the schema.
pub(super) async fn all(tx: &mut Tx) -> Result<Vec<Table>, BackupError> {
    let mut tables: Vec<Table> = Vec::new();
    for (table, column, kind) in columns(tx).await? {
        let kind = match kind.to_ascii_lowercase().as_str() {
            "text" => Kind::Text,
            "bigint" => Kind::Integer,
            "boolean" => Kind::Flag,
            other => return Err(sqlx::Error::Protocol(format!("{table}.{column} is of the kind {other}, which no backup knows")).into()),
        };
        match tables.last_mut().filter(|last| last.name == table) {
            Some(last) => last.columns.push((column, kind)),
            None => tables.push(Table { name: table, columns: vec![(column, kind)] }),
        }
    }
    tables.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(tables)
}

async fn columns(tx: &mut Tx) -> DbResult<Vec<(String, String, String)>> {
    let sql = match tx.engine().await? {
        On::Sqlite(_) => {
            "SELECT m.name, c.name, c.type FROM sqlite_master m JOIN pragma_table_info(m.name) c
             WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND m.name <> '_sqlx_migrations' ORDER BY m.name, c.cid"
        }
        On::Postgres(_) => {
            "SELECT CAST(c.table_name AS TEXT), CAST(c.column_name AS TEXT), CAST(c.data_type AS TEXT) FROM information_schema.columns c
                JOIN information_schema.tables t ON t.table_schema = c.table_schema AND t.table_name = c.table_name AND t.table_type = 'BASE TABLE'
             WHERE c.table_schema = current_schema() AND c.table_name <> '_sqlx_migrations' ORDER BY c.table_name, c.ordinal_position"
        }
    };
    tx.all(sql, ()).await
}

//! The seam to the database, on SQLite: what every engine does is held by the integration tests.

use super::*;

#[tokio::test]
async fn the_embedded_database_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = std::env::temp_dir().join(format!("portico-db-{}", uuid::Uuid::now_v7()));
    std::fs::create_dir(&folder).unwrap();
    let db = Db::open(&format!("sqlite:{}", folder.join("portico.db").display())).await.unwrap();
    db.migrate().await.unwrap();
    for entry in std::fs::read_dir(&folder).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", entry.file_name());
    }
    db.close().await;
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn a_database_that_is_not_there_is_named() {
    for (url, place) in [
        ("postgres://somebody:secret@127.0.0.1:1/books", "the database books at 127.0.0.1:1 cannot be used: "),
        ("sqlite:/proc/nowhere/portico.db", "the database /proc/nowhere/portico.db cannot be used: "),
    ] {
        let error = Db::open(url).await.unwrap_err().to_string();
        assert!(error.starts_with(place) && !error.contains("secret"), "{error}");
    }
}

#[tokio::test]
async fn a_statement_runs_with_tuple_parameters_and_typed_rows() {
    let dir = std::env::temp_dir().join(format!("portico-db-{}", uuid::Uuid::now_v7()));
    std::fs::create_dir_all(&dir).unwrap();
    let db = Db::open(&format!("sqlite:{}", dir.join("t.db").display())).await.unwrap();
    db.migrate().await.unwrap();
    let mut tx = db.write().await.unwrap();
    let row: (i64, Option<String>) = tx.one("SELECT CAST($1 AS BIGINT), CAST($2 AS TEXT)", (7_i64, None::<String>)).await.unwrap();
    assert_eq!(row, (7, None));
    // Closing waits for whoever still holds a connection.
    drop(tx);
    db.close().await;
    std::fs::remove_dir_all(dir).unwrap();
}

static PARTS: Many = Many { before: "INSERT INTO parts (id) VALUES", columns: 1, after: "", of_each: false };
static LINES: Many = Many { before: "INSERT INTO part_lines (id, part) VALUES", columns: 2, after: "", of_each: false };
static RAISED: Many =
    Many { before: "UPDATE parts SET raised = v.column2 FROM (VALUES", columns: 2, after: ") AS v WHERE parts.id = v.column1", of_each: true };

#[tokio::test]
async fn rows_nobody_waits_for_are_there_for_whoever_reads_and_an_error_among_them_is_told() {
    let dir = std::env::temp_dir().join(format!("portico-db-{}", uuid::Uuid::now_v7()));
    std::fs::create_dir_all(&dir).unwrap();
    let db = Db::open(&format!("sqlite:{}", dir.join("t.db").display())).await.unwrap();
    db.migrate().await.unwrap();
    let count = 3_000_i64;
    let mut tx = db.write().await.unwrap();
    tx.run("CREATE TABLE parts (id BIGINT PRIMARY KEY, raised BIGINT)", ()).await.unwrap();
    tx.run("CREATE TABLE part_lines (id BIGINT PRIMARY KEY, part BIGINT NOT NULL REFERENCES parts (id))", ()).await.unwrap();
    // However they are cut, no line is written before what it refers to.
    for part in 0..count {
        tx.put(&PARTS, (part,)).await.unwrap();
        for line in 0..3 {
            tx.put(&LINES, (3 * part + line, part)).await.unwrap();
        }
    }
    let (there,): (i64,) = tx.one("SELECT COUNT(*) FROM part_lines", ()).await.unwrap();
    assert_eq!(there, 3 * count);
    tx.commit().await.unwrap();
    let mut tx = db.write().await.unwrap();
    for part in 0..count {
        // One of them is not there.
        match tx.put(&RAISED, (if part == 17 { -1 } else { part }, 1_i64)).await {
            Ok(()) => {}
            Err(DbError::Overtaken) => break,
            Err(other) => panic!("{other}"),
        }
    }
    assert!(matches!(tx.commit().await, Err(DbError::Overtaken | DbError::Gone)), "where a row is not as it was read, nothing is written");
    let (raised,): (i64,) = db.read().await.unwrap().one("SELECT COUNT(*) FROM parts WHERE raised IS NOT NULL", ()).await.unwrap();
    assert_eq!(raised, 0, "and nothing of the transaction stands");
    db.close().await;
    std::fs::remove_dir_all(dir).unwrap();
}

#[tokio::test]
async fn rows_that_wait_are_written_when_they_are_asked_of_or_anything_else_is_changed() {
    let db = Db::in_memory().await.unwrap();
    for asks in [true, false] {
        let mut tx = db.write().await.unwrap();
        tx.run("CREATE TABLE parts (id BIGINT PRIMARY KEY, raised BIGINT)", ()).await.unwrap();
        tx.run("CREATE TABLE others (id BIGINT PRIMARY KEY)", ()).await.unwrap();
        tx.put(&PARTS, (1_i64,)).await.unwrap();
        tx.put(&PARTS, (1_i64,)).await.unwrap();
        // The mistake among them is not met by who asks of another table.
        assert_eq!(tx.one::<(i64,)>("SELECT COUNT(*) FROM others", ()).await.unwrap(), (0,));
        let met = if asks {
            tx.one::<(i64,)>("SELECT COUNT(*) FROM parts", ()).await.map(|_| ())
        } else {
            tx.run("INSERT INTO others (id) VALUES (1)", ()).await.map(|_| ())
        };
        assert!(met.is_err());
        assert!(matches!(tx.commit().await, Err(DbError::Gone)));
    }
    // What one statement changes, another question of the same table sees.
    let mut tx = db.write().await.unwrap();
    tx.run("CREATE TABLE parts (id BIGINT PRIMARY KEY, raised BIGINT)", ()).await.unwrap();
    tx.put(&PARTS, (1_i64,)).await.unwrap();
    tx.put(&RAISED, (1_i64, 7_i64)).await.unwrap();
    assert_eq!(tx.one::<(i64,)>("SELECT raised FROM parts", ()).await.unwrap(), (7,));
    tx.commit().await.unwrap();
}

static NOTES: Many = Many { before: "INSERT INTO notes (id, said) VALUES", columns: 2, after: "", of_each: false };

#[tokio::test]
async fn rows_that_are_only_added_wait_for_the_end_unless_their_table_is_named() {
    let dir = std::env::temp_dir().join(format!("portico-db-{}", uuid::Uuid::now_v7()));
    std::fs::create_dir_all(&dir).unwrap();
    let db = Db::open(&format!("sqlite:{}", dir.join("t.db").display())).await.unwrap();
    db.migrate().await.unwrap();
    let mut tx = db.write().await.unwrap();
    tx.run("CREATE TABLE notes (id BIGINT PRIMARY KEY, said TEXT NOT NULL)", ()).await.unwrap();
    tx.append(&NOTES, (1_i64, "one")).await.unwrap();
    tx.append(&NOTES, (1_i64, "the same id")).await.unwrap();
    // Something else does not meet the mistake among them; whoever looks for them does.
    let row: (i64,) = tx.one("SELECT CAST($1 AS BIGINT)", (7_i64,)).await.unwrap();
    assert_eq!(row, (7,));
    assert!(tx.one::<(i64,)>("SELECT COUNT(*) FROM notes", ()).await.is_err());
    assert!(matches!(tx.commit().await, Err(DbError::Gone)));
    let mut tx = db.write().await.unwrap();
    tx.run("CREATE TABLE notes (id BIGINT PRIMARY KEY, said TEXT NOT NULL)", ()).await.unwrap();
    tx.append(&NOTES, (1_i64, "one")).await.unwrap();
    assert_eq!(tx.one::<(i64,)>("SELECT COUNT(*) FROM notes", ()).await.unwrap(), (1,), "named, they are there");
    tx.append(&NOTES, (2_i64, "two")).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(db.read().await.unwrap().one::<(i64,)>("SELECT COUNT(*) FROM notes", ()).await.unwrap(), (2,), "and at the end, too");
    db.close().await;
    std::fs::remove_dir_all(dir).unwrap();
}

#[tokio::test]
async fn a_database_in_memory_is_written_whole_or_not_at_all_by_one_at_a_time() {
    let db = Db::in_memory().await.unwrap();
    let count = async || db.read().await.unwrap().one::<(i64,)>("SELECT COUNT(*) FROM parts", ()).await.unwrap().0;
    let mut tx = db.write().await.unwrap();
    tx.run("CREATE TABLE parts (id BIGINT PRIMARY KEY)", ()).await.unwrap();
    tx.commit().await.unwrap();

    let mut dropped = db.write().await.unwrap();
    dropped.run("INSERT INTO parts (id) VALUES ($1)", (1_i64,)).await.unwrap();
    drop(dropped);
    assert_eq!(count().await, 0);

    let mut tx = db.write().await.unwrap();
    tx.run("INSERT INTO parts (id) VALUES ($1)", (2_i64,)).await.unwrap();
    // Whoever comes meanwhile waits.
    let (committed, seen) = tokio::join!(tx.commit(), count());
    committed.unwrap();
    assert_eq!(seen, 1);

    // Ended twice in a row without anything in between.
    db.write().await.unwrap().commit().await.unwrap();
    drop(db.write().await.unwrap());
    drop(db.write().await.unwrap());
    assert_eq!(count().await, 1);
}

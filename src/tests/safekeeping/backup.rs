//! Backups: one moment of the database, whole or refused, restored on either engine to the same books.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use portico::app::App;
use portico::platform::assets::Assets;
use portico::platform::backup::{self, BackupError, bring_up_to_date};
use portico::platform::clock::{Clock, Instant};
use portico::platform::config::Config;
use portico::platform::db::{Db, DbError};
use portico::platform::ids::Ids;
use portico::services::check::check;
use portico::services::{Actor, Desk, balance, ledger};

use super::house::house;
use crate::world::{BEGINNING, Bare, World, instant};

/// A folder that goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Folder {
        let path = std::env::temp_dir().join(Ids::system().next("portico_backups", 0));
        std::fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// An embedded database without a schema.
    async fn db(&self, name: &str) -> Db {
        Db::open(&format!("sqlite:{}", self.file(name).display())).await.unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

async fn app_on(db: Db, folder: &Folder) -> App {
    App::new(Config::loopback(folder.0.clone()), db, Clock::at(instant(BEGINNING)), Ids::system(), Assets::load()).await.unwrap()
}

fn unpacked(file: &Path) -> String {
    let mut text = String::new();
    GzDecoder::new(std::fs::File::open(file).unwrap()).read_to_string(&mut text).unwrap();
    text
}

/// Every row of a backup, whatever the order it was read in.
fn rows(file: &Path) -> Vec<String> {
    let mut rows: Vec<String> = unpacked(file).lines().filter(|line| line.starts_with('[')).map(str::to_owned).collect();
    rows.sort();
    rows
}

async fn exported(app: &App) -> Vec<ledger::Exported> {
    let mut entries = Vec::new();
    let vendor = app.vendors().remove(0);
    let mut desk = Desk::read(app, &vendor, Actor::System).await.unwrap();
    ledger::export(&mut desk, Instant::UNIX_EPOCH..Instant::MAX_UTC, |entry| {
        entries.push(entry);
        Ok(())
    })
    .await
    .unwrap();
    entries
}

#[tokio::test]
async fn a_backup_comes_back_as_it_was_on_either_engine() {
    let at = house().await;
    let (folder, now) = (Folder::new(), at.world.now());
    let first = folder.file("first.backup");
    let held = backup::write(&at.world.app.db, &first, now).await.unwrap();
    assert_eq!(u64::try_from(rows(&first).len()).unwrap(), held.rows);

    // Into the embedded database, whatever it came from, and from there back to the engine the story began on.
    let embedded = folder.db("embedded.db").await;
    let whole = backup::verify(&first).unwrap();
    assert_eq!(whole.held, held);
    backup::restore(&embedded, &whole).await.unwrap();
    let second = folder.file("second.backup");
    backup::write(&embedded, &second, now).await.unwrap();
    assert!(rows(&first) == rows(&second), "a row is another after the way there");
    let app = app_on(embedded, &folder).await;
    assert_eq!(check(&app).await.unwrap(), check(&at.world.app).await.unwrap());
    assert_eq!(exported(&app).await, exported(&at.world.app).await);

    let bare = Bare::new().await;
    backup::restore(&bare.app.db, &backup::verify(&second).unwrap()).await.unwrap();
    let third = folder.file("third.backup");
    backup::write(&bare.app.db, &third, now).await.unwrap();
    assert!(rows(&first) == rows(&third), "a row is another after the way back");
    bare.app.reload_vendors().await.unwrap();
    assert_eq!(check(&bare.app).await.unwrap().broken, None);
    // And it goes on from there: foreign keys hold again.
    let mut tx = bare.app.db.write().await.unwrap();
    assert!(tx.run("DELETE FROM customers", ()).await.is_err());
}

#[tokio::test]
async fn a_backup_is_one_moment_while_others_write() {
    let at = house().await;
    let folder = Folder::new();
    let file = folder.file("during.backup");
    let writing = async {
        for n in 1..=30 {
            let mut desk = at.desk().await;
            balance::grant(&mut desk, &at.id, "EUR", n, "while a backup is made", None).await.unwrap();
            desk.commit().await.unwrap();
        }
    };
    let (held, ()) = tokio::join!(backup::write(&at.world.app.db, &file, at.world.now()), writing);
    held.unwrap();
    let db = folder.db("restored.db").await;
    backup::restore(&db, &backup::verify(&file).unwrap()).await.unwrap();
    assert_eq!(check(&app_on(db, &folder).await).await.unwrap().broken, None);
}

#[tokio::test]
async fn what_is_not_whole_is_refused_in_one_line_before_anything_is_written() {
    let at = house().await;
    let folder = Folder::new();
    let file = folder.file("whole.backup");
    backup::write(&at.world.app.db, &file, at.world.now()).await.unwrap();
    let bytes = std::fs::read(&file).unwrap();
    let spoiled = folder.file("spoiled.backup");
    let refused = |bytes: &[u8]| {
        std::fs::write(&spoiled, bytes).unwrap();
        let told = backup::verify(&spoiled).unwrap_err().to_string();
        assert!(told.contains("spoiled.backup") && told.lines().count() == 1, "{told}");
        told
    };
    // Cut off anywhere, even behind the last line.
    for length in (2..bytes.len()).step_by(bytes.len() / 40).chain([bytes.len() - 9, bytes.len() - 1]) {
        let told = refused(&bytes[..length]);
        assert!(told.contains("was cut off"), "{length}: {told}");
    }
    // Another bit anywhere. Here and there one means nothing to whoever unpacks it, such as the length of a code that is never used: then the
    // very same is read.
    let places = (10..bytes.len()).step_by(bytes.len() / 40);
    let (all, mut harmless) = (places.len(), 0);
    for place in places {
        let mut bytes = bytes.clone();
        bytes[place] ^= 4;
        std::fs::write(&spoiled, &bytes).unwrap();
        if backup::verify(&spoiled).is_ok() {
            assert!(unpacked(&spoiled) == unpacked(&file), "at {place} something else is read");
            harmless += 1;
        } else {
            refused(&bytes);
        }
    }
    assert!(harmless * 10 < all, "{harmless} of {all}");
    // Well packed, but another row, a row less, a table less.
    let text = unpacked(&file);
    let packed = |text: &str| {
        let mut out = GzEncoder::new(Vec::new(), Compression::fast());
        out.write_all(text.as_bytes()).unwrap();
        out.finish().unwrap()
    };
    assert!(refused(&packed(&text.replace("4700", "4701"))).contains("the checksum of a table is another"));
    let (before, after) = text.split_once("{\"table\":\"coupons\"").unwrap();
    let (_, after) = after.split_once("{\"table\":").unwrap();
    assert!(refused(&packed(&format!("{before}{{\"table\":{after}"))).contains("its checksum is another"));
    assert!(refused(&packed(&format!("{text}{{\"table\":\"more\",\"columns\":[]}}\n"))).contains("goes on after its end"));
    for (text, says) in [("", "was cut off"), ("{\"portico\": 1}\n", "is no backup of Portico")] {
        assert!(refused(&packed(text)).contains(says));
    }
    assert!(refused(b"hello").contains("is no backup of Portico"));
    // Of a program that knows more steps, and of one whose step was another.
    let (header, rest) = text.split_once('\n').unwrap();
    let newer = header.replace("]]}", "],[9999,\"00\"]]}");
    let told = refused(&packed(&format!("{newer}\n{rest}")));
    assert!(told.contains("newer version of Portico (its schema has step 9999"), "{told}");
    let other = header.replacen("[[1,\"", "[[1,\"00", 1);
    assert!(refused(&packed(&format!("{other}\n{rest}"))).contains("another schema step 1"));
}

#[tokio::test]
async fn a_backup_overwrites_no_file_and_no_database() {
    let at = house().await;
    let folder = Folder::new();
    let file = folder.file("once.backup");
    std::fs::write(&file, "mine").unwrap();
    let error = backup::write(&at.world.app.db, &file, at.world.now()).await.unwrap_err();
    assert!(matches!(error, BackupError::Exists(_)), "{error}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "mine");

    let file = folder.file("another.backup");
    backup::write(&at.world.app.db, &file, at.world.now()).await.unwrap();
    let before = check(&at.world.app).await.unwrap();
    let error = backup::restore(&at.world.app.db, &backup::verify(&file).unwrap()).await.unwrap_err();
    assert!(error.to_string().starts_with("this database is not empty"), "{error}");
    assert_eq!(check(&at.world.app).await.unwrap(), before);

    let error = backup::write(&folder.db("empty.db").await, &folder.file("empty.backup"), at.world.now()).await.unwrap_err();
    assert!(matches!(error, BackupError::Nothing) && !folder.file("empty.backup").exists(), "{error}");
}

/// A step before the last one.
const OLD_STEP: i64 = 50;

#[tokio::test]
async fn before_the_schema_changes_a_backup_is_made_and_the_last_five_are_kept() {
    let world = World::new().await;
    let folder = Folder::new();
    let by_hand = backup::place(&folder.0, world.now()).unwrap();
    std::fs::write(&by_hand, "somebody's").unwrap();
    let mut made = Vec::new();
    for n in 0..7 {
        let db = folder.db(&format!("{n}.db")).await;
        // A fresh database has nothing to lose.
        assert_eq!(bring_up_to_date(&folder.db(&format!("fresh-{n}.db")).await, &folder.0, world.now()).await.unwrap(), None);
        db.migrate_to(OLD_STEP).await.unwrap();
        assert!(matches!(db.must_be_up_to_date().await, Err(DbError::OlderSchema)));
        world.wait(chrono::Duration::hours(1));
        made.push(bring_up_to_date(&db, &folder.0, world.now()).await.unwrap().expect("the schema changed"));
        assert_eq!(bring_up_to_date(&db, &folder.0, world.now()).await.unwrap(), None, "there is nothing left to change");
    }
    let there: Vec<bool> = made.iter().map(|path| path.exists()).collect();
    assert_eq!(there, [false, false, true, true, true, true, true]);
    assert!(by_hand.exists());
    assert!(made[6].to_string_lossy().ends_with("-before-step-0060.backup"), "{:?}", made[6]);
    backup::verify(&made[6]).unwrap();
}

#[tokio::test]
async fn a_backup_of_an_older_schema_is_brought_up_to_date() {
    let world = World::new().await;
    let folder = Folder::new();
    let old = folder.db("old.db").await;
    old.migrate_to(OLD_STEP).await.unwrap();
    portico::services::vendors::create(&old, &world.vendor).await.unwrap();
    let file = folder.file("old.backup");
    backup::write(&old, &file, world.now()).await.unwrap();
    let new = folder.db("new.db").await;
    backup::restore(&new, &backup::verify(&file).unwrap()).await.unwrap();
    let app = app_on(new, &folder).await;
    assert_eq!(app.vendors()[0].name, world.vendor.name);
    assert_eq!(app.db.read().await.unwrap().steps().await.unwrap().len(), Db::known_steps());
    // Into one that is further already it does not fit.
    let error = backup::restore(&Bare::new().await.app.db, &backup::verify(&file).unwrap()).await.unwrap_err();
    assert!(matches!(error, BackupError::SchemaAhead), "{error}");
}

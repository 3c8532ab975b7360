//! The commands as an operator runs them: what they print, how they end, what they leave.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use portico::platform::db::Db;
use portico::platform::ids::Ids;

/// A folder to work in, and the program in it.
pub struct Shell(pub PathBuf);

impl Shell {
    pub fn new() -> Shell {
        let folder = std::env::temp_dir().join(Ids::system().next("portico_shell", 0));
        std::fs::create_dir_all(&folder).unwrap();
        Shell(folder)
    }

    pub fn run(&self, args: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_portico")).args(args).env_remove("DATABASE_URL").env_remove("PORTICO_KEY").current_dir(&self.0).output().unwrap()
    }

    /// What a command that must work prints.
    pub fn prints(&self, args: &[&str]) -> String {
        let ended = self.run(args);
        assert_eq!(ended.status.code(), Some(0), "{args:?}: {}", String::from_utf8_lossy(&ended.stderr));
        String::from_utf8(ended.stdout).unwrap()
    }

    /// The one line of a command that must end with 1.
    pub fn fails(&self, args: &[&str]) -> String {
        let ended = self.run(args);
        let told = String::from_utf8(ended.stderr).unwrap();
        assert_eq!((ended.status.code(), told.lines().count()), (Some(1), 1), "{args:?}: {told}");
        told
    }

    fn has(&self, path: &str) -> bool {
        self.0.join(path).exists()
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

async fn spoil(folder: &Path) {
    let db = Db::open(&format!("sqlite:{}", folder.join("elsewhere/portico.db").display())).await.unwrap();
    let mut tx = db.write().await.unwrap();
    tx.run("UPDATE invoices SET total_minor = total_minor + 1 WHERE number = '2026-0001'", ()).await.unwrap();
    tx.commit().await.unwrap();
    db.close().await;
}

#[tokio::test]
async fn a_database_is_backed_up_restored_elsewhere_and_checked() {
    let shell = Shell::new();
    shell.prints(&["demo"]);
    assert!(shell.prints(&["check"]).starts_with("clean: 5 accounts, "));
    assert!(shell.prints(&["backup", "--to", "today.backup"]).starts_with("today.backup: "));
    assert_eq!(shell.fails(&["backup", "--to", "today.backup"]), "portico: today.backup is there already: a backup overwrites nothing\n");
    assert!(shell.prints(&["backup"]).starts_with("data/backups/20"));

    let restored = shell.prints(&["--data", "elsewhere", "restore", "today.backup"]);
    let lines: Vec<&str> = restored.lines().collect();
    assert!(lines.len() == 2 && lines[0].starts_with("restored: ") && lines[1].starts_with("clean: 5 accounts, "), "{restored}");
    assert!(shell.fails(&["--data", "elsewhere", "restore", "today.backup"]).starts_with("portico: this database is not empty"));
    let ledger = shell.prints(&["--data", "elsewhere", "ledger", "export", "--csv"]);
    assert!(ledger.starts_with("posting,date,posted_at,customer,subject,reference,account,currency,amount_minor\n1,"), "{ledger}");
    assert_eq!(ledger, shell.prints(&["ledger", "export", "--csv"]));

    spoil(&shell.0).await;
    let told = shell.fails(&["--data", "elsewhere", "check"]);
    assert!(told.starts_with("portico: invoices inv_") && told.contains("total_minor should be "), "{told}");
    let ended = shell.run(&["--data", "elsewhere", "check", "--json"]);
    let report: serde_json::Value = serde_json::from_slice(&ended.stdout).unwrap();
    assert_eq!((ended.status.code(), report["broken"]["table"].as_str()), (Some(1), Some("invoices")));

    // From a file that is not whole, nothing comes: not even a folder.
    let bytes = std::fs::read(shell.0.join("today.backup")).unwrap();
    std::fs::write(shell.0.join("cut.backup"), &bytes[..bytes.len() / 2]).unwrap();
    assert_eq!(shell.fails(&["--data", "nowhere", "restore", "cut.backup"]), "portico: cut.backup ends too early: it was cut off; nothing was restored\n");
    assert!(!shell.has("nowhere"));
}

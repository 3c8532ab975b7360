//! `kill -9` in the middle of the worker's runs: whatever was under way when the program died, the next run goes on there. `KILLS=100` has
//! more of them; on Postgres two workers share the work, and die together.

mod billing;
mod collecting;

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use portico::platform::db::Db;

use crate::world::Copied;

/// A payment that was under way is asked for after this.
const PATIENCE: chrono::Duration = chrono::Duration::seconds(61);

fn kills() -> usize {
    std::env::var("KILLS").ok().map_or(20, |kills| kills.parse().unwrap())
}

fn portico_bill(store: &Copied) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_portico"));
    command.arg("--data").arg(&store.folder).arg("bill").env("DATABASE_URL", &store.url).env("PORTICO_LOG", "error");
    command
}

fn worker(store: &Copied) -> Child {
    portico_bill(store).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// Runs to the end, and tells for how many customers it found something due.
fn finish(store: &Copied) -> usize {
    let run = portico_bill(store).output().unwrap();
    let said = String::from_utf8(run.stderr).unwrap();
    assert!(run.status.success(), "{said}");
    said.split_whitespace().next().unwrap().parse().unwrap()
}

async fn count(db: &Db, sql: &'static str) -> i64 {
    let counted: Vec<(i64,)> = db.all(sql, ()).await.unwrap();
    counted[0].0
}

/// Runs workers until `sql` counts so many, and kills them; whether they were in the middle is for the end to tell.
async fn run_and_kill(store: &Copied, db: &Db, workers: usize, sql: &'static str, at: i64) {
    let mut running: Vec<Child> = (0..workers).map(|_| worker(store)).collect();
    let began = Instant::now();
    while count(db, sql).await < at && running.iter_mut().any(|child| child.try_wait().unwrap().is_none()) {
        assert!(began.elapsed() < Duration::from_secs(120), "the run did not come so far");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    for child in &mut running {
        let _ = child.kill();
        child.wait().unwrap();
    }
}

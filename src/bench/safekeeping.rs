//! How long it takes to have a large vendor's books back: a backup restored into an empty database, and all of it checked.

use std::path::Path;
use std::time::{Duration, Instant};

use super::{Error, Figure};
use crate::app::App;
use crate::platform::assets::Assets;
use crate::platform::backup;
use crate::platform::clock::Clock;
use crate::platform::config::Config;
use crate::platform::db::Db;
use crate::platform::ids::Ids;
use crate::services::check::check;

/// What a restore and its check may take.
const AT_MOST: Duration = Duration::from_secs(300);

/// Backs up what is there into the folder, restores it beside and checks that.
pub async fn measure(app: &App, folder: &Path) -> Result<Vec<Figure>, Error> {
    let file = folder.join("measured.backup");
    let began = Instant::now();
    backup::write(&app.db, &file, app.clock.wall()).await?;
    let written = began.elapsed();
    let size_mb = std::fs::metadata(&file)?.len() as f64 / 1e6;

    let config = Config::loopback(folder.join("restored"));
    std::fs::create_dir_all(&config.data)?;
    let db = Db::open(&config.database_url()).await?;
    db.migrate().await?;
    let began = Instant::now();
    backup::restore(&db, &backup::verify(&file)?).await?;
    let restored = began.elapsed();
    let restored_app = App::new(config, db, Clock::System, Ids::system(), Assets::load()).await?;
    let report = check(&restored_app).await?;
    let all = began.elapsed();
    restored_app.db.close().await;
    if let Some(broken) = report.broken {
        return Err(format!("what was restored does not agree: {broken}").into());
    }
    let documents = report.checked.get("documents").copied().unwrap_or_default();
    let how = format!("restored in {:.1} s, then checked; the file of {size_mb:.0} MB was written in {:.1} s", restored.as_secs_f64(), written.as_secs_f64());
    Ok(vec![Figure::new(format!("restore and check of {documents} invoices, SQLite"), all.as_secs_f64(), "s", how).at_most(AT_MOST.as_secs_f64())])
}

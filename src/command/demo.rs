//! `portico demo`: fills an empty database, and prints how to sign in.

use portico::demo;
use portico::platform::config::Config;
use portico::platform::db::Db;

use super::{Done, app};

pub async fn run(config: Config, db: Db, is_json: bool) -> Done {
    let app = app(config, db).await?;
    let sign_ins = demo::fill(&app).await?;
    if is_json {
        println!("{}", serde_json::to_string(&sign_ins)?);
    } else {
        println!("{}", sign_ins.table());
    }
    Ok(())
}

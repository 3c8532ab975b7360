//! `portico api-key`: the keys that a vendor's programs use the API with.

use clap::Subcommand;
use portico::platform::config::Config;
use portico::platform::db::Db;
use portico::services::api_keys::{self, Scopes};
use portico::services::{Actor, Desk};

use super::{Done, app, vendor_named};

#[derive(clap::Args)]
pub struct ApiKey {
    /// Whose, by name or id. Default: the only vendor.
    #[arg(long)]
    vendor: Option<String>,
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Make a key and print it: the only time it is shown.
    Create {
        /// What will use it.
        #[arg(long)]
        name: String,
        /// What it may do, by commas, such as customers:read,usage:write; * for everything.
        #[arg(long)]
        scopes: String,
    },
    /// List the keys, ended ones too.
    List,
    /// Make a key in the place of another and print it. The old one goes on for a while, so that every program can be given the new one.
    Rotate {
        id: String,
        /// How long the old one goes on.
        #[arg(long, default_value_t = 24)]
        hours: u32,
    },
    /// Shut a key off at once.
    Revoke { id: String },
}

impl ApiKey {
    pub async fn run(self, config: Config, db: Db) -> Done {
        let app = app(config, db).await?;
        let mut desk = Desk::write(&app, &vendor_named(&app, self.vendor.as_deref())?, Actor::System).await?;
        match self.what {
            What::Create { name, scopes } => println!("{}", api_keys::create(&mut desk, &name, &Scopes::parse(&scopes)?).await?.secret),
            What::Rotate { id, hours } => {
                let ends_at = desk.now.wall + chrono::TimeDelta::hours(hours.into());
                println!("{}", api_keys::rotate(&mut desk, &id, ends_at).await?.secret);
            }
            What::Revoke { id } => api_keys::revoke(&mut desk, &id).await?,
            What::List => {
                let now = desk.now.wall;
                for key in api_keys::list(&mut desk).await? {
                    let day = |at: chrono::DateTime<chrono::Utc>| at.format("%Y-%m-%d %H:%M UTC").to_string();
                    let standing = match key.ends_at {
                        None => "valid".to_owned(),
                        Some(end) if end <= now => format!("ended {}", day(end)),
                        Some(end) => format!("ends {}", day(end)),
                    };
                    let used = key.last_used_at.map_or_else(|| "never used".to_owned(), |at| format!("used {}", day(at)));
                    println!("{}  {}  {}  {standing}, {used}  {}", key.id, key.hint, key.name, key.scopes);
                }
            }
        }
        desk.commit().await?;
        Ok(())
    }
}

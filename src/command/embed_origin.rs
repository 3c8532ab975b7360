//! `portico embed-origin`: whose pages may hold the portal in a frame.

use clap::Subcommand;
use portico::platform::config::Config;
use portico::platform::db::Db;
use portico::services::{Actor, Desk, embed_origins};

use super::{Done, app, vendor_named};

#[derive(clap::Args)]
pub struct EmbedOrigin {
    /// Whose list, by name or id. Default: the only vendor's.
    #[arg(long)]
    vendor: Option<String>,
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Put an origin on the list, such as https://app.example.com.
    Add { origin: String },
    /// List them.
    List,
    /// Take one off: the frames open in its pages get nothing more.
    Remove { origin: String },
}

impl EmbedOrigin {
    pub async fn run(self, config: Config, db: Db) -> Done {
        let app = app(config, db).await?;
        let vendor = vendor_named(&app, self.vendor.as_deref())?;
        if let What::List = self.what {
            embed_origins::all(&app.db, &vendor.id).await?.iter().for_each(|origin| println!("{origin}"));
            return Ok(());
        }
        let mut desk = Desk::write(&app, &vendor, Actor::System).await?;
        match self.what {
            What::Add { origin } => println!("{}", embed_origins::add(&mut desk, &origin).await?),
            What::Remove { origin } => embed_origins::remove(&mut desk, &origin).await?,
            What::List => {}
        }
        desk.commit().await?;
        Ok(())
    }
}

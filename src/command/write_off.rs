//! `portico write-off`: what is due of an invoice is not asked for any more.

use portico::platform::config::Config;
use portico::platform::db::Db;
use portico::services::{Actor, Desk, invoices};
use portico::words::Words;

use super::{Done, app, vendor_named};

#[derive(clap::Args)]
pub struct WriteOff {
    /// Whose invoice, by the vendor's name or id. Default: the only vendor's.
    #[arg(long)]
    vendor: Option<String>,
    /// The invoice's number, such as 2026-0012.
    number: String,
    /// Why, for your records: the customer does not read it.
    #[arg(long)]
    reason: String,
    /// Ask for it after all: what was written off is due again.
    #[arg(long)]
    take_back: bool,
}

impl WriteOff {
    pub async fn run(self, config: Config, db: Db) -> Done {
        let app = app(config, db).await?;
        let vendor = vendor_named(&app, self.vendor.as_deref())?;
        let mut desk = Desk::write(&app, &vendor, Actor::System).await?;
        let before = invoices::numbered(&mut desk, &self.number).await?;
        let (after, what) = match self.take_back {
            false => (invoices::write_off(&mut desk, &before.id, &self.reason).await?, "is written off"),
            true => (invoices::take_back_write_off(&mut desk, &before.id, &self.reason).await?, "is due again"),
        };
        desk.commit().await?;
        let amount = Words::of("en").money(if self.take_back { after.due_minor } else { after.written_off_minor }, &after.currency);
        println!("{amount} of {} {what}.", after.number);
        Ok(())
    }
}

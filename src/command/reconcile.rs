//! `portico reconcile`: our payments beside the gateway's.

use billing::calendar::midnight;
use chrono::NaiveDate;
use portico::platform::config::Config;
use portico::platform::db::Db;
use portico::services::payments::{self, Errand, Reconciliation};
use portico::services::{Actor, Desk};

use super::{Done, app, vendor_named};

#[derive(clap::Args)]
pub struct Reconcile {
    /// Whose, by name or id. Default: the only vendor's.
    #[arg(long)]
    vendor: Option<String>,
    /// Compare what was made since this day (YYYY-MM-DD) in the vendor's time zone. Default: five weeks ago.
    #[arg(long)]
    since: Option<NaiveDate>,
    /// Compare nothing, and show what the last comparison came to.
    #[arg(long, conflicts_with = "since")]
    last: bool,
}

impl Reconcile {
    pub async fn run(self, config: Config, db: Db) -> Done {
        let app = app(config, db).await?;
        let vendor = vendor_named(&app, self.vendor.as_deref())?;
        let came = if self.last {
            let mut desk = Desk::read(&app, &vendor, Actor::System).await?;
            payments::reconciliations(&mut desk, "", 1).await?.pop().ok_or("nothing was compared yet")?
        } else {
            let zone = vendor.zone()?;
            let since = self.since.map(|day| midnight(day, zone)).transpose()?;
            payments::reconcile(&Errand::new(&app, &vendor, Actor::System), since).await?
        };
        show(&came);
        match came.left().count() {
            0 => Ok(()),
            left => Err(format!("{left} left to see to").into()),
        }
    }
}

fn show(came: &Reconciliation) {
    for difference in &came.differences {
        println!("{} {}", difference.sentence(), difference.next_step());
    }
    let Reconciliation { gateway, since, charges, refunds, differences, .. } = came;
    let day = since.date_naive();
    println!("{gateway} since {day}: {charges} charges and {refunds} refunds compared, {} differed, {} left", differences.len(), came.left().count());
}

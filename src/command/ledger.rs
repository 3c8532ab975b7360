//! `portico ledger`: a vendor's books, written out and locked.

use std::io::Write as _;

use billing::calendar::{Instant, Zone, midnight};
use chrono::NaiveDate;
use clap::Subcommand;
use portico::platform::config::Config;
use portico::platform::db::Db;
use portico::services::{Actor, Desk, Refusal, ledger};

use super::{Done, app, vendor_named};

#[derive(clap::Args)]
pub struct Ledger {
    /// Whose, by name or id. Default: the only vendor.
    #[arg(long)]
    vendor: Option<String>,
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Close the books before a day: nothing is posted before it any more. What falls due before it and is invoiced late is dated and posted
    /// on that day.
    Lock {
        /// The first open day (YYYY-MM-DD) in the vendor's time zone; today at most.
        #[arg(long)]
        until: NaiveDate,
    },
    /// Open the books again. The reason stands in the vendor's events.
    Unlock {
        #[arg(long)]
        reason: String,
    },
    /// Write out every entry, by moment, customer and document: the same for the same story on either database.
    Export {
        /// First day, in the vendor's time zone. Default: the first there is.
        #[arg(long)]
        from: Option<NaiveDate>,
        /// Last day. Default: the last there is.
        #[arg(long)]
        to: Option<NaiveDate>,
        #[command(flatten)]
        form: Form,
    },
}

#[derive(clap::Args)]
#[group(required = true, multiple = false)]
struct Form {
    /// As CSV with a header.
    #[arg(long)]
    csv: bool,
    /// As JSON, one entry a line.
    #[arg(long)]
    json: bool,
}

impl Ledger {
    pub async fn run(self, config: Config, db: Db) -> Done {
        let app = app(config, db).await?;
        let vendor = vendor_named(&app, self.vendor.as_deref())?;
        let zone: Zone = vendor.time_zone.parse()?;
        match self.what {
            What::Lock { until } => {
                let mut desk = Desk::write(&app, &vendor, Actor::System).await?;
                ledger::lock_until(&mut desk, midnight(until, zone)?).await?;
                desk.commit().await?;
            }
            What::Unlock { reason } => {
                let mut desk = Desk::write(&app, &vendor, Actor::System).await?;
                ledger::unlock(&mut desk, &reason).await?;
                desk.commit().await?;
            }
            What::Export { from, to, form } => {
                let start = from.map_or(Ok(Instant::UNIX_EPOCH), |day| midnight(day, zone))?;
                let end = to.and_then(|day| day.succ_opt()).map_or(Ok(Instant::MAX_UTC), |day| midnight(day, zone))?;
                let mut desk = Desk::read(&app, &vendor, Actor::System).await?;
                write(&mut desk, start..end, form.csv).await?;
            }
        }
        Ok(())
    }
}

async fn write(desk: &mut Desk, during: std::ops::Range<Instant>, is_csv: bool) -> Done {
    let out = std::io::BufWriter::new(std::io::stdout().lock());
    if is_csv {
        let mut csv = csv::Writer::from_writer(out);
        ledger::export(desk, during, |entry| csv.serialize(entry).map_err(Refusal::damaged)).await?;
        csv.flush()?;
    } else {
        let mut out = out;
        ledger::export(desk, during, |entry| {
            let line = serde_json::to_string(&entry).map_err(Refusal::damaged)?;
            writeln!(out, "{line}").map_err(Refusal::damaged)
        })
        .await?;
        out.flush()?;
    }
    Ok(())
}

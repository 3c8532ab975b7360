//! `portico clock`: a sandbox's time: shown, moved on, let go. What falls due on the way is billed at once.

use chrono::{DateTime, Utc};
use clap::Subcommand;
use portico::platform::config::Config;
use portico::platform::db::Db;
use portico::services::test_clock::{self, Move, Runs};
use portico::services::{Actor, Desk};

use super::{Done, app, bill, vendor_named};

#[derive(clap::Args)]
pub struct TestClock {
    /// Which sandbox, by name or id. Default: the only vendor.
    #[arg(long)]
    vendor: Option<String>,
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Subcommand)]
enum What {
    /// Move it on, where it then stands: to an instant such as 2027-01-31T09:00:00Z, to what is due next, or by days or months.
    Advance {
        #[arg(value_name = "INSTANT | next | 3d | 2mo", value_parser = how)]
        to: Move,
    },
    /// Let it run with the world's time again.
    Release,
}

/// `next`, `3d`, `2mo`, or an instant.
fn how(text: &str) -> Result<Move, String> {
    let count = |digits: &str| digits.parse::<u32>().ok().filter(|count| *count > 0);
    let days = text.strip_suffix('d').and_then(count).map(Move::Days);
    let months = text.strip_suffix("mo").and_then(count).map(Move::Months);
    let instant = || DateTime::parse_from_rfc3339(text).ok().map(|at| Move::To(at.with_timezone(&Utc)));
    match text {
        "next" => Ok(Move::ToNext),
        _ => days
            .or(months)
            .or_else(instant)
            .ok_or_else(|| "give an instant such as 2027-01-31T09:00:00Z, or next, or so many days (3d) or months (2mo)".to_owned()),
    }
}

impl TestClock {
    pub async fn run(self, config: Config, db: Db) -> Done {
        let app = app(config, db).await?;
        let vendor = vendor_named(&app, self.vendor.as_deref())?;
        let mut desk = Desk::write(&app, &vendor, Actor::System).await?;
        let is_moved = self.what.is_some();
        match self.what {
            None => {}
            Some(What::Advance { to }) => _ = test_clock::advance(&mut desk, to).await?,
            Some(What::Release) => test_clock::release(&mut desk).await?,
        }
        match test_clock::runs(&mut desk.tx, &vendor.id).await? {
            Runs::Along => println!("{}: time goes with the world's", vendor.name),
            Runs::StandsAt(at) => println!("{}: time stands at {}", vendor.name, at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)),
        }
        desk.commit().await?;
        if is_moved {
            app.reload_vendors().await?;
            return bill::bill_up_to_now(&app).await;
        }
        Ok(())
    }
}

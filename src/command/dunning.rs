//! `portico dunning`: what a vendor wants done about payments that fail, and what it brought.

use std::path::PathBuf;

use billing::dunning::{AtEnd, Owed, Payday, Policy};
use chrono::NaiveDate;
use clap::{Subcommand, ValueEnum};
use portico::platform::config::Config;
use portico::platform::db::Db;
use portico::services::{Actor, Desk, dunning};

use super::{AtVendor, Done, app, by_place, vendor_named};

pub type Dunning = AtVendor<What>;

#[derive(Subcommand)]
pub enum What {
    /// Show the policy as JSON, as `set --file` takes it.
    Show,
    /// Change the policy: what is not said stays as it is.
    Set(Box<Set>),
    /// What was recovered, by the month in which payments first failed, and by currency.
    Report {
        /// First day, in the vendor's time zone. Default: the first there is.
        #[arg(long)]
        from: Option<NaiveDate>,
        /// Last day. Default: today.
        #[arg(long)]
        to: Option<NaiveDate>,
        /// As CSV with a header; amounts are minor units.
        #[arg(long)]
        csv: bool,
    },
}

#[derive(clap::Args)]
pub struct Set {
    /// A whole policy as JSON; what it leaves out is as it is by default.
    #[arg(long)]
    file: Option<PathBuf>,
    /// Whether anything is done at all.
    #[arg(long, value_name = "true|false")]
    is_on: Option<bool>,
    /// Days after the first failure on which a bank that said no for now is asked again, such as 1,3,5,7.
    #[arg(long, value_delimiter = ',')]
    soft_days: Option<Vec<u32>>,
    /// When an account that was empty is tried again: days of the month, last_working_day, weekdays such as friday.
    #[arg(long, value_delimiter = ',', value_parser = payday)]
    paydays: Option<Vec<Payday>>,
    /// Hours after each failure of somebody's machines at which the same is tried again, such as 1,4,24.
    #[arg(long, value_delimiter = ',')]
    outage_hours: Option<Vec<u32>>,
    /// The full hour of the customer's day at which it happens.
    #[arg(long)]
    hour: Option<u32>,
    /// Tries after the first failure, at most.
    #[arg(long)]
    most_tries: Option<u32>,
    /// Days from the first failure, or from the day payment is due where that is later, to the end.
    #[arg(long)]
    grace_days: Option<u32>,
    /// How many days before the end the customer is warned; 0: not at all.
    #[arg(long)]
    warning_days: Option<u32>,
    /// Days after money came in less tax withheld, during which its certificate is waited for and nothing is asked of the rest; 0: none.
    #[arg(long)]
    certificate_days: Option<u32>,
    /// What becomes of the subscriptions then.
    #[arg(long, value_enum)]
    at_end: Option<End>,
    /// With --at-end downgrade: the key of the plan.
    #[arg(long, required_if_eq("at_end", "downgrade"))]
    to_plan: Option<String>,
    /// What becomes of what is still due then.
    #[arg(long, value_enum)]
    owed_at_end: Option<OwedThen>,
}

#[derive(Clone, Copy, ValueEnum)]
enum End {
    /// They stay past due, and give no access until everything overdue is paid.
    PastDue,
    Downgrade,
    Pause,
    Cancel,
}

#[derive(Clone, Copy, ValueEnum)]
enum OwedThen {
    StaysDue,
    /// It is not asked for any more. Not with --at-end past-due: that waits for it.
    WrittenOff,
}

fn payday(text: &str) -> Result<Payday, String> {
    Payday::try_from(text.to_owned())
}

impl Set {
    /// What the policy is to be.
    fn policy(self, now: Policy) -> Result<Policy, Box<dyn std::error::Error>> {
        let now = match &self.file {
            None => now,
            Some(file) => serde_json::from_str(&std::fs::read_to_string(file)?).map_err(|error| format!("{}: {error}", file.display()))?,
        };
        let at_end = match (self.at_end, self.to_plan) {
            (None, None) => now.at_end,
            (Some(End::Downgrade) | None, to) => AtEnd::Downgrade(to.unwrap_or_default()),
            (Some(_), Some(_)) => return Err("--to-plan belongs to --at-end downgrade".into()),
            (Some(End::PastDue), None) => AtEnd::PastDue,
            (Some(End::Pause), None) => AtEnd::Pause,
            (Some(End::Cancel), None) => AtEnd::Cancel,
        };
        Ok(Policy {
            is_on: self.is_on.unwrap_or(now.is_on),
            soft_days: self.soft_days.unwrap_or(now.soft_days),
            paydays: self.paydays.unwrap_or(now.paydays),
            outage_hours: self.outage_hours.unwrap_or(now.outage_hours),
            hour: self.hour.unwrap_or(now.hour),
            most_tries: self.most_tries.unwrap_or(now.most_tries),
            grace_days: self.grace_days.unwrap_or(now.grace_days),
            warning_days: self.warning_days.unwrap_or(now.warning_days),
            certificate_days: self.certificate_days.unwrap_or(now.certificate_days),
            at_end,
            owed_at_end: self.owed_at_end.map_or(now.owed_at_end, |owed| match owed {
                OwedThen::StaysDue => Owed::StaysDue,
                OwedThen::WrittenOff => Owed::WrittenOff,
            }),
        })
    }
}

impl Dunning {
    pub async fn run(self, config: Config, db: Db) -> Done {
        let app = app(config, db).await?;
        let vendor = vendor_named(&app, self.vendor.as_deref())?;
        match self.what {
            What::Show => {
                let policy = dunning::policy(&mut Desk::read(&app, &vendor, Actor::System).await?).await?;
                println!("{}", serde_json::to_string_pretty(&policy)?);
            }
            What::Set(set) => {
                let mut desk = Desk::write(&app, &vendor, Actor::System).await?;
                let now = dunning::policy(&mut desk).await?;
                let new = set.policy(now)?;
                dunning::set_policy(&mut desk, &new).await.map_err(by_place)?;
                desk.commit().await?;
                println!("{}", serde_json::to_string_pretty(&new)?);
            }
            What::Report { from, to, csv } => {
                let mut desk = Desk::read(&app, &vendor, Actor::System).await?;
                let to = to.map_or_else(|| dunning::today(&desk), Ok)?;
                let figures = dunning::report(&mut desk, from.unwrap_or_default(), to).await?;
                write(&figures, csv)?;
            }
        }
        Ok(())
    }
}

fn write(figures: &[dunning::Figures], is_csv: bool) -> Done {
    const HEAD: [&str; 16] = [
        "month",
        "currency",
        "cases",
        "amount_minor",
        "recovered",
        "recovered_minor",
        "recovery_percent",
        "recovered_percent",
        "by_retry",
        "by_new_method",
        "by_customer",
        "settled_otherwise",
        "ended",
        "written_off",
        "written_off_minor",
        "open",
    ];
    let rows = figures.iter().map(|f| {
        let numbers = [f.cases, f.amount_minor, f.recovered, f.recovered_minor].map(|number| number.to_string());
        let rest = [f.by_retry, f.by_new_method, f.by_customer, f.settled_otherwise, f.ended, f.written_off, f.written_off_minor, f.open]
            .map(|number| number.to_string());
        let percents = [f.recovery_percent(), f.recovered_percent()].map(|percent| percent.to_string());
        [f.month.clone(), f.currency.clone()].into_iter().chain(numbers).chain(percents).chain(rest).collect::<Vec<_>>()
    });
    if is_csv {
        let mut csv = csv::Writer::from_writer(std::io::stdout().lock());
        csv.write_record(HEAD)?;
        for row in rows {
            csv.write_record(row)?;
        }
        csv.flush()?;
        return Ok(());
    }
    let rows: Vec<Vec<String>> = std::iter::once(HEAD.map(str::to_owned).to_vec()).chain(rows).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or_default();
    let widths: Vec<usize> = (0..HEAD.len()).map(width).collect();
    for row in rows {
        println!("{}", row.iter().zip(&widths).map(|(cell, width)| format!("{cell:>width$}")).collect::<Vec<_>>().join("  "));
    }
    Ok(())
}

//! `portico bench`: measures this program on its own demo, in a temporary folder.

use portico::bench;

use super::Done;

#[derive(clap::Args)]
pub struct Bench {
    /// As JSON instead of a table.
    #[arg(long)]
    json: bool,
    /// postgres://… of an empty database, to measure on it too.
    #[arg(long)]
    postgres: Option<String>,
    /// The billing run alone, of so many subscriptions.
    #[arg(long, value_name = "SUBSCRIPTIONS", num_args = 0..=1, default_missing_value = "50000")]
    billing_run: Option<usize>,
    /// Collection alone, of so many invoices.
    #[arg(long, value_name = "INVOICES", num_args = 0..=1, default_missing_value = "4000", conflicts_with = "billing_run")]
    collection: Option<usize>,
    /// Notices of a gateway alone: refused ones and harmless ones.
    #[arg(long, conflicts_with_all = ["billing_run", "collection"])]
    notices: bool,
}

impl Bench {
    pub async fn run(&self) -> Done {
        let (postgres, say) = (self.postgres.as_deref(), |what: &str| eprintln!("bench: {what}"));
        let figures = match (self.billing_run, self.collection) {
            (Some(subscriptions), _) => bench::billing_runs(postgres, subscriptions, &say).await,
            (None, Some(invoices)) => bench::collections(postgres, invoices, &say).await,
            (None, None) if self.notices => bench::gateway_notices(postgres, &say),
            (None, None) => bench::run(postgres, say).await,
        };
        let figures = figures.map_err(|error| error.to_string())?;
        if self.json {
            println!("{}", serde_json::to_string_pretty(&figures)?);
        } else {
            figures.iter().for_each(|figure| println!("{figure}"));
        }
        Ok(())
    }
}

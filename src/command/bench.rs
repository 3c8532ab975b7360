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
    /// The billing run alone.
    #[arg(long)]
    billing_run: bool,
}

impl Bench {
    pub async fn run(&self) -> Done {
        let (postgres, say) = (self.postgres.as_deref(), |what: &str| eprintln!("bench: {what}"));
        let figures = if self.billing_run { bench::billing_runs(postgres, &say).await } else { bench::run(postgres, say).await };
        let figures = figures.map_err(|error| error.to_string())?;
        if self.json {
            println!("{}", serde_json::to_string_pretty(&figures)?);
        } else {
            figures.iter().for_each(|figure| println!("{figure}"));
        }
        Ok(())
    }
}

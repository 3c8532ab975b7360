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
}

impl Bench {
    pub async fn run(&self) -> Done {
        let figures = bench::run(self.postgres.as_deref(), |what| eprintln!("bench: {what}")).await.map_err(|error| error.to_string())?;
        if self.json {
            println!("{}", serde_json::to_string_pretty(&figures)?);
        } else {
            figures.iter().for_each(|figure| println!("{figure}"));
        }
        Ok(())
    }
}

//! The one binary: reads flags and environment, and does what was asked.

mod command;

use clap::parser::ValueSource;
use clap::{CommandFactory, FromArgMatches};
use portico::services::Refusal;

use command::bank::Unusable;
use command::{Cli, Command};

/// A page is a thousand small strings: the system's allocator took a third of its time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> std::process::ExitCode {
    let matches = Cli::command().get_matches();
    // What runs a simulation must be asked for: a database that happens to be configured here is somebody's.
    let asked_for = matches.value_source("database_url") == Some(ValueSource::CommandLine);
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    if let Command::Simulate { file } = &cli.command {
        return command::simulate(file, cli.database_url.as_deref().filter(|_| asked_for)).await;
    }
    match command::run(cli).await {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            if let Some(unusable) = error.downcast_ref::<Unusable>() {
                eprintln!("{unusable}");
                return std::process::ExitCode::from(2);
            }
            match error.downcast_ref::<Refusal>() {
                // Fields are flags here.
                Some(Refusal::Fields(errors)) => {
                    errors.iter().for_each(|error| eprintln!("portico: --{}: {}", error.field.replace('_', "-"), error.sentence));
                }
                _ => eprintln!("portico: {error}"),
            }
            std::process::ExitCode::FAILURE
        }
    }
}

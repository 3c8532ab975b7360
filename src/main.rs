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

fn main() -> std::process::ExitCode {
    let matches = Cli::command().get_matches();
    // What runs a simulation must be asked for: a database that happens to be configured here is somebody's.
    let asked_for = matches.value_source("database_url") == Some(ValueSource::CommandLine);
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    if let Err(why) = cli.begin_log() {
        eprintln!("portico: {why}");
        return std::process::ExitCode::FAILURE;
    }
    if let Command::Simulate { file } = &cli.command {
        // A story is one thing after the other: more threads would only hand it to and fro.
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let database_url = cli.database_url.as_deref().filter(|_| asked_for);
        return on(&mut runtime, command::simulate(file, database_url));
    }
    on(&mut tokio::runtime::Builder::new_multi_thread(), async { ended(command::run(cli).await) })
}

/// What work comes to on a runtime of its own.
fn on(runtime: &mut tokio::runtime::Builder, work: impl Future<Output = std::process::ExitCode>) -> std::process::ExitCode {
    match runtime.enable_all().build() {
        Ok(runtime) => runtime.block_on(work),
        Err(error) => {
            eprintln!("portico: {error}");
            std::process::ExitCode::FAILURE
        }
    }
}

/// How a command ended, said where it went wrong.
fn ended(done: command::Done) -> std::process::ExitCode {
    match done {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            if let Some(unusable) = error.downcast_ref::<Unusable>() {
                eprintln!("{unusable}");
                return std::process::ExitCode::from(2);
            }
            match error.downcast_ref::<Refusal>() {
                // Fields are flags here.
                Some(Refusal::Fields(errors)) => {
                    errors.iter().for_each(|error| eprintln!("portico: --{}: {}", error.field.trim_end_matches("_minor").replace('_', "-"), error.sentence));
                }
                _ => eprintln!("portico: {error}"),
            }
            std::process::ExitCode::FAILURE
        }
    }
}

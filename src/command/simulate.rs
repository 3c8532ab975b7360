//! `portico simulate`: a billing story as JSON in, what comes of it as JSON out.

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use portico::simulate::Failed;

use super::awake::awake;
use super::stop_signal;

/// Exit 2: the story cannot be read, in one line; 1: something broke.
pub async fn simulate(file: &Path, database_url: Option<&str>) -> ExitCode {
    let scenario = if file.as_os_str() == "-" { std::io::read_to_string(std::io::stdin()).map(String::into_bytes) } else { std::fs::read(file) };
    let scenario = match scenario {
        Ok(scenario) => scenario,
        Err(error) => {
            eprintln!("portico: {}: {error}", file.display());
            return ExitCode::from(2);
        }
    };
    // Only Postgres is a place to go to; SQLite is where a story runs anyway.
    let postgres_url = database_url.filter(|url| !url.starts_with("sqlite:"));
    match awake(portico::simulate::simulate(&scenario, postgres_url, stop_signal())).await {
        Ok(output) => {
            let told = serde_json::to_string_pretty(&output).expect("a result is plain data");
            match writeln!(std::io::stdout(), "{told}") {
                // Who reads it may have seen enough.
                Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
                    eprintln!("portico: {error}");
                    ExitCode::FAILURE
                }
                _ => ExitCode::SUCCESS,
            }
        }
        Err(error @ Failed::Wrong(_)) => {
            eprintln!("portico: {error}");
            ExitCode::from(2)
        }
        Err(error) => {
            eprintln!("portico: {error}");
            ExitCode::FAILURE
        }
    }
}

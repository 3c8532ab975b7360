//! `portico simulate`: a billing story told as JSON, run on a fresh database through the same services as everything else.
//!
//! - `input`: the story as typed values, or the one line that says why it is none
//! - `setting`: its vendor, catalogue and customers
//! - `run`: time set going, each step done
//! - `output`: what came of it
//!
//! What deliberately does not live here: any rule of billing. A story that comes out wrong is a defect of the services or the engine.

mod input;
mod node;
mod output;
mod run;
mod setting;

pub use input::{Scenario, Wrong};
pub use output::Output;

use crate::platform::db::DbError;
use crate::platform::scratch::Scratch;
use crate::services::Refusal;
use crate::services::ledger::Exported;
use setting::Setting;

/// Why a story has no result. Not because of a rule: what the rules refuse is part of the result.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    #[error(transparent)]
    Wrong(#[from] Wrong),
    #[error("{}", with_cause(.0))]
    Refusal(#[from] Refusal),
    #[error(transparent)]
    Database(#[from] DbError),
    #[error("the story was stopped")]
    Stopped,
}

/// Reads a scenario and runs it on a database of its own, on the Postgres server named or on SQLite, or until `stop` resolves. Nothing
/// of it stays either way.
pub async fn simulate(scenario: &[u8], postgres_url: Option<&str>, stop: impl Future<Output = ()>) -> Result<Output, Failed> {
    told(scenario, postgres_url, stop, async |output, _| Ok(output)).await
}

/// The same, with the ledger as it is written out for accountants.
pub async fn simulate_with_ledger(scenario: &[u8], postgres_url: Option<&str>, stop: impl Future<Output = ()>) -> Result<(Output, Vec<Exported>), Failed> {
    told(scenario, postgres_url, stop, async |output, setting| Ok((output, setting.ledger().await?))).await
}

/// Runs a scenario; what `look` makes of the end before all of it is gone.
async fn told<T>(
    scenario: &[u8],
    postgres_url: Option<&str>,
    stop: impl Future<Output = ()>,
    look: impl AsyncFnOnce(Output, Setting) -> Result<T, Failed>,
) -> Result<T, Failed> {
    let scenario = Scenario::read(scenario)?;
    let scratch = Scratch::open(postgres_url).await?;
    let story = async {
        let (output, setting) = run::run(&scenario, &scratch).await?;
        look(output, setting).await
    };
    let result = tokio::select! {
        result = story => result,
        () = stop => Err(Failed::Stopped),
    };
    scratch.remove().await?;
    result
}

/// A failure with what is behind it: who runs this reads no log.
fn with_cause(refusal: &Refusal) -> String {
    match refusal {
        Refusal::Database(error) => format!("{refusal} {error}"),
        Refusal::Damaged(what) => format!("{refusal} {what}"),
        Refusal::Fields(errors) => errors.iter().map(|error| format!("{}: {}", error.field, error.sentence)).collect::<Vec<_>>().join("; "),
        other => other.to_string(),
    }
}

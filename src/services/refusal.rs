//! Why an action was not done, as a value: a door answers it by its kind and says its sentence in the reader's language.

use std::fmt;

use crate::platform::db::DbError;
use crate::sentence;
use crate::words::Sentence;

use super::engine_errors;
use super::invoices::Lacking;

/// Why an action was not done. `Display` is [`Refusal::sentence`] in English.
#[derive(Debug)]
pub enum Refusal {
    /// Not there, or not this vendor's or customer's: the two must look alike.
    NotFound,
    /// A business rule says no; the sentence says why and what can be done.
    Rule(Sentence),
    /// What was typed cannot be used: by field.
    Fields(Vec<FieldError>),
    /// An invoice would lack what the law wants on it; never of nothing.
    Incomplete(Vec<Lacking>),
    /// The member's role does not reach this far.
    Role,
    /// A fresh second factor is needed first.
    StepUp,
    /// Somebody else changed it meanwhile.
    Conflict(Sentence),
    Database(DbError),
    /// A stored document cannot be read back: a defect of ours. What it says is for the log.
    Damaged(String),
}

/// One field of a form and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    pub field: &'static str,
    pub sentence: Sentence,
}

impl Refusal {
    /// One wrong field.
    pub fn field(field: &'static str, sentence: Sentence) -> Refusal {
        Refusal::Fields(vec![FieldError { field, sentence }])
    }

    pub fn damaged(error: impl fmt::Display) -> Refusal {
        Refusal::Damaged(error.to_string())
    }

    /// What a person reads. It tells nothing of the inside.
    pub fn sentence(&self) -> Sentence {
        match self {
            Refusal::NotFound => sentence!("refusal-not-found"),
            Refusal::Rule(sentence) | Refusal::Conflict(sentence) => sentence.clone(),
            Refusal::Fields(_) => sentence!("refusal-fields"),
            // The rest is said once this is repaired.
            Refusal::Incomplete(lacking) => lacking.first().map_or_else(|| sentence!("refusal-damaged"), |first| first.sentence()),
            Refusal::Role => sentence!("refusal-role"),
            Refusal::StepUp => sentence!("refusal-step-up"),
            Refusal::Database(_) => sentence!("refusal-database"),
            Refusal::Damaged(_) => sentence!("refusal-damaged"),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.sentence().fmt(f)
    }
}

impl std::error::Error for Refusal {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Refusal::Database(error) => Some(error),
            _ => None,
        }
    }
}

/// What the engine refuses is a rule.
impl From<billing::Error> for Refusal {
    fn from(error: billing::Error) -> Refusal {
        Refusal::Rule(engine_errors::sentence_of(&error))
    }
}

impl From<DbError> for Refusal {
    fn from(error: DbError) -> Refusal {
        match error {
            DbError::Overtaken => Refusal::Conflict(sentence!("refusal-subscription-changed")),
            error => Refusal::Database(error),
        }
    }
}

impl From<sqlx::Error> for Refusal {
    fn from(error: sqlx::Error) -> Refusal {
        Refusal::Database(DbError::Sql(error))
    }
}

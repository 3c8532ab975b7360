//! The rooms: one per noun, each with its SQL and its actions. An action takes a [`Desk`], loads records, asks the engine (`billing`),
//! and writes the result, its ledger entries, its events and its outbox rows in the desk's one transaction.

pub mod activity;
pub mod api_keys;
pub mod balance;
pub mod catalog;
pub mod customers;
pub mod desk;
pub mod embed_origins;
pub mod embed_sessions;
pub mod events;
pub mod idempotency;
pub mod invoices;
pub mod ledger;
pub mod mail;
pub mod outbox;
pub mod overview;
pub mod payments;
pub mod quotes;
pub mod subscriptions;
pub mod usage;
pub mod vendors;

pub use desk::{Actor, Desk};

use crate::platform::db::DbError;

/// Why an action was not done. `Display` is the sentence a person reads.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// Not there, or not this vendor's or customer's: the two must look alike.
    #[error("There is nothing at this address.")]
    NotFound,
    /// A business rule says no; the sentence says why and what can be done.
    #[error("{0}")]
    Rule(String),
    /// What was typed cannot be used: by field.
    #[error("Some of what you entered can’t be used.")]
    Fields(Vec<FieldError>),
    /// The member's role does not reach this far.
    #[error("Your role doesn’t allow this. An owner of the account can do it, or change your role.")]
    Role,
    /// A fresh second factor is needed first.
    #[error("Confirm with a code from your authenticator app first.")]
    StepUp,
    /// Somebody else changed it meanwhile.
    #[error("{0}")]
    Conflict(String),
    #[error("The database could not be used.")]
    Database(#[from] DbError),
    /// A stored document cannot be read back: a defect of ours.
    #[error("A stored record could not be read.")]
    Damaged(String),
}

/// One field of a form and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    pub field: &'static str,
    pub message: String,
}

impl Refusal {
    pub fn rule(sentence: impl Into<String>) -> Refusal {
        Refusal::Rule(sentence.into())
    }

    pub fn field(field: &'static str, message: impl Into<String>) -> Refusal {
        Refusal::Fields(vec![FieldError { field, message: message.into() }])
    }

    pub fn damaged(error: impl std::fmt::Display) -> Refusal {
        Refusal::Damaged(error.to_string())
    }
}

/// What the engine refuses is a rule; its sentence is the engine's.
impl From<billing::Error> for Refusal {
    fn from(error: billing::Error) -> Refusal {
        Refusal::Rule(error.to_string())
    }
}

impl From<sqlx::Error> for Refusal {
    fn from(error: sqlx::Error) -> Refusal {
        Refusal::Database(DbError::Sql(error))
    }
}

//! The rooms: one per noun, each with its SQL and its actions. An action takes a [`Desk`], loads records, asks the engine (`billing`),
//! and writes the result, its ledger entries, its events and its outbox rows in the desk's one transaction.

pub mod activity;
pub mod api_keys;
pub mod balance;
pub mod bank;
pub mod catalog;
pub mod check;
pub mod customers;
pub mod desk;
pub mod dunning;
pub mod embed_origins;
pub mod embed_sessions;
mod engine_errors;
pub mod events;
pub mod idempotency;
pub mod invoices;
mod kept;
pub mod ledger;
pub mod messages;
pub mod outbox;
pub mod overview;
pub mod payments;
pub mod portal_sessions;
pub mod purchases;
pub mod quotes;
mod refusal;
pub mod settings;
pub mod spend;
pub mod subscriptions;
pub mod test_clock;
pub mod usage;
pub mod vendors;
pub mod what_if;

pub use desk::{Actor, Desk};
pub use kept::KeptSettings;
pub use refusal::{FieldError, Refusal};

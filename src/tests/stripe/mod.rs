//! Stripe, met as its stand-in: what is Stripe's own beyond the contract of every gateway (`tests/gateways.rs`).

mod account;
mod card_page;
mod notices;
mod requests;
mod stand_in;

pub use stand_in::{StandIn, WEBHOOK_SECRET, connect, connect_on, secret_key};

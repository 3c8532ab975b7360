//! What every room stands on: database, clocks, ids, configuration, assets. Nothing here knows what a customer or an invoice is.

pub mod assets;
pub mod backup;
pub mod clock;
pub mod config;
pub mod db;
pub mod ids;
pub mod keys;
pub mod post;
pub mod qr;
pub mod request;
pub mod schema;
pub mod scratch;

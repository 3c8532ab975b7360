//! Safe keeping: books that are verified, locked and written out, and databases that are backed up and come back.

mod backup;
mod check;
pub mod command;
mod house;
mod ledger;
mod load;

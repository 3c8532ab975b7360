//! What happens without a request. Each worker is a loop over one function that can be called by itself (tests do), and stops when told.

pub mod bill;
pub mod deliver;
pub mod dun;
pub mod purge;
mod till;

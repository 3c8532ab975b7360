//! The rules of scenario.md, held against the engine through its public functions only.
//!
//! - [`world`]: a subscription's life in memory, doing with lines what the rooms do with records
//! - [`vectors`]: what other systems publish
//! - [`time`], [`money`], [`terms`], [`proration`], [`beside`], [`meters`], [`prices`], [`so_far`], [`invoices`], [`credits`], [`taken_back`],
//!   [`corrections`], [`tax_ids`], [`withholding`], [`postings`], [`dunning`], [`transfer`]: a case for each sentence, checked by eye
//! - [`laws`], [`promises`]: what holds for all inputs; [`strategies`]: what they are tried on

mod beside;
mod corrections;
mod credits;
mod dunning;
mod invoices;
mod laws;
mod meters;
mod money;
mod postings;
mod prices;
mod promises;
mod proration;
mod so_far;
mod strategies;
mod taken_back;
mod tax_ids;
mod terms;
mod time;
mod transfer;
mod vectors;
mod withholding;
mod world;

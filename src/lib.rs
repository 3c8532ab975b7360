//! Portico: a self-hosted billing portal for software companies, with the billing engine that feeds it.
//!
//! The map. Arrows point one way: doors and worker → services → `billing`. Whoever has something to
//! say takes it from [`words`], which knows the engine's values and nobody else. [`identity`] keeps its own records. `tests/architecture.rs` holds this.
//!
//! | module | what it is | invariant |
//! |---|---|---|
//! | `billing` (a crate of its own) | the engine: pure rules | values in, values out; no SQL, clock, randomness or floating point |
//! | [`services`] | rooms: one per noun, its SQL and its actions | every statement is scoped to a vendor; an action is one transaction |
//! | [`portal`] | the customers' door | authorisation happens here; doors never import each other |
//! | [`api`] | the door of vendors' programs, and what is written about it | one table makes router and document; an action runs once for each Idempotency-Key |
//! | [`widget`] | the door of the frame in a vendor's page | a token opens it, once; no page of its own but the one that waits for it |
//! | [`notices`] | the door of payment gateways, who tell what happened | a signature is checked before a word is read; nothing is believed but that something happened |
//! | [`sandbox`] | the test payment page's door, on an origin of its own | nothing of the portal is there; a card number goes no further |
//! | [`identity`] | who you are, for every door | no page; what a person may do is a value that cannot be had otherwise |
//! | [`simulate`] | the command line's door to a story told as JSON | runs on a database of its own; knows no rule |
//! | [`islands`] | all interface code that ships to browsers | no rules, no words |
//! | [`ui`] | server-rendered parts | no SQL, no rules |
//! | [`words`] | the sentences of each language, and how money, dates, numbers and a line's reason are written | nothing is computed, no page and no record is known |
//! | [`worker`] | what happens without a request: billing what is due, delivering what was left to do | each loop is one function that can be called by itself |
//! | [`platform`] | database and its backups, clocks, ids, configuration | knows no noun of the product |
//! | [`bench`] | this program measured from outside | used by nothing |
//! | [`demo`] | Kestrel's story, told by the product's own actions | holds no SQL |
//! | [`app`], [`server`] | what runs, and how it is put together | |
//! | `main`, `command` (the binary) | the command line, one file a subcommand | no rule, no SQL |
//!
//! The two features meet only here: `hydrate` compiles [`islands`] for browsers, `ssr` everything.

pub mod islands;

#[cfg(feature = "ssr")]
pub mod api;
#[cfg(feature = "ssr")]
pub mod app;
#[cfg(feature = "ssr")]
pub mod bench;
#[cfg(feature = "ssr")]
pub mod demo;
#[cfg(feature = "ssr")]
pub mod identity;
#[cfg(feature = "ssr")]
pub mod notices;
#[cfg(feature = "ssr")]
pub mod platform;
#[cfg(feature = "ssr")]
pub mod portal;
#[cfg(feature = "ssr")]
pub mod sandbox;
#[cfg(feature = "ssr")]
pub mod server;
#[cfg(feature = "ssr")]
pub mod services;
#[cfg(feature = "ssr")]
pub mod simulate;
#[cfg(feature = "ssr")]
pub mod ui;
#[cfg(feature = "ssr")]
pub mod widget;
#[cfg(feature = "ssr")]
pub mod words;
#[cfg(feature = "ssr")]
pub mod worker;

/// Called by the start script once the wasm is there; each island then hydrates by itself.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    leptos::mount::hydrate_islands();
}

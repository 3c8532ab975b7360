//! Integration tests: whole stories through the router, each on a fresh database. Run them on both databases with `make test`;
//! `cargo test --test app` alone uses SQLite. A story is a file here; [`world`] is what every story starts from.
//! Rules of one module are tested in that module, the engine's in `src/billing`, what only a browser can show in `end2end`.

mod account;
mod addresses;
mod api;
mod architecture;
mod bad_input;
mod billing;
mod demo;
mod gateways;
mod guard;
mod invoices;
mod isolation;
mod listening;
mod kills;
mod lives;
mod nordlicht;
mod payment_methods;
mod payments;
mod people;
mod purge;
mod rebinding;
mod refunds;
mod safekeeping;
mod sandbox;
mod sign_in;
mod simulate;
mod spine;
mod statements;
mod suspended;
mod test_clock;
mod usage;
mod usage_page;
mod vendors;
mod widget;
mod world;
mod written_for;

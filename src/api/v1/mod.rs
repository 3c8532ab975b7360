//! Version 1, a noun a file: what it takes and gives, its handlers, and its rows of the table.

pub mod acting;
pub mod add_ons;
pub mod bank_accounts;
pub mod bank_entries;
pub mod charges;
pub mod coupons;
pub mod customers;
pub mod disputes;
pub mod dunning;
pub mod embed_sessions;
pub mod events;
pub mod exchange_rates;
pub mod invoices;
pub mod members;
pub mod meters;
pub mod method_offers;
pub mod plans;
pub mod portal_sessions;
pub mod products;
pub mod promotion_codes;
pub mod purchases;
pub mod reconciliations;
pub mod settings;
pub mod settlements;
pub mod spend;
pub mod subscriptions;
pub mod tax_rates;
pub mod usage;

use super::problem::{NOT_FOUND, Problem, Wrong};
use crate::services::Refusal;

/// A thing that the body names and that is not there (or is another vendor's): 404 as at its own address, and where it was named.
fn in_body(pointer: &'static str) -> impl Fn(Refusal) -> Problem {
    move |refusal| named(refusal, Some(pointer), None)
}

/// The same for one that the query names.
fn in_query(parameter: &'static str) -> impl Fn(Refusal) -> Problem {
    move |refusal| named(refusal, None, Some(parameter))
}

fn named(refusal: Refusal, pointer: Option<&str>, parameter: Option<&str>) -> Problem {
    let is_missing = matches!(refusal, Refusal::NotFound);
    let mut problem = Problem::from(refusal);
    if is_missing {
        problem.kind = &NOT_FOUND;
        problem.detail = "There is nothing of yours with this id.".to_owned();
        problem.errors = vec![Wrong {
            pointer: pointer.map(str::to_owned),
            parameter: parameter.map(str::to_owned),
            detail: "There is nothing of yours with this id.".to_owned(),
        }];
    }
    problem
}

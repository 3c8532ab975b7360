//! A subscription as values: its terms, its cycle, and the lines each event of its life makes.
//!
//! [`begin`] charges a period in advance, [`close`] rates its usage in arrears ([`so_far`] some of it before), [`renew`] begins the next one
//! ([`renew_beside`] that of add-ons at another interval), [`change`] moves from one set of terms to another in mid-period, [`pause`] and
//! [`cancel`] to none, [`resume`] back. All return lines (amounts before discount and tax, see
//! [`crate::invoice::assemble`]) and the [`Cycle`] to keep for the next call.
//!
//! | file | what it is |
//! |---|---|
//! | `terms` | what is charged for: a plan, its add-ons, their prices one by one |
//! | `cycle` | where it stands: its period, and the meters that run |
//! | `basis` | what is frozen on it, and the vendor's choices for shares of a period |
//! | `charged` | what was charged before, and taken back of it |
//! | `lines` | a thing and a stretch of time to lines |
//! | `credits` | a charged line to the line that takes it back, and that one to its reversal |
//! | `swap` | from what is charged to other things in mid-period: credits, meters, charges |
//! | `beside` | the same of add-ons that have an interval of their own |
//! | `period` | the start of a period, its end, and the next |
//! | `change` | what happens inside one: a change, a cancellation, a pause |
//! | `outcome` | what each of these comes to |
//! | `late` | usage that arrived after its period was billed |
//!
//! What deliberately does not live here: which state allows which event ([`crate::state`]), when things fall due, and what is
//! scheduled; the subscription's room decides that and calls these functions with the instant.

mod basis;
mod beside;
mod change;
mod charged;
mod credits;
mod cycle;
mod late;
mod lines;
mod outcome;
mod period;
mod swap;
mod terms;

use serde::{Deserialize, Serialize};

pub use basis::{Basis, Proration, Unused};
pub use change::{cancel, change, pause, reanchor, resume};
pub use charged::{Charged, Credited};
pub use cycle::{Before, Cycle, OpenPart};
pub use late::{BilledLine, BilledPart, LateUsage, late_usage, usage_of_part};
pub use lines::Used;
pub use outcome::{Closed, Outcome};
pub use period::{Renewed, begin, begin_all, close, close_ended, renew, renew_beside, renew_paused, so_far};
pub use terms::{AddOnTerms, PlanTerms, Product, Terms};

/// Why terms or an event make no sense.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum SubscriptionError {
    #[error("The add-on “{0}” is named twice.")]
    AddOnTwice(String),
    #[error("The product “{product}” has two prices named “{price}”.")]
    PriceTwice { product: String, price: String },
    #[error("A quantity must not be negative.")]
    NegativeQuantity,
    #[error("The usage of the price “{price}” of “{product}” was not given.")]
    UsageMissing { product: String, price: String },
}

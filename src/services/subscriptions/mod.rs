//! Subscriptions: a customer's agreement to a plan, from its start to its end. One verb a file; each works out a [`Step`], [`bill`]
//! makes documents of steps and writes them, [`due`] does what happens by itself.
//!
//! What deliberately does not live here: what things cost (`billing`), what documents are (`invoices`), what a price promised to a
//! customer is (`quotes`), and taking money (`payments`).

mod act;
mod bill;
mod cancel;
mod change;
mod discounts;
mod due;
mod entitlements;
mod foresee;
mod glance;
mod late;
mod outlook;
mod paid;
mod pause;
mod reactivate;
mod record;
mod renewals;
mod start;
mod step;
mod threshold;
mod upcoming;

pub use act::{Action, Moment, Planned, act, count_due, due_customers, first_due, plan, run_due};
pub(crate) use act::{catch_up, hold, is_behind, release, write_planned};
pub use bill::Bill;
pub use cancel::CancelRequest;
pub use change::{ChangeRequest, Settle, When};
pub use discounts::{Redeemed, on as discounts_on};
pub use due::next_due;
pub use entitlements::{Entitlement, entitlements};
pub use late::billed_parts;
pub(crate) use late::{Look, hold_usage, note_usage};
pub use outlook::{Metered, Outlook, outlook};
pub use paid::{note_overdue, note_settled, suspend};
pub use pause::PauseRequest;
pub use record::{
    AnchorWish, Closing, KeptSubscription, Scheduled, Subscription, by_external_id, current, find, load, load_of, of_customer, of_word, on_invoice, page, word,
};
pub use renewals::{RenewalNotice, renewal_notice, set_renewal_notice};
pub use start::{StartRequest, Started, start};
pub use step::{Counted, Reading, Step, basis, proration, used};
pub(crate) use threshold::note_usage_due;
pub use upcoming::{Upcoming, upcoming, upcoming_after, upcoming_by};

//! Dunning: invoices that could not be charged, each a case from its first failure until it is settled, and every decision about it with its
//! reason. When what is done is the engine's rule (`billing::dunning`); here it is kept, and done.
//!
//! - `policy`: what the vendor wants
//! - `case`: the record, and its decisions
//! - `note`: what happened to an invoice, noted in the very transaction in which it does: a failure opens a case, a settlement closes it
//! - `prospect`: what a case leads to, as it is told
//! - `report`: what it all brought
//! - `step`: what is due of a case: a try, a warning, the end; `end`: what the end takes, and giving it back
//!
//! A step is one transaction. A payment it opens is a row in it, and sent to the gateway afterwards by whoever did the step or, where they
//! died, by [`payments::recover`](crate::services::payments::recover): whatever dies when, nothing is forgotten and nothing charged twice.
//!
//! What deliberately does not live here: the first round of payments of an invoice, which every invoice has (`payments`), and the words
//! of messages (`messages`).

mod case;
mod end;
mod note;
mod policy;
mod prospect;
mod report;
mod step;

pub(crate) use case::CASE;
pub use case::{Answer, Case, CaseState, Decision, NextStep, decisions, load, of_invoice, unpaid_of, was_unpaid};
pub use note::{NO_METHOD, note_methods};
pub(crate) use note::{
    note_certificate_awaited, note_declined, note_due_again, note_new_method, note_overdue, note_round_over, note_settled, note_written_off, turns_of,
};
pub use policy::{policy, set_policy};
pub use prospect::{Ending, EndingKind, Prospect, prospect};
pub use report::{Figures, Sought, all_of_invoice, page, report, today};
pub use step::{Done, Due, due, first_due, give_up_end, step};

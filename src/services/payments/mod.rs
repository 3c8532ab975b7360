//! Payments: the methods a customer keeps on file, the charges made to them, and what goes back to them.
//!
//! A card number never comes here: it is typed on the gateway's own page, and what comes back is a token, a brand, four digits and an
//! expiry. Every charge begins as a row of [`payments`](self) that is committed before the gateway is called; the row's id is the
//! idempotency key, so whatever is lost on the way, asking again cannot charge again.
//!
//! What deliberately does not live here: what an invoice owes and the ledger (`invoices`), and when to try again after a decline (`dunning`).

mod attention;
mod charges;
mod collect;
pub mod connections;
mod disputes;
mod errand;
pub mod gateway;
mod gateways;
mod methods;
mod names;
pub mod notices;
mod read;
mod receipt;
mod reconcile;
mod refunds;
mod renewals;
mod repair;
pub mod sandbox;
pub mod scripted;
mod sending;
mod setups;
pub mod stripe;

pub use attention::{Attention, attention};
pub use charges::{Customer, NewPayment, ask, cancel, open, page_path, record, send};
pub(crate) use collect::open_round;
pub use collect::{Begun, Collected, begin_collecting, book, collect, detach, go_through, pay, recover};
pub use disputes::{Dispute, DisputePolicy, DisputeStatus, OnLost, WhileDisputed, dispute_policy, disputes, is_disputed, set_dispute_policy};
pub use errand::Errand;
pub use gateway::{Brand, CardEntry, DeclineReason, Gateway, HostedFields, Outcome, Presence, ScriptedFields};
pub use gateways::Gateways;
pub(crate) use methods::note_refused;
pub use methods::{
    DETACH, Detach, Expiry, Method, MethodRole, ending_between, find as find_method, find_ever as find_method_ever, list, make_backup, make_default,
    move_backup_up, remove, stop_backup, successor, why_it_must_stay, with_method,
};
pub use names::{brand_name, declined_because, method_name};
pub use read::{Payment, Pays, Status, find, latest_by, load, of_customer, of_invoice, of_purchase, of_quote};
pub use receipt::{Back, Paid, Receipt, print_receipt, receipt, receipt_number};
pub use reconcile::{Difference, DifferenceKind, Reconciliation, is_reconciliation_due, reconcile, reconciliations};
pub(crate) use refunds::open as open_refunds;
pub use refunds::{GiveBack, NewRefund, REFUND, give_back};
pub use sending::{Sending, Sent};
pub use setups::{Finished, Started, finish as finish_setup, resume as resume_setup, return_path, start as start_setup};

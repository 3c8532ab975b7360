//! Payments: the methods a customer keeps on file, the charges made to them, and what goes back to them.
//!
//! No number of a card or an account ever comes here: it is typed on the gateway's own page, and what comes back is a token and what a person
//! knows the method by ([`Means`]). Every charge begins as a row of [`payments`](self) that is committed before the gateway is called; the row's id is the
//! idempotency key, so whatever is lost on the way, asking again cannot charge again.
//!
//! What deliberately does not live here: what an invoice owes and the ledger (`invoices`), and when to try again after a decline (`dunning`).

mod ahead;
mod attention;
mod charges;
mod collect;
pub mod connections;
mod debits;
mod disputes;
mod errand;
pub mod gateway;
mod gateways;
mod means;
mod methods;
mod names;
pub mod notices;
mod offers;
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

pub use ahead::{Ahead, foresee_booking, foresee_collecting, foresee_first_collecting};
pub use attention::{Attention, Repair, attention};
pub use charges::{Customer, NewPayment, ask, cancel, open, page_path, record};
pub(crate) use collect::begin_round;
pub use collect::{Begun, begin_collecting, book, detach, first_expected, follow_expected, pay, recover, send};
pub use debits::{DebitTerms, creditor_id, debit_terms, set_debit_terms};
pub use disputes::{Dispute, DisputePolicy, DisputeStatus, OnLost, WhileDisputed, answered_at, dispute_policy, disputes, is_disputed, set_dispute_policy};
pub(crate) use disputes::{disputed_methods, is_taken_back};
pub use errand::Errand;
pub use gateway::{CardEntry, DeclineReason, Gateway, HostedFields, Outcome, Presence, ScriptedFields};
pub use gateways::Gateways;
pub use means::{Brand, Card, Means, MethodKind, SepaDebit, Wallet};
pub(crate) use methods::note_refused;
pub use methods::{
    Chargeable, DETACH, Detach, Ending, Expiry, Method, MethodRole, chargeable, charged_at_once, charged_first, ending_between, find as find_method,
    find_ever as find_method_ever, list, make_backup, make_default, move_backup_up, remove, stop_backup, successor, why_it_must_stay,
};
pub use names::{declined_because, kind_name, means_name, method_name, wallet_name};
pub use offers::{Audience, Offer, OfferedMethod, OnOffer, offered_to, offers, on_offer, set_offer};
pub(crate) use read::load_all;
pub use read::{Instead, Payment, Pays, Status, find, latest_by, load, of, of_customer, of_invoice, waited_for};
pub use receipt::{Back, Paid, Receipt, print_receipt, receipt, receipt_number};
pub use reconcile::{Difference, DifferenceKind, Reconciliation, is_reconciliation_due, reconcile, reconciliations};
pub use refunds::{GiveBack, NewRefund, REFUND, give_back};
pub(crate) use refunds::{NewPurchaseRefund, open as open_refunds, open_of_purchase as open_refund_of_purchase};
pub use sending::{Sending, Sent};
pub use setups::{Finished, Started, Wanted, finish as finish_setup, resume as resume_setup, return_path, start as start_setup};

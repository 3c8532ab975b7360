//! The vendor's bank: the accounts customers transfer money to, how an invoice is paid that way, and what statements say came in.
//!
//! - [`set_account`], [`transfer_for`]: what a customer is told to transfer to
//! - [`import`]: a statement taken in, each entry once; [`match_entry`] and [`take_back`] for what needs a person
//! - `certificates`: what is waited for where tax was withheld of a transfer
//!
//! Invariant: an entry that is matched has one transfer that stands, which settles invoices of one customer and credits their balance with the
//! rest; any other entry has none.
//! What deliberately does not live here: what an account, a reference and a payment code look like (`billing::transfer`), and what settles an
//! invoice (`invoices`).

mod accounts;
mod certificates;
mod entries;
mod import;
mod matching;
mod statement;
mod transfers;

pub use accounts::{BankAccount, NewBankAccount, TransferTo, account_for, accounts, remove_account, set_account, transfer_for};
pub use certificates::{Awaiting, awaiting, awaits_certificate, certificate_until, note_awaiting};
pub use entries::{Entry, EntryStatus, Proposal, Reason, Which, entries, load_entry, proposals};
pub use import::{Import, ImportError, import};
pub use matching::match_entry;
pub use statement::{Format, Mistake};
pub use transfers::{Transfer, take_back, transfer};

//! The vendor's bank: the accounts customers transfer money to, and how an invoice is paid that way.
//!
//! What deliberately does not live here: what an account, a reference and a payment code look like (`billing::transfer`), and what settles an
//! invoice (`invoices`).

mod accounts;

pub use accounts::{BankAccount, NewBankAccount, Transfer, account_for, accounts, remove_account, set_account, transfer_for};

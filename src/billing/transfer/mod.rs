//! Being paid by bank transfer: accounts that money can be sent to, the reference that tells which invoice it is for, and the code a bank's
//! app reads both from.
//!
//! What deliberately does not live here: what arrived, and which invoice it pays.

mod account;
mod code;
mod reference;

pub(crate) use account::remainder_of_97;
pub use account::{Account, AccountError, Bic, Iban, Number, PromptPay};
pub use code::payment_code;
pub use reference::{creditor_reference, printed, references_in};

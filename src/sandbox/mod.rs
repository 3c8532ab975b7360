//! The test payment page: the sandbox gateway's own pages, on an origin of its own. It stands in for somebody else's site, so it has a look, a
//! policy and words of its own and takes nothing from the portal's; what it books, it books in `services::payments::sandbox`.
//!
//! | file | holds |
//! |---|---|
//! | `pages` | the addresses, and what each answers |
//! | [`entry`] | reading what was typed |
//! | `html` | what the pages are made of |
//! | `accounts` | the page where an account is typed in |

mod accounts;
pub mod entry;
mod html;
mod pages;

pub use pages::router;

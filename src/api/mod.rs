//! The door of vendors' programs: REST at `/api/v1`, its OpenAPI document at `/api/v1/openapi.json`, both read at `/api`.
//!
//! - [`router`] is the table of contents; a noun is a file in `v1/`, with what it takes, what it gives, and its rows of the table.
//! - `entry` lets a request in: key, limit, version. `call` answers it: scope, body, Idempotency-Key, one desk, one action.
//! - `document` makes the OpenAPI document of the same table and the same types, so that neither can say what the other does not.
//!
//! What deliberately does not live here: rules and SQL (the rooms have them), cookies, CORS (no browser is expected), and the pages of
//! people.

mod call;
mod document;
mod entry;
mod give;
mod limit;
mod page;
mod problem;
pub mod route;
pub mod router;
mod take;
mod v1;
mod values;

pub use document::text as written;
pub use problem::of_bare;
pub use router::router;

/// The version of the API's form that this program speaks, by the day it was fixed. A later one will keep answering to this name.
pub const VERSION: &str = "2026-11-21";

/// The largest body: a thousand usage events with room to spare.
const BODY_BYTES: usize = 1024 * 1024;

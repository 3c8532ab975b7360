//! Spend: what usage costs in the billing period under way, and the limits its customer puts on it. An alert tells those who may manage
//! billing, once a period, when it is reached. A cap holds: what is metered is not to be used until the period ends, or the cap is raised or
//! removed.
//!
//! The rule of the cap: it holds by telling the vendor's software to stop ([`crate::services::subscriptions::entitlements`], and an event). What
//! is recorded is usage, whatever the cap: it is counted, shown and invoiced to the cent, also what came in above it.
//!
//! - [`load`]: the limits of a subscription, and what they are held against. [`set_alerts`], [`add_alert`], [`remove_alert`], [`set_cap`]: other limits.
//! - [`watch`]: holds the limits against what usage costs now. It runs in every transaction that changes that: a batch of usage, a reversal,
//!   the turn of a period, a change of plan. So a limit is reached in the very transaction that reaches it.
//!
//! Invariant: a limit is written only under the customer's usage lock (`usage::close`), under which usage is added up, too. So each is reached
//! once in a period, however many instances take usage in.
//!
//! What deliberately does not live here: what usage costs (`usage::cost_of_period`, which asks the engine), and invoicing it.

mod choose;
mod limits;
mod watch;

pub use choose::{MOST_ALERTS, add_alert, remove_alert, set_alerts, set_cap};
pub(crate) use limits::held;
pub use limits::{Alert, Cap, Limits, Spend, cap_that_holds, load};
pub(crate) use watch::watch;

//! Usage: what customers used, as it was sent, tallied up, and read back for billing and for the charts.
//!
//! - [`record`]: events in, once each; [`reverse`]: one of them out again.
//! - [`of_period`]: what a meter reads over any stretch of time, exact; [`of_stretches`]: over several; [`of_each`]: of several meters. [`close`] holds it still meanwhile.
//! - [`series`]: the same by hour, day or month of a zone. [`outlook`]: what meters read so far, and will likely read at the period's end.
//! - [`report`]: all of it for one meter, with what it has cost.
//!
//! Invariant: a tally (of a quarter of an hour, a day, a month) is the tally of the events in it that are not reversed; a property test
//! holds the whole against a naive sum. Batches of one customer are added up one at a time, under the lock of `usage_accounts`.
//! What usage costs is the engine's to say; `cost` only asks it, for the charts and for the limits customers put on it (`spend`).

mod cost;
mod forecast;
mod keep;
mod meter;
mod outlook;
mod read;
mod record;
mod report;
mod series;
mod tally;

pub use cost::cost_of_period;
pub use forecast::{Expected, Forecast, Method};
pub use meter::{Aggregate, Meter, meters};
pub use outlook::{Outlook, outlook};
pub use read::{close, first_use, of_each, of_period, of_periods, of_stretches};
pub use record::{MAX_BATCH, NewEvent, Outcome, record, reverse};
pub use report::{Ask, Before, Priced, Report, Room, Row, Standing, report};
pub use series::{By, Point, series, start_of_day, steps};
pub(crate) use series::{day_at, month_at};
pub(crate) use tally::{Counted, Last, Tally, slot_of};

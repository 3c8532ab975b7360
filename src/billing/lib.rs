//! The billing rules: values in, values out. No I/O, no clock, no chance, no floats; every sum is checked, every failure is a
//! typed error whose `Display` is a sentence a person can read.
//!
//! The way of an amount, and of this book:
//!
//! - [`money`]: currencies, exact fractions, the one rounding, the one way to share out
//! - [`calendar`]: anchors, periods, shares of a period
//! - [`usage`]: many events, one number of units
//! - [`price`]: units to an exact amount, [`explain`]: why; [`bands`]: where the price of a unit changes
//! - [`subscription`]: terms and events to lines (proration is its `swap`); [`state`]: which events may happen
//! - [`discount`], [`taken_back`], [`tax`], [`invoice`]: lines to a document
//! - [`settlement`], [`correction`], [`ledger`]: what becomes of a document; [`dunning`]: and of one that could not be charged; [`transfer`]: where
//!   money is sent; [`debit`]: from which it is fetched

pub mod bands;
pub mod calendar;
pub mod correction;
pub mod debit;
pub mod discount;
pub mod dunning;
pub mod explain;
pub mod invoice;
pub mod ledger;
pub mod money;
pub mod price;
pub mod settlement;
pub mod state;
pub mod subscription;
pub mod taken_back;
pub mod tax;
pub mod transfer;
pub mod usage;

/// Anything that stops a bill: the errors of the parts that a bill is made by.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Error {
    #[error(transparent)]
    Money(#[from] money::MoneyError),
    #[error(transparent)]
    Calendar(#[from] calendar::CalendarError),
    #[error(transparent)]
    Usage(#[from] usage::UsageError),
    #[error(transparent)]
    Price(#[from] price::PriceError),
    #[error(transparent)]
    Subscription(#[from] subscription::SubscriptionError),
    #[error(transparent)]
    State(#[from] state::StateError),
    #[error(transparent)]
    Discount(#[from] discount::DiscountError),
    #[error(transparent)]
    Tax(#[from] tax::TaxError),
    #[error(transparent)]
    Correction(#[from] correction::CorrectionError),
}

pub type Result<T> = std::result::Result<T, Error>;

//! Charts as the server draws them: usage over a period (running total above, what each hour, day or month used below) and the gauge of
//! the overview. Figures come in as shares of the axis and formatted words; nothing is computed here but where ink goes.
//!
//! No viewBox: x is in per cent and y in pixels, so text never scales and one drawing serves a phone and a desk. Drawing may use
//! floating point; money never reaches this room except as text.

mod gauge;
mod labels;
mod levels;
mod period;
mod running;
mod svg;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

pub use crate::words::scale::Scale;
pub use gauge::{Gauge, gauge};
pub use levels::{LevelBar, Levels, levels_html};
pub use period::{Bar, Chart, usage_html};
pub use running::{Rule, Running, Spot};

/// What a bar, or a part of one, stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ink {
    /// Outlined, tinted: costs nothing.
    Included,
    /// Solid: charged, or simply used where nothing is.
    Charged,
    /// Hatched: expected.
    Forecast,
}

/// A quantity as ink sees it. What does not fit is off any scale anyway.
pub fn ink(value: Decimal) -> f64 {
    value.to_f64().unwrap_or(f64::MAX)
}

//! A usage report in the reader's words and as a drawing: every text, label and bar of the page is made here, from figures that the room
//! has added up.
//!
//! | file | what it is |
//! |---|---|
//! | `names` | what periods, days and rows are called |
//! | `prices` | what units cost, by the bands they fall in |
//! | `description` | what the chart shows, in sentences |
//! | `drawing` | the chart: its bars, its running total, its axis |

mod description;
mod drawing;
mod names;
mod prices;

pub(in crate::portal) use prices::decimal;

use rust_decimal::Decimal;

use crate::services::usage::{Aggregate, Report, Row};
use crate::t;
use crate::ui::chart::ink;
use crate::words::Words;
use crate::words::format::Dates;

/// What telling a report needs beside it.
pub struct Teller<'a> {
    pub words: Words,
    pub dates: Dates,
    pub report: &'a Report,
    /// Whether the period before is drawn.
    pub is_against: bool,
}

impl Teller<'_> {
    pub fn amount(&self, value: Decimal) -> String {
        t!(self.words, "usage-amount", n = self.words.number(value), unit = &self.report.meter.unit)
    }

    pub fn money(&self, amount_minor: i64) -> String {
        self.words.money(amount_minor, self.currency())
    }

    pub fn currency(&self) -> &str {
        self.report.priced.as_ref().map_or("", |priced| priced.currency)
    }

    pub fn is_under_way(&self) -> bool {
        self.report.range.contains(self.report.now)
    }

    /// What the answer's sentence calls the meter's figure.
    pub fn is_last(&self) -> bool {
        self.report.meter.aggregate == Aggregate::Last
    }

    /// The row in which the running total passes a level, and how far into the row.
    fn passed(&self, level: Decimal) -> Option<(&Row, f64)> {
        let mut before = self.report.base;
        for row in &self.report.rows {
            if before < level && row.total >= level {
                let share = ink(level - before) / ink(row.total - before).max(f64::MIN_POSITIVE);
                return Some((row, share));
            }
            before = row.total;
        }
        None
    }
}

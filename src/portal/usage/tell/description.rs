//! What the chart shows, in sentences: for those who cannot see it, and for those who would rather read.

use rust_decimal::Decimal;

use super::Teller;
use super::prices::decimal;
use crate::services::usage::{By, Method, Row};
use crate::t;

impl Teller<'_> {
    /// What the chart shows, in sentences.
    pub fn description(&self) -> String {
        let (w, report) = (self.words, self.report);
        let mut said = Vec::new();
        for (n, band) in self.bands().iter().enumerate() {
            let Some(up_to) = band.up_to.map(decimal) else { continue };
            let next = self.bands().get(n + 1).map(|next| self.each(next.unit_amount)).unwrap_or_default();
            match (self.passed(up_to), band.is_free()) {
                (Some((row, _)), true) if !row.is_expected => {
                    said.push(t!(w, "usage-said-included", amount = self.amount(up_to), day = self.long_day(row.start), each = next))
                }
                (Some((row, _)), true) => {
                    said.push(t!(w, "usage-said-included-soon", amount = self.amount(up_to), day = self.long_day(row.start), each = next))
                }
                (Some((row, _)), false) if !row.is_expected => {
                    said.push(t!(w, "usage-said-passed", n = w.number(up_to), day = self.long_day(row.start), each = next))
                }
                (Some((row, _)), false) => said.push(t!(w, "usage-said-passing", n = w.number(up_to), day = self.long_day(row.start), each = next)),
                (None, true) if report.total < up_to && report.period.is_some() && report.rows.last().is_some_and(|row| row.total < up_to) => {
                    said.push(t!(w, "usage-said-within", amount = self.amount(up_to), left = w.number(up_to - report.total)));
                }
                (None, _) => {}
            }
        }
        let busiest =
            report.rows.iter().filter(|row| !row.is_expected).filter_map(|row| Some((row, row.used?))).fold(None::<(&Row, Decimal)>, |most, next| match most {
                Some(most) if most.1 >= next.1 => Some(most),
                _ => Some(next),
            });
        if let Some((row, used)) = busiest.filter(|(_, used)| *used > Decimal::ZERO && report.rows.len() > 2) {
            let (at, n) = (self.long_name(row), self.amount(used));
            said.push(match report.by {
                By::Hour => t!(w, "usage-said-busiest-hour", at = at, n = n),
                By::Day => t!(w, "usage-said-busiest-day", at = at, n = n),
                By::Month => t!(w, "usage-said-busiest-month", at = at, n = n),
            });
        }
        if self.is_under_way() {
            said.push(t!(w, "usage-said-today"));
        }
        said.push(t!(w, "usage-said-zone", zone = self.dates.zone_name()));
        said.join(" ")
    }

    /// "from the weekdays of your last 8 weeks"
    pub fn method(&self, method: Method) -> String {
        match method {
            Method::Weekdays { weeks } => t!(self.words, "usage-method-weekdays", count = weeks),
            Method::Days { days } => t!(self.words, "usage-method-days", count = days),
            Method::Level => t!(self.words, "usage-method-level"),
        }
    }
}

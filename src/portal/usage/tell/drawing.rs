//! The chart: a bar for each stretch, the running total above them, and what stands at the axis.

use billing::bands::Band;
use chrono::{Datelike, Timelike};
use rust_decimal::Decimal;

use super::Teller;
use super::prices::decimal;
use crate::platform::clock::Instant;
use crate::services::usage::By;
use crate::t;
use crate::ui::chart::{Bar, Chart, Ink, Rule, Running, Scale, Spot, ink};
use crate::words::Words;

impl Teller<'_> {
    /// The drawing.
    pub fn chart(&self) -> Chart {
        let (w, report) = (self.words, self.report);
        let shown: Vec<(Instant, Instant)> = self.stretches();
        let is_priced = report.cost_minor.is_some();
        let bars: Vec<Bar> = shown.iter().map(|(start, end)| self.bar(*start, *end)).collect();
        let highest = bars.iter().map(|bar| bar.parts.iter().map(|(_, value)| value).sum::<f64>()).fold(0.0, f64::max);
        let mut legend = Vec::new();
        if is_priced && self.bands().iter().any(Band::is_free) {
            legend.push((Ink::Included, t!(w, "usage-key-included")));
        }
        legend.push((Ink::Charged, if is_priced { t!(w, "usage-key-charged") } else { t!(w, "usage-key-used") }));
        if report.rows.iter().any(|row| row.is_expected) {
            legend.push((Ink::Forecast, t!(w, "usage-key-forecast")));
        }
        Chart {
            title: match report.by {
                By::Hour => t!(w, "usage-title-hour", meter = &report.meter.name, when = self.when(report.range.start, report.range.end)),
                By::Day => t!(w, "usage-title-day", meter = &report.meter.name, when = self.when(report.range.start, report.range.end)),
                By::Month => t!(w, "usage-title-month", meter = &report.meter.name, when = self.when(report.range.start, report.range.end)),
            },
            described_by: "c-d",
            legend,
            running: report.period.is_some().then(|| self.running()),
            bars_label: match report.by {
                By::Hour => t!(w, "usage-each-hour"),
                By::Day => t!(w, "usage-each-day"),
                By::Month => t!(w, "usage-each-month"),
            },
            bars_scale: Scale::of(highest, |value| short(w, value)),
            bars,
            now: self.is_under_way().then(|| {
                let time = if report.by == By::Month { self.day_short(report.now) } else { self.dates.time(report.now) };
                (self.x(report.now), t!(w, "usage-now", time = time))
            }),
            axis: self.axis(&shown),
        }
    }

    /// The stretches the chart has a bar for: a row cut by now is one.
    fn stretches(&self) -> Vec<(Instant, Instant)> {
        let mut shown: Vec<(Instant, Instant)> = Vec::new();
        for row in &self.report.rows {
            match shown.last_mut() {
                Some(last) if row.is_expected && row.start == self.report.now && last.1 == row.start && !self.starts_stretch(row.start) => last.1 = row.end,
                _ => shown.push((row.start, row.end)),
            }
        }
        // What is neither counted nor expected is still there, empty.
        let step = |at: Instant| crate::services::usage::steps(at, self.report.range.end, self.report.by, self.report.zone).unwrap_or_default();
        if let Some(last) = shown.last_mut() {
            let rest = step(last.1);
            if !self.starts_stretch(last.1) && rest.len() > 1 {
                last.1 = rest[1];
            }
        }
        let from = shown.last().map_or(self.report.range.start, |last| last.1);
        if from < self.report.range.end {
            shown.extend(step(from).windows(2).map(|pair| (pair[0], pair[1])));
        }
        shown
    }

    fn starts_stretch(&self, at: Instant) -> bool {
        let local = self.dates.local(at);
        match self.report.by {
            By::Hour => local.minute() == 0 && local.second() == 0 && local.nanosecond() == 0,
            By::Day => self.is_midnight(at),
            By::Month => self.is_midnight(at) && local.day() == 1,
        }
    }

    fn bar(&self, start: Instant, end: Instant) -> Bar {
        let (w, report) = (self.words, self.report);
        let mut before = report.base;
        let (mut parts, mut used, mut expected, mut priced) = (Vec::new(), None::<Decimal>, None::<Decimal>, Vec::new());
        for row in &report.rows {
            if row.start >= start && row.end <= end {
                if row.is_expected {
                    expected = Some(expected.unwrap_or_default() + row.used.unwrap_or_default());
                    parts.push((Ink::Forecast, ink(row.used.unwrap_or_default())));
                } else {
                    used = row.used;
                    priced = self.parts(row, before);
                    for (band, units) in &priced {
                        parts.push((if band.is_some_and(|band| band.is_free()) { Ink::Included } else { Ink::Charged }, ink(*units)));
                    }
                }
            }
            before = row.total;
        }
        let name = match report.by {
            By::Hour => t!(w, "usage-read-hour", day = self.weekday_day(start), from = self.dates.time(start), to = self.dates.time(end)),
            By::Day => self.weekday_day(start),
            By::Month => t!(w, "usage-month-year", month = self.dates.month(self.dates.date(start)), year = self.dates.date(start).year().to_string()),
        };
        let is_now = (start..end).contains(&report.now) && self.is_under_way();
        let reading = match (used, expected) {
            (Some(used), Some(more)) => {
                t!(w, "usage-read-so-far", name = name, amount = self.amount(used), time = self.dates.time(report.now), about = w.number(used + more))
            }
            (None, Some(more)) if is_now => {
                t!(w, "usage-read-so-far", name = name, amount = self.amount(Decimal::ZERO), time = self.dates.time(report.now), about = w.number(more))
            }
            (None, Some(more)) => t!(w, "usage-read-forecast", name = name, amount = self.amount(more)),
            (Some(used), None) => {
                let how = self.how(&priced);
                if how.is_empty() {
                    t!(w, "usage-read", name = name, amount = self.amount(used))
                } else {
                    t!(w, "usage-read-how", name = name, amount = self.amount(used), how = how)
                }
            }
            (None, None) if start > report.now => t!(w, "usage-read-ahead", name = name),
            (None, None) => t!(w, "usage-read-nothing", name = name),
        };
        Bar { from: self.x(start), to: self.x(end), parts, reading, is_shown: is_now }
    }

    fn running(&self) -> Running {
        let (w, report) = (self.words, self.report);
        let mut line = vec![Spot { x: 0.0, value: ink(report.base) }];
        line.extend(report.rows.iter().filter(|row| !row.is_expected).map(|row| Spot { x: self.x(row.end), value: ink(row.total) }));
        let mut forecast = Vec::new();
        if let Some(last) = line.last().filter(|_| self.is_under_way() && report.forecast.is_some()) {
            forecast.push(*last);
            forecast.extend(report.rows.iter().filter(|row| row.is_expected).map(|row| Spot { x: self.x(row.end), value: ink(row.total) }));
            if forecast.len() == 1 {
                forecast.push(Spot { x: 1.0, value: last.value });
            }
        }
        let before = report.before.as_ref().filter(|_| self.is_against).map(|before| {
            let edges = crate::services::usage::steps(report.range.start, report.range.end, report.by, report.zone).unwrap_or_default();
            let spots = edges.iter().zip(&before.totals).map(|(at, total)| Spot { x: self.x(*at), value: ink(*total) }).collect::<Vec<_>>();
            (spots, self.named(before.period.start, before.period.end))
        });
        let most = line.iter().chain(&forecast).chain(before.iter().flat_map(|(spots, _)| spots)).map(|spot| spot.value).fold(0.0, f64::max);
        // Levels just out of reach are worth seeing; those far off would flatten everything.
        let levels: Vec<(Decimal, &Band, Option<&Band>)> = self
            .bands()
            .iter()
            .enumerate()
            .filter_map(|(n, band)| Some((decimal(band.up_to?), band, self.bands().get(n + 1))))
            .filter(|(level, _, _)| ink(*level) <= (most * 1.6).max(1.0))
            .collect();
        let top = levels.iter().map(|(level, _, _)| ink(*level)).fold(most, f64::max);
        let rules = levels
            .iter()
            .map(|(level, band, next)| Rule {
                value: ink(*level),
                label: match next {
                    _ if band.is_free() => t!(w, "usage-rule-included", n = w.number(*level)),
                    Some(next) => t!(w, "usage-rule-then", n = w.number(*level), each = self.each(next.unit_amount)),
                    None => w.number(*level),
                },
                passed: self.passed(*level).map(|(row, share)| {
                    let x = self.x(row.start) + (self.x(row.end) - self.x(row.start)) * share;
                    (x, if report.by == By::Hour { self.dates.time(self.hour_of(row)) } else { self.day_short(row.start) })
                }),
            })
            .collect();
        let with_cost = |cost: Option<i64>| cost.map(|cost| t!(w, "usage-and-cost", cost = self.money(cost))).unwrap_or_default();
        let end = report.forecast.as_ref().filter(|_| !forecast.is_empty() && report.period.is_some_and(|period| period.end == report.range.end));
        Running {
            label: if report.meter.aggregate.is_flow() { t!(w, "usage-running") } else { t!(w, "usage-level") },
            scale: Scale::of(top, |value| short(w, value)),
            line,
            before,
            rules,
            here: Some((w.number(report.total), with_cost(report.cost_minor))),
            end: end.map(|end| (t!(w, "usage-about"), w.number(end.total), with_cost(report.forecast_cost_minor))),
            forecast,
        }
    }

    fn axis(&self, shown: &[(Instant, Instant)]) -> Vec<(f64, String)> {
        let report = self.report;
        let middle = |(start, end): &(Instant, Instant)| (self.x(*start) + self.x(*end)) / 2.0;
        let days = (report.range.end - report.range.start).num_days();
        let date = |at: Instant| self.dates.date(at);
        match report.by {
            By::Hour if days <= 2 => {
                let every = shown.iter().filter(|(start, _)| self.dates.local(*start).hour().is_multiple_of(6) && self.starts_stretch(*start));
                every.map(|(start, _)| (self.x(*start), self.dates.time(*start))).collect()
            }
            By::Hour => {
                let step = if days <= 8 { 1 } else { 7 };
                let midnights = shown.iter().filter(|(start, _)| self.is_midnight(*start)).step_by(step);
                midnights.map(|(start, _)| (self.x(*start), date(*start).day().to_string())).collect()
            }
            By::Day if days <= 45 => {
                let mondays = shown.iter().filter(|(start, _)| days <= 8 || date(*start).weekday() == chrono::Weekday::Mon);
                let named = mondays.enumerate().map(|(n, bar)| {
                    let day = date(bar.0).day().to_string();
                    let is_first = n == 0 || date(bar.0).day() <= if days <= 8 { 1 } else { 7 };
                    (middle(bar), if is_first { t!(self.words, "usage-row-day", weekday = self.weekday(bar.0), day = day) } else { day })
                });
                named.collect()
            }
            By::Day => {
                let firsts: Vec<_> = shown.iter().filter(|(start, _)| date(*start).day() == 1).collect();
                let step = firsts.len().div_ceil(7).max(1);
                firsts.into_iter().step_by(step).map(|bar| (middle(bar), self.month_short(bar.0))).collect()
            }
            By::Month => {
                let step = shown.len().div_ceil(7).max(1);
                let with_year = |at: Instant| t!(self.words, "usage-month-year", month = self.month_short(at), year = date(at).year().to_string());
                let named = |n: usize, bar: &(Instant, Instant)| {
                    if n == 0 || date(bar.0).month() as usize <= step { with_year(bar.0) } else { self.month_short(bar.0) }
                };
                shown.iter().step_by(step).enumerate().map(|(n, bar)| (middle(bar), named(n, bar))).collect()
            }
        }
    }

    /// Where an instant stands on the axis of time.
    fn x(&self, at: Instant) -> f64 {
        let length = (self.report.range.end - self.report.range.start).num_milliseconds().max(1);
        let into = (at - self.report.range.start).num_milliseconds();
        // Milliseconds of a few years fit a float exactly.
        (into as f64 / length as f64).clamp(0.0, 1.0)
    }
}

/// A figure of an axis: `5,000`, `150k`, `2.5M`.
fn short(w: Words, value: Decimal) -> String {
    let value = value.normalize();
    for (size, sign) in [(1_000_000_000_i64, "G"), (1_000_000, "M"), (100_000, "k")] {
        if value >= Decimal::from(size) {
            let unit = if sign == "k" { 1_000 } else { size };
            return format!("{}{sign}", w.number(value / Decimal::from(unit)));
        }
    }
    w.number(value)
}

//! A usage report in the reader's words and as a drawing: every text, label and bar of the page is made here, from figures that the room
//! has added up.

use billing::bands::Band;
use billing::money::Ratio;
use chrono::{Datelike, Timelike};
use rust_decimal::Decimal;

use crate::platform::clock::Instant;
use crate::services::usage::{Aggregate, By, Method, Report, Row};
use crate::t;
use crate::ui::chart::{Bar, Chart, Ink, Rule, Running, Scale, Spot, ink};
use crate::words::format::{Dates, money, number, unit_price};
use crate::words::Words;

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
        t!(self.words, "usage-amount", n = number(value), unit = &self.report.meter.unit)
    }

    pub fn money(&self, amount_minor: i64) -> String {
        money(amount_minor, self.currency())
    }

    pub fn currency(&self) -> &str {
        self.report.priced.as_ref().map_or("", |priced| priced.currency)
    }

    fn each(&self, amount: Decimal) -> String {
        self.report.priced.as_ref().map_or(String::new(), |priced| unit_price(amount, priced.price_currency))
    }

    pub fn is_under_way(&self) -> bool {
        self.report.range.contains(self.report.now)
    }

    /// `November`, `October 2025`, `12 November to 11 December`: a stretch by name.
    pub fn named(&self, start: Instant, end: Instant) -> String {
        let w = self.words;
        let (first, next) = (self.dates.date(start), self.dates.date(end));
        let is_month = first.day() == 1
            && next.day() == 1
            && first.checked_add_months(chrono::Months::new(1)) == Some(next)
            && self.is_midnight(start)
            && self.is_midnight(end);
        if is_month && first.year() == self.dates.date(self.report.now).year() {
            return self.dates.month(first);
        }
        if is_month {
            return t!(w, "usage-month-year", month = self.dates.month(first), year = first.year().to_string());
        }
        let last = self.dates.date(end - chrono::TimeDelta::milliseconds(1));
        if last == first {
            return self.dates.day_of(first);
        }
        let from = if first.year() == last.year() { self.dates.day_of(first) } else { self.dates.day_year_of(first) };
        let to = if last.year() == self.dates.date(self.report.now).year() { self.dates.day_of(last) } else { self.dates.day_year_of(last) };
        t!(w, "usage-span", from = from, to = to)
    }

    /// The same with its preposition: `in November`, `from 12 November to 11 December`, `on 3 November`.
    pub fn when(&self, start: Instant, end: Instant) -> String {
        let (w, name) = (self.words, self.named(start, end));
        let (first, last) = (self.dates.date(start), self.dates.date(end - chrono::TimeDelta::milliseconds(1)));
        let next = self.dates.date(end);
        if first == last {
            t!(w, "usage-when-day", name = name)
        } else if first.day() == 1 && first.checked_add_months(chrono::Months::new(1)) == Some(next) && self.is_midnight(start) && self.is_midnight(end) {
            t!(w, "usage-when-in", name = name)
        } else {
            t!(w, "usage-when-from", name = name)
        }
    }

    fn is_midnight(&self, at: Instant) -> bool {
        self.dates.local(at).time() == chrono::NaiveTime::MIN
    }

    fn weekday(&self, at: Instant) -> String {
        t!(self.words, "weekday-short", n = i64::from(self.dates.date(at).weekday().number_from_monday()))
    }

    fn month_short(&self, at: Instant) -> String {
        t!(self.words, "month-short", n = i64::from(self.dates.date(at).month()))
    }

    /// `3 Nov`
    fn day_short(&self, at: Instant) -> String {
        t!(self.words, "date-day-month", day = self.dates.date(at).day().to_string(), month = self.month_short(at))
    }

    /// `Tue 3 Nov`
    fn weekday_day(&self, at: Instant) -> String {
        t!(self.words, "usage-row-day", weekday = self.weekday(at), day = self.day_short(at))
    }

    /// The head of a row: `Sun 1`, `Sun 1 Nov`, `Sat 21, 10:00`, `November 2026`.
    pub fn row_name(&self, row: &Row) -> String {
        let w = self.words;
        let date = self.dates.date(row.start);
        let spans_months =
            self.dates.date(self.report.range.start).month() != self.dates.date(self.report.range.end - chrono::TimeDelta::milliseconds(1)).month();
        let day = if spans_months { self.day_short(row.start) } else { date.day().to_string() };
        match self.report.by {
            By::Hour => t!(w, "usage-row-hour", weekday = self.weekday(row.start), day = day, time = self.dates.time(self.hour_of(row))),
            By::Day => t!(w, "usage-row-day", weekday = self.weekday(row.start), day = day),
            By::Month => t!(w, "usage-month-year", month = self.dates.month(date), year = date.year().to_string()),
        }
    }

    /// The hour a row belongs to begins earlier where now cuts it.
    fn hour_of(&self, row: &Row) -> Instant {
        let cut = self.dates.local(row.start);
        row.start - chrono::TimeDelta::seconds(i64::from(cut.minute() * 60 + cut.second())) - chrono::TimeDelta::nanoseconds(i64::from(cut.nanosecond()))
    }

    /// "until 10:30", "from 10:30", where now cuts a row.
    pub fn row_remark(&self, row: &Row) -> Option<String> {
        let (w, now) = (self.words, self.report.now);
        let time = || if self.report.by == By::Month { self.day_short(now) } else { self.dates.time(now) };
        match row.is_expected {
            false if row.end == now && now < self.report.range.end => Some(t!(w, "usage-until", time = time())),
            true if row.start == now => Some(t!(w, "usage-from", time = time())),
            _ => None,
        }
    }

    /// What a unit cost in a row: "included, then 0.8 ct".
    pub fn row_price(&self, row: &Row, before: Decimal) -> String {
        let names: Vec<String> = self.bands_between(before, row.total).into_iter().map(|(band, _)| self.band_price(&band)).collect();
        match names.as_slice() {
            [] => String::new(),
            [only] => only.clone(),
            [first, .., last] => t!(self.words, "usage-then", first = first, then = last),
        }
    }

    fn band_price(&self, band: &Band) -> String {
        if band.is_free() { t!(self.words, "usage-included") } else { self.each(band.unit_amount) }
    }

    fn bands(&self) -> &[Band] {
        self.report.priced.as_ref().map_or(&[], |priced| &priced.bands)
    }

    /// The bands that units between two totals fall in, with how many; a total that stands still is priced where it stands.
    fn bands_between(&self, before: Decimal, after: Decimal) -> Vec<(Band, Decimal)> {
        let (low, high) = (Ratio::from(before), Ratio::from(after));
        let mut found: Vec<(Band, Decimal)> = Vec::new();
        for band in self.bands() {
            let top = band.up_to.map_or(high, |up_to| up_to.min(high));
            let bottom = band.from.max(low);
            if bottom < top {
                found.push((*band, decimal(top) - decimal(bottom)));
            }
        }
        if found.is_empty() {
            // Nothing was used: the price of the next unit.
            let next = self.bands().iter().find(|band| band.from <= low && band.up_to.is_none_or(|up_to| low < up_to));
            found.extend(next.map(|band| (*band, Decimal::ZERO)));
        }
        found
    }

    /// "8,140 minutes × 0.8 ct", "9,000 × 0.8 ct and 3,000 × 0.5 ct": how a total's cost comes about, where it is that simple.
    pub fn sum(&self, total: Decimal) -> Option<String> {
        let w = self.words;
        let priced = self.report.priced.as_ref()?;
        let is_simple = priced.price.minimum.is_none()
            && priced.price.maximum.is_none()
            && !priced.bands.is_empty()
            && priced.bands.iter().all(|band| band.flat_amount.is_zero());
        if !is_simple || matches!(priced.price.model, billing::price::Model::Volume { .. }) {
            return None;
        }
        let parts: Vec<(Band, Decimal)> =
            self.bands_between(Decimal::ZERO, total).into_iter().filter(|(band, units)| !band.is_free() && !units.is_zero()).collect();
        match parts.as_slice() {
            [] => Some(t!(w, "usage-sum-included")),
            [(band, units)] => Some(t!(w, "usage-sum-one", amount = self.amount(*units), each = self.each(band.unit_amount))),
            [most @ .., (band, units)] => {
                let product = |band: &Band, units: &Decimal| t!(w, "usage-sum-part", n = number(*units), each = self.each(band.unit_amount));
                let most = most.iter().map(|(band, units)| product(band, units)).collect::<Vec<_>>().join(", ");
                Some(t!(w, "usage-sum-and", most = most, last = product(band, units)))
            }
        }
    }

    /// "from the weekdays of your last 8 weeks"
    pub fn method(&self, method: Method) -> String {
        match method {
            Method::Weekdays { weeks } => t!(self.words, "usage-method-weekdays", count = weeks),
            Method::Days { days } => t!(self.words, "usage-method-days", count = days),
            Method::Level => t!(self.words, "usage-method-level"),
        }
    }

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
                    said.push(t!(w, "usage-said-passed", n = number(up_to), day = self.long_day(row.start), each = next))
                }
                (Some((row, _)), false) => said.push(t!(w, "usage-said-passing", n = number(up_to), day = self.long_day(row.start), each = next)),
                (None, true) if report.total < up_to && report.period.is_some() && report.rows.last().is_some_and(|row| row.total < up_to) => {
                    said.push(t!(w, "usage-said-within", amount = self.amount(up_to), left = number(up_to - report.total)));
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

    fn long_day(&self, at: Instant) -> String {
        t!(self.words, "usage-long-day", weekday = self.dates.weekday(self.dates.date(at)), day = self.dates.day(at))
    }

    fn long_name(&self, row: &Row) -> String {
        match self.report.by {
            By::Hour => t!(self.words, "usage-long-hour", day = self.long_day(row.start), time = self.dates.time(self.hour_of(row))),
            By::Day => self.long_day(row.start),
            By::Month => self.row_name(row),
        }
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

    /// Where an instant stands on the axis of time.
    fn x(&self, at: Instant) -> f64 {
        let length = (self.report.range.end - self.report.range.start).num_milliseconds().max(1);
        let into = (at - self.report.range.start).num_milliseconds();
        // Milliseconds of a few years fit a float exactly.
        (into as f64 / length as f64).clamp(0.0, 1.0)
    }

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
            bars_scale: Scale::of(highest, short),
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
                t!(w, "usage-read-so-far", name = name, amount = self.amount(used), time = self.dates.time(report.now), about = number(used + more))
            }
            (None, Some(more)) if is_now => {
                t!(w, "usage-read-so-far", name = name, amount = self.amount(Decimal::ZERO), time = self.dates.time(report.now), about = number(more))
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

    /// What a row's bar is made of: its units by band, or all of them where bands do not divide them.
    fn parts(&self, row: &Row, before: Decimal) -> Vec<(Option<Band>, Decimal)> {
        let used = row.used.unwrap_or_default();
        if used <= Decimal::ZERO {
            return Vec::new();
        }
        if self.bands().is_empty() || row.cost_minor.is_none() {
            return vec![(None, used)];
        }
        // A flow's units are those between two totals; of a level each reading is rated from the ground up.
        let divided = if self.report.meter.aggregate.is_flow() { self.bands_between(before, row.total) } else { self.bands_between(Decimal::ZERO, used) };
        let whole: Decimal = divided.iter().map(|(_, units)| units).sum();
        if whole == used { divided.into_iter().map(|(band, units)| (Some(band), units)).collect() } else { vec![(None, used)] }
    }

    fn how(&self, parts: &[(Option<Band>, Decimal)]) -> String {
        let w = self.words;
        match parts {
            [(Some(band), _)] if band.is_free() => t!(w, "usage-included"),
            [(Some(band), _)] => t!(w, "usage-how-each", each = self.each(band.unit_amount)),
            parts => parts
                .iter()
                .filter_map(|(band, units)| {
                    let band = band.as_ref()?;
                    Some(if band.is_free() {
                        t!(w, "usage-how-included", n = number(*units))
                    } else {
                        t!(w, "usage-how-some", n = number(*units), each = self.each(band.unit_amount))
                    })
                })
                .collect::<Vec<_>>()
                .join(", "),
        }
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
                    _ if band.is_free() => t!(w, "usage-rule-included", n = number(*level)),
                    Some(next) => t!(w, "usage-rule-then", n = number(*level), each = self.each(next.unit_amount)),
                    None => number(*level),
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
            scale: Scale::of(top, short),
            line,
            before,
            rules,
            here: Some((number(report.total), with_cost(report.cost_minor))),
            end: end.map(|end| (t!(w, "usage-about"), number(end.total), with_cost(report.forecast_cost_minor))),
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
                let every = shown.iter().filter(|(start, _)| self.dates.local(*start).hour() % 6 == 0 && self.starts_stretch(*start));
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

    /// What the answer's sentence calls the meter's figure.
    pub fn is_last(&self) -> bool {
        self.report.meter.aggregate == Aggregate::Last
    }
}

/// A bound of a band as people count it.
fn decimal(value: Ratio) -> Decimal {
    let exact = Decimal::try_from_i128_with_scale(value.numer(), 0).ok().zip(Decimal::try_from_i128_with_scale(value.denom(), 0).ok());
    exact.and_then(|(numer, denom)| numer.checked_div(denom)).map(|value| value.round_dp(2).normalize()).unwrap_or(Decimal::MAX)
}

/// A figure of an axis: `5,000`, `150k`, `2.5M`.
fn short(value: Decimal) -> String {
    let value = value.normalize();
    for (size, sign) in [(1_000_000_000_i64, "G"), (1_000_000, "M"), (100_000, "k")] {
        if value >= Decimal::from(size) {
            let unit = if sign == "k" { 1_000 } else { size };
            return format!("{}{sign}", number(value / Decimal::from(unit)));
        }
    }
    number(value)
}

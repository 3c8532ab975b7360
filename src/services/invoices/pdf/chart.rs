//! The usage chart: how the days added up, and each day under it, in one ink.
//!
//! Two panels over the same days: above, the running total with a dotted line where another price begins; below, a bar a day, pale as
//! far as it was included. The numbers are only drawn, never written: all text comes with the chart. Deliberately not here: axes'
//! units and round values, which whoever makes the chart chooses.

use super::ink::Ink;
use super::layout::SMALL;
use super::pages::{Dash, Mark, NodeId, Set, Strip};
use super::sheet::Chart;
use super::text::{CAP_HEIGHT, Style, Typesetter};

const LABEL: Style = Style::new(7.5, Ink::Quiet).tabular();

const KEYS: f32 = 15.0;
const PANEL_TITLE: f32 = 16.0;
const RUNNING: f32 = 82.0;
const BETWEEN: f32 = 16.0;
const DAYS: f32 = 56.0;
const BELOW: f32 = 14.0;

/// What can be drawn of a number.
fn plain(value: f32) -> f32 {
    if value.is_finite() { value.clamp(0.0, 1.0e30) } else { 0.0 }
}

/// A chart as wide as the text, in one strip.
pub fn draw(chart: &Chart, set: &mut Typesetter, node: NodeId, left: f32, right: f32) -> Strip {
    let mut strip = Strip { figure: Some(node), ..Strip::default() };
    let axis = chart.running_ticks.iter().chain(&chart.day_ticks).map(|tick| set.line(LABEL, &tick.label).width).fold(0.0, f32::max).min((right - left) * 0.2);
    let from = left + axis + 6.0;
    let write = |strip: &mut Strip, line, x, y| strip.texts.push(Set { line, x, y, node });
    let on_middle = |y: f32| y + LABEL.size * CAP_HEIGHT / 2.0;

    // Legend.
    let mut x = from;
    for (key, ink) in [(&chart.included_key, Ink::AccentTint), (&chart.charged_key, Ink::Accent)] {
        if key.is_empty() {
            continue;
        }
        swatch(&mut strip, [x, 1.0, 7.0, 7.0], ink);
        let line = set.short_line(SMALL, key, (right - x - 30.0).max(20.0));
        let width = line.width;
        write(&mut strip, line, x + 11.0, 4.5 + SMALL.size * CAP_HEIGHT / 2.0);
        x += 11.0 + width + 16.0;
    }
    let mut y = if chart.included_key.is_empty() && chart.charged_key.is_empty() { 0.0 } else { KEYS };

    // Running total.
    let mut sum = 0.0;
    let sums: Vec<f32> = chart
        .days
        .iter()
        .map(|day| {
            sum += plain(day.included) + plain(day.charged);
            sum
        })
        .collect();
    let total = sums.last().copied().unwrap_or(0.0);
    let near = |at: f32| at <= total * 1.6;
    let highest = chart
        .running_ticks
        .iter()
        .map(|tick| plain(tick.at))
        .chain(chart.boundaries.iter().map(|boundary| plain(boundary.at)).filter(|at| near(*at)))
        .fold(total, f32::max)
        .max(f32::MIN_POSITIVE);
    let panel_title = set.short_line(SMALL.strong().ink(Ink::Main), &chart.running_title, right - from);
    // Where what lies out of reach is named, beside the panel's title.
    let mut beyond = from + panel_title.width + 14.0;
    let title_y = y + 9.0;
    write(&mut strip, panel_title, from, title_y);
    y += PANEL_TITLE;
    let base = y + RUNNING;
    let height = |at: f32| base - RUNNING * (at / highest).clamp(0.0, 1.0);
    grid(&mut strip, &mut *set, &chart.running_ticks, node, (left, from, right), base, &height);
    let days_base = base + BETWEEN + PANEL_TITLE + DAYS;
    let step = (right - from) / chart.days.len().max(1) as f32;
    let mut taken: Vec<(f32, f32)> = Vec::new();
    let mut crossings: Vec<f32> = Vec::new();
    let end_label = set.short_line(LABEL.strong().ink(Ink::Main), &chart.end_label, right - from);
    let end_y = height(total) - 6.0;
    // Labels already there, as left end, right end and baseline.
    let mut labels = vec![(right - end_label.width, right, end_y)];
    for boundary in &chart.boundaries {
        let at = plain(boundary.at);
        if !near(at) {
            // Named without a line, which would flatten all else.
            let line = set.short_line(LABEL, &format!("↑ {}", boundary.label), (right - end_label.width - 8.0 - beyond).max(0.0));
            let width = line.width;
            write(&mut strip, line, beyond, title_y);
            beyond += width + 14.0;
            continue;
        }
        let label = set.short_line(LABEL, &boundary.label, right - from - 8.0);
        let line_y = height(at);
        strip.marks.push(Mark::Stroke { points: vec![(from, line_y), (right, line_y)], width: 0.7, ink: Ink::Quiet, dash: Dash::Dotted });
        // The curve climbs from the left below: a low line is free on its right, a high one on its left.
        let (on_left, on_right) = (from + 4.0, right - label.width);
        let sides = if at < total * 0.5 { [on_right, on_left] } else { [on_left, on_right] };
        let free = |x: &f32| labels.iter().all(|(from, to, y)| x + label.width + 3.0 < *from || to + 3.0 < *x || (y - (line_y - 3.5)).abs() > LABEL.size);
        let x = sides.into_iter().find(free).unwrap_or(sides[0]);
        labels.push((x, x + label.width, line_y - 3.5));
        write(&mut strip, label, x, line_y - 3.5);
        if let Some(day) = sums.iter().position(|sum| *sum >= at && at > 0.0) {
            let before = if day == 0 { 0.0 } else { sums[day - 1] };
            let part = (at - before) / (sums[day] - before).max(f32::MIN_POSITIVE);
            let crossing = from + step * (day as f32 + part.clamp(0.0, 1.0));
            crossings.push(crossing);
            strip.marks.push(Mark::Stroke { points: vec![(crossing, line_y), (crossing, days_base)], width: 0.7, ink: Ink::Quiet, dash: Dash::Dotted });
            if let Some(reached) = &boundary.reached {
                let line = set.short_line(LABEL, reached, 90.0);
                let x = if crossing + 4.0 + line.width > right { crossing - 4.0 - line.width } else { crossing + 4.0 };
                let span = (x, x + line.width);
                if taken.iter().all(|other| span.1 + 4.0 < other.0 || other.1 + 4.0 < span.0) {
                    write(&mut strip, line, x, base + 11.0);
                    taken.push(span);
                }
            }
        }
    }
    let mut curve = vec![(from, base)];
    curve.extend(sums.iter().enumerate().map(|(day, sum)| (from + step * (day + 1) as f32, height(*sum))));
    let end = curve.last().copied().unwrap_or((from, base));
    strip.marks.push(Mark::Stroke { points: curve, width: 1.3, ink: Ink::Accent, dash: Dash::Solid });
    strip.marks.push(Mark::Disc { x: end.0, y: end.1, radius: 2.4, ink: Ink::Accent });
    if !chart.end_label.is_empty() {
        let x = right - end_label.width;
        write(&mut strip, end_label, x, end_y);
    }
    strip.marks.push(Mark::Rule { from, to: right, y: base, width: 0.6, ink: Ink::Main });

    // Each day.
    y = base + BETWEEN;
    let panel_title = set.short_line(SMALL.strong().ink(Ink::Main), &chart.days_title, right - from);
    let mut title_x = from;
    for crossing in crossings {
        // No line through the words: they begin behind it, under the day it names.
        if crossing > title_x - 4.0 && crossing < title_x + panel_title.width + 3.0 {
            title_x = crossing + 4.0;
        }
    }
    write(&mut strip, panel_title, title_x, y + 9.0);
    y += PANEL_TITLE;
    let base = y + DAYS;
    let highest = chart
        .days
        .iter()
        .map(|day| plain(day.included) + plain(day.charged))
        .chain(chart.day_ticks.iter().map(|tick| plain(tick.at)))
        .fold(f32::MIN_POSITIVE, f32::max);
    let height = |at: f32| base - DAYS * (at / highest).clamp(0.0, 1.0);
    grid(&mut strip, &mut *set, &chart.day_ticks, node, (left, from, right), base, &height);
    let (mut solid, mut free_until) = (Vec::new(), f32::NEG_INFINITY);
    let bar = step * 0.68;
    for (index, day) in chart.days.iter().enumerate() {
        let x = from + step * index as f32 + (step - bar) / 2.0;
        let (included, whole) = (height(plain(day.included)), height(plain(day.included) + plain(day.charged)));
        if base - included > 0.05 {
            swatch(&mut strip, [x, included, bar, base - included], Ink::AccentTint);
        }
        if included - whole > 0.05 {
            solid.push([x, whole, bar, included - whole]);
        }
        if let Some(label) = &day.label {
            let line = set.short_line(LABEL, label, 80.0);
            let at = (x + bar / 2.0 - line.width / 2.0).min(right - line.width).max(left);
            if at > free_until {
                free_until = at + line.width + 3.0;
                write(&mut strip, line, at, on_middle(base + 8.5));
            }
        }
    }
    strip.marks.push(Mark::Boxes { boxes: solid, ink: Ink::Accent });
    strip.marks.push(Mark::Rule { from, to: right, y: base, width: 0.6, ink: Ink::Main });
    strip.height = base + BELOW;
    strip
}

/// A box of one ink; the pale one with an edge, so that it shows on any paper.
fn swatch(strip: &mut Strip, [x, y, width, height]: [f32; 4], ink: Ink) {
    strip.marks.push(Mark::Boxes { boxes: vec![[x, y, width, height]], ink });
    if ink == Ink::AccentTint && width > 1.0 && height > 1.0 {
        let (left, top, right, bottom) = (x + 0.2, y + 0.2, x + width - 0.2, y + height - 0.2);
        strip.marks.push(Mark::Stroke {
            points: vec![(left, bottom), (left, top), (right, top), (right, bottom), (left, bottom)],
            width: 0.4,
            ink: Ink::Accent,
            dash: Dash::Solid,
        });
    }
}

/// The axis' values with their lines.
fn grid(
    strip: &mut Strip,
    set: &mut Typesetter,
    ticks: &[super::sheet::Tick],
    node: NodeId,
    (left, from, right): (f32, f32, f32),
    base: f32,
    height: &dyn Fn(f32) -> f32,
) {
    for tick in ticks {
        let y = height(plain(tick.at));
        if base - y > 0.5 {
            strip.marks.push(Mark::Rule { from, to: right, y, width: 0.5, ink: Ink::Hairline });
        }
        let line = set.short_line(LABEL, &tick.label, from - left - 6.0);
        let x = from - 6.0 - line.width;
        strip.texts.push(Set { line, x, y: y + LABEL.size * CAP_HEIGHT / 2.0, node });
    }
}

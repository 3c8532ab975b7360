//! The upper panel of a usage chart: the running total against the levels to watch, the forecast, and the period before.

use std::fmt::Write as _;

use super::Scale;
use super::labels::{Label, Place, Room};
use super::period::BARS_BASE;
use super::svg::{anchor, pc, px};

/// Where the panel ends.
pub(super) const RUN_BASE: f64 = 190.0;

/// A point of a line: `x` is its share of the axis of time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spot {
    pub x: f64,
    pub value: f64,
}

/// A level to watch: where the included amount ends, where the price changes.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    pub value: f64,
    pub label: String,
    /// When it was, or is expected to be, passed: dropped down to the bars.
    pub passed: Option<(f64, String)>,
}

/// The upper panel.
#[derive(Clone, Debug, PartialEq)]
pub struct Running {
    pub label: String,
    pub scale: Scale,
    pub line: Vec<Spot>,
    /// Dashed, from where the line ends.
    pub forecast: Vec<Spot>,
    /// Thin: the period before.
    pub before: Option<(Vec<Spot>, String)>,
    pub rules: Vec<Rule>,
    /// At the end of the line: the figure, and what is added where there is room.
    pub here: Option<(String, String)>,
    /// At the end of the forecast, likewise: what stands before it where there is room, the figure, what follows.
    pub end: Option<(String, String, String)>,
}

pub(super) fn draw_running(out: &mut String, running: &Running) {
    let y = |value: f64| RUN_BASE - running.scale.share(value) * RUN_BASE;
    let mut line = |class: &str, spots: &[Spot]| {
        for pair in spots.windows(2) {
            let _ = write!(
                out,
                "<line class=\"{class}\" x1=\"{}\" x2=\"{}\" y1=\"{}\" y2=\"{}\"/>",
                pc(pair[0].x),
                pc(pair[1].x),
                px(y(pair[0].value)),
                px(y(pair[1].value))
            );
        }
    };
    if let Some((before, _)) = &running.before {
        line("prev", before);
    }
    line("run", &running.line);
    line("fore", &running.forecast);
    for rule in running.rules.iter().filter(|rule| rule.value <= running.scale.top) {
        let at = px(y(rule.value));
        let _ = write!(out, "<line class=\"rule\" x1=\"0\" x2=\"100%\" y1=\"{at}\" y2=\"{at}\"/>");
        if let Some((x, _)) = &rule.passed {
            let _ = write!(out, "<line class=\"rule\" x1=\"{0}\" x2=\"{0}\" y1=\"{at}\" y2=\"{1}\"/>", pc(*x), px(BARS_BASE));
        }
    }
    if let Some(spot) = running.line.last().filter(|_| running.here.is_some()) {
        let _ = write!(out, "<circle class=\"dot\" cx=\"{}\" cy=\"{}\" r=\"4.5\"/>", pc(spot.x), px(y(spot.value)));
    }
}

/// Labels of the upper panel, the weightiest first: each takes the first place that is free, and one that finds none is left out.
pub(super) fn label_running(out: &mut String, running: &Running, now: Option<&(f64, String)>) {
    let y = |value: f64| RUN_BASE - running.scale.share(value) * RUN_BASE;
    let rules: Vec<&Rule> = running.rules.iter().filter(|rule| rule.value <= running.scale.top).collect();
    let mut room = Room::with_lines(rules.iter().map(|rule| y(rule.value)).collect());
    if let Some((x, label)) = now {
        room.put(out, "k halo", &Label::plain(label), &[Place::at(*x, 0.0, -10.0, anchor(*x))]);
    }
    room.put(out, "k", &Label::plain(&running.label), &[Place::at(0.0, 0.0, -10.0, "start"), Place::at(1.0, 0.0, -10.0, "end")]);
    if let (Some((figure, more)), Some(spot)) = (&running.here, running.line.last()) {
        let (low, high) = ((y(spot.value) + 18.0).clamp(10.0, RUN_BASE - 4.0), (y(spot.value) - 10.0).clamp(10.0, RUN_BASE - 4.0));
        let (after, before) = (|at| Place::at(spot.x, 9.0, at, "start"), |at| Place::at(spot.x, -9.0, at, "end"));
        // To the right and below, unless the edge is near.
        let places = if spot.x > 0.75 { [before(high), before(low), after(high), after(low)] } else { [after(low), after(high), before(high), before(low)] };
        room.put(out, "k halo", &Label { near: figure, far_before: "", far_after: more }, &places);
    }
    if let (Some((before, figure, after)), Some(spot)) = (&running.end, running.forecast.last()) {
        let places = [-8.0, 16.0, -22.0, 30.0].map(|dy| Place::at(1.0, 0.0, y(spot.value) + dy, "end"));
        room.put(out, "halo", &Label { near: figure, far_before: before, far_after: after }, &places);
    }
    for rule in rules {
        let (above, below) = (y(rule.value) - 6.0, y(rule.value) + 15.0);
        let (start, end) = (|at| Place::at(0.0, 4.0, at, "start"), |at| Place::at(1.0, 0.0, at, "end"));
        // Low ones at the end, where the line has risen; high ones at the start, where it has not.
        let is_low = rule.value < running.scale.top / 2.0;
        let places = if is_low { [end(above), start(above), end(below), start(below)] } else { [start(above), start(below), end(above), end(below)] };
        room.put(out, "halo", &Label::plain(&rule.label), &places);
        if let Some((x, label)) = &rule.passed {
            let (after, before) = (Place::at(*x, 6.0, 208.0, "start"), Place::at(*x, -6.0, 208.0, "end"));
            room.put(out, "halo", &Label::plain(label), &if *x > 0.85 { [before, after] } else { [after, before] });
        }
    }
    if let Some((spots, label)) = &running.before {
        // Under the line, where this period's own is not; or above it.
        let places: Vec<Place> = [2, 3, 1]
            .into_iter()
            .filter_map(|fifths| spots.get(spots.len() * fifths / 5))
            .flat_map(|spot| [20.0, -12.0].map(|dy| Place::at(spot.x, 0.0, (y(spot.value) + dy).min(RUN_BASE - 6.0), "start")))
            .collect();
        room.put(out, "halo", &Label::plain(label), &places);
    }
}

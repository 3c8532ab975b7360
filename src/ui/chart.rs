//! Charts as the server draws them: usage over a period (running total above, what each hour, day or month used below) and the gauge of
//! the overview. Figures come in as shares of the axis and formatted words; nothing is computed here but where ink goes.
//!
//! No viewBox: x is in per cent and y in pixels, so text never scales and one drawing serves a phone and a desk. Drawing may use
//! floating point; money never reaches this file except as text.

use std::fmt::Write as _;

use leptos::prelude::*;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use crate::words::escape;

pub use crate::words::scale::Scale;

mod labels;

use labels::{Label, Place, Room};

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

/// One hour, day or month.
#[derive(Clone, Debug, PartialEq)]
pub struct Bar {
    pub from: f64,
    pub to: f64,
    /// From the axis upwards.
    pub parts: Vec<(Ink, f64)>,
    /// What is read out: "Tue 3 Nov: 571 minutes, 372 included, 199 at 0.8 ct".
    pub reading: String,
    /// Shown until another one is asked for.
    pub is_shown: bool,
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

/// A whole drawing.
#[derive(Clone, Debug, PartialEq)]
pub struct Chart {
    pub title: String,
    /// Id of the element that says in words what it shows.
    pub described_by: &'static str,
    pub legend: Vec<(Ink, String)>,
    pub running: Option<Running>,
    pub bars_label: String,
    pub bars_scale: Scale,
    pub bars: Vec<Bar>,
    /// Where now is, and its label.
    pub now: Option<(f64, String)>,
    pub axis: Vec<(f64, String)>,
}

const RUN_BASE: f64 = 190.0;
const BARS_TOP: f64 = 254.0;
const BARS_BASE: f64 = 374.0;
/// How much higher everything stands where there is no upper panel.
const LIFT: f64 = 230.0;
/// Closer than this, two labels run into each other.
const LINE: f64 = 15.0;

/// The drawing as HTML: legend and SVG.
pub fn usage_html(chart: &Chart) -> String {
    let mut out = String::with_capacity(16_384);
    legend(&mut out, &chart.legend);
    let lift = if chart.running.is_some() { 0.0 } else { LIFT };
    let _ = write!(
        out,
        "<svg class=\"plot\" height=\"{}\" role=\"img\" aria-labelledby=\"c-t\" aria-describedby=\"{}\"><title id=\"c-t\">{}</title>{HATCH}",
        px(426.0 - lift),
        chart.described_by,
        escape(&chart.title)
    );
    if let Some(running) = &chart.running {
        grid(&mut out, &running.scale, |share| RUN_BASE - share * RUN_BASE);
    }
    let bar_y = |share: f64| BARS_BASE - lift - share * (BARS_BASE - BARS_TOP);
    grid(&mut out, &chart.bars_scale, bar_y);
    for bar in &chart.bars {
        draw_bar(&mut out, chart, bar, lift, bar_y);
    }
    if let Some(running) = &chart.running {
        draw_running(&mut out, running);
    }
    let base = |out: &mut String, y: f64| {
        let _ = write!(out, "<line class=\"base\" x1=\"0\" x2=\"100%\" y1=\"{0}\" y2=\"{0}\"/>", px(y + 0.5));
    };
    if chart.running.is_some() {
        base(&mut out, RUN_BASE);
    }
    base(&mut out, BARS_BASE - lift);
    if let Some((x, label)) = &chart.now {
        let top = if chart.running.is_some() { -4.0 } else { BARS_TOP - lift - 10.0 };
        let shown = chart.bars.iter().find(|bar| bar.from <= *x && *x < bar.to);
        let height: f64 = shown.map_or(0.0, |bar| bar.parts.iter().map(|(_, value)| value).sum());
        let _ = write!(
            out,
            "<line class=\"now\" x1=\"{0}\" x2=\"{0}\" y1=\"{1}\" y2=\"{2}\"/>",
            pc(*x),
            px(top),
            px((bar_y(chart.bars_scale.share(height)) - 5.0).max(top))
        );
        if chart.running.is_none() {
            let _ = write!(out, "<text class=\"k halo\" x=\"{}\" y=\"{}\" text-anchor=\"{}\">{}</text>", pc(*x), px(top - 6.0), anchor(*x), escape(label));
        }
    }
    if let Some(running) = &chart.running {
        label_running(&mut out, running, chart.now.as_ref());
    }
    let _ = write!(out, "<text class=\"k halo\" x=\"0\" y=\"{}\">{}</text>", px(240.0 - lift), escape(&chart.bars_label));
    for (x, label) in &chart.axis {
        let _ = write!(out, "<text x=\"{}\" y=\"{}\" text-anchor=\"{}\">{}</text>", pc(*x), px(393.0 - lift), anchor(*x), escape(label));
    }
    out.push_str("</svg>");
    out
}

fn legend(out: &mut String, keys: &[(Ink, String)]) {
    if keys.is_empty() {
        return;
    }
    out.push_str("<ul class=\"keys sub\">");
    for (ink, label) in keys {
        let _ = write!(
            out,
            "<li><svg width=\"14\" height=\"14\" aria-hidden=\"true\"><rect {} width=\"14\" height=\"14\"/></svg>{}</li>",
            paint(*ink),
            escape(label)
        );
    }
    out.push_str("</ul>");
}

fn grid(out: &mut String, scale: &Scale, y: impl Fn(f64) -> f64) {
    for (value, label) in &scale.ticks {
        let at = y(scale.share(*value));
        if *value > 0.0 {
            let _ = write!(out, "<line class=\"g\" x1=\"0\" x2=\"100%\" y1=\"{0}\" y2=\"{0}\"/>", px(at));
        }
        let _ = write!(out, "<text x=\"-8\" y=\"{}\" text-anchor=\"end\">{}</text>", px(at + 4.0), escape(label));
    }
}

fn draw_bar(out: &mut String, chart: &Chart, bar: &Bar, lift: f64, y: impl Fn(f64) -> f64) {
    let width = bar.to - bar.from;
    let class = if bar.is_shown { "day today" } else { "day" };
    let _ =
        write!(out, "<g class=\"{class}\"><rect class=\"hit\" x=\"{}\" y=\"0\" width=\"{}\" height=\"{}\"/>", pc(bar.from), pc(width), px(BARS_BASE - lift));
    // A gap of a sixth on either side reads as bars; where bars are thin, gaps would eat them.
    let gap = if chart.bars.len() > 100 { 0.0 } else { width * 0.16 };
    let mut below = 0.0;
    for (ink, value) in bar.parts.iter().filter(|(_, value)| *value > 0.0) {
        let (bottom, top) = (y(chart.bars_scale.share(below)), y(chart.bars_scale.share(below + value)));
        let _ = write!(
            out,
            "<rect {} x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/>",
            paint(*ink),
            pc(bar.from + gap),
            px(top),
            pc(width - 2.0 * gap),
            // Whatever was used is seen.
            px((bottom - top).max(1.0))
        );
        below += value;
    }
    let _ = write!(out, "<text class=\"read\" x=\"0\" dx=\"-52\" y=\"{}\">{}</text></g>", px(420.0 - lift), escape(&bar.reading));
}

fn draw_running(out: &mut String, running: &Running) {
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
fn label_running(out: &mut String, running: &Running, now: Option<&(f64, String)>) {
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

/// The overview's one bar: used, expected, and the levels to watch.
#[derive(Clone, Debug, PartialEq)]
pub struct Gauge {
    /// The whole of it as a sentence.
    pub title: String,
    pub scale: Scale,
    pub included: f64,
    pub used: f64,
    /// To the end of the period; at least `used`.
    pub expected: Option<f64>,
    /// "9,140 now", "13,000 forecast".
    pub used_label: String,
    pub expected_label: Option<String>,
    /// Where the included amount ends and prices change, lowest first.
    pub marks: Vec<(f64, String)>,
}

pub fn gauge(gauge: &Gauge) -> impl IntoView + use<> {
    let html = gauge_html(gauge);
    view! { <figure class="gauge" inner_html=html></figure> }
}

pub fn gauge_html(gauge: &Gauge) -> String {
    let x = |value: f64| gauge.scale.share(value);
    let (free, used) = (x(gauge.included.min(gauge.used)), x(gauge.used));
    let mut out = String::with_capacity(3_072);
    let _ = write!(out, "<svg height=\"74\" role=\"img\" aria-labelledby=\"g-t\"><title id=\"g-t\">{}</title>{HATCH}", escape(&gauge.title));
    let mut part = |ink: Ink, from: f64, to: f64| {
        if to > from {
            let _ = write!(out, "<rect {} x=\"{}\" y=\"28\" width=\"{}\" height=\"16\"/>", paint(ink), pc(from), pc(to - from));
        }
    };
    part(Ink::Included, 0.0, free);
    part(Ink::Charged, free, used);
    if let Some(expected) = gauge.expected {
        part(Ink::Forecast, used, x(expected));
    }
    out.push_str("<line class=\"base\" x1=\"0\" x2=\"100%\" y1=\"44.5\" y2=\"44.5\"/>");
    for (value, _) in &gauge.scale.ticks {
        let _ = write!(out, "<line class=\"base\" x1=\"{0}\" x2=\"{0}\" y1=\"45\" y2=\"53\"/>", pc(x(*value)));
    }
    for (value, _) in &gauge.marks {
        let _ = write!(out, "<line class=\"rule\" x1=\"{0}\" x2=\"{0}\" y1=\"46\" y2=\"56\"/>", pc(x(*value)));
    }
    let _ = write!(out, "<line class=\"now\" x1=\"{0}\" x2=\"{0}\" y1=\"22\" y2=\"50\"/>", pc(used));
    let _ = write!(
        out,
        "<text class=\"k\" x=\"{}\" y=\"16\" text-anchor=\"{}\">{}</text>",
        pc(used),
        if used < 0.2 { "start" } else { "end" },
        escape(&gauge.used_label)
    );
    if let Some(label) = gauge.expected_label.as_ref().filter(|_| used < 0.7) {
        let _ = write!(out, "<text x=\"100%\" y=\"16\" text-anchor=\"end\">{}</text>", escape(label));
    }
    // Labels that would run into the one before are left out; ticks say the rest.
    let mut taken: f64 = -1.0;
    for (value, label) in &gauge.marks {
        let at = x(*value);
        if at - taken < 0.4 {
            continue;
        }
        taken = at;
        let _ = write!(out, "<text x=\"{}\" y=\"70\" text-anchor=\"{}\">{}</text>", pc(at), if at < 0.5 { "start" } else { "end" }, escape(label));
    }
    out.push_str("</svg>");
    out
}

/// A quantity as ink sees it. What does not fit is off any scale anyway.
pub fn ink(value: Decimal) -> f64 {
    value.to_f64().unwrap_or(f64::MAX)
}

const HATCH: &str = "<defs><pattern id=\"hatch\" width=\"5\" height=\"5\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\">\
                     <rect class=\"h0\" width=\"5\" height=\"5\"/><rect class=\"h1\" width=\"1.6\" height=\"5\"/></pattern></defs>";

fn paint(ink: Ink) -> &'static str {
    match ink {
        Ink::Included => "class=\"free\"",
        Ink::Charged => "class=\"solid\"",
        Ink::Forecast => "class=\"hb\" fill=\"url(#hatch)\"",
    }
}

fn anchor(x: f64) -> &'static str {
    match x {
        x if x < 0.06 => "start",
        x if x > 0.94 => "end",
        _ => "middle",
    }
}

/// A share as per cent.
fn pc(share: f64) -> String {
    format!("{}%", trimmed(share * 100.0, 3))
}

fn px(pixels: f64) -> String {
    trimmed(pixels, 2)
}

fn trimmed(value: f64, places: usize) -> String {
    let text = format!("{value:.places$}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(value: Decimal) -> String {
        value.normalize().to_string()
    }

    fn chart() -> Chart {
        Chart {
            title: "Minutes <in> November".to_owned(),
            described_by: "c-d",
            legend: vec![(Ink::Included, "Included".to_owned())],
            running: Some(Running {
                label: "Running total".to_owned(),
                scale: Scale::of(1_200.0, plain),
                line: vec![Spot { x: 0.0, value: 0.0 }, Spot { x: 0.5, value: 600.0 }],
                forecast: vec![Spot { x: 0.5, value: 600.0 }, Spot { x: 1.0, value: 1_200.0 }],
                before: None,
                rules: vec![Rule { value: 500.0, label: "500 included".to_owned(), passed: Some((0.4, "3 Nov".to_owned())) }],
                here: Some(("600".to_owned(), ", €1.00".to_owned())),
                end: Some(("about".to_owned(), "1,200".to_owned(), String::new())),
            }),
            bars_label: "Each day".to_owned(),
            bars_scale: Scale::of(600.0, plain),
            bars: vec![
                Bar { from: 0.0, to: 0.5, parts: vec![(Ink::Included, 500.0), (Ink::Charged, 100.0)], reading: "Mon: \"600\"".to_owned(), is_shown: true },
                Bar { from: 0.5, to: 1.0, parts: vec![(Ink::Forecast, 600.0)], reading: "Tue".to_owned(), is_shown: false },
            ],
            now: Some((0.5, "Today, 10:30".to_owned())),
            axis: vec![(0.25, "Mon".to_owned())],
        }
    }

    #[test]
    fn a_drawing_has_no_inline_styles_no_view_box_and_no_markup_from_its_words() {
        let html = usage_html(&chart());
        assert!(!html.contains("style=") && !html.contains("viewBox") && !html.contains("NaN") && !html.contains("inf"));
        assert!(html.contains("Minutes &lt;in&gt; November") && html.contains("Mon: &quot;600&quot;"));
        assert_eq!(html.matches("<g class=\"day").count(), 2);
        assert!(html.contains("aria-describedby=\"c-d\""));
    }

    #[test]
    fn a_drawing_without_the_upper_panel_is_lower_and_has_no_running_total() {
        let html = usage_html(&Chart { running: None, ..chart() });
        assert!(html.contains("height=\"196\"") && !html.contains("class=\"run\""));
    }

    #[test]
    fn labels_make_room_for_each_other_or_stay_away() {
        let label_at = |html: &str, label: &str| {
            let before = &html[..html.find(&format!(">{label}</text>")).unwrap_or_else(|| panic!("{label} is not there"))];
            let text = &before[before.rfind("<text").unwrap()..];
            let attribute = |name: &str| text.split(&format!(" {name}=\"")).nth(1).unwrap().split('"').next().unwrap().to_owned();
            (attribute("x"), attribute("y"))
        };
        // Now is where the panel's own label stands: that moves to the other end.
        let early = Chart { now: Some((0.1, "Now, 16:53".to_owned())), ..chart() };
        assert_eq!(label_at(&usage_html(&early), "Running total"), ("100%".to_owned(), "-10".to_owned()));
        // A level at the top has its label below the line, out of the panel's label's way.
        let mut high = chart();
        let running = high.running.as_mut().unwrap();
        running.rules = vec![Rule { value: running.scale.top, label: "1,250, then 0.5 ct".to_owned(), passed: None }];
        assert_eq!(label_at(&usage_html(&high), "1,250, then 0.5 ct"), ("0%".to_owned(), "15".to_owned()));
    }

    #[test]
    fn included_and_charged_parts_of_a_bar_stand_on_each_other() {
        let html = usage_html(&chart());
        let (free, solid) = (html.find("<rect class=\"free\" x=\"8%\"").unwrap(), html.find("<rect class=\"solid\" x=\"8%\"").unwrap());
        assert!(free < solid);
    }

    #[test]
    fn an_empty_chart_is_still_a_chart() {
        let html = usage_html(&Chart { running: None, bars: vec![], now: None, bars_scale: Scale::of(0.0, plain), ..chart() });
        assert!(html.ends_with("</svg>"));
        let html = gauge_html(&Gauge {
            title: "Nothing yet".to_owned(),
            scale: Scale::of(0.0, plain),
            included: 0.0,
            used: 0.0,
            expected: None,
            used_label: "0 now".to_owned(),
            expected_label: None,
            marks: vec![],
        });
        assert!(!html.contains("NaN"));
    }
}

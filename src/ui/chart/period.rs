//! Usage over a period: the running total above, a bar for each hour, day or month below, and now.

use std::fmt::Write as _;

use super::running::{RUN_BASE, Running, draw_running, label_running};
use super::svg::{HATCH, anchor, paint, pc, px};
use super::{Ink, Scale};
use crate::words::escape;

const BARS_TOP: f64 = 254.0;
pub(super) const BARS_BASE: f64 = 374.0;
/// How much higher everything stands where there is no upper panel.
const LIFT: f64 = 230.0;

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

#[cfg(test)]
mod tests {
    use rust_decimal::Decimal;

    use super::super::{Rule, Spot};
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
    }
}

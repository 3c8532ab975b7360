//! Whole periods against the levels at which a price changes: a bar a period, a line a level.

use std::fmt::Write as _;

use super::svg::{anchor, paint, pc, px};
use super::{Ink, Scale};
use crate::words::escape;

/// Where bars stand, and how high the tallest is.
const BASE: f64 = 150.0;
const TOP: f64 = 18.0;
/// Labels of levels closer than this would run into each other.
const LINE: f64 = 14.0;
/// How much of the width bars have; what lies beside them is for the levels' labels.
const BARS: f64 = 0.82;

/// One period.
#[derive(Clone, Debug, PartialEq)]
pub struct LevelBar {
    /// Under the axis: "Nov"; empty where there is no room for one.
    pub label: String,
    /// From the axis upwards.
    pub parts: Vec<(Ink, f64)>,
    /// What is read out: "November 2026: 12,400 minutes, 10,000 of them included".
    pub reading: String,
}

/// A whole drawing.
#[derive(Clone, Debug, PartialEq)]
pub struct Levels {
    /// The whole of it as a sentence.
    pub title: String,
    pub scale: Scale,
    pub bars: Vec<LevelBar>,
    /// Where the included amount ends and prices change, lowest first, and the price that begins there.
    pub levels: Vec<(f64, String)>,
}

/// The drawing as HTML.
pub fn levels_html(levels: &Levels) -> String {
    let mut out = String::with_capacity(4_096);
    let y = |value: f64| BASE - levels.scale.share(value) * (BASE - TOP);
    let _ = write!(out, "<svg class=\"plot\" height=\"{}\" role=\"img\" aria-label=\"{}\">", px(BASE + 24.0), escape(&levels.title));
    for (value, label) in &levels.scale.ticks {
        let at = y(*value);
        if *value > 0.0 {
            let _ = write!(out, "<line class=\"g\" x1=\"0\" x2=\"100%\" y1=\"{0}\" y2=\"{0}\"/>", px(at));
        }
        let _ = write!(out, "<text x=\"-8\" y=\"{}\" text-anchor=\"end\">{}</text>", px(at + 4.0), escape(label));
    }
    let count = f64::from(u16::try_from(levels.bars.len().max(1)).unwrap_or(u16::MAX));
    for (n, bar) in (0_u16..).zip(&levels.bars) {
        let (from, width) = (BARS * f64::from(n) / count, BARS / count);
        let _ = write!(out, "<g class=\"day\"><title>{}</title>", escape(&bar.reading));
        let mut below = 0.0;
        for (ink, value) in bar.parts.iter().filter(|(_, value)| *value > 0.0) {
            let (bottom, top) = (y(below), y(below + value));
            let _ = write!(
                out,
                "<rect {} x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/>",
                paint(*ink),
                pc(from + width * 0.16),
                px(top),
                pc(width * 0.68),
                // Whatever was used is seen.
                px((bottom - top).max(1.0))
            );
            below += value;
        }
        let middle = from + width / 2.0;
        let _ = write!(out, "</g><text x=\"{}\" y=\"{}\" text-anchor=\"{}\">{}</text>", pc(middle), px(BASE + 18.0), anchor(middle), escape(&bar.label));
    }
    let _ = write!(out, "<line class=\"base\" x1=\"0\" x2=\"100%\" y1=\"{0}\" y2=\"{0}\"/>", px(BASE + 0.5));
    let mut taken = f64::MAX;
    for (value, label) in levels.levels.iter().filter(|(value, _)| *value <= levels.scale.top) {
        let at = y(*value);
        let _ = write!(out, "<line class=\"rule\" x1=\"0\" x2=\"100%\" y1=\"{0}\" y2=\"{0}\"/>", px(at));
        if taken - at >= LINE {
            let _ = write!(out, "<text class=\"halo\" x=\"100%\" y=\"{}\" text-anchor=\"end\">{}</text>", px(at - 4.0), escape(label));
            taken = at;
        }
    }
    out.push_str("</svg>");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_above_everything_is_left_out_and_nothing_is_no_number() {
        let drawing = |bars: Vec<LevelBar>| Levels {
            title: "Minutes <of> a year".to_owned(),
            scale: Scale::of(1_000.0, |value| value.normalize().to_string()),
            bars,
            levels: vec![(500.0, "0.8 ct".to_owned()), (90_000.0, "far".to_owned())],
        };
        let bar = LevelBar { label: "Nov".to_owned(), parts: vec![(Ink::Included, 500.0), (Ink::Charged, 250.0)], reading: "November: 750".to_owned() };
        for bars in [vec![], vec![bar]] {
            let html = levels_html(&drawing(bars));
            assert!(!html.contains("NaN") && html.contains("0.8 ct") && !html.contains("far") && html.contains("Minutes &lt;of&gt;"), "{html}");
        }
    }
}

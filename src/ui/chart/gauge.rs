//! The overview's gauge: one bar of what is used and expected, with the levels to watch under it.

use std::fmt::Write as _;

use leptos::prelude::*;

use super::svg::{HATCH, paint, pc};
use super::{Ink, Scale};
use crate::words::escape;

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

fn gauge_html(gauge: &Gauge) -> String {
    let x = |value: f64| gauge.scale.share(value);
    let (free, used) = (x(gauge.included.min(gauge.used)), x(gauge.used));
    let mut out = String::with_capacity(3_072);
    let _ = write!(out, "<svg height=\"74\" role=\"img\" aria-label=\"{}\">{HATCH}", escape(&gauge.title));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gauge_without_use_is_still_a_gauge() {
        let html = gauge_html(&Gauge {
            title: "Nothing yet".to_owned(),
            scale: Scale::of(0.0, |value| value.to_string()),
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

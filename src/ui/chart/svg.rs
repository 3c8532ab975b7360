//! What every drawing is written with: lengths, inks, and where a text is held.

use super::Ink;

pub(super) const HATCH: &str = "<defs><pattern id=\"hatch\" width=\"5\" height=\"5\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\">\
                     <rect class=\"h0\" width=\"5\" height=\"5\"/><rect class=\"h1\" width=\"1.6\" height=\"5\"/></pattern></defs>";

pub(super) fn paint(ink: Ink) -> &'static str {
    match ink {
        Ink::Included => "class=\"free\"",
        Ink::Charged => "class=\"solid\"",
        Ink::Forecast => "class=\"hb\" fill=\"url(#hatch)\"",
    }
}

pub(super) fn anchor(x: f64) -> &'static str {
    match x {
        x if x < 0.06 => "start",
        x if x > 0.94 => "end",
        _ => "middle",
    }
}

/// A share as per cent.
pub(super) fn pc(share: f64) -> String {
    format!("{}%", trimmed(share * 100.0, 3))
}

pub(super) fn px(pixels: f64) -> String {
    trimmed(pixels, 2)
}

fn trimmed(value: f64, places: usize) -> String {
    let text = format!("{value:.places$}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

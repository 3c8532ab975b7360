//! Labels in a drawing whose width nobody knows yet: each takes the first place where it runs into nothing.

use std::fmt::Write as _;

use super::svg::{pc, px};
use crate::words::escape;

/// Closer than this, two labels run into each other.
const LINE: f64 = 15.0;

/// A label: what always shows, and what only a wide drawing has room for.
pub struct Label<'a> {
    pub near: &'a str,
    pub far_before: &'a str,
    pub far_after: &'a str,
}

impl<'a> Label<'a> {
    pub fn plain(near: &'a str) -> Label<'a> {
        Label { near, far_before: "", far_after: "" }
    }
}

/// Where a label could stand: a share of the width and pixels beside it, the baseline, and which end of the text is there.
#[derive(Clone, Copy)]
pub struct Place {
    x: f64,
    dx: f64,
    y: f64,
    anchor: &'static str,
}

impl Place {
    pub fn at(x: f64, dx: f64, y: f64, anchor: &'static str) -> Place {
        Place { x, dx, y, anchor }
    }

    /// From where to where a text of so many letters reaches in a drawing so many pixels wide.
    fn reach(&self, letters: usize, width: f64) -> (f64, f64) {
        let (at, long) = (self.x * width + self.dx, LETTER * f64::from(u16::try_from(letters).unwrap_or(u16::MAX)));
        match self.anchor {
            "start" => (at, at + long),
            "end" => (at - long, at),
            _ => (at - long / 2.0, at + long / 2.0),
        }
    }
}

/// What is taken already. Nobody knows here how wide the drawing will be, so places are judged as on a phone and as on a desk.
#[derive(Default)]
pub struct Room {
    /// Of each label: how far it reaches on a phone and on a desk, and its baseline.
    taken: Vec<([(f64, f64); 2], f64)>,
    /// Heights at which lines run across.
    lines: Vec<f64>,
}

/// Width of a letter, generously, and of the narrowest drawing and a wide one.
const LETTER: f64 = 6.6;
const WIDTHS: [f64; 2] = [276.0, 640.0];

impl Room {
    /// With lines that run across at these heights.
    pub fn with_lines(lines: Vec<f64>) -> Room {
        Room { lines, ..Room::default() }
    }

    /// Writes the label at the first of these places that is free; nowhere if none is.
    pub fn put(&mut self, out: &mut String, class: &str, label: &Label, places: &[Place]) {
        let near = label.near.chars().count();
        let far = near + label.far_before.chars().count() + label.far_after.chars().count();
        let Some(place) = places.iter().find(|place| self.is_free(place, [near, far])) else { return };
        self.taken.push((reaches(place, [near, far]), place.y));
        let optional = |text: &str, space: &str| if text.is_empty() { String::new() } else { format!("<tspan class=\"far\">{}{space}</tspan>", escape(text)) };
        let _ = write!(
            out,
            "<text class=\"{class}\" x=\"{}\" dx=\"{}\" y=\"{}\" text-anchor=\"{}\">{}{}{}</text>",
            pc(place.x),
            px(place.dx),
            px(place.y),
            place.anchor,
            optional(label.far_before, " "),
            escape(label.near),
            optional(label.far_after, "")
        );
    }

    fn is_free(&self, place: &Place, letters: [usize; 2]) -> bool {
        let mine = reaches(place, letters);
        let is_inside = mine.iter().zip(WIDTHS).all(|((from, to), width)| *from >= -LETTER && *to <= width + LETTER);
        let meets = |other: &([(f64, f64); 2], f64)| {
            (other.1 - place.y).abs() < LINE && mine.iter().zip(&other.0).any(|(a, b)| a.0 < b.1 + LETTER && b.0 < a.1 + LETTER)
        };
        // A line may run under a label, not through it.
        is_inside && !self.taken.iter().any(meets) && !self.lines.iter().any(|line| (place.y - 11.0..place.y + 3.0).contains(line))
    }
}

fn reaches(place: &Place, letters: [usize; 2]) -> [(f64, f64); 2] {
    [place.reach(letters[0], WIDTHS[0]), place.reach(letters[1], WIDTHS[1])]
}

//! SVG path data into a path on the page.
//!
//! Knows the commands of a `d` attribute and nothing else of SVG: no transforms, strokes, gradients or several colours.

use krilla::geom::{Path, PathBuilder};

use super::sheet::Logo;

/// The logo in a box of this height with its top left corner at the point given, and how wide it became. Nothing if it cannot be drawn.
pub fn place(logo: &Logo, x: f32, y: f32, height: f32, most_width: f32) -> Option<(Path, f32)> {
    let [left, top, box_width, box_height] = logo.view_box;
    if !(logo.view_box.iter().all(|value| value.is_finite()) && box_width > 0.0 && box_height > 0.0) {
        return None;
    }
    let scale = (height / box_height).min(most_width / box_width);
    let (width, drawn_height) = (box_width * scale, box_height * scale);
    let mut pen = Pen {
        path: PathBuilder::new(),
        map: Map { scale, x: x - left * scale, y: y + (height - drawn_height) / 2.0 - top * scale },
        at: (0.0, 0.0),
        start: (0.0, 0.0),
        control: None,
        open: false,
    };
    // What comes before the first fault is drawn, as browsers do.
    let _ = pen.draw(&mut Reader { rest: logo.path.as_bytes() });
    let path = pen.path.finish()?;
    (width.is_finite() && scale > 0.0).then_some((path, width))
}

#[derive(Clone, Copy)]
struct Map {
    scale: f32,
    x: f32,
    y: f32,
}

/// The last control point, for the commands that mirror it.
#[derive(Clone, Copy)]
enum Control {
    Cubic(f32, f32),
    Quadratic(f32, f32),
}

struct Pen {
    path: PathBuilder,
    map: Map,
    at: (f32, f32),
    start: (f32, f32),
    control: Option<Control>,
    open: bool,
}

impl Pen {
    fn draw(&mut self, reader: &mut Reader<'_>) -> Option<()> {
        let mut command = None;
        loop {
            match reader.command() {
                Some(next) => command = Some(next),
                None if reader.at_end() => return Some(()),
                // A command repeats without its letter; a repeated move draws lines.
                None => match command {
                    Some(b'M') => command = Some(b'L'),
                    Some(b'm') => command = Some(b'l'),
                    Some(b'Z' | b'z') | None => return None,
                    Some(_) => {}
                },
            }
            let command = command?;
            let (ox, oy) = if command.is_ascii_lowercase() { self.at } else { (0.0, 0.0) };
            let mirrored = match (self.control, command.to_ascii_uppercase()) {
                (Some(Control::Cubic(x, y)), b'S') | (Some(Control::Quadratic(x, y)), b'T') => (2.0 * self.at.0 - x, 2.0 * self.at.1 - y),
                _ => self.at,
            };
            let mut control = None;
            match command.to_ascii_uppercase() {
                b'M' => {
                    let to = (ox + reader.number()?, oy + reader.number()?);
                    self.start = to;
                    self.at = to;
                    self.open = false;
                }
                b'L' => self.line((ox + reader.number()?, oy + reader.number()?)),
                b'H' => self.line((ox + reader.number()?, self.at.1)),
                b'V' => self.line((self.at.0, oy + reader.number()?)),
                letter @ (b'C' | b'S') => {
                    let first = if letter == b'C' { (ox + reader.number()?, oy + reader.number()?) } else { mirrored };
                    let second = (ox + reader.number()?, oy + reader.number()?);
                    let to = (ox + reader.number()?, oy + reader.number()?);
                    self.cubic(first, second, to);
                    control = Some(Control::Cubic(second.0, second.1));
                }
                letter @ (b'Q' | b'T') => {
                    let middle = if letter == b'Q' { (ox + reader.number()?, oy + reader.number()?) } else { mirrored };
                    let to = (ox + reader.number()?, oy + reader.number()?);
                    let from = self.at;
                    let toward = |end: (f32, f32)| (end.0 + (middle.0 - end.0) * 2.0 / 3.0, end.1 + (middle.1 - end.1) * 2.0 / 3.0);
                    self.cubic(toward(from), toward(to), to);
                    control = Some(Control::Quadratic(middle.0, middle.1));
                }
                b'A' => {
                    let radii = (reader.number()?, reader.number()?);
                    let turn = reader.number()?;
                    let (large, sweep) = (reader.flag()?, reader.flag()?);
                    let to = (ox + reader.number()?, oy + reader.number()?);
                    self.arc(radii, turn, large, sweep, to);
                }
                b'Z' => {
                    if self.open {
                        self.path.close();
                    }
                    self.at = self.start;
                    self.open = false;
                }
                _ => return None,
            }
            self.control = control;
        }
    }

    fn mapped(&self, point: (f32, f32)) -> (f32, f32) {
        (point.0 * self.map.scale + self.map.x, point.1 * self.map.scale + self.map.y)
    }

    fn begin(&mut self) {
        if !self.open {
            let (x, y) = self.mapped(self.at);
            self.path.move_to(x, y);
            self.open = true;
        }
    }

    fn line(&mut self, to: (f32, f32)) {
        self.begin();
        let (x, y) = self.mapped(to);
        self.path.line_to(x, y);
        self.at = to;
    }

    fn cubic(&mut self, first: (f32, f32), second: (f32, f32), to: (f32, f32)) {
        self.begin();
        let ((x1, y1), (x2, y2), (x, y)) = (self.mapped(first), self.mapped(second), self.mapped(to));
        self.path.cubic_to(x1, y1, x2, y2, x, y);
        self.at = to;
    }

    /// An elliptical arc as cubic curves, by the SVG specification's conversion from end points to centre (appendix B.2.4).
    fn arc(&mut self, radii: (f32, f32), turn: f32, large: bool, sweep: bool, to: (f32, f32)) {
        let from = self.at;
        let (mut rx, mut ry) = (radii.0.abs(), radii.1.abs());
        if rx <= f32::EPSILON || ry <= f32::EPSILON {
            return self.line(to);
        }
        let (sin, cos) = turn.to_radians().sin_cos();
        let (dx, dy) = ((from.0 - to.0) / 2.0, (from.1 - to.1) / 2.0);
        let (px, py) = (cos * dx + sin * dy, -sin * dx + cos * dy);
        let grow = (px / rx).powi(2) + (py / ry).powi(2);
        if grow > 1.0 {
            rx *= grow.sqrt();
            ry *= grow.sqrt();
        }
        let below = (rx * py).powi(2) + (ry * px).powi(2);
        if below <= f32::EPSILON {
            return self.line(to);
        }
        let above = ((rx * ry).powi(2) - below).max(0.0);
        let factor = (above / below).sqrt() * if large == sweep { -1.0 } else { 1.0 };
        let (qx, qy) = (factor * rx * py / ry, -factor * ry * px / rx);
        let centre = (cos * qx - sin * qy + (from.0 + to.0) / 2.0, sin * qx + cos * qy + (from.1 + to.1) / 2.0);
        let first = ((py - qy) / ry).atan2((px - qx) / rx);
        let mut extent = ((-py - qy) / ry).atan2((-px - qx) / rx) - first;
        if sweep && extent < 0.0 {
            extent += std::f32::consts::TAU;
        } else if !sweep && extent > 0.0 {
            extent -= std::f32::consts::TAU;
        }
        let parts = (extent.abs() / std::f32::consts::FRAC_PI_2).ceil().clamp(1.0, 4.0);
        let step = extent / parts;
        let reach = 4.0 / 3.0 * (step / 4.0).tan();
        let point = |x: f32, y: f32| (centre.0 + cos * rx * x - sin * ry * y, centre.1 + sin * rx * x + cos * ry * y);
        let mut angle = first;
        for part in 1..=parts as u8 {
            let (sin_a, cos_a) = angle.sin_cos();
            let next = first + step * f32::from(part);
            let (sin_b, cos_b) = next.sin_cos();
            let end = if f32::from(part) >= parts { to } else { point(cos_b, sin_b) };
            self.cubic(point(cos_a - reach * sin_a, sin_a + reach * cos_a), point(cos_b + reach * sin_b, sin_b - reach * cos_b), end);
            angle = next;
        }
    }
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl Reader<'_> {
    fn skip(&mut self) {
        while let Some((b' ' | b'\t' | b'\n' | b'\r' | b'\x0c' | b',', rest)) = self.rest.split_first() {
            self.rest = rest;
        }
    }

    fn at_end(&mut self) -> bool {
        self.skip();
        self.rest.is_empty()
    }

    fn command(&mut self) -> Option<u8> {
        self.skip();
        let (first, rest) = self.rest.split_first()?;
        if !first.is_ascii_alphabetic() {
            return None;
        }
        self.rest = rest;
        Some(*first)
    }

    fn flag(&mut self) -> Option<bool> {
        self.skip();
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        match first {
            b'0' => Some(false),
            b'1' => Some(true),
            _ => None,
        }
    }

    fn number(&mut self) -> Option<f32> {
        self.skip();
        let digits = |from: usize| self.rest.iter().skip(from).take_while(|byte| byte.is_ascii_digit()).count();
        let byte = |at: usize| self.rest.get(at).copied();
        let mut end = usize::from(matches!(byte(0), Some(b'+' | b'-')));
        end += digits(end);
        if byte(end) == Some(b'.') {
            end += 1 + digits(end + 1);
        }
        if matches!(byte(end), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(byte(end + 1), Some(b'+' | b'-')));
            let exponent = digits(end + 1 + sign);
            if exponent > 0 {
                end += 1 + sign + exponent;
            }
        }
        let value: f32 = std::str::from_utf8(self.rest.get(..end)?).ok()?.parse().ok()?;
        self.rest = self.rest.get(end..)?;
        value.is_finite().then_some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn logo(path: &str) -> Option<(Path, f32)> {
        place(&Logo { path: path.into(), view_box: [0.0, 0.0, 22.0, 22.0] }, 0.0, 0.0, 22.0, 100.0)
    }

    #[test]
    fn every_command_is_read() {
        for path in ["M1 5.2c4.6.2 7.6 1.7 9.3 4.5z", "m1-2 3,4h5v-6H1V2Z", "M0 0Q5 5 10 0T20 0S3 4 5 6", "M2 10a8 8 0 1120 0A8 8 30 0 1 2 10", "M1e1 2L3 4"] {
            assert!(logo(path).is_some(), "{path}");
        }
    }

    #[test]
    fn nonsense_draws_nothing_and_breaks_nothing() {
        for path in ["", "hello", "M", "M1", "1 2 3", "Mé", "M0 0 L1e99 2", "M0 0A0 0 0 9 9 1 1", "Z1"] {
            let _ = logo(path);
        }
        assert!(place(&Logo { path: "M0 0L1 1".into(), view_box: [0.0, 0.0, f32::NAN, 0.0] }, 0.0, 0.0, 22.0, 100.0).is_none());
    }
}

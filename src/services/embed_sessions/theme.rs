//! The look of a frame in the host's page: twelve tokens, each of a type. Colours are corrected until what is written in them can be read; no
//! text of the host's ever becomes style.
//!
//! Contrast is WCAG's: 4.5 for text, 3 for the edges of what can be used. Nothing is known of the host's page but the ground it names, so
//! that is what text is held against.

use serde::{Deserialize, Serialize};

/// What the host's page asks for; what it leaves out is the portal's own.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Theme {
    pub scheme: Option<Scheme>,
    /// What lies behind the frame, which is transparent: it is never painted.
    pub ground: Option<Colour>,
    /// Behind fields and sheets.
    pub sheet: Option<Colour>,
    pub ink: Option<Colour>,
    /// Of what matters less.
    pub soft_ink: Option<Colour>,
    /// Of links and buttons.
    pub accent: Option<Colour>,
    /// On buttons.
    pub on_accent: Option<Colour>,
    /// Between rows.
    pub line: Option<Colour>,
    /// Around fields.
    pub edge: Option<Colour>,
    /// Of corners, in pixels: 0 to 24.
    pub radius: Option<u8>,
    /// Of text, in pixels: 14 to 20.
    pub text_size: Option<u8>,
    pub face: Option<Face>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scheme {
    Light,
    Dark,
}

/// Typefaces that are there: none is fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Face {
    System,
    Serif,
    Mono,
}

/// `#rrggbb`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Colour([u8; 3]);

impl TryFrom<String> for Colour {
    type Error = String;
    fn try_from(text: String) -> Result<Colour, String> {
        Colour::parse(&text).ok_or_else(|| "a colour is written like #1f5eff".to_owned())
    }
}

impl From<Colour> for String {
    fn from(Colour([red, green, blue]): Colour) -> String {
        format!("#{red:02x}{green:02x}{blue:02x}")
    }
}

const BLACK: Colour = Colour([0; 3]);
const WHITE: Colour = Colour([255; 3]);
/// What is taken for the ground where none is named: the palest and the darkest that hosts have, more or less.
const LIGHT_GROUND: Colour = Colour([0xf6, 0xf6, 0xf6]);
const DARK_GROUND: Colour = Colour([0x22, 0x22, 0x22]);
const TEXT: f64 = 4.5;
const PARTS: f64 = 3.0;

impl Colour {
    pub fn parse(text: &str) -> Option<Colour> {
        let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
        let part = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).ok();
        Some(Colour([part(0)?, part(2)?, part(4)?]))
    }

    /// WCAG's relative luminance.
    fn luminance(self) -> f64 {
        let linear = |part: u8| {
            let part = f64::from(part) / 255.0;
            if part <= 0.040_45 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        };
        let Colour([red, green, blue]) = self;
        0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
    }

    fn contrast(self, other: Colour) -> f64 {
        let (one, two) = (self.luminance(), other.luminance());
        (one.max(two) + 0.05) / (one.min(two) + 0.05)
    }

    /// So many sixteenths of the way to another.
    fn towards(self, other: Colour, sixteenths: u16) -> Colour {
        let mut parts = self.0;
        for (part, goal) in parts.iter_mut().zip(other.0) {
            let mixed = (u16::from(*part) * (16 - sixteenths) + u16::from(goal) * sixteenths) / 16;
            *part = u8::try_from(mixed).unwrap_or(u8::MAX);
        }
        Colour(parts)
    }

    /// Itself, or the nearest on the way to black or white that has this contrast with each ground.
    fn readable_on(self, grounds: &[Colour], least: f64) -> Colour {
        let is_fine = |colour: &Colour| grounds.iter().all(|ground| colour.contrast(*ground) >= least);
        let away = |goal: Colour| (0..=16).map(move |step| self.towards(goal, step)).enumerate().find(|(_, colour)| is_fine(colour));
        let nearest = away(BLACK).into_iter().chain(away(WHITE)).min_by_key(|(step, _)| *step);
        // Grounds that differ so much that nothing stands out on both: the first one counts.
        nearest.map_or_else(|| if BLACK.contrast(grounds[0]) >= WHITE.contrast(grounds[0]) { BLACK } else { WHITE }, |(_, colour)| colour)
    }
}

impl Theme {
    /// What is out of its range, by token.
    pub fn wrong(&self) -> Option<(&'static str, &'static str)> {
        if self.radius.is_some_and(|radius| radius > 24) {
            return Some(("radius", "A radius is 0 to 24 pixels."));
        }
        if self.text_size.is_some_and(|size| !(14..=20).contains(&size)) {
            return Some(("text_size", "Text is 14 to 20 pixels high."));
        }
        None
    }

    /// The tokens as the style sheet names them, corrected. Of our own making throughout: numbers, and colours of six digits.
    pub fn style(&self) -> String {
        let is_dark = match (self.scheme, self.ground) {
            (Some(scheme), _) => scheme == Scheme::Dark,
            (None, Some(ground)) => ground.contrast(WHITE) > ground.contrast(BLACK),
            // As the visitor has it: the portal's own colours follow that by themselves.
            (None, None) => return self.accent.map(|accent| format!("--vendor:{};", String::from(accent))).unwrap_or_default() + &self.shape(),
        };
        let ground = self.ground.unwrap_or(if is_dark { DARK_GROUND } else { LIGHT_GROUND });
        let sheet = self.sheet.unwrap_or(ground);
        let on = [ground, sheet];
        let far = if is_dark { WHITE } else { BLACK };
        let ink = self.ink.unwrap_or(ground.towards(far, 15)).readable_on(&on, TEXT);
        let soft = self.soft_ink.unwrap_or(ground.towards(far, 10)).readable_on(&on, TEXT);
        let edge = self.edge.unwrap_or(ground.towards(far, 7)).readable_on(&on, PARTS);
        let line = self.line.unwrap_or(ground.towards(far, 2));
        let accent = self.accent.map(|accent| accent.readable_on(&on, TEXT));
        let name = |colour: Colour| String::from(colour);
        let mut style = format!(
            "color-scheme:{};--ground:{};--sheet:{};--sunk:{};--ink:{};--ink-2:{};--edge:{};--line:{};",
            if is_dark { "dark" } else { "light" },
            name(ground),
            name(sheet),
            name(ground.towards(far, 1)),
            name(ink),
            name(soft),
            name(edge),
            name(line),
        );
        if let Some(accent) = accent {
            let on_accent = self.on_accent.unwrap_or(ground).readable_on(&[accent], TEXT);
            style.push_str(&format!("--accent:{};--accent-strong:{};--on-accent:{};", name(accent), name(accent.towards(far, 3)), name(on_accent)));
        }
        // State is never by colour alone, but it is written in colour too.
        let states = [("--good", Colour([0x1a, 0x7f, 0x4b])), ("--warn", Colour([0x8a, 0x5a, 0x00])), ("--bad", Colour([0xb4, 0x2a, 0x2a]))];
        for (token, colour) in states {
            style.push_str(&format!("{token}:{};", name(colour.readable_on(&on, TEXT))));
        }
        style + &self.shape()
    }

    fn shape(&self) -> String {
        let mut style = String::new();
        if let Some(radius) = self.radius {
            style.push_str(&format!("--radius:{}px;", radius.min(24)));
        }
        if let Some(size) = self.text_size {
            style.push_str(&format!("--t-2:{}px;", size.clamp(14, 20)));
        }
        match self.face {
            None | Some(Face::System) => {}
            Some(Face::Serif) => style.push_str("--face:Georgia,\"Times New Roman\",serif;"),
            Some(Face::Mono) => style.push_str("--face:ui-monospace,Menlo,Consolas,monospace;"),
        }
        style
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(style: &str, name: &str) -> Colour {
        let value = style.split(';').find_map(|one| one.strip_prefix(&format!("{name}:"))).unwrap_or_else(|| panic!("no {name} in {style}"));
        Colour::parse(value).unwrap_or_else(|| panic!("{value}"))
    }

    #[test]
    fn whatever_is_asked_for_can_be_read() {
        let colours = ["#000000", "#ffffff", "#777777", "#ff0000", "#ffff00", "#0000ff", "#101418", "#f4efe6", "#1f5eff", "#808000"];
        let colours = colours.map(|text| Colour::parse(text).unwrap());
        for ground in colours {
            for other in colours {
                let theme = Theme {
                    ground: Some(ground),
                    ink: Some(other),
                    soft_ink: Some(other),
                    accent: Some(other),
                    edge: Some(other),
                    on_accent: Some(other),
                    ..Theme::default()
                };
                let style = theme.style();
                for name in ["--ink", "--ink-2", "--accent", "--good", "--warn", "--bad"] {
                    assert!(token(&style, name).contrast(ground) >= TEXT, "{name} on {ground:?} from {other:?}: {style}");
                }
                assert!(token(&style, "--on-accent").contrast(token(&style, "--accent")) >= TEXT, "{style}");
                assert!(token(&style, "--edge").contrast(ground) >= PARTS, "{style}");
            }
        }
    }

    #[test]
    fn what_can_be_read_already_stays_as_it_is() {
        let theme = Theme { ground: Colour::parse("#ffffff"), accent: Colour::parse("#0645ad"), ..Theme::default() };
        assert_eq!(String::from(token(&theme.style(), "--accent")), "#0645ad");
    }

    #[test]
    fn no_text_of_the_hosts_becomes_style() {
        for text in ["red", "#fff", "#12345g", "#123456;}body{display:none", "url(https://evil.example)", "var(--x)", "#１２３４５６", ""] {
            assert_eq!(Colour::parse(text), None, "{text}");
            assert!(serde_json::from_value::<Theme>(serde_json::json!({ "accent": text })).is_err(), "{text}");
        }
        assert!(serde_json::from_value::<Theme>(serde_json::json!({ "background": "#ffffff" })).is_err());
        assert!(serde_json::from_value::<Theme>(serde_json::json!({ "face": "Comic Sans" })).is_err());
        assert!(Theme { radius: Some(25), ..Theme::default() }.wrong().is_some() && Theme { text_size: Some(99), ..Theme::default() }.wrong().is_some());
        assert_eq!(Theme::default().style(), "");
        let accent = Theme { accent: Colour::parse("#1F5EFF"), radius: Some(8), ..Theme::default() };
        assert_eq!(accent.style(), "--vendor:#1f5eff;--radius:8px;", "the style sheet corrects it for either scheme");
    }
}

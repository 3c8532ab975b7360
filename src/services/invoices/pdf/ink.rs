//! Colours on white paper.
//!
//! One neutral ink in three strengths, the vendor's accent, and colours of state. Deliberately not here: what is drawn in them.

use krilla::color::rgb;

/// What a stroke or a letter is drawn in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ink {
    Main,
    /// Labels and remarks; 4.5:1 and better on white.
    Quiet,
    /// Rules between rows.
    Hairline,
    /// Words across a test page.
    Watermark,
    /// The vendor's own.
    Accent,
    /// The same, thinned with white.
    AccentTint,
    Good,
    Bad,
}

/// The inks of one document.
#[derive(Debug, Clone, Copy)]
pub struct Palette {
    accent: [u8; 3],
}

impl Palette {
    /// The accent is darkened until it stands 3:1 against white.
    pub fn new(accent: [u8; 3]) -> Self {
        let mut accent = accent;
        while contrast_on_white(accent) < 3.0 {
            accent = accent.map(|part| (f32::from(part) * 0.94) as u8);
        }
        Self { accent }
    }

    pub fn color(&self, ink: Ink) -> rgb::Color {
        let [red, green, blue] = match ink {
            Ink::Main => [18, 33, 38],
            Ink::Quiet => [78, 92, 98],
            Ink::Hairline => [212, 219, 222],
            Ink::Watermark => [239, 242, 243],
            Ink::Accent => self.accent,
            Ink::AccentTint => self.accent.map(|part| 255 - ((255 - u16::from(part)) / 4).min(255) as u8),
            Ink::Good => [10, 105, 60],
            Ink::Bad => [179, 35, 34],
        };
        rgb::Color::new(red, green, blue)
    }
}

/// Contrast against white as WCAG 2 counts it.
fn contrast_on_white(color: [u8; 3]) -> f32 {
    let [red, green, blue] = color.map(|part| {
        let part = f32::from(part) / 255.0;
        if part <= 0.040_45 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    });
    1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pale_accents_are_darkened_and_others_kept() {
        assert_eq!(Palette::new([7, 101, 125]).accent, [7, 101, 125]);
        for accent in [[255, 255, 255], [255, 230, 0], [120, 255, 200]] {
            assert!(contrast_on_white(Palette::new(accent).accent) >= 3.0);
        }
    }
}

//! The scale of a chart, on a page as on paper: how far its axis goes, and the round figures that stand at it.
//!
//! Drawing may use floating point; money never reaches this file.

use rust_decimal::Decimal;

/// An axis from nothing to `top`, with its round figures.
#[derive(Clone, Debug, PartialEq)]
pub struct Scale {
    pub top: f64,
    pub ticks: Vec<(f64, String)>,
}

impl Scale {
    /// An axis that holds `most` and has three or four round figures.
    pub fn of(most: f64, label: impl Fn(Decimal) -> String) -> Scale {
        let most = if most.is_finite() && most > 0.0 { most } else { 1.0 };
        let rough = most / 3.0;
        let power = 10_f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 2.5, 5.0, 10.0].into_iter().map(|nice| nice * power).find(|step| *step >= rough).unwrap_or(rough);
        // The next round figure is worth its room where there is little left to it.
        let next = (most / step).ceil() * step;
        let top = if next <= most * 1.12 { next } else { most * 1.02 };
        let mut ticks = Vec::new();
        for n in 0..=4_u8 {
            let at = step * f64::from(n);
            if at <= top * 1.0001 {
                let shown = Decimal::from_f64_retain(at).map(|value| value.round_sf(3).unwrap_or(value)).unwrap_or_default();
                ticks.push((at, label(shown)));
            }
        }
        Scale { top, ticks }
    }

    /// Where a value stands: 0 at the bottom, 1 at the top.
    pub fn share(&self, value: f64) -> f64 {
        (value / self.top).clamp(0.0, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(value: Decimal) -> String {
        value.normalize().to_string()
    }

    #[test]
    fn an_axis_is_round_and_holds_its_values() {
        for (most, expected) in [
            (13_000.0, vec!["0", "5000", "10000"]),
            (688.0, vec!["0", "250", "500", "750"]),
            (0.3, vec!["0", "0.1", "0.2", "0.3"]),
            (7.0, vec!["0", "2.5", "5", "7.5"]),
            (0.0, vec!["0", "0.5", "1"]),
        ] {
            let scale = Scale::of(most, plain);
            assert_eq!(scale.ticks.iter().map(|(_, label)| label.as_str()).collect::<Vec<_>>(), expected, "{most}");
            assert!(scale.top >= most);
        }
    }
}

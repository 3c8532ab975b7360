//! QR codes: a text as dark and light squares, for whoever draws them.

use qrcodegen::{QrCode, QrCodeEcc, QrSegment, Version};

/// A square of squares, with no margin around it.
pub struct Squares(QrCode);

/// White that scanners want on every side, in squares.
pub const QUIET_ZONE: i32 = 4;

impl Squares {
    /// At level M, in the least squares it fits; `None`: it is longer than any code.
    pub fn of(text: &str) -> Option<Squares> {
        QrCode::encode_segments_advanced(&QrSegment::make_segments(text), QrCodeEcc::Medium, Version::MIN, Version::MAX, None, false).ok().map(Squares)
    }

    /// Squares on each side.
    pub fn size(&self) -> i32 {
        self.0.size()
    }

    /// The dark ones, row by row, those side by side together: column, row, how many.
    pub fn dark(&self) -> Vec<(i32, i32, i32)> {
        let mut runs: Vec<(i32, i32, i32)> = Vec::new();
        for y in 0..self.size() {
            for x in (0..self.size()).filter(|x| self.0.get_module(*x, y)) {
                match runs.last_mut() {
                    Some((from, row, length)) if *row == y && *from + *length == x => *length += 1,
                    _ => runs.push((x, y, 1)),
                }
            }
        }
        runs
    }
}

//! Chance that can be told again.

/// A small generator of our own: the same seed is the same life.
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }

    pub fn amount(&mut self, below: u64) -> i64 {
        i64::try_from(self.roll(below)).unwrap() + 1
    }

    pub fn is(&mut self, of: u64) -> bool {
        self.roll(of) == 0
    }
}

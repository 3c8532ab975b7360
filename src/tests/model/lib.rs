//! The billing rules once more, written from their text alone and as plainly as they allow, and random lives to hold the product against
//! them. It shares no code with the product, and keeps no clever state: what it needs to know it looks up in all that happened.
//!
//! - `story`: a scenario; `world`: what there is at an instant of it; `output`: what came of it
//! - `calendar`, `price`, `tax`: periods and shares, what units cost, which rates apply
//! - `life`, `change`, `credit`, `leave`, `usage`, `document`, `discount`, `correction`, `steps`: what happens
//! - `lives`: whole random scenarios, their `setting` and `dice`; `difference`, `shrink`: where two results part, and the least that makes them

mod calendar;
mod change;
mod correction;
mod credit;
mod dice;
mod difference;
mod discount;
mod document;
mod fraction;
mod leave;
mod life;
mod lives;
mod output;
mod price;
mod setting;
mod shrink;
mod steps;
mod story;
mod tax;
mod usage;
mod world;

use serde_json::Value;

pub use difference::{Difference, difference};
pub use lives::{Lived, live};
pub use shrink::shrink;

/// What comes of a scenario by the rules.
///
/// # Panics
/// Where the scenario is not a sound one, or its numbers are larger than the model's.
pub fn run(scenario: &Value) -> Value {
    let story: story::Story = serde_json::from_value(scenario.clone()).unwrap_or_else(|error| panic!("no scenario: {error}"));
    world::World::tell(&story).output()
}

//! Random lives against the rules written a second time: whatever a story comes to, the model (`src/tests/model`), which shares no code
//! with the product, comes to the same. A seed is always the same life, so one that fails fails again.

use model::{Lived, difference, live, run};
use portico::simulate::simulate;

/// Seeds of every run; `MODEL_LIVES=1000..1100 MODEL_STEPS=500` has others, or longer ones.
const SEEDS: std::ops::Range<u64> = 0..12;
const STEPS: usize = 40;

#[tokio::test]
async fn random_lives_come_to_what_the_model_says() {
    let seeds = std::env::var("MODEL_LIVES").ok().and_then(|range| range.split_once("..").map(|(from, to)| from.parse().unwrap()..to.parse().unwrap()));
    let steps = std::env::var("MODEL_STEPS").map_or(STEPS, |steps| steps.parse().unwrap());
    let server = std::env::var("TEST_DATABASE_URL").ok();
    for seed in seeds.unwrap_or(SEEDS) {
        let Lived { scenario, outcome } = live(seed, steps);
        let told = Box::pin(simulate(scenario.to_string().as_bytes(), server.as_deref(), std::future::pending())).await;
        // One that is told again, from its file, is the same life.
        assert_eq!(run(&scenario), outcome, "seed {seed} of {steps} steps");
        let got = serde_json::to_value(told.unwrap_or_else(|error| panic!("seed {seed}: {error}"))).unwrap();
        if let Some(part) = difference(&outcome, &got) {
            panic!("seed {seed} of {steps} steps: {part}");
        }
    }
}

//! The same story is the same: told again, and on the other database, its result and its ledger are what they were to the last character.

use model::live;
use portico::simulate::simulate_with_ledger;
use serde_json::Value;

/// Random lives of every run, each long enough to have most of what there is.
const SEEDS: std::ops::Range<u64> = 500..508;
const STEPS: usize = 60;

/// The result and every entry of the ledger, as they are written out.
async fn told(story: &Value, server: Option<&str>) -> (String, Vec<String>) {
    let told = Box::pin(simulate_with_ledger(story.to_string().as_bytes(), server, std::future::pending())).await;
    let (output, ledger) = told.unwrap_or_else(|error| panic!("{error}"));
    (serde_json::to_string(&output).unwrap(), ledger.iter().map(|entry| serde_json::to_string(entry).unwrap()).collect())
}

/// On SQLite, and once more where the tests run: on SQLite again, or on Postgres.
#[tokio::test]
async fn a_story_has_the_same_result_and_ledger_on_every_database() {
    let server = std::env::var("TEST_DATABASE_URL").ok();
    let published: Value = serde_json::from_str(include_str!("../vectors/billing.json")).unwrap();
    let published = published["vectors"].as_array().unwrap().iter().map(|vector| (vector["id"].to_string(), vector["scenario"].clone()));
    let lives = SEEDS.map(|seed| (format!("seed {seed}"), live(seed, STEPS).scenario));
    let mut entries = 0;
    for (name, story) in published.chain(lives) {
        let (once, again) = (told(&story, None).await, told(&story, server.as_deref()).await);
        assert_eq!(again.0, once.0, "{name}: the result");
        assert_eq!(again.1, once.1, "{name}: the ledger");
        entries += once.1.len();
    }
    assert!(entries > 1_000, "{entries} entries are no ledger to compare");
}

//! Results that other systems publish in their tests and documentation (`tests/vectors`).

use serde_json::{Value, json};

use super::{matches, tell};

fn vectors(text: &str) -> Vec<Value> {
    serde_json::from_str::<Value>(text).unwrap()["vectors"].as_array().unwrap().clone()
}

#[tokio::test]
async fn published_scenarios_come_to_their_published_results() {
    let vectors = vectors(include_str!("../vectors/billing.json"));
    assert_eq!(vectors.len(), 22);
    let mut wrong = Vec::new();
    for vector in vectors {
        let told = tell(&vector["scenario"]).await.unwrap();
        let checked = matches(&vector["expect"], &told, "").and_then(|()| matches(&json!({"ledger": {"balanced": true}}), &told, ""));
        if let Err(why) = checked.and_then(|()| if told["refused"] == json!([]) { Ok(()) } else { Err(told["refused"].to_string()) }) {
            wrong.push(format!("{}: {why}", vector["id"]));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

/// A published proration as a story: the old plan from the period's start, changed to the new one. A leg that is not published is a
/// plan without prices.
fn as_scenario(vector: &Value, rounding: &str) -> Value {
    // Two publish shares without dates: of 30 days and of 90.
    let (start, end, at) = match vector["id"].as_str().unwrap() {
        "FX01" => ("2024-06-01", "2024-07-01", "2024-06-11"),
        "FX02" => ("2024-01-01", "2024-03-31", "2024-02-15"),
        _ => (text(vector, "period_start"), text(vector, "period_end_exclusive"), text(vector, "effective_at")),
    };
    let instant = |text: &str| if text.contains('T') { text.to_owned() } else { format!("{text}T00:00:00Z") };
    let day = |text: &str| text[..10].parse::<chrono::NaiveDate>().unwrap();
    let days = day(end).signed_duration_since(day(start)).num_days();
    let prices = |side: &str| {
        let legs = vector["legs"].as_array().unwrap();
        let of_side = legs.iter().filter(|leg| leg["side"] == json!(side)).map(|leg| json!({"id": "base", "model": "flat", "amount": leg["amount"]}));
        of_side.collect::<Vec<_>>()
    };
    let plan = |id: &str, prices: Vec<Value>| json!({"id": id, "interval": "day", "interval_count": days, "prices": prices});
    json!({
        "vendor": {"country": "US", "currency": vector["currency"], "time_zone": vector["timezone"], "proration": {"by": vector["granularity"], "rounding": rounding}},
        "plans": [plan("old", prices("credit")), plan("new", prices("charge"))],
        "customers": [{"id": "ada", "country": "US"}],
        "steps": [
            {"at": instant(start), "do": "subscribe", "customer": "ada", "subscription": "s1", "plan": "old"},
            {"at": instant(at), "do": "preview", "subscription": "s1", "plan": "new"},
            {"at": instant(at), "do": "change", "subscription": "s1", "plan": "new"}
        ]
    })
}

fn text<'a>(vector: &'a Value, key: &str) -> &'a str {
    vector[key].as_str().unwrap()
}

/// The lines of the change, wherever they stand.
fn proration_lines(told: &Value) -> Vec<Value> {
    let documents = told["invoices"].as_array().unwrap().iter().chain(told["credit_notes"].as_array().unwrap());
    documents
        .flat_map(|document| document["lines"].as_array().unwrap())
        .filter(|line| line["kind"].as_str().unwrap().starts_with("proration"))
        .cloned()
        .collect()
}

#[tokio::test]
async fn published_prorations_come_to_their_published_legs() {
    let vectors = vectors(include_str!("../vectors/proration.json"));
    assert_eq!(vectors.len(), 12);
    for vector in vectors {
        let id = text(&vector, "id");
        let told = tell(&as_scenario(&vector, "half_up")).await.unwrap();
        let lines = proration_lines(&told);
        assert_eq!(lines.len(), vector["legs"].as_array().unwrap().len(), "{id}: {told:#}");
        for leg in vector["legs"].as_array().unwrap() {
            let (kind, sign) = if leg["side"] == json!("credit") { ("proration_credit", -1) } else { ("proration_charge", 1) };
            let line = lines.iter().find(|line| line["kind"] == json!(kind)).unwrap();
            assert_eq!(line["amount"].as_i64().unwrap(), sign * leg["expect"].as_i64().unwrap(), "{id}: {line:#}");
            let of = |value: &Value, key: &str| value[key].as_i64().unwrap();
            let share = &line["explain"]["share"];
            assert_eq!(of(share, "n") * of(leg, "d"), of(leg, "n") * of(share, "d"), "{id}: {share}");
        }
        // What is previewed is what is charged.
        assert_eq!(told["previews"][0]["lines"], json!(lines), "{id}");
    }
}

#[tokio::test]
async fn a_published_tie_goes_to_the_even_neighbour_where_the_vendor_rounds_so() {
    let tie = vectors(include_str!("../vectors/proration.json")).into_iter().find(|vector| vector["id"] == json!("KB03")).unwrap();
    let told = tell(&as_scenario(&tie, "half_even")).await.unwrap();
    assert_eq!(proration_lines(&told)[0]["amount"], json!(7498));
}

//! Lists, page by page.

use serde_json::{Value, json};

use super::{customer, team, text};
use crate::world::World;

#[tokio::test]
async fn pages_follow_each_other_without_gap_or_repetition() {
    let world = World::new().await;
    let program = world.program("*").await;
    let mut made = Vec::new();
    for number in 0..7 {
        made.push(text(&customer(&program, &format!("Customer {number}")).await, "id"));
    }
    made.reverse();
    for limit in [1, 2, 3, 6, 7, 100] {
        let (mut seen, mut after): (Vec<String>, Option<String>) = (Vec::new(), None);
        loop {
            let cursor = after.map(|cursor| format!("&after={cursor}")).unwrap_or_default();
            let page = program.get(&format!("/customers?limit={limit}{cursor}")).await.ok();
            let rows = page["data"].as_array().unwrap();
            assert!(rows.len() <= limit && !rows.is_empty());
            seen.extend(rows.iter().map(|row| text(row, "id")));
            match &page["next"] {
                Value::Null => break,
                next => after = next.as_str().map(str::to_owned),
            }
        }
        assert_eq!(seen, made, "by {limit}");
    }
}

#[tokio::test]
async fn short_lists_have_pages_too() {
    let world = World::new().await;
    let program = world.program("*").await;
    team(&program).await;
    let second = program.post("/plans", json!({ "key": "business", "name": "Business" })).await.ok();
    let first = program.get("/plans?limit=1").await.ok();
    assert_eq!((&first["data"][0]["key"], first["data"].as_array().unwrap().len()), (&json!("team"), 1));
    let next = program.get(&format!("/plans?limit=1&after={}", text(&first, "next"))).await.ok();
    assert_eq!((&next["data"][0]["id"], &next["next"]), (&second["id"], &Value::Null));
}

#[tokio::test]
async fn a_page_that_is_none_is_refused() {
    let world = World::new().await;
    let program = world.program("*").await;
    for (query, place) in [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=-1", "limit"),
        ("limit=x", "limit"),
        ("limit=99999999999", "limit"),
        ("limit=1&limit=2", "limit"),
        ("after=x", "after"),
        ("after=cus_%27%20OR%201", "after"),
        ("after=", "after"),
        ("page=2", "page"),
    ] {
        let reply = program.get(&format!("/customers?{query}")).await;
        assert_eq!(reply.problem(), (400, "malformed", place), "{query}: {}", reply.answer.text);
    }
}

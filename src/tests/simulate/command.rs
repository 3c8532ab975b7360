//! The command itself: what it prints, and how it ends.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

/// Runs `portico simulate` as a shell would.
fn run(args: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_portico"))
        .arg("simulate")
        .args(args)
        // A database configured here is somebody's: a story must not go near it.
        .env("DATABASE_URL", "postgres://nobody@127.0.0.1:1/nothing")
        .current_dir(std::env::temp_dir())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Whether it is read is the program's business.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

fn scenario() -> Value {
    json!({
        "vendor": {"country": "FR", "currency": "EUR"},
        "plans": [{"id": "p", "interval": "month", "prices": [{"id": "base", "model": "flat", "amount": 1000}]}],
        "customers": [{"id": "ada", "country": "FR"}],
        "steps": [{"at": "2024-01-01T00:00:00Z", "do": "subscribe", "customer": "ada", "subscription": "s1", "plan": "p"}]
    })
}

#[test]
fn a_story_from_standard_input_or_a_file_prints_one_json_result() {
    let text = scenario().to_string();
    let piped = run(&["-"], &text);
    assert_eq!(piped.status.code(), Some(0), "{}", String::from_utf8_lossy(&piped.stderr));
    let result: Value = serde_json::from_slice(&piped.stdout).unwrap();
    let fields: Vec<&String> = result.as_object().unwrap().keys().collect();
    assert_eq!(fields, ["balances", "credit_notes", "invoices", "ledger", "messages", "payments", "previews", "refused", "subscriptions"]);
    assert_eq!(result["invoices"][0]["total"], json!(1000));
    assert!(piped.stderr.is_empty());

    let file = std::env::temp_dir().join(format!("portico-story-{}.json", std::process::id()));
    std::fs::write(&file, &text).unwrap();
    let read = run(&[file.to_str().unwrap()], "");
    std::fs::remove_file(&file).unwrap();
    // To the last character the same, run after run.
    assert_eq!(String::from_utf8_lossy(&read.stdout), String::from_utf8_lossy(&piped.stdout));
}

#[test]
fn what_cannot_be_read_ends_with_two_and_one_line_that_names_the_place() {
    let mut unknown = scenario();
    unknown["steps"][0]["plan"] = json!("gold");
    for (input, line) in
        [(unknown.to_string(), "portico: /steps/0/plan: there is no plan “gold”\n"), ("[]".to_owned(), "portico: /: must be an object, not a list\n")]
    {
        let ended = run(&["-"], &input);
        assert_eq!((ended.status.code(), String::from_utf8_lossy(&ended.stderr).as_ref()), (Some(2), line));
        assert!(ended.stdout.is_empty());
    }
    let absent = run(&["/nowhere/story.json"], "");
    assert_eq!(absent.status.code(), Some(2));
    assert_eq!(String::from_utf8_lossy(&absent.stderr).lines().count(), 1);
}

#[test]
fn what_the_rules_refuse_is_part_of_the_result() {
    let mut story = scenario();
    story["customers"][0]["currency"] = json!("USD");
    let ended = run(&["-"], &story.to_string());
    assert_eq!(ended.status.code(), Some(0));
    let result: Value = serde_json::from_slice(&ended.stdout).unwrap();
    assert_eq!(result["refused"][0]["step"], json!(0));
}

#[test]
fn a_server_that_is_not_there_is_a_failure_and_not_the_storys() {
    let ended = run(&["-", "--database-url", "postgres://nobody@127.0.0.1:1/nothing"], &scenario().to_string());
    assert_eq!(ended.status.code(), Some(1));
    assert!(ended.stdout.is_empty());
}

#[test]
fn a_story_leaves_nothing_behind() {
    // Neither its database nor the data folder of a running portal.
    let folder = std::env::temp_dir().join(format!("portico-empty-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_portico"))
        .args(["simulate", "-"])
        .env("TMPDIR", &folder)
        .current_dir(&folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(scenario().to_string().as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
    std::fs::remove_dir_all(&folder).unwrap();
}

//! Holds the arrows of the house by reading the source: who may use whom, where SQL may stand, which tables carry their vendor.
//! When one of these fails, move the code; the lists below change only with the map in `lib.rs`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What each top-level module may name of the others (`crate::X`). `app` is the bag of parts that everything may hold.
const MAY_USE: [(&str, &[&str]); 17] = [
    ("platform", &[]),
    ("words", &[]),
    ("identity", &["app", "platform", "services", "words"]),
    ("services", &["app", "identity", "platform", "words"]),
    ("ui", &["app", "islands", "platform", "services", "words"]),
    ("islands", &[]),
    ("portal", &["app", "identity", "islands", "platform", "services", "ui", "words"]),
    ("console", &["app", "identity", "islands", "platform", "services", "ui", "words"]),
    ("widget", &["app", "identity", "islands", "platform", "services", "ui", "words"]),
    ("api", &["app", "identity", "platform", "services", "ui", "words"]),
    ("notices", &["app", "platform", "services"]),
    ("sandbox", &["app", "platform", "services", "words"]),
    ("worker", &["app", "identity", "platform", "services", "words"]),
    ("demo", &["app", "identity", "platform", "sandbox", "services", "words", "worker"]),
    ("simulate", &["app", "platform", "services", "words", "worker"]),
    ("app", &["identity", "platform", "services"]),
    // Composition: everything meets here.
    ("server", &["app", "portal", "sandbox", "console", "widget", "api", "notices", "worker", "platform", "services", "identity", "ui", "islands", "words"]),
];

#[test]
fn modules_use_only_what_the_map_allows() {
    let allowed: BTreeMap<&str, &[&str]> = MAY_USE.into_iter().collect();
    let mut wrong = Vec::new();
    for file in sources() {
        let Some(users) = allowed.get(file.module.as_str()) else { continue };
        for used in named_modules(&file.text) {
            let is_module = allowed.contains_key(used.as_str());
            if is_module && used != file.module && !users.contains(&used.as_str()) {
                wrong.push(format!("{} uses crate::{used}", file.path.display()));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn every_module_is_on_the_map() {
    let on_the_map: BTreeSet<&str> = MAY_USE.iter().map(|(name, _)| *name).chain(["billing", "tests", "lib", "main", "command", "bench"]).collect();
    let there: BTreeSet<String> = sources().into_iter().map(|file| file.module).collect();
    let unknown: Vec<_> = there.iter().filter(|module| !on_the_map.contains(module.as_str())).collect();
    assert!(unknown.is_empty(), "give {unknown:?} a place in lib.rs and in MAY_USE");
}

#[test]
fn sql_stands_only_in_rooms_identity_and_platform() {
    let mut wrong = Vec::new();
    for file in sources() {
        // A billing run's floor is nothing but statements.
        if ["services", "identity", "platform", "tests"].contains(&file.module.as_str()) || file.path.ends_with("bench/floor.rs") {
            continue;
        }
        for opening in ["\"SELECT ", "\"INSERT INTO ", "\"UPDATE ", "\"DELETE FROM ", "\"WITH ", "sqlx::query"] {
            if file.text.contains(opening) {
                wrong.push(format!("{}: {opening}", file.path.display()));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn the_engine_knows_no_clock_no_database_and_no_floating_point() {
    let mut wrong = Vec::new();
    for file in sources().into_iter().filter(|file| file.module == "billing") {
        for (line, number) in code_lines(&file.text) {
            for word in ["f64", "f32", "Utc::now", "SystemTime", "Instant::now", "async ", "sqlx", "getrandom", "std::fs", "std::env"] {
                let is_in_tests = file.path.components().any(|c| c.as_os_str() == "tests");
                if !is_in_tests && has_word(line, word) {
                    wrong.push(format!("{}:{number}: {word}", file.path.display()));
                }
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn every_table_carries_its_vendor_in_its_key() {
    let mut wrong = Vec::new();
    for (file, table, body) in tables() {
        if table == "vendors" {
            continue;
        }
        let has_column = body.lines().any(|line| line.trim_start().starts_with("vendor_id TEXT NOT NULL"));
        let has_key = body.contains("PRIMARY KEY (vendor_id,");
        if !has_column || !has_key {
            wrong.push(format!("{file}: {table}"));
        }
        for reference in body.match_indices("REFERENCES ").map(|(at, word)| &body[at + word.len()..]) {
            let target = reference.split(|c: char| c.is_whitespace() || c == '(').next().unwrap();
            let columns = reference.split_once('(').map_or("", |(_, rest)| rest.split_once(')').map_or("", |(columns, _)| columns));
            if target != "vendors" && !columns.starts_with("vendor_id,") {
                wrong.push(format!("{file}: {table} refers to {target} without its vendor"));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn no_column_has_a_type_that_only_one_database_knows() {
    let known = ["TEXT", "BIGINT", "BOOLEAN"];
    let mut wrong = Vec::new();
    for (file, table, body) in tables() {
        for line in body.lines().map(|line| line.split("--").next().unwrap().trim()) {
            let mut words = line.split_whitespace();
            let (Some(name), Some(kind)) = (words.next(), words.next()) else { continue };
            let is_column = name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
            if is_column && !known.contains(&kind.trim_end_matches(',')) {
                wrong.push(format!("{file}: {table}.{name} {kind}"));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn every_file_says_what_lives_in_it() {
    let mute: Vec<_> = sources().into_iter().filter(|file| !file.text.starts_with("//!")).map(|file| file.path).collect();
    assert_eq!(mute, Vec::<PathBuf>::new());
}

struct Source {
    path: PathBuf,
    /// The folder or file right under `src`.
    module: String,
    text: String,
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let short = path.strip_prefix(&root).unwrap().to_owned();
                let module = short.components().next().unwrap().as_os_str().to_string_lossy().trim_end_matches(".rs").to_owned();
                found.push(Source { text: std::fs::read_to_string(&path).unwrap(), path: short, module });
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(found.len() > 20, "the source was not found");
    found
}

/// Top-level modules named as `crate::x` or inside `crate::{x::…, y::…}`, but for unit tests at a file's end.
fn named_modules(text: &str) -> BTreeSet<String> {
    let text = text.split("#[cfg(test)]\nmod tests").next().unwrap();
    let mut named = BTreeSet::new();
    for (line, _) in code_lines(text) {
        for (at, opening) in line.match_indices("crate::") {
            if line[..at].ends_with('$') {
                continue;
            }
            let rest = &line[at + opening.len()..];
            if let Some(group) = rest.strip_prefix('{') {
                let mut depth = 0;
                let mut word = String::new();
                for c in group.chars() {
                    match c {
                        '{' => depth += 1,
                        '}' if depth == 0 => break,
                        '}' => depth -= 1,
                        ',' if depth == 0 => {
                            named.insert(first_word(&std::mem::take(&mut word)));
                        }
                        c => word.push(c),
                    }
                }
                named.insert(first_word(&word));
            } else {
                named.insert(first_word(rest));
            }
        }
    }
    named
}

fn first_word(text: &str) -> String {
    text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

/// Lines that are no comment, with their numbers.
fn code_lines(text: &str) -> impl Iterator<Item = (&str, usize)> {
    text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//")).map(|(index, line)| (line, index + 1))
}

fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        let joins = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        !joins(before) && (word.ends_with(' ') || !joins(after))
    })
}

/// Every table of the migrations: file, name, what stands between its brackets.
fn tables() -> Vec<(String, String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let file = path.file_name().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        for create in text.split("CREATE TABLE ").skip(1) {
            let (name, rest) = create.split_once('(').unwrap();
            let body = rest.split("\n);").next().unwrap();
            found.push((file.clone(), name.trim().to_owned(), body.to_owned()));
        }
    }
    assert!(found.len() > 10, "the migrations were not found");
    found
}

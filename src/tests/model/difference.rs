//! Where two results part.

use std::fmt;

use serde_json::Value;

#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// JSON pointer into the results.
    pub at: String,
    pub expected: Value,
    pub got: Value,
    /// When the document or preview that differs was made: the story's steps at that instant made it, or what fell due then.
    pub when: Option<String>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let when = self.when.as_deref().map(|when| format!(" ({when})")).unwrap_or_default();
        write!(f, "{}{when}: expected {}, got {}", self.at, self.expected, self.got)
    }
}

/// The lists of a result, in the order a reader wants to hear of: causes before what follows from them.
const ORDER: [&str; 8] = ["refused", "invoices", "credit_notes", "previews", "payments", "subscriptions", "balances", "ledger"];

/// The first place where what came is not what was expected. What was not expected to be said may be said.
pub fn difference(expected: &Value, got: &Value) -> Option<Difference> {
    let mut found: Vec<Difference> = ORDER.iter().filter_map(|list| compare(&expected[list], &got[list], &format!("/{list}"), None)).collect();
    // The earliest of the dated ones says most.
    found.sort_by_key(|difference| difference.when.clone().unwrap_or_else(|| "~".to_owned()));
    found.into_iter().next()
}

fn compare(expected: &Value, got: &Value, at: &str, when: Option<&str>) -> Option<Difference> {
    let differs = || Some(Difference { at: at.to_owned(), expected: expected.clone(), got: got.clone(), when: when.map(str::to_owned) });
    match (expected, got) {
        (Value::Object(fields), Value::Object(_)) => {
            let own = fields.get("issued_at").or(fields.get("at")).and_then(Value::as_str);
            fields.iter().find_map(|(key, value)| compare(value, &got[key], &format!("{at}/{key}"), own.or(when)))
        }
        (Value::Array(items), Value::Array(others)) => {
            let (items, others) =
                if at.ends_with("/lines") || at.ends_with("/tax") { (sorted(items), sorted(others)) } else { (items.clone(), others.clone()) };
            let of_items = items.iter().zip(&others).enumerate().find_map(|(i, (item, other))| compare(item, other, &format!("{at}/{i}"), when));
            let missing = || {
                let place = items.len().min(others.len());
                let (item, other) = (items.get(place).cloned().unwrap_or_default(), others.get(place).cloned().unwrap_or_default());
                let own = [&item, &other].into_iter().find_map(|of| of.get("issued_at").or(of.get("at")).and_then(Value::as_str).map(str::to_owned));
                let when = own.or(when.map(str::to_owned));
                (items.len() != others.len()).then(|| Difference { at: format!("{at}/{place}"), expected: item, got: other, when })
            };
            of_items.or_else(missing)
        }
        _ if expected == got => None,
        _ => differs(),
    }
}

/// The order of a document's lines is the product's to choose.
fn sorted(lines: &[Value]) -> Vec<Value> {
    let key = |line: &Value| {
        let text = |key: &str| line[key].as_str().unwrap_or_default().to_owned();
        let place = ["subscription", "kind", "plan", "add_on", "price", "from", "to", "quantity", "rate", "percent"].map(text);
        (place, line["amount"].as_i64(), line["discount"].as_i64())
    };
    // A note's line of nothing says nothing.
    let says = |line: &&Value| line["kind"] != "adjustment" || line["amount"] != 0;
    let mut lines: Vec<Value> = lines.iter().filter(says).cloned().collect();
    lines.sort_by_key(key);
    lines
}

//! The least of a scenario that still differs.

use serde_json::Value;

/// Drops whatever may be dropped (steps, customers, plans, prices, rates, coupons, fields) while `differs` still holds of what is left.
/// What is no scenario without the dropped part does not differ: `differs` has to say so.
pub fn shrink(scenario: &Value, differs: impl Fn(&Value) -> bool) -> Value {
    let mut least = scenario.clone();
    loop {
        let before = least.clone();
        for list in ["steps", "customers", "plans", "add_ons", "coupons", "meters", "tax_rates", "exchange_rates"] {
            least = without_items(least, &format!("/{list}"), &differs);
        }
        for list in ["plans", "add_ons"] {
            for place in 0..least[list].as_array().map_or(0, Vec::len) {
                least = without_items(least, &format!("/{list}/{place}/prices"), &differs);
            }
        }
        for list in ["vendor", "customers", "steps", "plans", "coupons"] {
            least = without_fields(least, &format!("/{list}"), &differs);
        }
        for list in ["plans", "add_ons"] {
            for place in 0..least[list].as_array().map_or(0, Vec::len) {
                least = without_fields(least, &format!("/{list}/{place}/prices"), &differs);
            }
        }
        if least == before {
            return least;
        }
    }
}

/// Without runs of a list's items, long ones first.
fn without_items(scenario: Value, place: &str, differs: &impl Fn(&Value) -> bool) -> Value {
    let mut least = scenario;
    let count = |of: &Value| of.pointer(place).and_then(Value::as_array).map_or(0, Vec::len);
    let mut run = count(&least);
    while run > 0 {
        let mut from = 0;
        while from < count(&least) {
            let mut less = least.clone();
            if let Some(Value::Array(items)) = less.pointer_mut(place) {
                items.drain(from..(from + run).min(items.len()));
            }
            if differs(&less) {
                least = less;
            } else {
                from += run;
            }
        }
        run /= 2;
    }
    least
}

/// Without fields of an object, or of each of a list of them.
fn without_fields(scenario: Value, place: &str, differs: &impl Fn(&Value) -> bool) -> Value {
    let mut least = scenario;
    let objects: Vec<String> = match least.pointer(place) {
        Some(Value::Array(items)) => (0..items.len()).map(|item| format!("{place}/{item}")).collect(),
        Some(Value::Object(_)) => vec![place.to_owned()],
        _ => Vec::new(),
    };
    for object in objects {
        let keys: Vec<String> = least.pointer(&object).and_then(Value::as_object).map_or(Vec::new(), |fields| fields.keys().cloned().collect());
        for key in keys {
            let mut less = least.clone();
            if let Some(Value::Object(fields)) = less.pointer_mut(&object) {
                fields.remove(&key);
            }
            if differs(&less) {
                least = less;
            }
        }
    }
    least
}

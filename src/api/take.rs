//! What an operation takes: an id of the address, a query, a body. Each reads itself from the request, says what is wrong where, and knows
//! its schema.

use axum::body::Bytes;
use axum::http::Uri;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::problem::{MALFORMED, Problem};
use super::route::Described;

/// A request, as far as operations look at it.
pub struct Asked {
    pub uri: Uri,
    /// What stood for the braces of the address.
    pub id: Option<String>,
    pub body: Bytes,
}

pub trait Take: Sized + Send {
    fn take(asked: &Asked) -> Result<Self, Problem>;
    fn describe(described: &mut Described);
}

/// The id in the address.
pub struct Id(pub String);

impl Take for Id {
    fn take(asked: &Asked) -> Result<Id, Problem> {
        asked.id.clone().map(Id).ok_or_else(|| Problem::new(&MALFORMED, "The address has no id."))
    }

    fn describe(described: &mut Described) {
        let name = described.path.split_once('{').and_then(|(_, rest)| rest.split_once('}')).map_or("id", |(name, _)| name);
        let what = match name {
            "customer" => "Our id of the customer, or `ext:` and your own.",
            "subscription" => "Our id of the subscription, or `ext:` and your own.",
            "plan" => "Our id of the plan, or `ext:` and its key.",
            "country" => "ISO 3166-1 alpha-2.",
            "currency" => "ISO 4217.",
            "product" => "Our id of the product, or `ext:` and its key.",
            "coupon" => "Our id of the coupon, or `ext:` and its key.",
            _ => "Our id of it.",
        };
        described.parameters.push(json!({ "name": name, "in": "path", "required": true, "description": what, "schema": { "type": "string" } }));
    }
}

/// The query. Parameters nobody knows are refused by name.
pub struct Query<Q>(pub Q);

impl<Q: DeserializeOwned + ToSchema + Send> Take for Query<Q> {
    fn take(asked: &Asked) -> Result<Query<Q>, Problem> {
        let query = axum::extract::Query::<Q>::try_from_uri(&asked.uri).map_err(|rejection| {
            let text = rejection.body_text();
            let text = text.strip_prefix("Failed to deserialize query string: ").unwrap_or(&text);
            let (name, detail) = text.split_once(": ").unwrap_or(("", text));
            match quoted(detail) {
                Some(named) => Problem::parameter(named, said(detail)),
                None => Problem::parameter(name, said(detail)),
            }
        })?;
        Ok(Query(query.0))
    }

    fn describe(described: &mut Described) {
        let schema = serde_json::to_value(Q::schema()).unwrap_or_default();
        let mut referred = Vec::new();
        Q::schemas(&mut referred);
        described.keep(referred);
        let required: Vec<&str> = schema["required"].as_array().map(|names| names.iter().filter_map(Value::as_str).collect()).unwrap_or_default();
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            let mut property = property.clone();
            let description = property.as_object_mut().and_then(|object| object.remove("description"));
            let mut parameter = json!({ "name": name, "in": "query", "required": required.contains(&name.as_str()), "schema": not_null(property) });
            if let Some(description) = description {
                parameter["description"] = description;
            }
            described.parameters.push(parameter);
        }
    }
}

/// A query parameter is absent or there; it cannot be null.
fn not_null(mut schema: Value) -> Value {
    if let Some([one, other]) = schema["type"].as_array().map(Vec::as_slice) {
        schema["type"] = if one == "null" { other.clone() } else { one.clone() };
    }
    if let Some(of) = schema["oneOf"].as_array() {
        let rest: Vec<Value> = of.iter().filter(|one| one["type"] != "null").cloned().collect();
        if let [one] = rest.as_slice() {
            return one.clone();
        }
    }
    schema
}

/// The body: JSON. Fields nobody knows are refused by name.
pub struct Body<B>(pub B);

impl<B: DeserializeOwned + ToSchema + Send> Take for Body<B> {
    fn take(asked: &Asked) -> Result<Body<B>, Problem> {
        parse(&asked.body).map(Body)
    }

    fn describe(described: &mut Described) {
        described.body = Some(described.schema::<B>());
    }
}

/// No body, or an empty object.
pub struct Nothing;

impl Take for Nothing {
    fn take(asked: &Asked) -> Result<Nothing, Problem> {
        match asked.body.trim_ascii() {
            b"" | b"{}" => Ok(Nothing),
            _ => Err(Problem::new(&MALFORMED, "This takes no body.")),
        }
    }

    fn describe(_: &mut Described) {}
}

impl<A: Take, B: Take> Take for (A, B) {
    fn take(asked: &Asked) -> Result<(A, B), Problem> {
        Ok((A::take(asked)?, B::take(asked)?))
    }

    fn describe(described: &mut Described) {
        A::describe(described);
        B::describe(described);
    }
}

fn parse<B: DeserializeOwned>(bytes: &[u8]) -> Result<B, Problem> {
    let text = std::str::from_utf8(bytes).map_err(|error| Problem::new(&MALFORMED, format!("The body is no UTF-8 from byte {} on.", error.valid_up_to())))?;
    let mut json = serde_json::Deserializer::from_str(text);
    let read = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let mut pointer = pointer(error.path());
        let inner = error.into_inner();
        if !inner.is_data() {
            return Problem::new(&MALFORMED, format!("The body is no JSON: {inner}."));
        }
        let detail = inner.to_string();
        if let Some(name) = quoted(&detail).map(escaped)
            && !pointer.ends_with(&format!("/{name}"))
        {
            pointer.push('/');
            pointer.push_str(&name);
        }
        Problem::at(pointer, said(&detail))
    })?;
    json.end().map_err(|error| Problem::new(&MALFORMED, format!("The body is no JSON: {error}.")))?;
    // Postgres cannot store U+0000, and no name needs it.
    if text.contains("\\u0000")
        && let Some(pointer) = serde_json::from_str(text).ok().and_then(|value| nul_in(&value))
    {
        return Err(Problem::at(pointer, "Text can’t hold the character U+0000."));
    }
    Ok(read)
}

/// Where in a value U+0000 stands first.
fn nul_in(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => text.contains('\0').then(String::new),
        Value::Array(items) => items.iter().enumerate().find_map(|(index, item)| nul_in(item).map(|rest| format!("/{index}{rest}"))),
        Value::Object(fields) => fields
            .iter()
            .find_map(|(name, item)| if name.contains('\0') { Some(String::new()) } else { nul_in(item).map(|rest| format!("/{}{rest}", escaped(name))) }),
        _ => None,
    }
}

fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    path.iter().fold(String::new(), |pointer, segment| match segment {
        Segment::Seq { index } => format!("{pointer}/{index}"),
        Segment::Map { key } => format!("{pointer}/{}", escaped(key)),
        Segment::Enum { .. } | Segment::Unknown => pointer,
    })
}

/// A name as JSON pointers write it.
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// The field that serde speaks of, where it names one.
fn quoted(detail: &str) -> Option<&str> {
    let rest = ["unknown field `", "missing field `", "duplicate field `"].iter().find_map(|start| detail.strip_prefix(start))?;
    rest.split('`').next()
}

/// What serde says, for people.
fn said(detail: &str) -> String {
    let detail = detail.rsplit_once(" at line ").map_or(detail, |(said, _)| said);
    if let Some((_, known)) = detail.strip_prefix("unknown field `").and_then(|rest| rest.split_once("`, expected ")) {
        let known = known.strip_prefix("one of ").unwrap_or(known).replace('`', "");
        return format!("There is nothing of this name here. Known: {known}.");
    }
    if detail.starts_with("unknown field") {
        return "There is nothing of this name here.".to_owned();
    }
    if detail.starts_with("missing field") {
        return "This is needed.".to_owned();
    }
    if detail.starts_with("duplicate field") {
        return "This is given twice.".to_owned();
    }
    let plain = detail
        .replace("expected i64", "expected an integer")
        .replace("expected u32", "expected an integer from 0")
        .replace("expected a string", "expected text");
    let mut letters = plain.chars();
    letters.next().map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), letters.as_str().trim_end_matches('.')))
}

/// How many of a list a page holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit(usize);

impl Limit {
    const LARGEST: u32 = 100;
    const USUAL: usize = 20;

    /// As the query says: 1 to 100, 20 unless it says.
    pub fn of(limit: Option<u32>) -> Result<Limit, Problem> {
        match limit {
            None => Ok(Limit(Limit::USUAL)),
            Some(limit) if (1..=Limit::LARGEST).contains(&limit) => {
                usize::try_from(limit).map(Limit).map_err(|_| Problem::parameter("limit", "A page holds 1 to 100."))
            }
            Some(_) => Err(Problem::parameter("limit", "A page holds 1 to 100.")),
        }
    }

    pub fn rows(self) -> usize {
        self.0
    }

    /// One more than fits, by which is seen whether another page follows.
    pub fn and_one(self) -> i64 {
        i64::try_from(self.0 + 1).unwrap_or(i64::MAX)
    }
}

/// A cursor as `next` gave it; empty: from the beginning.
pub fn after(cursor: Option<String>) -> Result<String, Problem> {
    let Some(cursor) = cursor else { return Ok(String::new()) };
    let is_one = cursor.split_once('_').is_some_and(|(prefix, rest)| {
        !prefix.is_empty() && prefix.bytes().all(|b| b.is_ascii_lowercase()) && rest.len() == 32 && rest.bytes().all(|b| b.is_ascii_hexdigit())
    });
    if is_one { Ok(cursor) } else { Err(Problem::parameter("after", "This is no cursor. Take the `next` of the page before.")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only what is wrong with them is looked at")]
    struct Outer {
        name: String,
        parts: Vec<Inner>,
    }

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only what is wrong with them is looked at")]
    struct Inner {
        amount_minor: i64,
    }

    #[test]
    fn what_is_wrong_is_pointed_at() {
        let cases = [
            (r#"{"name":"a","parts":[{"amount_minor":1,"a/b":2}]}"#, "/parts/0/a~1b"),
            (r#"{"name":"a","parts":[{"amount_minor":"1"}]}"#, "/parts/0/amount_minor"),
            (r#"{"name":"a","parts":[{}]}"#, "/parts/0/amount_minor"),
            (r#"{"parts":[]}"#, "/name"),
            (r#"{"name":"a","name":"b","parts":[]}"#, "/name"),
            (r#"{"name":"a\u0000","parts":[]}"#, "/name"),
        ];
        for (body, pointer) in cases {
            let problem = parse::<Outer>(body.as_bytes()).unwrap_err();
            assert_eq!(problem.errors[0].pointer.as_deref(), Some(pointer), "{body}: {problem:?}");
        }
        for body in ["", "{", "NaN", r#"{"name":"a","parts":[]} x"#, r#"{"name":"a","parts":[{"amount_minor":NaN}]}"#] {
            assert_eq!(parse::<Outer>(body.as_bytes()).unwrap_err().kind, &MALFORMED, "{body}");
        }
        assert_eq!(parse::<Outer>(b"\xff").unwrap_err().kind, &MALFORMED);
        assert!(parse::<Outer>(br#"{"name":"\\u0000","parts":[]}"#).is_ok(), "a backslash and six letters");
    }
}

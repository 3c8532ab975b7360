//! The OpenAPI document: well formed, complete, and kept. Every answer of these stories is held against the schema it was promised to have.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use axum::http::Method;
use portico::api;
use serde_json::Value;

use crate::world::{Answer, World};

static DOCUMENT: LazyLock<Value> = LazyLock::new(|| serde_json::from_str(api::written()).unwrap());

/// An answer is as the document says: a status it names for this operation, a content type, and a body of the schema.
pub fn hold(method: &Method, path: &str, answer: &Answer) {
    assert!(answer.status < 500, "{method} {path}: {} {}", answer.status, answer.text);
    assert!(!answer.header("x-request-id").is_empty());
    assert_eq!(answer.header("access-control-allow-origin"), "", "no browser is let in");
    assert!(answer.headers.get("set-cookie").is_none(), "no cookie is given");
    let Some(operation) = operation_at(method, path.split('?').next().unwrap()) else { return };
    let promised = &operation["responses"][answer.status.to_string()];
    assert!(promised.is_object(), "{method} {path} answers {}, which the document does not name: {}", answer.status, answer.text);
    let content = &resolved(promised)["content"][answer.header("content-type")];
    assert!(content.is_object(), "{method} {path} answers {} as {}", answer.status, answer.header("content-type"));
    if answer.header("content-type").contains("json") {
        let body: Value = serde_json::from_str(&answer.text).unwrap();
        if let Err(wrong) = fits(&content["schema"], &body) {
            panic!("{method} {path}, {}: {wrong}\n{body:#}", answer.status);
        }
    }
}

fn operation_at(method: &Method, path: &str) -> Option<&'static Value> {
    let wanted: Vec<&str> = path.split('/').collect();
    let paths = DOCUMENT["paths"].as_object().unwrap();
    let (_, item) = paths.iter().find(|(template, _)| {
        let parts: Vec<&str> = template.split('/').collect();
        parts.len() == wanted.len() && parts.iter().zip(&wanted).all(|(part, given)| part.starts_with('{') || part == given)
    })?;
    item.get(method.as_str().to_lowercase())
}

fn resolved(value: &'static Value) -> &'static Value {
    match value["$ref"].as_str() {
        Some(address) => DOCUMENT.pointer(address.strip_prefix('#').unwrap()).unwrap_or_else(|| panic!("{address} leads nowhere")),
        None => value,
    }
}

/// Whether a value is of a schema, as far as our schemas go; and nothing is there that the schema does not name.
fn fits(schema: &'static Value, value: &Value) -> Result<(), String> {
    let schema = resolved(schema);
    if let Some(of) = schema["oneOf"].as_array().or_else(|| schema["anyOf"].as_array()) {
        let fitting = of.iter().filter(|one| fits(one, value).is_ok()).count();
        return if fitting == 1 { Ok(()) } else { Err(format!("{value} is {fitting} of {of:?}")) };
    }
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_i64() || number.is_u64() => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let kinds: Vec<&str> = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        kind => kind.as_str().into_iter().collect(),
    };
    if !kinds.contains(&kind) {
        return Err(format!("{value} is no {kinds:?}"));
    }
    if let Some(known) = schema["enum"].as_array().filter(|known| !known.contains(value)) {
        return Err(format!("{value} is none of {known:?}"));
    }
    if schema["format"] == "date-time" && value.as_str().is_some_and(|time| !time.ends_with('Z') || chrono::DateTime::parse_from_rfc3339(time).is_err()) {
        return Err(format!("{value} is no time in UTC"));
    }
    match value {
        Value::Array(items) => items.iter().try_for_each(|item| fits(&schema["items"], item)),
        Value::Object(fields) => {
            let Some(properties) = schema["properties"].as_object() else { return Ok(()) };
            for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                fields.get(name).ok_or_else(|| format!("{name} is missing"))?;
            }
            fields.iter().try_for_each(|(name, field)| {
                let schema = properties.get(name).ok_or_else(|| format!("{name} is not in the document"))?;
                fits(schema, field).map_err(|wrong| format!("{name}: {wrong}"))
            })
        }
        _ => Ok(()),
    }
}

#[tokio::test]
async fn the_document_is_served_to_anybody_and_names_every_operation() {
    let world = World::new().await;
    let answer = world.visitor().get("/api/v1/openapi.json").await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"));
    let document: Value = serde_json::from_str(&answer.text).unwrap();
    assert_eq!(document["openapi"], "3.1.0");
    let mut names = BTreeSet::new();
    for route in api::router::routes() {
        let operation = &document["paths"][route.path][route.method.as_str().to_lowercase()];
        assert_eq!(operation["operationId"], route.name);
        assert!(names.insert(route.name) && !route.summary.is_empty(), "{}", route.path);
        assert_eq!(operation["security"][0]["key"][0], route.scope.name());
        let declared: Vec<&str> = operation["parameters"].as_array().unwrap().iter().filter(|p| p["in"] == "path").filter_map(|p| p["name"].as_str()).collect();
        let braces: Vec<&str> = route.path.split('{').skip(1).map(|rest| rest.split('}').next().unwrap()).collect();
        assert_eq!(declared, braces, "{}", route.path);
        assert!(operation["parameters"].as_array().unwrap().iter().all(|p| !p.as_object().unwrap().values().any(Value::is_null)), "{}", route.path);
    }
    assert!(names.len() > 20);
}

#[test]
fn every_reference_leads_somewhere_and_no_schema_is_left_over() {
    let text = DOCUMENT.to_string();
    let mut used = BTreeSet::new();
    for rest in text.split("\"$ref\":\"").skip(1) {
        let address = rest.split('"').next().unwrap();
        assert!(DOCUMENT.pointer(address.strip_prefix('#').unwrap()).is_some(), "{address} leads nowhere");
        used.insert(address.to_owned());
    }
    for name in DOCUMENT["components"]["schemas"].as_object().unwrap().keys() {
        assert!(used.contains(&format!("#/components/schemas/{name}")), "{name} is used by nothing");
    }
}

#[tokio::test]
async fn people_read_it_without_script() {
    let world = World::new().await;
    let page = world.visitor().get("/api").await;
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
    for route in api::router::routes() {
        assert!(page.text.contains(&format!("id=\"{}\"", route.name)), "{} is not on the page", route.name);
    }
    for kind in DOCUMENT["x-problems"].as_array().unwrap() {
        let anchor = kind["type"].as_str().unwrap().strip_prefix("/api#").unwrap();
        assert!(page.text.contains(&format!("id=\"{anchor}\"")), "{anchor} is not on the page");
    }
    for link in page.text.split("href=\"#").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        assert!(page.text.contains(&format!("id=\"{link}\"")), "#{link} leads nowhere");
    }
}

//! The OpenAPI 3.1 document: made of the table of operations and the types they take and give, once.

use std::sync::LazyLock;

use axum::http::Method;
use serde_json::{Map, Value, json};

use super::VERSION;
use super::problem::{self, KINDS, Told};
use super::route::{Described, Route};
use super::router::routes;

static DOCUMENT: LazyLock<Value> = LazyLock::new(made);
static TEXT: LazyLock<String> = LazyLock::new(|| DOCUMENT.to_string());

pub fn document() -> &'static Value {
    &DOCUMENT
}

pub fn text() -> &'static str {
    &TEXT
}

/// What holds for every operation. Markdown, of which the page at `/api` reads headings, paragraphs, lists and code.
const CONVENTIONS: &str = "\
Programs of a vendor speak to Portico here. Bodies are JSON, in UTF-8; names that nobody knows are refused, with the place where they stand.

## Keys

Send `Authorization: Bearer pk_live_…`. A key belongs to one vendor, and a sandbox is a vendor of its own: its keys begin with `pk_test_`. Make one with \
`portico api-key create --name … --scopes …`; it is shown once. `rotate` makes a new one and lets the old one go on for a while, `revoke` ends it at once. \
Each operation names the scope it needs. Keys are for servers: no browser is let in.

## Ids

Wherever an id of ours is asked for, `ext:` and your own does too: a customer’s or subscription’s `external_id`, a plan’s `key`. \
What is another vendor’s is not there.

## Money, numbers, times

Amounts are integers in minor units of their `currency`: 4700 in EUR is €47.00, 4700 in JPY is ¥4,700. Quantities, percentages and unit prices are decimals as strings; a unit price in \
minor units may be `\"0.8\"`. Times are RFC 3339 in UTC.

## Doing a thing once

Every POST carries an `Idempotency-Key`. Sent again with the same body within a day, it is answered as before, with `Idempotency-Replayed: true`, and nothing is done twice. \
With another body or address it is refused; while the first is under way, the second is told to wait. A network that fails halfway is no reason to worry: send it again. \
Answers 401, 403, 409, 413, 415, 429 and 5xx are not kept.

## Pages

Lists come in pages: `limit` of 1 to 100, and `next` of one page is `after` of the next. A cursor is not for reading.

## Versions

`Portico-Version` names the form of the API by its day and stands in every answer. There is one so far, and it is meant when the header is absent. \
New fields and new kinds may appear within a version: ignore what you don’t know.

## Limits

`RateLimit` says how many calls the key has left and for how many seconds, `RateLimit-Policy` how many it has. Beyond, the answer is 429 with `Retry-After`.";

fn made() -> Value {
    let mut shared = Described { path: "", parameters: Vec::new(), body: None, answer: (200, "", Value::Null), schemas: Default::default() };
    let problem = shared.schema::<Told>();
    let mut paths: Map<String, Value> = Map::new();
    let mut tags: Vec<&'static str> = Vec::new();
    for route in routes() {
        shared.schemas.extend(route.described.schemas.clone());
        if !tags.contains(&route.noun) {
            tags.push(route.noun);
        }
        paths.entry(route.path).or_insert_with(|| json!({}))[route.method.as_str().to_lowercase()] = operation(&route);
    }
    let meanings: Vec<Value> = KINDS
        .iter()
        .map(|kind| json!({ "type": kind.address(), "name": kind.name, "status": kind.status, "title": kind.title, "meaning": kind.meaning }))
        .collect();
    json!({
        "openapi": "3.1.0",
        "info": { "title": "Portico", "version": VERSION, "description": CONVENTIONS, "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" } },
        "servers": [{ "url": "/api/v1" }],
        "tags": tags.iter().map(|name| json!({ "name": name })).collect::<Vec<_>>(),
        "security": [{ "key": [] }],
        "paths": paths,
        "components": {
            "schemas": shared.schemas,
            "responses": { "Problem": { "description": "What went wrong.", "headers": headers(), "content": { problem::CONTENT_TYPE: { "schema": problem } } } },
            "parameters": {
                "Version": { "name": "Portico-Version", "in": "header", "description": "The version of the API that is meant.", "schema": { "type": "string", "enum": [VERSION] } },
                "IdempotencyKey": {
                    "name": "Idempotency-Key", "in": "header", "required": true, "description": "A new one for each thing you want done, the same one when you try again.",
                    "schema": { "type": "string", "pattern": "^[!-~]{1,255}$", "minLength": 1, "maxLength": 255 },
                },
            },
            "headers": {
                "Version": { "description": "The version this answer is of.", "schema": { "type": "string" } },
                "RateLimit": { "description": "Calls the key has left (r), and seconds until it has all again (t).", "schema": { "type": "string" } },
                "RateLimitPolicy": { "description": "Calls a key has (q) in a window of so many seconds (w).", "schema": { "type": "string" } },
                "RequestId": { "description": "Names this request in our log.", "schema": { "type": "string" } },
                "Replayed": { "description": "There, and true, where this was answered before.", "schema": { "type": "string" } },
            },
            "securitySchemes": { "key": { "type": "http", "scheme": "bearer", "description": "An API key, pk_live_… or pk_test_…" } },
        },
        "x-problems": meanings,
    })
}

fn operation(route: &Route) -> Value {
    let is_post = route.method == Method::POST;
    let mut parameters = vec![json!({ "$ref": "#/components/parameters/Version" })];
    if is_post {
        parameters.push(json!({ "$ref": "#/components/parameters/IdempotencyKey" }));
    }
    parameters.extend(route.described.parameters.iter().cloned());
    let (status, content_type, schema) = &route.described.answer;
    let mut headers = headers();
    if is_post {
        headers["Idempotency-Replayed"] = json!({ "$ref": "#/components/headers/Replayed" });
    }
    let mut responses = json!({ status.to_string(): { "description": "Done.", "headers": headers, "content": { *content_type: { "schema": schema } } } });
    for status in problems_of(route) {
        responses[status.to_string()] = json!({ "$ref": "#/components/responses/Problem" });
    }
    let mut operation = json!({
        "operationId": route.name, "summary": route.summary, "tags": [route.noun], "parameters": parameters, "responses": responses,
        "security": [{ "key": [route.scope.name()] }],
    });
    if !route.about.is_empty() {
        operation["description"] = json!(route.about);
    }
    if let Some(body) = &route.described.body {
        operation["requestBody"] = json!({ "required": true, "content": { "application/json": { "schema": body } } });
    }
    operation
}

/// Which problems an operation can come to, by status.
fn problems_of(route: &Route) -> Vec<u16> {
    let names = |field: &str| {
        route.described.schemas.values().any(|schema| schema["properties"].get(field).is_some())
            || route.described.parameters.iter().any(|p| p["name"] == field)
    };
    let mut all = vec![400, 401, 403, 429, 500, 503];
    if route.path.contains('{') || names("customer_id") {
        all.push(404);
    }
    if route.method != Method::GET {
        all.extend([409, 413, 415, 422]);
    }
    // A range of time may lie outside the calendar.
    if route.described.parameters.iter().any(|parameter| parameter["name"] == "from") {
        all.push(422);
    }
    all
}

fn headers() -> Value {
    let of = |name: &str| json!({ "$ref": format!("#/components/headers/{name}") });
    json!({ "Portico-Version": of("Version"), "RateLimit": of("RateLimit"), "RateLimit-Policy": of("RateLimitPolicy"), "X-Request-Id": of("RequestId") })
}

//! What went wrong, as RFC 9457 has it: a stable type, a sentence, and by field what is wrong with it. The types are told at `/api#problems`.

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::give::Given;
use crate::platform::db::DbError;
use crate::platform::request::RequestId;
use crate::services::Refusal;

pub const CONTENT_TYPE: &str = "application/problem+json";

/// A kind of problem. Its name is for programs and never changes.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    pub name: &'static str,
    pub status: u16,
    pub title: &'static str,
    /// What to do about it.
    pub meaning: &'static str,
}

macro_rules! kinds {
    ($($id:ident $name:literal $status:literal $title:literal $meaning:literal;)*) => {
        $(pub static $id: Kind = Kind { name: $name, status: $status, title: $title, meaning: $meaning };)*
        /// Every kind there is, as documented.
        pub static KINDS: &[&Kind] = &[$(&$id),*];
    };
}
kinds! {
    MALFORMED "malformed" 400 "The request can’t be read" "The body is no JSON or no UTF-8, or a query parameter or header is not of its form. Correct it; sending it again as it is will not help.";
    KEY_MISSING "idempotency-key-missing" 400 "An Idempotency-Key is needed" "Every POST carries a header Idempotency-Key: 1 to 255 visible ASCII characters, a new one (a UUID, say) for each thing you want done, the same one when you try again.";
    VERSION "version-unknown" 400 "There is no such version" "Portico-Version names a version this installation does not speak. Leave it away for the only one.";
    UNAUTHENTICATED "unauthenticated" 401 "No valid API key" "Send Authorization: Bearer and a key. It may have been revoked, or replaced and past its end.";
    SCOPE "scope-missing" 403 "The key’s scopes don’t reach this far" "The detail names the scope that is needed. Make a key with it.";
    NOT_FOUND "not-found" 404 "There is no such thing" "Nothing of yours has this id or address. Another vendor’s things look the same.";
    METHOD "method-not-allowed" 405 "This address takes other methods" "The header Allow names them.";
    CONFLICT "conflict" 409 "Something else came first" "What you ask for clashes with what is there by now: an id of yours that is taken, a payment under way. The detail says which. Look again before you try again.";
    UNDER_WAY "idempotency-key-in-flight" 409 "The same request is under way" "A request with this Idempotency-Key has not been answered yet. Send it again after Retry-After.";
    TOO_LARGE "too-large" 413 "The body is too large" "A body has at most 1 MiB.";
    ADDRESS "address-too-long" 414 "The address is too long" "Ask for less in the query.";
    MEDIA_TYPE "unsupported-media-type" 415 "The body must be JSON" "Send Content-Type: application/json.";
    FIELDS "fields" 422 "Some fields can’t be used" "The list errors says what is wrong with each, by JSON pointer. Nothing was done.";
    RULE "rule" 422 "That can’t be done" "A rule of the business says no; the detail says which. Nothing was done.";
    KEY_REUSED "idempotency-key-reused" 422 "The Idempotency-Key stands for another request" "It was sent with another address or body within the last day. Take a new one for a new thing.";
    RATE "rate-limited" 429 "Too many calls" "Wait for as many seconds as Retry-After says.";
    OURS "internal" 500 "We made a mistake" "Nothing was done. Try again with the same Idempotency-Key; if it stays, give us the request_id.";
    BUSY "busy" 503 "The database is busy" "Nothing was done. Try again after Retry-After, with the same Idempotency-Key.";
}

impl Kind {
    /// The address that names it, relative to the installation.
    pub fn address(&self) -> String {
        format!("/api#problem-{}", self.name)
    }
}

/// A problem to be told.
#[derive(Clone, Debug)]
pub struct Problem {
    pub kind: &'static Kind,
    pub detail: String,
    pub errors: Vec<Wrong>,
    pub retry_after_s: Option<i64>,
}

/// One thing that is wrong with a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Wrong {
    /// Where in the body, as a JSON pointer (RFC 6901).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    /// Which query parameter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameter: Option<String>,
    /// What is wrong with it, for a person.
    pub detail: String,
}

/// A problem document, as RFC 9457 has it.
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct Told {
    /// Names the kind of problem, and where it is explained. For programs; never changes.
    #[serde(rename = "type")]
    kind: String,
    /// The kind in words.
    title: &'static str,
    status: u16,
    /// What happened here, for a person.
    detail: String,
    /// What is wrong with which field or parameter.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    errors: Vec<Wrong>,
    /// Names this request in our log.
    request_id: String,
}

impl Problem {
    pub fn new(kind: &'static Kind, detail: impl Into<String>) -> Problem {
        Problem { kind, detail: detail.into(), errors: Vec::new(), retry_after_s: None }
    }

    /// One wrong field of the body.
    pub fn at(pointer: impl Into<String>, detail: impl Into<String>) -> Problem {
        let wrong = Wrong { pointer: Some(pointer.into()), parameter: None, detail: detail.into() };
        Problem { errors: vec![wrong], ..Problem::new(&FIELDS, "A field of the body can’t be used. Nothing was done.") }
    }

    /// What people will read has to say something.
    pub fn unless_named(name: &str, pointer: impl Into<String>) -> Result<(), Problem> {
        if name.trim().is_empty() { Err(Problem::at(pointer, "Enter a name.")) } else { Ok(()) }
    }

    /// One wrong query parameter.
    pub fn parameter(name: impl Into<String>, detail: impl Into<String>) -> Problem {
        let wrong = Wrong { pointer: None, parameter: Some(name.into()), detail: detail.into() };
        Problem { errors: vec![wrong], ..Problem::new(&MALFORMED, "A query parameter can’t be used.") }
    }

    pub fn retry_after(self, seconds: i64) -> Problem {
        Problem { retry_after_s: Some(seconds), ..self }
    }

    /// Whether it is what the request itself came to, and would come to again: such an answer is kept under its Idempotency-Key.
    pub fn is_final(&self) -> bool {
        matches!(self.kind.status, 400 | 404 | 422)
    }

    /// The document, naming its request.
    pub fn told(&self, id: &RequestId) -> Given {
        let told = Told {
            kind: self.kind.address(),
            title: self.kind.title,
            status: self.kind.status,
            detail: self.detail.clone(),
            errors: self.errors.clone(),
            request_id: id.0.clone(),
        };
        let body = serde_json::to_vec(&told).unwrap_or_default();
        Given { status: self.kind.status, content_type: CONTENT_TYPE, headers: Vec::new(), body }
    }

    pub fn respond(&self, id: &RequestId) -> Response {
        let mut response = self.told(id).respond();
        let headers = response.headers_mut();
        if self.kind == &UNAUTHENTICATED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"Portico\""));
        }
        if let Some(seconds) = self.retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Problem {
        let sentence = refusal.to_string();
        match refusal {
            Refusal::NotFound => Problem::new(&NOT_FOUND, "There is nothing of yours at this address."),
            Refusal::Rule(_) => Problem::new(&RULE, sentence),
            Refusal::Incomplete(lacking) => Problem {
                errors: lacking.into_iter().map(|lacking| Wrong { pointer: None, parameter: None, detail: lacking.sentence().to_string() }).collect(),
                ..Problem::new(&RULE, sentence)
            },
            Refusal::Conflict(_) => Problem::new(&CONFLICT, sentence),
            // A key has scopes and no roles; a program has no second factor.
            Refusal::Role | Refusal::StepUp => Problem::new(&SCOPE, sentence),
            Refusal::Fields(errors) => Problem {
                errors: errors
                    .into_iter()
                    .map(|error| Wrong { pointer: Some(format!("/{}", error.field)), parameter: None, detail: error.sentence.to_string() })
                    .collect(),
                ..Problem::new(&FIELDS, "Some fields of the body can’t be used. Nothing was done.")
            },
            Refusal::Database(error) if error.is_contention() => {
                tracing::warn!(%error, "the database was busy");
                Problem::new(&CONFLICT, "Somebody else changed the same things at this moment. Nothing was done; send it again.").retry_after(1)
            }
            Refusal::Database(error) if error.is_busy() => {
                tracing::warn!(%error, "the database was busy");
                Problem::new(&BUSY, "The database has more to do than it can at this moment. Nothing was done.").retry_after(1)
            }
            Refusal::Database(error) => ours(&error),
            Refusal::Damaged(what) => ours(&what),
        }
    }
}

fn ours(what: &dyn std::fmt::Display) -> Problem {
    tracing::error!(%what, "an API call failed");
    Problem::new(&OURS, "Something went wrong on our side. Nothing was done.")
}

impl From<DbError> for Problem {
    fn from(error: DbError) -> Problem {
        Refusal::Database(error).into()
    }
}

impl From<billing::Error> for Problem {
    fn from(error: billing::Error) -> Problem {
        Refusal::from(error).into()
    }
}

/// A status that came from before or around this door (the guard, a panic), told as a problem.
pub fn of_bare(status: StatusCode, id: &RequestId) -> Response {
    let kind = match status {
        StatusCode::URI_TOO_LONG => &ADDRESS,
        StatusCode::PAYLOAD_TOO_LARGE => &TOO_LARGE,
        StatusCode::NOT_FOUND => &NOT_FOUND,
        StatusCode::METHOD_NOT_ALLOWED => &METHOD,
        StatusCode::UNSUPPORTED_MEDIA_TYPE => &MEDIA_TYPE,
        status if status.is_server_error() => &OURS,
        _ => &MALFORMED,
    };
    Problem::new(kind, kind.meaning).respond(id)
}

impl Given {
    pub fn respond(self) -> Response {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        for (name, value) in self.headers {
            response.headers_mut().insert(name, value);
        }
        response.into_response()
    }
}

/// A header of text that may be no header: then it is left away.
pub fn set(response: &mut Response, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(HeaderName::from_static(name), value);
    }
}

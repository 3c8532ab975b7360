//! What an operation gives: each answer knows its status and its schema, so that the document is made of the very types.

use axum::http::{HeaderName, HeaderValue};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::problem::Problem;
use super::route::Described;
use super::take::Limit;
use crate::services::Refusal;

/// An answer, ready to be sent or kept.
#[derive(Clone, Debug)]
pub struct Given {
    pub status: u16,
    pub content_type: &'static str,
    pub headers: Vec<(HeaderName, HeaderValue)>,
    pub body: Vec<u8>,
}

pub trait Give: Send {
    fn give(self) -> Result<Given, Problem>;
    /// Status, content type and schema of the answer.
    fn describe(described: &mut Described) -> (u16, &'static str, Value);
}

pub const JSON: &str = "application/json";

fn json_of(status: u16, body: &impl Serialize) -> Result<Given, Problem> {
    Ok(Given { status, content_type: JSON, headers: Vec::new(), body: serde_json::to_vec(body).map_err(Refusal::damaged)? })
}

/// 200 with a thing.
pub struct Json<T>(pub T);

impl<T: Serialize + ToSchema + Send> Give for Json<T> {
    fn give(self) -> Result<Given, Problem> {
        json_of(200, &self.0)
    }

    fn describe(described: &mut Described) -> (u16, &'static str, Value) {
        (200, JSON, described.schema::<T>())
    }
}

/// 201 with the new thing.
pub struct Created<T>(pub T);

impl<T: Serialize + ToSchema + Send> Give for Created<T> {
    fn give(self) -> Result<Given, Problem> {
        json_of(201, &self.0)
    }

    fn describe(described: &mut Described) -> (u16, &'static str, Value) {
        (201, JSON, described.schema::<T>())
    }
}

/// A page of a list: `{"data": […], "next": "…" | null}`.
#[derive(Serialize)]
pub struct Page<T> {
    pub data: Vec<T>,
    /// The cursor of the next page; null: this is the last.
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// Of rows that were asked for with one more than fits ([`Limit::and_one`]).
    pub fn of<R>(mut rows: Vec<R>, limit: Limit, id: impl Fn(&R) -> &str, shown: impl Fn(R) -> Result<T, Refusal>) -> Result<Page<T>, Problem> {
        let has_more = rows.len() > limit.rows();
        rows.truncate(limit.rows());
        let next = rows.last().filter(|_| has_more).map(|last| id(last).to_owned());
        Ok(Page { data: rows.into_iter().map(shown).collect::<Result<_, _>>()?, next })
    }

    /// Of a list that is short by nature and was read whole, in its own order.
    pub fn cut<R>(rows: Vec<R>, limit: Limit, after: &str, id: impl Fn(&R) -> &str, shown: impl Fn(R) -> Result<T, Refusal>) -> Result<Page<T>, Problem> {
        let from = match after {
            "" => 0,
            after => rows.iter().position(|row| id(row) == after).map_or(rows.len(), |at| at + 1),
        };
        let rows: Vec<R> = rows.into_iter().skip(from).take(limit.rows() + 1).collect();
        Page::of(rows, limit, id, shown)
    }
}

impl<T: Serialize + ToSchema + Send> Give for Page<T> {
    fn give(self) -> Result<Given, Problem> {
        json_of(200, &self)
    }

    fn describe(described: &mut Described) -> (u16, &'static str, Value) {
        let item = described.schema::<T>();
        let page = json!({
            "type": "object",
            "required": ["data", "next"],
            "properties": {
                "data": { "type": "array", "items": item },
                "next": { "type": ["string", "null"], "description": "Give it as `after` for the next page; null: this is the last." },
            },
        });
        (200, JSON, page)
    }
}

/// A PDF.
pub struct Pdf {
    pub bytes: Vec<u8>,
    pub file_name: String,
}

impl Give for Pdf {
    fn give(self) -> Result<Given, Problem> {
        file(PDF, self.bytes, &self.file_name)
    }

    fn describe(_: &mut Described) -> (u16, &'static str, Value) {
        (200, PDF, json!({ "type": "string", "contentMediaType": PDF }))
    }
}

/// An XML file.
pub struct Xml {
    pub bytes: Vec<u8>,
    pub file_name: String,
}

impl Give for Xml {
    fn give(self) -> Result<Given, Problem> {
        file(XML, self.bytes, &self.file_name)
    }

    fn describe(_: &mut Described) -> (u16, &'static str, Value) {
        (200, XML, json!({ "type": "string", "contentMediaType": XML }))
    }
}

const PDF: &str = "application/pdf";
const XML: &str = "application/xml";

fn file(content_type: &'static str, body: Vec<u8>, name: &str) -> Result<Given, Problem> {
    let name = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")).map_err(Refusal::damaged)?;
    Ok(Given { status: 200, content_type, headers: vec![(axum::http::header::CONTENT_DISPOSITION, name)], body })
}

//! The PDF of a document, handed out.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::app::App;
use crate::identity::Member;
use crate::services::payments::Errand;
use crate::services::{Refusal, invoices};

pub async fn download(app: &App, member: &Member, headers: &HeaderMap, number: &str) -> Result<Response, Refusal> {
    let mut desk = member.reads(app).await?;
    let invoice = invoices::by_number(&mut desk, &member.customer_id, number).await?;
    drop(desk);
    let etag = invoices::paper_tag(&invoice);
    if headers.get(header::IF_NONE_MATCH).and_then(|tag| tag.to_str().ok()).is_some_and(|tags| tags.split(',').any(|tag| tag.trim() == etag)) {
        return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, text(&etag))]).into_response());
    }
    let paper = invoices::paper(&Errand::new(app, &member.vendor, member.actor()), &invoice).await?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/pdf")),
        (header::CONTENT_DISPOSITION, text(&format!("attachment; filename=\"{}\"", paper.file_name))),
        (header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache")),
        (header::ETAG, text(&etag)),
    ];
    Ok((headers, paper.bytes).into_response())
}

fn text(value: &str) -> HeaderValue {
    HeaderValue::from_str(value).unwrap_or_else(|_| HeaderValue::from_static(""))
}

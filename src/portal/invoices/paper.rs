//! A document's files, handed out: its PDF and its structured forms.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};

use crate::app::App;
use crate::identity::Member;
use crate::services::invoices::{File, Syntax};
use crate::services::payments::Errand;
use crate::services::{Refusal, invoices};

pub async fn download(app: &App, member: &Member, number: &str) -> Result<Response, Refusal> {
    let mut desk = member.reads(app).await?;
    let invoice = invoices::by_number(&mut desk, &member.customer_id, number).await?;
    drop(desk);
    let paper = invoices::paper(&Errand::new(app, &member.vendor, member.actor()), &invoice).await?;
    Ok(handed_out(paper, "application/pdf"))
}

pub async fn structured(app: &App, member: &Member, number: &str, syntax: Syntax) -> Result<Response, Refusal> {
    let mut desk = member.reads(app).await?;
    let invoice = invoices::by_number(&mut desk, &member.customer_id, number).await?;
    Ok(handed_out(invoices::structured(&member.vendor, &invoice, syntax)?, "application/xml"))
}

fn handed_out(file: File, media_type: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(media_type)),
        (header::CONTENT_DISPOSITION, text(&format!("attachment; filename=\"{}\"", file.file_name))),
        // Not even the browser keeps it: a shared computer's next user must not find it.
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        // A viewer that opens it in the browser runs nothing of it in the portal's name.
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox; default-src 'none'; frame-ancestors 'none'")),
    ];
    (headers, file.bytes).into_response()
}

fn text(value: &str) -> HeaderValue {
    HeaderValue::from_str(value).unwrap_or_else(|_| HeaderValue::from_static(""))
}

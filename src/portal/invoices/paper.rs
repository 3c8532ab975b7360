//! The PDF of a document, handed out.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};

use crate::app::App;
use crate::identity::Member;
use crate::services::payments::Errand;
use crate::services::{Refusal, invoices};

pub async fn download(app: &App, member: &Member, number: &str) -> Result<Response, Refusal> {
    let mut desk = member.reads(app).await?;
    let invoice = invoices::by_number(&mut desk, &member.customer_id, number).await?;
    drop(desk);
    let paper = invoices::paper(&Errand::new(app, &member.vendor, member.actor()), &invoice).await?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/pdf")),
        (header::CONTENT_DISPOSITION, text(&format!("attachment; filename=\"{}\"", paper.file_name))),
        // Not even the browser keeps it: a shared computer's next user must not find it.
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        // A viewer that opens it in the browser runs nothing of it in the portal's name.
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox; default-src 'none'; frame-ancestors 'none'")),
    ];
    Ok((headers, paper.bytes).into_response())
}

fn text(value: &str) -> HeaderValue {
    HeaderValue::from_str(value).unwrap_or_else(|_| HeaderValue::from_static(""))
}

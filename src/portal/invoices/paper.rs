//! A document's files, handed out: its PDF and its structured forms.

use axum::response::Response;

use crate::app::App;
use crate::identity::Member;
use crate::portal::files::handed_out;
use crate::services::invoices::Syntax;
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

//! The PDF of a document: rendered once from its frozen form, kept, and handed out as the same bytes ever after.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};

use crate::app::App;
use crate::identity::Member;
use crate::services::invoices::{self, pdf};
use crate::services::{Desk, Refusal};
use crate::ui::sheet::sheet;

pub async fn download(app: &App, member: &Member, number: &str) -> Result<Response, Refusal> {
    let mut desk = member.reads(app).await?;
    let invoice = invoices::by_number(&mut desk, &member.customer_id, number).await?;
    let bytes = match invoices::kept_pdf(&mut desk, &invoice.id).await? {
        Some(bytes) => bytes,
        None => {
            drop(desk);
            let sheet = sheet(&invoice.snapshot()?, &format!("{}/{}", member.vendor.id, invoice.id));
            let rendered = tokio::task::spawn_blocking(move || pdf::render(&sheet)).await.map_err(Refusal::damaged)?.map_err(Refusal::damaged)?;
            let mut desk = Desk::write(app, &member.vendor, member.actor()).await?;
            let bytes = invoices::keep_pdf(&mut desk, &invoice.id, &rendered).await?;
            desk.commit().await?;
            bytes
        }
    };
    let name = file_name(&member.vendor.name, &invoice.number);
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/pdf")),
        (header::CONTENT_DISPOSITION, text(&format!("attachment; filename=\"{name}\""))),
        // Not even the browser keeps it: a shared computer's next user must not find it.
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        // A viewer that opens it in the browser runs nothing of it in the portal's name.
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox; default-src 'none'; frame-ancestors 'none'")),
    ];
    Ok((headers, bytes).into_response())
}

fn text(value: &str) -> HeaderValue {
    HeaderValue::from_str(value).unwrap_or_else(|_| HeaderValue::from_static(""))
}

/// `Kestrel-2026-0012.pdf`: letters that every system can keep.
fn file_name(vendor: &str, number: &str) -> String {
    let plain = |text: &str| text.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '-' }).collect::<String>().trim_matches('-').to_owned();
    let (vendor, number) = (plain(vendor), plain(number));
    if vendor.is_empty() { format!("{number}.pdf") } else { format!("{vendor}-{number}.pdf") }
}

#[cfg(test)]
mod tests {
    use super::file_name;

    #[test]
    fn a_file_name_has_nothing_that_could_end_the_header() {
        assert_eq!(file_name("Kestrel", "2026-0012"), "Kestrel-2026-0012.pdf");
        assert_eq!(file_name("\"; x=\r\n", "CN-1"), "x-CN-1.pdf");
        assert_eq!(file_name("鷹", "1"), "1.pdf");
    }
}

//! What is handed out as a file: papers, and tables for spreadsheets.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};

use crate::services::invoices::File;

/// A document or paper.
pub fn handed_out(file: File, media_type: &'static str) -> Response {
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

/// Rows as a table for spreadsheets. The cells are as they shall stand: see [`cell`] and [`plain_amount`].
pub fn table<R: AsRef<[u8]>>(file_name: &str, rows: impl IntoIterator<Item = Vec<R>>) -> Result<Response, csv::Error> {
    let mut out = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    for row in rows {
        out.write_record(row)?;
    }
    let bytes = out.into_inner().map_err(|error| error.into_error())?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::CONTENT_DISPOSITION, text(&format!("attachment; filename=\"{file_name}\""))),
    ];
    Ok((headers, bytes).into_response())
}

/// `65.12`: for programs, so a point and no signs.
pub fn plain_amount(amount_minor: i64, currency: &str) -> String {
    let exponent = billing::money::Currency::from_code(currency).map_or(0, |currency| currency.exponent());
    rust_decimal::Decimal::new(amount_minor, exponent).to_string()
}

/// Words that a spreadsheet would take for a formula are made words again. Figures are ours and stay figures.
pub fn cell(words: &str) -> String {
    if words.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '|', '%']) { format!("'{words}") } else { words.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_words_become_a_formula() {
        for words in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "|cmd", "%0A"] {
            assert_eq!(cell(words), format!("'{words}"));
        }
        assert_eq!(cell("Build minutes"), "Build minutes");
    }

    #[test]
    fn amounts_have_the_digits_of_their_currency() {
        assert_eq!(plain_amount(6512, "EUR"), "65.12");
        assert_eq!(plain_amount(-5, "EUR"), "-0.05");
        assert_eq!(plain_amount(120, "JPY"), "120");
        assert_eq!(plain_amount(10001, "BHD"), "10.001");
    }
}

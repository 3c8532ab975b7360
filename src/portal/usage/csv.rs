//! `/usage.csv`: the table of the page as a file, also where a page would be too long for it.

use axum::extract::{RawQuery, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::SecondsFormat;

use super::{Asked, by_name, refused};
use crate::app::App;
use crate::identity::Member;
use crate::services::Refusal;
use crate::services::usage::{self, Ask, Report, Room};
use crate::words::Words;

pub async fn download(State(app): State<App>, member: Member, RawQuery(query): RawQuery) -> Response {
    let w = Words::of(&member.locale);
    let asked = Asked::read(query.as_deref().unwrap_or_default());
    if let Some(error) = asked.errors.first() {
        return (StatusCode::UNPROCESSABLE_ENTITY, w.tell(&error.sentence)).into_response();
    }
    let made = async {
        let mut desk = member.reads(&app).await?;
        usage::report(&mut desk, &member.customer_id, &Ask { room: Room::File, ..asked.ask }).await
    };
    match made.await {
        Ok(Some(report)) => file(&report).unwrap_or_else(|error| refused(w, &Refusal::damaged(error))),
        Ok(None) => StatusCode::NOT_FOUND.into_response(),
        Err(Refusal::Fields(errors)) => {
            (StatusCode::UNPROCESSABLE_ENTITY, errors.iter().map(|error| w.tell(&error.sentence)).collect::<Vec<_>>().join(" ")).into_response()
        }
        Err(refusal) => refused(w, &refusal),
    }
}

fn file(report: &Report) -> Result<Response, csv::Error> {
    let bytes = text(report)?;
    let from = report.range.start.with_timezone(&report.zone).date_naive();
    let key: String = report.meter.key.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' || c == '-' { c } else { '_' }).collect();
    let name = format!("attachment; filename=\"usage-{key}-{from}-by-{}.csv\"", by_name(report.by));
    let mut response = ([(header::CONTENT_TYPE, "text/csv; charset=utf-8"), (header::CACHE_CONTROL, "no-store")], bytes).into_response();
    if let Ok(name) = HeaderValue::from_str(&name) {
        response.headers_mut().insert(header::CONTENT_DISPOSITION, name);
    }
    Ok(response)
}

/// One line a row of what was counted; expectations are no figures to keep books by. Times are local with their offset.
fn text(report: &Report) -> Result<Vec<u8>, csv::Error> {
    let mut out = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    out.write_record(["from", "to", "time_zone", "meter", "unit", "used", "running_total", "currency", "cost_so_far"])?;
    let currency = report.priced.as_ref().map_or("", |priced| priced.currency);
    let time = |at: crate::platform::clock::Instant| at.with_timezone(&report.zone).to_rfc3339_opts(SecondsFormat::Secs, false);
    for row in report.rows.iter().filter(|row| !row.is_expected) {
        let cost = row.cost_minor.map(|cost| plain_amount(cost, currency)).unwrap_or_default();
        let currency = if row.cost_minor.is_some() { currency } else { "" };
        let used = row.used.unwrap_or_default().normalize().to_string();
        let total = row.total.normalize().to_string();
        out.write_record([
            &time(row.start),
            &time(row.end),
            report.zone.name(),
            &cell(&report.meter.name),
            &cell(&report.meter.unit),
            &used,
            &total,
            currency,
            &cost,
        ])?;
    }
    out.into_inner().map_err(|error| error.into_error().into())
}

/// `65.12`: for programs, so a point and no signs.
fn plain_amount(amount_minor: i64, currency: &str) -> String {
    let exponent = billing::money::Currency::from_code(currency).map_or(0, |currency| currency.exponent());
    rust_decimal::Decimal::new(amount_minor, exponent).to_string()
}

/// Words that a spreadsheet would take for a formula are made words again. Figures are ours and stay figures.
fn cell(words: &str) -> String {
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

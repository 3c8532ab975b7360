//! `/usage.csv`: the table of the page as a file, also where a page would be too long for it.

use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chrono::SecondsFormat;

use super::{Asked, by_name, refused};
use crate::app::App;
use crate::identity::Member;
use crate::portal::files::{cell, plain_amount, table};
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
    let from = report.range.start.with_timezone(&report.zone).date_naive();
    let key: String = report.meter.key.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' || c == '-' { c } else { '_' }).collect();
    table(&format!("usage-{key}-{from}-by-{}.csv", by_name(report.by)), rows(report))
}

/// One line a row of what was counted; expectations are no figures to keep books by. Times are local with their offset.
fn rows(report: &Report) -> Vec<Vec<String>> {
    let mut rows = vec![["from", "to", "time_zone", "meter", "unit", "used", "running_total", "currency", "cost_so_far"].map(str::to_owned).to_vec()];
    let currency = report.priced.as_ref().map_or("", |priced| priced.currency);
    let time = |at: crate::platform::clock::Instant| at.with_timezone(&report.zone).to_rfc3339_opts(SecondsFormat::Secs, false);
    for row in report.rows.iter().filter(|row| !row.is_expected) {
        let cost = row.cost_minor.map(|cost| plain_amount(cost, currency)).unwrap_or_default();
        let currency = if row.cost_minor.is_some() { currency } else { "" };
        let used = row.used.unwrap_or_default().normalize().to_string();
        let total = row.total.normalize().to_string();
        let zone = report.zone.name().to_owned();
        rows.push(vec![time(row.start), time(row.end), zone, cell(&report.meter.name), cell(&report.meter.unit), used, total, currency.to_owned(), cost]);
    }
    rows
}

//! `/usage` and `/usage.csv` (and [`alerts`], below them): what was used, hour by hour, day by day, month by month; what it has cost so far and is expected to cost; the
//! period before. The figures come from the room, added up; the engine has rated them.

use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use leptos::either::Either;
use leptos::prelude::*;

use crate::app::App;
use crate::identity::Member;
use crate::islands::chart_reader::ChartReader;
use crate::portal::entry;
use crate::portal::routes::Route;
use crate::services::embed_sessions::Scope;
use crate::services::usage::{self, Ask, By, Report, Standing};
use crate::services::{FieldError, Refusal};
use crate::ui::chart;
use crate::ui::shell::{self, Place};
use crate::ui::{page, parts};
use crate::words::Words;
use crate::words::format::{Dates, currency_head};
use crate::{rich, t};

mod alerts;
mod asked;
mod csv;
mod tell;

pub(super) use alerts::stopped_note;
pub(super) use tell::decimal;

use alerts::Stopped;
use asked::{Asked, by_name};
use tell::Teller;

pub fn routes() -> Vec<Route> {
    let all = [Route::member("/usage", get(show)), Route::member("/usage.csv", get(csv::download))];
    all.into_iter().map(|route| route.query(&Asked::NAMES).reads(&[Scope::UsageRead])).chain(alerts::routes()).collect()
}

async fn show(State(app): State<App>, member: Member, RawQuery(query): RawQuery) -> Response {
    let asked = Asked::read(query.as_deref().unwrap_or_default());
    let shown = async {
        let mut desk = member.reads(&app).await?;
        let mut errors = asked.errors.clone();
        let mut ask = if errors.is_empty() { asked.ask.clone() } else { asked.sound() };
        let report = match usage::report(&mut desk, &member.customer_id, &ask).await {
            // What cannot be shown is named, and what can be is shown.
            Err(Refusal::Fields(more)) => {
                errors.extend(more);
                ask = if errors.iter().any(|error| error.field == "meter") { Ask::default() } else { asked.sound() };
                usage::report(&mut desk, &member.customer_id, &ask).await?
            }
            other => other?,
        };
        let stopped = alerts::stopped(&mut desk, &member).await?;
        Ok::<_, Refusal>((report, errors, stopped))
    };
    match shown.await {
        Ok((report, errors, stopped)) => render(&app, &member, report, &errors, &asked, stopped),
        Err(refusal) => refused(Words::of(&member.locale), &refusal),
    }
}

/// A refusal that no part of this page can show. The guard makes a page of the status.
fn refused(w: Words, refusal: &Refusal) -> Response {
    match refusal {
        Refusal::NotFound => StatusCode::NOT_FOUND.into_response(),
        Refusal::Database(_) | Refusal::Damaged(_) => {
            tracing::error!(error = ?refusal, "usage not shown");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
        other => (StatusCode::UNPROCESSABLE_ENTITY, w.tell(&other.sentence())).into_response(),
    }
}

fn render(app: &App, member: &Member, report: Option<Report>, errors: &[FieldError], asked: &Asked, stopped: Option<Stopped>) -> Response {
    let w = Words::of(&member.locale);
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let now = app.now(&member.vendor).billing;
    let zone = report.as_ref().map_or_else(|| member.time_zone.parse().unwrap_or_default(), |report| report.zone);
    let dates = Dates::new(w, zone);
    page::document(app, member, status, &t!(w, "nav-usage"), || {
        let content = match &report {
            Some(report) => {
                let note = stopped.map(|(cap, subscription)| stopped_note(dates, &cap, &subscription));
                // In a frame one looks.
                let alerts = member.embed.is_none().then(|| view! { <p class="acts"><a class="link" href="/usage/alerts">{t!(w, "usage-alerts")}</a></p> });
                Either::Left(body(w, dates, report, errors, asked, view! { {note}{alerts} }))
            }
            None => Either::Right(view! {
                {parts::answer(rich!(w, "usage-answer-no-meters"), None)}
                <p>{t!(w, "usage-empty-no-meters")}</p>
            }),
        };
        let whole = view! {
            {parts::as_of(t!(w, "nav-usage"), dates.stamp(now))}
            {content}
        };
        shell::frame(entry::shell(member, w, Place::Usage), whole)
    })
}

fn body<L: IntoView + 'static>(w: Words, dates: Dates, report: &Report, errors: &[FieldError], asked: &Asked, limits: L) -> impl IntoView + use<L> {
    let teller = Teller { words: w, dates, report, is_against: asked.is_against };
    let is_empty = report.first_use.is_none();
    let nothing = is_empty.then(|| view! { <p class="lede">{t!(w, "usage-empty", unit = &report.meter.unit)}</p> });
    let drawn = (!is_empty).then(|| drawing(&teller, asked));
    view! {
        {parts::error_summary(w, errors)}
        {parts::answer(answer(&teller), lede(&teller))}
        {limits}
        {choices(&teller, asked, errors)}
        {report.asked_by.map(|asked_by| parts::note(coarser(w, asked_by, report.by)))}
        {nothing}
        {drawn}
    }
}

/// The one sentence.
fn answer(teller: &Teller) -> String {
    let (w, report) = (teller.words, teller.report);
    if report.first_use.is_none() {
        return rich!(w, "usage-answer-nothing", meter = &report.meter.name);
    }
    // The answer is about the whole period, also where only its last days are shown by the hour.
    let whole = report.period.filter(|period| teller.is_under_way() || period.end == report.range.end);
    let about = whole.unwrap_or(report.range);
    let when = teller.when(about.start, about.end);
    let amount = teller.amount(report.total);
    let by = teller.dates.last_day(about.end);
    if let (Some(period), None, true) = (report.period, whole, report.meter.aggregate.is_flow()) {
        let (amount, name) = (teller.amount(report.total - report.base), teller.named(period.start, period.end));
        return match report.cost_minor {
            Some(cost) => {
                rich!(w, "usage-answer-part-cost", amount = amount, when = when, period = name, total = w.number(report.total), cost = teller.money(cost))
            }
            None => rich!(w, "usage-answer-part", amount = amount, when = when, period = name, total = w.number(report.total)),
        };
    }
    let expected = report.forecast.as_ref().filter(|_| teller.is_under_way() && whole.is_some());
    if !report.meter.aggregate.is_flow() {
        return match (teller.is_last(), report.cost_minor.map(|cost| teller.money(cost))) {
            (false, Some(cost)) => rich!(w, "usage-answer-most-cost", amount = amount, when = when, cost = cost),
            (true, Some(cost)) => rich!(w, "usage-answer-last-cost", amount = amount, when = when, cost = cost),
            (false, None) => rich!(w, "usage-answer-most", amount = amount, when = when),
            (true, None) => rich!(w, "usage-answer-last", amount = amount, when = when),
        };
    }
    match (report.cost_minor, expected) {
        (Some(cost), Some(expected)) => {
            let about = report.forecast_cost_minor.unwrap_or(cost);
            if expected.total == report.total && about == cost {
                return rich!(w, "usage-answer-cost", amount = amount, when = when, cost = teller.money(cost));
            }
            if cost == 0 && about == 0 {
                return rich!(w, "usage-answer-all-included", amount = amount, when = when);
            }
            rich!(w, "usage-answer-forecast", amount = amount, when = when, cost = teller.money(cost), about = teller.money(about), by = by)
        }
        (Some(cost), None) if teller.is_under_way() => rich!(w, "usage-answer-so-far", amount = amount, when = when, cost = teller.money(cost)),
        (Some(cost), None) => rich!(w, "usage-answer-cost", amount = amount, when = when, cost = teller.money(cost)),
        (None, Some(expected)) => rich!(w, "usage-answer-free-forecast", amount = amount, when = when, about = teller.amount(expected.total), by = by),
        (None, None) => rich!(w, "usage-answer-free", amount = amount, when = when),
    }
}

fn lede(teller: &Teller) -> Option<String> {
    let (w, report) = (teller.words, teller.report);
    match report.standing {
        Standing::NoPlan => return Some(rich!(w, "usage-no-plan")),
        Standing::Trial => return Some(rich!(w, "usage-trial")),
        Standing::Plan => {}
    }
    if report.period.is_none() {
        return Some(rich!(w, "usage-no-period"));
    }
    report.cost_minor.is_none().then(|| rich!(w, "usage-not-charged"))
}

fn coarser(w: Words, asked: By, shown: By) -> String {
    match (asked, shown) {
        (By::Hour, By::Day) => t!(w, "usage-coarser-hour-day"),
        (By::Hour, _) => t!(w, "usage-coarser-hour-month"),
        _ => t!(w, "usage-coarser-day-month"),
    }
}

/// Which meter, how finely, which days.
fn choices(teller: &Teller, asked: &Asked, errors: &[FieldError]) -> impl IntoView + use<> {
    let (w, report, dates) = (teller.words, teller.report, teller.dates);
    let meters = report.meters.iter().map(|meter| {
        let (key, name, is_on) = (meter.key.clone(), meter.name.clone(), meter.id == report.meter.id);
        view! { <label><input type="radio" name="meter" value=key checked=is_on />{name}</label> }
    });
    let bys = [(By::Hour, t!(w, "usage-by-hour")), (By::Day, t!(w, "usage-by-day")), (By::Month, t!(w, "usage-by-month"))].map(|(by, name)| {
        view! { <label><input type="radio" name="by" value=by_name(by) checked={by == report.by} />{name}</label> }
    });
    let against = report.before.as_ref().map(|before| {
        let name = t!(w, "usage-with", period = teller.named(before.period.start, before.period.end));
        view! { <label class="opt"><input type="checkbox" name="against" value="on" checked=asked.is_against />{name}</label> }
    });
    let on =
        report.period.filter(|_| asked.ask.on.is_some()).map(|period| view! { <input type="hidden" name="on" value=dates.date(period.start).to_string() /> });
    let link = |period: Option<billing::calendar::Period>, is_back: Direction| {
        period.map(|period| {
            let name = teller.named(period.start, period.end);
            let name = match is_back {
                Direction::Back => t!(w, "usage-back", period = name),
                Direction::On => t!(w, "usage-on", period = name),
            };
            view! { <a class="link" href=asked.address("/usage", &report.meter.key, Some(dates.date(period.start)), None)>{name}</a> }
        })
    };
    let meters: Vec<_> = meters.collect();
    let field = |name: &'static str, label: String, value: &str| {
        parts::field(w, parts::Field { name, label, value, kind: "date", is_required: false, ..parts::Field::default() }, errors)
    };
    let is_open = !asked.from.is_empty() || !asked.to.is_empty();
    view! {
        <form method="get" action="/usage">
            <div class="bar">
                <fieldset class="seg" id="meter"><legend>{t!(w, "usage-meter")}</legend>{meters}</fieldset>
                <fieldset class="seg" id="by"><legend>{t!(w, "usage-by")}</legend>{bys.into_iter().collect_view()}</fieldset>
                {against}
                {on}
                <span class="end acts" id="on">{link(report.earlier, Direction::Back)}{link(report.later, Direction::On)}<button class="btn plain small">{t!(w, "usage-show")}</button></span>
            </div>
            <details class="range" open=is_open>
                <summary>{t!(w, "usage-other-days")}</summary>
                <div class="range">
                    {field("from", t!(w, "usage-first-day"), &asked.from)}
                    {field("to", t!(w, "usage-last-day"), &asked.to)}
                    <button class="btn plain small">{t!(w, "usage-show-days")}</button>
                </div>
            </details>
        </form>
    }
}

#[derive(Clone, Copy)]
enum Direction {
    Back,
    On,
}

/// The chart, the facts and the table.
fn drawing(teller: &Teller, asked: &Asked) -> impl IntoView + use<> {
    let w = teller.words;
    let (label, drawn, description) = (t!(w, "usage-reader"), chart::usage_html(&teller.chart()), teller.description());
    let (facts, table) = (facts(teller), table(teller, asked));
    view! {
        <figure class="chart">
            <ChartReader label=label><div class="drawn" inner_html=drawn></div></ChartReader>
            <figcaption><p id="c-d">{description}</p></figcaption>
        </figure>
        <section class="sec"><div class="split">{facts}<div>{table}</div></div></section>
    }
}

fn facts(teller: &Teller) -> impl IntoView + use<> {
    let (w, report) = (teller.words, teller.report);
    let below = |lines: Vec<String>| lines.into_iter().map(|line| view! { <dd>{line}</dd> }).collect_view();
    let used = teller.amount(report.total);
    let so_far = {
        let label = if teller.is_under_way() {
            t!(w, "usage-fact-so-far")
        } else {
            t!(w, "usage-fact-whole", when = teller.named(report.range.start, report.range.end))
        };
        match report.cost_minor {
            Some(cost) => parts::fact(label, teller.money(cost), below(vec![teller.sum(report.total).unwrap_or(used), t!(w, "usage-fact-before")])),
            None => parts::fact(label, used, below(vec![])),
        }
    };
    let forecast = report.forecast.as_ref().filter(|_| teller.is_under_way()).zip(report.period).map(|(forecast, period)| {
        let label = t!(w, "usage-fact-forecast", day = teller.dates.last_day(period.end));
        let method = teller.method(forecast.method);
        let total = teller.amount(forecast.total);
        match report.forecast_cost_minor {
            Some(cost) => {
                let how = teller.sum(forecast.total).unwrap_or_else(|| total.clone());
                parts::fact(label, teller.money(cost), below(vec![t!(w, "usage-fact-how", how = how, method = method)]))
            }
            None => parts::fact(label, total, below(vec![method])),
        }
    });
    let before = report.before.as_ref().map(|before| {
        let name = teller.named(before.period.start, before.period.end);
        let label = t!(w, "usage-fact-against", period = &name);
        let now = if teller.is_under_way() { before.by_now } else { before.total };
        let lines = if teller.is_under_way() {
            let hour = t!(w, "date-moment", day = teller.dates.day(before.same_hour), time = teller.dates.time(before.same_hour));
            vec![t!(w, "usage-fact-then", amount = teller.amount(before.by_now), hour = hour, all = w.number(before.total))]
        } else {
            vec![teller.amount(before.total)]
        };
        parts::fact(label, compared(w, report.total, now), below(lines))
    });
    view! { <aside aria-label=t!(w, "usage-facts")><dl class="facts">{so_far}{forecast}{before}</dl></aside> }
}

/// "8 % more", "a third"… in whole per cent; no per cent of nothing.
fn compared(w: Words, now: rust_decimal::Decimal, then: rust_decimal::Decimal) -> String {
    use rust_decimal::Decimal;
    if now == then {
        return t!(w, "usage-same");
    }
    if then.is_zero() {
        return t!(w, "usage-from-nothing");
    }
    let change = ((now - then) / then * Decimal::from(100)).round();
    let percent = w.number(change.abs());
    match (change.is_zero(), now > then) {
        (true, _) => t!(w, "usage-about-same"),
        (_, true) => t!(w, "usage-more", percent = percent),
        (_, false) => t!(w, "usage-less", percent = percent),
    }
}

fn table(teller: &Teller, asked: &Asked) -> impl IntoView + use<> {
    let (w, report) = (teller.words, teller.report);
    let is_priced = report.cost_minor.is_some();
    let has_price = is_priced && report.priced.as_ref().is_some_and(|priced| !priced.bands.is_empty()) && report.meter.aggregate.is_flow();
    let file = asked.address("/usage.csv", &report.meter.key, asked.ask.on, asked.ask.days);
    let mut before = report.base;
    let (mut counted, mut expected) = (Vec::new(), Vec::new());
    let mut last_day = None;
    for row in &report.rows {
        let day = teller.dates.date(row.start);
        // A rule where a week begins, or in a table of hours a day.
        let is_break = match report.by {
            By::Hour => last_day.is_some_and(|last| last != day),
            By::Day => chrono::Datelike::weekday(&day) == chrono::Weekday::Mon && last_day.is_some_and(|last| last != day),
            By::Month => chrono::Datelike::month0(&day) == 0 && last_day.is_some(),
        };
        last_day = Some(day);
        let class = match (row.is_expected, is_break) {
            (true, true) => Some("fc wk"),
            (true, false) => Some("fc"),
            (false, true) => Some("wk"),
            (false, false) => None,
        };
        let remark = teller.row_remark(row).map(|remark| view! { <span class="sub">{remark}</span> });
        let price = has_price.then(|| view! { <td class="num far">{teller.row_price(row, before)}</td> });
        let cost = row.cost_minor.filter(|_| is_priced).map(|cost| view! { <td class="num">{w.figure(cost, teller.currency())}</td> });
        before = row.total;
        let line = view! {
            <tr class=class>
                <th scope="row">{teller.row_name(row)}{remark.is_some().then_some(" ")}{remark}</th>
                <td class="num">{w.number(row.used.unwrap_or_default())}</td>
                <td class="num">{w.number(row.total)}</td>
                {price}
                {cost}
            </tr>
        };
        if row.is_expected { expected.push(line) } else { counted.push(line) }
    }
    let when = teller.named(report.range.start, report.range.end);
    view! {
        <table class="dense">
            <caption><span class="head"><h2>{t!(w, "usage-table")}</h2><a class="link" href=file>{t!(w, "usage-csv")}</a></span></caption>
            <thead><tr>
                <th scope="col">{when}</th>
                <th scope="col" class="num unit">{report.meter.unit.clone()}</th>
                <th scope="col" class="num">{if report.meter.aggregate.is_flow() { t!(w, "usage-running") } else { t!(w, "usage-level") }}</th>
                {has_price.then(|| view! { <th scope="col" class="num far">{t!(w, "usage-price")}</th> })}
                {is_priced.then(|| view! { <th scope="col" class="num">{t!(w, "usage-cost", currency = currency_head(teller.currency()))}</th> })}
            </tr></thead>
            <tbody>{counted}</tbody>
            {(!expected.is_empty()).then(|| view! { <tbody>{expected}</tbody> })}
        </table>
    }
}

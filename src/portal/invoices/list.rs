//! The list: what is due first, then every document with its state, narrowed by state, year and words.

use axum::http::StatusCode;
use axum::response::Response;
use billing::calendar::{Instant, midnight};
use chrono::{Datelike, NaiveDate};
use leptos::either::{Either, EitherOf4};
use leptos::prelude::*;

use crate::app::App;
use crate::identity::Member;
use crate::portal::entry::shell;
use crate::services::invoices::{self, Filter, Found, LineName, Open, Sought, Status, Summary};
use crate::services::{Desk, Refusal, payments};
use crate::ui::shell::{Place, frame};
use crate::ui::{page, parts};
use crate::words::Words;
use crate::words::format::{Dates, currency_head};
use crate::words::reason::short_name;
use crate::{rich, t};

/// What the address asks for, as typed: what means nothing is no filter.
#[derive(Clone, Default, serde::Deserialize)]
#[serde(default)]
pub struct Asked {
    status: String,
    year: String,
    q: String,
    before: String,
}

impl Asked {
    fn filter(&self, dates: &Dates) -> Filter {
        let year: Option<i32> = self.year.parse().ok().filter(|year| (1970..=9998).contains(year));
        Filter {
            state: Sought::from_name(&self.status),
            from: year.and_then(|year| first_moment(dates, year)),
            until: year.and_then(|year| first_moment(dates, year + 1)),
            // Nobody's number or name is longer.
            text: self.q.chars().take(100).collect(),
            before: Some(self.before.clone()).filter(|number| !number.is_empty()),
        }
    }

    fn is_narrowed(&self) -> bool {
        [&self.status, &self.year, &self.q].into_iter().any(|text| !text.trim().is_empty())
    }

    /// The address of what follows a document.
    fn after(&self, number: &str) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, value) in [("status", self.status.as_str()), ("year", &self.year), ("q", &self.q), ("before", number)] {
            if !value.is_empty() {
                query.append_pair(name, value);
            }
        }
        format!("/invoices?{}", query.finish())
    }
}

/// When a year begins where the reader is.
fn first_moment(dates: &Dates, year: i32) -> Option<Instant> {
    midnight(NaiveDate::from_ymd_opt(year, 1, 1)?, dates.zone).ok()
}

struct Seen {
    found: Found,
    /// What is to be paid.
    open: Vec<Open>,
    /// What a direct debit is coming for, or on its way.
    on_its_way: Vec<Open>,
    names: Vec<LineName>,
    years: Vec<i32>,
    /// The newest document of all.
    last: Option<Summary>,
    now: Instant,
    may_pay: bool,
}

pub async fn page(app: &App, member: &Member, desk: &mut Desk, asked: Asked) -> Result<Response, Refusal> {
    let w = Words::of(&member.locale);
    let dates = Dates::new(w, member.time_zone.parse().unwrap_or(chrono_tz::UTC));
    let found = invoices::find(desk, &member.customer_id, &asked.filter(&dates)).await?;
    let names = match (found.rows.last(), found.rows.first()) {
        (Some(oldest), Some(newest)) => invoices::line_names(desk, &member.customer_id, oldest.issued(), newest.issued()).await?,
        _ => Vec::new(),
    };
    let years = match invoices::span_of(desk, &member.customer_id).await? {
        Some((first, last)) => (dates.date(first).year()..=dates.date(last).year()).rev().collect(),
        None => Vec::new(),
    };
    let waited_for = payments::waited_for(desk, &member.customer_id).await?;
    let (on_its_way, open) = invoices::open_of(desk, &member.customer_id).await?.into_iter().partition(|open| waited_for.contains(&open.id));
    let seen = Seen {
        found,
        open,
        on_its_way,
        names,
        years,
        last: invoices::list(desk, &member.customer_id, 1).await?.into_iter().next(),
        now: desk.now.billing,
        may_pay: member.may_manage_billing().is_ok(),
    };
    let shell = shell(member, w, Place::Invoices);
    Ok(page::document(app, member, StatusCode::OK, &t!(w, "nav-invoices"), move || {
        let (sentence, lede) = answer(&dates, &seen);
        let rest = if seen.found.rows.is_empty() {
            Either::Left(view! { <p class="sec">{t!(w, "invoices-none-fit")}" "<a class="link" href="/invoices">{t!(w, "invoices-show-all")}</a></p> })
        } else {
            Either::Right(view! { {table(&dates, &seen)}{older(w, &seen, &asked)} })
        };
        let content = view! {
            {parts::as_of(t!(w, "nav-invoices"), dates.stamp(seen.now))}
            {parts::answer(sentence, lede)}
            {pay(w, &seen)}
            {filter_form(w, &seen, &asked)}
            {rest}
        };
        frame(shell, content)
    }))
}

/// What is overdue, else what is due, else what was last.
fn answer(dates: &Dates, seen: &Seen) -> (String, Option<String>) {
    let w = dates.words;
    let (overdue, due): (Vec<&Open>, Vec<&Open>) = seen.open.iter().filter(|open| open.due_minor > 0).partition(|open| open.asked_at() < seen.now);
    let count = |list: &[&Open]| i64::try_from(list.len()).unwrap_or(i64::MAX);
    match (overdue.as_slice(), due.as_slice()) {
        ([one], rest) => (
            rich!(w, "invoices-answer-overdue-one", amount = w.money(one.due_minor, &one.currency), number = &one.number, day = dates.day_year(one.asked_at())),
            due_besides(dates, rest),
        ),
        (late @ [first, ..], rest) => (
            rich!(w, "invoices-answer-overdue", amount = together(w, late), count = count(late), day = dates.day_year(first.asked_at())),
            due_besides(dates, rest),
        ),
        ([], [one]) => {
            (rich!(w, "invoices-answer-due-one", amount = w.money(one.due_minor, &one.currency), number = &one.number, day = dates.day(one.asked_at())), None)
        }
        ([], rest @ [first, ..]) => (rich!(w, "invoices-answer-due", amount = together(w, rest), count = count(rest), day = dates.day(first.asked_at())), None),
        ([], []) if !seen.on_its_way.is_empty() => {
            let amount = together(w, &seen.on_its_way.iter().collect::<Vec<_>>());
            (rich!(w, "invoices-answer-on-its-way", amount = amount), None)
        }
        ([], []) => {
            let lede = seen.last.as_ref().map(|last| {
                let (amount, day) = (w.money(last.total_minor, &last.currency), dates.day_year(last.issued()));
                rich!(w, "invoices-lede-last", number = &last.number, amount = amount, day = day)
            });
            (rich!(w, "invoices-answer-nothing-due"), lede)
        }
    }
}

fn due_besides(dates: &Dates, rest: &[&Open]) -> Option<String> {
    let first = rest.first()?;
    Some(rich!(dates.words, "invoices-lede-due", amount = together(dates.words, rest), day = dates.day(first.asked_at())))
}

/// What several open invoices come to, one amount a currency.
fn together(w: Words, list: &[&Open]) -> String {
    let mut sums: Vec<(&str, i64)> = Vec::new();
    for open in list {
        match sums.iter_mut().find(|(currency, _)| *currency == open.currency) {
            Some((_, sum)) => *sum = sum.saturating_add(open.due_minor),
            None => sums.push((&open.currency, open.due_minor)),
        }
    }
    sums.into_iter().map(|(currency, sum)| w.money(sum, currency)).collect::<Vec<_>>().join(" + ")
}

/// The one that has waited longest, to be paid now.
fn pay(w: Words, seen: &Seen) -> impl IntoView + use<> {
    let first = seen.open.iter().find(|open| open.due_minor > 0).filter(|_| seen.may_pay);
    first.map(|open| {
        let href = format!("/invoices/{}/pay", open.number);
        let label = if seen.open.len() == 1 {
            t!(w, "invoices-pay", amount = w.money(open.due_minor, &open.currency))
        } else {
            t!(w, "invoices-pay-first", amount = w.money(open.due_minor, &open.currency), number = &open.number)
        };
        view! { <div class="acts"><a class="btn" href=href>{label}</a></div> }
    })
}

fn filter_form(w: Words, seen: &Seen, asked: &Asked) -> impl IntoView + use<> {
    let chosen = Sought::from_name(&asked.status);
    let states: Vec<_> =
        Sought::ALL.into_iter().map(|state| view! { <option value=state.name() selected={chosen == Some(state)}>{sought(w, state)}</option> }).collect();
    let years: Vec<_> = seen
        .years
        .iter()
        .map(|year| {
            let text = year.to_string();
            view! { <option value=text.clone() selected={asked.year == text}>{text.clone()}</option> }
        })
        .collect();
    let all = asked.is_narrowed().then(|| view! { <a class="link" href="/invoices">{t!(w, "invoices-show-all")}</a> });
    view! {
        <form method="get" action="/invoices" class="range sec" role="search" aria-label=t!(w, "invoices-filter")>
            <div><label for="status">{t!(w, "invoices-state")}</label><select id="status" name="status"><option value="">{t!(w, "invoices-any-state")}</option>{states}</select></div>
            <div><label for="year">{t!(w, "invoices-year")}</label><select id="year" name="year"><option value="">{t!(w, "invoices-any-year")}</option>{years}</select></div>
            <div class="grow"><label for="q">{t!(w, "invoices-search")}</label><input id="q" name="q" type="search" maxlength="100" value=asked.q.clone() /></div>
            <button class="btn plain">{t!(w, "invoices-show")}</button>
            {all}
        </form>
    }
}

fn sought(w: Words, state: Sought) -> String {
    match state {
        Sought::Open => t!(w, "invoices-open"),
        Sought::Overdue => t!(w, "invoices-overdue"),
        Sought::Paid => t!(w, "invoices-paid"),
        Sought::CreditNotes => t!(w, "invoices-credit-notes"),
        Sought::Ended => t!(w, "invoices-ended"),
    }
}

fn table(dates: &Dates, seen: &Seen) -> impl IntoView + use<> {
    let w = dates.words;
    let first = seen.found.rows.first().map(|row| row.currency.clone()).unwrap_or_default();
    let is_one_currency = seen.found.rows.iter().all(|row| row.currency == first);
    let head = if is_one_currency { currency_head(&first) } else { t!(w, "invoices-amount") };
    let rows: Vec<_> = seen
        .found
        .rows
        .iter()
        .map(|row| {
            let href = format!("/invoices/{}", row.number);
            let amount = if is_one_currency { w.figure(row.total_minor, &row.currency) } else { w.money(row.total_minor, &row.currency) };
            view! {
                <tr>
                    <th scope="row"><a href=href>{row.number.clone()}</a><span class="sub">{what_for(w, seen, row)}</span><span class="sub near">{state(dates, row, seen)}</span></th>
                    <td class="when">{dates.day_year(row.issued())}</td>
                    <td class="far">{state(dates, row, seen)}</td>
                    <td class="num">{amount}</td>
                </tr>
            }
        })
        .collect();
    view! {
        <table class="documents">
            <caption class="vh">{t!(w, "invoices-caption")}</caption>
            <thead>
                <tr>
                    <th scope="col">{t!(w, "invoices-document")}</th><th scope="col" class="when">{t!(w, "invoices-date")}</th>
                    <th scope="col" class="far">{t!(w, "invoices-state")}</th><th scope="col" class="num">{head}</th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
    }
}

/// `Team plan, build minutes and 2 more`
fn what_for(w: Words, seen: &Seen, row: &Summary) -> String {
    let mut names: Vec<&str> = Vec::new();
    for line in seen.names.iter().filter(|line| line.invoice_id == row.id) {
        let name = short_name(&line.name);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    match names.as_slice() {
        [one, other, rest @ ..] if !rest.is_empty() => {
            t!(w, "invoices-and-more", names = format!("{one}, {other}"), count = i64::try_from(rest.len()).unwrap_or(i64::MAX))
        }
        few => few.join(", "),
    }
}

fn state(dates: &Dates, row: &Summary, seen: &Seen) -> impl IntoView + use<> {
    let w = dates.words;
    let asked_at = seen.open.iter().find(|open| open.id == row.id).map_or(row.due(), Open::asked_at);
    let is_note = row.kind == "credit_note";
    match row.status() {
        Status::Paid if is_note => EitherOf4::A(t!(w, "invoices-credited")),
        Status::Paid if row.total_minor == 0 => EitherOf4::A(t!(w, "invoices-nothing-due")),
        Status::Paid => EitherOf4::B(parts::state_good(t!(w, "invoices-paid"))),
        Status::Open if seen.on_its_way.iter().any(|open| open.id == row.id) => EitherOf4::A(t!(w, "document-waits")),
        Status::Open if asked_at < seen.now => EitherOf4::C(parts::state_warn(t!(w, "invoices-overdue"))),
        Status::Open => EitherOf4::D(t!(w, "invoices-due-on", day = dates.day(asked_at))),
        Status::Void => EitherOf4::A(t!(w, "invoices-void")),
        Status::Uncollectible => EitherOf4::A(t!(w, "invoices-written-off")),
    }
}

fn older(w: Words, seen: &Seen, asked: &Asked) -> impl IntoView + use<> {
    let next = seen.found.rows.last().filter(|_| seen.found.has_more).map(|last| asked.after(&last.number));
    next.map(|href| view! { <p class="acts field"><a class="btn plain" href=href>{t!(w, "invoices-older")}</a></p> })
}

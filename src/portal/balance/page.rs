//! The page of the balance: what there is, credit by credit, and how it came to that.

use axum::http::StatusCode;
use axum::response::Response;
use leptos::either::Either;
use leptos::prelude::*;

use super::{Seen, Span};
use crate::app::App;
use crate::identity::Member;
use crate::platform::clock::from_ms;
use crate::portal::entry::shell;
use crate::services::balance::{Credit, EXPIRY_TOLD_AHEAD, Entry};
use crate::ui::shell::{Place, frame};
use crate::ui::{page, parts};
use crate::words::Words;
use crate::words::format::currency_head;
use crate::{rich, t};

pub(super) fn render(app: &App, member: &Member, seen: Seen) -> Response {
    let w = seen.dates.words;
    let shell = shell(member, w, Place::Payment);
    page::document(app, member, StatusCode::OK, &t!(w, "balance-title"), move || {
        let content = view! {
            {parts::as_of(t!(w, "balance-title"), seen.dates.stamp(seen.now))}
            {parts::answer(answer(w, &seen), Some(lede(w, &seen)))}
            {expiring(&seen)}
            {acts(&seen)}
            {credits(&seen)}
            {statement(&seen)}
        };
        frame(shell, content)
    })
}

/// What there is, one amount a currency.
fn answer(w: Words, seen: &Seen) -> String {
    let left: Vec<String> = seen
        .currencies
        .iter()
        .map(|currency| (seen.left_minor(currency), currency))
        .filter(|(left, _)| *left > 0)
        .map(|(left, currency)| w.money(left, currency))
        .collect();
    if left.is_empty() { rich!(w, "balance-answer-nothing") } else { rich!(w, "balance-answer", amount = left.join(" + ")) }
}

fn lede(w: Words, seen: &Seen) -> String {
    let has_some = seen.credits.iter().any(|credit| credit.left_minor > 0);
    if has_some { rich!(w, "balance-lede") } else { rich!(w, "balance-lede-nothing") }
}

/// Paying in, and what may be bought.
fn acts(seen: &Seen) -> impl IntoView + use<> {
    let w = seen.dates.words;
    let top_up = seen.can_pay_in.then(|| {
        view! { <a class="btn" href="/balance/top-up">{t!(w, "balance-top-up")}</a><a class="link" href="/balance/automatic">{t!(w, "balance-automatic")}</a> }
    });
    let buy = seen.can_buy.then(|| view! { <a class="link" href="/buy">{t!(w, "balance-buy")}</a> });
    (seen.can_pay_in || seen.can_buy).then(|| view! { <div class="acts">{top_up}{buy}</div> })
}

/// What is gone soon unless it is used.
fn expiring(seen: &Seen) -> impl IntoView + use<> {
    let w = seen.dates.words;
    let until = seen.now + EXPIRY_TOLD_AHEAD;
    let soon = seen.credits.iter().rev().filter(|credit| credit.left_minor > 0 && credit.expires_at.map(from_ms).is_some_and(|end| end <= until));
    let notes: Vec<_> = soon
        .map(|credit| {
            let moment = credit.expires_at.map(|end| seen.dates.moment(from_ms(end))).unwrap_or_default();
            let html = rich!(w, "balance-expires-soon", amount = w.money(credit.left_minor, &credit.currency), moment = moment);
            parts::note(view! { <span inner_html=html></span> })
        })
        .collect();
    (!notes.is_empty()).then_some(notes)
}

/// Where a credit came from, in a few words.
fn source(w: Words, credit: &Credit) -> String {
    match credit.source.as_str() {
        "credit_note" => t!(w, "statement-credit-note", number = &credit.description),
        "overpayment" if credit.description.is_empty() => t!(w, "statement-overpaid"),
        "overpayment" => t!(w, "statement-overpaid-invoice", number = &credit.description),
        "top_up" if credit.description.is_empty() => t!(w, "statement-topped-up"),
        "bonus" => t!(w, "statement-bonus", name = &credit.description),
        _ => credit.description.clone(),
    }
}

/// What is left, credit by credit, in the order it is used.
fn credits(seen: &Seen) -> impl IntoView + use<> {
    let w = seen.dates.words;
    let mut left: Vec<&Credit> = seen.credits.iter().filter(|credit| credit.left_minor > 0).collect();
    left.sort_by_key(|credit| (credit.expires_at.is_none(), credit.expires_at, credit.created_at));
    let rows: Vec<_> = left
        .into_iter()
        .map(|credit| {
            let expires = credit.expires_at.map_or_else(|| t!(w, "balance-lasts"), |end| t!(w, "balance-expires", moment = seen.dates.moment(from_ms(end))));
            let of = (credit.left_minor != credit.amount_minor).then(|| t!(w, "balance-left-of", amount = w.money(credit.amount_minor, &credit.currency)));
            view! {
                <tr>
                    <th scope="row">{source(w, credit)}<span class="sub">{seen.dates.day_year(credit.created())}</span><span class="sub near">{expires.clone()}</span></th>
                    <td class="far">{expires}</td>
                    <td class="num">{w.money(credit.left_minor, &credit.currency)}{of.map(|of| view! { <span class="sub">{of}</span> })}</td>
                </tr>
            }
        })
        .collect();
    (!rows.is_empty()).then(|| {
        view! {
            <section class="sec" aria-labelledby="h-credits">
                <div class="head"><h2 id="h-credits">{t!(w, "balance-credits")}</h2><span class="sub">{t!(w, "balance-credits-order")}</span></div>
                <table class="documents credits">
                    <thead><tr>
                        <th scope="col">{t!(w, "balance-credit")}</th><th scope="col" class="far">{t!(w, "balance-until")}</th><th scope="col" class="num">{t!(w, "balance-left")}</th>
                    </tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </section>
        }
    })
}

/// Every movement of a period with what was in the balance after it, and the same to take along.
fn statement(seen: &Seen) -> impl IntoView + use<> {
    let w = seen.dates.words;
    let query =
        form_urlencoded::Serializer::new(String::new()).append_pair("period", &seen.span.name()).append_pair("currency", &seen.statement.currency).finish();
    let table = if seen.statement.entries.is_empty() {
        Either::Left(
            view! { <p class="field">{t!(w, "statement-nothing", period = seen.span.told(&seen.dates), amount = w.money(seen.statement.closing_minor, &seen.statement.currency))}</p> },
        )
    } else {
        Either::Right(movements(seen))
    };
    (!seen.credits.is_empty()).then(|| {
        view! {
            <section class="sec" aria-labelledby="h-statement">
                <div class="head"><h2 id="h-statement">{t!(w, "statement-title")}</h2></div>
                {choice(seen)}
                {table}
                <div class="acts field">
                    <a class="btn plain" href=format!("/balance/statement.pdf?{query}")>{t!(w, "statement-pdf")}</a>
                    <a class="link" href=format!("/balance/statement.csv?{query}")>{t!(w, "statement-csv")}</a>
                </div>
            </section>
        }
    })
}

fn choice(seen: &Seen) -> impl IntoView + use<> {
    let w = seen.dates.words;
    let today = seen.dates.date(seen.now);
    let first = seen.credits.last().map_or(today, |credit| seen.dates.date(credit.created()));
    let mut spans = Span::between(first, today);
    if !spans.contains(&seen.span) {
        spans.insert(0, seen.span);
    }
    let periods: Vec<_> = spans
        .into_iter()
        .map(|span| {
            let label = if let Span::Year(_) = span { t!(w, "statement-year", year = span.told(&seen.dates)) } else { span.told(&seen.dates) };
            view! { <option value=span.name() selected={span == seen.span}>{label}</option> }
        })
        .collect();
    let currencies: Vec<_> = seen
        .currencies
        .iter()
        .map(|currency| view! { <option value=currency.clone() selected={*currency == seen.statement.currency}>{currency.clone()}</option> })
        .collect();
    let currency = (currencies.len() > 1)
        .then(|| view! { <div><label for="currency">{t!(w, "statement-currency")}</label><select id="currency" name="currency">{currencies}</select></div> });
    view! {
        <form method="get" action="/balance" class="range">
            <div><label for="period">{t!(w, "statement-period")}</label><select id="period" name="period">{periods}</select></div>
            {currency}
            <button class="btn plain">{t!(w, "invoices-show")}</button>
        </form>
    }
}

fn movements(seen: &Seen) -> impl IntoView + use<> {
    let (w, currency) = (seen.dates.words, seen.statement.currency.as_str());
    let rows: Vec<_> = seen.statement.entries.iter().map(|entry| movement(seen, entry)).collect();
    view! {
        <table class="documents movements">
            <caption class="vh">{t!(w, "statement-caption", period = seen.span.told(&seen.dates))}</caption>
            <thead><tr>
                <th scope="col">{t!(w, "statement-what")}</th><th scope="col" class="when far">{t!(w, "statement-date")}</th>
                <th scope="col" class="num">{t!(w, "statement-amount")}</th><th scope="col" class="num">{t!(w, "statement-balance-in", currency = currency_head(currency))}</th>
            </tr></thead>
            <tbody>
                <tr><th scope="row">{t!(w, "statement-opening")}</th><td class="far"></td><td></td><td class="num soft">{w.figure(seen.statement.opening_minor, currency)}</td></tr>
                {rows}
                <tr class="total"><th scope="row">{t!(w, "statement-closing")}</th><td class="far"></td><td></td><td class="num"><b>{w.money(seen.statement.closing_minor, currency)}</b></td></tr>
            </tbody>
        </table>
    }
}

fn movement(seen: &Seen, entry: &Entry) -> impl IntoView + use<> {
    let (w, currency) = (seen.dates.words, seen.statement.currency.as_str());
    let (told, day) = (entry.told(w), seen.dates.day_year(entry.at));
    let name = match entry.document() {
        Some(number) => Either::Left(view! { <a href=format!("/invoices/{number}")>{told}</a> }),
        None => Either::Right(told),
    };
    view! {
        <tr>
            <th scope="row">{name}<span class="sub near">{day.clone()}</span></th>
            <td class="when far">{day}</td>
            <td class="num">{w.figure(entry.amount_minor, currency)}</td>
            <td class="num soft">{w.figure(entry.balance_minor, currency)}</td>
        </tr>
    }
}

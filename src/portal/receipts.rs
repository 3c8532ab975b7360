//! `/payments`, every payment of a customer, and the receipt of one: a page, and on paper. Paying is `portal::payments`.

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use leptos::either::{Either, EitherOf3};
use leptos::prelude::*;

use crate::app::App;
use crate::identity::Member;
use crate::platform::clock::from_ms;
use crate::services::embed_sessions::Scope;
use crate::services::invoices::{self, Letterhead};
use crate::services::payments::{self, Payment, Pays, Receipt, Status, method_name};
use crate::services::{Desk, Refusal, purchases};
use crate::ui::shell::{Place, frame};
use crate::ui::{page, parts};
use crate::words::Words;
use crate::words::format::{Dates, currency_head};
use crate::{rich, t};

use super::entry::shell;
use super::files::handed_out;
use super::routes::{Route, names};

/// Payments on one page.
const AT_ONCE: i64 = 25;

pub fn routes() -> Vec<Route> {
    vec![
        Route::member("/payments", get(list)).query(names::<Asked>()).reads(&[Scope::InvoicesRead]),
        Route::member("/payments/{id}/receipt", get(show)).reads(&[Scope::InvoicesRead]),
        Route::member("/payments/{id}/receipt.pdf", get(print)).reads(&[Scope::InvoicesRead]),
    ]
}

/// The receipt of a payment.
pub fn receipt_path(payment_id: &str) -> String {
    format!("{}/receipt", payments::page_path(payment_id))
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Asked {
    /// Those begun before the payment of this id.
    before: String,
}

/// A payment with what it was for and from what.
struct Listed {
    payment: Payment,
    what: String,
    method: String,
}

async fn what_for(desk: &mut Desk, w: Words, payment: &Payment) -> Result<String, Refusal> {
    Ok(match &payment.pays {
        Pays::Invoice(invoice_id) => t!(w, "receipt-invoice", number = invoices::load(desk, invoice_id).await?.number),
        Pays::Quote(_) => match invoices::paid_by(desk, &payment.id).await? {
            Some((invoice_id, _)) => t!(w, "receipt-invoice", number = invoices::load(desk, &invoice_id).await?.number),
            None => t!(w, "payments-change"),
        },
        Pays::Purchase(purchase_id) => {
            let name = purchases::load(desk, purchase_id).await?.name;
            if name.is_empty() { t!(w, "receipt-balance") } else { name }
        }
    })
}

async fn list(State(app): State<App>, member: Member, Query(asked): Query<Asked>) -> Result<Response, Refusal> {
    let w = Words::of(&member.locale);
    let dates = Dates::new(w, member.time_zone.parse().unwrap_or(chrono_tz::UTC));
    let mut desk = member.reads(&app).await?;
    let mut found = payments::of_customer(&mut desk, &member.customer_id, &asked.before, AT_ONCE + 1).await?;
    let has_more = found.len() > usize::try_from(AT_ONCE).map_err(Refusal::damaged)?;
    if has_more {
        found.pop();
    }
    let mut listed = Vec::with_capacity(found.len());
    for payment in found {
        let method = payments::find_method_ever(&mut desk, &member.customer_id, &payment.method_id).await?;
        listed.push(Listed { what: what_for(&mut desk, w, &payment).await?, method: method_name(w, &method), payment });
    }
    let now = desk.now.billing;
    let shell = shell(&member, w, Place::Payment);
    Ok(page::document(&app, &member, StatusCode::OK, &t!(w, "payments-title"), move || {
        let last = listed.iter().find(|listed| listed.payment.status == Status::Succeeded);
        let sentence = match last.and_then(|listed| Some((listed, listed.payment.paid_at?))) {
            Some((listed, at)) => {
                rich!(
                    w,
                    "payments-answer",
                    amount = w.money(listed.payment.amount_minor, &listed.payment.currency),
                    day = dates.day_year(from_ms(at)),
                    method = &listed.method
                )
            }
            None => rich!(w, "payments-answer-none"),
        };
        let older = listed.last().filter(|_| has_more).map(|last| format!("/payments?before={}", last.payment.id));
        let content = view! {
            {parts::as_of(t!(w, "payments-title"), dates.stamp(now))}
            {parts::answer(sentence, None)}
            {(!listed.is_empty()).then(|| table(&dates, &listed))}
            {older.map(|href| view! { <p class="acts field"><a class="btn plain" href=href>{t!(w, "payments-older")}</a></p> })}
        };
        frame(shell, content)
    }))
}

fn table(dates: &Dates, listed: &[Listed]) -> impl IntoView + use<> {
    let w = dates.words;
    let rows: Vec<_> = listed
        .iter()
        .map(|Listed { payment, what, method }| {
            let day = dates.day_year(from_ms(payment.paid_at.unwrap_or(payment.created_at)));
            let (href, state) = match payment.status {
                Status::Succeeded => (receipt_path(&payment.id), EitherOf3::A(parts::state_good(t!(w, "payments-paid")))),
                Status::Declined(_) => (payments::page_path(&payment.id), EitherOf3::B(parts::state_warn(t!(w, "payments-declined")))),
                Status::Cancelled => (payments::page_path(&payment.id), EitherOf3::C(t!(w, "payments-cancelled"))),
                _ if payment.instead.is_some() => (payments::page_path(&payment.id), EitherOf3::B(parts::state_warn(t!(w, "payments-instead")))),
                _ => (payments::page_path(&payment.id), EitherOf3::C(t!(w, "payments-under-way"))),
            };
            view! {
                <tr>
                    <th scope="row"><a href=href>{what.clone()}</a><span class="sub">{day}", "{method.clone()}</span></th>
                    <td>{state}</td>
                    <td class="num">{w.money(payment.amount_minor, &payment.currency)}</td>
                </tr>
            }
        })
        .collect();
    view! {
        <table class="documents">
            <caption class="vh">{t!(w, "payments-caption")}</caption>
            <thead><tr><th scope="col">{t!(w, "receipt-what")}</th><th scope="col">{t!(w, "invoices-state")}</th><th scope="col" class="num">{t!(w, "statement-amount")}</th></tr></thead>
            <tbody>{rows}</tbody>
        </table>
    }
}

async fn show(State(app): State<App>, member: Member, Path(id): Path<String>) -> Result<Response, Refusal> {
    let receipt = payments::receipt(&mut member.reads(&app).await?, &member.customer_id, &id).await?;
    let w = Words::of(&member.locale);
    let dates = Dates::new(w, member.time_zone.parse().unwrap_or(chrono_tz::UTC));
    let shell = shell(&member, w, Place::Payment);
    let vendor = member.vendor.legal_name.clone();
    let title = t!(w, "receipt-heading", number = &receipt.number);
    Ok(page::document(&app, &member, StatusCode::OK, &title.clone(), move || {
        let amount = w.money(receipt.payment.amount_minor, &receipt.payment.currency);
        let (day, method) = (dates.day_year(receipt.paid_at), method_name(w, &receipt.method));
        let sentence = rich!(w, "receipt-answer-page", amount = &amount, day = &day, method = &method);
        let pdf = format!("{}.pdf", receipt_path(&receipt.payment.id));
        let content = view! {
            {parts::as_of(view! { <a class="link" href="/payments">{t!(w, "payments-title")}</a> }, title)}
            {parts::answer(sentence, None)}
            <div class="acts"><a class="btn" href=pdf>{t!(w, "receipt-download")}</a></div>
            <dl class="parties sec">
                <div><dt>{t!(w, "receipt-number")}</dt><dd>{receipt.number.clone()}</dd></div>
                <div><dt>{t!(w, "receipt-to")}</dt><dd>{vendor}</dd></div>
                <div><dt>{t!(w, "receipt-method")}</dt><dd>{method}</dd></div>
            </dl>
            {paid(&dates, &receipt)}
        };
        frame(shell, content)
    }))
}

/// What it paid, and what went back.
fn paid(dates: &Dates, receipt: &Receipt) -> impl IntoView + use<> {
    let (w, currency) = (dates.words, receipt.payment.currency.as_str());
    let link = |number: &str, told: String| view! { <a href=format!("/invoices/{number}")>{told}</a> };
    let paid: Vec<_> = receipt
        .paid
        .iter()
        .map(|paid| {
            let told = paid.told(w);
            let name = match &paid.invoice_number {
                Some(number) => Either::Left(link(number, told)),
                None => Either::Right(view! { <a href="/balance">{told}</a> }),
            };
            view! { <tr><th scope="row">{name}</th><td class="num">{w.figure(paid.amount_minor, currency)}</td></tr> }
        })
        .collect();
    let back: Vec<_> = receipt
        .refunds
        .iter()
        .map(|back| {
            let told = back.told(w, dates);
            let name = match &back.credit_note_number {
                Some(number) => Either::Left(link(number, told)),
                None => Either::Right(view! { <a href="/balance">{told}</a> }),
            };
            view! { <tr><th scope="row">{name}</th><td class="num">{w.figure(back.amount_minor.saturating_neg(), currency)}</td></tr> }
        })
        .collect();
    let left = receipt.payment.amount_minor.saturating_sub(receipt.back_minor());
    let rest =
        (!receipt.refunds.is_empty()).then(|| view! { <tr><th scope="row">{t!(w, "receipt-kept")}</th><td class="num">{w.money(left, currency)}</td></tr> });
    view! {
        <table class="documents sec">
            <caption class="vh">{t!(w, "receipt-caption")}</caption>
            <thead><tr><th scope="col">{t!(w, "receipt-what")}</th><th scope="col" class="num">{currency_head(currency)}</th></tr></thead>
            <tbody>
                {paid}
                <tr><th scope="row"><b>{t!(w, "receipt-paid")}</b></th><td class="num"><b>{w.money(receipt.payment.amount_minor, currency)}</b></td></tr>
                {back}
                {rest}
            </tbody>
        </table>
    }
}

async fn print(State(app): State<App>, member: Member, Path(id): Path<String>) -> Result<Response, Refusal> {
    let mut desk = member.reads(&app).await?;
    let receipt = payments::receipt(&mut desk, &member.customer_id, &id).await?;
    let letterhead = Letterhead::load(&mut desk, &member.customer_id, &member.locale).await?;
    drop(desk);
    let dates = Dates::new(Words::of(&member.locale), member.time_zone.parse().unwrap_or(chrono_tz::UTC));
    Ok(handed_out(payments::print_receipt(letterhead, &receipt, dates).await?, "application/pdf"))
}

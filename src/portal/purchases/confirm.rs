//! What a purchase comes to, to the cent, with the card it is charged to and the button that says so.

use axum::http::StatusCode;
use axum::response::Response;
use leptos::either::Either;
use leptos::prelude::*;

use crate::app::App;
use crate::identity::Member;
use crate::portal::code_field;
use crate::portal::entry::shell;
use crate::portal::method_choice::{method_choice, no_method};
use crate::portal::payments::local_today;
use crate::portal::written_for::WrittenFor;
use crate::services::payments::{self, Method};
use crate::services::purchases::{Offered, What, offer};
use crate::services::{FieldError, Refusal, balance, customers};
use crate::ui::shell::{Place, frame};
use crate::ui::{page as pages, parts};
use crate::words::format::{Dates, currency_head};
use crate::words::{Sentence, Words};
use crate::{rich, t};

/// What a form that is shown again still holds, and why it is.
#[derive(Default)]
pub(super) struct Again<'a> {
    pub trouble: Option<Sentence>,
    pub errors: &'a [FieldError],
    /// The method that was chosen; empty: the first.
    pub method: &'a str,
}

pub(super) async fn page(app: &App, member: &Member, status: StatusCode, what: &What, again: Again<'_>) -> Result<Response, Refusal> {
    let w = Words::of(&member.locale);
    let mut desk = member.reads(app).await?;
    let customer = customers::load(&mut desk, &member.customer_id).await?;
    let offered = offer(&mut desk, &customer, what).await?;
    let methods = payments::list(&mut desk, &member.customer_id).await?;
    let left_minor = balance::total(&mut desk, &member.customer_id, &offered.currency).await?;
    let today = local_today(&desk, member);
    let dates = Dates::new(w, member.time_zone.parse().unwrap_or(chrono_tz::UTC));
    let money = |minor: i64| w.money(minor, &offered.currency);
    let expires = offered
        .product
        .as_ref()
        .and_then(|product| product.credit_lasts_days)
        .map(|days| dates.day_year(desk.now.billing + chrono::TimeDelta::days(i64::from(days))));
    let (sentence, lede) = match (&offered.product, expires) {
        (None, _) => (
            rich!(w, "top-up-pay", amount = money(offered.due_minor)),
            rich!(w, "top-up-then", amount = money(left_minor.saturating_add(offered.credit_minor))),
        ),
        (Some(product), Some(day)) if offered.service.is_none() => (
            rich!(w, "buy-pay", amount = money(offered.due_minor), name = &product.name),
            rich!(w, "buy-credit-until", credit = money(offered.credit_minor), day = day),
        ),
        (Some(product), None) if offered.service.is_none() => {
            (rich!(w, "buy-pay", amount = money(offered.due_minor), name = &product.name), rich!(w, "buy-credit", credit = money(offered.credit_minor)))
        }
        (Some(product), _) if offered.due_minor == 0 => (rich!(w, "buy-pay-nothing", name = &product.name), rich!(w, "buy-invoiced")),
        (Some(product), _) => (rich!(w, "buy-pay", amount = money(offered.due_minor), name = &product.name), rich!(w, "buy-invoiced")),
    };
    let purchase_id = desk.new_id("pur");
    drop(desk);
    let sums = sums(w, &offered);
    let form = form(app, member, &offered, what, &purchase_id, &methods, today, &again).into_any();
    let summary = parts::error_summary(w, again.errors);
    let trouble = again.trouble.map(|sentence| w.tell(&sentence));
    let (up_path, up_name) = if offered.product.is_none() { ("/balance/top-up", t!(w, "top-up-title")) } else { ("/buy", t!(w, "buy-title")) };
    let shell = shell(member, w, Place::Payment);
    Ok(pages::document(app, member, status, &t!(w, "buy-confirm-title"), move || {
        let content = view! {
            {parts::as_of(view! { <a class="link" href=up_path>{up_name}</a> }, String::new())}
            {summary}
            {trouble.map(|sentence| parts::error_note(t!(w, "pay-not-charged"), sentence))}
            {parts::answer(sentence, Some(lede))}
            {sums}
            {form}
        };
        frame(shell, content)
    }))
}

/// From the price to what is paid: with each tax, and what the balance pays. Of credit there is nothing to add up.
fn sums(w: Words, offered: &Offered) -> impl IntoView + use<> {
    let currency = offered.currency.as_str();
    offered.service.as_ref().map(|(_, priced)| {
        let document = &priced.document;
        let mut rows: Vec<(String, i64)> = document.lines.iter().map(|line| (line.name.clone(), line.amount_minor)).collect();
        let is_inside = document.prices == billing::tax::PricesTax::Inclusive;
        rows.extend(document.tax.iter().map(|tax| {
            let percent = w.number(tax.percent);
            (if is_inside { t!(w, "buy-tax-inside", percent = percent) } else { t!(w, "buy-tax", percent = percent) }, tax.amount_minor)
        }));
        if document.rounding_minor != 0 {
            rows.push((t!(w, "buy-rounding"), document.rounding_minor));
        }
        rows.push((t!(w, "buy-total"), document.total_minor));
        if priced.balance_minor > 0 {
            rows.push((t!(w, "lines-balance"), priced.balance_minor.saturating_neg()));
        }
        let rows: Vec<_> =
            rows.into_iter().map(|(label, minor)| view! { <tr><th scope="row">{label}</th><td class="num">{w.figure(minor, currency)}</td></tr> }).collect();
        view! {
            <table class="documents sec">
                <caption class="vh">{t!(w, "buy-sums")}</caption>
                <thead><tr><th scope="col">{t!(w, "statement-what")}</th><th scope="col" class="num">{currency_head(currency)}</th></tr></thead>
                <tbody>{rows}<tr><th scope="row"><b>{t!(w, "buy-due")}</b></th><td class="num"><b>{w.money(offered.due_minor, currency)}</b></td></tr></tbody>
            </table>
        }
    })
}

#[expect(clippy::too_many_arguments, reason = "each is part of the form")]
fn form(
    app: &App,
    member: &Member,
    offered: &Offered,
    what: &What,
    purchase_id: &str,
    methods: &[Method],
    today: chrono::NaiveDate,
    again: &Again<'_>,
) -> impl IntoView + use<> {
    let w = Words::of(&member.locale);
    let is_free = offered.due_minor == 0;
    let choice = if is_free { None } else { method_choice(w, methods, &offered.currency, today, again.method) };
    if choice.is_none() && !is_free {
        return Either::Left(no_method(w, methods, &offered.currency));
    }
    let amount = w.money(offered.due_minor, &offered.currency);
    let (action, product, button) = match what {
        What::TopUp { .. } => ("/balance/top-up", None, t!(w, "pay-button", amount = amount)),
        What::Product { key } if is_free => ("/buy/confirm", Some(key.clone()), t!(w, "buy-button-free")),
        What::Product { key } => ("/buy/confirm", Some(key.clone()), t!(w, "buy-button", amount = amount)),
    };
    let code_field = member.is_vouched_for().then(|| code_field::step_up_field(app, member, again.errors));
    let other_card = (!is_free).then(|| view! { <a class="link" href="/payment-methods/add">{t!(w, "pay-other-method")}</a> });
    Either::Right(view! {
        <form method="post" action=action class="narrow sec">
            {WrittenFor::of(member).field()}
            <input type="hidden" name="purchase" value=purchase_id.to_owned() />
            {product.map(|key| view! { <input type="hidden" name="product" value=key /> })}
            <input type="hidden" name="due_minor" value=offered.due_minor.to_string() />
            {choice}
            {code_field}
            <div class="acts field"><button class="btn">{button}</button>{other_card}</div>
        </form>
    })
}

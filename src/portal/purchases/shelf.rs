//! `/buy`: what the vendor sells once, in the customer's currency.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use leptos::prelude::*;

use crate::app::App;
use crate::identity::Member;
use crate::portal::entry::shell;
use crate::services::catalog::{self, Product, ProductPrice};
use crate::services::{Refusal, customers};
use crate::ui::shell::{Place, frame};
use crate::ui::{page, parts};
use crate::words::Words;
use crate::{rich, t};

pub(super) async fn show(State(app): State<App>, member: Member) -> Result<Response, Refusal> {
    let w = Words::of(&member.locale);
    let mut desk = member.reads(&app).await?;
    let currency = customers::load(&mut desk, &member.customer_id).await?.currency;
    let products = catalog::products(&mut desk).await?;
    drop(desk);
    let offered: Vec<(Product, ProductPrice)> = products
        .into_iter()
        .filter(|product| product.retired_at.is_none())
        .filter_map(|product| product.price_in(&currency).cloned().map(|price| (product, price)))
        .collect();
    let may_buy = member.may_manage_billing().is_ok();
    let is_taxed_inside = member.vendor.prices_include_tax;
    let shell = shell(&member, w, Place::Payment);
    Ok(page::document(&app, &member, StatusCode::OK, &t!(w, "buy-title"), move || {
        let (sentence, lede) = if offered.is_empty() {
            (rich!(w, "buy-answer-nothing"), None)
        } else if is_taxed_inside {
            (rich!(w, "buy-answer"), Some(rich!(w, "buy-lede-inside")))
        } else {
            (rich!(w, "buy-answer"), Some(rich!(w, "buy-lede")))
        };
        let rows: Vec<_> = offered.iter().map(|(product, price)| row(w, product, price, may_buy)).collect();
        let table = (!rows.is_empty()).then(|| {
            view! {
                <table class="documents sec">
                    <caption class="vh">{t!(w, "buy-title")}</caption>
                    <thead><tr><th scope="col">{t!(w, "statement-what")}</th><th scope="col" class="num">{t!(w, "buy-price")}</th></tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            }
        });
        let content = view! {
            {parts::as_of(view! { <a class="link" href="/balance">{t!(w, "balance-title")}</a> }, t!(w, "buy-title"))}
            {parts::answer(sentence, lede)}
            {table}
            {(!may_buy).then(|| view! { <p class="sub sec">{t!(w, "buy-viewer")}</p> })}
        };
        frame(shell, content)
    }))
}

fn row(w: Words, product: &Product, price: &ProductPrice, may_buy: bool) -> impl IntoView + use<> {
    let credit = price.credit_minor.map(|credit| {
        let credit = w.money(credit, &price.currency);
        match product.credit_lasts_days {
            Some(days) => t!(w, "buy-gives-for", credit = credit, days = i64::from(days)),
            None => t!(w, "buy-gives", credit = credit),
        }
    });
    let query = form_urlencoded::Serializer::new(String::new()).append_pair("product", &product.key).finish();
    let link = may_buy.then(|| view! { <span class="sub"><a class="link" href=format!("/buy/confirm?{query}")>{t!(w, "buy-choose")}" "<span class="vh">{product.name.clone()}</span></a></span> });
    let described = (!product.description.is_empty()).then(|| view! { <span class="sub">{product.description.clone()}</span> });
    view! {
        <tr>
            <th scope="row">{product.name.clone()}{described}{credit.map(|credit| view! { <span class="sub">{credit}</span> })}{link}</th>
            <td class="num">{w.money(price.amount_minor, &price.currency)}</td>
        </tr>
    }
}

//! `/balance/top-up`: how much, and then what that means to the cent.

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use leptos::prelude::*;

use super::confirm::{self, Again};
use super::{Amount, typed};
use crate::app::App;
use crate::identity::Member;
use crate::portal::entry::shell;
use crate::services::purchases::{What, offer};
use crate::services::{FieldError, Refusal, balance, catalog, customers};
use crate::ui::shell::{Place, frame};
use crate::ui::{page as pages, parts};
use crate::words::Words;
use crate::{rich, t};

/// How many times the least amount are offered beside it.
const TIMES: [i64; 3] = [1, 2, 5];

pub(super) async fn show(State(app): State<App>, member: Member, Query(asked): Query<Amount>) -> Result<Response, Refusal> {
    member.may_manage_billing()?;
    if asked.amount.trim().is_empty() {
        return page(&app, &member, StatusCode::OK, "", &[]).await;
    }
    let w = Words::of(&member.locale);
    let mut desk = member.reads(&app).await?;
    let customer = customers::load(&mut desk, &member.customer_id).await?;
    let priced = async {
        let what = What::TopUp { amount_minor: typed(w, "amount", &asked.amount, &customer.currency)? };
        offer(&mut desk, &customer, &what).await?;
        Ok(what)
    };
    match priced.await {
        Ok(what) => {
            drop(desk);
            confirm::page(&app, &member, StatusCode::OK, &what, Again::default()).await
        }
        Err(Refusal::Fields(errors)) => {
            drop(desk);
            page(&app, &member, StatusCode::UNPROCESSABLE_ENTITY, &asked.amount, &errors).await
        }
        Err(refusal) => Err(refusal),
    }
}

/// How much.
pub(super) async fn page(app: &App, member: &Member, status: StatusCode, typed: &str, errors: &[FieldError]) -> Result<Response, Refusal> {
    let w = Words::of(&member.locale);
    let mut desk = member.reads(app).await?;
    let currency = customers::load(&mut desk, &member.customer_id).await?.currency;
    let limit = catalog::top_up_limit(&mut desk, &currency).await?.ok_or(Refusal::NotFound)?;
    let left_minor = balance::total(&mut desk, &member.customer_id, &currency).await?;
    let money = |minor: i64| w.money(minor, &limit.currency);
    let hint = t!(w, "top-up-between", least = money(limit.least_minor), most = money(limit.most_minor));
    let field =
        parts::Field { name: "amount", label: t!(w, "top-up-amount"), hint: Some(hint), value: typed, inputmode: Some("decimal"), ..parts::Field::default() };
    let (field, summary) = (parts::field(w, field, errors), parts::error_summary(w, errors));
    let offered = TIMES.iter().filter_map(|times| limit.least_minor.checked_mul(*times)).filter(|minor| *minor <= limit.most_minor);
    let offered: Vec<_> = offered
        .map(|minor| {
            let query = form_urlencoded::Serializer::new(String::new()).append_pair("amount", &money(minor)).finish();
            view! { <a class="btn plain" href=format!("/balance/top-up?{query}")>{money(minor)}</a> }
        })
        .collect();
    let (sentence, lede) = (rich!(w, "top-up-answer", amount = money(left_minor)), rich!(w, "top-up-lede"));
    let shell = shell(member, w, Place::Payment);
    Ok(pages::document(app, member, status, &t!(w, "top-up-title"), move || {
        let content = view! {
            {parts::as_of(view! { <a class="link" href="/balance">{t!(w, "balance-title")}</a> }, String::new())}
            {summary}
            {parts::answer(sentence, Some(lede))}
            <div class="acts field">{offered}</div>
            <form method="get" action="/balance/top-up" class="narrow sec">{field}<div class="acts field"><button class="btn">{t!(w, "top-up-go-on")}</button></div></form>
        };
        frame(shell, content)
    }))
}

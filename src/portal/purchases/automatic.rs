//! `/balance/automatic`: what is paid in by itself when the balance is low.

use axum::extract::{Form, State};
use axum::http::StatusCode;
use axum::response::Response;
use leptos::prelude::*;

use super::typed;
use crate::app::App;
use crate::identity::{Member, step_up};
use crate::portal::code_field;
use crate::portal::entry::{see_other, shell};
use crate::portal::method_choice::{method_choice, no_method};
use crate::portal::payments::local_today;
use crate::portal::written_for::WrittenFor;
use crate::services::payments::{self, DeclineReason, declined_because, method_name};
use crate::services::purchases::{self, Wish};
use crate::services::{FieldError, Refusal, catalog, customers};
use crate::ui::shell::{Place, frame};
use crate::ui::{page as pages, parts};
use crate::words::Words;
use crate::{rich, t};

#[derive(Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct Typed {
    /// `set`: from now on, so; `off`: no longer.
    what: String,
    below: String,
    amount: String,
    most_a_month: String,
    method: String,
    /// Approves it, of who is in on the vendor's word alone.
    code: String,
}

pub(super) async fn show(State(app): State<App>, member: Member) -> Result<Response, Refusal> {
    member.may_manage_billing()?;
    page(&app, &member, StatusCode::OK, None, &[]).await
}

pub(super) async fn set(State(app): State<App>, member: Member, Form(form): Form<Typed>) -> Result<Response, Refusal> {
    member.may_manage_billing()?;
    if member.is_vouched_for()
        && let Err(wrong) = step_up::confirm(&app, &member, &form.code).await
    {
        let status = code_field::status(&wrong);
        let errors = code_field::errors(&app, wrong)?;
        return page(&app, &member, status, Some(&form), &errors).await;
    }
    let mut desk = member.writes(&app).await?;
    let done = async {
        match form.what.as_str() {
            "set" => {}
            "off" => return purchases::stop_automatic_top_up(&mut desk, &member.customer_id).await,
            _ => return Err(Refusal::NotFound),
        }
        let currency = customers::load(&mut desk, &member.customer_id).await?.currency;
        let w = Words::of(&member.locale);
        let wish = Wish {
            below_minor: typed(w, "below", &form.below, &currency)?,
            amount_minor: typed(w, "amount", &form.amount, &currency)?,
            most_a_month_minor: typed(w, "most_a_month", &form.most_a_month, &currency)?,
            method_id: form.method.clone(),
        };
        purchases::set_automatic_top_up(&mut desk, &member.customer_id, &wish).await
    };
    match done.await {
        Ok(()) => {
            desk.commit().await?;
            // What is low already is topped up at once.
            app.fell_due.notify_one();
            Ok(see_other("/balance/automatic"))
        }
        Err(Refusal::Fields(errors)) => {
            drop(desk);
            page(&app, &member, StatusCode::UNPROCESSABLE_ENTITY, Some(&form), &errors).await
        }
        Err(refusal) => Err(refusal),
    }
}

async fn page(app: &App, member: &Member, status: StatusCode, form: Option<&Typed>, errors: &[FieldError]) -> Result<Response, Refusal> {
    let w = Words::of(&member.locale);
    let mut desk = member.reads(app).await?;
    let currency = customers::load(&mut desk, &member.customer_id).await?.currency;
    let limit = catalog::top_up_limit(&mut desk, &currency).await?.ok_or(Refusal::NotFound)?;
    let set = purchases::automatic_top_up(&mut desk, &member.customer_id).await?;
    let methods = payments::list(&mut desk, &member.customer_id).await?;
    let today = local_today(&desk, member);
    let money = |minor: i64| w.money(minor, &currency);
    let named = match &set {
        Some(set) => Some(method_name(w, &payments::find_method_ever(&mut desk, &member.customer_id, &set.method_id).await?)),
        None => None,
    };
    drop(desk);
    let sentence = match (&set, &named) {
        (Some(set), _) if set.stopped_because.is_some() => rich!(w, "automatic-answer-stopped", amount = money(set.amount_minor)),
        (Some(set), Some(method)) => {
            rich!(w, "automatic-answer", amount = money(set.amount_minor), below = money(set.below_minor), method = method)
        }
        _ => rich!(w, "automatic-answer-none"),
    };
    let lede = match &set {
        Some(set) => match &set.stopped_because {
            Some(reason) => rich!(w, "automatic-stopped-why", reason = declined_because(w, DeclineReason::or_other(reason))),
            None => rich!(w, "automatic-lede", most = money(set.most_a_month_minor)),
        },
        None => rich!(w, "automatic-lede-none"),
    };
    let value = |of_form: fn(&Typed) -> &str, of_set: Option<i64>| match form {
        Some(form) => of_form(form).to_owned(),
        None => of_set.map(money).unwrap_or_default(),
    };
    let below = value(|form| &form.below, set.as_ref().map(|set| set.below_minor));
    let amount = value(|form| &form.amount, set.as_ref().map(|set| set.amount_minor));
    let most = value(|form| &form.most_a_month, set.as_ref().map(|set| set.most_a_month_minor));
    let between = t!(w, "top-up-between", least = money(limit.least_minor), most = money(limit.most_minor));
    let field = |name: &'static str, label: String, hint: String, value: &str| {
        let field = parts::Field { name, label, hint: Some(hint), value, inputmode: Some("decimal"), ..parts::Field::default() };
        parts::field(w, field, errors)
    };
    let chosen = form.map(|form| form.method.as_str()).or(set.as_ref().map(|set| set.method_id.as_str())).unwrap_or_default();
    let code = || member.is_vouched_for().then(|| code_field::step_up_field(app, member, errors));
    let form = match method_choice(w, &methods, &currency, today, chosen) {
        None => no_method(w, &methods, &currency).into_any(),
        Some(choice) => view! {
            <form method="post" action="/balance/automatic" class="narrow sec">
                {WrittenFor::of(member).field()}
                <input type="hidden" name="what" value="set" />
                {field("below", t!(w, "automatic-below"), t!(w, "automatic-below-hint"), &below)}
                {field("amount", t!(w, "automatic-amount"), between, &amount)}
                {field("most_a_month", t!(w, "automatic-most"), t!(w, "automatic-most-hint"), &most)}
                <div class="field">{choice}</div>
                {code()}
                <div class="acts field"><button class="btn">{if set.is_some() { t!(w, "automatic-change") } else { t!(w, "automatic-set") }}</button></div>
            </form>
        }
        .into_any(),
    };
    let off = (set.is_some() && !member.is_vouched_for()).then(|| {
        view! {
            <form method="post" action="/balance/automatic" class="field">
                {WrittenFor::of(member).field()}
                <input type="hidden" name="what" value="off" />
                <button class="btn plain">{t!(w, "automatic-off")}</button>
            </form>
        }
    });
    let summary = parts::error_summary(w, errors);
    let shell = shell(member, w, Place::Payment);
    Ok(pages::document(app, member, status, &t!(w, "automatic-title"), move || {
        let content = view! {
            {parts::as_of(view! { <a class="link" href="/balance">{t!(w, "balance-title")}</a> }, t!(w, "automatic-title"))}
            {summary}
            {parts::answer(sentence, Some(lede))}
            {form}
            {off}
        };
        frame(shell, content)
    }))
}

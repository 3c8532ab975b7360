//! `/plan/change`: choose plan, seats, interval and a promotion code; see every credit and charge; confirm. The choice is a form that asks
//! (GET); the price shown is a quote, and the form that confirms it (POST) carries only that quote and, where it is stale, the second
//! factor (see [`ask`]).

use axum::extract::{Form, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use leptos::prelude::*;
use rust_decimal::Decimal;

use crate::app::App;
use crate::identity::Member;
use crate::services::quotes::Preview;
use crate::services::subscriptions::{Action, Subscription};
use crate::services::{FieldError, Refusal};
use crate::{rich, t};

use super::super::entry::see_other;
use super::ask::{self, Again, Ask, Confirming};
use super::choice::{Choice, Chosen, interval_name, understand};
use super::{Seen, columns, promotion, when};

pub async fn choose(State(app): State<App>, member: Member, Query(choice): Query<Choice>) -> Result<Response, Refusal> {
    member.may_manage_billing()?;
    change_page(&app, &member, StatusCode::OK, &choice, Again::default()).await
}

/// The confirming form: the quote, and the choice it is of, so that nothing has to be chosen again.
#[derive(Default, serde::Deserialize)]
#[serde(default)]
pub struct ConfirmForm {
    quote: String,
    code: String,
    plan: String,
    interval: String,
    seats: String,
    when: String,
    promotion_code: String,
}

pub async fn confirm(State(app): State<App>, member: Member, Form(form): Form<ConfirmForm>) -> Result<Response, Refusal> {
    member.may_manage_billing()?;
    let choice =
        Choice { plan: form.plan, interval: form.interval, seats: form.seats, step: String::new(), when: form.when, promotion_code: form.promotion_code };
    let did = if choice.when == "period_end" { "planned" } else { "changed" };
    match ask::confirm(&app, &member, form.quote, &form.code, did).await? {
        Confirming::Went(response) => Ok(response),
        Confirming::Again(again) => change_page(&app, &member, StatusCode::UNPROCESSABLE_ENTITY, &choice, again).await,
    }
}

async fn change_page(app: &App, member: &Member, status: StatusCode, choice: &Choice, mut again: Again) -> Result<Response, Refusal> {
    let admitted = promotion::admit(app, member, &choice.promotion_code).await?;
    let mut desk = member.reads(app).await?;
    let seen = Seen::load(&mut desk, member).await?;
    let Some(subscription) = seen.subscription.clone() else { return Ok(see_other("/plan")) };
    let (chosen, mut not_understood) = understand(&seen, &subscription, choice, admitted.code);
    not_understood.extend(admitted.error);
    let status = if not_understood.is_empty() { status } else { StatusCode::UNPROCESSABLE_ENTITY };
    let can_price = not_understood.is_empty() && !chosen.is_as_now();
    again.errors.extend(not_understood);
    let w = seen.w;
    let (cards, rows) = (columns::choices(&seen, &chosen.plan, chosen.interval), columns::rows(&seen.offers));
    let asks = Ask {
        path: "/plan/change",
        title: t!(w, "change-title"),
        title_of_error: t!(w, "change-title-error"),
        action: can_price.then(|| Action::Change(chosen.request.clone())),
        hidden: chosen.hidden(),
        above: Some(
            view! { <fieldset id="live-plans"><legend class="vh">{t!(w, "change-plan-legend")}</legend><div class="plans" data-rows=rows>{cards}</div></fieldset> }
                .into_any(),
        ),
        lede: None,
        heading: &|preview| heading(&seen, &chosen, preview),
        button: &|preview| button(&seen, &chosen, preview),
        remark: &|preview| promotion::gives(&seen, preview),
        left: &|errors| left(&seen, &chosen, choice, errors, &subscription).into_any(),
    };
    ask::page(app, member, desk, status, &seen, asks, again).await
}

/// `Business with 12 seats: pay €101.90 today, then about €153.89 on 1 December.`
fn heading(seen: &Seen, chosen: &Chosen, preview: Option<&Preview>) -> String {
    let w = seen.w;
    let plan = chosen.offer(seen).map(|offer| offer.plan.name.clone()).unwrap_or_default();
    let quantity = super::seats(w, Decimal::from(chosen.seats));
    let Some(preview) = preview else {
        return if chosen.is_as_now() {
            rich!(w, "change-choose", plan = plan, quantity = quantity)
        } else {
            rich!(w, "change-not-priced", plan = plan, quantity = quantity)
        };
    };
    let currency = preview.before.currency.code();
    let due = w.money(preview.due_minor, currency);
    if let Some(code) = chosen.promotion_code.as_ref().filter(|_| chosen.is_same_plan && preview.priced.is_none()) {
        return promotion::heading(seen, code, preview);
    }
    let credit = preview.priced.as_ref().map_or(0, |priced| priced.document.total_minor.min(0).saturating_neg());
    let next = preview.next_invoice.as_ref().and_then(|next| next.priced.as_ref().map(|priced| (seen.dates.day(next.at), w.money(priced.due_minor, currency))));
    match (preview.after.scheduled.as_ref(), next) {
        (Some(scheduled), _) => rich!(w, "change-later", plan = plan, quantity = quantity, day = seen.dates.day(scheduled.at)),
        (None, _) if credit > 0 => rich!(w, "change-credit", plan = plan, quantity = quantity, amount = w.money(credit, currency)),
        (None, Some((day, amount))) => rich!(w, "change-pay-then", plan = plan, quantity = quantity, due = due, day = day, amount = amount),
        (None, None) => rich!(w, "change-pay-now", plan = plan, quantity = quantity, due = due),
    }
}

/// What the button does, and what it costs.
fn button(seen: &Seen, chosen: &Chosen, preview: &Preview) -> String {
    let w = seen.w;
    let after = preview.after.scheduled.as_ref().map_or_else(|| preview.after.plan_name(), |scheduled| &scheduled.terms.plan.name);
    let due = w.money(preview.due_minor, preview.before.currency.code());
    let is_same = preview.before.plan_name() == after;
    match (&preview.after.scheduled, &chosen.promotion_code) {
        (None, Some(code)) if chosen.is_same_plan && preview.due_minor == 0 => t!(w, "change-button-code", code = code),
        (Some(scheduled), _) => t!(w, "change-button-later", plan = after, day = seen.dates.day(scheduled.at)),
        (None, _) if preview.due_minor > 0 && is_same => t!(w, "change-button-same", due = due),
        (None, _) if preview.due_minor > 0 => t!(w, "change-button", plan = after, due = due),
        (None, _) if is_same => t!(w, "change-button-same-free"),
        (None, _) => t!(w, "change-button-free", plan = after),
    }
}

/// Seats, interval and when.
fn left(seen: &Seen, chosen: &Chosen, choice: &Choice, errors: &[FieldError], s: &Subscription) -> impl IntoView + use<> {
    let w = seen.w;
    let seats_error = errors.iter().find(|error| error.field == "seats").map(|error| w.tell(&error.sentence));
    let shown = if seats_error.is_some() { choice.seats.clone() } else { chosen.seats.to_string() };
    let described = if seats_error.is_some() { "seats-hint seats-error" } else { "seats-hint" };
    let intervals: Vec<_> = seen
        .offers
        .iter()
        .filter(|offer| offer.plan.key == chosen.plan)
        .map(|offer| {
            let is_chosen = offer.terms.interval.repeats_like(chosen.interval);
            let fee = columns::headline(w, &offer.terms, &seen.currency(&offer.terms));
            view! {
                <label class="opt">
                    <input type="radio" name="interval" form="choose" value=interval_name(offer.terms.interval) checked=is_chosen />
                    <span>{t!(w, "change-every", interval = columns::a_interval(w, offer.terms.interval))}<span class="hint">{fee}</span></span>
                </label>
            }
        })
        .collect();
    view! {
        <div class="field">
            <label for="seats">{t!(w, "change-seats")}</label>
            <span class="hint" id="seats-hint">{t!(w, "change-seats-now", quantity = seen.quantity(s))}</span>
            {seats_error.clone().map(|message| view! { <span class="err" id="seats-error">{message}</span> })}
            <div class="step">
                <button form="choose" name="step" value="-1" aria-label=t!(w, "change-seat-fewer")>"−"</button>
                <input id="seats" name="seats" form="choose" inputmode="numeric" autocomplete="off" value=shown aria-describedby=described aria-invalid=seats_error.map(|_| "true") />
                <button form="choose" name="step" value="1" aria-label=t!(w, "change-seat-more")>"+"</button>
            </div>
        </div>
        {(intervals.len() > 1 && seen.settings.customers_may_choose_interval).then(|| view! { <fieldset class="field"><legend>{t!(w, "change-pay-every")}</legend>{intervals}</fieldset> })}
        {when::field(seen, s, chosen.when, t!(w, "change-on-hint"))}
        {promotion::field(seen, &choice.promotion_code, errors)}
        <div class="field"><button class="btn plain" form="choose">{t!(w, "change-again")}</button></div>
    }
}

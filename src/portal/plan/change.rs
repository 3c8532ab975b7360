//! `/plan/change`: choose, see every credit and charge, confirm. The choice is a form that asks (GET); the price shown is a quote, and
//! the form that confirms it (POST) carries only that quote and, where it is stale, the second factor.

use axum::extract::{Form, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use leptos::prelude::*;
use rust_decimal::Decimal;

use crate::app::App;
use crate::identity::Member;
use crate::identity::step_up;
use crate::islands::live_preview::LivePreview;
use crate::services::catalog;
use crate::services::payments::{self, DeclineReason, Errand};
use crate::services::quotes::{self, Confirmed, Difference, Preview};
use crate::services::subscriptions::{Action, Subscription, When};
use crate::services::{FieldError, Refusal};
use crate::ui::payment::declined_because;
use crate::ui::shell::{Place, frame};
use crate::ui::{page, parts};
use crate::words::Sentence;
use crate::{rich, t};

use super::super::code_field;
use super::super::entry::{see_other, shell};
use super::super::written_for::WrittenFor;
use super::choice::{Choice, Chosen, interval_name, understand};
use super::{Seen, columns, promotion, sheet};

/// What went wrong with the confirmation, said above the sheet.
enum Trouble {
    None,
    Declined(DeclineReason),
    Changed(Vec<Difference>),
    Sentence(Sentence),
}

pub async fn choose(State(app): State<App>, member: Member, Query(choice): Query<Choice>) -> Result<Response, Refusal> {
    member.may_manage_billing()?;
    change_page(&app, &member, StatusCode::OK, &choice, None, Trouble::None, Vec::new()).await
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
    let choice = Choice {
        plan: form.plan,
        interval: form.interval,
        seats: form.seats,
        step: String::new(),
        when: form.when,
        promotion_code: form.promotion_code,
    };
    let again = |quote: Option<String>, trouble: Trouble, errors: Vec<FieldError>| {
        let (app, member, choice) = (&app, &member, &choice);
        async move { change_page(app, member, StatusCode::UNPROCESSABLE_ENTITY, choice, quote, trouble, errors).await }
    };
    if let Err(wrong) = step_up::confirm(&app, &member, &form.code).await {
        let errors = code_field::errors(&app, wrong)?;
        return again(Some(form.quote), Trouble::None, errors).await;
    }
    let errand = Errand::new(&app, &member.vendor, member.actor());
    match quotes::confirm(&errand, &member.customer_id, &form.quote).await {
        Ok(Confirmed::Done(done)) => Ok(see_other(&match done.documents.first() {
            Some(document) => format!("/plan?did=changed&invoice={}", document.number),
            None if choice.when == "period_end" => "/plan?did=planned".to_owned(),
            None => "/plan?did=changed".to_owned(),
        })),
        Ok(Confirmed::NeedsAction { payment_id, .. } | Confirmed::UnderWay { payment_id }) => Ok(see_other(&payments::page_path(&payment_id))),
        Ok(Confirmed::Declined { reason, .. }) => again(Some(form.quote), Trouble::Declined(DeclineReason::or_other(&reason)), Vec::new()).await,
        Ok(Confirmed::Changed { differences, .. }) => again(None, Trouble::Changed(differences), Vec::new()).await,
        Err(Refusal::Rule(sentence) | Refusal::Conflict(sentence)) => again(None, Trouble::Sentence(sentence), Vec::new()).await,
        // Pricing it again says the same at its field.
        Err(Refusal::Fields(_)) => again(None, Trouble::None, Vec::new()).await,
        Err(refusal) => Err(refusal),
    }
}

/// An error of the action's, at the field that this form calls otherwise.
fn at_its_field(error: FieldError) -> FieldError {
    if error.field == "quantity" { FieldError { field: "seats", ..error } } else { error }
}

/// Both forms. `held` is a quote that still stands (a code was asked for, a card declined): its time goes on running.
async fn change_page(
    app: &App,
    member: &Member,
    status: StatusCode,
    choice: &Choice,
    held: Option<String>,
    trouble: Trouble,
    mut errors: Vec<FieldError>,
) -> Result<Response, Refusal> {
    let unknown_code = promotion::admit(app, member, &choice.promotion_code).await?;
    let mut desk = member.reads(app).await?;
    let seen = Seen::load(&mut desk, member).await?;
    let Some(subscription) = seen.subscription.clone() else { return Ok(see_other("/plan")) };
    let (chosen, mut not_understood) = understand(&seen, &subscription, choice);
    not_understood.extend(unknown_code);
    let mut status = if not_understood.is_empty() { status } else { StatusCode::UNPROCESSABLE_ENTITY };
    let can_price = not_understood.is_empty() && !chosen.is_as_now();
    errors.extend(not_understood);
    let meters = crate::services::usage::meters(&mut desk).await?;
    let methods = payments::list(&mut desk, &member.customer_id).await?;
    let country = crate::services::customers::load(&mut desk, &member.customer_id).await?.country;
    let taxes = catalog::tax_rates_of(&mut desk, &country).await?;
    drop(desk);

    let errand = Errand::new(app, &member.vendor, member.actor());
    let mut refused = None;
    let mut preview: Option<Preview> = None;
    if can_price {
        let held = match &held {
            Some(quote) => quotes::reopen(&errand, &member.customer_id, quote).await.ok(),
            None => None,
        };
        let priced = match held {
            Some(preview) => Ok(preview),
            None => quotes::preview(&errand, &member.customer_id, &subscription.id, &Action::Change(chosen.request.clone())).await,
        };
        match priced {
            Ok(priced) => preview = Some(priced),
            Err(Refusal::Rule(sentence) | Refusal::Conflict(sentence)) => {
                status = StatusCode::UNPROCESSABLE_ENTITY;
                refused = Some(sentence);
            }
            Err(Refusal::Fields(fields)) => {
                status = StatusCode::UNPROCESSABLE_ENTITY;
                errors.extend(fields.into_iter().map(at_its_field));
            }
            Err(refusal) => return Err(refusal),
        }
    }

    let w = seen.w;
    let code_field = code_field::step_up_field(app, member, &errors).map(|field| field.into_any());
    let (shell, mark) = (shell(member, w, Place::Plan), WrittenFor::of(member).mark());
    let is_wrong = status != StatusCode::OK;
    let title = if is_wrong { t!(w, "change-title-error") } else { t!(w, "change-title") };
    let heading = heading(&seen, &chosen, preview.as_ref());
    let trouble = told(&seen, &trouble, refused, &subscription);
    let known = sheet::Known { meters, methods, taxes };
    let sheet = preview.map(|preview| {
        let asks = sheet::Asks {
            action: "/plan/change",
            hidden: chosen.hidden(),
            button: button(&seen, &chosen, &preview),
            remark: promotion::gives(&seen, &preview),
            keep: t!(w, "change-keep", plan = preview.before.plan_name()),
            code_field,
        };
        sheet::sheet(&seen, &preview, &known, asks)
    });
    let left = left(&seen, &chosen, choice, &errors, &subscription);
    let (cards, rows) = (columns::choices(&seen, &chosen.plan, chosen.interval), columns::rows(&seen.offers));
    Ok(page::document(app, member, status, &title, move || {
        let content = view! {
            {parts::as_of(view! { <a class="link" href="/plan">{t!(w, "nav-plan")}</a> }, seen.stamp.clone())}
            {parts::error_summary(w, &errors)}
            <div id="live-answer" data-for=mark aria-live="polite">{trouble}{parts::answer(heading, None)}</div>
            <form id="choose" method="get" action="/plan/change"></form>
            <LivePreview form="choose".to_owned() />
            <fieldset id="live-plans"><legend class="vh">{t!(w, "change-plan-legend")}</legend><div class="plans" data-rows=rows>{cards}</div></fieldset>
            <div class="setup sec"><div id="live-left">{left}</div><div id="live-sheet">{sheet}</div></div>
        };
        frame(shell, content)
    }))
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

/// What went wrong: what happened, that nothing was charged, what to do.
fn told(seen: &Seen, trouble: &Trouble, refused: Option<Sentence>, s: &Subscription) -> Option<AnyView> {
    let w = seen.w;
    let (title, sentence) = match (trouble, refused) {
        (Trouble::Declined(reason), _) => (t!(w, "change-declined", plan = s.plan_name()), declined_because(w, *reason)),
        (Trouble::Changed(differences), _) => {
            let what: Vec<String> = differences
                .iter()
                .map(|difference| match difference {
                    Difference::Expired => t!(w, "change-differs-expired"),
                    Difference::PeriodEnded => t!(w, "change-differs-period"),
                    Difference::Subscription => t!(w, "change-differs-subscription"),
                    Difference::Customer => t!(w, "change-differs-customer"),
                    Difference::Plan => t!(w, "change-differs-plan"),
                    Difference::Price => t!(w, "change-differs-price"),
                })
                .collect();
            (t!(w, "change-differs"), what.join(" "))
        }
        (Trouble::Sentence(sentence), _) => (t!(w, "change-refused"), w.tell(sentence)),
        (Trouble::None, Some(sentence)) => (t!(w, "change-refused"), w.tell(&sentence)),
        (Trouble::None, None) => return None,
    };
    Some(parts::error_note(title, sentence).into_any())
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
    let period_end = s.cycle.as_ref().map(|cycle| seen.dates.day(cycle.whole.end));
    let is_now = chosen.when == When::Now;
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
        {(intervals.len() > 1).then(|| view! { <fieldset class="field"><legend>{t!(w, "change-pay-every")}</legend>{intervals}</fieldset> })}
        {period_end.map(|day| view! {
            <fieldset class="field">
                <legend>{t!(w, "change-start")}</legend>
                <label class="opt"><input type="radio" name="when" form="choose" value="now" checked=is_now /><span>{t!(w, "change-now")}</span></label>
                <label class="opt">
                    <input type="radio" name="when" form="choose" value="period_end" checked=!is_now />
                    <span>{t!(w, "change-on", day = day)}<span class="hint">{t!(w, "change-on-hint")}</span></span>
                </label>
            </fieldset>
        })}
        {promotion::field(seen, &choice.promotion_code, errors)}
        <div class="field"><button class="btn plain" form="choose">{t!(w, "change-again")}</button></div>
    }
}

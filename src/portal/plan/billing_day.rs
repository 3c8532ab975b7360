//! `/plan/billing-day`: the day of the month on which periods begin, chosen by the customer where the vendor lets them.

use axum::extract::{Form, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use billing::calendar::Unit;
use billing::state::State as Standing;
use leptos::prelude::*;

use crate::app::App;
use crate::identity::Member;
use crate::services::quotes::Preview;
use crate::services::subscriptions::{Action, ChangeRequest, Subscription, When};
use crate::services::{FieldError, Refusal};
use crate::{rich, sentence, t};

use super::super::entry::see_other;
use super::ask::{self, Again, Ask, Confirming};
use super::{Seen, when};

#[derive(Clone, Default, serde::Deserialize)]
#[serde(default)]
pub struct Choice {
    /// 1 to 31.
    day: String,
    /// "now", "period_end".
    when: String,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
pub struct ConfirmForm {
    quote: String,
    code: String,
    day: String,
    when: String,
}

pub async fn choose(State(app): State<App>, member: Member, Query(choice): Query<Choice>) -> Result<Response, Refusal> {
    member.may_manage_billing()?;
    day_page(&app, &member, StatusCode::OK, &choice, Again::default()).await
}

pub async fn confirm(State(app): State<App>, member: Member, Form(form): Form<ConfirmForm>) -> Result<Response, Refusal> {
    member.may_manage_billing()?;
    let mut desk = member.reads(&app).await?;
    Seen::load(&mut desk, &member).await?.may_choose_day()?;
    drop(desk);
    let choice = Choice { day: form.day, when: form.when };
    let did = if choice.when == "period_end" { "planned" } else { "changed" };
    match ask::confirm(&app, &member, form.quote, &form.code, did).await? {
        Confirming::Went(response) => Ok(response),
        Confirming::Again(again) => day_page(&app, &member, StatusCode::UNPROCESSABLE_ENTITY, &choice, again).await,
    }
}

impl Seen {
    fn may_choose_day(&self) -> Result<(), Refusal> {
        if self.settings.customers_may_choose_billing_day { Ok(()) } else { Err(Refusal::NotFound) }
    }
}

/// The day its periods begin on now. None: it has no such day, or is not one to be changed.
fn day_of(s: &Subscription) -> Option<u32> {
    let cycle = s.cycle.as_ref().filter(|_| matches!(s.state, Standing::Active | Standing::PastDue))?;
    matches!(cycle.interval.unit, Unit::Month | Unit::Year).then_some(cycle.anchor.day)
}

/// What `/plan` says of it: the day, and the way to another.
pub(super) fn on_the_plan(seen: &Seen) -> Option<impl IntoView + use<>> {
    seen.may_choose_day().ok()?;
    day_of(seen.subscription.as_ref()?)?;
    Some(view! { <a class="btn plain" href="/plan/billing-day">{t!(seen.w, "billing-day-link")}</a> })
}

async fn day_page(app: &App, member: &Member, status: StatusCode, choice: &Choice, mut again: Again) -> Result<Response, Refusal> {
    let mut desk = member.reads(app).await?;
    let seen = Seen::load(&mut desk, member).await?;
    seen.may_choose_day()?;
    let Some((s, now)) = seen.subscription.clone().and_then(|s| day_of(&s).map(|day| (s, day))) else { return Ok(see_other("/plan")) };
    let day = match choice.day.trim() {
        "" => Some(now),
        digits => digits.parse::<u32>().ok().filter(|day| (1..=31).contains(day)),
    };
    if day.is_none() {
        again.errors.push(FieldError { field: "day", sentence: sentence!("billing-day-bad") });
    }
    let status = if again.errors.is_empty() { status } else { StatusCode::UNPROCESSABLE_ENTITY };
    let chosen = when::of(&choice.when);
    let action = day.filter(|day| *day != now).map(|day| Action::Change(ChangeRequest { anchor_day: Some(day), when: chosen, ..ChangeRequest::default() }));
    let w = seen.w;
    let shown = day.map_or_else(|| choice.day.clone(), |day| day.to_string());
    let asks = Ask {
        path: "/plan/billing-day",
        title: t!(w, "billing-day-title"),
        title_of_error: t!(w, "billing-day-title-error"),
        action,
        hidden: vec![("day", shown.clone()), ("when", when::name(chosen).to_owned())],
        heading: &|preview| heading(&seen, now, preview),
        lede: Some(t!(w, "billing-day-what")),
        above: None,
        left: &|errors| left(&seen, &s, &shown, errors, chosen).into_any(),
        button: &|preview| button(&seen, preview),
        remark: &|_| None,
    };
    ask::page(app, member, desk, status, &seen, asks, again).await
}

/// `Your periods would begin on 15 December: pay €12.00 today, then about €47.00 on that day.`
fn heading(seen: &Seen, now: u32, preview: Option<&Preview>) -> String {
    let w = seen.w;
    let Some(preview) = preview else { return rich!(w, "billing-day-now", day = now.to_string()) };
    let money = |minor| w.money(minor, preview.before.currency.code());
    let total = preview.priced.as_ref().map_or(0, |priced| priced.document.total_minor);
    let next = preview.next_invoice.as_ref().and_then(|next| Some((seen.dates.day(next.at), money(next.priced.as_ref()?.due_minor))));
    match (&preview.after.scheduled, next) {
        (Some(scheduled), _) => rich!(w, "billing-day-later", day = seen.dates.day(scheduled.at)),
        (None, Some((day, amount))) if total < 0 => rich!(w, "billing-day-credit", credit = money(total.saturating_neg()), day = day, amount = amount),
        (None, Some((day, amount))) => rich!(w, "billing-day-pay", due = money(preview.due_minor), day = day, amount = amount),
        (None, None) => rich!(w, "billing-day-now", day = now.to_string()),
    }
}

fn button(seen: &Seen, preview: &Preview) -> String {
    let w = seen.w;
    match &preview.after.scheduled {
        Some(scheduled) => t!(w, "billing-day-button-later", day = seen.dates.day(scheduled.at)),
        None if preview.due_minor > 0 => t!(w, "change-button-same", due = w.money(preview.due_minor, preview.before.currency.code())),
        None => t!(w, "change-button-same-free"),
    }
}

/// Which day, and from when.
fn left(seen: &Seen, s: &Subscription, shown: &str, errors: &[FieldError], chosen: When) -> impl IntoView + use<> {
    let w = seen.w;
    let error = errors.iter().find(|error| error.field == "day").map(|error| w.tell(&error.sentence));
    let described = if error.is_some() { "day-hint day-error" } else { "day-hint" };
    view! {
        <div class="field">
            <label for="day">{t!(w, "billing-day-label")}</label>
            <span class="hint" id="day-hint">{t!(w, "billing-day-hint")}</span>
            {error.clone().map(|message| view! { <span class="err" id="day-error">{message}</span> })}
            <input id="day" name="day" form="choose" inputmode="numeric" autocomplete="off" value=shown.to_owned() aria-describedby=described aria-invalid=error.map(|_| "true") />
        </div>
        {when::field(seen, s, chosen, t!(w, "change-on-hint"))}
        <div class="field"><button class="btn plain" form="choose">{t!(w, "change-again")}</button></div>
    }
}

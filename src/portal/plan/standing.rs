//! `/plan/pause`, `/plan/resume` and `/plan/reactivate`: the plan rests, goes on, begins again. Each priced first, as a change is.

use axum::extract::{Form, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use billing::state::State as Standing;
use billing::subscription::Unused;
use leptos::prelude::*;

use crate::app::App;
use crate::identity::Member;
use crate::services::Refusal;
use crate::services::quotes::Preview;
use crate::services::subscriptions::{Action, PauseRequest, Subscription, When};
use crate::{rich, t};

use super::super::entry::see_other;
use super::ask::{self, Again, Ask, Confirming};
use super::{Seen, when};

/// What is asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Turn {
    Pause,
    Resume,
    Reactivate,
}

#[derive(Clone, Default, serde::Deserialize)]
#[serde(default)]
pub struct Choice {
    /// "now", "period_end"; of a pause.
    when: String,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
pub struct ConfirmForm {
    quote: String,
    code: String,
    when: String,
}

pub async fn ask_pause(State(app): State<App>, member: Member, Query(choice): Query<Choice>) -> Result<Response, Refusal> {
    ask(&app, &member, Turn::Pause, &choice).await
}

pub async fn pause(State(app): State<App>, member: Member, Form(form): Form<ConfirmForm>) -> Result<Response, Refusal> {
    confirm(&app, &member, Turn::Pause, form).await
}

pub async fn ask_resume(State(app): State<App>, member: Member) -> Result<Response, Refusal> {
    ask(&app, &member, Turn::Resume, &Choice::default()).await
}

pub async fn resume(State(app): State<App>, member: Member, Form(form): Form<ConfirmForm>) -> Result<Response, Refusal> {
    confirm(&app, &member, Turn::Resume, form).await
}

pub async fn ask_reactivate(State(app): State<App>, member: Member) -> Result<Response, Refusal> {
    ask(&app, &member, Turn::Reactivate, &Choice::default()).await
}

pub async fn reactivate(State(app): State<App>, member: Member, Form(form): Form<ConfirmForm>) -> Result<Response, Refusal> {
    confirm(&app, &member, Turn::Reactivate, form).await
}

async fn ask(app: &App, member: &Member, turn: Turn, choice: &Choice) -> Result<Response, Refusal> {
    member.may_manage_billing()?;
    turn_page(app, member, StatusCode::OK, turn, choice, Again::default()).await
}

async fn confirm(app: &App, member: &Member, turn: Turn, form: ConfirmForm) -> Result<Response, Refusal> {
    member.may_manage_billing()?;
    if turn == Turn::Pause {
        let mut desk = member.reads(app).await?;
        Seen::load(&mut desk, member).await?.may_pause()?;
    }
    let choice = Choice { when: form.when };
    let did = match turn {
        Turn::Pause if choice.when == "period_end" => "pause_planned",
        Turn::Pause => "paused",
        Turn::Resume => "resumed",
        Turn::Reactivate => "reactivated",
    };
    match ask::confirm(app, member, form.quote, &form.code, did).await? {
        Confirming::Went(response) => Ok(response),
        Confirming::Again(again) => turn_page(app, member, StatusCode::UNPROCESSABLE_ENTITY, turn, &choice, again).await,
    }
}

impl Turn {
    /// Whether it is what the plan's page offers as the plan stands.
    fn is_open(self, s: &Subscription) -> bool {
        match self {
            Turn::Pause => s.can_pause(),
            Turn::Resume => s.state == Standing::Paused,
            Turn::Reactivate => s.state == Standing::Cancelled,
        }
    }
}

impl Seen {
    /// A customer pauses where the vendor lets them.
    pub(super) fn may_pause(&self) -> Result<(), Refusal> {
        if self.settings.customers_may_pause { Ok(()) } else { Err(Refusal::NotFound) }
    }
}

trait Pausing {
    fn can_pause(&self) -> bool;
}

impl Pausing for Subscription {
    /// It runs, and nothing is planned that a pause would come in the way of.
    fn can_pause(&self) -> bool {
        matches!(self.state, Standing::Active | Standing::PastDue) && self.pause_at.is_none() && self.cancel_at.is_none()
    }
}

/// Whether the plan's page offers a pause.
pub(super) fn offers_pause(seen: &Seen) -> bool {
    seen.may_pause().is_ok() && seen.subscription.as_ref().is_some_and(Pausing::can_pause)
}

async fn turn_page(app: &App, member: &Member, status: StatusCode, turn: Turn, choice: &Choice, again: Again) -> Result<Response, Refusal> {
    let mut desk = member.reads(app).await?;
    let seen = Seen::load(&mut desk, member).await?;
    if turn == Turn::Pause {
        seen.may_pause()?;
    }
    let Some(s) = seen.subscription.clone().filter(|s| turn.is_open(s)) else { return Ok(see_other("/plan")) };
    let w = seen.w;
    let when = when::of(&choice.when);
    let (path, action, title, title_of_error, lede) = match turn {
        Turn::Pause => (
            "/plan/pause",
            Action::Pause(PauseRequest { when, unused: Unused::Credited }),
            t!(w, "pause-title"),
            t!(w, "pause-title-error"),
            t!(w, "pause-what", plan = s.plan_name()),
        ),
        Turn::Resume => ("/plan/resume", Action::Resume, t!(w, "resume-title"), t!(w, "resume-title-error"), t!(w, "resume-what", plan = s.plan_name())),
        Turn::Reactivate => {
            ("/plan/reactivate", Action::Reactivate, t!(w, "reactivate-title"), t!(w, "reactivate-title-error"), t!(w, "reactivate-what", plan = s.plan_name()))
        }
    };
    let hidden = if turn == Turn::Pause { vec![("when", when::name(when).to_owned())] } else { Vec::new() };
    let asks = Ask {
        path,
        title,
        title_of_error,
        action: Some(action),
        hidden,
        heading: &|preview| heading(&seen, turn, preview),
        lede: Some(lede),
        above: None,
        left: &|_| if turn == Turn::Pause { when_field(&seen, &s, when) } else { have(&seen, &s) },
        button: &|preview| button(&seen, turn, preview),
        remark: &|_| None,
    };
    ask::page(app, member, desk, status, &seen, asks, again).await
}

/// `Team pauses now: €23.50 goes to your balance.`
fn heading(seen: &Seen, turn: Turn, preview: Option<&Preview>) -> String {
    let w = seen.w;
    let plan = seen.subscription.as_ref().map(|s| s.plan_name().to_owned()).unwrap_or_default();
    let Some(preview) = preview else { return rich!(w, "standing-not-priced", plan = plan) };
    let money = |minor| w.money(minor, preview.before.currency.code());
    let total = preview.priced.as_ref().map_or(0, |priced| priced.document.total_minor);
    match turn {
        Turn::Pause => match (preview.after.pause_at, total) {
            (Some(at), _) => rich!(w, "pause-later", plan = plan, day = seen.dates.day(at)),
            (None, total) if total < 0 => rich!(w, "pause-credit", plan = plan, amount = money(total.saturating_neg())),
            (None, 0) => rich!(w, "pause-now", plan = plan),
            (None, total) => rich!(w, "pause-used", plan = plan, amount = money(total)),
        },
        Turn::Resume | Turn::Reactivate => {
            let next = preview.next_invoice.as_ref().and_then(|next| Some((seen.dates.day(next.at), money(next.priced.as_ref()?.due_minor))));
            match next {
                Some((day, amount)) => rich!(w, "goes-on-then", plan = plan, due = money(preview.due_minor), day = day, amount = amount),
                None => rich!(w, "goes-on", plan = plan, due = money(preview.due_minor)),
            }
        }
    }
}

fn button(seen: &Seen, turn: Turn, preview: &Preview) -> String {
    let (w, plan) = (seen.w, preview.before.plan_name());
    let due = w.money(preview.due_minor, preview.before.currency.code());
    match (turn, preview.after.pause_at) {
        (Turn::Pause, Some(at)) => t!(w, "pause-button-later", plan = plan, day = seen.dates.day(at)),
        (Turn::Pause, None) => t!(w, "pause-button", plan = plan),
        (Turn::Resume, _) if preview.due_minor > 0 => t!(w, "resume-button", plan = plan, due = due),
        (Turn::Resume, _) => t!(w, "resume-button-free", plan = plan),
        (Turn::Reactivate, _) if preview.due_minor > 0 => t!(w, "reactivate-button", plan = plan, due = due),
        (Turn::Reactivate, _) => t!(w, "reactivate-button-free", plan = plan),
    }
}

/// When it begins.
fn when_field(seen: &Seen, s: &Subscription, when: When) -> AnyView {
    let w = seen.w;
    view! {
        {when::field(seen, s, when, t!(w, "pause-later-hint"))}
        <div class="field"><button class="btn plain" form="choose">{t!(w, "change-again")}</button></div>
    }
    .into_any()
}

/// What goes on, or begins again.
fn have(seen: &Seen, s: &Subscription) -> AnyView {
    let w = seen.w;
    let add_ons: Vec<_> = s.terms.add_ons.iter().map(|add_on| view! { <dd>{add_on.name.clone()}</dd> }).collect();
    view! { <dl class="facts"><div><dt>{t!(w, "nav-plan")}</dt><dd><b>{s.plan_name().to_owned()}</b></dd><dd>{seen.quantity(s)}</dd>{add_ons}</div></dl> }
        .into_any()
}

//! `/test-clock`: a sandbox's time, and moving it on. Only sandboxes have this page; elsewhere there is nothing at its address.

use std::time::Duration;

use axum::extract::{Form, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use billing::calendar::Instant;
use chrono::{NaiveDateTime, TimeZone};
use chrono_tz::Tz;
use leptos::prelude::*;

use crate::app::App;
use crate::identity::Member;
use crate::services::test_clock::{self, Move, Runs};
use crate::services::{Desk, FieldError, Refusal, subscriptions};
use crate::ui::parts::Field;
use crate::ui::shell::{Place, frame};
use crate::ui::{page, parts};
use crate::words::format::Dates;
use crate::words::{Sentence, Words};
use crate::{rich, sentence, t};

use super::entry::{see_other, shell};
use super::routes::{Route, names};
use super::written_for::WrittenFor;

/// How long a page waits for what the move made due: with few customers it is done by then, and the next page shows it.
const PATIENCE: Duration = Duration::from_secs(2);
const LOOKS_EVERY: Duration = Duration::from_millis(40);

pub fn routes() -> Vec<Route> {
    vec![Route::member("/test-clock", get(show).post(set)).form(names::<Wish>())]
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Wish {
    /// 'next' | 'day' | 'week' | 'month' | 'at' | 'along'
    to: String,
    at: String,
}

async fn show(State(app): State<App>, member: Member) -> Result<Response, Refusal> {
    clock_page(&app, &member, None, String::new()).await
}

async fn set(State(app): State<App>, member: Member, Form(wish): Form<Wish>) -> Result<Response, Refusal> {
    if !member.vendor.is_test {
        return Err(Refusal::NotFound);
    }
    member.may_manage_billing()?;
    match moved(&app, &member, &wish).await {
        Ok(()) => Ok(see_other("/test-clock")),
        Err(Refusal::Fields(errors)) => clock_page(&app, &member, Some(Trouble::Fields(errors)), wish.at).await,
        Err(Refusal::Rule(sentence)) => clock_page(&app, &member, Some(Trouble::Refused(sentence)), wish.at).await,
        Err(refusal) => Err(refusal),
    }
}

async fn moved(app: &App, member: &Member, wish: &Wish) -> Result<(), Refusal> {
    let mut desk = member.writes(app).await?;
    if wish.to == "along" {
        test_clock::release(&mut desk).await?;
    } else {
        let how = match wish.to.as_str() {
            "next" => Move::ToNext,
            "day" => Move::Days(1),
            "week" => Move::Days(7),
            "month" => Move::Months(1),
            _ => Move::To(instant(&wish.at, zone(member)).ok_or_else(|| Refusal::field("at", sentence!("clock-unreadable")))?),
        };
        test_clock::advance(&mut desk, how).await?;
    }
    desk.commit().await?;
    app.reload_vendors().await?;
    app.fell_due.notify_one();
    wait_until_done(app, member).await
}

/// Waits a moment for what has fallen due.
async fn wait_until_done(app: &App, member: &Member) -> Result<(), Refusal> {
    let vendor = app.vendors().into_iter().find(|vendor| vendor.id == member.vendor.id).ok_or(Refusal::NotFound)?;
    let until = tokio::time::Instant::now() + PATIENCE;
    while tokio::time::Instant::now() < until {
        let mut desk = Desk::read(app, &vendor, member.actor()).await?;
        if test_clock::waiting(&mut desk).await? == 0 {
            return Ok(());
        }
        drop(desk);
        tokio::time::sleep(LOOKS_EVERY).await;
    }
    Ok(())
}

fn zone(member: &Member) -> Tz {
    member.time_zone.parse().unwrap_or(chrono_tz::UTC)
}

/// What a browser's field gives, or a person without one types.
fn instant(text: &str, zone: Tz) -> Option<Instant> {
    let text = text.trim().replace('T', " ");
    let local = ["%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S"].iter().find_map(|form| NaiveDateTime::parse_from_str(&text, form).ok())?;
    zone.from_local_datetime(&local).earliest().map(|at| at.to_utc())
}

/// Why it was not moved.
enum Trouble {
    Refused(Sentence),
    Fields(Vec<FieldError>),
}

async fn clock_page(app: &App, member: &Member, trouble: Option<Trouble>, typed: String) -> Result<Response, Refusal> {
    if !member.vendor.is_test {
        return Err(Refusal::NotFound);
    }
    let mut desk = member.reads(app).await?;
    let runs = test_clock::runs(&mut desk.tx, &member.vendor.id).await?;
    let waiting = test_clock::waiting(&mut desk).await?;
    let anyone = test_clock::next_due(&mut desk).await?;
    let own = subscriptions::first_due(&mut desk, &member.customer_id).await?;
    let now = desk.now;
    drop(desk);

    let w = Words::of(&member.locale);
    let dates = Dates::new(w, zone(member));
    let shell = shell(member, w, Place::Account);
    let written_for = WrittenFor::of(member);
    let may_act = member.may_manage_billing().is_ok();
    let may_release = matches!(runs, Runs::StandsAt(at) if at <= now.wall);
    let customer = member.customer_name.clone();
    let (status, title) = match trouble {
        None => (StatusCode::OK, t!(w, "clock-title")),
        Some(_) => (StatusCode::UNPROCESSABLE_ENTITY, t!(w, "clock-title-error")),
    };
    Ok(page::document(app, member, status, &title, move || {
        let said = match runs {
            Runs::StandsAt(at) => rich!(w, "clock-answer-stands", at = dates.stamp(at)),
            Runs::Along => rich!(w, "clock-answer-runs"),
        };
        let (errors, note) = match trouble {
            Some(Trouble::Fields(errors)) => (errors, None),
            Some(Trouble::Refused(sentence)) => (Vec::new(), Some(w.tell(&sentence))),
            None => (Vec::new(), None),
        };
        let (href, label) = if waiting > 0 { ("/test-clock", t!(w, "clock-again")) } else { ("/account/activity", t!(w, "clock-happened")) };
        let look = view! { <a class="link" href=href>{label}</a> };
        let when = |at: Option<Instant>| at.map_or_else(|| t!(w, "clock-next-none"), |at| dates.stamp(at));
        let form = may_act.then(|| move_form(w, written_for, &dates, &typed, &errors, may_release));
        let content = view! {
            {parts::as_of(view! { {t!(w, "clock-title")} }, dates.stamp(now.billing))}
            {parts::error_summary(w, &errors)}
            {note.map(|sentence| parts::error_note(t!(w, "clock-refused"), sentence))}
            {parts::answer(said, Some(rich!(w, "clock-what")))}
            <p role="status" class="field">
                {t!(w, "clock-waiting", count = waiting)}" "
                {look}
            </p>
            <dl class="facts">
                {parts::fact(t!(w, "clock-next", customer = customer), when(own), ())}
                {parts::fact(t!(w, "clock-next-anyone"), when(anyone), ())}
            </dl>
            {form}
        };
        frame(shell, content)
    }))
}

fn move_form(w: Words, written_for: WrittenFor, dates: &Dates, typed: &str, errors: &[FieldError], may_release: bool) -> impl IntoView + use<> {
    let button = |to: &'static str, label: String, class: &'static str| view! { <button class=class name="to" value=to>{label}</button> };
    let release = may_release.then(|| button("along", t!(w, "clock-release"), "btn plain"));
    let at = Field {
        name: "at",
        label: t!(w, "clock-at"),
        hint: Some(t!(w, "clock-at-hint", zone = dates.zone_name())),
        value: typed,
        kind: "datetime-local",
        is_required: false,
        ..Field::default()
    };
    view! {
        <form method="post" action="/test-clock" class="narrow">
            {written_for.field()}
            <h2 class="sec">{t!(w, "clock-move")}</h2>
            <div class="acts field">
                {button("next", t!(w, "clock-to-next"), "btn")}
                {button("day", t!(w, "clock-day"), "btn plain")}
                {button("week", t!(w, "clock-week"), "btn plain")}
                {button("month", t!(w, "clock-month"), "btn plain")}
            </div>
            {parts::field(w, at, errors)}
            <div class="acts field">{button("at", t!(w, "clock-at-button"), "btn plain")}{release}</div>
        </form>
    }
}

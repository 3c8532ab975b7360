//! `/plan`: what you have, what else there is, and the way to change, cancel and undo. Every change that costs money is priced first
//! ([`change`]), and what is confirmed is exactly what was shown.

use axum::extract::{Form, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use billing::state::State as Standing;
use leptos::prelude::*;

use crate::app::App;
use crate::identity::Member;
use crate::identity::step_up;
use crate::services::catalog::{self, Offer};
use crate::services::embed_sessions::Scope;
use crate::services::payments::Errand;
use crate::services::settings::{self, Settings};
use crate::services::subscriptions::{self, Action, Subscription, Upcoming};
use crate::services::{Desk, FieldError, Refusal, customers};
use crate::ui::shell::{Place, frame};
use crate::ui::{page, parts};
use crate::words::Words;
use crate::words::format::Dates;
use crate::{rich, t};

use super::code_field;
use super::entry::{see_other, shell};
use super::routes::{Route, names};
use super::written_for::WrittenFor;

mod add_on;
mod ask;
mod billing_day;
mod cancel;
mod change;
mod choice;
pub(super) mod columns;
mod promotion;
mod sheet;
mod standing;
mod what_if;
mod when;

pub(super) use sheet::unit_of;

/// What a frame needs for these pages.
const PLAN: &[Scope] = &[Scope::PlanWrite];

pub fn routes() -> Vec<Route> {
    vec![
        Route::member("/plan", get(show)).query(names::<Done>()).reads(PLAN),
        Route::member("/plan/change", get(change::choose).post(change::confirm))
            .query(names::<choice::Choice>())
            .form(names::<change::ConfirmForm>())
            .acts(PLAN),
        Route::member("/plan/cancel", get(cancel::ask).post(cancel::cancel)).form(names::<cancel::CancelForm>()).acts(PLAN),
        Route::member("/plan/pause", get(standing::ask_pause).post(standing::pause))
            .query(names::<standing::Choice>())
            .form(names::<standing::ConfirmForm>())
            .acts(PLAN),
        Route::member("/plan/resume", get(standing::ask_resume).post(standing::resume)).form(names::<standing::ConfirmForm>()).acts(PLAN),
        Route::member("/plan/reactivate", get(standing::ask_reactivate).post(standing::reactivate)).form(names::<standing::ConfirmForm>()).acts(PLAN),
        Route::member("/plan/add-on", get(add_on::choose).post(add_on::confirm))
            .query(names::<add_on::Choice>())
            .form(names::<add_on::ConfirmForm>())
            .acts(PLAN),
        Route::member("/plan/billing-day", get(billing_day::choose).post(billing_day::confirm))
            .query(names::<billing_day::Choice>())
            .form(names::<billing_day::ConfirmForm>())
            .acts(PLAN),
        Route::member("/plan/what-if", get(what_if::show)).query(names::<what_if::Span>()).reads(&[Scope::PlanWrite, Scope::UsageRead]),
        Route::member("/plan/undo", post(undo)).form(names::<UndoForm>()).acts(PLAN),
    ]
}

/// A member's own view of their subscription: what every page here starts from.
struct Seen {
    subscription: Option<Subscription>,
    offers: Vec<Offer>,
    next: Option<Upcoming>,
    settings: Settings,
    /// The customer's, whose taxes are charged.
    country: String,
    w: Words,
    dates: Dates,
    stamp: String,
    written_for: WrittenFor,
}

impl Seen {
    async fn load(desk: &mut Desk, member: &Member) -> Result<Seen, Refusal> {
        let customer = customers::load(desk, &member.customer_id).await?;
        let subscription = subscriptions::current(desk, &member.customer_id).await?;
        let currency = subscription.as_ref().map_or_else(|| customer.currency(), |s| Ok(s.currency))?;
        let offers = catalog::offers(desk, currency).await?;
        let at = desk.now.billing;
        let next = match &subscription {
            Some(subscription) => subscriptions::upcoming(desk, &customer, subscription, at, None).await?,
            None => None,
        };
        let settings = settings::load(desk).await?;
        let w = Words::of(&member.locale);
        let zone = subscription.as_ref().map_or_else(|| member.time_zone.parse().unwrap_or(chrono_tz::UTC), |s| s.zone);
        let dates = Dates::new(w, zone);
        Ok(Seen { subscription, offers, next, settings, country: customer.country, w, dates, stamp: dates.stamp(at), written_for: WrittenFor::of(member) })
    }

    /// "5 seats": how many, in the words of the plan's own price.
    fn quantity(&self, subscription: &Subscription) -> String {
        seats(self.w, subscription.terms.quantity)
    }
}

/// "1 seat", "5 seats".
pub(super) fn seats(w: Words, quantity: rust_decimal::Decimal) -> String {
    let count = i64::try_from(quantity.trunc()).unwrap_or(i64::MAX);
    t!(w, "plan-seats", count = count)
}

/// What was just done, told once.
#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Done {
    did: String,
    invoice: String,
}

async fn show(State(app): State<App>, member: Member, Query(done): Query<Done>) -> Result<Response, Refusal> {
    let mut desk = member.reads(&app).await?;
    let seen = Seen::load(&mut desk, &member).await?;
    plan_page(&app, &member, &mut desk, StatusCode::OK, seen, done, Vec::new()).await
}

async fn plan_page(
    app: &App,
    member: &Member,
    desk: &mut Desk,
    status: StatusCode,
    seen: Seen,
    done: Done,
    errors: Vec<FieldError>,
) -> Result<Response, Refusal> {
    let w = seen.w;
    let said = told(desk, member, &done, w).await?;
    let discounts = match &seen.subscription {
        Some(s) => subscriptions::discounts_on(desk, s).await?,
        None => Vec::new(),
    };
    let is_running = seen.subscription.as_ref().is_some_and(|s| matches!(s.state, Standing::Active | Standing::PastDue | Standing::Trialing));
    let can_change = member.may_manage_billing().is_ok();
    let add_ons = add_on::on_the_plan(desk, &seen, can_change && is_running).await?;
    let changed_id = seen.subscription.as_ref().map(|s| s.id.clone());
    let shell = shell(member, w, Place::Plan);
    let code_field = code_field::step_up_field(app, member, &errors);
    let (heading, lede) = answer(&seen);
    Ok(page::document(app, member, status, &t!(w, "nav-plan"), move || {
        let planned = seen.subscription.as_ref().and_then(|s| planned(&seen, s, can_change, code_field.map(|field| field.into_any())));
        let can_cancel = is_running && can_change && seen.subscription.as_ref().is_some_and(|s| s.cancel_at.is_none());
        let billing_day = billing_day::on_the_plan(&seen);
        let can_pause = can_change && standing::offers_pause(&seen);
        let stands = |standing| seen.subscription.as_ref().is_some_and(|s| s.state == standing);
        let (can_resume, can_reactivate) = (stands(Standing::Paused), stands(Standing::Cancelled));
        let discounts = promotion::on_the_plan(&seen, &discounts, can_change && is_running).map(IntoAny::into_any);
        let compared = seen.subscription.is_some().then(|| view! { <a class="link" href="/plan/what-if">{t!(w, "plan-what-if")}</a> });
        let columns = columns::compare(&seen, can_change && is_running);
        let content = view! {
            {parts::as_of(t!(w, "nav-plan"), seen.stamp.clone())}
            {parts::error_summary(w, &errors)}
            {said.map(|said| view! { <p class="said" role="status" data-happened="plan_changed" data-id=changed_id>{parts::tick()}" "{said}</p> })}
            {parts::answer(heading, lede)}
            {planned}
            {can_change.then(|| view! {
                <div class="acts">
                    {is_running.then(|| view! { <a class="btn" href="/plan/change">{t!(w, "plan-change-link")}</a> })}
                    {billing_day}
                    {can_pause.then(|| view! { <a class="btn plain" href="/plan/pause">{t!(w, "plan-pause-link")}</a> })}
                    {can_resume.then(|| view! { <a class="btn" href="/plan/resume">{t!(w, "plan-resume-link")}</a> })}
                    {can_reactivate.then(|| view! { <a class="btn" href="/plan/reactivate">{t!(w, "plan-reactivate-link")}</a> })}
                    {can_cancel.then(|| view! { <a class="btn plain" href="/plan/cancel">{t!(w, "plan-cancel-link")}</a> })}
                </div>
            })}
            {(!can_change).then(|| view! { <p class="sub">{t!(w, "plan-viewer")}</p> })}
            {add_ons}
            {discounts}
            <section class="sec" aria-labelledby="h-compare"><div class="head"><h2 id="h-compare">{t!(w, "plan-compare")}</h2>{compared}</div>{columns}</section>
        };
        frame(shell, content)
    }))
}

/// The sentence on top: what you have and what it costs, by the state it is in.
fn answer(seen: &Seen) -> (String, Option<String>) {
    let w = seen.w;
    let Some(s) = &seen.subscription else { return (rich!(w, "plan-none"), Some(rich!(w, "plan-none-what"))) };
    let (plan, quantity) = (s.plan_name().to_owned(), seen.quantity(s));
    let day = |at| seen.dates.day_year(at);
    let next = seen.next.as_ref().and_then(|next| next.priced.as_ref().map(|priced| (next.at, priced.due_minor)));
    match s.state {
        Standing::Trialing => {
            let end = s.trial_end_at.map(day).unwrap_or_default();
            (rich!(w, "plan-trialing", plan = plan, quantity = quantity, day = end), Some(rich!(w, "plan-trialing-what")))
        }
        Standing::Cancelled => (rich!(w, "plan-ended", plan = plan, day = s.ended_at.map(day).unwrap_or_default()), Some(rich!(w, "plan-ended-what"))),
        Standing::Paused => (rich!(w, "plan-paused", plan = plan), None),
        Standing::Scheduled => (rich!(w, "plan-scheduled", plan = plan, quantity = quantity, day = day(s.starts_at)), None),
        Standing::Active | Standing::PastDue => {
            let lede = match (s.cancel_at, next) {
                (Some(_), _) | (None, None) => None,
                (None, Some((at, due_minor))) => Some(rich!(w, "plan-next", day = seen.dates.day(at), amount = w.money(due_minor, s.currency.code()))),
            };
            (rich!(w, "plan-active", plan = plan, quantity = quantity), lede)
        }
    }
}

/// What is planned for it, with the way to undo it.
fn planned(seen: &Seen, s: &Subscription, can_change: bool, code_field: Option<AnyView>) -> Option<AnyView> {
    let w = seen.w;
    let (sentence, what, button) = if let Some(at) = s.cancel_at.filter(|_| s.ended_at.is_none()) {
        let last = seen.dates.last_day(at);
        (rich!(w, "plan-cancel-planned", plan = s.plan_name(), day = last), "cancel", t!(w, "plan-cancel-undo", plan = s.plan_name()))
    } else if let Some(at) = s.pause_at {
        (rich!(w, "plan-pause-planned", plan = s.plan_name(), day = seen.dates.day(at)), "pause", t!(w, "plan-pause-undo"))
    } else {
        let scheduled = s.scheduled.as_ref()?;
        let (terms, day) = (&scheduled.terms, seen.dates.day(scheduled.at));
        let sentence = if s.keeps_plan(scheduled) {
            rich!(w, "plan-other-change-planned", plan = s.plan_name(), day = day)
        } else {
            rich!(w, "plan-change-planned", plan = &terms.plan.name, quantity = seats(w, terms.quantity), day = day)
        };
        (sentence, "change", t!(w, "plan-change-undo", plan = s.plan_name()))
    };
    Some(
        view! {
            <div class="note">
                {parts::warning_mark()}
                <div class="grow">
                    <p inner_html=sentence></p>
                    {can_change.then(|| view! {
                        <form method="post" action="/plan/undo" class="narrow">
                            {seen.written_for.field()}
                            <input type="hidden" name="what" value=what />
                            {code_field}
                            <button class="btn plain small">{button}</button>
                        </form>
                    })}
                </div>
            </div>
        }
        .into_any(),
    )
}

/// What a step before this page did, in words; the invoice is looked up, nothing of the address is believed.
async fn told(desk: &mut Desk, member: &Member, done: &Done, w: Words) -> Result<Option<String>, Refusal> {
    Ok(match done.did.as_str() {
        "changed" | "resumed" | "reactivated" if !done.invoice.is_empty() => {
            match crate::services::invoices::by_number(desk, &member.customer_id, &done.invoice).await {
                Ok(invoice) => {
                    let money = |minor| w.money(minor, &invoice.currency);
                    let (paid, number) = (money(invoice.paid_minor), invoice.number.clone());
                    // What the balance has paid the customer has paid before.
                    let is_from_balance_alone = invoice.paid_minor == 0 && invoice.due_minor == 0;
                    let said = match done.did.as_str() {
                        "resumed" if is_from_balance_alone => t!(w, "plan-did-resume"),
                        "resumed" => t!(w, "plan-did-resume-paid", amount = paid, number = number),
                        "reactivated" if is_from_balance_alone => t!(w, "plan-did-reactivate"),
                        "reactivated" => t!(w, "plan-did-reactivate-paid", amount = paid, number = number),
                        _ if is_from_balance_alone => t!(w, "plan-did-change"),
                        _ => t!(w, "plan-did-change-paid", amount = paid, number = number),
                    };
                    let used = (invoice.balance_minor > 0).then(|| t!(w, "plan-did-from-balance", amount = money(invoice.balance_minor)));
                    Some([Some(said), used].into_iter().flatten().collect::<Vec<_>>().join(" "))
                }
                Err(Refusal::NotFound) => None,
                Err(refusal) => return Err(refusal),
            }
        }
        "changed" => Some(t!(w, "plan-did-change")),
        "planned" => Some(t!(w, "plan-did-plan")),
        "cancelled" => Some(t!(w, "plan-did-cancel")),
        "paused" => Some(t!(w, "plan-did-pause")),
        "pause_planned" => Some(t!(w, "plan-did-plan")),
        "resumed" => Some(t!(w, "plan-did-resume")),
        "reactivated" => Some(t!(w, "plan-did-reactivate")),
        "kept" => Some(t!(w, "plan-did-keep")),
        _ => None,
    })
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct UndoForm {
    what: String,
    code: String,
}

/// Takes a planned change or cancellation back. Costs nothing, so there is nothing to price.
async fn undo(State(app): State<App>, member: Member, Form(form): Form<UndoForm>) -> Result<Response, Refusal> {
    member.may_manage_billing()?;
    if let Err(wrong) = step_up::confirm(&app, &member, &form.code).await {
        let errors = code_field::errors(&app, wrong)?;
        let mut desk = member.reads(&app).await?;
        let seen = Seen::load(&mut desk, &member).await?;
        return plan_page(&app, &member, &mut desk, StatusCode::UNPROCESSABLE_ENTITY, seen, Done::default(), errors).await;
    }
    let action = match form.what.as_str() {
        "cancel" => Action::Reactivate,
        "pause" => Action::Resume,
        "change" => Action::UndoChange,
        _ => return Err(Refusal::NotFound),
    };
    let errand = Errand::new(&app, &member.vendor, member.actor());
    let mut desk = errand.writes().await?;
    let subscription = subscriptions::current(&mut desk, &member.customer_id).await?.ok_or(Refusal::NotFound)?;
    let is_planned = match action {
        Action::Reactivate => subscription.cancel_at.is_some() && subscription.ended_at.is_none(),
        Action::Resume => subscription.pause_at.is_some(),
        _ => subscription.scheduled.is_some(),
    };
    // Pressed twice, or in another tab: it is as they want it.
    if is_planned {
        subscriptions::act(&mut desk, &member.customer_id, &subscription.id, &action).await?;
        desk.commit().await?;
    }
    Ok(see_other("/plan?did=kept"))
}

impl Seen {
    /// The currency of what is offered: the subscription's, else the prices' own.
    fn currency(&self, terms: &billing::subscription::PlanTerms) -> String {
        let own = || terms.prices.first().map(|price| price.currency);
        self.subscription.as_ref().map(|s| s.currency).or_else(own).map_or_else(String::new, |currency| currency.code().to_owned())
    }
}

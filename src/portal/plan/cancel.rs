//! `/plan/cancel`: what ends and when, why, and the way back. Nobody is kept from leaving.

use axum::extract::{Form, State};
use axum::http::StatusCode;
use axum::response::Response;
use billing::subscription::Unused;
use leptos::prelude::*;

use crate::app::App;
use crate::identity::Member;
use crate::identity::step_up;
use crate::services::payments::Errand;
use crate::services::subscriptions::{self, Action, CancelRequest, When};
use crate::services::{FieldError, Refusal};
use crate::ui::shell::{Place, frame};
use crate::ui::{page, parts};
use crate::words::Sentence;
use crate::{rich, sentence, t};

use super::super::code_field;
use super::super::entry::{see_other, shell};
use super::Seen;

const REASONS: [&str; 6] = ["too_expensive", "missing_feature", "unused", "switched", "quality", "other"];

#[derive(Clone, Default, serde::Deserialize)]
#[serde(default)]
pub struct CancelForm {
    reason: String,
    comment: String,
    code: String,
}

pub async fn ask(State(app): State<App>, member: Member) -> Result<Response, Refusal> {
    member.may_manage_billing()?;
    cancel_page(&app, &member, StatusCode::OK, CancelForm::default(), Vec::new(), None).await
}

pub async fn cancel(State(app): State<App>, member: Member, Form(form): Form<CancelForm>) -> Result<Response, Refusal> {
    member.may_manage_billing()?;
    let some = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let request = CancelRequest { when: When::PeriodEnd, unused: Unused::Kept, reason: some(&form.reason), comment: some(&form.comment) };
    let mut errors = request.check();
    if errors.is_empty() && !form.reason.is_empty() && !REASONS.contains(&form.reason.as_str()) {
        errors.push(FieldError { field: "reason", sentence: sentence!("cancel-bad-reason") });
    }
    if errors.is_empty()
        && let Err(wrong) = step_up::confirm(&app, &member, &form.code).await
    {
        errors = code_field::errors(&app, wrong)?;
        return cancel_page(&app, &member, StatusCode::UNPROCESSABLE_ENTITY, form, errors, None).await;
    }
    if !errors.is_empty() {
        return cancel_page(&app, &member, StatusCode::UNPROCESSABLE_ENTITY, form, errors, None).await;
    }
    let errand = Errand::new(&app, &member.vendor, member.actor());
    let mut desk = errand.writes().await?;
    let subscription = subscriptions::current(&mut desk, &member.customer_id).await?.ok_or(Refusal::NotFound)?;
    if subscription.cancel_at.is_some() {
        // Pressed twice, or in another tab: it is as they want it.
        return Ok(see_other("/plan?did=cancelled"));
    }
    match subscriptions::act(&mut desk, &member.customer_id, &subscription.id, &Action::Cancel(request)).await {
        Ok(_) => {
            desk.commit().await?;
            Ok(see_other("/plan?did=cancelled"))
        }
        Err(Refusal::Rule(sentence) | Refusal::Conflict(sentence)) => {
            drop(desk);
            cancel_page(&app, &member, StatusCode::UNPROCESSABLE_ENTITY, form, Vec::new(), Some(sentence)).await
        }
        Err(refusal) => Err(refusal),
    }
}

async fn cancel_page(
    app: &App,
    member: &Member,
    status: StatusCode,
    form: CancelForm,
    errors: Vec<FieldError>,
    trouble: Option<Sentence>,
) -> Result<Response, Refusal> {
    let mut desk = member.reads(app).await?;
    let seen = Seen::load(&mut desk, member).await?;
    drop(desk);
    let Some(s) = seen.subscription.clone().filter(|s| s.cancel_at.is_none() && s.ended_at.is_none()) else { return Ok(see_other("/plan")) };
    let w = seen.w;
    let shell = shell(member, w, Place::Plan);
    let code_field = code_field::step_up_field(app, member, &errors);
    let end_at = s.trial_end_at.filter(|_| s.cycle.is_none()).or(s.cycle.as_ref().map(|cycle| cycle.whole.end));
    let heading = match end_at {
        Some(at) => rich!(w, "cancel-answer", plan = s.plan_name(), day = seen.dates.last_day(at)),
        None => rich!(w, "cancel-answer-now", plan = s.plan_name()),
    };
    let title = if status == StatusCode::OK { t!(w, "cancel-title") } else { t!(w, "cancel-title-error") };
    Ok(page::document(app, member, status, &title, move || {
        let reason = |key: &'static str, label: String| {
            view! { <label class="opt"><input type="radio" name="reason" value=key checked=form.reason == key /><span>{label}</span></label> }
        };
        let content = view! {
            {parts::as_of(view! { <a class="link" href="/plan">{t!(w, "nav-plan")}</a> }, seen.stamp.clone())}
            {parts::error_summary(w, &errors)}
            {trouble.map(|sentence| parts::error_note(t!(w, "cancel-refused"), w.tell(&sentence)))}
            {parts::answer(heading, Some(rich!(w, "cancel-what")))}
            <form method="post" action="/plan/cancel" class="narrow">
                {seen.written_for.field()}
                <fieldset class="field" id="reason">
                    <legend>{t!(w, "cancel-reason")}<span class="hint">{t!(w, "cancel-reason-hint")}</span></legend>
                    {reason("too_expensive", t!(w, "cancel-too-expensive"))}
                    {reason("missing_feature", t!(w, "cancel-missing-feature"))}
                    {reason("unused", t!(w, "cancel-unused"))}
                    {reason("switched", t!(w, "cancel-switched"))}
                    {reason("quality", t!(w, "cancel-quality"))}
                    {reason("other", t!(w, "cancel-other"))}
                </fieldset>
                <div class="field">
                    <label for="comment">{t!(w, "cancel-comment")}</label>
                    <textarea id="comment" name="comment" rows="3">{form.comment.clone()}</textarea>
                </div>
                {code_field}
                <div class="acts field">
                    <button class="btn">{t!(w, "cancel-button", plan = s.plan_name())}</button>
                    <a class="btn plain" href="/plan">{t!(w, "cancel-keep", plan = s.plan_name())}</a>
                </div>
            </form>
        };
        frame(shell, content)
    }))
}

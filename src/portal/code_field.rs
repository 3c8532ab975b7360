//! The field that asks for a second factor, wherever one is asked, and the sentences for codes that were not taken.
//!
//! A form that needs step-up puts [`step_up_field`] before its button, takes `code` (may be absent) among its fields, and calls
//! `identity::step_up::confirm` before its action; on `Err(wrong)` it renders itself again with [`error`] and [`status`].

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use leptos::prelude::*;

use crate::app::App;
use crate::identity::Member;
use crate::identity::factor::Wrong;
use crate::services::{FieldError, Refusal};
use crate::ui::parts::{Field, field};
use crate::words::{Sentence, Words};
use crate::{sentence, t};

/// Asks for a code where the member's factor is no longer fresh; nothing otherwise.
pub fn step_up_field(app: &App, member: &Member, errors: &[FieldError]) -> Option<impl IntoView + use<>> {
    let w = Words::of(&member.locale);
    let now_ms = app.clock.wall().timestamp_millis();
    if member.fresh_factor(now_ms).is_some() {
        return None;
    }
    let minutes = (now_ms - member.factor_at()) / 60_000;
    let hint = match (&member.embed, member.factor_at()) {
        (Some(_), _) => t!(w, "code-step-up-frame", customer = &member.customer_name),
        (None, 0) => t!(w, "code-step-up-first", customer = &member.customer_name),
        (None, _) => t!(w, "code-step-up-hint", minutes = minutes),
    };
    // A recovery code counts at our own address alone.
    let hint = if member.is_vouched_for() { hint } else { or_recovery(w, &hint) };
    Some(only_code_field(w, t!(w, "code-label-app"), hint, errors))
}

/// The field itself: one for codes of the app and recovery codes.
pub fn code_field(w: Words, label: String, hint: String, errors: &[FieldError]) -> impl IntoView + use<> {
    only_code_field(w, label, or_recovery(w, &hint), errors)
}

fn or_recovery(w: Words, hint: &str) -> String {
    format!("{hint} {}", t!(w, "code-hint-recovery"))
}

fn only_code_field(w: Words, label: String, hint: String, errors: &[FieldError]) -> impl IntoView + use<> {
    field(
        w,
        Field { name: "code", label, hint: Some(hint), autocomplete: "one-time-code", inputmode: Some("numeric"), class: "code", ..Field::default() },
        errors,
    )
}

/// What to say at the field. `None`: it failed for reasons of ours; use [`status`].
pub fn error(wrong: &Wrong, now_ms: i64) -> Option<FieldError> {
    let sentence = match wrong {
        Wrong::Empty => sentence!("code-empty"),
        Wrong::Malformed => sentence!("code-malformed"),
        Wrong::NotOfTheApp => sentence!("code-not-of-the-app"),
        Wrong::NotThisCode => sentence!("code-wrong"),
        Wrong::Used => sentence!("code-used"),
        Wrong::Wait { until } => wait(*until, now_ms),
        Wrong::ShutOff => sentence!("code-shut-off"),
        Wrong::ShutOffHere => sentence!("code-shut-off-here"),
        Wrong::NotEnrolled => sentence!("code-not-enrolled"),
        Wrong::Failed(_) => return None,
    };
    Some(FieldError { field: "code", sentence })
}

/// The same for forms that collect their errors; a failure of ours goes on as one.
pub fn errors(app: &App, wrong: Wrong) -> Result<Vec<FieldError>, Refusal> {
    match (error(&wrong, app.clock.wall().timestamp_millis()), wrong) {
        (Some(error), _) => Ok(vec![error]),
        (None, Wrong::Failed(refusal)) => Err(refusal),
        (None, _) => Ok(Vec::new()),
    }
}

/// The status of a page that shows such an error.
pub fn status(wrong: &Wrong) -> StatusCode {
    match wrong {
        Wrong::Wait { .. } | Wrong::ShutOff | Wrong::ShutOffHere => StatusCode::TOO_MANY_REQUESTS,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

/// Renders the form again with the error at its code field, or lets a failure of ours become its page.
pub fn refuse(wrong: Wrong, now_ms: i64, again: impl FnOnce(StatusCode, &[FieldError]) -> Response) -> Response {
    let status = status(&wrong);
    let until = if let Wrong::Wait { until } = wrong { Some(until) } else { None };
    match (error(&wrong, now_ms), wrong) {
        (Some(error), _) => with_retry_after(again(status, &[error]), until, now_ms),
        (None, Wrong::Failed(refusal)) => refusal.into_response(),
        (None, _) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Tells programs, too, when to come back.
pub fn with_retry_after(mut response: Response, until: Option<i64>, now_ms: i64) -> Response {
    if let Some(until) = until {
        let seconds = ((until - now_ms) / 1000 + 1).max(1);
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds.unsigned_abs()));
    }
    response
}

/// How long to wait, rounded up: never promise too little.
pub fn wait(until: i64, now_ms: i64) -> Sentence {
    let seconds = ((until - now_ms).max(1) + 999) / 1000;
    if seconds < 120 { sentence!("wait-seconds", seconds = seconds) } else { sentence!("wait-minutes", minutes = (seconds + 59) / 60) }
}

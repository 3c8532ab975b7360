//! When a change takes effect, as the plan's forms ask it: now, or with the next period.

use leptos::prelude::*;

use crate::services::subscriptions::{Subscription, When};
use crate::t;

use super::Seen;

/// What was chosen; now, unless it says otherwise.
pub(super) fn of(typed: &str) -> When {
    if typed == "period_end" { When::PeriodEnd } else { When::Now }
}

/// As the forms name it.
pub(super) fn name(when: When) -> &'static str {
    match when {
        When::Now => "now",
        When::PeriodEnd => "period_end",
    }
}

/// The question, in the form `choose`. Before the first period there is none to wait for.
pub(super) fn field(seen: &Seen, s: &Subscription, when: When, later_hint: String) -> Option<impl IntoView + use<>> {
    let w = seen.w;
    let end = seen.dates.day(s.cycle.as_ref()?.whole.end);
    let is_now = when == When::Now;
    Some(view! {
        <fieldset class="field">
            <legend>{t!(w, "change-start")}</legend>
            <label class="opt"><input type="radio" name="when" form="choose" value="now" checked=is_now /><span>{t!(w, "change-now")}</span></label>
            <label class="opt">
                <input type="radio" name="when" form="choose" value="period_end" checked=!is_now />
                <span>{t!(w, "change-on", day = end)}<span class="hint">{later_hint}</span></span>
            </label>
        </fieldset>
    })
}

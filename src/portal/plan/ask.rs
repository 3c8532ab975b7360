//! A page that asks for one change to the plan and the form that confirms it: what every such page has in common. The choice is a form
//! that asks (GET, and again with each choice where there is script); its price is a quote; confirming (POST) gives back only that quote
//! and, where it is stale, the second factor.

use axum::http::StatusCode;
use axum::response::Response;
use leptos::prelude::*;

use crate::app::App;
use crate::identity::Member;
use crate::identity::step_up;
use crate::islands::live_preview::LivePreview;
use crate::services::payments::{self, DeclineReason, Errand, declined_because};
use crate::services::quotes::{self, Confirmed, Difference, Preview};
use crate::services::subscriptions::{Action, Subscription};
use crate::services::{Desk, FieldError, Refusal, catalog, usage};
use crate::t;
use crate::ui::shell::{Place, frame};
use crate::ui::{page, parts};
use crate::words::Sentence;

use super::super::code_field;
use super::super::entry::{see_other, shell};
use super::super::written_for::WrittenFor;
use super::{Seen, sheet};

/// One such page.
pub(super) struct Ask<'a> {
    /// Of both forms.
    pub path: &'static str,
    pub title: String,
    pub title_of_error: String,
    /// What is priced; none: nothing was chosen, or nothing that could be understood.
    pub action: Option<Action>,
    /// The choice as fields of the confirming form.
    pub hidden: Vec<(&'static str, String)>,
    /// The one sentence, by the price where there is one, and what is certain beneath it.
    pub heading: &'a (dyn Fn(Option<&Preview>) -> String + Sync),
    pub lede: Option<String>,
    /// Between the sentence and the rest.
    pub above: Option<AnyView>,
    /// The fields of the form `choose`.
    pub left: &'a (dyn Fn(&[FieldError]) -> AnyView + Sync),
    pub button: &'a (dyn Fn(&Preview) -> String + Sync),
    /// What is to be known beside the amounts.
    pub remark: &'a (dyn Fn(&Preview) -> Option<String> + Sync),
}

/// What went wrong with the confirmation, said above the sheet.
#[derive(Default)]
pub(super) enum Trouble {
    #[default]
    None,
    Declined(DeclineReason),
    Changed(Vec<Difference>),
    Sentence(Sentence),
}

/// Why a page is shown again.
#[derive(Default)]
pub(super) struct Again {
    /// A quote that still stands (a code was asked for, a card declined): its time goes on running.
    pub held: Option<String>,
    pub trouble: Trouble,
    pub errors: Vec<FieldError>,
}

/// What confirming came to.
pub(super) enum Confirming {
    Went(Response),
    Again(Again),
}

/// Confirms a quote: asks for the code where it must, and says on `/plan` what was done.
pub(super) async fn confirm(app: &App, member: &Member, quote: String, code: &str, did: &str) -> Result<Confirming, Refusal> {
    if let Err(wrong) = step_up::confirm(app, member, code).await {
        let errors = code_field::errors(app, wrong)?;
        return Ok(Confirming::Again(Again { held: Some(quote), errors, ..Again::default() }));
    }
    let errand = Errand::new(app, &member.vendor, member.actor());
    let again = |held, trouble| Ok(Confirming::Again(Again { held, trouble, ..Again::default() }));
    match quotes::confirm(&errand, &member.customer_id, &quote).await {
        Ok(Confirmed::Done(done)) => Ok(Confirming::Went(see_other(&match done.documents.first() {
            Some(document) => format!("/plan?did={did}&invoice={}", document.number),
            None => format!("/plan?did={did}"),
        }))),
        Ok(Confirmed::NeedsAction { payment_id, .. } | Confirmed::UnderWay { payment_id }) => {
            Ok(Confirming::Went(see_other(&payments::page_path(&payment_id))))
        }
        Ok(Confirmed::Declined { reason, .. }) => again(Some(quote), Trouble::Declined(DeclineReason::or_other(&reason))),
        Ok(Confirmed::Changed { differences, .. }) => again(None, Trouble::Changed(differences)),
        Err(Refusal::Rule(sentence) | Refusal::Conflict(sentence)) => again(None, Trouble::Sentence(sentence)),
        // Pricing it again says the same at its field.
        Err(Refusal::Fields(_)) => again(None, Trouble::None),
        Err(refusal) => Err(refusal),
    }
}

/// Both forms. On the desk that `seen` was read at.
pub(super) async fn page(
    app: &App,
    member: &Member,
    mut desk: Desk,
    mut status: StatusCode,
    seen: &Seen,
    asks: Ask<'_>,
    again: Again,
) -> Result<Response, Refusal> {
    let Again { held, trouble, mut errors } = again;
    let Some(subscription) = &seen.subscription else { return Ok(see_other("/plan")) };
    let known = sheet::Known {
        meters: usage::meters(&mut desk).await?,
        methods: payments::list(&mut desk, &member.customer_id).await?,
        taxes: catalog::tax_rates_of(&mut desk, &seen.country).await?,
    };
    drop(desk);
    let errand = Errand::new(app, &member.vendor, member.actor());
    let mut refused = None;
    let mut preview: Option<Preview> = None;
    if let Some(action) = &asks.action {
        let held = match &held {
            Some(quote) => quotes::reopen(&errand, &member.customer_id, quote).await.ok(),
            None => None,
        };
        let priced = match held {
            Some(preview) => Ok(preview),
            None => quotes::preview(&errand, &member.customer_id, &subscription.id, action).await,
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
    let (shell, mark, stamp) = (shell(member, w, Place::Plan), WrittenFor::of(member).mark(), seen.stamp.clone());
    let title = if status == StatusCode::OK { asks.title } else { asks.title_of_error };
    let heading = (asks.heading)(preview.as_ref());
    let trouble = told(seen, &trouble, refused, subscription);
    let left = (asks.left)(&errors);
    let (path, above, lede) = (asks.path, asks.above, asks.lede);
    let sheet = preview.map(|preview| {
        let confirm = sheet::Confirm {
            action: path,
            hidden: asks.hidden,
            button: (asks.button)(&preview),
            remark: (asks.remark)(&preview),
            keep: t!(w, "change-keep", plan = preview.before.plan_name()),
            code_field,
        };
        sheet::sheet(seen, &preview, &known, confirm)
    });
    Ok(page::document(app, member, status, &title, move || {
        let content = view! {
            {parts::as_of(view! { <a class="link" href="/plan">{t!(w, "nav-plan")}</a> }, stamp)}
            {parts::error_summary(w, &errors)}
            <div id="live-answer" data-for=mark aria-live="polite">{trouble}{parts::answer(heading, lede)}</div>
            // The button that the Enter key presses: without it, it would be the first of the fields'.
            <form id="choose" method="get" action=path><button hidden=true></button></form>
            <LivePreview form="choose".to_owned() />
            {above}
            <div class="setup sec"><div id="live-left">{left}</div><div id="live-sheet">{sheet}</div></div>
        };
        frame(shell, content)
    }))
}

/// An error of the action's, at the field that the form calls otherwise.
fn at_its_field(error: FieldError) -> FieldError {
    if error.field == "quantity" { FieldError { field: "seats", ..error } } else { error }
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

//! The page between a wish and its doing: it says what will happen, asks for the second factor where it is stale, and shows why
//! something can't be done.

use axum::http::StatusCode;
use axum::response::Response;
use leptos::prelude::*;

use crate::app::App;
use crate::identity::Member;
use crate::islands::fields::FieldsHere;
use crate::portal::code_field::step_up_field;
use crate::portal::entry::shell;
use crate::portal::written_for::WrittenFor;
use crate::services::payments::{Method, method_name};
use crate::services::{Desk, FieldError, Refusal, dunning, invoices};
use crate::ui::page::Reach;
use crate::ui::shell::{Place, frame};
use crate::ui::{page, parts};
use crate::words::{Sentence, Words};
use crate::{rich, t};

/// What is about to be done.
#[derive(Clone)]
pub enum Step {
    Add,
    Replace(Method),
    MakeDefault(Method),
    MakeBackup(Method),
    MoveUp(Method),
    StopBackup(Method),
    /// The second is charged first from then on.
    Remove(Method, Option<Method>),
    /// It was to be removed and can't be.
    MustStay(Method),
}

/// The field of an error that belongs to none.
const NO_FIELD: &str = "trouble";

/// A sentence that belongs to no field.
pub fn trouble(sentence: Sentence) -> FieldError {
    FieldError { field: NO_FIELD, sentence }
}

impl Step {
    pub fn method_id(&self) -> Option<String> {
        self.method().map(|method| method.id.clone())
    }

    fn method(&self) -> Option<&Method> {
        match self {
            Step::Add => None,
            Step::Replace(m) | Step::MakeDefault(m) | Step::MakeBackup(m) | Step::MoveUp(m) | Step::StopBackup(m) | Step::Remove(m, _) | Step::MustStay(m) => {
                Some(m)
            }
        }
    }

    fn is_about_a_new_card(&self) -> bool {
        matches!(self, Step::Add | Step::Replace(_))
    }

    /// Where its form goes.
    fn action(&self) -> String {
        let to = |method: &Method, verb: &str| format!("/payment-methods/{}/{verb}", method.id);
        match self {
            Step::Add | Step::Replace(_) => "/payment-methods".to_owned(),
            Step::MakeDefault(m) => to(m, "default"),
            Step::MakeBackup(m) => to(m, "backup"),
            Step::MoveUp(m) => to(m, "earlier"),
            Step::StopBackup(m) => to(m, "keep"),
            Step::Remove(m, _) | Step::MustStay(m) => to(m, "remove"),
        }
    }

    /// What happens, on top; what else it means; and the button.
    fn words(&self, w: Words) -> (String, Option<String>, String) {
        let name = self.method().map(|method| method_name(w, method)).unwrap_or_default();
        match self {
            Step::Add => (rich!(w, "step-add"), Some(rich!(w, "step-add-what")), t!(w, "step-add-button")),
            Step::Replace(_) => (rich!(w, "step-replace", method = &name), Some(rich!(w, "step-replace-what", method = &name)), t!(w, "step-add-button")),
            Step::MakeDefault(_) => {
                (rich!(w, "step-default", method = &name), Some(rich!(w, "step-default-what")), t!(w, "step-default-button", method = &name))
            }
            Step::MakeBackup(_) | Step::MoveUp(_) => (rich!(w, "step-backup", method = &name), None, t!(w, "step-backup-button", method = &name)),
            Step::StopBackup(_) => (rich!(w, "step-keep", method = &name), None, t!(w, "step-keep-button", method = &name)),
            Step::Remove(_, successor) => {
                let what = match successor {
                    Some(successor) => rich!(w, "step-remove-default-what", successor = method_name(w, successor)),
                    None => rich!(w, "step-remove-what"),
                };
                (rich!(w, "step-remove", method = &name), Some(what), t!(w, "step-remove-button", method = &name))
            }
            Step::MustStay(_) => (rich!(w, "step-must-stay", method = &name), None, String::new()),
        }
    }
}

/// What a new card pays as soon as it is there; `None`: nothing waits for one.
pub async fn charged_at_once(desk: &mut Desk, w: Words, customer_id: &str) -> Result<Option<String>, Refusal> {
    let mut owed = Vec::new();
    for case in dunning::unpaid_of(desk, customer_id).await? {
        let invoice = invoices::load(desk, &case.invoice_id).await?;
        owed.push((invoice.due_minor, invoice.currency, invoice.number));
    }
    let [(due_minor, currency, number), others @ ..] = owed.as_slice() else { return Ok(None) };
    let (amount, count) = (w.money(*due_minor, currency), i64::try_from(others.len()).map_err(Refusal::damaged)?);
    let sum = others.iter().try_fold(*due_minor, |sum, (due, other, _)| sum.checked_add(*due).filter(|_| other == currency));
    Ok(Some(match (count, sum) {
        (0, _) => rich!(w, "step-pays-one", amount = amount, number = number),
        (_, Some(sum)) => rich!(w, "step-pays-several", count = count + 1, amount = w.money(sum, currency)),
        (_, None) => rich!(w, "step-pays-all", count = count + 1),
    }))
}

pub async fn page(app: &App, member: &Member, status: StatusCode, step: Step, errors: Vec<FieldError>) -> Result<Response, Refusal> {
    let w = Words::of(&member.locale);
    let reach = match step.is_about_a_new_card() {
        true => Reach::forms_to(app.gateway(&member.vendor).await.ok().and_then(|gateway| gateway.origin())),
        false => Reach::default(),
    };
    let (shell, written_for) = (shell(member, w, Place::Payment), WrittenFor::of(member));
    let (errors, troubles): (Vec<_>, Vec<_>) = errors.into_iter().partition(|error| error.field != NO_FIELD);
    let code_field = step_up_field(app, member, &errors).filter(|_| !matches!(step, Step::MustStay(_)));
    let (heading, lede, button) = step.words(w);
    let lede = match step.is_about_a_new_card() {
        true => charged_at_once(&mut member.reads(app).await?, w, &member.customer_id).await?.or(lede),
        false => lede,
    };
    let title = if errors.is_empty() && troubles.is_empty() { t!(w, "methods-title") } else { t!(w, "methods-title-error") };
    Ok(page::document_reaching(app, member, status, &title, reach, move || {
        let replaces = match &step {
            Step::Replace(method) => Some(view! { <input type="hidden" name="replaces" value=method.id.clone() /> }),
            _ => None,
        };
        let can_do = !matches!(step, Step::MustStay(_));
        let content = view! {
            {parts::as_of(view! { <a class="link" href="/payment-methods">{t!(w, "methods-title")}</a> }, String::new())}
            {parts::error_summary(w, &errors)}
            {troubles.into_iter().map(|trouble| parts::error_note(t!(w, "step-not-done"), w.tell(&trouble.sentence))).collect_view()}
            {parts::answer(heading, lede)}
            {can_do.then(|| {
                let is_new_card = step.is_about_a_new_card();
                view! {
                    <form method="post" action=step.action() class="narrow">
                        {written_for.field()}
                        {replaces}
                        {is_new_card.then(|| view! { <FieldsHere /> })}
                        {code_field}
                        <div class="acts field"><button class="btn">{button}</button><a class="btn plain" href="/payment-methods">{t!(w, "step-back")}</a></div>
                    </form>
                }
            })}
            {(!can_do).then(|| view! { <div class="acts field"><a class="btn" href="/payment-methods">{t!(w, "step-to-methods")}</a></div> })}
        };
        frame(shell, content)
    }))
}

//! The page between a wish and its doing: it says what will happen, asks for the second factor where it is stale, and shows why
//! something can't be done.

use axum::http::StatusCode;
use axum::response::Response;
use leptos::either::Either;
use leptos::prelude::*;

use crate::app::App;
use crate::identity::Member;
use crate::islands::fields::FieldsHere;
use crate::portal::code_field::step_up_field;
use crate::portal::entry::shell;
use crate::portal::written_for::WrittenFor;
use crate::services::payments::{Method, MethodKind, OnOffer, kind_name, method_name, wallet_name};
use crate::services::{Desk, FieldError, Refusal, bank, dunning, invoices};
use crate::ui::page::Reach;
use crate::ui::shell::{Place, frame};
use crate::ui::{page, parts};
use crate::words::{Sentence, Words};
use crate::{rich, t};

/// What is about to be done.
#[derive(Clone)]
pub enum Step {
    Add(New),
    Replace(Method, New),
    MakeDefault(Method),
    MakeBackup(Method),
    MoveUp(Method),
    StopBackup(Method),
    /// The second is charged first from then on.
    Remove(Method, Option<Method>),
    /// It was to be removed and can't be.
    MustStay(Method),
}

/// What may be added, and what is to be.
#[derive(Clone)]
pub struct New {
    pub offered: OnOffer,
    /// `None`: it is still to be chosen.
    pub chosen: Option<MethodKind>,
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
            Step::Add(_) => None,
            Step::Replace(m, _)
            | Step::MakeDefault(m)
            | Step::MakeBackup(m)
            | Step::MoveUp(m)
            | Step::StopBackup(m)
            | Step::Remove(m, _)
            | Step::MustStay(m) => Some(m),
        }
    }

    /// Where something is to be added.
    fn adding(&self) -> Option<&New> {
        match self {
            Step::Add(new) | Step::Replace(_, new) => Some(new),
            _ => None,
        }
    }

    /// What is to be added, as far as it is chosen.
    pub fn chosen(&self) -> Option<MethodKind> {
        self.adding()?.chosen
    }

    /// Where its form goes.
    fn action(&self) -> String {
        let to = |method: &Method, verb: &str| format!("/payment-methods/{}/{verb}", method.id);
        match self {
            Step::Add(_) | Step::Replace(..) => "/payment-methods".to_owned(),
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
            Step::Add(_) => (rich!(w, "step-add"), Some(rich!(w, "step-add-what")), t!(w, "step-add-button")),
            Step::Replace(..) => (rich!(w, "step-replace", method = &name), Some(rich!(w, "step-replace-what", method = &name)), t!(w, "step-add-button")),
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
        if bank::awaits_certificate(desk, &invoice.id).await? {
            continue;
        }
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

/// What is to be added, where there is a choice; the way that was chosen, or the first, is marked.
fn kind_choice(w: Words, new: &New) -> impl IntoView + use<> {
    let kinds = &new.offered.kinds;
    if kinds.len() < 2 {
        return Either::Left(kinds.first().map(|only| view! { <input type="hidden" name="kind" value=only.name() /> }));
    }
    let marked = new.chosen.or(kinds.first().copied());
    let wallets: Vec<String> = new.offered.wallets.iter().map(|wallet| wallet_name(w, *wallet)).collect();
    let choices: Vec<_> = kinds
        .iter()
        .map(|kind| {
            let what = match kind {
                MethodKind::Card if wallets.is_empty() => None,
                MethodKind::Card => Some(t!(w, "kind-card-what", wallets = wallets.join(", "))),
                MethodKind::SepaDebit => Some(t!(w, "kind-sepa-debit-what")),
            };
            view! {
                <label class="opt">
                    <input type="radio" name="kind" value=kind.name() checked={marked == Some(*kind)} />
                    <span>{kind_name(w, *kind)}{what.map(|what| view! { <span class="sub">{what}</span> })}</span>
                </label>
            }
        })
        .collect();
    Either::Right(view! { <fieldset><legend>{t!(w, "step-kind")}</legend>{choices}</fieldset> })
}

/// What is left to who is offered nothing that could be kept.
fn nothing_to_add(w: Words, new: &New) -> impl IntoView + use<> {
    let sentence = if new.offered.transfer.is_some() { t!(w, "step-transfer-only") } else { t!(w, "step-nothing-offered") };
    view! { <p class="field">{sentence}</p> }
}

pub async fn page(app: &App, member: &Member, status: StatusCode, step: Step, errors: Vec<FieldError>) -> Result<Response, Refusal> {
    let w = Words::of(&member.locale);
    let reach = match step.adding().is_some() {
        true => Reach::forms_to(app.gateway(&member.vendor).await.ok().and_then(|gateway| gateway.origin())),
        false => Reach::default(),
    };
    let (shell, written_for) = (shell(member, w, Place::Payment), WrittenFor::of(member));
    let (errors, troubles): (Vec<_>, Vec<_>) = errors.into_iter().partition(|error| error.field != NO_FIELD);
    let code_field = step_up_field(app, member, &errors).filter(|_| !matches!(step, Step::MustStay(_)));
    let (heading, lede, button) = step.words(w);
    let lede = match step.adding().is_some() {
        true => charged_at_once(&mut member.reads(app).await?, w, &member.customer_id).await?.or(lede),
        false => lede,
    };
    let title = if errors.is_empty() && troubles.is_empty() { t!(w, "methods-title") } else { t!(w, "methods-title-error") };
    Ok(page::document_reaching(app, member, status, &title, reach, move || {
        let replaces = match &step {
            Step::Replace(method, _) => Some(view! { <input type="hidden" name="replaces" value=method.id.clone() /> }),
            _ => None,
        };
        let can_do = !matches!(step, Step::MustStay(_)) && step.adding().is_none_or(|new| !new.offered.kinds.is_empty());
        let nothing = step.adding().filter(|new| new.offered.kinds.is_empty()).map(|new| nothing_to_add(w, new));
        let content = view! {
            {parts::as_of(view! { <a class="link" href="/payment-methods">{t!(w, "methods-title")}</a> }, String::new())}
            {parts::error_summary(w, &errors)}
            {troubles.into_iter().map(|trouble| parts::error_note(t!(w, "step-not-done"), w.tell(&trouble.sentence))).collect_view()}
            {parts::answer(heading, lede)}
            {nothing}
            {can_do.then(|| {
                view! {
                    <form method="post" action=step.action() class="narrow">
                        {written_for.field()}
                        {replaces}
                        {step.adding().map(|new| view! { <FieldsHere />{kind_choice(w, new)} })}
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

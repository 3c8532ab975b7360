//! Parts that pages share: the answer on top, folds that explain an amount, notes, states, form fields with their errors.

use leptos::prelude::*;

use crate::services::FieldError;
use crate::t;
use crate::words::Words;

/// The line above the answer: where you are, and the moment the figures are of.
pub fn as_of(left: impl IntoView + 'static, right: String) -> impl IntoView {
    view! { <p class="asof"><span>{left}</span><span>{right}</span></p> }
}

/// The one sentence the visitor came for (`rich!` HTML), and what is certain and expected beneath it.
pub fn answer(sentence_html: String, lede_html: Option<String>) -> impl IntoView {
    view! { <div class="answer"><h1 inner_html=sentence_html></h1>{lede_html.map(|html| view! { <p class="lede" inner_html=html></p> })}</div> }
}

/// A line's name that unfolds into its reason. Without script: `details`.
pub fn why(name: String, sub: String, reason: impl IntoView + 'static) -> impl IntoView {
    view! { <details class="why"><summary><span class="nm">{name}</span>" "<span class="sub">{sub}</span></summary><div class="reason">{reason}</div></details> }
}

/// Something that wants attention, with its repair inside.
pub fn note(content: impl IntoView + 'static) -> impl IntoView {
    view! { <div class="note">{warning_mark()}<p>{content}</p></div> }
}

/// A state in words with its mark: never by colour alone.
pub fn state_good(label: String) -> impl IntoView {
    view! { <span class="state good">{tick()}{label}</span> }
}

pub fn state_warn(label: String) -> impl IntoView {
    view! { <span class="state warn">{warning_mark()}{label}</span> }
}

pub fn tick() -> impl IntoView {
    view! { <svg width="14" height="14" viewBox="0 0 14 14" aria-hidden="true"><path d="M2 7.5 5.5 11 12 3.5" fill="none" stroke="currentColor" stroke-width="2" /></svg> }
}

pub fn warning_mark() -> impl IntoView {
    view! {
        <svg width="16" height="16" viewBox="0 0 16 16" aria-hidden="true">
            <path d="M8 1.5 15.3 14.5H.7z" fill="none" stroke="currentColor" stroke-width="1.5" stroke-linejoin="round" />
            <path d="M8 6v4M8 11.5v1.5" stroke="currentColor" stroke-width="1.6" />
        </svg>
    }
}

/// One fact of the side column: a label, its value, and lines below.
pub fn fact(label: String, value: String, below: impl IntoView + 'static) -> impl IntoView {
    view! { <div><dt>{label}</dt><dd><b>{value}</b></dd>{below}</div> }
}

/// What is wrong with a form, on top, with a link to each field. Takes focus when the page opens.
pub fn error_summary(words: Words, errors: &[FieldError]) -> impl IntoView + use<> {
    let items: Vec<_> = errors
        .iter()
        .map(|error| {
            let href = format!("#{}", error.field);
            view! { <li><a href=href>{words.tell(&error.sentence)}</a></li> }
        })
        .collect();
    (!items.is_empty()).then(|| {
        view! {
            <div class="errors" role="alert" tabindex="-1" autofocus=true aria-labelledby="errors-title">
                <h2 id="errors-title">{t!(words, "errors-title")}</h2>
                <ul>{items}</ul>
            </div>
        }
    })
}

/// An error that belongs to no field: says what happened, that nothing was charged, what to do.
pub fn error_note(title: String, sentence: String) -> impl IntoView {
    view! { <div class="errors" role="alert" tabindex="-1" autofocus=true><h2>{title}</h2><p>{sentence}</p></div> }
}

/// How a text field looks and behaves. `name` is also its id, so that errors can link to it.
pub struct Field<'a> {
    pub name: &'static str,
    pub label: String,
    pub hint: Option<String>,
    pub value: &'a str,
    /// `text`, `email`, `password` …
    pub kind: &'static str,
    pub autocomplete: &'static str,
    pub inputmode: Option<&'static str>,
    pub class: &'static str,
    pub is_required: bool,
}

impl Default for Field<'_> {
    fn default() -> Self {
        Field { name: "", label: String::new(), hint: None, value: "", kind: "text", autocomplete: "off", inputmode: None, class: "", is_required: true }
    }
}

/// A label above, a hint under it, the input, and its error at the field.
pub fn field(words: Words, field: Field<'_>, errors: &[FieldError]) -> impl IntoView + use<> {
    let message = errors.iter().find(|e| e.field == field.name).map(|e| words.tell(&e.sentence));
    let hint_id = field.hint.is_some().then(|| format!("{}-hint", field.name));
    let error_id = message.is_some().then(|| format!("{}-error", field.name));
    let described_by = [hint_id.clone(), error_id.clone()].into_iter().flatten().collect::<Vec<_>>().join(" ");
    let described_by = (!described_by.is_empty()).then_some(described_by);
    view! {
        <div class="field">
            <label for=field.name>{field.label}</label>
            {field.hint.map(|hint| view! { <span class="hint" id=hint_id>{hint}</span> })}
            {message.clone().map(|message| view! { <span class="err" id=error_id>{message}</span> })}
            <input
                id=field.name name=field.name type=field.kind value=field.value.to_owned() class=field.class autocomplete=field.autocomplete
                inputmode=field.inputmode aria-required=field.is_required.then_some("true") aria-describedby=described_by aria-invalid=message.map(|_| "true")
            />
        </div>
    }
}

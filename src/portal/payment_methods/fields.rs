//! `/payment-methods/fields`: the gateway's fields in a frame of the gateway's, for browsers where script runs. The frame says when it is
//! done; then the return address is opened, which asks the gateway.

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use leptos::prelude::*;

use crate::app::App;
use crate::identity::Member;
use crate::islands::fields::FieldsDone;
use crate::portal::entry::{see_other, shell};
use crate::services::Refusal;
use crate::services::payments::{self, Errand, Started};
use crate::ui::shell::{Place, frame};
use crate::ui::{page, parts};
use crate::words::Words;
use crate::{rich, t};

use super::Returned;

pub fn path(setup_id: &str) -> String {
    format!("/payment-methods/fields?setup={setup_id}")
}

/// In a frame without script: the gateway's own page opens in a window, and here stays the way on.
pub fn elsewhere(app: &App, member: &Member, started: Started) -> Response {
    let w = Words::of(&member.locale);
    let shell = shell(member, w, Place::Payment);
    page::document(app, member, StatusCode::OK, &t!(w, "methods-title"), move || {
        let back = payments::return_path(&started.setup_id);
        let content = view! {
            {parts::answer(rich!(w, "fields-heading"), Some(rich!(w, "fields-elsewhere")))}
            <div class="acts field">
                <a class="btn" href=started.page_url target="_blank" rel="noopener">{t!(w, "step-add-button")}</a>
                <a class="btn plain" href=back>{t!(w, "fields-typed")}</a>
            </div>
        };
        frame(shell, content)
    })
}

pub async fn show(State(app): State<App>, member: Member, Query(asked): Query<Returned>) -> Result<Response, Refusal> {
    member.may_manage_billing()?;
    let errand = Errand::new(&app, &member.vendor, member.actor());
    let started = payments::resume_setup(&errand, &member.customer_id, &asked.setup).await?;
    let Some(fields) = started.fields.clone() else {
        return Ok(if member.embed.is_some() { elsewhere(&app, &member, started) } else { see_other(&started.page_url) });
    };
    // What is not ours does not open over the host's page.
    let target = member.embed.is_some().then_some("_blank");
    let w = Words::of(&member.locale);
    let shell = shell(&member, w, Place::Payment);
    let back = payments::return_path(&started.setup_id);
    let origin = fields.origin.clone();
    Ok(page::document_reaching(&app, &member, StatusCode::OK, &t!(w, "methods-title"), Some(&origin), move || {
        let content = view! {
            {parts::as_of(view! { <a class="link" href="/payment-methods">{t!(w, "methods-title")}</a> }, String::new())}
            {parts::answer(rich!(w, "fields-heading"), Some(rich!(w, "fields-what")))}
            <iframe class="fields" src=fields.frame_url title=t!(w, "fields-frame")></iframe>
            <FieldsDone origin=fields.origin reference=started.reference next=back />
            <p class="acts field"><a class="link" href=started.page_url target=target rel="noopener">{t!(w, "fields-own-page")}</a><a class="link" href="/payment-methods">{t!(w, "step-back")}</a></p>
        };
        frame(shell, content)
    }))
}

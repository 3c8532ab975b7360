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
use crate::services::payments::{self, Errand};
use crate::ui::shell::{Place, frame};
use crate::words::Words;
use crate::ui::{page, parts};
use crate::{rich, t};

use super::Returned;

pub fn path(setup_id: &str) -> String {
    format!("/payment-methods/fields?setup={setup_id}")
}

pub async fn show(State(app): State<App>, member: Member, Query(asked): Query<Returned>) -> Result<Response, Refusal> {
    member.may_manage_billing()?;
    let errand = Errand::new(&app, &member.vendor, member.actor());
    let started = payments::resume_setup(&errand, &member.customer_id, &asked.setup).await?;
    let Some(fields) = started.fields else { return Ok(see_other(&started.page_url)) };
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
            <p class="acts field"><a class="link" href=started.page_url>{t!(w, "fields-own-page")}</a><a class="link" href="/payment-methods">{t!(w, "step-back")}</a></p>
        };
        frame(shell, content)
    }))
}

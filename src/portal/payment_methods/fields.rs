//! `/payment-methods/fields`: the gateway's fields within our page, for browsers where script runs: a frame of the gateway's, or what a
//! script of the gateway's puts into the page. When the customer is done there, the return address is opened, which asks the gateway.

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use leptos::either::Either;
use leptos::prelude::*;

use crate::app::App;
use crate::identity::Member;
use crate::islands::fields::FieldsDone;
use crate::portal::entry::{see_other, shell};
use crate::portal::written_for::WrittenFor;
use crate::services::Refusal;
use crate::services::payments::{self, Errand, HostedFields, ScriptedFields, Started};
use crate::ui::page::{Reach, Script};
use crate::ui::shell::{Place, frame};
use crate::ui::{page, parts};
use crate::words::Words;
use crate::{rich, t};

use super::{Returned, step};

pub fn path(setup_id: &str) -> String {
    format!("/payment-methods/fields?setup={setup_id}")
}

/// To the gateway's own page: at once, or, in a frame, by a window of its own, and here stays the way on.
pub fn at_gateway(app: &App, member: &Member, started: Started) -> Result<Response, Refusal> {
    let Some(page_url) = started.page_url else { return Err(Refusal::damaged(format!("setup {} has neither page nor fields", started.setup_id))) };
    if member.embed.is_none() {
        return Ok(see_other(&page_url));
    }
    let w = Words::of(&member.locale);
    let shell = shell(member, w, Place::Payment);
    Ok(page::document(app, member, StatusCode::OK, &t!(w, "methods-title"), move || {
        let back = payments::return_path(&started.setup_id);
        let content = view! {
            {parts::answer(rich!(w, "step-add"), Some(rich!(w, "fields-elsewhere")))}
            <div class="acts field">
                <a class="btn" href=page_url target="_blank" rel="noopener">{t!(w, "step-add-button")}</a>
                <a class="btn plain" href=back>{t!(w, "fields-typed")}</a>
            </div>
        };
        frame(shell, content)
    }))
}

pub async fn show(State(app): State<App>, member: Member, Query(asked): Query<Returned>) -> Result<Response, Refusal> {
    member.may_manage_billing()?;
    let errand = Errand::new(&app, &member.vendor, member.actor());
    let started = payments::resume_setup(&errand, &member.customer_id, &asked.setup).await?;
    let Some(fields) = started.fields.clone() else { return at_gateway(&app, &member, started) };
    let w = Words::of(&member.locale);
    let shell = shell(&member, w, Place::Payment);
    // Whoever would rather type on the gateway's own page is sent there by a form, where that page is yet to be made.
    let gateway_origin = app.gateway(&member.vendor).await?.origin();
    let reach = match &fields {
        HostedFields::Framed { origin, .. } => Reach { frames: vec![origin.clone()], ..Reach::forms_to(gateway_origin) },
        HostedFields::Scripted(scripted) => Reach {
            scripts: vec![Script { url: scripted.script_url.clone(), origins: scripted.script_origins.clone(), worked_by: "card.js" }],
            frames: scripted.frame_origins.clone(),
            connects: scripted.connect_origins.clone(),
            ..Reach::forms_to(gateway_origin)
        },
    };
    let own_page = own_page(w, &member, &started);
    let lede = match step::charged_at_once(&mut member.reads(&app).await?, w, &member.customer_id).await? {
        Some(charged) => format!("{} {charged}", rich!(w, "fields-whose")),
        None => rich!(w, "fields-what"),
    };
    Ok(page::document_reaching(&app, &member, StatusCode::OK, &t!(w, "methods-title"), reach, move || {
        let next = payments::return_path(&started.setup_id);
        let content = view! {
            {parts::as_of(view! { <a class="link" href="/payment-methods">{t!(w, "methods-title")}</a> }, String::new())}
            {parts::answer(rich!(w, "fields-heading"), Some(lede))}
            {match fields {
                HostedFields::Framed { frame_url, origin } => Either::Left(view! {
                    <iframe class="fields" src=frame_url title=t!(w, "fields-frame")></iframe>
                    <FieldsDone origin=origin reference=started.reference next=next />
                }),
                HostedFields::Scripted(scripted) => Either::Right(card_form(w, scripted, next)),
            }}
            <div class="acts field">{own_page}<a class="link" href="/payment-methods">{t!(w, "step-back")}</a></div>
        };
        frame(shell, content)
    }))
}

/// What `card.js` works: the place the gateway's script puts its fields into, and the words for what only the script can see. Without script
/// nobody comes here; the form has nothing to send, and no field of ours is in it.
fn card_form(w: Words, fields: ScriptedFields, next: String) -> impl IntoView {
    view! {
        <form id="card-form" data-key=fields.publishable_key data-secret=fields.client_secret data-next=next data-silent=t!(w, "fields-silent")>
            <p id="card-label" class="field"><b>{t!(w, "fields-card")}</b></p>
            <div id="card" class="hosted" role="group" aria-labelledby="card-label"></div>
            <p id="card-error" class="err" role="alert"></p>
            <div class="acts field"><button class="btn">{t!(w, "fields-add")}</button></div>
        </form>
    }
}

/// The way to the gateway's own page: where it is there, or a form that has it made.
fn own_page(w: Words, member: &Member, started: &Started) -> impl IntoView + use<> {
    let name = t!(w, "fields-own-page");
    match started.page_url.clone() {
        // What is not ours does not open over the host's page.
        Some(url) => Either::Left(view! { <a class="link" href=url target=member.embed.is_some().then_some("_blank") rel="noopener">{name}</a> }),
        None => {
            let replaces = started.replaces_id.clone().map(|id| view! { <input type="hidden" name="replaces" value=id /> });
            let written_for = WrittenFor::of(member).field();
            Either::Right(view! { <form method="post" action="/payment-methods">{written_for}{replaces}<button class="link as-link">{name}</button></form> })
        }
    }
}

//! Whom a form was written for. A page may lie open while the browser signs in somebody else, or turns to another customer in another tab:
//! its form must not be taken then as if it had been theirs.
//!
//! Every form of a signed-in page that posts says so in one hidden field, and [`Member`]'s extractor compares it with who sends it
//! now. It is no proof of anything and needs no seal: whoever leaves it out, as programs do, acts for whom they are looking at.

use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use leptos::prelude::*;

use crate::app::App;
use crate::identity::Member;
use crate::platform::request::Posted;
use crate::t;
use crate::ui::page;
use crate::ui::shell::{Place, frame};
use crate::words::Words;

use super::entry::shell;

const FIELD: &str = "for";

/// A person, looking at a customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenFor {
    identity_id: String,
    customer_id: String,
}

impl WrittenFor {
    pub fn of(member: &Member) -> WrittenFor {
        WrittenFor { identity_id: member.identity_id.clone(), customer_id: member.customer_id.clone() }
    }

    /// As it is written, for what compares two pages.
    pub fn mark(&self) -> String {
        format!("{}/{}", self.identity_id, self.customer_id)
    }

    /// The hidden field, for a form of theirs.
    pub fn field(&self) -> impl IntoView + use<> {
        view! { <input type="hidden" name=FIELD value=self.mark() /> }
    }

    /// What a posted form says; anything that cannot be read was written for nobody.
    fn said(posted: &Posted) -> Option<WrittenFor> {
        let (_, value) = form_urlencoded::parse(&posted.0).find(|(name, _)| name == FIELD)?;
        let (identity_id, customer_id) = value.split_once('/').unwrap_or_default();
        Some(WrittenFor { identity_id: identity_id.to_owned(), customer_id: customer_id.to_owned() })
    }
}

/// The page that says so, where a form was written for another customer or another person than who sends it.
pub fn mistaken(app: &App, member: &Member, parts: &Parts) -> Option<Response> {
    let said = WrittenFor::said(parts.extensions.get::<Posted>()?)?;
    if said == WrittenFor::of(member) {
        return None;
    }
    let w = Words::of(&member.locale);
    // The other customer is named only to who belongs to it.
    let theirs = member.others.iter().find(|other| said.identity_id == member.identity_id && other.customer_id == said.customer_id);
    let here = member.customer_name.clone();
    let sentence = match theirs {
        Some(theirs) => t!(w, "form-for-other-customer", theirs = &theirs.customer_name, here = &here),
        None => t!(w, "form-for-other-person", email = &member.email, here = &here),
    };
    let theirs = theirs.map(|theirs| (theirs.customer_id.clone(), t!(w, "form-for-other-switch", theirs = &theirs.customer_name)));
    let shell = shell(member, w, Place::Account);
    Some(page::document(app, member, StatusCode::CONFLICT, &t!(w, "form-for-other-title"), move || {
        let switch = theirs.map(|(id, label)| {
            view! { <form method="post" action="/switch"><input type="hidden" name="customer" value=id /><button class="btn plain">{label}</button></form> }
        });
        let content = view! {
            <div class="answer"><h1>{t!(w, "form-for-other-heading")}</h1></div>
            <p role="alert">{sentence}</p>
            <div class="acts field"><a class="btn" href="/">{t!(w, "form-for-other-go-on", here = here)}</a>{switch}</div>
        };
        frame(shell, content)
    }))
}

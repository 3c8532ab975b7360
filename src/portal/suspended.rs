//! The page for members of a customer whose access to the portal the vendor has suspended, at every address: it says so and whom to write
//! to, and shows nothing of the customer. Who belongs to others may turn to those.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::Response;
use leptos::prelude::*;

use crate::app::App;
use crate::identity::Member;
use crate::services::vendors::Vendor;
use crate::t;
use crate::ui::page::{self, Framed, Setting, Standing};
use crate::words::Words;

use super::entry::door;

/// For who is signed in, framed or not.
pub fn page(app: &App, member: &Member) -> Response {
    let setting = Setting::from(member);
    let Some(framed) = setting.framed else {
        let others = member.others.iter().map(|other| (other.customer_id.clone(), other.customer_name.clone())).collect();
        return shut(app, &member.vendor, others, true);
    };
    let w = Words::of(&member.locale);
    let sentence = t!(w, "suspended", email = &member.vendor.support_email);
    // No other token would help: nobody is asked for one.
    let setting = Setting { framed: Some(Framed { standing: Standing::Over, ..framed }), ..setting };
    page::document(app, setting, StatusCode::FORBIDDEN, &t!(w, "suspended-title"), move || {
        view! { <main class="page" id="main" data-trouble="customer_suspended"><p role="alert">{sentence}</p></main> }
    })
}

/// For who comes by a link.
pub fn page_of_link(app: &App, vendor: &Arc<Vendor>) -> Response {
    shut(app, vendor, Vec::new(), false)
}

/// `others`: id and name of the customers one may turn to.
fn shut(app: &App, vendor: &Arc<Vendor>, others: Vec<(String, String)>, is_signed_in: bool) -> Response {
    let w = Words::of(&vendor.locale);
    let sentence = t!(w, "suspended", email = &vendor.support_email);
    door(app, vendor, StatusCode::FORBIDDEN, &t!(w, "suspended-title"), move || {
        let others: Vec<_> = others
            .into_iter()
            .map(|(id, name)| {
                view! {
                    <form class="field" method="post" action="/switch">
                        <input type="hidden" name="customer" value=id />
                        <button class="btn plain">{t!(w, "form-for-other-switch", theirs = name)}</button>
                    </form>
                }
            })
            .collect();
        view! {
            <h1>{t!(w, "suspended-title")}</h1>
            <p>{sentence}</p>
            {others}
            {is_signed_in.then(|| view! { <form class="field" method="post" action="/sign-out"><button class="link as-link">{t!(w, "nav-sign-out")}</button></form> })}
        }
    })
}

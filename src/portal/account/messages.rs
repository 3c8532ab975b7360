//! What was written to the customer's people, and to this person alone: a list, and each message as it went out.

use axum::http::StatusCode;
use axum::response::Response;
use leptos::prelude::*;

use crate::app::App;
use crate::identity::Member;
use crate::platform::clock::from_ms;
use crate::portal::entry::shell;
use crate::services::messages::Message;
use crate::ui::shell::{Place, frame};
use crate::ui::{page, parts};
use crate::words::Words;
use crate::words::format::Dates;
use crate::{rich, t};

pub fn list(app: &App, member: &Member, mut history: Vec<Message>, is_later_page: bool) -> Response {
    let w = Words::of(&member.locale);
    let dates = Dates::new(w, member.time_zone.parse().unwrap_or(chrono_tz::UTC));
    let shown = usize::try_from(super::PAGE).unwrap_or(usize::MAX);
    let next = history.get(shown.saturating_sub(1)).filter(|_| history.len() > shown).map(|last| format!("/account/messages?before={}", last.id));
    history.truncate(shown);
    let shell = shell(member, w, Place::Account);
    let now = app.now(&member.vendor).billing;
    page::document(app, member, StatusCode::OK, &t!(w, "messages-title"), move || {
        let sentence = match history.first() {
            _ if is_later_page => rich!(w, "messages-answer-earlier"),
            Some(last) => rich!(w, "messages-answer", day = dates.day_year(from_ms(last.happened_at))),
            None => rich!(w, "messages-answer-none"),
        };
        let older = next.map(|href| view! { <a class="btn plain" href=href>{t!(w, "activity-older")}</a> });
        let latest = is_later_page.then(|| view! { <a class="link" href="/account/messages">{t!(w, "activity-latest")}</a> });
        let table = (!history.is_empty()).then(|| table(&dates, &history));
        let content = view! {
            {parts::as_of(view! { <a class="link" href="/account">{t!(w, "account-title")}</a> }, dates.stamp(now))}
            {parts::answer(sentence, None)}
            {table}
            <p class="acts field">{older}{latest}</p>
        };
        frame(shell, content)
    })
}

fn table(dates: &Dates, history: &[Message]) -> impl IntoView + use<> {
    let w = dates.words;
    let rows: Vec<_> = history
        .iter()
        .map(|message| {
            let href = format!("/account/messages/{}", message.id);
            let (subject, to) = (message.subject.clone(), t!(w, "messages-to", email = &message.to_email));
            view! {
                <tr>
                    <th scope="row"><a class="link" href=href>{subject}</a><span class="sub">{to}</span></th>
                    <td class="when">{dates.moment(from_ms(message.happened_at))}</td>
                </tr>
            }
        })
        .collect();
    view! {
        <table class="log">
            <caption class="vh">{t!(w, "messages-title")}</caption>
            <thead><tr><th scope="col">{t!(w, "messages-subject")}</th><th scope="col" class="when">{t!(w, "activity-when", zone = dates.zone_name())}</th></tr></thead>
            <tbody>{rows}</tbody>
        </table>
    }
}

/// One message: its words as they went out, but for links that open an account.
pub fn one(app: &App, member: &Member, message: Message) -> Response {
    let w = Words::of(&member.locale);
    let dates = Dates::new(w, member.time_zone.parse().unwrap_or(chrono_tz::UTC));
    let shell = shell(member, w, Place::Account);
    page::document(app, member, StatusCode::OK, &message.subject.clone(), move || {
        let paragraphs: Vec<_> = message.body.trim().split("\n\n").map(|paragraph| view! { <p>{paragraph.to_owned()}</p> }).collect();
        let sent = match message.sent_at {
            Some(sent_at) => rich!(w, "messages-sent", name = &message.to_name, email = &message.to_email, moment = dates.stamp(from_ms(sent_at))),
            None => rich!(w, "messages-waiting", name = &message.to_name, email = &message.to_email),
        };
        let content = view! {
            {parts::as_of(view! { <a class="link" href="/account/messages">{t!(w, "messages-title")}</a> }, dates.stamp(from_ms(message.happened_at)))}
            {parts::answer(rich!(w, "messages-subject-head", subject = &message.subject), Some(sent))}
            <div class="letter">{paragraphs}</div>
        };
        frame(shell, content)
    })
}

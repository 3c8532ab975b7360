//! The list of methods: which is charged, which stands in, until when, and what needs attention.

use axum::http::StatusCode;
use axum::response::Response;
use chrono::NaiveDate;
use leptos::either::{Either, EitherOf3, EitherOf4};
use leptos::prelude::*;

use crate::app::App;
use crate::identity::Member;
use crate::islands::fields::FieldsHere;
use crate::platform::clock::Instant;
use crate::portal::entry::shell;
use crate::portal::written_for::WrittenFor;
use crate::services::embed_sessions::Scope;
use crate::services::payments::{self, Attention, DeclineReason, Expiry, Means, Method, MethodRole, Repair, declined_because, method_name};
use crate::services::{Desk, Refusal};
use crate::ui::page::Reach;
use crate::ui::payment::{attention_note, expiry_month, method_mark, replace_path};
use crate::ui::shell::{Place, frame};
use crate::ui::{page, parts};
use crate::words::format::Dates;
use crate::words::{Sentence, Words};
use crate::{rich, t};

/// What the page is made of.
pub struct Seen {
    pub methods: Vec<Method>,
    attention: Vec<Attention>,
    today: NaiveDate,
    now: Instant,
    written_for: WrittenFor,
}

impl Seen {
    pub async fn load(desk: &mut Desk, member: &Member) -> Result<Seen, Refusal> {
        let today = super::today(desk, member);
        let methods = payments::list(desk, &member.customer_id).await?;
        let attention = payments::attention(desk, &member.customer_id, &methods, today).await?;
        Ok(Seen { methods, attention, today, now: desk.now.billing, written_for: WrittenFor::of(member) })
    }
}

/// What the page tells first, once.
pub enum Said {
    Added(Method),
    MadeDefault(Method),
    MadeBackup(Method),
    StoppedBackup(Method),
    Removed(Method),
    /// The customer turned back at the gateway.
    NotAdded,
    NotFinished,
    Refused(DeclineReason),
    Trouble(Sentence),
}

pub async fn page(app: &App, member: &Member, status: StatusCode, seen: Seen, said: Option<Said>) -> Result<Response, Refusal> {
    let w = Words::of(&member.locale);
    let dates = Dates::new(w, member.time_zone.parse().unwrap_or(chrono_tz::UTC));
    let may_change = member.may_manage_billing().is_ok();
    let reach = Reach::forms_to(app.gateway(&member.vendor).await.ok().and_then(|gateway| gateway.origin()));
    let shell = shell(member, w, Place::Payment);
    let vendor_name = member.vendor.name.clone();
    // A frame may be for paying alone.
    let has_balance_page = member.embed.as_ref().is_none_or(|embed| embed.allows(&[Scope::InvoicesRead]));
    Ok(page::document_reaching(app, member, status, &t!(w, "methods-title"), reach, move || {
        let notes: Vec<_> = seen.attention.iter().map(|attention| attention_note(dates, attention, None)).collect();
        let has_notes = !notes.is_empty();
        let content = view! {
            {parts::as_of(t!(w, "methods-title"), dates.stamp(seen.now))}
            {said.map(|said| told(w, said))}
            {parts::answer(answer(w, &seen), lede(w, &seen))}
            {has_notes.then_some(notes)}
            {(!seen.methods.is_empty()).then(|| table(dates, &seen, may_change))}
            {may_change.then(|| add_form(w, &seen.written_for, &vendor_name))}
            {(!may_change).then(|| view! { <p class="sub sec">{t!(w, "methods-viewer")}</p> })}
            {has_balance_page.then(|| view! { <p class="acts sec"><a class="link" href="/payments">{t!(w, "methods-payments")}</a><a class="link" href="/balance">{t!(w, "methods-balance")}</a></p> })}
        };
        frame(shell, content)
    }))
}

/// The one sentence: what is charged.
fn answer(w: Words, seen: &Seen) -> String {
    let Some(default) = seen.methods.first() else { return rich!(w, "methods-answer-none") };
    let is_expired = |method: &Method| matches!(method.expiry(seen.today), Expiry::Expired { .. });
    let backup = seen.methods.iter().find(|method| matches!(method.role, MethodRole::Backup(_)) && !is_expired(method));
    match (is_expired(default), backup) {
        (false, Some(backup)) => rich!(w, "methods-answer-backed", method = method_name(w, default), backup = method_name(w, backup)),
        (false, None) => rich!(w, "methods-answer", method = method_name(w, default)),
        (true, Some(backup)) => rich!(w, "methods-answer-expired-backed", method = method_name(w, default), backup = method_name(w, backup)),
        (true, None) => rich!(w, "methods-answer-expired", method = method_name(w, default)),
    }
}

fn lede(w: Words, seen: &Seen) -> Option<String> {
    seen.methods.is_empty().then(|| rich!(w, "methods-none-what"))
}

/// What was just done, or why it was not.
fn told(w: Words, said: Said) -> impl IntoView {
    let good = |sentence: String, method: Method| {
        EitherOf3::A(view! { <p class="done" role="status" data-happened="payment_method_updated" data-id=method.id>{parts::state_good(sentence)}</p> })
    };
    let bad = |sentence: String| EitherOf3::B(parts::error_note(t!(w, "methods-not-added-title"), sentence));
    match said {
        Said::Added(method) => good(t!(w, "methods-added", method = method_name(w, &method)), method),
        Said::MadeDefault(method) => good(t!(w, "methods-made-default", method = method_name(w, &method)), method),
        Said::MadeBackup(method) => good(t!(w, "methods-made-backup", method = method_name(w, &method)), method),
        Said::StoppedBackup(method) => good(t!(w, "methods-stopped-backup", method = method_name(w, &method)), method),
        Said::Removed(method) => good(t!(w, "methods-removed", method = method_name(w, &method)), method),
        Said::NotAdded => EitherOf3::C(view! { <p class="done" role="status">{t!(w, "methods-not-added")}</p> }),
        Said::NotFinished => bad(t!(w, "methods-not-finished")),
        Said::Refused(reason) => bad(declined_because(w, reason)),
        Said::Trouble(sentence) => bad(w.tell(&sentence)),
    }
}

fn table(dates: Dates, seen: &Seen, may_change: bool) -> impl IntoView + use<> {
    let w = dates.words;
    let rows: Vec<_> = seen.methods.iter().map(|method| row(dates, seen, method, may_change)).collect();
    view! {
        <table class="cards sec">
            <caption class="vh">{t!(w, "methods-caption")}</caption>
            <thead><tr><th scope="col">{t!(w, "methods-method")}</th><th scope="col">{t!(w, "methods-expires")}</th><th scope="col"><span class="vh">{t!(w, "methods-acts")}</span></th></tr></thead>
            <tbody>{rows}</tbody>
        </table>
    }
}

fn row(dates: Dates, seen: &Seen, method: &Method, may_change: bool) -> impl IntoView + use<> {
    let w = dates.words;
    let refused = method.refused.map(|_| view! { <span class="sub">{parts::state_warn(t!(w, "methods-refused"))}" "{t!(w, "methods-not-charged")}</span> });
    view! {
        <tr>
            <th scope="row"><span class="card">{method_mark(&method.means)}<span><b>{method_name(w, method)}</b>{role(w, seen, method)}{refused}</span></span></th>
            <td class="when">{expires(dates, method, seen.today)}</td>
            <td>{may_change.then(|| acts(w, seen, method))}</td>
        </tr>
    }
}

fn role(w: Words, seen: &Seen, method: &Method) -> impl IntoView + use<> {
    let default_name = seen.methods.first().map(|default| method_name(w, default)).unwrap_or_default();
    let has_several_backups = seen.methods.iter().filter(|other| matches!(other.role, MethodRole::Backup(_))).count() > 1;
    match method.role {
        MethodRole::Default => {
            Either::Left(view! { <span class="sub">{parts::state_good(t!(w, "methods-default"))}" "{t!(w, "methods-charged-first")}</span> })
        }
        MethodRole::Backup(position) if has_several_backups && position > 1 => {
            Either::Right(view! { <span class="sub">{t!(w, "methods-backup-later", position = position)}</span> })
        }
        MethodRole::Backup(_) => Either::Right(view! { <span class="sub">{t!(w, "methods-backup", method = default_name)}</span> }),
        MethodRole::Kept => Either::Right(view! { <span class="sub">{t!(w, "methods-kept")}</span> }),
    }
}

fn expires(dates: Dates, method: &Method, today: NaiveDate) -> impl IntoView + use<> {
    let w = dates.words;
    let month = match &method.means {
        Means::Card(card) => expiry_month(&dates, card),
        // What lets it be charged does not end, and has a name.
        Means::SepaDebit(debit) => {
            return EitherOf4::D(view! { {t!(w, "methods-no-end")}<span class="sub">{t!(w, "methods-mandate", reference = &debit.mandate)}</span> });
        }
    };
    match method.expiry(today) {
        Expiry::Good => EitherOf4::A(month),
        Expiry::Soon { days, .. } => EitherOf4::B(view! { {parts::state_warn(month)}<span class="sub">{t!(w, "methods-in-days", days = days)}</span> }),
        Expiry::Expired { .. } => EitherOf4::C(view! { {parts::state_warn(t!(w, "methods-expired"))}<span class="sub">{month}</span> }),
    }
}

/// What can be done with a method: links where a page asks first, buttons where it is done at once.
fn acts(w: Words, seen: &Seen, method: &Method) -> impl IntoView + use<> {
    let name = method_name(w, method);
    let button = |id: &str, verb: &'static str, label: String, name: String| {
        let action = format!("/payment-methods/{id}/{verb}");
        view! { <form method="post" action=action>{seen.written_for.field()}<button class="link as-link">{label}" "<span class="vh">{name}</span></button></form> }
    };
    // A default goes alone, or leaves its place to a backup.
    let can_go = !method.is_default() || seen.methods.len() == 1 || seen.methods.iter().any(|other| matches!(other.role, MethodRole::Backup(_)));
    let replace = {
        let (href, name) = (replace_path(method), name.clone());
        view! { <a class="link" href=href>{t!(w, "methods-replace")}" "<span class="vh">{name}</span></a> }
    };
    let remove = can_go.then(|| {
        let (href, name) = (format!("/payment-methods/{}/remove", method.id), name.clone());
        view! { <a class="link" href=href>{t!(w, "methods-remove")}" "<span class="vh">{name}</span></a> }
    });
    let earlier =
        matches!(method.role, MethodRole::Backup(position) if position > 1).then(|| button(&method.id, "earlier", t!(w, "methods-move-up"), name.clone()));
    let backup = (method.role == MethodRole::Kept).then(|| button(&method.id, "backup", t!(w, "methods-make-backup"), name.clone()));
    let keep = matches!(method.role, MethodRole::Backup(_)).then(|| button(&method.id, "keep", t!(w, "methods-stop-backup"), name.clone()));
    let default = (!method.is_default()).then(|| button(&method.id, "default", t!(w, "methods-make-default"), name));
    view! { <span class="acts">{replace}{earlier}{backup}{keep}{default}{remove}</span> }
}

/// The way from what failed to another method, which then pays it: the first way where none on file surely does.
pub fn another_card(w: Words, written_for: &WrittenFor, repair: Repair) -> AnyView {
    let class = if repair == Repair::Default { "btn plain" } else { "btn" };
    view! { <form method="post" action="/payment-methods">{written_for.field()}<FieldsHere /><button class=class>{t!(w, "attention-other-method")}</button></form> }
        .into_any()
}

fn add_form(w: Words, written_for: &WrittenFor, vendor_name: &str) -> impl IntoView + use<> {
    view! {
        <form method="post" action="/payment-methods" class="sec">{written_for.field()}<FieldsHere /><button class="btn">{t!(w, "methods-add")}</button></form>
        <p class="sub field">{t!(w, "methods-where-typed", vendor = vendor_name)}</p>
    }
}

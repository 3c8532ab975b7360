//! The account's page: who this is, the two forms, the members, and the last of what happened.

use axum::http::StatusCode;
use axum::response::Response;
use billing::calendar::Instant;
use leptos::either::Either;
use leptos::prelude::*;

use super::log;
use super::typed::{Company, Display};
use crate::app::App;
use crate::identity::Member;
use crate::identity::preferences::{self, LANGUAGES};
use crate::platform::clock::from_ms;
use crate::portal::entry::shell;
use crate::portal::written_for::WrittenFor;
use crate::services::activity::{self, Entry};
use crate::services::customers::{self, MOST_INVOICE_EMAILS, Person, Role};
use crate::services::{FieldError, Refusal};
use crate::ui::parts::{Field, field};
use crate::ui::shell::{Place, frame};
use crate::ui::{page, parts};
use crate::words::countries;
use crate::words::format::{Dates, zone_name};
use crate::words::{Words, escape};
use crate::{rich, t};

/// How much of the log the page shows.
const LATEST: i64 = 8;

/// What was typed and what is wrong with it; a form that was not sent shows what is stored.
#[derive(Default)]
pub struct Forms {
    pub company: Option<Company>,
    pub display: Option<Display>,
    pub errors: Vec<FieldError>,
    /// What was just done.
    pub did: String,
}

struct Seen {
    company: Company,
    display: Display,
    errors: Vec<FieldError>,
    did: String,
    people: Vec<Person>,
    log: Vec<Entry>,
    now: Instant,
    written_for: WrittenFor,
}

pub async fn page(app: &App, member: &Member, status: StatusCode, forms: Forms) -> Result<Response, Refusal> {
    let mut desk = member.reads(app).await?;
    let stored = Company::of(&customers::load(&mut desk, &member.customer_id).await?);
    let w = Words::of(&member.locale);
    // The sentence is about what holds, the form shows what was typed.
    let answer = answer(w, &member.customer_name, &stored);
    let seen = Seen {
        company: forms.company.unwrap_or(stored),
        display: match forms.display {
            Some(display) => display,
            None => Display::of(preferences::load(&mut desk, &member.identity_id).await?),
        },
        errors: forms.errors,
        did: forms.did,
        people: customers::people_of(&mut desk, &member.customer_id).await?,
        log: activity::of_customer(&mut desk, &member.customer_id, "", LATEST).await?,
        now: desk.now.billing,
        written_for: WrittenFor::of(member),
    };
    let dates = Dates::new(w, member.time_zone.parse().unwrap_or(chrono_tz::UTC));
    let shell = shell(member, w, Place::Account);
    let may_change = member.may_manage_billing().is_ok();
    let (email, me) = (member.email.clone(), member.identity_id.clone());
    let title = if seen.errors.is_empty() { t!(w, "account-title") } else { t!(w, "title-error", title = t!(w, "account-title")) };
    Ok(page::document(app, member, status, &title, move || {
        let company = if may_change { Either::Left(company_form(w, &seen)) } else { Either::Right(company_facts(w, &seen.company)) };
        let content = view! {
            {parts::as_of(t!(w, "account-title"), dates.stamp(seen.now))}
            {parts::error_summary(w, &seen.errors)}
            {told(w, &seen.did)}
            {parts::answer(answer, None)}
            <div class="acts">
                <a class="btn plain" href="/account/security">{t!(w, "nav-security")}</a>
                <a class="btn plain" href="/account/messages">{t!(w, "messages-title")}</a>
            </div>
            <section class="sec" aria-labelledby="company"><div class="head"><h2 id="company">{t!(w, "account-company")}</h2></div>{company}</section>
            <section class="sec" aria-labelledby="display"><div class="head"><h2 id="display">{t!(w, "account-display")}</h2></div>{display_form(&dates, &seen, &email)}</section>
            {members(&dates, &seen.people, &me)}
            <section class="sec" aria-labelledby="activity">
                <div class="head"><h2 id="activity">{t!(w, "activity-title")}</h2></div>
                {log::table(&dates, &seen.log)}
                <p class="acts field"><a class="link" href="/account/activity">{t!(w, "activity-all")}</a></p>
            </section>
        };
        frame(shell, content)
    }))
}

/// Whom invoices are made out to and where they go.
fn answer(w: Words, customer: &str, company: &Company) -> String {
    let recipients = company.invoice_emails.lines().filter(|line| !line.trim().is_empty()).count();
    match i64::try_from(recipients).unwrap_or(i64::MAX) {
        0 => rich!(w, "account-answer", customer = customer, company = &company.legal_name),
        count => rich!(w, "account-answer-recipients", customer = customer, company = &company.legal_name, count = count),
    }
}

fn told(w: Words, did: &str) -> impl IntoView + use<> {
    let sentence = match did {
        "company" => t!(w, "account-company-saved"),
        "display" => t!(w, "account-display-saved"),
        _ => return None,
    };
    Some(view! { <p class="done" role="status">{parts::state_good(sentence)}</p> })
}

fn company_form(w: Words, seen: &Seen) -> impl IntoView + use<> {
    let (company, errors) = (&seen.company, seen.errors.as_slice());
    let text = |name: &'static str, label: String, value: &str, autocomplete: &'static str, is_required: bool| {
        field(w, Field { name, label, value, autocomplete, is_required, ..Field::default() }, errors)
    };
    let hinted = |name: &'static str, label: String, hint: String, value: &str| {
        field(w, Field { name, label, hint: Some(hint), value, is_required: false, ..Field::default() }, errors)
    };
    let chosen = company.country.clone();
    let known = countries::is_known(&chosen);
    let options: Vec<_> = countries::all(w).into_iter().map(|(code, name)| view! { <option value=code selected={code == chosen}>{name}</option> }).collect();
    let empty = (!known).then(|| view! { <option value="" selected=true>{t!(w, "account-choose")}</option> });
    view! {
        <form method="post" action="/account" class="narrow">
            {seen.written_for.field()}
            {text("name", t!(w, "account-name"), &company.name, "off", true)}
            {text("legal_name", t!(w, "account-legal-name"), &company.legal_name, "organization", true)}
            {text("address_line1", t!(w, "account-address1"), &company.address_line1, "address-line1", false)}
            {text("address_line2", t!(w, "account-address2"), &company.address_line2, "address-line2", false)}
            {text("postal_code", t!(w, "account-postal-code"), &company.postal_code, "postal-code", false)}
            {text("city", t!(w, "account-city"), &company.city, "address-level2", false)}
            {text("region", t!(w, "account-region"), &company.region, "address-level1", false)}
            {select(w, "country", t!(w, "account-country"), None, view! { {empty}{options} }.into_any(), errors)}
            {hinted("tax_id", t!(w, "account-tax-id"), t!(w, "account-tax-id-hint"), &company.tax_id)}
            {hinted("purchase_order", t!(w, "account-purchase-order"), t!(w, "account-purchase-order-hint"), &company.purchase_order)}
            {emails_field(w, company, errors)}
            <div class="field"><button class="btn">{t!(w, "account-save-company")}</button></div>
        </form>
    }
}

/// A choice with its label, hint and error, as [`field`] is for text.
fn select(w: Words, name: &'static str, label: String, hint: Option<String>, options: AnyView, errors: &[FieldError]) -> impl IntoView + use<> {
    let message = errors.iter().find(|error| error.field == name).map(|error| w.tell(&error.sentence));
    let hint_id = hint.is_some().then(|| format!("{name}-hint"));
    let error_id = message.is_some().then(|| format!("{name}-error"));
    let described_by = [hint_id.clone(), error_id.clone()].into_iter().flatten().collect::<Vec<_>>().join(" ");
    let described_by = (!described_by.is_empty()).then_some(described_by);
    let is_invalid = message.as_ref().map(|_| "true");
    view! {
        <div class="field">
            <label for=name>{label}</label>
            {hint.map(|hint| view! { <span class="hint" id=hint_id>{hint}</span> })}
            {message.map(|message| view! { <span class="err" id=error_id>{message}</span> })}
            <select id=name name=name aria-describedby=described_by aria-invalid=is_invalid>{options}</select>
        </div>
    }
}

fn emails_field(w: Words, company: &Company, errors: &[FieldError]) -> impl IntoView + use<> {
    let message = errors.iter().find(|error| error.field == "invoice_emails").map(|error| w.tell(&error.sentence));
    let described_by = if message.is_some() { "invoice_emails-hint invoice_emails-error" } else { "invoice_emails-hint" };
    let most = i64::try_from(MOST_INVOICE_EMAILS).unwrap_or(i64::MAX);
    let is_invalid = message.as_ref().map(|_| "true");
    view! {
        <div class="field">
            <label for="invoice_emails">{t!(w, "account-emails")}</label>
            <span class="hint" id="invoice_emails-hint">{t!(w, "account-emails-hint", most = most)}</span>
            {message.map(|message| view! { <span class="err" id="invoice_emails-error">{message}</span> })}
            <textarea
                id="invoice_emails" name="invoice_emails" rows="4" autocomplete="off" spellcheck="false" aria-describedby=described_by aria-invalid=is_invalid
                inner_html=escape(&company.invoice_emails)
            ></textarea>
        </div>
    }
}

/// What a member sees who may not change it, and who may.
fn company_facts(w: Words, company: &Company) -> impl IntoView + use<> {
    let address =
        [&company.address_line1, &company.address_line2, &company.postal_code, &company.city, &company.region].into_iter().filter(|line| !line.is_empty());
    let address = address.cloned().chain([countries::name(w, &company.country)]).collect::<Vec<_>>().join(", ");
    let rows: Vec<_> = [
        (t!(w, "account-name"), company.name.clone()),
        (t!(w, "account-legal-name"), company.legal_name.clone()),
        (t!(w, "account-address"), address),
        (t!(w, "account-tax-id"), company.tax_id.clone()),
        (t!(w, "account-purchase-order"), company.purchase_order.clone()),
        (t!(w, "account-emails"), company.invoice_emails.lines().collect::<Vec<_>>().join(", ")),
    ]
    .into_iter()
    .map(|(label, value)| {
        let value = if value.trim().is_empty() { t!(w, "account-none") } else { value };
        view! { <div><dt>{label}</dt><dd>{value}</dd></div> }
    })
    .collect();
    view! { <dl class="facts">{rows}</dl><p class="sub">{t!(w, "account-viewer")}</p> }
}

fn display_form(dates: &Dates, seen: &Seen, email: &str) -> impl IntoView + use<> {
    let (w, display, errors) = (dates.words, &seen.display, &seen.errors);
    let same = || t!(w, "account-as-company");
    let languages: Vec<_> =
        LANGUAGES.into_iter().map(|code| view! { <option value=code selected={display.locale == code}>{language(w, code)}</option> }).collect();
    let languages = view! { <option value="">{same()}</option>{languages} }.into_any();
    let zones: Vec<_> = zones().map(|zone| view! { <option value=zone selected={display.time_zone == zone}>{zone.replace('_', " ")}</option> }).collect();
    let zones = view! { <option value="">{same()}</option>{zones} }.into_any();
    view! {
        <form method="post" action="/account/display" class="narrow">
            {seen.written_for.field()}
            <p class="sub">{t!(w, "account-signed-in-as", email = email)}</p>
            {field(w, Field { name: "your_name", label: t!(w, "account-your-name"), value: &display.your_name, autocomplete: "name", ..Field::default() }, errors)}
            {select(w, "locale", t!(w, "account-language"), None, languages, errors)}
            {select(w, "time_zone", t!(w, "account-time-zone"), Some(t!(w, "account-time-zone-hint", zone = zone_name(w, dates.zone))), zones, errors)}
            <div class="field"><button class="btn plain">{t!(w, "account-save-display")}</button></div>
        </form>
    }
}

/// A language in its own name.
fn language(w: Words, code: &str) -> String {
    t!(w, "language-name", code = code)
}

/// Zones people live in, and UTC.
fn zones() -> impl Iterator<Item = &'static str> {
    const PLACES: [&str; 10] = ["Africa/", "America/", "Antarctica/", "Arctic/", "Asia/", "Atlantic/", "Australia/", "Europe/", "Indian/", "Pacific/"];
    let lived_in = chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name()).filter(|name| PLACES.iter().any(|place| name.starts_with(place)));
    std::iter::once("UTC").chain(lived_in)
}

fn members(dates: &Dates, people: &[Person], me: &str) -> impl IntoView + use<> {
    let w = dates.words;
    let rows: Vec<_> = people
        .iter()
        .map(|person| {
            let role = match person.role() {
                Role::Owner => t!(w, "account-role-owner"),
                Role::Billing => t!(w, "account-role-billing"),
                Role::Viewer => t!(w, "account-role-viewer"),
            };
            let name = if person.identity_id == me { t!(w, "account-you", name = &person.name) } else { person.name.clone() };
            view! { <tr><th scope="row">{name}<span class="sub">{person.email.clone()}</span></th><td>{role}</td><td class="far">{dates.day_year(from_ms(person.created_at))}</td></tr> }
        })
        .collect();
    view! {
        <section class="sec" aria-labelledby="members">
            <div class="head"><h2 id="members">{t!(w, "account-members")}</h2></div>
            <table class="people">
                <caption class="vh">{t!(w, "account-members")}</caption>
                <thead><tr><th scope="col">{t!(w, "account-person")}</th><th scope="col">{t!(w, "account-may")}</th><th scope="col" class="far">{t!(w, "account-since")}</th></tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </section>
    }
}

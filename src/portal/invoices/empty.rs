//! The list before there is a document: when the first comes, what it will be, and what will be found here.

use axum::http::StatusCode;
use axum::response::Response;
use billing::state::State;
use leptos::prelude::*;

use crate::app::App;
use crate::identity::Member;
use crate::portal::entry::shell;
use crate::services::subscriptions::{self, Upcoming};
use crate::services::{Desk, Refusal, customers, payments};
use crate::ui::shell::{Place, frame};
use crate::ui::{page, parts};
use crate::words::Words;
use crate::words::format::{Dates, currency_head};
use crate::{rich, t};

pub async fn page(app: &App, member: &Member, desk: &mut Desk) -> Result<Response, Refusal> {
    let w = Words::of(&member.locale);
    let customer = customers::load(desk, &member.customer_id).await?;
    let subscription = subscriptions::current(desk, &member.customer_id).await?;
    let now = desk.now.billing;
    let upcoming = match &subscription {
        Some(subscription) => subscriptions::upcoming(desk, &customer, subscription, now, None).await?,
        None => None,
    };
    // Days of the zone that bills: the invoice will be dated by it.
    let zone = subscription.as_ref().map_or_else(|| customer.zone(), |subscription| Ok(subscription.zone))?;
    let dates = Dates::new(w, zone);
    let is_trial = subscription.as_ref().is_some_and(|subscription| subscription.state == State::Trialing);
    let currency = subscription.as_ref().map_or(customer.currency.as_str(), |subscription| subscription.currency.code());
    let has_card = payments::charged_first(&payments::list(desk, &member.customer_id).await?, currency).is_some();
    let may_change = member.may_manage_billing().is_ok();
    let shell = shell(member, w, Place::Invoices);
    Ok(page::document(app, member, StatusCode::OK, &t!(w, "nav-invoices"), move || {
        let first = upcoming.as_ref().filter(|upcoming| upcoming.priced.is_some());
        let (sentence, lede) = match first {
            Some(first) => told(&dates, first, is_trial),
            None => (rich!(w, "invoices-empty"), Some(rich!(w, "invoices-empty-free"))),
        };
        let add_card = (may_change && !has_card).then(|| {
            let label = first.map_or_else(|| t!(w, "invoices-empty-add-method"), |first| t!(w, "invoices-empty-add-method-before", day = dates.day(first.at)));
            view! { <a class="btn" href="/payment-methods/add">{label}</a> }
        });
        let content = view! {
            {parts::as_of(t!(w, "nav-invoices"), dates.stamp(now))}
            {parts::answer(sentence, lede)}
            <div class="acts">{add_card}<a class="link" href="/plan">{t!(w, "invoices-empty-plans")}</a></div>
            {first.map(|first| ghost(&dates, first))}
            <dl class="parties sec">
                <div><dt>{t!(w, "invoices-empty-reasons")}</dt><dd>{t!(w, "invoices-empty-reasons-what")}</dd></div>
                <div><dt>{t!(w, "invoices-empty-pdf")}</dt><dd>{t!(w, "invoices-empty-pdf-what")}</dd></div>
                <div>
                    <dt>{t!(w, "invoices-empty-sent")}</dt><dd>{t!(w, "invoices-empty-sent-what")}</dd>
                    <dd><a class="link" href="/account#invoice_emails">{t!(w, "invoices-empty-add-recipient")}</a></dd>
                </div>
            </dl>
        };
        frame(shell, content)
    }))
}

/// When the first comes, and what it would be as things stand.
fn told(dates: &Dates, first: &Upcoming, is_trial: bool) -> (String, Option<String>) {
    let w = dates.words;
    let day = dates.day(first.at);
    let sentence = if is_trial { rich!(w, "invoices-empty-trial", day = day) } else { rich!(w, "invoices-empty-first", day = day) };
    let lede = first.priced.as_ref().map(|priced| {
        let document = &priced.document;
        let currency = document.currency.code();
        let total = w.money(document.total_minor, currency);
        if document.tax_total_minor == 0 {
            rich!(w, "invoices-empty-amount", amount = total)
        } else {
            rich!(w, "invoices-empty-amount-taxed", amount = total, tax = w.money(document.tax_total_minor, currency))
        }
    });
    (sentence, lede)
}

fn ghost(dates: &Dates, first: &Upcoming) -> impl IntoView + use<> {
    let w = dates.words;
    let priced = first.priced.as_ref();
    let currency = priced.map(|priced| priced.document.currency.code().to_owned()).unwrap_or_default();
    let names = priced.map(|priced| priced.document.lines.iter().map(|line| line.name.clone()).collect::<Vec<_>>().join(", ")).unwrap_or_default();
    let amount = priced.map(|priced| w.figure(priced.document.total_minor, &currency)).unwrap_or_default();
    view! {
        <section class="sec">
            <div class="head"><h2>{t!(w, "invoices-empty-find")}</h2></div>
            <table class="ghost">
                <caption class="vh">{t!(w, "invoices-empty-how")}</caption>
                <thead>
                    <tr>
                        <th scope="col">{t!(w, "invoices-date")}</th><th scope="col">{t!(w, "invoices-document")}</th><th scope="col" class="far">{t!(w, "invoices-state")}</th>
                        <th scope="col" class="num">{currency_head(&currency)}</th>
                    </tr>
                </thead>
                <tbody><tr><th scope="row">{dates.day_year(first.at)}</th><td>{names}</td><td class="far">{t!(w, "invoices-expected")}</td><td class="num">{amount}</td></tr></tbody>
            </table>
        </section>
    }
}

//! What happened to the customer's account, in words: the latest on the account's page, all of it on a page of its own.

use axum::http::StatusCode;
use axum::response::Response;
use leptos::prelude::*;
use serde_json::Value;

use crate::app::App;
use crate::identity::Member;
use crate::portal::entry::shell;
use crate::services::activity::{By, Entry};
use crate::ui::shell::{Place, frame};
use crate::ui::{page, parts};
use crate::words::Words;
use crate::words::format::Dates;
use crate::{rich, t};

pub fn page(app: &App, member: &Member, mut entries: Vec<Entry>, is_later_page: bool) -> Response {
    let w = Words::of(&member.locale);
    let dates = Dates::new(w, member.time_zone.parse().unwrap_or(chrono_tz::UTC));
    let shown = usize::try_from(super::PAGE).unwrap_or(usize::MAX);
    let next = entries.get(shown.saturating_sub(1)).filter(|_| entries.len() > shown).map(|last| format!("/account/activity?before={}", last.id));
    entries.truncate(shown);
    let shell = shell(member, w, Place::Account);
    let now = app.now(&member.vendor).billing;
    page::document(app, member, StatusCode::OK, &t!(w, "activity-title"), move || {
        let sentence = match entries.first() {
            _ if is_later_page => rich!(w, "activity-answer-earlier"),
            Some(last) => rich!(w, "activity-answer", day = dates.day_year(last.happened_at)),
            None => rich!(w, "activity-answer-none"),
        };
        let older = next.map(|href| view! { <a class="btn plain" href=href>{t!(w, "activity-older")}</a> });
        let latest = is_later_page.then(|| view! { <a class="link" href="/account/activity">{t!(w, "activity-latest")}</a> });
        let content = view! {
            {parts::as_of(view! { <a class="link" href="/account">{t!(w, "account-title")}</a> }, dates.stamp(now))}
            {parts::answer(sentence, None)}
            {table(&dates, &entries)}
            <p class="acts field">{older}{latest}</p>
        };
        frame(shell, content)
    })
}

/// The entries as a table; times are of the reader's zone, which the head names.
pub fn table(dates: &Dates, entries: &[Entry]) -> impl IntoView + use<> {
    let w = dates.words;
    let rows: Vec<_> = entries
        .iter()
        .map(|entry| view! { <tr><th scope="row">{told(w, entry)}<span class="sub">{by(w, &entry.by)}</span></th><td class="when">{dates.moment(entry.happened_at)}</td></tr> })
        .collect();
    view! {
        <table class="log">
            <caption class="vh">{t!(w, "activity-title")}</caption>
            <thead><tr><th scope="col">{t!(w, "activity-what")}</th><th scope="col" class="when">{t!(w, "activity-when", zone = dates.zone_name())}</th></tr></thead>
            <tbody>{rows}</tbody>
        </table>
    }
}

fn by(w: Words, by: &By) -> String {
    match by {
        By::Person(name) => t!(w, "activity-by", name = name),
        By::Staff => t!(w, "activity-by-staff"),
        By::Itself => t!(w, "activity-by-itself"),
    }
}

/// One event as a sentence. One whose kind has no words yet says at least that something was noted.
fn told(w: Words, entry: &Entry) -> String {
    let text = |key: &str| entry.data.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    // The first of these there is, in the currency beside it.
    let money = |minors: &[&str], currency: &str| {
        let minor = minors.iter().find_map(|key| entry.data.get(*key)).and_then(Value::as_i64);
        minor.map(|minor| w.money(minor, &text(currency))).unwrap_or_default()
    };
    let amount = || money(&["amount_minor", "total_minor", "due_minor"], "currency");
    let cost = || money(&["cost_minor"], "currency");
    match entry.kind.as_str() {
        "customer.created" => t!(w, "activity-customer-created"),
        "customer.updated" => t!(w, "activity-customer-updated"),
        "customer.suspended" => t!(w, "activity-customer-suspended"),
        "customer.resumed" => t!(w, "activity-customer-resumed"),
        "member.added" => t!(w, "activity-member-added"),
        "identity.invited" => t!(w, "activity-invited"),
        "invoice.issued" => t!(w, "activity-invoice-issued", number = text("number"), amount = amount()),
        "credit_note.issued" => t!(w, "activity-credit-note-issued", number = text("number"), amount = amount()),
        "invoice.paid" => t!(w, "activity-invoice-paid", number = text("number"), amount = amount()),
        "invoice.payment_failed" => t!(w, "activity-invoice-payment-failed", number = text("number")),
        "invoice.tax_withheld" => t!(w, "activity-tax-withheld", number = text("number"), amount = amount()),
        "invoice.withholding_taken_back" => {
            t!(w, "activity-withholding-taken-back", certificate = text("certificate_number"), number = text("number"), amount = amount())
        }
        "dispute.opened" => t!(w, "activity-dispute", amount = amount()),
        "dispute.won" => t!(w, "activity-dispute-won", amount = amount()),
        "dispute.lost" => t!(w, "activity-dispute-lost", amount = amount()),
        "transfer.received" => t!(w, "activity-transfer", amount = amount()),
        "transfer.taken_back" => t!(w, "activity-transfer-back", amount = amount()),
        "refund.created" if text("invoice").is_empty() => t!(w, "activity-refund-of-balance", amount = amount()),
        "refund.succeeded" if text("invoice").is_empty() => t!(w, "activity-refund-of-balance-succeeded", amount = amount()),
        "refund.refused" if text("invoice").is_empty() => t!(w, "activity-refund-of-balance-refused", amount = amount()),
        "refund.created" => t!(w, "activity-refund", number = text("invoice"), amount = amount()),
        "refund.succeeded" => t!(w, "activity-refund-succeeded", number = text("invoice"), amount = amount()),
        "refund.refused" => t!(w, "activity-refund-refused", number = text("invoice"), amount = amount()),
        "invoice.written_off" => t!(w, "activity-written-off", number = text("number"), amount = amount()),
        "invoice.write_off_taken_back" => t!(w, "activity-write-off-back", number = text("number"), amount = amount()),
        "invoice.held" => t!(w, "activity-invoice-held"),
        "charge.created" => t!(w, "activity-charge", amount = amount()),
        "balance.granted" => t!(w, "activity-balance-granted", amount = amount()),
        "purchase.done" if text("name").is_empty() => t!(w, "activity-topped-up", amount = amount()),
        "purchase.done" => t!(w, "activity-bought", name = text("name")),
        "purchase.undone" => t!(w, "activity-not-bought", name = text("name")),
        "purchase.paid_too_late" => t!(w, "activity-purchase-too-late", amount = amount()),
        "automatic_top_up.set" => t!(w, "activity-automatic-set", amount = amount()),
        "automatic_top_up.removed" => t!(w, "activity-automatic-removed"),
        "automatic_top_up.stopped" => t!(w, "activity-automatic-stopped", amount = amount()),
        "balance.expiring" => t!(w, "activity-balance-expiring", amount = amount()),
        "balance.expired" => t!(w, "activity-balance-expired", amount = amount()),
        "payment.announced" => t!(w, "activity-payment-announced", amount = amount()),
        "payment.succeeded" => t!(w, "activity-payment-succeeded", amount = amount()),
        "payment.declined" => t!(w, "activity-payment-declined", amount = amount()),
        "payment.needs_action" => t!(w, "activity-payment-needs-action", amount = amount()),
        "payment.charged_otherwise" => {
            t!(w, "activity-payment-charged-otherwise", amount = amount(), instead = money(&["instead_minor"], "instead_currency"))
        }
        "payment.cancelled" => t!(w, "activity-payment-cancelled", amount = amount()),
        "payment_method.added" => t!(w, "activity-method-added"),
        "payment_method.made_default" => t!(w, "activity-method-default"),
        "payment_method.made_backup" | "payment_method.moved_up" => t!(w, "activity-method-backup"),
        "payment_method.stopped_backup" => t!(w, "activity-method-kept"),
        "payment.disputed" => t!(w, "activity-payment-disputed", amount = amount()),
        "payment_method.renewed" => t!(w, "activity-method-renewed"),
        "payment_method.removed" => t!(w, "activity-method-removed"),
        "payment_setup.given_up" => t!(w, "activity-method-given-up"),
        "spend_alert.set" => t!(w, "activity-spend-alert-set", amount = amount()),
        "spend_alert.removed" => t!(w, "activity-spend-alert-removed", amount = amount()),
        "spend_alert.reached" => t!(w, "activity-spend-alert-reached", amount = amount(), cost = cost()),
        "spend_cap.set" => t!(w, "activity-spend-cap-set", amount = amount()),
        "spend_cap.removed" => t!(w, "activity-spend-cap-removed", amount = amount()),
        "spend_cap.reached" => t!(w, "activity-spend-cap-reached", amount = amount()),
        "spend_cap.released" => match text("reason").as_str() {
            "raised" => t!(w, "activity-spend-cap-raised", amount = amount()),
            "removed" => t!(w, "activity-spend-cap-lifted"),
            "period" => t!(w, "activity-spend-cap-period"),
            _ => t!(w, "activity-spend-cap-released"),
        },
        "subscription.created" => t!(w, "activity-subscription-created", plan = text("name")),
        "subscription.started" => t!(w, "activity-subscription-started", plan = text("name")),
        "subscription.changed" if !text("promotion_code").is_empty() => t!(w, "activity-promotion", code = text("promotion_code")),
        "subscription.changed" => t!(w, "activity-subscription-changed"),
        "subscription.change_planned" => t!(w, "activity-change-planned"),
        "subscription.change_undone" => t!(w, "activity-change-undone"),
        "subscription.cancellation_planned" => t!(w, "activity-cancellation-planned"),
        "subscription.cancellation_undone" => t!(w, "activity-cancellation-undone"),
        "subscription.ended" => t!(w, "activity-subscription-ended"),
        "subscription.reactivated" => t!(w, "activity-subscription-reactivated"),
        "subscription.past_due" => t!(w, "activity-past-due"),
        "subscription.recovered" => t!(w, "activity-recovered"),
        "embed_session.opened" => t!(w, "activity-embed-opened", origin = text("origin")),
        "portal_session.opened" => t!(w, "activity-portal-session-opened"),
        "subscription.pause_planned" => t!(w, "activity-pause-planned"),
        "subscription.pause_undone" => t!(w, "activity-pause-undone"),
        "subscription.paused" => t!(w, "activity-paused"),
        "subscription.resumed" => t!(w, "activity-resumed"),
        "subscription.trial_ending" => t!(w, "activity-trial-ending"),
        "quote.paid_too_late" => t!(w, "activity-quote-too-late", amount = amount()),
        "usage.reversed" => t!(w, "activity-usage-reversed"),
        "identity.signed_in" => t!(w, "activity-signed-in"),
        "identity.password_set" => t!(w, "activity-password-set"),
        "identity.password_changed" => t!(w, "activity-password-changed"),
        "identity.totp_enrolled" => t!(w, "activity-totp-enrolled"),
        "identity.totp_replaced" => t!(w, "activity-totp-replaced"),
        "identity.recovery_code_used" => t!(w, "activity-recovery-code-used"),
        "identity.recovery_codes_renewed" => t!(w, "activity-recovery-codes-renewed"),
        "identity.session_ended" => t!(w, "activity-session-ended"),
        "identity.sessions_ended" => t!(w, "activity-sessions-ended"),
        "identity.preferences_chosen" => t!(w, "activity-preferences-chosen"),
        _ => t!(w, "activity-other"),
    }
}

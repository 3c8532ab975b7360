//! Payment methods and payments as pages show them: marks, expiry, what needs attention. Their names are `services/payments/names.rs`'s.

use leptos::either::{Either, EitherOf4};
use leptos::prelude::*;

use crate::services::payments::{Attention, Brand, Method, declined_because, method_name};
use crate::ui::parts;
use crate::words::format::Dates;
use crate::{rich, t};

/// `August 2028`
pub fn expiry_month(dates: &Dates, method: &Method) -> String {
    let last_day = method.last_day();
    t!(dates.words, "method-expiry", month = dates.month(last_day), year = method.exp_year.to_string())
}

/// A card's outline with the mark of its brand: ours, not the brand's.
pub fn card_mark(brand: Brand) -> impl IntoView {
    let mark = match brand {
        Brand::Visa => EitherOf4::A(view! { <path d="M1 6.5h38" stroke="currentColor" stroke-width="3" /><path d="M6 17h10M6 13h5" stroke="currentColor" /> }),
        Brand::Mastercard => EitherOf4::B(
            view! { <path d="M1 6.5h38" stroke="currentColor" stroke-width="1" /><circle cx="25" cy="15" r="4" fill="none" stroke="currentColor" /><circle cx="30" cy="15" r="4" fill="none" stroke="currentColor" /> },
        ),
        Brand::Amex => EitherOf4::C(
            view! { <path d="M1 6.5h38" stroke="currentColor" stroke-width="1" /><rect x="6" y="10" width="8" height="6" rx="1" fill="none" stroke="currentColor" /><path d="M6 19h24" stroke="currentColor" /> },
        ),
        Brand::Other => EitherOf4::D(view! { <path d="M1 6.5h38" stroke="currentColor" stroke-width="1" /> }),
    };
    view! {
        <svg width="40" height="26" viewBox="0 0 40 26" aria-hidden="true"><rect x=".5" y=".5" width="39" height="25" rx="3" fill="none" stroke="currentColor" />{mark}</svg>
    }
}

/// One thing to see to as a note: what happened, what it means, what follows, and the link that repairs it; beside it `other`, another way.
pub fn attention_note(dates: Dates, attention: &Attention, other: Option<AnyView>) -> impl IntoView + use<> {
    let w = dates.words;
    let prospect = match attention {
        Attention::Declined { prospect, .. } => prospect.as_ref(),
        Attention::Unpaid { prospect, .. } => Some(prospect),
        _ => None,
    };
    let follows = prospect.map(|prospect| prospect.told(&dates).join(" ")).filter(|told| !told.is_empty());
    let (html, href, repair) = match attention {
        Attention::Unpaid { invoice_number, due_minor, currency, .. } => (
            rich!(w, "attention-unpaid", amount = w.money(*due_minor, currency), invoice = invoice_number),
            format!("/invoices/{invoice_number}/pay"),
            t!(w, "attention-pay", amount = w.money(*due_minor, currency)),
        ),
        Attention::Declined { payment, invoice_number, due_minor, method, reason, .. } => (
            rich!(
                w,
                "attention-declined",
                method = method_name(w, method),
                amount = w.money(payment.amount_minor, &payment.currency),
                invoice = invoice_number,
                reason = declined_because(w, *reason)
            ),
            format!("/invoices/{invoice_number}/pay"),
            t!(w, "attention-pay", amount = w.money(*due_minor, &payment.currency)),
        ),
        Attention::Confirm { payment, method, .. } => (
            rich!(w, "attention-confirm", method = method_name(w, method), amount = w.money(payment.amount_minor, &payment.currency)),
            crate::services::payments::page_path(&payment.id),
            t!(w, "attention-confirm-repair"),
        ),
        Attention::Expired { method, last_day } => (
            rich!(w, "attention-expired", method = method_name(w, method), day = dates.day_year_of(*last_day)),
            replace_path(method),
            t!(w, "attention-replace"),
        ),
        Attention::ExpiresSoon { method, last_day, has_stand_in, .. } => {
            let (name, day, after) = (method_name(w, method), dates.day_of(*last_day), last_day.succ_opt().map(|next| dates.day_of(next)).unwrap_or_default());
            let html = match (method.is_default(), has_stand_in) {
                (true, true) => rich!(w, "attention-expires-default-backed", method = name, day = day, after = after),
                (true, false) => rich!(w, "attention-expires-default", method = name, day = day, after = after),
                (false, true) => rich!(w, "attention-expires-backup-backed", method = name, day = day, after = after),
                (false, false) => rich!(w, "attention-expires-backup", method = name, day = day, after = after),
            };
            (html, replace_path(method), t!(w, "attention-replace"))
        }
    };
    match (follows, other) {
        (None, None) => Either::Left(parts::note(view! { <span inner_html=html></span>" "<a href=href>{repair}</a> })),
        (follows, other) => Either::Right(view! {
            <div class="note">
                {parts::warning_mark()}
                <div class="grow">
                    <p inner_html=html></p>
                    {follows.map(|follows| view! { <p class="follows">{follows}</p> })}
                    <div class="acts"><a class="btn" href=href>{repair}</a>{other}</div>
                </div>
            </div>
        }),
    }
}

/// The page that replaces a card by another.
pub fn replace_path(method: &Method) -> String {
    format!("/payment-methods/add?replaces={}", method.id)
}

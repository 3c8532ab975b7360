//! Payment methods and payments as pages show them: marks, expiry, what needs attention. Their names are `services/payments/names.rs`'s.

use leptos::either::{Either, EitherOf3, EitherOf4};
use leptos::prelude::*;

use crate::services::payments::{Attention, Brand, Card, Means, Method, Repair, declined_because, method_name};
use crate::ui::parts;
use crate::words::format::Dates;
use crate::{rich, t};

/// `August 2028`
pub fn expiry_month(dates: &Dates, card: &Card) -> String {
    t!(dates.words, "method-expiry", month = dates.month(card.last_day()), year = card.exp_year.to_string())
}

/// What a method is, as a mark: a card's outline, or a bank's front.
pub fn method_mark(means: &Means) -> impl IntoView + use<> {
    match means {
        Means::Card(card) => Either::Left(card_mark(card.brand)),
        Means::SepaDebit(_) => Either::Right(view! {
            <svg width="40" height="26" viewBox="0 0 40 26" aria-hidden="true" fill="none" stroke="currentColor">
                <path d="M8.5 9.5 20 3l11.5 6.5zM7 23.5h26M9 20.5h22" />
                <path d="M12 10v10M17.3 10v10M22.7 10v10M28 10v10" stroke-width="2" />
            </svg>
        }),
    }
}

/// A card's outline with the mark of its brand: ours, not the brand's.
fn card_mark(brand: Brand) -> impl IntoView {
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

/// What pays what is unpaid; `None`: it is about something else.
pub fn repair_of(attention: &Attention) -> Option<Repair> {
    match attention {
        Attention::Declined { repair, .. } | Attention::Unpaid { repair, .. } => Some(*repair),
        Attention::Confirm { .. } | Attention::Expired { .. } | Attention::ExpiresSoon { .. } => None,
    }
}

/// One thing to see to as a note: what happened, what it means, what follows, and the link that repairs it; beside it `card`, the way to a new
/// card, which comes first where nothing else is sure to work.
pub fn attention_note(dates: Dates, attention: &Attention, card: Option<AnyView>) -> impl IntoView + use<> {
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
    // Without a form that leads to a card, its page does.
    let (href, repair) = match (repair_of(attention), &card) {
        (Some(Repair::OtherCard | Repair::NewCard), None) => (NEW_CARD.to_owned(), t!(w, "attention-other-method")),
        _ => (href, repair),
    };
    let acts = |card: Option<AnyView>| match (repair_of(attention), card) {
        (Some(Repair::NewCard), Some(card)) => EitherOf3::A(card),
        (Some(Repair::OtherCard), Some(card)) => EitherOf3::B(view! { {card}<a class="btn plain" href=href.clone()>{repair.clone()}</a> }),
        (_, card) => EitherOf3::C(view! { <a class="btn" href=href.clone()>{repair.clone()}</a>{card} }),
    };
    match (follows, card) {
        (None, None) => Either::Left(parts::note(view! { <span inner_html=html></span>" "<a href=href>{repair}</a> })),
        (follows, card) => Either::Right(view! {
            <div class="note">
                {parts::warning_mark()}
                <div class="grow">
                    <p inner_html=html></p>
                    {follows.map(|follows| view! { <p class="follows">{follows}</p> })}
                    <div class="acts">{acts(card)}</div>
                </div>
            </div>
        }),
    }
}

/// The page that adds a card.
pub const NEW_CARD: &str = "/payment-methods/add";

/// The page that replaces a card by another.
pub fn replace_path(method: &Method) -> String {
    format!("{NEW_CARD}?replaces={}", method.id)
}

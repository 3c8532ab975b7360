//! Choosing what something is paid with, among the methods on file: the same fieldset wherever something is paid.

use chrono::NaiveDate;
use leptos::prelude::*;

use crate::services::payments::{Expiry, Means, Method, method_name};
use crate::t;
use crate::words::Words;

/// The methods that can be charged in a currency, one to choose: the one named, else the first that was not refused for good. `None`:
/// there is none.
pub(super) fn method_choice(w: Words, methods: &[Method], currency: &str, today: NaiveDate, chosen: &str) -> Option<impl IntoView + use<>> {
    let is_good = |method: &&Method| method.can_pay(currency) && !matches!(method.expiry(today), Expiry::Expired { .. });
    let can_pay: Vec<&Method> = methods.iter().filter(is_good).collect();
    if can_pay.is_empty() {
        return None;
    }
    let first = || can_pay.iter().position(|method| method.refused.is_none());
    let chosen = can_pay.iter().position(|method| method.id == chosen).or_else(first).unwrap_or(0);
    let choices: Vec<_> = can_pay
        .iter()
        .enumerate()
        .map(|(place, method)| {
            let id = format!("method-{place}");
            view! {
                <label class="opt">
                    <input type="radio" name="method" id=id value=method.id.clone() checked={place == chosen} />
                    <span>{method_name(w, method)}{takes_days(w, method)}</span>
                </label>
            }
        })
        .collect();
    Some(view! { <fieldset><legend>{t!(w, "pay-from")}</legend>{choices}{cannot_pay(w, methods, currency)}</fieldset> })
}

/// What is said before an account is debited.
fn takes_days(w: Words, method: &Method) -> Option<impl IntoView + use<>> {
    let Means::SepaDebit(debit) = &method.means else { return None };
    Some(view! { <span class="sub">{t!(w, "pay-debit", mandate = &debit.mandate)}</span> })
}

/// The way to a method, for who has none that can be charged in a currency.
pub(super) fn no_method(w: Words, methods: &[Method], currency: &str) -> impl IntoView + use<> {
    view! {
        <p class="field">{t!(w, "pay-no-method")}</p>
        {cannot_pay(w, methods, currency)}
        <div class="acts field"><a class="btn" href="/payment-methods/add">{t!(w, "methods-add")}</a></div>
    }
}

/// Why what is on file is not there to choose.
fn cannot_pay(w: Words, methods: &[Method], currency: &str) -> Vec<AnyView> {
    let others = methods.iter().filter(|method| !method.can_pay(currency));
    others.map(|method| view! { <p class="sub">{t!(w, "pay-euros-only", method = method_name(w, method))}</p> }.into_any()).collect()
}

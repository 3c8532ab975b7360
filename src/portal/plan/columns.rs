//! Plans side by side, in ruled columns: what each costs and what is in it, told from its prices.

use billing::calendar::{Interval, Unit};
use billing::price::{Model, Price};
use billing::subscription::PlanTerms;
use leptos::prelude::*;
use rust_decimal::Decimal;

use crate::services::catalog::Offer;
use crate::t;
use crate::words::Words;

use super::Seen;

/// The plans one may read and, where one may change, go on to.
pub(super) fn compare(seen: &Seen, can_choose: bool) -> impl IntoView + use<> {
    let w = seen.w;
    let now = seen.subscription.as_ref().map(|s| (s.terms.plan.key.clone(), s.interval()));
    let interval = now.as_ref().map_or(Interval { unit: Unit::Month, count: 1 }, |(_, interval)| *interval);
    let columns: Vec<_> = at_interval(&seen.offers, interval)
        .into_iter()
        .map(|offer| {
            let is_now = now.as_ref().is_some_and(|(key, _)| *key == offer.plan.key);
            let currency = seen.currency(&offer.terms);
            let href = format!("/plan/change?plan={}", offer.plan.key);
            view! {
                <div class="plan" class:current=is_now>
                    <span class="nm">{offer.plan.name.clone()}{is_now.then(|| view! { <span class="sub">{t!(w, "plan-yours")}</span> })}</span>
                    <span class="pr">{headline(w, &offer.terms, &currency)}</span>
                    <dl>{inside(w, offer, &currency)}</dl>
                    <span class="go">{(can_choose && !is_now).then(|| view! { <a class="link" href=href>{t!(w, "plan-choose", plan = &offer.plan.name)}</a> })}</span>
                </div>
            }
        })
        .collect();
    view! { <div class="plans" data-rows=rows(&seen.offers)>{columns}</div> }
}

/// The plans as radio buttons of the form `choose`.
pub(super) fn choices(seen: &Seen, chosen: &str, interval: Interval) -> impl IntoView + use<> {
    let w = seen.w;
    let now = seen.subscription.as_ref().map(|s| s.terms.plan.key.clone());
    at_interval(&seen.offers, interval)
        .into_iter()
        .map(|offer| {
            let currency = seen.currency(&offer.terms);
            let is_now = now.as_ref() == Some(&offer.plan.key);
            view! {
                <label class="plan">
                    <span class="nm">
                        <input type="radio" name="plan" form="choose" value=offer.plan.key.clone() checked=offer.plan.key == chosen />
                        {offer.plan.name.clone()}
                        {is_now.then(|| view! { <span class="sub">{t!(w, "plan-yours")}</span> })}
                    </span>
                    <span class="pr">{headline(w, &offer.terms, &currency)}</span>
                    <dl>{inside(w, offer, &currency)}</dl>
                </label>
            }
        })
        .collect_view()
}

/// Each plan once: at the interval asked for, else at the one it is sold at.
fn at_interval(offers: &[Offer], interval: Interval) -> Vec<&Offer> {
    let mut chosen: Vec<&Offer> = Vec::new();
    for offer in offers {
        match chosen.iter().position(|other| other.plan.id == offer.plan.id) {
            None => chosen.push(offer),
            Some(at) if offer.terms.interval.repeats_like(interval) => chosen[at] = offer,
            Some(_) => {}
        }
    }
    chosen
}

/// `€29.00 a month`: the sum of its flat fees.
pub fn headline(w: Words, terms: &PlanTerms, currency: &str) -> String {
    let flat: Option<i64> = terms.prices.iter().filter(|price| !price.is_metered()).try_fold(0_i64, |sum, price| match price.model {
        Model::Flat { amount_minor } => sum.checked_add(amount_minor),
        _ => Some(sum),
    });
    let amount = w.money(flat.unwrap_or(i64::MAX), currency);
    if terms.prices.is_empty() || flat == Some(0) { amount } else { t!(w, "plan-fee", amount = amount, interval = a_interval(w, terms.interval)) }
}

/// "a month", "a year", "3 months".
pub fn a_interval(w: Words, interval: Interval) -> String {
    let count = i64::from(interval.count);
    match interval.unit {
        Unit::Day => t!(w, "interval-day", count = count),
        Unit::Week => t!(w, "interval-week", count = count),
        Unit::Month => t!(w, "interval-month", count = count),
        Unit::Year => t!(w, "interval-year", count = count),
    }
}

/// How many lines the longest column has: what is told stands side by side in rows.
pub fn rows(offers: &[Offer]) -> String {
    offers.iter().map(|offer| told_of(&offer.terms).count()).max().unwrap_or_default().to_string()
}

/// The prices that are told beside the fee: seats, and what is metered.
fn told_of(terms: &PlanTerms) -> impl Iterator<Item = &Price> {
    terms.prices.iter().filter(|price| price.is_metered() || !matches!(price.model, Model::Flat { .. }))
}

fn inside(w: Words, offer: &Offer, currency: &str) -> impl IntoView + use<> {
    told_of(&offer.terms)
        .map(|price| {
            let label =
                if price.is_metered() { t!(w, "plan-metered", name = &price.name, interval = a_interval(w, offer.terms.interval)) } else { price.name.clone() };
            let max = offer.plan.max_quantity.filter(|_| !price.is_metered());
            view! { <div><dt>{label}</dt><dd>{told(w, price, currency, max)}</dd></div> }
        })
        .collect_view()
}

/// `3 included, then €9.00 each`, `1,000 included, then 0.8 ct; above 10,000: 0.5 ct`.
pub(super) fn told(w: Words, price: &Price, currency: &str, max: Option<i64>) -> String {
    let mut parts = Vec::new();
    if price.included > Decimal::ZERO {
        parts.push(t!(w, "plan-included", n = w.number(price.included)));
    }
    let has_more = max.is_none_or(|max| Decimal::from(max) > price.included);
    let then = |each: String| if price.included > Decimal::ZERO { t!(w, "plan-then", each = each) } else { t!(w, "plan-each", each = each) };
    match &price.model {
        _ if !has_more => parts.push(t!(w, "plan-no-more")),
        Model::Flat { amount_minor } => parts.push(w.money(*amount_minor, currency)),
        // Nothing is charged beyond what is included: there is no price to tell.
        Model::PerUnit { unit_amount } if unit_amount.is_zero() && price.included > Decimal::ZERO => {}
        Model::PerUnit { unit_amount } => parts.push(then(w.unit_price(*unit_amount, currency))),
        Model::Package { size, amount } => parts.push(t!(w, "plan-package", amount = w.unit_price(*amount, currency), size = w.number(*size))),
        Model::Graduated { tiers } | Model::Volume { tiers } => {
            let mut from = price.included;
            for (n, tier) in tiers.iter().enumerate() {
                let each = w.unit_price(tier.unit_amount, currency);
                match n {
                    0 if tier.unit_amount.is_zero() && tier.up_to.is_some() => parts.push(t!(w, "plan-included", n = w.number(tier.up_to.unwrap_or_default()))),
                    // The only tier costs nothing: there is no price to tell.
                    0 if tier.unit_amount.is_zero() && price.included > Decimal::ZERO => {}
                    0 => parts.push(then(each)),
                    _ => parts.push(t!(w, "plan-above", from = w.number(from), each = each)),
                }
                from = tier.up_to.unwrap_or_default() + price.included;
            }
        }
    }
    if let Some(max) = max.filter(|_| has_more) {
        parts.push(t!(w, "plan-at-most", n = w.number(Decimal::from(max))));
    }
    parts.join(", ")
}

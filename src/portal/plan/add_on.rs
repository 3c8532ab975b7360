//! `/plan/add-on`: one add-on, taken, changed in number or given up; now, or with the next period. And the list of them on `/plan`.

use axum::extract::{Form, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use billing::price::Model;
use billing::state::State as Standing;
use billing::subscription::AddOnTerms;
use leptos::prelude::*;
use rust_decimal::Decimal;

use crate::app::App;
use crate::identity::Member;
use crate::services::quotes::Preview;
use crate::services::subscriptions::{Action, ChangeRequest, Subscription, When};
use crate::services::{Desk, FieldError, Refusal, catalog};
use crate::ui::parts;
use crate::words::Words;
use crate::{rich, sentence, t};

use super::super::entry::see_other;
use super::ask::{self, Again, Ask, Confirming};
use super::{Seen, columns, when};

const MOST: i64 = 1_000_000;

/// What is typed and pressed; empty: as it is now.
#[derive(Clone, Default, serde::Deserialize)]
#[serde(default)]
pub struct Choice {
    /// Its key.
    add_on: String,
    /// 0: given up.
    quantity: String,
    /// "now", "period_end".
    when: String,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
pub struct ConfirmForm {
    quote: String,
    code: String,
    add_on: String,
    quantity: String,
    when: String,
}

/// A choice understood.
struct Chosen {
    terms: AddOnTerms,
    /// How many there are now.
    has: i64,
    wants: i64,
    when: When,
}

pub async fn choose(State(app): State<App>, member: Member, Query(choice): Query<Choice>) -> Result<Response, Refusal> {
    member.may_manage_billing()?;
    add_on_page(&app, &member, StatusCode::OK, &choice, Again::default()).await
}

pub async fn confirm(State(app): State<App>, member: Member, Form(form): Form<ConfirmForm>) -> Result<Response, Refusal> {
    member.may_manage_billing()?;
    let choice = Choice { add_on: form.add_on, quantity: form.quantity, when: form.when };
    let did = if choice.when == "period_end" { "planned" } else { "changed" };
    match ask::confirm(&app, &member, form.quote, &form.code, did).await? {
        Confirming::Went(response) => Ok(response),
        Confirming::Again(again) => add_on_page(&app, &member, StatusCode::UNPROCESSABLE_ENTITY, &choice, again).await,
    }
}

/// Those on the subscription and those that may be added to it.
async fn known(desk: &mut Desk, s: &Subscription) -> Result<Vec<(AddOnTerms, i64)>, Refusal> {
    let of = |add_on: &AddOnTerms| (add_on.clone(), i64::try_from(add_on.quantity.trunc()).unwrap_or(i64::MAX));
    let mut known: Vec<(AddOnTerms, i64)> = s.terms.add_ons.iter().map(of).collect();
    for terms in catalog::add_ons_for(desk, s.interval(), s.currency).await? {
        if !known.iter().any(|(other, _)| other.key == terms.key) {
            known.push((terms, 0));
        }
    }
    Ok(known)
}

async fn add_on_page(app: &App, member: &Member, status: StatusCode, choice: &Choice, mut again: Again) -> Result<Response, Refusal> {
    let mut desk = member.reads(app).await?;
    let seen = Seen::load(&mut desk, member).await?;
    let Some(s) = seen.subscription.clone() else { return Ok(see_other("/plan")) };
    let Some((terms, has)) = known(&mut desk, &s).await?.into_iter().find(|(terms, _)| terms.key == choice.add_on) else { return Ok(see_other("/plan")) };
    let typed = choice.quantity.replace([' ', '\u{a0}', '\u{202f}', ','], "");
    let most = if is_counted(&terms) { MOST } else { 1 };
    let wants = match typed.as_str() {
        "" => has.max(1),
        digits => match digits.parse::<i64>() {
            Ok(n) if (0..=most).contains(&n) => n,
            _ => {
                again.errors.push(FieldError { field: "quantity", sentence: sentence!("add-on-bad-quantity", most = seen.w.number(most.into())) });
                has.max(1)
            }
        },
    };
    let status = if again.errors.is_empty() { status } else { StatusCode::UNPROCESSABLE_ENTITY };
    let chosen = Chosen { terms, has, wants, when: when::of(&choice.when) };
    let can_price = !again.errors.iter().any(|error| error.field == "quantity") && chosen.wants != chosen.has;
    let w = seen.w;
    let asks = Ask {
        path: "/plan/add-on",
        title: t!(w, "add-on-title", name = &chosen.terms.name),
        title_of_error: t!(w, "add-on-title-error", name = &chosen.terms.name),
        action: can_price.then(|| Action::Change(chosen.request(&s))),
        hidden: vec![("add_on", chosen.terms.key.clone()), ("quantity", chosen.wants.to_string()), ("when", when::name(chosen.when).to_owned())],
        heading: &|preview| heading(&seen, &chosen, preview),
        lede: Some(priced(w, &chosen.terms, s.currency.code())),
        above: None,
        left: &|errors| left(&seen, &chosen, choice, errors, &s).into_any(),
        button: &|preview| button(&seen, &chosen, preview),
        remark: &|_| None,
    };
    ask::page(app, member, desk, status, &seen, asks, again).await
}

impl Chosen {
    /// The whole list, with this one as it is wished.
    fn request(&self, s: &Subscription) -> ChangeRequest {
        let mut list: Vec<(String, Decimal)> = s.terms.add_ons.iter().map(|add_on| (add_on.key.clone(), add_on.quantity)).collect();
        match list.iter_mut().find(|(key, _)| *key == self.terms.key) {
            Some((_, quantity)) => *quantity = Decimal::from(self.wants),
            None => list.push((self.terms.key.clone(), Decimal::from(self.wants))),
        }
        list.retain(|(key, quantity)| *key != self.terms.key || !quantity.is_zero());
        ChangeRequest { add_ons: Some(list), when: self.when, ..ChangeRequest::default() }
    }

    /// "Priority support", "3 × Build machine"
    fn named(&self, w: Words) -> String {
        named(w, &self.terms.name, self.wants)
    }
}

fn named(w: Words, name: &str, quantity: i64) -> String {
    if quantity > 1 { t!(w, "add-on-several", n = w.number(quantity.into()), name = name) } else { name.to_owned() }
}

/// Whether more than one of it makes a difference: a flat fee is due once, and usage counts by itself.
fn is_counted(terms: &AddOnTerms) -> bool {
    terms.prices.iter().any(|price| !price.is_metered() && !matches!(price.model, Model::Flat { .. }))
}

/// `€49.00 a month`, `€5.00 each, a month`.
fn priced(w: Words, terms: &AddOnTerms, currency: &str) -> String {
    let prices: Vec<String> = terms
        .prices
        .iter()
        .map(|price| match &price.model {
            Model::Flat { amount_minor } => w.money(*amount_minor, currency),
            Model::PerUnit { unit_amount } => t!(w, "plan-each", each = w.unit_price(*unit_amount, currency)),
            _ => columns::told(w, price, currency, None),
        })
        .collect();
    t!(w, "plan-fee", amount = prices.join(", "), interval = columns::a_interval(w, terms.interval))
}

/// `Priority support: pay €24.50 today, then about €96.00 on 1 December.`
fn heading(seen: &Seen, chosen: &Chosen, preview: Option<&Preview>) -> String {
    let w = seen.w;
    let name = if chosen.wants == 0 { t!(w, "add-on-without", name = &chosen.terms.name) } else { chosen.named(w) };
    let Some(preview) = preview else {
        return if chosen.wants == chosen.has {
            rich!(w, "add-on-have", name = named(w, &chosen.terms.name, chosen.has))
        } else {
            rich!(w, "add-on-not-priced", name = name)
        };
    };
    let money = |minor| w.money(minor, preview.before.currency.code());
    let total = preview.priced.as_ref().map_or(0, |priced| priced.document.total_minor);
    let next = preview.next_invoice.as_ref().and_then(|next| Some((seen.dates.day(next.at), money(next.priced.as_ref()?.due_minor))));
    match (&preview.after.scheduled, next) {
        (Some(scheduled), _) => rich!(w, "add-on-later", name = name, day = seen.dates.day(scheduled.at)),
        (None, _) if total < 0 => rich!(w, "add-on-credit", name = name, amount = money(total.saturating_neg())),
        (None, Some((day, amount))) => rich!(w, "goes-on-then", plan = name, due = money(preview.due_minor), day = day, amount = amount),
        (None, None) => rich!(w, "goes-on", plan = name, due = money(preview.due_minor)),
    }
}

fn button(seen: &Seen, chosen: &Chosen, preview: &Preview) -> String {
    let w = seen.w;
    let due = w.money(preview.due_minor, preview.before.currency.code());
    let name = chosen.named(w);
    match (&preview.after.scheduled, chosen.wants) {
        (Some(scheduled), 0) => t!(w, "add-on-button-without-later", name = &chosen.terms.name, day = seen.dates.day(scheduled.at)),
        (Some(scheduled), _) => t!(w, "add-on-button-later", name = name, day = seen.dates.day(scheduled.at)),
        (None, 0) => t!(w, "add-on-button-without", name = &chosen.terms.name),
        (None, _) if preview.due_minor > 0 && chosen.has == 0 => t!(w, "add-on-button", name = name, due = due),
        (None, _) if chosen.has == 0 => t!(w, "add-on-button-free", name = name),
        (None, _) if preview.due_minor > 0 => t!(w, "change-button-same", due = due),
        (None, _) => t!(w, "change-button-same-free"),
    }
}

/// How many, and when.
fn left(seen: &Seen, chosen: &Chosen, choice: &Choice, errors: &[FieldError], s: &Subscription) -> impl IntoView + use<> {
    let w = seen.w;
    let error = errors.iter().find(|error| error.field == "quantity").map(|error| w.tell(&error.sentence));
    let shown = if error.is_some() { choice.quantity.clone() } else { chosen.wants.to_string() };
    let described = error.is_some().then_some("quantity-error");
    let give_up = format!("/plan/add-on?add_on={}&quantity=0", chosen.terms.key);
    let can_give_up = chosen.has > 0 && chosen.wants != 0;
    let field = if is_counted(&chosen.terms) || error.is_some() {
        view! {
            <div class="field">
                <label for="quantity">{t!(w, "add-on-quantity")}</label>
                {error.clone().map(|message| view! { <span class="err" id="quantity-error">{message}</span> })}
                <input
                    id="quantity" name="quantity" form="choose" inputmode="numeric" autocomplete="off" value=shown aria-describedby=described
                    aria-invalid=error.map(|_| "true")
                />
            </div>
        }
        .into_any()
    } else {
        view! { <input type="hidden" name="quantity" form="choose" value=shown /> }.into_any()
    };
    view! {
        <input type="hidden" name="add_on" form="choose" value=chosen.terms.key.clone() />
        {field}
        {when::field(seen, s, chosen.when, t!(w, "change-on-hint"))}
        <div class="field acts">
            <button class="btn plain" form="choose">{t!(w, "change-again")}</button>
            {can_give_up.then(|| view! { <a class="link" href=give_up>{t!(w, "add-on-give-up", name = &chosen.terms.name)}</a> })}
        </div>
    }
}

/// The add-ons of the plan and those it may have, each with its price and the way to change it. Nothing where there are none.
pub(super) async fn on_the_plan(desk: &mut Desk, seen: &Seen, can_change: bool) -> Result<Option<AnyView>, Refusal> {
    let Some(s) = seen.subscription.as_ref().filter(|s| s.state != Standing::Cancelled) else { return Ok(None) };
    let w = seen.w;
    let known = known(desk, s).await?;
    let rows: Vec<_> = known
        .into_iter()
        .filter(|(_, has)| can_change || *has > 0)
        .map(|(terms, has)| {
            let href = format!("/plan/add-on?add_on={}", terms.key);
            let link = match (can_change, has) {
                (false, _) => None,
                (true, 0) => Some(t!(w, "add-on-add")),
                (true, _) => Some(t!(w, "add-on-change")),
            };
            let name = terms.name.clone();
            let state = (has > 0).then(|| view! { <span class="sub">{parts::state_good(t!(w, "add-on-yours"))}</span> });
            let remark = priced(w, &terms, s.currency.code());
            view! {
                <tr>
                    <th scope="row">{named(w, &terms.name, has)}<span class="sub">{remark}</span>{state}</th>
                    <td class="num">{link.map(|label| view! { <a class="link" href=href>{label}<span class="vh">" "{name}</span></a> })}</td>
                </tr>
            }
        })
        .collect();
    Ok((!rows.is_empty()).then(|| {
        view! {
            <section class="sec" aria-labelledby="h-add-ons">
                <div class="head"><h2 id="h-add-ons">{t!(w, "add-on-list")}</h2></div>
                <table>
                    <thead class="vh"><tr><th scope="col">{t!(w, "add-on-head")}</th><th scope="col">{t!(w, "add-on-act")}</th></tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </section>
        }
        .into_any()
    }))
}

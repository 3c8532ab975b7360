//! `/usage/alerts`: the amounts at which a customer wants to be told what usage costs, and the cap at which they want to be held.

use axum::extract::{Form, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use billing::calendar::{Instant, Period};
use leptos::prelude::*;

use crate::app::App;
use crate::identity::Member;
use crate::portal::entry::{see_other, shell};
use crate::portal::routes::{Route, names};
use crate::portal::written_for::WrittenFor;
use crate::services::settings::{self, Settings};
use crate::services::spend::{self, Alert, Cap, Spend};
use crate::services::subscriptions::{self, Subscription};
use crate::services::{Desk, FieldError, Refusal};
use crate::ui::shell::{Place, frame};
use crate::ui::{page, parts};
use crate::words::format::Dates;
use crate::words::{Mistyped, Words};
use crate::{rich, sentence, t};

pub(super) fn routes() -> Vec<Route> {
    vec![Route::member("/usage/alerts", get(show).post(change)).query(names::<Done>()).form(names::<Change>())]
}

/// What was just done, told once.
#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Done {
    did: String,
}

#[derive(Clone, Default, serde::Deserialize)]
#[serde(default)]
struct Change {
    /// "add", "remove", "cap", "uncap".
    what: String,
    /// As typed; to be removed: as shown.
    alert: String,
    cap: String,
}

/// A member's own view of their limits.
struct Seen {
    subscription: Option<Subscription>,
    spend: Option<Spend>,
    settings: Settings,
    now: Instant,
    /// Tax is inside the vendor's prices, and so inside what usage costs.
    is_taxed_inside: bool,
    may_change: bool,
    vendor: String,
    written_for: WrittenFor,
}

impl Seen {
    async fn load(desk: &mut Desk, member: &Member) -> Result<Seen, Refusal> {
        let subscription = subscriptions::current(desk, &member.customer_id).await?;
        let spend = match &subscription {
            Some(subscription) => Some(spend::load(desk, subscription).await?),
            None => None,
        };
        Ok(Seen {
            subscription,
            spend,
            settings: settings::load(desk).await?,
            now: desk.now.billing,
            is_taxed_inside: member.vendor.prices_include_tax,
            may_change: member.may_manage_billing().is_ok(),
            vendor: member.vendor.name.clone(),
            written_for: WrittenFor::of(member),
        })
    }
}

/// A cap that holds, and whose.
pub(super) type Stopped = (Cap, Subscription);

/// The cap that a member's customer is held at now.
pub(super) async fn stopped(desk: &mut Desk, member: &Member) -> Result<Option<Stopped>, Refusal> {
    let Some(subscription) = subscriptions::current(desk, &member.customer_id).await? else { return Ok(None) };
    Ok(spend::cap_that_holds(desk, &subscription).await?.map(|cap| (cap, subscription)))
}

/// What is charged by use is stopped: at what, until when, and the way to go on.
pub fn stopped_note(dates: Dates, cap: &Cap, s: &Subscription) -> impl IntoView + use<> {
    let w = dates.words;
    let until = s.cycle.as_ref().map(|cycle| dates.day(cycle.whole.end)).unwrap_or_default();
    let html = rich!(w, "usage-held", cap = w.money(cap.amount_minor, s.currency.code()), day = until);
    parts::note(view! { <span inner_html=html></span>" "<a href="/usage/alerts">{t!(w, "usage-held-raise")}</a> })
}

async fn show(State(app): State<App>, member: Member, Query(done): Query<Done>) -> Result<Response, Refusal> {
    let seen = Seen::load(&mut member.reads(&app).await?, &member).await?;
    Ok(render(&app, &member, StatusCode::OK, seen, &done.did, &Change::default(), &[]))
}

async fn change(State(app): State<App>, member: Member, Form(change): Form<Change>) -> Result<Response, Refusal> {
    member.may_manage_billing()?;
    let mut desk = member.writes(&app).await?;
    match act(&mut desk, &member, &change).await {
        Ok(did) => {
            desk.commit().await?;
            Ok(see_other(&format!("/usage/alerts?did={did}")))
        }
        Err(Refusal::Fields(errors)) => {
            drop(desk);
            let seen = Seen::load(&mut member.reads(&app).await?, &member).await?;
            // The room names its own fields.
            let at = |error: FieldError| FieldError { field: if error.field == "cap_minor" || error.field == "cap" { "cap" } else { "alert" }, ..error };
            let errors: Vec<FieldError> = errors.into_iter().map(at).collect();
            Ok(render(&app, &member, StatusCode::UNPROCESSABLE_ENTITY, seen, "", &change, &errors))
        }
        Err(refusal) => Err(refusal),
    }
}

/// Does what a form asks for; what to say of it.
async fn act(desk: &mut Desk, member: &Member, change: &Change) -> Result<&'static str, Refusal> {
    let s = subscriptions::current(desk, &member.customer_id).await?.ok_or(Refusal::NotFound)?;
    let w = Words::of(&member.locale);
    match change.what.as_str() {
        "add" => {
            spend::add_alert(desk, &s.id, typed(w, "alert", &change.alert, s.currency.code())?).await?;
            Ok("added")
        }
        "remove" => {
            spend::remove_alert(desk, &s.id, typed(w, "alert", &change.alert, s.currency.code())?).await?;
            Ok("removed")
        }
        "cap" => {
            if !settings::load(desk).await?.customers_may_cap_spend {
                return Err(Refusal::NotFound);
            }
            spend::set_cap(desk, &s.id, Some(typed(w, "cap", &change.cap, s.currency.code())?)).await?;
            Ok("capped")
        }
        "uncap" => {
            spend::set_cap(desk, &s.id, None).await?;
            Ok("uncapped")
        }
        _ => Err(Refusal::NotFound),
    }
}

fn typed(w: Words, field: &'static str, text: &str, currency: &str) -> Result<i64, Refusal> {
    w.typed_amount(text, currency).map_err(|mistyped| {
        let sentence = match mistyped {
            Mistyped::NotAnAmount => sentence!("alerts-no-amount", example = (12_000, currency)),
            Mistyped::OtherCurrency => sentence!("alerts-other-currency", currency = currency),
            Mistyped::TooFine => sentence!("alerts-too-fine", smallest = (1, currency)),
        };
        Refusal::field(field, sentence)
    })
}

fn render(app: &App, member: &Member, status: StatusCode, seen: Seen, did: &str, change: &Change, errors: &[FieldError]) -> Response {
    let w = Words::of(&member.locale);
    let zone = seen.subscription.as_ref().map_or_else(|| member.time_zone.parse().unwrap_or(chrono_tz::UTC), |s| s.zone);
    let dates = Dates::new(w, zone);
    let title = if errors.is_empty() { t!(w, "alerts-title") } else { t!(w, "title-error", title = t!(w, "alerts-title")) };
    page::document(app, member, status, &title, || {
        let teller = Teller { w, dates, seen: &seen, change, errors };
        let content = view! {
            {parts::as_of(view! { <a class="link" href="/usage">{t!(w, "nav-usage")}</a> }, dates.stamp(seen.now))}
            {parts::error_summary(w, errors)}
            {told(w, did)}
            {parts::answer(teller.answer(), teller.lede())}
            {teller.limits()}
        };
        frame(shell(member, w, Place::Usage), content)
    })
}

fn told(w: Words, did: &str) -> impl IntoView + use<> {
    let sentence = match did {
        "added" => t!(w, "alerts-did-add"),
        "removed" => t!(w, "alerts-did-remove"),
        "capped" => t!(w, "alerts-did-cap"),
        "uncapped" => t!(w, "alerts-did-uncap"),
        _ => return None,
    };
    Some(view! { <p class="done" role="status">{parts::state_good(sentence)}</p> })
}

/// The page's parts, told from what was seen.
struct Teller<'a> {
    w: Words,
    dates: Dates,
    seen: &'a Seen,
    change: &'a Change,
    errors: &'a [FieldError],
}

impl Teller<'_> {
    fn money(&self, amount_minor: i64) -> String {
        self.w.money(amount_minor, self.seen.subscription.as_ref().map_or("", |s| s.currency.code()))
    }

    /// What usage has cost in the period under way.
    fn so_far(&self) -> Option<(&Spend, Period, i64)> {
        let spend = self.seen.spend.as_ref()?;
        Some((spend, spend.period?, spend.cost_minor?))
    }

    /// The one sentence: where it stands, and what comes next.
    fn answer(&self) -> String {
        let w = self.w;
        let Some((spend, period, cost_minor)) = self.so_far() else { return rich!(w, "alerts-answer-nothing") };
        let (cost, from) = (self.money(cost_minor), self.dates.day(period.start));
        let cap = spend.limits.cap.as_ref();
        if let Some(cap) = cap.filter(|_| spend.is_held) {
            return rich!(w, "alerts-answer-held", cap = self.money(cap.amount_minor), day = self.dates.day(period.end));
        }
        let next_alert = spend.limits.alerts.iter().find(|alert| !alert.is_reached_in(period)).map(|alert| alert.amount_minor);
        match (next_alert, cap.map(|cap| cap.amount_minor)) {
            (Some(alert), cap) if cap.is_none_or(|cap| alert <= cap) => rich!(w, "alerts-answer-alert", cost = cost, from = from, amount = self.money(alert)),
            (_, Some(cap)) => rich!(w, "alerts-answer-cap", cost = cost, from = from, amount = self.money(cap)),
            (_, None) => rich!(w, "alerts-answer", cost = cost, from = from),
        }
    }

    fn lede(&self) -> Option<String> {
        let w = self.w;
        let Some((spend, period, cost_minor)) = self.so_far() else { return Some(rich!(w, "alerts-nothing-what")) };
        if spend.is_held {
            return Some(rich!(w, "alerts-held-what", cost = self.money(cost_minor), from = self.dates.day(period.start)));
        }
        Some(if self.seen.is_taxed_inside { rich!(w, "alerts-with-tax") } else { rich!(w, "alerts-before-tax") })
    }

    /// Both kinds of limits. Nothing can be limited where nothing is charged by use; what was set is still there to be seen.
    fn limits(&self) -> Option<AnyView> {
        let spend = self.seen.spend.as_ref()?;
        let is_charged = spend.cost_minor.is_some();
        let alerts = (is_charged || !spend.limits.alerts.is_empty()).then(|| self.alerts(spend));
        let cap = (is_charged && self.seen.settings.customers_may_cap_spend || spend.limits.cap.is_some()).then(|| self.cap(spend));
        let viewer = (!self.seen.may_change).then(|| view! { <p class="sub sec">{t!(self.w, "alerts-viewer")}</p> });
        // Who is held wants the way out first.
        Some(if spend.is_held { view! { {cap}{alerts}{viewer} }.into_any() } else { view! { {alerts}{cap}{viewer} }.into_any() })
    }

    fn alerts(&self, spend: &Spend) -> impl IntoView + use<> {
        let w = self.w;
        let rows: Vec<_> = spend.limits.alerts.iter().map(|alert| self.row(alert, spend.period).into_any()).collect();
        let table = (!rows.is_empty()).then(|| {
            view! {
                <table class="limits">
                    <caption class="vh">{t!(w, "alerts-alerts")}</caption>
                    <thead><tr>
                        <th scope="col">{t!(w, "alerts-amount")}</th><th scope="col">{t!(w, "alerts-state")}</th>
                        <th scope="col"><span class="vh">{t!(w, "alerts-act")}</span></th>
                    </tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            }
        });
        let is_full = spend.limits.alerts.len() >= spend::MOST_ALERTS;
        let form = (self.seen.may_change && !is_full).then(|| {
            let value = if self.change.what == "add" { self.change.alert.as_str() } else { "" };
            self.form("add", "alert", t!(w, "alerts-new"), t!(w, "alerts-new-hint"), value, t!(w, "alerts-add")).into_any()
        });
        view! {
            <section class="sec" aria-labelledby="h-alerts">
                <div class="head"><h2 id="h-alerts">{t!(w, "alerts-alerts")}</h2></div>
                <p class="lede">{t!(w, "alerts-alerts-what")}</p>
                {table}
                {form}
            </section>
        }
    }

    fn row(&self, alert: &Alert, period: Option<Period>) -> impl IntoView + use<> {
        let w = self.w;
        let amount = self.money(alert.amount_minor);
        let reached_at = alert.reached_at.filter(|_| period.is_some_and(|period| alert.is_reached_in(period)));
        let state = match reached_at {
            Some(at) => view! { {parts::state_warn(t!(w, "alerts-reached"))}<span class="sub">{self.dates.moment(at)}</span> }.into_any(),
            None => view! { {t!(w, "alerts-not-reached")} }.into_any(),
        };
        let remove = self.seen.may_change.then(|| {
            view! {
                <form method="post" action="/usage/alerts">
                    {self.seen.written_for.field()}
                    <input type="hidden" name="what" value="remove" />
                    <input type="hidden" name="alert" value=amount.clone() />
                    <button class="link as-link" aria-label=t!(w, "alerts-remove-named", amount = &amount)>{t!(w, "alerts-remove")}</button>
                </form>
            }
        });
        view! { <tr><th scope="row">{amount}</th><td>{state}</td><td>{remove}</td></tr> }
    }

    /// What a cap is, in a customer's words, and the way to set, raise and remove one.
    fn cap(&self, spend: &Spend) -> impl IntoView + use<> {
        let (w, cap) = (self.w, spend.limits.cap.as_ref());
        let now = match cap {
            Some(Cap { amount_minor, held_at: Some(since), .. }) if spend.is_held => {
                let state = parts::state_warn(t!(w, "alerts-cap-held", cap = self.money(*amount_minor)));
                view! { {state}<span class="sub">{t!(w, "alerts-cap-since", moment = self.dates.moment(*since))}</span> }.into_any()
            }
            Some(Cap { amount_minor, .. }) => view! { <b>{t!(w, "alerts-cap-set", cap = self.money(*amount_minor))}</b> }.into_any(),
            None => view! { {t!(w, "alerts-cap-none")} }.into_any(),
        };
        let may_set = self.seen.may_change && self.seen.settings.customers_may_cap_spend && spend.cost_minor.is_some();
        let form = may_set.then(|| {
            let value = if self.change.what == "cap" { self.change.cap.as_str() } else { "" };
            let (label, button) = match cap {
                Some(_) if spend.is_held => (t!(w, "alerts-cap-raise"), t!(w, "alerts-cap-raise-do")),
                Some(_) => (t!(w, "alerts-cap-change"), t!(w, "alerts-cap-change-do")),
                None => (t!(w, "alerts-cap-new"), t!(w, "alerts-cap-new-do")),
            };
            let hint = match spend.cost_minor.filter(|_| spend.is_held) {
                Some(cost_minor) => t!(w, "alerts-cap-raise-hint", cost = self.money(cost_minor)),
                None => t!(w, "alerts-cap-hint"),
            };
            self.form("cap", "cap", label, hint, value, button).into_any()
        });
        let remove = cap.filter(|_| self.seen.may_change).map(|_| {
            view! {
                <form method="post" action="/usage/alerts" class="field">
                    {self.seen.written_for.field()}
                    <input type="hidden" name="what" value="uncap" />
                    <button class="btn plain">{t!(w, "alerts-cap-remove")}</button>
                </form>
            }
        });
        view! {
            <section class="sec" aria-labelledby="h-cap">
                <div class="head"><h2 id="h-cap">{t!(w, "alerts-cap")}</h2></div>
                <p class="lede">{t!(w, "alerts-cap-what", vendor = &self.seen.vendor)}</p>
                <p class="lede">{t!(w, "alerts-cap-rule")}</p>
                <p class="field">{now}</p>
                {form}
                {remove}
            </section>
        }
    }

    fn form(&self, what: &'static str, name: &'static str, label: String, hint: String, value: &str, button: String) -> impl IntoView + use<> {
        let field = parts::Field { name, label, hint: Some(hint), value, inputmode: Some("decimal"), ..parts::Field::default() };
        view! {
            <form method="post" action="/usage/alerts" class="narrow field">
                {self.seen.written_for.field()}
                <input type="hidden" name="what" value=what />
                {parts::field(self.w, field, self.errors)}
                <p class="field"><button class="btn">{button}</button></p>
            </form>
        }
    }
}

//! `/`: what you pay next, when and from what, what it is made of, and what needs attention.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use billing::calendar::Instant;
use billing::invoice::{Line, LineKind};
use billing::price::Model;
use billing::state::State as Standing;
use billing::subscription::OpenPart;
use billing::tax::PricesTax;
use leptos::prelude::*;
use rust_decimal::Decimal;

use crate::app::App;
use crate::identity::Member;
use crate::services::Refusal;
use crate::services::invoices::{Priced, Status};
use crate::services::overview::{Overview, overview};
use crate::services::payments::{Attention, Method, charged_first, method_name};
use crate::services::subscriptions::{Metered, Subscription, Upcoming};
use crate::ui::chart::{self, Gauge, Scale};
use crate::ui::lines::{Caption, Column, Figure, Group, Lines, Row, Total, TotalKind, lines_view};
use crate::ui::page::Reach;
use crate::ui::payment::{attention_note, expiry_month, repair_of};
use crate::ui::shell::{Place, frame};
use crate::ui::{page, parts};
use crate::words::format::{Dates, currency_head};
use crate::words::reason::Teller;
use crate::words::{Words, discount};
use crate::{rich, t};

use super::entry::shell;
use super::payment_methods;
use super::plan::{columns, unit_of};
use super::written_for::WrittenFor;

pub async fn show(State(app): State<App>, member: Member) -> Result<Response, Refusal> {
    let seen = Seen::load(&app, &member).await?;
    let w = seen.w;
    let shell = shell(&member, w, Place::Overview);
    // A card can be added from here: without script the form goes on to the gateway's page.
    let is_unpaid = seen.account.attention.iter().any(|attention| repair_of(attention).is_some());
    let reach = match is_unpaid {
        false => Reach::default(),
        true => Reach::forms_to(app.gateway(&member.vendor).await.ok().and_then(|gateway| gateway.origin())),
    };
    Ok(page::document_reaching(&app, &member, StatusCode::OK, &t!(w, "nav-overview"), reach, move || {
        let (heading, lede) = seen.answer();
        let content = view! {
            {parts::as_of(seen.account.customer.legal_name.clone(), seen.dates.stamp(seen.at))}
            {parts::answer(heading, lede)}
            {seen.attention()}
            {seen.held_back()}
            {seen.stopped()}
            {seen.no_card()}
            {seen.planned()}
            <div class="split sec">
                <div>{seen.next_charge()}{seen.gauges()}</div>
                <aside aria-label=t!(w, "overview-account")><dl class="facts">{seen.facts()}</dl></aside>
            </div>
        };
        frame(shell, content)
    }))
}

/// The account, and how it is told.
struct Seen {
    w: Words,
    dates: Dates,
    at: Instant,
    account: Arc<Overview>,
    can_change: bool,
    written_for: WrittenFor,
}

impl Seen {
    async fn load(app: &App, member: &Member) -> Result<Seen, Refusal> {
        let w = Words::of(&member.locale);
        let own_zone = member.time_zone.parse().unwrap_or(chrono_tz::UTC);
        let (at, account) = overview(app, &member.vendor, &member.customer_id, own_zone).await?;
        let zone = account.subscription.as_ref().map_or(own_zone, |s| s.zone);
        Ok(Seen { w, dates: Dates::new(w, zone), at, account, can_change: member.may_manage_billing().is_ok(), written_for: WrittenFor::of(member) })
    }

    fn currency(&self) -> &str {
        self.account.currency()
    }

    /// What is charged first.
    fn method(&self) -> Option<&Method> {
        charged_first(&self.account.methods, self.currency())
    }

    /// The next invoice as it will likely be.
    fn next(&self) -> Option<(Instant, &Priced)> {
        self.account.outlook.expected.as_ref().and_then(|next| next.priced.as_ref().map(|priced| (next.at, priced)))
    }

    fn is_certain(&self) -> bool {
        let total = |upcoming: &Option<Upcoming>| upcoming.as_ref().and_then(|u| u.priced.as_ref().map(|priced| priced.document.total_minor));
        total(&self.account.outlook.so_far) == total(&self.account.outlook.expected) && self.account.outlook.meters.is_empty()
    }

    /// The one sentence, and what is certain of it.
    fn answer(&self) -> (String, Option<String>) {
        let w = self.w;
        let Some(s) = &self.account.subscription else { return (rich!(w, "overview-no-plan"), Some(rich!(w, "overview-no-plan-what"))) };
        if let Some(unpaid) = self.unpaid() {
            return unpaid;
        }
        let from = self.method().map(|method| method_name(w, method));
        let Some((at, priced)) = self.next() else {
            return match s.state {
                Standing::Cancelled => (rich!(w, "overview-ended", plan = s.plan_name()), None),
                Standing::Paused => (rich!(w, "overview-paused", plan = s.plan_name()), None),
                _ => (rich!(w, "overview-nothing", plan = s.plan_name()), None),
            };
        };
        let (day, amount) = (self.dates.day(at), w.money(priced.due_minor, self.currency()));
        if priced.due_minor == 0 {
            return (rich!(w, "overview-free", plan = s.plan_name(), day = day), self.trial_lede(s));
        }
        let heading = match (self.is_certain(), &from) {
            (true, Some(from)) => rich!(w, "overview-pay", day = day, amount = amount, method = from),
            (true, None) => rich!(w, "overview-pay-no-method", day = day, amount = amount),
            (false, Some(from)) => rich!(w, "overview-pay-about", day = day, amount = amount, method = from),
            (false, None) => rich!(w, "overview-pay-about-no-method", day = day, amount = amount),
        };
        let lede = self.trial_lede(s).or_else(|| {
            let stands = self.account.outlook.so_far.as_ref().and_then(|next| next.priced.as_ref().map(|priced| w.money(priced.due_minor, self.currency())))?;
            (!self.is_certain()).then(|| rich!(w, "overview-stands", amount = stands, day = self.dates.last_day(at)))
        });
        (heading, lede)
    }

    /// Invoices whose payment was declined come before everything else.
    fn unpaid(&self) -> Option<(String, Option<String>)> {
        let w = self.w;
        let declined = |attention: &Attention| match attention {
            Attention::Declined { due_minor, .. } | Attention::Unpaid { due_minor, .. } => Some(*due_minor),
            _ => None,
        };
        let amounts: Vec<i64> = self.account.attention.iter().filter_map(declined).collect();
        let sum = amounts.iter().try_fold(0_i64, |sum, amount| sum.checked_add(*amount)).filter(|_| !amounts.is_empty())?;
        let count = i64::try_from(amounts.len()).unwrap_or(i64::MAX);
        let next = self.next().filter(|(_, priced)| priced.due_minor > 0);
        let lede = next.map(|(at, priced)| rich!(w, "overview-unpaid-next", day = self.dates.day(at), amount = w.money(priced.due_minor, self.currency())));
        Some((rich!(w, "overview-unpaid", count = count, amount = w.money(sum, self.currency())), lede))
    }

    /// What needs a person, with what repairs it. One card pays everything that failed, so its button stands once.
    fn attention(&self) -> Vec<AnyView> {
        let mut offers_card = self.can_change;
        let note = |attention: &Attention| {
            let repair = repair_of(attention).filter(|_| std::mem::take(&mut offers_card));
            let card = repair.map(|repair| payment_methods::another_card(self.w, &self.written_for, repair));
            attention_note(self.dates, attention, card).into_any()
        };
        self.account.attention.iter().map(note).collect()
    }

    /// An invoice can't be issued: what is missing, and where it is filled in, if the customer can.
    fn held_back(&self) -> Option<AnyView> {
        let w = self.w;
        let what = self.account.held_back_by.first()?;
        let link = (self.can_change && what.is_of_customer()).then(|| {
            let href = format!("/account#{}", what.field());
            view! { " "<a href=href>{t!(w, "overview-held-repair")}</a> }
        });
        let text = if what.is_of_customer() { w.tell(&what.sentence()) } else { t!(w, "overview-held-by-vendor") };
        Some(parts::note(view! { <b>{t!(w, "overview-held")}</b>" "{text}{link} }).into_any())
    }

    /// The customer's own cap has been reached.
    fn stopped(&self) -> Option<AnyView> {
        let cap = self.account.cap.as_ref()?;
        Some(super::usage::stopped_note(self.dates, cap, self.account.subscription.as_ref()?).into_any())
    }

    /// Something will be due and there is nothing to pay it from.
    fn no_card(&self) -> Option<AnyView> {
        let w = self.w;
        let (at, priced) = self.next().filter(|(_, priced)| self.method().is_none() && priced.due_minor > 0)?;
        let html = rich!(w, "overview-nothing-on-file", amount = w.money(priced.due_minor, self.currency()), day = self.dates.day(at));
        let link = self.can_change.then(|| view! { " "<a href="/payment-methods/add">{t!(w, "overview-add-method")}</a> });
        Some(parts::note(view! { <span inner_html=html></span>{link} }).into_any())
    }

    /// What the plan costs each period as it stands, before tax and what is used: `€47.00 a month and usage`.
    fn fee(&self, s: &Subscription) -> String {
        let w = self.w;
        let recurring = self.account.outlook.so_far.as_ref().filter(|_| s.scheduled.is_none()).and_then(|next| next.priced.as_ref()).and_then(|priced| {
            let lines = priced.document.lines.iter().filter(|line| line.kind == LineKind::Recurring);
            lines.map(|line| line.amount_minor).try_fold(0_i64, |sum, amount| sum.checked_add(amount)).filter(|sum| *sum > 0)
        });
        let Some(sum) = recurring else { return columns::headline(w, &s.terms.plan, self.currency()) };
        let fee = t!(w, "plan-fee", amount = w.money(sum, self.currency()), interval = columns::a_interval(w, s.interval()));
        if s.terms.plan.prices.iter().any(|price| price.is_metered()) { t!(w, "overview-fee-usage", fee = fee) } else { fee }
    }

    fn trial_lede(&self, s: &Subscription) -> Option<String> {
        let end = s.trial_end_at.filter(|_| s.state == Standing::Trialing)?;
        Some(rich!(self.w, "overview-trial", plan = s.plan_name(), day = self.dates.day(end)))
    }

    /// A cancellation or change that is planned.
    fn planned(&self) -> Option<AnyView> {
        let w = self.w;
        let s = self.account.subscription.as_ref()?;
        let html = match (s.cancel_at.filter(|_| s.ended_at.is_none()), &s.scheduled) {
            (Some(at), _) => rich!(w, "overview-cancel-planned", plan = s.plan_name(), day = self.dates.last_day(at)),
            (None, Some(scheduled)) if s.keeps_plan(scheduled) => {
                rich!(w, "plan-other-change-planned", plan = s.plan_name(), day = self.dates.day(scheduled.at))
            }
            (None, Some(scheduled)) => rich!(w, "overview-change-planned", plan = &scheduled.terms.plan.name, day = self.dates.day(scheduled.at)),
            (None, None) => return None,
        };
        Some(parts::note(view! { <span inner_html=html></span>" "<a href="/plan">{t!(w, "overview-planned-link")}</a> }).into_any())
    }

    /// The lines of the next invoice, so far and expected.
    fn next_charge(&self) -> Option<AnyView> {
        let w = self.w;
        let (at, expected) = self.next()?;
        let so_far = self.account.outlook.so_far.as_ref().and_then(|next| next.priced.as_ref());
        let teller = Teller { words: w, dates: self.dates, currency: self.currency() };
        let s = self.account.subscription.as_ref()?;
        let same = |one: &Line, other: &Line| {
            one.kind == other.kind && one.price == other.price && one.plan == other.plan && one.add_on == other.add_on && one.from == other.from
        };
        let rows = expected
            .document
            .lines
            .iter()
            .map(|line| {
                // The reason told is of what stands: nobody is charged for a guess.
                let stands = so_far.and_then(|priced| priced.document.lines.iter().find(|other| same(line, other)));
                let amount = stands.map_or_else(|| w.figure(0, self.currency()), |stands| w.figure(stands.amount_minor, self.currency()));
                Row {
                    reason: teller.tell(stands.unwrap_or(line), &unit_of(line, &[s], &self.account.meters)),
                    figures: vec![Figure::soft(amount), Figure::full(w.figure(line.amount_minor, self.currency()))],
                }
            })
            .collect();
        let day = self.dates.day(at);
        let lines = Lines {
            words: w,
            currency: self.currency().to_owned(),
            caption: Caption::Shown { id: "h-next", title: t!(w, "overview-made-of", day = &day), remark: String::new() },
            head: t!(w, "lines-open-why"),
            columns: vec![
                Column { head: t!(w, "overview-so-far", currency = currency_head(self.currency())), is_far: false },
                Column { head: t!(w, "overview-forecast", currency = currency_head(self.currency())), is_far: false },
            ],
            groups: vec![Group { title: None, rows }],
            totals: self.totals(self.account.outlook.expected.as_ref()?, so_far, expected, &day),
        };
        Some(view! { <section aria-labelledby="h-next">{lines_view(lines)}</section> }.into_any())
    }

    fn totals(&self, next: &Upcoming, so_far: Option<&Priced>, expected: &Priced, day: &str) -> Vec<Total> {
        let w = self.w;
        let both = |label: String, kind: TotalKind, of: &dyn Fn(&Priced) -> i64, shown: &dyn Fn(i64) -> String| Total {
            label,
            kind,
            figures: vec![Figure::soft(shown(so_far.map_or(0, of))), Figure::full(shown(of(expected)))],
        };
        let plain = |amount: i64| w.figure(amount, self.currency());
        let mut totals = Vec::new();
        let document = &expected.document;
        if document.discount_minor != 0 {
            totals.push(both(t!(w, "lines-discount"), TotalKind::Sum, &|p| p.document.discount_minor.saturating_neg(), &plain));
        }
        if document.prices == PricesTax::Exclusive && !document.tax.is_empty() {
            totals.push(both(t!(w, "lines-before-tax"), TotalKind::Sum, &|p| p.document.subtotal_minor.saturating_sub(p.document.discount_minor), &plain));
        }
        for tax in &document.tax {
            let name = next.tax_rates.iter().find(|rate| rate.key == tax.rate).map_or(tax.rate.as_str(), |rate| rate.name.as_str());
            let label = match document.prices {
                PricesTax::Exclusive => t!(w, "lines-tax", name = name, percent = w.number(tax.percent)),
                PricesTax::Inclusive => t!(w, "lines-tax-inside", name = name, percent = w.number(tax.percent)),
            };
            totals.push(both(
                label,
                TotalKind::Sum,
                &|p| p.document.tax.iter().find(|other| other.rate == tax.rate).map_or(0, |other| other.amount_minor),
                &plain,
            ));
        }
        if expected.balance_minor != 0 {
            totals.push(both(t!(w, "lines-balance"), TotalKind::Sum, &|p| p.balance_minor.saturating_neg(), &plain));
        }
        totals.push(both(t!(w, "overview-due", day = day), TotalKind::Total, &|p| p.due_minor, &|amount| w.money(amount, self.currency())));
        totals
    }

    /// Usage at a glance, a meter each.
    fn gauges(&self) -> Vec<AnyView> {
        self.account.outlook.meters.iter().map(|metered| self.gauge(metered)).collect()
    }

    fn gauge(&self, metered: &Metered) -> AnyView {
        let w = self.w;
        let Metered { meter, part, used, expected } = metered;
        let expected = expected.filter(|expected| expected > used);
        let (free, bounds) = bounds(part);
        let most = expected
            .unwrap_or(*used)
            .max(free)
            .max(bounds.iter().map(|(at, _)| *at).filter(|at| *at <= expected.unwrap_or(*used) * Decimal::from(2)).max().unwrap_or_default());
        let marks = std::iter::once((free, t!(w, "gauge-included", n = w.number(free))))
            .filter(|_| free > Decimal::ZERO)
            .chain(bounds.iter().map(|(at, each)| (*at, t!(w, "gauge-then", n = w.number(*at), each = w.unit_price(*each, self.currency())))))
            .filter(|(at, _)| *at <= most)
            .map(|(at, label)| (chart::ink(at), label))
            .collect();
        let title = match expected {
            Some(expected) => {
                t!(
                    w,
                    "gauge-title-forecast",
                    name = &meter.name,
                    used = w.number(*used),
                    unit = &meter.unit,
                    expected = w.number(expected),
                    free = w.number(free)
                )
            }
            None => t!(w, "gauge-title", name = &meter.name, used = w.number(*used), unit = &meter.unit, free = w.number(free)),
        };
        let gauge = Gauge {
            title,
            scale: Scale::of(chart::ink(most), |value| w.number(value)),
            included: chart::ink(free),
            used: chart::ink(*used),
            expected: expected.map(chart::ink),
            used_label: t!(w, "gauge-used", n = w.number(*used)),
            expected_label: expected.map(|expected| t!(w, "gauge-expected", n = w.number(expected))),
            marks,
        };
        let href = format!("/usage?meter={}", meter.key);
        view! {
            <section class="sec">
                <div class="head"><h2>{t!(w, "gauge-head", name = &meter.name, unit = &meter.unit)}</h2><a class="link" href=href>{t!(w, "gauge-link")}</a></div>
                {chart::gauge(&gauge)}
            </section>
        }
        .into_any()
    }

    /// The side column.
    fn facts(&self) -> Vec<AnyView> {
        let w = self.w;
        let mut facts = Vec::new();
        if let Some(s) = &self.account.subscription {
            let quantity = super::plan::seats(w, s.terms.quantity);
            let fee = self.fee(s);
            let label = if self.can_change { t!(w, "overview-change") } else { t!(w, "overview-see-plan") };
            let period_start = s.cycle.as_ref().map(|cycle| cycle.whole.start);
            let discounts =
                self.account.discounts.iter().filter_map(|redeemed| discount::told(&self.dates, &redeemed.for_engine(s), period_start).ok().flatten());
            let discounts: Vec<_> = discounts.map(|told| view! { <dd>{told}</dd> }).collect();
            let add_ons: Vec<_> = s.terms.add_ons.iter().map(|add_on| view! { <dd>{t!(w, "overview-add-on", name = &add_on.name)}</dd> }).collect();
            let below = view! { <dd>{fee}</dd>{add_ons}{discounts}<dd><a class="link" href="/plan">{label}</a></dd> };
            facts.push(parts::fact(t!(w, "nav-plan"), t!(w, "overview-plan", plan = s.plan_name(), quantity = quantity), below).into_any());
        }
        let (method, expires) = match self.method() {
            Some(method) => (method_name(w, method), method.means.card().map(|card| t!(w, "overview-expires", month = expiry_month(&self.dates, card)))),
            None => (t!(w, "overview-no-method"), None),
        };
        let below =
            view! { {expires.map(|expires| view! { <dd>{expires}</dd> })}<dd><a class="link" href="/payment-methods">{t!(w, "overview-methods")}</a></dd> };
        facts.push(parts::fact(t!(w, "overview-paid-from"), method, below).into_any());
        facts.push(
            parts::fact(
                t!(w, "overview-balance"),
                w.money(self.account.balance_minor, self.currency()),
                view! { <dd>{t!(w, "overview-balance-what")}</dd><dd><a class="link" href="/balance">{t!(w, "overview-balance-see")}</a></dd> },
            )
            .into_any(),
        );
        if let Some(last) = &self.account.last {
            let day = self.dates.day(last.issued());
            let state = match last.status() {
                Status::Paid if last.total_minor == 0 => view! { <dd>{t!(w, "invoices-nothing-due")}</dd> }.into_any(),
                Status::Paid => view! { <dd>{parts::state_good(t!(w, "overview-paid"))}" "{t!(w, "overview-issued", day = day)}</dd> }.into_any(),
                Status::Open if self.account.last_is_on_its_way => view! { <dd><b>{t!(w, "document-waits")}</b></dd> }.into_any(),
                Status::Open if last.due() <= self.at => {
                    view! { <dd>{parts::state_warn(t!(w, "overview-overdue"))}" "{t!(w, "overview-due-on", day = self.dates.day(last.due()))}</dd> }.into_any()
                }
                Status::Open => view! { <dd><b>{t!(w, "overview-open")}</b>" "{t!(w, "overview-due-on", day = self.dates.day(last.due()))}</dd> }.into_any(),
                Status::Void | Status::Uncollectible => view! { <dd>{t!(w, "overview-issued", day = day)}</dd> }.into_any(),
            };
            let href = format!("/invoices/{}", last.number);
            let below = view! { {state}<dd><a class="link" href=href>{last.number.clone()}</a></dd> };
            facts.push(parts::fact(t!(w, "overview-last"), w.money(last.total_minor, &last.currency), below).into_any());
        }
        facts
    }
}

/// How many units are free, and where the price of one changes beyond.
fn bounds(part: &OpenPart) -> (Decimal, Vec<(Decimal, Decimal)>) {
    let mut free = part.price.included;
    let mut bounds = Vec::new();
    if let Model::Graduated { tiers } | Model::Volume { tiers } = &part.price.model {
        let mut from = part.price.included;
        for tier in tiers {
            if tier.unit_amount.is_zero() && tier.flat_amount.is_zero() && from == free {
                free = tier.up_to.map_or(free, |end| end + part.price.included);
            } else if from > free {
                bounds.push((from, tier.unit_amount));
            }
            from = tier.up_to.map_or(from, |end| end + part.price.included);
        }
    }
    (free, bounds)
}

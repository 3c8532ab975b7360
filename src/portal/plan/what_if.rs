//! `/plan/what-if`: what each plan would have cost on one's own last months, the cheapest first said in a sentence, then as a table that
//! unfolds, then drawn: what was used against where each plan's prices change.

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use billing::calendar::{Instant, Interval, Unit};
use billing::invoice::LineKind;
use billing::tax::PricesTax;
use leptos::prelude::*;
use rust_decimal::Decimal;

use crate::app::App;
use crate::identity::Member;
use crate::services::usage::Meter;
use crate::services::what_if::{Life, SPANS, Use, WhatIf, what_if};
use crate::services::{Refusal, customers, subscriptions};
use crate::ui::chart::{self, Ink, LevelBar, Levels, Scale};
use crate::ui::lines::{Caption, Column, Figure, Group, Lines, Row, lines_view};
use crate::ui::shell::{Place, frame};
use crate::ui::{page, parts};
use crate::words::Words;
use crate::words::format::{Dates, currency_head};
use crate::words::reason::Reason;
use crate::{rich, t};

use super::super::entry::{see_other, shell};
use super::super::usage::decimal;
use super::choice::interval_name;
use super::seats;

#[derive(Default, serde::Deserialize)]
#[serde(default)]
pub struct Span {
    /// One of [`SPANS`].
    months: String,
}

const USUAL: u32 = 3;

pub async fn show(State(app): State<App>, member: Member, Query(span): Query<Span>) -> Result<Response, Refusal> {
    let months = SPANS.into_iter().find(|months| months.to_string() == span.months).unwrap_or(USUAL);
    let mut desk = member.reads(&app).await?;
    let customer = customers::load(&mut desk, &member.customer_id).await?;
    let Some(answer) = what_if(&mut desk, &customer, months).await? else { return Ok(see_other("/plan")) };
    let Some(subscription) = subscriptions::current(&mut desk, &member.customer_id).await? else { return Ok(see_other("/plan")) };
    let at = desk.now.billing;
    drop(desk);
    let w = Words::of(&member.locale);
    let can_change = member.may_manage_billing().is_ok() && subscription.is_entitled();
    let told = Told {
        w,
        dates: Dates::new(w, subscription.zone),
        quantity: subscription.terms.quantity,
        has_add_ons: !subscription.terms.add_ons.is_empty(),
        can_change,
        months,
        answer,
    };
    let (shell, stamp) = (shell(&member, w, Place::Plan), told.dates.stamp(at));
    Ok(page::document(&app, &member, StatusCode::OK, &t!(w, "what-if-title"), move || {
        let content = view! {
            {parts::as_of(view! { <a class="link" href="/plan">{t!(w, "nav-plan")}</a> }, stamp)}
            {parts::answer(told.heading(), Some(told.lede()))}
            {told.spans()}
            <section class="sec" aria-labelledby="h-plans">{lines_view(told.table())}</section>
            {told.drawings()}
            {told.months_used()}
        };
        frame(shell, content)
    }))
}

struct Told {
    w: Words,
    dates: Dates,
    quantity: Decimal,
    has_add_ons: bool,
    can_change: bool,
    months: u32,
    answer: WhatIf,
}

impl Told {
    fn money(&self, minor: i64) -> String {
        self.w.money(minor, self.answer.currency.code())
    }

    /// "Team by the month"
    fn name(&self, life: &Life) -> String {
        t!(self.w, "what-if-plan", plan = &life.offer.plan.name, interval = by_interval(self.w, life.offer.terms.interval))
    }

    /// The one sentence.
    fn heading(&self) -> String {
        let (w, months) = (self.w, i64::from(self.months));
        let Some(cheapest) = self.answer.cheapest() else { return rich!(w, "what-if-nothing") };
        let total = self.money(cheapest.cost.total_minor);
        match self.answer.now() {
            Some(_) if cheapest.is_now => rich!(w, "what-if-yours", count = months, plan = self.name(cheapest), total = total),
            Some(now) => {
                let less = self.money(now.cost.total_minor.saturating_sub(cheapest.cost.total_minor));
                rich!(w, "what-if-other", count = months, plan = self.name(cheapest), total = total, less = less, now = self.name(now))
            }
            None => rich!(w, "what-if-cheapest", count = months, plan = self.name(cheapest), total = total),
        }
    }

    /// What it rests on.
    fn lede(&self) -> String {
        let w = self.w;
        let (from, to) = (self.dates.day_year(self.answer.window.start), self.last_day_year());
        let quantity = seats(w, self.quantity);
        let basis = if self.has_add_ons {
            rich!(w, "what-if-basis-add-ons", from = from, to = to, quantity = quantity)
        } else {
            rich!(w, "what-if-basis", from = from, to = to, quantity = quantity)
        };
        let is_taxed = self.answer.lives.iter().any(|life| life.cost.tax_minor != 0);
        let tax = match (self.answer.prices, is_taxed) {
            (_, false) => t!(w, "what-if-no-tax"),
            (PricesTax::Exclusive, true) => t!(w, "what-if-with-tax"),
            (PricesTax::Inclusive, true) => t!(w, "what-if-tax-inside"),
        };
        let since = self.answer.first_use.map(|first| t!(w, "what-if-since", day = self.dates.day_year(first))).unwrap_or_default();
        let share = if self.has_shares() { t!(w, "what-if-share") } else { String::new() };
        [basis, share, tax, since].into_iter().filter(|said| !said.is_empty()).collect::<Vec<_>>().join(" ")
    }

    /// Whether an interval is longer than the months.
    fn has_shares(&self) -> bool {
        self.answer.lives.iter().any(|life| {
            let Interval { unit, count } = life.offer.terms.interval;
            match unit {
                Unit::Day | Unit::Week => false,
                Unit::Month => count > self.months,
                Unit::Year => count.saturating_mul(12) > self.months,
            }
        })
    }

    fn last_day_year(&self) -> String {
        self.dates.day_year(self.answer.window.end - chrono::Duration::milliseconds(1))
    }

    /// One, three, six, twelve months.
    fn spans(&self) -> impl IntoView + use<> {
        let (w, chosen) = (self.w, self.months);
        let links: Vec<_> = SPANS
            .into_iter()
            .map(|months| {
                let href = format!("/plan/what-if?months={months}");
                let current = (months == chosen).then_some("true");
                view! { <li><a href=href aria-current=current>{t!(w, "what-if-months", count = months)}</a></li> }
            })
            .collect();
        view! { <nav class="spans" aria-label=t!(w, "what-if-spans")><ul>{links}</ul></nav> }
    }

    /// A row a plan and interval, each unfolding into what it is made of.
    fn table(&self) -> Lines {
        let w = self.w;
        let cheapest = self.answer.cheapest().map(|life| (&life.offer.plan.id, life.offer.terms.interval));
        // What could not have been had comes last.
        let (too_small, fit): (Vec<&Life>, Vec<&Life>) = self.answer.lives.iter().partition(|life| life.is_too_small);
        let rows = fit
            .into_iter()
            .chain(too_small)
            .map(|life| {
                let is_cheapest = cheapest == Some((&life.offer.plan.id, life.offer.terms.interval));
                let reason = Reason {
                    name: self.name(life),
                    remark: self.remark(life, is_cheapest),
                    quantity: String::new(),
                    each: String::new(),
                    tiers: Vec::new(),
                    tiers_total: None,
                    sentences: self.made_of(life),
                    link: self.link(life),
                };
                let figure = |minor| if life.is_too_small { "–".to_owned() } else { w.figure(minor, self.answer.currency.code()) };
                let before_tax = life.cost.total_minor.saturating_sub(life.cost.tax_minor);
                Row { reason, figures: vec![Figure::soft(figure(before_tax)), Figure::full(figure(life.cost.total_minor))] }
            })
            .collect();
        let head = currency_head(self.answer.currency.code());
        Lines {
            words: w,
            currency: self.answer.currency.code().to_owned(),
            caption: Caption::Shown {
                id: "h-plans",
                title: t!(w, "what-if-table"),
                remark: t!(w, "what-if-range", from = self.dates.day_year(self.answer.window.start), to = self.last_day_year()),
            },
            head: t!(w, "lines-open"),
            columns: vec![
                Column { head: t!(w, "what-if-before-tax", currency = &head), is_far: true },
                Column { head: t!(w, "what-if-total", currency = &head), is_far: false },
            ],
            groups: vec![Group { title: None, rows }],
            totals: Vec::new(),
        }
    }

    /// "Your plan now", "€45.00 less than your plan now".
    fn remark(&self, life: &Life, is_cheapest: bool) -> String {
        let w = self.w;
        if life.is_too_small {
            let most = life.offer.plan.max_quantity.unwrap_or_default();
            return t!(w, "what-if-too-small", quantity = seats(w, Decimal::from(most)));
        }
        let against = match self.answer.now() {
            _ if life.is_now => Some(t!(w, "plan-yours")),
            Some(now) => {
                let more = life.cost.total_minor.saturating_sub(now.cost.total_minor);
                Some(match more {
                    0 => t!(w, "what-if-same"),
                    more if more > 0 => t!(w, "what-if-more", amount = self.money(more)),
                    less => t!(w, "what-if-less", amount = self.money(less.saturating_neg())),
                })
            }
            None => None,
        };
        let mark = is_cheapest.then(|| t!(w, "what-if-mark"));
        [mark, against].into_iter().flatten().collect::<Vec<_>>().join(" · ")
    }

    /// Fees, use, discount and tax, a sentence each.
    fn made_of(&self, life: &Life) -> Vec<String> {
        let w = self.w;
        if life.is_too_small {
            return Vec::new();
        }
        let mut said: Vec<String> = life
            .cost
            .parts
            .iter()
            .filter(|part| part.amount_minor != 0)
            .map(|part| match part.kind {
                LineKind::Minimum => t!(w, "what-if-part-minimum", name = &part.name, amount = self.money(part.amount_minor)),
                _ => t!(w, "what-if-part", name = &part.name, amount = self.money(part.amount_minor)),
            })
            .collect();
        if life.cost.discount_minor != 0 {
            said.push(t!(w, "what-if-part", name = t!(w, "lines-discount"), amount = self.money(life.cost.discount_minor.saturating_neg())));
        }
        if life.cost.tax_minor != 0 {
            let name = match self.answer.prices {
                PricesTax::Exclusive => t!(w, "what-if-tax"),
                PricesTax::Inclusive => t!(w, "what-if-tax-in-it"),
            };
            said.push(t!(w, "what-if-part", name = name, amount = self.money(life.cost.tax_minor)));
        }
        said
    }

    /// To where it can be had.
    fn link(&self, life: &Life) -> Option<(String, String)> {
        let offer = &life.offer;
        (self.can_change && !life.is_now && !life.is_too_small && offer.plan.is_published).then(|| {
            let href = format!("/plan/change?plan={}&interval={}", offer.plan.key, interval_name(offer.terms.interval));
            (href, t!(self.w, "plan-choose", plan = &offer.plan.name))
        })
    }

    /// Of each meter, a drawing a plan: what was used against where its prices change. A plan stands there once, at its shortest interval.
    fn drawings(&self) -> Vec<AnyView> {
        let w = self.w;
        let mut shown: Vec<&Life> = Vec::new();
        for life in self.answer.lives.iter().filter(|life| !life.is_too_small) {
            if !shown.iter().any(|other| other.offer.plan.id == life.offer.plan.id) {
                shown.push(life);
            }
        }
        let of_meter = |meter: &Meter| -> Option<AnyView> {
            let uses: Vec<(&Life, &Use)> = shown.iter().filter_map(|life| Some((*life, life.uses.iter().find(|of| of.meter == meter.key)?))).collect();
            let most = uses.iter().flat_map(|(_, of)| of.periods.iter().map(|(_, used)| *used)).max()?;
            // The level that is next is seen where it is not far; all drawings have one scale, to be compared.
            let is_near = |level: &Decimal| *level >= most && *level <= most * Decimal::from(2);
            let next = uses.iter().flat_map(|(_, of)| of.bands.iter().map(|band| decimal(band.from))).filter(is_near).min();
            let most = next.unwrap_or(most);
            let figures: Vec<_> = uses.into_iter().map(|(life, of)| self.drawing(life, meter, of, most)).collect();
            let (id, of) = (format!("h-{}", meter.key), format!("h-{}", meter.key));
            Some(
                view! {
                    <section class="sec" aria-labelledby=of>
                        <div class="head"><h2 id=id>{t!(w, "what-if-meter", name = &meter.name, unit = &meter.unit)}</h2></div>
                        <div class="pair">{figures}</div>
                    </section>
                }
                .into_any(),
            )
        };
        self.answer.meters.iter().filter_map(of_meter).collect()
    }

    fn drawing(&self, life: &Life, meter: &Meter, of: &Use, most: Decimal) -> impl IntoView + use<> {
        let w = self.w;
        let free = of.bands.iter().filter(|band| band.is_free()).filter_map(|band| band.up_to.map(decimal)).max().unwrap_or_default();
        let levels: Vec<(f64, String)> = of
            .bands
            .iter()
            .filter(|band| !band.is_free() && !decimal(band.from).is_zero())
            .map(|band| (chart::ink(decimal(band.from)), w.unit_price(band.unit_amount, of.price.currency.code())))
            .collect();
        let shown_months = of.periods.len() <= 6;
        let bars = of
            .periods
            .iter()
            .enumerate()
            .map(|(n, (period, used))| {
                let included = (*used).min(free);
                let name = self.period_name(period.start, period.end);
                LevelBar {
                    label: if shown_months || n % 3 == 0 { self.short_month(period.start) } else { String::new() },
                    parts: vec![(Ink::Included, chart::ink(included)), (Ink::Charged, chart::ink(*used - included))],
                    reading: t!(w, "what-if-bar", period = name, used = w.number(*used), unit = &meter.unit, free = w.number(included)),
                }
            })
            .collect();
        let above = of.periods.iter().filter(|(_, used)| *used > free).count();
        let total = of.periods.len();
        let said = match (free.is_zero(), above) {
            (true, _) => t!(w, "what-if-drawn-none-included", plan = &life.offer.plan.name),
            (false, 0) => t!(w, "what-if-drawn-within", plan = &life.offer.plan.name, free = w.number(free), unit = &meter.unit),
            (false, above) => {
                t!(w, "what-if-drawn-above", plan = &life.offer.plan.name, free = w.number(free), unit = &meter.unit, above = above, count = total)
            }
        };
        let html = chart::levels_html(&Levels {
            title: t!(w, "what-if-drawing", name = &meter.name, plan = &life.offer.plan.name),
            scale: Scale::of(chart::ink(most), |value| w.number(value)),
            bars,
            levels,
        });
        view! { <figure class="chart"><h3>{life.offer.plan.name.clone()}</h3><div inner_html=html></div><figcaption><p>{said}</p></figcaption></figure> }
    }

    /// The same numbers as a table.
    fn months_used(&self) -> Option<AnyView> {
        let w = self.w;
        let of: Vec<(&Meter, &Use)> = self
            .answer
            .meters
            .iter()
            .filter_map(|meter| Some((meter, self.answer.lives.iter().flat_map(|life| &life.uses).find(|of| of.meter == meter.key)?)))
            .collect();
        let (_, first) = of.first()?;
        let same = of.iter().all(|(_, of)| of.periods.len() == first.periods.len());
        let of: Vec<(&Meter, &Use)> = if same { of } else { of.into_iter().take(1).collect() };
        let heads: Vec<_> =
            of.iter().map(|(meter, _)| view! { <th scope="col" class="num">{t!(w, "what-if-meter", name = &meter.name, unit = &meter.unit)}</th> }).collect();
        let rows: Vec<_> = (0..of.first()?.1.periods.len())
            .map(|n| {
                let cells: Vec<_> =
                    of.iter().filter_map(|(_, of)| of.periods.get(n)).map(|(_, used)| view! { <td class="num">{w.number(*used)}</td> }).collect();
                let name = of.first().and_then(|(_, of)| of.periods.get(n)).map(|(period, _)| self.period_name(period.start, period.end));
                view! { <tr><th scope="row">{name}</th>{cells}</tr> }
            })
            .collect();
        Some(
            view! {
                <section class="sec" aria-labelledby="h-used">
                    <details class="why">
                        <summary><span class="nm" id="h-used">{t!(w, "what-if-used")}</span></summary>
                        <table class="dense"><thead><tr><th scope="col">{t!(w, "what-if-period")}</th>{heads}</tr></thead><tbody>{rows}</tbody></table>
                    </details>
                </section>
            }
            .into_any(),
        )
    }

    /// "1 to 31 October 2026"
    fn period_name(&self, start: Instant, end: Instant) -> String {
        t!(self.w, "what-if-range", from = self.dates.day(start), to = self.dates.day_year(end - chrono::Duration::milliseconds(1)))
    }

    /// "Oct"
    fn short_month(&self, at: Instant) -> String {
        self.dates.month(self.dates.date(at)).chars().take(3).collect()
    }
}

/// "by the month", "every 3 months"
fn by_interval(w: Words, interval: Interval) -> String {
    let count = i64::from(interval.count);
    match interval.unit {
        Unit::Day => t!(w, "by-day", count = count),
        Unit::Week => t!(w, "by-week", count = count),
        Unit::Month => t!(w, "by-month", count = count),
        Unit::Year => t!(w, "by-year", count = count),
    }
}

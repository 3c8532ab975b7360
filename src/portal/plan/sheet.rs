//! The sheet of a priced change: each credit and charge with its reason, tax, what is due, what follows, and the button that does it.

use billing::invoice::{Line, LineKind};
use billing::tax::{PricesTax, TaxRate};
use chrono::TimeDelta;
use leptos::prelude::*;

use crate::services::invoices::Priced;
use crate::services::payments::{Method, charged_at_once, method_name};
use crate::services::quotes::Preview;
use crate::services::subscriptions::Subscription;
use crate::services::usage::Meter;
use crate::t;
use crate::ui::lines::{Caption, Column, Figure, Group, Lines, Row, Total, TotalKind, lines_view};
use crate::words::format::currency_head;
use crate::words::reason::Teller;

use super::Seen;

/// What units of a line are called: the meter's, or nothing where the price has no meter.
pub fn unit_of(line: &Line, known: &[&Subscription], meters: &[Meter]) -> String {
    let prices = known.iter().flat_map(|s| s.terms.plan.prices.iter().chain(s.terms.add_ons.iter().flat_map(|add_on| &add_on.prices)));
    prices
        .filter(|price| line.price.as_ref() == Some(&price.key))
        .find_map(|price| price.meter.as_ref())
        .and_then(|meter| meters.iter().find(|known| known.key == meter.key))
        .map(|meter| meter.unit.clone())
        .unwrap_or_default()
}

/// What the sheet names things by.
pub(super) struct Known {
    pub meters: Vec<Meter>,
    pub methods: Vec<Method>,
    pub taxes: Vec<TaxRate>,
}

/// The form under the sheet that confirms it.
pub(super) struct Confirm {
    pub action: &'static str,
    /// What was chosen, so that nothing has to be chosen again.
    pub hidden: Vec<(&'static str, String)>,
    pub button: String,
    /// What is to be known beside the amounts.
    pub remark: Option<String>,
    /// The way back: "Keep Team".
    pub keep: String,
    pub code_field: Option<AnyView>,
}

pub(super) fn sheet(seen: &Seen, preview: &Preview, known: &Known, asks: Confirm) -> AnyView {
    let w = seen.w;
    let currency = preview.before.currency.code().to_owned();
    let table = preview.priced.as_ref().map(|priced| lines_view(lines(seen, preview, priced, known, &currency)));
    let waiting = (!preview.waiting.is_empty()).then(|| view! { <p>{t!(w, "change-waiting")}</p> });
    let from = charged_at_once(&known.methods, &currency).map(|method| t!(w, "change-from", method = method_name(w, method)));
    let from = match (from, preview.due_minor > 0) {
        (Some(from), true) => view! { <span>{from}</span> }.into_any(),
        (None, true) => view! { <a href="/payment-methods/add">{t!(w, "change-no-method")}</a> }.into_any(),
        (_, false) => ().into_any(),
    };
    // Held until a minute that is not later than promised.
    let until = seen.dates.time(preview.expires_at - TimeDelta::seconds(30));
    let fields: Vec<_> = asks.hidden.into_iter().map(|(name, value)| view! { <input type="hidden" name=name value=value /> }).collect();
    view! {
        <section class="sheet" aria-labelledby="h-sheet">
            {match table {
                Some(table) => table.into_any(),
                None => view! { <h2 id="h-sheet">{t!(w, "change-nothing-now")}</h2> }.into_any(),
            }}
            {waiting}
            {asks.remark.map(|remark| view! { <p class="remark">{remark}</p> })}
            <form class="confirm" method="post" action=asks.action>
                {seen.written_for.field()}
                {fields}
                <input type="hidden" name="quote" value=preview.quote.clone() />
                {asks.code_field}
                <button class="btn">{asks.button}</button>
                <p>{from}" "{t!(w, "change-held", time = until)}" "<a href="/plan">{asks.keep}</a></p>
            </form>
        </section>
    }
    .into_any()
}

fn lines(seen: &Seen, preview: &Preview, priced: &Priced, known: &Known, currency: &str) -> Lines {
    let w = seen.w;
    let teller = Teller { words: w, dates: seen.dates, currency };
    let terms = [&preview.before, &preview.after];
    let row = |line: &Line| Row {
        reason: teller.tell(line, &unit_of(line, &terms, &known.meters)),
        figures: vec![Figure::full(w.figure(line.amount_minor, currency))],
    };
    let document = &priced.document;
    let of = |kinds: &[LineKind]| document.lines.iter().filter(|line| kinds.contains(&line.kind)).map(row).collect::<Vec<_>>();
    let (before, after) = (preview.before.plan_name(), preview.after.plan_name());
    let groups = [
        (t!(w, "change-group-back", plan = before), of(&[LineKind::ProrationCredit])),
        (t!(w, "change-group-rest", plan = after), of(&[LineKind::ProrationCharge])),
        (t!(w, "change-group-new", plan = after), of(&[LineKind::Recurring])),
        (t!(w, "change-group-used", plan = before), of(&[LineKind::Usage, LineKind::LateUsage, LineKind::Minimum])),
        (t!(w, "change-group-other"), of(&[LineKind::OneOff, LineKind::Adjustment])),
    ];
    let groups = groups.into_iter().filter(|(_, rows)| !rows.is_empty()).map(|(title, rows)| Group { title: Some(title), rows }).collect();

    let mut totals = sums(seen, priced, &known.taxes, currency);
    if let Some((next, priced)) = preview.next_invoice.as_ref().and_then(|next| next.priced.as_ref().map(|priced| (next, priced))) {
        let label = t!(w, "change-then", day = seen.dates.day(next.at));
        totals.push(Total { label, kind: TotalKind::Quiet, figures: vec![Figure::soft(w.money(priced.due_minor, currency))] });
    }
    Lines {
        words: w,
        currency: currency.to_owned(),
        caption: Caption::Shown { id: "h-sheet", title: t!(w, "change-sheet"), remark: String::new() },
        head: t!(w, "lines-open"),
        columns: vec![Column { head: currency_head(currency), is_far: false }],
        groups,
        totals,
    }
}

/// Before tax, discount, each tax, rounding, balance, and what is due.
fn sums(seen: &Seen, priced: &Priced, taxes: &[TaxRate], currency: &str) -> Vec<Total> {
    let w = seen.w;
    let document = &priced.document;
    let plain = |label: String, amount: i64| Total { label, kind: TotalKind::Sum, figures: vec![Figure::full(w.figure(amount, currency))] };
    let mut totals = Vec::new();
    if document.discount_minor != 0 {
        totals.push(plain(t!(w, "lines-discount"), document.discount_minor.saturating_neg()));
    }
    if document.prices == PricesTax::Exclusive {
        totals.push(plain(t!(w, "lines-before-tax"), document.subtotal_minor.saturating_sub(document.discount_minor)));
    }
    for tax in &document.tax {
        let percent = w.number(tax.percent);
        let name = taxes.iter().find(|rate| rate.key == tax.rate).map_or(tax.rate.as_str(), |rate| rate.name.as_str());
        let label = match document.prices {
            PricesTax::Exclusive => t!(w, "lines-tax", name = name, percent = percent),
            PricesTax::Inclusive => t!(w, "lines-tax-inside", name = name, percent = percent),
        };
        totals.push(plain(label, tax.amount_minor));
    }
    if document.rounding_minor != 0 {
        totals.push(plain(t!(w, "lines-rounding"), document.rounding_minor));
    }
    if priced.balance_minor != 0 {
        totals.push(plain(t!(w, "lines-balance"), priced.balance_minor.saturating_neg()));
    }
    let (label, amount) =
        if document.total_minor < 0 { (t!(w, "change-to-balance"), document.total_minor.saturating_neg()) } else { (t!(w, "change-due"), priced.due_minor) };
    totals.push(Total { label, kind: TotalKind::Total, figures: vec![Figure::full(w.money(amount, currency))] });
    totals
}

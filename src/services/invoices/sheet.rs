//! The sheet of an issued document: what its PDF prints, worded. Made from the frozen document alone, so it comes out the same whenever it
//! is first asked for; what was paid since stands on the page, not on paper.

use billing::invoice::DocumentKind;
use billing::transfer::{Number, payment_code, printed};
use chrono::{Datelike, NaiveDate, Weekday};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::pdf::{
    Answer, Attachment, Boundary, Branding, Chart, Code, Day, FACTUR_X, Fact, Labels, Line, Logo, Paper, Paragraph, Payment, Reason, Relationship, Section,
    Sheet, Stamp, Tick, TierTable, TotalRow, TotalStyle,
};
use super::told::{Told, TotalKind};
use super::{Brand, Party, Snapshot, SnapshotLine, UsageChart, einvoice};
use crate::t;
use crate::words::Words;
use crate::words::format::currency_head;
use crate::words::reason::span;
use crate::words::scale::Scale;

/// The sheet of a document; `document_id` names it for ever.
pub fn sheet(snapshot: &Snapshot, document_id: &str) -> Sheet {
    let w = Words::of(&snapshot.locale);
    let told = Told::new(snapshot, w);
    Sheet {
        paper: if ["US", "CA", "MX"].contains(&snapshot.to.country.as_str()) { Paper::Letter } else { Paper::A4 },
        language: snapshot.locale.clone(),
        issued_at: Stamp::from_unix(snapshot.issued_at.timestamp()),
        document_id: document_id.to_owned(),
        branding: branding(&snapshot.from, &snapshot.brand),
        labels: labels(w, &snapshot.currency),
        decimal_mark: w.decimal_mark(),
        title: told.title(),
        number: snapshot.number.clone(),
        answer: Some(answer(&told)),
        standing: None,
        seller: told.party(&snapshot.from),
        buyer: told.party(&snapshot.to),
        facts: facts(&told),
        sections: vec![Section { heading: None, lines: snapshot.lines.iter().map(|line| self::line(&told, line)).collect() }],
        totals: totals(&told),
        payment: payment(&told),
        notes: told.notes().into_iter().map(|(lead, text)| Paragraph { lead: Some(lead), text }).collect(),
        charts: main_chart(&told).into_iter().collect(),
        footer: footer(&snapshot.from),
        watermark: snapshot.is_test.then(|| t!(w, "test-mode")),
        attachments: factur_x(snapshot, w).into_iter().collect(),
    }
}

/// The same document for programs, where the standard knows such a document.
fn factur_x(snapshot: &Snapshot, w: Words) -> Option<Attachment> {
    let document = einvoice::draw(snapshot).ok()?;
    Some(Attachment {
        name: FACTUR_X.to_owned(),
        mime: "text/xml".to_owned(),
        bytes: einvoice::cii(&document).into_bytes(),
        relationship: Relationship::Alternative,
        description: t!(w, "document-attachment"),
        modified: Stamp::from_unix(snapshot.issued_at.timestamp()),
    })
}

pub(super) fn branding(from: &Party, brand: &Brand) -> Branding {
    Branding {
        name: from.name.clone(),
        accent: accent(&brand.colour),
        // The box that marks are drawn in.
        logo: brand.mark.clone().map(|path| Logo { path, view_box: [0.0, 0.0, 22.0, 22.0] }),
    }
}

/// `#rrggbb`; anything else is ink.
fn accent(colour: &str) -> [u8; 3] {
    let part = |at: usize| colour.strip_prefix('#').and_then(|hex| hex.get(at..at + 2)).and_then(|hex| u8::from_str_radix(hex, 16).ok());
    match (part(0), part(2), part(4)) {
        (Some(red), Some(green), Some(blue)) => [red, green, blue],
        _ => [0, 0, 0],
    }
}

pub(super) fn labels(w: Words, currency: &str) -> Labels {
    Labels {
        from: t!(w, "document-from"),
        to: t!(w, "document-to"),
        description: t!(w, "document-what"),
        quantity: t!(w, "document-quantity"),
        each: t!(w, "reason-each-head"),
        amount: currency_head(currency),
        page: t!(w, "document-page", page = "{page}", pages = "{pages}"),
    }
}

fn answer(told: &Told<'_>) -> Answer {
    let (w, s) = (told.words, told.snapshot);
    let due_minor = s.total_minor.saturating_sub(s.balance_minor);
    match s.kind {
        DocumentKind::CreditNote => {
            let amount = w.money(s.total_minor.saturating_neg(), &s.currency);
            Answer { text: t!(w, "document-answer-credit", amount = &amount), strong: Some(amount) }
        }
        DocumentKind::Invoice if s.total_minor == 0 => Answer { text: t!(w, "document-answer-nothing"), strong: None },
        DocumentKind::Invoice if due_minor <= 0 => {
            let amount = w.money(s.total_minor, &s.currency);
            Answer { text: t!(w, "document-answer-balance", amount = &amount), strong: Some(amount) }
        }
        DocumentKind::Invoice => {
            let amount = w.money(due_minor, &s.currency);
            Answer { text: t!(w, "document-answer-due", amount = &amount, day = told.dates.day_year(s.due_at)), strong: Some(amount) }
        }
    }
}

fn facts(told: &Told<'_>) -> Vec<Fact> {
    let (w, s) = (told.words, told.snapshot);
    let mut facts = vec![Fact { label: t!(w, "document-date"), value: told.dates.day_year(s.issued_at) }];
    if s.kind == DocumentKind::Invoice && s.total_minor > s.balance_minor {
        facts.push(Fact { label: t!(w, "document-due"), value: told.dates.day_year(s.due_at) });
    }
    let supplied = s.lines.iter().filter_map(|line| line.line.from.zip(line.line.to)).reduce(|(from, to), (begin, end)| (from.min(begin), to.max(end)));
    if let Some((from, to)) = supplied {
        facts.push(Fact { label: t!(w, "document-supplied"), value: span(&told.dates, from, to) });
    }
    facts.extend(s.purchase_order.iter().map(|order| Fact { label: t!(w, "document-purchase-order"), value: order.clone() }));
    if !s.corrects.is_empty() {
        facts.push(Fact { label: t!(w, "document-corrects-head"), value: s.corrects.join(", ") });
    }
    facts
}

fn line(told: &Told<'_>, line: &SnapshotLine) -> Line {
    let w = told.words;
    let reason = told.line(line);
    let heads = || [t!(w, "reason-tier"), t!(w, "reason-units-head"), t!(w, "reason-each-head"), currency_head(&told.snapshot.currency)];
    let tiers = (!reason.tiers.is_empty()).then(|| TierTable {
        heads: heads(),
        rows: reason.tiers.iter().map(|tier| [tier.span.clone(), tier.units.clone(), tier.each.clone(), tier.amount.clone()]).collect(),
        together: reason.tiers_total.clone().map(|(units, amount)| [t!(w, "reason-together"), units, String::new(), amount]),
    });
    let paragraphs: Vec<_> = (!reason.sentences.is_empty()).then(|| Paragraph { lead: None, text: reason.sentences.join(" ") }).into_iter().collect();
    Line {
        name: reason.name,
        sub: reason.remark,
        quantity: reason.quantity,
        each: reason.each,
        amount: w.figure(line.line.amount_minor, &told.snapshot.currency),
        reason: (tiers.is_some() || !paragraphs.is_empty()).then_some(Reason { tiers, paragraphs }),
    }
}

fn totals(told: &Told<'_>) -> Vec<TotalRow> {
    let (w, s) = (told.words, told.snapshot);
    let style = |kind| match kind {
        TotalKind::Sum => TotalStyle::Plain,
        TotalKind::Total => TotalStyle::Total,
        TotalKind::Quiet => TotalStyle::Quiet,
    };
    let mut rows: Vec<TotalRow> = told.sums().into_iter().map(|sum| TotalRow { label: sum.label, amount: sum.amount, style: style(sum.kind) }).collect();
    if s.balance_minor > 0 {
        rows.push(TotalRow { label: t!(w, "document-balance"), amount: w.money(s.balance_minor.saturating_neg(), &s.currency), style: TotalStyle::Quiet });
        rows.push(TotalRow {
            label: t!(w, "document-to-pay"),
            amount: w.money(s.total_minor.saturating_sub(s.balance_minor), &s.currency),
            style: TotalStyle::Plain,
        });
    }
    rows
}

/// Where to transfer what was due on the day of issue.
fn payment(told: &Told<'_>) -> Option<Payment> {
    let (w, s) = (told.words, told.snapshot);
    let transfer = s.transfer.as_ref()?;
    let due_minor = s.total_minor.saturating_sub(s.balance_minor);
    let amount = w.money(due_minor, &s.currency);
    let mut facts = vec![Fact { label: t!(w, "transfer-holder"), value: transfer.account.holder.clone() }];
    match &transfer.account.number {
        Number::Iban { iban, bic } => {
            facts.push(Fact { label: t!(w, "transfer-iban"), value: iban.to_string() });
            facts.extend(bic.as_ref().map(|bic| Fact { label: t!(w, "transfer-bic"), value: bic.text().to_owned() }));
        }
        Number::PromptPay(id) => facts.push(Fact { label: t!(w, "transfer-promptpay"), value: id.to_string() }),
    }
    facts.push(Fact { label: t!(w, "transfer-reference"), value: printed(&transfer.reference) });
    facts.push(Fact { label: t!(w, "transfer-amount"), value: amount.clone() });
    let code = payment_code(&transfer.account, &s.currency, due_minor, &transfer.reference)
        .map(|text| Code { text, alternative: t!(w, "transfer-code", amount = amount, holder = &transfer.account.holder) });
    let mut paragraphs = vec![Paragraph { lead: None, text: t!(w, "transfer-how") }];
    paragraphs.extend(code.as_ref().map(|_| Paragraph { lead: None, text: t!(w, "transfer-scan") }));
    Some(Payment { heading: t!(w, "transfer-heading"), facts, code, paragraphs })
}

pub(super) fn footer(from: &Party) -> Vec<String> {
    let parts = [Some(from.legal_name.clone()), Some(from.address.lines().join(", ")), from.tax_id.clone(), from.email.clone()];
    vec![parts.into_iter().flatten().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")]
}

/// The chart of the meter that cost most, of those whose days add up to the whole.
fn main_chart(told: &Told<'_>) -> Option<Chart> {
    let of = |chart: &UsageChart| told.snapshot.lines.iter().find(|line| line.id == chart.line);
    let adds_up = |chart: &&UsageChart| {
        let sum = chart.days.iter().filter_map(|day| day.used).try_fold(Decimal::ZERO, Decimal::checked_add);
        sum.is_some_and(|sum| !sum.is_zero() && chart.days.last().is_some_and(|last| last.total == sum))
    };
    let chart = told.snapshot.charts.iter().filter(adds_up).max_by_key(|chart| of(chart).map(|line| line.line.amount_minor))?;
    Some(draw(told, chart, of(chart)?))
}

fn draw(told: &Told<'_>, chart: &UsageChart, line: &SnapshotLine) -> Chart {
    let (w, dates) = (told.words, &told.dates);
    let tiers = &line.line.explain.tiers;
    let part = |at: billing::money::Ratio| {
        i64::try_from(at.numer()).ok().zip(i64::try_from(at.denom()).ok()).and_then(|(n, d)| Decimal::from(n).checked_div(Decimal::from(d)))
    };
    // A first tier that costs nothing is included too.
    let free_tier = tiers.first().filter(|tier| tier.unit_amount.is_zero() && tier.flat_amount.is_zero()).and_then(|tier| tier.up_to).and_then(part);
    let included = chart.included.checked_add(free_tier.unwrap_or_default()).unwrap_or(chart.included);

    let total = chart.days.last().map(|day| day.total).unwrap_or_default();
    let reached = |at: Decimal| chart.days.iter().find(|day| day.total > at).map(|day| dates.date(day.start));
    let mut boundaries = Vec::new();
    if !included.is_zero() {
        boundaries.push(Boundary {
            at: small(included),
            label: t!(w, "document-chart-included", n = w.number(included)),
            reached: reached(included).map(|day| dates.day_of(day)),
        });
    }
    for tier in tiers.iter().skip(1) {
        let Some(from) = part(tier.from).and_then(|from| from.checked_add(chart.included)) else { continue };
        if from == included {
            continue;
        }
        let label = t!(w, "document-chart-then", n = w.number(from), each = w.unit_price(tier.unit_amount, &told.snapshot.currency));
        boundaries.push(Boundary { at: small(from), label, reached: reached(from).map(|day| dates.day_of(day)) });
    }

    let mut left = included;
    let mut busiest: Option<(Decimal, NaiveDate)> = None;
    let is_long = chart.days.len() > 45;
    let days: Vec<Day> = chart
        .days
        .iter()
        .enumerate()
        .map(|(index, day)| {
            let (used, date) = (day.used.unwrap_or_default(), dates.date(day.start));
            if busiest.is_none_or(|(most, _)| used > most) {
                busiest = Some((used, date));
            }
            let free = used.min(left);
            left = left.saturating_sub(free);
            let label = match (is_long, date.day()) {
                (_, 1) => Some(dates.day_of(date)).filter(|_| !is_long).or_else(|| Some(dates.month(date))),
                (true, _) => None,
                (false, _) if index == 0 => Some(dates.day_of(date)),
                (false, n) => (date.weekday() == Weekday::Mon).then(|| n.to_string()),
            };
            Day { included: small(free), charged: small(used.saturating_sub(free)), label }
        })
        .collect();

    let when = span(dates, chart.period.start, chart.period.end);
    let mut caption = vec![t!(w, "document-chart-total", n = w.number(total), unit = &chart.unit)];
    if let Some(day) = reached(included).filter(|_| !included.is_zero()) {
        caption.push(t!(w, "document-chart-used-up", n = w.number(included), day = dates.day_of(day)));
    }
    if let Some((most, day)) = busiest {
        caption.push(t!(w, "document-chart-busiest", weekday = dates.weekday(day), day = dates.day_of(day), n = w.number(most)));
    }
    caption.push(t!(w, "document-chart-zone", zone = dates.zone_name()));
    let most = busiest.map(|(most, _)| most).unwrap_or_default();
    Chart {
        title: t!(w, "document-chart-title", name = &chart.name, when = when),
        caption: caption.join(" "),
        running_title: t!(w, "document-chart-running"),
        days_title: t!(w, "document-chart-days"),
        included_key: if included.is_zero() { String::new() } else { t!(w, "document-chart-key-included") },
        charged_key: t!(w, "document-chart-key-charged"),
        days,
        boundaries,
        running_ticks: ticks(w, total),
        day_ticks: ticks(w, most),
        end_label: w.number(total),
    }
}

fn ticks(w: Words, most: Decimal) -> Vec<Tick> {
    Scale::of(most.to_f64().unwrap_or(f64::MAX), |value| w.number(value)).ticks.into_iter().map(|(at, label)| Tick { at: at as f32, label }).collect()
}

/// A quantity as it is drawn.
fn small(value: Decimal) -> f32 {
    value.to_f32().unwrap_or(f32::MAX)
}

//! Why a line costs what it costs, in the reader's words. The engine explains each line as data ([`billing::explain`]); here the data
//! becomes a name, a short remark, sentences and a table of tiers, the same for the pages and the PDF. Nothing is computed again.

use billing::calendar::{By, Instant};
use billing::explain::{BoundKind, Explain, ModelName, ShareOf, TierPart};
use billing::invoice::{Line, LineKind};
use billing::money::{Ratio, Rounding};
use chrono::Datelike;
use rust_decimal::Decimal;

use crate::t;
use crate::words::Words;
use crate::words::format::Dates;

/// A line, told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// "Build minutes"
    pub name: String,
    /// "1 to 31 October", "€29.00 × 9 days 13 h 30 min of 30 days"
    pub remark: String,
    /// "11,912 minutes"; empty for a fee.
    pub quantity: String,
    /// "€9.00", "by tier"; empty for a fee.
    pub each: String,
    pub tiers: Vec<TierRow>,
    /// "11,912" and "81.56" under the tiers.
    pub tiers_total: Option<(String, String)>,
    pub sentences: Vec<String>,
    /// Where more of it can be seen: address and label.
    pub link: Option<(String, String)>,
}

/// One tier of a line: what it covers, units, price of each, amount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TierRow {
    pub span: String,
    pub units: String,
    pub each: String,
    pub amount: String,
}

/// What telling a line needs beside the line.
#[derive(Clone, Copy)]
pub struct Teller<'a> {
    pub words: Words,
    pub dates: Dates,
    pub currency: &'a str,
}

impl Teller<'_> {
    /// Tells a line whose units are called `unit` ("minutes"); empty where its price counts no meter.
    pub fn tell(&self, line: &Line, unit: &str) -> Reason {
        let explain = &line.explain;
        let quantity = explain.units.map(|units| self.counted(line.kind, units, unit)).unwrap_or_default();
        let tiers = self.tiers(explain);
        let tiers_total =
            explain.units.filter(|_| !tiers.is_empty()).map(|units| (self.words.number(units), self.words.figure(line.amount_minor, self.currency)));
        Reason {
            name: short_name(&line.name).to_owned(),
            remark: self.remark(line),
            quantity: if matches!(explain.model, Some(ModelName::Flat) | None) { String::new() } else { quantity.clone() },
            each: self.each(explain),
            tiers,
            tiers_total,
            sentences: self.sentences(line, &quantity),
            link: None,
        }
    }

    fn remark(&self, line: &Line) -> String {
        let w = self.words;
        match (line.kind, &line.explain.share) {
            (LineKind::ProrationCredit | LineKind::ProrationCharge, Some(share)) => {
                t!(w, "reason-part-of", part = self.length(share, Part::Used), whole = self.length(share, Part::Whole))
            }
            (LineKind::Recurring, _) => t!(w, "reason-in-advance", span = self.span(line)),
            _ => self.span(line),
        }
    }

    /// `1 to 31 October`, or with both months where they differ.
    fn span(&self, line: &Line) -> String {
        let (Some(from), Some(to)) = (line.from, line.to) else { return String::new() };
        span(&self.dates, from, to)
    }

    /// `11,912 minutes`, `5 seats`, `3`
    fn counted(&self, kind: LineKind, units: Decimal, unit: &str) -> String {
        let w = self.words;
        match (unit, kind, i64::try_from(units)) {
            // What a plan counts without a meter is its seats.
            ("", LineKind::Recurring | LineKind::ProrationCredit | LineKind::ProrationCharge, Ok(seats)) if units.is_integer() => {
                t!(w, "plan-seats", count = seats)
            }
            ("", _, _) => w.number(units),
            _ => t!(w, "reason-quantity", units = w.number(units), unit = unit),
        }
    }

    fn each(&self, explain: &Explain) -> String {
        match explain.model {
            Some(ModelName::PerUnit) => explain.unit_amount.map(|each| self.words.unit_price(each, self.currency)).unwrap_or_default(),
            Some(ModelName::Graduated | ModelName::Volume) => t!(self.words, "reason-by-tier"),
            Some(ModelName::Package) => explain.packages.as_ref().map(|p| self.words.unit_price(p.amount, self.currency)).unwrap_or_default(),
            Some(ModelName::Flat) | None => String::new(),
        }
    }

    fn tiers(&self, explain: &Explain) -> Vec<TierRow> {
        let w = self.words;
        if explain.tiers.is_empty() {
            return Vec::new();
        }
        let included = explain.included.unwrap_or(Ratio::ZERO);
        let mut rows = Vec::new();
        if !included.is_zero() {
            let used = explain.units.map(Ratio::from).map_or(included, |units| units.min(included));
            rows.push(TierRow {
                span: t!(w, "reason-tier-included", upto = ratio(w, included)),
                units: ratio(w, used),
                each: w.unit_price(Decimal::ZERO, self.currency),
                amount: w.figure(0, self.currency),
            });
        }
        rows.extend(explain.tiers.iter().map(|tier| self.tier(tier, included)));
        rows
    }

    /// Tiers count the units beyond the included ones; people count all of them.
    fn tier(&self, tier: &TierPart, included: Ratio) -> TierRow {
        let w = self.words;
        let from = tier.from.add(included).unwrap_or(tier.from);
        let span = match tier.up_to.map(|end| end.add(included).unwrap_or(end)) {
            Some(end) if from.is_zero() => t!(w, "reason-tier-first", upto = ratio(w, end)),
            Some(end) => t!(w, "reason-tier-between", from = ratio(w, from), upto = ratio(w, end)),
            None if from.is_zero() => t!(w, "reason-tier-all"),
            None => t!(w, "reason-tier-above", from = ratio(w, from)),
        };
        TierRow { span, units: ratio(w, tier.units), each: w.unit_price(tier.unit_amount, self.currency), amount: self.exact(tier.amount) }
    }

    fn sentences(&self, line: &Line, quantity: &str) -> Vec<String> {
        let w = self.words;
        let explain = &line.explain;
        let mut out = Vec::new();
        if let Some(late) = &explain.late {
            out.push(t!(w, "reason-late", now = w.money(late.rerated_minor, self.currency), before = w.money(late.billed_minor, self.currency)));
        }
        if let Some(invoiced) = &explain.invoiced {
            let (now, before) = (w.money(invoiced.rerated_minor, self.currency), w.money(invoiced.billed_minor, self.currency));
            out.push(t!(w, "reason-invoiced", now = now, before = before));
        }
        match (explain.model, explain.units) {
            (Some(ModelName::Flat), _) if explain.share.is_none() && explain.credit.is_none() => out.push(t!(w, "reason-fee", span = self.span(line))),
            (Some(ModelName::PerUnit), Some(units)) => out.push(self.per_unit(explain, units, quantity)),
            (Some(ModelName::Package), Some(_)) => {
                if let Some(p) = &explain.packages {
                    out.push(t!(
                        w,
                        "reason-packages",
                        quantity = quantity,
                        started = ratio(w, p.started),
                        size = w.number(p.size),
                        each = w.unit_price(p.amount, self.currency)
                    ));
                }
            }
            _ => {}
        }
        if let Some(credit) = &explain.credit {
            out.push(t!(w, "reason-credit", charged = w.money(credit.charged_minor, self.currency)));
        }
        if let Some(share) = &explain.share {
            out.push(self.part(share));
        } else if let (Some(from), Some(to)) = (line.from, line.to)
            && line.kind == LineKind::Usage
        {
            out.push(t!(w, "reason-when", from = self.dates.moment(from), to = self.dates.moment(to), zone = self.dates.zone_name()));
        }
        if let Some(bound) = &explain.bound {
            let amount = self.exact_money(bound.amount);
            out.push(match bound.kind {
                BoundKind::Minimum => t!(w, "reason-minimum", amount = amount),
                BoundKind::Maximum => t!(w, "reason-maximum", amount = amount),
            });
        }
        if let Some(rate) = &explain.exchange {
            out.push(t!(w, "reason-exchange", from = rate.from.code(), to = rate.to.code(), rate = w.number(rate.rate), day = self.dates.day_year_of(rate.on)));
        }
        if let (Some(exact), Some(rounding)) = (explain.exact, explain.rounding)
            && exact.denom() != 1
        {
            // What was rated again is rounded as a whole; the line is what was not billed of it.
            let rated_minor = explain.late.as_ref().or(explain.invoiced.as_ref()).map_or(line.amount_minor, |again| again.rerated_minor);
            let (exact, amount) = (self.exact_money(exact), w.money(rated_minor, self.currency));
            out.push(match rounding {
                Rounding::HalfUp => t!(w, "reason-rounded-up", exact = exact, amount = amount),
                Rounding::HalfEven => t!(w, "reason-rounded-even", exact = exact, amount = amount),
            });
        }
        if line.discount_minor != 0 {
            out.push(t!(w, "reason-discount", amount = w.money(line.discount_minor, self.currency)));
        }
        out
    }

    fn per_unit(&self, explain: &Explain, units: Decimal, quantity: &str) -> String {
        let w = self.words;
        let each = explain.unit_amount.map(|each| w.unit_price(each, self.currency)).unwrap_or_default();
        match explain.included {
            Some(included) => {
                let billable = Ratio::from(units).sub(included).map_or(Ratio::ZERO, |rest| rest.max(Ratio::ZERO));
                if billable.is_zero() {
                    return t!(w, "reason-units-all-included", quantity = quantity, included = ratio(w, included));
                }
                t!(w, "reason-units-included", quantity = quantity, included = ratio(w, included), billable = ratio(w, billable), each = each)
            }
            None => t!(w, "reason-units", quantity = quantity, each = each),
        }
    }

    /// `From 21 November 2026, 10:30 to 1 December 2026, 00:00, Vienna time: 826,200 of 2,592,000 seconds.`
    fn part(&self, share: &ShareOf) -> String {
        let w = self.words;
        let (n, d) = (w.number(share.n.into()), w.number(share.d.into()));
        let (from, to, zone) = (self.dates.moment(share.from), self.dates.moment(share.to), self.dates.zone_name());
        match share.by {
            By::Day => t!(w, "reason-days", from = from, to = to, zone = zone, n = n, d = d),
            By::Second | By::None => t!(w, "reason-seconds", from = from, to = to, zone = zone, n = n, d = d),
        }
    }

    fn length(&self, share: &ShareOf, part: Part) -> String {
        let w = self.words;
        let amount = match part {
            Part::Used => share.n,
            Part::Whole => share.d,
        };
        match share.by {
            By::Day => t!(w, "length-days", days = amount),
            By::Second | By::None => duration(w, amount),
        }
    }

    fn exact(&self, amount: Ratio) -> String {
        match amount.round(Rounding::HalfUp) {
            Ok(minor) if amount.denom() == 1 => self.words.figure(minor, self.currency),
            _ => in_major(self.words, amount, self.currency),
        }
    }

    fn exact_money(&self, amount: Ratio) -> String {
        let figures = self.exact(amount.abs());
        let sign = if amount.is_negative() { "−" } else { "" };
        format!("{sign}{}", self.words.with_currency(&figures, self.currency))
    }
}

/// A line's name without its plan's: the page says which plan, the line what of it.
pub fn short_name(name: &str) -> &str {
    name.split_once(" · ").map_or(name, |(_, what)| what)
}

#[derive(Clone, Copy)]
enum Part {
    Used,
    Whole,
}

/// `1 to 31 October`; with both months where they differ.
pub fn span(dates: &Dates, from: Instant, to: Instant) -> String {
    let (first, last) = (dates.date(from), dates.date(to - chrono::Duration::milliseconds(1)));
    let is_one_month = (first.year(), first.month()) == (last.year(), last.month());
    let begin = if is_one_month { first.day().to_string() } else { dates.day_of(first) };
    if first == last { dates.day_of(last) } else { t!(dates.words, "reason-span", from = begin, to = dates.day_of(last)) }
}

/// `9 days 13 h 30 min`
fn duration(w: Words, seconds: i64) -> String {
    let (days, hours, minutes, rest) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
    let mut parts = Vec::with_capacity(4);
    if days > 0 {
        parts.push(t!(w, "length-days", days = days));
    }
    for (amount, text) in [
        (hours, t!(w, "length-hours", n = hours.to_string())),
        (minutes, t!(w, "length-minutes", n = minutes.to_string())),
        (rest, t!(w, "length-seconds", n = rest.to_string())),
    ] {
        if amount > 0 {
            parts.push(text);
        }
    }
    if parts.is_empty() { t!(w, "length-seconds", n = "0") } else { parts.join(" ") }
}

/// A fraction as people read it: exact where it ends within six decimals, else cut there and marked.
fn ratio(w: Words, value: Ratio) -> String {
    decimals(w, value, 6)
}

fn in_major(w: Words, amount_minor: Ratio, currency: &str) -> String {
    let scale = 10_i64.checked_pow(crate::words::format::exponent(currency)).unwrap_or(100);
    amount_minor.div(Ratio::whole(scale)).map_or_else(|_| String::new(), |major| decimals(w, major, 6))
}

fn decimals(w: Words, value: Ratio, places: u32) -> String {
    let (Ok(numer), Ok(denom)) = (i64::try_from(value.numer()), i64::try_from(value.denom())) else { return format!("{}÷{}", value.numer(), value.denom()) };
    let Some(quotient) = Decimal::from(numer).checked_div(Decimal::from(denom)) else { return String::new() };
    let cut = quotient.trunc_with_scale(places);
    let is_exact = Ratio::from(cut) == value;
    if is_exact { w.number(cut) } else { format!("{}…", w.number(cut)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn teller() -> Teller<'static> {
        let words = Words::of("en");
        Teller { words, dates: Dates::new(words, chrono_tz::Europe::Vienna), currency: "EUR" }
    }

    #[test]
    fn a_part_of_a_period_names_both_lengths_and_the_zone() {
        let share = ShareOf {
            n: 826_200,
            d: 2_592_000,
            by: By::Second,
            zone: chrono_tz::Europe::Vienna,
            from: "2026-11-21T09:30:00Z".parse().unwrap(),
            to: "2026-11-30T23:00:00Z".parse().unwrap(),
            whole_from: "2026-10-31T23:00:00Z".parse().unwrap(),
            whole_to: "2026-11-30T23:00:00Z".parse().unwrap(),
        };
        let line = Line {
            kind: LineKind::ProrationCharge,
            amount_minor: 3156,
            explain: Explain { share: Some(share), ..Explain::default() },
            ..Line::one_off("Business plan", 3156)
        };
        let told = teller().tell(&line, "");
        assert_eq!(told.remark, "9 days 13 h 30 min of 30 days");
        assert_eq!(told.sentences, ["From 21 November 2026, 10:30, to 1 December 2026, 00:00, Vienna time: 826,200 of 2,592,000 seconds."]);
    }

    #[test]
    fn a_plan_counts_seats_and_what_is_included_costs_nothing() {
        let seats = |units: i64| {
            let explain = Explain {
                model: Some(ModelName::PerUnit),
                units: Some(units.into()),
                included: Some(Ratio::whole(3)),
                unit_amount: Some(900.into()),
                ..Explain::default()
            };
            teller().tell(&Line { kind: LineKind::Recurring, explain, ..Line::one_off("Team · Seats", 0) }, "")
        };
        assert_eq!(seats(5).quantity, "5 seats");
        assert_eq!(seats(5).sentences, ["5 seats, less the 3 in the plan: 2 × €9.00."]);
        assert_eq!(seats(1).quantity, "1 seat");
        assert_eq!(seats(1).sentences, ["1 seat, all within the 3 in the plan."]);
    }

    #[test]
    fn a_span_within_a_month_names_it_once() {
        let dates = teller().dates;
        let at = |text: &str| text.parse().unwrap();
        assert_eq!(span(&dates, at("2026-09-30T22:00:00Z"), at("2026-10-31T23:00:00Z")), "1 to 31 October");
        assert_eq!(span(&dates, at("2026-10-14T22:00:00Z"), at("2026-11-14T23:00:00Z")), "15 October to 14 November");
        assert_eq!(span(&dates, at("2026-10-14T22:00:00Z"), at("2026-10-15T22:00:00Z")), "15 October");
    }

    #[test]
    fn fractions_that_do_not_end_are_marked() {
        let w = Words::of("en");
        assert_eq!(ratio(w, Ratio::new(1, 3).unwrap()), "0.333333…");
        let w = Words::of("en");
        assert_eq!(ratio(w, Ratio::new(13625, 20).unwrap()), "681.25");
        assert_eq!(in_major(w, Ratio::new(369_750, 400).unwrap(), "EUR"), "9.24375");
    }
}

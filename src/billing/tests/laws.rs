//! What holds for all inputs, each law in words.

use billing::{
    calendar::{Anchor, By, Interval, Period, Share, Unit, Zone},
    correction::{Invoiced, credit_amount},
    discount::Duration,
    invoice::{Document, Line, LineKind, assemble},
    ledger,
    money::{Currency, Ratio, Rounding, round_together, spread},
    price::{Model, Price, Tier, rate},
    subscription::{Charged, Credited, Unused},
    tax::{LineTax, PricesTax},
    usage::{Aggregate, Event},
};
use proptest::prelude::*;
use rust_decimal::Decimal;

use crate::strategies::{a_by, a_decimal, a_price, a_rounding, an_aggregate, cases, second, some_terms};
use crate::world::{Life, MONTH, at, currency, every, flat, metered, of, per_unit, percent_off, plan, price, rate as tax_rate, taxed};

/// Every document keeps these, whatever is on it.
#[track_caller]
pub fn assert_adds_up(document: &Document) {
    let lines = |of: fn(&Line) -> i64| document.lines.iter().map(of).sum::<i64>();
    let line_taxes = lines(|line| line.tax.iter().map(|tax| tax.amount_minor).sum());
    assert_eq!(lines(|line| line.amount_minor), document.subtotal_minor);
    assert_eq!(lines(|line| line.discount_minor), document.discount_minor);
    assert_eq!(document.discounts.iter().map(|applied| applied.amount_minor).sum::<i64>(), document.discount_minor);
    assert_eq!(document.tax.iter().map(|tax| tax.amount_minor).sum::<i64>(), document.tax_total_minor);
    assert_eq!(line_taxes, document.tax_total_minor);
    let on_top = if document.prices == PricesTax::Exclusive { document.tax_total_minor } else { 0 };
    assert_eq!(document.subtotal_minor - document.discount_minor + on_top + document.rounding_minor, document.total_minor);
    assert_eq!(document.total_minor % document.currency.payable_unit_minor(), 0);
    assert!(document.lines.iter().all(|line| line.discount_minor == 0 || (0 < line.discount_minor && line.discount_minor <= line.amount_minor)));
    let entries = if document.total_minor < 0 { ledger::credit_note_issued(document, 0) } else { ledger::invoice_issued(document) };
    assert_eq!(entries.expect("posts").iter().map(|entry| entry.amount_minor).sum::<i64>(), 0);
}

proptest! {
    #![proptest_config(cases())]

    /// Adding and taking away, multiplying and dividing undo each other; order agrees with the sign of the difference.
    #[test]
    fn fractions_obey_arithmetic(a in any::<i32>(), b in 1_i32.., c in any::<i32>(), d in 1_i32..) {
        let fraction = |n: i32, d: i32| Ratio::new(i128::from(n), i128::from(d)).expect("a fraction");
        let (one, other) = (fraction(a, b), fraction(c, d));
        prop_assert_eq!(one.add(other).and_then(|sum| sum.sub(other)), Ok(one));
        prop_assert_eq!(one.cmp(&other), one.sub(other).expect("small").numer().cmp(&0));
        if !other.is_zero() {
            prop_assert_eq!(one.mul(other).and_then(|product| product.div(other)), Ok(one));
        }
        prop_assert_eq!(one.to_string().parse::<Ratio>(), Ok(one));
    }

    /// Order is total and never overflows, even where the difference would.
    #[test]
    fn fractions_compare_without_overflow(a in any::<i128>(), b in any::<i128>(), c in any::<i128>(), d in any::<i128>()) {
        if let (Ok(one), Ok(other)) = (Ratio::new(a, b), Ratio::new(c, d)) {
            prop_assert_eq!(one.cmp(&other), other.cmp(&one).reverse());
            prop_assert_eq!(one.cmp(&other) == std::cmp::Ordering::Equal, one == other);
            // Whatever is too large is refused, not wrapped and not a panic.
            let _ = (one.add(other), one.mul(other), one.div(other), one.round(Rounding::HalfUp), one.ceil());
        }
    }

    /// Rounding is to the nearest, leaves whole numbers alone, and treats a debt as it treats a credit.
    #[test]
    fn rounding_is_nearest_and_symmetric(n in any::<i64>(), d in 1_i64..1_000_000, rounding in a_rounding()) {
        let exact = Ratio::new(i128::from(n), i128::from(d)).expect("a fraction");
        let rounded = exact.round(rounding).expect("fits");
        let off = exact.sub(Ratio::whole(rounded)).expect("small").abs();
        prop_assert!(off <= Ratio::new(1, 2).expect("a half"));
        prop_assert_eq!(exact.neg().round(rounding), Ok(-rounded));
        prop_assert_eq!(Ratio::whole(rounded).round(rounding), Ok(rounded));
    }

    /// Shares sum to the total; each is its quota rounded down or up; the negative total mirrors the positive.
    #[test]
    fn spreading_preserves_the_sum(total in -1_000_000_000_i64..1_000_000_000, weights in proptest::collection::vec(0_i64..1_000_000, 1..12)) {
        let whole = weights.iter().sum::<i64>();
        prop_assume!(whole > 0);
        let shares = spread(total, &weights).expect("spreads");
        prop_assert_eq!(shares.iter().sum::<i64>(), total);
        for (share, weight) in shares.iter().zip(&weights) {
            let off = i128::from(*share) * i128::from(whole) - i128::from(total) * i128::from(*weight);
            prop_assert!(off.abs() < i128::from(whole), "a share is less than one from its quota");
        }
        let mirrored = spread(-total, &weights).expect("spreads").into_iter().map(|share| -share).collect::<Vec<_>>();
        prop_assert_eq!(shares, mirrored);
    }

    /// Fractions rounded together come to their sum, rounded once; each goes to a neighbour, what is whole stays, and a debt is as a credit.
    #[test]
    fn rounding_together_preserves_the_sum(parts in proptest::collection::vec((-1_000_000_i64..1_000_000, 1_i128..1000), 0..12)) {
        let exact: Vec<Ratio> = parts.iter().map(|(n, d)| Ratio::new(i128::from(*n), *d).expect("a fraction")).collect();
        let sum = exact.iter().try_fold(Ratio::ZERO, |sum, part| sum.add(*part));
        prop_assume!(sum.is_ok());
        let shares = round_together(&exact).expect("rounds");
        prop_assert_eq!(Ok(shares.iter().sum::<i64>()), sum.and_then(|sum| sum.round(Rounding::HalfUp)));
        for (share, part) in shares.iter().zip(&exact) {
            prop_assert!(part.sub(Ratio::whole(*share)).expect("small").abs() < Ratio::ONE);
        }
        let mirrored = round_together(&exact.iter().map(|part| part.neg()).collect::<Vec<_>>()).expect("rounds");
        prop_assert_eq!(shares, mirrored.into_iter().map(|share| -share).collect::<Vec<_>>());
    }

    /// Cutting a period into parts and spreading its amount over their lengths loses nothing.
    #[test]
    fn splitting_a_period_preserves_its_amount(amount in 0_i64..10_000_000, mut cuts in proptest::collection::vec(0_i64..2_592_000, 0..8)) {
        cuts.extend([0, 2_592_000]);
        cuts.sort_unstable();
        let whole = Period { start: second(0), end: second(2_592_000) };
        let parts = cuts.windows(2).map(|pair| Period { start: second(pair[0]), end: second(pair[1]) });
        let shares = parts.map(|part| Share::of(part, whole, By::Second, Zone::UTC).expect("a share").n).collect::<Vec<_>>();
        prop_assert_eq!(shares.iter().sum::<i64>(), 2_592_000);
        prop_assert_eq!(spread(amount, &shares).expect("spreads").iter().sum::<i64>(), amount);
    }

    /// Ten years of periods follow each other without gap or overlap, each holding its own start, none longer than 31 days and
    /// an hour, and an anchor on the 28th to 31st is back on its day whenever the month has it.
    #[test]
    fn periods_leave_no_gap(day in 28_u32..=31, hour in 0_i64..24, zone in prop_oneof![
        Just("Europe/Paris"), Just("America/New_York"), Just("Australia/Lord_Howe"), Just("America/Sao_Paulo"), Just("Africa/Cairo"), Just("Pacific/Apia"),
    ]) {
        let zone: Zone = zone.parse().expect("a zone");
        let start = at("2009-12-01") + chrono::Duration::days(i64::from(day) - 1) + chrono::Duration::hours(hour);
        let anchor = Anchor::at(start, zone);
        let mut at = start;
        for n in 0..120 {
            let period = anchor.period_containing(MONTH, at).expect("a period");
            prop_assert_eq!((period.start, period.end), (at, anchor.boundary(MONTH, n + 1).expect("a boundary")));
            prop_assert!(period.start < period.end && (period.end - period.start).num_hours() <= 31 * 24 + 24);
            let local = period.end.with_timezone(&zone).date_naive();
            use chrono::Datelike;
            let last = (28..=31).rev().find_map(|day| local.with_day(day)).expect("a last day");
            let wished = anchor.day.min(last.day());
            // Where the clocks skip the hour or (in Samoa) the day, the boundary is the first moment after.
            prop_assert!(local.day() == wished || zone.name() == "Pacific/Apia" && local.month() == 12);
            at = period.end;
        }
    }

    /// Any instant lies in exactly the period that is found for it.
    #[test]
    fn every_instant_has_its_period(origin in -60_000_000_i64..60_000_000, when in -200_000_000_i64..200_000_000, count in 1_u32..5,
        unit in prop_oneof![Just(Unit::Day), Just(Unit::Week), Just(Unit::Month), Just(Unit::Year)]) {
        let anchor = Anchor::at(second(origin), Zone::Europe__Dublin);
        let period = anchor.period_containing(Interval { unit, count }, second(when)).expect("a period");
        prop_assert!(period.contains(second(when)));
    }

    /// More usage never costs less, volume prices excepted, whose point is that it may.
    #[test]
    fn rating_is_monotone(price in a_price(), less in a_decimal(3_000, 1), more in a_decimal(3_000, 1), n in 1_i64..=31, aggregate in an_aggregate()) {
        prop_assume!(!matches!(price.model, Model::Volume { .. }));
        let (less, more) = (less.min(more), less.max(more));
        let share = Share { n, d: 31, by: By::Day };
        let cost = |units| {
            let rated = rate(&metered(price.clone(), "m", aggregate), units, share, None).expect("rates");
            rated.exact.add(rated.minimum_top_up.unwrap_or(Ratio::ZERO)).expect("adds")
        };
        // A minimum and a maximum keep the order as well.
        prop_assert!(cost(less) <= cost(more));
    }

    /// A full period's amount lies between minimum and maximum, and so does its share of it in a part.
    #[test]
    fn rating_keeps_its_bounds(price in a_price(), units in a_decimal(3_000, 1), n in 1_i64..=31, aggregate in an_aggregate()) {
        let share = Share { n, d: 31, by: By::Day };
        let rated = rate(&metered(price.clone(), "m", aggregate), units, share, None).expect("rates");
        let cost = rated.exact.add(rated.minimum_top_up.unwrap_or(Ratio::ZERO)).expect("adds");
        let bound = |bound: i64| Ratio::whole(bound).mul(share.exact().expect("exact")).expect("small");
        prop_assert!(price.minimum.is_none_or(|minimum| bound(minimum) <= cost));
        prop_assert!(price.maximum.is_none_or(|maximum| rated.exact <= bound(maximum)));
        prop_assert!(rated.has_units || rated.exact.is_zero());
    }

    /// Whatever the numbers, rating answers an amount or a reason, and never panics.
    #[test]
    fn rating_never_panics(mantissas in proptest::collection::vec(any::<i128>(), 6), scales in proptest::collection::vec(0_u32..=28, 6), n in any::<i64>(), d in any::<i64>(), bounds in any::<(Option<i64>, Option<i64>)>(), kind in 0..5) {
        let number = |index: usize| Decimal::try_from_i128_with_scale(mantissas[index] >> 32, scales[index]).unwrap_or(Decimal::MAX);
        let tiers = vec![
            Tier { up_to: Some(number(0)), unit_amount: number(1), flat_amount: number(2) },
            Tier { up_to: None, unit_amount: number(3), flat_amount: number(4) },
        ];
        let model = match kind {
            0 => Model::Flat { amount_minor: n },
            1 => Model::PerUnit { unit_amount: number(1) },
            2 => Model::Graduated { tiers },
            3 => Model::Volume { tiers },
            _ => Model::Package { size: number(0), amount: number(1) },
        };
        let price = Price { minimum: bounds.0, maximum: bounds.1, included: number(2), ..price("p", model) };
        let _ = price.check();
        for price in [price.clone(), metered(price.clone(), "m", Aggregate::Sum), metered(price, "m", Aggregate::Max)] {
            if let Ok(rated) = rate(&price, number(5), Share { n, d, by: By::Second }, None) {
                let _ = rated.exact.round(Rounding::HalfEven);
            }
        }
    }

    /// The order in which events arrive changes nothing, except for `last` at one and the same time.
    #[test]
    fn aggregates_do_not_care_for_order(quantities in proptest::collection::vec(0_i64..100, 0..10), aggregate in an_aggregate()) {
        let event = |(order, quantity): (i64, &i64)| Event {
            time: second(order * 60),
            quantity: Some(Decimal::from(*quantity)),
            value: Some(quantity.to_string()),
            arrived_order: order,
        };
        let mut events = (0_i64..).zip(&quantities).map(event).collect::<Vec<_>>();
        let forward = aggregate.of(&events);
        events.reverse();
        prop_assert_eq!(forward, aggregate.of(&events));
    }

    /// Documents add up: lines to subtotal, discounts and taxes to theirs, all to the total and the ledger to zero; whichever
    /// way tax, coupons and currency go.
    #[test]
    fn documents_add_up(amounts in proptest::collection::vec((-50_000_i64..200_000, 0..4), 1..8), percents in proptest::collection::vec(1_i64..1000, 0..4), rates in proptest::collection::vec(0_i64..300, 0..3), inclusive: bool, forint: bool) {
        let line = |(amount, kind): &(i64, i32)| {
            let (kind, amount) = match kind {
                0 => (LineKind::OneOff, *amount),
                1 => (LineKind::Recurring, amount.abs()),
                2 => (LineKind::Usage, amount.abs()),
                _ => (LineKind::ProrationCredit, -amount.abs()),
            };
            Line { kind, subscription: Some("s1".to_owned()), ..Line::one_off("l", amount) }
        };
        let mut life = Life::new(plan("p", Vec::new()), "2024-01-01");
        for percent in percents {
            let coupon = percent_off(&format!("C{percent}"), &format!("{}", Decimal::new(percent, 1)), Duration::Forever);
            life = life.with_coupon(coupon);
        }
        let rates = rates.into_iter().enumerate().map(|(index, percent)| tax_rate(&format!("r{index}"), "FR", &Decimal::new(percent, 1).to_string()));
        let prices = if inclusive { PricesTax::Inclusive } else { PricesTax::Exclusive };
        let code = currency(if forint { "HUF" } else { "EUR" });
        let document = assemble(amounts.iter().map(line).collect(), &[], &life.discounts, &taxed(rates.collect()), code, prices);
        assert_adds_up(&document.expect("assembles").expect("a document"));
    }

    /// A change and its reversal at the same instant cancel out: totals, taxes, and what a later end gives back.
    #[test]
    fn change_and_reversal_cancel(a in some_terms("a"), b in some_terms("b"), when in 0_i64..2_591_999, later in 1_i64..1000, by in a_by(), rounding in a_rounding(), percent in 1_i64..1000, year: bool) {
        let new = || {
            let mut life = Life::new(a.clone(), "2024-06-01").by(by).rounding(rounding).taxed_at(vec![tax_rate("fr", "FR", "19.6")]);
            life = life.with_coupon(percent_off("C", &Decimal::new(percent, 1).to_string(), Duration::Forever));
            life.try_begin();
            life
        };
        let instant = |n: i64| (at("2024-06-01") + chrono::Duration::seconds(n)).to_rfc3339();
        let mut life = new();
        let there = if year { every(crate::world::YEAR, b) } else { b };
        let totals = [there, a.clone()].map(|terms| life.change(&instant(when), terms).map_or((0, 0), |document| {
            assert_adds_up(&document);
            (document.total_minor, document.tax_total_minor)
        }));
        prop_assert_eq!((totals[0].0 + totals[1].0, totals[0].1 + totals[1].1), (0, 0));
        // Ending later gives back what it would have, to a cent a line for the second rounding.
        let end = instant((when + later).min(2_591_999));
        let total = |life: &mut Life| life.cancel(&end, Unused::Credited).map_or(0, |document| document.subtotal_minor);
        let (with, without) = (total(&mut life), total(&mut new()));
        prop_assert!((with - without).abs() <= 6, "{with} {without}");
    }

    /// However often a subscription changes, no line gives back more than it was charged, and what all lines of one thing cost
    /// is never negative.
    #[test]
    fn credits_never_exceed_charges(steps in proptest::collection::vec((1_i64..500_000, 0_i64..5, 0..3), 1..8), by in a_by(), rounding in a_rounding()) {
        let terms = |key: &str, quantity| of(quantity, plan(key, vec![flat("base", 3333), per_unit("seats", "333.3")]));
        let mut life = Life::new(terms("a", 1), "2024-06-01").by(by).rounding(rounding);
        life.begin();
        let mut now = 0;
        for (step, quantity, key) in steps {
            now = (now + step).min(2_591_999);
            let when = (at("2024-06-01") + chrono::Duration::seconds(now)).to_rfc3339();
            life.change(&when, terms(["a", "b", "c"][usize::try_from(key).expect("small")], quantity));
        }
        for charged in &life.charged {
            let credited = charged.credits.iter().map(|credit| credit.amount_minor).sum::<i64>();
            prop_assert!(charged.credits.is_empty() || (0 <= credited && credited <= charged.line.amount_minor));
        }
        let sum = life.charged.iter().map(|charged| charged.line.amount_minor).sum::<i64>();
        // At most the dearest month for all the time, give or take a cent a line.
        let most = 3333 + 5 * 334 + i64::try_from(life.charged.len()).expect("few");
        prop_assert!((0..=most).contains(&sum), "{sum}");
    }

    /// Metered usage cut at any instant: the parts are rated alone, and a plain unit price comes to the same as uncut.
    #[test]
    fn cutting_usage_of_a_plain_price_changes_nothing(cut in 1_i64..2_591_999, before in 0_i64..1000, after in 0_i64..1000) {
        let calls = |amount| metered(per_unit("calls", amount), "m", Aggregate::Sum);
        let mut life = Life::new(plan("a", vec![calls("2")]), "2024-06-01");
        life.try_begin();
        let start = at("2024-06-01");
        life.uses("m", &start.to_rfc3339(), &before.to_string());
        let change = (start + chrono::Duration::seconds(cut)).to_rfc3339();
        life.uses("m", &change, &after.to_string());
        let first = life.change(&change, plan("b", vec![calls("3")])).map_or(0, |document| document.total_minor);
        let second = life.renew().map_or(0, |document| document.total_minor);
        prop_assert_eq!((first, second), (2 * before, 3 * after));
    }

    /// Invoicing a running period's usage so far, at any moments, whatever it costs and even where some is taken back: all lines of the period
    /// together are what one invoice would have said.
    #[test]
    fn invoicing_usage_before_the_end_changes_nothing(price in a_price(), steps in proptest::collection::vec((-200_i64..2_000, any::<bool>()), 1..8)) {
        let terms = || plan("a", vec![metered(price.clone(), "m", Aggregate::Sum)]);
        let (mut once, mut often) = (Life::new(terms(), "2024-06-01"), Life::new(terms(), "2024-06-01"));
        once.try_begin();
        often.try_begin();
        let mut sum = 0;
        for (day, (quantity, is_invoiced)) in (2..).zip(steps) {
            let when = format!("2024-06-{day:02}");
            once.uses("m", &when, &quantity.to_string());
            often.uses("m", &when, &quantity.to_string());
            if is_invoiced {
                sum += often.so_far(&format!("{when}T12:00:00Z")).map_or(0, |document| document.total_minor);
            }
        }
        let total = |life: &Life| life.close().iter().map(|line| line.amount_minor).sum::<i64>();
        prop_assert_eq!(sum + total(&often), total(&once));
    }

    /// Credit notes of any amounts, one after the other, never exceed the invoice; the last leaves nothing of any line or tax.
    #[test]
    fn notes_complete_an_invoice(amounts in proptest::collection::vec(1_i64..5000, 1..5), shares in proptest::collection::vec(1_i64..100, 0..6), inclusive: bool) {
        let prices = if inclusive { PricesTax::Inclusive } else { PricesTax::Exclusive };
        let tax = taxed(vec![tax_rate("a", "FR", "19.6"), tax_rate("b", "FR", "0.7")]);
        let lines = amounts.iter().map(|amount| Line::one_off("l", *amount)).collect();
        let document = assemble(lines, &[], &[], &tax, currency("EUR"), prices).expect("assembles").expect("a document");
        let charged = |(index, line): (usize, Line)| Charged { reference: index.to_string(), line, price: None, credits: Vec::new() };
        let lines = document.lines.into_iter().enumerate().map(charged).collect();
        let mut invoice = Invoiced { currency: document.currency, prices, lines, restored: Vec::new(), notes: Vec::new(), rounding_minor: 0, rounding_credited_minor: 0, total_minor: document.total_minor, corrected_minor: 0 };
        for share in shares.into_iter().map(Some).chain([None]) {
            let left = invoice.left_minor().expect("left");
            let amount = share.map_or(left, |share| left * share / 100);
            if amount == 0 { continue; }
            let note = credit_amount(&invoice, amount).expect("a note");
            prop_assert_eq!(note.total_minor, -amount);
            assert_adds_up(&note);
            for line in note.lines {
                let of = invoice.lines.iter_mut().find(|charged| Some(&charged.reference) == line.credits.as_ref()).expect("its line");
                let tax = line.tax.into_iter().map(|tax| LineTax { amount_minor: -tax.amount_minor, ..tax }).collect();
                of.credits.push(Credited { reference: "n".to_owned(), at: None, amount_minor: -line.amount_minor, tax });
            }
            prop_assert_eq!(invoice.left_minor(), Ok(left - amount));
        }
        prop_assert_eq!(invoice.left_minor(), Ok(0));
    }

    /// Currencies travel by their code, whatever the code.
    #[test]
    fn codes_are_read_or_refused(code in "[A-Z]{3}") {
        if let Ok(currency) = Currency::from_code(&code) {
            prop_assert_eq!(currency.code(), code);
        }
    }
}

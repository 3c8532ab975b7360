//! **Prices**, **Currency** and what is counted: models, bounds, conversion, aggregates, late usage.

use billing::{
    calendar::{By, Share},
    discount::Duration,
    explain::{BoundKind, ExchangeRate},
    invoice::{Line, LineKind},
    money::{Currency, Ratio, Rounding},
    price::{Model, Price, PriceError, exchange_rate, in_currency, rate},
    subscription::{BilledLine, BilledPart, Charged, Credited, LateUsage, Unused, late_usage},
    usage::{Aggregate, Event, UsageError},
};
use rust_decimal::Decimal;

use crate::world::{Life, assert_lines, at, currency, dec, flat, metered, per_unit, percent_off, plan, price, rate as tax_rate, tiers};

fn graduated(ends: &[(&str, &str, &str)]) -> Price {
    price("p", Model::Graduated { tiers: tiers(ends) })
}

fn volume(ends: &[(&str, &str, &str)]) -> Price {
    price("p", Model::Volume { tiers: tiers(ends) })
}

fn package(size: &str, amount: &str) -> Price {
    price("p", Model::Package { size: dec(size), amount: dec(amount) })
}

fn sum(price: Price) -> Price {
    metered(price, "m", Aggregate::Sum)
}

#[test]
fn the_models() {
    let ladder: &[(&str, &str, &str)] = &[("10", "5", "100"), ("20", "4", "200"), ("", "3", "300")];
    #[rustfmt::skip]
    let cases: Vec<(&str, Price, &str, i64)> = vec![
        ("a flat price does not look at the quantity", flat("p", 2900), "7", 2900),
        ("a metered flat price is due once in a period with usage", sum(flat("p", 2900)), "7", 2900),
        ("and not in one without", sum(flat("p", 2900)), "0", 0),
        ("per unit", per_unit("p", "0.2"), "12000", 2400),
        ("graduated: each tier rates the units inside it", graduated(ladder), "25", 50 + 100 + 40 + 200 + 15 + 300),
        ("up_to is inclusive", graduated(ladder), "10", 50 + 100),
        ("a flat amount is due when a unit falls in its tier, even part of one", graduated(ladder), "10.5", 50 + 100 + 2 + 200),
        ("volume: all units at the rate of the tier the total falls in", volume(ladder), "25", 75 + 300),
        ("up_to is inclusive there too", volume(ladder), "20", 80 + 200),
        ("package: started packages", package("100", "999"), "101", 1998),
        ("a full package starts no other", package("100", "999"), "100", 999),
        ("no units, no flat amounts", graduated(ladder), "0", 0),
        ("no units, no package", package("100", "999"), "0", 0),
        ("included units come off before tiers", Price { included: dec("15"), ..graduated(ladder) }, "25", 50 + 100),
        ("before packages", Price { included: dec("1"), ..package("2", "10") }, "5", 20),
        ("all included: no flat amounts either", Price { included: dec("25"), ..volume(ladder) }, "25", 0),
        ("a maximum caps", Price { maximum: Some(1000), ..per_unit("p", "7") }, "200", 1000),
    ];
    for (why, price, quantity, expected) in cases {
        price.check().expect(why);
        let rated = rate(&price, dec(quantity), Share::WHOLE, None).expect(why);
        assert_eq!(rated.exact, Ratio::whole(expected), "{why}");
        assert_eq!(rated.minimum_top_up, None, "{why}");
    }
}

#[test]
fn a_minimums_missing_part_is_a_line_of_its_own() {
    // 3 × 333.5 = 1000.5 rounds to 1001; with the missing part it is 1500 to the cent.
    let seats = Price { minimum: Some(1500), ..sum(per_unit("calls", "333.5")) };
    let mut life = Life::new(plan("p", vec![seats]), "2024-01-01");
    assert!(life.try_begin().is_none());
    life.uses("m", "2024-01-10", "3");
    let lines = life.close();
    assert_lines(&lines, &[(LineKind::Usage, "calls", 1001), (LineKind::Minimum, "calls", 499)]);
    assert_eq!(lines[1].explain.bound.as_ref().map(|bound| &bound.kind), Some(&BoundKind::Minimum));
    assert_eq!(lines[0].explain.bound, None);
    // 1500 − 1000.5, before it was rounded with the line above it.
    assert_eq!(lines[1].explain.exact, Ratio::new(999, 2).ok());
    // Without units only the minimum; above it only the usage.
    life.events.clear();
    assert_lines(&life.close(), &[(LineKind::Minimum, "calls", 1500)]);
    life.uses("m", "2024-01-10", "5");
    assert_lines(&life.close(), &[(LineKind::Usage, "calls", 1668)]);
}

#[test]
fn a_minimum_that_rounding_reaches_misses_nothing() {
    // 3 × 499.9 = 1499.7 is 1500 as a line: of the minimum of 1500 no cent is missing.
    let seats = Price { minimum: Some(1500), ..sum(per_unit("calls", "499.9")) };
    let mut life = Life::new(plan("p", vec![seats]), "2024-01-01");
    assert!(life.try_begin().is_none());
    life.uses("m", "2024-01-10", "3");
    assert_lines(&life.close(), &[(LineKind::Usage, "calls", 1500)]);
}

#[test]
fn one_line_a_price_and_its_tiers_stand_in_explain() {
    let calls = sum(price("calls", Model::Graduated { tiers: tiers(&[("10000", "0", "0"), ("", "0.2", "500")]) }));
    let mut life = Life::new(plan("team", vec![calls]), "2024-01-01");
    life.try_begin();
    life.uses("m", "2024-01-10", "12000");
    let lines = life.close();
    assert_lines(&lines, &[(LineKind::Usage, "calls", 900)]);
    assert_eq!((lines[0].quantity, lines[0].name.as_str()), (dec("12000"), "team · calls"));
    let json = serde_json::to_value(&lines[0].explain).expect("writes");
    let expected = serde_json::json!({
        "model": "graduated", "units": "12000", "exact": "900", "rounding": "half_up",
        "tiers": [
            {"from": "0", "up_to": "10000", "units": "10000", "unit_amount": "0", "flat_amount": "0", "amount": "0"},
            {"from": "10000", "up_to": null, "units": "2000", "unit_amount": "0.2", "flat_amount": "500", "amount": "900"},
        ],
    });
    assert_eq!(json, expected);
    // Usage within the allowance makes a line of nothing, so that it can be seen; no usage makes none.
    life.events.clear();
    assert!(life.close().is_empty());
    life.uses("m", "2024-01-10", "5");
    assert_lines(&life.close(), &[(LineKind::Usage, "calls", 0)]);
}

#[test]
fn what_was_included_stands_in_explain_at_the_share_of_the_part() {
    let calls = |included: &str| sum(Price { included: dec(included), ..per_unit("calls", "1") });
    let third = Share { n: 10, d: 30, by: By::Day };
    let included = |price: &Price, share| rate(price, dec("500"), share, None).expect("rates").explain.included;
    assert_eq!((included(&calls("300"), Share::WHOLE), included(&calls("300"), third)), (Some(Ratio::whole(300)), Some(Ratio::whole(100))));
    assert_eq!(included(&calls("0"), Share::WHOLE), None);
}

#[test]
fn a_price_that_makes_no_sense_is_refused() {
    let named = |error: fn(String) -> PriceError| Err(error("p".to_owned()));
    let cases = [
        (graduated(&[]), named(PriceError::NoTiers)),
        (graduated(&[("10", "1", "0")]), named(PriceError::LastTierNotOpen)),
        (volume(&[("", "1", "0"), ("", "1", "0")]), named(PriceError::LastTierNotOpen)),
        (graduated(&[("10", "1", "0"), ("10", "1", "0"), ("", "1", "0")]), named(PriceError::TiersDoNotRise)),
        (graduated(&[("0", "1", "0"), ("", "1", "0")]), named(PriceError::TiersDoNotRise)),
        (graduated(&[("", "-1", "0")]), named(PriceError::Negative)),
        (package("0", "5"), named(PriceError::EmptyPackage)),
        (flat("p", -1), named(PriceError::Negative)),
        (Price { included: dec("-1"), ..flat("p", 1) }, named(PriceError::Negative)),
        (Price { minimum: Some(2), maximum: Some(1), ..flat("p", 1) }, named(PriceError::MinimumAboveMaximum)),
        (per_unit("p", "1000000000000000"), named(PriceError::TooLarge)),
        (per_unit("p", "0.0000000000001"), named(PriceError::TooLarge)),
        (per_unit("p", "0.000000000001000"), Ok(())),
    ];
    for (price, expected) in cases {
        assert_eq!(price.check(), expected, "{price:?}");
    }
    assert_eq!(rate(&flat("p", 1), dec("-1"), Share::WHOLE, None), Err(PriceError::NegativeQuantity));
}

#[test]
fn a_foreign_price_converts_at_the_latest_rate_on_or_before_the_day() {
    let quoted = |on: &str, rate: &str| ExchangeRate { from: currency("EUR"), to: currency("HUF"), on: at(on).date_naive(), rate: dec(rate) };
    let rates = [quoted("2024-02-01", "390"), quoted("2024-01-01", "382.5"), quoted("2024-03-01", "400")];
    let on = |day: &str| exchange_rate(&rates, currency("EUR"), currency("HUF"), at(day).date_naive()).map(|rate| rate.rate);
    assert_eq!((on("2023-12-31"), on("2024-01-31"), on("2024-02-01")), (None, Some(dec("382.5")), Some(dec("390"))));

    // 0.333 cents × 7 × 382.5: exact until the line rounds.
    let calls = Price { convert: true, ..per_unit("p", "0.333") };
    let rated = rate(&calls, dec("7"), Share::WHOLE, Some(&rates[1])).expect("rates");
    assert_eq!(rated.exact, Ratio::new(8_916_075, 10_000).expect("a fraction"));
    assert_eq!(rated.exact.round(Rounding::HalfUp), Ok(892));
    // Rates are between major units: 29 EUR at 160 are 4640 JPY, which has no smaller unit; bounds convert as well.
    let yen = ExchangeRate { to: currency("JPY"), rate: dec("160"), ..rates[0].clone() };
    let rated = rate(&flat("p", 2900), Decimal::ONE, Share::WHOLE, Some(&yen)).expect("rates");
    assert_eq!(rated.exact, Ratio::whole(4640));
    let capped = Price { maximum: Some(100), ..flat("p", 2900) };
    let rated = rate(&capped, Decimal::ONE, Share::WHOLE, Some(&yen)).expect("rates");
    assert_eq!((rated.exact, rated.explain.exchange), (Ratio::whole(160), Some(yen)));
}

#[test]
fn a_price_without_the_customers_currency_is_refused() {
    let (euro, dollar) = (currency("EUR"), currency("USD"));
    let (in_euro, in_dollar) = (flat("base", 2900), Price { currency: dollar, ..flat("base", 3100) });
    let both = [in_euro.clone(), in_dollar.clone(), per_unit("seats", "5")];
    assert_eq!(in_currency(&both, euro), Ok(vec![in_euro.clone(), per_unit("seats", "5")]));
    let refused = in_currency(&both, dollar).expect_err("no seats in dollars");
    assert_eq!(refused.to_string(), "The price “seats” is not offered in USD.");
    let convertible = Price { convert: true, ..per_unit("seats", "5") };
    assert_eq!(in_currency(&[in_euro, in_dollar.clone(), convertible.clone()], dollar), Ok(vec![in_dollar, convertible.clone()]));
    // It says `convert`, but there is no rate.
    let mut life = Life::new(plan("p", vec![convertible]), "2024-01-01");
    life.basis.currency = dollar;
    let begun = billing::subscription::begin(&life.basis, &life.terms, &life.cycle).expect_err("no rate");
    assert_eq!(begun.to_string(), "The price “seats” cannot be converted: there is no exchange rate from EUR to USD on or before 2024-01-01.");
}

#[test]
fn currencies_have_their_minor_units() {
    let of = |code: &str| (currency(code).exponent(), currency(code).payable_unit_minor());
    assert_eq!((of("EUR"), of("JPY"), of("BHD"), of("HUF")), ((2, 1), (0, 1), (3, 1), (2, 100)));
    assert!(Currency::from_code("XAU").is_err() && Currency::from_code("eur?").is_err());
}

fn event(time: &str, quantity: &str, value: &str, arrived_order: i64) -> Event {
    Event { time: at(time), quantity: Some(dec(quantity)), value: Some(value.to_owned()), arrived_order }
}

#[test]
fn aggregates() {
    let events =
        [event("2024-01-03", "5", "ada", 1), event("2024-01-09", "2", "bob", 4), event("2024-01-09", "3", "ada", 3), event("2024-01-01", "9", "eve", 5)];
    // `last` is by event time; of the two on the 9th the later arrival wins.
    let cases = [(Aggregate::Sum, "19"), (Aggregate::Max, "9"), (Aggregate::Last, "2"), (Aggregate::Count, "4"), (Aggregate::Unique, "3")];
    for (aggregate, expected) in cases {
        assert_eq!(aggregate.of(&events), Ok(dec(expected)), "{aggregate:?}");
        assert_eq!(aggregate.of(&[]), Ok(Decimal::ZERO), "{aggregate:?}");
        assert_eq!(aggregate.is_flow(), !matches!(aggregate, Aggregate::Max | Aggregate::Last));
    }
    // Corrections only where the meter sums, and a period never falls below zero.
    let back = [event("2024-01-03", "5", "ada", 1), event("2024-01-04", "-8", "ada", 2)];
    assert_eq!(Aggregate::Sum.of(&back), Ok(Decimal::ZERO));
    assert_eq!(Aggregate::Max.of(&back), Err(UsageError::Negative));
    assert_eq!(Aggregate::Last.check(None, Some("ada")), Err(UsageError::NoQuantity));
    assert_eq!(Aggregate::Unique.check(Some(dec("1")), None), Err(UsageError::NoValue));
    assert_eq!(Aggregate::Count.check(None, None), Ok(()));
}

#[test]
fn late_usage_is_the_rerated_period_less_what_was_billed() {
    let calls = Price { minimum: Some(60), ..sum(price("calls", Model::Graduated { tiers: tiers(&[("100", "1", "0"), ("", "2", "0")]) })) };
    let mut life = Life::new(plan("p", vec![flat("base", 1000), calls]), "2024-01-01");
    life.begin();
    life.uses("m", "2024-01-10", "50");
    let (part, cycle) = (life.cycle.open[0].clone(), life.cycle.clone());
    let document = life.renew().expect("a document");
    assert_lines(&document.lines, &[(LineKind::Usage, "calls", 50), (LineKind::Minimum, "calls", 10), (LineKind::Recurring, "base", 1000)]);
    let stands = |lines: &[(&str, i64)]| {
        lines.iter().map(|(line, stands_minor)| BilledLine { line: (*line).to_owned(), stands_minor: *stands_minor }).collect::<Vec<_>>()
    };
    let (usage, minimum) = (&life.charged[1], &life.charged[2]);
    let billed = BilledPart { part, to: cycle.whole.end, cycle, unused: Unused::Credited, lines: stands(&[(&usage.reference, 50), (&minimum.reference, 10)]) };
    let late = |billed: &BilledPart, units| late_usage(&life.basis, billed, &life.charged, dec(units)).expect("rates");
    // Nine more stay within the minimum: nothing to say.
    assert_eq!(late(&billed, "59"), LateUsage { lines: Vec::new(), stands: billed.lines.clone() });
    // Up to 120: 100 + 20 × 2, less 60.
    let more = late(&billed, "120");
    assert_lines(&more.lines, &[(LineKind::LateUsage, "calls", 80)]);
    let line = &more.lines[0];
    assert_eq!((line.from, line.to, line.credits.as_ref()), (Some(at("2024-01-01")), Some(at("2024-02-01")), None));
    let explained = line.explain.late.clone().expect("what was late");
    assert_eq!((explained.rerated_minor, explained.billed_minor), (140, 60));
}

#[test]
fn late_usage_downwards_takes_back_of_the_billed_lines_the_latest_first() {
    // 333 at half price: 166.5 off, so 166 were charged, and 20 % tax on it.
    let mut life = Life::new(plan("p", vec![sum(per_unit("calls", "1"))]), "2024-01-01").with_coupon(percent_off("HALF", "50", Duration::Forever));
    life = life.taxed_at(vec![tax_rate("fr", "FR", "20")]);
    life.try_begin();
    life.uses("m", "2024-01-10", "333");
    let (part, cycle) = (life.cycle.open[0].clone(), life.cycle.clone());
    let document = life.renew().expect("a document");
    assert_eq!((document.lines[0].discount_minor, document.tax_total_minor), (167, 33));
    // And 100 more came late, at the full price.
    let line = Line { kind: LineKind::LateUsage, amount_minor: 100, discount_minor: 0, ..document.lines[0].clone() };
    let mut charged = vec![life.charged[0].clone(), Charged { reference: "late".to_owned(), line, ..life.charged[0].clone() }];
    let stands = |usage, late| vec![BilledLine { line: "line_1".to_owned(), stands_minor: usage }, BilledLine { line: "late".to_owned(), stands_minor: late }];
    let mut billed = BilledPart { part, to: cycle.whole.end, cycle, unused: Unused::Credited, lines: stands(333, 100) };
    let mut back = |billed: &mut BilledPart, units| {
        let late = late_usage(&life.basis, billed, &charged, dec(units)).expect("rates");
        billed.lines = late.stands;
        for line in &late.lines {
            let of = charged.iter_mut().find(|charge| Some(&charge.reference) == line.credits.as_ref()).expect("its line");
            assert_eq!((line.kind, line.quantity, line.tax[0].percent), (LineKind::LateUsage, dec(units), dec("20")));
            of.credits.push(Credited { reference: "back".to_owned(), at: None, amount_minor: -line.amount_minor, tax: Vec::new() });
        }
        late.lines.iter().map(|line| (line.credits.clone().unwrap_or_default(), line.amount_minor)).collect::<Vec<_>>()
    };
    let of = |line: &str, amount| (line.to_owned(), amount);
    // 133 less: all of the late 100, and of the 166 what 33 of 333 cost: 166 − 300 ÷ 333 × 166 (149.5, half up 150).
    assert_eq!(back(&mut billed, "300"), [of("late", -100), of("line_1", -16)]);
    assert_eq!(billed.lines, stands(300, 0));
    // In steps it comes to what was charged, and to nothing more.
    assert_eq!(back(&mut billed, "1"), [of("line_1", -150)]);
    assert_eq!(back(&mut billed, "0"), []);
    assert_eq!(billed.lines, stands(0, 0));
    // What a credit note gave back already is not given back again.
    let mut billed = BilledPart { lines: stands(333, 0), ..billed };
    assert_eq!(back(&mut billed, "0"), []);
}

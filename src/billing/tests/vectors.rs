//! What other systems publish in their tests and documentation, run through the public functions.

use billing::{
    calendar::{Anchor, By, Instant, Share, Zone},
    invoice::{Line, LineKind, assemble},
    money::Currency,
    price::{Model, rate as rated},
    subscription::{Basis, Unused, begin},
    tax::{PricesTax, TaxParty, TaxSituation},
    usage::{Aggregate, Event},
};
use rust_decimal::Decimal;

use crate::world::{Life, at, currency, dec, flat, metered, per_unit, plan, price, rate, taxed, tiers};

/// One published proration: a period, a change in it, and what the credit and the charge come to.
struct Proration {
    id: &'static str,
    source: &'static str,
    by: By,
    start: &'static str,
    end: &'static str,
    changed: &'static str,
    /// Amount charged before, and its credit.
    credit: Option<(i64, i64)>,
    /// Amount of the new price, and its charge.
    charge: Option<(i64, i64)>,
}

#[rustfmt::skip]
const PRORATIONS: &[Proration] = &[
    // An exact tie, 7498.5: half up gives 7499 (half even would give 7498).
    Proration { id: "KB03", source: "killbill/killbill", by: By::Day, start: "2016-06-10", end: "2016-07-10", changed: "2016-07-01", credit: None, charge: Some((24995, 7499)) },
    Proration { id: "KB10", source: "killbill/killbill", by: By::Day, start: "2012-05-01", end: "2012-06-01", changed: "2012-05-07", credit: Some((59995, 48383)), charge: Some((995, 802)) },
    Proration { id: "KB13", source: "killbill/killbill", by: By::Day, start: "2017-12-01", end: "2018-01-01", changed: "2017-12-15", credit: Some((24995, 13707)), charge: None },
    Proration { id: "KB14", source: "killbill/killbill", by: By::Day, start: "2017-12-01", end: "2018-01-01", changed: "2017-12-25", credit: None, charge: Some((24995, 5644)) },
    Proration { id: "KB23", source: "killbill/killbill", by: By::Day, start: "2011-04-05", end: "2011-05-05", changed: "2011-04-29", credit: Some((1200, 240)), charge: None },
    // The end is exclusive: 1 to 31 January is 30 days.
    Proration { id: "MT01", source: "meteroid-oss/meteroid", by: By::Day, start: "2025-01-01", end: "2025-01-31", changed: "2025-01-16", credit: Some((10000, 5000)), charge: Some((20000, 10000)) },
    Proration { id: "PL03", source: "polarsource/polar", by: By::Second, start: "2024-02-18", end: "2024-03-18", changed: "2024-02-25", credit: Some((10000, 7586)), charge: Some((30000, 22759)) },
    Proration { id: "PL04", source: "polarsource/polar", by: By::Second, start: "2024-08-01", end: "2025-08-01", changed: "2024-10-01", credit: Some((100000, 83288)), charge: Some((300000, 249863)) },
    // Published without dates: 20 of 30 and 45 of 90 days. The net is the difference of the rounded lines, 3334.
    Proration { id: "FX01", source: "flexprice/flexprice-docs", by: By::Day, start: "2024-04-01", end: "2024-05-01", changed: "2024-04-11", credit: Some((5000, 3333)), charge: Some((10000, 6667)) },
    Proration { id: "FX02", source: "flexprice/flexprice-docs", by: By::Day, start: "2023-01-01", end: "2023-04-01", changed: "2023-02-15", credit: Some((30000, 15000)), charge: Some((15000, 7500)) },
    Proration { id: "ST02", source: "a published Stripe preview", by: By::Second, start: "2017-02-14", end: "2017-03-14", changed: "2017-03-03T19:14:48Z", credit: Some((1000, 364)), charge: None },
    Proration { id: "CB01", source: "www.chargebee.com/docs/proration-old.html", by: By::Day, start: "2012-04-01", end: "2012-05-01", changed: "2012-04-21", credit: Some((6000, 2000)), charge: Some((3000, 1000)) },
];

/// A life whose period is exactly the published one: monthly, quarterly or yearly where the calendar agrees, days otherwise.
fn life(vector: &Proration, terms: billing::subscription::Terms) -> Life {
    use billing::calendar::{Interval, Unit};
    let days = (at(vector.end) - at(vector.start)).num_days();
    let interval = Interval { unit: Unit::Day, count: u32::try_from(days).expect("a few days") };
    let mut life = Life::new(crate::world::every(interval, terms), vector.start).by(vector.by);
    life.basis.currency = currency("USD");
    assert_eq!((life.cycle.whole.start, life.cycle.whole.end), (at(vector.start), at(vector.end)), "{}", vector.id);
    life
}

fn in_usd(price: billing::price::Price) -> billing::price::Price {
    billing::price::Price { currency: currency("USD"), ..price }
}

#[test]
fn published_prorations() {
    for vector in PRORATIONS {
        let name = format!("{} ({})", vector.id, vector.source);
        let old = vector.credit.map(|(amount, _)| in_usd(flat("old", amount)));
        let new = vector.charge.map(|(amount, _)| in_usd(flat("new", amount)));
        let mut life = life(vector, plan("before", old.into_iter().collect()));
        life.try_begin();
        let terms = crate::world::every(life.terms.plan.interval, plan("after", new.into_iter().collect()));
        let preview = life.preview(vector.changed, &terms).lines;
        let document = match vector.charge {
            Some(_) => life.change(vector.changed, terms),
            None => life.cancel(vector.changed, Unused::Credited),
        };
        let lines = document.expect("a document").lines;
        let amount_of = |lines: &[Line], kind| lines.iter().find(|line| line.kind == kind).map(|line| line.amount_minor);
        let credit = vector.credit.map(|(_, credit)| -credit);
        let charge = vector.charge.map(|(_, charge)| charge);
        assert_eq!(amount_of(&lines, LineKind::ProrationCredit), credit, "{name}: credit");
        assert_eq!(amount_of(&lines, LineKind::ProrationCharge), charge, "{name}: charge");
        // KB13 and KB14: what was previewed is what is invoiced.
        let amounts = |lines: &[Line]| lines.iter().map(|line| line.amount_minor).collect::<Vec<_>>();
        assert_eq!(amounts(&preview), amounts(&lines), "{name}: preview");
    }
}

#[test]
fn published_prices() {
    // PR02 (getlago/lago-api): one unit of a graduated price costs its first tier's unit and flat amount.
    let lago = price("u", Model::Graduated { tiers: tiers(&[("10", "1000", "200"), ("20", "500", "300"), ("", "500", "300")]) });
    // PR39 (getlago/lago-api): five units, one included, packages of two at 10.
    let package = price("u", Model::Package { size: dec("2"), amount: dec("10") });
    let package = billing::price::Price { included: Decimal::ONE, ..package };
    let sum = |price| metered(price, "m", Aggregate::Sum);
    let cases = [
        ("PR02", sum(lago), "1", 1200),
        ("PR39", sum(package), "5", 20),
        ("PR85", sum(per_unit("u", "1000")), "0", 0),
        ("PR123", per_unit("u", "500"), "25", 12500),
        ("CU01", sum(per_unit("u", "1.23456789")), "1", 1),
        ("CU04", sum(per_unit("u", "123.556789")), "1", 124),
        ("TX02", per_unit("u", "12.12"), "100", 1212),
        ("CU07", flat("base", 10000), "1", 10000),
    ];
    for (id, price, quantity, expected) in cases {
        price.check().expect(id);
        let exact = rated(&price, dec(quantity), Share::WHOLE, None).expect(id).exact;
        assert_eq!(exact.round(billing::money::Rounding::HalfUp).expect(id), expected, "{id}");
    }
}

#[test]
fn published_aggregates() {
    let event = |order: i64, quantity: Option<&str>, value: Option<&str>| Event {
        time: at("2024-01-15") + chrono::Duration::minutes(order),
        quantity: quantity.map(dec),
        value: value.map(str::to_owned),
        arrived_order: order,
    };
    let values = |values: &[&str]| (0_i64..).zip(values).map(|(order, value)| event(order, None, Some(value))).collect::<Vec<_>>();
    let quantities = |of: &[&str]| (0_i64..).zip(of).map(|(order, one)| event(order, Some(one), None)).collect::<Vec<_>>();
    let cases = [
        ("ME06", Aggregate::Unique, values(&["user_alice", "user_bob", "user_alice", "user_charlie"]), "3"),
        ("ME07", Aggregate::Unique, values(&["ID_1", "ID_1", "ID_1", "ID_2", "ID_3"]), "3"),
        ("ME08", Aggregate::Sum, quantities(&["1.5", "1.5", "1"]), "4"),
        ("ME17, first period", Aggregate::Unique, values(&["001", "001", "002"]), "2"),
        ("ME17, second period", Aggregate::Unique, values(&["001"]), "1"),
    ];
    for (id, aggregate, events, expected) in cases {
        assert_eq!(aggregate.of(&events).expect(id), dec(expected), "{id}");
    }
}

#[test]
fn published_taxes() {
    let lines = |amounts: &[i64]| amounts.iter().map(|amount| Line::one_off("l", *amount)).collect::<Vec<_>>();
    let abroad = |country: &str, percent: &str| TaxSituation {
        vendor: TaxParty { country: country.to_owned(), ..TaxParty::default() },
        customer: TaxParty { country: country.to_owned(), ..TaxParty::default() },
        ..taxed(vec![rate("t1", country, percent)])
    };
    let cases = [
        // Tax on the sum: 1366.6 for each line would be 2734.
        ("CN11", "EUR", abroad("FR", "20"), lines(&[6833; 2]), (2733, 16399)),
        ("CN12", "EUR", abroad("FR", "20"), lines(&[6833; 4]), (5466, 32798)),
        ("TX02", "EUR", abroad("SE", "25"), lines(&[1212]), (303, 1515)),
        ("TX06", "SEK", taxed(Vec::new()), lines(&[250_000, 70_000]), (0, 320_000)),
        ("TX17", "EUR", abroad("FR", "15"), lines(&[10_000, 5_000]), (2250, 17250)),
        ("TX20", "USD", abroad("US", "7.25"), lines(&[10_000]), (725, 10725)),
        ("CU10", "BHD", taxed(Vec::new()), lines(&[10_001]), (0, 10_001)),
    ];
    for (id, code, tax, lines, expected) in cases {
        let document = assemble(lines, &[], &tax, currency(code), PricesTax::Exclusive).expect(id).expect(id);
        assert_eq!((document.tax_total_minor, document.total_minor), expected, "{id}");
        if let [tax] = document.tax.as_slice() {
            assert_eq!(tax.base_minor, document.subtotal_minor, "{id}");
        }
    }
}

#[test]
fn published_periods() {
    #[rustfmt::skip]
    let cases: &[(&str, &str, u32, &[&str])] = &[
        ("LT01 (stripe.com/docs/subscriptions/billing-cycle)", "2023-01-31T00:00:00Z", 1, &["2023-02-28T00:00:00Z", "2023-03-31T00:00:00Z", "2023-04-30T00:00:00Z", "2023-05-31T00:00:00Z"]),
        ("LT07 (openmeterio/openmeter)", "2025-01-31T15:00:00Z", 1, &[
            "2025-02-28T15:00:00Z", "2025-03-31T15:00:00Z", "2025-04-30T15:00:00Z", "2025-05-31T15:00:00Z", "2025-06-30T15:00:00Z",
            "2025-07-31T15:00:00Z", "2025-08-31T15:00:00Z", "2025-09-30T15:00:00Z", "2025-10-31T15:00:00Z",
        ]),
        ("LT27 (getlago/lago-api)", "2021-02-02T00:00:00Z", 3, &["2021-05-02T00:00:00Z", "2021-08-02T00:00:00Z", "2021-11-02T00:00:00Z", "2022-02-02T00:00:00Z", "2022-05-02T00:00:00Z"]),
        ("LT34 (killbill/killbill)", "2016-04-08T00:00:00Z", 1, &["2016-05-08T00:00:00Z", "2016-06-08T00:00:00Z", "2016-07-08T00:00:00Z", "2016-08-08T00:00:00Z", "2016-09-08T00:00:00Z", "2016-10-08T00:00:00Z", "2016-11-08T00:00:00Z"]),
    ];
    for (id, start, months, ends) in cases {
        let interval = billing::calendar::Interval { unit: billing::calendar::Unit::Month, count: *months };
        let mut life = Life::new(crate::world::every(interval, plan("p", vec![flat("base", 1000)])), start);
        let mut document = Some(life.begin());
        let mut from = at(start);
        for end in *ends {
            let line = document.expect(id).lines.remove(0);
            assert_eq!((line.kind, line.from, line.to), (LineKind::Recurring, Some(from), Some(at(end))), "{id}");
            (from, document) = (at(end), life.renew());
        }
    }
}

/// The crate's types travel as JSON and come back the same.
#[test]
fn values_survive_json() {
    let mut life = Life::new(plan("p", vec![flat("base", 1000), metered(per_unit("u", "0.1"), "m", Aggregate::Sum)]), "2024-01-31T09:00:00Z");
    let document = life.begin();
    let json = serde_json::to_string(&document).expect("writes");
    assert_eq!(serde_json::from_str::<billing::invoice::Document>(&json).expect("reads"), document);
    let json = serde_json::to_string(&life.cycle).expect("writes");
    assert_eq!(serde_json::from_str::<billing::subscription::Cycle>(&json).expect("reads"), life.cycle);
    let basis: Basis = serde_json::from_str(&serde_json::to_string(&life.basis).expect("writes")).expect("reads");
    assert!(begin(&basis, &life.terms, &life.cycle).is_ok());
    let anchor = Anchor::at(Instant::default(), Zone::Europe__Paris);
    assert_eq!(serde_json::from_str::<Anchor>(&serde_json::to_string(&anchor).expect("writes")).expect("reads"), anchor);
    assert!(serde_json::from_str::<Currency>("\"XXX\"").is_err());
}

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
use serde::Deserialize;

use crate::world::{Life, at, currency, dec, flat, metered, per_unit, plan, price, rate, taxed, tiers};

#[derive(Deserialize)]
struct Published {
    vectors: Vec<Proration>,
}

/// One published proration: a period, a change in it, and what the credit and the charge come to.
#[derive(Deserialize)]
struct Proration {
    id: String,
    source: String,
    granularity: By,
    #[serde(flatten)]
    dates: Option<Dates>,
    legs: Vec<Leg>,
}

/// Days, or instants.
#[derive(Deserialize)]
struct Dates {
    period_start: String,
    period_end_exclusive: String,
    effective_at: String,
}

#[derive(Deserialize)]
struct Leg {
    side: String,
    amount: i64,
    n: i64,
    d: i64,
    expect: i64,
}

impl Proration {
    /// The period and the change. Two are published as shares of so many days without dates.
    fn dates(&self) -> (Instant, Instant, Instant) {
        match &self.dates {
            Some(dates) => (at(&dates.period_start), at(&dates.period_end_exclusive), at(&dates.effective_at)),
            None => {
                let (start, leg) = (at("2024-04-01"), &self.legs[0]);
                let days = chrono::TimeDelta::days;
                (start, start + days(leg.d), start + days(leg.d - leg.n))
            }
        }
    }

    fn leg(&self, side: &str) -> Option<&Leg> {
        self.legs.iter().find(|leg| leg.side == side)
    }
}

/// A life whose period is exactly the published one: monthly, quarterly or yearly where the calendar agrees, days otherwise.
fn life(vector: &Proration, terms: billing::subscription::Terms) -> Life {
    use billing::calendar::{Interval, Unit};
    let (start, end, _) = vector.dates();
    let interval = Interval { unit: Unit::Day, count: u32::try_from((end - start).num_days()).expect("a few days") };
    let mut life = Life::new(crate::world::every(interval, terms), &start.to_rfc3339()).by(vector.granularity);
    life.basis.currency = currency("USD");
    assert_eq!((life.cycle.whole.start, life.cycle.whole.end), (start, end), "{}", vector.id);
    life
}

fn in_usd(price: billing::price::Price) -> billing::price::Price {
    billing::price::Price { currency: currency("USD"), ..price }
}

#[test]
fn published_prorations() {
    let published: Published = serde_json::from_str(include_str!("../../tests/vectors/proration.json")).expect("the published file");
    assert_eq!(published.vectors.len(), 12);
    for vector in &published.vectors {
        let name = format!("{} ({})", vector.id, vector.source);
        let (credit, charge) = (vector.leg("credit"), vector.leg("charge"));
        let old = credit.map(|leg| in_usd(flat("old", leg.amount)));
        let new = charge.map(|leg| in_usd(flat("new", leg.amount)));
        let mut life = life(vector, plan("before", old.into_iter().collect()));
        life.try_begin();
        let (_, _, changed) = vector.dates();
        let changed = changed.to_rfc3339();
        let terms = crate::world::every(life.terms.plan.interval, plan("after", new.into_iter().collect()));
        let preview = life.preview(&changed, &terms).lines;
        let document = match charge {
            Some(_) => life.change(&changed, terms),
            None => life.cancel(&changed, Unused::Credited),
        };
        let lines = document.expect("a document").lines;
        let amount_of = |lines: &[Line], kind| lines.iter().find(|line| line.kind == kind).map(|line| line.amount_minor);
        let credit = credit.map(|leg| -leg.expect);
        let charge = charge.map(|leg| leg.expect);
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
        let document = assemble(lines, &[], &[], &tax, currency(code), PricesTax::Exclusive).expect(id).expect(id);
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

//! Usage invoiced before its period's end: what was invoiced and the rest are together what one invoice would have said.

use billing::{
    invoice::LineKind::{Minimum, ProrationCredit, Usage},
    price::{Model, Price},
    subscription::{Closed, Credited, Unused},
    usage::Aggregate::{Max, Sum},
};

use crate::world::{Life, assert_lines, at, dec, flat, metered, per_unit, plan, price, tiers};

fn calls(model: Model) -> Price {
    metered(price("calls", model), "m", Sum)
}

/// June with so many calls by the 10th and the 20th, invoiced so far on both days, and what the end adds.
fn june(price: Price, calls: [&str; 3]) -> (Vec<i64>, Life) {
    let mut life = Life::new(plan("p", vec![price]), "2024-06-01");
    assert!(life.try_begin().is_none());
    let mut invoiced = Vec::new();
    for (day, calls) in ["2024-06-10", "2024-06-20", "2024-06-30"].into_iter().zip(calls) {
        life.uses("m", &format!("{day}T01:00:00Z"), calls);
        if day != "2024-06-30" {
            invoiced.push(life.so_far(&format!("{day}T12:00:00Z")).map_or(0, |document| document.total_minor));
        }
    }
    (invoiced, life)
}

#[test]
fn tiers_packages_included_amounts_and_a_minimum_come_out_over_the_whole_period() {
    // Graduated, 100 included, then 10 to 1,000 and 5 above, which costs 500 to begin: 500 come to 4,000, 1,500 to 12,500, 2,000 to 15,000.
    let graduated = Price { included: dec("100"), ..calls(Model::Graduated { tiers: tiers(&[("1000", "10", "0"), ("", "5", "500")]) }) };
    let (invoiced, life) = june(graduated, ["500", "1000", "500"]);
    assert_eq!(invoiced, [4_000, 8_500]);
    let rest = life.close();
    assert_lines(&rest, &[(Usage, "calls", 2_500)]);
    let explained = rest[0].explain.invoiced.as_ref().map(|invoiced| (invoiced.rerated_minor, invoiced.billed_minor));
    assert_eq!((rest[0].quantity, explained), (dec("2000"), Some((15_000, 12_500))));

    // Started packages of 100 at 7: 1, then none more, then 2 more.
    let (invoiced, life) = june(calls(Model::Package { size: dec("100"), amount: dec("700") }), ["50", "50", "101"]);
    assert_eq!(invoiced, [700, 0]);
    assert_lines(&life.close(), &[(Usage, "calls", 1_400)]);

    // A minimum of 50.00 is missed at the end alone.
    let (invoiced, life) = june(Price { minimum: Some(5_000), ..calls(Model::PerUnit { unit_amount: dec("10") }) }, ["100", "100", "50"]);
    assert_eq!(invoiced, [1_000, 1_000]);
    assert_lines(&life.close(), &[(Usage, "calls", 500), (Minimum, "calls", 2_500)]);
}

#[test]
fn what_falls_in_a_cheaper_tier_is_taken_back_of_what_was_invoiced() {
    // All units at 10 up to 1,000, at 5 above: 900 come to 9,000, 1,200 to 6,000.
    let volume = calls(Model::Volume { tiers: tiers(&[("1000", "10", "0"), ("", "5", "0")]) });
    let (invoiced, life) = june(volume, ["500", "400", "300"]);
    assert_eq!(invoiced, [5_000, 4_000]);
    let Closed { lines: rest, stands } = life.closed();
    assert_lines(&rest, &[(Usage, "calls", -3_000)]);
    assert_eq!(rest[0].credits.as_deref(), Some(life.charged[1].reference.as_str()), "the latest first");
    let june = (rest[0].from, rest[0].to);
    assert_eq!((rest[0].quantity, june), (dec("1200"), (Some(at("2024-06-01")), Some(at("2024-07-01")))), "of all that was used");
    assert_eq!(stands.iter().map(|line| line.stands_minor).collect::<Vec<_>>(), [5_000, 1_000]);
}

#[test]
fn what_a_note_credited_stands_for_no_more_than_was_used() {
    // 100 calls are invoiced and credited by a note. At the end it were 40: nothing is left to take back, but no more than 40 stand.
    let (_, mut life) = june(calls(Model::PerUnit { unit_amount: dec("10") }), ["100", "-60", "0"]);
    life.charged[0].credits.push(Credited { reference: "note".into(), at: None, amount_minor: 1_000, tax: Vec::new() });
    let Closed { lines, stands } = life.closed();
    assert_eq!((lines.as_slice(), stands.iter().map(|line| line.stands_minor).collect::<Vec<_>>()), (&[][..], vec![400]));
}

#[test]
fn a_level_waits_for_the_end_and_a_fee_is_no_usage() {
    let peak = metered(per_unit("peak", "100"), "m", Max);
    let mut life = Life::new(plan("p", vec![flat("base", 900), peak]), "2024-06-01");
    life.begin();
    life.uses("m", "2024-06-10", "30");
    assert!(life.so_far("2024-06-11").is_none());
}

#[test]
fn usage_within_the_allowance_is_not_invoiced_before_the_end() {
    let allowed = Price { included: dec("100"), ..calls(Model::PerUnit { unit_amount: dec("10") }) };
    let mut life = Life::new(plan("p", vec![allowed]), "2024-06-01");
    life.try_begin();
    life.uses("m", "2024-06-05", "80");
    assert!(life.so_far("2024-06-06").is_none());
    // 30 more are 10 above it.
    life.uses("m", "2024-06-07", "30");
    assert_eq!(life.so_far("2024-06-08").map(|document| document.total_minor), Some(100));
}

#[test]
fn whatever_ends_the_period_before_bills_the_rest() {
    let price = || calls(Model::PerUnit { unit_amount: dec("10") });
    for (ends, rest) in [("change", 500), ("credited", 500), ("kept", 500)] {
        let mut life = Life::new(plan("p", vec![price()]), "2024-06-01");
        life.try_begin();
        life.uses("m", "2024-06-05", "100");
        assert_eq!(life.so_far("2024-06-06").map(|document| document.total_minor), Some(1_000));
        life.uses("m", "2024-06-07", "50");
        let document = match ends {
            "change" => life.change("2024-06-10", plan("q", vec![calls(Model::PerUnit { unit_amount: dec("20") })])),
            "credited" => life.cancel("2024-06-10", Unused::Credited),
            _ => life.cancel("2024-06-10", Unused::Kept),
        };
        assert_lines(&document.expect("a document").lines, &[(Usage, "calls", rest)]);
    }
}

#[test]
fn a_change_undone_at_the_same_moment_leaves_what_was_invoiced() {
    let team = plan("p", vec![calls(Model::PerUnit { unit_amount: dec("10") })]);
    let mut life = Life::new(team.clone(), "2024-06-01");
    life.try_begin();
    life.uses("m", "2024-06-05", "100");
    life.so_far("2024-06-06");
    life.uses("m", "2024-06-07", "50");
    life.change("2024-06-10", plan("q", vec![calls(Model::PerUnit { unit_amount: dec("20") })]));
    let back = life.change("2024-06-10", team).expect("a document");
    assert_lines(&back.lines, &[(ProrationCredit, "calls", -500)]);
    life.uses("m", "2024-06-12", "1");
    assert_lines(&life.close(), &[(Usage, "calls", 510)]);
}

#[test]
fn a_change_undone_at_the_very_moment_of_an_invoice_leaves_it_too() {
    let team = plan("p", vec![calls(Model::PerUnit { unit_amount: dec("10") })]);
    let mut life = Life::new(team.clone(), "2024-06-01");
    life.try_begin();
    life.uses("m", "2024-06-05", "100");
    assert_eq!(life.so_far("2024-06-10").map(|document| document.total_minor), Some(1_000));
    assert!(life.change("2024-06-10", plan("q", vec![calls(Model::PerUnit { unit_amount: dec("20") })])).is_none());
    assert!(life.change("2024-06-10", team).is_none());
    life.uses("m", "2024-06-12", "30");
    assert_lines(&life.close(), &[(Usage, "calls", 300)]);
}

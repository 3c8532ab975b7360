//! **Credits**: what a credit says of itself, and a change that the next one of the same moment undoes. June 2024 has 30 days.

use crate::world::{Life, add_on, assert_lines, at, flat, per_unit, percent_off, plan, rate};
use billing::{
    calendar::By,
    discount::Duration,
    explain::CreditOf,
    invoice::LineKind::{Minimum, ProrationCharge, ProrationCredit},
    money::{Ratio, Rounding},
    price::Price,
    subscription::{Terms, begin},
};

fn june(terms: Terms) -> Life {
    Life::new(terms, "2024-06-01")
}

fn team() -> Terms {
    plan("team", vec![flat("base", 3000)])
}

fn business() -> Terms {
    plan("business", vec![flat("base", 6000)])
}

#[test]
fn a_credit_says_for_which_stretch_it_is_how_it_was_rounded_and_at_which_tax_it_will_be() {
    let mut life = june(plan("team", vec![flat("base", 2901)])).rounding(Rounding::HalfEven).taxed_at(vec![rate("fr", "FR", "20")]);
    assert_eq!(life.begin().tax_total_minor, 580);
    let credit = life.preview("2024-06-16", &business()).lines.remove(0);
    assert_eq!((credit.kind, credit.amount_minor), (ProrationCredit, -1450));
    assert_eq!((credit.from, credit.to), (Some(at("2024-06-16")), Some(at("2024-07-01"))));
    assert_eq!(credit.explain.rounding, Some(Rounding::HalfEven));
    // Its tax is worked out with its document's.
    let taxes = credit.tax.iter().map(|tax| (tax.rate.as_str(), tax.amount_minor)).collect::<Vec<_>>();
    assert_eq!(taxes, [("fr", 0)]);
}

#[test]
fn a_whole_share_of_a_part_says_so() {
    let mut life = june(team()).by(By::Day);
    life.begin();
    // The day of the change belongs to the new terms, so all thirty do; yet it is not the period that is charged.
    let charge = life.preview("2024-06-01T10:00:00Z", &business()).lines.remove(1);
    let share = charge.explain.share.expect("a share");
    assert_eq!((charge.amount_minor, share.n, share.d), (6000, 30, 30));
}

#[test]
fn by_day_what_is_undone_on_the_same_day_is_charged_again_as_it_was() {
    for (undone, expected) in [
        // The coupon was good once: what was paid for the rest of June was 1200.
        ("2024-06-16T20:00:00Z", [(ProrationCredit, "base", -3000), (ProrationCharge, "base", 1200)]),
        ("2024-06-17T08:00:00Z", [(ProrationCredit, "base", -2800), (ProrationCharge, "base", 1400)]),
    ] {
        let mut life = june(team()).by(By::Day).with_coupon(percent_off("LAUNCH", "20", Duration::Once));
        life.begin();
        let first = life.change("2024-06-16T08:00:00Z", business()).expect("a document");
        assert_lines(&first.lines, &[(ProrationCredit, "base", -1200), (ProrationCharge, "base", 3000)]);
        let second = life.change(undone, team()).expect("a document");
        assert_lines(&second.lines, &expected);
    }
}

#[test]
fn a_minimum_that_is_charged_again_is_a_minimum() {
    let seats = || plan("team", vec![Price { minimum: Some(1000), ..per_unit("seats", "100") }]);
    let mut life = june(seats());
    life.begin();
    let first = life.change("2024-06-16", business()).expect("a document");
    assert_lines(&first.lines, &[(ProrationCredit, "seats", -50), (ProrationCredit, "seats", -450), (ProrationCharge, "base", 3000)]);
    let back = life.change("2024-06-16", seats()).expect("a document");
    assert_lines(&back.lines, &[(ProrationCredit, "base", -3000), (ProrationCharge, "seats", 50), (Minimum, "seats", 450)]);
}

#[test]
fn what_is_charged_again_says_which_credit_it_takes_back_and_how_much_that_gave() {
    let mut life = june(team());
    life.begin();
    life.change("2024-06-16", business());
    let credit = life.charged[1].clone();
    assert_eq!((credit.line.kind, credit.line.amount_minor), (ProrationCredit, -1500));
    let again = life.preview("2024-06-16", &team()).lines.remove(1);
    assert_eq!((again.kind, again.amount_minor, again.credits.as_ref()), (ProrationCharge, 1500, Some(&credit.reference)));
    assert_eq!((again.from, again.to), (Some(at("2024-06-16")), Some(at("2024-07-01"))));
    assert_eq!(again.explain.exact, Some(Ratio::whole(1500)));
    assert_eq!(again.explain.credit, Some(CreditOf { line: credit.reference, charged_minor: -1500, credited_before_minor: 0 }));
}

#[test]
fn of_two_things_at_one_price_each_is_charged_again_once() {
    let both = Terms { add_ons: vec![add_on("support", 1, vec![flat("support", 3000)])], ..team() };
    let mut life = june(both.clone());
    life.begin();
    let first = life.change("2024-06-16", plan("free", Vec::new())).expect("a document");
    assert_lines(&first.lines, &[(ProrationCredit, "base", -1500), (ProrationCredit, "support", -1500)]);
    let back = life.change("2024-06-16", both).expect("a document");
    assert_lines(&back.lines, &[(ProrationCharge, "base", 1500), (ProrationCharge, "support", 1500)]);
}

#[test]
fn only_the_changes_of_the_last_moment_are_remembered() {
    let mut life = june(team());
    life.begin();
    life.change("2024-06-11", business());
    life.change("2024-06-21", team());
    let before = life.cycle.before.clone().expect("what was before the change");
    assert_eq!((before.at, before.cycle.before), (at("2024-06-21"), None));
    // A period that begins has none to undo.
    let begun = begin(&life.basis, &life.terms, &life.cycle).expect("begins");
    assert_eq!(begun.cycle.before, None);
}

//! **Credits**: what a credit says of itself, and a change that the next one of the same moment undoes. June 2024 has 30 days.

use crate::world::{Life, assert_lines, at, flat, per_unit, percent_off, plan, rate};
use billing::{
    calendar::By,
    discount::Duration,
    invoice::LineKind::{Minimum, ProrationCharge, ProrationCredit},
    money::Rounding,
    price::Price,
    subscription::Terms,
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

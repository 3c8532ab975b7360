//! **Meters** through a subscription's life: what counts where, what a change cuts, and what goes on. June 2024 has 30 days.

use billing::{
    calendar::{By, Period},
    invoice::{
        Document, Line,
        LineKind::{ProrationCharge, ProrationCredit, Recurring, Usage},
    },
    price::Price,
    subscription::{Terms, Unused},
    usage::Aggregate::Sum,
};

use crate::world::{Life, YEAR, add_on, assert_lines, at, every, flat, metered, per_unit, plan};

/// So much a call.
fn calls(amount: &str) -> Price {
    metered(per_unit("calls", amount), "calls", Sum)
}

fn mails(amount: &str) -> Price {
    metered(per_unit("mails", amount), "mails", Sum)
}

fn june(terms: Terms) -> Life {
    let mut life = Life::new(terms, "2024-06-01");
    life.try_begin();
    life
}

fn lines(document: Option<Document>) -> Vec<Line> {
    document.map(|document| document.lines).unwrap_or_default()
}

#[test]
fn each_price_is_billed_with_what_its_own_meter_counted() {
    let abroad = add_on("abroad", 1, vec![metered(per_unit("calls", "5"), "calls abroad", Sum)]);
    let mut life = june(Terms { add_ons: vec![abroad], ..plan("team", vec![calls("1"), mails("2")]) });
    for (meter, quantity) in [("calls", "10"), ("mails", "3"), ("calls abroad", "4")] {
        life.uses(meter, "2024-06-05", quantity);
    }
    assert_lines(&life.close(), &[(Usage, "calls", 10), (Usage, "mails", 6), (Usage, "calls", 20)]);
}

#[test]
fn a_price_that_changes_within_its_plan_is_cut_there() {
    let mut life = june(plan("team", vec![calls("1")]));
    life.uses("calls", "2024-06-05", "100");
    assert_lines(&lines(life.change("2024-06-11", plan("team", vec![calls("2")]))), &[(Usage, "calls", 100)]);
    life.uses("calls", "2024-06-15", "50");
    assert_lines(&life.close(), &[(Usage, "calls", 100)]);
}

#[test]
fn what_goes_on_counting_is_not_counted_by_a_second_price_as_well() {
    let mut life = june(plan("team", vec![calls("1")]));
    life.uses("calls", "2024-06-05", "100");
    let business = || plan("business", vec![flat("base", 3000), calls("1")]);
    assert_lines(&lines(life.change("2024-06-11", business())), &[(ProrationCharge, "base", 2000)]);
    // At the same moment an add-on that counts the same: from here on.
    let again = add_on("again", 1, vec![metered(per_unit("again", "1"), "calls", Sum)]);
    assert_eq!(lines(life.change("2024-06-11", Terms { add_ons: vec![again], ..business() })), []);
    life.uses("calls", "2024-06-15", "10");
    assert_lines(&life.close(), &[(Usage, "calls", 110), (Usage, "again", 10)]);
}

#[test]
fn a_meter_dropped_and_brought_back_at_one_moment_goes_on_beside_one_that_stayed() {
    let both = plan("team", vec![calls("1"), mails("2")]);
    let mut life = june(both.clone());
    life.uses("calls", "2024-06-05", "100");
    life.uses("mails", "2024-06-05", "10");
    assert_lines(&lines(life.change("2024-06-11", plan("team", vec![calls("1")]))), &[(Usage, "mails", 20)]);
    assert_lines(&lines(life.change("2024-06-11", both)), &[(ProrationCredit, "mails", -20)]);
    life.uses("mails", "2024-06-20", "5");
    assert_lines(&life.close(), &[(Usage, "calls", 100), (Usage, "mails", 30)]);
}

#[test]
fn a_change_undone_at_the_start_of_a_period_leaves_the_usage_of_the_one_before() {
    let team = plan("team", vec![calls("1")]);
    let mut life = june(team.clone());
    life.uses("calls", "2024-06-05", "100");
    assert_lines(&lines(life.renew()), &[(Usage, "calls", 100)]);
    assert_eq!(lines(life.change("2024-07-01", plan("team", vec![calls("2")]))), []);
    assert_eq!(lines(life.change("2024-07-01", team)), []);
    life.uses("calls", "2024-07-05", "7");
    assert_lines(&life.close(), &[(Usage, "calls", 7)]);
}

#[test]
fn what_was_counted_in_a_month_is_not_taken_up_in_a_year() {
    let mut life = june(plan("team", vec![flat("base", 3000), calls("1")]));
    life.uses("calls", "2024-06-05", "100");
    let first = life.change("2024-06-11", every(YEAR, plan("yearly", vec![flat("base", 30_000)])));
    assert_lines(&lines(first), &[(ProrationCredit, "base", -2000), (Usage, "calls", 100), (Recurring, "base", 30_000)]);
    // At the same moment the calls come back at their price: the month's are billed, the year's count from here.
    let second = life.change("2024-06-11", every(YEAR, plan("yearly", vec![flat("base", 30_000), calls("1")])));
    assert_eq!(lines(second), []);
    assert_eq!(life.cycle.open[0].from, at("2024-06-11"));
}

#[test]
fn a_cancellation_undone_at_the_same_moment_goes_on_where_it_was() {
    let mut life = june(plan("team", vec![flat("base", 3000), calls("1")]));
    life.uses("calls", "2024-06-05", "100");
    assert_lines(&lines(life.cancel("2024-06-11", Unused::Kept)), &[(Usage, "calls", 100)]);
    assert_eq!(life.cycle.open, []);
    assert_lines(&lines(life.resume("2024-06-11")), &[(ProrationCredit, "calls", -100)]);
    life.uses("calls", "2024-06-20", "20");
    assert_lines(&life.close(), &[(Usage, "calls", 120)]);
}

#[test]
fn by_none_what_was_ended_and_comes_back_counts_from_then_on() {
    let mut life = june(plan("team", vec![flat("base", 3000), calls("1")])).by(By::None);
    life.uses("calls", "2024-06-05", "100");
    assert_lines(&lines(life.cancel("2024-06-11", Unused::Credited)), &[(Usage, "calls", 100)]);
    life.uses("calls", "2024-06-15", "1000");
    // What is left of June has been paid.
    assert_eq!(lines(life.resume("2024-06-21")), []);
    life.uses("calls", "2024-06-25", "3");
    assert_lines(&life.close(), &[(Usage, "calls", 3)]);
}

#[test]
fn the_stretches_that_count_are_those_between_pauses() {
    let mut life = june(plan("team", vec![calls("1")]));
    // Paused from the first moment on, and once more.
    life.pause("2024-06-01", Unused::Kept);
    life.resume("2024-06-11");
    life.pause("2024-06-16", Unused::Kept);
    life.resume("2024-06-21");
    let stretch = |start, end| Period { start: at(start), end: at(end) };
    assert_eq!(life.cycle.open[0].stretches(at("2024-07-01")), [stretch("2024-06-11", "2024-06-16"), stretch("2024-06-21", "2024-07-01")]);
    assert_eq!(life.cycle.open[0].stretches(at("2024-06-13")), [stretch("2024-06-11", "2024-06-13")]);
    assert_eq!(life.cycle.open[0].stretches(at("2024-06-11")), []);
}

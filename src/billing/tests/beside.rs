//! **Add-ons at an interval of their own** through a subscription's life: each cycle meets every event inside its own period. June 2024 has
//! 30 days, and the year from there 365.

use billing::{
    calendar::{By, Interval, Unit},
    invoice::{
        Document,
        LineKind::{self, ProrationCharge, ProrationCredit, Recurring, Usage},
    },
    price::Price,
    subscription::{AddOnTerms, Terms, Unused},
    usage::Aggregate::Sum,
};

use crate::world::{Life, MONTH, YEAR, add_on_every, assert_lines, at, every, flat, metered, per_unit, plan};

const WEEK: Interval = Interval { unit: Unit::Week, count: 1 };

fn with(plan: Terms, add_ons: Vec<AddOnTerms>) -> Terms {
    Terms { add_ons, ..plan }
}

/// 30.00 a month.
fn monthly() -> Terms {
    plan("team", vec![flat("base", 3000)])
}

/// 365.00 a year.
fn listing() -> AddOnTerms {
    add_on_every(YEAR, "listing", vec![flat("listing", 36500)])
}

fn support() -> AddOnTerms {
    add_on_every(MONTH, "support", vec![flat("support", 3000)])
}

fn calls() -> Price {
    metered(per_unit("calls", "1"), "calls", Sum)
}

/// A subscription of June, after its first document.
fn june(terms: Terms) -> Life {
    let mut life = Life::new(terms, "2024-06-01");
    life.try_begin();
    life
}

#[track_caller]
fn assert_document(document: Option<Document>, expected: &[(LineKind, &str, i64)]) {
    assert_lines(&document.map(|document| document.lines).unwrap_or_default(), expected);
}

#[test]
fn each_is_charged_by_its_own_period_from_one_anchor() {
    let mut life = Life::new(with(every(YEAR, monthly()), vec![support()]), "2024-01-31");
    assert_document(life.try_begin(), &[(Recurring, "base", 3000), (Recurring, "support", 3000)]);
    for end in ["2024-02-29", "2024-03-31", "2024-04-30"] {
        assert_eq!(life.cycle.next_end(), at(end));
        assert_document(life.renew(), &[(Recurring, "support", 3000)]);
    }
    assert_eq!((life.cycle.whole.end, life.cycle.beside.len()), (at("2025-01-31"), 1));
}

#[test]
fn both_end_and_begin_together_where_their_ends_meet() {
    let mut life = june(with(every(YEAR, plan("team", vec![flat("base", 36500), calls()])), vec![add_on_every(MONTH, "mails", vec![calls()])]));
    life.uses("calls", "2024-06-10", "7");
    assert_document(life.renew(), &[(Usage, "calls", 7)]);
    for _ in 0..10 {
        life.renew();
    }
    life.uses("calls", "2025-05-10", "2");
    assert_document(life.renew(), &[(Usage, "calls", 9), (Usage, "calls", 2), (Recurring, "base", 36500)]);
    assert_eq!((life.cycle.next_end(), life.cycle.whole.end), (at("2025-07-01"), at("2026-06-01")));
}

#[test]
fn it_comes_goes_and_comes_back_by_the_share_of_its_own_period() {
    let mut life = june(monthly());
    assert_document(life.change("2024-06-16", with(monthly(), vec![listing()])), &[(ProrationCharge, "listing", 35000)]);
    assert_document(life.change("2024-06-21", monthly()), &[(ProrationCredit, "listing", -34500)]);
    assert_eq!(life.cycle.beside, []);
    assert_document(life.change("2024-06-21", with(monthly(), vec![listing()])), &[(ProrationCharge, "listing", 34500)]);
    assert_document(
        life.change("2024-06-26", with(plan("business", vec![flat("base", 6000)]), vec![listing()])),
        &[(ProrationCredit, "base", -500), (ProrationCharge, "base", 1000)],
    );
}

#[test]
fn one_that_comes_where_its_period_begins_is_charged_as_every_period_of_it() {
    let year = || plan("year", vec![flat("base", 36500)]);
    let mut life = june(every(YEAR, year()));
    assert_document(life.change("2024-07-01", with(every(YEAR, year()), vec![support()])), &[(Recurring, "support", 3000)]);
    assert_document(life.renew(), &[(Recurring, "support", 3000)]);
}

#[test]
fn a_reversal_takes_a_count_up_again_as_if_it_had_never_ended() {
    let mails = || add_on_every(MONTH, "mails", vec![calls()]);
    let year = || with(every(YEAR, plan("year", vec![flat("base", 36500)])), vec![mails()]);
    let mut life = june(year());
    life.uses("calls", "2024-06-10", "7");
    let before = life.cycle.clone();
    let ended = [(ProrationCredit, "base", -35000), (Usage, "calls", 7), (Recurring, "base", 3000)];
    assert_document(life.change("2024-06-16", with(monthly(), vec![mails()])), &ended);
    let back = [(ProrationCredit, "base", -3000), (ProrationCharge, "base", 35000), (ProrationCredit, "calls", -7)];
    assert_document(life.change("2024-06-16", year()), &back);
    assert_eq!(life.cycle.beside[0].whole, before.beside[0].whole);
    life.uses("calls", "2024-06-20", "5");
    assert_document(life.renew(), &[(Usage, "calls", 12)]);
}

#[test]
fn another_interval_of_the_plan_ends_all_and_its_reversal_takes_all_up_again() {
    let mut life = june(with(monthly(), vec![listing()]));
    let before = life.cycle.clone();
    let yearly = || with(every(YEAR, plan("year", vec![flat("base", 30000)])), vec![listing()]);
    let expected = [(ProrationCredit, "base", -1500), (ProrationCredit, "listing", -35000), (Recurring, "base", 30000), (Recurring, "listing", 36500)];
    assert_document(life.change("2024-06-16", yearly()), &expected);
    assert_eq!(life.cycle.beside, []);
    let back = [(ProrationCredit, "base", -30000), (ProrationCredit, "listing", -36500), (ProrationCharge, "base", 1500), (ProrationCharge, "listing", 35000)];
    assert_document(life.change("2024-06-16", with(monthly(), vec![listing()])), &back);
    assert_eq!((life.cycle.whole, life.cycle.beside[0].whole), (before.whole, before.beside[0].whole));
}

#[test]
fn what_is_planned_for_the_plans_next_period_changes_it_then() {
    let mut life = june(with(monthly(), vec![listing()]));
    assert_document(life.renew_to(monthly()), &[(Recurring, "base", 3000), (ProrationCredit, "listing", -33500)]);
    assert_eq!(life.cycle.beside, []);
    // To a plan by the year, whose days begin there: it begins anew with that.
    let mut life = june(with(monthly(), vec![listing()]));
    let year = with(every(YEAR, plan("year", vec![flat("base", 30000)])), vec![listing()]);
    assert_document(life.renew_to(year), &[(Recurring, "base", 30000), (Recurring, "listing", 36500), (ProrationCredit, "listing", -33500)]);
    // One that stays is left alone, and one that comes begins with the period.
    let mut life = june(with(monthly(), vec![listing()]));
    let weekly = add_on_every(WEEK, "weekly", vec![flat("weekly", 700)]);
    assert_document(life.renew_to(with(monthly(), vec![weekly, listing()])), &[(Recurring, "base", 3000), (ProrationCharge, "weekly", 500)]);
    let ends = life.cycle.beside.iter().map(|cycle| cycle.whole.end).collect::<Vec<_>>();
    assert_eq!(ends, [at("2024-07-06"), at("2025-06-01")], "in the order of the terms");
}

#[test]
fn a_cancellation_and_a_pause_end_each_in_its_own_period() {
    let both = [(ProrationCredit, "base", -1500), (ProrationCredit, "listing", -35000)];
    assert_document(june(with(monthly(), vec![listing()])).cancel("2024-06-16", Unused::Credited), &both);
    let mut life = june(with(monthly(), vec![listing()]));
    assert_document(life.pause("2024-06-16", Unused::Credited), &both);
    // The plan's month is over, its year is not.
    assert_document(life.resume("2024-07-16"), &[(ProrationCharge, "base", 1548), (ProrationCharge, "listing", 32000)]);
    let mut life = june(with(monthly(), vec![listing()]));
    assert_document(life.pause("2024-06-16", Unused::Kept), &[]);
    assert_document(life.resume("2024-07-16"), &[(ProrationCharge, "base", 1548)]);
    // Of a paused one whose month is over, only the year is left to give back.
    let mut life = june(with(monthly(), vec![listing()]));
    life.pause("2024-06-16", Unused::Kept);
    assert_document(life.cancel("2024-07-16", Unused::Credited), &[(ProrationCredit, "listing", -32000)]);
}

#[test]
fn in_a_pause_that_keeps_it_paid_what_is_planned_gives_back_what_it_drops() {
    let calls = || add_on_every(YEAR, "calls", vec![calls()]);
    let paused = || {
        let mut life = june(with(monthly(), vec![listing(), calls()]));
        life.uses("calls", "2024-06-10", "7");
        life.pause("2024-06-16", Unused::Kept);
        life
    };
    let mut life = paused();
    assert_document(life.renew_paused(with(monthly(), vec![calls()])), &[(ProrationCredit, "listing", -33500)]);
    assert_eq!(life.cycle.metered().count(), 1, "what stays goes on counting");
    assert_document(life.resume("2024-07-16"), &[(ProrationCharge, "base", 1548)]);
    assert_document(paused().renew_paused(with(monthly(), vec![listing()])), &[(Usage, "calls", 7)]);
    assert_document(paused().renew_paused(with(plan("business", vec![flat("base", 6000)]), vec![listing(), calls()])), &[]);
    let mut life = paused();
    let year = with(every(YEAR, plan("year", vec![flat("base", 30000)])), vec![listing(), calls()]);
    assert_document(life.renew_paused(year), &[(ProrationCredit, "listing", -33500), (Usage, "calls", 7)]);
    assert_eq!((life.cycle.beside.len(), life.cycle.interval), (0, YEAR));
    // What was over by then has nothing to give back.
    let weekly = || add_on_every(WEEK, "weekly", vec![flat("weekly", 700)]);
    let mut life = june(with(monthly(), vec![weekly()]));
    life.pause("2024-06-02", Unused::Kept);
    assert_document(life.renew_paused(with(monthly(), vec![weekly()])), &[]);
    assert_eq!(life.cycle.beside.len(), 1);
    assert_document(life.renew_paused(monthly()), &[]);
    assert_eq!(life.cycle.beside.len(), 0);
}

#[test]
fn by_none_all_is_sold_to_its_end_whatever_the_terms_are() {
    let begun = |terms: Terms| {
        let mut life = Life::new(terms, "2024-06-01").by(By::None);
        life.try_begin();
        life
    };
    let weekly = plan("weekly", vec![flat("base", 700)]);
    let calls = || add_on_every(MONTH, "calls", vec![calls()]);
    let mut life = begun(with(every(WEEK, weekly), vec![support(), calls()]));
    life.renew();
    // The plan comes to their interval: they are its own when the month is over that they are paid for, and charged with its next one.
    let month = || with(monthly(), vec![support(), calls()]);
    assert_document(life.renew_to(month()), &[(Recurring, "base", 3000)]);
    assert_eq!((life.cycle.next_end(), life.cycle.open.len(), life.cycle.beside.len()), (at("2024-07-01"), 0, 1));
    life.uses("calls", "2024-06-20", "5");
    assert_document(life.renew(), &[(Usage, "calls", 5)]);
    assert_eq!((life.cycle.next_end(), life.cycle.open.len(), life.cycle.beside.len()), (at("2024-07-15"), 1, 0));
    life.uses("calls", "2024-07-10", "7");
    assert_document(life.renew(), &[(Usage, "calls", 7), (Recurring, "base", 3000), (Recurring, "support", 3000)]);
    // What the terms have no longer is over with its period, and no pause makes it forgotten.
    let mut life = begun(with(monthly(), vec![listing(), add_on_every(YEAR, "calls", calls().prices)]));
    assert_document(life.renew_to(monthly()), &[(Recurring, "base", 3000)]);
    life.uses("calls", "2024-06-10", "7");
    assert_document(life.pause("2024-07-16", Unused::Credited), &[]);
    assert_document(life.renew_paused(monthly()), &[]);
    assert_document(life.resume("2024-08-16"), &[]);
    assert_eq!((life.cycle.whole.end, life.cycle.beside.len()), (at("2024-09-01"), 1));
    for _ in 0..9 {
        assert_document(life.renew(), &[(Recurring, "base", 3000)]);
    }
    assert_document(life.renew(), &[(Usage, "calls", 7), (Recurring, "base", 3000)]);
    assert_eq!(life.cycle.beside, []);
}

//! **Proration**: changes, stubs, cuts, pauses and ends in mid-period. June 2024 has 30 days, so a price of 3000 is 100 a day.

use crate::world::{
    Life, MONTH, YEAR, add_on, amount_off, assert_lines, at, currency, dec, every, flat, metered, of, per_unit, percent_off, plan, price, rate, tiers,
};
use billing::{
    Error,
    calendar::{Anchor, By, CalendarError, Period, Zone},
    discount::Duration,
    invoice::{DocumentKind, Line, LineKind},
    money::{Ratio, Rounding},
    price::{Model, Price},
    subscription::{Credited, SubscriptionError, Terms, Unused, change, resume},
    usage::Aggregate,
};

use LineKind::{Minimum, ProrationCharge, ProrationCredit, Recurring, Usage};

fn june(terms: Terms) -> Life {
    Life::new(terms, "2024-06-01")
}

fn begun(terms: Terms) -> Life {
    let mut life = june(terms);
    life.try_begin();
    life
}

fn lines(document: Option<billing::invoice::Document>) -> Vec<Line> {
    document.map(|document| document.lines).unwrap_or_default()
}

#[test]
fn a_change_credits_the_unused_and_charges_the_rest_by_the_second() {
    // Noon of the 16th is the middle of June to the second.
    let mut life = begun(plan("team", vec![flat("base", 2901)]));
    let lines = lines(life.change("2024-06-16T00:00:00Z", plan("business", vec![flat("base", 9900)])));
    assert_lines(&lines, &[(ProrationCredit, "base", -1451), (ProrationCharge, "base", 4950)]);
    assert_eq!((lines[0].plan.as_deref(), lines[1].plan.as_deref()), (Some("team"), Some("business")));
    // `from` of a proration line is the change.
    assert_eq!((lines[1].from, lines[1].to), (Some(at("2024-06-16")), Some(at("2024-07-01"))));
    let share = lines[1].explain.share.clone().expect("a share");
    assert_eq!((share.n, share.d, share.by), (1_296_000, 2_592_000, By::Second));
    assert_eq!(lines[0].explain.exact, Some(Ratio::new(-2901, 2).expect("a fraction")));
    // The anchor stays.
    assert_eq!(life.cycle.whole, Period { start: at("2024-06-01"), end: at("2024-07-01") });
}

#[test]
fn by_day_the_day_of_the_change_belongs_to_the_new_terms() {
    let mut life = june(plan("team", vec![flat("base", 3000)])).by(By::Day);
    life.begin();
    // Late on the 16th: the 16th to the 30th are 15 days of 30.
    let lines = lines(life.change("2024-06-16T23:59:59Z", plan("business", vec![flat("base", 6000)])));
    assert_lines(&lines, &[(ProrationCredit, "base", -1500), (ProrationCharge, "base", 3000)]);
}

#[test]
fn by_none_new_terms_wait_for_the_next_period() {
    let usage = metered(per_unit("calls", "1"), "calls", Aggregate::Sum);
    let mut life = june(plan("team", vec![flat("base", 3000), usage])).by(By::None);
    life.begin();
    for new in [plan("business", vec![flat("base", 6000)]), every(YEAR, plan("yearly", vec![flat("base", 30_000)]))] {
        let outcome = life.preview("2024-06-16", &new);
        assert_eq!((outcome.lines.len(), outcome.effective_at), (0, at("2024-07-01")));
        assert_eq!(outcome.cycle, life.cycle);
    }
    assert!(life.pause("2024-06-16", Unused::Credited).is_none());
    assert!(life.resume("2024-06-20").is_none());
    // Cancelled now: no credit, and the usage so far.
    life.uses("calls", "2024-06-10", "7");
    assert_lines(&lines(life.cancel("2024-06-21", Unused::Credited)), &[(Usage, "calls", 7)]);
}

#[test]
fn rounding_is_the_vendors_choice() {
    for (rounding, charge) in [(Rounding::HalfUp, 7499), (Rounding::HalfEven, 7498)] {
        let mut life = june(plan("free", Vec::new())).rounding(rounding);
        life.try_begin();
        // 24995 × 9 ÷ 30 = 7498.5
        let lines = lines(life.change("2024-06-22", plan("paid", vec![flat("base", 24995)])));
        assert_lines(&lines, &[(ProrationCharge, "base", charge)]);
        assert_eq!(lines[0].explain.rounding, Some(rounding));
    }
}

#[test]
fn a_credit_is_net_of_the_discount_and_at_its_own_tax() {
    let mut life = june(plan("team", vec![flat("base", 3000)])).taxed_at(vec![rate("fr", "FR", "20")]).with_coupon(percent_off("LAUNCH", "20", Duration::Once));
    // 3000 − 600 = 2400, tax 480.
    assert_eq!(life.begin().total_minor, 2880);
    life.tax.rates = vec![rate("fr", "FR", "10")];
    let document = life.change("2024-06-16", plan("small", vec![flat("base", 1000)])).expect("a document");
    // Half of 2400 back at 20 %; half of 1000 at today's 10 %.
    assert_lines(&document.lines, &[(ProrationCredit, "base", -1200), (ProrationCharge, "base", 500)]);
    let taxes = document.tax.iter().map(|tax| (tax.percent, tax.base_minor, tax.amount_minor)).collect::<Vec<_>>();
    assert_eq!(taxes, [(dec("20"), -1200, -240), (dec("10"), 500, 50)]);
    // Net below zero: a credit note, its lines with their kinds and signs.
    assert_eq!((document.kind, document.total_minor), (DocumentKind::CreditNote, -890));
}

#[test]
fn credits_never_exceed_what_was_charged() {
    let mut life = begun(plan("team", vec![flat("base", 3000)]));
    // The vendor gave back 2500 of the 3000; half the period is left, but only 500 of the money.
    let credit = Credited { reference: "note".to_owned(), at: None, amount_minor: 2500, tax: Vec::new() };
    life.charged[0].credits.push(credit);
    let lines = lines(life.cancel("2024-06-16", Unused::Credited));
    assert_lines(&lines, &[(ProrationCredit, "base", -500)]);
    let of = lines[0].explain.credit.clone().expect("what it is of");
    assert_eq!((of.line.as_str(), of.charged_minor, of.credited_before_minor), ("line_1", 3000, 2500));
}

#[test]
fn a_second_change_credits_what_is_left_of_the_first() {
    let mut life = begun(plan("a", vec![flat("base", 3000)]));
    let first = lines(life.change("2024-06-11", plan("b", vec![flat("base", 6000)])));
    assert_lines(&first, &[(ProrationCredit, "base", -2000), (ProrationCharge, "base", 4000)]);
    // 20 of 30 days at 200 a day were charged; 10 are left.
    let second = lines(life.change("2024-06-21", plan("c", vec![flat("base", 9000)])));
    assert_lines(&second, &[(ProrationCredit, "base", -2000), (ProrationCharge, "base", 3000)]);
}

#[test]
fn a_thing_that_does_not_change_makes_no_line() {
    let prices = || vec![flat("base", 3000), per_unit("seats", "900"), metered(per_unit("calls", "1"), "calls", Aggregate::Sum)];
    let support = || add_on("support", 1, vec![flat("support", 600)]);
    let mut life = begun(of(2, Terms { add_ons: vec![support()], ..plan("team", prices()) }));
    // Two seats become five: the base fee, the add-on and the meter go on.
    let change = lines(life.change("2024-06-16", of(5, Terms { add_ons: vec![support()], ..plan("team", prices()) })));
    assert_lines(&change, &[(ProrationCredit, "seats", -900), (ProrationCharge, "seats", 2250)]);
    assert_eq!(life.cycle.open[0].from, at("2024-06-01"));
    // The add-on goes, another comes.
    let backup = add_on("backup", 2, vec![per_unit("backup", "300")]);
    let change = lines(life.change("2024-06-21", of(5, Terms { add_ons: vec![backup], ..plan("team", prices()) })));
    assert_lines(&change, &[(ProrationCredit, "support", -200), (ProrationCharge, "backup", 200)]);
    assert_eq!((change[0].add_on.as_deref(), change[0].plan.as_deref()), (Some("support"), None));
    // Nothing at all.
    let same = life.terms.clone();
    assert!(life.change("2024-06-22", same).is_none());
}

#[test]
fn a_change_at_the_boundary_belongs_to_the_new_period() {
    let mut life = begun(plan("team", vec![flat("base", 3000)]));
    let outcome = change(&life.basis, &life.terms, &life.terms, &life.cycle, at("2024-07-01"), &life.charged, &[]);
    assert!(matches!(outcome, Err(Error::Calendar(CalendarError::Outside { .. }))));
    // First what falls due, then the step: all of July is credited and charged.
    life.renew();
    let lines = lines(life.change("2024-07-01", plan("business", vec![flat("base", 6000)])));
    assert_lines(&lines, &[(ProrationCredit, "base", -3000), (ProrationCharge, "base", 6000)]);
}

/// Changes and changes back at one instant, whatever the first charge met: the two documents sum to zero, line by line and tax by
/// tax, and a later cancellation gives back what it would have given without the pair.
#[track_caller]
fn assert_reversal_cancels(mut life: Life, there: Terms) {
    life.begin();
    let back = life.terms.clone();
    for (meter, when, quantity) in [("calls", "2024-06-03", "1234"), ("calls", "2024-06-18", "500")] {
        life.uses(meter, when, quantity);
    }
    let cycle = life.cycle.clone();
    let changed = "2024-06-11T07:08:09Z";
    let first = life.change(changed, there.clone()).expect("a change");
    let second = life.change(changed, back.clone()).expect("a reversal");
    assert_eq!(first.total_minor + second.total_minor, 0, "totals: {:#?} {:#?}", first.lines, second.lines);
    assert_eq!(first.tax_total_minor + second.tax_total_minor, 0, "taxes");
    assert_eq!((life.cycle.whole, &life.cycle.open, &life.cycle.anchor), (cycle.whole, &cycle.open, &cycle.anchor));
    // And again there and back: still nothing, and nothing is restored twice.
    let third = life.change(changed, there).expect("a change");
    let fourth = life.change(changed, back).expect("a reversal");
    assert_eq!(third.total_minor + fourth.total_minor, 0, "again: {:#?} {:#?}", third.lines, fourth.lines);
    assert_eq!((first.total_minor, second.total_minor), (third.total_minor, fourth.total_minor));
}

#[test]
fn a_change_and_its_reversal_at_one_instant_cancel_exactly() {
    let odd = || plan("odd", vec![flat("base", 3333), per_unit("seats", "333.3")]);
    let other = || plan("other", vec![flat("base", 7777)]);
    let taxed = || vec![rate("fr", "FR", "20"), rate("eco", "FR", "0.3")];

    assert_reversal_cancels(june(of(7, odd())), other());
    assert_reversal_cancels(june(of(7, odd())).rounding(Rounding::HalfEven).taxed_at(taxed()), other());
    assert_reversal_cancels(june(of(7, odd())).by(By::Day), of(3, odd()));
    // A third of a percent off makes net and gross round apart.
    let forever = percent_off("ODD", "33.3", Duration::Forever);
    assert_reversal_cancels(june(of(7, odd())).with_coupon(forever).taxed_at(taxed()), other());
    // What a coupon for once made free was charged nothing: the reversal charges nothing.
    let once = percent_off("FREE", "100", Duration::Once);
    assert_reversal_cancels(june(of(7, odd())).with_coupon(once), other());
    assert_reversal_cancels(june(of(7, odd())).with_coupon(amount_off("TEN", 1000, Duration::Once)), other());
    // A minimum charged in advance.
    let with_minimum = plan("min", vec![Price { minimum: Some(5001), ..per_unit("seats", "333.3") }]);
    assert_reversal_cancels(june(of(7, with_minimum)), other());
    // A meter that is cut and taken up again.
    let usage = || metered(price("calls", Model::Graduated { tiers: tiers(&[("1000", "0", "0"), ("", "1.7", "50")]) }), "calls", Aggregate::Sum);
    let with_usage = || plan("usage", vec![flat("base", 3333), Price { minimum: Some(10_000), ..usage() }]);
    let other_usage = || plan("other", vec![metered(per_unit("calls", "2"), "calls", Aggregate::Sum)]);
    assert_reversal_cancels(june(with_usage()).taxed_at(taxed()), other_usage());
    // Another interval, with meters, and back: the old period is restored.
    assert_reversal_cancels(june(with_usage()), every(YEAR, other_usage()));
    assert_reversal_cancels(june(of(7, odd())), every(YEAR, plan("odd", vec![flat("base", 33_330)])));
}

#[test]
fn after_a_reversal_all_goes_on_as_if_nothing_had_been() {
    let usage = metered(price("calls", Model::Graduated { tiers: tiers(&[("1000", "0", "0"), ("", "1", "0")]) }), "calls", Aggregate::Sum);
    let terms = plan("usage", vec![flat("base", 3000), usage]);
    let mut life = begun(terms.clone());
    life.uses("calls", "2024-06-03", "600");
    life.change("2024-06-11", plan("other", vec![flat("base", 6000)]));
    life.change("2024-06-11", terms);
    life.uses("calls", "2024-06-18", "700");
    // The month's allowance was neither halved nor doubled: 1300 − 1000.
    let lines = lines(life.renew());
    assert_lines(&lines, &[(Usage, "calls", 300), (Recurring, "base", 3000)]);
    assert_eq!(lines[0].from, Some(at("2024-06-01")));
}

#[test]
fn three_plans_at_one_instant_and_home_again() {
    let (a, b, c) = (plan("a", vec![flat("base", 3331)]), plan("b", vec![flat("base", 7777)]), plan("c", vec![flat("base", 1111)]));
    let mut life = begun(a.clone());
    let totals = [b, c, a].map(|terms| life.change("2024-06-12T01:02:03Z", terms).expect("a document").total_minor);
    assert_eq!(totals.iter().sum::<i64>(), 0);
    // What was restored is credited later as if it had never gone: 18 ÷ 30 of 3331 within a cent of rounding.
    let credit = lines(life.cancel("2024-06-13", Unused::Credited));
    assert_lines(&credit, &[(ProrationCredit, "base", -1999)]);
}

#[test]
fn a_stub_is_a_proration_charge_of_the_period_its_anchor_ends() {
    let terms = plan("team", vec![flat("base", 3000), metered(per_unit("calls", "1"), "calls", Aggregate::Sum)]);
    let anchor = Anchor::on_day(1, at("2024-06-16"), Zone::UTC, MONTH).expect("an anchor");
    let mut life = Life::new(terms, "2024-06-16").anchored(anchor);
    let stub = life.begin();
    assert_lines(&stub.lines, &[(ProrationCharge, "base", 1500)]);
    assert_eq!((stub.lines[0].from, stub.lines[0].to), (Some(at("2024-06-16")), Some(at("2024-07-01"))));
    let share = stub.lines[0].explain.share.clone().expect("a share");
    assert_eq!((share.whole_from, share.whole_to), (at("2024-06-01"), at("2024-07-01")));
    // A change within the stub: ten of its fifteen days are left, ten of the whole's thirty.
    let change = lines(life.change("2024-06-21", plan("business", vec![flat("base", 6000)])));
    assert_lines(&change, &[(ProrationCredit, "base", -1000), (ProrationCharge, "base", 2000)]);
    assert_lines(&lines(life.renew()), &[(Recurring, "base", 6000)]);
}

#[test]
fn by_none_a_stub_costs_nothing_and_owes_no_minimum() {
    let usage = Price { minimum: Some(900), ..metered(per_unit("calls", "1"), "calls", Aggregate::Sum) };
    let anchor = Anchor::on_day(1, at("2024-06-16"), Zone::UTC, MONTH).expect("an anchor");
    let mut life = Life::new(plan("team", vec![flat("base", 3000), usage]), "2024-06-16").anchored(anchor).by(By::None);
    assert!(life.try_begin().is_none());
    life.uses("calls", "2024-06-20", "40");
    assert_lines(&lines(life.renew()), &[(Usage, "calls", 40), (Recurring, "base", 3000)]);
    assert_lines(&lines(life.renew()), &[(Minimum, "calls", 900), (Recurring, "base", 3000)]);
}

#[test]
fn a_flow_is_cut_and_its_bounds_scaled_by_the_parts_share() {
    let old = price("calls", Model::Graduated { tiers: tiers(&[("3000", "0", "0"), ("", "1", "300")]) });
    let new = Price { included: dec("300"), ..per_unit("calls", "2") };
    let sum = |price| metered(price, "calls", Aggregate::Sum);
    let mut life = begun(plan("a", vec![flat("base", 0), sum(old)]));
    life.uses("calls", "2024-06-05", "1500");
    // A third of June: 1000 of the 3000 free calls, 100 of the flat amount. 500 × 1 + 100. The old part comes with the change.
    let change = lines(life.change("2024-06-11", plan("b", vec![sum(new)])));
    assert_lines(&change, &[(Usage, "calls", 600)]);
    assert_eq!((change[0].from, change[0].to), (Some(at("2024-06-01")), Some(at("2024-06-11"))));
    let tier = change[0].explain.tiers[1].clone();
    assert_eq!((tier.from, tier.units, tier.flat_amount), (Ratio::whole(1000), Ratio::whole(500), Ratio::whole(100)));
    // The other two thirds: 200 of 300 included. (250 − 200) × 2.
    life.uses("calls", "2024-06-11", "250");
    assert_lines(&lines(life.renew()), &[(Usage, "calls", 100)]);
}

#[test]
fn minimum_and_maximum_of_a_flow_are_scaled_too() {
    let bounded = |minimum, maximum| Price { minimum, maximum, ..metered(per_unit("calls", "10"), "calls", Aggregate::Count) };
    let mut life = begun(plan("a", vec![bounded(Some(3000), None)]));
    life.events.clear();
    // A third of the minimum, all of it missing.
    let change = lines(life.change("2024-06-11", plan("b", vec![bounded(None, Some(30))])));
    assert_lines(&change, &[(Minimum, "calls", 1000)]);
    for day in 12..20 {
        life.uses("calls", &format!("2024-06-{day}"), "1");
    }
    // Eight events are 80; two thirds of the maximum are 20.
    assert_lines(&lines(life.renew()), &[(Usage, "calls", 20)]);
}

#[test]
fn a_level_is_rated_in_full_and_its_amount_multiplied() {
    let peak = |amount| metered(per_unit("storage", amount), "storage", Aggregate::Max);
    let mut life = begun(plan("a", vec![Price { included: dec("2"), ..peak("30") }]));
    life.uses("storage", "2024-06-05", "12");
    // (12 − 2) × 30, a third of the time.
    let change = lines(life.change("2024-06-11", plan("b", vec![peak("60")])));
    assert_lines(&change, &[(Usage, "storage", 100)]);
    life.uses("storage", "2024-06-15", "4");
    assert_lines(&lines(life.renew()), &[(Usage, "storage", 160)]);
}

#[test]
fn a_meter_whose_price_does_not_change_is_not_cut_even_in_another_plan() {
    let calls = |key: &str| metered(price(key, Model::Package { size: dec("1000"), amount: dec("500") }), "calls", Aggregate::Sum);
    let mut life = begun(plan("a", vec![flat("base", 3000), calls("calls")]));
    life.uses("calls", "2024-06-05", "900");
    let change = lines(life.change("2024-06-11", plan("b", vec![flat("base", 6000), calls("api")])));
    assert_lines(&change, &[(ProrationCredit, "base", -2000), (ProrationCharge, "base", 4000)]);
    life.uses("calls", "2024-06-15", "100");
    // One package, not two.
    assert_lines(&lines(life.renew()), &[(Usage, "api", 500), (Recurring, "base", 6000)]);
}

#[test]
fn the_minimum_of_a_price_in_advance_is_charged_and_credited_with_it() {
    let seats = Price { minimum: Some(3000), ..per_unit("seats", "900") };
    let mut life = june(of(2, plan("team", vec![seats])));
    assert_lines(&life.begin().lines, &[(Recurring, "seats", 1800), (Minimum, "seats", 1200)]);
    let lines = lines(life.cancel("2024-06-16", Unused::Credited));
    assert_lines(&lines, &[(ProrationCredit, "seats", -900), (ProrationCredit, "seats", -600)]);
}

#[test]
fn another_interval_starts_a_new_period_at_the_change() {
    let calls = || metered(per_unit("calls", "1"), "calls", Aggregate::Sum);
    let mut life = begun(plan("team", vec![flat("base", 3000), calls()]));
    life.uses("calls", "2024-06-10", "42");
    // Even a meter at the same price is closed: its period ends here.
    let lines = lines(life.change("2024-06-16T10:00:00Z", every(YEAR, plan("team", vec![flat("base", 30_000), calls()]))));
    // 14 days and 14 hours of 30 days.
    assert_lines(&lines, &[(ProrationCredit, "base", -1458), (Usage, "calls", 42), (Recurring, "base", 30_000)]);
    assert_eq!((lines[2].from, lines[2].to), (Some(at("2024-06-16T10:00:00Z")), Some(at("2025-06-16T10:00:00Z"))));
    assert_eq!(life.cycle.open[0].from, at("2024-06-16T10:00:00Z"));
}

#[test]
fn another_billing_day_gives_back_the_rest_and_charges_the_stub_until_it() {
    let calls = || metered(per_unit("calls", "1"), "calls", Aggregate::Sum);
    let mut life = begun(plan("team", vec![flat("base", 3000), calls()]));
    life.uses("calls", "2024-06-10", "42");
    // Back: 15 of 30 days. To the 20th: 4 of the 31 days since 20 May.
    let moved = lines(life.move_to_day("2024-06-16T00:00:00Z", 20));
    assert_lines(&moved, &[(ProrationCredit, "base", -1500), (Usage, "calls", 42), (ProrationCharge, "base", 387)]);
    assert_eq!((moved[2].from, moved[2].to), (Some(at("2024-06-16")), Some(at("2024-06-20"))));
    assert_eq!(life.cycle.whole, Period { start: at("2024-05-20"), end: at("2024-06-20") });
    assert_eq!((life.cycle.from, life.cycle.open[0].from), (at("2024-06-16"), at("2024-06-16")));
    // From then on periods are whole again.
    assert_lines(&lines(life.renew()), &[(Recurring, "base", 3000)]);
    assert_eq!(life.cycle.whole, Period { start: at("2024-06-20"), end: at("2024-07-20") });
}

#[test]
fn by_none_another_billing_day_waits_for_the_next_period() {
    let mut life = june(plan("team", vec![flat("base", 3000)])).by(By::None);
    life.begin();
    let before = life.cycle.clone();
    assert_eq!(lines(life.move_to_day("2024-06-16T00:00:00Z", 20)), []);
    assert_eq!(life.cycle, before);
}

#[test]
fn a_cancellation_bills_usage_to_the_end() {
    let calls = Price { included: dec("300"), ..metered(per_unit("calls", "1"), "calls", Aggregate::Sum) };
    let terms = || plan("team", vec![flat("base", 3000), calls.clone()]);
    // Credited: ten of thirty days, a third of the allowance.
    let mut life = begun(terms());
    life.uses("calls", "2024-06-10", "150");
    life.uses("calls", "2024-06-11", "9999");
    let ended = lines(life.cancel("2024-06-11", Unused::Credited));
    assert_lines(&ended, &[(ProrationCredit, "base", -2000), (Usage, "calls", 50)]);
    assert!(life.cycle.open.is_empty());
    // Kept: the period was paid whole, so its allowance is whole.
    let mut life = begun(terms());
    life.uses("calls", "2024-06-10", "350");
    assert_lines(&lines(life.cancel("2024-06-11", Unused::Kept)), &[(Usage, "calls", 50)]);
}

#[test]
fn a_pause_credits_and_a_resume_charges_the_rest() {
    let calls = metered(per_unit("calls", "1"), "calls", Aggregate::Sum);
    let mut life = begun(plan("team", vec![flat("base", 3000), calls]));
    life.uses("calls", "2024-06-05", "5");
    assert_lines(&lines(life.pause("2024-06-11", Unused::Credited)), &[(ProrationCredit, "base", -2000), (Usage, "calls", 5)]);
    // Usage while paused is in no part.
    life.uses("calls", "2024-06-15", "1000");
    assert_lines(&lines(life.resume("2024-06-21")), &[(ProrationCharge, "base", 1000)]);
    life.uses("calls", "2024-06-25", "3");
    assert_lines(&lines(life.renew()), &[(Usage, "calls", 3), (Recurring, "base", 3000)]);
    // Paused over the end, resumed in mid-period, on the old anchor.
    life.pause("2024-07-16T12:00:00Z", Unused::Credited);
    assert_lines(&lines(life.resume("2024-09-16")), &[(ProrationCharge, "base", 1500)]);
    assert_eq!(life.cycle.whole, Period { start: at("2024-09-01"), end: at("2024-10-01") });
}

#[test]
fn a_pause_that_keeps_the_rest_keeps_the_allowance_and_counts_nothing_meanwhile() {
    let calls = billing::price::Price { included: dec("5"), ..metered(per_unit("calls", "1"), "m", Aggregate::Sum) };
    let mut life = Life::new(plan("p", vec![flat("base", 3000), calls]), "2024-06-01");
    life.begin();
    for (when, quantity) in [("2024-06-02", "3"), ("2024-06-11", "100"), ("2024-06-20T23:59:59Z", "100"), ("2024-06-21", "9"), ("2024-06-26", "100")] {
        life.uses("m", when, quantity);
    }
    life.pause("2024-06-11", Unused::Kept);
    assert_eq!(life.used(at("2024-06-15"))[0].units, dec("3"));
    life.resume("2024-06-21");
    // Paused a second time, to the end.
    life.pause("2024-06-25", Unused::Kept);
    // 3 + 9 of the days it ran, 5 of them included in the whole period that was paid.
    assert_lines(&life.close(), &[(Usage, "calls", 7)]);
}

#[test]
fn a_pause_that_keeps_the_rest_is_resumed_for_nothing() {
    let mut life = begun(plan("team", vec![flat("base", 3000)]));
    assert!(life.pause("2024-06-11", Unused::Kept).is_none());
    assert!(life.resume("2024-06-21").is_none());
    // Paused and resumed at one instant cancels exactly.
    let pause = life.pause("2024-06-22T03:04:05Z", Unused::Credited).expect("a document");
    let resume = life.resume("2024-06-22T03:04:05Z").expect("a document");
    assert_eq!(pause.total_minor + resume.total_minor, 0);
}

#[test]
fn a_resume_at_the_start_of_a_period_is_a_whole_one() {
    let mut life = begun(plan("team", vec![flat("base", 3000)]));
    life.pause("2024-06-11", Unused::Credited);
    let outcome = resume(&life.basis, &life.terms, &life.cycle, at("2024-08-01"), &life.charged).expect("resumes");
    assert_lines(&outcome.lines, &[(Recurring, "base", 3000)]);
}

#[test]
fn a_converted_price_is_credited_from_what_was_charged() {
    let mut life = june(plan("team", vec![Price { convert: true, currency: currency("USD"), ..flat("base", 3000) }]));
    let rate = |on: &str, rate: &str| billing::explain::ExchangeRate { from: currency("USD"), to: currency("EUR"), on: at(on).date_naive(), rate: dec(rate) };
    life.basis.exchange_rates = vec![rate("2024-01-01", "0.9"), rate("2024-06-10", "0.8"), rate("2024-06-20", "0.5")];
    assert_lines(&life.begin().lines, &[(Recurring, "base", 2700)]);
    // Credited at what it cost; the new price at the day's rate.
    let new = plan("more", vec![Price { convert: true, currency: currency("USD"), ..flat("base", 6000) }]);
    let lines = lines(life.change("2024-06-16", new));
    assert_lines(&lines, &[(ProrationCredit, "base", -1350), (ProrationCharge, "base", 2400)]);
    assert_eq!(lines[1].explain.exchange.as_ref().map(|rate| rate.on), Some(at("2024-06-10").date_naive()));
}

#[test]
fn terms_that_cannot_be_billed_together_are_refused() {
    let twice = plan("p", vec![flat("base", 1), flat("base", 2)]);
    let named = |price: &str| SubscriptionError::PriceTwice { product: "p".to_owned(), price: price.to_owned() };
    assert_eq!(twice.check(), Err(named("base").into()));
    let mut mixed = plan("p", vec![flat("base", 1)]);
    mixed.add_ons = vec![add_on("support", 1, vec![flat("base", 1)])];
    mixed.plan.interval = YEAR;
    assert_eq!(mixed.check(), Ok(()));
    assert_eq!(of(-1, plan("p", Vec::new())).check(), Err(SubscriptionError::NegativeQuantity.into()));
    // Usage that was not handed over is no usage of zero.
    let life = begun(plan("p", vec![flat("base", 1), metered(per_unit("u", "1"), "m", Aggregate::Sum)]));
    let closed = billing::subscription::close(&life.basis, &life.cycle, &[], &[]);
    assert!(matches!(closed, Err(Error::Subscription(SubscriptionError::UsageMissing { .. }))));
}

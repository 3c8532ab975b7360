//! **Dunning**: when a payment that failed is tried again, and what happens at the end.

use billing::{
    calendar::{Instant, local_date},
    dunning::{AtEnd, Because, Class, Failed, Next, NoTry, Payday, Plan, Policy, PolicyError, Said, Try, Turn, plan},
};
use chrono::{Datelike, TimeDelta, Weekday};
use proptest::prelude::*;

use crate::strategies::{cases, second};
use crate::world::{at, zone};

const BERLIN: &str = "Europe/Berlin";
/// Midnight of 1 April in Berlin, a Wednesday.
const FIRST: &str = "2026-03-31T22:00:00Z";

fn said(class: Class, when: Instant, times: u32) -> Option<Said> {
    Some(Said { class, at: when, times })
}

/// Failed at [`FIRST`] by one card, for a reason of a class.
fn failed(class: Class) -> Failed {
    let turns = vec![Turn { method: "visa".into(), said: said(class, at(FIRST), 1) }];
    Failed { first_at: at(FIRST), due_at: at(FIRST), tries: 0, turns, warned_at: None }
}

fn planned(failed: &Failed, now: &str) -> Plan {
    plan(&Policy::default(), failed, at(now), zone(BERLIN)).expect("a plan")
}

/// The times of all tries of a card that is always declined for the same reason, in Berlin.
#[track_caller]
fn assert_tries(class: Class, expected: &[&str], then: NoTry) {
    let mut failed = failed(class);
    let mut times = Vec::new();
    let mut now = at(FIRST);
    let why = loop {
        match plan(&Policy::default(), &failed, now, zone(BERLIN)).expect("a plan").tries {
            Ok(Try { at, .. }) => {
                now = at;
                times.push(at.with_timezone(&zone(BERLIN)).format("%m-%d %H:%M").to_string());
                failed.tries += 1;
                let times = failed.turns[0].said.map_or(1, |said| said.times + 1);
                failed.turns[0].said = said(class, at, times);
            }
            Err(why) => break why,
        }
    };
    assert_eq!((times, why), (expected.iter().map(|time| (*time).to_owned()).collect(), then));
}

#[test]
fn no_for_now_is_asked_again_on_the_days_of_the_policy() {
    assert_tries(Class::Soft, &["04-02 09:00", "04-04 09:00", "04-06 09:00", "04-08 09:00"], NoTry::NoDayLeft);
}

#[test]
fn an_empty_account_is_asked_on_paydays_until_the_grace_is_over() {
    // Fridays are the 3rd, 10th and 17th; the 15th is a Wednesday. The grace ends on the 22nd at 9.
    assert_tries(Class::Funds, &["04-03 09:00", "04-10 09:00", "04-15 09:00", "04-17 09:00"], NoTry::NoDayLeft);
}

#[test]
fn an_outage_is_tried_again_soon_and_then_like_anything_else() {
    assert_tries(Class::Outage, &["04-01 01:00", "04-01 05:00", "04-02 05:00", "04-02 09:00", "04-04 09:00", "04-06 09:00", "04-08 09:00"], NoTry::NoDayLeft);
}

#[test]
fn for_good_and_without_the_customer_is_not_asked_again() {
    assert_tries(Class::Hard, &[], NoTry::RefusedForGood);
    assert_tries(Class::Confirm, &[], NoTry::MustConfirm);
}

#[test]
fn a_method_that_was_not_asked_is_asked_at_once_and_alone() {
    let mut failed = failed(Class::Soft);
    failed.turns.insert(0, Turn { method: "new".into(), said: None });
    let now = at("2026-04-01T10:00:00Z");
    let expected = Try { at: now, methods: vec!["new".into()], because: Because::NewMethod };
    assert_eq!(planned(&failed, "2026-04-01T10:00:00Z").tries, Ok(expected));
    let nothing = Failed { turns: Vec::new(), ..failed };
    assert_eq!(planned(&nothing, FIRST).tries, Err(NoTry::NoMethod));
}

#[test]
fn a_try_asks_every_method_whose_turn_has_come() {
    let mut failed = failed(Class::Funds);
    // The 4th for the second; the third only on the 10th, for it was asked on the 3rd.
    failed.turns[0].said = said(Class::Funds, at("2026-04-03T07:00:00Z"), 2);
    failed.turns.push(Turn { method: "backup".into(), said: said(Class::Soft, at("2026-04-03T07:00:00Z"), 1) });
    let Ok(Try { at: on, methods, because }) = planned(&failed, "2026-04-03T07:00:00Z").tries else { panic!("no try") };
    assert_eq!((on, methods, because), (at("2026-04-04T07:00:00Z"), vec!["backup".to_owned()], Because::SoftDay));
    // Late on the 10th, both.
    let Ok(Try { methods, .. }) = planned(&failed, "2026-04-10T10:00:00Z").tries else { panic!("no try") };
    assert_eq!(methods, ["visa", "backup"]);
}

#[test]
fn the_end_counts_from_the_day_payment_is_due() {
    let plan = planned(&failed(Class::Hard), FIRST);
    assert_eq!((plan.warn_at, plan.end_at), (Some(at("2026-04-19T07:00:00Z")), at("2026-04-22T07:00:00Z")));
    let later = Failed { due_at: at("2026-04-14T22:00:00Z"), ..failed(Class::Hard) };
    assert_eq!(planned(&later, FIRST).end_at, at("2026-05-06T07:00:00Z"));
}

#[test]
fn nobody_meets_the_end_unwarned() {
    // The worker was away for two months.
    let late = planned(&failed(Class::Hard), "2026-06-01T10:00:00Z");
    assert_eq!((late.next(), late.end_at), (Next::Warn(at("2026-06-01T10:00:00Z")), at("2026-06-04T07:00:00Z")));
    let warned = Failed { warned_at: Some(at("2026-06-01T10:00:00Z")), ..failed(Class::Hard) };
    assert_eq!(planned(&warned, "2026-06-01T10:00:00Z").next(), Next::End(at("2026-06-04T07:00:00Z")));
}

#[test]
fn a_policy_without_grace_ends_at_once() {
    let policy = Policy { grace_days: 0, warning_days: 0, ..Policy::default() };
    let plan = plan(&policy, &failed(Class::Soft), at(FIRST), zone(BERLIN)).expect("a plan");
    assert_eq!(plan.next(), Next::End(at("2026-04-01T07:00:00Z")));
}

#[test]
fn paydays_are_what_they_are_called() {
    let payday = |text: &str| Payday::try_from(text.to_owned());
    let is = |text: &str, day: &str| payday(text).expect("a payday").is(day.parse().expect("a day"));
    // May 2026 ends on a Sunday.
    assert!(is("last_working_day", "2026-05-29") && !is("last_working_day", "2026-05-31") && !is("last_working_day", "2026-05-28"));
    assert!(is("31", "2026-05-31") && is("sunday", "2026-05-31") && !is("friday", "2026-05-31"));
    for wrong in ["0", "32", "payday", ""] {
        assert!(payday(wrong).is_err_and(|why| why.contains("last_working_day")), "{wrong}");
    }
    for name in ["15", "last_working_day", "wednesday"] {
        assert_eq!(String::from(payday(name).expect("a payday")), name);
    }
}

#[test]
fn a_policy_is_checked_field_by_field() {
    let wrong = Policy {
        soft_days: vec![3, 3],
        paydays: vec![Payday::DayOfMonth(32)],
        outage_hours: vec![0],
        hour: 24,
        most_tries: 16,
        grace_days: 91,
        warning_days: 92,
        at_end: AtEnd::Downgrade(String::new()),
        ..Policy::default()
    };
    let fields = wrong.check().into_iter().map(PolicyError::field).collect::<Vec<_>>();
    assert_eq!(fields, ["soft_days", "paydays", "outage_hours", "hour", "most_tries", "grace_days", "warning_days", "at_end"]);
    assert!(wrong.check().iter().all(|error| error.to_string().starts_with(error.field())));
    assert_eq!(Policy::default().check(), []);
}

fn a_class() -> impl Strategy<Value = Class> {
    prop_oneof![Just(Class::Hard), Just(Class::Funds), Just(Class::Soft), Just(Class::Outage), Just(Class::Confirm)]
}

fn a_policy() -> impl Strategy<Value = Policy> {
    let paydays = proptest::collection::vec(
        prop_oneof![(1_u32..32).prop_map(Payday::DayOfMonth), Just(Payday::LastWorkingDay), Just(Payday::Weekday(Weekday::Fri))],
        0..4,
    );
    let days = proptest::collection::btree_set(1_u32..30, 0..6).prop_map(|days| days.into_iter().collect::<Vec<_>>());
    (days, paydays, proptest::collection::vec(1_u32..80, 0..4), 0_u32..24, 0_u32..15, 0_u32..40, 0_u32..10).prop_map(
        |(soft_days, paydays, outage_hours, hour, most_tries, grace_days, warning)| Policy {
            soft_days,
            paydays,
            outage_hours,
            hour,
            most_tries,
            grace_days,
            warning_days: warning.min(grace_days),
            ..Policy::default()
        },
    )
}

proptest! {
    #![proptest_config(cases())]

    /// Whatever banks say, and however late each step is done: steps come in the order of time, no try at the end or after it, none of a method
    /// that was refused for good or waits for its customer, no more than the policy allows, and the end comes after its warning by as many days
    /// as the policy says, never before payment is due.
    #[test]
    fn dunning_goes_forward_to_its_end(
        policy in a_policy(),
        first in 0_i64..60_000_000,
        terms in 0_i64..30,
        methods in 1_usize..4,
        answers in proptest::collection::vec((a_class(), 0_i64..200_000), 64),
    ) {
        let zone = zone("America/New_York");
        let first_at = second(first);
        let mut answers = answers.into_iter();
        let mut answer = || answers.next().unwrap_or((Class::Hard, 0));
        let turns = (0..methods).map(|n| Turn { method: n.to_string(), said: said(answer().0, first_at, 1) }).collect();
        let mut failed = Failed { first_at, due_at: first_at + TimeDelta::days(terms), tries: 0, turns, warned_at: None };
        let mut now = first_at;
        let mut steps = 0;
        let end = loop {
            let plan = plan(&policy, &failed, now, zone).expect("a plan");
            if let Ok(planned) = &plan.tries {
                prop_assert!(planned.at < plan.end_at);
            }
            let next = plan.next();
            prop_assert!(next.at() >= now);
            let (class, late) = answer();
            // The worker is late by so much.
            now = next.at() + TimeDelta::seconds(late);
            match next {
                Next::Try(Try { methods, .. }) => {
                    prop_assert!(!methods.is_empty());
                    failed.tries += 1;
                    for turn in failed.turns.iter_mut().filter(|turn| methods.contains(&turn.method)) {
                        prop_assert!(!turn.said.is_some_and(|said| matches!(said.class, Class::Hard | Class::Confirm)));
                        let times = turn.said.filter(|said| said.class == class).map_or(1, |said| said.times + 1);
                        turn.said = said(class, now, times);
                    }
                }
                Next::Warn(_) => failed.warned_at = Some(now),
                Next::End(end) => break end,
            }
            steps += 1;
            prop_assert!(steps <= 16, "it comes to its end");
        };
        prop_assert!(failed.tries <= policy.most_tries);
        prop_assert!(end >= failed.due_at);
        if let Some(warned) = failed.warned_at {
            let between = local_date(end, zone).num_days_from_ce() - local_date(warned, zone).num_days_from_ce();
            prop_assert!(between >= i32::try_from(policy.warning_days).expect("few"));
        } else {
            prop_assert_eq!(policy.warning_days, 0);
        }
    }
}

//! **Time**: anchors, periods, trials, stubs and days of the billing zone.

use billing::{
    calendar::{Anchor, By, CalendarError, Interval, Period, Share, Unit, add_calendar_days, add_calendar_months, days_between},
    subscription::Cycle,
};

use crate::world::{MONTH, YEAR, at, zone};

const DAY: Interval = Interval { unit: Unit::Day, count: 1 };
const WEEK: Interval = Interval { unit: Unit::Week, count: 1 };

/// The first boundaries after an anchor, as text.
#[track_caller]
fn assert_boundaries(anchor: &Anchor, interval: Interval, expected: &[&str]) {
    let boundaries = (0_i64..).zip(expected).map(|(n, _)| anchor.boundary(interval, n).expect("a boundary")).collect::<Vec<_>>();
    assert_eq!(boundaries, expected.iter().map(|text| at(text)).collect::<Vec<_>>());
}

#[test]
fn periods_repeat_the_local_wall_time_of_the_anchor() {
    // 10:00 in Paris is 09:00 UTC in winter and 08:00 in summer.
    let anchor = Anchor::at(at("2024-02-10T09:00:00Z"), zone("Europe/Paris"));
    assert_boundaries(&anchor, MONTH, &["2024-02-10T09:00:00Z", "2024-03-10T09:00:00Z", "2024-04-10T08:00:00Z"]);
    // A day across a clock change is 23 hours long, a week an hour short.
    let anchor = Anchor::at(at("2024-03-30T11:00:00Z"), zone("Europe/Paris"));
    assert_boundaries(&anchor, DAY, &["2024-03-30T11:00:00Z", "2024-03-31T10:00:00Z", "2024-04-01T10:00:00Z"]);
    assert_boundaries(&anchor, WEEK, &["2024-03-30T11:00:00Z", "2024-04-06T10:00:00Z"]);
}

#[test]
fn in_a_gap_the_first_later_instant_in_an_overlap_the_earlier() {
    // 02:30 does not exist in Paris on 31 March 2024; 03:00 summer time is 01:00 UTC. In April it is 02:30 again.
    let anchor = Anchor::at(at("2024-01-31T01:30:00Z"), zone("Europe/Paris"));
    assert_boundaries(&anchor, MONTH, &["2024-01-31T01:30:00Z", "2024-02-29T01:30:00Z", "2024-03-31T01:00:00Z", "2024-04-30T00:30:00Z"]);
    // 02:30 comes twice on 27 October 2024: the earlier is 00:30 UTC.
    let anchor = Anchor::at(at("2024-09-27T00:30:00Z"), zone("Europe/Paris"));
    assert_boundaries(&anchor, MONTH, &["2024-09-27T00:30:00Z", "2024-10-27T00:30:00Z", "2024-11-27T01:30:00Z"]);
}

#[test]
fn who_subscribes_in_the_repeated_hour_starts_a_whole_period() {
    let start = at("2024-10-27T01:30:00Z");
    let cycle = Cycle::starting(Anchor::at(start, zone("Europe/Paris")), MONTH, start).expect("a cycle");
    assert_eq!((cycle.whole.start, cycle.is_stub()), (start, false));
    assert_eq!(cycle.whole.end, at("2024-11-27T01:30:00Z"));
}

#[test]
fn a_day_that_a_month_lacks_falls_on_its_last_and_returns() {
    let utc = zone("UTC");
    let anchor = Anchor::at(at("2023-01-31"), utc);
    assert_boundaries(&anchor, MONTH, &["2023-01-31", "2023-02-28", "2023-03-31", "2023-04-30", "2023-05-31"]);
    let leap = Anchor::at(at("2024-02-29"), utc);
    assert_boundaries(&leap, YEAR, &["2024-02-29", "2025-02-28", "2026-02-28", "2027-02-28", "2028-02-29"]);
    let quarter = Interval { unit: Unit::Month, count: 3 };
    assert_boundaries(&Anchor::at(at("2023-11-30"), utc), quarter, &["2023-11-30", "2024-02-29", "2024-05-30"]);
}

#[test]
fn an_anchor_day_is_midnight_of_that_day_in_the_zone() {
    let (paris, start) = (zone("Europe/Paris"), at("2024-02-10T12:00:00Z"));
    // The 31st of February is its last day; from then on it is the 31st where there is one.
    let anchor = Anchor::on_day(31, start, paris, MONTH).expect("an anchor");
    assert_boundaries(&anchor, MONTH, &["2024-02-28T23:00:00Z", "2024-03-30T23:00:00Z", "2024-04-29T22:00:00Z"]);
    // The 5th has passed: next month's. The 10th's midnight has passed too.
    assert_eq!(Anchor::on_day(5, start, paris, MONTH).expect("an anchor").origin, at("2024-03-04T23:00:00Z"));
    assert_eq!(Anchor::on_day(10, start, paris, MONTH).expect("an anchor").origin, at("2024-03-09T23:00:00Z"));
    // Exactly at that midnight nothing is cut off.
    assert_eq!(Anchor::on_day(11, at("2024-02-10T23:00:00Z"), paris, YEAR).expect("an anchor").origin, at("2024-02-10T23:00:00Z"));
    assert_eq!(Anchor::on_day(1, start, paris, WEEK), Err(CalendarError::DayNeedsMonths));
    assert_eq!(Anchor::on_day(32, start, paris, MONTH), Err(CalendarError::NoSuchDay(32)));
    assert_eq!(Anchor::on_day(0, start, paris, MONTH), Err(CalendarError::NoSuchDay(0)));
}

#[test]
fn a_trial_lasts_calendar_days_of_the_zone() {
    let paris = zone("Europe/Paris");
    assert_eq!(add_calendar_days(at("2024-01-10T09:00:00Z"), 14, paris), Ok(at("2024-01-24T09:00:00Z")));
    // Over the change to summer time it is an hour shorter.
    assert_eq!(add_calendar_days(at("2024-03-20T09:00:00Z"), 14, paris), Ok(at("2024-04-03T08:00:00Z")));
    // No day later is now, also in the hour that the clocks repeat.
    assert_eq!(add_calendar_days(at("2024-10-27T01:30:00Z"), 0, paris), Ok(at("2024-10-27T01:30:00Z")));
}

#[test]
fn what_happens_at_a_boundary_belongs_to_the_period_it_begins() {
    let anchor = Anchor::at(at("2024-01-15"), zone("UTC"));
    let february = Period { start: at("2024-02-15"), end: at("2024-03-15") };
    assert_eq!(anchor.period_containing(MONTH, at("2024-02-15")), Ok(february));
    assert_eq!(anchor.period_containing(MONTH, at("2024-03-14T23:59:59Z")), Ok(february));
    // Before the anchor the periods go on just the same: a stub's whole is one of them.
    let december = Period { start: at("2023-12-15"), end: at("2024-01-15") };
    assert_eq!(anchor.period_containing(MONTH, at("2023-12-20")), Ok(december));
}

#[test]
fn another_interval_begins_at_the_end_and_the_same_keeps_the_anchor() {
    let cycle = Cycle::starting(Anchor::at(at("2024-01-31"), zone("UTC")), MONTH, at("2024-02-29")).expect("a cycle");
    assert_eq!(cycle.whole, Period { start: at("2024-02-29"), end: at("2024-03-31") });
    assert_eq!(cycle.following(MONTH).expect("a cycle").whole.end, at("2024-04-30"));
    let yearly = cycle.following(YEAR).expect("a cycle");
    assert_eq!(yearly.whole, Period { start: at("2024-03-31"), end: at("2025-03-31") });
    // Twelve months are a year: not another interval.
    let twelve = Interval { unit: Unit::Month, count: 12 };
    assert_eq!(yearly.following(twelve).expect("a cycle").anchor, yearly.anchor);
}

#[test]
fn days_are_days_of_the_billing_zone() {
    // 23:30 UTC on the 15th is the 16th in Paris already: one day less is left.
    let (changed, end) = (at("2024-01-15T23:30:00Z"), at("2024-02-01T12:00:00Z"));
    assert_eq!(days_between(changed, end, zone("UTC")), 17);
    assert_eq!(days_between(changed, end, zone("Europe/Paris")), 16);
    let (part, whole) = (Period { start: changed, end }, Period { start: at("2024-01-01"), end });
    let share = Share::of(part, whole, By::Day, zone("UTC")).expect("a share");
    assert_eq!((share.n, share.d), (17, 31));
}

#[test]
fn a_zone_that_skips_a_day_skips_an_empty_period() {
    // Samoa had no 30 December 2011: midnight of the 30th and of the 31st are one instant.
    let apia = zone("Pacific/Apia");
    let anchor = Anchor::at(at("2011-12-28T10:00:00Z"), apia);
    let first = anchor.period_containing(DAY, at("2011-12-29T12:00:00Z")).expect("a period");
    let second = anchor.period_containing(DAY, first.end).expect("a period");
    assert_eq!(first.end, at("2011-12-30T10:00:00Z"));
    assert!(first.end < second.end);
}

#[test]
fn where_a_period_has_no_day_to_count_its_seconds_are() {
    // From midnight to 05:00 of the 31st in Apia, whose 30 December 2011 never was.
    let whole = Period { start: at("2011-12-30T10:00:00Z"), end: at("2011-12-30T15:00:00Z") };
    let part = Period { start: at("2011-12-30T11:00:00Z"), ..whole };
    let share = |part| Share::of(part, whole, By::Day, zone("Pacific/Apia")).expect("a share");
    assert_eq!(share(part), Share { n: 14_400, d: 18_000, by: By::Second });
    assert!(share(whole).is_whole());
}

#[test]
fn months_of_a_coupon_are_calendar_months() {
    assert_eq!(add_calendar_months(at("2024-01-31"), 1, zone("UTC")), Ok(at("2024-02-29")));
}

#[test]
fn nonsense_is_refused_in_words() {
    assert_eq!(Interval::new(Unit::Month, 0), Err(CalendarError::EmptyInterval));
    let anchor = Anchor::at(at("2024-01-31"), zone("UTC"));
    assert_eq!(anchor.boundary(YEAR, i64::MAX), Err(CalendarError::OutOfRange));
    assert_eq!(CalendarError::NoSuchDay(32).to_string(), "A billing day must lie between 1 and 31, not 32.");
}

#[test]
fn the_period_of_an_instant_is_found_on_either_side_of_the_anchor() {
    let berlin = zone("Europe/Berlin");
    let anchor = Anchor::at(at("2024-01-31T12:30:00Z"), berlin);
    for (instant, start, end) in [
        ("2024-01-31T12:30:00Z", "2024-01-31T12:30:00Z", "2024-02-29T12:30:00Z"),
        ("2024-01-31T12:29:59Z", "2023-12-31T12:30:00Z", "2024-01-31T12:30:00Z"),
        ("2024-02-29T12:30:00Z", "2024-02-29T12:30:00Z", "2024-03-31T11:30:00Z"),
        ("2024-03-01T00:00:00Z", "2024-02-29T12:30:00Z", "2024-03-31T11:30:00Z"),
        ("2020-02-29T12:30:00Z", "2020-02-29T12:30:00Z", "2020-03-31T11:30:00Z"),
        ("2034-10-31T12:00:00Z", "2034-09-30T11:30:00Z", "2034-10-31T12:30:00Z"),
    ] {
        let period = anchor.period_containing(MONTH, at(instant)).expect("a period");
        assert_eq!((period.start, period.end), (at(start), at(end)), "{instant}");
    }
}

#[test]
fn a_share_is_of_a_whole_that_has_a_length_and_never_more_than_all_of_it() {
    let utc = zone("UTC");
    let day = |from: &str, to: &str| Period { start: at(from), end: at(to) };
    let whole = day("2024-06-01T00:00:00Z", "2024-07-01T00:00:00Z");
    let of = |part: Period| Share::of(part, whole, By::Second, utc);
    assert_eq!(of(day("2024-06-01T00:00:00Z", "2024-06-01T00:00:00Z")).map(|share| (share.is_nothing(), share.is_whole())), Ok((true, false)));
    assert_eq!(of(whole).map(|share| (share.is_nothing(), share.is_whole())), Ok((false, true)));
    assert_eq!(of(day("2024-06-01T00:00:00Z", "2024-06-01T00:00:01Z")).map(|share| (share.is_nothing(), share.is_whole())), Ok((false, false)));
    assert_eq!(of(day("2024-06-02T00:00:00Z", "2024-06-01T00:00:00Z")), Err(CalendarError::EmptyPeriod));
    assert_eq!(of(day("2024-06-01T00:00:00Z", "2024-07-01T00:00:01Z")), Err(CalendarError::EmptyPeriod));
    let empty = day("2024-06-01T00:00:00Z", "2024-06-01T00:00:00Z");
    assert_eq!(Share::of(empty, empty, By::Second, utc), Err(CalendarError::EmptyPeriod));
}

//! What a customer is promised, for all inputs: what is previewed is charged, what was billed is not billed again, and amounts of any
//! currency are what can be paid.

use billing::{
    calendar::Share,
    discount::Duration,
    explain::ExchangeRate,
    invoice::{Document, assemble},
    money::{Ratio, Rounding, to_payable},
    price::{Price, rate},
    settlement::{BalanceCredit, split_note, use_balance},
    subscription::{BilledLine, BilledPart, Charged, Unused, late_usage, usage_of_part},
};
use proptest::prelude::*;
use rust_decimal::Decimal;

use crate::laws::assert_adds_up;
use crate::strategies::{a_by, a_decimal, a_price, a_rounding, an_aggregate, cases, some_terms};
use crate::world::{Life, at, currency, metered, percent_off, plan, rate as tax_rate};

fn an_instant_of_june() -> impl Strategy<Value = String> {
    (0_i64..2_591_999).prop_map(|n| (at("2024-06-01") + chrono::Duration::seconds(n)).to_rfc3339())
}

/// A month of one metered price, billed at so many units.
fn billed(price: &Price, units: Decimal) -> (Life, BilledPart) {
    let mut life = Life::new(plan("p", vec![price.clone()]), "2024-06-01");
    life.try_begin();
    let (part, cycle) = (life.cycle.open[0].clone(), life.cycle.clone());
    let mut part = BilledPart { part, to: cycle.whole.end, cycle, unused: Unused::Credited, lines: Vec::new() };
    for (n, line) in usage_of_part(&life.basis, &part, units).expect("rates").into_iter().enumerate() {
        part.lines.push(BilledLine { line: n.to_string(), stands_minor: line.amount_minor });
        life.charged.push(Charged { reference: n.to_string(), line, price: Some(price.clone()), credits: Vec::new() });
    }
    (life, part)
}

/// Bills what came late; what the lines come to.
fn bill_late(life: &mut Life, part: &mut BilledPart, units: Decimal) -> i64 {
    let late = late_usage(&life.basis, part, &life.charged, units).expect("rates");
    part.lines = late.stands;
    for line in &late.lines {
        let reference = life.charged.len().to_string();
        if line.credits.is_none() {
            part.lines.push(BilledLine { line: reference.clone(), stands_minor: line.amount_minor });
        }
        life.charged.push(Charged { reference, line: line.clone(), price: None, credits: Vec::new() });
    }
    late.lines.iter().map(|line| line.amount_minor).sum()
}

proptest! {
    #![proptest_config(cases())]

    /// What is previewed is what is charged: looking at a change, however often, alters nothing, and making it comes to that document.
    #[test]
    fn a_preview_is_what_is_charged(a in some_terms("a"), b in some_terms("b"), c in some_terms("c"), looks in 1..4, when in an_instant_of_june(), by in a_by(), rounding in a_rounding(), percent in 1_i64..1000) {
        let mut life = Life::new(a, "2024-06-01").by(by).rounding(rounding).taxed_at(vec![tax_rate("fr", "FR", "19.6")]);
        life = life.with_coupon(percent_off("C", &Decimal::new(percent, 1).to_string(), Duration::Forever));
        life.try_begin();
        let look = |life: &Life, terms| -> Option<Document> {
            assemble(life.preview(&when, terms).lines, &[], &life.discounts, &life.tax, life.basis.currency, life.prices).expect("assembles")
        };
        let seen = look(&life, &b);
        for _ in 0..looks {
            look(&life, &c);
        }
        let made = life.change(&when, b);
        prop_assert_eq!(&seen, &made);
        if let Some(made) = made {
            assert_adds_up(&made);
        }
    }

    /// What was billed is not billed again: rating a period once more with the same usage adds nothing, and usage that comes late, in
    /// however many pieces, comes to what it would have cost in time.
    #[test]
    fn a_rerun_adds_nothing(price in a_price(), first in a_decimal(3_000, 1), later in proptest::collection::vec(a_decimal(3_000, 1), 0..5), aggregate in an_aggregate()) {
        let price = metered(price, "m", aggregate);
        let (mut life, mut part) = billed(&price, first);
        let mut sum = life.charged.iter().map(|charged| charged.line.amount_minor).sum::<i64>();
        prop_assert_eq!(bill_late(&mut life, &mut part, first), 0);
        for units in later {
            sum += bill_late(&mut life, &mut part, units);
            prop_assert_eq!(part.billed_minor(), Ok(sum));
            prop_assert_eq!(bill_late(&mut life, &mut part, units), 0);
            let in_time = rate(&price, units, Share::WHOLE, None).expect("rates");
            let (usage, minimum) = (in_time.exact.round(Rounding::HalfUp).expect("fits"), in_time.minimum_top_up);
            let whole = in_time.exact.add(minimum.unwrap_or(Ratio::ZERO)).expect("adds").round(Rounding::HalfUp).expect("fits");
            prop_assert_eq!(sum, if minimum.is_some() { whole } else { usage });
        }
    }

    /// Unit prices convert exactly, whatever the digits of the two currencies: a price exchanged and rated is the price rated and
    /// exchanged, so that the line has its one rounding.
    #[test]
    fn an_exchange_rounds_nothing(price in a_price(), units in a_decimal(3_000, 1), n in 1_i64..=31, exchange in 1_i64..1_000_000, to in prop_oneof![Just("JPY"), Just("USD"), Just("HUF"), Just("BHD")]) {
        let price = Price { convert: true, ..price };
        let to = currency(to);
        let rate_of_day = Decimal::new(exchange, 3);
        let exchange = ExchangeRate { from: price.currency, to, on: at("2024-06-01").date_naive(), rate: rate_of_day };
        let share = Share { n, d: 31, by: billing::calendar::By::Day };
        let own = rate(&price, units, share, None).expect("rates");
        let there = rate(&price, units, share, Some(&exchange)).expect("rates");
        // One minor unit of EUR is a hundredth.
        let digits = Ratio::new(10_i128.pow(to.exponent()), 100).expect("a fraction");
        let factor = Ratio::from(rate_of_day).mul(digits).expect("small");
        prop_assert_eq!(there.exact, own.exact.mul(factor).expect("small"));
        prop_assert_eq!(there.minimum_top_up, own.minimum_top_up.map(|missing| missing.mul(factor).expect("small")));
    }

    /// What is asked for can be paid: the nearest multiple of the currency's smallest payable amount, a debt as a credit, and what can be
    /// paid already stays.
    #[test]
    fn totals_can_be_paid(amount in -1_000_000_000_i64..1_000_000_000, code in prop_oneof![Just("EUR"), Just("JPY"), Just("HUF"), Just("BHD")]) {
        let currency = currency(code);
        let unit = currency.payable_unit_minor();
        let payable = to_payable(Ratio::whole(amount), currency).expect("fits");
        prop_assert_eq!(payable % unit, 0);
        prop_assert!((payable - amount).abs() * 2 <= unit);
        prop_assert_eq!(to_payable(Ratio::whole(-amount), currency), Ok(-payable));
        prop_assert_eq!(to_payable(Ratio::whole(payable), currency), Ok(payable));
    }

    /// The balance is used in its order (what expires soonest, then the oldest), whole before the next, never beyond what is due, and nothing
    /// that has expired; a note goes to what is due of its invoice first, and all of it goes somewhere.
    #[test]
    fn the_balance_pays_what_is_due_and_no_more(
        due in 0_i64..100_000, credits in proptest::collection::vec((0_i64..50_000, proptest::option::of(0_i64..4)), 0..6), note in 0_i64..200_000,
    ) {
        let now = at("2024-06-02");
        let credit = |(n, (left_minor, days)): (i32, &(i64, Option<i64>))| BalanceCredit {
            reference: format!("{n:02}"),
            left_minor: *left_minor,
            expires_at: days.map(|days| at("2024-06-01") + chrono::Duration::days(days)),
        };
        let credits: Vec<BalanceCredit> = (0..).zip(&credits).map(credit).collect();
        let uses = use_balance(due, &credits, now).expect("sums");
        let used = uses.iter().map(|used| used.amount_minor).sum::<i64>();
        let mut good: Vec<&BalanceCredit> = credits.iter().filter(|credit| credit.left_minor > 0 && credit.expires_at.is_none_or(|end| end > now)).collect();
        good.sort_by_key(|credit| (credit.expires_at.map_or(i64::MAX, |end| end.timestamp()), credit.reference.clone()));
        prop_assert_eq!(used, due.min(good.iter().map(|credit| credit.left_minor).sum()));
        let mut of = good.into_iter();
        for (place, part) in uses.iter().enumerate() {
            let credit = of.next().expect("each use is of a credit, in their order");
            prop_assert_eq!(&part.reference, &credit.reference);
            prop_assert!(part.amount_minor == credit.left_minor || place + 1 == uses.len());
        }
        let split = split_note(note, due).expect("sums");
        prop_assert_eq!((split.to_invoice_minor, split.to_invoice_minor + split.rest_minor), (note.min(due), note));
    }
}

//! **Taken back on the same document**: a change that waited for it, with the change that takes it back.

use billing::{
    discount::{Coupon, Duration},
    invoice::{Document, Line, LineKind, assemble},
    tax::PricesTax,
};

use crate::world::{Life, amount_off, at, currency, flat, of, per_unit, percent_off, plan, rate};

/// A subscription of one seat at 50.00 since 1 June, whose coupon is redeemed after its first invoice.
fn seats(coupon: Coupon) -> Life {
    let mut life = Life::new(plan("p", vec![per_unit("seats", "5000")]), "2024-06-01");
    life.begin();
    life.with_coupon(coupon)
}

/// The lines of a change that waits, with the identities they wait under; what comes after it knows them.
fn waits(life: &mut Life, when: &str, quantity: i64) -> (Vec<Line>, Vec<String>) {
    let (before, discounts) = (life.charged.len(), life.discounts.clone());
    let new = of(quantity, life.terms.clone());
    let lines = life.preview(when, &new).lines;
    life.change(when, new);
    // No document yet, so no coupon is spent.
    life.discounts = discounts;
    (lines, life.charged[before..].iter().map(|charged| charged.reference.clone()).collect())
}

fn settle(life: &Life, waiting: &[(Vec<Line>, Vec<String>)], due: Vec<Line>) -> Document {
    let mut references: Vec<String> = due.iter().enumerate().map(|(position, _)| format!("due_{position}")).collect();
    references.extend(waiting.iter().flat_map(|(_, references)| references.clone()));
    let lines = due.into_iter().chain(waiting.iter().flat_map(|(lines, _)| lines.clone())).collect();
    assemble(lines, &references, &life.discounts, &life.tax, currency("EUR"), PricesTax::Exclusive).expect("assembles").expect("a document")
}

fn fee(amount: i64) -> Line {
    let month = billing::calendar::Period { start: at("2024-07-01"), end: at("2024-08-01") };
    Line {
        kind: LineKind::Recurring,
        subscription: Some("s1".to_owned()),
        from: Some(month.start),
        to: Some(month.end),
        period: Some(month),
        ..Line::one_off("fee", amount)
    }
}

fn seen(document: &Document) -> Vec<(i64, i64)> {
    document.lines.iter().map(|line| (line.amount_minor, line.discount_minor)).collect()
}

#[test]
fn what_waits_is_discounted_with_the_document_it_lands_on() {
    let mut life = seats(amount_off("TEN", 1000, Duration::Forever));
    let change = waits(&mut life, "2024-06-16", 2);
    // One coupon of 1000 over 10000 and 5000.
    assert_eq!(seen(&settle(&life, &[change], vec![fee(10_000)])), [(10_000, 667), (-2500, 0), (5000, 333)]);
}

#[test]
fn a_credit_is_its_share_of_what_the_line_cost_on_the_document() {
    let mut life = seats(amount_off("TEN", 1000, Duration::Forever));
    let up = waits(&mut life, "2024-06-16", 2);
    // 23 June 12:00 is half of what was left.
    let down = waits(&mut life, "2024-06-23T12:00:00Z", 0);
    let document = settle(&life, &[up, down], vec![fee(10_000)]);
    // Half of 5000 - 333.
    assert_eq!(seen(&document), [(10_000, 667), (-2500, 0), (5000, 333), (-2334, 0)]);
    let credit = document.lines[3].explain.credit.clone().expect("a credit");
    assert_eq!((credit.charged_minor, credit.credited_before_minor), (4667, 0));
}

#[test]
fn a_change_and_its_reversal_at_one_instant_leave_the_discount_to_the_rest() {
    for coupon in [amount_off("TEN", 1000, Duration::Forever), percent_off("ODD", "33.3", Duration::Once)] {
        let mut life = seats(coupon).taxed_at(vec![rate("fr20", "FR", "20")]);
        let there = waits(&mut life, "2024-06-16", 2);
        let back = waits(&mut life, "2024-06-16", 1);
        let (with, without) = (settle(&life, &[there.clone(), back.clone()], vec![fee(9999)]), settle(&life, &[], vec![fee(9999)]));
        assert_eq!((with.discount_minor, with.total_minor), (without.discount_minor, without.total_minor));
        // There again, which takes the reversal back: 5000 for the second half at its discount, less 2500.
        let again = waits(&mut life, "2024-06-16", 2);
        let (thrice, once) = (settle(&life, &[there.clone(), back, again], vec![fee(9999)]), settle(&life, &[there], vec![fee(9999)]));
        assert_eq!((thrice.discount_minor, thrice.total_minor), (once.discount_minor, once.total_minor));
    }
}

#[test]
fn once_is_not_spent_on_what_the_document_takes_back() {
    let mut life = seats(percent_off("HALF", "50", Duration::Once));
    let there = waits(&mut life, "2024-06-16", 2);
    let back = waits(&mut life, "2024-06-16", 1);
    assert!(settle(&life, &[there.clone(), back], vec![Line::one_off("work", 100)]).discounts.is_empty());
    assert_eq!(settle(&life, &[there], vec![Line::one_off("work", 100)]).discount_minor, 2500);
}

#[test]
fn a_credit_has_the_tax_of_what_it_takes_back() {
    let mut life = seats(percent_off("HALF", "50", Duration::Forever)).taxed_at(vec![rate("fr20", "FR", "20")]);
    let up = waits(&mut life, "2024-06-16", 2);
    let down = waits(&mut life, "2024-06-23T12:00:00Z", 0);
    // The rate is another by the time they get their document: 2500 up and 1250 down are both taxed at 10.
    let life = life.taxed_at(vec![rate("fr10", "FR", "10")]);
    let document = settle(&life, &[up, down], Vec::new());
    let taxes: Vec<(&str, i64, i64)> = document.tax.iter().map(|tax| (tax.rate.as_str(), tax.base_minor, tax.amount_minor)).collect();
    assert_eq!(taxes, [("fr10", 1250, 125)]);
}

#[test]
fn a_flat_price_without_discount_is_taken_back_as_it_was() {
    let mut life = Life::new(plan("p", vec![flat("base", 3000)]), "2024-06-01");
    life.begin();
    let new = plan("q", vec![flat("base", 6000)]);
    let lines = life.preview("2024-06-16", &new).lines;
    life.change("2024-06-16", new);
    let references: Vec<String> = life.charged[1..].iter().map(|charged| charged.reference.clone()).collect();
    let back = life.preview("2024-06-21", &plan("p", vec![flat("base", 3000)])).lines;
    // 1500 back and 3000 for the half; ten of its fifteen days back, and 1000 for them.
    let document = settle(&life, &[(lines, references), (back, Vec::new())], Vec::new());
    assert_eq!(seen(&document), [(-1500, 0), (3000, 0), (-2000, 0), (1000, 0)]);
}

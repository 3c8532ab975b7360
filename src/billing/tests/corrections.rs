//! **Corrections**: credit notes of an amount or of lines, never more than the invoice, the last taking exactly what is left.

use billing::{
    Error,
    correction::{CorrectionError, Invoiced, LineCredit, credit_amount, credit_lines},
    discount::Duration,
    invoice::{Document, DocumentKind, Line, LineKind, assemble},
    subscription::{Charged, Credited},
    tax::{LineTax, PricesTax, TaxSituation},
};

use crate::world::{Life, currency, flat, party, percent_off, plan, rate, taxed};

/// An invoice of one-offs at 20 %, in records.
fn invoiced(amounts: &[i64], code: &str, prices: PricesTax) -> Invoiced {
    let lines = amounts.iter().map(|amount| Line::one_off("work", *amount)).collect();
    let tax = TaxSituation { customer: party("FR"), ..taxed(vec![rate("fr", "FR", "20")]) };
    let document = assemble(lines, &[], &[], &tax, currency(code), prices).expect("assembles").expect("a document");
    let charged = |(index, line): (usize, Line)| Charged { reference: format!("l{index}"), line, price: None, credits: Vec::new() };
    Invoiced {
        currency: document.currency,
        prices,
        lines: document.lines.into_iter().enumerate().map(charged).collect(),
        notes: document.notes,
        rounding_minor: document.rounding_minor,
        rounding_credited_minor: 0,
    }
}

/// Keeps a note the way records do.
fn keep(invoice: &mut Invoiced, note: &Document) {
    invoice.rounding_credited_minor -= note.rounding_minor;
    for line in &note.lines {
        let of = invoice.lines.iter_mut().find(|charged| Some(&charged.reference) == line.credits.as_ref()).expect("its line");
        let tax = line.tax.iter().map(|tax| LineTax { amount_minor: -tax.amount_minor, ..tax.clone() }).collect();
        of.credits.push(Credited { reference: "note".to_owned(), at: None, amount_minor: -line.amount_minor, tax });
    }
}

fn amounts(note: &Document) -> Vec<(i64, i64)> {
    note.lines.iter().map(|line| (line.amount_minor, line.tax.iter().map(|tax| tax.amount_minor).sum())).collect()
}

#[test]
fn an_amount_is_spread_over_the_lines_with_their_tax() {
    // 1000 + 500 and 20 %: 1200 + 600 gross. 600 of 1800 take a third of each.
    let invoice = invoiced(&[1000, 500], "EUR", PricesTax::Exclusive);
    let note = credit_amount(&invoice, 600).expect("a note");
    assert_eq!(amounts(&note), [(-333, -67), (-167, -33)]);
    assert_eq!((note.kind, note.subtotal_minor, note.tax_total_minor, note.total_minor), (DocumentKind::CreditNote, -500, -100, -600));
    assert_eq!((note.tax[0].base_minor, note.tax[0].amount_minor), (-500, -100));
    assert_eq!((note.lines[0].kind, note.lines[0].credits.as_deref()), (LineKind::Adjustment, Some("l0")));
}

#[test]
fn what_was_discounted_is_credited_at_what_it_cost_and_not_discounted_again() {
    // 3000 at half price: 1500 and 300 tax.
    let mut life = Life::new(plan("p", vec![flat("base", 3000)]), "2024-06-01").taxed_at(vec![rate("fr", "FR", "20")]);
    life = life.with_coupon(percent_off("HALF", "50", Duration::Forever));
    assert_eq!(life.begin().total_minor, 1800);
    let invoice = Invoiced { lines: life.charged, ..invoiced(&[1500], "EUR", PricesTax::Exclusive) };
    let note = credit_amount(&invoice, 1800).expect("a note");
    assert_eq!((note.subtotal_minor, note.discount_minor, note.total_minor), (-1500, 0, -1800));
    assert_eq!((amounts(&note), note.lines[0].discount_minor), (vec![(-1500, -300)], 0));
}

#[test]
fn with_tax_inside_the_lines_are_gross() {
    let invoice = invoiced(&[1200, 600], "EUR", PricesTax::Inclusive);
    let note = credit_amount(&invoice, 600).expect("a note");
    assert_eq!(amounts(&note), [(-400, -67), (-200, -33)]);
    assert_eq!((note.total_minor, note.tax_total_minor, note.tax[0].base_minor), (-600, -100, -500));
}

#[test]
fn the_note_that_completes_takes_exactly_what_is_left() {
    let mut invoice = invoiced(&[333, 333, 334, -77], "EUR", PricesTax::Exclusive);
    let (total, mut sum) = (invoice.left_minor().expect("left"), 0);
    for amount in [1, 100, 7, 500] {
        let note = credit_amount(&invoice, amount).expect("a note");
        assert_eq!(note.total_minor, -amount);
        keep(&mut invoice, &note);
        sum += amount;
    }
    let rest = total - sum;
    let refused = credit_amount(&invoice, rest + 1);
    assert_eq!(refused, Err(Error::Correction(CorrectionError::MoreThanLeft { asked_minor: rest + 1, left_minor: rest })));
    let last = credit_amount(&invoice, rest).expect("a note");
    keep(&mut invoice, &last);
    assert_eq!(invoice.left_minor(), Ok(0));
    for charged in &invoice.lines {
        let credited: i64 = charged.credits.iter().map(|credit| credit.amount_minor).sum();
        let tax: i64 = charged.credits.iter().flat_map(|credit| &credit.tax).map(|tax| tax.amount_minor).sum();
        assert_eq!((credited, tax), (charged.line.amount_minor, charged.line.tax[0].amount_minor));
    }
}

#[test]
fn lines_are_credited_whole_or_in_part() {
    let mut invoice = invoiced(&[1000, 500], "EUR", PricesTax::Exclusive);
    let line = |line: &str, amount_minor| LineCredit { line: line.to_owned(), amount_minor };
    let note = credit_lines(&invoice, &[line("l0", Some(120)), line("l1", None)]).expect("a note");
    assert_eq!((amounts(&note), note.total_minor), (vec![(-100, -20), (-500, -100)], -720));
    keep(&mut invoice, &note);
    let error = |result: Result<Document, Error>| result.expect_err("refused");
    assert_eq!(error(credit_lines(&invoice, &[line("l1", None)])), CorrectionError::NothingLeft("work".to_owned()).into());
    assert_eq!(error(credit_lines(&invoice, &[line("l7", None)])), CorrectionError::NoSuchLine("l7".to_owned()).into());
    let twice = [line("l0", Some(1000)), line("l0", Some(100))];
    assert_eq!(error(credit_lines(&invoice, &twice)), CorrectionError::MoreThanLeft { asked_minor: 1100, left_minor: 1080 }.into());
    assert_eq!(error(credit_lines(&invoice, &[line("l0", Some(-5))])), CorrectionError::NotPositive.into());
    assert_eq!(error(credit_lines(&invoice, &[])), CorrectionError::NotPositive.into());
    assert_eq!(error(credit_amount(&invoice, 0)), CorrectionError::NotPositive.into());
    assert_eq!(credit_lines(&invoice, &[line("l0", None)]).expect("a note").total_minor, -1080);
}

#[test]
fn a_line_beside_a_reduction_cannot_be_credited_beyond_the_invoice() {
    let invoice = invoiced(&[1000, -800], "EUR", PricesTax::Exclusive);
    let whole = LineCredit { line: "l0".to_owned(), amount_minor: None };
    assert!(matches!(credit_lines(&invoice, &[whole]), Err(Error::Correction(CorrectionError::MoreThanLeft { .. }))));
}

#[test]
fn what_a_change_credited_is_no_longer_left() {
    let mut invoice = invoiced(&[1000], "EUR", PricesTax::Exclusive);
    let tax = vec![LineTax { amount_minor: 100, ..invoice.lines[0].line.tax[0].clone() }];
    invoice.lines[0].credits.push(Credited { reference: "c".to_owned(), at: Some(crate::world::at("2024-01-16")), amount_minor: 500, tax });
    assert_eq!(invoice.left_minor(), Ok(600));
}

#[test]
fn the_rounding_of_forints_goes_with_the_last_note() {
    // 100.40 and 20.08 tax are 120.48, paid 120.
    let mut invoice = invoiced(&[5020, 5020], "HUF", PricesTax::Exclusive);
    assert_eq!((invoice.rounding_minor, invoice.left_minor()), (-48, Ok(12_000)));
    let line = |line: &str| LineCredit { line: line.to_owned(), amount_minor: None };
    // 60.24 is credited as 60.
    let first = credit_lines(&invoice, &[line("l0")]).expect("a note");
    assert_eq!((first.rounding_minor, first.total_minor), (24, -6000));
    keep(&mut invoice, &first);
    let last = credit_lines(&invoice, &[line("l1")]).expect("a note");
    assert_eq!(last.total_minor, -6000);
    keep(&mut invoice, &last);
    assert_eq!(invoice.left_minor(), Ok(0));
    // The other way: 100.46 and 20.09 are 120.55, paid 121; a note of that amount takes the rounding up as well.
    let invoice = invoiced(&[10_046], "HUF", PricesTax::Exclusive);
    let all = credit_amount(&invoice, 12_100).expect("a note");
    assert_eq!((all.rounding_minor, all.total_minor), (-45, -12_100));
}

#[test]
fn what_is_asked_of_a_line_has_its_sign_and_is_never_more_than_is_left_of_it() {
    let invoice = invoiced(&[1_000, -200], "EUR", PricesTax::Exclusive);
    let of = |line: &str, amount_minor: Option<i64>| LineCredit { line: line.to_owned(), amount_minor };
    let refused = |credits: &[LineCredit]| credit_lines(&invoice, credits).expect_err("refused");
    assert_eq!(refused(&[of("l0", Some(-1))]), Error::from(CorrectionError::NotPositive));
    assert_eq!(refused(&[of("l0", None), of("l1", Some(1))]), Error::from(CorrectionError::NotPositive));
    assert_eq!(refused(&[of("l0", Some(1_201))]), Error::from(CorrectionError::MoreThanLeft { asked_minor: 1_201, left_minor: 1_200 }));
    assert_eq!(refused(&[of("l0", Some(1_000)), of("l0", Some(201))]), Error::from(CorrectionError::MoreThanLeft { asked_minor: 1_201, left_minor: 1_200 }));
    // The reduction alone is nothing to give back.
    assert_eq!(refused(&[of("l1", None)]), Error::from(CorrectionError::NotPositive));
    assert_eq!(refused(&[]), Error::from(CorrectionError::NotPositive));
    let note = credit_lines(&invoice, &[of("l0", Some(600)), of("l0", Some(600)), of("l1", None)]).expect("all of it");
    assert_eq!((note.total_minor, amounts(&note)), (-960, vec![(-1_000, -200), (200, 40)]));
    let explained = &note.lines[0];
    assert_eq!((explained.explain.credit.is_some(), explained.discount_minor), (true, 0), "a note says what it credits, and takes no discount anew");
}

//! **Corrections**: credit notes of an amount or of lines, never more than the invoice, the last taking exactly what is left.

use billing::{
    Error,
    correction::{CorrectionError, Invoiced, LineCredit, Restored, credit_amount, credit_lines},
    discount::Duration,
    invoice::{Document, DocumentKind, Line, LineKind, assemble},
    subscription::{Charged, Credited},
    tax::{LineTax, PricesTax, TaxSituation},
};

use proptest::prelude::*;

use crate::strategies::cases;
use crate::world::{Life, at, currency, flat, party, percent_off, plan, rate, taxed};

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
        restored: Vec::new(),
        notes: document.notes,
        rounding_minor: document.rounding_minor,
        rounding_credited_minor: 0,
        total_minor: document.total_minor,
        corrected_minor: 0,
    }
}

/// Keeps a note the way records do.
fn keep(invoice: &mut Invoiced, note: &Document) {
    invoice.rounding_credited_minor -= note.rounding_minor;
    invoice.corrected_minor -= note.total_minor;
    for line in &note.lines {
        let mut charges = invoice.lines.iter_mut().chain(invoice.restored.iter_mut().map(|restored| &mut restored.charged));
        let of = charges.find(|charged| Some(&charged.reference) == line.credits.as_ref()).expect("its line");
        let tax = line.tax.iter().map(|tax| LineTax { amount_minor: -tax.amount_minor, ..tax.clone() }).collect();
        of.credits.push(Credited { reference: "note".to_owned(), at: None, amount_minor: -line.amount_minor, tax });
    }
}

/// What is left of a line by itself, without what was restored of it: after discount, and of its tax.
fn left(charged: &Charged) -> (i64, i64) {
    let tax_of = |tax: &[LineTax]| tax.iter().map(|tax| tax.amount_minor).sum::<i64>();
    let credited = charged.credits.iter().fold((0, 0), |(net, tax), credit| (net + credit.amount_minor, tax + tax_of(&credit.tax)));
    (charged.line.amount_minor - charged.line.discount_minor - credited.0, tax_of(&charged.line.tax) - credited.1)
}

/// A change takes so many hundredths back of what is left of a line where it stands, and its reversal charges that again, on a credit note.
fn take_and_restore(invoice: &mut Invoiced, line: &str, hundredths: i64) {
    let name = format!("{line} again {}", invoice.restored.len());
    let charge = invoice.lines.iter_mut().find(|charged| charged.reference == line).expect("its line");
    let charge = invoice.restored.iter_mut().rev().find(|restored| restored.of == line).map_or(charge, |restored| &mut restored.charged);
    let (net, tax_minor) = left(charge);
    let part = |left: i64| left * hundredths / 100;
    let tax: Vec<LineTax> = charge.line.tax.iter().map(|tax| LineTax { amount_minor: part(tax_minor), ..tax.clone() }).collect();
    let credit = format!("{name}, its credit");
    charge.credits.push(Credited { reference: credit.clone(), at: Some(at("2024-01-16")), amount_minor: part(net), tax: tax.clone() });
    let line_again = Line { kind: LineKind::ProrationCharge, amount_minor: part(net), discount_minor: 0, tax, credits: Some(credit), ..charge.line.clone() };
    let charged = Charged { reference: name, line: line_again, price: None, credits: Vec::new() };
    invoice.restored.push(Restored { of: line.to_owned(), charged });
}

/// Of each line of a note what it takes back of, and how much with how much tax.
fn taken(note: &Document) -> Vec<(&str, i64, i64)> {
    let tax = |line: &Line| line.tax.iter().map(|tax| tax.amount_minor).sum();
    note.lines.iter().map(|line| (line.credits.as_deref().unwrap_or_default(), line.amount_minor, tax(line))).collect()
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
    invoice.lines[0].credits.push(Credited { reference: "c".to_owned(), at: Some(at("2024-01-16")), amount_minor: 500, tax });
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

#[test]
fn what_a_note_restored_is_credited_with_its_line_and_taken_from_where_it_stands() {
    let mut invoice = invoiced(&[1000, 500], "EUR", PricesTax::Exclusive);
    take_and_restore(&mut invoice, "l0", 60);
    assert_eq!(invoice.left_minor(), Ok(1800), "it is in full force again");
    // Half of it; 400 and 80 are left where the invoice charged it.
    let of = |amount_minor| LineCredit { line: "l0".to_owned(), amount_minor };
    let note = credit_lines(&invoice, &[of(Some(600))]).expect("a note");
    assert_eq!((taken(&note), note.total_minor), (vec![("l0", -400, -80), ("l0 again 0", -100, -20)], -600));
    let explained = note.lines[1].explain.credit.as_ref().expect("what it credits");
    assert_eq!((explained.line.as_str(), explained.charged_minor, explained.credited_before_minor), ("l0 again 0", 600, 0));
    assert_eq!((note.tax[0].base_minor, note.tax[0].amount_minor), (-500, -100));
    keep(&mut invoice, &note);
    let refused = credit_lines(&invoice, &[of(Some(601))]);
    assert_eq!(refused, Err(CorrectionError::MoreThanLeft { asked_minor: 601, left_minor: 600 }.into()));
    let by_its_own = LineCredit { line: "l0 again 0".to_owned(), amount_minor: None };
    assert_eq!(credit_lines(&invoice, &[by_its_own]), Err(CorrectionError::NoSuchLine("l0 again 0".to_owned()).into()), "the invoice has no such line");
    let note = credit_lines(&invoice, &[of(None)]).expect("a note");
    assert_eq!(taken(&note), [("l0 again 0", -500, -100)], "nothing is left where the invoice charged it");
    keep(&mut invoice, &note);
    assert_eq!(credit_lines(&invoice, &[of(None)]), Err(CorrectionError::NothingLeft("work".to_owned()).into()));
    assert_eq!(invoice.left_minor(), Ok(600));
}

#[test]
fn notes_come_to_no_more_than_the_invoice_though_what_it_took_back_is_charged_again() {
    // 1000 and 500 back: 600 in all with tax. The 500 are charged again elsewhere, so nothing is left of their credit.
    let mut invoice = invoiced(&[1000, -500], "EUR", PricesTax::Exclusive);
    let again = LineTax { amount_minor: -100, ..invoice.lines[1].line.tax[0].clone() };
    invoice.lines[1].credits.push(Credited { reference: "again".to_owned(), at: None, amount_minor: -500, tax: vec![again] });
    assert_eq!(invoice.left_minor(), Ok(600));
    let refused = |asked_minor, left_minor| Err(Error::from(CorrectionError::MoreThanLeft { asked_minor, left_minor }));
    let whole = |amount_minor| [LineCredit { line: "l0".to_owned(), amount_minor }];
    assert_eq!(credit_amount(&invoice, 601), refused(601, 600));
    assert_eq!(credit_lines(&invoice, &whole(None)), refused(1200, 600));
    let note = credit_lines(&invoice, &whole(Some(240))).expect("a note");
    assert_eq!(taken(&note), [("l0", -200, -40)]);
    keep(&mut invoice, &note);
    let note = credit_amount(&invoice, 360).expect("a note");
    assert_eq!(taken(&note), [("l0", -300, -60)], "so much of the line, and not all that is left of it");
    keep(&mut invoice, &note);
    assert_eq!((invoice.left_minor(), credit_amount(&invoice, 1)), (Ok(0), refused(1, 0)));
}

#[test]
fn what_was_restored_of_what_was_restored_is_of_the_same_line() {
    let mut invoice = invoiced(&[1000], "EUR", PricesTax::Exclusive);
    take_and_restore(&mut invoice, "l0", 60);
    take_and_restore(&mut invoice, "l0", 50);
    assert_eq!(invoice.left_minor(), Ok(1200));
    let note = credit_amount(&invoice, 900).expect("a note");
    assert_eq!(taken(&note), [("l0", -400, -80), ("l0 again 0", -300, -60), ("l0 again 1", -50, -10)], "the oldest first");
    keep(&mut invoice, &note);
    // A change gives back what is left where it stands, and no note takes that again.
    let given_back = Credited { at: Some(at("2024-01-20")), ..invoice.restored[1].charged.credits[0].clone() };
    invoice.restored[1].charged.credits.push(given_back);
    assert_eq!(invoice.left_minor(), Ok(240));
    let note = credit_amount(&invoice, 240).expect("a note");
    assert_eq!(taken(&note), [("l0 again 1", -200, -40)]);
    keep(&mut invoice, &note);
    assert_eq!(invoice.left_minor(), Ok(0));
}

#[test]
fn a_take_of_nothing_takes_nothing_though_rounding_left_a_tax() {
    // 17 of tax are inside 103. Notes, each rounded by itself, took 16 with all of it.
    let mut invoice = invoiced(&[103, 600], "EUR", PricesTax::Inclusive);
    let tax = vec![LineTax { amount_minor: 16, ..invoice.lines[0].line.tax[0].clone() }];
    invoice.lines[0].credits.push(Credited { reference: "c".to_owned(), at: None, amount_minor: 103, tax });
    assert_eq!(left(&invoice.lines[0]), (0, 1));
    let of = |line: &str, amount_minor| LineCredit { line: line.to_owned(), amount_minor };
    let of_amount = credit_amount(&invoice, 120).expect("a note");
    let of_lines = credit_lines(&invoice, &[of("l1", Some(120))]).expect("a note");
    for note in [of_amount, of_lines] {
        assert_eq!((taken(&note), note.tax_total_minor), (vec![("l1", -120, -20)], -20), "only of the line with something left");
    }
    assert_eq!(credit_lines(&invoice, &[of("l0", None)]), Err(CorrectionError::NothingLeft("work".to_owned()).into()));
    // What completes the invoice takes the lone tax too, whether it is of an amount or of lines.
    let of_amount = credit_amount(&invoice, 600).expect("a note");
    let of_lines = credit_lines(&invoice, &[of("l1", None)]).expect("a note");
    for note in [of_amount, of_lines] {
        assert_eq!((taken(&note), note.tax_total_minor, note.total_minor), (vec![("l0", 0, -1), ("l1", -600, -100)], -101, -600));
        let mut invoice = invoice.clone();
        keep(&mut invoice, &note);
        assert_eq!(invoice.lines.iter().map(left).collect::<Vec<_>>(), [(0, 0), (0, 0)]);
    }
}

proptest! {
    #![proptest_config(cases())]

    /// However often changes take a line back and restore it, notes come to what they would have without; nothing is taken of any line, or
    /// of its tax, beyond what it charged where it stands; and the last note leaves nothing anywhere.
    #[test]
    fn what_was_restored_is_credited_as_if_it_had_never_gone(
        amounts in proptest::collection::vec(1_i64..5000, 1..4),
        deeds in proptest::collection::vec((0..3, 0_usize..4, 1_i64..101), 0..10),
        inclusive: bool,
    ) {
        let mut invoice = invoiced(&amounts, "EUR", if inclusive { PricesTax::Inclusive } else { PricesTax::Exclusive });
        let mut plain = invoice.clone();
        for (deed, line, hundredths) in deeds.into_iter().chain([(0, 0, 100)]) {
            let line = format!("l{}", line % amounts.len());
            let whole = invoice.left_minor().expect("left");
            prop_assert_eq!(plain.left_minor(), Ok(whole));
            let amount = whole * hundredths / 100;
            let note = |invoice: &Invoiced| match deed {
                0 if amount > 0 => credit_amount(invoice, amount).ok(),
                1 => credit_lines(invoice, &[LineCredit { line: line.clone(), amount_minor: Some(hundredths) }]).ok(),
                _ => None,
            };
            let (one, other) = (note(&invoice), note(&plain));
            prop_assert_eq!(one.is_some(), other.is_some());
            if let (Some(one), Some(other)) = (one, other) {
                crate::laws::assert_adds_up(&one);
                prop_assert_eq!((one.total_minor, &one.tax), (other.total_minor, &other.tax));
                keep(&mut invoice, &one);
                keep(&mut plain, &other);
            } else if deed == 2 {
                take_and_restore(&mut invoice, &line, hundredths);
            }
            for charged in invoice.lines.iter().chain(invoice.restored.iter().map(|restored| &restored.charged)) {
                let (net, tax) = left(charged);
                prop_assert!(net >= 0 && tax >= 0, "{} and {} of tax are left of {}", net, tax, charged.reference);
            }
        }
        prop_assert!(invoice.lines.iter().chain(invoice.restored.iter().map(|restored| &restored.charged)).all(|charged| left(charged) == (0, 0)));
    }
}

//! Structured invoices, judged by what is published with the standard: the schemas of both syntaxes, and the Schematron rules of EN 16931.
//! `end2end/setup.sh einvoice` puts the judge in place; without it these tests fail and say so.

mod judge;
mod lives;
mod spoiled;

use std::collections::BTreeSet;

use portico::services::invoices::einvoice::{Category, Document, cii, draw, is_known, ubl};
use portico::services::invoices::{self, Snapshot, pdf};

use judge::judge;
use lives::documents;

#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_invoices_and_credit_notes_break_no_rule_of_the_standard() {
    let documents = documents().await;
    assert!(documents.len() >= 500, "only {} documents", documents.len());
    let drawn: Vec<_> = documents.iter().map(|(name, snapshot)| (name, draw(snapshot).unwrap())).collect();
    let in_cii: Vec<_> = drawn.iter().map(|(name, document)| (format!("{name}.cii.xml"), cii(document))).collect();
    let in_ubl: Vec<_> = drawn.iter().map(|(name, document)| (format!("{name}.ubl.xml"), ubl(document))).collect();
    // Side by side: the judge is most of what this takes.
    let judged = std::thread::scope(|side| [&in_cii, &in_ubl].map(|files| side.spawn(|| judge(files))).map(|side| side.join().unwrap()));
    let files = [in_cii, in_ubl].concat();
    let wrong: Vec<_> = judged.into_iter().flatten().filter(|(_, wrong)| !wrong.is_empty()).collect();
    if let Some((name, why)) = wrong.first() {
        let text = &files.iter().find(|(file, _)| file == name).unwrap().1;
        let rules: BTreeSet<&String> = wrong.iter().flat_map(|(_, why)| why).map(|(rule, _)| rule).collect();
        panic!("{} of {} break rules: {rules:?}. {name}: {why:#?}\n{text}", wrong.len(), files.len());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pdf_carries_the_structured_invoice_as_factur_x_wants_it() {
    let documents = documents().await;
    let note = documents.iter().find(|(_, snapshot)| !snapshot.corrects.is_empty()).unwrap();
    let mut pdfs = Vec::new();
    for (name, snapshot) in [&documents[0], note] {
        let sheet = invoices::sheet(snapshot, name);
        assert_eq!(sheet.attachments[0].bytes, cii(&draw(snapshot).unwrap()).into_bytes());
        pdfs.push((format!("{name}.pdf"), pdf::render(&sheet).unwrap()));
    }
    for (name, wrong) in judge(&pdfs) {
        assert_eq!(wrong, [], "{name}");
    }
    // Outside what the standard knows there is a PDF, and nothing in it.
    let mut without = documents[0].1.clone();
    without.from.tax_id = None;
    assert!(!is_known(&without) && draw(&without).is_err() && invoices::sheet(&without, "x").attachments.is_empty());
}

/// Nothing is proven about what never came up.
#[tokio::test(flavor = "multi_thread")]
async fn the_five_hundred_cover_what_documents_can_be() {
    let drawn: Vec<_> = documents().await.iter().map(|(_, snapshot)| (snapshot, draw(snapshot).unwrap())).collect();
    let some = |what: &str, is: &dyn Fn(&(&Snapshot, Document)) -> bool| {
        assert!(drawn.iter().any(is), "none of them {what}");
    };
    for category in [Category::Standard, Category::ZeroRated, Category::Exempt, Category::ReverseCharge, Category::OutsideScope] {
        some(&format!("has category {category:?}"), &|(_, document)| document.taxes.iter().any(|tax| tax.category == category));
    }
    for currency in ["EUR", "HUF", "JPY", "BHD", "USD", "CAD"] {
        some(&format!("is in {currency}"), &|(_, document)| document.currency == currency);
    }
    some("is a credit note", &|(snapshot, _)| !snapshot.corrects.is_empty());
    some("includes tax in its prices", &|(snapshot, _)| snapshot.prices == billing::tax::PricesTax::Inclusive && snapshot.tax_total_minor > 0);
    some("has two rates on one line", &|(snapshot, _)| snapshot.lines.iter().any(|line| line.line.tax.len() > 1));
    some("has two rates on different lines", &|(_, document)| document.taxes.len() > 1);
    some("is rounded to what can be paid", &|(snapshot, document)| snapshot.rounding_minor != 0 && !document.totals.rounding.is_zero());
    some("is paid in part from the balance", &|(snapshot, document)| snapshot.balance_minor > 0 && !document.totals.due.is_zero());
    some("has a discount", &|(_, document)| document.lines.iter().any(|line| line.allowance.is_some()));
    some("takes something back", &|(snapshot, document)| {
        snapshot.corrects.is_empty() && document.lines.iter().any(|line| line.quantity.is_sign_negative() && !line.amount.is_zero())
    });
    some("multiplies out", &|(_, document)| document.lines.iter().any(|line| line.quantity > rust_decimal::Decimal::ONE));
    some("has a purchase order", &|(_, document)| document.purchase_order.is_some());
}

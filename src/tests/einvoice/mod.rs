//! Structured invoices, judged by what is published with the standard: the schemas of both syntaxes, and the Schematron rules of EN 16931.
//! `end2end/setup.sh einvoice` puts the judge in place; without it these tests fail and say so.

mod judge;
mod lives;
mod spoiled;

use std::collections::BTreeSet;

use portico::services::invoices::einvoice::{Category, cii, draw, ubl};

use judge::judge;
use lives::documents;

#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_invoices_and_credit_notes_break_no_rule_of_the_standard() {
    let documents = documents().await;
    assert!(documents.len() >= 500, "only {} documents", documents.len());
    let mut files = Vec::new();
    for (name, snapshot) in documents {
        let document = draw(snapshot).unwrap();
        files.push((format!("{name}.cii.xml"), cii(&document)));
        files.push((format!("{name}.ubl.xml"), ubl(&document)));
    }
    let wrong: Vec<_> = judge(&files).into_iter().filter(|(_, wrong)| !wrong.is_empty()).collect();
    if let Some((name, why)) = wrong.first() {
        let text = &files.iter().find(|(file, _)| file == name).unwrap().1;
        let rules: BTreeSet<&String> = wrong.iter().flat_map(|(_, why)| why).map(|(rule, _)| rule).collect();
        panic!("{} of {} break rules: {rules:?}. {name}: {why:#?}\n{text}", wrong.len(), files.len());
    }
}

/// Nothing is proven about what never came up.
#[tokio::test(flavor = "multi_thread")]
async fn the_five_hundred_cover_what_documents_can_be() {
    let drawn: Vec<_> = documents().await.iter().map(|(_, snapshot)| (snapshot, draw(snapshot).unwrap())).collect();
    let some = |what: &str, is: &dyn Fn(&(&portico::services::invoices::Snapshot, portico::services::invoices::einvoice::Document)) -> bool| {
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

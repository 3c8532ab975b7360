//! The statement on paper, with the vendor's branding as on invoices.

use super::Statement;
use crate::services::Refusal;
use crate::services::invoices::pdf::{Answer, Fact, Labels, Line, Section, Sheet, TotalRow, TotalStyle};
use crate::services::invoices::{File, Letterhead};
use crate::t;
use crate::words::format::{Dates, currency_head};

/// A statement as a PDF, of the days that `dates` has; `named` is the period in words, `file_name` what the file is called.
pub async fn print(letterhead: Letterhead, statement: &Statement, dates: Dates, named: &str, file_name: String) -> Result<File, Refusal> {
    let w = dates.words;
    let currency = statement.currency.as_str();
    let line = |name: String, day: String, amount: String, balance_minor: i64| Line {
        name,
        quantity: day,
        each: amount,
        amount: w.figure(balance_minor, currency),
        ..Line::default()
    };
    let mut lines = vec![line(t!(w, "statement-opening"), String::new(), String::new(), statement.opening_minor)];
    lines.extend(statement.entries.iter().map(|entry| {
        let day = dates.day_year(entry.at);
        line(entry.told(w), day, w.figure(entry.amount_minor, currency), entry.balance_minor)
    }));
    let closing = w.money(statement.closing_minor, currency);
    let sheet = Sheet {
        title: t!(w, "statement-title"),
        number: named.to_owned(),
        answer: Some(Answer { text: t!(w, "statement-answer", amount = &closing, period = named), strong: Some(closing.clone()) }),
        facts: vec![
            Fact { label: t!(w, "statement-period"), value: named.to_owned() },
            Fact { label: t!(w, "statement-made-on"), value: dates.day_year(letterhead.at) },
        ],
        sections: vec![Section { heading: None, lines }],
        totals: vec![TotalRow { label: t!(w, "statement-closing"), amount: closing, style: TotalStyle::Total }],
        labels: Labels {
            description: t!(w, "statement-what"),
            quantity: t!(w, "statement-date"),
            each: t!(w, "statement-amount"),
            amount: t!(w, "statement-balance-in", currency = currency_head(currency)),
            ..letterhead.labels(w)
        },
        ..letterhead.sheet(w, "statement")
    };
    letterhead.print(sheet, file_name).await
}

//! Whole documents: the same every time, accepted by the archive's rules, and unbroken by whatever people put into their names.

use super::samples::{credit_note, german, many, open, paid};
use super::*;

/// How often a string of bytes occurs.
fn count(pdf: &[u8], needle: &str) -> usize {
    pdf.windows(needle.len()).filter(|window| *window == needle.as_bytes()).count()
}

fn pages(pdf: &[u8]) -> usize {
    count(pdf, "/MediaBox")
}

#[track_caller]
fn rendered(sheet: &Sheet) -> Vec<u8> {
    let pdf = render(sheet).expect("the sheet can be printed");
    assert!(pdf.starts_with(b"%PDF-1.7"));
    pdf
}

#[test]
fn the_same_sheet_gives_the_same_bytes() {
    for sheet in [paid(), open(), credit_note(), german(), many(60)] {
        let stored = serde_json::to_string(&sheet).expect("a sheet can be stored");
        let again: Sheet = serde_json::from_str(&stored).expect("and read again");
        assert_eq!(sheet, again);
        assert_eq!(rendered(&sheet), rendered(&again));
    }
}

#[test]
fn another_number_gives_another_file() {
    let other = Sheet { number: "2026-1188".into(), ..paid() };
    assert_ne!(rendered(&paid()), rendered(&other));
}

#[test]
fn the_file_says_what_it_is() {
    let pdf = rendered(&german());
    for property in
        ["<pdfaid:part>3<", "<pdfaid:conformance>B<", "<pdfuaid:part>1<", "Rechnung 2026-1187", "/Lang", "de-AT", "/MarkInfo", "2026-11-01T00:00:00"]
    {
        assert!(count(&pdf, property) > 0, "{property}");
    }
    assert_eq!(count(&pdf, "/FontFile2"), 2, "both fonts are inside");
    assert_eq!(count(&pdf, "/ToUnicode"), 2, "and their text can be copied");
}

#[test]
fn long_invoices_go_over_pages() {
    assert_eq!(pages(&rendered(&many(3))), 1);
    assert!(pages(&rendered(&many(60))) >= 3);
    let long = pages(&rendered(&many(400)));
    assert!((12..=24).contains(&long), "{long}");
}

#[test]
fn letter_paper_is_wider_and_shorter() {
    let pdf = rendered(&Sheet { paper: Paper::Letter, ..open() });
    assert!(count(&pdf, "/MediaBox[0 0 612 792]") + count(&pdf, "/MediaBox [0 0 612 792]") > 0);
}

#[test]
fn an_empty_sheet_is_an_empty_page() {
    assert_eq!(pages(&rendered(&Sheet::default())), 1);
}

/// Every text of the sheet becomes the same absurdity.
fn absurd(text: &str) -> Sheet {
    let mut sheet = paid();
    sheet.watermark = Some(text.into());
    sheet.charts = paid().charts;
    sheet.payment = open().payment;
    sheet.notes = open().notes;
    let mut value = serde_json::to_value(&sheet).expect("a sheet can be stored");
    fn replace(value: &mut serde_json::Value, text: &str) {
        match value {
            serde_json::Value::Object(map) => {
                for (key, value) in map {
                    if !matches!(key.as_str(), "state" | "style" | "paper" | "decimal_mark" | "path" | "language" | "issued_at") {
                        replace(value, text);
                    }
                }
            }
            serde_json::Value::Array(values) => values.iter_mut().for_each(|value| replace(value, text)),
            serde_json::Value::String(string) => *string = text.to_owned(),
            _ => {}
        }
    }
    replace(&mut value, text);
    serde_json::from_value(value).expect("still a sheet")
}

#[test]
fn absurd_texts_are_printed_all_the_same() {
    let controls: String = (0..0x20).chain(0x7f..0xa0).filter_map(char::from_u32).collect();
    for text in [
        String::new(),
        " ".repeat(300),
        "\n\n\n".into(),
        controls,
        "😀👩‍👩‍👧‍👦🇦🇹 ❤️".into(),
        "ا ب ت שלום ไทย 日本語 한국어".into(),
        "e\u{301}\u{302}\u{303}\u{304}\u{305} Z\u{351}\u{36f}a\u{363}lgo".into(),
        "\u{feff}\u{fffe}\u{ffff}\u{e000}\u{10fffd}\u{202e}gnorts".into(),
        "-/-/-/—–\u{ad}\u{200b}".repeat(20),
        "<xml> & \"quotes\" \\ (brackets) {page} {pages}".into(),
    ] {
        rendered(&absurd(&text));
    }
}

#[test]
fn a_name_of_ten_thousand_characters_takes_pages_not_the_program() {
    for name in ["W".repeat(10_000), "long name ".repeat(1_000), "€".repeat(10_000)] {
        let mut sheet = paid();
        sheet.sections[0].lines[0].name = name.clone();
        sheet.seller[0] = name.clone();
        sheet.branding.name = name.clone();
        sheet.totals[0].label = name.clone();
        sheet.totals[0].amount = name.clone();
        sheet.number = name.clone();
        sheet.footer = vec![name];
        assert!(pages(&rendered(&sheet)) > 3);
    }
}

#[test]
fn absurd_drawings_are_left_out() {
    for value in [0.0, -1.0, f32::NAN, f32::INFINITY, f32::MAX, 1e-40] {
        let mut sheet = paid();
        sheet.branding.logo = Some(Logo { path: format!("M0 0L{value} 1"), view_box: [value; 4] });
        let chart = &mut sheet.charts[0];
        chart.boundaries[0].at = value;
        chart.running_ticks[1].at = value;
        rendered(&sheet);
        for day in &mut sheet.charts[0].days {
            day.included = value;
            day.charged = value;
        }
        rendered(&sheet);
        sheet.charts[0].days.truncate(1);
        rendered(&sheet);
    }
}

fn structured() -> Attachment {
    Attachment {
        name: "factur-x.xml".into(),
        mime: "text/xml".into(),
        bytes: b"<invoice/>".to_vec(),
        relationship: Relationship::Alternative,
        description: "The same invoice for programs".into(),
        modified: Stamp::from_unix(1_793_491_200),
    }
}

#[test]
fn files_are_attached_as_archives_want_them() {
    let pdf = rendered(&Sheet { attachments: vec![structured()], ..paid() });
    for part in ["/AFRelationship/Alternative", "/EmbeddedFile", "factur-x.xml", "text#2Fxml"] {
        let spaced = part.replacen("/Alternative", " /Alternative", 1);
        assert!(count(&pdf, part) + count(&pdf, &spaced) > 0, "{part}");
    }
    assert_eq!(pdf, rendered(&Sheet { attachments: vec![structured()], ..paid() }));
}

#[test]
fn a_pdf_with_the_structured_invoice_says_so_and_its_table_still_finds_everything() {
    let pdf = rendered(&Sheet { attachments: vec![structured()], ..paid() });
    for part in ["<fx:DocumentFileName>factur-x.xml</fx:DocumentFileName>", "<fx:ConformanceLevel>EN 16931</fx:ConformanceLevel>", "<pdfaSchema:prefix>fx<"] {
        assert_eq!(count(&pdf, part), 1, "{part}");
    }
    let text = String::from_utf8_lossy(&pdf[pdf.len() - 40..]).into_owned();
    let table: usize = text.split("startxref").nth(1).unwrap().split_whitespace().next().unwrap().parse().unwrap();
    let entries: Vec<&[u8]> = pdf[table..].split(|byte| *byte == b'\n').skip(2).take_while(|line| line.len() == 19).collect();
    assert!(entries.len() > 30);
    for (object, entry) in entries.iter().enumerate().filter(|(_, entry)| entry[17] == b'n') {
        let offset: usize = std::str::from_utf8(&entry[..10]).unwrap().parse().unwrap();
        assert!(pdf[offset..].starts_with(format!("{object} 0 obj").as_bytes()), "object {object}");
    }
    let plain = rendered(&paid());
    assert_eq!(count(&plain, "fx:DocumentFileName"), 0);
}

#[test]
fn attachments_that_cannot_be_are_refused() {
    let twice = Sheet { attachments: vec![structured(), structured()], ..paid() };
    assert!(matches!(render(&twice), Err(PdfError::AttachmentTwice(_))));
    let untyped = Sheet { attachments: vec![Attachment { mime: "xml".into(), ..structured() }], ..paid() };
    assert!(matches!(render(&untyped), Err(PdfError::MediaType(_))));
}

#[test]
fn stamps_are_civil_dates() {
    let civil = |seconds| {
        let Stamp { year, month, day, hour, minute, second } = Stamp::from_unix(seconds);
        (year, month, day, hour, minute, second)
    };
    assert_eq!(civil(0), (1970, 1, 1, 0, 0, 0));
    assert_eq!(civil(951_782_399), (2000, 2, 28, 23, 59, 59));
    assert_eq!(civil(951_782_400), (2000, 2, 29, 0, 0, 0));
    assert_eq!(civil(1_793_491_200), (2026, 11, 1, 0, 0, 0));
    assert_eq!(civil(i64::MAX), (9999, 12, 31, 23, 59, 59));
    assert_eq!(civil(i64::MIN), (1970, 1, 1, 0, 0, 0));
}

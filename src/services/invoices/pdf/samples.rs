//! Sheets to look at and to test with. Their sums are true; their companies are not.

use super::{
    Answer, Boundary, Branding, Chart, Code, Day, Fact, Labels, Line, Logo, Paragraph, Payment, Reason, Section, Sheet, Stamp, Standing, State, Tick,
    TierTable, TotalRow, TotalStyle,
};

fn text(text: &str) -> String {
    text.to_owned()
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn fact(label: &str, value: &str) -> Fact {
    Fact { label: text(label), value: text(value) }
}

fn line(name: &str, sub: &str, quantity: &str, each: &str, amount: &str) -> Line {
    Line { name: text(name), sub: text(sub), quantity: text(quantity), each: text(each), amount: text(amount), reason: None }
}

fn because(line: Line, paragraphs: &[(&str, &str)]) -> Line {
    let paragraphs = paragraphs.iter().map(|(lead, body)| Paragraph { lead: (!lead.is_empty()).then(|| text(lead)), text: text(body) }).collect();
    Line { reason: Some(Reason { tiers: None, paragraphs }), ..line }
}

fn total(label: &str, amount: &str, style: TotalStyle) -> TotalRow {
    TotalRow { label: text(label), amount: text(amount), style }
}

fn branding() -> Branding {
    Branding {
        name: text("Kestrel"),
        accent: [7, 101, 125],
        logo: Some(Logo {
            path: text(
                "M1 5.2c4.6.2 7.6 1.7 9.3 4.5C11.600 6.300 15 3.100 21 2c-.6 4.200-2.800 7.200-6.500 8.900 1.500.2 2.900.1 4.400-.4-1.500 2.700-4 4.100-7.400 4.200L8.600 20.500l-.9-5.400C4.300 13.700 2 10.500 1 5.200z",
            ),
            view_box: [0.0, 0.0, 22.0, 22.0],
        }),
    }
}

fn labels() -> Labels {
    Labels {
        from: text("From"),
        to: text("To"),
        description: text("What"),
        quantity: text("Quantity"),
        each: text("Each"),
        amount: text("€"),
        page: text("Page {page} of {pages}"),
    }
}

fn chart() -> Chart {
    let days = [
        296, 508, 540, 196, 141, 452, 486, 530, 511, 402, 171, 128, 468, 522, 547, 489, 417, 188, 133, 471, 559, 602, 538, 461, 180, 149, 503, 566, 437, 208,
        113,
    ];
    let mut left = 1_000.0_f32;
    let days = days
        .iter()
        .enumerate()
        .map(|(index, value)| {
            let value = *value as f32;
            let included = value.min(left);
            left -= included;
            let label = match index {
                4 => Some(text("Mon 5")),
                11 | 18 | 25 => Some((index + 1).to_string()),
                30 => Some(text("31")),
                _ => None,
            };
            Day { included, charged: value - included, label }
        })
        .collect();
    let tick = |at: f32, label: &str| Tick { at, label: text(label) };
    Chart {
        title: text("Build minutes, 1 to 31 October"),
        caption: text(
            "The 1,000 included minutes were used up on Saturday 3 October. From there each minute cost 0.8 ct, and 0.5 ct above 10,000, which you passed on Monday 26 October. Your busiest day was Thursday 22 October with 602. Days begin at 00:00, Vienna time; 25 October had 25 hours.",
        ),
        running_title: text("Running total"),
        days_title: text("Each day"),
        included_key: text("Included"),
        charged_key: text("Charged"),
        days,
        boundaries: vec![
            Boundary { at: 1_000.0, label: text("1,000 included"), reached: Some(text("3 Oct")) },
            Boundary { at: 10_000.0, label: text("10,000, then 0.5 ct each"), reached: Some(text("26 Oct")) },
        ],
        running_ticks: vec![tick(0.0, "0"), tick(5_000.0, "5,000"), tick(10_000.0, "10,000")],
        day_ticks: vec![tick(0.0, "0"), tick(250.0, "250"), tick(500.0, "500"), tick(750.0, "750")],
        end_label: text("11,912"),
    }
}

fn tiers() -> TierTable {
    let row = |cells: [&str; 4]| cells.map(text);
    TierTable {
        heads: row(["Tier", "Minutes", "Each", "€"]),
        rows: vec![
            row(["1 to 1,000, included", "1,000", "0.0 ct", "0.00"]),
            row(["1,001 to 10,000", "9,000", "0.8 ct", "72.00"]),
            row(["Above 10,000", "1,912", "0.5 ct", "9.56"]),
        ],
        together: Some(row(["Together", "11,912", "", "81.56"])),
    }
}

/// Everything an invoice can have, on two pages.
pub fn paid() -> Sheet {
    let mut minutes = because(
        line("Build minutes", "1 to 31 October", "11,912 min", "by tier", "81.56"),
        &[
            ("When.", "1 October, 00:00, to 1 November, 00:00, Vienna time: 31 days; 25 October had 25 hours."),
            ("Rate.", "Team price list of 1 June 2026."),
            ("Rounding.", "Once for the line; here nothing had to be rounded."),
        ],
    );
    if let Some(reason) = &mut minutes.reason {
        reason.tiers = Some(tiers());
    }
    Sheet {
        language: text("en"),
        issued_at: Stamp::from_unix(1_793_491_200),
        document_id: text("kestrel/2026-1187"),
        branding: branding(),
        labels: labels(),
        decimal_mark: Some('.'),
        title: text("Invoice"),
        number: text("2026-1187"),
        answer: Some(Answer { text: text("You paid €155.23 on 1 November, from Visa ending 4242."), strong: Some(text("€155.23")) }),
        standing: Some(Standing { state: State::Settled, label: text("Paid in full"), note: text("For November on Team and for October’s usage.") }),
        seller: texts(&["Kestrel Build GmbH", "Lindengasse 14", "1070 Vienna, Austria", "VAT ATU00000006"]),
        buyer: texts(&["Nordlicht Software GmbH", "Praterstraße 58", "1020 Vienna, Austria", "VAT ATU00000015"]),
        facts: vec![fact("Date", "1 November 2026"), fact("Supplied", "1 Oct to 30 Nov 2026"), fact("Your purchase order", "PO 7731")],
        sections: vec![Section {
            heading: None,
            lines: vec![
                line("Team plan", "1 to 30 November, in advance", "1 month", "€29.00", "29.00"),
                because(
                    line("2 seats more", "1 to 30 November, in advance", "2 seats", "€9.00", "18.00"),
                    &[("", "5 seats on 1 November, less the 3 in the plan: 2 × €9.00.")],
                ),
                minutes,
                because(
                    line("Storage", "1 to 31 October", "8 GB", "€0.10", "0.80"),
                    &[("", "The highest day was 29 October with 58 GB. 50 GB are included; 8 GB × €0.10.")],
                ),
            ],
        }],
        totals: vec![
            total("Before tax", "129.36", TotalStyle::Plain),
            total("VAT, 20 % of €129.36", "25.87", TotalStyle::Plain),
            total("Total", "€155.23", TotalStyle::Total),
            total("Paid on 1 November, Visa ending 4242", "−155.23", TotalStyle::Quiet),
            total("Still due", "€0.00", TotalStyle::Plain),
        ],
        charts: vec![chart()],
        footer: texts(&["Kestrel Build GmbH · Commercial register Vienna FN 000000a · billing@kestrel.example"]),
        ..Sheet::default()
    }
}

/// To be paid by transfer, across a border inside the European Union.
pub fn open() -> Sheet {
    Sheet {
        number: text("2026-1203"),
        document_id: text("kestrel/2026-1203"),
        answer: Some(Answer { text: text("Please pay €129.36 by 1 December 2026, by bank transfer."), strong: Some(text("€129.36")) }),
        standing: Some(Standing { state: State::Open, label: text("Open"), note: text("Due in 30 days.") }),
        buyer: texts(&[
            "Zeeland Robotics B.V.",
            "Attn. Accounts payable, Femke van der Berg",
            "Westhavendijk 9",
            "4463 AD Goes, Netherlands",
            "VAT NL000000000B00",
        ]),
        facts: vec![
            fact("Date", "1 November 2026"),
            fact("Due", "1 December 2026"),
            fact("Supplied", "1 Oct to 30 Nov 2026"),
            fact("Your purchase order", "4500018812"),
            fact("Customer", "C-20418"),
            fact("Contract", "Framework agreement of 3 March 2025"),
        ],
        totals: vec![
            total("Before tax", "129.36", TotalStyle::Plain),
            total("VAT, reverse charge", "0.00", TotalStyle::Plain),
            total("Total", "€129.36", TotalStyle::Total),
        ],
        payment: Some(Payment {
            heading: text("How to pay"),
            facts: vec![
                fact("Account holder", "Kestrel Build GmbH"),
                fact("IBAN", "AT00 0000 0000 0000 0000"),
                fact("BIC", "EXAMATWWXXX"),
                fact("Reference", "RF18 2026 1203"),
            ],
            code: Some(Code {
                text: text("BCD\n002\n1\nSCT\n\nKestrel Build GmbH\nAT000000000000000000\nEUR129.36\n\nRF1820261203"),
                alternative: text("Payment code"),
            }),
            paragraphs: vec![Paragraph {
                lead: None,
                text: text("With the reference your payment finds this invoice by itself, usually within one bank day."),
            }],
        }),
        notes: vec![Paragraph {
            lead: Some(text("Reverse charge.")),
            text: text(
                "VAT is to be accounted for by the recipient: Article 196 of Directive 2006/112/EC, place of supply in the Netherlands under Article 44.",
            ),
        }],
        charts: Vec::new(),
        ..paid()
    }
}

pub fn credit_note() -> Sheet {
    Sheet {
        title: text("Credit note"),
        number: text("C-2026-0042"),
        document_id: text("kestrel/C-2026-0042"),
        answer: Some(Answer { text: text("You get back €21.60, to Visa ending 4242."), strong: Some(text("€21.60")) }),
        standing: Some(Standing { state: State::Settled, label: text("Sent back on 9 November"), note: text("Your bank shows it within 5 to 10 days.") }),
        facts: vec![fact("Date", "9 November 2026"), fact("Corrects invoice", "2026-1187 of 1 November 2026"), fact("Your purchase order", "PO 7731")],
        sections: vec![Section {
            heading: None,
            lines: vec![because(
                line("2 seats more, taken back", "1 to 30 November", "2 seats", "−€9.00", "−18.00"),
                &[("Why.", "The seats were removed on 1 November, before the month began. You pay for none of its 30 days.")],
            )],
        }],
        totals: vec![
            total("Before tax", "-18.00", TotalStyle::Plain),
            total("VAT, 20 % of −€18.00", "-3.60", TotalStyle::Plain),
            total("Credited", "−€21.60", TotalStyle::Total),
        ],
        charts: Vec::new(),
        ..paid()
    }
}

/// As many lines as asked, in two sections, with the marks of a sandbox.
pub fn many(count: usize) -> Sheet {
    let half = count / 2;
    let lines = |from: usize, to: usize| -> Vec<Line> {
        (from..to)
            .map(|index| {
                let units = 100 + index * 37 % 900;
                let name = match index % 5 {
                    0 => format!("Runner {}", index + 1),
                    1 => format!("Build minutes, project nightingale-{}", index + 1),
                    2 => format!("Artifact storage {}", index + 1),
                    3 => format!("Seat {}", index + 1),
                    _ => format!("Mac runner, arm64, {}", index + 1),
                };
                line(&name, "1 to 31 October", &format!("{units} h"), "€0.05", &format!("{}.{:02}", units * 5 / 100, units * 5 % 100))
            })
            .collect()
    };
    let cents: usize = (0..count).map(|index| (100 + index * 37 % 900) * 5).sum();
    let tax = (cents * 20 + 50) / 100;
    let money = |cents: usize| format!("{}.{:02}", cents / 100, cents % 100);
    Sheet {
        number: text("2026-1311"),
        document_id: text("kestrel/2026-1311"),
        answer: Some(Answer { text: format!("€{} are overdue since 15 November.", money(cents + tax)), strong: Some(format!("€{}", money(cents + tax))) }),
        standing: Some(Standing { state: State::Overdue, label: text("Overdue"), note: text("Your access stays as it is until 30 November.") }),
        sections: vec![
            Section { heading: Some(text("Linux")), lines: lines(0, half) },
            Section { heading: Some(text("Everything else")), lines: lines(half, count) },
        ],
        totals: vec![
            total("Before tax", &money(cents), TotalStyle::Plain),
            total(&format!("VAT, 20 % of €{}", money(cents)), &money(tax), TotalStyle::Plain),
            total("Total", &format!("€{}", money(cents + tax)), TotalStyle::Total),
        ],
        charts: Vec::new(),
        watermark: Some(text("Test mode")),
        ..paid()
    }
}

/// Decimal commas, the currency behind, long compound words.
pub fn german() -> Sheet {
    Sheet {
        language: text("de-AT"),
        labels: Labels {
            from: text("Von"),
            to: text("An"),
            description: text("Leistung"),
            quantity: text("Menge"),
            each: text("Einzelpreis"),
            amount: text("EUR"),
            page: text("Seite {page} von {pages}"),
        },
        decimal_mark: Some(','),
        title: text("Rechnung"),
        answer: Some(Answer { text: text("Sie haben am 1. November 155,23 € bezahlt, mit Visa, Endziffern 4242."), strong: Some(text("155,23 €")) }),
        standing: Some(Standing {
            state: State::Settled,
            label: text("Vollständig bezahlt"),
            note: text("Für November im Tarif Team und für die Nutzung im Oktober."),
        }),
        facts: vec![fact("Rechnungsdatum", "1. November 2026"), fact("Leistungszeitraum", "1. Okt. bis 30. Nov. 2026"), fact("Ihre Bestellnummer", "PO 7731")],
        sections: vec![Section {
            heading: None,
            lines: vec![
                line("Tarif Team", "1. bis 30. November, im Voraus", "1 Monat", "29,00 €", "29,00"),
                line("2 weitere Plätze", "1. bis 30. November, im Voraus", "2 Plätze", "9,00 €", "18,00"),
                line(
                    "Build-Minuten für die Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft",
                    "1. bis 31. Oktober",
                    "11.912 min",
                    "gestaffelt",
                    "81,56",
                ),
                line("Speicher", "1. bis 31. Oktober", "8 GB", "0,10 €", "0,80"),
            ],
        }],
        totals: vec![
            total("Netto", "129,36", TotalStyle::Plain),
            total("USt., 20 % von 129,36 €", "25,87", TotalStyle::Plain),
            total("Summe", "155,23 €", TotalStyle::Total),
            total("Bezahlt am 1. November, Visa, Endziffern 4242", "−155,23", TotalStyle::Quiet),
            total("Noch offen", "0,00 €", TotalStyle::Plain),
        ],
        charts: Vec::new(),
        ..paid()
    }
}

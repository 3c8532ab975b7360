//! The sheet: everything one invoice or credit note shows, as text already formatted in the reader's language.
//!
//! Here live only plain values that can be stored beside the frozen document and rendered again to the same bytes. Deliberately
//! not here: amounts as numbers, dates to be formatted, words of any language, and every decision about where things stand on paper.

use serde::{Deserialize, Serialize};

/// One document as it is to be printed. The same sheet always gives the same bytes.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Sheet {
    pub paper: Paper,
    /// BCP 47 tag of the language the texts are in (`de-AT`); told to readers and screen readers.
    pub language: String,
    /// The moment written into the file as its creation date, which archives demand; never the clock of the moment of rendering.
    pub issued_at: Stamp,
    /// What identifies the document for ever, across renderings (vendor and invoice id, say); hashed into the file's identifier.
    pub document_id: String,
    pub branding: Branding,
    pub labels: Labels,
    /// What separates the decimals in this sheet's amounts: figures are aligned on it.
    pub decimal_mark: Option<char>,
    /// What the document is: "Invoice", "Credit note", "Tax invoice".
    pub title: String,
    pub number: String,
    /// The one sentence the reader came for.
    pub answer: Option<Answer>,
    /// Paid, open, overdue: a mark with its word, under the answer.
    pub standing: Option<Standing>,
    /// Name, address and tax id of who issues, one text a line.
    pub seller: Vec<String>,
    /// The same of who receives.
    pub buyer: Vec<String>,
    /// Dates, purchase order, reference to the invoice credited: short pairs, side by side.
    pub facts: Vec<Fact>,
    pub sections: Vec<Section>,
    /// From "Before tax" to "Still due". They are never separated from each other.
    pub totals: Vec<TotalRow>,
    /// How an open amount is paid.
    pub payment: Option<Payment>,
    /// What the law wants said ("Reverse charge"), and whatever else concerns the whole document.
    pub notes: Vec<Paragraph>,
    pub charts: Vec<Chart>,
    /// Small print at the foot of every page: register, bank, contact.
    pub footer: Vec<String>,
    /// Printed large and pale across every page and small beside the vendor's name; sandbox vendors only ("Test mode").
    pub watermark: Option<String>,
    /// Files inside the PDF. One that is called [`super::FACTUR_X`] makes it a Factur-X document, and the metadata say so.
    pub attachments: Vec<Attachment>,
}

/// The sheet's size. The look is the same on both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Paper {
    #[default]
    A4,
    Letter,
}

/// Words that stand on the page whatever the document says.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Labels {
    pub from: String,
    pub to: String,
    /// Head of the column of names.
    pub description: String,
    pub quantity: String,
    /// Head of the column of unit prices.
    pub each: String,
    /// Head of the column of amounts: the currency ("€", "EUR").
    pub amount: String,
    /// "Page {page} of {pages}", with exactly these two placeholders.
    pub page: String,
}

/// What makes the document the vendor's own.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Branding {
    /// The vendor's name as customers know it.
    pub name: String,
    /// The vendor's colour, sRGB: the logo and the charts, nothing else. Darkened here where it would not show on white paper.
    pub accent: [u8; 3],
    pub logo: Option<Logo>,
}

/// A logo of one colour, drawn in the accent.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Logo {
    /// SVG path data (the `d` of a `path`). What cannot be read is left out from there on.
    pub path: String,
    /// SVG viewBox: least x, least y, width, height.
    pub view_box: [f32; 4],
}

/// The sentence a document opens with.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Answer {
    /// "You paid €155.23 on 1 November, from Visa ending 4242."
    pub text: String,
    /// The part of the text that stands out ("€155.23"): its first occurrence.
    pub strong: Option<String>,
}

/// How the document stands, as a mark with a word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    pub state: State,
    /// "Paid in full".
    pub label: String,
    /// "For November on Team and for October's usage." May be empty.
    pub note: String,
}

/// Colour and mark of a standing; never shown without its word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Nothing is left to do: a tick, green.
    Settled,
    /// Something is due, in time: a ring, in ink.
    Open,
    /// Something is late: a bang, red.
    Overdue,
    /// It no longer counts: a cross, grey.
    Void,
}

/// A short label with its value.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Fact {
    pub label: String,
    pub value: String,
}

/// Lines that belong together.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Section {
    pub heading: Option<String>,
    pub lines: Vec<Line>,
}

/// One line of the document.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Line {
    pub name: String,
    /// The period, or another short remark; beside the name where there is room, under it where not. May be empty.
    pub sub: String,
    /// With its unit: "11,912 min".
    pub quantity: String,
    /// "€9.00", "by tier".
    pub each: String,
    /// Without the currency, which is the column's head.
    pub amount: String,
    pub reason: Option<Reason>,
}

/// Why a line is what it is, in small print under it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Reason {
    pub tiers: Option<TierTable>,
    pub paragraphs: Vec<Paragraph>,
}

/// How a quantity was priced step by step. Columns: step, quantity, each, amount.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TierTable {
    pub heads: [String; 4],
    pub rows: Vec<[String; 4]>,
    pub together: Option<[String; 4]>,
}

/// A paragraph, with or without a word in front that stands out.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Paragraph {
    pub lead: Option<String>,
    pub text: String,
}

/// A row under the lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TotalRow {
    pub label: String,
    pub amount: String,
    pub style: TotalStyle,
}

/// How much weight a row of the totals has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TotalStyle {
    Plain,
    /// Strong, under a rule and above a double one. Meant for one row.
    Total,
    /// Told, not summed up: "Paid on 1 November", tax in another currency.
    Quiet,
}

/// How to pay what is open.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Payment {
    pub heading: String,
    /// Account, bank, reference.
    pub facts: Vec<Fact>,
    /// What a bank's app scans; the paragraphs stand beside it.
    pub code: Option<Code>,
    pub paragraphs: Vec<Paragraph>,
}

/// A QR code.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Code {
    /// What is in it. A text that no code has room for is not drawn.
    pub text: String,
    /// What it is, for those who cannot see it.
    pub alternative: String,
}

/// The days of a period and how they add up. Numbers are for drawing only; whatever is to be read comes as text.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Chart {
    /// "Build minutes, 1 to 31 October".
    pub title: String,
    /// The sentence that says what the chart shows; also its text for those who cannot see it.
    pub caption: String,
    /// "Running total".
    pub running_title: String,
    /// "Each day".
    pub days_title: String,
    /// Legend of the pale part of the bars ("Included"). Empty: no such entry.
    pub included_key: String,
    /// Legend of the solid part ("Charged").
    pub charged_key: String,
    /// In order; units of the meter.
    pub days: Vec<Day>,
    /// Where another price begins, in units of the running total.
    pub boundaries: Vec<Boundary>,
    pub running_ticks: Vec<Tick>,
    pub day_ticks: Vec<Tick>,
    /// What the running total came to ("11,912"), written at its end.
    pub end_label: String,
}

/// One bar.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Day {
    pub included: f32,
    pub charged: f32,
    /// Written under the bar, if anything.
    pub label: Option<String>,
}

/// A height of the running total from which another price holds.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Boundary {
    pub at: f32,
    /// "1,000 included", "10,000, then 0.5 ct each".
    pub label: String,
    /// The day it was reached ("3 Oct"), written at the point where it was.
    pub reached: Option<String>,
}

/// A value on an axis.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Tick {
    pub at: f32,
    pub label: String,
}

/// A file inside the PDF (PDF/A-3 associated file).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// File name, unique in the document ("factur-x.xml").
    pub name: String,
    /// "text/xml".
    pub mime: String,
    pub bytes: Vec<u8>,
    pub relationship: Relationship,
    pub description: String,
    pub modified: Stamp,
}

/// What an attached file is to the page (`AFRelationship`). Factur-X asks for `Alternative` in Germany, `Data` or `Source` elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Relationship {
    Source,
    Data,
    Alternative,
    Supplement,
    Unspecified,
}

/// A moment in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Stamp {
    pub year: u16,
    pub month: u8,
    pub day: u8,
    pub hour: u8,
    pub minute: u8,
    pub second: u8,
}

impl Default for Stamp {
    fn default() -> Self {
        Self::from_unix(0)
    }
}

impl Stamp {
    /// From seconds since 1970 in UTC, which every clock can give. Held within the years 1970 to 9999.
    pub fn from_unix(seconds: i64) -> Self {
        let seconds = seconds.clamp(0, 253_402_300_799);
        let (days, rest) = (seconds / 86_400, seconds % 86_400);
        // Days to a civil date, in eras of 400 years that begin on 1 March (Howard Hinnant, "chrono-compatible low-level date algorithms").
        let shifted = days + 719_468;
        let (era, of_era) = (shifted / 146_097, shifted % 146_097);
        let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let march_month = (5 * of_year + 2) / 153;
        let day = of_year - (153 * march_month + 2) / 5 + 1;
        let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        let small = |value: i64| u8::try_from(value).unwrap_or(u8::MAX);
        Self {
            year: u16::try_from(year).unwrap_or(9999),
            month: small(month),
            day: small(day),
            hour: small(rest / 3_600),
            minute: small(rest / 60 % 60),
            second: small(rest % 60),
        }
    }
}

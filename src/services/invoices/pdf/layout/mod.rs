//! How an invoice looks: which text stands where, in which size, and what belongs together.
//!
//! One column of text with the house's four sizes; figures aligned on their decimals; rules instead of boxes. Turns a [`Sheet`] into
//! chunks of strips. Deliberately not here: letters' shapes (`text`), page breaks and drawing (`pages`), charts (`chart`).
//!
//! | file | what it is |
//! |---|---|
//! | `opening` | above the lines: the vendor, the answer, who to whom, the facts |
//! | `table` | the lines and their sums |
//! | `reason` | under a line: why it is what it is |
//! | `columns` | texts side by side on one baseline |

mod columns;
mod opening;
mod reason;
mod table;

use super::chart;
use super::ink::Ink;
use super::pages::{Book, Chunk, Mark, NodeId, Role, Set, Strip, Tags};
use super::sheet::{Paper, Paragraph, Sheet};
use super::text::{Style, TextLine, Typesetter};
use crate::platform::qr::Squares;
use columns::{Column, Edge, strips};

pub const SMALL: Style = Style::new(8.0, Ink::Quiet);
pub const BODY: Style = Style::new(9.5, Ink::Main);
const BRAND: Style = Style::new(13.0, Ink::Main).tracked(-0.012);
const ANSWER: Style = Style::new(21.0, Ink::Quiet).tracked(-0.022);

pub const SMALL_LEADING: f32 = 11.5;
const BODY_LEADING: f32 = 13.5;
/// From a label to its value.
const FACT_LEADING: f32 = 14.0;
const ANSWER_LEADING: f32 = 27.0;
/// How far an answer may shrink to stay on one line.
const SMALLEST_ANSWER: f32 = 0.8;

/// Between columns.
const GAP: f32 = 18.0;
/// Between two pairs, at least.
const LEAST_GAP: f32 = 9.0;
const MARGIN: f32 = 56.0;
const INK_RULE: f32 = 0.75;
/// A side of a QR code: 30 millimetres.
const CODE: f32 = 85.0;

/// Titles and alternative texts are cut here: archives allow no string beyond 32,767 bytes.
const LONGEST_TITLE: usize = 300;
const LONGEST_ALTERNATIVE: usize = 4_000;

struct Composer<'a> {
    sheet: &'a Sheet,
    set: &'a mut Typesetter,
    tags: &'a mut Tags,
    left: f32,
    right: f32,
    chunks: Vec<Chunk>,
}

/// Lays the sheet out for its paper.
pub fn compose(sheet: &Sheet, set: &mut Typesetter, tags: &mut Tags) -> Book {
    let size = match sheet.paper {
        Paper::A4 => (595.276, 841.89),
        Paper::Letter => (612.0, 792.0),
    };
    let (left, right) = (MARGIN, size.0 - MARGIN);
    let mut composer = Composer { sheet, set, tags, left, right, chunks: Vec::new() };
    composer.brand();
    composer.answer();
    composer.parties();
    composer.facts();
    let table_head = composer.table();
    composer.notes();
    composer.payment();
    composer.charts();

    let foot_style = SMALL.tabular();
    let foot_width = (right - left) * 0.76;
    let mut foot: Vec<TextLine> = sheet.footer.iter().flat_map(|line| composer.set.paragraph(foot_style, line, foot_width)).collect();
    if foot.len() > 8 {
        // Too much for every page: said once, at the end.
        foot.clear();
        for line in &sheet.footer {
            composer.small_paragraph(&Paragraph { lead: None, text: line.clone() }, 4.0);
        }
    }
    let half = (right - left) / 2.0 - GAP;
    let running = (composer.set.short_line(SMALL, &sheet.branding.name, half), {
        let title = heading(sheet);
        composer.set.short_line(SMALL.tabular(), &title, half)
    });
    let watermark = sheet.watermark.as_deref().filter(|text| !text.trim().is_empty()).map(|text| {
        let style = Style::new(100.0, Ink::Watermark).strong().tracked(-0.02);
        let natural = composer.set.line(style, text).width.max(1.0);
        // Across the page's diagonal, yet no letter taller than a hand's breadth.
        let room = (size.0 * size.0 + size.1 * size.1).sqrt() * 0.72;
        let fitting = Style { size: (100.0 * room / natural).clamp(8.0, 120.0), ..style };
        composer.set.short_line(fitting, text, room * 1.02)
    });
    let rows = foot.len().max(1) as f32;
    Book {
        size,
        edges: (left, right),
        top_first: 50.0,
        top_next: 66.0,
        bottom: size.1 - 30.0 - 22.0 - rows * SMALL_LEADING,
        chunks: composer.chunks,
        table_head,
        running,
        foot,
        foot_leading: SMALL_LEADING,
        watermark,
    }
}

/// "Invoice 2026-1187": the document's name, on its pages and in its metadata. Never empty: archives refuse a document without a title.
pub fn heading(sheet: &Sheet) -> String {
    let name = format!("{} {}", sheet.title, sheet.number).replace(char::is_control, " ");
    match name.trim() {
        "" => "—".to_owned(),
        name => cut(name, LONGEST_TITLE).to_owned(),
    }
}

/// The first part of a text, no longer than so many bytes.
pub fn cut(text: &str, most: usize) -> &str {
    if text.len() <= most {
        return text;
    }
    let end = text.char_indices().map(|(at, _)| at).take_while(|at| *at <= most).last().unwrap_or(0);
    &text[..end]
}

impl Composer<'_> {
    fn width(&self) -> f32 {
        self.right - self.left
    }

    fn push(&mut self, before: f32, strips: Vec<Strip>) -> &mut Chunk {
        self.chunks.push(Chunk { before, strips, ..Chunk::default() });
        let last = self.chunks.len() - 1;
        &mut self.chunks[last]
    }

    fn paragraph_lines(&mut self, paragraph: &Paragraph, width: f32, style: Style) -> Vec<TextLine> {
        match paragraph.lead.as_deref() {
            Some(lead) if paragraph.text.is_empty() => self.set.paragraph(style.strong().ink(Ink::Main), lead, width),
            Some(lead) => self.set.rich(&[(style.strong().ink(Ink::Main), &format!("{lead} ")), (style, &paragraph.text)], width),
            None => self.set.paragraph(style, &paragraph.text, width),
        }
    }

    fn small_paragraph(&mut self, paragraph: &Paragraph, before: f32) {
        // Nobody reads small print across a whole page.
        let width = self.width().min(420.0);
        let lines = self.paragraph_lines(paragraph, width, SMALL);
        if !lines.is_empty() {
            let node = self.tags.root(Role::Paragraph);
            let strips = strips(vec![Column::new(Edge::Left(self.left), lines, SMALL_LEADING + 0.5, node)], 0.0, 0.0, SMALL_LEADING);
            self.push(before, strips);
        }
    }

    fn heading(&mut self, text: &str, before: f32) {
        let (left, right, width) = (self.left, self.right, self.width());
        let node = self.tags.root(Role::Paragraph);
        let lines = self.set.paragraph(BODY.strong(), text, width);
        let mut strips = strips(vec![Column::new(Edge::Left(left), lines, BODY_LEADING, node)], 10.0, 0.0, BODY_LEADING);
        if let Some(first) = strips.first_mut() {
            first.marks.push(Mark::Rule { from: left, to: right, y: 0.0, width: 0.5, ink: Ink::Hairline });
        }
        self.push(before, strips).keep_next = true;
    }

    fn payment(&mut self) {
        let Some(payment) = &self.sheet.payment else { return };
        self.heading(&payment.heading, 26.0);
        let rows = self.fact_rows(&payment.facts, BODY);
        let last = rows.len();
        for (index, strips) in rows.into_iter().enumerate() {
            self.push(8.0, strips).keep_next = index + 1 < last;
        }
        let code = payment.code.as_ref().and_then(|code| Squares::of(&code.text).map(|squares| (squares, &code.alternative)));
        match &code {
            Some((squares, alternative)) => {
                if let Some(facts) = self.chunks.last_mut() {
                    facts.keep_next = true;
                }
                let strip = self.code(squares, &payment.heading, alternative, &payment.paragraphs);
                self.push(12.0, vec![strip]);
            }
            None => {
                for paragraph in &payment.paragraphs {
                    self.small_paragraph(paragraph, 8.0);
                }
            }
        }
        if payment.facts.is_empty()
            && payment.paragraphs.is_empty()
            && code.is_none()
            && let Some(heading) = self.chunks.last_mut()
        {
            heading.keep_next = false;
        }
    }

    /// A picture, said in words: never none, for archives take no picture without.
    fn figure(&mut self, title: &str, rest: &str) -> NodeId {
        let alternative = [title, rest].join(". ").replace(char::is_control, " ");
        self.tags.root(Role::Figure(cut(&alternative, LONGEST_ALTERNATIVE).to_owned()))
    }

    /// A QR code, and what is said of it to its right.
    fn code(&mut self, squares: &Squares, heading: &str, alternative: &str, paragraphs: &[Paragraph]) -> Strip {
        let figure = self.figure(heading, alternative);
        let side = CODE / squares.size() as f32;
        // The page is white around it: on the left by its margin.
        let boxes = squares.dark().into_iter().map(|(x, y, length)| [self.left + x as f32 * side, y as f32 * side, length as f32 * side, side]).collect();
        let mut strip = Strip { height: CODE, marks: vec![Mark::Boxes { boxes, ink: Ink::Main }], figure: Some(figure), ..Strip::default() };
        let x = self.left + CODE + GAP;
        let width = (self.right - x).min(320.0);
        let mut y = 0.0;
        for paragraph in paragraphs {
            let node = self.tags.root(Role::Paragraph);
            for line in self.paragraph_lines(paragraph, width, SMALL) {
                y += SMALL_LEADING + 0.5;
                strip.texts.push(Set { line, x, y, node });
            }
            y += 5.0;
        }
        strip.height = strip.height.max(y);
        strip
    }

    fn notes(&mut self) {
        let sheet = self.sheet;
        for (index, note) in sheet.notes.iter().enumerate() {
            self.small_paragraph(note, if index == 0 { 20.0 } else { 5.0 });
        }
    }

    fn charts(&mut self) {
        let sheet = self.sheet;
        for one in &sheet.charts {
            if one.days.is_empty() {
                continue;
            }
            self.heading(&one.title, 28.0);
            let figure = self.figure(&one.title, &one.caption);
            let strip = chart::draw(one, self.set, figure, self.left, self.right);
            self.push(8.0, vec![strip]).keep_next = !one.caption.is_empty();
            self.small_paragraph(&Paragraph { lead: None, text: one.caption.clone() }, 6.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_between_letters() {
        assert_eq!(cut("añb", 2), "a");
        assert_eq!(cut("añb", 3), "añ");
        assert_eq!(cut("añb", 4), "añb");
    }
}

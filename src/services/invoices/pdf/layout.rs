//! How an invoice looks: which text stands where, in which size, and what belongs together.
//!
//! One column of text with the house's four sizes; figures aligned on their decimals; rules instead of boxes. Turns a [`Sheet`] into
//! chunks of strips. Deliberately not here: letters' shapes (`text`), page breaks and drawing (`pages`), charts (`chart`).

use super::chart;
use super::ink::Ink;
use super::logo;
use super::pages::{Book, Chunk, Dash, Mark, NodeId, Role, Set, Strip, Tags};
use super::sheet::{Fact, Line, Paper, Paragraph, Reason, Section, Sheet, Standing, State, TierTable, TotalStyle};
use super::text::{CAP_HEIGHT, Style, TextLine, Typesetter};

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

/// Titles and alternative texts are cut here: archives allow no string beyond 32,767 bytes.
const LONGEST_TITLE: usize = 300;
const LONGEST_ALTERNATIVE: usize = 4_000;

/// Where a column's lines stand.
#[derive(Clone, Copy)]
enum Edge {
    /// They begin here.
    Left(f32),
    /// They end here.
    Right(f32),
}

/// A column of lines, one below the other, that is drawn beside others.
struct Column {
    edge: Edge,
    lines: Vec<(TextLine, f32)>,
    node: NodeId,
}

impl Column {
    fn new(edge: Edge, lines: Vec<TextLine>, leading: f32, node: NodeId) -> Self {
        Self { edge, lines: lines.into_iter().map(|line| (line, leading)).collect(), node }
    }
}

/// Sets columns side by side, line beside line on one baseline, a strip for each.
fn strips(columns: Vec<Column>, above: f32, below: f32, least: f32) -> Vec<Strip> {
    let count = columns.iter().map(|column| column.lines.len()).max().unwrap_or(0).max(1);
    let mut strips: Vec<Strip> = (0..count).map(|_| Strip::default()).collect();
    let mut baselines = Vec::with_capacity(count);
    for (index, strip) in strips.iter_mut().enumerate() {
        let row = || columns.iter().filter_map(|column| column.lines.get(index));
        let leading = row().map(|(_, leading)| *leading).fold(0.0, f32::max);
        let leading = if leading > 0.0 { leading } else { least };
        let size = row().flat_map(|(line, _)| &line.runs).map(|run| run.style.size).fold(0.0, f32::max);
        let top = if index == 0 { above } else { 0.0 };
        baselines.push(top + leading / 2.0 + size * CAP_HEIGHT / 2.0);
        strip.height = top + leading + if index + 1 == count { below } else { 0.0 };
    }
    for column in columns {
        for ((line, _), (strip, y)) in column.lines.into_iter().zip(strips.iter_mut().zip(&baselines)) {
            let x = match column.edge {
                Edge::Left(x) => x,
                Edge::Right(x) => x - line.width,
            };
            strip.texts.push(Set { line, x, y: *y, node: column.node });
        }
    }
    strips
}

/// The columns of the lines' table: where names may reach, where each column of figures ends, and how wide it is.
struct Columns {
    name_width: f32,
    quantity: (f32, f32),
    each: (f32, f32),
    amount: (f32, f32),
    /// Room kept right of the decimal mark for the longest fraction (with a currency behind it, where that stands there).
    tail: f32,
    /// Where remarks begin, if there is room for all of them beside the names.
    sub: Option<f32>,
}

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

    /// Vendor on the left; what this is, and its number, on the right.
    fn brand(&mut self) {
        let sheet = self.sheet;
        let (left, right, width) = (self.left, self.right, self.width());
        let node = self.tags.root(Role::Paragraph);
        let mut marks = Vec::new();
        let mut x = left;
        let logo = sheet.branding.logo.as_ref().and_then(|logo| logo::place(logo, left, 0.0, 22.0, 110.0));
        if let Some((path, logo_width)) = logo {
            marks.push(Mark::Art { path, ink: Ink::Accent });
            x += logo_width + 7.0;
        }
        let name = self.set.paragraph(BRAND.strong(), &sheet.branding.name, width * 0.5 - (x - left));
        let beside = if name.len() == 1 { x + name.iter().map(|line| line.width).fold(0.0, f32::max) } else { x };
        let leading = 22.0;
        let mut columns = vec![Column::new(Edge::Left(x), name, leading, node)];
        if let Some(test) = sheet.watermark.as_deref() {
            let at = beside + 9.0;
            let line = self.set.short_line(SMALL, test, (left + width * 0.56 - at - 9.0).max(40.0));
            if beside > x {
                marks.push(Mark::Boxes { boxes: vec![[at, 4.0, 0.5, 14.0]], ink: Ink::Quiet });
                columns.push(Column::new(Edge::Left(at + 9.0), vec![line], leading, node));
            }
        }
        let node = self.tags.root(Role::Heading(heading(sheet)));
        let title = self.set.rich(&[(BRAND.ink(Ink::Quiet), &format!("{} ", sheet.title)), (BRAND.strong(), &sheet.number)], width * 0.44);
        columns.push(Column::new(Edge::Right(right), title, leading, node));
        let mut strips = strips(columns, 0.0, 0.0, leading);
        if let Some(first) = strips.first_mut() {
            first.marks.append(&mut marks);
        }
        self.push(0.0, strips);
    }

    fn answer(&mut self) {
        let sheet = self.sheet;
        let width = self.width();
        if let Some(answer) = &sheet.answer {
            let strong = answer.strong.as_deref().filter(|strong| !strong.is_empty());
            let spans = match strong.and_then(|strong| answer.text.split_once(strong).map(|(before, after)| (before, strong, after))) {
                Some((before, strong, after)) => vec![(ANSWER, before), (ANSWER.strong().ink(Ink::Main), strong), (ANSWER, after)],
                None => vec![(ANSWER, answer.text.as_str())],
            };
            let lines = self.balanced(&spans, width);
            let node = self.tags.root(Role::Paragraph);
            let strips = strips(vec![Column::new(Edge::Left(self.left), lines, ANSWER_LEADING, node)], 0.0, 0.0, 0.0);
            self.push(30.0, strips);
        }
        if let Some(standing) = &sheet.standing {
            self.standing(standing);
        }
    }

    /// On one line, a little smaller if need be; else in lines of much the same length.
    fn balanced(&mut self, spans: &[(Style, &str)], width: f32) -> Vec<TextLine> {
        let lines = self.set.rich(spans, width);
        if lines.len() < 2 {
            return lines;
        }
        let whole: f32 = lines.iter().map(|line| line.width).sum::<f32>() + 6.0 * (lines.len() - 1) as f32;
        let smaller = (width / whole * 0.995).min(1.0);
        if smaller >= SMALLEST_ANSWER {
            let spans: Vec<_> = spans.iter().map(|(style, text)| (Style { size: style.size * smaller, ..*style }, *text)).collect();
            let one = self.set.rich(&spans, width);
            if one.len() == 1 {
                return one;
            }
        }
        let even = self.set.rich(spans, (whole / lines.len() as f32 * 1.08).min(width));
        if even.len() == lines.len() { even } else { lines }
    }

    fn standing(&mut self, standing: &Standing) {
        let ink = match standing.state {
            State::Settled => Ink::Good,
            State::Open => Ink::Main,
            State::Overdue => Ink::Bad,
            State::Void => Ink::Quiet,
        };
        let (x, middle) = (self.left, BODY_LEADING / 2.0);
        let stroke =
            |points: &[(f32, f32)]| Mark::Stroke { points: points.iter().map(|(px, py)| (x + px, middle + py)).collect(), width: 1.3, ink, dash: Dash::Solid };
        let ring = || {
            let points: Vec<(f32, f32)> =
                (0..=24).map(|step| (std::f32::consts::TAU * step as f32 / 24.0).sin_cos()).map(|(sin, cos)| (4.5 + 3.7 * cos, 3.7 * sin)).collect();
            stroke(&points)
        };
        let marks = match standing.state {
            State::Settled => vec![stroke(&[(0.6, 0.4), (3.2, 3.0), (8.6, -3.4)])],
            State::Open => vec![ring()],
            State::Overdue => vec![ring(), stroke(&[(4.5, -2.1), (4.5, 0.7)]), stroke(&[(4.5, 1.3), (4.5, 2.3)])],
            State::Void => vec![stroke(&[(1.2, -3.3), (7.8, 3.3)]), stroke(&[(1.2, 3.3), (7.8, -3.3)])],
        };
        let lines = self.set.rich(&[(BODY.strong().ink(ink), &format!("{}  ", standing.label)), (BODY.ink(Ink::Quiet), &standing.note)], self.width() - 15.0);
        let node = self.tags.root(Role::Paragraph);
        let mut strips = strips(vec![Column::new(Edge::Left(x + 15.0), lines, BODY_LEADING, node)], 0.0, 0.0, BODY_LEADING);
        if let Some(first) = strips.first_mut() {
            first.marks = marks;
        }
        self.push(9.0, strips);
    }

    /// From and to, side by side under a rule.
    fn parties(&mut self) {
        let sheet = self.sheet;
        let (left, right) = (self.left, self.right);
        let column_width = (self.width() - GAP) / 2.0;
        let mut columns = Vec::new();
        for (x, label, lines) in [(left, &sheet.labels.from, &sheet.seller), (left + column_width + GAP, &sheet.labels.to, &sheet.buyer)] {
            let group = self.tags.root(Role::Paragraph);
            let mut column = Column::new(Edge::Left(x), self.set.paragraph(SMALL, label, column_width), FACT_LEADING, group);
            for line in lines {
                column.lines.extend(self.set.paragraph(BODY, line, column_width).into_iter().map(|line| (line, BODY_LEADING)));
            }
            columns.push(column);
        }
        let mut strips = strips(columns, 11.0, 0.0, 0.0);
        if let Some(first) = strips.first_mut() {
            first.marks.push(Mark::Rule { from: left, to: right, y: 0.0, width: INK_RULE, ink: Ink::Main });
        }
        self.push(22.0, strips);
    }

    /// Pairs side by side.
    fn facts(&mut self) {
        let sheet = self.sheet;
        for (index, strips) in self.fact_rows(&sheet.facts, BODY).into_iter().enumerate() {
            self.push(if index == 0 { 15.0 } else { 9.0 }, strips);
        }
    }

    /// Rows of four pairs; a pair with a long value takes the place of two, so that the rest stay in line with the parties above.
    fn fact_rows(&mut self, facts: &[Fact], style: Style) -> Vec<Vec<Strip>> {
        let step = (self.width() + GAP) / 4.0;
        let mut rows = Vec::new();
        let mut row: Vec<Column> = Vec::new();
        let mut at = 0;
        for fact in facts {
            let natural = self.set.line(style, &fact.value).width.max(self.set.line(SMALL, &fact.label).width);
            let span = if natural <= step - LEAST_GAP { 1 } else { 2 };
            if at + span > 4 {
                rows.push(strips(std::mem::take(&mut row), 0.0, 0.0, 0.0));
                at = 0;
            }
            let width = step * span as f32 - LEAST_GAP;
            let node = self.tags.root(Role::Paragraph);
            let mut column = Column::new(Edge::Left(self.left + step * at as f32), self.set.paragraph(SMALL, &fact.label, width), FACT_LEADING, node);
            column.lines.extend(self.set.paragraph(style, &fact.value, width).into_iter().map(|line| (line, BODY_LEADING)));
            row.push(column);
            at += span;
        }
        if !row.is_empty() {
            rows.push(strips(row, 0.0, 0.0, 0.0));
        }
        rows
    }

    fn columns(&mut self) -> Columns {
        let sheet = self.sheet;
        let width = self.width();
        let figures = BODY.tabular();
        let lines = || sheet.sections.iter().flat_map(|section| &section.lines);
        let set = &mut *self.set;
        let mut widest = |style: Style, texts: &mut dyn Iterator<Item = &str>| texts.map(|text| set.line(style, text).width).fold(0.0, f32::max);
        let quantity = widest(figures, &mut lines().map(|line| line.quantity.as_str()))
            .max(widest(SMALL, &mut [sheet.labels.quantity.as_str()].into_iter()))
            .min(width * 0.2);
        let each =
            widest(figures, &mut lines().map(|line| line.each.as_str())).max(widest(SMALL, &mut [sheet.labels.each.as_str()].into_iter())).min(width * 0.17);

        let (mut before, mut after) = (0.0_f32, 0.0_f32);
        let line_amounts = lines().map(|line| (line.amount.as_str(), figures));
        let total_amounts = sheet.totals.iter().map(|row| (row.amount.as_str(), if row.style == TotalStyle::Total { figures.strong() } else { figures }));
        for (amount, style) in line_amounts.chain(total_amounts) {
            let amount = true_minus(amount);
            let (whole, tail) = (self.set.line(style, &amount).width, self.tail(style, &amount));
            before = before.max(whole - tail);
            after = after.max(tail);
        }
        let heads = self.set.line(SMALL, &sheet.labels.amount).width;
        let amount = (before + after).max(heads).max(34.0).min(width * 0.32);
        let amount_at = self.right;
        let each_at = amount_at - amount - GAP;
        let quantity_at = if each > 0.0 { each_at - each - GAP } else { each_at };
        let name_width = if quantity > 0.0 { quantity_at - quantity } else { quantity_at } - GAP - self.left;

        let name = lines().map(|line| self.set.line(BODY, &line.name).width).fold(0.0, f32::max);
        let sub = lines().map(|line| self.set.line(SMALL, &line.sub).width).fold(0.0, f32::max);
        let sub = (name + GAP + sub <= name_width).then(|| self.left + (name + GAP).max(name_width * 0.38).min(name_width - sub));
        Columns { name_width, quantity: (quantity_at, quantity), each: (each_at, each), amount: (amount_at, amount), tail: after, sub }
    }

    /// Width of what stands right of the decimal point's place: the fraction with its mark, and a currency behind.
    fn tail(&mut self, style: Style, amount: &str) -> f32 {
        self.set.line(style, decimal_tail(amount, self.sheet.decimal_mark)).width
    }

    /// An amount with its decimals under those above it, or broken into lines where it is absurdly long.
    fn amount(&mut self, columns: &Columns, style: Style, amount: &str, node: NodeId) -> Column {
        let amount = true_minus(amount);
        let line = self.set.line(style, &amount);
        if line.width > columns.amount.1 + 0.01 {
            return Column::new(Edge::Right(columns.amount.0), self.set.paragraph(style, &amount, columns.amount.1), BODY_LEADING, node);
        }
        let aligned = amount.contains(|char: char| char.is_ascii_digit());
        let short_by = if aligned { columns.tail - self.tail(style, &amount) } else { 0.0 };
        let room = (columns.amount.1 - line.width).max(0.0);
        Column::new(Edge::Right(columns.amount.0 - short_by.clamp(0.0, room)), vec![line], BODY_LEADING, node)
    }

    /// The lines and the totals. Gives back the head, to be repeated.
    fn table(&mut self) -> Vec<Strip> {
        let sheet = self.sheet;
        let columns = self.columns();
        let table = self.tags.root(Role::Table);
        let head_node = self.tags.child(table, Role::TableHead);
        let head = self.table_head(&columns, head_node);
        let aside = self.tags.aside(Role::TableHead);
        let repeated = self.table_head(&columns, aside);
        let chunk = self.push(22.0, head);
        chunk.keep_next = true;

        let body = self.tags.child(table, Role::TableBody);
        let mut rows = 0;
        for section in &sheet.sections {
            rows += self.section(&columns, section, body, rows > 0);
        }
        if !sheet.totals.is_empty() {
            // The totals never stand on a page alone.
            if let Some(last) = self.chunks.last_mut() {
                last.keep_next = true;
            }
            let strips = self.totals(&columns, body);
            self.push(0.0, strips);
        } else {
            let rule =
                Strip { height: 1.0, marks: vec![Mark::Rule { from: self.left, to: self.right, y: 0.0, width: INK_RULE, ink: Ink::Main }], ..Strip::default() };
            self.push(0.0, vec![rule]);
        }
        repeated
    }

    fn table_head(&mut self, columns: &Columns, head: NodeId) -> Vec<Strip> {
        let labels = &self.sheet.labels;
        let row = self.tags.child(head, Role::Row);
        let mut heads = Vec::new();
        for (label, edge, width) in [
            (&labels.description, Edge::Left(self.left), columns.name_width),
            (&labels.quantity, Edge::Right(columns.quantity.0), columns.quantity.1),
            (&labels.each, Edge::Right(columns.each.0), columns.each.1),
            (&labels.amount, Edge::Right(columns.amount.0), columns.amount.1),
        ] {
            let node = self.tags.child(row, Role::ColumnHead);
            heads.push(Column::new(edge, self.set.paragraph(SMALL, label, width), SMALL_LEADING, node));
        }
        let mut strips = strips(heads, 0.0, 5.0, SMALL_LEADING);
        if let Some(last) = strips.last_mut() {
            last.marks.push(Mark::Rule { from: self.left, to: self.right, y: last.height, width: INK_RULE, ink: Ink::Main });
        }
        strips
    }

    fn section(&mut self, columns: &Columns, section: &Section, body: NodeId, follows: bool) -> usize {
        let (left, right) = (self.left, self.right);
        if let Some(heading) = section.heading.as_deref().filter(|heading| !heading.trim().is_empty()) {
            let row = self.tags.child(body, Role::Row);
            let node = self.tags.child(row, Role::RowHead(4));
            let lines = self.set.paragraph(BODY.strong(), heading, self.width());
            let mut strips = strips(vec![Column::new(Edge::Left(left), lines, BODY_LEADING, node)], if follows { 16.0 } else { 9.0 }, 2.0, BODY_LEADING);
            if let Some(first) = strips.first_mut().filter(|_| follows) {
                first.upper_hairline = Some((left, right));
            }
            let chunk = self.push(0.0, strips);
            chunk.keep_next = true;
            chunk.under_head = true;
        }
        for (index, line) in section.lines.iter().enumerate() {
            let ruled = index > 0 || follows || section.heading.is_some();
            self.row(columns, line, body, ruled);
        }
        section.lines.len()
    }

    fn row(&mut self, columns: &Columns, line: &Line, body: NodeId, ruled: bool) {
        let row = self.tags.child(body, Role::Row);
        let name_node = self.tags.child(row, Role::RowHead(1));
        let mut cells = Vec::new();
        let mut name = Column::new(Edge::Left(self.left), self.set.paragraph(BODY, &line.name, columns.name_width), BODY_LEADING, name_node);
        match columns.sub {
            Some(x) => {
                let sub = self.set.paragraph(SMALL, &line.sub, columns.name_width - (x - self.left) + 0.1);
                cells.push(name);
                cells.push(Column::new(Edge::Left(x), sub, BODY_LEADING, name_node));
            }
            None => {
                let sub = self.set.paragraph(SMALL, &line.sub, columns.name_width);
                name.lines.extend(sub.into_iter().map(|line| (line, SMALL_LEADING)));
                cells.push(name);
            }
        }
        for (text, (edge, width)) in [(&line.quantity, columns.quantity), (&line.each, columns.each)] {
            let node = self.tags.child(row, Role::Cell(1));
            cells.push(Column::new(Edge::Right(edge), self.set.paragraph(BODY.tabular(), text, width.max(20.0)), BODY_LEADING, node));
        }
        let node = self.tags.child(row, Role::Cell(1));
        cells.push(self.amount(columns, BODY.tabular(), &line.amount, node));
        let mut strips = strips(cells, 6.0, 6.0, BODY_LEADING);
        if let Some(first) = strips.first_mut().filter(|_| ruled) {
            first.upper_hairline = Some((self.left, self.right));
        }
        self.push(0.0, strips).under_head = true;
        if let Some(reason) = &line.reason {
            self.reason(reason, body);
        }
    }

    /// Why a line is what it is: indented small print beside a thin bar.
    fn reason(&mut self, reason: &Reason, body: NodeId) {
        let x = self.left + 12.0;
        let row = self.tags.child(body, Role::Row);
        let cell = self.tags.child(row, Role::Cell(4));
        let begins = self.chunks.len();
        if let Some(tiers) = &reason.tiers {
            let strips = self.tiers(tiers, x, cell);
            self.push(0.0, strips).under_head = true;
        }
        for paragraph in &reason.paragraphs {
            let lines = self.paragraph_lines(paragraph, self.right - x, SMALL);
            if lines.is_empty() {
                continue;
            }
            let node = self.tags.child(cell, Role::Paragraph);
            let above = if self.chunks.len() > begins { 4.0 } else { 0.0 };
            let strips = strips(vec![Column::new(Edge::Left(x), lines, SMALL_LEADING, node)], above, 0.0, SMALL_LEADING);
            self.push(0.0, strips).under_head = true;
        }
        if self.chunks.len() == begins {
            return;
        }
        for chunk in &mut self.chunks[begins..] {
            for strip in &mut chunk.strips {
                strip.marks.push(Mark::Boxes { boxes: vec![[self.left, 0.0, 1.0, strip.height]], ink: Ink::Hairline });
            }
        }
        if let Some(line) = begins.checked_sub(1).and_then(|index| self.chunks.get_mut(index)) {
            line.keep_next = true;
        }
        if let Some(last) = self.chunks.last_mut() {
            last.strips.push(Strip { height: 8.0, ..Strip::default() });
        }
    }

    fn tiers(&mut self, tiers: &TierTable, x: f32, cell: NodeId) -> Vec<Strip> {
        let style = SMALL.tabular();
        let width = self.right - x;
        let all: Vec<(&[String; 4], Style)> = std::iter::once((&tiers.heads, style))
            .chain(tiers.rows.iter().map(|row| (row, style.ink(Ink::Main))))
            .chain(tiers.together.iter().map(|row| (row, style.strong().ink(Ink::Main))))
            .collect();
        let mut widths = [0.0_f32; 3];
        for (row, style) in &all {
            for (widest, text) in widths.iter_mut().zip(&row[1..]) {
                *widest = widest.max(self.set.line(*style, text).width);
            }
        }
        let widths = widths.map(|widest| widest.min(width * 0.22));
        let mut edges = [self.right; 3];
        edges[1] = edges[2] - widths[2] - GAP;
        edges[0] = edges[1] - widths[1] - GAP;
        let name_width = edges[0] - widths[0] - GAP - x;

        let table = self.tags.child(cell, Role::Table);
        let last = all.len() - 1;
        let mut out = Vec::new();
        for (index, (row, style)) in all.into_iter().enumerate() {
            let row_node = self.tags.child(table, Role::Row);
            let head = index == 0;
            let node = self.tags.child(row_node, if head { Role::ColumnHead } else { Role::RowHead(1) });
            let mut cells = vec![Column::new(Edge::Left(x), self.set.paragraph(style, &row[0], name_width), SMALL_LEADING, node)];
            for ((text, edge), width) in row[1..].iter().zip(edges).zip(widths) {
                let node = self.tags.child(row_node, if head { Role::ColumnHead } else { Role::Cell(1) });
                cells.push(Column::new(Edge::Right(edge), self.set.paragraph(style, &true_minus(text), width.max(10.0)), SMALL_LEADING, node));
            }
            let mut strips = strips(cells, if head { 0.0 } else { 3.0 }, 3.0, SMALL_LEADING);
            if let Some(first) = strips.first_mut().filter(|_| index > 0) {
                let sum = index == last && tiers.together.is_some();
                let (rule, ink) = if index == 1 || sum { (0.5, Ink::Main) } else { (0.5, Ink::Hairline) };
                first.marks.push(Mark::Rule { from: x, to: self.right, y: 0.0, width: rule, ink });
            }
            out.append(&mut strips);
        }
        out
    }

    /// The sums, in the right half: a rule over them, a double one under the total.
    fn totals(&mut self, columns: &Columns, body: NodeId) -> Vec<Strip> {
        let (left, right) = (self.left, self.right);
        let x = left + self.width() * 0.5;
        let label_width = columns.amount.0 - columns.amount.1 - GAP - x;
        let mut out =
            vec![Strip { height: 4.0, marks: vec![Mark::Rule { from: left, to: right, y: 0.0, width: INK_RULE, ink: Ink::Main }], ..Strip::default() }];
        let count = self.sheet.totals.len();
        for (index, total) in self.sheet.totals.iter().enumerate() {
            let style = match total.style {
                TotalStyle::Plain => BODY,
                TotalStyle::Total => BODY.strong(),
                TotalStyle::Quiet => BODY.ink(Ink::Quiet),
            };
            let row = self.tags.child(body, Role::Row);
            let node = self.tags.child(row, Role::RowHead(3));
            let label = Column::new(Edge::Left(x), self.set.paragraph(style, &total.label, label_width), BODY_LEADING, node);
            let node = self.tags.child(row, Role::Cell(1));
            let amount = self.amount(columns, style.tabular(), &total.amount, node);
            let strong = total.style == TotalStyle::Total;
            let padding = if strong { 6.0 } else { 3.5 };
            let mut strips = strips(vec![label, amount], padding, padding, BODY_LEADING);
            if strong {
                if let Some(first) = strips.first_mut().filter(|_| index > 0) {
                    first.marks.push(Mark::Rule { from: x, to: right, y: 0.0, width: INK_RULE, ink: Ink::Main });
                }
                if let Some(last) = strips.last_mut() {
                    for y in [last.height, last.height + 2.2] {
                        last.marks.push(Mark::Rule { from: x, to: right, y, width: 0.6, ink: Ink::Main });
                    }
                    last.height += if index + 1 < count { 6.0 } else { 2.0 };
                }
            }
            out.append(&mut strips);
        }
        out
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
        for paragraph in &payment.paragraphs {
            self.small_paragraph(paragraph, 8.0);
        }
        if payment.facts.is_empty()
            && payment.paragraphs.is_empty()
            && let Some(heading) = self.chunks.last_mut()
        {
            heading.keep_next = false;
        }
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
            let alternative = [one.title.as_str(), one.caption.as_str()].join(". ").replace(char::is_control, " ");
            let figure = self.tags.root(Role::Figure(cut(&alternative, LONGEST_ALTERNATIVE).to_owned()));
            let strip = chart::draw(one, self.set, figure, self.left, self.right);
            self.push(8.0, vec![strip]).keep_next = !one.caption.is_empty();
            self.small_paragraph(&Paragraph { lead: None, text: one.caption.clone() }, 6.0);
        }
    }
}

/// What stands behind the decimals' place: from the decimal mark on, or the letters behind the last figure where there is none.
fn decimal_tail(amount: &str, decimal_mark: Option<char>) -> &str {
    if let Some(mark) = decimal_mark
        && let Some((at, _)) = amount.rmatch_indices(mark).next()
        && amount[at + mark.len_utf8()..].starts_with(|char: char| char.is_ascii_digit())
    {
        return &amount[at..];
    }
    let end = amount.rfind(|char: char| char.is_ascii_digit()).map_or(0, |at| at + 1);
    &amount[end..]
}

/// A hyphen in front of a figure is a minus, and printed as one.
fn true_minus(amount: &str) -> std::borrow::Cow<'_, str> {
    match amount.strip_prefix('-') {
        Some(rest) if rest.contains(|char: char| char.is_ascii_digit()) => format!("\u{2212}{rest}").into(),
        _ => amount.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_found_in_every_country() {
        for (amount, mark, tail) in [
            ("1,234.50", Some('.'), ".50"),
            ("€155.23", Some('.'), ".23"),
            ("155,23 €", Some(','), ",23 €"),
            ("¥1,234", Some('.'), ""),
            ("1.234 Ft", Some(','), " Ft"),
            ("by tier", Some('.'), "by tier"),
            ("", Some('.'), ""),
            ("12.", Some('.'), "."),
            ("1,234", None, ""),
        ] {
            assert_eq!(decimal_tail(amount, mark), tail, "{amount}");
        }
    }

    #[test]
    fn a_minus_is_a_minus() {
        assert_eq!(true_minus("-5.00"), "\u{2212}5.00");
        assert_eq!(true_minus("\u{2212}5.00"), "\u{2212}5.00");
        assert_eq!(true_minus("-"), "-");
    }

    /// Right edges by arithmetic: every amount's decimals begin at the same place, whatever stands before or behind them.
    #[test]
    fn amounts_are_aligned_on_their_decimals() {
        for sheet in [super::super::samples::paid(), super::super::samples::german()] {
            let mut set = Typesetter::new().expect("the fonts can be read");
            let mut tags = Tags::default();
            let mut composer = Composer { sheet: &sheet, set: &mut set, tags: &mut tags, left: 56.0, right: 539.0, chunks: Vec::new() };
            let columns = composer.columns();
            let node = composer.tags.root(Role::Paragraph);
            let mut places = Vec::new();
            for amount in sheet.sections.iter().flat_map(|section| &section.lines).map(|line| &line.amount).chain(sheet.totals.iter().map(|row| &row.amount)) {
                let column = composer.amount(&columns, BODY.tabular(), amount, node);
                let Edge::Right(right) = column.edge else { panic!("amounts end at an edge") };
                assert!(right <= 539.0 + 0.01);
                places.push(right - composer.tail(BODY.tabular(), &true_minus(amount)));
            }
            assert!(places.len() > 5);
            assert!(places.iter().all(|place| (place - places[0]).abs() < 0.01), "{places:?}");
        }
    }

    #[test]
    fn long_texts_are_cut_between_letters() {
        assert_eq!(cut("añb", 2), "a");
        assert_eq!(cut("añb", 3), "añ");
        assert_eq!(cut("añb", 4), "añb");
    }
}
